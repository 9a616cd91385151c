//! Delivery of frames to sockets.

use std::{collections::BTreeMap, time::Duration};

use futures_util::future::join_all;
use kernel::{Sys, id::UserId};
use store::Table;

use crate::{Sockets, connection, frame, presence::Presence};

/// The longest time of a handshake. A socket is listed before its `$connect` is answered, and until then the platform answers a
/// post to it as if it was closed. Such a socket must not be removed from the list. (Its own `hello` gets it what it missed.)
const HANDSHAKE: Duration = Duration::from_secs(30);

/// Posts a frame to every socket of these people except `except`, and removes the sockets that turn out to be closed. Sockets
/// whose session has ended get only a frame that says so and are closed here: a session that expires causes no event, and a client that only
/// listens sends no frame that would be checked.
///
/// One post for each socket, sixteen at a time, and two requests for each person with a closed socket. No error fails the
/// sender: a client that misses a frame notices the gap and asks for it.
pub async fn deliver(table: &Table, sys: &Sys, sockets: &Sockets, people: &[Presence], except: Option<&str>, told: &[u8]) {
    let now = sys.now();
    let open = people.iter().flat_map(|p| p.sockets(now).map(|live| ((p.user, live.since), live.id.clone())));
    let targets = open.filter(|(_, id)| Some(id.as_str()) != except).collect();
    let mut closed: BTreeMap<UserId, Vec<String>> = BTreeMap::new();
    for (p, over) in people.iter().flat_map(|p| p.with_ended_session(now).map(move |live| (p, live))) {
        closed.entry(p.user).or_default().push(over.id.clone());
    }
    let ending = closed.values().flatten().cloned().collect();
    let last = frame::session_ended();
    let (gone, still_open) = tokio::join!(sockets.post_all(targets, told), sockets.close_all(ending, Some(&last)));
    for ids in closed.values_mut() {
        ids.retain(|id| !still_open.contains(id));
    }
    for ((user, since), id) in gone {
        if now.since(since) >= HANDSHAKE {
            closed.entry(user).or_default().push(id);
        }
    }
    let forgetting = closed.iter().filter(|(_, ids)| !ids.is_empty()).map(async |(user, ids)| {
        if let Err(e) = connection::forget(table, sys, *user, ids).await {
            tracing::warn!(error = %e, "closed sockets could not be removed from the list");
        }
    });
    join_all(forgetting).await;
}
