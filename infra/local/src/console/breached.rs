//! `/_local/breached-passwords`: the stand-in for the service of breached passwords.

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
    mode: Mode,
    passwords: Vec<String>,
    /// Oldest first.
    asked: Vec<RangeRequest>,
}

/// One of: `{"add": "…"}`, `{"remove": "…"}`, `{"mode": "well"}` or another [`Mode`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BreachedChange {
    add: Option<String>,
    remove: Option<String>,
    mode: Option<Mode>,
}

async fn read(State(core): State<Arc<Core>>) -> Json<BreachedReading> {
    let breached = &core.outside.breached;
    Json(BreachedReading { mode: breached.mode(), passwords: breached.passwords(), asked: breached.asked() })
}

async fn change(State(core): State<Arc<Core>>, Json(change): Json<BreachedChange>) -> Result<Json<BreachedReading>, ConsoleError> {
    let breached = &core.outside.breached;
    let saved = match change {
        BreachedChange { add: Some(password), remove: None, mode: None } if !password.is_empty() => breached.add(&password),
        BreachedChange { add: None, remove: Some(password), mode: None } => breached.remove(&password),
        BreachedChange { add: None, remove: None, mode: Some(mode) } => {
            breached.be(mode);
            Ok(())
        }
        _ => return Err(ConsoleError::bad_request("give exactly one of add, remove and mode")),
    };
    saved.map_err(|e| ConsoleError::internal(format!("It is done, but the state folder cannot be written: {e}")))?;
    Ok(read(State(core)).await)
}
