//! A minimal fake of AWS for measurements and contracts: buckets are empty, messages are accepted and dropped, every secret has the same
//! value, and the table has the items that were put into it before it was sealed.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse as _, Response},
};
use local::{Urls, credentials::Credential, hosts, template::FunctionSpec};
use serde_json::{Value, json};
use store::Key;
use tokio::net::TcpListener;

use crate::Failure;

/// The value of a secret of the template.
pub const RING: &str = r#"{"current":"k1","k1":"mX7qW2vZ9bN4cR8tY1uK5oP3sD6fG0hJ"}"#;

/// Returns the environment of a function: that of the template, and the SDK's variables with the endpoints at this address.
pub fn environment(function: &FunctionSpec, address: &str) -> BTreeMap<String, String> {
    function.environment.clone().into_iter().chain(account(address)).collect()
}

/// Returns the SDK's variables with the endpoints at this address.
pub fn account(address: &str) -> BTreeMap<String, String> {
    let [function, access_key, secret_key, session_token] = ["Tasks", "AKIDTASKS", "none", "none"].map(str::to_owned);
    let urls = Urls { aws: address.to_owned(), ..Urls::default() };
    hosts::account(&Credential { function, access_key, secret_key, session_token }, &urls)
}

/// A fake that listens until the runtime ends.
pub struct Fake {
    /// The address of all services.
    pub address: String,
    state: Arc<Mutex<Account>>,
}

struct Account {
    secret: String,
    /// The items of the table by [`key`].
    items: BTreeMap<String, Value>,
    sealed: bool,
    calls: u64,
}

impl Fake {
    /// Starts a fake that listens on a free port. `secret` is the value of each secret.
    pub async fn listen(secret: &str) -> Result<Self, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = format!("http://{}", listener.local_addr()?);
        let account = Account { secret: secret.to_owned(), items: BTreeMap::new(), sealed: false, calls: 0 };
        let state = Arc::new(Mutex::new(account));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, state })
    }

    /// Changes the value of each secret.
    #[cfg(test)]
    pub fn set_secret(&self, secret: &str) {
        secret.clone_into(&mut lock(&self.state).secret);
    }

    /// Copies the item at a key to another key.
    pub fn copy(&self, from: &Key, to: &Key) {
        let name = |k: &Key| key(&json!({ "pk": { "S": k.partition() }, "sk": { "S": k.sort() } }));
        let mut account = lock(&self.state);
        if let Some(item) = account.items.get(&name(from)).cloned() {
            account.items.insert(name(to), item);
        }
    }

    /// Keeps the items of the table as they are: later writes succeed without effect, so that every event meets the same table.
    pub fn seal(&self) {
        lock(&self.state).sealed = true;
    }

    /// Returns how many requests there were.
    pub fn calls(&self) -> u64 {
        lock(&self.state).calls
    }
}

impl Account {
    fn put(&mut self, item: Option<&Value>) {
        if let Some(item) = item.filter(|_| !self.sealed) {
            self.items.insert(key(item), item.clone());
        }
    }

    fn answer(&mut self, operation: &str, request: &Value) -> Value {
        self.calls = self.calls.saturating_add(1);
        match operation {
            "GetItem" => request.get("Key").and_then(|k| self.items.get(&key(k))).map_or_else(|| json!({}), |item| json!({ "Item": item })),
            "BatchGetItem" => {
                let tables = request.get("RequestItems").and_then(Value::as_object).into_iter().flatten();
                let found = tables.map(|(name, wanted)| {
                    let keys = wanted.get("Keys").and_then(Value::as_array).into_iter().flatten();
                    (name.clone(), keys.filter_map(|k| self.items.get(&key(k)).cloned()).collect::<Vec<_>>().into())
                });
                json!({ "Responses": found.collect::<serde_json::Map<_, _>>(), "UnprocessedKeys": {} })
            }
            "PutItem" => {
                self.put(request.get("Item"));
                json!({})
            }
            "TransactWriteItems" => {
                for write in request.get("TransactItems").and_then(Value::as_array).into_iter().flatten() {
                    self.put(write.pointer("/Put/Item"));
                }
                json!({})
            }
            "Query" | "Scan" => json!({ "Items": [], "Count": 0, "ScannedCount": 0 }),
            "BatchWriteItem" => json!({ "UnprocessedItems": {} }),
            "PutEvents" => json!({ "FailedEntryCount": 0, "Entries": [{ "EventId": "1" }, { "EventId": "2" }] }),
            "GetSecretValue" => json!({ "SecretString": self.secret }),
            _ => json!({}),
        }
    }
}

fn lock(account: &Mutex<Account>) -> MutexGuard<'_, Account> {
    account.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the key of an item, or of a request for one.
fn key(attributes: &Value) -> String {
    json!([attributes.get("pk"), attributes.get("sk")]).to_string()
}

async fn answer(State(account): State<Arc<Mutex<Account>>>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|t| t.to_str().ok()).and_then(|t| t.rsplit('.').next()).unwrap_or_default();
    let request = serde_json::from_slice(&body).unwrap_or_default();
    let answer = lock(&account).answer(target, &request);
    ([("content-type", "application/x-amz-json-1.0")], answer.to_string()).into_response()
}
