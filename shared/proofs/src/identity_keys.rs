//! The root keys of functions that deal with passwords, codes and factors.

use accounts::Keyring;
use kernel::{ConfigError, Secret, Sys};

use crate::{challenge::CodeKey, factor::FactorKeys, password::Hasher};

/// The root keys of functions that deal with passwords, codes and factors. Each purpose has keys of its own, derived from them.
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

    /// Hashes codes, and makes refresh tokens: under the current key alone.
    #[must_use]
    pub fn code_key(&self) -> CodeKey {
        CodeKey::new(&self.0.derive("stoa code key v1"))
    }

    /// The peppers that passwords are hashed with.
    #[must_use]
    pub fn peppers(&self) -> Keyring {
        self.0.derive("stoa pepper v1")
    }

    /// Hashes passwords.
    #[must_use]
    pub fn hasher(&self, sys: &Sys) -> Hasher {
        Hasher::new(self.peppers(), sys)
    }

    /// Seals the seeds of authenticator apps.
    #[must_use]
    pub fn factor_keys(&self, sys: &Sys) -> FactorKeys {
        FactorKeys::new(&self.0.derive("stoa factor key v1"), sys)
    }
}

/// A ring of these keys under their ids, the current one first.
#[cfg(test)]
pub(crate) fn ring(keys: &[(&str, &str)]) -> Keyring {
    let mut stored: std::collections::BTreeMap<&str, &str> = keys.iter().copied().collect();
    stored.insert("current", keys[0].0);
    Keyring::parse("KEYS", &Secret::new(serde_json::to_string(&stored).unwrap())).unwrap()
}
