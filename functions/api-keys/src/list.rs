//! The keys of a person.

use accounts::{
    api_key::{self, ApiKey, Scope},
    username::UsernameClaim,
};
use axum::extract::State;
use callers::{
    Staff,
    staff::{Administrator, Superuser},
};
use kernel::{
    Problem, Timestamp,
    id::{ApiKeyId, UserId},
};
use serde::Serialize;
use utoipa::ToSchema;
use web::{Error, Json, Path, Problems};

/// Keys of one person.
#[derive(Serialize, ToSchema)]
pub struct ApiKeyList {
    /// The keys, the newest first. At most 31.
    items: Vec<ApiKeyInfo>,
}

/// A key, without its secret.
#[derive(Serialize, ToSchema)]
pub struct ApiKeyInfo {
    id: ApiKeyId,
    #[schema(examples("Till"))]
    name: String,
    /// The first characters of the key.
    #[schema(examples("key_AZp-wl-I"))]
    prefix: String,
    /// What it opens.
    scopes: Vec<Scope>,
    created_at: Timestamp,
    /// When it stops being valid.
    expires_at: Timestamp,
    /// When it was last used, to five minutes. Absent if it never was.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<Timestamp>,
}

impl ApiKeyInfo {
    pub fn of(key: ApiKey) -> Self {
        Self {
            id: key.id,
            created_at: key.created_at.into(),
            expires_at: key.ends_at().into(),
            last_used_at: key.last_used_at.map(Into::into),
            name: key.name,
            prefix: key.prefix,
            scopes: key.scopes,
        }
    }
}

async fn list(s: &crate::State, user: UserId) -> Result<Json<ApiKeyList>, Problem> {
    let now = s.sys.now();
    let mut keys = api_key::list(&s.table, user).await?;
    keys.retain(|key| now < key.ends_at());
    keys.sort_by_key(|key| std::cmp::Reverse(key.created_at));
    Ok(Json(ApiKeyList { items: keys.into_iter().map(ApiKeyInfo::of).collect() }))
}

/// Lists the caller's keys, without their secrets.
///
/// For administrators, with a second factor.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; a query.
#[utoipa::path(get, path = "/v1/me/api-keys", responses((status = 200, body = ApiKeyList), Problems))]
pub async fn list_api_keys(State(s): State<crate::State>, caller: Staff<Administrator>) -> Result<Json<ApiKeyList>, Error> {
    Ok(list(&s, caller.member.user.id).await?)
}

/// Lists another person's keys, without their secrets.
///
/// For superusers, with a second factor.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; the claim of the username; a query.
#[utoipa::path(get, path = "/v1/admin/users/{username}/api-keys",
    params(("username" = String, Path, max_length = 100, description = "In upper or lower case: `Anna` is `anna`.", example = "anna")),
    responses((status = 200, body = ApiKeyList), Problems))]
pub async fn list_api_keys_of(
    State(s): State<crate::State>,
    _: Staff<Superuser>,
    Path(username): Path<String>,
) -> Result<Json<ApiKeyList>, Error> {
    let user = UsernameClaim::person_named(&s.table, &username).await?;
    Ok(list(&s, user).await?)
}
