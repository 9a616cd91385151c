//! The error of one field of a request.

use std::collections::BTreeMap;

use crate::Locale;

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
    DAY_RANGE = "day_range";
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
    TIME_AHEAD = "time_ahead";
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

/// The number of bytes of a mebibyte.
const MIB: u32 = 1024 * 1024;

impl FieldError {
    /// Returns the error of a file that is empty or has more bytes than this multiple of a mebibyte.
    #[must_use]
    pub fn file_size(max: u32) -> Self {
        Self::FILE_SIZE.with("max", max / MIB)
    }

    /// Returns the same error with one more parameter.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.params.insert(name, value.to_string());
        self
    }

    /// Returns the message in this language.
    #[must_use]
    pub fn text(&self, locale: Locale) -> String {
        locale.text(&format!("field-{}", self.code), &self.params.iter().map(|(k, v)| (*k, v.clone())).collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_a_file_is_shown_in_mebibytes() {
        let error = FieldError::file_size(25 * MIB);
        assert_eq!(error.text(Locale::En), "The file must not be empty, and have at most 25 MiB.");
        assert_eq!(error.text(Locale::Pl), "Plik nie może być pusty i może mieć najwyżej 25 MiB.");
    }

    #[test]
    fn every_code_has_a_message_and_every_message_a_code() {
        let keys = Locale::default().keys();
        let messages: Vec<&str> = keys.iter().filter_map(|key| key.strip_prefix("field-")).collect();
        assert_eq!(messages, FieldError::CODES);
    }
}
