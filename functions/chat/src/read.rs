//! Catching up and reading back, a frame at a time.

use std::num::NonZeroU64;

use kernel::Problem;
use messaging::{
    frame::PAGE_MAX_BYTES,
    history::{self, Missed, PAGE, PAGE_MAX, Past},
    room::Room,
};

use crate::{State, ask::Answer};

/// What the envelope around a page of messages takes of a frame.
const ENVELOPE_BYTES: usize = 512;

/// Answers `sync`.
pub async fn sync(s: &State, room: &Room, since: u64, limit: Option<u32>) -> Result<Answer, Problem> {
    let limit = kernel::page_limit(limit, PAGE_MAX, PAGE_MAX)?;
    let budget = PAGE_MAX_BYTES.saturating_sub(ENVELOPE_BYTES);
    let Missed { messages, upto, more, pending } = history::since(&s.table, s.sys.now(), room, since, limit, budget).await?;
    Ok(Answer::Sync { room: room.id, messages, upto, last_seq: room.seq, more, retry_after: pending.then_some(1) })
}

/// Answers `history`.
pub async fn history(s: &State, room: &Room, before: Option<NonZeroU64>, limit: Option<u32>) -> Result<Answer, Problem> {
    let limit = kernel::page_limit(limit, PAGE, PAGE_MAX)?;
    let budget = PAGE_MAX_BYTES.saturating_sub(ENVELOPE_BYTES);
    let before = before.map(NonZeroU64::get);
    let Past { messages, upto, before } = history::before(&s.table, s.sys.now(), room, before, limit, budget).await?;
    Ok(Answer::History { room: room.id, messages, upto, before })
}
