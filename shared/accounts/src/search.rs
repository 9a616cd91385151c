//! How names are compared in searches.

use kernel::{FieldError, text};
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// The most characters of a search.
pub const TERM_MAX: usize = 35;

/// A name as it is compared: lower case, without accents, in compatible characters, so that `Żółw` and `ZOLW` are equal.
#[must_use]
pub fn folded(name: &str) -> String {
    let plain = name.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase);
    plain.fold(String::with_capacity(name.len()), |mut folded, c| {
        match c {
            // Letters that Unicode does not decompose.
            'ł' => folded.push('l'),
            'ø' => folded.push('o'),
            'đ' => folded.push('d'),
            'ı' => folded.push('i'),
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            other => folded.push(other),
        }
        folded
    })
}

/// The beginning of a name that somebody looks for, folded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term(String);

impl Term {
    /// Parses what somebody has typed.
    ///
    /// # Errors
    /// `required` if nothing of it is seen, `too_long`.
    pub fn parse(typed: &str) -> Result<Self, FieldError> {
        if text::is_blank(typed) {
            return Err(FieldError::new("required"));
        }
        if typed.chars().count() > TERM_MAX {
            return Err(FieldError::new("too_long").with("max", TERM_MAX));
        }
        Ok(Self(folded(typed.trim())))
    }

    /// The folded text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Whether a name begins with it.
    #[must_use]
    pub fn begins(&self, name: &str) -> bool {
        folded(name).starts_with(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_and_case_do_not_matter() {
        assert_eq!(folded("ŻÓŁW"), "zolw");
        assert_eq!(folded("Straße"), folded("STRASSE"));
        for (typed, name) in [("ZOL", "Żółw"), (" żó", "zolw"), ("an", "Ana"), ("ﬁ", "Fiona"), ("Ь", "ьу")] {
            assert!(Term::parse(typed).unwrap().begins(name), "{typed} {name}");
        }
        assert!(!Term::parse("ola").unwrap().begins("Zola"));
        assert_eq!(Term::parse(" \u{200b}").unwrap_err().code, "required");
        assert_eq!(Term::parse(&"a".repeat(36)).unwrap_err().code, "too_long");
    }
}
