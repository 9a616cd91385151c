//! Messages for moderators: reading them with their earlier texts, and deleting them at any time.

use accounts::{
    audit::{Action, AuditEntry},
    staff,
};
use axum::extract::State;
use callers::{Fresh, Staff, staff::Moderator};
use kernel::{Kind, Problem, Timestamp};
use messaging::{
    change,
    earlier::{self, EarlierText},
    message::{Content, LogEntry, Message},
    report::{self, Report, ReportMade, ReportReason},
    room::{PUBLIC, RoomName},
};
use serde::Serialize;
use store::{CommitError, Tx};
use utoipa::ToSchema;
use web::{Error, Json, NoContent, Path, Problems, Reason, RequestId};

use crate::{
    reports::{InRoom, ReportInfo},
    still_moderator,
};

/// A text that an edit has replaced.
#[derive(Serialize, ToSchema)]
pub struct EarlierTextInfo {
    /// The text.
    #[schema(examples("Good morning!"))]
    text: String,
    /// When it was replaced.
    replaced_at: Timestamp,
}

/// The reason and the text of one report, without the reporter.
#[derive(Serialize, ToSchema)]
pub struct ReportWords {
    /// The reason.
    reason: ReportReason,
    /// The reporter's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    text: Option<String>,
    /// When it was reported.
    created_at: Timestamp,
}

/// A message with the information for moderators.
#[derive(Serialize, ToSchema)]
pub struct ModeratedMessage {
    /// The message as it is now.
    message: Message,
    /// The last ten texts that edits have replaced, the oldest first.
    #[schema(max_items = 10)]
    earlier: Vec<EarlierTextInfo>,
    /// The report. Absent if nobody has reported it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    report: Option<ReportInfo>,
    /// The reports of single people, at most a hundred.
    #[schema(max_items = 100)]
    said: Vec<ReportWords>,
}

/// Shows a reported message, or any message of the public room, with its earlier texts and its report.
///
/// For moderators, with a second factor, except the author of a reported message. Outside the public room the audit records it, and
/// messages that nobody has reported get 404.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; a batch of the message and its report; a query of the single
/// reports, if it was reported; a batch of the earlier texts, if it was edited; outside the public room a transaction.
#[utoipa::path(get, path = "/v1/moderation/messages/{room}/{seq}",
    params(("room" = String, Path, max_length = 30, description = "The room's id, or `public`."), ("seq" = u64, Path, description = "The message's number.")),
    extensions(("x-problems" = json!(["not_found"]))),
    responses((status = 200, body = ModeratedMessage), Problems))]
pub async fn get_reported_message(
    State(s): State<crate::State>,
    caller: Staff<Moderator>,
    request: RequestId,
    Path(InRoom { room: RoomName(room), seq }): Path<InRoom>,
) -> Result<Json<ModeratedMessage>, Error> {
    let (entry_key, report_key) = (LogEntry::key_of(room, seq), Report::key_of(room, seq));
    let mut found = s.table.get_many(vec![entry_key.clone(), report_key.clone()]).await?;
    let (report, me) = (found.take::<Report>(&report_key)?, caller.member.user.id);
    report.as_ref().map_or(Ok(()), |report| report.open_to(me))?;
    let entry = found.take::<LogEntry>(&entry_key)?.filter(|_| room == PUBLIC || report.is_some());
    let entry: LogEntry = entry.ok_or_else(|| Problem::from(Kind::NotFound))?;
    let said = if report.is_some() { report::made_about(&s.table, room, seq).await? } else { Vec::new() };
    let earlier = earlier::of(&s.table, std::slice::from_ref(&entry)).await?;
    if let Some(report) = report.as_ref().filter(|_| room != PUBLIC) {
        let mut tx = Tx::new();
        let audited = AuditEntry::by(&s.sys, me, &request.0, Action::MessageRead, report.author);
        s.audit.add(&mut tx, &audited.changed("message", (room, seq), (room, seq)));
        let still = still_moderator(&mut tx, me);
        s.table.commit(tx).await.map_err(|e| staff::refused(e, still))?;
    }
    let words = |ReportMade { reason, note, at, .. }: ReportMade| {
        let text = note.map(|note| note.to_string());
        ReportWords { reason, text, created_at: at.into() }
    };
    let text = |EarlierText { text, until, .. }: EarlierText| EarlierTextInfo { text: text.to_string(), replaced_at: until.into() };
    Ok(Json(ModeratedMessage {
        message: entry.shown(),
        earlier: earlier.into_iter().map(text).collect(),
        report: report.map(Into::into),
        said: said.into_iter().map(words).collect(),
    }))
}

/// Deletes a message in any room, at any time. Its number stays. No effect if it is deleted already.
///
/// For moderators with a recent proof by a second factor. The earlier texts are deleted with it. A report keeps its copy.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; a read; a transaction, unless it is deleted already. The
/// members are notified afterwards.
#[utoipa::path(delete, path = "/v1/moderation/messages/{room}/{seq}",
    params(("room" = String, Path, max_length = 30, description = "The room's id, or `public`."), ("seq" = u64, Path, description = "The message's number.")),
    extensions(("x-problems" = json!(["not_found", "conflict"]))),
    responses((status = 204, description = "It is deleted."), Problems))]
pub async fn remove_message(
    State(s): State<crate::State>,
    Fresh(caller): Fresh<Staff<Moderator>>,
    request: RequestId,
    Reason(reason): Reason,
    Path(InRoom { room: RoomName(room), seq }): Path<InRoom>,
) -> Result<NoContent, Error> {
    let me = caller.member.user.id;
    let entry = s.table.get::<LogEntry>(LogEntry::key_of(room, seq)).await?;
    let entry: LogEntry = entry.ok_or_else(|| Problem::from(Kind::NotFound))?;
    let said = match &entry.content {
        Content::Said(said) => said,
        Content::Deleted {} => return Ok(NoContent),
        Content::Happened(_) => return Err(Kind::NotFound.because("there is no message under this number").into()),
    };
    let mut tx = Tx::new();
    let removal = change::remove(&mut tx, &s.sys, &entry)?;
    let still = still_moderator(&mut tx, me);
    let audited = AuditEntry::by(&s.sys, me, &request.0, Action::MessageDeleted, said.author);
    s.audit.add(&mut tx, &audited.changed("message", (room, seq), ()).because(reason));
    match s.table.commit(tx).await {
        Ok(()) => tracing::info!(actor.id = %me, user.id = %said.author, "a message was deleted"),
        Err(e) if e.refused(removal.room) => return Err(Kind::NotFound.because("the room was deleted").into()),
        Err(CommitError::Refused(refused)) if !refused.at(still) && removal.was_made(&refused)? => {}
        Err(e) => return Err(staff::refused(e, still).into()),
    }
    Ok(NoContent)
}
