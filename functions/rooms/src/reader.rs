//! Extractors of callers who are not banned from chat.

use accounts::{pair::Pair, user::User};
use axum::{extract::FromRequestParts, http::request::Parts};
use callers::{Member, MemberWith, bearer, load_with};
use kernel::Kind;
use messaging::{
    member::{Membership, RoomMember},
    room::{PUBLIC, Room, RoomName},
    spam::ChatState,
};
use web::{Admits, Path};

use crate::State;

/// A caller who is not banned from chat. One request to the table.
pub struct Unbanned(pub Member);

impl Admits for Unbanned {
    fn callers() -> Option<Vec<&'static str>> {
        Member::callers()
    }
}

impl FromRequestParts<State> for Unbanned {
    type Rejection = web::Error;

    async fn from_request_parts(parts: &mut Parts, s: &State) -> Result<Self, web::Error> {
        let MemberWith { member, resource } = MemberWith::<ChatState>::from_request_parts(parts, s).await?;
        resource.unwrap_or_default().check_ban(s.sys.now())?;
        Ok(Self(member))
    }
}

/// The caller in one of their rooms, not banned from chat. One request to the table.
pub struct Writer {
    /// The caller.
    pub user: User,
    /// The room and their membership.
    pub member: RoomMember,
    /// The state of their sending limit.
    pub chat: ChatState,
    /// In a direct room: the relation between the two people.
    pub pair: Option<Pair>,
}

impl Admits for Writer {
    fn callers() -> Option<Vec<&'static str>> {
        Member::callers()
    }
}

impl FromRequestParts<State> for Writer {
    type Rejection = web::Error;

    async fn from_request_parts(parts: &mut Parts, s: &State) -> Result<Self, web::Error> {
        let claims = s.tokens.verify(bearer(&parts.headers)?).await?;
        let Path(RoomName(room)) = Path::<RoomName>::from_request_parts(parts, s).await?;
        let (room_key, member_key) = (Room::key_of(room), Membership::key_of(room, claims.sub));
        let (chat_key, pair_key) = (ChatState::key_of(claims.sub), Pair::key_in(room));
        // Only direct rooms have a pair. The public room has no key for one.
        let pair = (room != PUBLIC).then(|| pair_key.clone());
        let keys = [room_key.clone(), member_key.clone(), chat_key.clone()].into_iter().chain(pair);
        let (caller, mut found) = load_with(&s.table, &s.sys, &claims, keys, false).await?;
        let user = caller?.user;
        let chat = found.take::<ChatState>(&chat_key)?.unwrap_or_default();
        chat.check_ban(s.sys.now())?;
        let member = RoomMember::of(room, user.id, found.take(&room_key)?, found.take(&member_key)?)?;
        Ok(Self { user, member, chat, pair: found.take(&pair_key)? })
    }
}

/// The caller in one of their rooms, with the checks that frames of the socket pass: not banned from chat, and in a direct room neither
/// person blocks the other. One request to the table.
pub struct Reader {
    /// The caller.
    pub user: User,
    /// The room and their membership.
    pub member: RoomMember,
}

impl Admits for Reader {
    fn callers() -> Option<Vec<&'static str>> {
        Member::callers()
    }
}

impl FromRequestParts<State> for Reader {
    type Rejection = web::Error;

    async fn from_request_parts(parts: &mut Parts, s: &State) -> Result<Self, web::Error> {
        let Writer { user, member, pair, .. } = Writer::from_request_parts(parts, s).await?;
        if pair.is_some_and(|pair| pair.is_blocked()) {
            return Err(Kind::NotFound.because("one of the two people blocks the other").into());
        }
        Ok(Self { user, member })
    }
}
