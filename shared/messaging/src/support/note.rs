//! Private notes of the team about a thread: separate items in a separate partition. No operation or frame of a customer reads that
//! partition, nor does any mail, transcript or export.

use accounts::user::User;
use kernel::{
    FieldError, Sys, Time,
    id::{NoteId, RoomId, UserId},
};
use serde::{Deserialize, Serialize};
use store::{About, CommitError, Cond, Conditional as _, Index, Item, Key, Page, Personal, Range, StoreError, Table, Tx, Update, field};

use crate::room::Room;

/// The maximum number of characters of a note.
pub const TEXT_MAX_CHARS: usize = 4_000;
/// The maximum number of items that one call of the purge changes.
const AT_ONCE: u32 = 100;

/// A note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The thread.
    pub room: RoomId,
    /// The id.
    pub id: NoteId,
    /// The author. Absent when their account is deleted.
    #[serde(default)]
    pub author: Option<UserId>,
    /// Their username when they wrote it.
    #[serde(default)]
    pub username: Option<String>,
    /// The text.
    pub text: String,
    /// When it was written.
    pub at: Time,
}

impl Note {
    /// Returns the key of a note beside a thread.
    #[must_use]
    pub fn key_of(room: RoomId, id: NoteId) -> Key {
        Key::new(beside(room), id.to_string())
    }
}

/// Returns the partition of the notes beside a thread.
fn beside(room: RoomId) -> String {
    format!("SUPPORT_NOTES#{room}")
}

/// Returns the partition of the index with the notes of an author.
fn by_author(author: UserId) -> String {
    format!("USER#{author}#NOTES")
}

impl Item for Note {
    const KIND: &'static str = "support_note";
    const ABOUT: About = About::at("SUPPORT_NOTES#{room}", "{note}", Personal::Withheld("written by the support team for itself"))
        .indexed(Index::NotesByAuthor, "USER#{user}#NOTES", "{note}")
        .removed_by("chats");
    fn key(&self) -> Key {
        Self::key_of(self.room, self.id)
    }
    fn indexes(&self) -> Vec<(Index, Key)> {
        self.author.map(|author| (Index::NotesByAuthor, Key::new(by_author(author), self.id.to_string()))).into_iter().collect()
    }
}

/// Returns the text of a note: trimmed, 1 to [`TEXT_MAX_CHARS`] characters.
///
/// # Errors
/// `required` or `too_long`.
pub fn parse(typed: &str) -> Result<String, FieldError> {
    let text = typed.trim();
    if kernel::text::is_blank(text) {
        return Err(FieldError::REQUIRED);
    }
    if text.chars().count() > TEXT_MAX_CHARS {
        return Err(FieldError::TOO_LONG.with("max", TEXT_MAX_CHARS));
    }
    Ok(text.to_owned())
}

/// Writes a note beside a thread, if that exists. One transaction. `None` if it does not.
///
/// # Errors
/// [`StoreError`]
pub async fn write(table: &Table, sys: &Sys, room: RoomId, author: &User, text: String) -> Result<Option<Note>, StoreError> {
    let (author, username) = (Some(author.id), Some(author.username.to_string()));
    let note = Note { room, id: sys.id(), author, username, text, at: sys.now() };
    let mut tx = Tx::new();
    tx.create(&note);
    tx.check(Room::key_of(room), field("customer").exists());
    match table.commit(tx).await {
        Ok(()) => Ok(Some(note)),
        Err(CommitError::Refused(_)) => Ok(None),
        Err(CommitError::Store(e)) => Err(e),
    }
}

/// Returns a page of the notes beside a thread, the newest first, after this one. One query.
///
/// # Errors
/// [`StoreError`]
pub async fn list(table: &Table, room: RoomId, after: Option<NoteId>, limit: u32) -> Result<Page<Note>, StoreError> {
    let range = Range::of(beside(room)).newest_first().limit(limit);
    let range = match after {
        Some(id) => range.after(Note::key_of(room, id), None),
        None => range,
    };
    table.query(range).await
}

/// Deletes a part of the notes beside a thread. True if there are more.
///
/// # Errors
/// [`StoreError`]
pub(crate) async fn remove_part(table: &Table, room: RoomId) -> Result<bool, StoreError> {
    let page = table.query::<Note>(Range::of(beside(room)).limit(AT_ONCE)).await?;
    table.delete_many(page.items.iter().map(Item::key).collect()).await?;
    Ok(page.more)
}

/// Removes the author from a part of their notes, which stay with the thread. True if there are more.
///
/// # Errors
/// [`StoreError`]
pub(crate) async fn forget_author(table: &Table, author: UserId) -> Result<bool, StoreError> {
    let page = table.query::<Note>(Range::of_index(Index::NotesByAuthor, by_author(author)).limit(AT_ONCE)).await?;
    for note in &page.items {
        let nameless = Update::of(note.key()).remove("author").remove("username").index(Index::NotesByAuthor, None);
        table.update(nameless.when(Cond::Exists)).await.refused_is_fine()?;
    }
    Ok(page.more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_has_a_text() {
        assert_eq!(parse("  call back \n"), Ok("call back".to_owned()));
        assert_eq!(parse(" \u{200b} ").unwrap_err().code, "required");
        assert_eq!(parse(&"x".repeat(TEXT_MAX_CHARS + 1)).unwrap_err().code, "too_long");
    }
}
