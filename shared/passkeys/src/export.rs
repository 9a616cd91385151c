//! The passkeys in a person's export.

use accounts::export::Kind;

/// Which attributes are exported. Not the public key, which is of no use without the authenticator.
pub const KINDS: &[Kind] = &[Kind::told("passkey", &["id", "name", "created_at", "last_used_at"])];
