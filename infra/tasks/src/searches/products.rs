//! Measures lists and searches of products.

use std::{collections::BTreeSet, sync::Arc};

use commerce::{
    CURRENCY,
    product::{NewProduct, Product},
    slug::ProductSlug,
    text::{Description, ProductName},
};
use kernel::{
    Sys,
    id::{CategoryId, ProductId},
};
use local::aws::dynamodb::Row;
use search::{Catalogue, SearchQuery, Term};
use serde_json::json;
use store::Index;

use super::{
    Filters, Kind, Measurement, Page, Route, compare, fill, filter,
    words::{beginning, frequent_pairs, one_of, word_of, words},
};
use crate::Failure;

const ROUTE: Route = Route { records: "products", function: "ProductsFunction", event: "events/products/list.json", page: 9, calls: |_| 3 };
const ORDERS: [&str; 5] = ["newest", "name_asc", "name_desc", "price_asc", "price_desc"];
/// How many categories there are.
const CATEGORIES: u32 = 20;
/// How many words descriptions have.
const LENGTHS: [u32; 4] = [3, 10, 30, 120];
/// How many searches of each kind are measured. Their lists have more products than those of models, because texts are longer.
const SEARCHES: usize = 40;
/// A category without products.
const EMPTY: CategoryId = CategoryId::NIL;

/// Measures one size. Returns how many pages cost too much.
pub async fn measure(size: u32) -> Result<usize, Failure> {
    let measurement = Measurement::start(&ROUTE, size).await?;
    let sys = &measurement.stack.sys;
    let products = Products::random(sys, size)?;
    let kinds = products.kinds(sys);
    let grams: BTreeSet<String> = kinds.iter().flat_map(|(_, searches)| searches).flat_map(|search| partitions(search)).collect();
    fill::fill(&measurement.stack, products.all.clone(), move |listed| rows_of(listed, &grams)).await?;
    measurement.say("filled");
    let check = |search: &[(String, String)], pages: &[Page]| products.check(search, pages);
    measurement.all(&kinds, &check).await
}

/// A product, and what is compared.
struct Listed {
    product: Product,
    /// The id.
    id: String,
    /// The normal form of the name, and the searched text.
    name: String,
    text: String,
    price: u64,
}

/// Returns the partitions of the lists that a search reads.
fn partitions(search: &[(String, String)]) -> Vec<String> {
    let part = filter(search, "q").and_then(Term::part);
    part.into_iter().fold(SearchQuery::all(), SearchQuery::containing).partitions(Catalogue::Products)
}

/// Returns the rows of a product and of its postings. The lists of all products and of categories are read in every order, the others by
/// name.
fn rows_of(listed: &Listed, grams: &BTreeSet<String>) -> Result<Vec<Row>, String> {
    let mut rows = fill::rows(&listed.product, |index, _| index.is_none())?;
    let entry = listed.product.entry().map_err(|e| e.to_string())?;
    let by_name = Some(Index::SearchFirst.name());
    let is_read = |index: Option<&str>, list: &str| !list.contains("#GRAM#") || index == by_name && grams.contains(list);
    for posting in entry.postings(Catalogue::Products) {
        rows.extend(fill::rows(&posting, is_read)?);
    }
    Ok(rows)
}

/// Products in the order of their names and ids.
struct Products {
    all: Arc<Vec<Listed>>,
    categories: Vec<CategoryId>,
    /// The positions of all products, in the orders of ids and prices.
    by_id: Vec<usize>,
    by_price: Vec<usize>,
}

impl Products {
    fn random(sys: &Sys, size: u32) -> Result<Self, Failure> {
        let categories: Vec<CategoryId> = (0..CATEGORIES).map(|_| sys.id()).collect();
        let mut all: Vec<Listed> = Vec::new();
        for _ in 0..size {
            all.extend(product(sys, &categories)?);
        }
        all.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        let (mut by_id, mut by_price): (Vec<usize>, Vec<usize>) = ((0..all.len()).collect(), (0..all.len()).collect());
        by_id.sort_by_cached_key(|at| all.get(*at).map(|listed| listed.id.clone()));
        by_price.sort_by_cached_key(|at| all.get(*at).map(|listed| (listed.price, listed.id.clone())));
        Ok(Self { all: Arc::new(all), categories, by_id, by_price })
    }

    /// Returns the searches of each kind.
    fn kinds(&self, sys: &Sys) -> Vec<Kind> {
        let search = |text: String| vec![("q".to_owned(), text)];
        let with = |mut filters: Filters, name: &str, value: &str| {
            filters.push((name.to_owned(), value.to_owned()));
            filters
        };
        let random = || one_of(sys, &self.all).map_or_else(String::new, |listed| word_of(sys, listed.product.description.as_str()));
        let random = &random;
        let some = || (0..SEARCHES).map(move |_| random());
        let category = self.categories.first().map(ToString::to_string).unwrap_or_default();
        let ordered = || ORDERS.map(|order| with(Vec::new(), "sort", order));
        vec![
            ("everything, in each order", ordered().into()),
            ("a category, in each order", ordered().map(|list| with(list, "category", &category)).into()),
            ("what cannot be ordered, in each order", ordered().map(|list| with(list, "availability", "unavailable")).into()),
            ("everything, a hundred a page", vec![with(Vec::new(), "limit", "100")]),
            ("words", some().map(search).collect()),
            ("three characters", some().map(|word| search(beginning(&word, 3))).collect()),
            ("two characters", some().map(|word| search(beginning(&word, 2))).collect()),
            ("one character", ('a'..='z').map(|letter| search(letter.to_string())).collect()),
            ("one character, a hundred a page", ('a'..='z').map(|c| with(search(c.to_string()), "limit", "100")).collect()),
            ("words in a category", some().map(|word| with(search(word), "category", &category)).collect()),
            ("words, up to a price", some().map(|word| with(search(word), "max_price", "500")).collect()),
            ("frequent parts, joined", frequent_pairs().map(search).collect()),
            ("a frequent part that ends wrongly", frequent_pairs().map(|text| search(format!("{text}zq"))).collect()),
            (
                "letters in a category without products",
                ('a'..='z').map(|c| with(search(c.to_string()), "category", &EMPTY.to_string())).collect(),
            ),
            ("pairs of letters that no product has", ["xq", "vx", "qz", "zx", "jq"].map(|pair| search(pair.to_owned())).into()),
        ]
    }

    /// Compares the pages of a search with a comparison of every product.
    fn check(&self, search: &[(String, String)], pages: &[Page]) -> Result<(), Failure> {
        let by_default = if filter(search, "q").is_some() { "name_asc" } else { "newest" };
        let order = filter(search, "sort").unwrap_or(by_default);
        let part = filter(search, "q").map(search::normal).unwrap_or_default();
        let category = filter(search, "category");
        let price = filter(search, "max_price").and_then(|price| price.parse::<u64>().ok());
        let unavailable = filter(search, "availability").is_some();
        let matches = |listed: &&Listed| {
            listed.text.contains(&part)
                && category.is_none_or(|category| listed.product.category.to_string() == category)
                && price.is_none_or(|price| listed.price <= price)
                && !(unavailable && listed.product.is_available())
        };
        let positions: Vec<usize> = match order {
            "name_asc" => (0..self.all.len()).collect(),
            "name_desc" => (0..self.all.len()).rev().collect(),
            "price_asc" => self.by_price.clone(),
            "price_desc" => self.by_price.iter().rev().copied().collect(),
            _ => self.by_id.iter().rev().copied().collect(),
        };
        let all = positions.into_iter().filter_map(|at| self.all.get(at));
        compare(search, pages, all.filter(matches).map(|listed| listed.id.clone()))
    }
}

/// Returns a random product. `None` if its texts are refused, because they have a swear word by chance.
fn product(sys: &Sys, categories: &[CategoryId]) -> Result<Option<Listed>, Failure> {
    let description = words(sys, one_of(sys, &LENGTHS).copied().unwrap_or_default());
    let texts = (ProductName::parse(&words(sys, 2)), Description::parse(&description));
    let (Ok(name), Ok(description)) = texts else { return Ok(None) };
    let id: ProductId = sys.id();
    let new = NewProduct {
        name,
        description,
        category: one_of(sys, categories).copied().unwrap_or(EMPTY),
        price: serde_json::from_value(json!({ "amount": u64::from(sys.below(100)) * 100, "currency": CURRENCY }))?,
        for_sale: true,
        available: sys.below(3),
    };
    let product = Product::new(id, ProductSlug::of_id(id), new, sys.now());
    let (entry, price) = (product.entry()?, product.unit_price()?.amount());
    let (name, text) = (search::normal(product.name.as_str()), entry.text().to_owned());
    Ok(Some(Listed { id: id.to_string(), product, name, text, price }))
}
