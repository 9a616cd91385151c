//! Chat over HTTP: opening a direct room, listing rooms, reading history.

use std::{collections::BTreeSet, time::Duration};

use tests::{Caller, Cloud, Value, json, race};

async fn room_of(one: &Caller, other: &Caller) -> String {
    let reply = one.post("/v1/rooms/direct", json!({ "user": other.id() })).await;
    reply.json()["id"].as_str().unwrap().to_owned()
}

async fn say(cloud: &Cloud, who: &Caller, room: &str, texts: impl IntoIterator<Item = String>) {
    let mut socket = who.socket().await;
    for (i, text) in texts.into_iter().enumerate() {
        if i % 10 == 9 {
            cloud.refill_frames().await;
        }
        let ack = socket.ask(json!({ "type": "send", "room": room, "text": text, "nonce": format!("{room}-{i}") })).await;
        assert_eq!(ack["type"], "ack", "{ack}");
    }
    socket.close().await;
}

fn numbers(page: &Value) -> Vec<u64> {
    page["items"].as_array().unwrap().iter().map(|m| m["seq"].as_u64().unwrap()).collect()
}

/// Two people open a room with each other at the same moment, five hundred times: one room is made.
/// Promise: chat-direct-room
#[tokio::test(flavor = "multi_thread")]
async fn crossing_openings_make_one_room() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let replies = race(500, |i| {
        let (me, other) = if i % 2 == 0 { (ana.clone(), ben.id()) } else { (ben.clone(), ana.id()) };
        async move {
            // On a busy machine some requests get 503 and are repeated.
            loop {
                let reply = me.post("/v1/rooms/direct", json!({ "user": other })).await;
                if reply.status.as_u16() != 503 {
                    return reply;
                }
            }
        }
    })
    .await;
    let rooms: BTreeSet<String> = replies.iter().map(|r| r.json()["id"].to_string()).collect();
    assert_eq!(rooms.len(), 1, "{rooms:?}");
    let made = replies.iter().filter(|r| r.status.as_u16() == 201).count();
    let found = replies.iter().filter(|r| r.status.as_u16() == 200).count();
    // The request that made the room may have got 503, and found the room when it was repeated.
    assert!(made <= 1 && made + found == 500, "{made} made, {found} found");
    assert_eq!(cloud.of_kind("room").await.len(), 1);
    for who in [&ana, &ben] {
        let list = who.get("/v1/rooms").await.is(200);
        assert_eq!(list["items"].as_array().unwrap().len(), 2, "the public room and this one: {list}");
    }
}

/// Each sees the other one in it.
/// Promise: chat-direct-room
#[tokio::test(flavor = "multi_thread")]
async fn a_direct_room_shows_the_other_person() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let reply = ana.post("/v1/rooms/direct", json!({ "user": ben.id() })).await;
    let room = reply.is(201);
    assert_eq!(reply.header("location"), format!("/v1/rooms/{}/messages", room["id"].as_str().unwrap()));
    assert_eq!((&room["kind"], &room["with"]["username"], &room["last_seq"]), (&json!("direct"), &json!("ben"), &json!(0)));
    let same = ben.post("/v1/rooms/direct", json!({ "user": ana.id() })).await.is(200);
    // Also by username, in any case.
    for name in ["ben", "BEN"] {
        let by_name = ana.post("/v1/rooms/direct", json!({ "username": name })).await.is(200);
        assert_eq!((&by_name["id"], &by_name["with"]["id"]), (&room["id"], &json!(ben.id())));
    }
    for nobody in ["nobody", "no body", ""] {
        ana.post("/v1/rooms/direct", json!({ "username": nobody })).await.is_problem(404, "not_found");
    }
    ana.post("/v1/rooms/direct", json!({ "username": "ana" })).await.is_problem(422, "room_with_self");
    assert_eq!(ana.post("/v1/rooms/direct", json!({})).await.field_errors(), ["/user required"]);
    let both = ana.post("/v1/rooms/direct", json!({ "user": ben.id(), "username": "ben" })).await;
    assert_eq!(both.field_errors(), ["/username choice"]);
    assert_eq!((&same["id"], &same["with"]["username"]), (&room["id"], &json!("ana")));
}

/// Somebody's username is enough to find them and to write to them.
/// Promise: chat-direct-room
#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_enough_to_write_to_somebody() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let found = ben.get("/v1/users/ana").await.is(200);
    let room = ben.post("/v1/rooms/direct", json!({ "user": found["id"] })).await.is(201);
    assert_eq!(room["with"], json!({ "id": ana.id(), "username": "ana" }));
    let mut socket = ana.socket().await;
    say(&cloud, &ben, room["id"].as_str().unwrap(), ["hello".to_owned()]).await;
    assert_eq!(socket.hear("message").await["text"], "hello");
}

/// The first message of a direct room tells each device of the two with whom the room is. Later messages do not, and neither do those of
/// other rooms.
/// Promise: chat-direct-room
#[tokio::test(flavor = "multi_thread")]
async fn a_first_message_tells_every_device_with_whom_the_room_is() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let (mut sender, mut elsewhere, mut hers) = (ben.socket().await, ben.socket().await, [ana.socket().await, ana.socket().await]);
    let room = room_of(&ben, &ana).await;
    let send = |room: &str, n: u8| json!({ "type": "send", "room": room, "text": format!("m{n}"), "nonce": format!("n{n}") });
    let (with_ana, with_ben) = (json!({ "id": ana.id(), "username": "ana" }), json!({ "id": ben.id(), "username": "ben" }));
    let public = "public".to_owned();
    for (n, (place, to_ben, to_ana)) in
        [(&room, Some(&with_ana), Some(&with_ben)), (&room, None, None), (&public, None, None)].into_iter().enumerate()
    {
        assert_eq!(sender.ask(send(place, u8::try_from(n).expect("few"))).await["type"], "ack");
        assert_eq!(elsewhere.hear("message").await.get("with"), to_ben, "the sender's other device, message {n}");
        for socket in &mut hers {
            assert_eq!(socket.hear("message").await.get("with"), to_ana, "the other person, message {n}");
        }
    }
    // Over HTTP as well, where all sockets of the sender are other devices.
    let cleo = cloud.member("cleo").await;
    let room = room_of(&ben, &cleo).await;
    ben.with("idempotency-key", "first").post(&format!("/v1/rooms/{room}/messages"), json!({ "text": "hello" })).await.is(201);
    for socket in [&mut sender, &mut elsewhere] {
        assert_eq!(socket.hear("message").await["with"], json!({ "id": cleo.id(), "username": "cleo" }));
    }
}

/// The first message that somebody gets in a direct room has the name and the picture of its author, without another request. In the
/// public room a picture with each message would be too much.
/// Promise: chat-direct-room
#[tokio::test(flavor = "multi_thread")]
async fn a_first_message_shows_who_it_is_from() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let mut socket = ana.socket().await;
    let room = room_of(&ben, &ana).await;
    let picture = ben.get("/v1/users/ben").await.is(200)["picture"].clone();
    say(&cloud, &ben, &room, ["hello".to_owned()]).await;
    let heard = socket.hear("message").await;
    assert_eq!((&heard["author"], &heard["picture"]), (&json!({ "id": ben.id(), "username": "ben" }), &picture));
    assert!(picture["small"].is_string(), "{picture}");
    say(&cloud, &ben, "public", ["good morning".to_owned()]).await;
    let heard = socket.hear("message").await;
    assert_eq!((&heard["text"], heard.get("picture")), (&json!("good morning"), None));
}

/// A room with oneself or with an unknown person is refused, and so is any other body.
/// Promise: chat-direct-room
#[tokio::test(flavor = "multi_thread")]
async fn a_direct_room_needs_another_person() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let open = async |body: Value| ana.post("/v1/rooms/direct", body).await;
    open(json!({ "user": ana.id() })).await.is_problem(422, "room_with_self");
    open(json!({ "user": "usr_01ARZ3NDEKTSV4RRFFQ69G5FAV" })).await.is_problem(404, "not_found");
    for bad in [json!({ "user": "ben" }), json!({ "user": 5 }), json!({ "user": ana.id(), "name": "x" }), json!([])] {
        open(bad).await.is_problem(400, "malformed");
    }
    cloud.anonymous().post("/v1/rooms/direct", json!({ "user": ana.id() })).await.is_problem(401, "token_invalid");
    cloud.anonymous().get("/v1/rooms").await.is_problem(401, "token_invalid");
    cloud.anonymous().get("/v1/rooms/public/messages").await.is_problem(401, "token_invalid");
}

/// The cursor with another first character.
fn changed(cursor: &str) -> String {
    format!("{}{}", if cursor.starts_with('A') { "B" } else { "A" }, &cursor[1..])
}

/// The caller's rooms, the public one first, page by page without repetition.
/// Promise: chat-room-list
#[tokio::test(flavor = "multi_thread")]
async fn chats_are_listed_in_pages() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let mut expected = BTreeSet::new();
    for name in ["ben", "cyd", "dan"] {
        let other = cloud.member(name).await;
        expected.insert(room_of(&ana, &other).await);
    }
    let mut seen = Vec::new();
    let mut path = "/v1/rooms?limit=1".to_owned();
    loop {
        let page = ana.get(&path).await.is(200);
        seen.extend(page["items"].as_array().unwrap().iter().map(|r| r["id"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/rooms?limit=1&cursor={cursor}");
    }
    // A cursor is bound to its owner, unchanged, for an hour.
    let cursor = path.split_once("cursor=").unwrap().1;
    let ben = cloud.sign_in("ben").await;
    for (who, text) in [(&ben, cursor.to_owned()), (&ana, changed(cursor)), (&ana, "x".to_owned()), (&ana, String::new())] {
        who.get(&format!("/v1/rooms?cursor={text}")).await.is_problem(400, "cursor_invalid");
    }
    cloud.advance(Duration::from_secs(3601)).await;
    cloud.sign_in("ana").await.get(&path).await.is_problem(400, "cursor_invalid");
    assert_eq!(seen.remove(0), "rom_00000000000000000000000000");
    assert_eq!(seen.len(), 3);
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), expected);
}

/// The newest thirty messages, in ascending order, and page by page back to the first.
/// Promise: chat-history
#[tokio::test(flavor = "multi_thread")]
async fn a_room_is_read_back_to_its_beginning() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = room_of(&ana, &ben).await;
    let path = format!("/v1/rooms/{room}/messages");
    let empty = ana.get(&path).await.is(200);
    assert_eq!((&empty["items"], &empty["upto"], &empty["next_cursor"]), (&json!([]), &json!(0), &Value::Null));
    say(&cloud, &ana, &room, (1..=45).map(|i| format!("m{i}"))).await;
    let page = ben.get(&path).await.is(200);
    assert_eq!((numbers(&page), &page["upto"]), ((16..=45).collect(), &json!(45)));
    assert_eq!(page["items"][0]["text"], "m16");
    let cursor = page["next_cursor"].as_str().unwrap();
    let older = ben.get(&format!("{path}?cursor={cursor}")).await.is(200);
    assert_eq!((numbers(&older), &older["next_cursor"]), ((1..=15).collect(), &Value::Null));
    assert_eq!(numbers(&ben.get(&format!("{path}?limit=3")).await.is(200)), [43, 44, 45]);

    for bad in ["limit=0", "limit=101"] {
        assert_eq!(ben.get(&format!("{path}?{bad}")).await.field_errors(), ["/limit range"]);
    }
    for bad in ["limit=-1", "limit=x", "limit=1&limit=2"] {
        ben.get(&format!("{path}?{bad}")).await.is_problem(400, "malformed");
    }
    // The language can be chosen by a parameter, and unknown parameters are refused.
    assert_eq!(numbers(&ben.get(&format!("{path}?lang=pl&limit=3&page=2")).await.is(200)), [43, 44, 45]);
    assert_eq!(ben.get("/v1/me?page=2&lang=pl").await.header("content-language"), "pl");
    // A cursor is bound to its owner and this room, unchanged.
    for (who, text) in [(&ana, cursor.to_owned()), (&ben, changed(cursor)), (&ben, "x".to_owned()), (&ben, String::new())] {
        who.get(&format!("{path}?cursor={text}")).await.is_problem(400, "cursor_invalid");
    }
    ben.get(&format!("/v1/rooms/public/messages?cursor={cursor}")).await.is_problem(400, "cursor_invalid");
}

/// The public room is addressed by its name.
/// Promise: chat-public-room
#[tokio::test(flavor = "multi_thread")]
async fn the_public_room_is_read_by_its_name() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    say(&cloud, &ana, "public", ["hello".to_owned()]).await;
    for name in ["public", "rom_00000000000000000000000000"] {
        let page = ben.get(&format!("/v1/rooms/{name}/messages")).await.is(200);
        assert_eq!(page["items"][0]["text"], "hello");
    }
    for name in ["Public", "rom_01ARZ3NDEKTSV4RRFFQ69G5FAV", "x"] {
        ben.get(&format!("/v1/rooms/{name}/messages")).await.is_problem(404, "not_found");
    }
}
