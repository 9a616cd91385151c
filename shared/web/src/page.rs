//! The few small pages that a function serves itself: what a mailed link opens when there is no frontend.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{HeaderValue, header};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// An HTML page that may run its own inline script and no other, and talk to its own origin and no other: the policy names
/// the script by its hash (CSP Level 3, §2.3.1).
#[must_use]
pub fn page(html: impl Into<Cow<'static, str>>) -> Response {
    let html = html.into();
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

/// What a mailed link opens that takes a password: what the page says, and where it sends both.
#[derive(Debug, Serialize)]
pub struct PasswordPage {
    /// The path that `token` and `password` are posted to.
    pub call: &'static str,
    /// `new-password`, or `current-password`: what browsers offer.
    pub autocomplete: &'static str,
    /// In English.
    pub en: PasswordWords,
    /// In Polish.
    pub pl: PasswordWords,
}

/// What it says in one language.
#[derive(Debug, Serialize)]
pub struct PasswordWords {
    /// The heading.
    pub title: &'static str,
    /// What is asked for.
    pub lead: &'static str,
    /// On the button.
    pub button: &'static str,
    /// When it is done.
    pub done: &'static str,
}

impl IntoResponse for PasswordPage {
    fn into_response(self) -> Response {
        // All of it is ours. The escape is for a word that would end the script.
        let words = serde_json::to_string(&self).unwrap_or_default().replace('<', "\\u003c");
        page(include_str!("password-page.html").replacen("/* page */null", &words, 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_runs_its_own_script_with_its_own_words() {
        let words = |title| PasswordWords { title, lead: "Why", button: "Go", done: "Done" };
        let page = PasswordPage { call: "/v1/things", autocomplete: "new-password", en: words("</script>"), pl: words("Hasło") };
        let policy = page.into_response().headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        let other = PasswordPage { call: "/v1/others", autocomplete: "new-password", en: words("</script>"), pl: words("Hasło") };
        let other = other.into_response().headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        assert!(policy.contains("script-src 'sha256-") && policy != other);
        assert_eq!(include_str!("password-page.html").matches("/* page */null").count(), 1);
    }
}
