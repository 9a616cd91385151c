//! Writing a ticket, and answering it.

use accounts::{
    identifier::Email,
    user::{Status, User},
};
use events::{
    Outbox,
    delivery::{TicketAnswered, TicketCopyDue, TicketOpened},
};
use kernel::{
    Kind, Locale, Problem, Sys,
    conversation::ThreadState,
    id::{TicketId, UserId},
};
use store::{CommitError, Row, Slot, Table, Tx, field};

use crate::{
    message::{TicketMessage, TicketText},
    request::{RequestKey, TicketRequest},
    ticket::{KEPT, SenderName, Ticket},
};

/// The most messages of a ticket.
const MESSAGES_MAX: u32 = 50;
/// How often an answer is tried again because the ticket has changed meanwhile.
const ROUNDS: u32 = 5;

/// What somebody writes to the team.
#[derive(Clone, Debug)]
pub struct NewTicket {
    /// Their account, if they are signed in.
    pub user: Option<UserId>,
    /// Their name.
    pub name: SenderName,
    /// Where answers go.
    pub email: Email,
    /// Whether that is the proven address of the account.
    pub proven: bool,
    /// The value of the subject.
    pub subject: String,
    /// The language that they write in.
    pub locale: Locale,
    /// What they write.
    pub text: TicketText,
}

/// Stores what somebody writes, and has the team told of it, and whoever wrote it if `copy`. Once for each key. One transaction.
///
/// # Errors
/// [`Kind::IdempotencyKeyReused`] if the key was used for something else meanwhile, [`Kind::Conflict`] if the account is being deleted.
pub async fn open(table: &Table, sys: &Sys, request: &RequestKey, new: NewTicket, copy: bool) -> Result<TicketId, Problem> {
    let (now, id) = (sys.now(), sys.id());
    let NewTicket { user, name, email, proven, subject, locale, text } = new;
    let (until, preview) = (now + KEPT, text.preview());
    let first = TicketMessage { ticket: id, number: 1, user, author: None, by_team: false, text, at: now, until };
    let (state, snoozed_until, assignee) = (ThreadState::Open, None, None);
    let (since, created_at, messages, version) = (now, now, 1, 1);
    let ticket = Ticket {
        id,
        user,
        name,
        email,
        proven,
        subject,
        preview,
        locale,
        state,
        since,
        snoozed_until,
        assignee,
        messages,
        created_at,
        until,
        version,
    };
    let mut tx = Tx::new();
    let own = tx.put(&request.record(id, 1, now), TicketRequest::is_new(now));
    tx.create(&ticket);
    tx.create(&first);
    Outbox::add(&mut tx, sys, &TicketOpened { ticket: id });
    if copy {
        Outbox::add(&mut tx, sys, &TicketCopyDue { ticket: id });
    }
    if let Some(user) = user {
        // Nothing is stored for an account that is being deleted.
        tx.check(User::key_of(user), field("status").eq(Status::Active));
    }
    match table.commit(tx).await {
        Ok(()) => Ok(id),
        // A request with the same key was faster.
        Err(CommitError::Refused(r)) if r.at(own) => {
            let faster = r.current(own).map(Row::decode::<TicketRequest>).transpose()?.ok_or(Kind::Conflict)?;
            request.answered(&faster).map(|(ticket, _)| ticket)
        }
        Err(e) => Err(e.into()),
    }
}

/// An answer of the team.
#[derive(Clone, Debug)]
pub struct Answering {
    /// To which ticket.
    pub ticket: TicketId,
    /// Who answers.
    pub author: UserId,
    /// The answer.
    pub text: TicketText,
    /// The key of the request.
    pub request: RequestKey,
}

/// Stores an answer and has it sent, once for each key. The ticket waits then. `also` adds to the transaction, and returns the condition
/// that the caller may still do this. A batch read and a transaction, again if the ticket has changed meanwhile; another read if an
/// earlier request with this key has done it.
///
/// # Errors
/// [`Kind::NotFound`], [`Kind::IdempotencyKeyReused`], [`Kind::TooMany`] if the ticket has fifty messages, [`Kind::Forbidden`] if the
/// condition of `also` does not hold, and [`Kind::Conflict`] if others were faster each time.
pub async fn answer(
    table: &Table,
    sys: &Sys,
    answering: &Answering,
    also: impl Fn(&mut Tx, &Ticket) -> Slot + Send + Sync,
) -> Result<TicketMessage, Problem> {
    let Answering { ticket: id, author, text, request } = answering;
    let (now, own) = (sys.now(), Ticket::key_of(*id));
    for _ in 0..ROUNDS {
        let mut found = table.get_many(vec![request.place(), own.clone()]).await?;
        if let Some(earlier) = found.take::<TicketRequest>(&request.place())?.filter(|earlier| earlier.until > now) {
            let (ticket, number) = request.answered(&earlier)?;
            return Ok(table.get(TicketMessage::key_of(ticket, number)).await?.ok_or(Kind::NotFound)?);
        }
        let ticket = found.take::<Ticket>(&own)?.filter(|ticket| ticket.is_kept(now)).ok_or(Kind::NotFound)?;
        if ticket.messages >= MESSAGES_MAX {
            return Err(Problem::new(Kind::TooMany).with("max", MESSAGES_MAX));
        }
        let number = ticket.messages.saturating_add(1);
        let next = Ticket { messages: number, ..ticket.in_state(ThreadState::Waiting, None, now) };
        let message = TicketMessage {
            ticket: *id,
            number,
            user: ticket.user,
            author: Some(*author),
            by_team: true,
            text: text.clone(),
            at: now,
            until: ticket.until,
        };
        let mut tx = Tx::new();
        tx.put(&request.record(*id, number, now), TicketRequest::is_new(now));
        ticket.replace(&mut tx, &next);
        tx.create(&message);
        Outbox::add(&mut tx, sys, &TicketAnswered { ticket: *id, message: number });
        let still = also(&mut tx, &ticket);
        match table.commit(tx).await {
            Ok(()) => return Ok(message),
            Err(CommitError::Refused(r)) if r.at(still) => return Err(Kind::Forbidden.because("the caller lost the role meanwhile")),
            Err(CommitError::Refused(_)) => {}
            Err(CommitError::Store(e)) => return Err(e.into()),
        }
    }
    Err(Kind::Conflict.because("the ticket changed each time"))
}
