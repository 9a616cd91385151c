//! The trace of the current invocation, which is added to every AWS call, and the request that caused it.
//!
//! Work that a request causes over the event bus runs in other invocations. Events carry the trace and the id of the request, so that both
//! lead from a request to the mail that it caused.

use std::{borrow::Cow, future::Future};

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::BeforeTransmitInterceptorContextMut},
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::ConfigBag;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The header that carries a trace between AWS services.
pub const HEADER: &str = "x-amzn-trace-id";

tokio::task_local! {
    static CURRENT: Option<String>;
    static REQUEST: Option<String>;
}

/// Runs a future within a trace.
pub async fn scope<F: Future>(trace: Option<String>, f: F) -> F::Output {
    CURRENT.scope(trace, f).await
}

/// Returns the trace of this task, if any. Pass it to [`scope`] if work moves to another task.
#[must_use]
pub fn current() -> Option<String> {
    CURRENT.try_with(Clone::clone).ok().flatten()
}

/// Runs a future with the id of the request that caused it.
pub(crate) async fn on_behalf_of<F: Future>(request: Option<String>, f: F) -> F::Output {
    REQUEST.scope(request, f).await
}

/// Returns the id of the request that caused the work of this task, directly or through events.
#[must_use]
pub fn request() -> Option<String> {
    REQUEST.try_with(Clone::clone).ok().flatten()
}

/// The cause of an invocation, read from its event.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Caused {
    request_context: Option<FromGateway>,
    detail: Option<FromBus>,
}

/// A request or a frame of a socket.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FromGateway {
    request_id: Option<String>,
}

/// An event of the bus.
#[derive(Deserialize)]
struct FromBus {
    request_id: Option<String>,
}

impl Caused {
    /// Reads a payload. A payload of another shape has no known cause.
    pub fn of(payload: &RawValue) -> Self {
        serde_json::from_str(payload.get()).unwrap_or_default()
    }

    /// Returns whether the invocation is for an event of the bus. Its log lines then get the id of the request. The log of a request has it
    /// anyway.
    pub const fn is_event(&self) -> bool {
        self.detail.is_some()
    }

    /// Returns the id of the request.
    pub fn request(self) -> Option<String> {
        let gateway = self.request_context.and_then(|context| context.request_id);
        gateway.or_else(|| self.detail.and_then(|detail| detail.request_id)).filter(|id| !id.is_empty())
    }
}

/// Adds the current trace to every request of a client.
#[derive(Debug, Clone, Copy)]
pub struct PassOn;

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for PassOn {
    fn name(&self) -> &'static str {
        "PassOnTrace"
    }

    // Before signing, so that the header is signed, too.
    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(trace) = current() {
            context.request_mut().headers_mut().try_insert(HEADER, Cow::Owned(trace))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_events_say_which_request_caused_them() {
        let of = |json: &str| {
            let caused = Caused::of(&RawValue::from_string(json.to_owned()).unwrap());
            (caused.is_event(), caused.request())
        };
        let named = |id: &str| Some(id.to_owned());
        assert_eq!(of(r#"{"version":"2.0","requestContext":{"requestId":"a="},"body":"{}"}"#), (false, named("a=")));
        assert_eq!(of(r#"{"detail-type":"notice_due","detail":{"id":"x","request_id":"b="}}"#), (true, named("b=")));
        assert_eq!(of(r#"{"detail-type":"notice_due","detail":{"id":"x"}}"#), (true, None));
        for nothing in [r#"{"Records":[]}"#, r#"{"requestContext":{"requestId":""}}"#, r#"{"detail":{"request_id":7}}"#, "[]"] {
            assert_eq!(of(nothing), (false, None), "{nothing}");
        }
    }
}
