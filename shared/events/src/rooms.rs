//! Events about rooms and who is in them.

use kernel::id::RoomId;

crate::event::events! {
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
}
