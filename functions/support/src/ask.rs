//! The requests of clients on the stream, and the answers.

use std::num::NonZeroU64;

use kernel::{
    FieldError, PAGE_MAX, Problem,
    id::{RoomId, UserId},
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

/// The payload of a frame from a client. Without `room` a frame is about the caller's own thread. The team has to state the thread.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum SupportAsk {
    /// Requests the caller's own thread. From then on a socket of the team gets the messages and changes of all threads.
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
        /// For the team: whether to send it even if there are newer messages.
        #[serde(default)]
        #[schema(default = false)]
        force: bool,
    },
    /// Replaces the text of the caller's own message, within fifteen minutes after it was sent.
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
    /// Deletes the caller's own message, within fifteen minutes after it was sent. No effect if it is deleted already.
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
    /// Moves the read marker forward: the caller's own, or that of the whole team. At most every two seconds for each thread and device.
    /// Frames in between are refused with `too_many_requests` and the time to wait.
    Read {
        /// The thread.
        #[schema(nullable = false)]
        room: Option<RoomId>,
        /// The number of the last message that was read.
        seq: u64,
    },
    /// Shows the other side that the person is typing: at most every five seconds for each device. Frames in between are dropped.
    Typing {
        /// The thread.
        #[schema(nullable = false)]
        room: Option<RoomId>,
    },
}

/// A valid request: all checks that need no stored data have passed.
#[derive(Debug)]
pub struct Act {
    /// The thread, for a frame of the team.
    pub room: Option<RoomId>,
    /// The operation.
    pub operation: Operation,
}

/// An operation with its parameters: see [`SupportAsk`].
#[derive(Debug)]
pub enum Operation {
    /// The state of the caller's own thread.
    Hello,
    /// Send a message.
    Send(NewMessage),
    /// Replace the text of this message.
    Edit(u64, Text),
    /// Delete this message.
    Delete(u64),
    /// The messages after a number, with their maximum count.
    Sync(u64, u32),
    /// The messages before a number, with their maximum count.
    History(Option<u64>, u32),
    /// Move the read marker.
    Read(u64),
    /// Show that the person is typing.
    Typing,
}

impl SupportAsk {
    /// Makes all checks that need no stored data.
    ///
    /// # Errors
    /// [`kernel::Kind::MessageLength`], [`kernel::Kind::Invalid`]
    pub fn parse(self) -> Result<Act, Problem> {
        let act = |room, operation| Ok(Act { room, operation });
        match self {
            Self::Hello {} => act(None, Operation::Hello),
            Self::Send { room, text, nonce, reply_to, seen, force } => {
                let message = NewMessage { text: Text::parse(&text)?, nonce, reply_to: reply_to.map(NonZeroU64::get), seen, force };
                message.admits(room.is_some())?;
                act(room, Operation::Send(message))
            }
            Self::Edit { room, seq, text } => act(room, Operation::Edit(seq, Text::parse(&text)?)),
            Self::Delete { room, seq } => act(room, Operation::Delete(seq)),
            Self::Sync { room, since, limit } => act(room, Operation::Sync(since, page_limit(limit, PAGE_MAX)?)),
            Self::History { room, before, limit } => {
                act(room, Operation::History(before.map(NonZeroU64::get), page_limit(limit, PAGE_MAX)?))
            }
            Self::Read { room, seq } => act(room, Operation::Read(seq)),
            Self::Typing { room } => act(room, Operation::Typing),
        }
    }
}

impl NewMessage {
    /// Checks that a frame of the team has `seen` or `force`.
    ///
    /// # Errors
    /// [`kernel::Kind::Invalid`]
    pub fn admits(&self, by_team: bool) -> Result<(), Problem> {
        if by_team && self.seen.is_none() && !self.force { Err(Problem::field("/seen", FieldError::REQUIRED)) } else { Ok(()) }
    }
}

impl Act {
    /// Returns the thread and the limit, if the frame has a limit of its own for each thread and device. `caller` is the owner of the
    /// thread if the frame states none.
    pub fn limited(&self, caller: UserId) -> Option<(RoomId, InRoom)> {
        let limit = match self.operation {
            Operation::Typing => InRoom::Types,
            Operation::Read(_) => InRoom::Reads,
            _ => return None,
        };
        Some((self.room.unwrap_or_else(|| thread_of(caller)), limit))
    }

    /// Returns the items to read for it.
    pub fn target(&self) -> DeskTarget<'_> {
        let (nonce, entry) = match &self.operation {
            Operation::Send(message) => (Some(&message.nonce), None),
            Operation::Edit(seq, _) | Operation::Delete(seq) => (None, Some(*seq)),
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
        /// Whether the socket now gets the threads of the desk: it belongs to a member of the team, and was opened with the proof that
        /// staff need.
        team: bool,
    },
    /// The answer to `send`: the message is committed. It has the nonce as it was sent. A repetition gets the message in its current
    /// state.
    Ack(SupportMessage),
    /// The answer to `edit`: the message in its new state.
    Edited(SupportMessage),
    /// The answer to `delete`: what is left of the message.
    Deleted(SupportMessage),
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
        /// Whether there are more messages to request now.
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

/// Each request with its answer.
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
