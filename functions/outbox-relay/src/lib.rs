//! Publishes the events that transactions have put into the outbox, from the table's stream to the bus.
//!
//! The stream delivers in order and at least once. If the bus refuses a record for a cause that may end, this record is reported as failed,
//! and Lambda delivers again from there, as long as the stream keeps the record. Repeated records are published again, and consumers
//! recognise events by their id. A record that is no valid event is not reported, because it would delay all records after it for a day:
//! its line in the log sets off an alarm, and its item stays in the table for a week.
//!
//! AWS calls: one `PutEvents` for each ten records, the most of one call.

pub mod bus;
mod record;

use aws_lambda_events::{
    dynamodb::Event,
    streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse},
};
use bus::{Bus, BusEntry, PUT_MAX, PutResult};
use function::{Boot, Failure, Function, StartError};
use record::Record;

/// The state of the function: its clients, keys and settings.
#[derive(Clone)]
struct State {
    bus: Bus,
}

/// Reads the configuration.
///
/// # Errors
/// [`StartError::Config`]
#[expect(clippy::unused_async, reason = "hosts start every function alike")]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let aws = boot.aws()?;
    let state = boot.env.read(|r| State { bus: Bus::new(&aws, &r.need("BUS_NAME")) })?;
    Ok(Function::new(state, |s, event: Event, _| async move { relay(&s, event).await }))
}

async fn relay(state: &State, event: Event) -> Result<DynamoDbEventResponse, Failure> {
    let records = event.records.into_iter().map(Record::of).collect::<Result<Vec<_>, _>>()?;
    let mut response = DynamoDbEventResponse::default();
    if let Some(record) = publish(&state.bus, &records).await {
        let mut failure = DynamoDbBatchItemFailure::default();
        failure.item_identifier = Some(record.sequence.clone());
        response.batch_item_failures.push(failure);
    }
    Ok(response)
}

/// Publishes in order. Stops at the first record that the bus refuses with [`PutResult::Retry`], and returns it. Lambda delivers this
/// record and all after it again.
async fn publish<'r>(bus: &Bus, records: &'r [Record]) -> Option<&'r Record> {
    for batch in records.chunks(PUT_MAX) {
        let (mut requests, mut refused) = (Vec::new(), None);
        for (record, answer) in batch.iter().zip(put(bus, batch).await) {
            let request_id = record.request_id();
            match answer {
                PutResult::Accepted => requests.push(request_id),
                PutResult::Invalid(code) => {
                    tracing::error!(code, item = record.item, request_id, "an item of the outbox will never be published");
                }
                PutResult::Retry(code) => {
                    tracing::warn!(code, item = record.item, request_id, "the bus did not accept an event");
                    refused = Some(record);
                    break;
                }
            }
        }
        log_published(requests);
        if refused.is_some() {
            return refused;
        }
    }
    None
}

/// Writes one line for each call, with the ids of the requests whose events were published.
fn log_published(mut requests: Vec<&str>) {
    let events = requests.len();
    requests.dedup();
    if events > 0 {
        tracing::info!(events, request_ids = requests.join(" "), "published");
    }
}

/// Puts the events of the records, and returns a result for each record. A record without an event is invalid.
async fn put(bus: &Bus, batch: &[Record]) -> Vec<PutResult> {
    let entries: Vec<&BusEntry> = batch.iter().filter_map(|record| record.entry.as_ref()).collect();
    let mut answers = if entries.is_empty() { Vec::new() } else { bus.put(&entries).await }.into_iter();
    let poisoned = || PutResult::Invalid("not an event".to_owned());
    batch.iter().map(|record| record.entry.as_ref().and_then(|_| answers.next()).unwrap_or_else(poisoned)).collect()
}
