//! Conditional requests: `If-Match` for changes and `If-None-Match` for cached responses (RFC 9110 §13.1).

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts};
use kernel::Kind;
use sha2::{Digest as _, Sha256};

use crate::Error;

/// A regular expression (ECMA-262) that matches every `If-Match` that can name a version: `*`, or a list with a version's tag.
pub const IF_MATCH_PATTERN: &str = r#"^\s*\*\s*$|"v(0|[1-9][0-9]*)""#;

/// The versions that a client accepts for its change, from `If-Match: "v7"` (RFC 9110 §13.1.1): one or more tags, or `*` for any version.
/// Without the header the answer is 428.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IfMatch(Tags);

impl IfMatch {
    /// Returns the versions in the headers of a request. `None` without the header.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        Tags::of(headers, &header::IF_MATCH).map(Self)
    }

    /// Returns whether this version is one of them. If it is not, the object has changed since the client read it: 412.
    #[must_use]
    pub fn names(&self, version: u64) -> bool {
        // The comparison is strong: a weak tag never matches (RFC 9110 §8.8.3.2).
        self.0.any(|tag| !tag.weak && tag.opaque == format!("v{version}"))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Error;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        Ok(Self::of(&parts.headers).ok_or(Kind::VersionRequired)?)
    }
}

/// Returns whether `If-None-Match` contains this validator (RFC 9110 §13.1.2). `validator` includes the quotes.
#[must_use]
pub fn is_known(headers: &HeaderMap, validator: &str) -> bool {
    // The comparison is weak, as the RFC requires.
    Tags::of(headers, &header::IF_NONE_MATCH).is_some_and(|tags| tags.any(|tag| tag.opaque == validator.trim_matches('"')))
}

/// Returns a response that clients may cache. `cached` is the value of `Cache-Control`. The validator is a hash of the bytes; a client that
/// has them gets 304.
#[must_use]
pub fn cached(asked: &HeaderMap, content_type: &'static str, cached: &'static str, bytes: Vec<u8>) -> Response {
    let hash: String = Sha256::digest(&bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let validator = format!("\"{hash}\"");
    let mut response = if is_known(asked, &validator) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, content_type)], bytes).into_response()
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(cached));
    if let Ok(validator) = HeaderValue::try_from(validator) {
        response.headers_mut().insert(header::ETAG, validator);
    }
    response
}

/// A list of entity tags, or `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Tags {
    Any,
    Listed(Vec<Tag>),
}

/// An entity tag (RFC 9110 §8.8.3).
#[derive(Debug, Clone, PartialEq, Eq)]
struct Tag {
    weak: bool,
    opaque: String,
}

impl Tags {
    /// `None` without the header. Text that is not an entity tag is ignored.
    fn of(headers: &HeaderMap, name: &HeaderName) -> Option<Self> {
        let lines: Vec<_> = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        let list = lines.join(",");
        match list.trim() {
            _ if lines.is_empty() => None,
            "*" => Some(Self::Any),
            list => Some(Self::Listed(listed(list))),
        }
    }

    fn any(&self, is: impl Fn(&Tag) -> bool) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(tags) => tags.iter().any(is),
        }
    }
}

/// Returns the entity tags of a list. A tag may contain commas.
fn listed(mut list: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    while let Some((before, rest)) = list.split_once('"')
        && let Some((opaque, behind)) = rest.split_once('"')
    {
        tags.push(Tag { weak: before.ends_with("W/"), opaque: opaque.to_owned() });
        list = behind;
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(name: HeaderName, lines: &[&str]) -> HeaderMap {
        lines.iter().map(|line| (name.clone(), HeaderValue::from_bytes(line.as_bytes()).unwrap())).collect()
    }

    #[test]
    fn a_change_is_of_the_versions_that_it_names() {
        let names = |lines: &[&str]| IfMatch::of(&asked(header::IF_MATCH, lines)).map(|versions| versions.names(7));
        assert_eq!(names(&[]), None);
        for good in [
            &["\"v7\""][..],
            &["*"],
            &[" * "],
            &["\"v6\", \"v7\""],
            &["\"v7\",\"v8\""],
            &["\"v6\"", "\"v7\""],
            &["W/\"v7\", \"v7\""],
            &["\"a,b\" , \"v7\""],
            &[", ,\"v7\","],
        ] {
            assert_eq!(names(good), Some(true), "{good:?}");
        }
        for bad in [
            &[""][..],
            &["\"v6\""],
            &["\"v8\", \"v6\""],
            &["W/\"v7\""],
            &["v7"],
            &["7"],
            &["\"v7"],
            &["\"v07\""],
            &["\"V7\""],
            &["\"7\""],
            &["\"*\""],
            &["**"],
            &["\"a,v7\""],
            &["\"v7 \""],
            &["\"ż\""],
        ] {
            assert_eq!(names(bad), Some(false), "{bad:?}");
        }
    }

    #[test]
    fn what_a_client_has_is_not_sent_again() {
        let reply = |lines: &[&str]| cached(&asked(header::IF_NONE_MATCH, lines), "application/json", "public", b"{}".to_vec());
        let tag = reply(&[]).headers()[header::ETAG].to_str().unwrap().to_owned();
        for (lines, status) in [
            (vec![tag.clone()], 304),
            (vec![format!("W/{tag}")], 304),
            (vec![format!("\"x\", {tag}")], 304),
            (vec!["\"x\"".to_owned(), tag.clone()], 304),
            (vec!["*".to_owned()], 304),
            (vec![], 200),
            (vec!["\"x\"".to_owned()], 200),
            (vec![tag.trim_matches('"').to_owned()], 200),
        ] {
            let response = reply(&lines.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!((response.status().as_u16(), response.headers()[header::ETAG].to_str().unwrap()), (status, &*tag), "{lines:?}");
            assert_eq!(response.headers()[header::CACHE_CONTROL], "public");
            assert_eq!(response.headers().contains_key(header::CONTENT_TYPE), status == 200, "{lines:?}");
        }
        let other = cached(&HeaderMap::new(), "application/json", "public", b"[]".to_vec());
        assert_ne!(other.headers()[header::ETAG], &*tag);
    }
}
