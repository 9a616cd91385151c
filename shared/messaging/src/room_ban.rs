//! Bans from one group or channel by its administrators, with or without an end. Banned people can neither join nor be invited.
//!
//! A ban is an item beside the room. It is imposed in the transaction that ends the membership ([`crate::roster::ban`]), and is a condition
//! of the transaction that makes somebody a member. It is over when its end has passed, without a write. As with removals, it is not stored
//! who imposed it.

use accounts::user::owned;
use kernel::{
    Kind, Problem, Time,
    id::{RoomId, UserId},
};
use serde::{Deserialize, Serialize};
use store::{About, Cond, Index, Item, Key, Page, Personal, Range, StoreError, Table, field};

use crate::{ban, message::Explanation, room::partition};

/// A person's ban from a group or a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomBan {
    /// The room.
    pub room: RoomId,
    /// Who is banned.
    pub user: UserId,
    /// The time at which it was imposed.
    pub at: Time,
    /// Its end. `None` if it has none.
    pub until: Option<Time>,
    /// The explanation for the person.
    pub explanation: Option<Explanation>,
}

impl RoomBan {
    /// Returns the key of a ban.
    #[must_use]
    pub fn key_of(room: RoomId, user: UserId) -> Key {
        Key::new(partition(room), format!("{BANNED}{user}"))
    }

    /// Returns whether the ban is still in force.
    #[must_use]
    pub fn holds(&self, now: Time) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    /// Returns the problem with which joining and invitations are refused.
    #[must_use]
    #[track_caller]
    pub fn problem(&self, now: Time) -> Problem {
        let problem = Kind::RoomBanned.because("the person is banned from the room");
        ban::explained(problem, self.explanation.as_ref(), self.until, now)
    }
}

/// Returns the condition that a person is not banned from a room.
pub(crate) fn is_over(now: Time) -> Cond {
    Cond::Absent.or(field("until").le(now))
}

/// The prefix of the sort keys of bans.
const BANNED: &str = "BANNED#";

impl Item for RoomBan {
    const KIND: &'static str = "room_ban";
    const ABOUT: About =
        About::at("ROOM#{room}", "BANNED#{user}", Personal::Exported(&["room", "at", "until", "explanation"])).owned().may_expire();
    fn key(&self) -> Key {
        Self::key_of(self.room, self.user)
    }
    fn indexes(&self) -> Vec<(Index, Key)> {
        vec![(Index::Owner, owned(self.user, &self.key()))]
    }
    fn expires(&self) -> Option<Time> {
        self.until
    }
}

/// Returns a page of the bans of a room in the order of the people's ids, starting after `after`. Some may be over. One query, strongly
/// consistent.
///
/// # Errors
/// [`StoreError`]
pub async fn of_room(table: &Table, room: RoomId, after: Option<UserId>, limit: u32) -> Result<Page<RoomBan>, StoreError> {
    let range = Range::of(partition(room)).prefix(BANNED).limit(limit);
    let range = match after {
        Some(user) => range.after(RoomBan::key_of(room, user), None),
        None => range,
    };
    table.query(range).await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use kernel::Sys;

    use super::*;

    const NOW: Time = Time::from_millis(1_893_499_200_000);

    #[test]
    fn a_ban_ends_by_the_clock_or_never() {
        let sys = Sys::real();
        let until = NOW + Duration::from_secs(90);
        let ban = RoomBan { room: sys.id(), user: sys.id(), at: NOW, until: Some(until), explanation: None };
        assert!(ban.holds(NOW) && !ban.holds(until));
        let problem = ban.problem(NOW);
        assert_eq!((problem.kind, problem.retry_after), (Kind::RoomBanned, Some(90)));
        let forever = RoomBan { until: None, ..ban };
        assert!(forever.holds(until) && !forever.problem(NOW).members.contains_key("ends_at"));
    }
}
