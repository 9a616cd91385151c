//! The few small pages that a function serves itself: what a mailed link opens when there is no frontend.

use axum::response::{IntoResponse, Response};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{HeaderValue, header};
use sha2::{Digest as _, Sha256};

/// An HTML page that may run its own inline script and no other, and talk to its own origin and no other: the policy names
/// the script by its hash (CSP Level 3, §2.3.1).
#[must_use]
pub fn page(html: &'static str) -> Response {
    let script = html.split_once("<script>").and_then(|(_, rest)| rest.split_once("</script>")).map_or("", |(script, _)| script);
    let hash = BASE64_STANDARD.encode(Sha256::digest(script));
    let policy = format!(
        "default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; script-src 'sha256-{hash}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    );
    let mut response = ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response();
    if let Ok(policy) = HeaderValue::try_from(policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}
