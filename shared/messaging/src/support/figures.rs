//! How fast the support team answers: one item for each day, updated in the transaction of the first answer to a question.

use std::time::Duration;

use accounts::statistics::Day;
use kernel::Time;
use serde::{Deserialize, Serialize};
use store::{About, Key, Personal, Range, StoreError, Stored, Table, Tx, Update};

/// The partition of all days.
const PARTITION: &str = "SUPPORT_ANSWERS";

/// The first answers of a day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswersOfDay {
    /// The day in UTC.
    pub day: String,
    /// The number of first answers.
    #[serde(default)]
    pub answers: u64,
    /// The sum of the seconds that their customers waited.
    #[serde(default)]
    pub seconds: u64,
}

impl Stored for AnswersOfDay {
    const KIND: &'static str = "support_answers";
    const ABOUT: About = About::at(PARTITION, "{day}", Personal::Nobody("counts"));
}

/// Adds the first answer to a question to a transaction.
pub(crate) fn add(tx: &mut Tx, now: Time, waited: Duration) {
    let day = Day::of(now).to_string();
    let seconds = i64::try_from(waited.as_secs()).unwrap_or(i64::MAX);
    let update = Update::upsert::<AnswersOfDay>(Key::new(PARTITION, day.clone())).set("day", day);
    tx.update(update.add("answers", 1).add("seconds", seconds));
}

/// Returns the last `days` days up to today that have answers, the oldest first. One query.
///
/// # Errors
/// [`StoreError`]
pub async fn days(table: &Table, now: Time, days: u32) -> Result<Vec<AnswersOfDay>, StoreError> {
    let back = Day::of(now).back(days);
    let (Some(first), Some(last)) = (back.first(), back.last()) else { return Ok(Vec::new()) };
    Ok(table.query(Range::of(PARTITION).between(first.to_string(), last.to_string())).await?.items)
}
