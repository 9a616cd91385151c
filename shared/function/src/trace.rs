//! The trace of the current invocation, which is added to every AWS call.

use std::{borrow::Cow, future::Future};

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::BeforeTransmitInterceptorContextMut},
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::ConfigBag;

/// The header that carries a trace between AWS services.
pub const HEADER: &str = "x-amzn-trace-id";

tokio::task_local! {
    static CURRENT: Option<String>;
}

/// Runs a future within a trace.
pub async fn scope<F: Future>(trace: Option<String>, f: F) -> F::Output {
    CURRENT.scope(trace, f).await
}

/// The trace of this task, if any. Pass it to [`scope`] if work moves to another task.
#[must_use]
pub fn current() -> Option<String> {
    CURRENT.try_with(Clone::clone).ok().flatten()
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
