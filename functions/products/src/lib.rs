//! The products of the shop: everybody reads them, members comment on them and rate them, and administrators manage them with their
//! categories, prices and stock. Products with their prices, stock and pictures are also managed by programs with an API key.
//!
//! Every change by staff takes a recent proof of a second factor, or an API key. The same transaction writes the entry of the audit
//! (`accounts::audit`) and checks that the caller still has the role. The comments and ratings of a deleted product are deleted afterwards,
//! when its event arrives.
//!
//! | operation | AWS calls |
//! |---|---|
//! | `GET /v1/products` | one or two queries of the list; a batch of the products |
//! | `GET /v1/products/{product}` | a read |
//! | `GET /v1/product-slugs/{slug}` | two reads |
//! | `GET /v1/products/{product}/stock` | the caller and their roles in one; a read |
//! | `POST /v1/products` | the caller and their roles in one; a transaction, and another one for each product with the same slug |
//! | `PATCH /v1/products/{product}` | the caller and their roles in one; a read; for another price with a discount a query; a transaction |
//! | `DELETE /v1/products/{product}` | the caller and their roles in one; a read; a transaction |
//! | `POST /v1/products/{product}/picture/uploads` | the caller and their roles in one; a read; a counter; a transaction |
//! | `GET /v1/products/{product}/picture/uploads/{upload}` | the caller and their roles in one; a read |
//! | `DELETE /v1/products/{product}/picture` | the caller and their roles in one; a read; a transaction |
//! | `GET /v1/categories` | a query |
//! | `POST /v1/categories` | the caller and their roles in one; a transaction |
//! | `PUT`, `DELETE /v1/categories/{category}` | the caller and their roles in one; a read; a transaction |
//! | `GET /v1/products/{product}/comments` | a query; a batch of the authors |
//! | `POST /v1/products/{product}/comments` | the caller; a counter; a transaction |
//! | `PUT /v1/products/{product}/comments/{comment}` | the caller; a counter; a write |
//! | `DELETE /v1/products/{product}/comments/{comment}` | the caller; a write |
//! | `PUT /v1/moderation/comments/{product}/{comment}` | the caller and their roles in one; a read; a batch of the author and their roles; a transaction |
//! | `DELETE /v1/moderation/comments/{product}/{comment}` | the caller and their roles in one; a read; a transaction |
//! | `GET /v1/products/{product}/rating` | the caller and their rating in one |
//! | `PUT`, `DELETE /v1/products/{product}/rating` | the caller and their rating in one; a counter; a transaction, and another one for each concurrent change of the same rating |
//! | an event | for each 25 items of the product a query and a batch of deletions |
//!
//! A product whose name and description have more searchable parts than fit into its transaction takes a few more transactions.

mod categories;
mod clear;
mod comments;
mod list;
mod manage;
mod moderate;
mod pictures;
mod ratings;
mod shown;

use accounts::{audit::Audit, picture::Links, token::Tokens};
use aws_lambda_events::eventbridge::EventBridgeEvent;
use axum::extract::FromRef;
use events::{Envelope, shop::ProductDeleted};
use files::Bucket;
use function::{Boot, Context, Failure, Function, RawValue, StartError};
use kernel::Sys;
use serde_json::value::to_raw_value;
use store::{Sealer, Table};

events::hears! { ProductDeleted }

/// The state of the function: its clients, keys and settings.
#[derive(Clone, FromRef)]
pub struct State {
    table: Table,
    audit: Audit,
    sys: Sys,
    tokens: Tokens,
    sealer: Sealer,
    links: Links,
    bucket: Bucket,
}

// The operations in the order of the documentation: `routes()` and `description()`.
web::operations! { "products", "The products of the shop with their categories, comments and ratings.", State =>
    list::list_products,
    shown::get_product,
    shown::get_product_by_slug,
    manage::create_product,
    manage::update_product,
    manage::delete_product,
    shown::get_stock,
    pictures::create_product_picture_upload,
    pictures::get_product_picture_upload,
    pictures::delete_product_picture,
    categories::list_categories,
    categories::create_category,
    categories::rename_category,
    categories::delete_category,
    comments::list_comments,
    comments::write_comment,
    comments::change_comment,
    comments::delete_comment,
    moderate::change_comment_of_other,
    moderate::delete_comment_of_other,
    ratings::get_own_rating,
    ratings::rate_product,
    ratings::withdraw_rating,
}

/// Reads the configuration and opens the connection to the table.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let tokens = boot.env.read(|r| Tokens::read(r, &aws, &sys))?;
    let sealer = tokens.warm_up_with_sealer("products").await?;
    let state = boot.env.read(|r| State {
        table: tokens.table().clone(),
        audit: Audit::new(&r.need("AUDIT_TABLE_NAME")),
        tokens: tokens.clone(),
        sealer,
        links: Links::read(r),
        bucket: Bucket::from_env(r, &aws),
        sys: sys.clone(),
    })?;
    let http = web::function(&boot, routes(), state.clone())?;
    Ok(Function::raw(move |payload, context| {
        let (state, http) = (state.clone(), http.clone());
        async move { if events::is_of_bus(&payload) { on_event(&state, &context, &payload).await } else { http.invoke(payload, context).await } }
    }))
}

async fn on_event(s: &State, context: &Context, payload: &RawValue) -> Result<Box<RawValue>, Failure> {
    let event: EventBridgeEvent<Envelope<Heard>> = serde_json::from_str(payload.get())?;
    let Heard::ProductDeleted(ProductDeleted { product }) = event.detail.event;
    Box::pin(clear::clear(s, context, product)).await?;
    Ok(to_raw_value(&())?)
}
