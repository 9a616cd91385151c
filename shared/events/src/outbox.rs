//! The outbox: an event as an item, written with the fact it tells.

use std::time::Duration;

use kernel::{Sys, Time, id::EventId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use store::{About, Item, Key, Personal, Tx};

#[cfg(doc)]
use crate::Envelope;
use crate::Event;

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

    /// The `detail` on the bus: an [`Envelope`], whose event is passed on as it is, known here or not.
    ///
    /// # Errors
    /// If the event is not JSON.
    pub fn detail(&self) -> Result<String, serde_json::Error> {
        let event: &RawValue = serde_json::from_str(&self.event)?;
        serde_json::to_string(&Detail { id: self.id, at: self.at, event })
    }
}

/// [`Envelope`], before its event is understood.
#[derive(Serialize)]
struct Detail<'a> {
    id: EventId,
    at: Time,
    event: &'a RawValue,
}

impl Item for Outbox {
    const KIND: &'static str = "outbox";
    const ABOUT: About = About::at("OUTBOX#{event}", "OUTBOX", Personal::Withheld("an event, which has ids only")).expires();
    fn key(&self) -> Key {
        Key::new(format!("OUTBOX#{}", self.id), "OUTBOX")
    }
    fn expires(&self) -> Option<Time> {
        Some(self.at + KEPT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Envelope;

    #[test]
    fn what_goes_onto_the_bus_is_an_envelope_also_of_events_unknown_here() {
        let sys = Sys::real();
        let event = Event::PresenceChanged { room: sys.id() };
        let json = serde_json::to_string(&event).unwrap();
        let mut outbox = Outbox { id: sys.id(), at: sys.now(), event: json, name: event.name().to_owned() };
        let envelope: Envelope = serde_json::from_str(&outbox.detail().unwrap()).unwrap();
        assert_eq!(envelope, Envelope { id: outbox.id, at: outbox.at, event });
        outbox.event = r#"{"name":"of_tomorrow"}"#.to_owned();
        assert!(outbox.detail().unwrap().ends_with(r#""event":{"name":"of_tomorrow"}}"#));
        outbox.event = "{".to_owned();
        assert!(outbox.detail().is_err());
    }
}
