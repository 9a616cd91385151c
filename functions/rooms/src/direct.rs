//! A direct room of two people: found or made, once, whichever of them opens it.

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use callers::Member;
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

/// The request for a direct room.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenDirectRoom {
    /// The id of the other person.
    user: UserId,
}

/// A room the caller is in.
#[derive(Serialize, ToSchema)]
pub struct RoomInfo {
    id: RoomId,
    kind: RoomKind,
    /// The other person in a direct room. Absent when their account is deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    with: Option<Author>,
    /// The number of the last message.
    last_seq: u64,
    /// When the last message was sent. Absent for the public room before its first message.
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<Timestamp>,
}

impl RoomInfo {
    /// A room as the caller sees it.
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

/// Opens the direct room with somebody: 201 if it is new, 200 if it existed.
///
/// AWS calls: the caller, a batch of the room and the other person; a counter and one transaction if the room is new.
#[utoipa::path(
    post,
    path = "/v1/rooms/direct",
    request_body = OpenDirectRoom,
    extensions(("x-problems" = json!(["not_found", "room_with_self", "chat_not_allowed", "invalid", "too_many_requests"])), ("x-limits" = json!([room::OPENED]))),
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
