//! What the log says of operations on the table: what failed stands in the error, what was refused in the span around it.

use std::{collections::BTreeSet, future::Future};

use tracing::Instrument as _;

use crate::{CommitError, Slot, StoreError, WriteError};

/// How an operation on some items ends if it does not succeed.
pub(crate) trait OperationError: Sized {
    /// Whether a condition on the item at this place did not hold.
    fn refused(&self, place: usize) -> bool;
    /// The same with the operation that it happened to, unless it was refused.
    fn during(self, operation: &str) -> Self;
}

impl OperationError for StoreError {
    fn refused(&self, _: usize) -> bool {
        false
    }
    fn during(self, operation: &str) -> Self {
        Self::during(self, operation)
    }
}

impl OperationError for WriteError {
    fn refused(&self, _: usize) -> bool {
        matches!(self, Self::Refused(_))
    }
    fn during(self, operation: &str) -> Self {
        match self {
            Self::Store(e) => Self::Store(e.during(operation)),
            refused @ Self::Refused(_) => refused,
        }
    }
}

impl OperationError for CommitError {
    fn refused(&self, place: usize) -> bool {
        Self::refused(self, Slot::at(place))
    }
    fn during(self, operation: &str) -> Self {
        match self {
            Self::Store(e) => Self::Store(e.during(operation)),
            refused @ Self::Refused(_) => refused,
        }
    }
}

/// Runs an operation on items of these families: see [`crate::Key::family`].
///
/// It is a span at `DEBUG`, which a release leaves out. What a release tells is the exception: the error of an operation that failed
/// names it, as in `commit SESSION, USER: timed out`, and one that was refused is recorded in the span around it, in the field
/// `storage.refused` if there is one, with those families whose conditions did not hold. Of several refusals the last one stays.
pub(crate) async fn observed<T, E: OperationError>(
    operation: &'static str,
    families: Vec<String>,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let span = tracing::debug_span!("storage", operation, items = named(&families, |_| true));
    let ended = work.instrument(span.clone()).await;
    let outcome = |outcome| span.in_scope(|| tracing::debug!(outcome, "storage"));
    let Err(e) = ended else {
        outcome("done");
        return ended;
    };
    let refused = named(&families, |place| e.refused(place));
    if refused.is_empty() {
        outcome("failed");
        return Err(e.during(&format!("{operation} {}", named(&families, |_| true))));
    }
    outcome("refused");
    tracing::Span::current().record("storage.refused", format!("{operation} {refused}"));
    Err(e)
}

/// Some families, each once.
fn named(families: &[String], which: impl Fn(usize) -> bool) -> String {
    let some: BTreeSet<&str> = families.iter().enumerate().filter(|(place, _)| which(*place)).map(|(_, family)| family.as_str()).collect();
    some.into_iter().collect::<Vec<_>>().join(", ")
}
