//! Reading history: the newest page first, ascending within the page.

use std::time::Duration;

use axum::extract::State;
use callers::MemberWith;
use kernel::{Sys, Time};
use messaging::{
    access,
    history::{self, OlderPage, PAGE},
    message::Message,
    room::{Room, RoomName},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::{Json, Path, Problems, Query};

/// How long a cursor is valid.
const CURSOR_LIFE: Duration = Duration::from_secs(3600);
/// Maximum bytes of a page: far below the limit of a function's answer.
const PAGE_MAX_BYTES: usize = 2 * 1024 * 1024;

/// When a new cursor expires.
pub fn until(sys: &Sys) -> Time {
    sys.now() + CURSOR_LIFE
}

/// The requested page of the room.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Maximum number of messages: 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 30)]
    limit: Option<u32>,
    /// `next_cursor` of the page after this one.
    #[param(max_length = 500)]
    cursor: Option<String>,
}

/// A page of a room's messages.
#[derive(Serialize, ToSchema)]
pub struct MessageList {
    /// The messages in ascending order.
    items: Vec<Message>,
    /// The highest number that this page covers: newer messages are read with `sync` from here, over the socket.
    upto: u64,
    /// The cursor of the page before this one. Absent at the beginning of the room.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists the messages of one of the caller's rooms, the newest page first.
///
/// AWS calls: a batch that authenticates the caller and reads the room; a query of the messages.
#[utoipa::path(
    get,
    path = "/v1/rooms/{room}/messages",
    tag = "rooms",
    params(("room" = String, Path, max_length = 30, description = "The room's id, or `public`."), PageQuery),
    extensions(("x-problems" = json!(["not_found", "cursor_invalid", "invalid"]))),
    responses((status = 200, body = MessageList), Problems)
)]
pub async fn list_messages(
    State(s): State<crate::State>,
    caller: MemberWith<Room>,
    Path(name): Path<RoomName>,
    Query(query): Query<PageQuery>,
) -> Result<Json<MessageList>, web::Error> {
    let limit = kernel::page_limit(query.limit, PAGE, history::PAGE_MAX)?;
    let user = caller.member.user.id;
    let purpose = format!("messages of {name} for {user}");
    let before = query.cursor.as_deref().map(|text| s.sealer.open::<u64>(&purpose, text)).transpose()?;
    let room = access::room_of_member(name.0, caller.resource, user)?;
    let OlderPage { messages, upto, before } = history::before(&s.table, s.sys.now(), &room, before, limit, PAGE_MAX_BYTES).await?;
    let next_cursor = before.map(|before| s.sealer.seal(&purpose, before, until(&s.sys))).transpose()?;
    Ok(Json(MessageList { items: messages, upto, next_cursor }))
}
