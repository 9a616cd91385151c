//! What every undo adds to its transaction.

use accounts::{
    audit::{Action, AuditEntry},
    directory::Account,
    people_search,
    staff::{self, ActorSlots, StayingSlots},
    undo::AwaitedLink,
    user::{Status, User},
};
use commerce::{listing, product::Product};
use kernel::{Kind, Problem, id::UserId};
use search::IndexChange;
use store::{CommitError, Slot, Table, Tx};

use super::recorded::Recorded;

/// What is added to the transaction of an undo in addition to the change itself.
pub struct Planned {
    /// The audit entry of the undo.
    pub entry: AuditEntry,
    /// The writes that are refused if something differs from the preview.
    pub shown: Vec<Slot>,
    /// The conditions on somebody who gets a role.
    pub recipient_conditions: Option<StayingSlots>,
    /// The conditions on the caller's role.
    pub allowed: Allowed,
    /// The record whose search entries change.
    pub reindexed: Option<Reindexed>,
    /// The person who must not have API keys afterwards.
    pub without_api_keys: Option<UserId>,
    /// The link that the undo sends, if its recipient makes the change with it.
    pub waits_for: Option<AwaitedLink>,
}

impl Planned {
    /// Creates a change without search entries, links and other effects.
    pub fn new(entry: AuditEntry, shown: Vec<Slot>, allowed: Allowed) -> Self {
        Self { entry, shown, recipient_conditions: None, allowed, reindexed: None, without_api_keys: None, waits_for: None }
    }
}

/// A record of the search index, before and after a change.
pub enum Reindexed {
    /// A person.
    Person(Box<(User, User)>),
    /// A product.
    Product(Box<(Product, Product)>),
}

impl Reindexed {
    /// Adds the change of its entries to a transaction, after all other writes.
    ///
    /// # Errors
    /// An internal [`Problem`] for a price that no product has.
    pub fn change(&self, tx: &mut Tx) -> Result<IndexChange, Problem> {
        Ok(match self {
            Self::Person(person) => people_search::change(tx, &person.0, &person.1),
            Self::Product(product) => listing::change(tx, &product.0, &product.1)?,
        })
    }
}

/// The conditions on the caller's role.
#[derive(Clone, Copy)]
pub enum Allowed {
    /// Refused if the caller no longer has the role.
    Role(Slot),
    /// Also refused if the other person now has a role as high as the caller's.
    Above(ActorSlots),
}

impl Allowed {
    /// Returns the problem of a refused transaction with these conditions.
    #[track_caller]
    pub fn problem(self, e: CommitError) -> Problem {
        match self {
            Self::Role(still) => staff::refused(e, still),
            Self::Above(slots) => slots.problem(e),
        }
    }
}

/// Makes the audit entry of an undo, with this action and about this person.
pub type MakeEntry<'a> = dyn Fn(Action, UserId) -> AuditEntry + Send + Sync + 'a;

/// Returns the problem of a former value that its field cannot have. The preview shows it too.
#[track_caller]
pub fn impossible_value() -> Problem {
    Kind::UndoImpossible.because("the field cannot have a former value")
}

/// Returns the account that an entry is about. `None` if it was deleted or is being deleted.
pub async fn account(table: &Table, entry: &Recorded) -> Result<Option<Box<Account>>, Problem> {
    let found = Account::of_all(table, &[entry.record.subject]).await?.pop();
    Ok(found.filter(|account| account.user.status != Status::Purging).map(Box::new))
}
