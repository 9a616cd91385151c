//! The interface between functions and their hosts (AWS, `cargo lambda watch`, the local cloud): a function takes a Lambda event and
//! returns a Lambda response, both as JSON.
//!
//! A function's `start` reads its configuration, builds its clients once, and returns a [`Function`]. On AWS and under `cargo lambda watch`
//! [`run`] connects it to the Lambda runtime. The local cloud calls [`Function::invoke`] with the same events.

mod aws;
pub mod metrics;
mod outside_client;
mod runtime;
pub mod trace;

use std::{future::Future, panic::AssertUnwindSafe, sync::Arc, time::Duration};

pub use aws::{Aws, http_client};
pub use aws_smithy_runtime_api::client::http::SharedHttpClient;
use futures_util::{FutureExt as _, future::BoxFuture};
use kernel::{ConfigError, Env, Sys, Time};
pub use outside_client::OutsideClient;
pub use runtime::run;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
pub use serde_json::value::RawValue;
use trace::Caused;
use tracing::{Instrument as _, Span};

/// Everything that a function gets from its host when it starts.
#[derive(Clone)]
pub struct Boot {
    /// Its environment variables: those of its block in the template, and those of the platform.
    pub env: Env,
    /// The clock, the random source and the id source.
    pub sys: Sys,
    /// The HTTP client of its AWS clients, with the connection pool.
    pub http: SharedHttpClient,
}

impl Boot {
    /// Returns the settings of this function's AWS clients.
    ///
    /// # Errors
    /// [`StartError`] if a variable of the platform (region, credentials) is missing.
    pub fn aws(&self) -> Result<Aws, StartError> {
        Ok(Aws::new(self)?)
    }
}

/// Why a function cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Missing, malformed, weak or contradictory configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Another failure before the first event.
    #[error("{0}: {1}")]
    Broken(&'static str, #[source] Failure),
}

/// Why an invocation failed. For HTTP functions this is a defect; for consumers it requests a retry.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The time that is assumed to be left if the platform does not report the deadline.
const ASSUMED_REMAINING: Duration = Duration::from_secs(60);

/// The platform's data about one invocation.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The platform's id of this invocation.
    pub request_id: String,
    /// When the platform ends it, by the real clock; [`Time::ZERO`] if unknown.
    pub deadline: Time,
    /// The X-Ray trace header, which is added to every AWS call of this invocation.
    pub trace: Option<String>,
}

impl Context {
    /// Returns whether at least this much time is left until the deadline, by the real clock. If the deadline is unknown, one minute is
    /// assumed.
    #[must_use]
    pub fn has_left(&self, needed: Duration) -> bool {
        let left = if self.deadline == Time::ZERO { ASSUMED_REMAINING } else { self.deadline.since(Sys::real().now()) };
        left >= needed
    }
}

type Handler = dyn Fn(Box<RawValue>, Context) -> BoxFuture<'static, Result<Box<RawValue>, Failure>> + Send + Sync;

/// The event of a schedule, for functions that have other events too.
#[derive(Debug, Deserialize)]
pub struct Scheduled {
    #[serde(rename = "source")]
    _source: Scheduler,
}

#[derive(Debug, Deserialize)]
enum Scheduler {
    #[serde(rename = "aws.scheduler")]
    Scheduler,
}

/// A started function.
#[derive(Clone)]
pub struct Function {
    handler: Arc<Handler>,
}

impl Function {
    /// Creates a function over a typed event of `aws_lambda_events` and a typed response. Each invocation gets a clone of the state.
    pub fn new<S, E, R, F, Fut>(state: S, handle: F) -> Self
    where
        S: Clone + Send + Sync + 'static,
        E: DeserializeOwned + Send + 'static,
        R: Serialize,
        F: Fn(S, E, Context) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<R, Failure>> + Send + 'static,
    {
        Self::raw(move |payload, context| {
            let (state, handle) = (state.clone(), handle.clone());
            async move {
                let event = serde_json::from_str(payload.get())?;
                Ok(serde_json::value::to_raw_value(&handle(state, event, context).await?)?)
            }
        })
    }

    /// Returns a function over raw JSON, for events with several shapes.
    pub fn raw<F, Fut>(handle: F) -> Self
    where
        F: Fn(Box<RawValue>, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Box<RawValue>, Failure>> + Send + 'static,
    {
        Self { handler: Arc::new(move |payload, context| handle(payload, context).boxed()) }
    }

    /// Handles one event. A panic becomes a [`Failure`], and the function stays usable.
    ///
    /// # Errors
    /// The error of the handler.
    pub async fn invoke(&self, payload: Box<RawValue>, context: Context) -> Result<Box<RawValue>, Failure> {
        let (trace, caused) = (context.trace.clone(), Caused::of(&payload));
        let (is_event, request) = (caused.is_event(), caused.request());
        let span = if is_event { tracing::info_span!("event", request_id = request.as_deref()) } else { Span::none() };
        let handler = Arc::clone(&self.handler);
        // The guard includes the call itself, because the handler may panic before it returns a future.
        let call = AssertUnwindSafe(async move { handler(payload, context).await }).catch_unwind();
        let call = trace::on_behalf_of(request, call.instrument(span));
        trace::scope(trace, call).await.unwrap_or_else(|_| Err("the function panicked".into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_fails_only_its_invocation() {
        let panics = Function::raw(|payload, _| {
            assert!(payload.get() != "1", "before there is a future");
            async move {
                assert!(payload.get() != "2", "while it runs");
                Ok(payload)
            }
        });
        let invoke = async |json: &str| {
            let payload = RawValue::from_string(json.to_owned()).unwrap();
            panics.invoke(payload, Context::default()).await.map(|answer| answer.get().to_owned()).map_err(|e| e.to_string())
        };
        for (json, expected) in
            [("1", Err("the function panicked".to_owned())), ("2", Err("the function panicked".to_owned())), ("3", Ok("3".to_owned()))]
        {
            assert_eq!(invoke(json).await, expected);
        }
    }

    #[test]
    fn without_a_deadline_a_minute_is_left() {
        let seconds = Duration::from_secs;
        let unknown = Context::default();
        assert!(unknown.has_left(seconds(60)) && !unknown.has_left(seconds(61)));
        let known = Context { deadline: Sys::real().now() + seconds(300), ..Context::default() };
        assert!(known.has_left(seconds(290)) && !known.has_left(seconds(301)));
        let passed = Context { deadline: Time::from_millis(1), ..Context::default() };
        assert!(passed.has_left(Duration::ZERO) && !passed.has_left(seconds(1)));
    }
}
