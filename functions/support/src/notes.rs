//! Private notes of the team on a thread.

use accounts::{
    audit::{Action, AuditEntry},
    staff::{self, Role},
};
use axum::extract::State;
use callers::{Staff, staff::Moderator};
use kernel::{
    Kind, Problem, Timestamp,
    id::{NoteId, RoomId},
};
use messaging::{
    message::Author,
    room::Room,
    support::note::{self, Note},
};
use serde::{Deserialize, Serialize};
use store::{Cond, Tx};
use utoipa::ToSchema;
use web::{Created, Json, NoContent, PageQuery, Path, Problems, Query, Reason, RequestId};

use crate::talk::desk_of;

/// A note of the team, which its customer never sees.
#[derive(Serialize, ToSchema)]
pub struct DeskNote {
    /// The id.
    id: NoteId,
    /// The author. Absent when their account is deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    author: Option<Author>,
    /// The text.
    #[schema(examples("Call back on Monday."))]
    text: String,
    /// When it was written.
    created_at: Timestamp,
}

impl From<Note> for DeskNote {
    fn from(Note { id, author, username, text, at, .. }: Note) -> Self {
        let author = author.map(|id| Author { id, username: username.unwrap_or_default() });
        Self { id, author, text, created_at: at.into() }
    }
}

/// A page of notes.
#[derive(Serialize, ToSchema)]
pub struct DeskNoteList {
    /// The notes, the newest first.
    items: Vec<DeskNote>,
    /// The cursor of the next page. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A note to write.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteNote {
    /// 1 to 4,000 characters.
    #[schema(min_length = 1, max_length = 4000, examples("Call back on Monday."))]
    text: String,
}

/// Lists the notes on a thread, the newest first. For moderators.
///
/// AWS calls: the caller and their roles in one; a query.
#[utoipa::path(get, path = "/v1/support/threads/{thread}/notes",
    params(("thread" = RoomId, Path, description = "The thread."), PageQuery),
    extensions(("x-problems" = json!(["cursor_invalid", "invalid"]))),
    responses((status = 200, body = DeskNoteList), Problems))]
pub async fn list_desk_notes(
    State(s): State<crate::State>,
    caller: Staff<Moderator>,
    Path(thread): Path<RoomId>,
    Query(query): Query<PageQuery>,
) -> Result<Json<DeskNoteList>, web::Error> {
    let limit = query.limit()?;
    let cursors = s.sealer.cursors(format!("notes beside {thread} for {}", caller.member.user.id));
    let page = note::list(&s.table, thread, cursors.open(query.cursor())?, limit).await?;
    let next_cursor = cursors.next(page.last().map(|note| note.id))?;
    Ok(Json(DeskNoteList { items: page.items.into_iter().map(Into::into).collect(), next_cursor }))
}

/// Adds a note to a thread. Its customer never sees it. For moderators.
///
/// AWS calls: the caller and their roles in one; a transaction.
#[utoipa::path(post, path = "/v1/support/threads/{thread}/notes", request_body = WriteNote,
    params(("thread" = RoomId, Path, description = "The thread.")), extensions(("x-problems" = json!(["not_found", "invalid"]))),
    responses((status = 201, body = DeskNote), Problems))]
pub async fn write_desk_note(
    State(s): State<crate::State>,
    caller: Staff<Moderator>,
    Path(thread): Path<RoomId>,
    Json(WriteNote { text }): Json<WriteNote>,
) -> Result<Created<DeskNote>, web::Error> {
    let text = note::parse(&text).map_err(|e| Problem::field("/text", e))?;
    let note = note::write(&s.table, &s.sys, thread, &caller.member.user, text).await?.ok_or(Kind::NotFound)?;
    Ok(Created(format!("/v1/support/threads/{thread}/notes"), note.into()))
}

/// The thread and the note in a path.
#[derive(Deserialize)]
pub struct NoteInThread {
    thread: RoomId,
    note: NoteId,
}

/// Deletes a note: the caller's own, or any note for a superuser with a recent proof and a `Reason`. No effect if there is none. The audit
/// records it. For moderators.
///
/// AWS calls: the caller and their roles in one; a batch of the thread and the note; a transaction if there is one.
#[utoipa::path(delete, path = "/v1/support/threads/{thread}/notes/{note}",
    params(("thread" = RoomId, Path, description = "The thread."), ("note" = NoteId, Path, description = "The note.")),
    extensions(("x-problems" = json!(["not_found", "conflict"]))),
    responses((status = 204), Problems))]
pub async fn delete_desk_note(
    State(s): State<crate::State>,
    caller: Staff<Moderator>,
    request: RequestId,
    reason: Option<Reason>,
    Path(NoteInThread { thread, note }): Path<NoteInThread>,
) -> Result<NoContent, web::Error> {
    let (room, key) = (Room::key_of(thread), Note::key_of(thread, note));
    let mut found = s.table.get_many(vec![room.clone(), key.clone()]).await?;
    let room = found.take::<Room>(&room)?.ok_or(Kind::NotFound)?;
    let customer = desk_of(&room)?.customer;
    let Some(written) = found.take::<Note>(&key)? else { return Ok(NoContent) };
    let me = caller.member.user.id;
    let takes = if written.author == Some(me) { Role::Moderator } else { Role::Superuser };
    if caller.role < takes {
        return Err(Kind::Forbidden.because("the note belongs to somebody else").into());
    }
    if takes == Role::Superuser {
        caller.member.fresh(s.sys.now())?;
    }
    let reason = Reason::if_asked(reason, takes == Role::Superuser)?;
    let mut tx = Tx::new();
    let there = tx.delete_when(key, Cond::Exists);
    let still = staff::require(&mut tx, me, takes);
    let entry = AuditEntry::by(&s.sys, me, &request.0, Action::SupportNoteDeleted, customer);
    s.audit.add(&mut tx, &entry.changed("note", note, ()).because(reason));
    match s.table.commit(tx).await {
        Ok(()) => Ok(NoContent),
        // A concurrent request has deleted it.
        Err(e) if e.refused(there) => Ok(NoContent),
        Err(e) => Err(staff::refused(e, still).into()),
    }
}
