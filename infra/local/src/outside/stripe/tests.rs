//! Tests: refused requests, idempotency keys, and `async-stripe` reading every object.

use std::{collections::BTreeSet, time::Duration};

use miniserde::json::from_str;
use stripe_shared::{Charge, Customer, DeletedCustomer, Dispute, Error, Event, PaymentIntent, PaymentMethod, Refund};

use super::{
    api::{Answer, Call, answer},
    banks::Bank,
    *,
};

/// Stripe's objects and operations without a network.
struct Bench {
    books: Books,
    sys: Sys,
}

impl Bench {
    fn new() -> Self {
        let sys = Sys::real();
        sys.hold();
        Self { books: Books::default(), sys }
    }

    fn ask(&mut self, request: &str, body: &str) -> Answer {
        self.call(&Call { body: body.to_owned(), ..to(request) })
    }

    fn call(&mut self, call: &Call) -> Answer {
        answer(&mut self.books, &self.sys, call)
    }

    fn done(&mut self, request: &str, body: &str) -> Value {
        let answer = self.ask(request, body);
        assert_eq!(answer.status, 200, "{request} {body}: {}", answer.body);
        answer.body
    }

    fn id(&mut self, request: &str, body: &str) -> String {
        self.done(request, body)["id"].as_str().expect("an id").to_owned()
    }

    /// Returns a payment that was paid with this method.
    fn paid(&mut self, method: &str) -> String {
        self.id("POST /payment_intents", &format!("amount=1234&currency=pln&confirm=true&payment_method={method}"))
    }
}

/// `POST /customers`, by the account.
fn to(request: &str) -> Call {
    let (method, path) = request.split_once(' ').expect("a method and a path");
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    Call { method: method.to_owned(), path: path.to_owned(), query: query.to_owned(), ..by_account() }
}

/// Returns the status, the type and the code of a refusal. `async-stripe` reads it.
fn refusal_of(answer: &Answer) -> (u16, String, String) {
    let read = from_str::<Error>(&answer.body.to_string()).unwrap_or_else(|_| panic!("async-stripe does not read {}", answer.body));
    let code = read.error.code.as_ref().map(|code| code.as_str().to_owned()).unwrap_or_default();
    (answer.status, read.error.type_.as_str().to_owned(), code)
}

/// A request and how Stripe refuses it: the method and path, the body, the status and the code. `{…}` is an object of the table.
const REFUSED: [(&str, &str, u16, &str); 58] = [
    ("GET /unknown", "", 404, ""),
    ("PUT /customers", "", 404, ""),
    ("POST /customers", "nickname=ana", 400, "parameter_unknown"),
    ("POST /customers", "email=ana", 400, "email_invalid"),
    ("POST /customers", "email=@example.test", 400, "email_invalid"),
    ("POST /customers", "name={long}", 400, ""),
    ("POST /customers", "metadata[{key}]=1", 400, ""),
    ("POST /customers", "metadata[a]={long}{long}", 400, ""),
    ("POST /customers", "{pairs}", 400, ""),
    ("GET /customers/cus_none", "", 404, "resource_missing"),
    ("POST /customers/cus_none", "name=ana", 404, "resource_missing"),
    ("DELETE /customers/cus_none", "", 404, "resource_missing"),
    ("POST /customers/{deleted}", "name=ana", 404, "resource_missing"),
    ("DELETE /customers/{deleted}", "", 404, "resource_missing"),
    ("POST /payment_intents", "currency=pln", 400, "parameter_missing"),
    ("POST /payment_intents", "amount=500", 400, "parameter_missing"),
    ("POST /payment_intents", "amount=&currency=pln", 400, "parameter_invalid_empty"),
    ("POST /payment_intents", "amount=five&currency=pln", 400, "parameter_invalid_integer"),
    ("POST /payment_intents", "amount=12.34&currency=pln", 400, "parameter_invalid_integer"),
    ("POST /payment_intents", "amount=-500&currency=pln", 400, "parameter_invalid_integer"),
    ("POST /payment_intents", "amount=0&currency=pln", 400, "parameter_invalid_integer"),
    ("POST /payment_intents", "amount=199&currency=pln", 400, "amount_too_small"),
    ("POST /payment_intents", "amount=29&currency=gbp", 400, "amount_too_small"),
    ("POST /payment_intents", "amount=100000000&currency=pln", 400, "amount_too_large"),
    ("POST /payment_intents", "amount=500&currency=xyz", 400, ""),
    ("POST /payment_intents", "amount=500&currency=pln&customer=cus_none", 400, "resource_missing"),
    ("POST /payment_intents", "amount=500&currency=pln&customer={deleted}", 400, "resource_missing"),
    ("POST /payment_intents", "amount=500&currency=pln&allowed_payment_method_types[0]=cheque", 400, ""),
    ("POST /payment_intents", "amount=500&currency=gbp&allowed_payment_method_types[0]=blik", 400, ""),
    ("POST /payment_intents", "amount=500&currency=pln&payment_method=pm_none", 400, "resource_missing"),
    ("POST /payment_intents", "amount=500&currency=pln&confirm=maybe", 400, ""),
    ("POST /payment_intents", "amount=500&currency=pln&confirm=true", 400, "payment_intent_unexpected_state"),
    ("POST /payment_intents", "amount=500&currency=pln&expand[0]=everything", 400, ""),
    ("GET /payment_intents/pi_none", "", 404, "resource_missing"),
    ("POST /payment_intents/pi_none/confirm", "payment_method=pm_card_visa", 404, "resource_missing"),
    ("POST /payment_intents/{paid}/confirm", "payment_method=pm_card_visa", 400, "payment_intent_unexpected_state"),
    ("POST /payment_intents/{canceled}/confirm", "payment_method=pm_card_visa", 400, "payment_intent_unexpected_state"),
    ("POST /payment_intents/{open}/confirm", "payment_method_data[card][number]=4242424242424240", 402, "incorrect_number"),
    ("POST /payment_intents/{paid}", "amount=600", 400, "payment_intent_unexpected_state"),
    ("POST /payment_intents/{paid}/cancel", "", 400, "payment_intent_unexpected_state"),
    ("POST /payment_intents/{canceled}/cancel", "", 400, "payment_intent_unexpected_state"),
    ("POST /payment_intents/{open}/cancel", "cancellation_reason=bored", 400, ""),
    ("GET /payment_intents?limit=101", "", 400, "parameter_invalid_integer"),
    ("GET /payment_intents?starting_after=pi_none", "", 400, "resource_missing"),
    ("GET /charges/ch_none", "", 404, "resource_missing"),
    ("GET /refunds/re_none", "", 404, "resource_missing"),
    ("GET /disputes/dp_none", "", 404, "resource_missing"),
    ("GET /payment_methods/pm_none", "", 404, "resource_missing"),
    ("GET /events/evt_none", "", 404, "resource_missing"),
    ("POST /refunds", "", 400, "parameter_missing"),
    ("POST /refunds", "charge=ch_none", 400, "resource_missing"),
    ("POST /refunds", "payment_intent={open}", 400, ""),
    ("POST /refunds", "payment_intent={paid}&amount=1235", 400, ""),
    ("POST /refunds", "payment_intent={refunded}", 400, "charge_already_refunded"),
    ("POST /refunds", "payment_intent={disputed}", 400, "charge_disputed"),
    ("POST /webhook_endpoints", "url=http://stoa.example&enabled_events[0]=*", 400, "url_invalid"),
    ("POST /webhook_endpoints", "url=https://stoa.example", 400, "parameter_missing"),
    ("POST /webhook_endpoints", "url=https://stoa.example&enabled_events[0]=*&api_version=2015-10-16", 400, "api_version_invalid"),
];

#[test]
fn what_stripe_refuses_is_refused() {
    let mut bench = Bench::new();
    let deleted = bench.id("POST /customers", "name=ana");
    bench.done(&format!("DELETE /customers/{deleted}"), "");
    let open = bench.id("POST /payment_intents", "amount=1234&currency=pln");
    let canceled = bench.id("POST /payment_intents", "amount=1234&currency=pln");
    bench.done(&format!("POST /payment_intents/{canceled}/cancel"), "");
    let (paid, refunded, disputed) = (bench.paid("pm_card_visa"), bench.paid("pm_card_visa"), bench.paid("pm_card_createDispute"));
    bench.done("POST /refunds", &format!("payment_intent={refunded}"));
    let pairs: Vec<String> = (0..51).map(|n| format!("metadata[k{n}]=1")).collect();
    let named = [
        ("{deleted}", deleted),
        ("{open}", open),
        ("{canceled}", canceled),
        ("{paid}", paid),
        ("{refunded}", refunded),
        ("{disputed}", disputed),
        ("{long}", "a".repeat(257)),
        ("{key}", "k".repeat(41)),
        ("{pairs}", pairs.join("&")),
    ];
    let fill = |text: &str| named.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value));
    for (request, body, status, code) in REFUSED {
        let before = bench.books.events.len();
        let (got, kind, refused) = refusal_of(&bench.ask(&fill(request), &fill(body)));
        assert_eq!((got, refused.as_str()), (status, code), "{request} {body}");
        assert_eq!(kind, if status == 402 { "card_error" } else { "invalid_request_error" }, "{request} {body}");
        // A payment that is created and not confirmed is there all the same.
        let confirmed = body.contains("confirm=true");
        assert!(confirmed || bench.books.events.len() == before, "{request} {body} has changed something");
    }
}

#[test]
fn who_asks_is_checked_first() {
    let mut bench = Bench::new();
    let intent = bench.done("POST /payment_intents", "amount=500&currency=pln");
    let (id, secret) = (intent["id"].as_str().expect("an id"), intent["client_secret"].as_str().expect("a secret"));
    let mut with = |key: Option<&str>, request: &str| {
        let call = Call { key: key.map(str::to_owned), ..to(request) };
        bench.call(&call)
    };
    for key in [None, Some(""), Some("sk_test_wrong"), Some("pk_test_wrong")] {
        assert_eq!(refusal_of(&with(key, "POST /customers")).0, 401, "{key:?}");
    }
    let browser = Some(PUBLISHABLE_KEY);
    for request in ["POST /customers", "GET /payment_intents", "POST /refunds"] {
        assert_eq!(
            refusal_of(&with(browser, request)),
            (403, "invalid_request_error".to_owned(), "secret_key_required".to_owned()),
            "{request}"
        );
    }
    assert_eq!(with(browser, &format!("GET /payment_intents/{id}?client_secret={secret}")).status, 200);
    assert_eq!(refusal_of(&with(browser, &format!("GET /payment_intents/{id}?client_secret=other"))).2, "payment_intent_invalid_parameter");
    assert_eq!(refusal_of(&with(browser, &format!("GET /payment_intents/{id}"))).2, "parameter_missing");
    let old = Call { version: Some("2020-08-27".to_owned()), ..to("GET /payment_intents") };
    assert_eq!(refusal_of(&bench.call(&old)).0, 400);
}

#[test]
fn every_test_card_ends_as_documented() {
    for card in cards::CARDS {
        let mut bench = Bench::new();
        let id = bench.id("POST /payment_intents", "amount=1234&currency=pln");
        let answer = bench.ask(&format!("POST /payment_intents/{id}/confirm"), &format!("payment_method={}", card.method));
        let status = bench.done(&format!("GET /payment_intents/{id}"), "")["status"].as_str().map(str::to_owned);
        let disputes = bench.books.disputes.len();
        match card.outcome {
            cards::CardOutcome::Pays => assert_eq!((status.as_deref(), disputes), (Some("succeeded"), 0)),
            cards::CardOutcome::Disputed(_) => assert_eq!((status.as_deref(), disputes), (Some("succeeded"), 1)),
            cards::CardOutcome::Confirmed(then) => {
                assert_eq!(status.as_deref(), Some("requires_action"));
                assert!(bench.books.authenticate(&bench.sys, &id, false).is_err(), "the payer fails");
                bench.ask(&format!("POST /payment_intents/{id}/confirm"), &format!("payment_method={}", card.method));
                assert_eq!(bench.books.authenticate(&bench.sys, &id, true).is_ok(), then.is_none(), "{}", card.method);
            }
            cards::CardOutcome::Declined(code, reason) => {
                assert_eq!(refusal_of(&answer), (402, "card_error".to_owned(), code.to_owned()));
                assert_eq!(answer.body["error"]["decline_code"], reason);
                assert_eq!(status.as_deref(), Some("requires_payment_method"), "another card may be tried");
                bench.done(&format!("POST /payment_intents/{id}/confirm"), "payment_method=pm_card_visa");
            }
        }
    }
}

/// A payment that a bank may pay.
const BY_BANK: &str = concat!(
    "amount=1234&currency=pln&allowed_payment_method_types[0]=card",
    "&allowed_payment_method_types[1]=blik&allowed_payment_method_types[2]=p24"
);
/// The code of a payer's app.
const BLIK: &str = "payment_method_data[type]=blik&payment_method_options[blik][code]=123456";
/// The address of a payer, and that to come back to.
const P24: &str =
    "payment_method_data[type]=p24&payment_method_data[billing_details][email]=ana@example.test&return_url=https://stoa.example/";

/// Returns the status of a payment, which `async-stripe` reads.
fn status(bench: &mut Bench, id: &str) -> String {
    let intent = bench.done(&format!("GET /payment_intents/{id}?expand[0]=latest_charge"), "");
    assert!(from_str::<PaymentIntent>(&intent.to_string()).is_ok(), "{intent}");
    intent["status"].as_str().expect("a status").to_owned()
}

#[test]
fn with_blik_the_payer_confirms_in_the_app_of_the_bank() {
    let mut bench = Bench::new();
    let id = bench.id("POST /payment_intents", BY_BANK);
    let confirm = format!("POST /payment_intents/{id}/confirm");
    for (body, code) in [
        ("payment_method_data[type]=blik", "parameter_missing"),
        (&*BLIK.replace("123456", "12345"), "payment_intent_invalid_parameter"),
        (&*BLIK.replace("123456", "12345a"), "payment_intent_invalid_parameter"),
    ] {
        assert_eq!(refusal_of(&bench.ask(&confirm, body)), (400, "invalid_request_error".to_owned(), code.to_owned()), "{body}");
    }
    let intent = bench.done(&confirm, BLIK);
    assert_eq!((status(&mut bench, &id).as_str(), &intent["next_action"]["type"]), ("requires_action", &Value::from("blik_authorize")));
    assert!(bench.books.authenticate(&bench.sys, &id, false).is_err(), "the payer declines it");
    assert_eq!(status(&mut bench, &id), "requires_payment_method");
    let error = bench.done(&format!("GET /payment_intents/{id}"), "")["last_payment_error"]["code"].clone();
    assert_eq!(error, "payment_intent_payment_attempt_failed");
    bench.done(&confirm, BLIK);
    bench.sys.set_offset_millis(61_000);
    assert!(bench.books.authenticate(&bench.sys, &id, true).is_err(), "it is too late after a minute");
    assert_eq!(status(&mut bench, &id), "requires_payment_method");
    bench.done(&confirm, BLIK);
    bench.sys.set_offset_millis(121_000);
    bench.books.authenticate(&bench.sys, &id, true).expect("confirmed");
    assert_eq!(status(&mut bench, &id), "succeeded");
    // A payment that allows only cards cannot be paid from a bank account.
    let card = bench.id("POST /payment_intents", "amount=500&currency=pln");
    assert_eq!(refusal_of(&bench.ask(&format!("POST /payment_intents/{card}/confirm"), BLIK)).2, "payment_intent_invalid_parameter");
}

#[test]
fn with_przelewy24_the_payer_is_sent_away_and_the_bank_decides_later() {
    let mut bench = Bench::new();
    for pays in [true, false] {
        let id = bench.id("POST /payment_intents", BY_BANK);
        let confirm = format!("POST /payment_intents/{id}/confirm");
        for missing in ["payment_method_data[billing_details][email]=ana@example.test&", "&return_url=https://stoa.example/"] {
            assert_eq!(refusal_of(&bench.ask(&confirm, &P24.replace(missing, ""))).2, "parameter_missing", "{missing}");
        }
        assert_eq!(bench.done(&confirm, P24)["next_action"]["type"], "redirect_to_url");
        assert!(bench.books.authenticate(&bench.sys, &id, false).is_err(), "the payer comes back without paying");
        assert_eq!(status(&mut bench, &id), "requires_payment_method");
        bench.done(&confirm, P24);
        assert!(bench.books.decide(&bench.sys, &id, true).is_err(), "the payer has not confirmed yet");
        bench.books.authenticate(&bench.sys, &id, true).expect("confirmed");
        assert_eq!(status(&mut bench, &id), "processing");
        for act in ["cancel", "confirm"] {
            let refused = refusal_of(&bench.ask(&format!("POST /payment_intents/{id}/{act}"), ""));
            assert_eq!(refused.2, "payment_intent_unexpected_state", "{act}");
        }
        assert_eq!(bench.books.decide(&bench.sys, &id, pays).is_ok(), pays);
        assert_eq!(status(&mut bench, &id), if pays { "succeeded" } else { "requires_payment_method" });
    }
}

#[test]
fn an_idempotency_key_stands_for_one_request() {
    let mut bench = Bench::new();
    let keyed =
        |body: &str, key: &str| Call { body: body.to_owned(), idempotency_key: Some(key.to_owned()), ..to("POST /payment_intents") };
    let first = bench.call(&keyed("amount=500&currency=pln&metadata[a]=1&metadata[b]=2", "k"));
    for _ in 0..1000 {
        let again = bench.call(&keyed("metadata[b]=2&metadata[a]=1&currency=pln&amount=500", "k"));
        assert_eq!((again.status, &again.body, again.replayed), (200, &first.body, true));
    }
    assert_eq!(bench.books.intents.len(), 1);
    assert_eq!(refusal_of(&bench.call(&keyed("amount=501&currency=pln", "k"))).1, "idempotency_error");
    assert_eq!(bench.call(&keyed("amount=500&currency=pln", &"k".repeat(256))).status, 400);
    // The answer to a malformed request is not remembered. The decision of a bank is.
    assert_eq!(bench.call(&keyed("amount=5&currency=pln", "small")).status, 400);
    assert_eq!(bench.call(&keyed("amount=500&currency=pln", "small")).status, 200);
    let declined = "amount=500&currency=pln&confirm=true&payment_method=pm_card_visa_chargeDeclined";
    let refused = bench.call(&keyed(declined, "declined"));
    assert_eq!((refused.status, bench.call(&keyed(declined, "declined")).body), (402, refused.body));
    // So is a failure of Stripe itself, whether it has executed the request or not.
    for (after, customers) in [(false, 0), (true, 1)] {
        let named = Call { body: "name=ana".to_owned(), idempotency_key: Some(format!("failed-{after}")), ..to("POST /customers") };
        assert_eq!(api::fail(&mut bench.books, &bench.sys, &named, after).status, 500);
        let again = bench.call(&named);
        assert_eq!((again.status, again.replayed, bench.books.customers.len()), (500, true, customers));
    }
    bench.sys.set_offset_millis(24 * 3600 * 1000);
    assert!(!bench.call(&keyed("amount=501&currency=pln", "k")).replayed, "after a day it is forgotten");
}

#[test]
fn while_a_request_is_handled_its_key_is_in_use() {
    let stripe = Stripe::open(None).expect("empty books");
    let keyed = |request: &str, key: &str| Call { idempotency_key: Some(key.to_owned()), ..to(request) };
    let first = stripe.begin(&keyed("POST /customers", "k")).expect("the first one");
    for request in ["POST /customers", "POST /refunds"] {
        let refused = stripe.begin(&keyed(request, "k")).err().expect("refused");
        let expected = (409, "idempotency_error".to_owned(), "idempotency_key_in_use".to_owned());
        assert_eq!(refusal_of(&api::refused(refused)), expected, "{request}");
    }
    let by_nobody = Call { key: None, ..keyed("POST /customers", "k") };
    for other in [keyed("POST /customers", "other"), keyed("GET /customers", "k"), to("POST /customers"), by_nobody] {
        assert!(stripe.begin(&other).is_ok(), "{other:?}");
    }
    assert_eq!(stripe.in_progress(), 1);
    drop(first);
    assert!(stripe.begin(&keyed("POST /customers", "k")).is_ok_and(|handled| handled.is_some()));
}

#[test]
fn async_stripe_reads_every_object() {
    let mut bench = Bench::new();
    let customer = bench.done("POST /customers", "name=ana&email=ana@example.test&metadata[user]=usr_1");
    let id = customer["id"].as_str().expect("an id").to_owned();
    assert!(from_str::<Customer>(&customer.to_string()).is_ok(), "{customer}");
    let body = format!("amount=1234&currency=pln&customer={id}&metadata[donation]=don_1&description=Donation");
    let open = bench.done("POST /payment_intents", &body);
    let intent = open["id"].as_str().expect("an id").to_owned();
    let mut seen: Vec<Value> = vec![open];
    bench.ask(&format!("POST /payment_intents/{intent}/confirm"), "payment_method=pm_card_visa_chargeDeclinedInsufficientFunds");
    seen.push(bench.done(&format!("GET /payment_intents/{intent}?expand[0]=latest_charge"), ""));
    seen.push(bench.done(&format!("POST /payment_intents/{intent}/confirm"), "payment_method=pm_card_authenticationRequired"));
    bench.books.authenticate(&bench.sys, &intent, true).expect("confirmed");
    bench.done("POST /refunds", &format!("payment_intent={intent}&amount=20"));
    bench.books.fail_refunds(&bench.sys, &intent, None).expect("refused");
    bench.done("POST /refunds", &format!("payment_intent={intent}&amount=34"));
    bench.books.dispute(&bench.sys, &intent, "fraudulent").expect("disputed");
    seen.push(bench.done(&format!("GET /payment_intents/{intent}?expand[0]=latest_charge.refunds&expand[1]=customer"), ""));
    for intent in &seen {
        assert!(from_str::<PaymentIntent>(&intent.to_string()).is_ok(), "{intent}");
    }
    let last = from_str::<PaymentIntent>(&seen.last().expect("one").to_string()).expect("read");
    let charge = last.latest_charge.as_ref().and_then(|charge| charge.as_object()).expect("in full");
    assert_eq!((charge.amount_refunded, charge.disputed, charge.paid), (34, true, true));
    let refunds = charge.refunds.as_ref().map(|refunds| refunds.data.iter().map(|refund| (refund.amount, refund.status.as_deref())));
    let refunds: BTreeSet<_> = refunds.into_iter().flatten().collect();
    assert_eq!(refunds, BTreeSet::from([(20, Some("failed")), (34, Some("succeeded"))]));
    let listed = bench.done(&format!("GET /refunds?payment_intent={intent}&limit=1"), "");
    assert_eq!((listed["data"].as_array().map(Vec::len), listed["has_more"].as_bool()), (Some(1), Some(true)));
    assert!(last.customer.as_ref().is_some_and(stripe_types::Expandable::is_object));
    for charge in bench.books.charges.values().map(render::charge) {
        assert!(from_str::<Charge>(&charge.to_string()).is_ok(), "{charge}");
    }
    for refund in bench.books.refunds.values().map(render::refund) {
        assert!(from_str::<Refund>(&refund.to_string()).is_ok(), "{refund}");
    }
    bench.books.end_dispute(&bench.sys, &intent, "won").expect("won");
    let disputes = bench.done(&format!("GET /disputes?payment_intent={intent}"), "");
    assert_eq!((disputes["data"].as_array().map(Vec::len), &disputes["data"][0]["status"]), (Some(1), &Value::from("won")));
    bench.done("POST /refunds", &format!("payment_intent={intent}&amount=1"));
    for dispute in bench.books.disputes.values().map(render::dispute) {
        assert!(from_str::<Dispute>(&dispute.to_string()).is_ok(), "{dispute}");
    }
    for card in cards::CARDS {
        let method = render::method(card);
        assert!(from_str::<PaymentMethod>(&method.to_string()).is_ok(), "{method}");
    }
    for bank in Bank::ALL {
        let method = bench.done(&format!("GET /payment_methods/{}", bank.method()), "");
        assert!(from_str::<PaymentMethod>(&method.to_string()).is_ok(), "{method}");
    }
    let deleted = bench.done(&format!("DELETE /customers/{id}"), "");
    assert!(from_str::<DeletedCustomer>(&deleted.to_string()).is_ok(), "{deleted}");
    let kinds: BTreeSet<&str> = bench.books.events.iter().map(|event| event.kind.as_str()).collect();
    assert!(kinds.len() >= 11, "{kinds:?}");
    for event in bench.books.events.iter().map(render::event) {
        assert!(from_str::<Event>(&event.to_string()).is_ok(), "{event}");
    }
}

#[test]
fn lists_are_paged_and_events_say_whether_they_were_delivered() {
    let mut bench = Bench::new();
    let ids: Vec<String> = (0..5).map(|_| bench.id("POST /payment_intents", "amount=500&currency=pln")).collect();
    let page = |list: &Value| -> Vec<String> {
        list["data"].as_array().expect("data").iter().filter_map(|one| one["id"].as_str().map(str::to_owned)).collect()
    };
    let first = bench.done("GET /payment_intents?limit=2", "");
    assert_eq!((page(&first), first["has_more"].as_bool()), (vec![ids[4].clone(), ids[3].clone()], Some(true)));
    let last = bench.done(&format!("GET /payment_intents?limit=3&starting_after={}", ids[3]), "");
    assert_eq!((page(&last), last["has_more"].as_bool()), (vec![ids[2].clone(), ids[1].clone(), ids[0].clone()], Some(false)));
    bench.books.events[0].delivered = true;
    assert_eq!(page(&bench.done("GET /events?delivery_success=false&limit=100", "")).len(), 4);
    assert_eq!(page(&bench.done("GET /events?delivery_success=true", "")).len(), 1);
    bench.sys.set_offset_millis(3600 * 1000);
    let since = bench.sys.now().seconds();
    assert!(page(&bench.done(&format!("GET /events?created[gte]={since}"), "")).is_empty());
    for name in ["ana", "ben"] {
        bench.done("POST /customers", &format!("name={name}&email={name}@example.test"));
    }
    for (request, found) in [("limit=1", 1), ("email=ben@example.test", 1), ("created[lte]=1", 0), ("created[gte]=1", 2)] {
        assert_eq!(page(&bench.done(&format!("GET /customers?{request}"), "")).len(), found, "{request}");
    }
}

#[test]
fn the_books_survive_a_restart() {
    let folder = tempfile::tempdir().expect("folder");
    let file = Some(folder.path().join("stripe.json"));
    let stripe = Stripe::open(file.clone()).expect("opened");
    let sys = Sys::real();
    {
        let mut kept = stripe.kept();
        let call = Call { body: "name=ana".to_owned(), ..to("POST /customers") };
        assert_eq!(answer(&mut kept.books, &sys, &call).status, 200);
        stripe.keep(&kept.books).expect("kept");
    }
    assert_eq!(Stripe::open(file).expect("opened again").customers().len(), 1);
}

#[test]
fn a_delivery_that_is_being_made_is_made_again_after_a_kill() {
    let mut bench = Bench::new();
    bench.books.add_event(&bench.sys, "payment_intent.succeeded", Value::Null);
    let now = bench.sys.now();
    for event in &mut bench.books.events {
        event.due = Some(now);
    }
    assert_eq!((bench.books.next_due(), bench.books.begin_due(now).len()), (Some(now), 1));
    assert_eq!((bench.books.next_due(), bench.books.begin_due(now).len()), (None, 0), "it is being made");
    let stored = serde_json::to_string(&bench.books).expect("JSON");
    let mut again: Books = serde_json::from_str(&stored).expect("books");
    assert_eq!(again.begin_due(now).len(), 1);
}

#[test]
fn keys_in_the_environment_lead_to_stripe_itself() {
    let given = |vars: &[(&str, &str)]| {
        let env: Env = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        parameters(&env).map_err(|e| e.to_string())
    };
    let (secret, publishable, webhooks) =
        (("STRIPE_SECRET_KEY", SECRET_KEY), ("STRIPE_PUBLISHABLE_KEY", PUBLISHABLE_KEY), ("STRIPE_WEBHOOK_SECRETS", WEBHOOK_SECRET));
    assert_eq!(given(&[publishable, webhooks]), Ok(Vec::new()), "the stand-in");
    let expected = [
        ("StripeUrl", "https://api.stripe.com"),
        ("StripeSecretKey", SECRET_KEY),
        ("StripePublishableKey", PUBLISHABLE_KEY),
        ("StripeWebhookSecrets", WEBHOOK_SECRET),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    assert_eq!(given(&[secret, publishable, webhooks]), Ok(expected));
    let elsewhere = given(&[secret, publishable, webhooks, ("STRIPE_URL", "http://127.0.0.1:9")]).expect("given");
    assert_eq!(elsewhere.first().map(|(_, url)| url.as_str()), Some("http://127.0.0.1:9"));
    let missing = given(&[secret]).expect_err("refused");
    assert!(missing.contains("STRIPE_PUBLISHABLE_KEY is missing") && missing.contains("STRIPE_WEBHOOK_SECRETS is missing"), "{missing}");
    for (secret, publishable) in [
        ("rk_live_51Stoa", PUBLISHABLE_KEY),
        (SECRET_KEY, "pk_live_51Stoa"),
        ("51Stoa", PUBLISHABLE_KEY),
        // Browsers would get the secret key.
        (SECRET_KEY, SECRET_KEY),
    ] {
        let keys = [("STRIPE_SECRET_KEY", secret), ("STRIPE_PUBLISHABLE_KEY", publishable), webhooks];
        let refused = given(&keys).expect_err("refused");
        assert!(refused.contains("test mode only") && !refused.contains("51Stoa"), "{refused}");
    }
}

#[test]
fn a_signature_is_of_the_time_and_the_bytes() {
    let at = Time::from_millis(1_893_499_200_999);
    let signed = signature("{}", at);
    assert!(signed.starts_with("t=1893499200,v1=") && signed.len() == "t=1893499200,v1=".len() + 64);
    assert_ne!(signed, signature("{ }", at));
    assert_ne!(signed, signature("{}", at + Duration::from_secs(1)));
}
