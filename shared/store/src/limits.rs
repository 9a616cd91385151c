//! Rate limits: atomic counters in the table, one update each in the expected case.
//!
//! A window opens with the first hit and lasts its full length, so that exactly `max` hits pass in it, whatever the clock
//! shows. Subjects are hashed: a counter's key names nobody.

use std::time::Duration;

use futures_util::future::join_all;
use kernel::{Kind, Problem, Time};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{Batch, Cond, Item, Key, StoreError, Table, Update, WriteError, field};

/// The windows that most limits have.
pub const HOUR: Duration = Duration::from_secs(3600);
/// See there.
pub const DAY: Duration = Duration::from_secs(24 * 3600);

/// So many hits in so long, for one subject.
#[derive(Clone, Debug)]
pub struct Limit {
    /// What is limited, such as `login_account`.
    pub name: &'static str,
    /// Who: a user id, an address, a client's network.
    pub subject: String,
    /// How many pass.
    pub max: u32,
    /// In how long.
    pub window: Duration,
    frequent: bool,
    pausing: bool,
}

impl Limit {
    /// A limit.
    #[must_use]
    pub fn new(name: &'static str, subject: impl ToString, max: u32, window: Duration) -> Self {
        Self { name, subject: subject.to_string(), max, window, frequent: false, pausing: false }
    }

    /// Says that hits mostly follow upon others, as when somebody types: each then costs one request, and the first two.
    /// Otherwise it is the other way round.
    #[must_use]
    pub fn frequent(mut self) -> Self {
        self.frequent = true;
        self
    }

    /// Says that the window begins anew with every hit: a pause after too many, rather than so many in so long.
    #[must_use]
    pub fn pausing(mut self) -> Self {
        self.pausing = true;
        self
    }

    fn reached(&self, wait: Duration) -> Reached {
        Reached { name: self.name, wait, max: self.max, window: self.window }
    }

    /// Where it is counted. Deleting the item forgets all hits.
    #[must_use]
    pub fn key(&self) -> Key {
        let digest = Sha256::digest(self.subject.as_bytes());
        let short: String = digest.iter().take(16).map(|b| format!("{b:02x}")).collect();
        Key::new(format!("LIMIT#{}#{short}", self.name), "LIMIT")
    }
}

#[derive(Serialize, Deserialize)]
struct Counter {
    hits: i64,
    until: Time,
}

impl Item for Counter {
    const KIND: &'static str = "limit";
    // Only read and updated, under the key of its limit.
    fn key(&self) -> Key {
        Key::new("LIMIT", "LIMIT")
    }
}

/// A limit is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("limit {name} is reached")]
pub struct Reached {
    /// Which.
    pub name: &'static str,
    /// When its window ends.
    pub wait: Duration,
    /// How many pass.
    pub max: u32,
    /// In how long.
    pub window: Duration,
}

impl From<Reached> for Problem {
    #[track_caller]
    fn from(r: Reached) -> Self {
        Self::new(Kind::TooManyRequests).retry_after(r.wait).limited(r.name, r.max, r.window).because(r)
    }
}

/// Why a hit did not pass.
#[derive(Debug, thiserror::Error)]
pub enum LimitError {
    /// Too many.
    #[error(transparent)]
    Reached(#[from] Reached),
    /// The counter itself does not work. What is limited is refused then.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<LimitError> for Problem {
    #[track_caller]
    fn from(e: LimitError) -> Self {
        match e {
            LimitError::Reached(r) => r.into(),
            LimitError::Store(e) => e.into(),
        }
    }
}

/// Counts a hit against every limit, at once. All of them count it, also when one of them is reached.
///
/// # Errors
/// [`LimitError::Reached`] for the first limit that is reached.
pub async fn take(table: &Table, now: Time, limits: &[Limit]) -> Result<(), LimitError> {
    join_all(limits.iter().map(|l| take_one(table, now, l))).await.into_iter().collect()
}

/// Counts what has happened already: what is reached by it stops the next one.
///
/// # Errors
/// [`StoreError`]
pub async fn note(table: &Table, now: Time, limits: &[Limit]) -> Result<(), StoreError> {
    match take(table, now, limits).await {
        Ok(()) | Err(LimitError::Reached(_)) => Ok(()),
        Err(LimitError::Store(e)) => Err(e),
    }
}

/// Judges a limit by its counter as it was read with other things, and counts nothing: for what counts only if it fails.
///
/// # Errors
/// [`LimitError::Reached`]
pub fn judge(found: &mut Batch, now: Time, limit: &Limit) -> Result<(), LimitError> {
    match found.take::<Counter>(&limit.key())? {
        Some(c) if c.until > now && c.hits >= i64::from(limit.max) => Err(limit.reached(c.until.since(now)).into()),
        _ => Ok(()),
    }
}

/// Counts a hit against every limit, at once, or against none of them: where one is reached, the others get theirs back.
///
/// For what costs something only if it happens: somebody who is refused must not use up what everybody shares.
///
/// # Errors
/// [`LimitError::Store`] if a counter does not work, else [`LimitError::Reached`] for the one that is reached longest.
pub async fn take_together(table: &Table, now: Time, limits: &[Limit]) -> Result<(), LimitError> {
    let taken = join_all(limits.iter().map(|l| take_one(table, now, l))).await;
    if taken.iter().all(Result::is_ok) {
        return Ok(());
    }
    let counted: Vec<&Limit> = limits.iter().zip(&taken).filter(|(_, t)| t.is_ok()).map(|(l, _)| l).collect();
    give_all_back(table, counted).await;
    let refused = taken.into_iter().filter_map(Result::err);
    refused.reduce(heavier).map_or(Ok(()), Err)
}

/// Takes hits back, as well as can be: one that stays counted is one that its subject has less, for a while.
pub async fn give_all_back<'a>(table: &Table, limits: impl IntoIterator<Item = &'a Limit>) {
    for given in join_all(limits.into_iter().map(|l| give_back(table, l))).await {
        if let Err(e) = given {
            tracing::warn!(error = %e, "a hit stays counted that was to be taken back");
        }
    }
}

fn heavier(a: LimitError, b: LimitError) -> LimitError {
    match (&a, &b) {
        (LimitError::Store(_), _) => a,
        (LimitError::Reached(x), LimitError::Reached(y)) if x.wait >= y.wait => a,
        _ => b,
    }
}

/// Takes a hit back that turned out not to count, such as the attempt of a sign-in that succeeded. Where none is counted none is
/// owed: its window may have ended, and another begun.
///
/// # Errors
/// [`StoreError`]
pub async fn give_back(table: &Table, limit: &Limit) -> Result<(), StoreError> {
    match table.update(Update::of(limit.key()).add("hits", -1).when(field("hits").gt(0))).await {
        Ok(_) | Err(WriteError::Refused(_)) => Ok(()),
        Err(WriteError::Store(e)) => Err(e),
    }
}

async fn take_one(table: &Table, now: Time, limit: &Limit) -> Result<(), LimitError> {
    let until = now + limit.window;
    // A hit within an open window.
    let hit = || {
        let hit = Update::of(limit.key()).add("hits", 1).when(field("until").gt(now).and(field("hits").lt(limit.max)));
        if limit.pausing { hit.set("until", until).expires(until) } else { hit }
    };
    // The first hit of a new window.
    let open = || {
        Update::of(limit.key())
            .set("kind", Counter::KIND)
            .set("v", Counter::VERSION)
            .set("hits", 1)
            .set("until", until)
            .expires(until)
            .when(Cond::Absent.or(field("until").le(now)))
    };
    let mut next = if limit.frequent { hit() } else { open() };
    // A refusal shows the counter as it is. More rounds than two are needed only where windows open and fill meanwhile.
    for _ in 0..4 {
        let counter = match table.update(next).await {
            Ok(_) => return Ok(()),
            Err(WriteError::Refused(row)) => row.map(crate::Row::decode::<Counter>).transpose()?,
            Err(WriteError::Store(e)) => return Err(e.into()),
        };
        next = match counter {
            Some(c) if c.until > now && c.hits >= i64::from(limit.max) => {
                return Err(limit.reached(c.until.since(now)).into());
            }
            Some(c) if c.until > now => hit(),
            _ => open(),
        };
    }
    Err(limit.reached(limit.window).into())
}
