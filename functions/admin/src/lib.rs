//! What staff do with people's accounts: looking at one, putting it back into use, giving and taking roles; and how there comes to
//! be anybody who may.
//!
//! Whatever changes something takes a superuser who has lately proven a strong factor, is in the audit in the same transaction
//! (`accounts::audit`), and is refused to whoever is no superuser any more when it happens. Nobody changes their own roles. What
//! somebody may do is read with every request of theirs: a role that is taken is gone with their next one, so their sign-ins go on.
//!
//! The first superuser is one by the secret of an operator (`cargo xtask appoint`, `crate::first`); there is no other way, and no
//! default one.
//!
//! | operation | AWS calls |
//! |---|---|
//! | `GET /v1/admin/users/{username}` | the caller and their roles in one; whose the name is; a batch for the account |
//! | `POST /v1/admin/users/{username}/reactivation` | the same and a transaction |
//! | `PUT`, `DELETE /v1/admin/users/{username}/roles/{role}` | the same and a transaction |
//! | `POST /v1/admin/first` | the caller and what they were offered in one; a counter; their roles; a transaction |

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
use web::Edge;

/// What this feature may touch.
#[derive(Clone, FromRef)]
pub struct State {
    table: Table,
    audit: Audit,
    sys: Sys,
    edge: Edge,
    tokens: Tokens,
}

// The operations, in the order somebody meets them: `routes()` and `description()`.
web::operations! { "admin", "For staff: people's accounts and roles.", State =>
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
        edge: Edge::read(r, &sys),
        sys: sys.clone(),
    })?;
    state.tokens.warm_up().await;
    Ok(web::function(routes(), state))
}
