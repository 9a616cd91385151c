//! Members of a JSON merge patch (RFC 7396).

use serde::{Deserialize, Deserializer};

/// A member of a merge patch. With `#[serde(default)]` on the field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PatchMember<T> {
    /// It was absent.
    #[default]
    Leave,
    /// It was `null`.
    Clear,
    /// It had a value.
    To(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for PatchMember<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(d)?.map_or(Self::Clear, Self::To))
    }
}
