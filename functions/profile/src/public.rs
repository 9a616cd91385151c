//! Other people's profiles.

use accounts::{
    MemberAnd,
    user::{Status, User, UsernameClaim},
};
use axum::extract::State;
use kernel::Kind;
use serde::Serialize;
use store::Table;
use utoipa::ToSchema;
use web::{Error, Json, Problems};

use crate::picture::{Links, Picture};

/// What everybody who is signed in may know of a person.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublicProfile {
    /// Unique.
    #[schema(examples("anna"))]
    username: String,
    /// Where the picture is, also the default one.
    picture: Picture,
    /// A few words about themselves; absent if there are none or the profile is private.
    #[serde(skip_serializing_if = "Option::is_none")]
    bio: Option<String>,
}

/// Reads somebody's public profile.
///
/// Deactivated accounts and accounts that are being deleted are not there.
///
/// AWS calls: two, one batch that proves the session and looks the name up, and the record it leads to. The name says which
/// record only once it is read. One for one's own.
#[utoipa::path(
    get, path = "/v1/users/{username}", tag = "profile", operation_id = "get_user", security(("bearer" = [])),
    params(("username" = String, Path, description = "In any case: `Anna` is `anna`.", example = "anna")),
    extensions(("x-problems" = json!(["not_found"]))),
    responses(
        (status = 200, body = PublicProfile, example = json!({"username": "anna", "picture": Picture::example(), "bio": "Climbs."})),
        Problems,
    )
)]
pub async fn get_user(
    caller: MemberAnd<UsernameClaim>,
    State(table): State<Table>,
    State(links): State<Links>,
) -> Result<Json<PublicProfile>, Error> {
    let id = caller.subject.ok_or(Kind::NotFound)?.user;
    let own = caller.member.user;
    let user = if own.id == id { Some(own) } else { table.get::<User>(User::key_of(id)).await? };
    let user = user.filter(|u| u.status == Status::Active).ok_or(Kind::NotFound)?;
    Ok(Json(opened(user, &links)))
}

/// What its owner opens: a bio is written for others, unless the profile is private. Nothing else is.
fn opened(user: User, links: &Links) -> PublicProfile {
    PublicProfile { username: user.username.to_string(), picture: links.of(user.picture), bio: user.bio.filter(|_| !user.private) }
}
