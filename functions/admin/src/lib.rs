//! Administration of people's accounts by staff: finding and reading them, changing profiles, deactivating and reactivating, scheduling and
//! cancelling deletions, ending sessions, giving and removing roles, and becoming the first superuser.
//!
//! Every change takes a member of staff with a recent proof by a strong factor. The same transaction writes the entry of the audit
//! (`accounts::audit`) and checks that the caller still has the role. Administrators can change accounts of people without a role as high
//! as theirs, and the rooms of these people, and never their own account (`accounts::staff::Actor`). Superusers can reactivate accounts
//! and give roles; nobody can change their own roles. Roles are read with every request, so a removed role ends with the next request,
//! and sessions need not end.
//!
//! Staff can neither see nor set credentials, factors and contacts. Each operation changes one account.
//!
//! The first superuser is appointed with the secret of an operator (`cargo xtask appoint`, `crate::first`). There is no other way, and no
//! default superuser.
//!
//! | operation | AWS calls |
//! |---|---|
//! | `GET /v1/admin/users` | the caller and their roles in one; a query, or four at once; a batch for each thirty-three accounts |
//! | `GET /v1/admin/users/{username}` | the caller and their roles in one; the claim of the username; a batch for the account; a batch and three queries at once |
//! | `PATCH /v1/admin/users/{username}` | the same, the former usernames and a transaction |
//! | `POST …/deactivation`, `POST …/reactivation`, `PUT`, `DELETE …/deletion`, `DELETE …/sessions` | the caller and their roles in one; the claim of the username; a batch for the account; a transaction |
//! | `PUT`, `DELETE /v1/admin/users/{username}/roles/{role}` | the same; for a removal also a query for API keys and their deletion |
//! | `GET /v1/admin/rooms` | the caller and their roles in one; a query; a batch of the rooms |
//! | `DELETE /v1/admin/rooms/{room}` | the caller and their roles in one; a read, a batch and a transaction |
//! | `GET /v1/admin/work` | the caller and their roles in one; up to fourteen queries of eleven items and a read at once |
//! | `GET /v1/admin/payment-alerts` | the caller and their roles in one; a query |
//! | `POST /v1/admin/payment-alerts/{payment}/resolution` | the caller and their roles in one; a read; for an order two reads, otherwise one to three; a transaction |
//! | `GET /v1/admin/figures` | the caller and their roles in one; a query |
//! | `POST /v1/admin/first` | the caller and the offer in one; a counter; their roles; a transaction |

mod account;
mod alerts;
mod edit;
mod figures;
mod first;
mod leave;
mod list;
pub mod offer;
mod patch;
mod reactivate;
mod resolution;
mod rights;
mod roles;
mod rooms;
mod work;

use accounts::{audit::Audit, identifier::MinimumAge, token::Tokens};
use axum::extract::FromRef;
use function::{Boot, Function, StartError};
use kernel::Sys;
use proofs::deletion_link;
use store::{Sealer, Table};

store::items![offer::Offer, offer::Superuser];

/// The state of the function: its clients, keys and settings.
#[derive(Clone, FromRef)]
pub struct State {
    table: Table,
    audit: Audit,
    sys: Sys,
    tokens: Tokens,
    sealer: Sealer,
    minimum_age: MinimumAge,
    /// How many days after its scheduling a deletion begins.
    days: u32,
}

// The operations in the order of the documentation: `routes()` and `description()`.
web::operations! { "admin", "Administration of accounts and roles, for staff.", State =>
    first::become_first_superuser,
    list::list_accounts,
    account::get_account,
    edit::update_account,
    leave::deactivate_account,
    reactivate::reactivate_account,
    leave::schedule_account_deletion,
    leave::cancel_account_deletion,
    leave::end_sessions,
    rooms::list_all_rooms,
    rooms::close_room,
    work::get_work,
    alerts::list_payment_alerts,
    resolution::resolve_payment_alert,
    figures::get_figures,
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
    let sealer = tokens.warm_up_with_sealer("admin").await?;
    let state = boot.env.read(|r| State {
        table: tokens.table().clone(),
        audit: Audit::new(&r.need("AUDIT_TABLE_NAME")),
        tokens: tokens.clone(),
        sealer,
        minimum_age: MinimumAge::read(r),
        days: deletion_link::days(r),
        sys: sys.clone(),
    })?;
    web::function(&boot, routes(), state)
}
