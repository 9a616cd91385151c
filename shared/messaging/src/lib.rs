//! Chat: rooms and their members, messages in order, sockets, and delivery to sockets.
//!
//! The guarantees of the chat depend on five rules, one in each of these modules:
//!
//! - [`log`]: every room numbers its messages and its system events. A number is taken in the transaction that stores its entry,
//!   so that each number up to the last one has an entry, and entries keep their order.
//! - [`send`]: an acknowledgement means that the message is committed, and each nonce is committed once.
//! - [`pace`]: ten frames at once and two a second, for each socket and each person. Frames beyond that take no AWS call.
//! - [`spam`]: sixty messages in any sixty seconds, for each person over all their sockets.
//! - [`presence`]: one item per person lists their few open sockets. It is read *after* a number was taken. A device that is
//!   not in it yet learns of that number from its own `hello`, so nobody misses a message.
//!
//! Rooms, messages and sockets are one crate, because each message concerns all of them: the room decides who may read it, the log its
//! number, and the sockets to whom it is pushed. [`roster`] changes who is in a group or a channel.

pub mod access;
pub mod attachment;
pub mod ban;
pub mod banning;
pub mod change;
pub mod connection;
pub mod delivery;
pub mod digest;
mod digest_state;
pub mod direct;
pub mod earlier;
pub mod exclusion;
pub mod export;
pub mod file;
pub mod frame;
pub mod history;
pub mod limits;
pub mod log;
pub mod member;
pub mod mention;
pub mod message;
pub mod online;
pub mod pace;
pub mod presence;
pub mod purge;
pub mod receipts;
pub mod report;
pub mod room;
pub mod room_ban;
pub mod roster;
pub mod say;
pub mod send;
mod sockets;
pub mod spam;
pub mod stream;
pub mod support;
pub mod ticket;
pub mod typing;
pub mod unread;

pub use sockets::Sockets;

store::items![
    attachment::Attachment,
    attachment::Storage,
    connection::Connection,
    earlier::EarlierText,
    member::Invitation,
    member::Membership,
    message::LogEntry,
    online::OnlineFigure,
    presence::Presence,
    report::Report,
    report::ReportMade,
    room::Room,
    room::RoomEntry,
    room::SlugClaim,
    room_ban::RoomBan,
    roster::RoomCount,
    send::Receipt,
    spam::ChatState,
    support::figures::AnswersOfDay,
    support::find::SubjectWord,
    support::note::Note,
    support::present::AtDesk,
    support::reply::PreparedReply,
    support::thread::AssignedThread,
    ticket::Used
];
