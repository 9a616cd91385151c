//! Editing and deleting messages.
//!
//! A changed message keeps its number, and readers get its current state. Clients that were offline notice by the room's count of changes
//! in the answer to their `hello`, and read again what they show. Each message has a count of its own changes, by which clients order the
//! states of it that they get: the clocks of two instances may differ. The purge of a person's messages pushes the room's count instead of
//! each message ([`crate::purge`]). One transaction changes the message and both counts. An edit keeps the replaced text
//! ([`crate::earlier`]), and a deletion deletes these texts too.

use std::time::Duration;

use accounts::pair::Pair;
use events::{Outbox, rooms::MessageChanged};
use kernel::{
    Kind, Problem, Sys, Time,
    id::{AttachmentId, UserId},
};
use store::{CommitError, Cond, Index, Item as _, Refused, Row, Slot, StoreError, Table, Tx, Update, field};

use crate::{
    attachment, delivery,
    earlier::{self, EarlierText},
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
    /// The message after the change.
    pub message: Message,
    /// The members' sockets, if this call has to deliver the change.
    pub deliver: Option<Vec<Presence>>,
}

/// Replaces the text and the mentions of the member's own message. `pair` is the relation of the two people of a direct room. One
/// transaction; in a small group a concurrent query of the members, and then a batch read of the sockets.
///
/// Unread mentions are counted from the messages as they are ([`crate::unread`]), so that an added one counts in rooms of every size. In
/// large rooms nothing else follows from it: unlike a sent mention, it makes no digest due.
///
/// # Errors
/// [`Kind::NotFound`], [`Kind::Forbidden`] for a message of somebody else and for readers of a channel, [`Kind::ChangeTooLate`],
/// [`Kind::ChatNotAllowed`], [`Kind::Conflict`] if another change of the message, or of the masking of words in the room, was concurrent.
pub async fn edit(
    table: &Table,
    sys: &Sys,
    member: &RoomMember,
    entry: Option<LogEntry>,
    text: (Text, Vec<UserId>),
    pair: Option<&Pair>,
) -> Result<Changed, Problem> {
    let (entry, now) = (readable(member, entry)?, sys.now());
    let said = said(&entry)?;
    own(member, &entry, &said, now)?;
    member.writes()?;
    let (text, mentions) = text;
    let text = if member.room.masks { text.masked() } else { text };
    let mut tx = Tx::new();
    tx.put_always(&EarlierText::of(&entry, &said, now));
    let said = Said { text, mentions, edited_at: Some(now), ..said };
    commit(table, sys, member, LogEntry { content: Content::Said(said), ..entry }, &[], (tx, pair)).await
}

/// Deletes a message: the member's own, or any message for an administrator of the room. Its files are deleted afterwards. No effect if it
/// is deleted already, whoever asks, because nothing tells any more whose it was. The requests are those of [`edit`].
///
/// # Errors
/// [`Kind::NotFound`], [`Kind::Forbidden`] for a message of somebody else, [`Kind::ChangeTooLate`], [`Kind::Conflict`] if an edit was
/// concurrent.
pub async fn delete(table: &Table, sys: &Sys, member: &RoomMember, entry: Option<LogEntry>) -> Result<Changed, Problem> {
    let entry = readable(member, entry)?;
    if entry.is_deleted() {
        return Ok(Changed { message: entry.shown(), deliver: None });
    }
    let said = said(&entry)?;
    if member.administrates().is_err() {
        own(member, &entry, &said, sys.now())?;
    }
    let dropped: Vec<AttachmentId> = said.attachments.iter().map(|file| file.id).collect();
    let mut tx = Tx::new();
    forget_earlier(&mut tx, &entry);
    commit(table, sys, member, LogEntry { content: Content::Deleted {}, ..entry }, &dropped, (tx, None)).await
}

/// The conditions of the transaction in which a moderator deletes a message.
#[derive(Clone, Copy, Debug)]
pub struct Removal {
    /// Refused if the message was changed since it was read.
    pub message: Slot,
    /// Refused if the room was deleted.
    pub room: Slot,
}

impl Removal {
    /// Returns whether the transaction was refused because the message was deleted meanwhile, such as by a repetition of the same request.
    ///
    /// # Errors
    /// [`StoreError`] if the message cannot be decoded.
    pub fn was_made(self, refused: &Refused) -> Result<bool, StoreError> {
        is_tombstone(refused.current(self.message))
    }
}

/// Adds the deletion of somebody's message by a moderator to a transaction. `room-fanout` delivers the change, in rooms of every size.
///
/// # Errors
/// [`Kind::NotFound`] if there is no message under the number.
pub fn remove(tx: &mut Tx, sys: &Sys, entry: &LogEntry) -> Result<Removal, Problem> {
    let Content::Said(said) = &entry.content else {
        return Err(Kind::NotFound.because("there is no message under this number"));
    };
    let dropped: Vec<AttachmentId> = said.attachments.iter().map(|file| file.id).collect();
    let after = LogEntry { content: Content::Deleted {}, ..entry.clone() };
    let message = tx.update(rewrite(&after).when(is_unchanged(&after)));
    let room = tx.update(Update::of(Room::key_of(entry.room)).add("changes", 1).when(Cond::Exists));
    forget_earlier(tx, entry);
    attachment::drop_all(tx, sys, &dropped);
    Outbox::add(tx, sys, &MessageChanged { room: entry.room, seq: entry.seq });
    Ok(Removal { message, room })
}

/// Adds the deletion of the earlier texts of a message to a transaction.
fn forget_earlier(tx: &mut Tx, entry: &LogEntry) {
    for key in earlier::keys(entry) {
        tx.delete(key);
    }
}

/// Returns the condition that an entry is unchanged since it was read.
fn is_unchanged(entry: &LogEntry) -> Cond {
    field("changes").absent().or(field("changes").eq(entry.changes))
}

/// Returns an entry that the member may read.
fn readable(member: &RoomMember, entry: Option<LogEntry>) -> Result<LogEntry, Kind> {
    entry.filter(|entry| entry.seq >= member.membership.from).ok_or(Kind::NotFound)
}

/// Returns what was said, if the entry is a message.
fn said(entry: &LogEntry) -> Result<Said, Problem> {
    match &entry.content {
        Content::Said(said) => Ok(said.clone()),
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

/// Commits the new content of a message, unless the message was changed since it was read, with the writes in `tx` and an event that
/// deletes the files in `dropped`.
async fn commit(
    table: &Table,
    sys: &Sys,
    member: &RoomMember,
    after: LogEntry,
    dropped: &[AttachmentId],
    (mut tx, pair): (Tx, Option<&Pair>),
) -> Result<Changed, Problem> {
    let RoomMember { room, membership } = member;
    let same = tx.update(rewrite(&after).when(is_unchanged(&after)));
    let counted = Update::of(Room::key_of(room.id)).add("changes", 1).when(Cond::Exists);
    // The new text was masked or not by this rule. A deletion has no text.
    let counted = tx.update(if after.is_deleted() { counted } else { counted.when(room.masks_unchanged()) });
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
    attachment::drop_all(&mut tx, sys, dropped);
    let small = room.is_small();
    if !small {
        Outbox::add(&mut tx, sys, &MessageChanged { room: room.id, seq: after.seq });
    }
    let (committed, people) = tokio::join!(table.commit(tx), delivery::people(table, member, after.seq));
    match committed {
        Ok(()) => {}
        Err(CommitError::Refused(r)) => {
            return match admitted.into_iter().find(|(slot, _)| r.at(*slot)) {
                Some((_, kind)) => Err(kind.because("the person may not write there any more")),
                None if r.at(same) => changed_meanwhile(r.current(same), &after),
                None if r.current(counted).is_some() => Err(Kind::Conflict.because("the rules of the room were changed")),
                None => Err(Kind::NotFound.because("the room was deleted")),
            };
        }
        Err(CommitError::Store(e)) => return Err(e.into()),
    }
    let deliver = if small { Some(delivery::sockets_or_nobody(table, people).await) } else { None };
    Ok(Changed { message: LogEntry { changes: changes_after(&after), ..after }.shown(), deliver })
}

/// Returns the result for a message that a concurrent frame has changed. If both delete it, such as a frame and its repetition, that is no
/// conflict.
fn changed_meanwhile(current: Option<Row>, after: &LogEntry) -> Result<Changed, Problem> {
    let current = current.map(Row::decode::<LogEntry>).transpose()?;
    let deleted = current.filter(|current| after.is_deleted() && current.is_deleted());
    let deleted = deleted.ok_or_else(|| Kind::Conflict.because("the message was changed meanwhile"))?;
    Ok(Changed { message: deleted.shown(), deliver: None })
}

/// Returns the count of changes with which the new content of an entry is stored. The entry still has the one that was read.
const fn changes_after(entry: &LogEntry) -> u32 {
    entry.changes.saturating_add(1)
}

/// Returns whether an entry that refused a change was deleted meanwhile.
fn is_tombstone(current: Option<Row>) -> Result<bool, StoreError> {
    Ok(current.map(Row::decode::<LogEntry>).transpose()?.is_some_and(|entry| entry.is_deleted()))
}

/// Returns the update that replaces the content of an entry.
fn rewrite(after: &LogEntry) -> Update {
    let update = Update::of(after.key()).set("changes", changes_after(after)).when(field("said").exists());
    match &after.content {
        Content::Said(said) => update.set("said", said),
        Content::Happened(_) | Content::Deleted {} => {
            let (name, tombstone) = Content::tombstone();
            update.remove("said").remove("via").set(name, tombstone).index(Index::MessagesByAuthor, None)
        }
    }
}
