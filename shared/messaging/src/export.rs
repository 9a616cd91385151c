//! The chat's part of a person's export: their rooms, their invitations to rooms and their own messages, without messages of others.

use std::collections::BTreeMap;

use kernel::{
    PAGE_MAX, Timestamp,
    id::{AttachmentId, MessageId, RoomId, UserId},
};
use serde::Serialize;
use store::{Index, Item as _, Range, StoreError, Table};

use crate::{
    earlier::{self, EarlierText},
    member::{self, Invitation, Membership, RoomRole},
    message::{Content, LogEntry, by_author},
    room::{PUBLIC, Room, RoomKind},
    support::thread::thread_of,
};

/// The number of messages that one query reads.
const AT_ONCE: u32 = 500;

/// A room of which the person is a member, with its attributes in the export.
#[derive(Clone, Debug, Serialize)]
pub struct ExportedRoom {
    room: RoomId,
    kind: RoomKind,
    /// The name of a group or a channel, or the subject of a support thread.
    name: Option<String>,
    /// The person's role in a group or a channel.
    role: Option<RoomRole>,
    /// The other member of a direct room.
    with: Option<UserId>,
    since: Timestamp,
    /// The number up to which the person has read.
    read_seq: u64,
    muted: bool,
    /// The number up to which the inbox covers the messages.
    noted_seq: u64,
    /// The number up to which mails and text messages cover the messages.
    mailed_seq: u64,
    /// When the last mail or text message was sent.
    mailed_at: Option<Timestamp>,
    /// When the person's digest of the room is due, if it is.
    digest_due_at: Option<Timestamp>,
}

impl ExportedRoom {
    /// Returns the export of a membership in this room.
    fn of(member: Membership, room: Option<Room>) -> Self {
        let Membership { room: id, user, peer, since, read_seq, muted, digest, .. } = member;
        let role = room.as_ref().filter(|room| room.club.is_some()).map(|room| room.role_of(user));
        let unknown = if id == PUBLIC { RoomKind::Public } else { RoomKind::Direct };
        Self {
            room: id,
            kind: room.as_ref().map_or(unknown, |room| room.kind),
            name: room.and_then(|room| room.club).map(|club| club.name.to_string()),
            role,
            with: peer,
            since: since.into(),
            read_seq,
            muted,
            noted_seq: digest.noted_seq,
            mailed_seq: digest.mailed_seq,
            mailed_at: digest.mailed_at.map(Into::into),
            digest_due_at: digest.due.map(Into::into),
        }
    }
}

/// An invitation to a room.
#[derive(Clone, Debug, Serialize)]
pub struct InvitedTo {
    room: RoomId,
    by: Option<UserId>,
    at: Timestamp,
    until: Timestamp,
}

/// The chat data of a person.
#[derive(Clone, Debug, Default)]
pub struct Chats {
    /// Their rooms, in the order of their ids.
    pub rooms: Vec<ExportedRoom>,
    /// Their invitations, in the order of the rooms.
    pub invitations: Vec<InvitedTo>,
    /// Their messages, in the order of the rooms.
    pub messages: Vec<SentMessage>,
}

/// A message of the person.
#[derive(Clone, Debug, Serialize)]
pub struct SentMessage {
    room: RoomId,
    seq: u64,
    id: MessageId,
    username: String,
    text: String,
    /// The texts that the person has replaced, the oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    earlier: Vec<String>,
    /// The files, which `attachments.json` describes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<AttachmentId>,
    at: Timestamp,
}

/// Reads the chat data of a person, the public room included.
///
/// A read of their membership in the public room, and one of their support thread. One query for every hundred rooms and every hundred
/// invitations, a batch read of the rooms. For every 500 messages one query, and a batch read for every hundred earlier texts.
///
/// # Errors
/// [`StoreError`]
pub async fn chats(table: &Table, user: UserId) -> Result<Chats, StoreError> {
    Ok(Chats { rooms: rooms(table, user).await?, invitations: invitations(table, user).await?, messages: messages(table, user).await? })
}

async fn rooms(table: &Table, user: UserId) -> Result<Vec<ExportedRoom>, StoreError> {
    let mut rooms = Vec::<ExportedRoom>::new();
    let mut after = None;
    if let Some(in_public) = table.get::<Membership>(Membership::key_of(PUBLIC, user)).await? {
        rooms.push(ExportedRoom::of(in_public, None));
    }
    if let Some(Room { id, kind, created_at, desk: Some(desk), .. }) = table.get(Room::key_of(thread_of(user))).await? {
        let own = Membership { read_seq: desk.customer_read, ..Membership::new(id, user, created_at) };
        rooms.push(ExportedRoom { kind, name: Some(desk.subject.to_string()), ..ExportedRoom::of(own, None) });
    }
    loop {
        let page = member::of_user(table, user, after, PAGE_MAX).await?;
        after = page.last().map(|m| m.room);
        let mut found = table.get_many(page.items.iter().map(|m| Room::key_of(m.room)).collect()).await?;
        for member in page.items {
            let room = found.take::<Room>(&Room::key_of(member.room))?;
            rooms.push(ExportedRoom::of(member, room));
        }
        if after.is_none() {
            return Ok(rooms);
        }
    }
}

async fn invitations(table: &Table, user: UserId) -> Result<Vec<InvitedTo>, StoreError> {
    let mut invitations = Vec::<InvitedTo>::new();
    loop {
        let page = member::invitations(table, user, invitations.last().map(|i| i.room), PAGE_MAX).await?;
        let one = |Invitation { room, by, at, until, .. }| InvitedTo { room, by, at: at.into(), until: until.into() };
        invitations.extend(page.items.into_iter().map(one));
        if !page.more {
            return Ok(invitations);
        }
    }
}

async fn messages(table: &Table, user: UserId) -> Result<Vec<SentMessage>, StoreError> {
    let (range, mut said) = (Range::of_index(Index::MessagesByAuthor, by_author(user)).limit(AT_ONCE), Vec::new());
    let mut next = range.clone();
    loop {
        let page = table.query::<LogEntry>(next).await?;
        let last = page.last().map(|entry| (entry.key(), entry.indexes().into_iter().next().map(|(_, place)| place)));
        let mut replaced = BTreeMap::<(RoomId, u64), Vec<String>>::new();
        for EarlierText { room, seq, text, .. } in earlier::of(table, &page.items).await? {
            replaced.entry((room, seq)).or_default().push(text.to_string());
        }
        for LogEntry { room, seq, at, content, .. } in page.items {
            // Events that name the person are not exported, because they are about the room.
            if let Content::Said(words) = content {
                let (id, username, text) = (words.id, words.username, words.text.to_string());
                let earlier = replaced.remove(&(room, seq)).unwrap_or_default();
                let attachments = words.attachments.iter().map(|file| file.id).collect();
                said.push(SentMessage { room, seq, id, username, text, earlier, attachments, at: at.into() });
            }
        }
        match last {
            Some((key, place)) => next = range.clone().after(key, place),
            None => return Ok(said),
        }
    }
}
