//! Signing in with a passkey alone: no name, no password.

use axum::extract::State;
use kernel::Problem;
use proofs::{
    FlowToken, completion,
    sign_in::{SignIn, SignInOptions, SignInStep},
    signed_in::TokenDelivery,
};
use serde::Deserialize;
use store::limits::{self, MINUTE, Quota};
use utoipa::ToSchema;
use web::{Client, Created, Json, Problems};

/// Challenges that one client may ask for.
const CHALLENGES: Quota = Quota::window("passkey_client", 60, MINUTE.saturating_mul(15), "for a client");

/// How the client gets its tokens, and where it continues after the sign-in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePasskeySignIn {
    /// Where the refresh token is returned: `cookie` for browsers, `body` otherwise.
    #[serde(default)]
    token_delivery: TokenDelivery,
    /// The path of the frontend to continue with, such as `/rooms`.
    #[schema(examples("/rooms"), max_length = 500)]
    next: Option<String>,
}

/// Returns a challenge for a passkey. Pass it to `navigator.credentials.get` and send the answer to `/v1/sign-ins/{id}/verify`.
/// The challenge is valid for one answer, right or wrong.
///
/// AWS calls: a counter of the client, and a write of the flow. A client that has a session costs a read.
#[utoipa::path(post, path = "/v1/passkey-sign-ins", request_body = CreatePasskeySignIn,
    extensions(("x-problems" = json!(["too_many_requests"])), ("x-limits" = json!([CHALLENGES]))),
    responses((status = 201, body = SignInStep), Problems))]
pub async fn create_passkey_sign_in(
    State(s): State<crate::State>,
    client: Client,
    headers: http::HeaderMap,
    Json(body): Json<CreatePasskeySignIn>,
) -> Result<Created<SignInStep>, web::Error> {
    let now = s.sys.now();
    limits::take(&s.table, now, &[CHALLENGES.of(client.network())]).await?;
    let previous = completion::previous_session(&s.table, &s.tokens, now, s.code_key.secret(), &headers).await?;
    let options = SignInOptions::new(body.token_delivery, false, body.next).instead_of(previous.as_ref());
    let (token, question) = (FlowToken::draw(&s.sys), s.site.ask_for_any(now)?);
    let flow = SignIn::by_passkey(&s.sys, &token, question.state, options);
    s.table.create(&flow).await.map_err(Problem::from)?;
    Ok(Created(format!("/v1/sign-ins/{token}"), flow.step(token, None, None, Some(question.options))))
}
