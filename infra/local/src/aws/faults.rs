//! Scripted faults: errors of AWS on demand.
//!
//! dynoxide never throttles, never reports a transaction conflict and never loses a reply. Faults test the code that handles these cases.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use http::StatusCode;
use tokio::sync::Notify;

use super::service::{AwsError, Service};

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Refused because of throttling. The SDK retries.
    Throttle,
    /// Answered with the service's 500. The SDK retries.
    Internal,
    /// Answered with a 503. The SDK retries.
    Unavailable,
    /// A transaction conflict. The SDK does not retry. For other operations the same as [`Fault::Internal`].
    Conflict,
    /// A cancelled transaction: the operations whose partition key begins with this fail their condition, as if the item existed.
    /// For other operations the same as [`Fault::Internal`].
    Taken(&'static str),
    /// Executed after this delay. A call of AWS goes on as soon as no fault with this delay is left, because it was ended.
    Slow(Duration),
    /// Executed, but the reply is cut off.
    LostAfter,
}

impl Fault {
    /// Returns the error with which a service answers the call. `None` if the call is executed.
    pub(crate) fn error_of(self, service: Service) -> Option<AwsError> {
        let (status, code) = match (self, service) {
            (Self::Slow(_) | Self::LostAfter, _) => return None,
            (Self::Throttle, Service::DynamoDb | Service::EventBridge | Service::SecretsManager) => {
                (StatusCode::BAD_REQUEST, "ThrottlingException")
            }
            (Self::Throttle, Service::S3) => (StatusCode::SERVICE_UNAVAILABLE, "SlowDown"),
            (Self::Throttle, Service::Ses) => (StatusCode::BAD_REQUEST, "Throttling"),
            (Self::Throttle, Service::Sns) => (StatusCode::TOO_MANY_REQUESTS, "Throttled"),
            (Self::Throttle, Service::Connections) => (StatusCode::TOO_MANY_REQUESTS, "LimitExceededException"),
            (Self::Throttle, Service::Lambda | Service::HttpApi) => (StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException"),
            (Self::Unavailable, _) => (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable"),
            (Self::Conflict | Self::Taken(_), Service::DynamoDb) => (StatusCode::BAD_REQUEST, "TransactionConflictException"),
            (Self::Internal, Service::DynamoDb) => (StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError"),
            (Self::Internal | Self::Conflict | Self::Taken(_), Service::S3 | Service::Sns) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "InternalError")
            }
            (Self::Internal | Self::Conflict | Self::Taken(_), Service::Ses) => (StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure"),
            (Self::Internal | Self::Conflict | Self::Taken(_), Service::EventBridge) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "InternalException")
            }
            (Self::Internal | Self::Conflict | Self::Taken(_), Service::SecretsManager) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "InternalServiceError")
            }
            (Self::Internal | Self::Conflict | Self::Taken(_), Service::Connections) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "InternalServerErrorException")
            }
            (Self::Internal | Self::Conflict | Self::Taken(_), Service::Lambda | Service::HttpApi) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "ServiceException")
            }
        };
        Some(AwsError::new(status, code, "a scripted fault"))
    }
}

/// The calls that a fault is for. A field without a value matches every call; without a service, every call of a function, but
/// neither the invocations of functions nor the requests to the HTTP API.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// The calling function's logical id. For Lambda and the HTTP API, the invoked function's.
    pub function: Option<String>,
    /// The service.
    pub service: Option<Service>,
    /// Such as `TransactWriteItems`; `Invoke` for Lambda; the key of the route for the HTTP API, such as `POST /v1/sessions`.
    pub operation: Option<String>,
    /// The first of the matching calls that fails, counted from one.
    pub first: u32,
    /// How many calls fail from there on. Zero means all.
    pub times: u32,
}

impl Target {
    /// Matches every call of one operation by one function.
    #[must_use]
    pub fn of(function: &str, service: Service, operation: &str) -> Self {
        Self { function: Some(function.to_owned()), service: Some(service), operation: Some(operation.to_owned()), ..Self::default() }
    }

    /// Limits the number of calls that fail. Zero means all.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times, ..self }
    }
}

/// The most scripted faults that are kept. Faults that can no longer apply are removed first.
const MAX_SCRIPTS: usize = 100;

/// A scripted fault. [`Script::end`] ends it; dropping this value does not.
#[derive(Clone, Debug)]
pub struct Script(Arc<ScriptEntry>);

#[derive(Debug)]
struct ScriptEntry {
    id: u64,
    target: Target,
    fault: Fault,
    seen: AtomicU32,
    hits: AtomicU32,
    ended: std::sync::atomic::AtomicBool,
    /// Told when a fault is ended.
    told: Arc<Notify>,
}

/// The faults of one local cloud. Cloning shares them.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    scripts: Arc<Mutex<Scripts>>,
    /// Told when a fault is ended.
    told: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Scripts {
    last_id: u64,
    all: Vec<Script>,
}

impl Faults {
    /// Scripts a fault.
    pub fn script(&self, target: Target, fault: Fault) -> Script {
        let mut scripts = self.scripts();
        scripts.last_id = scripts.last_id.saturating_add(1);
        let id = scripts.last_id;
        let (seen, hits, told) = (AtomicU32::new(0), AtomicU32::new(0), Arc::clone(&self.told));
        let script = Script(Arc::new(ScriptEntry { id, target, fault, seen, hits, ended: false.into(), told }));
        if scripts.all.len() >= MAX_SCRIPTS
            && let Some(spent) = scripts.all.iter().position(Script::is_spent)
        {
            scripts.all.remove(spent);
        }
        scripts.all.push(script.clone());
        script
    }

    /// Returns every fault that has not been ended, in the order in which they were scripted.
    #[must_use]
    pub fn list(&self) -> Vec<Script> {
        let mut scripts = self.scripts();
        scripts.all.retain(|s| !s.0.ended.load(Ordering::Relaxed));
        scripts.all.clone()
    }

    /// Returns the fault that applies to a call, if there is one.
    pub(crate) fn fault_for(&self, function: &str, service: Service, operation: &str) -> Option<Fault> {
        let mut scripts = self.scripts();
        scripts.all.retain(|s| !s.0.ended.load(Ordering::Relaxed));
        // Every script counts every matching call, even if another script applies.
        let found: Vec<Fault> = scripts.all.iter().filter_map(|s| s.0.fault_for(function, service, operation)).collect();
        found.first().copied()
    }

    /// Waits for the delay of a slow call, or until no fault with this delay is left.
    pub(crate) async fn wait(&self, delay: Duration) {
        let ended = async {
            loop {
                // It is told of every end from here on.
                let told = self.told.notified();
                if !self.list().iter().any(|script| script.fault() == Fault::Slow(delay)) {
                    return;
                }
                told.await;
            }
        };
        tokio::time::timeout(delay, ended).await.unwrap_or_default();
    }

    fn scripts(&self) -> MutexGuard<'_, Scripts> {
        self.scripts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Script {
    /// Returns the number, which no other fault of this local cloud has.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// Returns the calls that it is for.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.0.target
    }

    /// Returns the fault.
    #[must_use]
    pub fn fault(&self) -> Fault {
        self.0.fault
    }

    /// Returns whether the fault has applied as often as it was scripted for.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        let times = self.0.target.times;
        times != 0 && self.hits() >= times
    }

    /// Returns the number of calls that the fault has applied to.
    pub fn hits(&self) -> u32 {
        self.0.hits.load(Ordering::Relaxed)
    }

    /// Ends the fault.
    pub fn end(&self) {
        self.0.ended.store(true, Ordering::Relaxed);
        self.0.told.notify_waiters();
    }
}

impl ScriptEntry {
    fn fault_for(&self, function: &str, service: Service, operation: &str) -> Option<Fault> {
        let t = &self.target;
        let is_for = t.function.as_ref().is_none_or(|f| f == function)
            && t.service.map_or(service.is_called(), |s| s == service)
            && t.operation.as_ref().is_none_or(|o| o == operation);
        if !is_for {
            return None;
        }
        let number = self.seen.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let since = number.checked_sub(t.first.max(1))?;
        if t.times != 0 && since >= t.times {
            return None;
        }
        self.hits.fetch_add(1, Ordering::Relaxed);
        Some(self.fault)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn a_fault_applies_to_matching_calls() {
        let faults = Faults::default();
        let second = faults.script(
            Target { operation: Some("PutItem".into()), service: Some(Service::DynamoDb), first: 2, times: 1, ..Target::default() },
            Fault::Throttle,
        );
        let fault_for = |function: &str, operation: &str| faults.fault_for(function, Service::DynamoDb, operation);
        assert_eq!(fault_for("A", "PutItem"), None);
        assert_eq!(fault_for("A", "GetItem"), None);
        assert_eq!(faults.fault_for("A", Service::S3, "PutItem"), None);
        assert_eq!(fault_for("B", "PutItem"), Some(Fault::Throttle));
        assert_eq!(fault_for("A", "PutItem"), None);
        assert_eq!(second.hits(), 1);
    }

    #[test]
    fn only_a_fault_for_lambda_or_the_gateway_reaches_them() {
        let faults = Faults::default();
        let _calls = faults.script(Target { function: Some("A".into()), ..Target::default() }, Fault::Internal);
        for service in [Service::Lambda, Service::HttpApi] {
            assert_eq!(faults.fault_for("A", service, "Invoke"), None);
            let one = faults.script(Target { service: Some(service), times: 1, ..Target::default() }, Fault::Throttle);
            assert_eq!((faults.fault_for("A", service, "Invoke"), one.is_spent()), (Some(Fault::Throttle), true));
            assert_eq!(faults.fault_for("A", service, "Invoke"), None);
        }
        assert_eq!(faults.fault_for("A", Service::S3, "PutObject"), Some(Fault::Internal));
    }

    #[test]
    fn faults_that_are_over_are_forgotten_first() {
        let faults = Faults::default();
        let always = faults.script(Target { function: Some("B".into()), ..Target::default() }, Fault::Internal);
        for _ in 0..MAX_SCRIPTS {
            let _once = faults.script(Target { function: Some("A".into()), times: 1, ..Target::default() }, Fault::Internal);
            let _struck = faults.fault_for("A", Service::S3, "PutObject");
        }
        let ids: Vec<u64> = faults.list().iter().map(Script::id).collect();
        assert_eq!((ids.len(), ids.first(), ids.get(1)), (MAX_SCRIPTS, Some(&always.id()), Some(&3)));
        always.end();
        assert!(faults.list().iter().all(|s| s.id() != always.id()));
    }

    #[test]
    fn a_fault_without_a_count_lasts_until_it_is_ended() {
        let faults = Faults::default();
        let always = faults.script(Target { function: Some("A".into()), ..Target::default() }, Fault::LostAfter);
        assert_eq!(faults.fault_for("A", Service::Sns, "Publish"), Some(Fault::LostAfter));
        assert_eq!(faults.fault_for("B", Service::Sns, "Publish"), None);
        always.end();
        assert_eq!(faults.fault_for("A", Service::Sns, "Publish"), None);
    }

    #[tokio::test]
    async fn a_slow_call_goes_on_when_its_fault_is_ended() {
        const HOUR: Duration = Duration::from_secs(3600);
        let faults = Faults::default();
        let slow = faults.script(Target { function: Some("A".into()), times: 1, ..Target::default() }, Fault::Slow(HOUR));
        let mut waiting = Box::pin(faults.wait(HOUR));
        assert!(waiting.as_mut().now_or_never().is_none(), "it waits");
        slow.end();
        waiting.await;
        faults.wait(Duration::from_millis(1)).await;
    }
}
