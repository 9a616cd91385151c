//! The configuration that a client reads before anybody signs in. It is computed from the constants of the limits themselves, so it cannot
//! be out of date.

use axum::{extract::State, http::HeaderMap, response::Response};
use kernel::{Locale, Problem, conversation::CLOSED_AFTER};
use messaging::{
    frame::{CHAT_STREAM, NOTIFICATION_STREAM, SUPPORT_STREAM},
    limits::{LIMITS, Limits},
    mention,
    room::{ADMINS_MAX, GROUP_MAX, INLINE_MAX},
    support::thread::BURST,
    ticket, unread,
};
use serde::Serialize;
use utoipa::ToSchema;
use web::Problems;

use crate::connect::{SUBPROTOCOL, TICKET_PREFIX};

/// The configuration of this deployment for clients.
#[derive(Serialize, ToSchema)]
pub struct ClientConfiguration {
    /// The languages, the default one first.
    languages: Vec<Locale>,
    /// How to open a socket.
    socket: SocketConfiguration,
    /// The limits of messages and frames.
    limits: Limits,
    /// Rooms.
    rooms: RoomConfiguration,
    /// The support desk.
    support: SupportConfiguration,
}

/// How to open a socket.
#[derive(Serialize, ToSchema)]
pub struct SocketConfiguration {
    /// The address of the WebSocket.
    #[schema(examples("wss://socket.stoa.example/production"))]
    url: String,
    /// The subprotocol.
    #[schema(examples("stoa.v1"))]
    subprotocol: &'static str,
    /// The prefix of a ticket in the list of subprotocols.
    #[schema(examples("ticket."))]
    ticket_prefix: &'static str,
    /// How long a ticket can be used, in seconds.
    #[schema(examples(30))]
    ticket_seconds: u64,
    /// The streams.
    #[schema(value_type = Vec<String>, examples("chat"))]
    streams: [&'static str; 3],
}

/// The limits of rooms.
#[derive(Serialize, ToSchema)]
pub struct RoomConfiguration {
    /// The most members of a group.
    #[schema(examples(256))]
    group_members: u32,
    /// The most administrators of a group or a channel.
    #[schema(examples(20))]
    administrators: usize,
    /// The most members of a room in which clients see who is typing.
    #[schema(examples(20))]
    typing_members: u32,
    /// The most people that one message mentions.
    #[schema(examples(10))]
    mentions: usize,
    /// Up to which number unread messages are counted.
    #[schema(examples(99))]
    unread_counted: u32,
}

/// The limits of the support desk. It has no opening hours.
#[derive(Serialize, ToSchema)]
pub struct SupportConfiguration {
    /// How many messages a page of a thread has, unless a client asks for fewer.
    #[schema(examples(100))]
    page: u32,
    /// For how many seconds answers are collected before a customer without an open socket gets a mail.
    #[schema(examples(120))]
    mail_after_seconds: u64,
    /// After how many days without an answer of the customer a thread is closed.
    #[schema(examples(7))]
    closed_after_days: u64,
}

/// Returns the configuration of this deployment: languages, streams, limits. It is the same for everybody and can be cached.
///
/// AWS calls: none.
#[utoipa::path(get, path = "/v1/client-configuration",
    responses(
        (status = 200, body = ClientConfiguration, headers(("ETag" = String, description = "Identifies the version."))),
        (status = 304, description = "It has not changed since the version in `If-None-Match`."),
        Problems,
    ))]
pub async fn get_client_configuration(State(s): State<crate::State>, headers: HeaderMap) -> Result<Response, web::Error> {
    let configuration = ClientConfiguration {
        languages: Locale::ALL.to_vec(),
        socket: SocketConfiguration {
            url: s.site.socket_url.to_string(),
            subprotocol: SUBPROTOCOL,
            ticket_prefix: TICKET_PREFIX,
            ticket_seconds: ticket::LIFE.as_secs(),
            streams: [CHAT_STREAM, SUPPORT_STREAM, NOTIFICATION_STREAM],
        },
        limits: LIMITS,
        rooms: RoomConfiguration {
            group_members: GROUP_MAX,
            administrators: ADMINS_MAX,
            typing_members: INLINE_MAX,
            mentions: mention::MAX,
            unread_counted: unread::COUNTED_MAX,
        },
        support: SupportConfiguration {
            page: LIMITS.page,
            mail_after_seconds: BURST.as_secs(),
            closed_after_days: CLOSED_AFTER.as_secs().div_euclid(24 * 3600),
        },
    };
    let bytes = serde_json::to_vec(&configuration).map_err(Problem::internal)?;
    Ok(web::cached(&headers, "application/json", "public, max-age=300", bytes))
}
