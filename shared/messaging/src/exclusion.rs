//! Exclusion from chat by the server: the ban after too many messages, and the pause after a flood of frames.

use accounts::staff::Roles;
use events::{Outbox, rooms::ChatBanned};
use kernel::{Problem, Sys, id::UserId};
use store::{CommitError, Cond, Conditional as _, StoreError, Table, Tx, Update, field};

use crate::{
    Sockets,
    ban::{self, Ban},
    banning, connection, frame,
    pace::Owner,
    spam::{self, ChatState, FLOOD},
};

/// Bans a person who exceeded the limit of messages. The ban is recorded once, then all their sockets get a frame and are closed. Staff are
/// not banned, but have to wait.
///
/// One transaction. The call that records the ban also closes the sockets: two reads, a frame and a close for each, and one
/// transaction that removes them from the list. A socket that connects in between fails the same condition, and nothing is
/// delivered to a socket that could not be closed.
///
/// Returns the problem for the person: [`kernel::Kind::ChatBanned`], or [`kernel::Kind::TooManyRequests`] for staff, unless the table does
/// not answer.
pub async fn ban(table: &Table, sys: &Sys, sockets: &Sockets, user: UserId) -> Problem {
    let ban = Ban::for_rate(sys.now());
    match record(table, sys, user, &ban).await {
        Err(e) => return e.into(),
        Ok(Recorded::Staff) => return spam::OF_STAFF.reached(spam::WINDOW).into(),
        Ok(Recorded::Before) => {}
        Ok(Recorded::Now) => {
            tracing::warn!(user.id = %user, "banned from chat: too many messages");
            if let Err(e) = banning::enforce(table, sys, sockets, user).await {
                tracing::error!(error = %e, user.id = %user, "sockets of a banned person are still open");
            }
        }
    }
    ban.problem(ban.at)
}

/// Closes the sockets of a person who keeps sending frames although they were asked to wait, and prevents new sockets for the window of
/// [`FLOOD`]. The pause is stored, so that all instances of all functions respect it.
///
/// One write. The call that records the pause also closes the sockets, as [`ban`] does. If the pause was already recorded, or if the owner
/// of the socket is unknown, only the socket of the frame gets a frame and is closed.
pub async fn pause(table: &Table, sys: &Sys, sockets: &Sockets, owner: Option<Owner>, socket: &str) {
    let (user, locale) = (owner.map(|owner| owner.user), owner.map(|owner| owner.locale).unwrap_or_default());
    let last = frame::error(frame::ERROR_STREAM, None, &spam::paused(FLOOD.window), locale, "");
    let new = match user {
        None => Ok(false),
        Some(user) => record_pause(table, sys, user).await,
    };
    let ended = match (user, new) {
        (Some(user), Ok(true)) => {
            tracing::warn!(user.id = %user, "sockets paused: too many frames");
            connection::close_all(table, sys, sockets, user, Some(last)).await.map_err(|e| e.to_string())
        }
        (_, new) => {
            let open = sockets.close_all(vec![socket.to_owned()], Some(&last)).await;
            new.map(drop).map_err(|e| e.to_string()).and(if open.is_empty() { Ok(()) } else { Err("it stays open".to_owned()) })
        }
    };
    if let Err(error) = ended {
        tracing::error!(error, "the sockets of a flood could not be closed");
    }
}

async fn record_pause(table: &Table, sys: &Sys, user: UserId) -> Result<bool, StoreError> {
    let now = sys.now();
    let record = Update::upsert::<ChatState>(ChatState::key_of(user))
        .set("paused_until", now + FLOOD.window)
        .when(field("paused_until").absent().or(field("paused_until").le(now)));
    table.update(record).await.applied()
}

/// The result of recording a ban.
enum Recorded {
    /// This call has recorded the ban.
    Now,
    /// The person was already banned.
    Before,
    /// The person is staff and was not banned.
    Staff,
}

async fn record(table: &Table, sys: &Sys, user: UserId, ban: &Ban) -> Result<Recorded, StoreError> {
    let mut tx = Tx::new();
    tx.update(banning::imposed(user, ban).when(ban::is_over(ban.at)));
    let ordinary = tx.check(Roles::key_of(user), Cond::Absent);
    Outbox::add(&mut tx, sys, &ChatBanned { user });
    match table.commit(tx).await {
        Ok(()) => Ok(Recorded::Now),
        Err(e) if e.refused(ordinary) => Ok(Recorded::Staff),
        Err(CommitError::Refused(_)) => Ok(Recorded::Before),
        Err(CommitError::Store(e)) => Err(e),
    }
}
