//! The outbox: an event as an item, written with the fact it tells.

use std::time::Duration;

use kernel::{Sys, Time, id::EventId};
use serde::{Deserialize, Serialize};
use store::{Item, Key, Tx};

use crate::{Envelope, Event};

/// How long the item stays after it was relayed, for a look back when something went wrong.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// An event on its way out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outbox {
    /// Its id on the bus.
    pub id: EventId,
    /// When it happened.
    pub at: Time,
    /// What happened, as JSON: the stream delivers it without the relay having to know its shape.
    pub event: String,
    /// The name on the bus.
    pub name: String,
}

impl Outbox {
    /// Adds `event` to a transaction.
    pub fn add(tx: &mut Tx, sys: &Sys, event: &Event) -> EventId {
        let id = sys.id();
        let json = serde_json::to_string(event).unwrap_or_default();
        tx.create(&Self { id, at: sys.now(), event: json, name: event.name().to_owned() });
        id
    }

    /// The event as it goes onto the bus.
    ///
    /// # Errors
    /// If the event does not decode: a defect, or an item of a newer deployment.
    pub fn envelope(&self) -> Result<Envelope, serde_json::Error> {
        Ok(Envelope { id: self.id, at: self.at, event: serde_json::from_str(&self.event)? })
    }
}

impl Item for Outbox {
    const KIND: &'static str = "outbox";
    fn key(&self) -> Key {
        Key::new(format!("OUTBOX#{}", self.id), "OUTBOX")
    }
    fn expires(&self) -> Option<Time> {
        Some(self.at + KEPT)
    }
}
