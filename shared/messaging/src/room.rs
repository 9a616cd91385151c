//! Rooms and their members.

use std::{fmt, str::FromStr};

use accounts::{
    Resource,
    pair::{Pair, direct_room},
    user::{Status, User, WhoCanMessage},
};
use kernel::{
    Kind, Problem, Sys, Time,
    id::{BadId, RoomId, UserId},
};
use serde::{Deserialize, Serialize};
use store::{
    About, CommitError, Cond, Conditional as _, Index, Item, Key, Page, Personal, Range, Slot, StoreError, Table, Tx, Update, WriteError,
    field,
    limits::{self, HOUR, Quota},
};
use utoipa::ToSchema;

/// The most members for which a message is delivered while its sender waits. `room-fanout` delivers to larger rooms and to the
/// public room.
pub const INLINE_MOST: usize = 20;

/// The public room. It has the same id in every deployment, and all signed-in people are members without an item.
pub const PUBLIC: RoomId = RoomId::NIL;

/// The kind of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoomKind {
    /// For everybody.
    Public,
    /// For two people.
    Direct,
}

/// A room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// The id of the room.
    pub id: RoomId,
    /// The kind of the room. Stored as `room_kind`, because `kind` is an attribute of every item.
    #[serde(rename = "room_kind")]
    pub kind: RoomKind,
    /// The members. Empty for the public room, never more than [`INLINE_MOST`].
    pub members: Vec<UserId>,
    /// The last number that was taken.
    pub seq: u64,
    /// When it was taken: see [`crate::sequence`].
    pub latest_at: Time,
    /// When the room was made.
    pub created_at: Time,
}

impl Room {
    /// The key of a room.
    #[must_use]
    pub fn key_of(id: RoomId) -> Key {
        Key::new(partition(id), "ROOM")
    }

    fn new(id: RoomId, kind: RoomKind, members: Vec<UserId>, now: Time) -> Self {
        Self { id, kind, members, seq: 0, latest_at: now, created_at: now }
    }

    /// The public room before the first message. It is stored with the first message, so that a new installation needs no
    /// seeding, and reading it writes nothing.
    #[must_use]
    pub fn public() -> Self {
        Self::new(PUBLIC, RoomKind::Public, Vec::new(), Time::ZERO)
    }

    /// Whether a person is a member.
    #[must_use]
    pub fn admits(&self, user: UserId) -> bool {
        self.kind == RoomKind::Public || self.members.contains(&user)
    }

    /// The other member of a direct room.
    #[must_use]
    pub fn peer_of(&self, user: UserId) -> Option<UserId> {
        self.members.iter().copied().find(|m| *m != user).filter(|_| self.kind == RoomKind::Direct)
    }
}

impl Item for Room {
    const KIND: &'static str = "room";
    const ABOUT: About = About::at("ROOM#{room}", "ROOM", Personal::ExportedIn("rooms.json")).removed_by("chats");
    fn key(&self) -> Key {
        Self::key_of(self.id)
    }
}

/// The partition of a room, which has the room, its members and its messages.
#[must_use]
pub fn partition(id: RoomId) -> String {
    format!("ROOM#{id}")
}

/// Over HTTP a room is named in the path and read together with the caller. [`Room::admits`] checks whether they are a member.
impl Resource for Room {
    type Path = RoomName;
    fn find(_: UserId, RoomName(id): RoomName) -> Option<Key> {
        Some(Self::key_of(id))
    }
}

/// The membership of a person in a room, for the list of their rooms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The room.
    pub room: RoomId,
    /// The member.
    pub user: UserId,
    /// The other member of a direct room, so that a list of rooms is read together with the people in them.
    pub peer: Option<UserId>,
    /// When the membership began.
    pub since: Time,
}

impl Membership {
    /// The key of a membership.
    #[must_use]
    pub fn key_of(room: RoomId, user: UserId) -> Key {
        Key::new(partition(room), format!("MEMBER#{user}"))
    }

    fn place(&self) -> Key {
        Key::new(rooms_of(self.user), self.room.to_string())
    }
}

impl Item for Membership {
    const KIND: &'static str = "member";
    const ABOUT: About = About::at("ROOM#{room}", "MEMBER#{user}", Personal::ExportedIn("rooms.json"))
        .indexed(Index::RoomsOfMember, "USER#{user}#ROOMS", "{room}")
        .removed_by("chats");
    fn key(&self) -> Key {
        Self::key_of(self.room, self.user)
    }
    fn indexes(&self) -> Vec<(Index, Key)> {
        vec![(Index::RoomsOfMember, self.place())]
    }
}

fn rooms_of(user: UserId) -> String {
    format!("USER#{user}#ROOMS")
}

/// How clients name a room: its id, or `public`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, max_length = 30, pattern = "^(public|rom_[0-7][0-9A-HJKMNP-TV-Z]{25})$", examples("public"))]
pub struct RoomName(pub RoomId);

impl FromStr for RoomName {
    type Err = BadId;
    fn from_str(s: &str) -> Result<Self, BadId> {
        if s == "public" { Ok(Self(PUBLIC)) } else { s.parse().map(Self) }
    }
}

impl TryFrom<String> for RoomName {
    type Error = BadId;
    fn try_from(s: String) -> Result<Self, BadId> {
        s.parse()
    }
}

impl From<RoomName> for String {
    fn from(name: RoomName) -> Self {
        name.to_string()
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The result of opening a direct room.
#[derive(Debug)]
pub struct Opened {
    /// The room.
    pub room: Room,
    /// The other member.
    pub peer: User,
    /// Whether the room was made by this call.
    pub new: bool,
}

/// New direct rooms that one person may open.
pub const OPENED: Quota = Quota::window("rooms_opened", 30, HOUR, "new direct rooms for an account");

/// Finds or makes the direct room of two people.
///
/// One batch read finds it. Making it takes a counter and one transaction more: the room, both memberships, and the checks that the
/// other person accepts messages from this one ([`Accepted`]). If both open it at once they name the same room, and the later one gets the
/// room of the earlier one.
///
/// # Errors
/// [`Kind::RoomWithSelf`], [`Kind::NotFound`] if there is no such person, [`Kind::ChatNotAllowed`] also for an existing room if one
/// of them blocks the other, [`Kind::TooManyRequests`] after thirty new rooms in an hour.
pub async fn open_direct(table: &Table, sys: &Sys, me: UserId, other: UserId) -> Result<Opened, Problem> {
    if me == other {
        return Err(Kind::RoomWithSelf.into());
    }
    let id = direct_room(me, other);
    let (room_key, peer_key, pair_key) = (Room::key_of(id), User::key_of(other), Pair::key_in(id));
    let mut batch = table.get_many(vec![room_key.clone(), peer_key.clone(), pair_key.clone()]).await?;
    let peer = batch.take::<User>(&peer_key)?.filter(|u| u.status == Status::Active).ok_or(Kind::NotFound)?;
    let pair = batch.take::<Pair>(&pair_key)?;
    if pair.as_ref().is_some_and(Pair::is_blocked) {
        return Err(Kind::ChatNotAllowed.because("one blocks the other"));
    }
    if let Some(room) = batch.take::<Room>(&room_key)? {
        return Ok(Opened { room, peer, new: false });
    }
    let now = sys.now();
    limits::take(table, now, &[OPENED.of(me)]).await?;
    let room = Room::new(id, RoomKind::Direct, vec![me, other], now);
    let mut tx = Tx::new();
    let made = tx.create(&room);
    for (user, peer) in [(me, other), (other, me)] {
        tx.create(&Membership { room: id, user, peer: Some(peer), since: now });
    }
    let accepted = Accepted::check(&mut tx, me, other, pair.as_ref());
    match table.commit(tx).await {
        Ok(()) => Ok(Opened { room, peer, new: true }),
        Err(e) if e.refused(accepted.peer) => Err(Kind::ChatNotAllowed.because("the other person takes no messages from this one")),
        Err(CommitError::Refused(r)) if r.at(made) => {
            let room = r.current(made).map(store::Row::decode).transpose()?.ok_or(Kind::Conflict)?;
            Ok(Opened { room, peer, new: false })
        }
        Err(e) => Err(e.into()),
    }
}

/// The conditions of a transaction that one person accepts messages from another one: an active account that takes messages from
/// everybody or from friends, and a pair that nobody has changed since it was read without a block.
#[derive(Clone, Copy, Debug)]
pub struct Accepted {
    /// Refused if the other person takes no messages from this one.
    pub peer: Slot,
    /// Refused if the two people have become friends or have fallen out since.
    pub pair: Slot,
}

impl Accepted {
    /// Adds the conditions to a transaction. `pair` is the pair as read, without a block.
    pub fn check(tx: &mut Tx, from: UserId, to: UserId, pair: Option<&Pair>) -> Self {
        let active = field("status").eq(Status::Active);
        let friends = pair.is_some_and(Pair::are_friends);
        let takes = if friends { active } else { active.and(field("who_can_message").eq(WhoCanMessage::Everyone)) };
        Self { peer: tx.check(User::key_of(to), takes), pair: tx.check(Pair::key_of(from, to), Pair::unchanged(pair)) }
    }
}

/// A page of a person's memberships in the order of the rooms' ids, starting after `after`. One query.
///
/// # Errors
/// [`StoreError`]
pub async fn of_user(table: &Table, user: UserId, after: Option<RoomId>, limit: u32) -> Result<Page<Membership>, StoreError> {
    let range = Range::of_index(Index::RoomsOfMember, rooms_of(user)).limit(limit);
    let range = match after {
        Some(room) => range.after(Membership::key_of(room, user), Some(Key::new(rooms_of(user), room.to_string()))),
        None => range,
    };
    table.query(range).await
}

/// A room of a person with the other member.
#[derive(Clone, Debug)]
pub struct RoomWithPeer {
    /// The room.
    pub room: Room,
    /// The other member of a direct room, absent if their account was deleted.
    pub peer: Option<User>,
}

/// The public room (unless the caller passes it as `read`), and the rooms of these memberships with their other members, without
/// direct rooms of two people of whom one blocks the other. One
/// batch read for each hundred items, none if there is nothing to read.
///
/// # Errors
/// [`StoreError`]
pub async fn with_peers(table: &Table, read: Option<Room>, memberships: &[Membership]) -> Result<(Room, Vec<RoomWithPeer>), StoreError> {
    let mut keys: Vec<Key> = memberships.iter().map(|m| Room::key_of(m.room)).collect();
    keys.extend(memberships.iter().filter_map(|m| m.peer).map(User::key_of));
    keys.extend(memberships.iter().filter(|m| m.peer.is_some()).map(|m| Pair::key_in(m.room)));
    let public_key = Room::key_of(PUBLIC);
    keys.extend(read.is_none().then(|| public_key.clone()));
    if let (Some(public), []) = (&read, keys.as_slice()) {
        return Ok((public.clone(), Vec::new()));
    }
    let mut batch = table.get_many(keys).await?;
    let stored = batch.take::<Room>(&public_key)?;
    let public = read.or(stored).unwrap_or_else(Room::public);
    let mut mine = Vec::new();
    for m in memberships {
        if batch.take::<Pair>(&Pair::key_in(m.room))?.is_some_and(|pair| pair.is_blocked()) {
            continue;
        }
        let peer = m.peer.map(|p| batch.take::<User>(&User::key_of(p))).transpose()?.flatten();
        mine.extend(batch.take::<Room>(&Room::key_of(m.room))?.map(|room| RoomWithPeer { room, peer }));
    }
    Ok((public, mine))
}

/// A number that a writer has taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    /// The number.
    pub seq: u64,
    /// When it was taken.
    pub at: Time,
}

/// Takes the next number of a room. One write. For the first message of the public room two writes more, which store the room.
///
/// # Errors
/// [`Kind::NotFound`] if the room was deleted.
pub async fn take_number(table: &Table, room: &Room, now: Time) -> Result<Number, Problem> {
    let take = || Update::of(room.key()).add("seq", 1).set("latest_at", now).when(Cond::Exists);
    let row = match table.update(take()).await {
        Err(WriteError::Refused(_)) if room.id == PUBLIC => {
            table.create(&Room { created_at: now, ..Room::public() }).await.refused_is_fine()?;
            table.update(take()).await?
        }
        Err(WriteError::Refused(_)) => return Err(Kind::NotFound.into()),
        other => other?,
    };
    Ok(Number { seq: row.decode::<Room>()?.seq, at: now })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_room_has_a_name_and_an_id() {
        assert_eq!("public".parse::<RoomName>().unwrap(), RoomName(PUBLIC));
        assert_eq!(PUBLIC.to_string(), "rom_00000000000000000000000000");
        assert_eq!(PUBLIC.to_string().parse::<RoomName>().unwrap(), RoomName(PUBLIC));
        for bad in ["", "Public", "PUBLIC", "rom_", "usr_00000000000000000000000000", "public "] {
            assert!(bad.parse::<RoomName>().is_err(), "{bad:?}");
        }
    }
}
