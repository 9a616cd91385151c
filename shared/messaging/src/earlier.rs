//! The earlier texts of edited messages, which only moderators read.
//!
//! Each is a separate item and not a part of the message, so that pages of the room never contain it. A message keeps the last [`KEPT`] of
//! them, in numbered slots that are used in turn. All are deleted with the message.

use kernel::{
    Time,
    id::{RoomId, UserId},
};
use serde::{Deserialize, Serialize};
use store::{About, Item, Key, Personal, StoreError, Table};

use crate::{
    message::{LogEntry, Said, Text},
    room::partition,
};

/// The maximum number of earlier texts of a message.
pub const KEPT: u32 = 10;

/// A text that was replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierText {
    /// The room.
    pub room: RoomId,
    /// The message's number.
    pub seq: u64,
    /// The number of its slot.
    slot: u32,
    /// The author.
    pub author: UserId,
    /// The text.
    pub text: Text,
    /// When it was replaced.
    pub until: Time,
}

impl EarlierText {
    /// Returns the text of a message that is edited now.
    #[must_use]
    pub(crate) fn of(before: &LogEntry, said: &Said, now: Time) -> Self {
        let slot = before.changes.checked_rem(KEPT).unwrap_or(0);
        Self { room: before.room, seq: before.seq, slot, author: said.author, text: said.text.clone(), until: now }
    }

    fn key_of(room: RoomId, seq: u64, slot: u32) -> Key {
        Key::new(partition(room), format!("EARLIER#{seq:012}#{slot}"))
    }
}

impl Item for EarlierText {
    const KIND: &'static str = "earlier_text";
    const ABOUT: About = About::at("ROOM#{room}", "EARLIER#{seq}#{slot}", Personal::ExportedIn("messages.json")).removed_by("chats");
    fn key(&self) -> Key {
        Self::key_of(self.room, self.seq, self.slot)
    }
}

/// Returns the keys of the earlier texts that a message may have. Empty for a message that was never changed.
#[must_use]
pub fn keys(entry: &LogEntry) -> Vec<Key> {
    (0..entry.changes.min(KEPT)).map(|slot| EarlierText::key_of(entry.room, entry.seq, slot)).collect()
}

/// Returns the earlier texts of these messages, the oldest first. One batch read for every hundred possible texts, none if no message was
/// edited.
///
/// # Errors
/// [`StoreError`]
pub async fn of(table: &Table, entries: &[LogEntry]) -> Result<Vec<EarlierText>, StoreError> {
    let keys: Vec<Key> = entries.iter().flat_map(keys).collect();
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let mut found = table.get_many(keys.clone()).await?;
    let texts = keys.iter().map(|key| found.take::<EarlierText>(key)).collect::<Result<Vec<_>, _>>()?;
    let mut texts: Vec<EarlierText> = texts.into_iter().flatten().collect();
    texts.sort_by_key(|earlier| (earlier.seq, earlier.until));
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use kernel::Sys;

    use super::*;
    use crate::message::Content;

    #[test]
    fn a_message_has_ten_places_that_are_used_in_turn() {
        let sys = Sys::real();
        let text = Text::parse("hello").unwrap();
        let said = Said {
            id: sys.id(),
            author: sys.id(),
            username: String::new(),
            text,
            edited_at: None,
            reply_to: None,
            mentions: vec![],
            attachments: vec![],
        };
        let entry =
            |changes| LogEntry { room: RoomId::NIL, seq: 7, at: Time::ZERO, content: Content::Said(said.clone()), via: None, changes };
        let slot = |changes| EarlierText::of(&entry(changes), &said, Time::ZERO).slot;
        assert_eq!([0, 1, 9, 10, 25].map(slot), [0, 1, 9, 0, 5]);
        assert_eq!([0, 1, 10, 11].map(|changes| keys(&entry(changes)).len()), [0, 1, 10, 10]);
        assert!((0..30).all(|changes| keys(&entry(changes + 1)).contains(&EarlierText::of(&entry(changes), &said, Time::ZERO).key())));
    }
}
