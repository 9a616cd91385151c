//! Frames: `{"stream": "chat", "id": "c1", "payload": {"type": "send", …}}`, in both directions.
//!
//! The `id` is the client's. Every answer has the id of the frame that it answers, and a push has none.

use kernel::{
    Kind, Locale, Problem,
    id::RoomId,
    problem::{ProblemDocument, unread},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{json, value::RawValue};

use crate::message::Message;

/// The most bytes of a page of messages in one frame. The platform cuts frames at 32 KB. A single message always fits.
pub const PAGE_MAX_BYTES: usize = 24 * 1024;
/// Longer ids are not echoed.
const ID_MAX_CHARS: usize = 64;

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
struct Envelope<'a> {
    #[serde(rename = "stream")]
    _stream: String,
    id: Option<String>,
    #[serde(borrow)]
    payload: &'a RawValue,
}

/// Parses a frame strictly: unknown and repeated fields, wrong types and NUL characters are errors.
///
/// # Errors
/// [`Unreadable`]
pub fn read<P: DeserializeOwned>(body: &str) -> Result<ClientFrame<P>, Unreadable> {
    let invalid = |e: serde_json::Error| Unreadable { id: id_of(body), problem: Problem::new(Kind::FrameInvalid).because(unread(&e)) };
    let Envelope { id, payload, .. } = serde_json::from_str(body).map_err(invalid)?;
    if id.as_ref().is_some_and(|id| id.chars().count() > ID_MAX_CHARS) {
        return Err(Unreadable { id: None, problem: Kind::FrameInvalid.into() });
    }
    let payload = serde_json::from_str(payload.get()).map_err(invalid)?;
    Ok(ClientFrame { id, payload })
}

/// The id of a frame that may be invalid otherwise.
#[must_use]
pub fn id_of(body: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct IdOnly {
        id: Option<String>,
    }
    serde_json::from_str::<IdOnly>(body).ok()?.id.filter(|id| id.chars().count() <= ID_MAX_CHARS)
}

/// The stream that a frame names, if it is valid JSON.
#[must_use]
pub fn stream_of(body: &str) -> Option<String> {
    let frame: serde_json::Value = serde_json::from_str(body).ok()?;
    frame.get("stream")?.as_str().map(str::to_owned)
}

/// A frame to a client.
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

/// An error frame, with the same problem document as a reply over HTTP.
#[must_use]
pub fn error(stream: &str, id: Option<&str>, problem: &Problem, locale: Locale, request_id: &str) -> Vec<u8> {
    #[derive(Serialize)]
    #[serde(tag = "type", rename = "error")]
    struct Payload {
        problem: ProblemDocument,
    }
    write(stream, id, &Payload { problem: problem.document(locale, request_id) })
}

/// The return value of a function for a two-way route. The platform sends the body to the client, which costs no call. `None` is
/// for a socket that was closed in the meantime; an open one would get an empty message.
#[must_use]
pub fn reply(told: Option<Vec<u8>>) -> serde_json::Value {
    match told {
        Some(told) => json!({ "statusCode": 200, "body": String::from_utf8_lossy(&told) }),
        None => json!({ "statusCode": 200 }),
    }
}

/// A frame that is sent without being asked for.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Push<'a> {
    /// A new message.
    Message(&'a Message),
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
    use crate::message::{Author, TEXT_MAX_CHARS};

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
        for bad in [
            "",
            "null",
            "[]",
            "5",
            "\"chat\"",
            "{",
            r#"{"stream":"chat"}"#,
            r#"{"payload":{"type":"hello"}}"#,
            r#"{"stream":"chat","payload":null}"#,
            r#"{"stream":"chat","payload":[]}"#,
            r#"{"stream":"chat","payload":{}}"#,
            r#"{"stream":"chat","payload":{"type":"shout"}}"#,
            r#"{"stream":"chat","payload":{"type":"hello","x":1}}"#,
            r#"{"stream":"chat","payload":{"type":"send"}}"#,
            r#"{"stream":"chat","payload":{"type":"send","text":5}}"#,
            r#"{"stream":"chat","payload":{"type":"send","text":"a","text":"b"}}"#,
            r#"{"stream":"chat","payload":{"type":"send","text":"\ud800"}}"#,
            r#"{"stream":"chat","payload":{"type":"hello"},"extra":1}"#,
            r#"{"stream":"chat","id":7,"payload":{"type":"hello"}}"#,
            r#"{"stream":"chat","payload":{"type":"hello"}} x"#,
        ] {
            let unreadable = read::<Ask>(bad).unwrap_err();
            assert_eq!(unreadable.problem.kind, Kind::FrameInvalid, "{bad}");
        }
        assert_eq!(read::<Ask>(r#"{"id":"c9","payload":1}"#).unwrap_err().id.as_deref(), Some("c9"));
        let long = format!(r#"{{"stream":"chat","id":"{}","payload":{{"type":"hello"}}}}"#, "x".repeat(65));
        assert!(read::<Ask>(&long).unwrap_err().id.is_none());
        let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
        assert!(read::<Ask>(&deep).is_err());
    }

    #[test]
    fn the_largest_message_fits_into_a_page_and_a_page_into_a_frame() {
        let sys = Sys::real();
        let author = Author { id: sys.id(), username: "x".repeat(30) };
        for text in ["\"".repeat(TEXT_MAX_CHARS), "\n".repeat(TEXT_MAX_CHARS), "😀".repeat(TEXT_MAX_CHARS)] {
            let message =
                Message { room: sys.id(), seq: u64::MAX, id: sys.id(), author: author.clone(), text, created_at: sys.now().into() };
            let frame = write("chat", Some(&"x".repeat(64)), &Push::Message(&message));
            assert!(frame.len() < PAGE_MAX_BYTES, "{}", frame.len());
        }
    }
}
