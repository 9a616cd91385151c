//! Reads the items that decide about a digest: the person, their settings, and the rooms with unread messages.

use accounts::{
    pair::{self, Pair},
    user::{Status, User},
};
use futures_util::future::try_join_all;
use kernel::{Time, id::UserId};
use messaging::{
    member::Membership,
    message::{Content, LogEntry, sort},
    presence::Presence,
    room::{self, Room, RoomKind},
    spam::ChatState,
};
use preferences::{Channel, Settings};
use store::{
    Range, StoreError, Table,
    limits::{DAY, Limit, Quota},
};

/// How many mails about missed messages one person gets.
const MAILS: Quota = Quota::window("digest_mails", 20, DAY, "mails about missed messages to one person");
/// How many text messages about missed messages one person gets.
const TEXTS: Quota = Quota::window("digest_texts", 3, DAY, "text messages about missed messages to one person");
/// The most messages of a page. The newest are read first.
const READ_MAX: u32 = 200;
/// The most pages of a room in which people are only told of mentions, because many other messages may follow a mention. Of other rooms one
/// page is read.
const PAGES_MAX: u32 = 10;

/// A person, read in this run.
pub struct Person {
    /// The account, which is active.
    pub user: User,
    /// The notification settings.
    pub settings: Settings,
    /// Whether they are online.
    pub online: bool,
    /// The channel by which they are notified: mail if they have an address, otherwise text message. `None` without address and number.
    pub channel: Option<Channel>,
    /// The limit of messages by this channel.
    pub limit: Limit,
}

/// A room with unread messages, read in this run.
pub struct RoomFacts {
    /// The membership, which this run has leased.
    pub member: Membership,
    /// The room.
    pub room: Room,
    /// The unread messages of others, the oldest first.
    pub lines: Vec<Line>,
}

/// An unread message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The number.
    pub seq: u64,
    /// When it was written.
    pub at: Time,
    /// The author.
    pub author: UserId,
    /// The username of the author.
    pub username: String,
    /// The text.
    pub text: String,
    /// Whether it mentions the person.
    pub mentions: bool,
}

/// The person and the rooms.
pub struct Facts {
    /// The person. `None` if their account is not active, or they are banned from chat.
    pub person: Option<Person>,
    /// The rooms that may have unread messages.
    pub rooms: Vec<RoomFacts>,
    /// The memberships without a notice: the room is deleted or muted, or one of the two people blocks the other.
    pub silent: Vec<Membership>,
}

impl Facts {
    /// Reads all items. A batch read, a query for each room with new messages (in large rooms up to ten), and another batch read if there
    /// are authors in groups.
    pub async fn read(table: &Table, user: UserId, members: Vec<Membership>, now: Time) -> Result<Self, StoreError> {
        let (user_key, settings_key, presence_key) = (User::key_of(user), Settings::key_of(user), Presence::key_of(user));
        let chat_key = ChatState::key_of(user);
        let limits = [MAILS.of(user), TEXTS.of(user)];
        let rooms = members.iter().flat_map(|m| [Some(Room::key_of(m.room)), m.peer.map(|_| Pair::key_in(m.room))]).flatten();
        let own = [user_key.clone(), settings_key.clone(), presence_key.clone(), chat_key.clone()]
            .into_iter()
            .chain(limits.iter().map(Limit::key));
        let mut found = table.get_many(own.chain(rooms).collect()).await?;
        let [mails, texts] = limits;
        let (mails, texts) = (mails.read(&mut found, now)?, texts.read(&mut found, now)?);
        let settings = found.take::<Settings>(&settings_key)?.unwrap_or_else(|| Settings::of_default(user));
        let online = found.take::<Presence>(&presence_key)?.is_some_and(|presence| presence.is_online(now));
        let banned = found.take::<ChatState>(&chat_key)?.is_some_and(|chat| chat.ban(now).is_some());
        let person = found.take::<User>(&user_key)?.filter(|user| user.status == Status::Active && !banned).map(|user| {
            let channel =
                [user.email.as_ref().map(|_| Channel::Mail), user.phone.as_ref().map(|_| Channel::Sms)].into_iter().flatten().next();
            Person { limit: if channel == Some(Channel::Sms) { texts } else { mails }, user, settings, online, channel }
        });
        let (mut audible, mut silent) = (Vec::new(), Vec::new());
        for member in members {
            let blocked = match member.peer {
                Some(_) => found.take::<Pair>(&Pair::key_in(member.room))?.is_some_and(|pair| pair.is_blocked()),
                None => false,
            };
            match found.take::<Room>(&Room::key_of(member.room))? {
                Some(room) if !blocked && !member.muted && person.is_some() => audible.push((member, room)),
                _ => silent.push(member),
            }
        }
        let mut rooms = try_join_all(audible.into_iter().map(|(member, room)| read_unread(table, member, room))).await?;
        leave_out_blocked(table, user, &mut rooms).await?;
        Ok(Self { person, rooms, silent })
    }
}

/// Returns the unread messages of a room, also those of earlier notices. One query, up to ten in a large room until it reaches the messages
/// of earlier notices. None if all messages were in earlier notices.
async fn read_unread(table: &Table, member: Membership, room: Room) -> Result<RoomFacts, StoreError> {
    let from = member.read_upto().saturating_add(1);
    let new = member.digest.noted_seq.min(member.digest.mailed_seq).saturating_add(1);
    let pages = if tells_all(&room) { 1 } else { PAGES_MAX };
    let (mut lines, mut upto) = (Vec::new(), room.seq);
    for _ in 0..pages {
        if from.max(new) > upto {
            break;
        }
        let range = Range::of(room::partition(room.id)).between(sort(from), sort(upto)).newest_first().limit(READ_MAX);
        let page = table.query::<LogEntry>(range).await?;
        upto = page.last().map_or(0, |first| first.seq.saturating_sub(1));
        lines.extend(page.items.into_iter().filter_map(|entry| line(entry, member.user, &room)));
    }
    lines.reverse();
    Ok(RoomFacts { member, room, lines })
}

/// Returns whether people are told of all messages of others in a room. In rooms with many members they are only told of mentions.
fn tells_all(room: &Room) -> bool {
    matches!(room.kind, RoomKind::Direct | RoomKind::Group) && room.is_small()
}

/// Returns the message of an entry, if the person is told of it.
fn line(LogEntry { seq, at, content, .. }: LogEntry, me: UserId, room: &Room) -> Option<Line> {
    match content {
        Content::Said(said) if said.author != me => {
            let (mentions, text) = (said.mentions.contains(&me), said.text.to_string());
            let line = Line { seq, at, author: said.author, username: said.username, text, mentions };
            Some(line).filter(|line| line.mentions || tells_all(room))
        }
        _ => None,
    }
}

/// Leaves out messages in groups from authors whom the person blocks. An author who blocks the person is not left out, because that would
/// reveal the block. One batch read. None if no message has an author in a group.
async fn leave_out_blocked(table: &Table, me: UserId, rooms: &mut [RoomFacts]) -> Result<(), StoreError> {
    // For direct rooms the relation was read before.
    let others = rooms.iter().filter(|room| room.member.peer.is_none()).flat_map(|room| &room.lines);
    let blocked = pair::blocked_by(table, me, &others.map(|line| line.author).collect()).await?;
    for room in rooms {
        room.lines.retain(|line| !blocked.contains(&line.author));
    }
    Ok(())
}
