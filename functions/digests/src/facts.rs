//! What is read about a person and the rooms in which something waits for them.

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

/// Mails about missed messages to one person.
const MAILS: Quota = Quota::window("digest_mails", 20, DAY, "mails about missed messages to one person");
/// Text messages about missed messages to one person.
const TEXTS: Quota = Quota::window("digest_texts", 3, DAY, "text messages about missed messages to one person");
/// The most entries that are read of a room, the newest.
const READ_MAX: u32 = 200;

/// A person, as they are now.
pub struct Person {
    /// Their account, which is in use.
    pub user: User,
    /// What they want.
    pub settings: Settings,
    /// Whether they are here now.
    pub here: bool,
    /// By what they are told, if they have a way.
    pub way: Option<Channel>,
    /// The limit of that way.
    pub limit: Limit,
}

/// A room, as it is now.
pub struct RoomFacts {
    /// The membership, which this run has leased.
    pub member: Membership,
    /// The room.
    pub room: Room,
    /// The messages that wait, the oldest first.
    pub lines: Vec<Line>,
}

/// A message that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number.
    pub seq: u64,
    /// When it was written.
    pub at: Time,
    /// Its author.
    pub author: UserId,
    /// The name of its author.
    pub username: String,
    /// Its text.
    pub text: String,
    /// Whether it mentions the person.
    pub mentions: bool,
}

/// What was read.
pub struct Facts {
    /// The person. `None` if their account is not in use, or they are banned from chat.
    pub person: Option<Person>,
    /// The rooms in which something may wait.
    pub rooms: Vec<RoomFacts>,
    /// The memberships of which nothing is told: the room is gone or muted, or one blocks the other.
    pub silent: Vec<Membership>,
}

impl Facts {
    /// Reads them. A batch read, a query for each room with news, and another batch read if there are authors in groups.
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
        let here = found.take::<Presence>(&presence_key)?.is_some_and(|presence| presence.is_online(now));
        let banned = found.take::<ChatState>(&chat_key)?.is_some_and(|chat| chat.ban(now).is_some());
        let person = found.take::<User>(&user_key)?.filter(|user| user.status == Status::Active && !banned).map(|user| {
            let way = [user.email.as_ref().map(|_| Channel::Mail), user.phone.as_ref().map(|_| Channel::Sms)].into_iter().flatten().next();
            Person { limit: if way == Some(Channel::Sms) { texts } else { mails }, user, settings, here, way }
        });
        let (mut heard, mut silent) = (Vec::new(), Vec::new());
        for member in members {
            let blocked = match member.peer {
                Some(_) => found.take::<Pair>(&Pair::key_in(member.room))?.is_some_and(|pair| pair.is_blocked()),
                None => false,
            };
            match found.take::<Room>(&Room::key_of(member.room))? {
                Some(room) if !blocked && !member.muted && person.is_some() => heard.push((member, room)),
                _ => silent.push(member),
            }
        }
        let mut rooms = try_join_all(heard.into_iter().map(|(member, room)| waiting(table, member, room))).await?;
        leave_out_blocked(table, user, &mut rooms).await?;
        Ok(Self { person, rooms, silent })
    }
}

/// The messages that wait in a room, also those that were told before. One query, none if nothing is new.
async fn waiting(table: &Table, member: Membership, room: Room) -> Result<RoomFacts, StoreError> {
    let told = member.digest.noted_seq.min(member.digest.mailed_seq);
    let from = member.read_upto().saturating_add(1);
    if from.max(told.saturating_add(1)) > room.seq {
        return Ok(RoomFacts { member, room, lines: Vec::new() });
    }
    // The newest, because in a large room a mention is behind many other messages.
    let range = Range::of(room::partition(room.id)).between(sort(from), sort(room.seq)).newest_first().limit(READ_MAX);
    let mut entries = table.query::<LogEntry>(range).await?.items;
    entries.reverse();
    let lines = lines(entries, member.user, &room);
    Ok(RoomFacts { member, room, lines })
}

/// The messages of others among these entries. In rooms with many members only those that mention the person.
fn lines(entries: Vec<LogEntry>, me: UserId, room: &Room) -> Vec<Line> {
    let all = matches!(room.kind, RoomKind::Direct | RoomKind::Group) && room.is_small();
    let line = |LogEntry { seq, at, content, .. }: LogEntry| match content {
        Content::Said(said) if said.author != me => {
            let (mentions, text) = (said.mentions.contains(&me), said.text.to_string());
            (all || mentions).then_some(Line { seq, at, author: said.author, username: said.username, text, mentions })
        }
        _ => None,
    };
    entries.into_iter().filter_map(line).collect()
}

/// Leaves out messages in groups of authors whom the person blocks. A block the other way round stays silent, so it leaves out nothing.
/// One batch read, none without such authors.
async fn leave_out_blocked(table: &Table, me: UserId, rooms: &mut [RoomFacts]) -> Result<(), StoreError> {
    // The pair of a direct room has been read.
    let others = rooms.iter().filter(|room| room.member.peer.is_none()).flat_map(|room| &room.lines);
    let blocked = pair::blocked_by(table, me, &others.map(|line| line.author).collect()).await?;
    for room in rooms {
        room.lines.retain(|line| !blocked.contains(&line.author));
    }
    Ok(())
}
