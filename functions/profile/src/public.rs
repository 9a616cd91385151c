//! Other people's profiles.

use accounts::{
    pair::Pair,
    user::{Status, User},
    username::UsernameClaim,
};
use axum::extract::State;
use callers::MemberWith;
use kernel::{Kind, Sys, Timestamp, id::UserId};
use serde::Serialize;
use store::{
    Table,
    limits::{self, MINUTE, Quota},
};
use utoipa::ToSchema;
use web::{Error, Json, Problems};

use crate::{
    online::{self, OnlineStatus},
    picture::{Links, Picture},
};

/// How many profiles one account may look up: usernames must not be collected by guessing.
const LOOKUPS: Quota = Quota::window("user_lookups", 60, MINUTE, "profiles for an account").frequent();

/// The profile of a person as others see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublicProfile {
    /// The id of the account, with which a chat can be opened. It does not change with the name.
    id: UserId,
    /// The username, which is unique.
    #[schema(examples("anna"))]
    username: String,
    /// The address of the picture or of the default one.
    picture: Picture,
    /// The bio. Absent if there is none or the profile is private.
    #[serde(skip_serializing_if = "Option::is_none")]
    bio: Option<String>,
    /// Whether the person is online: with a socket, or active within five minutes. Absent if the profile is private.
    #[serde(skip_serializing_if = "Option::is_none")]
    online: Option<bool>,
    /// When the person was last active, rounded down to the minute. Absent if that is long ago or the profile is private.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen_at: Option<Timestamp>,
}

/// Reads somebody's public profile.
///
/// Profiles of accounts that are deactivated or being deleted are answered with 404. If one of the two people blocks the other, the
/// profile looks like a private one. A caller may send sixty requests a minute, so that usernames cannot be enumerated.
///
/// AWS calls: three, one batch that authenticates the caller and reads the name's claim; the counter, twice if it is the first
/// look-up in a minute; and one for the account, its last activity and its relation to the caller, whose keys follow from the claim.
#[utoipa::path(
    get, path = "/v1/users/{username}", operation_id = "get_user",
    params(("username" = String, Path, max_length = 100, description = "In upper or lower case: `Anna` is `anna`.", example = "anna")),
    extensions(("x-problems" = json!(["not_found", "too_many_requests"])), ("x-limits" = json!([LOOKUPS]))),
    responses(
        (status = 200, body = PublicProfile, example = json!(example())),
        Problems,
    )
)]
pub async fn get_user(
    caller: MemberWith<UsernameClaim>,
    State(table): State<Table>,
    State(links): State<Links>,
    State(sys): State<Sys>,
) -> Result<Json<PublicProfile>, Error> {
    limits::take(&table, sys.now(), &[LOOKUPS.of(caller.member.user.id)]).await?;
    let id = caller.resource.and_then(|claim| claim.owner()).ok_or(Kind::NotFound)?;
    let key = User::key_of(id);
    let pair = Pair::key_of(caller.member.user.id, id);
    let mut found = table.get_many([key.clone(), pair.clone()].into_iter().chain(online::keys(id)).collect()).await?;
    let user = found.take::<User>(&key)?.filter(|u| u.status == Status::Active).ok_or(Kind::NotFound)?;
    let status = online::status(&mut found, id, sys.now())?;
    let blocked = found.take::<Pair>(&pair)?.is_some_and(|pair| pair.is_blocked());
    Ok(Json(public_profile(User { private: user.private || blocked, ..user }, status, &links)))
}

/// Returns the profile as others see it: the bio and the online status only if the profile is not private.
fn public_profile(user: User, status: OnlineStatus, links: &Links) -> PublicProfile {
    let open = !user.private;
    let (online, last_seen_at) = status.public();
    PublicProfile {
        id: user.id,
        username: user.username.to_string(),
        picture: links.of(user.picture),
        bio: user.bio.filter(|_| open),
        online: open.then_some(online),
        last_seen_at: last_seen_at.filter(|_| open),
    }
}

fn example() -> serde_json::Value {
    serde_json::json!({
        "id": "usr_01K9ZCHCW7R5JY9H0FAMZV8NTS",
        "username": "anna",
        "picture": Picture::example(),
        "bio": "Climbs.",
        "online": true,
        "last_seen_at": "2026-11-21T08:00:00.000Z",
    })
}
