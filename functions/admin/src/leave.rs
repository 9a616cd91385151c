//! Deactivating somebody's account, scheduling and cancelling its deletion, and ending all of its sessions.
//!
//! Each operation is one transaction with its audit entry and the notice to the person. The transaction checks that the caller still has
//! the role, and that the person has no role as high. A deletion by staff works like one by the owner: it begins after the same time, and
//! can be cancelled by staff, with the owner's session, or with the link that the owner gets. One conditional write of the deletion's item
//! decides whether a cancellation or the beginning came first.

use accounts::{
    audit::{Action, AuditEntry},
    deletion::{Deletion, Stage},
    directory::Account,
    session,
    staff::{self, Actor, ActorSlots},
    user::{Status, notify},
};
use axum::extract::State;
use callers::{Fresh, Staff, staff::Administrator};
use events::Notice;
use kernel::{Client, Kind, Problem};
use proofs::deletion_link;
use store::{CommitError, Item as _, Tx, Update};
use web::{Error, Json, NoContent, Path, Problems, Reason, RequestId};

use crate::account::AccountInfo;

/// A member of staff and an account that they may change.
struct Act<'a> {
    s: &'a crate::State,
    actor: Actor,
    request: &'a RequestId,
    account: Account,
}

impl<'a> Act<'a> {
    async fn on(s: &'a crate::State, caller: &Staff<Administrator>, request: &'a RequestId, username: &str) -> Result<Self, Problem> {
        let account = Account::named(&s.table, username).await?;
        let actor = Actor { user: caller.member.user.id, role: caller.role };
        actor.may_change(&account.roles)?;
        Ok(Self { s, actor, request, account })
    }

    /// Adds the check of the caller's role and the audit entry to a transaction.
    fn add(&self, tx: &mut Tx, action: Action, with: impl FnOnce(AuditEntry) -> AuditEntry) -> ActorSlots {
        let user = self.account.user.id;
        let entry = AuditEntry::by(&self.s.sys, self.actor.user, &self.request.0, action, user);
        self.s.audit.add(tx, &with(entry));
        self.actor.require(tx, user)
    }

    fn log(&self, what: &str) {
        tracing::info!(user.id = %self.account.user.id, actor.id = %self.actor.user, "{what}");
    }
}

/// Deactivates an account. All sessions end, sockets are closed, trusted devices are revoked, and the profile is hidden. The data is
/// kept, and the username, address and number stay taken. Its owner is notified. Only a superuser can reactivate it. A link that was sent
/// to a former address or number is void, also after a reactivation.
///
/// For administrators with a recent proof by a second factor. Nobody deactivates their own account here, nor that of somebody with a role
/// as high as theirs.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; the claim of the username; a batch for the account; the
/// transaction.
#[utoipa::path(post, path = "/v1/admin/users/{username}/deactivation",
    params(("username" = String, Path, max_length = 100, description = "In upper or lower case: `Anna` is `anna`.", example = "anna")),
    extensions(("x-problems" = json!(["not_found", "account_protected", "account_state", "conflict"]))),
    responses((status = 204, description = "The account is deactivated."), Problems))]
pub async fn deactivate_account(
    State(s): State<crate::State>,
    Fresh(caller): Fresh<Staff<Administrator>>,
    request: RequestId,
    Reason(reason): Reason,
    Path(username): Path<String>,
) -> Result<NoContent, Error> {
    let act = Act::on(&s, &caller, &request, &username).await?;
    let user = &act.account.user;
    if user.status != Status::Active {
        return Err(act.account.refusal().into());
    }
    let mut tx = Tx::new();
    staff::deactivate(&mut tx, &s.sys, user);
    let allowed =
        act.add(&mut tx, Action::AccountDeactivated, |e| e.changed("status", Status::Active, Status::Deactivated).because(reason));
    s.table.commit(tx).await.map_err(|e| allowed.problem(e))?;
    act.log("deactivated by staff");
    Ok(NoContent)
}

/// Ends all sessions of somebody, closes their sockets and revokes their trusted devices. The person is notified and has to sign in again.
///
/// For administrators with a recent proof by a second factor. Not for the caller's own account, nor for that of somebody with a role as
/// high as the caller's.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; the claim of the username; a batch for the account; the
/// transaction.
#[utoipa::path(delete, path = "/v1/admin/users/{username}/sessions",
    params(("username" = String, Path, max_length = 100, description = "In upper or lower case: `Anna` is `anna`.", example = "anna")),
    extensions(("x-problems" = json!(["not_found", "account_protected", "account_state", "conflict"]))),
    responses((status = 204, description = "They have ended."), Problems))]
pub async fn end_sessions(
    State(s): State<crate::State>,
    Fresh(caller): Fresh<Staff<Administrator>>,
    request: RequestId,
    Reason(reason): Reason,
    Path(username): Path<String>,
) -> Result<NoContent, Error> {
    let act = Act::on(&s, &caller, &request, &username).await?;
    let user = &act.account.user;
    if user.status != Status::Active {
        return Err(act.account.refusal().into());
    }
    let mut tx = Tx::new();
    session::renew_credentials(&mut tx, &s.sys, user, Update::of(user.key()), None);
    notify(&mut tx, &s.sys, user.id, Notice::SessionsEnded);
    let allowed = act.add(&mut tx, Action::SessionsEnded, |e| e.because(reason));
    s.table.commit(tx).await.map_err(|e| allowed.problem(e))?;
    act.log("sessions ended by staff");
    Ok(NoContent)
}

/// Schedules the deletion of an account, as its owner can. It begins after the same time, and until then staff and the owner can cancel
/// it. The owner gets a mail or a text message with a link that cancels it. No effect if a deletion is scheduled already.
///
/// For administrators with a recent proof by a second factor. Not for the caller's own account, nor for that of somebody with a role as
/// high as the caller's. Each request deletes one account.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; the claim of the username; a batch for the account; the
/// transaction.
#[utoipa::path(put, path = "/v1/admin/users/{username}/deletion",
    params(("username" = String, Path, max_length = 100, description = "In upper or lower case: `Anna` is `anna`.", example = "anna")),
    extensions(("x-problems" = json!(["not_found", "account_protected", "deletion_begun", "conflict"]))),
    responses((status = 200, body = AccountInfo), Problems))]
pub async fn schedule_account_deletion(
    State(s): State<crate::State>,
    Fresh(caller): Fresh<Staff<Administrator>>,
    request: RequestId,
    Reason(reason): Reason,
    Path(username): Path<String>,
) -> Result<Json<AccountInfo>, Error> {
    let act = Act::on(&s, &caller, &request, &username).await?;
    match act.account.deletion.as_ref().map(|deletion| deletion.stage) {
        Some(Stage::Scheduled) => return Ok(Json(act.account.into())),
        Some(Stage::Purging | Stage::Done) => return Err(Kind::DeletionBegun.into()),
        None => {}
    }
    let mut tx = Tx::new();
    let (deletion, slot) = deletion_link::schedule(&mut tx, &s.sys, &act.account.user, None, deletion_link::interval(s.days));
    let allowed = act.add(&mut tx, Action::DeletionScheduled, |e| e.changed("deletion", (), deletion.id).because(reason));
    s.table.commit(tx).await.map_err(|e| if e.refused(slot) { Kind::Conflict.into() } else { allowed.problem(e) })?;
    act.log("deletion scheduled by staff");
    Ok(Json(Account { deletion: Some(deletion), ..act.account }.into()))
}

/// Cancels the scheduled deletion of an account, whoever has scheduled it, and notifies the owner.
///
/// For administrators with a recent proof by a second factor. Not for the caller's own account, nor for that of somebody with a role as
/// high as the caller's. 409 `deletion_begun` if the deletion has begun.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; the claim of the username; a batch for the account; the
/// transaction.
#[utoipa::path(delete, path = "/v1/admin/users/{username}/deletion",
    params(("username" = String, Path, max_length = 100, description = "In upper or lower case: `Anna` is `anna`.", example = "anna")),
    extensions(("x-problems" = json!(["not_found", "account_protected", "deletion_not_scheduled", "deletion_begun", "conflict"]))),
    responses((status = 200, body = AccountInfo), Problems))]
pub async fn cancel_account_deletion(
    State(s): State<crate::State>,
    Fresh(caller): Fresh<Staff<Administrator>>,
    request: RequestId,
    Path(username): Path<String>,
) -> Result<Json<AccountInfo>, Error> {
    let act = Act::on(&s, &caller, &request, &username).await?;
    let deletion = act.account.deletion.as_ref().ok_or(Kind::DeletionNotScheduled)?;
    let link = deletion.cancel.filter(|_| deletion.stage == Stage::Scheduled).ok_or(Kind::DeletionBegun)?;
    let mut tx = Tx::new();
    // The notice to the owner must not contain the device and the place of the member of staff.
    let slot = deletion_link::cancel(&mut tx, &s.sys, act.account.user.id, link, &Client::default());
    let allowed = act.add(&mut tx, Action::DeletionCancelled, |e| e.changed("deletion", deletion.id, ()));
    match s.table.commit(tx).await {
        Ok(()) => {}
        Err(CommitError::Refused(r)) if r.at(slot) => {
            let current = r.current(slot).map(store::Row::decode::<Deletion>).transpose()?;
            let begun = current.is_some_and(|deletion| deletion.stage != Stage::Scheduled);
            return Err(Problem::new(if begun { Kind::DeletionBegun } else { Kind::DeletionNotScheduled }).into());
        }
        Err(e) => return Err(allowed.problem(e).into()),
    }
    act.log("deletion cancelled by staff");
    Ok(Json(Account { deletion: None, ..act.account }.into()))
}
