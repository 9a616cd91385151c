//! Typing, sending, editing and deleting a message. One message too many in a minute bans the account.

use accounts::{pair::Pair, user::User};
use kernel::{FieldError, Problem};
use messaging::{
    change::{self, Changed},
    exclusion,
    frame::{self, Push},
    member::RoomMember,
    mention,
    message::{Author, LogEntry, Message, Nonce, Text},
    room::RoomKind,
    send::{self, Receipt, SendError, Sending, Sent},
    spam::ChatState,
    typing,
};

use crate::{Delivery, STREAM, State, ask::Answer};

/// What a client sends.
pub struct Words {
    /// The text.
    pub text: Text,
    /// The client's nonce.
    pub nonce: Nonce,
    /// The number of the message that it answers.
    pub reply_to: Option<u64>,
}

/// Answers `send`.
pub async fn say(
    s: &State,
    socket: &str,
    user: &User,
    member: RoomMember,
    Words { text, nonce, reply_to }: Words,
    (chat, receipt, pair): (ChatState, Option<Receipt>, Option<Pair>),
) -> Result<(Answer, Delivery), Problem> {
    let visible = |seq: u64| (member.membership.from..=member.room.seq).contains(&seq);
    if reply_to.is_some_and(|seq| !visible(seq)) {
        return Err(Problem::field("/reply_to", FieldError::new("choice")));
    }
    // A repetition is answered from its receipt.
    let mentions = if receipt.is_some() { Vec::new() } else { mention::resolve(&s.table, &text).await? };
    let direct = member.room.kind == RoomKind::Direct;
    let sending = Sending { user, member, pair, socket, text, reply_to, mentions, nonce, chat, receipt, desk: None };
    match send::send(&s.table, &s.sys, sending).await {
        Ok(Sent { receipt, deliver }) => {
            let told = |message: Message| {
                // The record of the sender has been read. The other person may not have seen it yet.
                let picture = direct.then(|| s.links.of(user.picture));
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

/// Answers `edit`.
pub async fn edit(
    s: &State,
    member: &RoomMember,
    entry: Option<LogEntry>,
    text: Text,
    pair: Option<&Pair>,
) -> Result<(Answer, Delivery), Problem> {
    let mentions = mention::resolve(&s.table, &text).await?;
    let (told, seq) = told(change::edit(&s.table, &s.sys, member, entry, (text, mentions), pair).await?);
    Ok((Answer::Edited { room: member.room.id, seq }, told))
}

/// Answers `delete`.
pub async fn delete(s: &State, member: &RoomMember, entry: Option<LogEntry>) -> Result<(Answer, Delivery), Problem> {
    let (told, seq) = told(change::delete(&s.table, &s.sys, member, entry).await?);
    Ok((Answer::Deleted { room: member.room.id, seq }, told))
}

/// Answers `typing`.
pub async fn typing(s: &State, user: &User, member: &RoomMember, pair: Option<&Pair>) -> Result<(Answer, Delivery), Problem> {
    member.writes()?;
    let (room, watchers) = (member.room.id, typing::watchers(&s.table, member, pair).await?);
    let user = Author { id: user.id, username: user.username.to_string() };
    Ok((Answer::Typing { room }, Some((frame::write(STREAM, None, &Push::Typing { room, user }), watchers))))
}

/// The frame for the others, and the number of the message.
fn told(Changed { message, deliver }: Changed) -> (Delivery, u64) {
    (deliver.map(|people| (frame::write(STREAM, None, &Push::Changed(&message)), people)), message.seq)
}
