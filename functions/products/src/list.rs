//! The list of products: all, those of a category, those with a part of their name or description, in several orders, page by page.
//!
//! A page costs one query of the search index and one batch of products, with a part of a text up to two queries. Its cost does not grow
//! with the number of products. Availability is not in the index, because it changes with every order, and long texts are not, because they
//! would be there once for each of their parts: with a filter by these, a page examines a limited number of products, and can have fewer
//! than requested although there is a next page.

use axum::extract::State;
use commerce::{
    listing::{CATEGORY, ProductOrder},
    product::Product,
    text::NAME_MAX,
};
use kernel::{FieldError, Problem, id::CategoryId, page_limit};
use money::MoneyError;
use search::{Order, SearchEntry, SearchQuery, Term};
use serde::{Deserialize, Serialize};
use store::{Batch, StoreError};
use utoipa::{IntoParams, ToSchema};
use web::{Error, Json, Language, Problems, Query};

use crate::{State as Shop, shown::ProductInfo};

/// How many products a page has, unless the client requests another number.
const PAGE: u32 = 9;
/// How many products a page with a filter examines.
const EXAMINED: u32 = 100;
/// How many products a page of a search examines. The two queries of a search read more than that of a list, so a page of either costs at
/// most 260 read units.
const EXAMINED_IN_SEARCH: u32 = 32;

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
    /// Maximum number of products in the page: 1 to 100. With `q` a page has at most 32.
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
    let (limit, search, order) = (page_limit(query.limit, PAGE)?, query.search()?, Order::from(query.order()));
    let cursors = s.sealer.cursors(format!("products {search:?}, {order:?}, {:?}", query.product_filters()));
    let after = cursors.open::<String>(query.cursor.as_deref())?;
    let (size, certain) = query.examined(limit);
    let found = search::products(&s.table, &search, order, after, size, certain).await?;
    let end = found.entries.last().map(|entry| entry.id.clone());
    let candidates = query.candidates(found.entries, limit);
    let mut products = read(&s, &candidates).await?;
    let mut items = Vec::new();
    let mut examined = None;
    for candidate in &candidates {
        // A product that was deleted since the list was read is left out.
        if let Some(product) = products.take::<Product>(&Product::key_of(candidate.record()?))?
            && query.matches(&search, &product).map_err(Problem::from)?
        {
            items.push(ProductInfo::of(product, &s.links, locale)?);
        }
        examined = Some(candidate);
        if items.len() >= limit as usize {
            break;
        }
    }
    let is_end = examined.map(|candidate| &candidate.id) == end.as_ref();
    let next = if is_end { found.next } else { examined.map(|candidate| candidate.sort_key_in(order)) };
    Ok(Json(ProductList { items, next_cursor: cursors.next(next)? }))
}

impl ProductQuery {
    /// Returns the search of the index.
    fn search(&self) -> Result<SearchQuery, Problem> {
        let listed = self.category.iter().fold(SearchQuery::all(), |query, category| query.labelled(CATEGORY, category));
        Ok(self.part()?.into_iter().fold(listed, SearchQuery::containing))
    }

    /// Returns how many entries of the index a page examines at most, and how many are enough if they match for certain.
    fn examined(&self, limit: u32) -> (u32, u32) {
        let filtered = self.product_filters() != (None, None, None);
        let size = match (&self.q, filtered) {
            (Some(_), _) => EXAMINED_IN_SEARCH,
            (None, true) => EXAMINED,
            (None, false) => limit,
        };
        (size, if filtered { size } else { limit.min(size) })
    }

    /// Returns the entries whose products are read: without filters by values of the product only as many as certainly fill the page. An
    /// entry with a text matches for certain.
    fn candidates(&self, mut entries: Vec<SearchEntry>, limit: u32) -> Vec<SearchEntry> {
        if self.product_filters() == (None, None, None) {
            let mut certain = entries.iter().enumerate().filter(|(_, entry)| !entry.text().is_empty());
            if let Some(last) = certain.nth(limit.saturating_sub(1) as usize).map(|(at, _)| at) {
                entries.truncate(last.saturating_add(1));
            }
        }
        entries
    }

    /// Returns the searched part of a text. `None` if it has no searchable characters.
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

    /// Returns the filters by values that the lists do not have: the products themselves are read for them.
    fn product_filters(&self) -> (Option<Availability>, Option<u32>, Option<u32>) {
        (self.availability, self.min_price, self.max_price)
    }

    /// Returns whether a product is listed, as it is now.
    fn matches(&self, search: &SearchQuery, product: &Product) -> Result<bool, MoneyError> {
        let found = self.q.is_none() || search.matches(&product.entry()?);
        let price = product.unit_price()?.amount();
        let dear = self.min_price.is_none_or(|min| price >= u64::from(min));
        let cheap = self.max_price.is_none_or(|max| price <= u64::from(max));
        let there = self.availability.is_none_or(|availability| (availability == Availability::Available) == product.is_available());
        Ok(found && dear && cheap && there)
    }
}

/// Returns the products of some entries.
async fn read(s: &Shop, entries: &[SearchEntry]) -> Result<Batch, StoreError> {
    if entries.is_empty() {
        return Ok(Batch::default());
    }
    let keys = entries.iter().map(|entry| entry.record().map(Product::key_of)).collect::<Result<_, _>>()?;
    // The index is not more consistent.
    s.table.get_many_eventually(keys).await
}
