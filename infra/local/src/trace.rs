//! The trace of an invocation.

use std::fmt;

use kernel::Sys;

use crate::logs::Lines;

/// One invocation: its X-Ray trace header, `Root=1-<seconds>-<24 hex digits>`, and what the function logs.
#[derive(Clone, Debug)]
pub struct Trace {
    header: String,
    lines: Lines,
}

impl Trace {
    /// Creates a new trace.
    #[must_use]
    pub fn new(sys: &Sys) -> Self {
        let seconds = u32::try_from(sys.now().seconds()).unwrap_or(0);
        let [a, b, c] = [sys.bytes::<4>(), sys.bytes::<4>(), sys.bytes::<4>()].map(u32::from_be_bytes);
        Self { header: format!("Root=1-{seconds:08x}-{a:08x}{b:08x}{c:08x}"), lines: Lines::default() }
    }

    /// Creates an invocation that continues the trace of this header: with the same root and another parent.
    #[must_use]
    pub fn following(sys: &Sys, header: &str) -> Self {
        let root = header.split(';').map(str::trim).find(|part| part.starts_with("Root="));
        let parent = u64::from_be_bytes(sys.bytes());
        match root {
            Some(root) => Self { header: format!("{root};Parent={parent:016x};Sampled=1"), lines: Lines::default() },
            // A header that is not valid is dropped.
            None => Self::new(sys),
        }
    }

    /// Returns the header's value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.header
    }

    /// Returns what the function logs. More lines may follow while it runs.
    #[must_use]
    pub fn lines(&self) -> &Lines {
        &self.lines
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.header)
    }
}
