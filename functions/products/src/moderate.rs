//! Changing and deleting comments of others, by moderators.
//!
//! Moderators can delete any comment. A changed comment keeps the name of its author, so moderators cannot change a comment of a person
//! with a role as high as theirs, as with a change of the account ([`Actor::may_change`]).

use accounts::{
    audit::{Action, AuditEntry},
    staff::{self, Actor, Role, Roles},
    user::User,
};
use axum::extract::State;
use callers::{Fresh, Staff, staff::Moderator};
use commerce::comment::{Comment, OnProduct};
use kernel::{
    Kind, Problem,
    id::{CommentId, ProductId},
};
use store::{CommitError, Slot, Tx};
use web::{Error, Json, NoContent, Path, Problems, Reason, RequestId};

use crate::{
    State as Shop,
    comments::{CommentInfo, WriteComment},
};

/// Changes a comment of somebody else. For moderators with a recent proof by a second factor. Not for the comment of somebody with a role
/// as high as theirs.
///
/// AWS calls: the caller and their roles in one; a read of the comment; a batch of its author and their roles; a transaction.
#[utoipa::path(put, path = "/v1/moderation/comments/{product}/{comment}", request_body = WriteComment,
    params(("product" = ProductId, Path, description = "The product."), ("comment" = CommentId, Path, description = "The comment.")),
    extensions(("x-problems" = json!(["not_found", "invalid", "account_protected", "conflict"]))),
    responses((status = 200, body = CommentInfo), Problems))]
pub async fn change_comment_of_other(
    State(s): State<Shop>,
    Fresh(caller): Fresh<Staff<Moderator>>,
    request: RequestId,
    Reason(reason): Reason,
    Path(at): Path<OnProduct>,
    Json(body): Json<WriteComment>,
) -> Result<Json<CommentInfo>, Error> {
    let (text, now) = (body.parse()?, s.sys.now());
    let comment = read(&s, at).await?;
    let by = Actor { user: caller.member.user.id, role: caller.role };
    let (person, held) = (User::key_of(comment.author), Roles::key_of(comment.author));
    let mut found = s.table.get_many(vec![person.clone(), held.clone()]).await?;
    by.may_change(&found.take::<Roles>(&held)?.unwrap_or_else(|| Roles::none(comment.author)))?;
    let author = found.take::<User>(&person)?;
    let mut tx = Tx::new();
    let there = comment.change(&mut tx, &text, now);
    let allowed = by.require(&mut tx, comment.author);
    let entry = entry(&s, &caller, &request, Action::CommentChanged, &comment).because(reason);
    commit(&s, tx, there, &entry.changed("text", &comment.text, &text), |e| allowed.problem(e)).await?;
    tracing::info!(comment.id = %comment.id, actor.id = %by.user, "a comment was changed by a moderator");
    Ok(Json(CommentInfo::of(Comment { text, edited_at: Some(now), ..comment }, author.as_ref())))
}

/// Deletes a comment of somebody else. For moderators with a recent proof by a second factor.
///
/// AWS calls: the caller and their roles in one; a read; a transaction.
#[utoipa::path(delete, path = "/v1/moderation/comments/{product}/{comment}",
    params(("product" = ProductId, Path, description = "The product."), ("comment" = CommentId, Path, description = "The comment.")),
    extensions(("x-problems" = json!(["not_found", "conflict"]))),
    responses((status = 204, description = "It is deleted."), Problems))]
pub async fn delete_comment_of_other(
    State(s): State<Shop>,
    Fresh(caller): Fresh<Staff<Moderator>>,
    request: RequestId,
    Reason(reason): Reason,
    Path(at): Path<OnProduct>,
) -> Result<NoContent, Error> {
    let comment = read(&s, at).await?;
    let mut tx = Tx::new();
    let there = comment.delete(&mut tx);
    let still = staff::require(&mut tx, caller.member.user.id, Role::Moderator);
    let entry = entry(&s, &caller, &request, Action::CommentDeleted, &comment).because(reason);
    commit(&s, tx, there, &entry, |e| staff::refused(e, still)).await?;
    tracing::info!(comment.id = %comment.id, actor.id = %caller.member.user.id, "a comment was deleted by a moderator");
    Ok(NoContent)
}

async fn read(s: &Shop, at: OnProduct) -> Result<Comment, Problem> {
    s.table.get(Comment::key_of(at)).await?.ok_or_else(|| Kind::NotFound.into())
}

/// Returns the entry of the audit about a moderator's change of a comment. Its subject is the author of the comment.
fn entry(s: &Shop, caller: &Staff<Moderator>, request: &RequestId, action: Action, comment: &Comment) -> AuditEntry {
    comment.audited(AuditEntry::by(&s.sys, caller.member.user.id, &request.0, action, comment.author))
}

/// Commits a moderator's change of a comment, together with its entry of the audit. `refused` makes the problem of a failed condition on
/// their role.
async fn commit(
    s: &Shop,
    mut tx: Tx,
    there: Slot,
    entry: &AuditEntry,
    refused: impl FnOnce(CommitError) -> Problem,
) -> Result<(), Problem> {
    s.audit.add(&mut tx, entry);
    s.table.commit(tx).await.map_err(|e| match &e {
        CommitError::Refused(r) if r.at(there) => match r.current(there) {
            Some(_) => Kind::Conflict.because("somebody else has changed the comment"),
            None => Kind::NotFound.into(),
        },
        _ => refused(e),
    })
}
