//! Step one: an address. The answer is the same whether it has an account or not. A code or a notice is mailed.

use accounts::{
    identifier::{Contact, Email},
    user::EmailClaim,
};
use axum::extract::State;
use http::HeaderMap;
use kernel::{Locale, Problem, id::UserId};
use proofs::{
    FlowToken,
    challenge::{self, Challenge, DIGITS, Form, Purpose},
    sending::{self, Request, Requester},
};
use serde::Deserialize;
use store::{Batch, Index, Item as _, StoreError, Tx, Update, field};
use utoipa::ToSchema;
use web::{Client, Created, Json, Language, Path, Problems};

use crate::{
    STARTS,
    flow::{Flow, Registration, RegistrationMethod, load},
};

/// An address to register with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartRegistration {
    /// The address for the code.
    #[schema(examples("ana@example.test"), max_length = 254)]
    email: String,
    /// The language of the mails. Default: the language of the request.
    #[schema(value_type = Option<kernel::Locale>)]
    locale: Option<String>,
}

/// Begins a registration and mails a code.
///
/// AWS calls: the address's claim with the counters; the counters together, one transaction: each depends on the one before. A
/// refused request, and one without a mail, is not counted. A shown device costs another read.
#[utoipa::path(post, path = "/v1/registrations", request_body = StartRegistration,
    extensions(("x-problems" = json!(["invalid", "proof_of_work_required", "too_many_requests"])), ("x-limits" = json!([STARTS, sending::ASKED]))),
    responses((status = 201, body = Registration), Problems))]
pub async fn start_registration(
    State(s): State<crate::State>,
    client: Client,
    headers: HeaderMap,
    language: Language,
    Json(body): Json<StartRegistration>,
) -> Result<Created<Registration>, web::Error> {
    let email = Email::parse(&body.email).map_err(|e| Problem::field("/email", e))?;
    let locale = language.unless(body.locale.as_deref())?;
    let (token, requester) = (FlowToken::draw(&s.sys), Requester { client: &client, headers: &headers, gate: &s.gate });
    let (owner, request, mut found) = read_owner(&s, &client, &email).await?;
    let mut challenge = code_to(&s, &token, &email, locale).decoy_of(owner);
    let flow = Flow::begin(&s.sys, &token, RegistrationMethod::Steps, email, owner, locale);
    let permit = s.permit(requester, &mut found, request, &mut challenge, vec![STARTS.of(client.network())]).await?;
    let mut tx = Tx::new();
    tx.create(&flow);
    challenge.replace(&mut tx, &s.sys, None);
    permit.commit(&s.table, tx).await?;
    Ok(Created(format!("/v1/registrations/{token}"), Registration::new(token, flow, Some(&challenge))))
}

/// Another address for the same registration.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeRegistrationEmail {
    /// The new address for the code.
    #[schema(examples("ana@example.test"), max_length = 254)]
    email: String,
}

/// Goes back to step one with another address, which has to be proven. All data is kept except the password.
///
/// AWS calls: the same as for beginning, and a read of the flow.
#[utoipa::path(put, path = "/v1/registrations/{flow}/email", params(("flow" = FlowToken, Path)),
    request_body = ChangeRegistrationEmail,
    extensions(("x-problems" = json!(["not_found", "invalid", "proof_of_work_required", "conflict", "resend_too_early", "too_many_requests"])), ("x-limits" = json!([challenge::MAIL_AGAIN, STARTS, sending::ASKED]))),
    responses((status = 200, body = Registration), Problems))]
pub async fn change_registration_email(
    State(s): State<crate::State>,
    client: Client,
    headers: HeaderMap,
    Path(token): Path<FlowToken>,
    Json(body): Json<ChangeRegistrationEmail>,
) -> Result<Json<Registration>, web::Error> {
    let email = Email::parse(&body.email).map_err(|e| Problem::field("/email", e))?;
    let now = s.sys.now();
    let (mut flow, before) = load(&s.table, now, &token).await?;
    let again = before.as_ref().filter(|b| flow.email == email && now < b.resend_at);
    if let Some(before) = again {
        return Err(before.too_early(now).into());
    }
    let requester = Requester { client: &client, headers: &headers, gate: &s.gate };
    let (owner, request, mut found) = read_owner(&s, &client, &email).await?;
    let mut challenge = code_to(&s, &token, &email, flow.locale).decoy_of(owner);
    let mut tx = Tx::new();
    let moved = Update::of(flow.key()).set("email", &email).set("proven", false).set("owner", owner).remove("password");
    tx.update(moved.index(Index::Owner, Flow::index_key(flow.id, owner)).when(field("email").eq(&flow.email)));
    flow.email = email;
    (flow.proven, flow.password) = (false, None);
    // The code to the former address becomes invalid.
    if let Some(before) = &before {
        challenge.follow(before, now);
    }
    let permit = s.permit(requester, &mut found, request, &mut challenge, vec![STARTS.of(client.network())]).await?;
    challenge.replace(&mut tx, &s.sys, before.as_ref());
    permit.commit(&s.table, tx).await?;
    Ok(Json(Registration::new(token, flow, Some(&challenge))))
}

fn code_to(s: &crate::State, token: &FlowToken, email: &Email, locale: Locale) -> Challenge {
    let (form, to) = (Form::Code { digits: DIGITS }, Contact::Email(email.clone()));
    Challenge::new(&s.sys, &s.codes, token.id(), Purpose::Registration, form, &to, locale)
}

/// Reads the account with this address, and the counters of mails to the address. One request.
async fn read_owner(s: &crate::State, client: &Client, email: &Email) -> Result<(Option<UserId>, Request, Batch), StoreError> {
    let request = Request::of_anybody(Purpose::Registration, &Contact::Email(email.clone()), client);
    let claim = EmailClaim::key_of(email);
    let mut found = s.table.get_many(request.keys().chain([claim.clone()]).collect()).await?;
    let owner = found.take::<EmailClaim>(&claim)?.map(|claim| claim.user);
    Ok((owner, request, found))
}
