//! Rooms. Their members are in [`crate::member`], the changes of groups and channels in [`crate::roster`].

use std::{fmt, str::FromStr, time::Duration};

use accounts::{
    Resource,
    pair::Pair,
    user::{Status, User, WhoCanMessage},
};
use kernel::{
    FieldError, Kind, Problem, Time,
    id::{BadId, RoomId, UserId, before},
};
use serde::{Deserialize, Serialize};
use store::{
    About, Cond, Index, Item, Key, Personal, Range, Slot, StoreError, Table, Tx, Update, field,
    limits::{HOUR, Quota},
};
use utoipa::ToSchema;

use crate::support::desk::{Desk, MAILS};

/// The maximum number of members for which the send itself delivers a message. `room-fanout` delivers to larger rooms and to the public
/// room.
pub const INLINE_MAX: u32 = 20;
/// The maximum number of members of a group.
pub const GROUP_MAX: u32 = 256;
/// The maximum number of administrators of a group or a channel.
pub const ADMINS_MAX: usize = 20;
/// The maximum number of seconds of a slow mode.
pub const SLOW_MAX: u32 = 120;
/// The limit of a slow mode, for the API document. Each room has its own number of seconds.
pub const SLOW: Quota =
    Quota::gap("slow_mode", Duration::from_secs(SLOW_MAX as u64), "message of a person in a room with a slow mode").configurable();

/// The public room. It has the same id in every deployment, and all signed-in people are members without an item.
pub const PUBLIC: RoomId = RoomId::NIL;

/// The kind of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoomKind {
    /// The room for everybody.
    Public,
    /// A room for two people.
    Direct,
    /// A room for up to 256 members, who may all write.
    Group,
    /// A room for any number of readers, in which only the owner and the administrators write.
    Channel,
    /// A support thread, for one customer and the support team: see [`crate::support`].
    Support,
}

/// The role of a member of a group or a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoomRole {
    /// Created the room, or took it over. There is always exactly one.
    Owner,
    /// May invite and remove members, change the room, and write in a channel.
    Admin,
    /// May write in a group, and read a channel.
    Member,
}

/// A room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// The id of the room.
    pub id: RoomId,
    /// The kind of the room. Stored as `room_kind`, because `kind` is an attribute of every item.
    #[serde(rename = "room_kind")]
    pub kind: RoomKind,
    /// The attributes of a group or a channel. `None` for other rooms.
    #[serde(flatten)]
    pub club: Option<Club>,
    /// The attributes of a support thread. `None` for other rooms.
    #[serde(flatten)]
    pub desk: Option<Desk>,
    /// The last number that was taken: see [`crate::log`].
    pub seq: u64,
    /// When that number was taken.
    pub latest_at: Time,
    /// When the room was made.
    pub created_at: Time,
    /// The number of edits and deletions of its messages: see [`crate::change`]. The deletion of all messages of a person counts once.
    #[serde(default)]
    pub changes: u64,
    /// The slow mode, if it is on. It does not apply to administrators and staff.
    #[serde(default)]
    pub slow_mode: Option<SlowMode>,
    /// Whether swear words in new messages are masked: see [`crate::message::Text::masked`].
    #[serde(default)]
    pub masks: bool,
}

/// The time between two messages of one person in a room: 1 to [`SLOW_MAX`] seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SlowMode(u32);

impl SlowMode {
    /// Parses a number of seconds. Zero means that the slow mode is off.
    ///
    /// # Errors
    /// `range`
    pub fn parse(seconds: u32) -> Result<Option<Self>, FieldError> {
        match seconds {
            0 => Ok(None),
            1..=SLOW_MAX => Ok(Some(Self(seconds))),
            _ => Err(FieldError::RANGE.with("min", 0).with("max", SLOW_MAX)),
        }
    }

    /// Returns the number of seconds.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        self.0
    }

    const fn span(self) -> Duration {
        Duration::from_secs(self.0 as u64)
    }

    /// Returns the problem of a person who has to wait for `left`.
    #[must_use]
    #[track_caller]
    pub(crate) fn problem(self, left: Duration) -> Problem {
        let Quota { name, max, .. } = SLOW;
        Problem::new(Kind::SlowMode).retry_after(left).limited(name, max, self.span())
    }

    /// Returns how long a person who last wrote at `spoke_at` still has to wait. `None` if they may write.
    #[must_use]
    pub fn wait(self, spoke_at: Option<Time>, now: Time) -> Option<Duration> {
        spoke_at.map(|at| (at + self.span()).since(now)).filter(|left| !left.is_zero())
    }

    /// [`SlowMode::wait`] as a condition on a membership.
    #[must_use]
    pub(crate) fn allows(self, now: Time) -> Cond {
        field("spoke_at").absent().or(field("spoke_at").le(now - self.span()))
    }
}

/// A change of a room's slow mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SlowModeChange {
    /// The slow mode is unchanged.
    #[default]
    Stays,
    /// The slow mode is switched off.
    Ends,
    /// The slow mode is set.
    Becomes(SlowMode),
}

impl SlowModeChange {
    /// Returns the slow mode afterwards.
    const fn after(self, before: Option<SlowMode>) -> Option<SlowMode> {
        match self {
            Self::Stays => before,
            Self::Ends => None,
            Self::Becomes(slow_mode) => Some(slow_mode),
        }
    }
}

impl From<Option<SlowMode>> for SlowModeChange {
    fn from(slow_mode: Option<SlowMode>) -> Self {
        slow_mode.map_or(Self::Ends, Self::Becomes)
    }
}

/// A change of a room's rules for writing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RulesChange {
    /// The change of the slow mode.
    pub slow_mode: SlowModeChange,
    /// Whether swear words are masked. `None` leaves the setting unchanged.
    pub masks: Option<bool>,
}

impl RulesChange {
    /// Returns whether it changes this room.
    #[must_use]
    pub(crate) fn changes(self, room: &Room) -> bool {
        self.slow_mode.after(room.slow_mode) != room.slow_mode || self.masks.is_some_and(|masks| masks != room.masks)
    }

    /// Returns the room afterwards.
    #[must_use]
    pub(crate) fn of(self, room: Room) -> Room {
        Room { slow_mode: self.slow_mode.after(room.slow_mode), masks: self.masks.unwrap_or(room.masks), ..room }
    }

    /// Adds the change to an update of the room.
    pub(crate) fn write(self, update: Update) -> Update {
        let update = match self.slow_mode {
            SlowModeChange::Stays => update,
            SlowModeChange::Ends => update.remove("slow_mode"),
            SlowModeChange::Becomes(slow_mode) => update.set("slow_mode", slow_mode),
        };
        match self.masks {
            Some(masks) => update.set("masks", masks),
            None => update,
        }
    }
}

/// Adds a change of the rules of the public room to a transaction. Creates the item of the room if there is none yet.
pub fn change_public(tx: &mut Tx, change: RulesChange, now: Time) -> Slot {
    let room = Update::upsert::<Room>(Room::key_of(PUBLIC)).set_if_absent("id", PUBLIC).set_if_absent("room_kind", RoomKind::Public);
    let room = room.set_if_absent("seq", 0_u64).set_if_absent("latest_at", now).set_if_absent("created_at", now);
    tx.update(change.write(room))
}

/// The attributes of a group or a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Club {
    /// The name.
    pub name: Title,
    /// What it is about.
    pub topic: Option<Topic>,
    /// The slug of a public channel, which everybody may join. Other rooms are joined by invitation.
    pub slug: Option<Slug>,
    /// The owner.
    pub owner: UserId,
    /// The administrators, the oldest first, at most [`ADMINS_MAX`]. The owner is not among them.
    pub admins: Vec<UserId>,
    /// The number of members, the owner and the administrators included.
    pub member_count: u32,
}

impl Room {
    /// Returns the key of a room.
    #[must_use]
    pub fn key_of(id: RoomId) -> Key {
        Key::new(partition(id), "ROOM")
    }

    pub(crate) fn new(id: RoomId, kind: RoomKind, club: Option<Club>, now: Time) -> Self {
        Self { id, kind, club, desk: None, seq: 0, latest_at: now, created_at: now, changes: 0, slow_mode: None, masks: false }
    }

    /// Returns the public room before the first message. It is stored with the first message, so that a new deployment needs no seeding and
    /// a read writes nothing.
    #[must_use]
    pub fn public() -> Self {
        Self::new(PUBLIC, RoomKind::Public, None, Time::ZERO)
    }

    /// Returns a new group or channel, whose first number is taken by the event `Created`.
    pub(crate) fn club(id: RoomId, kind: RoomKind, club: Club, now: Time) -> Self {
        Self { seq: 1, ..Self::new(id, kind, Some(club), now) }
    }

    /// Returns a new support thread without messages.
    pub(crate) fn support(id: RoomId, desk: Desk, now: Time) -> Self {
        Self { desk: Some(desk), ..Self::new(id, RoomKind::Support, None, now) }
    }

    /// Returns whether the room is stored. The public room is not stored before its first message or the first change of its rules.
    pub(crate) fn is_stored(&self) -> bool {
        self.id != PUBLIC || self.created_at > Time::ZERO
    }

    /// Returns the condition that the rules are unchanged since the room was read.
    pub(crate) fn rules_unchanged(&self) -> Cond {
        let slow_mode = field("slow_mode");
        let slow = self.slow_mode.map_or_else(|| slow_mode.absent(), |slow| slow_mode.eq(slow));
        slow.and(self.masks_unchanged())
    }

    /// Returns the condition that the masking of swear words is unchanged since the room was read.
    pub(crate) fn masks_unchanged(&self) -> Cond {
        let masks = field("masks");
        if self.masks { masks.eq(true) } else { masks.absent().or(masks.eq(false)) }
    }

    /// Returns the index keys of a support thread. A thread without a message is in no index.
    pub(crate) fn support_places(&self) -> Vec<(Index, Key)> {
        let Some(desk) = self.desk.as_ref().filter(|_| self.seq > 0) else { return Vec::new() };
        let mail = desk.mail_place(self.id).map(|place| (Index::SupportMails, place));
        [(Index::SupportThreads, desk.place(self.id, self.latest_at))].into_iter().chain(mail).collect()
    }

    /// Returns the role of a member.
    #[must_use]
    pub fn role_of(&self, user: UserId) -> RoomRole {
        match &self.club {
            Some(club) if club.owner == user => RoomRole::Owner,
            Some(club) if club.admins.contains(&user) => RoomRole::Admin,
            _ => RoomRole::Member,
        }
    }

    /// Returns whether the send itself delivers a message; otherwise `room-fanout` does. A channel is never small: readers join it without
    /// taking a number, so that its members are known only after a message was committed.
    #[must_use]
    pub fn is_small(&self) -> bool {
        match self.kind {
            RoomKind::Direct | RoomKind::Support => true,
            RoomKind::Group => self.club.as_ref().is_some_and(|club| club.member_count <= INLINE_MAX),
            RoomKind::Public | RoomKind::Channel => false,
        }
    }
}

impl Item for Room {
    const KIND: &'static str = "room";
    const ABOUT: About = About::at("ROOM#{room}", "ROOM", Personal::ExportedIn("rooms.json"))
        .indexed(Index::SupportThreads, "SUPPORT#{state}", "{at}#{room}")
        .indexed(Index::SupportMails, MAILS, "{at}#{room}")
        .removed_by("chats");
    fn key(&self) -> Key {
        Self::key_of(self.id)
    }
    fn indexes(&self) -> Vec<(Index, Key)> {
        self.support_places()
    }
}

/// The partition of the list of all groups and channels. A person creates at most thirty in an hour, so one partition is enough.
const LIST: &str = "ROOMS";

/// The entry of a group or a channel in the list of all rooms, for staff. The room itself is not in an index for this list, because it
/// changes with every message.
#[derive(Debug, Serialize, Deserialize)]
pub struct RoomEntry {
    room: RoomId,
}

impl RoomEntry {
    pub(crate) fn key_of(room: RoomId) -> Key {
        Key::new(LIST, room.to_string())
    }

    /// Adds the entry of a new room to a transaction.
    pub(crate) fn create(tx: &mut Tx, room: RoomId) {
        tx.create(&Self { room });
    }
}

impl Item for RoomEntry {
    const KIND: &'static str = "room_entry";
    const ABOUT: About = About::at(LIST, "{room}", Personal::Nobody("the id of a room"));
    fn key(&self) -> Key {
        Self::key_of(self.room)
    }
}

/// Returns the groups and channels after the room `after`, the newest first, and the room after which the next page begins. A query and a
/// batch read.
///
/// # Errors
/// [`StoreError`]
pub async fn newest(table: &Table, after: Option<RoomId>, limit: u32) -> Result<(Vec<Room>, Option<RoomId>), StoreError> {
    let mut range = Range::of(LIST).eventually().newest_first().limit(limit);
    if let Some(after) = after {
        let Some(high) = before(&after) else { return Ok((Vec::new(), None)) };
        range = range.between(RoomId::NIL.to_string(), high.to_string());
    }
    let page = table.query::<RoomEntry>(range).await?;
    let next = page.last().map(|entry| entry.room);
    let mut found = table.get_many(page.items.iter().map(|entry| Room::key_of(entry.room)).collect()).await?;
    let rooms = page.items.iter().map(|entry| found.take(&Room::key_of(entry.room)));
    Ok((rooms.filter_map(Result::transpose).collect::<Result<_, _>>()?, next))
}

/// Returns the partition with the item of a room, its memberships and its messages.
#[must_use]
pub fn partition(id: RoomId) -> String {
    format!("ROOM#{id}")
}

/// Over HTTP a room is named in the path and read together with the caller and their membership.
impl Resource for Room {
    type Path = RoomName;
    fn key_for(_: UserId, RoomName(id): RoomName) -> Option<Key> {
        Some(Self::key_of(id))
    }
}

kernel::lines! {
    /// The name of a group or a channel: 1 to 60 characters.
    Title 1 60;
    /// What a group or a channel is about: 1 to 200 characters.
    Topic 1 200;
}

/// The slug of a public channel, its name in URLs: 3 to 40 of `a-z`, `0-9` and single hyphens between them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, min_length = 3, max_length = 40, pattern = "^[a-z0-9]+(-[a-z0-9]+)*$", examples("agora-news"))]
pub struct Slug(String);

impl Slug {
    /// Parses what a person typed.
    ///
    /// # Errors
    /// `slug_format`
    pub fn parse(typed: &str) -> Result<Self, FieldError> {
        typed.to_owned().try_into().map_err(|BadSlug| FieldError::SLUG_FORMAT)
    }
}

/// The text is not a slug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a slug has 3 to 40 of a-z 0-9 and single hyphens")]
pub struct BadSlug;

impl TryFrom<String> for Slug {
    type Error = BadSlug;
    fn try_from(s: String) -> Result<Self, BadSlug> {
        let word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if (3..=40).contains(&s.len()) && s.split('-').all(word) { Ok(Self(s)) } else { Err(BadSlug) }
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> Self {
        slug.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The marker item that makes a slug unique.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SlugClaim {
    /// The slug.
    pub slug: Slug,
    /// The channel.
    pub room: RoomId,
}

impl SlugClaim {
    /// Returns the key of a slug.
    #[must_use]
    pub fn key_of(slug: &Slug) -> Key {
        Key::new(format!("CHANNEL#{slug}"), "CHANNEL")
    }
}

impl Item for SlugClaim {
    const KIND: &'static str = "slug";
    const ABOUT: About = About::at("CHANNEL#{slug}", "CHANNEL", Personal::Nobody("the name of a channel"));
    fn key(&self) -> Key {
        Self::key_of(&self.slug)
    }
}

impl Resource for SlugClaim {
    type Path = Slug;
    fn key_for(_: UserId, slug: Slug) -> Option<Key> {
        Some(Self::key_of(&slug))
    }
}

/// How clients name a room: its id, or `public`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, max_length = 30, pattern = "^(public|rom_[0-7][0-9A-HJKMNP-TV-Z]{25})$", examples("public"))]
pub struct RoomName(pub RoomId);

impl FromStr for RoomName {
    type Err = BadId;
    fn from_str(s: &str) -> Result<Self, BadId> {
        if s == "public" { Ok(Self(PUBLIC)) } else { s.parse().map(Self) }
    }
}

impl TryFrom<String> for RoomName {
    type Error = BadId;
    fn try_from(s: String) -> Result<Self, BadId> {
        s.parse()
    }
}

impl From<RoomName> for String {
    fn from(name: RoomName) -> Self {
        name.to_string()
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The limit on new rooms of an account.
pub const OPENED: Quota = Quota::window("rooms_opened", 30, HOUR, "new rooms for an account");

/// The conditions of a transaction that one person accepts messages from another one: the account is active and accepts messages from
/// everybody or from friends, and the pair is unchanged since it was read without a block.
#[derive(Clone, Copy, Debug)]
pub struct Accepted {
    /// Refused if the other person accepts no messages from this one.
    pub peer: Slot,
    /// Refused if the relation of the two people has changed since it was read.
    pub pair: Slot,
}

impl Accepted {
    /// Adds the conditions to a transaction. `pair` is the pair as read, without a block.
    pub fn check(tx: &mut Tx, from: UserId, to: UserId, pair: Option<&Pair>) -> Self {
        let active = field("status").eq(Status::Active);
        let friends = pair.is_some_and(Pair::are_friends);
        let takes = if friends { active } else { active.and(field("who_can_message").eq(WhoCanMessage::Everyone)) };
        Self { peer: tx.check(User::key_of(to), takes), pair: tx.check(Pair::key_of(from, to), Pair::unchanged(pair)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_mode_has_one_to_a_hundred_and_twenty_seconds() {
        let parsed = |seconds| SlowMode::parse(seconds).map(|slow| slow.map(SlowMode::seconds)).map_err(|e| e.code);
        assert_eq!([0, 1, 120, 121, u32::MAX].map(parsed), [Ok(None), Ok(Some(1)), Ok(Some(120)), Err("range"), Err("range")]);
        let (slow, at) = (SlowMode::parse(30).unwrap().unwrap(), Time::from_millis(1_893_499_200_000));
        let after = |millis| slow.wait(Some(at), at + Duration::from_millis(millis));
        assert_eq!((after(0), after(29_999)), (Some(Duration::from_secs(30)), Some(Duration::from_millis(1))));
        assert_eq!((after(30_000), slow.wait(None, at)), (None, None));
    }

    #[test]
    fn a_slug_has_words_between_single_hyphens() {
        for good in ["abc", "agora-news", "2026", "a-b-c"] {
            assert!(Slug::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "ab", "Abc", "a--b", "-abc", "abc-", "a b", "a_b", "zażółć", "a#b", &"x".repeat(41)] {
            assert!(Slug::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_name_is_one_line() {
        assert_eq!(Title::parse("  The painted porch ").map(|t| t.to_string()), Ok("The painted porch".to_owned()));
        let code = |typed: &str| Title::parse(typed).map_err(|e| e.code).err();
        assert_eq!(code(" \u{200b} "), Some("required"));
        assert_eq!(code(&"x".repeat(61)), Some("too_long"));
        assert_eq!(code("a\nb"), Some("characters"));
    }

    #[test]
    fn the_public_room_has_a_name_and_an_id() {
        assert_eq!("public".parse::<RoomName>().unwrap(), RoomName(PUBLIC));
        assert_eq!(PUBLIC.to_string(), "rom_00000000000000000000000000");
        assert_eq!(PUBLIC.to_string().parse::<RoomName>().unwrap(), RoomName(PUBLIC));
        for bad in ["", "Public", "PUBLIC", "rom_", "usr_00000000000000000000000000", "public "] {
            assert!(bad.parse::<RoomName>().is_err(), "{bad:?}");
        }
    }
}
