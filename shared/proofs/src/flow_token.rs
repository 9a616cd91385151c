//! The secret that continues a flow: a registration, a sign-in in several steps, a step-up.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use kernel::{Id as _, Sys, id::ChallengeId};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

/// The id of a flow, known to its client alone: `flw_` and 256 random bits.
#[derive(Clone, ToSchema)]
#[schema(value_type = String, examples("flw_q83vEjRWeJC6q83vEjRWeJC6q83vEjRWeJC6q83vEjQ"), min_length = 47, max_length = 47)]
pub struct FlowToken([u8; 32]);

impl FlowToken {
    /// A new one.
    #[must_use]
    pub fn draw(sys: &Sys) -> Self {
        Self(sys.bytes())
    }

    /// The id under which the flow is stored. It does not lead back to the token.
    #[must_use]
    pub fn id(&self) -> ChallengeId {
        let digest = Sha256::digest(self.0);
        let (id, _) = digest.split_first_chunk::<16>().map_or(([0; 16], &[][..]), |(id, rest)| (*id, rest));
        ChallengeId::from_ulid(u128::from_be_bytes(id).into())
    }
}

impl fmt::Display for FlowToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "flw_{}", BASE64_URL_SAFE_NO_PAD.encode(self.0))
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
        let wrong = || serde::de::Error::custom("not a flow");
        let text = String::deserialize(d)?;
        let bytes = text.strip_prefix("flw_").and_then(|t| BASE64_URL_SAFE_NO_PAD.decode(t).ok()).ok_or_else(wrong)?;
        Ok(Self(bytes.try_into().map_err(|_| wrong())?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_token_has_one_spelling_and_hides_in_logs() {
        let token = FlowToken::draw(&Sys::real());
        let text = serde_json::to_value(&token).unwrap();
        assert_eq!(serde_json::from_value::<FlowToken>(text.clone()).unwrap().id(), token.id());
        assert_eq!(format!("{token:?}"), "flw_…");
        for bad in ["", "flw_", "flw_AAAA", &text.as_str().unwrap()[4..]] {
            assert!(serde_json::from_value::<FlowToken>(bad.into()).is_err(), "{bad}");
        }
    }
}
