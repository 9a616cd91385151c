//! Signing in with a password, and a second factor if there is one; refreshing sessions, and signing out.
//!
//! An account with second factors is not signed in by the password alone: the client gets the secret id of a flow
//! (`proofs::sign_in`), with which it can only continue that flow. A trusted device skips the second step, and a passkey is both steps
//! at once. Step-ups use the same flow. They are required by operations that a stolen session must not allow.
//!
//! An unknown name, a wrong password and an account that cannot be used get one answer after equal work. Attempts are counted
//! before the password is compared, for the name, the account and the client, so that parallel guesses gain nothing. Five
//! failures cause a pause of five minutes (`PasswordCooldown`), never a lock. A success resets them, and a refused attempt is not
//! counted. While very many attempts fail in the whole deployment, signing in first takes a proof of work. A trusted device has its own
//! limits instead of all these.
//!
//! Sessions can be listed and ended. The end of a session takes effect at once, because every request reads its session.

mod by_passkey;
mod discovery;
mod guess;
mod refresh;
mod second_step;
mod sessions;
mod sign_in;
mod step_up;

use accounts::{
    audit::Audit,
    session::IdleDays,
    token::{Issuer, Tokens},
    user::User,
};
use axum::extract::FromRef;
use discovery::PublishedAddresses;
use function::{Boot, Function, StartError};
use kernel::Sys;
use passkeys::Site;
use proofs::{
    challenge::CodeKey,
    code_rules::CodeRules,
    factor::FactorKeys,
    gate::Gate,
    guesses::PasswordCooldown,
    password::Hasher,
    sending::SendLimits,
    sign_in::FactorContext,
    signed_in::{Cookies, SessionIssuer},
};
use secrets::Secrets;
use store::Table;

/// The state of the function: its clients, keys and settings.
#[derive(Clone, FromRef)]
pub struct State {
    table: Table,
    audit: Audit,
    sys: Sys,
    tokens: Tokens,
    issuer: SessionIssuer,
    code_key: CodeKey,
    hasher: Hasher,
    factor_keys: FactorKeys,
    site: Site,
    sending: SendLimits,
    codes: CodeRules,
    cooldown: PasswordCooldown,
    gate: Gate,
    published: PublishedAddresses,
}

impl State {
    fn factor_context<'a>(&'a self, client: &'a kernel::Client, user: &'a User) -> FactorContext<'a> {
        FactorContext { table: &self.table, sys: &self.sys, sending: &self.sending, codes: &self.codes, client, user }
    }
}

// The operations in the order of the documentation: `routes()` and `description()`.
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
    let cookies = boot.env.read(Cookies::read)?;
    let state = boot.env.read(|r| State {
        table: tokens.table().clone(),
        audit: Audit::new(&r.need("AUDIT_TABLE_NAME")),
        tokens: tokens.clone(),
        issuer: SessionIssuer::new(issuer, cookies.clone(), IdleDays::read(r)),
        code_key: keys.code_key(),
        hasher: keys.hasher(&sys),
        factor_keys: keys.factor_keys(&sys),
        site,
        sending: SendLimits::read(r),
        codes: CodeRules::read(r),
        cooldown: PasswordCooldown::read(r),
        gate: Gate::new(keys.code_key().secret().clone()),
        published: PublishedAddresses::read(r),
        sys: sys.clone(),
    })?;
    web::function(&boot, cookies.guard(routes()), state)
}
