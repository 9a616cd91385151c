//! Catching up and reading history, one frame at a time, and the read marker.

use accounts::user::User;
use kernel::Problem;
use messaging::{
    frame::{self, PAGE_MAX_BYTES, Push},
    history::{self, NewerPage, OlderPage},
    member::RoomMember,
    presence::Presence,
    receipts,
    unread::{self, Mark, Marked},
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

/// Answers `read`. The person's other sockets are told, and the others in a small room who see receipts. Those who mark a room as
/// unread tell nobody else.
pub async fn mark(
    s: &State,
    user: &User,
    member: &RoomMember,
    (seq, mark): (u64, Mark),
    own: Presence,
) -> Result<(Answer, Vec<Delivery>), Problem> {
    let watchers = async {
        match mark {
            Mark::Read => receipts::watchers(&s.table, member, user).await,
            Mark::Unread => Ok(Vec::new()),
        }
    };
    let (marked, watchers) = tokio::join!(unread::mark(&s.table, member, seq, mark), watchers);
    let (room, Marked { seq, moved }) = (member.room.id, marked?);
    let mut deliveries = vec![(frame::write(STREAM, None, &Push::Read { room, seq }), vec![own])];
    match watchers {
        Ok(watchers) if moved => deliveries.push((frame::write(STREAM, None, &Push::Receipt { room, user: user.id, seq }), watchers)),
        Ok(_) => {}
        // The marker is written, and receipts are read again with the room.
        Err(e) => tracing::warn!(error = %e, "a read receipt is not delivered"),
    }
    Ok((Answer::Read { room, seq }, deliveries))
}
