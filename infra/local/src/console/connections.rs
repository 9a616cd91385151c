//! `/_local/connections`: open WebSockets, and closing them.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{delete, get},
};
use kernel::Timestamp;
use serde::Serialize;

use super::ConsoleError;
use crate::Core;

pub(super) fn routes() -> Router<Arc<Core>> {
    Router::new().route("/_local/connections", get(list)).route("/_local/connections/{id}", delete(cut))
}

#[derive(Serialize)]
struct Connections {
    connections: Vec<Connection>,
}

#[derive(Serialize)]
struct Connection {
    id: String,
    connected_at: Timestamp,
    last_active_at: Timestamp,
    source_ip: String,
    user_agent: String,
}

async fn list(State(core): State<Arc<Core>>) -> Json<Connections> {
    let connections = core.connections.list().into_iter().map(|c| Connection {
        id: c.id,
        connected_at: c.connected_at,
        last_active_at: c.last_active_at,
        source_ip: c.identity.source_ip,
        user_agent: c.identity.user_agent,
    });
    Json(Connections { connections: connections.collect() })
}

async fn cut(State(core): State<Arc<Core>>, Path(id): Path<String>) -> Result<StatusCode, ConsoleError> {
    core.connections.delete(&id).map_err(|_| ConsoleError::not_found())?;
    Ok(StatusCode::NO_CONTENT)
}
