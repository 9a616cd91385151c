//! Sending a message. One message too many in a minute bans the account.

use accounts::user::User;
use kernel::Problem;
use messaging::{
    exclusion,
    frame::{self, Push},
    member::RoomMember,
    message::{Nonce, Text},
    send::{self, Receipt, SendError, Sending, Sent},
    spam::ChatState,
};

use crate::{Delivery, STREAM, State, ask::Answer};

/// Answers `send`.
pub async fn say(
    s: &State,
    socket: &str,
    user: &User,
    member: RoomMember,
    text: Text,
    nonce: Nonce,
    (chat, receipt): (ChatState, Option<Receipt>),
) -> Result<(Answer, Delivery), Problem> {
    let sending = Sending { user, member, socket, text, nonce, chat, receipt };
    match send::send(&s.table, &s.sys, sending).await {
        Ok(Sent { receipt, deliver }) => {
            let told = deliver.map(|(message, people)| (frame::write(STREAM, None, &Push::Message(&message)), people));
            Ok((acknowledge(receipt), told))
        }
        Err(SendError::Refused(problem)) => Err(problem),
        Err(SendError::Spam) => Err(exclusion::ban(&s.table, &s.sys, &s.sockets, user.id).await),
    }
}

fn acknowledge(Receipt { room, seq, id, nonce, at, .. }: Receipt) -> Answer {
    Answer::Ack { room, seq, id, nonce, created_at: at.into() }
}
