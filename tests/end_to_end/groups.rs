//! Groups and channels: their members, roles, invitations and events, and what ends with a membership.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use tests::{Caller, Cloud, Reply, Socket, Value, json, race};

fn send(room: &str, text: &str, nonce: &str) -> Value {
    json!({ "type": "send", "room": room, "text": text, "nonce": nonce })
}

/// A group of this person.
async fn group_of(owner: &Caller, name: &str) -> String {
    made(owner, json!({ "kind": "group", "name": name })).await
}

async fn made(owner: &Caller, body: Value) -> String {
    owner.post("/v1/rooms", body).await.is(201)["id"].as_str().unwrap().to_owned()
}

async fn invite(by: &Caller, who: &Caller, room: &str) -> Reply {
    by.put(&format!("/v1/rooms/{room}/invitations/{}", who.id()), Value::Null).await
}

async fn join(who: &Caller, room: &str) -> Reply {
    who.post(&format!("/v1/rooms/{room}/members"), Value::Null).await
}

/// Invites these people, who accept.
async fn add(owner: &Caller, room: &str, people: &[&Caller]) {
    for who in people {
        invite(owner, who, room).await.is(204);
        join(who, room).await.is(200);
    }
}

async fn set_role(by: &Caller, who: &Caller, room: &str, role: &str) -> Reply {
    by.put(&format!("/v1/rooms/{room}/members/{}", who.id()), json!({ "role": role })).await
}

async fn remove(by: &Caller, who: &Caller, room: &str) -> Reply {
    by.delete(&format!("/v1/rooms/{room}/members/{}", who.id())).await
}

/// The members of a room and their roles, as somebody sees them.
async fn members(who: &Caller, room: &str) -> BTreeSet<(String, String)> {
    let list = who.get(&format!("/v1/rooms/{room}/members")).await.is(200);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    list["items"].as_array().unwrap().iter().map(|m| (text(&m["user"]["username"]), text(&m["role"]))).collect()
}

fn roles(expected: &[(&str, &str)]) -> BTreeSet<(String, String)> {
    expected.iter().map(|(who, role)| ((*who).to_owned(), (*role).to_owned())).collect()
}

/// The entries of a room as somebody reads them: the texts of messages, and what happened to whom.
async fn entries(who: &Caller, room: &str) -> Vec<String> {
    let page = who.get(&format!("/v1/rooms/{room}/messages?limit=100")).await.is(200);
    let entry = |m: &Value| match m["kind"].as_str().unwrap() {
        "text" => m["text"].as_str().unwrap().to_owned(),
        "event" => format!("{} {}", m["event"]["type"].as_str().unwrap(), m["who"]["username"].as_str().unwrap()),
        kind => kind.to_owned(),
    };
    page["items"].as_array().unwrap().iter().map(entry).collect()
}

async fn say(socket: &mut Socket, room: &str, text: &str) -> Value {
    socket.ask(send(room, text, &text.replace(' ', "-"))).await
}

/// People are invited into a group and accept. All of them write, and each reads from the event of their joining on.
/// Promise: room-members, room-history, chat-delivery
#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_joined_by_invitation_and_read_from_then_on() {
    let cloud = Cloud::start().await;
    let (ana, ben, cyd) = (cloud.member("ana").await, cloud.member("ben").await, cloud.member("cyd").await);
    let made = ana.post("/v1/rooms", json!({ "kind": "group", "name": "  The porch ", "topic": "Stones" })).await;
    let room = made.is(201)["id"].as_str().unwrap().to_owned();
    assert_eq!(made.header("location"), format!("/v1/rooms/{room}"));
    assert_eq!(made.json()["club"], json!({ "name": "The porch", "topic": "Stones", "members": 1, "role": "owner" }));
    let (mut hers, mut his) = (ana.socket().await, ben.socket().await);
    assert_eq!(say(&mut hers, &room, "before").await["seq"], 2);
    join(&ben, &room).await.is_problem(404, "not_found");
    invite(&ana, &ben, &room).await.is(204);
    invite(&ana, &ben, &room).await.is(204);
    let invited = ben.get("/v1/me/room-invitations").await.is(200);
    assert_eq!(invited["items"].as_array().unwrap().len(), 1, "{invited}");
    assert_eq!(
        (&invited["items"][0]["room"], &invited["items"][0]["name"], &invited["items"][0]["by"]),
        (&json!(room), &json!("The porch"), &json!(ana.id()))
    );
    assert_eq!(join(&ben, &room).await.is(200)["club"]["role"], "member");
    assert_eq!(join(&ben, &room).await.is(200)["last_seq"], 3, "joining twice changes nothing");
    assert_eq!(ben.get("/v1/me/room-invitations").await.is(200)["items"], json!([]));
    for socket in [&mut hers, &mut his] {
        let event = socket.hear("message").await;
        assert_eq!((&event["kind"], &event["event"]["type"], &event["seq"]), (&json!("event"), &json!("joined"), &json!(3)), "{event}");
        assert_eq!(event["who"], json!({ "id": ben.id(), "username": "ben" }));
    }
    assert_eq!(say(&mut his, &room, "hello").await["seq"], 4);
    assert_eq!(hers.hear("message").await["text"], "hello");
    assert_eq!(entries(&ana, &room).await, ["created ana", "before", "joined ben", "hello"]);
    assert_eq!(entries(&ben, &room).await, ["joined ben", "hello"]);
    let page = his.ask(json!({ "type": "sync", "room": room, "since": 0 })).await;
    assert_eq!((&page["messages"][0]["seq"], &page["begins_at"], &page["complete"]), (&json!(3), &json!(3), &json!(true)), "{page}");
    let past = his.ask(json!({ "type": "history", "room": room, "before": 3 })).await;
    assert_eq!((&past["messages"], &past["before"]), (&json!([]), &Value::Null), "{past}");
    let hello = his.ask(json!({ "type": "hello" })).await;
    let state = hello["rooms"].as_array().unwrap().iter().find(|r| r["room"] == room.as_str()).unwrap();
    assert_eq!((&state["kind"], &state["last_seq"], &state["begins_at"]), (&json!("group"), &json!(4), &json!(3)));
    // An invitation can be declined, and withdrawn.
    for who in [&cyd, &ana] {
        invite(&ana, &cyd, &room).await.is(204);
        who.delete(&format!("/v1/rooms/{room}/invitations/{}", cyd.id())).await.is(204);
        join(&cyd, &room).await.is_problem(404, "not_found");
    }
    invite(&ana, &cyd, &room).await.is(204);
    cloud.advance(std::time::Duration::from_secs(30 * 24 * 3600)).await;
    let cyd = cloud.sign_in("cyd").await;
    join(&cyd, &room).await.is_problem(404, "not_found");
    assert_eq!(cyd.get("/v1/me/room-invitations").await.is(200)["items"], json!([]));
}

/// The role of a member decides which operations are allowed. All others are refused, and change nothing.
/// Promise: room-members
#[tokio::test(flavor = "multi_thread")]
async fn roles_say_who_may_do_what() {
    let cloud = Cloud::start().await;
    let (ana, ben, cyd, dan) = (cloud.member("ana").await, cloud.member("ben").await, cloud.member("cyd").await, cloud.member("dan").await);
    let room = group_of(&ana, "Porch").await;
    let path = format!("/v1/rooms/{room}");
    add(&ana, &room, &[&ben, &cyd]).await;
    for refused in [
        invite(&ben, &dan, &room).await,
        ben.patch(&path, json!({ "name": "Mine" })).await,
        ben.delete(&path).await,
        remove(&ben, &cyd, &room).await,
        set_role(&ben, &ben, &room, "admin").await,
    ] {
        refused.is_problem(403, "forbidden");
    }
    set_role(&ana, &ben, &room, "admin").await.is(204);
    set_role(&ana, &ben, &room, "admin").await.is(204);
    invite(&ben, &dan, &room).await.is(204);
    join(&dan, &room).await.is(200);
    assert_eq!(ben.patch(&path, json!({ "name": "Gate", "topic": "Stones" })).await.is(200)["club"]["name"], "Gate");
    ben.patch(&path, json!({ "topic": " " })).await.is(200);
    assert_eq!(ana.patch(&path, json!({ "name": "" })).await.field_errors(), ["/name required"]);
    set_role(&ana, &cyd, &room, "admin").await.is(204);
    for refused in [remove(&ben, &cyd, &room).await, set_role(&ben, &dan, &room, "admin").await, ben.delete(&path).await] {
        refused.is_problem(403, "forbidden");
    }
    set_role(&ana, &cyd, &room, "member").await.is(204);
    remove(&ben, &cyd, &room).await.is(204);
    remove(&ben, &ana, &room).await.is_problem(403, "forbidden");
    set_role(&ana, &ana, &room, "member").await.is_problem(409, "owner_stays");
    set_role(&ana, &cyd, &room, "admin").await.is_problem(404, "not_found");
    assert_eq!(members(&dan, &room).await, roles(&[("ana", "owner"), ("ben", "admin"), ("dan", "member")]));
    // The room is handed over.
    set_role(&ana, &dan, &room, "owner").await.is(204);
    assert_eq!(members(&dan, &room).await, roles(&[("ana", "admin"), ("ben", "admin"), ("dan", "owner")]));
    ana.delete(&path).await.is_problem(403, "forbidden");
    let told = entries(&ana, &room).await;
    assert_eq!(
        told[3..],
        [
            "promoted ben",
            "joined dan",
            "renamed ben",
            "topic_changed ben",
            "topic_changed ben",
            "promoted cyd",
            "demoted cyd",
            "removed cyd",
            "new_owner dan"
        ]
    );
    // The other kinds of rooms have none of these operations.
    for other in ["public", "rom_01ARZ3NDEKTSV4RRFFQ69G5FAV"] {
        ana.patch(&format!("/v1/rooms/{other}"), json!({ "name": "Mine" })).await.is_problem(404, "not_found");
        join(&ana, other).await.is_problem(404, "not_found");
    }
}

/// Who is removed is told so on every device. Nothing more arrives, nothing can be sent or read, and the room is no longer theirs.
/// Promise: room-removal
#[tokio::test(flavor = "multi_thread")]
async fn a_removed_member_gets_nothing_more() {
    let cloud = Cloud::start().await;
    let (ana, ben, cyd) = (cloud.member("ana").await, cloud.member("ben").await, cloud.member("cyd").await);
    let room = group_of(&ana, "Porch").await;
    add(&ana, &room, &[&ben, &cyd]).await;
    let (mut hers, mut laptop, mut phone, mut third) = (ana.socket().await, ben.socket().await, ben.socket().await, cyd.socket().await);
    cloud.settle().await;
    remove(&ana, &ben, &room).await.is(204);
    for device in [&mut laptop, &mut phone] {
        assert_eq!(device.hear("left").await["room"], room.as_str());
    }
    for i in 0..3 {
        assert_eq!(say(&mut hers, &room, &format!("secret {i}")).await["type"], "ack");
        assert_eq!(third.expect(|f| f["payload"]["text"] == format!("secret {i}").as_str()).await["payload"]["kind"], "text");
    }
    for ask in [send(&room, "hello?", "n"), json!({ "type": "sync", "room": room, "since": 0 }), json!({ "type": "history", "room": room })]
    {
        assert_eq!(laptop.ask(ask.clone()).await["problem"]["code"], "not_found", "{ask}");
    }
    for path in ["", "/messages", "/members"] {
        ben.get(&format!("/v1/rooms/{room}{path}")).await.is_problem(404, "not_found");
    }
    cloud.settle().await;
    let hello = phone.ask(json!({ "type": "hello" })).await;
    assert_eq!(hello["rooms"].as_array().unwrap().len(), 1, "only the public room: {hello}");
    for device in [&laptop, &phone] {
        let leaked: Vec<&Value> = device.heard().iter().filter(|f| f.to_string().contains("secret")).collect();
        assert!(leaked.is_empty(), "{leaked:?}");
    }
    assert_eq!(ben.get("/v1/rooms").await.is(200)["items"].as_array().unwrap().len(), 1);
    // A person who comes back reads messages from then on. Earlier ones are not visible.
    let last = ana.get(&format!("/v1/rooms/{room}")).await.is(200)["last_seq"].as_u64().unwrap();
    add(&ana, &room, &[&ben]).await;
    assert_eq!(entries(&ben, &room).await, ["joined ben"]);
    let page = laptop.ask(json!({ "type": "sync", "room": room, "since": 4 })).await;
    assert_eq!((&page["complete"], &page["begins_at"]), (&json!(false), &json!(last + 1)), "{page}");
}

async fn ban(by: &Caller, who: &Caller, room: &str, body: Value) -> Reply {
    by.put(&format!("/v1/rooms/{room}/bans/{}", who.id()), body).await
}

/// Who is banned from a public channel is removed and told so, and neither joins nor is invited until the ban ends, by the clock or by
/// an administrator.
/// Promise: room-ban, room-removal
#[tokio::test(flavor = "multi_thread")]
async fn a_banned_person_stays_out_of_a_channel() {
    let cloud = Cloud::start().await;
    let (ana, ben, cyd) = (cloud.member("ana").await, cloud.member("ben").await, cloud.member("cyd").await);
    let room = made(&ana, json!({ "kind": "channel", "name": "News", "slug": "news" })).await;
    for who in [&ben, &cyd] {
        join(who, &room).await.is(200);
    }
    set_role(&ana, &cyd, &room, "admin").await.is(204);
    let list = format!("/v1/rooms/{room}/bans");
    for (by, who, problem) in [(&ben, &cyd, "forbidden"), (&cyd, &ana, "forbidden"), (&cyd, &cyd, "forbidden")] {
        ban(by, who, &room, json!({})).await.is_problem(403, problem);
    }
    ban(&ana, &ana, &room, json!({})).await.is_problem(409, "owner_stays");
    ben.get(&list).await.is_problem(403, "forbidden");
    let wrong = ban(&cyd, &ben, &room, json!({ "explanation": "x".repeat(501), "minutes": 0 })).await;
    assert_eq!(wrong.field_errors(), ["/explanation too_long", "/minutes range"]);
    let mut his = ben.socket().await;
    ban(&cyd, &ben, &room, json!({ "explanation": "Advertising", "minutes": 10 })).await.is(204);
    assert_eq!(his.hear("left").await["room"], room.as_str());
    let refused = join(&ben, &room).await.is_problem(403, "room_banned");
    assert_eq!((&refused["explanation"], refused["ends_at"].is_string()), (&json!("Advertising"), true));
    invite(&ana, &ben, &room).await.is_problem(403, "room_banned");
    ben.get(&format!("/v1/rooms/{room}/messages")).await.is_problem(404, "not_found");
    ben.delete(&format!("{list}/{}", ben.id())).await.is_problem(404, "not_found");
    let listed = cyd.get(&list).await.is(200);
    assert_eq!(
        (&listed["items"][0]["user"]["username"], &listed["items"][0]["explanation"], &listed["next_cursor"]),
        (&json!("ben"), &json!("Advertising"), &Value::Null)
    );
    cloud.advance(std::time::Duration::from_secs(600)).await;
    let (ana, ben) = (cloud.sign_in("ana").await, cloud.sign_in("ben").await);
    assert_eq!(ana.get(&list).await.is(200)["items"], json!([]));
    join(&ben, &room).await.is(200);
    // Without an end, until it is taken back.
    ban(&ana, &ben, &room, json!({})).await.is(204);
    assert!(join(&ben, &room).await.is_problem(403, "room_banned")["ends_at"].is_null());
    ben.delete(&format!("{list}/{}", ben.id())).await.is_problem(404, "not_found");
    ana.delete(&format!("{list}/{}", ben.id())).await.is(204);
    join(&ben, &room).await.is(200);
    // Bans are deleted with the room.
    ban(&ana, &ben, &room, json!({})).await.is(204);
    ana.delete(&format!("/v1/rooms/{room}")).await.is(204);
    cloud.settle().await;
    assert!(cloud.of_kind("room_ban").await.is_empty());
}

/// Whichever request is faster, the person is no member after a ban. In a group the ban of a member is an event, and ends an invitation.
/// Promise: room-ban
#[tokio::test(flavor = "multi_thread")]
async fn a_ban_wins_against_joining_at_the_same_moment() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    for i in 0..5 {
        let room = made(&ana, json!({ "kind": "channel", "name": "News", "slug": format!("news-{i}") })).await;
        let (banned, joined) = tokio::join!(ban(&ana, &ben, &room, json!({})), join(&ben, &room));
        banned.is(204);
        assert!([200, 403].contains(&joined.status.as_u16()), "{joined:?}");
        assert_eq!(members(&ana, &room).await, roles(&[("ana", "owner")]));
    }
    let room = group_of(&ana, "Porch").await;
    add(&ana, &room, &[&ben]).await;
    ban(&ana, &ben, &room, json!({})).await.is(204);
    assert_eq!(entries(&ana, &room).await, ["created ana", "joined ben", "removed ben"]);
    let other = group_of(&ana, "Attic").await;
    invite(&ana, &ben, &other).await.is(204);
    ban(&ana, &ben, &other, json!({})).await.is(204);
    join(&ben, &other).await.is_problem(403, "room_banned");
    // No invitation is left either that was sent at the same moment.
    for _ in 0..5 {
        let room = group_of(&ana, "Loft").await;
        let (banned, invited) = tokio::join!(ban(&ana, &ben, &room, json!({})), invite(&ana, &ben, &room));
        banned.is(204);
        assert!([204, 403].contains(&invited.status.as_u16()), "{invited:?}");
    }
    assert_eq!(ben.get("/v1/me/room-invitations").await.is(200)["items"], json!([]));
}

/// A member of a group sends ten messages while they are removed: what was committed comes before the removal, and numbers have no gap.
/// Returns how many messages were committed.
async fn removed_while_sending(owner: &Caller, room: &str, who: &Caller, socket: &mut Socket) -> usize {
    let sends = async {
        for i in 0..10 {
            socket.send(&format!("s{i}"), send(room, "race", &format!("r{i}"))).await;
        }
    };
    let ((), removed) = tokio::join!(sends, remove(owner, who, room));
    removed.is(204);
    let after = owner.get(&format!("/v1/rooms/{room}")).await.is(200)["last_seq"].as_u64().unwrap();
    let (mut committed, mut unsure) = (BTreeSet::new(), false);
    for i in 0..10 {
        let told = socket.expect(|f| f["id"] == format!("s{i}").as_str()).await["payload"].clone();
        match told["problem"]["code"].as_str() {
            None => drop(committed.insert(told["seq"].as_u64().unwrap())),
            // On a busy machine a message may be committed whose sender was told of an outage.
            Some("unavailable") => unsure = true,
            // A refusal costs as much as two frames, so the last ones may come too early.
            Some(code) => assert!(["not_found", "too_many_requests"].contains(&code), "{told}"),
        }
    }
    let page = owner.get(&format!("/v1/rooms/{room}/messages?limit=100")).await.is(200);
    let all = page["items"].as_array().unwrap();
    let numbers = |of: &[&Value]| of.iter().map(|m| m["seq"].as_u64().unwrap()).collect::<BTreeSet<u64>>();
    let every = numbers(&all.iter().collect::<Vec<_>>());
    assert_eq!((every, all.len()), ((1..=after).collect(), usize::try_from(after).unwrap()), "no gap, nothing after the removal: {page}");
    assert_eq!(all.last().unwrap()["event"]["type"], "removed", "{page}");
    let texts = numbers(&all.iter().filter(|m| m["kind"] == "text").collect::<Vec<_>>());
    assert!(texts == committed || unsure && texts.is_superset(&committed), "{committed:?} are acknowledged: {page}");
    texts.len()
}

/// A hundred members are removed, twenty at the same moment, while each of them sends ten messages.
/// Promise: room-removal, chat-numbers
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removal_wins_against_sends_at_the_same_moment() {
    let cloud = Cloud::start().await;
    let mut committed = 0;
    for n in 0..5 {
        let owner = cloud.member(&format!("owner{n}")).await;
        let mut members = Vec::new();
        for i in 0..20 {
            let (who, room) = (cloud.member(&format!("who{n}x{i}")).await, group_of(&owner, "Porch").await);
            add(&owner, &room, &[&who]).await;
            members.push((room, who.socket().await, who));
        }
        let each = join_all(members.iter_mut().map(|(room, socket, who)| removed_while_sending(&owner, room, who, socket))).await;
        committed += each.iter().sum::<usize>();
    }
    assert!(committed > 0 && committed < 1000, "{committed} of the thousand came before the removals, so there was no race");
}

/// The oldest administrator takes over from an owner who leaves. Without one the owner stays, unless nobody else is left.
/// Promise: room-owner
#[tokio::test(flavor = "multi_thread")]
async fn a_room_always_has_an_owner() {
    let cloud = Cloud::start().await;
    let (ana, ben, cyd) = (cloud.member("ana").await, cloud.member("ben").await, cloud.member("cyd").await);
    let room = group_of(&ana, "Porch").await;
    add(&ana, &room, &[&ben, &cyd]).await;
    remove(&ana, &ana, &room).await.is_problem(409, "owner_stays");
    set_role(&ana, &cyd, &room, "admin").await.is(204);
    set_role(&ana, &ben, &room, "admin").await.is(204);
    remove(&ana, &ana, &room).await.is(204);
    assert_eq!(members(&ben, &room).await, roles(&[("cyd", "owner"), ("ben", "admin")]));
    let told = entries(&ben, &room).await;
    assert_eq!(told[told.len() - 2..], ["left ana", "new_owner cyd"]);
    // Both leave at the same moment: one takes over from the other, or is the last one and deletes the room.
    let replies = race(2, |i| {
        let (who, room) = (if i == 0 { ben.clone() } else { cyd.clone() }, room.clone());
        async move { remove(&who, &who, &room).await }
    })
    .await;
    assert!(replies.iter().all(|reply| [204, 409].contains(&reply.status.as_u16())), "{replies:?}");
    cloud.settle().await;
    let left: Vec<Value> = cloud.of_kind("member").await;
    let rooms = cloud.of_kind("room").await;
    match left.as_slice() {
        [] => assert!(rooms.is_empty(), "{rooms:?}"),
        [last] => assert_eq!(rooms[0]["owner"], last["user"]),
        more => panic!("{more:?}"),
    }
}

/// A deleted room does not exist for anybody from that moment, and none of its items is left.
/// Promise: room-removal
#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_room_leaves_nothing() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = made(&ana, json!({ "kind": "channel", "name": "News", "slug": "news" })).await;
    join(&ben, &room).await.is(200);
    let (mut hers, mut his) = (ana.socket().await, ben.socket().await);
    assert_eq!(say(&mut hers, &room, "hello").await["type"], "ack");
    ana.delete(&format!("/v1/rooms/{room}")).await.is(204);
    ben.get(&format!("/v1/rooms/{room}/messages")).await.is_problem(404, "not_found");
    assert_eq!(say(&mut hers, &room, "still there").await["problem"]["code"], "not_found");
    for socket in [&mut hers, &mut his] {
        assert_eq!(socket.hear("left").await["room"], room.as_str());
    }
    cloud.settle().await;
    for kind in ["room", "member", "message", "slug"] {
        assert!(cloud.of_kind(kind).await.is_empty(), "{kind}");
    }
    for count in cloud.of_kind("room_count").await {
        assert_eq!((&count["joined"]["N"], &count["owned"]["N"]), (&json!("0"), &json!("0")), "{count}");
    }
    made(&ben, json!({ "kind": "channel", "name": "News", "slug": "news" })).await;
}

/// Everybody joins a public channel by its slug and reads all of it. Only its owner and its administrators write.
/// Promise: room-members, room-history
#[tokio::test(flavor = "multi_thread")]
async fn a_public_channel_is_joined_by_its_slug() {
    let cloud = Cloud::start().await;
    let (ana, ben, cyd) = (cloud.member("ana").await, cloud.member("ben").await, cloud.member("cyd").await);
    let room = made(&ana, json!({ "kind": "channel", "name": "Agora news", "slug": "agora-news" })).await;
    ben.post("/v1/rooms", json!({ "kind": "channel", "name": "Other", "slug": "agora-news" })).await.is_problem(409, "slug_taken");
    let wrong = ben.post("/v1/rooms", json!({ "kind": "group", "name": "", "slug": "Agora" })).await;
    assert_eq!(wrong.field_errors(), ["/name required", "/slug slug_format", "/slug choice"]);
    let mut hers = ana.socket().await;
    assert_eq!(say(&mut hers, &room, "first").await["seq"], 2);
    ben.get(&format!("/v1/rooms/{room}/messages")).await.is_problem(404, "not_found");
    let shown = ben.get("/v1/channels/agora-news").await.is(200);
    assert_eq!(shown, json!({ "id": room, "slug": "agora-news", "name": "Agora news", "members": 1 }));
    for unknown in ["agora", "Agora-news", "x"] {
        ben.get(&format!("/v1/channels/{unknown}")).await.is_problem(404, "not_found");
    }
    for who in [&ben, &cyd] {
        join(who, &room).await.is(200);
    }
    assert_eq!(entries(&ben, &room).await, ["created ana", "first"], "readers who join are no event");
    assert_eq!(ben.get("/v1/channels/agora-news").await.is(200)["members"], 3);
    // The fan-out of the first message is over.
    cloud.settle().await;
    let (mut his, mut third) = (ben.socket().await, cyd.socket().await);
    assert_eq!(say(&mut his, &room, "me too").await["problem"]["code"], "forbidden");
    assert_eq!(say(&mut hers, &room, "second").await["seq"], 3);
    for socket in [&mut his, &mut third] {
        assert_eq!(socket.hear("message").await["text"], "second");
    }
    set_role(&ana, &ben, &room, "admin").await.is(204);
    assert_eq!(say(&mut his, &room, "me too").await["seq"], 5);
    assert_eq!(third.expect(|f| f["payload"]["text"] == "me too").await["payload"]["seq"], 5);
    remove(&cyd, &cyd, &room).await.is(204);
    assert_eq!(third.hear("left").await["room"], room.as_str());
    assert_eq!(ben.get("/v1/channels/agora-news").await.is(200)["members"], 2);
}

/// In a group of more than twenty the fan-out delivers: to every member once, also to those who have just joined.
/// Promise: chat-delivery, room-members
#[tokio::test(flavor = "multi_thread")]
async fn a_larger_group_gets_every_message() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let room = group_of(&ana, "Porch").await;
    let mut people = Vec::new();
    for i in 0..24 {
        let who = cloud.member(&format!("m{i}xx")).await;
        add(&ana, &room, &[&who]).await;
        people.push(who);
    }
    let mut sockets = Vec::new();
    for who in &people {
        sockets.push(who.socket().await);
    }
    let mut hers = ana.socket().await;
    for i in 0..3 {
        assert_eq!(say(&mut hers, &room, &format!("news {i}")).await["type"], "ack");
    }
    cloud.settle().await;
    for socket in &mut sockets {
        let _ = socket.ask(json!({ "type": "ping" })).await;
        let mut heard: Vec<String> =
            socket.heard().iter().filter(|f| f["payload"]["kind"] == "text").map(|f| f["payload"]["text"].to_string()).collect();
        heard.sort();
        assert_eq!(heard, ["\"news 0\"", "\"news 1\"", "\"news 2\""]);
    }
}

/// Puts this many copies of a membership into the table, each for another person, who does not exist.
fn multiply(cloud: &Cloud, membership: &Value, of: &Caller, many: usize) {
    let (own, template) = (of.id(), membership.to_string());
    for n in 0..many {
        cloud.put_item(&serde_json::from_str(&template.replace(&own, &format!("usr_01ARZ3NDEKTSV4RRFFQ0{n:06}"))).unwrap());
    }
}

/// The size of the largest item that is stored.
async fn largest(cloud: &Cloud) -> usize {
    let dump = cloud.dump().await;
    let items = dump.as_object().unwrap().values().flat_map(|table| table.as_array().unwrap());
    items.map(|item| item.to_string().len()).max().unwrap()
}

/// Ten thousand members are ten thousand items: no item grows with them. A channel of that size is read, joined, left and written in as a
/// small one.
/// Promise: room-members, chat-delivery
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_item_grows_with_the_members_of_a_room() {
    const MANY: usize = 10_000;
    let cloud = Cloud::start().await;
    let (ana, ben, cyd) = (cloud.member("ana").await, cloud.member("ben").await, cloud.member("cyd").await);
    let room = made(&ana, json!({ "kind": "channel", "name": "News", "slug": "news" })).await;
    join(&ben, &room).await.is(200);
    cloud.settle().await;
    let before = largest(&cloud).await;
    let membership = cloud.of_kind("member").await.into_iter().find(|m| m["user"]["S"] == ben.id()).unwrap();
    multiply(&cloud, &membership, &ben, MANY);
    join(&cyd, &room).await.is(200);
    let (mut hers, mut theirs) = (ana.socket().await, cyd.socket().await);
    assert_eq!(say(&mut hers, &room, "hello").await["type"], "ack");
    assert_eq!(theirs.hear("message").await["text"], "hello");
    let page = cyd.get(&format!("/v1/rooms/{room}/members?limit=100")).await.is(200);
    assert!(page["next_cursor"].is_string(), "{page}");
    remove(&cyd, &cyd, &room).await.is(204);
    cloud.settle().await;
    assert!(largest(&cloud).await <= before + 200, "an item has grown");
}

/// The rooms that somebody owns have a maximum, which holds for many requests at once, and the counts stay right.
/// Promise: room-limits
#[tokio::test(flavor = "multi_thread")]
async fn rooms_have_limits() {
    let cloud = Cloud::start().await;
    let (_, _) = (cloud.member("ana").await, cloud.member("ben").await);
    let news = |slug: String| json!({ "kind": "channel", "name": "News", "slug": slug });
    let mut rooms = Vec::new();
    for hour in 0..2 {
        let ana = cloud.sign_in("ana").await;
        for i in 0..24 {
            rooms.push(made(&ana, news(format!("news-{hour}-{i}"))).await);
        }
        cloud.advance(std::time::Duration::from_secs(3601)).await;
    }
    let ana = cloud.sign_in("ana").await;
    let replies = race(5, |i| {
        let (ana, body) = (ana.clone(), news(format!("race-{i}")));
        async move { ana.post("/v1/rooms", body).await }
    })
    .await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 201).count(), 2, "{replies:?}");
    for refused in replies.iter().filter(|reply| reply.status != 201) {
        assert_eq!(refused.is_problem(409, "too_many")["max"], 50);
    }
    let ben = cloud.sign_in("ben").await;
    let _ = group_of(&ben, "Porch").await;
    for room in &rooms[..10] {
        let replies = race(2, |_| {
            let (ben, room) = (ben.clone(), room.clone());
            async move { join(&ben, &room).await }
        })
        .await;
        assert!(replies.iter().all(|reply| reply.is(200)["club"]["members"] == 2), "{replies:?}");
    }
    let counts = cloud.of_kind("room_count").await;
    let of = |who: &Caller| {
        let count = counts.iter().find(|c| c["pk"]["S"].as_str().unwrap().contains(&who.id())).unwrap();
        (count["joined"]["N"].clone(), count["owned"]["N"].clone())
    };
    assert_eq!((of(&ana), of(&ben)), ((json!("50"), json!("50")), (json!("11"), json!("1"))));
}

/// Changes an attribute of the stored item of this kind that belongs to a room or a person.
async fn set(cloud: &Cloud, kind: &str, of: &str, attribute: &str, value: Value) {
    let mut item = cloud.of_kind(kind).await.into_iter().find(|item| item["pk"]["S"].as_str().unwrap().contains(of)).unwrap();
    item[attribute] = value;
    cloud.put_item(&item);
}

/// Of these replies to requests at the same moment one has succeeded. The others name the maximum.
fn one_of(replies: &[Reply], max: usize) -> usize {
    let first = replies.iter().position(|reply| reply.status.is_success()).unwrap_or_else(|| panic!("{replies:?}"));
    for (_, refused) in replies.iter().enumerate().filter(|(n, _)| *n != first) {
        assert_eq!(refused.is_problem(409, "too_many")["max"], max);
    }
    first
}

/// A group has at most 256 members and twenty administrators, and a person is in at most 200 groups and channels: of several requests at
/// the same moment only one takes the last place. Whoever has no place is invited by their friends instead of added.
/// Promise: room-limits
#[tokio::test(flavor = "multi_thread")]
async fn groups_and_their_members_have_limits() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let (mut others, mut rooms) = (Vec::new(), Vec::new());
    for n in 0..5 {
        others.push(cloud.member(&format!("other{n}")).await);
        rooms.push(group_of(&ana, "Porch").await);
    }
    let number = |n: u32| json!({ "N": n.to_string() });
    let joins = |all: Vec<(Caller, String)>| {
        race(all.len(), move |i| {
            let (who, room) = all[i].clone();
            async move { join(&who, &room).await }
        })
    };

    for who in &others {
        invite(&ana, who, &rooms[0]).await.is(204);
    }
    set(&cloud, "room", &rooms[0], "member_count", number(255)).await;
    let in_group = one_of(&joins(others.iter().map(|who| (who.clone(), rooms[0].clone())).collect()).await, 256);

    let ben = &others[in_group];
    for room in &rooms[1..4] {
        invite(&ana, ben, room).await.is(204);
    }
    set(&cloud, "room_count", &ben.id(), "joined", number(199)).await;
    one_of(&joins(rooms[1..4].iter().map(|room| (ben.clone(), room.clone())).collect()).await, 200);
    ana.post(&format!("/v1/friends/{}/request", ben.id()), json!({})).await.is(201);
    ben.post(&format!("/v1/friends/{}/accept", ana.id()), json!({})).await.is(200);
    invite(&ana, ben, &rooms[4]).await.is(204);
    assert_eq!(members(&ana, &rooms[4]).await, roles(&[("ana", "owner")]));
    assert_eq!(join(ben, &rooms[4]).await.is_problem(409, "too_many")["max"], 200);
    set(&cloud, "room_count", &ben.id(), "joined", number(199)).await;
    join(ben, &rooms[4]).await.is(200);

    let eve = &others[(in_group + 1) % 5];
    add(&ana, &rooms[4], &[eve]).await;
    let admins = (0..19).map(|n| json!({ "S": format!("usr_01ARZ3NDEKTSV4RRFFQ0{n:06}") })).collect::<Vec<_>>();
    set(&cloud, "room", &rooms[4], "admins", json!({ "L": admins })).await;
    let promoted = race(2, |i| {
        let (ana, who, room) = (ana.clone(), [ben, eve][i].clone(), rooms[4].clone());
        async move { set_role(&ana, &who, &room, "admin").await }
    });
    one_of(&promoted.await, 20);
}
