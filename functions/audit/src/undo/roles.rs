//! Undoing a change of somebody's roles. Only superusers can do it, and not to their own roles, so that one superuser always remains.

use accounts::{
    api_key,
    audit::Action,
    deletion::Deletion,
    staff::{self, Actor, Role, Roles},
    undo::{Field, Obstacle},
    user::{Status, User},
};
use kernel::{
    Problem,
    audit::{AuditValue, Auditable as _},
    id::UserId,
};
use store::{Table, Tx};

use super::{
    planned::{Allowed, MakeEntry, Planned, impossible_value},
    recorded::{Changed, Recorded},
};

/// Somebody's roles, and whether the person can get a role.
pub struct Target {
    who: Actor,
    roles: Roles,
    there: bool,
    can_get_roles: bool,
}

impl Target {
    pub async fn read(table: &Table, entry: &Recorded, who: Actor) -> Result<Self, Problem> {
        let id = entry.record.subject;
        let (roles, user, deletion) = (Roles::key_of(id), User::key_of(id), Deletion::key_of(id));
        let mut found = table.get_many(vec![roles.clone(), user.clone(), deletion.clone()]).await?;
        let status = found.take::<User>(&user)?.map(|user| user.status);
        let leaves = found.take::<Deletion>(&deletion)?.is_some();
        let roles = found.take(&roles)?.unwrap_or_else(|| Roles::none(id));
        let there = status.is_some_and(|status| status != Status::Purging);
        Ok(Self { who, roles, there, can_get_roles: status == Some(Status::Active) && !leaves })
    }

    pub fn fields(&self, entry: &Recorded) -> Vec<Field> {
        let field = |changed: Changed| {
            let obstacle = self.obstacle(&changed);
            changed.field(self.roles.roles.audited(), obstacle)
        };
        entry.changes().into_iter().map(field).collect()
    }

    fn obstacle(&self, changed: &Changed) -> Option<Obstacle> {
        if changed.name != "roles" || self.who.role < Role::Superuser || self.who.user == self.roles.user {
            return Some(Obstacle::Never);
        }
        let Some(was) = roles(&changed.was) else { return Some(Obstacle::Never) };
        let granted = was.iter().any(|role| !self.roles.roles.contains(role));
        (!self.there || (granted && !self.can_get_roles)).then_some(Obstacle::Gone)
    }

    pub fn plan(self, tx: &mut Tx, entry: &MakeEntry<'_>, fields: &[&Field]) -> Result<Planned, Problem> {
        let (user, before) = (self.roles.user, self.roles);
        let was = fields.first().and_then(|field| roles(&field.was)).ok_or_else(impossible_value)?;
        let after = Roles { user, roles: was };
        let slots = staff::change_roles(tx, self.who.user, &before, &after)?;
        let granted = after.roles.iter().any(|role| !before.roles.contains(role));
        let entry = entry(if granted { Action::RoleGranted } else { Action::RoleTaken }, user);
        let planned = Planned::new(entry.changed("roles", &before.roles, &after.roles), vec![slots.roles], Allowed::Role(slots.still));
        let without_api_keys = after.roles.iter().all(|role| *role < Role::Administrator).then_some(user);
        Ok(Planned { recipient_conditions: slots.staying, without_api_keys, ..planned })
    }
}

/// Revokes the API keys of somebody who is not an administrator, in case an earlier undo that removed the role was interrupted before it
/// revoked them. A read, and a query if the person is not an administrator.
pub async fn revoke_keys(table: &Table, user: UserId) -> Result<(), Problem> {
    let roles = table.get::<Roles>(Roles::key_of(user)).await?.unwrap_or_else(|| Roles::none(user));
    if roles.roles.iter().all(|role| *role < Role::Administrator) {
        api_key::revoke_all(table, user).await?;
    }
    Ok(())
}

fn roles(was: &AuditValue) -> Option<Vec<Role>> {
    let AuditValue::List(words) = was else { return None };
    let all = [Role::Moderator, Role::Administrator, Role::Superuser];
    words.iter().map(|word| all.into_iter().find(|role| role.audited() == *word)).collect()
}
