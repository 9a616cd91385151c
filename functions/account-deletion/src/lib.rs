//! Account deletion: scheduling it, reading its state, cancelling it.
//!
//! Scheduling takes the password. Cancelling takes a session or the link in the mail. In between the account is not restricted. Scheduling
//! again restarts the time. After the sweep has claimed the account, a cancellation is refused: one conditional write of one item decides
//! which of the two came first (`accounts::deletion`).

mod by_link;
mod cancel;
mod countdown;
mod leaving;
mod schedule;

use std::{sync::Arc, time::Duration};

use accounts::{audit::Audit, token::Tokens};
use axum::extract::FromRef;
use function::{Boot, Function, StartError};
use kernel::{Messages, Sys, env::Reader};
use proofs::{deletion_link, guesses::PasswordCooldown};
use secrets::KeysOnDemand;
use store::Table;
use web::Site;

pub(crate) const TEXTS: Messages = Messages::new(kernel::in_every_language!("deletion.ftl"));

/// The state of the function: its clients, keys and settings.
#[derive(Clone, FromRef)]
pub struct State {
    table: Table,
    audit: Audit,
    sys: Sys,
    tokens: Tokens,
    keys: KeysOnDemand,
    rules: Rules,
    cooldown: PasswordCooldown,
    site: Site,
}

/// The settings of an operator.
#[derive(Clone)]
struct Rules {
    days: u32,
    terms: Option<Arc<str>>,
    privacy: Option<Arc<str>>,
}

impl Rules {
    /// Reads `DELETION_DAYS` (30), and the addresses of the policies, `TERMS_URL` and `PRIVACY_URL`. Policies without an
    /// address are left out.
    fn read(r: &mut Reader<'_>) -> Self {
        let days = deletion_link::days(r);
        let mut link = |name| Some(r.or(name, String::new())).filter(|url| !url.is_empty()).map(Arc::from);
        Self { days, terms: link("TERMS_URL"), privacy: link("PRIVACY_URL") }
    }

    const fn interval(&self) -> Duration {
        deletion_link::interval(self.days)
    }
}

// The operations in the order of the documentation: `routes()` and `description()`.
web::operations! { "account-deletion", "Account deletion: scheduling and cancelling it.", State =>
    leaving::get_deletion,
    schedule::schedule_deletion,
    cancel::cancel_deletion,
    by_link::get_cancel_deletion_page,
    by_link::describe_cancellation_link,
    by_link::cancel_deletion_by_link,
}

/// Reads the configuration and opens the connection to the table.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let keys = KeysOnDemand::new(&boot)?;
    let tokens = boot.env.read(|r| Tokens::read(r, &aws, &sys))?;
    let state = boot.env.read(|r| State {
        table: tokens.table().clone(),
        audit: Audit::new(&r.need("AUDIT_TABLE_NAME")),
        tokens: tokens.clone(),
        keys,
        rules: Rules::read(r),
        cooldown: PasswordCooldown::read(r),
        site: Site::read(r),
        sys: sys.clone(),
    })?;
    state.tokens.warm_up().await;
    web::function(&boot, routes(), state)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_language_says_everything() {
        assert_eq!(super::TEXTS.faults(), [""; 0]);
    }
}
