//! What somebody who donates says: how much, and where they are.

use countries::{Blocked, Country, Postcode};
use kernel::{FieldError, Fields, Problem};
use money::{Currency, Money};
use serde::{Deserialize, Serialize};

/// The least that can be donated, in grosze.
pub const MIN: u64 = 500;
/// The most that can be donated, in grosze.
pub const MAX: u64 = 10_000;

/// What somebody who donates says, judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Donor {
    /// How much.
    pub amount: Money,
    /// Their country.
    pub country: Country,
    /// The postal code. `None` in countries without one.
    #[serde(default)]
    pub postcode: Option<Postcode>,
}

impl Donor {
    /// Judges every part, and tells everything that is wrong at once.
    ///
    /// # Errors
    /// [`kernel::Kind::Invalid`] with `range`, `currency`, and the errors of [`Blocked::parse`] and [`Postcode::parse`].
    pub fn parse(amount: Money, country: &str, postcode: Option<&str>, blocked: &Blocked) -> Result<Self, Problem> {
        let mut fields = Fields::new();
        if amount.currency() != Currency::Pln {
            fields.wrong("/amount/currency", FieldError::new("currency"));
        }
        if !(MIN..=MAX).contains(&amount.amount()) {
            fields.wrong("/amount/amount", FieldError::new("range").with("min", MIN).with("max", MAX));
        }
        let country = fields.take("/country", blocked.parse(country));
        let postcode = fields.take("/postal_code", Postcode::parse(postcode.unwrap_or_default(), country));
        let (Some(country), Some(postcode)) = (country, postcode) else { return Err(fields.problem()) };
        fields.finish()?;
        Ok(Self { amount, country, postcode })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(amount: u64, currency: Currency, country: &str, postcode: &str) -> Result<Donor, Problem> {
        let env: kernel::Env = [("BLOCKED_COUNTRIES".to_owned(), "RU".to_owned())].into_iter().collect();
        Donor::parse(Money::new(amount, currency).unwrap(), country, Some(postcode), &env.read(Blocked::read).unwrap())
    }

    fn wrong(amount: u64, currency: Currency, country: &str, postcode: &str) -> Vec<String> {
        let found = parsed(amount, currency, country, postcode).err();
        found.into_iter().flat_map(|p| p.fields).map(|(pointer, e)| format!("{pointer} {}", e.code)).collect()
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let all = ["/amount/currency currency", "/amount/amount range", "/postal_code postal_code"];
        assert_eq!(wrong(0, Currency::Gbp, "PL", "ABCDE"), all);
        assert_eq!(wrong(500, Currency::Pln, "RU", "101000"), ["/country country_blocked"]);
        for (amount, expected) in [(499, 1), (500, 0), (10_000, 0), (10_001, 1)] {
            assert_eq!(wrong(amount, Currency::Pln, "PL", "00-001").len(), expected, "{amount}");
        }
    }

    #[test]
    fn a_country_without_postal_codes_needs_none() {
        let donor = parsed(500, Currency::Pln, " ae ", "").unwrap();
        assert_eq!((donor.country.code(), donor.postcode), ("AE", None));
    }
}
