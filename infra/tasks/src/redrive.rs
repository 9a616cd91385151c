//! `cargo xtask redrive`: publishes the events of the outbox again, after the bus was unavailable for longer than the stream keeps records,
//! or after a consumer that had failed on many events was fixed.
//!
//! Consumers remember the ids of events for 35 days, so no event is processed twice. The outbox keeps events for a week.
//!
//! The whole table is scanned, page by page. The outbox has no index, because an index would make every write more expensive.

use std::time::Duration;

use events::Outbox;
use function::Boot;
use kernel::{Env, Sys, Time};
use outbox_relay::bus::{Bus, BusEntry, PUT_MAX, PutResult};
use store::{Item as _, Row, Table};

use crate::Failure;

/// Items of one call.
const PAGE: u32 = 1_000;
/// How often an event is put if the bus refuses it, and the pause before the first retry. Each pause is longer than the one before.
const TRIES: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The period of the events: from the first moment on and before the second.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// The beginning.
    pub since: Time,
    /// The end, exclusive. `None` means now, inclusive.
    pub until: Option<Time>,
}

impl Window {
    fn has(self, at: Time) -> bool {
        self.since <= at && self.until.is_none_or(|until| at < until)
    }
}

/// The result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The number of events in the period.
    pub found: u64,
    /// The number of published events.
    pub published: u64,
    /// The items that are no valid events.
    pub poisoned: Vec<String>,
    /// The number of events that the bus refused.
    pub refused: u64,
}

/// Publishes the events of a period, or only counts them if `dry`. `env` has the credentials and, unless it is AWS itself, the
/// endpoints.
///
/// # Errors
/// If the table cannot be read.
pub async fn redrive(env: Env, stack: &str, window: Window, dry: bool) -> Result<Report, Failure> {
    let aws = Boot { env, sys: Sys::real(), http: function::http_client()? }.aws()?;
    let table = Table::new(&aws, &Sys::real(), &format!("{stack}-state"));
    let bus = Bus::new(&aws, stack);
    let (mut report, mut after) = (Report::default(), None);
    loop {
        let (rows, next) = table.scan(Outbox::KIND, PAGE, after.as_ref()).await?;
        let entries = entries(rows, window, &mut report);
        if !dry {
            for batch in entries.chunks(PUT_MAX) {
                put(&bus, batch, &mut report).await;
            }
        }
        after = next;
        if after.is_none() {
            return Ok(report);
        }
    }
}

/// Returns the events in the period, with their ids.
fn entries(rows: Vec<Row>, window: Window, report: &mut Report) -> Vec<(String, BusEntry)> {
    let mut entries = Vec::new();
    for row in rows {
        // An item that cannot be read has no time, so it is always reported.
        let Ok(outbox) = row.decode::<Outbox>() else {
            report.poisoned.push("an item that cannot be read".to_owned());
            continue;
        };
        if !window.has(outbox.at) {
            continue;
        }
        report.found = report.found.saturating_add(1);
        let id = outbox.id.to_string();
        match BusEntry::of(outbox) {
            Some(entry) => entries.push((id, entry)),
            None => report.poisoned.push(id),
        }
    }
    entries
}

async fn put(bus: &Bus, batch: &[(String, BusEntry)], report: &mut Report) {
    let mut left: Vec<&(String, BusEntry)> = batch.iter().collect();
    let mut pause = FIRST_PAUSE;
    for again in 0..TRIES {
        if again > 0 {
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2);
        }
        let answers = bus.put(&left.iter().map(|(_, entry)| entry).collect::<Vec<_>>()).await;
        let mut later = Vec::new();
        for (one, answer) in left.into_iter().zip(answers) {
            match answer {
                PutResult::Accepted => report.published = report.published.saturating_add(1),
                PutResult::Invalid(_) => report.poisoned.push(one.0.clone()),
                PutResult::Retry(_) => later.push(one),
            }
        }
        left = later;
        if left.is_empty() {
            return;
        }
    }
    report.refused = report.refused.saturating_add(u64::try_from(left.len()).unwrap_or(u64::MAX));
}
