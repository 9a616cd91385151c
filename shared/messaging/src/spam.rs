//! The limit of sixty messages in any sixty seconds, for each person over all their sockets. The next message leads to a ban.
//!
//! The count consists of sixty slots in one item. The transaction of a message takes a slot, under the condition that the slot is empty or
//! was taken at least a minute ago. So at most sixty messages pass in any minute, and none of the first sixty is refused. Concurrent sends
//! choose slots at random and rarely choose the same one; the loser chooses again.
//!
//! The item also contains the person's ban ([`crate::ban`]) and the end of the pause after a flood of frames ([`crate::pace`]).

use std::{collections::BTreeMap, time::Duration};

use accounts::{Resource, user::partition};
use kernel::{Problem, Sys, Time, id::UserId};
use serde::{Deserialize, Serialize};
use store::{
    About, Cond, Index, Key, Personal, Stored, Update, field,
    limits::{MINUTE, Quota},
};

use crate::{
    ban::{self, Ban, BanReason},
    message::Explanation,
    report::ReportReason,
};

/// The maximum number of messages of a person in any [`WINDOW`].
pub const MAX: usize = SLOTS.len();
/// How long a message counts against the limit.
pub const WINDOW: Duration = Duration::from_secs(60);
/// The same limit for staff, who have to wait and are not banned.
pub const OF_STAFF: Quota = Quota::window("staff_messages", 60, WINDOW, "messages of staff, where others are banned");
const _: () = assert!(OF_STAFF.max as usize == MAX, "the number of slots");
/// The maximum number of frames that a client may send although it was asked to wait, and how long the person cannot open a socket after
/// that. The number allows for a client that has sent a second burst before the answer to the first one arrives.
pub const FLOOD: Quota = Quota::pausing(
    "socket_flood",
    10,
    MINUTE.saturating_mul(5),
    "frames of an account that come before the end of the wait that it was asked for",
);

const SLOTS: [&str; 60] = [
    "s00", "s01", "s02", "s03", "s04", "s05", "s06", "s07", "s08", "s09", "s10", "s11", "s12", "s13", "s14", "s15", "s16", "s17", "s18",
    "s19", "s20", "s21", "s22", "s23", "s24", "s25", "s26", "s27", "s28", "s29", "s30", "s31", "s32", "s33", "s34", "s35", "s36", "s37",
    "s38", "s39", "s40", "s41", "s42", "s43", "s44", "s45", "s46", "s47", "s48", "s49", "s50", "s51", "s52", "s53", "s54", "s55", "s56",
    "s57", "s58", "s59",
];

/// The state of a person's sending limit and exclusion. Absent until their first message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChatState {
    /// The person. Absent until their first ban.
    #[serde(default)]
    pub user: Option<UserId>,
    /// The time of the ban: see [`ChatState::ban`].
    pub banned_at: Option<Time>,
    /// The end of the ban.
    #[serde(default)]
    banned_until: Option<Time>,
    /// The reason of the ban.
    #[serde(default)]
    ban_reason: Option<BanReason>,
    /// The explanation of the moderator.
    #[serde(default)]
    ban_text: Option<Explanation>,
    /// The moderator.
    #[serde(default)]
    banned_by: Option<UserId>,
    /// The end of the pause after a flood of frames. Until then they open no socket.
    #[serde(default)]
    pub paused_until: Option<Time>,
    /// All other attributes, among them the slots.
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
}

impl ChatState {
    /// Returns the key of a person's state.
    #[must_use]
    pub fn key_of(user: UserId) -> Key {
        Key::new(partition(user), "CHAT")
    }

    /// Whether the person may open sockets and send frames.
    ///
    /// # Errors
    /// [`kernel::Kind::ChatBanned`], or [`kernel::Kind::TooManyRequests`] during the pause after a flood.
    pub fn admit(&self, now: Time) -> Result<(), Problem> {
        self.check_ban(now)?;
        self.admit_ticket(now)
    }

    /// Whether the person may read and write in chat, over the socket or HTTP.
    ///
    /// # Errors
    /// [`kernel::Kind::ChatBanned`]
    pub fn check_ban(&self, now: Time) -> Result<(), Problem> {
        self.ban(now).map_or(Ok(()), |ban| Err(ban.problem(now)))
    }

    /// Returns the ban, unless it is over.
    #[must_use]
    pub fn ban(&self, now: Time) -> Option<Ban> {
        let at = self.banned_at.filter(|_| self.banned_until.is_none_or(|until| now < until))?;
        let reason = self.ban_reason.unwrap_or(BanReason::Conduct(ReportReason::Other));
        Some(Ban { at, until: self.banned_until, reason, explanation: self.ban_text.clone(), by: self.banned_by })
    }

    /// Whether the person may get a ticket. A banned person may, because the handshake then gives the ban as the reason.
    ///
    /// # Errors
    /// [`kernel::Kind::TooManyRequests`] during the pause after a flood.
    pub fn admit_ticket(&self, now: Time) -> Result<(), Problem> {
        match self.paused_until.map(|until| until.since(now)).filter(|left| !left.is_zero()) {
            None => Ok(()),
            Some(left) => Err(paused(left)),
        }
    }

    /// Returns a free slot. `pick` chooses one of several.
    fn free(&self, now: Time, pick: impl FnOnce(u32) -> u32) -> Option<&'static str> {
        let taken = |slot: &str| self.rest.get(slot).and_then(serde_json::Value::as_i64).map(Time::from_millis);
        let free: Vec<_> = SLOTS.into_iter().filter(|s| taken(s).is_none_or(|at| at <= now - WINDOW)).collect();
        free.get(pick(u32::try_from(free.len()).unwrap_or(0)) as usize).copied()
    }

    /// Returns the update that counts one more message. It goes into the message's transaction, and is refused if the slot was taken or the
    /// person banned in the meantime. `None` if no slot is free.
    #[must_use]
    pub fn count(&self, sys: &Sys, user: UserId, now: Time) -> Option<Update> {
        let slot = self.free(now, |free| sys.below(free))?;
        let update = Update::upsert::<Self>(Self::key_of(user)).set(slot, now);
        // A ban that is over is removed here, so that it leaves the index.
        let update = if self.banned_at.is_some() { ban::lifted(update) } else { update };
        Some(update.when(field(slot).absent().or(field(slot).le(now - WINDOW))).when(ban::is_over(now)))
    }
}

/// [`ChatState::admit`] as a condition of a write.
#[must_use]
pub fn admits(now: Time) -> Cond {
    ban::is_over(now).and(field("paused_until").absent().or(field("paused_until").le(now)))
}

/// Returns the problem during the pause after a flood, of which `left` remains.
pub(crate) fn paused(left: Duration) -> Problem {
    FLOOD.reached(left).into()
}

/// Read together with the caller of an HTTP operation, from whose id its key follows.
impl Resource for ChatState {
    type Path = ();
    fn key_for(caller: UserId, (): ()) -> Option<Key> {
        Some(Self::key_of(caller))
    }
}

impl Stored for ChatState {
    const KIND: &'static str = "chat";
    // The moderator is not exported, because the person must not learn who it was.
    const ABOUT: About =
        About::beside_user("CHAT", Personal::Exported(&["banned_at", "banned_until", "ban_reason", "ban_text", "paused_until"]))
            .indexed(Index::CurrentBans, "CHAT_BANS", "{until}#{user}")
            .indexed(Index::BansByAuthor, "USER#{moderator}#BANS", "{user}")
            .removed_by("chats");
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
    fn sixty_in_any_minute_pass_and_no_more() {
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
    fn a_ban_is_over_at_its_end() {
        let (at, until) = (START, START + Duration::from_secs(60));
        let banned = |until| ChatState {
            banned_at: Some(at),
            banned_until: until,
            ban_reason: Some(BanReason::Conduct(ReportReason::Spam)),
            ..ChatState::default()
        };
        assert!(ChatState::default().ban(START).is_none());
        assert!(banned(None).ban(START + Duration::from_secs(1_000_000)).is_some(), "without an end");
        let temporary = banned(Some(until));
        assert_eq!(
            temporary.ban(until - Duration::from_millis(1)).map(|ban| (ban.until, ban.reason)),
            Some((Some(until), BanReason::Conduct(ReportReason::Spam)))
        );
        assert!(temporary.ban(until).is_none());
        assert!(temporary.admit(START).is_err() && temporary.admit(until).is_ok());
        // Stored by an older version.
        let stored = serde_json::json!({ "banned_at": at, "ban_reason": "rate", "s00": 5 });
        assert_eq!(serde_json::from_value::<ChatState>(stored).unwrap().ban(START).map(|ban| ban.reason), Some(BanReason::Rate));
    }

    #[test]
    fn slots_have_different_names() {
        let mut names = SLOTS.to_vec();
        names.dedup();
        assert_eq!(names.len(), 60);
    }
}
