//! The root keys of functions that handle passwords, codes and factors.

use accounts::Keyring;
use kernel::{ConfigError, Secret, Sys};

use crate::{challenge::CodeKey, factor::FactorKeys, password::Hasher};

/// The root keys of functions that handle passwords, codes and factors. Each purpose has separate keys, derived from them.
#[derive(Clone)]
pub struct IdentityKeys(Keyring);

impl IdentityKeys {
    /// The variable with the ARN of the secret.
    pub const VARIABLE: &str = "IDENTITY_KEYS";

    /// Parses the secret: see [`Keyring::parse`].
    ///
    /// # Errors
    /// [`ConfigError`]
    pub fn parse(stored: &Secret) -> Result<Self, ConfigError> {
        Keyring::parse(Self::VARIABLE, stored).map(Self)
    }

    /// Returns the key that hashes codes and makes refresh tokens, from the current root key.
    #[must_use]
    pub fn code_key(&self) -> CodeKey {
        CodeKey::new(&self.0.derive("stoa code key v1"))
    }

    /// Returns the peppers of password hashes.
    #[must_use]
    pub fn peppers(&self) -> Keyring {
        self.0.derive("stoa pepper v1")
    }

    /// Hashes and verifies passwords.
    #[must_use]
    pub fn hasher(&self, sys: &Sys) -> Hasher {
        Hasher::new(self.peppers(), sys)
    }

    /// Returns the keys that seal the seeds of authenticator apps.
    #[must_use]
    pub fn factor_keys(&self, sys: &Sys) -> FactorKeys {
        FactorKeys::new(&self.0.derive("stoa factor key v1"), sys)
    }
}

/// Returns a keyring of these keys, the current one first.
#[cfg(test)]
pub(crate) fn ring(keys: &[(&str, &str)]) -> Keyring {
    let mut stored: std::collections::BTreeMap<&str, &str> = keys.iter().copied().collect();
    stored.insert("current", keys[0].0);
    Keyring::parse("KEYS", &Secret::new(serde_json::to_string(&stored).unwrap())).unwrap()
}
