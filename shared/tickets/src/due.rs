//! Due tasks of tickets: the end of snoozes, and closing tickets a week after an answer. Answers of senders go to the team's mail address
//! and not into the ticket.

use kernel::{
    Time,
    conversation::{CLOSED_AFTER, ThreadState},
};
use store::{Conditional as _, Index, Range, StoreError, Table};

use crate::ticket::{Ticket, in_state, moment};

/// Ends the snoozes that are over, and closes the tickets that were answered a week ago. Returns how many tickets changed. Two queries,
/// and a write for each ticket.
///
/// # Errors
/// [`StoreError`]
pub async fn apply_deadlines(table: &Table, now: Time, limit: u32) -> Result<u64, StoreError> {
    let mut changed = 0_u64;
    for (from, until, to) in [(ThreadState::Snoozed, now, ThreadState::Open), (ThreadState::Waiting, now - CLOSED_AFTER, ThreadState::Done)]
    {
        let range = Range::of_index(Index::TicketsByState, in_state(from)).between("0", format!("{}~", moment(until))).limit(limit);
        for ticket in table.query::<Ticket>(range).await?.items {
            let next = ticket.in_state(to, None, now);
            changed = changed.saturating_add(table.put(&next, ticket.is_current()).await.applied()?.into());
        }
    }
    Ok(changed)
}
