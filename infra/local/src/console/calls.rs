//! `/_local/calls`: the AWS calls of the functions since the start.

use std::sync::Arc;

use axum::{Json, Router, extract::State, routing::get};
use serde::Serialize;

use crate::{
    Core,
    aws::calls::{OperationTotals, Tally},
};

pub(super) fn routes() -> Router<Arc<Core>> {
    Router::new().route("/_local/calls", get(list))
}

#[derive(Serialize)]
struct Calls {
    operations: Vec<Operation>,
    functions: Vec<Function>,
}

#[derive(Serialize)]
struct Operation {
    name: String,
    #[serde(flatten)]
    done: OperationTotals,
}

#[derive(Serialize)]
struct Function {
    name: String,
    #[serde(flatten)]
    tally: Tally,
}

async fn list(State(core): State<Arc<Core>>) -> Json<Calls> {
    let operations = core.aws.calls.by_operation().into_iter().map(|(name, done)| Operation { name, done });
    let name = |id: String| core.template.function(&id).map_or(id, |f| f.name.clone());
    let functions = core.aws.calls.by_function().into_iter().map(|(id, tally)| Function { name: name(id), tally });
    Json(Calls { operations: operations.collect(), functions: functions.collect() })
}
