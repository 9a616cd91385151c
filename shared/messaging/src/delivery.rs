//! Bringing frames to people's sockets.

use std::{collections::BTreeMap, time::Duration};

use futures_util::future::join_all;
use kernel::{Sys, id::UserId};
use store::Table;

use crate::{Sockets, connection, presence::Presence};

/// A handshake may take this long. A socket is listed while its `$connect` is still being answered, and for the platform it
/// is as gone then as a closed one: it must not be forgotten before it has begun. (Its own `hello` tells it what it missed.)
const HANDSHAKE: Duration = Duration::from_secs(30);

/// Posts a frame to every socket of these people but `except`, and forgets the sockets that turn out to be closed. Those whose
/// sign-in has ended get nothing and are closed: nobody but the clock ends it, and who only listens is judged here.
///
/// One post for each socket, sixteen at a time, and two requests for each person with a closed one. Nothing here fails the
/// sender: who misses a frame sees the gap and catches up.
pub async fn deliver(table: &Table, sys: &Sys, sockets: &Sockets, people: &[Presence], except: Option<&str>, frame: &[u8]) {
    let now = sys.now();
    let open = people.iter().flat_map(|p| p.sockets(now).map(|live| ((p.user, live.since), live.id.clone())));
    let targets = open.filter(|(_, id)| Some(id.as_str()) != except).collect();
    let mut closed: BTreeMap<UserId, Vec<String>> = BTreeMap::new();
    for (p, over) in people.iter().flat_map(|p| p.over(now).map(move |live| (p, live))) {
        closed.entry(p.user).or_default().push(over.id.clone());
    }
    let ending = closed.values().flatten().cloned().collect();
    let (gone, still_open) = tokio::join!(sockets.post_all(targets, frame), sockets.close_all(ending, None));
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
            tracing::warn!(error = %e, "closed sockets are still listed");
        }
    });
    join_all(forgetting).await;
}
