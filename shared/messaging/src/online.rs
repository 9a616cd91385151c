//! The number of people who are online. It is counted and announced about once a second, however many people come and go.
//!
//! One item per room stores the last count and which event announces next (the turn). A reader uses a count that is at most [`FRESH`] old,
//! which it reads together with its caller. If the count is older, one of the readers counts again.
//!
//! The event about a change of presence announces it. The first event claims the turn, waits until [`INTERVAL`] has passed since the last
//! announcement, releases the turn and then counts. Events that find the turn claimed do nothing, because the following count includes
//! their change.

use std::time::Duration;

use kernel::{
    Sys, Time,
    id::{EventId, RoomId},
};
use serde::{Deserialize, Serialize};
use store::{About, Cond, Conditional as _, Key, Personal, StoreError, Stored, Table, Update, field};

use crate::{
    presence::{self, Presence},
    room,
};

pub use crate::presence::Online;

/// The maximum age of a count that clients get.
const FRESH: Duration = Duration::from_secs(1);
/// The maximum age of a count that clients get while another reader is counting.
const TOLERATED: Duration = Duration::from_secs(5);
/// The minimum time between two announcements in a room.
const INTERVAL: Duration = Duration::from_secs(1);
/// The time after which a claimed turn counts as abandoned, because the process of its event ended. A repetition of the same event
/// continues at once.
const ABANDONED: Duration = Duration::from_secs(10);

/// The last count in a room, and the turn of its announcement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnlineFigure {
    /// The last count, and when it began.
    count: Option<(Online, Time)>,
    /// When a reader began to count because the last count was old.
    counting: Option<Time>,
    /// The claim of the event that will announce next.
    turn: Option<Turn>,
    /// When the last announcement began.
    announced: Option<Time>,
}

/// The claim of an event to announce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Turn {
    event: EventId,
    since: Time,
}

/// How a reader gets the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    /// Use this count.
    Known((Online, Time)),
    /// Count, unless another reader has begun in the meantime. In that case use this count, if there is one.
    Due(Option<(Online, Time)>),
}

impl OnlineFigure {
    /// Returns the key of a room's figure.
    #[must_use]
    pub fn key_of(room: RoomId) -> Key {
        Key::new(room::partition(room), "ONLINE")
    }

    fn reading(&self, now: Time) -> Reading {
        let age = |since: Time| now.since(since);
        match self.count {
            Some(known) if age(known.1) < FRESH => Reading::Known(known),
            Some(known) if age(known.1) < TOLERATED => match self.counting {
                Some(begun) if age(begun) < FRESH => Reading::Known(known),
                _ => Reading::Due(Some(known)),
            },
            _ => Reading::Due(None),
        }
    }

    /// Returns whether the event may claim the turn: it is free or abandoned, or this is a repetition of the event that has it.
    fn may_claim(&self, event: EventId, now: Time) -> bool {
        self.turn.is_none_or(|turn| turn.event == event || now.since(turn.since) >= ABANDONED)
    }

    /// Returns the time until the next announcement is allowed.
    fn wait(&self, now: Time) -> Duration {
        self.announced.map_or(Duration::ZERO, |at| (at + INTERVAL).since(now)).min(INTERVAL)
    }
}

impl Stored for OnlineFigure {
    const KIND: &'static str = "online_figure";
    const ABOUT: About = About::at("ROOM#{room}", "ONLINE", Personal::Nobody("a number of people"));
}

/// Returns the number of other people who are online, for a caller with these sockets.
///
/// No request while the count is fresh. About once a second one caller makes two writes and four queries.
///
/// # Errors
/// [`StoreError`]
pub async fn others(table: &Table, sys: &Sys, room: RoomId, figure: &OnlineFigure, caller: &Presence) -> Result<Online, StoreError> {
    let now = sys.now();
    let (online, at) = match figure.reading(now) {
        Reading::Known(known) => known,
        Reading::Due(None) => (count(table, room, now).await?, now),
        Reading::Due(Some(known)) => {
            let begin = Update::of(OnlineFigure::key_of(room)).set("counting", now);
            if table.update(begin.when(unchanged("counting", figure.counting.as_ref()))).await.applied()? {
                (count(table, room, now).await?, now)
            } else {
                known
            }
        }
    };
    Ok(Online { people: online.people.saturating_sub(u64::from(caller.came_by(at))), ..online })
}

/// Counts, and stores the count for other readers.
async fn count(table: &Table, room: RoomId, now: Time) -> Result<Online, StoreError> {
    let online = presence::count(table, now).await?;
    let kept = Update::upsert::<OnlineFigure>(OnlineFigure::key_of(room)).set("count", (online, now));
    table.update(kept).await.refused_is_fine()?;
    Ok(online)
}

/// Returns the number to announce for an event. `None` if another event's announcement, whose count is still to come, will include its
/// change.
///
/// Takes one read, and three writes and four queries more if there is something to announce. Waits up to a second.
///
/// # Errors
/// [`StoreError`]
pub async fn announcement(table: &Table, sys: &Sys, room: RoomId, event: EventId) -> Result<Option<Online>, StoreError> {
    let key = || OnlineFigure::key_of(room);
    let (figure, now) = (table.get::<OnlineFigure>(key()).await?.unwrap_or_default(), sys.now());
    if !figure.may_claim(event, now) {
        return Ok(None);
    }
    let turn = Turn { event, since: now };
    let claim = Update::upsert::<OnlineFigure>(key()).set("turn", turn).when(unchanged("turn", figure.turn.as_ref()));
    if !table.update(claim).await.applied()? {
        return Ok(None);
    }
    tokio::time::sleep(figure.wait(now)).await;
    let begun = sys.now();
    let give_back = Update::of(key()).set("announced", begun).remove("turn").when(field("turn").eq(turn));
    if !table.update(give_back).await.applied()? {
        return Ok(None);
    }
    count(table, room, begun).await.map(Some)
}

/// Returns the condition that an attribute has this value.
fn unchanged(name: &'static str, value: Option<&impl Serialize>) -> Cond {
    value.map_or_else(|| field(name).absent(), |value| field(name).eq(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_millis(1_893_499_200_000);
    const SOME: Online = Online { people: 3, more: false };

    fn ago(millis: u64) -> Time {
        NOW - Duration::from_millis(millis)
    }

    #[test]
    fn a_count_is_repeated_once_a_second_by_one_reader() {
        for (counted, counting, reading) in [
            (None, None, Reading::Due(None)),
            (None, Some(0), Reading::Due(None)),
            (Some(0), None, Reading::Known((SOME, ago(0)))),
            (Some(999), None, Reading::Known((SOME, ago(999)))),
            (Some(1000), None, Reading::Due(Some((SOME, ago(1000))))),
            (Some(1000), Some(999), Reading::Known((SOME, ago(1000)))),
            (Some(4999), Some(10), Reading::Known((SOME, ago(4999)))),
            (Some(4999), Some(1000), Reading::Due(Some((SOME, ago(4999))))),
            (Some(5000), Some(10), Reading::Due(None)),
        ] {
            let figure = OnlineFigure { count: counted.map(|n| (SOME, ago(n))), counting: counting.map(ago), ..OnlineFigure::default() };
            assert_eq!(figure.reading(NOW), reading, "{counted:?} {counting:?}");
        }
    }

    #[test]
    fn one_event_has_the_turn_until_it_gives_it_back() {
        let sys = Sys::real();
        let (event, other): (EventId, EventId) = (sys.id(), sys.id());
        let held = |since| OnlineFigure { turn: Some(Turn { event, since }), ..OnlineFigure::default() };
        assert!(OnlineFigure::default().may_claim(event, NOW));
        assert!(held(ago(0)).may_claim(event, NOW) && !held(ago(0)).may_claim(other, NOW));
        assert!(!held(ago(9_999)).may_claim(other, NOW) && held(ago(10_000)).may_claim(other, NOW));
    }

    #[test]
    fn announcements_are_a_second_apart() {
        for (announced, wait) in [(None, 0), (Some(0), 1000), (Some(300), 700), (Some(1000), 0), (Some(5000), 0)] {
            let figure = OnlineFigure { announced: announced.map(ago), ..OnlineFigure::default() };
            assert_eq!(figure.wait(NOW), Duration::from_millis(wait), "{announced:?}");
        }
        // A stored time in the future, from a clock that was ahead.
        let figure = OnlineFigure { announced: Some(NOW + Duration::from_secs(60)), ..OnlineFigure::default() };
        assert_eq!(figure.wait(NOW), INTERVAL);
    }
}
