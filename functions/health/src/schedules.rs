//! The schedules: when the function of each last ran successfully.

use std::time::Duration;

use accounts::last_run::{LastRun, PARTITION};
use axum::extract::State;
use callers::{Staff, staff::Administrator};
use kernel::{Time, Timestamp};
use serde::Serialize;
use store::Range;
use utoipa::ToSchema;
use web::{Error, Json, Problems};

/// The maximum number of schedules in a response.
const MAX: u32 = 100;
/// A schedule whose last run is older than this is late: its runs of an hour have failed or are missing.
const LATE: Duration = Duration::from_secs(2 * 3600);

/// A schedule.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ScheduleInfo {
    /// The function that runs.
    #[schema(examples("deliver"))]
    function: String,
    /// When it last ran successfully. Most functions record it once an hour.
    last_run_at: Timestamp,
    /// Whether the last run is more than two hours ago.
    late: bool,
}

/// The schedules.
#[derive(Serialize, ToSchema)]
pub struct ScheduleList {
    /// The schedules, by function.
    items: Vec<ScheduleInfo>,
}

fn info(LastRun { function, at }: LastRun, now: Time) -> ScheduleInfo {
    ScheduleInfo { function, last_run_at: at.into(), late: now.since(at) > LATE }
}

/// Lists when the function of each schedule last ran successfully. Most functions record it once an hour, so a new schedule may be missing
/// for an hour.
///
/// For administrators, with a second factor.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; a query.
#[utoipa::path(get, path = "/v1/health/schedules", responses((status = 200, body = ScheduleList), Problems))]
pub async fn list_schedules(State(s): State<crate::State>, _: Staff<Administrator>) -> Result<Json<ScheduleList>, Error> {
    let found = s.table.query::<LastRun>(Range::of(PARTITION).limit(MAX)).await?;
    let now = s.sys.now();
    Ok(Json(ScheduleList { items: found.items.into_iter().map(|run| info(run, now)).collect() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_late_after_two_hours() {
        let late =
            |seconds| info(LastRun { function: "digests".to_owned(), at: Time::ZERO }, Time::ZERO + Duration::from_secs(seconds)).late;
        assert_eq!([late(0), late(3_660), late(7_200), late(7_201)], [false, false, false, true]);
    }
}
