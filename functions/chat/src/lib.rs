//! The chat stream of the WebSocket: sending, editing and deleting messages, typing, catching up, reading history, read markers, and who
//! is online.
//!
//! Session, account, ban and membership are checked for every frame. Errors are sent as frames, and the socket stays open. Only the
//! sockets of callers who may no longer send anything (signed out, banned) are closed after the error.
//!
//! AWS calls of a frame: a batch read that authenticates the sender, and reads the room and their membership. The first frame of a socket
//! at an instance takes another read, because the platform only passes the id of the socket. The answer is the function's response and
//! takes no call. In addition:
//!
//! | payload | calls |
//! |---|---|
//! | `ping` | none |
//! | `hello` | query of the rooms, a batch read of them and the people in them if there are any; what `online` takes |
//! | `send` to up to 20 people | the transaction, and in a group concurrently a query of its members; the batch read of their sockets; one post for each |
//! | `send` to people who are away | an update for each of them, concurrently with the posts; each further message within two minutes in a direct room, or within ten seconds in a group, takes one more update, which is refused |
//! | `send` to people all of whose sockets turn out to be closed | an update for each of them, after the posts |
//! | `send` to more | the transaction, with the event by which `room-fanout` delivers |
//! | `send` with mentions | before these also a batch read of the names |
//! | `send` with files | before these also a batch read of the files |
//! | `send` of the first message of a direct room | also a read of the other person, if the sender has other devices |
//! | `send` again | a read of the message |
//! | `send` with a slow mode | also a read of the sender's roles, unless they administrate the room |
//! | `edit`, `delete` | as `send` |
//! | `sync`, `history` | one query |
//! | `typing` | a batch read of the others' sockets, in a group a query of its members before it; a post for each; none within five seconds after another one |
//! | `read` | one write, and concurrently for read receipts a batch read of the others, in a group a query of its members before it; a post for each of their sockets and of the person's other ones; none within two seconds after another one |
//! | `online` | none; once a second one of all callers takes two writes and a query for each of the four shards |
//!
//! A frame also updates when the person was last seen, if that was at least fifteen seconds ago. A frame that is malformed or comes too
//! early ([`messaging::pace`]) takes none of these calls.

mod ask;
mod hello;
mod online;
mod read;
mod say;

use accounts::picture::Links;
use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use function::{Boot, Failure, Function, StartError};
use kernel::{Locale, Problem, Sys};
use messaging::{
    Sockets,
    access::{self, FrameSender},
    delivery, frame,
    pace::{Owner, Pace},
    presence,
    say::MessageSender,
    stream::{Answered, Arrived, Stream},
};
use store::Table;

use crate::ask::{Act, Answer, Ask, REPLIES};

/// The name of the stream, by which API Gateway selects the route.
pub const STREAM: &str = frame::CHAT_STREAM;

/// Returns the frames of the stream, for the AsyncAPI document.
#[must_use]
pub fn frames() -> frame::Stream {
    frame::Stream::of::<Ask, Answer, frame::Push<'_>>(STREAM, REPLIES)
}

/// Returns whether `body` is a valid frame of this stream. A test compares the document with it.
#[must_use]
pub fn reads(body: &str) -> bool {
    frame::read::<Ask>(body).is_ok_and(|request| request.payload.parse().is_ok())
}

/// The state of the function: its clients, keys and settings.
#[derive(Clone)]
pub struct State {
    table: Table,
    sys: Sys,
    sockets: Sockets,
    links: Links,
    pace: Pace,
}

/// Reads the configuration and opens the connection to the table.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let state = boot.env.read(|r| State {
        table: Table::read(r, &aws, &sys),
        sockets: Sockets::read(r, &aws),
        links: Links::read(r),
        pace: Pace::default(),
        sys,
    })?;
    state.table.warm_up().await;
    Ok(Function::new(state, |s, event, _| async move { Box::pin(handle(&s, event)).await }))
}

/// Answers one frame. It never fails: errors are sent to the client.
async fn handle(s: &State, event: ApiGatewayWebsocketProxyRequest) -> Result<serde_json::Value, Failure> {
    let socket = event.request_context.connection_id.unwrap_or_default();
    let request = event.request_context.request_id.unwrap_or_default();
    let body = event.body.unwrap_or_default();
    let stream = Stream { name: STREAM, table: &s.table, sys: &s.sys, sockets: &s.sockets, pace: &s.pace };
    let arrived = Arrived { socket: &socket, request: &request, body: &body };
    let answering = |owner: Owner, act: Act| {
        let (locale, often) = (owner.locale, act.limited());
        stream.handle_limited(&socket, locale, often, |room| Answer::Typing { room }, answer(s, &socket, owner, act))
    };
    Ok(stream.handle(arrived, Ask::parse, answering).await)
}

type Outcome = Result<(Answer, Vec<Delivery>), Problem>;
/// A frame for other sockets, and the people who get it.
type Delivery = (Vec<u8>, Vec<presence::Presence>);

/// Answers a frame that the limits have admitted, and sends its deliveries to other sockets.
async fn answer(s: &State, socket: &str, owner: Owner, act: Act) -> Answered<Answer> {
    let mut locale = owner.locale;
    let outcome = match Box::pin(authorized(s, socket, owner, act, &mut locale)).await {
        Ok((answer, deliveries)) => {
            for delivery in deliveries {
                deliver(s, socket, delivery).await;
            }
            Ok(answer)
        }
        Err(problem) => Err(problem),
    };
    Answered { outcome, locale, is_handled: true }
}

async fn authorized(s: &State, socket: &str, owner: Owner, act: Act, locale: &mut Locale) -> Outcome {
    let sender = access::authorize(&s.table, &s.sys, socket, (owner.user, owner.session), act.target()).await?;
    *locale = sender.user.locale;
    let presence = sender.presence.clone();
    let (outcome, refreshed) = tokio::join!(perform(s, socket, sender, act), presence::refresh(&s.table, &presence, s.sys.now()));
    if let Err(e) = refreshed {
        tracing::warn!(error = %e, "the count of people who are online could not be updated");
    }
    outcome
}

async fn perform(s: &State, socket: &str, sender: FrameSender, act: Act) -> Outcome {
    let FrameSender { user, presence, chat, receipt, member, entry, online, pair } = sender;
    let answer = match act {
        Act::Hello => hello::hello(s, &user, member, (&online, &presence)).await?,
        Act::Ping => Answer::Pong {},
        Act::Send { message, .. } => {
            let speaker = MessageSender { user: &user, member, socket, chat, receipt, pair };
            say::say(s, speaker, message).await?
        }
        Act::Edit { text, .. } => return say::edit(s, &member, entry, text, pair.as_ref()).await,
        Act::Delete { .. } => return say::delete(s, &member, entry).await,
        Act::Sync { since, limit, .. } => read::sync(s, &member, since, limit).await?,
        Act::History { before, limit, .. } => read::history(s, &member, before, limit).await?,
        Act::Typing { .. } => return say::typing(s, &user, &member, pair.as_ref()).await,
        Act::Read { seq, mark, .. } => return read::mark(s, &user, &member, (seq, mark), presence).await,
        Act::Online { .. } => online::online(s, &member.room, &online, &presence).await?,
    };
    Ok((answer, Vec::new()))
}

async fn deliver(s: &State, socket: &str, (bytes, people): Delivery) {
    delivery::deliver(&s.table, &s.sys, &s.sockets, &people, Some(socket), &bytes).await;
}
