//! Handling an event: stores an entry in the inbox once, and pushes it to the person's sockets.

use accounts::{
    pair::Relation,
    user::{Status, User},
};
use aws_lambda_events::eventbridge::EventBridgeEvent;
use events::{Envelope, delivery::NoticeDue, people::RelationChanged, rooms::MessagesMissed};
use function::{Failure, RawValue};
use kernel::{
    Id as _, Time,
    id::{NotificationId, UserId},
};
use messaging::{delivery, frame, presence::Presence};
use preferences::{Category, Channel, Settings};
use serde_json::value::to_raw_value;
use store::{Conditional as _, Tx, field};

use crate::{
    State,
    entry::{EntryContent, InboxEntry, NotificationInfo, STREAM},
};

events::hears! { MessagesMissed, NoticeDue, RelationChanged }

/// Handles an event of the bus.
///
/// # Errors
/// If the payload is not an event that this function hears, or the entry cannot be stored. The event can be repeated.
pub async fn on_event(s: &State, payload: &RawValue) -> Result<Box<RawValue>, Failure> {
    let event: EventBridgeEvent<Envelope<Heard>> = serde_json::from_str(payload.get())?;
    Box::pin(handle(s, event.detail)).await?;
    Ok(to_raw_value(&())?)
}

/// Stores the entry of an event, unless the person has caused the event or the entry exists, and pushes it.
///
/// AWS calls: a transaction, a batch read and a post for each socket. Events about friends and orders take a read of the settings before
/// that. The sender of other events has read the settings, or the person cannot switch them off.
async fn handle(s: &State, Envelope { id, at, event, .. }: Envelope<Heard>) -> Result<(), Failure> {
    let id = NotificationId::from_ulid(id.ulid());
    match event {
        Heard::NoticeDue(NoticeDue { user, notice }) => {
            if notice.is_of_order() && !wants(s, user, Category::Orders).await? {
                return Ok(());
            }
            store_and_push(s, Some(id), user, EntryContent::Notice { notice }, at, None).await
        }
        // `digests` and `deliver` have read the settings before they send this event.
        Heard::MessagesMissed(MessagesMissed { user, room, kind, seq, messages, replaces }) => {
            store_and_push(s, Some(id), user, EntryContent::Chat { room, kind, seq, messages }, at, replaces).await
        }
        Heard::RelationChanged(RelationChanged { user, other, relation, by }) => {
            // The end of a relation is only pushed: clients remove it, and the inbox has no entry about it.
            let is_news = by != user && matches!(relation, Relation::Received | Relation::Friends);
            let is_kept = is_news && wants(s, user, Category::Friends).await?;
            store_and_push(s, is_kept.then_some(id), user, EntryContent::Relation { other, relation }, at, None).await
        }
    }
}

/// Returns whether a person wants this category in their inbox. One read.
async fn wants(s: &State, user: UserId, category: Category) -> Result<bool, Failure> {
    let settings = s.table.get::<Settings>(Settings::key_of(user)).await?;
    Ok(settings.unwrap_or_else(|| Settings::of_default(user)).wants(category, Channel::InApp))
}

/// Stores the entry with this `id`, unless it is `None`, and deletes the entry `replaces`. Then pushes the content to the person's sockets.
async fn store_and_push(
    s: &State,
    id: Option<NotificationId>,
    user: UserId,
    what: EntryContent,
    at: Time,
    replaces: Option<NotificationId>,
) -> Result<(), Failure> {
    if let Some(id) = id {
        let mut tx = Tx::new();
        tx.create(&InboxEntry { id, user, what, at, read_at: None });
        // No items may be written for an account that is being deleted, nor about one: the purge has deleted what others have about it.
        tx.check(User::key_of(user), field("status").eq(Status::Active));
        if let Some(other) = what.other_person() {
            tx.check(User::key_of(other), User::stays());
        }
        if let Some(before) = replaces {
            tx.delete(InboxEntry::key_of(user, before));
        }
        if !s.table.commit(tx).await.applied()? {
            return Ok(());
        }
    }
    let presence = Presence::key_of(user);
    let about = what.other_person().map(User::key_of);
    let mut found = s.table.get_many([presence.clone()].into_iter().chain(about.clone()).collect()).await?;
    let Some(here) = found.take::<Presence>(&presence)? else { return Ok(()) };
    let other = about.map(|key| found.take::<User>(&key)).transpose()?.flatten().filter(|user| user.status == Status::Active);
    let pushed = NotificationInfo::new(id, what, at, false, other.map(|user| user.username.to_string())).replacing(replaces);
    delivery::deliver(&s.table, &s.sys, &s.sockets, &[here], None, &frame::write(STREAM, None, &pushed)).await;
    Ok(())
}
