//! Support threads: finding or creating one, its states and its assignment.

use accounts::{
    staff::{self, Role},
    user::{self, Status, User},
};
use kernel::{
    Id as _, Kind, Problem, Sys, Time,
    conversation::ThreadState,
    id::{RoomId, UserId},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{
    About, CommitError, Cond, Conditional as _, Index, Item, Key, Page, Personal, Range, Row, StoreError, Table, Tx, Update, WriteError,
    field,
    limits::{self, HOUR, Quota},
};

use crate::{
    member::{Membership, RoomMember},
    message::{Content, LogEntry, sort},
    room::{Room, partition},
    support::{
        desk::{in_state, moment, unchanged},
        find,
    },
    unread::{self, Unread},
};

pub use super::desk::{AfterMessage, BURST, Desk, Side, Subject};

/// The limit on changes of a thread's subject by a customer.
pub const SUBJECTS: Quota = Quota::window("support_subjects", 20, HOUR, "changes of the subject by an account");

/// The prefix of the sort keys of [`AssignedThread`].
const ASSIGNED: &str = "ASSIGNED#";

/// Says that a thread was assigned to a member of the team. The lists of threads are eventually consistent, and a thread can move from one
/// to another while they are read: so only with this item it is certain that it is found when the person leaves. The item stays when the
/// thread is given away or done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssignedThread {
    user: UserId,
    room: RoomId,
}

impl Item for AssignedThread {
    const KIND: &'static str = "assigned_thread";
    const ABOUT: About =
        About::beside_user("ASSIGNED#{room}", Personal::Withheld("which support threads a member of the team had")).removed_by("chats");
    fn key(&self) -> Key {
        Key::new(user::partition(self.user), format!("{ASSIGNED}{}", self.room))
    }
}

/// Returns the id of a customer's thread.
#[must_use]
pub fn thread_of(customer: UserId) -> RoomId {
    let digest: [u8; 32] = Sha256::digest(format!("support thread of {customer}")).into();
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    RoomId::from_ulid(u128::from_be_bytes(bytes).into())
}

/// Somebody in a thread: they read it from its beginning.
///
/// # Errors
/// [`Kind::NotFound`] if the room is not a support thread.
pub fn taking_part(room: Room, user: UserId) -> Result<RoomMember, Problem> {
    let desk = room.desk.as_ref().ok_or(Kind::NotFound)?;
    let read_seq = if desk.customer == user { desk.customer_read } else { desk.team_read };
    let membership = Membership { read_seq, ..Membership::new(room.id, user, room.created_at) };
    Ok(RoomMember { room, membership })
}

/// Finds or creates the thread of a customer, and sets its subject. True if it is new.
///
/// One read; a counter and a transaction if something changes.
///
/// # Errors
/// [`Kind::TooManyRequests`] after twenty changes in an hour, [`Kind::Conflict`] with another change at the same moment.
pub async fn open(table: &Table, sys: &Sys, customer: &User, subject: Subject) -> Result<(Room, bool), Problem> {
    let id = thread_of(customer.id);
    let before = table.get::<Room>(Room::key_of(id)).await?;
    if let Some(room) = before.as_ref().filter(|room| room.desk.as_ref().is_some_and(|desk| desk.subject == subject)) {
        return Ok((room.clone(), false));
    }
    let now = sys.now();
    limits::take(table, now, &[SUBJECTS.of(customer.id)]).await?;
    let mut tx = Tx::new();
    let (room, made) = if let Some(room) = before {
        let desk = room.desk.clone().ok_or(Kind::NotFound)?;
        find::forget(&mut tx, id, customer.id, &desk.subject, &subject);
        let renamed = Update::of(Room::key_of(id)).set("subject", &subject);
        tx.update(renamed.when(field("subject").eq(&desk.subject)));
        (Room { desk: Some(Desk { subject: subject.clone(), ..desk }), ..room }, None)
    } else {
        let room = Room::support(id, Desk::new(customer, subject.clone()), now);
        let made = tx.create(&room);
        (room, Some(made))
    };
    find::add(&mut tx, id, customer.id, &subject);
    // Nothing is stored for an account that is being deleted.
    tx.check(User::key_of(customer.id), field("status").eq(Status::Active));
    match table.commit(tx).await {
        Ok(()) => Ok((room, made.is_some())),
        // Another device of the customer was faster.
        Err(CommitError::Refused(r)) if made.is_some_and(|made| r.current(made).is_some()) => {
            let there = made.and_then(|made| r.current(made)).map(Row::decode).transpose()?.ok_or(Kind::Conflict)?;
            Ok((there, false))
        }
        Err(e) => Err(e.into()),
    }
}

/// Changes the state of a thread in which nothing was written after the number `seen`. One write.
///
/// # Errors
/// [`Kind::ThreadMovedOn`] with the last number, [`Kind::NotFound`], [`Kind::Conflict`] if the thread has no message, or was taken or given
/// meanwhile.
pub async fn set_state(table: &Table, room: &Room, seen: u64, state: ThreadState, until: Option<Time>) -> Result<Room, Problem> {
    let desk = room.desk.as_ref().ok_or(Kind::NotFound)?;
    if room.seq == 0 {
        return Err(Kind::Conflict.because("the thread has no message"));
    }
    if room.seq > seen {
        return Err(moved_on(room.seq));
    }
    let next = desk.in_state(state, until);
    let update = next.write_state(Update::of(Room::key_of(room.id)), room.id, room.latest_at);
    // What was taken or given in the meantime is not overwritten.
    let same = field("seq").eq(room.seq).and(unchanged("assignee", desk.assignee));
    match table.update(update.when(same)).await {
        Ok(row) => Ok(row.decode()?),
        Err(WriteError::Refused(Some(row))) => {
            let now = row.decode::<Room>()?;
            Err(if now.seq > seen { moved_on(now.seq) } else { Kind::Conflict.because("the thread was taken or given meanwhile") })
        }
        Err(WriteError::Refused(None)) => Err(Kind::NotFound.into()),
        Err(WriteError::Store(e)) => Err(e.into()),
    }
}

/// Returns the problem of who has not seen what came last.
pub(crate) fn moved_on(last_seq: u64) -> Problem {
    Problem::new(Kind::ThreadMovedOn).with("last_seq", last_seq)
}

/// Assigns an unassigned thread to this person. No effect if it is already theirs. One transaction and a read.
///
/// # Errors
/// [`Kind::ThreadTaken`] if it is assigned to somebody else, [`Kind::Conflict`] if it is done or has no message, or if this person leaves
/// the team concurrently, [`Kind::NotFound`].
pub async fn take(table: &Table, room: RoomId, who: &User) -> Result<Room, Problem> {
    let free = field("assignee").absent().or(field("assignee").eq(who.id));
    assign(table, room, who, free).await
}

/// Assigns a thread of this person to another member of the team. One transaction and a read.
///
/// # Errors
/// [`Kind::ThreadTaken`] if it is not assigned to this person, [`Kind::Conflict`] if it is done, or if the other member leaves the team
/// concurrently, [`Kind::NotFound`].
pub async fn give(table: &Table, room: RoomId, from: UserId, to: &User) -> Result<Room, Problem> {
    assign(table, room, to, field("assignee").eq(from)).await
}

async fn assign(table: &Table, room: RoomId, to: &User, condition: Cond) -> Result<Room, Problem> {
    let update = Update::of(Room::key_of(room)).set("assignee", to.id).set("assignee_name", to.username.to_string());
    let listed = field("seq").gt(0_u64).and(field("state").ne(ThreadState::Done));
    let mut tx = Tx::new();
    let assigned = tx.update(update.when(field("customer").exists()).when(listed).when(condition));
    // A person whose account is being deleted, or who has left the team, gets no thread.
    let stays = tx.check(User::key_of(to.id), field("status").eq(Status::Active));
    let in_team = staff::require(&mut tx, to.id, Role::Moderator);
    tx.put_always(&AssignedThread { user: to.id, room });
    match table.commit(tx).await {
        Ok(()) => table.get::<Room>(Room::key_of(room)).await?.ok_or_else(|| Kind::NotFound.into()),
        Err(CommitError::Refused(r)) if r.at(assigned) => {
            let Room { seq, desk, .. } = r.current(assigned).ok_or(Kind::NotFound)?.decode()?;
            let desk = desk.ok_or(Kind::NotFound)?;
            let listed = seq > 0 && desk.state != ThreadState::Done;
            Err(if listed { Kind::ThreadTaken.into() } else { Kind::Conflict.because("the thread is done or has no message") })
        }
        Err(e) if e.refused(stays) || e.refused(in_team) => Err(Kind::Conflict.because("the person has left the team meanwhile")),
        Err(e) => Err(e.into()),
    }
}

/// Moves the read marker of a side forward, at most to the last number. Returns where it is then. One write.
///
/// # Errors
/// [`Kind::NotFound`] if the thread was deleted.
pub async fn mark(table: &Table, room: &Room, side: Side, seq: u64) -> Result<u64, Problem> {
    let seq = seq.min(room.seq);
    let name = match side {
        Side::Customer => "customer_read",
        Side::Team => "team_read",
    };
    let update = Update::of(Room::key_of(room.id)).set(name, seq).when(Cond::Exists);
    let read = |desk: Desk| match side {
        Side::Customer => desk.customer_read,
        Side::Team => desk.team_read,
    };
    match table.update(update.when(field(name).absent().or(field(name).lt(seq)))).await {
        Ok(row) | Err(WriteError::Refused(Some(row))) => row.decode::<Room>()?.desk.map(read).ok_or_else(|| Kind::NotFound.into()),
        Err(WriteError::Refused(None)) => Err(Kind::NotFound.into()),
        Err(WriteError::Store(e)) => Err(e.into()),
    }
}

/// Counts what a side has not read: the messages of the other one. One query if something is new, and up to three more behind many messages
/// of its own.
///
/// # Errors
/// [`StoreError`]
pub async fn unread(table: &Table, room: &Room, side: Side) -> Result<Unread, StoreError> {
    let Some(desk) = &room.desk else { return Ok(Unread::default()) };
    let customer = desk.customer;
    Ok(match side {
        Side::Customer => unread::of_authors(table, room, desk.customer_read, move |author| author != customer).await?,
        Side::Team => unread::of_authors(table, room, desk.team_read, move |author| author == customer).await?,
    })
}

/// Returns a page of the threads in a state after `after`, the latest activity first. Snoozed threads are in descending order of their end.
/// One query.
///
/// # Errors
/// [`StoreError`]
pub async fn list(table: &Table, state: ThreadState, after: Option<&ThreadPosition>, limit: u32) -> Result<Page<Room>, StoreError> {
    let range = Range::of_index(Index::SupportThreads, in_state(state)).newest_first().limit(limit);
    let range = match after {
        Some(ThreadPosition { room, sort }) => range.after(Room::key_of(*room), Some(Key::new(in_state(state), sort.clone()))),
        None => range,
    };
    table.query(range).await
}

/// Returns the threads in a state whose time in the index is over, the oldest first. One query.
///
/// # Errors
/// [`StoreError`]
pub(crate) async fn until(table: &Table, state: ThreadState, end: Time, limit: u32) -> Result<Vec<Room>, StoreError> {
    let range = Range::of_index(Index::SupportThreads, in_state(state)).between("0", format!("{}~", moment(end))).limit(limit);
    Ok(table.query::<Room>(range).await?.items)
}

/// A position in a list of threads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadPosition {
    room: RoomId,
    sort: String,
}

impl ThreadPosition {
    /// Returns the position after a thread.
    #[must_use]
    pub fn behind(room: &Room) -> Option<Self> {
        let sort = room.desk.as_ref()?.place(room.id, room.latest_at).sort().to_owned();
        Some(Self { room: room.id, sort })
    }
}

/// Returns the messages of the last `limit` entries after and including a number, ascending. One query, none if there are no such entries.
///
/// # Errors
/// [`StoreError`]
pub async fn last_entries(table: &Table, room: &Room, from: u64, limit: u32) -> Result<Vec<LogEntry>, StoreError> {
    if from > room.seq {
        return Ok(Vec::new());
    }
    let range = Range::of(partition(room.id)).between(sort(from), sort(room.seq)).newest_first().limit(limit);
    let mut entries = table.query::<LogEntry>(range).await?.items;
    entries.reverse();
    Ok(entries.into_iter().filter(|entry| matches!(entry.content, Content::Said(_))).collect())
}

/// Removes a person whose account is deleted from a part of the threads that were assigned to them. Returns whether there are more.
///
/// # Errors
/// [`StoreError`]
pub(crate) async fn unassign_part(table: &Table, who: UserId) -> Result<bool, StoreError> {
    const AT_ONCE: u32 = 100;
    let page = table.query::<AssignedThread>(Range::of(user::partition(who)).prefix(ASSIGNED).limit(AT_ONCE)).await?;
    for assigned in &page.items {
        let update = Update::of(Room::key_of(assigned.room)).remove("assignee").remove("assignee_name");
        table.update(update.when(field("assignee").eq(who))).await.refused_is_fine()?;
    }
    table.delete_many(page.items.iter().map(Item::key).collect()).await?;
    Ok(page.more)
}

/// Changes the state of a thread because its time is over, unless the thread was changed in the meantime. One write.
///
/// # Errors
/// [`StoreError`]
pub(crate) async fn apply_deadline(table: &Table, room: &Room, state: ThreadState) -> Result<bool, StoreError> {
    let Some(desk) = &room.desk else { return Ok(false) };
    let update = desk.in_state(state, None).write_state(Update::of(Room::key_of(room.id)), room.id, room.latest_at);
    let same = field("seq").eq(room.seq).and(field("state").eq(desk.state)).and(unchanged("snoozed_until", desk.snoozed_until));
    table.update(update.when(same)).await.applied()
}
