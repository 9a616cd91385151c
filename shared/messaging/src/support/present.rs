//! The sockets of the team at the desk: one item for each socket on which a member of the team has said `hello`.
//!
//! A message is delivered once to each of them, whichever thread they have open. The item only says where to post. The role and the session
//! of the socket are read at each delivery, so that nothing is delivered after either has ended.

use std::collections::{BTreeMap, BTreeSet};

use accounts::staff::{Role, Roles};
use kernel::{Sys, Time, id::UserId};
use serde::{Deserialize, Serialize};
use store::{About, Item, Key, Personal, Range, StoreError, Table};

use crate::{Sockets, delivery, presence::Presence};

/// The partition of all sockets at the desk.
const PARTITION: &str = "SUPPORT_DESK";
/// The maximum number of sockets to which a message is delivered.
const MAX: u32 = 500;

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

/// Posts a frame to every socket at the desk except one, as [`delivery::deliver`] does. Sockets that are closed are removed.
///
/// A query, a batch read of the roles and the open sockets, one post for each socket. No error fails the sender: a client that misses a
/// frame notices the gap and asks for it.
pub async fn deliver(table: &Table, sys: &Sys, sockets: &Sockets, except: Option<&str>, frame: &[u8]) {
    if let Err(e) = try_deliver(table, sys, sockets, except, frame).await {
        tracing::warn!(error = %e, "a message is not delivered to the desk: its sockets could not be read");
    }
}

async fn try_deliver(table: &Table, sys: &Sys, sockets: &Sockets, except: Option<&str>, frame: &[u8]) -> Result<(), StoreError> {
    let now = sys.now();
    let there = table.query::<AtDesk>(Range::of(PARTITION).limit(MAX)).await?.items;
    let mut desk: BTreeMap<UserId, BTreeSet<String>> = BTreeMap::new();
    for at in there.into_iter().filter(|at| now < at.until && Some(at.connection.as_str()) != except) {
        desk.entry(at.user).or_default().insert(at.connection);
    }
    if desk.is_empty() {
        return Ok(());
    }
    let keys = desk.keys().flat_map(|user| [Roles::key_of(*user), Presence::key_of(*user)]).collect();
    let mut found = table.get_many(keys).await?;
    let (mut here, mut closed) = (Vec::new(), Vec::new());
    for (user, connections) in desk {
        let roles = found.take::<Roles>(&Roles::key_of(user))?.map(|roles| roles.roles).unwrap_or_default();
        let mut live = found.take::<Presence>(&Presence::key_of(user))?;
        let listed: BTreeSet<&str> = live.iter().flat_map(|open| &open.live).map(|socket| socket.id.as_str()).collect();
        closed.extend(connections.iter().filter(|id| !listed.contains(id.as_str())).cloned());
        if let Some(open) = &mut live {
            open.live.retain(|socket| connections.contains(&socket.id));
        }
        here.extend(live.filter(|_| is_team(&roles)));
    }
    delivery::deliver(table, sys, sockets, &here, None, frame).await;
    for id in closed {
        table.delete(AtDesk::key_of(&id)).await?;
    }
    Ok(())
}

/// Returns whether somebody with these roles is in the support team: moderators and above.
#[must_use]
pub fn is_team(roles: &[Role]) -> bool {
    roles.iter().any(|role| *role >= Role::Moderator)
}
