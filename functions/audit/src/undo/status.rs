//! Undoing the deactivation of an account, or its reactivation.

use accounts::{
    audit::Action,
    directory::Account,
    staff::{self, Actor, Role},
    undo::{Field, Obstacle},
    user::Status,
};
use kernel::{
    Problem,
    audit::{AuditValue, Auditable as _},
};
use store::{Table, Tx};

use super::{
    planned::{Allowed, MakeEntry, Planned, account, impossible_value},
    recorded::{Changed, Recorded},
};

/// An account.
pub struct Target {
    who: Actor,
    account: Option<Box<Account>>,
}

impl Target {
    pub async fn read(table: &Table, entry: &Recorded, who: Actor) -> Result<Self, Problem> {
        Ok(Self { who, account: account(table, entry).await? })
    }

    pub fn fields(&self, entry: &Recorded) -> Vec<Field> {
        let field = |changed: Changed| {
            let is_now = self.account.as_ref().map_or(AuditValue::Nothing, |account| account.user.status.audited());
            let obstacle = self.obstacle(&changed);
            changed.field(is_now, obstacle)
        };
        entry.changes().into_iter().map(field).collect()
    }

    fn obstacle(&self, changed: &Changed) -> Option<Obstacle> {
        let Some(account) = &self.account else { return Some(Obstacle::Gone) };
        // Superusers reactivate, and nobody deactivates somebody with a role as high as their own.
        let may = match status(&changed.was) {
            Some(Status::Active) => self.who.role >= Role::Superuser,
            Some(Status::Deactivated) => self.who.may_change(&account.roles).is_ok(),
            _ => false,
        };
        (changed.name != "status" || !may).then_some(Obstacle::Never)
    }

    pub fn plan(self, s: &crate::State, tx: &mut Tx, entry: &MakeEntry<'_>) -> Result<Planned, Problem> {
        let user = &self.account.as_ref().ok_or_else(impossible_value)?.user;
        let (before, id) = (user.status, user.id);
        if before == Status::Deactivated {
            let shown = vec![staff::reactivate(tx, &s.sys, user)];
            let still = staff::require_superuser(tx, self.who.user);
            let entry = entry(Action::AccountReactivated, id).changed("status", before, Status::Active);
            return Ok(Planned::new(entry, shown, Allowed::Role(still)));
        }
        let shown = vec![staff::deactivate(tx, &s.sys, user)];
        let allowed = self.who.require(tx, id);
        let entry = entry(Action::AccountDeactivated, id).changed("status", before, Status::Deactivated);
        Ok(Planned::new(entry, shown, Allowed::Above(allowed)))
    }
}

fn status(was: &AuditValue) -> Option<Status> {
    [Status::Active, Status::Deactivated].into_iter().find(|status| status.audited() == *was)
}
