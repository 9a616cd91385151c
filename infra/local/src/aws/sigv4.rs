//! AWS Signature Version 4, verified on the server side.
//!
//! S3's requests are verified by s3s, which also decodes their chunked bodies. This module is for all other services.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html>

use std::{borrow::Cow, time::Duration};

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, Uri, header::AUTHORIZATION, request::Parts};
use kernel::Time;
use sha2::{Digest as _, Sha256};
use time::{PrimitiveDateTime, macros::format_description};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The most that the signer's clock may differ, as on AWS.
pub const MAX_SKEW: Duration = Duration::from_secs(15 * 60);

/// Why a signature is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// There is no signature.
    #[error("Request is missing Authentication Token")]
    Missing,
    /// The header cannot be parsed.
    #[error("Authorization header is not an AWS Signature Version 4 header with its date")]
    Malformed,
    /// The access key is not known.
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    /// Signed too long ago, or in the future.
    #[error("Signature expired or not yet current")]
    Skewed,
    /// Signed for another region.
    #[error("Credential should be scoped to a valid region.")]
    Region,
    /// The request was changed, or signed with another secret.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method."
    )]
    Mismatch,
}

/// The scope of a credential: `<key id>/<yyyymmdd>/<region>/<service>/aws4_request`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The access key id.
    pub key_id: String,
    date: String,
    /// The region the request was signed for.
    pub region: String,
    /// The service the request was signed for, such as `dynamodb`.
    pub service: String,
}

impl Scope {
    /// Returns the scope in the `Authorization` header or in the query of a presigned request. Not verified yet.
    pub fn claimed(headers: &HeaderMap, uri: &Uri) -> Option<Self> {
        let header = headers.get(AUTHORIZATION).and_then(|v| v.to_str().ok());
        let in_header = header.and_then(|h| field(h.strip_prefix(ALGORITHM)?, "Credential"));
        let credential = in_header.map(Cow::Borrowed).or_else(|| query_value(uri.query()?, "X-Amz-Credential"))?;
        let mut split = credential.split('/');
        let scope = Self {
            key_id: split.next()?.to_owned(),
            date: split.next()?.to_owned(),
            region: split.next()?.to_owned(),
            service: split.next()?.to_owned(),
        };
        (split.next() == Some("aws4_request")).then_some(scope)
    }
}

/// Returns a value of a query string, decoded.
pub fn query_value<'a>(query: &'a str, name: &str) -> Option<Cow<'a, str>> {
    let (_, value) = query.split('&').filter_map(|pair| pair.split_once('=')).find(|(n, _)| *n == name)?;
    percent_encoding::percent_decode_str(value).decode_utf8().ok()
}

/// Parses the date of a signature.
pub fn parse_date(text: &str) -> Option<Time> {
    let form = format_description!("[year][month][day]T[hour][minute][second]Z");
    let seconds = PrimitiveDateTime::parse(text, form).ok()?.assume_utc().unix_timestamp();
    Some(Time::from_millis(seconds.checked_mul(1000)?))
}

/// Verifies a request with a signature in its headers.
///
/// # Errors
/// [`SignatureError`], in the order of AWS: form, age, signature.
pub fn verify(parts: &Parts, body: &[u8], secret: &str, now: Time) -> Result<(), SignatureError> {
    let header = parts.headers.get(AUTHORIZATION).ok_or(SignatureError::Missing)?.to_str().map_err(|_| SignatureError::Malformed)?;
    let fields = header.strip_prefix(ALGORITHM).ok_or(SignatureError::Malformed)?;
    let scope = Scope::claimed(&parts.headers, &parts.uri).ok_or(SignatureError::Malformed)?;
    let names = field(fields, "SignedHeaders").ok_or(SignatureError::Malformed)?;
    let signature = field(fields, "Signature").ok_or(SignatureError::Malformed)?;
    let date = parts.headers.get("x-amz-date").and_then(|v| v.to_str().ok()).ok_or(SignatureError::Malformed)?;

    let signed_at = parse_date(date).filter(|_| date.starts_with(&scope.date)).ok_or(SignatureError::Malformed)?;
    if now.since(signed_at) > MAX_SKEW || signed_at.since(now) > MAX_SKEW {
        return Err(SignatureError::Skewed);
    }
    // An unsigned Host header would let a request be replayed against another endpoint.
    if !names.split(';').any(|n| n == "host") {
        return Err(SignatureError::Malformed);
    }
    let canonical = canonical_request(parts, names, body);
    let to_sign =
        format!("{ALGORITHM}\n{date}\n{}/{}/{}/aws4_request\n{}", scope.date, scope.region, scope.service, hex(&Sha256::digest(canonical)));
    let parts_of_key = [&scope.date, &scope.region, &scope.service, "aws4_request"];
    let key = parts_of_key.into_iter().try_fold(format!("AWS4{secret}").into_bytes(), |key, part| {
        mac(&key, part.as_bytes()).map(|mac| mac.finalize().into_bytes().to_vec())
    })?;
    let given = unhex(signature).ok_or(SignatureError::Malformed)?;
    // `verify_slice` compares in constant time.
    mac(&key, to_sign.as_bytes())?.verify_slice(&given).map_err(|_| SignatureError::Mismatch)
}

fn canonical_request(parts: &Parts, names: &str, body: &[u8]) -> String {
    let mut text = format!("{}\n{}\n{}\n", parts.method, encode_again(parts.uri.path()), canonical_query(parts.uri.query()));
    for name in names.split(';') {
        text.push_str(name);
        text.push(':');
        push_value(&mut text, &parts.headers, name);
        text.push('\n');
    }
    text.push('\n');
    text.push_str(names);
    text.push('\n');
    text.push_str(&hex(&Sha256::digest(body)));
    text
}

/// Encodes a path again, because every service but S3 signs the path encoded twice.
fn encode_again(path: &str) -> String {
    path.bytes().fold(String::with_capacity(path.len()), |mut out, b| {
        if b.is_ascii_alphanumeric() || b"-_.~/".contains(&b) {
            out.push(char::from(b));
        } else {
            out.push('%');
            out.extend(digits(b).map(|digit| digit.to_ascii_uppercase()));
        }
        out
    })
}

fn canonical_query(query: Option<&str>) -> String {
    let mut pairs: Vec<Cow<'_, str>> = query
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| if pair.contains('=') { Cow::Borrowed(pair) } else { Cow::Owned(format!("{pair}=")) })
        .collect();
    pairs.sort_unstable();
    pairs.join("&")
}

/// Appends the values of a header, with one space for several.
fn push_value(text: &mut String, headers: &HeaderMap, name: &str) {
    for (nth, value) in headers.get_all(name).iter().filter_map(|v| v.to_str().ok()).enumerate() {
        if nth > 0 {
            text.push(',');
        }
        for (nth, word) in value.split_whitespace().enumerate() {
            if nth > 0 {
                text.push(' ');
            }
            text.push_str(word);
        }
    }
}

fn field<'a>(fields: &'a str, name: &str) -> Option<&'a str> {
    fields.split(',').find_map(|f| f.trim().strip_prefix(name)?.strip_prefix('='))
}

fn mac(key: &[u8], message: &[u8]) -> Result<Hmac<Sha256>, SignatureError> {
    // HMAC takes keys of any length, so this cannot fail.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| SignatureError::Malformed)?;
    mac.update(message);
    Ok(mac)
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().copied().flat_map(digits).collect()
}

/// Returns the two digits of a byte. Each call hashes and encodes several times: formatting would take longer than hashing.
fn digits(byte: u8) -> [char; 2] {
    [byte >> 4, byte & 0xf].map(|digit| char::from_digit(digit.into(), 16).unwrap_or_default())
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    /// `get-vanilla-query-order-key-case` of AWS's signature test suite, whose signature AWS publishes.
    fn published() -> Parts {
        let request = http::Request::get("/?Param2=value2&Param1=value1")
            .header("host", "example.amazonaws.com")
            .header("x-amz-date", "20150830T123600Z")
            .header(
                AUTHORIZATION,
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, \
                 Signature=b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            );
        request.body(()).expect("request").into_parts().0
    }

    fn then() -> Time {
        parse_date("20150830T123600Z").expect("date")
    }

    #[test]
    fn the_published_signature_is_accepted() {
        assert_eq!(verify(&published(), b"", SECRET, then()), Ok(()));
        let scope = Scope::claimed(&published().headers, &published().uri).expect("scope");
        assert_eq!((scope.key_id.as_str(), scope.service.as_str()), ("AKIDEXAMPLE", "service"));
    }

    #[test]
    fn any_change_invalidates_the_signature() {
        assert_eq!(verify(&published(), b"x", SECRET, then()), Err(SignatureError::Mismatch), "body");
        assert_eq!(verify(&published(), b"", "other", then()), Err(SignatureError::Mismatch), "secret");
        let mut parts = published();
        parts.uri = "/other?Param2=value2&Param1=value1".parse().expect("uri");
        assert_eq!(verify(&parts, b"", SECRET, then()), Err(SignatureError::Mismatch), "path");
        let mut parts = published();
        parts.headers.insert("host", "evil.example".parse().expect("value"));
        assert_eq!(verify(&parts, b"", SECRET, then()), Err(SignatureError::Mismatch), "header");
    }

    #[test]
    fn an_old_or_unsigned_request_is_refused() {
        assert_eq!(verify(&published(), b"", SECRET, then() + MAX_SKEW + Duration::from_secs(1)), Err(SignatureError::Skewed));
        let mut parts = published();
        parts.headers.remove(AUTHORIZATION);
        assert_eq!(verify(&parts, b"", SECRET, then()), Err(SignatureError::Missing));
        parts.headers.insert(AUTHORIZATION, "Bearer x".parse().expect("value"));
        assert_eq!(verify(&parts, b"", SECRET, then()), Err(SignatureError::Malformed));
    }

    #[test]
    fn paths_are_encoded_twice_and_spaces_are_merged() {
        assert_eq!(encode_again("/@connections/a%3D"), "/%40connections/a%253D");
        assert_eq!(canonical_query(Some("b=2&a&B=1")), "B=1&a=&b=2");
        let mut headers = HeaderMap::new();
        headers.append("x-a", "  a   b ".parse().expect("value"));
        headers.append("x-a", "c".parse().expect("value"));
        let mut value = String::new();
        push_value(&mut value, &headers, "x-a");
        assert_eq!(value, "a b,c");
    }
}
