//! Seals over the audit. They show whether a record was changed, removed or added by other means than the API.
//!
//! Time is divided into consecutive intervals, each within one day in UTC. A seal has the root of the Merkle tree over the hashes of all
//! records of its interval, in the order of their ids, and the hash of the previous seal. Its canonical form is also in a bucket with
//! object lock, in which nothing can be replaced or deleted for years.
//!
//! The tree is the one of RFC 6962: a leaf is `SHA-256(0x00 ‖ hash of the record)`, a node `SHA-256(0x01 ‖ left ‖ right)`, and the root of
//! no records the SHA-256 of nothing. The sibling nodes on its path to the root prove that a record is in a seal: [`Seal::proof`].
//!
//! Seals cover the records in the index by day. A record that was not written by the API and has no key or a wrong key in that index is
//! found by a scan of the table: [`AuditLog::strays`].
//!
//! An interval is sealed two minutes after its end. By then all requests have ended and the index by day has all records. A record that
//! appears later in a sealed interval was not written by the API, or the index was late by more than two minutes.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use kernel::{
    Time, crypto,
    id::{AuditId, after, first_at, time_of},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{About, Index, Item, Key, Personal, Range, Row, StoreError, WriteError};
use utoipa::ToSchema;

use crate::{
    audit::{AuditLog, AuditRecord, digest, records_on},
    statistics::Day,
};

/// Records younger than this are not sealed yet.
pub const MARGIN: Duration = Duration::from_secs(120);
/// An interval without records is sealed after this time, or at the end of a day.
pub const EMPTY: Duration = Duration::from_secs(3600);
/// The maximum number of records in a seal.
pub const RECORDS_MAX: u32 = 10_000;
/// How long before the first run the first seal begins.
const BEFORE_THE_FIRST: Duration = Duration::from_secs(24 * 3600);
/// A maximum of bytes for the canonical form of a seal, which is always shorter.
pub const SEAL_BYTES_MAX: u32 = 1024;
/// [`Seal::prev`] of the first seal.
pub const GENESIS: &str = "";

/// A SHA-256.
type Hash = [u8; 32];

/// A seal over all records of an interval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// Its number, from 0.
    pub n: u64,
    /// The lowest id of the interval.
    pub from: AuditId,
    /// The lowest id after the interval.
    pub to: AuditId,
    /// The number of records.
    pub count: u64,
    /// The root of the Merkle tree, in base64url.
    pub root: String,
    /// The hash of the previous seal, or [`GENESIS`].
    pub prev: String,
}

/// The partition of all seals, in the table of the audit.
const SEALS: &str = "SEAL";

impl Seal {
    /// Returns the seal that follows `last`, of an interval with these records.
    fn after(last: Option<&Self>, from: AuditId, to: AuditId, records: &[AuditRecord]) -> Self {
        let n = last.map_or(0, |last| last.n.saturating_add(1));
        let count = u64::try_from(records.len()).unwrap_or(u64::MAX);
        Self { n, from, to, count, root: encoded(&root(&leaves(records))), prev: last.map_or_else(|| GENESIS.to_owned(), Self::hash) }
    }

    /// Returns the canonical form: a JSON array without white space of `"stoa-seal-1"`, `n`, `from`, `to`, `count`, `root` and `prev`.
    #[must_use]
    pub fn canonical(&self) -> String {
        let Self { n, from, to, count, root, prev } = self;
        crypto::canonical(&("stoa-seal-1", n, from, to, count, root, prev))
    }

    /// Returns the SHA-256 of the canonical form in base64url.
    #[must_use]
    pub fn hash(&self) -> String {
        digest(self.canonical().as_bytes())
    }

    /// Returns the key of a seal.
    #[must_use]
    pub fn key_of(n: u64) -> Key {
        Key::new(SEALS, format!("{n:012}"))
    }

    /// Returns the name of the object with its canonical form in the bucket of seals.
    #[must_use]
    pub fn object(n: u64) -> String {
        format!("seals/{n:012}.json")
    }

    /// Returns the proof that a record is in this seal: its position and the sibling nodes on the path to the root, at most 20 for a
    /// million records. `None` if `records` does not contain it.
    #[must_use]
    pub fn proof(records: &[AuditRecord], id: AuditId) -> Option<Proof> {
        let place = records.iter().position(|record| record.id == id)?;
        Some(Proof { place, path: path(leaves(records), place) })
    }
}

impl Item for Seal {
    const KIND: &'static str = "audit_seal";
    const ABOUT: About = About::at("SEAL", "{n}", Personal::Nobody("hashes over ids")).in_table("AuditTable");
    fn key(&self) -> Key {
        Self::key_of(self.n)
    }
}

/// The proof that a record is in a seal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The position of the record in the seal, from 0.
    pub place: usize,
    /// The sibling nodes on the path to the root, from the leaf on.
    pub path: Vec<Beside>,
}

/// A sibling node on the path from a leaf to the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beside {
    /// The hash in base64url.
    pub hash: String,
    /// Whether the node is the left one of its pair.
    pub left: bool,
}

fn encoded(hash: &Hash) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(hash)
}

fn leaf(record: &AuditRecord) -> Hash {
    let of_record = Sha256::digest(record.canonical());
    Sha256::new().chain_update([0_u8]).chain_update(of_record).finalize().into()
}

fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1_u8]).chain_update(left).chain_update(right).finalize().into()
}

fn leaves(records: &[AuditRecord]) -> Vec<Hash> {
    records.iter().map(leaf).collect()
}

/// Returns the next level of the tree. A last node without a neighbour is moved up unchanged.
fn above(level: &[Hash]) -> Vec<Hash> {
    let pair = |pair: &[Hash]| match pair {
        [left, right] => node(left, right),
        [alone, ..] => *alone,
        [] => Hash::default(),
    };
    level.chunks(2).map(pair).collect()
}

fn root(leaves: &[Hash]) -> Hash {
    let mut level = leaves.to_vec();
    while level.len() > 1 {
        level = above(&level);
    }
    level.first().copied().unwrap_or_else(|| Sha256::digest(b"").into())
}

fn path(leaves: Vec<Hash>, place: usize) -> Vec<Beside> {
    let (mut level, mut place, mut path) = (leaves, place, Vec::new());
    while level.len() > 1 {
        // The two positions of a pair differ in the lowest bit.
        let left = place & 1 == 1;
        if let Some(beside) = level.get(place ^ 1) {
            path.push(Beside { hash: encoded(beside), left });
        }
        level = above(&level);
        place /= 2;
    }
    path
}

/// A seal that is due and not yet written, with the previous one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueSeal {
    /// The seal.
    pub seal: Seal,
    /// The previous seal.
    pub before: Option<Seal>,
}

/// Why the verification of an interval failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = FlawKind)]
pub enum Flaw {
    /// There is no seal of this number.
    SealMissing,
    /// The seal differs from the one in the bucket, or the bucket has none. For the last seal this may be temporary.
    SealChanged,
    /// The seal does not continue the previous one.
    ChainBroken,
    /// A record differs from what was written.
    RecordChanged,
    /// There are more records than were sealed.
    RecordAdded,
    /// There are fewer records than were sealed.
    RecordRemoved,
}

impl Flaw {
    /// Returns its name, as the API writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SealMissing => "seal_missing",
            Self::SealChanged => "seal_changed",
            Self::ChainBroken => "chain_broken",
            Self::RecordChanged => "record_changed",
            Self::RecordAdded => "record_added",
            Self::RecordRemoved => "record_removed",
        }
    }
}

/// Returns whether a seal continues the previous one: in number, interval and hash.
#[must_use]
pub fn follows(seal: &Seal, before: Option<&Seal>) -> bool {
    let next = before.map_or(0, |before| before.n.saturating_add(1));
    let from = before.is_none_or(|before| before.to == seal.from);
    seal.n == next && from && seal.from <= seal.to && seal.prev == before.map_or_else(|| GENESIS.to_owned(), Seal::hash)
}

/// Verifies a seal against the previous one, the stored records of its interval, and the copy in the bucket (`anchored`).
#[must_use]
pub fn flaw(seal: &Seal, before: Option<&Seal>, records: &[AuditRecord], anchored: Option<&[u8]>) -> Option<Flaw> {
    let count = u64::try_from(records.len()).unwrap_or(u64::MAX);
    let changed = || records.iter().any(|record| record.hash != record.computed_hash());
    if anchored != Some(seal.canonical().as_bytes()) {
        Some(Flaw::SealChanged)
    } else if !follows(seal, before) {
        Some(Flaw::ChainBroken)
    } else if count > seal.count {
        Some(Flaw::RecordAdded)
    } else if count < seal.count {
        Some(Flaw::RecordRemoved)
    } else if changed() || encoded(&root(&leaves(records))) != seal.root {
        Some(Flaw::RecordChanged)
    } else {
        None
    }
}

/// A record that no seal covers and that the API has not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// The key of the item.
    pub key: Key,
    /// The id, which contains the time, if the item has one.
    pub id: Option<AuditId>,
}

impl Stray {
    /// Returns whether a row is a stray record: its index key does not belong to its id, or its time is before the first seal.
    fn of(row: Row, first: &Seal) -> Option<Self> {
        let (key, place) = (row.key()?, row.place(Index::AuditByDay));
        let id = row.decode::<AuditRecord>().ok().map(|record| record.id);
        let expected = |id: &AuditId| Key::new(records_on(Day::of(time_of(id))), id.to_string());
        let is_seen = id.as_ref().is_some_and(|id| *id >= first.from && place == Some(expected(id)));
        let id = id.or_else(|| key.sort().parse().ok());
        (!is_seen).then_some(Self { key, id })
    }
}

impl AuditLog {
    /// Returns the stray records among the next items of the table, and the key where the scan stopped. Records with the right key in the
    /// index by day are covered by a seal now or later. One call of a scan.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn strays(&self, first: &Seal, limit: u32, after: Option<&Key>) -> Result<(Vec<Stray>, Option<Key>), StoreError> {
        let (rows, next) = self.table().scan(AuditRecord::KIND, limit, after).await?;
        Ok((rows.into_iter().filter_map(|row| Stray::of(row, first)).collect(), next))
    }

    /// Returns the seal whose interval contains the time of a stray record. `None` before the first seal and after the last one.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn seal_around(&self, stray: &Stray) -> Result<Option<Seal>, StoreError> {
        match stray.id {
            Some(id) => self.seal_of(id).await,
            None => Ok(None),
        }
    }

    /// Returns the last seal. One query.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn last_seal(&self) -> Result<Option<Seal>, StoreError> {
        Ok(self.table().query(Range::of(SEALS).newest_first().limit(1)).await?.items.into_iter().next())
    }

    /// Returns the seals from this number on, at most `limit` of them. One query.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn seals_from(&self, n: u64, limit: u32) -> Result<Vec<Seal>, StoreError> {
        let range = Range::of(SEALS).between(format!("{n:012}"), "9".repeat(12)).limit(limit);
        Ok(self.table().query(range).await?.items)
    }

    /// Returns the records of an interval within a day, in the order of their ids. One query for each megabyte.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn records_between(&self, from: AuditId, to: AuditId, limit: u32) -> Result<(Vec<AuditRecord>, bool), StoreError> {
        let partition = records_on(Day::of(time_of(&from)));
        let range = Range::of_index(Index::AuditByDay, partition).between(from.to_string(), to.to_string()).limit(limit);
        let mut found = self.table().query::<AuditRecord>(range).await?;
        found.items.retain(|record| record.id < to);
        Ok((found.items, found.more))
    }

    /// Returns the stored records of a seal, and the flaw that was found, if any. One query for each megabyte.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn examine(
        &self,
        seal: &Seal,
        before: Option<&Seal>,
        anchored: Option<&[u8]>,
    ) -> Result<(Vec<AuditRecord>, Option<Flaw>), StoreError> {
        // One more than expected, so that an additional record is noticed.
        let limit = u32::try_from(seal.count).unwrap_or(RECORDS_MAX).saturating_add(1);
        let (records, _) = self.records_between(seal.from, seal.to, limit).await?;
        let flaw = flaw(seal, before, &records, anchored);
        Ok((records, flaw))
    }

    /// Returns the seal whose interval contains an id. `None` if it is not sealed yet. A binary search: twenty reads for a million seals.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn seal_of(&self, id: AuditId) -> Result<Option<Seal>, StoreError> {
        let Some(last) = self.last_seal().await? else { return Ok(None) };
        let (mut low, mut high) = (0_u64, last.n);
        while low <= high {
            let middle = low.midpoint(high);
            let Some(seal) = self.table().get::<Seal>(Seal::key_of(middle)).await? else { return Ok(None) };
            if id < seal.from {
                let Some(lower) = middle.checked_sub(1) else { return Ok(None) };
                high = lower;
            } else if id < seal.to {
                return Ok(Some(seal));
            } else {
                low = middle.saturating_add(1);
            }
        }
        Ok(None)
    }

    /// Returns the seal of the next interval, if it is due. A query for the last seal and one for the records.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn due_seal(&self, now: Time) -> Result<Option<DueSeal>, StoreError> {
        let last = self.last_seal().await?;
        let from = last.as_ref().map_or_else(|| first_at(Day::of(now - BEFORE_THE_FIRST).begins()), |last| last.to);
        let began = time_of(&from);
        let (end_of_day, ripe) = (Day::of(began).ends(), now - MARGIN);
        let until = ripe.min(end_of_day);
        if until <= began {
            return Ok(None);
        }
        let (records, more) = self.records_between(from, first_at(until), RECORDS_MAX).await?;
        if records.is_empty() && until < end_of_day && until.since(began) < EMPTY {
            return Ok(None);
        }
        let to = match records.last() {
            Some(record) if more => after(&record.id),
            _ => first_at(until),
        };
        Ok(Some(DueSeal { seal: Seal::after(last.as_ref(), from, to, &records), before: last }))
    }

    /// Writes a seal, unless a concurrent run has written one with this number. Returns whether it was written.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn write_seal(&self, seal: &Seal) -> Result<bool, StoreError> {
        match self.table().create(seal).await {
            Ok(()) => Ok(true),
            Err(WriteError::Refused(_)) => Ok(false),
            Err(WriteError::Store(e)) => Err(e),
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::{Sys, id::UserId};

    use super::*;
    use crate::audit::Action;

    fn records(n: usize) -> Vec<AuditRecord> {
        let sys = Sys::real();
        let record = |_| {
            let record = AuditRecord {
                id: sys.id(),
                at: sys.now(),
                actor: None,
                action: Action::RoleGranted,
                subject: UserId::NIL,
                fields: Vec::new(),
                request: None,
                place: None,
                device: None,
                commitment: None,
                hash: String::new(),
            };
            AuditRecord { hash: record.computed_hash(), ..record }
        };
        let mut all: Vec<AuditRecord> = (0..n).map(record).collect();
        all.sort_by_key(|record| record.id);
        all
    }

    /// Returns the root by the recursive definition of RFC 6962 §2.1.
    fn by_the_book(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Sha256::digest(b"").into(),
            [one] => *one,
            many => {
                let left = many.len().next_power_of_two() / 2;
                node(&by_the_book(&many[..left]), &by_the_book(&many[left..]))
            }
        }
    }

    /// Returns whether the path leads from the record to the root. Shares only the hash function with the tree.
    fn proves(record: &AuditRecord, path: &[Beside], root: &str) -> bool {
        let decode = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).unwrap();
        let mut hash = Sha256::digest([&[0_u8][..], &decode(&record.hash)].concat()).to_vec();
        for Beside { hash: beside, left } in path {
            let pair = if *left { [decode(beside), hash] } else { [hash, decode(beside)] };
            hash = Sha256::digest([&[1_u8][..], &pair.concat()].concat()).to_vec();
        }
        hash == decode(root)
    }

    #[test]
    fn the_tree_is_that_of_the_standard_and_every_record_is_proven() {
        for n in (0..=33).chain([1000]) {
            let all = records(n);
            let seal = Seal::after(None, AuditId::NIL, AuditId::NIL, &all);
            assert_eq!(seal.root, encoded(&by_the_book(&leaves(&all))), "{n}");
            for record in &all {
                let Proof { path, .. } = Seal::proof(&all, record.id).unwrap();
                assert!(path.len() <= 20 && proves(record, &path, &seal.root), "{n}");
                let other = AuditRecord { hash: digest(b"another"), ..record.clone() };
                assert!(!proves(&other, &path, &seal.root), "{n}");
            }
        }
        assert_eq!(Seal::proof(&records(3), AuditId::NIL), None);
    }

    #[test]
    fn every_flaw_is_found() {
        let all = records(5);
        let ends = [AuditId::NIL, first_at(Time::from_millis(i64::MAX >> 17))];
        let first = Seal::after(None, ends[0], ends[0], &[]);
        let seal = Seal::after(Some(&first), ends[0], ends[1], &all);
        let judged = |seal: &Seal, before: Option<&Seal>, records: &[AuditRecord]| {
            let anchored = Seal::after(Some(&first), ends[0], ends[1], &all).canonical();
            flaw(seal, before, records, Some(anchored.as_bytes()))
        };
        assert_eq!(judged(&seal, Some(&first), &all), None);
        assert_eq!(flaw(&seal, Some(&first), &all, None), Some(Flaw::SealChanged));
        assert_eq!(judged(&Seal { count: 4, ..seal.clone() }, Some(&first), &all), Some(Flaw::SealChanged));
        assert_eq!(judged(&seal, None, &all), Some(Flaw::ChainBroken));
        assert_eq!(judged(&seal, Some(&Seal { count: 1, ..first.clone() }), &all), Some(Flaw::ChainBroken));
        assert_eq!(judged(&seal, Some(&first), &all[1..]), Some(Flaw::RecordRemoved));
        assert_eq!(judged(&seal, Some(&first), &[&all[..], &records(1)].concat()), Some(Flaw::RecordAdded));
        let mut changed = all.clone();
        changed[2].action = Action::RoleTaken;
        assert_eq!(judged(&seal, Some(&first), &changed), Some(Flaw::RecordChanged));
        // Also if the hash of the record was adapted to the change.
        changed[2].hash = changed[2].computed_hash();
        assert_eq!(judged(&seal, Some(&first), &changed), Some(Flaw::RecordChanged));
    }
}
