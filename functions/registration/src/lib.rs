//! Registration: in six steps with a mailed code, or in one request with a mailed link.
//!
//! No answer reveals whether an address has an account: for a known address the answer and the work are the same, and its owner is
//! notified by mail. Usernames are the one exception: whether a name is taken is public, with a limit on look-ups. Nothing is reserved
//! and no account exists until the last step, which claims username and address and creates the account in one transaction. A flow
//! expires after a day. Passwords are hashed before they are stored in a flow.
//!
//! The flow's id is a secret of 256 bits that only its client knows. It only allows to continue that flow.

mod activate;
mod availability;
mod code;
mod complete;
mod flow;
mod link;
mod password;
mod personal;
mod start;
mod username;

use accounts::{
    identifier::MinimumAge,
    session::IdleDays,
    terms::Terms,
    token::{Issuer, Tokens},
};
use axum::extract::FromRef;
use function::{Boot, Function, StartError};
use kernel::{Problem, Sys};
use proofs::{
    challenge::{Challenge, CodeKey},
    code_rules::CodeRules,
    gate::Gate,
    password::{Hasher, PasswordChecker},
    sending::{self, Permit, Request, Requester},
    signed_in::{Cookies, SessionIssuer},
};
use secrets::Secrets;
use store::{
    Batch, Table,
    limits::{HOUR, Limit, Quota},
};
use web::Site;

store::items![flow::Flow];

/// The state of the function: its clients, keys and settings.
#[derive(Clone, FromRef)]
pub struct State {
    table: Table,
    sys: Sys,
    tokens: Tokens,
    issuer: SessionIssuer,
    code_key: CodeKey,
    codes: CodeRules,
    minimum_age: MinimumAge,
    hasher: Hasher,
    password_checker: PasswordChecker,
    gate: Gate,
    site: Site,
    terms: Terms,
}

/// How many registrations a client may begin, or change to another address.
const STARTS: Quota = Quota::window("registration_client", 10, HOUR, "for a client");
/// How many codes and links a client may request again.
const RESENDS: Quota = Quota::window("resend_client", 20, HOUR, "for a client");

impl State {
    /// Counts a mail that is about to be sent to an address of anybody, together with the limits `more`. `found` has the counters. A
    /// client that sends the token of a trusted device costs another read.
    ///
    /// # Errors
    /// [`kernel::Kind::TooManyRequests`] or [`kernel::Kind::ProofOfWorkRequired`]
    async fn permit(
        &self,
        requester: Requester<'_>,
        found: &mut Batch,
        request: Request,
        challenge: &mut Challenge,
        more: Vec<Limit>,
    ) -> Result<Permit, Problem> {
        let now = self.sys.now();
        let admitted = request.admit(&self.table, now, found, requester, 0).await?;
        Ok(sending::take(&self.table, now, challenge, admitted, more).await?)
    }
}

// The operations in the order of the documentation: `routes()` and `description()`.
web::operations! { "registration", "Registration, in six steps or by a mailed link.", State =>
    start::start_registration,
    flow::get_registration,
    start::change_registration_email,
    code::verify_registration_code,
    code::resend_registration_code,
    personal::set_registration_personal,
    availability::get_username_availability,
    username::set_registration_username,
    password::set_registration_password,
    complete::complete_registration,
    link::register_by_link,
    activate::get_activation_page,
    activate::describe_activation_link,
    activate::activate_account,
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
        tokens: tokens.clone(),
        issuer: SessionIssuer::new(issuer, cookies.clone(), IdleDays::read(r)),
        code_key: keys.code_key(),
        codes: CodeRules::read(r),
        minimum_age: MinimumAge::read(r),
        hasher: keys.hasher(&sys),
        password_checker: PasswordChecker::read(r),
        gate: Gate::new(keys.code_key().secret().clone()),
        site: Site::read(r),
        terms: Terms::read(r),
        sys: sys.clone(),
    })?;
    web::function(&boot, cookies.guard(routes()), state)
}
