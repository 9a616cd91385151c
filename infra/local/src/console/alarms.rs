//! `/_local/alarms`: CloudWatch's alarms, and raising and ending them.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};

use super::ConsoleError;
use crate::{
    Core,
    aws::alarms::{AlarmInfo, AlarmState},
};

pub(super) fn routes() -> Router<Arc<Core>> {
    Router::new().route("/_local/alarms", get(list)).route("/_local/alarms/{name}", post(change))
}

#[derive(Serialize)]
struct Alarms {
    alarms: Vec<AlarmInfo>,
}

/// Such as `{"state": "ALARM"}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AlarmChange {
    state: AlarmState,
}

async fn list(State(core): State<Arc<Core>>) -> Json<Alarms> {
    Json(Alarms { alarms: core.aws.alarms.list() })
}

async fn change(
    State(core): State<Arc<Core>>,
    Path(name): Path<String>,
    Json(AlarmChange { state }): Json<AlarmChange>,
) -> Result<Json<Alarms>, ConsoleError> {
    if !core.aws.alarms.change(&core, &name, state) {
        return Err(ConsoleError::not_found());
    }
    Ok(list(State(core)).await)
}
