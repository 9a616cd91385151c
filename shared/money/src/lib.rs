//! Amounts of money: whole minor units with a currency. Calculations are checked for overflow and never use fractions.
//!
//! Only the discount of a line is rounded, once and half up ([`Money::line`]). A total is the sum of its lines ([`Money::sum`]). A
//! reduction of a total is distributed without losing a unit ([`Money::spread`]).

mod percent;
mod shown;
mod spread;

pub use percent::{DISCOUNT_MAX, Percent};

use std::ops::RangeInclusive;

use kernel::{
    Problem,
    audit::{AuditValue, Auditable},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The maximum amount in minor units, 2^53 - 1: the largest integer that all JSON parsers read exactly.
pub const AMOUNT_MAX: u64 = (1 << 53) - 1;

/// A currency, by its ISO 4217 code. All of these have a hundred minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
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

    /// Returns the code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Pln => "PLN",
            Self::Gbp => "GBP",
        }
    }

    /// Returns the range that Stripe accepts in one payment by card, in minor units.
    #[must_use]
    pub const fn by_card(self) -> RangeInclusive<u64> {
        let least = match self {
            Self::Pln => 200,
            Self::Gbp => 30,
        };
        RangeInclusive::new(least, 99_999_999)
    }
}

/// An amount of money, never negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "Given", deny_unknown_fields)]
pub struct Money {
    /// The amount in minor units, such as grosze and pence.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64, examples(1234))]
    amount: u64,
    /// The currency.
    currency: Currency,
}

/// The JSON form of [`Money`], before the amount is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    amount: u64,
    currency: Currency,
}

impl TryFrom<Given> for Money {
    type Error = MoneyError;
    fn try_from(Given { amount, currency }: Given) -> Result<Self, MoneyError> {
        Self::new(amount, currency)
    }
}

/// Why a calculation has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Amounts of different currencies.
    #[error("amounts of different currencies")]
    Currencies,
    /// An amount above [`AMOUNT_MAX`] or below zero.
    #[error("an amount out of range")]
    Range,
    /// There is nobody to distribute an amount to.
    #[error("an amount without a share to distribute it to")]
    NoShares,
}

impl From<MoneyError> for Problem {
    #[track_caller]
    fn from(e: MoneyError) -> Self {
        Self::internal(e)
    }
}

impl Money {
    /// This many minor units.
    ///
    /// # Errors
    /// [`MoneyError::Range`]
    pub const fn new(amount: u64, currency: Currency) -> Result<Self, MoneyError> {
        if amount > AMOUNT_MAX { Err(MoneyError::Range) } else { Ok(Self { amount, currency }) }
    }

    /// Returns the amount zero in this currency.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self { amount: 0, currency }
    }

    /// Returns the minor units.
    #[must_use]
    pub const fn amount(self) -> u64 {
        self.amount
    }

    /// Returns the currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Returns the sum of both amounts.
    ///
    /// # Errors
    /// [`MoneyError::Currencies`], [`MoneyError::Range`]
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.with(other, u64::checked_add)
    }

    /// Returns the difference of this amount and the other.
    ///
    /// # Errors
    /// [`MoneyError::Currencies`], [`MoneyError::Range`]
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.with(other, u64::checked_sub)
    }

    /// This amount multiplied by `count`.
    ///
    /// # Errors
    /// [`MoneyError::Range`]
    pub fn times(self, count: u32) -> Result<Self, MoneyError> {
        Self::new(self.amount.checked_mul(u64::from(count)).ok_or(MoneyError::Range)?, self.currency)
    }

    /// Returns the price of `count` items with this unit price, with a discount. The discount is rounded here, and nowhere else.
    ///
    /// # Errors
    /// [`MoneyError::Range`]
    pub fn line(self, count: u32, discount: Option<Percent>) -> Result<Self, MoneyError> {
        let whole = self.times(count)?;
        match discount {
            Some(discount) => whole.minus(discount.of(whole)?),
            None => Ok(whole),
        }
    }

    /// Returns the sum of all amounts.
    ///
    /// # Errors
    /// [`MoneyError::Currencies`], [`MoneyError::Range`]
    pub fn sum(currency: Currency, amounts: impl IntoIterator<Item = Self>) -> Result<Self, MoneyError> {
        amounts.into_iter().try_fold(Self::zero(currency), Self::plus)
    }

    fn with(self, other: Self, calculate: fn(u64, u64) -> Option<u64>) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::Currencies);
        }
        Self::new(calculate(self.amount, other.amount).ok_or(MoneyError::Range)?, self.currency)
    }
}

impl Auditable for Money {
    fn audited(&self) -> AuditValue {
        AuditValue::Amount { amount: self.amount, currency: self.currency.code().to_owned() }
    }
}

impl Auditable for Percent {
    fn audited(&self) -> AuditValue {
        u32::from(self.get()).audited()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Numbers that look random and are the same in every run.
    pub(crate) struct Numbers(u64);

    impl Numbers {
        pub(crate) const fn from(seed: u64) -> Self {
            Self(seed)
        }

        /// Returns the next number below this one.
        pub(crate) fn below(&mut self, bound: u64) -> u64 {
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            (mixed ^ (mixed >> 31)).checked_rem(bound).unwrap_or_default()
        }
    }

    pub(crate) fn pln(amount: u64) -> Money {
        Money::new(amount, Currency::Pln).unwrap()
    }

    #[test]
    fn a_discount_is_rounded_half_up_once_for_a_line() {
        let line = |amount, count, percent: u8| pln(amount).line(count, Percent::new(percent)).unwrap().amount();
        // Half a unit off is a whole unit off: 0.5 of 1, 2.5 of 5.
        assert_eq!((line(1, 1, 50), line(5, 1, 50), line(999, 1, 10)), (0, 2, 899));
        // Three times one with half a unit off each would be zero.
        assert_eq!((line(1, 3, 50), line(333, 3, 10), line(10, 0, 90)), (1, 899, 0));
        assert_eq!(pln(1999).line(2, None), Ok(pln(3998)));
    }

    /// For any lines the total is their sum, in any order, and no line costs more than without its discount or less than nothing.
    #[test]
    fn a_total_is_the_sum_of_its_lines() {
        let mut numbers = Numbers::from(7);
        for _ in 0..20_000 {
            let mut lines = Vec::new();
            for _ in 0..=numbers.below(50) {
                let (price, count) = (pln(numbers.below(100_000)), u32::try_from(numbers.below(100)).unwrap());
                let discount = Percent::new(u8::try_from(numbers.below(91)).unwrap());
                let (line, whole) = (price.line(count, discount).unwrap(), price.times(count).unwrap());
                assert!(line.amount() <= whole.amount());
                // Exact: never more than half a unit from the true price.
                let percent = u64::from(discount.map_or(0, Percent::get));
                let hundredfold = whole.amount() * (100 - percent);
                assert!((line.amount() * 100).abs_diff(hundredfold) <= 50, "{price:?} {count} {discount:?}");
                lines.push(line);
            }
            let total = Money::sum(Currency::Pln, lines.iter().copied()).unwrap();
            assert_eq!(total.amount(), lines.iter().map(|line| line.amount()).sum::<u64>());
            assert_eq!(Money::sum(Currency::Pln, lines.into_iter().rev()), Ok(total));
        }
    }

    #[test]
    fn what_has_no_result_is_an_error() {
        let most = pln(AMOUNT_MAX);
        assert_eq!(most.plus(pln(1)), Err(MoneyError::Range));
        assert_eq!(most.times(2), Err(MoneyError::Range));
        assert_eq!(most.times(u32::MAX), Err(MoneyError::Range));
        assert_eq!(pln(1).minus(pln(2)), Err(MoneyError::Range));
        assert_eq!(pln(1).plus(Money::zero(Currency::Gbp)), Err(MoneyError::Currencies));
        assert_eq!(Money::sum(Currency::Gbp, [pln(1)]), Err(MoneyError::Currencies));
        assert_eq!(most.line(1, Percent::new(DISCOUNT_MAX)).map(Money::currency), Ok(Currency::Pln));
    }

    #[test]
    fn money_is_whole_units_in_json() {
        assert_eq!(serde_json::to_string(&pln(1234)).unwrap(), r#"{"amount":1234,"currency":"PLN"}"#);
        for bad in [
            r#"{"amount":12.34,"currency":"PLN"}"#,
            r#"{"amount":-1,"currency":"PLN"}"#,
            r#"{"amount":"12","currency":"PLN"}"#,
            r#"{"amount":9007199254740992,"currency":"PLN"}"#,
            r#"{"amount":1,"currency":"pln"}"#,
            r#"{"amount":1,"currency":"XXX"}"#,
            r#"{"amount":1}"#,
            r#"{"amount":1,"currency":"PLN","cents":0}"#,
        ] {
            assert!(serde_json::from_str::<Money>(bad).is_err(), "{bad}");
        }
        for currency in Currency::ALL {
            assert_eq!(serde_json::to_value(currency).unwrap(), currency.code());
        }
    }
}
