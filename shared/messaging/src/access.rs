//! Authorization of frames: the sender of every frame is checked, not only at `$connect`.

use accounts::{
    pair::Pair,
    session::Session,
    staff::Roles,
    user::{Status, User},
};
use kernel::{
    Kind, Problem, Sys,
    id::{RoomId, SessionId, UserId},
};
use store::{Batch, Key, Table};

use crate::{
    member::{Membership, RoomMember},
    message::{LogEntry, Nonce},
    online::OnlineFigure,
    pace::Owner,
    presence::Presence,
    room::{PUBLIC, Room},
    send::Receipt,
    spam::ChatState,
    support::{present, thread::thread_of},
};

/// The items that a frame is about. They are read in the same batch as the sender.
#[derive(Clone, Debug)]
pub struct FrameTarget<'a> {
    /// The room. The person must be a member.
    pub room: RoomId,
    /// The nonce of a send, which may be a repetition.
    pub nonce: Option<&'a Nonce>,
    /// The number of an entry to change.
    pub entry: Option<u64>,
    /// Whether the answer contains the number of people who are online in the room.
    pub online: bool,
}

impl FrameTarget<'_> {
    /// Returns a frame that needs only the room.
    #[must_use]
    pub const fn of(room: RoomId) -> Self {
        Self { room, nonce: None, entry: None, online: false }
    }
}

/// The person who sent a frame, after all checks.
#[derive(Debug)]
pub struct FrameSender {
    /// The person.
    pub user: User,
    /// Their sockets. The caller refreshes the last-seen time if it is old.
    pub presence: Presence,
    /// The state of their sending limit.
    pub chat: ChatState,
    /// The receipt of the nonce, if it was committed before.
    pub receipt: Option<Receipt>,
    /// The room with the person's membership.
    pub member: RoomMember,
    /// The entry.
    pub entry: Option<LogEntry>,
    /// The number of people who are online, if the answer contains it.
    pub online: OnlineFigure,
    /// The relation of the two people of a direct room. `None` if they have never had one.
    pub pair: Option<Pair>,
}

/// The sender of a frame after the checks of every frame.
struct Person {
    user: User,
    presence: Presence,
    chat: ChatState,
}

impl Person {
    /// Returns the keys of the items that the checks need.
    fn keys(user: UserId, session: SessionId) -> [Key; 4] {
        [User::key_of(user), Session::key_of(user, session), ChatState::key_of(user), Presence::key_of(user)]
    }

    /// Checks the account, the session, the ban and the socket.
    fn admit(batch: &mut Batch, sys: &Sys, socket: &str, (user, session): (UserId, SessionId)) -> Result<Self, Problem> {
        let [user_key, session_key, chat_key, presence_key] = Self::keys(user, session);
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
        Ok(Self { user, presence, chat })
    }
}

/// Checks the socket, session, account, ban and membership of a frame's sender, and reads the items of the frame, in one batch read.
///
/// # Errors
/// [`Kind::TokenInvalid`] if the socket is no longer listed, the session has ended or the account is not in use,
/// [`Kind::ChatBanned`], [`Kind::TooManyRequests`] after a flood, [`Kind::NotFound`] for a room that the person is not a
/// member of, whether it exists or not, and for the direct room of two people of whom one blocks the other, except
/// [`Kind::ChatNotAllowed`] for a send.
pub async fn authorize(
    table: &Table,
    sys: &Sys,
    socket: &str,
    owner: (UserId, SessionId),
    target: FrameTarget<'_>,
) -> Result<FrameSender, Problem> {
    let (room_key, member_key) = (Room::key_of(target.room), Membership::key_of(target.room, owner.0));
    // The public room, which most frames name, has no pair.
    let pair_key = (target.room != PUBLIC).then(|| Pair::key_in(target.room));
    let receipt_key = target.nonce.map(|nonce| Receipt::key_of(owner.0, target.room, nonce));
    let entry_key = target.entry.map(|seq| LogEntry::key_of(target.room, seq));
    let online_key = target.online.then(|| OnlineFigure::key_of(target.room));
    let always = Person::keys(owner.0, owner.1).into_iter().chain([room_key.clone(), member_key.clone()]);
    let keys = always.chain([&pair_key, &receipt_key, &entry_key, &online_key].into_iter().flatten().cloned()).collect();
    let mut batch = table.get_many(keys).await?;
    let Person { user, presence, chat } = Person::admit(&mut batch, sys, socket, owner)?;
    let member = RoomMember::of(target.room, user.id, batch.take(&room_key)?, batch.take(&member_key)?)?;
    let receipt = receipt_key.map(|key| batch.take::<Receipt>(&key)).transpose()?.flatten();
    let entry = entry_key.map(|key| batch.take::<LogEntry>(&key)).transpose()?.flatten();
    let online = online_key.map(|key| batch.take::<OnlineFigure>(&key)).transpose()?.flatten().unwrap_or_default();
    let pair = pair_key.map(|key| batch.take::<Pair>(&key)).transpose()?.flatten();
    if pair.as_ref().is_some_and(Pair::is_blocked) {
        return Err(
            if target.nonce.is_some() { Kind::ChatNotAllowed } else { Kind::NotFound }.because("one of the two people blocks the other")
        );
    }
    Ok(FrameSender { user, presence, chat, receipt, member, entry, online, pair })
}

/// The items that a frame of the support desk is about.
#[derive(Clone, Debug)]
pub struct DeskTarget<'a> {
    /// The thread, for a frame of the team. `None` stands for the caller's own thread.
    pub thread: Option<RoomId>,
    /// The nonce of a send, which may be a repetition.
    pub nonce: Option<&'a Nonce>,
    /// The number of an entry to change.
    pub entry: Option<u64>,
}

/// The person who sent a frame about the support desk, after all checks.
#[derive(Debug)]
pub struct DeskSender {
    /// The person.
    pub user: User,
    /// Their sockets.
    pub presence: Presence,
    /// The state of their sending limit.
    pub chat: ChatState,
    /// Whether they are in the support team and have proven a second factor for this socket.
    pub team: bool,
    /// The thread, if there is one.
    pub thread: Option<Room>,
    /// The receipt of the nonce, if it was committed before.
    pub receipt: Option<Receipt>,
    /// The entry.
    pub entry: Option<LogEntry>,
}

/// Checks the socket, session, account and ban of the sender of a frame about the support desk, and the role if the frame names a thread,
/// in one batch read.
///
/// The proof of a socket is that of the token for its ticket. A later step-up of the session does not count for the socket.
///
/// # Errors
/// The errors of [`authorize`]. If the frame names a thread: [`Kind::NotFound`] for people outside the team, and [`Kind::StepUpRequired`]
/// for the team without a proof of a second factor.
pub async fn authorize_desk(table: &Table, sys: &Sys, socket: &str, owner: Owner, target: DeskTarget<'_>) -> Result<DeskSender, Problem> {
    let room = target.thread.unwrap_or_else(|| thread_of(owner.user));
    let (roles_key, room_key) = (Roles::key_of(owner.user), Room::key_of(room));
    let receipt_key = target.nonce.map(|nonce| Receipt::key_of(owner.user, room, nonce));
    let entry_key = target.entry.map(|seq| LogEntry::key_of(room, seq));
    let always = Person::keys(owner.user, owner.session).into_iter().chain([roles_key.clone(), room_key.clone()]);
    let mut batch = table.get_many(always.chain([&receipt_key, &entry_key].into_iter().flatten().cloned()).collect()).await?;
    let Person { user, presence, chat } = Person::admit(&mut batch, sys, socket, (owner.user, owner.session))?;
    let roles = batch.take::<Roles>(&roles_key)?.map(|roles| roles.roles).unwrap_or_default();
    let (role, proven) = (present::is_team(&roles), owner.proven_until.is_some_and(|until| sys.now() < until));
    let thread = batch.take::<Room>(&room_key)?.filter(|room| room.desk.is_some());
    match target.thread {
        Some(_) if !role => return Err(Kind::NotFound.because("the caller has no role that may read threads")),
        Some(_) if !proven => return Err(Kind::StepUpRequired.because("the socket was opened without the proof that staff need")),
        Some(_) if thread.is_none() => return Err(Kind::NotFound.because("there is no such thread")),
        _ => {}
    }
    let receipt = receipt_key.map(|key| batch.take::<Receipt>(&key)).transpose()?.flatten();
    let entry = entry_key.map(|key| batch.take::<LogEntry>(&key)).transpose()?.flatten();
    Ok(DeskSender { user, presence, chat, team: role && proven, thread, receipt, entry })
}
