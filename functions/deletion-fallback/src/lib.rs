//! At another phase than the sweep and from the table itself, finishes what sweep or purge have left.
//!
//! It looks through the base table, because an index may lag or lack what it should have. What is due and was never claimed
//! it claims; what was begun and has no living run it hands to another. A run takes a bounded part and notes where it
//! stopped; the next goes on from there, or begins anew behind the end. It also measures how late the latest is: an
//! error in the log sets off an alarm.
//!
//! AWS calls: a read of where to go on and one scan for each thousand items, a write after each but the last, and one
//! transaction for each account that needed it. On a small table: two.

mod checkpoint;

use std::time::Duration;

use accounts::deletion::{self, Deletion, Stage};
use checkpoint::Checkpoint;
use function::{Boot, Context, Failure, Figures, Function, StartError};
use kernel::{Sys, Time};
use serde::{Serialize, de::IgnoredAny};
use store::{Item as _, Row, StoreError, Table};

/// Items in one scan; DynamoDB stops it at 1 MB in any case.
const PAGE: u32 = 1_000;
/// Scans in one run, each of 1 MB at most.
pub const MOST: u32 = 200;
/// So long before the platform ends the run nothing more is begun.
const MARGIN: Duration = Duration::from_secs(30);
/// An account that has been due for longer than this is told to operators: eight runs of either function have left it.
const LATE: Duration = Duration::from_secs(7_200);
/// What is assumed to be left where the platform does not say.
const UNTOLD: Duration = Duration::from_secs(60);

/// What this function may touch.
#[derive(Clone)]
struct State {
    table: Table,
    sys: Sys,
    figures: Figures,
}

/// What a run came to.
#[derive(Debug, Default, Serialize)]
struct Report {
    /// Deletions that were looked at, done ones too.
    examined: u64,
    /// Accounts that were due and that this run handed to the purge.
    claimed: u64,
    /// Begun deletions that this run handed to another.
    taken_over: u64,
    /// Deletions that could not be judged or moved on, for now.
    failed: u64,
    /// How long the latest that is not done has been due.
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
    let figures = Figures::new(&boot);
    let state = boot.env.read(|r| State { table: Table::new(&aws, &sys, &r.need("TABLE_NAME")), sys: sys.clone(), figures })?;
    state.table.warm_up().await;
    Ok(Function::new(move |_: IgnoredAny, context| {
        let state = state.clone();
        async move { look_through(&state, &context).await }
    }))
}

async fn look_through(s: &State, context: &Context) -> Result<Report, Failure> {
    let mut report = Report::default();
    let mut checkpoint = Checkpoint::load(&s.table).await?;
    let mut at = checkpoint.key();
    for _ in 0..MOST {
        if context.remaining(UNTOLD) < MARGIN {
            break;
        }
        let (rows, next) = s.table.scan(Deletion::KIND, PAGE, at.as_ref()).await?;
        for row in rows {
            look_at(s, row, &mut report).await;
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
    // An alarm goes off where these stop.
    s.figures.report_of("TableName", s.table.name(), &[("DeletionRuns", 1)]);
    Ok(report)
}

async fn look_at(s: &State, row: Row, report: &mut Report) {
    report.examined = report.examined.saturating_add(1);
    match move_on(s, row, report).await {
        Ok(()) => {}
        Err(e) => {
            tracing::error!(error = %e, "a deletion could not be moved on");
            report.failed = report.failed.saturating_add(1);
        }
    }
}

async fn move_on(s: &State, row: Row, report: &mut Report) -> Result<(), StoreError> {
    let deletion: Deletion = row.decode()?;
    let now = s.sys.now();
    let (counter, moved) = match need(&deletion, now) {
        Need::Nothing => return Ok(()),
        Need::Patience => (None, false),
        Need::Claim => (Some(&mut report.claimed), deletion::claim(&s.table, &s.sys, &deletion).await?),
        Need::TakeOver => (Some(&mut report.taken_over), deletion::take_over(&s.table, &s.sys, &deletion).await?),
    };
    if let Some(counter) = counter {
        *counter = counter.saturating_add(moved.into());
    }
    report.overdue_seconds = report.overdue_seconds.max(now.since(deletion.due_at).as_secs());
    Ok(())
}

/// What a deletion needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// It is not due, or done.
    Nothing,
    /// Somebody works at it.
    Patience,
    /// It is due and was never begun.
    Claim,
    /// It was begun, and nobody works at it any more.
    TakeOver,
}

fn need(deletion: &Deletion, now: Time) -> Need {
    match deletion.stage {
        Stage::Scheduled if deletion.due_at <= now => Need::Claim,
        Stage::Scheduled | Stage::Done => Need::Nothing,
        Stage::Purging if deletion.leased_until.is_none_or(|until| until <= now) => Need::TakeOver,
        Stage::Purging => Need::Patience,
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
            (Stage::Scheduled, after, None, Need::Nothing),
            (Stage::Scheduled, now, None, Need::Claim),
            (Stage::Purging, before, Some(after), Need::Patience),
            (Stage::Purging, before, Some(now), Need::TakeOver),
            (Stage::Done, before, None, Need::Nothing),
        ] {
            assert_eq!(need(&deletion(stage, due_at, lease), now), expected, "{stage:?}");
        }
    }
}
