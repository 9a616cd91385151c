//! Events about rooms and who is in them.

use kernel::id::{NotificationId, RoomId, UserId};
use serde::{Deserialize, Serialize};

/// What kind of messages somebody has missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missed {
    /// Messages in a direct room.
    Direct,
    /// Messages that mention them.
    Mention,
    /// Other messages in a group.
    Group,
    /// Answers of the support team.
    Support,
}

crate::event::events! {
    /// Somebody was banned from chat: what is still open of their sockets is to be closed.
    ChatBanned {
        /// Who is banned.
        user: UserId,
    }
    /// A message was edited or deleted in a room with too many members for the request to deliver that.
    MessageChanged {
        /// The room.
        room: RoomId,
        /// The message's number in the room.
        seq: u64,
    }
    /// Messages wait for somebody who is away: their inbox is to tell of them.
    MessagesMissed {
        /// Who has not read them.
        user: UserId,
        /// The room.
        room: RoomId,
        /// What kind of messages.
        kind: Missed,
        /// The number of the last one.
        seq: u64,
        /// How many wait, of those that were counted.
        messages: u32,
        /// The entry of the inbox about earlier ones. The new one takes its place if it is unread.
        replaces: Option<NotificationId>,
    }
    /// A message was posted in a room with too many members for the sender's request to deliver it.
    MessagePosted {
        /// The room.
        room: RoomId,
        /// The message's number in the room.
        seq: u64,
    }
    /// Somebody entered or left the public room.
    PresenceChanged {
        /// The room.
        room: RoomId,
    }
    /// Somebody left a group or a channel, or was removed from it.
    MemberLeft {
        /// The room.
        room: RoomId,
        /// Who is no member any more.
        user: UserId,
    }
    /// A group or a channel was deleted. Its memberships and its log are still to be deleted.
    RoomDeleted {
        /// The room.
        room: RoomId,
    }
}
