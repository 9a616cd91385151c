//! Messages arrive once and in order, and members who were disconnected can read them later. Flooding leads to a ban.

use std::{collections::BTreeSet, time::Duration};

use kernel::{Env, Time};
use local::aws::{
    Service,
    faults::{Fault, Target},
};
use tests::{Caller, Cloud, Refused, Socket, Value, json};

use crate::socket::until;

/// A direct room of two people.
async fn room_of(one: &Caller, other: &Caller) -> String {
    let reply = one.post("/v1/rooms/direct", json!({ "user": other.id() })).await;
    reply.json()["id"].as_str().unwrap().to_owned()
}

fn send(room: &str, text: &str, nonce: &str) -> Value {
    json!({ "type": "send", "room": room, "text": text, "nonce": nonce })
}

fn texts(messages: &Value) -> Vec<String> {
    messages.as_array().unwrap().iter().map(|m| m["text"].as_str().unwrap().to_owned()).collect()
}

fn numbers(messages: &Value) -> Vec<u64> {
    messages.as_array().unwrap().iter().map(|m| m["seq"].as_u64().unwrap()).collect()
}

/// All messages after a number, page by page, as a reconnecting client asks for them.
async fn catch_up(cloud: &Cloud, socket: &mut Socket, room: &str, mut since: u64, limit: u32) -> Vec<Value> {
    let mut all = Vec::new();
    for pages in 0.. {
        if pages % 10 == 0 {
            cloud.refill_frames().await;
        }
        let page = socket.ask(json!({ "type": "sync", "room": room, "since": since, "limit": limit })).await;
        assert_eq!(page["type"], "sync", "{page}");
        all.extend(page["messages"].as_array().unwrap().clone());
        since = page["upto"].as_u64().unwrap();
        if page["more"] == false {
            break;
        }
    }
    all
}

/// The sending socket gets an acknowledgement. Every other device of both people gets the message, once.
/// Promise: chat-delivery
#[tokio::test(flavor = "multi_thread")]
async fn two_people_talk_on_all_their_devices() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = room_of(&ana, &ben).await;
    let (mut sender, mut own) = (ana.socket().await, ana.socket().await);
    let (mut laptop, mut phone) = (ben.socket().await, ben.socket().await);
    let ack = sender.ask(send(&room, "  Shall we meet? \n", "n1")).await;
    assert_eq!((&ack["type"], &ack["seq"], &ack["nonce"]), (&json!("ack"), &json!(1), &json!("n1")));
    for device in [&mut own, &mut laptop, &mut phone] {
        let heard = device.hear("message").await;
        assert_eq!(heard["text"], "Shall we meet?");
        assert_eq!(heard["author"], json!({ "id": ana.id(), "username": "ana" }));
        assert_eq!((&heard["room"], &heard["seq"], &heard["id"]), (&ack["room"], &ack["seq"], &ack["id"]));
        assert_eq!(heard["created_at"], ack["created_at"]);
    }
    let _ = laptop.ask(send(&room, "Yes.", "n1")).await;
    assert_eq!(sender.hear("message").await["text"], "Yes.");
    cloud.settle().await;
    for socket in [&mut sender, &mut own, &mut laptop, &mut phone] {
        let _ = socket.ask(json!({ "type": "hello" })).await;
        assert!(socket.heard().iter().filter(|f| f["payload"]["type"] == "message").count() <= 1);
    }
    assert!(!sender.heard().iter().any(|f| f["payload"]["text"] == "Shall we meet?"), "the sending socket got its own message");
}

/// Of a hundred sends with one nonce on ten sockets one is committed. All of them get its acknowledgement.
/// Promise: chat-idempotent
#[tokio::test(flavor = "multi_thread")]
async fn a_nonce_commits_once() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = room_of(&ana, &ben).await;
    let mut listener = ben.socket().await;
    let mut sockets = Vec::new();
    for _ in 0..10 {
        sockets.push(ana.socket().await);
    }
    let mut acks = BTreeSet::new();
    for _ in 0..10 {
        for answer in at_once(&mut sockets, &send(&room, "once", "the-nonce")).await {
            match answer["type"].as_str() {
                Some("ack") => drop(acks.insert(answer.to_string())),
                // On a busy machine some requests get 503 and are repeated.
                _ => assert_eq!(answer["problem"]["code"], "unavailable", "{answer}"),
            }
        }
        cloud.refill_frames().await;
    }
    assert_eq!(acks.len(), 1, "{acks:?}");
    let all = catch_up(&cloud, &mut listener, &room, 0, 100).await;
    assert_eq!(texts(&json!(all)), ["once"]);
    assert_eq!(listener.heard().iter().filter(|f| f["payload"]["type"] == "message").count(), 1);
}

/// Sends the same request on several sockets at the same moment, and returns their answers.
async fn at_once(sockets: &mut [Socket], ask: &Value) -> Vec<Value> {
    for (i, socket) in sockets.iter_mut().enumerate() {
        socket.send(&format!("at-once-{i}"), ask.clone()).await;
    }
    let mut answers = Vec::new();
    for (i, socket) in sockets.iter_mut().enumerate() {
        answers.push(socket.expect(|f| f["id"] == format!("at-once-{i}").as_str()).await["payload"].clone());
    }
    answers
}

/// Of two hundred copies of a send one takes a number and counts as a message. The others take none, while others write in the room.
/// Promise: chat-numbers, chat-flood-ban, chat-idempotent
#[tokio::test(flavor = "multi_thread")]
async fn copies_of_a_send_take_one_number() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = room_of(&ana, &ben).await;
    let (mut reader, mut other) = (ben.socket().await, ben.socket().await);
    let mut sockets = Vec::new();
    for _ in 0..10 {
        sockets.push(ana.socket().await);
    }
    for nonce in 0..20 {
        let started = cloud.now();
        other.send("other", send(&room, &format!("o{nonce}"), &format!("o{nonce}"))).await;
        let answers = at_once(&mut sockets, &send(&room, &format!("m{nonce}"), &format!("n{nonce}"))).await;
        let acks: BTreeSet<String> = answers.iter().filter(|a| a["type"] == "ack").map(|a| a["seq"].to_string()).collect();
        assert_eq!(acks.len(), 1, "{answers:?}");
        assert_eq!(other.expect(|f| f["id"] == "other").await["payload"]["type"], "ack");
        assert_eq!((last_number(&cloud, &room).await, counted(&cloud, started).await), (2 * (nonce + 1), 2));
        cloud.refill_frames().await;
    }
    let all = json!(catch_up(&cloud, &mut reader, &room, 0, 100).await);
    assert_eq!(numbers(&all), (1..=40).collect::<Vec<_>>());
    assert!(all.as_array().unwrap().iter().all(|m| m["kind"] == "text"), "{all}");
}

/// Messages of many people at the same moment into the public room, which take their numbers one after the other: each is acknowledged, or
/// its sender is told when to come again, and no number is lost. None takes more than forty transactions.
/// Promise: chat-numbers
#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_takes_one_number_after_the_other() {
    // A refusal costs as much as two frames, and ten may come at once.
    const MESSAGES: u64 = 5;
    let cloud = Cloud::start().await;
    let mut crowd = Vec::new();
    for n in 0..10 {
        let left: BTreeSet<u64> = (0..MESSAGES).collect();
        crowd.push((cloud.member(&format!("one{n}")).await.socket().await, left));
    }
    let (mut taken, mut sends) = (BTreeSet::new(), 0);
    while crowd.iter().any(|(_, left)| !left.is_empty()) {
        assert!(sends < 10_000, "they get no further than {taken:?}");
        for (socket, left) in &mut crowd {
            for n in &*left {
                socket.send(&n.to_string(), send("public", "hello", &format!("n{n}"))).await;
                sends += 1;
            }
        }
        for (socket, left) in &mut crowd {
            for n in left.clone() {
                let answer = socket.expect(|f| f["id"] == n.to_string().as_str()).await["payload"].clone();
                if answer["type"] == "ack" {
                    assert!(taken.insert(answer["seq"].as_u64().unwrap()) && left.remove(&n), "{answer}");
                } else {
                    assert_eq!(
                        (&answer["problem"]["code"], &answer["problem"]["retry_after"]),
                        (&json!("unavailable"), &json!(1)),
                        "{answer}"
                    );
                }
            }
        }
        cloud.refill_frames().await;
    }
    assert_eq!(taken, (1..=10 * MESSAGES).collect::<BTreeSet<_>>());
    let caused = cloud.aws.calls.by_operation().remove("socket chat").unwrap().tally.calls;
    assert!(caused["dynamodb.TransactWriteItems"] <= 40 * sends, "{caused:?} for {sends} sends");
}

/// How many messages have been counted since a moment.
async fn counted(cloud: &Cloud, since: Time) -> u64 {
    let states = cloud.of_kind("chat").await;
    let slots = states.iter().flat_map(|s| s.as_object().unwrap()).filter(|(name, _)| name.len() == 3 && name.starts_with('s'));
    slots.filter(|(_, at)| at["N"].as_str().unwrap().parse::<i64>().unwrap() >= since.millis()).count() as u64
}

/// The last number that was taken in a room.
async fn last_number(cloud: &Cloud, room: &str) -> u64 {
    let rooms = cloud.of_kind("room").await;
    let it = rooms.iter().find(|r| r["id"]["S"] == room).unwrap();
    it["seq"]["N"].as_str().unwrap().parse().unwrap()
}

/// A message that is refused takes no number and does not count.
/// Promise: chat-numbers
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_message_takes_no_number() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = room_of(&ana, &ben).await;
    let mut socket = ana.socket().await;
    assert_eq!(socket.ask(send(&room, "hello", "n0")).await["seq"], 1);
    let version = ben.get("/v1/me").await.header("etag");
    let _ = ben.with("if-match", version).patch("/v1/me", json!({ "who_can_message": "friends" })).await.is(200);
    for i in 1..=4 {
        let told = socket.ask(send(&room, "please", &format!("n{i}"))).await;
        assert_eq!(told["problem"]["code"], "chat_not_allowed", "{i}: {told}");
    }
    assert_eq!((last_number(&cloud, &room).await, counted(&cloud, Time::ZERO).await), (1, 1));
}

/// A nonce identifies one message of its sender in its room.
/// Promise: chat-idempotent
#[tokio::test(flavor = "multi_thread")]
async fn a_nonce_with_another_text_is_refused() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = room_of(&ana, &ben).await;
    let (mut hers, mut his) = (ana.socket().await, ben.socket().await);
    let first = hers.ask(send(&room, "one", "n1")).await;
    for (text, expected) in [("one", "ack"), ("  one\n", "ack"), ("two", "nonce_reused"), ("One", "nonce_reused"), ("one", "ack")] {
        let told = hers.ask(send(&room, text, "n1")).await;
        match expected {
            "ack" => assert_eq!(told, first, "{text:?}"),
            code => assert_eq!((&told["problem"]["code"], &told["problem"]["status"]), (&json!(code), &json!(409)), "{text:?}"),
        }
    }
    assert_eq!(hers.ask(send("public", "two", "n1")).await["type"], "ack", "another room");
    assert_eq!(his.ask(send(&room, "two", "n1")).await["seq"], 2, "somebody else");
    cloud.refill_frames().await;

    // Concurrently: one text is committed, and senders of another text get `nonce_reused`.
    let mut sockets = vec![ana.socket().await, ana.socket().await, ana.socket().await, ana.socket().await];
    for (i, socket) in sockets.iter_mut().enumerate() {
        socket.send("race", send(&room, &format!("text {i}"), "n2")).await;
    }
    let mut outcomes = Vec::new();
    for socket in &mut sockets {
        let told = socket.expect(|f| f["id"] == "race").await["payload"].clone();
        outcomes.push(told["problem"]["code"].as_str().unwrap_or("ack").to_owned());
    }
    outcomes.sort();
    assert_eq!(outcomes, ["ack", "nonce_reused", "nonce_reused", "nonce_reused"]);
    let version = ana.get("/v1/me").await.header("etag");
    let _ = ana.with("if-match", version).patch("/v1/me", json!({ "language": "pl" })).await.is(200);
    assert_eq!(hers.ask(send(&room, "two", "n1")).await["problem"]["title"], "Ta wartość nonce należy do innej wiadomości.");
}

/// A client that reconnects is told the last number of each room. Paging from its last message it misses nothing and sees nothing
/// twice, whatever the page size.
/// Promise: chat-history
#[tokio::test(flavor = "multi_thread")]
async fn a_reconnecting_client_catches_up_without_gap_or_repetition() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = room_of(&ana, &ben).await;
    let mut sender = ana.socket().await;
    let mut listener = ben.socket().await;
    for i in 1..=5 {
        let _ = sender.ask(send(&room, &format!("m{i}"), &format!("n{i}"))).await;
    }
    for i in 1..=5 {
        assert_eq!(listener.hear("message").await["seq"], i);
    }
    listener.drop_silently();
    cloud.settle().await;
    for i in 6..=40 {
        if i % 10 == 6 {
            cloud.refill_frames().await;
        }
        let _ = sender.ask(send(&room, &format!("m{i}"), &format!("n{i}"))).await;
    }
    let mut back = ben.socket().await;
    let hello = back.ask(json!({ "type": "hello" })).await;
    let states = hello["rooms"].as_array().unwrap();
    let state = states.iter().find(|r| r["room"] == room.as_str()).unwrap();
    assert_eq!((&state["last_seq"], &state["kind"], &state["with"]["username"]), (&json!(40), &json!("direct"), &json!("ana")));
    for limit in [1, 7, 100] {
        let missed = json!(catch_up(&cloud, &mut back, &room, 5, limit).await);
        assert_eq!(numbers(&missed), (6..=40).collect::<Vec<_>>(), "limit {limit}");
    }
    let _ = sender.ask(send(&room, "live again", "n41")).await;
    assert_eq!(back.hear("message").await["seq"], 41);
    assert_eq!(catch_up(&cloud, &mut back, &room, 999, 10).await.len(), 0);
}

/// Messages of concurrent writers are numbered without gaps, in one order for all readers.
/// Promise: chat-order
#[tokio::test(flavor = "multi_thread")]
async fn many_writers_make_one_sequence() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = room_of(&ana, &ben).await;
    let mut writers = vec![ana.socket().await, ben.socket().await, ana.socket().await, ben.socket().await];
    let mut acknowledged = BTreeSet::new();
    for round in 0..5 {
        let tasks = writers.into_iter().enumerate().map(|(w, mut socket)| {
            let room = room.clone();
            tokio::spawn(async move {
                let messages = round * 5..round * 5 + 5;
                for i in messages.clone() {
                    socket.send(&format!("c{i}"), send(&room, &format!("w{w} m{i}"), &format!("w{w}-n{i}"))).await;
                }
                let mut acks = Vec::new();
                for i in messages {
                    let ack = socket.expect(|f| f["id"] == format!("c{i}").as_str()).await;
                    acks.push(ack["payload"]["seq"].as_u64().unwrap_or_else(|| panic!("{ack}")));
                }
                (acks, socket)
            })
        });
        writers = Vec::new();
        for task in tasks.collect::<Vec<_>>() {
            let (acks, socket) = task.await.unwrap();
            acknowledged.extend(acks);
            writers.push(socket);
        }
        cloud.refill_frames().await;
    }
    assert_eq!(acknowledged, (1..=100).collect());
    let all = json!(catch_up(&cloud, &mut writers[0], &room, 0, 33).await);
    assert_eq!(numbers(&all), acknowledged.into_iter().collect::<Vec<_>>());
}

/// A send that fails leaves no gap. Readers continue at once.
/// Promise: chat-numbers, chat-order
#[tokio::test(flavor = "multi_thread")]
async fn a_send_that_fails_leaves_no_gap() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = room_of(&ana, &ben).await;
    let (mut sender, mut reader) = (ana.socket().await, ben.socket().await);
    let _ = sender.ask(send(&room, "one", "n1")).await;
    let fault = cloud.aws.faults.script(Target::of("ChatFunction", Service::DynamoDb, "TransactWriteItems"), Fault::Internal);
    let failed = sender.ask(send(&room, "two", "n2")).await;
    assert_eq!(failed["problem"]["code"], "unavailable", "{failed}");
    fault.end();
    assert_eq!(sender.ask(send(&room, "three", "n3")).await["seq"], 2);
    let page = reader.ask(json!({ "type": "sync", "room": room, "since": 0 })).await;
    assert_eq!((numbers(&page["messages"]), &page["upto"], &page["last_seq"]), (vec![1, 2], &json!(2), &json!(2)), "{page}");
    assert_eq!((&page["more"], &page["complete"], &page["begins_at"]), (&json!(false), &json!(true), &json!(1)), "{page}");
    // The client repeats the unacknowledged message.
    assert_eq!(sender.ask(send(&room, "two", "n2")).await["seq"], 3);
}

/// A message whose commit succeeded but whose reply was lost is not committed again.
/// Promise: chat-idempotent, lost-reply
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_reply_commits_nothing_twice() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = room_of(&ana, &ben).await;
    let mut sender = ana.socket().await;
    let lost = cloud.aws.faults.script(Target::of("ChatFunction", Service::DynamoDb, "TransactWriteItems").times(1), Fault::LostAfter);
    let first = sender.ask(send(&room, "once", "n1")).await;
    assert_eq!(lost.hits(), 1);
    let again = sender.ask(send(&room, "once", "n1")).await;
    assert_eq!(again["type"], "ack", "{again}");
    if first["type"] == "ack" {
        assert_eq!(first, again);
    }
    assert_eq!(catch_up(&cloud, &mut sender, &room, 0, 100).await.len(), 1);
}

/// A nonce is remembered for a day, on any device and after another sign-in.
/// Promise: chat-idempotent
#[tokio::test(flavor = "multi_thread")]
async fn a_nonce_is_remembered_for_a_day() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = room_of(&ana, &ben).await;
    let first = ana.socket().await.ask(send(&room, "once", "n1")).await;
    assert_eq!(first["seq"], 1);
    for (hours, seq) in [(23, 1), (2, 2)] {
        cloud.advance(Duration::from_secs(hours * 3600)).await;
        let mut later = cloud.sign_in("ana").await.socket().await;
        let again = later.ask(send(&room, "once", "n1")).await;
        assert_eq!((&again["type"], &again["seq"]), (&json!("ack"), &json!(seq)), "{again}");
        assert_eq!(again == first, seq == 1, "{again}");
    }
}

/// While the platform accepts no posts to sockets, senders get acknowledgements, and connected people get missed messages by `sync`.
/// Promise: chat-delivery, chat-history
#[tokio::test(flavor = "multi_thread")]
async fn posts_that_are_not_taken_fail_no_sender() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let direct = room_of(&ana, &ben).await;
    let (mut sender, mut reader) = (ana.socket().await, ben.socket().await);
    cloud.settle().await;
    let operation = Some("PostToConnection".to_owned());
    let posts = Target { service: Some(Service::Connections), operation, first: 1, times: 0, ..Target::default() };
    for (n, fault) in [Fault::Throttle, Fault::Internal].into_iter().enumerate() {
        for room in [direct.as_str(), "public"] {
            let down = cloud.aws.faults.script(posts.clone(), fault);
            let missed = sender.ask(send(room, "missed", &format!("missed-{n}"))).await;
            assert_eq!(missed["type"], "ack", "{fault:?}: {missed}");
            cloud.settle().await;
            assert!(down.hits() > 0, "{fault:?}");
            down.end();
            let seq = missed["seq"].as_u64().unwrap();
            assert_eq!(sender.ask(send(room, "live", &format!("live-{n}"))).await["seq"], seq + 1);
            let heard = reader.expect(|f| f["payload"]["text"] == "live" && f["payload"]["room"] == missed["room"]).await;
            assert_eq!(heard["payload"]["seq"], seq + 1, "the gap says that something is missing");
            let page = reader.ask(json!({ "type": "sync", "room": room, "since": seq - 1 })).await;
            assert_eq!(numbers(&page["messages"]), [seq, seq + 1]);
            cloud.refill_frames().await;
        }
    }
    assert!(!reader.heard().iter().any(|f| f["payload"]["text"] == "missed"), "{:?}", reader.heard());
    assert!(cloud.aws.dead_letters.list().is_empty());
}

/// For anybody who is not a member of it, a room is answered as if it did not exist.
/// Promise: object-ownership
#[tokio::test(flavor = "multi_thread")]
async fn a_room_of_others_is_answered_as_unknown() {
    let cloud = Cloud::start().await;
    let (ana, ben, eve) = (cloud.member("ana").await, cloud.member("ben").await, cloud.member("eve").await);
    let room = room_of(&ana, &ben).await;
    let _ = ana.socket().await.ask(send(&room, "private", "n1")).await;
    let mut socket = eve.socket().await;
    for ask in [
        send(&room, "let me in", "n1"),
        json!({ "type": "sync", "room": room, "since": 0 }),
        json!({ "type": "history", "room": room }),
        json!({ "type": "online", "room": room }),
    ] {
        let told = socket.ask(ask.clone()).await;
        assert_eq!(told["problem"]["code"], "not_found", "{ask}");
    }
    eve.get(&format!("/v1/rooms/{room}/messages")).await.is_problem(404, "not_found");
    let hello = socket.ask(json!({ "type": "hello" })).await;
    assert_eq!(hello["rooms"].as_array().unwrap().len(), 1, "only the public room");
}

/// The public room exists on a fresh install. Every other connected member gets its messages, once.
/// Promise: chat-public-room
#[tokio::test(flavor = "multi_thread")]
async fn the_public_room_is_for_everybody() {
    let cloud = Cloud::start().await;
    let (ana, ben, cyd) = (cloud.member("ana").await, cloud.member("ben").await, cloud.member("cyd").await);
    let mut sender = ana.socket().await;
    let mut others = [ben.socket().await, cyd.socket().await, ana.socket().await];
    let hello = sender.ask(json!({ "type": "hello" })).await;
    assert_eq!((&hello["rooms"][0]["kind"], &hello["rooms"][0]["last_seq"]), (&json!("public"), &json!(0)));
    for i in 1..=3 {
        let ack = sender.ask(send("public", &format!("m{i}"), &format!("n{i}"))).await;
        assert_eq!((&ack["seq"], &ack["room"]), (&json!(i), &json!("rom_00000000000000000000000000")));
    }
    cloud.settle().await;
    for socket in &mut others {
        let past = socket.ask(json!({ "type": "history", "room": "public" })).await;
        assert_eq!(texts(&past["messages"]), ["m1", "m2", "m3"]);
        let mut heard: Vec<u64> =
            socket.heard().iter().filter(|f| f["payload"]["type"] == "message").map(|f| f["payload"]["seq"].as_u64().unwrap()).collect();
        heard.sort_unstable();
        assert_eq!(heard, [1, 2, 3]);
    }
    let _ = sender.ask(json!({ "type": "hello" })).await;
    assert!(!sender.heard().iter().any(|f| f["payload"]["type"] == "message"), "the sending socket got its own messages");
}

/// Sixty messages pass, on all sockets together. The next one bans the account, closes all its sockets, and no new one opens.
/// Promise: chat-flood-ban
#[tokio::test(flavor = "multi_thread")]
async fn the_sixty_first_message_within_a_minute_bans() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = room_of(&ana, &ben).await;
    let (mut first, mut second, mut idle) = (ana.socket().await, ana.socket().await, ana.socket().await);
    for i in 0..60 {
        if i % 10 == 9 {
            cloud.refill_frames().await;
        }
        let (socket, target) = if i % 2 == 0 { (&mut first, room.as_str()) } else { (&mut second, "public") };
        let ack = socket.ask(send(target, &format!("m{i}"), &format!("n{i}"))).await;
        assert_eq!(ack["type"], "ack", "message {i}: {ack}");
    }
    // A repetition of a nonce is not counted.
    assert_eq!(first.ask(send(&room, "m0", "n0")).await["type"], "ack");
    let ticket = ana.ticket().await;
    first.send("last", send(&room, "m60", "n60")).await;
    for socket in [&mut first, &mut second, &mut idle] {
        socket.expect(|f| f["payload"]["problem"]["code"] == "chat_banned").await;
        socket.closed().await;
    }
    let origin = Some(ana.origin());
    assert_eq!(Socket::open(ticket["url"].as_str().unwrap(), ticket["ticket"].as_str(), origin).await.err(), Some(Refused(403)));
    let mut reader = ben.socket().await;
    assert_eq!(catch_up(&cloud, &mut reader, &room, 0, 100).await.len(), 30, "the sixty-first message was not committed");
    cloud.advance(Duration::from_secs(3_600)).await;
    let reply = ana.post("/v1/sessions/refresh", json!({ "refresh_token": ana.refresh_token() })).await;
    let ana = ana.signed_in(reply.is(200));
    let ticket = ana.ticket().await;
    let refused = Socket::open(ticket["url"].as_str().unwrap(), ticket["ticket"].as_str(), origin).await.err();
    assert_eq!(refused, Some(Refused(403)), "the ban lasts longer than the minute");
}

/// Exactly sixty pass, although the sixtieth and the following ones come at the same moment on ten sockets.
/// Promise: chat-flood-ban
#[tokio::test(flavor = "multi_thread")]
async fn exactly_sixty_within_a_minute_pass() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = room_of(&ana, &ben).await;
    let mut sockets = Vec::new();
    for _ in 0..10 {
        sockets.push(ana.socket().await);
    }
    // Fifty-five, ten at a time, and then ten more; all within a minute, however long a slow machine takes.
    let began = cloud.now();
    for (round, many) in [10, 10, 10, 10, 10, 5, 10].into_iter().enumerate() {
        for (s, socket) in sockets.iter_mut().enumerate().take(many) {
            socket.send("flood", send(&room, "flood", &format!("r{round}-s{s}"))).await;
        }
        if round < 6 {
            for socket in sockets.iter_mut().take(many) {
                let ack = socket.expect(|f| f["id"] == "flood").await;
                assert_eq!(ack["payload"]["type"], "ack", "{ack}");
            }
            let rounds = u32::try_from(round + 1).expect("few");
            cloud.clock.set(began + Duration::from_secs(5) * rounds).expect("the clock moves");
            cloud.settle().await;
        }
    }
    for socket in &mut sockets {
        socket.closed().await;
    }
    let mut reader = ben.socket().await;
    assert_eq!(catch_up(&cloud, &mut reader, &room, 0, 100).await.len(), 60);
}

/// Sixty messages a minute for hours are allowed.
/// Promise: chat-flood-ban
#[tokio::test(flavor = "multi_thread")]
async fn the_minute_of_the_ban_is_a_sliding_window() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let mut socket = ana.socket().await;
    for minute in 0..2 {
        for i in 0..60 {
            if i % 10 == 9 {
                cloud.refill_frames().await;
            }
            let ack = socket.ask(send("public", "calm", &format!("n{minute}-{i}"))).await;
            assert_eq!(ack["type"], "ack", "{minute} {i}: {ack}");
        }
        cloud.advance(Duration::from_secs(60)).await;
    }
}

/// A message has up to four thousand Unicode characters, whatever their number of bytes.
/// Promise: chat-message-size
#[tokio::test(flavor = "multi_thread")]
async fn a_message_has_up_to_four_thousand_characters() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let mut socket = ana.socket().await;
    for (nonce, text, ok) in [
        ("a", "x".repeat(4_000), true),
        ("b", format!("  {}  ", "😀".repeat(4_000)), true),
        ("c", "x".repeat(4_001), false),
        ("d", " \n\t ".to_owned(), false),
        ("e", String::new(), false),
    ] {
        let told = socket.ask(send("public", &text, nonce)).await;
        if ok {
            assert_eq!(told["type"], "ack", "{nonce}: {told}");
        } else {
            assert_eq!(told["problem"]["code"], "message_length", "{nonce}");
        }
    }
}

/// The longest messages come in pages that fit into a frame, and all of them come.
/// Promise: chat-message-size, chat-history
#[tokio::test(flavor = "multi_thread")]
async fn long_pages_are_cut_to_fit_into_frames() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = room_of(&ana, &ben).await;
    let (mut sender, mut reader) = (ana.socket().await, ben.socket().await);
    for i in 1..=8 {
        let text = if i % 2 == 0 { "😀".repeat(4_000) } else { "\"".repeat(2_000) };
        assert_eq!(sender.ask(send(&room, &text, &format!("n{i}"))).await["seq"], i);
    }
    cloud.refill_frames().await;
    let mut since = 0;
    let mut seen = Vec::new();
    while since < 8 {
        let page = reader.ask(json!({ "type": "sync", "room": room, "since": since })).await;
        assert!(page.to_string().len() < 24 * 1024, "{} bytes", page.to_string().len());
        seen.extend(numbers(&page["messages"]));
        since = page["upto"].as_u64().unwrap();
    }
    assert_eq!(seen, (1..=8).collect::<Vec<_>>());

    cloud.refill_frames().await;
    let mut before = Value::Null;
    let mut seen = Vec::new();
    loop {
        let mut ask = json!({ "type": "history", "room": room });
        if !before.is_null() {
            ask["before"] = before.clone();
        }
        let page = reader.ask(ask).await;
        assert!(page.to_string().len() < 24 * 1024);
        seen.splice(0..0, numbers(&page["messages"]));
        before = page["before"].clone();
        if before.is_null() {
            break;
        }
    }
    assert_eq!(seen, (1..=8).collect::<Vec<_>>());
}

/// Half of the sockets are dead and no disconnect was reported: the others get every message, the dead ones are removed.
/// Promise: chat-dead-sockets
#[tokio::test(flavor = "multi_thread")]
async fn dead_sockets_delay_nobody_and_are_removed() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = room_of(&ana, &ben).await;
    let mut sender = ana.socket().await;
    let (mut living, mut dead) = (Vec::new(), Vec::new());
    for i in 0..10 {
        let socket = ben.socket().await;
        if i % 2 == 0 { living.push(socket) } else { dead.push(socket) }
    }
    let mute = cloud.aws.faults.script(Target::of("SocketFunction", Service::DynamoDb, "GetItem"), Fault::Internal);
    dead.into_iter().for_each(Socket::drop_silently);
    // Each send makes three attempts.
    until(async || mute.hits() >= 15).await;
    cloud.settle().await;
    mute.end();
    assert_eq!(rows(&cloud, "connection").await, 11);
    // A younger socket counts as being in its handshake.
    cloud.advance(Duration::from_secs(30)).await;
    assert_eq!(sender.ask(send(&room, "still there?", "n1")).await["type"], "ack");
    for socket in &mut living {
        assert_eq!(socket.hear("message").await["text"], "still there?");
    }
    cloud.settle().await;
    assert_eq!(rows(&cloud, "connection").await, 6);
}

/// The same in the public room, where the fan-out meets dead sockets: half of a hundred, or of as many as `STOA_DEAD_SOCKETS` says.
/// Promise: chat-dead-sockets
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_sockets_delay_no_fan_out() {
    const OF_ONE: usize = 10;
    let all: usize = Env::process().get("STOA_DEAD_SOCKETS").and_then(|all| all.parse().ok()).unwrap_or(100);
    let cloud = Cloud::start().await;
    let mut sender = cloud.member("ana").await.socket().await;
    let (mut living, mut dead) = (Vec::new(), Vec::new());
    for n in 0..all.div_ceil(OF_ONE) {
        let who = cloud.member(&format!("who{n}x")).await;
        for i in 0..OF_ONE {
            let socket = who.socket().await;
            if i % 2 == 0 { living.push(socket) } else { dead.push(socket) }
        }
    }
    cloud.settle().await;
    let mute = cloud.aws.faults.script(Target::of("SocketFunction", Service::DynamoDb, "GetItem"), Fault::Internal);
    dead.into_iter().for_each(Socket::drop_silently);
    until(async || cloud.connections.list().len() == 1 + living.len()).await;
    cloud.settle().await;
    mute.end();
    assert_eq!(rows(&cloud, "connection").await, 1 + 2 * living.len());
    cloud.advance(Duration::from_secs(30)).await;
    assert_eq!(sender.ask(send("public", "still there?", "n1")).await["type"], "ack");
    cloud.settle().await;
    for socket in &mut living {
        assert_eq!(socket.hear("message").await["text"], "still there?");
    }
    assert_eq!(rows(&cloud, "connection").await, 1 + living.len());
}

async fn rows(cloud: &Cloud, kind: &str) -> usize {
    cloud.dump().await.to_string().matches(&format!("{{\"S\":\"{kind}\"}}")).count()
}

/// Nobody can write to a person who takes messages from friends only, not in a direct room from before either.
/// Promise: chat-friends-only
#[tokio::test(flavor = "multi_thread")]
async fn messages_from_friends_only_is_respected() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = room_of(&ana, &ben).await;
    let mut sender = ana.socket().await;
    assert_eq!(sender.ask(send(&room, "before", "n1")).await["type"], "ack");
    let version = ben.get("/v1/me").await.header("etag");
    let _ = ben.with("if-match", version).patch("/v1/me", json!({ "who_can_message": "friends" })).await.is(200);
    assert_eq!(sender.ask(send(&room, "after", "n2")).await["problem"]["code"], "chat_not_allowed");
    let page = sender.ask(json!({ "type": "sync", "room": room, "since": 0 })).await;
    assert_eq!((texts(&page["messages"]), &page["more"]), (vec!["before".to_owned()], &json!(false)), "no gap is left");
    let cyd = cloud.member("cyd").await;
    cyd.post("/v1/rooms/direct", json!({ "user": ben.id() })).await.is_problem(403, "chat_not_allowed");
}

/// A session that ends between two frames is refused with the next frame, although nothing closed the socket.
/// Promise: socket-session-end
#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_checked_with_every_frame() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let phone = cloud.sign_in("ana").await;
    let mut socket = ana.socket().await;
    assert_eq!(socket.ask(json!({ "type": "hello" })).await["type"], "hello");
    // The sessions are deleted without the event that closes their sockets.
    let bus = Target::of("OutboxRelayFunction", Service::EventBridge, "PutEvents");
    let _silent = cloud.aws.faults.script(bus, Fault::Unavailable);
    let _ = phone.delete("/v1/sessions").await.is(204);
    socket.send("next", json!({ "type": "hello" })).await;
    let told = socket.expect(|f| f["payload"]["type"] == "error").await;
    assert_eq!((&told["id"], &told["payload"]["problem"]["code"]), (&json!("next"), &json!("token_invalid")));
    socket.closed().await;
}
