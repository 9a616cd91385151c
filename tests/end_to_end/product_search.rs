//! The search and the lists of products, compared with a comparison of every product, while others write, and with long texts.

use local::aws::faults::{Fault, Target};
use search::normal;
use tests::{Caller, Cloud, Value, json, race};

use crate::{
    items,
    products::{administrator, category, change, create, text},
};

const PRODUCTS: &str = "/v1/products";
/// The most calls of a page.
const CALLS: u32 = 3;
const ORDERS: [&str; 5] = ["newest", "name_asc", "name_desc", "price_asc", "price_desc"];

/// The ids of all products of a list, page by page.
async fn found(who: &Caller, filters: &[(&str, &str)]) -> Vec<String> {
    let (mut ids, mut next) = (Vec::new(), None::<String>);
    loop {
        let cursor = next.iter().map(|cursor| ("cursor", cursor.as_str()));
        let filters: Vec<(&str, &str)> = filters.iter().copied().chain(cursor).filter(|(_, value)| !value.is_empty()).collect();
        let url = reqwest::Url::parse_with_params("http://localhost/v1/products", &filters).unwrap();
        let reply = who.get(&format!("{PRODUCTS}?{}", url.query().unwrap_or_default())).await;
        let page = reply.is(200);
        assert!(reply.calls() <= CALLS, "{filters:?}: {}", reply.header("server-timing"));
        ids.extend(page["items"].as_array().unwrap().iter().map(|product| text(&product["id"])));
        next = page["next_cursor"].as_str().map(ToOwned::to_owned);
        if next.is_none() {
            return ids;
        }
    }
}

fn below(cloud: &Cloud, bound: usize) -> usize {
    usize::try_from(cloud.sys.below(u32::try_from(bound).unwrap())).unwrap()
}

/// Random words of English, Polish, German and others.
fn words(cloud: &Cloud, count: usize) -> String {
    let words = ["stone", "ŻÓŁW", "über", "Straße", "na", "李小龍", "x", "7", "q", "café", "jazz", "-", "of the", "ie", "ﬁn", "Łódź"];
    (0..count).map(|_| words[below(cloud, words.len())]).collect::<Vec<_>>().join([" ", ", "][below(cloud, 2)])
}

/// A product as the tests know it.
struct Known {
    id: String,
    name: String,
    description: String,
    category: String,
    price: u64,
}

impl Known {
    fn contains(&self, part: &str) -> bool {
        self.name.contains(part) || self.description.contains(part)
    }

    /// Its position in an order.
    fn sort(&self, order: &str) -> (String, u64, String) {
        let name = if order.starts_with("name") { self.name.clone() } else { String::new() };
        (name, if order.starts_with("price") { self.price } else { 0 }, self.id.clone())
    }
}

async fn make(cloud: &Cloud, staff: &Caller, number: usize, category: &str) -> Known {
    let (name, description) = (format!("{} {number}", words(cloud, 2)), words(cloud, [3, 10, 60, 300][number % 4]));
    let price = u64::from(cloud.sys.below(20)) * 100;
    let body = json!({
        "name": name, "description": description, "category": category, "price": { "amount": price, "currency": "PLN" }, "for_sale": true,
    });
    let id = text(&staff.post(PRODUCTS, body).await.is(201)["id"]);
    Known { id, name: normal(&name), description: normal(&description), category: category.to_owned(), price }
}

/// Whatever is searched, also one and two characters, in a category or not and in every order, is found as by comparing every product.
/// Promise: product-search
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_of_products_finds_what_comparing_every_product_finds() {
    let cloud = Cloud::start().await;
    let (staff, visitor) = (administrator(&cloud).await, cloud.anonymous());
    let categories = [category(&staff, "Garden").await, category(&staff, "Kitchen").await];
    let mut all = Vec::new();
    for number in 0..48 {
        all.push(make(&cloud, &staff, number, &categories[number % 2]).await);
    }
    for n in 0..80 {
        let source = normal(&words(&cloud, if n % 5 == 0 { 3 } else { 1 }));
        let characters: Vec<char> = source.chars().collect();
        let length = characters.len().min(1 + n % 6);
        let begin = below(&cloud, characters.len() - length + 1);
        let part: String = characters[begin..begin + length].iter().collect();
        let searched = normal(&part);
        if searched.is_empty() {
            continue;
        }
        let (category, order) = (["", categories[0].as_str()][n % 2], ORDERS[below(&cloud, ORDERS.len())]);
        let (max_price, limit) = (["", "", "900"][n % 3], ["1", "7", "9", "100"][n % 4]);
        let filters = [("q", part.as_str()), ("category", category), ("sort", order), ("max_price", max_price), ("limit", limit)];
        let is_found = |product: &&Known| {
            product.contains(&searched)
                && (category.is_empty() || product.category == category)
                && (max_price.is_empty() || product.price <= 900)
        };
        let mut expected: Vec<&Known> = all.iter().filter(is_found).collect();
        expected.sort_by_key(|product| product.sort(order));
        if order == "newest" || order.ends_with("desc") {
            expected.reverse();
        }
        let expected: Vec<String> = expected.into_iter().map(|product| product.id.clone()).collect();
        assert_eq!(found(&visitor, &filters).await, expected, "{filters:?}");
    }
    cloud.settle().await;
    items::are_as_described(&cloud).await;
}

/// While fifty requests at a time create, rename and delete products, every other product is found exactly once and in order.
/// Promise: product-search, product-list
#[tokio::test(flavor = "multi_thread")]
async fn no_product_is_repeated_or_skipped_while_others_are_written() {
    let cloud = Cloud::start().await;
    let (staff, visitor) = (administrator(&cloud).await, cloud.anonymous());
    let garden = category(&staff, "Garden").await;
    let mut kept = Vec::new();
    for n in 0..30 {
        let name = format!("{} harbour {n:02}", ["Old", "New", "Łódź"][n % 3]);
        kept.push((normal(&name), text(&create(&staff, &name, &garden, 100).await["id"])));
    }
    kept.sort();
    let kept: Vec<String> = kept.into_iter().map(|(_, id)| id).collect();
    let writing = {
        let (staff, garden) = (staff.clone(), garden.clone());
        tokio::spawn(race(50, move |n| {
            let (staff, garden) = (staff.clone(), garden.clone());
            async move {
                let id = text(&create(&staff, &format!("Old harbour by {n}"), &garden, 100).await["id"]);
                for name in [format!("Zz harbour {n}"), format!("Aa harbour {n}")] {
                    change(&staff, &id, json!({ "name": name })).await.is(200);
                }
                if n % 2 == 0 {
                    staff.with("if-match", "*").delete(&format!("{PRODUCTS}/{id}")).await.is(204);
                }
            }
        }))
    };
    let searches: [&[(&str, &str)]; 3] =
        [&[("sort", "name_asc")], &[("q", "harbour")], &[("q", "harbour"), ("category", &garden), ("limit", "4")]];
    let mut walks = 0;
    while walks < 2 || !writing.is_finished() {
        for filters in searches {
            let those: Vec<String> = found(&visitor, filters).await.into_iter().filter(|id| kept.contains(id)).collect();
            assert_eq!(those, kept, "{filters:?}");
        }
        walks += 1;
    }
    writing.await.unwrap();
    assert_eq!((found(&visitor, &[("q", "aa harbour")]).await.len(), found(&visitor, &[("q", "zz harbour")]).await.len()), (25, 0));
    cloud.settle().await;
    items::are_as_described(&cloud).await;
}

/// A description with more parts than a transaction has room for is found, changed and deleted like any other, also if the function is
/// interrupted, and leaves nothing behind.
/// Promise: product-search
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_descriptions_are_found_too() {
    let cloud = Cloud::start().await;
    let (staff, visitor) = (administrator(&cloud).await, cloud.anonymous());
    let garden = category(&staff, "Garden").await;
    let (first, second): (String, String) = (('\u{4e00}'..='\u{4eff}').collect(), ('\u{5e00}'..='\u{5eff}').collect());
    let id = text(&create(&staff, "Garden turtle", &garden, 100).await["id"]);
    let counted = async |part: &str| found(&visitor, &[("q", part)]).await.len();
    change(&staff, &id, json!({ "description": first })).await.is(200);
    for part in ["\u{4ee3}", "\u{4e10}\u{4e11}", "\u{4e30}\u{4e31}\u{4e32}", "\u{4e30}\u{4e31}\u{4e32}\u{4e33}\u{4e34}", "turtle"] {
        assert_eq!(counted(part).await, 1, "{part}");
    }
    assert_eq!(counted("\u{4e30}\u{4e31}\u{4e33}").await, 0);

    let rest = Target {
        function: Some("ProductsFunction".to_owned()),
        operation: Some("TransactWriteItems".to_owned()),
        first: 2,
        times: 100,
        ..Target::default()
    };
    let down = cloud.aws.faults.script(rest, Fault::Internal);
    change(&staff, &id, json!({ "description": second })).await.is(200);
    cloud.settle().await;
    assert!(down.hits() > 0);
    down.end();
    assert!(cloud.of_kind("search_unfinished").await.is_empty());
    for (part, expected) in [("\u{4ee3}", 0), ("\u{5ee3}", 1), ("\u{5e10}\u{5e11}", 1), ("turtle", 1)] {
        assert_eq!(counted(part).await, expected, "{part}");
    }
    items::are_as_described(&cloud).await;

    staff.with("if-match", "*").delete(&format!("{PRODUCTS}/{id}")).await.is(204);
    cloud.settle().await;
    let left: Vec<Value> = cloud.of_kind("search_posting").await;
    assert!(!left.iter().any(|posting| posting.to_string().contains(&id)), "{left:?}");
    assert!(cloud.of_kind("search_unfinished").await.is_empty());
}
