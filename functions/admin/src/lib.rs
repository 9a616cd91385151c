//! What staff do with people's accounts: reading their state, reactivating them, giving and removing roles, and becoming the
//! first superuser.
//!
//! Every change takes a superuser with a recent proof by a strong factor, is in the audit in the same transaction
//! (`accounts::audit`), and is refused if the caller is no superuser any more at that moment. Nobody changes their own roles.
//! Roles are read with every request, so that a removed role ends with the next request, and sessions can go on.
//!
//! The first superuser is made with the secret of an operator (`cargo xtask appoint`, `crate::first`). There is no other
//! way, and no default superuser.
//!
//! | operation | AWS calls |
//! |---|---|
//! | `GET /v1/admin/users/{username}` | the caller and their roles in one; the claim of the username; a batch for the account |
//! | `POST /v1/admin/users/{username}/reactivation` | the same and a transaction |
//! | `PUT`, `DELETE /v1/admin/users/{username}/roles/{role}` | the same and a transaction; for a removal also a query for API keys and their deletion |
//! | `POST /v1/admin/first` | the caller and the offer in one; a counter; their roles; a transaction |

mod account;
mod first;
pub mod offer;
mod reactivate;
mod roles;

use accounts::{audit::Audit, token::Tokens};
use axum::extract::FromRef;
use function::{Boot, Function, StartError};
use kernel::Sys;
use store::Table;

store::items![offer::Offer, offer::Superuser];

/// The state of the function: its clients, keys and settings.
#[derive(Clone, FromRef)]
pub struct State {
    table: Table,
    audit: Audit,
    sys: Sys,
    tokens: Tokens,
}

// The operations in the order of the documentation: `routes()` and `description()`.
web::operations! { "admin", "Administration of accounts and roles, for staff.", State =>
    first::become_first_superuser,
    account::get_account,
    reactivate::reactivate_account,
    roles::grant_role,
    roles::take_role,
}

/// Reads the configuration and opens the connection to the table.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let tokens = boot.env.read(|r| Tokens::read(r, &aws, &sys))?;
    let state = boot.env.read(|r| State {
        table: tokens.table().clone(),
        audit: Audit::new(&r.need("AUDIT_TABLE_NAME")),
        tokens: tokens.clone(),
        sys: sys.clone(),
    })?;
    state.tokens.warm_up().await;
    web::function(&boot, routes(), state)
}
