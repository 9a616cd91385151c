//! A client of the public API, for the seed and the tour.

use std::{collections::BTreeMap, fmt, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use kernel::Secret;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{self, Message, client::IntoClientRequest as _, http::HeaderValue, protocol::WebSocketConfig},
};

use crate::{inbox::Inbox, socket_api::READ_BUFFER};

/// The longest wait for a mail.
const MAIL: Duration = Duration::from_secs(20);

/// A person who registers.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    /// First name.
    pub first_name: &'a str,
    /// Last name.
    pub last_name: &'a str,
    /// Day of birth.
    pub birth_date: &'a str,
    /// Username.
    pub username: &'a str,
    /// E-mail address.
    pub email: &'a str,
    /// Password.
    pub password: &'a str,
    /// Language of mails.
    pub locale: &'a str,
}

/// Why a step failed, in one line for people.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ClientError(String);

impl ClientError {
    /// Creates an error with this description.
    pub fn new(what: impl fmt::Display) -> Self {
        Self(what.to_string())
    }
}

/// The `User-Agent` of its requests.
pub(crate) const USER_AGENT: &str = "stoa-local";

/// A client of the API, signed in or not.
#[derive(Clone)]
pub struct Visitor {
    http: reqwest::Client,
    api: String,
    token: Option<Secret>,
}

impl Visitor {
    /// Creates a client that is not signed in.
    ///
    /// # Errors
    /// If the HTTP client cannot be built.
    pub fn new(api: &str) -> Result<Self, ClientError> {
        // The local cloud is never behind a proxy.
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(40))
            // The listeners close connections after 20 s without a request. A request that is sent at that moment would be lost.
            .pool_idle_timeout(Duration::from_secs(10))
            .user_agent(USER_AGENT)
            .build()
            .map_err(ClientError::new)?;
        Ok(Self { http, api: api.to_owned(), token: None })
    }

    /// Returns the same client with an access token.
    #[must_use]
    pub fn with_token(&self, token: Secret) -> Self {
        Self { token: Some(token), ..self.clone() }
    }

    /// Sends a GET request.
    ///
    /// # Errors
    /// [`ClientError`] if it is refused.
    pub async fn get(&self, path: &str) -> Result<Value, ClientError> {
        self.ask(Method::GET, path, None).await
    }

    /// Sends a POST request.
    ///
    /// # Errors
    /// [`ClientError`] if it is refused.
    pub async fn post(&self, path: &str, body: Value) -> Result<Value, ClientError> {
        self.ask(Method::POST, path, Some(body)).await
    }

    /// Sends a PUT request.
    ///
    /// # Errors
    /// [`ClientError`] if it is refused.
    pub async fn put(&self, path: &str, body: Value) -> Result<Value, ClientError> {
        self.ask(Method::PUT, path, Some(body)).await
    }

    /// Signs in.
    ///
    /// # Errors
    /// [`ClientError`] if it is refused.
    pub async fn sign_in(&self, person: &Person<'_>) -> Result<Self, ClientError> {
        let signed_in = self.post("/v1/sessions", json!({ "login": person.email, "password": person.password })).await?;
        Ok(self.with_token(Secret::new(member(&signed_in, "access_token")?)))
    }

    /// Returns the status of a response, whether it is a success or not.
    ///
    /// # Errors
    /// [`ClientError`] if there is no response.
    pub async fn status(&self, method: Method, path: &str, body: Option<Value>) -> Result<StatusCode, ClientError> {
        let reply = self.request(method, path, body).send().await;
        reply.map(|r| r.status()).map_err(|e| ClientError(format!("{path} gives no response: {e}")))
    }

    /// Follows the redirects of an address. Returns the last status and content type.
    ///
    /// # Errors
    /// [`ClientError`] if there is no response.
    pub async fn look_at(&self, url: &str) -> Result<(StatusCode, String), ClientError> {
        let reply = self.http.get(url).send().await.map_err(|e| ClientError(format!("{url} gives no response: {e}")))?;
        let kind = reply.headers().get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default();
        Ok((reply.status(), kind.to_owned()))
    }

    /// Sends a file to the link of a declared upload, with its headers.
    ///
    /// # Errors
    /// [`ClientError`] if the bucket refuses it.
    pub async fn upload(&self, upload: &Value, file: Vec<u8>) -> Result<(), ClientError> {
        let (url, headers): (String, BTreeMap<String, String>) = (member(upload, "url")?, member(upload, "headers")?);
        let request = headers.iter().fold(self.http.put(&url), |request, (name, value)| request.header(name, value));
        let reply = request.body(file).send().await.map_err(|e| ClientError(format!("the bucket gives no response: {e}")))?;
        let status = reply.status();
        if status.is_success() {
            Ok(())
        } else {
            Err(ClientError(format!("the bucket answers {status}: {}", reply.text().await.unwrap_or_default())))
        }
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, ClientError> {
        let failed = |e: reqwest::Error| ClientError(format!("{method} {path} gives no response: {e}"));
        let reply = self.request(method.clone(), path, body).send().await.map_err(failed)?;
        let status = reply.status();
        let text = reply.text().await.map_err(failed)?;
        let value: Value = serde_json::from_str(&text).unwrap_or_default();
        if status.is_success() {
            return Ok(value);
        }
        let why = if value.is_null() { text } else { value.to_string() };
        Err(ClientError(format!("{method} {path} is answered {status}: {why}")))
    }

    fn request(&self, method: Method, path: &str, body: Option<Value>) -> RequestBuilder {
        let mut request = self.http.request(method, format!("{}{path}", self.api));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose());
        }
        match body {
            Some(body) => request.json(&body),
            None => request,
        }
    }

    /// Registers a person in six steps with the code from the inbox, and signs in. Calls `on_step` after each step.
    ///
    /// # Errors
    /// [`ClientError`] of the first step that is refused.
    pub async fn register(&self, inbox: &Inbox, person: Person<'_>, mut on_step: impl FnMut(&str)) -> Result<Self, ClientError> {
        let before = inbox.last_id();
        let flow = self.post("/v1/registrations", json!({ "email": person.email, "locale": person.locale })).await?;
        let id: String = member(&flow, "id")?;
        let path = format!("/v1/registrations/{id}");
        on_step(&format!("1 of 6, e-mail: {} gets a code", person.email));

        let mail =
            inbox.wait(person.email, before, MAIL).await.ok_or_else(|| ClientError(format!("no mail to {} has arrived", person.email)))?;
        let code = mail.code.ok_or_else(|| ClientError(format!("the mail {:?} has no code in it", mail.subject)))?;
        self.post(&format!("{path}/code"), json!({ "code": code })).await?;
        on_step(&format!("2 of 6, code: {code}, from the mail “{}”", mail.subject));

        let names = json!({ "first_name": person.first_name, "last_name": person.last_name, "birth_date": person.birth_date });
        self.put(&format!("{path}/personal"), names).await?;
        on_step(&format!("3 of 6, personal: {} {}, born {}", person.first_name, person.last_name, person.birth_date));

        self.put(&format!("{path}/username"), json!({ "username": person.username })).await?;
        on_step(&format!("4 of 6, username: {}", person.username));

        self.put(&format!("{path}/password"), json!({ "password": person.password })).await?;
        on_step("5 of 6, password: accepted, and stored as a hash");

        let signed_in = self.post(&format!("{path}/complete"), json!({})).await?;
        on_step("6 of 6, summary: the account exists");
        Ok(self.with_token(Secret::new(member(&signed_in, "access_token")?)))
    }
}

/// Returns a member of a JSON answer.
///
/// # Errors
/// [`ClientError`] if it is missing or of another type.
pub fn member<T: DeserializeOwned>(value: &Value, name: &str) -> Result<T, ClientError> {
    let found = value.get(name).cloned().unwrap_or_default();
    serde_json::from_value(found).map_err(|e| ClientError(format!("the answer has no proper {name:?} ({e}): {value}")))
}

/// An open WebSocket of a signed-in client.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    sent: u32,
}

/// The longest wait for an answer over the socket.
const ANSWER: Duration = Duration::from_secs(10);

impl Socket {
    /// Opens a socket with a ticket, as a client that is not a browser does.
    ///
    /// # Errors
    /// [`ClientError`] if the ticket or the handshake is refused.
    pub async fn open(visitor: &Visitor) -> Result<Self, ClientError> {
        let ticket = visitor.post("/v1/realtime/tickets", json!({})).await?;
        let (url, offered): (String, Vec<String>) = (member(&ticket, "url")?, member(&ticket, "subprotocols")?);
        let refused = |e: tungstenite::Error| ClientError(format!("{url} does not open: {e}"));
        let mut request = url.as_str().into_client_request().map_err(refused)?;
        let offer = HeaderValue::try_from(offered.join(", ")).map_err(ClientError::new)?;
        request.headers_mut().insert("sec-websocket-protocol", offer);
        let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER);
        // Without Nagle's algorithm, as browsers do: otherwise a frame waits until the one before it is acknowledged.
        let (stream, _) = tokio_tungstenite::connect_async_with_config(request, Some(config), true).await.map_err(refused)?;
        Ok(Self { stream, sent: 0 })
    }

    /// Sends a frame and waits for its answer.
    ///
    /// # Errors
    /// [`ClientError`] if the answer is an error or does not come.
    pub async fn ask(&mut self, payload: Value) -> Result<Value, ClientError> {
        let request = payload.to_string();
        let id = self.send(payload).await?;
        let answer = self.wait_for(|frame| frame.get("id").and_then(Value::as_str) == Some(&id)).await?;
        match answer.get("type").and_then(Value::as_str) {
            Some("error") => Err(ClientError(format!("{request} is answered {answer}"))),
            _ => Ok(answer),
        }
    }

    /// Sends a frame without waiting for its answer. Returns the frame's id, which the answer will have.
    ///
    /// # Errors
    /// [`ClientError`] if the socket is closed.
    pub async fn send(&mut self, payload: Value) -> Result<String, ClientError> {
        self.sent = self.sent.saturating_add(1);
        let id = format!("c{}", self.sent);
        let frame = json!({ "stream": "chat", "id": id, "payload": payload });
        self.stream.send(Message::text(frame.to_string())).await.map_err(ClientError::new)?;
        Ok(id)
    }

    /// Returns the next frame. `None` if the socket has closed.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            match self.stream.next().await? {
                Ok(Message::Text(text)) => return serde_json::from_str(&text).ok(),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// Waits for a frame and returns its payload. Ignores other frames before it.
    ///
    /// # Errors
    /// [`ClientError`] if it does not come, or the socket closes.
    pub async fn wait_for(&mut self, mut wanted: impl FnMut(&Value) -> bool) -> Result<Value, ClientError> {
        let search = async {
            loop {
                let message = match self.stream.next().await {
                    None | Some(Ok(Message::Close(_))) => return Err(ClientError("the socket was closed".to_owned())),
                    Some(Err(e)) => return Err(ClientError(format!("the socket broke: {e}"))),
                    Some(Ok(message)) => message,
                };
                let frame: Value = message.to_text().ok().and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default();
                if wanted(&frame) {
                    return Ok(frame.get("payload").cloned().unwrap_or_default());
                }
            }
        };
        tokio::time::timeout(ANSWER, search).await.map_err(|_| ClientError("an expected frame has not arrived".to_owned()))?
    }

    /// Waits until the server closes the socket.
    ///
    /// # Errors
    /// [`ClientError`] if it stays open.
    pub async fn closed(&mut self) -> Result<(), ClientError> {
        let drain = async { while let Some(Ok(_)) = self.stream.next().await {} };
        tokio::time::timeout(ANSWER, drain).await.map_err(|_| ClientError("the socket is still open".to_owned()))
    }
}
