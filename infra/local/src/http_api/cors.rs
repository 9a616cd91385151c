//! Cross-origin requests. API Gateway answers them by the configuration of the API, and ignores the CORS headers of functions.

use axum::{body::Body, response::Response};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
    },
    request::Parts,
};

use kernel::origins::covers;

use crate::template::CorsSpec;

/// Returns the response to a preflight request, or `None` for another request. An origin that is not allowed gets no CORS headers.
pub(super) fn preflight(cors: &CorsSpec, parts: &Parts) -> Option<Response> {
    let origin = parts.headers.get(ORIGIN)?;
    if parts.method != Method::OPTIONS || !parts.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
        return None;
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    if allow(cors, origin, headers) {
        headers.remove(ACCESS_CONTROL_EXPOSE_HEADERS);
        put(headers, ACCESS_CONTROL_ALLOW_METHODS, &cors.allow_methods.join(","));
        put(headers, ACCESS_CONTROL_ALLOW_HEADERS, &cors.allow_headers.join(","));
        if let Some(age) = cors.max_age {
            put(headers, ACCESS_CONTROL_MAX_AGE, &age.to_string());
        }
    }
    Some(response)
}

/// Replaces the CORS headers of a function by those that the configuration has for this origin. True if the origin is allowed.
pub(super) fn allow(cors: &CorsSpec, origin: &HeaderValue, headers: &mut HeaderMap) -> bool {
    for name in [ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_EXPOSE_HEADERS] {
        headers.remove(name);
    }
    let any = cors.allow_origins.iter().any(|o| o == "*");
    // API Gateway has no wildcard for ports. Functions accept one only in development.
    let listed = origin.to_str().is_ok_and(|origin| cors.allow_origins.iter().any(|entry| covers(entry, origin)));
    if !any && !listed {
        return false;
    }
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, if any { HeaderValue::from_static("*") } else { origin.clone() });
    if !any {
        headers.append(VARY, HeaderValue::from_static("origin"));
    }
    if cors.allow_credentials {
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    put(headers, ACCESS_CONTROL_EXPOSE_HEADERS, &cors.expose_headers.join(","));
    true
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value)
        && !value.is_empty()
    {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors() -> CorsSpec {
        CorsSpec {
            allow_origins: vec!["https://stoa.example".into()],
            allow_methods: vec!["GET".into(), "POST".into()],
            allow_headers: vec!["authorization".into()],
            expose_headers: vec!["etag".into()],
            allow_credentials: true,
            max_age: Some(60),
        }
    }

    fn preflight_from(origin: &str) -> Parts {
        let request = http::Request::builder().method("OPTIONS").header("origin", origin).header("access-control-request-method", "GET");
        request.body(()).expect("request").into_parts().0
    }

    #[test]
    fn a_preflight_answers_allowed_origins_with_their_permissions() {
        let response = preflight(&cors(), &preflight_from("https://stoa.example")).expect("answered");
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        let value = |name: HeaderName| response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        assert_eq!(value(ACCESS_CONTROL_ALLOW_ORIGIN).as_deref(), Some("https://stoa.example"));
        assert_eq!(value(ACCESS_CONTROL_ALLOW_METHODS).as_deref(), Some("GET,POST"));
        assert_eq!(value(ACCESS_CONTROL_ALLOW_CREDENTIALS).as_deref(), Some("true"));
        assert_eq!(value(ACCESS_CONTROL_MAX_AGE).as_deref(), Some("60"));
        let other = preflight(&cors(), &preflight_from("https://evil.example")).expect("answered");
        assert!(other.headers().is_empty());
    }

    #[test]
    fn in_development_a_frontend_may_have_any_port() {
        let cors = CorsSpec { allow_origins: vec!["http://localhost:*".into()], ..cors() };
        for (origin, allowed) in [
            ("http://localhost:5173", true),
            ("http://localhost", true),
            ("http://localhost.evil.example", false),
            ("http://localhost:5173.evil.example", false),
            ("https://localhost:5173", false),
        ] {
            let mut headers = HeaderMap::new();
            assert_eq!(allow(&cors, &HeaderValue::from_static(origin), &mut headers), allowed, "{origin}");
            assert_eq!(headers.get(ACCESS_CONTROL_ALLOW_ORIGIN).is_some_and(|named| named == origin), allowed, "{origin}");
        }
    }

    #[test]
    fn cors_headers_of_a_function_are_replaced() {
        let mut headers = HeaderMap::new();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        assert!(!allow(&cors(), &HeaderValue::from_static("https://evil.example"), &mut headers));
        assert!(headers.is_empty());
    }
}
