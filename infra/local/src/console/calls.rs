//! `/_local/calls`: what the functions asked of AWS since the start.

use std::sync::Arc;

use axum::{Json, Router, extract::State, routing::get};
use serde::Serialize;

use crate::{Core, aws::calls::Tally};

pub(super) fn routes() -> Router<Arc<Core>> {
    Router::new().route("/_local/calls", get(list))
}

#[derive(Serialize)]
struct Calls {
    functions: Vec<Function>,
}

#[derive(Serialize)]
struct Function {
    name: String,
    total: u64,
    #[serde(flatten)]
    tally: Tally,
}

async fn list(State(core): State<Arc<Core>>) -> Json<Calls> {
    let name = |id: String| core.template.function(&id).map_or(id, |f| f.name.clone());
    let functions = core.aws.calls.by_function().into_iter();
    let functions = functions.map(|(id, tally)| Function { name: name(id), total: tally.total(), tally });
    Json(Calls { functions: functions.collect() })
}
