//! Every five minutes, seals the new entries of the audit (`accounts::audit_seal`).
//!
//! A seal is written on the condition that its number does not exist, so that only one of several concurrent runs seals an interval. Its
//! canonical form is then put into the bucket of seals, in which no object can be replaced or deleted for years. If a run is killed in
//! between, the next run puts the object there: a seal is written only when the bucket has the one before it.
//!
//! Once a day the hash of the last seal, which depends on all seals before it, is written to the log, and mailed to the address for alarms
//! if there is one.
//!
//! AWS calls: a query for the last seal, and one for the records since, which is what a run costs when nothing has happened. Each seal
//! takes a write and two objects, and another query of each. An interval without records is sealed at most once an hour. After an
//! interruption a run seals up to a hundred intervals. The mail takes a request to SES. Once an hour the time of the run is written to the
//! other table, so that staff see that it runs.

use std::{sync::Arc, time::Duration};

use accounts::{
    audit::AuditLog,
    audit_seal::{DueSeal, MARGIN as UNSEALED, Seal},
    last_run::run_and_record,
    statistics::Day,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use files::Bucket;
use function::{Boot, Context, Failure, Function, StartError};
use kernel::{Locale, Sys, id::time_of};
use outbound::{Mail, Mailer};
use serde::{Serialize, de::IgnoredAny};
use sha2::{Digest as _, Sha256};
use store::Table;

/// The most seals of one run.
const MAX: u32 = 100;
/// No further seal is begun when less time than this is left of the invocation.
const MARGIN: Duration = Duration::from_secs(15);
/// The interval of its schedule in the template.
const EVERY: Duration = Duration::from_secs(300);

/// The state of the function: its clients, keys and settings.
#[derive(Clone)]
struct State {
    log: AuditLog,
    /// The main table, which has the time of the last run. The audit has a table of its own.
    table: Table,
    sys: Sys,
    seals: Bucket,
    mailer: Mailer,
    /// The address for the daily mail. Empty for none.
    operators: Arc<str>,
}

/// The result of a run.
#[derive(Debug, Default, Serialize)]
struct Report {
    /// Seals that this run has written.
    seals: u32,
    /// The records of these intervals.
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
        table: Table::read(r, &aws, &sys),
        seals: Bucket::from_env(r, &aws),
        mailer: Mailer::read(r, &aws, &sys),
        operators: r.or("ALARM_MAIL", String::new()).into(),
        sys: sys.clone(),
    })?;
    state.log.table().warm_up().await;
    Ok(Function::new(state, |s, _: IgnoredAny, context| async move {
        run_and_record((&s.table, &s.sys), env!("CARGO_PKG_NAME"), EVERY, Box::pin(seal(&s, &context))).await
    }))
}

async fn seal(s: &State, context: &Context) -> Result<Report, Failure> {
    let mut report = Report::default();
    loop {
        if report.seals >= MAX || !context.has_left(MARGIN) {
            report.more = true;
            break;
        }
        let Some(DueSeal { seal, before }) = s.log.due_seal(s.sys.now()).await? else { break };
        // An earlier run may have been killed before it put the last seal into the bucket.
        if let Some(before) = &before {
            anchor(s, before).await?;
        }
        if !s.log.write_seal(&seal).await? {
            break;
        }
        anchor(s, &seal).await?;
        if is_first_of_day(&seal, before.as_ref()) {
            publish_head(s, &seal).await;
        }
        report.seals = report.seals.saturating_add(1);
        report.records = report.records.saturating_add(seal.count);
    }
    let Report { seals, records, more } = report;
    tracing::info!(seals, records, more, "sealed");
    Ok(report)
}

/// Puts a seal into the bucket, unless it is there already.
async fn anchor(s: &State, seal: &Seal) -> Result<(), Failure> {
    let form = seal.canonical().into_bytes();
    let sha256 = BASE64_STANDARD.encode(Sha256::digest(&form));
    s.seals.write_once(&Seal::object(seal.n), "application/json", form, &sha256).await?;
    Ok(())
}

/// Returns whether a seal is the first one of its day. Its hash depends on all seals of the days before.
fn is_first_of_day(seal: &Seal, before: Option<&Seal>) -> bool {
    let day = |seal: &Seal| Day::of(time_of(&seal.to) + UNSEALED);
    before.is_none_or(|before| day(before) != day(seal))
}

/// Logs and mails the hash of a seal. If the mail cannot be sent, this is an error in the log. The hash in the mail of the next day covers
/// the same seals, too.
async fn publish_head(s: &State, seal: &Seal) {
    let hash = seal.hash();
    tracing::info!(seal.n = seal.n, seal.hash = %hash, "the head of the audit");
    if s.operators.is_empty() {
        return;
    }
    let mail = Mail::AuditHead { number: seal.n, hash };
    if let Err(e) = s.mailer.send(&s.operators, Locale::En, &mail).await {
        tracing::error!(error = %e, "the head of the audit could not be mailed");
    }
}
