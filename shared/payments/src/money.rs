//! Amounts of money, in the smallest unit of their currency.

use kernel::Locale;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A currency. All of these have two decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Currency {
    /// Polish złoty.
    Pln,
    /// Pound sterling.
    Gbp,
}

impl Currency {
    /// Every currency.
    pub const ALL: [Self; 2] = [Self::Pln, Self::Gbp];

    /// The code of ISO 4217.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Pln => "PLN",
            Self::Gbp => "GBP",
        }
    }

    /// The currency with this code, in upper or lower case.
    #[must_use]
    pub fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|currency| currency.code().eq_ignore_ascii_case(code))
    }
}

/// An amount of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// In the smallest unit of the currency, such as grosz.
    #[schema(minimum = 0, examples(1234))]
    pub amount: u64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// An amount in the smallest unit of its currency.
    #[must_use]
    pub const fn new(amount: u64, currency: Currency) -> Self {
        Self { amount, currency }
    }

    /// As people write it, such as `12,34 zł` or `£12.34`.
    #[must_use]
    pub fn text(self, locale: Locale) -> String {
        let (whole, part) = (self.amount.div_euclid(100), self.amount.rem_euclid(100));
        let point = match locale {
            Locale::En => '.',
            Locale::Pl => ',',
        };
        let number = format!("{whole}{point}{part:02}");
        // Between a number and what stands behind it is a no-break space.
        match (locale, self.currency) {
            (Locale::Pl, Currency::Pln) => format!("{number}\u{a0}zł"),
            (Locale::En, Currency::Gbp) => format!("£{number}"),
            (_, currency) => format!("{number}\u{a0}{}", currency.code()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_as_in_each_language() {
        for (amount, currency, english, polish) in [
            (1234, Currency::Pln, "12.34\u{a0}PLN", "12,34\u{a0}zł"),
            (5, Currency::Pln, "0.05\u{a0}PLN", "0,05\u{a0}zł"),
            (250_000, Currency::Gbp, "£2500.00", "2500,00\u{a0}GBP"),
        ] {
            let money = Money::new(amount, currency);
            assert_eq!((money.text(Locale::En).as_str(), money.text(Locale::Pl).as_str()), (english, polish));
        }
    }

    #[test]
    fn a_currency_has_its_code() {
        for currency in Currency::ALL {
            assert_eq!(Currency::of(&currency.code().to_lowercase()), Some(currency));
            assert_eq!(serde_json::to_value(currency).unwrap(), currency.code());
        }
        assert_eq!(Currency::of("EUR"), None);
    }
}
