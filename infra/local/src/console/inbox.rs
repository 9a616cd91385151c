//! `/_local/inbox`: reading and waiting for messages.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::{StatusCode, header::CONTENT_SECURITY_POLICY},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use serde::{Deserialize, Serialize};

use super::ConsoleError;
use crate::{Core, inbox::Message};

/// The longest wait of a request.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// A mail is foreign content: no scripts, no requests, and an opaque origin. Its links open in new tabs.
const LETTER_POLICY: &str = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; \
                             img-src data:; font-src data:; frame-ancestors 'self'";

pub(super) fn routes() -> Router<Arc<Core>> {
    Router::new()
        .route("/_local/inbox", get(list).delete(clear))
        .route("/_local/inbox/{id}", get(one))
        .route("/_local/inbox/{id}/html", get(letter))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InboxQuery {
    /// Only messages to this address or number.
    to: Option<String>,
    /// Only messages after the one with this id.
    #[serde(default)]
    after: u64,
    /// Seconds to wait for the first one.
    #[serde(default)]
    wait: u64,
}

#[derive(Serialize)]
struct InboxPage {
    /// Oldest first.
    messages: Vec<Message>,
}

async fn list(State(core): State<Arc<Core>>, Query(query): Query<InboxQuery>) -> Json<InboxPage> {
    let wait = Duration::from_secs(query.wait).min(MAX_WAIT);
    Json(InboxPage { messages: core.inbox.wait_for(query.to.as_deref().filter(|to| !to.is_empty()), query.after, wait).await })
}

async fn one(State(core): State<Arc<Core>>, Path(id): Path<u64>) -> Result<Json<Message>, ConsoleError> {
    core.inbox.get(id).map(Json).ok_or_else(ConsoleError::not_found)
}

async fn letter(State(core): State<Arc<Core>>, Path(id): Path<u64>) -> Response {
    match core.inbox.get(id).and_then(|m| m.html) {
        Some(html) => ([(CONTENT_SECURITY_POLICY, LETTER_POLICY)], Html(in_new_tabs(&html))).into_response(),
        None => ConsoleError::not_found().into_response(),
    }
}

async fn clear(State(core): State<Arc<Core>>) -> Result<StatusCode, ConsoleError> {
    core.inbox.clear().map_err(ConsoleError::internal)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes links open outside the frame in which the mail is shown.
fn in_new_tabs(html: &str) -> String {
    const BASE: &str = r#"<base target="_blank">"#;
    match html.split_once("<head>") {
        Some((before, after)) => format!("{before}<head>{BASE}{after}"),
        None => format!("<!doctype html>{BASE}{html}"),
    }
}
