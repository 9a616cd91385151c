//! The `Idempotency-Key` header, by which a client identifies a request that must be executed once, however often it is sent.

use axum::extract::FromRequestParts;
use http::{HeaderMap, request::Parts};
use kernel::Kind;

use crate::Error;

/// The name of the header.
const HEADER: &str = "idempotency-key";
/// The maximum number of characters of a key.
const MAX: usize = 255;

/// The key in `Idempotency-Key`: 1 to 255 visible characters of ASCII. If it is absent or invalid, the answer is 400.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(pub String);

impl IdempotencyKey {
    /// Returns the key in these headers, for operations where it is optional. `None` if it is absent or invalid.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut all = headers.get_all(HEADER).iter();
        let key = all.next().filter(|_| all.next().is_none())?.to_str().ok()?;
        let formed = (1..=MAX).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
        formed.then(|| Self(key.to_owned()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Error;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        Ok(Self::of(&parts.headers).ok_or(Kind::IdempotencyKeyRequired)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_visible_word() {
        let key = |values: &[&str]| {
            let headers: HeaderMap = values.iter().map(|value| (http::HeaderName::from_static(HEADER), value.parse().unwrap())).collect();
            IdempotencyKey::of(&headers).map(|key| key.0)
        };
        for good in ["a", "7f9c-01", &"k".repeat(MAX)] {
            assert_eq!(key(&[good]).as_deref(), Some(good));
        }
        for bad in [&[][..], &[""], &["a b"], &["a", "a"], &[&"k".repeat(MAX + 1)]] {
            assert_eq!(key(bad), None, "{bad:?}");
        }
    }
}
