//! Read receipts: up to which number the others in a room have read, without times.
//!
//! Receipts exist only in rooms of up to twenty members, only among people who show their own (people who hide theirs see none), and never
//! across a block. The server decides this, so that clients never get receipts that they must not show.

use accounts::{
    pair::Pair,
    user::{Status, User},
};
use kernel::id::UserId;
use serde::Serialize;
use store::{StoreError, Table};
use utoipa::ToSchema;

use crate::{
    delivery,
    member::{self, Membership, RoomMember},
    presence::Presence,
    room::INLINE_MAX,
};

/// The number up to which a member has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReadUpto {
    /// The member.
    pub user: UserId,
    /// The number.
    pub seq: u64,
}

/// Returns the sockets of the other members who get the receipt of a member. Empty in larger rooms, and if the member hides receipts. One
/// batch read; in a group also a query of the members.
///
/// # Errors
/// [`StoreError`]
pub async fn watchers(table: &Table, member: &RoomMember, user: &User) -> Result<Vec<Presence>, StoreError> {
    if !user.read_receipts {
        return Ok(Vec::new());
    }
    let others: Vec<_> = delivery::people(table, member, member.room.seq).await?.into_iter().filter(|other| *other != user.id).collect();
    if others.is_empty() {
        return Ok(Vec::new());
    }
    let keys = others.iter().flat_map(|other| [User::key_of(*other), Presence::key_of(*other), Pair::key_of(user.id, *other)]).collect();
    let mut found = table.get_many(keys).await?;
    let mut watchers = Vec::new();
    for other in others {
        let shown = shows(found.take(&User::key_of(other))?.as_ref(), found.take(&Pair::key_of(user.id, other))?.as_ref());
        watchers.extend(found.take::<Presence>(&Presence::key_of(other))?.filter(|_| shown));
    }
    Ok(watchers)
}

/// Returns the receipts of the others in a small room that the member may see. A query of the members and a batch read of the people; no
/// request if there is nothing to show.
///
/// # Errors
/// [`StoreError`]
pub async fn of_room(table: &Table, member: &RoomMember, user: &User) -> Result<Vec<ReadUpto>, StoreError> {
    if !user.read_receipts || !member.room.is_small() {
        return Ok(Vec::new());
    }
    let page = member::of_room(table, member.room.id, None, INLINE_MAX.saturating_add(1)).await?;
    let others: Vec<Membership> = page.items.into_iter().filter(|m| m.user != user.id).collect();
    if others.is_empty() {
        return Ok(Vec::new());
    }
    let mut found = table.get_many(others.iter().flat_map(|m| [User::key_of(m.user), Pair::key_of(user.id, m.user)]).collect()).await?;
    let mut receipts = Vec::new();
    for m in others {
        if shows(found.take(&User::key_of(m.user))?.as_ref(), found.take(&Pair::key_of(user.id, m.user))?.as_ref()) {
            receipts.push(ReadUpto { user: m.user, seq: m.read_upto() });
        }
    }
    Ok(receipts)
}

/// Returns whether a person who shows receipts exchanges them with this other person.
fn shows(other: Option<&User>, pair: Option<&Pair>) -> bool {
    other.is_some_and(|user| user.read_receipts && user.status == Status::Active) && !pair.is_some_and(Pair::is_blocked)
}

#[cfg(test)]
mod tests {
    use accounts::identifier::Username;
    use kernel::{Locale, Sys};

    use super::*;

    #[test]
    fn only_who_shows_theirs_and_is_there_gets_any() {
        let sys = Sys::real();
        let user = User::new(sys.id(), Username::draw(&sys), Locale::En, sys.now());
        assert!(shows(Some(&user), None) && !shows(None, None));
        assert!(!shows(Some(&User { read_receipts: false, ..user.clone() }), None));
        assert!(!shows(Some(&User { status: Status::Deactivated, ..user }), None));
    }
}
