//! The limits that clients have to know, collected from the constants of their modules.

use kernel::PAGE_MAX;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{message::TEXT_MAX_CHARS, pace, presence::PING_EVERY, spam};

/// The limits of the server, so that clients need not guess.
#[derive(Debug, Serialize, ToSchema)]
pub struct Limits {
    /// Maximum characters of a message.
    #[schema(examples(json!(TEXT_MAX_CHARS)))]
    pub message_chars: usize,
    /// Maximum messages in any 60 seconds. One more message bans the account.
    #[schema(examples(json!(spam::MAX)))]
    pub messages_per_minute: usize,
    /// Frames that an account may send at once, on all its sockets.
    #[schema(examples(json!(pace::AT_ONCE)))]
    pub frames_at_once: u32,
    /// Frames a second in the long run. A frame that is refused for its content counts twice.
    #[schema(examples(json!(pace::PER_SECOND)))]
    pub frames_per_second: u32,
    /// Maximum messages of one page.
    #[schema(examples(json!(PAGE_MAX)))]
    pub page: u32,
    /// Maximum bytes of a frame from a client.
    #[schema(examples(32_768))]
    pub frame_bytes: u32,
    /// Seconds between the `ping` frames of a silent client. A client that sends fewer is shown as offline.
    #[schema(examples(json!(PING_EVERY.as_secs())))]
    pub ping_seconds: u64,
    /// Seconds after which API Gateway closes a socket. Clients should reconnect a little earlier, at random times.
    #[schema(examples(7_200))]
    pub connection_seconds: u32,
}

/// The limits.
pub const LIMITS: Limits = Limits {
    message_chars: TEXT_MAX_CHARS,
    messages_per_minute: spam::MAX,
    frames_at_once: pace::AT_ONCE,
    frames_per_second: pace::PER_SECOND,
    page: PAGE_MAX,
    frame_bytes: 32 * 1024,
    ping_seconds: PING_EVERY.as_secs(),
    connection_seconds: 2 * 3600,
};
