//! Deactivating the caller's account. This takes a fresh proof and the password, because a stolen session must not be enough to
//! lock the owner out.

use accounts::{
    audit::{Action, AuditEntry},
    session, staff,
    user::{Status, notify_of},
};
use axum::extract::State;
use callers::{Fresh, Member};
use events::Notice;
use kernel::{Kind, Problem, Secret};
use proofs::password;
use serde::Deserialize;
use store::Tx;
use utoipa::ToSchema;
use web::{Error, Json, NoContent, Problems, RequestId};

/// The proof that the owner wants the deactivation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeactivateMe {
    /// The current password. Not needed for an account without one, nor right after a step-up with it.
    #[schema(value_type = Option<String>, format = Password, examples("tall giraffes dance"), max_length = 1024)]
    password: Option<Secret>,
}

/// Deactivates the account. All sessions end, sockets are closed, trusted devices are revoked, and the profile is hidden. The data is
/// kept, and the username, address and number stay taken. Only a superuser can reactivate the account: signing in, registering again or
/// resetting the password does not. Its owner is notified. A superuser cannot be deactivated before another superuser has removed that
/// role.
///
/// AWS calls: the caller; two counters of attempts, before the password is compared; the password; the transaction, and an
/// update that gives the client's attempt back.
#[utoipa::path(post, path = "/v1/me/deactivation", request_body = DeactivateMe,
    extensions(("x-problems" = json!(["password_wrong", "too_many_requests", "superuser_stays", "conflict"])), ("x-limits" = json!([password::DEMANDS]))),
    responses((status = 204), Problems))]
pub async fn deactivate_me(
    State(s): State<crate::State>,
    Fresh(member): Fresh<Member>,
    client: RequestId,
    Json(body): Json<DeactivateMe>,
) -> Result<NoContent, Error> {
    let user = &member.user;
    let keys = s.keys.get().await?;
    let mut tx = Tx::new();
    password::demand(&s.table, &keys.hasher(&s.sys), s.cooldown, &mut tx, &client, &member, body.password.as_ref()).await?;
    session::renew_credentials(&mut tx, &s.sys, user, user.deactivate(s.sys.now()), None);
    let entry = AuditEntry::of_own(&s.sys, user.id, &client.0, Action::AccountDeactivated);
    s.audit.add(&mut tx, &entry.changed("status", user.status, Status::Deactivated));
    notify_of(&mut tx, &s.sys, user.id, Notice::AccountDeactivated, &client);
    let may_leave = staff::require_no_superuser(&mut tx, user.id);
    s.table.commit(tx).await.map_err(|e| if e.refused(may_leave) { Kind::SuperuserStays.into() } else { Problem::from(e) })?;
    tracing::info!(user.id = %user.id, "deactivated");
    Ok(NoContent)
}
