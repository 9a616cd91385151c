//! Rooms over HTTP: opening a direct room, listing the caller's rooms, reading history.
//!
//! Messages are sent and delivered over the socket (`chat`). These operations serve a page before its socket is open, and
//! clients without one.
//!
//! | operation | AWS calls |
//! |---|---|
//! | `POST /v1/rooms/direct` | the caller; by username a counter and its claim; a batch read of the room, the other person and how they stand to each other; a transaction if the room is new |
//! | `GET /v1/rooms` | the caller; a query of the memberships; a batch read of the rooms and the people in them |
//! | `GET /v1/rooms/{room}/messages` | the caller and the room in one; a read in a direct room; a query |

mod direct;
mod list;
mod messages;

use accounts::token::Tokens;
use axum::extract::FromRef;
use function::{Boot, Function, StartError};
use kernel::Sys;
use store::{Sealer, Table};

/// The state of the function: its clients, keys and settings.
#[derive(Clone, FromRef)]
pub struct State {
    table: Table,
    sys: Sys,
    tokens: Tokens,
    sealer: Sealer,
}

// The operations in the order of the documentation: `routes()` and `description()`.
web::operations! { "rooms", "Rooms: opening and listing them, and reading their history. Messages are sent over the socket.", State =>
    direct::open_direct_room,
    list::list_rooms,
    messages::list_messages,
}

/// Reads the configuration and opens the connection to the table.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let tokens = boot.env.read(|r| Tokens::read(r, &aws, &sys))?;
    let sealer = tokens.warm_up_with_sealer("rooms").await?;
    let state = State { table: tokens.table().clone(), tokens, sealer, sys };
    web::function(&boot, routes(), state)
}
