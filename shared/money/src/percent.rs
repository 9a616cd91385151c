//! Discounts.

use serde::{Deserialize, Serialize};

use crate::{Money, MoneyError};

/// The largest discount in per cent.
pub const DISCOUNT_MAX: u8 = 90;

/// A discount: 1 to [`DISCOUNT_MAX`] per cent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Percent(u8);

/// A number that is not a discount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not from 1 to 90 per cent")]
pub struct BadPercent;

impl Percent {
    /// This many per cent. `None` if it is out of range.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if number == 0 || number > DISCOUNT_MAX { None } else { Some(Self(number)) }
    }

    /// Returns the number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// This percentage of an amount, rounded half up.
    ///
    /// # Errors
    /// [`MoneyError::Range`]
    pub fn of(self, money: Money) -> Result<Money, MoneyError> {
        let hundredfold = u128::from(money.amount()).checked_mul(u128::from(self.0)).ok_or(MoneyError::Range)?;
        let rounded = hundredfold.checked_add(50).and_then(|sum| sum.checked_div(100)).ok_or(MoneyError::Range)?;
        Money::new(u64::try_from(rounded).map_err(|_| MoneyError::Range)?, money.currency())
    }
}

impl TryFrom<u8> for Percent {
    type Error = BadPercent;
    fn try_from(number: u8) -> Result<Self, BadPercent> {
        Self::new(number).ok_or(BadPercent)
    }
}

impl From<Percent> for u8 {
    fn from(percent: Percent) -> Self {
        percent.0
    }
}
