//! Reading a room: forwards from the last message that a client knows, and backwards from the newest.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use kernel::{PAGE_MAX, Time};
use store::{Range, StoreError, Table, WriteError};

use crate::{
    message::{LogEntry, Message, sort},
    room::{Room, partition},
    sequence::{Settled, settle},
};

/// Items read beyond a window, because they may prove that a hole in it is old.
const LOOK_AHEAD: u64 = 4;
/// The most windows read for one page. More than one is needed only where there are tombstones. The first is as large as the
/// page, the others have [`PAGE_MAX`] numbers, so that a page of thirty is full if thirty of the 730 numbers have messages.
const WINDOWS: u32 = 8;

/// Messages after a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewerPage {
    /// Ascending.
    pub messages: Vec<Message>,
    /// The page is complete up to this number, and the next page begins after it.
    pub upto: u64,
    /// Whether there are more messages.
    pub more: bool,
    /// The page ended before a message that is still being written. The client asks again in a moment.
    pub pending: bool,
}

/// Messages before a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OlderPage {
    /// Ascending.
    pub messages: Vec<Message>,
    /// The page is complete up to this number. Newer messages are read with `since`.
    pub upto: u64,
    /// The previous page ends before this number. Absent at the beginning of the room.
    pub before: Option<u64>,
}

/// Up to `limit` messages after the number `since`. One query, up to [`WINDOWS`] where messages were deleted, and one write
/// for each old hole without a tombstone.
///
/// # Errors
/// [`StoreError`]
pub async fn since(table: &Table, now: Time, room: &Room, since: u64, limit: u32, max_bytes: usize) -> Result<NewerPage, StoreError> {
    let (wanted, mut size) = (limit as usize, limit);
    let (mut messages, mut upto, mut pending) = (Vec::new(), since.min(room.seq), false);
    for _ in 0..WINDOWS {
        if messages.len() >= wanted || upto >= room.seq || pending {
            break;
        }
        let to = upto.saturating_add(size.into()).min(room.seq);
        let (later, decided) = window(table, now, room, upto.saturating_add(1), to).await?;
        messages.extend(later);
        (upto, pending, size) = (decided, decided < to, PAGE_MAX);
    }
    let fits = fitting(messages.iter(), max_bytes).min(wanted);
    if let Some(first_out) = messages.get(fits) {
        (upto, pending) = (first_out.seq.saturating_sub(1), false);
    }
    messages.truncate(fits);
    Ok(NewerPage { messages, upto, more: upto < room.seq, pending })
}

/// Up to `limit` messages before the number `before`, or the newest ones. One query, up to [`WINDOWS`] where messages were
/// deleted.
///
/// # Errors
/// [`StoreError`]
pub async fn before(
    table: &Table,
    now: Time,
    room: &Room,
    before: Option<u64>,
    limit: u32,
    max_bytes: usize,
) -> Result<OlderPage, StoreError> {
    let newest = before.map_or(room.seq, |b| b.saturating_sub(1)).min(room.seq);
    let mut stretch = read_back(table, now, room, newest, limit).await?;
    stretch.keep_newest(limit as usize, max_bytes);
    let NumberRange { messages, low, upto } = stretch;
    Ok(OlderPage { messages, upto, before: (low > 1 && newest > 0).then_some(low) })
}

/// Consecutive numbers of a room that were read.
struct NumberRange {
    /// Their messages, ascending.
    messages: Vec<Message>,
    /// The first of the numbers.
    low: u64,
    /// The last of the numbers that is settled.
    upto: u64,
}

impl NumberRange {
    /// Keeps the newest messages: at most `wanted`, and no more than fit into `max_bytes`.
    fn keep_newest(&mut self, wanted: usize, max_bytes: usize) {
        let surplus = self.messages.len().saturating_sub(wanted);
        let fits = fitting(self.messages.iter().skip(surplus).rev(), max_bytes);
        let first = self.messages.len().saturating_sub(fits);
        if first > 0 {
            self.low = self.messages.get(first).map_or(self.low, |m| m.seq);
            self.messages.drain(..first);
        }
    }
}

/// Reads windows backwards from a number until there are `limit` messages or the room begins.
async fn read_back(table: &Table, now: Time, room: &Room, newest: u64, limit: u32) -> Result<NumberRange, StoreError> {
    let mut read = NumberRange { messages: Vec::new(), low: newest.saturating_add(1), upto: newest };
    let mut size = u64::from(limit);
    for _ in 0..WINDOWS {
        let high = read.low.saturating_sub(1);
        if read.messages.len() >= limit as usize || high == 0 {
            break;
        }
        let low = high.saturating_sub(size.saturating_sub(1)).max(1);
        let (mut earlier, decided) = window(table, now, room, low, high).await?;
        if decided < high {
            // Nothing after a hole may be shown before the hole is settled.
            (read.messages, read.upto) = (Vec::new(), decided);
        }
        earlier.append(&mut read.messages);
        (read.messages, read.low) = (earlier, low);
        size = PAGE_MAX.into();
    }
    Ok(read)
}

/// The messages of the settled part of a window, and its last number.
async fn window(table: &Table, now: Time, room: &Room, from: u64, to: u64) -> Result<(Vec<Message>, u64), StoreError> {
    if from > to {
        return Ok((Vec::new(), to));
    }
    let range = Range::of(partition(room.id)).between(sort(from), sort(to.saturating_add(LOOK_AHEAD)));
    let mut entries: BTreeMap<u64, LogEntry> = table.query::<LogEntry>(range).await?.items.into_iter().map(|e| (e.seq, e)).collect();
    let held = entries.iter().map(|(seq, e)| (*seq, e.at)).collect();
    let Settled { upto, holes } = settle(from, to, &held, room.latest_at, now);
    for entry in try_join_all(holes.into_iter().map(|seq| fill_with_tombstone(table, LogEntry::tombstone(room.id, seq, now)))).await? {
        entries.insert(entry.seq, entry);
    }
    Ok((entries.into_values().filter(|e| e.seq <= upto).filter_map(LogEntry::shown).collect(), upto))
}

/// Stores a tombstone if the number has no item. Returns the item that is there afterwards.
///
/// # Errors
/// [`StoreError`]
pub(crate) async fn fill_with_tombstone(table: &Table, tombstone: LogEntry) -> Result<LogEntry, StoreError> {
    match table.create(&tombstone).await {
        Ok(()) | Err(WriteError::Refused(None)) => Ok(tombstone),
        Err(WriteError::Refused(Some(row))) => row.decode(),
        Err(WriteError::Store(e)) => Err(e),
    }
}

/// How many messages fit into `max_bytes` of JSON. At least one, because one always fits into a frame.
fn fitting<'a>(messages: impl Iterator<Item = &'a Message>, max_bytes: usize) -> usize {
    let sizes = messages.map(|m| serde_json::to_vec(m).map_or(usize::MAX, |json| json.len().saturating_add(1)));
    let mut total = 0_usize;
    let fits = sizes.take_while(|size| {
        total = total.saturating_add(*size);
        total <= max_bytes
    });
    fits.count().max(1)
}
