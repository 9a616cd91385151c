//! The last successful run of each scheduled function, for staff.
//!
//! A write for each run would be the largest cost of an idle system. So only the last run of each hour is recorded, and a schedule of every
//! minute takes no more writes than one of every quarter of an hour.

use std::time::Duration;

use kernel::{Sys, Time};
use serde::{Deserialize, Serialize};
use store::{About, Item, Key, Personal, StoreError, Table};

/// The partition of all these items.
pub const PARTITION: &str = "LAST_RUNS";
/// The milliseconds of an hour.
const HOUR: i64 = 3_600_000;

/// The last recorded successful run of a schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRun {
    /// The function of the schedule.
    pub function: String,
    /// When the run began.
    pub at: Time,
}

impl LastRun {
    /// Returns the key of the last run of this function.
    #[must_use]
    pub fn key_of(function: &str) -> Key {
        Key::new(PARTITION, function)
    }
}

impl Item for LastRun {
    const KIND: &'static str = "last_run";
    const ABOUT: About = About::at(PARTITION, "{function}", Personal::Nobody("a time"));
    fn key(&self) -> Key {
        Self::key_of(&self.function)
    }
}

/// Performs a run of a schedule, and records its success if it is the last one of its hour. `every` is the interval of the schedule.
///
/// # Errors
/// The errors of the run, and [`StoreError`].
pub async fn run_and_record<T, E: From<StoreError>>(
    (table, sys): (&Table, &Sys),
    function: &str,
    every: Duration,
    run: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let at = sys.now();
    let done = run.await?;
    if is_last_of_hour(at, every) {
        table.put_always(&LastRun { function: function.to_owned(), at }).await?;
    }
    Ok(done)
}

/// Returns whether the next run is in the next hour.
fn is_last_of_hour(at: Time, every: Duration) -> bool {
    let hour = |at: Time| at.millis().div_euclid(HOUR);
    hour(at) != hour(at + every)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_run_of_each_hour_is_the_last() {
        let minutes = |n: u64| Duration::from_secs(n.saturating_mul(60));
        for (every, first) in [(1, 0), (5, 0), (5, 1), (5, 4), (15, 0), (15, 3), (15, 7), (15, 14)] {
            let runs = std::iter::successors(Some(Time::ZERO + minutes(first)), |at| Some(*at + minutes(every)));
            let runs = runs.take_while(|at| *at < Time::ZERO + minutes(180));
            let noted: Vec<i64> = runs.filter(|at| is_last_of_hour(*at, minutes(every))).map(|at| at.millis().div_euclid(HOUR)).collect();
            assert_eq!(noted, [0, 1, 2], "every {every} from {first}");
        }
    }
}
