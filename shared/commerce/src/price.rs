//! The price history of products: one item for each price. A discount is shown with the lowest price of the thirty days before it (EU price
//! indication rules).

use std::time::Duration;

use kernel::{Time, id::ProductId};
use money::Money;
use serde::{Deserialize, Serialize};
use store::{About, Cond, Item, Key, Personal, Range, StoreError, Table, Tx, Update};

use crate::product::{Product, partition};

/// The time before a discount of which the lowest price is shown.
pub const LOOKED_BACK: Duration = Duration::from_secs(30 * 24 * 3600);
/// How long a price is kept after it was replaced.
const KEPT: Duration = Duration::from_secs(31 * 24 * 3600);
/// The prefix of the sort keys of a product's prices.
const PREFIX: &str = "PRICE#";

/// A price that a product had or has, with its discount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceChange {
    product: ProductId,
    /// The version of the product that introduced the price.
    since_version: u64,
    /// The price of one item.
    price: Money,
    /// The time from which it was valid.
    at: Time,
    /// The time until which it was valid. Absent for the current price.
    until: Option<Time>,
}

impl PriceChange {
    fn key_of(product: ProductId, version: u64) -> Key {
        Key::new(partition(product), format!("{PREFIX}{version:010}"))
    }

    /// Returns whether it was still valid after this time.
    fn lasted_until_after(&self, moment: Time) -> bool {
        self.until.is_none_or(|until| until > moment)
    }
}

impl Item for PriceChange {
    const KIND: &'static str = "price";
    const ABOUT: About = About::at("PRODUCT#{product}", "PRICE#{version}", Personal::Nobody("a price of a product")).may_expire();
    fn key(&self) -> Key {
        Self::key_of(self.product, self.since_version)
    }
}

/// Adds the price that a product has from its version on.
pub(crate) fn begin(tx: &mut Tx, product: &Product, price: Money, now: Time) {
    let (product, since_version) = (product.id, product.version);
    tx.put_always(&PriceChange { product, since_version, price, at: now, until: None });
}

/// Adds the end of the price that a product has.
pub(crate) fn end(tx: &mut Tx, product: &Product, now: Time) {
    let key = PriceChange::key_of(product.id, product.price_since);
    tx.update(Update::of(key).set("until", now).expires(now + KEPT).when(Cond::Exists));
}

/// Returns the lowest price that a product had within the thirty days before now. One query of all prices that are kept, however many there
/// are.
///
/// # Errors
/// [`StoreError`]
pub async fn lowest(table: &Table, product: ProductId, now: Time) -> Result<Option<Money>, StoreError> {
    let range = Range::of(partition(product)).prefix(PREFIX);
    Ok(lowest_of(&table.query::<PriceChange>(range).await?.items, now))
}

fn lowest_of(prices: &[PriceChange], now: Time) -> Option<Money> {
    let since = now - LOOKED_BACK;
    prices.iter().filter(|price| price.lasted_until_after(since)).map(|price| price.price).min_by_key(|price| price.amount())
}

#[cfg(test)]
mod tests {
    use kernel::Sys;

    use super::*;
    use crate::CURRENCY;

    #[test]
    fn a_price_counts_until_thirty_days_after_its_end() {
        const DAY: Duration = Duration::from_secs(24 * 3600);
        let product = Sys::real().id();
        let start = Time::from_millis(1_893_499_200_000);
        let price = |amount, from: u32, until: Option<u32>| PriceChange {
            product,
            since_version: u64::from(from),
            price: Money::new(amount, CURRENCY).unwrap(),
            at: start + DAY * from,
            until: until.map(|day| start + DAY * day),
        };
        // 10.00 for ten days, 5.00 for one day, 20.00 since.
        let prices = [price(2000, 11, None), price(500, 10, Some(11)), price(1000, 0, Some(10))];
        let lowest = |day: u32| lowest_of(&prices, start + DAY * day).map(Money::amount);
        assert_eq!((lowest(12), lowest(40), lowest(41), lowest(400)), (Some(500), Some(500), Some(2000), Some(2000)));
        assert_eq!(lowest_of(&[], start), None);
    }
}
