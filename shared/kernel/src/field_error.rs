//! The error of one field of a request.

use std::collections::BTreeMap;

use crate::Locale;

/// The error of one field. `code` is the name of a message `field-<code>` in every language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The code for programs. Stable and independent of the language.
    pub code: &'static str,
    /// Numbers and words for the message.
    pub params: BTreeMap<&'static str, String>,
}

impl FieldError {
    /// The prefix of message names; the code follows.
    pub const MESSAGE: &'static str = "field-";

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

    /// The message in this language.
    #[must_use]
    pub fn text(&self, locale: Locale) -> String {
        locale.text(&format!("field-{}", self.code), &self.params.iter().map(|(k, v)| (*k, v.clone())).collect::<Vec<_>>())
    }
}
