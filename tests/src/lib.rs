//! What an end-to-end test is written with: a cloud of its own, callers that speak HTTP and WebSocket, a clock to move and
//! an inbox to read. Nothing here sleeps; what has not happened yet is waited for.

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
pub use cloud::{Cloud, PASSWORD};
pub use contract::{document, inflated, resolved};
pub use logs::logged;
pub use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
pub use socket::{Refused, Socket};

/// Bytes of a block of SHA-256.
const BLOCK: usize = 64;

/// Does what a `proof_of_work_required` asks for, and returns what the header takes.
///
/// # Panics
/// If it asks for something else.
#[must_use]
pub fn work(problem: &Value) -> String {
    let (challenge, difficulty) =
        (problem["challenge"].as_str().expect("a challenge"), problem["difficulty"].as_u64().expect("a difficulty"));
    // Digits that fill a block of the digest: what is tried is then always another block, and the rest is computed once.
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

/// How long what must happen is waited for. It ends tests that would hang, and measures nothing: no machine is this slow.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(300);

/// How far tests move the clock, mostly.
pub const HOUR: std::time::Duration = std::time::Duration::from_secs(3600);
/// See there.
pub const DAY: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

/// Lets `n` tasks go at the same moment and collects what each of them came to.
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
