//! Verifies the whole audit: compares every seal with the one before it, with the records of its interval and with the object in the
//! bucket, and checks that every record of the table is under a seal.

use accounts::{
    audit::AuditLog,
    audit_seal::{Flaw, SEAL_BYTES_MAX, Seal},
};
use files::{Bucket, FilesError};
use function::Boot;
use kernel::{Env, Sys};

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
    /// Records in the table that should be under a seal and are not, each with the number of the interval of its time, if that is sealed.
    pub strays: Vec<String>,
}

/// Verifies the whole audit. `env` has the credentials and, for a local cloud, the endpoints.
///
/// # Errors
/// If the table or the bucket cannot be read.
pub async fn verify(env: Env, sys: Sys, stack: &str, bucket: &str) -> Result<Report, Failure> {
    let aws = Boot { env, sys: sys.clone(), http: function::http_client()? }.aws()?;
    let (log, bucket) = (AuditLog::new(&aws, &sys, &format!("{stack}-audit")), Bucket::new(&aws, bucket));
    let mut report = Report::default();
    let (mut first, mut before): (Option<Seal>, Option<Seal>) = (None, None);
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
            if let Some(broken) = examine(&log, &bucket, before.as_ref(), &seal).await? {
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
            first.get_or_insert_with(|| seal.clone());
            before = Some(seal);
        }
    }
    if let Some(first) = first.filter(|_| report.broken.is_none()) {
        report.strays = strays(&log, &first).await?;
    }
    Ok(report)
}

/// Verifies a seal. Returns its number and the flaw if it is not valid.
async fn examine(log: &AuditLog, bucket: &Bucket, before: Option<&Seal>, seal: &Seal) -> Result<Option<(u64, Flaw)>, Failure> {
    let next = before.map_or(0, |before| before.n + 1);
    if seal.n != next {
        return Ok(Some((next, Flaw::SealMissing)));
    }
    let anchored = anchored(bucket, seal.n).await?;
    let (_, flaw) = log.examine(seal, before, anchored.as_deref()).await?;
    Ok(flaw.map(|flaw| (seal.n, flaw)))
}

/// Returns the object of a seal in the bucket. `None` if there is none.
async fn anchored(bucket: &Bucket, n: u64) -> Result<Option<Vec<u8>>, Failure> {
    match bucket.read(&Seal::object(n), SEAL_BYTES_MAX).await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(FilesError::Refused(_)) => Ok(None),
        Err(FilesError::TooLarge) => Ok(Some(Vec::new())),
        Err(e) => Err(e.into()),
    }
}

/// Scans the table for records that are not under a seal.
async fn strays(log: &AuditLog, first: &Seal) -> Result<Vec<String>, Failure> {
    let (mut strays, mut after) = (Vec::new(), None);
    loop {
        let (found, next) = log.strays(first, PAGE, after.as_ref()).await?;
        for stray in found {
            let interval = log.seal_around(&stray).await?.map_or_else(String::new, |seal| format!(" in interval {}", seal.n));
            strays.push(format!("{} {}{interval}", stray.key.partition(), stray.key.sort()));
        }
        after = next;
        if after.is_none() {
            return Ok(strays);
        }
    }
}
