//! Who is told that somebody types: those who are here, in rooms of up to twenty. It is never stored.

use accounts::user::{Status, User, WhoCanMessage};
use store::{StoreError, Table};

use crate::{delivery, member::RoomMember, presence::Presence, room::RoomKind};

/// The others in a small room, with their sockets; nobody in a larger room. In a direct room nobody either if the other person takes
/// no messages from this one. One batch read, in a group a query of the members before it.
///
/// # Errors
/// [`StoreError`]
pub async fn watchers(table: &Table, member: &RoomMember) -> Result<Vec<Presence>, StoreError> {
    let RoomMember { room, membership } = member;
    match (room.kind, membership.peer) {
        (RoomKind::Direct, Some(peer)) => {
            let (person, here) = (User::key_of(peer), Presence::key_of(peer));
            let mut found = table.get_many(vec![person.clone(), here.clone()]).await?;
            let takes = |user: &User| user.status == Status::Active && user.who_can_message == WhoCanMessage::Everyone;
            let told = found.take::<User>(&person)?.is_some_and(|user| takes(&user));
            Ok(found.take::<Presence>(&here)?.into_iter().filter(|_| told).collect())
        }
        _ => {
            let people = delivery::people(table, member, room.seq).await?;
            delivery::sockets(table, people.into_iter().filter(|user| *user != membership.user).collect()).await
        }
    }
}
