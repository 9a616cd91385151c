//! Leaving: scheduling the deletion of one's account, looking at it, taking it back.
//!
//! Scheduling takes the password, taking back takes nothing but the will: a session, or the link in the mail. Nothing is
//! restricted in between. Scheduling again starts the time afresh. Once the sweep has claimed the account, taking back is
//! refused; which of the two came first is decided by one conditional write on one record (`accounts::deletion`).

mod by_link;
mod cancel;
mod countdown;
mod leaving;
mod schedule;

use std::{sync::Arc, time::Duration};

use accounts::token::Tokens;
use axum::extract::FromRef;
use function::{Boot, Function, StartError};
use kernel::{Messages, Sys, env::Reader};
use proofs::{challenge::CodeKey, password::Hasher};
use secrets::Secrets;
use store::Table;
use web::Edge;

pub(crate) const TEXTS: Messages = Messages::new(include_str!("../locales/en/deletion.ftl"), include_str!("../locales/pl/deletion.ftl"));

/// What this feature may touch.
#[derive(Clone, FromRef)]
pub struct State {
    table: Table,
    sys: Sys,
    edge: Edge,
    tokens: Tokens,
    code_key: CodeKey,
    hasher: Hasher,
    rules: Rules,
}

/// What an operator decides.
#[derive(Clone)]
struct Rules {
    days: u32,
    terms: Option<Arc<str>>,
    privacy: Option<Arc<str>>,
}

impl Rules {
    /// Reads `DELETION_DAYS` (30), and where the policies are: `TERMS_URL` and `PRIVACY_URL`, left out if they are nowhere.
    fn read(r: &mut Reader<'_>) -> Self {
        let days = r.or("DELETION_DAYS", 30);
        if !(1..=365).contains(&days) {
            r.wrong("DELETION_DAYS must be from 1 to 365".to_owned());
        }
        let mut link = |name| Some(r.or(name, String::new())).filter(|url| !url.is_empty()).map(Arc::from);
        Self { days, terms: link("TERMS_URL"), privacy: link("PRIVACY_URL") }
    }

    const fn interval(&self) -> Duration {
        Duration::from_secs((self.days as u64).saturating_mul(24 * 3600))
    }
}

// The operations, in the order somebody meets them: `routes()` and `description()`.
web::operations! { "account-deletion", "Leaving: scheduling the deletion of one's account, and taking it back.", State =>
    leaving::get_deletion,
    schedule::schedule_deletion,
    cancel::cancel_deletion,
    by_link::get_cancel_deletion_page,
    by_link::cancel_deletion_by_link,
}

/// Reads the configuration and opens the connection to the table.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let keys = Secrets::new(&aws).identity_keys(&boot.env).await?;
    let tokens = boot.env.read(|r| Tokens::read(r, &aws, &sys))?;
    let state = boot.env.read(|r| State {
        table: tokens.table().clone(),
        tokens: tokens.clone(),
        code_key: keys.code_key(),
        hasher: keys.hasher(&sys),
        rules: Rules::read(r),
        edge: Edge::read(r, &sys),
        sys: sys.clone(),
    })?;
    state.tokens.warm_up().await;
    Ok(web::function(routes(), state))
}

#[cfg(test)]
mod tests {
    #[test]
    fn both_languages_say_everything() {
        assert_eq!(super::TEXTS.faults(), [""; 0]);
    }
}
