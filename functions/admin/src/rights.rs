//! What a member of staff may do with an account, so that no page offers what is refused. Each right is asked of the rule that its
//! operations ask.

use accounts::{
    directory::Account,
    staff::{self, Actor},
};
use callers::staff::{AtLeast as _, Superuser};
use serde::Serialize;
use utoipa::ToSchema;

/// Something that the caller may do with an account, if its state allows it.
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

/// What an administrator may do with an account.
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
