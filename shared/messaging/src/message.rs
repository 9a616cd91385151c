//! Messages, and the entries of a room's log: one for each number.

use std::{collections::BTreeMap, fmt, str::FromStr};

use accounts::{picture::Picture, profanity};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use kernel::{
    FieldError, Kind, Problem, Time, Timestamp,
    id::{MessageId, RoomId, UserId},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{About, Index, Item, Key, Personal};
use utoipa::ToSchema;

use crate::{
    attachment::{AttachedFile, MessageAttachment},
    room,
};

/// The maximum number of characters of a message.
pub const TEXT_MAX_CHARS: usize = 4_000;
/// The maximum number of characters of a nonce.
const NONCE_MAX_CHARS: usize = 64;

/// The text of a message: trimmed, 1 to [`TEXT_MAX_CHARS`] characters, not blank, without control characters but line breaks and tabs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text(String);

impl Text {
    /// Parses what a person typed.
    ///
    /// # Errors
    /// [`Kind::MessageLength`], or [`Kind::Invalid`] for control characters.
    pub fn parse(typed: &str) -> Result<Self, Problem> {
        let text = typed.trim();
        let length = text.chars().take(TEXT_MAX_CHARS.saturating_add(1)).count();
        if kernel::text::is_blank(text) || length > TEXT_MAX_CHARS {
            return Err(Problem::new(Kind::MessageLength).with("max", TEXT_MAX_CHARS));
        }
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            return Err(Problem::field("/text", FieldError::CHARACTERS));
        }
        Ok(Self(text.to_owned()))
    }

    /// Returns the text with its swear words masked, for a room that asks for it ([`crate::room::Room::masks`]).
    ///
    /// Words are masked when a message is stored, not when it is shown. So no page, notification, excerpt or export can show them by
    /// mistake, and copies of clients stay correct when the room's setting changes, which applies to later messages only.
    #[must_use]
    pub fn masked(&self) -> Self {
        Self(profanity::masked(&self.0))
    }

    /// Parses the text of a message with files, which may be empty.
    ///
    /// # Errors
    /// The errors of [`Text::parse`], except for a blank text.
    pub fn beside_files(typed: &str) -> Result<Self, Problem> {
        if kernel::text::is_blank(typed) { Ok(Self(String::new())) } else { Self::parse(typed) }
    }
}

/// The maximum number of characters of an [`Explanation`].
pub(crate) const EXPLANATION_MAX_CHARS: usize = 500;

/// An explanation of a report or a ban in somebody's own words: trimmed, 1 to 500 characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Explanation(String);

impl Explanation {
    /// Parses what a person typed. `None` if it is blank, as a form sends it that nobody filled in.
    ///
    /// # Errors
    /// `too_long` or `characters`.
    pub fn parse(typed: &str) -> Result<Option<Self>, FieldError> {
        let parsed = (!kernel::text::is_blank(typed)).then(|| kernel::text::paragraphs(typed, 1, EXPLANATION_MAX_CHARS).map(Self));
        parsed.transpose()
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The client's id of a send, which makes repetitions idempotent. It is part of a key, so it has only `A-Za-z0-9_-`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_-]+$", examples("a1"))]
pub struct Nonce(String);

const _: () = assert!(NONCE_MAX_CHARS == 64, "what the schema says");

/// The nonce is empty, too long or has characters that are not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a nonce has 1 to {NONCE_MAX_CHARS} of A-Z a-z 0-9 _ -")]
pub struct BadNonce;

impl Nonce {
    /// Returns the nonce of a send over HTTP: its idempotency key, or the SHA-256 of one that has other characters or is too long.
    #[must_use]
    pub fn of_key(key: &str) -> Self {
        key.parse().unwrap_or_else(|BadNonce| Self(URL_SAFE_NO_PAD.encode(Sha256::digest(key))))
    }
}

impl TryFrom<String> for Nonce {
    type Error = BadNonce;
    fn try_from(s: String) -> Result<Self, BadNonce> {
        let good = (1..=NONCE_MAX_CHARS).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        if good { Ok(Self(s)) } else { Err(BadNonce) }
    }
}

impl FromStr for Nonce {
    type Err = BadNonce;
    fn from_str(s: &str) -> Result<Self, BadNonce> {
        s.to_owned().try_into()
    }
}

impl From<Nonce> for String {
    fn from(n: Nonce) -> Self {
        n.0
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An entry of a room's log: a message, a system event, or the tombstone of a deleted one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// The room.
    pub room: RoomId,
    /// The number, from 1.
    pub seq: u64,
    /// When the number was taken.
    pub at: Time,
    /// The content of the entry. Stored as an attribute with the name of the variant.
    #[serde(flatten)]
    pub content: Content,
    /// The sender's socket, which gets the acknowledgement and no delivery.
    pub via: Option<String>,
    /// The number of edits and deletions.
    #[serde(default)]
    pub changes: u32,
}

/// The content of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// A message.
    Said(Said),
    /// A system event.
    Happened(Happened),
    /// A message or an event that was deleted: a tombstone.
    Deleted {},
}

impl Content {
    /// Returns the attribute of a tombstone, for updates.
    pub(crate) const fn tombstone() -> (&'static str, BTreeMap<String, String>) {
        ("deleted", BTreeMap::new())
    }
}

/// The author and the text of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The id of the message.
    pub id: MessageId,
    /// The author.
    pub author: UserId,
    /// The author's username when they wrote it, so that a page needs no reads of accounts.
    pub username: String,
    /// The text. Empty if the message has only files.
    pub text: Text,
    /// The files, at most [`crate::attachment::MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<AttachedFile>,
    /// When it was edited last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Time>,
    /// The number of the message that it answers. Its content is read when it is shown, and never copied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<u64>,
    /// The people whom it mentions, at most [`crate::mention::MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<UserId>,
}

/// A system event: something that happened to a room or to its members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happened {
    /// What happened.
    pub event: RoomEvent,
    /// The person whom it happened to or, for events about the room, who caused it.
    pub who: UserId,
    /// Their username when it happened.
    pub username: String,
}

/// What can happen to a room or to its members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RoomEvent {
    /// The room was made. Always number 1.
    Created {},
    /// Somebody became a member.
    Joined {},
    /// A member left.
    Left {},
    /// A member was removed.
    Removed {},
    /// The room got another name.
    Renamed {
        /// The new name.
        name: String,
    },
    /// The room got another topic.
    TopicChanged {
        /// The new topic. Absent if the room has none any more.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        topic: Option<String>,
    },
    /// A member became an administrator.
    Promoted {},
    /// An administrator became a member without that role.
    Demoted {},
    /// A member became the owner.
    NewOwner {},
}

impl LogEntry {
    /// Returns the key of the entry with this number.
    #[must_use]
    pub fn key_of(room: RoomId, seq: u64) -> Key {
        Key::new(room::partition(room), sort(seq))
    }

    /// Returns the files of a message.
    #[must_use]
    pub fn attachments(&self) -> &[AttachedFile] {
        if let Content::Said(said) = &self.content { &said.attachments } else { &[] }
    }

    /// Returns the person whose data the entry contains: the author, or the person of an event.
    const fn person(&self) -> Option<UserId> {
        match &self.content {
            Content::Said(Said { author, .. }) => Some(*author),
            Content::Happened(Happened { who, .. }) => Some(*who),
            Content::Deleted {} => None,
        }
    }

    /// Returns whether it is a tombstone.
    #[must_use]
    pub const fn is_deleted(&self) -> bool {
        matches!(self.content, Content::Deleted {})
    }

    /// Returns the entry as members see it.
    #[must_use]
    pub fn shown(self) -> Message {
        let Self { room, seq, at, content, changes, .. } = self;
        let none = Message {
            room,
            seq,
            kind: EntryKind::Deleted,
            id: None,
            author: None,
            text: None,
            attachments: Vec::new(),
            edited_at: None,
            changes: Some(changes).filter(|changes| *changes > 0),
            reply_to: None,
            mentions: Vec::new(),
            event: None,
            who: None,
            created_at: at.into(),
            picture: None,
            with: None,
            nonce: None,
        };
        match content {
            Content::Said(Said { id, author, username, text, attachments, edited_at, reply_to, mentions }) => {
                let (kind, author) = (EntryKind::Text, Some(Author { id: author, username }));
                let (id, text, edited_at) = (Some(id), Some(text.0).filter(|text| !text.is_empty()), edited_at.map(Into::into));
                let attachments = attachments.into_iter().map(AttachedFile::shown).collect();
                Message { kind, id, author, text, attachments, edited_at, reply_to, mentions, ..none }
            }
            Content::Happened(Happened { event, who, username }) => {
                let who = Some(Author { id: who, username });
                Message { kind: EntryKind::Event, event: Some(event), who, ..none }
            }
            Content::Deleted {} => none,
        }
    }
}

/// Returns the sort key of a number in its room's partition. The keys sort as the numbers do.
#[must_use]
pub fn sort(seq: u64) -> String {
    format!("MESSAGE#{seq:012}")
}

/// Returns the index partition of the messages of a person, and of the events that name them.
#[must_use]
pub fn by_author(author: UserId) -> String {
    format!("USER#{author}#MESSAGES")
}

impl Item for LogEntry {
    const KIND: &'static str = "message";
    const ABOUT: About = About::at("ROOM#{room}", "MESSAGE#{seq}", Personal::ExportedIn("messages.json"))
        .indexed(Index::MessagesByAuthor, "USER#{user}#MESSAGES", "{room}#{seq}")
        .removed_by("chats");
    fn key(&self) -> Key {
        Self::key_of(self.room, self.seq)
    }
    fn indexes(&self) -> Vec<(Index, Key)> {
        let place = |person| (Index::MessagesByAuthor, Key::new(by_author(person), format!("{}#{:012}", self.room, self.seq)));
        self.person().map(place).into_iter().collect()
    }
}

/// The kind of an entry of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// A message.
    Text,
    /// A system event, which is never unread.
    Event,
    /// A message or an event that was deleted.
    Deleted,
}

/// An entry of a room as members see it. Each number of a room has one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Message {
    /// The id of the room.
    pub room: RoomId,
    /// The number in the room. Clients show entries in this order, and ignore numbers that they already have.
    #[schema(minimum = 1)]
    pub seq: u64,
    /// What it is.
    pub kind: EntryKind,
    /// Of a message: its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub id: Option<MessageId>,
    /// Of a message: the author.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub author: Option<Author>,
    /// Of a message: plain text, 1 to 4,000 characters. Absent if it has only files.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, examples("Shall we meet under the colonnade?"))]
    pub text: Option<String>,
    /// Of a message: its files.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, max_items = 10)]
    pub attachments: Vec<MessageAttachment>,
    /// Of a message: when it was edited last. Absent if it never was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub edited_at: Option<Timestamp>,
    /// How often it was edited or deleted. Absent if it never was. Clients ignore a state with a lower number than that of the known one,
    /// and every state after a deletion.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, nullable = false)]
    pub changes: Option<u32>,
    /// Of a message: the number of the message that it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, nullable = false)]
    pub reply_to: Option<u64>,
    /// Of a message: the people whom it mentions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, max_items = 10)]
    pub mentions: Vec<UserId>,
    /// Of a system event: what happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub event: Option<RoomEvent>,
    /// Of a system event: the person whom it happened to or, for events about the room, who caused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub who: Option<Author>,
    /// When the number was taken.
    pub created_at: Timestamp,
    /// The author's picture or the default one: only in a direct room, and only when the message is delivered over the socket.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub picture: Option<Picture>,
    /// The other person of a direct room: only with its first message, and only when that is delivered over the socket.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub with: Option<Author>,
    /// The nonce with which it was sent: only in the answer to `send`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub nonce: Option<Nonce>,
}

/// The author of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Author {
    /// The id of the person.
    pub id: UserId,
    /// Their username when they wrote the message.
    #[schema(examples("ana"))]
    pub username: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_explanation_that_nobody_typed_is_none() {
        let parsed = |typed: &str| Explanation::parse(typed).map(|parsed| parsed.map(|text| text.0)).map_err(|e| e.code);
        assert_eq!((parsed(""), parsed(" \u{200b}\n"), parsed(" Spam. ")), (Ok(None), Ok(None), Ok(Some("Spam.".to_owned()))));
        assert_eq!((parsed(&"x".repeat(501)), parsed("a\u{7}")), (Err("too_long"), Err("characters")));
    }

    #[test]
    fn the_length_of_a_text_is_in_characters_after_trimming() {
        let ok = |s: &str| Text::parse(s).map(|t| t.0).map_err(|p| p.kind);
        assert_eq!(ok("  hi \n"), Ok("hi".to_owned()));
        for blank in [" \n\t ", "\u{200b}", "\u{2800}", "\u{3164}", "\u{ad}\u{2060}\u{feff}", "\u{200e}\u{fe0f}"] {
            assert_eq!(ok(blank), Err(Kind::MessageLength), "{}", blank.escape_unicode());
        }
        assert_eq!(ok("\u{2764}\u{fe0f}"), Ok("\u{2764}\u{fe0f}".to_owned()));
        assert_eq!(ok(&"ż".repeat(4_000)), Ok("ż".repeat(4_000)));
        assert_eq!(ok(&format!(" {} ", "😀".repeat(4_000))), Ok("😀".repeat(4_000)));
        assert_eq!(ok(&"x".repeat(4_001)), Err(Kind::MessageLength));
        assert_eq!(ok("a\nb\tc"), Ok("a\nb\tc".to_owned()));
        for bad in ["a\0b", "a\u{1b}[31m", "a\u{7f}b", "a\u{85}b"] {
            assert_eq!(ok(bad), Err(Kind::Invalid), "{bad:?}");
        }
    }

    #[test]
    fn a_text_beside_files_may_be_empty() {
        let ok = |s: &str| Text::beside_files(s).map(|t| t.0).map_err(|p| p.kind);
        assert_eq!(ok(" \u{200b} "), Ok(String::new()));
        assert_eq!(ok(" hi "), Ok("hi".to_owned()));
        assert_eq!(ok(&"x".repeat(4_001)), Err(Kind::MessageLength));
    }

    #[test]
    fn a_nonce_has_no_separators_of_keys() {
        assert!("0192-a_Z".parse::<Nonce>().is_ok() && "x".repeat(64).parse::<Nonce>().is_ok());
        for bad in ["", "a#b", "a b", "ż", "a\n", &"x".repeat(65)] {
            assert!(bad.parse::<Nonce>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_idempotency_key_is_a_nonce_or_leads_to_one() {
        assert_eq!(Nonce::of_key("0192-a_Z").to_string(), "0192-a_Z");
        let long = "k".repeat(255);
        let hashed = ["a#b", "a#c", &long].map(|key| Nonce::of_key(key).to_string());
        assert!(hashed.iter().all(|nonce| nonce.parse::<Nonce>().is_ok()), "{hashed:?}");
        assert_ne!(hashed[0], hashed[1]);
    }

    #[test]
    fn keys_sort_as_numbers_do() {
        let mut keys: Vec<_> = [1, 9, 10, 99, 1_000_000, u64::from(u32::MAX)].map(sort).to_vec();
        let ordered = keys.clone();
        keys.sort();
        assert_eq!(keys, ordered);
    }
}
