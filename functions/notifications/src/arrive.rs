//! What happens when an event arrives: an entry is stored once, and pushed.

use accounts::{
    pair::Relation,
    user::{Status, User},
};
use events::{Envelope, delivery::NoticeDue, people::RelationChanged, rooms::MessagesMissed};
use function::Failure;
use kernel::{
    Id as _, Time,
    id::{NotificationId, UserId},
};
use messaging::{delivery, frame, presence::Presence};
use preferences::{Category, Channel, Settings};
use store::{Conditional as _, Tx, field};

use crate::{
    Heard, State,
    entry::{InboxEntry, NotificationInfo, STREAM, What},
};

/// Stores the entry of an event, unless the person has caused the event or it was stored before, and pushes it.
///
/// A transaction, a batch read and a post for each socket. Before it a read of the settings, for what the person can switch off and
/// whose sender does not know them.
///
/// # Errors
/// If it cannot be stored. It can be repeated.
pub async fn arrive(s: &State, Envelope { id, at, event, .. }: Envelope<Heard>) -> Result<(), Failure> {
    let id = NotificationId::from_ulid(id.ulid());
    match event {
        Heard::NoticeDue(NoticeDue { user, notice }) => {
            if notice.is_of_order() && !wants(s, user, Category::Orders).await? {
                return Ok(());
            }
            tell(s, Some(id), user, What::Notice { notice }, at, None).await
        }
        // Its sender has read the settings.
        Heard::MessagesMissed(MessagesMissed { user, room, kind, seq, messages, replaces }) => {
            tell(s, Some(id), user, What::Chat { room, kind, seq, messages }, at, replaces).await
        }
        Heard::RelationChanged(RelationChanged { user, other, relation, by }) => {
            // What is over is only pushed, so that clients show it no longer.
            let is_news = by != user && matches!(relation, Relation::Received | Relation::Friends);
            let is_kept = is_news && wants(s, user, Category::Friends).await?;
            tell(s, is_kept.then_some(id), user, What::Relation { other, relation }, at, None).await
        }
    }
}

/// Whether a person wants this category in their inbox. One read.
async fn wants(s: &State, user: UserId, category: Category) -> Result<bool, Failure> {
    let settings = s.table.get::<Settings>(Settings::key_of(user)).await?;
    Ok(settings.unwrap_or_else(|| Settings::of_default(user)).wants(category, Channel::InApp))
}

/// `id`: the id of the entry to store. `None` if none is stored. The entry `replaces` is deleted.
async fn tell(
    s: &State,
    id: Option<NotificationId>,
    user: UserId,
    what: What,
    at: Time,
    replaces: Option<NotificationId>,
) -> Result<(), Failure> {
    if let Some(id) = id {
        let mut tx = Tx::new();
        tx.create(&InboxEntry { id, user, what, at, read_at: None });
        // Nothing is stored beside an account that is being deleted.
        tx.check(User::key_of(user), field("status").eq(Status::Active));
        if let Some(before) = replaces {
            tx.delete(InboxEntry::key_of(user, before));
        }
        if !s.table.commit(tx).await.applied()? {
            return Ok(());
        }
    }
    let presence = Presence::key_of(user);
    let about = what.about().map(User::key_of);
    let mut found = s.table.get_many([presence.clone()].into_iter().chain(about.clone()).collect()).await?;
    let Some(here) = found.take::<Presence>(&presence)? else { return Ok(()) };
    let other = about.map(|key| found.take::<User>(&key)).transpose()?.flatten().filter(|user| user.status == Status::Active);
    let told = NotificationInfo::new(id, what, at, false, other.map(|user| user.username.to_string())).replacing(replaces);
    delivery::deliver(&s.table, &s.sys, &s.sockets, &[here], None, &frame::write(STREAM, None, &told)).await;
    Ok(())
}
