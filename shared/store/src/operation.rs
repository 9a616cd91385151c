//! Logging of operations on the table. A failure is logged with its error, and a refusal in the surrounding span.

use std::{collections::BTreeSet, future::Future};

use tracing::Instrument as _;

use crate::{CommitError, Slot, StoreError, WriteError};

/// The error of an operation on some items.
pub(crate) trait OperationError: Sized {
    /// Returns whether the condition of the item at this position did not hold.
    fn refused(&self, place: usize) -> bool;
    /// Returns the error with the name of the operation, unless it is a refusal.
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
/// It is a span at `DEBUG`, which a release leaves out. A release logs exceptions only: the error of a failed operation has its
/// name, as in `commit SESSION, USER: timed out`, and a refusal is recorded in the field `storage.refused` of the surrounding
/// span, if there is one, with the families whose conditions did not hold. Of several refusals the last one is kept.
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

/// Returns the families at the positions that `which` selects, without duplicates.
fn named(families: &[String], which: impl Fn(usize) -> bool) -> String {
    let some: BTreeSet<&str> = families.iter().enumerate().filter(|(place, _)| which(*place)).map(|(_, family)| family.as_str()).collect();
    some.into_iter().collect::<Vec<_>>().join(", ")
}
