//! A minimal AWS: every table, bucket and inbox exists and is empty, and every secret has the same value.

use std::collections::BTreeMap;

use axum::{
    Router,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse as _, Response},
};
use local::{Urls, credentials::Credential, hosts, template::FunctionSpec};
use serde_json::json;
use tokio::net::TcpListener;

use crate::Failure;

/// The value of a secret of the template.
pub const RING: &str = r#"{"current":"k1","k1":"mX7qW2vZ9bN4cR8tY1uK5oP3sD6fG0hJ"}"#;

/// The environment of a function: that of the template, and the SDK's variables with the endpoints at this address.
pub fn environment(function: &FunctionSpec, address: &str) -> BTreeMap<String, String> {
    function.environment.clone().into_iter().chain(account(address)).collect()
}

/// The SDK's variables with the endpoints at this address.
pub fn account(address: &str) -> BTreeMap<String, String> {
    let [function, access_key, secret_key, session_token] = ["Tasks", "AKIDTASKS", "none", "none"].map(str::to_owned);
    let urls = Urls { aws: address.to_owned(), ..Urls::default() };
    hosts::account(&Credential { function, access_key, secret_key, session_token }, &urls)
}

/// Listens until the runtime ends, and returns the address. `secret` is the value of each secret.
pub async fn listen(secret: &str) -> Result<String, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}", listener.local_addr()?);
    let router = Router::new().fallback(answer).with_state(secret.to_owned());
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

async fn answer(State(secret): State<String>, headers: HeaderMap) -> Response {
    let target = headers.get("x-amz-target").and_then(|t| t.to_str().ok()).and_then(|t| t.rsplit('.').next()).unwrap_or_default();
    let body = match target {
        "Query" | "Scan" => json!({ "Items": [], "Count": 0, "ScannedCount": 0 }),
        "BatchGetItem" => json!({ "Responses": {}, "UnprocessedKeys": {} }),
        "BatchWriteItem" => json!({ "UnprocessedItems": {} }),
        "PutEvents" => json!({ "FailedEntryCount": 0, "Entries": [{ "EventId": "1" }, { "EventId": "2" }] }),
        "GetSecretValue" => json!({ "SecretString": secret }),
        _ => json!({}),
    };
    ([("content-type", "application/x-amz-json-1.0")], body.to_string()).into_response()
}
