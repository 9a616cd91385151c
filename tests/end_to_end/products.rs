//! The shop: administrators manage products and categories, everybody lists and finds them, members comment on and rate them.

use std::{collections::BTreeSet, time::Duration};

use image::ImageFormat;
use local::{
    aws::faults::{Fault, Target},
    hosts::Trace,
};
use tests::{Caller, Cloud, DAY, HOUR, Reply, Value, json, race};

use crate::{
    admin::audit,
    deletion::{SWEEP, run, schedule, sha256, until_due},
    export::download,
    items,
    picture::{below, encoded, objects, photograph, picture, send, uploaded},
    support::store_list_size,
};

/// What makes the body of a product wrong.
type Spoil = fn(&mut Value);

const PRODUCTS: &str = "/v1/products";
const CATEGORIES: &str = "/v1/categories";

/// The administrator of the shop, who has just proven a second factor.
pub(crate) async fn administrator(cloud: &Cloud) -> Caller {
    cloud.staff("shopkeeper", "administrator").await.0
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text: {value}")).to_owned()
}

pub(crate) async fn category(staff: &Caller, name: &str) -> String {
    text(&staff.post(CATEGORIES, json!({ "name": name })).await.is(201)["id"])
}

fn body(name: &str, category: &str, price: u64) -> Value {
    let price = json!({ "amount": price, "currency": "PLN" });
    json!({ "name": name, "description": "Of stone.", "category": category, "price": price, "for_sale": true, "available": 10 })
}

pub(crate) async fn create(staff: &Caller, name: &str, category: &str, price: u64) -> Value {
    staff.post(PRODUCTS, body(name, category, price)).await.is(201)
}

/// Changes a product at its current version.
pub(crate) async fn change(staff: &Caller, product: &str, changes: Value) -> Reply {
    let path = format!("{PRODUCTS}/{product}");
    let version = staff.get(&path).await.header("etag");
    staff.with("if-match", version).patch(&path, changes).await
}

/// A product of a shop that has nothing else, for tests of what people write about products.
pub(crate) async fn only_product(cloud: &Cloud) -> String {
    let staff = administrator(cloud).await;
    let garden = category(&staff, "Garden").await;
    text(&create(&staff, "Garden turtle", &garden, 1999).await["id"])
}

/// The names of all products of a list, page by page.
async fn names(cloud: &Cloud, query: &str) -> Vec<String> {
    names_from(cloud, query, String::new()).await
}

/// The same, behind a cursor in the form of a parameter.
async fn names_from(cloud: &Cloud, query: &str, mut cursor: String) -> Vec<String> {
    let (anybody, mut names) = (cloud.anonymous(), Vec::new());
    loop {
        let page = anybody.get(&format!("{PRODUCTS}?{query}{cursor}")).await.is(200);
        names.extend(page["items"].as_array().unwrap().iter().map(|product| text(&product["name"])));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return names,
        }
    }
}

async fn product_item(cloud: &Cloud, id: &str) -> Value {
    cloud.of_kind("product").await.into_iter().find(|item| item["id"]["S"] == id).expect("the product")
}

fn number(item: &Value, name: &str) -> u64 {
    item[name]["N"].as_str().and_then(|n| n.parse().ok()).unwrap_or_else(|| panic!("no number {name}: {item}"))
}

/// Only administrators manage products and categories. Names are unique without regard to case and accents, every name gives a usable
/// slug, prices are neither negative nor of another currency, and nothing is lost when two people change one product.
/// Promise: product-management
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn administrators_manage_products() {
    let cloud = Cloud::start().await;
    let staff = administrator(&cloud).await;
    let (moderator, _) = cloud.staff("mona", "moderator").await;
    let ana = cloud.member("ana").await;
    let garden = category(&staff, "Garden").await;
    for who in [&ana, &moderator] {
        who.post(CATEGORIES, json!({ "name": "Mine" })).await.is_problem(403, "forbidden");
        who.post(PRODUCTS, body("Mine", &garden, 1)).await.is_problem(403, "forbidden");
    }
    let turtle = create(&staff, "Żółw ogrodowy", &garden, 1999).await;
    assert_eq!(
        (&turtle["slug"], &turtle["is_available"], &turtle["price"]["amount"]),
        (&json!("zolw-ogrodowy"), &json!(true), &json!(1999))
    );
    staff.post(PRODUCTS, body("zolw  OGRODOWY", &garden, 1)).await.is_problem(409, "name_taken");
    staff.post(CATEGORIES, json!({ "name": "GARDEN" })).await.is_problem(409, "name_taken");
    // Different names with one slug, and names without a letter of the Latin alphabet.
    for (name, slug) in [("P 00", "p-00"), ("P-00", "p-00-1"), ("P_00", "p-00-2")] {
        assert_eq!(create(&staff, name, &garden, 100).await["slug"], slug);
    }
    for name in ["桜", "Чай", "🐢"] {
        let made = create(&staff, name, &garden, 100).await;
        let slug = text(&made["slug"]);
        assert!(slug.starts_with("product-"), "{slug}");
        assert_eq!(cloud.anonymous().get(&format!("/v1/product-slugs/{slug}")).await.is(200)["id"], made["id"]);
    }
    assert_eq!(names(&cloud, "sort=newest").await.len(), 7);

    // Refused requests.
    let wrong = |spoil: fn(&mut Value)| {
        let mut wrong = body("Wrong", &garden, 100);
        spoil(&mut wrong);
        wrong
    };
    staff.post(PRODUCTS, wrong(|b| b["price"]["amount"] = json!(-1))).await.is_problem(400, "malformed");
    staff.post(PRODUCTS, wrong(|b| b["price"]["amount"] = json!(1.5))).await.is_problem(400, "malformed");
    staff.post(PRODUCTS, wrong(|b| b["slug"] = json!("mine"))).await.is_problem(400, "malformed");
    let refused: [(Spoil, &str); 7] = [
        (|b| b["price"]["amount"] = json!(100_000), "/price/amount range"),
        (|b| b["price"]["currency"] = json!("GBP"), "/price/currency choice"),
        (|b| b["name"] = json!("x".repeat(101)), "/name too_long"),
        (|b| b["name"] = json!("Fuck mug"), "/name profanity"),
        (|b| b["description"] = json!(" "), "/description required"),
        (|b| b["available"] = json!(1_000_001), "/available range"),
        (|b| b["category"] = json!("cat_01K9ZCHCW7R5JY9H0FAMZV8NTS"), "/category choice"),
    ];
    for (spoil, errors) in refused {
        assert_eq!(staff.post(PRODUCTS, wrong(spoil)).await.field_errors(), [errors]);
    }

    // Two people change one version.
    let path = format!("{PRODUCTS}/{}", text(&turtle["id"]));
    staff.patch(&path, json!({ "for_sale": false })).await.is_problem(428, "version_required");
    let both = race(8, |i| {
        let (staff, path) = (staff.with("if-match", "\"v1\""), path.clone());
        async move { staff.patch(&path, json!({ "description": format!("Number {i}") })).await }
    });
    let both = both.await;
    assert_eq!(both.iter().filter(|reply| reply.status == 200).count(), 1, "{both:?}");
    assert!(both.iter().all(|reply| reply.status == 200 || reply.code() == "version_mismatch"), "{both:?}");
    let same = json!({ "name": "Żółw ogrodowy", "for_sale": true, "discount_percent": null });
    let unchanged = staff.with("if-match", "\"v2\"").patch(&path, same).await;
    assert_eq!((unchanged.is(200)["description"].is_string(), &*unchanged.header("etag")), (true, "\"v2\""));
    let renamed = staff.with("if-match", "\"v2\"").patch(&path, json!({ "name": "Turtle", "available": 0 })).await.is(200);
    assert_eq!((&renamed["slug"], &renamed["is_available"]), (&json!("zolw-ogrodowy"), &json!(false)));
    create(&staff, "Żółw ogrodowy", &garden, 100).await;

    // A category with products stays. The role counts at the moment of the change.
    staff.delete(&format!("{CATEGORIES}/{garden}")).await.is_problem(409, "category_in_use");
    let pots = category(&staff, "Pots").await;
    change(&staff, &text(&turtle["id"]), json!({ "category": pots })).await.is(200);
    let all = cloud.anonymous().get(CATEGORIES).await.is(200);
    let counts: Vec<(String, u64)> =
        all["items"].as_array().unwrap().iter().map(|c| (text(&c["name"]), c["products"].as_u64().unwrap())).collect();
    assert_eq!(counts, [("Garden".to_owned(), 7), ("Pots".to_owned(), 1)]);
    let rename = async |version: &str, name: &str| {
        staff.with("if-match", version).put(&format!("{CATEGORIES}/{pots}"), json!({ "name": name })).await
    };
    // Products in it do not change it.
    let version = format!("\"v{}\"", all["items"][1]["version"]);
    staff.put(&format!("{CATEGORIES}/{pots}"), json!({ "name": "Pottery" })).await.is_problem(428, "version_required");
    assert_eq!(rename(&version, "Pottery").await.is(200)["version"], 2);
    rename(&version, "Vases").await.is_problem(412, "version_mismatch");
    assert_eq!(rename("\"v2\"", "Pottery").await.header("etag"), "\"v3\"");
    staff.with("if-match", "*").delete(&path).await.is(204);
    staff.delete(&format!("{CATEGORIES}/{pots}")).await.is(204);
    for gone in [&path, &format!("/v1/product-slugs/{}", "zolw-ogrodowy")] {
        cloud.anonymous().get(gone).await.is_problem(404, "not_found");
    }
    let mut actions: Vec<String> = cloud.of_kind("audit").await.iter().map(|entry| text(&entry["action"]["S"])).collect();
    actions.sort();
    actions.dedup();
    for expected in ["category_changed", "category_created", "category_deleted", "product_changed", "product_created", "product_deleted"] {
        assert!(actions.iter().any(|action| action == expected), "{expected}: {actions:?}");
    }
    cloud.appoint(&staff, &["moderator"]);
    staff.post(PRODUCTS, body("Late", &garden, 1)).await.is_problem(403, "forbidden");
    cloud.settle().await;
    items::are_as_described(&cloud).await;
}

/// Categories and prepared replies that were stored before they had versions have the first one, and are changed like all others.
/// Promise: product-management, support-replies
#[tokio::test(flavor = "multi_thread")]
async fn what_was_stored_without_a_version_is_changed() {
    let cloud = Cloud::start().await;
    let staff = administrator(&cloud).await;
    let pots = category(&staff, "Pots").await;
    let reply = text(&staff.post("/v1/support/replies", json!({ "title": "Pots", "text": "Hello" })).await.is(201)["id"]);
    for kind in ["category", "support_reply"] {
        let mut stored = cloud.of_kind(kind).await.remove(0);
        stored.as_object_mut().unwrap().remove("version").unwrap();
        cloud.put_item(&stored);
    }
    for (list, id, body) in
        [(CATEGORIES, pots, json!({ "name": "Vases" })), ("/v1/support/replies", reply, json!({ "title": "Vases", "text": "Hello" }))]
    {
        assert_eq!(staff.get(list).await.is(200)["items"][0]["version"], 1, "{list}");
        let change = async || staff.with("if-match", "\"v1\"").put(&format!("{list}/{id}"), body.clone()).await;
        assert_eq!(change().await.header("etag"), "\"v2\"", "{list}");
        change().await.is_problem(412, "version_mismatch");
    }
}

/// The name, the price, whether it is in the second category, and the id of a product.
type Made = (String, u64, bool, String);

/// Products are listed nine at a time, by age, name and price, all or those of a category, and those that can be ordered or not. Nothing
/// is repeated or left out while others are added and deleted. A cursor is good for its list only, and no parameter is an error of ours.
/// Promise: product-list
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_lists_products() {
    let cloud = Cloud::start().await;
    let staff = administrator(&cloud).await;
    let (garden, kitchen) = (category(&staff, "Garden").await, category(&staff, "Kitchen").await);
    let mut made = Vec::new();
    for n in 0..20_u64 {
        let place = if n % 3 == 0 { &kitchen } else { &garden };
        // Neither by age nor by name.
        let price = (n * 7 % 20 + 1) * 100;
        let name = format!("{} {n:02}", if n % 2 == 0 { "żuk" } else { "Anchor" });
        made.push((name.clone(), price, place == &kitchen, text(&create(&staff, &name, place, price).await["id"])));
    }
    for (_, _, _, id) in made.iter().take(4) {
        change(&staff, id, json!({ "for_sale": false })).await.is(200);
    }
    let anybody = cloud.anonymous();
    let first = anybody.get(PRODUCTS).await.is(200);
    assert_eq!(first["items"].as_array().unwrap().len(), 9);
    let by = |order: &dyn Fn(&Made) -> String, only: &dyn Fn(usize, bool) -> bool| {
        let chosen = made.iter().enumerate().filter(|(n, product)| only(*n, product.2)).map(|(_, product)| product);
        let mut chosen: Vec<_> = chosen.collect();
        chosen.sort_by_key(|product| order(product));
        chosen.iter().map(|product| product.0.clone()).collect::<Vec<_>>()
    };
    let (name, price) = (|product: &Made| product.0.replace('ż', "z").to_lowercase(), |product: &Made| format!("{:08}", product.1));
    let reversed = |mut names: Vec<String>| {
        names.reverse();
        names
    };
    let everything = |_: usize, _: bool| true;
    let in_kitchen = |_: usize, kitchen: bool| kitchen;
    let age = |product: &Made| product.3.clone();
    let costs = |n: usize| (n * 7 % 20 + 1) * 100;
    for (query, expected) in [
        (String::new(), reversed(by(&age, &everything))),
        ("sort=name_asc".to_owned(), by(&name, &everything)),
        ("sort=name_desc".to_owned(), reversed(by(&name, &everything))),
        ("sort=price_asc&limit=3".to_owned(), by(&price, &everything)),
        ("sort=price_desc".to_owned(), reversed(by(&price, &everything))),
        (format!("sort=price_asc&category={kitchen}"), by(&price, &in_kitchen)),
        ("sort=name_asc&availability=unavailable".to_owned(), by(&name, &|n, _| n < 4)),
        ("sort=price_asc&availability=available&limit=2".to_owned(), by(&price, &|n, _| n >= 4)),
        ("sort=name_asc&min_price=500&max_price=900".to_owned(), by(&name, &|n, _| (500..=900).contains(&costs(n)))),
        ("sort=price_desc&min_price=1900&limit=1".to_owned(), reversed(by(&price, &|n, _| costs(n) >= 1900))),
    ] {
        assert_eq!(names(&cloud, &query).await, expected, "{query}");
    }

    // Others are added before and after the cursor, and deleted.
    let page = anybody.get(&format!("{PRODUCTS}?sort=name_asc")).await.is(200);
    create(&staff, "Aardvark", &garden, 1).await;
    create(&staff, "Żyrafa", &garden, 1).await;
    staff.with("if-match", "*").delete(&format!("{PRODUCTS}/{}", made[18].3)).await.is(204);
    let mut seen: Vec<String> = page["items"].as_array().unwrap().iter().map(|p| text(&p["name"])).collect();
    seen.extend(names_from(&cloud, "sort=name_asc", format!("&cursor={}", text(&page["next_cursor"]))).await);
    let once: BTreeSet<&String> = seen.iter().collect();
    assert_eq!((once.len(), seen.len()), (20, 20), "{seen:?}");
    assert!(!seen.contains(&"Aardvark".to_owned()) && seen.contains(&"Żyrafa".to_owned()) && !seen.contains(&made[18].0), "{seen:?}");

    let cursor = text(&page["next_cursor"]);
    for other in ["sort=name_desc", "", "sort=name_asc&availability=available", &format!("sort=name_asc&category={garden}")] {
        anybody.get(&format!("{PRODUCTS}?{other}&cursor={cursor}")).await.is_problem(400, "cursor_invalid");
    }
    for (query, status) in [
        ("category=abc", 400),
        ("sort=price", 400),
        ("availability=maybe", 400),
        ("min_price=-1", 400),
        ("max_price=9.99", 400),
        ("limit=0", 422),
        ("limit=101", 422),
        ("limit=-1", 400),
        ("cursor=x", 400),
        ("category=cat_01K9ZCHCW7R5JY9H0FAMZV8NTS", 200),
        ("page=99", 200),
    ] {
        anybody.get(&format!("{PRODUCTS}?{query}")).await.has(status);
    }
    anybody.get(&format!("{PRODUCTS}/garden-turtle")).await.is_problem(404, "not_found");
    cloud.settle().await;
    items::are_as_described(&cloud).await;
}

/// A product is found by any part of its name or description, one character too, without regard to case and accents, in its category and by
/// its current texts only, in every order.
/// Promise: product-search
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn products_are_found_by_parts_of_their_texts() {
    let cloud = Cloud::start().await;
    let staff = administrator(&cloud).await;
    let (garden, kitchen) = (category(&staff, "Garden").await, category(&staff, "Kitchen").await);
    let mut ids = Vec::new();
    for (name, place, price) in [
        ("Żółty żółw", &garden, 100),
        ("Gęś", &garden, 200),
        ("Straße mug", &kitchen, 400),
        ("Yellow mug", &kitchen, 300),
        ("桜の皿", &kitchen, 500),
    ] {
        ids.push(text(&create(&staff, name, place, price).await["id"]));
    }
    change(&staff, &ids[1], json!({ "description": "Stands beside a mug\nof Ćmielów porcelain." })).await.is(200);
    let mug_in_garden = format!("q=mug&category={garden}");
    let mug_in_kitchen = format!("q=MUG&category={kitchen}&limit=1");
    for (query, expected) in [
        ("q=zolw", vec!["Żółty żółw"]),
        ("q=%C5%BB%C3%93%C5%81", vec!["Żółty żółw"]),
        ("q=ges", vec!["Gęś"]),
        ("q=strasse", vec!["Straße mug"]),
        ("q=mug&limit=1", vec!["Gęś", "Straße mug", "Yellow mug"]),
        ("q=mug&sort=name_desc", vec!["Yellow mug", "Straße mug", "Gęś"]),
        ("q=mug&sort=newest&limit=2", vec!["Yellow mug", "Straße mug", "Gęś"]),
        ("q=mug&sort=price_asc&limit=1", vec!["Gęś", "Yellow mug", "Straße mug"]),
        ("q=mug&sort=price_desc&max_price=300", vec!["Yellow mug", "Gęś"]),
        ("q=CMIELOW", vec!["Gęś"]),
        ("q=mug%20of", vec!["Gęś"]),
        ("q=ges%20stands", vec![]),
        ("q=w%20m", vec!["Yellow mug"]),
        ("q=y", vec!["Yellow mug", "Żółty żółw"]),
        ("q=%E6%A1%9C", vec!["桜の皿"]),
        ("q=nothing", vec![]),
        (mug_in_garden.as_str(), vec!["Gęś"]),
        (mug_in_kitchen.as_str(), vec!["Straße mug", "Yellow mug"]),
    ] {
        assert_eq!(names(&cloud, query).await, expected, "{query}");
    }
    change(&staff, &ids[0], json!({ "name": "Green turtle" })).await.is(200);
    change(&staff, &ids[1], json!({ "description": "Of stone." })).await.is(200);
    change(&staff, &ids[2], json!({ "category": garden })).await.is(200);
    staff.with("if-match", "*").delete(&format!("{PRODUCTS}/{}", ids[3])).await.is(204);
    assert_eq!(names(&cloud, "q=zolw").await, [""; 0]);
    assert_eq!(names(&cloud, "q=turtle").await, ["Green turtle"]);
    assert_eq!(names(&cloud, "q=mug").await, ["Straße mug"]);
    assert_eq!(names(&cloud, &mug_in_garden).await, ["Straße mug"]);
    let anybody = cloud.anonymous();
    for (query, errors) in [(format!("q={}", "x".repeat(101)), "/q too_long"), ("q=".to_owned(), "/q required")] {
        assert_eq!(anybody.get(&format!("{PRODUCTS}?{query}")).await.field_errors(), [errors]);
    }
}

/// A discount is shown with the lowest price of the thirty days before it, in the language of the reader.
/// Promise: product-prices
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lowest_price_of_thirty_days_stands_beside_a_discount() {
    let cloud = Cloud::start().await;
    let (mut staff, app) = cloud.staff("shopkeeper", "administrator").await;
    let garden = category(&staff, "Garden").await;
    let id = text(&create(&staff, "Garden turtle", &garden, 1000).await["id"]);
    let path = format!("{PRODUCTS}/{id}");
    let amount = |amount: u64| json!({ "amount": amount, "currency": "PLN" });
    let shown = async |language: &str| cloud.anonymous().with("accept-language", language).get(&path).await.is(200);
    assert_eq!(change(&staff, &id, json!({ "discount_percent": 91 })).await.field_errors(), ["/discount_percent range"]);
    // Dearer, and then reduced to what looks like a bargain: it was 10.00 a moment ago.
    change(&staff, &id, json!({ "price": amount(1999) })).await.is(200);
    let reduced = change(&staff, &id, json!({ "discount_percent": 50 })).await.is(200);
    assert_eq!((&reduced["price"]["amount"], &reduced["discount"]["percent"]), (&json!(999), &json!(50)));
    assert_eq!(reduced["discount"]["lowest_price"]["amount"], 1000);
    let (polish, english) = (shown("pl").await, shown("en").await);
    assert_eq!((&polish["price"]["text"], &polish["discount"]["full_price"]["text"]), (&json!("9,99\u{a0}zł"), &json!("19,99\u{a0}zł")));
    assert_eq!(english["discount"]["lowest_price"]["text"], "PLN\u{a0}10.00");
    // It stays as it was when the discount began.
    change(&staff, &id, json!({ "for_sale": false, "name": "Turtle" })).await.is(200);
    assert_eq!(shown("en").await["discount"]["lowest_price"]["amount"], 1000);
    let ended = change(&staff, &id, json!({ "discount_percent": null })).await.is(200);
    assert_eq!((&ended["price"]["amount"], ended.get("discount")), (&json!(1999), None));

    // The prices of that day count for thirty days, and then the next lowest does.
    for (wait, lowest) in [(DAY * 29, 999), (DAY * 2, 1799)] {
        cloud.advance(wait).await;
        staff = cloud.sign_in_with(&cloud.anonymous(), "shopkeeper", &app).await;
        let reduced = change(&staff, &id, json!({ "discount_percent": 10 })).await.is(200);
        assert_eq!(reduced["discount"]["lowest_price"]["amount"], lowest, "{reduced}");
        change(&staff, &id, json!({ "discount_percent": null })).await.is(200);
    }
    cloud.settle().await;
    items::are_as_described(&cloud).await;
}

/// The lowest price of thirty days is found among very many, such as those of a program that changes a price every hour.
/// Promise: product-prices
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lowest_price_is_found_among_very_many() {
    let cloud = Cloud::start().await;
    let staff = administrator(&cloud).await;
    let garden = category(&staff, "Garden").await;
    let id = text(&create(&staff, "Garden turtle", &garden, 1000).await["id"]);
    let (core, first) = (cloud.core(), cloud.of_kind("price").await.remove(0));
    let table = core.template.tables.iter().find(|table| table.stream_arn.is_some()).unwrap();
    for version in 10..730 {
        let mut later = first.clone();
        later["sk"] = json!({ "S": format!("PRICE#{version:010}") });
        later["since_version"] = json!({ "N": version.to_string() });
        later["price"]["M"]["amount"] = json!({ "N": "5000" });
        let request = serde_json::from_value(json!({ "TableName": table.name, "Item": later })).unwrap();
        core.aws.dynamodb.database().put_item(request).unwrap();
    }
    let dearer = json!({ "price": { "amount": 6000, "currency": "PLN" }, "discount_percent": 10 });
    assert_eq!(change(&staff, &id, dearer).await.is(200)["discount"]["lowest_price"]["amount"], 1000);
}

/// What is available, reserved and sold adds up to what was received, whatever staff count. Only they see more than what is available.
/// Promise: product-stock
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stock_adds_up() {
    let cloud = Cloud::start().await;
    let staff = administrator(&cloud).await;
    let garden = category(&staff, "Garden").await;
    let id = text(&create(&staff, "Garden turtle", &garden, 1999).await["id"]);
    let path = format!("{PRODUCTS}/{id}/stock");
    cloud.member("ana").await.get(&path).await.is_problem(403, "forbidden");
    for counted in [25, 0, 7] {
        let product = change(&staff, &id, json!({ "available": counted })).await.is(200);
        assert_eq!((&product["available"], &product["is_available"]), (&json!(counted), &json!(counted > 0)));
        assert_eq!(staff.get(&path).await.is(200), json!({ "available": counted, "reserved": 0, "sold": 0, "received": counted }));
    }
    // Eight people count at once: one of them is right.
    let version = staff.get(&format!("{PRODUCTS}/{id}")).await.header("etag");
    let replies = race(8, |i| {
        let (staff, path) = (staff.with("if-match", &version), format!("{PRODUCTS}/{id}"));
        async move { staff.patch(&path, json!({ "available": 100 + i })).await }
    });
    assert_eq!(replies.await.iter().filter(|reply| reply.status == 200).count(), 1);
    let item = product_item(&cloud, &id).await;
    assert_eq!(number(&item, "available") + number(&item, "reserved") + number(&item, "sold"), number(&item, "received"));
}

/// Uploads a picture of a product, and returns the final state.
pub(crate) async fn upload(cloud: &Cloud, staff: &Caller, product: &str, file: &[u8], content_type: &str) -> Value {
    let path = format!("{PRODUCTS}/{product}/picture/uploads");
    let declared = json!({ "content_type": content_type, "bytes": file.len(), "sha256": sha256(file) });
    let reply = staff.post(&path, declared).await;
    let link = reply.is(201);
    send(cloud, &link, file, &[]).await.has(200);
    cloud.settle().await;
    staff.get(&reply.header("location")).await.is(200)
}

/// A picture of a product is uploaded by an administrator as people upload theirs, and is shown to everybody. A newer one replaces it,
/// and it goes with the product. It is not the administrator's own picture.
/// Promise: product-pictures
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_product_has_a_picture() {
    let cloud = Cloud::start().await;
    let staff = administrator(&cloud).await;
    let garden = category(&staff, "Garden").await;
    let product = text(&create(&staff, "Garden turtle", &garden, 1999).await["id"]);
    let path = format!("{PRODUCTS}/{product}");
    let declared = json!({ "content_type": "image/png", "bytes": 7, "sha256": sha256(b"nothing") });
    cloud.member("ana").await.post(&format!("{path}/picture/uploads"), declared.clone()).await.is_problem(403, "forbidden");
    let nowhere = format!("{PRODUCTS}/prd_01K9ZCHCW7R5JY9H0FAMZV8NTS/picture/uploads");
    staff.post(&nowhere, declared).await.is_problem(404, "not_found");

    let refused = upload(&cloud, &staff, &product, b"<svg onload=alert(1)>", "image/png").await;
    assert_eq!((&refused["state"], &refused["reason"]), (&json!("refused"), &json!("not_a_picture")));
    let first = upload(&cloud, &staff, &product, &photograph(), "image/jpeg").await;
    let shown = cloud.anonymous().get(&path).await.is(200);
    assert_eq!((&first["state"], &shown["picture"]), (&json!("published"), &first["picture"]));
    let link = cloud.anonymous().get(&text(&shown["picture"]["small"])).await;
    assert_eq!(cloud.anonymous().get(&link.header("location")).await.has(200).header("content-type"), "image/jpeg");
    let own = staff.get("/v1/me").await.is(200);
    assert_ne!(own["picture"], shown["picture"]);
    staff.get(&format!("/v1/me/picture/uploads/{}", text(&first["id"]))).await.is_problem(404, "not_found");

    let png = encoded(&picture([20, 20, 220]), ImageFormat::Png);
    let second = upload(&cloud, &staff, &product, &png, "image/png").await;
    assert_eq!(cloud.anonymous().get(&path).await.is(200)["picture"], second["picture"]);
    assert_eq!(below(&objects(&cloud), "pictures").len(), 3, "the former one is gone");
    staff.delete(&format!("{path}/picture")).await.is(204);
    staff.delete(&format!("{path}/picture")).await.is(204);
    cloud.settle().await;
    assert_eq!(cloud.anonymous().get(&path).await.is(200).get("picture"), None);
    assert!(objects(&cloud).is_empty());
    upload(&cloud, &staff, &product, &png, "image/png").await;
    staff.with("if-match", "*").delete(&path).await.is(204);
    cloud.settle().await;
    assert!(objects(&cloud).is_empty());
    items::are_as_described(&cloud).await;
}

/// The picture of a product stays when whoever has uploaded it has left, also if the event of its upload comes once more afterwards. When
/// it is replaced, that event does not bring it back.
/// Promise: product-pictures, delivery-once, deletion-complete
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_outlives_the_account_that_has_uploaded_it() {
    let cloud = Cloud::start().await;
    let staff = administrator(&cloud).await;
    let garden = category(&staff, "Garden").await;
    let product = text(&create(&staff, "Garden turtle", &garden, 1999).await["id"]);
    let first = upload(&cloud, &staff, &product, &photograph(), "image/jpeg").await;
    let event = uploaded(&staff, &first);
    let scheduled = schedule(&staff).await;
    until_due(&cloud, &scheduled).await;
    assert_eq!(run(&cloud, SWEEP).await["claimed"], 1);
    cloud.settle().await;
    assert!(cloud.of_kind("upload").await.is_empty());

    let again = async || drop(cloud.hosts.invoke("UploadProcessorFunction", event.clone(), &Trace::new(&cloud.sys)).await.unwrap());
    again().await;
    assert_eq!(below(&objects(&cloud), "pictures").len(), 3);
    let path = format!("{PRODUCTS}/{product}");
    assert_eq!(cloud.anonymous().get(&path).await.is(200)["picture"], first["picture"]);

    let (other, _) = cloud.staff("successor", "administrator").await;
    let second = upload(&cloud, &other, &product, &encoded(&picture([20, 20, 220]), ImageFormat::Png), "image/png").await;
    again().await;
    assert_eq!(below(&objects(&cloud), "pictures").len(), 3, "of the second one");
    assert_eq!(cloud.anonymous().get(&path).await.is(200)["picture"], second["picture"]);
    items::are_as_described(&cloud).await;
}

/// Members comment on products, with swear words masked within their sentences. Their authors and moderators change and delete
/// comments, nobody else does. They are shown five at a time, the newest first, and go with their product.
/// Promise: product-comments
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_comment_on_products() {
    let cloud = Cloud::start().await;
    let product = only_product(&cloud).await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let (moderator, _) = cloud.staff("mona", "moderator").await;
    let path = format!("{PRODUCTS}/{product}/comments");
    let say = |text: &str| json!({ "text": text });
    cloud.anonymous().post(&path, say("Hello")).await.is_problem(401, "token_invalid");
    for (typed, error) in [("  ".to_owned(), "/text required"), ("x".repeat(501), "/text too_long")] {
        assert_eq!(ana.post(&path, say(&typed)).await.field_errors(), [error]);
    }
    ana.post(&format!("{PRODUCTS}/prd_01K9ZCHCW7R5JY9H0FAMZV8NTS/comments"), say("x")).await.is_problem(404, "not_found");
    let first = ana.post(&path, say("you fuck, żółw")).await.is(201);
    assert_eq!((&first["text"], &first["author"]["username"]), (&json!("you ****, żółw"), &json!("ana")));
    ana.post(&path, say(&"x".repeat(500))).await.is(201);
    for n in 0..5 {
        ben.post(&path, say(&format!("Number {n}"))).await.is(201);
    }
    let page = cloud.anonymous().get(&path).await.is(200);
    let texts: Vec<String> = page["items"].as_array().unwrap().iter().map(|c| text(&c["text"])).collect();
    assert_eq!(texts, ["Number 4", "Number 3", "Number 2", "Number 1", "Number 0"]);
    let rest = cloud.anonymous().get(&format!("{path}?cursor={}", text(&page["next_cursor"]))).await.is(200);
    assert_eq!((rest["items"].as_array().unwrap().len(), rest.get("next_cursor")), (2, None));
    assert_eq!(rest["items"][1], first);

    let own = format!("{path}/{}", text(&first["id"]));
    let others = format!("/v1/moderation/comments/{product}/{}", text(&first["id"]));
    for who in [&ben, &moderator] {
        who.put(&own, say("Mine")).await.is_problem(403, "forbidden");
        who.delete(&own).await.is_problem(403, "forbidden");
    }
    for who in [&ana, &ben] {
        who.put(&others, say("Mine")).await.is_problem(403, "forbidden");
        who.delete(&others).await.is_problem(403, "forbidden");
    }
    let edited = ana.put(&own, say("It stands well, fuck")).await.is(200);
    assert_eq!((&edited["text"], edited["edited_at"].is_string()), (&json!("It stands well, ****"), true));
    assert_eq!(moderator.put(&others, say("It stands well")).await.is(200)["author"]["username"], "ana");
    moderator.delete(&others).await.is(204);
    moderator.delete(&others).await.is_problem(404, "not_found");
    ana.put(&own, say("Again")).await.is_problem(404, "not_found");
    let audit = cloud.of_kind("audit").await;
    let about = |action: &str| audit.iter().filter(|e| e["action"]["S"] == action && e["subject"]["S"] == ana.id()).count();
    assert_eq!((about("comment_changed"), about("comment_deleted")), (1, 1));
    assert!(!json!(audit).to_string().contains("stands well"), "no text is in the audit");

    // One account writes twenty an hour.
    for _ in 0..15 {
        ana.post(&path, say("More")).await.is(201);
    }
    ana.post(&path, say("Too much")).await.is_problem(429, "too_many_requests");
    cloud.settle().await;
    items::are_as_described(&cloud).await;

    let staff = cloud.sign_in("ben").await;
    cloud.appoint(&staff, &["administrator"]);
    staff.with("if-match", "*").delete(&format!("{PRODUCTS}/{product}")).await.is_problem(403, "second_factor_required");
}

/// There are no more categories than there is room for, and a deleted one makes room.
/// Promise: bounded-lists
#[tokio::test(flavor = "multi_thread")]
async fn there_are_no_more_categories_than_there_is_room_for() {
    let cloud = Cloud::start().await;
    let staff = administrator(&cloud).await;
    let garden = category(&staff, "Garden").await;
    store_list_size(&cloud, "categories", 199);
    category(&staff, "Kitchen").await;
    assert_eq!(staff.post(CATEGORIES, json!({ "name": "Cellar" })).await.is_problem(409, "too_many")["max"], 200);
    for status in [204, 404] {
        staff.delete(&format!("{CATEGORIES}/{garden}")).await.is(status);
    }
    category(&staff, "Cellar").await;
    staff.post(CATEGORIES, json!({ "name": "Attic" })).await.is_problem(409, "too_many");
    items::are_as_described(&cloud).await;
}

/// A list has more items than were counted, as one from before they were counted: its count stays at zero when they are deleted.
/// Promise: bounded-lists
#[tokio::test(flavor = "multi_thread")]
async fn the_count_of_categories_is_never_below_zero() {
    let cloud = Cloud::start().await;
    let staff = administrator(&cloud).await;
    let mut made = Vec::new();
    for name in ["Garden", "Kitchen", "Cellar"] {
        made.push(category(&staff, name).await);
    }
    let count = async || text(&cloud.of_kind("list_size").await[0]["items"]["N"]);
    store_list_size(&cloud, "categories", 1);
    for id in made {
        staff.delete(&format!("{CATEGORIES}/{id}")).await.is(204);
        assert_eq!(count().await, "0");
    }
    category(&staff, "Attic").await;
    assert_eq!(count().await, "1");
    items::are_as_described(&cloud).await;
}

/// The sum and the number of a product's ratings are those of the ratings that there are, whoever gives, changes and withdraws them at
/// the same time, and each person has one.
/// Promise: product-ratings
#[tokio::test(flavor = "multi_thread")]
async fn ratings_are_counted_exactly() {
    let cloud = Cloud::start().await;
    let product = only_product(&cloud).await;
    let path = format!("{PRODUCTS}/{product}/rating");
    let ana = cloud.member("ana").await;
    cloud.anonymous().put(&path, json!({ "stars": 5 })).await.is_problem(401, "token_invalid");
    for bad in [0, 6, -1] {
        assert_eq!(ana.put(&path, json!({ "stars": bad })).await.field_errors(), ["/stars range"]);
    }
    for bad in [json!("5"), json!(4.5), json!(null)] {
        ana.put(&path, json!({ "stars": bad })).await.is_problem(400, "malformed");
    }
    ana.put(&format!("{PRODUCTS}/prd_01K9ZCHCW7R5JY9H0FAMZV8NTS/rating"), json!({ "stars": 5 })).await.is_problem(404, "not_found");
    ana.get(&path).await.is_problem(404, "not_found");
    let seen = async || cloud.anonymous().get(&format!("{PRODUCTS}/{product}")).await.is(200)["ratings"].clone();
    assert_eq!(seen().await, json!({ "count": 0 }));
    for (stars, mean) in [(3, "3.00"), (5, "5.00"), (5, "5.00")] {
        ana.put(&path, json!({ "stars": stars })).await.is(204);
        assert_eq!(seen().await, json!({ "count": 1, "mean": mean }));
    }
    assert_eq!(ana.get(&path).await.is(200)["stars"], 5);

    // Twenty people at once, each of whom changes their mind several times.
    let mut people = Vec::new();
    for n in 0..20 {
        people.push(cloud.member(&format!("rater_{n}")).await);
    }
    let ends = race(people.len(), |i| {
        let (who, path) = (people[i].clone(), path.clone());
        async move {
            let mut stars = None;
            for step in 0..5 {
                stars = if (i + step) % 4 == 3 {
                    who.delete(&path).await.is(204);
                    None
                } else {
                    let stars = (i * 3 + step * 2) % 5 + 1;
                    who.put(&path, json!({ "stars": stars })).await.is(204);
                    Some(stars)
                };
            }
            stars
        }
    });
    let given: Vec<u64> = ends.await.into_iter().flatten().map(|stars| stars as u64).chain([5]).collect();
    let counted = async || {
        let item = product_item(&cloud, &product).await;
        let ratings = cloud.of_kind("rating").await;
        let sum: u64 = ratings.iter().map(|rating| number(rating, "stars")).sum();
        assert_eq!((number(&item, "rating_sum"), number(&item, "rating_count")), (sum, ratings.len() as u64));
        (sum, ratings.len())
    };
    assert_eq!(counted().await, (given.iter().sum(), given.len()));

    // One person at twenty places at once.
    let replies = race(20, |i| {
        let (ana, path) = (ana.clone(), path.clone());
        async move { if i % 4 == 0 { ana.delete(&path).await } else { ana.put(&path, json!({ "stars": i % 5 + 1 })).await } }
    });
    // Who is overtaken ten times has to ask again.
    let replies = replies.await;
    assert!(replies.iter().all(|reply| reply.status == 204 || reply.code() == "conflict"), "{replies:?}");
    counted().await;
    let mine = cloud.of_kind("rating").await.into_iter().filter(|rating| rating["user"]["S"] == ana.id()).count();
    assert_eq!(mine, usize::from(ana.get(&path).await.status == 200));
    ana.delete(&path).await.is(204);
    ana.delete(&path).await.is(204);
    counted().await;

    // The table has written it, and its answer is lost.
    let target = Target {
        function: Some("ProductsFunction".to_owned()),
        operation: Some("TransactWriteItems".to_owned()),
        times: 1,
        ..Target::default()
    };
    let lost = cloud.aws.faults.script(target, Fault::LostAfter);
    ana.put(&path, json!({ "stars": 2 })).await.is(204);
    lost.end();
    counted().await;

    // An hour has room for sixty.
    cloud.advance(HOUR).await;
    let ana = cloud.sign_in("ana").await;
    for n in 0..60 {
        ana.put(&path, json!({ "stars": n % 5 + 1 })).await.is(204);
    }
    ana.put(&path, json!({ "stars": 1 })).await.is_problem(429, "too_many_requests");
    counted().await;
    items::are_as_described(&cloud).await;
}

/// What somebody has written about products and how they have rated them is in their archive, and goes with their account: their
/// ratings are taken out of the sums. A deleted product leaves nothing.
/// Promise: product-comments, product-ratings, deletion-complete, export-complete
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_said_about_products_goes_with_them() {
    let cloud = Cloud::start().await;
    let (staff, app) = cloud.staff("shopkeeper", "administrator").await;
    let garden = category(&staff, "Garden").await;
    let mut products = Vec::new();
    for n in 0..3 {
        products.push(text(&create(&staff, &format!("Turtle {n}"), &garden, 100).await["id"]));
    }
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    for product in &products {
        for (who, stars) in [(&ana, 1), (&ben, 4)] {
            let path = format!("{PRODUCTS}/{product}");
            who.put(&format!("{path}/rating"), json!({ "stars": stars })).await.is(204);
            for n in 0..6 {
                who.post(&format!("{path}/comments"), json!({ "text": format!("{} said {n}", who.name()) })).await.is(201);
            }
        }
    }
    let export = ana.post("/v1/me/exports", json!({})).await.is(202);
    cloud.settle().await;
    let files = download(&cloud, &ana, &format!("/v1/me/exports/{}", text(&export["id"]))).await;
    let stored: Value = serde_json::from_slice(&files["items.json"]).unwrap();
    let kind = |kind: &str| stored[kind].as_array().cloned().unwrap_or_default();
    assert_eq!((kind("comment").len(), kind("rating").len()), (18, 3), "{stored}");
    assert!(stored.to_string().contains("ana said 5") && !stored.to_string().contains("ben said"));

    let scheduled = schedule(&ana).await;
    until_due(&cloud, &scheduled).await;
    assert_eq!(run(&cloud, SWEEP).await["claimed"], 1);
    cloud.settle().await;
    for product in &products {
        let path = format!("{PRODUCTS}/{product}");
        assert_eq!(cloud.anonymous().get(&path).await.is(200)["ratings"], json!({ "count": 1, "mean": "4.00" }));
        let left = cloud.anonymous().get(&format!("{path}/comments?limit=100")).await.is(200);
        assert_eq!(left["items"].as_array().unwrap().len(), 6);
    }
    assert!(!cloud.dump().await.to_string().contains("ana said"));

    // The products with all that belongs to them.
    let staff = cloud.sign_in_with(&cloud.anonymous(), staff.name(), &app).await;
    for product in &products {
        staff.with("if-match", "*").delete(&format!("{PRODUCTS}/{product}")).await.is(204);
    }
    cloud.settle().await;
    for kind in ["product", "product_name", "product_slug", "price", "comment", "rating"] {
        let left = cloud.of_kind(kind).await;
        assert!(left.is_empty(), "{left:?}");
    }
    let postings = cloud.of_kind("search_posting").await;
    assert!(!postings.iter().any(|posting| posting["id"]["S"].as_str().is_some_and(|id| id.starts_with("prd_"))), "{postings:?}");
    assert_eq!(cloud.anonymous().get(CATEGORIES).await.is(200)["items"][0]["products"], 0);
    cloud.advance(Duration::from_secs(1)).await;
    items::are_as_described(&cloud).await;
}

/// A program with an API key of the scope manages products and their pictures, and nothing else of the shop. The key replaces the recent
/// proof that a person needs. What it does is in the audit as done by the key's owner, whose lost role ends it.
/// Promise: api-keys, product-management, staff-writes
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_manage_products_with_a_key() {
    let cloud = Cloud::start().await;
    let staff = administrator(&cloud).await;
    let garden = category(&staff, "Garden").await;
    let key = async |owner: &Caller, scope: &str| {
        let made = owner.post("/v1/me/api-keys", json!({ "name": "Till", "scopes": [scope] })).await.is(201);
        cloud.anonymous().with("authorization", format!("Api-Key {}", text(&made["key"])))
    };
    let till = key(&staff, "products:write").await;
    let turtle = text(&create(&till, "Garden turtle", &garden, 1999).await["id"]);
    let path = format!("{PRODUCTS}/{turtle}");
    assert_eq!(change(&till, &turtle, json!({ "available": 7 })).await.is(200)["available"], 7);
    till.delete(&format!("{path}/picture")).await.is(204);
    cloud.advance(Duration::from_secs(360)).await;
    change(&staff, &turtle, json!({ "available": 8 })).await.is_problem(401, "step_up_required");
    staff.delete(&format!("{path}/picture")).await.is_problem(401, "step_up_required");
    assert_eq!(change(&till, &turtle, json!({ "available": 8 })).await.is(200)["available"], 8);

    // Neither categories and stock nor members' ratings and comments.
    till.post(CATEGORIES, json!({ "name": "Mine" })).await.is_problem(401, "token_invalid");
    till.get(&format!("{path}/stock")).await.is_problem(401, "token_invalid");
    till.put(&format!("{path}/rating"), json!({ "stars": 5 })).await.is_problem(401, "token_invalid");
    let (eva, _) = cloud.staff("eva", "administrator").await;
    let reads = key(&eva, "statistics:read").await;
    reads.post(PRODUCTS, body("Mine", &garden, 1)).await.is_problem(403, "forbidden");
    cloud.anonymous().post(PRODUCTS, body("Mine", &garden, 1)).await.is_problem(401, "token_invalid");

    let done = audit(&cloud, &staff).await;
    for action in ["product_created", "product_changed"] {
        assert!(done.contains(&(staff.id(), action.to_owned())), "{done:?}");
    }
    let created = cloud.of_kind("audit").await.into_iter().find(|entry| entry["action"]["S"] == "product_created");
    assert!(created.is_some_and(|entry| entry.to_string().contains("api_key")), "which key was used is in the audit");
    let (root, _) = cloud.staff("root_of_all", "superuser").await;
    root.delete("/v1/admin/users/shopkeeper/roles/administrator").await.is(204);
    till.with("if-match", "*").delete(&path).await.is_problem(401, "api_key_invalid");
}
