//! Presence: one item per person lists their open sockets.
//!
//! The list is the only place with a person's sockets, so that a delivery to twenty members takes one batch read, and opening or closing a
//! socket one conditional write. The list has at most [`LIVE_MAX`] sockets, so that it fits into one item. A person is *online* while they
//! have a socket and have sent a frame within [`OFFLINE_AFTER`]. Clients that are silent otherwise send a `ping` every [`PING_EVERY`], and
//! those that show the number of people ask for it instead, because nobody is told of a connection that was lost without a `$disconnect`.
//! So it leaves every shown number within a minute: it counts for [`OFFLINE_AFTER`], a count may be five seconds old
//! ([`online`](crate::online)), and the JavaScript client asks every seventeen seconds, which are 59 together. That costs up to four writes
//! a minute for each person who is online.

use std::time::Duration;

use accounts::user::partition;
use futures_util::future::try_join_all;
use kernel::{
    Time,
    id::{SessionId, UserId},
};
use serde::{Deserialize, Serialize};
use store::{About, Cond, Conditional as _, Index, Item, Key, Page, Personal, Range, Slot, StoreError, Table, Tx, Update, field};

/// The maximum number of open sockets of a person. If there are more, the oldest ones are closed. Five, which the requirements name, would
/// close sockets of people with a phone, a laptop and a few tabs.
pub const LIVE_MAX: usize = 10;
/// The number of sockets that a person may open within [`OPENED_WINDOW`].
pub const OPENED_MAX: usize = 10;
/// See [`OPENED_MAX`].
pub const OPENED_WINDOW: Duration = Duration::from_secs(60);
/// The life of the items of a socket. API Gateway closes sockets after two hours; the items expire ten minutes later, in case there was no
/// `$disconnect`.
pub const LIFE: Duration = Duration::from_secs(2 * 3600 + 600);
/// The maximum time between two frames of a client.
pub const PING_EVERY: Duration = Duration::from_secs(20);
/// The age of the last-seen time at which a person is offline. It is longer than the time between two refreshes of a client that pings:
/// [`PING_EVERY`] after the last frame that was too early to refresh.
pub const OFFLINE_AFTER: Duration = Duration::from_secs(37);
/// The age of the last-seen time at which a frame refreshes it, so that there is one write for each ping and not for each frame.
const REFRESHED_AFTER: Duration = Duration::from_secs(15);
/// The number of partitions of the index of online people. Each takes a thousand writes a second (DynamoDB).
pub const SHARDS: u8 = 4;
/// The maximum number of people that are counted in each shard, so that the cost of a count is bounded.
const COUNTED_PER_SHARD: u32 = 250;

/// The number of online people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Online {
    /// The number of people.
    pub people: u64,
    /// Whether there are more than were counted.
    pub more: bool,
}

/// The sockets of one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// The person.
    pub user: UserId,
    /// The open sockets, oldest first.
    pub live: Vec<OpenSocket>,
    /// When sockets were opened within [`OPENED_WINDOW`], for the limit on opening them.
    coming: Vec<Time>,
    /// The time of the person's last frame, with the precision of [`REFRESHED_AFTER`].
    pub seen: Time,
    /// Increased by every change of the list.
    version: u64,
}

/// A socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenSocket {
    /// The platform's id of the connection.
    pub id: String,
    /// The session it belongs to.
    pub session: SessionId,
    /// When it was opened.
    pub since: Time,
    /// The time at which deliveries end, because the session expires, which causes no event. It is before the end of the socket only on the
    /// last day of a session.
    #[serde(default = "OpenSocket::until_cut")]
    pub until: Time,
}

impl OpenSocket {
    /// Returns the default for sockets that were stored without this attribute.
    const fn until_cut() -> Time {
        Time::from_millis(i64::MAX)
    }

    /// Returns whether API Gateway has closed the socket by now.
    fn is_cut(&self, now: Time) -> bool {
        now >= self.since + LIFE
    }
}

/// A change of a person's sockets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresenceChange {
    /// The presence after the change.
    pub next: Presence,
    /// The sockets that are removed from the list.
    pub gone: Vec<OpenSocket>,
    /// Whether the person came (their first socket opened) or left (their last one closed).
    pub came_or_left: bool,
    before: Option<u64>,
}

impl PresenceChange {
    /// Adds the change to a transaction. It is refused if the list was changed in the meantime.
    pub fn write(&self, tx: &mut Tx) -> Slot {
        tx.put(&self.next, self.before.map_or(Cond::Absent, |version| field("version").eq(version)))
    }
}

/// Too many sockets were opened. The value is the time to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenedTooOften(pub Duration);

/// Adds a socket that a person opens.
///
/// # Errors
/// [`OpenedTooOften`]
pub fn open_socket(before: Option<Presence>, user: UserId, socket: OpenSocket, now: Time) -> Result<PresenceChange, OpenedTooOften> {
    let version = before.as_ref().map(|p| p.version);
    let Presence { live, coming, .. } = before.unwrap_or(Presence { user, live: Vec::new(), coming: Vec::new(), seen: now, version: 0 });
    let mut coming: Vec<Time> = coming.into_iter().filter(|at| *at > now - OPENED_WINDOW).collect();
    if let Some(first) = coming.first().filter(|_| coming.len() >= OPENED_MAX) {
        return Err(OpenedTooOften((*first + OPENED_WINDOW).since(now)));
    }
    coming.push(now);
    let (mut live, mut gone): (Vec<OpenSocket>, Vec<OpenSocket>) = live.into_iter().partition(|l| !l.is_cut(now) && now < l.until);
    let came_or_left = live.is_empty();
    live.push(socket);
    let surplus = live.len().saturating_sub(LIVE_MAX);
    gone.extend(live.drain(..surplus));
    let next = Presence { user, live, coming, seen: now, version: version.unwrap_or(0).saturating_add(1) };
    Ok(PresenceChange { next, gone, came_or_left, before: version })
}

impl Presence {
    /// Returns the key of a person's presence.
    #[must_use]
    pub fn key_of(user: UserId) -> Key {
        Key::new(partition(user), "PRESENCE")
    }

    /// Removes sockets that have closed. `None` if none of them is listed.
    pub fn remove_sockets(self, closed: impl Fn(&OpenSocket) -> bool, now: Time) -> Option<PresenceChange> {
        let Self { user, live, coming, seen, version } = self;
        let (gone, live): (Vec<OpenSocket>, Vec<OpenSocket>) = live.into_iter().partition(|l| closed(l) || l.is_cut(now));
        let came_or_left = live.is_empty();
        let next = Self { user, live, coming, seen, version: version.saturating_add(1) };
        (!gone.is_empty()).then_some(PresenceChange { next, gone, came_or_left, before: Some(version) })
    }

    /// Ends the deliveries to some sockets that are still open. `None` if none of them is listed.
    pub fn end_delivery(mut self, which: impl Fn(&OpenSocket) -> bool, now: Time) -> Option<PresenceChange> {
        let silenced: Vec<&mut OpenSocket> = self.live.iter_mut().filter(|l| which(l)).collect();
        let any = !silenced.is_empty();
        for live in silenced {
            live.until = live.until.min(now);
        }
        let before = self.version;
        let next = Self { version: before.saturating_add(1), ..self };
        any.then_some(PresenceChange { next, gone: Vec::new(), came_or_left: false, before: Some(before) })
    }

    /// Returns the sockets that may still be open.
    fn open(&self, now: Time) -> impl Iterator<Item = &OpenSocket> {
        self.live.iter().filter(move |l| !l.is_cut(now))
    }

    /// Returns the sockets to deliver to.
    pub fn sockets(&self, now: Time) -> impl Iterator<Item = &OpenSocket> {
        self.open(now).filter(move |l| now < l.until)
    }

    /// Returns the open sockets whose session has ended.
    pub fn with_ended_session(&self, now: Time) -> impl Iterator<Item = &OpenSocket> {
        self.open(now).filter(move |l| now >= l.until)
    }

    /// Returns whether a count at this time included the person.
    pub(crate) fn came_by(&self, counted: Time) -> bool {
        self.live.first().is_some_and(|first| first.since <= counted)
    }

    /// Returns whether the person is online.
    #[must_use]
    pub fn is_online(&self, now: Time) -> bool {
        now < self.seen + OFFLINE_AFTER && self.sockets(now).next().is_some()
    }

    /// Returns the update of the last-seen time, if it is due.
    #[must_use]
    pub fn refresh_seen(&self, now: Time) -> Option<Update> {
        let due = now.since(self.seen) >= REFRESHED_AFTER && !self.live.is_empty();
        let update = || Update::of(self.key()).set("seen", now).index(Index::Online, Some(place(self.user, now)));
        due.then(|| update().when(field("version").eq(self.version)))
    }
}

impl Item for Presence {
    const KIND: &'static str = "presence";
    const ABOUT: About = About::beside_user("PRESENCE", Personal::Exported(&["live", "coming", "seen"]))
        .indexed(Index::Online, "ONLINE#{shard}", "{at}")
        .may_expire()
        .removed_by("chats");
    fn key(&self) -> Key {
        Self::key_of(self.user)
    }
    fn indexes(&self) -> Vec<(Index, Key)> {
        if self.live.is_empty() { Vec::new() } else { vec![(Index::Online, place(self.user, self.seen))] }
    }
    fn expires(&self) -> Option<Time> {
        let sockets = self.live.iter().map(|l| l.since + LIFE).max();
        sockets.max(self.coming.last().map(|at| *at + OPENED_WINDOW))
    }
}

/// Refreshes the last-seen time. A refusal is ignored, because it means that a newer change of the list has set the time.
///
/// # Errors
/// [`StoreError`]
pub async fn refresh(table: &Table, presence: &Presence, now: Time) -> Result<(), StoreError> {
    match presence.refresh_seen(now) {
        None => Ok(()),
        Some(update) => table.update(update).await.refused_is_fine(),
    }
}

fn partition_of(shard: u8) -> String {
    format!("ONLINE#{shard}")
}

fn moment(at: Time) -> String {
    format!("{:015}", at.millis().max(0))
}

/// Returns the index key of a person: the time at which they count as offline if no more frames come.
fn place(user: UserId, seen: Time) -> Key {
    use kernel::Id as _;
    // The low bits of a ULID are random, so the people are spread evenly.
    let shard = user.ulid().random().checked_rem(u128::from(SHARDS)).and_then(|s| u8::try_from(s).ok()).unwrap_or(0);
    Key::new(partition_of(shard), moment(seen + OFFLINE_AFTER))
}

/// Counts the people who are online. One query for each shard, in parallel.
///
/// # Errors
/// [`StoreError`]
pub(crate) async fn count(table: &Table, now: Time) -> Result<Online, StoreError> {
    let range = |shard| {
        let here = Range::of_index(Index::Online, partition_of(shard)).between(moment(now), moment(Time::from_millis(i64::MAX)));
        here.limit(COUNTED_PER_SHARD)
    };
    let shards = try_join_all((0..SHARDS).map(|shard| table.query_rows(range(shard)))).await?;
    let people = shards.iter().map(|page| page.items.len() as u64).sum();
    Ok(Online { people, more: shards.iter().any(|page| page.more) })
}

/// Returns a page of the people with sockets in one shard, starting after `after`.
///
/// # Errors
/// [`StoreError`]
pub async fn page(table: &Table, shard: u8, after: Option<&Presence>, limit: u32) -> Result<Page<Presence>, StoreError> {
    let range = Range::of_index(Index::Online, partition_of(shard)).limit(limit);
    let range = match after {
        Some(last) => range.after(last.key(), Some(place(last.user, last.seen))),
        None => range,
    };
    table.query(range).await
}

#[cfg(test)]
mod tests {
    use kernel::Sys;

    use super::*;

    const START: Time = Time::from_millis(1_893_499_200_000);

    fn socket(sys: &Sys, id: &str, since: Time) -> OpenSocket {
        OpenSocket { id: id.to_owned(), session: sys.id(), since, until: since + LIFE + LIFE }
    }

    #[test]
    fn a_person_comes_with_the_first_socket_and_leaves_with_the_last() {
        let sys = Sys::real();
        let user = sys.id();
        let first = open_socket(None, user, socket(&sys, "a", START), START).unwrap();
        assert!(first.came_or_left && first.before.is_none());
        let second = open_socket(Some(first.next), user, socket(&sys, "b", START), START).unwrap();
        assert!(!second.came_or_left);
        let left = second.next.remove_sockets(|l| l.id == "a", START).unwrap();
        assert!(!left.came_or_left);
        assert!(left.next.clone().remove_sockets(|l| l.id == "a", START).is_none(), "closing twice changes nothing");
        let last = left.next.remove_sockets(|l| l.id == "b", START).unwrap();
        assert!(last.came_or_left && last.next.indexes().is_empty());
    }

    #[test]
    fn sockets_that_never_disconnect_are_dropped_after_their_lifetime() {
        let sys = Sys::real();
        let user = sys.id();
        let lost = open_socket(None, user, socket(&sys, "lost", START), START).unwrap().next;
        let later = START + LIFE;
        assert_eq!(lost.sockets(later).count(), 0);
        let back = open_socket(Some(lost), user, socket(&sys, "new", later), later).unwrap();
        assert!(back.came_or_left, "the person was offline");
        assert_eq!(back.gone.len(), 1);
        assert_eq!(back.next.live.len(), 1);
    }

    #[test]
    fn a_socket_whose_session_has_ended_gets_nothing_and_is_removed() {
        let sys = Sys::real();
        let user = sys.id();
        let until = START + Duration::from_secs(60);
        let presence = open_socket(None, user, OpenSocket { until, ..socket(&sys, "a", START) }, START).unwrap().next;
        assert_eq!((presence.sockets(START).count(), presence.with_ended_session(START).count()), (1, 0));
        assert_eq!((presence.sockets(until).count(), presence.with_ended_session(until).count()), (0, 1));
        assert!(!presence.is_online(until));
        assert!(presence.clone().remove_sockets(|_| false, until).is_none(), "it is still open, and removed only once it was closed");
        let next = open_socket(Some(presence), user, socket(&sys, "b", until), until).unwrap();
        assert_eq!((next.gone.len(), next.came_or_left), (1, true));
        let silent = next.next.end_delivery(|l| l.id == "b", START).unwrap().next;
        assert_eq!((silent.sockets(until).count(), silent.with_ended_session(until).count()), (0, 1));
        assert!(silent.end_delivery(|l| l.id == "a", START).is_none());
    }

    #[test]
    fn ten_sockets_a_minute_and_ten_at_once() {
        let sys = Sys::real();
        let user = sys.id();
        let mut presence = None;
        for i in 0..10 {
            let now = START + Duration::from_secs(i);
            presence = Some(open_socket(presence, user, socket(&sys, &format!("c{i}"), now), now).unwrap().next);
        }
        let now = START + Duration::from_secs(10);
        let refused = open_socket(presence.clone(), user, socket(&sys, "x", now), now).unwrap_err();
        assert_eq!(refused, OpenedTooOften(Duration::from_secs(50)));
        let now = START + Duration::from_secs(60);
        let change = open_socket(presence, user, socket(&sys, "x", now), now).unwrap();
        assert_eq!(change.gone.iter().map(|l| l.id.as_str()).collect::<Vec<_>>(), ["c0"]);
        assert_eq!(change.next.live.len(), LIVE_MAX);
    }

    #[test]
    fn a_silent_socket_does_not_count_as_online() {
        let sys = Sys::real();
        let presence = open_socket(None, sys.id(), socket(&sys, "a", START), START).unwrap().next;
        assert!(presence.is_online(START + OFFLINE_AFTER - Duration::from_secs(1)) && !presence.is_online(START + OFFLINE_AFTER));
        assert!(!presence.remove_sockets(|_| true, START).unwrap().next.is_online(START));
    }

    #[test]
    fn last_seen_is_written_for_each_ping() {
        let sys = Sys::real();
        let presence = open_socket(None, sys.id(), socket(&sys, "a", START), START).unwrap().next;
        assert!(presence.refresh_seen(START + Duration::from_secs(14)).is_none());
        assert!(presence.refresh_seen(START + Duration::from_secs(15)).is_some());
        assert!(presence.refresh_seen(START + PING_EVERY).is_some() && REFRESHED_AFTER + PING_EVERY < OFFLINE_AFTER);
    }
}
