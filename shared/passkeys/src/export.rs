//! What this crate stores about a person, for themselves.

use accounts::export::Kind;

/// What becomes of it. The key is the authenticator's, which has the other half.
pub const KINDS: &[Kind] = &[Kind::told("passkey", &["id", "name", "created_at", "last_used_at"])];
