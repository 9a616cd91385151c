//! Donations by card.

use std::{collections::BTreeSet, time::Duration};

use futures_util::future::join_all;
use local::outside::{
    Mode,
    stripe::{Act, SECRET_KEY, Webhooks},
};
use reqwest::Method;
use tests::{Caller, Cloud, PATIENCE, Value, json, logged};

use crate::{
    card_orders::{refunds, try_run},
    deletion::{SWEEP, assert_gone, run, schedule, until_due},
};

pub(crate) const DONATIONS: &str = "/v1/donations";
pub(crate) const WEBHOOK: &str = "StripeWebhookFunction";
/// The test card that pays.
pub(crate) const VISA: &str = "4242424242424242";
const HOUR: Duration = Duration::from_secs(3600);

pub(crate) fn of(amount: u64) -> Value {
    json!({ "amount": { "amount": amount, "currency": "PLN" }, "country": "PL", "postal_code": "00-001" })
}

/// Begins a donation, and returns it with the secret to pay it.
pub(crate) async fn begin(donor: &Caller, key: &str) -> Value {
    donor.with("idempotency-key", key).post(DONATIONS, of(1234)).await.is(201)
}

/// Stripe's id of the payment of a donation.
pub(crate) fn intent(begun: &Value) -> String {
    begun["client_secret"].as_str().unwrap().split_once("_secret").unwrap().0.to_owned()
}

pub(crate) fn act(cloud: &Cloud, begun: &Value, act: Act) {
    cloud.outside.stripe.act(&cloud.core(), &intent(begun), &act).unwrap();
}

pub(crate) fn card(number: &str) -> Act {
    Act::Card(number.to_owned())
}

/// The donation as its donor sees it.
pub(crate) async fn seen(donor: &Caller, begun: &Value) -> Value {
    donor.get(&format!("{DONATIONS}/{}", begun["id"].as_str().unwrap())).await.is(200)
}

/// Pays what was begun, with a card, and it is paid.
async fn pays(cloud: &Cloud, donor: &Caller, begun: &Value) {
    act(cloud, begun, card(VISA));
    cloud.settle().await;
    assert_eq!(seen(donor, begun).await["state"], "paid");
}

/// The donations as they are stored.
pub(crate) async fn stored(cloud: &Cloud) -> Vec<Value> {
    cloud.settle().await;
    cloud.of_kind("donation").await
}

/// A donation is begun, paid by card, confirmed by Stripe's webhook alone, listed, and its receipt is in the donor's language.
/// Promise: donation-paid
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_donation_is_paid_and_its_receipt_sent() {
    let cloud = Cloud::start().await;
    let settings = cloud.anonymous().get("/v1/donation-settings").await.is(200);
    assert_eq!((&settings["min"]["amount"], &settings["max"]["amount"]), (&json!(500), &json!(10_000)));
    assert!(settings["publishable_key"].as_str().unwrap().starts_with("pk_test_"));
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let version = ben.get("/v1/me").await.header("etag");
    ben.with("if-match", version).patch("/v1/me", json!({ "language": "pl" })).await.is(200);
    for (donor, subject, lead) in [
        (&ana, "Your donation of PLN\u{a0}12.34", "We have received your donation of PLN\u{a0}12.34."),
        (&ben, "Twoja darowizna: 12,34\u{a0}zł", "Otrzymaliśmy Twoją darowiznę w kwocie 12,34\u{a0}zł."),
    ] {
        let begun = begin(donor, "one").await;
        assert_eq!((&begun["state"], &begun["amount"]["amount"]), (&json!("pending_payment"), &json!(1234)));
        // Whoever says that they have paid has not.
        assert_eq!(seen(donor, &begun).await["state"], "pending_payment");
        act(&cloud, &begun, card(VISA));
        cloud.settle().await;
        assert_eq!(stored(&cloud).await.iter().filter(|d| d["id"]["S"] == begun["id"] && d["state"]["S"] == "paid").count(), 1);
        let paid = seen(donor, &begun).await;
        assert_eq!((&paid["state"], paid["paid_at"].is_string(), &paid["disputed"]), (&json!("paid"), true, &json!(false)));
        let mails = cloud.mails_to(&donor.email()).await;
        assert_eq!(mails.len(), 1);
        assert_eq!(mails[0].subject, subject);
        assert!(mails[0].text.contains(lead) && mails[0].text.contains(begun["id"].as_str().unwrap()), "{}", mails[0].text);
        let history = donor.get(DONATIONS).await.is(200);
        assert_eq!((history["items"].as_array().unwrap().len(), &history["items"][0]["id"]), (1, &begun["id"]));
    }
    // What Stripe has been asked has our own ids, and nothing about the card.
    let payments = cloud.outside.stripe.payments();
    let donors: BTreeSet<&str> = payments.iter().filter_map(|payment| payment["metadata"]["user"].as_str()).collect();
    assert_eq!(donors, BTreeSet::from([ana.id().as_str(), ben.id().as_str()]));
}

/// Nobody sees or learns of the donations of others, and a list is paged without gaps and repetitions.
/// Promise: object-ownership
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn donations_are_their_donors() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let mut begun = Vec::new();
    for key in ["1", "2", "3", "4", "5"] {
        begun.insert(0, begin(&ana, key).await["id"].clone());
    }
    let path = format!("{DONATIONS}/{}", begun[0].as_str().unwrap());
    ben.get(&path).await.is_problem(404, "not_found");
    cloud.anonymous().get(&path).await.is_problem(401, "token_invalid");
    assert_eq!(ben.get(DONATIONS).await.is(200)["items"], json!([]));
    let (mut listed, mut page) = (Vec::new(), format!("{DONATIONS}?limit=2"));
    loop {
        let list = ana.get(&page).await.is(200);
        listed.extend(list["items"].as_array().unwrap().iter().map(|item| item["id"].clone()));
        let Some(cursor) = list["next_cursor"].as_str() else { break };
        page = format!("{DONATIONS}?limit=2&cursor={cursor}");
    }
    assert_eq!(listed, begun);
}

/// Each card that Stripe documents as refused is refused for its reason, and another card pays the same donation.
/// Promise: donation-refused
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_card_takes_no_money() {
    let cloud = Cloud::start().await;
    cloud.limits.lift(true);
    let ana = cloud.member("ana").await;
    for (number, reason) in [
        ("4000000000000002", "generic_decline"),
        ("4000000000009995", "insufficient_funds"),
        ("4000000000009987", "lost_card"),
        ("4000000000009979", "stolen_card"),
        ("4000000000000069", "expired_card"),
        ("4000000000000127", "incorrect_cvc"),
        ("4000000000000119", "processing_error"),
        ("4100000000000019", "fraudulent"),
    ] {
        let begun = begin(&ana, reason).await;
        assert!(cloud.outside.stripe.act(&cloud.core(), &intent(&begun), &card(number)).is_err(), "{number}");
        cloud.settle().await;
        let refused = seen(&ana, &begun).await;
        assert_eq!((&refused["state"], &refused["decline"]), (&json!("pending_payment"), &json!(reason)));
        act(&cloud, &begun, card(VISA));
        cloud.settle().await;
        let paid = seen(&ana, &begun).await;
        assert_eq!((&paid["state"], paid.get("decline")), (&json!("paid"), None));
    }
    assert_eq!(cloud.mails_to(&ana.email()).await.len(), 8, "a receipt for each, and none for a refusal");
}

/// A payment that the payer has to confirm at the bank is open until they do.
/// Promise: donation-refused
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_may_need_to_be_confirmed() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let begun = begin(&ana, "one").await;
    act(&cloud, &begun, card("4000002760003184"));
    cloud.settle().await;
    assert_eq!(seen(&ana, &begun).await["state"], "pending_payment");
    let stripe = &cloud.outside.stripe;
    assert!(stripe.act(&cloud.core(), &intent(&begun), &Act::FailToConfirm).is_err());
    cloud.settle().await;
    let failed = seen(&ana, &begun).await;
    assert_eq!((&failed["state"], &failed["decline"]), (&json!("pending_payment"), &json!("authentication_not_handled")));
    act(&cloud, &begun, card("4000002760003184"));
    act(&cloud, &begun, Act::Confirm);
    cloud.settle().await;
    assert_eq!(seen(&ana, &begun).await["state"], "paid");
    assert_eq!(cloud.mails_to(&ana.email()).await.len(), 1);
}

/// With BLIK the donor confirms the payment in the app of the bank, or declines it there and pays in another way.
/// Promise: payment-methods, donation-refused
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_donation_is_paid_with_blik() {
    let cloud = Cloud::start_with(&[("PaymentMethods", "card,blik,p24")]).await;
    let ana = cloud.member("ana").await;
    let begun = begin(&ana, "one").await;
    act(&cloud, &begun, Act::Blik);
    cloud.settle().await;
    assert_eq!(seen(&ana, &begun).await["state"], "pending_payment");
    assert!(cloud.outside.stripe.act(&cloud.core(), &intent(&begun), &Act::FailToConfirm).is_err());
    cloud.settle().await;
    let declined = seen(&ana, &begun).await;
    assert_eq!((&declined["state"], &declined["decline"]), (&json!("pending_payment"), &json!("generic_decline")));
    act(&cloud, &begun, Act::Blik);
    act(&cloud, &begun, Act::Confirm);
    cloud.settle().await;
    let paid = seen(&ana, &begun).await;
    assert_eq!((&paid["state"], paid.get("decline"), cloud.mails_to(&ana.email()).await.len()), (&json!("paid"), None, 1));
}

/// Refunds of parts are summed up, and the whole is a refunded donation, unless the donor's bank refuses them. A dispute is shown.
/// Promise: donation-paid
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_given_back_is_shown() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let begun = begin(&ana, "one").await;
    act(&cloud, &begun, card(VISA));
    for (part, sum, state) in [(Some(34), 34, "paid"), (Some(1000), 1034, "paid"), (None, 1234, "refunded")] {
        act(&cloud, &begun, Act::Refund(part));
        cloud.settle().await;
        let now = seen(&ana, &begun).await;
        assert_eq!((&now["refunded"]["amount"], &now["state"]), (&json!(sum), &json!(state)));
    }
    act(&cloud, &begun, Act::FailRefunds);
    cloud.settle().await;
    let now = seen(&ana, &begun).await;
    assert_eq!((now.get("refunded"), &now["state"]), (None, &json!("paid")));
    let disputed = begin(&ana, "two").await;
    act(&cloud, &disputed, card(VISA));
    act(&cloud, &disputed, Act::Dispute);
    cloud.settle().await;
    let now = seen(&ana, &disputed).await;
    assert_eq!((&now["state"], &now["disputed"]), (&json!("paid"), &json!(true)));
}

/// What is wrong is named, all at once, in the reader's language; and nothing is begun.
/// Promise: donation-fields
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_donations_are_refused() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await.with("idempotency-key", "one");
    for amount in [0, 499, 10_001, (1 << 53) - 1] {
        let reply = ana.post(DONATIONS, of(amount)).await;
        assert_eq!(reply.field_errors(), ["/amount/amount range"], "{amount}");
    }
    let wrong = json!({ "amount": { "amount": 1, "currency": "GBP" }, "country": "PL", "postal_code": "ABCDE" });
    let all = ["/amount/currency currency", "/amount/amount range", "/postal_code postal_code"];
    assert_eq!(ana.post(DONATIONS, wrong.clone()).await.field_errors(), all);
    let polish = ana.with("accept-language", "pl").post(&format!("{DONATIONS}?lang=pl"), wrong).await.is_problem(422, "invalid");
    assert!(polish["errors"].to_string().contains("Ta waluta nie jest tu przyjmowana."), "{polish}");
    for (country, postcode, errors) in [
        ("Poland", "00-001", vec!["/country country"]),
        ("RU", "101000", vec!["/country country_blocked"]),
        ("PL", "", vec!["/postal_code required"]),
        ("PL", "0000A", vec!["/postal_code postal_code"]),
        ("AE", "", vec![]),
        ("GB", "SW1A 1AA", vec![]),
    ] {
        let body = json!({ "amount": { "amount": 400, "currency": "PLN" }, "country": country, "postal_code": postcode });
        let expected = [vec!["/amount/amount range"], errors].concat();
        assert_eq!(ana.post(DONATIONS, body).await.field_errors(), expected, "{country} {postcode}");
    }
    for amount in [json!(12.34), json!("1234"), json!(-500), json!(null), json!(1e308), json!(1_u64 << 53)] {
        let body = json!({ "amount": { "amount": amount, "currency": "PLN" }, "country": "PL", "postal_code": "00-001" });
        ana.post(DONATIONS, body).await.is_problem(400, "malformed");
    }
    for protected in ["state", "paid_at", "user", "intent", "customer", "refunded", "id", "version", "pk"] {
        let mut body = of(1234);
        body[protected] = json!("paid");
        ana.post(DONATIONS, body).await.is_problem(400, "malformed");
    }
    assert!(stored(&cloud).await.is_empty() && cloud.outside.stripe.payments().is_empty());
}

/// A thousand times the same key: one donation, one payment, equal answers. Another body with the key is refused, as is a request
/// without one.
/// Promise: payment-once
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_key_begins_one_payment() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    ana.post(DONATIONS, of(1234)).await.is_problem(400, "idempotency_key_required");
    ana.with("idempotency-key", "a b").post(DONATIONS, of(1234)).await.is_problem(400, "idempotency_key_required");
    let same = ana.with("idempotency-key", "same");
    let mut answers = BTreeSet::new();
    cloud.limits.lift(true);
    for reply in join_all((0..1_000).map(|_| same.post(DONATIONS, of(1234)))).await {
        // Some may be told that another one is under way.
        match reply.status.as_u16() {
            201 => drop(answers.insert(reply.json().to_string())),
            status => assert!([409, 503].contains(&status), "{reply:?}"),
        }
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
    let stripe = &cloud.outside.stripe;
    assert_eq!((stored(&cloud).await.len(), stripe.payments().len(), stripe.customers().len()), (1, 1, 1));
    same.post(DONATIONS, of(1235)).await.is_problem(422, "idempotency_key_reused");
    // Of somebody else it is another key, and after a day it is a new one.
    let ben = cloud.member("ben").await;
    begin(&ben, "same").await;
    assert_eq!(stripe.payments().len(), 2);
    cloud.advance(HOUR * 24).await;
    let anew = cloud.sign_in("ana").await.with("idempotency-key", "same").post(DONATIONS, of(1235)).await.is(201);
    assert_eq!((stripe.payments().len(), &anew["amount"]["amount"]), (3, &json!(1235)));
}

/// Five donations in an hour are begun; the sixth waits. A repetition of one of them does not count.
/// Promise: payment-limits
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cards_are_not_tried_here() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    for key in ["1", "2", "3", "4", "5", "5", "1"] {
        begin(&ana, key).await;
    }
    let sixth = ana.with("idempotency-key", "6");
    sixth.post(DONATIONS, of(1234)).await.is_problem(429, "too_many_requests");
    assert_eq!((stored(&cloud).await.len(), cloud.outside.stripe.payments().len()), (5, 5));
    cloud.advance(HOUR).await;
    let ana = cloud.sign_in("ana").await;
    begin(&ana, "6").await;
}

/// The limit holds for requests that are sent several times at once, too: of none of them a payment is begun.
/// Promise: payment-limits
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repetitions_at_once_do_not_pass_the_limit() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    for n in 0..9 {
        let same = ana.with("idempotency-key", format!("key-{n}"));
        let replies = join_all((0..8).map(|_| same.post(DONATIONS, of(1234)))).await;
        let right = |status: u16| if n < 5 { [201, 409, 503].contains(&status) } else { status == 429 };
        assert!(replies.iter().all(|reply| right(reply.status.as_u16())), "{n}: {replies:?}");
    }
    assert_eq!((stored(&cloud).await.len(), cloud.outside.stripe.payments().len()), (5, 5));
}

/// While Stripe is down a donation is not begun, and the same request begins it afterwards, once, also if Stripe's answer was lost.
/// Promise: stripe-outage, payment-once
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_of_stripe_begins_nothing_twice() {
    let cloud = Cloud::start().await;
    let (ana, stripe) = (cloud.member("ana").await.with("idempotency-key", "one"), &cloud.outside.stripe);
    assert!(try_run(&cloud).await, "the account is known");
    for (mode, status, code) in [
        (Mode::Down, 503, "unavailable"),
        (Mode::Limited, 409, "conflict"),
        (Mode::Busy, 409, "conflict"),
        (Mode::Lost, 503, "unavailable"),
    ] {
        stripe.be(mode);
        ana.post(DONATIONS, of(1234)).await.is_problem(status, code);
    }
    stripe.be(Mode::Well);
    let begun = ana.post(DONATIONS, of(1234)).await.is(201);
    assert_eq!((stripe.payments().len(), stripe.customers().len(), stored(&cloud).await.len()), (1, 1, 1));
    pays(&cloud, &ana, &begun).await;
}

/// With a secret key that may not make payments nobody begins to pay, and operators are told why.
/// Promise: stripe-outage
#[test]
fn operators_are_told_what_the_key_may_not_do() {
    let journey = async {
        let cloud = Cloud::start().await;
        let ana = cloud.member("ana").await.with("idempotency-key", "one");
        cloud.outside.stripe.forbid(Some("POST /payment_intents"));
        ana.post(DONATIONS, of(1234)).await.is_problem(503, "unavailable");
        cloud.outside.stripe.forbid(None);
        ana.post(DONATIONS, of(1234)).await.is(201);
    };
    let Some(((), log)) = logged(journey) else { return };
    let told = log.lines().filter(|line| line.contains("ERROR") && line.contains("403 invalid_request_error")).count();
    assert_eq!(told, 1, "{log}");
}

/// One customer for each person: told of changes, and made anew when Stripe no longer knows them.
/// Promise: stripe-customer
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_has_one_customer() {
    let cloud = Cloud::start().await;
    let (ana, stripe) = (cloud.member("ana").await, &cloud.outside.stripe);
    for key in ["1", "2"] {
        begin(&ana, key).await;
    }
    let customers = stripe.customers();
    assert_eq!(customers.len(), 1);
    assert_eq!((&customers[0]["name"], &customers[0]["email"]), (&json!("ana"), &json!(ana.email())));
    assert_eq!(customers[0]["metadata"]["user"], ana.id());
    let version = ana.get("/v1/me").await.header("etag");
    ana.with("if-match", version).put("/v1/me/username", json!({ "username": "anna" })).await.is(200);
    cloud.settle().await;
    assert_eq!(stripe.customers()[0]["name"], "anna", "Stripe is told at once");
    begin(&ana, "3").await;
    let told = stripe.customers();
    assert_eq!((told.len(), &told[0]["id"], &told[0]["name"]), (1, &customers[0]["id"], &json!("anna")));
    ana.post("/v1/me/email-changes", json!({ "email": "anna@example.test" })).await.is(202);
    let code = cloud.code_to("anna@example.test").await;
    ana.post("/v1/me/email-changes/verify", json!({ "code": code })).await.is(200);
    cloud.settle().await;
    assert_eq!(stripe.customers()[0]["email"], "anna@example.test", "and of another address");
    stripe.delete_customer(&cloud.core(), told[0]["id"].as_str().unwrap());
    let begun = begin(&ana, "4").await;
    let anew = stripe.customers();
    assert!(anew.len() == 1 && anew[0]["id"] != told[0]["id"], "{anew:?}");
    pays(&cloud, &ana, &begun).await;
}

/// A failure of Stripe's own at a customer, which it repeats for the same request for a day, keeps nobody from paying for longer than
/// minutes: the customer that it has created all the same is found, and otherwise another one is created.
/// Promise: stripe-customer, stripe-outage
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_that_stripe_repeats_keeps_nobody_from_paying() {
    for (mode, attempt) in [(Mode::FailsAfter, "1"), (Mode::FailsBefore, "2")] {
        let cloud = Cloud::start().await;
        let (ana, stripe) = (cloud.member("ana").await.with("idempotency-key", "one"), &cloud.outside.stripe);
        assert!(try_run(&cloud).await, "the account is known");
        stripe.be(mode);
        ana.post(DONATIONS, of(1234)).await.is_problem(503, "unavailable");
        stripe.be(Mode::Well);
        ana.post(DONATIONS, of(1234)).await.is_problem(503, "unavailable");
        cloud.advance(Duration::from_secs(301)).await;
        let begun = ana.post(DONATIONS, of(1234)).await.is(201);
        let (known, at_stripe) = (cloud.of_kind("customer").await, stripe.customers());
        assert_eq!((at_stripe.len(), &known[0]["attempt"]["N"]), (1, &json!(attempt)), "{mode:?}");
        assert_eq!(known[0]["customer"]["S"], at_stripe[0]["id"], "{mode:?}");
        pays(&cloud, &ana, &begun).await;
    }
}

/// A customer that Stripe has created with a failure is found with one request, however many others are created at the same time.
/// Promise: stripe-customer
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_is_found_among_many() {
    let cloud = Cloud::start().await;
    let (ana, stripe) = (cloud.member("ana").await.with("idempotency-key", "one"), &cloud.outside.stripe);
    assert!(try_run(&cloud).await, "the account is known");
    many_customers(&cloud).await;
    stripe.be(Mode::FailsAfter);
    ana.post(DONATIONS, of(1234)).await.is_problem(503, "unavailable");
    stripe.be(Mode::Well);
    cloud.advance(Duration::from_secs(301)).await;
    ana.post(DONATIONS, of(1234)).await.is(201);
    assert_eq!((lists_of_customers(&cloud), stripe.customers().len()), (1, 102));
}

/// Creates more customers of others at Stripe than one list shows.
async fn many_customers(cloud: &Cloud) {
    let account = cloud.anonymous().with("authorization", format!("Bearer {SECRET_KEY}"));
    let url = format!("{}/stripe/v1/customers", cloud.urls.outside);
    for n in 0..101 {
        let other = format!("name=other&email=other-{n}@example.test").into_bytes();
        account.raw(Method::POST, &url, Some("application/x-www-form-urlencoded"), other).await.is(200);
    }
}

/// How often customers at Stripe were listed since one was to be created.
fn lists_of_customers(cloud: &Cloud) -> usize {
    let asked = cloud.outside.stripe.asked();
    let since = asked.iter().rev().take_while(|request| request.asked != "POST /customers");
    since.filter(|request| request.asked == "GET /customers").count()
}

/// A customer whose creation was given up is looked for among those of that time, not among all that were created since.
/// Promise: stripe-customer
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_that_was_given_up_is_looked_for_among_those_of_its_time() {
    let cloud = Cloud::start().await;
    let (ana, stripe) = (cloud.member("ana").await.with("idempotency-key", "one"), &cloud.outside.stripe);
    assert!(try_run(&cloud).await, "the account is known");
    stripe.be(Mode::FailsBefore);
    ana.post(DONATIONS, of(1234)).await.is_problem(503, "unavailable");
    stripe.be(Mode::Well);
    cloud.advance(Duration::from_secs(301)).await;
    ana.post(DONATIONS, of(1234)).await.is(201);
    cloud.settle().await;
    // No run of the schedule looks for it before the others are created.
    stripe.be(Mode::Down);
    cloud.advance(HOUR + Duration::from_secs(900)).await;
    assert_eq!(cloud.of_kind("customer_removal").await.len(), 1);
    stripe.be(Mode::Well);
    many_customers(&cloud).await;
    run(&cloud, WEBHOOK).await;
    assert_eq!((lists_of_customers(&cloud), stripe.customers().len()), (1, 102));
    assert!(cloud.of_kind("customer_removal").await.is_empty());
}

/// Nor does a failure of Stripe's own at a payment: the payment that it has created all the same is found, and otherwise another one is
/// created. There is one that can be paid.
/// Promise: stripe-outage, payment-once
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_at_which_stripe_has_failed_is_made() {
    for mode in [Mode::FailsAfter, Mode::FailsBefore] {
        let cloud = Cloud::start().await;
        let (ana, stripe) = (cloud.member("ana").await, &cloud.outside.stripe);
        begin(&ana, "another").await;
        cloud.settle().await;
        let same = ana.with("idempotency-key", "one");
        // An event would tell of the payment that Stripe has created with a failure.
        stripe.send_webhooks(Webhooks::Lost);
        stripe.be(mode);
        same.post(DONATIONS, of(1234)).await.is_problem(503, "unavailable");
        stripe.be(Mode::Well);
        same.post(DONATIONS, of(1234)).await.is_problem(503, "unavailable");
        cloud.advance(Duration::from_secs(301)).await;
        let begun = same.post(DONATIONS, of(1234)).await.is(201);
        stripe.send_webhooks(Webhooks::AtOnce);
        assert_eq!(same.post(DONATIONS, of(1234)).await.is(201)["client_secret"], begun["client_secret"]);
        let payments = stripe.payments();
        let own: Vec<&Value> = payments.iter().filter(|payment| payment["metadata"]["donation"] == begun["id"]).collect();
        assert_eq!((own.len(), &own[0]["id"]), (1, &json!(intent(&begun))), "{mode:?}");
        pays(&cloud, &ana, &begun).await;
    }
}

/// Of two requests with one key at once Stripe refuses the second while it handles the first. It is sent again, and both get the same
/// donation.
/// Promise: payment-once
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_stripe_is_handling_is_sent_again() {
    let cloud = Cloud::start().await;
    let (ana, stripe) = (cloud.member("ana").await, &cloud.outside.stripe);
    begin(&ana, "another").await;
    let same = ana.with("idempotency-key", "one");
    stripe.hold("POST /payment_intents");
    let second = async {
        while stripe.in_progress() == 0 {
            tokio::task::yield_now().await;
        }
        same.post(DONATIONS, of(1234)).await
    };
    let refused = async {
        while !stripe.asked().iter().any(|asked| asked.status == 409) {
            tokio::task::yield_now().await;
        }
        stripe.release();
    };
    let both = async { tokio::join!(same.post(DONATIONS, of(1234)), second, refused) };
    let (first, second, ()) = tokio::time::timeout(PATIENCE, both).await.expect("both are answered");
    let (first, second) = (first.is(201), second.is(201));
    assert_eq!((&first["id"], &first["client_secret"]), (&second["id"], &second["client_secret"]));
    assert_eq!((stripe.payments().len(), stored(&cloud).await.len()), (2, 2));
    pays(&cloud, &ana, &first).await;
}

/// Payments that several attempts have left at Stripe for one donation, of which nobody has heard here: the first one is used, and the
/// others are cancelled.
/// Promise: stripe-outage, payment-once
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_payments_of_one_donation_one_can_be_paid() {
    let cloud = Cloud::start().await;
    let (ana, stripe) = (cloud.member("ana").await, &cloud.outside.stripe);
    begin(&ana, "another").await;
    cloud.settle().await;
    let same = ana.with("idempotency-key", "one");
    stripe.be(Mode::FailsBefore);
    same.post(DONATIONS, of(1234)).await.is_problem(503, "unavailable");
    stripe.be(Mode::Well);
    let donations = stored(&cloud).await;
    let donation = donations.iter().find(|donation| donation.get("intent").is_none_or(|intent| intent["S"].is_null())).unwrap();
    let (id, customer) = (donation["id"]["S"].as_str().unwrap(), stripe.customers()[0]["id"].clone());
    let account = cloud.anonymous().with("authorization", format!("Bearer {SECRET_KEY}"));
    let url = format!("{}/stripe/v1/payment_intents", cloud.urls.outside);
    let metadata = format!("metadata[user]={}&metadata[donation]={id}", ana.id());
    let body = format!("amount=1234&currency=pln&customer={}&{metadata}", customer.as_str().unwrap());
    // An event would tell of the first one.
    stripe.send_webhooks(Webhooks::Lost);
    let mut made = Vec::new();
    for _ in 0..3 {
        let form = Some("application/x-www-form-urlencoded");
        made.push(account.raw(Method::POST, &url, form, body.clone().into_bytes()).await.is(200)["id"].clone());
    }
    cloud.advance(Duration::from_secs(301)).await;
    let begun = same.post(DONATIONS, of(1234)).await.is(201);
    assert_eq!((&begun["id"], json!(intent(&begun))), (&json!(id), made[0].clone()));
    let payments = stripe.payments();
    let left = payments.iter().filter(|payment| made.contains(&payment["id"]) && payment["status"] != "canceled").count();
    assert_eq!((left, payments.len()), (1, 4));
    cloud.settle().await;
    assert_eq!(seen(&ana, &begun).await["state"], "pending_payment", "what is cancelled is another payment");
}

/// What somebody pays beside their donation after they have left is given back. It is not taken off what the donation has brought.
/// Promise: refund-owed, daily-revenue
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_payment_of_somebody_who_has_left_is_given_back() {
    let cloud = Cloud::start().await;
    let (ana, stripe) = (cloud.member("ana").await, &cloud.outside.stripe);
    let begun = begin(&ana, "one").await;
    act(&cloud, &begun, card(VISA));
    cloud.settle().await;
    let account = cloud.anonymous().with("authorization", format!("Bearer {SECRET_KEY}"));
    let metadata = format!("metadata[user]={}&metadata[donation]={}", ana.id(), begun["id"].as_str().unwrap());
    let body = format!("amount=1234&currency=pln&customer={}&{metadata}", stripe.customers()[0]["id"].as_str().unwrap());
    let (url, form) = (format!("{}/stripe/v1/payment_intents", cloud.urls.outside), Some("application/x-www-form-urlencoded"));
    let beside = account.raw(Method::POST, &url, form, body.into_bytes()).await.is(200);
    let scheduled = schedule(&ana).await;
    until_due(&cloud, &scheduled).await;
    assert_eq!(run(&cloud, SWEEP).await["claimed"], 1);
    cloud.settle().await;
    let records = cloud.of_kind("payment_record").await;
    assert_eq!((records.len(), &records[0]["state"]["S"], refunds(&cloud)), (1, &json!("paid"), 0));
    stripe.act(&cloud.core(), beside["id"].as_str().unwrap(), &card(VISA)).unwrap();
    cloud.settle().await;
    assert_eq!((cloud.of_kind("payment_record").await, refunds(&cloud)), (records, 1));
    assert!(cloud.of_kind("payment_removal").await.is_empty() && cloud.of_kind("payment_alert").await.is_empty());
}

/// A customer that appears at Stripe after its creation was given up is deleted there. The one in use stays.
/// Promise: stripe-customer
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_that_appears_late_is_deleted() {
    let cloud = Cloud::start().await;
    let (ana, stripe) = (cloud.member("ana").await.with("idempotency-key", "one"), &cloud.outside.stripe);
    assert!(try_run(&cloud).await, "the account is known");
    stripe.be(Mode::FailsBefore);
    ana.post(DONATIONS, of(1234)).await.is_problem(503, "unavailable");
    stripe.be(Mode::Well);
    cloud.advance(Duration::from_secs(301)).await;
    ana.post(DONATIONS, of(1234)).await.is(201);
    cloud.settle().await;
    let used = stripe.customers()[0]["id"].clone();
    let lost = cloud.of_kind("customer_removal").await.remove(0);
    let late = format!("name=ana&metadata[request]={}", lost["request"]["S"].as_str().unwrap()).into_bytes();
    let account = cloud.anonymous().with("authorization", format!("Bearer {SECRET_KEY}"));
    let url = format!("{}/stripe/v1/customers", cloud.urls.outside);
    account.raw(Method::POST, &url, Some("application/x-www-form-urlencoded"), late).await.is(200);
    assert_eq!((run(&cloud, WEBHOOK).await["customers"].clone(), stripe.customers().len()), (json!(0), 2));
    cloud.advance(HOUR * 2).await;
    let left: Vec<Value> = stripe.customers().iter().map(|customer| customer["id"].clone()).collect();
    assert_eq!((left, cloud.of_kind("customer_removal").await.len()), (vec![used], 0));
}

/// A customer whom only Stripe knows goes with its person, too.
/// Promise: stripe-customer, deletion-complete
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_whose_id_was_never_known_goes_with_its_person() {
    let cloud = Cloud::start().await;
    let (ana, stripe) = (cloud.member("ana").await, &cloud.outside.stripe);
    assert!(try_run(&cloud).await, "the account is known");
    stripe.be(Mode::FailsAfter);
    ana.with("idempotency-key", "one").post(DONATIONS, of(1234)).await.is_problem(503, "unavailable");
    let scheduled = schedule(&ana).await;
    stripe.be(Mode::Down);
    until_due(&cloud, &scheduled).await;
    assert_eq!(run(&cloud, SWEEP).await["claimed"], 1);
    cloud.settle().await;
    assert_gone(&cloud, &ana, &scheduled).await;
    assert_eq!((stripe.customers().len(), cloud.of_kind("customer_removal").await.len()), (1, 1));
    stripe.be(Mode::Well);
    cloud.advance(HOUR * 2).await;
    assert_eq!((stripe.customers().len(), cloud.of_kind("customer_removal").await.len()), (0, 0));
}

/// Who leaves takes their customer at Stripe and their name with them. What was paid is kept without the person; what Stripe tells later
/// is written there. While Stripe is down the rest of the deletion goes on.
/// Promise: stripe-customer, deletion-complete
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_person_leaves_amounts_only() {
    let cloud = Cloud::start().await;
    let (ana, stripe) = (cloud.member("ana").await, &cloud.outside.stripe);
    let begun = begin(&ana, "one").await;
    act(&cloud, &begun, card(VISA));
    cloud.settle().await;
    let scheduled = schedule(&ana).await;
    until_due(&cloud, &scheduled).await;
    stripe.be(Mode::Down);
    assert_eq!(run(&cloud, SWEEP).await["claimed"], 1);
    cloud.settle().await;
    assert_gone(&cloud, &ana, &scheduled).await;
    let records = cloud.of_kind("payment_record").await;
    assert_eq!((records.len(), &records[0]["id"]["S"], &records[0]["state"]["S"]), (1, &begun["id"], &json!("paid")));
    let about = records[0].to_string();
    assert!(!about.contains(&ana.id()) && !about.contains("00-001") && !about.contains("cus_"), "{about}");
    // Stripe's customer waits for Stripe, and nothing else does.
    assert_eq!((stripe.customers().len(), cloud.of_kind("customer_removal").await.len()), (1, 1));
    stripe.be(Mode::Well);
    assert_eq!(run(&cloud, WEBHOOK).await["customers"], 1);
    assert_eq!((stripe.customers().len(), cloud.of_kind("customer_removal").await.len()), (0, 0));
    // Records of earlier versions lack what was added since.
    let mut earlier = records[0].clone();
    for name in ["intent", "came_back", "disputes_won", "outside"] {
        assert!(earlier.as_object_mut().unwrap().remove(name).is_some(), "{name}");
    }
    cloud.put_item(&earlier);
    act(&cloud, &begun, Act::Refund(None));
    cloud.settle().await;
    assert_eq!(cloud.of_kind("payment_record").await[0]["state"]["S"], "refunded");
}
