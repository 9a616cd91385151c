//! API keys: credentials that administrators create for their programs.
//!
//! A key is shown once, when it is created, and allows the operations of its scopes for thirty days. A person can create one a day, even
//! after revoking it. Each use reads its owner's account and role (`callers::StaffOrKey`). A change of the owner's credentials invalidates
//! it, and the removal of the role revokes it (`admin`). Creating and revoking a key write their audit entry in the same transaction.
//!
//! | operation | AWS calls |
//! |---|---|
//! | `POST /v1/me/api-keys` | the caller and their roles in one; a read; a transaction |
//! | `GET /v1/me/api-keys` | the caller and their roles in one; a query |
//! | `DELETE /v1/me/api-keys/{key}` | the caller and their roles in one; a transaction |
//! | `GET /v1/admin/api-keys` | the caller and their roles in one; for one person the claim of the username; a query; a batch of usernames |
//! | `DELETE /v1/admin/api-keys/{user}/{key}` | the caller and their roles in one; a transaction |

mod create;
mod list;
mod revoke;

use accounts::{audit::Audit, token::Tokens};
use axum::extract::FromRef;
use function::{Boot, Function, StartError};
use kernel::Sys;
use store::{Sealer, Table};

/// The state of the function: its clients, keys and settings.
#[derive(Clone, FromRef)]
pub struct State {
    table: Table,
    audit: Audit,
    sys: Sys,
    tokens: Tokens,
    sealer: Sealer,
}

// The operations in the order of the documentation: `routes()` and `description()`.
web::operations! { "api-keys", "Keys for programs of administrators.", State =>
    create::create_api_key,
    list::list_api_keys,
    revoke::revoke_api_key,
    list::list_all_api_keys,
    revoke::revoke_api_key_of,
}

/// Reads the configuration and opens the connection to the table.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let tokens = boot.env.read(|r| Tokens::read(r, &aws, &sys))?;
    let sealer = tokens.warm_up_with_sealer("api-keys").await?;
    let state = boot.env.read(|r| State {
        table: tokens.table().clone(),
        audit: Audit::new(&r.need("AUDIT_TABLE_NAME")),
        tokens: tokens.clone(),
        sealer,
        sys: sys.clone(),
    })?;
    web::function(&boot, routes(), state)
}
