//! The numbers of a room's entries.
//!
//! A number is taken in the transaction that stores its entry, under the condition that the room's last number is still the one that was
//! read. So each number up to the last one has an entry: failed, refused and repeated writes take no number, an interrupted writer leaves
//! no gap, and readers never wait. One of several concurrent writers succeeds. The others get the room's new state with their refusal,
//! pause for a random time, and try again.
//!
//! This limits the rate of one room to the inverse of the time of a transaction, about fifty entries a second. That is more than people can
//! read, and one person may send sixty a minute ([`crate::spam`]). Several items would allow more, but would have no common order. An entry
//! costs one transaction, and one more for each writer that was faster, at most forty. After those its writer is told to come again, so
//! that a crowd slows down its own room and no other one.

use std::time::Duration;

use events::{Outbox, rooms::MessagePosted};
use kernel::{Kind, Problem, Sys, Time};
use store::{Cond, Refused, Row, Slot, Tx, Update, field};

use crate::{
    message::LogEntry,
    room::{PUBLIC, Room},
};

/// Attempts to write an entry against concurrent writers.
pub(crate) const TRIES: u32 = 40;
/// The maximum pause between two attempts: the time of a few transactions.
const PAUSE_MAX: Duration = Duration::from_millis(100);

/// Waits before an attempt: not before the first one, then for a random time, so that the writers do not collide again.
pub(crate) async fn pause(sys: &Sys, tries: u32) {
    if tries > 0 {
        let most = 10_u64.saturating_mul(2_u64.saturating_pow(tries)).min(u64::try_from(PAUSE_MAX.as_millis()).unwrap_or(u64::MAX));
        tokio::time::sleep(Duration::from_millis(sys.below(u32::try_from(most).unwrap_or(u32::MAX)).into())).await;
    }
}

/// Returns the problem after [`TRIES`] attempts.
pub(crate) fn busy() -> Problem {
    Problem::unavailable("concurrent writes into the room were faster at every attempt")
}

/// Adds entries to a transaction, under the numbers after the room's last one, with further changes of the room. Returns the slot of the
/// condition on the room's last number.
pub(crate) fn append(tx: &mut Tx, room: &Room, now: Time, entries: &[LogEntry], changes: impl FnOnce(Update) -> Update) -> Slot {
    let last = entries.last().map_or(room.seq, |entry| entry.seq);
    let place = if room.is_stored() {
        let update = Update::of(store::Item::key(room)).set("seq", last).set("latest_at", now);
        tx.update(changes(update).when(field("seq").eq(room.seq)))
    } else {
        tx.put(&Room { seq: last, latest_at: now, created_at: now, ..Room::public() }, Cond::Absent)
    };
    for entry in entries {
        tx.create(entry);
    }
    place
}

/// Returns the current room, from the refusal of a write that lost against another one.
///
/// # Errors
/// [`Kind::NotFound`] if it was deleted.
pub(crate) fn current(refused: &Refused, place: Slot, id: kernel::id::RoomId) -> Result<Room, Problem> {
    let stored = refused.current(place).map(Row::decode::<Room>).transpose()?;
    stored.or_else(|| (id == PUBLIC).then(Room::public)).ok_or_else(|| Kind::NotFound.into())
}

/// Adds the event by which `room-fanout` delivers an entry.
pub(crate) fn fan_out(tx: &mut Tx, sys: &Sys, entry: &LogEntry) {
    Outbox::add(tx, sys, &MessagePosted { room: entry.room, seq: entry.seq });
}
