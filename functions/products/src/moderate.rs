//! Changing and deleting comments of others, by moderators.

use accounts::{
    audit::{Action, AuditEntry},
    staff::{self, Role},
    user::User,
};
use axum::extract::State;
use callers::{Fresh, Staff, staff::Moderator};
use commerce::comment::{Comment, OnProduct};
use kernel::{
    Kind, Problem,
    id::{CommentId, ProductId, UserId},
};
use store::{CommitError, Slot, Tx};
use web::{Error, Json, NoContent, Path, Problems, Reason, RequestId};

use crate::{
    State as Shop,
    comments::{CommentInfo, WriteComment},
};

/// Changes a comment of somebody else. For moderators with a recent proof by a second factor.
///
/// AWS calls: the caller and their roles in one; a read of the comment and one of its author; a transaction.
#[utoipa::path(put, path = "/v1/moderation/comments/{product}/{comment}", request_body = WriteComment,
    params(("product" = ProductId, Path, description = "The product."), ("comment" = CommentId, Path, description = "The comment.")),
    extensions(("x-problems" = json!(["not_found", "invalid", "conflict"]))),
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
    let author = s.table.get::<User>(User::key_of(comment.author)).await?;
    let mut tx = Tx::new();
    let there = comment.change(&mut tx, &text, now);
    let entry = entry(&s, &caller, &request, Action::CommentChanged, &comment).because(reason);
    commit(&s, tx, there, caller.member.user.id, &entry.changed("text", &comment.text, &text)).await?;
    tracing::info!(comment.id = %comment.id, actor.id = %caller.member.user.id, "a comment was changed by a moderator");
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
    commit(&s, tx, there, caller.member.user.id, &entry(&s, &caller, &request, Action::CommentDeleted, &comment).because(reason)).await?;
    tracing::info!(comment.id = %comment.id, actor.id = %caller.member.user.id, "a comment was deleted by a moderator");
    Ok(NoContent)
}

async fn read(s: &Shop, at: OnProduct) -> Result<Comment, Problem> {
    s.table.get(Comment::key_of(at)).await?.ok_or_else(|| Kind::NotFound.into())
}

/// The entry of the audit about a moderator's change of a comment. Its subject is the author of the comment.
fn entry(s: &Shop, caller: &Staff<Moderator>, request: &RequestId, action: Action, comment: &Comment) -> AuditEntry {
    comment.audited(AuditEntry::by(&s.sys, caller.member.user.id, &request.0, action, comment.author))
}

/// Commits a moderator's change of a comment, together with its entry of the audit.
async fn commit(s: &Shop, mut tx: Tx, there: Slot, caller: UserId, entry: &AuditEntry) -> Result<(), Problem> {
    let still = staff::require(&mut tx, caller, Role::Moderator);
    s.audit.add(&mut tx, entry);
    s.table.commit(tx).await.map_err(|e| match &e {
        CommitError::Refused(r) if r.at(there) => match r.current(there) {
            Some(_) => Kind::Conflict.because("somebody else has changed the comment"),
            None => Kind::NotFound.into(),
        },
        _ => staff::refused(e, still),
    })
}
