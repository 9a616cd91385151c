//! Strict extractors for parts of a request.

use axum::{
    body::{Bytes, to_bytes},
    extract::{FromRequest, FromRequestParts, OptionalFromRequest, Request},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, Uri, header, request::Parts};
use kernel::{
    Kind, Problem,
    json::{self, InvalidJson},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::Error;

/// The maximum number of bytes of a body. Enough for all operations, because files are uploaded to S3 and not through functions.
pub const BODY_MAX_BYTES: usize = 64 * 1024;

/// A JSON body of a request or a response. `Option<Json<T>>` also takes a request without a body, and `null`.
///
/// It refuses another content type (415), a compressed body (415), more than [`BODY_MAX_BYTES`] (413), and a body of another shape (400,
/// with the pointer to the error). The types deny unknown fields.
#[derive(Debug, Clone, Copy)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self, Error> {
        admit(request.headers())?;
        parse(&bytes(request).await?).map(Self).map_err(Error)
    }
}

impl<T: DeserializeOwned, S: Send + Sync> OptionalFromRequest<S> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Option<Self>, Error> {
        let admitted = admit(request.headers());
        let bytes = bytes(request).await?;
        if bytes.is_empty() {
            return Ok(None);
        }
        admitted?;
        if bytes.trim_ascii() == b"null" {
            return Ok(None);
        }
        parse(&bytes).map(|body| Some(Self(body))).map_err(Error)
    }
}

/// Checks the headers of a JSON body.
fn admit(headers: &HeaderMap) -> Result<(), Problem> {
    if is_encoded(headers) {
        return Err(Kind::UnsupportedContentEncoding.into());
    }
    if is_json(headers) { Ok(()) } else { Err(Kind::UnsupportedMediaType.into()) }
}

async fn bytes(request: Request) -> Result<Bytes, Problem> {
    let read = to_bytes(request.into_body(), BODY_MAX_BYTES).await;
    read.map_err(|_| Problem::new(Kind::TooLarge).with("max_bytes", BODY_MAX_BYTES))
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
            Err(e) => Error(Problem::internal(e)).into_response(),
        }
    }
}

/// Returns whether the body has a content encoding (RFC 9110 §8.4).
fn is_encoded(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::CONTENT_ENCODING).iter().flat_map(|line| line.as_bytes().split(|b| *b == b','));
    lines.map(<[u8]>::trim_ascii).any(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity"))
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Parses JSON and locates errors. NUL characters are refused everywhere, because no text needs them.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if escapes_nul(bytes) || bytes.contains(&0) {
        return Err(Problem::new(Kind::Malformed));
    }
    json::read(bytes).map_err(|InvalidJson { pointer, cause }| {
        let cause = format!("{cause} at {pointer:?}");
        Problem::new(Kind::Malformed).with("pointer", pointer).because(cause)
    })
}

/// Returns whether the JSON contains the escape `\u0000`. After an odd number of backslashes it would be text.
fn escapes_nul(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|b| *b == b'\\') {
        let escape = rest.get(at.saturating_add(1)..).unwrap_or_default();
        if escape.starts_with(b"u0000") {
            return true;
        }
        rest = escape.get(1..).unwrap_or_default();
    }
    false
}

/// Path parameters. If one does not parse, the object does not exist: 404.
#[derive(Debug, Clone, Copy)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Error;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let axum::extract::Path(value) = axum::extract::Path::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::new(Kind::NotFound).because("a parameter of the path is not valid"))?;
        Ok(Self(value))
    }
}

/// The query string. Values that do not parse and repeated or missing keys are malformed: 400, with the pointer to the key, as if the query
/// were a JSON object. Unknown keys are ignored, as in operations without a query. `lang`, which every operation accepts, is not part of
/// `T`: see [`crate::Language`].
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Error;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        query(&parts.uri).map(Self).map_err(Error)
    }
}

fn query<T: DeserializeOwned>(uri: &Uri) -> Result<T, Problem> {
    let pairs = uri.query().unwrap_or_default().split('&').filter(|pair| !pair.starts_with("lang="));
    let rest = pairs.collect::<Vec<_>>().join("&");
    let read = serde_urlencoded::Deserializer::new(form_urlencoded::parse(rest.as_bytes()));
    serde_path_to_error::deserialize(read).map_err(|e| {
        let pointer = json::pointer(e.path(), &e.inner().to_string());
        Problem::new(Kind::Malformed).because(format!("the query at {pointer:?}")).with("pointer", pointer)
    })
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Body {
        name: String,
        list: Vec<u8>,
    }

    fn pointer(json: &str) -> String {
        parse::<Body>(json.as_bytes())
            .map_err(|p| p.members.get("pointer").and_then(|v| v.as_str()).unwrap_or("-").to_owned())
            .err()
            .unwrap_or_default()
    }

    #[test]
    fn errors_are_located() {
        for (body, expected) in [
            (r#"{"name":"a","list":[1]}"#, ""),
            (r#"{"name":5,"list":[]}"#, "/name"),
            (r#"{"name":"a"}"#, "/list"),
            (r#"{"name":"a","name":"b","list":[]}"#, "/name"),
            (r#"{"name":"a","list":[],"x":1}"#, "/x"),
        ] {
            assert_eq!(pointer(body), expected, "{body}");
        }
        for bad in [
            r#"{"name":"a","list":[]} x"#,
            "NaN",
            "",
            "[]",
            r#"["a",[1]]"#,
            "{\"name\":\"\\u0000\",\"list\":[]}",
            "{\"name\":\"\\ud800\",\"list\":[]}",
        ] {
            assert!(parse::<Body>(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[derive(Deserialize, Debug, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct PageQuery {
        limit: Option<u32>,
        cursor: Option<String>,
    }

    #[test]
    fn the_language_is_no_part_of_a_query() {
        let parsed = |text: &str| query::<PageQuery>(&format!("/x?{text}").parse().unwrap()).ok();
        let expected = |limit, cursor: Option<&str>| Some(PageQuery { limit, cursor: cursor.map(str::to_owned) });
        assert_eq!(parsed("lang=pl"), expected(None, None));
        assert_eq!(parsed("limit=2&lang=pl&cursor=a%26b"), expected(Some(2), Some("a&b")));
        for bad in ["language=pl", "lan=pl", "limit=2&limit=3", "limit=x", "since=1"] {
            assert_eq!(parsed(bad), None, "{bad}");
        }
    }

    fn request(headers: &[(&'static str, &str)], body: &'static str) -> Request {
        let builder = headers.iter().fold(http::Request::builder(), |request, (name, value)| request.header(*name, *value));
        builder.body(body.into()).unwrap()
    }

    /// Returns the kind of the refusal.
    async fn refused(headers: &[(&'static str, &str)], body: &'static str) -> Option<Kind> {
        <Json<Body> as FromRequest<()>>::from_request(request(headers, body), &()).await.err().map(|Error(problem)| problem.kind)
    }

    const JSON: (&str, &str) = ("content-type", "application/json");
    const GOOD: &str = r#"{"name":"a","list":[]}"#;

    #[tokio::test]
    async fn a_compressed_body_is_refused() {
        for plain in ["identity", "Identity", "", " , identity,", "identity, identity"] {
            assert_eq!(refused(&[JSON, ("content-encoding", plain)], GOOD).await, None, "{plain}");
        }
        for encoded in ["gzip", "GZIP", "x-gzip", "br", "zstd", "deflate", "identity, gzip", "gzip, identity", "unheard-of", "aws-chunked"]
        {
            let kind = refused(&[JSON, ("content-encoding", encoded)], GOOD).await;
            assert_eq!(kind, Some(Kind::UnsupportedContentEncoding), "{encoded}");
        }
        let lines = [JSON, ("content-encoding", "identity"), ("content-encoding", "gzip")];
        assert_eq!(refused(&lines, GOOD).await, Some(Kind::UnsupportedContentEncoding));
        assert_eq!(refused(&[("content-type", "text/plain")], GOOD).await, Some(Kind::UnsupportedMediaType));
        assert_eq!(refused(&[JSON], "").await, Some(Kind::Malformed), "a body is required");
    }

    #[tokio::test]
    async fn a_body_can_be_optional() {
        for (headers, body, expected) in [
            (&[][..], "", Ok(false)),
            (&[JSON], "", Ok(false)),
            (&[("content-type", "text/plain")], "", Ok(false)),
            (&[JSON], GOOD, Ok(true)),
            (&[], GOOD, Err(Kind::UnsupportedMediaType)),
            (&[JSON, ("content-encoding", "gzip")], GOOD, Err(Kind::UnsupportedContentEncoding)),
            (&[JSON], "{}", Err(Kind::Malformed)),
            (&[JSON], " ", Err(Kind::Malformed)),
            (&[JSON], "null", Ok(false)),
            (&[JSON], "nul", Err(Kind::Malformed)),
            (&[], "null", Err(Kind::UnsupportedMediaType)),
        ] {
            let read = <Json<Body> as OptionalFromRequest<()>>::from_request(request(headers, body), &()).await;
            assert_eq!(read.map(|body| body.is_some()).map_err(|Error(problem)| problem.kind), expected, "{headers:?} {body:?}");
        }
    }

    #[derive(Deserialize, Debug)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Days {
        until: String,
        days: Option<u16>,
    }

    #[test]
    fn a_wrong_parameter_is_named() {
        for (text, expected) in [
            ("until=x&days=no", "/days"),
            ("until=x&days=-1", "/days"),
            ("until=x&days=", "/days"),
            ("days=1", "/until"),
            ("", "/until"),
            ("until=x&until=y", "/until"),
        ] {
            let problem = query::<Days>(&format!("/x?{text}").parse().unwrap()).unwrap_err();
            assert_eq!(problem.members["pointer"], expected, "{text}");
        }
    }
}
