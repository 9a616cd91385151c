//! How fast a client may send frames: [`AT_ONCE`] at once, then one every [`EACH`], on a socket and for an account over all its
//! sockets. A frame that is refused for what it says counts twice.
//!
//! A frame beyond that is answered with an error frame that says how long to wait, and costs no AWS call. A client that does not
//! wait, more often than [`FLOOD`] allows, loses its sockets, and gets no ticket for five minutes ([`exclusion::pause`]).
//!
//! All of this stands in the memory of one instance of one function. On AWS a client whose frames come at the same moment meets
//! several instances, and each of them lets through what is stated here: the cost of a flood is bounded for each instance, not for
//! all of them together. What one instance concludes is durable, though: the pause closes the account's sockets wherever their
//! frames go, and stands in the table. An instance remembers the last [`REMEMBERED`] sockets and as many accounts; who is forgotten
//! has a full allowance again, which takes as many other sockets since its last frame.
//!
//! The same memory knows whose a socket is, which never changes, so that only its first frame takes a read for that.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use kernel::{
    Kind, Locale, Problem, Sys, Time,
    id::{SessionId, UserId},
};
use lru::LruCache;
use store::Table;

use crate::{Sockets, access, exclusion, spam::FLOOD};

/// Frames that may come at once.
pub const AT_ONCE: u32 = 10;
/// Frames a second in the long run.
pub const PER_SECOND: u32 = 2;
/// How long it takes until one more may come: see [`PER_SECOND`].
const EACH: Duration = Duration::from_millis(500);
/// How long it takes until [`AT_ONCE`] may come at once again.
const ALL: Duration = Duration::from_secs(5);
/// Sockets that an instance remembers, at some 300 bytes each, and accounts.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(4096).unwrap();

/// Whose a socket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The person.
    pub user: UserId,
    /// By which sign-in.
    pub session: SessionId,
    /// Their language, as the last frame found it.
    pub locale: Locale,
}

/// Why a frame is not looked at.
#[derive(Debug)]
pub enum Unheard {
    /// It came too early. The problem says how long to wait; nothing was read.
    TooEarly(Problem, Locale),
    /// It came too early, as did many before it that were told to wait. The sockets are to be closed; the owner is known unless
    /// the table does not answer.
    Flood(Option<UserId>),
    /// Whose the socket is could not be found out.
    Unknown(Problem),
}

impl Unheard {
    /// Ends the sockets of a flood. What is left is to be told to the client, in its language.
    pub async fn settle(self, table: &Table, sys: &Sys, sockets: &Sockets, socket: &str) -> Option<(Problem, Locale)> {
        match self {
            Self::TooEarly(problem, locale) => Some((problem, locale)),
            Self::Unknown(problem) => Some((problem, Locale::default())),
            Self::Flood(user) => {
                exclusion::pause(table, sys, sockets, user, socket).await;
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
}

#[derive(Default)]
struct Socket {
    owner: Option<Owner>,
    allowance: Allowance,
}

/// What one socket or one account may send.
#[derive(Clone, Copy, Debug, Default)]
struct Allowance {
    /// When it is whole again, if nothing more comes.
    whole_at: Time,
    /// Until when the client was told to wait.
    told_until: Time,
    /// Frames that have come since it was first told, without a wait.
    ignored: u32,
}

impl Allowance {
    /// How long until one frame may come; zero if it may come now.
    fn wait(&self, now: Time) -> Duration {
        self.whole_at.since(now).saturating_add(EACH).saturating_sub(ALL)
    }

    /// Counts a frame. It may be counted for more than there is: the next one waits longer.
    fn take(&mut self, now: Time, frames: u32) {
        self.whole_at = self.whole_at.max(now) + EACH.saturating_mul(frames);
        self.look(now);
    }

    /// Counts a frame that came too early, and says whether that is the one too many. Those after it cost nothing again.
    fn refuse(&mut self, now: Time, wait: Duration) -> bool {
        self.look(now);
        self.ignored = self.ignored.saturating_add(1);
        self.told_until = now + wait;
        self.ignored == FLOOD.max.saturating_add(1)
    }

    /// Whoever has waited may be told again.
    fn look(&mut self, now: Time) {
        if now >= self.told_until {
            self.ignored = 0;
        }
    }
}

/// Whether a frame counts once or twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// It can be served, as far as its form says.
    Once,
    /// It is refused for its form.
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
        Self(Arc::new(Mutex::new(Memory { sockets: LruCache::new(REMEMBERED), accounts: LruCache::new(REMEMBERED) })))
    }
}

impl Pace {
    /// Lets a frame in, and says whose it is. The first frame of a socket takes one read, any other none.
    ///
    /// # Errors
    /// [`Unheard`]
    pub async fn enter(&self, table: &Table, socket: &str, cost: Cost, now: Time) -> Result<Owner, Unheard> {
        if let Some(owner) = self.memory().enter(socket, cost, now)? {
            return Ok(owner);
        }
        let (user, session) = access::identify(table, socket).await.map_err(Unheard::Unknown)?;
        self.memory().introduce(socket, Owner { user, session, locale: Locale::default() }, cost, now)
    }

    /// Counts a frame that was let in a second time, because it was refused for what it says, and keeps the person's language.
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

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    fn account(&mut self, user: UserId) -> &mut Allowance {
        self.accounts.get_or_insert_mut(user, Allowance::default)
    }

    /// Takes from the socket's allowance, and from its owner's if that is known.
    fn enter(&mut self, socket: &str, cost: Cost, now: Time) -> Result<Option<Owner>, Unheard> {
        let line = self.sockets.get_or_insert_mut(socket.to_owned(), Socket::default);
        let account = line.owner.map(|owner| self.accounts.get_or_insert_mut(owner.user, Allowance::default));
        let mut allowances: Vec<&mut Allowance> = [&mut line.allowance].into_iter().chain(account).collect();
        take(&mut allowances, line.owner, cost, now)?;
        Ok(line.owner)
    }

    /// The same once the owner is known, for their allowance alone.
    fn introduce(&mut self, socket: &str, owner: Owner, cost: Cost, now: Time) -> Result<Owner, Unheard> {
        self.sockets.get_or_insert_mut(socket.to_owned(), Socket::default).owner = Some(owner);
        take(&mut [self.account(owner.user)], Some(owner), cost, now)?;
        Ok(owner)
    }
}

fn take(allowances: &mut [&mut Allowance], owner: Option<Owner>, cost: Cost, now: Time) -> Result<(), Unheard> {
    let wait = allowances.iter().map(|a| a.wait(now)).max().unwrap_or_default();
    if wait.is_zero() {
        for allowance in allowances {
            allowance.take(now, cost.frames());
        }
        return Ok(());
    }
    let problem = Problem::new(Kind::TooManyRequests).retry_after(wait);
    let told = Duration::from_secs(problem.retry_after.unwrap_or(1));
    // The account comes last, if it is known: its sockets are one client, or clients of one person.
    if allowances.last_mut().is_some_and(|a| a.refuse(now, told)) {
        return Err(Unheard::Flood(owner.map(|o| o.user)));
    }
    Err(Unheard::TooEarly(problem, owner.map(|o| o.locale).unwrap_or_default()))
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
        let owner = Owner { user: sys.id(), session: sys.id(), locale: Locale::default() };
        for socket in sockets {
            pace.memory().sockets.put((*socket).to_owned(), Socket { owner: Some(owner), ..Socket::default() });
        }
        owner.user
    }

    fn told(pace: &Pace, socket: &str, cost: Cost, now: Time) -> &'static str {
        match pace.memory().enter(socket, cost, now) {
            Ok(_) => "heard",
            Err(Unheard::TooEarly(..)) => "early",
            Err(Unheard::Flood(_)) => "flood",
            Err(Unheard::Unknown(_)) => "unknown",
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
    fn what_is_refused_counts_twice() {
        let (sys, pace) = (Sys::real(), Pace::default());
        let user = known(&sys, &pace, &["a", "b"]);
        assert_eq!(heard(&pace, "a", Cost::Twice, at(0), 6), 5);
        // Refused for what the table says: counted once more afterwards.
        for _ in 0..5 {
            assert_eq!(told(&pace, "b", Cost::Once, at(10_000)), "heard");
            pace.answered("b", user, Locale::Pl, true, at(10_000));
        }
        assert_eq!(told(&pace, "b", Cost::Once, at(10_000)), "early");
        let Err(Unheard::TooEarly(problem, locale)) = pace.memory().enter("b", Cost::Once, at(10_000)) else { panic!("heard") };
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
        let owner = Owner { user: sys.id(), session: sys.id(), locale: Locale::default() };
        assert!(pace.memory().introduce("x", owner, Cost::Once, at(500)).is_ok());
    }

    #[test]
    fn who_does_not_wait_is_closed_and_who_waits_is_not() {
        let (sys, pace) = (Sys::real(), Pace::default());
        known(&sys, &pace, &["hasty", "also hasty"]);
        assert_eq!(heard(&pace, "hasty", Cost::Once, at(0), 10), 10);
        let answers: Vec<_> = (0..12).map(|i| told(&pace, if i % 2 == 0 { "hasty" } else { "also hasty" }, Cost::Once, at(0))).collect();
        assert_eq!(answers.iter().position(|a| *a == "flood"), Some(10), "{answers:?}");
        assert!((0..100).all(|_| told(&pace, "hasty", Cost::Once, at(400)) == "early"), "once");

        // A frame each 100 ms: one of five is let in, and the client never waits.
        known(&sys, &pace, &["steady"]);
        let answers: Vec<_> = (0..60).map(|i| told(&pace, "steady", Cost::Once, at(i * 100))).collect();
        assert!(answers.contains(&"flood"), "{answers:?}");

        known(&sys, &pace, &["polite"]);
        let mut now = at(0);
        for _ in 0..200 {
            match pace.memory().enter("polite", Cost::Once, now) {
                Ok(_) => {}
                Err(Unheard::TooEarly(problem, _)) => now = now + Duration::from_secs(problem.retry_after.unwrap()),
                Err(e) => panic!("{e:?}"),
            }
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
