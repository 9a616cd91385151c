//! The few small pages that a function serves itself: what a mailed link opens when there is no frontend.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};

/// An HTML page that may run only the inline script whose hash its policy names, and talk only to its own origin.
///
/// `script_hash` is the base64 SHA-256 of the script text (CSP Level 3, §2.3.1).
#[must_use]
pub fn page(html: &'static str, script_hash: &str) -> Response {
    let policy = format!(
        "default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; script-src 'sha256-{script_hash}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    );
    let mut response = ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response();
    if let Ok(policy) = HeaderValue::try_from(policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}
