//! The transactions that write a product together with its related items: the claims of its name and its slug, its prices, and the number of
//! products in its category. The modules of those items do not depend on this one. The entries by which it is listed are added after all
//! other writes ([`crate::listing`]).

use events::{Outbox, shop::ProductDeleted};
use kernel::{Problem, Sys, Time};
use money::MoneyError;
use store::{Item as _, Slot, Table, Tx, field};

use crate::{
    category, price,
    product::{NameClaim, Product, ProductChange, Slots, SlugClaim},
};

impl Product {
    /// Adds the product to a transaction, with its claims and price.
    ///
    /// # Errors
    /// The errors of [`Product::unit_price`].
    pub fn create(&self, tx: &mut Tx) -> Result<Slots, MoneyError> {
        let unit = self.unit_price()?;
        let product = tx.create(self);
        let name = tx.create(&NameClaim::of(&self.name, self.id));
        let slug = tx.create(&SlugClaim::of(self));
        let category = category::count(tx, self.category, 1);
        price::begin(tx, self, unit, self.created_at);
        Ok(Slots { product, name: Some(name), slug: Some(slug), category: Some(category) })
    }

    /// Returns the product after a change by staff. For another price with a discount a query of the former prices.
    ///
    /// # Errors
    /// The errors of the query and of [`Product::unit_price`].
    pub async fn changed(&self, table: &Table, change: ProductChange, now: Time) -> Result<Self, Problem> {
        let discounted = change.discount.unwrap_or(self.discount).is_some();
        let repriced = change.price.is_some() || change.discount.is_some();
        let lowest = if discounted && repriced { price::lowest(table, self.id, now).await? } else { None };
        Ok(self.after(change, lowest, now)?)
    }

    /// Adds the change to the state `after` to a transaction, with the claims and price.
    ///
    /// # Errors
    /// The errors of [`Product::unit_price`].
    pub fn change(&self, tx: &mut Tx, after: &Self) -> Result<Slots, MoneyError> {
        let unit = after.unit_price()?;
        let product = tx.update(self.update(after));
        let (old, new) = (NameClaim::of(&self.name, self.id), NameClaim::of(&after.name, self.id));
        let name = (old != new).then(|| {
            tx.delete(old.key());
            tx.create(&new)
        });
        let category = (self.category != after.category).then(|| {
            category::count(tx, self.category, -1);
            category::count(tx, after.category, 1)
        });
        if self.price_since != after.price_since {
            price::end(tx, self, after.updated_at);
            price::begin(tx, after, unit, after.updated_at);
        }
        Ok(Slots { product, name, slug: None, category })
    }

    /// Adds the deletion of the product to a transaction. Its comments, ratings and prices are deleted afterwards.
    pub fn delete(&self, tx: &mut Tx, sys: &Sys) -> Slot {
        let product = tx.delete_when(self.key(), field("version").eq(self.version));
        tx.delete(NameClaim::of(&self.name, self.id).key());
        tx.delete(SlugClaim::key_of(&self.slug));
        category::count(tx, self.category, -1);
        Outbox::add(tx, sys, &ProductDeleted { product: self.id });
        self.retire_picture(tx, sys);
        product
    }
}
