//! Rooms over HTTP: direct rooms, groups and channels, their members and invitations, the caller's rooms, their history, and the files
//! of messages.
//!
//! All operations are in one function, because each is a few lines over [`messaging::roster`] and needs the same permissions.
//!
//! The function `chat` sends and delivers messages over the socket. The operations here are for pages whose socket is not open yet, and
//! for clients without a socket.
//!
//! | operation | AWS calls |
//! |---|---|
//! | `POST /v1/rooms/direct` | the caller; by username a counter and its claim; a batch read of the room, the other person and their relation; a transaction if the room is new |
//! | `GET /v1/rooms` | the caller; a query of the memberships; a batch read of the rooms and the people in them |
//! | `GET /v1/chats` | the caller; a query; a batch of the rooms and people; a batch of the last messages; a query for each room with news |
//! | `PUT /v1/rooms/{room}/notices` | the caller, the room and their membership in one; a write |
//! | `GET /v1/rooms/{room}` | the caller, the room and their membership in one; for a direct room a batch of the other person and the pair |
//! | `GET /v1/rooms/{room}/messages` | the caller and the items that admit them to the room in one; a query |
//! | `POST /v1/rooms/{room}/messages` | the caller and the items that admit them to the room in one; a read of the receipt; those of `send` over the socket |
//! | `GET /v1/rooms/{room}/receipts` | the caller and the items that admit them to the room in one; a query; a batch of the people |
//! | `GET /v1/rooms/{room}/members` | the caller, the room and their membership in one; a query; a batch of the people |
//! | `POST /v1/rooms` | the caller; a counter; a transaction |
//! | every other change | the caller; a batch read of the items that it depends on; a transaction, and both again after each concurrent change |
//! | `PUT …/invitations/{user}` | as a change, and a counter; for a friend, who becomes a member at once, another batch read |
//! | `GET /v1/rooms/{room}/bans` | the caller, the room and their membership in one; a query; a batch of the people |
//! | `PUT …/bans/{user}` | as a change, and a counter |
//! | `GET /v1/me/room-invitations` | the caller; a query; a batch of the rooms |
//! | `GET /v1/channels/{slug}` | the caller and the claim of the slug in one; the room |
//! | `POST /v1/rooms/{room}/uploads` | the caller and the items that admit them to the room in one; a counter; a transaction |
//! | `GET /v1/rooms/{room}/uploads/{attachment}` | the caller and the attachment in one |
//! | `GET /v1/rooms/{room}/attachments/{attachment}` | the caller and the attachment in one; a batch read of the room, the membership and the message |
//!
//! Files do not pass through this function: it signs links to the bucket. Files have no function of their own, because the same items
//! decide who may read a file and a message, and this function is already warm when a client sends a picture.
//!
//! A person who is banned from chat cannot read messages or files here either, and cannot create, rename or join rooms, because others
//! read names as they read messages. They still see which rooms they are in, and may leave, hand over and delete rooms.
//!
//! System events are delivered by `room-fanout`, so that no change waits for the members' sockets.

mod attachments;
mod bans;
mod chats;
mod clubs;
mod direct;
mod info;
mod invitations;
mod list;
mod members;
mod messages;
mod reader;
mod receipts;

use accounts::{picture::Links, token::Tokens};
use axum::extract::FromRef;
use files::Bucket;
use function::{Boot, Function, StartError};
use kernel::Sys;
use messaging::Sockets;
use store::{Sealer, Table};

/// The state of the function: its clients, keys and settings.
#[derive(Clone, FromRef)]
pub struct State {
    table: Table,
    sys: Sys,
    tokens: Tokens,
    sealer: Sealer,
    bucket: Bucket,
    sockets: Sockets,
    links: Links,
}

// The operations in the order of the documentation: `routes()` and `description()`.
web::operations! { "rooms", "Rooms: direct ones, groups and channels, their members, their history and the files in it. Messages are sent over the socket as well.", State =>
    direct::open_direct_room,
    clubs::create_room,
    list::list_rooms,
    chats::list_chats,
    clubs::get_room,
    clubs::update_room,
    clubs::delete_room,
    messages::list_messages,
    messages::send_message,
    receipts::list_receipts,
    attachments::create_attachment_upload,
    attachments::get_attachment_upload,
    attachments::get_attachment,
    chats::set_room_notices,
    members::list_room_members,
    members::join_room,
    members::set_member_role,
    members::remove_member,
    invitations::list_room_invitations,
    invitations::invite_to_room,
    invitations::remove_room_invitation,
    bans::list_room_bans,
    bans::ban_from_room,
    bans::end_room_ban,
    clubs::get_channel,
}

/// Reads the configuration and opens the connection to the table.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let tokens = boot.env.read(|r| Tokens::read(r, &aws, &sys))?;
    let sealer = tokens.warm_up_with_sealer("rooms").await?;
    let (bucket, sockets, links) = boot.env.read(|r| (Bucket::from_env(r, &aws), Sockets::read(r, &aws), Links::read(r)))?;
    let state = State { table: tokens.table().clone(), tokens, sealer, bucket, sockets, links, sys };
    web::function(&boot, routes(), state)
}
