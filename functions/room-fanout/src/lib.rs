//! Delivers messages in rooms that are too large to deliver while the sender waits, system events of every group and channel, and the
//! number of online people in the public room. Notifies people whose membership has ended, members of a room and both sides of a support
//! thread in which all messages of somebody were deleted, and both sides of a support thread of messages that moderators have deleted, and
//! deletes the items of a deleted room.
//!
//! In a group or a channel the members are read page by page, with their sockets. A removed member is not among them, so a late delivery
//! does not reach them.
//!
//! In the public room the sockets are read from the index of online people, shard by shard and page by page, and each shard posts to
//! sixteen sockets at once: several thousand a second. A message is delivered once for each event ([`events::once`]). A run that was killed
//! is repeated from the start, and clients ignore a number they already have. While at most [`PUSHED_MAX`] people are online, the number of
//! online people is posted to all of them, at most once a second ([`online`]). Above that clients request the number, because each change
//! would otherwise cost as many posts as there are people.
//!
//! AWS calls of a message: the lease and its release, one read, a query for each page of 200 people (and in a group or a channel a
//! batch read of their sockets for each 100), a post for each socket; if it mentions somebody, a batch read of their sockets, and an
//! update for each who is away (in the public room a transaction). Of a change of presence: one read and, once a second, three
//! writes, a query for each shard, then the same again with the posts.

use std::time::Duration;

use aws_lambda_events::eventbridge::EventBridgeEvent;
use events::{
    Envelope, Outbox, once,
    rooms::{MemberLeft, MessageChanged, MessagePosted, MessagesDeleted, PresenceChanged, RoomDeleted},
};
use function::{Boot, Context, Failure, Function, StartError};
use futures_util::future::try_join_all;
use kernel::{
    Sys,
    id::{EventId, RoomId, UserId},
};
use messaging::{
    Sockets, delivery, digest,
    frame::{self, Push, SUPPORT_STREAM},
    member,
    message::LogEntry,
    online,
    presence::{self, SHARDS},
    purge::{self, Purged},
    room::{PUBLIC, Room},
    roster,
    support::present,
};
use store::{Conditional as _, Table, Tx};

/// The stream that the frames belong to.
const STREAM: &str = "chat";
/// The most people of one page.
const PAGE: u32 = 200;
/// When less time than this is left of the invocation, the deletion of a room continues in another one. A page of members and the posts to
/// them take less.
const MARGIN: Duration = Duration::from_secs(20);
/// Up to this number of online people, everybody gets each change of the number.
const PUSHED_MAX: u64 = 200;

events::hears! { MemberLeft, MessageChanged, MessagePosted, MessagesDeleted, PresenceChanged, RoomDeleted }

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
        // The events below can be repeated: clients get the current state once more.
        Heard::MessageChanged(MessageChanged { room, seq }) => message_changed(s, room, seq).await?,
        Heard::MessagesDeleted(MessagesDeleted { room }) => messages_deleted(s, room).await?,
        Heard::PresenceChanged(PresenceChanged { room }) => presence_changed(s, room, id).await?,
        Heard::MemberLeft(MemberLeft { room, user }) => tell_removed(s, room, &[user]).await?,
        Heard::RoomDeleted(RoomDeleted { room }) => delete_room(s, context, room).await?,
    }
    Ok(())
}

async fn message_posted(s: &State, room: RoomId, seq: u64) -> Result<(), Failure> {
    let Some(entry) = s.table.get::<LogEntry>(LogEntry::key_of(room, seq)).await? else { return Ok(()) };
    let sender = entry.via.clone();
    let bytes = frame::write(STREAM, None, &Push::Message(&entry.clone().shown()));
    if room == PUBLIC {
        deliver_to_public_room(s, sender.as_deref(), &bytes).await
    } else {
        deliver_to_members(s, room, seq, sender.as_deref(), &bytes).await
    }?;
    Ok(digest::schedule_mentioned(&s.table, &s.sys, &entry).await?)
}

async fn message_changed(s: &State, room: RoomId, seq: u64) -> Result<(), Failure> {
    let (entry_key, room_key) = (LogEntry::key_of(room, seq), Room::key_of(room));
    let mut found = s.table.get_many(vec![entry_key.clone(), room_key.clone()]).await?;
    let Some(entry) = found.take::<LogEntry>(&entry_key)? else { return Ok(()) };
    if let Some(desk) = found.take::<Room>(&room_key)?.and_then(|room| room.desk) {
        // A moderator has deleted it. The function `support` itself delivers the changes by authors.
        return if entry.is_deleted() { tell_thread(s, desk.customer, &Push::Changed(&entry.shown())).await } else { Ok(()) };
    }
    let bytes = frame::write(STREAM, None, &Push::Changed(&entry.shown()));
    if room == PUBLIC { deliver_to_public_room(s, None, &bytes).await } else { deliver_to_members(s, room, seq, None, &bytes).await }
}

/// Posts a frame to both sides of a support thread. It has nothing that one of the sides must not see.
async fn tell_thread(s: &State, customer: UserId, push: &Push<'_>) -> Result<(), Failure> {
    let bytes = frame::write(SUPPORT_STREAM, None, push);
    let open = delivery::sockets(&s.table, vec![customer]).await?;
    delivery::deliver(&s.table, &s.sys, &s.sockets, &open, None, &bytes).await;
    present::deliver(&s.table, &s.sys, &s.sockets, None, &bytes).await;
    Ok(())
}

/// Tells clients to read a room again. In a support thread the messages are those of a former member of the team.
async fn messages_deleted(s: &State, room: RoomId) -> Result<(), Failure> {
    let Some(Room { changes, desk, .. }) = s.table.get::<Room>(Room::key_of(room)).await? else { return Ok(()) };
    let push = Push::Changes { room, changes };
    if let Some(desk) = desk {
        return tell_thread(s, desk.customer, &push).await;
    }
    let bytes = frame::write(STREAM, None, &push);
    if room == PUBLIC { deliver_to_public_room(s, None, &bytes).await } else { deliver_to_members(s, room, u64::MAX, None, &bytes).await }
}

/// Delivers to the members of a group or a channel, except those who joined after this number.
async fn deliver_to_members(s: &State, room: RoomId, seq: u64, except: Option<&str>, bytes: &[u8]) -> Result<(), Failure> {
    let mut after = None;
    loop {
        let page = member::of_room(&s.table, room, after, PAGE).await?;
        let people = page.items.iter().filter(|m| m.from <= seq).map(|m| m.user).collect();
        let open = delivery::sockets(&s.table, people).await?;
        delivery::deliver(&s.table, &s.sys, &s.sockets, &open, except, bytes).await;
        after = page.last().map(|m| m.user);
        if after.is_none() {
            return Ok(());
        }
    }
}

async fn tell_removed(s: &State, room: RoomId, people: &[UserId]) -> Result<(), Failure> {
    let open = delivery::sockets(&s.table, people.to_vec()).await?;
    delivery::deliver(&s.table, &s.sys, &s.sockets, &open, None, &frame::write(STREAM, None, &Push::Left { room })).await;
    Ok(())
}

/// Ends the memberships in a deleted room, notifies the members, and deletes the other items. A run that is short of time adds the same
/// event to the outbox again.
async fn delete_room(s: &State, context: &Context, room: RoomId) -> Result<(), Failure> {
    while context.has_left(MARGIN) {
        let members: Vec<UserId> = member::of_room(&s.table, room, None, PAGE).await?.items.into_iter().map(|m| m.user).collect();
        for user in &members {
            roster::end_membership(&s.table, room, *user).await?;
        }
        if !members.is_empty() {
            tell_removed(s, room, &members).await?;
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
    if online.more || online.people > PUSHED_MAX {
        return Ok(());
    }
    let push = Push::Online { room, online: online.people.saturating_sub(1), more: false };
    deliver_to_public_room(s, None, &frame::write(STREAM, None, &push)).await
}

async fn deliver_to_public_room(s: &State, except: Option<&str>, bytes: &[u8]) -> Result<(), Failure> {
    let shards = (0..SHARDS).map(async |shard| {
        let mut after = None;
        loop {
            let page = presence::page(&s.table, shard, after.as_ref(), PAGE).await?;
            delivery::deliver(&s.table, &s.sys, &s.sockets, &page.items, except, bytes).await;
            after = page.last().cloned();
            if after.is_none() {
                return Ok::<_, Failure>(());
            }
        }
    });
    try_join_all(shards).await.map(drop)
}
