//! Reading the history of a room and sending a message. Pages begin with the newest, and messages ascend within a page.

use std::num::NonZeroU64;

use axum::extract::State;
use kernel::{Kind, Problem, id::AttachmentId};
use messaging::{
    history::{self, OlderPage},
    message::{Message, Nonce},
    room::{RoomName, SLOW},
    say::{self, MessageSender, NewMessage},
    send::Receipt,
    spam::{FLOOD, OF_STAFF},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{Created, IdempotencyKey, Json, PageQuery, Path, Problems, Query};

use crate::reader::{Reader, Writer};

/// The most bytes of a page: far below the 6 MB that the response of a function may have.
const PAGE_MAX_BYTES: usize = 2 * 1024 * 1024;

/// A page of a room's messages and system events.
#[derive(Serialize, ToSchema)]
pub struct MessageList {
    /// The messages and system events in ascending order, one for each number.
    items: Vec<Message>,
    /// The highest number that this page covers: newer messages are read with `sync` from here, over the socket.
    upto: u64,
    /// The cursor of the page before this one. Absent at the beginning of the room.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists the messages of one of the caller's rooms, the newest page first, back to the number at which the caller joined.
///
/// AWS calls: a batch that authenticates the caller and reads the room, their membership, whether they are banned from chat, and in a
/// direct room whether one of the two blocks the other; a query of the messages.
#[utoipa::path(
    get,
    path = "/v1/rooms/{room}/messages",
    params(("room" = String, Path, max_length = 30, description = "The room's id, or `public`."), PageQuery),
    extensions(("x-problems" = json!(["not_found", "chat_banned", "cursor_invalid", "invalid"]))),
    responses((status = 200, body = MessageList), Problems)
)]
pub async fn list_messages(
    State(s): State<crate::State>,
    Reader { user, member }: Reader,
    Path(name): Path<RoomName>,
    Query(query): Query<PageQuery>,
) -> Result<Json<MessageList>, web::Error> {
    let limit = query.limit()?;
    let cursors = s.sealer.cursors(format!("messages of {name} for {}", user.id));
    let before = cursors.open(query.cursor())?;
    let OlderPage { messages, upto, before } = history::before(&s.table, &member, before, limit, PAGE_MAX_BYTES).await?;
    Ok(Json(MessageList { items: messages, upto, next_cursor: cursors.next(before)? }))
}

/// A message to send.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendMessage {
    /// The text: 1 to 4,000 characters. It may be empty if there are files.
    #[schema(max_length = 4000, examples("Good morning!"))]
    text: String,
    /// The number of the message that it answers.
    #[schema(value_type = Option<u64>, minimum = 1, nullable = false)]
    reply_to: Option<NonZeroU64>,
    /// Files that the person has uploaded for this room (`POST /v1/rooms/{room}/uploads`), each for one message.
    #[serde(default)]
    #[schema(max_items = 10)]
    attachments: Vec<AttachmentId>,
}

/// Sends a message to one of the caller's rooms, as `send` does over the socket: for clients whose socket is not open.
///
/// The message is committed before the answer. The same `Idempotency-Key` with the same text and files does not send another message for 24
/// hours: the answer is the message in its current state. The key and the nonce of `send` over the socket are the same thing: an equal
/// value does not send twice. More than sixty messages within a minute, over HTTP and the socket together, ban the account.
///
/// AWS calls: a batch that authenticates the caller and reads the room, their membership, their sending limit, and in a direct room
/// whether one of the two blocks the other; a read of the receipt; those of `send` over the socket.
#[utoipa::path(post, path = "/v1/rooms/{room}/messages", request_body = SendMessage,
    params(
        ("room" = String, Path, max_length = 30, description = "The room's id, or `public`."),
        ("Idempotency-Key" = String, Header, min_length = 1, max_length = 255, description = "Names this message, for 24 hours.", example = "7f9c24e8-3b12-4f0a-9d1e-5c6a7b8d9e0f"),
    ),
    extensions(("x-problems" = json!(["idempotency_key_required", "not_found", "forbidden", "chat_banned", "chat_not_allowed", "message_length", "invalid", "attachment_invalid", "too_many", "idempotency_key_reused", "slow_mode"])), ("x-limits" = json!([FLOOD, OF_STAFF, SLOW]))),
    responses((status = 201, body = Message), Problems))]
pub async fn send_message(
    State(s): State<crate::State>,
    Writer { user, member, chat, pair }: Writer,
    IdempotencyKey(key): IdempotencyKey,
    Json(SendMessage { text, reply_to, attachments }): Json<SendMessage>,
) -> Result<Created<Message>, web::Error> {
    // After a flood of frames over the socket there is a pause, also for messages over HTTP.
    chat.admit_ticket(s.sys.now())?;
    let message = NewMessage::parse(&text, Nonce::of_key(&key), reply_to, attachments)?;
    let room = member.room.id;
    let receipt = s.table.get::<Receipt>(Receipt::key_of(user.id, room, &message.nonce)).await?;
    let speaker = MessageSender { user: &user, member, socket: "", chat, receipt, pair };
    let said = say::say(&s.table, &s.sys, &s.sockets, &s.links, speaker, message).await;
    let said = said.map_err(|problem| match problem.kind {
        Kind::NonceReused => Problem::from(Kind::IdempotencyKeyReused),
        _ => problem,
    })?;
    Ok(Created(format!("/v1/rooms/{room}/messages"), said))
}
