//! What Stripe tells, in every order and late, and what it does not tell. And the stand-in itself.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use kernel::Env;
use local::{
    Options, Stack,
    aws::faults::{Fault, Target},
    outside::{
        Mode,
        stripe::{Act, PUBLISHABLE_KEY, SECRET_KEY, StripeEvent, WEBHOOK_SECRET, Webhooks, parameters, signature},
    },
};
use reqwest::Method;
use tasks::endpoint;
use tests::{Caller, Cloud, Reply, Value, json};

use crate::{
    card_orders::try_run,
    deletion::run,
    donations::{DONATIONS, VISA, WEBHOOK, act, begin, card, intent, of, seen, stored},
    killed::cut_everywhere,
};

const EVENTS: &str = "/v1/stripe-events";
const HOUR: Duration = Duration::from_secs(3600);

/// The last five events: a charge, a payment, a refund with its charge, and a dispute.
const FIVE: [&str; 5] = ["charge.succeeded", "payment_intent.succeeded", "refund.created", "charge.refunded", "charge.dispute.created"];

fn last_five(cloud: &Cloud) -> Vec<String> {
    let events = cloud.outside.stripe.events();
    let five: Vec<&StripeEvent> = events.iter().rev().take(5).rev().collect();
    assert_eq!(five.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>(), FIVE);
    five.into_iter().map(|event| event.id.clone()).collect()
}

/// Every order of some things.
pub(crate) fn orders<T: Clone>(things: &[T]) -> Vec<Vec<T>> {
    if things.is_empty() {
        return vec![Vec::new()];
    }
    let rest_of = |n: usize| [&things[..n], &things[n + 1..]].concat();
    let with = |n: usize| orders(&rest_of(n)).into_iter().map(move |rest| [vec![things[n].clone()], rest].concat());
    (0..things.len()).flat_map(with).collect()
}

/// Sends an event with this signature.
pub(crate) async fn post(caller: &Caller, signature: &str, body: &str) -> Reply {
    let signed = caller.with("stripe-signature", signature);
    signed.raw(Method::POST, EVENTS, Some("application/json"), body.as_bytes().to_vec()).await
}

/// All 120 orders of five events, each event three times: the same end, and one receipt.
/// Promise: stripe-order
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_lead_to_the_same_end_in_every_order() {
    let cloud = Cloud::start().await;
    cloud.limits.lift(true);
    let (ana, core, stripe) = (cloud.member("ana").await, cloud.core(), &cloud.outside.stripe);
    stripe.send_webhooks(Webhooks::Held);
    let all = orders(&[0, 1, 2, 3, 4]);
    assert_eq!(all.len(), 120);
    for (n, order) in all.iter().enumerate() {
        let begun = begin(&ana, &n.to_string()).await;
        for what in [card(VISA), Act::Refund(Some(34)), Act::Dispute] {
            act(&cloud, &begun, what);
        }
        let five = last_five(&cloud);
        for _ in 0..3 {
            for event in order {
                assert_eq!(stripe.deliver(&core, &five[*event]).await, Ok(200), "{order:?}");
            }
        }
    }
    for donation in stored(&cloud).await {
        let found = ["state", "refunded", "disputed"].map(|name| donation[name].clone());
        assert_eq!(found, [json!({ "S": "paid" }), json!({ "N": "34" }), json!({ "BOOL": true })], "{donation}");
        assert_eq!(donation["version"]["N"], "3", "begun, with its payment, paid: {donation}");
    }
    assert_eq!(cloud.mails_to(&ana.email()).await.len(), 120);
    assert_eq!(cloud.of_kind("stripe_event").await.len(), 600);
}

/// Events that come while the payment goes on: each leads to what is true at that moment.
/// Promise: stripe-order
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_event_does_not_bring_back_an_old_state() {
    let cloud = Cloud::start().await;
    let (ana, core, stripe) = (cloud.member("ana").await, cloud.core(), &cloud.outside.stripe);
    stripe.send_webhooks(Webhooks::Held);
    let begun = begin(&ana, "one").await;
    act(&cloud, &begun, card(VISA));
    let paid = stripe.events().last().unwrap().id.clone();
    act(&cloud, &begun, Act::Refund(None));
    let refunded = stripe.events().last().unwrap().id.clone();
    for event in [&refunded, &paid, &refunded, &paid] {
        assert_eq!(stripe.deliver(&core, event).await, Ok(200));
        assert_eq!(seen(&ana, &begun).await["state"], "refunded");
    }
    assert_eq!(cloud.mails_to(&ana.email()).await.len(), 1);
}

/// Reads something that is paid, again as long as others are faster.
pub(crate) async fn read(payer: &Caller, path: &str) -> Value {
    loop {
        let reply = payer.get(path).await;
        if reply.status != 503 && reply.status != 409 {
            return reply.is(200);
        }
    }
}

/// The webhook, the page that the donor returns to and the reconciliation, five hundred times each at once: one credit.
/// Promise: stripe-order, donation-paid
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_who_hears_of_a_payment_at_once_credits_it_once() {
    let cloud = Cloud::start().await;
    cloud.limits.lift(true);
    let (ana, core, stripe) = (cloud.member("ana").await, cloud.core(), &cloud.outside.stripe);
    stripe.send_webhooks(Webhooks::Held);
    let begun = begin(&ana, "one").await;
    act(&cloud, &begun, card(VISA));
    let events: Vec<String> = stripe.events().iter().rev().take(2).map(|event| event.id.clone()).collect();
    let webhooks = join_all((0..500).map(|n| stripe.deliver(&core, &events[n % 2])));
    let own = format!("{DONATIONS}/{}", begun["id"].as_str().unwrap());
    let returns = join_all((0..500).map(|_| read(&ana, &own)));
    let reconciled = join_all((0..500).map(|_| try_run(&cloud)));
    let (webhooks, returns, reconciled) = tokio::join!(webhooks, returns, reconciled);
    assert!(webhooks.iter().all(|status| [Ok(200), Ok(409), Ok(503)].contains(status)), "{webhooks:?}");
    assert!(reconciled.contains(&true), "some runs end well");
    assert!(returns.iter().all(|donation| donation["state"] == "paid"));
    for event in &events {
        assert_eq!(stripe.deliver(&core, event).await, Ok(200));
    }
    let donations = stored(&cloud).await;
    assert_eq!((donations.len(), &donations[0]["version"]["N"]), (1, &json!("3")));
    assert_eq!(cloud.mails_to(&ana.email()).await.len(), 1);
}

/// Delivers an event a thousand times at once, and once more when all have been answered.
pub(crate) async fn deliver_a_thousand_times(cloud: &Cloud, event: &str) {
    let (core, stripe) = (cloud.core(), &cloud.outside.stripe);
    let answers = join_all((0..1_000).map(|_| stripe.deliver(&core, event))).await;
    assert!(answers.iter().all(|status| [Ok(200), Ok(409), Ok(503)].contains(status)), "{answers:?}");
    assert_eq!(stripe.deliver(&core, event).await, Ok(200));
}

/// The same event a thousand times at once has one effect.
/// Promise: stripe-order
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_event_a_thousand_times_has_one_effect() {
    let cloud = Cloud::start().await;
    cloud.limits.lift(true);
    let (ana, stripe) = (cloud.member("ana").await, &cloud.outside.stripe);
    stripe.send_webhooks(Webhooks::Held);
    let begun = begin(&ana, "one").await;
    act(&cloud, &begun, card(VISA));
    let paid = stripe.events().last().unwrap().id.clone();
    deliver_a_thousand_times(&cloud, &paid).await;
    let donations = stored(&cloud).await;
    assert_eq!((&donations[0]["state"]["S"], &donations[0]["version"]["N"]), (&json!("paid"), &json!("3")));
    assert_eq!((cloud.of_kind("stripe_event").await.len(), cloud.mails_to(&ana.email()).await.len()), (1, 1));
}

/// Three days late, twice, of an old version, with an object of another form: applied. Of an unknown type or form: taken and left alone.
/// Promise: stripe-order
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late_old_and_unknown_events_are_taken() {
    let cloud = Cloud::start().await;
    let (ana, core, stripe) = (cloud.member("ana").await, cloud.core(), &cloud.outside.stripe);
    stripe.send_webhooks(Webhooks::After(70 * 3600));
    let begun = begin(&ana, "late").await;
    act(&cloud, &begun, card(VISA));
    cloud.settle().await;
    assert_eq!(stored(&cloud).await[0]["state"]["S"], "pending_payment");
    cloud.advance(HOUR * 70).await;
    assert!(stripe.events().iter().all(|event| event.delivered));
    assert_eq!((stored(&cloud).await[0]["state"]["S"].as_str(), cloud.mails_to(&ana.email()).await.len()), (Some("paid"), 1));

    stripe.send_webhooks(Webhooks::Held);
    let ana = cloud.sign_in("ana").await;
    let old = begin(&ana, "old").await;
    act(&cloud, &old, card(VISA));
    let id = stripe.events().last().unwrap().id.clone();
    let (_, body) = stripe.webhook(&core, &id).unwrap();
    let mut event: Value = serde_json::from_str(&body).unwrap();
    event["api_version"] = json!("2015-10-16");
    event["data"]["object"] = json!({ "id": intent(&old), "object": "payment_intent", "amount": "a text" });
    let sent = event.to_string();
    let anybody = cloud.anonymous();
    for outcome in ["applied", "handled_before"] {
        let receipt = post(&anybody, &signature(&sent, cloud.now()), &sent).await.is(200);
        assert_eq!(receipt["outcome"], outcome);
    }
    assert_eq!(seen(&ana, &old).await["state"], "paid");
    for (kind, object) in [
        ("invoice.paid", json!({ "id": "in_1" })),
        ("of.tomorrow", json!([])),
        ("charge.succeeded", json!({ "id": "ch_1" })),
        ("payment_intent.succeeded", json!({ "id": "pi_unknown" })),
    ] {
        let sent =
            json!({ "id": format!("evt_{}", kind.len()), "type": kind, "livemode": false, "data": { "object": object } }).to_string();
        assert_eq!(post(&anybody, &signature(&sent, cloud.now()), &sent).await.is(200)["outcome"], "ignored", "{kind}");
    }
    for sent in ["", "null", "{}", "{\"id\":5}"] {
        assert_eq!(post(&anybody, &signature(sent, cloud.now()), sent).await.is(200)["outcome"], "ignored", "{sent}");
    }
}

/// Events of an unknown type, and those of another form, are counted for operators.
/// Promise: stripe-order
#[test]
fn events_that_are_not_used_are_counted() {
    let journey = async {
        let cloud = Cloud::start().await;
        for sent in [r#"{"id":"evt_1","type":"of.tomorrow","livemode":false,"data":{"object":{}}}"#, "{}"] {
            post(&cloud.anonymous(), &signature(sent, cloud.now()), sent).await.is(200);
        }
    };
    let Some(((), log)) = tests::logged(journey) else { return };
    for metric in ["UnusedEvents", "UnreadableEvents"] {
        assert_eq!(log.lines().filter(|line| line.contains(metric)).count(), 1, "{metric}: {log}");
    }
}

/// An event of a payment whose donation or order is not there yet is not lost: it comes again. After an hour nobody waits for it.
/// Promise: stripe-order
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_waits_for_what_is_paid() {
    let cloud = Cloud::start().await;
    let (ana, core, stripe) = (cloud.member("ana").await, cloud.core(), &cloud.outside.stripe);
    stripe.send_webhooks(Webhooks::Held);
    let url = format!("{}/stripe/v1/payment_intents", cloud.urls.outside);
    let account = cloud.anonymous().with("authorization", format!("Bearer {SECRET_KEY}"));
    for paid_for in ["donation]=don", "order]=ord"] {
        let body = format!("amount=1234&currency=pln&metadata[user]={}&metadata[{paid_for}_01K9ZC4QW8V3T6R1NHXJ5B2MDP", ana.id());
        let form = Some("application/x-www-form-urlencoded");
        let made = account.raw(Method::POST, &url, form, body.into_bytes()).await.is(200);
        stripe.act(&core, made["id"].as_str().unwrap(), &card(VISA)).unwrap();
        let id = stripe.events().last().unwrap().id.clone();
        assert_eq!(stripe.deliver(&core, &id).await, Ok(503), "{paid_for}");
        assert!(cloud.of_kind("stripe_event").await.iter().all(|event| !event.to_string().contains(&id)), "{paid_for}");
        cloud.advance(HOUR).await;
        assert_eq!(stripe.deliver(&core, &id).await, Ok(200), "{paid_for}");
    }
}

/// Only bytes that Stripe has signed lately count.
/// Promise: stripe-signature
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forged_events_are_refused() {
    let cloud = Cloud::start().await;
    let (ana, core, stripe) = (cloud.member("ana").await, cloud.core(), &cloud.outside.stripe);
    stripe.send_webhooks(Webhooks::Held);
    let begun = begin(&ana, "one").await;
    act(&cloud, &begun, card(VISA));
    let id = stripe.events().last().unwrap().id.clone();
    let (signed, body) = stripe.webhook(&core, &id).unwrap();
    let hex = signed.split_once("v1=").unwrap().1;
    let time = cloud.now().seconds();
    let spaced = serde_json::to_string_pretty(&serde_json::from_str::<Value>(&body).unwrap()).unwrap();
    let live = body.replace("\"livemode\":false", "\"livemode\":true");
    let anybody = cloud.anonymous();
    for (signature, body) in [
        (String::new(), &body),
        (format!("t={time}"), &body),
        (format!("t={time},v0={hex}"), &body),
        (format!("t={time},v1={}", "0".repeat(64)), &body),
        (format!("t={},v1={hex}", time + 1), &body),
        (signature(&body, cloud.now() - Duration::from_secs(301)), &body),
        (signature(&body, cloud.now() + Duration::from_secs(302)), &body),
        (signed.clone(), &spaced),
        (signature(&live, cloud.now()), &live),
    ] {
        post(&anybody, &signature, body).await.is_problem(400, "malformed");
    }
    anybody.raw(Method::POST, EVENTS, Some("application/json"), body.clone().into_bytes()).await.is_problem(400, "malformed");
    assert_eq!(stored(&cloud).await[0]["state"]["S"], "pending_payment");
    post(&anybody, &signed, &body).await.is(200);
    assert_eq!(stored(&cloud).await[0]["state"]["S"], "paid");
}

/// Lost webhooks are made up for within the hour: of a payment, a refund and a dispute. A payment that nobody pays is cancelled.
/// Promise: stripe-lost
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_webhook_loses_is_found() {
    let cloud = Cloud::start().await;
    let (ana, stripe) = (cloud.member("ana").await, &cloud.outside.stripe);
    stripe.send_webhooks(Webhooks::Lost);
    let (begun, left) = (begin(&ana, "one").await, begin(&ana, "two").await);
    let of = async |begun: &Value| stored(&cloud).await.into_iter().find(|donation| donation["id"]["S"] == begun["id"]).unwrap();
    for (what, name, expected) in [
        (card(VISA), "state", json!({ "S": "paid" })),
        (Act::Refund(Some(34)), "refunded", json!({ "N": "34" })),
        (Act::Dispute, "disputed", json!({ "BOOL": true })),
    ] {
        act(&cloud, &begun, what);
        assert_ne!(of(&begun).await[name], expected);
        // By itself, at seven minutes past the hour.
        cloud.advance(HOUR).await;
        assert_eq!(of(&begun).await[name], expected);
    }
    assert_eq!(of(&left).await["state"]["S"], "pending_payment");
    cloud.advance(HOUR * 24).await;
    assert_eq!(of(&left).await["state"]["S"], "cancelled");
    assert!(stripe.act(&cloud.core(), &intent(&left), &card(VISA)).is_err(), "nobody can pay it any more");
    assert_eq!(cloud.mails_to(&ana.email()).await.len(), 1);
}

/// More payments than one look takes, all of which fail each time, do not keep the one behind them from being looked at.
/// Promise: stripe-lost
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payments_that_fail_do_not_keep_others_waiting() {
    let cloud = Cloud::start().await;
    let (ana, core) = (cloud.member("ana").await, cloud.core());
    let begun = begin(&ana, "one").await;
    // Stripe refuses to show a payment with this id, because it cannot show what is asked for with it.
    let refused = "pi_1?expand[1]=everything&more=";
    let (row, id) = (stored(&cloud).await.remove(0).to_string(), begun["id"].as_str().unwrap());
    let table = core.template.tables.iter().find(|table| table.stream_arn.is_some()).unwrap();
    for n in 0..120 {
        let mut failing: Value = serde_json::from_str(&row.replace(id, &format!("don_01K9ZC4QW8V3T6R1NHXJ5B{n:04}"))).unwrap();
        failing["intent"] = json!({ "S": refused });
        let request = serde_json::from_value(json!({ "TableName": table.name, "Item": failing })).unwrap();
        core.aws.dynamodb.database().put_item(request).unwrap();
    }
    cloud.advance(HOUR * 25).await;
    let states = |donations: &[Value], own: bool| {
        let those = donations.iter().filter(|donation| (donation["id"]["S"] == id) == own);
        those.map(|donation| donation["state"]["S"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    let donations = stored(&cloud).await;
    assert_eq!((donations.len(), states(&donations, true)), (121, BTreeSet::from(["cancelled".to_owned()])));
    assert_eq!(states(&donations, false), BTreeSet::from(["pending_payment".to_owned()]));
}

/// Events about payments of others who use the same account, in any currency, lead to nothing: they are taken, also those that could not
/// be delivered, and looked at once.
/// Promise: stripe-order
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payments_of_others_lead_to_nothing() {
    let cloud = Cloud::start().await;
    let (core, stripe) = (cloud.core(), &cloud.outside.stripe);
    stripe.send_webhooks(Webhooks::Lost);
    let account = cloud.anonymous().with("authorization", format!("Bearer {SECRET_KEY}"));
    let url = format!("{}/stripe/v1/payment_intents", cloud.urls.outside);
    for currency in ["eur", "pln"] {
        let body = format!("amount=1234&currency={currency}").into_bytes();
        let made = account.raw(Method::POST, &url, Some("application/x-www-form-urlencoded"), body).await.is(200);
        stripe.act(&core, made["id"].as_str().unwrap(), &card(VISA)).unwrap();
        let last = stripe.events().last().unwrap().id.clone();
        assert_eq!(stripe.deliver(&core, &last).await, Ok(200), "{currency}");
    }
    let reads = || stripe.asked().iter().filter(|request| request.asked.starts_with("GET /payment_intents/")).count();
    assert_ne!(run(&cloud, WEBHOOK).await["undelivered"], 0);
    let read = reads();
    assert_eq!((run(&cloud, WEBHOOK).await["undelivered"].clone(), reads()), (json!(0), read));
}

/// While Stripe does not answer, webhooks get 5xx and come again; the reconciliation fails and tries again.
/// Promise: stripe-outage, local-stripe
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_loses_no_event() {
    let cloud = Cloud::start().await;
    let (ana, stripe) = (cloud.member("ana").await, &cloud.outside.stripe);
    let begun = begin(&ana, "one").await;
    stripe.be(Mode::Down);
    act(&cloud, &begun, card(VISA));
    cloud.settle().await;
    let last = || stripe.events().pop().unwrap();
    assert_eq!((last().delivered, last().attempts), (false, 1));
    assert_eq!(stored(&cloud).await[0]["state"]["S"], "pending_payment");
    stripe.be(Mode::Well);
    cloud.advance(Duration::from_secs(5 * 60)).await;
    assert_eq!((last().delivered, last().attempts), (true, 2));
    assert_eq!(stored(&cloud).await[0]["state"]["S"], "paid");
    stripe.send_webhooks(Webhooks::Twice);
    act(&cloud, &begun, Act::Refund(None));
    cloud.settle().await;
    assert_eq!((last().delivered, last().attempts), (true, 2));
    assert_eq!(cloud.mails_to(&ana.email()).await.len(), 1);
}

/// While Stripe is slow the webhook answers soon all the same, and not with a success: Stripe sends the event again.
/// Promise: stripe-outage
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_webhook_does_not_wait_for_a_slow_stripe() {
    let cloud = Cloud::start_with(&[("StripePatience", "3000")]).await;
    let (ana, core, stripe) = (cloud.member("ana").await, cloud.core(), &cloud.outside.stripe);
    stripe.send_webhooks(Webhooks::Held);
    let begun = begin(&ana, "one").await;
    act(&cloud, &begun, card(VISA));
    let last = || stripe.events().pop().unwrap();
    stripe.be(Mode::Slow);
    let sent = Instant::now();
    assert_eq!(stripe.deliver(&core, &last().id).await, Ok(503));
    // Stripe would have answered after ten seconds, and its client waits for eight.
    assert!(sent.elapsed() < Duration::from_secs(8), "{:?}", sent.elapsed());
    assert_eq!(stored(&cloud).await[0]["state"]["S"], "pending_payment");
    stripe.be(Mode::Well);
    cloud.advance(Duration::from_secs(5 * 60)).await;
    assert_eq!((last().delivered, last().attempts), (true, 2));
    assert_eq!((&stored(&cloud).await[0]["state"]["S"], cloud.mails_to(&ana.email()).await.len()), (&json!("paid"), 1));
}

/// A donation is paid while calls of the webhook fail. Stripe sends its events again.
async fn paid_despite(cloud: &Cloud, name: &str, target: Target, fault: Fault) -> u32 {
    cloud.limits.lift(true);
    let ana = cloud.member(name).await;
    let begun = begin(&ana, "one").await;
    cloud.settle().await;
    let down = cloud.aws.faults.script(target, fault);
    act(cloud, &begun, card(VISA));
    cloud.settle().await;
    down.end();
    cloud.advance(Duration::from_secs(6 * 60)).await;
    let all = stored(cloud).await;
    let paid = all.iter().find(|donation| donation["id"]["S"] == begun["id"]).unwrap();
    assert_eq!(paid["state"]["S"], "paid", "{fault:?}, {name}");
    assert_eq!(cloud.mails_to(&ana.email()).await.len(), 1, "{fault:?}, {name}");
    down.hits()
}

/// Whichever call of the webhook fails, or whose reply is lost after its effect: the donation is paid once, with one receipt.
/// Promise: stripe-order, consumer-resumes
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_is_applied_once_whatever_fails() {
    for (fault, times) in [(Fault::Internal, 0), (Fault::LostAfter, 3)] {
        let calls = cut_everywhere(WEBHOOK, times, async |cloud, name, target| paid_despite(cloud, name, target, fault).await).await;
        assert!(calls >= 3, "{fault:?}: {calls}");
    }
}

/// Stripe lists an event that it could not deliver for days. It is applied once, and its payment is read once.
/// Promise: stripe-order
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_undelivered_event_is_applied_once() {
    let cloud = Cloud::start().await;
    let (ana, stripe) = (cloud.member("ana").await, &cloud.outside.stripe);
    stripe.send_webhooks(Webhooks::Lost);
    let begun = begin(&ana, "one").await;
    act(&cloud, &begun, card(VISA));
    let reads = || stripe.asked().iter().filter(|request| request.asked.starts_with("GET /payment_intents/")).count();
    assert_ne!(run(&cloud, WEBHOOK).await["undelivered"], 0);
    let read = reads();
    assert_eq!((run(&cloud, WEBHOOK).await["undelivered"].clone(), reads()), (json!(0), read));
    assert_eq!(seen(&ana, &begun).await["state"], "paid");
}

/// A donation is begun while calls of its function fail, and once more with the same key.
async fn begun_despite(cloud: &Cloud, name: &str, target: Target, fault: Fault) -> u32 {
    cloud.limits.lift(true);
    let ana = cloud.member(name).await;
    let down = cloud.aws.faults.script(target, fault);
    let _ = ana.with("idempotency-key", "one").post(DONATIONS, of(1234)).await;
    down.end();
    let begun = begin(&ana, "one").await;
    let payments = cloud.outside.stripe.payments();
    let hers = payments.iter().filter(|payment| payment["metadata"]["user"] == ana.id()).count();
    let listed = ana.get(DONATIONS).await.is(200)["items"].clone();
    assert_eq!((hers, listed.as_array().unwrap().len(), &listed[0]["id"]), (1, 1, &begun["id"]), "{fault:?}, {name}");
    cloud.settle().await;
    down.hits()
}

/// Whichever call of the function fails, or whose reply is lost after its effect: the same request begins one payment.
/// Promise: payment-once
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_is_begun_once_whatever_fails() {
    for (fault, times) in [(Fault::Internal, 0), (Fault::LostAfter, 3)] {
        let calls =
            cut_everywhere("DonationsFunction", times, async |cloud, name, target| begun_despite(cloud, name, target, fault).await).await;
        assert!(calls >= 5, "{fault:?}: {calls}");
    }
}

/// The task for operators creates the endpoint with the version that the functions read, and returns its secret.
/// Promise: local-stripe
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_endpoint_is_created_with_its_version() {
    let cloud = Cloud::start().await;
    let (url, key) = (format!("{}/stripe", cloud.urls.outside), SECRET_KEY.to_owned());
    let env: Env = [("STRIPE_URL".to_owned(), url), ("STRIPE_SECRET_KEY".to_owned(), key)].into_iter().collect();
    let secret = endpoint::create(&env, "https://api.stoa.example/").await.unwrap();
    assert_eq!(secret.expose(), WEBHOOK_SECRET);
    assert!(endpoint::create(&env, "http://api.stoa.example").await.is_err());
}

/// A browser pays at the stand-in as Stripe's script does, with the publishable key and the secret of the payment.
/// Promise: local-stripe
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_pays_with_the_secret_of_its_payment() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let begun = begin(&ana, "one").await;
    let url = format!("{}/stripe/v1/payment_intents/{}/confirm", cloud.urls.outside, intent(&begun));
    let browser = cloud.anonymous().with("authorization", format!("Bearer {PUBLISHABLE_KEY}"));
    let confirm = async |secret: &str, number: &str| {
        let body = format!("client_secret={secret}&payment_method_data[type]=card&payment_method_data[card][number]={number}");
        browser.raw(Method::POST, &url, Some("application/x-www-form-urlencoded"), body.into_bytes()).await
    };
    let secret = begun["client_secret"].as_str().unwrap();
    confirm("other", VISA).await.has(400);
    assert_eq!(confirm(secret, "4000000000000002").await.is(402)["error"]["decline_code"], "generic_decline");
    assert_eq!(confirm(secret, VISA).await.is(200)["status"], "succeeded");
    cloud.settle().await;
    assert_eq!(seen(&ana, &begun).await["state"], "paid");
}

/// With keys in the environment payments are made at the Stripe that it names, and the stand-in is off. Its webhooks come from outside, as
/// the Stripe CLI forwards them.
/// Promise: local-stripe
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_keys_in_the_environment_payments_are_made_at_stripe() {
    // The stand-in of another local cloud.
    let elsewhere = Stack::start(Options { now: Options::for_tests().now, ..Options::default() }).await.unwrap();
    let (core, stripe, url) = (elsewhere.core(), &elsewhere.outside.stripe, format!("{}/stripe", elsewhere.urls.outside));
    stripe.send_webhooks(Webhooks::Held);
    let env = [
        ("STRIPE_URL", url.as_str()),
        ("STRIPE_SECRET_KEY", SECRET_KEY),
        ("STRIPE_PUBLISHABLE_KEY", PUBLISHABLE_KEY),
        ("STRIPE_WEBHOOK_SECRETS", WEBHOOK_SECRET),
    ];
    let given = parameters(&env.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect()).unwrap();
    let given: Vec<(&str, &str)> = given.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let cloud = Cloud::start_with(&given).await;
    let (ana, anybody) = (cloud.member("ana").await, cloud.anonymous());
    let begun = begin(&ana, "one").await;
    assert_eq!((stripe.payments().len(), cloud.outside.stripe.payments().len()), (1, 0));
    stripe.act(&core, &intent(&begun), &card(VISA)).unwrap();
    let (_, event) = stripe.webhook(&core, &stripe.events().last().unwrap().id).unwrap();
    post(&anybody, &signature(&event, cloud.now()), &event).await.is(200);
    assert_eq!(stored(&cloud).await[0]["state"]["S"], "paid");

    let console = format!("{}/_local/stripe", cloud.urls.console);
    assert_eq!(anybody.get(&console).await.is(200)["real"], json!(url));
    anybody.post(&console, json!({ "mode": "down" })).await.has(400);
    anybody.get(&format!("{}/stripe/v1/balance", cloud.urls.outside)).await.has(404);
}

/// The page of the console pays as the payer and as the bank, with BLIK and with Przelewy24.
/// Promise: local-stripe, payment-methods
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bank_is_controlled_from_the_console() {
    let cloud = Cloud::start_with(&[("PaymentMethods", "card,blik,p24")]).await;
    let (ana, anybody) = (cloud.member("ana").await, cloud.anonymous());
    let url = format!("{}/_local/stripe", cloud.urls.console);
    for acts in [vec!["blik", "confirm"], vec!["p24", "confirm", "bank_pays"]] {
        let begun = begin(&ana, acts[0]).await;
        anybody.post(&url, json!({ "payment": intent(&begun), "act": "bank_pays" })).await.has(400);
        for act in &acts {
            assert_eq!(seen(&ana, &begun).await["state"], "pending_payment", "{act}");
            anybody.post(&url, json!({ "payment": intent(&begun), "act": act })).await.is(200);
            cloud.settle().await;
        }
        assert_eq!(seen(&ana, &begun).await["state"], "paid", "{acts:?}");
    }
    let begun = begin(&ana, "declined").await;
    for (act, status) in [("blik", 200), ("fail_to_confirm", 400), ("p24", 200), ("confirm", 200), ("bank_refuses", 400)] {
        anybody.post(&url, json!({ "payment": intent(&begun), "act": act })).await.has(status);
    }
    cloud.settle().await;
    assert_eq!(seen(&ana, &begun).await["decline"], "generic_decline");
}

/// The page of the console pays, declines, confirms, disputes and gives back, and says how Stripe and its webhooks behave.
/// Promise: local-stripe
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_stand_in_is_controlled_from_the_console() {
    let cloud = Cloud::start().await;
    let (ana, anybody) = (cloud.member("ana").await, cloud.anonymous());
    let url = format!("{}/_local/stripe", cloud.urls.console);
    let begun = begin(&ana, "one").await;
    let reading = anybody.get(&url).await.is(200);
    assert_eq!((&reading["mode"], &reading["payments"][0]["id"]), (&json!("well"), &json!(intent(&begun))));
    let act = |what: Value| json!({ "payment": intent(&begun), "act": what });
    anybody.post(&url, act(json!({ "card": "4000000000000002" }))).await.has(400);
    anybody.post(&url, act(json!({ "card": VISA }))).await.is(200);
    cloud.settle().await;
    assert_eq!(seen(&ana, &begun).await["state"], "paid");
    anybody.post(&url, act(json!("dispute"))).await.is(200);
    anybody.post(&url, act(json!({ "refund": null }))).await.has(400);
    cloud.settle().await;
    assert_eq!(seen(&ana, &begun).await["disputed"], true);
    assert_eq!(anybody.post(&url, json!({ "mode": "down" })).await.is(200)["mode"], "down");
    assert_eq!(anybody.post(&url, json!({ "webhooks": { "after": 60 } })).await.is(200)["webhooks"], json!({ "after": 60 }));
    anybody.post(&url, json!({})).await.has(400);
    let page = anybody.get(&format!("{}/stripe", cloud.urls.console)).await;
    assert!(page.status.is_success() && page.header("content-security-policy").starts_with("default-src 'none'"));
}
