//! Every quarter of an hour, hands accounts whose deletion is due to the purge.
//!
//! The sparse index of due deletions only yields candidates: the claim itself is a conditional write that checks the account. Concurrent
//! sweeps, or a sweep and the fallback, claim each account once. A run is bounded and stops before Lambda stops it. The next run claims the
//! others. An account that cannot be claimed does not prevent the others from being claimed.
//!
//! AWS calls: one query for each of the four shards of the index and one write, by which staff see when it last ran, which is what a run
//! costs when nothing is due, and one transaction for each account.

use std::time::Duration;

use accounts::{
    DELETION_RUNS,
    deletion::{self, Deletion, Due, SHARDS, SWEEP},
    last_run::LastRun,
};
use function::{Boot, Context, Failure, Function, StartError};
use futures_util::future::join_all;
use kernel::{Sys, Time};
use serde::{Serialize, de::IgnoredAny};
use store::{StoreError, Table};

/// How many accounts a page of the index has. The accounts of a page are claimed concurrently.
const PAGE: u32 = 25;
/// The most accounts of one run.
const MAX: u64 = 5_000;
/// No further page is begun when less time than this is left of the invocation.
const MARGIN: Duration = Duration::from_secs(15);

/// The state of the function: its clients, keys and settings.
#[derive(Clone)]
struct State {
    table: Table,
    sys: Sys,
}

/// The result of a run.
#[derive(Debug, Default, Serialize)]
struct Report {
    /// Due entries of the index.
    examined: u64,
    /// Accounts that this run handed to the purge.
    claimed: u64,
    /// Accounts that could not be claimed in this run.
    failed: u64,
    /// Whether more accounts are due.
    more: bool,
}

/// Reads the configuration.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let state = boot.env.read(|r| State { table: Table::read(r, &aws, &sys), sys: sys.clone() })?;
    state.table.warm_up().await;
    Ok(Function::new(state, |s, _: IgnoredAny, context| async move { sweep(&s, &context).await }))
}

async fn sweep(s: &State, context: &Context) -> Result<Report, Failure> {
    let (now, mut report) = (s.sys.now(), Report::default());
    for shard in 0..SHARDS {
        // If a shard of the index cannot be read, the others are still processed.
        if let Err(e) = sweep_shard(s, context, shard, now, &mut report).await {
            tracing::error!(error = %e, shard, "a part of what is due could not be read");
            report.failed = report.failed.saturating_add(1);
        }
    }
    let Report { examined, claimed, failed, .. } = report;
    tracing::info!(examined, claimed, failed, "swept");
    // Failed accounts stay due for the next run. The error sets off an alarm.
    if failed > 0 {
        return Err(format!("{failed} of {examined} accounts could not be claimed").into());
    }
    s.table.put_always(&LastRun { function: SWEEP.to_owned(), at: now }).await?;
    // Another alarm goes off when this metric stops.
    s.table.report(&[(DELETION_RUNS, 1)]);
    Ok(report)
}

async fn sweep_shard(s: &State, context: &Context, shard: u8, now: Time, report: &mut Report) -> Result<(), StoreError> {
    let mut last = None;
    loop {
        if !context.has_left(MARGIN) || report.examined >= MAX {
            report.more = true;
            return Ok(());
        }
        let Due { deletions, next } = deletion::due(&s.table, shard, now, PAGE, last).await?;
        for outcome in join_all(deletions.into_iter().map(|due| claim(s, due))).await {
            report.examined = report.examined.saturating_add(1);
            match outcome {
                Some(claimed) => report.claimed = report.claimed.saturating_add(claimed.into()),
                None => report.failed = report.failed.saturating_add(1),
            }
        }
        if next.is_none() {
            return Ok(());
        }
        last = next;
    }
}

/// Returns whether this run has claimed the account. `None` after an error.
async fn claim(s: &State, due: Result<Deletion, StoreError>) -> Option<bool> {
    let outcome = match due {
        Ok(due) => deletion::claim(&s.table, &s.sys, &due).await,
        Err(e) => Err(e),
    };
    outcome.inspect_err(|e| tracing::error!(error = %e, "an account could not be claimed")).ok()
}
