//! Undoing the scheduling of an account deletion, until the deletion begins. Before that no data is deleted, so only the scheduling is
//! undone.

use accounts::{
    audit::Action,
    deletion::{Deletion, Stage},
    directory::Account,
    staff::Actor,
    undo::{Field, Obstacle},
};
use kernel::{
    Client, Problem,
    audit::{AuditValue, Auditable as _},
};
use proofs::deletion_link;
use store::{Table, Tx};

use super::{
    planned::{Allowed, MakeEntry, Planned, account, impossible_value},
    recorded::{Changed, Recorded},
};

/// An account and its deletion.
pub struct Target {
    who: Actor,
    account: Option<Box<Account>>,
}

impl Target {
    pub async fn read(table: &Table, entry: &Recorded, who: Actor) -> Result<Self, Problem> {
        Ok(Self { who, account: account(table, entry).await? })
    }

    /// Returns the deletion, unless it has begun.
    fn scheduled(&self) -> Option<&Deletion> {
        self.account.as_ref()?.deletion.as_ref().filter(|deletion| deletion.stage == Stage::Scheduled)
    }

    pub fn fields(&self, entry: &Recorded) -> Vec<Field> {
        let field = |changed: Changed| {
            let is_now = match (self.scheduled(), changed.name.as_str()) {
                (Some(deletion), "due_at") => deletion.due_at.audited(),
                (Some(deletion), "deletion") => deletion.id.audited(),
                _ => AuditValue::Nothing,
            };
            let obstacle = self.obstacle(&changed);
            changed.field(is_now, obstacle)
        };
        entry.changes().into_iter().map(field).collect()
    }

    fn obstacle(&self, changed: &Changed) -> Option<Obstacle> {
        let Some(account) = &self.account else { return Some(Obstacle::Gone) };
        // For a deletion that was scheduled again the former time cannot be restored.
        let first = changed.was == AuditValue::Nothing && ["due_at", "deletion"].contains(&changed.name.as_str());
        let may = self.who.may_change(&account.roles).is_ok();
        (!first || !may).then_some(Obstacle::Never)
    }

    pub fn plan(self, s: &crate::State, tx: &mut Tx, entry: &MakeEntry<'_>) -> Result<Planned, Problem> {
        let deletion = self.scheduled().ok_or_else(impossible_value)?;
        let link = deletion.cancel.ok_or_else(impossible_value)?;
        // The notice to the owner must not contain the device and the place of the member of staff.
        let slot = deletion_link::cancel(tx, &s.sys, deletion.user, link, &Client::default());
        let allowed = self.who.require(tx, deletion.user);
        let entry = entry(Action::DeletionCancelled, deletion.user).changed("deletion", deletion.id, ());
        Ok(Planned::new(entry, vec![slot], Allowed::Above(allowed)))
    }
}
