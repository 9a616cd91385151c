//! What this crate stores about a person, taken away.
//!
//! Direct rooms go with everything in them, for both people. In the public room a person's messages become tombstones, so
//! that numbers stay without gaps. What else there is (receipts, slots, sockets) goes with them.

use accounts::user::partition;
use kernel::{Sys, id::UserId};
use store::{Cond, Conditional as _, Index, Key, Range, Row, StoreError, Table, Update};

use crate::{
    Sockets,
    connection::{self, CloseError},
    message::{Entry, by_author},
    presence::Presence,
    room::{self, Membership, Room},
    spam::ChatState,
};

/// Items taken away in one call.
const AT_ONCE: u32 = 100;

/// Whether there is more to take away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purged {
    /// Nothing is left.
    Done,
    /// Call again.
    More,
}

/// Ends a person's sockets. Done first, together with their sessions.
///
/// # Errors
/// [`CloseError`]; may be run again at any point.
pub async fn close(table: &Table, sys: &Sys, sockets: &Sockets, user: UserId) -> Result<(), CloseError> {
    connection::close_all(table, sys, sockets, user, None).await
}

/// Takes away a bounded part of what a person said and where they were.
///
/// A room is found by the person's own membership, which therefore goes last.
///
/// # Errors
/// [`StoreError`]; may be run again at any point.
pub async fn purge(table: &Table, user: UserId) -> Result<Purged, StoreError> {
    if let Some(mine) = room::of_user(table, user, None, 1).await?.items.pop() {
        remove_room_part(table, &mine).await?;
        return Ok(Purged::More);
    }
    let said = table.query::<Entry>(Range::of_index(Index::MessagesByAuthor, by_author(user)).limit(AT_ONCE)).await?;
    for entry in &said.items {
        unsay(table, entry).await?;
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

/// Leaves a tombstone where a message was.
async fn unsay(table: &Table, entry: &Entry) -> Result<(), StoreError> {
    let bury = Update::of(store::Item::key(entry)).remove("said").remove("via").index(Index::MessagesByAuthor, None).when(Cond::Exists);
    table.update(bury).await.refused_is_fine()
}
