//! What becomes due at the support desk: mails to customers who have left, the end of a snooze, and closing what nobody answers.

use accounts::user::{Status, User};
use events::{
    Outbox,
    rooms::{MessagesMissed, Missed},
};
use kernel::{
    Id as _, Sys, Time,
    conversation::{CLOSED_AFTER, ThreadState},
    id::{NotificationId, UserId},
};
use store::{Cond, Conditional as _, Index, Item as _, Page, Range, Row, StoreError, Table, Tx, Update, field};

use crate::{
    message::{Content, LogEntry, Said},
    presence::Presence,
    room::Room,
    support::{
        desk::{BURST, Desk, MAILS, moment},
        thread,
    },
    unread::COUNTED_MAX,
};

/// How long a mail waits while the customer has a socket open and has not read.
const POSTPONED_MAX: std::time::Duration = std::time::Duration::from_secs(24 * 3600);
/// How long a run has for sending a mail before another run may send it.
const LEASE: std::time::Duration = std::time::Duration::from_secs(120);
/// The most answers in one mail, and the most messages in a transcript. Later ones are left out of a mail, and earlier ones of a
/// transcript.
pub const MESSAGES_MAX: u32 = 200;

/// A message as a mail shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number.
    pub seq: u64,
    /// When it was written.
    pub at: Time,
    /// Whether the team wrote it. Mails never say who of the team.
    pub by_team: bool,
    /// The text.
    pub text: String,
}

/// What is to be done about a mail that is due.
#[derive(Debug)]
pub enum Due {
    /// It is to be sent: to whom, in which thread, and what.
    Send(Box<User>, Vec<Line>),
    /// It may not be sent yet: the customer is here and may still read, or wants none now. It is looked at again then.
    Later(Time),
    /// There is nothing to send any more.
    Nothing,
}

/// Answers of which the customer's inbox does not tell yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Untold {
    /// The number of the last one.
    seq: u64,
    /// How many wait, up to 99.
    messages: u32,
}

impl Untold {
    /// What of these answers the inbox does not tell yet.
    #[must_use]
    pub fn of(room: &Room, answers: &[Line]) -> Option<Self> {
        let (desk, last) = (room.desk.as_ref()?, answers.last()?);
        let messages = u32::try_from(answers.len()).unwrap_or(u32::MAX).min(COUNTED_MAX);
        (last.seq > desk.noted_seq).then_some(Self { seq: last.seq, messages })
    }
}

/// The threads whose mail is due, the oldest first: at most `limit`. One query.
///
/// # Errors
/// [`StoreError`]
pub async fn mails(table: &Table, now: Time, limit: u32) -> Result<Vec<Room>, StoreError> {
    let range = Range::of_index(Index::SupportMails, MAILS).between("0", format!("{}~", moment(now))).limit(limit);
    let Page { items, .. } = table.query::<Room>(range).await?;
    Ok(items)
}

/// Takes the lease of a mail, and returns the thread as it is then. One update. `None` if it is not due any more.
///
/// # Errors
/// [`StoreError`]
pub async fn lease(table: &Table, room: &Room, now: Time) -> Result<Option<Room>, StoreError> {
    let Some(desk) = &room.desk else { return Ok(None) };
    let update = due_at(room, desk, Some(now + LEASE));
    table
        .update(update.when(field("mail_due").eq(desk.mail_due).and(field("mail_due").le(now))))
        .await
        .unless_refused()?
        .map(Row::decode)
        .transpose()
}

/// An update of when the mail is due.
fn due_at(room: &Room, desk: &Desk, due: Option<Time>) -> Update {
    let place = Desk { mail_due: due, ..desk.clone() }.mail_place(room.id);
    Update::of(room.key()).set("mail_due", due).index(Index::SupportMails, place)
}

/// Looks again, when a mail is due: nothing is sent that was read or deleted meanwhile, to nobody who is here, and only to an account in
/// use. A batch read, and a query if the customer is away.
///
/// # Errors
/// [`StoreError`]
pub async fn look(table: &Table, room: &Room, now: Time) -> Result<Due, StoreError> {
    let Some(desk) = &room.desk else { return Ok(Due::Nothing) };
    let from = desk.mail_from.unwrap_or(room.seq).max(desk.customer_read.saturating_add(1));
    if from > room.seq {
        return Ok(Due::Nothing);
    }
    let (person, here) = (User::key_of(desk.customer), Presence::key_of(desk.customer));
    let mut found = table.get_many(vec![person.clone(), here.clone()]).await?;
    let Some(person) = found.take::<User>(&person)?.filter(|user| user.status == Status::Active) else {
        return Ok(Due::Nothing);
    };
    let is_here = found.take::<Presence>(&here)?.is_some_and(|here| here.is_online(now));
    let entries = thread::last_entries(table, room, from, MESSAGES_MAX).await?;
    let lines: Vec<Line> = entries.into_iter().filter_map(|entry| line(entry, desk.customer)).filter(|line| line.by_team).collect();
    let Some(first) = lines.first() else { return Ok(Due::Nothing) };
    if is_here {
        return Ok(if now.since(first.at) < POSTPONED_MAX { Due::Later(now + BURST) } else { Due::Nothing });
    }
    Ok(Due::Send(Box::new(person), lines))
}

/// Records what was done about a mail under its lease, and has the customer's inbox tell of `untold`. Answers that came in the meantime
/// are due after two more minutes. One transaction, two if there were any.
///
/// # Errors
/// [`StoreError`]
pub async fn settle(table: &Table, sys: &Sys, room: &Room, due: &Due, untold: Option<Untold>) -> Result<(), StoreError> {
    let Some(desk) = &room.desk else { return Ok(()) };
    let settled = async |update: Update, unchanged: Cond| {
        let (mut tx, mut update) = (Tx::new(), update.when(field("mail_due").eq(desk.mail_due)).when(unchanged));
        if let Some(Untold { seq, messages }) = untold {
            let (user, kind, replaces) = (desk.customer, Missed::Support, desk.noted_in);
            let event = Outbox::add(&mut tx, sys, &MessagesMissed { user, room: room.id, kind, seq, messages, replaces });
            // The entry has the id of its event.
            update = update.set("noted_seq", seq).set("noted_in", NotificationId::from_ulid(event.ulid()));
        }
        tx.update(update);
        table.commit(tx).await.applied()
    };
    if let Due::Later(at) = due {
        return settled(due_at(room, desk, Some(*at)), Cond::Exists).await.map(drop);
    }
    if settled(due_at(room, desk, None).remove("mail_from"), field("seq").eq(room.seq)).await? {
        return Ok(());
    }
    let rest = due_at(room, desk, Some(sys.now() + BURST)).set("mail_from", room.seq.saturating_add(1));
    settled(rest, Cond::Exists).await.map(drop)
}

/// Gives the lease back after a failure, so that the next run tries again. Best effort: the lease also expires.
pub async fn release(table: &Table, room: &Room, now: Time) {
    let Some(desk) = &room.desk else { return };
    if let Err(e) = table.update(due_at(room, desk, Some(now)).when(field("mail_due").eq(desk.mail_due))).await.refused_is_fine() {
        tracing::warn!(error = %e, "the lease of a mail could not be given back");
    }
}

/// The last messages of a customer's thread, for a transcript. A query.
///
/// # Errors
/// [`StoreError`]
pub async fn transcript(table: &Table, room: &Room, customer: UserId) -> Result<Vec<Line>, StoreError> {
    let entries = thread::last_entries(table, room, 1, MESSAGES_MAX).await?;
    Ok(entries.into_iter().filter_map(|entry| line(entry, customer)).collect())
}

fn line(entry: LogEntry, customer: UserId) -> Option<Line> {
    let LogEntry { seq, at, content: Content::Said(Said { author, text, .. }), .. } = entry else { return None };
    Some(Line { seq, at, by_team: author != customer, text: text.to_string() })
}

/// Ends the snoozes that are over, and closes threads that have waited for their customer for a week. Only threads that wait are
/// closed. Returns how many threads changed. Two queries, and a write for each thread.
///
/// # Errors
/// [`StoreError`]
pub async fn turn(table: &Table, now: Time, limit: u32) -> Result<u64, StoreError> {
    let mut turned = 0_u64;
    for (from, moment, to) in
        [(ThreadState::Snoozed, now, ThreadState::Open), (ThreadState::Waiting, now - CLOSED_AFTER, ThreadState::Done)]
    {
        for room in thread::until(table, from, moment, limit).await? {
            turned = turned.saturating_add(thread::turn(table, &room, to).await?.into());
        }
    }
    Ok(turned)
}
