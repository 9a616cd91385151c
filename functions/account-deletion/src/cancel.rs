//! Taking it back, by one's session. No password: whoever can use the account may keep it.

use accounts::{
    MemberAnd,
    deletion::{self, Deletion, Stage},
};
use axum::extract::State;
use kernel::{
    Kind, Problem,
    id::{ChallengeId, UserId},
};
use store::{CommitError, Tx};
use web::{Error, Json, Language, Problems};

use crate::leaving::Leaving;

/// Takes a scheduled deletion back. A mail says so.
///
/// AWS calls: the batch that proves the session and brings what is scheduled, with the link that has to go with it, and the
/// transaction.
#[utoipa::path(delete, path = "/v1/me/deletion", tag = "account-deletion",
    extensions(("x-problems" = json!(["deletion_not_scheduled", "deletion_begun", "conflict"]))),
    responses((status = 200, body = Leaving), Problems))]
pub async fn cancel_deletion(
    State(s): State<crate::State>,
    MemberAnd { member, subject }: MemberAnd<Deletion>,
    Language(locale): Language,
) -> Result<Json<Leaving>, Error> {
    let deletion = subject.ok_or(Kind::DeletionNotScheduled)?;
    let link = deletion.cancel.filter(|_| deletion.stage == Stage::Scheduled).ok_or(Kind::DeletionBegun)?;
    take_back(&s, member.user.id, link, Kind::DeletionNotScheduled).await?;
    Ok(Json(Leaving::of(&s.rules, &member.user, None, s.sys.now(), locale)))
}

/// Takes back the scheduling that this link belongs to. Who comes after the sweep is told so; who comes after somebody else
/// who took it back, or scheduled again, is told `gone`.
pub async fn take_back(s: &crate::State, user: UserId, link: ChallengeId, gone: Kind) -> Result<(), Problem> {
    let mut tx = Tx::new();
    let slot = deletion::cancel(&mut tx, &s.sys, user, link);
    match s.table.commit(tx).await {
        Ok(()) => {
            tracing::info!(user.id = %user, "deletion cancelled");
            Ok(())
        }
        Err(CommitError::Refused(r)) if r.at(slot) => {
            let current = r.current(slot).map(store::Row::decode::<Deletion>).transpose()?;
            let begun = current.is_some_and(|d| d.stage != Stage::Scheduled);
            Err(Problem::new(if begun { Kind::DeletionBegun } else { gone }))
        }
        Err(e) => Err(e.into()),
    }
}
