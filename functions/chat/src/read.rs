//! Catching up with new messages, reading history page by page, and moving the read marker.

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

/// The bytes of a frame that are reserved for the envelope around a page of messages.
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

/// Answers `read`. The person's own sockets get the marker. The others in a small room who see receipts get a receipt, unless the marker
/// was moved back.
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
        // The marker is written. Clients read all receipts again when they open the room.
        Err(e) => tracing::warn!(error = %e, "a read receipt is not delivered"),
    }
    Ok((Answer::Read { room, seq }, deliveries))
}
