//! Typing notes: who gets them. They are sent only to people who are online, in rooms of up to twenty members, and never across a block.
//! They are never stored.

use accounts::{
    pair::Pair,
    user::{Status, User, WhoCanMessage},
};
use store::{StoreError, Table};

use crate::{delivery, member::RoomMember, presence::Presence, room::RoomKind};

/// Returns the other members of a small room, with their sockets. Empty in a larger room, and in a direct room if the other person accepts
/// no messages from this one. `pair` is the relation of the two people. One batch read; in a group also a query of the members.
///
/// # Errors
/// [`StoreError`]
pub async fn watchers(table: &Table, member: &RoomMember, pair: Option<&Pair>) -> Result<Vec<Presence>, StoreError> {
    let RoomMember { room, membership } = member;
    let me = membership.user;
    if let (RoomKind::Direct, Some(peer)) = (room.kind, membership.peer) {
        let (person, presence) = (User::key_of(peer), Presence::key_of(peer));
        let mut found = table.get_many(vec![person.clone(), presence.clone()]).await?;
        let friends = pair.is_some_and(Pair::are_friends);
        let accepts = |user: &User| user.status == Status::Active && (friends || user.who_can_message == WhoCanMessage::Everyone);
        let accepted = found.take::<User>(&person)?.is_some_and(|user| accepts(&user));
        return Ok(found.take::<Presence>(&presence)?.into_iter().filter(|_| accepted).collect());
    }
    let others: Vec<_> = delivery::people(table, member, room.seq).await?.into_iter().filter(|user| *user != me).collect();
    if others.is_empty() {
        return Ok(Vec::new());
    }
    let keys = others.iter().flat_map(|user| [Presence::key_of(*user), Pair::key_of(me, *user)]).collect();
    let mut found = table.get_many(keys).await?;
    let mut watchers = Vec::new();
    for user in others {
        let blocked = found.take::<Pair>(&Pair::key_of(me, user))?.is_some_and(|pair| pair.is_blocked());
        watchers.extend(found.take::<Presence>(&Presence::key_of(user))?.filter(|_| !blocked));
    }
    Ok(watchers)
}
