//! Bans of single people from a group or a channel, by its owner and its administrators.

use accounts::user::User;
use axum::extract::State;
use callers::{Member, MemberWithBoth};
use kernel::{Fields, Problem, Time, Timestamp, id::UserId};
use messaging::{
    ban,
    member::{Membership, RoomMember},
    message::{Author, Explanation},
    room::{Room, RoomName},
    room_ban::{self, RoomBan},
    roster::{self, BANNED},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{Json, NoContent, PageQuery, Path, Problems, Query};

use crate::{members::InRoom, reader::Unbanned};

/// Somebody's ban from a room.
#[derive(Serialize, ToSchema)]
pub struct RoomBanInfo {
    /// The banned person.
    user: Author,
    /// The explanation that the banned person reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    explanation: Option<String>,
    /// When the ban began.
    created_at: Timestamp,
    /// When it ends. Absent if it has no end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    ends_at: Option<Timestamp>,
}

/// A page of a room's bans.
#[derive(Serialize, ToSchema)]
pub struct RoomBanList {
    items: Vec<RoomBanInfo>,
    /// The cursor of the next page. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists who is banned from a group or a channel. Only its owner and its administrators may do so.
///
/// AWS calls: a batch that authenticates the caller and reads the room and their membership; a query; a batch of the people, if there
/// are any.
#[utoipa::path(get, path = "/v1/rooms/{room}/bans",
    params(("room" = String, Path, max_length = 30, description = "The room's id."), PageQuery),
    extensions(("x-problems" = json!(["not_found", "forbidden", "cursor_invalid", "invalid"]))),
    responses((status = 200, body = RoomBanList), Problems))]
pub async fn list_room_bans(
    State(s): State<crate::State>,
    caller: MemberWithBoth<Room, Membership>,
    Path(name): Path<RoomName>,
    Query(query): Query<PageQuery>,
) -> Result<Json<RoomBanList>, web::Error> {
    let (limit, me) = (query.limit()?, caller.member.user.id);
    let cursors = s.sealer.cursors(format!("bans of {name} for {me}"));
    let after = cursors.open::<UserId>(query.cursor())?;
    let member = RoomMember::of(name.0, me, caller.first, caller.second)?;
    member.administrates()?;
    let (now, mut items) = (s.sys.now(), Vec::new());
    let page = room_ban::of_room(&s.table, member.room.id, after, limit).await?;
    let next_cursor = cursors.next(page.last().map(|ban| ban.user))?;
    let keys: Vec<_> = page.items.iter().map(|ban| User::key_of(ban.user)).collect();
    let mut people = if keys.is_empty() { store::Batch::default() } else { s.table.get_many(keys).await? };
    for RoomBan { user: id, at, until, explanation, .. } in page.items.into_iter().filter(|ban| ban.holds(now)) {
        let Some(person) = people.take::<User>(&User::key_of(id))? else { continue };
        let user = Author { id, username: person.username.to_string() };
        let explanation = explanation.map(|explanation| explanation.to_string());
        items.push(RoomBanInfo { user, explanation, created_at: at.into(), ends_at: until.map(Into::into) });
    }
    Ok(Json(RoomBanList { items, next_cursor }))
}

/// A ban from a room.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BanFromRoom {
    /// An explanation for the banned person: up to 500 characters.
    #[schema(max_length = 500, nullable = false, examples("Advertising"))]
    explanation: Option<String>,
    /// How long, in minutes, up to a year. Without it the ban has no end.
    #[schema(minimum = 1, maximum = 527_040, nullable = false, examples(1440))]
    minutes: Option<u32>,
}

impl BanFromRoom {
    fn parse(self, InRoom { room, user }: &InRoom, now: Time) -> Result<RoomBan, Problem> {
        let mut fields = Fields::new();
        let explanation = self.explanation.and_then(|text| fields.take("/explanation", Explanation::parse(&text))).flatten();
        let until = self.minutes.and_then(|minutes| fields.take("/minutes", ban::ends_after(minutes, now)));
        fields.finish()?;
        Ok(RoomBan { room: room.0, user: *user, at: now, until, explanation })
    }
}

/// Bans somebody from a group or a channel, or replaces their ban by another one.
///
/// Administrators can ban ordinary members and people who are not in the room, the owner can ban everybody else. A banned member is
/// removed. Until the ban ends the person can neither join nor be invited.
///
/// AWS calls: the caller, a counter, a batch of the room, both memberships and the person, one transaction.
#[utoipa::path(put, path = "/v1/rooms/{room}/bans/{user}", request_body = BanFromRoom,
    params(("room" = String, Path, max_length = 30, description = "The room's id."), ("user" = UserId, Path, description = "Who is banned.")),
    extensions(("x-problems" = json!(["not_found", "forbidden", "chat_banned", "invalid", "owner_stays", "too_many_requests"])), ("x-limits" = json!([BANNED]))),
    responses((status = 204, description = "They are banned."), Problems))]
pub async fn ban_from_room(
    State(s): State<crate::State>,
    Unbanned(caller): Unbanned,
    Path(place): Path<InRoom>,
    Json(body): Json<BanFromRoom>,
) -> Result<NoContent, web::Error> {
    let ban = body.parse(&place, s.sys.now())?;
    roster::ban(&s.table, &s.sys, caller.user.id, &ban).await?;
    Ok(NoContent)
}

/// Ends a ban early. Only the owner and the administrators may do so. No effect if there is no ban.
///
/// AWS calls: the caller, a batch of the room and the caller's membership, one deletion.
#[utoipa::path(delete, path = "/v1/rooms/{room}/bans/{user}",
    params(("room" = String, Path, max_length = 30, description = "The room's id."), ("user" = UserId, Path, description = "Who was banned.")),
    extensions(("x-problems" = json!(["not_found", "forbidden"]))),
    responses((status = 204, description = "They are not banned any more."), Problems))]
pub async fn end_room_ban(
    State(s): State<crate::State>,
    caller: Member,
    Path(InRoom { room, user }): Path<InRoom>,
) -> Result<NoContent, web::Error> {
    roster::unban(&s.table, caller.user.id, user, room.0).await?;
    Ok(NoContent)
}
