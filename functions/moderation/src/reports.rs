//! Reports of messages: members send them, and moderators list and resolve them.

use accounts::{
    audit::{Action, AuditEntry},
    staff,
};
use axum::extract::State;
use callers::{Fresh, Member, Staff, staff::Moderator};
use kernel::{
    Fields, Kind, Problem, Time, Timestamp,
    id::{MessageId, RoomId},
};
use messaging::{
    member::{Membership, RoomMember},
    message::{Author, Explanation, LogEntry},
    report::{self, REPORTED, ReasonCount, Report, ReportOutcome, ReportReason, ReportState},
    room::{Room, RoomName},
};
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::{IntoParams, ToSchema};
use web::{Error, Json, NoContent, PageQuery, Path, Problems, Query, RequestId};

use crate::still_moderator;

/// A message in a path.
#[derive(Clone, Copy, Deserialize)]
pub struct InRoom {
    /// The room.
    pub room: RoomName,
    /// The message's number.
    pub seq: u64,
}

/// A report of a message.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportMessage {
    /// The reason.
    reason: ReportReason,
    /// The caller's own words: up to 500 characters.
    #[schema(max_length = 500, nullable = false)]
    text: Option<String>,
}

/// Reports a message in one of the caller's rooms to the moderators. Nobody sees who reported it.
///
/// The current text is copied, so that moderators can judge it after a change. No effect if the caller has reported the message before. The
/// caller's own messages, system events and deleted messages cannot be reported.
///
/// AWS calls: the caller; a batch of the room, their membership, the message and its report; a counter; a transaction, and another one
/// for each report of the same message at the same moment.
#[utoipa::path(post, path = "/v1/rooms/{room}/messages/{seq}/reports", request_body = ReportMessage,
    params(("room" = String, Path, max_length = 30, description = "The room's id, or `public`."), ("seq" = u64, Path, description = "The message's number.")),
    extensions(("x-problems" = json!(["not_found", "forbidden", "invalid", "too_many_requests"])), ("x-limits" = json!([REPORTED]))),
    responses((status = 204, description = "It is reported."), Problems))]
pub async fn report_message(
    State(s): State<crate::State>,
    caller: Member,
    Path(InRoom { room: RoomName(room), seq }): Path<InRoom>,
    Json(body): Json<ReportMessage>,
) -> Result<NoContent, Error> {
    let mut fields = Fields::new();
    let note = body.text.and_then(|text| fields.take("/text", Explanation::parse(&text))).flatten();
    fields.finish()?;
    let me = caller.user.id;
    let (room_key, member_key) = (Room::key_of(room), Membership::key_of(room, me));
    let (entry_key, report_key) = (LogEntry::key_of(room, seq), Report::key_of(room, seq));
    let keys = vec![room_key.clone(), member_key.clone(), entry_key.clone(), report_key.clone()];
    let mut found = s.table.get_many(keys).await?;
    let member = RoomMember::of(room, me, found.take(&room_key)?, found.take(&member_key)?)?;
    let entry = found.take::<LogEntry>(&entry_key)?.filter(|entry| entry.seq >= member.membership.from).ok_or(Kind::NotFound)?;
    report::make(&s.table, &s.sys, me, &entry, found.take(&report_key)?, (body.reason, note)).await?;
    Ok(NoContent)
}

/// Which reports to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReportQuery {
    /// Open reports, or resolved ones.
    #[serde(default = "ReportQuery::open")]
    #[param(inline, required = false)]
    state: ReportState,
}

impl ReportQuery {
    const fn open() -> ReportState {
        ReportState::Open
    }
}

/// A reported message.
#[derive(Serialize, ToSchema)]
pub struct ReportInfo {
    /// The room.
    room: RoomId,
    /// The message's number.
    #[schema(minimum = 1)]
    seq: u64,
    /// The id of the message.
    message: MessageId,
    /// The author.
    author: Author,
    /// The text as it was reported.
    #[schema(examples("Buy my stones!"))]
    text: String,
    /// The reasons, and how many people gave each.
    reasons: Vec<ReasonCount>,
    /// Whether it waits for a moderator.
    state: ReportState,
    /// The outcome, if it is resolved.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    outcome: Option<ReportOutcome>,
    /// When it was first reported, or reported again after it was resolved.
    reported_at: Timestamp,
    /// When it was last reported, or resolved.
    changed_at: Timestamp,
}

impl From<Report> for ReportInfo {
    fn from(report: Report) -> Self {
        let Report { room, seq, message, author, username, text, at, changed_at, reasons, state, outcome, .. } = report;
        let author = Author { id: author, username };
        Self { room, seq, message, author, text, reasons, state, outcome, reported_at: at.into(), changed_at: changed_at.into() }
    }
}

/// A page of reported messages.
#[derive(Serialize, ToSchema)]
pub struct ReportList {
    /// The oldest first.
    items: Vec<ReportInfo>,
    /// The cursor of the next page. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists the reported messages, the oldest report first.
///
/// For moderators, with a second factor.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; a query.
#[utoipa::path(get, path = "/v1/moderation/reports", params(ReportQuery, PageQuery),
    extensions(("x-problems" = json!(["cursor_invalid", "invalid"]))),
    responses((status = 200, body = ReportList), Problems))]
pub async fn list_reports(
    State(s): State<crate::State>,
    caller: Staff<Moderator>,
    Query(ReportQuery { state }): Query<ReportQuery>,
    Query(query): Query<PageQuery>,
) -> Result<Json<ReportList>, Error> {
    let limit = query.limit()?;
    let cursors = s.sealer.cursors(format!("reports for {}, {state:?}", caller.member.user.id));
    let after = cursors.open::<(Time, RoomId, u64)>(query.cursor())?;
    let (page, now) = (report::page(&s.table, state, after, limit).await?, s.sys.now());
    let next_cursor = cursors.next(page.last().map(|report| (report.at, report.room, report.seq)))?;
    let kept = page.items.into_iter().filter(|report| store::Item::expires(report).is_none_or(|at| now < at));
    Ok(Json(ReportList { items: kept.map(Into::into).collect(), next_cursor }))
}

/// The resolution of a report.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolveReport {
    /// The outcome.
    outcome: ReportOutcome,
}

/// Resolves the report of a message. Another report of the message opens it again.
///
/// For moderators with a recent proof by a second factor, except the author of the message. A reporter may resolve it. The operation only
/// records the outcome: other operations delete messages and ban people. 409 if it is resolved already.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; a read; a transaction.
#[utoipa::path(post, path = "/v1/moderation/reports/{room}/{seq}/resolution", request_body = ResolveReport,
    params(("room" = String, Path, max_length = 30, description = "The room's id, or `public`."), ("seq" = u64, Path, description = "The message's number.")),
    extensions(("x-problems" = json!(["not_found", "conflict"]))),
    responses((status = 204, description = "It is resolved."), Problems))]
pub async fn resolve_report(
    State(s): State<crate::State>,
    Fresh(caller): Fresh<Staff<Moderator>>,
    request: RequestId,
    Path(InRoom { room: RoomName(room), seq }): Path<InRoom>,
    Json(ResolveReport { outcome }): Json<ResolveReport>,
) -> Result<NoContent, Error> {
    let me = caller.member.user.id;
    let found = s.table.get::<Report>(Report::key_of(room, seq)).await?;
    let report: Report = found.ok_or_else(|| Problem::from(Kind::NotFound))?;
    let mut tx = Tx::new();
    report.resolve(&mut tx, me, outcome, s.sys.now())?;
    let still = still_moderator(&mut tx, me);
    let entry = AuditEntry::by(&s.sys, me, &request.0, Action::ReportResolved, report.author);
    s.audit.add(&mut tx, &entry.changed("message", (room, seq), (room, seq)).changed("outcome", report.outcome, outcome));
    s.table.commit(tx).await.map_err(|e| staff::refused(e, still))?;
    Ok(NoContent)
}
