//! The list of products: all, those of a category, those with a part of their name, in several orders, page by page.
//!
//! A page costs one query and one batch; with a part of a name a search, and one batch. With a filter by price or by availability, which
//! changes with every order, a query looks at up to a hundred products: a page can then be short although there is a next one.

use axum::extract::State;
use commerce::{
    product::{CATEGORY, Product},
    shelf::{self, ProductOrder, Shelf, ShelfEntry},
    text::NAME_MAX,
};
use kernel::{
    FieldError, Locale, Problem,
    id::{CategoryId, ProductId},
    page_limit,
};
use money::MoneyError;
use search::{Catalogue, Entry, Position, Rest, Term, Wanted};
use serde::{Deserialize, Serialize};
use store::{Batch, StoreError};
use utoipa::{IntoParams, ToSchema};
use web::{Error, Json, Language, Problems, Query};

use crate::{State as Shop, shown::ProductInfo};

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
    /// A part of the name, without regard to case and accents: 1 to 100 characters. What is found is in the order of names.
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
    /// The order. By default the newest come first. With `q` there is only `name_asc`.
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
    /// The cursor of the next page. Absent on the last page. With `availability` or a price a page can have fewer products than asked for,
    /// or none, although there is a next one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists products.
///
/// Each product is in the pages once, also if others are added or deleted meanwhile.
///
/// AWS calls: a query of the list, or with `q` one or two of the search; a batch of the products, if there are any.
#[utoipa::path(get, path = "/v1/products", params(ProductQuery),
    extensions(("x-problems" = json!(["cursor_invalid", "invalid"]))),
    responses((status = 200, body = ProductList), Problems))]
pub async fn list_products(
    State(s): State<Shop>,
    Language(locale): Language,
    Query(query): Query<ProductQuery>,
) -> Result<Json<ProductList>, Error> {
    let limit = page_limit(query.limit, PAGE)?;
    Ok(Json(match query.term()? {
        Some(term) => found(&s, locale, &query, term, limit).await?,
        None => listed(&s, locale, &query, limit).await?,
    }))
}

impl ProductQuery {
    /// The part of the name. A text that has no letter or sign of a name looks for nothing.
    fn term(&self) -> Result<Option<Term>, Problem> {
        let Some(typed) = &self.q else { return Ok(None) };
        if typed.chars().count() > NAME_MAX {
            return Err(Problem::field("/q", FieldError::new("too_long").with("max", NAME_MAX)));
        }
        if self.sort.is_some_and(|order| order != ProductOrder::NameAsc) {
            return Err(Problem::field("/sort", FieldError::new("choice")));
        }
        Term::part(typed).map(Some).ok_or_else(|| Problem::field("/q", FieldError::new("required")))
    }

    /// What is looked for in the products themselves. The lists do not have it.
    fn looks_at(&self) -> (Option<Availability>, Option<u32>, Option<u32>) {
        (self.availability, self.min_price, self.max_price)
    }

    fn suits(&self, product: &Product) -> Result<bool, MoneyError> {
        let price = product.unit_price()?.amount();
        let dear = self.min_price.is_none_or(|min| price >= u64::from(min));
        let cheap = self.max_price.is_none_or(|max| price <= u64::from(max));
        let there = self.availability.is_none_or(|availability| (availability == Availability::Available) == product.is_available());
        Ok(dear && cheap && there)
    }
}

/// The next products with a part of their name.
async fn found(s: &Shop, locale: Locale, query: &ProductQuery, term: Term, limit: u32) -> Result<ProductList, Problem> {
    let cursors = s.sealer.cursors(format!("products with {:?} of {:?}, {:?}", term.text(), query.category, query.looks_at()));
    let at = cursors.open::<Position>(query.cursor.as_deref())?.unwrap_or_default();
    let wanted = Wanted::all().with(term);
    let wanted = query.category.map_or(wanted.clone(), |category| wanted.labelled(CATEGORY, category));
    let page = Catalogue::Products.page(&s.table, &wanted, Rest::LeftOut, at, limit).await?;
    let ids = page.entries.iter().map(Entry::record).collect::<Result<Vec<ProductId>, _>>()?;
    let mut products = read(s, &ids).await?;
    let mut items = Vec::new();
    for id in ids {
        if let Some(product) = products.take::<Product>(&Product::key_of(id))?
            && query.suits(&product)?
        {
            items.push(ProductInfo::of(product, &s.links, locale)?);
        }
    }
    Ok(ProductList { items, next_cursor: cursors.next(page.next)? })
}

/// The next products of a list.
async fn listed(s: &Shop, locale: Locale, query: &ProductQuery, limit: u32) -> Result<ProductList, Problem> {
    let (shelf, order) = (query.category.map_or(Shelf::All, Shelf::Of), query.sort.unwrap_or_default());
    let cursors = s.sealer.cursors(format!("products of {shelf}, {order:?}, {:?}", query.looks_at()));
    let after = cursors.open::<ShelfEntry>(query.cursor.as_deref())?;
    let looked_at = if query.looks_at() == (None, None, None) { limit } else { LOOKED_AT };
    let page = shelf::page(&s.table, shelf, order, after.as_ref(), looked_at).await?;
    let ids: Vec<ProductId> = page.items.iter().map(|place| place.product).collect();
    let mut products = read(s, &ids).await?;
    let (mut items, mut last, mut more) = (Vec::new(), None, page.more);
    for place in page.items {
        if items.len() >= limit as usize {
            more = true;
            break;
        }
        let product = products.take::<Product>(&Product::key_of(place.product))?;
        last = Some(place);
        // One that was deleted since the list was read is left out.
        if let Some(product) = product
            && query.suits(&product)?
        {
            items.push(ProductInfo::of(product, &s.links, locale)?);
        }
    }
    Ok(ProductList { items, next_cursor: cursors.next(last.filter(|_| more))? })
}

/// Some products.
async fn read(s: &Shop, ids: &[ProductId]) -> Result<Batch, StoreError> {
    if ids.is_empty() {
        return Ok(Batch::default());
    }
    s.table.get_many(ids.iter().copied().map(Product::key_of).collect()).await
}
