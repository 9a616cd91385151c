//! `/_local/tables`: the stored items. These reads are not counted and need no permission.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    routing::get,
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use dynoxide::{Database, types::AttributeValue};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::ConsoleError;
use crate::Core;

const PAGE: usize = 50;
const MAX_PAGE: usize = 1_000;
/// The most items read to count the kinds of a table.
const MAX_COUNTED: usize = 20_000;

pub(super) fn routes() -> Router<Arc<Core>> {
    Router::new().route("/_local/tables", get(all)).route("/_local/tables/{table}", get(page))
}

#[derive(Serialize)]
struct Tables {
    tables: Vec<Table>,
}

#[derive(Serialize)]
struct Table {
    name: String,
    items: usize,
    /// The number of items of each kind.
    kinds: BTreeMap<String, usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PageQuery {
    /// Only this kind of item.
    kind: Option<String>,
    /// Only the partition with this key.
    pk: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

#[derive(Serialize)]
struct Items {
    /// In DynamoDB's JSON: every value with its type.
    items: Vec<Value>,
    next: Option<String>,
}

async fn all(State(core): State<Arc<Core>>) -> Result<Json<Tables>, ConsoleError> {
    let db = core.aws.dynamodb.database();
    // The main table, which has a stream, comes first.
    let (state, others): (Vec<_>, Vec<_>) = core.template.tables.iter().partition(|t| t.stream_arn.is_some());
    let names: Vec<String> = state.into_iter().chain(others).map(|t| t.name.clone()).collect();
    let tables = blocking(move || names.into_iter().map(|name| count(&db, name)).collect());
    Ok(Json(Tables { tables: tables.await? }))
}

async fn page(
    State(core): State<Arc<Core>>,
    Path(table): Path<String>,
    Query(asked): Query<PageQuery>,
) -> Result<Json<Items>, ConsoleError> {
    let db = core.aws.dynamodb.database();
    blocking(move || find(&db, &table, &asked)).await.map(Json)
}

fn count(db: &Database, name: String) -> Result<Table, ConsoleError> {
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let mut items = 0_usize;
    let mut start = None;
    loop {
        let mut request = Map::from_iter([("TableName".to_owned(), json!(name)), ("ProjectionExpression".to_owned(), json!("kind"))]);
        request.extend(start.take().map(|s| ("ExclusiveStartKey".to_owned(), s)));
        let answer = db.scan(read(Value::Object(request))?).map_err(ConsoleError::internal)?;
        for item in answer.items.unwrap_or_default() {
            let Some(AttributeValue::S(kind)) = item.get("kind") else { continue };
            let n = kinds.entry(kind.clone()).or_default();
            *n = n.saturating_add(1);
        }
        items = items.saturating_add(answer.count);
        match answer.last_evaluated_key {
            Some(key) if items < MAX_COUNTED => start = Some(json!(key)),
            _ => return Ok(Table { name, items, kinds }),
        }
    }
}

/// One page of a partition or of the whole table. With a filter one read may return few items, so it reads until the page is
/// full.
fn find(db: &Database, table: &str, asked: &PageQuery) -> Result<Items, ConsoleError> {
    let limit = asked.limit.unwrap_or(PAGE).clamp(1, MAX_PAGE);
    let mut start = asked.cursor.as_deref().map(open_cursor).transpose()?;
    let mut items = Vec::new();
    loop {
        let request = request(table, asked, start.take());
        let (found, last) = if asked.pk.is_some() {
            let answer = db.query(read(request)?).map_err(ConsoleError::bad_request)?;
            (answer.items, answer.last_evaluated_key)
        } else {
            let answer = db.scan(read(request)?).map_err(ConsoleError::bad_request)?;
            (answer.items, answer.last_evaluated_key)
        };
        for item in found.unwrap_or_default() {
            items.push(item);
            if items.len() == limit {
                break;
            }
        }
        if items.len() < limit && last.is_some() {
            start = last.map(|key| json!(key));
            continue;
        }
        // A page may end within the result of a read. The next one starts after the last item of the page.
        let next = last.is_some() || items.len() == limit;
        let next = items.last().filter(|_| next).map(seal_cursor);
        return Ok(Items { items: items.iter().map(|i| json!(i)).collect(), next });
    }
}

fn request(table: &str, asked: &PageQuery, start: Option<Value>) -> Value {
    let mut request = Map::from_iter([("TableName".to_owned(), json!(table))]);
    let mut names = Map::new();
    let mut values = Map::new();
    if let Some(pk) = &asked.pk {
        request.insert("KeyConditionExpression".to_owned(), json!("#pk = :pk"));
        names.insert("#pk".to_owned(), json!("pk"));
        values.insert(":pk".to_owned(), json!({ "S": pk }));
    }
    if let Some(kind) = &asked.kind {
        request.insert("FilterExpression".to_owned(), json!("#kind = :kind"));
        names.insert("#kind".to_owned(), json!("kind"));
        values.insert(":kind".to_owned(), json!({ "S": kind }));
    }
    if !names.is_empty() {
        request.insert("ExpressionAttributeNames".to_owned(), Value::Object(names));
        request.insert("ExpressionAttributeValues".to_owned(), Value::Object(values));
    }
    request.extend(start.map(|s| ("ExclusiveStartKey".to_owned(), s)));
    Value::Object(request)
}

fn seal_cursor(item: &HashMap<String, AttributeValue>) -> String {
    let key = json!({ "pk": item.get("pk"), "sk": item.get("sk") });
    BASE64_URL_SAFE_NO_PAD.encode(key.to_string())
}

fn open_cursor(cursor: &str) -> Result<Value, ConsoleError> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).map_err(ConsoleError::bad_request)?;
    serde_json::from_slice(&bytes).map_err(ConsoleError::bad_request)
}

fn read<T: serde::de::DeserializeOwned>(request: Value) -> Result<T, ConsoleError> {
    serde_json::from_value(request).map_err(ConsoleError::internal)
}

/// Runs database work, which blocks, on a thread for that.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, ConsoleError> + Send + 'static) -> Result<T, ConsoleError> {
    tokio::task::spawn_blocking(work).await.map_err(ConsoleError::internal)?
}
