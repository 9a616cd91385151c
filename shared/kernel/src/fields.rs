//! Validation of a request: all wrong fields are reported, not only the first.

use crate::{
    FieldError,
    problem::{Kind, Problem},
    text,
};

/// Collects the errors of a request's fields.
#[derive(Debug, Default)]
pub struct Fields(Vec<(String, FieldError)>);

impl Fields {
    /// No errors yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the value, or records the error of the field at `pointer` (an RFC 6901 JSON pointer).
    pub fn take<T>(&mut self, pointer: &str, parsed: Result<T, FieldError>) -> Option<T> {
        parsed.map_err(|e| self.wrong(pointer, e)).ok()
    }

    /// Like [`Fields::take`], for rules that report several errors at once.
    pub fn take_all<T>(&mut self, pointer: &str, parsed: Result<T, Vec<FieldError>>) -> Option<T> {
        parsed.map_err(|es| es.into_iter().for_each(|e| self.wrong(pointer, e))).ok()
    }

    /// Records an error.
    pub fn wrong(&mut self, pointer: &str, error: FieldError) {
        self.0.push((pointer.to_owned(), error));
    }

    /// Succeeds if no error was recorded.
    ///
    /// # Errors
    /// [`Kind::Invalid`] with all recorded errors.
    pub fn finish(self) -> Result<(), Problem> {
        if self.0.is_empty() { Ok(()) } else { Err(self.problem()) }
    }

    /// Returns the problem with the recorded errors. For callers whose [`Fields::take`] returned `None`, which implies a recorded error.
    #[must_use]
    pub fn problem(self) -> Problem {
        let mut p = Problem::new(Kind::Invalid);
        p.fields = self.0;
        p
    }
}

/// Parses the name that a person gives to one of their things, such as a device: 1 to `max` characters after trimming, at least one of them
/// visible.
///
/// # Errors
/// `required` or `too_long`.
pub fn name(typed: &str, max: usize) -> Result<String, FieldError> {
    let name = typed.trim();
    match name.chars().count() {
        _ if text::is_blank(name) => Err(FieldError::REQUIRED),
        n if n > max => Err(FieldError::TOO_LONG.with("max", max)),
        _ => Ok(name.to_owned()),
    }
}

/// The maximum number of items in a page of a list.
pub const PAGE_MAX: u32 = 100;
/// Items in a page of a list, unless the client requests another number.
pub const PAGE: u32 = 30;

/// Returns the requested number of items in a page, from the parameter `/limit`.
///
/// # Errors
/// `range` if it is not from 1 to [`PAGE_MAX`].
pub fn page_limit(requested: Option<u32>, default: u32) -> Result<u32, Problem> {
    let limit = requested.unwrap_or(default);
    let range = || FieldError::RANGE.with("min", 1).with("max", PAGE_MAX);
    if (1..=PAGE_MAX).contains(&limit) { Ok(limit) } else { Err(Problem::field("/limit", range())) }
}
