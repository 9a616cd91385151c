//! The trace of the invocation that is being handled, passed on with every AWS call it makes.

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

/// Runs `f` within a trace.
pub async fn scope<F: Future>(trace: Option<String>, f: F) -> F::Output {
    CURRENT.scope(trace, f).await
}

/// The trace this task works for, if any. Give it to [`scope`] when work moves to another task.
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

    // Before signing, so that the header is part of what is signed.
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
