//! Catching up and reading history, one frame at a time, and the read marker.

use kernel::Problem;
use messaging::{
    frame::{self, PAGE_MAX_BYTES, Push},
    history::{self, NewerPage, OlderPage},
    member::RoomMember,
    presence::Presence,
    unread::{self, Mark},
};

use crate::{Delivery, STREAM, State, ask::Answer};

/// The bytes that the envelope around a page of messages takes of a frame.
const ENVELOPE_BYTES: usize = 512;
/// The bytes that are left for the messages.
const MESSAGES_BYTES: usize = PAGE_MAX_BYTES - ENVELOPE_BYTES;

/// Answers `sync`.
pub async fn sync(s: &State, member: &RoomMember, since: u64, limit: u32) -> Result<Answer, Problem> {
    let NewerPage { messages, upto, more, complete } = history::since(&s.table, member, since, limit, MESSAGES_BYTES).await?;
    let (room, last_seq, begins_at) = (member.room.id, member.room.seq, member.membership.from);
    Ok(Answer::Sync { room, messages, upto, last_seq, more, complete, begins_at })
}

/// Answers `history`.
pub async fn history(s: &State, member: &RoomMember, before: Option<u64>, limit: u32) -> Result<Answer, Problem> {
    let OlderPage { messages, upto, before } = history::before(&s.table, member, before, limit, MESSAGES_BYTES).await?;
    Ok(Answer::History { room: member.room.id, messages, upto, before })
}

/// Answers `read`. The person's other sockets are told.
pub async fn mark(s: &State, member: &RoomMember, seq: u64, mark: Mark, own: Presence) -> Result<(Answer, Delivery), Problem> {
    let (room, seq) = (member.room.id, unread::mark(&s.table, member, seq, mark).await?);
    Ok((Answer::Read { room, seq }, Some((frame::write(STREAM, None, &Push::Read { room, seq }), vec![own]))))
}
