//! `/_local/requests`: the last requests to the APIs, with their calls of AWS and their log lines.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    routing::get,
};
use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use super::ConsoleError;
use crate::{Core, aws::calls::Tally, logs::LogLine, requests::Request};

/// The most requests of one answer.
const PAGE: usize = 100;

pub(super) fn routes() -> Router<Arc<Core>> {
    Router::new().route("/_local/requests", get(list)).route("/_local/requests/{id}", get(one))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestsQuery {
    /// Only requests with this text in the id, the method, the path, the route or the function, or with this status.
    #[serde(default)]
    q: String,
    /// Only requests that failed: with a status from 400 on.
    #[serde(default)]
    failed: bool,
}

#[derive(Serialize)]
struct Requests {
    /// Newest first.
    requests: Vec<Summary>,
}

#[derive(Serialize)]
struct Summary {
    id: String,
    at: Timestamp,
    method: String,
    path: String,
    route: Option<String>,
    /// The name of the function.
    function: Option<String>,
    status: u16,
    ms: u64,
    /// The number of calls of AWS.
    calls: u64,
}

#[derive(Serialize)]
struct Detail {
    #[serde(flatten)]
    summary: Summary,
    /// The calls of AWS.
    tally: Tally,
    lines: Vec<LogLine>,
    /// The number of lines that were too many to be kept.
    lines_left_out: usize,
    /// Whether the functions run in other processes, whose lines are printed there.
    logs_elsewhere: bool,
}

async fn list(State(core): State<Arc<Core>>, Query(query): Query<RequestsQuery>) -> Json<Requests> {
    let all = core.requests.list();
    let found = all.iter().map(|request| summary(&core, request)).filter(|s| !query.failed || s.status >= 400).filter(|s| s.has(&query.q));
    Json(Requests { requests: found.take(PAGE).collect() })
}

async fn one(State(core): State<Arc<Core>>, Path(id): Path<String>) -> Result<Json<Detail>, ConsoleError> {
    let request = core.requests.get(&id).ok_or_else(ConsoleError::not_found)?;
    let handled = &request.handled;
    Ok(Json(Detail {
        summary: summary(&core, &request),
        tally: handled.calls.clone(),
        lines: handled.lines.list(),
        lines_left_out: handled.lines.left_out(),
        logs_elsewhere: core.hosts.are_remote(),
    }))
}

fn summary(core: &Core, request: &Request) -> Summary {
    let Request { id, at, method, path, status, took, handled } = request;
    Summary {
        id: id.clone(),
        at: *at,
        method: method.clone(),
        path: path.clone(),
        route: handled.route.clone(),
        function: handled.function.as_ref().map(|id| core.template.function(id).map_or_else(|| id.clone(), |f| f.name.clone())),
        status: *status,
        ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        calls: handled.calls.total(),
    }
}

impl Summary {
    fn has(&self, text: &str) -> bool {
        let text = text.trim().to_lowercase();
        let texts = [Some(&self.id), Some(&self.method), Some(&self.path), self.route.as_ref(), self.function.as_ref()];
        text.is_empty() || self.status.to_string() == text || texts.into_iter().flatten().any(|t| t.to_lowercase().contains(&text))
    }
}
