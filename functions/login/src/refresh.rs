//! Refreshing a session: exchanges a refresh token for the next one and a new access token.

use accounts::session::{self, RefreshToken, Refreshed};
use axum::extract::State;
use http::HeaderMap;
use kernel::{Kind, Problem};
use proofs::{
    MISUSE,
    signed_in::{self, SignedIn, TokenDelivery},
};
use serde::Deserialize;
use utoipa::ToSchema;
use web::{Client, Json, Problems};

/// The refresh token, unless it is in the cookie.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshSession {
    /// The token as it was returned. Absent if it is in the cookie.
    #[schema(max_length = 200)]
    refresh_token: Option<String>,
}

/// Exchanges the refresh token for a new one, which is returned where the old one was sent: in the body or in the cookie.
///
/// A token can be used once. A client that lost the response may repeat the request within ten seconds, and gets the same new
/// token. A later repetition ends the session, because the token may have been copied. A token in the cookie needs the header
/// `X-Stoa-Csrf` and no body.
///
/// AWS calls: two, the session with its person, and the conditional replacement.
#[utoipa::path(post, path = "/v1/sessions/refresh",
    params(("x-stoa-csrf" = Option<String>, Header, max_length = 100, description = "Any value. Required if the token is in the cookie.")),
    request_body = Option<RefreshSession>,
    extensions(("x-problems" = json!(["refresh_invalid", "csrf_header_required"]))),
    responses((status = 200, body = SignedIn), Problems))]
pub async fn refresh_session(
    State(s): State<crate::State>,
    client: Client,
    headers: HeaderMap,
    body: Option<Json<RefreshSession>>,
) -> Result<SignedIn, web::Error> {
    let in_body = body.and_then(|Json(body)| body.refresh_token);
    let delivery = if in_body.is_some() { TokenDelivery::Body } else { TokenDelivery::Cookie };
    let token = token_in(&headers, in_body.as_deref())?.ok_or_else(|| Kind::RefreshInvalid.because("there is no refresh token"))?;
    match session::refresh(&s.table, &s.sys, s.code_key.secret(), &token, &client).await? {
        Refreshed::Alive { session, refresh } => Ok(SignedIn::new(&s.issuer, &session, &refresh, delivery)?),
        Refreshed::Reused => {
            s.table.report(&[(MISUSE, 1)]);
            Err(Kind::RefreshInvalid.because("a used refresh token was used again").into())
        }
        Refreshed::Invalid => Err(Kind::RefreshInvalid.because("the refresh token belongs to no session").into()),
    }
}

/// Returns the refresh token of a request, in its body or in its cookie.
///
/// # Errors
/// [`Kind::CsrfHeaderRequired`] for a cookie without the required header.
fn token_in(headers: &HeaderMap, body: Option<&str>) -> Result<Option<RefreshToken>, Problem> {
    let text = match body {
        Some(text) => Some(text.to_owned()),
        None => signed_in::from_cookie(headers)?,
    };
    Ok(text.and_then(|t| RefreshToken::parse(&t)))
}
