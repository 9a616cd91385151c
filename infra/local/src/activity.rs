//! Pending work: deliveries, asynchronous invocations, stream records that are not handled yet, moves of the clock.
//!
//! A call that causes such work takes a [`Guard`] before it is answered, and the guard is dropped when the work is done. The system is idle
//! when no guard is held. Tests wait for that instead of sleeping.

use std::sync::Arc;

use tokio::sync::watch;

/// Counts pending work. Cloning shares it.
#[derive(Clone, Default)]
pub struct Activity(Arc<watch::Sender<usize>>);

/// A piece of pending work. It is done when this value is dropped.
pub struct Guard(Arc<watch::Sender<usize>>);

impl Activity {
    /// Counts a new piece of work.
    #[must_use]
    pub fn begin(&self) -> Guard {
        self.0.send_modify(|n| *n = n.saturating_add(1));
        Guard(Arc::clone(&self.0))
    }

    /// Returns as soon as no work is pending.
    pub async fn quiet(&self) {
        // The sender is part of `self`, so waiting cannot fail.
        drop(self.0.subscribe().wait_for(|n| *n == 0).await);
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.send_modify(|n| *n = n.saturating_sub(1));
    }
}
