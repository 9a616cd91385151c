//! A chat with one other person: found or made, the same for both, once.

use accounts::Member;
use axum::{extract::State, response::IntoResponse as _, response::Response};
use kernel::{
    Timestamp,
    id::{RoomId, UserId},
};
use messaging::{
    message::Author,
    room::{self, Opened, Room, RoomKind},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{Created, Json, Problems};

/// With whom.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenDirectRoom {
    /// The other person.
    user: UserId,
}

/// A room the caller is in.
#[derive(Serialize, ToSchema)]
pub struct RoomInfo {
    id: RoomId,
    kind: RoomKind,
    /// The other person, in a direct room; absent when they are gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    with: Option<Author>,
    /// The number of the last message.
    last_seq: u64,
    /// Absent for the public room before anybody said anything in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<Timestamp>,
}

impl RoomInfo {
    /// A room, as the caller sees it.
    pub fn new(room: &Room, peer: Option<accounts::user::User>) -> Self {
        Self {
            id: room.id,
            kind: room.kind,
            with: peer.map(|p| Author { id: p.id, username: p.username.to_string() }),
            last_seq: room.seq,
            created_at: (room.created_at > kernel::Time::ZERO).then(|| room.created_at.into()),
        }
    }
}

/// Opens the direct room with somebody: 201 if it is new, 200 if it was there.
///
/// AWS calls: the caller, a batch of the room and the other person; a counter and one transaction if there is no room yet.
#[utoipa::path(
    post,
    path = "/v1/rooms/direct",
    tag = "rooms",
    request_body = OpenDirectRoom,
    extensions(("x-problems" = json!(["not_found", "room_with_self", "chat_not_allowed", "invalid", "too_many_requests"])), ("x-limits" = json!(["rooms_opened"]))),
    responses((status = 200, body = RoomInfo), (status = 201, body = RoomInfo), Problems)
)]
pub async fn open_direct_room(
    State(s): State<crate::State>,
    caller: Member,
    Json(body): Json<OpenDirectRoom>,
) -> Result<Response, web::Error> {
    let Opened { room, peer, new } = room::open_direct(&s.table, &s.sys, caller.user.id, body.user).await?;
    let info = RoomInfo::new(&room, Some(peer));
    let place = format!("/v1/rooms/{}/messages", room.id);
    Ok(if new { Created(place, info).into_response() } else { Json(info).into_response() })
}
