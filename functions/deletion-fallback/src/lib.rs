//! Continues account deletions that the sweep or the purge has missed. Runs every 15 minutes, at other minutes than the sweep.
//!
//! This function scans the table itself, because an index may be late or lack an entry. It claims accounts that are due and were never
//! claimed, and restarts purges that have no active run. A run examines a bounded part of the table and records where it stopped. The next
//! one continues there, or at the beginning after the end of the table. It also measures for how long a deletion has been due: more than
//! two hours are an error in the log, which sets off an alarm.
//!
//! AWS calls: a read of the checkpoint and one scan for each thousand items, a write after each scan but the last, and one
//! transaction for each account that needed it. On a small table: two. Once an hour a write, by which staff see that it runs.

mod checkpoint;

use std::time::Duration;

use accounts::{
    DELETION_RUNS,
    deletion::{self, Deletion, Stage},
    last_run::run_and_record,
};
use checkpoint::Checkpoint;
use function::{Boot, Context, Failure, Function, StartError};
use kernel::{Sys, Time};
use serde::{Serialize, de::IgnoredAny};
use store::{Item as _, Row, StoreError, Table};

store::items![checkpoint::Checkpoint];

/// The most items of one scan. DynamoDB also stops a scan at 1 MB.
const PAGE: u32 = 1_000;
/// The most scans of one run.
pub const MAX: u32 = 200;
/// No further scan is begun when less time than this is left of the invocation.
const MARGIN: Duration = Duration::from_secs(30);
/// The interval of the schedule in the template.
const EVERY: Duration = Duration::from_secs(900);
/// A deletion that has been due for longer than this is reported to operators: by then eight runs of this function and of the sweep have
/// missed it.
const LATE: Duration = Duration::from_secs(7_200);

/// The state of the function: its clients, keys and settings.
#[derive(Clone)]
struct State {
    table: Table,
    sys: Sys,
}

/// The result of a run.
#[derive(Debug, Default, Serialize)]
struct Report {
    /// Deletions that were examined, including completed ones.
    examined: u64,
    /// Accounts that were due and that this run handed to the purge.
    claimed: u64,
    /// Begun deletions for which this run started another purge.
    taken_over: u64,
    /// Deletions that could not be examined or continued in this run.
    failed: u64,
    /// For how many seconds the most overdue unfinished deletion has been due.
    overdue_seconds: u64,
    /// Whether the end of the table was reached.
    whole: bool,
}

/// Reads the configuration.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let state = boot.env.read(|r| State { table: Table::read(r, &aws, &sys), sys: sys.clone() })?;
    state.table.warm_up().await;
    Ok(Function::new(state, |s, _: IgnoredAny, context| async move {
        run_and_record((&s.table, &s.sys), env!("CARGO_PKG_NAME"), EVERY, Box::pin(scan_table(&s, &context))).await
    }))
}

async fn scan_table(s: &State, context: &Context) -> Result<Report, Failure> {
    let mut report = Report::default();
    let mut checkpoint = Checkpoint::load(&s.table).await?;
    let mut at = checkpoint.key();
    for _ in 0..MAX {
        if !context.has_left(MARGIN) {
            break;
        }
        let (rows, next) = s.table.scan(Deletion::KIND, PAGE, at.as_ref()).await?;
        for row in rows {
            examine(s, row, &mut report).await;
        }
        report.whole = next.is_none();
        checkpoint.move_to(&s.table, next.as_ref()).await?;
        at = next;
        if report.whole {
            break;
        }
    }
    let Report { examined, claimed, taken_over, failed, overdue_seconds, .. } = report;
    tracing::info!(examined, claimed, taken_over, failed, overdue_seconds, "looked through");
    if overdue_seconds > LATE.as_secs() {
        tracing::error!(overdue_seconds, "an account is long due for deletion");
    }
    if failed > 0 {
        return Err(format!("{failed} of {examined} deletions could not be moved on").into());
    }
    // An alarm goes off when this metric stops.
    s.table.report(&[(DELETION_RUNS, 1)]);
    Ok(report)
}

async fn examine(s: &State, row: Row, report: &mut Report) {
    report.examined = report.examined.saturating_add(1);
    match continue_deletion(s, row, report).await {
        Ok(()) => {}
        Err(e) => {
            tracing::error!(error = %e, "a deletion could not be continued");
            report.failed = report.failed.saturating_add(1);
        }
    }
}

async fn continue_deletion(s: &State, row: Row, report: &mut Report) -> Result<(), StoreError> {
    let deletion: Deletion = row.decode()?;
    let now = s.sys.now();
    let (counter, moved) = match action(&deletion, now) {
        Action::Nothing => return Ok(()),
        Action::Wait => (None, false),
        Action::Claim => (Some(&mut report.claimed), deletion::claim(&s.table, &s.sys, &deletion).await?),
        Action::TakeOver => (Some(&mut report.taken_over), deletion::take_over(&s.table, &s.sys, &deletion).await?),
    };
    if let Some(counter) = counter {
        *counter = counter.saturating_add(moved.into());
    }
    report.overdue_seconds = report.overdue_seconds.max(now.since(deletion.due_at).as_secs());
    Ok(())
}

/// What has to be done about a deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    /// Nothing: it is not due, or it is done.
    Nothing,
    /// Nothing: a run is working on it.
    Wait,
    /// Claim it: it is due and was never claimed.
    Claim,
    /// Restart its purge: it was begun, and no run is working on it.
    TakeOver,
}

fn action(deletion: &Deletion, now: Time) -> Action {
    match deletion.stage {
        Stage::Scheduled if deletion.due_at <= now => Action::Claim,
        Stage::Scheduled | Stage::Done => Action::Nothing,
        Stage::Purging if deletion.leased_until.is_none_or(|until| until <= now) => Action::TakeOver,
        Stage::Purging => Action::Wait,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_due_and_left_alone_is_moved_on() {
        let sys = Sys::real();
        let (now, before, after) = (Time::from_millis(1_000), Time::from_millis(999), Time::from_millis(1_001));
        let deletion = |stage, due_at, leased_until| Deletion {
            user: sys.id(),
            id: sys.id(),
            stage,
            scheduled_at: Time::ZERO,
            due_at,
            cancel: None,
            leased_until,
            holder: None,
            steps: vec![],
        };
        for (stage, due_at, lease, expected) in [
            (Stage::Scheduled, after, None, Action::Nothing),
            (Stage::Scheduled, now, None, Action::Claim),
            (Stage::Purging, before, Some(after), Action::Wait),
            (Stage::Purging, before, Some(now), Action::TakeOver),
            (Stage::Done, before, None, Action::Nothing),
        ] {
            assert_eq!(action(&deletion(stage, due_at, lease), now), expected, "{stage:?}");
        }
    }
}
