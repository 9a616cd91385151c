//! Rooms over HTTP: opening a chat with somebody, listing one's chats, reading back.
//!
//! What is said travels over the socket (`chat`); this is what a page shows before it is open, and what needs no socket.
//!
//! | operation | AWS calls |
//! |---|---|
//! | `POST /v1/rooms/direct` | the caller, one batch read; a transaction if the room is new |
//! | `GET /v1/rooms` | the caller, a query of the memberships, batch reads of the rooms and of the other people |
//! | `GET /v1/rooms/{room}/messages` | the caller, one batch read, one query |

mod direct;
mod list;
mod messages;

use accounts::token::Tokens;
use axum::extract::FromRef;
use function::{Boot, Function, StartError};
use kernel::Sys;
use store::{Sealer, Table};
use web::{Edge, OpenApiRouter, routes};

/// What this feature may touch.
#[derive(Clone, FromRef)]
pub struct State {
    table: Table,
    sys: Sys,
    tokens: Tokens,
    sealer: Sealer,
}

/// The operations, in the order somebody meets them.
pub fn routes() -> OpenApiRouter<State> {
    web::openapi::routes("rooms", "Chats: opening them, listing them, reading back. Sending goes over the socket.")
        .routes(routes!(direct::open_direct_room))
        .routes(routes!(list::list_rooms))
        .routes(routes!(messages::list_messages))
}

/// Reads the configuration and opens the connection to the table.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let state = boot.env.read(|r| State {
        table: Table::new(&aws, &sys, &r.need("TABLE_NAME")),
        tokens: Tokens::read(r, &sys),
        sealer: Sealer::new(&r.secret("CURSOR_KEY"), &sys),
        sys: sys.clone(),
    })?;
    state.table.warm_up().await;
    Ok(web::function(routes(), state, Edge { sys }))
}
