//! `/_local/dead-letters`: the dead letters, and redriving them.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post},
};
use serde::Serialize;

use super::ConsoleError;
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

/// Invokes the function with the event again, with the same retries as before.
async fn redrive(State(core): State<Arc<Core>>, Path(id): Path<u64>) -> Result<StatusCode, ConsoleError> {
    let letter = core.aws.dead_letters.get(id).ok_or_else(ConsoleError::not_found)?;
    // The invocation is stored before the dead letter is removed, so that a kill in between loses nothing.
    core.hosts.invoke_async(&letter.function, letter.event);
    core.aws.dead_letters.remove(id);
    Ok(StatusCode::ACCEPTED)
}
