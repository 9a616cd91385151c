//! The log lines of invocations in this process, kept with the request or event that caused them.
//!
//! The host of functions runs each invocation within its [`Lines`]. The [`layer`] of the process's subscriber adds every log line
//! to the lines of the invocation that writes it. Without that layer, and for functions in other processes, the lines stay empty.

use std::{
    collections::BTreeMap,
    fmt::Debug,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use serde::Serialize;
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, filter::filter_fn, layer::Context, registry::LookupSpan};

/// The most bytes of the lines of one invocation. Later lines are only counted.
const MAX_BYTES: usize = 16 * 1024;
/// The most characters of a message or of the value of a field.
const MAX_TEXT: usize = 1_000;

tokio::task_local! {
    static CURRENT: Lines;
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// Milliseconds of real time since the lines were begun, just before the invocation.
    pub after_ms: u64,
    /// `INFO`, `WARN` or `ERROR`.
    pub level: &'static str,
    /// The message.
    pub message: String,
    /// The fields.
    pub fields: BTreeMap<&'static str, String>,
}

/// The lines of one invocation, oldest first. Cloning shares them.
#[derive(Clone, Debug)]
pub struct Lines(Arc<LinesInner>);

#[derive(Debug)]
struct LinesInner {
    begun: Instant,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    lines: Vec<LogLine>,
    bytes: usize,
    left_out: usize,
}

impl Default for Lines {
    fn default() -> Self {
        Self(Arc::new(LinesInner { begun: Instant::now(), kept: Mutex::default() }))
    }
}

impl Lines {
    /// Runs a future, and keeps its log lines. Those of tasks that it spawns are not kept.
    pub async fn collect<F: Future>(&self, work: F) -> F::Output {
        CURRENT.scope(self.clone(), work).await
    }

    /// Returns the lines so far.
    #[must_use]
    pub fn list(&self) -> Vec<LogLine> {
        self.kept().lines.clone()
    }

    /// Returns the number of lines that were too many to be kept.
    #[must_use]
    pub fn left_out(&self) -> usize {
        self.kept().left_out
    }

    fn push(&self, event: &Event<'_>) {
        let mut kept = self.kept();
        if kept.bytes >= MAX_BYTES {
            kept.left_out = kept.left_out.saturating_add(1);
            return;
        }
        let after_ms = u64::try_from(self.0.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut line = LogLine { after_ms, level: event.metadata().level().as_str(), message: String::new(), fields: BTreeMap::new() };
        event.record(&mut line);
        kept.bytes = kept.bytes.saturating_add(line.size());
        kept.lines.push(line);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LogLine {
    /// Returns the approximate memory of the line, in bytes.
    fn size(&self) -> usize {
        let fields = self.fields.values().map(String::len);
        fields.fold(size_of::<Self>().saturating_add(self.message.len()), usize::saturating_add)
    }
}

impl Visit for LogLine {
    fn record_str(&mut self, field: &Field, value: &str) {
        let value: String = value.chars().take(MAX_TEXT).collect();
        if field.name() == "message" {
            self.message = value;
        } else {
            self.fields.insert(field.name(), value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

/// Returns the part of a subscriber that keeps log lines, from `INFO` on as on AWS.
#[must_use]
pub fn layer<S: Subscriber + for<'a> LookupSpan<'a>>() -> impl Layer<S> {
    LineCollector.with_filter(filter_fn(|about| *about.level() <= Level::INFO))
}

struct LineCollector;

impl<S: Subscriber> Layer<S> for LineCollector {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        // Outside of an invocation there are no lines to add to.
        CURRENT.try_with(|lines| lines.push(event)).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::{layer::SubscriberExt as _, registry};

    use super::*;

    #[tokio::test]
    async fn each_invocation_keeps_its_own_lines() {
        let _here = tracing::subscriber::set_default(registry().with(layer()));
        let (ana, bea) = (Lines::default(), Lines::default());
        let work = |name: &'static str| async move {
            tracing::info!(user = name, "one");
            tokio::task::yield_now().await;
            tracing::debug!("nobody reads this");
            tracing::warn!("two of {name}");
        };
        tokio::join!(ana.collect(work("ana")), bea.collect(work("bea")));
        tracing::info!("of no invocation");
        let of = |lines: &Lines| lines.list().into_iter().map(|l| format!("{} {} {:?}", l.level, l.message, l.fields)).collect::<Vec<_>>();
        assert_eq!(of(&ana), [r#"INFO one {"user": "ana"}"#, "WARN two of ana {}"]);
        assert_eq!(of(&bea), [r#"INFO one {"user": "bea"}"#, "WARN two of bea {}"]);
    }

    #[tokio::test]
    async fn a_talkative_invocation_uses_little_memory() {
        let _here = tracing::subscriber::set_default(registry().with(layer()));
        let lines = Lines::default();
        let long = "x".repeat(MAX_TEXT + 1);
        let work = async { (0..100).for_each(|_| tracing::info!(long, "again")) };
        lines.collect(work).await;
        let kept = lines.list().len();
        assert!((10..=16).contains(&kept) && kept.saturating_add(lines.left_out()) == 100, "{kept}");
        assert!(lines.list().iter().all(|line| line.fields.values().all(|value| value.len() == MAX_TEXT)));
    }
}
