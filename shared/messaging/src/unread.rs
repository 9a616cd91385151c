//! Unread messages. They are counted on request, and no count is stored.
//!
//! A membership stores the number up to which its member has read. All messages of others with a higher number that the member may read are
//! unread. Own messages, system events, tombstones and messages of people whom the member blocks do not count.

use std::collections::{BTreeMap, BTreeSet};

use accounts::pair;
use futures_util::future::try_join_all;
use kernel::{
    Kind, Problem,
    id::{RoomId, UserId},
};
use serde::Serialize;
use store::{Range, StoreError, Table, WriteError, field};
use utoipa::ToSchema;

use crate::{
    direct::RoomWithPeer,
    member::{Membership, RoomMember},
    message::{Content, LogEntry, sort},
    room::{Room, partition},
};

/// The maximum number of messages that are counted. Clients show that there are more.
pub const COUNTED_MAX: u32 = 99;
/// The maximum number of entries of one query.
const PAGE: u32 = 300;
/// The maximum number of entries that are read for a count, so that its cost is bounded.
const READ_MAX: usize = 1200;

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

/// Counts what a person has not read in each of these rooms. One query for each room with new entries, all at once, and a batch read of
/// whether the person blocks the authors. Both are repeated for the rooms where too few of these entries count: at most three times.
///
/// # Errors
/// [`StoreError`]
pub async fn in_rooms(table: &Table, me: UserId, rooms: &[RoomWithPeer]) -> Result<BTreeMap<RoomId, Unread>, StoreError> {
    let mut news: Vec<News> = rooms.iter().map(|r| News::after(r.membership.read_upto(), &r.room)).collect();
    let (mut known, mut blocked) = (BTreeSet::<UserId>::new(), BTreeSet::<UserId>::new());
    loop {
        let undecided = news.iter_mut().filter(|news| news.is_undecided(|author| author != me && !blocked.contains(&author)));
        let queries: Vec<_> = undecided.map(|news| news.read_on(table)).collect();
        if queries.is_empty() {
            break;
        }
        try_join_all(queries).await?;
        let authors = news.iter().flat_map(|news| &news.written).map(|written| written.author);
        let authors: BTreeSet<UserId> = authors.filter(|author| *author != me && !known.contains(author)).collect();
        blocked.extend(pair::blocked_by(table, me, &authors).await?);
        known.extend(authors);
    }
    Ok(news.iter().map(|news| (news.room, news.count(me, |author| author != me && !blocked.contains(&author)))).collect())
}

/// Counts the messages of some authors after a number, without mentions. One query if there are any, and up to three more if too few of its
/// entries count.
///
/// # Errors
/// [`StoreError`]
pub(crate) async fn of_authors(table: &Table, room: &Room, after: u64, counts: impl Fn(UserId) -> bool) -> Result<Unread, StoreError> {
    let mut news = News::after(after, room);
    while news.is_undecided(&counts) {
        news.read_on(table).await?;
    }
    Ok(news.count_without_mentions(&counts))
}

/// The messages of a room after a number, as far as they were read.
#[derive(Debug)]
struct News {
    room: RoomId,
    /// The first number that was not read yet.
    next: u64,
    /// The last number of the room.
    last: u64,
    /// How many entries were read.
    read: usize,
    written: Vec<Written>,
}

/// What matters of a message for a count.
#[derive(Debug)]
struct Written {
    author: UserId,
    mentions: Vec<UserId>,
}

impl News {
    const fn after(seq: u64, room: &Room) -> Self {
        Self { room: room.id, next: seq.saturating_add(1), last: room.seq, read: 0, written: Vec::new() }
    }

    /// Returns whether some were not read.
    const fn has_more(&self) -> bool {
        self.next <= self.last
    }

    /// Returns whether entries that were not read yet may change the count, and may be read.
    fn is_undecided(&self, counts: impl Fn(UserId) -> bool) -> bool {
        self.has_more() && self.read < READ_MAX && self.many(counts) <= COUNTED_MAX as usize
    }

    /// Reads the next entries. One query.
    async fn read_on(&mut self, table: &Table) -> Result<(), StoreError> {
        let range = Range::of(partition(self.room)).between(sort(self.next), sort(self.last)).limit(PAGE);
        let page = table.query::<LogEntry>(range).await?;
        self.take(&page.items);
        if !page.more {
            self.next = self.last.saturating_add(1);
        }
        Ok(())
    }

    fn take(&mut self, entries: &[LogEntry]) {
        for entry in entries {
            self.next = entry.seq.saturating_add(1);
            self.read = self.read.saturating_add(1);
            if let Content::Said(said) = &entry.content {
                self.written.push(Written { author: said.author, mentions: said.mentions.clone() });
            }
        }
    }

    fn many(&self, counts: impl Fn(UserId) -> bool) -> usize {
        self.written.iter().filter(|written| counts(written.author)).count()
    }

    /// Counts the messages of some authors, and those of them that mention the reader.
    fn count(&self, me: UserId, counts: impl Fn(UserId) -> bool) -> Unread {
        let mentions = self.written.iter().filter(|written| written.mentions.contains(&me) && counts(written.author)).count();
        Unread { mentions: at_most(mentions), ..self.count_without_mentions(counts) }
    }

    fn count_without_mentions(&self, counts: impl Fn(UserId) -> bool) -> Unread {
        let many = self.many(counts);
        Unread { messages: at_most(many), more: self.has_more() || many > COUNTED_MAX as usize, mentions: 0 }
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
    #![expect(clippy::arithmetic_side_effects, reason = "an overflow would fail the test")]

    use kernel::{Sys, Time};

    use super::*;
    use crate::message::{Happened, RoomEvent, Said, Text};

    fn entry(sys: &Sys, content: Content) -> LogEntry {
        LogEntry { room: sys.id::<RoomId>(), seq: 1, at: Time::ZERO, content, via: None, changes: 0 }
    }

    fn said(sys: &Sys, author: UserId, mentions: Option<UserId>) -> LogEntry {
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
                mentions: mentions.into_iter().collect(),
            }),
        )
    }

    /// Counts these entries of a room, which has one more if `more` is set.
    fn tally(entries: &[LogEntry], more: bool, me: UserId, blocked: &BTreeSet<UserId>) -> Unread {
        let mut news = News { room: entries[0].room, next: 1, last: 1 + u64::from(more), read: 0, written: Vec::new() };
        news.take(entries);
        news.count(me, |author| author != me && !blocked.contains(&author))
    }

    #[test]
    fn only_messages_of_others_count_whom_the_reader_does_not_block() {
        let sys = Sys::real();
        let (me, other) = (sys.id(), sys.id());
        let (nobody, them) = (BTreeSet::new(), BTreeSet::from([other]));
        let joined = Content::Happened(Happened { event: RoomEvent::Joined {}, who: other, username: "ben".to_owned() });
        let of_other = || said(&sys, other, None);
        let entries =
            [said(&sys, me, None), of_other(), entry(&sys, Content::Deleted {}), entry(&sys, joined), said(&sys, other, Some(me))];
        assert_eq!(tally(&entries, false, me, &nobody), Unread { messages: 2, more: false, mentions: 1 });
        assert_eq!(tally(&entries, false, me, &them), Unread::default());
        let many: Vec<LogEntry> = (0..100).map(|_| of_other()).collect();
        assert_eq!(tally(&many, false, me, &nobody), Unread { messages: 99, more: true, mentions: 0 });
        assert_eq!(tally(many.get(..99).unwrap(), false, me, &nobody), Unread { messages: 99, more: false, mentions: 0 });
        assert_eq!(tally(&entries, true, me, &nobody), Unread { messages: 2, more: true, mentions: 1 });
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
    }

    /// A room, and what is unread in it for each member, kept step by step. What happens is drawn, and is the same at each run.
    struct Model {
        sys: Sys,
        seed: u64,
        people: Vec<UserId>,
        room: RoomId,
        log: Vec<LogEntry>,
        members: BTreeMap<UserId, Modelled>,
        /// Whom a message mentions, by its number.
        mentioned: BTreeMap<u64, UserId>,
    }

    impl Model {
        fn new() -> Self {
            let sys = Sys::real();
            let (people, room) = ((0..5).map(|_| sys.id()).collect(), sys.id());
            Self { sys, seed: 0x5eed, people, room, log: Vec::new(), members: BTreeMap::new(), mentioned: BTreeMap::new() }
        }

        /// Xorshift (Marsaglia 2003).
        fn draw(&mut self, below: u64) -> u64 {
            self.seed ^= self.seed << 13;
            self.seed ^= self.seed >> 7;
            self.seed ^= self.seed << 17;
            self.seed % below.max(1)
        }

        fn person(&mut self) -> UserId {
            let at = usize::try_from(self.draw(5)).unwrap();
            self.people[at]
        }

        fn somebody_or_nobody(&mut self) -> Option<UserId> {
            let one = self.person();
            (self.draw(2) == 0).then_some(one)
        }

        const fn last(&self) -> u64 {
            self.log.len() as u64
        }

        fn say(&mut self, who: UserId, mentions: Option<UserId>) {
            let seq = self.last() + 1;
            self.log.push(LogEntry { seq, ..said(&self.sys, who, mentions) });
            self.mentioned.extend(mentions.map(|whom| (seq, whom)));
            self.members.iter_mut().filter(|(user, _)| **user != who).for_each(|(_, m)| m.unread.extend([seq]));
        }

        /// Returns one of the last forty entries, if it is a message.
        fn recent(&mut self) -> Option<(u64, &mut Said)> {
            let seq = self.last().saturating_sub(self.draw(40)).max(1);
            match &mut self.log.get_mut(usize::try_from(seq - 1).unwrap())?.content {
                Content::Said(said) => Some((seq, said)),
                _ => None,
            }
        }

        /// An author edits a message, which then mentions somebody else or nobody.
        fn edit(&mut self, who: UserId) {
            let mentions = self.somebody_or_nobody();
            if let Some((seq, said)) = self.recent().filter(|(_, said)| said.author == who) {
                said.mentions = mentions.into_iter().collect();
                self.mentioned.remove(&seq);
                self.mentioned.extend(mentions.map(|whom| (seq, whom)));
            }
        }

        fn delete(&mut self) {
            if let Some((seq, _)) = self.recent() {
                self.log[usize::try_from(seq - 1).unwrap()].content = Content::Deleted {};
                self.mentioned.remove(&seq);
                self.members.values_mut().for_each(|member| member.unread.retain(|unread| *unread != seq));
            }
        }

        /// A device tells up to which number it has shown the messages. It may be behind another device.
        fn read(&mut self, who: UserId, seq: u64) {
            let member = self.members.get_mut(&who).unwrap();
            member.membership.read_seq = member.membership.read_seq.max(seq);
            member.unread.retain(|unread| *unread > seq);
        }

        fn mark_unread(&mut self, who: UserId, seq: u64) {
            let member = self.members.get_mut(&who).unwrap();
            member.membership.read_seq = seq;
            let visible = |e: &&LogEntry| e.seq > seq && e.seq >= member.membership.from;
            let of_others = self.log.iter().filter(visible).filter(|e| matches!(&e.content, Content::Said(s) if s.author != who));
            member.unread = of_others.map(|e| e.seq).collect();
        }

        fn join(&mut self, who: UserId) {
            let (seq, joined) = (self.last() + 1, Happened { event: RoomEvent::Joined {}, who, username: String::new() });
            self.log.push(LogEntry { seq, ..entry(&self.sys, Content::Happened(joined)) });
            let membership = Membership { from: seq, ..Membership::new(self.room, who, Time::ZERO) };
            self.members.insert(who, Modelled { membership, unread: BTreeSet::new(), blocked: BTreeSet::new() });
        }

        fn step(&mut self) {
            let (who, act, last) = (self.person(), self.draw(13), self.last());
            match (act, self.members.contains_key(&who)) {
                (0..=4, true) => {
                    let mentions = self.somebody_or_nobody();
                    self.say(who, mentions);
                }
                (5, true) => {
                    let behind = self.draw(200);
                    self.read(who, last.saturating_sub(behind));
                }
                (6, true) => self.read(who, last),
                (7, true) => {
                    let behind = self.draw(20);
                    self.mark_unread(who, last.saturating_sub(behind));
                }
                (8, true) => self.delete(),
                (9, true) if self.draw(8) == 0 => drop(self.members.remove(&who)),
                (10, true) if self.draw(4) == 0 => {
                    let other = self.person();
                    self.members.get_mut(&who).unwrap().block_or_unblock(other);
                }
                (11, true) => self.edit(who),
                // More than one page, none of which counts for its author.
                (12, true) if self.draw(80) == 0 => (0..350).for_each(|_| self.say(who, None)),
                (_, false) if self.draw(3) == 0 => self.join(who),
                _ => {}
            }
        }

        /// Returns the count for a member, page by page, as it is read from the table.
        fn counted(&self, me: UserId, Modelled { membership, blocked, .. }: &Modelled) -> Unread {
            let counts = |author: UserId| author != me && !blocked.contains(&author);
            let mut news = News { room: self.room, next: membership.read_upto() + 1, last: self.last(), read: 0, written: Vec::new() };
            while news.is_undecided(counts) {
                let rest = &self.log[usize::try_from(news.next - 1).unwrap()..];
                news.take(&rest[..rest.len().min(PAGE as usize)]);
            }
            assert!(!news.has_more() || news.read >= READ_MAX || news.many(counts) > 99);
            news.count(me, counts)
        }

        fn check(&self, step: u32) {
            for (user, member) in &self.members {
                let author = |seq: &u64| match &self.log[usize::try_from(seq - 1).unwrap()].content {
                    Content::Said(said) => said.author,
                    other => panic!("{other:?} is unread"),
                };
                let unread: Vec<u64> = member.unread.iter().copied().filter(|seq| !member.blocked.contains(&author(seq))).collect();
                let mentions = unread.iter().filter(|seq| self.mentioned.get(seq) == Some(user)).count();
                let (messages, mentions) = (u32::try_from(unread.len()).unwrap(), u32::try_from(mentions).unwrap());
                let counted = self.counted(*user, member);
                let behind = self.last().saturating_sub(member.membership.read_upto());
                if behind > READ_MAX as u64 {
                    assert!(counted.messages <= messages.min(99) && counted.mentions <= mentions, "step {step}: {counted:?}");
                } else if messages > 99 {
                    assert!(counted.messages == 99 && counted.more && counted.mentions <= mentions, "step {step}: {counted:?}");
                } else {
                    assert_eq!(counted, Unread { messages, more: false, mentions }, "step {step}");
                }
            }
        }
    }

    /// Random sends, edits and deletions, reads on several devices, marks as unread, removals, returns and blocks: at each of 60,000 steps
    /// the count, which is read page by page, equals that of a model which keeps the set of unread messages of each member.
    #[test]
    fn the_count_never_drifts_from_a_model() {
        let mut model = Model::new();
        for step in 0..60_000 {
            model.step();
            model.check(step);
        }
        assert!(model.log.len() > 10_000 && !model.mentioned.is_empty());
    }
}
