//! The page and its files.

use axum::{extract::State, response::Response};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use kernel::{Kind, env::Reader};
use web::{Error, Language, Path, Problems};

use crate::files::file;

/// What the page may load and reach: files of this site, its API, and the socket. Nothing inline, nothing from elsewhere, and no text
/// becomes HTML or code.
#[derive(Clone, Debug)]
pub struct Policy(HeaderValue);

impl Policy {
    /// Reads `SOCKET_URL`, the address of the WebSocket API.
    pub fn read(r: &mut Reader<'_>) -> Self {
        let socket = r.need("SOCKET_URL");
        let policy = policy(&socket).unwrap_or_else(|| {
            r.wrong("SOCKET_URL is no address".to_owned());
            HeaderValue::from_static("default-src 'none'")
        });
        Self(policy)
    }
}

/// The policy with a socket at this address.
fn policy(socket: &str) -> Option<HeaderValue> {
    let (scheme, rest) = socket.split_once("://")?;
    let host = rest.split('/').next().filter(|host| !host.is_empty() && !host.contains([' ', ';', ',']))?;
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self' {scheme}://{host}; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    );
    HeaderValue::try_from(policy).ok()
}

/// Serves the console for staff, in the language of its reader. What it shows it gets from the API, as whoever signs in there.
///
/// AWS calls: none.
#[utoipa::path(
    get, path = "/staff", operation_id = "get_console",
    responses(
        (status = 200, description = "The page.", content_type = "text/html", body = String,
            headers(("ETag" = String, description = "Identifies the version of the file and its compression.")), example = "<!doctype html>"),
        (status = 304, description = "The page has not changed since the version in `If-None-Match`."),
        Problems,
    )
)]
pub async fn get_console(State(policy): State<Policy>, Language(locale): Language, headers: HeaderMap) -> Result<Response, Error> {
    let mut response = file(&format!("staff.{}.html", locale.tag()), "text/html; charset=utf-8", &headers)?;
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy.0);
    Ok(response)
}

/// Serves the files of the console: its scripts, its style, its texts.
///
/// AWS calls: none.
#[utoipa::path(
    get, path = "/staff/{file}", operation_id = "get_console_file",
    params(("file" = String, Path, max_length = 100, description = "The name of a file.", example = "console.js")),
    extensions(("x-problems" = json!(["not_found"]))),
    responses(
        (status = 200, description = "The file.",
            content((String = "text/javascript", example = "…"), (BTreeMap<String, String> = "application/json")),
            headers(("ETag" = String, description = "Identifies the version of the file and its compression."))),
        (status = 304, description = "The file has not changed since the version in `If-None-Match`."),
        Problems,
    )
)]
pub async fn get_console_file(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, Error> {
    let content_type = match name.rsplit_once('.') {
        Some((_, "js")) => "text/javascript",
        Some((_, "css")) => "text/css",
        Some((_, "json")) => "application/json",
        Some((_, "svg")) => "image/svg+xml",
        _ => return Err(Kind::NotFound.into()),
    };
    let mut response = file(&name, content_type, &headers)?;
    response.headers_mut().insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin"));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_names_the_socket_without_its_path() {
        let policy = |socket| policy(socket).map(|policy| policy.to_str().unwrap().to_owned());
        for (socket, source) in [("wss://abc.example/prod", " wss://abc.example;"), ("ws://127.0.0.1:8001", " ws://127.0.0.1:8001;")] {
            let policy = policy(socket).unwrap();
            assert!(policy.contains(source) && policy.contains("require-trusted-types-for 'script'"), "{policy}");
        }
        for wrong in ["", "wss", "wss://", "wss:///prod", "wss://a; script-src *"] {
            assert_eq!(policy(wrong), None, "{wrong}");
        }
    }
}
