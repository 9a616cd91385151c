//! Who speaks on a socket, judged anew on every frame.

use accounts::{
    session::Session,
    user::{Status, User},
};
use kernel::{
    Kind, Problem, Sys,
    id::{RoomId, SessionId, UserId},
};
use store::Table;

use crate::{
    connection::Connection,
    message::Nonce,
    presence::Presence,
    room::{PUBLIC, Room},
    send::Receipt,
    spam::ChatState,
};

/// What a frame is about; what stands here is read in the same batch as the person.
#[derive(Clone, Debug)]
pub struct About<'a> {
    /// A room: the person must be in it.
    pub room: RoomId,
    /// A send that may be a repetition.
    pub nonce: Option<&'a Nonce>,
}

/// A person on a socket, who may speak.
#[derive(Debug)]
pub struct Speaker {
    /// Who.
    pub user: User,
    /// Their sockets, to be renewed if they are old.
    pub presence: Presence,
    /// What they have lately sent.
    pub chat: ChatState,
    /// What was committed under the nonce, if anything.
    pub receipt: Option<Receipt>,
    /// The room.
    pub room: Room,
}

/// Whose a socket is: the person and their sign-in. One read, of what a frame does not bring with it.
///
/// # Errors
/// [`Kind::TokenInvalid`] if the socket is not known (any more).
pub async fn identify(table: &Table, connection: &str) -> Result<(UserId, SessionId), Problem> {
    let connection = table.get::<Connection>(Connection::key_of(connection)).await?;
    let connection = connection.ok_or_else(|| Kind::TokenInvalid.because("the socket is not known"))?;
    Ok((connection.user, connection.session))
}

/// Judges the frame of a person: socket, session, account, ban, membership, and what the frame is about, in one batch read.
///
/// # Errors
/// [`Kind::TokenInvalid`] if the socket is no longer listed, the session has ended or the account is not in use,
/// [`Kind::ChatBanned`], [`Kind::TooManyRequests`] after a flood, and [`Kind::NotFound`] for a room that the person is not in,
/// whether or not there is one.
pub async fn judge(table: &Table, sys: &Sys, socket: &str, whose: (UserId, SessionId), about: About<'_>) -> Result<Speaker, Problem> {
    let (user, session) = whose;
    let (user_key, session_key) = (User::key_of(user), Session::key_of(user, session));
    let (chat_key, presence_key) = (ChatState::key_of(user), Presence::key_of(user));
    let room_key = Room::key_of(about.room);
    let receipt_key = about.nonce.map(|nonce| Receipt::key_of(user, about.room, nonce));
    let mut keys = vec![user_key.clone(), session_key.clone(), chat_key.clone(), presence_key.clone(), room_key.clone()];
    keys.extend(receipt_key.clone());
    let mut batch = table.get_many(keys).await?;
    let refused = |cause| Kind::TokenInvalid.because(cause);
    let user = batch.take::<User>(&user_key)?.filter(|u| u.status == Status::Active);
    let user = user.ok_or_else(|| refused("the account is not in use"))?;
    let session = batch.take::<Session>(&session_key)?.ok_or_else(|| refused("the session has ended"))?;
    if let Some(cause) = session.ended(&user, sys.now()) {
        return Err(refused(cause));
    }
    let chat = batch.take::<ChatState>(&chat_key)?.unwrap_or_default();
    chat.admit(sys.now())?;
    let presence = batch.take::<Presence>(&presence_key)?.filter(|here| here.live.iter().any(|live| live.id == socket));
    let presence = presence.ok_or_else(|| refused("the socket is not listed"))?;
    let room = entered(about.room, batch.take(&room_key)?, user.id)?;
    let receipt = receipt_key.map(|key| batch.take::<Receipt>(&key)).transpose()?.flatten();
    Ok(Speaker { user, presence, chat, receipt, room })
}

/// A room that somebody names, if they are in it.
///
/// # Errors
/// [`Kind::NotFound`], whether or not there is such a room.
pub fn entered(id: RoomId, stored: Option<Room>, user: UserId) -> Result<Room, Problem> {
    let room = stored.or_else(|| (id == PUBLIC).then(Room::public));
    room.filter(|r| r.admits(user)).ok_or_else(|| Kind::NotFound.into())
}
