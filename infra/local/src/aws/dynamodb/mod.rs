//! DynamoDB: the JSON 1.0 protocol over dynoxide.

mod engine;
mod leases;
mod needs;
mod sqlite;
mod tables;
mod ttl;

use std::{collections::HashMap, path::Path, sync::Arc};

use axum::response::Response;
pub use dynoxide::{AttributeValue, Item};
use dynoxide::{Database, DynoxideError, errors::CancellationReason};
use http::{HeaderMap, StatusCode};
use kernel::{Sys, Time};
use serde_json::Value;
use store::limits::COUNTERS;

use super::{
    call::Call,
    calls::Capacity,
    faults::Fault,
    iam::{Denied, Need, Policy},
    service::{AwsError, json_reply},
};
use crate::{
    Core, StartError,
    storage::damaged,
    template::{ACCOUNT, REGION, TableSpec},
};
use engine::{Engine, known};
pub use sqlite::Row;

/// Returns an item in DynamoDB's JSON.
///
/// # Errors
/// If the value is no item.
pub fn item(value: Value) -> Result<Item, DynoxideError> {
    serde_json::from_value(value).map_err(|e| DynoxideError::ValidationException(e.to_string()))
}

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

    /// Returns the database, for reads by the console: without permissions, and not counted. Its calls block.
    #[must_use]
    pub fn database(&self) -> Database {
        self.engine.database()
    }

    /// Puts many items into a table at once: without permissions, not counted, and without records in its stream. For measurements. Blocks.
    ///
    /// # Errors
    /// If one of them is not valid.
    pub fn fill(&self, table: &str, items: Vec<Item>) -> Result<(), DynoxideError> {
        self.database().import_items(table, items, dynoxide::ImportOptions::default()).map(drop)
    }

    /// Puts rows into a table and its indexes, which have none with these keys: without permissions, not counted, and without records in its
    /// stream. For measurements with more items than [`DynamoDb::fill`] can put in a reasonable time.
    ///
    /// # Errors
    /// If the database fails, or there is such a row.
    pub async fn fill_rows(&self, table: &str, rows: Vec<Row>) -> Result<(), DynoxideError> {
        self.engine.fill(table.to_owned(), rows).await
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Deletes expired items.
    pub(super) async fn sweep(&self, now: Time) -> Result<(), DynoxideError> {
        self.page_by_page(move |database, table, from| ttl::sweep_page(database, table, now, from)).await
    }

    /// Ends the leases of functions, none of which may be running.
    ///
    /// # Errors
    /// If the database fails.
    pub(crate) async fn end_leases(&self, now: Time) -> Result<(), DynoxideError> {
        self.page_by_page(move |database, table, from| leases::end_page(database, table, now, from)).await
    }

    /// Deletes the counters of the limits whose names begin with `name`.
    ///
    /// # Errors
    /// If the database fails.
    pub(crate) async fn forget_counters(&self, name: &str) -> Result<(), DynoxideError> {
        for expiring in self.expiring.iter() {
            self.engine.delete_partitions(expiring.table.clone(), format!("{COUNTERS}{name}")).await?;
        }
        Ok(())
    }

    /// Runs a job for each page of each table with a time to live: only these tables are changed by functions.
    async fn page_by_page(
        &self,
        job: impl Fn(&Database, &ttl::Expiring, ttl::Position) -> Result<ttl::Position, DynoxideError> + Copy + Send + 'static,
    ) -> Result<(), DynoxideError> {
        for expiring in self.expiring.iter() {
            let mut position = None;
            loop {
                let expiring = expiring.clone();
                position = self.engine.run(move |database| job(database, &expiring, position)).await?;
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
            let (result, capacity) = execute(&call.core, operation, text.to_owned()).await;
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

/// Executes an operation. A write wakes the readers of the stream also if its caller has stopped waiting, because it is made all the same.
async fn execute(core: &Arc<Core>, operation: &'static str, body: String) -> (Result<String, DynoxideError>, Capacity) {
    let core = Arc::clone(core);
    let executed = tokio::spawn(async move {
        let (result, capacity) = core.aws.dynamodb.engine.execute(operation, body).await;
        if engine::is_write(operation) && result.is_ok() {
            core.aws.streams.written(&core.activity);
        }
        (result, capacity)
    });
    executed.await.unwrap_or_else(|e| (Err(DynoxideError::InternalServerError(e.to_string())), Capacity::default()))
}

fn reply(result: Result<String, DynoxideError>, request_id: &str) -> Response {
    match result {
        Ok(body) => json_reply(StatusCode::OK, body, request_id),
        Err(e) => json_reply(StatusCode::from_u16(e.status_code()).unwrap_or(StatusCode::BAD_REQUEST), e.to_json(), request_id),
    }
}

/// Returns the error of AWS for a transaction that is cancelled with this reason for those operations that `at` selects by index and
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tables(items: &[Value]) -> DynamoDb {
        let spec = TableSpec {
            name: "the-state".into(),
            arn: "arn:aws:dynamodb:eu-central-1:000000000000:table/the-state".into(),
            stream_arn: None,
            create: json!({
                "TableName": "the-state", "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            }),
            ttl_attribute: Some("ttl".into()),
            statements: Vec::new(),
        };
        let tables = DynamoDb::open(None, &[spec], &Sys::real()).expect("opened");
        for item in items {
            let request = serde_json::from_value(json!({"TableName": "the-state", "Item": item})).expect("a request");
            tables.database().put_item(request).expect("put");
        }
        tables
    }

    fn all(tables: &DynamoDb) -> Vec<Value> {
        let request = serde_json::from_value(json!({"TableName": "the-state"})).expect("a request");
        let found = serde_json::to_value(tables.database().scan(request).expect("scanned")).expect("JSON");
        sorted(found.get("Items").and_then(Value::as_array).cloned().unwrap_or_default())
    }

    fn sorted(mut items: Vec<Value>) -> Vec<Value> {
        items.sort_by_key(Value::to_string);
        items
    }

    fn item(pk: &str, leased_until: Option<i64>) -> Value {
        match leased_until {
            None => json!({"pk": {"S": pk}, "sk": {"S": "x"}, "other": {"N": "9000"}}),
            Some(until) => json!({"pk": {"S": pk}, "sk": {"S": "x"}, "other": {"N": "9000"}, "leased_until": {"N": until.to_string()}}),
        }
    }

    #[tokio::test]
    async fn leases_end_and_nothing_else_changes() {
        let tables = tables(&[item("held", Some(9_000)), item("over", Some(4_000)), item("never", None)]);
        tables.end_leases(Time::from_millis(5_000)).await.expect("ended");
        assert_eq!(all(&tables), sorted(vec![item("held", Some(5_000)), item("over", Some(4_000)), item("never", None)]));
    }

    #[tokio::test]
    async fn counters_are_forgotten_by_the_name_of_their_limit() {
        let keys = ["LIMIT#client#a", "LIMIT#client#b", "LIMIT#clients#a", "LIMIT#other#a", "LIMITS#a", "USER#a"];
        let items: Vec<Value> = keys.iter().map(|key| item(key, None)).collect();
        let tables = tables(&items);
        tables.forget_counters("client#").await.expect("forgotten");
        let left = |keys: &[&str]| sorted(keys.iter().map(|key| item(key, None)).collect());
        assert_eq!(all(&tables), left(&["LIMIT#clients#a", "LIMIT#other#a", "LIMITS#a", "USER#a"]));
        tables.forget_counters("").await.expect("forgotten");
        assert_eq!(all(&tables), left(&["LIMITS#a", "USER#a"]));
    }
}
