//! What this crate stores about a person, for themselves: where they are and what they said. What others said is theirs.

use kernel::{
    Timestamp,
    id::{MessageId, RoomId, UserId},
};
use serde::Serialize;
use store::{Index, Item as _, Range, StoreError, Table};

use crate::{
    message::{Entry, by_author},
    room::{self, Membership},
};

/// Entries that are read at once.
const AT_ONCE: u32 = 500;

/// A room that a person is in.
#[derive(Clone, Debug, Serialize)]
pub struct InRoom {
    room: RoomId,
    /// The other one, in a direct room.
    with: Option<UserId>,
    since: Timestamp,
}

/// Something that they said.
#[derive(Clone, Debug, Serialize)]
pub struct Uttered {
    room: RoomId,
    seq: u64,
    id: MessageId,
    username: String,
    text: String,
    at: Timestamp,
}

/// The rooms that a person is in, and everything they said in them and in the public room, in the order of rooms.
///
/// A query for each hundred rooms, and for each 500 messages of each room.
///
/// # Errors
/// [`StoreError`]
pub async fn said(table: &Table, user: UserId) -> Result<(Vec<InRoom>, Vec<Uttered>), StoreError> {
    let (mut rooms, mut said) = (Vec::<InRoom>::new(), Vec::new());
    loop {
        let page = room::of_user(table, user, rooms.last().map(|r| r.room), 100).await?;
        for Membership { room, peer, since, .. } in page.items {
            let messages = Range::of(room::partition(room)).prefix("MESSAGE#").limit(AT_ONCE);
            gather(table, user, messages, &mut said).await?;
            rooms.push(InRoom { room, with: peer, since: since.into() });
        }
        if !page.more {
            break;
        }
    }
    gather(table, user, Range::of_index(Index::MessagesByAuthor, by_author(user)).limit(AT_ONCE), &mut said).await?;
    Ok((rooms, said))
}

async fn gather(table: &Table, user: UserId, range: Range, said: &mut Vec<Uttered>) -> Result<(), StoreError> {
    let mut next = range.clone();
    loop {
        let page = table.query::<Entry>(next).await?;
        let last = page.items.last().map(|entry| (entry.key(), entry.indexes().into_iter().next().map(|(_, place)| place)));
        for Entry { room, seq, at, said: words, .. } in page.items {
            if let Some(words) = words.filter(|words| words.author == user) {
                let (id, username, text) = (words.id, words.username, words.text.to_string());
                said.push(Uttered { room, seq, id, username, text, at: at.into() });
            }
        }
        match last.filter(|_| page.more) {
            Some((key, place)) => next = range.clone().after(key, place),
            None => return Ok(()),
        }
    }
}
