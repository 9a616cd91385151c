//! The list of products: all, those of a category, those with a part of their name or description, in several orders, page by page.
//!
//! A page costs one query and one batch. With a part of a text it costs up to two queries, which read 1 MB each. Price and availability are
//! not in the list, because they change with every order: with a filter by them, a page examines up to a hundred products, and can have
//! fewer than requested although there is a next page.

use axum::extract::State;
use commerce::{
    product::Product,
    shelf::{self, ProductOrder, Shelf},
    text::NAME_MAX,
};
use kernel::{
    FieldError, Problem,
    id::{CategoryId, ProductId},
    page_limit,
};
use money::MoneyError;
use search::Term;
use serde::{Deserialize, Serialize};
use store::{Batch, StoreError};
use utoipa::{IntoParams, ToSchema};
use web::{Error, Json, Language, Problems, Query};

use crate::{State as Shop, shown::ProductInfo};

/// How many products a page has, unless the client requests another number.
const PAGE: u32 = 9;
/// How many products a page with a filter examines.
const LOOKED_AT: u32 = 100;

/// Whether products can be ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// They can be ordered.
    Available,
    /// They cannot be ordered.
    Unavailable,
}

/// Which products to list, and in which order.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ProductQuery {
    /// A part of the name or of the description, without regard to case and accents: 1 to 100 characters.
    #[param(min_length = 1, max_length = 100, example = "turtle")]
    q: Option<String>,
    /// Only those of this category.
    #[param(value_type = CategoryId, required = false)]
    category: Option<CategoryId>,
    /// Only those that can, or cannot, be ordered.
    #[param(value_type = Availability, inline, required = false)]
    availability: Option<Availability>,
    /// Only those that cost at least this much with their discount, in minor units.
    #[param(example = 1000)]
    min_price: Option<u32>,
    /// Only those that cost at most this much with their discount, in minor units.
    #[param(example = 5000)]
    max_price: Option<u32>,
    /// The order. By default the newest come first, and with `q` it is that of names.
    #[param(value_type = ProductOrder, inline, required = false)]
    sort: Option<ProductOrder>,
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
    /// The cursor of the next page. Absent on the last page. With `q`, `availability` or a price a page can have fewer products than asked
    /// for, or none, although there is a next one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists products.
///
/// Each product is in the pages once, even if others are added or deleted in between.
///
/// AWS calls: a query of the list, or with `q` one or two; a batch of the products, if there are any.
#[utoipa::path(get, path = "/v1/products", params(ProductQuery),
    extensions(("x-problems" = json!(["cursor_invalid", "invalid"]))),
    responses((status = 200, body = ProductList), Problems))]
pub async fn list_products(
    State(s): State<Shop>,
    Language(locale): Language,
    Query(query): Query<ProductQuery>,
) -> Result<Json<ProductList>, Error> {
    let (limit, part) = (page_limit(query.limit, PAGE)?, query.part()?);
    let (shelf, order) = (query.category.map_or(Shelf::All, Shelf::Of), query.order());
    let text = part.as_ref().map(Term::text);
    let cursors = s.sealer.cursors(format!("products of {shelf} with {text:?}, {order:?}, {:?}", query.product_filters()));
    let after = cursors.open::<String>(query.cursor.as_deref())?;
    let looked_at = if query.product_filters() == (None, None, None) { limit } else { LOOKED_AT };
    let page = shelf::page(&s.table, (shelf, order), part.as_ref(), after, looked_at).await?;
    let ids: Vec<ProductId> = page.places.iter().map(|place| place.product).collect();
    let mut products = read(&s, &ids).await?;
    let (mut items, mut next) = (Vec::new(), page.next);
    let mut last = None;
    for place in page.places {
        if items.len() >= limit as usize {
            next = last;
            break;
        }
        // A product that was deleted since the list was read is left out.
        if let Some(product) = products.take::<Product>(&Product::key_of(place.product))?
            && query.matches(&product).map_err(Problem::from)?
        {
            items.push(ProductInfo::of(product, &s.links, locale)?);
        }
        last = Some(place.sort(order));
    }
    Ok(Json(ProductList { items, next_cursor: cursors.next(next)? }))
}

impl ProductQuery {
    /// The searched part of a text. `None` if it has no searchable characters.
    fn part(&self) -> Result<Option<Term>, Problem> {
        let Some(typed) = &self.q else { return Ok(None) };
        if typed.chars().count() > NAME_MAX {
            return Err(Problem::field("/q", FieldError::TOO_LONG.with("max", NAME_MAX)));
        }
        Term::part(typed).map(Some).ok_or_else(|| Problem::field("/q", FieldError::REQUIRED))
    }

    fn order(&self) -> ProductOrder {
        let default = if self.q.is_some() { ProductOrder::NameAsc } else { ProductOrder::Newest };
        self.sort.unwrap_or(default)
    }

    /// The filters by values that the lists do not have: the products themselves are read for them.
    fn product_filters(&self) -> (Option<Availability>, Option<u32>, Option<u32>) {
        (self.availability, self.min_price, self.max_price)
    }

    fn matches(&self, product: &Product) -> Result<bool, MoneyError> {
        let price = product.unit_price()?.amount();
        let dear = self.min_price.is_none_or(|min| price >= u64::from(min));
        let cheap = self.max_price.is_none_or(|max| price <= u64::from(max));
        let there = self.availability.is_none_or(|availability| (availability == Availability::Available) == product.is_available());
        Ok(dear && cheap && there)
    }
}

/// Some products.
async fn read(s: &Shop, ids: &[ProductId]) -> Result<Batch, StoreError> {
    if ids.is_empty() {
        return Ok(Batch::default());
    }
    s.table.get_many(ids.iter().copied().map(Product::key_of).collect()).await
}
