//! The response to a completed sign-in, and the delivery of the refresh token.

use std::{ops::Deref, time::Duration};

use accounts::{
    identifier::{PersonName, Username},
    session::{ABSOLUTE, IdleDays, RefreshToken, Session},
    token::{Issuer, LIFE},
    user::User,
};
use axum::{
    Router,
    extract::Request,
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use kernel::{
    Kind, Locale, Origins, Problem,
    env::Reader,
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

/// The settings of cookies: when browsers send them, and which origins may send them.
#[derive(Clone, Debug)]
pub struct Cookies {
    /// The cookie attributes that decide with which requests a browser sends the cookie.
    sent_with: &'static str,
    origins: Origins,
}

impl Cookies {
    /// Reads `CROSS_SITE_COOKIES`, which says whether frontends are on another site than the API, and `ALLOWED_ORIGINS` and `PUBLIC_URL`,
    /// the origins that may send cookies.
    pub fn read(r: &mut Reader<'_>) -> Self {
        let own = r.address("PUBLIC_URL");
        // `Partitioned`: the cookie belongs to the site of the frontend, so that browsers which block cookies of other sites keep it
        // (https://privacycg.github.io/CHIPS/).
        let sent_with = if r.or("CROSS_SITE_COOKIES", false) { "SameSite=None; Partitioned" } else { "SameSite=Strict" };
        Self { sent_with, origins: Origins::read(r).and(own) }
    }

    /// Returns a layer that refuses requests with one of our cookies from foreign origins. Programs other than browsers send no `Origin`.
    pub fn guard<S: Clone + Send + Sync + 'static>(self, routes: Router<S>) -> Router<S> {
        routes.layer(from_fn(move |request: Request, next: Next| {
            let refused = self.refuses(request.headers());
            async move {
                if refused {
                    return web::Error::from(Kind::OriginRefused.because("a page of a foreign origin sent a cookie")).into_response();
                }
                next.run(request).await
            }
        }))
    }

    /// Returns whether a page of a foreign origin sent one of our cookies.
    fn refuses(&self, headers: &HeaderMap) -> bool {
        let has_cookie = [COOKIE, DEVICE_COOKIE].iter().any(|name| cookie(headers, name).is_some());
        // An `Origin` that is not text is foreign.
        has_cookie && headers.get(header::ORIGIN).is_some_and(|origin| !origin.to_str().is_ok_and(|origin| self.origins.allow(origin)))
    }

    fn set(&self, name: &str, value: &str, life: Duration) -> String {
        format!("{name}={value}; Path=/; Max-Age={}; Secure; HttpOnly; {}", life.as_secs(), self.sent_with)
    }
}

/// Issues the tokens of sessions: access tokens, and refresh tokens as clients keep them.
#[derive(Clone)]
pub struct SessionIssuer {
    issuer: Issuer,
    cookies: Cookies,
    idle: IdleDays,
}

impl Deref for SessionIssuer {
    type Target = Issuer;
    fn deref(&self) -> &Issuer {
        &self.issuer
    }
}

impl SessionIssuer {
    /// Creates an issuer with the deployment's settings of cookies, and of the days without use after which a session ends.
    #[must_use]
    pub const fn new(issuer: Issuer, cookies: Cookies, idle: IdleDays) -> Self {
        Self { issuer, cookies, idle }
    }

    /// Returns the days without use after which new sessions end.
    #[must_use]
    pub const fn idle(&self) -> IdleDays {
        self.idle
    }

    /// Returns the header that deletes the cookie of the refresh token.
    #[must_use]
    pub fn forget(&self) -> (HeaderName, String) {
        (header::SET_COOKIE, self.cookies.set(COOKIE, "", Duration::ZERO))
    }
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
    /// Always `signed_in`. It distinguishes this response from one that requires another step.
    pub step: LastStep,
    /// The account.
    pub user_id: UserId,
    /// The person who signed in. Absent when a session is refreshed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<SignedInUser>,
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
    set: Vec<String>,
    #[serde(skip)]
    cookies: Cookies,
    #[serde(skip)]
    created: bool,
}

/// The person who signed in.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedInUser {
    /// The username.
    #[schema(value_type = String, examples("ana_nowak"))]
    pub username: Username,
    /// As given.
    #[schema(value_type = Option<String>)]
    pub first_name: Option<PersonName>,
    /// As given.
    #[schema(value_type = Option<String>)]
    pub last_name: Option<PersonName>,
    /// The language of the person's messages.
    pub language: Locale,
}

impl From<&User> for SignedInUser {
    fn from(user: &User) -> Self {
        Self {
            username: user.username.clone(),
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
            language: user.locale,
        }
    }
}

impl SignedIn {
    /// Returns the response for the client of this session.
    ///
    /// # Errors
    /// An internal [`Problem`] if the token cannot be signed.
    pub fn new(issuer: &SessionIssuer, session: &Session, refresh: &RefreshToken, delivery: TokenDelivery) -> Result<Self, Problem> {
        let token = refresh.reveal();
        let (refresh_token, cookie) = match delivery {
            TokenDelivery::Body => (Some(token), None),
            TokenDelivery::Cookie => (None, Some(issuer.cookies.set(COOKIE, &token, ABSOLUTE))),
        };
        Ok(Self {
            step: LastStep::SignedIn,
            user_id: session.user,
            user: None,
            session_id: session.id,
            access_token: issuer.issue(session.user, session.id, &session.amr, session.auth_time)?,
            token_type: TokenType::Bearer,
            expires_in: LIFE.as_secs(),
            refresh_token,
            device_token: None,
            next: None,
            set: cookie.into_iter().collect(),
            cookies: issuer.cookies.clone(),
            created: false,
        })
    }

    /// Returns the response with the person who signed in.
    #[must_use]
    pub fn by(mut self, user: SignedInUser) -> Self {
        self.user = Some(user);
        self
    }

    /// Returns the response with the token of a trusted device.
    #[must_use]
    pub fn on_device(mut self, token: Option<&DeviceToken>, delivery: TokenDelivery) -> Self {
        match (token.map(DeviceToken::reveal), delivery) {
            (Some(token), TokenDelivery::Cookie) => self.set.push(self.cookies.set(DEVICE_COOKIE, &token, device::TRUSTED)),
            (token, _) => self.device_token = token,
        }
        self
    }

    /// Returns the response with the path where the frontend continues.
    #[must_use]
    pub fn going_on(mut self, next: Option<String>) -> Self {
        self.next = next;
        self
    }

    /// Returns the response with the status 201 and the location of the new session.
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
        for cookie in self.set.iter().filter_map(|c| HeaderValue::from_str(c).ok()) {
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

/// Returns the value of a cookie. Cookies are octets (RFC 6265 §5.4), so other cookies need not be text.
fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut cookies = headers.get_all(header::COOKIE).iter().flat_map(|v| v.as_bytes().split(|b| *b == b';'));
    let value = cookies.find_map(|c| c.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"="))?;
    str::from_utf8(value).ok()
}

/// Returns the device token of a request, in the body or in the cookie. It is not verified yet.
#[must_use]
pub fn device(headers: &HeaderMap, body: Option<&str>) -> Option<DeviceToken> {
    body.or_else(|| cookie(headers, DEVICE_COOKIE)).and_then(DeviceToken::parse)
}

/// Returns the refresh token in the cookie of a request, if any.
///
/// # Errors
/// [`Kind::CsrfHeaderRequired`] without [`CSRF_HEADER`]: the request was not sent by a script of our frontend.
pub fn from_cookie(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(token) = cookie(headers, COOKIE) else { return Ok(None) };
    if headers.contains_key(CSRF_HEADER) { Ok(Some(token.to_owned())) } else { Err(Kind::CsrfHeaderRequired.into()) }
}

/// Where the requesting client keeps the refresh token of this session.
#[must_use]
pub fn delivery(headers: &HeaderMap, session: &Session) -> TokenDelivery {
    match cookie(headers, COOKIE).and_then(RefreshToken::parse) {
        Some(token) if token.session == session.id => TokenDelivery::Cookie,
        _ => TokenDelivery::Body,
    }
}

#[cfg(test)]
mod tests {
    use kernel::Env;

    use super::*;

    #[test]
    fn our_cookie_is_found_whatever_stands_beside_it() {
        let found = |sent: &[&[u8]]| {
            let headers = sent.iter().map(|value| (header::COOKIE, HeaderValue::from_bytes(value).unwrap())).collect();
            cookie(&headers, COOKIE).map(str::to_owned)
        };
        for beside in [
            &b""[..],
            b"theme=dark",
            b"city=Krak\xc3\xb3w",
            b"city=Krak\xf3w",
            b"x=\xff\xfe",
            b"x=\"a, b\"",
            b"=x",
            b"=",
            b"x",
            b"x==;;",
            b"x=__Host-refresh=b",
            b"__host-refresh=b",
            b"__Host-refresh-2=b",
            b"x__Host-refresh=b",
            b"__Host-device=b",
            b"\t{\"a\":1}",
        ] {
            let both = |first: &[u8], second: &[u8]| [first, second].join(&b"; "[..]);
            let ours = b"__Host-refresh=a";
            for sent in [&[&both(beside, ours)[..]][..], &[&both(ours, beside)], &[beside, ours], &[ours, beside]] {
                assert_eq!(found(sent).as_deref(), Some("a"), "{sent:?}");
            }
            assert_eq!(found(&[beside]), None, "{beside:?}");
        }
        assert_eq!(found(&[b"__Host-refresh=a=b"]).as_deref(), Some("a=b"));
    }

    fn cookies(cross_site: &str) -> Cookies {
        let vars = [("CROSS_SITE_COOKIES", cross_site), ("ALLOWED_ORIGINS", "https://stoa.example"), ("PUBLIC_URL", "https://api.example")];
        let env: Env = vars.map(|(k, v)| (k.to_owned(), v.to_owned())).into_iter().collect();
        env.read(Cookies::read).unwrap()
    }

    #[test]
    fn the_deployment_decides_with_which_requests_a_cookie_is_sent() {
        let set = |cross_site: &str| cookies(cross_site).set(COOKIE, "a", Duration::from_secs(60));
        let strict = "__Host-refresh=a; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Strict";
        assert_eq!([set(""), set("false")], [strict, strict]);
        assert_eq!(set("true"), "__Host-refresh=a; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=None; Partitioned");
    }

    #[test]
    fn only_our_pages_may_send_our_cookies() {
        let refuses = |sent: &[(HeaderName, &str)]| {
            let headers = sent.iter().map(|(name, value)| (name.clone(), HeaderValue::from_bytes(value.as_bytes()).unwrap())).collect();
            cookies("true").refuses(&headers)
        };
        let origin = |value| (header::ORIGIN, value);
        for name in [COOKIE, DEVICE_COOKIE] {
            let jar = format!("theme=dark; {name}=x");
            let ours = (header::COOKIE, &*jar);
            for foreign in ["http://evil.example", "https://stoa.example.evil.example", "http://stoa.example", "null", "", "żółw"] {
                assert!(refuses(&[ours.clone(), origin(foreign)]), "{foreign}");
                assert!(!refuses(&[(header::COOKIE, "theme=dark"), origin(foreign)]), "without our cookie: {foreign}");
            }
            for own in ["https://stoa.example", "https://api.example"] {
                assert!(!refuses(&[ours.clone(), origin(own)]), "{own}");
            }
            assert!(!refuses(&[ours]), "a program");
        }
    }
}
