//! `/_local/tables`: the stored items. These reads are not counted and need no permission.
//!
//! Items are sorted by kind: kinds that developers look for come first, internal kinds come last.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, LazyLock},
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

/// The kinds that developers look for, in this order.
pub const MAIN_KINDS: [&str; 18] = [
    "user",
    "session",
    "password",
    "room",
    "member",
    "message",
    "registration",
    "sign_in",
    "phone_sign_in",
    "challenge",
    "device",
    "passkey",
    "upload",
    "export",
    "invite",
    "deletion",
    "roles",
    "audit",
];
/// The internal kinds, which come last: those that no person gets exported. Read from `ITEMS.md`, whose column `Exported` has `no: …` or
/// `about nobody: …` for them.
static INTERNAL_KINDS: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
    let rows = include_str!("../../../../shared/store/ITEMS.md").lines().filter_map(|line| line.strip_prefix("| `"));
    let unexported = rows.filter(|row| row.split(" | ").any(|cell| cell.starts_with("no: ") || cell.starts_with("about nobody: ")));
    unexported.filter_map(|row| row.split('`').next()).collect()
});
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
    /// The number of items of each kind, in their order.
    #[serde(serialize_with = "in_order")]
    kinds: BTreeMap<Place, usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PageQuery {
    /// Only this kind of item.
    kind: Option<String>,
    /// Only the partition with this key.
    pk: Option<String>,
    /// Only items with this text in their keys or values. The case of letters does not matter.
    #[serde(default)]
    q: String,
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
    Query(query): Query<PageQuery>,
) -> Result<Json<Items>, ConsoleError> {
    let db = core.aws.dynamodb.database();
    blocking(move || find(&db, &table, &query)).await.map(Json)
}

fn count(db: &Database, name: String) -> Result<Table, ConsoleError> {
    let mut kinds: BTreeMap<Place, usize> = BTreeMap::new();
    let mut items = 0_usize;
    let mut start = None;
    loop {
        let mut request = Map::from_iter([("TableName".to_owned(), json!(name)), ("ProjectionExpression".to_owned(), json!("kind"))]);
        request.extend(start.take().map(|s| ("ExclusiveStartKey".to_owned(), s)));
        let answer = db.scan(read(Value::Object(request))?).map_err(ConsoleError::internal)?;
        for item in answer.items.unwrap_or_default() {
            let Some(AttributeValue::S(kind)) = item.get("kind") else { continue };
            let n = kinds.entry(Place::of(kind)).or_default();
            *n = n.saturating_add(1);
        }
        items = items.saturating_add(answer.count);
        match answer.last_evaluated_key {
            Some(key) if items < MAX_COUNTED => start = Some(json!(key)),
            _ => return Ok(Table { name, items, kinds }),
        }
    }
}

/// The place of a kind in the order of kinds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Place(usize, String);

impl Place {
    fn of(kind: &str) -> Self {
        let place = match MAIN_KINDS.iter().position(|k| *k == kind) {
            Some(place) => place,
            None if INTERNAL_KINDS.contains(kind) => usize::MAX,
            None => MAIN_KINDS.len(),
        };
        Self(place, kind.to_owned())
    }
}

fn in_order<S: serde::Serializer>(kinds: &BTreeMap<Place, usize>, s: S) -> Result<S::Ok, S::Error> {
    s.collect_map(kinds.iter().map(|(Place(_, kind), n)| (kind, n)))
}

/// The position of an item in a table: by kind, then by key. The cursor of a page is the position of its last item.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct ItemPlace(Place, String, String);

type Item = HashMap<String, AttributeValue>;

impl ItemPlace {
    fn of(item: &Item) -> Self {
        let text = |name: &str| match item.get(name) {
            Some(AttributeValue::S(text)) => text.as_str(),
            _ => "",
        };
        Self(Place::of(text("kind")), text("pk").to_owned(), text("sk").to_owned())
    }
}

/// Returns a page of a partition or of the whole table. Reads all items, but keeps only those of the page.
fn find(db: &Database, table: &str, query: &PageQuery) -> Result<Items, ConsoleError> {
    let limit = query.limit.unwrap_or(PAGE).clamp(1, MAX_PAGE);
    let after = query.cursor.as_deref().map(open_cursor).transpose()?;
    let needle = query.q.trim().to_lowercase();
    let (mut page, mut start): (BTreeMap<ItemPlace, Value>, _) = (BTreeMap::new(), None);
    loop {
        let request = request(table, query, start.take());
        let (found, last) = if query.pk.is_some() {
            let answer = db.query(read(request)?).map_err(ConsoleError::bad_request)?;
            (answer.items, answer.last_evaluated_key)
        } else {
            let answer = db.scan(read(request)?).map_err(ConsoleError::bad_request)?;
            (answer.items, answer.last_evaluated_key)
        };
        for item in found.unwrap_or_default() {
            let place = ItemPlace::of(&item);
            let item = json!(item);
            if after.as_ref().is_none_or(|after| place > *after) && mentions(&item, &needle) {
                page.insert(place, item);
            }
            // One more than a page, to know whether another follows.
            if page.len() > limit.saturating_add(1) {
                page.pop_last();
            }
        }
        match last {
            Some(key) => start = Some(json!(key)),
            None => break,
        }
    }
    let more = page.len() > limit;
    if more {
        page.pop_last();
    }
    let next = page.last_key_value().filter(|_| more).map(|(place, _)| seal_cursor(place));
    Ok(Items { items: page.into_values().collect(), next })
}

/// Returns whether a text or number in an item has this text in it. In DynamoDB's JSON both are strings.
fn mentions(value: &Value, needle: &str) -> bool {
    match value {
        _ if needle.is_empty() => true,
        Value::String(text) => text.to_lowercase().contains(needle),
        Value::Array(values) => values.iter().any(|v| mentions(v, needle)),
        Value::Object(members) => members.values().any(|v| mentions(v, needle)),
        _ => false,
    }
}

fn request(table: &str, query: &PageQuery, start: Option<Value>) -> Value {
    let mut request = Map::from_iter([("TableName".to_owned(), json!(table))]);
    let mut names = Map::new();
    let mut values = Map::new();
    if let Some(pk) = &query.pk {
        request.insert("KeyConditionExpression".to_owned(), json!("#pk = :pk"));
        names.insert("#pk".to_owned(), json!("pk"));
        values.insert(":pk".to_owned(), json!({ "S": pk }));
    }
    if let Some(kind) = &query.kind {
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

fn seal_cursor(place: &ItemPlace) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(json!(place).to_string())
}

fn open_cursor(cursor: &str) -> Result<ItemPlace, ConsoleError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_look_for_is_first_and_bookkeeping_last() {
        let mut kinds = ["limit", "zebra", "message", "done", "told", "user", "session", "room"].map(Place::of);
        kinds.sort();
        assert_eq!(kinds.map(|Place(_, kind)| kind), ["user", "session", "room", "message", "told", "zebra", "done", "limit"]);
        for kind in ["done", "email", "kept_answer", "limit", "outbox", "seal_key", "statistics", "ticket", "token_keys"] {
            assert!(INTERNAL_KINDS.contains(kind), "{kind}");
        }
        assert!(["told", "upload", "user", "member"].iter().all(|kind| !INTERNAL_KINDS.contains(kind)));
    }

    #[test]
    fn keys_and_values_are_searched_and_names_of_types_are_not() {
        let item = json!({
            "pk": { "S": "USER#usr_01" }, "created": { "N": "1893499260000" },
            "list": { "L": [{ "S": "Żółw" }, { "M": { "a": { "S": "deep" } } }] }, "tags": { "SS": ["x-ray"] }, "on": { "BOOL": true },
        });
        for found in ["", "usr_01", "user#", "18934", "żół", "deep", "ray"] {
            assert!(mentions(&item, found), "{found}");
        }
        for missing in ["created", "bool", "ss", "nobody"] {
            assert!(!mentions(&item, missing), "{missing}");
        }
    }
}
