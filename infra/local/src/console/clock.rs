//! `/_local/clock`: the time of the local cloud, and changing it.

use std::{ops::RangeInclusive, sync::Arc, time::Duration};

use axum::{Json, Router, extract::State, routing::get};
use kernel::{Time, Timestamp};
use serde::{Deserialize, Serialize};

use super::ConsoleError;
use crate::Core;

pub(super) fn routes() -> Router<Arc<Core>> {
    Router::new().route("/_local/clock", get(read).post(change))
}

#[derive(Serialize)]
struct ClockReading {
    now: Timestamp,
    real: Timestamp,
    offset_ms: i64,
}

/// The moments that the clock can show: ids and tokens have no earlier ones, and timestamps no later ones.
const SHOWN: RangeInclusive<Time> = Time::ZERO..=Time::from_millis(253_402_300_799_999);

/// One of: `{"advance": "30d"}`, `{"advance_ms": 5000}`, `{"set": "2030-01-01T00:00:00Z"}`, `{"reset": true}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockChange {
    advance: Option<String>,
    advance_ms: Option<u64>,
    set: Option<Timestamp>,
    #[serde(default)]
    reset: bool,
}

async fn read(State(core): State<Arc<Core>>) -> Json<ClockReading> {
    let (now, offset_ms) = (core.clock.now(), core.clock.offset_millis());
    let real = Time::from_millis(now.millis().saturating_sub(offset_ms));
    Json(ClockReading { now: now.into(), real: real.into(), offset_ms })
}

async fn change(State(core): State<Arc<Core>>, Json(change): Json<ClockChange>) -> Result<Json<ClockReading>, ConsoleError> {
    let clock = &core.clock;
    let show = |at: Time| {
        if SHOWN.contains(&at) { Ok(()) } else { Err(ConsoleError::bad_request("the clock shows the years from 1970 to 9999")) }
    };
    let advance = |by: Duration| show(clock.now() + by).map(|()| clock.advance(by));
    let moved = match change {
        ClockChange { advance: Some(by), advance_ms: None, set: None, reset: false } => advance(
            duration(&by).ok_or_else(|| ConsoleError::bad_request(format!("{by:?} is not a duration such as 90s, 15m, 2h or 30d")))?,
        )?,
        ClockChange { advance: None, advance_ms: Some(ms), set: None, reset: false } => advance(Duration::from_millis(ms))?,
        ClockChange { advance: None, advance_ms: None, set: Some(to), reset: false } => show(to.0).map(|()| clock.set(to.0))?,
        ClockChange { advance: None, advance_ms: None, set: None, reset: true } => clock.reset(),
        _ => return Err(ConsoleError::bad_request("give exactly one of advance, advance_ms, set and reset")),
    };
    moved.map_err(|e| ConsoleError::internal(format!("The clock has moved, but the state folder cannot be written: {e}")))?;
    Ok(read(State(core)).await)
}

/// `90s`, `15m`, `2h`, `30d`.
fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(seconds).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_number_and_a_unit() {
        assert_eq!(duration("30d"), Some(Duration::from_secs(30 * 86_400)));
        assert_eq!(duration("90s"), Some(Duration::from_secs(90)));
        for wrong in ["", "d", "30", "-1d", "1.5h", "30 d", "1é", "99999999999999999999d", "99999999999999999d"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }
}
