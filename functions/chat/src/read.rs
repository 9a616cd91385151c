//! Catching up and reading history, one frame at a time.

use kernel::Problem;
use messaging::{
    frame::PAGE_MAX_BYTES,
    history::{self, NewerPage, OlderPage},
    room::Room,
};

use crate::{State, ask::Answer};

/// The bytes that the envelope around a page of messages takes of a frame.
const ENVELOPE_BYTES: usize = 512;
/// The bytes that are left for the messages.
const MESSAGES_BYTES: usize = PAGE_MAX_BYTES - ENVELOPE_BYTES;

/// Answers `sync`.
pub async fn sync(s: &State, room: &Room, since: u64, limit: u32) -> Result<Answer, Problem> {
    let missed = history::since(&s.table, s.sys.now(), room, since, limit, MESSAGES_BYTES).await?;
    let NewerPage { messages, upto, more, pending } = missed;
    Ok(Answer::Sync { room: room.id, messages, upto, last_seq: room.seq, more, retry_after: pending.then_some(1) })
}

/// Answers `history`.
pub async fn history(s: &State, room: &Room, before: Option<u64>, limit: u32) -> Result<Answer, Problem> {
    let OlderPage { messages, upto, before } = history::before(&s.table, s.sys.now(), room, before, limit, MESSAGES_BYTES).await?;
    Ok(Answer::History { room: room.id, messages, upto, before })
}
