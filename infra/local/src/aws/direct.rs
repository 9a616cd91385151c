//! The way from the functions in this process to the AWS endpoints. They send the same signed requests as over a connection and get the same
//! replies, but nothing is written to a socket and read again.
//!
//! Processes of their own, such as those of `cargo lambda watch`, the tasks and the clients of buckets, use the listener.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak},
    task::{Context, Poll},
};

use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use axum::{
    Router,
    body::{Body, Bytes},
};
use http::{HeaderValue, Request, Uri, header::HOST};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use super::call::Lost;

/// The HTTP client of the functions in this process. Cloning shares it.
#[derive(Clone, Debug, Default)]
pub struct Direct(Arc<OnceLock<Weak<Router>>>);

impl Direct {
    /// Returns the client.
    #[must_use]
    pub fn client(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.clone())
    }

    /// Opens the way to the endpoints. It closes when the router is dropped, because the endpoints share their state with the functions.
    pub(crate) fn open(&self, endpoints: &Arc<Router>) {
        // A stack opens it once.
        self.0.get_or_init(|| Arc::downgrade(endpoints));
    }
}

impl HttpClient for Direct {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Direct {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let endpoints = self.0.get().and_then(Weak::upgrade).map(|endpoints| (*endpoints).clone());
        HttpConnectorFuture::new(async move {
            let endpoints = endpoints.ok_or_else(ended)?;
            let request = received(request.try_into_http1x().map_err(|e| ConnectorError::user(e.into()))?);
            // In a task of its own, which ends if the caller does not wait any more.
            let mut handling = JoinSet::new();
            handling.spawn(endpoints.oneshot(request));
            let Some(Ok(Ok(response))) = handling.join_next().await else {
                return Err(ConnectorError::io("the endpoint has failed".into()));
            };
            // A connection would break before the head of the reply is sent.
            if response.extensions().get::<Lost>().is_some() {
                return Err(ConnectorError::io("the reply was lost".into()));
            }
            let response = response.map(|body| SdkBody::from_body_1_x(Reply(Mutex::new(body))));
            HttpResponse::try_from(response).map_err(|e| ConnectorError::other(e.into(), None))
        })
    }
}

fn ended() -> ConnectorError {
    ConnectorError::io("the local cloud has ended".into())
}

/// Returns the request as a server receives it: with the host in a header, and without it in the address.
fn received(request: Request<SdkBody>) -> Request<Body> {
    let (mut parts, body) = request.into_parts();
    let host = parts.uri.authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    if let Some(host) = host {
        parts.headers.entry(HOST).or_insert(host);
    }
    parts.uri = parts.uri.path_and_query().cloned().map(Uri::from).unwrap_or_default();
    let body = if HttpBody::is_end_stream(&body) { Body::empty() } else { Body::new(body) };
    Request::from_parts(parts, body)
}

/// The body of a reply. The SDK demands that bodies can be shared between threads, which the lock makes possible; nobody waits for it.
struct Reply(Mutex<Body>);

impl Reply {
    fn lock(&self) -> MutexGuard<'_, Body> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HttpBody for Reply {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut *self.lock()).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.lock().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.lock().size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_arrives_as_over_a_connection() {
        let sent = Request::builder().method("POST").uri("http://127.0.0.1:4003/development/%40connections/a%3D?x=1");
        let request = received(sent.header("x-a", "b").body(SdkBody::from("text")).expect("a request"));
        assert_eq!((request.uri().to_string().as_str(), request.method().as_str()), ("/development/%40connections/a%3D?x=1", "POST"));
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        assert_eq!((header("host"), header("x-a")), (Some("127.0.0.1:4003"), Some("b")));
        assert_eq!(HttpBody::size_hint(request.body()).exact(), Some(4));
        let empty = received(Request::get("http://127.0.0.1:4003/").body(SdkBody::empty()).expect("a request"));
        assert!(HttpBody::is_end_stream(empty.body()));
    }
}
