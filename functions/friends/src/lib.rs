//! Friends and blocks: requests, their answers, and lists.
//!
//! The other person accepts a request, or sends a request of their own, which also makes the two friends. After a rejection the sender
//! has to wait seven days. A block ends friendship and requests and is not announced: the blocked person sees what a stranger sees.
//!
//! | operation | AWS calls |
//! |---|---|
//! | `GET /v1/friends` | the caller; two concurrent queries and a batch read of the people in them, up to five times in a search |
//! | `GET /v1/friends/{user}` | the caller and the pair in one |
//! | `POST /v1/friends/{user}/request` | the caller and the pair in one; a counter; a transaction |
//! | the other operations | the caller and the pair in one; a transaction |

mod change;
mod list;

use accounts::{picture::Links, token::Tokens};
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
    links: Links,
}

// The operations in the order of the documentation: `routes()` and `description()`.
web::operations! { "friends", "Friends, friend requests and blocks.", State =>
    list::list_friends,
    change::get_friend,
    change::request_friend,
    change::cancel_friend_request,
    change::accept_friend_request,
    change::reject_friend_request,
    change::remove_friend,
    change::block_user,
    change::unblock_user,
}

/// Reads the configuration and opens the connection to the table.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let tokens = boot.env.read(|r| Tokens::read(r, &aws, &sys))?;
    let sealer = tokens.warm_up_with_sealer("friends").await?;
    let state = boot.env.read(|r| State {
        table: tokens.table().clone(),
        tokens: tokens.clone(),
        sealer,
        links: Links::read(r),
        sys: sys.clone(),
    })?;
    web::function(&boot, routes(), state)
}
