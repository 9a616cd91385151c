//! Carts of guests and of members, and a guest's cart after the sign-in.

use futures_util::future::join_all;
use local::aws::{
    Service,
    faults::{Fault, Target},
};
use tests::{Caller, Cloud, DAY, Value, json, race};

use crate::{
    items,
    products::{administrator, category, change, create, text},
};

const CART: &str = "/v1/cart";

/// Puts this many of a product into the cart.
pub(crate) async fn put(shopper: &Caller, product: &str, quantity: u32) -> Value {
    shopper.put(&format!("{CART}/items/{product}"), json!({ "quantity": quantity })).await.is(200)
}

/// The products of a cart with their quantities.
fn content(cart: &Value) -> Vec<(String, u64)> {
    cart["items"].as_array().unwrap().iter().map(|item| (text(&item["product"]), item["quantity"].as_u64().unwrap())).collect()
}

/// An administrator, and products of a shop that cost 10.00, 20.00, 30.00 and so on.
pub(crate) async fn shop(cloud: &Cloud, products: u64) -> (Caller, Vec<String>) {
    let staff = administrator(cloud).await;
    let garden = category(&staff, "Garden").await;
    let mut made = Vec::new();
    for n in 1..=products {
        made.push(text(&create(&staff, &format!("Turtle {n}"), &garden, n * 1000).await["id"]));
    }
    (staff, made)
}

/// A guest with a new cart that has this in it.
async fn guest(cloud: &Cloud, lines: &[(&String, u32)]) -> Caller {
    let anybody = cloud.anonymous();
    let (first, others) = lines.split_first().unwrap();
    let token = text(&put(&anybody, first.0, first.1).await["token"]);
    let guest = anybody.with("cart-token", token);
    for (product, quantity) in others {
        put(&guest, product, *quantity).await;
    }
    guest
}

/// A change that names a version of the cart is refused if the cart has changed since, such as from another device.
/// Promise: cart-content
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_may_name_the_version_of_the_cart() {
    let cloud = Cloud::start().await;
    let (_, products) = shop(&cloud, 1).await;
    let (ana, ben) = (cloud.member("ana").await, guest(&cloud, &[(&products[0], 1)]).await);
    put(&ana, &products[0], 1).await;
    let path = format!("{CART}/items/{}", products[0]);
    for shopper in [&ana, &ben] {
        let version = shopper.get(CART).await.header("etag");
        let named = shopper.with("if-match", version);
        let changed = named.put(&path, json!({ "quantity": 2 })).await;
        assert_eq!(content(&changed.is(200)), [(products[0].clone(), 2)]);
        named.put(&path, json!({ "quantity": 3 })).await.is_problem(412, "version_mismatch");
        assert_eq!(content(&shopper.get(CART).await.is(200)), [(products[0].clone(), 2)]);
        let next = shopper.with("if-match", changed.header("etag")).put(&path, json!({ "quantity": 3 })).await.is(200);
        assert_eq!(content(&next), [(products[0].clone(), 3)]);
    }
}

/// A cart is changed and shown at the prices of the moment, by a guest and by a member. Nobody sees that of somebody else, no quantity is
/// above 99, and no text of a request is an error of ours.
/// Promise: cart-content
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cart_has_what_was_put_into_it() {
    let cloud = Cloud::start().await;
    let (staff, products) = shop(&cloud, 3).await;
    let ana = cloud.member("ana").await;
    let ben = guest(&cloud, &[(&products[0], 2)]).await;
    for shopper in [&ana, &ben] {
        put(shopper, &products[0], 2).await;
        put(shopper, &products[1], 1).await;
        let cart = put(shopper, &products[0], 3).await;
        assert_eq!(content(&cart), [(products[0].clone(), 3), (products[1].clone(), 1)]);
        assert_eq!((&cart["total"]["amount"], &cart["items"][0]["amount"]["amount"]), (&json!(5000), &json!(3000)));
        assert!(cart["token"].is_null(), "the token is told once: {cart}");
        // Prices are read when they are shown.
        assert_eq!(shopper.get(CART).await.is(200)["total"]["amount"], 5000);
    }
    change(&staff, &products[0], json!({ "discount_percent": 10 })).await.is(200);
    for shopper in [&ana, &ben] {
        let cart = shopper.get(CART).await.is(200);
        assert_eq!((&cart["total"]["amount"], &cart["items"][0]["discount_percent"]), (&json!(4700), &json!(10)));
        let cart = put(shopper, &products[0], 0).await;
        assert_eq!(content(&cart), [(products[1].clone(), 1)]);
    }

    // What is refused.
    let path = |product: &str| format!("{CART}/items/{product}");
    for quantity in [json!(-1), json!(1.5), json!("2"), json!(null), json!([]), json!({})] {
        ana.put(&path(&products[0]), json!({ "quantity": quantity })).await.is_problem(400, "malformed");
    }
    for quantity in [100, 5003, u32::MAX] {
        assert_eq!(ana.put(&path(&products[0]), json!({ "quantity": quantity })).await.field_errors(), ["/quantity range"]);
    }
    ana.put(&path("prd_01K9ZCHCW7R5JY9H0FAMZV8NTS"), json!({ "quantity": 1 })).await.is_problem(404, "not_found");
    change(&staff, &products[2], json!({ "for_sale": false })).await.is(200);
    ana.put(&path(&products[2]), json!({ "quantity": 1 })).await.is_problem(409, "out_of_stock");
    for bad in ["", "x", "crt_", "crt_abc", "[{\"slug\":1}]"] {
        cloud.anonymous().with("cart-token", bad).get(CART).await.is_problem(400, "malformed");
    }
    let unknown = cloud.anonymous().with("cart-token", "crt_q83vEjRWeJC6q83vEjRWeJC6q83vEjRWeJC6q83vEjQ");
    assert!(content(&unknown.get(CART).await.is(200)).is_empty() && content(&cloud.anonymous().get(CART).await.is(200)).is_empty());

    // The token itself is stored nowhere, and a guest's cart is kept for a month.
    let stored = cloud.of_kind("guest_cart").await;
    assert!(stored.iter().all(|cart| !cart.to_string().contains("crt_")), "{stored:?}");
    cloud.advance(DAY * 31).await;
    assert!(content(&ben.get(CART).await.is(200)).is_empty());
    items::are_as_described(&cloud).await;
}

/// A cart has room for fifty products, however many are put into it at the same moment, and no change is lost.
/// Promise: cart-content
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_at_the_same_moment_are_all_in_the_cart() {
    let cloud = Cloud::start().await;
    let (_, products) = shop(&cloud, 51).await;
    let ana = cloud.member("ana").await;
    for chunk in products[..50].chunks(5) {
        join_all(chunk.iter().map(|product| put(&ana, product, 1))).await;
    }
    assert_eq!(content(&ana.get(CART).await.is(200)).len(), 50);
    ana.put(&format!("{CART}/items/{}", products[50]), json!({ "quantity": 1 })).await.is_problem(409, "too_many");
    put(&ana, &products[0], 0).await;
    put(&ana, &products[50], 1).await;
}

/// A guest's cart is merged into the member's when it is first read after the sign-in: once, whoever reads at the same moment, with
/// quantities of at most 99, and the answer says what was capped. Whoever signs in next with the same token gets nothing of it.
/// Promise: cart-merge
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guests_cart_is_merged_once() {
    let cloud = Cloud::start().await;
    let (_, products) = shop(&cloud, 3).await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    put(&ana, &products[0], 60).await;
    put(&ana, &products[1], 1).await;
    let before = cloud.anonymous();
    let token = text(&put(&before, &products[0], 60).await["token"]);
    put(&before.with("cart-token", &token), &products[2], 2).await;

    let signed_in = ana.with("cart-token", &token);
    let merged = race(20, |_| {
        let signed_in = signed_in.clone();
        async move { signed_in.get(CART).await.is(200) }
    });
    let merged = merged.await;
    let expected = [(products[0].clone(), 99), (products[1].clone(), 1), (products[2].clone(), 2)];
    assert_eq!(merged.iter().filter(|cart| cart["capped"] == json!([products[0]])).count(), 1, "{merged:?}");
    assert_eq!(content(&signed_in.get(CART).await.is(200)), expected);
    assert!(content(&ben.with("cart-token", &token).get(CART).await.is(200)).is_empty());
    assert!(content(&cloud.anonymous().with("cart-token", &token).get(CART).await.is(200)).is_empty());
    assert!(cloud.of_kind("guest_cart").await.is_empty());
    items::are_as_described(&cloud).await;
}

/// While a guest's cart cannot be merged, its owner signs in and has their own cart all the same. It is merged when the cart is next read.
/// Promise: cart-merge
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cart_that_cannot_be_merged_keeps_nobody_out() {
    let cloud = Cloud::start().await;
    let (_, products) = shop(&cloud, 2).await;
    let ana = cloud.member("ana").await;
    put(&ana, &products[0], 1).await;
    let token = text(&put(&cloud.anonymous(), &products[1], 2).await["token"]);
    let down = cloud.aws.faults.script(Target::of("OrdersFunction", Service::DynamoDb, "TransactWriteItems"), Fault::Unavailable);
    let signed_in = cloud.sign_in("ana").await.with("cart-token", &token);
    assert_eq!(content(&signed_in.get(CART).await.is(200)), [(products[0].clone(), 1)]);
    assert!(down.hits() > 0);
    assert_eq!(cloud.of_kind("guest_cart").await.len(), 1);
    down.end();
    assert_eq!(content(&signed_in.get(CART).await.is(200)), [(products[0].clone(), 1), (products[1].clone(), 2)]);
    assert!(cloud.of_kind("guest_cart").await.is_empty());
}

/// At the checkout the guest's cart takes the place of the member's, which is saved.
/// Promise: cart-merge
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_checkout_the_guests_cart_wins() {
    let cloud = Cloud::start().await;
    let (_, products) = shop(&cloud, 2).await;
    let ana = cloud.member("ana").await;
    put(&ana, &products[0], 2).await;
    let token = text(&put(&cloud.anonymous(), &products[1], 3).await["token"]);
    let cart = ana.with("cart-token", token).get(&format!("{CART}?checkout=true")).await.is(200);
    assert_eq!(content(&cart), [(products[1].clone(), 3)]);
    assert_eq!(cart["saved"], json!([{ "product": products[0], "quantity": 2 }]));
}
