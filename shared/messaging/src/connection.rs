//! Sockets come, go and are ended.

use std::collections::BTreeSet;

use accounts::{
    session::Session,
    user::{Status, User},
};
use events::{Event, Outbox};
use kernel::{
    Kind, Problem, Sys, Time,
    id::{SessionId, UserId},
};
use serde::{Deserialize, Serialize};
use store::{About, CommitError, Cond, Item, Key, Personal, StoreError, Table, Tx};

use crate::{
    Sockets,
    presence::{self, Change, ComingTooOften, LIFE, Live, Presence},
    room,
    spam::{self, ChatState},
    ticket::{Ticket, Used},
};

/// How often a change of somebody's sockets that lost against another one is tried again. Two devices of one person, not two
/// thousand people, are what meets here.
const TRIES: usize = 8;

/// Why sockets could not be ended. Nothing is brought to them meanwhile, and trying again ends them.
#[derive(Debug, thiserror::Error)]
pub enum CloseError {
    /// The table does not work.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The platform closed some of them only.
    #[error("{0} sockets could not be closed")]
    Open(usize),
}

/// Whose a socket is. All that a frame brings is the platform's id of the socket it came on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Connection {
    /// The platform's id.
    pub id: String,
    /// Whose.
    pub user: UserId,
    /// By which sign-in.
    pub session: SessionId,
    /// Since when.
    pub at: Time,
}

impl Connection {
    /// Where a connection is.
    #[must_use]
    pub fn key_of(id: &str) -> Key {
        Key::new(format!("CONNECTION#{id}"), "CONNECTION")
    }
}

impl Item for Connection {
    const KIND: &'static str = "connection";
    const ABOUT: About =
        About::at("CONNECTION#{connection}", "CONNECTION", Personal::Withheld("an open socket; the presence of its person lists it"))
            .expires()
            .removed_by("sockets");
    fn key(&self) -> Key {
        Self::key_of(&self.id)
    }
    fn expires(&self) -> Option<Time> {
        Some(self.at + LIFE)
    }
}

/// Lets a socket in.
///
/// Two requests: a batch read of the person, the session, the ban and the sockets they have, and a transaction that uses
/// the ticket, checks session and ban again and lists the socket. The read cannot go: the list is changed as a whole. The
/// transaction cannot be smaller: each part alone would let a used ticket, an ended session or a ban slip through.
///
/// # Errors
/// [`Kind::TicketInvalid`] if the ticket was used or its session has ended, [`Kind::ChatBanned`],
/// [`Kind::TooManyRequests`] after a flood and for too many sockets.
pub async fn connect(table: &Table, sys: &Sys, sockets: &Sockets, ticket: &Ticket, id: &str) -> Result<(), Problem> {
    let now = sys.now();
    let (until, mut before) = admit(table, now, ticket).await?;
    let connection = Connection { id: id.to_owned(), user: ticket.user, session: ticket.session, at: now };
    for _ in 0..TRIES {
        let live = Live { id: id.to_owned(), session: ticket.session, since: now, until };
        let change = presence::come(before.take(), ticket.user, live, now)
            .map_err(|ComingTooOften(wait)| Problem::new(Kind::TooManyRequests).retry_after(wait))?;
        let mut tx = Tx::new();
        let first_use = tx.create(&Used::new(ticket.id, now));
        let signed_in = tx.check(Session::key_of(ticket.user, ticket.session), Cond::Exists);
        let welcome = tx.check(ChatState::key_of(ticket.user), spam::admits(now));
        tx.create(&connection);
        let listed = list(&mut tx, sys, &change);
        match table.commit(tx).await {
            Ok(()) => {
                // Whoever made room: told by the close alone, a client that still lives comes back. Nothing is brought any more to
                // one that could not be closed.
                let _ = sockets.close_all(change.gone.into_iter().map(|l| l.id).collect(), None).await;
                return Ok(());
            }
            Err(e) if e.refused(first_use) || e.refused(signed_in) => {
                return Err(Kind::TicketInvalid.because("the ticket was used, or its session has ended"));
            }
            Err(CommitError::Refused(r)) if r.at(welcome) => {
                let chat = r.current(welcome).map(store::Row::decode::<ChatState>).transpose()?.unwrap_or_default();
                return Err(chat.admit(now).err().unwrap_or_else(|| Kind::ChatBanned.into()));
            }
            Err(CommitError::Refused(r)) if r.at(listed) => before = r.current(listed).map(store::Row::decode).transpose()?,
            Err(e) => return Err(e.into()),
        }
    }
    Err(Problem::unavailable("the sockets of one person change all the time"))
}

/// Reads whose the ticket is and judges whether they may come in: until when, and which sockets they have.
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

/// A socket has closed. Three requests: whose it was, what they have, and the transaction that forgets it. Doing it again
/// changes nothing.
///
/// # Errors
/// [`StoreError`]
pub async fn disconnect(table: &Table, sys: &Sys, id: &str) -> Result<(), StoreError> {
    match table.get::<Connection>(Connection::key_of(id)).await? {
        None => Ok(()),
        Some(connection) => forget(table, sys, connection.user, &[id.to_owned()]).await,
    }
}

/// Tells a socket why its frame was refused: returns the frame if it is to be the answer, and closes the socket behind it if nobody
/// may speak on it any more (signed out, banned, paused). Closing takes two calls.
pub async fn refuse(sockets: &Sockets, socket: &str, problem: &Problem, told: Vec<u8>) -> Option<Vec<u8>> {
    // Only the pause after a flood names a limit: a single frame that comes too early does not.
    let ends = matches!(problem.kind, Kind::TokenInvalid | Kind::ChatBanned) || problem.limit.is_some();
    if !ends {
        return Some(told);
    }
    let _ = sockets.close_all(vec![socket.to_owned()], Some(&told)).await;
    None
}

/// Forgets sockets of one person that are known to be closed. Two requests.
///
/// # Errors
/// [`StoreError`]
pub async fn forget(table: &Table, sys: &Sys, user: UserId, ids: &[String]) -> Result<(), StoreError> {
    let before = table.get::<Presence>(Presence::key_of(user)).await?;
    // Rows of sockets that the list has lost already: nothing else would ever look for them.
    for id in ids.iter().filter(|id| !before.iter().any(|p| p.live.iter().any(|l| l.id == **id))) {
        table.delete(Connection::key_of(id)).await?;
    }
    take_off(table, sys, before, |l| ids.contains(&l.id)).await
}

/// Ends every socket of a person: at a ban, a deactivation, a deletion. The last frame, if any, reaches each of them.
///
/// # Errors
/// [`CloseError`]; may be run again at any point.
pub async fn close_all(table: &Table, sys: &Sys, sockets: &Sockets, user: UserId, last: Option<Vec<u8>>) -> Result<(), CloseError> {
    match table.get::<Presence>(Presence::key_of(user)).await? {
        None => Ok(()),
        Some(here) => close_where(table, sys, sockets, here, last, |_| true).await,
    }
}

/// Ends those sockets of a person whose sign-in is over, or whose account is no longer in use. Doing it again changes nothing.
///
/// Two reads, because the sockets say which sign-ins they are of, and what [`close_all`] takes if any is to be closed.
///
/// # Errors
/// [`CloseError`]; may be run again at any point.
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
    close_where(table, sys, sockets, here, None, |l| !good.contains(&l.session)).await
}

async fn close_where(
    table: &Table,
    sys: &Sys,
    sockets: &Sockets,
    here: Presence,
    last: Option<Vec<u8>>,
    which: impl Fn(&Live) -> bool,
) -> Result<(), CloseError> {
    let ending: Vec<String> = here.live.iter().filter(|l| which(l)).map(|l| l.id.clone()).collect();
    // Closed first: whoever is cut off in between finds them in the list when it comes again. (Those that came meanwhile were
    // judged when they came.)
    let (user, open) = (here.user, sockets.close_all(ending.clone(), last.as_deref()).await);
    take_off(table, sys, Some(here), |l| ending.contains(&l.id) && !open.contains(&l.id)).await?;
    if open.is_empty() {
        return Ok(());
    }
    let here = table.get::<Presence>(Presence::key_of(user)).await?;
    change(table, sys, here, |p| p.silence(|l| open.contains(&l.id), sys.now())).await?;
    Err(CloseError::Open(open.len()))
}

/// Takes sockets off a person's list, with their rows.
async fn take_off(table: &Table, sys: &Sys, before: Option<Presence>, which: impl Fn(&Live) -> bool) -> Result<(), StoreError> {
    change(table, sys, before, |p| p.go(&which, sys.now())).await
}

/// Changes a person's list, anew for as long as others change it.
async fn change(
    table: &Table,
    sys: &Sys,
    mut before: Option<Presence>,
    how: impl Fn(Presence) -> Option<Change>,
) -> Result<(), StoreError> {
    for _ in 0..TRIES {
        let Some(change) = before.take().and_then(&how) else { return Ok(()) };
        let mut tx = Tx::new();
        let listed = list(&mut tx, sys, &change);
        match table.commit(tx).await {
            Ok(()) => return Ok(()),
            Err(CommitError::Refused(r)) => before = r.current(listed).map(store::Row::decode).transpose()?,
            Err(CommitError::Store(e)) => return Err(e),
        }
    }
    Err(StoreError::Unavailable("the sockets of one person change all the time".to_owned()))
}

fn list(tx: &mut Tx, sys: &Sys, change: &Change) -> store::Slot {
    for live in &change.gone {
        tx.delete(Connection::key_of(&live.id));
    }
    if change.turned {
        Outbox::add(tx, sys, &Event::PresenceChanged { room: room::PUBLIC });
    }
    change.write(tx)
}
