//! Talking: rooms and who is in them, messages in their order, connections and what is delivered to them.
//!
//! What the chat promises rests on five rules, each in one module:
//!
//! - [`sequence`]: every room numbers its messages without gaps that stay. A number is taken first and the message put at it
//!   only if nothing stands there; a reader that meets a hole waits while it is young and fills it with a tombstone when it
//!   is old, so that a late writer must take a new number. What a reader has been shown never changes behind its back.
//! - [`send`]: an acknowledgement means committed, and a nonce commits once.
//! - [`pace`]: ten frames at once and two a second, for a socket and for a person; what comes faster costs no AWS call.
//! - [`spam`]: sixty messages in any sixty seconds, for a person and not for a socket.
//! - [`presence`]: one item per person lists their few live sockets. It is read *after* a number was taken, so that a device
//!   which is not yet in it learns of that number from its own `hello`: nobody misses a message.

pub mod access;
pub mod connection;
pub mod delivery;
pub mod exclusion;
pub mod export;
pub mod frame;
pub mod history;
pub mod message;
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
    message::Entry,
    presence::Presence,
    room::Membership,
    room::Room,
    send::Receipt,
    spam::ChatState,
    ticket::Used
];
