//! Revoking a key, with effect from its next use.

use accounts::{
    api_key::ApiKey,
    audit::{Action, AuditEntry},
    staff::{self, Role},
};
use axum::extract::State;
use callers::{
    Fresh, Staff,
    staff::{Administrator, Superuser},
};
use kernel::{
    Kind, Problem,
    audit::ReasonText,
    id::{ApiKeyId, UserId},
};
use store::Tx;
use web::{Error, NoContent, Path, Problems, Reason, RequestId};

/// Revokes a key of this person. The actor must still have the role.
async fn revoke(
    s: &crate::State,
    actor: (UserId, Role),
    (request, reason): (&RequestId, Option<ReasonText>),
    user: UserId,
    id: ApiKeyId,
) -> Result<NoContent, Problem> {
    let (actor, role) = actor;
    let mut tx = Tx::new();
    let there = ApiKey::revoke(&mut tx, user, id);
    let still = staff::require(&mut tx, actor, role);
    let entry = AuditEntry::by(&s.sys, actor, &request.0, Action::ApiKeyRevoked, user);
    s.audit.add(&mut tx, &entry.changed("api_key", id, ()).because(reason));
    s.table.commit(tx).await.map_err(|e| match e {
        e if !e.refused(still) && e.refused(there) => Kind::NotFound.into(),
        e => staff::refused(e, still),
    })?;
    tracing::info!(user.id = %user, actor.id = %actor, key.id = %id, "an API key was revoked");
    Ok(NoContent)
}

/// Revokes a key of the caller, with effect from its next use.
///
/// For administrators with a recent proof by a second factor.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; the transaction.
#[utoipa::path(delete, path = "/v1/me/api-keys/{key}", params(("key" = ApiKeyId, Path)),
    extensions(("x-problems" = json!(["not_found", "conflict"]))),
    responses((status = 204, description = "The key opens nothing."), Problems))]
pub async fn revoke_api_key(
    State(s): State<crate::State>,
    Fresh(caller): Fresh<Staff<Administrator>>,
    request: RequestId,
    Path(id): Path<ApiKeyId>,
) -> Result<NoContent, Error> {
    let me = caller.member.user.id;
    Ok(revoke(&s, (me, Role::Administrator), (&request, None), me, id).await?)
}

/// Revokes a key of another person, with effect from its next use.
///
/// For superusers with a recent proof by a second factor.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; the transaction.
#[utoipa::path(delete, path = "/v1/admin/api-keys/{user}/{key}", params(("user" = UserId, Path), ("key" = ApiKeyId, Path)),
    extensions(("x-problems" = json!(["not_found", "conflict"]))),
    responses((status = 204, description = "The key opens nothing."), Problems))]
pub async fn revoke_api_key_of(
    State(s): State<crate::State>,
    Fresh(caller): Fresh<Staff<Superuser>>,
    request: RequestId,
    Reason(reason): Reason,
    Path((user, id)): Path<(UserId, ApiKeyId)>,
) -> Result<NoContent, Error> {
    Ok(revoke(&s, (caller.member.user.id, Role::Superuser), (&request, Some(reason)), user, id).await?)
}
