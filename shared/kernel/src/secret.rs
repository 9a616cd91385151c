//! A wrapper for values that must not be printed, logged or serialised by accident.

use subtle::ConstantTimeEq as _;

/// A secret value. Its `Debug` hides it, and it has no `Display` and no `Serialize`.
#[derive(Clone, serde::Deserialize)]
#[serde(transparent)]
pub struct Secret<T = String>(T);

impl<T> Secret<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Returns the value itself, for the code that needs it.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> std::fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Returns whether two byte strings are equal, in constant time for equal lengths.
#[must_use]
pub fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}
