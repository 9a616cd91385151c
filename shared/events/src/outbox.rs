//! The outbox: an event as an item, written in the same transaction as its cause.

use std::time::Duration;

use function::trace;
use kernel::{Sys, Time, id::EventId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use store::{About, Item, Key, Personal, Tx};

#[cfg(doc)]
use crate::Envelope;
use crate::{Event, event::to_json};

/// How long the item is kept after it was relayed, for investigations.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// An event in the outbox.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outbox {
    /// The id of the event.
    pub id: EventId,
    /// When it happened.
    pub at: Time,
    /// The event as JSON, so that the relay does not depend on its type.
    pub event: String,
    /// The name of the event.
    pub name: String,
    /// The request that caused it, directly or through other events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The X-Ray trace in which it was written, which its consumers continue. It is stored because the table's stream does not pass it on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    /// When it was last sent again as a dead letter. The relay publishes an item after each change of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<Time>,
}

/// The maximum length of a trace header (EventBridge). A longer one would make the whole call fail.
const TRACE_MAX: usize = 500;

impl Outbox {
    /// Adds `event` to a transaction.
    pub fn add<E: Event>(tx: &mut Tx, sys: &Sys, event: &E) -> EventId {
        let outbox = Self::of(sys, event);
        tx.create(&outbox);
        outbox.id
    }

    fn of<E: Event>(sys: &Sys, event: &E) -> Self {
        Self {
            id: sys.id(),
            at: sys.now(),
            event: to_json(event).unwrap_or_default(),
            name: E::NAME.to_owned(),
            request_id: trace::request(),
            trace: trace::current().filter(|header| (1..=TRACE_MAX).contains(&header.len())),
            again: None,
        }
    }

    /// Returns the `detail` on the bus: an [`Envelope`] with the unchanged event, even if its type is unknown here.
    ///
    /// # Errors
    /// If the event is not JSON.
    pub fn detail(&self) -> Result<String, serde_json::Error> {
        let event: &RawValue = serde_json::from_str(&self.event)?;
        serde_json::to_string(&Detail { id: self.id, at: self.at, request_id: self.request_id.as_deref(), event })
    }
}

/// [`Envelope`] with an unparsed event.
#[derive(Serialize)]
struct Detail<'a> {
    id: EventId,
    at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
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
    use crate::{Envelope, rooms::PresenceChanged};

    #[test]
    fn the_detail_is_an_envelope_also_for_unknown_events() {
        let sys = Sys::real();
        let event = PresenceChanged { room: sys.id() };
        let mut outbox = Outbox::of(&sys, &event);
        let envelope: Envelope<PresenceChanged> = serde_json::from_str(&outbox.detail().unwrap()).unwrap();
        assert_eq!(envelope, Envelope { id: outbox.id, at: outbox.at, request_id: None, event });
        outbox.request_id = Some("UYx1Zj0bFiAEJqg=".to_owned());
        let envelope: Envelope<PresenceChanged> = serde_json::from_str(&outbox.detail().unwrap()).unwrap();
        assert_eq!(envelope.request_id, outbox.request_id);
        outbox.event = r#"{"name":"of_tomorrow"}"#.to_owned();
        assert!(outbox.detail().unwrap().ends_with(r#""event":{"name":"of_tomorrow"}}"#));
        outbox.event = "{".to_owned();
        assert!(outbox.detail().is_err());
    }
}
