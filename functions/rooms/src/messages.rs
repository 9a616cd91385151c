//! Reading history: the newest page first, ascending within the page.

use axum::extract::State;
use messaging::{
    history::{self, OlderPage},
    message::Message,
    room::RoomName,
};
use serde::Serialize;
use utoipa::ToSchema;
use web::{Json, PageQuery, Path, Problems, Query};

use crate::reader::Reader;

/// Maximum bytes of a page: far below the limit of a function's answer.
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
