//! Sending a dead letter again.

use accounts::{
    audit::{Action, AuditEntry},
    staff,
};
use axum::extract::State;
use callers::{Fresh, Staff, staff::Superuser};
use events::Outbox;
use kernel::{Kind, id::DeadLetterId};
use store::{Cond, Tx};
use web::{Error, NoContent, Path, Problems, Reason, RequestId};

use crate::letter::DeadLetter;

/// Sends the event of a dead letter again, and removes the letter from the list. Functions that have processed the event ignore it. If a
/// function fails on it again, it becomes a dead letter again.
///
/// For superusers with a recent proof by a second factor. Letters without an `event` cannot be sent again: `not_found`.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; a read; a transaction.
#[utoipa::path(post, path = "/v1/admin/dead-letters/{letter}/redrive",
    params(("letter" = DeadLetterId, Path, description = "The dead letter.")),
    extensions(("x-problems" = json!(["not_found", "conflict"]))),
    responses((status = 204, description = "The event is being sent again."), Problems))]
pub async fn redrive_dead_letter(
    State(s): State<crate::State>,
    Fresh(caller): Fresh<Staff<Superuser>>,
    request: RequestId,
    Reason(reason): Reason,
    Path(id): Path<DeadLetterId>,
) -> Result<NoContent, Error> {
    let actor = caller.member.user.id;
    let now = s.sys.now();
    let letter = s.table.get::<DeadLetter>(DeadLetter::key_of(id)).await?.filter(|letter| letter.is_kept(now));
    let event = letter.and_then(|letter| letter.event).ok_or(Kind::NotFound)?;
    let mut tx = Tx::new();
    let there = tx.delete_when(DeadLetter::key_of(id), Cond::Exists);
    let entry = AuditEntry::by(&s.sys, actor, &request.0, Action::EventRedriven, actor);
    s.audit.add(&mut tx, &entry.changed("event", event.id, ()).because(reason));
    let event = Outbox { again: Some(now), ..event };
    tx.put_always(&event);
    let still = staff::require_superuser(&mut tx, actor);
    let done = s.table.commit(tx).await;
    done.map_err(|e| if e.refused(there) { Kind::NotFound.into() } else { staff::refused(e, still) })?;
    tracing::info!(event.id = %event.id, event.name = event.name, actor.id = %actor, "an event is sent again");
    Ok(NoContent)
}
