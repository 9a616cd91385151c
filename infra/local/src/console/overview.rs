//! `/_local/overview` and `/_local/status`: what is deployed, its addresses, and the current counts.

use std::sync::Arc;

use axum::{Json, Router, extract::State, routing::get};
use kernel::Timestamp;
use serde::Serialize;

use crate::{
    Core,
    seed::{self, Account},
    template::{FunctionSpec, Template},
};

pub(super) fn routes() -> Router<Arc<Core>> {
    Router::new().route("/_local/overview", get(overview)).route("/_local/status", get(status))
}

#[derive(Serialize)]
struct Overview {
    urls: Vec<Address>,
    /// The demonstration accounts that exist.
    accounts: Vec<Account>,
    functions: Vec<Function>,
}

#[derive(Serialize)]
struct Address {
    name: &'static str,
    url: String,
}

#[derive(Serialize)]
struct Function {
    name: String,
    triggers: Vec<String>,
}

async fn overview(State(core): State<Arc<Core>>) -> Json<Overview> {
    let urls = &core.urls;
    let urls = [
        ("api", &urls.api),
        ("socket", &urls.socket),
        ("docs", &urls.docs),
        ("staff", &urls.staff),
        ("console", &urls.console),
        ("aws", &urls.aws),
        ("outside", &urls.outside),
    ];
    let urls = urls.map(|(name, url)| Address { name, url: url.clone() });
    let functions = core.template.functions.values().map(|f| Function { name: f.name.clone(), triggers: triggers(&core.template, f) });
    Json(Overview { urls: urls.into(), accounts: seeded(&core).await, functions: functions.collect() })
}

/// Returns the triggers of a function in the template.
fn triggers(template: &Template, function: &FunctionSpec) -> Vec<String> {
    let mine = |id: &str| id == function.logical_id;
    let http = template.http_api.routes.iter().filter(|r| mine(&r.function)).map(|r| format!("{} {}", r.method, r.path));
    let sockets = template.socket_api.iter().flat_map(|s| &s.routes).filter(|(_, f)| mine(f)).map(|(route, _)| format!("socket {route}"));
    let streams = template.stream_mappings.iter().filter(|m| mine(&m.function)).map(|m| format!("stream of {}", m.table));
    let queues = template.queue_mappings.iter().filter(|m| mine(&m.function)).map(|m| format!("queue {}", m.queue));
    let rules = template.rules.iter().filter(|r| mine(&r.function)).map(|r| {
        let kinds = r.pattern.get("detail-type").and_then(|k| k.as_array()).into_iter().flatten().filter_map(|k| k.as_str());
        format!("event {}", kinds.collect::<Vec<_>>().join(", "))
    });
    let objects =
        template.notifications.iter().filter(|n| mine(&n.function)).map(|n| format!("object {}/{}*{}", n.bucket, n.prefix, n.suffix));
    let schedules = template.schedules.iter().filter(|s| mine(&s.function)).map(|s| format!("schedule {}", s.expression));
    http.chain(sockets).chain(streams).chain(queues).chain(rules).chain(objects).chain(schedules).collect()
}

async fn seeded(core: &Arc<Core>) -> Vec<Account> {
    let core = Arc::clone(core);
    // The database blocks the calling thread.
    let there =
        tokio::task::spawn_blocking(move || seed::accounts(&core).into_iter().filter(|account| seed::exists(&core, account)).collect());
    there.await.unwrap_or_default()
}

#[derive(Serialize)]
struct Status {
    now: Timestamp,
    offset_ms: i64,
    /// Whether the rate limits are lifted.
    limits_lifted: bool,
    counts: Counts,
}

#[derive(Serialize)]
struct Counts {
    inbox: usize,
    connections: usize,
    dead_letters: usize,
    /// The scripted faults with calls left.
    faults: usize,
}

async fn status(State(core): State<Arc<Core>>) -> Json<Status> {
    let counts = Counts {
        inbox: core.inbox.len(),
        connections: core.connections.list().len(),
        dead_letters: core.aws.dead_letters.list().len(),
        faults: core.aws.faults.list().iter().filter(|script| !script.is_spent()).count(),
    };
    Json(Status { now: core.clock.now().into(), offset_ms: core.clock.offset_millis(), limits_lifted: core.limits.lifted(), counts })
}
