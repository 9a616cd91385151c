//! Asking for a code. The answer is the same whether the number has an account or not.

use accounts::{identifier::Contact, user::PhoneClaim};
use axum::extract::State;
use http::HeaderMap;
use kernel::Problem;
use proofs::{
    FlowToken,
    challenge::{self, Challenge, Form, Purpose, Sent},
    gate::Gate,
    sending::{self, Request, Requester},
    sign_in::SignInOptions,
    signed_in::TokenDelivery,
};
use serde::{Deserialize, Serialize};
use store::{Batch, Key, Tx};
use utoipa::ToSchema;
use web::{Accepted, Client, Json, Language, Problems};

use crate::flow::Flow;

/// A number to sign in with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartPhoneSignIn {
    /// With the country code: `+44…` or `0044…`. Spaces, hyphens and brackets are ignored.
    #[schema(examples("+447700900123"), max_length = 32)]
    phone: String,
    /// The language of the message, and of a new account. Default: the language of the request.
    #[schema(value_type = Option<kernel::Locale>)]
    locale: Option<String>,
    /// Where the refresh token will be returned: `cookie` for browsers, `body` otherwise. A trusted device's token is returned
    /// in the same way.
    #[serde(default)]
    token_delivery: TokenDelivery,
    /// Whether to trust this device from then on: it skips the second step for thirty days.
    #[serde(default)]
    remember_device: bool,
    /// The path of the frontend to continue with, such as `/rooms`. Anything else is replaced by `/`.
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

/// Sends a code to a phone number, for signing in or registering.
///
/// The answer is the same whether the number has an account or not. A number has one code at a time: another one can be
/// requested, by any client, at `resend_at`, which is when it has expired unless the deployment sets another time.
///
/// AWS calls: the number's former code, whether the number has an account, and the counters; then the counters together, and
/// concurrently the range of a number without an account; the counter that all text messages share; one transaction. A shown
/// device costs another read.
#[utoipa::path(post, path = "/v1/phone-sign-ins", request_body = StartPhoneSignIn,
    extensions(("x-problems" = json!(["invalid", "proof_of_work_required", "resend_too_early", "too_many_requests"])), ("x-limits" = json!([challenge::PHONE_AGAIN, sending::ASKED, sending::UNPROVEN_TEXTS]))),
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
    let flow = Flow::begin(&s.sys, &token, &to, locale, SignInOptions::new(body.token_delivery, body.remember_device, body.next));
    let key = Challenge::key_of(flow.challenge);
    let request = CodeRequest::new(&s, Requester { client: &client, headers: &headers, gate: &s.gate }, &to);
    let keys = request.keys().into_iter().chain([key.clone()]).chain(Gate::keys()).collect();
    let mut found = s.table.get_many(keys).await?;
    s.gate.judge(&mut found, s.sys.now(), &client, &headers, to.address())?;
    let before = found.take::<Challenge>(&key)?;
    let mut tx = Tx::new();
    tx.create(&flow);
    let sent = request.send(&mut found, &flow, before.as_ref(), tx).await?;
    Ok(Accepted(PhoneSignIn { id: token, sent }))
}

/// A client's request for a code to a number.
pub struct CodeRequest<'a> {
    s: &'a crate::State,
    requester: Requester<'a>,
    to: &'a Contact,
    request: Request,
}

impl<'a> CodeRequest<'a> {
    pub fn new(s: &'a crate::State, requester: Requester<'a>, to: &'a Contact) -> Self {
        Self { s, requester, to, request: Request::of_anybody(Purpose::PhoneLogin, to, requester.client) }
    }

    /// Returns the keys of the items that [`Self::send`] needs.
    pub fn keys(&self) -> Vec<Key> {
        self.request.keys().chain(self.s.sending.keys()).chain(self.claim()).collect()
    }

    fn claim(&self) -> Option<Key> {
        match self.to {
            Contact::Phone(phone) => Some(PhoneClaim::key_of(phone)),
            Contact::Email(_) => None,
        }
    }

    /// Sends a code for a flow. It replaces the number's former code, `before`.
    ///
    /// Numbers without an account have limits of their own, against fraud with text messages.
    ///
    /// # Errors
    /// `resend_too_early`, also if a concurrent request was faster, `proof_of_work_required`, or the limit that was
    /// reached.
    pub async fn send(self, found: &mut Batch, flow: &Flow, before: Option<&Challenge>, mut tx: Tx) -> Result<Sent, Problem> {
        let (s, now) = (self.s, self.s.sys.now());
        let mut challenge =
            Challenge::new(&s.sys, &s.codes, flow.challenge, Purpose::PhoneLogin, Form::Code { digits: s.digits.0 }, self.to, flow.locale);
        challenge.flow = Some(flow.id);
        challenge.proven = match self.claim() {
            Some(claim) => found.take::<PhoneClaim>(&claim)?.is_some(),
            None => false,
        };
        challenge.after_cooldown(now, before)?;
        let pressure = s.sending.pressure(found, now)?;
        let admitted = self.request.admit(&s.table, now, found, self.requester, pressure).await?;
        let permit = s.sending.permit(&s.table, now, self.requester.client, &mut challenge, admitted).await?;
        let current = challenge.replace(&mut tx, &s.sys, before);
        permit.commit(&s.table, tx).await.map_err(|e| if e.refused(current) { challenge.too_early(now) } else { e.into() })?;
        Ok(challenge.sent())
    }
}
