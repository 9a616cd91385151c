//! Secrets with ids, for rotation: the current secret is used for new values, and all secrets are accepted for existing values.

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD};
use kernel::{ConfigError, Secret, crypto::hkdf_sha256, env::is_weak};

/// The member of the JSON with the id of the current secret.
const CURRENT: &str = "current";

/// One or more secrets under short ids.
#[derive(Clone, Debug)]
pub struct Keyring {
    current: (String, Secret),
    others: Vec<(String, Secret)>,
}

impl Keyring {
    /// Parses a stored secret: `{"current":"k2","k2":"…","k1":"…"}`, each key of at least 32 unpredictable bytes. `name` is the
    /// name of the secret in errors.
    ///
    /// # Errors
    /// [`ConfigError`], which contains no part of the secret.
    pub fn parse(name: &str, stored: &Secret) -> Result<Self, ConfigError> {
        let wrong = |what: &str| ConfigError(vec![format!("{name} {what}")]);
        let mut keys: BTreeMap<String, String> = serde_json::from_str(stored.expose()).map_err(|_| wrong("is no JSON object of texts"))?;
        let current = keys.remove(CURRENT).ok_or_else(|| wrong("does not say which key is current"))?;
        if keys.values().any(|key| is_weak(key)) {
            return Err(wrong("is too weak: each key takes at least 32 unpredictable bytes"));
        }
        let current = keys.remove_entry(&current).ok_or_else(|| wrong("has no key of the id that is current"))?;
        let secret = |(id, key)| (id, Secret::new(key));
        Ok(Self { current: secret(current), others: keys.into_iter().map(secret).collect() })
    }

    /// Returns a keyring of these keys, the current one first.
    #[cfg(test)]
    pub(crate) fn of(keys: &[(&str, &str)]) -> Self {
        let mut stored: BTreeMap<&str, &str> = keys.iter().copied().collect();
        stored.insert(CURRENT, keys[0].0);
        Self::parse("KEYS", &Secret::new(serde_json::to_string(&stored).unwrap())).unwrap()
    }

    /// Returns a keyring for one purpose: from each secret 256 bits are derived by HKDF-SHA256 (RFC 5869), under the same id.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Self {
        let derived = |(id, secret): &(String, Secret)| (id.clone(), Secret::new(BASE64_STANDARD_NO_PAD.encode(expand(secret, purpose))));
        Self { current: derived(&self.current), others: self.others.iter().map(derived).collect() }
    }

    /// Returns the current secret, which is used for new values, and its id.
    #[must_use]
    pub fn current(&self) -> (&str, &Secret) {
        (&self.current.0, &self.current.1)
    }

    /// Returns the secret of this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Secret> {
        self.iter().find(|(known, _)| *known == id).map(|(_, secret)| secret)
    }

    /// Returns all secrets, the current one first.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Secret)> {
        [&self.current].into_iter().chain(&self.others).map(|(id, secret)| (id.as_str(), secret))
    }
}

/// 256 bits for one purpose, derived by HKDF-SHA256 (RFC 5869).
pub(crate) fn expand(secret: &Secret, purpose: &str) -> [u8; 32] {
    hkdf_sha256(&[], secret.expose().as_bytes(), purpose.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRONG: &str = "mX7qW2vZ9bN4cR8tY1uK5oP3sD6fG0hJ";

    fn read(stored: &str) -> Result<Vec<String>, String> {
        let keys = Keyring::parse("KEYS", &Secret::new(stored.to_owned())).map_err(|e| e.to_string())?;
        Ok(keys.iter().map(|(id, _)| id.to_owned()).collect())
    }

    #[test]
    fn the_current_one_is_the_first() {
        assert_eq!(read(&format!(r#"{{"current":"k1","k1":"{STRONG}"}}"#)), Ok(vec!["k1".to_owned()]));
        let two = format!(r#"{{"k1":"{STRONG}","k2":"{STRONG}","current":"k1"}}"#);
        assert_eq!(read(&two), Ok(vec!["k1".to_owned(), "k2".to_owned()]));
        assert_eq!(read(&two.replace(r#""current":"k1""#, r#""current":"k2""#)), Ok(vec!["k2".to_owned(), "k1".to_owned()]));
    }

    #[test]
    fn a_malformed_or_weak_keyring_is_refused_with_its_name() {
        let ring = |key: &str| format!(r#"{{"current":"k1","k1":"{key}","k2":"{STRONG}"}}"#);
        for stored in [
            "",
            STRONG,
            "[]",
            "{}",
            &ring(""),
            &ring("sh0rt"),
            &ring(&"a".repeat(64)),
            &ring("changeme-changeme-changeme-changeme"),
            &ring(STRONG).replace("\"current\":\"k1\"", "\"current\":\"k3\""),
            &ring(STRONG).replace("\"current\":\"k1\",", ""),
            &ring(STRONG).replace("\"k1\":", "\"k1\":1,\"k0\":"),
        ] {
            let error = read(stored).expect_err(stored);
            assert!(error.contains("KEYS") && !error.contains(STRONG) && !error.contains("sh0rt"), "{stored}: {error}");
        }
    }

    #[test]
    fn each_purpose_has_different_keys() {
        let ring = Keyring::parse("KEYS", &Secret::new(format!(r#"{{"current":"k1","k1":"{STRONG}"}}"#))).unwrap();
        let key = |purpose: &str| {
            let derived = ring.derive(purpose);
            let (id, key) = derived.current();
            (id.to_owned(), key.expose().clone())
        };
        assert_eq!((key("a"), key("a").0.as_str(), key("a").1.len()), (key("a"), "k1", 43));
        assert_ne!(key("a"), key("b"));
        assert_ne!(key("a").1, STRONG);
    }
}
