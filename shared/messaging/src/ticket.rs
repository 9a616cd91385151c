//! Tickets: a signed-in client gets one over HTTPS and opens a socket with it, so that the access token is not in the URL.
//!
//! A ticket is a sealed value (person, session, origin) that is valid for thirty seconds. Issuing it writes nothing. Its use creates an
//! item with its id, under the condition that there is none, so that it can be used only once.

use std::time::Duration;

use kernel::{
    Origins, Problem, Sys, Time,
    id::{SessionId, TokenId, UserId},
};
use serde::{Deserialize, Serialize};
use store::{About, Item, Key, Personal, SealError, Sealer};

/// How long a ticket is valid.
pub const LIFE: Duration = Duration::from_secs(30);
/// How long a used ticket is remembered: twice its validity, because the clocks of two functions may differ.
const REMEMBERED: Duration = Duration::from_secs(60);
const PURPOSE: &str = "socket ticket v1";

/// The content of a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// The id of the ticket.
    pub id: TokenId,
    /// The person.
    pub user: UserId,
    /// Their session.
    pub session: SessionId,
    /// The origin of the page that requested the ticket. Absent if the client is not a browser.
    pub origin: Option<String>,
    /// The time until which the token of the request proves a second factor that is not sent by message.
    #[serde(default)]
    pub proven_until: Option<Time>,
}

impl Ticket {
    /// Returns the sealed ticket for the client, and the end of its validity.
    ///
    /// # Errors
    /// The errors of [`Sealer::seal`].
    pub fn seal(&self, sealer: &Sealer, sys: &Sys) -> Result<(String, Time), Problem> {
        let until = sys.now() + LIFE;
        Ok((sealer.seal(PURPOSE, self, until)?, until))
    }

    /// Opens a ticket that a client has sent.
    ///
    /// # Errors
    /// [`SealError`] if it is forged or expired.
    pub fn open(sealer: &Sealer, text: &str) -> Result<Self, SealError> {
        sealer.open(PURPOSE, text)
    }

    /// Returns whether a handshake from `origin` may use the ticket. Browsers always send their origin, which must be allowed and the same
    /// as in the request for the ticket. Other clients send no origin with either request.
    #[must_use]
    pub fn admits(&self, origin: Option<&str>, allowed: &Origins) -> bool {
        match (self.origin.as_deref(), origin) {
            (Some(asked), Some(comes)) => asked == comes && allowed.allow(comes),
            (Some(_), None) => false,
            (None, Some(comes)) => allowed.allow(comes),
            (None, None) => true,
        }
    }
}

/// The marker item of a used ticket.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Used {
    id: TokenId,
    at: Time,
}

impl Used {
    pub(crate) const fn new(id: TokenId, at: Time) -> Self {
        Self { id, at }
    }
}

impl Item for Used {
    const KIND: &'static str = "ticket";
    const ABOUT: About = About::at("TICKET#{token}", "TICKET", Personal::Nobody("the id of a ticket that was used")).expires();
    fn key(&self) -> Key {
        Key::new(format!("TICKET#{}", self.id), "TICKET")
    }
    fn expires(&self) -> Option<Time> {
        Some(self.at + REMEMBERED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_sites_and_clients_other_than_browsers_are_admitted() {
        let sys = Sys::real();
        let ticket = |origin: Option<&str>| Ticket {
            id: sys.id(),
            user: sys.id(),
            session: sys.id(),
            origin: origin.map(str::to_owned),
            proven_until: None,
        };
        let allowed: Origins = ["https://stoa.example", "https://www.stoa.example"].into_iter().collect();
        let (browser, other) = (ticket(Some("https://stoa.example")), ticket(None));
        assert!(browser.admits(Some("https://stoa.example"), &allowed));
        assert!(!browser.admits(Some("https://www.stoa.example"), &allowed), "another of our sites");
        assert!(!browser.admits(None, &allowed), "a stolen ticket outside a browser");
        assert!(other.admits(None, &allowed));
        assert!(other.admits(Some("https://stoa.example"), &allowed));
        for evil in [
            "null",
            "",
            "https://evil.example",
            "https://stoa.example.evil.example",
            "https://xstoa.example",
            "http://stoa.example",
            "https://stoa.example:8443",
            "https://stoa.example/",
            "HTTPS://STOA.EXAMPLE",
        ] {
            assert!(!browser.admits(Some(evil), &allowed) && !other.admits(Some(evil), &allowed), "{evil}");
        }
    }
}
