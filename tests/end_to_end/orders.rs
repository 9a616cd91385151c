//! Orders: placing them, their later states, and the stock.

use std::collections::BTreeSet;

use tests::{Caller, Cloud, Reply, Value, json, race};

use crate::{
    cart::{put, shop},
    deletion::{SWEEP, run, schedule, until_due},
    export::download,
    items,
    products::{change, text},
};

pub(crate) const ORDERS: &str = "/v1/orders";
pub(crate) const PHONE: &str = "+447911123450";
const CASH: &str = "cash_on_delivery";

/// Asks for an order of the cart, which costs this much and is paid in this way.
pub(crate) async fn ask_to_pay(buyer: &Caller, payment_method: &str, key: &str, total: u64) -> Reply {
    let body = json!({ "payment_method": payment_method, "total": { "amount": total, "currency": "PLN" } });
    buyer.with("idempotency-key", key).post(ORDERS, body).await
}

/// Asks for an order of the cart, which costs this much, in cash.
async fn ask(buyer: &Caller, key: &str, total: u64) -> Reply {
    ask_to_pay(buyer, CASH, key, total).await
}

/// Orders so many of a product that costs 10.00.
async fn order(buyer: &Caller, key: &str, product: &str, quantity: u32) -> Value {
    put(buyer, product, quantity).await;
    ask(buyer, key, u64::from(quantity) * 1000).await.is(201)
}

pub(crate) async fn stock(staff: &Caller, product: &str) -> [u64; 4] {
    let stock = staff.get(&format!("/v1/products/{product}/stock")).await.is(200);
    ["available", "reserved", "sold", "received"].map(|name| stock[name].as_u64().unwrap())
}

/// Asks for the next state of an order.
pub(crate) async fn become_state(staff: &Caller, buyer: &Caller, order: &Value, state: &str) -> Reply {
    staff.put(&format!("/v1/admin/orders/{}/{}/state", buyer.id(), text(&order["id"])), json!({ "state": state })).await
}

/// An order keeps its prices and its address, whatever is changed afterwards; its buyer gets a mail in their language; staff ship it
/// and deliver it, which is in the audit, and every other step is refused. The stock goes with it.
/// Promise: order-placed, order-steps, product-stock
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_placed_shipped_and_delivered() {
    let cloud = Cloud::start().await;
    let (staff, products) = shop(&cloud, 2).await;
    let ana = cloud.buyer("ana", PHONE).await;
    let version = ana.get("/v1/me").await.header("etag");
    ana.with("if-match", version).patch("/v1/me", json!({ "language": "pl" })).await.is(200);
    change(&staff, &products[1], json!({ "discount_percent": 15 })).await.is(200);
    put(&ana, &products[0], 3).await;
    assert_eq!(put(&ana, &products[1], 1).await["total"]["amount"], 4700);
    let placed = ask(&ana, "one", 4700).await.is(201);
    assert_eq!(
        (&placed["state"], &placed["total"]["amount"], &placed["recipient"]["city"]),
        (&json!("placed"), &json!(4700), &json!("Kraków"))
    );
    let amounts: Vec<u64> = placed["items"].as_array().unwrap().iter().map(|item| item["amount"]["amount"].as_u64().unwrap()).collect();
    assert_eq!(amounts, [3000, 1700]);
    assert!(ana.get("/v1/cart").await.is(200)["items"].as_array().unwrap().is_empty());
    assert_eq!(stock(&staff, &products[0]).await, [7, 3, 0, 10]);

    let mails = cloud.mails_to(&ana.email()).await;
    let mail = mails.iter().find(|mail| mail.subject == "Przyjęliśmy Twoje zamówienie").expect("the mail");
    for said in [&*text(&placed["id"]), "3 × Turtle 1: 30,00\u{a0}zł", "1 × Turtle 2: 17,00\u{a0}zł", "Razem: 47,00\u{a0}zł"] {
        assert!(mail.text.contains(said), "{said}: {}", mail.text);
    }

    // What comes later does not change it.
    change(&staff, &products[0], json!({ "name": "Tortoise", "price": { "amount": 9999, "currency": "PLN" } })).await.is(200);
    let path = format!("{ORDERS}/{}", text(&placed["id"]));
    assert_eq!(ana.get(&path).await.is(200), placed);
    assert_eq!(ana.get(ORDERS).await.is(200)["items"], json!([placed]));

    let listed = staff.get("/v1/admin/orders").await.is(200);
    assert_eq!((&listed["items"][0]["id"], &listed["items"][0]["user"]), (&placed["id"], &json!(ana.id())));
    let read = staff.get(&format!("/v1/admin/orders/{}", text(&placed["id"]))).await.is(200);
    assert_eq!((&read["id"], &read["username"]), (&placed["id"], &json!(ana.name())));
    for wrong in ["placed", "delivered", "returned"] {
        assert_eq!(become_state(&staff, &ana, &placed, wrong).await.is_problem(409, "order_state")["order_state"], "placed");
    }
    for (state, expected) in [("shipped", [7, 0, 3, 10]), ("delivered", [7, 0, 3, 10]), ("returned", [10, 0, 0, 10])] {
        assert_eq!(become_state(&staff, &ana, &placed, state).await.is(200)["state"], state);
        assert_eq!(stock(&staff, &products[0]).await, expected, "{state}");
        become_state(&staff, &ana, &placed, state).await.is_problem(409, "order_state");
        ana.post(&format!("{path}/cancellation"), json!({})).await.is_problem(409, "order_state");
    }
    let audit = cloud.of_kind("audit").await;
    assert_eq!(audit.iter().filter(|entry| entry["action"]["S"] == "order_changed").count(), 3, "{audit:?}");
    items::are_as_described(&cloud).await;
}

/// An order takes the longest address that a person can have.
/// Promise: order-placed
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_longest_address_is_that_of_the_order() {
    let cloud = Cloud::start().await;
    let (_, products) = shop(&cloud, 1).await;
    let ana = cloud.buyer("ana", PHONE).await;
    let (street, [city, state]) = ("Ż".repeat(100), ["Ó", "Ł"].map(|letter| letter.repeat(50)));
    let longest = json!({ "street": street, "city": city, "state": state, "postal_code": "30-001", "country": "PL" });
    let added = ana.post("/v1/me/addresses", longest.clone()).await.is(201);
    ana.put(&format!("/v1/me/addresses/{}/main", text(&added["id"])), json!({})).await.is(204);
    let placed = order(&ana, "one", &products[0], 1).await;
    for part in ["street", "city", "state", "postal_code", "country"] {
        assert_eq!(placed["recipient"][part], longest[part]);
    }
    assert_eq!(cloud.mails_to(&ana.email()).await.len(), 1);
}

/// What is missing for an order is named, all of it at once; what is not in stock is named with what is; a price that has changed since
/// the buyer has seen it is told. None of it takes anything out of stock.
/// Promise: order-preconditions
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_keeps_an_order_from_being_placed_is_named() {
    let cloud = Cloud::start().await;
    let (staff, products) = shop(&cloud, 2).await;
    let (ana, ben) = (cloud.buyer("ana", PHONE).await, cloud.member("ben").await);
    ben.post(ORDERS, json!({ "payment_method": "cash_on_delivery", "total": { "amount": 0, "currency": "PLN" } }))
        .await
        .is_problem(400, "idempotency_key_required");
    assert_eq!(ask(&ben, "one", 0).await.is_problem(409, "order_incomplete")["missing"], "phone, address, cart");
    put(&ben, &products[0], 1).await;
    assert_eq!(ask(&ben, "one", 1000).await.is_problem(409, "order_incomplete")["missing"], "phone, address");
    for bad in [json!("bitcoin"), json!(null), json!(7)] {
        let body = json!({ "payment_method": bad, "total": { "amount": 0, "currency": "PLN" } });
        ana.with("idempotency-key", "bad").post(ORDERS, body).await.is_problem(400, "malformed");
    }

    put(&ana, &products[0], 5).await;
    put(&ana, &products[1], 10).await;
    change(&staff, &products[0], json!({ "available": 4 })).await.is(200);
    let short = ask(&ana, "two", 25_000).await.is_problem(409, "out_of_stock");
    assert_eq!(short["products"], json!([{ "product": products[0], "available": 4 }]));
    change(&staff, &products[1], json!({ "for_sale": false })).await.is(200);
    let short = ask(&ana, "two", 25_000).await.is_problem(409, "out_of_stock");
    assert_eq!(short["products"][1], json!({ "product": products[1], "available": 0 }));
    staff.with("if-match", "*").delete(&format!("/v1/products/{}", products[1])).await.is(204);
    assert_eq!(ana.get("/v1/cart").await.is(200)["gone"], json!([products[1]]));
    assert_eq!(ask(&ana, "two", 25_000).await.is_problem(409, "out_of_stock")["products"][1]["available"], 0);
    put(&ana, &products[1], 0).await;
    assert_eq!(put(&ana, &products[0], 4).await["total"]["amount"], 4000);
    change(&staff, &products[0], json!({ "price": { "amount": 1100, "currency": "PLN" } })).await.is(200);
    assert_eq!(ask(&ana, "two", 4000).await.is_problem(409, "prices_changed")["total"]["amount"], 4400);
    assert_eq!(stock(&staff, &products[0]).await, [4, 0, 0, 4]);
    let placed = ask(&ana, "two", 4400).await.is(201);
    assert_eq!(placed["total"]["amount"], 4400);
    assert_eq!(cloud.of_kind("order").await.len(), 1);
}

/// The answer to a buyer who asks until there is one that is not about others who are faster.
pub(crate) async fn final_reply(buyer: Caller, payment_method: &'static str, key: String) -> Reply {
    loop {
        let reply = ask_to_pay(&buyer, payment_method, &key, 1000).await;
        if reply.status != 503 && !(reply.status == 409 && reply.code() == "conflict") {
            return reply;
        }
    }
}

/// Of a thousand buyers of ten products ten get one each. Nothing is sold twice, and nothing is lost.
/// Promise: order-stock, product-stock
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_buyers_get_ten_products() {
    let cloud = Cloud::start().await;
    let (staff, products) = shop(&cloud, 1).await;
    let mut buyers = Vec::new();
    for n in 0..1_000 {
        let buyer = cloud.buyer(&format!("buyer{n}"), &format!("+4479111{n:05}")).await;
        put(&buyer, &products[0], 1).await;
        buyers.push(buyer);
    }
    let asked = race(buyers.len(), move |n| final_reply(buyers[n].clone(), CASH, "mine".to_owned()));
    let replies = asked.await;
    let placed: BTreeSet<String> = replies.iter().filter(|reply| reply.status == 201).map(|reply| text(&reply.json()["id"])).collect();
    assert_eq!(placed.len(), 10);
    assert!(replies.iter().all(|reply| reply.status == 201 || reply.code() == "out_of_stock"));
    assert_eq!(stock(&staff, &products[0]).await, [0, 10, 0, 10]);
    assert_eq!(cloud.of_kind("order").await.len(), 10);
}

/// A person can have ten orders on delivery that are not shipped yet, so that nobody takes everything out of stock without paying. Shipping
/// or cancelling one makes room for another one, and paying by card needs none.
/// Promise: orders-open
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_has_many_orders_on_delivery() {
    let cloud = Cloud::start().await;
    let (staff, products) = shop(&cloud, 1).await;
    change(&staff, &products[0], json!({ "available": 100 })).await.is(200);
    let (ana, ben) = (cloud.buyer("ana", PHONE).await, cloud.buyer("ben", "+447911123451").await);
    let mut placed = Vec::new();
    for key in 0..10 {
        placed.push(order(&ana, &key.to_string(), &products[0], 1).await);
    }
    put(&ana, &products[0], 1).await;
    for _ in 0..2 {
        assert_eq!(ask(&ana, "more", 1000).await.is_problem(409, "orders_open")["max"], 10);
    }
    assert_eq!(ask(&ana, "3", 1000).await.is(201)["id"], placed[3]["id"], "an earlier request is answered as before");
    let body = json!({ "payment_method": CASH, "total": { "amount": 1000, "currency": "PLN" } });
    let polish = ana.with("idempotency-key", "more").post(&format!("{ORDERS}?lang=pl"), body).await.is_problem(409, "orders_open");
    assert!(polish["detail"].as_str().unwrap().contains("przy odbiorze"), "{polish}");
    assert_eq!(stock(&staff, &products[0]).await, [90, 10, 0, 100]);
    order(&ben, "his", &products[0], 1).await;
    ask_to_pay(&ana, "card", "by-card", 1000).await.is(201);
    become_state(&staff, &ana, &placed[0], "shipped").await.is(200);
    become_state(&staff, &ana, &placed[0], "delivered").await.is(200);
    ana.post(&format!("{ORDERS}/{}/cancellation", text(&placed[1]["id"])), json!({})).await.is(200);
    for key in ["11", "12"] {
        order(&ana, key, &products[0], 1).await;
    }
    put(&ana, &products[0], 1).await;
    ask(&ana, "13", 1000).await.is_problem(409, "orders_open");
    items::are_as_described(&cloud).await;
}

/// A thousand times the same key: one order, and equal answers. Another body with the key is refused.
/// Promise: order-once
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_key_places_one_order() {
    let cloud = Cloud::start().await;
    let (staff, products) = shop(&cloud, 1).await;
    cloud.limits.lift(true);
    let ana = cloud.buyer("ana", PHONE).await;
    put(&ana, &products[0], 1).await;
    let same = ana.clone();
    let replies = race(1_000, move |_| final_reply(same.clone(), CASH, "mine".to_owned())).await;
    let answers: BTreeSet<String> = replies.iter().map(|reply| reply.is(201).to_string()).collect();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!((stock(&staff, &products[0]).await, cloud.of_kind("order").await.len()), ([9, 1, 0, 10], 1));
    assert_eq!(cloud.mails_to(&ana.email()).await.len(), 1);
    ask(&ana, "mine", 2000).await.is_problem(422, "idempotency_key_reused");
    // Two keys for one cart: the second finds it empty.
    assert_eq!(ask(&ana, "other", 1000).await.is_problem(409, "order_incomplete")["missing"], "cart");
}

/// A buyer cancels what is not shipped yet, and its products are in stock again. Of cancelling and shipping at the same moment one
/// happens.
/// Promise: order-steps, product-stock
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_cancelling_and_shipping_one_happens() {
    let cloud = Cloud::start().await;
    let (staff, products) = shop(&cloud, 1).await;
    let ana = cloud.buyer("ana", PHONE).await;
    let mut sold = 0;
    for n in 0..9 {
        let placed = order(&ana, &n.to_string(), &products[0], 1).await;
        let (buyer, keeper, id) = (ana.clone(), staff.clone(), text(&placed["id"]));
        let both = race(8, move |n| {
            let (buyer, keeper, id) = (buyer.clone(), keeper.clone(), id.clone());
            async move {
                if n % 2 == 0 {
                    return buyer.post(&format!("{ORDERS}/{id}/cancellation"), json!({})).await;
                }
                keeper.put(&format!("/v1/admin/orders/{}/{id}/state", buyer.id()), json!({ "state": "shipped" })).await
            }
        });
        let replies = both.await;
        let done: Vec<Value> = replies.iter().filter(|reply| reply.status == 200).map(|reply| reply.json()["state"].clone()).collect();
        assert_eq!(done.len(), 1, "{replies:?}");
        sold += u64::from(done[0] == "shipped");
        assert_eq!(stock(&staff, &products[0]).await, [10 - sold, 0, sold, 10]);
    }
    // A product that is gone does not keep an order from being cancelled.
    let placed = order(&ana, "last", &products[0], 1).await;
    staff.with("if-match", "*").delete(&format!("/v1/products/{}", products[0])).await.is(204);
    let path = format!("{ORDERS}/{}/cancellation", text(&placed["id"]));
    assert_eq!(ana.post(&path, json!({})).await.is(200)["state"], "cancelled");
}

/// Orders are their buyers', page by page, and only administrators see those of others and change them, as long as they are
/// administrators.
/// Promise: object-ownership, order-steps
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_are_their_buyers() {
    let cloud = Cloud::start().await;
    let (staff, products) = shop(&cloud, 1).await;
    let (ana, ben) = (cloud.buyer("ana", PHONE).await, cloud.member("ben").await);
    let (moderator, _) = cloud.staff("mona", "moderator").await;
    let mut placed = Vec::new();
    for key in ["1", "2", "3"] {
        placed.insert(0, order(&ana, key, &products[0], 1).await);
    }
    let path = format!("{ORDERS}/{}", text(&placed[0]["id"]));
    ben.get(&path).await.is_problem(404, "not_found");
    ben.post(&format!("{path}/cancellation"), json!({})).await.is_problem(404, "not_found");
    assert!(ben.get(ORDERS).await.is(200)["items"].as_array().unwrap().is_empty());
    for who in [&ana, &ben, &moderator] {
        who.get("/v1/admin/orders").await.is_problem(403, "forbidden");
        become_state(who, &ana, &placed[0], "shipped").await.is_problem(403, "forbidden");
    }
    become_state(&staff, &ben, &placed[0], "shipped").await.is_problem(404, "not_found");
    let of = |user: &Caller| format!("/v1/admin/orders?user={}&limit=2", user.id());
    assert_eq!(staff.get(&of(&ben)).await.is(200)["items"], json!([]));
    assert_eq!(staff.get(&of(&ana)).await.is(200)["items"][0]["id"], placed[0]["id"], "the newest first, in every state");
    for list in [(&ana, format!("{ORDERS}?limit=2")), (&staff, "/v1/admin/orders?limit=2".to_owned()), (&staff, of(&ana))] {
        let (caller, first) = list;
        let page = caller.get(&first).await.is(200);
        let rest = caller.get(&format!("{first}&cursor={}", text(&page["next_cursor"]))).await.is(200);
        let items = |page: &Value| page["items"].as_array().unwrap().iter().map(|order| text(&order["id"])).collect::<Vec<_>>();
        let all: BTreeSet<String> = [items(&page), items(&rest)].concat().into_iter().collect();
        assert_eq!((all.len(), rest["next_cursor"].is_null()), (3, true));
        ben.get(&format!("{ORDERS}?cursor={}", text(&page["next_cursor"]))).await.is_problem(400, "cursor_invalid");
    }
}

/// Orders are in the archive of their buyer. Who leaves is named in none any more: what is not shipped yet is cancelled and in stock
/// again, and of the rest the number, the products, the amounts, the country and the dates are kept for as many years as the operator says.
/// Promise: order-leaving, deletion-complete, export-complete
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_person_leaves_numbers_only() {
    let cloud = Cloud::start_with(&[("OrderRetentionYears", "2")]).await;
    let (staff, app) = cloud.staff("shopkeeper", "administrator").await;
    let garden = crate::products::category(&staff, "Garden").await;
    let product = text(&crate::products::create(&staff, "Turtle", &garden, 1000).await["id"]);
    let ana = cloud.buyer("ana", PHONE).await;
    let [shipped, open] = [order(&ana, "1", &product, 2).await, order(&ana, "2", &product, 3).await];
    become_state(&staff, &ana, &shipped, "shipped").await.is(200);
    put(&ana, &product, 1).await;
    let export = ana.post("/v1/me/exports", json!({})).await.is(202);
    cloud.settle().await;
    let files = download(&cloud, &ana, &format!("/v1/me/exports/{}", text(&export["id"]))).await;
    let stored: Value = serde_json::from_slice(&files["items.json"]).unwrap();
    assert_eq!((stored["order"].as_array().unwrap().len(), stored["cart"].as_array().unwrap().len()), (2, 1), "{stored}");

    let scheduled = schedule(&ana).await;
    until_due(&cloud, &scheduled).await;
    assert_eq!(run(&cloud, SWEEP).await["claimed"], 1);
    cloud.settle().await;
    let staff = cloud.sign_in_with(&cloud.anonymous(), staff.name(), &app).await;
    assert_eq!(stock(&staff, &product).await, [8, 0, 2, 10]);
    let records = cloud.of_kind("order_record").await;
    assert_eq!((records.len(), &records[0]["id"]["S"], &records[0]["country"]["S"]), (1, &shipped["id"], &json!("PL")));
    let number = |name: &str| records[0][name]["N"].as_str().unwrap().parse::<u64>().unwrap();
    assert_eq!((number("ttl") - number("created_at") / 1000) / (24 * 3600), 2 * 366);
    let about = records[0].to_string();
    assert!(!about.contains(&ana.id()) && !about.contains("Kraków") && !about.contains(PHONE), "{about}");
    for kind in ["order", "order_request", "cart"] {
        let left = cloud.of_kind(kind).await;
        assert!(left.is_empty(), "{left:?} {}", open["id"]);
    }
    items::are_as_described(&cloud).await;
}
