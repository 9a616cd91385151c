//! A dead letter: an event that a function has given up.

use std::time::Duration;

use events::Outbox;
use kernel::{Time, id::DeadLetterId};
use serde::{Deserialize, Serialize};
use store::{About, Item, Key, Personal};

/// How long a letter is kept: as long as the queue keeps a message.
const KEPT: Duration = Duration::from_secs(14 * 24 * 3600);
/// The partition of all letters.
pub(crate) const PARTITION: &str = "DEAD_LETTERS";

/// An event that a function has given up.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DeadLetter {
    /// The id, which has the time at which the event was given up.
    pub id: DeadLetterId,
    /// When the event was given up.
    pub at: Time,
    /// The name of the function.
    pub function: String,
    /// What it said last.
    pub error: String,
    /// The event as the outbox had it. `None` if it did not come from the bus.
    #[serde(default)]
    pub event: Option<Outbox>,
}

impl DeadLetter {
    /// The key of a letter.
    pub fn key_of(id: DeadLetterId) -> Key {
        Key::new(PARTITION, id.to_string())
    }

    /// Whether it is still kept.
    pub fn is_kept(&self, now: Time) -> bool {
        now < self.at + KEPT
    }
}

impl Item for DeadLetter {
    const KIND: &'static str = "dead_letter";
    const ABOUT: About = About::at(PARTITION, "{letter}", Personal::Withheld("an event, which has ids only")).expires();
    fn key(&self) -> Key {
        Self::key_of(self.id)
    }
    fn expires(&self) -> Option<Time> {
        Some(self.at + KEPT)
    }
}
