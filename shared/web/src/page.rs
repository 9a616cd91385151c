//! Small pages that a function serves itself: the target of a mailed link if there is no frontend.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{HeaderValue, header};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// An HTML page that may run only its own inline script and call only its own origin: the policy has the hash of the script (CSP
/// Level 3, §2.3.1).
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

/// The page of a mailed link that asks for a password: its texts, and where it posts token and password.
#[derive(Debug, Serialize)]
pub struct PasswordPage {
    /// The path that `token` and `password` are posted to.
    pub call: &'static str,
    /// `new-password` or `current-password`, for the browser's password manager.
    pub autocomplete: &'static str,
    /// In English.
    pub en: PasswordWords,
    /// In Polish.
    pub pl: PasswordWords,
}

/// The texts in one language.
#[derive(Debug, Serialize)]
pub struct PasswordWords {
    /// The heading.
    pub title: &'static str,
    /// The request for the password.
    pub lead: &'static str,
    /// On the button.
    pub button: &'static str,
    /// The text after success.
    pub done: &'static str,
}

impl IntoResponse for PasswordPage {
    fn into_response(self) -> Response {
        // All values are our own texts. The escape prevents that one ends the script.
        let words = serde_json::to_string(&self).unwrap_or_default().replace('<', "\\u003c");
        page(include_str!("password-page.html").replacen("/* page */null", &words, 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_allows_its_own_script_only_and_has_its_texts() {
        let words = |title| PasswordWords { title, lead: "Why", button: "Go", done: "Done" };
        let page = PasswordPage { call: "/v1/things", autocomplete: "new-password", en: words("</script>"), pl: words("Hasło") };
        let policy = page.into_response().headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        let other = PasswordPage { call: "/v1/others", autocomplete: "new-password", en: words("</script>"), pl: words("Hasło") };
        let other = other.into_response().headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        assert!(policy.contains("script-src 'sha256-") && policy != other);
        assert_eq!(include_str!("password-page.html").matches("/* page */null").count(), 1);
    }
}
