//! Signing in with a password, and a second factor where one has any; staying signed in, and signing out.
//!
//! After the password an account with second factors is not signed in to: what its client gets is the secret of a flow
//! (`proofs::sign_in`), which can do nothing but go on. A trusted device skips that step, a passkey is both at once. The same
//! steps prove once more who is signed in, for what a stolen session must not be enough for.
//!
//! An unknown name, a wrong password and an account that cannot be used get one answer after equal work. Attempts are counted
//! before the password is compared, for the name, the account and the client, so that guessing in parallel gains nothing; five
//! failures mean a pause of five minutes, never a lock. A success forgets them, and what is refused counts nowhere. While very
//! many fail everywhere, signing in takes work first. A trusted device has limits of its own instead of all these.
//!
//! Sessions can be seen and ended. Ending one takes effect at once: every request of every function looks for it.

mod by_passkey;
mod discovery;
mod guess;
mod refresh;
mod second_step;
mod sessions;
mod sign_in;
mod step_up;

use accounts::{
    token::{Issuer, Tokens},
    user::User,
};
use axum::extract::FromRef;
use discovery::Places;
use function::{Boot, Figures, Function, StartError};
use kernel::Sys;
use passkeys::Site;
use proofs::{challenge::CodeKey, factor::FactorKeys, gate::Gate, password::Hasher, sending::Sending, sign_in::Asking};
use secrets::Secrets;
use store::Table;
use web::Edge;

/// What this feature may touch.
#[derive(Clone, FromRef)]
pub struct State {
    table: Table,
    sys: Sys,
    edge: Edge,
    tokens: Tokens,
    issuer: Issuer,
    code_key: CodeKey,
    hasher: Hasher,
    factor_keys: FactorKeys,
    site: Site,
    sending: Sending,
    gate: Gate,
    places: Places,
    figures: Figures,
}

impl State {
    fn asking<'a>(&'a self, client: &'a web::Client, user: &'a User) -> Asking<'a> {
        Asking { table: &self.table, sys: &self.sys, sending: &self.sending, client, user }
    }
}

// The operations, in the order somebody meets them: `routes()` and `description()`.
web::operations! { "login", "Signing in and out, sessions, and the keys that verify tokens.", State =>
    sign_in::create_session,
    by_passkey::create_passkey_sign_in,
    second_step::get_sign_in,
    second_step::choose_factor,
    second_step::resend_sign_in_code,
    second_step::verify_sign_in,
    step_up::create_step_up,
    refresh::refresh_session,
    sessions::list_sessions,
    sessions::delete_other_sessions,
    sessions::delete_current_session,
    sessions::delete_session,
    discovery::get_key_set,
    discovery::get_discovery,
    discovery::get_change_password,
    discovery::get_security_contact,
}

/// Reads the configuration and opens the connection to the table.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let (keys, token_keys) = Secrets::new(&aws).issuers_keys(&boot.env).await?;
    let site = Site::load(&boot.env)?;
    let tokens = boot.env.read(|r| Tokens::read(r, &aws, &sys))?;
    let issuer = Issuer::open(&token_keys, &tokens).await?;
    let state = boot.env.read(|r| State {
        table: tokens.table().clone(),
        tokens: tokens.clone(),
        issuer,
        code_key: keys.code_key(),
        hasher: keys.hasher(&sys),
        factor_keys: keys.factor_keys(&sys),
        site,
        sending: Sending::read(r, Figures::new(&boot)),
        gate: Gate::new(keys.code_key()),
        places: Places::read(r),
        figures: Figures::new(&boot),
        edge: Edge::read(r, &sys),
        sys: sys.clone(),
    })?;
    Ok(web::function(routes(), state))
}
