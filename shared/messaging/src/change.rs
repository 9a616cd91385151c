//! Editing and deleting messages.
//!
//! A message keeps its number. Whoever reads it later gets it as it is then: the new text, or that it was deleted. Clients that are
//! away notice by the room's count of changes in their `hello`, and read again what they show. One transaction changes the
//! message and the count.

use std::time::Duration;

use accounts::pair::Pair;
use events::{Outbox, rooms::MessageChanged};
use kernel::{Kind, Problem, Sys, Time, id::UserId};
use store::{CommitError, Cond, Index, Item as _, Table, Tx, Update, field};

use crate::{
    delivery,
    member::{Membership, RoomMember},
    message::{Content, LogEntry, Message, Said, Text},
    presence::Presence,
    room::{Accepted, Room, RoomKind},
};

/// How long the author of a message may edit and delete it.
pub const CHANGEABLE: Duration = Duration::from_secs(15 * 60);

/// A message that was changed.
#[derive(Debug)]
pub struct Changed {
    /// The message as it is now.
    pub message: Message,
    /// The members' sockets, if it is delivered while the caller waits.
    pub deliver: Option<Vec<Presence>>,
}

/// Replaces the text and the mentions of one's own message. `pair`: in a direct room, how the two people stand to each other. One transaction; in a small group beside it a query of the members, and after it a batch
/// read of the sockets.
///
/// # Errors
/// [`Kind::NotFound`], [`Kind::Forbidden`] for a message of somebody else and for readers of a channel, [`Kind::ChangeTooLate`],
/// [`Kind::ChatNotAllowed`], [`Kind::Conflict`] with another change at the same moment.
pub async fn edit(
    table: &Table,
    sys: &Sys,
    member: &RoomMember,
    entry: Option<LogEntry>,
    text: (Text, Vec<UserId>),
    pair: Option<&Pair>,
) -> Result<Changed, Problem> {
    let ((entry, said), now) = (message(member, entry)?, sys.now());
    own(member, &entry, &said, now)?;
    member.writes()?;
    let (text, mentions) = text;
    let said = Said { text, mentions, edited_at: Some(now), ..said };
    commit(table, sys, member, LogEntry { content: Content::Said(said), ..entry }, pair).await
}

/// Deletes a message: one's own, or any in a room that one administrates. As [`edit`].
///
/// # Errors
/// [`Kind::NotFound`], [`Kind::Forbidden`] for a message of somebody else, [`Kind::ChangeTooLate`], [`Kind::Conflict`] with another
/// change at the same moment.
pub async fn delete(table: &Table, sys: &Sys, member: &RoomMember, entry: Option<LogEntry>) -> Result<Changed, Problem> {
    let (entry, said) = message(member, entry)?;
    if member.administrates().is_err() {
        own(member, &entry, &said, sys.now())?;
    }
    commit(table, sys, member, LogEntry { content: Content::Deleted {}, ..entry }, None).await
}

/// A message that the member may read.
fn message(member: &RoomMember, entry: Option<LogEntry>) -> Result<(LogEntry, Said), Problem> {
    let entry = entry.filter(|entry| entry.seq >= member.membership.from).ok_or(Kind::NotFound)?;
    match &entry.content {
        Content::Said(said) => {
            let said = said.clone();
            Ok((entry, said))
        }
        Content::Happened(_) | Content::Deleted {} => Err(Kind::NotFound.because("there is no message under this number")),
    }
}

/// Checks that the member may change a message as its author.
fn own(member: &RoomMember, entry: &LogEntry, said: &Said, now: Time) -> Result<(), Problem> {
    if said.author != member.membership.user {
        return Err(Kind::Forbidden.because("the message is somebody else's"));
    }
    if now.since(entry.at) > CHANGEABLE { Err(Kind::ChangeTooLate.into()) } else { Ok(()) }
}

/// Stores the new content of a message, unless it was changed since it was read.
async fn commit(table: &Table, sys: &Sys, member: &RoomMember, after: LogEntry, pair: Option<&Pair>) -> Result<Changed, Problem> {
    let RoomMember { room, membership } = member;
    let mut tx = Tx::new();
    let same = tx.update(rewrite(&after).when(field("changes").absent().or(field("changes").eq(after.changes))));
    tx.update(Update::of(Room::key_of(room.id)).add("changes", 1).when(Cond::Exists));
    let admitted = match (room.kind, membership.peer, &after.content) {
        (RoomKind::Direct, Some(peer), Content::Said(_)) => {
            let accepted = Accepted::check(&mut tx, membership.user, peer, pair);
            vec![(accepted.peer, Kind::ChatNotAllowed), (accepted.pair, Kind::Conflict)]
        }
        (RoomKind::Public | RoomKind::Direct | RoomKind::Support, ..) => Vec::new(),
        (RoomKind::Group | RoomKind::Channel, ..) => {
            vec![(tx.check(Membership::key_of(room.id, membership.user), Cond::Exists), Kind::NotFound)]
        }
    };
    let small = room.is_small();
    if !small {
        Outbox::add(&mut tx, sys, &MessageChanged { room: room.id, seq: after.seq });
    }
    let (committed, people) = tokio::join!(table.commit(tx), delivery::people(table, member, after.seq));
    match committed {
        Ok(()) => {}
        Err(CommitError::Refused(r)) => {
            return Err(match admitted.into_iter().find(|(slot, _)| r.at(*slot)) {
                Some((_, kind)) => kind.because("the person may not write there any more"),
                None if r.at(same) => Kind::Conflict.because("the message was changed before"),
                None => Kind::NotFound.because("the room was deleted"),
            });
        }
        Err(CommitError::Store(e)) => return Err(e.into()),
    }
    let deliver = if small { Some(delivery::sockets_or_nobody(table, people).await) } else { None };
    Ok(Changed { message: after.shown(), deliver })
}

/// The update that replaces the content of an entry.
fn rewrite(after: &LogEntry) -> Update {
    let update = Update::of(after.key()).set("changes", after.changes.saturating_add(1)).when(field("said").exists());
    match &after.content {
        Content::Said(said) => update.set("said", said),
        Content::Happened(_) | Content::Deleted {} => {
            let (name, tombstone) = Content::tombstone();
            update.remove("said").remove("via").set(name, tombstone).index(Index::MessagesByAuthor, None)
        }
    }
}
