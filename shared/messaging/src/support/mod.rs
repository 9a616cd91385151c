//! The support desk: one thread for each customer, with the whole team.
//!
//! A thread is a room of the kind `support` with a log of its own ([`crate::log`]). Nobody has a membership in it: the customer is
//! named in the room ([`desk::Desk`]), and the team is everybody with the role, so that no operation on rooms and no frame of the
//! chat leads into it. The id of a thread follows from its customer, so that finding it takes no look-up and two of them cannot exist.
//!
//! - [`desk`]: what a thread has, and its states. They change in the update that takes a message's number.
//! - [`thread`]: finding, making, taking and listing threads.
//! - [`present`]: the sockets of the team.
//! - [`note`]: private notes, which are items of their own kind in a partition of their own, never messages with a flag.
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
