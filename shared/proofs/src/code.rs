//! Drawing one-time codes, and parsing them as people type them.
//!
//! A short code has a few digits and can be guessed, so attempts are counted. A long code cannot be guessed: its attempts are not
//! counted, so that other people's guesses never lock out its owner.

use accounts::invite::ALPHABET;
use kernel::Sys;

/// Characters of a long code: 31^12, more than 59 bits.
const LONG: usize = 12;
/// Characters of a displayed group of a long code.
const GROUP: usize = 4;

/// A code as typed. Other texts were never sent as a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypedCode {
    /// Digits.
    Short(String),
    /// A long code in its canonical spelling: upper case, without hyphens.
    Long(String),
}

impl TypedCode {
    /// Parses a code in any case, with spaces or hyphens anywhere.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').map(|c| c.to_ascii_uppercase()).collect();
        if (4..=10).contains(&plain.len()) && plain.bytes().all(|b| b.is_ascii_digit()) {
            return Some(Self::Short(plain));
        }
        (plain.len() == LONG && plain.bytes().all(|b| ALPHABET.contains(&b))).then_some(Self::Long(plain))
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

/// A long code as it is sent: `K7M2-XP9Q-4TRW`.
pub(crate) fn in_groups(code: &str) -> String {
    let chars: Vec<char> = code.chars().collect();
    chars.chunks(GROUP).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_parsed_in_any_spelling() {
        for (text, expected) in [
            ("012345", Some(TypedCode::Short("012345".to_owned()))),
            (" 012 345 ", Some(TypedCode::Short("012345".to_owned()))),
            ("01-23-45", Some(TypedCode::Short("012345".to_owned()))),
            ("k7m2-xp9q-4trw", Some(TypedCode::Long("K7M2XP9Q4TRW".to_owned()))),
            ("K7M2 XP9Q 4TRW", Some(TypedCode::Long("K7M2XP9Q4TRW".to_owned()))),
            ("K7M2XP9Q4TR0", None),
            ("K7M2-XP9Q", None),
            ("123", None),
            ("12345678901", None),
            ("", None),
            ("ąćę-123-456-78", None),
        ] {
            assert_eq!(TypedCode::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn a_displayed_long_code_parses_back() {
        let code = draw_long(&Sys::real());
        let sent = in_groups(&code);
        assert_eq!(sent.len(), 14);
        assert_eq!(TypedCode::parse(&sent), Some(TypedCode::Long(code)));
    }

    /// Over a million codes every digit is equally frequent at every position, also zero at the first. Chance exceeds the limit
    /// once in a hundred million runs, for nine degrees of freedom.
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
