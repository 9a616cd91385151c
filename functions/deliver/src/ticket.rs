//! Mails about tickets of the contact form: to the team, a copy to whoever wrote, and the team's answers. Mail programs show the mails
//! about a ticket together, because all of them refer to it, and answers go to the other side. The system reads no mails.
//!
//! The copy has what was written only if the address is the proven one of the account that wrote: otherwise anybody could have any text
//! sent to any address in our name.

use function::Failure;
use kernel::{Locale, id::TicketId};
use outbound::{ContactSubject, Mail};
use tickets::{Ticket, TicketMessage};

use crate::State;

/// The most tickets of one kind of work in one run.
const AT_ONCE: u32 = 100;

/// Ends snoozes, and closes what was answered a week ago. Returns how many tickets changed.
pub(crate) async fn due(s: &State) -> Result<u64, Failure> {
    Ok(tickets::turn(&s.table, s.sys.now(), AT_ONCE).await?)
}

/// A ticket and a message of it. `None` if they are gone, or are not kept any more.
async fn read(s: &State, ticket: TicketId, message: u32) -> Result<Option<(Ticket, TicketMessage)>, Failure> {
    let (own, said) = (Ticket::key_of(ticket), TicketMessage::key_of(ticket, message));
    let mut found = s.table.get_many(vec![own.clone(), said.clone()]).await?;
    let ticket = found.take::<Ticket>(&own)?.filter(|ticket| ticket.is_kept(s.sys.now()));
    Ok(ticket.zip(found.take::<TicketMessage>(&said)?))
}

fn about(s: &State, ticket: &Ticket, locale: Locale) -> ContactSubject {
    ContactSubject { number: ticket.id.to_string(), name: s.subjects.name_of(&ticket.subject, locale) }
}

/// Sends the team what somebody wrote, in the default language.
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

/// Sends a copy to whoever wrote.
pub(crate) async fn copy(s: &State, ticket: TicketId) -> Result<(), Failure> {
    let Some((ticket, message)) = read(s, ticket, 1).await? else { return Ok(()) };
    let text = ticket.proven.then(|| message.text.as_str().to_owned());
    let mail = Mail::ContactCopy { about: about(s, &ticket, ticket.locale), text };
    Ok(s.mailer.send(ticket.email.as_ref(), ticket.locale, &mail).await?)
}

/// Sends an answer of the team to whoever wrote.
pub(crate) async fn answer(s: &State, ticket: TicketId, message: u32) -> Result<(), Failure> {
    let Some((ticket, answer)) = read(s, ticket, message).await? else { return Ok(()) };
    let text = answer.text.as_str().to_owned();
    let mail = Mail::ContactAnswer { about: about(s, &ticket, ticket.locale), text, message };
    Ok(s.mailer.send(ticket.email.as_ref(), ticket.locale, &mail).await?)
}
