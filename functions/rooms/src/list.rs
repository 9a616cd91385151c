//! The caller's rooms, the public room first.

use axum::extract::State;
use callers::Member;
use kernel::id::RoomId;
use messaging::{history, room};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::{Json, Problems, Query};

use crate::{direct::RoomInfo, messages::until};

/// The requested page of the list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Maximum number of rooms: 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 30)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(max_length = 500)]
    cursor: Option<String>,
}

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
#[utoipa::path(get, path = "/v1/rooms", tag = "rooms", params(PageQuery),
    extensions(("x-problems" = json!(["cursor_invalid", "invalid"]))),
    responses((status = 200, body = RoomList), Problems))]
pub async fn list_rooms(
    State(s): State<crate::State>,
    caller: Member,
    Query(query): Query<PageQuery>,
) -> Result<Json<RoomList>, web::Error> {
    let limit = kernel::page_limit(query.limit, history::PAGE, history::PAGE_MAX)?;
    let purpose = format!("rooms of {}", caller.user.id);
    let after = query.cursor.as_deref().map(|text| s.sealer.open::<RoomId>(&purpose, text)).transpose()?;
    let page = room::of_user(&s.table, caller.user.id, after, limit).await?;
    let (public, mine) = room::with_peers(&s.table, None, &page.items).await?;
    let first = after.is_none().then(|| RoomInfo::new(&public, None));
    let items = first.into_iter().chain(mine.into_iter().map(|m| RoomInfo::new(&m.room, m.peer))).collect();
    let last = page.items.last().filter(|_| page.more).map(|m| m.room);
    let next_cursor = last.map(|room| s.sealer.seal(&purpose, room, until(&s.sys))).transpose()?;
    Ok(Json(RoomList { items, next_cursor }))
}
