//! The lists of products: all products and those of a category, in several orders, also those with a part of a text. They are lists of the
//! search index ([`search`]), whose entries have the name, the description, the category and the price. Everything else is read from the
//! product.
//!
//! The entries change in the transaction of the product. They are added to it after all other writes, because they take the room that is
//! left, and the [`IndexChange`] commits it.

use money::MoneyError;
use search::{Catalogue, IndexChange, Order, SearchEntry, SortBy};
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::ToSchema;

use crate::product::Product;

/// The name of the search label with a product's category.
pub const CATEGORY: &str = "category";

/// The order of a list of products.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProductOrder {
    /// The newest first.
    #[default]
    Newest,
    /// By name, without regard to case and accents.
    NameAsc,
    /// By name, descending.
    NameDesc,
    /// The cheapest first, with discounts.
    PriceAsc,
    /// The most expensive first, with discounts.
    PriceDesc,
}

impl From<ProductOrder> for Order {
    fn from(order: ProductOrder) -> Self {
        let (by, descending) = match order {
            ProductOrder::Newest => (SortBy::Id, true),
            ProductOrder::NameAsc => (SortBy::Title, false),
            ProductOrder::NameDesc => (SortBy::Title, true),
            ProductOrder::PriceAsc => (SortBy::Price, false),
            ProductOrder::PriceDesc => (SortBy::Price, true),
        };
        Self { by, descending }
    }
}

impl Product {
    /// Returns the entry of the product in the search index.
    ///
    /// # Errors
    /// The errors of [`Product::unit_price`].
    pub fn entry(&self) -> Result<SearchEntry, MoneyError> {
        let entry = SearchEntry::described(self.id, self.name.as_str(), self.description.as_str());
        Ok(entry.labelled(CATEGORY, self.category).priced(self.unit_price()?.amount()))
    }
}

/// Adds the entries of a new product to the transaction that creates it.
///
/// # Errors
/// The errors of [`Product::unit_price`].
pub fn add(tx: &mut Tx, product: &Product) -> Result<IndexChange, MoneyError> {
    Ok(Catalogue::Products.add(tx, &product.entry()?))
}

/// Adds the change of a product's entries to the transaction that changes it.
///
/// # Errors
/// The errors of [`Product::unit_price`].
pub fn change(tx: &mut Tx, before: &Product, after: &Product) -> Result<IndexChange, MoneyError> {
    Ok(Catalogue::Products.change(tx, &before.entry()?, &after.entry()?))
}

/// Adds the deletion of a product's entries to the transaction that deletes it.
///
/// # Errors
/// The errors of [`Product::unit_price`].
pub fn remove(tx: &mut Tx, product: &Product) -> Result<IndexChange, MoneyError> {
    Ok(Catalogue::Products.remove(tx, &product.entry()?))
}
