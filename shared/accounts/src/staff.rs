//! Staff: roles, and conditions on roles in transactions.
//!
//! Roles are read with every request, in the same batch as the session, and are not in tokens: the removal of a role takes
//! effect with the next request.

use events::Notice;
use kernel::{Kind, Problem, Sys, id::UserId};
use serde::{Deserialize, Serialize};
use store::{About, CommitError, Cond, Index, Item, Key, Personal, Slot, Tx, field};
use utoipa::ToSchema;

use crate::{
    Resource,
    deletion::Deletion,
    session::renew_credentials,
    user::{Status, User, notify, partition},
};

/// The partition of [`Index::Staff`].
pub(crate) const STAFF: &str = "STAFF";

/// The roles of staff. Each includes the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May moderate chat and comments, and ban people.
    Moderator,
    /// May also change products and orders, answer customers, and see accounts and statistics.
    Administrator,
    /// May also change roles, revoke the API keys of all accounts, and reactivate accounts.
    Superuser,
}

impl Role {
    /// Returns its name, as the API writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Moderator => "moderator",
            Self::Administrator => "administrator",
            Self::Superuser => "superuser",
        }
    }
}

/// The roles of a person. They are a separate item, so that operations on the user item cannot write them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Roles {
    /// The person.
    pub user: UserId,
    /// The roles.
    pub roles: Vec<Role>,
}

impl Roles {
    /// Returns the key of a person's roles.
    #[must_use]
    pub fn key_of(user: UserId) -> Key {
        Key::new(partition(user), "ROLES")
    }

    /// Returns the value for a person without roles.
    #[must_use]
    pub const fn none(user: UserId) -> Self {
        Self { user, roles: Vec::new() }
    }

    /// Returns the roles with one more.
    #[must_use]
    pub fn with(&self, role: Role) -> Self {
        let mut roles = self.without(role).roles;
        roles.push(role);
        roles.sort_unstable();
        Self { user: self.user, roles }
    }

    /// Returns the roles without one.
    #[must_use]
    pub fn without(&self, role: Role) -> Self {
        Self { user: self.user, roles: self.roles.iter().copied().filter(|r| *r != role).collect() }
    }

    /// Adds the replacement of these roles by `after` to a transaction. The slot is refused if they have changed in the meantime.
    pub fn replace(&self, tx: &mut Tx, after: &Self) -> Slot {
        let same = field("roles").eq(&self.roles);
        let same = if self.roles.is_empty() { Cond::Absent.or(same) } else { same };
        if after.roles.is_empty() { tx.delete_when(self.key(), same) } else { tx.put(after, same) }
    }
}

/// Adds to a transaction that the superuser `actor` changes the roles from `before` to `after`. A person who gets an additional role must
/// have an active account without a scheduled deletion.
///
/// # Errors
/// [`Kind::OwnRoles`]: nobody changes their own roles, so that there is always a superuser.
pub fn change_roles(tx: &mut Tx, actor: UserId, before: &Roles, after: &Roles) -> Result<RoleSlots, Problem> {
    may_change_roles(actor, before)?;
    let granted = after.roles.iter().any(|role| !before.roles.contains(role));
    Ok(RoleSlots {
        roles: before.replace(tx, after),
        still: require_superuser(tx, actor),
        staying: granted.then(|| require_staying(tx, before.user)),
    })
}

/// Checks that these are not the roles of the superuser who changes them, so that there is always one.
///
/// # Errors
/// [`Kind::OwnRoles`]
pub fn may_change_roles(actor: UserId, roles: &Roles) -> Result<(), Problem> {
    if actor == roles.user {
        return Err(Kind::OwnRoles.because("nobody changes their own roles"));
    }
    Ok(())
}

/// The slots of [`change_roles`].
#[derive(Clone, Copy, Debug)]
pub struct RoleSlots {
    /// Refused if the roles have changed in the meantime.
    pub roles: Slot,
    /// Refused if the caller is not a superuser any more.
    pub still: Slot,
    /// The conditions on the account of the person who gets a role.
    pub staying: Option<StayingSlots>,
}

/// Adds the condition that `user` is a superuser to a transaction. Only another superuser can remove a superuser's role, so
/// that there is always one.
pub fn require_superuser(tx: &mut Tx, user: UserId) -> Slot {
    tx.check(Roles::key_of(user), field("roles").has(Role::Superuser))
}

/// Adds the condition that `user` has at least this role to a transaction, so that a role that was removed in the meantime has no effect.
pub fn require(tx: &mut Tx, user: UserId, least: Role) -> Slot {
    let has = |role: Role| field("roles").has(role);
    let enough = match least {
        Role::Moderator => has(Role::Moderator).or(has(Role::Administrator)).or(has(Role::Superuser)),
        Role::Administrator => has(Role::Administrator).or(has(Role::Superuser)),
        Role::Superuser => has(Role::Superuser),
    };
    tx.check(Roles::key_of(user), enough)
}

/// Returns the problem of a refused transaction with the condition that the caller still has a role: see [`require`].
#[must_use]
#[track_caller]
pub fn refused(e: CommitError, still: Slot) -> Problem {
    if e.refused(still) { Kind::Forbidden.because("the caller lost the role meanwhile") } else { e.into() }
}

/// A member of staff who changes the account of somebody else.
#[derive(Clone, Copy, Debug)]
pub struct Actor {
    /// The member of staff.
    pub user: UserId,
    /// Their highest role.
    pub role: Role,
}

impl Actor {
    /// Checks that the actor may change the account of a person with these roles: it is not their own account, and all its roles are below
    /// theirs.
    ///
    /// # Errors
    /// [`Kind::AccountProtected`]
    pub fn may_change(self, roles: &Roles) -> Result<(), Problem> {
        let below = roles.roles.iter().all(|role| *role < self.role);
        if self.user != roles.user && below {
            return Ok(());
        }
        Err(Kind::AccountProtected.because("it is the caller's own account, or its owner has a role that is not below the caller's"))
    }

    /// Adds the condition to a transaction that the actor may still change this account ([`Actor::may_change`], [`require`]).
    pub fn require(self, tx: &mut Tx, subject: UserId) -> ActorSlots {
        let lacks = |role: Role| field("roles").lacks(role);
        let below = match self.role {
            Role::Moderator => lacks(Role::Moderator).and(lacks(Role::Administrator)).and(lacks(Role::Superuser)),
            Role::Administrator => lacks(Role::Administrator).and(lacks(Role::Superuser)),
            Role::Superuser => lacks(Role::Superuser),
        };
        ActorSlots { still: require(tx, self.user, self.role), below: tx.check(Roles::key_of(subject), below) }
    }
}

/// Adds the deactivation of an account by staff to a transaction, which ends its sessions, and a notice to its owner. Refused unless the
/// account is active.
///
/// A link that was sent to a former contact is void then, and stays so when the account is reactivated. Staff stop a restoration by it when
/// the owner of the present contact writes that they did not ask for it.
pub fn deactivate(tx: &mut Tx, sys: &Sys, user: &User) -> Slot {
    let active = renew_credentials(tx, sys, user, user.deactivate(sys.now()).remove("restoration"), None);
    notify(tx, sys, user.id, Notice::AccountDeactivated);
    active
}

/// Adds the reactivation of an account by staff to a transaction, and a notice to its owner. Refused unless the account is deactivated.
pub fn reactivate(tx: &mut Tx, sys: &Sys, user: &User) -> Slot {
    let deactivated = tx.update(user.reactivate());
    notify(tx, sys, user.id, Notice::AccountReactivated);
    deactivated
}

/// The slots of [`Actor::require`].
#[derive(Clone, Copy, Debug)]
pub struct ActorSlots {
    still: Slot,
    below: Slot,
}

impl ActorSlots {
    /// Returns the problem of a refused transaction with these conditions.
    #[must_use]
    #[track_caller]
    pub fn problem(self, e: CommitError) -> Problem {
        if e.refused(self.below) {
            Kind::AccountProtected.because("the account's owner has got a higher role meanwhile")
        } else {
            refused(e, self.still)
        }
    }
}

/// Adds the condition that `user` has no role to a transaction that bans them: staff can only be banned after their roles were removed.
pub fn require_none(tx: &mut Tx, user: UserId) -> Slot {
    tx.check(Roles::key_of(user), Cond::Absent)
}

/// Adds the condition that `user` is not a superuser to a transaction that deactivates or deletes their account. Because nobody
/// can remove their own role, the last superuser cannot leave.
pub fn require_no_superuser(tx: &mut Tx, user: UserId) -> Slot {
    tx.check(Roles::key_of(user), field("roles").lacks(Role::Superuser))
}

/// Adds the condition that the account is active and without a scheduled deletion to a transaction that gives a role.
pub fn require_staying(tx: &mut Tx, user: UserId) -> StayingSlots {
    StayingSlots {
        account: tx.check(User::key_of(user), field("status").eq(Status::Active)),
        no_deletion: tx.check(Deletion::key_of(user), Cond::Absent),
    }
}

/// The slots of [`require_staying`].
#[derive(Clone, Copy, Debug)]
pub struct StayingSlots {
    account: Slot,
    no_deletion: Slot,
}

impl StayingSlots {
    /// Returns whether one of these conditions was refused.
    #[must_use]
    pub fn was_refused(self, e: &CommitError) -> bool {
        e.refused(self.account) || e.refused(self.no_deletion)
    }
}

impl Item for Roles {
    const KIND: &'static str = "roles";
    const ABOUT: About = About::beside_user("ROLES", Personal::Exported(&["roles"])).indexed(Index::Staff, STAFF, "{user}");
    fn key(&self) -> Key {
        Self::key_of(self.user)
    }
    fn indexes(&self) -> Vec<(Index, Key)> {
        vec![(Index::Staff, Key::new(STAFF, self.user.to_string()))]
    }
}

/// The caller's own roles, read in the same batch as the caller.
impl Resource for Roles {
    type Path = ();
    fn key_for(caller: UserId, (): ()) -> Option<Key> {
        Some(Self::key_of(caller))
    }
}

kernel::audited_words!(Role);
