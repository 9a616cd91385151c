//! A thread and its states.
//!
//! `open`: the team has to do something. `waiting`: the team has answered. `snoozed`: nothing is to be done until a moment. `done`:
//! nothing is to be done. A message of the customer opens the thread from every state.

use std::time::Duration;

use accounts::user::{Status, User};
use kernel::{
    Id as _, Kind, Problem, Sys, Time,
    id::{NotificationId, RoomId, UserId},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{
    CommitError, Cond, Conditional as _, Index, Key, Page, Range, Row, StoreError, Table, Tx, Update, WriteError, field,
    limits::{self, HOUR, Quota},
};
use utoipa::ToSchema;

use crate::{
    member::{Membership, RoomMember},
    message::{Content, LogEntry, sort},
    room::{Room, partition},
    support::find,
    unread::{self, Unread},
};

/// How long the team's answers are collected before the customer gets a mail about them.
pub const BURST: Duration = Duration::from_secs(120);
/// How long a thread waits for its customer before it is done.
pub const CLOSED_AFTER: Duration = Duration::from_secs(7 * 24 * 3600);
/// The longest snooze.
pub const SNOOZE_MOST: Duration = Duration::from_secs(90 * 24 * 3600);
/// How often a customer may name what the thread is about.
pub const SUBJECTS: Quota = Quota::window("support_subjects", 20, HOUR, "changes of the subject by an account");

kernel::lines! {
    /// What a thread is about: 1 to 120 characters.
    Subject 1 120;
}

/// The state of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ThreadState {
    /// The team has to do something.
    Open,
    /// The team has answered and waits for the customer.
    Waiting,
    /// Nothing is to be done until a moment.
    Snoozed,
    /// Nothing is to be done.
    Done,
}

impl ThreadState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Open, Self::Waiting, Self::Snoozed, Self::Done];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Waiting => "waiting",
            Self::Snoozed => "snoozed",
            Self::Done => "done",
        }
    }
}

/// Who of the two sides of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The customer.
    Customer,
    /// The team.
    Team,
}

/// What a thread has and other rooms have not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desk {
    /// The customer.
    pub customer: UserId,
    /// Their username when they wrote last.
    pub customer_name: String,
    /// What it is about.
    pub subject: Subject,
    /// The state as it is stored: see [`Desk::state_at`].
    pub state: ThreadState,
    /// The end of the snooze.
    #[serde(default)]
    pub snoozed_until: Option<Time>,
    /// The member of the team who has taken it.
    #[serde(default)]
    pub assignee: Option<UserId>,
    /// Their username then.
    #[serde(default)]
    pub assignee_name: Option<String>,
    /// The number up to which the customer has read.
    #[serde(default)]
    pub customer_read: u64,
    /// The number up to which somebody of the team has read.
    #[serde(default)]
    pub team_read: u64,
    /// The number of the customer's last message.
    #[serde(default)]
    pub customer_seq: u64,
    /// When the customer asked what the team has not answered yet.
    #[serde(default)]
    pub asked_at: Option<Time>,
    /// When the customer is to get a mail about answers, unless they read them before.
    #[serde(default)]
    pub mail_due: Option<Time>,
    /// The number of the first answer for that mail.
    #[serde(default)]
    pub mail_from: Option<u64>,
    /// The number up to which the customer's inbox tells of answers.
    #[serde(default)]
    pub noted_seq: u64,
    /// The last entry of the inbox about them.
    #[serde(default)]
    pub noted_in: Option<NotificationId>,
}

/// A thread after a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AfterMessage {
    /// What the thread has then.
    pub desk: Desk,
    /// How long the customer waited for this message, if it is the first answer to what they asked.
    pub first_answer: Option<Duration>,
}

impl Desk {
    fn new(customer: &User, subject: Subject) -> Self {
        Self {
            customer: customer.id,
            customer_name: customer.username.to_string(),
            subject,
            state: ThreadState::Open,
            snoozed_until: None,
            assignee: None,
            assignee_name: None,
            customer_read: 0,
            team_read: 0,
            customer_seq: 0,
            asked_at: None,
            mail_due: None,
            mail_from: None,
            noted_seq: 0,
            noted_in: None,
        }
    }

    /// The state: a snooze that is over counts as open, whether or not it was ended in the table.
    #[must_use]
    pub fn state_at(&self, now: Time) -> ThreadState {
        match (self.state, self.snoozed_until) {
            (ThreadState::Snoozed, Some(until)) if now >= until => ThreadState::Open,
            (state, _) => state,
        }
    }

    /// Whether the customer has written something that nobody of the team has read.
    #[must_use]
    pub const fn is_unread(&self) -> bool {
        self.customer_seq > self.team_read
    }

    /// The thread after a message with this number.
    #[must_use]
    pub fn after(&self, side: Side, author: &str, seq: u64, now: Time) -> AfterMessage {
        match side {
            Side::Customer => {
                // A question begins a thread, or begins it anew after it was done.
                let new = self.customer_seq == 0 || self.state == ThreadState::Done;
                let asked_at = if new { Some(now) } else { self.asked_at };
                let desk = Self {
                    state: ThreadState::Open,
                    snoozed_until: None,
                    customer_seq: seq,
                    customer_name: author.to_owned(),
                    asked_at,
                    ..self.clone()
                };
                AfterMessage { desk, first_answer: None }
            }
            Side::Team => {
                let desk = Self {
                    state: ThreadState::Waiting,
                    snoozed_until: None,
                    asked_at: None,
                    mail_due: self.mail_due.or(Some(now + BURST)),
                    mail_from: self.mail_from.or(Some(seq)),
                    ..self.clone()
                };
                AfterMessage { desk, first_answer: self.asked_at.map(|asked| now.since(asked)) }
            }
        }
    }

    /// The thread in another state. Nobody has taken what is done.
    #[must_use]
    pub fn in_state(&self, state: ThreadState, snoozed_until: Option<Time>) -> Self {
        let kept = state != ThreadState::Done;
        let (assignee, assignee_name) = (self.assignee.filter(|_| kept), self.assignee_name.clone().filter(|_| kept));
        Self { state, snoozed_until, assignee, assignee_name, ..self.clone() }
    }

    /// Adds what changes with the state to an update of the room, whose last number was taken at `latest_at`.
    fn write_state(&self, update: Update, room: RoomId, latest_at: Time) -> Update {
        let place = Some(self.place(room, latest_at));
        let update = update.set("state", self.state).set("snoozed_until", self.snoozed_until).index(Index::SupportThreads, place);
        if self.state == ThreadState::Done { update.remove("assignee").remove("assignee_name") } else { update }
    }

    /// Adds what changes with a message of this side to the update of the room that takes its number. `before`: the thread as read.
    pub(crate) fn write_message(&self, side: Side, before: &Self, update: Update, room: RoomId, now: Time) -> Update {
        let update = self.write_state(update, room, now);
        match side {
            Side::Customer => {
                update.set("customer_name", &self.customer_name).set("customer_seq", self.customer_seq).set("asked_at", self.asked_at)
            }
            // What a mail was sent about in the meantime is not to be sent again.
            Side::Team => update
                .set("asked_at", self.asked_at)
                .set("mail_due", self.mail_due)
                .set("mail_from", self.mail_from)
                .index(Index::SupportMails, self.mail_place(room))
                .when(unchanged("mail_due", before.mail_due)),
        }
    }

    /// The place among the threads in the same state: by last activity, and of snoozed ones by the end of the snooze.
    fn place(&self, room: RoomId, latest_at: Time) -> Key {
        Key::new(in_state(self.state), format!("{}#{room}", moment(self.snoozed_until.unwrap_or(latest_at))))
    }

    pub(crate) fn mail_place(&self, room: RoomId) -> Option<Key> {
        self.mail_due.map(|due| Key::new(MAILS, format!("{}#{room}", moment(due))))
    }
}

/// The partition of the index with all mails that are to be sent.
pub(crate) const MAILS: &str = "SUPPORT_MAILS";

/// The partition of the index with all threads in a state.
fn in_state(state: ThreadState) -> String {
    format!("SUPPORT#{}", state.as_str())
}

/// A time as a part of a sort key. The keys sort as the times do.
pub(crate) fn moment(at: Time) -> String {
    format!("{:015}", at.millis().max(0))
}

/// The id of a customer's thread.
#[must_use]
pub fn thread_of(customer: UserId) -> RoomId {
    let digest: [u8; 32] = Sha256::digest(format!("support thread of {customer}")).into();
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    RoomId::from_ulid(u128::from_be_bytes(bytes).into())
}

impl Room {
    /// The places of a thread in the indexes. A thread without a message is in none.
    pub(crate) fn support_places(&self) -> Vec<(Index, Key)> {
        let Some(desk) = self.desk.as_ref().filter(|_| self.seq > 0) else { return Vec::new() };
        let mail = desk.mail_place(self.id).map(|place| (Index::SupportMails, place));
        [(Index::SupportThreads, desk.place(self.id, self.latest_at))].into_iter().chain(mail).collect()
    }
}

/// Somebody in a thread: they read it from its beginning.
///
/// # Errors
/// [`Kind::NotFound`] if the room is no thread.
pub fn taking_part(room: Room, user: UserId) -> Result<RoomMember, Problem> {
    let desk = room.desk.as_ref().ok_or(Kind::NotFound)?;
    let read_seq = if desk.customer == user { desk.customer_read } else { desk.team_read };
    let membership = Membership { read_seq, ..Membership::new(room.id, user, room.created_at) };
    Ok(RoomMember { room, membership })
}

/// Finds or makes the thread of a customer, and names what it is about. True if it is new.
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
/// [`Kind::ThreadMovedOn`] with the last number, [`Kind::NotFound`].
pub async fn set_state(table: &Table, room: &Room, seen: u64, state: ThreadState, until: Option<Time>) -> Result<Room, Problem> {
    let desk = room.desk.as_ref().ok_or(Kind::NotFound)?;
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

/// The problem of who has not seen what came last.
pub(crate) fn moved_on(last_seq: u64) -> Problem {
    Problem::new(Kind::ThreadMovedOn).with("last_seq", last_seq)
}

/// Takes a thread that nobody has. No effect if this person has it. One conditional write.
///
/// # Errors
/// [`Kind::ThreadTaken`] if somebody else has it, [`Kind::Conflict`] if it is done or has no message, [`Kind::NotFound`].
pub async fn take(table: &Table, room: RoomId, who: &User) -> Result<Room, Problem> {
    let free = field("assignee").absent().or(field("assignee").eq(who.id));
    assign(table, room, who, free).await
}

/// Gives a thread that this person has to another member of the team. One conditional write.
///
/// # Errors
/// [`Kind::ThreadTaken`] if this person does not have it, [`Kind::Conflict`] if it is done, [`Kind::NotFound`].
pub async fn give(table: &Table, room: RoomId, from: UserId, to: &User) -> Result<Room, Problem> {
    assign(table, room, to, field("assignee").eq(from)).await
}

async fn assign(table: &Table, room: RoomId, to: &User, condition: Cond) -> Result<Room, Problem> {
    let update = Update::of(Room::key_of(room)).set("assignee", to.id).set("assignee_name", to.username.to_string());
    // Who leaves is looked for in the lists of what can be taken: see `let_go`.
    let listed = field("seq").gt(0_u64).and(field("state").ne(ThreadState::Done));
    match table.update(update.when(field("customer").exists()).when(listed).when(condition)).await {
        Ok(row) => Ok(row.decode()?),
        Err(WriteError::Refused(Some(row))) => {
            let Room { seq, desk, .. } = row.decode()?;
            let desk = desk.ok_or(Kind::NotFound)?;
            let listed = seq > 0 && desk.state != ThreadState::Done;
            Err(if listed { Kind::ThreadTaken.into() } else { Kind::Conflict.because("nobody has what is done, or what has no message") })
        }
        Err(WriteError::Refused(None)) => Err(Kind::NotFound.into()),
        Err(WriteError::Store(e)) => Err(e.into()),
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

/// Counts what a side has not read: the messages of the other one. One query, none if nothing is new.
///
/// # Errors
/// [`StoreError`]
pub async fn unread(table: &Table, room: &Room, side: Side) -> Result<Unread, StoreError> {
    let Some(desk) = &room.desk else { return Ok(Unread::default()) };
    let customer = desk.customer;
    Ok(match side {
        Side::Customer => unread::news(table, room, desk.customer_read).await?.count_where(|said| said.author != customer),
        Side::Team => unread::news(table, room, desk.team_read).await?.count_where(|said| said.author == customer),
    })
}

/// A page of the threads in a state, the latest activity first, after this thread. Of snoozed ones the one first whose snooze ends
/// last. One query.
///
/// # Errors
/// [`StoreError`]
pub async fn list(table: &Table, state: ThreadState, after: Option<&Place>, limit: u32) -> Result<Page<Room>, StoreError> {
    let range = Range::of_index(Index::SupportThreads, in_state(state)).newest_first().limit(limit);
    let range = match after {
        Some(Place { room, sort }) => range.after(Room::key_of(*room), Some(Key::new(in_state(state), sort.clone()))),
        None => range,
    };
    table.query(range).await
}

/// The threads in a state whose time in the index is over, the oldest first. One query.
///
/// # Errors
/// [`StoreError`]
pub(crate) async fn until(table: &Table, state: ThreadState, end: Time, limit: u32) -> Result<Vec<Room>, StoreError> {
    let range = Range::of_index(Index::SupportThreads, in_state(state)).between("0", format!("{}~", moment(end))).limit(limit);
    Ok(table.query::<Room>(range).await?.items)
}

/// Where the next page of a list of threads begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    room: RoomId,
    sort: String,
}

impl Place {
    /// The place behind a thread.
    #[must_use]
    pub fn behind(room: &Room) -> Option<Self> {
        let sort = room.desk.as_ref()?.place(room.id, room.latest_at).sort().to_owned();
        Some(Self { room: room.id, sort })
    }
}

/// The messages of the last `limit` entries after and including a number, ascending. One query, none if there are no such entries.
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

/// Takes somebody out of the threads that they have taken, when their account is deleted. They are looked for among the threads of
/// each state that can be taken, because there is no list of them by person.
///
/// # Errors
/// [`StoreError`]
pub(crate) async fn let_go(table: &Table, who: UserId) -> Result<(), StoreError> {
    const AT_ONCE: u32 = 100;
    for state in [ThreadState::Open, ThreadState::Waiting, ThreadState::Snoozed] {
        let mut after = None;
        loop {
            let page = list(table, state, after.as_ref(), AT_ONCE).await?;
            for room in page.items.iter().filter(|room| room.desk.as_ref().is_some_and(|desk| desk.assignee == Some(who))) {
                let update = Update::of(Room::key_of(room.id)).remove("assignee").remove("assignee_name");
                table.update(update.when(field("assignee").eq(who))).await.refused_is_fine()?;
            }
            after = page.last().and_then(Place::behind);
            if after.is_none() {
                break;
            }
        }
    }
    Ok(())
}

/// Changes the state of a thread as its time goes by, unless something else has changed it. One write.
///
/// # Errors
/// [`StoreError`]
pub(crate) async fn turn(table: &Table, room: &Room, state: ThreadState) -> Result<bool, StoreError> {
    let Some(desk) = &room.desk else { return Ok(false) };
    let update = desk.in_state(state, None).write_state(Update::of(Room::key_of(room.id)), room.id, room.latest_at);
    let same = field("seq").eq(room.seq).and(field("state").eq(desk.state)).and(unchanged("snoozed_until", desk.snoozed_until));
    table.update(update.when(same)).await.applied()
}

/// The condition that an attribute has this value.
pub(crate) fn unchanged(name: &'static str, value: Option<impl Serialize>) -> Cond {
    value.map_or_else(|| field(name).absent(), |value| field(name).eq(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::RoomKind;

    const NOW: Time = Time::from_millis(1_893_499_200_000);

    fn desk() -> Desk {
        let sys = Sys::real();
        let user = User::new(sys.id(), accounts::identifier::Username::draw(&sys), kernel::Locale::En, NOW);
        Desk::new(&user, Subject::parse("My order").unwrap())
    }

    #[test]
    fn a_message_of_the_customer_opens_a_thread_in_every_state() {
        for state in ThreadState::ALL {
            let before = Desk { state, snoozed_until: (state == ThreadState::Snoozed).then_some(NOW), customer_seq: 1, ..desk() };
            let after = before.after(Side::Customer, "ana", 7, NOW).desk;
            assert_eq!((after.state, after.snoozed_until, after.customer_seq), (ThreadState::Open, None, 7), "{state:?}");
            assert_eq!(after.asked_at, (state == ThreadState::Done).then_some(NOW), "{state:?}: only what was done begins anew");
        }
    }

    #[test]
    fn the_first_answer_is_measured_once() {
        let asked = desk().after(Side::Customer, "ana", 1, NOW).desk;
        let again = asked.after(Side::Customer, "ana", 2, NOW + Duration::from_secs(50)).desk;
        let answered = again.after(Side::Team, "kim", 3, NOW + Duration::from_secs(90));
        assert_eq!(answered.first_answer, Some(Duration::from_secs(90)));
        assert_eq!(answered.desk.state, ThreadState::Waiting);
        let second = answered.desk.after(Side::Team, "kim", 4, NOW + Duration::from_secs(95));
        assert_eq!(second.first_answer, None);
        let more = second.desk.after(Side::Customer, "ana", 5, NOW).desk;
        assert_eq!(more.after(Side::Team, "kim", 6, NOW).first_answer, None, "the same conversation");
    }

    #[test]
    fn answers_of_two_minutes_go_into_one_mail() {
        let first = desk().after(Side::Team, "kim", 3, NOW).desk;
        let second = first.after(Side::Team, "kim", 4, NOW + Duration::from_secs(100)).desk;
        assert_eq!((second.mail_due, second.mail_from), (Some(NOW + BURST), Some(3)));
    }

    #[test]
    fn a_snooze_ends_by_the_clock() {
        let until = NOW + Duration::from_secs(60);
        let snoozed = desk().in_state(ThreadState::Snoozed, Some(until));
        assert_eq!(snoozed.state_at(NOW), ThreadState::Snoozed);
        assert_eq!(snoozed.state_at(until), ThreadState::Open);
    }

    #[test]
    fn what_is_done_is_nobodys() {
        let taken = Desk { assignee: Some(Sys::real().id()), assignee_name: Some("kim".to_owned()), ..desk() };
        assert_eq!(taken.in_state(ThreadState::Done, None).assignee, None);
        assert!(taken.in_state(ThreadState::Open, None).assignee.is_some());
    }

    #[test]
    fn a_thread_is_stored_beside_what_other_rooms_have() {
        let sys = Sys::real();
        let room = Room::support(sys.id(), desk(), NOW);
        let stored = serde_json::to_value(&room).unwrap();
        assert_eq!(stored["room_kind"], "support");
        assert_eq!(serde_json::from_value::<Room>(stored).unwrap(), room);
        assert!(room.support_places().is_empty(), "the hub has no thread without a message");
        let written = Room { seq: 1, ..room };
        assert_eq!(written.support_places().len(), 1);
        assert_eq!(thread_of(written.desk.as_ref().unwrap().customer), thread_of(written.desk.as_ref().unwrap().customer));
        assert_eq!(RoomKind::Support, written.kind);
    }
}
