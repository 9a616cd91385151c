//! Carries what transactions left in the outbox from the table's stream to the bus.
//!
//! The stream delivers in order and at least once. What cannot be published is reported by its place, the first one only:
//! the platform then delivers again from there. What comes again is published again; consumers know events by their id.
//!
//! AWS calls: one `PutEvents` for each ten records, which is the most it takes.

mod record;

use std::sync::Arc;

use aws_lambda_events::{
    dynamodb::Event,
    streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse},
};
use aws_sdk_eventbridge::{Client, types::PutEventsRequestEntry};
use function::{Aws, Boot, Failure, Function, StartError};
use record::Record;

/// Entries of one `PutEvents` (a limit of EventBridge; ten of ours are far below its 256 KB).
const PUT_MAX: usize = 10;

/// What this function may touch.
#[derive(Clone)]
struct State {
    bus: Client,
    name: Arc<str>,
}

/// Reads the configuration.
///
/// # Errors
/// [`StartError::Config`]
#[expect(clippy::unused_async, reason = "hosts start every function alike")]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let aws = boot.aws()?;
    let state = boot.env.read(|r| State { bus: client(&aws), name: r.need("BUS_NAME").into() })?;
    Ok(Function::new(move |event: Event, _| {
        let state = state.clone();
        async move { relay(&state, event).await }
    }))
}

fn client(aws: &Aws) -> Client {
    let mut config = aws_sdk_eventbridge::config::Builder::from(aws.sdk()).interceptor(aws.interceptor());
    config.set_endpoint_url(aws.endpoint("AWS_ENDPOINT_URL_EVENTBRIDGE"));
    Client::from_conf(config.build())
}

async fn relay(state: &State, event: Event) -> Result<DynamoDbEventResponse, Failure> {
    let records = event.records.into_iter().enumerate().map(Record::of).collect::<Result<Vec<_>, _>>()?;
    let mut response = DynamoDbEventResponse::default();
    if let Some(record) = first(poisoned(&records), publish(state, &records).await) {
        let mut failure = DynamoDbBatchItemFailure::default();
        failure.item_identifier = Some(record.sequence.clone());
        response.batch_item_failures.push(failure);
    }
    Ok(response)
}

/// The first record that will never be an event. Its neighbours are published all the same, so that when the platform gives
/// it up, with those behind it, to the dead-letter queue, it alone is lost; the item stays in the table for a week.
fn poisoned(records: &[Record]) -> Option<&Record> {
    let mut poisoned = records.iter().filter(|r| r.entry.is_none());
    let first = poisoned.next()?;
    tracing::error!(sequence = first.sequence, more = poisoned.count(), "a record of the outbox is not an event");
    Some(first)
}

/// Publishes in order, and returns the first record that the bus did not take. Those behind its batch are not tried: they come
/// again in any case.
async fn publish<'r>(state: &State, records: &'r [Record]) -> Option<&'r Record> {
    let good: Vec<(&Record, PutEventsRequestEntry)> = records.iter().filter_map(|r| r.entry(&state.name).map(|e| (r, e))).collect();
    for batch in good.chunks(PUT_MAX) {
        let entries = batch.iter().map(|(_, entry)| entry.clone()).collect();
        let answers = match state.bus.put_events().set_entries(Some(entries)).send().await {
            Ok(put) => put.entries.unwrap_or_default(),
            Err(e) => {
                tracing::warn!(error = %aws_sdk_eventbridge::error::DisplayErrorContext(e), "the bus took nothing");
                Vec::new()
            }
        };
        let taken = |place: usize| answers.get(place).is_some_and(|answer| answer.error_code.is_none());
        if let Some((place, (record, _))) = batch.iter().enumerate().find(|(place, _)| !taken(*place)) {
            let code = answers.get(place).and_then(|answer| answer.error_code.as_deref()).unwrap_or("no answer");
            tracing::warn!(code, sequence = record.sequence, "the bus did not take an event");
            return Some(record);
        }
    }
    None
}

/// The one that stands first in the stream.
fn first<'r>(a: Option<&'r Record>, b: Option<&'r Record>) -> Option<&'r Record> {
    a.into_iter().chain(b).min_by_key(|record| record.place)
}
