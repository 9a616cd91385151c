//! Reading a request all at once: every wrong field is reported, not only the first.

use std::collections::BTreeMap;

use crate::problem::{Kind, Problem};

/// What is wrong with one field. `code` names a message `field-<code>` in every language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Stable, language-neutral.
    pub code: &'static str,
    /// Numbers and words that the message mentions.
    pub params: BTreeMap<&'static str, String>,
}

impl FieldError {
    /// An error without parameters.
    #[must_use]
    pub const fn new(code: &'static str) -> Self {
        Self { code, params: BTreeMap::new() }
    }

    /// The same error with one more parameter.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.params.insert(name, value.to_string());
        self
    }
}

/// Collects the errors of a request while its fields are parsed.
#[derive(Debug, Default)]
pub struct Fields(Vec<(String, FieldError)>);

impl Fields {
    /// Nothing wrong yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps the value, or notes why the field at `pointer` (an RFC 6901 JSON pointer) is wrong.
    pub fn take<T>(&mut self, pointer: &str, parsed: Result<T, FieldError>) -> Option<T> {
        parsed.map_err(|e| self.wrong(pointer, e)).ok()
    }

    /// As [`Fields::take`], for rules that report several errors at once.
    pub fn take_all<T>(&mut self, pointer: &str, parsed: Result<T, Vec<FieldError>>) -> Option<T> {
        parsed.map_err(|es| es.into_iter().for_each(|e| self.wrong(pointer, e))).ok()
    }

    /// Notes an error.
    pub fn wrong(&mut self, pointer: &str, error: FieldError) {
        self.0.push((pointer.to_owned(), error));
    }

    /// The problem document of everything noted, or nothing.
    ///
    /// # Errors
    /// [`Kind::Invalid`] with one entry per wrong field.
    pub fn finish(self) -> Result<(), Problem> {
        if self.0.is_empty() { Ok(()) } else { Err(self.problem()) }
    }

    /// The problem for what was noted. For use after an `Option` turned out empty, which implies an error was noted.
    #[must_use]
    pub fn problem(self) -> Problem {
        let mut p = Problem::new(Kind::Invalid);
        p.fields = self.0;
        p
    }
}

/// How many items a page is to have, as a client asked for it at `/limit`.
///
/// # Errors
/// `range` if it is not from 1 to `max`.
pub fn page_limit(asked: Option<u32>, default: u32, max: u32) -> Result<u32, Problem> {
    let limit = asked.unwrap_or(default);
    let range = || FieldError::new("range").with("min", 1).with("max", max);
    if (1..=max).contains(&limit) { Ok(limit) } else { Err(Problem::field("/limit", range())) }
}
