//! What an end-to-end test is written with: a cloud of its own, callers that speak HTTP and WebSocket, a clock to move and
//! an inbox to read. Nothing here sleeps; what has not happened yet is waited for.

mod app;
mod authenticator;
mod browser;
mod caller;
mod cloud;
mod contract;
mod logs;
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

/// Does what a `proof_of_work_required` asks for, and returns what the header takes.
///
/// # Panics
/// If it asks for something else.
#[must_use]
pub fn work(problem: &Value) -> String {
    let (challenge, difficulty) =
        (problem["challenge"].as_str().expect("a challenge"), problem["difficulty"].as_u64().expect("a difficulty"));
    let begun = Sha256::new().chain_update(challenge).chain_update(".");
    let zeros = |number: &u64| {
        let digest = begun.clone().chain_update(number.to_string()).finalize();
        u64::from(u128::from_be_bytes(digest[..16].try_into().expect("a digest")).leading_zeros())
    };
    let number = (0_u64..=u64::MAX).find(|number| zeros(number) >= difficulty).expect("a number");
    format!("{challenge}.{number}")
}

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
