//! Lists of API keys: those of the caller, and those of everybody.

use accounts::{
    api_key::{self, ApiKey, Scope},
    user::usernames,
    username::UsernameClaim,
};
use axum::extract::State;
use callers::{
    Staff,
    staff::{Administrator, Superuser},
};
use kernel::{
    Timestamp,
    id::{ApiKeyId, UserId},
};
use serde::{Deserialize, Serialize};
use store::StoreError;
use utoipa::{IntoParams, ToSchema};
use web::{Error, Json, PageQuery, Problems, Query};

/// The API keys of one person.
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
    /// The scopes that it has.
    scopes: Vec<Scope>,
    created_at: Timestamp,
    /// When it stops being valid.
    expires_at: Timestamp,
    /// When it was last used, with a precision of five minutes. Absent if it was never used.
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

/// Lists the caller's keys, without their secrets.
///
/// For administrators, with a second factor.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; a query.
#[utoipa::path(get, path = "/v1/me/api-keys", responses((status = 200, body = ApiKeyList), Problems))]
pub async fn list_api_keys(State(s): State<crate::State>, caller: Staff<Administrator>) -> Result<Json<ApiKeyList>, Error> {
    let items = valid(&s, caller.member.user.id).await?.into_iter().map(ApiKeyInfo::of).collect();
    Ok(Json(ApiKeyList { items }))
}

/// Returns the keys of a person that have not expired, the newest first.
async fn valid(s: &crate::State, user: UserId) -> Result<Vec<ApiKey>, StoreError> {
    let now = s.sys.now();
    let mut keys = api_key::list(&s.table, user).await?;
    keys.retain(|key| now < key.ends_at());
    keys.sort_by_key(|key| std::cmp::Reverse(key.created_at));
    Ok(keys)
}

/// The keys to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ApiKeysQuery {
    /// Only the keys of this person. In upper or lower case: `Anna` is `anna`.
    #[param(max_length = 100, example = "anna")]
    username: Option<String>,
}

/// A key and its owner.
#[derive(Serialize, ToSchema)]
pub struct OwnedApiKey {
    #[serde(flatten)]
    key: ApiKeyInfo,
    /// The account of its owner.
    user: UserId,
    /// Their username. Absent if the account is being deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, examples("anna"))]
    username: Option<String>,
}

/// A page of everybody's keys.
#[derive(Serialize, ToSchema)]
pub struct OwnedApiKeyList {
    /// The keys, the newest first. A page can have fewer than requested, or none, although there is a next one.
    items: Vec<OwnedApiKey>,
    /// The cursor of the next page. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists the keys of everybody, or of one person, without their secrets.
///
/// For superusers, with a second factor. A new key appears in the list of all keys after a moment.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; for one person the claim of the username; a query; a batch of
/// the usernames.
#[utoipa::path(get, path = "/v1/admin/api-keys", params(ApiKeysQuery, PageQuery),
    extensions(("x-problems" = json!(["not_found", "cursor_invalid", "invalid"]))),
    responses((status = 200, body = OwnedApiKeyList), Problems))]
pub async fn list_all_api_keys(
    State(s): State<crate::State>,
    caller: Staff<Superuser>,
    Query(query): Query<ApiKeysQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<OwnedApiKeyList>, Error> {
    let limit = page.limit()?;
    let cursors = s.sealer.cursors(format!("API keys for {}, {query:?}", caller.member.user.id));
    let after = cursors.open::<(ApiKeyId, UserId)>(page.cursor())?;
    let (keys, next) = if let Some(name) = query.username.as_deref() {
        // One person has so few keys that they fit into one page.
        let owner = UsernameClaim::person_named(&s.table, name).await?;
        (valid(&s, owner).await?, None)
    } else {
        let mut found = api_key::newest(&s.table, after, limit).await?;
        let next = found.last().map(|key| (key.id, key.user));
        let now = s.sys.now();
        found.items.retain(|key| now < key.ends_at());
        (found.items, next)
    };
    let names = usernames(&s.table, keys.iter().map(|key| key.user).collect()).await?;
    let owned =
        |key: ApiKey| OwnedApiKey { user: key.user, username: names.get(&key.user).map(ToString::to_string), key: ApiKeyInfo::of(key) };
    Ok(Json(OwnedApiKeyList { items: keys.into_iter().map(owned).collect(), next_cursor: cursors.next(next)? }))
}
