//! The error of a request to the table.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use kernel::Problem;

/// A request to the table failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Throttled, timed out or not reachable, after the client's own retries. A write may have been made all the same.
    #[error("the table does not answer: {0}")]
    Unavailable(String),
    /// A write collided with other writes at every attempt, and was not made.
    #[error("the table does not write this now: {0}")]
    Contended(String),
    /// An item whose content does not match its key.
    #[error("corrupt {kind} at {family}: {why}")]
    Corrupt {
        /// The expected kind.
        kind: &'static str,
        /// The family of its key, which is not personal data: see [`crate::Key::family`].
        family: String,
        /// What is wrong.
        why: &'static str,
    },
    /// DynamoDB rejected the request: a defect of the code, or a missing permission.
    #[error("the table refused the request: {0}")]
    Defect(String),
}

impl StoreError {
    pub(crate) fn defect(e: impl std::fmt::Display) -> Self {
        Self::Defect(e.to_string())
    }

    /// Adds the name of the operation to the error.
    pub(crate) fn during(self, operation: impl std::fmt::Display) -> Self {
        match self {
            Self::Unavailable(why) => Self::Unavailable(format!("{operation}: {why}")),
            Self::Contended(why) => Self::Contended(format!("{operation}: {why}")),
            Self::Defect(why) => Self::Defect(format!("{operation}: {why}")),
            corrupt @ Self::Corrupt { .. } => corrupt,
        }
    }

    pub(crate) fn from_sdk<E: ProvideErrorMetadata, R>(e: &SdkError<E, R>) -> Self {
        let code = e.code().unwrap_or_default().to_owned();
        match e {
            SdkError::TimeoutError(_) => Self::Unavailable("timed out".to_owned()),
            SdkError::DispatchFailure(d) => Self::Unavailable(format!("{d:?}")),
            SdkError::ResponseError(_) => Self::Unavailable("unreadable answer".to_owned()),
            _ if TRANSIENT.contains(&code.as_str()) => Self::Unavailable(code),
            _ => Self::Defect(format!("{code}: {}", e.message().unwrap_or_default())),
        }
    }
}

/// The error codes after which a retry may succeed
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>).
const TRANSIENT: &[&str] = &[
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "InternalServerError",
    "ServiceUnavailable",
    "TransactionInProgressException",
    "TransactionConflictException",
    "LimitExceededException",
];

impl From<StoreError> for Problem {
    #[track_caller]
    fn from(e: StoreError) -> Self {
        match e {
            StoreError::Unavailable(_) | StoreError::Contended(_) => Self::unavailable(e),
            StoreError::Corrupt { .. } | StoreError::Defect(_) => Self::internal(e),
        }
    }
}
