//! Read receipts: up to which message the others in a small room have read.

use axum::extract::State;
use messaging::receipts::{self, ReadUpto};
use serde::Serialize;
use utoipa::ToSchema;
use web::{Json, Problems};

use crate::reader::Reader;

/// The read receipts of a room.
#[derive(Serialize, ToSchema)]
pub struct ReceiptList {
    /// One for each of the others who show theirs.
    #[schema(max_items = 19)]
    items: Vec<ReadUpto>,
}

/// Lists up to which message the others in one of the caller's rooms have read.
///
/// Only in a direct room and in a group of up to twenty people, and only among people who show their receipts: those who hide theirs see
/// none. Later changes come over the socket as `receipt`. In larger rooms the list is empty.
///
/// AWS calls: a batch that authenticates the caller and reads the room, their membership, whether they are banned from chat, and in a
/// direct room whether one of the two blocks the other; a query of the members and a batch of the people.
#[utoipa::path(get, path = "/v1/rooms/{room}/receipts",
    params(("room" = String, Path, max_length = 30, description = "The room's id, or `public`.")),
    extensions(("x-problems" = json!(["not_found", "chat_banned"]))),
    responses((status = 200, body = ReceiptList), Problems))]
pub async fn list_receipts(State(s): State<crate::State>, Reader { user, member }: Reader) -> Result<Json<ReceiptList>, web::Error> {
    Ok(Json(ReceiptList { items: receipts::of_room(&s.table, &member, &user).await? }))
}
