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
use kernel::{Kind, Locale, Origin, Problem, id::UserId};
use lambda_http::{RequestExt as _, aws_lambda_events::apigw::ApiGatewayV2httpRequestContext, request::RequestContext};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument as _;

use crate::{
    Error, RequestId,
    accept::prefers_html,
    client::{RequestedLanguages, access_token, with_profile_language},
    edge::{self, Edge},
    error::Unrendered,
    page,
    rate::{CLIENT_RATE, ClientRate, LIFTED},
    route::Route,
};

/// The time after which a request is answered with 503. API Gateway stops waiting after 30 s.
const DEADLINE: Duration = Duration::from_secs(25);

/// The settings of the layers.
struct Around {
    deadline: Duration,
    edge: Edge,
    rate: ClientRate,
}

/// Wraps a complete router in the layers of every response.
pub(crate) fn around(router: Router, edge: Edge, rate: ClientRate) -> Router {
    within(router, Around { deadline: DEADLINE, edge, rate })
}

fn within(router: Router, around: Around) -> Router {
    router
        .fallback(async || Error::from(Kind::NotFound))
        .method_not_allowed_fallback(async || Error::from(Kind::MethodNotAllowed))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(Arc::new(around), outermost))
}

async fn outermost(State(around): State<Arc<Around>>, request: Request, next: Next) -> Response {
    let Around { deadline, edge, rate } = &*around;
    let (mut parts, body) = request.into_parts();
    let gateway = gateway(&parts);
    let client = edge.client(&parts.headers, gateway.and_then(|g| g.http.source_ip.as_deref()));
    let request = gateway.and_then(|g| g.request_id.clone()).unwrap_or_default();
    let id = RequestId(Origin { request, client: client.clone() });
    let asked = RequestedLanguages::of(&parts);
    let (html, bearer) = (prefers_html(&parts.headers), access_token(&parts.headers).is_some());
    let route = parts.extensions.get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let other = matches!(parts.extensions.get(), Some(Route::Chosen(template)) if *template != route);
    let refusal = if !edge.admits(&parts.headers) {
        Some(Kind::EdgeRequired)
    } else if other {
        // The gateway chose a route that this function does not have.
        Some(Kind::NotFound)
    } else {
        asked.refusal()
    };
    let (method, started) = (parts.method.clone(), edge.sys.now());
    let is_head = method == Method::HEAD;
    let lifted = parts.stage_variables_ref().and_then(|all| all.first(CLIENT_RATE)) == Some(LIFTED);
    let admitted = if lifted { Ok(()) } else { rate.take(&client, started) };
    parts.headers.remove(edge::PROOF);
    parts.extensions.insert(asked);
    parts.extensions.insert(client);
    parts.extensions.insert(id.clone());
    let span = tracing::info_span!(
        "request",
        request_id = %id.0.request,
        %method,
        route,
        user.id = tracing::field::Empty,
        storage.refused = tracing::field::Empty,
    );
    let answered = async {
        let reply = async {
            match (admitted, refusal) {
                (Err(problem), _) => Error(problem).into_response(),
                (Ok(()), Some(kind)) => Error::from(kind).into_response(),
                (Ok(()), None) => next.run(Request::from_parts(parts, body)).await,
            }
        };
        let reply = tokio::time::timeout(*deadline, reply).await;
        let mut response = reply.unwrap_or_else(|_| Error(Problem::unavailable("the deadline passed")).into_response());
        let (problem, locale) = (response.extensions_mut().remove().map(|Unrendered(problem)| problem), asked.language());
        if let Some(problem) = &problem {
            response = rendered(problem, &Reader { locale, html, bearer }, &id, response);
        }
        headers(&mut response, locale, &id);
        if is_head {
            *response.body_mut() = Body::empty();
        }
        log_request(response.status(), edge.sys.now().since(started), problem.as_deref());
        response
    };
    with_profile_language(answered.instrument(span)).await
}

/// Returns the request context of API Gateway.
fn gateway(parts: &http::request::Parts) -> Option<&ApiGatewayV2httpRequestContext> {
    match parts.extensions.get() {
        Some(RequestContext::ApiGatewayV2(context)) => Some(context),
        _ => None,
    }
}

/// How a problem is rendered for its reader.
struct Reader {
    locale: Locale,
    /// Whether they prefer an HTML page to JSON.
    html: bool,
    /// Whether the request has an access token, valid or not.
    bearer: bool,
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
        // Each 500 is a defect and triggers an alarm. Unavailable dependencies (503) trigger one by their share of the requests.
        500 => tracing::error!(status, ms, code, cause, at, "failed"),
        501.. => tracing::warn!(status, ms, code, cause, at, "failed"),
        _ => tracing::info!(status, ms, code, cause, at, "refused"),
    }
}

/// Adds the id of the caller to the log of this request.
pub fn log_user(user: UserId) {
    tracing::Span::current().record("user.id", tracing::field::display(user));
}

fn rendered(problem: &Problem, reader: &Reader, id: &RequestId, was: Response) -> Response {
    let document = problem.document(reader.locale, &id.0.request);
    let mut response = if reader.html {
        page::of_problem(&document, reader.locale)
    } else {
        ([(header::CONTENT_TYPE, "application/problem+json")], serde_json::to_vec(&document).unwrap_or_default()).into_response()
    };
    *response.status_mut() = was.status();
    let headers = response.headers_mut();
    // Keep the headers of the handler's or the router's response, such as `Allow`.
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
    headers.append(header::VARY, HeaderValue::from_static("accept"));
    if let Some(challenge) = challenge(problem.kind, reader.bearer) {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    if problem.kind == Kind::UnsupportedContentEncoding {
        // Tells the client that the encoding was refused and not the media type (RFC 9110 §12.5.3).
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
    response
}

/// Returns the `WWW-Authenticate` challenge of a 401. `bearer` is whether the request had an access token.
const fn challenge(kind: Kind, bearer: bool) -> Option<&'static str> {
    match kind {
        // RFC 9470 §3
        Kind::StepUpRequired => Some("Bearer error=\"insufficient_user_authentication\", max_age=\"300\""),
        // RFC 6750 §3.1: a challenge to a request without a token has no error code.
        Kind::TokenInvalid if bearer => Some("Bearer error=\"invalid_token\""),
        Kind::ApiKeyInvalid => Some("Api-Key"),
        _ if kind.status() == 401 => Some("Bearer"),
        _ => None,
    }
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
    // One line, because `lambda_http` sends only the first of several values of a header.
    let mut vary: Vec<&str> = headers.get_all(header::VARY).iter().filter_map(|value| value.to_str().ok()).collect();
    // The gateway adds CORS headers for the request's origin. A cache must not use the response for another origin.
    vary.extend(["accept-language", "origin"]);
    if let Ok(vary) = HeaderValue::try_from(vary.join(", ")) {
        headers.insert(header::VARY, vary);
    }
    if let Ok(id) = HeaderValue::from_str(&id.0.request) {
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
    use std::collections::HashMap;

    use axum::{
        extract::Path,
        routing::{any, get},
    };
    use kernel::{Env, Sys};
    use tower::ServiceExt as _;

    use super::*;

    async fn never() -> &'static str {
        std::future::pending().await
    }

    async fn panics() -> &'static str {
        panic!("a defect")
    }

    async fn refuses(Path(code): Path<String>) -> Error {
        Kind::ALL.iter().find(|kind| kind.code() == code).copied().unwrap_or(Kind::Internal).into()
    }

    /// Returns the answer to a request after as many others of the same client.
    async fn reply(request: Request, deadline: Duration, after: usize) -> Response {
        let router = Router::new().route("/never", get(never)).route("/panics", get(panics)).route("/refuses/{code}", any(refuses));
        let sys = Sys::real();
        sys.hold();
        let rate = Env::default().read(ClientRate::read).unwrap();
        let router = within(router, Around { deadline, edge: Edge::none(sys), rate });
        let context = serde_json::json!({ "http": { "method": "GET", "sourceIp": "203.0.113.1" } });
        let context: ApiGatewayV2httpRequestContext = serde_json::from_value(context).unwrap();
        for _ in 0..after {
            let mut before = Request::get("/refuses/not_found").body(Body::empty()).unwrap();
            before.extensions_mut().insert(RequestContext::ApiGatewayV2(context.clone()));
            assert_eq!(router.clone().oneshot(before).await.unwrap().status(), StatusCode::NOT_FOUND);
        }
        let mut request = request;
        request.extensions_mut().insert(RequestContext::ApiGatewayV2(context));
        router.oneshot(request).await.unwrap()
    }

    fn asks(method: &str, path: &str, headers: &[(&'static str, &str)]) -> Request {
        let builder = Request::builder().method(method).uri(path);
        headers.iter().fold(builder, |request, (name, value)| request.header(*name, *value)).body(Body::empty()).unwrap()
    }

    async fn answer(path: &str, deadline: Duration) -> (StatusCode, serde_json::Value) {
        let response = reply(asks("GET", path, &[]), deadline, 0).await;
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        let status = response.status();
        (status, serde_json::from_slice(&axum::body::to_bytes(response.into_body(), 10_000).await.unwrap()).unwrap())
    }

    #[tokio::test]
    async fn a_handler_that_takes_too_long_is_answered_before_the_gateway_gives_up() {
        assert!(DEADLINE + Duration::from_secs(4) <= Duration::from_secs(29), "functions are killed after 29 s, and not at once ready");
        let (status, problem) = answer("/never", Duration::from_millis(1)).await;
        assert_eq!((status.as_u16(), &problem["code"]), (503, &serde_json::json!("unavailable")));
    }

    #[tokio::test]
    async fn a_panic_is_answered_as_an_internal_error_without_details() {
        let (status, problem) = answer("/panics", DEADLINE).await;
        assert_eq!((status.as_u16(), &problem["code"]), (500, &serde_json::json!("internal")));
        assert!(!problem.to_string().contains("defect"), "{problem}");
    }

    #[tokio::test]
    async fn a_problem_says_what_to_send_instead() {
        let invalid = "Bearer error=\"invalid_token\"";
        let insufficient = "Bearer error=\"insufficient_user_authentication\", max_age=\"300\"";
        for (code, authorization, challenge, encoding) in [
            ("token_invalid", None, "Bearer", ""),
            ("token_invalid", Some("Bearer x"), invalid, ""),
            ("token_invalid", Some("bearer x"), invalid, ""),
            ("token_invalid", Some("jwt x"), invalid, ""),
            ("token_invalid", Some("Bearer"), "Bearer", ""),
            ("token_invalid", Some("x"), "Bearer", ""),
            ("token_invalid", Some("Basic YTpi"), "Bearer", ""),
            ("token_invalid", Some("Bearerx y"), "Bearer", ""),
            ("step_up_required", Some("Bearer x"), insufficient, ""),
            ("credentials_invalid", Some("Bearer x"), "Bearer", ""),
            ("refresh_invalid", None, "Bearer", ""),
            ("api_key_invalid", Some("Api-Key x"), "Api-Key", ""),
            ("forbidden", Some("Bearer x"), "", ""),
            ("unsupported_content_encoding", None, "", "identity"),
            ("unsupported_media_type", None, "", ""),
        ] {
            let headers: Vec<_> = authorization.map(|value| ("authorization", value)).into_iter().collect();
            let response = reply(asks("POST", &format!("/refuses/{code}"), &headers), DEADLINE, 0).await;
            let said = |name: HeaderName| response.headers().get(name).map_or("", |value| value.to_str().unwrap());
            assert_eq!((said(header::WWW_AUTHENTICATE), said(header::ACCEPT_ENCODING)), (challenge, encoding), "{code} {authorization:?}");
        }
    }

    #[tokio::test]
    async fn a_problem_is_a_page_for_who_prefers_one_whatever_the_method() {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            for (accept, kind) in [("text/html", "text/html; charset=utf-8"), ("text/html;q=0, */*", "application/problem+json")] {
                let response = reply(asks(method, "/refuses/not_found", &[("accept", accept)]), DEADLINE, 0).await;
                let vary = response.headers()[header::VARY].to_str().unwrap();
                assert_eq!(response.headers()[header::CONTENT_TYPE], kind, "{method} {accept}");
                assert!(vary.split(", ").any(|name| name == "accept"), "{vary}");
            }
        }
    }

    #[tokio::test]
    async fn a_client_that_never_pauses_is_told_its_limit() {
        let request = || asks("GET", "/refuses/not_found", &[]);
        assert_eq!(reply(request(), DEADLINE, 79).await.status(), StatusCode::NOT_FOUND);
        for (value, status) in [("lifted", StatusCode::NOT_FOUND), ("LIFTED", StatusCode::TOO_MANY_REQUESTS)] {
            let variables = HashMap::from([(CLIENT_RATE.to_owned(), value.to_owned())]);
            assert_eq!(reply(request().with_stage_variables(variables), DEADLINE, 80).await.status(), status, "{value}");
        }
        let refused = reply(request(), DEADLINE, 80).await;
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
        let said = |name: &str| refused.headers()[name].to_str().unwrap();
        assert_eq!(
            (said("retry-after"), said("ratelimit"), said("ratelimit-policy")),
            ("1", "\"client_rate\";r=0;t=1", "\"client_rate\";q=80;w=4")
        );
    }
}
