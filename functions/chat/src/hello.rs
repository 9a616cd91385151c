//! The answer to a `hello`: the state of each room, and who is online.

use accounts::user::User;
use kernel::Problem;
use messaging::{
    direct::{RoomWithPeer, with_peers},
    limits::LIMITS,
    member::{self, Membership, RoomMember},
    message::Author,
    online::{self, OnlineFigure},
    presence::Presence,
};
use store::StoreError;

use crate::{
    State,
    ask::{Answer, RoomState},
};

/// The maximum number of rooms in one answer. That many fit into a frame, with the names of the other people (see the test).
const ROOMS: u32 = 80;

/// Answers `hello`. `public` and `seen` were read together with the caller.
pub async fn hello(s: &State, user: &User, public: RoomMember, seen: (&OnlineFigure, &Presence)) -> Result<Answer, Problem> {
    let online = online::others(&s.table, &s.sys, public.room.id, seen.0, seen.1);
    let ((rooms, more), online) = tokio::try_join!(rooms_of(s, user, public), online)?;
    Ok(Answer::Hello { rooms, more, online: online.people, online_more: online.more, limits: LIMITS })
}

/// Returns a person's rooms, and whether there are more.
async fn rooms_of(s: &State, user: &User, public: RoomMember) -> Result<(Vec<RoomState>, bool), StoreError> {
    let memberships = member::of_user(&s.table, user.id, None, ROOMS).await?;
    let (room, mine) = with_peers(&s.table, Some(public.room), &memberships.items).await?;
    let public = RoomWithPeer { room, membership: public.membership, peer: None };
    let rooms = std::iter::once(of_member(public)).chain(mine.into_iter().map(of_member)).collect();
    Ok((rooms, memberships.more))
}

fn of_member(RoomWithPeer { room, membership, peer }: RoomWithPeer) -> RoomState {
    let with = peer.map(|p| Author { id: p.id, username: p.username.to_string() });
    let Membership { from, read_seq, .. } = membership;
    RoomState { room: room.id, kind: room.kind, last_seq: room.seq, begins_at: from, changes: room.changes, read_seq, with }
}

#[cfg(test)]
mod tests {
    use kernel::{Sys, id::UserId};
    use messaging::{frame, room::RoomKind};

    use super::*;

    #[test]
    fn the_longest_greeting_fits_into_a_frame() {
        let sys = Sys::real();
        let room = || RoomState {
            room: sys.id(),
            kind: RoomKind::Direct,
            last_seq: u64::MAX,
            begins_at: u64::MAX,
            changes: u64::MAX,
            read_seq: u64::MAX,
            with: Some(Author { id: sys.id::<UserId>(), username: "x".repeat(30) }),
        };
        let rooms = (0..=ROOMS).map(|_| room()).collect();
        let hello = Answer::Hello { rooms, more: true, online: u64::MAX, online_more: true, limits: LIMITS };
        let bytes = frame::write(crate::STREAM, Some(&"x".repeat(64)), &hello).len();
        assert!(bytes < frame::PAGE_MAX_BYTES, "{bytes}");
    }
}
