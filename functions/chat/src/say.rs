//! Sending a message. One message too many in a minute bans the account.

use accounts::{pair::Pair, user::User};
use kernel::Problem;
use messaging::{
    exclusion,
    message::{Nonce, Text},
    room::Room,
    send::{self, Receipt, SendError, Sending, Sent},
    spam::ChatState,
};

use crate::{Delivery, State, ask::Answer};

/// Answers `send`.
pub async fn say(
    s: &State,
    socket: &str,
    user: &User,
    room: &Room,
    text: Text,
    nonce: Nonce,
    (chat, receipt, pair): (ChatState, Option<Receipt>, Option<Pair>),
) -> Result<(Answer, Delivery), Problem> {
    let sending = Sending { user, room, pair, socket, text, nonce, chat, receipt };
    match send::send(&s.table, &s.sys, sending).await {
        Ok(Sent { receipt, deliver }) => Ok((acknowledge(receipt), deliver)),
        Err(SendError::Refused(problem)) => Err(problem),
        Err(SendError::Spam) => Err(exclusion::ban(&s.table, &s.sys, &s.sockets, user.id).await),
    }
}

fn acknowledge(Receipt { room, seq, id, nonce, at, .. }: Receipt) -> Answer {
    Answer::Ack { room, seq, id, nonce, created_at: at.into() }
}
