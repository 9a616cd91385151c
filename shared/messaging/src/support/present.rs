//! The sockets of the team at the desk: one item for each socket on which a member of the team has said `hello`.
//!
//! A message is delivered once to each of them, whoever has which thread open. What the item says is only where to post: the role is
//! read at each delivery, so that nobody gets anything after it was taken away.

use std::collections::{BTreeMap, BTreeSet};

use accounts::staff::{Role, Roles};
use kernel::{Sys, Time, id::UserId};
use serde::{Deserialize, Serialize};
use store::{About, Item, Key, Personal, Range, StoreError, Table};

use crate::Sockets;

/// The partition of all sockets at the desk.
const PARTITION: &str = "SUPPORT_DESK";
/// The most sockets that a message is delivered to.
const MOST: u32 = 500;

/// A socket at the desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtDesk {
    /// The platform's id of the connection.
    pub connection: String,
    /// The member of the team.
    pub user: UserId,
    /// When deliveries to it end: with the proof of the second factor that the socket was opened with, or with the socket.
    pub until: Time,
}

impl AtDesk {
    fn key_of(connection: &str) -> Key {
        Key::new(PARTITION, connection)
    }
}

impl Item for AtDesk {
    const KIND: &'static str = "at_desk";
    const ABOUT: About =
        About::at(PARTITION, "{connection}", Personal::Withheld("an open socket of the support team, for two hours at most")).expires();
    fn key(&self) -> Key {
        Self::key_of(&self.connection)
    }
    fn expires(&self) -> Option<Time> {
        Some(self.until)
    }
}

/// Records a socket at the desk. One write.
///
/// # Errors
/// [`StoreError`]
pub async fn come(table: &Table, at: &AtDesk) -> Result<(), StoreError> {
    table.put_always(at).await
}

/// Posts a frame to every socket at the desk except one. Sockets that turn out to be closed are removed.
///
/// A query, a batch read of the roles, one post for each socket. No error fails the sender: a client that misses a frame notices the
/// gap and asks for it.
pub async fn deliver(table: &Table, sys: &Sys, sockets: &Sockets, except: Option<&str>, told: &[u8]) {
    if let Err(e) = try_deliver(table, sys, sockets, except, told).await {
        tracing::warn!(error = %e, "a message is not delivered to the desk: its sockets are not known");
    }
}

async fn try_deliver(table: &Table, sys: &Sys, sockets: &Sockets, except: Option<&str>, told: &[u8]) -> Result<(), StoreError> {
    let now = sys.now();
    let there = table.query::<AtDesk>(Range::of(PARTITION).limit(MOST)).await?.items;
    let there: Vec<AtDesk> = there.into_iter().filter(|at| now < at.until && Some(at.connection.as_str()) != except).collect();
    let people: BTreeSet<UserId> = there.iter().map(|at| at.user).collect();
    if people.is_empty() {
        return Ok(());
    }
    let mut found = table.get_many(people.iter().map(|user| Roles::key_of(*user)).collect()).await?;
    let mut team = BTreeMap::new();
    for user in people {
        let roles = found.take::<Roles>(&Roles::key_of(user))?.map(|roles| roles.roles).unwrap_or_default();
        team.insert(user, is_team(&roles));
    }
    let targets = there.into_iter().filter(|at| team.get(&at.user) == Some(&true)).map(|at| ((), at.connection)).collect();
    for ((), gone) in sockets.post_all(targets, told).await {
        table.delete(AtDesk::key_of(&gone)).await?;
    }
    Ok(())
}

/// Whether somebody with these roles is of the support team: moderators and above.
#[must_use]
pub fn is_team(roles: &[Role]) -> bool {
    roles.iter().any(|role| *role >= Role::Moderator)
}
