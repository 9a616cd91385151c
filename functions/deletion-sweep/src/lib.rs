//! Every quarter of an hour, hands accounts whose deletion is due to the purge.
//!
//! It reads the sparse index of due deletions only to find candidates: the claim itself is a conditional write that checks the
//! account. Concurrent sweeps, or a sweep and the fallback, claim each account once. A run is bounded and stops before the
//! platform stops it. The rest is due for the next run. An account that cannot be claimed does not keep the others from it.
//!
//! AWS calls: one query for each of the four shards of the index and one write, by which staff see when it last ran, which is what a run
//! costs when nothing is due, and one transaction for each account.

use std::time::Duration;

use accounts::{
    deletion::{self, Deletion, Due, SHARDS, SWEEP},
    last_run::LastRun,
};
use function::{Boot, Context, Failure, Figures, Function, StartError};
use futures_util::future::join_all;
use kernel::{Sys, Time};
use serde::{Serialize, de::IgnoredAny};
use store::{StoreError, Table};

/// Accounts in one page of the index, which are claimed concurrently.
const PAGE: u32 = 25;
/// Maximum accounts of one run.
const MAX: u64 = 5_000;
/// No further work is begun when less than this is left of the invocation.
const MARGIN: Duration = Duration::from_secs(15);

/// The state of the function: its clients, keys and settings.
#[derive(Clone)]
struct State {
    table: Table,
    sys: Sys,
    figures: Figures,
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
    let figures = Figures::new(&boot);
    let state = boot.env.read(|r| State { table: Table::read(r, &aws, &sys), sys: sys.clone(), figures })?;
    state.table.warm_up().await;
    Ok(Function::new(state, |s, _: IgnoredAny, context| async move { sweep(&s, &context).await }))
}

async fn sweep(s: &State, context: &Context) -> Result<Report, Failure> {
    let (now, mut report) = (s.sys.now(), Report::default());
    for shard in 0..SHARDS {
        // A shard of the index that cannot be read does not keep the others from being swept.
        if let Err(e) = sweep_shard(s, context, shard, now, &mut report).await {
            tracing::error!(error = %e, shard, "a part of what is due could not be read");
            report.failed = report.failed.saturating_add(1);
        }
    }
    let Report { examined, claimed, failed, .. } = report;
    tracing::info!(examined, claimed, failed, "swept");
    // The platform retries soon, and an alarm counts errors.
    if failed > 0 {
        return Err(format!("{failed} of {examined} accounts could not be claimed").into());
    }
    s.table.put_always(&LastRun { function: SWEEP.to_owned(), at: now }).await?;
    // Another alarm goes off when these reports stop.
    s.figures.report_of("TableName", s.table.name(), &[("DeletionRuns", 1)]);
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

/// Whether this run claimed it. `None` if that is unknown.
async fn claim(s: &State, due: Result<Deletion, StoreError>) -> Option<bool> {
    let outcome = match due {
        Ok(due) => deletion::claim(&s.table, &s.sys, &due).await,
        Err(e) => Err(e),
    };
    outcome.inspect_err(|e| tracing::error!(error = %e, "an account could not be claimed")).ok()
}
