//! Puts items into the table of a local cloud directly, without functions: only the rows that the searches read, so that a million records
//! fit on a disk. The items are made as the functions make them.
//!
//! Records are put in the order of their titles and ids, so that each list grows at its end, which is fastest in a large file. While one
//! batch is put, the next one is made.

use std::{collections::BTreeMap, sync::Arc};

use local::{Stack, aws::dynamodb::Row};
use serde_json::{Value, json};
use store::Item;
use tokio::sync::mpsc;

use super::table_name;
use crate::Failure;

/// How many rows are put in one transaction of the database.
const BATCH: usize = 50_000;
/// How many batches wait.
const WAITING: usize = 1;

/// Puts the rows of records into the table that has a stream.
pub async fn fill<T: Send + Sync + 'static>(
    stack: &Stack,
    records: Arc<Vec<T>>,
    rows_of: impl Fn(&T) -> Result<Vec<Row>, String> + Send + 'static,
) -> Result<(), Failure> {
    let table = table_name(stack)?;
    let (sender, mut batches) = mpsc::channel::<Vec<Row>>(WAITING);
    let making = tokio::task::spawn_blocking(move || {
        let mut batch: Vec<Row> = Vec::new();
        for record in records.iter() {
            batch.extend(rows_of(record)?);
            // Nobody receives it if the database has failed, which is reported there.
            if batch.len() >= BATCH && sender.blocking_send(std::mem::take(&mut batch)).is_err() {
                return Ok(());
            }
        }
        drop(sender.blocking_send(batch));
        Ok::<(), String>(())
    });
    let core = stack.core();
    while let Some(batch) = batches.recv().await {
        core.aws.dynamodb.fill_rows(&table, batch).await?;
    }
    making.await??;
    Ok(())
}

/// Returns the rows of an item: in the table itself and in its indexes, each if `is_read` holds for its index and its partition.
pub fn rows<I: Item>(item: &I, is_read: impl Fn(Option<&str>, &str) -> bool) -> Result<Vec<Row>, String> {
    let primary = item.key();
    let indexed = item.indexes().into_iter().map(|(index, key)| (Some(index.name()), key));
    let all = std::iter::once((None, primary.clone())).chain(indexed);
    let read: Vec<_> = all.filter(|(index, key)| is_read(*index, key.partition())).collect();
    if read.is_empty() {
        return Ok(Vec::new());
    }
    let text: Arc<str> = json_of(item)?.to_string().into();
    let parts = |key: &store::Key| (key.partition().to_owned(), key.sort().to_owned());
    Ok(read.into_iter().map(|(index, key)| Row { index, key: parts(&key), primary: parts(&primary), item: text.clone() }).collect())
}

/// Returns an item as DynamoDB's JSON.
fn json_of<I: Item>(item: &I) -> Result<Value, String> {
    let Value::Object(members) = serde_json::to_value(item).map_err(|e| e.to_string())? else {
        return Err("an item is an object".to_owned());
    };
    let text = |text: &str| json!({ "S": text });
    let mut row: BTreeMap<String, Value> = members.iter().filter_map(|(name, value)| Some((name.clone(), attribute(value)?))).collect();
    let (key, version) = (item.key(), json!({ "N": I::VERSION.to_string() }));
    row.extend([("pk", text(key.partition())), ("sk", text(key.sort())), ("kind", text(I::KIND)), ("v", version)].map(owned));
    for (index, key) in item.indexes() {
        let name = index.name();
        row.extend([(format!("{name}pk"), text(key.partition())), (format!("{name}sk"), text(key.sort()))]);
    }
    Ok(json!(row))
}

fn owned((name, value): (&str, Value)) -> (String, Value) {
    (name.to_owned(), value)
}

/// Returns an attribute. `None` if it is absent.
fn attribute(value: &Value) -> Option<Value> {
    Some(match value {
        Value::Null => return None,
        Value::Array(values) => json!({ "L": values.iter().filter_map(attribute).collect::<Vec<_>>() }),
        Value::Object(members) => {
            let members: BTreeMap<&String, Value> = members.iter().filter_map(|(name, value)| Some((name, attribute(value)?))).collect();
            json!({ "M": members })
        }
        Value::Number(number) => json!({ "N": number.to_string() }),
        Value::Bool(flag) => json!({ "BOOL": flag }),
        Value::String(text) => json!({ "S": text }),
    })
}
