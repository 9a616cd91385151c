//! The key of the hashes of codes and tokens.

use accounts::Keyring;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use kernel::{Secret, crypto::hmac_sha256, id::ChallengeId};

/// The key of the hashes of codes and tokens.
#[derive(Clone)]
pub struct CodeKey(Secret);

impl CodeKey {
    /// Returns the current key of a keyring.
    pub(crate) fn new(ring: &Keyring) -> Self {
        Self(ring.current().1.clone())
    }

    pub(crate) fn hash(&self, challenge: ChallengeId, code: &str) -> String {
        let sent = format!("{challenge}|{code}");
        BASE64_URL_SAFE_NO_PAD.encode(hmac_sha256(self.0.expose().as_bytes(), &[sent.as_bytes()]))
    }

    /// Returns the secret, from which refresh tokens are derived.
    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.0
    }
}
