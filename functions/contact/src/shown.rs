//! Tickets as staff see them.

use std::collections::{BTreeMap, BTreeSet};

use accounts::{
    identifier::Username,
    user::{self, User},
};
use kernel::{
    Locale, Time, Timestamp,
    conversation::ThreadState,
    id::{TicketId, UserId},
};
use serde::Serialize;
use store::{StoreError, Table};
use tickets::{Subjects, Ticket, TicketMessage};
use utoipa::ToSchema;

/// A ticket of the contact form.
#[derive(Serialize, ToSchema)]
pub struct TicketInfo {
    /// The id, which is its number.
    id: TicketId,
    /// The state.
    state: ThreadState,
    /// When it came into this state.
    since: Timestamp,
    /// The end of the snooze.
    #[serde(skip_serializing_if = "Option::is_none")]
    snoozed_until: Option<Timestamp>,
    /// The assignee.
    #[serde(skip_serializing_if = "Option::is_none")]
    assignee: Option<TicketPerson>,
    /// The value of the subject.
    #[schema(examples("bug_report"))]
    subject: String,
    /// The name of the subject, in the language of the response.
    #[schema(examples("Something does not work"))]
    subject_name: String,
    /// The beginning of the message.
    #[schema(examples("Hello, my name is Ana Nowak. Something does not work."))]
    preview: String,
    /// The name of the author.
    #[schema(examples("Ana Nowak"))]
    name: String,
    /// The address of the author.
    #[schema(examples("ana@example.test"))]
    email: String,
    /// Whether the author was signed in and this is the address of their account.
    proven: bool,
    /// The account of the author, if they were signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<UserId>,
    /// The username of that account. Absent if it was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("ana"))]
    username: Option<String>,
    /// The language of the author.
    locale: Locale,
    /// The number of messages in the ticket.
    #[schema(examples(1))]
    messages: u32,
    /// When it was written.
    created_at: Timestamp,
}

/// A member of the team.
#[derive(Serialize, ToSchema)]
pub struct TicketPerson {
    /// The id of the account.
    id: UserId,
    /// The username. Absent if the account was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("kim"))]
    username: Option<String>,
}

/// A message of a ticket.
#[derive(Serialize, ToSchema)]
pub struct TicketMessageInfo {
    /// The number. 1 is the message of the contact form; the others are answers of the team.
    #[schema(examples(1))]
    number: u32,
    /// The member of the team who wrote it. Absent for the message of the contact form.
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<TicketPerson>,
    /// The text.
    #[schema(examples("We have found it."))]
    text: String,
    /// When it was written.
    at: Timestamp,
}

/// The accounts that tickets name, those of the team and those that wrote, with their usernames.
pub struct Names(BTreeMap<UserId, Username>);

impl Names {
    /// This person alone.
    pub fn of(user: &User) -> Self {
        Self(BTreeMap::from([(user.id, user.username.clone())]))
    }

    /// Reads the usernames of those who wrote and have these tickets, and of the authors of these messages. One batch, if there is anybody.
    pub async fn read(table: &Table, tickets: &[&Ticket], messages: &[TicketMessage]) -> Result<Self, StoreError> {
        let named = tickets.iter().flat_map(|ticket| [ticket.user, ticket.assignee]);
        let people: BTreeSet<UserId> = named.chain(messages.iter().map(|message| message.author)).flatten().collect();
        Ok(Self(user::usernames(table, people).await?))
    }

    fn username(&self, id: UserId) -> Option<String> {
        self.0.get(&id).map(ToString::to_string)
    }

    fn person(&self, id: UserId) -> TicketPerson {
        TicketPerson { id, username: self.username(id) }
    }

    /// Returns a ticket as it is now.
    pub fn ticket(&self, ticket: &Ticket, subjects: &Subjects, locale: Locale, now: Time) -> TicketInfo {
        let state = ticket.state_at(now);
        TicketInfo {
            id: ticket.id,
            state,
            since: ticket.since.into(),
            snoozed_until: ticket.snoozed_until.filter(|_| state == ThreadState::Snoozed).map(Into::into),
            assignee: ticket.assignee.map(|id| self.person(id)),
            subject: ticket.subject.clone(),
            subject_name: subjects.name_of(&ticket.subject, locale),
            preview: ticket.preview.clone(),
            name: ticket.name.to_string(),
            email: ticket.email.to_string(),
            proven: ticket.proven,
            user: ticket.user,
            username: ticket.user.and_then(|id| self.username(id)),
            locale: ticket.locale,
            messages: ticket.messages,
            created_at: ticket.created_at.into(),
        }
    }

    /// Returns a message.
    pub fn message(&self, message: &TicketMessage) -> TicketMessageInfo {
        TicketMessageInfo {
            number: message.number,
            author: message.author.map(|id| self.person(id)),
            text: message.text.as_str().to_owned(),
            at: message.at.into(),
        }
    }
}
