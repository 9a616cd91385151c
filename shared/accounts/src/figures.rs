//! Daily figures: counts and sums of what happened on a day in UTC. There is one item for each day and figure, which the function `figures`
//! updates.
//!
//! What is counted comes from the stream of the table, in batches of many changes, so that nothing is written for a single message or
//! sign-in, and no request waits for it. A batch is counted exactly once: the transaction that counts it makes an item under the id of its
//! first record, which is unique over all shards of the stream, while sequence numbers are not. A later delivery that begins with the same
//! record finds this item, which names the last counted record.
//!
//! Revenue belongs to the day of the sale. What is cancelled, returned or given back later is taken off that day: whoever makes, changes or
//! ends a sale adds a [`RevenueChange`] to the transaction, and the function counts it like everything else. So nothing has to be read for
//! it, and it does not matter whether the order or the payment still exists by then.

use std::{collections::BTreeMap, time::Duration};

use kernel::{Sys, Time, id::EventId};
use serde::{Deserialize, Serialize};
use store::{About, CommitError, Item, Key, Personal, Range, Row, StoreError, Stored, Table, Tx, Update, limits::DAY};

use crate::statistics::Day;

/// Accounts that were created.
pub const REGISTRATIONS: &str = "registrations";
/// Sessions that began.
pub const SIGN_INS: &str = "sign_ins";
/// Messages that were sent.
pub const MESSAGES: &str = "messages";
/// Orders that were placed. Card orders count when they are paid.
pub const ORDERS: &str = "orders";
/// Deletions of accounts that were completed.
pub const DELETIONS: &str = "deletions";
/// The prefix of the revenue in a currency: the prices of these orders, donations and payments for plans, in minor units. The currency
/// follows.
pub const REVENUE: &str = "revenue_";

/// How long a batch is remembered. The stream keeps its records for one day, and can deliver them again during that time.
const REMEMBERED: Duration = DAY.saturating_mul(2);
const PARTITION: &str = "FIGURES";
/// The maximum number of figures of a [`Tally`]: a transaction has a hundred writes (DynamoDB), and one of them is the batch.
const FIGURES_MAX: usize = 99;

/// One figure of one day.
#[derive(Debug, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names of the attributes")]
pub struct Figure {
    /// The day in UTC.
    day: String,
    /// The name of the figure.
    figure: String,
    /// The count or the sum. A change of revenue can be counted before its sale, so that the sum is negative until then.
    #[serde(default)]
    count: i64,
}

impl Stored for Figure {
    const KIND: &'static str = "figure";
    const ABOUT: About = About::at(PARTITION, "{day}#{figure}", Personal::Nobody("counts"));
}

/// Marker item: a batch of the stream was counted.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CountedBatch {
    first: String,
    last: String,
    at: Time,
}

impl Item for CountedBatch {
    const KIND: &'static str = "counted_batch";
    const ABOUT: About =
        About::at("COUNTED_BATCH#{first}", "BATCH", Personal::Nobody("the id of a record of the stream, and the number of another one"))
            .expires();
    fn key(&self) -> Key {
        Key::new(format!("COUNTED_BATCH#{}", self.first), "BATCH")
    }
    fn expires(&self) -> Option<Time> {
        Some(self.at + REMEMBERED)
    }
}

/// A sale, or a change of what it brings. The item is there for the stream, which the function `figures` reads.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RevenueChange {
    id: EventId,
    sold_at: Time,
    currency: String,
    more: i64,
    at: Time,
}

impl Item for RevenueChange {
    const KIND: &'static str = "revenue_change";
    const ABOUT: About = About::at("REVENUE_CHANGE#{event}", "CHANGE", Personal::Nobody("an amount")).expires();
    fn key(&self) -> Key {
        Key::new(format!("REVENUE_CHANGE#{}", self.id), "CHANGE")
    }
    fn expires(&self) -> Option<Time> {
        Some(self.at + REMEMBERED)
    }
}

/// Adds to a transaction that what was sold at this time brings `after` minor units, and no longer `before`. Nothing if they are equal.
pub fn change_revenue(tx: &mut Tx, sys: &Sys, sold_at: Time, currency: &str, (before, after): (u64, u64)) {
    let signed = |amount: u64| i64::try_from(amount).unwrap_or(i64::MAX);
    let more = signed(after).saturating_sub(signed(before));
    if more != 0 {
        tx.create(&RevenueChange { id: sys.id(), sold_at, currency: currency.to_owned(), more, at: sys.now() });
    }
}

/// The figures of one batch, as many as one transaction counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<(Day, String), i64>);

impl Tally {
    /// Adds to a figure of the day of `at`. Returns false, and adds nothing, if another figure would be too many.
    #[must_use]
    pub fn add(&mut self, at: Time, figure: &str, count: i64) -> bool {
        let figure = (Day::of(at), figure.to_owned());
        if self.0.len() >= FIGURES_MAX && !self.0.contains_key(&figure) {
            return false;
        }
        let sum = self.0.entry(figure).or_default();
        *sum = sum.saturating_add(count);
        true
    }

    /// Adds the batch to the stored figures. Its first record has this id, and its last record this sequence number. One transaction.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn count(self, table: &Table, now: Time, (first, last): (&str, &str)) -> Result<Counted, StoreError> {
        let mut tx = Tx::new();
        let batch = tx.create(&CountedBatch { first: first.to_owned(), last: last.to_owned(), at: now });
        for ((day, figure), count) in self.0 {
            let day = day.to_string();
            let update = Update::upsert::<Figure>(Key::new(PARTITION, format!("{day}#{figure}"))).set("day", day).set("figure", figure);
            tx.update(update.add("count", count));
        }
        match table.commit(tx).await {
            Ok(()) => Ok(Counted::Now),
            Err(CommitError::Refused(refused)) => {
                let before = refused.current(batch).map(Row::decode::<CountedBatch>).transpose()?;
                before.map(|before| Counted::UpTo(before.last)).ok_or_else(|| StoreError::Unavailable("a batch was refused".to_owned()))
            }
            Err(CommitError::Store(e)) => Err(e),
        }
    }
}

/// Whether a batch was counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Counted {
    /// This call has counted it.
    Now,
    /// An earlier delivery has counted it up to this record. This call has counted nothing.
    UpTo(String),
}

/// Returns the figures of the days from `first` to `last`, by day and name. Days without figures are absent. One query of a few small items
/// a day.
///
/// # Errors
/// [`StoreError`]
pub async fn read(table: &Table, first: Day, last: Day) -> Result<BTreeMap<String, BTreeMap<String, u64>>, StoreError> {
    // `~` sorts after every figure.
    let range = Range::of(PARTITION).between(first.to_string(), format!("{last}#~")).eventually();
    let mut days = BTreeMap::<String, BTreeMap<String, u64>>::new();
    for Figure { day, figure, count } in table.query::<Figure>(range).await?.items {
        days.entry(day).or_default().insert(figure, u64::try_from(count).unwrap_or_default());
    }
    Ok(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_one_of_utc() {
        let mut tally = Tally::default();
        let midnight = Time::from_millis(1_796_083_200_000);
        for (at, count) in [(midnight, 1), (midnight - Duration::from_millis(1), 2), (midnight + Duration::from_millis(1), 4)] {
            assert!(tally.add(at, MESSAGES, count));
        }
        assert_eq!(tally.0.into_values().collect::<Vec<_>>(), [2, 5]);
    }

    #[test]
    fn the_figures_of_a_tally_fit_into_a_transaction() {
        let mut tally = Tally::default();
        let days: Vec<Time> = (0..120).map(|n| Time::from_millis(1_796_083_200_000) - DAY.saturating_mul(n)).collect();
        assert_eq!(days.iter().filter(|day| tally.add(**day, MESSAGES, 1)).count(), 99);
        assert!(tally.add(days[98], MESSAGES, 1) && !tally.add(days[99], MESSAGES, 1));
        assert_eq!(tally.0.into_values().sum::<i64>(), 100);
    }
}
