//! Changing a password: by a mailed link for people who have forgotten it, and with the current password.
//!
//! A request for a link gets the same answer whether or not the address has an account. The link works once within half an hour
//! (`CodeRules`). It only changes the password: it signs nobody in, second factors are required as before, and a deactivated account stays
//! deactivated. Both operations end all other sessions, revoke the trust in devices, and notify the owner.

mod change;
mod reset;

use accounts::{audit::Audit, token::Tokens, user::User};
use axum::extract::FromRef;
use function::{Boot, Function, StartError};
use kernel::{FieldError, Fields, Problem, Secret, Sys};
use proofs::{
    challenge::CodeKey,
    code_rules::CodeRules,
    gate::Gate,
    guesses::PasswordCooldown,
    password::{Hasher, PasswordChecker, Personal},
};
use secrets::Secrets;
use store::Table;
use web::Site;

/// The state of the function: its clients, keys and settings.
#[derive(Clone, FromRef)]
pub struct State {
    table: Table,
    audit: Audit,
    sys: Sys,
    tokens: Tokens,
    code_key: CodeKey,
    codes: CodeRules,
    cooldown: PasswordCooldown,
    hasher: Hasher,
    password_checker: PasswordChecker,
    gate: Gate,
    site: Site,
}

// The operations in the order of the documentation: `routes()` and `description()`.
web::operations! { "password", "Resetting a password by a mailed link, and changing it.", State =>
    reset::request_password_reset,
    reset::get_reset_page,
    reset::describe_reset_link,
    reset::reset_password,
    change::change_password,
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
        audit: Audit::new(&r.need("AUDIT_TABLE_NAME")),
        tokens: tokens.clone(),
        code_key: keys.code_key(),
        codes: CodeRules::read(r),
        cooldown: PasswordCooldown::read(r),
        hasher: keys.hasher(&sys),
        password_checker: PasswordChecker::read(r),
        gate: Gate::new(keys.code_key().secret().clone()),
        site: Site::read(r),
        sys: sys.clone(),
    })?;
    state.tokens.warm_up().await;
    web::function(&boot, routes(), state)
}

/// Checks a new password of this person. All broken rules are returned at once.
///
/// # Errors
/// [`kernel::Kind::Invalid`] at `pointer`.
async fn check_new_password(s: &State, user: &User, new: &Secret, same: bool, pointer: &str) -> Result<(), Problem> {
    let mut fields = Fields::new();
    fields.take_all(pointer, s.password_checker.check(new, Personal::of(user)).await);
    if same {
        fields.wrong(pointer, FieldError::PASSWORD_SAME);
    }
    fields.finish()
}
