//! Messages sent without a socket, and messages after they were sent: edited, deleted, answered, and with mentions.

use std::time::Duration;

use local::aws::{
    Service,
    faults::{Fault, Target},
};
use tests::{Caller, Cloud, PATIENCE, Reply, Socket, Value, json};

use crate::attachments::ready;

async fn room_of(one: &Caller, other: &Caller) -> String {
    one.post("/v1/rooms/direct", json!({ "user": other.id() })).await.json()["id"].as_str().unwrap().to_owned()
}

/// A group or a channel of one person, which another one has joined.
async fn club_of(owner: &Caller, other: &Caller, club: Value) -> String {
    let room = owner.post("/v1/rooms", club).await.is(201)["id"].as_str().unwrap().to_owned();
    join(owner, other, &room).await;
    room
}

async fn join(owner: &Caller, other: &Caller, room: &str) {
    owner.put(&format!("/v1/rooms/{room}/invitations/{}", other.id()), Value::Null).await.is(204);
    other.post(&format!("/v1/rooms/{room}/members"), Value::Null).await.is(200);
}

async fn say(socket: &mut Socket, room: &str, text: &str) -> u64 {
    let ack = socket.ask(json!({ "type": "send", "room": room, "text": text, "nonce": text.replace([' ', '@'], "-") })).await;
    ack["seq"].as_u64().unwrap_or_else(|| panic!("{ack}"))
}

fn edit(room: &str, seq: u64, text: &str) -> Value {
    json!({ "type": "edit", "room": room, "seq": seq, "text": text })
}

fn delete(room: &str, seq: u64) -> Value {
    json!({ "type": "delete", "room": room, "seq": seq })
}

async fn entry(who: &Caller, room: &str, seq: u64) -> Value {
    let page = who.get(&format!("/v1/rooms/{room}/messages?limit=100")).await.is(200);
    page["items"].as_array().unwrap().iter().find(|m| m["seq"] == seq).unwrap().clone()
}

async fn unread(who: &Caller, room: &str) -> Value {
    let list = who.get("/v1/chats").await.is(200);
    list["items"].as_array().unwrap().iter().find(|chat| chat["room"]["id"] == room).unwrap()["unread"].clone()
}

/// A message of a frame, without the type of the frame.
fn content(frame: &Value) -> Value {
    let mut message = frame.clone();
    message.as_object_mut().unwrap().remove("type");
    message
}

fn code(answer: &Value) -> &str {
    answer["problem"]["code"].as_str().unwrap_or_else(|| panic!("{answer}"))
}

/// The calls to the table, and the other ones, which are posts to sockets, that frames have caused so far.
fn calls(cloud: &Cloud) -> (u64, u64) {
    let caused = cloud.aws.calls.by_operation().remove("socket chat").map(|done| done.tally.calls).unwrap_or_default();
    let (table, posts): (Vec<_>, Vec<_>) = caused.into_iter().partition(|(call, _)| call.starts_with("dynamodb."));
    let sum = |calls: Vec<(String, u64)>| calls.into_iter().map(|(_, times)| times).sum::<u64>();
    (sum(table), sum(posts))
}

/// No frame makes more calls than its kind needs. The figures are those of a direct room, where the one has two sockets and the other one.
/// Each includes the read that authenticates the sender.
/// Promise: frame-calls
#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_frame_has_its_calls() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = room_of(&ana, &ben).await;
    let (mut hers, _phone, mut his) = (ana.socket().await, ana.socket().await, ben.socket().await);
    // The first frame of a socket takes one read more.
    assert_eq!(say(&mut his, &room, "hello").await, 1);
    assert_eq!(say(&mut hers, &room, "good morning").await, 2);
    let of_room = |kind: &str, more: Value| {
        let mut payload = json!({ "type": kind, "room": room });
        payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        payload
    };
    for (payload, most) in [
        (json!({ "type": "ping" }), (1, 0)),
        (of_room("send", json!({ "text": "how are you?", "nonce": "n1" })), (3, 2)),
        (of_room("edit", json!({ "seq": 2, "text": "good evening" })), (3, 2)),
        (of_room("delete", json!({ "seq": 2 })), (3, 2)),
        (of_room("typing", json!({})), (2, 1)),
        (of_room("read", json!({ "seq": 1 })), (3, 2)),
        (of_room("sync", json!({ "since": 0 })), (2, 0)),
        (of_room("history", json!({})), (2, 0)),
    ] {
        let before = calls(&cloud);
        let answer = hers.ask(payload.clone()).await;
        assert_ne!(answer["type"], "error", "{payload}: {answer}");
        let now = calls(&cloud);
        let (table, posts) = (now.0 - before.0, now.1 - before.1);
        assert!(table > 0 && table <= most.0 && posts <= most.1, "{payload}: {table} calls to the table and {posts} posts, not {most:?}");
    }
}

/// A message to more than twenty people takes its sender one transaction, and the rest is the fan-out's. Adding a friend to a group takes a
/// counter, two batches and a transaction.
/// Promise: frame-calls
#[tokio::test(flavor = "multi_thread")]
async fn a_large_room_takes_its_sender_no_more_calls() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    ana.post(&format!("/v1/friends/{}/request", ben.id()), json!({})).await.is(201);
    ben.post(&format!("/v1/friends/{}/accept", ana.id()), json!({})).await.is(200);
    let room = ana.post("/v1/rooms", json!({ "kind": "group", "name": "Porch" })).await.is(201)["id"].as_str().unwrap().to_owned();
    let added = ana.put(&format!("/v1/rooms/{room}/invitations/{}", ben.id()), Value::Null).await;
    added.is(204);
    assert!(added.calls() <= 5, "{added:?}");
    let mut stored = cloud.of_kind("room").await.into_iter().find(|stored| stored["id"]["S"] == room.as_str()).unwrap();
    stored["member_count"] = json!({ "N": "21" });
    cloud.put_item(&stored);
    let (mut hers, mut his) = (ana.socket().await, ben.socket().await);
    // The first frame of a socket takes one read more.
    assert_eq!(say(&mut hers, &room, "one").await, 3);
    let before = calls(&cloud);
    assert_eq!(say(&mut hers, &room, "two").await, 4);
    let now = calls(&cloud);
    assert!(now.0 - before.0 <= 2 && now.1 == before.1, "{before:?} {now:?}");
    assert_eq!(his.expect(|frame| frame["payload"]["text"] == "two").await["payload"]["seq"], 4);
}

/// The author edits and deletes a message for fifteen minutes. Everybody else sees that live, and finds it later; its number stays.
/// Promise: message-change
#[tokio::test(flavor = "multi_thread")]
async fn an_author_edits_and_deletes_for_fifteen_minutes() {
    let cloud = Cloud::start().await;
    let (ana, ben, eve) = (cloud.member("ana").await, cloud.member("ben").await, cloud.member("eve").await);
    let room = room_of(&ana, &ben).await;
    let (mut hers, mut his, mut other) = (ana.socket().await, ben.socket().await, eve.socket().await);
    for (seq, text) in [(1, "one"), (2, "two words"), (3, "three")] {
        assert_eq!(say(&mut hers, &room, text).await, seq);
    }
    let before = hers.ask(json!({ "type": "hello" })).await;
    let told = hers.ask(edit(&room, 1, " One! ")).await;
    assert_eq!((&told["type"], &told["text"]), (&json!("edited"), &json!("One!")), "{told}");
    let seen = his.hear("changed").await;
    assert_eq!(content(&told), content(&seen));
    assert_eq!((&seen["kind"], &seen["seq"], &seen["text"]), (&json!("text"), &json!(1), &json!("One!")), "{seen}");
    assert!(seen["edited_at"].is_string() && seen["created_at"].is_string(), "{seen}");
    let found = entry(&ben, &room, 1).await;
    assert_eq!((&found["text"], &found["changes"], &seen["changes"]), (&json!("One!"), &json!(1), &json!(1)), "{found} {seen}");
    let told = hers.ask(delete(&room, 2)).await;
    assert_eq!(told["type"], "deleted");
    let seen = his.hear("changed").await;
    assert_eq!(content(&told), content(&seen));
    assert_eq!((&seen["kind"], &seen["seq"], &seen["text"]), (&json!("deleted"), &json!(2), &Value::Null), "{seen}");
    assert_eq!((&seen["changes"], entry(&ben, &room, 3).await.get("changes")), (&json!(1), None), "{seen}");
    assert_eq!(unread(&ben, &room).await["messages"], 2);
    assert!(!cloud.dump().await.to_string().contains("two words"), "nothing of the text is left");
    let after = hers.ask(json!({ "type": "hello" })).await;
    let changes =
        |hello: &Value| hello["rooms"].as_array().unwrap().iter().find(|r| r["room"] == room.as_str()).unwrap()["changes"].clone();
    assert_eq!((changes(&before), changes(&after)), (json!(0), json!(2)));

    // Nobody else, nothing else, and not later.
    cloud.refill_frames().await;
    assert_eq!(code(&his.ask(edit(&room, 1, "his")).await), "forbidden");
    assert_eq!(code(&his.ask(delete(&room, 1)).await), "forbidden");
    assert_eq!(code(&hers.ask(edit(&room, 2, "again")).await), "not_found");
    cloud.refill_frames().await;
    assert_eq!(code(&hers.ask(delete(&room, 99)).await), "not_found");
    assert_eq!(code(&other.ask(edit(&room, 1, "hers")).await), "not_found");
    assert_eq!(code(&hers.ask(edit(&room, 1, " ")).await), "message_length");
    cloud.advance(Duration::from_secs(15 * 60)).await;
    let mut hers = cloud.sign_in("ana").await.socket().await;
    assert_eq!(code(&hers.ask(edit(&room, 3, "late")).await), "change_too_late");
    assert_eq!(code(&hers.ask(delete(&room, 3)).await), "change_too_late");
    assert_eq!(entry(&cloud.sign_in("ben").await, &room, 3).await["text"], "three");
}

/// A deletion whose answer was lost is repeated, at once or long after, and answered alike.
/// Promise: message-change
#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_is_repeated() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = room_of(&ana, &ben).await;
    let (mut hers, mut phone) = (ana.socket().await, ana.socket().await);
    for seq in 1..=3 {
        assert_eq!(say(&mut hers, &room, &format!("text {seq}")).await, seq);
        let (one, other) = tokio::join!(hers.ask(delete(&room, seq)), phone.ask(delete(&room, seq)));
        assert_eq!((&one["type"], &one["kind"], &one["seq"]), (&json!("deleted"), &json!("deleted"), &json!(seq)), "{one}");
        assert_eq!(other, one);
        assert_eq!(hers.ask(delete(&room, seq)).await, one);
        cloud.refill_frames().await;
    }
    let hello = hers.ask(json!({ "type": "hello" })).await;
    let state = hello["rooms"].as_array().unwrap().iter().find(|state| state["room"] == room.as_str()).unwrap();
    assert_eq!(state["changes"], 3, "nothing is changed twice");
    cloud.advance(Duration::from_secs(16 * 60)).await;
    let mut hers = cloud.sign_in("ana").await.socket().await;
    assert_eq!(hers.ask(delete(&room, 1)).await["type"], "deleted");
    let mut eve = cloud.member("eve").await.socket().await;
    assert_eq!(code(&eve.ask(delete(&room, 1)).await), "not_found");
}

/// Administrators delete the messages of others in their room, at any time. In a large room the fan-out tells everybody.
/// Promise: message-change
#[tokio::test(flavor = "multi_thread")]
async fn administrators_delete_at_any_time() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = ana.post("/v1/rooms", json!({ "kind": "group", "name": "Porch" })).await.is(201)["id"].as_str().unwrap().to_owned();
    ana.put(&format!("/v1/rooms/{room}/invitations/{}", ben.id()), Value::Null).await.is(204);
    ben.post(&format!("/v1/rooms/{room}/members"), Value::Null).await.is(200);
    let mut his = ben.socket().await;
    assert_eq!(say(&mut his, &room, "rude").await, 3);
    assert_eq!(say(&mut his, "public", "hello").await, 1);
    cloud.advance(Duration::from_secs(24 * 3600)).await;
    let (ana, ben) = (cloud.sign_in("ana").await, cloud.sign_in("ben").await);
    let (mut hers, mut his) = (ana.socket().await, ben.socket().await);
    assert_eq!(hers.ask(delete(&room, 3)).await["type"], "deleted");
    assert_eq!(his.hear("changed").await["kind"], "deleted");
    assert_eq!(entry(&ben, &room, 3).await["kind"], "deleted");
    assert_eq!(code(&hers.ask(delete(&room, 2)).await), "not_found", "an event is no message");
    assert_eq!(code(&hers.ask(delete("public", 1)).await), "forbidden");
    assert_eq!(say(&mut his, "public", "again").await, 2);
    assert_eq!(his.ask(edit("public", 2, "Again!")).await["type"], "edited");
    assert_eq!(hers.hear("changed").await["text"], "Again!");
}

/// A message refers to another one, and mentions people by their names. The count of mentions follows edits and deletions.
/// Promise: message-mention
#[tokio::test(flavor = "multi_thread")]
async fn messages_answer_and_mention() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = room_of(&ana, &ben).await;
    let (mut hers, mut his) = (ana.socket().await, ben.socket().await);
    assert_eq!(say(&mut hers, &room, "first").await, 1);
    let answer = |reply_to: u64, nonce: &str| json!({ "type": "send", "room": room, "text": "yes", "nonce": nonce, "reply_to": reply_to });
    assert_eq!(his.ask(answer(1, "a")).await["seq"], 2);
    assert_eq!(hers.hear("message").await["reply_to"], 1);
    assert_eq!(entry(&ana, &room, 2).await["reply_to"], 1);
    assert_eq!(his.ask(answer(3, "b")).await["problem"]["errors"][0]["pointer"], "/reply_to");
    assert_eq!(say(&mut hers, &room, "look @Ben and @nobody and x@ana").await, 3);
    assert_eq!(entry(&ben, &room, 3).await["mentions"], json!([ben.id()]));
    assert_eq!(say(&mut hers, &room, "@ben").await, 4);
    assert_eq!(unread(&ben, &room).await, json!({ "messages": 3, "more": false, "mentions": 2 }));
    assert_eq!(hers.ask(edit(&room, 3, "look")).await["type"], "edited");
    assert_eq!(unread(&ben, &room).await["mentions"], 1);
    cloud.refill_frames().await;
    assert_eq!(hers.ask(delete(&room, 4)).await["type"], "deleted");
    assert_eq!(unread(&ben, &room).await, json!({ "messages": 2, "more": false, "mentions": 0 }));
    // Of twelve people the first ten are mentioned.
    let mut names = Vec::new();
    for n in 0..12 {
        names.push(format!("@{}", cloud.member(&format!("name{n}")).await.name()));
    }
    let many = json!({ "type": "send", "room": room, "text": names.join(" "), "nonce": "many" });
    assert_eq!(hers.ask(many).await["seq"], 5);
    assert_eq!(entry(&ana, &room, 5).await["mentions"].as_array().unwrap().len(), 10);
}

/// An edit changes the count of mentions also in a room where it is not delivered by the function that makes it.
/// Promise: message-mention
#[tokio::test(flavor = "multi_thread")]
async fn an_edit_changes_the_mentions_of_a_large_room() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = club_of(&ana, &ben, json!({ "kind": "channel", "name": "News" })).await;
    let mut hers = ana.socket().await;
    let seq = say(&mut hers, &room, "look").await;
    for (text, mentions) in [("look @ben", 1), ("look @ben @ana", 1), ("look", 0)] {
        assert_eq!(hers.ask(edit(&room, seq, text)).await["type"], "edited");
        assert_eq!(unread(&ben, &room).await, json!({ "messages": 1, "more": false, "mentions": mentions }), "{text}");
    }
    assert_eq!(hers.ask(delete(&room, seq)).await["type"], "deleted");
    assert_eq!(unread(&ben, &room).await, json!({ "messages": 0, "more": false, "mentions": 0 }));
}

/// A deletion succeeds although the masking of words changes in the room at the same moment.
/// Promise: message-change
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_does_not_depend_on_the_rules_of_the_room() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = club_of(&ana, &ben, json!({ "kind": "group", "name": "Porch" })).await;
    let mut his = ben.socket().await;
    let seq = say(&mut his, &room, "hello").await;
    let commit = Target::of("ChatFunction", Service::DynamoDb, "TransactWriteItems").times(1);
    let held = cloud.aws.faults.script(commit, Fault::Held);
    let rules = async {
        held.applied().await;
        let changed = ana.patch(&format!("/v1/rooms/{room}"), json!({ "masks_profanity": true })).await.is(200);
        held.end();
        changed
    };
    let both = async { tokio::join!(his.ask(delete(&room, seq)), rules) };
    let (answer, rules) = tokio::time::timeout(PATIENCE, both).await.expect("both are written");
    assert_eq!((&answer["type"], &rules["masks_profanity"]), (&json!("deleted"), &json!(true)), "{answer}");
    assert_eq!(entry(&ana, &room, seq).await["kind"], "deleted");
}

/// A repetition gets the same answer after its author was removed and has joined again, also if the message that it answers is from before.
/// Promise: chat-idempotent
#[tokio::test(flavor = "multi_thread")]
async fn a_repetition_is_answered_after_joining_again() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = club_of(&ana, &ben, json!({ "kind": "group", "name": "Porch" })).await;
    let (mut hers, mut his) = (ana.socket().await, ben.socket().await);
    let asked = say(&mut hers, &room, "shall we meet").await;
    let yes = |nonce: &str| json!({ "type": "send", "room": room, "text": "yes", "nonce": nonce, "reply_to": asked });
    let ack = his.ask(yes("one")).await;
    assert_eq!((&ack["type"], &ack["reply_to"]), (&json!("ack"), &json!(asked)), "{ack}");
    ana.delete(&format!("/v1/rooms/{room}/members/{}", ben.id())).await.is(204);
    assert_eq!(code(&his.ask(yes("one")).await), "not_found");
    join(&ana, &ben, &room).await;
    assert_eq!(his.ask(yes("one")).await, ack);
    let body = json!({ "text": "yes", "reply_to": asked });
    assert_eq!(post(&ben, &room, "one", body.clone()).await.is(201)["seq"], ack["seq"]);
    // What is new cannot answer a message that he does not see.
    assert_eq!(code(&his.ask(yes("two")).await), "invalid");
    assert_eq!(post(&ben, &room, "two", body).await.field_errors(), ["/reply_to choice"]);
}

async fn post(who: &Caller, room: &str, key: &str, body: Value) -> Reply {
    who.with("idempotency-key", key).post(&format!("/v1/rooms/{room}/messages"), body).await
}

/// A message over HTTP reaches the sockets of the others and of its author, once for its key, which also names a send over the socket.
/// Promise: message-http, chat-idempotent
#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_sent_without_a_socket() {
    let cloud = Cloud::start().await;
    let (ana, ben, eve) = (cloud.member("ana").await, cloud.member("ben").await, cloud.member("eve").await);
    let room = room_of(&ana, &ben).await;
    let (mut hers, mut his) = (ana.socket().await, ben.socket().await);
    let body = json!({ "text": " Hello @ben " });
    // The second key has characters that a nonce has not.
    for (seq, key) in [(1, "key-1"), (2, "key:2")] {
        let sent = post(&ana, &room, key, body.clone()).await.is(201);
        assert_eq!((&sent["seq"], &sent["kind"], &sent["text"]), (&json!(seq), &json!("text"), &json!("Hello @ben")), "{sent}");
        assert_eq!((&sent["author"]["username"], &sent["mentions"]), (&json!("ana"), &json!([ben.id()])), "{sent}");
        for socket in [&mut hers, &mut his] {
            assert_eq!(socket.expect(|f| f["payload"]["seq"] == seq).await["payload"]["id"], sent["id"]);
        }
        assert_eq!(post(&ana, &room, key, body.clone()).await.is(201), sent);
        post(&ana, &room, key, json!({ "text": "Bye" })).await.is_problem(422, "idempotency_key_reused");
    }
    let again = hers.ask(json!({ "type": "send", "room": room, "text": " Hello @ben ", "nonce": "key-1" })).await;
    assert_eq!(again["seq"], 1, "{again}");
    ana.post(&format!("/v1/rooms/{room}/messages"), body.clone()).await.is_problem(400, "idempotency_key_required");
    post(&ana, &room, "a", json!({ "text": " " })).await.is_problem(422, "message_length");
    assert_eq!(post(&ana, &room, "b", json!({ "text": "yes", "reply_to": 9 })).await.field_errors(), ["/reply_to choice"]);
    post(&eve, &room, "c", body.clone()).await.is_problem(404, "not_found");
    // An answer that is repeated after a change is the message as it is by then.
    assert_eq!(hers.ask(edit(&room, 1, "Hi")).await["type"], "edited");
    assert_eq!(post(&ana, &room, "key-1", body.clone()).await.is(201)["text"], "Hi");
    ben.put(&format!("/v1/friends/{}/block", ana.id()), json!({})).await.is(200);
    post(&ana, &room, "d", body.clone()).await.is_problem(403, "chat_not_allowed");
    assert_eq!(post(&eve, "public", "e", body).await.is(201)["seq"], 1);
}

/// The rules of a room hold over HTTP: who writes in a channel, how long a slow mode asks to wait, and that a file is sent once.
/// Promise: message-http
#[tokio::test(flavor = "multi_thread")]
async fn the_rules_of_a_room_hold_over_http() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let made = async |body: Value| ana.post("/v1/rooms", body).await.is(201)["id"].as_str().unwrap().to_owned();
    let channel = made(json!({ "kind": "channel", "name": "News", "slug": "news" })).await;
    let group = made(json!({ "kind": "group", "name": "Porch" })).await;
    ana.put(&format!("/v1/rooms/{group}/invitations/{}", ben.id()), Value::Null).await.is(204);
    for room in [&channel, &group] {
        ben.post(&format!("/v1/rooms/{room}/members"), Value::Null).await.is(200);
    }
    post(&ben, &channel, "a", json!({ "text": "me too" })).await.is_problem(403, "forbidden");
    let mut his = ben.socket().await;
    let sent = post(&ana, &channel, "a", json!({ "text": "first" })).await.is(201);
    // The fan-out delivers.
    assert_eq!(his.expect(|f| f["payload"]["id"] == sent["id"]).await["payload"]["text"], "first");
    let file = ready(&cloud, &ana, &group, "plan.txt", b"a plan").await;
    let with_file = json!({ "text": "", "attachments": [file] });
    let sent = post(&ana, &group, "b", with_file.clone()).await.is(201);
    assert_eq!(sent["attachments"][0]["name"], "plan.txt", "{sent}");
    assert_eq!(post(&ana, &group, "b", with_file.clone()).await.is(201)["id"], sent["id"]);
    post(&ana, &group, "c", with_file).await.is_problem(422, "attachment_invalid");
    ana.patch(&format!("/v1/rooms/{group}"), json!({ "slow_mode_seconds": 120 })).await.is(200);
    post(&ben, &group, "d", json!({ "text": "one" })).await.is(201);
    let slow = post(&ben, &group, "e", json!({ "text": "two" })).await;
    slow.is_problem(429, "slow_mode");
    assert_eq!(slow.header("ratelimit-policy"), "\"slow_mode\";q=1;w=120");
}

/// One message too many within a minute bans a person over HTTP as well, and closes their sockets. Staff have to wait.
/// Promise: message-http, chat-flood-ban
#[tokio::test(flavor = "multi_thread")]
async fn one_message_too_many_over_http_bans() {
    let cloud = Cloud::start().await;
    let (mona, _) = cloud.staff("mona", "moderator").await;
    let ana = cloud.member("ana").await;
    let mut hers = ana.socket().await;
    let again = json!({ "text": "again" });
    for (who, status, code, limit) in [(&ana, 403, "chat_banned", ""), (&mona, 429, "too_many_requests", "\"staff_messages\";q=60;w=60")] {
        // So that each begins with what a client may ask at once.
        cloud.advance(Duration::from_secs(5)).await;
        for n in 0..60 {
            post(who, "public", &format!("key-{n}"), again.clone()).await.is(201);
        }
        // A repetition is not counted.
        post(who, "public", "key-0", again.clone()).await.is(201);
        let last = post(who, "public", "last", again.clone()).await;
        last.is_problem(status, code);
        assert_eq!(last.header("ratelimit-policy"), limit);
    }
    hers.expect(|f| f["payload"]["problem"]["code"] == "chat_banned").await;
    hers.closed().await;
}

/// Who types is shown to the others in a room of up to twenty, but not to who takes no messages from them, and is stored nowhere.
/// Promise: typing
#[tokio::test(flavor = "multi_thread")]
async fn typing_is_shown_in_small_rooms() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let direct = room_of(&ana, &ben).await;
    let group = ana.post("/v1/rooms", json!({ "kind": "group", "name": "Porch" })).await.is(201)["id"].as_str().unwrap().to_owned();
    ana.put(&format!("/v1/rooms/{group}/invitations/{}", ben.id()), Value::Null).await.is(204);
    ben.post(&format!("/v1/rooms/{group}/members"), Value::Null).await.is(200);
    let (mut hers, mut his, mut own) = (ana.socket().await, ben.socket().await, ana.socket().await);
    cloud.settle().await;
    let before = cloud.dump().await;
    for room in [&direct, &group] {
        assert_eq!(hers.ask(json!({ "type": "typing", "room": room })).await, json!({ "type": "typing", "room": room }));
        assert_eq!(his.hear("typing").await, json!({ "type": "typing", "room": room, "user": { "id": ana.id(), "username": "ana" } }));
    }
    assert_eq!(cloud.dump().await, before);
    let version = ben.get("/v1/me").await.header("etag");
    let _ = ben.with("if-match", version).patch("/v1/me", json!({ "who_can_message": "friends" })).await.is(200);
    cloud.refill_frames().await;
    for room in [direct.as_str(), "public"] {
        assert_eq!(hers.ask(json!({ "type": "typing", "room": room })).await["type"], "typing");
    }
    for socket in [&mut his, &mut own] {
        let _ = socket.ask(json!({ "type": "ping" })).await;
        assert!(!socket.heard().iter().any(|f| f["payload"]["type"] == "typing"), "{:?}", socket.heard());
    }
}
