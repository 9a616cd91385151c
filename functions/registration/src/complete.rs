//! Step six: everything becomes an account at once, or nothing does. Its owner is signed in.

use accounts::{
    FlowToken,
    session::Opening,
    signed_in::{SignedIn, TokenDelivery},
    token::Method,
    user::{PasswordHash, User},
};
use axum::extract::State;
use kernel::{Kind, Problem};
use serde::Deserialize;
use store::{CommitError, Cond, Tx};
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

/// Creates the account and signs its owner in. The flow, then one transaction.
#[utoipa::path(post, path = "/v1/registrations/{flow}/complete", tag = "registration", params(("flow" = FlowToken, Path)),
    request_body = CompleteRegistration,
    extensions(("x-problems" = json!(["not_found", "step_required", "username_taken", "account_exists"]))),
    responses((status = 201, body = SignedIn), Problems))]
pub async fn complete_registration(
    State(s): State<crate::State>,
    client: Client,
    Path(token): Path<FlowToken>,
    Json(body): Json<CompleteRegistration>,
) -> Result<SignedIn, web::Error> {
    let (flow, _) = load(&s.table, s.sys.now(), &token).await?;
    flow.require(Step::Summary)?;
    let opening = Opening::first(&s.sys, flow.user, vec![Method::Pwd, Method::Email], &client.user_agent);
    let mut tx = Tx::new();
    opening.create(&mut tx);
    create(&s, flow, tx).await?;
    Ok(SignedIn::new(&s.tokens, &opening.session, &opening.refresh, body.token_delivery)?.created())
}

/// Turns a flow into an account, together with what else is in the transaction.
///
/// # Errors
/// [`Kind::UsernameTaken`] or [`Kind::AccountExists`] if somebody was faster; [`Kind::NotFound`] if this flow was.
pub async fn create(s: &crate::State, flow: Flow, mut tx: Tx) -> Result<(), Problem> {
    let way = flow.way;
    let spent = tx.delete_when(Flow::key_of(flow.id), Cond::Exists);
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
    let claims = user.create(&mut tx, Some(&hash));
    s.table.commit(tx).await.map_err(|e| match &e {
        CommitError::Refused(r) if r.at(spent) => Kind::NotFound.into(),
        CommitError::Refused(r) if claims.email.is_some_and(|slot| r.at(slot)) => Kind::AccountExists.into(),
        CommitError::Refused(r) if r.at(claims.username) && way == Way::Link => Kind::UsernameTaken.into(),
        CommitError::Refused(r) if r.at(claims.username) => Problem::new(Kind::UsernameTaken).with("required_step", Step::Username.name()),
        _ => e.into(),
    })
}
