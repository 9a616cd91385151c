//! The numbers of a room's entries.
//!
//! A number is taken in the transaction that stores its entry, under the condition that the room's last number is still the one
//! that was read. So each number up to the last one has an entry: a write that loses, is refused or repeats an earlier one takes
//! no number, a writer that is killed leaves no hole, and readers never wait. Of writers at the same moment one succeeds. The
//! others see the room's new state in their refusal, pause for a random time, and try again.
//!
//! The price is the rate of one room: it is the inverse of the time of a transaction, some fifty entries a second. Nobody can
//! read more, and one person may send sixty a minute ([`crate::spam`]).

use std::time::Duration;

use events::{Outbox, rooms::MessagePosted};
use kernel::{Kind, Problem, Sys, Time};
use store::{Cond, Refused, Row, Slot, Tx, Update, field};

use crate::{
    message::LogEntry,
    room::{PUBLIC, Room},
};

/// How often a write is tried that others were faster than.
pub(crate) const TRIES: u32 = 40;
/// The longest pause between two tries. It is the time of a few transactions.
const PAUSE_MAX: Duration = Duration::from_millis(100);

/// Waits before a try: not at all before the first one, then a random time, so that writers do not meet again.
pub(crate) async fn pause(sys: &Sys, tries: u32) {
    if tries > 0 {
        let most = 10_u64.saturating_mul(2_u64.saturating_pow(tries)).min(u64::try_from(PAUSE_MAX.as_millis()).unwrap_or(u64::MAX));
        tokio::time::sleep(Duration::from_millis(sys.below(u32::try_from(most).unwrap_or(u32::MAX)).into())).await;
    }
}

/// The problem after [`TRIES`] tries.
pub(crate) fn busy() -> Problem {
    Problem::unavailable("others write into the room at the same time again and again")
}

/// Adds entries to a transaction, under the numbers after the room's last one, with further changes of the room. Returns the
/// place of the condition on the room's last number.
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

/// The room as it was when a write lost against another one.
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
