//! The shop: products with their prices, stock, comments and ratings, the categories they are in, carts and orders.
//!
//! A product is one item, and what belongs to it is in its partition. Beside it are the claims of its name and its slug, so that both
//! are unique, and its entries in the lists of all products and of its category ([`shelf`]). A change of a product writes all of them
//! in one transaction.
//!
//! Stock is four numbers of the product, and every change of them keeps `available + reserved + sold = received`.
//!
//! A cart ([`cart`]) says what somebody wants. Placing an order ([`place`]) takes that out of stock, at the prices of that moment, and an
//! order goes on by the steps of one table ([`machine`]). What is paid by card, and given back, is what Stripe says ([`card`]). Staff find
//! those whose payment is disputed or whose refund has failed ([`alert`]).

pub mod alert;
pub mod card;
pub mod cart;
pub mod category;
pub mod comment;
pub mod leaving;
pub mod machine;
pub mod order;
pub mod place;
pub mod price;
pub mod product;
mod product_writes;
pub mod purge;
pub mod quote;
pub mod rating;
pub mod shelf;
pub mod slug;
pub mod text;

use money::Currency;

/// The currency of all prices of products.
pub const CURRENCY: Currency = Currency::Pln;

store::items![
    cart::Cart,
    cart::GuestCart,
    category::Category,
    category::CategoryName,
    comment::Comment,
    leaving::OrderRecord,
    order::Order,
    order::OrderOwner,
    place::OrderRequest,
    price::PriceChange,
    product::Product,
    product::NameClaim,
    product::ProductPicture,
    product::SlugClaim,
    rating::Rating,
    shelf::ShelfEntry
];
