//! The pace of frames: [`AT_ONCE`] at once, then one every [`EACH`], for each socket and for each account over all its sockets. A
//! frame that is refused for its content counts twice.
//!
//! A frame beyond that gets an error frame with the time to wait, and takes no AWS call. If a client ignores this more often than [`FLOOD`]
//! allows, its sockets are closed and it gets no ticket for five minutes ([`exclusion::pause`]).
//!
//! The counts are in the memory of one instance of one function. On AWS concurrent frames go to several instances, each of which admits
//! this many, so the cost of a flood is bounded for each instance only. The pause, however, is stored and closes the account's sockets on
//! every instance. An instance remembers the last [`REMEMBERED`] sockets and as many accounts. A forgotten one starts with a full allowance
//! again, which happens only after frames of that many others.
//!
//! The memory also caches the owner of each socket, which never changes, so that only the first frame of a socket takes a read.
//!
//! It also has the time of each socket's last typing note and last read marker in each room. A typing note within [`TYPING_EVERY`] is
//! dropped, because the others still show the previous one. A read marker within [`READ_EVERY`] is refused with the time to wait. It is not
//! kept for later, because no code of a function runs between two frames. The client sends its newest marker again, so that the last one is
//! never lost.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use kernel::{
    Kind, Locale, Problem, Sys, Time,
    id::{RoomId, SessionId, UserId},
};
use lru::LruCache;
use store::Table;

use crate::{
    Sockets,
    connection::{self, Connection},
    exclusion,
    spam::FLOOD,
};

/// The number of frames that may come at once.
pub const AT_ONCE: u32 = 10;
/// The number of frames a second in the long run.
pub const PER_SECOND: u32 = 2;
/// The minimum time between typing notes of a device in a room. Notes in between are dropped.
pub const TYPING_EVERY: Duration = Duration::from_secs(5);
/// The minimum time between read markers of a device in a room. Markers in between are refused.
pub const READ_EVERY: Duration = Duration::from_secs(2);
/// The time until one more frame may come: see [`PER_SECOND`].
const EACH: Duration = Duration::from_millis(500);
/// The time until [`AT_ONCE`] frames may come at once again.
const ALL: Duration = Duration::from_secs(5);
/// The number of sockets, and of accounts, that an instance remembers. Each takes some 300 bytes.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(4096).unwrap();

/// The owner of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The person.
    pub user: UserId,
    /// Their session.
    pub session: SessionId,
    /// The time until which the socket counts as proven by a second factor: see
    /// [`Connection::proven_until`](crate::connection::Connection).
    pub proven_until: Option<Time>,
    /// Their language at the last frame.
    pub locale: Locale,
}

/// Why a frame is rejected before it is handled.
#[derive(Debug)]
pub enum FrameRejected {
    /// The frame came too early. The problem says how long to wait. Nothing was read from the table.
    TooEarly(Problem, Locale),
    /// Too many frames came early although the sender was asked to wait. The sockets have to be closed. `None` if the owner could not be
    /// read.
    Flood(Option<Owner>),
    /// The owner of the socket could not be read.
    Unknown(Problem),
}

impl FrameRejected {
    /// Closes the sockets after a flood. Returns the problem to answer with, in the client's language, if there is one.
    pub async fn settle(self, table: &Table, sys: &Sys, sockets: &Sockets, socket: &str) -> Option<(Problem, Locale)> {
        match self {
            Self::TooEarly(problem, locale) => Some((problem, locale)),
            Self::Unknown(problem) => Some((problem, Locale::default())),
            Self::Flood(owner) => {
                exclusion::pause(table, sys, sockets, owner, socket).await;
                None
            }
        }
    }
}

/// The allowances of the sockets and accounts that one instance of a function has seen. Cloning shares them.
#[derive(Clone)]
pub struct Pace(Arc<Mutex<Memory>>);

struct Memory {
    sockets: LruCache<String, Socket>,
    accounts: LruCache<UserId, Allowance>,
    /// The time of the last action of each kind of a socket in a room.
    done: LruCache<(String, RoomId, InRoom), Time>,
}

/// An action of a socket in a room with a minimum time in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InRoom {
    /// A typing note.
    Types,
    /// A read marker.
    Reads,
}

impl InRoom {
    const fn every(self) -> Duration {
        match self {
            Self::Types => TYPING_EVERY,
            Self::Reads => READ_EVERY,
        }
    }
}

#[derive(Default)]
struct Socket {
    owner: Option<Owner>,
    allowance: Allowance,
}

/// The allowance of one socket or one account.
#[derive(Clone, Copy, Debug, Default)]
struct Allowance {
    /// The time at which the allowance is full again, if no more frames come.
    full_at: Time,
    /// The end of the wait that the client was asked for.
    told_until: Time,
    /// The number of early frames since the client was first asked to wait.
    ignored: u32,
}

impl Allowance {
    /// Returns the time until one frame may come. Zero if it may come now.
    fn wait(&self, now: Time) -> Duration {
        self.full_at.since(now).saturating_add(EACH).saturating_sub(ALL)
    }

    /// Counts frames. The allowance may be exceeded; then the next frame has to wait longer.
    fn take(&mut self, now: Time, frames: u32) {
        self.full_at = self.full_at.max(now) + EACH.saturating_mul(frames);
        self.look(now);
    }

    /// Counts an early frame. True if it exceeds the limit of [`FLOOD`], for this frame only, so that the following frames have no cost.
    fn refuse(&mut self, now: Time, wait: Duration) -> bool {
        self.look(now);
        self.ignored = self.ignored.saturating_add(1);
        self.told_until = now + wait;
        self.ignored == FLOOD.max.saturating_add(1)
    }

    /// Resets the count of early frames if the client has waited.
    fn look(&mut self, now: Time) {
        if now >= self.told_until {
            self.ignored = 0;
        }
    }
}

/// Whether a frame counts once or twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// The form of the frame is valid.
    Once,
    /// The frame is refused for its form.
    Twice,
}

impl Cost {
    const fn frames(self) -> u32 {
        match self {
            Self::Once => 1,
            Self::Twice => 2,
        }
    }
}

impl Default for Pace {
    fn default() -> Self {
        let (sockets, accounts, done) = (LruCache::new(REMEMBERED), LruCache::new(REMEMBERED), LruCache::new(REMEMBERED));
        Self(Arc::new(Mutex::new(Memory { sockets, accounts, done })))
    }
}

impl Pace {
    /// Admits a frame and returns the owner of its socket. The first frame of a socket takes one read, the others none.
    ///
    /// # Errors
    /// [`FrameRejected`]
    pub async fn enter(&self, table: &Table, socket: &str, cost: Cost, now: Time) -> Result<Owner, FrameRejected> {
        if let Some(owner) = self.memory().enter(socket, cost, now)? {
            return Ok(owner);
        }
        let Connection { user, session, proven_until, .. } = connection::identify(table, socket).await.map_err(FrameRejected::Unknown)?;
        self.memory().admit_owner(socket, Owner { user, session, proven_until, locale: Locale::default() }, cost, now)
    }

    /// Records the answer to an admitted frame: counts the frame once more if it was refused for its content, and keeps the
    /// person's language.
    pub fn answered(&self, socket: &str, user: UserId, locale: Locale, refused: bool, now: Time) {
        let mut memory = self.memory();
        let line = memory.sockets.get_or_insert_mut(socket.to_owned(), Socket::default);
        if let Some(owner) = &mut line.owner {
            owner.locale = locale;
        }
        if refused {
            line.allowance.take(now, 1);
            memory.account(user).take(now, 1);
        }
    }

    /// Records an action of a socket in a room. No AWS call.
    ///
    /// # Errors
    /// The time to wait, if the last action of this kind was too recent.
    pub fn begin(&self, socket: &str, room: RoomId, what: InRoom, now: Time) -> Result<(), Duration> {
        let mut memory = self.memory();
        let key = (socket.to_owned(), room, what);
        let left = memory.done.get(&key).map(|at| (*at + what.every()).since(now)).filter(|left| !left.is_zero());
        if let Some(left) = left {
            return Err(left);
        }
        memory.done.put(key, now);
        Ok(())
    }

    /// Forgets the last [`Pace::begin`], because the action failed.
    pub fn undo(&self, socket: &str, room: RoomId, what: InRoom) {
        self.memory().done.pop(&(socket.to_owned(), room, what));
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    fn account(&mut self, user: UserId) -> &mut Allowance {
        self.accounts.get_or_insert_mut(user, Allowance::default)
    }

    /// Takes from the allowance of the socket, and from the owner's if that is known.
    fn enter(&mut self, socket: &str, cost: Cost, now: Time) -> Result<Option<Owner>, FrameRejected> {
        let line = self.sockets.get_or_insert_mut(socket.to_owned(), Socket::default);
        let account = line.owner.map(|owner| self.accounts.get_or_insert_mut(owner.user, Allowance::default));
        let mut allowances: Vec<&mut Allowance> = [&mut line.allowance].into_iter().chain(account).collect();
        take(&mut allowances, line.owner, cost, now)?;
        Ok(line.owner)
    }

    /// Takes from the owner's allowance once the owner is known.
    fn admit_owner(&mut self, socket: &str, owner: Owner, cost: Cost, now: Time) -> Result<Owner, FrameRejected> {
        self.sockets.get_or_insert_mut(socket.to_owned(), Socket::default).owner = Some(owner);
        take(&mut [self.account(owner.user)], Some(owner), cost, now)?;
        Ok(owner)
    }
}

fn take(allowances: &mut [&mut Allowance], owner: Option<Owner>, cost: Cost, now: Time) -> Result<(), FrameRejected> {
    let wait = allowances.iter().map(|a| a.wait(now)).max().unwrap_or_default();
    if wait.is_zero() {
        for allowance in allowances {
            allowance.take(now, cost.frames());
        }
        return Ok(());
    }
    let problem = Problem::new(Kind::TooManyRequests).retry_after(wait);
    // In whole seconds, as the client is told.
    let wait = Duration::from_secs(problem.retry_after.unwrap_or(1));
    // The account comes last, if it is known, because all its sockets belong to one person.
    if allowances.last_mut().is_some_and(|a| a.refuse(now, wait)) {
        return Err(FrameRejected::Flood(owner));
    }
    Err(FrameRejected::TooEarly(problem, owner.map(|o| o.locale).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use kernel::Sys;

    use super::*;

    const START: Time = Time::from_millis(1_893_499_200_000);

    fn at(millis: u64) -> Time {
        START + Duration::from_millis(millis)
    }

    fn known(sys: &Sys, pace: &Pace, sockets: &[&str]) -> UserId {
        let owner = Owner { user: sys.id(), session: sys.id(), proven_until: None, locale: Locale::default() };
        for socket in sockets {
            pace.memory().sockets.put((*socket).to_owned(), Socket { owner: Some(owner), ..Socket::default() });
        }
        owner.user
    }

    fn told(pace: &Pace, socket: &str, cost: Cost, now: Time) -> &'static str {
        match pace.memory().enter(socket, cost, now) {
            Ok(_) => "heard",
            Err(FrameRejected::TooEarly(..)) => "early",
            Err(FrameRejected::Flood(_)) => "flood",
            Err(FrameRejected::Unknown(_)) => "unknown",
        }
    }

    fn heard(pace: &Pace, socket: &str, cost: Cost, now: Time, frames: usize) -> usize {
        (0..frames).filter(|_| told(pace, socket, cost, now) == "heard").count()
    }

    #[test]
    fn ten_at_once_and_then_two_a_second() {
        let (sys, pace) = (Sys::real(), Pace::default());
        known(&sys, &pace, &["a"]);
        assert_eq!(heard(&pace, "a", Cost::Once, at(0), 11), 10);
        assert_eq!(
            [499, 500, 501, 999, 1_000].map(|ms| told(&pace, "a", Cost::Once, at(ms))),
            ["early", "heard", "early", "early", "heard"]
        );
        assert_eq!(heard(&pace, "a", Cost::Once, at(60_000), 11), 10, "no more than ten are saved up");
    }

    #[test]
    fn refused_frames_count_twice() {
        let (sys, pace) = (Sys::real(), Pace::default());
        let user = known(&sys, &pace, &["a", "b"]);
        assert_eq!(heard(&pace, "a", Cost::Twice, at(0), 6), 5);
        // A frame that is refused for its content is counted once more afterwards.
        for _ in 0..5 {
            assert_eq!(told(&pace, "b", Cost::Once, at(10_000)), "heard");
            pace.answered("b", user, Locale::Pl, true, at(10_000));
        }
        assert_eq!(told(&pace, "b", Cost::Once, at(10_000)), "early");
        let Err(FrameRejected::TooEarly(problem, locale)) = pace.memory().enter("b", Cost::Once, at(10_000)) else { panic!("heard") };
        assert_eq!((problem.kind, problem.retry_after, locale), (Kind::TooManyRequests, Some(1), Locale::Pl));
    }

    #[test]
    fn an_account_has_one_allowance_for_all_its_sockets() {
        let (sys, pace) = (Sys::real(), Pace::default());
        let _ = (known(&sys, &pace, &["a", "b", "c"]), known(&sys, &pace, &["other"]));
        let all: usize = ["a", "b", "c"].map(|socket| heard(&pace, socket, Cost::Once, at(0), 4)).into_iter().sum();
        assert_eq!(all, 10);
        assert_eq!(told(&pace, "other", Cost::Once, at(0)), "heard");
        let unknown: usize = heard(&pace, "x", Cost::Once, at(0), 11);
        assert_eq!(unknown, 10, "a socket is limited before anybody knows whose it is");
        assert_eq!(told(&pace, "x", Cost::Once, at(500)), "heard");
        let owner = Owner { user: sys.id(), session: sys.id(), proven_until: None, locale: Locale::default() };
        assert!(pace.memory().admit_owner("x", owner, Cost::Once, at(500)).is_ok());
    }

    #[test]
    fn only_a_client_that_does_not_wait_is_closed() {
        let (sys, pace) = (Sys::real(), Pace::default());
        known(&sys, &pace, &["hasty", "also hasty"]);
        assert_eq!(heard(&pace, "hasty", Cost::Once, at(0), 10), 10);
        let answers: Vec<_> = (0..12).map(|i| told(&pace, if i % 2 == 0 { "hasty" } else { "also hasty" }, Cost::Once, at(0))).collect();
        assert_eq!(answers.iter().position(|a| *a == "flood"), Some(10), "{answers:?}");
        assert!((0..100).all(|_| told(&pace, "hasty", Cost::Once, at(400)) == "early"), "once");

        // One frame each 100 ms: one of five is admitted, and the client never waits.
        known(&sys, &pace, &["steady"]);
        let answers: Vec<_> = (0..60).map(|i| told(&pace, "steady", Cost::Once, at(i * 100))).collect();
        assert!(answers.contains(&"flood"), "{answers:?}");

        known(&sys, &pace, &["polite"]);
        let mut now = at(0);
        for _ in 0..200 {
            match pace.memory().enter("polite", Cost::Once, now) {
                Ok(_) => {}
                Err(FrameRejected::TooEarly(problem, _)) => now = now + Duration::from_secs(problem.retry_after.unwrap()),
                Err(e) => panic!("{e:?}"),
            }
        }
    }

    #[test]
    fn a_device_types_every_five_seconds_and_reads_every_two() {
        let (sys, pace) = (Sys::real(), Pace::default());
        let (room, other) = (sys.id(), sys.id());
        for (what, every) in [(InRoom::Types, 5_000), (InRoom::Reads, 2_000)] {
            assert!(pace.begin("a", room, what, at(0)).is_ok());
            assert_eq!(pace.begin("a", room, what, at(1)), Err(Duration::from_millis(every - 1)));
            assert!(pace.begin("b", room, what, at(1)).is_ok() && pace.begin("a", other, what, at(1)).is_ok());
            assert!(pace.begin("a", room, what, at(every - 1)).is_err() && pace.begin("a", room, what, at(every)).is_ok());
            pace.undo("a", room, what);
            assert!(pace.begin("a", room, what, at(every)).is_ok());
        }
    }

    #[test]
    fn the_memory_is_bounded() {
        let pace = Pace::default();
        for i in 0..3 * REMEMBERED.get() {
            let _ = told(&pace, &i.to_string(), Cost::Once, at(0));
        }
        assert_eq!(pace.memory().sockets.len(), REMEMBERED.get());
    }
}
