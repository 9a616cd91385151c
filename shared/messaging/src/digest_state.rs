//! The attributes of a membership for digests ([`crate::digest`]), and its key in the index of due digests.

use kernel::{
    Id as _, Time,
    id::{NotificationId, RoomId, UserId},
};
use serde::{Deserialize, Serialize};
use store::Key;

/// The number of partitions of the index of due digests. Each takes a thousand writes a second (DynamoDB).
pub const SHARDS: u8 = 2;

/// What a member was told about a room while they were absent, and when the next digest is due.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// When the digest is due. Absent if there is nothing to tell.
    #[serde(default, rename = "digest_due")]
    pub due: Option<Time>,
    /// The end of a run's lease.
    #[serde(default, rename = "digest_leased_until")]
    pub leased_until: Option<Time>,
    /// The number up to which the inbox covers the messages.
    #[serde(default)]
    pub noted_seq: u64,
    /// The number up to which mails and text messages cover the messages, or were not wanted.
    #[serde(default)]
    pub mailed_seq: u64,
    /// When the last mail or text message was sent.
    #[serde(default)]
    pub mailed_at: Option<Time>,
    /// The last entry of the inbox about the room.
    #[serde(default)]
    pub noted_in: Option<NotificationId>,
    /// The last entry of the inbox about mentions in the room.
    #[serde(default)]
    pub mentioned_in: Option<NotificationId>,
}

impl Digest {
    /// The initial value.
    pub const NONE: Self =
        Self { due: None, leased_until: None, noted_seq: 0, mailed_seq: 0, mailed_at: None, noted_in: None, mentioned_in: None };
}

/// Returns the key of a membership in the index of due digests.
pub(crate) fn place(room: RoomId, user: UserId, due: Time) -> Key {
    let shard = user.ulid().to_bytes().last().copied().unwrap_or(0).checked_rem(SHARDS).unwrap_or(0);
    Key::new(partition(shard), format!("{}#{user}#{room}", sortable(due)))
}

/// Returns the partition of the index of due digests.
pub(crate) fn partition(shard: u8) -> String {
    format!("DIGESTS_DUE#{shard}")
}

/// Returns a time as a text that sorts like the time.
pub(crate) fn sortable(at: Time) -> String {
    format!("{:014}", at.millis().max(0))
}
