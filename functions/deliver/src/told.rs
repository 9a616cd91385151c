//! How often a person is told the same thing: at once the first time, then once an hour at most, with how often it happened meanwhile.
//!
//! One item counts for each person and kind of notice, and for each address besides where a notice does not go to the person's own:
//! what happened to one thing never swallows what happened to another. What is held back stands in a sparse index by when it is due,
//! so that it is told even if nothing more happens.

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

/// A person is told the same thing so often at most.
pub const EVERY: Duration = Duration::from_secs(3600);
/// How long one run may take to tell what was held back before another may: longer than the function runs.
const LEASE: Duration = Duration::from_secs(120);
/// How long the item stays after the last event. What is held back is told long before.
const REMEMBERED: Duration = Duration::from_secs(7 * 24 * 3600);
/// How often an event that lost against another one is tried again.
const TRIES: usize = 16;
/// Where what is held back is found.
const DUE: &str = "NOTICES_DUE";

/// What a person was told of one kind, and what they are still to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Whom.
    pub user: UserId,
    /// What.
    pub notice: Notice,
    /// By which event it was told last.
    by: EventId,
    /// When.
    pub told_at: Time,
    /// When it may be told next.
    next_at: Time,
    channel: Option<Channel>,
    address: Option<String>,
    /// How often it happened since.
    #[serde(default)]
    pub held: u32,
    /// When it happened last since.
    pub last_at: Option<Time>,
    leased_until: Option<Time>,
}

/// What is to be done with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The person is told at once.
    Now,
    /// It is held back, and told together with what else happens until then.
    Later,
}

/// A part of what is due.
#[derive(Debug)]
pub struct Due {
    /// One that cannot be read keeps no other from being told.
    pub told: Vec<Result<Told, StoreError>>,
    /// Behind what it goes on, if it does.
    pub next: Option<(Key, Key)>,
}

/// Judges an event of `at`. One update if the person is told now; if not, a transaction besides, with `held`, which marks the event as
/// held back and is refused if it was before: delivered twice, an event is told or counted once.
///
/// # Errors
/// [`StoreError`]
pub async fn turn(
    table: &Table,
    now: Time,
    (event, at): (EventId, Time),
    (user, notice): (UserId, Notice),
    to: Option<&Contact>,
    held: impl Fn() -> Update,
) -> Result<Turn, StoreError> {
    for _ in 0..TRIES {
        let before: Told = match table.update(Told::tell(event, user, notice, to, now)).await {
            Ok(_) => return Ok(Turn::Now),
            Err(WriteError::Refused(Some(row))) => row.decode()?,
            Err(WriteError::Refused(None)) => continue,
            Err(WriteError::Store(e)) => return Err(e),
        };
        let mut tx = Tx::new();
        let first = tx.update(held());
        tx.update(before.hold(at, now));
        match table.commit(tx).await {
            Ok(()) => return Ok(Turn::Later),
            Err(e) if e.refused(first) => return Ok(Turn::Later),
            Err(CommitError::Refused(_)) => {}
            Err(CommitError::Store(e)) => return Err(e),
        }
    }
    Err(StoreError::Unavailable("too many notices of one kind at once".to_owned()))
}

/// A part of what was held back and is due by the index, the longest due first, behind `after`. One request.
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
    Ok(Due { told: items.into_iter().map(Row::decode).collect(), next })
}

impl Told {
    fn key_of(user: UserId, notice: Notice, to: Option<&Contact>) -> Key {
        Key::new(partition(user), sort(notice, to))
    }

    /// An event is told now, unless the person was told the same within the hour or more is held back. One that could not be sent
    /// comes again.
    fn tell(event: EventId, user: UserId, notice: Notice, to: Option<&Contact>, now: Time) -> Update {
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

    /// One more event, of `at`, is held back, unless the person was told again meanwhile.
    fn hold(&self, at: Time, now: Time) -> Update {
        Update::of(self.key())
            .add("held", 1)
            .set("last_at", at)
            .index(Index::DueNotices, Some(self.place(self.next_at)))
            .expires(now + REMEMBERED)
            .when(field("next_at").eq(self.next_at))
    }

    fn place(&self, due: Time) -> Key {
        Key::new(DUE, format!("{}#{}#{}", sortable(due), self.user, sort(self.notice, self.contact().as_ref())))
    }

    /// The address or number it goes to, if that is not the person's own.
    #[must_use]
    pub fn contact(&self) -> Option<Contact> {
        self.channel.zip(self.address.as_deref()).map(|(channel, address)| Contact::stored(channel, address))
    }

    /// Begins to tell what was held back, as it stands now. One update; nothing if there is nothing to tell, or somebody else tells it.
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

    /// It was told: what came meanwhile waits for an hour. One update, two if anything did.
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
        let some = settled().add("held", i64::from(self.held).saturating_neg()).index(Index::DueNotices, Some(self.place(now + EVERY)));
        // Refused: it is settled, and only the reply was lost.
        table.update(some).await.refused_is_fine()
    }

    /// It could not be told: the next run tries again at once. If this fails too, the lease ends by itself.
    pub async fn release(&self, table: &Table, now: Time) {
        let release = Update::of(self.key()).set("leased_until", now).when(field("leased_until").eq(self.leased_until));
        if let Err(e) = table.update(release).await.refused_is_fine() {
            tracing::warn!(error = %e, "a lease could not be given back");
        }
    }
}

impl Item for Told {
    const KIND: &'static str = "told";
    const ABOUT: About =
        About::beside_user("TOLD#{notice}", Personal::Exported(&["notice", "channel", "address", "told_at", "held", "last_at"]))
            .indexed(Index::DueNotices, DUE, "{at}#{user}#TOLD#{notice}")
            .expires();
    fn key(&self) -> Key {
        Self::key_of(self.user, self.notice, self.contact().as_ref())
    }
}

/// The place of an item beside its person. The address itself stands inside the item, as everything personal does.
fn sort(notice: Notice, to: Option<&Contact>) -> String {
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
    fn kinds_and_addresses_are_told_apart_and_spellings_of_one_mailbox_are_not() {
        let at = |address: &str| Contact::from(Email::parse(address).unwrap());
        let key = |notice, to: Option<&str>| sort(notice, to.map(at).as_ref());
        assert_ne!(key(Notice::NewSignIn, None), key(Notice::PasswordChanged, None));
        assert_ne!(key(Notice::EmailChanged, None), key(Notice::EmailChanged, Some("ana@example.test")));
        assert_ne!(key(Notice::EmailChanged, Some("ana@example.test")), key(Notice::EmailChanged, Some("ana@example.org")));
        assert_eq!(key(Notice::EmailChanged, Some("ana+1@gmail.com")), key(Notice::EmailChanged, Some("a.na@gmail.com")));
        assert!(!key(Notice::EmailChanged, Some("ana@example.test")).contains("ana@"));
    }
}
