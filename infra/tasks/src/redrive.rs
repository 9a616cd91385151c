//! Publishing what the outbox holds once more: after the bus was away for longer than the stream keeps anything, or after a
//! consumer was mended whose queue nobody wants to look through.
//!
//! Consumers know events by their id, for 35 days: what was handled is not handled again. The outbox holds a week.
//!
//! The table is read whole, page by page: nothing indexes the outbox, because nobody should pay for that with every write.

use std::time::Duration;

use events::Outbox;
use function::Boot;
use kernel::{Env, Sys, Time};
use outbox_relay::bus::{Bus, BusEntry, PUT_MAX, PutResult};
use store::{Item as _, Row, Table};

use crate::Failure;

/// Items that are looked at in one call.
const PAGE: u32 = 1_000;
/// How often an event is put that is not taken, and how long it waits before that: longer each time.
const TRIES: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Which events: those that happened from the first moment on and before the second.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// From.
    pub since: Time,
    /// Until; none means those of this moment, too.
    pub until: Option<Time>,
}

impl Window {
    fn has(self, at: Time) -> bool {
        self.since <= at && self.until.is_none_or(|until| at < until)
    }
}

/// What became of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many there are in the window.
    pub found: u64,
    /// How many are on the bus.
    pub published: u64,
    /// Those that will never be on it.
    pub poisoned: Vec<String>,
    /// How many the bus did not take.
    pub refused: u64,
}

/// Publishes the events of a window, or only counts them when it is `dry`. `env` has the credentials and, unless they are those
/// of AWS itself, the endpoints.
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

/// What is in the window, with its id.
fn entries(rows: Vec<Row>, window: Window, report: &mut Report) -> Vec<(String, BusEntry)> {
    let mut entries = Vec::new();
    for row in rows {
        // What cannot be read has no moment either: it is told of in any case.
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
                PutResult::Taken => report.published = report.published.saturating_add(1),
                PutResult::Never(_) => report.poisoned.push(one.0.clone()),
                PutResult::Later(_) => later.push(one),
            }
        }
        left = later;
        if left.is_empty() {
            return;
        }
    }
    report.refused = report.refused.saturating_add(u64::try_from(left.len()).unwrap_or(u64::MAX));
}
