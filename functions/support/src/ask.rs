//! The requests of clients on the stream, and the answers.

use std::num::NonZeroU64;

use kernel::{
    FieldError, PAGE_MAX, Problem, Timestamp,
    id::{MessageId, RoomId, UserId},
    page_limit,
};
use messaging::{
    access::DeskTarget,
    message::{Nonce, Text},
    pace::InRoom,
    support::thread::thread_of,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    shown::{SupportMessage, SupportThread},
    talk::NewMessage,
};

/// The payload of a frame from a client. Without `room` a frame is about the caller's own thread. The team names the thread.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum SupportAsk {
    /// Asks for the caller's own thread. From then on a socket of the team gets what happens in all threads.
    Hello {},
    /// Sends a message.
    Send {
        /// The thread.
        #[schema(nullable = false)]
        room: Option<RoomId>,
        /// The text.
        #[schema(min_length = 1, max_length = 4000, examples("Where is my order?"))]
        text: String,
        /// The client's nonce for this message. Repeating it commits nothing more.
        nonce: Nonce,
        /// The number of the message that it answers.
        #[schema(value_type = Option<u64>, minimum = 1, nullable = false)]
        reply_to: Option<NonZeroU64>,
        /// For the team: the last number that the author has seen. If there is a higher one the answer is refused.
        #[schema(nullable = false, examples(0))]
        seen: Option<u64>,
        /// For the team: whether to send it whatever came since.
        #[serde(default)]
        #[schema(default = false)]
        force: bool,
    },
    /// Replaces the text of one's own message, within fifteen minutes after it was sent.
    Edit {
        /// The thread.
        #[schema(nullable = false)]
        room: Option<RoomId>,
        /// The message's number.
        #[schema(minimum = 1)]
        seq: u64,
        /// The new text.
        #[schema(min_length = 1, max_length = 4000, examples("Where is my parcel?"))]
        text: String,
    },
    /// Deletes one's own message, within fifteen minutes after it was sent.
    Delete {
        /// The thread.
        #[schema(nullable = false)]
        room: Option<RoomId>,
        /// The message's number.
        #[schema(minimum = 1)]
        seq: u64,
    },
    /// Asks for the messages after a number.
    Sync {
        /// The thread.
        #[schema(nullable = false)]
        room: Option<RoomId>,
        /// The last number the client has.
        since: u64,
        /// The maximum number of messages.
        #[schema(minimum = 1, maximum = 100, nullable = false)]
        limit: Option<u32>,
    },
    /// Asks for older messages.
    History {
        /// The thread.
        #[schema(nullable = false)]
        room: Option<RoomId>,
        /// Only messages before this number. Absent means the newest.
        #[schema(value_type = Option<u64>, minimum = 1, nullable = false)]
        before: Option<NonZeroU64>,
        /// The maximum number of messages.
        #[schema(minimum = 1, maximum = 100, nullable = false)]
        limit: Option<u32>,
    },
    /// Moves the read marker forward: the caller's own, or that of the whole team. At most every two seconds for each thread and device:
    /// what comes in between is refused with `too_many_requests` and the time to wait.
    Read {
        /// The thread.
        #[schema(nullable = false)]
        room: Option<RoomId>,
        /// The number of the last message that was read.
        seq: u64,
    },
    /// Tells the other side that the person types: at most every five seconds for each device. What comes in between is dropped.
    Typing {
        /// The thread.
        #[schema(nullable = false)]
        room: Option<RoomId>,
    },
}

/// A request with everything checked that needs no read.
#[derive(Debug)]
pub struct Act {
    /// The thread, for a frame of the team.
    pub room: Option<RoomId>,
    /// What to do.
    pub what: What,
}

/// What a frame asks for: see [`SupportAsk`].
#[derive(Debug)]
pub enum What {
    /// The state of the caller's own thread.
    Hello,
    /// To send a message.
    Send(NewMessage),
    /// To replace the text of this message.
    Edit(u64, Text),
    /// To delete this message.
    Delete(u64),
    /// What came after a number, at most so many messages.
    Sync(u64, u32),
    /// What came before a number, at most so many messages.
    History(Option<u64>, u32),
    /// To move the read marker.
    Read(u64),
    /// To tell that the person types.
    Typing,
}

impl SupportAsk {
    /// Checks what needs no read.
    ///
    /// # Errors
    /// [`kernel::Kind::MessageLength`], [`kernel::Kind::Invalid`]
    pub fn parse(self) -> Result<Act, Problem> {
        let act = |room, what| Ok(Act { room, what });
        match self {
            Self::Hello {} => act(None, What::Hello),
            Self::Send { room, text, nonce, reply_to, seen, force } => {
                let message = NewMessage { text: Text::parse(&text)?, nonce, reply_to: reply_to.map(NonZeroU64::get), seen, force };
                message.admits(room.is_some())?;
                act(room, What::Send(message))
            }
            Self::Edit { room, seq, text } => act(room, What::Edit(seq, Text::parse(&text)?)),
            Self::Delete { room, seq } => act(room, What::Delete(seq)),
            Self::Sync { room, since, limit } => act(room, What::Sync(since, page_limit(limit, PAGE_MAX)?)),
            Self::History { room, before, limit } => act(room, What::History(before.map(NonZeroU64::get), page_limit(limit, PAGE_MAX)?)),
            Self::Read { room, seq } => act(room, What::Read(seq)),
            Self::Typing { room } => act(room, What::Typing),
        }
    }
}

impl NewMessage {
    /// The team says what it has seen, unless it sends whatever came since.
    ///
    /// # Errors
    /// [`kernel::Kind::Invalid`]
    pub fn admits(&self, by_team: bool) -> Result<(), Problem> {
        if by_team && self.seen.is_none() && !self.force { Err(Problem::field("/seen", FieldError::REQUIRED)) } else { Ok(()) }
    }
}

impl Act {
    /// What the frame does in a thread, if that has a limit of its own for each device. `caller`: the owner of the thread if none is named.
    pub fn limited(&self, caller: UserId) -> Option<(RoomId, InRoom)> {
        let what = match self.what {
            What::Typing => InRoom::Types,
            What::Read(_) => InRoom::Reads,
            _ => return None,
        };
        Some((self.room.unwrap_or_else(|| thread_of(caller)), what))
    }

    /// The items to read for it.
    pub fn target(&self) -> DeskTarget<'_> {
        let (nonce, entry) = match &self.what {
            What::Send(message) => (Some(&message.nonce), None),
            What::Edit(seq, _) | What::Delete(seq) => (None, Some(*seq)),
            _ => (None, None),
        };
        DeskTarget { thread: self.room, nonce, entry }
    }
}

/// The payload of an answer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum SupportAnswer {
    /// The answer to `hello`.
    Hello {
        /// The caller's own thread. Absent if they have none.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        thread: Option<SupportThread>,
        /// Whether the socket is at the desk now: it is of the team, and was opened with the proof that staff need.
        team: bool,
    },
    /// The answer to `send`: the message is committed. A repetition gets the same answer.
    Ack {
        /// The thread.
        room: RoomId,
        /// The message's number.
        seq: u64,
        /// The id of the message.
        id: MessageId,
        /// The nonce as it was sent.
        nonce: Nonce,
        /// When its number was taken.
        created_at: Timestamp,
    },
    /// The answer to `edit`.
    Edited {
        /// The thread.
        room: RoomId,
        /// The message's number.
        seq: u64,
    },
    /// The answer to `delete`.
    Deleted {
        /// The thread.
        room: RoomId,
        /// The message's number.
        seq: u64,
    },
    /// The answer to `sync`.
    Sync {
        /// The thread.
        room: RoomId,
        /// The messages in ascending order, one for each number.
        messages: Vec<SupportMessage>,
        /// The number to send as `since` next.
        upto: u64,
        /// The last number in the thread.
        last_seq: u64,
        /// Whether there are more messages to ask for now.
        more: bool,
    },
    /// The answer to `history`.
    History {
        /// The thread.
        room: RoomId,
        /// The messages in ascending order, one for each number.
        messages: Vec<SupportMessage>,
        /// The highest number that this page covers: newer messages are read with `sync` from here.
        upto: u64,
        /// The number to send as `before` for the page before this one. Absent at the beginning of the thread.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        before: Option<u64>,
    },
    /// The answer to `read`.
    Read {
        /// The thread.
        room: RoomId,
        /// Where the marker is now.
        seq: u64,
    },
    /// The answer to `typing`.
    Typing {
        /// The thread.
        room: RoomId,
    },
}

/// Each ask with its answer.
pub const REPLIES: &[(&str, &str)] = &[
    ("hello", "hello"),
    ("send", "ack"),
    ("edit", "edited"),
    ("delete", "deleted"),
    ("sync", "sync"),
    ("history", "history"),
    ("read", "read"),
    ("typing", "typing"),
];
