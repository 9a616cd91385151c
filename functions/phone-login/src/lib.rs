//! Signing in, and up, with a phone number: a code by text message is all it takes, and one call serves for both.
//!
//! A code goes out without a look at whether the number has an account, so nobody can learn that from an answer or its time. A
//! number has one code at a time, whoever asks from wherever: its pause, its tries and its failures are the number's. Only the
//! flow that asked for the code can try it, so that a stranger cannot use up the owner's tries. The account is looked up when
//! the code is right, and made if there is none, in the transaction that uses the code up.
//!
//! An account that cannot be used, and one that takes more than a phone, is not entered by a code alone. Numbers are given out
//! again: a code proves who has the number today. Where the account was not used for 90 days the code therefore needs something
//! else that its owner has; where there is nothing else, its owner cannot be told from the next one, and a new account is
//! offered. Whoever accepts takes the number with them, and the old account is put to rest for staff to decide on.

mod flow;
mod resend;
mod start;
mod verify;

use accounts::token::{Issuer, Tokens};
use axum::extract::FromRef;
use function::{Boot, Figures, Function, StartError};
use kernel::{Sys, env::Reader};
use proofs::{challenge::CodeKey, gate::Gate, sending::Sending};
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
    sending: Sending,
    gate: Gate,
    digits: Digits,
}

/// How long a code is.
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

// The operations, in the order somebody meets them: `routes()` and `description()`.
web::operations! { "phone-login", "Signing in, and up, with a phone number and a code.", State =>
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
    let state = boot.env.read(|r| State {
        table: tokens.table().clone(),
        tokens: tokens.clone(),
        issuer,
        code_key: keys.code_key(),
        sending: Sending::read(r, Figures::new(&boot)),
        gate: Gate::new(keys.code_key()),
        digits: Digits::read(r),
        edge: Edge::read(r, &sys),
        sys: sys.clone(),
    })?;
    Ok(web::function(routes(), state))
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
