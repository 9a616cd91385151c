//! Sending a message over the socket or over HTTP: resolves what the message refers to, commits it ([`send`]), and delivers it. Exceeding
//! the limit of messages in a minute bans the account.

use std::num::NonZeroU64;

use accounts::{pair::Pair, picture::Links, staff::Roles, user::User};
use kernel::{
    FieldError, Problem, Sys,
    id::{AttachmentId, UserId},
};
use store::Table;

use crate::{
    Sockets, attachment, delivery, digest, exclusion,
    frame::{self, CHAT_STREAM, Push},
    member::RoomMember,
    mention,
    message::{Author, Message, Nonce, Text},
    presence::Presence,
    room::RoomKind,
    send::{self, Receipt, SendError, Sending, Sent},
    spam::ChatState,
};

/// A message as a client sends it.
#[derive(Debug)]
pub struct NewMessage {
    /// The text.
    pub text: Text,
    /// The client's nonce.
    pub nonce: Nonce,
    /// The number of the message that it answers.
    pub reply_to: Option<u64>,
    /// The files.
    pub attachments: Vec<AttachmentId>,
}

impl NewMessage {
    /// Checks everything that needs no read.
    ///
    /// # Errors
    /// [`kernel::Kind::MessageLength`], [`kernel::Kind::Invalid`], [`kernel::Kind::TooMany`]
    pub fn parse(text: &str, nonce: Nonce, reply_to: Option<NonZeroU64>, attachments: Vec<AttachmentId>) -> Result<Self, Problem> {
        attachment::listed(&attachments)?;
        let text = if attachments.is_empty() { Text::parse(text)? } else { Text::beside_files(text)? };
        Ok(Self { text, nonce, reply_to: reply_to.map(NonZeroU64::get), attachments })
    }
}

/// The sender, already authorized.
#[derive(Debug)]
pub struct MessageSender<'a> {
    /// The person.
    pub user: &'a User,
    /// The person in the room.
    pub member: RoomMember,
    /// Their socket. Empty over HTTP.
    pub socket: &'a str,
    /// The state of their sending limit.
    pub chat: ChatState,
    /// The receipt of the nonce, if it was committed before.
    pub receipt: Option<Receipt>,
    /// In a direct room: the relation of the two people.
    pub pair: Option<Pair>,
}

/// Sends a message, and delivers it to the others in a small room. In larger ones `room-fanout` does. Returns the message as members see
/// it. One read more for a repetition.
///
/// # Errors
/// [`kernel::Kind::Invalid`] for an answer to a message that the person cannot see, and the problems of [`send::send`].
pub async fn say(
    table: &Table,
    sys: &Sys,
    sockets: &Sockets,
    links: &Links,
    MessageSender { user, member, socket, chat, receipt, pair }: MessageSender<'_>,
    NewMessage { text, nonce, reply_to, attachments }: NewMessage,
) -> Result<Message, Problem> {
    let (receipt, room) = (receipt.filter(|receipt| receipt.holds(sys.now())), member.room.id);
    let visible = |seq: u64| (member.membership.from..=member.room.seq).contains(&seq);
    // A repetition is answered from its receipt, so nothing has to be visible any more, or to be resolved.
    if receipt.is_none() && reply_to.is_some_and(|seq| !visible(seq)) {
        return Err(Problem::field("/reply_to", FieldError::CHOICE));
    }
    let fingerprint = send::fingerprint(&text, &attachments);
    let (mentions, attachments) = if receipt.is_some() {
        (Vec::new(), Vec::new())
    } else {
        (mention::resolve(table, &text).await?, attachment::resolve(table, user.id, room, &attachments).await?)
    };
    let direct = member.room.kind == RoomKind::Direct;
    let peer = member.membership.peer.filter(|_| direct);
    let staff = receipt.is_none() && is_staff_in_slow_mode(table, &member).await?;
    let desk = None;
    let sending =
        Sending { user, member, pair, socket, text, attachments, reply_to, mentions, fingerprint, nonce, staff, chat, receipt, desk };
    match send::send(table, sys, sending).await {
        Ok(sent) => {
            let message = sent.shown(table).await?;
            let Sent { deliver, away, .. } = sent;
            // Concurrently, so that the delivery does not wait for the digests.
            let deliver = async {
                if let Some(people) = deliver {
                    // The sender's user item has already been read, so their current picture can be added.
                    let pictured = Message { picture: direct.then(|| links.of(user.picture)), ..message.clone() };
                    let lost = tell(table, sys, sockets, (user, socket), peer, &pictured, people).await;
                    // They are away, too, although their sockets are still listed.
                    let lost: Vec<UserId> = lost.into_iter().filter(|lost| *lost != user.id && !away.contains(lost)).collect();
                    digest::schedule(table, sys.now(), room, &lost).await;
                }
            };
            tokio::join!(deliver, digest::schedule(table, sys.now(), room, &away));
            Ok(message)
        }
        Err(SendError::Refused(problem)) => Err(problem),
        Err(SendError::Spam) => Err(exclusion::ban(table, sys, sockets, user.id).await),
    }
}

/// Delivers the message to the others and to the sender's other devices. The first message of a direct room also tells each of the two who
/// the other person is, which takes one read if the sender has other devices. Returns the people whom it did not reach, because all their
/// sockets are closed.
async fn tell(
    table: &Table,
    sys: &Sys,
    sockets: &Sockets,
    (user, socket): (&User, &str),
    peer: Option<UserId>,
    message: &Message,
    people: Vec<Presence>,
) -> Vec<UserId> {
    let frame = |message: &Message| frame::write(CHAT_STREAM, None, &Push::Message(message));
    let Some(peer) = peer.filter(|_| message.seq == 1) else {
        return delivery::reach(table, sys, sockets, &people, Some(socket), &frame(message)).await;
    };
    let now = sys.now();
    let (own, others): (Vec<Presence>, Vec<Presence>) = people.into_iter().partition(|of| of.user == user.id);
    let elsewhere = own.iter().any(|of| of.sockets(now).any(|open| open.id != socket));
    let to_sender = async {
        let with = if elsewhere { author(table, peer).await } else { None };
        delivery::deliver(table, sys, sockets, &own, Some(socket), &frame(&Message { with, ..message.clone() })).await;
    };
    let sender = Author { id: user.id, username: user.username.to_string() };
    let to_peer = frame(&Message { with: Some(sender), ..message.clone() });
    let ((), lost) = tokio::join!(to_sender, delivery::reach(table, sys, sockets, &others, Some(socket), &to_peer));
    lost
}

/// Returns a person with their current username. `None` if it cannot be read now, because the delivery does not depend on it.
async fn author(table: &Table, id: UserId) -> Option<Author> {
    let user = table
        .get::<User>(User::key_of(id))
        .await
        .inspect_err(|e| tracing::warn!(error = %e, "the username of the other person could not be read"));
    user.ok().flatten().map(|user| Author { id, username: user.username.to_string() })
}

/// Returns whether the sender need not wait in a room with a slow mode, because they are staff. One read if there is a slow mode and the
/// sender does not administrate the room.
async fn is_staff_in_slow_mode(table: &Table, member: &RoomMember) -> Result<bool, Problem> {
    if member.room.slow_mode.is_none() || member.administrates().is_ok() {
        return Ok(false);
    }
    let roles = table.get::<Roles>(Roles::key_of(member.membership.user)).await?;
    Ok(roles.is_some_and(|roles| !roles.roles.is_empty()))
}
