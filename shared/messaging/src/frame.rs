//! Frames: `{"stream": "chat", "id": "c1", "payload": {"type": "send", …}}`, in both directions.
//!
//! The client chooses the `id`. An answer has the id of the frame that it answers, and a push has none.

use kernel::{
    Kind, Locale, Problem,
    id::{RoomId, UserId},
    json::{self, InvalidJson},
    problem::ProblemDocument,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json, value::RawValue};
use utoipa::{
    ToSchema,
    openapi::{RefOr, schema::Schema},
};

use crate::message::{Author, Message};

/// The description of a stream, for the AsyncAPI document.
pub struct Stream {
    /// The name of the stream, which its frames contain.
    pub name: &'static str,
    /// The name of the type of frames from clients.
    pub asks: String,
    /// The name of the type of their answers.
    pub answers: String,
    /// The name of the type of pushed frames.
    pub pushes: String,
    /// The `type` of each request with that of its answer.
    pub replies: &'static [(&'static str, &'static str)],
    /// The schemas of these types, with all schemas that they refer to.
    pub schemas: Vec<(String, RefOr<Schema>)>,
}

impl Stream {
    /// Returns a stream with these types of frames.
    #[must_use]
    pub fn of<Ask: ToSchema, Answer: ToSchema, Pushed: ToSchema>(
        name: &'static str,
        replies: &'static [(&'static str, &'static str)],
    ) -> Self {
        let (asks, answers, pushes) = (Ask::name().into_owned(), Answer::name().into_owned(), Pushed::name().into_owned());
        let mut schemas = vec![(asks.clone(), Ask::schema()), (answers.clone(), Answer::schema()), (pushes.clone(), Pushed::schema())];
        Ask::schemas(&mut schemas);
        Answer::schemas(&mut schemas);
        Pushed::schemas(&mut schemas);
        Self { name, asks, answers, pushes, replies, schemas }
    }
}

/// The maximum number of characters of a frame's id. A longer id is not echoed.
pub const ID_MAX_CHARS: usize = 64;
/// The maximum number of bytes of a page of messages in one frame. API Gateway limits frames to 32 KB. A single message always fits.
pub const PAGE_MAX_BYTES: usize = 24 * 1024;

/// A frame from a client.
#[derive(Debug)]
pub struct ClientFrame<P> {
    /// The client's id of the frame.
    pub id: Option<String>,
    /// The payload.
    pub payload: P,
}

/// A frame that cannot be read, with its id if that can be read.
#[derive(Debug)]
pub struct Unreadable {
    /// The client's id of the frame.
    pub id: Option<String>,
    /// The problem to answer with.
    pub problem: Problem,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    #[serde(rename = "stream")]
    _stream: String,
    id: Option<String>,
    payload: Box<RawValue>,
}

/// Parses a frame strictly: unknown and repeated fields, wrong types and NUL characters are errors. `pointer` of the problem names the
/// member that is wrong.
///
/// # Errors
/// [`Unreadable`]
pub fn read<P: DeserializeOwned>(body: &str) -> Result<ClientFrame<P>, Unreadable> {
    let invalid = |within: &str, InvalidJson { pointer, cause }: InvalidJson| {
        let problem = Problem::new(Kind::FrameInvalid).with("pointer", format!("{within}{pointer}")).because(cause);
        Unreadable { id: id_of(body), problem }
    };
    let Envelope { id, payload, .. } = json::read(body.as_bytes()).map_err(|e| invalid("", e))?;
    if id.as_ref().is_some_and(|id| id.chars().count() > ID_MAX_CHARS) {
        return Err(Unreadable { id: None, problem: Problem::new(Kind::FrameInvalid).with("pointer", "/id") });
    }
    let payload = json::read(payload.get().as_bytes()).map_err(|e| invalid("/payload", e))?;
    Ok(ClientFrame { id, payload })
}

/// Returns the id of a frame that may be invalid otherwise.
#[must_use]
pub fn id_of(body: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct IdOnly {
        id: Option<String>,
    }
    serde_json::from_str::<IdOnly>(body).ok()?.id.filter(|id| id.chars().count() <= ID_MAX_CHARS)
}

/// Returns what is wrong with a frame that the platform routes to none of the streams: it names no stream, or an unknown one.
#[must_use]
pub fn unrouted(body: &str) -> Problem {
    #[derive(Deserialize)]
    struct AnyFrame {
        #[serde(rename = "stream")]
        _stream: String,
        // The values are parsed, so that invalid Unicode in them is an error too.
        #[serde(flatten)]
        _rest: Map<String, Value>,
    }
    match json::read::<AnyFrame>(body.as_bytes()) {
        Ok(_) => Kind::StreamUnknown.into(),
        Err(InvalidJson { pointer, cause }) => Problem::new(Kind::FrameInvalid).with("pointer", pointer).because(cause),
    }
}

/// Returns a frame to a client.
#[must_use]
pub fn write(stream: &str, id: Option<&str>, payload: &impl Serialize) -> Vec<u8> {
    #[derive(Serialize)]
    struct Out<'a, P> {
        stream: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        payload: &'a P,
    }
    serde_json::to_vec(&Out { stream, id, payload }).unwrap_or_default()
}

/// Returns an error frame, with the same problem document as a reply over HTTP.
#[must_use]
pub fn error(stream: &str, id: Option<&str>, problem: &Problem, locale: Locale, request_id: &str) -> Vec<u8> {
    write(stream, id, &Told::Error { problem: problem.document(locale, request_id) })
}

/// Returns the last frame before a socket is closed because its session has ended.
#[must_use]
pub fn session_ended() -> Vec<u8> {
    write(SOCKET_STREAM, None, &Told::Closing { reason: CloseReason::SessionEnded, code: CloseReason::SessionEnded.code() })
}

/// The stream of frames about the socket itself.
pub const SOCKET_STREAM: &str = "socket";
/// The stream of rooms and their messages.
pub const CHAT_STREAM: &str = "chat";
/// The stream of the support desk.
pub const SUPPORT_STREAM: &str = "support";
/// The stream on which notifications are pushed.
pub const NOTIFICATION_STREAM: &str = "notification";
/// The stream of errors about frames that name no stream or an unknown one.
pub const ERROR_STREAM: &str = "error";

/// A frame about another frame, or about the socket.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Told {
    /// A frame was refused. The socket stays open, except after `token_invalid`, `chat_banned` and a pause.
    Error {
        /// The problem, as over HTTP. The stream of the frame is that of the refused frame, or `error`.
        problem: ProblemDocument,
    },
    /// The socket is about to be closed.
    Closing {
        /// Why.
        reason: CloseReason,
        /// The close code of the reason. API Gateway always closes sockets with 1000, so the code is sent here.
        #[schema(examples(4401))]
        code: u16,
    },
}

/// Why the server closes a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// The session of the socket has ended: sign in again before the next ticket.
    SessionEnded,
}

impl CloseReason {
    /// Every reason.
    pub const ALL: [Self; 1] = [Self::SessionEnded];

    /// Returns the close code, from the range for applications (RFC 6455 §7.4.2).
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::SessionEnded => 4401,
        }
    }
}

/// Returns what a function of a two-way route returns. API Gateway sends the body to the client, which takes no call. `None` is
/// only for a socket that was closed in the meantime, because an open one would get an empty message.
#[must_use]
pub fn reply(frame: Option<Vec<u8>>) -> Value {
    match frame {
        Some(frame) => json!({ "statusCode": 200, "body": String::from_utf8_lossy(&frame) }),
        None => json!({ "statusCode": 200 }),
    }
}

/// A frame that the server sends without a request.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Push<'a> {
    /// A new entry of a room: a message or a system event.
    Message(&'a Message),
    /// A message that was edited or deleted, in its new state.
    Changed(&'a Message),
    /// Many messages of a room were deleted, such as with the account of their author. Clients read again what they show of the room, at a
    /// random moment of the next seconds.
    Changes {
        /// The room.
        room: RoomId,
        /// How often messages in it were edited or deleted, as in the answer to `hello`.
        changes: u64,
    },
    /// The recipient is not a member of a room any more, because they left or were removed, or the room was deleted. Clients drop their
    /// data of the room, and later pushes of it.
    Left {
        /// The room.
        room: RoomId,
    },
    /// The recipient has read a room up to this number on another device, or has marked it as unread from this number.
    Read {
        /// The room.
        room: RoomId,
        /// The number.
        seq: u64,
    },
    /// Somebody in a room of up to twenty members has read it up to this number. Sent only to people who show their own receipts.
    Receipt {
        /// The room.
        room: RoomId,
        /// Who.
        user: UserId,
        /// The number.
        seq: u64,
    },
    /// Somebody is typing. Clients show it for a few seconds, or until the message arrives.
    Typing {
        /// The room.
        room: RoomId,
        /// Who.
        user: Author,
    },
    /// The number of other online people has changed.
    Online {
        /// The room.
        room: RoomId,
        /// The number of other people, each counted once.
        online: u64,
        /// Whether there are more than were counted.
        more: bool,
    },
}

#[cfg(test)]
mod tests {
    use kernel::Sys;

    use super::*;
    use crate::{
        attachment::{AttachedFile, Pixels},
        file::{FileName, FileType},
        message::{Content, LogEntry, Nonce, Said, TEXT_MAX_CHARS, Text},
    };

    #[derive(Deserialize, Debug)]
    #[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    enum Ask {
        Hello {},
        Send { text: String },
    }

    #[test]
    fn a_frame_is_parsed_strictly_and_errors_keep_its_id() {
        let asked = read::<Ask>(r#"{"stream":"chat","id":"c1","payload":{"type":"hello"}}"#).unwrap();
        assert_eq!(asked.id.as_deref(), Some("c1"));
        assert!(read::<Ask>(r#"{"stream":"chat","payload":{"type":"send","text":"x"}}"#).unwrap().id.is_none());
        for (bad, pointer) in [
            ("", ""),
            ("null", ""),
            ("[]", ""),
            ("5", ""),
            ("\"chat\"", ""),
            ("{", ""),
            (r#"{"stream":"chat"}"#, "/payload"),
            (r#"{"payload":{"type":"hello"}}"#, "/stream"),
            (r#"{"stream":"chat","payload":null}"#, "/payload"),
            (r#"{"stream":"chat","payload":[]}"#, "/payload"),
            (r#"{"stream":"chat","payload":{}}"#, "/payload/type"),
            (r#"{"stream":"chat","payload":{"type":"shout"}}"#, "/payload/type"),
            (r#"{"stream":"chat","payload":{"type":"hello","x":1}}"#, "/payload/x"),
            (r#"{"stream":"chat","payload":{"type":"send"}}"#, "/payload/text"),
            (r#"{"stream":"chat","payload":{"type":"send","text":5}}"#, "/payload/text"),
            (r#"{"stream":"chat","payload":{"type":"send","text":"a","text":"b"}}"#, "/payload/text"),
            (r#"{"stream":"chat","payload":{"type":"send","text":"\ud800"}}"#, "/payload/text"),
            (r#"{"stream":"chat","payload":{"type":"hello"},"extra":1}"#, "/extra"),
            (r#"{"stream":"chat","id":7,"payload":{"type":"hello"}}"#, "/id"),
            (r#"{"stream":"chat","payload":{"type":"hello"}} x"#, ""),
        ] {
            let unreadable = read::<Ask>(bad).unwrap_err();
            assert_eq!(unreadable.problem.kind, Kind::FrameInvalid, "{bad}");
            assert_eq!(unreadable.problem.members["pointer"], pointer, "{bad}");
        }
        assert_eq!(read::<Ask>(r#"{"id":"c9","payload":1}"#).unwrap_err().id.as_deref(), Some("c9"));
        let long = format!(r#"{{"stream":"chat","id":"{}","payload":{{"type":"hello"}}}}"#, "x".repeat(65));
        assert!(read::<Ask>(&long).unwrap_err().id.is_none());
        let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
        assert!(read::<Ask>(&deep).is_err());
    }

    #[test]
    fn a_frame_without_a_known_stream_is_read_as_a_whole() {
        for (body, pointer) in [
            (r#"{"stream":"nobody"}"#, None),
            (r#"{"stream":"nobody","id":5,"payload":[{"a":null}],"more":1.5}"#, None),
            (r#"{"id":"a"}"#, Some("/stream")),
            (r#"{"stream":5}"#, Some("/stream")),
            (r#"{"stream":"a","stream":"b"}"#, Some("/stream")),
            (r#"["a"]"#, Some("")),
            ("", Some("")),
            (r#"{"stream":"a"} x"#, Some("")),
            (r#"{"stream":"a","payload":{"text":"\ud800"}}"#, Some("/payload/text")),
        ] {
            let problem = unrouted(body);
            let kind = if pointer.is_some() { Kind::FrameInvalid } else { Kind::StreamUnknown };
            assert_eq!((problem.kind, problem.members.get("pointer").and_then(Value::as_str)), (kind, pointer), "{body}");
        }
    }

    /// Returns a file with the longest possible name in bytes, the longest type and a size in pixels.
    fn longest_file(sys: &Sys) -> AttachedFile {
        let name = FileName::parse(&"\u{1f600}".repeat(200), FileType::Docx).unwrap();
        let pixels = Some(Pixels { width: u32::MAX, height: u32::MAX });
        AttachedFile { id: sys.id(), name, file_type: FileType::Docx, bytes: u32::MAX, pixels }
    }

    #[test]
    fn the_largest_message_fits_into_a_page_and_a_page_into_a_frame() {
        let sys = Sys::real();
        let author = Author { id: sys.id(), username: "x".repeat(30) };
        for widest in ["\"", "\n", "😀"] {
            let said = Said {
                id: sys.id(),
                author: author.id,
                username: author.username.clone(),
                // A text does not end with a line break.
                text: Text::parse(&format!(".{}.", widest.repeat(TEXT_MAX_CHARS.saturating_sub(2)))).unwrap(),
                attachments: (0..crate::attachment::MAX).map(|_| longest_file(&sys)).collect(),
                edited_at: Some(sys.now()),
                reply_to: Some(u64::MAX),
                mentions: (0..crate::mention::MAX).map(|_| sys.id()).collect(),
            };
            let (room, content) = (sys.id(), Content::Said(said));
            let entry = LogEntry { room, seq: u64::MAX, at: sys.now(), content, via: None, changes: u32::MAX };
            let message = Message { nonce: Some(Nonce::of_key(&"x".repeat(64))), ..entry.shown() };
            let frame = write("chat", Some(&"x".repeat(64)), &Push::Message(&message));
            assert!(frame.len() < PAGE_MAX_BYTES, "{}", frame.len());
        }
    }
}
