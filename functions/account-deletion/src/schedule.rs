//! Scheduling a deletion. This takes a fresh proof and the password, because a stolen session must not be enough to delete an account.

use accounts::{
    audit::{Action, AuditEntry},
    deletion::{Deletion, Stage},
    session, staff,
};
use axum::extract::State;
use callers::{Fresh, MemberWith};
use kernel::{Kind, Problem, Secret};
use proofs::{deletion_link, password};
use serde::Deserialize;
use store::{
    CommitError, Item as _, Slot, Tx, Update,
    limits::{self, DAY, Quota},
};
use utoipa::ToSchema;
use web::{Error, Json, Language, Problems, RequestId};

use crate::leaving::Leaving;

/// How often one person may schedule a deletion: each time mails a link.
const SCHEDULES: Quota = Quota::window("deletion_schedules", 10, DAY, "for an account");

/// The proof that the owner wants the deletion.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleDeletion {
    /// The current password. Not needed for an account without one, nor right after a step-up with it.
    #[schema(value_type = Option<String>, format = Password, examples("tall giraffes dance"), max_length = 1024)]
    password: Option<Secret>,
}

/// Schedules the deletion of the caller's account. If it is already scheduled, the time starts again. A mail, or a text message to a
/// person without an address, confirms it and has a link that cancels it. All other sessions end. The deletion of a superuser cannot be
/// scheduled before another superuser has removed that role.
///
/// AWS calls: the batch that authenticates the caller and reads an earlier deletion; two counters of attempts, before the
/// password is compared; the password; a counter of mails; the transaction, and an update that gives the client's attempt back.
#[utoipa::path(post, path = "/v1/me/deletion", request_body = ScheduleDeletion,
    extensions(("x-problems" = json!(["password_wrong", "too_many_requests", "deletion_begun", "superuser_stays", "conflict"])), ("x-limits" = json!([SCHEDULES, password::DEMANDS]))),
    responses((status = 200, body = Leaving), Problems))]
pub async fn schedule_deletion(
    State(s): State<crate::State>,
    Fresh(MemberWith { member, resource }): Fresh<MemberWith<Deletion>>,
    client: RequestId,
    Language(locale): Language,
    Json(body): Json<ScheduleDeletion>,
) -> Result<Json<Leaving>, Error> {
    let (user, before, now) = (&member.user, resource, s.sys.now());
    if before.as_ref().is_some_and(|d| d.stage != Stage::Scheduled) {
        return Err(Kind::DeletionBegun.into());
    }
    let keys = s.keys.get().await?;
    let mut tx = Tx::new();
    password::demand(&s.table, &keys.hasher(&s.sys), s.cooldown, &mut tx, &client, &member, body.password.as_ref()).await?;
    // Counted after the password was compared: a wrong password sends no mail.
    limits::take(&s.table, now, &[SCHEDULES.of(user.id)]).await?;
    let (deletion, slot) = deletion_link::schedule(&mut tx, &s.sys, user, before.as_ref(), s.rules.interval());
    // Other sessions end, because somebody else may use them. The owner can sign in again.
    session::renew_credentials(&mut tx, &s.sys, user, Update::of(user.key()), Some(&member.session));
    let entry = AuditEntry::of_own(&s.sys, user.id, &client.0, Action::DeletionScheduled);
    s.audit.add(&mut tx, &entry.changed("due_at", before.as_ref().map(|before| before.due_at), deletion.due_at));
    let may_leave = staff::require_no_superuser(&mut tx, user.id);
    s.table.commit(tx).await.map_err(|e| if e.refused(may_leave) { Kind::SuperuserStays.into() } else { refused(e, slot) })?;
    tracing::info!(user.id = %user.id, deletion.id = %deletion.id, again = before.is_some(), "deletion scheduled");
    Ok(Json(Leaving::of(&s.rules, user, Some(&deletion), now, locale)))
}

fn refused(e: CommitError, slot: Slot) -> Problem {
    match e {
        CommitError::Refused(r) if r.at(slot) => {
            // A concurrent request has scheduled or cancelled the deletion, or the sweep has claimed the account.
            let stage = r.current(slot).and_then(|row| row.decode::<Deletion>().ok()).map(|d| d.stage);
            let begun = matches!(stage, Some(Stage::Purging | Stage::Done));
            Problem::new(if begun { Kind::DeletionBegun } else { Kind::Conflict })
        }
        e => e.into(),
    }
}
