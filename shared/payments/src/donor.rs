//! What somebody who donates says: how much, and where they are.

use kernel::{FieldError, Fields, Problem};
use serde::{Deserialize, Serialize};

use crate::{Currency, Money};

/// The least that can be donated, in grosz.
pub const MIN: u64 = 500;
/// The most that can be donated, in grosz.
pub const MAX: u64 = 10_000;
/// The most characters of a postal code.
const POSTCODE_MAX_CHARS: usize = 15;

/// What somebody who donates says, judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Donor {
    /// How much.
    pub amount: Money,
    /// ISO 3166-1 alpha-2, in upper case.
    pub country: String,
    /// The postal code. `None` in countries without one.
    #[serde(default)]
    pub postcode: Option<String>,
}

impl Donor {
    /// Judges every part, and tells everything that is wrong at once.
    ///
    /// # Errors
    /// [`kernel::Kind::Invalid`] with `range`, `currency`, `country`, `too_long` or `postal_code`.
    pub fn parse(amount: Money, country: &str, postcode: Option<&str>) -> Result<Self, Problem> {
        let mut fields = Fields::new();
        if amount.currency != Currency::Pln {
            fields.wrong("/amount/currency", FieldError::new("currency"));
        }
        if !(MIN..=MAX).contains(&amount.amount) {
            fields.wrong("/amount/amount", FieldError::new("range").with("min", MIN).with("max", MAX));
        }
        let country = fields.take("/country", self::country(country));
        let postcode = fields.take("/postal_code", self::postcode(postcode.unwrap_or_default()));
        let (Some(country), Some(postcode)) = (country, postcode) else { return Err(fields.problem()) };
        fields.finish()?;
        Ok(Self { amount, country, postcode })
    }
}

fn country(text: &str) -> Result<String, FieldError> {
    let code = text.trim().to_ascii_uppercase();
    let formed = code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase());
    if formed { Ok(code) } else { Err(FieldError::new("country")) }
}

fn postcode(text: &str) -> Result<Option<String>, FieldError> {
    let code = text.trim();
    if code.chars().count() > POSTCODE_MAX_CHARS {
        return Err(FieldError::new("too_long").with("max", POSTCODE_MAX_CHARS));
    }
    let formed = code.chars().all(|c| c.is_ascii_alphanumeric() || c == ' ' || c == '-');
    if formed { Ok(Some(code.to_ascii_uppercase()).filter(|code| !code.is_empty())) } else { Err(FieldError::new("postal_code")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(amount: u64, currency: Currency, country: &str, postcode: &str) -> Vec<String> {
        let parsed = Donor::parse(Money::new(amount, currency), country, Some(postcode));
        parsed.err().into_iter().flat_map(|p| p.fields).map(|(pointer, e)| format!("{pointer} {}", e.code)).collect()
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let all = ["/amount/currency currency", "/amount/amount range", "/country country", "/postal_code postal_code"];
        assert_eq!(wrong(0, Currency::Gbp, "Poland", "<00>"), all);
        for (amount, expected) in [(499, 1), (500, 0), (10_000, 0), (10_001, 1), (u64::MAX, 1)] {
            assert_eq!(wrong(amount, Currency::Pln, "PL", "00-001").len(), expected, "{amount}");
        }
        assert_eq!(wrong(500, Currency::Pln, "PL", "1234567890123456"), ["/postal_code too_long"]);
    }

    #[test]
    fn a_country_without_postal_codes_needs_none() {
        let donor = Donor::parse(Money::new(500, Currency::Pln), " ae ", None).unwrap();
        assert_eq!((donor.country.as_str(), donor.postcode), ("AE", None));
    }
}
