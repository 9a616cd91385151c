//! Prices of the products in a cart or an order.

use kernel::id::ProductId;
use money::{Money, MoneyError, Percent};
use serde::{Deserialize, Serialize};

use crate::{
    CURRENCY,
    cart::{CartLine, Quantity},
    product::Product,
    slug::ProductSlug,
    text::ProductName,
};

/// A product with its quantity and its price at one time. Later changes of the product do not affect it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricedLine {
    /// The product.
    pub product: ProductId,
    /// Its name.
    pub name: ProductName,
    /// The slug.
    pub slug: ProductSlug,
    /// The quantity.
    pub quantity: Quantity,
    /// The price of one item without the discount.
    pub price: Money,
    /// The discount, if there is one.
    #[serde(default)]
    pub discount: Option<Percent>,
    /// The price of the line, with the discount.
    pub amount: Money,
}

impl PricedLine {
    /// Returns a line with the current price of a product.
    ///
    /// # Errors
    /// [`MoneyError`] for a price out of range.
    pub fn of(product: &Product, quantity: Quantity) -> Result<Self, MoneyError> {
        let Product { id, price, discount, .. } = *product;
        let amount = price.line(quantity.get(), discount)?;
        Ok(Self { product: id, name: product.name.clone(), slug: product.slug.clone(), quantity, price, discount, amount })
    }

    /// Returns the product and the quantity.
    #[must_use]
    pub const fn line(&self) -> CartLine {
        CartLine { product: self.product, quantity: self.quantity }
    }
}

/// Returns the sum of the lines.
///
/// # Errors
/// [`MoneyError::Range`]
pub fn total(lines: &[PricedLine]) -> Result<Money, MoneyError> {
    Money::sum(CURRENCY, lines.iter().map(|line| line.amount))
}

#[cfg(test)]
pub(crate) mod tests {
    use kernel::Sys;
    use money::DISCOUNT_MAX;

    use super::*;
    use crate::{cart::QUANTITY_MAX, product::NewProduct, text::Description};

    /// Returns a random product.
    pub(crate) fn product(sys: &Sys) -> Product {
        let id = sys.id();
        let new = NewProduct {
            name: ProductName::parse("Garden turtle").unwrap(),
            description: Description::parse("Of stone.").unwrap(),
            category: sys.id(),
            price: Money::new(u64::from(sys.below(100_000)), CURRENCY).unwrap(),
            for_sale: true,
            available: 5,
        };
        let discount = Percent::new(u8::try_from(sys.below(u32::from(DISCOUNT_MAX) + 1)).unwrap());
        Product { discount, ..Product::new(id, ProductSlug::of("Garden turtle", id), new, sys.now()) }
    }

    #[test]
    fn a_total_is_the_sum_of_the_lines_that_are_shown() {
        let sys = Sys::real();
        for _ in 0..1_000 {
            let lines: Vec<PricedLine> = (0..=sys.below(49))
                .map(|_| PricedLine::of(&product(&sys), Quantity::new(sys.below(QUANTITY_MAX) + 1).unwrap()).unwrap())
                .collect();
            let sum = total(&lines).unwrap();
            assert_eq!(sum.amount(), lines.iter().map(|line| line.amount.amount()).sum::<u64>());
            // A discount on the whole order is distributed over its lines without a remainder.
            let off = Money::new(u64::from(sys.below(1_000)).min(sum.amount()), CURRENCY).unwrap();
            if sum.amount() > 0 {
                let shares: Vec<u64> = lines.iter().map(|line| line.amount.amount()).collect();
                assert_eq!(Money::sum(CURRENCY, off.spread(&shares).unwrap()), Ok(off));
            }
        }
    }
}
