//! The rights of a member of staff on an account, so that a page offers only operations that are allowed. Each right is computed by the
//! rule that its operations use.

use accounts::{
    directory::Account,
    staff::{self, Actor},
};
use callers::staff::{AtLeast as _, Superuser};
use serde::Serialize;
use utoipa::ToSchema;

/// A right of the caller on an account, which can be used if the state of the account allows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountRight {
    /// Change the profile, end the sessions, deactivate the account, and schedule and cancel its deletion.
    Change,
    /// Ban the person from chat.
    Ban,
    /// Reactivate the account.
    Reactivate,
    /// Give and take roles.
    ChangeRoles,
}

/// Returns the rights of an administrator on an account.
pub(crate) fn of(caller: Actor, account: &Account) -> Vec<AccountRight> {
    let (roles, superuser) = (&account.roles, caller.role >= Superuser::ROLE);
    let rights = [
        (AccountRight::Change, caller.may_change(roles).is_ok()),
        // The condition of the ban is `staff::require_none`.
        (AccountRight::Ban, roles.roles.is_empty()),
        (AccountRight::Reactivate, superuser),
        (AccountRight::ChangeRoles, superuser && staff::may_change_roles(caller.user, roles).is_ok()),
    ];
    rights.into_iter().filter_map(|(right, has)| has.then_some(right)).collect()
}
