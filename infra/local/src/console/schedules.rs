//! `/_local/schedules`: the schedules, and running one now.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post},
};
use kernel::Timestamp;
use serde::Serialize;

use super::ConsoleError;
use crate::Core;

/// How long "run now" waits for all work that the run causes.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn routes() -> Router<Arc<Core>> {
    Router::new().route("/_local/schedules", get(list)).route("/_local/schedules/{name}/run", post(run))
}

#[derive(Serialize)]
struct Schedules {
    schedules: Vec<Schedule>,
}

#[derive(Serialize)]
struct Schedule {
    name: String,
    function: String,
    expression: String,
    enabled: bool,
    next: Option<Timestamp>,
    last: Option<Timestamp>,
}

async fn list(State(core): State<Arc<Core>>) -> Json<Schedules> {
    let schedules = core.schedules.list().into_iter().map(|s| Schedule {
        enabled: core.template.schedules.iter().any(|spec| spec.name == s.name && spec.enabled),
        function: core.template.function(&s.function).map_or(s.function, |f| f.name.clone()),
        name: s.name,
        expression: s.expression,
        next: s.next,
        last: s.last,
    });
    Json(Schedules { schedules: schedules.collect() })
}

/// Runs a schedule, and answers when all work that the run causes is done.
async fn run(State(core): State<Arc<Core>>, Path(name): Path<String>) -> Result<StatusCode, ConsoleError> {
    if !core.schedules.run_now(&name) {
        return Err(ConsoleError::not_found());
    }
    let quiet = tokio::time::timeout(PATIENCE, core.activity.quiet()).await.is_ok();
    Ok(if quiet { StatusCode::NO_CONTENT } else { StatusCode::ACCEPTED })
}
