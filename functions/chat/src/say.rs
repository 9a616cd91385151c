//! Sending, editing and deleting a message, and the notice that somebody is typing.

use accounts::{pair::Pair, user::User};
use kernel::Problem;
use messaging::{
    change::{self, Changed},
    frame::{self, Push},
    member::RoomMember,
    mention,
    message::{Author, LogEntry, Message, Text},
    presence::Presence,
    say::{MessageSender, NewMessage},
    typing,
};

use crate::{Delivery, STREAM, State, ask::Answer};

/// Answers `send`.
pub async fn say(s: &State, speaker: MessageSender<'_>, message: NewMessage) -> Result<Answer, Problem> {
    let nonce = Some(message.nonce.clone());
    let said = messaging::say::say(&s.table, &s.sys, &s.sockets, &s.links, speaker, message).await?;
    Ok(Answer::Ack(Message { nonce, ..said }))
}

/// Answers `edit`.
pub async fn edit(
    s: &State,
    member: &RoomMember,
    entry: Option<LogEntry>,
    text: Text,
    pair: Option<&Pair>,
) -> Result<(Answer, Vec<Delivery>), Problem> {
    let mentions = mention::resolve(&s.table, &text).await?;
    let Changed { message, deliver } = change::edit(&s.table, &s.sys, member, entry, (text, mentions), pair).await?;
    let deliveries = deliveries(&message, deliver);
    Ok((Answer::Edited(message), deliveries))
}

/// Answers `delete`.
pub async fn delete(s: &State, member: &RoomMember, entry: Option<LogEntry>) -> Result<(Answer, Vec<Delivery>), Problem> {
    let Changed { message, deliver } = change::delete(&s.table, &s.sys, member, entry).await?;
    let deliveries = deliveries(&message, deliver);
    Ok((Answer::Deleted(message), deliveries))
}

/// Answers `typing`.
pub async fn typing(s: &State, user: &User, member: &RoomMember, pair: Option<&Pair>) -> Result<(Answer, Vec<Delivery>), Problem> {
    member.writes()?;
    let (room, watchers) = (member.room.id, typing::watchers(&s.table, member, pair).await?);
    let user = Author { id: user.id, username: user.username.to_string() };
    Ok((Answer::Typing { room }, vec![(frame::write(STREAM, None, &Push::Typing { room, user }), watchers)]))
}

/// Returns the delivery of a changed message to the others, if there is one.
fn deliveries(message: &Message, deliver: Option<Vec<Presence>>) -> Vec<Delivery> {
    let delivery = deliver.map(|people| (frame::write(STREAM, None, &Push::Changed(message)), people));
    delivery.into_iter().collect()
}
