//! The rate limits of the functions and gateways. They apply as on AWS, until a developer lifts them for a run: a suite of tests in a
//! browser registers more people from one address than the limits allow.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the limits are lifted: those that gateways count, those that functions count in the table, and the one that functions
/// count in memory.
#[derive(Debug, Default)]
pub struct Limits(AtomicBool);

impl Limits {
    /// Returns the limits, lifted or not.
    #[must_use]
    pub fn new(lifted: bool) -> Self {
        Self(AtomicBool::new(lifted))
    }

    /// Returns whether they are lifted.
    #[must_use]
    pub fn lifted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Lifts the limits, or applies them again.
    pub fn lift(&self, lifted: bool) {
        self.0.store(lifted, Ordering::Relaxed);
    }
}
