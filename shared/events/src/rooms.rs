//! Events about rooms and who is in them.

use kernel::id::{RoomId, UserId};

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
