//! Who is here: one item per person that lists their live sockets.
//!
//! It is the one place that knows a person's sockets, so delivery to a room of twenty is one batch read, and coming and
//! going are one conditional write each. It holds at most [`MOST_LIVE`] sockets: a list inside an item, but a bounded one.
//! A person is *online* while they have a socket and said anything within [`AWAY_AFTER`]; the platform cuts silent sockets
//! at the same age, so a crash whose `$disconnect` never came is forgotten as soon as a silent socket would be.

use std::time::Duration;

use accounts::user::partition;
use futures_util::future::try_join_all;
use kernel::{
    Time,
    id::{SessionId, UserId},
};
use serde::{Deserialize, Serialize};
use store::{About, Cond, Conditional as _, Index, Item, Key, Page, Personal, Range, Slot, StoreError, Table, Tx, Update, field};

/// Live sockets of one person; the one that came first makes room. Tabs and devices, not a service: the limit of five in
/// the requirements would cut off who has a phone, a laptop and a few tabs.
pub const MOST_LIVE: usize = 10;
/// Sockets that one person may open within [`COMING_WINDOW`].
pub const MOST_COMING: usize = 10;
/// See [`MOST_COMING`].
pub const COMING_WINDOW: Duration = Duration::from_secs(60);
/// The platform ends a socket after two hours. Rows outlive that a little and no more, because `$disconnect` is best effort.
pub const LIFE: Duration = Duration::from_secs(2 * 3600 + 600);
/// The platform ends a socket on which nothing was said for ten minutes.
pub const AWAY_AFTER: Duration = Duration::from_secs(600 + REFRESHED_AFTER.as_secs());
/// How old the time of last being seen may get before a frame renews it: one write a minute, not one a frame.
const REFRESHED_AFTER: Duration = Duration::from_secs(60);
/// Partitions of the index of who is online: each takes a thousand comings and goings a second.
pub const SHARDS: u8 = 4;
/// Beyond this many people in a shard the exact figure is not counted: the cost of asking stays bounded.
const COUNTED_PER_SHARD: u32 = 250;

/// The sockets of one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// Whose.
    pub user: UserId,
    /// In the order they came.
    pub live: Vec<Live>,
    /// When sockets were last opened: the limit on opening them.
    coming: Vec<Time>,
    /// When anything was last heard from the person.
    pub seen: Time,
    /// Raised by every change of the list.
    version: u64,
}

/// A socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Live {
    /// The platform's id of the connection.
    pub id: String,
    /// The sign-in it belongs to.
    pub session: SessionId,
    /// When it came.
    pub since: Time,
    /// From when on nothing is brought to it: when its sign-in ends, which nobody is told. A sign-in that is used lasts for
    /// longer than a socket, until its last day.
    #[serde(default = "Live::until_cut")]
    pub until: Time,
}

impl Live {
    /// Sockets from before it was kept.
    const fn until_cut() -> Time {
        Time::from_millis(i64::MAX)
    }

    /// Whether the platform has cut it by now.
    fn is_cut(&self, now: Time) -> bool {
        now >= self.since + LIFE
    }
}

/// A change of somebody's sockets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// How it is then.
    pub next: Presence,
    /// The sockets that are no longer listed.
    pub gone: Vec<Live>,
    /// Whether the person came (their first socket) or went (their last one).
    pub turned: bool,
    before: Option<u64>,
}

impl Change {
    /// Adds the change to a transaction; refused if the list changed meanwhile.
    pub fn write(&self, tx: &mut Tx) -> Slot {
        tx.put(&self.next, self.before.map_or(Cond::Absent, |version| field("version").eq(version)))
    }
}

/// Too many sockets were opened; `0` is how long to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComingTooOften(pub Duration);

/// A person opens a socket.
///
/// # Errors
/// [`ComingTooOften`]
pub fn come(before: Option<Presence>, user: UserId, socket: Live, now: Time) -> Result<Change, ComingTooOften> {
    let version = before.as_ref().map(|p| p.version);
    let Presence { live, coming, .. } = before.unwrap_or(Presence { user, live: Vec::new(), coming: Vec::new(), seen: now, version: 0 });
    let mut coming: Vec<Time> = coming.into_iter().filter(|at| *at > now - COMING_WINDOW).collect();
    if let Some(first) = coming.first().filter(|_| coming.len() >= MOST_COMING) {
        return Err(ComingTooOften((*first + COMING_WINDOW).since(now)));
    }
    coming.push(now);
    let (mut live, mut gone): (Vec<Live>, Vec<Live>) = live.into_iter().partition(|l| !l.is_cut(now) && now < l.until);
    let turned = live.is_empty();
    live.push(socket);
    let surplus = live.len().saturating_sub(MOST_LIVE);
    gone.extend(live.drain(..surplus));
    let next = Presence { user, live, coming, seen: now, version: version.unwrap_or(0).saturating_add(1) };
    Ok(Change { next, gone, turned, before: version })
}

impl Presence {
    /// Where a person's presence is.
    #[must_use]
    pub fn key_of(user: UserId) -> Key {
        Key::new(partition(user), "PRESENCE")
    }

    /// Some sockets have closed. `None` if none of them is listed.
    pub fn go(self, closed: impl Fn(&Live) -> bool, now: Time) -> Option<Change> {
        let Self { user, live, coming, seen, version } = self;
        let (gone, live): (Vec<Live>, Vec<Live>) = live.into_iter().partition(|l| closed(l) || l.is_cut(now));
        let turned = live.is_empty();
        let next = Self { user, live, coming, seen, version: version.saturating_add(1) };
        (!gone.is_empty()).then_some(Change { next, gone, turned, before: Some(version) })
    }

    /// Nothing more is brought to some sockets, though they are open. `None` if none of them is listed.
    pub fn silence(mut self, which: impl Fn(&Live) -> bool, now: Time) -> Option<Change> {
        let silenced: Vec<&mut Live> = self.live.iter_mut().filter(|l| which(l)).collect();
        let any = !silenced.is_empty();
        for live in silenced {
            live.until = live.until.min(now);
        }
        let before = self.version;
        let next = Self { version: before.saturating_add(1), ..self };
        any.then_some(Change { next, gone: Vec::new(), turned: false, before: Some(before) })
    }

    /// The sockets that can still be open.
    fn open(&self, now: Time) -> impl Iterator<Item = &Live> {
        self.live.iter().filter(move |l| !l.is_cut(now))
    }

    /// The sockets to bring something to.
    pub fn sockets(&self, now: Time) -> impl Iterator<Item = &Live> {
        self.open(now).filter(move |l| now < l.until)
    }

    /// Those whose sign-in has ended while they are open.
    pub fn over(&self, now: Time) -> impl Iterator<Item = &Live> {
        self.open(now).filter(move |l| now >= l.until)
    }

    /// Whether the person is online by one of their sockets.
    #[must_use]
    pub fn is_here(&self, now: Time) -> bool {
        now < self.seen + AWAY_AFTER && self.sockets(now).next().is_some()
    }

    /// The write that says the person was heard from, if it is time for one.
    #[must_use]
    pub fn heard(&self, now: Time) -> Option<Update> {
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
        sockets.max(self.coming.last().map(|at| *at + COMING_WINDOW))
    }
}

/// Writes that a person was heard from. Losing against a change of the list loses nothing: that is newer.
///
/// # Errors
/// [`StoreError`]
pub async fn refresh(table: &Table, presence: &Presence, now: Time) -> Result<(), StoreError> {
    match presence.heard(now) {
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

/// Where a person stands in the index: when they count as gone if nothing is heard from them.
fn place(user: UserId, seen: Time) -> Key {
    use kernel::Id as _;
    // The low bits of a ULID are random.
    let shard = user.ulid().random().checked_rem(u128::from(SHARDS)).and_then(|s| u8::try_from(s).ok()).unwrap_or(0);
    Key::new(partition_of(shard), moment(seen + AWAY_AFTER))
}

/// How many people are online, and whether that is all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Online {
    /// People, the asking one included if they are.
    pub people: u64,
    /// Whether there are more than were counted.
    pub more: bool,
}

/// Counts who is online: one query for each shard, at once.
///
/// # Errors
/// [`StoreError`]
pub async fn online(table: &Table, now: Time) -> Result<Online, StoreError> {
    let range = |shard| {
        let here = Range::of_index(Index::Online, partition_of(shard)).between(moment(now), moment(Time::from_millis(i64::MAX)));
        here.limit(COUNTED_PER_SHARD)
    };
    let shards = try_join_all((0..SHARDS).map(|shard| table.query_rows(range(shard)))).await?;
    let people = shards.iter().map(|page| page.items.len() as u64).sum();
    Ok(Online { people, more: shards.iter().any(|page| page.more) })
}

/// Some of the people with sockets in one shard, behind `after`.
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

    fn socket(sys: &Sys, id: &str, since: Time) -> Live {
        Live { id: id.to_owned(), session: sys.id(), since, until: since + LIFE + LIFE }
    }

    #[test]
    fn a_person_comes_with_the_first_socket_and_goes_with_the_last() {
        let sys = Sys::real();
        let user = sys.id();
        let first = come(None, user, socket(&sys, "a", START), START).unwrap();
        assert!(first.turned && first.before.is_none());
        let second = come(Some(first.next), user, socket(&sys, "b", START), START).unwrap();
        assert!(!second.turned);
        let left = second.next.go(|l| l.id == "a", START).unwrap();
        assert!(!left.turned);
        assert!(left.next.clone().go(|l| l.id == "a", START).is_none(), "closing twice changes nothing");
        let last = left.next.go(|l| l.id == "b", START).unwrap();
        assert!(last.turned && last.next.indexes().is_empty());
    }

    #[test]
    fn ghosts_are_forgotten_by_the_clock() {
        let sys = Sys::real();
        let user = sys.id();
        let ghost = come(None, user, socket(&sys, "ghost", START), START).unwrap().next;
        let later = START + LIFE;
        assert_eq!(ghost.sockets(later).count(), 0);
        let back = come(Some(ghost), user, socket(&sys, "new", later), later).unwrap();
        assert!(back.turned, "nobody was there");
        assert_eq!(back.gone.len(), 1);
        assert_eq!(back.next.live.len(), 1);
    }

    #[test]
    fn a_socket_whose_sign_in_is_over_gets_nothing_and_makes_room() {
        let sys = Sys::real();
        let user = sys.id();
        let until = START + Duration::from_secs(60);
        let presence = come(None, user, Live { until, ..socket(&sys, "a", START) }, START).unwrap().next;
        assert_eq!((presence.sockets(START).count(), presence.over(START).count()), (1, 0));
        assert_eq!((presence.sockets(until).count(), presence.over(until).count()), (0, 1));
        assert!(!presence.is_here(until));
        assert!(presence.clone().go(|_| false, until).is_none(), "it is open: who forgets it has closed it");
        let next = come(Some(presence), user, socket(&sys, "b", until), until).unwrap();
        assert_eq!((next.gone.len(), next.turned), (1, true));
        let silent = next.next.silence(|l| l.id == "b", START).unwrap().next;
        assert_eq!((silent.sockets(until).count(), silent.over(until).count()), (0, 1));
        assert!(silent.silence(|l| l.id == "a", START).is_none());
    }

    #[test]
    fn ten_sockets_a_minute_and_ten_at_a_time() {
        let sys = Sys::real();
        let user = sys.id();
        let mut presence = None;
        for i in 0..10 {
            let now = START + Duration::from_secs(i);
            presence = Some(come(presence, user, socket(&sys, &format!("c{i}"), now), now).unwrap().next);
        }
        let now = START + Duration::from_secs(10);
        let refused = come(presence.clone(), user, socket(&sys, "x", now), now).unwrap_err();
        assert_eq!(refused, ComingTooOften(Duration::from_secs(50)));
        let now = START + Duration::from_secs(60);
        let change = come(presence, user, socket(&sys, "x", now), now).unwrap();
        assert_eq!(change.gone.iter().map(|l| l.id.as_str()).collect::<Vec<_>>(), ["c0"]);
        assert_eq!(change.next.live.len(), MOST_LIVE);
    }

    #[test]
    fn a_socket_on_which_nothing_is_said_is_nobody() {
        let sys = Sys::real();
        let presence = come(None, sys.id(), socket(&sys, "a", START), START).unwrap().next;
        assert!(presence.is_here(START + AWAY_AFTER - Duration::from_secs(1)) && !presence.is_here(START + AWAY_AFTER));
        assert!(!presence.go(|_| true, START).unwrap().next.is_here(START));
    }

    #[test]
    fn being_heard_is_written_once_a_minute() {
        let sys = Sys::real();
        let presence = come(None, sys.id(), socket(&sys, "a", START), START).unwrap().next;
        assert!(presence.heard(START + Duration::from_secs(59)).is_none());
        assert!(presence.heard(START + Duration::from_secs(60)).is_some());
    }
}
