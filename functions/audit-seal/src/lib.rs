//! Every five minutes, seals what the audit has got since (`accounts::audit_seal`).
//!
//! A seal is written on the condition that there is none of its number, so that of several sealers one seals an interval. Its canonical
//! form is then put into the bucket of seals, in which nothing is replaced or deleted for years. A run that ended in between is made up for
//! by the run that writes the next seal.
//!
//! AWS calls: a query for the last seal, and one for the records since, which is what a run costs when nothing has happened. Each seal takes
//! a write and two objects, and another query of each. An interval without records is sealed at most hourly. After a standstill a run
//! seals up to a hundred intervals.

use std::time::Duration;

use accounts::{
    audit::{AuditLog, Day},
    audit_seal::{MARGIN as UNSEALED, Seal, Sealed},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use files::Bucket;
use function::{Boot, Context, Failure, Function, StartError};
use kernel::{Sys, id::time_of};
use serde::{Serialize, de::IgnoredAny};
use sha2::{Digest as _, Sha256};

/// Seals of one run.
const MOST: u32 = 100;
/// No further seal is begun when less than this is left of the invocation.
const MARGIN: Duration = Duration::from_secs(15);

/// The state of the function: its clients, keys and settings.
#[derive(Clone)]
struct State {
    log: AuditLog,
    sys: Sys,
    seals: Bucket,
}

/// The result of a run.
#[derive(Debug, Default, Serialize)]
struct Report {
    /// Seals that this run has written.
    seals: u32,
    /// The records under them.
    records: u64,
    /// Whether there is more to seal.
    more: bool,
}

/// Reads the configuration.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let state = boot.env.read(|r| State {
        log: AuditLog::new(&aws, &sys, &r.need("AUDIT_TABLE_NAME")),
        seals: Bucket::from_env(r, &aws),
        sys: sys.clone(),
    })?;
    state.log.table().warm_up().await;
    Ok(Function::new(state, |s, _: IgnoredAny, context| async move { seal(&s, &context).await }))
}

async fn seal(s: &State, context: &Context) -> Result<Report, Failure> {
    let mut report = Report::default();
    loop {
        if report.seals >= MOST || !context.has_left(MARGIN) {
            report.more = true;
            break;
        }
        match s.log.seal_next(s.sys.now()).await? {
            Sealed::New(seal, before) => {
                // An earlier run may have ended before it put the last seal there.
                if let Some(before) = &before {
                    anchor(s, before).await?;
                }
                anchor(s, &seal).await?;
                log_head(&seal, before.as_ref());
                report.seals = report.seals.saturating_add(1);
                report.records = report.records.saturating_add(seal.count);
            }
            Sealed::NotYet | Sealed::Overtaken => break,
        }
    }
    let Report { seals, records, more } = report;
    tracing::info!(seals, records, more, "sealed");
    Ok(report)
}

/// Puts a seal into the bucket, if it is not there.
async fn anchor(s: &State, seal: &Seal) -> Result<(), Failure> {
    let form = seal.canonical().into_bytes();
    let sha256 = BASE64_STANDARD.encode(Sha256::digest(&form));
    s.seals.write_once(&Seal::object(seal.n), "application/json", form, &sha256).await?;
    Ok(())
}

/// The first seal of a day has all of the days before it under its hash, which is then in the log, too.
fn log_head(seal: &Seal, before: Option<&Seal>) {
    let day = |seal: &Seal| Day::of(time_of(&seal.to) + UNSEALED);
    if before.is_none_or(|before| day(before) != day(seal)) {
        tracing::info!(seal.n = seal.n, seal.hash = %seal.hash(), "the head of the audit");
    }
}
