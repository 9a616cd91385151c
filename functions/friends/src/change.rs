//! The relation between the caller and one other person: reading and changing it.

use accounts::pair::{self, Pair, PairChange, REQUESTS, Relation};
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use callers::MemberWith;
use kernel::{Kind, Problem, Timestamp, id::UserId};
use serde::Serialize;
use store::limits;
use utoipa::ToSchema;
use web::{Created, Json, NoContent, Path, Problems};

/// The relation of the caller to another person.
#[derive(Serialize, ToSchema)]
pub struct RelationInfo {
    /// The other person.
    user: UserId,
    /// The relation, from the caller's point of view.
    relation: Relation,
    /// Since when. Absent if the relation is `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
}

impl RelationInfo {
    fn new(pair: Option<&Pair>, me: UserId, user: UserId) -> Self {
        let relation = pair.map_or(Relation::None, |pair| pair.relation(me));
        let since = pair.filter(|_| relation != Relation::None).map(|pair| pair.since(me).into());
        Self { user, relation, since }
    }
}

/// Reads the relation of the caller to another person.
///
/// The answer is `none` also for somebody who does not exist or has blocked the caller.
///
/// AWS calls: one, the batch that authenticates the caller and reads the pair.
#[utoipa::path(get, path = "/v1/friends/{user}", params(("user" = UserId, Path)),
    extensions(("x-problems" = json!(["not_found"]))),
    responses((status = 200, body = RelationInfo), Problems))]
pub async fn get_friend(caller: MemberWith<Pair>, Path(user): Path<UserId>) -> Result<Json<RelationInfo>, web::Error> {
    Ok(Json(RelationInfo::new(caller.resource.as_ref(), caller.member.user.id, user)))
}

/// Sends a friend request, or accepts the one that the other person has sent: 201 if the request waits for an answer, 200 if the two are
/// friends now.
///
/// `friend_exists` if there is a request of the caller or a friendship, `friend_paused` within seven days after a rejection, `friend_state`
/// if the caller blocks the person. A request to somebody who has blocked the caller gets the same response as one that is sent.
///
/// AWS calls: the batch that authenticates the caller and reads the pair; the counter of requests; a transaction, which makes one
/// friendship of two requests that cross.
#[utoipa::path(post, path = "/v1/friends/{user}/request", params(("user" = UserId, Path)),
    extensions(
        ("x-problems" = json!(["not_found", "friend_self", "friend_exists", "friend_state", "friend_paused", "friends_full", "too_many", "too_many_requests", "conflict"])),
        ("x-limits" = json!([REQUESTS]))
    ),
    responses((status = 200, body = RelationInfo), (status = 201, body = RelationInfo), Problems))]
pub async fn request_friend(
    State(s): State<crate::State>,
    caller: MemberWith<Pair>,
    Path(user): Path<UserId>,
) -> Result<Response, web::Error> {
    let me = caller.member.user.id;
    not_oneself(me, user)?;
    limits::take(&s.table, s.sys.now(), &[REQUESTS.of(me)]).await?;
    let pair = pair::change(&s.table, &s.sys, me, user, caller.resource, PairChange::Request).await?;
    let info = RelationInfo::new(Some(&pair), me, user);
    Ok(match info.relation {
        Relation::Friends => Json(info).into_response(),
        _ => Created(format!("/v1/friends/{user}"), info).into_response(),
    })
}

/// Withdraws the caller's friend request. `friend_state` if it was accepted in the meantime.
///
/// AWS calls: the batch that authenticates the caller and reads the pair; a transaction.
#[utoipa::path(delete, path = "/v1/friends/{user}/request", params(("user" = UserId, Path)),
    extensions(("x-problems" = json!(["not_found", "friend_state", "conflict"]))),
    responses((status = 204, description = "The request is taken back."), Problems))]
pub async fn cancel_friend_request(
    State(s): State<crate::State>,
    caller: MemberWith<Pair>,
    Path(user): Path<UserId>,
) -> Result<NoContent, web::Error> {
    apply_change(&s, caller, user, PairChange::Cancel).await.map(|_| NoContent)
}

/// Accepts a friend request. The operation can be repeated.
///
/// AWS calls: the batch that authenticates the caller and reads the pair; a transaction.
#[utoipa::path(post, path = "/v1/friends/{user}/accept", params(("user" = UserId, Path)),
    extensions(("x-problems" = json!(["not_found", "friends_full", "conflict"]))),
    responses((status = 200, body = RelationInfo), Problems))]
pub async fn accept_friend_request(
    State(s): State<crate::State>,
    caller: MemberWith<Pair>,
    Path(user): Path<UserId>,
) -> Result<Json<RelationInfo>, web::Error> {
    apply_change(&s, caller, user, PairChange::Accept).await.map(Json)
}

/// Rejects a friend request. Its sender can ask again after seven days. The operation can be repeated.
///
/// AWS calls: the batch that authenticates the caller and reads the pair; a transaction.
#[utoipa::path(post, path = "/v1/friends/{user}/reject", params(("user" = UserId, Path)),
    extensions(("x-problems" = json!(["not_found", "conflict"]))),
    responses((status = 204, description = "The request is rejected."), Problems))]
pub async fn reject_friend_request(
    State(s): State<crate::State>,
    caller: MemberWith<Pair>,
    Path(user): Path<UserId>,
) -> Result<NoContent, web::Error> {
    apply_change(&s, caller, user, PairChange::Reject).await.map(|_| NoContent)
}

/// Ends a friendship.
///
/// AWS calls: the batch that authenticates the caller and reads the pair; a transaction.
#[utoipa::path(delete, path = "/v1/friends/{user}", params(("user" = UserId, Path)),
    extensions(("x-problems" = json!(["not_found", "conflict"]))),
    responses((status = 204, description = "The friendship is over."), Problems))]
pub async fn remove_friend(
    State(s): State<crate::State>,
    caller: MemberWith<Pair>,
    Path(user): Path<UserId>,
) -> Result<NoContent, web::Error> {
    apply_change(&s, caller, user, PairChange::Remove).await.map(|_| NoContent)
}

/// Blocks somebody: friendship and requests end, the direct room is hidden from both, and neither can write to the other. The other person
/// is not notified. The operation can be repeated.
///
/// AWS calls: the batch that authenticates the caller and reads the pair; a transaction.
#[utoipa::path(put, path = "/v1/friends/{user}/block", params(("user" = UserId, Path)),
    extensions(("x-problems" = json!(["not_found", "friend_self", "too_many", "conflict"]))),
    responses((status = 200, body = RelationInfo), Problems))]
pub async fn block_user(
    State(s): State<crate::State>,
    caller: MemberWith<Pair>,
    Path(user): Path<UserId>,
) -> Result<Json<RelationInfo>, web::Error> {
    not_oneself(caller.member.user.id, user)?;
    apply_change(&s, caller, user, PairChange::Block).await.map(Json)
}

/// Unblocks somebody. The friendship and the requests that the block has ended do not come back.
///
/// AWS calls: the batch that authenticates the caller and reads the pair; a transaction.
#[utoipa::path(delete, path = "/v1/friends/{user}/block", params(("user" = UserId, Path)),
    extensions(("x-problems" = json!(["not_found", "conflict"]))),
    responses((status = 204, description = "The block is over."), Problems))]
pub async fn unblock_user(
    State(s): State<crate::State>,
    caller: MemberWith<Pair>,
    Path(user): Path<UserId>,
) -> Result<NoContent, web::Error> {
    apply_change(&s, caller, user, PairChange::Unblock).await.map(|_| NoContent)
}

async fn apply_change(s: &crate::State, caller: MemberWith<Pair>, user: UserId, change: PairChange) -> Result<RelationInfo, web::Error> {
    let me = caller.member.user.id;
    let pair = pair::change(&s.table, &s.sys, me, user, caller.resource, change).await?;
    Ok(RelationInfo::new(Some(&pair), me, user))
}

fn not_oneself(me: UserId, user: UserId) -> Result<(), Problem> {
    if me == user { Err(Kind::FriendSelf.into()) } else { Ok(()) }
}
