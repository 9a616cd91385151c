//! DynamoDB: the JSON 1.0 protocol over dynoxide.

mod engine;
mod needs;
mod sqlite;
mod tables;
mod ttl;

use std::{collections::HashMap, path::Path, sync::Arc};

use axum::response::Response;
use dynoxide::{Database, DynoxideError, errors::CancellationReason};
use http::{HeaderMap, StatusCode};
use kernel::{Sys, Time};
use serde_json::Value;

use super::{
    call::Call,
    faults::Fault,
    iam::{Denied, Need, Policy},
    service::{AwsError, json_reply},
};
use crate::{
    StartError,
    storage::damaged,
    template::{ACCOUNT, REGION, TableSpec},
};
use engine::{Engine, known};

/// The tables of one local cloud. Cloning shares them.
#[derive(Clone)]
pub struct DynamoDb {
    engine: Engine,
    schema: Arc<needs::Schema>,
    expiring: Arc<[ttl::Expiring]>,
    /// The resource policies of the tables, by ARN.
    policies: Arc<HashMap<String, Policy>>,
}

impl DynamoDb {
    /// Opens the database, in memory or in a file, and creates the tables.
    ///
    /// # Errors
    /// If the file is no database, or a table in it differs from the template.
    pub fn open(file: Option<&Path>, specs: &[TableSpec], sys: &Sys) -> Result<Self, StartError> {
        if let Some(file) = file {
            sqlite::check(file).map_err(damaged(Some(file)))?;
        }
        let (database, sqlite) = sqlite::open(file, sys).map_err(damaged(file))?;
        let mut schema = needs::Schema { arn_prefix: format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/"), ..needs::Schema::default() };
        let mut policies = HashMap::new();
        let mut expiring = Vec::new();
        for spec in specs {
            tables::deploy(&database, spec, file)?;
            schema.tables.insert(spec.name.clone(), tables::partitions(&spec.create));
            let policy = Policy::parse(&spec.statements).map_err(|e| StartError::Template(format!("table {}: {e}", spec.name)))?;
            policies.insert(spec.arn.clone(), policy);
            if let Some(attribute) = spec.ttl_attribute.clone() {
                expiring.push(ttl::Expiring { table: spec.name.clone(), keys: tables::key_names(&spec.create), attribute });
            }
        }
        let engine = Engine::start(database, sqlite).map_err(|e| StartError::State(format!("the database's thread: {e}")))?;
        Ok(Self { engine, schema: Arc::new(schema), expiring: expiring.into(), policies: Arc::new(policies) })
    }

    /// The database, for reads by the console: without permissions, and not counted. Its calls block.
    #[must_use]
    pub fn database(&self) -> Database {
        self.engine.database()
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Deletes expired items.
    pub(super) async fn sweep(&self, now: Time) -> Result<(), DynoxideError> {
        for expiring in self.expiring.iter() {
            let mut position = None;
            loop {
                let expiring = expiring.clone();
                position = self.engine.run(move |database| ttl::sweep_page(database, &expiring, now, position)).await?;
                if position.is_none() {
                    break;
                }
            }
        }
        Ok(())
    }

    fn denied_by_table(&self, need: &Need, principal: &str) -> Option<Denied> {
        self.policies.get(&need.resource)?.check_as_resource(need, principal).err()
    }
}

/// Answers a signed call.
pub(super) async fn answer(call: &Call, headers: &HeaderMap, body: &[u8]) -> Response {
    let target = headers.get("x-amz-target").and_then(|t| t.to_str().ok()).unwrap_or_default();
    let Some(operation) = target.strip_prefix("DynamoDB_20120810.").and_then(known) else {
        return call.refuse(
            target,
            &AwsError::new(StatusCode::BAD_REQUEST, "UnknownOperationException", format!("{target:?} is not answered here")),
        );
    };
    let (Ok(text), Ok(value)) = (std::str::from_utf8(body), serde_json::from_slice::<Value>(body)) else {
        return call.refuse(operation, &AwsError::new(StatusCode::BAD_REQUEST, "SerializationException", "the body is not JSON"));
    };
    let tables = &call.core.aws.dynamodb;
    let needs = tables.schema.needs(operation, &value);
    let principal = call.principal();
    if let Some(denied) = needs.iter().find_map(|need| tables.denied_by_table(need, principal)) {
        return call.refuse(operation, &call.denied(&denied));
    }
    let mut response = call
        .perform(operation, &needs, async {
            let (result, capacity) = tables.engine.execute(operation, text.to_owned()).await;
            if engine::is_write(operation) && result.is_ok() {
                call.core.aws.streams.written(&call.core.activity);
            }
            (reply(result, &call.request_id), capacity)
        })
        .await;
    // A cancelled transaction reports a reason for each of its operations.
    if operation == "TransactWriteItems" {
        let cancelled = match response.extensions().get() {
            Some(Fault::Conflict) => Some(cancelled(&value, "TransactionConflict", |at, _| at == 0)),
            Some(Fault::Taken(prefix)) => Some(cancelled(&value, "ConditionalCheckFailed", |_, partition| partition.starts_with(prefix))),
            _ => None,
        };
        if let Some(cancelled) = cancelled {
            response = reply(Err(cancelled), &call.request_id);
        }
    }
    response
}

fn reply(result: Result<String, DynoxideError>, request_id: &str) -> Response {
    match result {
        Ok(body) => json_reply(StatusCode::OK, body, request_id),
        Err(e) => json_reply(StatusCode::from_u16(e.status_code()).unwrap_or(StatusCode::BAD_REQUEST), e.to_json(), request_id),
    }
}

/// The error of AWS for a transaction that is cancelled with this reason for those operations that `at` selects by index and
/// partition key.
fn cancelled(body: &Value, code: &str, at: impl Fn(usize, &str) -> bool) -> DynoxideError {
    let parts = body.get("TransactItems").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let partition = |part: &Value| -> Option<String> {
        let (_, part) = part.as_object()?.iter().next()?;
        Some(part.get("Item").or_else(|| part.get("Key"))?.pointer("/pk/S")?.as_str()?.to_owned())
    };
    let reason = |(place, part): (usize, &Value)| {
        if at(place, &partition(part).unwrap_or_default()) {
            CancellationReason { code: code.to_owned(), message: Some("a scripted fault".to_owned()), item: None }
        } else {
            CancellationReason { code: "None".to_owned(), ..CancellationReason::default() }
        }
    };
    let reasons: Vec<_> = parts.iter().enumerate().map(reason).collect();
    let codes = reasons.iter().map(|r| r.code.as_str()).collect::<Vec<_>>().join(", ");
    let message = format!("Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]");
    DynoxideError::TransactionCanceledException(message, reasons)
}
