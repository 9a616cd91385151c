//! Scheduling. It takes the password, because a session that was left open must not be enough to lose everything.

use std::time::Duration;

use accounts::{
    MemberAnd,
    deletion::{self, Deletion, Stage},
    password::{MAX_BYTES, Verdict},
    user::PasswordHash,
};
use axum::extract::State;
use kernel::{Kind, Problem, Secret, id::UserId};
use serde::Deserialize;
use store::{
    CommitError, Slot, Tx,
    limits::{self, Limit},
};
use tokio::{join, try_join};
use utoipa::ToSchema;
use web::{Client, Error, Json, Language, Problems};

use crate::leaving::Leaving;

/// The proof that it is the owner who wants to leave.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleDeletion {
    /// The current password.
    #[schema(value_type = String, format = Password, examples("tall giraffes dance"))]
    password: Secret,
}

/// Schedules the deletion of one's account. If it is scheduled already the time starts afresh. A mail says so and has a link
/// that takes it back.
///
/// AWS calls: the batch that proves the session and brings what was scheduled before; at once the password and the two
/// counters of attempts, which count before the password is compared; the transaction, and at once with it the one counter
/// taken back that many people behind one address share and that would make their transactions collide.
#[utoipa::path(post, path = "/v1/me/deletion", tag = "account-deletion", security(("bearer" = [])), request_body = ScheduleDeletion,
    extensions(("x-problems" = json!(["password_wrong", "too_many_requests", "deletion_begun", "conflict"]))),
    responses((status = 200, body = Leaving), Problems))]
pub async fn schedule_deletion(
    State(s): State<crate::State>,
    MemberAnd { member, subject }: MemberAnd<Deletion>,
    client: Client,
    Language(locale): Language,
    Json(body): Json<ScheduleDeletion>,
) -> Result<Json<Leaving>, Error> {
    let (user, before, now) = (member.user, subject, s.sys.now());
    if before.as_ref().is_some_and(|d| d.stage != Stage::Scheduled) {
        return Err(Kind::DeletionBegun.into());
    }
    let (by_user, by_client) = attempt(user.id, &client);
    let both = [by_user.clone(), by_client.clone()];
    let counted = async { limits::take(&s.table, now, &both).await.map_err(Problem::from) };
    let stored = async { s.table.get::<PasswordHash>(PasswordHash::key_of(user.id)).await.map_err(Problem::from) };
    let ((), hash) = try_join!(counted, stored)?;
    if body.password.expose().len() > MAX_BYTES || s.hasher.verify(hash.as_ref(), &body.password).await? == Verdict::Wrong {
        return Err(Kind::PasswordWrong.into());
    }

    let mut tx = Tx::new();
    let (deletion, slot) = deletion::schedule(&mut tx, &s.sys, &user, before.as_ref(), s.rules.interval());
    tx.delete(by_user.key());
    let (scheduled, forgiven) = join!(s.table.commit(tx), limits::give_back(&s.table, &by_client));
    scheduled.map_err(|e| refused(e, slot))?;
    if let Err(e) = forgiven {
        tracing::warn!(error = %e, "a success stays counted as an attempt");
    }
    tracing::info!(user.id = %user.id, deletion.id = %deletion.id, again = before.is_some(), "deletion scheduled");
    Ok(Json(Leaving::of(&s.rules, &user, Some(&deletion), now, locale)))
}

/// Five wrong passwords at one account, twenty from one client: then a pause.
fn attempt(user: UserId, client: &Client) -> (Limit, Limit) {
    (
        Limit::new("deletion_account", user, 5, Duration::from_secs(300)).pausing(),
        Limit::new("deletion_client", client.network(), 20, Duration::from_secs(900)),
    )
}

fn refused(e: CommitError, slot: Slot) -> Problem {
    match e {
        CommitError::Refused(r) if r.at(slot) => {
            // Scheduled or cancelled from another device meanwhile, or claimed.
            let stage = r.current(slot).and_then(|row| row.decode::<Deletion>().ok()).map(|d| d.stage);
            let begun = matches!(stage, Some(Stage::Purging | Stage::Done));
            Problem::new(if begun { Kind::DeletionBegun } else { Kind::Conflict })
        }
        e => e.into(),
    }
}
