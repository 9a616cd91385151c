//! The chat stream: greeting, sending, catching up, reading back, who is there.
//!
//! Every frame is judged anew: session, account, ban, membership. Errors are frames and the socket survives them; only who
//! may not speak any more (signed out, banned) is told so and closed.
//!
//! AWS calls of a frame: who speaks is a read of the connection and a batch read; the platform tells no more than the id of
//! the socket, so the first cannot be spared. The answer is a post. In between:
//!
//! | payload | calls |
//! |---|---|
//! | `hello` | query of the rooms, a batch read of them and the people in them, four queries of who is online |
//! | `send` | the number, the transaction, beside it the batch read of the members' sockets; then one post for each socket |
//! | `send` again | none |
//! | `sync`, `history` | one query; one write for each old hole that nobody met before |
//! | `online` | four queries, one for each shard |
//!
//! Once a minute, a frame also renews when the person was last seen.

mod ask;
mod hello;
mod online;
mod read;
mod say;

use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use function::{Boot, Context, Failure, Function, StartError};
use kernel::{Kind, Locale, Problem, Sys};
use messaging::{
    Sockets,
    access::{self, Speaker},
    delivery, frame, presence,
};
use serde_json::json;
use store::Table;

use crate::ask::{Answer, Ask};

/// The stream's name: the route that API Gateway selects by it.
pub const STREAM: &str = "chat";

/// What this feature may touch.
#[derive(Clone)]
pub struct State {
    table: Table,
    sys: Sys,
    sockets: Sockets,
}

/// Reads the configuration and opens the connection to the table.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let state = boot.env.read(|r| State {
        table: Table::new(&aws, &sys, &r.need("TABLE_NAME")),
        sockets: Sockets::new(&aws, &r.need("SOCKET_ENDPOINT")),
        sys,
    })?;
    state.table.warm_up().await;
    Ok(Function::new(move |event, _: Context| {
        let state = state.clone();
        async move { Box::pin(handle(&state, event)).await }
    }))
}

/// Answers one frame. Never fails: what goes wrong is told to the client.
async fn handle(s: &State, event: ApiGatewayWebsocketProxyRequest) -> Result<serde_json::Value, Failure> {
    let socket = event.request_context.connection_id.unwrap_or_default();
    let request = event.request_context.request_id.unwrap_or_default();
    let asked = frame::read::<Ask>(event.body.as_deref().unwrap_or_default());
    let mut locale = Locale::default();
    let (id, outcome) = match asked {
        Ok(asked) => (asked.id, Box::pin(answer(s, &socket, asked.payload, &mut locale)).await),
        Err(unreadable) => (unreadable.id, Err(unreadable.problem)),
    };
    match outcome {
        Ok((answer, delivery)) => {
            let told = frame::write(STREAM, id.as_deref(), &answer);
            // Nobody waits for anybody: neither the sender for a slow device nor the devices for the sender.
            tokio::join!(s.sockets.post(&socket, &told), deliver(s, &socket, delivery));
        }
        Err(problem) => {
            note(&problem);
            let told = frame::error(STREAM, id.as_deref(), &problem, locale, &request);
            if matches!(problem.kind, Kind::TokenInvalid | Kind::ChatBanned) {
                let _ = s.sockets.close_all(vec![socket], Some(&told)).await;
            } else {
                s.sockets.post(&socket, &told).await;
            }
        }
    }
    Ok(json!({ "statusCode": 200 }))
}

type Delivery = Option<(messaging::message::Message, Vec<presence::Presence>)>;

async fn answer(s: &State, socket: &str, ask: Ask, locale: &mut Locale) -> Result<(Answer, Delivery), Problem> {
    let (user, session) = access::identify(&s.table, socket).await?;
    let mut speaker = access::judge(&s.table, &s.sys, user, session, ask.about()).await?;
    *locale = speaker.user.locale;
    let presence = speaker.presence.take();
    let (outcome, refreshed) = tokio::join!(act(s, socket, speaker, ask), presence::refresh(&s.table, presence.as_ref(), s.sys.now()));
    if let Err(e) = refreshed {
        tracing::warn!(error = %e, "who is online is a little out of date");
    }
    outcome
}

async fn act(s: &State, socket: &str, speaker: Speaker, ask: Ask) -> Result<(Answer, Delivery), Problem> {
    let Speaker { user, chat, receipt, room, .. } = speaker;
    let room = room.ok_or_else(|| Problem::from(Kind::NotFound));
    let answer = match ask {
        Ask::Hello {} => hello::hello(s, &user).await?,
        Ask::Send { text, nonce, .. } => return say::say(s, socket, &user, &room?, text, nonce, (chat, receipt)).await,
        Ask::Sync { since, limit, .. } => read::sync(s, &room?, since, limit).await?,
        Ask::History { before, limit, .. } => read::history(s, &room?, before, limit).await?,
        Ask::Online { .. } => online::online(s, &room?).await?,
    };
    Ok((answer, None))
}

async fn deliver(s: &State, socket: &str, delivery: Delivery) {
    if let Some((message, people)) = delivery {
        let told = frame::write(STREAM, None, &frame::Push::Message(&message));
        delivery::deliver(&s.table, &s.sys, &s.sockets, &people, Some(socket), &told).await;
    }
}

fn note(problem: &Problem) {
    let (code, cause) = (problem.kind.code(), problem.cause.as_ref().map(ToString::to_string).unwrap_or_default());
    if problem.kind.status() >= 500 {
        tracing::error!(code, cause, at = %problem.at, "a frame failed");
    } else {
        tracing::debug!(code, cause, at = %problem.at, "a frame was refused");
    }
}
