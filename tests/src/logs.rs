//! Captures the log lines of the functions.

use std::{
    io,
    sync::{Arc, Mutex},
};

use tokio::runtime::Builder;
use tracing::{Dispatch, Level, Metadata, dispatcher::set_default};
use tracing_subscriber::{Layer as _, filter::filter_fn, fmt, layer::SubscriberExt as _, registry};

/// Logged lines. Clones share them.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody panics here").write(text)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs a future on threads of its own, and returns its result with the log lines of the project's code, down to `DEBUG`. `None` if the
/// functions run in other processes, which log elsewhere.
///
/// # Panics
/// If no thread can be started.
pub fn logged<T>(journey: impl Future<Output = T>) -> Option<(T, String)> {
    std::env::var_os("STOA_TEST_LAMBDA").is_none().then(|| observed(journey))
}

/// As [`logged`], also if the functions run in other processes. Then there are no lines of theirs.
///
/// # Panics
/// If no thread can be started.
pub fn observed<T>(journey: impl Future<Output = T>) -> (T, String) {
    let lines = Lines::default();
    let ours = |m: &Metadata<'_>| m.file().is_some_and(|file| file.starts_with("functions/") || file.starts_with("shared/"));
    let ours = filter_fn(move |m| ours(m) && *m.level() <= Level::DEBUG);
    let writer = lines.clone();
    let kept: Dispatch = registry().with(fmt::layer().with_ansi(false).with_writer(move || writer.clone()).with_filter(ours)).into();
    let _here = set_default(&kept);
    // The guard is kept as long as its thread.
    let begin = move || std::mem::forget(set_default(&kept));
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().on_thread_start(begin).build().expect("threads");
    let outcome = runtime.block_on(journey);
    drop(runtime);
    let lines = lines.0.lock().expect("nobody panics here").clone();
    (outcome, String::from_utf8_lossy(&lines).into_owned())
}
