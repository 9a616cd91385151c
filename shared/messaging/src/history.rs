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
/// Windows read for one page of history: more than one only where tombstones thin them out.
const WINDOWS: u32 = 4;

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

/// What came after number `since`. One query; one write for each old hole that nobody met before.
///
/// # Errors
/// [`StoreError`]
pub async fn since(table: &Table, now: Time, room: &Room, since: u64, limit: u32, max_bytes: usize) -> Result<Missed, StoreError> {
    let since = since.min(room.seq);
    let to = since.saturating_add(limit.into()).min(room.seq);
    let (mut messages, decided) = window(table, now, room, since.saturating_add(1), to).await?;
    let fits = fitting(messages.iter(), max_bytes);
    let mut upto = decided;
    if let Some(first_out) = messages.get(fits) {
        upto = first_out.seq.saturating_sub(1);
    }
    messages.truncate(fits);
    Ok(Missed { messages, upto, more: upto < room.seq, pending: decided < to && upto == decided })
}

/// What came before number `before`, or the newest. One query, more only where messages were taken away.
///
/// # Errors
/// [`StoreError`]
pub async fn before(table: &Table, now: Time, room: &Room, before: Option<u64>, limit: u32, max_bytes: usize) -> Result<Past, StoreError> {
    let newest = before.map_or(room.seq, |b| b.saturating_sub(1)).min(room.seq);
    let wanted = limit as usize;
    let (mut messages, mut upto, mut low, mut high) = (Vec::new(), newest, newest.saturating_add(1), newest);
    for _ in 0..WINDOWS {
        if messages.len() >= wanted || high == 0 {
            break;
        }
        low = high.saturating_sub(u64::from(limit).saturating_sub(1)).max(1);
        let (mut earlier, decided) = window(table, now, room, low, high).await?;
        if decided < high {
            // Nothing above a hole may be shown before the hole is decided.
            (messages, upto) = (Vec::new(), decided);
        }
        earlier.append(&mut messages);
        messages = earlier;
        high = low.saturating_sub(1);
    }
    let surplus = messages.len().saturating_sub(wanted);
    let fits = fitting(messages.iter().skip(surplus).rev(), max_bytes);
    let first = messages.len().saturating_sub(fits);
    if first > 0 {
        low = messages.get(first).map_or(low, |m| m.seq);
        messages.drain(..first);
    }
    Ok(Past { messages, upto, before: (low > 1 && newest > 0).then_some(low) })
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
