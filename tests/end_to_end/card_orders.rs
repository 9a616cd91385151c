//! Orders that are paid by card: paying in time, and orders that nobody pays. Refunds are in `card_refunds`.

use std::{collections::BTreeSet, time::Duration};

use futures_util::future::join_all;
use local::{
    aws::faults::{Fault, Target},
    hosts::Trace,
    outside::{
        Mode,
        captcha::{SECRET, Solved},
        stripe::{Act, Webhooks},
    },
};
use serde_json::value::to_raw_value;
use tests::{Caller, Cloud, DAY, Reply, Value, json, race};

use crate::{
    card_refunds::refund,
    cart::{put, shop},
    deletion::{SWEEP, run, schedule, until_due},
    donations::{VISA, WEBHOOK, act, begin, card, intent, of},
    items,
    killed::{cut_everywhere, redrive},
    orders::{ORDERS, PHONE, ask_to_pay, become_state, final_reply, stock},
    phone_login,
    products::{category, change, create, text},
    stripe::{deliver_a_thousand_times, orders as permutations, read},
};

pub(crate) const QUARTER: Duration = Duration::from_secs(15 * 60);

/// Asks for an order of the cart, which costs this much, by card.
async fn ask(buyer: &Caller, key: &str, total: u64) -> Reply {
    ask_to_pay(buyer, "card", key, total).await
}

/// Orders so many of a product that costs 10.00, by card.
pub(crate) async fn order(buyer: &Caller, key: &str, product: &str, quantity: u32) -> Value {
    put(buyer, product, quantity).await;
    ask(buyer, key, u64::from(quantity) * 1000).await.is(201)
}

/// As [`order`], and paid.
pub(crate) async fn paid_order(cloud: &Cloud, buyer: &Caller, key: &str, product: &str, quantity: u32) -> Value {
    let placed = order(buyer, key, product, quantity).await;
    pay(cloud, &placed, card(VISA));
    cloud.settle().await;
    placed
}

/// Somebody does something about the payment of an order.
pub(crate) fn pay(cloud: &Cloud, order: &Value, what: Act) {
    act(cloud, &order["payment"], what);
}

fn path(order: &Value) -> String {
    format!("{ORDERS}/{}", text(&order["id"]))
}

/// The order as its buyer sees it.
pub(crate) async fn seen(buyer: &Caller, order: &Value) -> Value {
    buyer.get(&path(order)).await.is(200)
}

/// The order as staff see it.
pub(crate) async fn shown(staff: &Caller, order: &Value) -> Value {
    staff.get(&format!("/v1/admin/orders/{}", text(&order["id"]))).await.is(200)
}

/// The payments at Stripe of an order, the newest first.
pub(crate) fn payments(cloud: &Cloud, order: &Value) -> Vec<Value> {
    let all = cloud.outside.stripe.payments();
    all.into_iter().filter(|payment| payment["metadata"]["order"] == order["id"]).collect()
}

/// The stock of a product as it is stored: available, reserved, sold, received.
pub(crate) async fn stored_stock(cloud: &Cloud, product: &str) -> [u64; 4] {
    let products = cloud.of_kind("product").await;
    let product = products.iter().find(|item| item["id"]["S"] == product).expect("the product");
    ["available", "reserved", "sold", "received"].map(|name| product[name]["N"].as_str().unwrap().parse().unwrap())
}

pub(crate) async fn stored(cloud: &Cloud) -> Vec<Value> {
    cloud.settle().await;
    cloud.of_kind("order").await
}

/// How many refunds Stripe has made.
pub(crate) fn refunds(cloud: &Cloud) -> usize {
    cloud.outside.stripe.events().iter().filter(|event| event.kind == "refund.created").count()
}

/// An order is placed, paid by card, confirmed by Stripe's webhook alone, shipped and delivered. Whoever says that they have paid has not.
/// Its buyer is told by mail, and by an entry in their inbox.
/// Promise: order-paid, order-steps, product-stock
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_paid_by_card() {
    let cloud = Cloud::start().await;
    let (staff, products) = shop(&cloud, 1).await;
    let ana = cloud.buyer("ana", PHONE).await;
    let placed = order(&ana, "one", &products[0], 2).await;
    assert_eq!((&placed["state"], placed["payment"]["expires_at"].is_string()), (&json!("pending_payment"), true));
    assert_eq!(stock(&staff, &products[0]).await, [8, 2, 0, 10]);
    let asked = payments(&cloud, &placed);
    assert_eq!((asked.len(), &asked[0]["amount"], &asked[0]["metadata"]["user"]), (1, &json!(2000), &json!(ana.id())));
    let pending = seen(&ana, &placed).await;
    assert_eq!((&pending["state"], pending["payment"].get("client_secret")), (&json!("pending_payment"), None));
    become_state(&staff, &ana, &placed, "shipped").await.is_problem(409, "order_state");
    assert!(cloud.mails_to(&ana.email()).await.is_empty());
    let again = ana.post(&format!("{}/payment", path(&placed)), json!({})).await.is(200);
    assert_eq!(again["payment"]["client_secret"], placed["payment"]["client_secret"]);

    pay(&cloud, &placed, card(VISA));
    assert_eq!(stored(&cloud).await[0]["state"]["S"], "paid");
    let paid = seen(&ana, &placed).await;
    assert_eq!((&paid["state"], paid["paid_at"].is_string(), paid.get("payment")), (&json!("paid"), true, None));
    let mails = cloud.mails_to(&ana.email()).await;
    assert_eq!((mails.len(), mails[0].subject.as_str()), (1, "Your order is paid"));
    ana.post(&format!("{}/payment", path(&placed)), json!({})).await.is_problem(409, "order_state");
    ana.post(&format!("{}/cancellation", path(&placed)), json!({})).await.is_problem(409, "order_state");
    assert_eq!(staff.get("/v1/admin/orders?state=paid").await.is(200)["items"][0]["id"], placed["id"]);
    for (state, expected) in [("shipped", [8, 0, 2, 10]), ("delivered", [8, 0, 2, 10])] {
        assert_eq!(become_state(&staff, &ana, &placed, state).await.is(200)["state"], state);
        assert_eq!(stock(&staff, &products[0]).await, expected, "{state}");
    }
    cloud.settle().await;
    assert_eq!(cloud.mails_to(&ana.email()).await.len(), 2, "it is paid, and it is on its way");
    let inbox = ana.get("/v1/notifications").await.is(200);
    assert_eq!((&inbox["items"][0]["notice"], &inbox["items"][0]["category"]), (&json!("order_shipped"), &json!("orders")));
    items::are_as_described(&cloud).await;
}

/// A refused card takes no money and its reason is shown; a payment that has to be confirmed at the bank is open until it is.
/// Promise: order-paid
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_card_pays_no_order() {
    let cloud = Cloud::start().await;
    let (_, products) = shop(&cloud, 1).await;
    let (ana, stripe) = (cloud.buyer("ana", PHONE).await, &cloud.outside.stripe);
    let placed = order(&ana, "one", &products[0], 1).await;
    let payment = intent(&placed["payment"]);
    for (number, reason) in [("4000000000009995", "insufficient_funds"), ("4000000000000069", "expired_card")] {
        assert!(stripe.act(&cloud.core(), &payment, &card(number)).is_err());
        cloud.settle().await;
        let refused = seen(&ana, &placed).await;
        assert_eq!((&refused["state"], &refused["payment"]["decline"]), (&json!("pending_payment"), &json!(reason)));
    }
    pay(&cloud, &placed, card("4000002760003184"));
    cloud.settle().await;
    assert_eq!(seen(&ana, &placed).await["state"], "pending_payment");
    pay(&cloud, &placed, Act::Confirm);
    cloud.settle().await;
    assert_eq!(seen(&ana, &placed).await["state"], "paid");
}

/// What is asked of Stripe is the sum of the lines, whatever is ordered at whatever discount. What Stripe does not take is refused, and
/// takes nothing out of stock.
/// Promise: order-paid
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stripe_is_asked_for_the_sum_of_the_lines() {
    let cloud = Cloud::start().await;
    cloud.limits.lift(true);
    let (staff, products) = shop(&cloud, 3).await;
    let ana = cloud.buyer("ana", PHONE).await;
    for product in &products {
        change(&staff, product, json!({ "available": 10_000 })).await.is(200);
    }
    for n in 0..20_u32 {
        for (place, product) in (0_u32..).zip(&products) {
            let price = json!({ "amount": 101 + n * 37 + place * 13, "currency": "PLN" });
            let discount = if n % 3 == 0 { json!(null) } else { json!(1 + (n * 7 + place) % 90) };
            change(&staff, product, json!({ "price": price, "discount_percent": discount })).await.is(200);
            put(&ana, product, 1 + (n * 5 + place * 11) % 99).await;
        }
        let total = ana.get("/v1/cart").await.is(200)["total"]["amount"].as_u64().unwrap();
        let placed = ask(&ana, &n.to_string(), total).await.is(201);
        let lines = placed["items"].as_array().unwrap().iter().map(|item| item["amount"]["amount"].as_u64().unwrap());
        assert_eq!((lines.sum::<u64>(), payments(&cloud, &placed)[0]["amount"].as_u64()), (total, Some(total)));
    }
    change(&staff, &products[0], json!({ "price": { "amount": 199, "currency": "PLN" }, "discount_percent": null })).await.is(200);
    let before = stock(&staff, &products[0]).await;
    put(&ana, &products[0], 1).await;
    assert_eq!(ask(&ana, "little", 199).await.field_errors(), ["/total/amount range"]);
    assert_eq!(stock(&staff, &products[0]).await, before);
}

/// An order that nobody pays in time ends: first at Stripe, then here, and its products are in stock again. While Stripe is down nothing
/// ends. After thirty days nothing is left of it.
/// Promise: order-expiry, product-stock, stripe-outage
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_nobody_pays_ends() {
    let cloud = Cloud::start().await;
    let (_, products) = shop(&cloud, 1).await;
    let (ana, stripe) = (cloud.buyer("ana", PHONE).await, &cloud.outside.stripe);
    let placed = order(&ana, "one", &products[0], 2).await;
    cloud.settle().await;
    stripe.be(Mode::Down);
    cloud.advance(QUARTER * 2).await;
    assert_eq!(
        (stored(&cloud).await[0]["state"]["S"].as_str(), stored_stock(&cloud, &products[0]).await),
        (Some("pending_payment"), [8, 2, 0, 10])
    );
    assert_eq!(payments(&cloud, &placed)[0]["status"], "requires_payment_method");
    stripe.be(Mode::Well);
    cloud.advance(QUARTER).await;
    assert_eq!(
        (stored(&cloud).await[0]["state"]["S"].as_str(), stored_stock(&cloud, &products[0]).await),
        (Some("expired"), [10, 0, 0, 10])
    );
    assert_eq!(payments(&cloud, &placed)[0]["status"], "canceled");
    assert!(stripe.act(&cloud.core(), &intent(&placed["payment"]), &card(VISA)).is_err(), "nobody can pay it any more");
    let ana = cloud.sign_in("ana").await;
    assert_eq!(seen(&ana, &placed).await["state"], "expired");
    ana.post(&format!("{}/payment", path(&placed)), json!({})).await.is_problem(409, "order_state");
    assert!(cloud.mails_to(&ana.email()).await.iter().all(|mail| !mail.subject.contains("order")));
    items::are_as_described(&cloud).await;
    cloud.advance(DAY * 31).await;
    let (orders, owners) = (cloud.of_kind("order").await, cloud.of_kind("order_owner").await);
    let now = cloud.now().seconds();
    let over = |item: &Value| item["ttl"]["N"].as_str().is_some_and(|ttl| ttl.parse::<i64>().unwrap() <= now);
    assert!(orders.iter().all(over) && owners.iter().all(over), "{orders:?} {owners:?}");
}

/// All orders that nobody has paid end in one run, more of them than are worked on together, and one that was paid meanwhile does not.
/// Promise: order-expiry, stripe-lost
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_orders_end_in_one_run() {
    let cloud = Cloud::start().await;
    cloud.limits.lift(true);
    let (_, products) = shop(&cloud, 1).await;
    let (ana, stripe) = (cloud.buyer("ana", PHONE).await, &cloud.outside.stripe);
    stripe.send_webhooks(Webhooks::Lost);
    let mut placed = Vec::new();
    for n in 0..9 {
        placed.push(order(&ana, &n.to_string(), &products[0], 1).await);
    }
    pay(&cloud, &placed[7], card(VISA));
    cloud.advance(QUARTER * 2).await;
    for order in stored(&cloud).await {
        let expected = if order["id"]["S"] == placed[7]["id"] { "paid" } else { "expired" };
        assert_eq!(order["state"]["S"], expected, "{order}");
    }
    assert_eq!(stored_stock(&cloud, &products[0]).await, [9, 1, 0, 10]);
}

/// While a bank decides about a payment its order neither ends nor is paid, also when its time is over. Then it is what the bank says.
/// Promise: payment-methods, order-expiry, product-stock
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bank_may_take_its_time() {
    let cloud = Cloud::start_with(&[("PaymentMethods", "card,blik,p24")]).await;
    let (_, products) = shop(&cloud, 1).await;
    let (ana, stripe) = (cloud.buyer("ana", PHONE).await, &cloud.outside.stripe);
    let [first, second] = [order(&ana, "one", &products[0], 2).await, order(&ana, "two", &products[0], 1).await];
    for placed in [&first, &second] {
        pay(&cloud, placed, Act::P24);
        pay(&cloud, placed, Act::Confirm);
    }
    cloud.advance(QUARTER * 2).await;
    assert!(stored(&cloud).await.iter().all(|order| order["state"]["S"] == "pending_payment"));
    assert_eq!(stored_stock(&cloud, &products[0]).await, [7, 3, 0, 10]);
    pay(&cloud, &first, Act::BankPays);
    assert!(stripe.act(&cloud.core(), &intent(&second["payment"]), &Act::BankRefuses).is_err());
    cloud.advance(QUARTER * 2).await;
    let ana = cloud.sign_in("ana").await;
    assert_eq!((seen(&ana, &first).await["state"].clone(), seen(&ana, &second).await["state"].clone()), (json!("paid"), json!("expired")));
    assert_eq!((stored_stock(&cloud, &products[0]).await, refunds(&cloud)), ([8, 2, 0, 10], 0));
}

/// Whoever looks at an order whose time is over ends it, and whoever looks at a paid one sees that, without any webhook.
/// Promise: order-expiry, order-paid
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looking_at_an_order_asks_stripe() {
    let cloud = Cloud::start().await;
    let (_, products) = shop(&cloud, 1).await;
    let (ana, stripe) = (cloud.buyer("ana", PHONE).await, &cloud.outside.stripe);
    stripe.send_webhooks(Webhooks::Lost);
    let [paid, late] = [order(&ana, "one", &products[0], 1).await, order(&ana, "two", &products[0], 2).await];
    pay(&cloud, &paid, card(VISA));
    assert_eq!(seen(&ana, &paid).await["state"], "paid");
    // The schedule runs before the time of the order is over, so that it does not end it.
    let last = Duration::from_secs(5);
    cloud.advance(QUARTER.saturating_sub(last)).await;
    cloud.advance(last).await;
    assert!(stored(&cloud).await.iter().any(|order| order["state"]["S"] == "pending_payment"));
    let ana = cloud.sign_in("ana").await;
    assert_eq!(seen(&ana, &late).await["state"], "expired");
    assert_eq!(stored_stock(&cloud, &products[0]).await, [9, 1, 0, 10]);
}

/// A payment that comes after the end of its order is given back, once, however often and by whomever it is heard of, and staff see it.
/// Promise: order-late-payment
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_that_comes_too_late_is_given_back_once() {
    let cloud = Cloud::start().await;
    let (staff, app) = cloud.staff("shopkeeper", "administrator").await;
    let garden = category(&staff, "Garden").await;
    let product = text(&create(&staff, "Turtle", &garden, 1000).await["id"]);
    let (ana, stripe, core) = (cloud.buyer("ana", PHONE).await, &cloud.outside.stripe, cloud.core());
    // Stripe knows the customer, and has a payment of the order of which nobody has heard here.
    begin(&ana, "one").await;
    put(&ana, &product, 2).await;
    cloud.settle().await;
    stripe.send_webhooks(Webhooks::Held);
    stripe.be(Mode::Lost);
    ask(&ana, "one", 2000).await.is_problem(503, "unavailable");
    stripe.be(Mode::Down);
    cloud.advance(QUARTER * 2).await;
    let order = json!({ "id": stored(&cloud).await[0]["id"]["S"] });
    assert_eq!(stored(&cloud).await[0]["state"]["S"], "expired");
    stripe.be(Mode::Well);
    let payment = text(&payments(&cloud, &order)[0]["id"]);
    stripe.act(&core, &payment, &card(VISA)).unwrap();
    let events: Vec<String> = stripe.events().iter().rev().take(2).map(|event| event.id.clone()).collect();
    let heard = join_all((0..40).map(|n| stripe.deliver(&core, &events[n % 2])));
    let reconciled = join_all((0..5).map(|_| try_run(&cloud)));
    let (heard, _) = tokio::join!(heard, reconciled);
    assert!(heard.iter().flatten().all(|status| [200, 409, 503].contains(status)), "{heard:?}");
    stripe.send_webhooks(Webhooks::AtOnce);
    for event in stripe.events().iter().filter(|event| !event.delivered) {
        assert!(stripe.deliver(&core, &event.id).await.is_ok());
    }
    cloud.settle().await;
    let payment = &payments(&cloud, &order)[0];
    assert_eq!((refunds(&cloud), &payment["latest_charge"]["amount_refunded"]), (1, &json!(2000)));
    let staff = cloud.sign_in_with(&cloud.anonymous(), staff.name(), &app).await;
    let shown = shown(&staff, &order).await;
    assert_eq!((&shown["state"], &shown["refunded"]["amount"]), (&json!("expired"), &json!(2000)));
    assert_eq!((&shown["refunds"][0]["reason"], &shown["refunds"][0]["state"]), (&json!("order_ended"), &json!("done")));
    // Staff see it among what waits for them, for a month.
    assert_eq!(staff.get("/v1/admin/work").await.is(200)["late_payments"]["count"], 1);
    for list in ["/v1/admin/payment-alerts", "/v1/admin/orders"] {
        let listed = staff.get(&format!("{list}?alert=late_payment")).await.is(200)["items"].clone();
        assert_eq!((listed.as_array().unwrap().len(), &listed[0]["id"]), (1, &order["id"]), "{list}");
    }
    assert_eq!(stored_stock(&cloud, &product).await, [10, 0, 0, 10]);
    items::are_as_described(&cloud).await;
}

/// Of cancelling and paying at the same moment one happens, and the products are where the order is.
/// Promise: order-expiry, order-steps, product-stock
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_cancelling_and_paying_one_happens() {
    let cloud = Cloud::start().await;
    cloud.limits.lift(true);
    let (staff, products) = shop(&cloud, 1).await;
    let ana = cloud.buyer("ana", PHONE).await;
    let placed = order(&ana, "first", &products[0], 1).await;
    assert_eq!(ana.post(&format!("{}/cancellation", path(&placed)), json!({})).await.is(200)["state"], "cancelled");
    assert_eq!(payments(&cloud, &placed)[0]["status"], "canceled");
    assert_eq!(stock(&staff, &products[0]).await, [10, 0, 0, 10]);
    let mut paid = 0;
    for n in 0..9 {
        let placed = order(&ana, &n.to_string(), &products[0], 1).await;
        let cancels = path(&placed) + "/cancellation";
        let cancelled = join_all((0..3).map(|_| ana.post(&cancels, json!({}))));
        let pays = async {
            tokio::task::yield_now().await;
            cloud.outside.stripe.act(&cloud.core(), &intent(&placed["payment"]), &card(VISA)).is_ok()
        };
        let (cancelled, was_paid) = tokio::join!(cancelled, pays);
        cloud.settle().await;
        let state = seen(&ana, &placed).await["state"].clone();
        assert_eq!(state == "paid", was_paid, "{cancelled:?}");
        assert!(was_paid || state == "cancelled", "{state}");
        paid += u64::from(was_paid);
        assert_eq!(stock(&staff, &products[0]).await, [10 - paid, paid, 0, 10]);
    }
    assert_eq!(refunds(&cloud), 0);
}

/// When Stripe has cancelled a payment by itself the buyer begins another one within the time of the order.
/// Promise: order-paid
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_that_stripe_cancels_is_begun_anew() {
    let cloud = Cloud::start().await;
    let (_, products) = shop(&cloud, 1).await;
    let ana = cloud.buyer("ana", PHONE).await;
    let placed = order(&ana, "one", &products[0], 1).await;
    pay(&cloud, &placed, Act::Cancel);
    cloud.settle().await;
    assert_eq!(seen(&ana, &placed).await["state"], "pending_payment");
    let anew = ana.post(&format!("{}/payment", path(&placed)), json!({})).await.is(200);
    assert_ne!(anew["payment"]["client_secret"], placed["payment"]["client_secret"]);
    assert_eq!(payments(&cloud, &placed).len(), 2);
    pay(&cloud, &anew, card(VISA));
    cloud.settle().await;
    assert_eq!(seen(&ana, &placed).await["state"], "paid");
}

/// An order at whose payment Stripe has failed, which it repeats for a day, is paid in its time all the same, with one payment.
/// Promise: order-paid, stripe-outage, payment-once
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_at_whose_payment_stripe_has_failed_is_paid() {
    for mode in [Mode::FailsAfter, Mode::FailsBefore] {
        let cloud = Cloud::start().await;
        let (_, products) = shop(&cloud, 1).await;
        let (ana, stripe) = (cloud.buyer("ana", PHONE).await, &cloud.outside.stripe);
        // Stripe knows the customer.
        begin(&ana, "gift").await;
        put(&ana, &products[0], 1).await;
        cloud.settle().await;
        // An event would tell of the payment that Stripe has created with a failure.
        stripe.send_webhooks(Webhooks::Lost);
        stripe.be(mode);
        ask(&ana, "one", 1000).await.is_problem(503, "unavailable");
        stripe.be(Mode::Well);
        ask(&ana, "one", 1000).await.is_problem(503, "unavailable");
        cloud.advance(Duration::from_secs(301)).await;
        let placed = ask(&ana, "one", 1000).await.is(201);
        stripe.send_webhooks(Webhooks::AtOnce);
        assert_eq!(payments(&cloud, &placed).len(), 1, "{mode:?}");
        pay(&cloud, &placed, card(VISA));
        cloud.settle().await;
        assert_eq!(seen(&ana, &placed).await["state"], "paid");
        assert_eq!(stored_stock(&cloud, &products[0]).await, [9, 1, 0, 10]);
    }
}

/// All 120 orders of five events about an order, each event three times: the same end, and one mail.
/// Promise: stripe-order, order-paid
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_lead_to_the_same_end_in_every_order() {
    let cloud = Cloud::start().await;
    cloud.limits.lift(true);
    let (staff, products) = shop(&cloud, 1).await;
    change(&staff, &products[0], json!({ "available": 200 })).await.is(200);
    let (ana, core, stripe) = (cloud.buyer("ana", PHONE).await, cloud.core(), &cloud.outside.stripe);
    stripe.send_webhooks(Webhooks::Held);
    for (n, sequence) in permutations(&[0, 1, 2, 3, 4]).iter().enumerate() {
        let placed = order(&ana, &n.to_string(), &products[0], 1).await;
        for what in [card(VISA), Act::Refund(Some(34)), Act::Dispute] {
            pay(&cloud, &placed, what);
        }
        let five: Vec<String> = stripe.events().iter().rev().take(5).rev().map(|event| event.id.clone()).collect();
        for _ in 0..3 {
            for event in sequence {
                assert_eq!(stripe.deliver(&core, &five[*event]).await, Ok(200), "{sequence:?}");
            }
        }
    }
    let orders = stored(&cloud).await;
    assert_eq!(orders.len(), 120);
    for order in orders {
        let payment = &order["card"]["M"];
        let found = [&order["state"]["S"], &payment["refunded"]["N"], &payment["disputed"]["BOOL"]];
        assert_eq!(found, [&json!("refunding"), &json!("34"), &json!(true)], "{order}");
        assert_eq!(order["version"]["N"], "4", "placed, with its payment, paid, partly given back: {order}");
    }
    let paid = cloud.mails_to(&ana.email()).await.iter().filter(|mail| mail.subject == "Your order is paid").count();
    assert_eq!((paid, cloud.of_kind("stripe_event").await.len()), (120, 600));
    assert_eq!(stored_stock(&cloud, &products[0]).await, [80, 120, 0, 200]);
}

/// The webhook, the page that the buyer returns to and the reconciliation, five hundred times each at once: one credit.
/// Promise: stripe-order, order-paid
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_who_hears_of_a_payment_at_once_credits_it_once() {
    let cloud = Cloud::start().await;
    cloud.limits.lift(true);
    let (_, products) = shop(&cloud, 1).await;
    let (ana, core, stripe) = (cloud.buyer("ana", PHONE).await, cloud.core(), &cloud.outside.stripe);
    stripe.send_webhooks(Webhooks::Held);
    let placed = order(&ana, "one", &products[0], 1).await;
    pay(&cloud, &placed, card(VISA));
    let events: Vec<String> = stripe.events().iter().rev().take(2).map(|event| event.id.clone()).collect();
    let webhooks = join_all((0..500).map(|n| stripe.deliver(&core, &events[n % 2])));
    let own = path(&placed);
    let returns = join_all((0..500).map(|_| read(&ana, &own)));
    let reconciled = join_all((0..500).map(|_| try_run(&cloud)));
    let (webhooks, returns, reconciled) = tokio::join!(webhooks, returns, reconciled);
    assert!(webhooks.iter().all(|status| [Ok(200), Ok(409), Ok(503)].contains(status)), "{webhooks:?}");
    assert!(reconciled.contains(&true), "some runs end well");
    assert!(returns.iter().all(|order| order["state"] == "paid"), "{returns:?}");
    for event in &events {
        assert_eq!(stripe.deliver(&core, event).await, Ok(200));
    }
    let orders = stored(&cloud).await;
    assert_eq!((orders.len(), &orders[0]["version"]["N"]), (1, &json!("3")));
    assert_eq!(cloud.mails_to(&ana.email()).await.len(), 1);
}

/// The same event about an order a thousand times at once has one effect.
/// Promise: stripe-order, order-paid
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_event_a_thousand_times_pays_an_order_once() {
    let cloud = Cloud::start().await;
    cloud.limits.lift(true);
    let (_, products) = shop(&cloud, 1).await;
    let (ana, stripe) = (cloud.buyer("ana", PHONE).await, &cloud.outside.stripe);
    stripe.send_webhooks(Webhooks::Held);
    let placed = order(&ana, "one", &products[0], 1).await;
    pay(&cloud, &placed, card(VISA));
    let paid = stripe.events().last().unwrap().id.clone();
    deliver_a_thousand_times(&cloud, &paid).await;
    let orders = stored(&cloud).await;
    assert_eq!((&orders[0]["state"]["S"], &orders[0]["version"]["N"]), (&json!("paid"), &json!("3")));
    assert_eq!((cloud.of_kind("stripe_event").await.len(), cloud.mails_to(&ana.email()).await.len()), (1, 1));
    assert_eq!(stored_stock(&cloud, &products[0]).await, [9, 1, 0, 10]);
}

/// A thousand checkouts of one cart at once, each with a key of its own: one order, one payment, and one product less in stock. All others
/// find the cart empty.
/// Promise: order-once, payment-once, product-stock
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_checkouts_of_one_cart_make_one_order() {
    let cloud = Cloud::start().await;
    cloud.limits.lift(true);
    let (staff, products) = shop(&cloud, 1).await;
    let ana = cloud.buyer("ana", PHONE).await;
    put(&ana, &products[0], 1).await;
    let buyer = ana.clone();
    let replies = race(1_000, move |n| final_reply(buyer.clone(), "card", n.to_string())).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 201).count(), 1);
    assert!(replies.iter().all(|reply| reply.status == 201 || reply.code() == "order_incomplete"));
    let stripe = &cloud.outside.stripe;
    assert_eq!((cloud.of_kind("order").await.len(), stripe.payments().len(), stripe.customers().len()), (1, 1, 1));
    assert_eq!(stock(&staff, &products[0]).await, [9, 1, 0, 10]);
}

/// A thousand times the same key: one order, one payment, and equal answers.
/// Promise: order-once, payment-once
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_key_asks_for_one_payment() {
    let cloud = Cloud::start().await;
    let (staff, products) = shop(&cloud, 1).await;
    cloud.limits.lift(true);
    let ana = cloud.buyer("ana", PHONE).await;
    put(&ana, &products[0], 1).await;
    let same = ana.clone();
    let replies = race(1_000, move |_| final_reply(same.clone(), "card", "mine".to_owned())).await;
    let answers: BTreeSet<String> = replies.iter().map(|reply| reply.is(201).to_string()).collect();
    assert_eq!(answers.len(), 1, "{answers:?}");
    let stripe = &cloud.outside.stripe;
    assert_eq!((cloud.of_kind("order").await.len(), stripe.payments().len(), stripe.customers().len()), (1, 1, 1));
    assert_eq!(stock(&staff, &products[0]).await, [9, 1, 0, 10]);
}

/// With a key of another account of Stripe, which knows none of the payments, nothing of what can still be paid ends here: neither whoever
/// looks at it, nor the schedule, nor an event, nor somebody who leaves changes anything, until the key is right again. Nor does somebody
/// who has never paid begin to pay in the other account, also if that does not say which one it is. A known key is not asked about again.
/// Promise: stripe-account
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_of_another_account_ends_nothing() {
    let cloud = Cloud::start().await;
    let (_, products) = shop(&cloud, 1).await;
    let (ana, ben, stripe) = (cloud.buyer("ana", PHONE).await, cloud.member("ben").await, &cloud.outside.stripe);
    stripe.send_webhooks(Webhooks::Held);
    let (placed, gift) = (order(&ana, "one", &products[0], 1).await, begin(&ana, "gift").await);
    assert!(try_run(&cloud).await, "the account is remembered");
    phone_login::change(&cloud, &cloud.of_kind("stripe_account").await[0], "key", json!({ "S": "a hash of the former key" }));
    stripe.swap_account();
    ana.post(&format!("{}/payment", path(&placed)), json!({})).await.is_problem(503, "unavailable");
    for payer in [&ana, &ben] {
        payer.with("idempotency-key", "other").post("/v1/donations", of(1234)).await.is_problem(503, "unavailable");
    }
    stripe.be(Mode::FailsBefore);
    ben.with("idempotency-key", "other").post("/v1/donations", of(1234)).await.is_problem(503, "unavailable");
    assert!(!try_run(&cloud).await);
    stripe.be(Mode::Well);
    cloud.advance(QUARTER * 2).await;
    cloud.sign_in("ana").await.get(&path(&placed)).await.is_problem(503, "unavailable");
    cloud.advance(DAY).await;
    assert!(!try_run(&cloud).await, "operators are told");
    let waits = (stored(&cloud).await[0]["state"]["S"].clone(), stored_stock(&cloud, &products[0]).await);
    assert_eq!(waits, (json!("pending_payment"), [9, 1, 0, 10]));
    let known = cloud.of_kind("customer").await;
    let [customer] = known.as_slice() else { panic!("{known:?}") };
    assert!(stripe.customers().is_empty() && stripe.payments().is_empty(), "nothing is created in the other account");

    stripe.swap_account();
    assert_eq!(customer["customer"]["S"], stripe.customers()[0]["id"]);
    stripe.send_webhooks(Webhooks::AtOnce);
    for begun in [&placed["payment"], &gift] {
        act(&cloud, begun, card(VISA));
    }
    cloud.settle().await;
    assert_eq!(stored(&cloud).await[0]["state"]["S"], "paid");
    assert!(cloud.of_kind("donation").await.iter().any(|donation| donation["state"]["S"] == "paid"));
    assert!(try_run(&cloud).await);
    begin(&cloud.sign_in("ben").await, "again").await;
    assert_eq!(stripe.customers().len(), 2);
    assert!(stripe.asked().iter().rev().take(3).all(|request| request.asked != "GET /account"));
    items::are_as_described(&cloud).await;
}

/// After three refused cards an order is paid once more with a captcha only, which is accepted once.
/// Promise: payment-captcha
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_cards_take_a_captcha_for_the_same_order() {
    let cloud = Cloud::start_with(&[("CaptchaSecret", SECRET), ("CaptchaSiteKey", "site-key-of-tests")]).await;
    let (_, products) = shop(&cloud, 1).await;
    let (ana, stripe) = (cloud.buyer("ana", PHONE).await, &cloud.outside.stripe);
    let placed = order(&ana, "one", &products[0], 1).await;
    let again = format!("{}/payment", path(&placed));
    for _ in 0..3 {
        ana.post(&again, json!({})).await.is(200);
        assert!(stripe.act(&cloud.core(), &intent(&placed["payment"]), &card("4000000000000002")).is_err());
        cloud.settle().await;
    }
    let asked = stripe.asked().len();
    ana.post(&again, json!({})).await.is_problem(403, "captcha_required");
    assert_eq!(ana.post(&again, json!({ "captcha": "none" })).await.field_errors(), ["/captcha captcha"]);
    assert_eq!(stripe.asked().len(), asked);
    let token = cloud.outside.captchas.solve(Solved { action: Some("pay".to_owned()), ..Solved::default() }, cloud.now());
    let shown = ana.post(&again, json!({ "captcha": token })).await.is(200);
    assert_eq!(shown["payment"]["client_secret"], placed["payment"]["client_secret"]);
    assert_eq!(ana.post(&again, json!({ "captcha": token })).await.field_errors(), ["/captcha captcha"], "a token is accepted once");
}

/// Five orders by card in an hour are placed; the sixth waits, and takes nothing out of stock.
/// Promise: payment-limits
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cards_are_not_tried_with_orders() {
    let cloud = Cloud::start().await;
    let (staff, products) = shop(&cloud, 1).await;
    let ana = cloud.buyer("ana", PHONE).await;
    for key in ["1", "2", "3", "4", "5"] {
        order(&ana, key, &products[0], 1).await;
    }
    ask(&ana, "5", 1000).await.is(201);
    put(&ana, &products[0], 1).await;
    ask(&ana, "6", 1000).await.is_problem(429, "too_many_requests");
    assert_eq!((stock(&staff, &products[0]).await, cloud.outside.stripe.payments().len()), ([5, 5, 0, 10], 5));
    let cash = json!({ "payment_method": "cash_on_delivery", "total": { "amount": 1000, "currency": "PLN" } });
    ana.with("idempotency-key", "cash").post(ORDERS, cash).await.is(201);
}

/// A person asks Stripe only so often about orders that are not paid, by looking at one or by cancelling it.
/// Promise: payment-limits
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stripe_is_not_asked_without_end() {
    let cloud = Cloud::start().await;
    let (_, products) = shop(&cloud, 1).await;
    let ana = cloud.buyer("ana", PHONE).await;
    let placed = order(&ana, "one", &products[0], 1).await;
    for _ in 0..120 {
        seen(&ana, &placed).await;
    }
    // The event of the payment is a request to Stripe, too.
    cloud.settle().await;
    let asked = cloud.outside.stripe.asked().len();
    ana.get(&path(&placed)).await.is_problem(429, "too_many_requests");
    ana.post(&format!("{}/cancellation", path(&placed)), json!({})).await.is_problem(429, "too_many_requests");
    assert_eq!(cloud.outside.stripe.asked().len(), asked);
}

/// Who leaves leaves no payment that takes money: what is not paid is cancelled at Stripe, and what is paid and not shipped is given
/// back, as soon as Stripe answers. Nothing names the person.
/// Promise: order-leaving, deletion-complete
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_person_leaves_no_open_payment() {
    let cloud = Cloud::start().await;
    let (_, products) = shop(&cloud, 1).await;
    let (ana, stripe) = (cloud.buyer("ana", PHONE).await, &cloud.outside.stripe);
    let [open, paid] = [order(&ana, "1", &products[0], 1).await, order(&ana, "2", &products[0], 2).await];
    pay(&cloud, &paid, card(VISA));
    cloud.settle().await;
    let scheduled = schedule(&ana).await;
    stripe.be(Mode::Down);
    until_due(&cloud, &scheduled).await;
    assert_eq!(run(&cloud, SWEEP).await["claimed"], 1);
    cloud.settle().await;
    assert!(cloud.of_kind("order").await.is_empty() && cloud.of_kind("order_owner").await.is_empty());
    assert_eq!((stored_stock(&cloud, &products[0]).await, cloud.of_kind("payment_removal").await.len()), ([10, 0, 0, 10], 2));
    let records = cloud.of_kind("order_record").await;
    assert_eq!((records.len(), &records[0]["id"]["S"]), (1, &paid["id"]));
    let about = records[0].to_string();
    assert!(!about.contains(&ana.id()) && !about.contains("Kraków") && !about.contains("cus_"), "{about}");
    stripe.be(Mode::Well);
    assert_eq!(run(&cloud, WEBHOOK).await["payments"], 2);
    cloud.settle().await;
    assert_eq!(payments(&cloud, &open)[0]["status"], "canceled");
    assert_eq!(payments(&cloud, &paid)[0]["latest_charge"]["amount_refunded"], 2000);
    assert_eq!((cloud.of_kind("payment_removal").await.len(), stripe.customers().len()), (0, 0));
    assert_eq!(cloud.of_kind("order_record").await[0]["refunded"]["N"], "2000");
    items::are_as_described(&cloud).await;
}

/// A customer whose creation was interrupted after Stripe's answer is known here by the next run, and goes with their account.
/// Promise: stripe-customer
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_customer_is_not_forgotten() {
    let cloud = Cloud::start().await;
    let (_, products) = shop(&cloud, 1).await;
    let (ana, stripe) = (cloud.buyer("ana", PHONE).await, &cloud.outside.stripe);
    put(&ana, &products[0], 1).await;
    assert!(try_run(&cloud).await, "the account is known");
    stripe.be(Mode::Lost);
    ask(&ana, "one", 1000).await.is_problem(503, "unavailable");
    stripe.be(Mode::Well);
    assert_eq!((stripe.customers().len(), run(&cloud, WEBHOOK).await["finished"].clone()), (1, json!(1)));
    assert_eq!(cloud.of_kind("customer").await[0]["customer"]["S"], stripe.customers()[0]["id"]);
    assert_eq!(run(&cloud, WEBHOOK).await["finished"], 0);
    let scheduled = schedule(&ana).await;
    until_due(&cloud, &scheduled).await;
    assert_eq!(run(&cloud, SWEEP).await["claimed"], 1);
    cloud.settle().await;
    let _ = try_run(&cloud).await;
    assert!(stripe.customers().is_empty());
}

/// Runs the schedule at once, whatever comes of it.
pub(crate) async fn try_run(cloud: &Cloud) -> bool {
    let event = json!({ "version": "0", "detail-type": "Scheduled Event", "source": "aws.scheduler", "detail": "{}" });
    cloud.hosts.invoke(WEBHOOK, to_raw_value(&event).unwrap(), &Trace::new(&cloud.sys)).await.is_ok()
}

/// The number in the name of a round, for its phone numbers.
fn number(name: &str) -> u32 {
    let number: u32 = name.rsplit('_').next().unwrap().parse().unwrap();
    if name.starts_with("warm") { 90_000 + number } else { number }
}

/// A buyer with two of the only product in the cart, and the stock of that. The first round makes the shop.
async fn ready(cloud: &Cloud, name: &str) -> (Caller, String, [u64; 4]) {
    if name.starts_with("warm") {
        cloud.limits.lift(true);
        let (staff, products) = shop(cloud, 1).await;
        change(&staff, &products[0], json!({ "available": 1000 })).await.is(200);
    }
    let product = text(&cloud.of_kind("product").await[0]["id"]["S"]);
    let buyer = cloud.buyer(name, &format!("+4479111{:05}", number(name))).await;
    put(&buyer, &product, 2).await;
    let before = stored_stock(cloud, &product).await;
    (buyer, product, before)
}

/// Repeats a request until it is done.
async fn in_the_end(request: impl AsyncFn() -> Reply) -> Value {
    for _ in 0..20 {
        let reply = request().await;
        if reply.status == 201 {
            return reply.json();
        }
        assert!([409, 500, 503].contains(&reply.status.as_u16()), "{reply:?}");
    }
    panic!("it is never done");
}

/// Asks for an order by card until it is placed.
async fn placed_in_the_end(buyer: &Caller) -> Value {
    in_the_end(async || ask(buyer, "one", 2000).await).await
}

/// Somebody places an order by card and pays it, while calls of the function fail.
async fn bought(cloud: &Cloud, name: &str, target: Target, fault: Fault) -> u32 {
    let (buyer, product, [available, reserved, sold, received]) = ready(cloud, name).await;
    let down = cloud.aws.faults.script(target, fault);
    drop(ask(&buyer, "one", 2000).await);
    down.end();
    let placed = placed_in_the_end(&buyer).await;
    let taken = [available - 2, reserved + 2, sold, received];
    assert_eq!((payments(cloud, &placed).len(), stored_stock(cloud, &product).await), (1, taken), "{fault:?}, {name}");
    pay(cloud, &placed, card(VISA));
    cloud.settle().await;
    assert_eq!(seen(&buyer, &placed).await["state"], "paid", "{fault:?}, {name}");
    items::are_as_described(cloud).await;
    down.hits()
}

/// Does something once for each call of the function of orders, which fails, or whose reply is lost. It has at least so many calls.
async fn cut_orders(least: u32, act: impl AsyncFn(&Cloud, &str, Target, Fault) -> u32) {
    for (fault, times) in [(Fault::Internal, 0), (Fault::LostAfter, 3)] {
        let calls = cut_everywhere("OrdersFunction", times, async |cloud, name, target| act(cloud, name, target, fault).await).await;
        assert!(calls >= least, "{fault:?}: {calls}");
    }
}

/// Whichever call of the placing fails, the same request places one order with one payment.
/// Promise: order-once, payment-once, product-stock
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_placing_that_is_killed_places_one_order() {
    cut_orders(5, bought).await;
}

/// Nobody pays an order, while calls of the function that ends it fail.
async fn expired(cloud: &Cloud, name: &str, target: Target, fault: Fault) -> u32 {
    let (buyer, product, before) = ready(cloud, name).await;
    let placed = placed_in_the_end(&buyer).await;
    cloud.settle().await;
    let down = cloud.aws.faults.script(target, fault);
    cloud.advance(QUARTER * 2).await;
    down.end();
    redrive(cloud).await;
    cloud.advance(QUARTER * 2).await;
    let orders = stored(cloud).await;
    let order = orders.iter().find(|order| order["id"]["S"] == placed["id"]).unwrap();
    assert_eq!((order["state"]["S"].as_str(), stored_stock(cloud, &product).await), (Some("expired"), before), "{fault:?}, {name}");
    assert_eq!(payments(cloud, &placed)[0]["status"], "canceled", "{fault:?}, {name}");
    items::are_as_described(cloud).await;
    down.hits()
}

/// Whichever call of the expiry fails, the order ends once, first at Stripe and then here.
/// Promise: order-expiry, product-stock, consumer-resumes
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expiry_that_is_killed_goes_on() {
    for (fault, times) in [(Fault::Internal, 0), (Fault::LostAfter, 3)] {
        let round = async |cloud: &Cloud, name: &str, target| expired(cloud, name, target, fault).await;
        let calls = cut_everywhere("StripeWebhookFunction", times, round).await;
        assert!(calls >= 4, "{fault:?}: {calls}");
    }
}

/// A buyer cancels an order in cash, and staff ship another one and take it back, while calls of the function fail; and once more.
async fn stepped(cloud: &Cloud, name: &str, target: Target, fault: Fault) -> u32 {
    let (buyer, product, before) = ready(cloud, name).await;
    let (staff, _) = cloud.staff(&format!("{name}b"), "administrator").await;
    let cancelled = ask_to_pay(&buyer, "cash_on_delivery", "one", 2000).await.is(201);
    put(&buyer, &product, 1).await;
    let returned = ask_to_pay(&buyer, "cash_on_delivery", "two", 1000).await.is(201);
    let steps = async || {
        [
            buyer.post(&format!("{}/cancellation", path(&cancelled)), json!({})).await,
            become_state(&staff, &buyer, &returned, "shipped").await,
            become_state(&staff, &buyer, &returned, "returned").await,
        ]
    };
    let down = cloud.aws.faults.script(target, fault);
    drop(steps().await);
    down.end();
    items::are_as_described(cloud).await;
    let again = steps().await;
    assert!(again.iter().all(|reply| reply.status == 200 || reply.code() == "order_state"), "{fault:?}, {name}: {again:?}");
    for (order, state) in [(&cancelled, "cancelled"), (&returned, "returned")] {
        assert_eq!(seen(&buyer, order).await["state"], state, "{fault:?}, {name}");
    }
    assert_eq!(stored_stock(cloud, &product).await, before, "{fault:?}, {name}");
    down.hits()
}

/// Whichever call of a step fails, it is done once, with its stock, or it can be done again.
/// Promise: order-steps, product-stock
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_is_killed_moves_stock_once() {
    cut_orders(6, stepped).await;
}

/// Staff give back an order by card, while calls of the function fail; and once more.
async fn given_back(cloud: &Cloud, name: &str, target: Target, fault: Fault) -> u32 {
    let (buyer, product, before) = ready(cloud, name).await;
    let (staff, _) = cloud.staff(&format!("{name}b"), "administrator").await;
    let placed = placed_in_the_end(&buyer).await;
    pay(cloud, &placed, card(VISA));
    cloud.settle().await;
    let made = refunds(cloud);
    let down = cloud.aws.faults.script(target, fault);
    drop(refund(&staff, &placed, "all", 2000).await);
    down.end();
    cloud.settle().await;
    items::are_as_described(cloud).await;
    in_the_end(async || refund(&staff, &placed, "all", 2000).await).await;
    cloud.settle().await;
    assert_eq!((&seen(&buyer, &placed).await["state"], refunds(cloud)), (&json!("refunded"), made + 1), "{fault:?}, {name}");
    assert_eq!(stored_stock(cloud, &product).await, before, "{fault:?}, {name}");
    down.hits()
}

/// Whichever call of a refund fails, the money is given back once, and the products are in stock again once.
/// Promise: order-refunds, product-stock
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_that_is_killed_is_made_once() {
    cut_orders(5, given_back).await;
}
