//! Known clients of an account. A part of the limit on messages to the account's address or number is reserved for them, so that strangers
//! cannot use up all of it.
//!
//! A client is known if the account was signed in to from its network within 30 days, or if it is a trusted device. Networks are stored by
//! address and number and not by account, so that the first request of a sign-in finds them without reading the owner of the address.

use std::time::Duration;

use kernel::{Client, Time, crypto::short_hash, id::UserId};
use serde::{Deserialize, Serialize};
use store::{About, Index, Item, Key, Personal, Tx};

use crate::{identifier::Contact, partitions::owned};

/// How long a network is known after a sign-in.
const REMEMBERED: Duration = Duration::from_secs(30 * 24 * 3600);

/// A network from which somebody signed in to the account. One item for each address or number of the account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KnownNetwork {
    /// The account.
    pub user: UserId,
    contact: String,
    network: String,
    /// The time until which it is known.
    pub until: Time,
}

impl KnownNetwork {
    /// Returns the key for an address or number and a client.
    #[must_use]
    pub fn key_of(to: &Contact, client: &Client) -> Key {
        Self::at(&short_hash(to.key()), &short_hash(client.network()))
    }

    fn at(contact: &str, network: &str) -> Key {
        Key::new(format!("KNOWN#{contact}"), format!("NETWORK#{network}"))
    }
}

impl Item for KnownNetwork {
    const KIND: &'static str = "known_network";
    const ABOUT: About =
        About::at("KNOWN#{contact}", "NETWORK#{network}", Personal::Withheld("a hash; the sessions say which networks they began in"))
            .owned()
            .expires();
    fn key(&self) -> Key {
        Self::at(&self.contact, &self.network)
    }
    fn indexes(&self) -> Vec<(Index, Key)> {
        vec![(Index::Owner, owned(self.user, &self.key()))]
    }
    fn expires(&self) -> Option<Time> {
        Some(self.until)
    }
}

/// Adds to a transaction that a person signed in from this client: one item for each of their contacts.
pub(crate) fn record(tx: &mut Tx, now: Time, user: UserId, contacts: &[Contact], client: &Client) {
    for contact in contacts {
        let (contact, network) = (short_hash(contact.key()), short_hash(client.network()));
        tx.put_always(&KnownNetwork { user, contact, network, until: now + REMEMBERED });
    }
}
