//! The support desk: one thread for each customer, with the whole team.
//!
//! A thread is a room of the kind `support` with its own log ([`crate::log`]). It has no memberships: the customer is an attribute of the
//! room ([`desk::Desk`]), and the team is everybody with the role. So operations on rooms and frames of the chat cannot access it. The id
//! of a thread is derived from its customer, so that it needs no look-up and a customer cannot have two.
//!
//! - [`desk`]: what a thread has, and its states. They change in the update that takes a message's number.
//! - [`thread`]: finding, making, taking and listing threads.
//! - [`present`]: the sockets of the team.
//! - [`note`]: private notes of the team, which are separate items in a separate partition and never messages with a flag.
//! - [`reply`]: texts that the team has prepared.
//! - [`figures`]: how fast the team answers, by day.
//! - [`due`]: what becomes due: mails to customers who have left, the end of a snooze, closing.
//! - [`find`]: finding a thread by words of its subject.

pub mod desk;
pub mod due;
pub mod figures;
pub mod find;
pub mod note;
pub mod present;
pub mod reply;
pub mod thread;
