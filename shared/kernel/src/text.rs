//! Normalises and validates text that people type or paste.
//!
//! The properties of characters are those of the Unicode Character Database, in the version that `icu_properties` has.

use icu_properties::props::{
    BinaryProperty as _, Dash, DefaultIgnorableCodePoint, EnumeratedProperty as _, GeneralCategory, PrependedConcatenationMark,
};
use unicode_normalization::UnicodeNormalization as _;

use crate::FieldError;

/// Returns whether a reader sees nothing of this character: spaces, controls, joiners, direction marks, fillers, the empty braille cell.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    const BRAILLE_BLANK: char = '\u{2800}';
    let unseen = matches!(GeneralCategory::for_char(c), GeneralCategory::Control | GeneralCategory::Format);
    // Format characters that are visible, such as the Arabic number sign.
    let sign = PrependedConcatenationMark::for_char(c);
    (unseen && !sign) || c.is_whitespace() || c == BRAILLE_BLANK || DefaultIgnorableCodePoint::for_char(c)
}

/// Returns whether a reader sees nothing of this text. An empty text is blank.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    text.chars().all(is_invisible)
}

/// Parses one line of visible text: normalised to NFC and trimmed, without control characters. `min` and `max` are numbers of characters.
///
/// # Errors
/// `required`, `too_short`, `too_long` or `characters`.
pub fn line(typed: &str, min: usize, max: usize) -> Result<String, FieldError> {
    let text: String = typed.trim().nfc().collect();
    match text.chars().take(max.saturating_add(1)).count() {
        _ if is_blank(&text) => Err(FieldError::REQUIRED),
        n if n < min => Err(FieldError::TOO_SHORT.with("min", min)),
        n if n > max => Err(FieldError::TOO_LONG.with("max", max)),
        _ if text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) => Err(FieldError::CHARACTERS),
        _ => Ok(text),
    }
}

/// Parses a text of several lines: trimmed, with something visible, without control characters but line breaks and tabs. `min` and `max`
/// are numbers of characters.
///
/// # Errors
/// `required`, `too_short`, `too_long` or `characters`.
pub fn paragraphs(typed: &str, min: usize, max: usize) -> Result<String, FieldError> {
    let text = typed.trim();
    match text.chars().take(max.saturating_add(1)).count() {
        _ if is_blank(text) => Err(FieldError::REQUIRED),
        n if n < min => Err(FieldError::TOO_SHORT.with("min", min)),
        n if n > max => Err(FieldError::TOO_LONG.with("max", max)),
        _ if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) => Err(FieldError::CHARACTERS),
        _ => Ok(text.to_owned()),
    }
}

/// Declares types of [`line`] with their minimum and maximum of characters: `lines! { /// Its title. Title 1 60; }`
#[macro_export]
macro_rules! lines {
    ($($(#[$doc:meta])* $name:ident $min:literal $max:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Parses what a person typed.
            ///
            /// # Errors
            /// `required`, `too_short`, `too_long` or `characters`.
            pub fn parse(typed: &str) -> Result<Self, $crate::FieldError> {
                $crate::text::line(typed, $min, $max).map(Self)
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

/// Returns a code or a number without its formatting: in NFKC, without spaces, dashes and invisible characters, and with the digits of any
/// script as ASCII digits.
#[must_use]
pub fn compact(text: &str) -> String {
    text.nfkc().filter(|c| !is_invisible(*c) && !Dash::for_char(*c)).map(|c| digit(c).unwrap_or(c)).collect()
}

/// The maximum length of a code as people type or paste it, in characters, with spaces and dashes.
pub const TYPED_MAX_CHARS: usize = 64;
/// A regular expression (ECMA-262) that matches every text from which [`typed`] can make a code of letters and digits: a text without ASCII
/// punctuation other than hyphens.
pub const TYPED_PATTERN: &str = r"^[^!-,./:-@\[-`{-~]*$";

/// Returns the [`compact`] form of a code that was typed or pasted. `None` if the text is longer than [`TYPED_MAX_CHARS`].
#[must_use]
pub fn typed(text: &str) -> Option<String> {
    text.chars().nth(TYPED_MAX_CHARS).is_none().then(|| compact(text))
}

/// Returns the ASCII digit of the same value. `None` for characters that are not decimal digits.
fn digit(c: char) -> Option<char> {
    if c.is_ascii() || !is_decimal(c) {
        return Some(c).filter(char::is_ascii_digit);
    }
    // The decimal digits of a script are ten consecutive code points from zero to nine, so the number of digits directly before this one,
    // modulo ten, is its value (the Unicode Standard, section 4.6).
    let before = (0..u32::from(c)).rev().map_while(char::from_u32).take_while(|c| is_decimal(*c)).count();
    char::from_digit(u32::try_from(before.checked_rem(10)?).ok()?, 10)
}

fn is_decimal(c: char) -> bool {
    GeneralCategory::for_char(c) == GeneralCategory::DecimalNumber
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_an_end() {
        let spaced = format!("{}1", " ".repeat(TYPED_MAX_CHARS - 1));
        assert_eq!((typed(&spaced).as_deref(), typed(&format!("{spaced} "))), (Some("1"), None));
    }

    #[test]
    fn paragraphs_are_counted_as_they_are_trimmed() {
        let parsed = |typed: &str| paragraphs(typed, 3, 5).map_err(|e| e.code);
        for (typed, expected) in [
            (" a\n\tb ", Ok("a\n\tb")),
            ("żółwi", Ok("żółwi")),
            ("ab ", Err("too_short")),
            (" \u{200b}\u{200b}\u{200b} ", Err("required")),
            ("", Err("required")),
            ("abcdef", Err("too_long")),
            ("ab\u{7}", Err("characters")),
            ("ab\u{1b}c", Err("characters")),
        ] {
            assert_eq!(parsed(typed).as_deref().map_err(|code| *code), expected, "{typed:?}");
        }
    }

    #[test]
    fn a_number_is_the_same_however_it_is_pasted() {
        for pasted in [
            "123456",
            " 123 456\n",
            "123-456",
            "123\u{a0}456",
            "123\u{202f}456",
            "123\u{3000}456",
            "12\u{2010}34\u{2011}56",
            "12\u{2013}34\u{2212}56",
            "\u{ff11}\u{ff12}\u{ff13}\u{ff14}\u{ff15}\u{ff16}",
            "\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}",
            "\u{6f1}\u{6f2}\u{6f3}\u{6f4}\u{6f5}\u{6f6}",
            "\u{967}\u{968}\u{969}\u{96a}\u{96b}\u{96c}",
            "\u{116db}\u{116dc}\u{116dd}\u{116de}\u{116df}\u{116e0}",
            "\u{1d7cf}\u{1d7d0}\u{1d7d1}\u{1d7d2}\u{1d7d3}\u{1d7d4}",
            "\u{200e}123456\u{200f}",
            "\u{2068}123\u{2060}456\u{2069}",
            "\u{feff}123\u{ad}456",
            "\u{202b}123\u{200b}456\u{202c}",
        ] {
            assert_eq!(compact(pasted), "123456", "{}", pasted.escape_unicode());
        }
        assert_eq!(compact("Ａbc-\u{2167}½"), "AbcVIII1\u{2044}2");
    }

    #[test]
    fn text_is_blank_if_nothing_of_it_is_seen() {
        for blank in [
            "",
            " \t\r\n",
            "\u{a0}",
            "\u{ad}",
            "\u{34f}",
            "\u{61c}",
            "\u{115f}\u{1160}",
            "\u{17b4}",
            "\u{180e}",
            "\u{2003}",
            "\u{200b}",
            "\u{200c}\u{200d}",
            "\u{2028}",
            "\u{202e}",
            "\u{2060}",
            "\u{2800}\u{2800}",
            "\u{3000}",
            "\u{3164}",
            "\u{fe0f}",
            "\u{feff}",
            "\u{ffa0}",
            "\u{fff9}",
            "\u{1d173}",
            "\u{e0020}\u{e007f}",
            "\u{7f}\u{85}",
        ] {
            assert!(is_blank(blank), "{}", blank.escape_unicode());
        }
        for seen in ["a", "\u{200b}a", ".", "\u{301}", "\u{1f600}", "\u{2764}\u{fe0f}", "\u{600}", "\u{20e3}", "\u{2801}", "\u{e000}"] {
            assert!(!is_blank(seen), "{}", seen.escape_unicode());
        }
    }
}
