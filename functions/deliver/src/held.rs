//! Notices that were held back because the person had just received one of the same kind. They are sent when the hour is over,
//! whether or not it happens again.
//!
//! Each one is leased while it is sent, and recorded when it was. If a run is killed in between it is sent again after the
//! lease: twice is better than not at all. The rest of a run is due for the next one.

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

/// Maximum items of one page of the index.
const PAGE: u32 = 25;
/// No further work is begun when less than this is left of the invocation.
const MARGIN: Duration = Duration::from_secs(15);

/// The result of a run.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// Notices that were sent, each for a person and a kind.
    told: u64,
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
    // The platform retries soon, and an alarm counts errors.
    if report.failed > 0 { Err(format!("{} notices could not be sent", report.failed).into()) } else { Ok(report) }
}

/// Whether this run sent it.
async fn one(s: &State, held: Result<NoticeThrottle, StoreError>) -> Result<bool, Failure> {
    let Some(held) = held?.lease(&s.table, s.sys.now()).await? else { return Ok(false) };
    let sent = async {
        // The account is gone, so there is nobody to notify.
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
