//! Leaving: the one record that says how far the deletion of an account has come.
//!
//! ```text
//! nothing ─ schedule ─▶ Scheduled ─ claim, when due ─▶ Purging ─ finish ─▶ Done
//!    ▲                   │     ▲ │                      │     ▲
//!    └────── cancel ─────┘     └─┘ schedule again       └─────┘ take over, when the lease is over
//! ```
//!
//! Every arrow is one conditional write or transaction, so that of cancel and claim exactly one happens, whoever comes how
//! often. A claimed record is leased: as long as somebody works at it nobody else does, and once nobody does somebody will.
//! What remains in the end names nobody: the tombstone under the account's id, and a receipt under the deletion's.

use std::time::Duration;

use events::{Event, Outbox};
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
    user::{Status, User, partition},
};

/// How long a claim holds without a sign of life: longer than any run of the purge.
pub const LEASE: Duration = Duration::from_secs(600);
/// Partitions of the index of what is due.
pub const SHARDS: u8 = 4;

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It will begin when it is due, and can be cancelled.
    Scheduled,
    /// It has begun; there is no way back.
    Purging,
    /// Nothing is left.
    Done,
}

/// The deletion of one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deletion {
    /// Whose.
    pub user: UserId,
    /// Which scheduling of it: scheduling again makes a new one. It is the number of the receipt.
    pub id: DeletionId,
    /// How far it has come.
    pub stage: Stage,
    /// When it was scheduled.
    pub scheduled_at: Time,
    /// When it may begin, and not a millisecond earlier.
    pub due_at: Time,
    /// What the link in the mail proves.
    pub cancel: Option<ChallengeId>,
    /// Until then nobody else takes it over.
    pub leased_until: Option<Time>,
    /// Which run works at it.
    pub holder: Option<String>,
    /// The steps that need not be done again, by their names.
    #[serde(default)]
    pub steps: Vec<String>,
}

impl Deletion {
    /// Where the deletion of an account is.
    #[must_use]
    pub fn key_of(user: UserId) -> Key {
        Key::new(partition(user), "DELETION")
    }
}

impl Item for Deletion {
    const KIND: &'static str = "deletion";
    const ABOUT: About = About::beside_user("DELETION", Personal::Exported(&["id", "stage", "scheduled_at", "due_at"]))
        .indexed(Index::DueDeletions, "DELETION_DUE#{shard}", "{at}#{user}")
        .stays("a tombstone of ids and times");
    fn key(&self) -> Key {
        Self::key_of(self.user)
    }
    // Sparse: only what waits stands in it.
    fn indexes(&self) -> Vec<(Index, Key)> {
        if self.stage == Stage::Scheduled { vec![(Index::DueDeletions, due_key(self.user, self.due_at))] } else { Vec::new() }
    }
}

/// The caller's own item, loaded in the same batch as the caller.
impl Resource for Deletion {
    type Path = ();
    const EVEN_PURGING: bool = true;
    fn find(caller: UserId, (): ()) -> Option<Key> {
        Some(Self::key_of(caller))
    }
}

fn due_partition(shard: u8) -> String {
    format!("DELETION_DUE#{shard}")
}

fn due_key(user: UserId, at: Time) -> Key {
    let shard = user.ulid().to_bytes().last().copied().unwrap_or(0).checked_rem(SHARDS).unwrap_or(0);
    Key::new(due_partition(shard), format!("{}#{user}", sortable(at)))
}

fn sortable(at: Time) -> String {
    format!("{:014}", at.millis())
}

/// The condition that a deletion is scheduled, and by the same scheduling as this one.
#[must_use]
pub fn scheduled_as(deletion: &Deletion) -> Cond {
    field("stage").eq(Stage::Scheduled).and(field("id").eq(deletion.id))
}

/// A part of what is due by the index, the longest due first, behind `after`. One request.
///
/// # Errors
/// [`StoreError`]
pub async fn due(table: &Table, shard: u8, now: Time, limit: u32, after: Option<Place>) -> Result<Due, StoreError> {
    let range = Range::of_index(Index::DueDeletions, due_partition(shard)).between("0", format!("{}~", sortable(now))).limit(limit);
    let range = match after {
        Some(Place(key, in_index)) => range.after(key, Some(in_index)),
        None => range,
    };
    let Page { items, more } = table.query_rows(range).await?;
    let last = items.last().filter(|_| more).and_then(|row| Some(Place(row.key()?, row.place(Index::DueDeletions)?)));
    Ok(Due { deletions: items.into_iter().map(Row::decode).collect(), next: last })
}

/// A part of what is due.
#[derive(Debug)]
pub struct Due {
    /// One that cannot be read keeps no other from being begun.
    pub deletions: Vec<Result<Deletion, StoreError>>,
    /// Behind what it goes on, if it does.
    pub next: Option<Place>,
}

/// A place in the index of what is due.
#[derive(Clone, Debug)]
pub struct Place(Key, Key);

/// Begins the deletion of an account that is due: from here on nobody can sign in to it or cancel. One transaction, which
/// judges due time and stage by the record itself, whatever an index said. Says whether it was this call that began it.
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
            .when(scheduled_as(deletion).and(field("due_at").le(now))),
    );
    tx.update(Update::of(User::key_of(deletion.user)).set("status", Status::Purging).add("version", 1).when(Cond::Exists));
    hand_over(table, sys, tx, deletion).await
}

/// Hands a deletion whose lease is over to another run. One transaction. Says whether it was this call that did.
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
    hand_over(table, sys, tx, deletion).await
}

fn purging_as(deletion: &Deletion) -> Cond {
    field("stage").eq(Stage::Purging).and(field("id").eq(deletion.id))
}

async fn hand_over(table: &Table, sys: &Sys, mut tx: Tx, deletion: &Deletion) -> Result<bool, StoreError> {
    Outbox::add(&mut tx, sys, &Event::AccountPurgeDue { user: deletion.user, deletion: deletion.id });
    table.commit(tx).await.applied()
}

/// What a run finds when it wants to work at a deletion.
#[derive(Debug)]
pub enum Hold {
    /// It is this run's for the length of a lease.
    Mine(Box<Deletion>),
    /// Another run works at it.
    Another,
    /// There is nothing to do: it is done, or was never begun.
    Over,
}

/// Takes a begun deletion for a run. The same run may take it again after it was cut off. One update.
///
/// # Errors
/// [`StoreError`]
pub async fn hold(table: &Table, now: Time, user: UserId, id: DeletionId, run: &str) -> Result<Hold, StoreError> {
    let free = field("holder").absent().or(field("holder").eq(run)).or(field("leased_until").le(now));
    let take = Update::of(Deletion::key_of(user))
        .set("holder", run)
        .set("leased_until", now + LEASE)
        .when(field("stage").eq(Stage::Purging).and(field("id").eq(id)).and(free));
    match table.update(take).await {
        Ok(row) => Ok(Hold::Mine(Box::new(row.decode()?))),
        Err(WriteError::Refused(None)) => Ok(Hold::Over),
        Err(WriteError::Refused(Some(row))) => {
            let current: Deletion = row.decode()?;
            Ok(if current.id == id && current.stage == Stage::Purging { Hold::Another } else { Hold::Over })
        }
        Err(WriteError::Store(e)) => Err(e),
    }
}

impl Deletion {
    fn held(&self) -> Cond {
        purging_as(self).and(field("holder").eq(&self.holder))
    }

    /// Notes a step as done and renews the lease. One update.
    ///
    /// # Errors
    /// [`WriteError::Refused`] if another run has taken over.
    pub async fn note(&mut self, table: &Table, now: Time, step: &str) -> Result<(), WriteError> {
        self.steps.push(step.to_owned());
        let note = Update::of(self.key()).set("steps", &self.steps).set("leased_until", now + LEASE).when(self.held());
        table.update(note).await.map(drop)
    }

    /// Renews the lease in the middle of a long step. One update.
    ///
    /// # Errors
    /// [`WriteError::Refused`] if another run has taken over.
    pub async fn renew(&self, table: &Table, now: Time) -> Result<(), WriteError> {
        table.update(Update::of(self.key()).set("leased_until", now + LEASE).when(self.held())).await.map(drop)
    }

    /// Lets the deletion go before everything is done, for the next delivery to go on with. One update.
    ///
    /// # Errors
    /// [`WriteError::Refused`] if another run has taken over.
    pub async fn let_go(&self, table: &Table) -> Result<(), WriteError> {
        table.update(Update::of(self.key()).remove("holder").when(self.held())).await.map(drop)
    }

    /// Hands the rest to another run, because this one has no time left. One transaction.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn pass_on(&self, table: &Table, sys: &Sys) -> Result<bool, StoreError> {
        let mut tx = Tx::new();
        tx.update(Update::of(self.key()).set("leased_until", sys.now() + LEASE).remove("holder").when(self.held()));
        hand_over(table, sys, tx, self).await
    }

    /// Closes the deletion: a tombstone stays in its place, and a receipt. One transaction. Says whether it was this call that did.
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

/// What proves that an account was deleted, to whoever knows the number of the deletion. It names nobody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Its number.
    pub id: DeletionId,
    /// When it was scheduled.
    pub scheduled_at: Time,
    /// When it was due.
    pub due_at: Time,
    /// When nothing was left.
    pub done_at: Time,
    /// What was done, in this order.
    pub steps: Vec<String>,
}

impl Receipt {
    /// Where the receipt of this number is.
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
    fn what_is_due_earlier_stands_before_what_is_due_later() {
        let user = Sys::real().id();
        let keys = [0, 999, 1_000, 1_795_248_000_000].map(|ms| due_key(user, Time::from_millis(ms)));
        assert!(keys.is_sorted_by(|a, b| a.partition() == b.partition() && a.sort() < b.sort()));
        let now = format!("{}~", sortable(Time::from_millis(1_000)));
        assert!(keys[2].sort() < now.as_str() && now.as_str() < keys[3].sort(), "due at this very moment counts");
    }

    #[test]
    fn only_what_waits_stands_in_the_index() {
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
        assert_eq!(waiting.indexes().len(), 1);
        assert!(Deletion { stage: Stage::Purging, ..waiting }.indexes().is_empty());
    }
}
