//! Who has a username, and who had it lately.
//!
//! A former name is kept from everybody but its former owner for [`KEPT`], so that nobody is taken for whoever was called so. Until
//! then it is nobody's: it signs in nowhere and leads to no profile.

use std::time::Duration;

use kernel::{Client, Time, id::UserId};
use serde::{Deserialize, Serialize};
use store::{
    About, Cond, Item, Key, Personal, Slot, Tx, field,
    limits::{DAY, Limit, Reached},
};

use crate::{Resource, identifier::Username, user::partition};

/// How long a former name is kept from others.
pub const KEPT: Duration = DAY.saturating_mul(30);
/// How often one person may change their name within [`KEPT`]: as many names are kept for them at the most.
pub const MOST_CHANGES: u32 = 5;
/// How long a change is remembered: until the claim of the former name is gone, which DynamoDB deletes some days after it has expired.
const REMEMBERED: Duration = KEPT.saturating_mul(2);

/// The marker item that makes a username unique.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UsernameClaim {
    username: Username,
    user: UserId,
    /// Until when a former name is kept from others. Absent while it is somebody's name.
    #[serde(default)]
    kept_until: Option<Time>,
}

impl UsernameClaim {
    /// Where the claim of a username is.
    #[must_use]
    pub fn key_of(username: &Username) -> Key {
        Key::new(format!("USERNAME#{username}"), "USERNAME")
    }

    /// Whose name it is. Nobody's if it is a former one.
    #[must_use]
    pub fn owner(&self) -> Option<UserId> {
        Some(self.user).filter(|_| self.kept_until.is_none())
    }

    /// Whether strangers cannot have the name now.
    #[must_use]
    pub fn is_taken(&self, now: Time) -> bool {
        self.kept_until.is_none_or(|until| now < until)
    }

    /// Adds to a transaction that this is a person's name from now on. The slot is refused if it is somebody's, or a former name that
    /// is kept from this person.
    pub fn take(tx: &mut Tx, username: &Username, user: UserId, now: Time) -> Slot {
        let own_former = field("user").eq(user).and(field("kept_until").exists());
        let free = Cond::Absent.or(field("kept_until").le(now)).or(own_former);
        tx.put(&Self { username: username.clone(), user, kept_until: None }, free)
    }

    /// Adds to a transaction that this is the person's name no longer, and is kept for them. The slot is refused if it is not theirs.
    pub fn leave(tx: &mut Tx, username: &Username, user: UserId, now: Time) -> Slot {
        let theirs = field("user").eq(user).and(field("kept_until").absent());
        tx.put(&Self { username: username.clone(), user, kept_until: Some(now + KEPT) }, theirs)
    }

    /// Finding out whether a name is free, which a form does while somebody types: one count, wherever it is told.
    #[must_use]
    pub fn lookups(client: &Client) -> Limit {
        Limit::new("username_check", client.network(), 30, Duration::from_secs(60)).frequent()
    }
}

impl Item for UsernameClaim {
    const KIND: &'static str = "username";
    const ABOUT: About =
        About::at("USERNAME#{username}", "USERNAME", Personal::Withheld("the record of its person and the former names have it"))
            .may_expire()
            .removed_by("account");
    fn key(&self) -> Key {
        Self::key_of(&self.username)
    }
    fn expires(&self) -> Option<Time> {
        self.kept_until
    }
}

impl Resource for UsernameClaim {
    type Path = String;
    fn find(_: UserId, path: String) -> Option<Key> {
        Username::parse(&path).ok().map(|name| Self::key_of(&name))
    }
}

/// The names that a person gave up lately. It limits their changes, and tells the purge which claims are theirs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FormerNames {
    user: UserId,
    /// Oldest first; bounded by [`MOST_CHANGES`] within [`KEPT`].
    changes: Vec<NameChange>,
}

/// A username was given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct NameChange {
    from: Username,
    at: Time,
}

impl FormerNames {
    /// Of somebody who has not changed their name lately.
    #[must_use]
    pub const fn none(user: UserId) -> Self {
        Self { user, changes: Vec::new() }
    }

    /// Where a person's former names are.
    #[must_use]
    pub fn key_of(user: UserId) -> Key {
        Key::new(partition(user), "FORMER_NAMES")
    }

    /// The names, of which some may be the person's again or somebody else's.
    pub fn names(&self) -> impl Iterator<Item = &Username> {
        self.changes.iter().map(|change| &change.from)
    }

    /// Whether the name may be changed now.
    ///
    /// # Errors
    /// [`Reached`] if it was changed too often.
    pub fn may_change(&self, now: Time) -> Result<(), Reached> {
        let counted: Vec<Time> = self.changes.iter().map(|change| change.at + KEPT).filter(|until| now < *until).collect();
        let over = counted.len().checked_sub(MOST_CHANGES as usize);
        match over.and_then(|over| counted.get(over)) {
            Some(until) => Err(Reached { name: "username_changes", wait: until.since(now), max: MOST_CHANGES, window: KEPT }),
            None => Ok(()),
        }
    }

    /// Adds to a transaction that the person gives this name up. The slot is refused if another change was noted meanwhile.
    pub fn note(&self, tx: &mut Tx, from: &Username, now: Time) -> Slot {
        let unchanged = if self.changes.is_empty() { Cond::Absent } else { field("changes").eq(&self.changes) };
        let remembered = self.changes.iter().filter(|change| now < change.at + REMEMBERED).cloned();
        let changes = remembered.chain([NameChange { from: from.clone(), at: now }]).collect();
        tx.put(&Self { user: self.user, changes }, unchanged)
    }
}

impl Item for FormerNames {
    const KIND: &'static str = "former_names";
    const ABOUT: About = About::beside_user("FORMER_NAMES", Personal::Exported(&["changes"])).expires();
    fn key(&self) -> Key {
        Self::key_of(self.user)
    }
    fn expires(&self) -> Option<Time> {
        self.changes.last().map(|change| change.at + REMEMBERED)
    }
}

impl Resource for FormerNames {
    type Path = ();
    fn find(caller: UserId, (): ()) -> Option<Key> {
        Some(Self::key_of(caller))
    }
}

#[cfg(test)]
mod tests {
    use kernel::Sys;

    use super::*;

    #[test]
    fn a_former_name_is_nobodys_and_is_kept_for_thirty_days() {
        let sys = Sys::real();
        let (now, user, username) = (sys.now(), sys.id(), Username::parse("anna").unwrap());
        let claim = UsernameClaim { username, user, kept_until: None };
        assert!(claim.owner() == Some(user) && claim.is_taken(now) && claim.expires().is_none());
        let former = UsernameClaim { kept_until: Some(now + KEPT), ..claim };
        let last = now + KEPT.saturating_sub(Duration::from_millis(1));
        assert!(former.owner().is_none() && former.is_taken(last) && !former.is_taken(now + KEPT));
    }

    #[test]
    fn a_name_changes_five_times_in_thirty_days() {
        let sys = Sys::real();
        let (start, from) = (sys.now(), Username::parse("anna").unwrap());
        let at = |day: u32| start + DAY.saturating_mul(day);
        let mut former = FormerNames::none(sys.id());
        for (day, waits_for) in
            [(0, None), (1, None), (2, None), (3, None), (4, None), (5, Some(25)), (29, Some(1)), (30, None), (30, Some(1))]
        {
            let now = at(day);
            match waits_for {
                None => {
                    former.may_change(now).unwrap();
                    former.changes.push(NameChange { from: from.clone(), at: now });
                }
                Some(days) => assert_eq!(former.may_change(now).unwrap_err().wait, DAY.saturating_mul(days), "day {day}"),
            }
        }
        assert_eq!((former.expires(), former.names().count()), (Some(at(30) + REMEMBERED), 6));
    }
}
