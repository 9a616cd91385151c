//! Changing the password with the current one.

use accounts::{
    audit::{Action, AuditEntry},
    session,
    user::{PasswordHash, User, notify_of},
};
use axum::extract::State;
use callers::{Fresh, Member};
use events::Notice;
use kernel::{Problem, Secret};
use proofs::{
    guesses,
    password::{self, Demanded, MAX_BYTES, Verdict},
    repeat::{Repeatable, Reply},
};
use serde::Deserialize;
use store::{
    Tx, Update,
    limits::{self, HOUR, Quota},
};
use utoipa::ToSchema;
use web::{Json, NoContent, Problems, RequestId};

use crate::reset::{delete_link, unchanged};

/// Changes that one person may request: each costs three hashes, a request to the service of breached passwords, and a mail.
const CHANGES: Quota = Quota::window("password_changes", 30, HOUR, "for an account");

/// The current password, and the new one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    /// The current password. Not needed for an account without one, nor right after a step-up with it.
    #[schema(value_type = Option<String>, format = Password, examples("tall giraffes dance"), max_length = 1024)]
    current_password: Option<Secret>,
    /// At least 12 characters unless configured otherwise, at most 128, and different from the current one.
    #[schema(value_type = String, format = Password, examples("short zebras sing"), max_length = 128)]
    new_password: Secret,
}

/// Changes the password. The session of this request stays, all other sessions end, and trusted devices are revoked. The same
/// request again within ten seconds after it succeeded gets the same answer.
///
/// AWS calls: the caller, a counter, the calls of [`password::demand`], one transaction. A refused request costs another read. So
/// does a repeated one, which gives back what was counted.
#[utoipa::path(put, path = "/v1/me/password", request_body = ChangePassword,
    extensions(("x-problems" = json!(["password_wrong", "too_many_requests", "invalid", "conflict"])), ("x-limits" = json!([CHANGES, password::DEMANDS]))),
    responses((status = 204), Problems))]
pub async fn change_password(
    State(s): State<crate::State>,
    Fresh(member): Fresh<Member>,
    client: RequestId,
    Json(body): Json<ChangePassword>,
) -> Result<Reply, web::Error> {
    let current = body.current_password.as_ref().map_or("", |password| password.expose());
    let passwords = guesses::mark(&s.code_key, &client, current, &body.new_password);
    let repeatable = Repeatable::new(&s.code_key, &s.sys, "change_password", &[&member.session.id.to_string()], &[&passwords]);
    Ok(repeatable.answer(&s.table, change(&s, &member, &client, &body, &repeatable)).await?)
}

async fn change(
    s: &crate::State,
    member: &Member,
    client: &RequestId,
    body: &ChangePassword,
    repeatable: &Repeatable,
) -> Result<Reply, Problem> {
    let (user, mut tx) = (&member.user, Tx::new());
    limits::take(&s.table, s.sys.now(), &[CHANGES.of(user.id)]).await?;
    let demanded = password::compare(&s.table, s.sys.now(), &s.hasher, s.cooldown, client, member, body.current_password.as_ref()).await?;
    if let Demanded::Wrong(wrong) = &demanded
        && let Some(first) = repeatable.first_answer(&s.table).await?
    {
        // A repeated request: the typed password was correct for the first one, so it is not counted as a failure.
        wrong.give_back(&s.table).await;
        return Ok(first);
    }
    let old: Option<PasswordHash> = demanded.settle(&s.table, s.sys.now(), &mut tx, client).await?;
    let short = body.new_password.expose().len() <= MAX_BYTES;
    let same = old.is_some() && short && s.hasher.verify(old.as_ref(), &body.new_password).await? != Verdict::Wrong;
    crate::check_new_password(s, user, &body.new_password, same, "/new_password").await?;
    let done = repeatable.seal(NoContent).await?;
    done.keep(&mut tx);
    tx.put(&s.hasher.hash(user.id, &body.new_password).await?, unchanged(old.as_ref()));
    delete_link(&mut tx, user);
    let record = Update::of(User::key_of(user.id)).set("has_password", true).remove("reset_by_mail");
    session::renew_credentials(&mut tx, &s.sys, user, record, Some(&member.session));
    s.audit.add(&mut tx, &AuditEntry::of_own(&s.sys, user.id, &client.0, Action::PasswordChanged));
    notify_of(&mut tx, &s.sys, user.id, Notice::PasswordChanged, client);
    s.table.commit(tx).await?;
    Ok(done.reply())
}
