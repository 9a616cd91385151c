//! Refunds of orders that were paid by card, and orders whose payment is disputed.

use std::time::Duration;

use local::{
    aws::{
        Service,
        faults::{Fault, Target},
    },
    outside::{
        Mode,
        stripe::{Act, SECRET_KEY, Webhooks},
    },
};
use reqwest::Method;
use tests::{Caller, Cloud, DAY, PATIENCE, Reply, Value, json, race};

use crate::{
    card_orders::{QUARTER, order, paid_order, pay, payments, refunds, seen, shown, stored, stored_stock, try_run},
    cart::shop,
    deletion::{SWEEP, run, schedule, until_due},
    donations::{VISA, WEBHOOK, card, intent},
    items,
    orders::{PHONE, become_state, stock},
    products::text,
    reasons::things,
};

/// Asks for a refund of an order.
pub(crate) async fn refund(staff: &Caller, order: &Value, key: &str, amount: u64) -> Reply {
    let body = json!({ "amount": { "amount": amount, "currency": "PLN" }, "reason": "requested_by_customer" });
    staff.with("idempotency-key", key).post(&format!("/v1/admin/orders/{}/refunds", text(&order["id"])), body).await
}

/// The payments whose refund has failed, as staff see them.
pub(crate) async fn owed(staff: &Caller) -> Vec<Value> {
    staff.get("/v1/admin/payment-alerts?alert=refund_failed").await.is(200)["items"].as_array().unwrap().clone()
}

/// Says that this amount of a payment was given back outside Stripe.
pub(crate) async fn give_outside(staff: &Caller, alert: &Value, amount: Value) -> Reply {
    let payment = if alert["user"].is_string() { &alert["id"] } else { &alert["intent"] };
    let staff = staff.with("if-match", format!("\"v{}\"", alert["version"])).with("reason", "A%20bank%20transfer.");
    staff.post(&format!("/v1/admin/payment-alerts/{}/resolution", text(payment)), json!({ "amount": amount })).await
}

/// An order whose refund of this amount the buyer's bank has refused, and its alert.
pub(crate) async fn sent_back(cloud: &Cloud, staff: &Caller, order: Value, amount: u64) -> (Value, Value) {
    refund(staff, &order, "sent-back", amount).await.is(201);
    pay(cloud, &order, Act::FailRefunds);
    cloud.settle().await;
    let alert = owed(staff).await.into_iter().find(|alert| alert["id"] == order["id"]).unwrap();
    (order, alert)
}

fn zloty(amount: u64) -> Value {
    json!({ "amount": amount, "currency": "PLN" })
}

/// Staff give back parts, together at most what was paid; a double click gives back once. When nothing is left the products of an order
/// that is not shipped are in stock again. Others may not.
/// Promise: order-refunds, order-steps, product-stock
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_give_back_parts() {
    let cloud = Cloud::start().await;
    let (staff, products) = shop(&cloud, 1).await;
    let (moderator, _) = cloud.staff("mona", "moderator").await;
    let ana = cloud.buyer("ana", PHONE).await;
    let placed = order(&ana, "one", &products[0], 3).await;
    refund(&staff, &placed, "early", 1000).await.is_problem(409, "order_state");
    pay(&cloud, &placed, card(VISA));
    cloud.settle().await;
    for who in [&ana, &moderator] {
        refund(who, &placed, "a", 1000).await.is_problem(403, "forbidden");
    }
    let (clicks, paid) = (staff.clone(), placed.clone());
    let replies = race(8, move |_| {
        let (staff, order) = (clicks.clone(), paid.clone());
        async move { refund(&staff, &order, "a", 1000).await }
    });
    assert!(replies.await.iter().all(|reply| [201, 409, 503].contains(&reply.status.as_u16())));
    let part = refund(&staff, &placed, "a", 1000).await.is(201);
    assert_eq!((&part["state"], &part["refunded"]["amount"], refunds(&cloud)), (&json!("refunding"), &json!(1000), 1));
    refund(&staff, &placed, "a", 900).await.is_problem(422, "idempotency_key_reused");
    for wrong in [0, 2001, 3000] {
        assert_eq!(refund(&staff, &placed, "b", wrong).await.field_errors(), ["/amount/amount range"], "{wrong}");
    }
    let all = refund(&staff, &placed, "b", 2000).await.is(201);
    assert_eq!((&all["state"], &all["refunded"]["amount"], refunds(&cloud)), (&json!("refunded"), &json!(3000), 2));
    assert_eq!(all["refunds"].as_array().unwrap().iter().filter(|refund| refund["state"] == "done").count(), 2);
    assert_eq!(stock(&staff, &products[0]).await, [10, 0, 0, 10]);
    become_state(&staff, &ana, &placed, "shipped").await.is_problem(409, "order_state");
    cloud.settle().await;
    let audit = cloud.of_kind("audit").await;
    assert_eq!(audit.iter().filter(|entry| entry["action"]["S"] == "order_changed").count(), 2, "{audit:?}");
    assert_eq!(seen(&ana, &placed).await["refunded"]["amount"], 3000);
    // What is shipped stays so when money is given back.
    let shipped = paid_order(&cloud, &ana, "two", &products[0], 1).await;
    become_state(&staff, &ana, &shipped, "shipped").await.is(200);
    let back = refund(&staff, &shipped, "c", 1000).await.is(201);
    assert_eq!((&back["state"], &back["refunded"]["amount"]), (&json!("shipped"), &json!(1000)));
    items::are_as_described(&cloud).await;
}

/// An order of which a part was given back is shipped, and the rest can be given back afterwards: its products stay with the buyer until
/// they come back.
/// Promise: order-refunds, order-steps, product-stock
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_left_of_an_order_is_shipped() {
    let cloud = Cloud::start().await;
    let (staff, products) = shop(&cloud, 1).await;
    let ana = cloud.buyer("ana", PHONE).await;
    let placed = paid_order(&cloud, &ana, "one", &products[0], 3).await;
    assert_eq!(refund(&staff, &placed, "a", 1000).await.is(201)["state"], "refunding");
    for wrong in ["cancelled", "delivered", "returned", "paid"] {
        become_state(&staff, &ana, &placed, wrong).await.has(409);
    }
    let shipped = become_state(&staff, &ana, &placed, "shipped").await.is(200);
    assert_eq!((&shipped["state"], &shipped["refunded"]["amount"]), (&json!("shipped"), &json!(1000)));
    assert_eq!(stock(&staff, &products[0]).await, [7, 0, 3, 10]);
    let all = refund(&staff, &placed, "b", 2000).await.is(201);
    assert_eq!((&all["state"], &all["refunded"]["amount"]), (&json!("shipped"), &json!(3000)));
    become_state(&staff, &ana, &placed, "returned").await.is(200);
    assert_eq!(stock(&staff, &products[0]).await, [10, 0, 0, 10]);
    items::are_as_described(&cloud).await;
}

/// A refund whose answer is lost is made once, by the same request or automatically.
/// Promise: order-refunds, stripe-outage
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_whose_answer_is_lost_is_made_once() {
    let cloud = Cloud::start().await;
    let (staff, products) = shop(&cloud, 1).await;
    let (ana, stripe) = (cloud.buyer("ana", PHONE).await, &cloud.outside.stripe);
    let placed = paid_order(&cloud, &ana, "one", &products[0], 3).await;
    stripe.be(Mode::Lost);
    refund(&staff, &placed, "a", 1000).await.is_problem(503, "unavailable");
    become_state(&staff, &ana, &placed, "shipped").await.is_problem(409, "order_held");
    stripe.be(Mode::Well);
    cloud.advance(QUARTER).await;
    assert_eq!(refunds(&cloud), 1);
    assert_eq!(stored(&cloud).await[0]["state"]["S"], "refunding");
}

/// A refund is asked for together with its entry of the audit, or not at all: Stripe hears nothing of one that has none.
/// Promise: order-refunds, audit, lost-reply
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_leaves_a_refund_with_its_entry_or_neither() {
    let cloud = Cloud::start().await;
    let (staff, products) = shop(&cloud, 1).await;
    let ana = cloud.buyer("ana", PHONE).await;
    let placed = paid_order(&cloud, &ana, "one", &products[0], 3).await;
    let before = things(&cloud).await;
    let asking = Target::of("OrdersFunction", Service::DynamoDb, "TransactWriteItems");
    let down = cloud.aws.faults.script(asking.clone(), Fault::Unavailable);
    let refused = refund(&staff, &placed, "a", 1000).await;
    assert!(refused.status.as_u16() >= 500 && down.hits() > 0, "{refused:?}");
    down.end();
    assert_eq!((things(&cloud).await == before, refunds(&cloud)), (true, 0), "nothing was written");
    let lost = cloud.aws.faults.script(Target { first: 1, times: 1, ..asking }, Fault::LostAfter);
    refund(&staff, &placed, "a", 1000).await.is(201);
    assert_eq!((lost.hits(), refunds(&cloud)), (1, 1));
    lost.end();
    let after = things(&cloud).await;
    let (entries, changes): (Vec<&String>, Vec<&String>) =
        after.symmetric_difference(&before).partition(|item| item.contains(r#""kind":{"S":"audit"}"#));
    assert_eq!((entries.len(), changes.is_empty()), (1, false), "{entries:?} {changes:?}");
    assert!(entries[0].contains(r#""action":{"S":"order_changed"}"#), "{entries:?}");
}

/// A refund that the buyer's bank refuses is shown to staff, takes nothing from what is left, and is made again.
/// Promise: order-refund-failed, order-steps
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_that_comes_back_is_made_again() {
    let cloud = Cloud::start().await;
    let (staff, products) = shop(&cloud, 1).await;
    let ana = cloud.buyer("ana", PHONE).await;
    let placed = paid_order(&cloud, &ana, "one", &products[0], 3).await;
    refund(&staff, &placed, "a", 1000).await.is(201);
    pay(&cloud, &placed, Act::FailRefunds);
    cloud.settle().await;
    let back = shown(&staff, &placed).await;
    assert_eq!((&back["state"], back.get("refunded"), &back["refunds"][0]["state"]), (&json!("paid"), None, &json!("failed")));
    refund(&staff, &placed, "a", 1000).await.is_problem(409, "refund_refused");
    let all = refund(&staff, &placed, "b", 3000).await.is(201);
    assert_eq!((&all["state"], &all["refunded"]["amount"], refunds(&cloud)), (&json!("refunded"), &json!(3000), 2));
    assert_eq!(stock(&staff, &products[0]).await, [10, 0, 0, 10]);
    items::are_as_described(&cloud).await;
}

/// Of several refunds the one that the buyer's bank refuses is shown to staff, also if a later one has succeeded before that, until it is
/// made again.
/// Promise: order-refund-failed, refund-owed, staff-work
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_several_refunds_that_comes_back_is_owed() {
    let cloud = Cloud::start().await;
    let (staff, products) = shop(&cloud, 1).await;
    let ana = cloud.buyer("ana", PHONE).await;
    let placed = paid_order(&cloud, &ana, "one", &products[0], 3).await;
    for (key, amount) in [("a", 1000), ("b", 500)] {
        refund(&staff, &placed, key, amount).await.is(201);
    }
    pay(&cloud, &placed, Act::FailRefundsOf(1000));
    cloud.settle().await;
    let back = shown(&staff, &placed).await;
    assert_eq!((&back["refunded"]["amount"], &back["refunds"][0]["state"]), (&json!(500), &json!("failed")));
    assert_eq!((owed(&staff).await.len(), &owed(&staff).await[0]["id"]), (1, &placed["id"]));
    items::are_as_described(&cloud).await;
    assert_eq!(refund(&staff, &placed, "c", 1000).await.is(201)["refunded"]["amount"], 1500);
    assert!(owed(&staff).await.is_empty());
}

/// A refund whose answer is lost is known although Stripe has forgotten its key: its payment tells. It is not made twice.
/// Promise: order-refunds, stripe-outage
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_of_yesterday_is_found_at_stripe() {
    let cloud = Cloud::start().await;
    let (staff, products) = shop(&cloud, 1).await;
    let (ana, stripe) = (cloud.buyer("ana", PHONE).await, &cloud.outside.stripe);
    let placed = paid_order(&cloud, &ana, "one", &products[0], 3).await;
    stripe.be(Mode::Lost);
    refund(&staff, &placed, "a", 1000).await.is_problem(503, "unavailable");
    stripe.be(Mode::Down);
    cloud.advance(DAY + QUARTER).await;
    stripe.be(Mode::Well);
    cloud.advance(QUARTER * 2).await;
    let order = &stored(&cloud).await[0];
    assert_eq!((refunds(&cloud), &order["state"]["S"]), (1, &json!("refunding")));
    assert_eq!(order["card"]["M"]["refunds"]["L"][0]["M"]["state"]["S"], "done", "{order}");
}

/// A refund at which Stripe has failed, which it repeats for a day, is made within half an hour, once: its payment tells whether another
/// attempt is needed.
/// Promise: order-refunds, stripe-outage
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_at_which_stripe_has_failed_is_made_once() {
    for (mode, attempt) in [(Mode::FailsAfter, "0"), (Mode::FailsBefore, "1")] {
        let cloud = Cloud::start().await;
        let (staff, products) = shop(&cloud, 1).await;
        let (ana, stripe) = (cloud.buyer("ana", PHONE).await, &cloud.outside.stripe);
        let placed = paid_order(&cloud, &ana, "one", &products[0], 3).await;
        // An event would tell of a refund that Stripe has made with a failure.
        stripe.send_webhooks(Webhooks::Held);
        stripe.be(mode);
        refund(&staff, &placed, "a", 1000).await.is_problem(503, "unavailable");
        stripe.be(Mode::Well);
        refund(&staff, &placed, "a", 1000).await.is_problem(503, "unavailable");
        become_state(&staff, &ana, &placed, "shipped").await.is_problem(409, "order_held");
        stripe.send_webhooks(Webhooks::AtOnce);
        cloud.advance(QUARTER * 2).await;
        let order = &stored(&cloud).await[0];
        let made = &order["card"]["M"]["refunds"]["L"][0]["M"];
        assert_eq!((&made["state"]["S"], &made["attempt"]["N"]), (&json!("done"), &json!(attempt)), "{order}");
        let back = &payments(&cloud, &placed)[0]["latest_charge"]["amount_refunded"];
        assert_eq!((refunds(&cloud), back, &order["state"]["S"]), (1, &json!(1000), &json!("refunding")), "{mode:?}");
    }
}

/// An order whose dispute is lost ends: the payer's bank has given its money back, and its products are in stock again.
/// Promise: order-disputed, product-stock
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dispute_that_is_lost_ends_the_order() {
    let cloud = Cloud::start().await;
    let (staff, products) = shop(&cloud, 1).await;
    let ana = cloud.buyer("ana", PHONE).await;
    let placed = paid_order(&cloud, &ana, "one", &products[0], 2).await;
    pay(&cloud, &placed, Act::Dispute);
    cloud.settle().await;
    assert_eq!((&shown(&staff, &placed).await["state"], stock(&staff, &products[0]).await), (&json!("paid"), [8, 2, 0, 10]));
    pay(&cloud, &placed, Act::LoseDispute);
    cloud.settle().await;
    let lost = shown(&staff, &placed).await;
    assert_eq!((&lost["state"], &lost["refunded"]["amount"], &lost["disputed"]), (&json!("refunded"), &json!(2000), &json!(true)));
    assert_eq!(stock(&staff, &products[0]).await, [10, 0, 0, 10]);
    assert_eq!(refund(&staff, &placed, "a", 1000).await.field_errors(), ["/amount/amount range"], "it is not given back twice");
    items::are_as_described(&cloud).await;
}

/// A disputed order is shown as one, and is not shipped.
/// Promise: order-disputed
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disputed_order_is_not_shipped() {
    let cloud = Cloud::start().await;
    let (staff, products) = shop(&cloud, 1).await;
    let ana = cloud.buyer("ana", PHONE).await;
    let placed = order(&ana, "one", &products[0], 1).await;
    pay(&cloud, &placed, card(VISA));
    pay(&cloud, &placed, Act::Dispute);
    cloud.settle().await;
    let listed = &staff.get("/v1/admin/orders?state=paid").await.is(200)["items"][0];
    assert_eq!((&listed["id"], &listed["disputed"]), (&placed["id"], &json!(true)));
    become_state(&staff, &ana, &placed, "shipped").await.is_problem(409, "order_held");
    refund(&staff, &placed, "a", 1000).await.is_problem(409, "refund_refused");
    assert_eq!(shown(&staff, &placed).await["refunds"][0]["state"], "refused");
    assert_eq!(stock(&staff, &products[0]).await, [9, 1, 0, 10]);
    pay(&cloud, &placed, Act::WinDispute);
    cloud.settle().await;
    assert_eq!(shown(&staff, &placed).await["disputed"], false);
    become_state(&staff, &ana, &placed, "shipped").await.is(200);
}

/// What Stripe tells of the payment of an order while that is being shipped does not keep it from being shipped.
/// Promise: order-steps, order-disputed
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn news_of_its_payment_keep_no_order_from_being_shipped() {
    let cloud = Cloud::start().await;
    let (staff, products) = shop(&cloud, 1).await;
    let (ana, stripe) = (cloud.buyer("ana", PHONE).await, &cloud.outside.stripe);
    let placed = paid_order(&cloud, &ana, "one", &products[0], 1).await;
    stripe.send_webhooks(Webhooks::Held);
    let held = cloud.aws.faults.script(Target::of("OrdersFunction", Service::DynamoDb, "TransactWriteItems"), Fault::Held);
    let news = async {
        held.applied().await;
        for act in [Act::Dispute, Act::WinDispute] {
            pay(&cloud, &placed, act);
        }
        let won = stripe.events().last().unwrap().id.clone();
        assert_eq!(stripe.deliver(&cloud.core(), &won).await, Ok(200));
        held.end();
    };
    let both = async { tokio::join!(become_state(&staff, &ana, &placed, "shipped"), news) };
    let (shipped, ()) = tokio::time::timeout(PATIENCE, both).await.expect("the step is taken");
    assert_eq!(shipped.is(200)["state"], "shipped");
    assert_eq!((&shown(&staff, &placed).await["state"], stock(&staff, &products[0]).await), (&json!("shipped"), [9, 0, 1, 10]));
    items::are_as_described(&cloud).await;
}

/// Staff see how many orders are disputed and how many refunds have failed, and which, until that is over.
/// Promise: staff-work, order-disputed, order-refund-failed
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_see_disputes_and_refunds_that_have_failed() {
    let cloud = Cloud::start().await;
    let (staff, products) = shop(&cloud, 1).await;
    let ana = cloud.buyer("ana", PHONE).await;
    let listed = async |alert: &str| {
        let found = staff.get(&format!("/v1/admin/orders?alert={alert}")).await.is(200);
        found["items"].as_array().unwrap().iter().map(|order| order["id"].clone()).collect::<Vec<_>>()
    };
    let waiting = async || {
        cloud.settle().await;
        let work = staff.get("/v1/admin/work").await.is(200);
        ["disputes", "failed_refunds"].map(|name| work[name]["count"].as_u64().unwrap())
    };
    let (one, two) = (paid_order(&cloud, &ana, "one", &products[0], 1).await, paid_order(&cloud, &ana, "two", &products[0], 3).await);
    assert_eq!(waiting().await, [0, 0]);
    let work = staff.get("/v1/admin/work").await.is(200);
    assert_eq!((&work["orders"]["count"], &work["paid_orders"]["count"]), (&json!(0), &json!(2)), "to ship");
    pay(&cloud, &one, Act::Dispute);
    refund(&staff, &two, "a", 1000).await.is(201);
    pay(&cloud, &two, Act::FailRefunds);
    assert_eq!(waiting().await, [1, 1]);
    assert_eq!((listed("disputed").await, listed("refund_failed").await), (vec![one["id"].clone()], vec![two["id"].clone()]));
    items::are_as_described(&cloud).await;
    pay(&cloud, &one, Act::WinDispute);
    refund(&staff, &two, "b", 3000).await.is(201);
    assert_eq!(waiting().await, [0, 0]);
    assert!(listed("disputed").await.is_empty() && listed("refund_failed").await.is_empty());
    staff.get("/v1/admin/orders?alert=late").await.has(400);
    assert!(cloud.of_kind("payment_alert").await.is_empty());
}

/// Changes a payment as somebody in Stripe's dashboard could.
pub(crate) async fn change_at_stripe(cloud: &Cloud, begun: &Value, change: String) {
    let account = cloud.anonymous().with("authorization", format!("Bearer {SECRET_KEY}"));
    let url = format!("{}/stripe/v1/payment_intents/{}", cloud.urls.outside, intent(begun));
    account.raw(Method::POST, &url, Some("application/x-www-form-urlencoded"), change.into_bytes()).await.is(200);
}

/// A payment of another amount, in another currency or by another customer than was asked for ends its order: the money is given back
/// once, the products are in stock again, staff see it, and nobody is told that the order is paid.
/// Promise: order-wrong-payment, product-stock, staff-work
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_of_something_else_ends_its_order() {
    let cloud = Cloud::start().await;
    let (staff, products) = shop(&cloud, 1).await;
    let (ana, stripe) = (cloud.buyer("ana", PHONE).await, &cloud.outside.stripe);
    let account = cloud.anonymous().with("authorization", format!("Bearer {SECRET_KEY}"));
    let url = format!("{}/stripe/v1/customers", cloud.urls.outside);
    let other = account.raw(Method::POST, &url, Some("application/x-www-form-urlencoded"), b"name=other".to_vec()).await.is(200);
    let changes =
        ["amount=900".to_owned(), "currency=gbp".to_owned(), "currency=eur".to_owned(), format!("customer={}", text(&other["id"]))];
    for (n, change) in changes.into_iter().enumerate() {
        let placed = order(&ana, &n.to_string(), &products[0], 1).await;
        change_at_stripe(&cloud, &placed["payment"], change.clone()).await;
        pay(&cloud, &placed, card(VISA));
        cloud.settle().await;
        let ended = shown(&staff, &placed).await;
        assert_eq!((&ended["state"], &ended["refunds"][0]["state"]), (&json!("cancelled"), &json!("done")), "{change}");
        assert!(ended.get("paid_at").is_none() && ended["refunds"].as_array().unwrap().len() == 1, "{change}: {ended}");
        assert_eq!((refunds(&cloud), &payments(&cloud, &placed)[0]["latest_charge"]["refunded"]), (n + 1, &json!(true)), "{change}");
        assert_eq!(stock(&staff, &products[0]).await, [10, 0, 0, 10], "{change}");
    }
    assert_eq!((run(&cloud, WEBHOOK).await["orders"].clone(), refunds(&cloud)), (json!(0), 4), "nobody looks at them any more");
    assert!(cloud.mails_to(&ana.email()).await.iter().all(|mail| mail.subject != "Your order is paid"));
    assert_eq!(staff.get("/v1/admin/work").await.is(200)["wrong_payments"]["count"], 4);
    let listed = staff.get("/v1/admin/orders?alert=wrong_payment").await.is(200);
    assert_eq!((listed["items"].as_array().unwrap().len(), stripe.payments().len()), (4, 4));
    items::are_as_described(&cloud).await;
}

/// When the alerts of failed refunds expire.
async fn ttl_of_failed(cloud: &Cloud) -> Vec<Value> {
    let alerts = cloud.of_kind("payment_alert").await;
    alerts.iter().filter(|alert| alert["alert"]["S"] == "refund_failed").map(|alert| alert["ttl"].clone()).collect()
}

/// If the buyer's bank or Stripe refuses the automatic refund of what was paid instead, staff ask for it again, up to what was paid. Neither
/// the order nor what staff see of it is forgotten before.
/// Promise: refund-owed, order-wrong-payment, order-refund-failed
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_ask_again_for_the_refund_of_something_else() {
    let cloud = Cloud::start().await;
    let (staff, products) = shop(&cloud, 1).await;
    let ana = cloud.buyer("ana", PHONE).await;
    for (n, (paid, state)) in [(900, "failed"), (1500, "refused")].into_iter().enumerate() {
        let placed = order(&ana, &n.to_string(), &products[0], 1).await;
        change_at_stripe(&cloud, &placed["payment"], format!("amount={paid}")).await;
        if state == "refused" {
            pay(&cloud, &placed, Act::RefuseRefunds(true));
        }
        pay(&cloud, &placed, card(VISA));
        cloud.settle().await;
        pay(&cloud, &placed, if state == "failed" { Act::FailRefunds } else { Act::RefuseRefunds(false) });
        cloud.settle().await;
        let ended = shown(&staff, &placed).await;
        assert_eq!((&ended["state"], &ended["refunds"][0]["state"]), (&json!("cancelled"), &json!(state)));
        assert_eq!(staff.get("/v1/admin/work").await.is(200)["failed_refunds"]["count"], 1, "{state}");
        assert!(stored(&cloud).await.iter().all(|order| order["ttl"].is_null()) && ttl_of_failed(&cloud).await == [Value::Null]);
        assert_eq!(refund(&staff, &placed, state, paid + 1).await.field_errors(), ["/amount/amount range"]);
        pay(&cloud, &placed, Act::RefuseRefunds(true));
        refund(&staff, &placed, "in-vain", paid).await.is_problem(409, "refund_refused");
        assert_eq!(staff.get("/v1/admin/work").await.is(200)["failed_refunds"]["count"], 1, "{state}, and the money is still owed");
        pay(&cloud, &placed, Act::RefuseRefunds(false));
        let again = refund(&staff, &placed, state, paid).await.is(201);
        assert_eq!((&again["state"], &again["refunds"][2]["state"]), (&json!("cancelled"), &json!("done")));
        cloud.settle().await;
        assert_eq!(payments(&cloud, &placed)[0]["latest_charge"]["amount_refunded"], paid);
        assert_eq!(staff.get("/v1/admin/work").await.is(200)["failed_refunds"]["count"], 0, "{state}");
        assert_eq!(refund(&staff, &placed, "more", 1).await.field_errors(), ["/amount/amount range"], "nothing is left");
    }
}

/// What staff have given back outside Stripe is not owed any more, cannot be given back at Stripe too, and is in the audit once, with its
/// reason. An order of which nothing is left ends. Only if more money comes back it is shown again.
/// Promise: refund-outside, order-steps, product-stock, audit
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_give_back_outside_stripe() {
    let cloud = Cloud::start().await;
    let (staff, products) = shop(&cloud, 1).await;
    let (moderator, _) = cloud.staff("mona", "moderator").await;
    let ana = cloud.buyer("ana", PHONE).await;
    let placed = paid_order(&cloud, &ana, "one", &products[0], 3).await;
    let (placed, alert) = sent_back(&cloud, &staff, placed, 1000).await;
    for who in [&ana, &moderator] {
        give_outside(who, &alert, zloty(1000)).await.is_problem(403, "forbidden");
    }
    for wrong in [0, 3001] {
        assert_eq!(give_outside(&staff, &alert, zloty(wrong)).await.field_errors(), ["/amount/amount range"], "{wrong}");
    }
    let pounds = json!({ "amount": 1000, "currency": "GBP" });
    assert_eq!(give_outside(&staff, &alert, pounds).await.field_errors(), ["/amount/currency currency"]);
    let older = json!({ "id": alert["id"], "user": alert["user"], "version": 1 });
    give_outside(&staff, &older, zloty(1000)).await.is_problem(412, "version_mismatch");
    assert_eq!(owed(&staff).await, std::slice::from_ref(&alert), "nothing has changed");
    for _ in 0..2 {
        give_outside(&staff, &alert, zloty(1000)).await.is(204);
    }
    let part = shown(&staff, &placed).await;
    assert_eq!((&part["state"], &part["refunded"]["amount"]), (&json!("refunding"), &json!(1000)));
    assert_eq!(part["refunds"][0]["state"], "made_outside");
    run(&cloud, WEBHOOK).await;
    cloud.settle().await;
    assert_eq!((owed(&staff).await.len(), shown(&staff, &placed).await), (0, part));
    let audit = cloud.of_kind("audit").await;
    let entries: Vec<&Value> = audit.iter().filter(|entry| entry["action"]["S"] == "refund_made_outside").collect();
    assert_eq!((entries.len(), &entries[0]["subject"]["S"]), (1, &json!(ana.id())));
    assert!(cloud.of_kind("audit_values").await.iter().any(|values| values["reason"]["S"] == "A bank transfer."));

    assert_eq!(refund(&staff, &placed, "b", 2001).await.field_errors(), ["/amount/amount range"]);
    let all = refund(&staff, &placed, "b", 2000).await.is(201);
    assert_eq!((&all["state"], &all["refunded"]["amount"]), (&json!("refunded"), &json!(3000)));
    assert_eq!(stock(&staff, &products[0]).await, [10, 0, 0, 10]);
    pay(&cloud, &placed, Act::FailRefunds);
    cloud.settle().await;
    let again = owed(&staff).await;
    assert_eq!((again.len(), &again[0]["id"]), (1, &placed["id"]), "more money has come back");
    give_outside(&staff, &again[0], zloty(2000)).await.is(204);
    // At once: all of an order of which nothing was given back yet.
    let two = paid_order(&cloud, &ana, "two", &products[0], 2).await;
    let (two, alert) = sent_back(&cloud, &staff, two, 500).await;
    give_outside(&staff, &alert, zloty(2000)).await.is(204);
    assert_eq!((&shown(&staff, &two).await["state"], stock(&staff, &products[0]).await), (&json!("refunded"), [10, 0, 0, 10]));
    assert!(owed(&staff).await.is_empty());
    items::are_as_described(&cloud).await;
}

/// As long as only a part of a failed refund was given back outside Stripe the rest is owed, in another version of the alert, also after
/// the buyer has left.
/// Promise: refund-outside, refund-owed, order-refund-failed, order-leaving
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rest_of_a_failed_refund_is_owed_after_a_part_was_given_back_outside_stripe() {
    let cloud = Cloud::start().await;
    let (_, products) = shop(&cloud, 1).await;
    let (ida, app) = cloud.staff("ida", "administrator").await;
    let ana = cloud.buyer("ana", PHONE).await;
    let placed = paid_order(&cloud, &ana, "one", &products[0], 3).await;
    become_state(&ida, &ana, &placed, "shipped").await.is(200);
    let (placed, alert) = sent_back(&cloud, &ida, placed, 1000).await;
    assert_eq!(alert["owed"], zloty(1000));
    give_outside(&ida, &alert, zloty(400)).await.is(204);
    give_outside(&ida, &alert, zloty(400)).await.is_problem(412, "version_mismatch");
    let rest = owed(&ida).await;
    assert_eq!((rest.len(), &rest[0]["owed"], &rest[0]["user"]), (1, &zloty(600), &json!(ana.id())));
    let part = shown(&ida, &placed).await;
    assert_eq!((&part["refunds"][0]["state"], &part["refunded"]["amount"]), (&json!("failed"), &json!(400)));
    give_outside(&ida, &rest[0], zloty(100)).await.is(204);
    items::are_as_described(&cloud).await;
    leaves(&cloud, &ana).await;
    assert_eq!((run(&cloud, WEBHOOK).await["payments"].clone(), refunds(&cloud)), (json!(0), 1));
    let ida = cloud.sign_in_with(&cloud.anonymous(), "ida", &app).await;
    let rest = owed(&ida).await;
    assert_eq!((rest.len(), &rest[0]["owed"], rest[0].get("user")), (1, &zloty(500), None));
    give_outside(&ida, &rest[0], zloty(500)).await.is(204);
    assert!(owed(&ida).await.is_empty() && cloud.of_kind("payment_removal").await.is_empty());
}

/// Stripe lists the last ten refunds with a payment: what has come back of an earlier one is known all the same.
/// Promise: order-refund-failed, refund-owed
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_early_one_of_many_refunds_that_comes_back_is_owed() {
    let cloud = Cloud::start().await;
    let (staff, products) = shop(&cloud, 1).await;
    let ana = cloud.buyer("ana", PHONE).await;
    let placed = paid_order(&cloud, &ana, "one", &products[0], 3).await;
    refund(&staff, &placed, "early", 1000).await.is(201);
    cloud.settle().await;
    cloud.advance(Duration::from_secs(60)).await;
    for _ in 0..11 {
        pay(&cloud, &placed, Act::Refund(Some(10)));
    }
    cloud.settle().await;
    assert_eq!(shown(&staff, &placed).await["refunded"]["amount"], 1110);
    pay(&cloud, &placed, Act::FailRefundsOf(1000));
    cloud.settle().await;
    let back = shown(&staff, &placed).await;
    assert_eq!((&back["refunded"]["amount"], &back["refunds"][0]["state"]), (&json!(110), &json!("failed")));
    let owing = owed(&staff).await;
    assert_eq!((owing.len(), &owing[0]["owed"]), (1, &zloty(1000)));
}

/// Nothing is recorded of an order that is deleted with the account of its buyer at that moment, and staff are told so.
/// Promise: refund-outside
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_recorded_of_an_order_whose_buyer_is_leaving() {
    let cloud = Cloud::start().await;
    let (staff, products) = shop(&cloud, 1).await;
    let ana = cloud.buyer("ana", PHONE).await;
    let placed = paid_order(&cloud, &ana, "one", &products[0], 3).await;
    let (_, alert) = sent_back(&cloud, &staff, placed, 1000).await;
    // The purge deletes the order before its alert.
    cloud.delete_item(&stored(&cloud).await[0]);
    give_outside(&staff, &alert, zloty(1000)).await.is_problem(409, "conflict");
    assert_eq!(owed(&staff).await, [alert]);
    assert!(cloud.of_kind("audit").await.iter().all(|entry| entry["action"]["S"] != "refund_made_outside"));
}

/// What was given back outside Stripe is not given back again when its buyer leaves, and what comes back of the rest is owed until staff
/// have given that back, too.
/// Promise: refund-outside, refund-owed, order-leaving
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rest_of_what_was_given_back_outside_stripe_is_given_back_when_its_buyer_leaves() {
    let cloud = Cloud::start().await;
    let (_, products) = shop(&cloud, 1).await;
    let (ida, app) = cloud.staff("ida", "administrator").await;
    let ana = cloud.buyer("ana", PHONE).await;
    let placed = paid_order(&cloud, &ana, "one", &products[0], 3).await;
    let (placed, alert) = sent_back(&cloud, &ida, placed, 1000).await;
    give_outside(&ida, &alert, zloty(1000)).await.is(204);
    leaves(&cloud, &ana).await;
    assert_eq!((run(&cloud, WEBHOOK).await["payments"].clone(), refunds(&cloud)), (json!(1), 2));
    cloud.settle().await;
    let given = |record: &Value| ["refunded", "outside"].map(|name| record[name]["N"].clone());
    assert_eq!(given(&cloud.of_kind("order_record").await[0]), [json!("2000"), json!("1000")]);
    assert!(cloud.of_kind("payment_removal").await.is_empty() && cloud.of_kind("payment_alert").await.is_empty());
    pay(&cloud, &placed, Act::FailRefunds);
    cloud.settle().await;
    assert_eq!((run(&cloud, WEBHOOK).await["payments"].clone(), refunds(&cloud)), (json!(0), 2));
    let ida = cloud.sign_in_with(&cloud.anonymous(), "ida", &app).await;
    let owing = owed(&ida).await;
    assert_eq!((owing.len(), owing[0].get("user"), &owing[0]["id"]), (1, None, &placed["id"]));
    for _ in 0..2 {
        give_outside(&ida, &owing[0], zloty(2000)).await.is(204);
    }
    assert_eq!(given(&cloud.of_kind("order_record").await[0]), [json!("0"), json!("3000")], "it is no revenue");
    assert_eq!((run(&cloud, WEBHOOK).await["payments"].clone(), refunds(&cloud)), (json!(0), 2), "nobody asks for it");
    assert!(cloud.of_kind("payment_removal").await.is_empty() && cloud.of_kind("payment_alert").await.is_empty());
    items::are_as_described(&cloud).await;
}

/// An administrator does not give back the money of their own order: another one does.
/// Promise: order-refunds, staff-boundaries
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gives_back_the_money_of_their_own_order() {
    let cloud = Cloud::start().await;
    let (staff, products) = shop(&cloud, 1).await;
    let (ria, app, _) = cloud.careful("ria", PHONE).await;
    cloud.appoint(&ria, &["administrator"]);
    let ria = cloud.sign_in_with(&cloud.anonymous(), "ria", &app).await;
    let address = json!({ "street": "ul. Długa 1/2", "city": "Kraków", "postal_code": "30-001", "country": "PL" });
    ria.post("/v1/me/addresses", address).await.is(201);
    let ana = cloud.buyer("ana", "+447911123451").await;
    let own = paid_order(&cloud, &ria, "one", &products[0], 1).await;
    let other = paid_order(&cloud, &ana, "two", &products[0], 1).await;
    refund(&ria, &own, "a", 1000).await.is_problem(403, "forbidden");
    assert_eq!((&shown(&staff, &own).await["state"], refunds(&cloud)), (&json!("paid"), 0));
    refund(&ria, &other, "a", 1000).await.is(201);
    let (_, alert) = sent_back(&cloud, &staff, own, 1000).await;
    assert_eq!(refunds(&cloud), 2);
    give_outside(&ria, &alert, zloty(1000)).await.is_problem(403, "forbidden");
    give_outside(&staff, &alert, zloty(1000)).await.is(204);
}

/// A payment that somebody has changed in Stripe's dashboard and that nobody pays ends like any other.
/// Promise: order-expiry, order-wrong-payment
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_payment_that_nobody_pays_ends_with_its_order() {
    let cloud = Cloud::start().await;
    let (_, products) = shop(&cloud, 1).await;
    let ana = cloud.buyer("ana", PHONE).await;
    let placed = order(&ana, "one", &products[0], 1).await;
    change_at_stripe(&cloud, &placed["payment"], "amount=900".to_owned()).await;
    cloud.advance(QUARTER * 2).await;
    assert_eq!(stored(&cloud).await[0]["state"]["S"], "expired");
    assert_eq!(payments(&cloud, &placed)[0]["status"], "canceled");
    assert!(cloud.of_kind("payment_alert").await.is_empty());
}

/// An order is paid, or ends, also if somebody has removed from its payment in Stripe's dashboard which order it is for.
/// Promise: order-paid, order-expiry, product-stock
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_that_names_no_order_any_more_is_that_of_its_order() {
    let cloud = Cloud::start().await;
    let (_, products) = shop(&cloud, 1).await;
    let ana = cloud.buyer("ana", PHONE).await;
    let [paid, unpaid] = [order(&ana, "one", &products[0], 2).await, order(&ana, "two", &products[0], 1).await];
    for placed in [&paid, &unpaid] {
        change_at_stripe(&cloud, &placed["payment"], "metadata[order]=".to_owned()).await;
    }
    pay(&cloud, &paid, card(VISA));
    cloud.settle().await;
    assert_eq!(seen(&ana, &paid).await["state"], "paid");
    cloud.advance(QUARTER * 2).await;
    assert!(stored(&cloud).await.iter().all(|order| order["state"]["S"] != "pending_payment"), "the schedule has ended the other one");
    assert_eq!(seen(&cloud.sign_in("ana").await, &unpaid).await["state"], "expired");
    assert_eq!((stored_stock(&cloud, &products[0]).await, refunds(&cloud)), ([8, 2, 0, 10], 0));
}

/// A refund that was promised of an order that is kept is made, also if Stripe was down until its buyer had left.
/// Promise: order-leaving, order-refunds
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promised_refund_is_made_after_its_buyer_has_left() {
    let cloud = Cloud::start().await;
    let (staff, products) = shop(&cloud, 1).await;
    let (ana, stripe) = (cloud.buyer("ana", PHONE).await, &cloud.outside.stripe);
    let placed = paid_order(&cloud, &ana, "one", &products[0], 3).await;
    become_state(&staff, &ana, &placed, "shipped").await.is(200);
    let scheduled = schedule(&ana).await;
    stripe.be(Mode::Down);
    refund(&staff, &placed, "a", 1000).await.is_problem(503, "unavailable");
    until_due(&cloud, &scheduled).await;
    assert_eq!(run(&cloud, SWEEP).await["claimed"], 1);
    cloud.settle().await;
    assert!(cloud.of_kind("order").await.is_empty());
    stripe.be(Mode::Well);
    assert_eq!(run(&cloud, WEBHOOK).await["payments"], 1);
    cloud.settle().await;
    assert_eq!((refunds(&cloud), &payments(&cloud, &placed)[0]["latest_charge"]["amount_refunded"]), (1, &json!(1000)));
    // The same request as that of the staff: Stripe refuses another one with its key.
    let url =
        format!("{}/stripe/v1/payment_intents/{}?expand%5B0%5D=latest_charge.refunds", cloud.urls.outside, intent(&placed["payment"]));
    let at_stripe = cloud.anonymous().with("authorization", format!("Bearer {SECRET_KEY}")).raw(Method::GET, &url, None, Vec::new()).await;
    assert_eq!(at_stripe.is(200)["latest_charge"]["refunds"]["data"][0]["reason"], "requested_by_customer");
    assert_eq!(cloud.of_kind("order_record").await[0]["refunded"]["N"], "1000");
    assert!(cloud.of_kind("payment_removal").await.is_empty());
}

/// What staff have given back in Stripe's dashboard instead of a refund that was promised is not given back twice after its buyer has left.
/// What is missing then is owed.
/// Promise: refund-owed, order-leaving
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_dashboard_gives_back_of_a_promised_refund_is_not_given_back_twice() {
    for (in_the_dashboard, missing) in [(1500, None), (1000, Some(500))] {
        let cloud = Cloud::start().await;
        let (_, products) = shop(&cloud, 1).await;
        let (ida, app) = cloud.staff("ida", "administrator").await;
        let (ana, stripe) = (cloud.buyer("ana", PHONE).await, &cloud.outside.stripe);
        let placed = paid_order(&cloud, &ana, "one", &products[0], 5).await;
        become_state(&ida, &ana, &placed, "shipped").await.is(200);
        refund(&ida, &placed, "a", 1000).await.is(201);
        cloud.settle().await;
        stripe.be(Mode::Down);
        refund(&ida, &placed, "b", 1500).await.is_problem(503, "unavailable");
        leaves(&cloud, &ana).await;
        pay(&cloud, &placed, Act::Refund(Some(in_the_dashboard)));
        cloud.settle().await;
        stripe.be(Mode::Well);
        let done = u64::from(missing.is_none());
        assert_eq!((run(&cloud, WEBHOOK).await["payments"].clone(), refunds(&cloud)), (json!(done), 2));
        cloud.settle().await;
        let ida = cloud.sign_in_with(&cloud.anonymous(), "ida", &app).await;
        let rest: Vec<Value> = owed(&ida).await.into_iter().map(|alert| alert["owed"].clone()).collect();
        assert_eq!(rest, missing.map(zloty).into_iter().collect::<Vec<_>>());
        if let Some(missing) = missing {
            pay(&cloud, &placed, Act::Refund(i64::try_from(missing).ok()));
            // The event and the schedule write the record at the same time.
            assert_eq!(run(&cloud, WEBHOOK).await["payments"], 1);
            cloud.settle().await;
        }
        assert!(cloud.of_kind("payment_alert").await.is_empty() && cloud.of_kind("payment_removal").await.is_empty());
        assert_eq!(cloud.of_kind("order_record").await[0]["refunded"]["N"], "2500");
    }
}

/// Somebody schedules the deletion of their account, and it is made.
async fn leaves(cloud: &Cloud, ana: &Caller) {
    let scheduled = schedule(ana).await;
    until_due(cloud, &scheduled).await;
    assert_eq!(run(cloud, SWEEP).await["claimed"], 1);
    cloud.settle().await;
}

/// Staff see an alert that does not name who has left, until the money is given back at Stripe.
async fn is_owed_until_given_back(cloud: &Cloud, ana: &Caller, placed: &Value) {
    assert_eq!((run(cloud, WEBHOOK).await["payments"].clone(), refunds(cloud)), (json!(0), 1));
    let alerts = cloud.of_kind("payment_alert").await;
    assert!(alerts.len() == 1 && !json!(alerts).to_string().contains(&ana.id()), "{alerts:?}");
    items::are_as_described(cloud).await;
    pay(cloud, placed, Act::Refund(None));
    // The event and the schedule write the record at the same time.
    assert_eq!(run(cloud, WEBHOOK).await["payments"], 1);
    cloud.settle().await;
    assert!(cloud.of_kind("payment_alert").await.is_empty() && cloud.of_kind("payment_removal").await.is_empty());
}

/// If the buyer's bank has refused a refund, staff see it until the money is given back, also after the buyer has left, whom it no longer
/// names.
/// Promise: refund-owed, order-leaving, staff-work
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_of_somebody_who_has_left_is_owed_until_it_is_given_back() {
    let cloud = Cloud::start().await;
    let (_, products) = shop(&cloud, 1).await;
    let ana = cloud.buyer("ana", PHONE).await;
    let placed = order(&ana, "one", &products[0], 1).await;
    change_at_stripe(&cloud, &placed["payment"], "amount=900".to_owned()).await;
    for act in [card(VISA), Act::FailRefunds] {
        pay(&cloud, &placed, act);
        cloud.settle().await;
    }
    assert_eq!(ttl_of_failed(&cloud).await.len(), 1);
    leaves(&cloud, &ana).await;
    is_owed_until_given_back(&cloud, &ana, &placed).await;
}

/// A part of an order that is kept, whose refund the bank has refused, is owed after its buyer has left, too.
/// Promise: refund-owed, order-leaving
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_failed_refund_of_a_shipped_order_is_owed_after_its_buyer_has_left() {
    let cloud = Cloud::start().await;
    let (staff, products) = shop(&cloud, 1).await;
    let ana = cloud.buyer("ana", PHONE).await;
    let placed = paid_order(&cloud, &ana, "one", &products[0], 3).await;
    become_state(&staff, &ana, &placed, "shipped").await.is(200);
    let (placed, _) = sent_back(&cloud, &staff, placed, 1000).await;
    leaves(&cloud, &ana).await;
    is_owed_until_given_back(&cloud, &ana, &placed).await;
}

/// What is given back to somebody who has left is not shown as owed, even before Stripe has told of it: of an order that has ended the rest
/// of what has come back is, and of one that is kept the refunds that have failed.
/// Promise: refund-owed, order-leaving
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_just_given_back_to_somebody_who_has_left_is_not_owed() {
    for is_shipped in [false, true] {
        let cloud = Cloud::start().await;
        let (staff, products) = shop(&cloud, 1).await;
        let (ana, stripe) = (cloud.buyer("ana", PHONE).await, &cloud.outside.stripe);
        let placed = paid_order(&cloud, &ana, "one", &products[0], 3).await;
        if is_shipped {
            become_state(&staff, &ana, &placed, "shipped").await.is(200);
        }
        let (placed, _) = sent_back(&cloud, &staff, placed, 1000).await;
        let scheduled = schedule(&ana).await;
        stripe.be(Mode::Down);
        if is_shipped {
            refund(&staff, &placed, "b", 500).await.is_problem(503, "unavailable");
        }
        until_due(&cloud, &scheduled).await;
        assert_eq!(run(&cloud, SWEEP).await["claimed"], 1);
        cloud.settle().await;
        assert!(cloud.of_kind("order").await.is_empty());
        stripe.be(Mode::Well);
        assert_eq!((run(&cloud, WEBHOOK).await["payments"].clone(), refunds(&cloud)), (json!(0), 2), "{is_shipped}");
        let alerts = cloud.of_kind("payment_alert").await;
        // What was requested after a refund of an order that is kept had failed makes up for it.
        let left = if is_shipped { "500" } else { "1000" };
        assert_eq!((alerts.len(), &alerts[0]["owed"]["M"]["amount"]["N"]), (1, &json!(left)), "{is_shipped}");
        cloud.settle().await;
        run(&cloud, WEBHOOK).await;
        assert_eq!(cloud.of_kind("payment_alert").await, alerts, "{is_shipped}, and Stripe has told of it");
    }
}

/// What staff give back in Stripe's dashboard after a refund has failed is not owed any more.
/// Promise: refund-owed, order-refund-failed
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_given_back_in_stripes_dashboard_is_not_owed() {
    let cloud = Cloud::start().await;
    let (staff, products) = shop(&cloud, 1).await;
    let ana = cloud.buyer("ana", PHONE).await;
    let placed = paid_order(&cloud, &ana, "one", &products[0], 3).await;
    let (placed, _) = sent_back(&cloud, &staff, placed, 1000).await;
    pay(&cloud, &placed, Act::Refund(None));
    cloud.settle().await;
    assert_eq!((owed(&staff).await.len(), &shown(&staff, &placed).await["state"]), (0, &json!("refunded")));
}

/// What a bank sends back after it was given back to somebody who has left is owed, too, whatever they had paid.
/// Promise: refund-owed, order-leaving, staff-work
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_that_comes_back_after_its_buyer_has_left_is_owed() {
    for amount in [2000, 900] {
        let cloud = Cloud::start().await;
        let (_, products) = shop(&cloud, 1).await;
        let ana = cloud.buyer("ana", PHONE).await;
        let placed = order(&ana, "one", &products[0], 2).await;
        change_at_stripe(&cloud, &placed["payment"], format!("amount={amount}")).await;
        pay(&cloud, &placed, card(VISA));
        cloud.settle().await;
        leaves(&cloud, &ana).await;
        // What was paid instead had been given back before.
        let given_now = u64::from(amount == 2000);
        assert_eq!((run(&cloud, WEBHOOK).await["payments"].clone(), refunds(&cloud)), (json!(given_now), 1), "{amount}");
        cloud.settle().await;
        assert!(cloud.of_kind("payment_removal").await.is_empty() && cloud.of_kind("payment_alert").await.is_empty());
        pay(&cloud, &placed, Act::FailRefunds);
        cloud.settle().await;
        is_owed_until_given_back(&cloud, &ana, &placed).await;
    }
}

/// Delivers all events, the last one first, each twice.
async fn deliver_backwards(cloud: &Cloud) {
    cloud.settle().await;
    let stripe = &cloud.outside.stripe;
    for event in stripe.events().into_iter().rev() {
        for _ in 0..2 {
            assert_eq!(stripe.deliver(&cloud.core(), &event.id).await, Ok(200), "{event:?}");
        }
    }
}

/// An order of which 1000 and 500 of 3000 were given back before its buyer left, and both have come back: before Stripe's first news of the
/// refunds, or after it. With the administrator, whose session has ended meanwhile.
async fn parts_that_have_come_back(is_late: bool) -> (Cloud, Caller, Value) {
    let cloud = Cloud::start().await;
    let (_, products) = shop(&cloud, 1).await;
    let (ida, app) = cloud.staff("ida", "administrator").await;
    let (ana, stripe) = (cloud.buyer("ana", PHONE).await, &cloud.outside.stripe);
    let placed = paid_order(&cloud, &ana, "one", &products[0], 3).await;
    become_state(&ida, &ana, &placed, "shipped").await.is(200);
    if is_late {
        stripe.send_webhooks(Webhooks::Held);
    }
    for (key, amount) in [("a", 1000), ("b", 500)] {
        refund(&ida, &placed, key, amount).await.is(201);
    }
    cloud.settle().await;
    if is_late {
        // The schedule hears nothing either.
        stripe.be(Mode::Down);
    }
    leaves(&cloud, &ana).await;
    stripe.be(Mode::Well);
    assert!(cloud.of_kind("payment_removal").await.is_empty() && cloud.of_kind("payment_alert").await.is_empty());
    pay(&cloud, &placed, Act::FailRefunds);
    deliver_backwards(&cloud).await;
    stripe.send_webhooks(Webhooks::AtOnce);
    cloud.settle().await;
    assert_eq!((run(&cloud, WEBHOOK).await["payments"].clone(), refunds(&cloud)), (json!(0), 2), "a bank has refused them");
    let ida = cloud.sign_in_with(&cloud.anonymous(), "ida", &app).await;
    (cloud, ida, placed)
}

/// The parts of an order that is kept, which a bank sends back after its buyer has left, are owed, once and with their amount, in whatever
/// order Stripe tells it, until as much is given back.
/// Promise: refund-owed, order-leaving, staff-work
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_that_come_back_after_their_buyer_has_left_are_owed() {
    for is_late in [false, true] {
        let (cloud, ida, placed) = parts_that_have_come_back(is_late).await;
        let first = owed(&ida).await;
        assert_eq!((first.len(), &first[0]["owed"], first[0].get("user")), (1, &zloty(1500), None), "{is_late}");
        assert_eq!((&first[0]["amount"], &first[0]["id"]), (&zloty(3000), &placed["id"]));
        deliver_backwards(&cloud).await;
        run(&cloud, WEBHOOK).await;
        assert_eq!(owed(&ida).await, first, "once");
        items::are_as_described(&cloud).await;
        pay(&cloud, &placed, Act::Refund(Some(400)));
        cloud.settle().await;
        assert_eq!(run(&cloud, WEBHOOK).await["payments"], 0);
        let rest = owed(&ida).await;
        assert_eq!((rest.len(), &rest[0]["owed"]), (1, &zloty(1100)));
        give_outside(&ida, &first[0], zloty(1500)).await.is_problem(412, "version_mismatch");
        pay(&cloud, &placed, Act::Refund(Some(1100)));
        // The event and the schedule write the record at the same time.
        assert_eq!(run(&cloud, WEBHOOK).await["payments"], 1);
        cloud.settle().await;
        assert!(cloud.of_kind("payment_alert").await.is_empty() && cloud.of_kind("payment_removal").await.is_empty());
        assert_eq!(cloud.of_kind("order_record").await[0]["refunded"]["N"], "1500");
    }
}

/// Parts of an order that staff have given back outside Stripe after its buyer had left are not owed again. Of what comes back later only
/// that is owed.
/// Promise: refund-outside, refund-owed, order-leaving
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_that_were_given_back_outside_stripe_are_not_owed_again() {
    let (cloud, ida, placed) = parts_that_have_come_back(false).await;
    give_outside(&ida, &owed(&ida).await[0], zloty(600)).await.is(204);
    let rest = owed(&ida).await;
    run(&cloud, WEBHOOK).await;
    assert_eq!((owed(&ida).await, rest.len(), &rest[0]["owed"]), (rest.clone(), 1, &zloty(900)));
    assert_eq!(give_outside(&ida, &rest[0], zloty(901)).await.field_errors(), ["/amount/amount range"]);
    give_outside(&ida, &rest[0], zloty(900)).await.is(204);
    for act in [Act::Dispute, Act::WinDispute] {
        pay(&cloud, &placed, act);
        cloud.settle().await;
    }
    run(&cloud, WEBHOOK).await;
    assert!(owed(&ida).await.is_empty() && cloud.of_kind("payment_removal").await.is_empty());
    for act in [Act::Refund(Some(300)), Act::FailRefunds] {
        pay(&cloud, &placed, act);
        cloud.settle().await;
    }
    run(&cloud, WEBHOOK).await;
    let again = owed(&ida).await;
    assert_eq!((again.len(), &again[0]["owed"]), (1, &zloty(300)));
    items::are_as_described(&cloud).await;
}

/// What a bank sends back at the moment at which its refund is recorded is owed, too.
/// Promise: refund-owed, order-leaving
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_that_comes_back_while_its_refund_is_recorded_is_owed() {
    let cloud = Cloud::start().await;
    let (_, products) = shop(&cloud, 1).await;
    let (ana, stripe) = (cloud.buyer("ana", PHONE).await, &cloud.outside.stripe);
    let placed = paid_order(&cloud, &ana, "one", &products[0], 2).await;
    leaves(&cloud, &ana).await;
    stripe.send_webhooks(Webhooks::Held);
    let record = Target::of(WEBHOOK, Service::DynamoDb, "TransactWriteItems").times(1);
    let held = cloud.aws.faults.script(record, Fault::Held);
    let bank = async {
        held.applied().await;
        pay(&cloud, &placed, Act::FailRefunds);
        let failed = stripe.events().last().unwrap().id.clone();
        assert_eq!(stripe.deliver(&cloud.core(), &failed).await, Ok(200));
        held.end();
    };
    let both = async { tokio::join!(run(&cloud, WEBHOOK), bank) };
    let (report, ()) = tokio::time::timeout(PATIENCE, both).await.expect("the refund is recorded");
    assert_eq!((&report["payments"], refunds(&cloud)), (&json!(1), 1));
    stripe.send_webhooks(Webhooks::AtOnce);
    is_owed_until_given_back(&cloud, &ana, &placed).await;
}

/// What is to be given back because its buyer has left, who disputes the payment, is given back when the dispute is over: by Stripe if the
/// buyer has lost it, otherwise the bank has done so.
/// Promise: refund-owed, order-leaving
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disputed_payment_of_somebody_who_has_left_is_given_back_after_the_dispute() {
    for (end, made) in [(Act::WinDispute, 1), (Act::LoseDispute, 0)] {
        let cloud = Cloud::start().await;
        let (_, products) = shop(&cloud, 1).await;
        let ana = cloud.buyer("ana", PHONE).await;
        let placed = paid_order(&cloud, &ana, "one", &products[0], 2).await;
        pay(&cloud, &placed, Act::Dispute);
        cloud.settle().await;
        leaves(&cloud, &ana).await;
        for _ in 0..2 {
            assert_eq!((run(&cloud, WEBHOOK).await["payments"].clone(), refunds(&cloud)), (json!(0), 0));
        }
        assert_eq!((cloud.of_kind("payment_removal").await.len(), ttl_of_failed(&cloud).await.len()), (1, 0));
        pay(&cloud, &placed, end);
        cloud.settle().await;
        assert_eq!((run(&cloud, WEBHOOK).await["payments"].clone(), refunds(&cloud)), (json!(1), made));
        cloud.settle().await;
        assert!(cloud.of_kind("payment_removal").await.is_empty() && cloud.of_kind("payment_alert").await.is_empty());
        assert_eq!(cloud.of_kind("order_record").await[0]["refunded"]["N"], "2000");
        items::are_as_described(&cloud).await;
    }
}

/// A part of an order that is kept, which the bank of a buyer who disputes it has sent back, is owed when the buyer has lost the dispute:
/// otherwise the bank has given it back.
/// Promise: refund-owed, order-leaving
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_that_has_come_back_is_not_owed_while_its_payment_is_disputed() {
    for (end, is_owed) in [(Act::WinDispute, true), (Act::LoseDispute, false)] {
        let cloud = Cloud::start().await;
        let (staff, products) = shop(&cloud, 1).await;
        let ana = cloud.buyer("ana", PHONE).await;
        let placed = paid_order(&cloud, &ana, "one", &products[0], 3).await;
        become_state(&staff, &ana, &placed, "shipped").await.is(200);
        let (placed, _) = sent_back(&cloud, &staff, placed, 1000).await;
        pay(&cloud, &placed, Act::Dispute);
        cloud.settle().await;
        leaves(&cloud, &ana).await;
        let waiting = async || (cloud.of_kind("payment_removal").await.len(), ttl_of_failed(&cloud).await.len());
        assert_eq!((run(&cloud, WEBHOOK).await["payments"].clone(), waiting().await), (json!(0), (1, 0)));
        pay(&cloud, &placed, end);
        cloud.settle().await;
        let done = u64::from(!is_owed);
        assert_eq!((run(&cloud, WEBHOOK).await["payments"].clone(), refunds(&cloud)), (json!(done), 1));
        assert_eq!(waiting().await, if is_owed { (1, 1) } else { (0, 0) });
        items::are_as_described(&cloud).await;
    }
}

/// Alerts of paid orders of somebody who has left, whose refunds Stripe has refused and would make now. With the administrator, whose
/// session has ended meanwhile.
async fn refused_to_somebody_who_has_left(cloud: &Cloud, number: usize) -> (Caller, Vec<Value>) {
    cloud.limits.lift(true);
    let (_, products) = shop(cloud, 1).await;
    let (_, app) = cloud.staff("ida", "administrator").await;
    let ana = cloud.buyer("ana", PHONE).await;
    let mut orders = Vec::new();
    for n in 0..number {
        orders.push(paid_order(cloud, &ana, &n.to_string(), &products[0], 1).await);
    }
    for order in &orders {
        pay(cloud, order, Act::RefuseRefunds(true));
    }
    leaves(cloud, &ana).await;
    assert_eq!((run(cloud, WEBHOOK).await["payments"].clone(), refunds(cloud)), (json!(0), 0));
    for order in &orders {
        pay(cloud, order, Act::RefuseRefunds(false));
    }
    let ida = cloud.sign_in_with(&cloud.anonymous(), "ida", &app).await;
    let alerts = owed(&ida).await;
    assert!(alerts.len() == number && alerts.iter().all(|alert| alert["owed"] == zloty(1000)), "{alerts:?}");
    (ida, alerts)
}

/// While Stripe is asked for a refund, staff cannot say that they have given the money back outside Stripe.
/// Promise: refund-outside, refund-owed
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_is_not_given_back_outside_stripe_while_stripe_is_asked_for_it() {
    let cloud = Cloud::start().await;
    let (ida, alerts) = refused_to_somebody_who_has_left(&cloud, 1).await;
    let stripe = &cloud.outside.stripe;
    stripe.hold("POST /refunds");
    let staff = async {
        while stripe.in_progress() == 0 {
            tokio::task::yield_now().await;
        }
        for amount in [400, 1000] {
            give_outside(&ida, &alerts[0], zloty(amount)).await.is_problem(409, "conflict");
        }
        stripe.release();
    };
    let both = async { tokio::join!(run(&cloud, WEBHOOK), staff) };
    let (report, ()) = tokio::time::timeout(PATIENCE, both).await.expect("the refund is made");
    assert_eq!((&report["payments"], refunds(&cloud)), (&json!(1), 1));
    give_outside(&ida, &alerts[0], zloty(1000)).await.is(204);
    cloud.settle().await;
    let record = &cloud.of_kind("order_record").await[0];
    assert_eq!(["refunded", "outside"].map(|name| record[name]["N"].clone()), [json!("1000"), json!("0")]);
    assert!(owed(&ida).await.is_empty() && cloud.of_kind("payment_removal").await.is_empty());
}

/// What staff have recorded as given back outside Stripe just before the schedule would ask for it is not asked for.
/// Promise: refund-outside, refund-owed
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stripe_is_not_asked_for_money_that_was_just_given_back_outside() {
    let cloud = Cloud::start().await;
    let (ida, alerts) = refused_to_somebody_who_has_left(&cloud, 1).await;
    let held = cloud.aws.faults.script(Target::of(WEBHOOK, Service::DynamoDb, "UpdateItem").times(1), Fault::Held);
    let staff = async {
        held.applied().await;
        give_outside(&ida, &alerts[0], zloty(1000)).await.is(204);
        held.end();
    };
    let both = async { tokio::join!(run(&cloud, WEBHOOK), staff) };
    let (report, ()) = tokio::time::timeout(PATIENCE, both).await.expect("it is recorded");
    assert_eq!((&report["payments"], refunds(&cloud)), (&json!(0), 0));
    assert_eq!(cloud.of_kind("order_record").await[0]["outside"]["N"], "1000");
    assert!(owed(&ida).await.is_empty() && cloud.of_kind("payment_removal").await.is_empty());
}

/// What is to be given back with a secret key that may not make refunds is owed, staff see why and may give it back outside, and operators
/// are told. It is given back as soon as the key may do that.
/// Promise: refund-owed, refund-outside, staff-work
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_key_may_not_give_back_is_owed_until_it_may() {
    let cloud = Cloud::start().await;
    let (_, products) = shop(&cloud, 1).await;
    let (_, app) = cloud.staff("ida", "administrator").await;
    let (ana, stripe) = (cloud.buyer("ana", PHONE).await, &cloud.outside.stripe);
    for key in ["one", "two"] {
        paid_order(&cloud, &ana, key, &products[0], 1).await;
    }
    stripe.forbid(Some("POST /refunds"));
    leaves(&cloud, &ana).await;
    assert!(!try_run(&cloud).await, "operators are told");
    let ida = cloud.sign_in_with(&cloud.anonymous(), "ida", &app).await;
    let alerts = owed(&ida).await;
    assert!(alerts.len() == 2 && alerts.iter().all(|alert| alert["owed"] == zloty(1000) && alert["not_allowed"] == true), "{alerts:?}");
    assert!(cloud.of_kind("payment_removal").await.iter().all(|removal| removal["unanswered"]["N"] == "0"));
    give_outside(&ida, &alerts[0], zloty(1000)).await.is(204);
    assert!(!try_run(&cloud).await);
    assert_eq!((owed(&ida).await.as_slice(), refunds(&cloud)), (&alerts[1..], 0), "nothing new");
    items::are_as_described(&cloud).await;
    stripe.forbid(None);
    assert_eq!((run(&cloud, WEBHOOK).await["payments"].clone(), refunds(&cloud)), (json!(1), 1));
    cloud.settle().await;
    assert!(owed(&ida).await.is_empty() && cloud.of_kind("payment_removal").await.is_empty());
}

/// What Stripe has given back is not given back outside Stripe too, although it could not be recorded yet.
/// Promise: refund-outside, refund-owed
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_whose_refund_is_not_recorded_yet_is_not_given_back_outside_stripe() {
    let cloud = Cloud::start().await;
    let (ida, alerts) = refused_to_somebody_who_has_left(&cloud, 1).await;
    cloud.outside.stripe.send_webhooks(Webhooks::Held);
    let down = cloud.aws.faults.script(Target::of(WEBHOOK, Service::DynamoDb, "TransactWriteItems"), Fault::Internal);
    assert!(!try_run(&cloud).await && down.hits() > 0);
    down.end();
    assert_eq!(refunds(&cloud), 1);
    for amount in [400, 1000] {
        give_outside(&ida, &alerts[0], zloty(amount)).await.is_problem(409, "conflict");
    }
    assert_eq!((run(&cloud, WEBHOOK).await["payments"].clone(), refunds(&cloud)), (json!(1), 1));
    assert!(owed(&ida).await.is_empty() && cloud.of_kind("payment_removal").await.is_empty());
}

/// Money that the schedule and staff give back at the same time is given back once: at Stripe, or outside.
/// Promise: refund-outside, refund-owed
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_that_is_given_back_at_stripe_and_outside_at_once_is_given_back_once() {
    let cloud = Cloud::start().await;
    let (ida, alerts) = refused_to_somebody_who_has_left(&cloud, 9).await;
    let staff = async {
        let all = alerts.iter().map(|alert| give_outside(&ida, alert, zloty(1000)));
        futures_util::future::join_all(all).await
    };
    let (_, replies) = tokio::join!(run(&cloud, WEBHOOK), staff);
    assert!(replies.iter().all(|reply| [204, 409].contains(&reply.status.as_u16())), "{replies:?}");
    run(&cloud, WEBHOOK).await;
    cloud.settle().await;
    let records = cloud.of_kind("order_record").await;
    let given = |name: &str| records.iter().filter(|record| record[name]["N"] == "1000").count();
    assert_eq!((records.len(), given("refunded") + given("outside"), given("refunded")), (9, 9, refunds(&cloud)));
    assert!(owed(&ida).await.is_empty() && cloud.of_kind("payment_removal").await.is_empty());
    items::are_as_described(&cloud).await;
}

/// What is to be given back because its buyer has left is not forgotten when Stripe refuses it: it is asked for until it is made, and staff
/// see it until then, without the buyer.
/// Promise: refund-owed, order-leaving, stripe-outage, staff-work
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_of_somebody_who_has_left_is_given_back_although_stripe_refuses_at_first() {
    let cloud = Cloud::start().await;
    let (_, products) = shop(&cloud, 1).await;
    let ana = cloud.buyer("ana", PHONE).await;
    let placed = paid_order(&cloud, &ana, "one", &products[0], 2).await;
    let scheduled = schedule(&ana).await;
    until_due(&cloud, &scheduled).await;
    // Stripe refuses a second request with a key for a day.
    let url = format!("{}/stripe/v1/customers", cloud.urls.outside);
    let key = format!("refund-{}-removal-2000", intent(&placed["payment"]));
    let account = cloud.anonymous().with("authorization", format!("Bearer {SECRET_KEY}")).with("idempotency-key", key);
    account.raw(Method::POST, &url, Some("application/x-www-form-urlencoded"), b"name=other".to_vec()).await.is(200);
    assert_eq!(run(&cloud, SWEEP).await["claimed"], 1);
    cloud.settle().await;
    assert_eq!(run(&cloud, WEBHOOK).await["payments"], 0);
    assert_eq!((refunds(&cloud), cloud.of_kind("payment_removal").await.len()), (0, 1));
    let alerts = cloud.of_kind("payment_alert").await;
    assert!(alerts.len() == 1 && !json!(alerts).to_string().contains(&ana.id()), "{alerts:?}");
    cloud.advance(DAY).await;
    cloud.advance(QUARTER * 2).await;
    assert_eq!((refunds(&cloud), &payments(&cloud, &placed)[0]["latest_charge"]["amount_refunded"]), (1, &json!(2000)));
    assert!(cloud.of_kind("payment_removal").await.is_empty() && cloud.of_kind("payment_alert").await.is_empty());
}
