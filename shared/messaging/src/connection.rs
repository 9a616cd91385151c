//! Opening and closing sockets.

use std::collections::BTreeSet;

use accounts::{
    session::Session,
    user::{Status, User},
};
use events::{Outbox, rooms::PresenceChanged};
use kernel::{
    Kind, Problem, Sys, Time,
    id::{SessionId, UserId},
};
use serde::{Deserialize, Serialize};
use store::{About, CommitError, Cond, Item, Key, Personal, StoreError, Table, Tx};

use crate::{
    Sockets, frame,
    presence::{self, LIFE, OpenSocket, OpenedTooOften, Presence, PresenceChange},
    room,
    spam::{self, ChatState, FLOOD},
    ticket::{Ticket, Used},
};

/// Attempts to change the list of a person's sockets. Only the few devices of one person compete here.
const TRIES: usize = 8;

/// Why sockets could not be closed. Nothing is delivered to them any more, and a repetition closes them.
#[derive(Debug, thiserror::Error)]
pub enum CloseError {
    /// The table does not work.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The platform closed only some of them.
    #[error("{0} sockets could not be closed")]
    Open(usize),
}

/// The owner of a socket. A frame contains only the platform's id of its socket, so the owner is looked up.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Connection {
    /// The platform's id of the connection.
    pub id: String,
    /// The person.
    pub user: UserId,
    /// Their session.
    pub session: SessionId,
    /// When it was opened.
    pub at: Time,
    /// The time until which the socket counts as proven by a second factor that is not sent by message. It follows from the token with
    /// which the ticket was made. `None` if the token had no such proof.
    #[serde(default)]
    pub proven_until: Option<Time>,
}

impl Connection {
    /// Returns the key of a connection.
    #[must_use]
    pub fn key_of(id: &str) -> Key {
        Key::new(format!("CONNECTION#{id}"), "CONNECTION")
    }
}

impl Item for Connection {
    const KIND: &'static str = "connection";
    const ABOUT: About = About::at(
        "CONNECTION#{connection}",
        "CONNECTION",
        Personal::Withheld("an open socket, which the presence item of the person lists"),
    )
    .expires()
    .removed_by("sockets");
    fn key(&self) -> Key {
        Self::key_of(&self.id)
    }
    fn expires(&self) -> Option<Time> {
        Some(self.at + LIFE)
    }
}

/// Returns the owner of a socket. One read.
///
/// # Errors
/// [`Kind::TokenInvalid`] if the socket is unknown or already removed.
pub async fn identify(table: &Table, socket: &str) -> Result<Connection, Problem> {
    let connection = table.get::<Connection>(Connection::key_of(socket)).await?;
    connection.ok_or_else(|| Kind::TokenInvalid.because("the socket is not known"))
}

/// Admits a new socket.
///
/// Two requests: a batch read of the person, the session, the ban and the open sockets, and a transaction that uses the ticket, checks
/// session and ban again and adds the socket to the list. The read is needed because the list is replaced as a whole. The conditions of the
/// transaction ensure that no used ticket, ended session or ban is missed.
///
/// # Errors
/// [`Kind::TicketInvalid`] if the ticket was used or its session has ended, [`Kind::ChatBanned`],
/// [`Kind::TooManyRequests`] after a flood and for too many sockets.
pub async fn connect(table: &Table, sys: &Sys, sockets: &Sockets, ticket: &Ticket, id: &str) -> Result<(), Problem> {
    let now = sys.now();
    let (until, mut before) = admit(table, now, ticket).await?;
    let connection =
        Connection { id: id.to_owned(), user: ticket.user, session: ticket.session, at: now, proven_until: ticket.proven_until };
    for _ in 0..TRIES {
        let live = OpenSocket { id: id.to_owned(), session: ticket.session, since: now, until };
        let change = presence::open_socket(before.take(), ticket.user, live, now)
            .map_err(|OpenedTooOften(wait)| Problem::new(Kind::TooManyRequests).retry_after(wait))?;
        let mut tx = Tx::new();
        let first_use = tx.create(&Used::new(ticket.id, now));
        let signed_in = tx.check(Session::key_of(ticket.user, ticket.session), Cond::Exists);
        let not_excluded = tx.check(ChatState::key_of(ticket.user), spam::admits(now));
        tx.create(&connection);
        let listed = write_change(&mut tx, sys, &change);
        match table.commit(tx).await {
            Ok(()) => {
                // Close the sockets above the limit without a last frame, so that a living client reconnects. A socket that could not be
                // closed gets no deliveries.
                let _ = sockets.close_all(change.gone.into_iter().map(|l| l.id).collect(), None).await;
                return Ok(());
            }
            Err(e) if e.refused(first_use) || e.refused(signed_in) => {
                return Err(Kind::TicketInvalid.because("the ticket was used, or its session has ended"));
            }
            Err(CommitError::Refused(r)) if r.at(not_excluded) => {
                let chat = r.current(not_excluded).map(store::Row::decode::<ChatState>).transpose()?.unwrap_or_default();
                return Err(chat.admit(now).err().unwrap_or_else(|| Kind::ChatBanned.into()));
            }
            Err(CommitError::Refused(r)) if r.at(listed) => before = r.current(listed).map(store::Row::decode).transpose()?,
            Err(e) => return Err(e.into()),
        }
    }
    Err(Problem::unavailable("concurrent changes of the person's sockets were faster at every attempt"))
}

/// Reads and checks the owner of the ticket. Returns the end of their session and their open sockets.
async fn admit(table: &Table, now: Time, ticket: &Ticket) -> Result<(Time, Option<Presence>), Problem> {
    let keys = [
        User::key_of(ticket.user),
        Session::key_of(ticket.user, ticket.session),
        ChatState::key_of(ticket.user),
        Presence::key_of(ticket.user),
    ];
    let mut batch = table.get_many(keys.to_vec()).await?;
    let [user, session, chat, here] = keys;
    let person = batch.take::<User>(&user)?.filter(|u| u.status == Status::Active);
    let person = person.ok_or_else(|| Kind::TicketInvalid.because("the account is not in use"))?;
    let sign_in = batch.take::<Session>(&session)?.filter(|s| s.is_good(&person, now));
    let sign_in = sign_in.ok_or_else(|| Kind::TicketInvalid.because("the session has ended"))?;
    batch.take::<ChatState>(&chat)?.unwrap_or_default().admit(now)?;
    Ok((sign_in.ends_at(), batch.take::<Presence>(&here)?))
}

/// Removes a closed socket. Three requests: its owner, their list, and the transaction that removes it. Idempotent.
///
/// # Errors
/// [`StoreError`]
pub async fn disconnect(table: &Table, sys: &Sys, id: &str) -> Result<(), StoreError> {
    match table.get::<Connection>(Connection::key_of(id)).await? {
        None => Ok(()),
        Some(connection) => forget(table, sys, connection.user, &[id.to_owned()]).await,
    }
}

/// Handles a refused frame. Returns the error frame to answer with, or sends it and closes the socket if the person may not send on it any
/// more (signed out, banned, paused). Closing takes two calls.
pub async fn refuse(sockets: &Sockets, socket: &str, problem: &Problem, error: Vec<u8>) -> Option<Vec<u8>> {
    // Only the pause after a flood closes the socket. Other limits ask the client to wait.
    let is_paused = problem.limit.as_ref().is_some_and(|limit| limit.0 == FLOOD.name);
    let ends = matches!(problem.kind, Kind::TokenInvalid | Kind::ChatBanned) || is_paused;
    if !ends {
        return Some(error);
    }
    let _ = sockets.close_all(vec![socket.to_owned()], Some(&error)).await;
    None
}

/// Removes sockets of one person that are known to be closed. Two requests.
///
/// # Errors
/// [`StoreError`]
pub async fn forget(table: &Table, sys: &Sys, user: UserId, ids: &[String]) -> Result<(), StoreError> {
    let before = table.get::<Presence>(Presence::key_of(user)).await?;
    // Connections that are not in the list have to be deleted here, because nothing else would find them.
    for id in ids.iter().filter(|id| !before.iter().any(|p| p.live.iter().any(|l| l.id == **id))) {
        table.delete(Connection::key_of(id)).await?;
    }
    remove_from_list(table, sys, before, |l| ids.contains(&l.id)).await
}

/// Closes every socket of a person: at a ban, a deactivation, a deletion. Each gets the last frame, if there is one.
///
/// # Errors
/// [`CloseError`]. May be repeated at any point.
pub async fn close_all(table: &Table, sys: &Sys, sockets: &Sockets, user: UserId, last: Option<Vec<u8>>) -> Result<(), CloseError> {
    match table.get::<Presence>(Presence::key_of(user)).await? {
        None => Ok(()),
        Some(here) => close_where(table, sys, sockets, here, last, |_| true).await,
    }
}

/// Closes the sockets of a person whose sessions have ended, or all sockets if the account is not active, after a frame with the reason.
/// Idempotent.
///
/// Two reads, because the list names the sessions to read, and the requests of [`close_all`] if a socket has to be closed.
///
/// # Errors
/// [`CloseError`]. May be repeated at any point.
pub async fn close_ended(table: &Table, sys: &Sys, sockets: &Sockets, user: UserId) -> Result<(), CloseError> {
    let Some(here) = table.get::<Presence>(Presence::key_of(user)).await?.filter(|p| !p.live.is_empty()) else { return Ok(()) };
    let sessions: BTreeSet<SessionId> = here.live.iter().map(|l| l.session).collect();
    let keys = sessions.iter().map(|id| Session::key_of(user, *id)).chain([User::key_of(user)]);
    let mut found = table.get_many(keys.collect()).await?;
    let person = found.take::<User>(&User::key_of(user))?.filter(|u| u.status == Status::Active);
    let mut good = BTreeSet::new();
    for id in sessions {
        let session = found.take::<Session>(&Session::key_of(user, id))?;
        if person.as_ref().zip(session).is_some_and(|(person, session)| session.is_good(person, sys.now())) {
            good.insert(id);
        }
    }
    close_where(table, sys, sockets, here, Some(frame::session_ended()), |l| !good.contains(&l.session)).await
}

async fn close_where(
    table: &Table,
    sys: &Sys,
    sockets: &Sockets,
    here: Presence,
    last: Option<Vec<u8>>,
    which: impl Fn(&OpenSocket) -> bool,
) -> Result<(), CloseError> {
    let ending: Vec<String> = here.live.iter().filter(|l| which(l)).map(|l| l.id.clone()).collect();
    // The sockets are closed before they are removed from the list, so that a repetition after an interruption still finds them. Sockets
    // that were opened in between were checked when they connected.
    let (user, open) = (here.user, sockets.close_all(ending.clone(), last.as_deref()).await);
    remove_from_list(table, sys, Some(here), |l| ending.contains(&l.id) && !open.contains(&l.id)).await?;
    if open.is_empty() {
        return Ok(());
    }
    let here = table.get::<Presence>(Presence::key_of(user)).await?;
    change_list(table, sys, here, |p| p.end_delivery(|l| open.contains(&l.id), sys.now())).await?;
    Err(CloseError::Open(open.len()))
}

/// Removes sockets from a person's list, with their connections.
async fn remove_from_list(
    table: &Table,
    sys: &Sys,
    before: Option<Presence>,
    which: impl Fn(&OpenSocket) -> bool,
) -> Result<(), StoreError> {
    change_list(table, sys, before, |p| p.remove_sockets(&which, sys.now())).await
}

/// Changes a person's list, again after each concurrent change.
async fn change_list(
    table: &Table,
    sys: &Sys,
    mut before: Option<Presence>,
    how: impl Fn(Presence) -> Option<PresenceChange>,
) -> Result<(), StoreError> {
    for _ in 0..TRIES {
        let Some(change) = before.take().and_then(&how) else { return Ok(()) };
        let mut tx = Tx::new();
        let listed = write_change(&mut tx, sys, &change);
        match table.commit(tx).await {
            Ok(()) => return Ok(()),
            Err(CommitError::Refused(r)) => before = r.current(listed).map(store::Row::decode).transpose()?,
            Err(CommitError::Store(e)) => return Err(e),
        }
    }
    Err(StoreError::Unavailable("concurrent changes of the person's sockets were faster at every attempt".to_owned()))
}

fn write_change(tx: &mut Tx, sys: &Sys, change: &PresenceChange) -> store::Slot {
    for live in &change.gone {
        tx.delete(Connection::key_of(&live.id));
    }
    if change.came_or_left {
        Outbox::add(tx, sys, &PresenceChanged { room: room::PUBLIC });
    }
    change.write(tx)
}
