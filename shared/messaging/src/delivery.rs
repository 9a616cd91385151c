//! Delivery of frames to sockets.

use std::{collections::BTreeMap, time::Duration};

use futures_util::future::join_all;
use kernel::{Sys, Time, id::UserId};
use store::{StoreError, Table};

use crate::{
    Sockets, connection, frame,
    member::{self, RoomMember},
    presence::Presence,
    room::{INLINE_MAX, RoomKind},
};

/// A person to whom an entry is delivered.
#[derive(Clone, Copy, Debug)]
pub struct Recipient {
    /// The person.
    pub user: UserId,
    /// The due time of their digest of the room: see [`crate::digest`]. `None` if none is due, and in direct rooms, where the other
    /// membership is not read.
    pub digest_due: Option<Time>,
}

/// Returns the people to whom the entry with this number is delivered in a small room: see [`recipients`].
///
/// # Errors
/// [`StoreError`]
pub async fn people(table: &Table, member: &RoomMember, seq: u64) -> Result<Vec<UserId>, StoreError> {
    Ok(recipients(table, member, seq).await?.into_iter().map(|recipient| recipient.user).collect())
}

/// Returns the recipients of the entry with this number in a small room, the sender included. Members who joined after it are not among
/// them. One query for a group, otherwise none.
///
/// # Errors
/// [`StoreError`]
pub async fn recipients(table: &Table, member: &RoomMember, seq: u64) -> Result<Vec<Recipient>, StoreError> {
    let RoomMember { room, membership } = member;
    match room.kind {
        RoomKind::Direct => {
            let both = [membership.user].into_iter().chain(membership.peer);
            Ok(both.map(|user| Recipient { user, digest_due: None }).collect())
        }
        RoomKind::Group if room.is_small() => {
            // One more than a small room has, because somebody may have joined after the room was read.
            let page = member::of_room(table, room.id, None, INLINE_MAX.saturating_add(1)).await?;
            let members = page.items.into_iter().filter(|m| m.from <= seq);
            Ok(members.map(|m| Recipient { user: m.user, digest_due: m.digest.due }).collect())
        }
        // The support desk has its own delivery, because its two sides get different frames.
        RoomKind::Group | RoomKind::Channel | RoomKind::Public | RoomKind::Support => Ok(Vec::new()),
    }
}

/// Returns the sockets of these people. One batch read for every hundred people.
///
/// # Errors
/// [`StoreError`]
pub async fn sockets(table: &Table, people: Vec<UserId>) -> Result<Vec<Presence>, StoreError> {
    if people.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<_> = people.into_iter().map(Presence::key_of).collect();
    let mut batch = table.get_many(keys.clone()).await?;
    let found = keys.iter().map(|key| batch.take::<Presence>(key)).collect::<Result<Vec<_>, _>>()?;
    Ok(found.into_iter().flatten().collect())
}

/// Like [`sockets`], for a committed message: if the read fails, the message is not delivered, and clients ask for what they miss.
pub(crate) async fn sockets_or_nobody(table: &Table, people: Result<Vec<UserId>, StoreError>) -> Vec<Presence> {
    let open = match people {
        Ok(people) => sockets(table, people).await,
        Err(e) => Err(e),
    };
    open.unwrap_or_else(|e| {
        tracing::warn!(error = %e, "a message is not delivered: the members' sockets could not be read");
        Vec::new()
    })
}

/// The maximum time of a handshake. A socket is listed before its `$connect` is answered, and until then the platform answers a post to it
/// as if it were closed. Such a socket must not be removed from the list. Its client gets the missed messages by its `hello`.
const HANDSHAKE: Duration = Duration::from_secs(30);

/// Posts a frame to every socket of these people except `except`, and removes closed sockets from the lists. Sockets whose session has
/// ended get a frame that says so, and are closed here, because the expiry of a session causes no event and a client that only listens
/// sends no frames that would be checked.
///
/// One post for each socket, sixteen at a time, and two requests for each person with a closed socket. No error fails the
/// sender: a client that misses a frame notices the gap and asks for it.
pub async fn deliver(table: &Table, sys: &Sys, sockets: &Sockets, people: &[Presence], except: Option<&str>, frame: &[u8]) {
    drop(reach(table, sys, sockets, people, except, frame).await);
}

/// Like [`deliver`]. Returns the people whom the frame did not reach, because all their sockets besides `except` are closed.
pub(crate) async fn reach(
    table: &Table,
    sys: &Sys,
    sockets: &Sockets,
    people: &[Presence],
    except: Option<&str>,
    frame: &[u8],
) -> Vec<UserId> {
    let now = sys.now();
    let open = people.iter().flat_map(|p| p.sockets(now).map(|live| ((p.user, live.since), live.id.clone())));
    let targets = open.filter(|(_, id)| Some(id.as_str()) != except).collect();
    let mut closed: BTreeMap<UserId, Vec<String>> = BTreeMap::new();
    for (p, over) in people.iter().flat_map(|p| p.with_ended_session(now).map(move |live| (p, live))) {
        closed.entry(p.user).or_default().push(over.id.clone());
    }
    let ending = closed.values().flatten().cloned().collect();
    let farewell = frame::session_ended();
    let (gone, still_open) = tokio::join!(sockets.post_all(targets, frame), sockets.close_all(ending, Some(&farewell)));
    for ids in closed.values_mut() {
        ids.retain(|id| !still_open.contains(id));
    }
    for ((user, since), id) in gone {
        if now.since(since) >= HANDSHAKE {
            closed.entry(user).or_default().push(id);
        }
    }
    let is_lost = |p: &&Presence| {
        let mut open = p.sockets(now).filter(|live| Some(live.id.as_str()) != except).peekable();
        open.peek().is_some() && open.all(|live| closed.get(&p.user).is_some_and(|ids| ids.contains(&live.id)))
    };
    let lost = people.iter().filter(is_lost).map(|p| p.user).collect();
    let forgetting = closed.iter().filter(|(_, ids)| !ids.is_empty()).map(async |(user, ids)| {
        if let Err(e) = connection::forget(table, sys, *user, ids).await {
            tracing::warn!(error = %e, "closed sockets could not be removed from the list");
        }
    });
    join_all(forgetting).await;
    lost
}
