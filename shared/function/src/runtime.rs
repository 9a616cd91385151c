//! The host on AWS: a process that takes events from the Lambda Runtime API.

use std::{future::Future, process::ExitCode};

use kernel::{Env, Sys, Time};
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::value::RawValue;
use tracing_subscriber::{Layer as _, filter::filter_fn, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::{Boot, Context, Failure, Function, StartError, http_client, metrics};

/// Runs a function until the platform ends the process. It is the only call in `main`.
///
/// A configuration error is logged with the names of the variables, and ends the process before the first event.
pub fn run<F, Fut>(start: F) -> ExitCode
where
    F: FnOnce(Boot) -> Fut,
    Fut: Future<Output = Result<Function, StartError>>,
{
    let env = Env::process();
    log_to_stdout(&env);
    // One event at a time: the current-thread runtime saves 70 µs of CPU per request over the multi-threaded one.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => return stop(&e),
    };
    match runtime.block_on(serve(start, env)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => stop(&*e),
    }
}

fn stop(error: &dyn std::error::Error) -> ExitCode {
    tracing::error!(error = %error, "the function does not start");
    ExitCode::FAILURE
}

async fn serve<F, Fut>(start: F, env: Env) -> Result<(), Failure>
where
    F: FnOnce(Boot) -> Fut,
    Fut: Future<Output = Result<Function, StartError>>,
{
    let sys = Sys::real();
    let guided = env.get("STAGE").is_some_and(|stage| stage == "development");
    let function = start(Boot { env, sys: sys.clone(), http: http_client()? }).await?;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let (function, sys) = (function.clone(), sys.clone());
        async move {
            let mut context = context(&event.context);
            if guided {
                follow(&sys, &mut context, &event.context);
            }
            function.invoke(event.payload, context).await
        }
    }))
    .await
}

fn context(c: &lambda_runtime::Context) -> Context {
    let deadline = Time::from_millis(i64::try_from(c.deadline).unwrap_or(0));
    // `cargo lambda watch` sends a constant in the past, which means unknown.
    let deadline = if deadline > Sys::real().now() { deadline } else { Time::ZERO };
    Context { request_id: c.request_id.clone(), deadline, trace: c.xray_trace_id.clone() }
}

/// Reads the offset of a development host's clock and the trace of the invocation from the header
/// `Lambda-Runtime-Cognito-Identity: {"identity_id": "<milliseconds>", "identity_pool_id": "<trace header>"}`.
///
/// It is the only header that `cargo lambda watch` 1.9 passes on unchanged: it drops `X-Amz-Client-Context`, encodes
/// `Lambda-Runtime-Client-Context` in a way that makes the runtime fail, and replaces the trace. Only callers who may invoke the
/// function directly can send it, and it is ignored outside the development stage.
fn follow(sys: &Sys, context: &mut Context, platform: &lambda_runtime::Context) {
    let host = platform.identity.as_ref();
    sys.set_offset_millis(host.and_then(|h| h.identity_id.parse().ok()).unwrap_or(0));
    if let Some(trace) = host.map(|h| h.identity_pool_id.clone()).filter(|t| !t.is_empty()) {
        context.trace = Some(trace);
    }
}

fn log_to_stdout(env: &Env) {
    let level = env.get("AWS_LAMBDA_LOG_LEVEL").and_then(|l| l.parse().ok()).unwrap_or(tracing::Level::INFO);
    let ours = move |m: &tracing::Metadata<'_>| m.target() != metrics::TARGET && *m.level() <= level;
    let json = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_target(false)
        .with_filter(filter_fn(ours));
    tracing_subscriber::registry().with(json).with(metrics::Lines).init();
}
