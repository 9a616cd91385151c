//! Validation of a request: all wrong fields are reported, not only the first.

use std::collections::BTreeMap;

use crate::{
    Locale,
    problem::{Kind, Problem},
    text,
};

/// The error of one field: one of the constants, each of which has a message `field-<code>` in every language.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldError {
    /// The code for programs. Stable and independent of the language.
    pub code: &'static str,
    /// Numbers and words for the message.
    pub params: BTreeMap<&'static str, String>,
}

macro_rules! field_errors {
    ($($name:ident = $code:literal;)*) => {
        impl FieldError {
            $(
                #[doc = concat!("The message `field-", $code, "`, without its parameters.")]
                pub const $name: Self = Self { code: $code, params: BTreeMap::new() };
            )*

            /// The codes of all of them, sorted.
            pub const CODES: &'static [&'static str] = &[$($code),*];
        }
    };
}

field_errors! {
    ATTACHMENT_TYPE = "attachment_type";
    CAPTCHA = "captcha";
    CHARACTERS = "characters";
    CHECKSUM = "checksum";
    CHOICE = "choice";
    CODE_FORMAT = "code_format";
    COUNTRY = "country";
    COUNTRY_BLOCKED = "country_blocked";
    CURRENCY = "currency";
    DATE = "date";
    EMAIL = "email";
    FILE_SIZE = "file_size";
    FILE_TYPE = "file_type";
    FIXED = "fixed";
    ID = "id";
    IN_FUTURE = "in_future";
    INVITE_INVALID = "invite_invalid";
    LOCALE = "locale";
    PASSWORD_BREACHED = "password_breached";
    PASSWORD_COMMON = "password_common";
    PASSWORD_DIGIT = "password_digit";
    PASSWORD_LOWER = "password_lower";
    PASSWORD_PERSONAL = "password_personal";
    PASSWORD_SAME = "password_same";
    PASSWORD_SYMBOL = "password_symbol";
    PASSWORD_UPPER = "password_upper";
    PHONE = "phone";
    PHONE_COUNTRY = "phone_country";
    POSTAL_CODE = "postal_code";
    PROFANITY = "profanity";
    RANGE = "range";
    REFUND_REASON = "refund_reason";
    REQUIRED = "required";
    SAME_TIME = "same_time";
    SLUG_FORMAT = "slug_format";
    TIME_OF_DAY = "time_of_day";
    TIME_ZONE = "time_zone";
    TOO_LONG = "too_long";
    TOO_OLD = "too_old";
    TOO_SHORT = "too_short";
    TOO_YOUNG = "too_young";
    UNCHANGED = "unchanged";
    USERNAME_FORMAT = "username_format";
    USERNAME_REFUSED = "username_refused";
    USERNAME_TAKEN = "username_taken";
}

impl FieldError {
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

    /// The problem with the recorded errors. For callers whose [`Fields::take`] returned `None`, which implies a recorded error.
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

/// The requested number of items in a page, from the parameter `/limit`.
///
/// # Errors
/// `range` if it is not from 1 to [`PAGE_MAX`].
pub fn page_limit(requested: Option<u32>, default: u32) -> Result<u32, Problem> {
    let limit = requested.unwrap_or(default);
    let range = || FieldError::RANGE.with("min", 1).with("max", PAGE_MAX);
    if (1..=PAGE_MAX).contains(&limit) { Ok(limit) } else { Err(Problem::field("/limit", range())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_message_and_every_message_a_code() {
        let keys = Locale::default().keys();
        let messages: Vec<&str> = keys.iter().filter_map(|key| key.strip_prefix("field-")).collect();
        assert_eq!(messages, FieldError::CODES);
    }
}
