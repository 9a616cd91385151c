//! The results of conditional writes.

use kernel::{Kind, Problem};

use crate::{CommitError, Row, StoreError};

/// A single conditional write failed.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The condition did not hold. Contains the current item, if there is one.
    #[error("the condition does not hold")]
    Refused(Option<Row>),
    /// The table could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<WriteError> for Problem {
    #[track_caller]
    fn from(e: WriteError) -> Self {
        match e {
            WriteError::Refused(_) => Self::new(Kind::Conflict),
            WriteError::Store(e) => e.into(),
        }
    }
}

/// For conditional writes whose refusal is not an error.
pub trait Conditional<T>: Sized {
    /// Returns the result of the write, or `None` if a condition did not hold.
    ///
    /// # Errors
    /// [`StoreError`]
    fn unless_refused(self) -> Result<Option<T>, StoreError>;

    /// Returns whether the write was made, because its conditions held.
    ///
    /// # Errors
    /// [`StoreError`]
    fn applied(self) -> Result<bool, StoreError> {
        Ok(self.unless_refused()?.is_some())
    }

    /// Ignores a refusal, for a write that is not needed if its conditions do not hold.
    ///
    /// # Errors
    /// [`StoreError`]
    fn refused_is_fine(self) -> Result<(), StoreError> {
        self.unless_refused().map(drop)
    }
}

impl<T> Conditional<T> for Result<T, WriteError> {
    fn unless_refused(self) -> Result<Option<T>, StoreError> {
        match self {
            Ok(done) => Ok(Some(done)),
            Err(WriteError::Refused(_)) => Ok(None),
            Err(WriteError::Store(e)) => Err(e),
        }
    }
}

impl<T> Conditional<T> for Result<T, CommitError> {
    fn unless_refused(self) -> Result<Option<T>, StoreError> {
        match self {
            Ok(done) => Ok(Some(done)),
            Err(CommitError::Refused(_)) => Ok(None),
            Err(CommitError::Store(e)) => Err(e),
        }
    }
}
