//! Processes uploaded files whose event was lost or has become a dead letter. A processed file is deleted from `incoming/`, so each file
//! there still has to be processed. Also deletes files for messages that were not sent within an hour.
//!
//! AWS calls: one list of up to a thousand files, which is usually empty, and those of processing for each file; one query of the files
//! that are due, and those of deleting for each. Once an hour a write, by which staff see that it runs.

use std::time::Duration;

use files::{Listed, Upload};
use function::{Context, Failure};
use serde::Serialize;

use crate::{MARGIN, State, end, process_file};

/// Files of this age are processed here. Younger ones are left to their event.
const WAIT: Duration = Duration::from_secs(300);

/// The result of a run.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Files that were processed, or deleted because they had been processed before.
    found: u64,
    /// Files that could not be processed in this run.
    failed: u64,
    /// Files for messages that were deleted because they were not sent.
    ended: u64,
}

/// Processes the files in `incoming/`. A file that fails does not prevent the others; the next run tries again.
pub async fn reconcile(s: &State, context: &Context) -> Result<Report, Failure> {
    let (now, mut report, mut after) = (s.sys.now(), Report::default(), None);
    loop {
        let Listed { objects, next } = s.bucket.list(Upload::INCOMING, after.as_deref()).await?;
        for object in objects.into_iter().filter(|object| now.since(object.written_at) >= WAIT) {
            if !context.has_left(MARGIN) {
                return Ok(report);
            }
            match process_file(s, &object.key).await {
                Ok(()) => report.found = report.found.saturating_add(1),
                Err(e) => {
                    tracing::error!(error = %e, key = object.key, "a remaining file could not be processed");
                    report.failed = report.failed.saturating_add(1);
                }
            }
        }
        after = next;
        if after.is_none() {
            break;
        }
    }
    report.ended = end::delete_unsent(s, context).await?;
    let Report { found, failed, .. } = report;
    if found > 0 {
        tracing::warn!(found, "files without an event were processed");
    }
    // Failed files stay in `incoming/` for the next run. The error sets off an alarm.
    if failed > 0 { Err(format!("{failed} files could not be processed").into()) } else { Ok(report) }
}
