//! The shop: products with their prices, stock, comments and ratings, and the categories they are in.
//!
//! A product is one item, and what belongs to it is in its partition. Beside it are the claims of its name and its slug, so that both
//! are unique, and its places in the lists of all products and of its category ([`shelf`]). A change of a product writes all of them
//! in one transaction.
//!
//! Stock is four numbers of the product, and every change of them keeps `available + reserved + sold = received`.

pub mod category;
pub mod comment;
pub mod price;
pub mod product;
pub mod purge;
pub mod rating;
pub mod shelf;
pub mod slug;
pub mod text;

use money::Currency;

/// The currency of all prices of products.
pub const CURRENCY: Currency = Currency::Pln;

store::items![
    category::Category,
    category::CategoryName,
    comment::Comment,
    price::PriceChange,
    product::Product,
    product::NameClaim,
    product::SlugClaim,
    rating::Rating,
    shelf::Place
];
