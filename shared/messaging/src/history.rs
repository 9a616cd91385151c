//! Reading a room: forwards from the last number that a client knows, and backwards from the newest.
//!
//! Every number up to the room's last one has an entry ([`crate::log`]), so a page of any size is one query. What a member may
//! read begins with the number at which they joined ([`Membership::from`](crate::member::Membership)).

use kernel::id::RoomId;
use store::{Range, StoreError, Table};

use crate::{
    member::RoomMember,
    message::{LogEntry, Message, sort},
    room::partition,
};

/// Entries after a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewerPage {
    /// Ascending.
    pub messages: Vec<Message>,
    /// The page is complete up to this number, and the next page begins after it.
    pub upto: u64,
    /// Whether there are more entries.
    pub more: bool,
    /// Whether the page continues what the caller knows. False if there were entries in between that they may not read, because
    /// they were no member: then their copy ends, and a new one begins with this page.
    pub complete: bool,
}

/// Entries before a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OlderPage {
    /// Ascending.
    pub messages: Vec<Message>,
    /// The page is complete up to this number. Newer entries are read with `since`.
    pub upto: u64,
    /// The previous page ends before this number. Absent at the beginning of what the caller may read.
    pub before: Option<u64>,
}

/// Up to `limit` entries after the number `since`. One query, none if there are none.
///
/// # Errors
/// [`StoreError`]
pub async fn since(table: &Table, member: &RoomMember, since: u64, limit: u32, max_bytes: usize) -> Result<NewerPage, StoreError> {
    let RoomMember { room, membership } = member;
    let complete = since == 0 || since.saturating_add(1) >= membership.from;
    let known = since.max(membership.from.saturating_sub(1)).min(room.seq);
    let to = known.saturating_add(limit.into()).min(room.seq);
    let mut messages = entries(table, room.id, known.saturating_add(1), to).await?;
    messages.truncate(fitting(messages.iter(), max_bytes));
    let upto = messages.last().map_or(known, |message| message.seq);
    Ok(NewerPage { messages, upto, more: upto < room.seq, complete })
}

/// Up to `limit` entries before the number `before`, or the newest ones. One query, none if there are none.
///
/// # Errors
/// [`StoreError`]
pub async fn before(
    table: &Table,
    member: &RoomMember,
    before: Option<u64>,
    limit: u32,
    max_bytes: usize,
) -> Result<OlderPage, StoreError> {
    let RoomMember { room, membership } = member;
    let upto = before.map_or(room.seq, |b| b.saturating_sub(1)).min(room.seq);
    let low = upto.saturating_sub(u64::from(limit).saturating_sub(1)).max(membership.from);
    let mut messages = entries(table, room.id, low, upto).await?;
    let fits = fitting(messages.iter().rev(), max_bytes);
    let surplus = messages.len().saturating_sub(fits);
    messages.drain(..surplus);
    let first = messages.first().map(|message| message.seq);
    Ok(OlderPage { messages, upto, before: first.filter(|first| *first > membership.from) })
}

/// The entries of the numbers `from..=to`.
async fn entries(table: &Table, room: RoomId, from: u64, to: u64) -> Result<Vec<Message>, StoreError> {
    if from > to {
        return Ok(Vec::new());
    }
    let range = Range::of(partition(room)).between(sort(from), sort(to));
    Ok(table.query::<LogEntry>(range).await?.items.into_iter().map(LogEntry::shown).collect())
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
