//! Sixty messages in any sixty seconds, counted for the person over all their sockets; the next one bans.
//!
//! The count is sixty slots in one item. A message takes a slot that is empty or was taken a minute ago, in the transaction
//! that commits it and under that condition. No slot can be taken twice within a minute, so no more than sixty messages
//! pass in any minute; all slots are taken only if sixty did, so none of the sixty is refused. Sockets that send at the same
//! moment pick slots at random and rarely meet; the one that loses picks again.
//!
//! Beside the slots stands until when a person opens no socket after a flood of frames: see [`crate::pace`].

use std::{collections::BTreeMap, time::Duration};

use accounts::{Resource, user::partition};
use kernel::{Kind, Problem, Sys, Time, id::UserId};
use serde::{Deserialize, Serialize};
use store::{About, Cond, Key, Personal, Stored, Update, field};

/// Messages of one person in any [`WINDOW`].
pub const MOST: usize = SLOTS.len();
/// How long a message counts.
pub const WINDOW: Duration = Duration::from_secs(60);
/// Frames that may come before a client has waited as it was told. A client that sends without looking at the answers has a
/// second burst under way when it is told for the first time.
pub const IGNORED_MOST: u32 = 10;
/// How long a person opens no socket after a flood of frames.
pub const PAUSE: Duration = Duration::from_secs(300);

const SLOTS: [&str; 60] = [
    "s00", "s01", "s02", "s03", "s04", "s05", "s06", "s07", "s08", "s09", "s10", "s11", "s12", "s13", "s14", "s15", "s16", "s17", "s18",
    "s19", "s20", "s21", "s22", "s23", "s24", "s25", "s26", "s27", "s28", "s29", "s30", "s31", "s32", "s33", "s34", "s35", "s36", "s37",
    "s38", "s39", "s40", "s41", "s42", "s43", "s44", "s45", "s46", "s47", "s48", "s49", "s50", "s51", "s52", "s53", "s54", "s55", "s56",
    "s57", "s58", "s59",
];

/// What a person has lately sent, and whether they may send at all. Absent until their first message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChatState {
    /// Since when they are banned from chat.
    pub banned_at: Option<Time>,
    /// Until when they open no socket, because they sent frames faster than they were told to.
    #[serde(default)]
    pub paused_until: Option<Time>,
    /// The slots, among the attributes that every item has.
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
}

impl ChatState {
    /// Where a person's state is.
    #[must_use]
    pub fn key_of(user: UserId) -> Key {
        Key::new(partition(user), "CHAT")
    }

    /// Whether the person may open sockets and send frames.
    ///
    /// # Errors
    /// [`Kind::ChatBanned`], or [`Kind::TooManyRequests`] during the pause after a flood.
    pub fn admit(&self, now: Time) -> Result<(), Problem> {
        if self.banned_at.is_some() {
            return Err(Kind::ChatBanned.into());
        }
        self.admit_ticket(now)
    }

    /// Whether the person may have a ticket. Who is banned may: the handshake tells them that they are.
    ///
    /// # Errors
    /// [`Kind::TooManyRequests`] during the pause after a flood.
    pub fn admit_ticket(&self, now: Time) -> Result<(), Problem> {
        match self.paused_until.map(|until| until.since(now)).filter(|left| !left.is_zero()) {
            None => Ok(()),
            Some(left) => Err(paused(left)),
        }
    }

    /// A slot that is free now, the `pick`-th of them if there are several.
    fn free(&self, now: Time, pick: impl FnOnce(u32) -> u32) -> Option<&'static str> {
        let taken = |slot: &str| self.rest.get(slot).and_then(serde_json::Value::as_i64).map(Time::from_millis);
        let free: Vec<_> = SLOTS.into_iter().filter(|s| taken(s).is_none_or(|at| at <= now - WINDOW)).collect();
        free.get(pick(u32::try_from(free.len()).unwrap_or(0)) as usize).copied()
    }

    /// Counts one more message: the write that goes into its transaction, refused if the slot was taken meanwhile or the
    /// person was banned. `None` means that it is one too many.
    #[must_use]
    pub fn count(&self, sys: &Sys, user: UserId, now: Time) -> Option<Update> {
        let slot = self.free(now, |free| sys.below(free))?;
        let update = Update::upsert::<Self>(Self::key_of(user)).set(slot, now);
        Some(update.when(field(slot).absent().or(field(slot).le(now - WINDOW))).when(field("banned_at").absent()))
    }
}

/// [`ChatState::admit`] as a condition of a write.
#[must_use]
pub fn admits(now: Time) -> Cond {
    field("banned_at").absent().and(field("paused_until").absent().or(field("paused_until").le(now)))
}

/// What somebody is told during the pause after a flood, of which so much is left.
pub(crate) fn paused(left: Duration) -> Problem {
    Problem::new(Kind::TooManyRequests).retry_after(left).limited("socket_flood", IGNORED_MOST, PAUSE)
}

/// Read beside the caller of an HTTP operation, from whose record its key follows.
impl Resource for ChatState {
    type Path = ();
    fn find(caller: UserId, (): ()) -> Option<Key> {
        Some(Self::key_of(caller))
    }
}

impl Stored for ChatState {
    const KIND: &'static str = "chat";
    const ABOUT: About = About::beside_user("CHAT", Personal::Exported(&["banned_at", "paused_until"])).removed_by("chats");
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Time = Time::from_millis(1_893_499_200_000);

    fn take(state: &mut ChatState, now: Time) -> bool {
        let Some(slot) = state.free(now, |n| n / 2) else { return false };
        state.rest.insert(slot.to_owned(), now.millis().into());
        true
    }

    #[test]
    fn the_sixty_first_within_a_minute_finds_no_slot() {
        let mut state = ChatState::default();
        for i in 0..60 {
            assert!(take(&mut state, START + Duration::from_millis(i * 500)), "message {i}");
        }
        assert!(!take(&mut state, START + Duration::from_millis(59_999)));
        assert!(take(&mut state, START + Duration::from_secs(60)), "the first has just left the window");
        assert!(!take(&mut state, START + Duration::from_millis(60_499)));
    }

    #[test]
    fn any_minute_holds_sixty_at_most_and_never_fewer_are_refused() {
        let mut state = ChatState::default();
        let (mut passed, mut now) = (Vec::<Time>::new(), START);
        for step in 0_u64..5_000 {
            now = now + Duration::from_millis(step * 7_919 % 1_500);
            let recent = passed.iter().filter(|at| **at > now - WINDOW).count();
            let ok = take(&mut state, now);
            assert_eq!(ok, recent < 60, "at step {step} after {recent}");
            if ok {
                passed.push(now);
            }
        }
    }

    #[test]
    fn slots_have_different_names() {
        let mut names = SLOTS.to_vec();
        names.dedup();
        assert_eq!(names.len(), 60);
    }
}
