//! dynoxide on a thread of its own.
//!
//! Every call holds one mutex and runs to its end without yielding, so a thread more would only wait, and a scan on a runtime
//! worker would stall the HTTP servers beside it.

use std::{sync::mpsc, thread};

use dynoxide::{Database, DynoxideError};
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

use super::shelf::Shelf;
use crate::aws::calls::{Capacity, Units};

type Job = Box<dyn FnOnce(&Database, &Shelf) + Send>;

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
    pub fn start(database: Database, shelf: Shelf) -> std::io::Result<Self> {
        let (jobs, queue) = mpsc::channel::<Job>();
        let on_thread = database.clone();
        thread::Builder::new().name("dynamodb".to_owned()).spawn(move || queue.iter().for_each(|job| job(&on_thread, &shelf)))?;
        Ok(Self { database, jobs })
    }

    /// The database, to be called on a thread that may block.
    pub fn database(&self) -> Database {
        self.database.clone()
    }

    /// Does something with the database.
    ///
    /// # Errors
    /// Whatever it fails with, and `InternalServerError` if the thread has died.
    pub async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Database) -> Result<T, DynoxideError> + Send + 'static,
    ) -> Result<T, DynoxideError> {
        self.on_thread(move |database, _| job(database)).await
    }

    /// Forgets a table's stream records up to this one.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn forget(&self, table: String, sequence_number: String) -> Result<(), DynoxideError> {
        self.on_thread(move |_, shelf| shelf.forget(&table, &sequence_number)).await
    }

    async fn on_thread<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Database, &Shelf) -> Result<T, DynoxideError> + Send + 'static,
    ) -> Result<T, DynoxideError> {
        let (done, result) = oneshot::channel();
        // Who asked may have stopped waiting: then nobody wants the result.
        let job: Job = Box::new(move |database, shelf| drop(done.send(job(database, shelf))));
        let died = || DynoxideError::InternalServerError("the database's thread has ended".to_owned());
        self.jobs.send(job).map_err(|_| died())?;
        result.await.map_err(|_| died())?
    }

    /// Executes an operation of the DynamoDB API: the body of the reply or the error, and what it consumed.
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

/// The operations that are answered, by their names.
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

/// Whether an operation changes items.
pub fn is_write(operation: &str) -> bool {
    matches!(operation, "PutItem" | "UpdateItem" | "DeleteItem" | "BatchWriteItem" | "TransactWriteItems")
}

/// AWS bills a write whose condition failed; dynoxide does not say how much, so the least it can be is counted.
fn consumed_by(error: &DynoxideError) -> Capacity {
    let writes = match error {
        DynoxideError::ConditionalCheckFailedException(..) => 1,
        DynoxideError::TransactionCanceledException(_, reasons) => reasons.len().saturating_mul(2),
        _ => 0,
    };
    Capacity { write: std::iter::repeat_n(Units::ONE, writes).sum(), ..Capacity::default() }
}

/// Calls one method, always asking for the consumed capacity, and showing it only to a caller who asked.
macro_rules! metered {
    ($database:ident . $method:ident, $module:ident :: $request:ident, $body:ident, $side:ident) => {{
        let mut request: dynoxide::actions::$module::$request = parse($body)?;
        let asked = request.return_consumed_capacity.as_deref().is_some_and(|mode| mode != "NONE");
        if !asked {
            request.return_consumed_capacity = Some("TOTAL".to_owned());
        }
        let mut response = $database.$method(request)?;
        let capacity = Capacity { $side: response.consumed_capacity.units(), ..Capacity::default() };
        if !asked {
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
        "Query" => metered!(database.query, query::QueryRequest, body, read),
        "Scan" => metered!(database.scan, scan::ScanRequest, body, read),
        "TransactGetItems" => metered!(database.transact_get_items, transact_get_items::TransactGetItemsRequest, body, read),
        "TransactWriteItems" => metered!(database.transact_write_items, transact_write_items::TransactWriteItemsRequest, body, write),
        "UpdateItem" => metered!(database.update_item, update_item::UpdateItemRequest, body, write),
        other => Err(DynoxideError::ValidationException(format!("{other} is not answered here"))),
    }
}

/// The consumed capacity that a response reports, singly or per table.
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

/// Reads a request. dynoxide marks in the text of an error which kind it is; only its own server, not used here, takes the marks off.
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
