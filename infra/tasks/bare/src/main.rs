//! The smallest possible function with a table, as a baseline: axum, and `CALLS` sequential `GetItem` calls over a connection that is
//! opened at start. It uses none of the project's crates.
//!
//! `cargo xtask sizes` builds it together with the real functions and prints their sizes and times as multiples of it. The item that it
//! reads has the size of a user.

use std::process::ExitCode;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Region},
    types::AttributeValue,
};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use axum::{Router, extract::State, routing::any};
use lambda_http::Error;

const AMAZON_ROOTS: &[u8] = include_bytes!("../../../../shared/function/roots/amazon.pem");

fn main() -> ExitCode {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return ExitCode::FAILURE };
    if runtime.block_on(serve()).is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn serve() -> Result<(), Error> {
    let roots = TrustStore::empty().with_pem_certificate(AMAZON_ROOTS);
    let tls = TlsContext::builder().with_trust_store(roots).build()?;
    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(tls).build_https();
    let credentials =
        Credentials::new(env("AWS_ACCESS_KEY_ID"), env("AWS_SECRET_ACCESS_KEY"), Some(env("AWS_SESSION_TOKEN")), None, "environment");
    let mut config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(env("AWS_REGION")))
        .credentials_provider(credentials)
        .http_client(http);
    config.set_endpoint_url(Some(env("AWS_ENDPOINT_URL_DYNAMODB")).filter(|url| !url.is_empty()));
    let table = Client::from_conf(config.build());
    // Opens the connection at start, like every function, so that the first caller does not wait for it.
    get(&table, 1).await;
    let calls = env("CALLS").parse().unwrap_or(1);
    lambda_http::run(Router::new().fallback(any(handle)).with_state((table, calls))).await
}

async fn handle(State((table, calls)): State<(Client, u32)>) -> &'static str {
    get(&table, calls).await
}

async fn get(table: &Client, calls: u32) -> &'static str {
    for _ in 0..calls {
        let key = AttributeValue::S("KEY".to_owned());
        let got = table.get_item().table_name(env("TABLE_NAME")).key("pk", key.clone()).key("sk", key).send().await;
        if got.is_err() {
            return "failed";
        }
    }
    "ok"
}

#[expect(clippy::disallowed_methods, reason = "nothing of ours, not even its way to read the environment")]
fn env(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}
