//! The formats of the postal codes of each country.

use std::{collections::BTreeMap, sync::LazyLock};

/// The formats of the postal codes of a country.
#[derive(Clone, Debug, Default)]
pub struct Postcodes {
    pub(crate) patterns: Vec<&'static str>,
    example: Option<&'static str>,
}

/// Returns the lines of a data file, by the country code at their beginning.
fn by_country(file: &'static str) -> BTreeMap<&'static str, &'static str> {
    file.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(' ')).collect()
}

/// The formats of each country.
pub(crate) static PATTERNS: LazyLock<BTreeMap<&str, &str>> = LazyLock::new(|| by_country(include_str!("../data/postcodes.txt")));
/// The examples of each country.
pub(crate) static EXAMPLES: LazyLock<BTreeMap<&str, &str>> = LazyLock::new(|| by_country(include_str!("../data/postcode-examples.txt")));

impl Postcodes {
    /// Returns the formats of the country with this code.
    pub(crate) fn of(country: &str) -> Self {
        let patterns = PATTERNS.get(country).map(|patterns| patterns.split_whitespace().collect()).unwrap_or_default();
        Self { patterns, example: EXAMPLES.get(country).and_then(|examples| examples.split(", ").next()) }
    }

    /// Returns whether an address needs a postal code.
    #[must_use]
    pub fn are_required(&self) -> bool {
        !self.patterns.contains(&"-")
    }

    /// Returns an example of a code. `None` if no format is known.
    #[must_use]
    pub const fn example(&self) -> Option<&'static str> {
        self.example
    }

    /// Returns whether the format is unknown, so that any code is accepted.
    pub(crate) fn are_free(&self) -> bool {
        self.patterns.contains(&"*")
    }

    /// Returns the known formats.
    pub(crate) fn forms(&self) -> impl Iterator<Item = &'static str> {
        self.patterns.iter().copied().filter(|pattern| !pattern.starts_with(['-', '*', '=']))
    }

    /// Returns the prefixes that people write before a code, besides the country's code.
    pub(crate) fn signs(&self) -> impl Iterator<Item = &'static str> {
        self.patterns.iter().filter_map(|pattern| pattern.strip_prefix('='))
    }
}
