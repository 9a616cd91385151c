//! The caller's rooms, the public room first.

use axum::extract::State;
use callers::Member;
use kernel::id::RoomId;
use messaging::{direct::with_peers, member};
use serde::Serialize;
use utoipa::ToSchema;
use web::{Json, PageQuery, Problems, Query};

use crate::info::RoomInfo;

/// A page of the caller's rooms.
#[derive(Serialize, ToSchema)]
pub struct RoomList {
    items: Vec<RoomInfo>,
    /// The cursor of the next page. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists the caller's rooms.
///
/// AWS calls: the caller; a query of their memberships; a batch of the rooms and the people in them.
#[utoipa::path(get, path = "/v1/rooms", params(PageQuery),
    extensions(("x-problems" = json!(["cursor_invalid", "invalid"]))),
    responses((status = 200, body = RoomList), Problems))]
pub async fn list_rooms(
    State(s): State<crate::State>,
    caller: Member,
    Query(query): Query<PageQuery>,
) -> Result<Json<RoomList>, web::Error> {
    let limit = query.limit()?;
    let cursors = s.sealer.cursors(format!("rooms of {}", caller.user.id));
    let after = cursors.open::<RoomId>(query.cursor())?;
    let page = member::of_user(&s.table, caller.user.id, after, limit).await?;
    let (public, mine) = with_peers(&s.table, None, &page.items).await?;
    let me = caller.user.id;
    let first = after.is_none().then(|| RoomInfo::of(me, &public, None));
    let items = first.into_iter().chain(mine.into_iter().map(|m| RoomInfo::of(me, &m.room, m.peer.as_ref()))).collect();
    let next_cursor = cursors.next(page.last().map(|m| m.room))?;
    Ok(Json(RoomList { items, next_cursor }))
}
