//! Cross-origin requests to a bucket, by the bucket's rules.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html>

use axum::{extract::Request, response::Response};
use http::{
    HeaderValue, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS,
        ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderName, ORIGIN, VARY,
    },
};

use crate::{
    aws::{
        glob,
        service::{AwsError, Service},
    },
    template::CorsSpec,
};

/// The origin of a request, and its method and headers.
pub(super) struct Origin {
    origin: Option<String>,
    method: String,
}

impl Origin {
    pub(super) fn of(request: &Request) -> Self {
        Self { origin: text(request, &ORIGIN), method: request.method().to_string() }
    }

    /// Adds the headers that let the page read the response, if a rule matches.
    pub(super) fn allow(&self, rules: &[CorsSpec], mut response: Response) -> Response {
        if let Some(origin) = &self.origin
            && let Some(rule) = rules.iter().find(|r| covers(r, origin, &self.method, &[]))
        {
            allow_origin(rule, origin, &mut response);
            put(&mut response, &ACCESS_CONTROL_EXPOSE_HEADERS, &rule.expose_headers.join(", "));
        }
        response
    }
}

/// Answers a preflight request, which is never signed.
pub(super) fn preflight(rules: &[CorsSpec], request: &Request, request_id: &str) -> Response {
    let (Some(origin), Some(method)) = (text(request, &ORIGIN), text(request, &ACCESS_CONTROL_REQUEST_METHOD)) else {
        let message = "Insufficient information. Origin request header needed.";
        return Service::S3.refuse(&AwsError::new(StatusCode::BAD_REQUEST, "BadRequest", message), request_id);
    };
    let requested = text(request, &ACCESS_CONTROL_REQUEST_HEADERS).unwrap_or_default().to_ascii_lowercase();
    let headers: Vec<&str> = requested.split(',').map(str::trim).filter(|h| !h.is_empty()).collect();
    let Some(rule) = rules.iter().find(|r| covers(r, &origin, &method, &headers)) else {
        let message = "CORSResponse: This CORS request is not allowed.";
        return Service::S3.refuse(&AwsError::new(StatusCode::FORBIDDEN, "AccessForbidden", message), request_id);
    };
    let mut response = Response::default();
    allow_origin(rule, &origin, &mut response);
    put(&mut response, &ACCESS_CONTROL_ALLOW_METHODS, &rule.allow_methods.join(", "));
    put(&mut response, &ACCESS_CONTROL_ALLOW_HEADERS, &headers.join(", "));
    if let Some(seconds) = rule.max_age {
        put(&mut response, &ACCESS_CONTROL_MAX_AGE, &seconds.to_string());
    }
    response
}

fn covers(rule: &CorsSpec, origin: &str, method: &str, headers: &[&str]) -> bool {
    rule.allow_origins.iter().any(|o| glob::matches(o, origin))
        && rule.allow_methods.iter().any(|m| m == method)
        && headers.iter().all(|h| rule.allow_headers.iter().any(|allowed| glob::matches(&allowed.to_ascii_lowercase(), h)))
}

fn allow_origin(rule: &CorsSpec, origin: &str, response: &mut Response) {
    let any = rule.allow_origins.iter().any(|o| o == "*");
    put(response, &ACCESS_CONTROL_ALLOW_ORIGIN, if any { "*" } else { origin });
    put(response, &VARY, "Origin, Access-Control-Request-Headers, Access-Control-Request-Method");
}

fn put(response: &mut Response, name: &HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value)
        && !value.is_empty()
    {
        response.headers_mut().insert(name, value);
    }
}

fn text(request: &Request, name: &HeaderName) -> Option<String> {
    request.headers().get(name)?.to_str().ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn rules() -> Vec<CorsSpec> {
        vec![CorsSpec {
            allow_origins: vec!["https://stoa.example".into()],
            allow_methods: vec!["GET".into(), "PUT".into()],
            allow_headers: vec!["content-type".into(), "x-amz-*".into()],
            max_age: Some(7200),
            ..CorsSpec::default()
        }]
    }

    fn asks(origin: &str, method: &str, headers: &str) -> Response {
        let request = http::Request::options("/bucket/key").header(ORIGIN, origin).header(ACCESS_CONTROL_REQUEST_METHOD, method);
        preflight(&rules(), &request.header(ACCESS_CONTROL_REQUEST_HEADERS, headers).body(Body::empty()).expect("request"), "id")
    }

    #[test]
    fn a_preflight_is_answered_by_the_first_matching_rule() {
        let allowed = asks("https://stoa.example", "PUT", "Content-Type, X-Amz-Checksum-Sha256");
        assert_eq!(allowed.status(), StatusCode::OK);
        let header = |name: HeaderName| allowed.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        assert_eq!(header(ACCESS_CONTROL_ALLOW_ORIGIN).as_deref(), Some("https://stoa.example"));
        assert_eq!(header(ACCESS_CONTROL_ALLOW_HEADERS).as_deref(), Some("content-type, x-amz-checksum-sha256"));
        assert_eq!(header(ACCESS_CONTROL_MAX_AGE).as_deref(), Some("7200"));
        assert_eq!(asks("https://evil.example", "PUT", "").status(), StatusCode::FORBIDDEN);
        assert_eq!(asks("https://stoa.example", "DELETE", "").status(), StatusCode::FORBIDDEN);
        assert_eq!(asks("https://stoa.example", "PUT", "authorization").status(), StatusCode::FORBIDDEN);
    }

    #[test]
    fn only_allowed_origins_can_read_a_response() {
        let reply = |origin: &str| {
            let request = http::Request::get("/bucket/key").header(ORIGIN, origin).body(Body::empty()).expect("request");
            Origin::of(&request).allow(&rules(), Response::default()).headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN)
        };
        assert!(reply("https://stoa.example"));
        assert!(!reply("https://evil.example"));
    }
}
