//! Rate limits: atomic counters in the table. One limit usually takes one update, and several limits together one transaction.
//!
//! A window begins with the first hit and has a fixed length, so that exactly `max` hits pass in it. A refilling limit has no window. It is
//! a token bucket, stored as the time at which it is full again: `max` hits pass at once, and then one in every interval. Subjects are
//! hashed, so that keys do not show addresses and numbers. Somebody who can read the table could still find them by trying all candidates.

use std::{collections::BTreeSet, time::Duration};

use futures_util::{future::join_all, join};
use kernel::{Kind, Problem, Time, crypto::short_hash};
use serde::{Deserialize, Serialize, Serializer};

use crate::{
    About, Batch, CommitError, Cond, Conditional as _, Key, Personal, Row, Slot, StoreError, Stored, Table, Tx, Update, WriteError, field,
};

/// The prefix of the partition keys of all counters; the name of the limit follows.
pub const COUNTERS: &str = "LIMIT#";

/// A length of time that many limits have.
pub const MINUTE: Duration = Duration::from_secs(60);
/// See [`MINUTE`].
pub const HOUR: Duration = MINUTE.saturating_mul(60);
/// See [`MINUTE`].
pub const DAY: Duration = HOUR.saturating_mul(24);

/// The definition of a rate limit: how many hits of one subject pass in how long. Each is a constant beside its use.
///
/// The API document is generated from the constants that an operation lists as `x-limits`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Quota {
    /// The name in the keys of counters and in `RateLimit-Policy`, such as `login_account`.
    pub name: &'static str,
    /// How the limit recovers.
    pub shape: Shape,
    /// The maximum number of hits.
    pub max: u32,
    /// The length of the window; its meaning depends on the [`Shape`]. Callers see it in whole seconds.
    #[serde(rename = "seconds", serialize_with = "seconds")]
    pub window: Duration,
    /// What is counted, for the API document: the end of a sentence that begins with the numbers.
    pub counts: &'static str,
    /// Whether the numbers are only defaults, which a deployment or the limited object can change.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub configurable: bool,
    #[serde(skip)]
    frequent: bool,
    #[serde(skip)]
    shared: bool,
    #[serde(skip)]
    block: Option<Duration>,
}

/// How a limit recovers after `max` hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// A fixed window, which begins with the first hit. All hits pass again when it ends.
    Window,
    /// All hits pass again after a time without hits as long as the window.
    Pause,
    /// A token bucket: one more hit passes after each interval. The window is the time from empty to full.
    Refill,
    /// One hit passes, and the next one after a gap as long as the window. The code that uses the limit measures the gap; this module does
    /// not count it.
    Gap,
}

fn seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(time.as_secs())
}

impl Quota {
    /// `max` hits within a window.
    #[must_use]
    pub const fn window(name: &'static str, max: u32, window: Duration, counts: &'static str) -> Self {
        Self { name, shape: Shape::Window, max, window, counts, configurable: false, frequent: false, shared: false, block: None }
    }

    /// `max` hits, then none until there was a pause without hits. Each hit restarts the pause.
    #[must_use]
    pub const fn pausing(name: &'static str, max: u32, pause: Duration, counts: &'static str) -> Self {
        Self { shape: Shape::Pause, ..Self::window(name, max, pause, counts) }
    }

    /// `max` hits at once, then one in every `interval`. All `max` hits are free again after `max` intervals.
    #[must_use]
    pub const fn refilling(name: &'static str, max: u32, interval: Duration, counts: &'static str) -> Self {
        Self { shape: Shape::Refill, ..Self::window(name, max, interval.saturating_mul(max), counts) }
    }

    /// One hit, and the next one after `gap`.
    #[must_use]
    pub const fn gap(name: &'static str, gap: Duration, counts: &'static str) -> Self {
        Self { shape: Shape::Gap, ..Self::window(name, 1, gap, counts) }
    }

    /// Returns the same limit with the numbers of a deployment.
    #[must_use]
    pub const fn with(self, max: u32, window: Duration) -> Self {
        Self { max, window, ..self }
    }

    /// Says that the numbers are defaults.
    #[must_use]
    pub const fn configurable(self) -> Self {
        Self { configurable: true, ..self }
    }

    /// Optimises for series of hits, as when somebody types: the first hit of a window takes two requests to the table, and later ones take
    /// one. Without this it is the opposite.
    #[must_use]
    pub const fn frequent(self) -> Self {
        Self { frequent: true, ..self }
    }

    /// Counts outside of transactions. For limits that many clients hit concurrently, because transactions on one item collide.
    #[must_use]
    pub const fn shared(self) -> Self {
        Self { shared: true, ..self }
    }

    /// Blocks the limit for `block` from the hit that reaches it, regardless of when the window began.
    #[must_use]
    pub const fn blocking(self, block: Duration) -> Self {
        Self { block: Some(block), ..self }
    }

    /// Returns the limit of one subject: a user id, an address, a client's network.
    #[must_use]
    pub fn of(&self, subject: impl ToString) -> Limit {
        Limit { quota: *self, subject: subject.to_string(), frequent: self.frequent, weight: 1, kept_back: 0, found: None }
    }

    /// Returns the error of a limit that is reached until `wait` has passed.
    #[must_use]
    pub const fn reached(&self, wait: Duration) -> Reached {
        Reached { quota: *self, wait }
    }

    /// Returns the interval after which a refilling limit gives back one hit.
    fn interval(&self) -> Option<Duration> {
        (self.shape == Shape::Refill).then(|| self.window.checked_div(self.max).unwrap_or_default())
    }
}

/// A [`Quota`] for one subject.
#[derive(Clone, Debug)]
pub struct Limit {
    /// The definition of the limit.
    pub quota: Quota,
    subject: String,
    /// Whether to expect that the window is open, so that the first attempt adds to it.
    frequent: bool,
    weight: u32,
    kept_back: u32,
    found: Option<Counter>,
}

impl Limit {
    /// Makes one hit count as `weight` hits.
    #[must_use]
    pub fn weighing(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }

    /// Refuses this hit if fewer than `kept_back` hits would be left for hits of other kinds.
    #[must_use]
    pub fn leaving(mut self, kept_back: u32) -> Self {
        self.kept_back = kept_back;
        self
    }

    /// Returns the limit with its counter as read in a batch. It can be checked before it is counted, so that refused requests are not
    /// counted. A hit then takes one request, unless concurrent hits change the counter.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`]
    pub fn read(mut self, found: &mut Batch, now: Time) -> Result<Self, StoreError> {
        self.found = found.take::<Counter>(&self.key())?.filter(|c| c.until > now);
        self.frequent = self.found.is_some();
        Ok(self)
    }

    /// Returns the hits in the window, as read. Zero for refilling limits: see [`Limit::used`].
    #[must_use]
    pub fn hits(&self) -> i64 {
        self.found.as_ref().map_or(0, Counter::count)
    }

    /// Returns the hits of a refilling limit that are not given back yet, as read.
    #[must_use]
    pub fn used(&self, now: Time) -> u32 {
        let (Some(counter), Some(refill)) = (&self.found, self.quota.interval()) else { return 0 };
        let intervals = counter.until.since(now).as_millis().div_ceil(refill.as_millis().max(1));
        u32::try_from(intervals).unwrap_or(u32::MAX)
    }

    /// Checks the limit as read and counts nothing. Hits that are counted after the read are not seen.
    ///
    /// # Errors
    /// [`Reached`]
    pub fn judge(&self, now: Time) -> Result<(), Reached> {
        self.found.as_ref().map_or(Ok(()), |counter| self.room(counter, counter.count(), now))
    }

    /// Checks whether a counter has room for a hit. The counter has an open window, or its bucket is not full.
    fn room(&self, counter: &Counter, hits: i64, now: Time) -> Result<(), Reached> {
        let free_at = match self.quota.shape {
            Shape::Refill => counter.until - self.span(),
            _ if hits.saturating_add(i64::from(self.weight)) > self.most() => counter.until,
            _ => now,
        };
        if free_at > now { Err(self.quota.reached(free_at.since(now))) } else { Ok(()) }
    }

    /// Returns the largest count after this hit.
    fn most(&self) -> i64 {
        i64::from(self.quota.max.saturating_sub(self.kept_back))
    }

    /// Returns the longest time until a refilling limit is full again at which it has room for this hit.
    fn span(&self) -> Duration {
        let hits = self.quota.max.saturating_sub(self.kept_back).saturating_sub(self.weight);
        self.quota.interval().unwrap_or_default().saturating_mul(hits)
    }

    /// Returns the time in which a refilling limit gives back a hit of this weight. `None` for other limits.
    fn cost(&self) -> Option<Duration> {
        self.quota.interval().map(|interval| interval.saturating_mul(self.weight))
    }

    /// Returns the update that begins a window.
    fn open(&self, now: Time) -> Update {
        let until = now + self.cost().unwrap_or(self.quota.window);
        let begin = Update::upsert::<Counter>(self.key()).set("until", until).expires(until);
        begin.when(Cond::Absent.or(field("until").le(now)))
    }

    /// Returns the update that counts a hit: in an open window with `seen` hits, or as the first hit of a new window.
    fn hit(&self, now: Time, seen: Option<i64>) -> Update {
        match (seen, self.cost()) {
            (None, _) => self.open(now).set("hits", i64::from(self.weight)),
            (Some(_), Some(cost)) => self.hit_bucket(now, cost),
            (Some(hits), None) => self.hit_window(now, hits),
        }
    }

    /// Returns the update that counts a hit of a refilling limit that is not full: it delays the time at which the limit is full again.
    fn hit_bucket(&self, now: Time, cost: Duration) -> Update {
        let millis = i64::try_from(cost.as_millis()).unwrap_or(i64::MAX);
        let room = field("until").gt(now).and(field("until").le(now + self.span()));
        Update::of(self.key()).add("until", millis).expires(now + self.quota.window).when(room)
    }

    /// Returns the update that counts a hit in an open window with this many hits.
    fn hit_window(&self, now: Time, hits: i64) -> Update {
        let weight = i64::from(self.weight);
        // The largest count before this hit. A hit at this count reaches the limit.
        let filling = self.most().saturating_sub(weight);
        let hit = Update::of(self.key()).add("hits", weight).when(field("until").gt(now));
        let lasts = |hit: Update, until: Time| hit.set("until", until).expires(until);
        match self.quota.block {
            Some(block) if hits >= filling => lasts(hit.when(field("hits").eq(filling)), now + block),
            Some(_) => hit.when(field("hits").lt(filling)),
            None if self.quota.shape == Shape::Pause => lasts(hit.when(field("hits").le(filling)), now + self.quota.window),
            None => hit.when(field("hits").le(filling)),
        }
    }

    /// Returns the count to expect in the first attempt. `None` if a new window is expected.
    fn expected(&self) -> Option<i64> {
        self.frequent.then(|| self.hits())
    }

    /// Judges the counter that refused a hit: the count for the next attempt, or that the limit is reached.
    fn next_attempt(&self, now: Time, row: Option<Row>) -> Result<Result<Option<i64>, Reached>, StoreError> {
        let counter = row.map(Row::decode::<Counter>).transpose()?.filter(|c| c.until > now);
        Ok(match counter {
            Some(c) => self.room(&c, c.hits, now).map(|()| Some(c.hits)),
            None => Ok(None),
        })
    }

    /// Adds a hit to a transaction without a condition. Concurrent hits that begin a window may be counted once. For limits on costs, which
    /// need not be exact.
    pub fn count_in(&self, tx: &mut Tx, now: Time) {
        let until = now + self.quota.window;
        let count = Update::upsert::<Counter>(self.key());
        tx.update(match &self.found {
            Some(_) => count.add("hits", 1),
            None => count.set("hits", 1).set("until", until).expires(until),
        });
    }

    /// Adds a hit to a transaction with a condition. The transaction is refused if the limit is reached, or if the window has changed since
    /// it was read; then the caller reads the limit again.
    pub fn hit_in(&self, tx: &mut Tx, now: Time) {
        tx.update(self.hit(now, self.expected()));
    }

    /// Adds an update to a transaction that gives back `hits` hits which were counted at `counted_at` or later. It has no condition, so
    /// that the state of the window cannot refuse the transaction.
    pub fn give_back_in(&self, tx: &mut Tx, hits: u32, counted_at: Time) {
        let back = Update::of(self.key()).add("hits", i64::from(hits).saturating_neg()).set_if_absent("until", counted_at);
        let back = back.set_if_absent("kind", Counter::KIND).set_if_absent("v", Counter::VERSION);
        tx.update(back.set_if_absent("ttl", counted_at.seconds().saturating_add(1)));
    }

    /// Returns the key of the counter. Deleting the item forgets all hits.
    #[must_use]
    pub fn key(&self) -> Key {
        Key::new(format!("{COUNTERS}{}#{}", self.quota.name, short_hash(&self.subject)), "LIMIT")
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Counter {
    #[serde(default)]
    hits: i64,
    /// The marks of the different hits, if equal hits are counted once ([`record_different`]).
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
#[error("limit {} is reached", .quota.name)]
pub struct Reached {
    /// The limit.
    pub quota: Quota,
    /// The time until hits pass again.
    pub wait: Duration,
}

impl From<Reached> for Problem {
    #[track_caller]
    fn from(r: Reached) -> Self {
        let Quota { name, max, window, .. } = r.quota;
        Self::new(Kind::TooManyRequests).retry_after(r.wait).limited(name, max, window).because(r)
    }
}

/// Why a hit was refused.
#[derive(Debug, thiserror::Error)]
pub enum LimitError {
    /// The limit is reached.
    #[error(transparent)]
    Reached(#[from] Reached),
    /// The counter could not be read or written. The caller has to refuse the operation.
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

/// Counts a hit against every limit, concurrently. All of them count it, even if one of them is reached.
///
/// # Errors
/// [`LimitError::Reached`] for the first limit that is reached.
pub async fn take(table: &Table, now: Time, limits: &[Limit]) -> Result<(), LimitError> {
    join_all(limits.iter().map(|l| take_one(table, now, l))).await.into_iter().collect()
}

/// Counts something that has already happened, so it is never refused. The limit then applies to the next hit.
///
/// # Errors
/// [`StoreError`]
pub async fn record(table: &Table, now: Time, limits: &[Limit]) -> Result<(), StoreError> {
    match take(table, now, limits).await {
        Ok(()) | Err(LimitError::Reached(_)) => Ok(()),
        Err(LimitError::Store(e)) => Err(e),
    }
}

/// Checks several limits as read, and counts nothing.
///
/// # Errors
/// [`Reached`] for the limit with the longest wait.
pub fn judge<'a>(now: Time, limits: impl IntoIterator<Item = &'a Limit>) -> Result<(), Reached> {
    let reached = limits.into_iter().filter_map(|l| l.judge(now).err());
    reached.max_by_key(|r| r.wait).map_or(Ok(()), Err)
}

/// Counts something that has already happened, unless the same `what` was counted in the window. `what` is stored unchanged, so it should
/// be a short mark without personal data. Takes one update, and a second one if it reaches the limit.
///
/// # Errors
/// [`StoreError`], also if the counter has refused every attempt: it is not counted then, and the caller has to try again or to refuse the
/// operation.
pub async fn record_different(table: &Table, now: Time, limit: &Limit, what: &str) -> Result<(), StoreError> {
    let more = || Update::of(limit.key()).include("different", what).when(field("until").gt(now));
    let open = || limit.open(now).set_of("different", what);
    let mut next = if limit.frequent { more() } else { open() };
    for _ in 0..ROUNDS {
        match table.update(next).await {
            Ok(row) => return block_if_reached(table, now, limit, row.decode()?).await,
            Err(WriteError::Refused(None)) => next = open(),
            Err(WriteError::Refused(Some(row))) => next = if row.decode::<Counter>()?.until > now { more() } else { open() },
            Err(WriteError::Store(e)) => return Err(e),
        }
    }
    Err(unstable_counter())
}

/// Blocks the limit if different hits have reached it, and if it is one that blocks.
async fn block_if_reached(table: &Table, now: Time, limit: &Limit, counter: Counter) -> Result<(), StoreError> {
    let Some(block) = limit.quota.block.filter(|_| counter.count() >= i64::from(limit.quota.max)) else { return Ok(()) };
    let until = now + block;
    table.update(Update::of(limit.key()).set("until", until).expires(until).when(Cond::Exists)).await.refused_is_fine()
}

/// Counts a hit against all limits or none: in one transaction, except for shared limits, which are counted concurrently and given back if
/// another limit is reached. Usually one request each.
///
/// For operations whose cost counts only if they happen: a refused request must not use up a shared limit.
///
/// # Errors
/// [`LimitError::Store`] if a counter cannot be written, otherwise [`LimitError::Reached`] for the limit with the longest wait.
pub async fn take_together(table: &Table, now: Time, limits: &[Limit]) -> Result<(), LimitError> {
    let (shared, own): (Vec<&Limit>, Vec<&Limit>) = limits.iter().partition(|limit| limit.quota.shared);
    let (one_by_one, at_once) = join!(join_all(shared.iter().map(|limit| take_one(table, now, limit))), take_all(table, now, &own));
    let counted: Vec<&Limit> = shared.into_iter().zip(&one_by_one).filter(|(_, taken)| taken.is_ok()).map(|(limit, _)| limit).collect();
    let counted: Vec<&Limit> = counted.into_iter().chain(own.into_iter().filter(|_| at_once.is_ok())).collect();
    match one_by_one.into_iter().chain([at_once]).filter_map(Result::err).reduce(more_severe) {
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
    // A refusal returns the current counters of the refused hits. It may not name all of them, so each limit adds an attempt.
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
            match limit.next_attempt(now, refused.current(slot))? {
                Ok(hits) => *seen = hits,
                Err(r) => reached = [reached, Some(LimitError::from(r))].into_iter().flatten().reduce(more_severe),
            }
        }
        if let Some(reached) = reached {
            return Err(reached);
        }
    }
    Err(unstable_counter().into())
}

fn more_severe(a: LimitError, b: LimitError) -> LimitError {
    match (&a, &b) {
        (LimitError::Store(_), _) => a,
        (LimitError::Reached(x), LimitError::Reached(y)) if x.wait >= y.wait => a,
        _ => b,
    }
}

/// Gives hits back. Best effort: a hit that stays counted reduces the subject's limit for a while.
pub async fn give_all_back<'a>(table: &Table, limits: impl IntoIterator<Item = &'a Limit>) {
    for given in join_all(limits.into_iter().map(|l| give_back(table, l))).await {
        if let Err(e) = given {
            tracing::warn!(error = %e, "a hit could not be given back");
        }
    }
}

/// Gives back a hit that does not count after all, such as the attempt of a successful sign-in. No effect if there is no hit,
/// because the window may have ended and another one begun.
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
            Err(WriteError::Refused(row)) => limit.next_attempt(now, row)??,
            Err(WriteError::Store(e)) => return Err(e.into()),
        };
    }
    Err(unstable_counter().into())
}

/// Attempts to count a hit. A refusal returns the current counter, so more than two attempts are needed only if a window opens or fills in
/// between.
const ROUNDS: usize = 4;

/// Returns the error after the last attempt: the counter changed each time, so it is unknown whether the limit is reached.
fn unstable_counter() -> StoreError {
    StoreError::Unavailable("a counter does not stay as it is".to_owned())
}
