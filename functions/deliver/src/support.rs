//! Mails of the support desk: answers to customers who have no open socket, which also get an entry in the inbox, and transcripts. Neither
//! names the member of the team who wrote, and neither contains private notes, which are not read here.
//!
//! A thread is leased while its mail is sent. If a run is killed in between, the mail is sent again after the lease.

use std::time::Duration;

use accounts::user::{Status, User};
use function::{Context, Failure};
use kernel::id::UserId;
use messaging::{
    room::Room,
    support::{
        due::{self, Due, Line, NewAnswers},
        thread::thread_of,
    },
};
use outbound::{Conversation, Mail, ThreadMessage};
use preferences::{Category, Channel, Settings, Unsubscribe};
use serde::Serialize;

use crate::State;

/// The most threads that one run handles for each kind of work. The next run handles the others.
const AT_ONCE: u32 = 100;
/// No further mail is begun when less time than this is left of the invocation.
const MARGIN: Duration = Duration::from_secs(15);

/// The result of a run.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// Mails with answers that were sent.
    mailed: u64,
    /// Threads whose snooze ended, or which were closed.
    changed: u64,
    /// Mails that could not be sent in this run.
    failed: u64,
}

/// Sends the mails that are due, ends snoozes and closes threads.
pub(crate) async fn due(s: &State, context: &Context) -> Result<Report, Failure> {
    let changed = due::apply_deadlines(&s.table, s.sys.now(), AT_ONCE).await?;
    let mut report = Report { changed, ..Report::default() };
    for room in due::mails(&s.table, s.sys.now(), AT_ONCE).await? {
        if !context.has_left(MARGIN) {
            return Ok(report);
        }
        match Box::pin(one(s, &room)).await {
            Ok(sent) => report.mailed = report.mailed.saturating_add(sent.into()),
            Err(e) => {
                tracing::error!(error = %e, "an answer of the support desk could not be mailed");
                report.failed = report.failed.saturating_add(1);
            }
        }
    }
    // Failed mails stay due for the next run. The error sets off an alarm.
    if report.failed > 0 { Err(format!("{} mails could not be sent", report.failed).into()) } else { Ok(report) }
}

/// Handles the due answers of one thread. Returns whether a mail was sent.
async fn one(s: &State, room: &Room) -> Result<bool, Failure> {
    let Some(room) = due::lease(&s.table, room, s.sys.now()).await? else { return Ok(false) };
    let (due, new_answers) = by_settings(s, &room, due::look(&s.table, &room, s.sys.now()).await?).await?;
    let sent = match &due {
        Due::Send(user, lines) => answer(s, &room, user, lines).await.map(|()| true),
        Due::Later(_) | Due::Nothing => Ok(false),
    };
    if sent.is_err() {
        due::release(&s.table, &room, s.sys.now()).await;
        return sent;
    }
    due::settle(&s.table, &s.sys, &room, &due, new_answers).await?;
    sent
}

/// Applies the customer's settings: whether the inbox gets an entry, whether a mail is sent, and their quiet hours. One read if there are
/// answers.
async fn by_settings(s: &State, room: &Room, checked: Due) -> Result<(Due, Option<NewAnswers>), Failure> {
    let Due::Send(user, lines) = checked else { return Ok((checked, None)) };
    let settings = s.table.get::<Settings>(Settings::key_of(user.id)).await?.unwrap_or_else(|| Settings::of_default(user.id));
    let wants = |channel| settings.wants(Category::Support, channel);
    let new_answers = NewAnswers::of(room, &lines).filter(|_| wants(Channel::InApp));
    let quiet = settings.quiet_hours.as_ref().and_then(|quiet| quiet.end(s.sys.now()));
    let due = match quiet {
        _ if user.email.is_none() || !wants(Channel::Mail) => Due::Nothing,
        Some(end) => Due::Later(end),
        None => Due::Send(user, lines),
    };
    Ok((due, new_answers))
}

async fn answer(s: &State, room: &Room, user: &User, lines: &[Line]) -> Result<(), Failure> {
    let Some(email) = &user.email else { return Ok(()) };
    let conversation = format!("support.{}", room.id);
    let link = Unsubscribe { user: user.id, categories: vec![Category::Support] };
    let mail = Mail::SupportAnswer {
        username: user.username.to_string(),
        answers: messages_of(lines, user),
        unsubscribe: link.address(&s.sealer, &s.public_url, s.sys.now())?,
        conversation: Conversation { mail: format!("{conversation}.{}", room.seq), root: conversation },
    };
    Ok(s.mailer.send(email.as_ref(), user.locale, &mail).await?)
}

/// Sends a customer the requested transcript, to the proven address of their account.
pub(crate) async fn transcript(s: &State, user: UserId) -> Result<(), Failure> {
    let (person, thread) = (User::key_of(user), Room::key_of(thread_of(user)));
    let mut found = s.table.get_many(vec![person.clone(), thread.clone()]).await?;
    let person = found.take::<User>(&person)?.filter(|person| person.status == Status::Active);
    let (Some(person), Some(room)) = (person, found.take::<Room>(&thread)?) else { return Ok(()) };
    let Some(email) = &person.email else { return Ok(()) };
    let lines = due::transcript(&s.table, &room, user).await?;
    let mail = Mail::SupportTranscript { username: person.username.to_string(), messages: messages_of(&lines, &person) };
    Ok(s.mailer.send(email.as_ref(), person.locale, &mail).await?)
}

fn messages_of(lines: &[Line], customer: &User) -> Vec<ThreadMessage> {
    let one =
        |line: &Line| ThreadMessage { at: line.at, by: (!line.by_team).then(|| customer.username.to_string()), text: line.text.clone() };
    lines.iter().map(one).collect()
}
