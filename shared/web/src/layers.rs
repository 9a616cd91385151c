//! The layers of every response: request id, deadline, panic guard, problem documents, headers, log.

use std::{any::Any, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{MatchedPath, Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use kernel::{Kind, Locale, Problem, id::UserId};
use lambda_http::{aws_lambda_events::apigw::ApiGatewayV2httpRequestContext, request::RequestContext};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument as _;

use crate::{
    Error, Language, RequestId,
    edge::{self, Edge},
    error::Unrendered,
    host::Route,
    page,
};

/// API Gateway stops waiting after 30 s; our own response has to be sent before.
const DEADLINE: Duration = Duration::from_secs(25);

/// Puts the layers around a router whose state is complete.
pub(crate) fn around(router: Router, edge: Edge) -> Router {
    within(DEADLINE, router, edge)
}

fn within(deadline: Duration, router: Router, edge: Edge) -> Router {
    router
        .fallback(async || Error::from(Kind::NotFound))
        .method_not_allowed_fallback(async || Error::from(Kind::MethodNotAllowed))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(Arc::new((deadline, edge)), outermost))
}

async fn outermost(State(around): State<Arc<(Duration, Edge)>>, request: Request, next: Next) -> Response {
    let (deadline, edge) = &*around;
    let (mut parts, body) = request.into_parts();
    let gateway = gateway(&parts);
    let id = RequestId(gateway.and_then(|g| g.request_id.clone()).unwrap_or_default());
    let client = edge.client(&parts.headers, gateway.and_then(|g| g.http.source_ip.as_deref()));
    let Language(locale) = Language::of(&parts);
    let html = wants_html(&parts);
    let route = parts.extensions.get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let other = matches!(parts.extensions.get(), Some(Route::Chosen(template)) if *template != route);
    let (method, started) = (parts.method.clone(), edge.sys.now());
    let is_head = method == Method::HEAD;
    parts.headers.remove(edge::PROOF);
    parts.extensions.insert(Language(locale));
    parts.extensions.insert(client);
    parts.extensions.insert(id.clone());
    let span = tracing::info_span!(
        "request",
        request_id = %id.0,
        %method,
        route,
        user.id = tracing::field::Empty,
        storage.refused = tracing::field::Empty,
    );
    async {
        let reply = async {
            // The gateway chose a route that this function does not have.
            if other { Error::from(Kind::NotFound).into_response() } else { next.run(Request::from_parts(parts, body)).await }
        };
        let reply = tokio::time::timeout(*deadline, reply).await;
        let mut response = reply.unwrap_or_else(|_| Error(Problem::unavailable("the deadline passed")).into_response());
        let problem = response.extensions_mut().remove().map(|Unrendered(problem)| problem);
        if let Some(problem) = &problem {
            response = rendered(problem, locale, &id, html, response);
        }
        headers(&mut response, locale, &id);
        if is_head {
            *response.body_mut() = Body::empty();
        }
        log_request(response.status(), edge.sys.now().since(started), problem.as_deref());
        response
    }
    .instrument(span)
    .await
}

/// The request context of API Gateway.
fn gateway(parts: &http::request::Parts) -> Option<&ApiGatewayV2httpRequestContext> {
    match parts.extensions.get() {
        Some(RequestContext::ApiGatewayV2(context)) => Some(context),
        _ => None,
    }
}

fn wants_html(parts: &http::request::Parts) -> bool {
    let accept = parts.headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    [Method::GET, Method::HEAD].contains(&parts.method)
        && accept.split(',').next().is_some_and(|first| first.trim().starts_with("text/html"))
}

/// Writes the log line of a request: the status and, for a problem, its code, its cause and the source code location. The span
/// around it has the request, the route, the user and the last refused conditional write.
fn log_request(status: StatusCode, took: Duration, problem: Option<&Problem>) {
    let (status, ms) = (status.as_u16(), u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
    let Some(problem) = problem else { return tracing::info!(status, ms, "replied") };
    let (code, at) = (problem.kind.code(), tracing::field::display(problem.at));
    let wrong = || problem.fields.iter().map(|(pointer, field)| format!("{pointer} {}", field.code)).collect::<Vec<_>>().join(", ");
    let cause = problem.cause.as_ref().map_or_else(wrong, ToString::to_string);
    match status {
        // A defect: each triggers an alarm. Unavailable dependencies trigger one by their share of the requests.
        500 => tracing::error!(status, ms, code, cause, at, "failed"),
        501.. => tracing::warn!(status, ms, code, cause, at, "failed"),
        _ => tracing::info!(status, ms, code, cause, at, "refused"),
    }
}

/// Adds the user of this request to the log. The id is not personal data.
pub fn log_user(user: UserId) {
    tracing::Span::current().record("user.id", tracing::field::display(user));
}

fn rendered(problem: &Problem, locale: Locale, id: &RequestId, html: bool, was: Response) -> Response {
    let document = problem.document(locale, &id.0);
    let mut response = if html {
        page::of_problem(&document, locale)
    } else {
        ([(header::CONTENT_TYPE, "application/problem+json")], serde_json::to_vec(&document).unwrap_or_default()).into_response()
    };
    *response.status_mut() = was.status();
    let headers = response.headers_mut();
    // Headers of the handler's or router's response, such as `Allow`.
    for (name, value) in was.headers() {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
            headers.append(name.clone(), value.clone());
        }
    }
    if let Some(seconds) = problem.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    // draft-ietf-httpapi-ratelimit-headers-11
    if let Some(((name, max, window), wait)) = problem.limit.as_deref().zip(problem.retry_after) {
        let fields = [("ratelimit-policy", format!("\"{name}\";q={max};w={window}")), ("ratelimit", format!("\"{name}\";r=0;t={wait}"))];
        for (field, value) in fields {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(HeaderName::from_static(field), value);
            }
        }
    }
    if problem.kind == Kind::StepUpRequired {
        // RFC 9470 §3
        let challenge = HeaderValue::from_static("Bearer error=\"insufficient_user_authentication\", max_age=\"300\"");
        headers.insert(header::WWW_AUTHENTICATE, challenge);
    } else if problem.kind.status() == 401 {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

fn headers(response: &mut Response, locale: Locale, id: &RequestId) {
    const FIXED: [(HeaderName, &str); 5] = [
        (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(locale.tag()));
    // One line, because `lambda_http` sends only the first value of a header with several.
    let mut vary: Vec<&str> = headers.get_all(header::VARY).iter().filter_map(|value| value.to_str().ok()).collect();
    vary.push("accept-language");
    if let Ok(vary) = HeaderValue::try_from(vary.join(", ")) {
        headers.insert(header::VARY, vary);
    }
    if let Ok(id) = HeaderValue::from_str(&id.0) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    let mut response = Error(Problem::internal("the handler panicked")).into_response();
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use kernel::Sys;
    use tower::ServiceExt as _;

    use super::*;

    async fn never() -> &'static str {
        std::future::pending().await
    }

    async fn panics() -> &'static str {
        panic!("a defect")
    }

    fn answer(path: &str, deadline: Duration) -> (StatusCode, serde_json::Value) {
        let router = Router::new().route("/never", get(never)).route("/panics", get(panics));
        let router = within(deadline, router, Edge::none(Sys::real()));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let response = router.oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
            assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
            assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
            let status = response.status();
            (status, serde_json::from_slice(&axum::body::to_bytes(response.into_body(), 10_000).await.unwrap()).unwrap())
        })
    }

    #[test]
    fn a_handler_that_takes_too_long_is_answered_before_the_gateway_gives_up() {
        assert!(DEADLINE + Duration::from_secs(4) <= Duration::from_secs(29), "functions are killed after 29 s, and not at once ready");
        let (status, problem) = answer("/never", Duration::from_millis(1));
        assert_eq!((status.as_u16(), &problem["code"]), (503, &serde_json::json!("unavailable")));
    }

    #[test]
    fn a_panic_is_answered_as_an_internal_error_without_details() {
        let (status, problem) = answer("/panics", DEADLINE);
        assert_eq!((status.as_u16(), &problem["code"]), (500, &serde_json::json!("internal")));
        assert!(!problem.to_string().contains("defect"), "{problem}");
    }
}
