//! Listing and closing all groups and channels.

use accounts::{
    audit::{Action, AuditEntry},
    staff::Actor,
    user,
};
use axum::extract::State;
use callers::{Fresh, Staff, staff::Administrator};
use kernel::{
    Timestamp,
    id::{RoomId, UserId},
};
use messaging::{
    room::{self, Room, RoomKind},
    roster,
};
use serde::Serialize;
use utoipa::ToSchema;
use web::{Error, Json, NoContent, PageQuery, Path, Problems, Query, Reason, RequestId};

/// A group or a channel, as staff see it: without its messages.
#[derive(Serialize, ToSchema)]
pub struct StaffRoom {
    id: RoomId,
    kind: RoomKind,
    /// The name.
    #[schema(examples("Sunday walks"))]
    name: String,
    /// The topic.
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<String>,
    /// The name in the address of a public channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    slug: Option<String>,
    /// The owner.
    owner: UserId,
    /// The username of the owner. Absent if the account is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, examples("anna"))]
    owner_username: Option<String>,
    /// The number of members.
    member_count: u32,
    created_at: Timestamp,
    /// The last activity.
    latest_at: Timestamp,
}

impl StaffRoom {
    fn of(room: Room) -> Option<Self> {
        let club = room.club?;
        Some(Self {
            id: room.id,
            kind: room.kind,
            name: club.name.to_string(),
            topic: club.topic.map(|topic| topic.to_string()),
            slug: club.slug.map(|slug| slug.to_string()),
            owner: club.owner,
            owner_username: None,
            member_count: club.member_count,
            created_at: room.created_at.into(),
            latest_at: room.latest_at.into(),
        })
    }
}

/// A page of groups and channels.
#[derive(Serialize, ToSchema)]
pub struct StaffRoomList {
    /// The newest first.
    items: Vec<StaffRoom>,
    /// The cursor of the next page. Absent on the last page. A page can have fewer rooms than requested, or none, although there is a next
    /// one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists the groups and channels of everybody, the newest first.
///
/// For administrators, with a second factor. Messages are not shown.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; a query; a batch of the rooms, and one of their
/// owners.
#[utoipa::path(get, path = "/v1/admin/rooms", params(PageQuery),
    extensions(("x-problems" = json!(["cursor_invalid", "invalid"]))),
    responses((status = 200, body = StaffRoomList), Problems))]
pub async fn list_all_rooms(
    State(s): State<crate::State>,
    caller: Staff<Administrator>,
    Query(page): Query<PageQuery>,
) -> Result<Json<StaffRoomList>, Error> {
    let limit = page.limit()?;
    let cursors = s.sealer.cursors(format!("rooms for {}", caller.member.user.id));
    let (rooms, next) = room::newest(&s.table, cursors.open(page.cursor())?, limit).await?;
    let rooms: Vec<StaffRoom> = rooms.into_iter().filter_map(StaffRoom::of).collect();
    let names = user::usernames(&s.table, rooms.iter().map(|room| room.owner).collect()).await?;
    let with_name = |room: StaffRoom| StaffRoom { owner_username: names.get(&room.owner).map(ToString::to_string), ..room };
    Ok(Json(StaffRoomList { items: rooms.into_iter().map(with_name).collect(), next_cursor: cursors.next(next)? }))
}

/// Closes a group or a channel permanently, as its owner can. From then on requests for it get 404. Its members are notified.
///
/// For administrators with a recent proof by a second factor. Not for the caller's own room, which its owner deletes, nor for that of
/// somebody with a role as high as the caller's.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; a read of the room; a batch and a transaction, repeated after
/// each concurrent change of the room.
#[utoipa::path(delete, path = "/v1/admin/rooms/{room}", params(("room" = RoomId, Path)),
    extensions(("x-problems" = json!(["not_found", "account_protected", "conflict"]))),
    responses((status = 204, description = "It is closed."), Problems))]
pub async fn close_room(
    State(s): State<crate::State>,
    Fresh(caller): Fresh<Staff<Administrator>>,
    request: RequestId,
    Reason(reason): Reason,
    Path(room): Path<RoomId>,
) -> Result<NoContent, Error> {
    let by = Actor { user: caller.member.user.id, role: caller.role };
    roster::close(&s.table, &s.sys, by, room, |tx, club| {
        let entry = AuditEntry::by(&s.sys, by.user, &request.0, Action::RoomClosed, club.owner);
        s.audit.add(tx, &entry.changed("room", room, ()).because(reason.clone()));
    })
    .await?;
    tracing::info!(room.id = %room, actor.id = %by.user, "a room was closed by staff");
    Ok(NoContent)
}
