//! Operations on a thread for HTTP and the socket: sending, reading, and notifying both sides.

use accounts::{
    audit::{Action, AuditEntry},
    user::User,
};
use kernel::{FieldError, Kind, Origin, Problem, id::UserId};
use messaging::{
    delivery, exclusion,
    frame::{self, PAGE_MAX_BYTES},
    history,
    message::{Message, Nonce, Text},
    room::Room,
    send::{self, DeskSend, Receipt, SendError, Sending, Sent},
    spam::ChatState,
    support::{
        present,
        thread::{Desk, Side, taking_part},
    },
};
use store::Tx;

use crate::{
    STREAM, State,
    shown::{DeskThread, SupportMessage, SupportPush},
};

/// The bytes that a problem takes of a frame besides the messages in it.
const PROBLEM_BYTES: usize = 4 * 1024;
/// The maximum number of newer messages that a refusal contains.
const SHOWN_MAX: u32 = 20;

/// A message to send.
#[derive(Debug)]
pub struct NewMessage {
    /// The text.
    pub text: Text,
    /// The client's nonce.
    pub nonce: Nonce,
    /// The number of the message that it answers.
    pub reply_to: Option<u64>,
    /// For the team: the last number that the author has seen.
    pub seen: Option<u64>,
    /// For the team: whether to send it even if there are newer messages.
    pub force: bool,
}

/// The sender of a message, already authorized.
pub struct MessageSender<'a> {
    /// The person.
    pub user: &'a User,
    /// Their side.
    pub side: Side,
    /// Their socket. Empty over HTTP.
    pub socket: &'a str,
    /// The state of their sending limit.
    pub chat: ChatState,
    /// The receipt of the nonce, if it was committed before.
    pub receipt: Option<Receipt>,
}

/// Returns the desk data of a thread. Fails with `not_found` for other rooms.
pub fn desk_of(room: &Room) -> Result<&Desk, Problem> {
    room.desk.as_ref().ok_or_else(|| Kind::NotFound.because("the room is not a support thread"))
}

/// Sends a message and delivers it to both sides. A customer who exceeds the limit of messages in a minute is banned.
///
/// # Errors
/// [`Kind::ThreadMovedOn`] with the newer messages, and the problems of [`send::send`].
pub async fn say(s: &State, speaker: MessageSender<'_>, room: Room, message: NewMessage) -> Result<Sent, Problem> {
    let MessageSender { user, side, socket, chat, receipt } = speaker;
    let customer = desk_of(&room)?.customer;
    let NewMessage { text, nonce, reply_to, seen, force } = message;
    if reply_to.is_some_and(|seq| seq > room.seq) {
        return Err(Problem::field("/reply_to", FieldError::CHOICE));
    }
    let desk = Some(match side {
        Side::Customer => DeskSend::Customer,
        Side::Team => DeskSend::Team { seen: seen.filter(|_| !force) },
    });
    let (id, member) = (room.id, taking_part(room, user.id)?);
    let (attachments, mentions, fingerprint) = (Vec::new(), Vec::new(), send::fingerprint(&text, &[]));
    // The rules of rooms, such as the slow mode, do not apply to the team.
    let staff = side == Side::Team;
    let sending =
        Sending { user, member, pair: None, socket, text, attachments, reply_to, mentions, fingerprint, nonce, staff, chat, receipt, desk };
    match send::send(&s.table, &s.sys, sending).await {
        Ok(sent) => {
            if let Some(message) = sent.message.clone() {
                tell(s, customer, Some(socket), message, |message| SupportPush::Message(message)).await;
            }
            Ok(sent)
        }
        Err(SendError::Refused(problem)) if problem.kind == Kind::ThreadMovedOn => Err(with_newer_messages(s, id, seen, problem).await),
        Err(SendError::Refused(problem)) => Err(problem),
        Err(SendError::Spam) => Err(exclusion::ban(&s.table, &s.sys, &s.sockets, user.id).await),
    }
}

/// Adds the messages that the author has not seen to a refusal. Two reads.
async fn with_newer_messages(s: &State, room: kernel::id::RoomId, seen: Option<u64>, problem: Problem) -> Problem {
    let read = async {
        let room = s.table.get::<Room>(Room::key_of(room)).await?.ok_or(Kind::NotFound)?;
        let customer = desk_of(&room)?.customer;
        let member = taking_part(room, customer)?;
        let bytes = PAGE_MAX_BYTES.saturating_sub(PROBLEM_BYTES);
        let page = history::since(&s.table, &member, seen.unwrap_or(0), SHOWN_MAX, bytes).await?;
        serde_json::to_value(SupportMessage::all(page.messages, customer, Side::Team)).map_err(Problem::internal)
    };
    match read.await {
        Ok(messages) => problem.with("messages", messages),
        Err(e) => {
            tracing::warn!(code = e.kind.code(), "the newer messages could not be added to a refusal");
            problem
        }
    }
}

/// Delivers a message to both sides, each with its own view, except to this socket.
pub async fn tell(
    s: &State,
    customer: UserId,
    except: Option<&str>,
    message: Message,
    push: impl for<'a> Fn(&'a SupportMessage) -> SupportPush<'a>,
) {
    let frame_for = |viewer| {
        let shown = SupportMessage::new(message.clone(), customer, viewer);
        frame::write(STREAM, None, &push(&shown))
    };
    let (theirs, ours) = (frame_for(Side::Customer), frame_for(Side::Team));
    tokio::join!(tell_customer(s, customer, except, &theirs), present::deliver(&s.table, &s.sys, &s.sockets, except, &ours));
}

/// Posts a frame to the sockets of a customer, except to this one.
pub async fn tell_customer(s: &State, customer: UserId, except: Option<&str>, push: &[u8]) {
    match delivery::sockets(&s.table, vec![customer]).await {
        Ok(here) => delivery::deliver(&s.table, &s.sys, &s.sockets, &here, except, push).await,
        Err(e) => tracing::warn!(error = %e, "a message is not delivered: the customer's sockets could not be read"),
    }
}

/// Sends a changed thread to the team, and returns it as the team sees it.
pub async fn tell_team_of(s: &State, room: &Room) -> Result<DeskThread, Problem> {
    let thread = DeskThread::new(room, desk_of(room)?, s.sys.now());
    let push = frame::write(STREAM, None, &SupportPush::Thread(&thread));
    present::deliver(&s.table, &s.sys, &s.sockets, None, &push).await;
    Ok(thread)
}

/// Records in the audit that a member of the team reads a customer's thread. One transaction.
///
/// # Errors
/// If the audit cannot be written: then nothing is read.
pub async fn audited(s: &State, reader: UserId, origin: &Origin, customer: UserId) -> Result<(), Problem> {
    let mut tx = Tx::new();
    s.audit.add(&mut tx, &AuditEntry::by(&s.sys, reader, origin, Action::SupportThreadRead, customer));
    Ok(s.table.commit(tx).await?)
}
