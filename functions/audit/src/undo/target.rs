//! What an entry is about: what its fields are now, and the change that undoes some of them.

use accounts::{
    audit::{Action, AuditEntry},
    directory::Account,
    finding,
    staff::{self, Actor, ActorSlots, StayingSlots},
    undo::{Field, Obstacle, Preview},
    user::{Status, User},
};
use callers::{Staff, staff::Administrator};
use commerce::product::Product;
use kernel::{Kind, Problem, audit::AuditValue, id::UserId};
use search::Catalogue;
use store::{CommitError, Slot, Table, Tx};

use super::{ban, category, comment, deletion, product, profile, recorded::Recorded, roles, status};

/// Who undoes something.
pub fn actor(caller: &Staff<Administrator>) -> Actor {
    Actor { user: caller.member.user.id, role: caller.role }
}

/// What an entry is about, read together with what its former values depend on.
pub enum Target {
    Product(product::Target),
    Category(category::Target),
    Comment(comment::Target),
    Roles(roles::Target),
    Ban(ban::Target),
    Profile(profile::Target),
    Status(status::Target),
    Deletion(deletion::Target),
    /// What is never undone.
    Never,
    /// What was deleted with its values.
    Gone,
}

/// What is added to the transaction of an undo beside the change itself.
pub struct Planned {
    /// Its entry.
    pub entry: AuditEntry,
    /// Refused if something is different from what was shown.
    pub shown: Vec<Slot>,
    /// As `shown`: the conditions on somebody who gets a role.
    pub staying: Option<StayingSlots>,
    /// The conditions on the caller's role.
    pub allowed: Allowed,
    /// What is found by other words afterwards.
    pub searched: Searched,
    /// Who has no API keys afterwards.
    pub keyless: Option<UserId>,
}

impl Planned {
    /// A change that nothing is found by.
    pub fn new(entry: AuditEntry, shown: Vec<Slot>, allowed: Allowed) -> Self {
        Self { entry, shown, staying: None, allowed, searched: Searched::Nothing, keyless: None }
    }
}

/// The conditions on the role of who undoes something.
#[derive(Clone, Copy)]
pub enum Allowed {
    /// Refused if they have lost it.
    Role(Slot),
    /// Refused as well if the person has got one as high.
    Above(ActorSlots),
}

impl Allowed {
    /// The problem of a refused transaction with these conditions.
    #[track_caller]
    pub fn problem(self, e: CommitError) -> Problem {
        match self {
            Self::Role(still) => staff::refused(e, still),
            Self::Above(slots) => slots.problem(e),
        }
    }
}

/// What is found by other words after a change.
pub enum Searched {
    Nothing,
    Product(Box<(Product, Product)>),
    Person(Box<(User, User)>),
}

impl Searched {
    /// Commits a transaction together with the words, which take the room that is left.
    pub async fn commit(self, table: &Table, mut tx: Tx) -> Result<(), CommitError> {
        match self {
            Self::Nothing => table.commit(tx).await,
            Self::Product(change) => {
                let (before, after) = *change;
                let words = Catalogue::Products.change(&mut tx, &before.entry(), &after.entry());
                words.commit(table, tx).await
            }
            Self::Person(change) => {
                let (before, after) = *change;
                finding::change(&mut tx, &before, &after).commit(table, tx).await
            }
        }
    }
}

/// Makes the entry of an undo of this action about somebody.
pub type Entry<'a> = dyn Fn(Action, UserId) -> AuditEntry + Send + Sync + 'a;

impl Target {
    /// Reads what an entry is about: one batch, or nothing.
    pub async fn read(s: &crate::State, entry: &Recorded, who: Actor) -> Result<Self, Problem> {
        if !entry.has_values() {
            return Ok(if entry.record.commitment.is_some() { Self::Gone } else { Self::Never });
        }
        Ok(match entry.record.action {
            Action::ProductChanged => Self::Product(product::Target::read(&s.table, entry, who).await?),
            Action::CategoryChanged => Self::Category(category::Target::read(&s.table, entry, who).await?),
            Action::CommentChanged => Self::Comment(comment::Target::read(&s.table, entry, who).await?),
            Action::RoleGranted | Action::RoleTaken => Self::Roles(roles::Target::read(&s.table, entry, who).await?),
            Action::ChatBanned | Action::ChatUnbanned => Self::Ban(ban::Target::read(s, entry, who).await?),
            Action::ProfileChanged | Action::UsernameChanged | Action::PictureRemoved => {
                Self::Profile(profile::Target::read(s, entry, who).await?)
            }
            Action::AccountDeactivated | Action::AccountReactivated => Self::Status(status::Target::read(&s.table, entry, who).await?),
            Action::DeletionScheduled => Self::Deletion(deletion::Target::read(&s.table, entry, who).await?),
            _ => Self::Never,
        })
    }

    /// What undoing the entry does.
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
            Self::Never => all(Obstacle::Never),
            Self::Gone => all(Obstacle::Gone),
        };
        Preview::new(entry.record.id, entry.undone.as_ref().map(|undone| undone.by), fields)
    }

    /// Adds the change that gives fields their former values to a transaction.
    ///
    /// # Errors
    /// Those of the change.
    pub async fn plan(self, s: &crate::State, tx: &mut Tx, entry: &Entry<'_>, fields: &[&Field]) -> Result<Planned, Problem> {
        match self {
            Self::Product(target) => target.plan(s, tx, entry, fields).await,
            Self::Category(target) => target.plan(tx, entry, fields),
            Self::Comment(target) => target.plan(s, tx, entry, fields),
            Self::Roles(target) => target.plan(tx, entry, fields),
            Self::Ban(target) => Ok(target.plan(s, tx, entry)),
            Self::Profile(target) => target.plan(s, tx, entry, fields),
            Self::Status(target) => target.plan(s, tx, entry),
            Self::Deletion(target) => target.plan(s, tx, entry),
            // Nothing of it can be chosen.
            Self::Never | Self::Gone => Err(Kind::UndoImpossible.into()),
        }
    }
}

/// The problem of a former value that its field cannot have. The preview says so before.
#[track_caller]
pub fn unfit() -> Problem {
    Kind::UndoImpossible.because("a former value is none that the field can have")
}

/// The account that an entry is about. `None` if it was deleted or is being deleted.
pub async fn account(table: &Table, entry: &Recorded) -> Result<Option<Box<Account>>, Problem> {
    let found = Account::of_all(table, &[entry.record.subject]).await?.pop();
    Ok(found.filter(|account| account.user.status != Status::Purging).map(Box::new))
}
