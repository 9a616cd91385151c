//! What a client gets when somebody has signed in, and where it keeps the refresh token.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use kernel::{
    Kind, Problem,
    id::{SessionId, UserId},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    session::{ABSOLUTE, RefreshToken, Session},
    token::{LIFE, Tokens},
};

/// Where the refresh token goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenDelivery {
    /// Into the body: for clients that have a safe place of their own.
    #[default]
    Body,
    /// Into a cookie that scripts cannot read: for browsers.
    Cookie,
}

/// The cookie. The prefix binds it to this host, to HTTPS and to every path (RFC 6265bis §4.1.3.2).
pub const COOKIE: &str = "__Host-refresh";
/// What a request that uses the cookie must carry besides; another site's page cannot send it without our consent.
pub const CSRF_HEADER: &str = "x-stoa-csrf";

/// Somebody has signed in.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedIn {
    /// Who.
    pub user_id: UserId,
    /// The session that began or goes on.
    pub session_id: SessionId,
    /// For the `Authorization` header: `Bearer <access_token>`.
    pub access_token: String,
    /// Always `Bearer`.
    #[schema(examples("Bearer"))]
    pub token_type: &'static str,
    /// Seconds until the access token must be replaced.
    #[schema(examples(600))]
    pub expires_in: u64,
    /// What replaces it, once; absent where it went into a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    #[serde(skip)]
    cookie: Option<String>,
    #[serde(skip)]
    created: bool,
}

impl SignedIn {
    /// What the client of this session gets.
    ///
    /// # Errors
    /// An internal [`Problem`] if the token cannot be signed.
    pub fn new(tokens: &Tokens, session: &Session, refresh: &RefreshToken, delivery: TokenDelivery) -> Result<Self, Problem> {
        let token = refresh.reveal();
        let (refresh_token, cookie) = match delivery {
            TokenDelivery::Body => (Some(token), None),
            TokenDelivery::Cookie => (None, Some(set_cookie(&token, ABSOLUTE.as_secs()))),
        };
        Ok(Self {
            user_id: session.user,
            session_id: session.id,
            access_token: tokens.issue(session.user, session.id, &session.amr, session.auth_time)?,
            token_type: "Bearer",
            expires_in: LIFE.as_secs(),
            refresh_token,
            cookie,
            created: false,
        })
    }

    /// The same, told as 201 at the place of the new session.
    #[must_use]
    pub fn created(mut self) -> Self {
        self.created = true;
        self
    }
}

impl IntoResponse for SignedIn {
    fn into_response(self) -> Response {
        let mut response = web::Json(&self).into_response();
        let headers = response.headers_mut();
        if let Some(cookie) = self.cookie.as_deref().and_then(|c| HeaderValue::from_str(c).ok()) {
            headers.insert(header::SET_COOKIE, cookie);
        }
        if self.created {
            if let Ok(location) = HeaderValue::try_from(format!("/v1/sessions/{}", self.session_id)) {
                headers.insert(header::LOCATION, location);
            }
            *response.status_mut() = StatusCode::CREATED;
        }
        response
    }
}

/// The header that takes the cookie away.
#[must_use]
pub fn forget() -> (http::HeaderName, String) {
    (header::SET_COOKIE, set_cookie("", 0))
}

fn set_cookie(value: &str, max_age: u64) -> String {
    format!("{COOKIE}={value}; Path=/; Max-Age={max_age}; Secure; HttpOnly; SameSite=Strict")
}

/// The refresh token that a request carries in its cookie, if it carries one.
///
/// # Errors
/// [`Kind::OriginRefused`] if it does without [`CSRF_HEADER`]: then it was not our client's script that sent it.
pub fn from_cookie(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(';'));
    let mut ours = cookies.filter_map(|c| c.trim().split_once('=')).filter(|(name, _)| *name == COOKIE);
    let Some((_, token)) = ours.next() else { return Ok(None) };
    if headers.contains_key(CSRF_HEADER) { Ok(Some(token.to_owned())) } else { Err(Kind::OriginRefused.into()) }
}
