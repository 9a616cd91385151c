//! Daily figures: how much of each kind happened on a day, in UTC. One item for each day and kind, which `figures` adds to.
//!
//! What is counted comes from the stream of the table, in batches of many changes, so that nothing is written for a single message or
//! sign-in, and no request waits for it. A batch is counted exactly once: the transaction that counts it makes an item under the id of its
//! first record, which is unique over all shards of the stream, while their numbers are not. A delivery that begins with the same
//! record finds there up to which one it was counted.

use std::{collections::BTreeMap, time::Duration};

use kernel::Time;
use serde::{Deserialize, Serialize};
use store::{About, CommitError, Item, Key, Personal, Range, Row, StoreError, Stored, Table, Tx, Update, limits::DAY};

use crate::statistics::Day;

/// Accounts that were made.
pub const REGISTRATIONS: &str = "registrations";
/// Sessions that began.
pub const SIGN_INS: &str = "sign_ins";
/// Messages that were sent.
pub const MESSAGES: &str = "messages";
/// Orders that were placed, and paid if that is by card.
pub const ORDERS: &str = "orders";
/// Deletions of accounts that were completed.
pub const DELETIONS: &str = "deletions";
/// Followed by a currency: what these orders cost, and what was paid by donations and for plans, in minor units.
pub const REVENUE: &str = "revenue_";

/// How long a batch is remembered: longer than the stream keeps its records, which is a day.
const REMEMBERED: Duration = DAY.saturating_mul(2);
const PARTITION: &str = "FIGURES";

/// A figure of a day.
#[derive(Debug, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names of the attributes")]
pub struct Figure {
    /// The day in UTC.
    day: String,
    /// What is counted.
    figure: String,
    /// How much.
    #[serde(default)]
    count: u64,
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

/// What a batch adds to the figures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<(Day, String), u64>);

impl Tally {
    /// Adds something that happened at this time.
    pub fn add(&mut self, at: Time, figure: &str, count: u64) {
        let sum = self.0.entry((Day::of(at), figure.to_owned())).or_default();
        *sum = sum.saturating_add(count);
    }

    /// Adds it to the stored figures, as a batch whose first record has this id, and whose last one has this number. One transaction.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn count(self, table: &Table, now: Time, (first, last): (&str, &str)) -> Result<Counted, StoreError> {
        let mut tx = Tx::new();
        let batch = tx.create(&CountedBatch { first: first.to_owned(), last: last.to_owned(), at: now });
        for ((day, figure), count) in self.0 {
            let day = day.to_string();
            let update = Update::upsert::<Figure>(Key::new(PARTITION, format!("{day}#{figure}"))).set("day", day).set("figure", figure);
            tx.update(update.add("count", i64::try_from(count).unwrap_or(i64::MAX)));
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

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Counted {
    /// It was counted now.
    Now,
    /// An earlier delivery has counted it up to this record. Nothing was counted now.
    UpTo(String),
}

/// The figures of each day from `first` to `last` that has any, by name. One query of a few small items a day.
///
/// # Errors
/// [`StoreError`]
pub async fn read(table: &Table, first: Day, last: Day) -> Result<BTreeMap<String, BTreeMap<String, u64>>, StoreError> {
    // `~` sorts after every figure.
    let range = Range::of(PARTITION).between(first.to_string(), format!("{last}#~")).eventually();
    let mut days = BTreeMap::<String, BTreeMap<String, u64>>::new();
    for Figure { day, figure, count } in table.query::<Figure>(range).await?.items {
        days.entry(day).or_default().insert(figure, count);
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
            tally.add(at, MESSAGES, count);
        }
        assert_eq!(tally.0.into_values().collect::<Vec<_>>(), [2, 5]);
    }
}
