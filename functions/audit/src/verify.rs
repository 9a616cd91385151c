//! Verifying that entries are as they were sealed.

use accounts::audit_seal::{Flaw, SEAL_BYTES_MAX, Seal};
use axum::extract::State;
use callers::{Staff, staff::Administrator};
use files::FilesError;
use kernel::Problem;
use serde::{Deserialize, Serialize};
use store::{
    Key,
    limits::{self, HOUR, Quota},
};
use utoipa::{IntoParams, ToSchema};
use web::{Error, Json, Problems, Query};

use crate::shown::SealInfo;

/// How many requests one person may send: each reads up to 25 objects and 20,000 entries.
const VERIFICATIONS: Quota = Quota::window("audit_verifications", 300, HOUR, "for an account");
/// How many seals one request verifies.
const SEALS_AT_ONCE: u32 = 25;
/// After this many records no other seal is begun.
const RECORDS_AT_ONCE: u64 = 20_000;
/// The maximum number of scans of one request, each of up to 1 MB.
const SCANS_AT_ONCE: u32 = 10;
const SCAN_ITEMS: u32 = 2_000;

/// Where to continue.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct VerificationQuery {
    /// `next_cursor` of the previous response. Without it, verification begins with the first seal.
    #[param(max_length = 500)]
    cursor: Option<String>,
}

/// Where the verification continues.
#[derive(Serialize, Deserialize)]
enum Position {
    /// At the seals after this one.
    Seals(Seal),
    /// All seals are valid, and `head` is the number of the last one. At the items of the table after the key `behind`.
    Items { head: u64, behind: Option<(String, String)> },
}

/// The first interval whose seal is not valid.
#[derive(Serialize, ToSchema)]
pub struct FlawInfo {
    /// The number of the seal.
    n: u64,
    /// Why.
    flaw: Flaw,
    /// The seal, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    seal: Option<SealInfo>,
}

/// What was verified.
#[derive(Serialize, ToSchema)]
pub struct AuditVerification {
    /// How many seals this request has verified. None after the last seal.
    seals: u64,
    /// How many entries these seals have.
    entries: u64,
    /// The first interval whose seal is not valid. Absent if all are valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    broken: Option<FlawInfo>,
    /// The last valid seal. Its hash depends on all seals before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    head: Option<SealInfo>,
    /// The cursor for continuing. Absent at the end, and if a seal is not valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Verifies the next seals: reads their entries, computes their roots again, and compares them with the seals before them and with
/// what the bucket has. After the last seal, searches all entries for those that are under no seal.
///
/// For administrators, with a second factor. A request verifies up to 25 seals, of which there are 24 to 288 a day, and after the last seal
/// reads up to 20,000 entries. `broken` names the first interval whose seal is not valid, or the interval of the first entry that is under
/// no seal. The task `cargo xtask audit-verify` verifies the whole audit at once.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; a counter; a query of the seals; for each a query of its
/// records, one more for each megabyte, and a read of the bucket; at the end one more read of the bucket, and one of the table if the
/// bucket has one more or lacks the last one. After the last seal two reads and up to ten scans, and for an entry that is under no seal
/// about as many reads as the number of seals has binary digits.
#[utoipa::path(get, path = "/v1/audit/verification", params(VerificationQuery),
    extensions(("x-problems" = json!(["cursor_invalid", "too_many_requests"])), ("x-limits" = json!([VERIFICATIONS]))),
    responses((status = 200, body = AuditVerification), Problems))]
pub async fn verify_audit(
    State(s): State<crate::State>,
    caller: Staff<Administrator>,
    Query(query): Query<VerificationQuery>,
) -> Result<Json<AuditVerification>, Error> {
    let cursors = s.sealer.cursors(format!("verification of the audit for {}", caller.member.user.id));
    let position = cursors.open::<Position>(query.cursor.as_deref())?;
    limits::take(&s.table, s.sys.now(), &[VERIFICATIONS.of(caller.member.user.id)]).await?;
    let (verified, next) = match position {
        None => seals(&s, None).await?,
        Some(Position::Seals(before)) => seals(&s, Some(before)).await?,
        Some(Position::Items { head, behind }) => items(&s, head, behind.map(|(partition, sort)| Key::new(partition, sort))).await?,
    };
    Ok(Json(AuditVerification { next_cursor: cursors.next(next)?, ..verified }))
}

/// Verifies the seals after this one.
async fn seals(s: &crate::State, before: Option<Seal>) -> Result<(AuditVerification, Option<Position>), Problem> {
    let mut done = Verified { before, seals: 0, entries: 0 };
    let found = s.log.seals_from(done.next_number(), SEALS_AT_ONCE).await?;
    let full = found.len() >= SEALS_AT_ONCE as usize;
    let (mut whole, mut broken) = (true, None);
    for seal in found {
        if done.entries >= RECORDS_AT_ONCE {
            whole = false;
            break;
        }
        if let Some(flaw) = done.verify_next(s, &seal).await? {
            broken = Some(flaw);
            break;
        }
    }
    let more = full || !whole;
    if broken.is_none() && !more && is_missing(s, done.next_number()).await? {
        broken = Some(FlawInfo { n: done.next_number(), flaw: Flaw::SealMissing, seal: None });
    }
    let Verified { before, seals, entries } = done;
    let go_on = |last: Seal| if more { Position::Seals(last) } else { Position::Items { head: last.n, behind: None } };
    let next = before.clone().filter(|_| broken.is_none()).map(go_on);
    Ok((AuditVerification { seals, entries, broken, head: before.map(Into::into), next_cursor: None }, next))
}

/// Searches the table for entries that are under no seal, after all seals up to `head` were verified.
async fn items(s: &crate::State, head: u64, mut behind: Option<Key>) -> Result<(AuditVerification, Option<Position>), Problem> {
    let table = s.log.table();
    let (first, last) = (table.get::<Seal>(Seal::key_of(0)).await?, table.get::<Seal>(Seal::key_of(head)).await?);
    let found = |broken: Option<FlawInfo>| AuditVerification {
        seals: 0,
        entries: 0,
        broken,
        head: last.clone().map(Into::into),
        next_cursor: None,
    };
    let Some(first) = first else { return Ok((found(Some(FlawInfo { n: 0, flaw: Flaw::SealMissing, seal: None })), None)) };
    for _ in 0..SCANS_AT_ONCE {
        let (strays, next) = s.log.strays(&first, SCAN_ITEMS, behind.as_ref()).await?;
        if let Some(stray) = strays.first() {
            let seal = s.log.seal_around(stray).await?;
            let outside = if stray.id.is_some_and(|id| id < first.from) { 0 } else { head.saturating_add(1) };
            let n = seal.as_ref().map_or(outside, |seal| seal.n);
            return Ok((found(Some(FlawInfo { n, flaw: Flaw::RecordAdded, seal: seal.map(Into::into) })), None));
        }
        behind = next;
        if behind.is_none() {
            break;
        }
    }
    let behind = behind.map(|key| (key.partition().to_owned(), key.sort().to_owned()));
    Ok((found(None), behind.map(|behind| Position::Items { head, behind: Some(behind) })))
}

/// The progress of a verification.
struct Verified {
    /// The last valid seal.
    before: Option<Seal>,
    seals: u64,
    entries: u64,
}

impl Verified {
    /// Returns the number of the next seal.
    fn next_number(&self) -> u64 {
        self.before.as_ref().map_or(0, |before| before.n.saturating_add(1))
    }

    /// Verifies the seal after the last one. A seal that the bucket does not have yet counts as not written.
    async fn verify_next(&mut self, s: &crate::State, seal: &Seal) -> Result<Option<FlawInfo>, Problem> {
        let expected = self.next_number();
        if seal.n != expected {
            return Ok(Some(FlawInfo { n: expected, flaw: Flaw::SealMissing, seal: None }));
        }
        let object = sealed_object(s, seal.n).await?;
        if object.is_none() && is_last(s, seal.n).await? {
            return Ok(None);
        }
        let (records, flaw) = s.log.examine(seal, self.before.as_ref(), object.as_deref()).await?;
        self.seals = self.seals.saturating_add(1);
        self.entries = self.entries.saturating_add(u64::try_from(records.len()).unwrap_or(u64::MAX));
        if let Some(flaw) = flaw {
            return Ok(Some(FlawInfo { n: seal.n, flaw, seal: Some(seal.clone().into()) }));
        }
        self.before = Some(seal.clone());
        Ok(None)
    }
}

/// Returns whether no seal follows this one. A seal is written only when the bucket has the one before it.
async fn is_last(s: &crate::State, n: u64) -> Result<bool, Problem> {
    Ok(s.log.table().get::<Seal>(Seal::key_of(n.saturating_add(1))).await?.is_none())
}

/// Returns whether the bucket has a seal that the table lacks. A seal that was written since the table was read is in both.
async fn is_missing(s: &crate::State, n: u64) -> Result<bool, Problem> {
    Ok(sealed_object(s, n).await?.is_some() && s.log.table().get::<Seal>(Seal::key_of(n)).await?.is_none())
}

/// Returns the object of a seal in the bucket. `None` if there is none.
async fn sealed_object(s: &crate::State, n: u64) -> Result<Option<Vec<u8>>, Problem> {
    match s.seals.read(&Seal::object(n), SEAL_BYTES_MAX).await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(FilesError::Refused(_)) => Ok(None),
        // An object that is too large is not a seal.
        Err(FilesError::TooLarge) => Ok(Some(Vec::new())),
        Err(e) => Err(e.into()),
    }
}
