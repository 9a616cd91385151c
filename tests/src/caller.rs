//! A client of the API over HTTP.

use std::{fmt, net::IpAddr, time::Duration};

use reqwest::{
    Method, StatusCode,
    header::{HeaderMap, HeaderValue},
};
use serde_json::Value;

use crate::{PATIENCE, contract};

/// The `User-Agent` of every client.
const USER_AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// The header with the reason for a change by staff.
const REASON: &str = "reason";

/// A client with an address of its own, signed in or not.
#[derive(Clone)]
pub struct Caller {
    http: reqwest::Client,
    api: String,
    /// The origin of its frontend, for headers and WebSocket handshakes.
    origin: String,
    from: IpAddr,
    headers: Vec<(String, String)>,
    signed_in: Option<Value>,
    name: String,
}

impl Caller {
    pub(crate) fn new(api: &str, origin: &str, from: IpAddr) -> Self {
        let http = reqwest::Client::builder()
            .local_address(from)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            // The other side closes connections after 20 s without a request. A request that is sent at that moment would be lost.
            .pool_idle_timeout(Duration::from_secs(10))
            .user_agent(USER_AGENT)
            .build()
            .expect("a client is built");
        Self { http, api: api.to_owned(), origin: origin.to_owned(), from, headers: Vec::new(), signed_in: None, name: String::new() }
    }

    /// Returns the client address that functions see.
    pub(crate) fn client(&self) -> kernel::Client {
        kernel::Client { address: Some(self.from), user_agent: USER_AGENT.to_owned(), place: None }
    }

    /// Returns the same client, signed in: `reply` is the answer of the sign-in, registration or step-up.
    #[must_use]
    pub fn signed_in(&self, reply: Value) -> Self {
        Self { signed_in: Some(reply), ..self.clone() }
    }

    /// Returns the same client with a username.
    #[must_use]
    pub fn named(&self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self.clone() }
    }

    /// Returns the same client with one more header on every request.
    #[must_use]
    pub fn with(&self, name: &str, value: impl ToString) -> Self {
        let mut more = self.clone();
        more.headers.push((name.to_owned(), value.to_string()));
        more
    }

    /// Returns the username of this client's account.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the address of this client's account.
    #[must_use]
    pub fn email(&self) -> String {
        format!("{}@example.test", self.name)
    }

    /// Returns its user id.
    #[must_use]
    pub fn id(&self) -> String {
        self.session("user_id")
    }

    /// Returns its access token.
    #[must_use]
    pub fn token(&self) -> String {
        self.session("access_token")
    }

    /// Returns its refresh token.
    #[must_use]
    pub fn refresh_token(&self) -> String {
        self.session("refresh_token")
    }

    /// Returns the claims of its access token.
    ///
    /// # Panics
    /// If it is not a JWT.
    #[must_use]
    pub fn claims(&self) -> Value {
        use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
        let token = self.token();
        let payload = token.split('.').nth(1).and_then(|part| BASE64_URL_SAFE_NO_PAD.decode(part).ok()).expect("a token has three parts");
        serde_json::from_slice(&payload).expect("claims are JSON")
    }

    /// Returns a member of the answer that signed it in.
    fn session(&self, member: &str) -> String {
        let reply = self.signed_in.as_ref().expect("the caller is signed in");
        reply[member].as_str().unwrap_or_else(|| panic!("no {member} in {reply}")).to_owned()
    }

    /// Returns the origin of the frontend it uses.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// `GET`
    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None).await
    }

    /// `POST` with a JSON body.
    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, Some(body)).await
    }

    /// `POST` with a JSON body, repeated with a proof of work if the answer asks for one.
    pub async fn post_with_work(&self, path: &str, body: Value) -> Reply {
        let reply = self.post(path, body.clone()).await;
        if reply.status != 403 || reply.json()["code"] != "proof_of_work_required" {
            return reply;
        }
        self.with("proof-of-work", crate::work(&reply.json())).post(path, body).await
    }

    /// `PUT` with a JSON body.
    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PUT, path, Some(body)).await
    }

    /// `PATCH` with a JSON body.
    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PATCH, path, Some(body)).await
    }

    /// `DELETE`
    pub async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, None).await
    }

    /// Sends any request with a JSON body.
    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        match body {
            Some(body) => self.raw(method, path, Some("application/json"), body.to_string().into_bytes()).await,
            None => self.raw(method, path, None, Vec::new()).await,
        }
    }

    /// Sends any request with any body. A change by a signed-in client gets a reason, which staff must state, unless the test has set one.
    pub async fn raw(&self, method: Method, path: &str, content_type: Option<&str>, body: Vec<u8>) -> Reply {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.api) };
        let mut request = self.http.request(method.clone(), url).body(body);
        if let Some(value) = content_type {
            request = request.header("content-type", value);
        }
        if self.signed_in.is_some() {
            request = request.bearer_auth(self.token());
            if method != Method::GET && !self.headers.iter().any(|(name, _)| name == REASON) {
                request = request.header(REASON, "A%20test.");
            }
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let reply = request.send().await.unwrap_or_else(|e| panic!("{method} {path}: {e}"));
        let (status, headers) = (reply.status(), reply.headers().clone());
        let bytes = reply.bytes().await.expect("a body").to_vec();
        contract::holds(method.as_str(), path, status.as_u16(), &headers, &bytes);
        Reply { request: format!("{method} {path}"), status, headers, bytes }
    }
}

/// An answer. Its [`Debug`](fmt::Debug) is for failing assertions: the request, the status and the body.
#[derive(Clone)]
pub struct Reply {
    request: String,
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.request, self.status, String::from_utf8_lossy(&self.bytes))
    }
}

impl Reply {
    /// Returns itself if the status is the expected one.
    ///
    /// # Panics
    /// If the status is another one, showing the body.
    #[track_caller]
    #[expect(clippy::must_use_candidate, reason = "many tests only assert")]
    pub fn has(&self, status: u16) -> &Self {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        self
    }

    /// Returns itself if the status is a success.
    ///
    /// # Panics
    /// If it is not, showing the body.
    #[track_caller]
    #[expect(clippy::must_use_candidate, reason = "many tests only assert")]
    pub fn succeeds(&self) -> &Self {
        assert!(self.status.is_success(), "{self:?}");
        self
    }

    /// Returns the code of its problem document.
    ///
    /// # Panics
    /// If it is not a problem document, showing it. (The gateway's own refusals are not.)
    #[track_caller]
    #[must_use]
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_else(|| panic!("no problem: {self:?}")).to_owned()
    }

    /// Returns the body if the status is the expected one. An empty body is `null`.
    ///
    /// # Panics
    /// If the status is another one, showing the body.
    #[track_caller]
    #[expect(clippy::must_use_candidate, reason = "many tests only assert")]
    pub fn is(&self, status: u16) -> Value {
        self.has(status);
        if self.bytes.is_empty() { Value::Null } else { self.json() }
    }

    /// Returns the problem document if it has this status and code.
    ///
    /// # Panics
    /// If the answer is another one, showing it.
    #[track_caller]
    #[expect(clippy::must_use_candidate, reason = "many tests only assert")]
    pub fn is_problem(&self, status: u16, code: &str) -> Value {
        self.has(status);
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let problem = self.json();
        assert_eq!((&problem["code"], &problem["status"]), (&Value::from(code), &Value::from(status)), "{self:?}");
        problem
    }

    /// Returns the errors of the fields as `pointer code`, in order.
    #[must_use]
    pub fn field_errors(&self) -> Vec<String> {
        let problem = self.is_problem(422, "invalid");
        let errors = problem["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|e| format!("{} {}", e["pointer"].as_str().unwrap_or_default(), e["code"].as_str().unwrap_or_default())).collect()
    }

    /// Returns the body as JSON.
    ///
    /// # Panics
    /// If it is not JSON.
    #[track_caller]
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    /// Returns the value of a header, empty if there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> String {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned()
    }

    /// Returns the number of AWS calls that the request has made.
    ///
    /// # Panics
    /// If the reply does not tell it.
    #[track_caller]
    #[must_use]
    pub fn calls(&self) -> u32 {
        let timing = self.header("server-timing");
        let calls = timing.split("calls=").nth(1).and_then(|rest| rest.split(' ').next()).and_then(|calls| calls.parse().ok());
        calls.unwrap_or_else(|| panic!("{}: no calls in {timing:?}", self.request))
    }

    /// Returns a cookie that it sets, with its attributes.
    ///
    /// # Panics
    /// If it does not set the cookie.
    #[track_caller]
    #[must_use]
    pub fn cookie(&self, name: &str) -> String {
        let all: Vec<_> = self.headers.get_all("set-cookie").iter().filter_map(|v| v.to_str().ok()).collect();
        let found = all.iter().find(|c| c.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')));
        (*found.unwrap_or_else(|| panic!("{}: no {name} in {all:?}", self.request))).to_owned()
    }

    /// Returns the parts of an answer that a test compares with another answer, to show that the two reveal no difference: status, headers
    /// and body, with every id, token, time and number of seconds masked.
    #[must_use]
    pub fn shape(&self) -> String {
        let mut headers: Vec<_> = self.headers.iter().map(|(name, value)| masked_header(name.as_str(), value)).collect();
        headers.sort();
        let body: Value = serde_json::from_slice(&self.bytes).unwrap_or_default();
        format!("{} {headers:?} {}", self.status, masked(body))
    }
}

/// Returns a header, with the values masked that differ from one answer to the next.
fn masked_header(name: &str, value: &HeaderValue) -> String {
    let value = value.to_str().unwrap_or_default();
    let value = match name {
        "date" | "x-request-id" | "apigw-requestid" | "retry-after" | "server-timing" => "…".to_owned(),
        _ if name.starts_with("ratelimit") => "…".to_owned(),
        "location" => value.split('/').map(|part| if part.len() > 15 { "…" } else { part }).collect::<Vec<_>>().join("/"),
        "set-cookie" => value.split(';').map(|part| part.split('=').next().unwrap_or_default()).collect::<Vec<_>>().join(";"),
        _ => value.to_owned(),
    };
    format!("{name}: {value}")
}

fn masked(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(members.into_iter().map(|(k, v)| (k, masked(v))).collect()),
        Value::Array(items) => Value::Array(items.into_iter().map(masked).collect()),
        Value::String(text) if text.len() > 15 && !text.contains(' ') => Value::String(format!("<{}>", text.len())),
        Value::Number(n) if n.as_u64().is_some_and(|n| n > 10) => Value::String("<number>".to_owned()),
        other => other,
    }
}
