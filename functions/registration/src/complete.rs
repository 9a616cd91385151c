//! Step six: makes the account in one transaction, and signs its owner in.

use accounts::{
    NewAccount, NotMade,
    invite::Inviter,
    session::Opening,
    token::Method,
    user::{PasswordHash, User},
};
use axum::extract::State;
use http::HeaderMap;
use kernel::{Kind, Problem};
use proofs::{
    FlowToken, completion,
    signed_in::{SignedIn, TokenDelivery},
};
use serde::Deserialize;
use store::{Cond, Tx};
use utoipa::ToSchema;
use web::{Client, Json, Path, Problems};

use crate::flow::{Flow, Step, Way, load};

/// How the new member's client keeps its tokens.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompleteRegistration {
    #[serde(default)]
    token_delivery: TokenDelivery,
}

/// Creates the account and signs its owner in. If the request carries the token of the client's former session, that session
/// ends.
///
/// AWS calls: the flow, then one transaction. With an invitation code two requests between them, for its claim and its owner. A
/// session that is ended costs another read.
#[utoipa::path(post, path = "/v1/registrations/{flow}/complete", params(("flow" = FlowToken, Path)),
    request_body = CompleteRegistration,
    extensions(("x-problems" = json!(["not_found", "step_required", "username_taken", "account_exists"]))),
    responses((status = 201, body = SignedIn), Problems))]
pub async fn complete_registration(
    State(s): State<crate::State>,
    client: Client,
    headers: HeaderMap,
    Path(token): Path<FlowToken>,
    Json(body): Json<CompleteRegistration>,
) -> Result<SignedIn, web::Error> {
    let (flow, _) = load(&s.table, s.sys.now(), &token).await?;
    flow.require(Step::Summary)?;
    let previous = completion::previous_session(&s.table, &s.tokens, s.sys.now(), s.code_key.secret(), &headers).await?;
    let opening = Opening::first(&s.sys, s.code_key.secret(), flow.user, flow.email.clone(), vec![Method::Pwd, Method::Email], &client)
        .instead_of(previous);
    create(&s, flow, |tx| opening.create(tx, &s.sys)).await?;
    Ok(SignedIn::new(&s.issuer, &opening.session, &opening.refresh, body.token_delivery)?.created())
}

/// Makes an account of a flow, in one transaction with the items that `also` adds.
///
/// # Errors
/// [`Kind::UsernameTaken`] or [`Kind::AccountExists`] if somebody was faster; [`Kind::NotFound`] if a request of the same flow
/// was.
pub async fn create(s: &crate::State, flow: Flow, also: impl Fn(&mut Tx)) -> Result<(), Problem> {
    let (id, way) = (flow.id, flow.way);
    let (Some(username), Some(password)) = (flow.username, flow.password) else { return Err(Problem::internal("an unfinished flow")) };
    let user = User {
        email: Some(flow.email),
        first_name: flow.first_name,
        last_name: flow.last_name,
        birth_date: flow.birth_date,
        has_password: true,
        ..User::new(flow.user, username, flow.locale, s.sys.now())
    };
    let hash = PasswordHash { user: user.id, phc: password.phc, pepper: password.pepper };
    let inviter = match flow.invite_code {
        Some(code) => Inviter::find(&s.table, &code, user.id).await?,
        None => None,
    };
    // In steps the proof of the address was counted before.
    let verifications = (way == Way::Link).into();
    let account = NewAccount { password: Some(&hash), inviter: inviter.as_ref(), verifications, ..NewAccount::new(&user) };
    let made = account.make(&s.table, &s.sys, |tx| {
        also(tx);
        tx.delete_when(Flow::key_of(id), Cond::Exists)
    });
    made.await.map_err(|NotMade { error, claims, also: spent }| match error {
        e if e.refused(spent) => Kind::NotFound.into(),
        e if claims.email.is_some_and(|slot| e.refused(slot)) && way == Way::Link => Kind::AccountExists.into(),
        e if claims.email.is_some_and(|slot| e.refused(slot)) => Problem::new(Kind::AccountExists).with("required_step", "email"),
        e if e.refused(claims.username) && way == Way::Link => Kind::UsernameTaken.into(),
        e if e.refused(claims.username) => Problem::new(Kind::UsernameTaken).with("required_step", Step::Username.name()),
        e => e.into(),
    })
}
