//! Chat: rooms and their members, messages in their order, sockets and the delivery to them.
//!
//! The guarantees of the chat rest on five rules, one in each of these modules:
//!
//! - [`sequence`]: every room numbers its messages. A writer first takes a number, then creates the message under it if nothing
//!   is stored there. A reader that finds a number without an item waits while that number is young, and stores a tombstone
//!   under it when it is old, so that a late writer has to take a new number. What a reader has seen never changes later.
//! - [`send`]: an acknowledgement means that the message is committed, and each nonce is committed once.
//! - [`pace`]: ten frames at once and two a second, for each socket and each person. A frame beyond that costs no AWS call.
//! - [`spam`]: sixty messages in any sixty seconds, for each person over all their sockets.
//! - [`presence`]: one item per person lists their few open sockets. It is read *after* a number was taken. A device that is
//!   not in it yet learns of that number from its own `hello`, so nobody misses a message.

pub mod access;
pub mod connection;
pub mod delivery;
pub mod exclusion;
pub mod export;
pub mod frame;
pub mod history;
pub mod message;
pub mod online;
pub mod pace;
pub mod presence;
pub mod purge;
pub mod room;
pub mod send;
pub mod sequence;
mod sockets;
pub mod spam;
pub mod ticket;

pub use sockets::Sockets;

store::items![
    connection::Connection,
    message::LogEntry,
    online::OnlineFigure,
    presence::Presence,
    room::Membership,
    room::Room,
    send::Receipt,
    spam::ChatState,
    ticket::Used
];
