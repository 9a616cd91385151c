//! Invitations to groups and channels. To accept one, the person joins the room.

use axum::extract::State;
use callers::Member;
use kernel::{
    Timestamp,
    id::{RoomId, UserId},
};
use messaging::{
    member,
    room::{Room, RoomKind},
    roster::{self, INVITED},
};
use serde::Serialize;
use utoipa::ToSchema;
use web::{Json, NoContent, PageQuery, Path, Problems, Query};

use crate::{members::InRoom, reader::Unbanned};

/// An invitation of the caller.
#[derive(Serialize, ToSchema)]
pub struct RoomInvitation {
    /// The room.
    room: RoomId,
    /// The kind of the room.
    kind: RoomKind,
    /// The name of the room.
    #[schema(examples("The painted porch"))]
    name: String,
    /// The number of members.
    members: u32,
    /// Who invited the caller. Absent if that account was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    by: Option<UserId>,
    /// When the caller was invited.
    created_at: Timestamp,
    /// Until when it can be accepted.
    expires_at: Timestamp,
}

/// A page of the caller's invitations.
#[derive(Serialize, ToSchema)]
pub struct RoomInvitationList {
    items: Vec<RoomInvitation>,
    /// The cursor of the next page. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists the rooms that the caller is invited to.
///
/// AWS calls: the caller; a query of the invitations; a batch of the rooms if there are any.
#[utoipa::path(get, path = "/v1/me/room-invitations", params(PageQuery),
    extensions(("x-problems" = json!(["cursor_invalid", "invalid"]))),
    responses((status = 200, body = RoomInvitationList), Problems))]
pub async fn list_room_invitations(
    State(s): State<crate::State>,
    caller: Member,
    Query(query): Query<PageQuery>,
) -> Result<Json<RoomInvitationList>, web::Error> {
    let limit = query.limit()?;
    let cursors = s.sealer.cursors(format!("room invitations of {}", caller.user.id));
    let after = cursors.open::<RoomId>(query.cursor())?;
    let page = member::invitations(&s.table, caller.user.id, after, limit).await?;
    let next_cursor = cursors.next(page.last().map(|i| i.room))?;
    let (now, mut items) = (s.sys.now(), Vec::new());
    let keys: Vec<_> = page.items.iter().map(|i| Room::key_of(i.room)).collect();
    let mut rooms = if keys.is_empty() { store::Batch::default() } else { s.table.get_many(keys).await? };
    for i in page.items.into_iter().filter(|i| now < i.until) {
        // An invitation to a deleted room is not listed.
        let Some(room) = rooms.take::<Room>(&Room::key_of(i.room))? else { continue };
        let (room, kind, Some(club)) = (room.id, room.kind, room.club) else { continue };
        let (name, members) = (club.name.to_string(), club.member_count);
        items.push(RoomInvitation { room, kind, name, members, by: i.by, created_at: i.at.into(), expires_at: i.until.into() });
    }
    Ok(Json(RoomInvitationList { items, next_cursor }))
}

/// Invites somebody to a group or a channel, or adds a friend to a group. Only its owner and its administrators may do so. No effect for a
/// member, or for somebody who is invited already.
///
/// A friend of the caller becomes a member of a group at once, unless they have turned that off (`added_by_friends`). Everybody else
/// becomes a member by accepting.
///
/// AWS calls: the caller, a batch of the room, both memberships and the person, a counter, one transaction; for a friend another batch
/// before it.
#[utoipa::path(put, path = "/v1/rooms/{room}/invitations/{user}",
    params(("room" = String, Path, max_length = 30, description = "The room's id."), ("user" = UserId, Path, description = "Who is invited.")),
    extensions(("x-problems" = json!(["not_found", "forbidden", "chat_banned", "room_banned", "chat_not_allowed", "too_many", "conflict", "too_many_requests"])), ("x-limits" = json!([INVITED]))),
    responses((status = 204), Problems))]
pub async fn invite_to_room(
    State(s): State<crate::State>,
    Unbanned(caller): Unbanned,
    Path(InRoom { room, user }): Path<InRoom>,
) -> Result<NoContent, web::Error> {
    roster::invite(&s.table, &s.sys, caller.user.id, user, room.0).await?;
    Ok(NoContent)
}

/// Declines the caller's own invitation, or withdraws that of somebody else, which only the owner and the administrators may do. No effect
/// if there is no invitation.
///
/// AWS calls: the caller, one deletion; for somebody else's a batch of the room and the caller's membership before it.
#[utoipa::path(delete, path = "/v1/rooms/{room}/invitations/{user}",
    params(("room" = String, Path, max_length = 30, description = "The room's id."), ("user" = UserId, Path, description = "Who was invited.")),
    extensions(("x-problems" = json!(["not_found", "forbidden"]))),
    responses((status = 204), Problems))]
pub async fn remove_room_invitation(
    State(s): State<crate::State>,
    caller: Member,
    Path(InRoom { room, user }): Path<InRoom>,
) -> Result<NoContent, web::Error> {
    roster::uninvite(&s.table, caller.user.id, user, room.0).await?;
    Ok(NoContent)
}
