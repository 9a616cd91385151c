//! Finding people: by the beginnings of their names, by a whole address or number, and nearby.
//!
//! Accounts that are not active are never found. If one of two people blocks the other, neither finds the other.
//!
//! | operation | AWS calls |
//! |---|---|
//! | `GET /v1/people` by name | the caller; a counter; one or two queries, and a batch read of the people in them |
//! | `GET /v1/people` by address or number | the caller; two counters; the claim; a batch read; the counter of those who find nobody is given back if somebody is found |
//! | `GET /v1/people/nearby` | the caller and their location in one; a counter; up to nine concurrent queries; a batch read of the people |
//! | `PUT /v1/me/location` | the caller and their location in one; a transaction of two counters if the cell changes; a conditional write |
//! | `DELETE /v1/me/location` | the caller; a deletion |

#[expect(clippy::arithmetic_side_effects, reason = "its numbers are constants and at most some 40 bits long")]
mod cell;
mod find;
mod location;
mod nearby;

use accounts::{picture::Links, token::Tokens};
use axum::extract::FromRef;
use function::{Boot, Function, StartError};
use kernel::Sys;
use store::{Sealer, Table};

store::items![location::Location];

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
web::operations! { "people", "Finding people: by name, by an address or number, and nearby.", State =>
    find::search_people,
    nearby::list_nearby,
    location::share_location,
    location::delete_location,
}

/// Reads the configuration and opens the connection to the table.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let tokens = boot.env.read(|r| Tokens::read(r, &aws, &sys))?;
    let sealer = tokens.warm_up_with_sealer("people").await?;
    let state = boot.env.read(|r| State {
        table: tokens.table().clone(),
        tokens: tokens.clone(),
        sealer,
        links: Links::read(r),
        sys: sys.clone(),
    })?;
    web::function(&boot, routes(), state)
}
