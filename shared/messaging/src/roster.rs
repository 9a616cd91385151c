//! The members of groups and channels and their roles: creating, joining, leaving, changing and deleting rooms.
//!
//! Every change is one transaction, in which the row of the member, the counts and the system event are written under the room's next
//! number ([`crate::log`]). A change that lost against another one is evaluated again on fresh data.
//!
//! In a channel the joining and leaving of readers is not an event, because every reader would get an event for every other one. Such a
//! change takes no number, and only adds to the count of members.

use std::{collections::BTreeMap, time::Duration};

use accounts::{
    pair::Pair,
    staff::{Actor, Roles},
    user::{Status, User},
};
use events::{
    Outbox,
    rooms::{MemberLeft, RoomDeleted},
};
use kernel::{
    Kind, Problem, Sys, Time,
    id::{RoomId, UserId},
};
use serde::{Deserialize, Serialize};
use store::{
    About, Batch, CommitError, Cond, Conditional as _, Key, Personal, StoreError, Stored, Table, Tx, Update, field,
    limits::{self, DAY, Quota},
};

use crate::{
    log::{self, TRIES},
    member::{Invitation, Membership, RoomMember, RoomRole},
    message::{Author, Content, Happened, LogEntry, RoomEvent},
    room::{ADMINS_MAX, Accepted, Club, GROUP_MAX, OPENED, Room, RoomEntry, RoomKind, RulesChange, Slug, SlugClaim, Title, Topic},
    room_ban::{self, RoomBan},
};

/// The maximum number of groups and channels of which a person is a member.
pub const JOINED_MAX: u32 = 200;
/// The maximum number of groups and channels that a person owns.
pub const OWNED_MAX: u32 = 50;
/// How long an invitation is valid.
pub const INVITATION_LIFE: Duration = Duration::from_secs(30 * 24 * 3600);
/// The limit on invitations that an account sends.
pub const INVITED: Quota = Quota::window("room_invitations", 100, DAY, "invitations to rooms by an account");
/// The limit on bans from rooms that an account imposes.
pub const BANNED: Quota = Quota::window("room_bans", 100, DAY, "bans from rooms by an account");

/// The numbers of groups and channels of a person, for the limits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomCount {
    /// The rooms of which they are a member.
    #[serde(default)]
    joined: u32,
    /// The rooms that they own.
    #[serde(default)]
    owned: u32,
}

impl RoomCount {
    pub(crate) fn key_of(user: UserId) -> Key {
        Key::new(accounts::user::partition(user), "ROOM_COUNT")
    }

    /// Returns the update of the counts. If it is `limited`, it is refused if it would exceed a limit.
    fn change(user: UserId, joined: i64, owned: i64, limited: bool) -> Update {
        let below = |name, most: u32| field(name).absent().or(field(name).lt(most));
        let mut update = Update::upsert::<Self>(Self::key_of(user)).add("joined", joined).add("owned", owned);
        if limited && joined > 0 {
            update = update.when(below("joined", JOINED_MAX));
        }
        if limited && owned > 0 {
            update = update.when(below("owned", OWNED_MAX));
        }
        update
    }

    /// Checks that the person may have one more room.
    fn admit(&self, owned: bool) -> Result<(), Problem> {
        let full = |most: u32| Err(Problem::new(Kind::TooMany).with("max", most));
        match self {
            Self { joined, .. } if *joined >= JOINED_MAX && !owned => full(JOINED_MAX),
            Self { owned: has, .. } if *has >= OWNED_MAX && owned => full(OWNED_MAX),
            _ => Ok(()),
        }
    }
}

impl Stored for RoomCount {
    const KIND: &'static str = "room_count";
    const ABOUT: About = About::beside_user("ROOM_COUNT", Personal::Exported(&["joined", "owned"])).removed_by("chats");
}

/// Deletes a membership whose room is deleted. One transaction. No effect if there is none.
///
/// # Errors
/// [`StoreError`]
pub async fn end_membership(table: &Table, room: RoomId, user: UserId) -> Result<(), StoreError> {
    let mut tx = Tx::new();
    tx.delete_when(Membership::key_of(room, user), Cond::Exists);
    tx.update(RoomCount::change(user, -1, 0, false));
    table.commit(tx).await.refused_is_fine()
}

/// A group or a channel to create.
#[derive(Clone, Debug)]
pub enum NewClub {
    /// A group.
    Group,
    /// A channel: public if it has a slug, otherwise by invitation.
    Channel(Option<Slug>),
}

/// Creates a group or a channel, with the caller as its owner and only member. One counter and one transaction, and a read of the counts if
/// it is refused.
///
/// # Errors
/// [`Kind::SlugTaken`], [`Kind::TooMany`] for somebody who is in [`JOINED_MAX`] rooms or owns [`OWNED_MAX`],
/// [`Kind::TooManyRequests`] after thirty new rooms in an hour.
pub async fn create(table: &Table, sys: &Sys, owner: &User, new: NewClub, name: Title, topic: Option<Topic>) -> Result<Room, Problem> {
    let now = sys.now();
    limits::take(table, now, &[OPENED.of(owner.id)]).await?;
    let (kind, slug) = match new {
        NewClub::Group => (RoomKind::Group, None),
        NewClub::Channel(slug) => (RoomKind::Channel, slug),
    };
    let club = Club { name, topic, slug, owner: owner.id, admins: Vec::new(), member_count: 1 };
    let room = Room::club(sys.id(), kind, club, now);
    let mut tx = Tx::new();
    tx.create(&room);
    tx.create(&LogEntry {
        room: room.id,
        seq: room.seq,
        at: now,
        content: happened(RoomEvent::Created {}, &author(owner)),
        via: None,
        changes: 0,
    });
    tx.create(&Membership::new(room.id, owner.id, now));
    RoomEntry::create(&mut tx, room.id);
    let counted = tx.update(RoomCount::change(owner.id, 1, 1, true));
    let slug = room.club.as_ref().and_then(|club| club.slug.clone());
    let named = slug.map(|slug| tx.create(&SlugClaim { slug, room: room.id }));
    match table.commit(tx).await {
        Ok(()) => Ok(room),
        Err(e) if named.is_some_and(|named| e.refused(named)) => Err(Kind::SlugTaken.into()),
        Err(CommitError::Refused(r)) if r.at(counted) => {
            let count = r.current(counted).map(store::Row::decode::<RoomCount>).transpose()?.unwrap_or_default();
            Err(count.admit(false).and_then(|()| count.admit(true)).err().unwrap_or_else(|| Kind::Conflict.into()))
        }
        Err(e) => Err(e.into()),
    }
}

/// Makes a person a member: of a public channel, or by an invitation. No effect for a member. A batch read and a transaction, again after
/// each concurrent change.
///
/// # Errors
/// [`Kind::NotFound`] without an invitation, [`Kind::RoomBanned`], [`Kind::TooMany`] if the room is full or they are in
/// [`JOINED_MAX`] rooms.
pub async fn join(table: &Table, sys: &Sys, user: &User, room: RoomId) -> Result<Room, Problem> {
    let (member, invited, count) = (Membership::key_of(room, user.id), Invitation::key_of(room, user.id), RoomCount::key_of(user.id));
    let banned = RoomBan::key_of(room, user.id);
    let keys = [member.clone(), invited.clone(), count.clone(), banned.clone()];
    let changed = change(table, sys, room, &keys, |room, club, found, now| {
        if found.take::<Membership>(&member)?.is_some() {
            return Ok(None);
        }
        admitted(found, &banned, now)?;
        let invitation = found.take::<Invitation>(&invited)?.filter(|invitation| now < invitation.until);
        let open = club.slug.is_some();
        if !open && invitation.is_none() {
            return Err(Kind::NotFound.because("the person is not invited"));
        }
        if room.kind == RoomKind::Group && club.member_count >= GROUP_MAX {
            return Err(Problem::new(Kind::TooMany).with("max", GROUP_MAX));
        }
        found.take::<RoomCount>(&count)?.unwrap_or_default().admit(false)?;
        let mut plan = Plan::of(club);
        let from = if open { 1 } else { room.seq.saturating_add(1) };
        // Earlier messages do not count as unread.
        plan.add(&Membership { from, read_seq: room.seq, ..Membership::new(room.id, user.id, now) });
        plan.tx.check(banned.clone(), room_ban::is_over(now));
        if invitation.is_some() {
            plan.tx.delete_when(invited.clone(), Cond::Exists);
        }
        if room.kind == RoomKind::Group {
            plan.entries.push(happened(RoomEvent::Joined {}, &author(user)));
        }
        Ok(Some(plan))
    });
    changed.await
}

/// Checks that a person is not banned from the room.
fn admitted(found: &mut Batch, banned: &Key, now: Time) -> Result<(), Problem> {
    match found.take::<RoomBan>(banned)?.filter(|ban| ban.holds(now)) {
        Some(ban) => Err(ban.problem(now)),
        None => Ok(()),
    }
}

/// Ends the membership of the caller. If the owner leaves, the oldest administrator takes over the room. A room without members is deleted.
/// A read, a batch read and a transaction; the last two again after each concurrent change.
///
/// # Errors
/// [`Kind::OwnerStays`] for the owner of a room with other members but without administrators, [`Kind::NotFound`], [`Kind::Forbidden`] in a
/// room that cannot be left.
pub async fn leave(table: &Table, sys: &Sys, user: &User, room: RoomId) -> Result<(), Problem> {
    take_out(table, sys, user.id, room, happened(RoomEvent::Left {}, &author(user)), None).await
}

/// Ends the membership of a person whose account is purged. If they own the room and it has no administrator, `heir` takes it over. The
/// entry of their leaving is a tombstone, so that it does not name them.
///
/// # Errors
/// The errors of [`leave`].
pub(crate) async fn leave_purged(table: &Table, sys: &Sys, user: UserId, room: RoomId, heir: Option<UserId>) -> Result<(), Problem> {
    take_out(table, sys, user, room, Content::Deleted {}, heir).await
}

async fn take_out(table: &Table, sys: &Sys, user: UserId, room: RoomId, left: Content, heir: Option<UserId>) -> Result<(), Problem> {
    let member = Membership::key_of(room, user);
    let inherits = |club: &Club| club.admins.first().copied().or(heir);
    // The event names the new owner.
    let club = table.get::<Room>(Room::key_of(room)).await?.and_then(|room| room.club);
    let next = club.filter(|club| club.owner == user).and_then(|club| inherits(&club)).map(User::key_of);
    let keys: Vec<Key> = [member.clone()].into_iter().chain(next).collect();
    change(table, sys, room, &keys, |room, club, found, _| {
        RoomMember::of(room.id, user, Some(room.clone()), found.take(&member)?)?;
        let mut plan = Plan::of(club);
        plan.take_out(room.id, user);
        let role = room.role_of(user);
        if club.member_count <= 1 {
            plan.deletes = Some(field("member_count").eq(club.member_count));
            plan.count(user, 0, -1);
            return Ok(Some(plan));
        }
        if room.kind == RoomKind::Group || role != RoomRole::Member {
            plan.entries.push(left.clone());
        }
        if role == RoomRole::Owner {
            let next = inherits(club).ok_or(Kind::OwnerStays)?;
            let who =
                found.take::<User>(&User::key_of(next))?.ok_or_else(|| Kind::Conflict.because("the next owner has changed meanwhile"))?;
            plan.own(user, next).unlimited = true;
            plan.entries.push(happened(RoomEvent::NewOwner {}, &author(&who)));
        }
        Ok(Some(plan))
    })
    .await
    .map(drop)
}

/// Removes a member. Administrators can remove members, and the owner can remove everybody else. A batch read and a transaction, again
/// after each concurrent change.
///
/// # Errors
/// [`Kind::NotFound`], [`Kind::Forbidden`].
pub async fn remove(table: &Table, sys: &Sys, by: UserId, user: UserId, room: RoomId) -> Result<(), Problem> {
    let (actor, member, person) = (Membership::key_of(room, by), Membership::key_of(room, user), User::key_of(user));
    change(table, sys, room, &[actor.clone(), member.clone(), person.clone()], |room, club, found, _| {
        let me = RoomMember::of(room.id, by, Some(room.clone()), found.take(&actor)?)?;
        let them = RoomMember::of(room.id, user, Some(room.clone()), found.take(&member)?)?;
        may_remove(&me, them.role())?;
        let who = found.take::<User>(&person)?.map_or_else(|| nameless(user), |u| author(&u));
        Ok(Some(removal(room, club, &who)))
    })
    .await
    .map(drop)
}

/// Checks that the member may remove a person with this role.
fn may_remove(me: &RoomMember, role: RoomRole) -> Result<(), Problem> {
    me.administrates()?;
    match role {
        RoomRole::Member => Ok(()),
        RoomRole::Admin => me.owns(),
        RoomRole::Owner => me.owns().and(Err(Kind::OwnerStays.into())),
    }
}

/// Returns the end of a membership by others.
fn removal(room: &Room, club: &Club, who: &Author) -> Plan {
    let mut plan = Plan::of(club);
    plan.take_out(room.id, who.id);
    if room.kind == RoomKind::Group || room.role_of(who.id) != RoomRole::Member {
        plan.entries.push(happened(RoomEvent::Removed {}, who));
    }
    plan
}

/// Bans a person from a room, or replaces their ban. Everybody who may remove the person may do this. A member is removed and an invitation
/// withdrawn in the same transaction. A counter, a batch read and a transaction, the last two again after each concurrent change.
///
/// # Errors
/// [`Kind::NotFound`], [`Kind::Forbidden`], [`Kind::OwnerStays`], [`Kind::TooManyRequests`] after a hundred bans in a day.
pub async fn ban(table: &Table, sys: &Sys, by: UserId, ban: &RoomBan) -> Result<(), Problem> {
    let RoomBan { room, user, .. } = *ban;
    let (actor, member, person) = (Membership::key_of(room, by), Membership::key_of(room, user), User::key_of(user));
    limits::take(table, sys.now(), &[BANNED.of(by)]).await?;
    change(table, sys, room, &[actor.clone(), member.clone(), person.clone()], |room, club, found, _| {
        let me = RoomMember::of(room.id, by, Some(room.clone()), found.take(&actor)?)?;
        may_remove(&me, room.role_of(user))?;
        let who = found.take::<User>(&person)?.filter(|who| who.status != Status::Purging).ok_or(Kind::NotFound)?;
        let mut plan = if found.take::<Membership>(&member)?.is_some() {
            removal(room, club, &author(&who))
        } else {
            let mut plan = Plan::of(club);
            plan.tx.check(member.clone(), Cond::Absent);
            plan
        };
        plan.tx.put_always(ban);
        plan.tx.delete(Invitation::key_of(room.id, user));
        // Nothing is written for an account that is being purged, so that the purge misses no ban.
        plan.tx.check(person.clone(), User::stays());
        Ok(Some(plan))
    })
    .await
    .map(drop)
}

/// Ends a ban from a room before its time. For administrators, who cannot end their own ban because banned people are not members. No
/// effect if there is no ban. A batch read and a deletion.
///
/// # Errors
/// [`Kind::NotFound`], [`Kind::Forbidden`].
pub async fn unban(table: &Table, by: UserId, user: UserId, room: RoomId) -> Result<(), Problem> {
    administrates(table, by, room).await?;
    Ok(table.delete(RoomBan::key_of(room, user)).await?)
}

/// Checks that a person administrates a room. A batch read.
async fn administrates(table: &Table, by: UserId, room: RoomId) -> Result<(), Problem> {
    let (room_key, actor) = (Room::key_of(room), Membership::key_of(room, by));
    let mut found = table.get_many(vec![room_key.clone(), actor.clone()]).await?;
    RoomMember::of(room, by, found.take(&room_key)?, found.take(&actor)?)?.administrates()
}

/// Gives a member another role. For the owner. A new owner takes over the room, and the former owner becomes an administrator. No effect if
/// the member has the role. A batch read and a transaction, again after each concurrent change.
///
/// # Errors
/// [`Kind::NotFound`], [`Kind::Forbidden`], [`Kind::OwnerStays`] for the owner's own role, [`Kind::TooMany`] if the room has [`ADMINS_MAX`]
/// administrators, or the new owner owns [`OWNED_MAX`] rooms.
pub async fn set_role(table: &Table, sys: &Sys, by: UserId, user: UserId, room: RoomId, role: RoomRole) -> Result<(), Problem> {
    let (actor, member) = (Membership::key_of(room, by), Membership::key_of(room, user));
    let (person, count) = (User::key_of(user), RoomCount::key_of(user));
    change(table, sys, room, &[actor.clone(), member.clone(), person.clone(), count.clone()], |room, club, found, _| {
        RoomMember::of(room.id, by, Some(room.clone()), found.take(&actor)?)?.owns()?;
        // If it is the same person, the membership was already taken from the batch.
        let them =
            if user == by { RoomRole::Owner } else { RoomMember::of(room.id, user, Some(room.clone()), found.take(&member)?)?.role() };
        if them == role {
            return Ok(None);
        }
        if user == by {
            return Err(Kind::OwnerStays.into());
        }
        let who = found.take::<User>(&person)?.map_or_else(|| nameless(user), |u| author(&u));
        let mut plan = Plan::of(club);
        plan.tx.check(member.clone(), Cond::Exists);
        plan.club.admins.retain(|admin| *admin != user);
        let event = match role {
            RoomRole::Owner => {
                found.take::<RoomCount>(&count)?.unwrap_or_default().admit(true)?;
                plan.own(by, user);
                plan.club.admins.push(by);
                return Ok(Some(plan.with(happened(RoomEvent::NewOwner {}, &who))));
            }
            RoomRole::Admin if plan.club.admins.len() >= ADMINS_MAX => return Err(Problem::new(Kind::TooMany).with("max", ADMINS_MAX)),
            RoomRole::Admin => {
                plan.club.admins.push(user);
                RoomEvent::Promoted {}
            }
            RoomRole::Member => RoomEvent::Demoted {},
        };
        Ok(Some(plan.with(happened(event, &who))))
    })
    .await
    .map(drop)
}

/// A change of a room's topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TopicChange {
    /// The topic is unchanged.
    Stays,
    /// The topic is removed.
    Removed,
    /// The topic is replaced.
    Becomes(Topic),
}

impl TopicChange {
    /// Returns the topic after the change.
    fn after(&self, before: Option<&Topic>) -> Option<Topic> {
        match self {
            Self::Stays => before.cloned(),
            Self::Removed => None,
            Self::Becomes(topic) => Some(topic.clone()),
        }
    }
}

/// Changes the name, the topic or the rules. For administrators. No effect if nothing differs. A batch read and a transaction, again after
/// each concurrent change.
///
/// # Errors
/// [`Kind::NotFound`], [`Kind::Forbidden`].
pub async fn describe(
    table: &Table,
    sys: &Sys,
    by: &User,
    room: RoomId,
    (name, topic): (Option<&Title>, &TopicChange),
    rules: RulesChange,
) -> Result<Room, Problem> {
    let actor = Membership::key_of(room, by.id);
    let changed = change(table, sys, room, std::slice::from_ref(&actor), |room, club, found, _| {
        RoomMember::of(room.id, by.id, Some(room.clone()), found.take(&actor)?)?.administrates()?;
        let mut plan = Plan::of(club);
        if let Some(name) = name.filter(|name| **name != club.name) {
            plan.club.name = name.clone();
            plan.entries.push(happened(RoomEvent::Renamed { name: name.to_string() }, &author(by)));
        }
        let topic = topic.after(club.topic.as_ref());
        if topic != club.topic {
            plan.club.topic.clone_from(&topic);
            let topic = topic.map(|topic| topic.to_string());
            plan.entries.push(happened(RoomEvent::TopicChanged { topic }, &author(by)));
        }
        plan.rules = rules;
        Ok((rules.changes(room) || !plan.entries.is_empty()).then_some(plan))
    });
    changed.await
}

/// Deletes a room. For the owner. From then on it can be neither read nor written; `room-fanout` notifies its members and deletes its
/// items. A batch read and a transaction, again after each concurrent change.
///
/// # Errors
/// [`Kind::NotFound`], [`Kind::Forbidden`].
pub async fn delete(table: &Table, sys: &Sys, by: UserId, room: RoomId) -> Result<(), Problem> {
    let actor = Membership::key_of(room, by);
    change(table, sys, room, std::slice::from_ref(&actor), |room, club, found, _| {
        RoomMember::of(room.id, by, Some(room.clone()), found.take(&actor)?)?.owns()?;
        let mut plan = Plan::of(club);
        plan.deletes = Some(Cond::Exists);
        plan.count(by, 0, -1);
        Ok(Some(plan))
    })
    .await
    .map(drop)
}

/// Deletes a room for staff, as [`delete`] does for its owner, with the writes that `also` adds to the transaction. The roles of its owner
/// protect a room like their account ([`Actor::may_change`]). A read, a batch read and a transaction; the last two again after each
/// concurrent change.
///
/// # Errors
/// [`Kind::NotFound`]; [`Kind::AccountProtected`]; [`Kind::Forbidden`] if the caller has no such role any more; [`Kind::Conflict`] if the
/// owner has changed concurrently.
pub async fn close(table: &Table, sys: &Sys, by: Actor, room: RoomId, also: impl Fn(&mut Tx, &Club)) -> Result<(), Problem> {
    let owner = table.get::<Room>(Room::key_of(room)).await?.and_then(|room| room.club).ok_or(Kind::NotFound)?.owner;
    let (held, protecting) = (Roles::key_of(by.user), Roles::key_of(owner));
    change(table, sys, room, &[held.clone(), protecting.clone()], |_, club, found, _| {
        if club.owner != owner {
            return Err(Kind::Conflict.because("the room has another owner now"));
        }
        if !found.take::<Roles>(&held)?.is_some_and(|held| held.roles.iter().any(|role| *role >= by.role)) {
            return Err(Kind::Forbidden.because("the caller lost the role meanwhile"));
        }
        let roles = found.take::<Roles>(&protecting)?.unwrap_or_else(|| Roles::none(owner));
        let protected = |_| Kind::AccountProtected.because("the owner of the room is the caller, or has such a role too");
        by.may_change(&roles).map_err(protected)?;
        let mut plan = Plan::of(club);
        plan.deletes = Some(Cond::Exists);
        plan.count(owner, 0, -1);
        by.require(&mut plan.tx, owner);
        also(&mut plan.tx, club);
        Ok(Some(plan))
    })
    .await
    .map(drop)
}

/// Invites a person, or adds a friend to a group directly unless they have turned that off. For administrators. No effect for a member or a
/// person with an invitation. A batch read, a counter and a transaction; for a friend another batch read.
///
/// # Errors
/// [`Kind::NotFound`] if there is no such person, [`Kind::Forbidden`], [`Kind::RoomBanned`], [`Kind::ChatNotAllowed`] if they accept no
/// messages from the caller, [`Kind::TooMany`] if the group is full for a friend, [`Kind::TooManyRequests`] after a hundred invitations in
/// a day, [`Kind::Conflict`] if the relation of the two has changed concurrently.
pub async fn invite(table: &Table, sys: &Sys, by: UserId, user: UserId, room: RoomId) -> Result<(), Problem> {
    let (room_key, person, count) = (Room::key_of(room), User::key_of(user), RoomCount::key_of(user));
    let (actor, member, pair_key) = (Membership::key_of(room, by), Membership::key_of(room, user), Pair::key_of(by, user));
    let banned = RoomBan::key_of(room, user);
    let keys = [room_key.clone(), actor.clone(), member.clone(), person.clone(), pair_key.clone(), count.clone(), banned.clone()];
    let keys = distinct(&keys);
    let mut found = table.get_many(keys).await?;
    let me = RoomMember::of(room, by, found.take(&room_key)?, found.take(&actor)?)?;
    me.administrates()?;
    if user == by || found.take::<Membership>(&member)?.is_some() {
        return Ok(());
    }
    let now = sys.now();
    admitted(&mut found, &banned, now)?;
    let them = found.take::<User>(&person)?.filter(|u| u.status == Status::Active).ok_or(Kind::NotFound)?;
    let pair = found.take::<Pair>(&pair_key)?;
    if pair.as_ref().is_some_and(Pair::is_blocked) {
        return Err(Kind::ChatNotAllowed.because("one blocks the other"));
    }
    limits::take(table, now, &[INVITED.of(by)]).await?;
    // A friend who has the maximum number of rooms is invited instead, and has to leave a room first.
    let has_room = found.take::<RoomCount>(&count)?.unwrap_or_default().admit(false).is_ok();
    if me.room.kind == RoomKind::Group && has_room && is_added_at_once(&them, pair.as_ref()) {
        return add_friend(table, sys, by, user, room).await;
    }
    let mut tx = Tx::new();
    let invitation = Invitation { room, user, by: Some(by), at: now, until: now + INVITATION_LIFE };
    let new = tx.put(&invitation, Cond::Absent.or(field("until").le(now)));
    let accepted = Accepted::check(&mut tx, by, user, pair.as_ref());
    let stays = tx.check(room_key, Cond::Exists);
    let out = tx.check(banned, room_ban::is_over(now));
    match table.commit(tx).await {
        Ok(()) => Ok(()),
        Err(e) if e.refused(stays) => Err(Kind::NotFound.into()),
        // Banned in the meantime.
        Err(CommitError::Refused(r)) if r.at(out) => {
            let ban = r.current(out).map(store::Row::decode::<RoomBan>).transpose()?;
            Err(ban.map_or_else(|| Kind::RoomBanned.into(), |ban| ban.problem(now)))
        }
        Err(e) if e.refused(accepted.peer) => Err(Kind::ChatNotAllowed.because("the other person accepts no messages from this one")),
        Err(e) if e.refused(accepted.pair) => Err(Kind::Conflict.because("the relation of the two people has changed meanwhile")),
        Err(e) if e.refused(new) => Ok(()),
        Err(e) => Err(e.into()),
    }
}

/// Returns whether a person with this relation to the caller is added to groups directly.
fn is_added_at_once(user: &User, pair: Option<&Pair>) -> bool {
    user.status == Status::Active && user.added_by_friends && pair.is_some_and(Pair::are_friends)
}

/// Makes a friend a member of a group. A batch read and a transaction, again after each concurrent change.
///
/// # Errors
/// [`Kind::NotFound`], [`Kind::Forbidden`], [`Kind::RoomBanned`], [`Kind::TooMany`] if the group is full, [`Kind::Conflict`] if the
/// friend cannot be added any more.
async fn add_friend(table: &Table, sys: &Sys, by: UserId, user: UserId, room: RoomId) -> Result<(), Problem> {
    let (actor, member, invited) = (Membership::key_of(room, by), Membership::key_of(room, user), Invitation::key_of(room, user));
    let (person, pair_key, count) = (User::key_of(user), Pair::key_of(by, user), RoomCount::key_of(user));
    let banned = RoomBan::key_of(room, user);
    let keys = [actor.clone(), member.clone(), person.clone(), pair_key.clone(), count.clone(), banned.clone()];
    change(table, sys, room, &keys, |room, club, found, now| {
        RoomMember::of(room.id, by, Some(room.clone()), found.take(&actor)?)?.administrates()?;
        if found.take::<Membership>(&member)?.is_some() {
            return Ok(None);
        }
        admitted(found, &banned, now)?;
        let (them, pair) = (found.take::<User>(&person)?.ok_or(Kind::NotFound)?, found.take::<Pair>(&pair_key)?);
        let has_room = found.take::<RoomCount>(&count)?.unwrap_or_default().admit(false).is_ok();
        if !has_room || !is_added_at_once(&them, pair.as_ref()) {
            return Err(Kind::Conflict.because("the friend cannot be added any more"));
        }
        if club.member_count >= GROUP_MAX {
            return Err(Problem::new(Kind::TooMany).with("max", GROUP_MAX));
        }
        let mut plan = Plan::of(club);
        // Earlier messages are neither shown nor unread.
        let from = room.seq.saturating_add(1);
        plan.add(&Membership { from, read_seq: room.seq, ..Membership::new(room.id, user, now) });
        plan.tx.check(banned.clone(), room_ban::is_over(now));
        plan.tx.delete(invited.clone());
        let still = field("added_by_friends").absent().or(field("added_by_friends").eq(true));
        plan.tx.check(person.clone(), field("status").eq(Status::Active).and(still));
        plan.tx.check(pair_key.clone(), Pair::unchanged(pair.as_ref()));
        Ok(Some(plan.with(happened(RoomEvent::Joined {}, &author(&them)))))
    })
    .await
    .map(drop)
}

/// Deletes an invitation: the invited person declines it, or administrators withdraw it. No effect if there is none. A batch read for
/// administrators, and one deletion.
///
/// # Errors
/// [`Kind::NotFound`], [`Kind::Forbidden`].
pub async fn uninvite(table: &Table, by: UserId, user: UserId, room: RoomId) -> Result<(), Problem> {
    if user != by {
        administrates(table, by, room).await?;
    }
    Ok(table.delete(Invitation::key_of(room, user)).await?)
}

/// The parts of a change of a room.
struct Plan {
    /// The room's description, owner and administrators after the change.
    club: Club,
    /// The difference of the number of members.
    members: i64,
    /// The differences of people's numbers of rooms, by person.
    counts: BTreeMap<UserId, Counts>,
    /// The entries for the next numbers of the room.
    entries: Vec<Content>,
    /// The former member, who gets an event.
    gone: Option<UserId>,
    /// If the room is deleted: the condition for it.
    deletes: Option<Cond>,
    /// The change of the rules.
    rules: RulesChange,
    /// Writes other than those of the room, its entries and the counts.
    tx: Tx,
}

/// A change of a person's numbers of rooms.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    joined: i64,
    owned: i64,
    /// Whether the limits do not apply, because the person takes over a room without having requested it.
    unlimited: bool,
}

impl Plan {
    fn of(club: &Club) -> Self {
        let (entries, counts, tx) = (Vec::new(), BTreeMap::new(), Tx::new());
        let rules = RulesChange::default();
        Self { club: club.clone(), members: 0, counts, entries, gone: None, deletes: None, rules, tx }
    }

    fn with(mut self, entry: Content) -> Self {
        self.entries.push(entry);
        self
    }

    fn count(&mut self, user: UserId, joined: i64, owned: i64) -> &mut Counts {
        let counts = self.counts.entry(user).or_default();
        counts.joined = counts.joined.saturating_add(joined);
        counts.owned = counts.owned.saturating_add(owned);
        counts
    }

    fn add(&mut self, membership: &Membership) {
        self.tx.create(membership);
        self.members = 1;
        self.count(membership.user, 1, 0);
    }

    fn take_out(&mut self, room: RoomId, user: UserId) {
        self.tx.delete_when(Membership::key_of(room, user), Cond::Exists);
        self.members = -1;
        self.count(user, -1, 0);
        self.club.admins.retain(|admin| *admin != user);
        self.gone = Some(user);
    }

    fn own(&mut self, before: UserId, next: UserId) -> &mut Counts {
        self.club.owner = next;
        self.club.admins.retain(|admin| *admin != next);
        self.count(before, 0, -1);
        self.count(next, 0, 1)
    }

    /// Returns the transaction, and the room after the change.
    fn write(self, sys: &Sys, room: &Room, now: Time) -> (Tx, Room) {
        let Self { mut club, members, counts, entries, gone, deletes, rules, mut tx } = self;
        for (user, Counts { joined, owned, unlimited }) in counts {
            tx.update(RoomCount::change(user, joined, owned, !unlimited));
        }
        if let Some(user) = gone {
            Outbox::add(&mut tx, sys, &MemberLeft { room: room.id, user });
        }
        if let Some(condition) = deletes {
            tx.delete(RoomEntry::key_of(room.id));
            tx.delete_when(Room::key_of(room.id), field("seq").eq(room.seq).and(condition));
            if let Some(slug) = &club.slug {
                tx.delete(SlugClaim::key_of(slug));
            }
            Outbox::add(&mut tx, sys, &RoomDeleted { room: room.id });
            return (tx, room.clone());
        }
        let numbers = room.seq.saturating_add(1)..;
        let entry = |(seq, content)| LogEntry { room: room.id, seq, at: now, content, via: None, changes: 0 };
        let entries: Vec<LogEntry> = numbers.zip(entries).map(entry).collect();
        log::append(&mut tx, room, now, &entries, |update| rules.write(changes(update, room.club.as_ref(), &club, members)));
        for entry in &entries {
            log::fan_out(&mut tx, sys, entry);
        }
        club.member_count = club.member_count.saturating_add_signed(i32::try_from(members).unwrap_or(0));
        let seq = entries.last().map_or(room.seq, |entry| entry.seq);
        (tx, rules.of(Room { club: Some(club), seq, latest_at: now, ..room.clone() }))
    }
}

/// Returns the update of a room's item. Unchanged attributes are not written, because a concurrent change that takes no number may have
/// changed them.
fn changes(update: Update, before: Option<&Club>, after: &Club, members: i64) -> Update {
    let update = if members == 0 { update } else { update.add("member_count", members) };
    let update = if before.is_some_and(|b| b.name == after.name) { update } else { update.set("name", &after.name) };
    let update = if before.is_some_and(|b| b.topic == after.topic) { update } else { update.set("topic", &after.topic) };
    let update = if before.is_some_and(|b| b.owner == after.owner) { update } else { update.set("owner", after.owner) };
    if before.is_some_and(|b| b.admins == after.admins) { update } else { update.set("admins", &after.admins) }
}

/// Reads a group or a channel with other items, lets `judge` plan a change, and commits it. If `judge` returns `None`, nothing changes.
/// Returns the room after the change.
async fn change(
    table: &Table,
    sys: &Sys,
    id: RoomId,
    more: &[Key],
    judge: impl Fn(&Room, &Club, &mut Batch, Time) -> Result<Option<Plan>, Problem>,
) -> Result<Room, Problem> {
    let key = Room::key_of(id);
    let keys = distinct(&[std::slice::from_ref(&key), more].concat());
    for tries in 0..TRIES {
        log::pause(sys, tries).await;
        let now = sys.now();
        let mut found = table.get_many(keys.clone()).await?;
        let room = found.take::<Room>(&key)?.ok_or(Kind::NotFound)?;
        // The public room and direct rooms cannot be changed.
        let club = room.club.as_ref().ok_or(Kind::NotFound)?;
        let Some(plan) = judge(&room, club, &mut found, now)? else { return Ok(room) };
        let (tx, after) = plan.write(sys, &room, now);
        match table.commit(tx).await {
            Ok(()) => return Ok(after),
            Err(CommitError::Refused(_)) => {}
            Err(CommitError::Store(e)) => return Err(e.into()),
        }
    }
    Err(log::busy())
}

/// Removes duplicates: a person may change their own membership, and a batch must not contain a key twice.
fn distinct(keys: &[Key]) -> Vec<Key> {
    let mut distinct = Vec::new();
    for key in keys {
        if !distinct.contains(key) {
            distinct.push(key.clone());
        }
    }
    distinct
}

fn author(user: &User) -> Author {
    Author { id: user.id, username: user.username.to_string() }
}

/// Returns the author of an event whose account was deleted.
const fn nameless(id: UserId) -> Author {
    Author { id, username: String::new() }
}

/// Returns the content of an event about this person. It does not say who caused the event, because the purge of that account would not find
/// their id in events about others.
fn happened(event: RoomEvent, who: &Author) -> Content {
    Content::Happened(Happened { event, who: who.id, username: who.username.clone() })
}
