//! The entries of products in lists: one among all products and one among those of their category, each by age, by name and by price.
//!
//! An entry has the attributes for sorting and searching: the name, the description and the price. Everything else is read from the
//! product.

use std::fmt;

use kernel::id::{CategoryId, ProductId};
use search::{QUERIES, Term, normal};
use serde::{Deserialize, Serialize};
use store::{About, Index, Item, Key, Personal, Range, StoreError, Table, Tx, field};
use utoipa::ToSchema;

use crate::product::Product;

/// The separator of name and description in the searched text. No normal form contains it, so that no search matches across it.
const SEPARATOR: char = '\u{1}';

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
    /// By name, descending.
    NameDesc,
    /// The cheapest first, with discounts.
    PriceAsc,
    /// The most expensive first, with discounts.
    PriceDesc,
}

impl ProductOrder {
    /// The index and the partition of a list in this order. `None` if the list is in the base table.
    fn index(self, list: Shelf) -> Option<(Index, String)> {
        match self {
            Self::Newest => None,
            Self::NameAsc | Self::NameDesc => Some((Index::ProductsByName, format!("PRODUCTS_BY_NAME#{list}"))),
            Self::PriceAsc | Self::PriceDesc => Some((Index::ProductsByPrice, format!("PRODUCTS_BY_PRICE#{list}"))),
        }
    }

    /// The range of a list in this order, after a sort key.
    fn range(self, list: Shelf, after: &str) -> Range {
        let (base, index) = (format!("PRODUCTS#{list}"), self.index(list));
        let range = match &index {
            None => Range::of(&*base).eventually(),
            Some((index, partition)) => Range::of_index(*index, &**partition),
        };
        let range = if matches!(self, Self::NameAsc | Self::PriceAsc) { range } else { range.newest_first() };
        // Every sort key ends with the id of the product.
        match after.rsplit('#').next().filter(|product| !product.is_empty()) {
            None => range,
            Some(product) => range.after(Key::new(base, product), index.map(|(_, partition)| Key::new(partition, after))),
        }
    }
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
    /// The normal forms of the name and the description.
    #[serde(default)]
    text: String,
}

impl ShelfEntry {
    /// The sort key of the entry in a list in this order.
    #[must_use]
    pub fn sort(&self, order: ProductOrder) -> String {
        match order {
            ProductOrder::Newest => self.product.to_string(),
            ProductOrder::NameAsc | ProductOrder::NameDesc => self.by_name().sort().to_owned(),
            ProductOrder::PriceAsc | ProductOrder::PriceDesc => self.by_price().sort().to_owned(),
        }
    }

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

/// The two entries of a product whose price is `price` minor units.
fn places(product: &Product, price: u64) -> [ShelfEntry; 2] {
    let (name, description) = (normal(product.name.as_str()), normal(product.description.as_str()));
    let text = format!("{name}{SEPARATOR}{description}");
    let place = |category| ShelfEntry { category, product: product.id, name: name.clone(), price, text: text.clone() };
    [place(None), place(Some(product.category))]
}

/// Adds the entries of a product to a transaction.
pub(crate) fn put(tx: &mut Tx, product: &Product, price: u64) {
    for place in places(product, price) {
        tx.put_always(&place);
    }
}

/// Adds the deletion of a product's entry in the list of its category to a transaction.
pub(crate) fn leave_category(tx: &mut Tx, product: &Product) {
    let [_, place] = places(product, 0);
    tx.delete(place.key());
}

/// Adds the deletion of all entries of a product to a transaction.
pub(crate) fn leave(tx: &mut Tx, product: &Product) {
    for place in places(product, 0) {
        tx.delete(place.key());
    }
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The entries that match. There can be fewer than requested, or none, although more follow.
    pub places: Vec<ShelfEntry>,
    /// The sort key after which the list continues. `None` at its end.
    pub next: Option<String>,
}

/// The next entries of a list after a sort key: all, or those of products with this part in their name or description. One query; with a
/// part up to [`QUERIES`], which read at most 1 MB each.
///
/// # Errors
/// [`StoreError`]
pub async fn page(
    table: &Table,
    (shelf, order): (Shelf, ProductOrder),
    part: Option<&Term>,
    after: Option<String>,
    size: u32,
) -> Result<Part, StoreError> {
    let filter = || part.map(|part| field("text").has(part.text()));
    let list = |after: &str| order.range(shelf, after);
    let mut queries = QUERIES;
    let window = search::walk::<ShelfEntry>(table, &list, &filter, after.unwrap_or_default(), size, &mut queries).await?;
    let (mut places, mut next) = (window.items, window.reached);
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    if places.len() > size {
        places.truncate(size);
        next = places.last().map(|place| place.sort(order));
    }
    Ok(Part { places, next })
}
