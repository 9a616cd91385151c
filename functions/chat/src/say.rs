//! Sending, editing and deleting a message, and the notice that somebody is typing.

use accounts::{pair::Pair, user::User};
use kernel::Problem;
use messaging::{
    change::{self, Changed},
    frame::{self, Push},
    member::RoomMember,
    mention,
    message::{Author, LogEntry, Text},
    say::{MessageSender, NewMessage},
    send::Receipt,
    typing,
};

use crate::{Delivery, STREAM, State, ask::Answer};

/// Answers `send`.
pub async fn say(s: &State, speaker: MessageSender<'_>, message: NewMessage) -> Result<Answer, Problem> {
    let said = messaging::say::say(&s.table, &s.sys, &s.sockets, &s.links, speaker, message).await?;
    let Receipt { room, seq, id, nonce, at, .. } = said;
    Ok(Answer::Ack { room, seq, id, nonce, created_at: at.into() })
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
    let (deliveries, seq) = deliveries(change::edit(&s.table, &s.sys, member, entry, (text, mentions), pair).await?);
    Ok((Answer::Edited { room: member.room.id, seq }, deliveries))
}

/// Answers `delete`.
pub async fn delete(s: &State, member: &RoomMember, entry: Option<LogEntry>) -> Result<(Answer, Vec<Delivery>), Problem> {
    let (deliveries, seq) = deliveries(change::delete(&s.table, &s.sys, member, entry).await?);
    Ok((Answer::Deleted { room: member.room.id, seq }, deliveries))
}

/// Answers `typing`.
pub async fn typing(s: &State, user: &User, member: &RoomMember, pair: Option<&Pair>) -> Result<(Answer, Vec<Delivery>), Problem> {
    member.writes()?;
    let (room, watchers) = (member.room.id, typing::watchers(&s.table, member, pair).await?);
    let user = Author { id: user.id, username: user.username.to_string() };
    Ok((Answer::Typing { room }, vec![(frame::write(STREAM, None, &Push::Typing { room, user }), watchers)]))
}

/// Returns the delivery to the others, if there is one, and the number of the message.
fn deliveries(Changed { message, deliver }: Changed) -> (Vec<Delivery>, u64) {
    let delivery = deliver.map(|people| (frame::write(STREAM, None, &Push::Changed(&message)), people));
    (delivery.into_iter().collect(), message.seq)
}
