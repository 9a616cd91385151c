//! Files that arrived and were not processed: their event was lost, or given up. Whatever is processed is deleted from where clients
//! put it, so what stays there has to be processed. And files for messages that were sent with none within an hour: they are deleted.
//!
//! AWS calls: one list of up to a thousand files, which is usually empty, and those of processing for each file; one query of the files
//! that are due, and those of deleting for each. Once an hour a write, by which staff see that it runs.

use std::time::Duration;

use files::{Listed, Upload};
use function::{Context, Failure};
use serde::Serialize;

use crate::{MARGIN, State, arrived, end};

/// The age from which a file is processed here. Younger ones are left to their event.
const WAIT: Duration = Duration::from_secs(300);

/// The result of a run.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Files that were published or refused, or deleted because they had been before.
    found: u64,
    /// Files that could not be processed in this run.
    failed: u64,
    /// Files for messages that were deleted, because they were in none.
    ended: u64,
}

/// Processes the files that their events have left. A file that fails does not keep the others from it; the next run tries again.
pub async fn reconcile(s: &State, context: &Context) -> Result<Report, Failure> {
    let (now, mut report, mut after) = (s.sys.now(), Report::default(), None);
    loop {
        let Listed { objects, next } = s.bucket.list(Upload::INCOMING, after.as_deref()).await?;
        for object in objects.into_iter().filter(|object| now.since(object.written_at) >= WAIT) {
            if !context.has_left(MARGIN) {
                return Ok(report);
            }
            match arrived(s, &object.key).await {
                Ok(()) => report.found = report.found.saturating_add(1),
                Err(e) => {
                    tracing::error!(error = %e, key = object.key, "a file that was left could not be processed");
                    report.failed = report.failed.saturating_add(1);
                }
            }
        }
        after = next;
        if after.is_none() {
            break;
        }
    }
    report.ended = end::unsent(s, context).await?;
    let Report { found, failed, .. } = report;
    if found > 0 {
        tracing::warn!(found, "files were left by their events");
    }
    // The platform retries soon, and an alarm counts errors.
    if failed > 0 { Err(format!("{failed} files could not be processed").into()) } else { Ok(report) }
}
