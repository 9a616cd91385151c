//! Sending a message. One message too many in a minute bans the account.

use accounts::user::User;
use kernel::Problem;
use messaging::{
    exclusion,
    frame::{self, Push},
    message::{Message, Nonce, Text},
    room::{Room, RoomKind},
    send::{self, Receipt, SendError, Sending, Sent},
    spam::ChatState,
};

use crate::{Delivery, STREAM, State, ask::Answer};

/// Answers `send`.
pub async fn say(
    s: &State,
    socket: &str,
    user: &User,
    room: &Room,
    text: Text,
    nonce: Nonce,
    (chat, receipt): (ChatState, Option<Receipt>),
) -> Result<(Answer, Delivery), Problem> {
    let sending = Sending { user, room, socket, text, nonce, chat, receipt };
    match send::send(&s.table, &s.sys, sending).await {
        Ok(Sent { receipt, deliver }) => {
            let told = |message: Message| {
                // The record of the sender has been read. The other person may not have seen it yet.
                let picture = (room.kind == RoomKind::Direct).then(|| s.links.of(user.picture));
                frame::write(STREAM, None, &Push::Message(&Message { picture, ..message }))
            };
            Ok((acknowledge(receipt), deliver.map(|(message, people)| (told(message), people))))
        }
        Err(SendError::Refused(problem)) => Err(problem),
        Err(SendError::Spam) => Err(exclusion::ban(&s.table, &s.sys, &s.sockets, user.id).await),
    }
}

fn acknowledge(Receipt { room, seq, id, nonce, at, .. }: Receipt) -> Answer {
    Answer::Ack { room, seq, id, nonce, created_at: at.into() }
}
