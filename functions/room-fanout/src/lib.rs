//! Delivers messages and presence changes in the public room, which is too large for the sender to wait.
//!
//! The sockets are read from the index of online people, shard by shard and page by page, and each shard posts to sixteen
//! sockets at once: several thousand a second. A message is delivered once for each event ([`events::once`]). A run that was
//! killed is repeated from the start, and clients drop a number they have already. The number of online people is posted to all
//! of them at most once a second ([`online`]) while the room is small. Above [`TOLD_MOST`] clients ask for it, because otherwise
//! each change would cost as many posts as there are people.
//!
//! AWS calls of a message: the lease and its release, one read, a query for each page of 200 people, a post for each socket. Of
//! a change of presence: one read and, once a second, three writes, a query for each shard, then the same again with the posts.

use aws_lambda_events::eventbridge::EventBridgeEvent;
use events::{
    Envelope, once,
    rooms::{MessagePosted, PresenceChanged},
};
use function::{Boot, Failure, Function, StartError};
use futures_util::future::try_join_all;
use kernel::{
    Sys,
    id::{EventId, RoomId},
};
use messaging::{
    Sockets, delivery,
    frame::{self, Posted, Push},
    message::LogEntry,
    online,
    presence::{self, SHARDS},
};
use store::Table;

/// The stream that the frames belong to.
const STREAM: &str = "chat";
/// Maximum people of one page.
const PAGE: u32 = 200;
/// Up to this number of online people, everybody gets each change of the number.
const TOLD_MOST: u64 = 200;

events::hears! { MessagePosted, PresenceChanged }

/// The state of the function: its clients, keys and settings.
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
    let state = boot.env.read(|r| State { table: Table::read(r, &aws, &sys), sockets: Sockets::read(r, &aws), sys })?;
    state.table.warm_up().await;
    Ok(Function::new(state, |s, event, _| async move { Box::pin(handle(&s, event)).await }))
}

async fn handle(s: &State, event: EventBridgeEvent<Envelope<Heard>>) -> Result<(), Failure> {
    let Envelope { id, event, .. } = event.detail;
    match event {
        Heard::MessagePosted(MessagePosted { room, seq }) => {
            once(&s.table, &s.sys, "room-fanout", id, Box::pin(message_posted(s, room, seq))).await?;
        }
        // A repetition counts again.
        Heard::PresenceChanged(PresenceChanged { room }) => presence_changed(s, room, id).await?,
    }
    Ok(())
}

async fn message_posted(s: &State, room: RoomId, seq: u64) -> Result<(), Failure> {
    let Some(entry) = s.table.get::<LogEntry>(LogEntry::key_of(room, seq)).await? else { return Ok(()) };
    let sender = entry.via.clone();
    // The message was deleted before it was delivered.
    let Some(message) = entry.shown() else { return Ok(()) };
    let told = frame::write(STREAM, None, &Push::Message(Posted { message: &message, picture: None }));
    to_everybody(s, sender.as_deref(), &told).await
}

async fn presence_changed(s: &State, room: RoomId, event: EventId) -> Result<(), Failure> {
    let Some(online) = online::announcement(&s.table, &s.sys, room, event).await? else { return Ok(()) };
    if online.more || online.people > TOLD_MOST {
        return Ok(());
    }
    let push = Push::Online { room, online: online.people.saturating_sub(1), more: false };
    to_everybody(s, None, &frame::write(STREAM, None, &push)).await
}

async fn to_everybody(s: &State, except: Option<&str>, told: &[u8]) -> Result<(), Failure> {
    let shards = (0..SHARDS).map(async |shard| {
        let mut after = None;
        loop {
            let page = presence::page(&s.table, shard, after.as_ref(), PAGE).await?;
            delivery::deliver(&s.table, &s.sys, &s.sockets, &page.items, except, told).await;
            after = page.last().cloned();
            if after.is_none() {
                return Ok::<_, Failure>(());
            }
        }
    });
    try_join_all(shards).await.map(drop)
}
