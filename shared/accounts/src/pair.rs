//! Relations of two people: friend requests, friendships and blocks.
//!
//! Two people share one item, the pair, with the state of both directions. A change replaces the item if it is unchanged since it was read.
//! If changes are concurrent, one succeeds and the others are evaluated again on its result. So two crossing requests become one
//! friendship, and an acceptance never undoes a block.
//!
//! A block is not revealed: a blocked person sees what a stranger sees. Their requests seem to be sent, but stay hidden from the other
//! person, also after the block has ended.
//!
//! The pair is stored under the id of the two people's direct room, so that sending a message reads both in one batch.

use std::{collections::BTreeSet, time::Duration};

use events::Outbox;
pub use events::people::Relation;
use events::people::RelationChanged;
use futures_util::future::try_join;
use kernel::{
    Id as _, Kind, Problem, Sys, Time, Timestamp,
    crypto::truncate,
    id::{RoomId, UserId},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{
    About, CommitError, Cond, Conditional as _, Index, Item, Key, Page, Personal, Range, Row, Slot, StoreError, Stored, Table, Tx, Update,
    field,
    limits::{DAY, Quota},
};

use crate::{
    Resource,
    purged::Purged,
    user::{Status, User, about_partition, partition},
};

/// The maximum number of friends of a person.
pub const FRIENDS_MAX: u32 = 1000;
/// The maximum number of sent requests of a person that wait for an answer.
pub const SENT_MAX: u32 = 200;
/// The maximum number of people whom a person can block.
pub const BLOCKED_MAX: u32 = 1000;
/// The limit on requests that an account sends.
pub const REQUESTS: Quota = Quota::window("friend_requests", 100, DAY, "friend requests for an account");
/// How long a person whose request was rejected cannot send another one.
pub const PAUSE: Duration = DAY.saturating_mul(7);
/// How long a pair without a relation is kept, so that its version continues and a concurrent change is noticed. Longer than any request
/// takes.
const LEFTOVER: Duration = DAY;
/// Attempts to make a change after concurrent changes.
const TRIES: usize = 16;

/// Returns the name of a relation in sort keys.
const fn word(relation: Relation) -> &'static str {
    match relation {
        Relation::None => "NONE",
        Relation::Sent => "SENT",
        Relation::Received => "RECEIVED",
        Relation::Friends => "FRIENDS",
        Relation::Blocked => "BLOCKED",
    }
}

/// Returns the counter of relations of this kind, and their maximum. Received requests are not limited, because each sender has a limit.
const fn counted(relation: Relation) -> Option<(&'static str, u32)> {
    match relation {
        Relation::Sent => Some(("sent", SENT_MAX)),
        Relation::Friends => Some(("friends", FRIENDS_MAX)),
        Relation::Blocked => Some(("blocked", BLOCKED_MAX)),
        Relation::None | Relation::Received => None,
    }
}

/// A change of a relation by one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PairChange {
    /// Sends a request, or accepts the one of the other person.
    Request,
    /// Cancels the person's own request.
    Cancel,
    /// Accepts a request.
    Accept,
    /// Rejects a request.
    Reject,
    /// Ends the friendship.
    Remove,
    /// Blocks the other person, which ends the friendship and every request.
    Block,
    /// Ends the block. The friendship or request that the block ended is not restored.
    Unblock,
}

/// Why a change is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// The person has already sent a request, or they are friends.
    Exists,
    /// The current relation does not allow the change.
    State,
    /// There is no relation that the change could affect.
    Nothing,
    /// A request was rejected, and the person has to wait this long.
    Paused(Duration),
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Exists => Kind::FriendExists.into(),
            Refusal::State => Kind::FriendState.into(),
            Refusal::Nothing => Kind::NotFound.into(),
            Refusal::Paused(wait) => Self::new(Kind::FriendPaused).retry_after(wait),
        }
    }
}

/// The relation of two people apart from blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
enum Bond {
    None,
    Requested {
        by: UserId,
        /// Whether the request is hidden from the other person, because they have blocked the sender at some time since.
        hidden: bool,
    },
    Friends,
    Rejected {
        by: UserId,
    },
}

/// Two people and their relation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// The person with the lower id.
    low: UserId,
    /// The person with the higher id.
    high: UserId,
    bond: Bond,
    /// The time of the last change of the bond.
    since: Time,
    /// Since when the lower person blocks the higher one.
    #[serde(default)]
    low_blocks_since: Option<Time>,
    /// Since when the higher person blocks the lower one.
    #[serde(default)]
    high_blocks_since: Option<Time>,
    /// Increased by every change.
    version: u64,
}

/// Returns the id of the direct room of two people, in either order. It is derived from the ids of the people, which are never reused, so
/// that other people never get the same room.
#[must_use]
pub fn direct_room(a: UserId, b: UserId) -> RoomId {
    let (low, high) = ordered(a, b);
    let digest = Sha256::digest(format!("direct room of {low} and {high}"));
    RoomId::from_ulid(u128::from_be_bytes(truncate(digest.into())).into())
}

fn ordered(a: UserId, b: UserId) -> (UserId, UserId) {
    if a <= b { (a, b) } else { (b, a) }
}

/// Returns the subset of `people` whom `who` blocks. One batch read for every hundred people.
///
/// # Errors
/// [`StoreError`]
pub async fn blocked_by(table: &Table, who: UserId, people: &BTreeSet<UserId>) -> Result<BTreeSet<UserId>, StoreError> {
    if people.is_empty() {
        return Ok(BTreeSet::new());
    }
    let mut found = table.get_many(people.iter().map(|other| Pair::key_of(who, *other)).collect()).await?;
    let mut blocked = BTreeSet::new();
    for other in people {
        if found.take::<Pair>(&Pair::key_of(who, *other))?.is_some_and(|pair| pair.relation(who) == Relation::Blocked) {
            blocked.insert(*other);
        }
    }
    Ok(blocked)
}

impl Pair {
    /// Returns the key of the pair of two people, in either order.
    #[must_use]
    pub fn key_of(a: UserId, b: UserId) -> Key {
        Self::key_in(direct_room(a, b))
    }

    /// Returns the key of the pair whose direct room this is.
    #[must_use]
    pub fn key_in(room: RoomId) -> Key {
        Key::new(format!("PAIR#{room}"), "PAIR")
    }

    /// Returns the pair of two people without a relation.
    fn strangers(a: UserId, b: UserId) -> Self {
        let (low, high) = ordered(a, b);
        Self { low, high, bond: Bond::None, since: Time::ZERO, low_blocks_since: None, high_blocks_since: None, version: 0 }
    }

    /// Returns the other person.
    #[must_use]
    pub fn other(&self, one: UserId) -> UserId {
        if one == self.low { self.high } else { self.low }
    }

    fn blocks_since(&self, who: UserId) -> Option<Time> {
        if who == self.low { self.low_blocks_since } else { self.high_blocks_since }
    }

    /// Returns whether one of them blocks the other. Nothing of one is then shown or delivered to the other.
    #[must_use]
    pub const fn is_blocked(&self) -> bool {
        self.low_blocks_since.is_some() || self.high_blocks_since.is_some()
    }

    /// Returns whether they are friends.
    #[must_use]
    pub fn are_friends(&self) -> bool {
        self.bond == Bond::Friends && !self.is_blocked()
    }

    /// Returns the relation as the person `who` sees it.
    #[must_use]
    pub fn relation(&self, who: UserId) -> Relation {
        match self.bond {
            _ if self.blocks_since(who).is_some() => Relation::Blocked,
            Bond::Friends => Relation::Friends,
            Bond::Requested { by, .. } if by == who => Relation::Sent,
            Bond::Requested { hidden: false, .. } => Relation::Received,
            Bond::Requested { .. } | Bond::Rejected { .. } | Bond::None => Relation::None,
        }
    }

    /// Returns the time since which [`Pair::relation`] has its value for `who`.
    #[must_use]
    pub fn since(&self, who: UserId) -> Time {
        self.blocks_since(who).unwrap_or(self.since)
    }

    /// Returns the pair after a change by `me`. `None` if the change has already been made.
    fn after(&self, me: UserId, change: PairChange, now: Time) -> Result<Option<Self>, Refusal> {
        let other = self.other(me);
        let bond = match (change, self.relation(me), self.bond) {
            (PairChange::Block, Relation::Blocked, _) | (PairChange::Accept, Relation::Friends, _) => return Ok(None),
            (PairChange::Reject, Relation::None, Bond::Rejected { by }) if by == me => return Ok(None),
            (PairChange::Block, ..) | (PairChange::Unblock, Relation::Blocked, _) => {
                return Ok(Some(self.blocking(me, change == PairChange::Block, now)));
            }
            (PairChange::Request, Relation::Blocked, _) | (PairChange::Cancel, Relation::Friends, _) => return Err(Refusal::State),
            (PairChange::Request, Relation::Friends | Relation::Sent, _) => return Err(Refusal::Exists),
            // The other person's request may be hidden, but it was not cancelled.
            (PairChange::Request, _, Bond::Requested { .. }) | (PairChange::Accept, Relation::Received, _) => Bond::Friends,
            (PairChange::Request, _, Bond::Rejected { by }) if by == other && now < self.since + PAUSE => {
                return Err(Refusal::Paused((self.since + PAUSE).since(now)));
            }
            (PairChange::Request, ..) => Bond::Requested { by: me, hidden: self.blocks_since(other).is_some() },
            (PairChange::Reject, Relation::Received, _) => Bond::Rejected { by: me },
            (PairChange::Cancel, Relation::Sent, _) | (PairChange::Remove, Relation::Friends, _) => Bond::None,
            (PairChange::Accept | PairChange::Reject | PairChange::Cancel | PairChange::Remove | PairChange::Unblock, ..) => {
                return Err(Refusal::Nothing);
            }
        };
        Ok(Some(Self { bond, since: now, ..self.next() }))
    }

    /// Returns the pair after `me` has blocked the other person, or has ended the block.
    fn blocking(&self, me: UserId, blocks: bool, now: Time) -> Self {
        let mut next = self.next();
        let since = blocks.then_some(now);
        if me == self.low {
            next.low_blocks_since = since;
        } else {
            next.high_blocks_since = since;
        }
        match self.bond {
            Bond::Requested { by, .. } if blocks && by != me => next.bond = Bond::Requested { by, hidden: true },
            Bond::Requested { .. } | Bond::Friends if blocks => (next.bond, next.since) = (Bond::None, now),
            Bond::None => next.since = now,
            _ => {}
        }
        next
    }

    fn next(&self) -> Self {
        Self { version: self.version.saturating_add(1), ..self.clone() }
    }

    /// Returns the condition that the pair is unchanged since it was read. `None` means that it did not exist.
    #[must_use]
    pub fn unchanged(read: Option<&Self>) -> Cond {
        read.map_or(Cond::Absent, |pair| field("version").eq(pair.version))
    }

    fn place(&self, who: UserId) -> Key {
        let relation = self.relation(who);
        Key::new(pairs_of(who), format!("{}#{:014}#{}", word(relation), self.since(who).millis().max(0), self.other(who)))
    }
}

impl Item for Pair {
    const KIND: &'static str = "pair";
    const ABOUT: About = About::at("PAIR#{room}", "PAIR", Personal::ExportedIn("friends.json"))
        .indexed(Index::PairsOfLow, "USER#{user}#PAIRS", "{relation}#{at}#{user}")
        .indexed(Index::PairsOfHigh, "USER#{user}#PAIRS", "{relation}#{at}#{user}")
        .may_expire()
        .removed_by("friends");
    fn key(&self) -> Key {
        Self::key_of(self.low, self.high)
    }
    fn indexes(&self) -> Vec<(Index, Key)> {
        vec![(Index::PairsOfLow, self.place(self.low)), (Index::PairsOfHigh, self.place(self.high))]
    }
    fn expires(&self) -> Option<Time> {
        match self.bond {
            _ if self.is_blocked() => None,
            Bond::None => Some(self.since + LEFTOVER),
            Bond::Rejected { .. } => Some(self.since + PAUSE),
            Bond::Requested { .. } | Bond::Friends => None,
        }
    }
}

/// The caller and the person in the path.
impl Resource for Pair {
    type Path = UserId;
    fn key_for(caller: UserId, other: UserId) -> Option<Key> {
        (caller != other).then(|| Self::key_of(caller, other))
    }
}

fn pairs_of(user: UserId) -> String {
    format!("USER#{user}#PAIRS")
}

/// The numbers of a person's relations of each limited kind.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct RelationCounts {}

impl RelationCounts {
    /// Returns the key of a person's counts.
    #[must_use]
    pub fn key_of(user: UserId) -> Key {
        Key::new(partition(user), "RELATIONS")
    }

    /// Adds the change of a person's counts to a transaction, if they change. The slot is refused if the maximum would be exceeded.
    fn change(tx: &mut Tx, who: UserId, from: Relation, to: Relation) -> Option<Slot> {
        if from == to || (counted(from).is_none() && counted(to).is_none()) {
            return None;
        }
        let mut update = Update::upsert::<Self>(Self::key_of(who));
        if let Some((name, _)) = counted(from) {
            update = update.add(name, -1).when(Cond::Exists);
        }
        if let Some((name, most)) = counted(to) {
            update = update.add(name, 1).when(field(name).absent().or(field(name).lt(most)));
        }
        Some(tx.update(update))
    }
}

impl Stored for RelationCounts {
    const KIND: &'static str = "relation_counts";
    const ABOUT: About = About::beside_user("RELATIONS", Personal::Exported(&["friends", "sent", "blocked"]));
}

/// The conditions of the transaction of a change.
struct Conditions {
    pair: Slot,
    /// The other person's account allows the change.
    account: Option<Slot>,
    /// The counts of the person who makes the change.
    mine: Option<Slot>,
    /// The counts of the other person.
    theirs: Option<Slot>,
}

fn write(tx: &mut Tx, sys: &Sys, read: Option<&Pair>, before: &Pair, next: &Pair, me: UserId, change: PairChange) -> Conditions {
    let other = next.other(me);
    // A person for whom nothing changes gets no event.
    for (user, other) in [(me, other), (other, me)] {
        let relation = next.relation(user);
        if before.relation(user) != relation {
            Outbox::add(tx, sys, &RelationChanged { user, other, relation, by: me });
        }
    }
    let account = match change {
        PairChange::Request | PairChange::Accept => Some(field("status").eq(Status::Active)),
        PairChange::Block => Some(User::stays()),
        PairChange::Cancel | PairChange::Reject | PairChange::Remove | PairChange::Unblock => None,
    };
    Conditions {
        pair: tx.put(next, Pair::unchanged(read)),
        account: account.map(|condition| tx.check(User::key_of(other), condition)),
        mine: RelationCounts::change(tx, me, before.relation(me), next.relation(me)),
        theirs: RelationCounts::change(tx, other, before.relation(other), next.relation(other)),
    }
}

/// Makes a change by `me` to the pair that was read as `read`. One transaction, and another one after each concurrent change. No
/// transaction if the change has already been made.
///
/// # Errors
/// [`Kind::FriendExists`], [`Kind::FriendState`], [`Kind::FriendPaused`], [`Kind::FriendsFull`] and [`Kind::TooMany`];
/// [`Kind::NotFound`] if there is no such person, or nothing to change.
pub async fn change(table: &Table, sys: &Sys, me: UserId, other: UserId, read: Option<Pair>, change: PairChange) -> Result<Pair, Problem> {
    let mut read = read;
    for _ in 0..TRIES {
        let before = read.clone().unwrap_or_else(|| Pair::strangers(me, other));
        let Some(next) = before.after(me, change, sys.now())? else { return Ok(before) };
        let mut tx = Tx::new();
        let slots = write(&mut tx, sys, read.as_ref(), &before, &next, me, change);
        match table.commit(tx).await {
            Ok(()) => return Ok(next),
            Err(CommitError::Refused(r)) if r.at(slots.pair) => read = r.current(slots.pair).map(Row::decode).transpose()?,
            Err(e) => return Err(refused(&e, &slots, next.relation(me)).unwrap_or_else(|| e.into())),
        }
    }
    Err(Problem::unavailable("concurrent changes of the relation were faster at every attempt"))
}

/// Returns the problem if a condition other than that of the pair was refused.
fn refused(e: &CommitError, slots: &Conditions, to: Relation) -> Option<Problem> {
    let at = |slot: Option<Slot>| slot.is_some_and(|slot| e.refused(slot));
    if at(slots.account) {
        return Some(Kind::NotFound.because("there is no active account with this id"));
    }
    let most = counted(to).map(|(_, most)| most)?;
    match to {
        Relation::Friends if at(slots.mine) || at(slots.theirs) => Some(Problem::new(Kind::FriendsFull).with("max", most)),
        _ if at(slots.mine) => Some(Problem::new(Kind::TooMany).with("max", most)),
        _ => None,
    }
}

/// Returns a page of a person's pairs with this relation, in the order of time, starting after `after`: the sort key of a pair that
/// [`position`] returns. Two concurrent queries: one index has the pairs in which the person has the lower id, the other one those with the
/// higher id.
///
/// # Errors
/// [`StoreError`]
pub async fn page(
    table: &Table,
    user: UserId,
    relation: Relation,
    after: Option<&str>,
    newest_first: bool,
    limit: u32,
) -> Result<Page<Pair>, StoreError> {
    let all = (format!("{}#", word(relation)), format!("{}#~", word(relation)));
    between(table, user, all, after, newest_first, limit).await
}

/// Returns the sort key of a pair, after which the next page begins.
#[must_use]
pub fn position(pair: &Pair, user: UserId) -> String {
    pair.place(user).sort().to_owned()
}

/// Like [`page`], for a range of sort keys.
async fn between(
    table: &Table,
    user: UserId,
    (first, last): (String, String),
    after: Option<&str>,
    newest_first: bool,
    limit: u32,
) -> Result<Page<Pair>, StoreError> {
    let (low, high) = match after {
        Some(after) if newest_first => (first, after.to_owned()),
        Some(after) => (after.to_owned(), last),
        None => (first, last),
    };
    // The range is inclusive, so it returns the item of the cursor again.
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let most = u32::try_from(limit.saturating_add(1)).unwrap_or(u32::MAX);
    let query = |index| {
        let range = Range::of_index(index, pairs_of(user)).between(low.clone(), high.clone()).limit(most);
        table.query::<Pair>(if newest_first { range.newest_first() } else { range })
    };
    let (lower, higher) = try_join(query(Index::PairsOfLow), query(Index::PairsOfHigh)).await?;
    let mut more = lower.more || higher.more;
    let mut found: Vec<(String, Pair)> = lower
        .items
        .into_iter()
        .chain(higher.items)
        .map(|pair| (position(&pair, user), pair))
        .filter(|(at, _)| Some(at.as_str()) != after)
        .collect();
    found.sort_by(|(a, _), (b, _)| if newest_first { b.cmp(a) } else { a.cmp(b) });
    more |= found.len() > limit;
    found.truncate(limit);
    Ok(Page { items: found.into_iter().map(|(_, pair)| pair).collect(), more })
}

/// Returns all pairs of a person, whatever the relation.
async fn all_pairs(table: &Table, user: UserId, after: Option<&str>, limit: u32) -> Result<Page<Pair>, StoreError> {
    // The names of relations in sort keys are in capitals.
    between(table, user, ("A".to_owned(), "a".to_owned()), after, false, limit).await
}

/// A relation, for the export.
#[derive(Clone, Debug, Serialize)]
pub struct ExportedRelation {
    with: UserId,
    relation: Relation,
    since: Timestamp,
}

/// Returns the relations of a person as the person sees them. Two queries for every hundred.
///
/// # Errors
/// [`StoreError`]
pub async fn export(table: &Table, user: UserId) -> Result<Vec<ExportedRelation>, StoreError> {
    let (mut all, mut after) = (Vec::new(), None::<String>);
    loop {
        let page = all_pairs(table, user, after.as_deref(), 100).await?;
        after = page.last().map(|pair| position(pair, user));
        let seen = page.items.iter().filter(|pair| pair.relation(user) != Relation::None);
        all.extend(seen.map(|pair| ExportedRelation {
            with: pair.other(user),
            relation: pair.relation(user),
            since: pair.since(user).into(),
        }));
        if after.is_none() {
            return Ok(all);
        }
    }
}

/// Deletes a bounded part of a person's pairs and corrects the counts of the other people. When no pairs are left, it deletes the
/// items about the person in the partitions of others ([`Index::AboutPerson`]), which relations with them have left there.
///
/// # Errors
/// [`StoreError`]; idempotent, may be repeated at any point.
pub async fn purge(table: &Table, user: UserId) -> Result<Purged, StoreError> {
    let page = all_pairs(table, user, None, 25).await?;
    for pair in &page.items {
        let other = pair.other(user);
        let unchanged = || Pair::unchanged(Some(pair));
        let mut tx = Tx::new();
        tx.delete_when(pair.key(), unchanged());
        let counts = RelationCounts::change(&mut tx, other, pair.relation(other), Relation::None);
        match table.commit(tx).await {
            // The other account is deleted too, and its counts are gone.
            Err(e) if counts.is_some_and(|slot| e.refused(slot)) => table.delete_when(pair.key(), unchanged()).await.refused_is_fine()?,
            done => done.refused_is_fine()?,
        }
    }
    if !page.items.is_empty() {
        return Ok(Purged::More);
    }
    let others = table.query_rows(Range::of_index(Index::AboutPerson, about_partition(user)).limit(25)).await?;
    table.delete_many(others.items.iter().filter_map(store::Row::key).collect()).await?;
    Ok(if others.items.is_empty() { Purged::Done } else { Purged::More })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_millis(1_893_499_200_000);
    /// For each of [`CHANGES`]: both relations, or the refusal.
    type Results = [Result<(Relation, Relation), Refusal>; 7];
    const CHANGES: [PairChange; 7] = [
        PairChange::Request,
        PairChange::Cancel,
        PairChange::Accept,
        PairChange::Reject,
        PairChange::Remove,
        PairChange::Block,
        PairChange::Unblock,
    ];

    /// Returns a pair after these changes.
    fn pair(ana: UserId, ben: UserId, changes: &[(UserId, PairChange)]) -> Pair {
        changes.iter().fold(Pair::strangers(ana, ben), |pair, (who, change)| pair.after(*who, *change, NOW).unwrap().unwrap_or(pair))
    }

    fn people() -> (UserId, UserId) {
        let sys = Sys::real();
        (sys.id(), sys.id())
    }

    #[test]
    fn two_people_have_one_pair() {
        let (ana, ben) = people();
        assert_eq!(direct_room(ana, ben), direct_room(ben, ana));
        assert_eq!(Pair::key_of(ana, ben), Pair::strangers(ben, ana).key());
        assert_ne!(direct_room(ana, ben), direct_room(ana, Sys::real().id()));
        assert!(Pair::key_for(ana, ana).is_none());
        let stored = serde_json::to_value(pair(ana, ben, &[(ana, PairChange::Request)])).unwrap();
        assert_eq!(serde_json::from_value::<Pair>(stored).unwrap(), pair(ana, ben, &[(ana, PairChange::Request)]));
    }

    /// What each change does to each relation, in both orders of the ids.
    #[test]
    fn every_change_has_one_result_in_every_relation() {
        use PairChange::{Accept, Block, Request};
        use Refusal::{Exists, Nothing, State};
        use Relation::{Blocked, Friends, None, Received, Sent};
        let (one, two) = people();
        for (ana, ben) in [(one, two), (two, one)] {
            // The changes so far; then for Ana, for each of CHANGES in turn: both relations, or the refusal.
            let became = |mine, theirs| Ok((mine, theirs));
            let table: [(Vec<(UserId, PairChange)>, Results); 5] = [
                (
                    vec![],
                    [became(Sent, Received), Err(Nothing), Err(Nothing), Err(Nothing), Err(Nothing), became(Blocked, None), Err(Nothing)],
                ),
                (
                    vec![(ana, Request)],
                    [Err(Exists), became(None, None), Err(Nothing), Err(Nothing), Err(Nothing), became(Blocked, None), Err(Nothing)],
                ),
                (
                    vec![(ben, Request)],
                    [
                        became(Friends, Friends),
                        Err(Nothing),
                        became(Friends, Friends),
                        became(None, None),
                        Err(Nothing),
                        became(Blocked, Sent),
                        Err(Nothing),
                    ],
                ),
                (
                    vec![(ana, Request), (ben, Accept)],
                    [
                        Err(Exists),
                        Err(State),
                        became(Friends, Friends),
                        Err(Nothing),
                        became(None, None),
                        became(Blocked, None),
                        Err(Nothing),
                    ],
                ),
                (
                    vec![(ana, Block)],
                    [Err(State), Err(Nothing), Err(Nothing), Err(Nothing), Err(Nothing), became(Blocked, None), became(None, None)],
                ),
            ];
            for (so_far, results) in table {
                let before = pair(ana, ben, &so_far);
                for (change, expected) in CHANGES.into_iter().zip(results) {
                    let after = before.after(ana, change, NOW).map(|next| next.unwrap_or_else(|| before.clone()));
                    let relations = after.map(|pair| (pair.relation(ana), pair.relation(ben)));
                    assert_eq!(relations, expected, "{so_far:?} {change:?}");
                }
            }
        }
    }

    #[test]
    fn who_is_blocked_sees_what_a_stranger_sees() {
        let (ana, ben) = people();
        let mut blocked = pair(ana, ben, &[(ana, PairChange::Block)]);
        let mut stranger = Pair::strangers(ana, ben);
        for change in
            [PairChange::Accept, PairChange::Request, PairChange::Request, PairChange::Cancel, PairChange::Remove, PairChange::Request]
        {
            let both = [&blocked, &stranger].map(|pair| pair.after(ben, change, NOW).map(Option::unwrap));
            let seen = both.each_ref().map(|after| after.as_ref().map(|pair| pair.relation(ben)).map_err(|e| *e));
            assert_eq!(seen[0], seen[1], "{change:?}");
            if let [Ok(one), Ok(two)] = both {
                (blocked, stranger) = (one, two);
            }
        }
        assert_eq!((blocked.relation(ana), stranger.relation(ana)), (Relation::Blocked, Relation::Received));
        // Her block ends, and his request stays hidden. She can ask him herself.
        let free = blocked.after(ana, PairChange::Unblock, NOW).unwrap().unwrap();
        assert_eq!((free.relation(ana), free.relation(ben), free.is_blocked()), (Relation::None, Relation::Sent, false));
        assert_eq!(free.after(ana, PairChange::Accept, NOW), Err(Refusal::Nothing));
        assert!(free.after(ana, PairChange::Request, NOW).unwrap().unwrap().are_friends());
        // If he takes it back and asks again, she sees it.
        let again =
            pair(ana, ben, &[(ana, PairChange::Block), (ben, PairChange::Request), (ana, PairChange::Unblock), (ben, PairChange::Cancel)]);
        assert_eq!(again.after(ben, PairChange::Request, NOW).unwrap().unwrap().relation(ana), Relation::Received);
    }

    #[test]
    fn a_block_ends_a_friendship_for_good() {
        let (ana, ben) = people();
        let friends = [(ana, PairChange::Request), (ben, PairChange::Request)];
        assert!(pair(ana, ben, &friends).are_friends());
        for (blocker, other) in [(ana, ben), (ben, ana)] {
            let blocked = pair(ana, ben, &[friends.as_slice(), &[(blocker, PairChange::Block)]].concat());
            assert_eq!((blocked.relation(blocker), blocked.relation(other)), (Relation::Blocked, Relation::None));
            assert!(!blocked.are_friends() && blocked.expires().is_none());
            let free = blocked.after(blocker, PairChange::Unblock, NOW).unwrap().unwrap();
            assert_eq!((free.relation(ana), free.relation(ben)), (Relation::None, Relation::None));
            assert_eq!(free.expires(), Some(NOW + LEFTOVER));
        }
        let both = pair(ana, ben, &[(ana, PairChange::Block), (ben, PairChange::Block), (ana, PairChange::Unblock)]);
        assert!(both.is_blocked());
    }

    #[test]
    fn after_a_rejection_the_sender_waits_seven_days() {
        let (ana, ben) = people();
        let rejected = pair(ana, ben, &[(ana, PairChange::Request), (ben, PairChange::Reject)]);
        let second = Duration::from_secs(1);
        assert_eq!(rejected.after(ana, PairChange::Request, NOW + second), Err(Refusal::Paused(PAUSE.saturating_sub(second))));
        assert!(rejected.after(ana, PairChange::Request, NOW + PAUSE).is_ok());
        assert_eq!(rejected.expires(), Some(NOW + PAUSE));
        assert_eq!(rejected.after(ben, PairChange::Reject, NOW), Ok(None), "a repetition");
        // Who has rejected can ask at once, and a block changes nothing about the pause.
        assert_eq!(rejected.after(ben, PairChange::Request, NOW).unwrap().unwrap().relation(ana), Relation::Received);
        let blocked = rejected.after(ben, PairChange::Block, NOW).unwrap().unwrap();
        assert!(matches!(blocked.after(ana, PairChange::Request, NOW), Err(Refusal::Paused(_))));
    }

    /// Random changes of both: the relations always fit together.
    #[test]
    fn relations_of_two_people_fit_together() {
        let sys = Sys::real();
        let (ana, ben) = people();
        let mut pair = Pair::strangers(ana, ben);
        let mut made = 0_u32;
        for _ in 0..50_000 {
            let who = if sys.below(2) == 0 { ana } else { ben };
            let change = CHANGES[usize::try_from(sys.below(7)).unwrap()];
            if let Ok(Some(next)) = pair.after(who, change, NOW + PAUSE.saturating_mul(made)) {
                assert_eq!(next.version, pair.version.saturating_add(1));
                pair = next;
                made = made.saturating_add(1);
            }
            let (a, b) = (pair.relation(ana), pair.relation(ben));
            assert_eq!(a == Relation::Friends, b == Relation::Friends);
            assert!(a != Relation::Received || b == Relation::Sent, "{pair:?}");
            assert!(b != Relation::Received || a == Relation::Sent, "{pair:?}");
            assert_eq!(pair.is_blocked(), a == Relation::Blocked || b == Relation::Blocked);
            assert!(!pair.is_blocked() || !(pair.are_friends() || [a, b].contains(&Relation::Received)));
        }
        assert!(made > 1000);
    }
}
