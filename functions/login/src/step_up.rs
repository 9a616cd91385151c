//! Step-up: the caller proves again who they are. Required by operations that a stolen session must not allow.

use axum::extract::State;
use callers::Member;
use kernel::Problem;
use proofs::{
    FlowToken, challenge, sending,
    sign_in::{SignIn, SignInStep},
};
use store::{
    Tx,
    limits::{self, HOUR, Quota},
};
use web::{Client, Created, Problems};

/// Step-ups that one person may begin.
const STEP_UPS: Quota = Quota::window("step_up", 30, HOUR, "for an account");

/// Begins a step-up, which is completed at `/v1/sign-ins/{id}/verify` with the strongest factor of the account, or with the
/// replacement for a lost passkey. For five minutes after it the caller may use the operations that need a recent proof: those
/// on the e-mail address, phone number, password, second factors, deletion and export, and those by which staff change something.
///
/// AWS calls: the caller, a counter, the flow; if there is only one factor, the calls of choosing it.
#[utoipa::path(post, path = "/v1/step-ups",
    extensions(("x-problems" = json!(["too_many_requests", "resend_too_early", "conflict"])), ("x-limits" = json!([STEP_UPS, challenge::MAIL_AGAIN, challenge::TEXT_AGAIN, sending::MAILED_CODES, sending::TEXTED_CODES]))),
    responses((status = 201, body = SignInStep), Problems))]
pub async fn create_step_up(State(s): State<crate::State>, caller: Member, client: Client) -> Result<Created<SignInStep>, web::Error> {
    let user = &caller.user;
    limits::take(&s.table, s.sys.now(), &[STEP_UPS.of(user.id)]).await?;
    let token = FlowToken::draw(&s.sys);
    let mut flow = SignIn::step_up(&s.sys, &token, user, &caller.session);
    let mut tx = Tx::new();
    let (challenge, permit) = flow.start(&s.factor_context(&client, user), &mut tx).await?;
    permit.commit(&s.table, tx).await.map_err(Problem::from)?;
    Ok(Created(format!("/v1/sign-ins/{token}"), flow.step(token, Some(user), challenge.as_ref(), None)))
}
