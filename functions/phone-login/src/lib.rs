//! Signing in and signing up with a phone number: only a code by text message is needed, and the same calls serve both.
//!
//! A code is sent whether or not the number has an account, so neither the answer nor its time reveals an account. A number has one
//! code at a time for all clients: the pause, the attempts and the failures are counted for the number. Only the flow that requested
//! the code can use it, so a stranger cannot use up the owner's attempts. The account is looked up after the code was verified. If there
//! is none, it is created in the transaction that uses the code up.
//!
//! A code alone does not sign in to an account that is not active or has second factors. Mobile operators give unused numbers to other
//! people: a code only proves who has the number today. If the account was not used for 90 days, the code must be followed by another
//! proof of its owner. If the account has no other factor, its owner cannot be distinguished from the number's next owner, and the client
//! is offered a new account. Accepting the offer moves the number to the new account and deactivates the old one; staff can reactivate it.

mod flow;
mod resend;
mod start;
mod verify;

use accounts::{
    audit::Audit,
    session::IdleDays,
    terms::Terms,
    token::{Issuer, Tokens},
};
use axum::extract::FromRef;
use function::{Boot, Function, StartError};
use kernel::{Sys, env::Reader};
use proofs::{
    challenge::CodeKey,
    code_rules::CodeRules,
    gate::Gate,
    sending::SendLimits,
    signed_in::{Cookies, SessionIssuer},
};
use secrets::Secrets;
use store::Table;

store::items![flow::Flow];

/// The state of the function: its clients, keys and settings.
#[derive(Clone, FromRef)]
pub struct State {
    table: Table,
    audit: Audit,
    sys: Sys,
    tokens: Tokens,
    issuer: SessionIssuer,
    code_key: CodeKey,
    sending: SendLimits,
    codes: CodeRules,
    gate: Gate,
    digits: Digits,
    terms: Terms,
}

/// The length of a code.
#[derive(Clone, Copy)]
struct Digits(u32);

impl Digits {
    fn read(r: &mut Reader<'_>) -> Self {
        let digits = r.or("PHONE_CODE_DIGITS", proofs::challenge::DIGITS);
        if !(4..=8).contains(&digits) {
            r.wrong("PHONE_CODE_DIGITS is not within 4 to 8".to_owned());
        }
        Self(digits)
    }
}

// The operations in the order of the documentation: `routes()` and `description()`.
web::operations! { "phone-login", "Signing in and registering with a phone number and a code.", State =>
    start::start_phone_sign_in,
    resend::resend_phone_code,
    verify::verify_phone_sign_in,
}

/// Reads the configuration and opens the connection to the table.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let (keys, token_keys) = Secrets::new(&aws).issuers_keys(&boot.env).await?;
    let tokens = boot.env.read(|r| Tokens::read(r, &aws, &sys))?;
    let issuer = Issuer::open(&token_keys, &tokens).await?;
    let cookies = boot.env.read(Cookies::read)?;
    let state = boot.env.read(|r| State {
        table: tokens.table().clone(),
        audit: Audit::new(&r.need("AUDIT_TABLE_NAME")),
        tokens: tokens.clone(),
        issuer: SessionIssuer::new(issuer, cookies.clone(), IdleDays::read(r)),
        code_key: keys.code_key(),
        sending: SendLimits::read(r),
        codes: CodeRules::read(r),
        gate: Gate::new(keys.code_key().secret().clone()),
        digits: Digits::read(r),
        terms: Terms::read(r),
        sys: sys.clone(),
    })?;
    web::function(&boot, cookies.guard(routes()), state)
}

#[cfg(test)]
mod tests {
    use kernel::Env;

    use super::*;

    #[test]
    fn a_code_has_four_to_eight_digits() {
        let read = |digits: &str| {
            let env: Env = [("PHONE_CODE_DIGITS".to_owned(), digits.to_owned())].into_iter().collect();
            env.read(Digits::read).map(|d| d.0).ok()
        };
        let all = ["", "3", "4", "8", "9", "six"].map(read);
        assert_eq!(all, [Some(6), None, Some(4), Some(8), None, None]);
    }
}
