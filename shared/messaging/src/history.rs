//! Reading a room: forwards from the last number that a client knows, and backwards from the newest.
//!
//! Every number up to the room's last one has an entry ([`crate::log`]), so a page of any size is one query. A member may read from the
//! number at which they joined ([`Membership::from`](crate::member::Membership)).

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
    /// The entries, in ascending order.
    pub messages: Vec<Message>,
    /// The number up to which the page is complete. The next page begins after it.
    pub upto: u64,
    /// Whether there are more entries.
    pub more: bool,
    /// Whether the page continues the client's copy. False if there are entries in between that the caller may not read, because they were
    /// not a member. The client then drops its copy and begins a new one with this page.
    pub complete: bool,
}

/// Entries before a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OlderPage {
    /// The entries, in ascending order.
    pub messages: Vec<Message>,
    /// The number up to which the page is complete. Newer entries are read with `since`.
    pub upto: u64,
    /// The number before which the previous page ends. Absent if the caller may not read earlier entries.
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

/// Returns the entries with the numbers `from..=to`.
async fn entries(table: &Table, room: RoomId, from: u64, to: u64) -> Result<Vec<Message>, StoreError> {
    if from > to {
        return Ok(Vec::new());
    }
    let range = Range::of(partition(room)).between(sort(from), sort(to));
    Ok(table.query::<LogEntry>(range).await?.items.into_iter().map(LogEntry::shown).collect())
}

/// Returns how many messages fit into `max_bytes` of JSON. At least one, because a single message always fits into a frame.
fn fitting<'a>(messages: impl Iterator<Item = &'a Message>, max_bytes: usize) -> usize {
    let sizes = messages.map(|m| serde_json::to_vec(m).map_or(usize::MAX, |json| json.len().saturating_add(1)));
    let mut total = 0_usize;
    let fits = sizes.take_while(|size| {
        total = total.saturating_add(*size);
        total <= max_bytes
    });
    fits.count().max(1)
}
