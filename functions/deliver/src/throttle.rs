//! How often a person gets the same notice: the first one at once, then at most one an hour, which states the number of repetitions in
//! between. Not for the kinds that are never held back ([`Notice::is_never_held_back`]).
//!
//! There is one item for each person and kind of notice, and one more for each address if a notice goes to another address than the
//! person's current one. So notices of one kind never delay those of another kind. Items with delayed notices are in a sparse index by due
//! time, so that they are sent even without further events.

use std::time::Duration;

use accounts::{
    identifier::{Channel, Contact},
    user::partition,
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use events::Notice;
use kernel::{
    Time,
    id::{EventId, UserId},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{
    About, CommitError, Cond, Conditional as _, Index, Item, Key, Page, Personal, Range, Row, StoreError, Table, Tx, Update, WriteError,
    field,
};

/// The least time between two notices of one kind to one person.
pub const EVERY: Duration = Duration::from_secs(3600);
/// How long one run may send delayed notices before another one may send them: longer than the function's timeout.
const LEASE: Duration = Duration::from_secs(120);
/// How long the item is kept after the last event. Delayed notices are sent long before that.
const REMEMBERED: Duration = Duration::from_secs(7 * 24 * 3600);
/// How often a write is repeated while concurrent events change the same item.
const TRIES: usize = 16;
/// The index partition of the items with delayed notices.
const DUE: &str = "NOTICES_DUE";

/// The last notice of one kind to a person, and the repetitions that are not sent yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeThrottle {
    /// The person.
    pub user: UserId,
    /// The kind of notice.
    pub notice: Notice,
    /// The event of the last notice that was sent.
    by: EventId,
    /// When that notice was sent.
    pub told_at: Time,
    /// When the next one may be sent.
    next_at: Time,
    channel: Option<Channel>,
    address: Option<String>,
    /// The number of repetitions since then.
    #[serde(default)]
    pub held: u32,
    /// The time of the last repetition.
    pub last_at: Option<Time>,
    leased_until: Option<Time>,
}

/// What happens with the notice of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The notice is sent at once.
    Send,
    /// The notice is delayed, and sent together with later repetitions.
    Delay,
}

/// A page of the due notices.
#[derive(Debug)]
pub struct Due {
    /// The notices. An item that cannot be decoded is an error in this list, so that the others are still sent.
    pub notices: Vec<Result<NoticeThrottle, StoreError>>,
    /// Where the next page begins, if there is one.
    pub next: Option<(Key, Key)>,
}

/// Decides whether the notice of an event at the time `at` is sent now. One update if so; otherwise also a transaction with `held`,
/// which marks the event as delayed and is refused if it is marked already: an event that is delivered twice is sent or counted once.
///
/// # Errors
/// [`StoreError`]
pub async fn decide(
    table: &Table,
    now: Time,
    (event, at): (EventId, Time),
    (user, notice): (UserId, Notice),
    to: Option<&Contact>,
    held: impl Fn() -> Update,
) -> Result<Decision, StoreError> {
    for _ in 0..TRIES {
        let before: NoticeThrottle = match table.update(NoticeThrottle::send_now(event, user, notice, to, now)).await {
            Ok(_) => return Ok(Decision::Send),
            Err(WriteError::Refused(Some(row))) => row.decode()?,
            Err(WriteError::Refused(None)) => continue,
            Err(WriteError::Store(e)) => return Err(e),
        };
        let mut tx = Tx::new();
        let first = tx.update(held());
        tx.update(before.add_delayed(at, now));
        match table.commit(tx).await {
            Ok(()) => return Ok(Decision::Delay),
            Err(e) if e.refused(first) => return Ok(Decision::Delay),
            Err(CommitError::Refused(_)) => {}
            Err(CommitError::Store(e)) => return Err(e),
        }
    }
    Err(StoreError::Unavailable("too many notices of one kind at once".to_owned()))
}

/// Returns a page of the due notices by the index, the oldest due time first, from `after` on. One request.
///
/// # Errors
/// [`StoreError`]
pub async fn due(table: &Table, now: Time, limit: u32, after: Option<(Key, Key)>) -> Result<Due, StoreError> {
    let range = Range::of_index(Index::DueNotices, DUE).between("0", format!("{}~", sortable(now))).limit(limit);
    let range = match after {
        Some((key, place)) => range.after(key, Some(place)),
        None => range,
    };
    let Page { items, more } = table.query_rows(range).await?;
    let next = items.last().filter(|_| more).and_then(|row| Some((row.key()?, row.place(Index::DueNotices)?)));
    Ok(Due { notices: items.into_iter().map(Row::decode).collect(), next })
}

impl NoticeThrottle {
    fn key_of(user: UserId, notice: Notice, to: Option<&Contact>) -> Key {
        Key::new(partition(user), sort_key(notice, to))
    }

    /// Records that the notice of an event is sent now. Refused if the same was sent within the last hour or repetitions are delayed.
    /// An event that could not be sent is delivered again and not refused.
    fn send_now(event: EventId, user: UserId, notice: Notice, to: Option<&Contact>, now: Time) -> Update {
        let free = field("next_at").le(now).and(field("held").absent());
        Update::upsert::<Self>(Self::key_of(user, notice, to))
            .set("user", user)
            .set("notice", notice)
            .set("channel", to.map(Channel::of))
            .set("address", to.map(Contact::address))
            .set("by", event)
            .set("told_at", now)
            .set("next_at", now + EVERY)
            .expires(now + REMEMBERED)
            .when(Cond::Absent.or(field("by").eq(event)).or(free))
    }

    /// Records another delayed event, at the time `at`. Refused if a notice was sent in the meantime.
    fn add_delayed(&self, at: Time, now: Time) -> Update {
        Update::of(self.key())
            .add("held", 1)
            .set("last_at", at)
            .index(Index::DueNotices, Some(self.index_key(self.next_at)))
            .expires(now + REMEMBERED)
            .when(field("next_at").eq(self.next_at))
    }

    fn index_key(&self, due: Time) -> Key {
        Key::new(DUE, format!("{}#{}#{}", sortable(due), self.user, sort_key(self.notice, self.contact().as_ref())))
    }

    /// Returns the address or number that the notice goes to, if it is not the person's own.
    #[must_use]
    pub fn contact(&self) -> Option<Contact> {
        self.channel.zip(self.address.as_deref()).map(|(channel, address)| Contact::stored(channel, address))
    }

    /// Takes the lease for sending the delayed notices, and returns their current state. One update. `None` if there is nothing to
    /// send or another run has the lease.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn lease(&self, table: &Table, now: Time) -> Result<Option<Self>, StoreError> {
        let lease = Update::of(self.key())
            .set("leased_until", now + LEASE)
            .when(field("held").gt(0).and(field("next_at").le(now)))
            .when(field("leased_until").absent().or(field("leased_until").le(now)));
        table.update(lease).await.unless_refused()?.map(Row::decode).transpose()
    }

    /// Records that the delayed notices were sent. Events since the lease are due in an hour. One update, two if there were such events.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn settle(&self, table: &Table, now: Time) -> Result<(), StoreError> {
        let settled = || {
            let update = Update::of(self.key()).set("told_at", now).set("next_at", now + EVERY).remove("leased_until");
            update.when(field("leased_until").eq(self.leased_until))
        };
        let all = settled().remove("held").remove("last_at").index(Index::DueNotices, None).when(field("held").eq(self.held));
        if table.update(all).await.applied()? {
            return Ok(());
        }
        let some = settled().add("held", i64::from(self.held).saturating_neg()).index(Index::DueNotices, Some(self.index_key(now + EVERY)));
        // Refused: an earlier request has recorded it, and its reply was lost.
        table.update(some).await.refused_is_fine()
    }

    /// Gives the lease back after a failure, so that the next run tries again at once. Best effort: the lease also expires.
    pub async fn release(&self, table: &Table, now: Time) {
        let release = Update::of(self.key()).set("leased_until", now).when(field("leased_until").eq(self.leased_until));
        if let Err(e) = table.update(release).await.refused_is_fine() {
            tracing::warn!(error = %e, "a lease could not be given back");
        }
    }
}

impl Item for NoticeThrottle {
    const KIND: &'static str = "told";
    const ABOUT: About =
        About::beside_user("TOLD#{notice}", Personal::Exported(&["notice", "channel", "address", "told_at", "held", "last_at"]))
            .indexed(Index::DueNotices, DUE, "{at}#{user}#TOLD#{notice}")
            .expires();
    fn key(&self) -> Key {
        Self::key_of(self.user, self.notice, self.contact().as_ref())
    }
}

/// Returns the sort key of an item in the person's partition. The address is hashed: personal data is not put into keys.
fn sort_key(notice: Notice, to: Option<&Contact>) -> String {
    let to = to.map(|to| format!("#{}", BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(to.mailbox_key()))));
    format!("TOLD#{}{}", notice.name(), to.unwrap_or_default())
}

fn sortable(at: Time) -> String {
    format!("{:014}", at.millis())
}

#[cfg(test)]
mod tests {
    use super::*;
    use accounts::identifier::Email;

    #[test]
    fn notices_of_different_kinds_or_addresses_have_different_keys_and_spellings_of_one_mailbox_share_one() {
        let at = |address: &str| Contact::from(Email::parse(address).unwrap());
        let key = |notice, to: Option<&str>| sort_key(notice, to.map(at).as_ref());
        assert_ne!(key(Notice::NewSignIn, None), key(Notice::PasswordChanged, None));
        assert_ne!(key(Notice::EmailChanged, None), key(Notice::EmailChanged, Some("ana@example.test")));
        assert_ne!(key(Notice::EmailChanged, Some("ana@example.test")), key(Notice::EmailChanged, Some("ana@example.org")));
        assert_eq!(key(Notice::EmailChanged, Some("ana+1@gmail.com")), key(Notice::EmailChanged, Some("a.na@gmail.com")));
        assert!(!key(Notice::EmailChanged, Some("ana@example.test")).contains("ana@"));
    }
}
