//! API Gateway's HTTP API: the same routing, events, limits, CORS and error bodies.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>

mod cors;
mod event;
mod reply;
mod routes;
mod throttle;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request, State},
    response::{IntoResponse as _, Response},
};
pub(crate) use event::{common_log_time, parameters, request_id};
use futures_util::StreamExt as _;
use http::{HeaderValue, StatusCode, request::Parts};
pub use routes::Routes;
pub(crate) use throttle::Throttles;

use crate::{
    Core,
    aws::{
        Service,
        faults::{Fault, Faults},
        lost,
    },
    hosts::{InvokeError, Trace},
    requests::{Begun, Handled},
    visitor,
};

/// The largest body that API Gateway accepts.
const MAX_BODY: usize = 10 * 1024 * 1024;
/// How much of a larger body is read and discarded, so that the client reads the error.
const MAX_DRAINED: usize = 10 * MAX_BODY;
/// The most bytes of the request line and all headers.
const MAX_HEADERS: usize = 10_240;

/// Returns the router of the HTTP API. It needs the peer's address.
pub fn router(core: Arc<Core>) -> Router {
    let api = &core.template.http_api;
    let gateway = Gateway { routes: Routes::new(&api.routes), throttles: Throttles::new(api), core };
    Router::new().fallback(answer).with_state(Arc::new(gateway))
}

struct Gateway {
    core: Arc<Core>,
    routes: Routes,
    throttles: Throttles,
}

/// The errors of API Gateway itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum GatewayError {
    NotFound,
    TooManyRequests,
    EntityTooLarge,
    HeadersTooLarge,
    BadRequest,
    FunctionFailed,
    Unavailable,
}

async fn answer(State(gateway): State<Arc<Gateway>>, ConnectInfo(peer): ConnectInfo<SocketAddr>, request: Request) -> Response {
    let core = &gateway.core;
    let rules = core.template.http_api.cors.as_ref();
    let origin = request.headers().get(http::header::ORIGIN).cloned();
    let (head, body) = request.into_parts();
    if let Some(rules) = rules
        && let Some(preflight) = cors::preflight(rules, &head)
    {
        return preflight;
    }
    let request_id = event::request_id(&core.sys);
    let own = head.headers.get(http::header::USER_AGENT).is_some_and(|client| client == visitor::USER_AGENT);
    let begun = Begun::new(&request_id, core.clock.now(), head.method.as_str(), &head.uri.to_string()).logged(!own);
    let mut handled = Handled::default();
    let routed = gateway.route(&head, body, peer, &request_id, &mut handled).await;
    let mut response = routed.unwrap_or_else(GatewayError::into_response);
    if core.development()
        && let Ok(timing) = HeaderValue::from_str(&format!("aws;desc=\"{}\"", handled.calls))
    {
        response.headers_mut().append("server-timing", timing);
    }
    if let (Some(rules), Some(origin)) = (rules, origin) {
        cors::allow(rules, &origin, response.headers_mut());
    }
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert("apigw-requestid", id);
    }
    core.requests.answered(begun, response.status().as_u16(), handled);
    response
}

impl Gateway {
    /// Returns the response to a request. Records in `handled` which function was invoked, and its calls and log lines.
    async fn route(
        &self,
        parts: &Parts,
        body: Body,
        peer: SocketAddr,
        request_id: &str,
        handled: &mut Handled,
    ) -> Result<Response, GatewayError> {
        if header_bytes(parts) > MAX_HEADERS {
            return Err(GatewayError::HeadersTooLarge);
        }
        let path = event::decoded_path(parts).ok_or(GatewayError::BadRequest)?;
        let found = self.routes.find(parts.method.as_str(), &path).ok_or(GatewayError::NotFound)?;
        let operation = found.operation(&path);
        handled.route = operation.split_once(' ').map(|(_, path)| path.to_owned());
        let fault = self.core.aws.faults.fault_for(&found.route.function, Service::HttpApi, &operation);
        apply_fault(&self.core.aws.faults, fault).await?;
        if !self.core.limits.lifted() && !self.throttles.admit(&found.route.key, self.core.clock.now()) {
            return Err(GatewayError::TooManyRequests);
        }
        let body = whole(body).await?;
        let trace = Trace::new(&self.core.sys);
        let event =
            event::event(&self.core, parts, &body, peer, &found, &path, request_id, &trace).map_err(|_| GatewayError::BadRequest)?;

        self.core.lift_limits().await;
        handled.function = Some(found.route.function.clone());
        handled.lines = trace.lines().clone();
        self.core.aws.calls.open(trace.as_str());
        let result = self.core.hosts.invoke_within(self.core.patience.gateway, &found.route.function, event, &trace).await;
        let result = match result {
            Ok(None) => Err(GatewayError::Unavailable),
            Err(InvokeError::RequestTooLarge(_)) => Err(GatewayError::EntityTooLarge),
            Err(error) => {
                tracing::error!(%operation, function = found.route.function, %error, "a function failed");
                Err(GatewayError::FunctionFailed)
            }
            Ok(Some(response)) => reply::response(&response).ok_or_else(|| {
                tracing::error!(%operation, function = found.route.function, "a response is not understood");
                GatewayError::FunctionFailed
            }),
        };
        let status = result.as_ref().map_or_else(|refusal| refusal.status(), Response::status).as_u16();
        handled.calls = self.core.aws.calls.close(trace.as_str(), &operation, status < 400);
        if fault == Some(Fault::LostAfter) { Ok(lost()) } else { result }
    }
}

/// Applies a scripted fault of the gateway before the function is invoked.
async fn apply_fault(faults: &Faults, fault: Option<Fault>) -> Result<(), GatewayError> {
    match fault {
        None | Some(Fault::LostAfter) => Ok(()),
        Some(fault @ (Fault::Slow(_) | Fault::Held)) => {
            faults.delay(fault).await;
            Ok(())
        }
        Some(Fault::Throttle) => Err(GatewayError::TooManyRequests),
        Some(Fault::Unavailable) => Err(GatewayError::Unavailable),
        Some(Fault::Internal | Fault::Conflict | Fault::Taken(_)) => Err(GatewayError::FunctionFailed),
    }
}

fn header_bytes(parts: &Parts) -> usize {
    let line = parts.method.as_str().len().saturating_add(parts.uri.to_string().len());
    parts.headers.iter().fold(line, |sum, (name, value)| sum.saturating_add(name.as_str().len()).saturating_add(value.len()))
}

async fn whole(body: Body) -> Result<Vec<u8>, GatewayError> {
    let mut stream = body.into_data_stream();
    let (mut all, mut size) = (Vec::new(), 0_usize);
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| GatewayError::BadRequest)?;
        size = size.saturating_add(chunk.len());
        if size <= MAX_BODY {
            all.extend_from_slice(&chunk);
        } else if size > MAX_DRAINED {
            break;
        }
    }
    if size > MAX_BODY { Err(GatewayError::EntityTooLarge) } else { Ok(all) }
}

impl GatewayError {
    fn status(self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::EntityTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::FunctionFailed => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn into_response(self) -> Response {
        let message = match self {
            Self::NotFound => "Not Found",
            Self::TooManyRequests => "Too Many Requests",
            Self::EntityTooLarge => "Request Entity Too Large",
            Self::HeadersTooLarge => "Request Header Fields Too Large",
            Self::BadRequest => "Bad Request",
            Self::FunctionFailed => "Internal Server Error",
            Self::Unavailable => "Service Unavailable",
        };
        let json = [(http::header::CONTENT_TYPE, "application/json")];
        (self.status(), json, format!("{{\"message\":\"{message}\"}}")).into_response()
    }
}
