//! The caller's rooms, ordered by their last activity, with the last message and the number of unread messages.

use axum::extract::State;
use callers::MemberWithBoth;
use kernel::{
    Time,
    id::{RoomId, UserId},
};
use messaging::{
    direct::{RoomWithPeer, with_peers},
    member::{self, Membership, RoomMember},
    message::{LogEntry, Message},
    room::{PUBLIC, Room, RoomName},
    unread::{self, Unread},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{Json, NoContent, PageQuery, Path, Problems, Query};

use crate::{info::RoomInfo, reader::Unbanned};

/// The most rooms that are ordered, besides the public room. `GET /v1/rooms` lists all.
const ORDERED_MAX: u32 = 300;
/// The most chats of one page, because each may take a query that counts unread messages.
const PAGE_MAX: u32 = 50;

/// A room with its last message and the number of unread messages.
#[derive(Serialize, ToSchema)]
pub struct Chat {
    room: RoomInfo,
    /// The last message or system event. Absent if there is none that the caller may read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_message: Option<Message>,
    /// How many messages of others the caller has not read. Messages of people whom the caller blocks do not count.
    unread: Unread,
    /// The number up to which the caller has read.
    read_seq: u64,
    /// Whether the caller has muted the room. Sums of unread messages leave muted rooms out.
    muted: bool,
}

/// A page of the caller's chats.
#[derive(Serialize, ToSchema)]
pub struct ChatList {
    items: Vec<Chat>,
    /// The cursor of the next page. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists the caller's rooms by their last activity, with the last message and the number of unread ones.
///
/// A page has at most 50 rooms. If the caller has more than 300 rooms, only the first 300 by id are listed here; `GET /v1/rooms` lists all.
///
/// AWS calls: the caller and whether they are banned from chat in one; a query of the memberships; a batch of the rooms and the people
/// in them for each hundred; a batch of the last messages; concurrent queries, one for each room with unread messages; a batch read of
/// whether the caller blocks their authors. The last two are repeated, up to three times, for rooms with hundreds of new entries of which
/// fewer than a hundred count.
#[utoipa::path(get, path = "/v1/chats", params(PageQuery),
    extensions(("x-problems" = json!(["chat_banned", "cursor_invalid", "invalid"]))),
    responses((status = 200, body = ChatList), Problems))]
pub async fn list_chats(
    State(s): State<crate::State>,
    Unbanned(caller): Unbanned,
    Query(query): Query<PageQuery>,
) -> Result<Json<ChatList>, web::Error> {
    let (limit, me) = (query.limit()?.min(PAGE_MAX), caller.user.id);
    let cursors = s.sealer.cursors(format!("chats of {me}"));
    let after = cursors.open::<(Time, RoomId)>(query.cursor())?;
    let memberships = member::of_user(&s.table, me, None, ORDERED_MAX).await?;
    let (public, mut rooms) = with_peers(&s.table, None, &memberships.items).await?;
    rooms.push(RoomWithPeer { room: public, membership: Membership::of_everybody(me), peer: None });
    let place = |r: &RoomWithPeer| (r.room.latest_at, r.room.id);
    rooms.retain(|r| after.is_none_or(|after| place(r) < after));
    rooms.sort_by_key(|r| std::cmp::Reverse(place(r)));
    let more = rooms.len() > limit as usize;
    rooms.truncate(limit as usize);
    let next_cursor = cursors.next(rooms.last().filter(|_| more).map(place))?;
    Ok(Json(ChatList { items: chats(&s, me, rooms).await?, next_cursor }))
}

/// Adds the last message and the number of unread messages to rooms.
async fn chats(s: &crate::State, me: UserId, mut rooms: Vec<RoomWithPeer>) -> Result<Vec<Chat>, web::Error> {
    let in_public = Membership::key_of(PUBLIC, me);
    let last = |r: &RoomWithPeer| (r.room.seq >= r.membership.from).then(|| LogEntry::key_of(r.room.id, r.room.seq));
    let mut found = s.table.get_many(rooms.iter().filter_map(last).chain([in_public.clone()]).collect()).await?;
    if let Some(membership) = found.take::<Membership>(&in_public)? {
        rooms.iter_mut().filter(|r| r.room.id == PUBLIC).for_each(|r| r.membership = membership.clone());
    }
    let unread = unread::in_rooms(&s.table, me, &rooms).await?;
    let chat = |r: RoomWithPeer| {
        let message = last(&r).map(|key| found.take::<LogEntry>(&key)).transpose()?.flatten();
        Ok(Chat {
            room: RoomInfo::of(me, &r.room, r.peer.as_ref()),
            last_message: message.map(LogEntry::shown),
            unread: unread.get(&r.room.id).copied().unwrap_or_default(),
            read_seq: r.membership.read_seq,
            muted: r.membership.muted,
        })
    };
    rooms.into_iter().map(chat).collect()
}

/// Whether the caller gets notices of a room.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoomNotices {
    /// Whether the caller gets no notices of the room.
    muted: bool,
}

/// Mutes or unmutes one of the caller's rooms.
///
/// AWS calls: the caller with the room and their membership, one write.
#[utoipa::path(put, path = "/v1/rooms/{room}/notices", request_body = RoomNotices,
    params(("room" = String, Path, max_length = 30, description = "The room's id, or `public`.")),
    extensions(("x-problems" = json!(["not_found"]))),
    responses((status = 204), Problems))]
pub async fn set_room_notices(
    State(s): State<crate::State>,
    caller: MemberWithBoth<Room, Membership>,
    Path(RoomName(room)): Path<RoomName>,
    Json(RoomNotices { muted }): Json<RoomNotices>,
) -> Result<NoContent, web::Error> {
    let member = RoomMember::of(room, caller.member.user.id, caller.first, caller.second)?;
    unread::mute(&s.table, &member, muted).await?;
    Ok(NoContent)
}
