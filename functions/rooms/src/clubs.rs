//! Groups and channels: creating, showing, changing and deleting them.

use accounts::{pair::Pair, user::User};
use axum::extract::State;
use callers::{Member, MemberWith, MemberWithBoth};
use kernel::{FieldError, Fields, Kind, PatchMember, Problem, text};
use messaging::{
    member::{Membership, RoomMember},
    room::{OPENED, Room, RoomName, RulesChange, SlowMode, SlowModeChange, Slug, SlugClaim, Title, Topic},
    roster::{self, NewClub, TopicChange},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{Created, Json, NoContent, Path, Problems};

use crate::{info::RoomInfo, reader::Unbanned};

/// A new group or channel.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateRoom {
    /// A group, in which all members write, or a channel, in which only the owner and the administrators write.
    kind: NewKind,
    /// 1 to 60 characters.
    #[schema(min_length = 1, max_length = 60, examples("The painted porch"))]
    name: String,
    /// 1 to 200 characters. Empty for none.
    #[schema(max_length = 200, nullable = false)]
    topic: Option<String>,
    /// The name in the address of a channel, which makes it public: 3 to 40 lower-case letters, digits and single hyphens. Without
    /// it people join by invitation. Groups have none.
    #[schema(min_length = 3, max_length = 40, pattern = "^[a-z0-9]+(-[a-z0-9]+)*$", nullable = false, examples("agora-news"))]
    slug: Option<String>,
}

/// The kinds of rooms that people create.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum NewKind {
    /// All members write.
    Group,
    /// The owner and the administrators write.
    Channel,
}

impl CreateRoom {
    fn parse(self) -> Result<(NewClub, Title, Option<Topic>), Problem> {
        let mut fields = Fields::new();
        let name = fields.take("/name", Title::parse(&self.name));
        let topic = self.topic.filter(|topic| !text::is_blank(topic));
        let topic = topic.and_then(|topic| fields.take("/topic", Topic::parse(&topic)));
        let slug = self.slug.map(|slug| fields.take("/slug", Slug::parse(&slug)));
        let new = match (self.kind, slug) {
            (NewKind::Group, None) => Ok(NewClub::Group),
            (NewKind::Group, Some(_)) => Err(FieldError::CHOICE),
            (NewKind::Channel, slug) => Ok(NewClub::Channel(slug.flatten())),
        };
        let new = fields.take("/slug", new);
        match (new, name) {
            (Some(new), Some(name)) => fields.finish().map(|()| (new, name, topic)),
            _ => Err(fields.problem()),
        }
    }
}

/// Creates a group or a channel. The caller is its owner and its only member.
///
/// AWS calls: the caller, a counter, one transaction.
#[utoipa::path(post, path = "/v1/rooms", request_body = CreateRoom,
    extensions(("x-problems" = json!(["chat_banned", "invalid", "slug_taken", "too_many", "too_many_requests"])), ("x-limits" = json!([OPENED]))),
    responses((status = 201, body = RoomInfo), Problems))]
pub async fn create_room(
    State(s): State<crate::State>,
    Unbanned(caller): Unbanned,
    Json(body): Json<CreateRoom>,
) -> Result<Created<RoomInfo>, web::Error> {
    let (new, name, topic) = body.parse()?;
    let room = roster::create(&s.table, &s.sys, &caller.user, new, name, topic).await?;
    Ok(Created(format!("/v1/rooms/{}", room.id), RoomInfo::of(caller.user.id, &room, None)))
}

/// Shows one of the caller's rooms.
///
/// AWS calls: one, the batch that authenticates the caller and reads the room and their membership. For a direct room another batch, of
/// the other person and whether one of the two blocks the other.
#[utoipa::path(get, path = "/v1/rooms/{room}",
    params(("room" = String, Path, max_length = 30, description = "The room's id, or `public`.")),
    extensions(("x-problems" = json!(["not_found"]))),
    responses((status = 200, body = RoomInfo), Problems))]
pub async fn get_room(
    State(s): State<crate::State>,
    caller: MemberWithBoth<Room, Membership>,
    Path(RoomName(room)): Path<RoomName>,
) -> Result<Json<RoomInfo>, web::Error> {
    let me = caller.member.user.id;
    let RoomMember { room, membership } = RoomMember::of(room, me, caller.first, caller.second)?;
    let peer = match membership.peer {
        Some(peer) => {
            let (person, pair) = (User::key_of(peer), Pair::key_in(room.id));
            let mut found = s.table.get_many(vec![person.clone(), pair.clone()]).await?;
            if found.take::<Pair>(&pair)?.is_some_and(|pair| pair.is_blocked()) {
                return Err(Kind::NotFound.because("one of the two people blocks the other").into());
            }
            found.take::<User>(&person)?
        }
        None => None,
    };
    Ok(Json(RoomInfo::of(me, &room, peer.as_ref())))
}

/// The new values. Absent members do not change.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateRoom {
    /// 1 to 60 characters.
    #[serde(default, deserialize_with = "kernel::not_null")]
    #[schema(min_length = 1, max_length = 60, nullable = false)]
    name: Option<String>,
    /// 1 to 200 characters. Empty or `null` for none.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200)]
    topic: PatchMember<String>,
    /// How many seconds everybody waits between two messages, except the owner, administrators and staff. 0 for no slow mode.
    #[serde(default, deserialize_with = "kernel::not_null")]
    #[schema(maximum = 120, nullable = false, examples(30))]
    slow_mode_seconds: Option<u32>,
    /// Whether swear words in new messages are masked.
    #[serde(default, deserialize_with = "kernel::not_null")]
    #[schema(nullable = false)]
    masks_profanity: Option<bool>,
}

/// Changes the name, the topic or the rules of a group or a channel. Only its owner and its administrators may do so.
///
/// AWS calls: the caller, a batch of the room and their membership, one transaction.
#[utoipa::path(patch, path = "/v1/rooms/{room}", request_body = UpdateRoom,
    params(("room" = String, Path, max_length = 30, description = "The room's id.")),
    extensions(("x-problems" = json!(["not_found", "forbidden", "chat_banned", "invalid"]))),
    responses((status = 200, body = RoomInfo), Problems))]
pub async fn update_room(
    State(s): State<crate::State>,
    Unbanned(caller): Unbanned,
    Path(RoomName(room)): Path<RoomName>,
    Json(body): Json<UpdateRoom>,
) -> Result<Json<RoomInfo>, web::Error> {
    let mut fields = Fields::new();
    let name = body.name.and_then(|name| fields.take("/name", Title::parse(&name)));
    let topic = match body.topic {
        PatchMember::Leave => TopicChange::Stays,
        PatchMember::Clear => TopicChange::Removed,
        PatchMember::To(typed) if text::is_blank(&typed) => TopicChange::Removed,
        PatchMember::To(typed) => fields.take("/topic", Topic::parse(&typed)).map_or(TopicChange::Stays, TopicChange::Becomes),
    };
    let slow_mode = body.slow_mode_seconds.and_then(|seconds| fields.take("/slow_mode_seconds", SlowMode::parse(seconds)));
    fields.finish()?;
    let slow_mode = slow_mode.map_or(SlowModeChange::Stays, Into::into);
    let rules = RulesChange { slow_mode, masks: body.masks_profanity };
    let room = roster::describe(&s.table, &s.sys, &caller.user, room, (name.as_ref(), &topic), rules).await?;
    Ok(Json(RoomInfo::of(caller.user.id, &room, None)))
}

/// Deletes a group or a channel with everything in it. Only its owner may do so.
///
/// From then on requests for the room get 404.
///
/// AWS calls: the caller, a batch of the room and their membership, one transaction. Messages and memberships are deleted afterwards.
#[utoipa::path(delete, path = "/v1/rooms/{room}",
    params(("room" = String, Path, max_length = 30, description = "The room's id.")),
    extensions(("x-problems" = json!(["not_found", "forbidden"]))),
    responses((status = 204), Problems))]
pub async fn delete_room(
    State(s): State<crate::State>,
    caller: Member,
    Path(RoomName(room)): Path<RoomName>,
) -> Result<NoContent, web::Error> {
    roster::delete(&s.table, &s.sys, caller.user.id, room).await?;
    Ok(NoContent)
}

/// A public channel.
#[derive(Serialize, ToSchema)]
pub struct ChannelInfo {
    /// The id of the room, with which it can be joined.
    id: kernel::id::RoomId,
    /// The name in the channel's address.
    slug: Slug,
    /// The name.
    #[schema(examples("Agora news"))]
    name: String,
    /// The topic.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    topic: Option<String>,
    /// The number of members.
    members: u32,
}

/// Shows a public channel, which everybody may join.
///
/// AWS calls: the caller with the claim of the slug, the room.
#[utoipa::path(get, path = "/v1/channels/{slug}",
    params(("slug" = String, Path, max_length = 40, description = "The channel's slug.")),
    extensions(("x-problems" = json!(["not_found"]))),
    responses((status = 200, body = ChannelInfo), Problems))]
pub async fn get_channel(
    State(s): State<crate::State>,
    caller: MemberWith<SlugClaim>,
    Path(slug): Path<Slug>,
) -> Result<Json<ChannelInfo>, web::Error> {
    let claim = caller.resource.ok_or(Kind::NotFound)?;
    let room = s.table.get::<Room>(Room::key_of(claim.room)).await?;
    let club = room.and_then(|room| room.club).ok_or(Kind::NotFound)?;
    let topic = club.topic.map(|topic| topic.to_string());
    Ok(Json(ChannelInfo { id: claim.room, slug, name: club.name.to_string(), topic, members: club.member_count }))
}
