//! Cancelling a deletion with the caller's session. No password is needed, because keeping an account does no harm.

use accounts::{
    audit::{Action, AuditEntry},
    deletion::{Deletion, Stage},
};
use axum::extract::State;
use callers::MemberWith;
use kernel::{
    Kind, Problem,
    id::{ChallengeId, UserId},
};
use proofs::deletion_link;
use store::{CommitError, Tx};
use web::{Error, Json, Language, Problems, RequestId};

use crate::leaving::Leaving;

/// Cancels a scheduled deletion. A confirmation goes by mail, or by text message to a person without an address.
///
/// AWS calls: the batch that authenticates the caller and reads the scheduled deletion with its link, which is deleted too; the
/// transaction.
#[utoipa::path(delete, path = "/v1/me/deletion",
    extensions(("x-problems" = json!(["deletion_not_scheduled", "deletion_begun", "conflict"]))),
    responses((status = 200, body = Leaving), Problems))]
pub async fn cancel_deletion(
    State(s): State<crate::State>,
    MemberWith { member, resource }: MemberWith<Deletion>,
    client: RequestId,
    Language(locale): Language,
) -> Result<Json<Leaving>, Error> {
    let deletion = resource.ok_or(Kind::DeletionNotScheduled)?;
    let link = deletion.cancel.filter(|_| deletion.stage == Stage::Scheduled).ok_or(Kind::DeletionBegun)?;
    cancel_scheduled(&s, member.user.id, link, &client, Kind::DeletionNotScheduled).await?;
    Ok(Json(Leaving::of(&s.rules, &member.user, None, s.sys.now(), locale)))
}

/// Cancels the scheduled deletion that this link belongs to.
///
/// # Errors
/// [`Kind::DeletionBegun`] if the sweep has claimed the account; `if_missing` if the deletion was cancelled or scheduled again since.
pub async fn cancel_scheduled(
    s: &crate::State,
    user: UserId,
    link: ChallengeId,
    client: &RequestId,
    if_missing: Kind,
) -> Result<(), Problem> {
    let mut tx = Tx::new();
    let slot = deletion_link::cancel(&mut tx, &s.sys, user, link, client);
    s.audit.add(&mut tx, &AuditEntry::of_own(&s.sys, user, &client.0, Action::DeletionCancelled));
    match s.table.commit(tx).await {
        Ok(()) => {
            tracing::info!(user.id = %user, "deletion cancelled");
            Ok(())
        }
        Err(CommitError::Refused(r)) if r.at(slot) => {
            let current = r.current(slot).map(store::Row::decode::<Deletion>).transpose()?;
            let begun = current.is_some_and(|d| d.stage != Stage::Scheduled);
            Err(Problem::new(if begun { Kind::DeletionBegun } else { if_missing }))
        }
        Err(e) => Err(e.into()),
    }
}
