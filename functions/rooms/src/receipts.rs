//! Up to where the others in a small room have read.

use accounts::pair::Pair;
use axum::extract::State;
use callers::MemberWithBoth;
use kernel::Kind;
use messaging::{
    member::{Membership, RoomMember},
    receipts::{self, ReadUpto},
    room::{Room, RoomName},
};
use serde::Serialize;
use utoipa::ToSchema;
use web::{Json, Path, Problems};

/// The read receipts of a room.
#[derive(Serialize, ToSchema)]
pub struct ReceiptList {
    /// One for each of the others who show theirs.
    #[schema(max_items = 19)]
    items: Vec<ReadUpto>,
}

/// Lists up to which message the others in one of the caller's rooms have read.
///
/// Only in a direct room and in a group of up to twenty, and only among people who show theirs: who hides theirs sees none. Later
/// changes come over the socket as `receipt`. In larger rooms the list is empty.
///
/// AWS calls: a batch that authenticates the caller and reads the room and their membership; in a direct room a read of whether one of
/// the two blocks the other; a query of the members and a batch of the people.
#[utoipa::path(get, path = "/v1/rooms/{room}/receipts",
    params(("room" = String, Path, max_length = 30, description = "The room's id, or `public`.")),
    extensions(("x-problems" = json!(["not_found"]))),
    responses((status = 200, body = ReceiptList), Problems))]
pub async fn list_receipts(
    State(s): State<crate::State>,
    caller: MemberWithBoth<Room, Membership>,
    Path(name): Path<RoomName>,
) -> Result<Json<ReceiptList>, web::Error> {
    let user = &caller.member.user;
    let member = RoomMember::of(name.0, user.id, caller.first, caller.second)?;
    if member.membership.peer.is_some() && s.table.get::<Pair>(Pair::key_in(name.0)).await?.is_some_and(|pair| pair.is_blocked()) {
        return Err(Kind::NotFound.because("one blocks the other").into());
    }
    Ok(Json(ReceiptList { items: receipts::of_room(&s.table, &member, user).await? }))
}
