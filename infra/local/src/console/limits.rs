//! `/_local/limits`: whether the rate limits are lifted.

use std::sync::Arc;

use axum::{Json, Router, extract::State, routing::get};
use serde::{Deserialize, Serialize};

use crate::Core;

pub(super) fn routes() -> Router<Arc<Core>> {
    Router::new().route("/_local/limits", get(read).post(change))
}

/// `{"lifted": true}`
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lifted {
    lifted: bool,
}

async fn read(State(core): State<Arc<Core>>) -> Json<Lifted> {
    Json(Lifted { lifted: core.limits.lifted() })
}

async fn change(State(core): State<Arc<Core>>, Json(change): Json<Lifted>) -> Json<Lifted> {
    core.limits.lift(change.lifted);
    read(State(core)).await
}
