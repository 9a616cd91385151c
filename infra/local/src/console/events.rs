//! `/_local/events`: the last events on the buses, their consumers, and every attempt to deliver them.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Query, State},
    routing::get,
};
use serde::{Deserialize, Serialize};

use crate::{Core, aws::history::BusEvent};

/// The most events of one answer.
const PAGE: usize = 100;

pub(super) fn routes() -> Router<Arc<Core>> {
    Router::new().route("/_local/events", get(list))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EventsQuery {
    /// Only events with this text in the id, the source, the type, the detail or the name of a consumer.
    #[serde(default)]
    q: String,
}

#[derive(Serialize)]
struct Events {
    /// Newest first. Consumers have the names of their functions.
    events: Vec<BusEvent>,
}

async fn list(State(core): State<Arc<Core>>, Query(query): Query<EventsQuery>) -> Json<Events> {
    let text = query.q.trim().to_lowercase();
    let named = core.aws.history.list().into_iter().map(|mut event| {
        for delivery in &mut event.deliveries {
            if let Some(function) = core.template.function(&delivery.function) {
                delivery.function.clone_from(&function.name);
            }
        }
        event
    });
    Json(Events { events: named.filter(|event| has(event, &text)).take(PAGE).collect() })
}

fn has(event: &BusEvent, text: &str) -> bool {
    let texts = [event.id.clone(), event.source.clone(), event.detail_type.clone(), event.detail.to_string()];
    let consumers = event.deliveries.iter().map(|delivery| delivery.function.clone());
    text.is_empty() || texts.into_iter().chain(consumers).any(|t| t.to_lowercase().contains(text))
}
