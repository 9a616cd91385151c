//! Unread messages. They are counted on request, and no count is stored.
//!
//! A membership stores the number up to which its member has read. All messages of others with a higher number that the member may read are
//! unread. Own messages, system events, tombstones and messages of people whom the member blocks do not count.

use std::collections::BTreeSet;

use kernel::{Kind, Problem, id::UserId};
use serde::Serialize;
use store::{Range, StoreError, Table, WriteError, field};
use utoipa::ToSchema;

use crate::{
    member::{Membership, RoomMember},
    message::{Content, LogEntry, Said, sort},
    room::{Room, partition},
};

/// The maximum number of messages that are counted. Clients show that there are more.
pub const COUNTED_MAX: u32 = 99;
/// The maximum number of entries that are read for a count, so that its cost is bounded.
const READ_MAX: u32 = 300;

/// The unread messages of a person in a room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Unread {
    /// The number of messages, up to 99.
    #[schema(maximum = 99)]
    pub messages: u32,
    /// Whether there are more.
    pub more: bool,
    /// The number of counted messages that mention the reader.
    #[schema(maximum = 99)]
    pub mentions: u32,
}

/// The entries of a room after a number.
#[derive(Debug, Default)]
pub struct News {
    entries: Vec<LogEntry>,
    more: bool,
}

/// Reads the entries of a room after a number. One query of at most 300 entries, none if there are none.
///
/// # Errors
/// [`StoreError`]
pub async fn news(table: &Table, room: &Room, after: u64) -> Result<News, StoreError> {
    let from = after.saturating_add(1);
    if from > room.seq {
        return Ok(News::default());
    }
    let range = Range::of(partition(room.id)).between(sort(from), sort(room.seq)).limit(READ_MAX);
    let page = table.query::<LogEntry>(range).await?;
    Ok(News { entries: page.items, more: page.more })
}

impl News {
    fn said(&self) -> impl Iterator<Item = &Said> {
        self.entries.iter().filter_map(|entry| if let Content::Said(said) = &entry.content { Some(said) } else { None })
    }

    /// The authors of the messages, without the reader.
    pub fn authors(&self, me: UserId) -> impl Iterator<Item = UserId> {
        self.said().map(|said| said.author).filter(move |author| *author != me)
    }

    /// Counts the messages of others whom the reader does not block.
    #[must_use]
    pub fn count(&self, me: UserId, blocked: &BTreeSet<UserId>) -> Unread {
        let counts = |said: &Said| said.author != me && !blocked.contains(&said.author);
        let mentions = self.said().filter(|said| counts(said) && said.mentions.contains(&me)).count();
        Unread { mentions: at_most(mentions), ..self.count_where(counts) }
    }

    /// Counts the messages that fulfil a condition, without mentions.
    pub(crate) fn count_where(&self, counts: impl Fn(&Said) -> bool) -> Unread {
        let many = self.said().filter(|said| counts(said)).count();
        Unread { messages: at_most(many), more: self.more || many > COUNTED_MAX as usize, mentions: 0 }
    }
}

fn at_most(many: usize) -> u32 {
    u32::try_from(many).unwrap_or(u32::MAX).min(COUNTED_MAX)
}

/// The direction in which a read marker moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Only forward, so that messages that were read on another device in the meantime stay read.
    Read,
    /// Also back: the member marks the messages after the number as unread.
    Unread,
}

/// The position of a read marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marked {
    /// The number.
    pub seq: u64,
    /// Whether this call has moved it.
    pub moved: bool,
}

/// Moves a member's read marker to a number, at most to the room's last one. One write.
///
/// # Errors
/// [`Kind::NotFound`] if they are not a member any more.
pub async fn mark(table: &Table, member: &RoomMember, seq: u64, mark: Mark) -> Result<Marked, Problem> {
    let seq = seq.min(member.room.seq);
    let there = member.membership.update().set("read_seq", seq);
    let moved = match mark {
        Mark::Read => there.when(field("read_seq").absent().or(field("read_seq").lt(seq))),
        Mark::Unread => there,
    };
    match table.update(moved).await {
        Ok(_) => Ok(Marked { seq, moved: true }),
        Err(WriteError::Refused(Some(row))) => Ok(Marked { seq: row.decode::<Membership>()?.read_seq, moved: false }),
        Err(WriteError::Refused(None)) => Err(Kind::NotFound.into()),
        Err(WriteError::Store(e)) => Err(e.into()),
    }
}

/// Mutes or unmutes a room for a member. One write.
///
/// # Errors
/// [`Kind::NotFound`] if they are not a member any more.
pub async fn mute(table: &Table, member: &RoomMember, muted: bool) -> Result<(), Problem> {
    match table.update(member.membership.update().set("muted", muted)).await {
        Ok(_) => Ok(()),
        Err(WriteError::Refused(_)) => Err(Kind::NotFound.into()),
        Err(WriteError::Store(e)) => Err(e.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use kernel::{Sys, Time, id::RoomId};

    use super::*;
    use crate::message::{Happened, RoomEvent, Text};

    fn entry(sys: &Sys, content: Content) -> LogEntry {
        LogEntry { room: sys.id::<RoomId>(), seq: 1, at: Time::ZERO, content, via: None, changes: 0 }
    }

    fn said(sys: &Sys, author: UserId) -> LogEntry {
        let text = Text::parse("hello").unwrap();
        entry(
            sys,
            Content::Said(Said {
                id: sys.id(),
                author,
                username: "ana".to_owned(),
                text,
                attachments: Vec::new(),
                edited_at: None,
                reply_to: None,
                mentions: Vec::new(),
            }),
        )
    }

    fn tally(entries: &[LogEntry], more: bool, me: UserId, blocked: &BTreeSet<UserId>) -> Unread {
        News { entries: entries.to_vec(), more }.count(me, blocked)
    }

    #[test]
    fn only_messages_of_others_count_whom_the_reader_does_not_block() {
        let sys = Sys::real();
        let (me, other) = (sys.id(), sys.id());
        let (nobody, them) = (BTreeSet::new(), BTreeSet::from([other]));
        let joined = Content::Happened(Happened { event: RoomEvent::Joined {}, who: other, username: "ben".to_owned() });
        let entries = [said(&sys, me), said(&sys, other), entry(&sys, Content::Deleted {}), entry(&sys, joined), said(&sys, other)];
        assert_eq!(tally(&entries, false, me, &nobody), Unread { messages: 2, more: false, mentions: 0 });
        assert_eq!(tally(&entries, false, me, &them), Unread::default());
        let many: Vec<LogEntry> = (0..100).map(|_| said(&sys, other)).collect();
        assert_eq!(tally(&many, false, me, &nobody), Unread { messages: 99, more: true, mentions: 0 });
        assert_eq!(tally(many.get(..99).unwrap(), false, me, &nobody), Unread { messages: 99, more: false, mentions: 0 });
        assert_eq!(tally(&entries, true, me, &nobody), Unread { messages: 2, more: true, mentions: 0 });
    }

    /// A member of the model: their membership, the numbers that are unread for them, and whom they block.
    struct Modelled {
        membership: Membership,
        unread: BTreeSet<u64>,
        blocked: BTreeSet<UserId>,
    }

    impl Modelled {
        fn block_or_unblock(&mut self, other: UserId) {
            if !self.blocked.remove(&other) {
                self.blocked.insert(other);
            }
        }

        /// How many of the unread messages are of people whom the member does not block.
        fn expected(&self, log: &[LogEntry]) -> u32 {
            let author = |seq: &u64| match &log[usize::try_from(seq.saturating_sub(1)).unwrap()].content {
                Content::Said(said) => said.author,
                other => panic!("{other:?} is unread"),
            };
            u32::try_from(self.unread.iter().filter(|seq| !self.blocked.contains(&author(seq))).count()).unwrap()
        }
    }

    /// Random sends, reads, deletions, removals, returns and blocks: at each of 60,000 steps the count equals that of a model which keeps
    /// the set of unread messages of each member.
    #[test]
    fn the_count_never_drifts_from_a_model() {
        let sys = Sys::real();
        let mut seed = 0x5eed_u64;
        let mut draw = |below: u64| {
            // Xorshift (Marsaglia 2003): the same steps at each run.
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed % below.max(1)
        };
        let people: Vec<UserId> = (0..5).map(|_| sys.id()).collect();
        let room = sys.id::<RoomId>();
        let mut members: BTreeMap<UserId, Modelled> = BTreeMap::new();
        let mut log: Vec<LogEntry> = Vec::new();
        for step in 0..60_000 {
            let who = people[usize::try_from(draw(5)).unwrap()];
            let last = log.len() as u64;
            match (draw(11), members.contains_key(&who)) {
                (0..=4, true) => {
                    log.push(LogEntry { seq: last + 1, ..said(&sys, who) });
                    members.iter_mut().filter(|(user, _)| **user != who).for_each(|(_, m)| m.unread.extend([last + 1]));
                }
                (5 | 6, true) => {
                    let (member, seq) = (members.get_mut(&who).unwrap(), draw(last + 3).min(last));
                    if seq > member.membership.read_seq {
                        member.membership.read_seq = seq;
                        member.unread.retain(|unread| *unread > seq);
                    }
                }
                (7, true) => {
                    let (member, seq) = (members.get_mut(&who).unwrap(), last.saturating_sub(draw(20)));
                    member.membership.read_seq = seq;
                    let visible = |e: &&LogEntry| e.seq > seq && e.seq >= member.membership.from;
                    let of_others = log.iter().filter(visible).filter(|e| matches!(&e.content, Content::Said(s) if s.author != who));
                    member.unread = of_others.map(|e| e.seq).collect();
                }
                (8, true) if last > 0 => {
                    let at = last.saturating_sub(draw(40) + 1);
                    log[usize::try_from(at).unwrap()].content = Content::Deleted {};
                    for member in members.values_mut() {
                        member.unread.retain(|unread| *unread != at + 1);
                    }
                }
                (10, true) if draw(4) == 0 => {
                    members.get_mut(&who).unwrap().block_or_unblock(people[usize::try_from(draw(5)).unwrap()]);
                }
                (9, true) if draw(8) == 0 => drop(members.remove(&who)),
                (_, false) if draw(3) == 0 => {
                    let joined = Happened { event: RoomEvent::Joined {}, who, username: String::new() };
                    log.push(LogEntry { seq: last + 1, ..entry(&sys, Content::Happened(joined)) });
                    let membership = Membership { from: last + 1, ..Membership::new(room, who, Time::ZERO) };
                    members.insert(who, Modelled { membership, unread: BTreeSet::new(), blocked: BTreeSet::new() });
                }
                _ => {}
            }
            for (user, member) in &members {
                let after = usize::try_from(member.membership.read_upto()).unwrap();
                let counted = tally(log.get(after..).unwrap_or_default(), false, *user, &member.blocked);
                let expected = member.expected(&log);
                assert_eq!(counted, Unread { messages: expected.min(99), more: expected > 99, mentions: 0 }, "step {step}");
            }
        }
    }
}
