//! The tools of end-to-end tests: a local cloud for each test, clients for HTTP and WebSocket, a clock that tests move, and an inbox that
//! they read. No tool sleeps: tests wait for events.

mod app;
mod authenticator;
mod browser;
mod caller;
mod cloud;
mod contract;
mod logs;
mod members;
mod socket;

pub use app::App;
pub use authenticator::{Assertion, Authenticator};
pub use browser::Browser;
pub use caller::{Caller, Reply};
pub use cloud::Cloud;
pub use contract::{document, inflated, resolved};
pub use logs::{logged, observed};
pub use members::PASSWORD;
pub use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
pub use socket::{Refused, Socket};

/// Bytes of a block of SHA-256.
const BLOCK: usize = 64;

/// Solves the challenge of a `proof_of_work_required`, and returns the value of the header.
///
/// # Panics
/// If the answer has no challenge.
#[must_use]
pub fn work(problem: &Value) -> String {
    let (challenge, difficulty) =
        (problem["challenge"].as_str().expect("a challenge"), problem["difficulty"].as_u64().expect("a difficulty"));
    // The challenge is padded to full blocks of the digest, and their state is computed once. Each attempt then hashes one more block.
    let begun = format!("{challenge}.");
    let begun = format!("{begun}{}", "1".repeat(begun.len().next_multiple_of(BLOCK).saturating_sub(begun.len())));
    let hashed = Sha256::new().chain_update(&begun);
    let zeros = |number: &u64| {
        let digest = hashed.clone().chain_update(number.to_string()).finalize();
        u64::from(u128::from_be_bytes(digest[..16].try_into().expect("a digest")).leading_zeros())
    };
    let number = (0_u64..=u64::MAX).find(|number| zeros(number) >= difficulty).expect("a number");
    format!("{begun}{number}")
}

/// Returns a code that differs from this one.
///
/// # Panics
/// If the code is empty.
#[must_use]
pub fn wrong(code: &str) -> String {
    let last = if code.ends_with('0') { '1' } else { '0' };
    format!("{}{last}", &code[..code.len() - 1])
}

/// How long tests wait for an event. It only ends tests that would hang, so it is longer than the slowest machine needs.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(300);

/// An hour.
pub const HOUR: std::time::Duration = std::time::Duration::from_secs(3600);
/// A day.
pub const DAY: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

/// Starts `n` tasks at the same moment and returns their results.
pub async fn race<T, F, Fut>(n: usize, task: F) -> Vec<T>
where
    T: Send + 'static,
    F: Fn(usize) -> Fut,
    Fut: Future<Output = T> + Send + 'static,
{
    let gate = std::sync::Arc::new(tokio::sync::Barrier::new(n));
    let tasks: Vec<_> = (0..n)
        .map(|i| {
            let (gate, task) = (gate.clone(), task(i));
            tokio::spawn(async move {
                gate.wait().await;
                task.await
            })
        })
        .collect();
    let mut results = Vec::with_capacity(n);
    for task in tasks {
        results.push(task.await.expect("no racer panics"));
    }
    results
}
