//! Reading the audit: staff search entries by account, actor, action and time, read an entry with its values, and verify that all entries
//! are unchanged. Members read the entries about their own account. Staff undo changes.
//!
//! Entries are written with the changes that they are about (`accounts::audit`), and sealed by `audit-seal`.
//!
//! | operation | AWS calls |
//! |---|---|
//! | `GET /v1/audit` | the caller and their roles in one; a query; a batch of usernames for each hundred people |
//! | `GET /v1/audit/{entry}` | the caller and their roles in one; a query of the entry; a read of its values; a batch of usernames |
//! | `GET /v1/audit/{entry}/proof` | the caller and their roles in one; a counter; a query of the entry; about as many reads as the number of seals has binary digits; a query of the records of the seal, and one more for each megabyte |
//! | `GET /v1/audit/verification` | the caller and their roles in one; a counter; a query of the seals; for each of at most 25 a query of its records, one more for each megabyte, and a read of the bucket; after the last seal two reads and at most ten scans |
//! | `GET /v1/audit/{entry}/undo` | the caller and their roles in one; a query of the entry; a batch of its values and its undo mark; one to three reads of the changed object |
//! | `POST /v1/audit/{entry}/undo` | as the preview; for another price with a discount a query; a transaction; for a role that is removed a query for API keys and their deletion |
//! | `GET /v1/me/security-events` | the caller; a query |

mod entry;
mod mine;
mod search;
mod shown;
mod undo;
mod verify;

use accounts::{
    audit::{Audit, AuditLog},
    identifier::MinimumAge,
    token::Tokens,
};
use axum::extract::FromRef;
use files::Bucket;
use function::{Boot, Function, StartError};
use kernel::Sys;
use store::{Sealer, Table};

/// The state of the function: its clients, keys and settings.
#[derive(Clone, FromRef)]
pub struct State {
    table: Table,
    log: AuditLog,
    audit: Audit,
    sys: Sys,
    tokens: Tokens,
    sealer: Sealer,
    seals: Bucket,
    minimum_age: MinimumAge,
}

// The operations in the order of the documentation: `routes()` and `description()`.
web::operations! { "audit", "Who changed what on whose account, and the proof that nobody has touched the record of it.", State =>
    search::search_audit,
    entry::get_audit_entry,
    entry::prove_audit_entry,
    undo::preview_undo,
    undo::undo_entry,
    verify::verify_audit,
    mine::list_security_events,
}

/// Reads the configuration and opens the connection to the table.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let tokens = boot.env.read(|r| Tokens::read(r, &aws, &sys))?;
    let sealer = tokens.warm_up_with_sealer("audit").await?;
    let state = boot.env.read(|r| {
        let audit_table = r.need("AUDIT_TABLE_NAME");
        State {
            table: tokens.table().clone(),
            log: AuditLog::new(&aws, &sys, &audit_table),
            audit: Audit::new(&audit_table),
            tokens: tokens.clone(),
            sealer,
            seals: Bucket::from_env(r, &aws),
            minimum_age: MinimumAge::read(r),
            sys: sys.clone(),
        }
    })?;
    web::function(&boot, routes(), state)
}
