//! Members of rooms. Each membership is an item beside the room, because a list in the room would not be bounded.

use accounts::Resource;
use kernel::{
    Kind, Problem, Time,
    id::{RoomId, UserId},
};
use serde::{Deserialize, Serialize};
use store::{About, Cond, Conditional as _, Index, Item, Key, Page, Personal, Range, Row, StoreError, Table, Update, field};

use crate::{
    digest_state::{self, Digest},
    room::{PUBLIC, Room, RoomKind, RoomName, partition},
};

pub use crate::room::RoomRole;

/// The membership of a person in a room. Everybody is a member of the public room, also without this item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The room.
    pub room: RoomId,
    /// The member.
    pub user: UserId,
    /// The other member of a direct room, so that a list of rooms is read together with the people in them.
    pub peer: Option<UserId>,
    /// When the membership began.
    pub since: Time,
    /// The first number that the member may read: the number of their joining, or 1 in rooms whose members may read everything.
    #[serde(default = "Membership::first")]
    pub from: u64,
    /// The number up to which the member has read: see [`crate::unread`].
    #[serde(default)]
    pub read_seq: u64,
    /// Whether the member has muted the notifications of the room.
    #[serde(default)]
    pub muted: bool,
    /// When the member last wrote while the room had a slow mode.
    #[serde(default)]
    pub spoke_at: Option<Time>,
    /// The state of the member's digests of the room.
    #[serde(flatten)]
    pub digest: Digest,
}

impl Membership {
    /// Returns the key of a membership.
    #[must_use]
    pub fn key_of(room: RoomId, user: UserId) -> Key {
        Key::new(partition(room), format!("{MEMBERS}{user}"))
    }

    const fn first() -> u64 {
        1
    }

    /// Creates a membership in a room that its members may read from the beginning.
    #[must_use]
    pub const fn new(room: RoomId, user: UserId, since: Time) -> Self {
        Self { room, user, peer: None, since, from: 1, read_seq: 0, muted: false, spoke_at: None, digest: Digest::NONE }
    }

    /// Returns the membership that everybody has in the public room. It is stored with the first read marker.
    #[must_use]
    pub const fn of_everybody(user: UserId) -> Self {
        Self::new(PUBLIC, user, Time::ZERO)
    }

    /// Returns the number up to which everything counts as read.
    #[must_use]
    pub const fn read_upto(&self) -> u64 {
        let before = self.from.saturating_sub(1);
        if self.read_seq > before { self.read_seq } else { before }
    }

    /// Returns an update of the item, which is refused if the membership has ended.
    pub(crate) fn update(&self) -> Update {
        let key = Self::key_of(self.room, self.user);
        if self.room == PUBLIC {
            let made = Update::upsert::<Self>(key).set_if_absent("room", self.room).set_if_absent("user", self.user);
            return made.set_if_absent("since", self.since);
        }
        Update::of(key).when(Cond::Exists)
    }

    fn place(&self) -> Key {
        Key::new(rooms_of(self.user), self.room.to_string())
    }
}

/// The prefix of the sort keys of memberships.
const MEMBERS: &str = "MEMBER#";

impl Item for Membership {
    const KIND: &'static str = "member";
    const ABOUT: About = About::at("ROOM#{room}", "MEMBER#{user}", Personal::ExportedIn("rooms.json"))
        .indexed(Index::RoomsOfMember, "USER#{user}#ROOMS", "{room}")
        .indexed(Index::DueDigests, "DIGESTS_DUE#{shard}", "{at}#{user}#{room}")
        .removed_by("chats");
    fn key(&self) -> Key {
        Self::key_of(self.room, self.user)
    }
    // The public room is not in the index, because everybody has it in their list of rooms anyway.
    fn indexes(&self) -> Vec<(Index, Key)> {
        let listed = (self.room != PUBLIC).then(|| (Index::RoomsOfMember, self.place()));
        let due = self.digest.due.map(|due| (Index::DueDigests, digest_state::place(self.room, self.user, due)));
        listed.into_iter().chain(due).collect()
    }
}

/// Over HTTP the membership of the caller is read together with them and the room.
impl Resource for Membership {
    type Path = RoomName;
    fn key_for(caller: UserId, RoomName(room): RoomName) -> Option<Key> {
        Some(Self::key_of(room, caller))
    }
}

fn rooms_of(user: UserId) -> String {
    format!("USER#{user}#ROOMS")
}

/// A room with a person's membership.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomMember {
    /// The room.
    pub room: Room,
    /// The person's membership.
    pub membership: Membership,
}

impl RoomMember {
    /// Combines a room and a person's membership as they were read.
    ///
    /// # Errors
    /// [`Kind::NotFound`] if the person is not a member, whether or not the room exists.
    pub fn of(id: RoomId, user: UserId, room: Option<Room>, membership: Option<Membership>) -> Result<Self, Problem> {
        if id == PUBLIC {
            let membership = membership.unwrap_or_else(|| Membership::of_everybody(user));
            return Ok(Self { room: room.unwrap_or_else(Room::public), membership });
        }
        room.zip(membership).map(|(room, membership)| Self { room, membership }).ok_or_else(|| Kind::NotFound.into())
    }

    /// Returns the person's role.
    #[must_use]
    pub fn role(&self) -> RoomRole {
        self.room.role_of(self.membership.user)
    }

    /// Checks that the person administrates the room.
    ///
    /// # Errors
    /// [`Kind::Forbidden`]
    pub fn administrates(&self) -> Result<(), Problem> {
        match self.role() {
            RoomRole::Owner | RoomRole::Admin => Ok(()),
            RoomRole::Member => Err(Kind::Forbidden.because("the caller is not an administrator of the room")),
        }
    }

    /// Checks that the person owns the room.
    ///
    /// # Errors
    /// [`Kind::Forbidden`]
    pub fn owns(&self) -> Result<(), Problem> {
        if self.role() == RoomRole::Owner { Ok(()) } else { Err(Kind::Forbidden.because("the caller does not own the room")) }
    }

    /// Checks that the person may write messages.
    ///
    /// # Errors
    /// [`Kind::Forbidden`] for the readers of a channel.
    pub fn writes(&self) -> Result<(), Problem> {
        match self.room.kind {
            RoomKind::Public | RoomKind::Direct | RoomKind::Group | RoomKind::Support => Ok(()),
            RoomKind::Channel => self.administrates(),
        }
    }
}

/// Returns a page of a person's memberships in the order of the rooms' ids, starting after `after`. One query.
///
/// # Errors
/// [`StoreError`]
pub async fn of_user(table: &Table, user: UserId, after: Option<RoomId>, limit: u32) -> Result<Page<Membership>, StoreError> {
    let range = Range::of_index(Index::RoomsOfMember, rooms_of(user)).limit(limit);
    let range = match after {
        Some(room) => range.after(Membership::key_of(room, user), Some(Key::new(rooms_of(user), room.to_string()))),
        None => range,
    };
    table.query(range).await
}

/// Returns a page of a room's memberships in the order of the members' ids, starting after `after`. One query, strongly consistent.
///
/// # Errors
/// [`StoreError`]
pub async fn of_room(table: &Table, room: RoomId, after: Option<UserId>, limit: u32) -> Result<Page<Membership>, StoreError> {
    let range = Range::of(partition(room)).prefix(MEMBERS).limit(limit);
    let range = match after {
        Some(user) => range.after(Membership::key_of(room, user), None),
        None => range,
    };
    table.query(range).await
}

/// A person's invitation to a group or a channel. They become a member by accepting it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// The room.
    pub room: RoomId,
    /// Who is invited.
    pub user: UserId,
    /// Who invited them. `None` if that account was deleted.
    #[serde(default)]
    pub by: Option<UserId>,
    /// When.
    pub at: Time,
    /// The end of its validity.
    pub until: Time,
}

impl Invitation {
    /// Returns the key of an invitation.
    #[must_use]
    pub fn key_of(room: RoomId, user: UserId) -> Key {
        Key::new(partition(room), format!("INVITED#{user}"))
    }
}

fn invitations_of(user: UserId) -> String {
    format!("USER#{user}#INVITATIONS")
}

fn invitations_by(sender: UserId) -> String {
    format!("USER#{sender}#INVITED")
}

impl Item for Invitation {
    const KIND: &'static str = "room_invitation";
    const ABOUT: About = About::at("ROOM#{room}", "INVITED#{user}", Personal::ExportedIn("room_invitations.json"))
        .indexed(Index::InvitationsToRooms, "USER#{user}#INVITATIONS", "{room}")
        .indexed(Index::InvitationsBySender, "USER#{user}#INVITED", "{room}#{user}")
        .expires()
        .removed_by("chats");
    fn key(&self) -> Key {
        Self::key_of(self.room, self.user)
    }
    fn indexes(&self) -> Vec<(Index, Key)> {
        let sent = self.by.map(|by| (Index::InvitationsBySender, Key::new(invitations_by(by), format!("{}#{}", self.room, self.user))));
        let received = (Index::InvitationsToRooms, Key::new(invitations_of(self.user), self.room.to_string()));
        [received].into_iter().chain(sent).collect()
    }
    fn expires(&self) -> Option<Time> {
        Some(self.until)
    }
}

/// Returns a page of a person's invitations in the order of the rooms' ids, starting after `after`. One query.
///
/// # Errors
/// [`StoreError`]
pub async fn invitations(table: &Table, user: UserId, after: Option<RoomId>, limit: u32) -> Result<Page<Invitation>, StoreError> {
    let range = Range::of_index(Index::InvitationsToRooms, invitations_of(user)).limit(limit);
    let range = match after {
        Some(room) => range.after(Invitation::key_of(room, user), Some(Key::new(invitations_of(user), room.to_string()))),
        None => range,
    };
    table.query(range).await
}

/// Removes a person from some of the invitations that they have sent. The invitations stay. True if there are more.
///
/// # Errors
/// [`StoreError`]. May be repeated at any point.
pub(crate) async fn forget_sender(table: &Table, sender: UserId, limit: u32) -> Result<bool, StoreError> {
    let page = table.query_rows(Range::of_index(Index::InvitationsBySender, invitations_by(sender)).limit(limit)).await?;
    for key in page.items.iter().filter_map(Row::key) {
        let forget = Update::of(key).remove("by").index(Index::InvitationsBySender, None);
        table.update(forget.when(field("by").eq(sender))).await.refused_is_fine()?;
    }
    Ok(page.more)
}
