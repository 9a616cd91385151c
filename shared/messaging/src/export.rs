//! The chat's part of a person's export: their rooms and their own messages. Messages of others are not in it.

use kernel::{
    PAGE_MAX, Timestamp,
    id::{MessageId, RoomId, UserId},
};
use serde::Serialize;
use store::{Index, Item as _, Range, StoreError, Table};

use crate::{
    message::{LogEntry, by_author},
    room::{self, Membership},
};

/// Messages read by one query.
const AT_ONCE: u32 = 500;

/// A room that the person is a member of.
#[derive(Clone, Debug, Serialize)]
pub struct InRoom {
    room: RoomId,
    /// The other member of a direct room.
    with: Option<UserId>,
    since: Timestamp,
}

/// A message of the person.
#[derive(Clone, Debug, Serialize)]
pub struct SentMessage {
    room: RoomId,
    seq: u64,
    id: MessageId,
    username: String,
    text: String,
    at: Timestamp,
}

/// The rooms of a person, and all their messages in them and in the public room, in the order of the rooms.
///
/// One query for each hundred rooms and for each 500 messages of each room.
///
/// # Errors
/// [`StoreError`]
pub async fn said(table: &Table, user: UserId) -> Result<(Vec<InRoom>, Vec<SentMessage>), StoreError> {
    let (mut rooms, mut said) = (Vec::<InRoom>::new(), Vec::new());
    loop {
        let page = room::of_user(table, user, rooms.last().map(|r| r.room), PAGE_MAX).await?;
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

async fn gather(table: &Table, user: UserId, range: Range, said: &mut Vec<SentMessage>) -> Result<(), StoreError> {
    let mut next = range.clone();
    loop {
        let page = table.query::<LogEntry>(next).await?;
        let last = page.items.last().map(|entry| (entry.key(), entry.indexes().into_iter().next().map(|(_, place)| place)));
        for LogEntry { room, seq, at, said: words, .. } in page.items {
            if let Some(words) = words.filter(|words| words.author == user) {
                let (id, username, text) = (words.id, words.username, words.text.to_string());
                said.push(SentMessage { room, seq, id, username, text, at: at.into() });
            }
        }
        match last.filter(|_| page.more) {
            Some((key, place)) => next = range.clone().after(key, place),
            None => return Ok(()),
        }
    }
}
