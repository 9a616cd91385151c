//! Sends the notices that were held back because the person had just received one of the same kind. They are due an hour after that one,
//! also if there are no further events.
//!
//! A notice is leased while it is sent, and recorded afterwards. If a run is killed in between, the notice is sent again after the lease:
//! twice is better than not at all. The next run sends what this run has no time for.

use std::time::Duration;

use accounts::user::User;
use function::{Context, Failure};
use outbound::{Happened, Repeated};
use serde::Serialize;
use store::StoreError;

use crate::{
    State, notice,
    throttle::{Due, NoticeThrottle, due},
};

/// The most items of one page of the index.
const PAGE: u32 = 25;
/// No further notice is begun when less time than this is left of the invocation.
const MARGIN: Duration = Duration::from_secs(15);

/// The result of a run.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// Notices that were sent.
    sent: u64,
    /// Notices that could not be sent in this run.
    failed: u64,
}

/// Sends the notices that are due.
pub(crate) async fn deliver(s: &State, context: &Context) -> Result<Report, Failure> {
    let (now, mut report, mut after) = (s.sys.now(), Report::default(), None);
    loop {
        let Due { notices, next } = due(&s.table, now, PAGE, after).await?;
        for held in notices {
            if !context.has_left(MARGIN) {
                return Ok(report);
            }
            match Box::pin(send_held(s, held)).await {
                Ok(done) => report.sent = report.sent.saturating_add(done.into()),
                Err(e) => {
                    tracing::error!(error = %e, "a delayed notice could not be sent");
                    report.failed = report.failed.saturating_add(1);
                }
            }
        }
        after = next;
        if after.is_none() {
            break;
        }
    }
    // Failed notices stay due for the next run. The error sets off an alarm.
    if report.failed > 0 { Err(format!("{} notices could not be sent", report.failed).into()) } else { Ok(report) }
}

/// Sends one notice. False if another run has sent it.
async fn send_held(s: &State, held: Result<NoticeThrottle, StoreError>) -> Result<bool, Failure> {
    let Some(held) = held?.lease(&s.table, s.sys.now()).await? else { return Ok(false) };
    let sent = async {
        // The account was deleted.
        let Some(person) = s.table.get::<User>(User::key_of(held.user)).await? else { return Ok(()) };
        let repeated = Repeated { times: held.held, since: held.told_at, last: held.last_at.unwrap_or(held.told_at) };
        notice::deliver(s, &person, held.contact(), held.notice, Happened::Often(repeated)).await
    };
    if let Err(failure) = sent.await {
        held.release(&s.table, s.sys.now()).await;
        return Err(failure);
    }
    held.settle(&s.table, s.sys.now()).await?;
    Ok(true)
}
