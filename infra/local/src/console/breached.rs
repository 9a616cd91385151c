//! `/_local/breached-passwords`: the stand-in that knows passwords from breaches.

use std::sync::Arc;

use axum::{Json, Router, extract::State, routing::get};
use serde::{Deserialize, Serialize};

use super::Refused;
use crate::{
    Core,
    outside::breached::{Asked, Mood},
};

pub(super) fn routes() -> Router<Arc<Core>> {
    Router::new().route("/_local/breached-passwords", get(read).post(change))
}

#[derive(Serialize)]
struct Reading {
    mood: Mood,
    passwords: Vec<String>,
    /// Oldest first.
    asked: Vec<Asked>,
}

/// One of: `{"add": "…"}`, `{"remove": "…"}`, `{"mood": "well"}` or `slow`, `down`, `garbled`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    add: Option<String>,
    remove: Option<String>,
    mood: Option<Mood>,
}

async fn read(State(core): State<Arc<Core>>) -> Json<Reading> {
    let breached = &core.outside.breached;
    Json(Reading { mood: breached.mood(), passwords: breached.passwords(), asked: breached.asked() })
}

async fn change(State(core): State<Arc<Core>>, Json(change): Json<Change>) -> Result<Json<Reading>, Refused> {
    let breached = &core.outside.breached;
    let saved = match change {
        Change { add: Some(password), remove: None, mood: None } if !password.is_empty() => breached.add(&password),
        Change { add: None, remove: Some(password), mood: None } => breached.remove(&password),
        Change { add: None, remove: None, mood: Some(mood) } => {
            breached.be(mood);
            Ok(())
        }
        _ => return Err(Refused::asked_wrong("give exactly one of add, remove and mood")),
    };
    saved.map_err(|e| Refused::broken(format!("It is done, but the state folder cannot be written: {e}")))?;
    Ok(read(State(core)).await)
}
