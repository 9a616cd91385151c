//! The response to a completed sign-in, and the delivery of the refresh token.

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

/// Where the refresh token is delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenDelivery {
    /// In the body: for clients with a safe storage.
    #[default]
    Body,
    /// In a cookie that scripts cannot read: for browsers.
    Cookie,
}

/// The cookie of the refresh token. Its prefix binds it to this host, to HTTPS and to every path (RFC 6265bis §4.1.3.2).
pub const COOKIE: &str = "__Host-refresh";
/// The cookie of a trusted device.
pub const DEVICE_COOKIE: &str = "__Host-device";
/// The header that a request with the cookie also needs. Pages of other sites cannot send it without permission of this API.
pub const CSRF_HEADER: &str = "x-stoa-csrf";

/// The step of an answer that completes a sign-in.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LastStep {
    /// There is nothing more to prove.
    SignedIn,
}

/// The scheme of access tokens (RFC 6750).
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub enum TokenType {
    /// For the header `Authorization: Bearer <access_token>`.
    Bearer,
}

/// The response to a completed sign-in.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedIn {
    /// Always `signed_in`. It tells this answer from those that ask for another step.
    pub step: LastStep,
    /// The account.
    pub user_id: UserId,
    /// The new or continued session.
    pub session_id: SessionId,
    /// The access token, for the header `Authorization: Bearer <access_token>`.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: TokenType,
    /// Seconds until the access token expires.
    #[schema(examples(600))]
    pub expires_in: u64,
    /// The refresh token, which can be used once. Absent if it is in a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// The token that this device shows at its next sign-in to skip the second step, once. Absent if the device is not trusted,
    /// or if the token is in a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_token: Option<String>,
    /// The path with which the frontend continues, as given in the first step; `/` if that was not a path of the frontend.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("/rooms"))]
    pub next: Option<String>,
    #[serde(skip)]
    cookies: Vec<String>,
    #[serde(skip)]
    created: bool,
}

impl SignedIn {
    /// The response for the client of this session.
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
            step: LastStep::SignedIn,
            user_id: session.user,
            session_id: session.id,
            access_token: issuer.issue(session.user, session.id, &session.amr, session.auth_time)?,
            token_type: TokenType::Bearer,
            expires_in: LIFE.as_secs(),
            refresh_token,
            device_token: None,
            next: None,
            cookies: cookie.into_iter().collect(),
            created: false,
        })
    }

    /// The response with the token of a trusted device.
    #[must_use]
    pub fn on_device(mut self, token: Option<&DeviceToken>, delivery: TokenDelivery) -> Self {
        match (token.map(DeviceToken::reveal), delivery) {
            (Some(token), TokenDelivery::Cookie) => self.cookies.push(set_cookie(DEVICE_COOKIE, &token, device::TRUSTED)),
            (token, _) => self.device_token = token,
        }
        self
    }

    /// The response with the path where the frontend continues.
    #[must_use]
    pub fn going_on(mut self, next: Option<String>) -> Self {
        self.next = next;
        self
    }

    /// The response with the status 201 and the location of the new session.
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

/// The header that deletes the cookie.
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

/// The device token of a request, in the body or in the cookie. It is not verified yet.
#[must_use]
pub fn device(headers: &HeaderMap, body: Option<&str>) -> Option<DeviceToken> {
    body.or_else(|| cookie(headers, DEVICE_COOKIE)).and_then(DeviceToken::parse)
}

/// The refresh token in the cookie of a request, if any.
///
/// # Errors
/// [`Kind::OriginRefused`] without [`CSRF_HEADER`]: the request was not sent by a script of our frontend.
pub fn from_cookie(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(token) = cookie(headers, COOKIE) else { return Ok(None) };
    if headers.contains_key(CSRF_HEADER) {
        Ok(Some(token.to_owned()))
    } else {
        Err(Kind::OriginRefused.because("a cookie came without the CSRF header"))
    }
}

/// Where the requesting client keeps the refresh token of this session.
#[must_use]
pub fn delivery(headers: &HeaderMap, session: &Session) -> TokenDelivery {
    match cookie(headers, COOKIE).and_then(RefreshToken::parse) {
        Some(token) if token.session == session.id => TokenDelivery::Cookie,
        _ => TokenDelivery::Body,
    }
}
