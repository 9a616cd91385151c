//! Plans: buying them by card, with the same payments as donations, and what people get who have paid.

use std::{collections::BTreeSet, net::Ipv4Addr, time::Duration};

use futures_util::future::join_all;
use local::{
    aws::{
        Service,
        faults::{Fault, Target},
    },
    outside::{
        Mode,
        captcha::{SECRET, Solved},
        stripe::{Act, SECRET_KEY, Webhooks},
    },
};
use reqwest::Method;
use tests::{Caller, Cloud, PASSWORD, PATIENCE, Value, json};

use crate::{
    card_orders::{order, paid_order, refunds, stored_stock, try_run},
    card_refunds::{change_at_stripe, give_outside},
    cart::{put, shop},
    deletion::{FALLBACK, PURGE, SWEEP, assert_gone, run, schedule, until_due},
    donations::{self, VISA, WEBHOOK, act, card, intent},
    items,
    orders::{PHONE, ask_to_pay},
};

const PLANS: &str = "/v1/plans";
const PAYMENTS: &str = "/v1/plan-payments";
const MINE: &str = "/v1/me/plan";
/// A test card that is refused.
const REFUSED: &str = "4000000000000002";
const HOUR: Duration = Duration::from_secs(3600);

async fn buy(buyer: &Caller, plan: &str) -> Value {
    buyer.with("idempotency-key", format!("buy-{plan}")).post(PAYMENTS, json!({ "plan": plan })).await.is(201)
}

async fn seen(buyer: &Caller, begun: &Value) -> Value {
    buyer.get(&format!("{PAYMENTS}/{}", begun["id"].as_str().unwrap())).await.is(200)
}

/// The id of the plan that somebody has.
async fn plan_of(buyer: &Caller) -> Value {
    buyer.get(MINE).await.is(200)["plan"]["id"].clone()
}

async fn pay(cloud: &Cloud, buyer: &Caller, plan: &str) -> Value {
    let begun = buy(buyer, plan).await;
    act(cloud, &begun, card(VISA));
    cloud.settle().await;
    begun
}

/// Three plans are sold, each is paid for once, and whoever has paid has it from then on, with one receipt in their language.
/// Promise: plan-paid
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_is_paid_and_given() {
    let cloud = Cloud::start().await;
    let sold = cloud.anonymous().get(PLANS).await.is(200);
    let priced: Vec<_> = sold["items"].as_array().unwrap().iter().map(|plan| (&plan["id"], &plan["price"]["amount"])).collect();
    assert_eq!(priced, [(&json!("basic"), &json!(1225)), (&json!("standard"), &json!(2500)), (&json!("premium"), &json!(5000))]);
    assert!(sold["publishable_key"].as_str().unwrap().starts_with("pk_test_") && sold.get("captcha").is_none());
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let version = ben.get("/v1/me").await.header("etag");
    ben.with("if-match", version).patch("/v1/me", json!({ "language": "pl" })).await.is(200);
    for (buyer, name, subject, lead) in [
        (&ana, "Basic", "Your plan: Basic", "We have received £12.25 for the plan Basic"),
        (&ben, "Podstawowy", "Twój plan: Podstawowy", "Otrzymaliśmy 12,25\u{a0}GBP za plan Podstawowy"),
    ] {
        let begun = buy(buyer, "basic").await;
        assert_eq!((&begun["state"], &begun["plan"], &begun["name"]), (&json!("pending_payment"), &json!("basic"), &json!(name)));
        assert_eq!(begun["amount"], json!({ "amount": 1225, "currency": "GBP" }));
        // Whoever says that they have paid has not.
        assert_eq!((seen(buyer, &begun).await["state"].clone(), plan_of(buyer).await), (json!("pending_payment"), Value::Null));
        act(&cloud, &begun, card(VISA));
        cloud.settle().await;
        let paid = seen(buyer, &begun).await;
        let mine = buyer.get(MINE).await.is(200);
        assert_eq!((&paid["state"], &mine["plan"]["name"], &mine["paid_at"]), (&json!("paid"), &json!(name), &paid["paid_at"]));
        let mails = cloud.mails_to(&buyer.email()).await;
        assert_eq!((mails.len(), mails[0].subject.as_str()), (1, subject));
        assert!(mails[0].text.contains(lead) && mails[0].text.contains(begun["id"].as_str().unwrap()), "{}", mails[0].text);
        assert_eq!(buyer.get(PAYMENTS).await.is(200)["items"][0]["id"], begun["id"]);
    }
}

/// The dearest paid plan counts. What is given back or disputed is taken away, and what was paid before is there again, as is a plan whose
/// dispute was won.
/// Promise: plan-reversed
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_or_a_dispute_takes_a_plan_away() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let standard = pay(&cloud, &ana, "standard").await;
    for held in ["basic", "standard"] {
        let again = ana.with("idempotency-key", "again").post(PAYMENTS, json!({ "plan": held })).await;
        again.is_problem(409, "plan_held");
    }
    assert_eq!(cloud.outside.stripe.payments().len(), 1, "nobody pays for what they have");
    let premium = pay(&cloud, &ana, "premium").await;
    assert_eq!(plan_of(&ana).await, "premium");
    act(&cloud, &premium, Act::Refund(Some(100)));
    cloud.settle().await;
    assert_eq!(plan_of(&ana).await, "premium", "a part of the price was given back");
    act(&cloud, &premium, Act::Refund(None));
    cloud.settle().await;
    assert_eq!((plan_of(&ana).await, seen(&ana, &premium).await["state"].clone()), (json!("standard"), json!("refunded")));
    act(&cloud, &standard, Act::Dispute);
    cloud.settle().await;
    assert_eq!((plan_of(&ana).await, seen(&ana, &standard).await["disputed"].clone()), (Value::Null, json!(true)));
    pay(&cloud, &ana, "basic").await;
    assert_eq!(plan_of(&ana).await, "basic");
    act(&cloud, &standard, Act::WinDispute);
    cloud.settle().await;
    assert_eq!(plan_of(&ana).await, "standard");
}

/// Staff see disputes of donations, plans and orders in one list, until they are won.
/// Promise: staff-work, plan-reversed
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_see_what_is_disputed() {
    let cloud = Cloud::start().await;
    let (staff, products) = shop(&cloud, 1).await;
    let ana = cloud.buyer("ana", PHONE).await;
    let donation = donations::begin(&ana, "gift").await;
    act(&cloud, &donation, card(VISA));
    let (order, plan) = (paid_order(&cloud, &ana, "one", &products[0], 1).await, pay(&cloud, &ana, "basic").await);
    let all = [&donation, &order["payment"], &plan];
    let seen = async || {
        cloud.settle().await;
        let count = staff.get("/v1/admin/work").await.is(200)["disputes"]["count"].as_u64().unwrap();
        let listed = staff.get("/v1/admin/payment-alerts?alert=disputed").await.is(200)["items"].as_array().unwrap().clone();
        (count, listed)
    };
    assert_eq!(seen().await, (0, Vec::new()));
    for payment in all {
        act(&cloud, payment, Act::Dispute);
    }
    let (count, listed) = seen().await;
    let told: Vec<_> = listed.iter().map(|one| (one["kind"].as_str().unwrap(), &one["id"], one["intent"].clone())).collect();
    let expected = [("donation", &donation["id"], all[0]), ("order", &order["id"], all[1]), ("plan_payment", &plan["id"], all[2])];
    assert_eq!((count, told), (3, expected.map(|(kind, id, payment)| (kind, id, json!(intent(payment)))).to_vec()));
    assert!(listed.iter().all(|one| one["username"] == "ana"), "{listed:?}");
    let page = staff.get("/v1/admin/payment-alerts?limit=1").await.is(200);
    let next = staff.get(&format!("/v1/admin/payment-alerts?limit=1&cursor={}", page["next_cursor"].as_str().unwrap())).await.is(200);
    assert_eq!(next["items"][0]["id"], order["id"]);
    assert_eq!(staff.get("/v1/admin/orders?alert=disputed").await.is(200)["items"].as_array().unwrap().len(), 1);
    ana.get("/v1/admin/payment-alerts").await.is_problem(403, "forbidden");
    items::are_as_described(&cloud).await;
    for payment in all {
        act(&cloud, payment, Act::WinDispute);
    }
    assert_eq!(seen().await, (0, Vec::new()));
}

/// What is paid instead of a donation or a plan is given back, gives nothing, and is shown to staff.
/// Promise: plan-paid, staff-work
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_of_something_else_gives_nothing() {
    let cloud = Cloud::start().await;
    let (staff, _) = cloud.staff("ida", "administrator").await;
    let ana = cloud.member("ana").await;
    let begun = [donations::begin(&ana, "one").await, buy(&ana, "premium").await];
    for payment in &begun {
        change_at_stripe(&cloud, payment, "amount=500".to_owned()).await;
        act(&cloud, payment, card(VISA));
    }
    cloud.settle().await;
    assert_eq!(
        (donations::seen(&ana, &begun[0]).await["state"].clone(), seen(&ana, &begun[1]).await["state"].clone()),
        (json!("cancelled"), json!("cancelled"))
    );
    assert_eq!((plan_of(&ana).await, refunds(&cloud), cloud.mails_to(&ana.email()).await.len()), (Value::Null, 2, 0));
    assert_eq!(staff.get("/v1/admin/work").await.is(200)["wrong_payments"]["count"], 2);
    cloud.advance(HOUR * 2).await;
    assert_eq!((run(&cloud, WEBHOOK).await["checked"].clone(), refunds(&cloud)), (json!(0), 2), "nobody looks at them any more");
}

/// The payments whose refund has failed, as staff see them, when all pending work is done. They are counted, too, and do not expire.
async fn failed_refunds(cloud: &Cloud, staff: &Caller) -> Vec<Value> {
    cloud.settle().await;
    let listed = staff.get("/v1/admin/payment-alerts?alert=refund_failed").await.is(200)["items"].as_array().unwrap().clone();
    assert_eq!(staff.get("/v1/admin/work").await.is(200)["failed_refunds"]["count"], listed.len());
    let stored = cloud.of_kind("payment_alert").await;
    let kept = stored.iter().filter(|alert| alert["alert"]["S"] == "refund_failed").filter(|alert| alert["ttl"].is_null()).count();
    assert_eq!(kept, listed.len());
    listed
}

/// If the payer's bank refuses the refund of what was paid instead of a donation or a plan, staff see it until it is given back in Stripe's
/// dashboard. It is not asked for again by itself.
/// Promise: plan-paid, staff-work
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_see_that_what_was_given_back_has_come_back() {
    let cloud = Cloud::start().await;
    let (staff, _) = cloud.staff("ida", "administrator").await;
    let ana = cloud.member("ana").await;
    let begun = [donations::begin(&ana, "one").await, buy(&ana, "premium").await];
    for payment in &begun {
        change_at_stripe(&cloud, payment, "amount=500".to_owned()).await;
        act(&cloud, payment, card(VISA));
    }
    let failed = async || failed_refunds(&cloud, &staff).await.into_iter().map(|one| one["id"].clone()).collect::<Vec<_>>();
    assert!(failed().await.is_empty());
    for payment in &begun {
        act(&cloud, payment, Act::FailRefunds);
    }
    assert_eq!(failed().await, [begun[0]["id"].clone(), begun[1]["id"].clone()]);
    run(&cloud, WEBHOOK).await;
    assert_eq!(refunds(&cloud), 2, "each once");
    items::are_as_described(&cloud).await;
    for payment in &begun {
        act(&cloud, payment, Act::Refund(None));
    }
    assert!(failed().await.is_empty());
    let donation = donations::seen(&ana, &begun[0]).await;
    assert_eq!((&donation["state"], donation.get("refunded")), (&json!("cancelled"), None));
    assert_eq!((plan_of(&ana).await, refunds(&cloud)), (Value::Null, 4));
}

/// Somebody has paid another amount for a donation and a plan, which was given back, and leaves. The bank sends the money back before that,
/// or after it.
async fn comes_back_to_somebody_who_leaves(is_late: bool) {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let begun = [donations::begin(&ana, "one").await, buy(&ana, "premium").await];
    let each = async |what: fn() -> Act| {
        for payment in &begun {
            act(&cloud, payment, what());
        }
        cloud.settle().await;
    };
    for payment in &begun {
        change_at_stripe(&cloud, payment, "amount=500".to_owned()).await;
    }
    each(|| card(VISA)).await;
    if !is_late {
        each(|| Act::FailRefunds).await;
    }
    let scheduled = schedule(&ana).await;
    until_due(&cloud, &scheduled).await;
    assert_eq!(run(&cloud, SWEEP).await["claimed"], 1);
    cloud.settle().await;
    if is_late {
        assert!(cloud.of_kind("payment_alert").await.is_empty() && cloud.of_kind("payment_removal").await.is_empty());
        each(|| Act::FailRefunds).await;
    }
    assert_eq!((run(&cloud, WEBHOOK).await["payments"].clone(), refunds(&cloud)), (json!(0), 2));
    let alerts = cloud.of_kind("payment_alert").await;
    assert!(alerts.len() == 2 && !json!(alerts).to_string().contains(&ana.id()), "{alerts:?}");
    items::are_as_described(&cloud).await;
    for payment in &begun {
        act(&cloud, payment, Act::Refund(None));
    }
    // The events and the schedule write the records at the same time.
    assert_eq!(run(&cloud, WEBHOOK).await["payments"], 2);
    cloud.settle().await;
    assert!(cloud.of_kind("payment_alert").await.is_empty() && cloud.of_kind("payment_removal").await.is_empty());
    let records = cloud.of_kind("payment_record").await;
    assert!(records.len() == 2 && records.iter().all(|record| record["state"]["S"] == "cancelled"), "{records:?}");
}

/// Money that has come back is owed also after its payer has left, whom nothing names then.
/// Promise: refund-owed
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_come_back_is_owed_to_somebody_who_has_left() {
    comes_back_to_somebody_who_leaves(false).await;
}

/// Money that comes back after its payer has left is owed, too.
/// Promise: refund-owed
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_back_is_owed_to_somebody_who_has_left() {
    comes_back_to_somebody_who_leaves(true).await;
}

/// If a bank refuses the refund of what somebody has paid who has the plan already, staff see it until it is given back, at Stripe or
/// outside. It gives no second plan.
/// Promise: refund-owed, refund-outside, plan-twice
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_back_of_a_second_payment_of_a_plan_is_owed() {
    let cloud = Cloud::start().await;
    let (staff, _) = cloud.staff("ida", "administrator").await;
    for (n, name) in ["ana", "ben"].into_iter().enumerate() {
        let payer = cloud.member(name).await;
        let tabs = [begin_in(&payer, "one", "basic").await, begin_in(&payer, "two", "basic").await];
        for tab in &tabs {
            act(&cloud, tab, card(VISA));
            cloud.settle().await;
        }
        assert!(failed_refunds(&cloud, &staff).await.is_empty());
        act(&cloud, &tabs[1], Act::FailRefunds);
        let owed = failed_refunds(&cloud, &staff).await;
        assert_eq!((owed.len(), &owed[0]["id"]), (1, &tabs[1]["id"]));
        assert_eq!((seen(&payer, &tabs[1]).await["state"].clone(), cloud.of_kind("held_plan").await.len()), (json!("refunded"), n + 1));
        items::are_as_described(&cloud).await;
        if n == 0 {
            act(&cloud, &tabs[1], Act::Refund(None));
        } else {
            give_outside(&staff, &owed[0], tabs[1]["amount"].clone()).await.is(204);
        }
        assert!(failed_refunds(&cloud, &staff).await.is_empty());
        assert_eq!((plan_of(&payer).await, cloud.of_kind("held_plan").await.len()), (json!("basic"), n + 1));
    }
}

/// What was paid instead of a donation or a plan, and what somebody has paid who has the plan already, is given back as soon as Stripe
/// does so, also if it refuses that at first. Staff see each until then, once.
/// Promise: refund-owed, plan-paid, plan-twice, staff-work
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stripe_refuses_to_give_back_is_given_back_later() {
    let cloud = Cloud::start().await;
    let (staff, _) = cloud.staff("ida", "administrator").await;
    let ana = cloud.member("ana").await;
    let wrong = [donations::begin(&ana, "one").await, buy(&ana, "premium").await];
    for payment in &wrong {
        change_at_stripe(&cloud, payment, "amount=500".to_owned()).await;
    }
    let tabs = [begin_in(&ana, "two", "basic").await, begin_in(&ana, "three", "basic").await];
    act(&cloud, &tabs[0], card(VISA));
    cloud.settle().await;
    let refused = [&wrong[0], &wrong[1], &tabs[1]];
    for payment in refused {
        act(&cloud, payment, Act::RefuseRefunds(true));
        act(&cloud, payment, card(VISA));
    }
    let owed = failed_refunds(&cloud, &staff).await;
    assert_eq!((donations::seen(&ana, &wrong[0]).await["state"].clone(), plan_of(&ana).await), (json!("cancelled"), json!("basic")));
    assert_eq!((run(&cloud, WEBHOOK).await["payments"].clone(), refunds(&cloud)), (json!(0), 0));
    assert_eq!(cloud.of_kind("payment_removal").await.len(), 3);
    let told = |one: &Value| (one["id"].to_string(), one["intent"].to_string(), one["amount"].to_string());
    let expected = |payment: &Value| (payment["id"].to_string(), json!(intent(payment)).to_string(), payment["amount"].to_string());
    let (told, expected): (BTreeSet<_>, BTreeSet<_>) = (owed.iter().map(told).collect(), refused.into_iter().map(expected).collect());
    assert_eq!(told, expected);
    assert_eq!(failed_refunds(&cloud, &staff).await, owed, "each once");
    items::are_as_described(&cloud).await;
    for payment in refused {
        act(&cloud, payment, Act::RefuseRefunds(false));
    }
    assert_eq!((run(&cloud, WEBHOOK).await["payments"].clone(), refunds(&cloud)), (json!(3), 3));
    assert!(failed_refunds(&cloud, &staff).await.is_empty());
    assert_eq!((seen(&ana, &tabs[1]).await["state"].clone(), plan_of(&ana).await), (json!("refunded"), json!("basic")));
    assert_eq!((cloud.of_kind("held_plan").await.len(), cloud.of_kind("payment_removal").await.len()), (1, 0));
}

/// A payment at Stripe that nobody asked for, beside that of a donation.
async fn payment_beside(cloud: &Cloud, ana: &Caller) -> Value {
    let begun = donations::begin(ana, "beside").await;
    let account = cloud.anonymous().with("authorization", format!("Bearer {SECRET_KEY}"));
    let metadata = format!("metadata[user]={}&metadata[donation]={}", ana.id(), begun["id"].as_str().unwrap());
    let body = format!("amount=1234&currency=pln&customer={}&{metadata}", cloud.outside.stripe.customers()[0]["id"].as_str().unwrap());
    let (url, form) = (format!("{}/stripe/v1/payment_intents", cloud.urls.outside), Some("application/x-www-form-urlencoded"));
    account.raw(Method::POST, &url, form, body.into_bytes()).await.is(200)
}

/// What staff have given back outside Stripe is not given back again, whatever Stripe says later of the payment: of a donation and a plan,
/// and of a payment that nobody asked for. Nobody is owed more if somebody gives it back at Stripe, too, and that comes back.
/// Promise: refund-outside
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_staff_gave_back_outside_stripe_is_not_given_back_again() {
    let cloud = Cloud::start().await;
    let (staff, _) = cloud.staff("ida", "administrator").await;
    let (ana, stripe) = (cloud.member("ana").await, &cloud.outside.stripe);
    let wrong = [donations::begin(&ana, "one").await, buy(&ana, "premium").await];
    for payment in &wrong {
        change_at_stripe(&cloud, payment, "amount=500".to_owned()).await;
        act(&cloud, payment, card(VISA));
    }
    // A payment beside that of a donation, whose refund Stripe refuses.
    let beside = payment_beside(&cloud, &ana).await;
    let happens = |what: &Act| stripe.act(&cloud.core(), beside["id"].as_str().unwrap(), what).unwrap();
    happens(&Act::RefuseRefunds(true));
    happens(&card(VISA));
    cloud.settle().await;
    for payment in &wrong {
        act(&cloud, payment, Act::FailRefunds);
    }
    let owed = failed_refunds(&cloud, &staff).await;
    assert_eq!((owed.len(), owed.iter().filter(|alert| alert["intent"] == beside["id"] && alert.get("user").is_none()).count()), (3, 1));
    for alert in owed.iter().chain(&owed) {
        give_outside(&staff, alert, alert["owed"].clone()).await.is(204);
    }
    assert!(failed_refunds(&cloud, &staff).await.is_empty());
    happens(&Act::RefuseRefunds(false));
    for what in [Act::Dispute, Act::WinDispute] {
        happens(&what);
        for payment in &wrong {
            act(&cloud, payment, what.clone());
        }
        cloud.settle().await;
    }
    run(&cloud, WEBHOOK).await;
    assert!(failed_refunds(&cloud, &staff).await.is_empty() && cloud.of_kind("payment_removal").await.is_empty());
    assert_eq!(refunds(&cloud), 2, "those that have come back");
    items::are_as_described(&cloud).await;
    // Somebody gives it back in Stripe's dashboard, too, and it comes back.
    for what in [Act::Refund(None), Act::FailRefunds] {
        happens(&what);
        for payment in &wrong {
            act(&cloud, payment, what.clone());
        }
        cloud.settle().await;
    }
    assert!(failed_refunds(&cloud, &staff).await.is_empty(), "they have it");
}

/// One half of a payment that nobody asked for was given back outside Stripe, and the other half at Stripe, which a bank sends back: that is
/// owed, and not asked for again.
/// Promise: refund-owed, refund-outside
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_half_that_comes_back_is_owed_after_the_other_was_given_back_outside_stripe() {
    let cloud = Cloud::start().await;
    let (staff, _) = cloud.staff("ida", "administrator").await;
    let (ana, stripe) = (cloud.member("ana").await, &cloud.outside.stripe);
    let beside = payment_beside(&cloud, &ana).await;
    let after = async |what: Act| {
        stripe.act(&cloud.core(), beside["id"].as_str().unwrap(), &what).unwrap();
        failed_refunds(&cloud, &staff).await
    };
    after(Act::RefuseRefunds(true)).await;
    let all = after(card(VISA)).await;
    let half = json!({ "amount": 617, "currency": "PLN" });
    give_outside(&staff, &all[0], half.clone()).await.is(204);
    after(Act::RefuseRefunds(false)).await;
    assert_eq!((run(&cloud, WEBHOOK).await["payments"].clone(), refunds(&cloud)), (json!(1), 1));
    let rest = after(Act::FailRefunds).await;
    assert_eq!((rest.len(), &rest[0]["owed"]), (1, &half));
    assert_eq!((run(&cloud, WEBHOOK).await["payments"].clone(), refunds(&cloud)), (json!(0), 1));
    assert_eq!(failed_refunds(&cloud, &staff).await, rest);
    items::are_as_described(&cloud).await;
    give_outside(&staff, &rest[0], half).await.is(204);
    run(&cloud, WEBHOOK).await;
    assert!(failed_refunds(&cloud, &staff).await.is_empty() && cloud.of_kind("payment_removal").await.is_empty());
}

/// Of what is owed for a donation, or for a second payment of a plan, staff give back no more outside Stripe, and in its currency. A part
/// leaves the rest owed, and what Stripe gives back meanwhile is not given back again.
/// Promise: refund-outside
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_is_given_back_outside_stripe_than_is_owed() {
    let cloud = Cloud::start().await;
    let (staff, _) = cloud.staff("ida", "administrator").await;
    let ana = cloud.member("ana").await;
    let wrong = donations::begin(&ana, "one").await;
    change_at_stripe(&cloud, &wrong, "amount=500".to_owned()).await;
    let second = second_payment(&cloud, &ana).await;
    for what in [card(VISA), Act::FailRefunds] {
        act(&cloud, &wrong, what);
        cloud.settle().await;
    }
    let owed = failed_refunds(&cloud, &staff).await;
    let amounts = |alerts: &[Value]| alerts.iter().map(|alert| alert["owed"]["amount"].as_u64().unwrap()).collect::<BTreeSet<_>>();
    assert_eq!(amounts(&owed), BTreeSet::from([500, 1225]));
    for alert in &owed {
        let (all, currency) = (alert["owed"]["amount"].as_u64().unwrap(), &alert["owed"]["currency"]);
        let of = |amount: u64| json!({ "amount": amount, "currency": currency });
        for wrong in [0, all + 1] {
            assert_eq!(give_outside(&staff, alert, of(wrong)).await.field_errors(), ["/amount/amount range"], "{wrong}");
        }
        let other = json!({ "amount": all, "currency": if currency == "PLN" { "GBP" } else { "PLN" } });
        assert_eq!(give_outside(&staff, alert, other).await.field_errors(), ["/amount/currency currency"]);
        give_outside(&staff, alert, of(100)).await.is(204);
        give_outside(&staff, alert, of(100)).await.is_problem(412, "version_mismatch");
    }
    let rest = failed_refunds(&cloud, &staff).await;
    assert_eq!(amounts(&rest), BTreeSet::from([400, 1125]));
    run(&cloud, WEBHOOK).await;
    assert_eq!(failed_refunds(&cloud, &staff).await, rest, "Stripe says nothing new");
    items::are_as_described(&cloud).await;
    // Stripe gives back a part of the donation, and the rest of the second payment.
    cloud.advance(Duration::from_secs(1)).await;
    act(&cloud, &wrong, Act::Refund(Some(200)));
    let of_donation = |alerts: Vec<Value>| alerts.into_iter().find(|alert| alert["id"] == wrong["id"]).unwrap();
    let now = of_donation(failed_refunds(&cloud, &staff).await);
    let zloty = |amount: u64| json!({ "amount": amount, "currency": "PLN" });
    assert_eq!(now["owed"], zloty(200));
    give_outside(&staff, &of_donation(rest), zloty(200)).await.is_problem(412, "version_mismatch");
    assert_eq!(give_outside(&staff, &now, zloty(201)).await.field_errors(), ["/amount/amount range"]);
    give_outside(&staff, &now, zloty(200)).await.is(204);
    act(&cloud, &second, Act::RefuseRefunds(false));
    assert_eq!(run(&cloud, WEBHOOK).await["payments"], 1);
    assert!(failed_refunds(&cloud, &staff).await.is_empty());
    let shown = seen(&ana, &second).await;
    assert_eq!((&shown["state"], &shown["refunded"]), (&json!("refunded"), &second["amount"]), "a part outside, the rest at Stripe");
}

/// What was paid in another currency than that of a donation is owed in the currency that was paid.
/// Promise: refund-outside, refund-owed
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_paid_in_another_currency_is_owed_in_that_one() {
    let cloud = Cloud::start().await;
    let (staff, _) = cloud.staff("ida", "administrator").await;
    let ana = cloud.member("ana").await;
    for (key, acts) in [("one", [card(VISA), Act::FailRefunds]), ("two", [Act::RefuseRefunds(true), card(VISA)])] {
        let wrong = donations::begin(&ana, key).await;
        change_at_stripe(&cloud, &wrong, "currency=gbp".to_owned()).await;
        for what in acts {
            act(&cloud, &wrong, what);
            cloud.settle().await;
        }
        let owed = failed_refunds(&cloud, &staff).await;
        let pounds = json!({ "amount": wrong["amount"]["amount"], "currency": "GBP" });
        assert_eq!((owed.len(), &owed[0]["owed"], &owed[0]["amount"]), (1, &pounds, &wrong["amount"]), "{key}");
        assert_eq!(give_outside(&staff, &owed[0], wrong["amount"].clone()).await.field_errors(), ["/amount/currency currency"]);
        give_outside(&staff, &owed[0], pounds).await.is(204);
        assert!(failed_refunds(&cloud, &staff).await.is_empty(), "{key}");
    }
    items::are_as_described(&cloud).await;
}

/// A second payment of a plan, which was begun in another tab, and which Stripe refuses to give back.
async fn second_payment(cloud: &Cloud, ana: &Caller) -> Value {
    let [first, second] = [begin_in(ana, "first", "basic").await, begin_in(ana, "second", "basic").await];
    act(cloud, &second, Act::RefuseRefunds(true));
    for payment in [&first, &second] {
        act(cloud, payment, card(VISA));
        cloud.settle().await;
    }
    second
}

/// A second payment of a plan that staff have given back outside Stripe is refunded in the history of its payer, and gives no plan any
/// more.
/// Promise: refund-outside, plan-twice, audit, daily-revenue
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_payment_that_was_given_back_outside_stripe_is_refunded() {
    let cloud = Cloud::start().await;
    let (staff, _) = cloud.staff("ida", "administrator").await;
    let ana = cloud.member("ana").await;
    let second = second_payment(&cloud, &ana).await;
    let owed = failed_refunds(&cloud, &staff).await;
    assert_eq!((owed.len(), &owed[0]["owed"], cloud.of_kind("held_plan").await.len()), (1, &second["amount"], 2));
    for _ in 0..2 {
        give_outside(&staff, &owed[0], owed[0]["owed"].clone()).await.is(204);
    }
    let shown = seen(&ana, &second).await;
    assert_eq!((&shown["state"], &shown["refunded"]), (&json!("refunded"), &second["amount"]));
    assert_eq!((cloud.of_kind("held_plan").await.len(), plan_of(&ana).await), (1, json!("basic")));
    cloud.settle().await;
    let today = cloud.now().date().to_string();
    let figures = staff.get(&format!("/v1/admin/figures?from={today}&until={today}")).await.is(200);
    assert_eq!(figures["days"][0]["revenue"], json!([second["amount"]]), "the first payment");
    for what in [Act::Dispute, Act::WinDispute] {
        act(&cloud, &second, what);
        cloud.settle().await;
    }
    run(&cloud, WEBHOOK).await;
    assert_eq!((seen(&ana, &second).await, refunds(&cloud)), (shown, 0), "Stripe says nothing new");
    let audit = cloud.of_kind("audit").await;
    let entries: Vec<&Value> = audit.iter().filter(|entry| entry["action"]["S"] == "refund_made_outside").collect();
    assert_eq!((entries.len(), &entries[0]["subject"]["S"]), (1, &json!(ana.id())));
    items::are_as_described(&cloud).await;
}

/// Somebody has paid a plan a second time, and the bank sends back what was given back of that: it is owed until it is given back again, at
/// Stripe or outside, and is not asked for again by itself.
/// Promise: refund-owed, plan-twice
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_payment_that_has_come_back_is_owed() {
    let cloud = Cloud::start().await;
    let (staff, _) = cloud.staff("ida", "administrator").await;
    let ana = cloud.member("ana").await;
    let [first, second] = [begin_in(&ana, "first", "basic").await, begin_in(&ana, "second", "basic").await];
    for (payment, what) in [(&first, card(VISA)), (&second, card(VISA)), (&second, Act::FailRefunds)] {
        act(&cloud, payment, what);
        cloud.settle().await;
    }
    let owed = failed_refunds(&cloud, &staff).await;
    assert_eq!((owed.len(), &owed[0]["owed"], &owed[0]["id"]), (1, &second["amount"], &second["id"]));
    run(&cloud, WEBHOOK).await;
    assert_eq!((failed_refunds(&cloud, &staff).await, refunds(&cloud)), (owed.clone(), 1));
    items::are_as_described(&cloud).await;
    give_outside(&staff, &owed[0], json!({ "amount": 225, "currency": "GBP" })).await.is(204);
    act(&cloud, &second, Act::Refund(Some(1000)));
    cloud.settle().await;
    run(&cloud, WEBHOOK).await;
    assert!(failed_refunds(&cloud, &staff).await.is_empty() && cloud.of_kind("payment_removal").await.is_empty());
    let shown = seen(&ana, &second).await;
    assert_eq!((&shown["state"], &shown["refunded"], plan_of(&ana).await), (&json!("refunded"), &second["amount"], json!("basic")));
}

/// Stripe refuses to give back what was paid instead of a donation, and what staff give back of it in Stripe's dashboard comes back: staff
/// see what is owed once.
/// Promise: refund-owed, staff-work
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_and_has_come_back_is_shown_once() {
    let cloud = Cloud::start().await;
    let (staff, _) = cloud.staff("ida", "administrator").await;
    let ana = cloud.member("ana").await;
    let wrong = donations::begin(&ana, "one").await;
    change_at_stripe(&cloud, &wrong, "amount=500".to_owned()).await;
    act(&cloud, &wrong, Act::RefuseRefunds(true));
    act(&cloud, &wrong, card(VISA));
    assert_eq!(failed_refunds(&cloud, &staff).await.len(), 1);
    for what in [Act::RefuseRefunds(false), Act::Refund(Some(200)), Act::FailRefunds] {
        act(&cloud, &wrong, what);
        cloud.settle().await;
    }
    let owed = failed_refunds(&cloud, &staff).await;
    assert_eq!((owed.len(), &owed[0]["owed"]["amount"], &owed[0]["user"]), (1, &json!(500), &json!(ana.id())));
    run(&cloud, WEBHOOK).await;
    assert_eq!(failed_refunds(&cloud, &staff).await, owed);
    give_outside(&staff, &owed[0], owed[0]["owed"].clone()).await.is(204);
    run(&cloud, WEBHOOK).await;
    assert!(failed_refunds(&cloud, &staff).await.is_empty() && cloud.of_kind("payment_removal").await.is_empty());
    items::are_as_described(&cloud).await;
}

/// Staff record what they have given back at the moment at which Stripe refuses it once more: neither is it owed again, nor the part of it
/// that was given back.
/// Promise: refund-outside
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_given_back_outside_stripe_meanwhile_is_not_owed() {
    let cloud = Cloud::start_with(&[("StripePatience", "20000")]).await;
    let (staff, _) = cloud.staff("ida", "administrator").await;
    let (ana, stripe) = (cloud.member("ana").await, &cloud.outside.stripe);
    let meanwhile = async |alert: &Value, amount: u64, event: Option<String>| {
        let held = cloud.aws.faults.script(Target::of(WEBHOOK, Service::DynamoDb, "TransactWriteItems"), Fault::Held);
        let given = async {
            held.applied().await;
            let amount = json!({ "amount": amount, "currency": alert["owed"]["currency"] });
            give_outside(&staff, alert, amount).await.is(204);
            held.end();
        };
        let refused = async {
            match event {
                Some(event) => assert_eq!(stripe.deliver(&cloud.core(), &event).await, Ok(200)),
                None => assert_eq!(run(&cloud, WEBHOOK).await["payments"], 0),
            }
        };
        let both = async { tokio::join!(refused, given) };
        let ((), ()) = tokio::time::timeout(PATIENCE, both).await.expect("both are written");
        failed_refunds(&cloud, &staff).await
    };
    second_payment(&cloud, &ana).await;
    let owed = failed_refunds(&cloud, &staff).await;
    let rest = meanwhile(&owed[0], 100, None).await;
    assert_eq!((rest.len(), &rest[0]["owed"]["amount"]), (1, &json!(1125)));
    assert!(meanwhile(&rest[0], 1125, None).await.is_empty());
    // The first of two events about a payment that nobody asked for has shown it to staff.
    let beside = payment_beside(&cloud, &ana).await;
    stripe.send_webhooks(Webhooks::Held);
    let known = stripe.events().len();
    for what in [Act::RefuseRefunds(true), card(VISA)] {
        stripe.act(&cloud.core(), beside["id"].as_str().unwrap(), &what).unwrap();
    }
    let events: Vec<String> = stripe.events().iter().skip(known).map(|event| event.id.clone()).collect();
    assert_eq!(stripe.deliver(&cloud.core(), &events[0]).await, Ok(200));
    let owed = failed_refunds(&cloud, &staff).await;
    assert!(meanwhile(&owed[0], 1234, Some(events[1].clone())).await.is_empty());
    assert_eq!((refunds(&cloud), cloud.of_kind("payment_removal").await.len()), (0, 0));
}

/// Nothing is recorded about somebody whose account is being deleted, as the audit would keep it. Afterwards it is recorded without them.
/// Promise: refund-outside, refund-owed, deletion-complete
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_recorded_about_the_payment_of_somebody_who_is_leaving() {
    let cloud = Cloud::start().await;
    let (_, app) = cloud.staff("ida", "administrator").await;
    let ana = cloud.member("ana").await;
    let second = second_payment(&cloud, &ana).await;
    let scheduled = schedule(&ana).await;
    until_due(&cloud, &scheduled).await;
    let down = cloud.aws.faults.script(Target { function: Some(PURGE.to_owned()), ..Target::default() }, Fault::Internal);
    assert_eq!(run(&cloud, SWEEP).await["claimed"], 1);
    cloud.settle().await;
    let ida = cloud.sign_in_with(&cloud.anonymous(), "ida", &app).await;
    let owed = failed_refunds(&cloud, &ida).await;
    give_outside(&ida, &owed[0], owed[0]["owed"].clone()).await.is_problem(409, "conflict");
    let audit = cloud.of_kind("audit").await;
    assert!(audit.iter().all(|entry| entry["action"]["S"] != "refund_made_outside"), "{audit:?}");
    down.end();
    cloud.advance(Duration::from_secs(660)).await;
    let _ = run(&cloud, FALLBACK).await;
    cloud.settle().await;
    assert_gone(&cloud, &ana, &scheduled).await;
    run(&cloud, WEBHOOK).await;
    let ida = cloud.sign_in_with(&cloud.anonymous(), "ida", &app).await;
    let owed = failed_refunds(&cloud, &ida).await;
    give_outside(&ida, &owed[0], owed[0]["owed"].clone()).await.is(204);
    let records = cloud.of_kind("payment_record").await;
    let record = records.iter().find(|record| record["id"]["S"] == second["id"]).unwrap();
    assert_eq!((&record["state"]["S"], &record["outside"]["N"]), (&json!("refunded"), &json!("1225")));
}

/// What somebody gives back of a second payment in Stripe's dashboard is not recorded as given back outside as well, and when all of it was
/// given back, staff see it at once.
/// Promise: refund-outside, refund-owed
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stripe_has_just_given_back_is_not_given_back_outside() {
    let cloud = Cloud::start().await;
    let (staff, _) = cloud.staff("ida", "administrator").await;
    let ana = cloud.member("ana").await;
    let second = second_payment(&cloud, &ana).await;
    for what in [Act::RefuseRefunds(false), Act::Refund(Some(1000))] {
        act(&cloud, &second, what);
        cloud.settle().await;
    }
    let pounds = |amount: u64| json!({ "amount": amount, "currency": "GBP" });
    let owed = failed_refunds(&cloud, &staff).await;
    assert_eq!(give_outside(&staff, &owed[0], pounds(226)).await.field_errors(), ["/amount/amount range"]);
    assert_eq!((seen(&ana, &second).await["refunded"].clone(), cloud.of_kind("closed_removal").await.len()), (pounds(1000), 0));
    act(&cloud, &second, Act::Refund(None));
    assert!(failed_refunds(&cloud, &staff).await.is_empty() && cloud.of_kind("payment_removal").await.is_empty());
    assert_eq!((&seen(&ana, &second).await["state"], refunds(&cloud)), (&json!("refunded"), 2));
}

/// A refund that could not be recorded comes back while its payment is disputed: that is heard, although the dispute goes on.
/// Promise: refund-owed, plan-twice, stripe-order
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_come_back_is_heard_while_its_payment_is_disputed() {
    let cloud = Cloud::start_with(&[("StripePatience", "20000")]).await;
    let (staff, _) = cloud.staff("ida", "administrator").await;
    let (ana, stripe) = (cloud.member("ana").await, &cloud.outside.stripe);
    let [first, second] = [begin_in(&ana, "first", "basic").await, begin_in(&ana, "second", "basic").await];
    act(&cloud, &first, card(VISA));
    cloud.settle().await;
    stripe.send_webhooks(Webhooks::Held);
    act(&cloud, &second, card(VISA));
    let paid = stripe.events().last().unwrap().id.clone();
    stripe.hold("POST /refunds");
    let dies = async {
        while stripe.in_progress() == 0 {
            tokio::task::yield_now().await;
        }
        let down = cloud.aws.faults.script(Target::of(WEBHOOK, Service::DynamoDb, "TransactWriteItems"), Fault::Internal);
        stripe.release();
        down
    };
    let core = cloud.core();
    let both = async { tokio::join!(stripe.deliver(&core, &paid), dies) };
    let (answer, down) = tokio::time::timeout(PATIENCE, both).await.expect("the refund is made");
    assert!(answer.is_ok_and(|status| status >= 500) && down.hits() > 0);
    down.end();
    assert_eq!((refunds(&cloud), cloud.of_kind("payment_removal").await.len()), (1, 1));
    for what in [Act::FailRefunds, Act::Dispute] {
        act(&cloud, &second, what);
    }
    cloud.advance(Duration::from_secs(120)).await;
    let news = stripe.events().last().unwrap().id.clone();
    assert_eq!(stripe.deliver(&cloud.core(), &news).await, Ok(200));
    let owed = failed_refunds(&cloud, &staff).await;
    assert_eq!((owed.len(), &owed[0]["id"], &owed[0]["owed"]), (1, &second["id"], &second["amount"]));
    assert_eq!((refunds(&cloud), cloud.of_kind("payment_removal").await.len()), (1, 0));
    items::are_as_described(&cloud).await;
}

/// An administrator does not record that their own payment was given back: another one does.
/// Promise: refund-outside, staff-boundaries
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_records_that_their_own_payment_was_given_back() {
    let cloud = Cloud::start().await;
    let ((ida, _), (kim, _)) = (cloud.staff("ida", "administrator").await, cloud.staff("kim", "administrator").await);
    second_payment(&cloud, &ida).await;
    let owed = failed_refunds(&cloud, &kim).await;
    assert_eq!((owed.len(), owed[0].get("user")), (1, None));
    give_outside(&ida, &owed[0], owed[0]["owed"].clone()).await.is_problem(403, "forbidden");
    give_outside(&kim, &owed[0], owed[0]["owed"].clone()).await.is(204);
    assert!(failed_refunds(&cloud, &kim).await.is_empty());
}

/// What was paid a second time for a plan is owed also after its payer has left, whom nothing names then.
/// Promise: refund-owed
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_payment_is_owed_to_somebody_who_has_left() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    second_payment(&cloud, &ana).await;
    let scheduled = schedule(&ana).await;
    until_due(&cloud, &scheduled).await;
    assert_eq!(run(&cloud, SWEEP).await["claimed"], 1);
    cloud.settle().await;
    run(&cloud, WEBHOOK).await;
    let alerts = cloud.of_kind("payment_alert").await;
    assert!(alerts.len() == 1 && !json!(alerts).to_string().contains(&ana.id()), "{alerts:?}");
    items::are_as_described(&cloud).await;
}

/// What somebody gives back in Stripe's dashboard to a payer who has left is not recorded as given back outside as well, even before the
/// schedule has found that less is owed.
/// Promise: refund-outside, refund-owed
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stripe_has_just_given_back_to_somebody_who_has_left_is_not_given_back_outside() {
    let cloud = Cloud::start().await;
    let (_, app) = cloud.staff("ida", "administrator").await;
    let ana = cloud.member("ana").await;
    let second = second_payment(&cloud, &ana).await;
    let scheduled = schedule(&ana).await;
    until_due(&cloud, &scheduled).await;
    assert_eq!(run(&cloud, SWEEP).await["claimed"], 1);
    cloud.settle().await;
    run(&cloud, WEBHOOK).await;
    let ida = cloud.sign_in_with(&cloud.anonymous(), "ida", &app).await;
    for what in [Act::RefuseRefunds(false), Act::Refund(Some(1000))] {
        act(&cloud, &second, what);
        cloud.settle().await;
    }
    let pounds = |amount: u64| json!({ "amount": amount, "currency": "GBP" });
    let owed = failed_refunds(&cloud, &ida).await;
    assert_eq!((owed.len(), &owed[0]["owed"]), (1, &pounds(1225)));
    assert_eq!(give_outside(&ida, &owed[0], pounds(226)).await.field_errors(), ["/amount/amount range"]);
    give_outside(&ida, &owed[0], pounds(225)).await.is(204);
    assert_eq!((run(&cloud, WEBHOOK).await["payments"].clone(), refunds(&cloud)), (json!(1), 1));
    assert!(failed_refunds(&cloud, &ida).await.is_empty());
    let records = cloud.of_kind("payment_record").await;
    let record = records.iter().find(|record| record["id"]["S"] == second["id"]).unwrap();
    assert_eq!((&record["refunded"]["N"], &record["outside"]["N"]), (&json!("1000"), &json!("225")));
}

/// A request names a plan and nothing else, and Stripe is asked for the price of the server.
/// Promise: plan-price
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_price_is_the_servers() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await.with("idempotency-key", "one");
    for (name, value) in [
        ("price", json!({ "amount": 1, "currency": "GBP" })),
        ("amount", json!(1)),
        ("currency", json!("PLN")),
        ("quantity", json!(-1)),
        ("state", json!("paid")),
        ("paid_at", json!("2030-01-01T00:00:00Z")),
    ] {
        let mut body = json!({ "plan": "basic" });
        body[name] = value;
        ana.post(PAYMENTS, body).await.is_problem(400, "malformed");
    }
    for plan in ["gold", "BASIC", "basic ", "../basic"] {
        assert_eq!(ana.post(PAYMENTS, json!({ "plan": plan })).await.field_errors(), ["/plan choice"], "{plan}");
    }
    cloud.anonymous().post(PAYMENTS, json!({ "plan": "basic" })).await.is_problem(401, "token_invalid");
    assert!(cloud.outside.stripe.payments().is_empty() && cloud.of_kind("plan_payment").await.is_empty());
    ana.post(PAYMENTS, json!({ "plan": "premium" })).await.is(201);
    let asked = &cloud.outside.stripe.payments()[0];
    assert_eq!((&asked["amount"], &asked["currency"], &asked["metadata"]["user"]), (&json!(5000), &json!("gbp"), &json!(ana.id())));
}

/// Nobody sees the payments of others, and a key of a donation is none of a plan.
/// Promise: object-ownership, payment-once
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payments_of_plans_are_their_payers() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let begun = buy(&ana, "basic").await;
    let path = format!("{PAYMENTS}/{}", begun["id"].as_str().unwrap());
    ben.get(&path).await.is_problem(404, "not_found");
    assert_eq!((ben.get(PAYMENTS).await.is(200)["items"].clone(), plan_of(&ben).await), (json!([]), Value::Null));
    // Neither is a donation the other.
    ana.get(&format!("{}/{}", donations::DONATIONS, begun["id"].as_str().unwrap())).await.is_problem(404, "not_found");
    assert_eq!(ana.get(donations::DONATIONS).await.is(200)["items"], json!([]));
    let same = ana.with("idempotency-key", "buy-basic");
    same.post(donations::DONATIONS, donations::of(1234)).await.is_problem(422, "idempotency_key_reused");
    let answers = join_all((0..100).map(|_| same.post(PAYMENTS, json!({ "plan": "basic" })))).await;
    assert!(answers.iter().all(|answer| answer.is(201) == begun), "{answers:?}");
    assert_eq!(cloud.outside.stripe.payments().len(), 1);
}

/// A repetition after a lost answer, a slow one or an outage buys nothing twice.
/// Promise: stripe-outage, payment-once
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_stripe_sells_nothing_twice() {
    let cloud = Cloud::start().await;
    let (ana, stripe) = (cloud.member("ana").await.with("idempotency-key", "one"), &cloud.outside.stripe);
    assert!(try_run(&cloud).await, "the account is known");
    for (mode, status, code) in [
        (Mode::Down, 503, "unavailable"),
        (Mode::Limited, 409, "conflict"),
        (Mode::Lost, 503, "unavailable"),
        (Mode::Slow, 503, "unavailable"),
    ] {
        stripe.be(mode);
        ana.post(PAYMENTS, json!({ "plan": "basic" })).await.is_problem(status, code);
    }
    stripe.be(Mode::Well);
    let begun = ana.post(PAYMENTS, json!({ "plan": "basic" })).await.is(201);
    act(&cloud, &begun, card(VISA));
    cloud.settle().await;
    let paid = stripe.payments().iter().filter(|payment| payment["status"] == "succeeded").count();
    assert_eq!((stripe.payments().len(), paid, stripe.customers().len()), (1, 1, 1));
    assert_eq!((cloud.of_kind("held_plan").await.len(), cloud.mails_to(&ana.email()).await.len()), (1, 1));
}

/// What the webhook loses reaches the buyer within the hour, and events give a plan once, however often and late they come.
/// Promise: stripe-lost, stripe-order
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_or_late_webhook_gives_the_plan_once() {
    let cloud = Cloud::start().await;
    let (ana, ben, stripe) = (cloud.member("ana").await, cloud.member("ben").await, &cloud.outside.stripe);
    stripe.send_webhooks(Webhooks::Lost);
    pay(&cloud, &ana, "basic").await;
    assert_eq!(plan_of(&ana).await, Value::Null);
    cloud.advance(HOUR).await;
    let ana = cloud.sign_in("ana").await;
    assert_eq!((plan_of(&ana).await, cloud.mails_to(&ana.email()).await.len()), (json!("basic"), 1));
    stripe.send_webhooks(Webhooks::Held);
    let ben = cloud.sign_in(ben.name()).await;
    let begun = buy(&ben, "standard").await;
    let core = cloud.core();
    act(&cloud, &begun, card(VISA));
    let paid: Vec<String> = stripe.events().iter().rev().take(2).map(|event| event.id.clone()).collect();
    act(&cloud, &begun, Act::Refund(None));
    let refunded = stripe.events().last().unwrap().id.clone();
    // The newest first: what it tells is true already.
    for event in [&refunded, &paid[0], &paid[1], &refunded, &paid[0]] {
        assert_eq!(stripe.deliver(&core, event).await, Ok(200));
        assert_eq!(plan_of(&ben).await, Value::Null, "it is given back already");
    }
    assert_eq!(cloud.of_kind("held_plan").await.len(), 1);
}

/// Begins the payment of a plan in another tab.
async fn begin_in(buyer: &Caller, tab: &str, plan: &str) -> Value {
    buyer.with("idempotency-key", tab).post(PAYMENTS, json!({ "plan": plan })).await.is(201)
}

/// Delivers these events three times, in their order.
async fn deliver(cloud: &Cloud, events: &[String]) {
    let core = cloud.core();
    for event in (0..3).flat_map(|_| events) {
        assert_eq!(cloud.outside.stripe.deliver(&core, event).await, Ok(200));
    }
}

/// Two payments of one plan that are begun in two tabs are both paid: the one that is heard of last is given back once, however often the
/// events come, and there is one receipt. A dearer plan is no second payment.
/// Promise: plan-twice
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_that_is_paid_twice_is_given_back_once() {
    let cloud = Cloud::start().await;
    let stripe = &cloud.outside.stripe;
    stripe.send_webhooks(Webhooks::Held);
    for (name, plans, first, left) in [
        ("ana", ["standard", "standard"], 0, 1),
        ("ben", ["standard", "standard"], 1, 1),
        ("cem", ["basic", "premium"], 0, 2),
        ("dan", ["basic", "premium"], 1, 1),
    ] {
        let (buyer, before) = (cloud.member(name).await, refunds(&cloud));
        let tabs = [begin_in(&buyer, "one", plans[0]).await, begin_in(&buyer, "two", plans[1]).await];
        let mut events = Vec::new();
        for tab in &tabs {
            let known = stripe.events().len();
            act(&cloud, tab, card(VISA));
            events.push(stripe.events().iter().skip(known).map(|event| event.id.clone()).collect::<Vec<_>>());
        }
        let known = stripe.events().len();
        deliver(&cloud, &events[first]).await;
        deliver(&cloud, &events[1 - first]).await;
        let told: Vec<String> = stripe.events().iter().skip(known).map(|event| event.id.clone()).collect();
        deliver(&cloud, &told).await;
        cloud.settle().await;
        let kept = seen(&buyer, &tabs[first]).await;
        let other = seen(&buyer, &tabs[1 - first]).await;
        assert_eq!((&kept["state"], refunds(&cloud) - before), (&json!("paid"), 2 - left), "{name}");
        assert_eq!(other["state"], if left == 1 { "refunded" } else { "paid" }, "{name}");
        assert_eq!(plan_of(&buyer).await, if left == 1 { plans[first] } else { "premium" }, "{name}");
        assert_eq!(cloud.mails_to(&buyer.email()).await.len(), left, "{name}");
    }
}

/// Two paid payments of one plan that are heard of at the same moment: one of them stays.
/// Promise: plan-twice
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_payments_at_once_one_stays() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    cloud.outside.stripe.send_webhooks(Webhooks::Lost);
    let tabs = [begin_in(&ana, "one", "basic").await, begin_in(&ana, "two", "basic").await];
    for tab in &tabs {
        act(&cloud, tab, card(VISA));
    }
    join_all(tabs.iter().map(|tab| seen(&ana, tab))).await;
    let states: BTreeSet<String> =
        join_all(tabs.iter().map(|tab| seen(&ana, tab))).await.iter().map(|tab| tab["state"].to_string()).collect();
    assert_eq!(states, BTreeSet::from(["\"paid\"".to_owned(), "\"refunded\"".to_owned()]));
    assert_eq!((refunds(&cloud), cloud.of_kind("held_plan").await.len()), (1, 1));
}

/// After three refused cards of a person, and in their network, a payment takes a captcha that was solved for it, whatever is paid.
/// Promise: payment-captcha
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_cards_take_a_captcha() {
    let cloud = Cloud::start_with(&[("CaptchaSecret", SECRET), ("CaptchaSiteKey", "site-key-of-tests")]).await;
    let captchas = &cloud.outside.captchas;
    let home = cloud.caller_at(Ipv4Addr::new(127, 77, 0, 1));
    let at_home = async |name: &str| {
        cloud.member(name).await;
        let signed_in = home.post("/v1/sessions", json!({ "login": name, "password": PASSWORD })).await.is(201);
        home.named(name).signed_in(signed_in)
    };
    let (ana, ben) = (at_home("ana").await, at_home("ben").await);
    let site = json!({ "service": "recaptcha", "site_key": "site-key-of-tests", "action": "pay" });
    for page in [PLANS, "/v1/donation-settings"] {
        assert_eq!(cloud.anonymous().get(page).await.is(200)["captcha"], site);
    }
    let begun = buy(&ana, "basic").await;
    for refused in 1..=3 {
        assert_eq!(captchas.verified(), 0, "{refused}");
        assert!(cloud.outside.stripe.act(&cloud.core(), &intent(&begun), &card(REFUSED)).is_err());
        cloud.settle().await;
        // A look counts no card twice.
        assert_eq!(seen(&ana, &begun).await["decline"], "generic_decline");
    }
    let token = |action: &str| captchas.solve(Solved { action: Some(action.to_owned()), ..Solved::default() }, cloud.now());
    let with = |captcha: &str| json!({ "plan": "premium", "captcha": captcha });
    let other = ana.with("idempotency-key", "other");
    other.post(PAYMENTS, json!({ "plan": "premium" })).await.is_problem(403, "captcha_required");
    ana.with("idempotency-key", "gift").post(donations::DONATIONS, donations::of(1234)).await.is_problem(403, "captcha_required");
    ben.with("idempotency-key", "his").post(PAYMENTS, json!({ "plan": "basic" })).await.is_problem(403, "captcha_required");
    assert_eq!(other.post(PAYMENTS, with(&token("contact"))).await.field_errors(), ["/captcha captcha"]);
    captchas.be(Mode::Down);
    ana.with("idempotency-key", "gift").post(donations::DONATIONS, donations::of(1234)).await.is_problem(403, "captcha_required");
    let mut gift = donations::of(1234);
    gift["captcha"] = json!("none");
    let asked =
        ana.with("idempotency-key", "gift").post(donations::DONATIONS, gift.clone()).await.is_problem(403, "proof_of_work_required");
    let worked = ana.with("proof-of-work", tests::work(&asked));
    let _ = worked.with("idempotency-key", "gift").post(donations::DONATIONS, gift.clone()).await.is(201);
    let again = worked.with("idempotency-key", "again").post(donations::DONATIONS, gift).await;
    again.is_problem(403, "proof_of_work_required");
    captchas.be(Mode::Well);
    let solved = token("pay");
    let accepted = other.post(PAYMENTS, with(&solved)).await.is(201);
    // The same request again needs no other token, and another one does.
    assert_eq!(other.post(PAYMENTS, json!({ "plan": "premium" })).await.is(201), accepted);
    let used = ana.with("idempotency-key", "used").post(PAYMENTS, json!({ "plan": "standard", "captcha": solved })).await;
    assert_eq!(used.field_errors(), ["/captcha captcha"]);
    assert_eq!(cloud.of_kind("plan_payment").await.len(), 2, "what was refused is not there");
    cloud.advance(HOUR * 25).await;
    buy(&cloud.sign_in("ben").await, "basic").await;
}

/// Ten payments in an hour are begun from one network, by whomever and for whatever. The eleventh waits, and takes nothing out of stock; the
/// same from elsewhere, and a repetition, do not.
/// Promise: payment-limits
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cards_are_not_tried_by_several_people_of_one_network() {
    let cloud = Cloud::start().await;
    let (_, products) = shop(&cloud, 1).await;
    let home = cloud.caller_at(Ipv4Addr::new(127, 77, 0, 1));
    let at_home = async |name: &str| {
        let signed_in = home.post("/v1/sessions", json!({ "login": name, "password": PASSWORD })).await.is(201);
        home.named(name).signed_in(signed_in)
    };
    for name in ["ana", "ben"] {
        cloud.member(name).await;
    }
    let elsewhere = cloud.buyer("cid", PHONE).await;
    let (ana, ben, cid) = (at_home("ana").await, at_home("ben").await, at_home("cid").await);
    for key in ["1", "2", "3", "4"] {
        donations::begin(&ana, key).await;
        donations::begin(&ben, key).await;
    }
    buy(&ana, "basic").await;
    order(&cid, "five", &products[0], 5).await;
    let begun = cloud.outside.stripe.payments().len();
    assert_eq!(begun, 10);
    for (payer, path, body) in [
        (&ben, donations::DONATIONS, donations::of(1234)),
        (&cid, donations::DONATIONS, donations::of(1234)),
        (&cid, PAYMENTS, json!({ "plan": "basic" })),
    ] {
        payer.with("idempotency-key", "eleventh").post(path, body).await.is_problem(429, "too_many_requests");
    }
    put(&cid, &products[0], 1).await;
    ask_to_pay(&cid, "card", "eleventh", 1000).await.is_problem(429, "too_many_requests");
    assert_eq!(cloud.outside.stripe.payments().len(), begun);
    assert_eq!(stored_stock(&cloud, &products[0]).await, [5, 5, 0, 10]);
    donations::begin(&ben, "4").await;
    ask_to_pay(&elsewhere, "card", "eleventh", 1000).await.is(201);
}

/// Two refused cards, or one that is told of very often, have no consequence.
/// Promise: payment-captcha
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_card_counts_once() {
    let cloud = Cloud::start_with(&[("CaptchaSecret", SECRET)]).await;
    let (ana, stripe) = (cloud.member("ana").await, &cloud.outside.stripe);
    stripe.send_webhooks(Webhooks::Twice);
    let begun = buy(&ana, "basic").await;
    for _ in 0..2 {
        assert!(stripe.act(&cloud.core(), &intent(&begun), &card(REFUSED)).is_err());
        cloud.settle().await;
        for _ in 0..3 {
            seen(&ana, &begun).await;
        }
    }
    buy(&ana, "premium").await;
}

/// Payments that somebody who leaves has not made are cancelled at Stripe exactly once, also if Stripe is down for days meanwhile; nobody
/// can make them any more, and nothing of the person stays.
/// Promise: payment-cancelled, deletion-complete, stripe-outage
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_owes_nothing() {
    let cloud = Cloud::start().await;
    let (ana, stripe) = (cloud.member("ana").await, &cloud.outside.stripe);
    let begun = [donations::begin(&ana, "one").await, buy(&ana, "basic").await];
    let paid = pay(&cloud, &ana, "premium").await;
    // So that nobody cancels what is a day old before the account goes.
    stripe.be(Mode::Down);
    let scheduled = schedule(&ana).await;
    until_due(&cloud, &scheduled).await;
    assert_eq!(run(&cloud, SWEEP).await["claimed"], 1);
    cloud.settle().await;
    assert_gone(&cloud, &ana, &scheduled).await;
    for kind in ["donation", "plan_payment", "held_plan", "payment_request", "customer"] {
        assert!(cloud.of_kind(kind).await.is_empty(), "{kind}");
    }
    cloud.advance(HOUR * 48).await;
    assert_eq!((cloud.of_kind("payment_removal").await.len(), cloud.of_kind("customer_removal").await.len()), (2, 1));
    stripe.be(Mode::Well);
    let report = run(&cloud, WEBHOOK).await;
    assert_eq!((&report["payments"], &report["customers"]), (&json!(2), &json!(1)));
    assert_eq!(run(&cloud, WEBHOOK).await["payments"], 0);
    let cancelled = stripe.asked().into_iter().filter(|asked| asked.asked.ends_with("/cancel") && asked.status == 200).count();
    assert_eq!(cancelled, 2);
    for payment in &begun {
        assert!(stripe.act(&cloud.core(), &intent(payment), &card(VISA)).is_err());
    }
    cloud.settle().await;
    let records = cloud.of_kind("payment_record").await;
    let states: BTreeSet<_> =
        records.iter().map(|record| (record["id"]["S"].clone(), record["state"]["S"].clone())).map(|s| format!("{s:?}")).collect();
    let expected = begun.iter().map(|payment| (payment["id"].clone(), json!("cancelled"))).chain([(paid["id"].clone(), json!("paid"))]);
    assert_eq!(states, expected.map(|state| format!("{state:?}")).collect());
    assert!(!json!(records).to_string().contains(&ana.id()) && cloud.of_kind("payment_removal").await.is_empty());
}

/// What can be donated and which plans are sold are settings. Who has a plan keeps it when it is not sold any more.
/// Promise: plan-price, donation-fields
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_choose_plans_and_limits() {
    let settings = [("Plans", "gold:9900:Gold:pl=Złoty"), ("PlanCurrency", "PLN"), ("DonationCurrency", "GBP"), ("DonationMin", "1000")];
    let cloud = Cloud::start_with(&settings).await;
    let ana = cloud.member("ana").await.with("idempotency-key", "one");
    let sold = ana.get(&format!("{PLANS}?lang=pl")).await.is(200);
    let gold = json!([{ "id": "gold", "name": "Złoty", "price": { "amount": 9900, "currency": "PLN" } }]);
    assert_eq!(sold["items"], gold);
    assert_eq!(ana.post(PAYMENTS, json!({ "plan": "basic" })).await.field_errors(), ["/plan choice"]);
    let limits = ana.get("/v1/donation-settings").await.is(200);
    assert_eq!((&limits["min"], &limits["max"]["amount"]), (&json!({ "amount": 1000, "currency": "GBP" }), &json!(10_000)));
    let refused = ana.post(donations::DONATIONS, donations::of(999)).await;
    assert_eq!(refused.field_errors(), ["/amount/currency currency", "/amount/amount range"]);
}

/// What is in the currency of Poland is also paid with what operators add to cards, and anything else by card.
/// Promise: payment-methods
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_add_methods_to_cards() {
    let cloud = Cloud::start_with(&[("PaymentMethods", "card,blik,p24")]).await;
    let ana = cloud.member("ana").await;
    donations::begin(&ana, "one").await;
    buy(&ana, "basic").await;
    let payments = cloud.outside.stripe.payments();
    let methods: Vec<_> = payments.iter().map(|payment| (payment["currency"].clone(), payment["payment_method_types"].clone())).collect();
    assert_eq!(methods, [(json!("gbp"), json!(["card"])), (json!("pln"), json!(["card", "blik", "p24"]))]);
}
