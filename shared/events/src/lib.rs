//! Domain events. They are written in the transaction of the change that they report, and delivered to consumers at least once.
//!
//! A function adds [`Outbox`] items to its transaction. The table's stream delivers the items to `outbox-relay`, which puts each on the bus
//! as an [`Envelope`]. Rules route it to consumers. Every consumer is idempotent, by its operation or by [`once`]. Events carry ids only,
//! no personal data and no secrets.
//!
//! Each domain of events has a module. A new event is added there, with [`hears!`] of its consumer, a rule in the template, and a sample in
//! `events/<consumer>/`.

pub mod accounts;
mod consumer;
pub mod delivery;
mod event;
pub mod files;
mod notice;
mod outbox;
pub mod people;
pub mod rooms;
pub mod search;
pub mod shop;

pub use consumer::{Once, is_of_bus, mark_part, once};
pub use event::{Envelope, Event, EventType};
pub use notice::Notice;
pub use outbox::Outbox;
#[doc(hidden)]
pub use serde;

store::items![consumer::HandledEvent, outbox::Outbox];

// The code that `hears!` generates uses this name of the crate.
#[cfg(test)]
extern crate self as events;

/// The `source` of our events on the bus.
pub const SOURCE: &str = "stoa";

/// Returns every event of every domain.
pub fn all() -> impl Iterator<Item = &'static EventType> {
    [accounts::EVENTS, delivery::EVENTS, files::EVENTS, people::EVENTS, rooms::EVENTS, search::EVENTS, shop::EVENTS].into_iter().flatten()
}
