//! Consumers that are killed after any of their calls, lose any reply, or get an event repeatedly and concurrently: each reaches the same
//! final state. `deletion` has the same tests for the deletion of accounts.

use std::time::Duration;

use local::{
    aws::{
        Service,
        faults::{Fault, Target},
    },
    hosts::Trace,
};
use serde_json::value::{RawValue, to_raw_value};
use tests::{Caller, Cloud, Socket, Value, json, race};

/// Makes the n-th call of a function fail, for each n once, and returns how many calls the function makes: `round` makes work
/// for it under a name of its own, scripts the fault for those calls, checks the final state, and returns how many calls failed.
///
/// Four clouds take every fourth n each, because most of the time is spent waiting for failing attempts.
pub(crate) async fn cut_everywhere(function: &str, times: u32, round: impl AsyncFn(&Cloud, &str, Target) -> u32) -> u32 {
    let part = async |from: u32| {
        let cloud = Cloud::start().await;
        // The calls of a cold start must not be counted among those of the event.
        let warm = Target { function: Some(function.to_owned()), first: u32::MAX, ..Target::default() };
        assert_eq!(round(&cloud, &format!("warm_{from}"), warm).await, 0);
        for first in (from..).step_by(4) {
            let target = Target { function: Some(function.to_owned()), first, times, ..Target::default() };
            if round(&cloud, &format!("cut_{first}"), target).await == 0 {
                return first - 1;
            }
        }
        0
    };
    let (a, b, c, d) = tokio::join!(part(1), part(2), part(3), part(4));
    a.min(b).min(c).min(d)
}

/// Redrives what is in the dead-letter queue, after the leases of the killed runs have expired.
pub(crate) async fn redrive(cloud: &Cloud) {
    cloud.settle().await;
    if cloud.aws.dead_letters.list().is_empty() {
        return;
    }
    cloud.advance(Duration::from_secs(121)).await;
    for letter in cloud.aws.dead_letters.list() {
        let path = format!("{}/_local/dead-letters/{}/redrive", cloud.urls.console, letter.id);
        let _ = cloud.anonymous().post(&path, json!({})).await.is(202);
    }
    cloud.settle().await;
    assert!(cloud.aws.dead_letters.list().is_empty(), "{:?}", cloud.aws.dead_letters.list());
}

/// Sends an event to a consumer, as the bus does.
fn on_the_bus(id: &str, event: &Value) -> Box<RawValue> {
    let detail = json!({ "id": id, "at": 1_893_499_260_000_i64, "event": event });
    to_raw_value(&json!({ "version": "0", "detail-type": event["name"], "source": "stoa", "detail": detail })).unwrap()
}

/// Sends an event to a consumer many times concurrently, and returns how many of the runs succeeded.
async fn at_once(cloud: &Cloud, function: &'static str, event: &RawValue) -> usize {
    let runs = race(8, |_| {
        let (hosts, event, trace) = (cloud.hosts.clone(), event.to_owned(), Trace::new(&cloud.sys));
        async move { hosts.invoke(function, event, &trace).await.is_ok() }
    });
    runs.await.into_iter().filter(|ok| *ok).count()
}

/// How many messages with this text a socket has received, once it has received one.
async fn heard(socket: &mut Socket, text: &str) -> usize {
    let is = |frame: &Value| frame["payload"]["type"] == "message" && frame["payload"]["text"] == text;
    let _ = socket.expect(is).await;
    let _ = socket.ask(json!({ "type": "online", "room": "public" })).await;
    1 + socket.heard().iter().filter(|frame| is(frame)).count()
}

/// How many sockets of somebody the presence lists, and how many connection items are theirs.
async fn listed(cloud: &Cloud, whose: &Caller) -> (usize, usize) {
    let lists = cloud.of_kind("presence").await;
    let list = lists.iter().find(|list| list["user"]["S"] == whose.id());
    let rows = cloud.of_kind("connection").await.into_iter().filter(|row| row["user"]["S"] == whose.id()).count();
    (list.map_or(0, |list| list["live"]["L"].as_array().unwrap().len()), rows)
}

/// A session ends while every call of the function that closes its sockets fails in turn. They are closed, and other sockets are
/// not.
async fn sign_out(cloud: &Cloud, name: &str, target: Target, fault: Fault) -> u32 {
    let (stays, goes) = (cloud.member(name).await, cloud.sign_in(name).await);
    let (mut here, mut there) = (stays.socket().await, goes.socket().await);
    cloud.settle().await;
    let down = cloud.aws.faults.script(target, fault);
    let _ = goes.delete("/v1/sessions/current").await.is(204);
    cloud.settle().await;
    down.end();
    redrive(cloud).await;
    there.closed().await;
    cloud.settle().await;
    assert_eq!(listed(cloud, &stays).await, (1, 1), "{fault:?}, {name}");
    assert_eq!(here.ask(json!({ "type": "hello" })).await["type"], "hello");
    here.close().await;
    cloud.advance(Duration::from_secs(61)).await;
    down.hits()
}

/// The sockets of an ended session are closed in the end, whichever call of the function that closes them fails.
/// Promise: socket-session-end, consumer-resumes
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sockets_of_an_ended_session_are_closed_whatever_fails() {
    for (fault, times) in [(Fault::Internal, 0), (Fault::Throttle, 3), (Fault::LostAfter, 3)] {
        let calls = cut_everywhere("SocketFunction", times, async |cloud, name, target| sign_out(cloud, name, target, fault).await).await;
        assert!(calls >= 4, "{fault:?}: {calls}");
    }
}

/// The event of an ended session is delivered many times concurrently, and once more later.
/// Promise: delivery-once, socket-session-end
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_a_session_may_be_reported_many_times() {
    let cloud = Cloud::start().await;
    let (ana, goes) = (cloud.member("ana").await, cloud.sign_in("ana").await);
    let (mut here, mut there) = (ana.socket().await, goes.socket().await);
    let down = Target { function: Some("OutboxRelayFunction".to_owned()), ..Target::default() };
    let down = cloud.aws.faults.script(down, Fault::Internal);
    let _ = goes.delete("/v1/sessions/current").await.is(204);
    let event = on_the_bus("evt_01K9ZCHCW7R5JY9H0FAMZV0001", &json!({ "name": "sessions_ended", "user": ana.id() }));
    assert!(at_once(&cloud, "SocketFunction", &event).await >= 1);
    there.closed().await;
    down.end();
    cloud.settle().await;
    assert_eq!(at_once(&cloud, "SocketFunction", &event).await, 8);
    assert_eq!(listed(&cloud, &ana).await, (1, 1));
    assert_eq!(here.ask(json!({ "type": "hello" })).await["type"], "hello");
    assert!(cloud.aws.dead_letters.list().is_empty());
}

/// Somebody sends a message to the public room while calls of the fan-out fail.
async fn said_in_public(cloud: &Cloud, name: &str, target: Target, fault: Fault) -> u32 {
    let (ana, ben) = (cloud.member(name).await, cloud.member(&format!("{name}b")).await);
    let (mut from, mut to) = (ana.socket().await, ben.socket().await);
    cloud.settle().await;
    let say = async |from: &mut Socket, text: &str| {
        let ack = from.ask(json!({ "type": "send", "room": "public", "text": text, "nonce": text.replace(' ', "-") })).await;
        assert_eq!(ack["type"], "ack", "{ack}");
        ack["seq"].as_u64().unwrap()
    };
    let down = cloud.aws.faults.script(target, fault);
    let seq = say(&mut from, &format!("{name} one")).await;
    cloud.settle().await;
    down.end();
    redrive(cloud).await;
    // A message that was not delivered is in the history. The next one is delivered.
    let missed = to.ask(json!({ "type": "sync", "room": "public", "since": seq - 1 })).await;
    assert_eq!(missed["messages"][0]["text"], format!("{name} one"), "{missed}");
    say(&mut from, &format!("{name} two")).await;
    assert_eq!(heard(&mut to, &format!("{name} two")).await, 1);
    // A failing table delays the fan-out and loses nothing.
    let brought = down.hits() == 0 || to.heard().iter().any(|frame| frame["payload"]["text"] == format!("{name} one"));
    for socket in [from, to] {
        socket.close().await;
    }
    cloud.advance(Duration::from_secs(61)).await;
    assert!(brought, "{fault:?}, {name}");
    down.hits()
}

/// Whichever call of the fan-out fails, the message is in the history for everybody and the next message is delivered.
/// Promise: consumer-resumes, chat-delivery
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fan_out_that_is_killed_loses_nothing() {
    for (fault, times) in [(Fault::Internal, 0), (Fault::Throttle, 3), (Fault::LostAfter, 3)] {
        let of_the_table = |target: Target| Target { service: Some(Service::DynamoDb), ..target };
        let round = async |cloud: &Cloud, name: &str, target| said_in_public(cloud, name, of_the_table(target), fault).await;
        let calls = cut_everywhere("RoomFanoutFunction", times, round).await;
        assert!(calls >= 7, "{fault:?}: {calls}");
    }
    // Only the queries of pages fail, in all attempts: a call after them that succeeds must not hide it.
    let pages = Target::of("RoomFanoutFunction", Service::DynamoDb, "Query");
    assert!(said_in_public(&Cloud::start().await, "pages", pages, Fault::Internal).await > 0);
}

/// An event that is delivered many times concurrently, and once more later, delivers its message once.
/// Promise: delivery-once, chat-delivery
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_fanned_out_once() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let (mut from, mut to) = (ana.socket().await, ben.socket().await);
    cloud.settle().await;
    let down = Target { function: Some("OutboxRelayFunction".to_owned()), ..Target::default() };
    let down = cloud.aws.faults.script(down, Fault::Internal);
    let ack = from.ask(json!({ "type": "send", "room": "public", "text": "once", "nonce": "n" })).await;
    assert_eq!(ack["type"], "ack", "{ack}");
    let waiting = cloud.of_kind("outbox").await.into_iter().find(|item| item["name"]["S"] == "message_posted").unwrap();
    let event = serde_json::from_str(waiting["event"]["S"].as_str().unwrap()).unwrap();
    let event = on_the_bus(waiting["id"]["S"].as_str().unwrap(), &event);
    assert!(at_once(&cloud, "RoomFanoutFunction", &event).await >= 1);
    assert_eq!(at_once(&cloud, "RoomFanoutFunction", &event).await, 8);
    down.end();
    cloud.settle().await;
    assert_eq!(heard(&mut to, "once").await, 1);
    assert!(cloud.aws.dead_letters.list().is_empty());
}

/// Somebody registers while calls of the sending function fail. One mail arrives, with a valid code.
async fn mailed(cloud: &Cloud, name: &str, target: Target, fault: Fault) -> u32 {
    let email = format!("{name}@example.test");
    let down = cloud.aws.faults.script(target, fault);
    let flow = cloud.anonymous().post("/v1/registrations", json!({ "email": email })).await.is(201);
    cloud.settle().await;
    down.end();
    redrive(cloud).await;
    let mails = cloud.mails_to(&email).await;
    // Only a run whose reply is lost sends again: each lost reply, of three at most, causes one more mail.
    assert!((1..=4).contains(&mails.len()), "{fault:?}, {name}: {}", mails.len());
    let path = format!("/v1/registrations/{}/code", flow["id"].as_str().unwrap());
    cloud.anonymous().post(&path, json!({ "code": mails.last().unwrap().code })).await.is(200);
    down.hits()
}

/// Whichever call of the sending fails, a mail arrives and its code is valid.
/// Promise: consumer-resumes, delivery-retry
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sending_that_is_killed_sends_a_valid_code() {
    for (fault, times) in [(Fault::Internal, 0), (Fault::Throttle, 3), (Fault::LostAfter, 3)] {
        let calls = cut_everywhere("DeliverFunction", times, async |cloud, name, target| mailed(cloud, name, target, fault).await).await;
        assert!(calls >= 5, "{fault:?}: {calls}");
    }
}
