//! Countries, and the ones that a deployment excludes.

use std::{collections::BTreeMap, fmt, sync::LazyLock};

use kernel::{FieldError, Locale, env::Reader, text};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{order, postcode_format::Postcodes};

/// A country of ISO 3166-1, or Kosovo.
#[derive(Clone, Copy)]
pub struct Country(&'static CountryData);

struct CountryData {
    code: &'static str,
    calling_code: Option<&'static str>,
    /// In the order of [`Locale::ALL`].
    names: [&'static str; Locale::ALL.len()],
    postcodes: Postcodes,
}

/// The names in every language. Each line has a code and a name, such as `PL Poland`.
pub(crate) const NAMES: [&str; Locale::ALL.len()] = kernel::in_every_language!("countries.txt");

static COUNTRIES: LazyLock<BTreeMap<&str, CountryData>> = LazyLock::new(|| {
    let names = NAMES.map(|file| file.lines().filter_map(|line| line.split_once(' ')).collect());
    let lines = include_str!("../data/countries.txt").lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| entry(line, &names)).map(|entry| (entry.code, entry)).collect()
});

/// Parses a line of the data: `PL 48`. A missing name is empty, which a test detects.
fn entry(line: &'static str, names: &[BTreeMap<&str, &'static str>; Locale::ALL.len()]) -> Option<CountryData> {
    let (code, calling_code) = line.split_once(' ')?;
    let calling_code = Some(calling_code).filter(|calling_code| *calling_code != "-");
    let names = names.each_ref().map(|names| names.get(code).copied().unwrap_or_default());
    Some(CountryData { code, calling_code, names, postcodes: Postcodes::of(code) })
}

impl Country {
    /// Parses a code as people type it, in upper or lower case.
    ///
    /// # Errors
    /// `required` or `country`.
    pub fn parse(typed: &str) -> Result<Self, FieldError> {
        let code = text::typed(typed).ok_or(FieldError::COUNTRY)?.to_ascii_uppercase();
        if code.is_empty() {
            return Err(FieldError::REQUIRED);
        }
        Self::of(&code).ok_or(FieldError::COUNTRY)
    }

    /// Returns the country with exactly this code.
    #[must_use]
    pub fn of(code: &str) -> Option<Self> {
        COUNTRIES.get(code).map(Self)
    }

    /// Reads a list of codes from a variable. It may be empty.
    pub fn listed(r: &mut Reader<'_>, variable: &'static str) -> Vec<Self> {
        let named = r.list(variable);
        let known: Vec<Self> = named.iter().filter_map(|code| Self::of(code)).collect();
        if known.len() != named.len() {
            r.wrong(format!("{variable} is not a list of country codes"));
        }
        known
    }

    /// Returns every country, by its code.
    pub fn all() -> impl Iterator<Item = Self> {
        COUNTRIES.values().map(Self)
    }

    /// Returns every country, in the alphabetical order of its name in this language.
    #[must_use]
    pub fn by_name(locale: Locale) -> Vec<Self> {
        let mut countries: Vec<Self> = Self::all().collect();
        let letters = order::letters(locale.of(&NAMES));
        countries.sort_by_cached_key(|country| order::key(country.name(locale), letters));
        countries
    }

    /// Returns the code: ISO 3166-1 alpha-2, or `XK` for Kosovo.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.0.code
    }

    /// Returns the name.
    #[must_use]
    pub fn name(self, locale: Locale) -> &'static str {
        locale.of(&self.0.names)
    }

    /// Returns the digits after the `+` of its phone numbers. `None` for a country without its own numbering plan.
    #[must_use]
    pub const fn calling_code(self) -> Option<&'static str> {
        self.0.calling_code
    }

    /// Returns the flag: the code in regional indicator symbols, which fonts show as one emoji.
    #[must_use]
    pub fn flag(self) -> String {
        const FIRST: u32 = 0x1F1E6;
        let symbol = |letter: u8| char::from_u32(FIRST.saturating_add(u32::from(letter.saturating_sub(b'A'))));
        self.code().bytes().filter_map(symbol).collect()
    }

    /// Returns the format of its postal codes.
    #[must_use]
    pub const fn postcodes(self) -> &'static Postcodes {
        &self.0.postcodes
    }
}

impl PartialEq for Country {
    fn eq(&self, other: &Self) -> bool {
        self.code() == other.code()
    }
}

impl Eq for Country {}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Country {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Self::of(&code).ok_or_else(|| D::Error::custom("not a country"))
    }
}

/// The countries that a deployment excludes.
#[derive(Clone, Debug, Default)]
pub struct Blocked(Vec<Country>);

impl Blocked {
    /// Reads `BLOCKED_COUNTRIES`, a list of codes. It may be empty.
    pub fn read(r: &mut Reader<'_>) -> Self {
        Self(Country::listed(r, "BLOCKED_COUNTRIES"))
    }

    /// Returns whether this country is excluded.
    #[must_use]
    pub fn has(&self, country: Country) -> bool {
        self.0.contains(&country)
    }

    /// Like [`Country::parse`], for a country that is not excluded.
    ///
    /// # Errors
    /// `required`, `country` or `country_blocked`.
    pub fn parse(&self, typed: &str) -> Result<Country, FieldError> {
        let country = Country::parse(typed)?;
        if self.has(country) { Err(FieldError::COUNTRY_BLOCKED) } else { Ok(country) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn blocked(list: &str) -> Result<Blocked, kernel::env::ConfigError> {
        let env: kernel::Env = [("BLOCKED_COUNTRIES".to_owned(), list.to_owned())].into_iter().collect();
        env.read(Blocked::read)
    }

    #[test]
    fn every_country_is_whole() {
        let lines = include_str!("../data/countries.txt").lines().filter(|line| !line.starts_with('#'));
        assert_eq!((lines.count(), COUNTRIES.len()), (250, 250), "countries of ISO 3166-1, and Kosovo");
        for country in Country::all() {
            let code = country.code();
            assert!(code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase()), "{code}");
            for name in Locale::ALL.map(|locale| country.name(locale)) {
                assert!(!name.is_empty() && name == name.trim() && !name.contains('|'), "{code} {name}");
            }
            let digits = |calling: &str| (1..=3).contains(&calling.len()) && calling.bytes().all(|b| b.is_ascii_digit());
            assert!(country.calling_code().is_none_or(digits), "{code}");
            assert_eq!(country.flag().chars().count(), 2, "{code}");
        }
        for locale in Locale::ALL {
            let names: BTreeSet<&str> = Country::all().map(|country| country.name(locale)).collect();
            assert_eq!(names.len(), 250, "two countries have the same name");
        }
    }

    #[test]
    fn a_country_has_its_name_calling_code_and_flag() {
        let told = |code: &str| {
            let country = Country::of(code).unwrap();
            (country.name(Locale::En), country.name(Locale::Pl), country.calling_code(), country.flag())
        };
        assert_eq!(told("PL"), ("Poland", "Polska", Some("48"), "🇵🇱".to_owned()));
        assert_eq!(told("GB"), ("United Kingdom", "Wielka Brytania", Some("44"), "🇬🇧".to_owned()));
        assert_eq!(told("XK"), ("Kosovo", "Kosowo", Some("383"), "🇽🇰".to_owned()));
        assert_eq!(told("BV").2, None);
    }

    #[test]
    fn countries_are_parsed_as_people_type_them() {
        for typed in ["PL", " pl ", "p l", "Pl\u{200b}"] {
            assert_eq!(Country::parse(typed).unwrap().code(), "PL", "{typed}");
        }
        for (typed, error) in
            [("", "required"), ("\u{200b}", "required"), ("XX", "country"), ("UK", "country"), ("POL", "country"), ("łż", "country")]
        {
            assert_eq!(Country::parse(typed).unwrap_err().code, error, "{typed}");
        }
    }

    #[test]
    fn what_is_blocked_is_a_setting() {
        let some = blocked("CU, RU").unwrap();
        assert_eq!(some.parse("ru").unwrap_err().code, "country_blocked");
        assert_eq!(some.parse("by").unwrap().code(), "BY");
        assert_eq!(some.parse("zz").unwrap_err().code, "country");
        assert_eq!(blocked("").unwrap().parse("RU").unwrap().code(), "RU");
        for wrong in ["UA-CR", "ru", "Russia", "RU;CU"] {
            assert!(blocked(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_stored_country_is_its_code() {
        let country = Country::of("DE").unwrap();
        assert_eq!(serde_json::to_string(&country).unwrap(), r#""DE""#);
        assert_eq!(serde_json::from_str::<Country>(r#""DE""#).unwrap(), country);
        assert!(serde_json::from_str::<Country>(r#""de""#).is_err());
    }
}
