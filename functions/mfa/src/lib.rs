//! Proofs of identity besides the password: second factors, recovery codes, passkeys, trusted devices.
//!
//! Turning second factors on is a wizard of four steps in a fixed order: the password, a code of the authenticator app, a code
//! by mail, a code by text message. A set-up is a stored item of its own, and does not change enabled factors until its last step. It can
//! only be continued with the proof that it was begun with, and expires after ten minutes. Every change takes a fresh proof by the
//! strongest enabled factor, ends all other sessions, revokes trusted devices, and is notified by mail.

mod change;
mod devices;
mod passkey;
mod pending;
mod recovery;
mod removal;
mod setup;
mod status;

use accounts::{audit::Audit, token::Tokens};
use axum::extract::FromRef;
use function::{Boot, Function, StartError};
use kernel::Sys;
use passkeys::Site;
use proofs::{code_rules::CodeRules, guesses::PasswordCooldown, sending::SendLimits};
use secrets::KeysOnDemand;
use store::Table;

store::items![passkey::PasskeySetup, pending::Setup];

/// The state of the function: its clients, keys and settings.
#[derive(Clone, FromRef)]
pub struct State {
    table: Table,
    audit: Audit,
    sys: Sys,
    tokens: Tokens,
    keys: KeysOnDemand,
    site: Site,
    sending: SendLimits,
    codes: CodeRules,
    cooldown: PasswordCooldown,
}

// The operations in the order of the documentation: `routes()` and `description()`.
web::operations! { "mfa", "Second factors, recovery codes, passkeys and trusted devices.", State =>
    status::get_mfa,
    setup::start_mfa_setup,
    setup::get_mfa_setup,
    setup::cancel_mfa_setup,
    setup::prove_app,
    setup::prove_email,
    setup::prove_sms,
    setup::resend_mfa_setup_code,
    change::start_factor,
    change::confirm_factor,
    change::remove_factor,
    recovery::create_recovery_codes,
    removal::remove_mfa,
    passkey::ask_for_passkey,
    passkey::create_passkey,
    passkey::list_passkeys,
    passkey::rename_passkey,
    passkey::delete_passkey,
    devices::list_devices,
    devices::delete_devices,
    devices::delete_device,
}

/// Reads the configuration and opens the connection to the table.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let keys = KeysOnDemand::new(&boot)?;
    let site = Site::load(&boot.env)?;
    let tokens = boot.env.read(|r| Tokens::read(r, &aws, &sys))?;
    let state = boot.env.read(|r| State {
        table: tokens.table().clone(),
        audit: Audit::new(&r.need("AUDIT_TABLE_NAME")),
        tokens: tokens.clone(),
        keys,
        site,
        sending: SendLimits::read(r),
        codes: CodeRules::read(r),
        cooldown: PasswordCooldown::read(r),
        sys: sys.clone(),
    })?;
    state.tokens.warm_up().await;
    web::function(&boot, routes(), state)
}
