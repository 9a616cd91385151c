//! The AWS endpoints: one listener for all of them, and a shorter way for the functions in this process.
//!
//! The scope of the signature names the service of a call. Before a call is executed, its signature is verified with the secret of the
//! calling function, its permission is checked by the function's policy in the template, it is counted, and a scripted fault may apply.

pub mod alarms;
mod call;
pub mod calls;
pub mod dead_letters;
pub mod direct;
pub mod dynamodb;
mod eventbridge;
pub mod faults;
mod glob;
pub mod history;
pub mod iam;
pub mod pattern;
pub mod s3;
mod secretsmanager;
mod service;
mod ses;
pub mod sigv4;
mod sns;
mod sockets;
mod streams;

use std::{
    collections::{BTreeSet, HashMap},
    fs,
    path::Path,
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    extract::{Request, State as AxumState},
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use kernel::Env;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    Core, StartError, Storage,
    clock::Clock,
    credentials::OPERATOR,
    storage::{BUCKETS, TABLES, damaged},
    template::{ACCOUNT, Template},
};
use alarms::Alarms;
pub(crate) use call::lost;
use call::{Call, request_id};
use calls::Calls;
use dead_letters::DeadLetters;
use direct::Direct;
use dynamodb::DynamoDb;
use faults::Faults;
use history::History;
use iam::{Denied, Need, Policy};
use s3::S3;
pub use service::Service;
use sigv4::Scope;

/// The largest request body of the services other than S3: DynamoDB's 16 MB.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// How often expired items are deleted, in real time. AWS deletes them within a few days.
const SWEEP_EVERY: Duration = Duration::from_secs(300);

/// Names the file that every counted operation and every used permission is appended to, for a report over many processes.
const CALLS_FILE: &str = "STOA_CALLS_FILE";

/// The state of the endpoints.
pub struct State {
    /// The alarms.
    pub alarms: Alarms,
    /// The counted calls.
    pub calls: Calls,
    /// The scripted faults.
    pub faults: Faults,
    /// The dead letters.
    pub dead_letters: DeadLetters,
    /// The way of the functions in this process.
    pub direct: Direct,
    /// The last events on the buses.
    pub history: History,
    /// The tables.
    pub dynamodb: DynamoDb,
    /// The buckets.
    pub s3: S3,
    bus: eventbridge::Bus,
    streams: streams::Streams,
    /// The policy and the principal of each function.
    callers: HashMap<String, Caller>,
    /// The verified identities of SES.
    identities: BTreeSet<String>,
}

struct Caller {
    arn: String,
    /// The ARN of its role, or of the user if it is one.
    principal: String,
    policy: Policy,
}

impl State {
    /// Opens the state and creates the resources of the template that do not exist yet.
    ///
    /// # Errors
    /// [`StartError::State`] if the state folder is damaged, [`StartError::Template`] if a table, a policy or a pattern is not supported.
    pub fn open(template: &Template, storage: &Storage, clock: &Clock) -> Result<Self, StartError> {
        let sys = clock.sys().clone();
        if let Storage::Folder(folder) = storage {
            fs::create_dir_all(folder).map_err(damaged(Some(folder)))?;
        }
        let calls = match Env::process().get(CALLS_FILE).map(Path::new) {
            Some(file) => {
                Calls::with_file(file).map_err(|e| StartError::State(format!("{}, which {CALLS_FILE} names: {e}", file.display())))?
            }
            None => Calls::default(),
        };
        let dead_letters = match storage.path("dead-letters.json") {
            Some(file) => DeadLetters::open(sys.clone(), &file).map_err(damaged(Some(&file)))?,
            None => DeadLetters::in_memory(sys.clone()),
        };
        let policy =
            |name: &str, statements: &[Value]| Policy::parse(statements).map_err(|e| StartError::Template(format!("function {name}: {e}")));
        let functions = template.functions.iter().map(|(name, function)| {
            // The name that CloudFormation gives, without the random suffix.
            let stack = function.function_name.strip_suffix(&function.name).unwrap_or_default();
            let role = format!("{stack}{}Role-LOCAL", function.logical_id);
            let arn = format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{}", function.function_name);
            let principal = format!("arn:aws:iam::{ACCOUNT}:role/{role}");
            Ok((name.clone(), Caller { arn, principal, policy: policy(name, &function.statements)? }))
        });
        let mut callers = functions.collect::<Result<HashMap<_, _>, StartError>>()?;
        let everything = policy(OPERATOR, &[json!({"Effect": "Allow", "Action": "*", "Resource": "*"})])?;
        let operator = format!("arn:aws:iam::{ACCOUNT}:user/operator");
        callers.insert(OPERATOR.to_owned(), Caller { arn: operator.clone(), principal: operator, policy: everything });
        // Files are read before anything is created.
        let (bus, streams) = (eventbridge::Bus::new(template)?, streams::Streams::open(template, storage.path("streams.json"))?);
        let dynamodb = DynamoDb::open(storage.path(TABLES).as_deref(), &template.tables, &sys)?;
        let s3 = S3::open(storage.path(BUCKETS).as_deref(), template)?;
        let identities = identities(template);
        let (alarms, history, direct) = (Alarms::open()?, History::default(), Direct::default());
        Ok(Self {
            alarms,
            calls,
            faults: Faults::default(),
            dead_letters,
            direct,
            history,
            dynamodb,
            s3,
            bus,
            streams,
            callers,
            identities,
        })
    }

    /// Checks a permission of a function, and records its use.
    fn permit(&self, function: &str, need: &Need) -> Result<(), Denied> {
        self.check(function, need)?;
        self.calls.permitted(function, need);
        Ok(())
    }

    /// Returns whether a function has a permission. Not recorded.
    fn may(&self, function: &str, need: &Need) -> bool {
        self.check(function, need).is_ok()
    }

    fn check(&self, function: &str, need: &Need) -> Result<(), Denied> {
        self.callers.get(function).map_or_else(|| Policy::default().check(need), |caller| caller.policy.check(need))
    }

    fn caller_arn(&self, function: &str) -> String {
        self.callers.get(function).map(|c| c.arn.clone()).unwrap_or_default()
    }
}

/// Returns the addresses and domains that functions may send mails from. An operator of a deployment verifies them in SES.
fn identities(template: &Template) -> BTreeSet<String> {
    let statements = template.functions.values().flat_map(|function| &function.statements);
    let resources = statements.filter(|s| s.get("Effect") == Some(&json!("Allow"))).filter_map(|s| s.get("Resource"));
    let each = resources.flat_map(|resource| resource.as_array().map_or_else(|| std::slice::from_ref(resource), Vec::as_slice));
    each.filter_map(|arn| Some(arn.as_str()?.split_once(":identity/")?.1.to_owned())).collect()
}

/// Returns the router of the endpoints, for one listener.
///
/// # Errors
/// If the folder of the buckets cannot be used.
pub fn router(core: Arc<Core>) -> Result<Router, StartError> {
    let s3 = s3::service(&core)?;
    Ok(Router::new().fallback(answer).with_state(Endpoints { core, s3 }))
}

#[derive(Clone)]
struct Endpoints {
    core: Arc<Core>,
    s3: s3s::service::S3Service,
}

/// Answers a request to its end, also if the caller stops waiting: there is no object without its notification.
async fn to_its_end(work: impl Future<Output = Response> + Send + 'static) -> Response {
    tokio::spawn(work).await.unwrap_or_else(|e| {
        tracing::error!(error = %e, "S3 failed");
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    })
}

async fn answer(AxumState(endpoints): AxumState<Endpoints>, request: Request) -> Response {
    let core = &endpoints.core;
    let Some(service) = service_of(&request) else {
        return (StatusCode::NOT_FOUND, "no service of this name is answered here").into_response();
    };
    if service == Service::S3 {
        let (core, s3) = (Arc::clone(core), endpoints.s3.clone());
        return to_its_end(async move { s3::answer(&core, &s3, request).await }).await;
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, MAX_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let call = match Call::verify(core, service, &parts, &body) {
        Ok(call) => call,
        Err(e) => return service.refuse(&service.unsigned(e), &request_id(&core.sys)),
    };
    match service {
        Service::DynamoDb => dynamodb::answer(&call, &parts.headers, &body).await,
        Service::EventBridge => eventbridge::answer(&call, &parts.headers, &body).await,
        Service::SecretsManager => secretsmanager::answer(&call, &parts.headers, &body).await,
        Service::Ses => ses::answer(&call, &body).await,
        Service::Sns => sns::answer(&call, &body).await,
        Service::Connections => sockets::answer(&call, &parts, body).await,
        // S3 was answered before, because it streams its bodies. The others have no endpoint here.
        Service::S3 | Service::Lambda | Service::HttpApi => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Returns the service of a request, from its signature. An unsigned request is assigned by its headers or path, and otherwise to S3,
/// because only browsers send unsigned requests, and only to S3.
fn service_of(request: &Request) -> Option<Service> {
    if let Some(scope) = Scope::claimed(request.headers(), request.uri()) {
        return Service::signed_as(&scope.service);
    }
    let target = request.headers().get("x-amz-target").and_then(|t| t.to_str().ok()).unwrap_or_default();
    Some(match target.split('_').next() {
        Some("DynamoDB") => Service::DynamoDb,
        Some(target) if target.starts_with("AWSEvents") => Service::EventBridge,
        Some(target) if target.starts_with("secretsmanager") => Service::SecretsManager,
        _ if sockets::connection_of(request.uri().path()).is_some() => Service::Connections,
        _ => Service::S3,
    })
}

/// Spawns the background tasks.
pub fn start(core: &Arc<Core>, tasks: &mut JoinSet<()>) {
    streams::start(core, tasks);
    // At the start, too, because items expire while no local cloud is running.
    let (core, mut moves, mut swept) = (Arc::clone(core), core.clock.subscribe(), None);
    tasks.spawn(async move {
        loop {
            let offset = *moves.borrow_and_update();
            // Times of expiry are in whole seconds, so that a clock that is moved in small steps causes one sweep a second.
            let now = core.clock.now().seconds();
            if swept != Some(now) {
                match core.aws.sweep(&core).await {
                    Ok(()) => swept = Some(now),
                    Err(e) => tracing::error!(error = %e, "expired items cannot be deleted"),
                }
            }
            core.clock.expired_is_deleted(offset);
            // Items may have expired after the timeout and after a move of the clock.
            drop(tokio::time::timeout(SWEEP_EVERY, moves.changed()).await);
        }
    });
}

impl State {
    /// Deletes the items whose time to live is over and the objects that a lifecycle rule expires, as the background task does.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn sweep(&self, core: &Core) -> Result<(), dynoxide::DynoxideError> {
        let now = core.clock.now();
        self.s3.sweep(&core.template.buckets, now);
        let swept = self.dynamodb.sweep(now).await;
        // A sweep that fails may have deleted some.
        self.streams.written(&core.activity);
        swept
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn what_was_begun_ends_although_nobody_waits() {
        let ((go_on, held), (done, ended)) = (oneshot::channel::<()>(), oneshot::channel());
        let work = async move {
            held.await.expect("told");
            done.send("stored and told").expect("heard");
            StatusCode::OK.into_response()
        };
        let mut answer = Box::pin(to_its_end(work));
        assert!(answer.as_mut().now_or_never().is_none(), "it waits");
        drop(answer);
        go_on.send(()).expect("it goes on");
        assert_eq!(ended.await, Ok("stored and told"));
    }
}
