//! Digests: which rooms have unread messages for absent people, and when each is due.
//!
//! A send has just read the sockets of the members, so it knows who is absent. By posting to the others it learns whose sockets have closed
//! without being removed yet. The memberships of absent people get a due time two minutes later, unless they have one. So a burst of
//! messages takes one write for each absent member, and members who are online cost nothing. Every minute the function `digests` takes the
//! memberships that are due and reads their rooms again. So people are not told of messages that were read, deleted or muted in the
//! meantime, nor of rooms that they have left: the due time is an attribute of the membership.
//!
//! In rooms with many members only mentions lead to digests, by `room-fanout`.

use std::time::Duration;

use accounts::user::{Status, User};
use futures_util::future::join_all;
use kernel::{
    Sys, Time,
    id::{NotificationId, RoomId, UserId},
};
use store::{CommitError, Cond, Conditional as _, Index, Key, Page, Range, Row, StoreError, Table, Tx, Update, WriteError, field};

use crate::{
    delivery,
    digest_state::{partition, place, sortable},
    member::Membership,
    message::{Content, LogEntry},
    presence::Presence,
    room::PUBLIC,
};

pub use crate::digest_state::{Digest, SHARDS};

/// How long a message can stay unread before its digest is due.
pub const DELAY: Duration = Duration::from_secs(120);
/// How long a run leases a membership: longer than the timeout of the function.
const LEASE: Duration = Duration::from_secs(180);
/// How long before the due time a run may already have begun: longer than clocks differ and than a send takes.
const NEAR: Duration = Duration::from_secs(10);

/// Returns the people who are absent, without the author. People whose connection was lost without a `$disconnect` are absent too.
#[must_use]
pub fn away(people: &[UserId], known: &[Presence], author: UserId, now: Time) -> Vec<UserId> {
    let here = |user: &UserId| known.iter().any(|presence| presence.user == *user && presence.is_online(now));
    people.iter().filter(|user| **user != author && !here(user)).copied().collect()
}

/// Returns whether a future run will see a message without a write. `due` was read before the message was committed, or concurrently, and
/// `now` is a time after the commit.
///
/// No run takes a membership before its due time, and only a run or the end of the membership removes the due time. So if the due time is
/// still in the future after the commit, no run has taken it yet, and the run that does will read the room after the commit. Near the due
/// time this is not certain, and a write is made.
pub(crate) fn is_scheduled(due: Option<Time>, now: Time) -> bool {
    due.is_some_and(|due| due > now + NEAR)
}

/// Sets the due time of the digests of these members of a room, two minutes from now. One concurrent update for each.
///
/// Best effort: the message is committed, and only its digest would be missing.
pub async fn schedule(table: &Table, now: Time, room: RoomId, people: &[UserId]) {
    let all = people.iter().map(|user| schedule_one(table, now, room, *user));
    for failed in join_all(all).await.into_iter().filter_map(Result::err) {
        tracing::warn!(error = %failed, "the digest of a member could not be scheduled");
    }
}

async fn schedule_one(table: &Table, now: Time, room: RoomId, user: UserId) -> Result<(), StoreError> {
    let due = now + DELAY;
    let pending = Membership::new(room, user, Time::ZERO).update().set("digest_due", due);
    let pending = pending.index(Index::DueDigests, Some(place(room, user, due)));
    let pending = pending.when(field("muted").ne(true)).when(field("digest_due").absent());
    let written = if room == PUBLIC { in_public(table, pending, user).await } else { table.update(pending).await.map(drop) };
    let refused = match written {
        Ok(()) | Err(WriteError::Refused(None)) => return Ok(()),
        Err(WriteError::Refused(Some(row))) => row.decode::<Membership>()?,
        Err(WriteError::Store(e)) => return Err(e),
    };
    // A run has the lease, and may have read the room before this message. The update takes the lease away, so that the run has to begin
    // again.
    let Some(lease) = refused.digest.leased_until else { return Ok(()) };
    let again = Update::of(Membership::key_of(room, user)).remove("digest_leased_until");
    table.update(again.when(field("digest_leased_until").eq(lease))).await.refused_is_fine()
}

/// In the public room the update may create the membership. The transaction checks that the account is not being purged.
async fn in_public(table: &Table, pending: Update, user: UserId) -> Result<(), WriteError> {
    let mut tx = Tx::new();
    let member = tx.update(pending);
    tx.check(User::key_of(user), field("status").eq(Status::Active));
    table.commit(tx).await.map_err(|e| match e {
        CommitError::Refused(refused) => WriteError::Refused(refused.current(member)),
        CommitError::Store(e) => WriteError::Store(e),
    })
}

/// Like [`schedule`], for the people whom a message in a large room mentions. A batch read of their sockets, and an update for each absent
/// one, which is refused for people who are not members.
///
/// # Errors
/// [`StoreError`]. It can be repeated.
pub async fn schedule_mentioned(table: &Table, sys: &Sys, entry: &LogEntry) -> Result<(), StoreError> {
    let Content::Said(said) = &entry.content else { return Ok(()) };
    if said.mentions.is_empty() {
        return Ok(());
    }
    let known = delivery::sockets(table, said.mentions.clone()).await?;
    let now = sys.now();
    schedule(table, now, entry.room, &away(&said.mentions, &known, said.author, now)).await;
    Ok(())
}

/// Returns a page of the memberships that are due, the oldest due time first, after the index position `after`. Items that cannot be read
/// are errors in the page, so that they do not stop the others. One query.
///
/// # Errors
/// [`StoreError`]
pub async fn due(table: &Table, shard: u8, now: Time, limit: u32, after: Option<(Key, Key)>) -> Result<Due, StoreError> {
    let range = Range::of_index(Index::DueDigests, partition(shard)).between("0", format!("{}~", sortable(now))).limit(limit);
    let range = match after {
        Some((key, place)) => range.after(key, Some(place)),
        None => range,
    };
    let Page { items, more } = table.query_rows(range).await?;
    let next = items.last().filter(|_| more).and_then(|row| Some((row.key()?, row.place(Index::DueDigests)?)));
    Ok(Due { members: items.into_iter().map(Row::decode).collect(), next })
}

/// A page of the memberships that are due.
#[derive(Debug)]
pub struct Due {
    /// The memberships in the index, which may be stale.
    pub members: Vec<Result<Membership, StoreError>>,
    /// Where the next page begins, if there is one.
    pub next: Option<(Key, Key)>,
}

/// Leases a membership that is due, and returns its current state. One update. `None` if it is not due any more, or another run has the
/// lease.
///
/// # Errors
/// [`StoreError`]
pub async fn lease(table: &Table, member: &Membership, now: Time) -> Result<Option<Membership>, StoreError> {
    let free = field("digest_leased_until").absent().or(field("digest_leased_until").le(now));
    let lease = Update::of(member_key(member)).set("digest_leased_until", now + LEASE).when(field("digest_due").le(now)).when(free);
    table.update(lease).await.unless_refused()?.map(Row::decode).transpose()
}

/// The result of a run for a membership. `None` leaves the stored value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// The next due time, if there is one.
    pub again: Option<Time>,
    /// The number up to which the inbox covers the messages.
    pub noted_seq: Option<u64>,
    /// The new inbox entry about the room.
    pub noted_in: Option<NotificationId>,
    /// The new inbox entry about mentions.
    pub mentioned_in: Option<NotificationId>,
    /// The number up to which mails and text messages cover the messages, or are not wanted.
    pub mailed_seq: Option<u64>,
    /// When a mail or text message is sent.
    pub mailed_at: Option<Time>,
}

/// Adds the result of a run to a transaction. Refused if the lease was taken away by a new message.
pub fn settle(tx: &mut Tx, member: &Membership, done: &Settled) {
    let again = done.again.map(|due| place(member.room, member.user, due));
    let mut update = Update::of(member_key(member)).set("digest_due", done.again).remove("digest_leased_until");
    if let Some(seq) = done.noted_seq {
        update = update.set("noted_seq", seq);
    }
    if let Some(entry) = done.noted_in {
        update = update.set("noted_in", entry);
    }
    if let Some(entry) = done.mentioned_in {
        update = update.set("mentioned_in", entry);
    }
    if let Some(seq) = done.mailed_seq {
        update = update.set("mailed_seq", seq);
    }
    if let Some(at) = done.mailed_at {
        update = update.set("mailed_at", at);
    }
    let leased = member.digest.leased_until.map_or(Cond::Exists, |until| field("digest_leased_until").eq(until));
    tx.update(update.index(Index::DueDigests, again).when(leased));
}

/// Releases a lease, so that the next run can take the membership at once. Best effort, because the lease also expires.
pub async fn release(table: &Table, member: &Membership) {
    let release = Update::of(member_key(member)).remove("digest_leased_until");
    let held = release.when(field("digest_leased_until").eq(member.digest.leased_until));
    if let Err(e) = table.update(held).await.refused_is_fine() {
        tracing::warn!(error = %e, "a lease could not be given back");
    }
}

/// Reverts the record of a mail or text message that could not be sent, and sets a new due time. `member` is the membership before the
/// record. One update.
///
/// # Errors
/// [`StoreError`]
pub async fn unsent(table: &Table, member: &Membership, sent_at: Time, now: Time) -> Result<(), StoreError> {
    let (Digest { mailed_seq, mailed_at, .. }, due) = (&member.digest, now + DELAY);
    let back = Update::of(member_key(member)).set("mailed_seq", mailed_seq).set("mailed_at", mailed_at).set("digest_due", due);
    let back = back.index(Index::DueDigests, Some(place(member.room, member.user, due))).remove("digest_leased_until");
    table.update(back.when(field("mailed_at").eq(sent_at))).await.refused_is_fine()
}

fn member_key(member: &Membership) -> Key {
    Membership::key_of(member.room, member.user)
}

#[cfg(test)]
mod tests {
    use kernel::Sys;
    use store::Item as _;

    use super::*;
    use crate::presence::{OpenSocket, open_socket};

    #[test]
    fn who_is_here_is_not_away_and_neither_is_the_author() {
        let sys = Sys::real();
        let (author, here, lost, away_too, now) = (sys.id(), sys.id(), sys.id(), sys.id(), sys.now());
        let presence = |user, at: Time| {
            let socket = OpenSocket { id: "a".to_owned(), session: sys.id(), since: at, until: at + Duration::from_secs(7200) };
            open_socket(None, user, socket, at).unwrap().next
        };
        let known = [presence(here, now), presence(lost, now - Duration::from_secs(60))];
        assert_eq!(away(&[author, here, lost, away_too], &known, author, now), [lost, away_too]);
    }

    #[test]
    fn only_a_run_that_has_not_begun_is_relied_on() {
        let now = Time::from_millis(1_893_499_200_000);
        assert!(!is_scheduled(None, now), "nothing waits, or it is not known");
        assert!(is_scheduled(Some(now + DELAY), now), "no run may take it before then");
        assert!(is_scheduled(Some(now + NEAR + Duration::from_millis(1)), now));
        for near in [now + NEAR, now + Duration::from_millis(1), now, now - LEASE] {
            assert!(!is_scheduled(Some(near), now), "a run may have read the room before the message");
        }
    }

    #[test]
    fn a_membership_of_before_has_no_digest_and_one_that_is_due_is_in_the_index() {
        let sys = Sys::real();
        let member = Membership::new(sys.id(), sys.id(), sys.now());
        let before = serde_json::json!({ "room": member.room, "user": member.user, "since": 5 });
        let read: Membership = serde_json::from_value(before).unwrap();
        assert_eq!(read.digest, Digest::NONE);
        assert_eq!(member.indexes().len(), 1);
        let due = Membership { digest: Digest { due: Some(sys.now()), ..Digest::NONE }, ..member };
        assert_eq!(due.indexes().len(), 2);
    }
}
