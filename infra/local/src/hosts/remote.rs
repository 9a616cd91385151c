//! Functions in the processes of `cargo lambda watch`.
//!
//! `cargo lambda watch` forwards only one header of an invocation, so the clock and the trace are sent in it: see `function::run`. It has
//! one environment for all functions, so the environment of each function is written to a file, which `infra/run-function` reads.

use std::{fs, io, path::Path, sync::Arc};

use function::RawValue;
use serde::Deserialize;
use serde_json::json;

use super::{InvokeError, Trace};
use crate::clock::Clock;

/// The processes behind one address.
#[derive(Clone)]
pub(super) struct Remote {
    base: Arc<str>,
    http: reqwest::Client,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct FunctionError {
    error_message: String,
}

impl Remote {
    pub fn new(base: &str) -> Self {
        Self { base: base.trim_end_matches('/').into(), http: reqwest::Client::builder().no_proxy().build().unwrap_or_default() }
    }

    /// Invokes the function in the folder `name`.
    pub async fn invoke(&self, name: &str, payload: Box<RawValue>, trace: &Trace, clock: &Clock) -> Result<Box<RawValue>, InvokeError> {
        let unreachable = |e: reqwest::Error| InvokeError::Failed(format!("cargo lambda watch at {} does not answer: {e}", self.base));
        let guide = json!({"identity_id": clock.offset_millis().to_string(), "identity_pool_id": trace.as_str()});
        let request = self.http.post(format!("{}/2015-03-31/functions/{name}/invocations", self.base));
        let request = request.header("Lambda-Runtime-Cognito-Identity", guide.to_string()).body(payload.get().to_owned());
        let response = request.send().await.map_err(unreachable)?;
        let failed = !response.status().is_success();
        let text = response.text().await.map_err(unreachable)?;
        if failed {
            let error: FunctionError = serde_json::from_str(&text).unwrap_or_default();
            return Err(InvokeError::Failed(if error.error_message.is_empty() { text } else { error.error_message }));
        }
        RawValue::from_string(text).map_err(|e| InvokeError::Failed(format!("the response is not JSON: {e}")))
    }
}

/// Writes a function's environment to `<folder>/<name>.env`, one `NAME=value` a line.
pub(crate) fn write_environment(folder: &Path, name: &str, env: impl IntoIterator<Item = (String, String)>) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let lines: String = env.into_iter().map(|(k, v)| format!("{k}={}\n", v.replace('\n', " "))).collect();
    fs::write(folder.join(format!("{name}.env")), lines)
}
