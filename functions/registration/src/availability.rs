//! Whether a username is available. The answer reveals usernames of others to strangers, so it is limited, like reading profiles by
//! name for people who are signed in.

use accounts::{
    identifier::Username,
    username::{LOOKUPS, UsernameClaim},
};
use axum::extract::State;
use serde::Serialize;
use store::limits::{self, LimitError};
use utoipa::ToSchema;
use web::{Client, Json, Language, Path, Problems};

/// Whether a username is available.
#[derive(Serialize, ToSchema)]
pub struct UsernameAvailability {
    /// The normal form of the name. Absent if it is no username.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, examples("ana_nowak"))]
    username: Option<Username>,
    /// Whether it is available.
    available: bool,
    /// The reason if the name is not available: `username_taken`, or the rule that it breaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<kernel::problem::FieldCode>)]
    code: Option<&'static str>,
    /// The reason in the client's language.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// Returns whether a username is available. A name that another account gave up within the last 30 days is not.
///
/// AWS calls: a counter, then the claim. While the counter is unavailable, the claim alone.
#[utoipa::path(get, path = "/v1/usernames/{username}/availability", params(("username" = String, Path, max_length = 100)),
    extensions(("x-problems" = json!(["too_many_requests"])), ("x-limits" = json!([LOOKUPS]))),
    responses((status = 200, body = UsernameAvailability), Problems))]
pub async fn get_username_availability(
    State(s): State<crate::State>,
    client: Client,
    Language(locale): Language,
    Path(text): Path<String>,
) -> Result<Json<UsernameAvailability>, web::Error> {
    match limits::take(&s.table, s.sys.now(), &[UsernameClaim::lookups(&client)]).await {
        // An operation that only reads does not fail because its counter cannot be written.
        Err(LimitError::Store(e)) => tracing::warn!(error = %e, "the look-up of a username could not be counted"),
        counted => counted?,
    }
    let (username, error) = match Username::parse(&text) {
        Err(e) => (None, Some(e)),
        Ok(name) => {
            let claim = s.table.get::<UsernameClaim>(UsernameClaim::key_of(&name)).await?;
            let taken = claim.is_some_and(|claim| claim.is_taken(s.sys.now()));
            (Some(name), taken.then_some(kernel::FieldError::USERNAME_TAKEN))
        }
    };
    let message = error.as_ref().map(|e| e.text(locale));
    Ok(Json(UsernameAvailability { username, available: error.is_none(), message, code: error.map(|e| e.code) }))
}
