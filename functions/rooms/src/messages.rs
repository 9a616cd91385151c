//! Reading back: the newest page first, ascending within the page.

use std::time::Duration;

use accounts::MemberAnd;
use axum::extract::State;
use kernel::{Sys, Time};
use messaging::{
    access,
    history::{self, PAGE, Past},
    message::Message,
    room::{Room, RoomName},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::{Json, Path, Problems, Query};

/// How long the link to a next page is good for.
const CURSOR_LIFE: Duration = Duration::from_secs(3600);
/// What a page may weigh: far below what a function may answer.
const PAGE_MAX_BYTES: usize = 2 * 1024 * 1024;

/// When a cursor that is made now ends.
pub fn until(sys: &Sys) -> Time {
    sys.now() + CURSOR_LIFE
}

/// Which part of the room.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Part {
    /// Messages at most: 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 30)]
    limit: Option<u32>,
    /// `next_cursor` of the page after this one.
    #[param(max_length = 500)]
    cursor: Option<String>,
}

/// Some messages of a room.
#[derive(Serialize, ToSchema)]
pub struct MessageList {
    /// Ascending.
    items: Vec<Message>,
    /// The newest number that this page decides: `sync` from here, over the socket, for what is newer.
    upto: u64,
    /// Brings the page before this one; absent at the beginning of the room.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists the messages of a room that the caller is in, newest page first.
///
/// AWS calls: a batch that proves the session and brings the room; a query of the messages.
#[utoipa::path(
    get,
    path = "/v1/rooms/{room}/messages",
    tag = "rooms",
    params(("room" = String, Path, max_length = 30, description = "The room's id, or `public`."), Part),
    extensions(("x-problems" = json!(["not_found", "cursor_invalid", "invalid"]))),
    responses((status = 200, body = MessageList), Problems)
)]
pub async fn list_messages(
    State(s): State<crate::State>,
    caller: MemberAnd<Room>,
    Path(name): Path<RoomName>,
    Query(part): Query<Part>,
) -> Result<Json<MessageList>, web::Error> {
    let limit = kernel::page_limit(part.limit, PAGE, history::PAGE_MAX)?;
    let user = caller.member.user.id;
    let purpose = format!("messages of {name} for {user}");
    let before = part.cursor.as_deref().map(|text| s.sealer.open::<u64>(&purpose, text)).transpose()?;
    let room = access::entered(name.0, caller.subject, user)?;
    let Past { messages, upto, before } = history::before(&s.table, s.sys.now(), &room, before, limit, PAGE_MAX_BYTES).await?;
    let next_cursor = before.map(|before| s.sealer.seal(&purpose, before, until(&s.sys)));
    Ok(Json(MessageList { items: messages, upto, next_cursor }))
}
