//! Step-up: a new proof by the caller, for operations that a stolen session must not allow.

use axum::extract::State;
use callers::Member;
use kernel::Problem;
use proofs::{
    FlowToken,
    sign_in::{SignIn, SignInStep},
};
use store::{
    Tx,
    limits::{self, Limit},
};
use web::{Client, Created, Problems};

/// Begins a step-up, which is answered at `/v1/sign-ins/{id}/verify` with the strongest factor of the account, or with the
/// replacement for a lost passkey. For five minutes after it the e-mail address, phone number, password, second factors,
/// deletion and export may be changed.
///
/// AWS calls: the caller, a counter, the flow; if there is only one factor, the calls of choosing it.
#[utoipa::path(post, path = "/v1/step-ups", tag = "login", security(("bearer" = [])),
    extensions(("x-problems" = json!(["too_many_requests", "resend_too_early", "conflict"])), ("x-limits" = json!(["step_up", "resend_mail", "resend_text", "mail", "text"]))),
    responses((status = 201, body = SignInStep), Problems))]
pub async fn create_step_up(State(s): State<crate::State>, caller: Member, client: Client) -> Result<Created<SignInStep>, web::Error> {
    let user = &caller.user;
    limits::take(&s.table, s.sys.now(), &[Limit::new("step_up", user.id, 30, std::time::Duration::from_secs(3600))]).await?;
    let token = FlowToken::draw(&s.sys);
    let mut flow = SignIn::step_up(&s.sys, &token, user, &caller.session);
    let mut tx = Tx::new();
    let (challenge, permit) = flow.start(&s.factor_context(&client, user), &mut tx).await?;
    permit.commit(&s.table, tx).await.map_err(Problem::from)?;
    Ok(Created(format!("/v1/sign-ins/{token}"), flow.step(token, Some(user), challenge.as_ref(), None)))
}
