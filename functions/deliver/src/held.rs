//! What was held back because a person had just been told the same: told once an hour is over, whether or not it happens again.
//!
//! Each is leased while it is sent and settled when it was. Cut off in between it is sent again once the lease has ended: told twice
//! is better than not at all. What one run leaves is due for the next.

use std::time::Duration;

use accounts::user::User;
use function::{Context, Failure};
use outbound::Repeated;
use serde::Serialize;
use store::StoreError;

use crate::{
    State, notice,
    told::{Due, Told, due},
};

/// Items of one page of the index.
const PAGE: u32 = 25;
/// So long before the platform ends the run nothing more is begun.
const MARGIN: Duration = Duration::from_secs(15);
/// What is assumed to be left where the platform does not say.
const UNTOLD: Duration = Duration::from_secs(60);

/// What a run came to.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// People and kinds that were told.
    told: u64,
    /// Those that could not be, for now.
    failed: u64,
}

/// Tells what is due.
pub(crate) async fn tell(s: &State, context: &Context) -> Result<Report, Failure> {
    let (now, mut report, mut after) = (s.sys.now(), Report::default(), None);
    loop {
        let Due { told, next } = due(&s.table, now, PAGE, after).await?;
        for held in told {
            if context.remaining(UNTOLD) < MARGIN {
                return Ok(report);
            }
            match Box::pin(one(s, held)).await {
                Ok(done) => report.told = report.told.saturating_add(done.into()),
                Err(e) => {
                    tracing::error!(error = %e, "what was held back could not be told");
                    report.failed = report.failed.saturating_add(1);
                }
            }
        }
        after = next;
        if after.is_none() {
            break;
        }
    }
    // The platform tries again soon, and an alarm counts errors.
    if report.failed > 0 { Err(format!("{} notices could not be sent", report.failed).into()) } else { Ok(report) }
}

/// Whether this run told it.
async fn one(s: &State, held: Result<Told, StoreError>) -> Result<bool, Failure> {
    let Some(held) = held?.lease(&s.table, s.sys.now()).await? else { return Ok(false) };
    let sent = async {
        // Nobody is left to be told once the account is gone.
        let Some(person) = s.table.get::<User>(User::key_of(held.user)).await? else { return Ok(()) };
        let repeated = Repeated { times: held.held, since: held.told_at, last: held.last_at.unwrap_or(held.told_at) };
        notice::tell(s, &person, held.contact(), held.notice, Some(repeated)).await
    };
    if let Err(failure) = sent.await {
        held.release(&s.table, s.sys.now()).await;
        return Err(failure);
    }
    held.settle(&s.table, s.sys.now()).await?;
    Ok(true)
}
