//! The views of a thread for its two sides. A customer sees the team as "Support": the types for customers have no members for more.

use kernel::{
    Time, Timestamp,
    conversation::ThreadState,
    id::{MessageId, RoomId, UserId},
};
use messaging::{
    message::{Author, EntryKind, Message, Nonce},
    room::Room,
    support::thread::{Desk, Side},
    unread::Unread,
};
use serde::Serialize;
use utoipa::ToSchema;

/// How customers see the team.
const SUPPORT: &str = "Support";

/// A side of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SupportSide {
    /// The customer.
    Customer,
    /// The support team.
    Team,
}

impl SupportSide {
    fn of(author: UserId, customer: UserId) -> Self {
        if author == customer { Self::Customer } else { Self::Team }
    }
}

impl From<Side> for SupportSide {
    fn from(side: Side) -> Self {
        match side {
            Side::Customer => Self::Customer,
            Side::Team => Self::Team,
        }
    }
}

/// The author of a message in a support thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SupportAuthor {
    /// The id of the person. Absent for customers if the author is of the team.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    id: Option<UserId>,
    /// The username; for customers `Support` if the team wrote it.
    #[schema(examples("Support"))]
    username: String,
}

/// Returns an author as a viewer of this side sees them.
pub fn author(author: Author, customer: UserId, viewer: Side) -> SupportAuthor {
    match (viewer, SupportSide::of(author.id, customer)) {
        (Side::Customer, SupportSide::Team) => SupportAuthor { id: None, username: SUPPORT.to_owned() },
        _ => SupportAuthor { id: Some(author.id), username: author.username },
    }
}

/// An entry of a support thread. Each number of a thread has one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SupportMessage {
    /// The id of the thread.
    room: RoomId,
    /// The number in the thread. Entries are shown in this order, and a known number is a repetition.
    #[schema(minimum = 1)]
    seq: u64,
    /// The kind: a message, or a deleted message.
    kind: EntryKind,
    /// For a message: its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    id: Option<MessageId>,
    /// For a message: the side that wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    from: Option<SupportSide>,
    /// For a message: the author.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    author: Option<SupportAuthor>,
    /// For a message: plain text, 1 to 4,000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, examples("Where is my order?"))]
    text: Option<String>,
    /// For a message: when it was last edited. Absent if it was never edited.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    edited_at: Option<Timestamp>,
    /// How often it was edited or deleted. Absent if it never was. Clients ignore a state with a lower number than that of the known one,
    /// and every state after a deletion.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, nullable = false)]
    changes: Option<u32>,
    /// For a message: the number of the message that it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, nullable = false)]
    reply_to: Option<u64>,
    /// When the entry got its number.
    created_at: Timestamp,
    /// The nonce with which it was sent: only in the answer to `send`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    nonce: Option<Nonce>,
}

impl SupportMessage {
    /// Creates an entry as one side sees it.
    #[must_use]
    pub fn new(message: Message, customer: UserId, viewer: Side) -> Self {
        let Message { room, seq, kind, id, author: by, text, edited_at, changes, reply_to, created_at, nonce, .. } = message;
        let from = by.as_ref().map(|by| SupportSide::of(by.id, customer));
        let author = by.map(|by| author(by, customer, viewer));
        Self { room, seq, kind, id, from, author, text, edited_at, changes, reply_to, created_at, nonce }
    }

    /// Entries as one side sees them.
    #[must_use]
    pub fn all(messages: Vec<Message>, customer: UserId, viewer: Side) -> Vec<Self> {
        messages.into_iter().map(|message| Self::new(message, customer, viewer)).collect()
    }
}

/// The caller's own support thread.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SupportThread {
    /// The id of the thread.
    room: RoomId,
    /// What it is about.
    #[schema(examples("My order has not arrived"))]
    subject: String,
    /// The state: `waiting` means that the team has answered.
    state: SupportState,
    /// The last number in it. A client that has a lower one sends `sync`.
    last_seq: u64,
    /// How often messages in it were edited or deleted. If this has changed, a client reads the shown messages again.
    changes: u64,
    /// The number up to which the caller has read.
    read_seq: u64,
    /// When it was created.
    created_at: Timestamp,
}

/// The state of a thread as its customer sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SupportState {
    /// The thread waits for the team.
    Open,
    /// The team has answered.
    Waiting,
    /// The thread is done. Another message opens it again.
    Done,
}

impl SupportThread {
    /// Creates a thread as its customer sees it. It does not show that the team has snoozed it.
    pub fn new(room: &Room, desk: &Desk) -> Self {
        let state = match desk.state {
            ThreadState::Open | ThreadState::Snoozed => SupportState::Open,
            ThreadState::Waiting => SupportState::Waiting,
            ThreadState::Done => SupportState::Done,
        };
        Self {
            room: room.id,
            subject: desk.subject.to_string(),
            state,
            last_seq: room.seq,
            changes: room.changes,
            read_seq: desk.customer_read,
            created_at: room.created_at.into(),
        }
    }
}

/// The caller's own support thread, with the number of unread messages.
#[derive(Serialize, ToSchema)]
pub struct OwnSupportThread {
    /// The thread.
    pub thread: SupportThread,
    /// The number of messages of the team that the caller has not read.
    pub unread: Unread,
}

/// A thread as the team sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeskThread {
    /// The id of the thread.
    room: RoomId,
    /// The customer, with their username when they wrote last.
    customer: Author,
    /// What it is about.
    #[schema(examples("My order has not arrived"))]
    subject: String,
    /// The state.
    state: ThreadState,
    /// The end of the snooze.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    snoozed_until: Option<Timestamp>,
    /// The assignee, a member of the team.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    assignee: Option<Author>,
    /// The last number in it.
    last_seq: u64,
    /// When the last entry got its number.
    last_at: Timestamp,
    /// How often messages in it were edited or deleted.
    changes: u64,
    /// The number up to which the team has read.
    read_seq: u64,
    /// Whether the customer has written something that nobody of the team has read.
    unread: bool,
}

impl DeskThread {
    /// Creates a thread as the team sees it at this time.
    pub fn new(room: &Room, desk: &Desk, now: Time) -> Self {
        let state = desk.state_at(now);
        let named = |id: UserId| Author { id, username: desk.assignee_name.clone().unwrap_or_default() };
        Self {
            room: room.id,
            customer: Author { id: desk.customer, username: desk.customer_name.clone() },
            subject: desk.subject.to_string(),
            state,
            snoozed_until: desk.snoozed_until.filter(|_| state == ThreadState::Snoozed).map(Into::into),
            assignee: desk.assignee.map(named),
            last_seq: room.seq,
            last_at: room.latest_at.into(),
            changes: room.changes,
            read_seq: desk.team_read,
            unread: desk.is_unread(),
        }
    }

    /// Returns the threads among these rooms.
    pub fn all(rooms: &[Room], now: Time) -> Vec<Self> {
        rooms.iter().filter_map(|room| room.desk.as_ref().map(|desk| Self::new(room, desk, now))).collect()
    }
}

/// A frame that is pushed to the client.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum SupportPush<'a> {
    /// A new message in a thread.
    Message(&'a SupportMessage),
    /// A message that was edited or deleted, as it is now.
    Changed(&'a SupportMessage),
    /// Many messages of a thread were deleted with the account of their author, a former member of the team. Clients read again what they
    /// show of the thread, at a random moment of the next seconds.
    #[expect(dead_code, reason = "the function `room-fanout` sends it, as the same frame of the chat")]
    Changes {
        /// The thread.
        room: RoomId,
        /// How often messages in it were edited or deleted.
        changes: u64,
    },
    /// A thread whose state or assignee has changed. Only the team gets it.
    Thread(&'a DeskThread),
    /// A thread was read up to this number: by the recipient on another device, or by the team.
    Read {
        /// The thread.
        room: RoomId,
        /// The number.
        seq: u64,
    },
    /// Somebody of the other side is typing. Clients show it for a few seconds, until a message comes.
    Typing {
        /// The thread.
        room: RoomId,
        /// The person who is typing.
        author: SupportAuthor,
    },
}

#[cfg(test)]
mod tests {
    use kernel::Sys;
    use messaging::message::{Content, LogEntry, Said, Text};

    use super::*;

    #[test]
    fn a_customer_never_sees_who_of_the_team_wrote() {
        let sys = Sys::real();
        let (customer, kim) = (sys.id(), sys.id::<UserId>());
        let said = Said {
            id: sys.id(),
            author: kim,
            username: "kim".to_owned(),
            text: Text::parse("hello").unwrap(),
            edited_at: None,
            reply_to: None,
            mentions: Vec::new(),
            attachments: Vec::new(),
        };
        let entry = LogEntry { room: sys.id(), seq: 1, at: sys.now(), content: Content::Said(said), via: None, changes: 0 };
        let seen = |viewer| serde_json::to_string(&SupportMessage::new(entry.clone().shown(), customer, viewer)).unwrap();
        let (theirs, ours) = (seen(Side::Customer), seen(Side::Team));
        assert!(theirs.contains("\"Support\"") && !theirs.contains("kim") && !theirs.contains(&kim.to_string()), "{theirs}");
        assert!(ours.contains("\"kim\"") && ours.contains(&kim.to_string()), "{ours}");
    }
}
