//! Catching up and reading history, one frame at a time.

use kernel::Problem;
use messaging::{
    frame::PAGE_MAX_BYTES,
    history::{self, NewerPage, OlderPage},
    member::RoomMember,
};

use crate::{State, ask::Answer};

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
