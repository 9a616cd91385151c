//! Reactivating an account that was deactivated by its owner, or because its number was recycled.

use accounts::{
    audit::{Action, AuditEntry},
    directory::Account,
    staff,
    user::Status,
};
use axum::extract::State;
use callers::{Fresh, Staff, staff::Superuser};
use store::Tx;
use web::{Error, NoContent, Path, Problems, RequestId};

/// Reactivates a deactivated account with all its data. Its former sessions and trusted devices stay revoked: the owner has to
/// sign in again, and is notified by mail or, without an address, by text message.
///
/// For superusers with a recent proof by a second factor.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; the claim of the username; a batch for the
/// account; the transaction.
#[utoipa::path(post, path = "/v1/admin/users/{username}/reactivation",
    params(("username" = String, Path, max_length = 100, description = "In upper or lower case: `Anna` is `anna`.", example = "anna")),
    extensions(("x-problems" = json!(["account_state", "conflict"]))),
    responses((status = 204, description = "The account is active again."), Problems))]
pub async fn reactivate_account(
    State(s): State<crate::State>,
    Fresh(caller): Fresh<Staff<Superuser>>,
    request: RequestId,
    Path(username): Path<String>,
) -> Result<NoContent, Error> {
    let account = Account::named(&s.table, &username).await?;
    let (user, actor) = (&account.user, caller.member.user.id);
    if user.status != Status::Deactivated {
        return Err(account.refusal().into());
    }
    let mut tx = Tx::new();
    staff::reactivate(&mut tx, &s.sys, user);
    let still = staff::require_superuser(&mut tx, actor);
    let entry = AuditEntry::by(&s.sys, actor, &request.0, Action::AccountReactivated, user.id);
    s.audit.add(&mut tx, &entry.changed("status", Status::Deactivated, Status::Active));
    s.table.commit(tx).await.map_err(|e| staff::refused(e, still))?;
    tracing::info!(user.id = %user.id, actor.id = %actor, "reactivated");
    Ok(NoContent)
}
