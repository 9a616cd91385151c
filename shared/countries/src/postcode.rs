//! Postal codes, and parsing of what people type.

use std::fmt;

use kernel::{FieldError, text};
use serde::{Deserialize, Serialize};

use crate::Country;

/// The minimum number of characters of a postal code.
const MIN: usize = 3;
/// The maximum number of characters of a postal code.
const MAX: usize = 20;

/// A postal code in the canonical spelling of its country.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Postcode(String);

impl Postcode {
    /// Parses a code as people type it: in upper or lower case, with or without separators and a country prefix. The whole code must have
    /// one of the formats of the country. If the country is unknown, only the length is checked. `None` if the text is empty and the
    /// country needs no code.
    ///
    /// # Errors
    /// `required`, `too_short`, `too_long` or `postal_code`.
    pub fn parse(typed: &str, country: Option<Country>) -> Result<Option<Self>, FieldError> {
        let too_long = || FieldError::TOO_LONG.with("max", MAX);
        let code = text::typed(typed).ok_or_else(too_long)?.to_uppercase();
        let required = country.is_some_and(|country| country.postcodes().are_required());
        match code.chars().count() {
            0 if required => return Err(FieldError::REQUIRED),
            0 => return Ok(None),
            n if n < MIN => return Err(FieldError::TOO_SHORT.with("min", MIN)),
            n if n > MAX => return Err(too_long()),
            _ => {}
        }
        let Some(country) = country else { return Ok(None) };
        let postcodes = country.postcodes();
        let signs = std::iter::once(country.code()).chain(postcodes.signs());
        let readings: Vec<&str> = std::iter::once(code.as_str()).chain(signs.filter_map(|sign| code.strip_prefix(sign))).collect();
        let fitting = postcodes.forms().flat_map(|form| readings.iter().filter_map(move |code| fit(code, form))).next();
        let free = || postcodes.are_free().then(|| anything(typed)).flatten();
        fitting.or_else(free).map(|code| Some(Self(code))).ok_or(FieldError::POSTAL_CODE)
    }

    /// Returns the code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Postcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Parses the code of a country without a known format.
fn anything(typed: &str) -> Option<String> {
    let code = typed.trim().to_uppercase();
    let plain = code.chars().all(|c| c.is_ascii_alphanumeric() || c == ' ' || c == '-');
    (plain && code.contains(|c: char| c.is_ascii_digit())).then_some(code)
}

/// Returns a code without separators, in the spelling of the pattern. `None` if it does not match.
fn fit(code: &str, pattern: &str) -> Option<String> {
    let (before, rest) = pattern.strip_prefix('(').and_then(|pattern| pattern.split_once(')')).unwrap_or(("", pattern));
    let typed = before.replace(['_', '-'], "");
    let mut spelt = before.replace('_', " ");
    let mut code = code.strip_prefix(&typed).unwrap_or(code).chars();
    for wanted in rest.chars() {
        match wanted {
            '_' => spelt.push(' '),
            '-' => spelt.push('-'),
            _ => spelt.push(code.next().filter(|c| match wanted {
                '#' => c.is_ascii_digit(),
                'n' => ('1'..='9').contains(c),
                'a' => c.is_ascii_uppercase(),
                'x' => c.is_ascii_digit() || c.is_ascii_uppercase(),
                literal => *c == literal,
            })?),
        }
    }
    code.next().is_none().then_some(spelt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postcode_format::{EXAMPLES, PATTERNS};

    fn code(country: &str, text: &str) -> Result<Option<String>, &'static str> {
        let country = Country::of(country).unwrap();
        Postcode::parse(text, Some(country)).map(|code| code.map(|code| code.0)).map_err(|e| e.code)
    }

    #[test]
    fn postal_codes_are_their_countrys() {
        for (country, text, spelt) in [
            ("PL", " 30-001 ", "30-001"),
            ("GB", "sw1a1aa", "SW1A 1AA"),
            ("GB", "M1 1AE", "M1 1AE"),
            ("DE", "10115", "10115"),
            ("US", "94103-1234", "94103-1234"),
            ("CA", "k1a0b1", "K1A 0B1"),
            ("NL", "1012ab", "1012 AB"),
            ("JE", "JE2 3AB", "JE2 3AB"),
            ("IE", "d02x285", "D02 X285"),
            ("JP", "100-0001", "100-0001"),
            ("PL", "00001", "00-001"),
            ("PL", "00 001", "00-001"),
            ("PL", "PL-00-001", "00-001"),
            ("PL", "\u{663}\u{660}-\u{660}\u{660}\u{661}", "30-001"),
            ("PL", "30\u{2011}001", "30-001"),
            ("SE", "SE-111 43", "111 43"),
            ("SE", "S-11143", "111 43"),
            ("CH", "CH-8001", "8001"),
            ("DE", "D-10115", "10115"),
            ("LU", "L-1234", "1234"),
            ("LI", "FL-9490", "9490"),
            ("FR", "75 001", "75001"),
            ("ME", "81000", "81000"),
            ("MN", "14200", "14200"),
            ("AZ", "AZ1000", "AZ 1000"),
            ("AZ", "AZ 1000", "AZ 1000"),
            ("AZ", "1000", "AZ 1000"),
            ("LV", "1010", "LV-1010"),
            ("LT", "LT01100", "LT-01100"),
            ("AD", "500", "AD500"),
            ("BR", "01310100", "01310-100"),
            ("JP", "1000001", "100-0001"),
            ("GB", "bfpo 61", "BFPO 61"),
            ("GB", "GIR0AA", "GIR 0AA"),
            ("XK", "10000", "10000"),
            ("AE", "00000", "00000"),
        ] {
            assert_eq!(code(country, text), Ok(Some(spelt.to_owned())), "{country} {text}");
        }
    }

    #[test]
    fn what_is_no_postal_code_of_a_country_is_refused() {
        for (country, text) in [
            ("PL", "30-0011"),
            ("PL", "3000"),
            ("PL", "DE-30001"),
            ("DE", "1011A"),
            ("GB", "12345"),
            ("US", "9410"),
            ("JE", "AB2 3AB"),
            ("IN", "012345"),
            ("ME", "1234"),
            ("NL", "0123 AB"),
            ("XK", "00000"),
            ("KE", "ABC"),
            ("NG", "12345"),
            ("TC", "12345"),
            ("AE", "none"),
        ] {
            assert_eq!(code(country, text), Err("postal_code"), "{country} {text}");
        }
        assert_eq!(code("PL", " "), Err("required"));
        assert_eq!(code("PL", "12"), Err("too_short"));
        for long in ["1".repeat(21), format!("{}00001", "\u{2060}".repeat(60)), " ".repeat(65)] {
            assert_eq!(code("AE", &long), Err("too_long"), "{long:?}");
        }
        assert_eq!(code("AE", ""), Ok(None));
        assert_eq!(code("IE", ""), Ok(None));
        assert_eq!(code("HK", "999077"), Ok(Some("999077".to_owned())));
    }

    /// Examples of libaddressinput and of postal services, for every country that has codes: they have the forms of their country, also
    /// without separators, and what has another form is refused.
    #[test]
    fn every_country_takes_its_own_codes() {
        for country in Country::all() {
            let known = country.postcodes().forms().next().is_some();
            assert!(!country.postcodes().patterns.is_empty(), "{country}");
            assert_eq!(country.postcodes().example().is_some(), known, "{country}");
        }
        for (country, examples) in EXAMPLES.iter() {
            for example in examples.split(", ") {
                let spelt = code(country, example).unwrap_or_else(|e| panic!("{country} {example}: {e}")).unwrap();
                assert_eq!(code(country, &spelt), Ok(Some(spelt.clone())), "{country} {example}");
                assert_eq!(code(country, &spelt.replace([' ', '-'], "")), Ok(Some(spelt.clone())), "{country} {example}");
            }
        }
        for country in Country::all().filter(|country| !country.postcodes().are_free()) {
            for junk in ["ABC", "X1X1X1X1", "1", "12345678901", "!!!!", "nones"] {
                assert!(code(country.code(), junk).is_err(), "{country} {junk}");
            }
        }
    }

    #[test]
    fn a_code_is_matched_in_full() {
        for (country, text) in [("PL", "x30-001"), ("PL", "30-001x"), ("GB", "SW1A 1AA 1"), ("US", "94103-12345"), ("KR", "123456")] {
            assert_eq!(code(country, text), Err("postal_code"), "{country} {text}");
        }
    }

    #[test]
    fn every_line_is_of_a_country() {
        for code in PATTERNS.keys().chain(EXAMPLES.keys()) {
            assert!(Country::of(code).is_some(), "{code}");
        }
        assert_eq!(PATTERNS.len(), 250);
    }

    #[test]
    fn a_code_of_an_unknown_country_is_judged_by_its_length() {
        let judged = |text: &str| Postcode::parse(text, None).map_err(|e| e.code);
        assert_eq!((judged(""), judged("anything"), judged("1")), (Ok(None), Ok(None), Err("too_short")));
    }
}
