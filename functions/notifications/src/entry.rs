//! An entry of the inbox, as it is stored and as clients see it.

use std::time::Duration;

use accounts::{
    pair::Relation,
    user::{about_partition, partition},
};
use events::{Notice, rooms::Missed};
use kernel::{
    Time, Timestamp,
    id::{NotificationId, RoomId, UserId},
};
use preferences::Category;
use serde::{Deserialize, Serialize};
use store::{About, Index, Item, Key, Personal, limits::DAY};
use utoipa::ToSchema;

/// The stream on which entries are pushed.
pub const STREAM: &str = messaging::frame::NOTIFICATION_STREAM;
/// How long an entry is kept.
const KEPT: Duration = DAY.saturating_mul(90);
/// The prefix of the sort keys of entries.
pub const ENTRIES: &str = "NOTIFICATION#";

/// The content of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum EntryContent {
    /// The relation between the person and another one has changed.
    #[serde(rename = "UPDATE_INTEREST")]
    Relation {
        /// The other person.
        other: UserId,
        /// The new relation, from the person's point of view.
        relation: Relation,
    },
    /// Messages wait for the person in a room.
    #[serde(rename = "UPDATE_CHAT")]
    Chat {
        /// The room.
        room: RoomId,
        /// The kind of the messages.
        kind: Missed,
        /// The number of the last message.
        seq: u64,
        /// How many messages waited at that time, up to 99.
        messages: u32,
    },
    /// Something about the account.
    #[serde(rename = "NOTICE")]
    Notice {
        /// The kind of the notice.
        notice: Notice,
    },
}

/// The type of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub enum NotificationType {
    /// The relation between the caller and another person has changed.
    #[serde(rename = "UPDATE_INTEREST")]
    UpdateInterest,
    /// Messages wait for the caller in a room.
    #[serde(rename = "UPDATE_CHAT")]
    UpdateChat,
    /// Something about the caller's account.
    #[serde(rename = "NOTICE")]
    Notice,
}

/// An entry in the inbox of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxEntry {
    /// The id. It is also the id of the event that the entry is about.
    pub id: NotificationId,
    /// The person.
    pub user: UserId,
    /// What has happened.
    pub what: EntryContent,
    /// When it happened.
    pub at: Time,
    /// When the person read this single entry. Absent if it was read together with all others.
    #[serde(default)]
    pub read_at: Option<Time>,
}

impl InboxEntry {
    /// Returns the key of an entry.
    #[must_use]
    pub fn key_of(user: UserId, id: NotificationId) -> Key {
        Key::new(partition(user), format!("{ENTRIES}{id}"))
    }

    /// Returns the key of an unread entry in the index of unread entries.
    #[must_use]
    pub fn unread(user: UserId, id: NotificationId) -> Key {
        Key::new(unread_of(user), id.to_string())
    }
}

/// Returns the partition of the index of unread entries.
#[must_use]
pub fn unread_of(user: UserId) -> String {
    format!("USER#{user}#UNREAD")
}

impl Item for InboxEntry {
    const KIND: &'static str = "notification";
    const ABOUT: About = About::beside_user("NOTIFICATION#{notification}", Personal::Exported(&["id", "what", "at", "read_at"]))
        .indexed(Index::UnreadNotifications, "USER#{user}#UNREAD", "{notification}")
        .indexed(Index::AboutPerson, "USER#{other}#ABOUT", "{notification}")
        .expires();
    fn key(&self) -> Key {
        Self::key_of(self.user, self.id)
    }
    fn indexes(&self) -> Vec<(Index, Key)> {
        let about = self.what.other_person().map(|other| (Index::AboutPerson, Key::new(about_partition(other), self.id.to_string())));
        let unread = self.read_at.is_none().then(|| (Index::UnreadNotifications, Self::unread(self.user, self.id)));
        unread.into_iter().chain(about).collect()
    }
    fn expires(&self) -> Option<Time> {
        Some(self.at + KEPT)
    }
}

/// A notification.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NotificationInfo {
    /// The id of the entry in the inbox. Absent in a push about something that the person has done themselves on another device.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    id: Option<NotificationId>,
    /// What happened. More types will come: ignore unknown ones.
    r#type: NotificationType,
    /// The category.
    category: Category,
    /// In `UPDATE_INTEREST`: the other person.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    user: Option<UserId>,
    /// In `UPDATE_INTEREST`: their username. Absent while their account is not in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, examples("ben"))]
    username: Option<String>,
    /// In `UPDATE_INTEREST`: the relation at that time, from the person's point of view.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    relation: Option<Relation>,
    /// In `UPDATE_CHAT`: the room. Each room and category has one entry: a new entry replaces the former one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    room: Option<RoomId>,
    /// In `UPDATE_CHAT`: the number of the last message. The entry is read when the room is read up to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    seq: Option<u64>,
    /// In `UPDATE_CHAT`: how many messages waited then, up to 99.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, maximum = 99)]
    messages: Option<u32>,
    /// In a push of `UPDATE_CHAT`: the former entry, which is no longer in the inbox because this one includes its messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    replaces: Option<NotificationId>,
    /// In `NOTICE`: what it is about, such as `new_sign_in`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, examples("new_sign_in"))]
    notice: Option<&'static str>,
    /// Whether it was read.
    read: bool,
    /// When it happened.
    created_at: Timestamp,
}

impl NotificationInfo {
    /// Creates a notification about an event. `username` is the name of the other person in it.
    #[must_use]
    pub fn new(id: Option<NotificationId>, what: EntryContent, at: Time, read: bool, username: Option<String>) -> Self {
        let none = Self {
            id,
            r#type: NotificationType::Notice,
            category: what.category(),
            user: None,
            username: None,
            relation: None,
            room: None,
            seq: None,
            messages: None,
            replaces: None,
            notice: None,
            read,
            created_at: at.into(),
        };
        match what {
            EntryContent::Relation { other, relation } => {
                Self { r#type: NotificationType::UpdateInterest, user: Some(other), username, relation: Some(relation), ..none }
            }
            EntryContent::Chat { room, seq, messages, .. } => {
                Self { r#type: NotificationType::UpdateChat, room: Some(room), seq: Some(seq), messages: Some(messages), ..none }
            }
            EntryContent::Notice { notice } => Self { notice: Some(notice.name()), ..none },
        }
    }

    /// Adds the former entry that this one replaces, for a push.
    #[must_use]
    pub fn replacing(self, replaces: Option<NotificationId>) -> Self {
        Self { replaces, ..self }
    }
}

impl EntryContent {
    /// Returns the other person in it, if there is one.
    #[must_use]
    pub const fn other_person(self) -> Option<UserId> {
        match self {
            Self::Relation { other, .. } => Some(other),
            Self::Chat { .. } | Self::Notice { .. } => None,
        }
    }

    /// Returns the room, and the number of the last message, if it is about messages.
    #[must_use]
    pub const fn chat(self) -> Option<(RoomId, u64)> {
        match self {
            Self::Chat { room, seq, .. } => Some((room, seq)),
            Self::Relation { .. } | Self::Notice { .. } => None,
        }
    }

    /// Returns the category.
    #[must_use]
    pub const fn category(self) -> Category {
        match self {
            Self::Relation { .. } => Category::Friends,
            Self::Chat { kind: Missed::Direct, .. } => Category::Direct,
            Self::Chat { kind: Missed::Mention, .. } => Category::Mention,
            Self::Chat { kind: Missed::Group, .. } => Category::Group,
            Self::Chat { kind: Missed::Support, .. } => Category::Support,
            Self::Notice { notice } if notice.is_of_order() => Category::Orders,
            Self::Notice { .. } => Category::Security,
        }
    }
}
