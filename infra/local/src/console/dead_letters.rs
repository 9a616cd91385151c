//! `/_local/dead-letters`: what was given up, and sending it again.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post},
};
use serde::Serialize;

use super::Refused;
use crate::{Core, aws::dead_letters::DeadLetter};

pub(super) fn routes() -> Router<Arc<Core>> {
    Router::new().route("/_local/dead-letters", get(list)).route("/_local/dead-letters/{id}/redrive", post(redrive))
}

#[derive(Serialize)]
struct DeadLetters {
    dead_letters: Vec<DeadLetter>,
}

async fn list(State(core): State<Arc<Core>>) -> Json<DeadLetters> {
    Json(DeadLetters { dead_letters: core.aws.dead_letters.list() })
}

/// Gives the event to its function again, with all the retries it had before.
async fn redrive(State(core): State<Arc<Core>>, Path(id): Path<u64>) -> Result<StatusCode, Refused> {
    let letter = core.aws.dead_letters.take(id).ok_or_else(Refused::nothing_here)?;
    core.hosts.invoke_async(&letter.function, letter.event);
    Ok(StatusCode::ACCEPTED)
}
