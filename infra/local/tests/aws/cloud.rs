//! A local cloud with test functions. They are behind an address, like the functions of `cargo lambda watch`.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Deref,
    sync::{Arc, Mutex},
};

use aws_sdk_dynamodb::types::AttributeValue;
use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::post,
};
use function::{Aws, Boot};
use kernel::Env;
use local::{Core, Options, Stack, Storage, at_root, hosts::Hosting, template::REGION};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinSet};

/// A function that returns this error never answers.
pub const NEVER: &str = "never";

/// The response of a function to an event.
type Answer = Box<dyn Fn(&Value) -> Result<Value, String> + Send + Sync>;

/// The events that the functions received, and their responses.
#[derive(Default)]
pub struct Functions {
    answers: Mutex<HashMap<String, Answer>>,
    /// The function, the event, and whether it was handled.
    received: Mutex<Vec<(String, Value, bool)>>,
}

/// A running local cloud.
pub struct Cloud {
    stack: Stack,
    functions: Arc<Functions>,
    _listening: JoinSet<()>,
    _environments: TempDir,
}

impl Functions {
    fn handled(&self, function: &str) -> Vec<Value> {
        let received = self.received.lock().expect("lock");
        received.iter().filter(|(f, _, handled)| f == function && *handled).map(|(_, e, _)| e.clone()).collect()
    }
}

impl Deref for Cloud {
    type Target = Core;
    fn deref(&self) -> &Core {
        &self.stack
    }
}

impl Cloud {
    /// A local cloud in memory.
    pub async fn start() -> Self {
        Self::start_in(Storage::Memory).await
    }

    /// A local cloud with a state folder.
    pub async fn start_in(storage: Storage) -> Self {
        Self::start_with(Options { storage, ..Options::default() }).await
    }

    /// A local cloud with options.
    pub async fn start_with(options: Options) -> Self {
        let functions = Arc::new(Functions::default());
        let router = Router::new().route("/2015-03-31/functions/{name}/invocations", post(invoked)).with_state(Arc::clone(&functions));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
        let url = format!("http://{}", listener.local_addr().expect("address"));
        let mut listening = JoinSet::new();
        listening.spawn(async move { axum::serve(listener, router).await.expect("served") });

        let environments = tempfile::tempdir().expect("folder");
        let hosting = Hosting::Lambda { url, environments: environments.path().to_owned() };
        let template = at_root("infra/local/tests/aws/template.yaml");
        let stack = Stack::start(Options { template, hosting, ..options }).await.expect("started");
        Self { stack, functions, _listening: listening, _environments: environments }
    }

    /// Stops it, as Ctrl-C does. Returns the events that a function has handled by then.
    pub async fn stop(self, function: &str) -> Vec<Value> {
        let Self { stack, functions, _listening, _environments } = self;
        stack.stop().await;
        functions.handled(function)
    }

    /// Every event that a function received.
    pub fn received(&self, function: &str) -> Vec<Value> {
        self.functions.received.lock().expect("lock").iter().filter(|(f, ..)| f == function).map(|(_, e, _)| e.clone()).collect()
    }

    /// The events that it handled.
    pub fn handled(&self, function: &str) -> Vec<Value> {
        self.functions.handled(function)
    }

    /// Sets the response of a function, which is `null` by default.
    pub fn answer(&self, function: &str, answer: impl Fn(&Value) -> Result<Value, String> + Send + Sync + 'static) {
        self.functions.answers.lock().expect("lock").insert(function.to_owned(), Box::new(answer));
    }

    /// The SDK configuration of a function, with a change to its environment.
    pub fn aws_of(&self, function: &str, change: impl FnOnce(&mut BTreeMap<&str, String>)) -> Aws {
        let credential = self.credentials.of(function).expect("credential");
        let mut env = BTreeMap::from([
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", credential.access_key.clone()),
            ("AWS_SECRET_ACCESS_KEY", credential.secret_key.clone()),
            ("AWS_SESSION_TOKEN", credential.session_token.clone()),
        ]);
        change(&mut env);
        let env: Env = env.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
        Boot { env, sys: self.sys.clone(), http: function::http_client().expect("client") }.aws().expect("environment")
    }

    pub fn dynamodb(&self, function: &str) -> aws_sdk_dynamodb::Client {
        self.dynamodb_of(&self.aws_of(function, |_| ()))
    }

    pub fn dynamodb_of(&self, aws: &Aws) -> aws_sdk_dynamodb::Client {
        let config = aws_sdk_dynamodb::config::Builder::from(aws.sdk()).endpoint_url(&self.urls.aws).interceptor(aws.interceptor());
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }

    pub fn s3(&self, function: &str) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::config::Builder::from(self.aws_of(function, |_| ()).sdk()).endpoint_url(&self.urls.aws);
        aws_sdk_s3::Client::from_conf(config.force_path_style(true).build())
    }

    pub fn ses(&self, function: &str) -> aws_sdk_ses::Client {
        let config = aws_sdk_ses::config::Builder::from(self.aws_of(function, |_| ()).sdk()).endpoint_url(&self.urls.aws);
        aws_sdk_ses::Client::from_conf(config.build())
    }

    pub fn sns(&self, function: &str) -> aws_sdk_sns::Client {
        let config = aws_sdk_sns::config::Builder::from(self.aws_of(function, |_| ()).sdk()).endpoint_url(&self.urls.aws);
        aws_sdk_sns::Client::from_conf(config.build())
    }

    pub fn sockets(&self, function: &str) -> aws_sdk_apigatewaymanagement::Client {
        let config = aws_sdk_apigatewaymanagement::config::Builder::from(self.aws_of(function, |_| ()).sdk());
        aws_sdk_apigatewaymanagement::Client::from_conf(config.endpoint_url(format!("{}/test", self.urls.aws)).build())
    }

    pub fn eventbridge(&self, function: &str) -> aws_sdk_eventbridge::Client {
        let config = aws_sdk_eventbridge::config::Builder::from(self.aws_of(function, |_| ()).sdk()).endpoint_url(&self.urls.aws);
        aws_sdk_eventbridge::Client::from_conf(config.build())
    }
}

pub fn key(pk: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([("pk".into(), AttributeValue::S(pk.into())), ("sk".into(), AttributeValue::S("x".into()))])
}

pub fn item(pk: &str, kind: &str) -> HashMap<String, AttributeValue> {
    key(pk).into_iter().chain([("kind".into(), AttributeValue::S(kind.into()))]).collect()
}

async fn invoked(State(functions): State<Arc<Functions>>, Path(name): Path<String>, body: Bytes) -> Response {
    let event = serde_json::from_slice(&body).expect("an event");
    let answer = functions.answers.lock().expect("lock").get(&name).map_or(Ok(json!(null)), |answer| answer(&event));
    functions.received.lock().expect("lock").push((name, event, answer.is_ok()));
    match answer {
        Ok(answer) => Json(answer).into_response(),
        Err(message) if message == NEVER => std::future::pending().await,
        Err(message) => (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({"errorMessage": message}))).into_response(),
    }
}
