//! Step four: a username. This step checks that it is free. The last step claims it.

use accounts::{
    identifier::Username,
    username::{LOOKUPS, UsernameClaim},
};
use axum::extract::State;
use kernel::{FieldError, Problem, Time};
use proofs::FlowToken;
use serde::Deserialize;
use store::{Table, limits};
use utoipa::ToSchema;
use web::{Client, Json, Path, Problems};

use crate::flow::{Registration, Step, advance, load};

/// A username.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetRegistrationUsername {
    /// The username.
    #[schema(value_type = Username)]
    username: String,
}

/// Chooses a username.
///
/// A password that was chosen before has to be chosen again, because it must not contain the name.
///
/// AWS calls: the flow, the counter of look-ups, the claim of the name, the flow's change. The counter is that of the
/// availability of names, so that this step reveals no more names.
#[utoipa::path(put, path = "/v1/registrations/{flow}/username", params(("flow" = FlowToken, Path)),
    request_body = SetRegistrationUsername,
    extensions(("x-problems" = json!(["not_found", "step_required", "invalid", "too_many_requests", "conflict"])), ("x-limits" = json!([LOOKUPS]))),
    responses((status = 200, body = Registration), Problems))]
pub async fn set_registration_username(
    State(s): State<crate::State>,
    client: Client,
    Path(token): Path<FlowToken>,
    Json(body): Json<SetRegistrationUsername>,
) -> Result<Json<Registration>, web::Error> {
    let now = s.sys.now();
    let (flow, _) = load(&s.table, now, &token).await?;
    flow.require(Step::Username)?;
    limits::take(&s.table, now, &[UsernameClaim::lookups(&client)]).await?;
    let username = parse_free_username(&s.table, now, &body.username).await?;
    let flow = advance(&s.table, now, &token, Step::Username, |u| u.set("username", &username).remove("password")).await?;
    Ok(Json(Registration::new(token, flow, None)))
}

/// Returns a valid name that nobody has or had recently.
///
/// # Errors
/// The broken rule or `username_taken`, at `/username`.
pub async fn parse_free_username(table: &Table, now: Time, text: &str) -> Result<Username, Problem> {
    let name = Username::parse(text).map_err(|e| Problem::field("/username", e))?;
    match table.get::<UsernameClaim>(UsernameClaim::key_of(&name)).await? {
        Some(claim) if claim.is_taken(now) => Err(Problem::field("/username", FieldError::USERNAME_TAKEN)),
        _ => Ok(name),
    }
}
