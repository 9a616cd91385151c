//! Where functions run: in this process, or in the processes of `cargo lambda watch`. The events are the same.

mod accepted;
mod deliveries;
mod environment;
mod remote;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use accepted::{Accepted, Unfinished};
use deliveries::{Deliveries, Delivery};
pub use environment::account;
use function::{Boot, Context, Function, RawValue, SharedHttpClient};
use kernel::{Env, Sys, Timestamp};
use remote::Remote;
pub(crate) use remote::write_environment;
use serde_json::{Value, json};
use tokio::{
    sync::{OnceCell, Semaphore, oneshot, watch},
    task::JoinHandle,
};

pub use crate::trace::Trace;
use crate::{
    StartError, Storage, Urls,
    activity::Activity,
    aws::{
        Service,
        calls::Calls,
        dead_letters::DeadLetters,
        faults::{Fault, Faults},
        history::History,
    },
    clock::Clock,
    credentials::Credentials,
    functions::{self, Start},
    secrets::Secrets,
    storage::{INVOCATIONS, damaged},
    template::{QueueMappingSpec, REGION, Template},
};

/// Lambda's limit for a request or a response, in bytes.
const MAX_PAYLOAD: usize = 6 * 1024 * 1024;
/// Lambda's limit for an asynchronous event, in bytes.
const MAX_ASYNC_PAYLOAD: usize = 1024 * 1024;
/// The delay before an asynchronous invocation is retried. On AWS it is a minute, then two.
const RETRY_AFTER: Duration = Duration::from_millis(50);

/// The most parallel invocations in this process. Others wait for a slot. On AWS each invocation has its own CPU; here the calls of
/// hundreds of parallel invocations would time out.
pub(crate) const AT_ONCE: usize = 32;

/// How long the platform waits. Tests set shorter times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How long API Gateway waits for a function.
    pub gateway: Duration,
    /// The longest time of a function, whatever its timeout in the template.
    pub function: Duration,
    /// How long a listener waits for the head of a request, and for each further part of its body. As long as S3 by default.
    pub client: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { gateway: Duration::from_secs(30), function: Duration::from_mins(15), client: Duration::from_secs(20) }
    }
}

/// Where functions run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Hosting {
    /// In this process, each started with its first invocation.
    #[default]
    Lazy,
    /// In this process, all started at once, so that a wrong configuration is found at the start.
    Eager,
    /// In the processes of `cargo lambda watch`.
    Lambda {
        /// The address of `cargo lambda watch`.
        url: String,
        /// The folder to which each function's environment is written.
        environments: PathBuf,
    },
}

/// Why an invocation has no response.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// There is no such function in the template or in code.
    #[error("there is no function {0}")]
    Unknown(String),
    /// The request is larger than Lambda's 6 MB (1 MB for an asynchronous one).
    #[error("a request of {0} bytes is too large")]
    RequestTooLarge(usize),
    /// The response is larger than Lambda's 6 MB.
    #[error("a response of {0} bytes is too large")]
    ResponseTooLarge(usize),
    /// The function did not answer within its timeout.
    #[error("timed out after {0:?}")]
    TimedOut(Duration),
    /// The function failed, or did not start.
    #[error("{0}")]
    Failed(String),
    /// The local cloud has ended.
    #[error("the local cloud has ended")]
    Ended,
}

/// Invokes functions. Cloning shares it.
#[derive(Clone)]
pub struct Hosts(Arc<Inner>);

struct Inner {
    functions: BTreeMap<String, Hosted>,
    queue_mappings: Vec<QueueMappingSpec>,
    remote: Option<Remote>,
    clock: Clock,
    slots: Semaphore,
    activity: Activity,
    calls: Calls,
    faults: Faults,
    dead_letters: DeadLetters,
    accepted: Accepted,
    deliveries: Deliveries,
    /// Whether the local cloud has ended, and its invocations with it.
    ended: watch::Sender<bool>,
    history: History,
}

/// One function. In this process it is started once, with its first invocation.
struct Hosted {
    name: String,
    arn: String,
    timeout: Duration,
    max_retries: u32,
    on_failure: Option<String>,
    start: Option<Start>,
    env: Env,
    http: SharedHttpClient,
    running: OnceCell<Function>,
}

/// The parts of the local cloud that [`Hosts`] needs.
pub struct HostContext<'a> {
    /// The deployed template.
    pub template: &'a Template,
    /// The addresses of the listeners.
    pub urls: &'a Urls,
    /// The credentials of the functions.
    pub credentials: &'a Credentials,
    /// The generated secrets of the template.
    pub secrets: &'a Secrets,
    /// The storage of the state.
    pub storage: &'a Storage,
    /// How long the platform waits.
    pub patience: Patience,
    /// The clock.
    pub clock: &'a Clock,
    /// Pending work.
    pub activity: &'a Activity,
    /// The counted calls.
    pub calls: &'a Calls,
    /// The scripted faults.
    pub faults: &'a Faults,
    /// The dead letters.
    pub dead_letters: &'a DeadLetters,
    /// The last events on the buses.
    pub history: &'a History,
    /// The HTTP client of the functions in this process.
    pub http: SharedHttpClient,
}

impl Hosts {
    /// Hosts for every function of the template. None is started yet.
    ///
    /// # Errors
    /// [`StartError::Template`] if a variable refers to a secret that does not exist, [`StartError::State`] if the accepted events
    /// cannot be read.
    pub fn new(hosting: &Hosting, context: &HostContext<'_>) -> Result<Self, StartError> {
        let mut functions = BTreeMap::new();
        for (id, spec) in &context.template.functions {
            let declared = environment::declared(spec, context.template, context.urls, context.secrets)
                .map_err(|e| StartError::Template(e.to_string()))?;
            let credential = context.credentials.of(id).ok_or_else(|| StartError::State(format!("{id} has no credentials")))?;
            let env = environment::whole(spec, declared, credential, context.urls);
            if let Hosting::Lambda { environments, .. } = hosting {
                let written = write_environment(environments, &spec.name, env.clone());
                written.map_err(|e| StartError::State(format!("{}: {e}", environments.display())))?;
            }
            let hosted = Hosted {
                name: spec.name.clone(),
                arn: spec.arn.clone(),
                timeout: spec.timeout.min(context.patience.function),
                max_retries: spec.max_retries,
                on_failure: spec.on_failure.clone(),
                start: functions::named(&spec.name).map(|function| function.start),
                env: env.into_iter().collect(),
                http: context.http.clone(),
                running: OnceCell::new(),
            };
            functions.insert(id.clone(), hosted);
        }
        let remote = match hosting {
            Hosting::Lambda { url, .. } => Some(Remote::new(url)),
            Hosting::Lazy | Hosting::Eager => None,
        };
        let file = context.storage.path(INVOCATIONS);
        let accepted = Accepted::open(file.as_deref()).map_err(damaged(file.as_deref()))?;
        Ok(Self(Arc::new(Inner {
            functions,
            queue_mappings: context.template.queue_mappings.clone(),
            remote,
            clock: context.clock.clone(),
            slots: Semaphore::new(AT_ONCE),
            activity: context.activity.clone(),
            calls: context.calls.clone(),
            faults: context.faults.clone(),
            dead_letters: context.dead_letters.clone(),
            accepted,
            deliveries: Deliveries::default(),
            ended: watch::Sender::new(false),
            history: context.history.clone(),
        })))
    }

    /// Returns the environment of a function, by the name of its folder.
    #[must_use]
    pub fn environment(&self, name: &str) -> Option<&Env> {
        self.0.functions.values().find(|f| f.name == name).map(|f| &f.env)
    }

    /// Returns whether the functions run in other processes, which print their log lines themselves.
    #[must_use]
    pub fn are_remote(&self) -> bool {
        self.0.remote.is_some()
    }

    /// Starts every function that runs in this process.
    ///
    /// # Errors
    /// [`StartError::Function`], with what is wrong in its configuration.
    pub async fn start_all(&self) -> Result<(), StartError> {
        let starts = self.0.functions.values().filter(|f| f.start.is_some()).map(|f| async move {
            f.started(self.0.clock.sys()).await.map(|_| ()).map_err(|e| StartError::Function(f.name.clone(), e.to_string()))
        });
        futures_util::future::try_join_all(starts).await.map(|_| ())
    }

    /// Invokes a function and waits for its response. The invocation continues if the caller stops waiting, as on AWS.
    ///
    /// # Errors
    /// [`InvokeError`].
    pub async fn invoke(&self, function: &str, payload: Box<RawValue>, trace: &Trace) -> Result<Box<RawValue>, InvokeError> {
        response_of(self.begin(function, payload, trace, oneshot::channel().0)?).await
    }

    /// Like [`Hosts::invoke`], with a timeout of the caller. `None` after the timeout; the invocation continues. The time in which the
    /// invocation waits for a slot does not count, because AWS has no such slots.
    ///
    /// # Errors
    /// [`InvokeError`].
    pub async fn invoke_within(
        &self,
        patience: Duration,
        function: &str,
        payload: Box<RawValue>,
        trace: &Trace,
    ) -> Result<Option<Box<RawValue>>, InvokeError> {
        let (begun, slot) = oneshot::channel();
        let invocation = self.begin(function, payload, trace, begun)?;
        // An invocation that fails before it has a slot drops the sender.
        drop(slot.await);
        tokio::time::timeout(patience, response_of(invocation)).await.ok().transpose()
    }

    /// Starts an invocation. `begun` reports when it has a slot.
    fn begin(&self, function: &str, payload: Box<RawValue>, trace: &Trace, begun: oneshot::Sender<()>) -> Result<Invocation, InvokeError> {
        if payload.get().len() > MAX_PAYLOAD {
            return Err(InvokeError::RequestTooLarge(payload.get().len()));
        }
        let (hosts, id, trace) = (self.clone(), function.to_owned(), trace.clone());
        let guard = self.0.activity.begin();
        Ok(tokio::spawn(async move {
            let response = tokio::select! {
                response = hosts.run(&id, payload, &trace, begun) => response,
                () = hosts.ended() => Err(InvokeError::Ended),
            };
            drop(guard);
            response
        }))
    }

    async fn run(&self, id: &str, payload: Box<RawValue>, trace: &Trace, begun: oneshot::Sender<()>) -> Result<Box<RawValue>, InvokeError> {
        let hosted = self.0.functions.get(id).ok_or_else(|| InvokeError::Unknown(id.to_owned()))?;
        let clock = &self.0.clock;
        // The timeout begins when the invocation has a slot.
        let _slot = self.0.slots.acquire().await.map_err(|e| InvokeError::Failed(e.to_string()))?;
        // Consecutive invocations get different times even if the clock stands still.
        clock.sys().step();
        // Most callers do not wait for this.
        begun.send(()).unwrap_or_default();
        let fault = self.0.faults.fault_for(id, Service::Lambda, "Invoke");
        let response = async {
            apply_fault(&self.0.faults, fault).await?;
            if let Some(remote) = &self.0.remote {
                return remote.invoke(&hosted.name, payload, trace, clock).await;
            }
            let function = hosted.started(clock.sys()).await?;
            let bytes: [u8; 16] = clock.sys().bytes();
            let context = Context {
                request_id: uuid(bytes),
                // Timeouts and deadlines are in real time.
                deadline: Sys::real().now() + hosted.timeout,
                trace: Some(trace.to_string()),
            };
            trace.lines().collect(function.invoke(payload, context)).await.map_err(|e| InvokeError::Failed(error_chain(&*e)))
        };
        let response = tokio::time::timeout(hosted.timeout, response).await.unwrap_or(Err(InvokeError::TimedOut(hosted.timeout)))?;
        match response.get().len() {
            _ if fault == Some(Fault::LostAfter) => Err(InvokeError::Failed("the response was lost: a scripted fault".to_owned())),
            bytes if bytes > MAX_PAYLOAD => Err(InvokeError::ResponseTooLarge(bytes)),
            _ => Ok(response),
        }
    }

    /// Invokes a function asynchronously, in a new trace: retried as in the template, then a dead letter. When this returns the
    /// invocation is stored, and will be made even if this process is killed.
    pub fn invoke_async(&self, function: &str, payload: Box<RawValue>) {
        self.invoke_async_within(function, payload, None);
    }

    /// Like [`Hosts::invoke_async`], as a part of the trace of this header, if there is one.
    pub fn invoke_async_within(&self, function: &str, payload: Box<RawValue>, trace: Option<&str>) {
        let stored = self.0.accepted.add(function, &payload);
        self.spawn_with_retries(function.to_owned(), payload, stored, trace.map(str::to_owned));
    }

    /// Returns the invocations that an earlier process accepted and did not complete, oldest first.
    ///
    /// # Errors
    /// [`StartError::State`] if they cannot be read.
    pub(crate) fn unfinished(&self) -> Result<Vec<Unfinished>, StartError> {
        self.0.accepted.unfinished().map_err(|e| StartError::State(format!("the accepted events: {e}")))
    }

    /// Makes the invocations that an earlier process did not complete.
    pub(crate) fn resume(&self, unfinished: Vec<Unfinished>) {
        for Unfinished { id, function, event } in unfinished {
            self.spawn_with_retries(function, event, Some(id), None);
        }
    }

    /// Ends all invocations. Accepted asynchronous invocations stay stored.
    pub(crate) fn end(&self) {
        self.0.ended.send_replace(true);
    }

    /// Returns when the local cloud has ended.
    async fn ended(&self) {
        // The sender is part of `self`, so waiting cannot fail.
        drop(self.0.ended.subscribe().wait_for(|ended| *ended).await);
    }

    /// Sends the record of a failed invocation to the function that receives messages of this queue, if there is one. The record of a
    /// failed stream batch has no payload (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>). On AWS the
    /// queue delivers the record again as long as the function fails; here it becomes a dead letter of that function.
    pub(crate) fn report_failure(&self, queue: Option<&str>, function: &str, error: &str, payload: Option<&RawValue>) {
        let Some(mapping) = self.0.queue_mappings.iter().find(|mapping| Some(mapping.queue.as_str()) == queue) else { return };
        let arn = self.0.functions.get(function).map_or("", |hosted| &hosted.arn);
        let (sys, now) = (self.0.clock.sys(), self.0.clock.now());
        let payload = payload.and_then(|payload| serde_json::from_str::<Value>(payload.get()).ok());
        let body = json!({
            "version": "1.0",
            "timestamp": Timestamp::from(now),
            "requestContext": { "requestId": uuid(sys.bytes()), "functionArn": format!("{arn}:$LATEST"), "condition": "RetriesExhausted" },
            "requestPayload": payload,
            "responseContext": { "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled" },
            "responsePayload": { "errorType": "Error", "errorMessage": error },
        });
        let message = json!({
            "messageId": uuid(sys.bytes()),
            "receiptHandle": "local",
            "body": body.to_string(),
            "attributes": { "ApproximateReceiveCount": "1", "SentTimestamp": now.millis().to_string() },
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": mapping.queue_arn,
            "awsRegion": REGION,
        });
        // A value can be written as JSON.
        let event = serde_json::value::to_raw_value(&json!({ "Records": [message] })).unwrap_or_default();
        self.invoke_async(&mapping.function, event);
    }

    fn spawn_with_retries(&self, id: String, payload: Box<RawValue>, stored: Option<i64>, trace: Option<String>) {
        let hosts = self.clone();
        let guard = self.0.activity.begin();
        tokio::spawn(async move {
            tokio::select! {
                biased;
                // Checked first, so that the end of the local cloud does not count as a failure of the function.
                () = hosts.ended() => {}
                () = hosts.invoke_with_retries(&id, payload, trace.as_deref()) => {
                    if let Some(stored) = stored {
                        hosts.0.accepted.remove(stored);
                    }
                }
            }
            drop(guard);
        });
    }

    async fn invoke_with_retries(&self, id: &str, payload: Box<RawValue>, within: Option<&str>) {
        let Some(hosted) = self.0.functions.get(id) else { return tracing::error!(function = id, "there is no such function") };
        let mut retries = hosted.max_retries;
        let operation = format!("{}{}", hosted.name, kind_of(&payload));
        let delivery = Delivery::of(id, &payload);
        loop {
            let sys = self.0.clock.sys();
            let trace = within.map_or_else(|| Trace::new(sys), |header| Trace::following(sys, header));
            self.0.calls.open(trace.as_str());
            let begun = Instant::now();
            let attempt = delivery.as_ref().map(|delivery| self.0.deliveries.begin(delivery));
            let result = match payload.get().len() {
                bytes if bytes > MAX_ASYNC_PAYLOAD => Err(InvokeError::RequestTooLarge(bytes)),
                _ => self.invoke(id, payload.clone(), &trace).await,
            };
            drop(attempt);
            self.0.calls.close(trace.as_str(), &operation, result.is_ok());
            let failure = result.as_ref().err().map(ToString::to_string);
            self.0.history.attempted(&payload, id, self.0.clock.now(), begun.elapsed(), failure, &trace);
            let Err(error) = result else { return };
            tracing::warn!(function = hosted.name, %error, retries, "an asynchronous invocation failed");
            let Some(fewer) = retries.checked_sub(1) else {
                let (queue, error) = (hosted.on_failure.as_deref(), error.to_string());
                self.report_failure(queue, id, &error, Some(&payload));
                return self.0.dead_letters.add(queue, id, &error, payload);
            };
            retries = fewer;
            tokio::time::sleep(RETRY_AFTER).await;
            if let Some(delivery) = &delivery {
                self.0.deliveries.ended(delivery).await;
            }
        }
    }
}

impl Hosted {
    async fn started(&self, sys: &Sys) -> Result<&Function, InvokeError> {
        let start = self.start.ok_or_else(|| InvokeError::Unknown(self.name.clone()))?;
        let boot = || Boot { env: self.env.clone(), sys: sys.clone(), http: self.http.clone() };
        let begun = Instant::now();
        let function = self.running.get_or_try_init(|| start(boot())).await.map_err(|e| InvokeError::Failed(error_chain(&e)))?;
        tracing::debug!(function = self.name, elapsed = ?begun.elapsed(), "running");
        Ok(function)
    }
}

/// Applies a scripted fault of Lambda, before the function runs.
async fn apply_fault(faults: &Faults, fault: Option<Fault>) -> Result<(), InvokeError> {
    if let Some(fault) = fault {
        faults.delay(fault).await;
    }
    match fault.and_then(|fault| fault.error_of(Service::Lambda)) {
        Some(refusal) => Err(InvokeError::Failed(format!("{}: {}", refusal.code, refusal.message))),
        None => Ok(()),
    }
}

/// Returns the kind of a bus or scheduler event, after a space, because the AWS calls of a function depend on it.
fn kind_of(event: &RawValue) -> String {
    #[derive(serde::Deserialize)]
    struct Kind {
        #[serde(rename = "detail-type")]
        name: String,
    }
    serde_json::from_str::<Kind>(event.get()).map_or_else(|_| String::new(), |kind| format!(" {}", kind.name))
}

/// A running invocation, which continues if this is dropped.
type Invocation = JoinHandle<Result<Box<RawValue>, InvokeError>>;

async fn response_of(invocation: Invocation) -> Result<Box<RawValue>, InvokeError> {
    invocation.await.unwrap_or_else(|e| Err(InvokeError::Failed(e.to_string())))
}

/// Returns an error and its sources, in one line.
fn error_chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |e| e.source());
    causes.fold(error.to_string(), |line, cause| {
        let cause = cause.to_string();
        // Many errors already contain their source.
        if line.contains(&cause) { line } else { format!("{line}: {cause}") }
    })
}

/// Returns random bytes in the form of a UUID.
pub(crate) fn uuid(bytes: [u8; 16]) -> String {
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}
