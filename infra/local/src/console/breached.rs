//! `/_local/breached-passwords`: the stand-in for the service that knows breached passwords.

use std::sync::Arc;

use axum::{Json, Router, extract::State, routing::get};
use serde::{Deserialize, Serialize};

use super::ConsoleError;
use crate::{
    Core,
    outside::{Mode, breached::RangeRequest},
};

pub(super) fn routes() -> Router<Arc<Core>> {
    Router::new().route("/_local/breached-passwords", get(read).post(change))
}

#[derive(Serialize)]
struct BreachedReading {
    mood: Mode,
    passwords: Vec<String>,
    /// Oldest first.
    asked: Vec<RangeRequest>,
}

/// One of: `{"add": "…"}`, `{"remove": "…"}`, `{"mood": "well"}` or `slow`, `down`, `garbled`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BreachedChange {
    add: Option<String>,
    remove: Option<String>,
    mood: Option<Mode>,
}

async fn read(State(core): State<Arc<Core>>) -> Json<BreachedReading> {
    let breached = &core.outside.breached;
    Json(BreachedReading { mood: breached.mood(), passwords: breached.passwords(), asked: breached.asked() })
}

async fn change(State(core): State<Arc<Core>>, Json(change): Json<BreachedChange>) -> Result<Json<BreachedReading>, ConsoleError> {
    let breached = &core.outside.breached;
    let saved = match change {
        BreachedChange { add: Some(password), remove: None, mood: None } if !password.is_empty() => breached.add(&password),
        BreachedChange { add: None, remove: Some(password), mood: None } => breached.remove(&password),
        BreachedChange { add: None, remove: None, mood: Some(mood) } => {
            breached.be(mood);
            Ok(())
        }
        _ => return Err(ConsoleError::bad_request("give exactly one of add, remove and mood")),
    };
    saved.map_err(|e| ConsoleError::internal(format!("It is done, but the state folder cannot be written: {e}")))?;
    Ok(read(State(core)).await)
}
