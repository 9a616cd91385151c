//! Deletes an account step by step, until none of its data is left.
//!
//! The sweep has claimed and closed the account before. Each step (`steps`) is idempotent and recorded when it is done, so that a run after
//! a killed one continues with the first unfinished step. A lease prevents a second run at the same time, and the fallback restarts a purge
//! whose run was killed. A run that is short of time sends the same event again, and another run continues. At the end only a tombstone and
//! a receipt remain, which identify nobody.
//!
//! AWS calls: an update to take the lease, one to record each step, and the closing transaction, besides the calls of the steps.

mod steps;

use std::time::Duration;

use accounts::{
    deletion::{self, Deletion, Lease},
    purge::{Purged, Retention},
};
use aws_lambda_events::eventbridge::EventBridgeEvent;
use events::{Envelope, accounts::AccountPurgeDue};
use files::Bucket;
use function::{Boot, Context, Failure, Function, StartError};
use kernel::{Sys, Time};
use messaging::Sockets;
use steps::Step;
use store::Table;

/// Another run continues when less time than this is left of the invocation.
const MARGIN: Duration = Duration::from_secs(20);
/// The lease is renewed after this time.
const RENEWAL: Duration = Duration::from_secs(300);

events::hears! { AccountPurgeDue }

/// The state of the function: its clients, keys and settings.
#[derive(Clone)]
struct State {
    table: Table,
    sys: Sys,
    bucket: Bucket,
    sockets: Sockets,
    /// How long records of orders and payments are kept.
    records: Retention,
}

/// Reads the configuration.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let state = boot.env.read(|r| State {
        table: Table::read(r, &aws, &sys),
        bucket: Bucket::from_env(r, &aws),
        sockets: Sockets::read(r, &aws),
        records: Retention::read(r),
        sys: sys.clone(),
    })?;
    state.table.warm_up().await;
    Ok(Function::new(state, |s, event: EventBridgeEvent<Envelope<Heard>>, context| async move { purge(&s, &context, event.detail).await }))
}

/// Returns the names of the steps, in their order.
pub fn steps() -> impl Iterator<Item = &'static str> {
    steps::ALL.iter().map(|step| step.name)
}

async fn purge(s: &State, context: &Context, envelope: Envelope<Heard>) -> Result<(), Failure> {
    let Heard::AccountPurgeDue(AccountPurgeDue { user, deletion }) = envelope.event;
    // Lambda's retries of an invocation have the same request id, so a retry gets the lease of the killed run at once.
    match deletion::acquire_lease(&s.table, s.sys.now(), user, deletion, &context.request_id).await? {
        Lease::Acquired(mut deletion) => {
            let outcome = run(s, context, &mut deletion).await;
            if outcome.is_err() {
                deletion
                    .release(&s.table)
                    .await
                    .unwrap_or_else(|e| tracing::warn!(error = %e, "the lease of a deletion could not be released"));
            }
            outcome
        }
        // Another run has the lease. If it is killed, the fallback restarts the purge.
        lease @ (Lease::HeldByAnother | Lease::NothingToDo) => {
            tracing::info!(deletion.id = %deletion, why = ?lease, "skipped");
            Ok(())
        }
    }
}

async fn run(s: &State, context: &Context, deletion: &mut Deletion) -> Result<(), Failure> {
    for step in &steps::ALL {
        if deletion.steps.iter().any(|done| done == step.name) {
            continue;
        }
        if !run_step(s, context, deletion, step).await? {
            deletion.hand_over(&s.table, &s.sys).await?;
            tracing::info!(deletion.id = %deletion.id, step = step.name, "no time left: another run continues");
            return Ok(());
        }
        deletion.record_step(&s.table, s.sys.now(), step.name).await?;
    }
    if deletion.finish(&s.table, s.sys.now()).await? {
        tracing::info!(deletion.id = %deletion.id, "nothing is left of the account");
    }
    Ok(())
}

/// Repeats a step until it has nothing left to delete. False if the time was too short.
async fn run_step(s: &State, context: &Context, deletion: &Deletion, step: &Step) -> Result<bool, Failure> {
    let mut renewed: Time = s.sys.now();
    loop {
        if !context.has_left(MARGIN) {
            return Ok(false);
        }
        if s.sys.now().since(renewed) > RENEWAL {
            renewed = s.sys.now();
            deletion.renew(&s.table, renewed).await?;
        }
        if (step.run)(s, deletion).await? == Purged::Done {
            return Ok(true);
        }
    }
}
