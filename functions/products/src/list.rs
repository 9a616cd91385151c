//! The list of products: all or those of a category, in several orders, page by page.
//!
//! A page costs one query and one batch. With a filter by availability, which changes with every order, a query looks at up to a
//! hundred products: a page can then be short although there is a next one.

use axum::extract::State;
use commerce::{
    product::Product,
    shelf::{self, Place, ProductOrder, Shelf},
};
use kernel::{id::CategoryId, page_limit};
use serde::{Deserialize, Serialize};
use store::Batch;
use utoipa::{IntoParams, ToSchema};
use web::{Error, Json, Language, Problems, Query};

use crate::shown::ProductInfo;

/// The products of a page, unless the client requests another number.
const PAGE: u32 = 9;
/// The products that a page with a filter looks at.
const LOOKED_AT: u32 = 100;

/// Whether products can be ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// They can.
    Available,
    /// They cannot.
    Unavailable,
}

/// Which products, in which order.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ProductQuery {
    /// Only those of this category.
    category: Option<CategoryId>,
    /// Only those that can, or cannot, be ordered.
    #[param(inline)]
    availability: Option<Availability>,
    /// The order.
    #[serde(default)]
    #[param(inline, required = false)]
    sort: ProductOrder,
    /// Maximum number of products in the page: 1 to 100.
    #[param(minimum = 1, maximum = 100, default = json!(PAGE))]
    limit: Option<u32>,
    /// `next_cursor` of the previous response. Without it, the first page is returned.
    #[param(max_length = 2000)]
    cursor: Option<String>,
}

/// A page of products.
#[derive(Serialize, ToSchema)]
pub struct ProductList {
    /// The products.
    items: Vec<ProductInfo>,
    /// The cursor of the next page. Absent on the last page. With `availability` a page can have fewer products than asked for, or none,
    /// although there is a next one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists products.
///
/// Each product is in the pages once, also if others are added or deleted meanwhile.
///
/// AWS calls: a query of the list, a batch of the products, if there are any.
#[utoipa::path(get, path = "/v1/products", params(ProductQuery),
    extensions(("x-problems" = json!(["cursor_invalid", "invalid"]))),
    responses((status = 200, body = ProductList), Problems))]
pub async fn list_products(
    State(s): State<crate::State>,
    Language(locale): Language,
    Query(query): Query<ProductQuery>,
) -> Result<Json<ProductList>, Error> {
    let limit = page_limit(query.limit, PAGE)?;
    let (shelf, order) = (query.category.map_or(Shelf::All, Shelf::Of), query.sort);
    let cursors = s.sealer.cursors(format!("products of {shelf}, {order:?}, {:?}", query.availability));
    let after = cursors.open::<Place>(query.cursor.as_deref())?;
    let looked_at = if query.availability.is_some() { LOOKED_AT } else { limit };
    let page = shelf::page(&s.table, shelf, order, after.as_ref(), looked_at).await?;
    let keys: Vec<_> = page.items.iter().map(|place| Product::key_of(place.product)).collect();
    let mut found = if keys.is_empty() { Batch::default() } else { s.table.get_many(keys).await? };
    let (mut items, mut last, mut more) = (Vec::new(), None, page.more);
    for place in page.items {
        if items.len() >= limit as usize {
            more = true;
            break;
        }
        let product = found.take::<Product>(&Product::key_of(place.product))?;
        last = Some(place);
        // One that was deleted since the list was read is left out.
        if let Some(product) = product.filter(|product| suits(product, query.availability)) {
            items.push(ProductInfo::of(product, &s.links, locale)?);
        }
    }
    let next_cursor = cursors.next(last.filter(|_| more))?;
    Ok(Json(ProductList { items, next_cursor }))
}

fn suits(product: &Product, availability: Option<Availability>) -> bool {
    match availability {
        None => true,
        Some(Availability::Available) => product.is_available(),
        Some(Availability::Unavailable) => !product.is_available(),
    }
}
