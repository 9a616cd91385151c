//! Texts of the shop. Names and descriptions with swear words are refused. In comments the words are masked.

use accounts::profanity;
use kernel::{FieldError, text};
use search::normal;
use serde::{Deserialize, Serialize};

/// The maximum number of characters of the name of a product.
pub const NAME_MAX: usize = 100;
/// The maximum number of characters of the name of a category.
pub const CATEGORY_MAX: usize = 50;
/// The maximum number of characters of a description.
pub const DESCRIPTION_MAX: usize = 4_000;
/// The maximum number of characters of a comment.
pub const COMMENT_MAX: usize = 500;

/// The maximum number of bytes of the normal form of a name. A sort key has at most 1,024 bytes (DynamoDB), and an id follows after the
/// name.
const NORMAL_MAX_BYTES: usize = 950;

/// Declares types of text with their parsers.
macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident $parse:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Parses what a person typed.
            ///
            /// # Errors
            /// `required`, `too_long`, `characters` or `profanity`.
            pub fn parse(typed: &str) -> Result<Self, FieldError> {
                let parse: fn(&str) -> Result<String, FieldError> = $parse;
                parse(typed).map(Self)
            }

            /// Returns the text as it is stored.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    )+};
}

texts! {
    /// The name of a product: 1 to 100 characters.
    ProductName |typed| text::line(typed, 1, NAME_MAX).and_then(clean).and_then(sortable);
    /// The name of a category: 1 to 50 characters.
    CategoryTitle |typed| text::line(typed, 1, CATEGORY_MAX).and_then(clean).and_then(sortable);
    /// A description: 1 to 4,000 characters on any number of lines.
    Description |typed| text::paragraphs(typed, 1, DESCRIPTION_MAX).and_then(clean);
    /// A comment: 1 to 500 characters on any number of lines, with its swear words masked.
    CommentText |typed| text::paragraphs(typed, 1, COMMENT_MAX).map(|text| profanity::masked(&text));
}

/// Refuses a text with swear words.
fn clean(text: String) -> Result<String, FieldError> {
    if profanity::masked(&text) == text { Ok(text) } else { Err(FieldError::PROFANITY) }
}

/// Refuses a name whose normal form does not fit into a key. The normal form of a single character can have eighteen characters.
fn sortable(name: String) -> Result<String, FieldError> {
    if normal(&name).len() <= NORMAL_MAX_BYTES { Ok(name) } else { Err(FieldError::CHARACTERS) }
}

// Descriptions are not in the audit, because they are long.
kernel::audited_texts!(ProductName, CategoryTitle, CommentText);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_clean_lines() {
        assert_eq!(ProductName::parse("  Żółw ogrodowy ").unwrap().as_str(), "Żółw ogrodowy");
        for (typed, code) in [("", "required"), ("\u{200b}", "required"), ("a\nb", "characters"), ("Fuck mug", "profanity")] {
            assert_eq!(ProductName::parse(typed).unwrap_err().code, code, "{typed:?}");
        }
        assert!(ProductName::parse(&"ż".repeat(NAME_MAX)).is_ok());
        assert_eq!(ProductName::parse(&"ż".repeat(NAME_MAX + 1)).unwrap_err().code, "too_long");
        assert_eq!(CategoryTitle::parse(&"x".repeat(CATEGORY_MAX + 1)).unwrap_err().code, "too_long");
        assert!(ProductName::parse("Scunthorpe scarf").is_ok() && ProductName::parse(&"각".repeat(NAME_MAX)).is_ok());
        assert_eq!(ProductName::parse(&"\u{fdfa}".repeat(NAME_MAX)).unwrap_err().code, "characters");
    }

    #[test]
    fn a_comment_is_masked_within_its_sentence() {
        assert_eq!(CommentText::parse("you fuck, żółw").unwrap().as_str(), "you ****, żółw");
        assert_eq!(CommentText::parse("two\nlines").unwrap().as_str(), "two\nlines");
        assert!(CommentText::parse(&"x".repeat(COMMENT_MAX)).is_ok());
        assert_eq!(CommentText::parse(&"x".repeat(COMMENT_MAX + 1)).unwrap_err().code, "too_long");
        assert_eq!(CommentText::parse("a\u{7}").unwrap_err().code, "characters");
    }
}
