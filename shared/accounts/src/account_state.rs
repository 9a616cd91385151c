//! The states of an account, and the list of the accounts in each.

use kernel::id::UserId;
use serde::{Deserialize, Serialize};
use store::Key;
use utoipa::ToSchema;

/// The state of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// Active.
    Active,
    /// Active, with a scheduled deletion.
    Leaving,
    /// Deactivated. Only a superuser can reactivate it.
    Deactivated,
    /// Being deleted, which cannot be cancelled any more.
    Purging,
}

impl AccountState {
    /// Returns its name, as the API writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Leaving => "leaving",
            Self::Deactivated => "deactivated",
            Self::Purging => "purging",
        }
    }
}

/// Returns the partition of [`store::Index::AccountsInState`].
pub(crate) fn in_state(state: AccountState) -> String {
    format!("ACCOUNTS#{}", state.as_str())
}

/// Returns the key of an account in [`store::Index::AccountsInState`].
pub(crate) fn place(state: AccountState, user: UserId) -> Key {
    Key::new(in_state(state), user.to_string())
}
