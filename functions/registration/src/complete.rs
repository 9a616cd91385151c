//! Step six: creates the account in one transaction, and signs its owner in.

use accounts::{NewAccount, NotMade, invite::Inviter, session::Opening, token::Method, user::PasswordHash};
use axum::extract::State;
use http::HeaderMap;
use kernel::{Kind, Problem};
use proofs::{
    FlowToken, completion,
    repeat::{Repeatable, Reply},
    signed_in::{SignedIn, TokenDelivery},
};
use serde::Deserialize;
use store::{Cond, Tx};
use utoipa::ToSchema;
use web::{Client, Json, Path, Problems};

use crate::flow::{Flow, RegistrationMethod, Step, load};

/// Where the client gets its tokens, and the agreement to the terms.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompleteRegistration {
    #[serde(default)]
    token_delivery: TokenDelivery,
    /// The version of the terms of service that the person has agreed to: 1 to 40 characters, such as a date. Required if this deployment
    /// has terms, otherwise ignored.
    #[schema(min_length = 1, max_length = 40, nullable = false, examples("2026-11-01"))]
    terms: Option<String>,
}

/// Creates the account and signs its owner in. If the request carries the token of the client's former session, that session
/// ends.
///
/// The same request again within ten seconds gets the same answer.
///
/// AWS calls: the flow, then one transaction. With an invitation code two requests between them, for its claim and its owner. A
/// session that is ended costs another read, and so does a refused or repeated request.
#[utoipa::path(post, path = "/v1/registrations/{flow}/complete", params(("flow" = FlowToken, Path)),
    request_body = CompleteRegistration,
    extensions(("x-problems" = json!(["not_found", "step_required", "invalid", "username_taken", "account_exists"]))),
    responses((status = 201, body = SignedIn), Problems))]
pub async fn complete_registration(
    State(s): State<crate::State>,
    client: Client,
    headers: HeaderMap,
    Path(token): Path<FlowToken>,
    Json(body): Json<CompleteRegistration>,
) -> Result<Reply, web::Error> {
    let repeatable = Repeatable::new(&s.code_key, &s.sys, "complete_registration", &[&token.to_string()], &[]);
    let work = complete(&s, &client, &headers, &token, &body, &repeatable);
    Ok(repeatable.answer(&s.table, work).await?)
}

async fn complete(
    s: &crate::State,
    client: &Client,
    headers: &HeaderMap,
    token: &FlowToken,
    body: &CompleteRegistration,
    repeatable: &Repeatable,
) -> Result<Reply, Problem> {
    let (mut flow, _) = load(&s.table, s.sys.now(), token).await?;
    flow.require(Step::Summary)?;
    flow.terms = s.terms.agreed(body.terms.as_deref(), s.sys.now()).map_err(|e| Problem::field("/terms", e))?;
    let previous = completion::previous_session(&s.table, &s.tokens, s.sys.now(), s.code_key.secret(), headers).await?;
    let opening = Opening::first(&s.sys, s.code_key.secret(), flow.user, flow.email.clone(), vec![Method::Pwd, Method::Email], client)
        .instead_of(previous)
        .idle_for(s.issuer.idle());
    let signed_in = SignedIn::new(&s.issuer, &opening.session, &opening.refresh, body.token_delivery)?
        .by((&flow.account(s.sys.now())?).into())
        .created();
    let answer = repeatable.seal(signed_in).await?;
    create(s, flow, |tx| {
        opening.create(tx, &s.sys);
        answer.keep(tx);
    })
    .await?;
    Ok(answer.reply())
}

/// Creates the account of a finished flow, in one transaction with the items that `also` adds.
///
/// # Errors
/// [`Kind::UsernameTaken`] or [`Kind::AccountExists`] if somebody else has claimed the name or the address since; [`Kind::NotFound`] if
/// another request has already completed the flow.
pub async fn create(s: &crate::State, flow: Flow, also: impl Fn(&mut Tx)) -> Result<(), Problem> {
    let (id, way) = (flow.id, flow.way);
    let user = flow.account(s.sys.now())?;
    let password = flow.password.ok_or_else(|| Problem::internal("an unfinished flow"))?;
    let hash = PasswordHash { user: user.id, phc: password.phc, pepper: password.pepper };
    let inviter = match flow.invite_code {
        Some(code) => Inviter::find(&s.table, &code, user.id).await?,
        None => None,
    };
    // For a registration in steps the verified address was counted when its code was accepted.
    let verifications = (way == RegistrationMethod::Link).into();
    let account = NewAccount { password: Some(&hash), inviter: inviter.as_ref(), verifications, ..NewAccount::new(&user) };
    let made = account.make(&s.table, &s.sys, |tx| {
        also(tx);
        tx.delete_when(Flow::key_of(id), Cond::Exists)
    });
    made.await.map_err(|NotMade { error, claims, also: flow_slot }| match error {
        e if e.refused(flow_slot) => Kind::NotFound.into(),
        e if claims.email.is_some_and(|slot| e.refused(slot)) && way == RegistrationMethod::Link => Kind::AccountExists.into(),
        e if claims.email.is_some_and(|slot| e.refused(slot)) => Problem::new(Kind::AccountExists).with("required_step", "email"),
        e if e.refused(claims.username) && way == RegistrationMethod::Link => Kind::UsernameTaken.into(),
        e if e.refused(claims.username) => Problem::new(Kind::UsernameTaken).with("required_step", Step::Username.name()),
        e => e.into(),
    })
}
