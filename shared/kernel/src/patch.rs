//! Members of a JSON merge patch (RFC 7396).

use serde::{Deserialize, Deserializer};

/// A member of a merge patch. The field needs `#[serde(default)]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PatchMember<T> {
    /// The member is absent: the value stays.
    #[default]
    Leave,
    /// The member is `null`: the value is removed.
    Clear,
    /// The member has a value: it replaces the old one.
    To(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for PatchMember<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(d)?.map_or(Self::Clear, Self::To))
    }
}

/// Reads a member that may be absent but not `null`: what it stands for always has a value. The field needs
/// `#[serde(default, deserialize_with = "kernel::not_null")]`.
///
/// # Errors
/// That of the value, and an error for `null`.
pub fn not_null<'de, T: Deserialize<'de>, D: Deserializer<'de>>(d: D) -> Result<Option<T>, D::Error> {
    T::deserialize(d).map(Some)
}
