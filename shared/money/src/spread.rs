//! Distributing an amount by largest remainder.

use std::cmp::Reverse;

use crate::{Money, MoneyError};

impl Money {
    /// Distributes this amount in proportion to the shares. Each part is rounded down, and the remaining units go to the parts with the
    /// largest remainders, the first ones first. So the parts add up to the amount.
    ///
    /// # Errors
    /// [`MoneyError::NoShares`] if all shares are zero.
    pub fn spread(self, shares: &[u64]) -> Result<Vec<Self>, MoneyError> {
        let all: u128 = shares.iter().map(|share| u128::from(*share)).sum();
        let mut parts = Vec::with_capacity(shares.len());
        let mut left = self.amount();
        for (place, share) in shares.iter().enumerate() {
            let exact = u128::from(self.amount()).checked_mul(u128::from(*share)).ok_or(MoneyError::Range)?;
            let whole = exact.checked_div(all).ok_or(MoneyError::NoShares)?;
            let lost = exact.checked_rem(all).ok_or(MoneyError::NoShares)?;
            let whole = u64::try_from(whole).map_err(|_| MoneyError::Range)?;
            left = left.checked_sub(whole).ok_or(MoneyError::Range)?;
            parts.push((place, whole, lost));
        }
        if parts.is_empty() {
            return Err(MoneyError::NoShares);
        }
        parts.sort_by_key(|(place, _, lost)| (Reverse(*lost), *place));
        for (_, whole, _) in &mut parts {
            let one = left.min(1);
            *whole = whole.checked_add(one).ok_or(MoneyError::Range)?;
            left = left.saturating_sub(one);
        }
        parts.sort_by_key(|(place, ..)| *place);
        parts.into_iter().map(|(_, whole, _)| Self::new(whole, self.currency())).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        AMOUNT_MAX, MoneyError,
        tests::{Numbers, pln},
    };

    fn spread(amount: u64, shares: &[u64]) -> Vec<u64> {
        pln(amount).spread(shares).unwrap().into_iter().map(crate::Money::amount).collect()
    }

    #[test]
    fn what_is_left_goes_to_the_largest_remainder() {
        assert_eq!(spread(100, &[1, 1, 1]), [34, 33, 33]);
        assert_eq!(spread(10, &[1, 5, 3]), [1, 6, 3]);
        assert_eq!(spread(5, &[0, 1, 0]), [0, 5, 0]);
        assert_eq!(spread(0, &[1, 2]), [0, 0]);
        assert_eq!(pln(1).spread(&[]), Err(MoneyError::NoShares));
        assert_eq!(pln(1).spread(&[0, 0]), Err(MoneyError::NoShares));
    }

    /// For any amount and shares the parts add up, none is a whole unit from its exact size, and who has no share gets nothing.
    #[test]
    fn no_unit_is_lost() {
        let mut numbers = Numbers::from(11);
        for _ in 0..20_000 {
            let shares: Vec<u64> = (0..=numbers.below(50)).map(|_| numbers.below(4) * numbers.below(1_000_000)).collect();
            let all: u128 = shares.iter().map(|share| u128::from(*share)).sum();
            if all == 0 {
                continue;
            }
            let amount = numbers.below(10_000_000);
            let parts = spread(amount, &shares);
            assert_eq!(parts.iter().sum::<u64>(), amount);
            for (part, share) in parts.iter().zip(&shares) {
                assert!((u128::from(*part) * all).abs_diff(u128::from(amount) * u128::from(*share)) < all, "{amount} {shares:?}");
                assert!(*share > 0 || *part == 0);
            }
        }
        let most = spread(AMOUNT_MAX, &[u64::MAX, u64::MAX, 1]);
        assert_eq!(most.iter().sum::<u64>(), AMOUNT_MAX);
    }
}
