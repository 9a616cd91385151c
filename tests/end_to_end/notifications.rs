//! The inbox of notifications and its pushes.

use std::{collections::BTreeSet, time::Duration};

use local::hosts::Trace;
use serde_json::value::to_raw_value;
use tests::{Caller, Cloud, DAY, Value, json};

const INBOX: &str = "/v1/notifications";

async fn inbox(who: &Caller) -> Vec<Value> {
    who.get(INBOX).await.is(200)["items"].as_array().unwrap().clone()
}

async fn unread(who: &Caller) -> (u64, bool) {
    let count = who.get(&format!("{INBOX}/unread")).await.is(200);
    (count["unread"].as_u64().unwrap(), count["more"].as_bool().unwrap())
}

async fn befriend(cloud: &Cloud, one: &Caller, other: &Caller) {
    one.post(&format!("/v1/friends/{}/request", other.id()), json!({})).await.is(201);
    other.post(&format!("/v1/friends/{}/accept", one.id()), json!({})).await.is(200);
    cloud.settle().await;
}

/// Invokes the function with an event of the bus.
async fn arrives(cloud: &Cloud, id: &str, event: Value) {
    let detail = json!({ "id": id, "at": cloud.now(), "event": event });
    let event = json!({ "version": "0", "source": "stoa", "detail-type": event["name"], "detail": detail });
    cloud.hosts.invoke("NotificationsFunction", to_raw_value(&event).unwrap(), &Trace::new(&cloud.sys)).await.unwrap();
}

/// A request and its acceptance are told to the other person; what concerns the account is told too. Both people's devices learn of
/// every change at once, except of what a block hides.
/// Promise: notification-inbox, notification-push
#[tokio::test(flavor = "multi_thread")]
async fn what_happens_is_in_the_inbox_and_pushed() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let (mut hers, mut his) = (ana.socket().await, ben.socket().await);
    let is = |relation: &'static str| move |f: &Value| f["stream"] == "notification" && f["payload"]["relation"] == relation;
    ana.post(&format!("/v1/friends/{}/request", ben.id()), json!({})).await.is(201);
    let told = his.expect(is("received")).await["payload"].clone();
    let members = ["type", "category", "user", "username", "read"].map(|m| told[m].clone());
    assert_eq!(members, [json!("UPDATE_INTEREST"), json!("friends"), json!(ana.id()), json!("ana"), json!(false)]);
    let own = hers.expect(is("sent")).await["payload"].clone();
    assert!(own.get("id").is_none() && inbox(&ana).await.is_empty(), "nobody is told of what they did: {own}");
    let entries = inbox(&ben).await;
    assert_eq!(entries, [told]);
    assert_eq!((unread(&ben).await, unread(&ana).await), ((1, false), (0, false)));
    ben.post(&format!("/v1/friends/{}/accept", ana.id()), json!({})).await.is(200);
    let accepted = hers.expect(is("friends")).await["payload"].clone();
    his.expect(is("friends")).await;
    assert_eq!(inbox(&ana).await, [accepted]);
    // A friendship that ends is pushed and not kept. A change that a block hides is neither pushed nor kept.
    ben.put(&format!("/v1/friends/{}/block", ana.id()), json!({})).await.is(200);
    hers.expect(is("none")).await;
    his.expect(is("blocked")).await;
    ana.post(&format!("/v1/friends/{}/request", ben.id()), json!({})).await.is(201);
    hers.expect(is("sent")).await;
    cloud.settle().await;
    his.ping().await;
    assert!(!his.heard().iter().any(|f| f["stream"] == "notification"), "{:?}", his.heard());
    assert_eq!((inbox(&ana).await.len(), inbox(&ben).await.len()), (1, 1));
    // The account.
    let ana = cloud.sign_in("ana").await;
    let version = ana.get("/v1/me").await.header("etag");
    ana.with("if-match", version).put("/v1/me/username", json!({ "username": "anna" })).await.is(200);
    let told = hers.expect(|f| f["payload"]["notice"] == "username_changed").await["payload"].clone();
    assert_eq!((&told["type"], &told["category"], &told["read"]), (&json!("NOTICE"), &json!("security"), &json!(false)));
    assert_eq!(inbox(&ben).await[0]["username"], "anna", "by the current name");
}

/// One or all at once, only one's own, and only forward. More than 99 are not counted.
/// Promise: notification-unread, notification-inbox
#[tokio::test(flavor = "multi_thread")]
async fn notifications_are_read_one_by_one_or_all_at_once() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    for _ in 0..101 {
        let event = json!({ "name": "notice_due", "user": ana.id(), "notice": "new_sign_in" });
        arrives(&cloud, &cloud.sys.id::<kernel::id::EventId>().to_string(), event).await;
    }
    assert_eq!(unread(&ana).await, (99, true));
    let (mut seen, mut path) = (Vec::new(), format!("{INBOX}?limit=40"));
    loop {
        let page = ana.get(&path).await.is(200);
        seen.extend(page["items"].as_array().unwrap().iter().map(|i| i["id"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("{INBOX}?limit=40&cursor={cursor}");
    }
    assert_eq!((seen.len(), seen.iter().collect::<BTreeSet<_>>().len()), (101, 101));
    assert!(seen.is_sorted_by(|a, b| a > b), "the newest first");
    for _ in 0..2 {
        ana.post(&format!("{INBOX}/{}/read", seen[0]), json!({})).await.is(204);
    }
    for other in [format!("{INBOX}/{}/read", seen[1]), format!("{INBOX}/ntf_nonsense/read")] {
        ben.post(&other, json!({})).await.is_problem(404, "not_found");
    }
    ana.post(&format!("{INBOX}/{}/read", seen[1]), json!({})).await.is(204);
    assert_eq!(unread(&ana).await, (99, false));
    // All but the three newest, and then an older one, which changes nothing.
    for upto in [&seen[3], &seen[50]] {
        ana.post(&format!("{INBOX}/read"), json!({ "upto": upto })).await.is(204);
        assert_eq!(unread(&ana).await, (1, false));
    }
    let left = ana.get(&format!("{INBOX}?unread=true")).await.is(200);
    assert_eq!((left["items"].as_array().unwrap().len(), &left["items"][0]["id"]), (1, &json!(seen[2])));
    let read: Vec<bool> = inbox(&ana).await.iter().map(|i| i["read"].as_bool().unwrap()).collect();
    assert_eq!(read[..5], [true, true, false, true, true]);
    let future = "ntf_7ZZZZZZZZZZZZZZZZZZZZZZZZZ";
    assert_eq!(ana.post(&format!("{INBOX}/read"), json!({ "upto": future })).await.field_errors(), ["/upto in_future"]);
    assert_eq!(unread(&ben).await, (0, false));
}

/// What is unread is counted however many entries about read rooms came after it.
/// Promise: notification-unread
#[tokio::test(flavor = "multi_thread")]
async fn entries_about_read_rooms_hide_no_other_one() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let id = || cloud.sys.id::<kernel::id::EventId>().to_string();
    arrives(&cloud, &id(), json!({ "name": "notice_due", "user": ana.id(), "notice": "new_sign_in" })).await;
    cloud.advance(Duration::from_secs(1)).await;
    for _ in 0..100 {
        // A room that she has left counts as read.
        let room = cloud.sys.id::<kernel::id::RoomId>();
        let event = json!({ "name": "messages_missed", "user": ana.id(), "room": room, "kind": "direct", "seq": 1, "messages": 1 });
        arrives(&cloud, &id(), event).await;
    }
    assert_eq!(cloud.of_kind("notification").await.len(), 101);
    assert_eq!(unread(&ana).await, (1, false));
}

/// An event that is delivered twice is one entry, none is stored for a deleted account or about one, and after ninety days it is gone.
/// Promise: delivery-once, notification-inbox
#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_one_entry_for_ninety_days() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    befriend(&cloud, &ana, &ben).await;
    let event = json!({ "name": "notice_due", "user": ana.id(), "notice": "new_sign_in" });
    for _ in 0..3 {
        arrives(&cloud, "evt_01K9ZCHCW7R5JY9H0FAMZV8NTS", event.clone()).await;
    }
    assert_eq!(inbox(&ana).await.len(), 2);
    let gone = "usr_01ARZ3NDEKTSV4RRFFQ69G5FAV";
    let of_gone = json!({ "name": "notice_due", "user": gone, "notice": "new_sign_in" });
    // As the redrive of a dead letter after the purge.
    let about_gone = json!({ "name": "relation_changed", "user": ana.id(), "other": gone, "relation": "received", "by": gone });
    for (id, event) in [("evt_01K9ZCHCW7R5JY9H0FAMZV8NTT", of_gone), ("evt_01K9ZCHCW7R5JY9H0FAMZV8NTV", about_gone)] {
        arrives(&cloud, id, event).await;
    }
    assert_eq!(cloud.of_kind("notification").await.len(), 3);
    cloud.advance(DAY * 90).await;
    let ana = cloud.sign_in("ana").await;
    // Only the sign-in of just now.
    let left = inbox(&ana).await;
    assert!(left.len() <= 1 && left.iter().all(|entry| entry["notice"] == "new_sign_in"), "{left:?}");
}
