//! The stream `support`: frames are checked and answered like those of the chat, and errors are frames too.

use accounts::user::User;
use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use function::{Failure, RawValue};
use kernel::{Kind, Locale, Origin, Problem};
use messaging::{
    access::{self, DeskSender},
    change::{self, Changed},
    frame::{self, PAGE_MAX_BYTES},
    history::{self, NewerPage, OlderPage},
    message::{Author, Message},
    pace::Owner,
    presence::{self, LIFE},
    room::Room,
    stream::{Answered, Arrived, Stream},
    support::{
        present::{self, AtDesk},
        thread::{self, Side, taking_part},
    },
};
use serde_json::value::to_raw_value;

use crate::{
    STREAM, State,
    ask::{Act, Operation, SupportAnswer, SupportAsk},
    shown::{SupportMessage, SupportPush, SupportThread, author},
    talk::{self, MessageSender, desk_of},
};

/// The bytes that are left for the messages of a page.
const MESSAGES_BYTES: usize = PAGE_MAX_BYTES - 512;

/// Answers one frame. It never fails because of the frame: errors are sent to the client.
pub async fn on_frame(s: &State, payload: &RawValue) -> Result<Box<RawValue>, Failure> {
    let event: ApiGatewayWebsocketProxyRequest = serde_json::from_str(payload.get())?;
    let socket = event.request_context.connection_id.unwrap_or_default();
    let request = event.request_context.request_id.unwrap_or_default();
    let body = event.body.unwrap_or_default();
    let stream = Stream { name: STREAM, table: &s.table, sys: &s.sys, sockets: &s.sockets, pace: &s.pace };
    let arrived = Arrived { socket: &socket, request: &request, body: &body };
    let answering = |owner: Owner, act: Act| {
        let (locale, often) = (owner.locale, act.limited(owner.user));
        stream.handle_limited(&socket, locale, often, |room| SupportAnswer::Typing { room }, answer(s, &socket, &request, owner, act))
    };
    Ok(to_raw_value(&stream.handle(arrived, SupportAsk::parse, answering).await)?)
}

type Outcome = Result<SupportAnswer, Problem>;

async fn answer(s: &State, socket: &str, request: &str, owner: Owner, act: Act) -> Answered<SupportAnswer> {
    let mut locale = owner.locale;
    let outcome = Box::pin(authorized(s, socket, request, owner, act, &mut locale)).await;
    Answered { outcome, locale, is_handled: true }
}

async fn authorized(s: &State, socket: &str, request: &str, owner: Owner, act: Act, locale: &mut Locale) -> Outcome {
    let sender = access::authorize_desk(&s.table, &s.sys, socket, owner, act.target()).await?;
    *locale = sender.user.locale;
    let presence = sender.presence.clone();
    let from = Frame { socket, request, owner, side: if act.room.is_some() { Side::Team } else { Side::Customer } };
    let (outcome, refreshed) = tokio::join!(perform(s, &from, sender, act.operation), presence::refresh(&s.table, &presence, s.sys.now()));
    if let Err(e) = refreshed {
        tracing::warn!(error = %e, "the time of the last activity could not be updated");
    }
    outcome
}

/// Where a frame comes from.
struct Frame<'a> {
    socket: &'a str,
    request: &'a str,
    owner: Owner,
    side: Side,
}

async fn perform(s: &State, from: &Frame<'_>, sender: DeskSender, operation: Operation) -> Outcome {
    let DeskSender { user, chat, team, thread, receipt, entry, .. } = sender;
    if matches!(operation, Operation::Hello) {
        return hello(s, from, &user, team, thread).await;
    }
    let room = thread.ok_or_else(|| Kind::NotFound.because("the caller has no thread"))?;
    let customer = desk_of(&room)?.customer;
    match operation {
        Operation::Hello => Err(Kind::NotFound.into()),
        Operation::Send(message) => {
            let speaker = MessageSender { user: &user, side: from.side, socket: from.socket, chat, receipt };
            let sent = talk::say(s, speaker, room, message).await?;
            let message = Message { nonce: Some(sent.receipt.nonce.clone()), ..sent.shown(&s.table).await? };
            Ok(SupportAnswer::Ack(SupportMessage::new(message, customer, from.side)))
        }
        Operation::Edit(_, text) => {
            let changed = change::edit(&s.table, &s.sys, &taking_part(room, user.id)?, entry, (text, Vec::new()), None).await?;
            Ok(SupportAnswer::Edited(tell_changed(s, from, customer, changed).await))
        }
        Operation::Delete(_) => {
            let changed = change::delete(&s.table, &s.sys, &taking_part(room, user.id)?, entry).await?;
            Ok(SupportAnswer::Deleted(tell_changed(s, from, customer, changed).await))
        }
        Operation::Sync(since, limit) => sync(s, from, room, (since, limit)).await,
        Operation::History(before, limit) => read_history(s, from, room, (before, limit)).await,
        Operation::Read(seq) => read(s, from, &room, seq).await,
        Operation::Typing => typing(s, from, &user, &room).await,
    }
}

/// Answers `hello`. A socket of the team gets the threads of the desk from then on. That is stored before anything is read.
async fn hello(s: &State, from: &Frame<'_>, user: &User, team: bool, thread: Option<Room>) -> Outcome {
    if let Some(proven) = from.owner.proven_until.filter(|_| team) {
        let until = proven.min(s.sys.now() + LIFE);
        present::come(&s.table, &AtDesk { connection: from.socket.to_owned(), user: user.id, until }).await?;
    }
    let thread = thread.as_ref().and_then(|room| room.desk.as_ref().map(|desk| SupportThread::new(room, desk)));
    Ok(SupportAnswer::Hello { thread, team })
}

/// Tells both sides of a change, unless it was made before. Returns the message as the sender of the frame sees it.
async fn tell_changed(s: &State, from: &Frame<'_>, customer: kernel::id::UserId, Changed { message, deliver }: Changed) -> SupportMessage {
    let shown = SupportMessage::new(message.clone(), customer, from.side);
    if deliver.is_some() {
        talk::tell(s, customer, Some(from.socket), message, |message| SupportPush::Changed(message)).await;
    }
    shown
}

async fn sync(s: &State, from: &Frame<'_>, room: Room, (since, limit): (u64, u32)) -> Outcome {
    let customer = desk_of(&room)?.customer;
    audited(s, from, customer).await?;
    let (id, last_seq, member) = (room.id, room.seq, taking_part(room, customer)?);
    let NewerPage { messages, upto, more, .. } = history::since(&s.table, &member, since, limit, MESSAGES_BYTES).await?;
    let messages = SupportMessage::all(messages, customer, from.side);
    Ok(SupportAnswer::Sync { room: id, messages, upto, last_seq, more })
}

async fn read_history(s: &State, from: &Frame<'_>, room: Room, (before, limit): (Option<u64>, u32)) -> Outcome {
    let customer = desk_of(&room)?.customer;
    audited(s, from, customer).await?;
    let (id, member) = (room.id, taking_part(room, customer)?);
    let OlderPage { messages, upto, before } = history::before(&s.table, &member, before, limit, MESSAGES_BYTES).await?;
    Ok(SupportAnswer::History { room: id, messages: SupportMessage::all(messages, customer, from.side), upto, before })
}

/// Records that somebody of the team reads a thread. Customers read their own.
async fn audited(s: &State, from: &Frame<'_>, customer: kernel::id::UserId) -> Result<(), Problem> {
    match from.side {
        Side::Customer => Ok(()),
        Side::Team => {
            let origin = Origin { request: from.request.to_owned(), ..Origin::default() };
            talk::audited(s, from.owner.user, &origin, customer).await
        }
    }
}

/// Answers `read`. The marker is sent to the customer's other devices, or to the team.
async fn read(s: &State, from: &Frame<'_>, room: &Room, seq: u64) -> Outcome {
    let (id, customer) = (room.id, desk_of(room)?.customer);
    let seq = thread::mark(&s.table, room, from.side, seq).await?;
    let push = frame::write(STREAM, None, &SupportPush::Read { room: id, seq });
    match from.side {
        Side::Customer => talk::tell_customer(s, customer, Some(from.socket), &push).await,
        Side::Team => present::deliver(&s.table, &s.sys, &s.sockets, Some(from.socket), &push).await,
    }
    Ok(SupportAnswer::Read { room: id, seq })
}

/// Answers `typing`. It is sent to the other side, and to the other members of the team.
async fn typing(s: &State, from: &Frame<'_>, user: &User, room: &Room) -> Outcome {
    let (id, customer) = (room.id, desk_of(room)?.customer);
    let push = |viewer| {
        let who = Author { id: user.id, username: user.username.to_string() };
        frame::write(STREAM, None, &SupportPush::Typing { room: id, author: author(who, customer, viewer) })
    };
    if from.side == Side::Team {
        talk::tell_customer(s, customer, Some(from.socket), &push(Side::Customer)).await;
    }
    present::deliver(&s.table, &s.sys, &s.sockets, Some(from.socket), &push(Side::Team)).await;
    Ok(SupportAnswer::Typing { room: id })
}
