//! The members of rooms: listing, joining, leaving, removing, and their roles.

use accounts::{pair::Pair, user::User};
use axum::extract::State;
use callers::{Member, MemberWithBoth};
use kernel::{Kind, Timestamp, id::UserId};
use messaging::{
    member::{self, Membership, RoomMember, RoomRole},
    message::Author,
    room::{Room, RoomKind, RoomName},
    roster,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{Json, NoContent, PageQuery, Path, Problems, Query};

use crate::{info::RoomInfo, reader::Unbanned};

/// A member of a room.
#[derive(Serialize, ToSchema)]
pub struct RoomMemberInfo {
    /// The person.
    user: Author,
    /// The role.
    role: RoomRole,
    /// When they joined.
    since: Timestamp,
}

/// A page of a room's members.
#[derive(Serialize, ToSchema)]
pub struct RoomMemberList {
    items: Vec<RoomMemberInfo>,
    /// The cursor of the next page. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists the members of one of the caller's rooms. The list of the public room is empty, because everybody is in it.
///
/// AWS calls: a batch that authenticates the caller and reads the room and their membership; a query of the memberships; a batch of
/// the people, and in a direct room of whether one of the two blocks the other.
#[utoipa::path(get, path = "/v1/rooms/{room}/members",
    params(("room" = String, Path, max_length = 30, description = "The room's id."), PageQuery),
    extensions(("x-problems" = json!(["not_found", "cursor_invalid", "invalid"]))),
    responses((status = 200, body = RoomMemberList), Problems))]
pub async fn list_room_members(
    State(s): State<crate::State>,
    caller: MemberWithBoth<Room, Membership>,
    Path(name): Path<RoomName>,
    Query(query): Query<PageQuery>,
) -> Result<Json<RoomMemberList>, web::Error> {
    let (limit, me) = (query.limit()?, caller.member.user.id);
    let cursors = s.sealer.cursors(format!("members of {name} for {me}"));
    let after = cursors.open::<UserId>(query.cursor())?;
    let RoomMember { room, .. } = RoomMember::of(name.0, me, caller.first, caller.second)?;
    if room.kind == RoomKind::Public {
        return Ok(Json(RoomMemberList { items: Vec::new(), next_cursor: None }));
    }
    let page = member::of_room(&s.table, room.id, after, limit).await?;
    let next_cursor = cursors.next(page.last().map(|m| m.user))?;
    let pair = Pair::key_in(room.id);
    let direct = (room.kind == RoomKind::Direct).then(|| pair.clone());
    let keys: Vec<_> = page.items.iter().map(|m| User::key_of(m.user)).chain(direct).collect();
    let mut people = if keys.is_empty() { store::Batch::default() } else { s.table.get_many(keys).await? };
    if people.take::<Pair>(&pair)?.is_some_and(|pair| pair.is_blocked()) {
        return Err(Kind::NotFound.because("one of the two people blocks the other").into());
    }
    let mut items = Vec::new();
    for m in page.items {
        if let Some(person) = people.take::<User>(&User::key_of(m.user))? {
            let user = Author { id: m.user, username: person.username.to_string() };
            items.push(RoomMemberInfo { user, role: room.role_of(m.user), since: m.since.into() });
        }
    }
    Ok(Json(RoomMemberList { items, next_cursor }))
}

/// Makes the caller a member of a public channel, or of a room that they are invited to, unless they are banned from it. No effect for
/// a member.
///
/// AWS calls: the caller, a batch of the room, their membership, invitation, ban and counts, one transaction.
#[utoipa::path(post, path = "/v1/rooms/{room}/members",
    params(("room" = String, Path, max_length = 30, description = "The room's id.")),
    extensions(("x-problems" = json!(["not_found", "chat_banned", "room_banned", "too_many"]))),
    responses((status = 200, body = RoomInfo), Problems))]
pub async fn join_room(
    State(s): State<crate::State>,
    Unbanned(caller): Unbanned,
    Path(RoomName(room)): Path<RoomName>,
) -> Result<Json<RoomInfo>, web::Error> {
    let room = roster::join(&s.table, &s.sys, &caller.user, room).await?;
    Ok(Json(RoomInfo::of(caller.user.id, &room, None)))
}

/// The room and the person in a path.
#[derive(Deserialize)]
pub struct InRoom {
    /// The room.
    pub room: RoomName,
    /// The person.
    pub user: UserId,
}

/// A role to give.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleOfMember {
    /// The role. If somebody is made the owner, the caller is no longer the owner.
    role: RoomRole,
}

/// Gives a member another role. Only the owner may do so. If somebody else is made the owner, the caller becomes an administrator.
///
/// AWS calls: the caller, a batch of the room, both memberships and the person, one transaction.
#[utoipa::path(put, path = "/v1/rooms/{room}/members/{user}", request_body = RoleOfMember,
    params(("room" = String, Path, max_length = 30, description = "The room's id."), ("user" = UserId, Path, description = "The member.")),
    extensions(("x-problems" = json!(["not_found", "forbidden", "owner_stays", "too_many"]))),
    responses((status = 204), Problems))]
pub async fn set_member_role(
    State(s): State<crate::State>,
    caller: Member,
    Path(InRoom { room, user }): Path<InRoom>,
    Json(RoleOfMember { role }): Json<RoleOfMember>,
) -> Result<NoContent, web::Error> {
    roster::set_role(&s.table, &s.sys, caller.user.id, user, room.0, role).await?;
    Ok(NoContent)
}

/// Removes a member, or ends the caller's own membership.
///
/// Administrators can remove ordinary members, the owner can remove everybody else. From then on the person gets no messages of the room,
/// and requests for the room get 404. A removed person can join a public channel again: ban them to prevent this. If the owner leaves, the
/// oldest administrator becomes the owner. If nobody is left, the room is deleted.
///
/// AWS calls: the caller, a batch of the room, both memberships and the person, one transaction.
#[utoipa::path(delete, path = "/v1/rooms/{room}/members/{user}",
    params(("room" = String, Path, max_length = 30, description = "The room's id."), ("user" = UserId, Path, description = "The member.")),
    extensions(("x-problems" = json!(["not_found", "forbidden", "owner_stays", "conflict"]))),
    responses((status = 204), Problems))]
pub async fn remove_member(
    State(s): State<crate::State>,
    caller: Member,
    Path(InRoom { room, user }): Path<InRoom>,
) -> Result<NoContent, web::Error> {
    if user == caller.user.id {
        roster::leave(&s.table, &s.sys, &caller.user, room.0).await?;
    } else {
        roster::remove(&s.table, &s.sys, caller.user.id, user, room.0).await?;
    }
    Ok(NoContent)
}
