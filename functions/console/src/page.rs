//! The page and its files.

use axum::{extract::State, response::Response};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use kernel::{Kind, env::Reader};
use web::{Error, Language, Path, Problems};

use crate::files::file;

/// What the page may load and reach: files of this site, its API, the socket, and of the bucket of files the pictures and the place of new
/// ones. Nothing inline, nothing from elsewhere, and no text becomes HTML or code.
#[derive(Clone, Debug)]
pub struct Policy(HeaderValue);

impl Policy {
    /// Reads `SOCKET_URL`, the address of the WebSocket API, and `FILES_URL`, that of the bucket of files.
    pub fn read(r: &mut Reader<'_>) -> Self {
        let (socket, files) = (r.need("SOCKET_URL"), r.address("FILES_URL"));
        let policy = policy(&socket, &files).unwrap_or_else(|| {
            r.wrong("SOCKET_URL or FILES_URL is no address".to_owned());
            HeaderValue::from_static("default-src 'none'")
        });
        Self(policy)
    }
}

/// Returns the policy with a socket and a bucket at these addresses.
fn policy(socket: &str, files: &str) -> Option<HeaderValue> {
    let (socket, files) = (origin(socket)?, files.trim_end_matches('/'));
    origin(files).filter(|_| is_plain(files))?;
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: {files}/pictures/; \
         connect-src 'self' {socket} {files}/incoming/; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'"
    );
    HeaderValue::try_from(policy).ok()
}

/// Returns an address without its path.
fn origin(address: &str) -> Option<String> {
    let (scheme, rest) = address.split_once("://")?;
    let host = rest.split('/').next().filter(|host| !host.is_empty() && is_plain(host))?;
    Some(format!("{scheme}://{host}"))
}

/// Returns whether a text is one source of a policy, and not the end of one.
fn is_plain(text: &str) -> bool {
    !text.contains([' ', ';', ','])
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
    fn the_policy_names_the_socket_and_the_folders_of_the_bucket() {
        let policy = |socket, files| policy(socket, files).map(|policy| policy.to_str().unwrap().to_owned());
        let bucket = "https://files.example";
        for (socket, source) in [("wss://abc.example/prod", " wss://abc.example "), ("ws://127.0.0.1:8001", " ws://127.0.0.1:8001 ")] {
            let policy = policy(socket, bucket).unwrap();
            assert!(policy.contains(source) && policy.contains("require-trusted-types-for 'script'"), "{policy}");
        }
        for files in ["http://127.0.0.1:9/files", "http://127.0.0.1:9/files/"] {
            let policy = policy("ws://a", files).unwrap();
            assert!(policy.contains("img-src 'self' blob: http://127.0.0.1:9/files/pictures/;"), "{policy}");
            assert!(policy.contains("connect-src 'self' ws://a http://127.0.0.1:9/files/incoming/;"), "{policy}");
        }
        for wrong in ["", "wss", "wss://", "wss:///prod", "wss://a; script-src *"] {
            assert_eq!(policy(wrong, bucket), None, "{wrong}");
            assert_eq!(policy("wss://a", wrong), None, "{wrong}");
        }
        assert_eq!(policy("wss://a", "https://files.example/a; script-src *"), None);
    }
}
