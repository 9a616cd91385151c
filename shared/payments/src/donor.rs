//! Donations: the amount, and the country of the donor.

use countries::{Blocked, Country, Postcode};
use events::{Outbox, delivery::ReceiptDue};
use kernel::{FieldError, Fields, Problem, Sys, env::Reader, id::DonationId};
use money::{Currency, Money};
use serde::{Deserialize, Serialize};
use store::Tx;

use crate::{CardPayment, PaidFor, Purpose, plan::currency};

/// A donation.
pub type Donation = CardPayment<Donor>;

/// The range of amounts that can be donated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DonationLimits {
    /// The minimum.
    pub min: Money,
    /// The maximum, in the same currency.
    pub max: Money,
}

impl DonationLimits {
    /// Reads `DONATION_MIN` and `DONATION_MAX`, in minor units of `DONATION_CURRENCY`. Default: 5.00 to 100.00 PLN.
    pub fn read(r: &mut Reader<'_>) -> Self {
        let currency = currency(r, "DONATION_CURRENCY", Currency::Pln);
        let (min, max): (u64, u64) = (r.or("DONATION_MIN", 500), r.or("DONATION_MAX", 10_000));
        let by_card = currency.by_card();
        if min > max || !by_card.contains(&min) || !by_card.contains(&max) {
            let (least, most) = by_card.into_inner();
            r.wrong(format!("DONATION_MIN and DONATION_MAX must be from {least} to {most}, and the first one not above the other"));
        }
        let money = |amount| Money::new(amount, currency).unwrap_or(Money::zero(currency));
        Self { min: money(min), max: money(max) }
    }
}

/// The validated data of a donation.
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
    /// Validates every part, and reports all errors at once.
    ///
    /// # Errors
    /// [`kernel::Kind::Invalid`] with `range`, `currency`, and the errors of [`Blocked::parse`] and [`Postcode::parse`].
    pub fn parse(amount: Money, country: &str, postcode: Option<&str>, limits: DonationLimits, blocked: &Blocked) -> Result<Self, Problem> {
        let mut fields = Fields::new();
        let (min, max) = (limits.min.amount(), limits.max.amount());
        if amount.currency() != limits.min.currency() {
            fields.wrong("/amount/currency", FieldError::CURRENCY);
        }
        if !(min..=max).contains(&amount.amount()) {
            fields.wrong("/amount/amount", FieldError::RANGE.with("min", min).with("max", max));
        }
        let country = fields.take("/country", blocked.parse(country));
        let postcode = fields.take("/postal_code", Postcode::parse(postcode.unwrap_or_default(), country));
        let (Some(country), Some(postcode)) = (country, postcode) else { return Err(fields.problem()) };
        fields.finish()?;
        Ok(Self { amount, country, postcode })
    }
}

impl Purpose for Donor {
    type Id = DonationId;
    const KIND: &'static str = "donation";
    const PREFIX: &'static str = "DONATION#";
    const SORT: &'static str = "DONATION#{donation}";
    const DUE: &'static str = "DUE_DONATIONS";
    const DESCRIPTION: &'static str = "Donation";
    fn paid_for(id: DonationId) -> PaidFor {
        PaidFor::Donation(id)
    }
    fn amount(&self) -> Money {
        self.amount
    }
    fn country(&self) -> Option<Country> {
        Some(self.country)
    }
    fn fingerprint(&self) -> String {
        format!("{self:?}")
    }
    fn follow(tx: &mut Tx, sys: &Sys, before: &CardPayment<Self>, after: &CardPayment<Self>) {
        if before.is_paid_by(after) {
            Outbox::add(tx, sys, &ReceiptDue { user: after.user, donation: after.id });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(vars: &[(&str, &str)]) -> kernel::Env {
        vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn parsed(amount: u64, currency: Currency, country: &str, postcode: &str) -> Result<Donor, Problem> {
        let env = env(&[("BLOCKED_COUNTRIES", "RU")]);
        let (limits, blocked) = env.read(|r| (DonationLimits::read(r), Blocked::read(r))).unwrap();
        Donor::parse(Money::new(amount, currency).unwrap(), country, Some(postcode), limits, &blocked)
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

    #[test]
    fn limits_are_settings() {
        let read = |vars: &[(&str, &str)]| env(vars).read(DonationLimits::read);
        let pounds = read(&[("DONATION_MIN", "100"), ("DONATION_MAX", "100"), ("DONATION_CURRENCY", "GBP")]).unwrap();
        assert_eq!((pounds.min, pounds.max.amount()), (Money::new(100, Currency::Gbp).unwrap(), 100));
        for (name, value) in
            [("DONATION_MIN", "199"), ("DONATION_MIN", "10001"), ("DONATION_MAX", "100000000"), ("DONATION_CURRENCY", "ZLOTY")]
        {
            assert!(read(&[(name, value)]).is_err(), "{name} {value}");
        }
    }
}
