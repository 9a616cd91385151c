//! The frames of this stream: the requests of clients, and the answers.

use std::num::NonZeroU64;

use kernel::{
    PAGE, PAGE_MAX, Problem,
    id::{AttachmentId, RoomId},
    page_limit,
};
use messaging::{
    access::FrameTarget,
    limits::Limits,
    message::{Message, Nonce, Text},
    pace::InRoom,
    room::{PUBLIC, RoomKind, RoomName},
    say::NewMessage,
    unread::Mark,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The payload of a frame from a client.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Ask {
    /// Asks for the state of the caller's rooms.
    Hello {},
    /// Keeps the socket open. A client sends it after `ping_seconds` without another frame: a silent client is shown as offline, and after
    /// ten minutes without a frame API Gateway closes the socket.
    Ping {},
    /// Sends a message.
    Send {
        /// The room.
        room: RoomName,
        /// The text: 1 to 4,000 characters. It may be empty if there are files.
        #[schema(max_length = 4000, examples("Good morning!"))]
        text: String,
        /// The client's nonce for this message. The same nonce again does not send another message.
        nonce: Nonce,
        /// The number of the message that it answers.
        #[schema(value_type = Option<u64>, minimum = 1, nullable = false)]
        reply_to: Option<NonZeroU64>,
        /// Files that the person has uploaded for this room (`POST /v1/rooms/{room}/uploads`), each for one message.
        #[serde(default)]
        #[schema(max_items = 10)]
        attachments: Vec<AttachmentId>,
    },
    /// Replaces the text of the caller's own message, within fifteen minutes after it was sent.
    Edit {
        /// The room.
        room: RoomName,
        /// The message's number.
        #[schema(minimum = 1)]
        seq: u64,
        /// The new text.
        #[schema(min_length = 1, max_length = 4000, examples("Good evening!"))]
        text: String,
    },
    /// Deletes a message: the caller's own within fifteen minutes after it was sent, or any in a room that the caller administrates.
    /// No effect if it is deleted already.
    Delete {
        /// The room.
        room: RoomName,
        /// The message's number.
        #[schema(minimum = 1)]
        seq: u64,
    },
    /// Asks for the messages after a number.
    Sync {
        /// The room.
        room: RoomName,
        /// The last number the client has.
        since: u64,
        /// The maximum number of messages.
        #[schema(minimum = 1, maximum = 100, nullable = false)]
        limit: Option<u32>,
    },
    /// Asks for older messages.
    History {
        /// The room.
        room: RoomName,
        /// Only messages before this number. Absent means the newest.
        #[schema(value_type = Option<u64>, minimum = 1, nullable = false)]
        before: Option<NonZeroU64>,
        /// The maximum number of messages.
        #[schema(minimum = 1, maximum = 100, nullable = false)]
        limit: Option<u32>,
    },
    /// Shows the others in a room of up to twenty that the person is typing: at most every five seconds for each device. Frames in between
    /// are dropped. Larger rooms show nothing.
    Typing {
        /// The room.
        room: RoomName,
    },
    /// Moves the person's read marker, and sends it to their other devices. It moves forward only, unless `unread` is true.
    ///
    /// At most every two seconds for each room and device. Frames in between are refused with `too_many_requests` and the time to wait,
    /// after which a client sends its newest marker. In a room of up to twenty the others get a `receipt`, if both sides show receipts.
    Read {
        /// The room.
        room: RoomName,
        /// The number of the last message that was read.
        seq: u64,
        /// Whether the marker may also go back, so that the messages after it are unread again.
        #[serde(default)]
        #[schema(default = false)]
        unread: bool,
    },
    /// Asks how many others are online.
    Online {
        /// The public room.
        room: RoomName,
    },
}

/// A valid request: all checks that need no stored data have passed.
#[derive(Debug)]
pub enum Act {
    /// See [`Ask::Hello`].
    Hello,
    /// See [`Ask::Ping`].
    Ping,
    /// See [`Ask::Send`].
    Send {
        /// The room.
        room: RoomId,
        /// The message.
        message: NewMessage,
    },
    /// See [`Ask::Edit`].
    Edit {
        /// The room.
        room: RoomId,
        /// The message's number.
        seq: u64,
        /// The new text.
        text: Text,
    },
    /// See [`Ask::Delete`].
    Delete {
        /// The room.
        room: RoomId,
        /// The message's number.
        seq: u64,
    },
    /// See [`Ask::Sync`].
    Sync {
        /// The room.
        room: RoomId,
        /// The last number the client has.
        since: u64,
        /// The maximum number of messages.
        limit: u32,
    },
    /// See [`Ask::History`].
    History {
        /// The room.
        room: RoomId,
        /// Only messages before this number.
        before: Option<u64>,
        /// The maximum number of messages.
        limit: u32,
    },
    /// See [`Ask::Typing`].
    Typing {
        /// The room.
        room: RoomId,
    },
    /// See [`Ask::Read`].
    Read {
        /// The room.
        room: RoomId,
        /// The number of the last message that was read.
        seq: u64,
        /// In which direction the marker may move.
        mark: Mark,
    },
    /// See [`Ask::Online`].
    Online {
        /// The room.
        room: RoomId,
    },
}

impl Ask {
    /// Makes all checks that need no stored data.
    ///
    /// # Errors
    /// [`kernel::Kind::MessageLength`], [`kernel::Kind::Invalid`], [`kernel::Kind::TooMany`]
    pub fn parse(self) -> Result<Act, Problem> {
        Ok(match self {
            Self::Hello {} => Act::Hello,
            Self::Ping {} => Act::Ping,
            Self::Send { room, text, nonce, reply_to, attachments } => {
                Act::Send { room: room.0, message: NewMessage::parse(&text, nonce, reply_to, attachments)? }
            }
            Self::Edit { room, seq, text } => Act::Edit { room: room.0, seq, text: Text::parse(&text)? },
            Self::Delete { room, seq } => Act::Delete { room: room.0, seq },
            Self::Sync { room, since, limit } => Act::Sync { room: room.0, since, limit: page_limit(limit, PAGE_MAX)? },
            Self::History { room, before, limit } => {
                Act::History { room: room.0, before: before.map(NonZeroU64::get), limit: page_limit(limit, PAGE)? }
            }
            Self::Read { room, seq, unread } => Act::Read { room: room.0, seq, mark: if unread { Mark::Unread } else { Mark::Read } },
            Self::Typing { room } => Act::Typing { room: room.0 },
            Self::Online { room } => Act::Online { room: room.0 },
        })
    }
}

impl Act {
    /// Returns the room and the limit, if the frame has a limit of its own for each room and device.
    pub const fn limited(&self) -> Option<(RoomId, InRoom)> {
        match self {
            Self::Typing { room } => Some((*room, InRoom::Types)),
            Self::Read { room, .. } => Some((*room, InRoom::Reads)),
            _ => None,
        }
    }

    /// Which items have to be read for the request. `hello` also needs the last number of the public room.
    pub fn target(&self) -> FrameTarget<'_> {
        match self {
            Self::Hello => FrameTarget { online: true, ..FrameTarget::of(PUBLIC) },
            Self::Ping => FrameTarget::of(PUBLIC),
            Self::Send { room, message } => FrameTarget { nonce: Some(&message.nonce), ..FrameTarget::of(*room) },
            Self::Edit { room, seq, .. } | Self::Delete { room, seq } => FrameTarget { entry: Some(*seq), ..FrameTarget::of(*room) },
            Self::Online { room } => FrameTarget { online: true, ..FrameTarget::of(*room) },
            Self::Sync { room, .. } | Self::History { room, .. } | Self::Read { room, .. } | Self::Typing { room } => {
                FrameTarget::of(*room)
            }
        }
    }
}

/// The payload of an answer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Answer {
    /// The answer to `hello`.
    Hello {
        /// The caller's rooms, the public room first.
        rooms: Vec<RoomState>,
        /// Whether there are more rooms than fit into the frame: `GET /v1/rooms` lists them.
        more: bool,
        /// The number of other people who are online.
        online: u64,
        /// Whether more are online than were counted.
        online_more: bool,
        /// The limits of the server.
        limits: Limits,
    },
    /// The answer to `ping`.
    Pong {},
    /// The answer to `send`: the message is committed. This is how everybody sees it, with the nonce as it was sent: where a room masks
    /// swear words, the text differs from what was sent. A repetition gets the message in its current state.
    Ack(Message),
    /// The answer to `edit`: the message in its new state, as everybody sees it.
    Edited(Message),
    /// The answer to `delete`: what is left of the message.
    Deleted(Message),
    /// The answer to `sync`.
    Sync {
        /// The room.
        room: RoomId,
        /// The messages and system events in ascending order, one for each number.
        messages: Vec<Message>,
        /// The number to send as `since` next.
        upto: u64,
        /// The last number in the room.
        last_seq: u64,
        /// Whether there are more messages to request now.
        more: bool,
        /// Whether the page continues the messages that the client has. False if there are messages in between that the person may not
        /// read, because they were no member then.
        complete: bool,
        /// The first number that the person may read.
        begins_at: u64,
    },
    /// The answer to `history`.
    History {
        /// The room.
        room: RoomId,
        /// The messages and system events in ascending order, one for each number.
        messages: Vec<Message>,
        /// The highest number that this page covers: newer messages are read with `sync` from here.
        upto: u64,
        /// The number to send as `before` for the page before this one. Absent at the beginning of the room.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        before: Option<u64>,
    },
    /// The answer to `read`.
    Read {
        /// The room.
        room: RoomId,
        /// Where the marker is now.
        seq: u64,
    },
    /// The answer to `typing`.
    Typing {
        /// The room.
        room: RoomId,
    },
    /// The answer to `online`.
    Online {
        /// The room.
        room: RoomId,
        /// The number of other people who are online.
        online: u64,
        /// Whether more are online than were counted.
        more: bool,
    },
}

/// Each request with its answer.
pub const REPLIES: &[(&str, &str)] = &[
    ("hello", "hello"),
    ("ping", "pong"),
    ("send", "ack"),
    ("edit", "edited"),
    ("delete", "deleted"),
    ("sync", "sync"),
    ("history", "history"),
    ("typing", "typing"),
    ("read", "read"),
    ("online", "online"),
];

/// The state of a room, for catching up.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoomState {
    /// The room.
    pub room: RoomId,
    /// The kind of room.
    pub kind: RoomKind,
    /// The number of the last message or system event. A client whose last number is lower sends `sync`.
    pub last_seq: u64,
    /// The first number that the person may read: that of their joining, or 1.
    pub begins_at: u64,
    /// How often messages in the room were edited or deleted. If this has changed, a client reads the shown messages again.
    pub changes: u64,
    /// The number up to which the person has read it.
    pub read_seq: u64,
    /// The username of the other person in a direct room.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub with: Option<messaging::message::Author>,
}
