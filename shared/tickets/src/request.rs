//! Idempotency of requests: a message is stored and mailed once, however often the request is sent with the same key.

use std::time::Duration;

use kernel::{Kind, Problem, Time, crypto::short_hash, id::TicketId};
use serde::{Deserialize, Serialize};
use store::{About, Cond, Item, Key, Personal, Table, field};

/// How long a key is remembered.
const KEPT: Duration = Duration::from_secs(24 * 3600);

/// The key of a request and its content, both as hashes.
#[derive(Clone, Debug)]
pub struct RequestKey {
    key: String,
    fingerprint: String,
}

impl RequestKey {
    /// Returns the key of a request. `scope` is the client and the operation, and `asked` is the complete content of the request.
    #[must_use]
    pub fn new(scope: &str, key: &str, asked: &str) -> Self {
        Self { key: short_hash(format!("{scope} {key}")), fingerprint: short_hash(asked) }
    }

    /// Returns the key of the item of an earlier request.
    pub(crate) fn place(&self) -> Key {
        TicketRequest::key_of(&self.key)
    }

    /// Returns the ticket that an earlier request with this key has written. One read.
    ///
    /// # Errors
    /// [`Kind::IdempotencyKeyReused`] if it asked for something else.
    pub async fn earlier(&self, table: &Table, now: Time) -> Result<Option<TicketId>, Problem> {
        let found = table.get::<TicketRequest>(self.place()).await?.filter(|earlier| earlier.until > now);
        found.map(|earlier| self.answered(&earlier).map(|(ticket, _)| ticket)).transpose()
    }

    /// Returns the result of an earlier request with this key: the ticket, and the number of the message in it.
    pub(crate) fn answered(&self, earlier: &TicketRequest) -> Result<(TicketId, u32), Problem> {
        if earlier.fingerprint == self.fingerprint { Ok((earlier.ticket, earlier.message)) } else { Err(Kind::IdempotencyKeyReused.into()) }
    }

    /// Returns the item with the result of this request.
    pub(crate) fn record(&self, ticket: TicketId, message: u32, now: Time) -> TicketRequest {
        TicketRequest { key: self.key.clone(), fingerprint: self.fingerprint.clone(), ticket, message, until: now + KEPT }
    }
}

/// The result of a request with a key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TicketRequest {
    /// A hash of the key.
    key: String,
    /// A hash of the content of the request.
    fingerprint: String,
    /// The ticket.
    ticket: TicketId,
    /// The number of the message in it.
    message: u32,
    /// The time until which the key is remembered.
    pub(crate) until: Time,
}

impl TicketRequest {
    fn key_of(key: &str) -> Key {
        Key::new(format!("CONTACT_REQUEST#{key}"), "CONTACT_REQUEST")
    }

    /// Returns the condition that the key is new, or was forgotten.
    pub(crate) fn is_new(now: Time) -> Cond {
        Cond::Absent.or(field("until").le(now))
    }
}

impl Item for TicketRequest {
    const KIND: &'static str = "contact_request";
    const ABOUT: About =
        About::at("CONTACT_REQUEST#{key}", "CONTACT_REQUEST", Personal::Withheld("hashes of a request, kept for a day")).expires();
    fn key(&self) -> Key {
        Self::key_of(&self.key)
    }
    fn expires(&self) -> Option<Time> {
        Some(self.until)
    }
}

#[cfg(test)]
mod tests {
    use kernel::Sys;

    use super::*;

    #[test]
    fn a_key_belongs_to_its_scope_and_its_request() {
        let sys = Sys::real();
        let key = RequestKey::new("form guest", "k", "text");
        let record = key.record(sys.id(), 1, sys.now());
        assert_eq!(key.answered(&record).unwrap().1, 1);
        assert_eq!(RequestKey::new("form guest", "k", "other").answered(&record).unwrap_err().kind, Kind::IdempotencyKeyReused);
        assert_ne!(key.place(), RequestKey::new("form usr_1", "k", "text").place());
    }
}
