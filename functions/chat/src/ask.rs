//! What clients may ask on this stream, and what they are answered.

use std::num::NonZeroU64;

use kernel::{
    Problem, Timestamp,
    id::{MessageId, RoomId},
    page_limit,
};
use messaging::{
    access::About,
    history::{PAGE, PAGE_MAX},
    message::{Message, Nonce, Text},
    room::{PUBLIC, RoomKind, RoomName},
};
use serde::{Deserialize, Serialize};

/// The payload of a frame from a client.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Ask {
    /// What is there to catch up with? Also the sign of life that a silent client gives.
    Hello {},
    /// Say something.
    Send {
        /// Where.
        room: RoomName,
        /// What.
        text: String,
        /// The client's name for this send; repeating it commits nothing more.
        nonce: Nonce,
    },
    /// Everything after a number.
    Sync {
        /// Where.
        room: RoomName,
        /// The last number the client has.
        since: u64,
        /// Messages at most.
        limit: Option<u32>,
    },
    /// Older messages.
    History {
        /// Where.
        room: RoomName,
        /// Only what came before this number; absent means the newest.
        before: Option<NonZeroU64>,
        /// Messages at most.
        limit: Option<u32>,
    },
    /// How many others are online?
    Online {
        /// Where: the public room.
        room: RoomName,
    },
}

/// What is asked, with everything checked for which nothing has to be read.
#[derive(Debug)]
pub enum Act {
    /// See [`Ask::Hello`].
    Hello,
    /// See [`Ask::Send`].
    Send {
        /// Where.
        room: RoomId,
        /// What.
        text: Text,
        /// The client's name for this send.
        nonce: Nonce,
    },
    /// See [`Ask::Sync`].
    Sync {
        /// Where.
        room: RoomId,
        /// The last number the client has.
        since: u64,
        /// Messages at most.
        limit: u32,
    },
    /// See [`Ask::History`].
    History {
        /// Where.
        room: RoomId,
        /// Only what came before this number.
        before: Option<u64>,
        /// Messages at most.
        limit: u32,
    },
    /// See [`Ask::Online`].
    Online {
        /// Where.
        room: RoomId,
    },
}

impl Ask {
    /// Checks what needs no reading.
    ///
    /// # Errors
    /// [`kernel::Kind::MessageLength`], [`kernel::Kind::Invalid`]
    pub fn parse(self) -> Result<Act, Problem> {
        Ok(match self {
            Self::Hello {} => Act::Hello,
            Self::Send { room, text, nonce } => Act::Send { room: room.0, text: Text::parse(&text)?, nonce },
            Self::Sync { room, since, limit } => Act::Sync { room: room.0, since, limit: page_limit(limit, PAGE_MAX, PAGE_MAX)? },
            Self::History { room, before, limit } => {
                Act::History { room: room.0, before: before.map(NonZeroU64::get), limit: page_limit(limit, PAGE, PAGE_MAX)? }
            }
            Self::Online { room } => Act::Online { room: room.0 },
        })
    }
}

impl Act {
    /// What must be read to judge it. A greeting tells how far the public room is.
    pub fn about(&self) -> About<'_> {
        match self {
            Self::Hello => About { room: PUBLIC, nonce: None },
            Self::Send { room, nonce, .. } => About { room: *room, nonce: Some(nonce) },
            Self::Sync { room, .. } | Self::History { room, .. } | Self::Online { room } => About { room: *room, nonce: None },
        }
    }
}

/// The payload of an answer.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Answer {
    /// To `hello`.
    Hello {
        /// The public room first.
        rooms: Vec<RoomState>,
        /// Whether there are more rooms than fit: `GET /v1/rooms` lists them.
        more: bool,
        /// Distinct others who are online.
        online: u64,
        /// Whether there are more than were counted.
        online_more: bool,
        /// What the server keeps to.
        limits: Limits,
    },
    /// To `send`: committed. A repetition gets the same.
    Ack {
        /// Where.
        room: RoomId,
        /// The message's number.
        seq: u64,
        /// The message.
        id: MessageId,
        /// As it was sent.
        nonce: Nonce,
        /// When its number was taken.
        created_at: Timestamp,
    },
    /// To `sync`.
    Sync {
        /// Where.
        room: RoomId,
        /// Ascending.
        messages: Vec<Message>,
        /// Ask for what comes after this number next.
        upto: u64,
        /// The last number in the room.
        last_seq: u64,
        /// Whether there is more to ask for now.
        more: bool,
        /// Seconds to wait before asking: a message is still being written.
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after: Option<u32>,
    },
    /// To `history`.
    History {
        /// Where.
        room: RoomId,
        /// Ascending.
        messages: Vec<Message>,
        /// The newest number that this page decides: `sync` from here for what is newer.
        upto: u64,
        /// Send this as `before` for the page before; absent at the beginning of the room.
        #[serde(skip_serializing_if = "Option::is_none")]
        before: Option<u64>,
    },
    /// To `online`.
    Online {
        /// Where.
        room: RoomId,
        /// Distinct others who are online.
        online: u64,
        /// Whether there are more than were counted.
        more: bool,
    },
}

/// A room, for catching up.
#[derive(Debug, Serialize)]
pub struct RoomState {
    /// Which.
    pub room: RoomId,
    /// What kind.
    pub kind: RoomKind,
    /// The last number in it: a client that has less asks with `sync`.
    pub last_seq: u64,
    /// The other one's name, in a direct room.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with: Option<messaging::message::Author>,
}

/// What the server keeps to, so that clients need not guess.
#[derive(Debug, Serialize)]
pub struct Limits {
    /// Characters of a message.
    pub message_chars: usize,
    /// Messages in any 60 seconds; one more bans.
    pub messages_per_minute: usize,
    /// Frames that may come at once, on a socket and for an account.
    pub frames_at_once: u32,
    /// Frames a second in the long run. A frame that is refused for what it says counts twice.
    pub frames_per_second: u32,
    /// Messages of one page.
    pub page: u32,
    /// Bytes of a frame from a client.
    pub frame_bytes: u32,
    /// A client that has nothing to say sends `hello` this often.
    pub ping_seconds: u32,
    /// The platform ends a socket after this long: come back a little earlier, and not all at once.
    pub connection_seconds: u32,
}
