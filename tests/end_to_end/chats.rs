//! A person's chats by their last activity, their unread messages, and read markers.

use std::{collections::BTreeSet, time::Duration};

use tests::{Caller, Cloud, Socket, Value, json};

async fn room_of(one: &Caller, other: &Caller) -> String {
    one.post("/v1/rooms/direct", json!({ "user": other.id() })).await.json()["id"].as_str().unwrap().to_owned()
}

async fn say(socket: &mut Socket, room: &str, text: &str) -> u64 {
    let ack = socket.ask(json!({ "type": "send", "room": room, "text": text, "nonce": text.replace([' ', '@'], "-") })).await;
    ack["seq"].as_u64().unwrap_or_else(|| panic!("{ack}"))
}

/// The chats of a person: the name of each, and the number of unread messages in it.
async fn chats(who: &Caller) -> Vec<(String, Value)> {
    let list = who.get("/v1/chats").await.is(200);
    let name = |chat: &Value| {
        let (room, club) = (&chat["room"], &chat["room"]["club"]);
        [&room["with"]["username"], &club["name"], &room["kind"]].iter().find_map(|name| name.as_str()).unwrap().to_owned()
    };
    list["items"].as_array().unwrap().iter().map(|chat| (name(chat), chat["unread"]["messages"].clone())).collect()
}

async fn chat(who: &Caller, room: &str) -> Value {
    let list = who.get("/v1/chats").await.is(200);
    list["items"].as_array().unwrap().iter().find(|chat| chat["room"]["id"] == room).unwrap().clone()
}

fn named(expected: &[(&str, u32)]) -> Vec<(String, Value)> {
    expected.iter().map(|(name, unread)| ((*name).to_owned(), json!(unread))).collect()
}

/// Chats are listed by their last activity. Unread are the messages of others, until they are read on any device; the other devices
/// are told, and an older marker changes nothing.
/// Promise: chat-list, unread-exact
#[tokio::test(flavor = "multi_thread")]
async fn chats_are_listed_with_what_is_unread() {
    let cloud = Cloud::start().await;
    let (ana, ben, cyd) = (cloud.member("ana").await, cloud.member("ben").await, cloud.member("cyd").await);
    let (with_ana, with_cyd) = (room_of(&ben, &ana).await, room_of(&ben, &cyd).await);
    let (mut hers, mut third) = (ana.socket().await, cyd.socket().await);
    let (mut laptop, mut phone) = (ben.socket().await, ben.socket().await);
    for (who, room, text) in [(0, "public", "p1"), (1, &with_cyd, "c1"), (0, &with_ana, "a1"), (2, &with_ana, "b1")] {
        let socket = [&mut hers, &mut third, &mut laptop].into_iter().nth(who).unwrap();
        let _ = say(socket, room, text).await;
        cloud.advance(Duration::from_secs(1)).await;
    }
    assert_eq!(say(&mut hers, &with_ana, "a2").await, 3);
    assert_eq!(chats(&ben).await, named(&[("ana", 2), ("cyd", 1), ("public", 1)]));
    assert_eq!(chats(&ana).await, named(&[("ben", 1), ("public", 0)]));
    let shown = chat(&ben, &with_ana).await;
    assert_eq!((&shown["last_message"]["text"], &shown["read_seq"], &shown["muted"]), (&json!("a2"), &json!(0), &json!(false)), "{shown}");

    let read = |seq: u64| json!({ "type": "read", "room": with_ana, "seq": seq });
    assert_eq!(laptop.ask(read(1)).await, json!({ "type": "read", "room": with_ana, "seq": 1 }));
    assert_eq!(phone.hear("read").await, json!({ "type": "read", "room": with_ana, "seq": 1 }));
    assert_eq!(chat(&ben, &with_ana).await["unread"], json!({ "messages": 1, "more": false, "mentions": 0 }));
    assert_eq!(phone.ask(read(99)).await["seq"], 3, "not beyond the last number");
    cloud.refill_frames().await;
    assert_eq!(laptop.ask(read(2)).await["seq"], 3, "not back");
    assert_eq!(chat(&ben, &with_ana).await["unread"]["messages"], 0);
    cloud.refill_frames().await;
    let back = laptop.ask(json!({ "type": "read", "room": with_ana, "seq": 2, "unread": true })).await;
    assert_eq!(back["seq"], 2);
    assert_eq!(chat(&ben, &with_ana).await["unread"]["messages"], 1);
    cloud.refill_frames().await;
    assert_eq!(laptop.ask(json!({ "type": "read", "room": "public", "seq": 1 })).await["seq"], 1);
    assert_eq!(chats(&ben).await, named(&[("ana", 1), ("cyd", 1), ("public", 0)]));
    let hello = phone.ask(json!({ "type": "hello" })).await;
    let markers: Vec<&Value> = hello["rooms"].as_array().unwrap().iter().map(|r| &r["read_seq"]).collect();
    assert!(markers.contains(&&json!(2)) && markers.contains(&&json!(1)), "{hello}");
    // A room is muted for one's own.
    ben.put(&format!("/v1/rooms/{with_ana}/notices"), json!({ "muted": true })).await.is(204);
    ben.put("/v1/rooms/public/notices", json!({ "muted": true })).await.is(204);
    assert_eq!((&chat(&ben, &with_ana).await["muted"], &chat(&ana, &with_ana).await["muted"]), (&json!(true), &json!(false)));
    assert_eq!(chat(&ben, &with_ana).await["read_seq"], 2);
    // Somebody else has no marker there.
    assert_eq!(third.ask(read(1)).await["problem"]["code"], "not_found");
    cyd.put(&format!("/v1/rooms/{with_ana}/notices"), json!({ "muted": true })).await.is_problem(404, "not_found");
}

/// System events and what was written before one joined are not unread. Nothing of a room is counted after one has left it.
/// Promise: unread-exact, room-removal
#[tokio::test(flavor = "multi_thread")]
async fn events_and_earlier_messages_are_not_unread() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let mut hers = ana.socket().await;
    let mut rooms = Vec::new();
    for body in [json!({ "kind": "group", "name": "Porch" }), json!({ "kind": "channel", "name": "News", "slug": "news" })] {
        let room = ana.post("/v1/rooms", body).await.is(201)["id"].as_str().unwrap().to_owned();
        assert_eq!(say(&mut hers, &room, "before").await, 2);
        ana.put(&format!("/v1/rooms/{room}/invitations/{}", ben.id()), Value::Null).await.is(204);
        ben.post(&format!("/v1/rooms/{room}/members"), Value::Null).await.is(200);
        ana.patch(&format!("/v1/rooms/{room}"), json!({ "topic": "Stones" })).await.is(200);
        assert_eq!(chat(&ben, &room).await["unread"]["messages"], 0);
        let _ = say(&mut hers, &room, "after").await;
        assert_eq!(chat(&ben, &room).await["unread"], json!({ "messages": 1, "more": false, "mentions": 0 }));
        rooms.push(room);
    }
    ben.delete(&format!("/v1/rooms/{}/members/{}", rooms[0], ben.id())).await.is(204);
    let left: Vec<String> = chats(&ben).await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(left, ["News", "public"]);
}

/// What people write whom somebody blocks is not unread for them, in rooms that both are in. The other side sees nothing of that.
/// Promise: unread-exact
#[tokio::test(flavor = "multi_thread")]
async fn messages_of_blocked_people_are_not_unread() {
    let cloud = Cloud::start().await;
    let (ana, ben, cyd) = (cloud.member("ana").await, cloud.member("ben").await, cloud.member("cyd").await);
    let (mut hers, mut his, mut third) = (ana.socket().await, ben.socket().await, cyd.socket().await);
    let room = ana.post("/v1/rooms", json!({ "kind": "group", "name": "Porch" })).await.is(201)["id"].as_str().unwrap().to_owned();
    for who in [&ben, &cyd] {
        ana.put(&format!("/v1/rooms/{room}/invitations/{}", who.id()), Value::Null).await.is(204);
        who.post(&format!("/v1/rooms/{room}/members"), Value::Null).await.is(200);
    }
    let block = format!("/v1/friends/{}/block", cyd.id());
    ben.put(&block, json!({})).await.is(200);
    for room in [room.as_str(), "public"] {
        let _ = say(&mut hers, room, "from ana").await;
        let _ = say(&mut third, room, "from cyd to @ben").await;
        let _ = say(&mut his, room, "from ben").await;
    }
    let unread = async |who: &Caller, at: &str| {
        let list = who.get("/v1/chats").await.is(200);
        let chat = list["items"].as_array().unwrap().iter().find(|chat| chat["room"]["kind"] == at).unwrap().clone();
        (chat["unread"]["messages"].clone(), chat["unread"]["mentions"].clone())
    };
    for kind in ["group", "public"] {
        assert_eq!(unread(&ben, kind).await, (json!(1), json!(0)), "{kind}");
        assert_eq!(unread(&cyd, kind).await, (json!(2), json!(0)), "{kind}");
    }
    ben.delete(&block).await.is(204);
    for kind in ["group", "public"] {
        assert_eq!(unread(&ben, kind).await, (json!(2), json!(1)), "{kind}");
    }
}

/// Pages of chats have no repetition, and a count ends at ninety-nine.
/// Promise: chat-list, unread-exact
#[tokio::test(flavor = "multi_thread")]
async fn chats_come_in_pages_and_counts_end_at_ninety_nine() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let mut rooms = Vec::new();
    for name in ["ben", "cyd", "dan"] {
        rooms.push(room_of(&ana, &cloud.member(name).await).await);
        cloud.advance(Duration::from_secs(1)).await;
    }
    let (mut path, mut seen) = ("/v1/chats?limit=2".to_owned(), Vec::new());
    loop {
        let page = ana.get(&path).await.is(200);
        seen.extend(page["items"].as_array().unwrap().iter().map(|c| c["room"]["id"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/chats?limit=2&cursor={cursor}");
    }
    rooms.reverse();
    assert_eq!((seen.len(), &seen[..3]), (4, rooms.as_slice()));
    let ben = cloud.sign_in("ben").await;
    let mut his = ben.socket().await;
    for i in 0..101 {
        if i == 50 {
            cloud.advance(Duration::from_secs(60)).await;
        }
        if i % 9 == 0 {
            cloud.refill_frames().await;
        }
        let _ = say(&mut his, &rooms[2], &format!("m{i}")).await;
        let expected = if i < 99 {
            json!({ "messages": i + 1, "more": false, "mentions": 0 })
        } else {
            json!({ "messages": 99, "more": true, "mentions": 0 })
        };
        if i % 25 == 0 || i > 96 {
            assert_eq!(chat(&ana, &rooms[2]).await["unread"], expected, "{i}");
        }
    }
}

/// What somebody has written is not unread for themselves, and hides nothing: messages behind three hundred of their own are counted.
/// Promise: unread-exact
#[tokio::test(flavor = "multi_thread")]
async fn a_count_sees_past_ones_own_messages() {
    const OWN: u64 = 301;
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = room_of(&ana, &ben).await;
    let (mut hers, mut his) = (ana.socket().await, ben.socket().await);
    assert_eq!(say(&mut his, &room, "one").await, 1);
    // As if a program of Ben's had written the others, which reads nothing.
    let of_room = |items: Vec<Value>| items.into_iter().find(|item| item["pk"]["S"].as_str().unwrap().contains(&room)).unwrap();
    let first = of_room(cloud.of_kind("message").await).to_string();
    for seq in 2..=OWN {
        let mut copy: Value = serde_json::from_str(&first.replace("000000000001", &format!("{seq:012}"))).unwrap();
        copy["seq"] = json!({ "N": seq.to_string() });
        cloud.put_item(&copy);
    }
    let mut stored = of_room(cloud.of_kind("room").await);
    stored["seq"] = json!({ "N": OWN.to_string() });
    cloud.put_item(&stored);
    for n in 1..=3 {
        assert_eq!(say(&mut hers, &room, &format!("answer {n}")).await, OWN + n);
    }
    assert_eq!(chat(&ben, &room).await["unread"], json!({ "messages": 3, "more": false, "mentions": 0 }));
    assert_eq!(chat(&ana, &room).await["unread"], json!({ "messages": 99, "more": true, "mentions": 0 }));
    assert_eq!(his.ask(json!({ "type": "read", "room": room, "seq": OWN + 2 })).await["seq"], OWN + 2);
    assert_eq!(chat(&ben, &room).await["unread"]["messages"], 1);
}

const NAMES: [&str; 3] = ["ana", "ben", "cyd"];

/// A group of three people. What happens in it is drawn, and is the same at each run.
struct Model {
    seed: usize,
    /// The author of each message and whom it mentions, by number. `None` for events and deleted messages.
    said: Vec<Option<(usize, Option<usize>)>>,
    /// The read marker of each person.
    read: [usize; 3],
    /// Who blocks whom.
    blocks: BTreeSet<(usize, usize)>,
}

impl Model {
    /// Xorshift (Marsaglia 2003).
    fn draw(&mut self, below: usize) -> usize {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        self.seed % below
    }

    /// Somebody sends, edits, deletes, reads, marks as unread or blocks, with one of two devices.
    async fn step(&mut self, room: &str, people: &[Caller], devices: &mut [[Socket; 2]]) {
        let (who, device, last) = (self.draw(3), self.draw(2), self.said.len());
        let whom = Some(self.draw(6)).filter(|one| *one < 3);
        let text = whom.map_or_else(|| "hello".to_owned(), |one| format!("look @{}", NAMES[one]));
        let upto = last.saturating_sub(self.draw(6)).max(1);
        let own = self.said.iter().rposition(|said| said.is_some_and(|(author, _)| author == who));
        let frame = match (self.draw(8), own) {
            (0..=2, _) => {
                self.said.push(Some((who, whom)));
                json!({ "type": "send", "room": room, "text": text, "nonce": format!("n{last}") })
            }
            (3, Some(at)) => {
                self.said[at] = Some((who, whom));
                json!({ "type": "edit", "room": room, "seq": at + 1, "text": text })
            }
            (4, Some(at)) => {
                self.said[at] = None;
                json!({ "type": "delete", "room": room, "seq": at + 1 })
            }
            (5, _) => {
                self.read[who] = self.read[who].max(upto);
                json!({ "type": "read", "room": room, "seq": upto })
            }
            (6, _) => {
                self.read[who] = upto;
                json!({ "type": "read", "room": room, "seq": upto, "unread": true })
            }
            _ => {
                let other = (who + 1) % 3;
                let path = format!("/v1/friends/{}/block", people[other].id());
                if self.blocks.remove(&(who, other)) {
                    people[who].delete(&path).await.is(204);
                } else {
                    self.blocks.insert((who, other));
                    people[who].put(&path, json!({})).await.is(200);
                }
                return;
            }
        };
        let answer = devices[who][device].ask(frame.clone()).await;
        assert_ne!(answer["type"], "error", "{frame}: {answer}");
    }

    fn expected(&self, who: usize) -> Value {
        let news = self.said.iter().skip(self.read[who]).flatten();
        let counted: Vec<_> = news.filter(|(author, _)| *author != who && !self.blocks.contains(&(who, *author))).collect();
        let mentions = counted.iter().filter(|(_, whom)| *whom == Some(who)).count();
        json!({ "messages": counted.len(), "more": false, "mentions": mentions })
    }
}

/// Random sends, edits, deletions, reads on two devices, marks as unread and blocks: after each of them the counts of all members are those
/// of a model.
/// Promise: unread-exact
#[tokio::test(flavor = "multi_thread")]
async fn counts_are_those_of_a_model() {
    let cloud = Cloud::start().await;
    let mut people = Vec::new();
    for name in NAMES {
        people.push(cloud.member(name).await);
    }
    let room = people[0].post("/v1/rooms", json!({ "kind": "group", "name": "Porch" })).await.is(201)["id"].as_str().unwrap().to_owned();
    for who in &people[1..] {
        people[0].put(&format!("/v1/rooms/{room}/invitations/{}", who.id()), Value::Null).await.is(204);
        who.post(&format!("/v1/rooms/{room}/members"), Value::Null).await.is(200);
    }
    let mut devices = Vec::new();
    for who in &people {
        devices.push([who.socket().await, who.socket().await]);
    }
    // The events of the three who have joined.
    let mut model = Model { seed: 0x5eed, said: vec![None; 3], read: [0; 3], blocks: BTreeSet::new() };
    for step in 0..60 {
        model.step(&room, &people, &mut devices).await;
        // A device may send a marker every two seconds.
        cloud.advance(Duration::from_secs(2)).await;
        for (n, who) in people.iter().enumerate() {
            assert_eq!(chat(who, &room).await["unread"], model.expected(n), "step {step}: {}", NAMES[n]);
        }
    }
    assert!(model.said.len() > 20);
}

/// A page of fifty rooms takes a few batches, and one count for each room with something new.
/// Promise: chat-list
#[tokio::test(flavor = "multi_thread")]
async fn fifty_rooms_take_a_count_for_each_with_news() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = ana.post("/v1/rooms", json!({ "kind": "group", "name": "Porch" })).await.is(201)["id"].as_str().unwrap().to_owned();
    ana.put(&format!("/v1/rooms/{room}/invitations/{}", ben.id()), Value::Null).await.is(204);
    ben.post(&format!("/v1/rooms/{room}/members"), Value::Null).await.is(200);
    assert_eq!(say(&mut ana.socket().await, &room, "hello").await, 3);
    let mut copied = Vec::new();
    for kind in ["room", "member", "message"] {
        let of_room = cloud.of_kind(kind).await.into_iter().filter(|item| item["pk"]["S"].as_str().unwrap().contains(&room));
        copied.extend(of_room.filter(|item| kind != "member" || item["user"]["S"] == ben.id().as_str()));
    }
    for n in 0..49 {
        let id = format!("rom_01ARZ3NDEKTSV4RRFFQ0{n:06}");
        for item in &copied {
            let mut copy: Value = serde_json::from_str(&item.to_string().replace(&room, &id)).unwrap();
            if copy["kind"]["S"] == "member" {
                copy["read_seq"] = json!({ "N": if n < 3 { "2" } else { "3" } });
            }
            cloud.put_item(&copy);
        }
    }
    assert_eq!(ben.socket().await.ask(json!({ "type": "read", "room": room, "seq": 3 })).await["seq"], 3);
    let list = ben.get("/v1/chats?limit=50").await;
    let unread: Vec<u64> =
        list.is(200)["items"].as_array().unwrap().iter().filter_map(|chat| chat["unread"]["messages"].as_u64()).collect();
    assert_eq!((unread.len(), unread.iter().sum::<u64>()), (50, 3));
    // The caller, the memberships, their rooms, the last messages, three counts, and whether their authors are blocked.
    assert!(list.calls() <= 8, "{list:?}");
}
