//! Statistics of each day in UTC. They are numbers only, and are counted in the transactions of the events.
//!
//! Each day has several items. A transaction updates a random one of them, so that concurrent transactions rarely collide, and a read adds
//! them up.

use std::{collections::BTreeMap, fmt, iter::successors};

use kernel::{FieldError, Sys, Time};
use serde::{Deserialize, Serialize};
use store::{About, Item, Key, Personal, Range, StoreError, Table, Tx, Update, limits::DAY};
use time::{Date, macros::format_description};

/// The number of items per day.
const SHARDS: u32 = 8;

/// A day in UTC, `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(Date);

impl Day {
    /// Returns the day of a point in time.
    #[must_use]
    pub fn of(at: Time) -> Self {
        Self(at.date())
    }

    /// Parses a day.
    ///
    /// # Errors
    /// `date` if the text is not a day.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let date = Date::parse(text, format_description!("[year]-[month]-[day]")).ok().filter(|_| text.len() == 10);
        date.map(Self).ok_or(FieldError::DATE)
    }

    /// Returns the time at which the day begins.
    #[must_use]
    pub fn begins(self) -> Time {
        Time::from_millis(self.0.midnight().assume_utc().unix_timestamp().saturating_mul(1000))
    }

    /// Returns the time at which the day ends.
    #[must_use]
    pub fn ends(self) -> Time {
        self.begins() + DAY
    }

    /// Returns the last `days` days that end with this day, in ascending order.
    #[must_use]
    pub fn back(self, days: u32) -> Vec<Self> {
        let mut back: Vec<Self> = successors(Some(self.0), |day| day.previous_day()).take(days as usize).map(Self).collect();
        back.reverse();
        back
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0.year(), u8::from(self.0.month()), self.0.day())
    }
}

/// The counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Accounts that were created.
    pub registrations: u64,
    /// Addresses and numbers that were proven for a registration.
    pub verifications: u64,
    /// Invitation codes that were entered.
    pub invites: u64,
}

/// One of the items of a day.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DayShard {
    day: String,
    shard: u32,
    #[serde(default)]
    registrations: u64,
    #[serde(default)]
    verifications: u64,
    #[serde(default)]
    invites: u64,
}

impl DayShard {
    fn key_of(day: &str, shard: u32) -> Key {
        Key::new(PARTITION, format!("{day}#{shard}"))
    }
}

const PARTITION: &str = "STATISTICS";

impl Item for DayShard {
    const KIND: &'static str = "statistics";
    const ABOUT: About = About::at(PARTITION, "{day}#{shard}", Personal::Nobody("counts"));
    fn key(&self) -> Key {
        Self::key_of(&self.day, self.shard)
    }
}

/// Adds counts to a transaction. Call it once per transaction, because it updates one item.
pub fn count(tx: &mut Tx, sys: &Sys, counts: Counts) {
    let (day, shard) = (Day::of(sys.now()).to_string(), sys.below(SHARDS));
    let mut update = Update::upsert::<DayShard>(DayShard::key_of(&day, shard));
    update = update.set("day", &day).set("shard", shard);
    for (name, n) in [("registrations", counts.registrations), ("verifications", counts.verifications), ("invites", counts.invites)] {
        if n > 0 {
            update = update.add(name, i64::try_from(n).unwrap_or(i64::MAX));
        }
    }
    tx.update(update);
}

/// Returns the counts of the days from `first` to `last`. Days without counts are absent. One query of at most eight small items a day.
///
/// # Errors
/// [`StoreError`]
pub async fn read(table: &Table, first: Day, last: Day) -> Result<BTreeMap<String, Counts>, StoreError> {
    // `~` sorts after every shard.
    let range = Range::of(PARTITION).between(first.to_string(), format!("{last}#~")).eventually();
    let mut days = BTreeMap::<String, Counts>::new();
    for shard in table.query::<DayShard>(range).await?.items {
        let day = days.entry(shard.day).or_default();
        day.registrations = day.registrations.saturating_add(shard.registrations);
        day.verifications = day.verifications.saturating_add(shard.verifications);
        day.invites = day.invites.saturating_add(shard.invites);
    }
    Ok(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_back_over_the_end_of_a_month() {
        let day = |text| Day::parse(text).unwrap();
        let shown = |days: Vec<Day>| days.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(shown(day("2024-03-01").back(3)), ["2024-02-28", "2024-02-29", "2024-03-01"]);
        assert_eq!(shown(day("2026-01-01").back(1)), ["2026-01-01"]);
        for bad in ["", "2026-1-1", "2026-02-30", "26-01-01", "2026-01-01T00:00:00Z"] {
            assert_eq!(Day::parse(bad).unwrap_err().code, "date", "{bad}");
        }
        let last = Day::of(Time::from_millis(1_796_083_199_999));
        assert_eq!((last.to_string().as_str(), last.ends()), ("2026-11-30", Time::from_millis(1_796_083_200_000)));
        assert_eq!(Day::of(last.begins()), last);
    }
}
