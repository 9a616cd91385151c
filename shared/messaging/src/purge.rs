//! Deletes a person's chat data.
//!
//! Direct rooms are deleted with everything in them, for both members. In the public room the person's messages become
//! tombstones, so that every number keeps an item. Receipts, slots and sockets are deleted too.

use accounts::user::partition;
use kernel::{Sys, id::UserId};
use store::{Cond, Conditional as _, Index, Key, Range, Row, StoreError, Table, Update};

use crate::{
    Sockets,
    connection::{self, CloseError},
    message::{LogEntry, by_author},
    presence::Presence,
    room::{self, Membership, Room},
    spam::ChatState,
};

/// Items deleted by one call.
const AT_ONCE: u32 = 100;

/// Whether there is more to delete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purged {
    /// Nothing is left to delete.
    Done,
    /// There is more: call again.
    More,
}

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
/// [`StoreError`]. May be repeated at any point.
pub async fn purge(table: &Table, user: UserId) -> Result<Purged, StoreError> {
    if let Some(mine) = room::of_user(table, user, None, 1).await?.items.pop() {
        remove_room_part(table, &mine).await?;
        return Ok(Purged::More);
    }
    let said = table.query::<LogEntry>(Range::of_index(Index::MessagesByAuthor, by_author(user)).limit(AT_ONCE)).await?;
    for entry in &said.items {
        replace_by_tombstone(table, entry).await?;
    }
    if said.more {
        return Ok(Purged::More);
    }
    let receipts = table.query_rows(Range::of(partition(user)).prefix("NONCE#").limit(AT_ONCE)).await?;
    let mut keys: Vec<Key> = receipts.items.iter().filter_map(Row::key).collect();
    if !receipts.more {
        keys.extend([ChatState::key_of(user), Presence::key_of(user)]);
    }
    table.delete_many(keys).await?;
    Ok(if receipts.more { Purged::More } else { Purged::Done })
}

async fn remove_room_part(table: &Table, mine: &Membership) -> Result<(), StoreError> {
    let own = store::Item::key(mine);
    let part = table.query_rows(Range::of(room::partition(mine.room)).limit(AT_ONCE)).await?;
    let first = [Room::key_of(mine.room), own.clone()];
    let keys: Vec<Key> = part.items.iter().filter_map(Row::key).filter(|k| !first.contains(k)).collect();
    let last = !part.more;
    table.delete_many(keys).await?;
    if last {
        table.delete(Room::key_of(mine.room)).await?;
        table.delete(own).await?;
    }
    Ok(())
}

/// Replaces a message by a tombstone.
async fn replace_by_tombstone(table: &Table, entry: &LogEntry) -> Result<(), StoreError> {
    let bury = Update::of(store::Item::key(entry)).remove("said").remove("via").index(Index::MessagesByAuthor, None).when(Cond::Exists);
    table.update(bury).await.refused_is_fine()
}
