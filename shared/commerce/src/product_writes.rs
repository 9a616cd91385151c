//! The writes of a product together with what stands beside it: the claims of its name and its slug, its entries in lists, its prices, and
//! the number of products in its category. They are above all of these, which know the product alone.

use events::{Outbox, shop::ProductDeleted};
use kernel::{Problem, Sys, Time};
use money::MoneyError;
use store::{Item as _, Slot, Table, Tx, field};

use crate::{
    category, price,
    product::{NameClaim, Product, ProductChange, Slots, SlugClaim},
    shelf,
};

impl Product {
    /// Adds the product to a transaction, with all that stands beside it.
    ///
    /// # Errors
    /// The errors of [`Product::unit_price`].
    pub fn create(&self, tx: &mut Tx) -> Result<Slots, MoneyError> {
        let unit = self.unit_price()?;
        let product = tx.create(self);
        let name = tx.create(&NameClaim::of(&self.name, self.id));
        let slug = tx.create(&SlugClaim::of(self));
        let category = category::count(tx, self.category, 1);
        shelf::put(tx, self, unit.amount());
        price::begin(tx, self, unit, self.created_at);
        Ok(Slots { product, name: Some(name), slug: Some(slug), category: Some(category) })
    }

    /// The product after a change by staff. For another price with a discount a query of the former prices.
    ///
    /// # Errors
    /// The errors of the query and of [`Product::unit_price`].
    pub async fn changed(&self, table: &Table, change: ProductChange, now: Time) -> Result<Self, Problem> {
        let discounted = change.discount.unwrap_or(self.discount).is_some();
        let repriced = change.price.is_some() || change.discount.is_some();
        let lowest = if discounted && repriced { price::lowest(table, self.id, now).await? } else { None };
        Ok(self.after(change, lowest, now)?)
    }

    /// Adds the change to this state of it to a transaction, with all that stands beside it.
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
        let moved = self.category != after.category;
        let category = moved.then(|| {
            category::count(tx, self.category, -1);
            shelf::leave_category(tx, self);
            category::count(tx, after.category, 1)
        });
        let repriced = self.price_since != after.price_since;
        if moved || repriced || name.is_some() || self.description != after.description {
            shelf::put(tx, after, unit.amount());
        }
        if repriced {
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
        shelf::leave(tx, self);
        Outbox::add(tx, sys, &ProductDeleted { product: self.id });
        self.retire_picture(tx, sys);
        product
    }
}
