//! Reading a room: forwards from where a client was cut off, backwards from the newest.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use kernel::Time;
use store::{Range, StoreError, Table, WriteError};

use crate::{
    message::{Entry, Message, sort},
    room::{Room, partition},
    sequence::{Settled, settle},
};

/// Messages of one page, at most.
pub const PAGE_MAX: u32 = 100;
/// Messages of one page of history, unless the client asks otherwise.
pub const PAGE: u32 = 30;
/// Entries read beyond a window, because they may prove that a hole in it is old.
const LOOK_AHEAD: u64 = 4;
/// Windows read for one page: more than one only where tombstones thin them out. The first is as large as the page is to be, the
/// others are of [`PAGE_MAX`] numbers, so that a page of thirty is full wherever thirty of 730 numbers are shown.
const WINDOWS: u32 = 8;

/// What a client missed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    /// Ascending.
    pub messages: Vec<Message>,
    /// Everything up to this number is in this page or before it; the next page begins behind it.
    pub upto: u64,
    /// Whether there is more to ask for.
    pub more: bool,
    /// The page ended before a message that is still being written: ask again in a moment.
    pub pending: bool,
}

/// What was said earlier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// Ascending.
    pub messages: Vec<Message>,
    /// The newest number this page decides; what comes after it is to be asked for with `since`.
    pub upto: u64,
    /// The page before this one ends before this number; absent at the beginning of the room.
    pub before: Option<u64>,
}

/// What came after number `since`: up to `limit` messages. One query, up to [`WINDOWS`] where messages were taken away; one write for
/// each old hole that nobody met before.
///
/// # Errors
/// [`StoreError`]
pub async fn since(table: &Table, now: Time, room: &Room, since: u64, limit: u32, max_bytes: usize) -> Result<Missed, StoreError> {
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
    Ok(Missed { messages, upto, more: upto < room.seq, pending })
}

/// What came before number `before`, or the newest: up to `limit` messages. One query, up to [`WINDOWS`] where messages were taken
/// away.
///
/// # Errors
/// [`StoreError`]
pub async fn before(table: &Table, now: Time, room: &Room, before: Option<u64>, limit: u32, max_bytes: usize) -> Result<Past, StoreError> {
    let newest = before.map_or(room.seq, |b| b.saturating_sub(1)).min(room.seq);
    let mut stretch = read_back(table, now, room, newest, limit).await?;
    stretch.keep_newest(limit as usize, max_bytes);
    let Stretch { messages, low, upto } = stretch;
    Ok(Past { messages, upto, before: (low > 1 && newest > 0).then_some(low) })
}

/// Consecutive numbers of a room that were read.
struct Stretch {
    /// What is shown of them, ascending.
    messages: Vec<Message>,
    /// The first of the numbers.
    low: u64,
    /// The last of them that is decided.
    upto: u64,
}

impl Stretch {
    /// Keeps the newest messages: so many at most, and no more than fit into so many bytes.
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

/// Reads window after window, backwards from a number, until there are `limit` messages or the room begins.
async fn read_back(table: &Table, now: Time, room: &Room, newest: u64, limit: u32) -> Result<Stretch, StoreError> {
    let mut read = Stretch { messages: Vec::new(), low: newest.saturating_add(1), upto: newest };
    let mut size = u64::from(limit);
    for _ in 0..WINDOWS {
        let high = read.low.saturating_sub(1);
        if read.messages.len() >= limit as usize || high == 0 {
            break;
        }
        let low = high.saturating_sub(size.saturating_sub(1)).max(1);
        let (mut earlier, decided) = window(table, now, room, low, high).await?;
        if decided < high {
            // Nothing above a hole may be shown before the hole is decided.
            (read.messages, read.upto) = (Vec::new(), decided);
        }
        earlier.append(&mut read.messages);
        (read.messages, read.low) = (earlier, low);
        size = PAGE_MAX.into();
    }
    Ok(read)
}

/// The decided part of a window, and where it ends.
async fn window(table: &Table, now: Time, room: &Room, from: u64, to: u64) -> Result<(Vec<Message>, u64), StoreError> {
    if from > to {
        return Ok((Vec::new(), to));
    }
    let range = Range::of(partition(room.id)).between(sort(from), sort(to.saturating_add(LOOK_AHEAD)));
    let mut entries: BTreeMap<u64, Entry> = table.query::<Entry>(range).await?.items.into_iter().map(|e| (e.seq, e)).collect();
    let held = entries.iter().map(|(seq, e)| (*seq, e.at)).collect();
    let Settled { upto, holes } = settle(from, to, &held, room.latest_at, now);
    for entry in try_join_all(holes.into_iter().map(|seq| bury(table, Entry::tombstone(room.id, seq, now)))).await? {
        entries.insert(entry.seq, entry);
    }
    Ok((entries.into_values().filter(|e| e.seq <= upto).filter_map(Entry::shown).collect(), upto))
}

/// Puts a tombstone where nothing stands, and returns what stands there then.
///
/// # Errors
/// [`StoreError`]
pub(crate) async fn bury(table: &Table, tombstone: Entry) -> Result<Entry, StoreError> {
    match table.create(&tombstone).await {
        Ok(()) | Err(WriteError::Refused(None)) => Ok(tombstone),
        Err(WriteError::Refused(Some(row))) => row.decode(),
        Err(WriteError::Store(e)) => Err(e),
    }
}

/// How many of these fit into so many bytes of JSON; always one, because one always fits into a frame.
fn fitting<'a>(messages: impl Iterator<Item = &'a Message>, max_bytes: usize) -> usize {
    let sizes = messages.map(|m| serde_json::to_vec(m).map_or(usize::MAX, |json| json.len().saturating_add(1)));
    let mut total = 0_usize;
    let fits = sizes.take_while(|size| {
        total = total.saturating_add(*size);
        total <= max_bytes
    });
    fits.count().max(1)
}
