//! Mails about tickets of the contact form: to the team, a copy to the author, and the team's answers. The mails about a ticket refer to
//! each other, so that mail programs show them together, and a reply goes to the other side. The system receives no mails.
//!
//! The copy contains the message only if its address is the proven address of the author's account: otherwise anybody could have any text
//! sent to any address in the system's name.

use function::Failure;
use kernel::{Locale, id::TicketId};
use outbound::{ContactSubject, Mail};
use tickets::{Ticket, TicketMessage};

use crate::State;

/// The most tickets that one run handles for each kind of work.
const AT_ONCE: u32 = 100;

/// Ends snoozes, and closes tickets that were answered a week ago. Returns how many tickets have changed.
pub(crate) async fn due(s: &State) -> Result<u64, Failure> {
    Ok(tickets::apply_deadlines(&s.table, s.sys.now(), AT_ONCE).await?)
}

/// Returns a ticket and one of its messages. `None` if they were deleted or have expired.
async fn read(s: &State, ticket: TicketId, message: u32) -> Result<Option<(Ticket, TicketMessage)>, Failure> {
    let (own, said) = (Ticket::key_of(ticket), TicketMessage::key_of(ticket, message));
    let mut found = s.table.get_many(vec![own.clone(), said.clone()]).await?;
    let ticket = found.take::<Ticket>(&own)?.filter(|ticket| ticket.is_kept(s.sys.now()));
    Ok(ticket.zip(found.take::<TicketMessage>(&said)?))
}

fn about(s: &State, ticket: &Ticket, locale: Locale) -> ContactSubject {
    ContactSubject { number: ticket.id.to_string(), name: s.subjects.name_of(&ticket.subject, locale) }
}

/// Sends a message of the contact form to the team, in the default language.
pub(crate) async fn to_team(s: &State, ticket: TicketId) -> Result<(), Failure> {
    let Some((ticket, message)) = read(s, ticket, 1).await? else { return Ok(()) };
    let locale = Locale::default();
    let mail = Mail::ContactMessage {
        about: about(s, &ticket, locale),
        name: ticket.name.to_string(),
        email: ticket.email.to_string(),
        proven: ticket.proven,
        text: message.text.as_str().to_owned(),
    };
    Ok(s.mailer.send_to_team(locale, &mail).await?)
}

/// Sends a copy of the message to its author.
pub(crate) async fn copy(s: &State, ticket: TicketId) -> Result<(), Failure> {
    let Some((ticket, message)) = read(s, ticket, 1).await? else { return Ok(()) };
    let text = ticket.proven.then(|| message.text.as_str().to_owned());
    let mail = Mail::ContactCopy { about: about(s, &ticket, ticket.locale), text };
    Ok(s.mailer.send(ticket.email.as_ref(), ticket.locale, &mail).await?)
}

/// Sends an answer of the team to the author of the ticket.
pub(crate) async fn answer(s: &State, ticket: TicketId, message: u32) -> Result<(), Failure> {
    let Some((ticket, answer)) = read(s, ticket, message).await? else { return Ok(()) };
    let text = answer.text.as_str().to_owned();
    let mail = Mail::ContactAnswer { about: about(s, &ticket, ticket.locale), text, message };
    Ok(s.mailer.send(ticket.email.as_ref(), ticket.locale, &mail).await?)
}
