//! What is still under way: deliveries, invocations nobody waits for, stream records not yet handled.
//!
//! Whoever causes such work takes a [`Guard`] *before* the call that caused it is answered and drops it when the work is
//! done. Then "no guard is held" means that the system is quiet, without a sleep and without a guess.

use std::sync::Arc;

use tokio::sync::watch;

/// Counts what is under way. Cloning shares it.
#[derive(Clone, Default)]
pub struct Activity(Arc<watch::Sender<usize>>);

/// One piece of work. It ends when this is dropped.
pub struct Guard(Arc<watch::Sender<usize>>);

impl Activity {
    /// Notes that work has begun.
    #[must_use]
    pub fn begin(&self) -> Guard {
        self.0.send_modify(|n| *n = n.saturating_add(1));
        Guard(Arc::clone(&self.0))
    }

    /// Returns as soon as nothing is under way.
    pub async fn quiet(&self) {
        // The sender lives in `self`: waiting cannot fail.
        drop(self.0.subscribe().wait_for(|n| *n == 0).await);
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.send_modify(|n| *n = n.saturating_sub(1));
    }
}
