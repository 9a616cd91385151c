//! Files that are compiled into a function, compressed by its build script with `bundling::write`.

use std::io::Read as _;

use axum::response::{IntoResponse as _, Response};
use flate2::read::GzDecoder;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use kernel::{Kind, Problem, locale::thousandths};

use crate::{Error, is_known};

/// A compressed file.
#[derive(Clone, Copy, Debug)]
pub struct File {
    /// Its name.
    pub name: &'static str,
    /// The hash of the compressed bytes, for the validator (`ETag`).
    pub hash: &'static str,
    /// The compressed bytes.
    pub gzip: &'static [u8],
}

/// Answers with one of these files: compressed if the client accepts gzip, and with 304 if the client has it already.
///
/// `headers` are the headers of the request; `cached` is the value of `Cache-Control`.
///
/// # Errors
/// [`Kind::NotFound`] if there is no file of this name.
pub fn file(files: &[File], name: &str, content_type: &'static str, cached: &'static str, headers: &HeaderMap) -> Result<Response, Error> {
    let file = files.iter().find(|file| file.name == name).ok_or(Kind::NotFound)?;
    let compressed = takes_gzip(headers);
    // Each encoding is a separate representation with a separate validator (RFC 9110 §8.8.3.3).
    let tag = format!("\"{}{}\"", file.hash, if compressed { "-gzip" } else { "" });
    let mut response = if is_known(headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else if compressed {
        ([(header::CONTENT_TYPE, content_type), (header::CONTENT_ENCODING, "gzip")], file.gzip).into_response()
    } else {
        let mut bytes = Vec::new();
        GzDecoder::new(file.gzip).read_to_end(&mut bytes).map_err(Problem::internal)?;
        ([(header::CONTENT_TYPE, content_type)], bytes).into_response()
    };
    let sent = response.headers_mut();
    sent.insert(header::CACHE_CONTROL, HeaderValue::from_static(cached));
    sent.append(header::VARY, HeaderValue::from_static("accept-encoding"));
    sent.insert(header::ETAG, HeaderValue::try_from(tag).map_err(Problem::internal)?);
    Ok(response)
}

/// Returns whether `Accept-Encoding` accepts gzip (RFC 9110 §12.5.3).
fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let weight = |coding: &str| {
        accepted.split(',').find_map(|part| {
            let mut words = part.split(';').map(str::trim);
            let named = words.next().is_some_and(|name| name.eq_ignore_ascii_case(coding));
            named.then(|| words.find_map(|word| word.strip_prefix("q=")).map_or(1000, thousandths))
        })
    };
    weight("gzip").or_else(|| weight("*")).is_some_and(|weight| weight > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(name: http::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn gzip_is_for_who_takes_it() {
        for takes in ["gzip", "br, GZIP;q=0.5", "gzip, deflate, br, zstd", "*", "identity;q=0, *;q=0.1", "deflate , gzip ; q=1"] {
            assert!(takes_gzip(&asked(header::ACCEPT_ENCODING, takes)), "{takes}");
        }
        for refuses in ["", "br", "identity", "gzip;q=0", "gzip;q=0.000, *", "*;q=0", "gzip;q=x", "gzipped"] {
            assert!(!takes_gzip(&asked(header::ACCEPT_ENCODING, refuses)), "{refuses}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn a_validator_is_of_one_encoding() {
        // An empty file.
        const GZIP: &[u8] = &[31, 139, 8, 0, 0, 0, 0, 0, 0, 255, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let files = [File { name: "a.json", hash: "abc", gzip: GZIP }];
        let tag = |headers: &HeaderMap| {
            let response = file(&files, "a.json", "application/json", "no-store", headers).unwrap();
            (response.status(), response.headers()[header::ETAG].to_str().unwrap().to_owned())
        };
        let (plain, gzip) = (tag(&HeaderMap::new()).1, tag(&asked(header::ACCEPT_ENCODING, "gzip")).1);
        assert_ne!(plain, gzip);
        for known in [plain.clone(), format!("W/{plain}"), format!("\"x\", {plain}"), "*".to_owned()] {
            assert_eq!(tag(&asked(header::IF_NONE_MATCH, &known)).0, StatusCode::NOT_MODIFIED, "{known}");
        }
        for other in [gzip, "\"x\"".to_owned(), plain.trim_matches('"').to_owned()] {
            assert_eq!(tag(&asked(header::IF_NONE_MATCH, &other)).0, StatusCode::OK, "{other}");
        }
        assert!(file(&files, "b.json", "application/json", "no-store", &HeaderMap::new()).is_err());
    }
}
