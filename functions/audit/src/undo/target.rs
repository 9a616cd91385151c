//! The object that an entry has changed: the current values of its fields, and the change that undoes some of them.

use accounts::{
    audit::Action,
    staff::Actor,
    undo::{Field, Obstacle, Preview},
};
use callers::{Staff, staff::Administrator};
use kernel::{Kind, Problem, audit::AuditValue};
use store::Tx;

use super::{
    ban, category, comment, contact, deletion,
    planned::{MakeEntry, Planned},
    product, profile,
    recorded::Recorded,
    roles, status,
};

/// Returns the caller of an undo.
pub fn actor(caller: &Staff<Administrator>) -> Actor {
    Actor { user: caller.member.user.id, role: caller.role }
}

/// The object that an entry has changed, with the items that decide whether it can have its former values.
pub enum Target {
    Product(product::Target),
    Category(category::Target),
    Comment(comment::Target),
    Roles(roles::Target),
    Ban(ban::Target),
    Profile(profile::Target),
    Status(status::Target),
    Deletion(deletion::Target),
    Contact(contact::Target),
    /// A change that is never undone.
    Never,
    /// An object that was deleted.
    Gone,
}

impl Target {
    /// Reads the object that an entry has changed: one or two batches and a read, or nothing.
    pub async fn read(s: &crate::State, entry: &Recorded, who: Actor) -> Result<Self, Problem> {
        if !entry.has_values() {
            return Ok(if entry.record.commitment.is_some() { Self::Gone } else { Self::Never });
        }
        Ok(match entry.record.action {
            Action::ProductChanged => Self::Product(product::Target::read(&s.table, entry, who).await?),
            Action::CategoryChanged | Action::CategoryDeleted => Self::Category(category::Target::read(&s.table, entry, who).await?),
            Action::CommentChanged => Self::Comment(comment::Target::read(&s.table, entry, who).await?),
            Action::RoleGranted | Action::RoleTaken => Self::Roles(roles::Target::read(&s.table, entry, who).await?),
            Action::ChatBanned | Action::ChatUnbanned => Self::Ban(ban::Target::read(s, entry, who).await?),
            Action::ProfileChanged | Action::UsernameChanged | Action::PictureRemoved => {
                Self::Profile(profile::Target::read(s, entry, who).await?)
            }
            Action::AccountDeactivated | Action::AccountReactivated => Self::Status(status::Target::read(&s.table, entry, who).await?),
            Action::DeletionScheduled => Self::Deletion(deletion::Target::read(&s.table, entry, who).await?),
            Action::ContactChanged | Action::ContactRestored => Self::Contact(contact::Target::read(s, entry, who).await?),
            _ => Self::Never,
        })
    }

    /// Returns what undoing the entry does.
    pub fn preview(&self, entry: &Recorded) -> Preview {
        let all = |obstacle: Obstacle| -> Vec<Field> {
            entry.changes().into_iter().map(|changed| changed.field(AuditValue::Nothing, Some(obstacle))).collect()
        };
        let fields = match self {
            Self::Product(target) => target.fields(entry),
            Self::Category(target) => target.fields(entry),
            Self::Comment(target) => target.fields(entry),
            Self::Roles(target) => target.fields(entry),
            Self::Ban(target) => target.fields(entry),
            Self::Profile(target) => target.fields(entry),
            Self::Status(target) => target.fields(entry),
            Self::Deletion(target) => target.fields(entry),
            Self::Contact(target) => target.fields(entry),
            Self::Never => all(Obstacle::Never),
            Self::Gone => all(Obstacle::Gone),
        };
        Preview::new(entry.record.id, entry.undone.as_ref().map(|undone| undone.by), fields)
    }

    /// Adds the change that gives fields their former values to a transaction.
    ///
    /// # Errors
    /// The errors of the change.
    pub async fn plan(self, s: &crate::State, tx: &mut Tx, entry: &MakeEntry<'_>, fields: &[&Field]) -> Result<Planned, Problem> {
        match self {
            Self::Product(target) => target.plan(s, tx, entry, fields).await,
            Self::Category(target) => target.plan(s, tx, entry, fields).await,
            Self::Comment(target) => target.plan(s, tx, entry, fields),
            Self::Roles(target) => target.plan(tx, entry, fields),
            Self::Ban(target) => Ok(target.plan(s, tx, entry)),
            Self::Profile(target) => target.plan(s, tx, entry, fields),
            Self::Status(target) => target.plan(s, tx, entry),
            Self::Deletion(target) => target.plan(s, tx, entry),
            Self::Contact(target) => target.plan(s, tx, entry),
            // The preview offers no fields of it.
            Self::Never | Self::Gone => Err(Kind::UndoImpossible.into()),
        }
    }
}
