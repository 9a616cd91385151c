//! Runs dynoxide on its own thread.
//!
//! dynoxide holds one mutex during every call, so more threads would only wait for it. On a thread of the async runtime a long scan would
//! block the HTTP servers.

use std::{sync::mpsc, thread};

use dynoxide::{Database, DynoxideError};
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

use super::sqlite::{Row, Sqlite};
use crate::aws::calls::{Capacity, Units};

type Job = Box<dyn FnOnce(&Database, &Sqlite) + Send>;

/// The database. Cloning shares it; the thread ends with the last clone.
#[derive(Clone)]
pub struct Engine {
    database: Database,
    jobs: mpsc::Sender<Job>,
}

impl Engine {
    /// Moves a database onto its thread.
    ///
    /// # Errors
    /// If the thread cannot be started.
    pub fn start(database: Database, sqlite: Sqlite) -> std::io::Result<Self> {
        let (jobs, queue) = mpsc::channel::<Job>();
        let on_thread = database.clone();
        thread::Builder::new().name("dynamodb".to_owned()).spawn(move || queue.iter().for_each(|job| job(&on_thread, &sqlite)))?;
        Ok(Self { database, jobs })
    }

    /// Returns the database, for threads that may block.
    pub fn database(&self) -> Database {
        self.database.clone()
    }

    /// Runs something with the database.
    ///
    /// # Errors
    /// Its error, or `InternalServerError` if the thread has ended.
    pub async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Database) -> Result<T, DynoxideError> + Send + 'static,
    ) -> Result<T, DynoxideError> {
        self.on_thread(move |database, _| job(database)).await
    }

    /// Deletes a table's stream records up to this one.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn forget(&self, table: String, sequence_number: String) -> Result<(), DynoxideError> {
        self.on_thread(move |_, sqlite| sqlite.forget(&table, &sequence_number)).await
    }

    /// Deletes the items of a table whose partition key begins with `prefix`: see [`Sqlite::delete_partitions`].
    ///
    /// # Errors
    /// If the database fails.
    pub async fn delete_partitions(&self, table: String, prefix: String) -> Result<(), DynoxideError> {
        self.on_thread(move |_, sqlite| sqlite.delete_partitions(&table, &prefix)).await
    }

    /// Puts rows into a table and its indexes: see [`Sqlite::fill`].
    ///
    /// # Errors
    /// If the database fails.
    pub async fn fill(&self, table: String, rows: Vec<Row>) -> Result<(), DynoxideError> {
        self.on_thread(move |_, sqlite| sqlite.fill(&table, &rows)).await
    }

    async fn on_thread<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Database, &Sqlite) -> Result<T, DynoxideError> + Send + 'static,
    ) -> Result<T, DynoxideError> {
        let (done, result) = oneshot::channel();
        // If the caller has stopped waiting, the result is dropped.
        let job: Job = Box::new(move |database, sqlite| drop(done.send(job(database, sqlite))));
        let died = || DynoxideError::InternalServerError("the database's thread has ended".to_owned());
        self.jobs.send(job).map_err(|_| died())?;
        result.await.map_err(|_| died())?
    }

    /// Executes an operation of the DynamoDB API. Returns the body of the reply or the error, and the consumed capacity.
    pub async fn execute(&self, operation: &'static str, body: String) -> (Result<String, DynoxideError>, Capacity) {
        match self.run(move |database| execute(database, operation, &body)).await {
            Ok((body, capacity)) => (Ok(body), capacity),
            Err(error) => {
                let capacity = consumed_by(&error);
                (Err(error), capacity)
            }
        }
    }
}

/// Returns the name of an operation, if it is implemented.
pub fn known(operation: &str) -> Option<&'static str> {
    const KNOWN: [&str; 11] = [
        "BatchGetItem",
        "BatchWriteItem",
        "DeleteItem",
        "DescribeTable",
        "GetItem",
        "PutItem",
        "Query",
        "Scan",
        "TransactGetItems",
        "TransactWriteItems",
        "UpdateItem",
    ];
    KNOWN.into_iter().find(|known| *known == operation)
}

/// Returns whether an operation changes items.
pub fn is_write(operation: &str) -> bool {
    matches!(operation, "PutItem" | "UpdateItem" | "DeleteItem" | "BatchWriteItem" | "TransactWriteItems")
}

/// Returns the capacity of a failed call. AWS bills a write whose condition failed. dynoxide does not report how much, so the minimum is
/// counted.
fn consumed_by(error: &DynoxideError) -> Capacity {
    let writes = match error {
        DynoxideError::ConditionalCheckFailedException(..) => 1,
        DynoxideError::TransactionCanceledException(_, reasons) => reasons.len().saturating_mul(2),
        _ => 0,
    };
    Capacity { write: std::iter::repeat_n(Units::ONE, writes).sum(), ..Capacity::default() }
}

/// The most rows that a query without a limit takes from the database. Without it dynoxide takes the whole partition before it cuts off what
/// is more than 1 MB. An item has more than sixty bytes, so that 1 MB is fewer.
const ROWS_OF_QUERY: usize = 17_500;

fn bounded(request: &mut dynoxide::actions::query::QueryRequest) {
    request.limit.get_or_insert(ROWS_OF_QUERY);
}

/// Calls one method with the consumed capacity requested, and removes the capacity from the response if the caller did not request it.
macro_rules! metered {
    ($database:ident . $method:ident, $module:ident :: $request:ident, $body:ident, $side:ident $(, $prepare:ident)?) => {{
        let mut request: dynoxide::actions::$module::$request = parse($body)?;
        $($prepare(&mut request);)?
        let is_requested = request.return_consumed_capacity.as_deref().is_some_and(|mode| mode != "NONE");
        if !is_requested {
            request.return_consumed_capacity = Some("TOTAL".to_owned());
        }
        let mut response = $database.$method(request)?;
        let capacity = Capacity { $side: response.consumed_capacity.units(), ..Capacity::default() };
        if !is_requested {
            response.consumed_capacity = None;
        }
        Ok((print(&response)?, capacity))
    }};
}

fn execute(database: &Database, operation: &str, body: &str) -> Result<(String, Capacity), DynoxideError> {
    match operation {
        "BatchGetItem" => metered!(database.batch_get_item, batch_get_item::BatchGetItemRequest, body, read),
        "BatchWriteItem" => metered!(database.batch_write_item, batch_write_item::BatchWriteItemRequest, body, write),
        "DeleteItem" => metered!(database.delete_item, delete_item::DeleteItemRequest, body, write),
        "DescribeTable" => Ok((print(&database.describe_table(parse(body)?)?)?, Capacity::default())),
        "GetItem" => metered!(database.get_item, get_item::GetItemRequest, body, read),
        "PutItem" => metered!(database.put_item, put_item::PutItemRequest, body, write),
        "Query" => metered!(database.query, query::QueryRequest, body, read, bounded),
        "Scan" => metered!(database.scan, scan::ScanRequest, body, read),
        "TransactGetItems" => metered!(database.transact_get_items, transact_get_items::TransactGetItemsRequest, body, read),
        "TransactWriteItems" => metered!(database.transact_write_items, transact_write_items::TransactWriteItemsRequest, body, write),
        "UpdateItem" => metered!(database.update_item, update_item::UpdateItemRequest, body, write),
        other => Err(DynoxideError::ValidationException(format!("{other} is not answered here"))),
    }
}

/// The consumed capacity in a response, of one table or of several.
trait Consumed {
    fn units(&self) -> Units;
}

impl Consumed for Option<dynoxide::types::ConsumedCapacity> {
    fn units(&self) -> Units {
        self.iter().map(|c| Units::reported(c.capacity_units)).sum()
    }
}

impl Consumed for Option<Vec<dynoxide::types::ConsumedCapacity>> {
    fn units(&self) -> Units {
        self.iter().flatten().map(|c| Units::reported(c.capacity_units)).sum()
    }
}

/// Parses a request. dynoxide marks the kind of an error in its text, and only its own server, which is not used here, removes the marks.
pub fn parse<T: DeserializeOwned>(body: &str) -> Result<T, DynoxideError> {
    serde_json::from_str(body).map_err(|e| {
        let message = e.to_string();
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(text, _)| text);
        match message.split_once(':') {
            Some(("VALIDATION" | "VALIDATION_REQUEST" | "VALIDATION_AS_READ", text)) => DynoxideError::ValidationException(text.to_owned()),
            Some(("SERIALIZATION" | "SERIALIZATION_AS_READ", text)) => DynoxideError::SerializationException(text.to_owned()),
            _ if message.contains("missing field") => DynoxideError::ValidationException(message.to_owned()),
            _ => DynoxideError::SerializationException(message.to_owned()),
        }
    })
}

fn print(response: &impl serde::Serialize) -> Result<String, DynoxideError> {
    serde_json::to_string(response).map_err(|e| DynoxideError::InternalServerError(e.to_string()))
}
