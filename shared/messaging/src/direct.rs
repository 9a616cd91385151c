//! Direct rooms: finding or creating one, and a person's rooms with the other member of each.

use accounts::{
    pair::{Pair, direct_room},
    user::{Status, User},
};
use kernel::{Kind, Problem, Sys, id::UserId};
use store::{CommitError, Key, StoreError, Table, Tx, limits};

use crate::{
    member::Membership,
    room::{Accepted, OPENED, PUBLIC, Room, RoomKind},
};

/// The result of opening a direct room.
#[derive(Debug)]
pub struct Opened {
    /// The room.
    pub room: Room,
    /// The other member.
    pub peer: User,
    /// Whether this call created the room.
    pub new: bool,
}

/// Finds or creates the direct room of two people.
///
/// One batch read finds it. Creating it takes a counter and one more transaction: the room, both memberships, and the conditions that the
/// other person accepts messages from this one ([`Accepted`]). If both people open it at once, they get the same room.
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
    let room = Room::new(id, RoomKind::Direct, None, now);
    let mut tx = Tx::new();
    let made = tx.create(&room);
    for (user, peer) in [(me, other), (other, me)] {
        tx.create(&Membership { peer: Some(peer), ..Membership::new(id, user, now) });
    }
    let accepted = Accepted::check(&mut tx, me, other, pair.as_ref());
    match table.commit(tx).await {
        Ok(()) => Ok(Opened { room, peer, new: true }),
        Err(e) if e.refused(accepted.peer) => Err(Kind::ChatNotAllowed.because("the other person accepts no messages from this one")),
        Err(CommitError::Refused(r)) if r.at(made) => {
            let room = r.current(made).map(store::Row::decode).transpose()?.ok_or(Kind::Conflict)?;
            Ok(Opened { room, peer, new: false })
        }
        Err(e) => Err(e.into()),
    }
}

/// A room of a person with the other member.
#[derive(Clone, Debug)]
pub struct RoomWithPeer {
    /// The room.
    pub room: Room,
    /// The caller's membership.
    pub membership: Membership,
    /// The other member of a direct room, absent if their account was deleted.
    pub peer: Option<User>,
}

/// Returns the public room (read unless the caller passes it as `read`), and the rooms of these memberships with their other members.
/// Direct rooms between people of whom one blocks the other are left out. One batch read for every hundred items.
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
        mine.extend(batch.take::<Room>(&Room::key_of(m.room))?.map(|room| RoomWithPeer { room, membership: m.clone(), peer }));
    }
    Ok((public, mine))
}
