//! Verifies the whole audit: compares every seal with the one before it, with the records of its interval and with the object in the
//! bucket, and every record of the table with the seals.

use std::collections::HashSet;

use accounts::{
    audit::{AuditLog, AuditRecord},
    audit_seal::{Flaw, SEAL_BYTES_MAX, Seal},
};
use files::{Bucket, FilesError};
use function::Boot;
use kernel::{Env, Sys, id::AuditId};
use store::Item as _;

use crate::Failure;

/// The seals of one query, and the items of one call of the scan.
const PAGE: u32 = 1_000;

/// The result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The number of valid seals.
    pub seals: u64,
    /// The number of records under them.
    pub records: u64,
    /// The number and the hash of the last valid seal.
    pub head: Option<(u64, String)>,
    /// The number of the first interval whose seal is not valid, and why.
    pub broken: Option<(u64, Flaw)>,
    /// Records in the table that should be under a seal and are not.
    pub strays: Vec<String>,
}

/// Verifies the whole audit. `env` has the credentials and, for a local cloud, the endpoints.
///
/// # Errors
/// If the table or the bucket cannot be read.
pub async fn verify(env: Env, sys: Sys, stack: &str, bucket: &str) -> Result<Report, Failure> {
    let aws = Boot { env, sys: sys.clone(), http: function::http_client()? }.aws()?;
    let (log, bucket) = (AuditLog::new(&aws, &sys, &format!("{stack}-audit")), Bucket::new(&aws, bucket));
    let (mut report, mut sealed) = (Report::default(), HashSet::new());
    let mut before: Option<Seal> = None;
    'all: loop {
        let next = before.as_ref().map_or(0, |before| before.n + 1);
        let seals = log.seals_from(next, PAGE).await?;
        if seals.is_empty() {
            // The bucket may have a seal that the table lacks. A seal that was written in the meantime is in both.
            let missing = anchored(&bucket, next).await?.is_some() && log.seals_from(next, 1).await?.is_empty();
            report.broken = missing.then_some((next, Flaw::SealMissing));
            break;
        }
        for seal in seals {
            if let Some(broken) = examine(&log, &bucket, before.as_ref(), &seal, &mut sealed).await? {
                // The bucket may not have the last seal yet. Then the seal counts as not written.
                let pending = broken.1 == Flaw::SealChanged
                    && anchored(&bucket, seal.n).await?.is_none()
                    && log.seals_from(seal.n + 1, 1).await?.is_empty();
                report.broken = (!pending).then_some(broken);
                break 'all;
            }
            report.seals += 1;
            report.records += seal.count;
            report.head = Some((seal.n, seal.hash()));
            before = Some(seal);
        }
    }
    if let Some(last) = before.filter(|_| report.broken.is_none()) {
        report.strays = strays(&log, &last, &sealed).await?;
    }
    Ok(report)
}

/// Verifies a seal. Returns its number and the flaw if it is not valid. Adds the ids of its records to `sealed`.
async fn examine(
    log: &AuditLog,
    bucket: &Bucket,
    before: Option<&Seal>,
    seal: &Seal,
    sealed: &mut HashSet<AuditId>,
) -> Result<Option<(u64, Flaw)>, Failure> {
    let next = before.map_or(0, |before| before.n + 1);
    if seal.n != next {
        return Ok(Some((next, Flaw::SealMissing)));
    }
    let anchored = anchored(bucket, seal.n).await?;
    let (records, flaw) = log.examine(seal, before, anchored.as_deref()).await?;
    sealed.extend(records.iter().map(|record| record.id));
    Ok(flaw.map(|flaw| (seal.n, flaw)))
}

/// The object of a seal in the bucket. `None` if there is none.
async fn anchored(bucket: &Bucket, n: u64) -> Result<Option<Vec<u8>>, Failure> {
    match bucket.read(&Seal::object(n), SEAL_BYTES_MAX).await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(FilesError::Refused(_)) => Ok(None),
        Err(FilesError::TooLarge) => Ok(Some(Vec::new())),
        Err(e) => Err(e.into()),
    }
}

/// Scans the table for records that are older than the last seal and not under a seal, because they are missing in the index of their day.
async fn strays(log: &AuditLog, last: &Seal, sealed: &HashSet<AuditId>) -> Result<Vec<String>, Failure> {
    let (mut strays, mut after) = (Vec::new(), None);
    loop {
        let (rows, next) = log.table().scan(AuditRecord::KIND, PAGE, after.as_ref()).await?;
        for row in rows {
            let key = row.key();
            match row.decode::<AuditRecord>() {
                Ok(record) if record.id >= last.to || sealed.contains(&record.id) => {}
                _ => strays.push(key.map_or_else(String::new, |key| format!("{} {}", key.partition(), key.sort()))),
            }
        }
        after = next;
        if after.is_none() {
            return Ok(strays);
        }
    }
}
