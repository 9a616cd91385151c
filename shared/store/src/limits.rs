//! Rate limits: atomic counters in the table. One is an update in the expected case, several that count together are a transaction.
//!
//! A window opens with the first hit and lasts its full length, so that exactly `max` hits pass in it, whatever the clock
//! shows. A refilling limit has no window: `max` hits pass at once, and each is given back one interval after the other (a token
//! bucket, kept as the one time at which it is full again). Subjects are hashed, so that a counter's key shows nobody at a glance; it is no secret for whoever may read the table, who
//! can try all addresses and numbers.

use std::{collections::BTreeSet, time::Duration};

use futures_util::{future::join_all, join};
use kernel::{Kind, Problem, Time};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    About, Batch, CommitError, Cond, Conditional as _, Key, Personal, Row, Slot, StoreError, Stored, Table, Tx, Update, WriteError, field,
};

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
    shared: bool,
    pausing: bool,
    block: Option<Duration>,
    refill: Option<Duration>,
    weight: u32,
    kept_back: u32,
    found: Option<Counter>,
}

impl Limit {
    /// A limit.
    #[must_use]
    pub fn new(name: &'static str, subject: impl ToString, max: u32, window: Duration) -> Self {
        Self {
            name,
            subject: subject.to_string(),
            max,
            window,
            frequent: false,
            shared: false,
            pausing: false,
            block: None,
            refill: None,
            weight: 1,
            kept_back: 0,
            found: None,
        }
    }

    /// A limit without a window: `max` hits at once, then one every `interval`. It is full again after `max` intervals.
    #[must_use]
    pub fn refilling(name: &'static str, subject: impl ToString, max: u32, interval: Duration) -> Self {
        Self { refill: Some(interval), ..Self::new(name, subject, max, interval.saturating_mul(max)) }
    }

    /// Says that one hit counts as so many.
    #[must_use]
    pub fn weighing(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }

    /// Says that this hit must leave so many of `max` to others.
    #[must_use]
    pub fn leaving(mut self, kept_back: u32) -> Self {
        self.kept_back = kept_back;
        self
    }

    /// Says that hits mostly follow upon others, as when somebody types: each then costs one request, and the first two.
    /// Otherwise it is the other way round.
    #[must_use]
    pub fn frequent(mut self) -> Self {
        self.frequent = true;
        self
    }

    /// Says that many people hit it at once: it is counted by itself, because transactions on one item refuse each other.
    #[must_use]
    pub fn shared(mut self) -> Self {
        self.shared = true;
        self
    }

    /// Says that the window begins anew with every hit: a pause after too many, rather than so many in so long.
    #[must_use]
    pub fn pausing(mut self) -> Self {
        self.pausing = true;
        self
    }

    /// Says that the hit that fills it closes it for so long, whenever its window began.
    #[must_use]
    pub fn blocking(mut self, block: Duration) -> Self {
        self.block = Some(block);
        self
    }

    /// The same with its counter as it was read with other things: it can be judged before it is counted, so that what is refused
    /// counts nowhere, and a hit costs one request unless others hit meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`]
    pub fn read(mut self, found: &mut Batch, now: Time) -> Result<Self, StoreError> {
        self.found = found.take::<Counter>(&self.key())?.filter(|c| c.until > now);
        self.frequent = self.found.is_some();
        Ok(self)
    }

    /// The hits in its window, as it was read. It has no window if it is refilling: then see [`Limit::used`].
    #[must_use]
    pub fn hits(&self) -> i64 {
        self.found.as_ref().map_or(0, Counter::count)
    }

    /// How many hits of a refilling limit are not given back yet, as it was read.
    #[must_use]
    pub fn used(&self, now: Time) -> u32 {
        let (Some(counter), Some(refill)) = (&self.found, self.refill) else { return 0 };
        let intervals = counter.until.since(now).as_millis().div_ceil(refill.as_millis().max(1));
        u32::try_from(intervals).unwrap_or(u32::MAX)
    }

    /// Judges it as it was read. This counts nothing, and others may hit it before it is counted.
    ///
    /// # Errors
    /// [`Reached`]
    pub fn judge(&self, now: Time) -> Result<(), Reached> {
        self.found.as_ref().map_or(Ok(()), |counter| self.room(counter, counter.count(), now))
    }

    /// Whether a counter whose window is open, or that is not full yet, has room for a hit.
    fn room(&self, counter: &Counter, hits: i64, now: Time) -> Result<(), Reached> {
        let free_at = match self.refill {
            Some(_) => counter.until - self.span(),
            None if hits.saturating_add(i64::from(self.weight)) > self.most() => counter.until,
            None => now,
        };
        if free_at > now { Err(self.reached(free_at.since(now))) } else { Ok(()) }
    }

    /// What a hit may use up at most.
    fn most(&self) -> i64 {
        i64::from(self.max.saturating_sub(self.kept_back))
    }

    /// A refilling limit has room for a hit as long as it is full again within so long.
    fn span(&self) -> Duration {
        let hits = self.max.saturating_sub(self.kept_back).saturating_sub(self.weight);
        self.refill.unwrap_or_default().saturating_mul(hits)
    }

    /// How long it takes to give a hit back, where it is refilling.
    fn cost(&self) -> Option<Duration> {
        self.refill.map(|refill| refill.saturating_mul(self.weight))
    }

    /// The beginning of a window, where there is none.
    fn open(&self, now: Time) -> Update {
        let until = now + self.cost().unwrap_or(self.window);
        let begin = Update::upsert::<Counter>(self.key()).set("until", until).expires(until);
        begin.when(Cond::Absent.or(field("until").le(now)))
    }

    /// A hit: within an open window that has seen so many, or the first of a new one.
    fn hit(&self, now: Time, seen: Option<i64>) -> Update {
        match (seen, self.cost()) {
            (None, _) => self.open(now).set("hits", i64::from(self.weight)),
            (Some(_), Some(cost)) => self.hit_bucket(now, cost),
            (Some(hits), None) => self.hit_window(now, hits),
        }
    }

    /// A hit of a refilling limit that is not full: it is full again so much later.
    fn hit_bucket(&self, now: Time, cost: Duration) -> Update {
        let millis = i64::try_from(cost.as_millis()).unwrap_or(i64::MAX);
        let room = field("until").gt(now).and(field("until").le(now + self.span()));
        Update::of(self.key()).add("until", millis).expires(now + self.window).when(room)
    }

    /// A hit within an open window that has seen so many.
    fn hit_window(&self, now: Time, hits: i64) -> Update {
        let weight = i64::from(self.weight);
        // The last count that still has room for the hit, which then fills the limit.
        let filling = self.most().saturating_sub(weight);
        let hit = Update::of(self.key()).add("hits", weight).when(field("until").gt(now));
        let lasts = |hit: Update, until: Time| hit.set("until", until).expires(until);
        match self.block {
            Some(block) if hits >= filling => lasts(hit.when(field("hits").eq(filling)), now + block),
            Some(_) => hit.when(field("hits").lt(filling)),
            None if self.pausing => lasts(hit.when(field("hits").le(filling)), now + self.window),
            None => hit.when(field("hits").le(filling)),
        }
    }

    /// What its counter has probably seen.
    fn expected(&self) -> Option<i64> {
        self.frequent.then(|| self.hits())
    }

    /// What its counter has seen after all, where a hit was refused.
    fn again(&self, now: Time, row: Option<Row>) -> Result<Result<Option<i64>, Reached>, StoreError> {
        let counter = row.map(Row::decode::<Counter>).transpose()?.filter(|c| c.until > now);
        Ok(match counter {
            Some(c) => self.room(&c, c.hits, now).map(|()| Some(c.hits)),
            None => Ok(None),
        })
    }

    /// Adds a hit to a transaction, which never fails for it: of hits that begin a window at once some may not be counted. For what is
    /// limited because it costs something.
    pub fn count_in(&self, tx: &mut Tx, now: Time) {
        let until = now + self.window;
        let count = Update::upsert::<Counter>(self.key());
        tx.update(match &self.found {
            Some(_) => count.add("hits", 1),
            None => count.set("hits", 1).set("until", until).expires(until),
        });
    }

    /// Adds to a transaction that `hits` of its hits, counted at this time or later, are given back, whatever has become of the
    /// window since.
    pub fn give_back_in(&self, tx: &mut Tx, hits: u32, counted_at: Time) {
        let back = Update::of(self.key()).add("hits", i64::from(hits).saturating_neg()).set_if_absent("until", counted_at);
        let back = back.set_if_absent("kind", Counter::KIND).set_if_absent("v", Counter::VERSION);
        tx.update(back.set_if_absent("ttl", counted_at.seconds().saturating_add(1)));
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

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Counter {
    #[serde(default)]
    hits: i64,
    /// What was different about the hits, where only different ones count.
    #[serde(default)]
    different: BTreeSet<String>,
    until: Time,
}

impl Counter {
    fn count(&self) -> i64 {
        self.hits.max(i64::try_from(self.different.len()).unwrap_or(i64::MAX))
    }
}

impl Stored for Counter {
    const KIND: &'static str = "limit";
    const ABOUT: About =
        About::at("LIMIT#{name}#{subject}", "LIMIT", Personal::Withheld("a counter under a hash of what it counts for")).expires();
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

/// Judges limits as they were read, and counts nothing.
///
/// # Errors
/// [`Reached`] for the one that is reached longest.
pub fn judge<'a>(now: Time, limits: impl IntoIterator<Item = &'a Limit>) -> Result<(), Reached> {
    let reached = limits.into_iter().filter_map(|l| l.judge(now).err());
    reached.max_by_key(|r| r.wait).map_or(Ok(()), Err)
}

/// Counts what has happened already if nothing like it has happened in the window. `what` should say no more than it takes to
/// tell one from the other: it is stored as it is. One update, and one more for what fills the limit.
///
/// # Errors
/// [`StoreError`]
pub async fn note_different(table: &Table, now: Time, limit: &Limit, what: &str) -> Result<(), StoreError> {
    let more = || Update::of(limit.key()).include("different", what).when(field("until").gt(now));
    let open = || limit.open(now).set_of("different", what);
    let mut next = if limit.frequent { more() } else { open() };
    for _ in 0..4 {
        match table.update(next).await {
            Ok(row) => return close(table, now, limit, row.decode()?).await,
            Err(WriteError::Refused(None)) => next = open(),
            Err(WriteError::Refused(Some(row))) => next = if row.decode::<Counter>()?.until > now { more() } else { open() },
            Err(WriteError::Store(e)) => return Err(e),
        }
    }
    Ok(())
}

/// Closes a limit that different hits have filled.
async fn close(table: &Table, now: Time, limit: &Limit, counter: Counter) -> Result<(), StoreError> {
    let Some(block) = limit.block.filter(|_| counter.count() >= i64::from(limit.max)) else { return Ok(()) };
    let until = now + block;
    table.update(Update::of(limit.key()).set("until", until).expires(until).when(Cond::Exists)).await.refused_is_fine()
}

/// Counts a hit against every limit or against none of them: in one transaction, but for those that many share, which are counted
/// beside it and given back where another one is reached. One request each in the expected case.
///
/// For what costs something only if it happens: somebody who is refused must not use up what everybody shares.
///
/// # Errors
/// [`LimitError::Store`] if a counter does not work, else [`LimitError::Reached`] for the one that is reached longest.
pub async fn take_together(table: &Table, now: Time, limits: &[Limit]) -> Result<(), LimitError> {
    let (shared, own): (Vec<&Limit>, Vec<&Limit>) = limits.iter().partition(|limit| limit.shared);
    let (one_by_one, at_once) = join!(join_all(shared.iter().map(|limit| take_one(table, now, limit))), take_all(table, now, &own));
    let counted: Vec<&Limit> = shared.into_iter().zip(&one_by_one).filter(|(_, taken)| taken.is_ok()).map(|(limit, _)| limit).collect();
    let counted: Vec<&Limit> = counted.into_iter().chain(own.into_iter().filter(|_| at_once.is_ok())).collect();
    match one_by_one.into_iter().chain([at_once]).filter_map(Result::err).reduce(heavier) {
        None => Ok(()),
        Some(refused) => {
            give_all_back(table, counted).await;
            Err(refused)
        }
    }
}

async fn take_all(table: &Table, now: Time, limits: &[&Limit]) -> Result<(), LimitError> {
    match limits {
        [] => return Ok(()),
        [one] => return take_one(table, now, one).await,
        _ => {}
    }
    let mut seen: Vec<Option<i64>> = limits.iter().map(|limit| limit.expected()).collect();
    // Refusals show the counters as they are, though perhaps not all of them at once.
    for _ in 0..limits.len().saturating_add(ROUNDS) {
        let mut tx = Tx::new();
        let slots: Vec<Slot> = limits.iter().zip(&seen).map(|(limit, seen)| tx.update(limit.hit(now, *seen))).collect();
        let refused = match table.commit(tx).await {
            Ok(()) => return Ok(()),
            Err(CommitError::Refused(refused)) => refused,
            Err(CommitError::Store(e)) => return Err(e.into()),
        };
        let mut reached = None;
        for ((limit, slot), seen) in limits.iter().zip(slots).zip(&mut seen).filter(|((_, slot), _)| refused.at(*slot)) {
            match limit.again(now, refused.current(slot))? {
                Ok(hits) => *seen = hits,
                Err(r) => reached = [reached, Some(LimitError::from(r))].into_iter().flatten().reduce(heavier),
            }
        }
        if let Some(reached) = reached {
            return Err(reached);
        }
    }
    Err(unsteady().into())
}

fn heavier(a: LimitError, b: LimitError) -> LimitError {
    match (&a, &b) {
        (LimitError::Store(_), _) => a,
        (LimitError::Reached(x), LimitError::Reached(y)) if x.wait >= y.wait => a,
        _ => b,
    }
}

/// Takes hits back, as well as can be: one that stays counted is one that its subject has less, for a while.
pub async fn give_all_back<'a>(table: &Table, limits: impl IntoIterator<Item = &'a Limit>) {
    for given in join_all(limits.into_iter().map(|l| give_back(table, l))).await {
        if let Err(e) = given {
            tracing::warn!(error = %e, "a hit stays counted that was to be taken back");
        }
    }
}

/// Takes a hit back that turned out not to count, such as the attempt of a sign-in that succeeded. Where none is counted none is
/// owed: its window may have ended, and another begun.
///
/// # Errors
/// [`StoreError`]
pub async fn give_back(table: &Table, limit: &Limit) -> Result<(), StoreError> {
    let back = match limit.cost() {
        Some(cost) => {
            Update::of(limit.key()).add("until", i64::try_from(cost.as_millis()).map_or(0, i64::saturating_neg)).when(Cond::Exists)
        }
        None => Update::of(limit.key()).add("hits", i64::from(limit.weight).saturating_neg()).when(field("hits").gt(0)),
    };
    table.update(back).await.refused_is_fine()
}

async fn take_one(table: &Table, now: Time, limit: &Limit) -> Result<(), LimitError> {
    let mut seen = limit.expected();
    for _ in 0..ROUNDS {
        seen = match table.update(limit.hit(now, seen)).await {
            Ok(_) => return Ok(()),
            Err(WriteError::Refused(row)) => limit.again(now, row)??,
            Err(WriteError::Store(e)) => return Err(e.into()),
        };
    }
    Err(unsteady().into())
}

/// How often a hit is tried: a refusal shows the counter as it is, so more than two are needed only where windows open and fill
/// meanwhile.
const ROUNDS: usize = 4;

/// A counter is not known to be reached, but was another one each time that it was looked at.
fn unsteady() -> StoreError {
    StoreError::Unavailable("a counter does not stay as it is".to_owned())
}
