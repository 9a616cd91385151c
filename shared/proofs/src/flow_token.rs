//! The secret that continues a flow: a registration, a sign-in in several steps, a step-up.

use std::fmt;

use kernel::{Id as _, Sys, crypto::truncate, id::ChallengeId, opaque};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

/// The secret of a flow, which only its client has: `flw_` and 256 random bits.
#[derive(Clone, ToSchema)]
#[schema(value_type = String, examples("flw_q83vEjRWeJC6q83vEjRWeJC6q83vEjRWeJC6q83vEjQ"), min_length = 47, max_length = 47, pattern = "^flw_[A-Za-z0-9_-]{43}$")]
pub struct FlowToken([u8; 32]);

impl FlowToken {
    /// Draws a new token.
    #[must_use]
    pub fn draw(sys: &Sys) -> Self {
        Self(sys.bytes())
    }

    /// Returns the id under which the flow is stored. The token cannot be computed from it.
    #[must_use]
    pub fn id(&self) -> ChallengeId {
        ChallengeId::from_ulid(u128::from_be_bytes(truncate(Sha256::digest(self.0).into())).into())
    }
}

impl fmt::Display for FlowToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&opaque::write("flw", &self.0))
    }
}

impl fmt::Debug for FlowToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("flw_…")
    }
}

impl Serialize for FlowToken {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FlowToken {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let bytes = opaque::read("flw", &String::deserialize(d)?);
        bytes.map(Self).ok_or_else(|| serde::de::Error::custom("not a flow"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_token_has_one_spelling_and_is_hidden_in_logs() {
        let token = FlowToken::draw(&Sys::real());
        let text = serde_json::to_value(&token).unwrap();
        assert_eq!(serde_json::from_value::<FlowToken>(text.clone()).unwrap().id(), token.id());
        assert_eq!(format!("{token:?}"), "flw_…");
        let other = text.as_str().unwrap().replace("flw_", "dvc_");
        assert!(serde_json::from_value::<FlowToken>(other.into()).is_err());
    }
}
