//! When the function of each schedule has last run with success, for staff.
//!
//! A write for each run would cost more than anything else of a system that nobody uses. So of the runs of an hour the last one alone is
//! noted, and a schedule of every minute costs what one of every quarter of an hour does.

use std::time::Duration;

use kernel::{Sys, Time};
use serde::{Deserialize, Serialize};
use store::{About, Item, Key, Personal, StoreError, Table};

/// The partition of all.
pub const PARTITION: &str = "LAST_RUNS";
/// Milliseconds of an hour.
const HOUR: i64 = 3_600_000;

/// The last run of a schedule that has succeeded and was noted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRun {
    /// The function of the schedule.
    pub function: String,
    /// When the run began.
    pub at: Time,
}

impl LastRun {
    /// The key of the last run of this function.
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

/// Does what a run of a schedule does, and notes that it has succeeded if it is the last one of its hour. `every` is the interval of the
/// schedule.
///
/// # Errors
/// Those of the run, and [`StoreError`].
pub async fn noted<T, E: From<StoreError>>(
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

/// Whether the next run is in another hour.
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
