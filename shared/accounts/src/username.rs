//! Claims of usernames, and former usernames.
//!
//! A former name is reserved for its former owner for [`KEPT`], so that nobody else can be mistaken for them. During that time it has no
//! profile, and cannot be used to sign in.

use std::time::Duration;

use kernel::{Client, Kind, Problem, Time, id::UserId};
use serde::{Deserialize, Serialize};
use store::{
    About, Cond, Item, Key, Personal, Slot, StoreError, Table, Tx, field,
    limits::{DAY, Limit, MINUTE, Quota, Reached},
};

use crate::{Resource, identifier::Username, partitions::partition};

/// How long a former name is reserved for its former owner.
pub const KEPT: Duration = DAY.saturating_mul(30);
/// The limit on changes of a name. It also limits how many names are reserved for a person.
pub const CHANGES: Quota = Quota::window("username_changes", 5, KEPT, "for an account");
/// The limit on checks whether a name is free, which a form makes while somebody types. All operations that tell it share the limit.
pub const LOOKUPS: Quota = Quota::window("username_check", 30, MINUTE, "names for a client").frequent();
/// How long a change is stored: longer than the claim of the former name, which DynamoDB may delete some days late.
const REMEMBERED: Duration = KEPT.saturating_mul(2);

/// The marker item that makes a username unique.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UsernameClaim {
    username: Username,
    user: UserId,
    /// Until when a former name is reserved. Absent for a current name.
    #[serde(default)]
    kept_until: Option<Time>,
}

impl UsernameClaim {
    /// Returns the key of the claim of a username.
    #[must_use]
    pub fn key_of(username: &Username) -> Key {
        Key::new(format!("USERNAME#{username}"), "USERNAME")
    }

    /// Returns the owner of the name. `None` for a former name.
    #[must_use]
    pub fn owner(&self) -> Option<UserId> {
        Some(self.user).filter(|_| self.kept_until.is_none())
    }

    /// Returns the owner of the username that somebody typed. One read, or none if the text is not a username.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn owner_of(table: &Table, typed: &str) -> Result<Option<UserId>, StoreError> {
        let Ok(name) = Username::parse(typed) else { return Ok(None) };
        Ok(table.get::<Self>(Self::key_of(&name)).await?.and_then(|claim| claim.owner()))
    }

    /// Like [`UsernameClaim::owner_of`], for a name that must have an owner.
    ///
    /// # Errors
    /// [`Kind::NotFound`] if nobody has it.
    pub async fn person_named(table: &Table, typed: &str) -> Result<UserId, Problem> {
        Self::owner_of(table, typed).await?.ok_or_else(|| Kind::NotFound.into())
    }

    /// Returns whether the name is unavailable to everybody but its current or former owner.
    #[must_use]
    pub fn is_taken(&self, now: Time) -> bool {
        self.kept_until.is_none_or(|until| now < until)
    }

    /// Returns whether a person may take the name: nobody else has it, and it is not reserved for somebody else.
    #[must_use]
    pub fn is_free_for(&self, user: UserId, now: Time) -> bool {
        self.user == user || !self.is_taken(now)
    }

    /// Adds the claim of a name for a person to a transaction. The slot is refused if the name has another owner, or is reserved
    /// for another former owner.
    pub fn take(tx: &mut Tx, username: &Username, user: UserId, now: Time) -> Slot {
        let own_former = field("user").eq(user).and(field("kept_until").exists());
        let free = Cond::Absent.or(field("kept_until").le(now)).or(own_former);
        tx.put(&Self { username: username.clone(), user, kept_until: None }, free)
    }

    /// Adds the release of a person's name to a transaction, which reserves it for them. The slot is refused if the name is not
    /// theirs.
    pub fn release(tx: &mut Tx, username: &Username, user: UserId, now: Time) -> Slot {
        let theirs = field("user").eq(user).and(field("kept_until").absent());
        tx.put(&Self { username: username.clone(), user, kept_until: Some(now + KEPT) }, theirs)
    }

    /// [`LOOKUPS`] of this client.
    #[must_use]
    pub fn lookups(client: &Client) -> Limit {
        LOOKUPS.of(client.network())
    }
}

impl Item for UsernameClaim {
    const KIND: &'static str = "username";
    const ABOUT: About = About::at("USERNAME#{username}", "USERNAME", Personal::Withheld("the user item and the former names contain it"))
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
    fn key_for(_: UserId, path: String) -> Option<Key> {
        Username::parse(&path).ok().map(|name| Self::key_of(&name))
    }
}

/// The recent former names of a person. They are needed to limit further changes, and to find the person's claims in the purge.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FormerNames {
    user: UserId,
    /// Oldest first, at most as many as [`CHANGES`] allows.
    changes: Vec<NameChange>,
}

/// A change of the username.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct NameChange {
    from: Username,
    at: Time,
}

impl FormerNames {
    /// Returns the value for a person without recent changes.
    #[must_use]
    pub const fn none(user: UserId) -> Self {
        Self { user, changes: Vec::new() }
    }

    /// Returns the key of a person's former names.
    #[must_use]
    pub fn key_of(user: UserId) -> Key {
        Key::new(partition(user), "FORMER_NAMES")
    }

    /// Returns the names. Some may be used again, by the person or by somebody else.
    pub fn names(&self) -> impl Iterator<Item = &Username> {
        self.changes.iter().map(|change| &change.from)
    }

    /// Checks whether the name may be changed now.
    ///
    /// # Errors
    /// [`Reached`] after too many changes.
    pub fn may_change(&self, now: Time) -> Result<(), Reached> {
        let counted: Vec<Time> = self.changes.iter().map(|change| change.at + KEPT).filter(|until| now < *until).collect();
        let over = counted.len().checked_sub(CHANGES.max as usize);
        match over.and_then(|over| counted.get(over)) {
            Some(until) => Err(CHANGES.reached(until.since(now))),
            None => Ok(()),
        }
    }

    /// Adds a change of the name to a transaction: the former name is reserved, and the new one is claimed. The slot is refused if the new
    /// name is not free.
    pub fn rename(&self, tx: &mut Tx, from: &Username, to: &Username, now: Time) -> Slot {
        UsernameClaim::release(tx, from, self.user, now);
        self.record(tx, from, now);
        UsernameClaim::take(tx, to, self.user, now)
    }

    /// Adds the record of a change to a transaction. The slot is refused if a concurrent request has recorded another change.
    fn record(&self, tx: &mut Tx, from: &Username, now: Time) -> Slot {
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
    fn key_for(caller: UserId, (): ()) -> Option<Key> {
        Some(Self::key_of(caller))
    }
}

#[cfg(test)]
mod tests {
    use kernel::Sys;

    use super::*;

    #[test]
    fn a_former_name_has_no_owner_and_is_reserved_for_thirty_days() {
        let sys = Sys::real();
        let (now, user, username) = (sys.now(), sys.id(), Username::parse("anna").unwrap());
        let claim = UsernameClaim { username, user, kept_until: None };
        assert!(claim.owner() == Some(user) && claim.is_taken(now) && claim.expires().is_none());
        let former = UsernameClaim { kept_until: Some(now + KEPT), ..claim };
        let last = now + KEPT.saturating_sub(Duration::from_millis(1));
        assert!(former.owner().is_none() && former.is_taken(last) && !former.is_taken(now + KEPT));
    }

    #[test]
    fn a_name_can_change_five_times_in_thirty_days() {
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
