//! The events of Stripe that were handled. Stripe delivers each event at least once.

use std::time::Duration;

use kernel::Time;
use serde::{Deserialize, Serialize};
use store::{About, Item, Key, Personal};

/// How long an event is remembered: longer than Stripe repeats it, also on request.
const REMEMBERED: Duration = Duration::from_secs(35 * 24 * 3600);

/// An event of Stripe that was handled. It is written in the transaction of its effect.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HandledEvent {
    /// Stripe's id of the event.
    pub event: String,
    /// When it was handled.
    pub at: Time,
}

impl HandledEvent {
    /// Returns the key of an event.
    #[must_use]
    pub fn key_of(event: &str) -> Key {
        Key::new(format!("STRIPE_EVENT#{event}"), "STRIPE_EVENT")
    }
}

impl Item for HandledEvent {
    const KIND: &'static str = "stripe_event";
    const ABOUT: About = About::at("STRIPE_EVENT#{stripe_event}", "STRIPE_EVENT", Personal::Nobody("the id of an event")).expires();
    fn key(&self) -> Key {
        Self::key_of(&self.event)
    }
    fn expires(&self) -> Option<Time> {
        Some(self.at + REMEMBERED)
    }
}
