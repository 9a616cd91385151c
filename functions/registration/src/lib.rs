//! Becoming a member: in six steps with a mailed code, or at once with a mailed link.
//!
//! Nobody learns here whether an address has an account: a known one is answered like an unknown one, with the same work,
//! and its owner is told by mail. Usernames are the one deliberate exception, throttled. Nothing is reserved and no account
//! exists until the last step, which claims username and address and creates everything in one transaction; a flow that is
//! left alone is forgotten after a day. Passwords are hashed before they are kept, even for the minutes a flow lasts.
//!
//! The flow's id is a secret of 256 bits that its client alone knows. It can continue its flow and nothing else.

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

use accounts::token::{Issuer, Tokens};
use axum::extract::FromRef;
use function::{Boot, Function, StartError};
use kernel::{Problem, Sys};
use proofs::{
    challenge::{Challenge, CodeKey},
    gate::Gate,
    password::{Hasher, Judge},
    sending::{self, Asker, Permit, Request},
};
use secrets::Secrets;
use store::{
    Batch, Table,
    limits::{DAY, HOUR, Limit},
};
use web::{Client, Edge};

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
    judge: Judge,
    gate: Gate,
}

/// How often something may be tried here.
struct Limits;

impl Limits {
    /// A registration that begins, or moves to another address: counted for the client and for the address.
    fn start(client: &Client) -> Vec<Limit> {
        vec![Limit::new("registration_client", client.network(), 10, HOUR)]
    }

    /// A code or link that is asked for again: counted likewise.
    fn resend(client: &Client) -> Vec<Limit> {
        vec![Limit::new("resend_client", client.network(), 20, HOUR)]
    }

    /// Passwords that may be tried in one registration: each costs a hash or a question to others.
    fn passwords(flow: &flow::Flow) -> Limit {
        Limit::new("registration_password", flow.id, 40, DAY)
    }

    /// Passwords that one client may try in registrations by link.
    fn link_passwords(client: &Client) -> Limit {
        Limit::new("link_password", client.network(), 60, HOUR)
    }
}

impl State {
    /// Counts a mail that is about to be sent for anybody, against `more` besides. The counters were read with other
    /// things. One read more, if the client shows a device.
    ///
    /// # Errors
    /// [`kernel::Kind::TooManyRequests`] or [`kernel::Kind::ProofOfWorkRequired`]
    async fn permit(
        &self,
        asker: Asker<'_>,
        found: &mut Batch,
        request: Request,
        challenge: &mut Challenge,
        more: Vec<Limit>,
    ) -> Result<Permit, Problem> {
        let now = self.sys.now();
        let admitted = request.admit(&self.table, now, found, asker, 0).await?;
        Ok(sending::take(&self.table, now, challenge, admitted, more).await?)
    }
}

// The operations, in the order somebody meets them: `routes()` and `description()`.
web::operations! { "registration", "Becoming a member, in six steps or by a mailed link.", State =>
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
    let state = boot.env.read(|r| State {
        table: tokens.table().clone(),
        tokens: tokens.clone(),
        issuer,
        code_key: keys.code_key(),
        hasher: keys.hasher(&sys),
        judge: Judge::read(r),
        gate: Gate::new(keys.code_key()),
        edge: Edge::read(r, &sys),
        sys: sys.clone(),
    })?;
    Ok(web::function(routes(), state))
}
