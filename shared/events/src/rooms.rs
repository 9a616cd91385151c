//! Events about rooms and their members.

use kernel::id::{NotificationId, RoomId, UserId};
use serde::{Deserialize, Serialize};

/// The kind of messages that somebody has not read.
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
    /// Somebody was banned from chat. Their remaining sockets have to be closed.
    ChatBanned r#"{"name":"chat_banned","user":"usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP"}"# {
        /// The banned person.
        user: UserId,
    }
    /// A message was edited or deleted in a room with too many members for the request itself to deliver the change.
    MessageChanged r#"{"name":"message_changed","room":"rom_01K9ZC4QW8V3T6R1NHXJ5B2MDP","seq":7}"# {
        /// The room.
        room: RoomId,
        /// The message's number in the room.
        seq: u64,
    }
    /// All messages of somebody in a room were deleted with their account. Open clients have to read the room again.
    MessagesDeleted r#"{"name":"messages_deleted","room":"rom_01K9ZC4QW8V3T6R1NHXJ5B2MDP"}"# {
        /// The room.
        room: RoomId,
    }
    /// Unread messages wait for an absent person. Their inbox has to get an entry about them.
    MessagesMissed r#"{"name":"messages_missed","user":"usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP","room":"rom_01K9ZC4QW8V3T6R1NHXJ5B2MDP","kind":"direct","seq":7,"messages":2,"replaces":null}"# {
        /// The person.
        user: UserId,
        /// The room.
        room: RoomId,
        /// The kind of messages.
        kind: Missed,
        /// The number of the last message.
        seq: u64,
        /// The number of counted unread messages.
        messages: u32,
        /// The inbox entry about earlier messages. The new entry replaces it if it is unread.
        replaces: Option<NotificationId>,
    }
    /// A message was posted in a room with too many members for the sender's request to deliver it.
    MessagePosted r#"{"name":"message_posted","room":"rom_01K9ZC4QW8V3T6R1NHXJ5B2MDP","seq":7}"# {
        /// The room.
        room: RoomId,
        /// The message's number in the room.
        seq: u64,
    }
    /// Somebody entered or left the public room.
    PresenceChanged r#"{"name":"presence_changed","room":"rom_01K9ZC4QW8V3T6R1NHXJ5B2MDP"}"# {
        /// The room.
        room: RoomId,
    }
    /// Somebody left a group or a channel, or was removed from it.
    MemberLeft r#"{"name":"member_left","room":"rom_01K9ZC4QW8V3T6R1NHXJ5B2MDP","user":"usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP"}"# {
        /// The room.
        room: RoomId,
        /// The former member.
        user: UserId,
    }
    /// A group or a channel was deleted. Its memberships and its log have to be deleted.
    RoomDeleted r#"{"name":"room_deleted","room":"rom_01K9ZC4QW8V3T6R1NHXJ5B2MDP"}"# {
        /// The room.
        room: RoomId,
    }
}
