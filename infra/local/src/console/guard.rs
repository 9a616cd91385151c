//! Access to the console: only from this machine, and from the console's own pages. Any site in the developer's browser can send
//! requests to a local port. So each request must have a loopback host in `Host`, which an attack by DNS rebinding cannot have, and an
//! `Origin` of the console.

use axum::{
    body::to_bytes,
    extract::Request,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
    },
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::ConsoleError;

/// The content security policy of a page: it may load only from its own origin.
pub(super) const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(super) async fn guard(request: Request, next: Next) -> Response {
    if !local(request.headers()) {
        return ConsoleError(StatusCode::FORBIDDEN, "The console answers only to this machine and its own pages".to_owned())
            .into_response();
    }
    let mut reply = as_json(next.run(request).await).await;
    let headers = reply.headers_mut();
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}

/// The maximum number of bytes of an error that axum writes.
const TEXT_MAX_BYTES: usize = 16 * 1024;

/// Returns an error of axum itself, such as that of a body of the wrong form, in the form of all others: `{"error": "…"}`.
async fn as_json(reply: Response) -> Response {
    let failed = reply.status().is_client_error() || reply.status().is_server_error();
    let is_text = reply.headers().get(CONTENT_TYPE).is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if !failed || !is_text {
        return reply;
    }
    let (parts, body) = reply.into_parts();
    let text = to_bytes(body, TEXT_MAX_BYTES).await.map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default();
    let name = parts.status.canonical_reason().unwrap_or_default();
    let mut reply = ConsoleError(parts.status, if text.is_empty() { name.to_owned() } else { text }).into_response();
    reply.headers_mut().extend(parts.headers.get(ALLOW).map(|allowed| (ALLOW, allowed.clone())));
    reply
}

/// Returns whether the host is a loopback address and the origin, if a browser sends one, is that host.
fn local(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|v| v.to_str().ok());
    let Some(host) = text(HOST) else { return false };
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit())).map_or(host, |(name, _)| name);
    let loopback = name == "localhost"
        || name.ends_with(".localhost")
        || name == "[::1]"
        || name.parse().is_ok_and(|a: std::net::Ipv4Addr| a.is_loopback());
    loopback && text(ORIGIN).is_none_or(|origin| origin == format!("http://{host}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_hosts_and_other_origins_are_refused() {
        let ask = |host: &'static str, origin: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static(host));
            headers.extend(origin.map(|o| (ORIGIN, HeaderValue::from_static(o))));
            local(&headers)
        };
        assert!(ask("127.0.0.1:3000", None) && ask("localhost:3000", Some("http://localhost:3000")) && ask("[::1]:3000", None));
        assert!(!ask("evil.example:3000", None) && !ask("127.0.0.1.evil.example", None));
        assert!(!ask("localhost:3000", Some("https://evil.example")) && !ask("localhost:3000", Some("http://localhost:4000")));
        assert!(!ask("localhost:3000", Some("null")));
        assert!(!local(&HeaderMap::new()));
    }
}
