//! The answers for monitors.

use axum::extract::State;
use http::StatusCode;
use kernel::{Kind, Problem};
use serde::Serialize;
use utoipa::ToSchema;
use web::{Error, Json, Problems};

use crate::KEPT;

/// The answer while the system works.
#[derive(Serialize, ToSchema)]
pub struct Health {
    /// The services that the system depends on, all of which answer: `captcha` (if there are captchas), `data`, `events`, `files`, `mail`,
    /// `stripe`, `texts`.
    #[schema(examples("data", "events", "files", "mail", "stripe", "texts"))]
    dependencies: Vec<&'static str>,
}

/// Returns whether all services that the system depends on answer. If not, the problem `unavailable` names the others in `away`. Results
/// are kept for ten seconds.
///
/// AWS calls: at most every ten seconds a read of the table, a list of the bucket, and a request each to EventBridge, SES and SNS.
#[utoipa::path(get, path = "/v1/health",
    responses((status = 200, description = "Everything answers.", body = Health), Problems))]
pub async fn get_health(State(s): State<crate::State>) -> Result<Json<Health>, Error> {
    let answers = s.results().await;
    let away: Vec<&str> = answers.iter().filter(|answer| !answer.well).map(|answer| answer.name).collect();
    if away.is_empty() {
        return Ok(Json(Health { dependencies: answers.iter().map(|answer| answer.name).collect() }));
    }
    let cause = format!("away: {}", away.join(", "));
    Err(Problem::new(Kind::Unavailable).retry_after(KEPT).with("away", away).because(cause).into())
}

/// Returns 204 without calling other services.
///
/// AWS calls: none.
#[utoipa::path(get, path = "/v1/health/live",
    responses((status = 204, description = "Requests are answered."), Problems))]
pub async fn get_liveness() -> StatusCode {
    StatusCode::NO_CONTENT
}
