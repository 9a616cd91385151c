//! Activating an account with the mailed link. Loading the page changes nothing: mail scanners open links. Sending its form does.

use accounts::{session::Opening, token::Method, user::PasswordHash};
use axum::extract::State;
use http::HeaderMap;
use kernel::{Kind, Messages, Problem, Secret};
use proofs::{
    challenge::{self, Challenge, Purpose},
    completion,
    link::{self, LinkOwner, LinkToken},
    password::Verdict,
    repeat::{Repeatable, Reply},
    signed_in::{SignedIn, TokenDelivery},
};
use serde::Deserialize;
use store::limits::{self, DAY, Quota};
use utoipa::ToSchema;
use web::{Client, Json, Language, LinkPage, PasswordField, Problems, Site};

use crate::{
    complete::create,
    flow::{Flow, RegistrationMethod},
};

const TEXTS: Messages = Messages::new(kernel::in_every_language!("activation.ftl"));

/// Passwords that may be tried with the links of one registration.
const TRIES: Quota = Quota::window("activation", 5, DAY, "passwords for one link");

/// Serves the page that the mailed link opens if there is no frontend. Loading it reads and changes nothing.
///
/// AWS calls: none.
#[utoipa::path(get, path = "/activate", responses((status = 200, content_type = "text/html", body = String), Problems))]
pub async fn get_activation_page(State(site): State<Site>, Language(locale): Language) -> LinkPage {
    let (owner, call) = ("/v1/activations/link", "/v1/activations");
    LinkPage { locale, texts: TEXTS, owner, call, password: Some(PasswordField::Chosen), site }
}

/// Returns the account that a mailed link activates, so that a page can show it before it asks for the password. The link stays valid.
///
/// AWS calls: a counter, the link, the flow.
#[utoipa::path(post, path = "/v1/activations/link", request_body = LinkToken,
    extensions(("x-problems" = json!(["link_invalid", "too_many_requests"])), ("x-limits" = json!([link::QUESTIONS]))),
    responses((status = 200, body = LinkOwner), Problems))]
pub async fn describe_activation_link(
    State(s): State<crate::State>,
    client: Client,
    Json(body): Json<LinkToken>,
) -> Result<Json<LinkOwner>, web::Error> {
    let challenge = link::open(&s.table, s.sys.now(), &s.code_key, Purpose::Activation, &client, &body).await?;
    let flow = flow_of(&s, &challenge).await?;
    Ok(Json(LinkOwner::of(&challenge, flow.username.ok_or(Kind::LinkInvalid)?)))
}

/// Returns the registration that a link activates.
async fn flow_of(s: &crate::State, link: &Challenge) -> Result<Flow, Problem> {
    let flow = s.table.get::<Flow>(Flow::key_of(link.flow.ok_or(Kind::LinkInvalid)?)).await?;
    Ok(flow.filter(|f| f.expires_at > s.sys.now() && f.way == RegistrationMethod::Link).ok_or(Kind::LinkInvalid)?)
}

/// The mailed token, with the password chosen at registration.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActivateAccount {
    /// The part after `#token=` in the link.
    #[schema(max_length = 100)]
    token: String,
    /// The password chosen at registration.
    #[schema(value_type = String, format = Password, max_length = 1024)]
    password: Secret,
    #[serde(default)]
    token_delivery: TokenDelivery,
}

/// Activates the account and signs its owner in. If the request carries the token of the client's former session, that session
/// ends.
///
/// The same request again within ten seconds gets the same answer.
///
/// AWS calls: the link, the flow, a counter, one transaction. A session that is ended costs another read, and so does a refused
/// or repeated request. A wrong password is counted before it is compared.
#[utoipa::path(post, path = "/v1/activations", request_body = ActivateAccount,
    extensions(("x-problems" = json!(["link_invalid", "password_wrong", "too_many_requests", "username_taken", "account_exists", "not_found", "conflict"])), ("x-limits" = json!([TRIES]))),
    responses((status = 201, body = SignedIn), Problems))]
pub async fn activate_account(
    State(s): State<crate::State>,
    client: Client,
    headers: HeaderMap,
    Json(body): Json<ActivateAccount>,
) -> Result<Reply, web::Error> {
    let (link, proof) = ([body.token.trim()], [body.password.expose().as_str()]);
    let repeatable = Repeatable::new(&s.code_key, &s.sys, "activate_account", &link, &proof);
    Ok(repeatable.answer(&s.table, activate(&s, &client, &headers, &body, &repeatable)).await?)
}

async fn activate(
    s: &crate::State,
    client: &Client,
    headers: &HeaderMap,
    body: &ActivateAccount,
    repeatable: &Repeatable,
) -> Result<Reply, Problem> {
    let now = s.sys.now();
    let challenge = challenge::open_link(&s.table, now, &s.code_key, Purpose::Activation, body.token.trim()).await?;
    let flow = flow_of(s, &challenge).await?;
    limits::take(&s.table, now, &[TRIES.of(flow.id)]).await?;
    let password = flow.password.as_ref().map(|p| PasswordHash { user: flow.user, phc: p.phc.clone(), pepper: p.pepper.clone() });
    if s.hasher.verify(password.as_ref(), &body.password).await? == Verdict::Wrong {
        return Err(Kind::PasswordWrong.because("the password is not the one that was chosen"));
    }
    let previous = completion::previous_session(&s.table, &s.tokens, now, s.code_key.secret(), headers).await?;
    let opening = Opening::first(&s.sys, s.code_key.secret(), flow.user, flow.email.clone(), vec![Method::Pwd, Method::Email], client)
        .instead_of(previous)
        .idle_for(s.issuer.idle());
    let signed_in = SignedIn::new(&s.issuer, &opening.session, &opening.refresh, body.token_delivery)?;
    let signed_in = signed_in.by((&flow.account(now)?).into()).created();
    let answer = repeatable.seal(signed_in).await?;
    create(s, flow, |tx| {
        challenge.consume(tx);
        opening.create(tx, &s.sys);
        answer.keep(tx);
    })
    .await?;
    Ok(answer.reply())
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_language_says_everything() {
        assert_eq!(super::TEXTS.faults(), [""; 0]);
    }
}
