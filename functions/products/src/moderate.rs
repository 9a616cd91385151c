//! What moderators do with comments of others on products.

use accounts::{
    audit::{Action, AuditEntry},
    staff::{self, Role},
    user::User,
};
use axum::extract::State;
use callers::{Staff, staff::Moderator};
use commerce::comment::{Comment, OnProduct};
use kernel::{
    Kind, Problem,
    id::{CommentId, ProductId, UserId},
};
use store::{Slot, Tx};
use web::{Error, Json, NoContent, Path, Problems, RequestId};

use crate::{
    State as Shop,
    comments::{CommentInfo, WriteComment},
};

/// Changes a comment of somebody else. For moderators.
///
/// AWS calls: the caller and their roles in one; a read of the comment and one of its author; a transaction.
#[utoipa::path(put, path = "/v1/moderation/comments/{product}/{comment}", request_body = WriteComment,
    params(("product" = ProductId, Path, description = "The product."), ("comment" = CommentId, Path, description = "The comment.")),
    extensions(("x-problems" = json!(["not_found", "invalid", "conflict"]))),
    responses((status = 200, body = CommentInfo), Problems))]
pub async fn change_comment_of_other(
    State(s): State<Shop>,
    caller: Staff<Moderator>,
    request: RequestId,
    Path(at): Path<OnProduct>,
    Json(body): Json<WriteComment>,
) -> Result<Json<CommentInfo>, Error> {
    let (text, now) = (body.parse()?, s.sys.now());
    let comment = read(&s, at).await?;
    let author = s.table.get::<User>(User::key_of(comment.author)).await?;
    let mut tx = Tx::new();
    let there = comment.change(&mut tx, &text, now);
    commit(&s, tx, there, (caller.member.user.id, &request), Action::CommentChanged, &comment).await?;
    Ok(Json(CommentInfo::of(Comment { text, edited_at: Some(now), ..comment }, author.as_ref())))
}

/// Deletes a comment of somebody else. For moderators.
///
/// AWS calls: the caller and their roles in one; a read; a transaction.
#[utoipa::path(delete, path = "/v1/moderation/comments/{product}/{comment}",
    params(("product" = ProductId, Path, description = "The product."), ("comment" = CommentId, Path, description = "The comment.")),
    extensions(("x-problems" = json!(["not_found", "conflict"]))),
    responses((status = 204, description = "It is deleted."), Problems))]
pub async fn delete_comment_of_other(
    State(s): State<Shop>,
    caller: Staff<Moderator>,
    request: RequestId,
    Path(at): Path<OnProduct>,
) -> Result<NoContent, Error> {
    let comment = read(&s, at).await?;
    let mut tx = Tx::new();
    let there = comment.delete(&mut tx);
    commit(&s, tx, there, (caller.member.user.id, &request), Action::CommentDeleted, &comment).await?;
    Ok(NoContent)
}

async fn read(s: &Shop, at: OnProduct) -> Result<Comment, Problem> {
    s.table.get(Comment::key_of(at)).await?.ok_or_else(|| Kind::NotFound.into())
}

/// Commits what a moderator does with a comment, with the entry of the audit about its author.
async fn commit(
    s: &Shop,
    mut tx: Tx,
    there: Slot,
    (caller, request): (UserId, &RequestId),
    action: Action,
    comment: &Comment,
) -> Result<(), Problem> {
    let still = staff::require(&mut tx, caller, Role::Moderator);
    let entry = AuditEntry::by(&s.sys, caller, &request.0, action, comment.author);
    s.audit.add(&mut tx, &entry.changed("product", comment.product, comment.product).changed("comment", comment.id, comment.id));
    s.table.commit(tx).await.map_err(|e| if e.refused(there) { Kind::NotFound.into() } else { staff::refused(e, still) })?;
    tracing::info!(comment.id = %comment.id, actor.id = %caller, ?action, "a comment was moderated");
    Ok(())
}
