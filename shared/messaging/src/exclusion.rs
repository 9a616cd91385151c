//! Keeping somebody out: the ban after one message too many, and the pause after a flood of frames.

use kernel::{Kind, Problem, Sys, id::UserId};
use store::{Conditional as _, StoreError, Table, Update, field};

use crate::{
    Sockets, connection, frame,
    spam::{self, ChatState, FLOOD},
};

/// Bans a person who sent one message too many: recorded once, then every socket of theirs is told and closed.
///
/// One write; whoever makes it also ends the sockets: one read, a frame and a close for each, one transaction that forgets
/// them. A socket that comes in between fails the same condition at its connect; nothing is brought to one that could not be
/// closed.
///
/// Returns what to tell the person: [`Kind::ChatBanned`], unless the table does not answer.
pub async fn ban(table: &Table, sys: &Sys, sockets: &Sockets, user: UserId) -> Problem {
    match record(table, sys, user).await {
        Err(e) => return e.into(),
        Ok(false) => {}
        Ok(true) => {
            tracing::warn!(user.id = %user, "banned from chat: too many messages");
            let told = frame::error("chat", None, &Kind::ChatBanned.into(), kernel::Locale::default(), "");
            if let Err(e) = connection::close_all(table, sys, sockets, user, Some(told)).await {
                tracing::error!(error = %e, user.id = %user, "sockets of somebody who is banned are open");
            }
        }
    }
    Kind::ChatBanned.into()
}

/// Ends the sockets of a person who sends frames faster than they were told to, and keeps them from opening others for
/// as long as [`FLOOD`] says: every function sees it in the table, whichever instance found out.
///
/// One write; whoever makes it also ends the sockets, as [`ban`] does. Where the pause has begun already, only the socket that the
/// frame came on is told and closed. So it is where nobody knows whose it is.
pub async fn pause(table: &Table, sys: &Sys, sockets: &Sockets, user: Option<UserId>, socket: &str) {
    let told = frame::error("error", None, &spam::paused(FLOOD.window), kernel::Locale::default(), "");
    let new = match user {
        None => Ok(false),
        Some(user) => record_pause(table, sys, user).await,
    };
    let ended = match (user, new) {
        (Some(user), Ok(true)) => {
            tracing::warn!(user.id = %user, "no socket for a while: too many frames");
            connection::close_all(table, sys, sockets, user, Some(told)).await.map_err(|e| e.to_string())
        }
        (_, new) => {
            let open = sockets.close_all(vec![socket.to_owned()], Some(&told)).await;
            new.map(drop).map_err(|e| e.to_string()).and(if open.is_empty() { Ok(()) } else { Err("it stays open".to_owned()) })
        }
    };
    if let Err(error) = ended {
        tracing::error!(error, "a flood of frames goes on");
    }
}

async fn record_pause(table: &Table, sys: &Sys, user: UserId) -> Result<bool, StoreError> {
    let now = sys.now();
    let record = Update::upsert::<ChatState>(ChatState::key_of(user))
        .set("paused_until", now + FLOOD.window)
        .when(field("paused_until").absent().or(field("paused_until").le(now)));
    table.update(record).await.applied()
}

/// Records the ban, and says whether it is new.
async fn record(table: &Table, sys: &Sys, user: UserId) -> Result<bool, StoreError> {
    let record = Update::upsert::<ChatState>(ChatState::key_of(user))
        .set("banned_at", sys.now())
        .set("ban_reason", "rate")
        .when(field("banned_at").absent());
    table.update(record).await.applied()
}
