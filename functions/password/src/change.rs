//! Changing the password with the current one.

use accounts::{
    session,
    user::{PasswordHash, User, notify},
};
use axum::extract::State;
use callers::{Fresh, Member};
use events::Notice;
use kernel::{Problem, Secret};
use proofs::password::{self, MAX_BYTES, Verdict};
use serde::Deserialize;
use store::{
    Tx, Update,
    limits::{self, HOUR, Quota},
};
use utoipa::ToSchema;
use web::{Client, Json, NoContent, Problems};

use crate::reset::{forget, unchanged};

/// Requests of one person: each costs three hashes, a look-up and a mail.
const CHANGES: Quota = Quota::window("password_changes", 30, HOUR, "for an account");

/// The current password, and the new one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    /// The current password. Not needed for an account without one.
    #[schema(value_type = Option<String>, format = Password, examples("tall giraffes dance"), max_length = 1024)]
    current_password: Option<Secret>,
    /// At least 12 characters unless configured otherwise, at most 128, and different from the current one.
    #[schema(value_type = String, format = Password, examples("short zebras sing"), max_length = 128)]
    new_password: Secret,
}

/// Changes the password. The session of this request stays, all other sessions end, and trusted devices are revoked.
///
/// AWS calls: the caller, a counter, the calls of [`password::demand`], one transaction.
#[utoipa::path(put, path = "/v1/me/password", request_body = ChangePassword,
    extensions(("x-problems" = json!(["password_wrong", "too_many_requests", "invalid", "conflict"])), ("x-limits" = json!([CHANGES, password::DEMANDS]))),
    responses((status = 204), Problems))]
pub async fn change_password(
    State(s): State<crate::State>,
    Fresh(member): Fresh<Member>,
    client: Client,
    Json(body): Json<ChangePassword>,
) -> Result<NoContent, web::Error> {
    let (user, mut tx) = (&member.user, Tx::new());
    limits::take(&s.table, s.sys.now(), &[CHANGES.of(user.id)]).await?;
    let old: Option<PasswordHash> =
        password::demand(&s.table, &s.sys, &s.hasher, &mut tx, &client, user, body.current_password.as_ref()).await?;
    let short = body.new_password.expose().len() <= MAX_BYTES;
    let same = old.is_some() && short && s.hasher.verify(old.as_ref(), &body.new_password).await? != Verdict::Wrong;
    crate::acceptable(&s, user, &body.new_password, same, "/new_password").await?;
    tx.put(&s.hasher.hash(user.id, &body.new_password).await?, unchanged(old.as_ref()));
    forget(&mut tx, user);
    let record = Update::of(User::key_of(user.id)).set("has_password", true).remove("reset_by_mail");
    session::renew_credentials(&mut tx, &s.sys, user, record, Some(&member.session));
    notify(&mut tx, &s.sys, user.id, Notice::PasswordChanged);
    s.table.commit(tx).await.map_err(Problem::from)?;
    Ok(NoContent)
}
