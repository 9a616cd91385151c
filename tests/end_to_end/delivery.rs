//! Asynchronous delivery: the outbox, the relay, the bus, mails and text messages.

use std::collections::BTreeSet;

use local::{
    aws::{
        Service,
        dead_letters::DeadLetter,
        faults::{Fault, Script, Target},
    },
    hosts::Trace,
};
use serde_json::value::{RawValue, to_raw_value};
use tasks::redrive::{Report, Window};
use tests::{Cloud, PASSWORD, Value, json, race};

use crate::socket::until;

const DELIVER: &str = "DeliverFunction";
const RELAY: &str = "OutboxRelayFunction";

/// The items of one kind.
async fn items(cloud: &Cloud, kind: &str) -> Vec<Value> {
    let dump = cloud.dump().await;
    let tables = dump.as_object().unwrap().values();
    tables.flat_map(|table| table.as_array().unwrap()).filter(|item| item["kind"]["S"] == kind).cloned().collect()
}

/// The event that the bus delivers for an item of the outbox.
fn on_the_bus(outbox: &Value) -> Box<RawValue> {
    let event: Value = serde_json::from_str(outbox["event"]["S"].as_str().unwrap()).unwrap();
    let at: i64 = outbox["at"]["N"].as_str().unwrap().parse().unwrap();
    to_raw_value(&json!({
        "version": "0", "id": "6f1d7c52-2b0a-4e1b-9c7e-3f8d5a9b1c24", "source": "stoa", "account": "123456789012", "region": "eu-central-1",
        "time": "2030-01-01T12:01:00Z", "resources": [], "detail-type": outbox["name"]["S"],
        "detail": { "id": outbox["id"]["S"], "at": at, "event": event },
    }))
    .unwrap()
}

async fn register(cloud: &Cloud, email: &str) -> Value {
    cloud.anonymous().post("/v1/registrations", json!({ "email": email, "locale": "en" })).await.is(201)
}

/// An event that is delivered again, later or concurrently, sends nothing again.
/// Promise: delivery-once
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_event_sends_nothing_again() {
    let cloud = Cloud::start().await;
    let _ = register(&cloud, "ana@example.test").await;
    let first = cloud.mail_to("ana@example.test").await;
    let outbox = items(&cloud, "outbox").await.pop().unwrap();
    for _ in 0..3 {
        cloud.hosts.invoke(DELIVER, on_the_bus(&outbox), &Trace::new(&cloud.sys)).await.unwrap();
    }
    let at_once = race(8, |_| {
        let (hosts, event, trace) = (cloud.hosts.clone(), on_the_bus(&outbox), Trace::new(&cloud.sys));
        async move { hosts.invoke(DELIVER, event, &trace).await.is_ok() }
    })
    .await;
    assert_eq!(at_once, [true; 8]);
    let mails = cloud.mails_to("ana@example.test").await;
    assert_eq!((mails.len(), mails[0].code.clone()), (1, first.code));
}

/// Eight concurrent deliveries of an unhandled event are one mail. Those that come while it is being sent fail, so that the
/// platform retries them.
/// Promise: delivery-once
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_deliveries_of_an_event_send_one_mail() {
    let cloud = Cloud::start().await;
    let down = cloud.aws.faults.script(Target::of(RELAY, Service::EventBridge, "PutEvents"), Fault::Internal);
    let _ = register(&cloud, "ana@example.test").await;
    let outbox = loop {
        match items(&cloud, "outbox").await.pop() {
            Some(outbox) => break outbox,
            None => tokio::task::yield_now().await,
        }
    };
    let handled = race(8, |_| {
        let (hosts, event, trace) = (cloud.hosts.clone(), on_the_bus(&outbox), Trace::new(&cloud.sys));
        async move { hosts.invoke(DELIVER, event, &trace).await.is_ok() }
    })
    .await;
    assert!(handled.contains(&true));
    down.end();
    assert_eq!(cloud.mails_to("ana@example.test").await.len(), 1, "the relay's own delivery sends nothing either");
}

/// The reply to the request does not depend on the sending. A failed sending is retried, and one mail arrives.
/// Promise: delivery-retry, no-account-disclosure
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_sending_is_retried_and_does_not_change_the_reply() {
    let cloud = Cloud::start().await;
    // The client makes three attempts within an invocation, and the platform invokes again.
    let down = cloud.aws.faults.script(Target::of(DELIVER, Service::Ses, "SendRawEmail").times(4), Fault::Throttle);
    let _ = register(&cloud, "ana@example.test").await;
    let mail = cloud.mail_to("ana@example.test").await;
    assert_eq!((down.hits(), cloud.mails_to("ana@example.test").await.len()), (4, 1));
    assert!(cloud.aws.dead_letters.list().is_empty());
    assert!(mail.code.is_some());
}

/// A message that cannot be sent ends in the dead-letter queue, without a code or an address in it. Others are sent meanwhile.
/// Redriven from the queue, it arrives.
/// Promise: delivery-dead-letters
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_in_the_dead_letter_queue_can_be_sent_again() {
    let cloud = Cloud::start().await;
    let down = cloud.aws.faults.script(Target::of(DELIVER, Service::Ses, "SendRawEmail").times(9), Fault::Internal);
    let _ = register(&cloud, "ana@example.test").await;
    cloud.settle().await;
    assert_eq!(down.hits(), 9, "three attempts in each of three invocations");
    let _ = register(&cloud, "ben@example.test").await;
    assert_eq!(cloud.mails_to("ben@example.test").await.len(), 1);
    assert!(cloud.mails_to("ana@example.test").await.is_empty());

    let given_up = cloud.aws.dead_letters.list();
    let [DeadLetter { id, queue: Some(queue), function, error, event, .. }] = given_up.as_slice() else { panic!("{given_up:?}") };
    assert_eq!(queue, "Failures");
    assert_eq!(function, DELIVER);
    assert!(!event.get().contains("example.test") && !error.contains("example.test"), "{error} {event}");
    let redrive = format!("{}/_local/dead-letters/{id}/redrive", cloud.urls.console);
    let _ = cloud.anonymous().post(&redrive, json!({})).await.is(202);
    let mail = cloud.mail_to("ana@example.test").await;
    assert!(mail.code.is_some() && cloud.aws.dead_letters.list().is_empty());
}

/// An event that no consumer understands ends in the dead-letter queue without harm to others.
/// Promise: delivery-dead-letters
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invalid_event_ends_in_the_dead_letter_queue() {
    let cloud = Cloud::start().await;
    let poison = json!({ "version": "0", "detail-type": "notice_due", "source": "stoa", "detail": { "id": "evt_nonsense", "event": {} } });
    cloud.hosts.invoke_async(DELIVER, to_raw_value(&poison).unwrap());
    let _ = register(&cloud, "ana@example.test").await;
    assert_eq!(cloud.mails_to("ana@example.test").await.len(), 1);
    let given_up = cloud.aws.dead_letters.list();
    assert_eq!(given_up.len(), 1, "{given_up:?}");
    assert!(given_up[0].event.get().contains("evt_nonsense"));
}

/// A record of the stream as the relay receives it.
fn record(sequence: usize, id: &str, event: &str) -> Value {
    let text = |s: &str| json!({ "S": s });
    let image = json!({
        "pk": text(&format!("OUTBOX#{id}")), "sk": text("OUTBOX"), "kind": text("outbox"), "v": { "N": "1" },
        "id": text(id), "at": { "N": "1893499260000" }, "name": text("notice_due"), "event": text(event),
    });
    json!({
        "eventID": sequence.to_string(), "eventName": "INSERT", "eventVersion": "1.1", "eventSource": "aws:dynamodb",
        "awsRegion": "eu-central-1", "eventSourceARN": "arn:aws:dynamodb:eu-central-1:123456789012:table/stoa-state/stream/x",
        "dynamodb": { "Keys": {}, "NewImage": image, "SequenceNumber": format!("{sequence:021}"), "SizeBytes": 300, "StreamViewType": "NEW_IMAGE" },
    })
}

fn notices(user: &str, poisoned: &[usize]) -> Box<RawValue> {
    let records = (1..=25).map(|n| {
        let event = format!(r#"{{"name":"notice_due","user":"{user}","notice":"session_reused"}}"#);
        record(n, &format!("evt_01K9ZCHCW7R5JY9H0FAMZV{n:04}"), if poisoned.contains(&n) { "{" } else { &event })
    });
    to_raw_value(&json!({ "Records": records.collect::<Vec<_>>() })).unwrap()
}

fn failures(answer: &RawValue) -> Vec<String> {
    let answer: Value = serde_json::from_str(answer.get()).unwrap();
    let failed = answer["batchItemFailures"].as_array().unwrap();
    failed.iter().map(|f| f["itemIdentifier"].as_str().unwrap().trim_start_matches('0').to_owned()).collect()
}

/// How many messages somebody has received or will receive: a repeated notice is held back for a while.
async fn arrived(cloud: &Cloud, who: &tests::Caller) -> usize {
    let held = [cloud.held("session_reused", None).await, cloud.held("new_sign_in", None).await];
    cloud.mails_to(&who.email()).await.len() + held.iter().sum::<usize>()
}

/// A record that is no valid event delays none of its neighbours.
/// Promise: relay-batches
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invalid_record_is_skipped_and_its_neighbours_arrive() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let before = arrived(&cloud, &ana).await;
    let relay = async |poisoned: &[usize]| {
        failures(&cloud.hosts.invoke(RELAY, notices(&ana.id(), poisoned), &Trace::new(&cloud.sys)).await.unwrap())
    };
    assert_eq!(relay(&[7, 19]).await, [""; 0]);
    assert_eq!(arrived(&cloud, &ana).await - before, 23);
    // Delivered again, nothing is sent twice. Without the fault, the rest arrives.
    assert_eq!(relay(&[7]).await, [""; 0]);
    assert_eq!(arrived(&cloud, &ana).await - before, 24);
    assert_eq!(relay(&[]).await, [""; 0]);
    assert_eq!(arrived(&cloud, &ana).await - before, 25);
}

/// Records that the bus refuses are reported by their sequence number, in the order of the stream. Accepted ones stay accepted.
/// Promise: relay-batches
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_refused_record_of_a_batch_is_reported() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let before = arrived(&cloud, &ana).await;
    // The second batch of ten fails in all attempts of the client.
    let down =
        cloud.aws.faults.script(Target { first: 2, ..Target::of(RELAY, Service::EventBridge, "PutEvents").times(3) }, Fault::Internal);
    let relay = async |poisoned: &[usize]| {
        failures(&cloud.hosts.invoke(RELAY, notices(&ana.id(), poisoned), &Trace::new(&cloud.sys)).await.unwrap())
    };
    assert_eq!(relay(&[7, 25]).await, ["11"], "the first of the refused records, and no invalid one");
    assert_eq!(down.hits(), 3);
    assert_eq!(arrived(&cloud, &ana).await - before, 9);
    assert_eq!(relay(&[]).await, [""; 0]);
    assert_eq!(arrived(&cloud, &ana).await - before, 25);
}

/// When the bus accepts events but its reply is lost, or the relay runs concurrently, each message arrives once.
/// Promise: delivery-once, lost-reply
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_relay_sends_twice_arrives_once() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let mails = async || arrived(&cloud, &ana).await;
    for times in [1, 3, 9] {
        let before = mails().await;
        let lost = cloud.aws.faults.script(Target::of(RELAY, Service::EventBridge, "PutEvents").times(times), Fault::LostAfter);
        new_client(&cloud, "ana", &format!("client {times}")).await;
        assert_eq!((mails().await - before, lost.hits()), (1, times));
    }
    let before = mails().await;
    let unpublished = race(8, |_| {
        let (hosts, records, trace) = (cloud.hosts.clone(), notices(&ana.id(), &[]), Trace::new(&cloud.sys));
        async move { failures(&hosts.invoke(RELAY, records, &trace).await.unwrap()).len() }
    });
    assert_eq!(unpublished.await, [0; 8]);
    assert_eq!(mails().await - before, 25);
    assert!(cloud.aws.dead_letters.list().is_empty());
}

/// An outage of the bus delays mails and loses none.
/// Promise: relay-outage
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_of_the_bus_delays_and_loses_nothing() {
    let cloud = Cloud::start().await;
    let down = cloud.aws.faults.script(Target::of(RELAY, Service::EventBridge, "PutEvents").times(7), Fault::Unavailable);
    let names = ["ana", "ben", "cyd", "dan"];
    for name in names {
        let _ = register(&cloud, &format!("{name}@example.test")).await;
    }
    cloud.settle().await;
    assert_eq!(down.hits(), 7);
    for name in names {
        assert_eq!(cloud.mails_to(&format!("{name}@example.test")).await.len(), 1, "{name}");
    }
}

/// Waits until the relay has tried a few more times while the bus is down.
async fn until_tried_again(down: &Script) {
    let before = down.hits();
    until(async || down.hits() >= before.saturating_add(6)).await;
}

const POISON: &str = "evt_01K9ZCHCW7R5JY9H0FAMZV0001";

/// Puts an item into the outbox that is no valid event.
fn poison(cloud: &Cloud) {
    let mut item = record(1, POISON, "{")["dynamodb"]["NewImage"].take();
    item["at"]["N"] = cloud.now().millis().to_string().into();
    put(cloud, &item);
}

/// Puts an item directly into the table.
fn put(cloud: &Cloud, item: &Value) {
    let request = serde_json::from_value(json!({ "TableName": "stoa-state", "Item": item })).unwrap();
    let _ = cloud.aws.dynamodb.database().put_item(request).unwrap();
}

/// Signs somebody in from a client that is new to them, which sends them a notice.
async fn new_client(cloud: &Cloud, login: &str, client: &str) {
    let body = json!({ "login": login, "password": PASSWORD });
    let _ = cloud.anonymous().with("user-agent", client).post("/v1/sessions", body).await.is(201);
}

/// The bus is down for almost a day. The relay keeps trying, nothing is lost, nothing arrives twice. An invalid item delays none
/// of its neighbours and stays in the outbox, where operators find it.
/// Promise: relay-outage, relay-batches
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_outage_of_the_bus_loses_nothing_and_invalid_items_delay_nothing() {
    let cloud = Cloud::start().await;
    let names = ["ana", "ben", "cyd"];
    for name in names {
        let _ = cloud.member(name).await;
    }
    let mut before = Vec::new();
    for name in names {
        before.push(cloud.mails_to(&format!("{name}@example.test")).await.len());
    }
    let down = cloud.aws.faults.script(Target::of(RELAY, Service::EventBridge, "PutEvents"), Fault::Unavailable);
    for hour in 1..=5 {
        for name in names {
            new_client(&cloud, name, &format!("client {hour}")).await;
        }
        if hour == 3 {
            poison(&cloud);
        }
        until_tried_again(&down).await;
        cloud.clock.advance(std::time::Duration::from_hours(4)).unwrap();
    }
    until_tried_again(&down).await;
    for (name, before) in names.iter().zip(&before) {
        assert_eq!(cloud.inbox.list(Some(&format!("{name}@example.test")), 0).len(), *before, "the bus is away");
    }
    down.end();
    // They arrive together, so that all but the first notice of each person are held back for an hour.
    let mut brought = cloud.held("new_sign_in", None).await;
    for (name, before) in names.iter().zip(&before) {
        let mails = cloud.mails_to(&format!("{name}@example.test")).await.len() - before;
        assert_eq!(mails, 1, "{name}");
        brought += mails;
    }
    assert_eq!(brought, names.len() * 5);
    assert!(cloud.aws.dead_letters.list().is_empty(), "{:?}", cloud.aws.dead_letters.list());
    assert!(items(&cloud, "outbox").await.iter().any(|item| item["event"]["S"] == "{"));
}

/// Events that the stream no longer keeps are still in the outbox. An operator publishes those of a span of time again, any
/// number of times.
/// Promise: delivery-dead-letters
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_the_stream_dropped_are_published_again_by_an_operator() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let ben = cloud.member("ben").await;
    let before = (cloud.mails_to(&ana.email()).await.len(), cloud.mails_to(&ben.email()).await.len());
    cloud.advance(std::time::Duration::from_hours(1)).await;
    let since = cloud.now();
    let down = cloud.aws.faults.script(Target::of(RELAY, Service::EventBridge, "PutEvents"), Fault::Unavailable);
    new_client(&cloud, "ana", "a phone").await;
    until_tried_again(&down).await;
    cloud.clock.advance(std::time::Duration::from_hours(20)).unwrap();
    new_client(&cloud, "ben", "a phone").await;
    poison(&cloud);
    until_tried_again(&down).await;
    let later = cloud.now();
    cloud.clock.advance(std::time::Duration::from_hours(4)).unwrap();
    until(async || !cloud.aws.dead_letters.list().is_empty()).await;
    down.end();
    let mails = async || (cloud.mails_to(&ana.email()).await.len() - before.0, cloud.mails_to(&ben.email()).await.len() - before.1);
    assert_eq!(mails().await, (0, 1), "the time of one of them is over, that of the other is not");
    let given_up = cloud.aws.dead_letters.list();
    assert_eq!((given_up.len(), given_up[0].queue.as_deref()), (1, Some("Failures")), "{given_up:?}");

    let redrive = async |since, until, dry| {
        let env = cloud.operator().into_iter().collect();
        tasks::redrive::redrive(env, "stoa", Window { since, until: Some(until) }, dry).await.unwrap()
    };
    let told = Report { found: 3, published: 0, poisoned: vec![POISON.to_owned()], refused: 0 };
    assert_eq!(redrive(since, later, true).await, told);
    assert_eq!(
        (redrive(later, cloud.now(), false).await.found, mails().await),
        (0, (0, 1)),
        "events of another span of time are not published"
    );
    for _ in 0..2 {
        assert_eq!(redrive(since, later, false).await, Report { published: 2, ..told.clone() });
        assert_eq!(mails().await, (1, 1));
    }
}

/// Mails are in the reader's language, as text and HTML. Their codes are in no table. Somebody who registers an address that has
/// an account already is told so by mail and gets neither code nor link.
/// Promise: language, secrets-hashed, no-account-disclosure
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mails_speak_the_readers_language_and_keep_secrets() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let mut subjects = BTreeSet::new();
    for locale in ["en", "pl"] {
        let to = format!("new-{locale}@example.test");
        let _ = cloud.anonymous().post("/v1/registrations", json!({ "email": to, "locale": locale })).await.is(201);
        let mail = cloud.mail_to(&to).await;
        let code = mail.code.clone().unwrap();
        let html = mail.html.unwrap();
        assert!(mail.text.contains(&code) && html.contains(&code));
        assert!(html.contains(&format!("lang=\"{locale}\"")), "{html}");
        assert!(!cloud.dump().await.to_string().contains(&code), "the code of {to} is kept");
        subjects.insert(mail.subject);
    }
    assert_eq!(subjects.len(), 2, "{subjects:?}");

    let _ = register(&cloud, &ana.email()).await;
    let mail = cloud.mail_to(&ana.email()).await;
    assert!(mail.subject.contains("already"), "{}", mail.subject);
    assert!(mail.code.is_none() && mail.links.is_empty());
}

/// A code for a phone number goes by text message, and is in no table either.
/// Promise: secrets-hashed
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_for_a_number_goes_by_text_message() {
    const ID: &str = "chl_01K9ZCF9T4N2GV6EWD8JXR5KQM";
    let cloud = Cloud::start().await;
    let (text, now) = (|s: &str| json!({ "S": s }), cloud.now().millis());
    let number = |n: i64| json!({ "N": n.to_string() });
    put(
        &cloud,
        &json!({
            "pk": text(&format!("CHALLENGE#{ID}")), "sk": text("CHALLENGE"), "kind": text("challenge"), "v": number(1),
            "id": text(ID), "purpose": text("phone_login"), "channel": text("sms"), "form": { "M": { "code": { "M": { "digits": number(6) } } } },
            "destination": text("+48500100200"), "locale": text("pl"), "decoy": { "BOOL": false }, "sending": number(1),
            "resend_at": number(now), "expires_at": number(now + 120_000), "tries": number(0),
        }),
    );
    let issued = json!({ "name": "challenge_issued", "challenge": ID, "sending": 1 });
    let outbox = json!({ "id": text(POISON), "at": number(now), "name": text("challenge_issued"), "event": text(&issued.to_string()) });
    cloud.hosts.invoke(DELIVER, on_the_bus(&outbox), &Trace::new(&cloud.sys)).await.unwrap();
    let message = cloud.mail_to("+48500100200").await;
    let code = message.code.unwrap();
    assert!(code.len() == 6 && message.html.is_none(), "{}", message.text);
    assert!(!cloud.dump().await.to_string().contains(&code));
}

/// When a used refresh token is used again, its owner is notified.
/// Promise: refresh-reuse
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reuse_of_a_refresh_token_is_notified_to_its_owner() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let signed_in = cloud.anonymous().post("/v1/sessions", json!({ "login": "ana", "password": PASSWORD })).await.is(201);
    let spent = json!({ "refresh_token": signed_in["refresh_token"] });
    let _ = cloud.anonymous().post("/v1/sessions/refresh", spent.clone()).await.is(200);
    cloud.advance(std::time::Duration::from_secs(11)).await;
    cloud.anonymous().post("/v1/sessions/refresh", spent).await.is_problem(401, "refresh_invalid");
    let mail = cloud.mail_to(&ana.email()).await;
    assert!(mail.text.contains("ana") && mail.code.is_none() && mail.links.is_empty(), "{}", mail.text);
    assert!(mail.subject.contains("ended"), "{}", mail.subject);
}
