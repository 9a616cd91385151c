//! Giving and removing roles. The caller must be a superuser at the moment of the change, and cannot change their own roles.
//! Therefore one superuser always remains, even when several remove each other's role concurrently.

use accounts::{
    api_key,
    audit::{Action, AuditEntry},
    directory::Account,
    staff::{self, Role},
};
use axum::extract::State;
use callers::{Fresh, Staff, staff::Superuser};
use kernel::audit::ReasonText;
use store::Tx;
use web::{Error, NoContent, Path, Problems, Reason, RequestId};

/// Gives a role to an account. If the account already has the role, nothing changes.
///
/// For superusers with a recent proof by a second factor. The other account must be active, without a scheduled deletion. Its
/// owner can use the role only after turning on a second factor.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; the claim of the username; a batch for the
/// account; the transaction.
#[utoipa::path(put, path = "/v1/admin/users/{username}/roles/{role}",
    params(
        ("username" = String, Path, max_length = 100, description = "In upper or lower case: `Anna` is `anna`.", example = "anna"),
        ("role" = Role, Path, description = "The role."),
    ),
    extensions(("x-problems" = json!(["own_roles", "account_state", "conflict"]))),
    responses((status = 204, description = "The account has the role."), Problems))]
pub async fn grant_role(
    State(s): State<crate::State>,
    Fresh(caller): Fresh<Staff<Superuser>>,
    request: RequestId,
    Reason(reason): Reason,
    Path((username, role)): Path<(String, Role)>,
) -> Result<NoContent, Error> {
    let account = Account::named(&s.table, &username).await?;
    change(&s, &caller, (&request, reason), &account, role, Action::RoleGranted).await
}

/// Removes a role from an account, with effect from its next request. If the account does not have the role, nothing changes.
/// Its other roles stay. An account that is no administrator any more has no API keys.
///
/// For superusers with a recent proof by a second factor. Nobody can remove their own role, so that there is always a
/// superuser.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; the claim of the username; a batch for the
/// account; the transaction; a query for API keys, and their deletion if there are some.
#[utoipa::path(delete, path = "/v1/admin/users/{username}/roles/{role}",
    params(
        ("username" = String, Path, max_length = 100, description = "In upper or lower case: `Anna` is `anna`.", example = "anna"),
        ("role" = Role, Path, description = "The role."),
    ),
    extensions(("x-problems" = json!(["own_roles", "conflict"]))),
    responses((status = 204, description = "The account does not have the role."), Problems))]
pub async fn take_role(
    State(s): State<crate::State>,
    Fresh(caller): Fresh<Staff<Superuser>>,
    request: RequestId,
    Reason(reason): Reason,
    Path((username, role)): Path<(String, Role)>,
) -> Result<NoContent, Error> {
    let account = Account::named(&s.table, &username).await?;
    let taken = change(&s, &caller, (&request, reason), &account, role, Action::RoleTaken).await?;
    let left = account.roles.without(role);
    if left.roles.iter().all(|role| *role < Role::Administrator) {
        api_key::revoke_all(&s.table, account.user.id).await?;
    }
    Ok(taken)
}

async fn change(
    s: &crate::State,
    caller: &Staff<Superuser>,
    (request, reason): (&RequestId, ReasonText),
    account: &Account,
    role: Role,
    action: Action,
) -> Result<NoContent, Error> {
    let (actor, subject, before) = (caller.member.user.id, account.user.id, &account.roles);
    let granted = action == Action::RoleGranted;
    let after = if granted { before.with(role) } else { before.without(role) };
    let mut tx = Tx::new();
    let slots = staff::change_roles(&mut tx, actor, before, &after)?;
    if after.roles.len() == before.roles.len() {
        return Ok(NoContent);
    }
    let entry = AuditEntry::by(&s.sys, actor, &request.0, action, subject);
    s.audit.add(&mut tx, &entry.changed("roles", &before.roles, &after.roles).because(reason));
    s.table.commit(tx).await.map_err(|e| match e {
        e if !e.refused(slots.still) && slots.staying.is_some_and(|staying| staying.was_refused(&e)) => account.refusal(),
        e => staff::refused(e, slots.still),
    })?;
    tracing::info!(user.id = %subject, actor.id = %actor, ?role, ?action, "roles changed");
    Ok(NoContent)
}
