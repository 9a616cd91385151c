//! Asking for a code. Nothing is looked up but what was sent to the number before.

use accounts::{
    FlowToken,
    challenge::{Challenge, Form, Purpose, Sent},
    gate::Gate,
    identifier::Contact,
    sign_in::Wish,
    signed_in::TokenDelivery,
};
use axum::extract::State;
use http::HeaderMap;
use kernel::{Kind, Problem};
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::ToSchema;
use web::{Accepted, Client, Json, Language, Problems};

use crate::flow::Flow;

/// A number to sign in with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartPhoneSignIn {
    /// With the country code: `+44…` or `0044…`; spaces, hyphens and brackets do not matter.
    #[schema(examples("+447700900123"), max_length = 32)]
    phone: String,
    /// `en` or `pl`; the language of the message, and of a new account. Default: the language of the request.
    #[schema(max_length = 35)]
    locale: Option<String>,
    /// Where the refresh token will go: `cookie` for browsers, `body` otherwise. A trusted device's token goes the same way.
    #[serde(default)]
    token_delivery: TokenDelivery,
    /// Whether to trust this device from then on: for thirty days it skips the second step.
    #[serde(default)]
    remember_device: bool,
    /// Where in the frontend to go on: a path such as `/rooms`. Anything else is answered by `/`.
    #[schema(examples("/rooms"), max_length = 500)]
    next: Option<String>,
}

/// A code that was sent.
#[derive(Serialize, ToSchema)]
pub struct PhoneSignIn {
    /// Continues this sign-in; keep it secret.
    id: FlowToken,
    /// The code.
    sent: Sent,
}

/// Sends a code to a phone number, to sign in or up with.
///
/// Answered alike whether the number has an account or not. A number has one code at a time: another can be asked for when it
/// has expired, from whatever client.
///
/// AWS calls: the number's code before; five counters together and the range of the number beside them, then the
/// counter that everybody shares; one transaction.
#[utoipa::path(post, path = "/v1/phone-sign-ins", tag = "phone-login", request_body = StartPhoneSignIn,
    extensions(("x-problems" = json!(["invalid", "proof_of_work_required", "resend_too_early", "too_many_requests"])), ("x-limits" = json!(["resend_phone", "asked", "texts"]))),
    responses((status = 202, body = PhoneSignIn), Problems))]
pub async fn start_phone_sign_in(
    State(s): State<crate::State>,
    client: Client,
    headers: HeaderMap,
    language: Language,
    Json(body): Json<StartPhoneSignIn>,
) -> Result<Accepted<PhoneSignIn>, web::Error> {
    let locale = language.unless(body.locale.as_deref())?;
    let to = s.sending.phone(&body.phone).map(Contact::Phone).map_err(|e| Problem::field("/phone", e))?;
    let token = FlowToken::draw(&s.sys);
    let flow = Flow::begin(&s.sys, &token, &to, locale, Wish::new(body.token_delivery, body.remember_device, body.next));
    let key = Challenge::key_of(flow.challenge);
    let mut found = s.table.get_many([key.clone()].into_iter().chain(Gate::keys()).collect()).await?;
    s.gate.judge(&mut found, s.sys.now(), &client, &headers, to.address())?;
    let before = found.take::<Challenge>(&key)?;
    let mut tx = Tx::new();
    tx.create(&flow);
    let sent = send(&s, &client, &flow, &to, before.as_ref(), tx).await?;
    Ok(Accepted(PhoneSignIn { id: token, sent }))
}

/// Has a code sent for a flow, in the place of the one `before` it.
///
/// # Errors
/// [`Kind::ResendTooEarly`], also if somebody else was faster, or why nothing may be sent.
pub async fn send(
    s: &crate::State,
    client: &Client,
    flow: &Flow,
    to: &Contact,
    before: Option<&Challenge>,
    mut tx: Tx,
) -> Result<Sent, Problem> {
    let now = s.sys.now();
    let mut challenge = Challenge::new(&s.sys, flow.challenge, Purpose::PhoneLogin, Form::Code { digits: s.digits.0 }, to, flow.locale);
    challenge.flow = Some(flow.id);
    let current = challenge.send(&mut tx, &s.sys, before)?;
    let permit = s.sending.permit(&s.table, now, client, &challenge).await?;
    permit.commit(&s.table, tx).await.map_err(|e| {
        let faster = || Problem::new(Kind::ResendTooEarly).retry_after(challenge.resend_at.since(now));
        if e.refused(current) { faster() } else { e.into() }
    })?;
    Ok(challenge.sent())
}
