//! A dead letter: an event on which a function failed after all retries.

use std::time::Duration;

use events::Outbox;
use kernel::{Time, id::DeadLetterId};
use serde::{Deserialize, Serialize};
use store::{About, Item, Key, Personal};

/// How long a letter is kept: as long as the queue keeps a message.
const KEPT: Duration = Duration::from_secs(14 * 24 * 3600);
/// The partition of all letters.
pub(crate) const PARTITION: &str = "DEAD_LETTERS";

/// An event on which a function failed after all retries.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DeadLetter {
    /// The id, which contains the time of the failure.
    pub id: DeadLetterId,
    /// When the last attempt failed.
    pub at: Time,
    /// The name of the function.
    pub function: String,
    /// The last error.
    pub error: String,
    /// The event as it was in the outbox. `None` if it did not come from the bus.
    #[serde(default)]
    pub event: Option<Outbox>,
}

impl DeadLetter {
    /// Returns the key of a letter.
    pub fn key_of(id: DeadLetterId) -> Key {
        Key::new(PARTITION, id.to_string())
    }

    /// Returns whether the letter has not expired.
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
