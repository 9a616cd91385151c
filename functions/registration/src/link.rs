//! Registering in one request, with a mailed link that activates the account.
//!
//! The activation takes the link and the password that was chosen here. Otherwise somebody could register another person's address
//! with a password of their own and wait for that person to open the link.

use accounts::{
    identifier::{Contact, Email, Username},
    user::EmailClaim,
};
use axum::extract::State;
use http::HeaderMap;
use kernel::{Fields, Secret};
use proofs::{
    FlowToken,
    challenge::{Challenge, Form, Purpose, Sent},
    password::Personal,
    sending::{self, Request, Requester},
};
use serde::{Deserialize, Serialize};
use store::{
    Tx,
    limits::{self, HOUR, Quota},
};
use utoipa::ToSchema;
use web::{Accepted, Client, Json, Language, Problems};

use crate::{
    STARTS,
    flow::{Flow, Password, RegistrationMethod},
    username::parse_free_username,
};

/// Passwords that a client may send in registrations by link: each costs a hash or a request to the service of breached passwords.
const PASSWORDS: Quota = Quota::window("link_password", 60, HOUR, "passwords for a client");

/// A registration by link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterByLink {
    /// The address for the link.
    #[schema(examples("ana@example.test"), max_length = 254)]
    email: String,
    /// The username.
    #[schema(value_type = accounts::identifier::Username)]
    username: String,
    /// At least 12 characters unless configured otherwise, at most 128.
    #[schema(value_type = String, format = Password, examples("tall giraffes dance"), max_length = 128)]
    password: Secret,
    /// The version of the terms of service that the person has agreed to: 1 to 40 characters, such as a date. Required if this deployment
    /// has terms, otherwise ignored.
    #[schema(min_length = 1, max_length = 40, nullable = false, examples("2026-11-01"))]
    terms: Option<String>,
    /// The language of the mails. Default: the language of the request.
    #[schema(value_type = Option<kernel::Locale>)]
    locale: Option<String>,
}

/// The registration and its link. The answer is the same if nothing was mailed because the address has an account.
#[derive(Serialize, ToSchema)]
pub struct LinkSent {
    /// The id with which the link is requested again: `POST /v1/registrations/{id}/code/resend`.
    id: FlowToken,
    /// The link.
    link: Sent,
}

/// Registers and mails a link. The answer is the same whether the address has an account or not.
///
/// AWS calls: a counter before the password is checked, which may take a request to the service of breached passwords; the
/// claim of the name; that of the address with the former link and the counters; the counters together, so that a refused
/// request counts as no registration; one transaction. Of all links to an address only the newest is valid.
#[utoipa::path(post, path = "/v1/registrations/link", request_body = RegisterByLink,
    extensions(("x-problems" = json!(["invalid", "proof_of_work_required", "too_many_requests", "conflict"])), ("x-limits" = json!([PASSWORDS, STARTS, sending::ASKED]))),
    responses((status = 202, body = LinkSent), Problems))]
pub async fn register_by_link(
    State(s): State<crate::State>,
    client: Client,
    headers: HeaderMap,
    language: Language,
    Json(body): Json<RegisterByLink>,
) -> Result<Accepted<LinkSent>, web::Error> {
    let locale = language.unless(body.locale.as_deref())?;
    let mut fields = Fields::new();
    let email = fields.take("/email", Email::parse(&body.email));
    let name = fields.take("/username", Username::parse(&body.username));
    let personal = Personal { username: name.as_ref(), email: email.as_ref(), ..Personal::default() };
    let now = s.sys.now();
    let terms = fields.take("/terms", s.terms.agreed(body.terms.as_deref(), now));
    limits::take(&s.table, now, &[PASSWORDS.of(client.network())]).await?;
    fields.take_all("/password", s.password_checker.check(&body.password, personal).await);
    let Some(email) = email else { return Err(fields.problem().into()) };
    fields.finish()?;
    let username = parse_free_username(&s.table, now, &body.username).await?;

    let token = FlowToken::draw(&s.sys);
    let to = Contact::Email(email.clone());
    let (id, claim) = (Challenge::id_of(Purpose::Activation, &to, ""), EmailClaim::key_of(&email));
    let request = Request::of_anybody(Purpose::Activation, &to, &client);
    let mut found = s.table.get_many(request.keys().chain([claim.clone(), Challenge::key_of(id)]).collect()).await?;
    let owner = found.take::<EmailClaim>(&claim)?.map(|claim| claim.user);
    let before = found.take::<Challenge>(&Challenge::key_of(id))?;
    let mut challenge = Challenge::new(&s.sys, &s.codes, id, Purpose::Activation, Form::Link, &to, locale).decoy_of(owner);
    challenge.flow = Some(token.id());
    let mut flow = Flow::begin(&s.sys, &token, RegistrationMethod::Link, email, owner, locale);
    let hash = s.hasher.hash(flow.user, &body.password).await?;
    flow.username = Some(username);
    flow.terms = terms.flatten();
    flow.password = Some(Password { phc: hash.phc, pepper: hash.pepper });
    // The pause after an earlier link does not apply: otherwise a stranger who has registered this address could delay its owner.
    if let Some(before) = &before {
        challenge.follow(before, now);
    }
    let requester = Requester { client: &client, headers: &headers, gate: &s.gate };
    let permit = s.permit(requester, &mut found, request, &mut challenge, vec![STARTS.of(client.network())]).await?;
    let mut tx = Tx::new();
    tx.create(&flow);
    challenge.replace(&mut tx, &s.sys, before.as_ref());
    permit.commit(&s.table, tx).await?;
    Ok(Accepted(LinkSent { id: token, link: challenge.sent() }))
}
