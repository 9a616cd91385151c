//! Well-known addresses: the keys that verify access tokens, the page for changing a password, and the contact for reports of
//! vulnerabilities.

use std::sync::Arc;

use accounts::token::KeySet;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header};
use kernel::{Locale, Problem, Time, Timestamp, env::Reader};
use serde::Serialize;
use store::limits::DAY;
use utoipa::ToSchema;
use web::{Error, Problems};

/// Clients may cache the keys for five minutes: keys change rarely, and a new key is published before it signs.
const CACHED: &str = "public, max-age=300";

/// The keys that verify access tokens (RFC 7517).
///
/// AWS calls: none.
#[utoipa::path(get, path = "/.well-known/jwks.json",
    responses(
        (status = 200, body = KeySet, headers(("ETag" = String, description = "Identifies the version of the keys."))),
        (status = 304, description = "The keys have not changed since the version in `If-None-Match`."),
        Problems,
    ))]
pub async fn get_key_set(State(s): State<crate::State>, headers: HeaderMap) -> Result<Response, Error> {
    json(&headers, &s.issuer.key_set())
}

/// JSON that clients may cache as [`CACHED`] states.
fn json(headers: &HeaderMap, body: &impl Serialize) -> Result<Response, Error> {
    Ok(web::cached(headers, "application/json", CACHED, serde_json::to_vec(body).map_err(Problem::internal)?))
}

/// The properties of this issuer.
#[derive(Serialize, ToSchema)]
pub struct Discovery {
    /// The issuer of the tokens.
    issuer: String,
    /// The address of the keys.
    jwks_uri: String,
    /// The signature algorithms of the tokens.
    #[schema(value_type = Vec<String>)]
    id_token_signing_alg_values_supported: [&'static str; 1],
    #[schema(value_type = Vec<String>)]
    subject_types_supported: [&'static str; 1],
    /// The address of the documentation.
    service_documentation: String,
}

/// Describes the issuer of the access tokens, with those members of OpenID Connect Discovery that apply to it.
///
/// AWS calls: none.
#[utoipa::path(get, path = "/.well-known/openid-configuration",
    responses(
        (status = 200, body = Discovery, headers(("ETag" = String, description = "Identifies the version of the description."))),
        (status = 304, description = "The description has not changed since the version in `If-None-Match`."),
        Problems,
    ))]
pub async fn get_discovery(State(s): State<crate::State>, headers: HeaderMap) -> Result<Response, Error> {
    let issuer = s.tokens.issuer().to_owned();
    let body = Discovery {
        jwks_uri: format!("{issuer}/.well-known/jwks.json"),
        service_documentation: format!("{issuer}/docs"),
        id_token_signing_alg_values_supported: ["EdDSA"],
        subject_types_supported: ["public"],
        issuer,
    };
    json(&headers, &body)
}

/// How many days the published contact is valid, counted from the current day.
const CONTACT_VALID_DAYS: u32 = 31;

/// The addresses of the deployment that are published under `/.well-known`.
#[derive(Clone)]
pub struct PublishedAddresses {
    change_password: Option<Arc<str>>,
    security_contact: Arc<str>,
}

impl PublishedAddresses {
    /// Reads `CHANGE_PASSWORD_URL`, the page for changing a password (empty means its documentation), and `SECURITY_CONTACT`, a
    /// `mailto:` or `https:` address.
    pub fn read(r: &mut Reader<'_>) -> Self {
        let one_line = |text: &str| text.is_ascii() && !text.contains(|c: char| c.is_whitespace() || c.is_control());
        let page = r.or("CHANGE_PASSWORD_URL", String::new());
        if !page.is_empty() && !(one_line(&page) && (page.starts_with("https://") || page.starts_with("http://"))) {
            r.wrong("CHANGE_PASSWORD_URL is no address of a page".to_owned());
        }
        let contact = r.need("SECURITY_CONTACT");
        if !(one_line(&contact) && (contact.starts_with("mailto:") || contact.starts_with("https://"))) {
            r.wrong("SECURITY_CONTACT is neither mailto: nor https:".to_owned());
        }
        Self { change_password: Some(page).filter(|p| !p.is_empty()).map(Into::into), security_contact: contact.into() }
    }
}

/// Redirects to the page for changing a password, which password managers look up here.
///
/// See <https://w3c.github.io/webappsec-change-password-url/>.
///
/// AWS calls: none.
#[utoipa::path(get, path = "/.well-known/change-password",
    responses((status = 302, description = "A redirect to the page.", headers(("Location" = String, description = "The page."))), Problems))]
pub async fn get_change_password(State(s): State<crate::State>) -> impl IntoResponse {
    let page = s.published.change_password.as_deref().map_or_else(|| format!("{}/docs", s.tokens.issuer()), str::to_owned);
    (StatusCode::FOUND, [(header::LOCATION, page)])
}

/// Returns how to report a vulnerability (RFC 9116).
///
/// AWS calls: none.
#[utoipa::path(get, path = "/.well-known/security.txt",
    responses(
        (status = 200, content_type = "text/plain", body = String, headers(("ETag" = String, description = "Identifies the version of the text."))),
        (status = 304, description = "The text has not changed since the version in `If-None-Match`."),
        Problems,
    ))]
pub async fn get_security_contact(State(s): State<crate::State>, headers: HeaderMap) -> Response {
    let text = format!(
        "Contact: {}\nExpires: {}\nPreferred-Languages: {}\nCanonical: {}/.well-known/security.txt\n",
        s.published.security_contact,
        Timestamp::from(contact_valid_until(s.sys.now())),
        Locale::ALL.map(Locale::tag).join(", "),
        s.tokens.issuer()
    );
    web::cached(&headers, "text/plain; charset=utf-8", CACHED, text.into_bytes())
}

/// Returns the midnight after this number of days, so that all answers of a day are equal.
fn contact_valid_until(now: Time) -> Time {
    let day = i64::try_from(DAY.as_millis()).unwrap_or(1);
    Time::from_millis(now.millis().saturating_sub(now.millis().rem_euclid(day))) + DAY.saturating_mul(CONTACT_VALID_DAYS)
}

#[cfg(test)]
mod tests {
    use kernel::Env;

    use super::*;

    #[test]
    fn only_addresses_are_published() {
        let read = |page: &str, contact: &str| {
            let env: Env = [("CHANGE_PASSWORD_URL", page), ("SECURITY_CONTACT", contact)]
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .into_iter()
                .collect();
            env.read(PublishedAddresses::read).is_ok()
        };
        for (page, contact, good) in [
            ("", "mailto:security@stoa.example", true),
            ("https://stoa.example/settings#password", "https://stoa.example/security", true),
            ("/settings", "mailto:security@stoa.example", false),
            ("https://stoa.example/a b", "mailto:security@stoa.example", false),
            ("", "", false),
            ("", "security@stoa.example", false),
            ("", "mailto:a@stoa.example\nContact: mailto:b@stoa.example", false),
        ] {
            assert_eq!(read(page, contact), good, "{page} {contact}");
        }
    }
}
