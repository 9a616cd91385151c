//! Due tasks of the support desk: mails to absent customers, the end of snoozes, and closing threads that wait for their customer.

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

/// The maximum time that a mail waits while the customer has an open socket.
const POSTPONED_MAX: std::time::Duration = std::time::Duration::from_secs(24 * 3600);
/// How long a run leases a mail.
const LEASE: std::time::Duration = std::time::Duration::from_secs(120);
/// The maximum number of answers in a mail, and of messages in a transcript. A mail omits later answers, and a transcript omits earlier
/// messages.
pub const MESSAGES_MAX: u32 = 200;

/// A message as a mail shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number.
    pub seq: u64,
    /// When it was written.
    pub at: Time,
    /// Whether the team wrote it. Mails never name the member of the team.
    pub by_team: bool,
    /// The text.
    pub text: String,
}

/// The result of checking a due mail.
#[derive(Debug)]
pub enum Due {
    /// The mail has to be sent to this customer, with these messages.
    Send(Box<User>, Vec<Line>),
    /// The mail must wait until this time, because the customer is online or has quiet hours.
    Later(Time),
    /// There is nothing to send.
    Nothing,
}

/// Answers that the customer's inbox does not cover yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewAnswers {
    /// The number of the last one.
    seq: u64,
    /// The number of answers, up to 99.
    messages: u32,
}

impl NewAnswers {
    /// Returns the part of these answers that the inbox does not cover yet.
    #[must_use]
    pub fn of(room: &Room, answers: &[Line]) -> Option<Self> {
        let (desk, last) = (room.desk.as_ref()?, answers.last()?);
        let messages = u32::try_from(answers.len()).unwrap_or(u32::MAX).min(COUNTED_MAX);
        (last.seq > desk.noted_seq).then_some(Self { seq: last.seq, messages })
    }
}

/// Returns the threads whose mail is due, the oldest first: at most `limit`. One query.
///
/// # Errors
/// [`StoreError`]
pub async fn mails(table: &Table, now: Time, limit: u32) -> Result<Vec<Room>, StoreError> {
    let range = Range::of_index(Index::SupportMails, MAILS).between("0", format!("{}~", moment(now))).limit(limit);
    let Page { items, .. } = table.query::<Room>(range).await?;
    Ok(items)
}

/// Leases a mail, and returns the current thread. One update. `None` if the mail is not due any more.
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

/// Returns an update of when the mail is due.
fn due_at(room: &Room, desk: &Desk, due: Option<Time>) -> Update {
    let place = Desk { mail_due: due, ..desk.clone() }.mail_place(room.id);
    Update::of(room.key()).set("mail_due", due).index(Index::SupportMails, place)
}

/// Checks a due mail: read or deleted answers are left out, and it is sent only to an active account whose owner is absent. A batch read,
/// and a query if the customer is absent.
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

/// Records the result of a leased mail, and adds an entry about `new_answers` to the customer's inbox. Answers that came in the meantime are
/// due two minutes later. One transaction, two if there were any.
///
/// # Errors
/// [`StoreError`]
pub async fn settle(table: &Table, sys: &Sys, room: &Room, due: &Due, new_answers: Option<NewAnswers>) -> Result<(), StoreError> {
    let Some(desk) = &room.desk else { return Ok(()) };
    let settled = async |update: Update, unchanged: Cond| {
        let (mut tx, mut update) = (Tx::new(), update.when(field("mail_due").eq(desk.mail_due)).when(unchanged));
        if let Some(NewAnswers { seq, messages }) = new_answers {
            let (user, kind, replaces) = (desk.customer, Missed::Support, desk.noted_in);
            let event = Outbox::add(&mut tx, sys, &MessagesMissed { user, room: room.id, kind, seq, messages, replaces });
            // The inbox entry gets the id of its event.
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

/// Releases the lease after a failure, so that the next run tries again. Best effort, because the lease also expires.
pub async fn release(table: &Table, room: &Room, now: Time) {
    let Some(desk) = &room.desk else { return };
    if let Err(e) = table.update(due_at(room, desk, Some(now)).when(field("mail_due").eq(desk.mail_due))).await.refused_is_fine() {
        tracing::warn!(error = %e, "the lease of a mail could not be released");
    }
}

/// Returns the last messages of a customer's thread, for a transcript. A query.
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
pub async fn apply_deadlines(table: &Table, now: Time, limit: u32) -> Result<u64, StoreError> {
    let mut changed = 0_u64;
    for (from, moment, to) in
        [(ThreadState::Snoozed, now, ThreadState::Open), (ThreadState::Waiting, now - CLOSED_AFTER, ThreadState::Done)]
    {
        for room in thread::until(table, from, moment, limit).await? {
            changed = changed.saturating_add(thread::apply_deadline(table, &room, to).await?.into());
        }
    }
    Ok(changed)
}
