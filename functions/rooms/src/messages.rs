//! Reading history: the newest page first, ascending within the page.

use accounts::pair::Pair;
use axum::extract::State;
use callers::MemberWithBoth;
use kernel::Kind;
use messaging::{
    history::{self, OlderPage},
    member::{Membership, RoomMember},
    message::Message,
    room::{Room, RoomName},
};
use serde::Serialize;
use utoipa::ToSchema;
use web::{Json, PageQuery, Path, Problems, Query};

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
/// AWS calls: a batch that authenticates the caller and reads the room and their membership; in a direct room a read of whether one of
/// the two blocks the other; a query of the messages.
#[utoipa::path(
    get,
    path = "/v1/rooms/{room}/messages",
    params(("room" = String, Path, max_length = 30, description = "The room's id, or `public`."), PageQuery),
    extensions(("x-problems" = json!(["not_found", "cursor_invalid", "invalid"]))),
    responses((status = 200, body = MessageList), Problems)
)]
pub async fn list_messages(
    State(s): State<crate::State>,
    caller: MemberWithBoth<Room, Membership>,
    Path(name): Path<RoomName>,
    Query(query): Query<PageQuery>,
) -> Result<Json<MessageList>, web::Error> {
    let limit = query.limit()?;
    let user = caller.member.user.id;
    let cursors = s.sealer.cursors(format!("messages of {name} for {user}"));
    let before = cursors.open(query.cursor())?;
    let member = RoomMember::of(name.0, user, caller.first, caller.second)?;
    if member.membership.peer.is_some() && s.table.get::<Pair>(Pair::key_in(name.0)).await?.is_some_and(|pair| pair.is_blocked()) {
        return Err(Kind::NotFound.because("one blocks the other").into());
    }
    let OlderPage { messages, upto, before } = history::before(&s.table, &member, before, limit, PAGE_MAX_BYTES).await?;
    Ok(Json(MessageList { items: messages, upto, next_cursor: cursors.next(before)? }))
}
