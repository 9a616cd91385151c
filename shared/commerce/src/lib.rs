//! The shop: products with their prices, stock, comments and ratings, the categories they are in, carts and orders.
//!
//! A product is one item; its comments, ratings and prices are in the same partition. There are also the claims of its name and its slug,
//! so that both are unique, and its entries in the search index, by which it is listed and found ([`listing`]). A change of a product writes
//! all of them in one transaction.
//!
//! Stock is four numbers of the product, and every change of them keeps `available + reserved + sold = received`.
//!
//! A cart ([`cart`]) contains the products that somebody wants. Placing an order ([`place`]) reserves them at the current prices, and the
//! order changes by the steps of one table ([`machine`]). Payments and refunds by card follow Stripe's state ([`card`]). Disputed payments
//! and failed refunds are alerts for staff ([`alert`]).

pub mod alert;
pub mod card;
pub mod cart;
pub mod category;
pub mod comment;
pub mod leaving;
pub mod listing;
pub mod machine;
pub mod order;
pub mod order_writes;
pub mod place;
pub mod price;
pub mod product;
mod product_writes;
pub mod purge;
pub mod quote;
pub mod rating;
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
    rating::Rating
];
