//! The entries of products in lists: one among all products and one among those of their category, each by age, by name and by price.
//!
//! An entry has only what it is sorted by. What is shown of a product is read from the product.

use std::fmt;

use kernel::id::{CategoryId, ProductId};
use search::normal;
use serde::{Deserialize, Serialize};
use store::{About, Index, Item, Key, Page, Personal, Range, StoreError, Table, Tx};
use utoipa::ToSchema;

use crate::product::Product;

/// A list of products.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shelf {
    /// All products.
    All,
    /// The products of a category.
    Of(CategoryId),
}

impl fmt::Display for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("ALL"),
            Self::Of(category) => write!(f, "{category}"),
        }
    }
}

/// The order of a list of products.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProductOrder {
    /// The newest first.
    #[default]
    Newest,
    /// By name, without regard to case and accents.
    NameAsc,
    /// The other way round.
    NameDesc,
    /// The cheapest first, with discounts.
    PriceAsc,
    /// The most expensive first, with discounts.
    PriceDesc,
}

/// The entry of a product in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShelfEntry {
    /// The category. Absent in the list of all products.
    category: Option<CategoryId>,
    /// The product.
    pub product: ProductId,
    name: String,
    price: u64,
}

impl ShelfEntry {
    fn shelf(&self) -> Shelf {
        self.category.map_or(Shelf::All, Shelf::Of)
    }

    fn by_name(&self) -> Key {
        Key::new(format!("PRODUCTS_BY_NAME#{}", self.shelf()), format!("{}#{}", self.name, self.product))
    }

    fn by_price(&self) -> Key {
        Key::new(format!("PRODUCTS_BY_PRICE#{}", self.shelf()), format!("{:08}#{}", self.price, self.product))
    }
}

impl Item for ShelfEntry {
    const KIND: &'static str = "product_place";
    const ABOUT: About = About::at("PRODUCTS#{shelf}", "{product}", Personal::Nobody("the place of a product in a list"))
        .indexed(Index::ProductsByName, "PRODUCTS_BY_NAME#{shelf}", "{name}#{product}")
        .indexed(Index::ProductsByPrice, "PRODUCTS_BY_PRICE#{shelf}", "{price}#{product}");
    fn key(&self) -> Key {
        Key::new(format!("PRODUCTS#{}", self.shelf()), self.product.to_string())
    }
    fn indexes(&self) -> Vec<(Index, Key)> {
        vec![(Index::ProductsByName, self.by_name()), (Index::ProductsByPrice, self.by_price())]
    }
}

/// The two entries of a product, one of which costs this many minor units.
fn places(product: &Product, price: u64) -> [ShelfEntry; 2] {
    let place = |category| ShelfEntry { category, product: product.id, name: normal(product.name.as_str()), price };
    [place(None), place(Some(product.category))]
}

/// Adds the entries of a product to a transaction.
pub(crate) fn put(tx: &mut Tx, product: &Product, price: u64) {
    for place in places(product, price) {
        tx.put_always(&place);
    }
}

/// Adds that a product leaves the list of its category.
pub(crate) fn leave_category(tx: &mut Tx, product: &Product) {
    let [_, place] = places(product, 0);
    tx.delete(place.key());
}

/// Adds that a product leaves every list.
pub(crate) fn leave(tx: &mut Tx, product: &Product) {
    for place in places(product, 0) {
        tx.delete(place.key());
    }
}

/// The next entries of a list after this one. One query.
///
/// # Errors
/// [`StoreError`]
pub async fn page(
    table: &Table,
    shelf: Shelf,
    order: ProductOrder,
    after: Option<&ShelfEntry>,
    limit: u32,
) -> Result<Page<ShelfEntry>, StoreError> {
    let in_index = |index: Index, prefix: &str| Range::of_index(index, format!("{prefix}#{shelf}"));
    let range = match order {
        ProductOrder::Newest => Range::of(format!("PRODUCTS#{shelf}")).eventually().newest_first(),
        ProductOrder::NameAsc => in_index(Index::ProductsByName, "PRODUCTS_BY_NAME"),
        ProductOrder::NameDesc => in_index(Index::ProductsByName, "PRODUCTS_BY_NAME").newest_first(),
        ProductOrder::PriceAsc => in_index(Index::ProductsByPrice, "PRODUCTS_BY_PRICE"),
        ProductOrder::PriceDesc => in_index(Index::ProductsByPrice, "PRODUCTS_BY_PRICE").newest_first(),
    };
    let range = range.limit(limit);
    table
        .query(match after {
            None => range,
            Some(place) => range.after(place.key(), position(place, order)),
        })
        .await
}

/// The key of an entry in the index of an order.
fn position(place: &ShelfEntry, order: ProductOrder) -> Option<Key> {
    match order {
        ProductOrder::Newest => None,
        ProductOrder::NameAsc | ProductOrder::NameDesc => Some(place.by_name()),
        ProductOrder::PriceAsc | ProductOrder::PriceDesc => Some(place.by_price()),
    }
}
