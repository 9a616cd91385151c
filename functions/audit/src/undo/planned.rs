//! What an undo adds to its transaction, whatever is undone.

use accounts::{
    audit::{Action, AuditEntry},
    directory::Account,
    finding,
    staff::{self, ActorSlots, StayingSlots},
    undo::AwaitedLink,
    user::{Status, User},
};
use commerce::{listing, product::Product};
use kernel::{Kind, Problem, id::UserId};
use search::IndexChange;
use store::{CommitError, Slot, Table, Tx};

use super::recorded::Recorded;

/// What is added to the transaction of an undo beside the change itself.
pub struct Planned {
    /// Its entry.
    pub entry: AuditEntry,
    /// Refused if something is different from what was shown.
    pub shown: Vec<Slot>,
    /// Like `shown`: the conditions on somebody who gets a role.
    pub staying: Option<StayingSlots>,
    /// The conditions on the caller's role.
    pub allowed: Allowed,
    /// What has other entries in the search index afterwards.
    pub reindexed: Option<Reindexed>,
    /// Who has no API keys afterwards.
    pub keyless: Option<UserId>,
    /// The link that it sends, if somebody else makes the change by it.
    pub waits_for: Option<AwaitedLink>,
}

impl Planned {
    /// A change that nothing is found by.
    pub fn new(entry: AuditEntry, shown: Vec<Slot>, allowed: Allowed) -> Self {
        Self { entry, shown, staying: None, allowed, reindexed: None, keyless: None, waits_for: None }
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
            Self::Person(person) => finding::change(tx, &person.0, &person.1),
            Self::Product(product) => listing::change(tx, &product.0, &product.1)?,
        })
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

/// Makes the entry of an undo of this action about somebody.
pub type MakeEntry<'a> = dyn Fn(Action, UserId) -> AuditEntry + Send + Sync + 'a;

/// The problem of a former value that its field cannot have. The preview says so before.
#[track_caller]
pub fn unfit() -> Problem {
    Kind::UndoImpossible.because("the field cannot have a former value")
}

/// The account that an entry is about. `None` if it was deleted or is being deleted.
pub async fn account(table: &Table, entry: &Recorded) -> Result<Option<Box<Account>>, Problem> {
    let found = Account::of_all(table, &[entry.record.subject]).await?.pop();
    Ok(found.filter(|account| account.user.status != Status::Purging).map(Box::new))
}
