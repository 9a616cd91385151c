//! Account deletion: the item with the stage of an account's deletion, and its transitions.
//!
//! ```text
//! nothing ─ schedule ─▶ Scheduled ─ claim, when due ─▶ Purging ─ finish ─▶ Done
//!    ▲                   │     ▲ │                      │     ▲
//!    └────── cancel ─────┘     └─┘ schedule again       └─────┘ take over, when the lease is over
//! ```
//!
//! Every arrow is one conditional write or transaction, so that exactly one of concurrent cancels and claims succeeds. A claimed item is
//! leased: one run of the purge works on it at a time, and another run takes over after the lease has expired. In the end two items without
//! personal data remain: the tombstone under the account's id, and a receipt under the id of the deletion.

use std::time::Duration;

use events::{Notice, Outbox, accounts::AccountPurgeDue};
use kernel::{
    Id as _, Sys, Time,
    id::{ChallengeId, DeletionId, UserId},
};
use serde::{Deserialize, Serialize};
use store::{
    About, Cond, Conditional as _, Index, Item, Key, Page, Personal, Range, Row, StoreError, Table, Tx, Update, WriteError, field,
};

use crate::{
    Resource,
    account_state::{self, AccountState},
    user::{Status, User, notify, partition},
};

/// How long a lease lasts without renewal: longer than any run of the purge.
pub const LEASE: Duration = Duration::from_secs(600);
/// The number of partitions of the index of scheduled deletions.
pub const SHARDS: u8 = 4;
/// The function that sweeps, whose last run staff see.
pub const SWEEP: &str = "deletion-sweep";

/// The stage of a deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Begins when it is due. Can be cancelled.
    Scheduled,
    /// Has begun. Cannot be cancelled any more.
    Purging,
    /// All data is deleted.
    Done,
}

/// The deletion of one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deletion {
    /// The account.
    pub user: UserId,
    /// The id of this scheduling, which is also the id of the receipt. Scheduling again creates a new one.
    pub id: DeletionId,
    /// The stage.
    pub stage: Stage,
    /// When it was scheduled.
    pub scheduled_at: Time,
    /// When it is due. It never begins earlier.
    pub due_at: Time,
    /// The challenge of the link in the mail, which cancels the deletion.
    pub cancel: Option<ChallengeId>,
    /// When the lease of `holder` expires.
    pub leased_until: Option<Time>,
    /// The run that has the lease.
    pub holder: Option<String>,
    /// The names of the steps that are done.
    #[serde(default)]
    pub steps: Vec<String>,
}

impl Deletion {
    /// Returns the key of an account's deletion.
    #[must_use]
    pub fn key_of(user: UserId) -> Key {
        Key::new(partition(user), "DELETION")
    }
}

impl Item for Deletion {
    const KIND: &'static str = "deletion";
    const ABOUT: About = About::beside_user("DELETION", Personal::Exported(&["id", "stage", "scheduled_at", "due_at"]))
        .indexed(Index::DueDeletions, "DELETION_DUE#{shard}", "{at}#{user}")
        .indexed(Index::AccountsInState, "ACCOUNTS#{state}", "{user}")
        .stays("a tombstone of ids and times");
    fn key(&self) -> Key {
        Self::key_of(self.user)
    }
    // Sparse indexes: they contain scheduled deletions only.
    fn indexes(&self) -> Vec<(Index, Key)> {
        if self.stage != Stage::Scheduled {
            return Vec::new();
        }
        let listed = account_state::place(AccountState::Leaving, self.user);
        vec![(Index::DueDeletions, due_key(self.user, self.due_at)), (Index::AccountsInState, listed)]
    }
}

/// The caller's own item, read in the same batch as the caller.
impl Resource for Deletion {
    type Path = ();
    const EVEN_PURGING: bool = true;
    fn key_for(caller: UserId, (): ()) -> Option<Key> {
        Some(Self::key_of(caller))
    }
}

fn due_partition(shard: u8) -> String {
    format!("DELETION_DUE#{shard}")
}

fn due_key(user: UserId, at: Time) -> Key {
    Key::new(due_partition(shard_of(user, SHARDS)), format!("{}#{user}", sortable(at)))
}

/// Returns the shard of a person among so many, always the same one.
pub(crate) fn shard_of(user: UserId, shards: u8) -> u8 {
    user.ulid().to_bytes().last().copied().unwrap_or(0).checked_rem(shards).unwrap_or(0)
}

fn sortable(at: Time) -> String {
    format!("{:014}", at.millis())
}

/// Returns the condition that the deletion is scheduled, by the same scheduling as this one.
#[must_use]
pub fn scheduled_as(deletion: &Deletion) -> Cond {
    field("stage").eq(Stage::Scheduled).and(field("id").eq(deletion.id))
}

/// Returns a page of the due deletions of one index partition, the oldest due time first, from `after` on. One request.
///
/// # Errors
/// [`StoreError`]
pub async fn due(table: &Table, shard: u8, now: Time, limit: u32, after: Option<IndexPosition>) -> Result<Due, StoreError> {
    let range = Range::of_index(Index::DueDeletions, due_partition(shard)).between("0", format!("{}~", sortable(now))).limit(limit);
    let range = match after {
        Some(IndexPosition(key, in_index)) => range.after(key, Some(in_index)),
        None => range,
    };
    let Page { items, more } = table.query_rows(range).await?;
    let last = items.last().filter(|_| more).and_then(|row| Some(IndexPosition(row.key()?, row.place(Index::DueDeletions)?)));
    Ok(Due { deletions: items.into_iter().map(Row::decode).collect(), next: last })
}

/// A page of due deletions.
#[derive(Debug)]
pub struct Due {
    /// The deletions. An item that cannot be read is an error here, so that the others are still claimed.
    pub deletions: Vec<Result<Deletion, StoreError>>,
    /// Where the next page begins, if there is one.
    pub next: Option<IndexPosition>,
}

/// A position in the index of scheduled deletions.
#[derive(Clone, Debug)]
pub struct IndexPosition(Key, Key);

/// Begins the deletion of an account that is due. After it nobody can sign in to the account or cancel. One transaction, whose conditions
/// check due time and stage on the item itself, because the index may be stale. Its owner is notified, best effort: a late notice finds no
/// contact any more. Returns whether this call has begun the deletion.
///
/// # Errors
/// [`StoreError`]
pub async fn claim(table: &Table, sys: &Sys, deletion: &Deletion) -> Result<bool, StoreError> {
    let now = sys.now();
    let mut tx = Tx::new();
    tx.update(
        Update::of(deletion.key())
            .set("stage", Stage::Purging)
            .set("leased_until", now + LEASE)
            .index(Index::DueDeletions, None)
            .index(Index::AccountsInState, None)
            .when(scheduled_as(deletion).and(field("due_at").le(now))),
    );
    let listed = Some(account_state::place(AccountState::Purging, deletion.user));
    let closed = Update::of(User::key_of(deletion.user)).set("status", Status::Purging).index(Index::AccountsInState, listed);
    tx.update(closed.add("version", 1).when(Cond::Exists));
    notify(&mut tx, sys, deletion.user, Notice::AccountDeleted);
    commit_with_event(table, sys, tx, deletion).await
}

/// Starts another run for a deletion with an expired lease. One transaction. Returns whether this call has done so.
///
/// # Errors
/// [`StoreError`]
pub async fn take_over(table: &Table, sys: &Sys, deletion: &Deletion) -> Result<bool, StoreError> {
    let now = sys.now();
    let mut tx = Tx::new();
    tx.update(
        Update::of(deletion.key())
            .set("leased_until", now + LEASE)
            .remove("holder")
            .when(purging_as(deletion).and(field("leased_until").le(now))),
    );
    commit_with_event(table, sys, tx, deletion).await
}

fn purging_as(deletion: &Deletion) -> Cond {
    field("stage").eq(Stage::Purging).and(field("id").eq(deletion.id))
}

async fn commit_with_event(table: &Table, sys: &Sys, mut tx: Tx, deletion: &Deletion) -> Result<bool, StoreError> {
    Outbox::add(&mut tx, sys, &AccountPurgeDue { user: deletion.user, deletion: deletion.id });
    table.commit(tx).await.applied()
}

/// The result of [`acquire_lease`].
#[derive(Debug)]
pub enum Lease {
    /// This run has the lease.
    Acquired(Box<Deletion>),
    /// Another run has the lease.
    HeldByAnother,
    /// There is nothing to do: the deletion is done, or was never begun.
    NothingToDo,
}

/// Acquires the lease of a begun deletion for a run. The same run may acquire it again after it was interrupted. One update.
///
/// # Errors
/// [`StoreError`]
pub async fn acquire_lease(table: &Table, now: Time, user: UserId, id: DeletionId, run: &str) -> Result<Lease, StoreError> {
    let free = field("holder").absent().or(field("holder").eq(run)).or(field("leased_until").le(now));
    let take = Update::of(Deletion::key_of(user))
        .set("holder", run)
        .set("leased_until", now + LEASE)
        .when(field("stage").eq(Stage::Purging).and(field("id").eq(id)).and(free));
    match table.update(take).await {
        Ok(row) => Ok(Lease::Acquired(Box::new(row.decode()?))),
        Err(WriteError::Refused(None)) => Ok(Lease::NothingToDo),
        Err(WriteError::Refused(Some(row))) => {
            let current: Deletion = row.decode()?;
            Ok(if current.id == id && current.stage == Stage::Purging { Lease::HeldByAnother } else { Lease::NothingToDo })
        }
        Err(WriteError::Store(e)) => Err(e),
    }
}

impl Deletion {
    fn held(&self) -> Cond {
        purging_as(self).and(field("holder").eq(&self.holder))
    }

    /// Records a step as done and renews the lease. One update.
    ///
    /// # Errors
    /// [`WriteError::Refused`] if another run has taken over.
    pub async fn record_step(&mut self, table: &Table, now: Time, step: &str) -> Result<(), WriteError> {
        self.steps.push(step.to_owned());
        let note = Update::of(self.key()).set("steps", &self.steps).set("leased_until", now + LEASE).when(self.held());
        table.update(note).await.map(drop)
    }

    /// Renews the lease during a long step. One update.
    ///
    /// # Errors
    /// [`WriteError::Refused`] if another run has taken over.
    pub async fn renew(&self, table: &Table, now: Time) -> Result<(), WriteError> {
        table.update(Update::of(self.key()).set("leased_until", now + LEASE).when(self.held())).await.map(drop)
    }

    /// Releases the lease before all steps are done, so that the next delivery continues. One update.
    ///
    /// # Errors
    /// [`WriteError::Refused`] if another run has taken over.
    pub async fn release(&self, table: &Table) -> Result<(), WriteError> {
        table.update(Update::of(self.key()).remove("holder").when(self.held())).await.map(drop)
    }

    /// Gives the remaining steps to another run, because this one is short of time. One transaction.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn hand_over(&self, table: &Table, sys: &Sys) -> Result<bool, StoreError> {
        let mut tx = Tx::new();
        tx.update(Update::of(self.key()).set("leased_until", sys.now() + LEASE).remove("holder").when(self.held()));
        commit_with_event(table, sys, tx, self).await
    }

    /// Closes the deletion: a tombstone replaces it, and a receipt is created. One transaction. Returns whether this call has
    /// closed it.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn finish(&self, table: &Table, now: Time) -> Result<bool, StoreError> {
        let tombstone = Self { stage: Stage::Done, cancel: None, leased_until: None, holder: None, steps: Vec::new(), ..self.clone() };
        let mut tx = Tx::new();
        tx.put(&tombstone, self.held());
        tx.create(&Receipt { id: self.id, scheduled_at: self.scheduled_at, due_at: self.due_at, done_at: now, steps: self.steps.clone() });
        table.commit(tx).await.applied()
    }
}

/// Proof that an account was deleted, for a person who knows the id of the deletion. It contains no personal data.
///
/// It does not cover data that is not linked to an account: a message of the contact form that was written without being signed in stays
/// for a year, also if it has the person's address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The id of the deletion.
    pub id: DeletionId,
    /// When it was scheduled.
    pub scheduled_at: Time,
    /// When it was due.
    pub due_at: Time,
    /// When all data was deleted.
    pub done_at: Time,
    /// The steps that were done, in order.
    pub steps: Vec<String>,
}

impl Receipt {
    /// Returns the key of the receipt of a deletion.
    #[must_use]
    pub fn key_of(id: DeletionId) -> Key {
        Key::new(format!("DELETION_RECEIPT#{id}"), "RECEIPT")
    }
}

impl Item for Receipt {
    const KIND: &'static str = "deletion_receipt";
    const ABOUT: About = About::at("DELETION_RECEIPT#{deletion}", "RECEIPT", Personal::Nobody("the id of a deletion, and times"));
    fn key(&self) -> Key {
        Self::key_of(self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_keys_are_ordered_by_due_time() {
        let user = Sys::real().id();
        let keys = [0, 999, 1_000, 1_795_248_000_000].map(|ms| due_key(user, Time::from_millis(ms)));
        assert!(keys.is_sorted_by(|a, b| a.partition() == b.partition() && a.sort() < b.sort()));
        let now = format!("{}~", sortable(Time::from_millis(1_000)));
        assert!(keys[2].sort() < now.as_str() && now.as_str() < keys[3].sort(), "due at this very moment counts");
    }

    #[test]
    fn only_scheduled_deletions_are_in_the_index() {
        let sys = Sys::real();
        let (now, id, user) = (sys.now(), sys.id(), sys.id());
        let waiting = Deletion {
            user,
            id,
            stage: Stage::Scheduled,
            scheduled_at: now,
            due_at: now,
            cancel: None,
            leased_until: None,
            holder: None,
            steps: vec![],
        };
        assert_eq!(waiting.indexes().len(), 2);
        assert!(Deletion { stage: Stage::Purging, ..waiting }.indexes().is_empty());
    }
}
