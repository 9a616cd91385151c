//! Invitation codes: showing the caller's code, entering another person's, listing who has entered the caller's; and statistics for staff.
//!
//! The answer to a code only reveals whether it can be entered: unknown codes, the caller's own and those of accounts that are not active
//! get the same answer, and there are ten attempts an hour. The owner of a code sees the username and the picture of everybody who has
//! entered it, and the phone number of those who allow it.
//!
//! | operation | AWS calls |
//! |---|---|
//! | `GET /v1/me/invite-code` | the caller and their code in one; the person whose code they entered, and what that person may see, in another |
//! | `POST /v1/me/inviter` | the caller and their code in one; two concurrent counters; the code's claim; its owner; a transaction; as above |
//! | `PUT /v1/me/inviter/consent` | the caller and their code in one; an update |
//! | `GET /v1/me/invitees` | the caller; a query; a batch read of the people in it |
//! | `GET /v1/statistics/invites` | the caller and their roles in one; two concurrent queries, a batch read of the people in one of them |

mod code;
mod enter;
mod invitees;
mod statistics;

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
web::operations! { "invites", "Invitation codes: the caller's own, entering another person's, and statistics.", State =>
    code::get_invite_code,
    enter::enter_invite_code,
    enter::set_inviter_consent,
    invitees::list_invitees,
    statistics::get_invite_statistics,
}

/// Reads the configuration and opens the connection to the table.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let tokens = boot.env.read(|r| Tokens::read(r, &aws, &sys))?;
    let sealer = tokens.warm_up_with_sealer("invites").await?;
    let state = boot.env.read(|r| State {
        table: tokens.table().clone(),
        tokens: tokens.clone(),
        sealer,
        links: Links::read(r),
        sys: sys.clone(),
    })?;
    web::function(&boot, routes(), state)
}
