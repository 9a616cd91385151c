//! Event source mappings: functions are invoked with the records of a table's stream, in order.
//!
//! Each mapping reads the only shard of its table, filters the records, and invokes its function with one batch after the other. A failed
//! batch is retried until it is handled or becomes a dead letter. Positions survive a restart, so no record is lost and few are delivered
//! twice.
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html>

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use dynoxide::{
    DynoxideError,
    actions::{get_records::GetRecordsRequest, get_shard_iterator::GetShardIteratorRequest},
};
use kernel::Time;
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use tokio::{sync::Notify, task::JoinSet};

use super::pattern::Pattern;
use crate::{
    Core, StartError,
    activity::{Activity, Guard},
    hosts::Trace,
    storage::{damaged, read_file, replace_file},
    template::{REGION, StreamMappingSpec, Template},
};

/// How many records one read returns at most.
const PAGE: usize = 1_000;
/// The delay before a failed batch is retried. It doubles each time, as on AWS, but is shorter.
const FIRST_DELAY: Duration = Duration::from_millis(20);
const MAX_DELAY: Duration = Duration::from_secs(1);

/// Every mapping of one local cloud.
pub(super) struct Streams {
    mappings: Vec<Arc<Mapping>>,
    positions: Positions,
}

struct Mapping {
    spec: StreamMappingSpec,
    stream_arn: String,
    filters: Vec<Pattern>,
    /// The guards of writes whose records are not handled yet.
    pending: Mutex<Vec<Guard>>,
    wake: Notify,
}

/// The sequence number of the last handled record, by the name of the mapping.
struct Positions {
    file: Option<PathBuf>,
    handled: Mutex<BTreeMap<String, String>>,
}

/// A batch and the number of its retries.
struct Batch {
    records: Vec<Value>,
    retries: u32,
}

/// The response of a function that reports partial failures.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    #[serde(default)]
    batch_item_failures: Option<Vec<ItemFailure>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ItemFailure {
    item_identifier: Option<String>,
}

impl Streams {
    /// Returns the mappings of a template, with the positions in `file`.
    ///
    /// # Errors
    /// If a filter is not supported, a table has no stream, or the file is damaged.
    pub(super) fn open(template: &Template, file: Option<PathBuf>) -> Result<Self, StartError> {
        let mappings = template.stream_mappings.iter().map(|spec| Mapping::new(template, spec).map(Arc::new));
        Ok(Self { mappings: mappings.collect::<Result<_, _>>()?, positions: Positions::open(file)? })
    }

    /// Takes a guard for a write. Call this before the write is answered, so that waiting for idleness includes its records.
    pub(super) fn written(&self, activity: &Activity) {
        for mapping in &self.mappings {
            mapping.pending.lock().unwrap_or_else(PoisonError::into_inner).push(activity.begin());
            mapping.wake.notify_one();
        }
    }

    /// Returns the last record that all mappings of a table have handled. Sequence numbers have one length, so they compare as text.
    fn handled_by_all(&self, table: &str) -> Option<String> {
        let of_table = self.mappings.iter().filter(|m| m.spec.table == table);
        of_table.map(|m| self.positions.of(&m.spec.name)).min().flatten()
    }
}

impl Mapping {
    fn new(template: &Template, spec: &StreamMappingSpec) -> Result<Self, StartError> {
        let wrong = |why: String| StartError::Template(format!("event source {} of function {}: {why}", spec.name, spec.function));
        let table = template.tables.iter().find(|t| t.name == spec.table);
        let stream_arn = table.and_then(|t| t.stream_arn.clone()).ok_or_else(|| wrong(format!("table {} has no stream", spec.table)))?;
        let filters = spec.filters.iter().map(|f| Pattern::parse(f).map_err(|e| wrong(e.to_string()))).collect::<Result<_, _>>()?;
        Ok(Self { spec: spec.clone(), stream_arn, filters, pending: Mutex::default(), wake: Notify::new() })
    }

    fn wants(&self, record: &Value) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|f| f.matches(record))
    }

    /// Returns the index of the first record that the function reports as failed, or the length of the batch if there is none.
    fn first_failure(&self, response: &RawValue, records: &[Value]) -> usize {
        let report = if self.spec.reports_failures { serde_json::from_str::<Report>(response.get()).ok() } else { None };
        let failures = report.and_then(|r| r.batch_item_failures).unwrap_or_default();
        if failures.is_empty() {
            return records.len();
        }
        let failed: HashSet<&str> = failures.iter().filter_map(|f| f.item_identifier.as_deref()).collect();
        // An unknown identifier fails the whole batch.
        records.iter().position(|r| sequence_number(r).is_some_and(|n| failed.contains(n))).unwrap_or(0)
    }
}

impl Positions {
    fn open(file: Option<PathBuf>) -> Result<Self, StartError> {
        let handled = file.as_deref().map_or(Ok(None), read_file).map_err(damaged(file.as_deref()))?;
        Ok(Self { file, handled: Mutex::new(handled.unwrap_or_default()) })
    }

    fn of(&self, mapping: &str) -> Option<String> {
        self.handled.lock().unwrap_or_else(PoisonError::into_inner).get(mapping).cloned()
    }

    /// Sets a position. It is saved only if the function was invoked (`invoked`): records that the filters leave out may come again after
    /// a restart, because they are left out again.
    fn put(&self, mapping: &str, sequence_number: String, invoked: bool) {
        let mut handled = self.handled.lock().unwrap_or_else(PoisonError::into_inner);
        handled.insert(mapping.to_owned(), sequence_number);
        if let Some(file) = self.file.as_ref().filter(|_| invoked)
            && let Err(e) = replace_file(file, &*handled)
        {
            tracing::error!(error = %e, "the position in a stream cannot be saved; after a restart records come again");
        }
    }
}

/// Spawns a reader for every mapping.
pub(super) fn start(core: &Arc<Core>, tasks: &mut JoinSet<()>) {
    for mapping in &core.aws.streams.mappings {
        let (core, mapping) = (Arc::clone(core), Arc::clone(mapping));
        tasks.spawn(async move { follow(&core, &mapping).await });
    }
}

/// Reads the stream until the stack ends, beginning with the records that an earlier process has not handled.
async fn follow(core: &Core, mapping: &Mapping) {
    loop {
        // Taken before the read: a later guard also wakes this task again.
        let guards = std::mem::take(&mut *mapping.pending.lock().unwrap_or_else(PoisonError::into_inner));
        while let Err(e) = drain(core, mapping).await {
            tracing::error!(error = %e, function = mapping.spec.function, "the stream cannot be read");
            tokio::time::sleep(MAX_DELAY).await;
        }
        drop(guards);
        mapping.wake.notified().await;
    }
}

async fn drain(core: &Core, mapping: &Mapping) -> Result<(), DynoxideError> {
    let positions = &core.aws.streams.positions;
    loop {
        let records = read(core, mapping, positions.of(&mapping.spec.name)).await?;
        let Some(last) = records.last().and_then(sequence_number).map(str::to_owned) else { return Ok(()) };
        let is_last_page = records.len() < PAGE;
        let mut wanted: Vec<Value> = records.into_iter().filter(|r| mapping.wants(r)).collect();
        let invoked = !wanted.is_empty();
        while !wanted.is_empty() {
            let rest = wanted.split_off(wanted.len().min(mapping.spec.batch_size.max(1)));
            handle(core, mapping, std::mem::replace(&mut wanted, rest)).await;
        }
        let streams = &core.aws.streams;
        let before = streams.handled_by_all(&mapping.spec.table);
        positions.put(&mapping.spec.name, last, invoked);
        // The last of the mappings to handle records deletes them.
        let after = streams.handled_by_all(&mapping.spec.table);
        if after != before
            && let Some(handled) = after
            && let Err(e) = core.aws.dynamodb.engine().forget(mapping.spec.table.clone(), handled).await
        {
            // The console may be reading the table. They are deleted together with the next ones.
            tracing::warn!(error = %e, table = mapping.spec.table, "handled stream records cannot be deleted");
        }
        // A record that was written since then wakes the reader again.
        if is_last_page {
            return Ok(());
        }
    }
}

/// Returns the next records, in the form of an event.
async fn read(core: &Core, mapping: &Mapping, after: Option<String>) -> Result<Vec<Value>, DynoxideError> {
    let (table, stream_arn) = (mapping.spec.table.clone(), mapping.stream_arn.clone());
    let records = core.aws.dynamodb.engine().run(move |database| {
        let iterator = database.get_shard_iterator(GetShardIteratorRequest {
            stream_arn,
            shard_id: dynoxide::streams::shard_id(&table),
            shard_iterator_type: if after.is_some() { "AFTER_SEQUENCE_NUMBER" } else { "TRIM_HORIZON" }.to_owned(),
            sequence_number: after,
        })?;
        let shard_iterator = iterator.shard_iterator.unwrap_or_default();
        let records = database.get_records(GetRecordsRequest { shard_iterator, limit: Some(PAGE) })?.records;
        records
            .iter()
            .map(|r| serde_json::to_value(r).map_err(|e| DynoxideError::InternalServerError(e.to_string())))
            .collect::<Result<Vec<_>, _>>()
    });
    let mut records = records.await?;
    for record in &mut records {
        if let Some(fields) = record.as_object_mut() {
            fields.insert("awsRegion".to_owned(), json!(REGION));
            fields.insert("eventSourceARN".to_owned(), json!(mapping.stream_arn));
        }
        // dynoxide writes the real time. Functions expect that of the local cloud's clock.
        if let Some(time) = record.pointer_mut("/dynamodb/ApproximateCreationDateTime")
            && let Some(real) = time.to_string().split('.').next().and_then(|seconds| seconds.parse().ok())
        {
            *time = json!(core.clock.shown_at(real).seconds());
        }
    }
    Ok(records)
}

/// Invokes the function until every record is handled, or its retries have ended.
async fn handle(core: &Core, mapping: &Mapping, records: Vec<Value>) {
    let spec = &mapping.spec;
    let mut batches = VecDeque::from([Batch { records, retries: 0 }]);
    while let Some(Batch { mut records, retries }) = batches.pop_front() {
        let (handled, error) = match invoke(core, &spec.function, &records).await {
            Ok(response) => (mapping.first_failure(&response, &records), None),
            Err(e) => (0, Some(e)),
        };
        let rest = records.split_off(handled.min(records.len()));
        if rest.is_empty() {
            continue;
        }
        let given_up = if spec.max_retries.is_some_and(|max| retries >= max) { rest.len() } else { expired(spec, &rest, core.clock.now()) };
        if given_up > 0 {
            let mut old = rest;
            let rest = old.split_off(given_up);
            let error = error.unwrap_or_else(|| "reported as not handled".to_owned());
            core.aws.dead_letters.add(spec.on_failure.as_deref(), &spec.function, &error, event(&old));
            core.hosts.report_failure(spec.on_failure.as_deref(), &spec.function, &error, None);
            if !rest.is_empty() {
                batches.push_front(Batch { records: rest, retries });
            }
        } else if spec.bisects && error.is_some() && rest.len() > 1 {
            // Bisecting does not count as a retry.
            let mut first = rest;
            let second = first.split_off(first.len().div_ceil(2));
            batches.push_front(Batch { records: second, retries });
            batches.push_front(Batch { records: first, retries });
        } else {
            tokio::time::sleep(delay(retries)).await;
            batches.push_front(Batch { records: rest, retries: retries.saturating_add(1) });
        }
    }
}

async fn invoke(core: &Core, function: &str, records: &[Value]) -> Result<Box<RawValue>, String> {
    let trace = Trace::new(&core.sys);
    core.aws.calls.open(trace.as_str());
    let response = core.hosts.invoke(function, event(records), &trace).await;
    let operation = core.template.functions.get(function).map_or(function, |f| &f.name);
    core.aws.calls.close(trace.as_str(), operation, response.is_ok());
    response.map_err(|e| e.to_string())
}

fn event(records: &[Value]) -> Box<RawValue> {
    // A value that was parsed from JSON can be written as JSON.
    serde_json::value::to_raw_value(&json!({"Records": records})).unwrap_or_default()
}

fn sequence_number(record: &Value) -> Option<&str> {
    record.pointer("/dynamodb/SequenceNumber")?.as_str()
}

/// Returns the number of leading records that are too old.
fn expired(spec: &StreamMappingSpec, records: &[Value], now: Time) -> usize {
    let Some(max) = spec.max_age else { return 0 };
    let written = |r: &Value| r.pointer("/dynamodb/ApproximateCreationDateTime").and_then(Value::as_i64).unwrap_or_default();
    records.iter().take_while(|r| now.since(Time::from_millis(written(r).saturating_mul(1000))) > max).count()
}

fn delay(retries: u32) -> Duration {
    FIRST_DELAY.saturating_mul(2_u32.saturating_pow(retries)).min(MAX_DELAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(reports_failures: bool) -> Mapping {
        let spec = StreamMappingSpec {
            name: "Outbox".into(),
            table: "state".into(),
            function: "outbox-relay".into(),
            filters: Vec::new(),
            batch_size: 10,
            reports_failures,
            bisects: true,
            max_retries: Some(2),
            max_age: Some(Duration::from_secs(60)),
            on_failure: None,
        };
        let filters = vec![Pattern::parse(&json!({"eventName": ["INSERT"]})).expect("pattern")];
        Mapping { spec, stream_arn: String::new(), filters, pending: Mutex::default(), wake: Notify::new() }
    }

    fn record(number: &str) -> Value {
        json!({"eventName": "INSERT", "dynamodb": {"SequenceNumber": number, "ApproximateCreationDateTime": 1000}})
    }

    #[test]
    fn a_report_names_the_first_record_to_retry() {
        let records = [record("1"), record("2"), record("3")];
        let first =
            |mapping: &Mapping, response: &str| mapping.first_failure(&RawValue::from_string(response.to_owned()).expect("json"), &records);
        for (response, expected) in [
            (r#"{"batchItemFailures":[]}"#, 3),
            (r#"{"batchItemFailures":null}"#, 3),
            ("null", 3),
            ("{}", 3),
            (r#"{"batchItemFailures":[{"itemIdentifier":"3"},{"itemIdentifier":"2"}]}"#, 1),
            (r#"{"batchItemFailures":[{"itemIdentifier":"9"}]}"#, 0),
            (r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#, 0),
        ] {
            assert_eq!(first(&mapping(true), response), expected, "{response}");
        }
        assert_eq!(first(&mapping(false), r#"{"batchItemFailures":[{"itemIdentifier":"1"}]}"#), 3, "not asked to report");
    }

    #[test]
    fn records_are_filtered_and_expire() {
        let mapping = mapping(true);
        assert!(mapping.wants(&record("1")));
        assert!(!mapping.wants(&json!({"eventName": "REMOVE"})));
        let young = json!({"eventName": "INSERT", "dynamodb": {"SequenceNumber": "2", "ApproximateCreationDateTime": 1001}});
        for (now, old) in [(1_060_000, 0), (1_060_001, 1), (1_061_001, 2)] {
            assert_eq!(expired(&mapping.spec, &[record("1"), young.clone()], Time::from_millis(now)), old);
        }
    }

    #[test]
    fn a_position_survives_a_restart() {
        let folder = tempfile::tempdir().expect("folder");
        let file = Some(folder.path().join("streams.json"));
        let positions = Positions::open(file.clone()).expect("opened");
        positions.put("Outbox", "42".into(), true);
        positions.put("Outbox", "43".into(), false);
        assert_eq!(positions.of("Outbox").as_deref(), Some("43"));
        let again = Positions::open(file).expect("opened again");
        assert_eq!(again.of("Outbox").as_deref(), Some("42"), "what no function got comes again");
    }
}
