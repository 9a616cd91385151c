//! Staff: who may do what others may not, and what they have to prove for it.
//!
//! What somebody may do is read with every request, beside their session, and never from a token: taking it away works at once.

use kernel::id::UserId;
use serde::{Deserialize, Serialize};
use store::{About, CommitError, Cond, Item, Key, Personal, Slot, Tx, field};
use utoipa::ToSchema;

use crate::{
    deletion::Deletion,
    user::{Status, User, partition},
};

/// What staff may do. Each may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Chat, bans and comments.
    Moderator,
    /// Besides: products, orders, the inbox, people, statistics.
    Administrator,
    /// Besides: roles, everybody's keys, reopening accounts.
    Superuser,
}

/// What a person may do. An item of its own, which no operation of theirs writes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Roles {
    /// Who.
    pub user: UserId,
    /// What.
    pub roles: Vec<Role>,
}

impl Roles {
    /// Where it stands what a person may do.
    #[must_use]
    pub fn key_of(user: UserId) -> Key {
        Key::new(partition(user), "ROLES")
    }

    /// What somebody has who is not staff.
    #[must_use]
    pub const fn none(user: UserId) -> Self {
        Self { user, roles: Vec::new() }
    }

    /// The same and this role.
    #[must_use]
    pub fn with(&self, role: Role) -> Self {
        let mut roles = self.without(role).roles;
        roles.push(role);
        roles.sort_unstable();
        Self { user: self.user, roles }
    }

    /// The same but for this role.
    #[must_use]
    pub fn without(&self, role: Role) -> Self {
        Self { user: self.user, roles: self.roles.iter().copied().filter(|r| *r != role).collect() }
    }

    /// Adds to a transaction that these become `after`. The slot is refused if they have changed meanwhile.
    pub fn replace(&self, tx: &mut Tx, after: &Self) -> Slot {
        let same = field("roles").eq(&self.roles);
        let same = if self.roles.is_empty() { Cond::Absent.or(same) } else { same };
        if after.roles.is_empty() { tx.delete_when(self.key(), same) } else { tx.put(after, same) }
    }
}

/// Adds to a transaction that it takes a superuser, who is refused if they are none any more. Whoever takes another superuser's
/// role away is one themselves while it happens, so that one is always left.
pub fn superuser(tx: &mut Tx, user: UserId) -> Slot {
    tx.check(Roles::key_of(user), field("roles").has(Role::Superuser))
}

/// Adds to a transaction by which somebody leaves that they are no superuser: nobody can take that role from themselves, so the
/// last superuser stays.
pub fn no_superuser(tx: &mut Tx, user: UserId) -> Slot {
    tx.check(Roles::key_of(user), field("roles").lacks(Role::Superuser))
}

/// Adds to a transaction that gives somebody a role that they are there and do not mean to leave.
pub fn staying(tx: &mut Tx, user: UserId) -> Staying {
    Staying {
        there: tx.check(User::key_of(user), field("status").eq(Status::Active)),
        stays: tx.check(Deletion::key_of(user), Cond::Absent),
    }
}

/// What [`staying`] demands.
#[derive(Clone, Copy, Debug)]
pub struct Staying {
    there: Slot,
    stays: Slot,
}

impl Staying {
    /// Whether it is this that was refused.
    #[must_use]
    pub fn was_refused(self, e: &CommitError) -> bool {
        e.refused(self.there) || e.refused(self.stays)
    }
}

impl Item for Roles {
    const KIND: &'static str = "roles";
    const ABOUT: About = About::beside_user("ROLES", Personal::Exported(&["roles"]));
    fn key(&self) -> Key {
        Self::key_of(self.user)
    }
}
