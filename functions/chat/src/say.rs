//! Typing, sending, editing and deleting a message. One message too many in a minute bans the account.

use accounts::{pair::Pair, staff::Roles, user::User};
use kernel::{FieldError, Problem, id::AttachmentId};
use messaging::{
    attachment,
    change::{self, Changed},
    digest, exclusion,
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
    /// The files.
    pub attachments: Vec<AttachmentId>,
}

/// Answers `send`.
pub async fn say(
    s: &State,
    socket: &str,
    user: &User,
    member: RoomMember,
    Words { text, nonce, reply_to, attachments }: Words,
    (chat, receipt, pair): (ChatState, Option<Receipt>, Option<Pair>),
) -> Result<(Answer, Vec<Delivery>), Problem> {
    let visible = |seq: u64| (member.membership.from..=member.room.seq).contains(&seq);
    if reply_to.is_some_and(|seq| !visible(seq)) {
        return Err(Problem::field("/reply_to", FieldError::new("choice")));
    }
    let (receipt, room) = (receipt.filter(|receipt| receipt.holds(s.sys.now())), member.room.id);
    let fingerprint = send::fingerprint(&text, &attachments);
    // A repetition is answered from its receipt.
    let (mentions, attachments) = if receipt.is_some() {
        (Vec::new(), Vec::new())
    } else {
        (mention::resolve(&s.table, &text).await?, attachment::resolve(&s.table, user.id, room, &attachments).await?)
    };
    let direct = member.room.kind == RoomKind::Direct;
    let staff = receipt.is_none() && is_staff_in_slow_mode(s, &member).await?;
    let desk = None;
    let sending =
        Sending { user, member, pair, socket, text, attachments, reply_to, mentions, fingerprint, nonce, staff, chat, receipt, desk };
    match send::send(&s.table, &s.sys, sending).await {
        Ok(Sent { receipt, deliver, away }) => {
            let told = |message: Message| {
                // The record of the sender has been read. The other person may not have seen it yet.
                let picture = direct.then(|| s.links.of(user.picture));
                frame::write(STREAM, None, &Push::Message(&Message { picture, ..message }))
            };
            // At the same time, so that who is here does not wait for who is not.
            let deliver = async {
                if let Some((message, people)) = deliver {
                    crate::deliver(s, socket, (told(message), people)).await;
                }
            };
            tokio::join!(deliver, digest::expect(&s.table, s.sys.now(), room, &away));
            Ok((acknowledge(receipt), Vec::new()))
        }
        Err(SendError::Refused(problem)) => Err(problem),
        Err(SendError::Spam) => Err(exclusion::ban(&s.table, &s.sys, &s.sockets, user.id).await),
    }
}

/// Whether the sender need not wait in a room with a slow mode, because they are staff. One read if there is a slow mode and the sender
/// does not administrate the room.
async fn is_staff_in_slow_mode(s: &State, member: &RoomMember) -> Result<bool, Problem> {
    if member.room.slow_mode.is_none() || member.administrates().is_ok() {
        return Ok(false);
    }
    let roles = s.table.get::<Roles>(Roles::key_of(member.membership.user)).await?;
    Ok(roles.is_some_and(|roles| !roles.roles.is_empty()))
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
) -> Result<(Answer, Vec<Delivery>), Problem> {
    let mentions = mention::resolve(&s.table, &text).await?;
    let (told, seq) = told(change::edit(&s.table, &s.sys, member, entry, (text, mentions), pair).await?);
    Ok((Answer::Edited { room: member.room.id, seq }, told))
}

/// Answers `delete`.
pub async fn delete(s: &State, member: &RoomMember, entry: Option<LogEntry>) -> Result<(Answer, Vec<Delivery>), Problem> {
    let (told, seq) = told(change::delete(&s.table, &s.sys, member, entry).await?);
    Ok((Answer::Deleted { room: member.room.id, seq }, told))
}

/// Answers `typing`.
pub async fn typing(s: &State, user: &User, member: &RoomMember, pair: Option<&Pair>) -> Result<(Answer, Vec<Delivery>), Problem> {
    member.writes()?;
    let (room, watchers) = (member.room.id, typing::watchers(&s.table, member, pair).await?);
    let user = Author { id: user.id, username: user.username.to_string() };
    Ok((Answer::Typing { room }, vec![(frame::write(STREAM, None, &Push::Typing { room, user }), watchers)]))
}

/// The frame for the others, and the number of the message.
fn told(Changed { message, deliver }: Changed) -> (Vec<Delivery>, u64) {
    let told = deliver.map(|people| (frame::write(STREAM, None, &Push::Changed(&message)), people));
    (told.into_iter().collect(), message.seq)
}
