//! Delivers messages in rooms that are too large for the sender to wait, system events of every group and channel, and presence
//! changes in the public room. Tells people whose membership ended, and deletes what is left of a deleted room.
//!
//! In a group or a channel the members are read page by page, with their sockets. Whoever was removed is not among them, so
//! nothing that is delivered late reaches them.
//!
//! In the public room the sockets are read from the index of online people, shard by shard and page by page, and each shard posts to sixteen
//! sockets at once: several thousand a second. A message is delivered once for each event ([`events::once`]). A run that was
//! killed is repeated from the start, and clients drop a number they have already. The number of online people is posted to all
//! of them at most once a second ([`online`]) while the room is small. Above [`TOLD_MAX`] clients ask for it, because otherwise
//! each change would cost as many posts as there are people.
//!
//! AWS calls of a message: the lease and its release, one read, a query for each page of 200 people (and in a group or a channel a
//! batch read of their sockets for each 100), a post for each socket; if it mentions somebody, a batch read of their sockets, and an
//! update for each who is away (in the public room a transaction). Of a change of presence: one read and, once a second, three
//! writes, a query for each shard, then the same again with the posts.

use std::time::Duration;

use aws_lambda_events::eventbridge::EventBridgeEvent;
use events::{
    Envelope, Outbox, once,
    rooms::{MemberLeft, MessageChanged, MessagePosted, PresenceChanged, RoomDeleted},
};
use function::{Boot, Context, Failure, Function, StartError};
use futures_util::future::try_join_all;
use kernel::{
    Sys,
    id::{EventId, RoomId, UserId},
};
use messaging::{
    Sockets, delivery, digest,
    frame::{self, Push},
    member,
    message::LogEntry,
    online,
    presence::{self, SHARDS},
    purge::{self, Purged},
    room::PUBLIC,
    roster,
};
use store::{Conditional as _, Table, Tx};

/// The stream that the frames belong to.
const STREAM: &str = "chat";
/// Maximum people of one page.
const PAGE: u32 = 200;
/// The rest of a deleted room is left to another run when less than this is left of the invocation: a page of members and the posts
/// to them take less.
const MARGIN: Duration = Duration::from_secs(20);
/// Up to this number of online people, everybody gets each change of the number.
const TOLD_MAX: u64 = 200;

events::hears! { MemberLeft, MessageChanged, MessagePosted, PresenceChanged, RoomDeleted }

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
    Ok(Function::new(state, |s, event, context| async move { Box::pin(handle(&s, &context, event)).await }))
}

async fn handle(s: &State, context: &Context, event: EventBridgeEvent<Envelope<Heard>>) -> Result<(), Failure> {
    let Envelope { id, event, .. } = event.detail;
    match event {
        Heard::MessagePosted(MessagePosted { room, seq }) => {
            once(&s.table, &s.sys, "room-fanout", id, Box::pin(message_posted(s, room, seq))).await?;
        }
        // A repetition shows the message as it is then.
        Heard::MessageChanged(MessageChanged { room, seq }) => message_changed(s, room, seq).await?,
        // A repetition counts again.
        Heard::PresenceChanged(PresenceChanged { room }) => presence_changed(s, room, id).await?,
        // A client drops the room once more.
        Heard::MemberLeft(MemberLeft { room, user }) => tell_gone(s, room, &[user]).await?,
        Heard::RoomDeleted(RoomDeleted { room }) => dissolve(s, context, room).await?,
    }
    Ok(())
}

async fn message_posted(s: &State, room: RoomId, seq: u64) -> Result<(), Failure> {
    let Some(entry) = s.table.get::<LogEntry>(LogEntry::key_of(room, seq)).await? else { return Ok(()) };
    let sender = entry.via.clone();
    let told = frame::write(STREAM, None, &Push::Message(&entry.clone().shown()));
    if room == PUBLIC {
        to_everybody(s, sender.as_deref(), &told).await
    } else {
        to_members(s, room, seq, sender.as_deref(), &told).await
    }?;
    Ok(digest::schedule_mentioned(&s.table, &s.sys, &entry).await?)
}

async fn message_changed(s: &State, room: RoomId, seq: u64) -> Result<(), Failure> {
    let Some(entry) = s.table.get::<LogEntry>(LogEntry::key_of(room, seq)).await? else { return Ok(()) };
    let told = frame::write(STREAM, None, &Push::Changed(&entry.shown()));
    if room == PUBLIC { to_everybody(s, None, &told).await } else { to_members(s, room, seq, None, &told).await }
}

/// Delivers to the members of a group or a channel, but to nobody what was written before they joined.
async fn to_members(s: &State, room: RoomId, seq: u64, except: Option<&str>, told: &[u8]) -> Result<(), Failure> {
    let mut after = None;
    loop {
        let page = member::of_room(&s.table, room, after, PAGE).await?;
        let people = page.items.iter().filter(|m| m.from <= seq).map(|m| m.user).collect();
        let open = delivery::sockets(&s.table, people).await?;
        delivery::deliver(&s.table, &s.sys, &s.sockets, &open, except, told).await;
        after = page.last().map(|m| m.user);
        if after.is_none() {
            return Ok(());
        }
    }
}

async fn tell_gone(s: &State, room: RoomId, people: &[UserId]) -> Result<(), Failure> {
    let open = delivery::sockets(&s.table, people.to_vec()).await?;
    delivery::deliver(&s.table, &s.sys, &s.sockets, &open, None, &frame::write(STREAM, None, &Push::Left { room })).await;
    Ok(())
}

/// Tells the members of a deleted room, ends their memberships, and deletes the rest. A run that is short of time sends the same
/// event again.
async fn dissolve(s: &State, context: &Context, room: RoomId) -> Result<(), Failure> {
    while context.has_left(MARGIN) {
        let members: Vec<UserId> = member::of_room(&s.table, room, None, PAGE).await?.items.into_iter().map(|m| m.user).collect();
        for user in &members {
            roster::end_membership(&s.table, room, *user).await?;
        }
        if !members.is_empty() {
            tell_gone(s, room, &members).await?;
        } else if purge::remove_room_part(&s.table, &s.sys, room, None).await? == Purged::Done {
            return Ok(());
        }
    }
    let mut tx = Tx::new();
    Outbox::add(&mut tx, &s.sys, &RoomDeleted { room });
    Ok(s.table.commit(tx).await.refused_is_fine()?)
}

async fn presence_changed(s: &State, room: RoomId, event: EventId) -> Result<(), Failure> {
    let Some(online) = online::announcement(&s.table, &s.sys, room, event).await? else { return Ok(()) };
    if online.more || online.people > TOLD_MAX {
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
