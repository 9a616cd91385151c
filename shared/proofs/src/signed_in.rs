//! What a client gets when somebody has signed in, and where it keeps the refresh token.

use std::time::Duration;

use accounts::{
    session::{ABSOLUTE, RefreshToken, Session},
    token::{Issuer, LIFE},
};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use kernel::{
    Kind, Problem,
    id::{SessionId, UserId},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::device::{self, DeviceToken};

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
/// The cookie of a trusted device.
pub const DEVICE_COOKIE: &str = "__Host-device";
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
    /// What this device shows at its next sign-in to skip the second step, once; absent where it is not trusted, or where it
    /// went into a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_token: Option<String>,
    /// Where in the frontend to go on, as asked for at the first step; `/` for anything but a path of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("/rooms"))]
    pub next: Option<String>,
    #[serde(skip)]
    cookies: Vec<String>,
    #[serde(skip)]
    created: bool,
}

impl SignedIn {
    /// What the client of this session gets.
    ///
    /// # Errors
    /// An internal [`Problem`] if the token cannot be signed.
    pub fn new(issuer: &Issuer, session: &Session, refresh: &RefreshToken, delivery: TokenDelivery) -> Result<Self, Problem> {
        let token = refresh.reveal();
        let (refresh_token, cookie) = match delivery {
            TokenDelivery::Body => (Some(token), None),
            TokenDelivery::Cookie => (None, Some(set_cookie(COOKIE, &token, ABSOLUTE))),
        };
        Ok(Self {
            user_id: session.user,
            session_id: session.id,
            access_token: issuer.issue(session.user, session.id, &session.amr, session.auth_time)?,
            token_type: "Bearer",
            expires_in: LIFE.as_secs(),
            refresh_token,
            device_token: None,
            next: None,
            cookies: cookie.into_iter().collect(),
            created: false,
        })
    }

    /// The same, on a device that is trusted.
    #[must_use]
    pub fn on_device(mut self, token: Option<&DeviceToken>, delivery: TokenDelivery) -> Self {
        match (token.map(DeviceToken::reveal), delivery) {
            (Some(token), TokenDelivery::Cookie) => self.cookies.push(set_cookie(DEVICE_COOKIE, &token, device::TRUSTED)),
            (token, _) => self.device_token = token,
        }
        self
    }

    /// The same, going on where the client wanted to.
    #[must_use]
    pub fn going_on(mut self, next: Option<String>) -> Self {
        self.next = next;
        self
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
        for cookie in self.cookies.iter().filter_map(|c| HeaderValue::from_str(c).ok()) {
            headers.append(header::SET_COOKIE, cookie);
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
    (header::SET_COOKIE, set_cookie(COOKIE, "", Duration::ZERO))
}

fn set_cookie(name: &str, value: &str, life: Duration) -> String {
    format!("{name}={value}; Path=/; Max-Age={}; Secure; HttpOnly; SameSite=Strict", life.as_secs())
}

fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(';'));
    cookies.filter_map(|c| c.trim().split_once('=')).find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// What a device shows that may be trusted: in the body, or in its cookie. Showing it proves nothing but that.
#[must_use]
pub fn device(headers: &HeaderMap, body: Option<&str>) -> Option<DeviceToken> {
    body.or_else(|| cookie(headers, DEVICE_COOKIE)).and_then(DeviceToken::parse)
}

/// The refresh token that a request carries in its cookie, if it carries one.
///
/// # Errors
/// [`Kind::OriginRefused`] if it does without [`CSRF_HEADER`]: then it was not our client's script that sent it.
pub fn from_cookie(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(token) = cookie(headers, COOKIE) else { return Ok(None) };
    if headers.contains_key(CSRF_HEADER) {
        Ok(Some(token.to_owned()))
    } else {
        Err(Kind::OriginRefused.because("a cookie came without the CSRF header"))
    }
}

/// Where the client that makes a request keeps the refresh token of this session.
#[must_use]
pub fn delivery(headers: &HeaderMap, session: &Session) -> TokenDelivery {
    match cookie(headers, COOKIE).and_then(RefreshToken::parse) {
        Some(token) if token.session == session.id => TokenDelivery::Cookie,
        _ => TokenDelivery::Body,
    }
}
