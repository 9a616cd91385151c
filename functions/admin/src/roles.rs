//! Giving and taking roles. Whoever does either is a superuser when it happens, and not the one whom it happens to: that is why
//! there is always a superuser left, whoever takes whose role at the same moment.

use accounts::{
    Fresh, Staff,
    audit::{Action, Entry},
    staff::{self, Role, Superuser},
};
use axum::extract::State;
use kernel::{Kind, Problem};
use store::Tx;
use web::{Error, NoContent, Path, Problems, RequestId};

use crate::account::Account;

/// Gives somebody a role. Nothing happens if they have it.
///
/// For superusers who have lately proven a second factor; to somebody else, whose account is in use and not about to be deleted. Until
/// they have a second factor themselves the role opens nothing.
///
/// AWS calls: the batch that proves the session and brings the caller's roles; whose the name is; a batch for the account; the
/// transaction.
#[utoipa::path(put, path = "/v1/admin/users/{username}/roles/{role}", tag = "admin",
    params(
        ("username" = String, Path, max_length = 100, description = "In any case: `Anna` is `anna`.", example = "anna"),
        ("role" = Role, Path, description = "Which."),
    ),
    extensions(("x-problems" = json!(["own_roles", "account_state", "conflict"]))),
    responses((status = 204, description = "They have it."), Problems))]
pub async fn grant_role(
    State(s): State<crate::State>,
    Fresh(caller): Fresh<Staff<Superuser>>,
    request: RequestId,
    Path((username, role)): Path<(String, Role)>,
) -> Result<NoContent, Error> {
    let account = Account::named(&s.table, &username).await?;
    change(&s, &caller, &request, &account, role, Action::RoleGranted).await
}

/// Takes a role from somebody, from their next request on. Nothing happens if they do not have it. What they may do by another role
/// they still may.
///
/// For superusers who have lately proven a second factor; from somebody else, so that the last superuser stays.
///
/// AWS calls: the batch that proves the session and brings the caller's roles; whose the name is; a batch for the account; the
/// transaction.
#[utoipa::path(delete, path = "/v1/admin/users/{username}/roles/{role}", tag = "admin",
    params(
        ("username" = String, Path, max_length = 100, description = "In any case: `Anna` is `anna`.", example = "anna"),
        ("role" = Role, Path, description = "Which."),
    ),
    extensions(("x-problems" = json!(["own_roles", "conflict"]))),
    responses((status = 204, description = "They do not have it."), Problems))]
pub async fn take_role(
    State(s): State<crate::State>,
    Fresh(caller): Fresh<Staff<Superuser>>,
    request: RequestId,
    Path((username, role)): Path<(String, Role)>,
) -> Result<NoContent, Error> {
    let account = Account::named(&s.table, &username).await?;
    change(&s, &caller, &request, &account, role, Action::RoleTaken).await
}

async fn change(
    s: &crate::State,
    caller: &Staff<Superuser>,
    request: &RequestId,
    account: &Account,
    role: Role,
    action: Action,
) -> Result<NoContent, Error> {
    let (actor, subject, before) = (caller.member.user.id, account.user.id, &account.roles);
    if actor == subject {
        return Err(Kind::OwnRoles.because("nobody changes their own roles").into());
    }
    let granted = action == Action::RoleGranted;
    let after = if granted { before.with(role) } else { before.without(role) };
    if after.roles.len() == before.roles.len() {
        return Ok(NoContent);
    }
    let mut tx = Tx::new();
    before.replace(&mut tx, &after);
    let still = staff::superuser(&mut tx, actor);
    let staying = granted.then(|| staff::staying(&mut tx, subject));
    let entry = Entry::by(&s.sys, actor, request, action, subject);
    s.audit.add(&mut tx, &entry.changed("roles", &before.roles, &after.roles));
    s.table.commit(tx).await.map_err(|e| match e {
        e if e.refused(still) => Kind::Forbidden.because("the caller lost the role meanwhile"),
        e if staying.is_some_and(|staying| staying.was_refused(&e)) => account.refusal(),
        e => Problem::from(e),
    })?;
    tracing::info!(user.id = %subject, actor.id = %actor, ?role, ?action, "roles changed");
    Ok(NoContent)
}
