//! Rooms and who is in them.

use std::{fmt, str::FromStr};

use accounts::{
    Resource,
    user::{Status, User, WhoCanMessage},
};
use kernel::{
    Id as _, Kind, Problem, Sys, Time,
    crypto::truncate,
    id::{BadId, RoomId, UserId},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{
    About, CommitError, Cond, Conditional as _, Index, Item, Key, Page, Personal, Range, StoreError, Table, Tx, Update, WriteError, field,
    limits::{self, HOUR, Limit},
};
use utoipa::ToSchema;

/// Members a room may have to be served while the sender waits. Above, and in the public room, `room-fanout` delivers.
pub const INLINE_MOST: usize = 20;

/// The public room: always the same, on every deployment. Everybody who is signed in is in it, without a row.
pub const PUBLIC: RoomId = RoomId::NIL;

/// What kind of room it is.
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
    /// Which.
    pub id: RoomId,
    /// What kind. (`kind` is what every item has.)
    #[serde(rename = "room_kind")]
    pub kind: RoomKind,
    /// Who is in it. Empty for the public room; never more than [`INLINE_MOST`].
    pub members: Vec<UserId>,
    /// The last number that was taken.
    pub seq: u64,
    /// When it was taken: see [`crate::sequence`].
    pub latest_at: Time,
    /// When the room was made.
    pub created_at: Time,
}

impl Room {
    /// Where a room is.
    #[must_use]
    pub fn key_of(id: RoomId) -> Key {
        Key::new(partition(id), "ROOM")
    }

    fn new(id: RoomId, kind: RoomKind, members: Vec<UserId>, now: Time) -> Self {
        Self { id, kind, members, seq: 0, latest_at: now, created_at: now }
    }

    /// The public room before anybody said anything in it. It is stored by the first who does, so that a fresh install
    /// needs no seeding and reading it writes nothing.
    #[must_use]
    pub fn public() -> Self {
        Self::new(PUBLIC, RoomKind::Public, Vec::new(), Time::ZERO)
    }

    /// Whether a person is in it.
    #[must_use]
    pub fn admits(&self, user: UserId) -> bool {
        self.kind == RoomKind::Public || self.members.contains(&user)
    }

    /// The other one, in a room of two.
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

/// The partition of a room: itself, its members, its messages.
#[must_use]
pub fn partition(id: RoomId) -> String {
    format!("ROOM#{id}")
}

/// A room over HTTP is named in the path and read with the caller. Whether they are in it is [`Room::admits`]'s to say.
impl Resource for Room {
    type Path = RoomName;
    fn find(_: UserId, RoomName(id): RoomName) -> Option<Key> {
        Some(Self::key_of(id))
    }
}

/// That a person is in a room, for the list of their rooms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// Where.
    pub room: RoomId,
    /// Who.
    pub user: UserId,
    /// With whom, in a room of two: so that a list of rooms is read together with the people in them.
    pub peer: Option<UserId>,
    /// Since when.
    pub since: Time,
}

impl Membership {
    /// Where a membership is.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
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

/// The room of two people, whoever opens it: its id follows from theirs. Ids are never reused, so the room of two people
/// who are gone never comes back with others in it.
#[must_use]
pub fn direct_id(a: UserId, b: UserId) -> RoomId {
    let (low, high) = if a <= b { (a, b) } else { (b, a) };
    let digest = Sha256::digest(format!("direct room of {low} and {high}"));
    RoomId::from_ulid(u128::from_be_bytes(truncate(digest.into())).into())
}

/// What opening a direct room led to.
#[derive(Debug)]
pub struct Opened {
    /// The room.
    pub room: Room,
    /// The other one.
    pub peer: User,
    /// Whether it was made just now.
    pub new: bool,
}

/// New direct rooms of one person in an hour.
const OPENED_MAX: u32 = 30;

/// Finds or makes the room of two people.
///
/// One batch read finds it. Making it is a counter and one transaction more: the room, both memberships, and a check that the other
/// one is still there and takes messages. Two people who open it at once name the same room; the loser finds the winner's.
///
/// # Errors
/// [`Kind::RoomWithSelf`], [`Kind::NotFound`] if there is no such person, [`Kind::ChatNotAllowed`], [`Kind::TooManyRequests`] after
/// thirty new rooms in an hour.
pub async fn open_direct(table: &Table, sys: &Sys, me: UserId, other: UserId) -> Result<Opened, Problem> {
    if me == other {
        return Err(Kind::RoomWithSelf.into());
    }
    let id = direct_id(me, other);
    let (room_key, peer_key) = (Room::key_of(id), User::key_of(other));
    let mut batch = table.get_many(vec![room_key.clone(), peer_key.clone()]).await?;
    let peer = batch.take::<User>(&peer_key)?.filter(|u| u.status == Status::Active).ok_or(Kind::NotFound)?;
    if let Some(room) = batch.take::<Room>(&room_key)? {
        return Ok(Opened { room, peer, new: false });
    }
    let now = sys.now();
    limits::take(table, now, &[Limit::new("rooms_opened", me, OPENED_MAX, HOUR)]).await?;
    let room = Room::new(id, RoomKind::Direct, vec![me, other], now);
    let mut tx = Tx::new();
    let made = tx.create(&room);
    for (user, peer) in [(me, other), (other, me)] {
        tx.create(&Membership { room: id, user, peer: Some(peer), since: now });
    }
    let allowed = tx.check(peer_key, takes_messages());
    match table.commit(tx).await {
        Ok(()) => Ok(Opened { room, peer, new: true }),
        Err(e) if e.refused(allowed) => Err(Kind::ChatNotAllowed.because("the other person takes no messages from this one")),
        Err(CommitError::Refused(r)) if r.at(made) => {
            let room = r.current(made).map(store::Row::decode).transpose()?.ok_or(Kind::Conflict)?;
            Ok(Opened { room, peer, new: false })
        }
        Err(e) => Err(e.into()),
    }
}

/// That a person is there and takes messages from everybody. Friends are to come; until then nobody is one.
#[must_use]
pub fn takes_messages() -> Cond {
    field("status").eq(Status::Active).and(field("who_can_message").eq(WhoCanMessage::Everyone))
}

/// Some of a person's rooms, in the order of their ids, behind `after`. One query.
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

/// A room of somebody's, with the other one.
#[derive(Clone, Debug)]
pub struct Mine {
    /// The room.
    pub room: Room,
    /// The other one, in a direct room; absent when they are gone.
    pub peer: Option<User>,
}

/// The public room, unless it was `read` before, and the rooms of these memberships with the other people in them: one batch read for
/// each hundred, none if nothing is left to read.
///
/// # Errors
/// [`StoreError`]
pub async fn with_peers(table: &Table, read: Option<Room>, memberships: &[Membership]) -> Result<(Room, Vec<Mine>), StoreError> {
    let mut keys: Vec<Key> = memberships.iter().map(|m| Room::key_of(m.room)).collect();
    keys.extend(memberships.iter().filter_map(|m| m.peer).map(User::key_of));
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
        let peer = m.peer.map(|p| batch.take::<User>(&User::key_of(p))).transpose()?.flatten();
        mine.extend(batch.take::<Room>(&Room::key_of(m.room))?.map(|room| Mine { room, peer }));
    }
    Ok((public, mine))
}

/// A number that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    /// The number.
    pub seq: u64,
    /// When it was taken.
    pub at: Time,
}

/// Takes the next number of a room. One write; the very first in the public room also stores the room.
///
/// # Errors
/// [`Kind::NotFound`] if the room has been removed.
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
    fn two_people_have_one_room() {
        let sys = Sys::real();
        let (a, b, c): (UserId, UserId, UserId) = (sys.id(), sys.id(), sys.id());
        assert_eq!(direct_id(a, b), direct_id(b, a));
        assert_ne!(direct_id(a, b), direct_id(a, c));
        assert_ne!(direct_id(a, b), PUBLIC);
    }

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
