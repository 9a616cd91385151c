//! The purge of a person's chat data.
//!
//! Direct rooms are deleted with everything in them, for both members. The person leaves groups and channels; rooms without other members
//! are deleted. In the remaining rooms the person's messages and the events that name them become tombstones, so that every number keeps an
//! entry, and clients read each of these rooms again once. A customer's support thread is deleted with its notes. Invitations, receipts,
//! slots and sockets are deleted too, and reports of the person's messages. Invitations that the person sent and bans that they imposed
//! stay, without the person's id.

pub use accounts::purge::Purged;
use accounts::user::partition;
use events::{Outbox, rooms::MessagesDeleted};
use kernel::{
    Kind, Problem, Sys,
    id::{AttachmentId, RoomId, UserId},
};
use store::{Cond, Conditional as _, Index, Item as _, Key, Range, Row, StoreError, Table, Tx, Update};

use crate::{
    Sockets, attachment, banning,
    connection::{self, CloseError},
    earlier,
    member::{self, Membership},
    message::{Content, LogEntry, by_author},
    presence::Presence,
    report,
    room::{self, PUBLIC, Room},
    roster::{self, RoomCount},
    spam::ChatState,
    support::{
        note, reply,
        thread::{self, thread_of},
    },
};

/// The maximum number of items that one call deletes.
const AT_ONCE: u32 = 100;
/// The maximum number of messages that one call replaces. With the room and the event they fit into one transaction.
const MESSAGES_AT_ONCE: u32 = 90;

/// Closes a person's sockets. Called first, when their sessions end.
///
/// # Errors
/// [`CloseError`]. May be repeated at any point.
pub async fn close(table: &Table, sys: &Sys, sockets: &Sockets, user: UserId) -> Result<(), CloseError> {
    connection::close_all(table, sys, sockets, user, None).await
}

/// Deletes a bounded part of a person's rooms and messages.
///
/// The person's own membership, by which a room is found, is deleted last.
///
/// # Errors
/// [`Problem`] if the table does not work, or concurrent writes into a room are always faster. May be repeated at any point.
pub async fn purge(table: &Table, sys: &Sys, user: UserId) -> Result<Purged, Problem> {
    if let Some(mine) = member::of_user(table, user, None, 1).await?.items.pop() {
        match mine.peer {
            Some(_) => remove_room_part(table, sys, mine.room, Some(mine.key())).await.map(drop)?,
            None => leave(table, sys, &mine).await?,
        }
        return Ok(Purged::More);
    }
    let more_messages = delete_messages(table, sys, user).await?;
    if support(table, sys, user).await? == Purged::More {
        return Ok(Purged::More);
    }
    let invitations = member::invitations(table, user, None, AT_ONCE).await?;
    table.delete_many(invitations.items.iter().map(store::Item::key).collect()).await?;
    let others = [
        member::forget_sender(table, user, AT_ONCE).await?,
        banning::forget_author(table, user, AT_ONCE).await?,
        report::delete_about(table, user, AT_ONCE).await?,
    ];
    if more_messages || invitations.more || others.contains(&true) {
        return Ok(Purged::More);
    }
    let receipts = table.query_rows(Range::of(partition(user)).prefix("NONCE#").limit(AT_ONCE)).await?;
    let mut keys: Vec<Key> = receipts.items.iter().filter_map(Row::key).collect();
    if !receipts.more {
        let in_public = Membership::key_of(PUBLIC, user);
        keys.extend([ChatState::key_of(user), Presence::key_of(user), RoomCount::key_of(user), in_public]);
    }
    table.delete_many(keys).await?;
    Ok(if receipts.more { Purged::More } else { Purged::Done })
}

/// Deletes a bounded part of a customer's support thread, the notes first. For a member of the team, removes the person's id from notes,
/// prepared replies and threads.
async fn support(table: &Table, sys: &Sys, user: UserId) -> Result<Purged, StoreError> {
    let thread = thread_of(user);
    if note::remove_part(table, thread).await? || note::forget_author(table, user).await? {
        return Ok(Purged::More);
    }
    if table.get::<Room>(Room::key_of(thread)).await?.is_some() {
        remove_room_part(table, sys, thread, None).await?;
        return Ok(Purged::More);
    }
    reply::forget_author(table, user).await?;
    Ok(if thread::unassign_part(table, user).await? { Purged::More } else { Purged::Done })
}

/// Ends the person's membership in a group or a channel.
async fn leave(table: &Table, sys: &Sys, mine: &Membership) -> Result<(), Problem> {
    let Membership { room, user, .. } = *mine;
    let first = member::of_room(table, room, None, 2).await?.items;
    let heir = first.into_iter().map(|m| m.user).find(|other| *other != user);
    match roster::leave_purged(table, sys, user, room, heir).await {
        // The room is deleted, and its memberships are about to be.
        Err(problem) if problem.kind == Kind::NotFound => Ok(roster::end_membership(table, room, user).await?),
        left => left,
    }
}

/// Deletes a bounded part of a room's items: the room and the item `last`, by which it is found, come last. One query, a transaction if
/// there are messages with files, and deletions. The event that deletes the files is stored first.
///
/// # Errors
/// [`StoreError`]. May be repeated at any point.
pub async fn remove_room_part(table: &Table, sys: &Sys, room: RoomId, last: Option<Key>) -> Result<Purged, StoreError> {
    let part = table.query_rows(Range::of(room::partition(room)).limit(AT_ONCE)).await?;
    let kept = |key: &Key| *key == Room::key_of(room) || Some(key) == last.as_ref();
    let keys: Vec<Key> = part.items.iter().filter_map(Row::key).filter(|key| !kept(key)).collect();
    drop_files(table, sys, &part.items).await?;
    table.delete_many(keys).await?;
    if part.more {
        return Ok(Purged::More);
    }
    table.delete(Room::key_of(room)).await?;
    if let Some(last) = last {
        table.delete(last).await?;
    }
    Ok(Purged::Done)
}

/// Stores the event that deletes the files of these messages.
async fn drop_files(table: &Table, sys: &Sys, rows: &[Row]) -> Result<(), StoreError> {
    let mut files: Vec<AttachmentId> = Vec::new();
    for row in rows.iter().filter(|row| row.is::<LogEntry>()) {
        files.extend(row.clone().decode::<LogEntry>()?.attachments().iter().map(|file| file.id));
    }
    if files.is_empty() {
        return Ok(());
    }
    let mut tx = Tx::new();
    attachment::drop_all(&mut tx, sys, &files);
    table.commit(tx).await.refused_is_fine()
}

/// Replaces a bounded part of the person's messages and of the events that name them by tombstones. Returns whether there are more.
async fn delete_messages(table: &Table, sys: &Sys, user: UserId) -> Result<bool, StoreError> {
    let range = Range::of_index(Index::MessagesByAuthor, by_author(user)).limit(MESSAGES_AT_ONCE);
    let said = table.query::<LogEntry>(range).await?;
    // The earlier texts first, because the messages are needed to find them.
    table.delete_many(said.items.iter().flat_map(earlier::keys).collect()).await?;
    for (entries, last) in by_room(&said.items, said.more) {
        replace_by_tombstones(table, sys, entries, last).await?;
    }
    Ok(said.more)
}

/// Returns the entries of each room of a page, and whether they are the person's last ones there. If another page follows, the last entry
/// is left out, so that the next page begins with its room.
fn by_room(entries: &[LogEntry], more: bool) -> impl Iterator<Item = (&[LogEntry], bool)> {
    let left_out = usize::from(more && entries.len() > 1);
    let (taken, next) = entries.split_at_checked(entries.len().saturating_sub(left_out)).unwrap_or_default();
    let next = next.first().map(|entry| entry.room);
    taken.chunk_by(|a, b| a.room == b.room).map(move |part| (part, part.first().map(|entry| entry.room) != next))
}

/// Replaces entries of one room by tombstones. Their files have already been deleted. With the `last` entries of the person, clients are
/// told to read the room again: those that are connected by an event, the others by the room's count of changes. So each room is read again
/// once, however many messages there were. One transaction.
async fn replace_by_tombstones(table: &Table, sys: &Sys, entries: &[LogEntry], last: bool) -> Result<(), StoreError> {
    let mut tx = Tx::new();
    for entry in entries {
        tx.update(tombstone(entry));
    }
    if let Some(room) = entries.first().map(|entry| entry.room).filter(|_| last) {
        tx.update(Update::of(Room::key_of(room)).add("changes", 1).when(Cond::Exists));
        Outbox::add(&mut tx, sys, &MessagesDeleted { room });
    }
    if table.commit(tx).await.applied()? {
        return Ok(());
    }
    // The room is being deleted, and some of its items are gone.
    for entry in entries {
        table.update(tombstone(entry)).await.refused_is_fine()?;
    }
    Ok(())
}

/// Returns the update that replaces a message or an event by a tombstone.
fn tombstone(entry: &LogEntry) -> Update {
    let (name, tombstone) = Content::tombstone();
    let update = Update::of(entry.key()).remove("said").remove("happened").remove("via").set(name, tombstone);
    update.index(Index::MessagesByAuthor, None).when(Cond::Exists)
}

#[cfg(test)]
mod tests {
    use kernel::Time;

    use super::*;

    #[test]
    fn a_room_ends_with_the_last_entry_of_the_person() {
        let sys = Sys::real();
        let rooms: [RoomId; 2] = [sys.id(), sys.id()];
        let entry = |(room, seq): (usize, u64)| LogEntry {
            room: rooms[room],
            seq,
            at: Time::ZERO,
            content: Content::Deleted {},
            via: None,
            changes: 0,
        };
        let parts = |entries: &[(usize, u64)], more| -> Vec<(Vec<u64>, bool)> {
            let entries: Vec<LogEntry> = entries.iter().copied().map(entry).collect();
            by_room(&entries, more).map(|(part, last)| (part.iter().map(|entry| entry.seq).collect(), last)).collect()
        };
        assert_eq!(parts(&[(0, 1), (0, 2), (1, 7)], false), [(vec![1, 2], true), (vec![7], true)]);
        // The next page begins with the second room.
        assert_eq!(parts(&[(0, 1), (0, 2), (1, 7)], true), [(vec![1, 2], true)]);
        assert_eq!(parts(&[(0, 1), (1, 7), (1, 8)], true), [(vec![1], true), (vec![7], false)]);
        assert_eq!(parts(&[(0, 1), (0, 2)], true), [(vec![1], false)]);
        // Something is done about each page.
        assert_eq!(parts(&[(0, 1)], true), [(vec![1], true)]);
        assert!(parts(&[], false).is_empty());
    }
}
