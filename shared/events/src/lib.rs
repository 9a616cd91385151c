//! Domain events: what happened, told in the transaction that made it happen, and heard at least once.
//!
//! A function adds [`Outbox`] items to its transaction. The table's stream hands them to `outbox-relay`, which puts them on
//! the bus as an [`Envelope`]; rules bring them to consumers. Every consumer is idempotent: by nature, or by [`once`].
//! Events carry ids only, no personal data and no secrets.

mod consumer;
mod event;
mod outbox;

pub use consumer::{Once, once, part};
pub use event::{Envelope, Event, Notice};
pub use outbox::Outbox;

store::items![consumer::Done, outbox::Outbox];

/// The `source` of our events on the bus.
pub const SOURCE: &str = "stoa";
