//! The handshake: the function of `$connect` decides whether a client may connect.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request, State},
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, Method, StatusCode, header, request::Parts};
use hyper::upgrade::OnUpgrade;
use serde_json::json;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::{
    ConnectionInfo, Identity,
    connection::{Caller, serve},
    event::{Cause, event},
    gateway::{FunctionResponse, Gateway},
};
use crate::{
    Core,
    hosts::{InvokeError, Trace},
    http_api::{Throttles, request_id},
    requests::{Begun, Handled, SOCKET},
};

/// Returns the router of the WebSocket API. It needs the peer's address.
pub fn router(core: Arc<Core>) -> Router {
    let throttles = Throttles::for_all(core.template.socket_api.as_ref().and_then(|api| api.throttle));
    Router::new().fallback(answer).with_state(Arc::new(Gateway { core, throttles }))
}

async fn answer(State(gateway): State<Arc<Gateway>>, ConnectInfo(peer): ConnectInfo<SocketAddr>, mut request: Request) -> Response {
    let core = &gateway.core;
    let Some(api) = &core.template.socket_api else { return refusal(StatusCode::NOT_FOUND, "Not Found") };
    let upgrade = request.extensions_mut().remove::<OnUpgrade>();
    let (parts, _) = request.into_parts();
    if parts.uri.path().trim_matches('/') != api.stage {
        return refusal(StatusCode::FORBIDDEN, "Forbidden");
    }
    let (Some(upgrade), Some(key)) = (upgrade, websocket_key(&parts)) else {
        return refusal(StatusCode::UPGRADE_REQUIRED, "Upgrade Required");
    };
    if !core.limits.lifted() && !gateway.throttles.admit("$connect", core.clock.now()) {
        return refusal(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
    }
    let text = |name: header::HeaderName| parts.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let now = core.clock.now();
    let caller = Caller {
        info: ConnectionInfo {
            id: request_id(&core.sys),
            connected_at: now.into(),
            last_active_at: now.into(),
            identity: Identity { source_ip: peer.ip().to_canonical().to_string(), user_agent: text(header::USER_AGENT) },
        },
        domain_name: text(header::HOST),
    };
    let answer = match api.routes.get("$connect") {
        None => FunctionResponse::default(),
        Some(function) => match ask(core, &caller, function, &parts).await {
            Ok(answer) => answer,
            Err(refused) => return *refused,
        },
    };
    let status = answer.status_code.and_then(|s| StatusCode::from_u16(s).ok()).unwrap_or(StatusCode::OK);
    if !status.is_success() {
        let body = answer.body.unwrap_or_default();
        return (status, body).into_response();
    }
    let protocol = answer.headers.and_then(|headers| {
        let (_, value) = headers.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-protocol"))?;
        HeaderValue::from_str(value.as_str()?).ok()
    });
    // Registered before the client reads the 101, so that messages posted in between are queued for it.
    let requests = core.connections.add(caller.info.clone());
    tokio::spawn(serve(Arc::clone(&gateway), caller, upgrade, requests));
    switching(&key, protocol)
}

/// Invokes the function of `$connect`.
async fn ask(core: &Core, caller: &Caller, function: &str, parts: &Parts) -> Result<FunctionResponse, Box<Response>> {
    let id = request_id(&core.sys);
    let refused = |status, message: &str| {
        let body = json!({"message": message, "connectionId": caller.info.id, "requestId": id});
        Box::new((status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response())
    };
    let event = event(core, &caller.info, &caller.domain_name, "$connect", Cause::Connect(parts), &id)
        .map_err(|_| refused(StatusCode::BAD_REQUEST, "Bad Request"))?;
    let trace = Trace::new(&core.sys);
    let begun = Begun::new(&id, core.clock.now(), SOCKET, &caller.info.id);
    core.aws.calls.open(trace.as_str());
    let response = core.hosts.invoke(function, event, &trace).await;
    let answer = response.as_ref().ok().and_then(|response| serde_json::from_str::<FunctionResponse>(response.get()).ok());
    let status = answer.as_ref().map_or(502, |answer| answer.status_code.unwrap_or(200));
    let calls = core.aws.calls.close(trace.as_str(), "socket $connect", status < 400);
    let handled = Handled { route: Some("$connect".to_owned()), function: Some(function.to_owned()), calls, lines: trace.lines().clone() };
    core.requests.answered(begun, status, handled);
    response.map_err(|error| {
        tracing::error!(route = "$connect", function, %error, "a function failed");
        match error {
            InvokeError::TimedOut(_) => refused(StatusCode::GATEWAY_TIMEOUT, "Endpoint request timed out"),
            _ => refused(StatusCode::BAD_GATEWAY, "Internal server error"),
        }
    })?;
    answer.ok_or_else(|| refused(StatusCode::BAD_GATEWAY, "Internal server error"))
}

/// Returns the key of the request, if it asks for a WebSocket.
fn websocket_key(parts: &Parts) -> Option<String> {
    let header = |name: header::HeaderName| parts.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let upgrade = header(header::UPGRADE).eq_ignore_ascii_case("websocket");
    let key = header(header::SEC_WEBSOCKET_KEY);
    (parts.method == Method::GET && upgrade && header(header::SEC_WEBSOCKET_VERSION) == "13" && !key.is_empty()).then(|| key.to_owned())
}

fn switching(key: &str, protocol: Option<HeaderValue>) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(&derive_accept_key(key.as_bytes())) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    headers.extend(protocol.map(|p| (header::SEC_WEBSOCKET_PROTOCOL, p)));
    response
}

fn refusal(status: StatusCode, message: &str) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], json!({"message": message}).to_string()).into_response()
}
