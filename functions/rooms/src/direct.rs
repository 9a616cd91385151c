//! Opening the direct room of two people. There is one for each pair, whichever of the two opens it.

use accounts::{
    identifier::{Login, Username},
    user::resolve,
    username::{LOOKUPS, UsernameClaim},
};
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use kernel::{FieldError, Kind, Problem, id::UserId};
use messaging::{
    direct::{Opened, open_direct},
    room,
};
use serde::Deserialize;
use store::limits;
use utoipa::ToSchema;
use web::{Client, Created, Json, Problems};

use crate::{info::RoomInfo, reader::Unbanned};

/// The other person, by exactly one of these.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenDirectRoom {
    /// The id of the account.
    user: Option<UserId>,
    /// Their username, in upper or lower case.
    #[schema(examples("ben_nowak"), max_length = 30)]
    username: Option<String>,
}

impl OpenDirectRoom {
    /// Returns the id of the other person. A username costs a read and a counter: the one for the availability of names, so that this
    /// operation does not reveal more names.
    async fn other(self, s: &crate::State, client: &Client) -> Result<UserId, Problem> {
        match self {
            Self { user: Some(user), username: None } => Ok(user),
            Self { user: None, username: Some(text) } => {
                let name = Username::parse(&text).map_err(|_| Kind::NotFound)?;
                limits::take(&s.table, s.sys.now(), &[UsernameClaim::lookups(client)]).await?;
                resolve(&s.table, &Login::Username(name)).await?.ok_or_else(|| Kind::NotFound.into())
            }
            Self { user: None, username: None } => Err(Problem::field("/user", FieldError::REQUIRED)),
            _ => Err(Problem::field("/username", FieldError::CHOICE)),
        }
    }
}

/// Opens the direct room with somebody: 201 if it is new, 200 if it existed.
///
/// AWS calls: the caller, a batch of the room and the other person; a counter and one transaction if the room is new. By username a
/// counter and the claim of the name before it.
#[utoipa::path(
    post,
    path = "/v1/rooms/direct",
    request_body = OpenDirectRoom,
    extensions(("x-problems" = json!(["not_found", "room_with_self", "chat_banned", "chat_not_allowed", "invalid", "too_many_requests"])), ("x-limits" = json!([room::OPENED, LOOKUPS]))),
    responses((status = 200, body = RoomInfo), (status = 201, body = RoomInfo), Problems)
)]
pub async fn open_direct_room(
    State(s): State<crate::State>,
    Unbanned(caller): Unbanned,
    client: Client,
    Json(body): Json<OpenDirectRoom>,
) -> Result<Response, web::Error> {
    let other = body.other(&s, &client).await?;
    let Opened { room, peer, new } = open_direct(&s.table, &s.sys, caller.user.id, other).await?;
    let info = RoomInfo::of(caller.user.id, &room, Some(&peer));
    let place = format!("/v1/rooms/{}/messages", room.id);
    Ok(if new { Created(place, info).into_response() } else { Json(info).into_response() })
}
