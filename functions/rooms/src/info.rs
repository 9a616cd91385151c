//! A room as one of its members sees it.

use accounts::user::User;
use kernel::{
    Time, Timestamp,
    id::{RoomId, UserId},
};
use messaging::{
    member::RoomRole,
    message::Author,
    room::{Room, RoomKind, SlowMode, Slug},
};
use serde::Serialize;
use utoipa::ToSchema;

/// A room the caller is in.
#[derive(Serialize, ToSchema)]
pub struct RoomInfo {
    id: RoomId,
    kind: RoomKind,
    /// The other person in a direct room. Absent when their account is deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    with: Option<Author>,
    /// The properties of a group or a channel. Absent in other rooms.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    club: Option<ClubInfo>,
    /// The number of the last message or system event.
    last_seq: u64,
    /// How many seconds everybody waits between two messages, except administrators and staff. Absent without a slow mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 120, nullable = false)]
    slow_mode_seconds: Option<u32>,
    /// Whether swear words in new messages are masked.
    masks_profanity: bool,
    /// When the room was created. Absent for the public room before its first message.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    created_at: Option<Timestamp>,
}

/// The properties of a group or a channel.
#[derive(Serialize, ToSchema)]
pub struct ClubInfo {
    /// The name.
    #[schema(examples("The painted porch"))]
    name: String,
    /// The topic.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    topic: Option<String>,
    /// The name in the address of a public channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    slug: Option<Slug>,
    /// The number of members.
    members: u32,
    /// The caller's role.
    role: RoomRole,
}

impl RoomInfo {
    /// Returns a room as the caller sees it.
    pub fn of(caller: UserId, room: &Room, peer: Option<&User>) -> Self {
        let club = room.club.as_ref().map(|club| ClubInfo {
            name: club.name.to_string(),
            topic: club.topic.as_ref().map(ToString::to_string),
            slug: club.slug.clone(),
            members: club.member_count,
            role: room.role_of(caller),
        });
        Self {
            id: room.id,
            kind: room.kind,
            with: peer.map(|p| Author { id: p.id, username: p.username.to_string() }),
            club,
            last_seq: room.seq,
            slow_mode_seconds: room.slow_mode.map(SlowMode::seconds),
            masks_profanity: room.masks,
            created_at: (room.created_at > Time::ZERO).then(|| room.created_at.into()),
        }
    }
}
