//! One-time codes: drawing them, and parsing what people type.
//!
//! A short code has a few digits and can be guessed, so attempts are counted. A long code cannot be guessed: its attempts are not
//! counted, so that other people's guesses never lock out its owner.

use accounts::invite::ALPHABET;
use kernel::{FieldError, Problem, Sys, text};

/// Characters of a long code: 31^12, more than 59 bits.
const LONG: usize = 12;
/// Characters of a displayed group of a long code.
const GROUP: usize = 4;

/// A typed code with a length in which codes are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypedCode {
    /// ASCII digits.
    Short(String),
    /// A long code in its canonical spelling: upper case, without hyphens.
    Long(String),
}

impl AsRef<str> for TypedCode {
    fn as_ref(&self) -> &str {
        match self {
            Self::Short(code) | Self::Long(code) => code,
        }
    }
}

impl TypedCode {
    /// Parses a long code or a short one of this many digits, in any spelling that [`text::compact`] knows and in any case.
    ///
    /// # Errors
    /// `code_format`. It uses up no attempt, because some forms send incomplete codes while people type.
    pub fn parse(text: &str, digits: u32) -> Result<Self, FieldError> {
        let plain = text::typed(text).ok_or(FieldError::CODE_FORMAT)?.to_ascii_uppercase();
        if u32::try_from(plain.len()) == Ok(digits) && plain.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(Self::Short(plain));
        }
        if plain.len() == LONG && plain.bytes().all(|b| ALPHABET.contains(&b)) {
            return Ok(Self::Long(plain));
        }
        Err(FieldError::CODE_FORMAT)
    }

    /// Like [`TypedCode::parse`], for the field `/code` of a request.
    ///
    /// # Errors
    /// [`Kind::Invalid`](kernel::Kind::Invalid) with `code_format`.
    pub fn of_field(text: &str, digits: u32) -> Result<Self, Problem> {
        Self::parse(text, digits).map_err(|e| Problem::field("/code", e))
    }
}

/// Draws a random number of this many digits.
pub(crate) fn draw_short(sys: &Sys, digits: u32) -> String {
    (0..digits).map(|_| char::from_digit(sys.below(10), 10).unwrap_or('0')).collect()
}

/// Draws a random long code, in its canonical spelling.
pub(crate) fn draw_long(sys: &Sys) -> String {
    (0..LONG).map(|_| ALPHABET.get(sys.below(31) as usize).copied().map_or('2', char::from)).collect()
}

/// Returns a long code as it is sent: `K7M2-XP9Q-4TRW`.
pub(crate) fn in_groups(code: &str) -> String {
    let chars: Vec<char> = code.chars().collect();
    chars.chunks(GROUP).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_parsed_in_any_spelling() {
        for text in [
            "012345",
            " 012 345 ",
            "01-23-45",
            "012\u{a0}345",
            "012\u{2011}345",
            "\u{ff10}\u{ff11}\u{ff12}\u{ff13}\u{ff14}\u{ff15}",
            "\u{660}\u{661}\u{662}\u{663}\u{664}\u{665}",
            "\u{6f0}\u{6f1}\u{6f2}\u{6f3}\u{6f4}\u{6f5}",
            "\u{2068}012345\u{2069}",
        ] {
            assert_eq!(TypedCode::parse(text, 6), Ok(TypedCode::Short("012345".to_owned())), "{text}");
        }
        for text in ["k7m2-xp9q-4trw", "K7M2 XP9Q 4TRW", "\u{200e}k7m2\u{2010}xp9q\u{2013}4trw", "Ｋ７Ｍ２ＸＰ９Ｑ４ＴＲＷ"] {
            assert_eq!(TypedCode::parse(text, 6), Ok(TypedCode::Long("K7M2XP9Q4TRW".to_owned())), "{text}");
        }
        for text in [
            "K7M2XP9Q4TR0",
            "K7M2-XP9Q",
            "123",
            "12345",
            "1234567",
            "12345678901",
            "12345a",
            "abcdef",
            "",
            " ",
            "\u{200b}",
            "12.345",
            "+12345",
            "ąćę-123-456-78",
            "½½½½½½",
        ] {
            assert_eq!(TypedCode::parse(text, 6), Err(FieldError::CODE_FORMAT), "{text}");
        }
        assert_eq!(TypedCode::parse("1234", 4), Ok(TypedCode::Short("1234".to_owned())));
        assert_eq!(TypedCode::parse("123456", 4), Err(FieldError::CODE_FORMAT));
    }

    #[test]
    fn a_displayed_long_code_parses_back() {
        let code = draw_long(&Sys::real());
        let sent = in_groups(&code);
        assert_eq!(sent.len(), 14);
        assert_eq!(TypedCode::parse(&sent, 6), Ok(TypedCode::Long(code)));
    }

    /// Over a million codes every digit is equally frequent at every position, also zero at the first. A chi-squared test with nine degrees
    /// of freedom: a fair source exceeds the limit about once in a hundred million runs.
    #[test]
    fn short_codes_are_drawn_evenly() {
        let (sys, codes) = (Sys::real(), 1_000_000_u64);
        let mut seen = [[0_u64; 10]; 6];
        for _ in 0..codes {
            let code = draw_short(&sys, 6);
            assert_eq!(code.len(), seen.len());
            for (place, digit) in seen.iter_mut().zip(code.chars().filter_map(|c| c.to_digit(10))) {
                if let Some(count) = place.get_mut(digit as usize) {
                    *count = count.saturating_add(1);
                }
            }
        }
        let expected = codes / 10;
        for place in seen {
            let squares: u64 = place.iter().map(|n| n.abs_diff(expected).pow(2)).sum();
            assert!(squares / expected < 56, "{place:?}");
        }
        assert_eq!((draw_short(&sys, 4).len(), draw_short(&sys, 8).len()), (4, 8));
    }
}
