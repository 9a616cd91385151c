//! Tickets of the contact form: what people wrote to the team, with or without an account, and what the team answered.
//!
//! A ticket and its messages share a partition. All of them are deleted a year after the ticket was written, and those of an account when
//! it is deleted. What is written to a ticket, and the mail about it, are one transaction. The states are those of the support desk.

mod due;
mod message;
mod purge;
mod request;
mod subject;
mod ticket;
mod write;

pub use due::apply_deadlines;
pub use message::{MESSAGE_MIN, TEXT_MAX, TicketMessage, TicketText};
pub use purge::purge;
pub use request::RequestKey;
pub use subject::{ContactSubject, Subjects, VALUE_MAX};
pub use ticket::{Days, NAME_MAX, SenderName, Ticket, TicketPosition, Words, list, of_account, read};
pub use write::{Answering, NewTicket, answer, open};

store::items![message::TicketMessage, request::TicketRequest, ticket::Ticket];
