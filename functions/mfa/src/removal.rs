//! Turning second factors off, which takes the password and a factor.

use accounts::{
    audit::{Action, AuditEntry},
    session,
    user::{Factor, User, notify_of},
};
use axum::extract::State;
use callers::{Fresh, Member};
use events::Notice;
use kernel::{Kind, Problem, Secret};
use proofs::{factor, password};
use serde::Deserialize;
use store::{Tx, Update};
use utoipa::ToSchema;
use web::{Json, NoContent, Problems, RequestId};

use crate::pending::Setup;

/// The proof that is needed in addition to the step-up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveMfa {
    /// The current password. Not needed for an account without one, nor right after a step-up with it.
    #[schema(value_type = Option<String>, format = Password, examples("tall giraffes dance"), max_length = 1024)]
    password: Option<Secret>,
}

/// Turns second factors off, and deletes the app's secret and the recovery codes. Passkeys stay. All other sessions end.
///
/// AWS calls: the caller, the calls of [`password::demand`], one transaction.
#[utoipa::path(post, path = "/v1/me/mfa/removal", request_body = RemoveMfa,
    extensions(("x-problems" = json!(["password_wrong", "too_many_requests", "mfa_not_enabled", "conflict"])), ("x-limits" = json!([password::DEMANDS]))),
    responses((status = 204), Problems))]
pub async fn remove_mfa(
    State(s): State<crate::State>,
    Fresh(member): Fresh<Member>,
    client: RequestId,
    Json(body): Json<RemoveMfa>,
) -> Result<NoContent, web::Error> {
    let user = &member.user;
    if !user.has_second_step() {
        return Err(Kind::MfaNotEnabled.into());
    }
    let keys = s.keys.get().await?;
    let mut tx = Tx::new();
    password::demand(&s.table, &keys.hasher(&s.sys), s.cooldown, &mut tx, &client, &member, body.password.as_ref()).await?;
    factor::erase(&mut tx, user);
    tx.delete(Setup::key_of(user.id));
    let off = Update::of(User::key_of(user.id)).set("factors", Vec::<Factor>::new());
    session::renew_credentials(&mut tx, &s.sys, user, off, Some(&member.session));
    let entry = AuditEntry::of_own(&s.sys, user.id, &client.0, Action::FactorsChanged);
    s.audit.add(&mut tx, &entry.changed("factors", &user.factors, Vec::<Factor>::new()));
    notify_of(&mut tx, &s.sys, user.id, Notice::MfaDisabled, &client);
    s.table.commit(tx).await.map_err(Problem::from)?;
    Ok(NoContent)
}
