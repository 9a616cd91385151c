//! The states of conversations with the team: support threads, and tickets of the contact form.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{FieldError, Time, Timestamp};

const DAY: Duration = Duration::from_secs(24 * 3600);
/// How long an answered conversation waits before it is done.
pub const CLOSED_AFTER: Duration = DAY.saturating_mul(7);
/// The maximum number of days of a snooze.
const SNOOZE_DAYS: u32 = 90;
/// The maximum length of a snooze.
const SNOOZE_MAX: Duration = DAY.saturating_mul(SNOOZE_DAYS);

/// The state of a thread or a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ThreadState {
    /// The team has to do something.
    Open,
    /// The team has answered.
    Waiting,
    /// Nothing has to be done until a given time.
    Snoozed,
    /// Nothing has to be done.
    Done,
}

crate::audited_words!(ThreadState);

impl ThreadState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Open, Self::Waiting, Self::Snoozed, Self::Done];

    /// Returns its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Waiting => "waiting",
            Self::Snoozed => "snoozed",
            Self::Done => "done",
        }
    }

    /// Returns the state at this time: a snooze that is over counts as open, whether or not it was ended in the table.
    #[must_use]
    pub fn at(self, snoozed_until: Option<Time>, now: Time) -> Self {
        match (self, snoozed_until) {
            (Self::Snoozed, Some(until)) if now >= until => Self::Open,
            (state, _) => state,
        }
    }

    /// Checks the requested end of a snooze: it is required with `snoozed`, forbidden with other states, and within 90 days.
    ///
    /// # Errors
    /// `required`, `time_ahead` or `choice`.
    pub fn snooze(self, until: Option<Timestamp>, now: Time) -> Result<Option<Time>, FieldError> {
        match (self, until) {
            (Self::Snoozed, None) => Err(FieldError::REQUIRED),
            (Self::Snoozed, Some(Timestamp(until))) if until <= now || until.since(now) > SNOOZE_MAX => {
                Err(FieldError::TIME_AHEAD.with("max", SNOOZE_DAYS))
            }
            (Self::Snoozed, Some(Timestamp(until))) => Ok(Some(until)),
            (_, Some(_)) => Err(FieldError::CHOICE),
            (_, None) => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_millis(1_893_499_200_000);

    #[test]
    fn a_state_has_one_name() {
        for state in ThreadState::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
    }

    #[test]
    fn a_snooze_ends_by_the_clock() {
        for state in ThreadState::ALL {
            assert_eq!(state.at(None, NOW), state);
            assert_eq!(state.at(Some(NOW + DAY), NOW), state);
            let after = if state == ThreadState::Snoozed { ThreadState::Open } else { state };
            assert_eq!(state.at(Some(NOW), NOW), after);
        }
    }

    #[test]
    fn a_snooze_has_an_end_within_ninety_days_and_nothing_else_has() {
        let asked = |state: ThreadState, until: Option<Time>| state.snooze(until.map(Timestamp), NOW).map_err(|e| e.code);
        let last = NOW + SNOOZE_MAX;
        for state in ThreadState::ALL {
            if state == ThreadState::Snoozed {
                continue;
            }
            assert_eq!((asked(state, None), asked(state, Some(last))), (Ok(None), Err("choice")));
        }
        for (until, expected) in [
            (None, Err("required")),
            (Some(NOW), Err("time_ahead")),
            (Some(last), Ok(Some(last))),
            (Some(last + Duration::from_millis(1)), Err("time_ahead")),
        ] {
            assert_eq!(asked(ThreadState::Snoozed, until), expected);
        }
    }
}
