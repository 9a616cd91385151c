//! Prepared replies of the team. What one person prepares everybody of the team sends, so every change takes a recent proof.

use accounts::{
    audit::{Action, AuditEntry},
    staff::{self, Role},
};
use axum::extract::State;
use callers::{Fresh, Staff, staff::Moderator};
use kernel::{
    FieldError, Fields, Kind, Problem, Timestamp,
    audit::ReasonText,
    id::{ReplyId, RoomId},
};
use messaging::{
    room::Room,
    support::reply::{self, PreparedReply, REPLIES, ReplyText, ReplyTitle},
};
use serde::{Deserialize, Serialize};
use store::{Cond, Slot, Tx, version_is};
use utoipa::{IntoParams, ToSchema};
use web::{Created, IfMatch, Json, NoContent, Path, Problems, Query, Reason, RequestId, Versioned};

use crate::talk::desk_of;

/// The maximum number of characters of an order's number.
const ORDER_MAX_CHARS: usize = 60;

/// A prepared reply.
#[derive(Serialize, ToSchema)]
pub struct PreparedReplyInfo {
    /// The id.
    id: ReplyId,
    /// The title.
    #[schema(examples("On its way"))]
    title: String,
    /// The text, with the variables `{name}` and `{order}`.
    #[schema(examples("Hello {name}, your order {order} is on its way."))]
    text: String,
    /// When it was last changed.
    updated_at: Timestamp,
    /// The version, which a change names in `If-Match`.
    #[schema(minimum = 1)]
    version: u64,
}

impl From<PreparedReply> for PreparedReplyInfo {
    fn from(PreparedReply { id, title, text, at, version, .. }: PreparedReply) -> Self {
        Self { id, title: title.to_string(), text: text.as_str().to_owned(), updated_at: at.into(), version }
    }
}

/// All prepared replies.
#[derive(Serialize, ToSchema)]
pub struct PreparedReplyList {
    /// The replies, the oldest first. At most 200.
    items: Vec<PreparedReplyInfo>,
}

/// A new prepared reply.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PrepareReply {
    /// 1 to 60 characters.
    #[schema(min_length = 1, max_length = 60, examples("On its way"))]
    title: String,
    /// 1 to 4,000 characters. `{name}` stands for the customer's username, `{order}` for the number of an order; other braces are
    /// refused.
    #[schema(min_length = 1, max_length = 4000, examples("Hello {name}, your order {order} is on its way."))]
    text: String,
}

impl PrepareReply {
    fn parse(&self) -> Result<(ReplyTitle, ReplyText), Problem> {
        let mut fields = Fields::new();
        let title = fields.take("/title", ReplyTitle::parse(&self.title));
        let text = fields.take("/text", ReplyText::parse(&self.text));
        match title.zip(text) {
            Some(parsed) => Ok(parsed),
            None => Err(fields.problem()),
        }
    }
}

/// Lists the prepared replies of the team. For moderators.
///
/// AWS calls: the caller and their roles in one; a query.
#[utoipa::path(get, path = "/v1/support/replies", responses((status = 200, body = PreparedReplyList), Problems))]
pub async fn list_prepared_replies(
    State(s): State<crate::State>,
    _caller: Staff<Moderator>,
) -> Result<Json<PreparedReplyList>, web::Error> {
    Ok(Json(PreparedReplyList { items: reply::all(&s.table).await?.into_iter().map(Into::into).collect() }))
}

/// Commits a change of a prepared reply with its entry in the audit. Fails with this problem if the condition of the slot does not hold.
async fn commit(
    s: &crate::State,
    mut tx: Tx,
    (slot, problem): (Slot, Problem),
    (caller, request): (&Staff<Moderator>, &RequestId),
    (before, after): (Option<ReplyId>, Option<ReplyId>),
    reason: Option<ReasonText>,
) -> Result<(), Problem> {
    let me = caller.member.user.id;
    let still = staff::require(&mut tx, me, Role::Moderator);
    let entry = AuditEntry::by(&s.sys, me, &request.0, Action::SupportReplyChanged, me).because(reason);
    s.audit.add(&mut tx, &entry.changed("reply", before, after));
    s.table.commit(tx).await.map_err(|e| if e.refused(slot) { problem } else { staff::refused(e, still) })
}

/// Creates a prepared reply for the whole team. The audit records who created it. For moderators with a recent proof by a second factor.
///
/// AWS calls: the caller and their roles in one; a read of the number of replies, the first time a query and an update more; a transaction.
#[utoipa::path(post, path = "/v1/support/replies", request_body = PrepareReply,
    extensions(("x-problems" = json!(["invalid", "too_many", "conflict"]))),
    responses((status = 201, body = PreparedReplyInfo), Problems))]
pub async fn create_prepared_reply(
    State(s): State<crate::State>,
    Fresh(caller): Fresh<Staff<Moderator>>,
    request: RequestId,
    Json(body): Json<PrepareReply>,
) -> Result<Created<PreparedReplyInfo>, web::Error> {
    let (title, text) = body.parse()?;
    let reply = PreparedReply { id: s.sys.id(), title, text, by: Some(caller.member.user.id), at: s.sys.now(), version: 1 };
    let replies = REPLIES.counted(&s.table).await?;
    let mut tx = Tx::new();
    tx.create(&reply);
    let room = replies.grow(&mut tx);
    commit(&s, tx, (room, REPLIES.full()), (&caller, &request), (None, Some(reply.id)), None).await?;
    Ok(Created(format!("/v1/support/replies/{}", reply.id), reply.into()))
}

/// Replaces a prepared reply: 412 if it has changed since the version in `If-Match`. The audit records who replaced it. For moderators with
/// a recent proof by a second factor.
///
/// AWS calls: the caller and their roles in one; a read; a transaction.
#[utoipa::path(put, path = "/v1/support/replies/{reply}", request_body = PrepareReply,
    params(("reply" = ReplyId, Path, description = "The prepared reply."),
        ("If-Match" = String, Header, format = "versions", description = "The version to be changed: `v` and the `version` of the reply, in quotes, a list of them, or `*` for any.", example = "\"v3\"")),
    extensions(("x-problems" = json!(["not_found", "invalid", "version_required", "version_mismatch", "conflict"]))),
    responses((status = 200, body = PreparedReplyInfo, headers(("ETag" = String, description = "Its new version."))), Problems))]
pub async fn replace_prepared_reply(
    State(s): State<crate::State>,
    Fresh(caller): Fresh<Staff<Moderator>>,
    request: RequestId,
    wanted: IfMatch,
    Path(id): Path<ReplyId>,
    Json(body): Json<PrepareReply>,
) -> Result<Versioned<PreparedReplyInfo>, web::Error> {
    let (title, text) = body.parse()?;
    let before = s.table.get::<PreparedReply>(PreparedReply::key_of(id)).await?.ok_or(Kind::NotFound)?;
    if !wanted.names(before.version) {
        return Err(Kind::VersionMismatch.into());
    }
    let version = before.version.saturating_add(1);
    let reply = PreparedReply { id, title, text, by: Some(caller.member.user.id), at: s.sys.now(), version };
    let mut tx = Tx::new();
    let same = tx.put(&reply, version_is(before.version));
    commit(&s, tx, (same, Kind::VersionMismatch.into()), (&caller, &request), (Some(id), Some(id)), None).await?;
    Ok(Versioned(version, reply.into()))
}

/// Deletes a prepared reply. No effect if there is none. The audit records who deleted it, and why. For moderators with a recent proof by a
/// second factor.
///
/// AWS calls: the caller and their roles in one; a read of the number of replies, the first time a query and an update more; a transaction.
#[utoipa::path(delete, path = "/v1/support/replies/{reply}",
    params(("reply" = ReplyId, Path, description = "The prepared reply.")),
    extensions(("x-problems" = json!(["conflict"]))),
    responses((status = 204), Problems))]
pub async fn remove_prepared_reply(
    State(s): State<crate::State>,
    Fresh(caller): Fresh<Staff<Moderator>>,
    request: RequestId,
    Reason(reason): Reason,
    Path(id): Path<ReplyId>,
) -> Result<NoContent, web::Error> {
    let replies = REPLIES.counted(&s.table).await?;
    let mut tx = Tx::new();
    let there = tx.delete_when(PreparedReply::key_of(id), Cond::Exists);
    replies.shrink(&mut tx);
    match commit(&s, tx, (there, Kind::NotFound.into()), (&caller, &request), (Some(id), None), Some(reason)).await {
        Ok(()) => Ok(NoContent),
        Err(problem) if problem.kind == Kind::NotFound => Ok(NoContent),
        Err(problem) => Err(problem.into()),
    }
}

/// The thread and the prepared reply in a path.
#[derive(Deserialize)]
pub struct InThread {
    thread: RoomId,
    reply: ReplyId,
}

/// The values of variables that the thread does not have.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReplyValues {
    /// The number of the order: at most 60 characters.
    #[serde(default)]
    #[param(required = false, max_length = 60)]
    order: String,
}

/// A prepared reply for a thread.
#[derive(Serialize, ToSchema)]
pub struct FilledReply {
    /// The text to send, with its variables filled in.
    #[schema(examples("Hello anna, your order 7 is on its way."))]
    text: String,
}

/// Fills the variables of a prepared reply in for a thread. Nothing is sent. For moderators.
///
/// AWS calls: the caller and their roles in one; a batch of the thread and the reply.
#[utoipa::path(get, path = "/v1/support/threads/{thread}/replies/{reply}",
    params(("thread" = RoomId, Path, description = "The thread."), ("reply" = ReplyId, Path, description = "The prepared reply."),
        ReplyValues),
    extensions(("x-problems" = json!(["not_found", "invalid"]))),
    responses((status = 200, body = FilledReply), Problems))]
pub async fn fill_prepared_reply(
    State(s): State<crate::State>,
    _caller: Staff<Moderator>,
    Path(InThread { thread, reply }): Path<InThread>,
    Query(ReplyValues { order }): Query<ReplyValues>,
) -> Result<Json<FilledReply>, web::Error> {
    if order.chars().count() > ORDER_MAX_CHARS {
        return Err(Problem::field("/order", FieldError::TOO_LONG.with("max", ORDER_MAX_CHARS)).into());
    }
    let (room, prepared) = (Room::key_of(thread), PreparedReply::key_of(reply));
    let mut found = s.table.get_many(vec![room.clone(), prepared.clone()]).await?;
    let room = found.take::<Room>(&room)?.ok_or(Kind::NotFound)?;
    let prepared = found.take::<PreparedReply>(&prepared)?.ok_or(Kind::NotFound)?;
    Ok(Json(FilledReply { text: prepared.text.filled(&desk_of(&room)?.customer_name, &order) }))
}
