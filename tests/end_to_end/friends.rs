//! Friends and blocks: requests and their answers, requests that cross, lists, and what a block hides.

use std::{collections::BTreeSet, time::Duration};

use kernel::Env;
use local::Core;
use reqwest::Method;
use tests::{Caller, Cloud, DAY, Reply, Value, json, race};

use crate::deletion::{SWEEP, assert_gone, run, schedule, until_due};

const FRIENDS: &str = "/v1/friends";

fn of(who: &Caller, what: &str) -> String {
    format!("{FRIENDS}/{}{what}", who.id())
}

async fn ask(who: &Caller, whom: &Caller) -> Reply {
    who.post(&of(whom, "/request"), json!({})).await
}

async fn accept(who: &Caller, whom: &Caller) -> Reply {
    who.post(&of(whom, "/accept"), json!({})).await
}

async fn block(who: &Caller, whom: &Caller) -> Reply {
    who.put(&of(whom, "/block"), json!({})).await
}

/// The relation of one person to another.
async fn relation(who: &Caller, whom: &Caller) -> String {
    who.get(&of(whom, "")).await.is(200)["relation"].as_str().unwrap().to_owned()
}

async fn relations(one: &Caller, other: &Caller) -> (String, String) {
    (relation(one, other).await, relation(other, one).await)
}

fn both(one: &str, other: &str) -> (String, String) {
    (one.to_owned(), other.to_owned())
}

fn names(list: &Value) -> Vec<String> {
    list["items"].as_array().unwrap().iter().map(|i| i["username"].as_str().unwrap_or("-").to_owned()).collect()
}

async fn befriend(one: &Caller, other: &Caller) {
    ask(one, other).await.is(201);
    accept(other, one).await.is(200);
}

/// Sends a request, and repeats it while a busy machine answers with 503.
async fn persistent(who: &Caller, method: Method, path: String) -> Reply {
    loop {
        let reply = who.send(method.clone(), &path, None).await;
        if reply.status != 503 {
            return reply;
        }
    }
}

/// Asking, answering, taking back and ending, each by the person who may and in the state that allows it.
/// Promise: friend-requests
#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_answered_by_the_other_person() {
    let cloud = Cloud::start().await;
    let (ana, ben, cyd) = (cloud.member("ana").await, cloud.member("ben").await, cloud.member("cyd").await);
    let asked = ask(&ana, &ben).await;
    assert_eq!((&asked.is(201)["relation"], asked.header("location")), (&json!("sent"), of(&ben, "")));
    assert_eq!(relations(&ana, &ben).await, both("sent", "received"));
    ask(&ana, &ben).await.is_problem(409, "friend_exists");
    // Only the other person answers, and nobody else knows of it.
    accept(&ana, &ben).await.is_problem(404, "not_found");
    ana.post(&of(&ben, "/reject"), json!({})).await.is_problem(404, "not_found");
    ben.delete(&of(&ana, "/request")).await.is_problem(404, "not_found");
    for path in ["/accept", "/reject"] {
        cyd.post(&of(&ana, path), json!({})).await.is_problem(404, "not_found");
        cyd.post(&of(&ben, path), json!({})).await.is_problem(404, "not_found");
    }
    for path in ["", "/request", "/block"] {
        cyd.delete(&of(&ana, path)).await.is_problem(404, "not_found");
    }
    assert_eq!(relations(&ana, &ben).await, both("sent", "received"));

    // An acceptance can be repeated.
    for _ in 0..2 {
        assert_eq!(accept(&ben, &ana).await.is(200)["relation"], "friends");
    }
    assert_eq!(relations(&ana, &ben).await, both("friends", "friends"));
    ask(&ben, &ana).await.is_problem(409, "friend_exists");
    ana.delete(&of(&ben, "/request")).await.is_problem(409, "friend_state");
    ana.delete(&of(&ben, "")).await.is(204);
    ana.delete(&of(&ben, "")).await.is_problem(404, "not_found");
    assert_eq!(relations(&ana, &ben).await, both("none", "none"));

    // Taken back before it was answered.
    ask(&ana, &ben).await.is(201);
    ana.delete(&of(&ben, "/request")).await.is(204);
    accept(&ben, &ana).await.is_problem(404, "not_found");

    ask(&ana, &ana).await.is_problem(422, "friend_self");
    block(&ana, &ana).await.is_problem(422, "friend_self");
    for nobody in ["usr_01ARZ3NDEKTSV4RRFFQ69G5FAV", "ben", "rom_01ARZ3NDEKTSV4RRFFQ69G5FAV"] {
        ana.post(&format!("{FRIENDS}/{nobody}/request"), json!({})).await.is_problem(404, "not_found");
        ana.put(&format!("{FRIENDS}/{nobody}/block"), json!({})).await.is_problem(404, "not_found");
    }
    let _ = cyd.post("/v1/me/deactivation", json!({ "password": tests::PASSWORD })).await.is(204);
    ask(&ana, &cyd).await.is_problem(404, "not_found");
}

/// Who was rejected can ask again after seven days. Who has rejected can ask at once.
/// Promise: friend-pause
#[tokio::test(flavor = "multi_thread")]
async fn after_a_rejection_there_is_a_pause() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    ask(&ana, &ben).await.is(201);
    for _ in 0..2 {
        ben.post(&of(&ana, "/reject"), json!({})).await.is(204);
    }
    assert_eq!(relations(&ana, &ben).await, both("none", "none"));
    let paused = ask(&ana, &ben).await.is_problem(409, "friend_paused");
    assert!((604_000..=604_800).contains(&paused["retry_after"].as_u64().unwrap()), "{paused}");
    cloud.advance((DAY * 7).saturating_sub(Duration::from_secs(60))).await;
    ask(&cloud.sign_in("ana").await, &ben).await.is_problem(409, "friend_paused");
    cloud.advance(Duration::from_secs(60)).await;
    let (ana, ben) = (cloud.sign_in("ana").await, cloud.sign_in("ben").await);
    ask(&ana, &ben).await.is(201);
    ben.post(&of(&ana, "/reject"), json!({})).await.is(204);
    ask(&ben, &ana).await.is(201);
    accept(&ana, &ben).await.is(200);
}

/// A thousand requests of fifty pairs of people at the same moment, half of each from either side: fifty friendships, each counted
/// once for both.
/// Promise: friend-crossing
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crossing_requests_become_one_friendship() {
    let cloud = Cloud::start().await;
    let mut people = Vec::new();
    for n in 0..50 {
        people.push((cloud.member(&format!("ana{n}")).await, cloud.member(&format!("ben{n}")).await));
    }
    let replies = race(1000, |i| {
        let (one, other) = people[i % 50].clone();
        let (me, them) = if (i / 50) % 2 == 0 { (one, other) } else { (other, one) };
        async move { (i % 50, persistent(&me, Method::POST, of(&them, "/request")).await) }
    })
    .await;
    for n in 0..50 {
        let of_pair: Vec<_> = replies.iter().filter(|(pair, _)| *pair == n).map(|(_, reply)| reply.status.as_u16()).collect();
        let count = |status| of_pair.iter().filter(|s| **s == status).count();
        // The answer of the request that was made can have been lost in a 503.
        assert!(count(200) <= 1 && count(201) <= 1 && count(409) >= 18 && of_pair.len() == 20, "{of_pair:?}");
    }
    assert_eq!(cloud.of_kind("pair").await.len(), 50);
    for (one, other) in &people {
        assert_eq!(relations(one, other).await, both("friends", "friends"));
    }
    let counts = cloud.of_kind("relation_counts").await;
    assert_eq!(counts.len(), 100);
    for count in counts {
        let sent = count["sent"]["N"].as_str().unwrap_or("0");
        assert_eq!((count["friends"]["N"].as_str(), sent), (Some("1"), "0"), "{count}");
    }
}

/// An acceptance and a block at the same moment, a hundred times with ten callers: the block always remains.
/// Promise: block-silent
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_acceptance_never_undoes_a_block() {
    let cloud = Cloud::start().await;
    let mut people = Vec::new();
    for n in 0..100 {
        let (one, other) = (cloud.member(&format!("ana{n}")).await, cloud.member(&format!("ben{n}")).await);
        ask(&one, &other).await.is(201);
        people.push((one, other));
    }
    race(1000, |i| {
        let (one, other) = people[i % 100].clone();
        async move {
            // The sender blocks the person who accepts.
            if i / 100 == 5 {
                persistent(&one, Method::PUT, of(&other, "/block")).await
            } else {
                persistent(&other, Method::POST, of(&one, "/accept")).await
            }
        }
    })
    .await;
    for (one, other) in &people {
        assert_eq!(relations(one, other).await, both("blocked", "none"));
        accept(other, one).await.is_problem(404, "not_found");
    }
    for count in cloud.of_kind("relation_counts").await {
        let number = |name: &str| count[name]["N"].as_str().unwrap_or("0").to_owned();
        assert_eq!((number("friends"), number("sent")), ("0".to_owned(), "0".to_owned()), "{count}");
    }
}

/// No operation shows somebody this room.
async fn has_no_room(who: &Caller, room: &str) {
    for place in ["", "/messages", "/receipts", "/members"] {
        who.get(&format!("/v1/rooms/{room}{place}")).await.is_problem(404, "not_found");
    }
}

/// An action of one person on another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Ask,
    TakeBack,
    Accept,
    Reject,
    Remove,
    Block,
    Unblock,
}

const ACTS: [Act; 7] = [Act::Ask, Act::TakeBack, Act::Accept, Act::Reject, Act::Remove, Act::Block, Act::Unblock];

impl Act {
    async fn send(self, me: &Caller, other: &Caller) -> Reply {
        let (method, what) = match self {
            Self::Ask => (Method::POST, "/request"),
            Self::TakeBack => (Method::DELETE, "/request"),
            Self::Accept => (Method::POST, "/accept"),
            Self::Reject => (Method::POST, "/reject"),
            Self::Remove => (Method::DELETE, ""),
            Self::Block => (Method::PUT, "/block"),
            Self::Unblock => (Method::DELETE, "/block"),
        };
        me.send(method, &of(other, what), None).await
    }
}

/// A model of two people, 0 and 1: who has asked, whose request the other rejected, whether they are friends, and who blocks whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Model {
    friends: bool,
    asked: Option<usize>,
    /// The request is not shown, because the other one has blocked its sender since.
    hidden: bool,
    rejected: Option<usize>,
    blocks: [bool; 2],
}

impl Model {
    /// The model after an action of one of them, and whether the action is refused.
    fn after(self, me: usize, act: Act) -> (Self, bool) {
        let (other, mut next) = (1 - me, self);
        let blocked = self.blocks[0] || self.blocks[1];
        let (mine, theirs) = (self.asked == Some(me), self.asked == Some(other));
        let shown = theirs && !self.hidden;
        let plain = Self { friends: false, asked: None, hidden: false, rejected: None, ..self };
        match act {
            Act::Block if self.blocks[me] => {}
            Act::Block => {
                next = if theirs {
                    Self { hidden: true, ..self }
                } else if mine || self.friends {
                    plain
                } else {
                    self
                };
                next.blocks[me] = true;
            }
            Act::Unblock if self.blocks[me] => next.blocks[me] = false,
            Act::Ask if self.blocks[me] || self.friends || mine || self.rejected == Some(me) => return (self, true),
            Act::Ask if theirs => next = Self { friends: true, ..plain },
            Act::Ask => next = Self { asked: Some(me), hidden: self.blocks[other], ..plain },
            Act::Accept if self.friends && !blocked => {}
            Act::Accept if shown && !blocked => next = Self { friends: true, ..plain },
            Act::Reject if shown && !blocked => next = Self { rejected: Some(other), ..plain },
            Act::Reject if !self.blocks[me] && self.rejected == Some(other) => {}
            Act::TakeBack if mine && !self.blocks[me] => next = plain,
            Act::Remove if self.friends => next = plain,
            _ => return (self, true),
        }
        (next, false)
    }

    /// The relation from the point of view of one of them.
    fn relation(self, me: usize) -> &'static str {
        if self.blocks[me] {
            "blocked"
        } else if self.friends {
            "friends"
        } else if self.asked == Some(me) {
            "sent"
        } else if self.asked.is_some() && !self.hidden {
            "received"
        } else {
            "none"
        }
    }

    /// Whether these acts, with these refusals, lead in some order to these relations.
    fn explains(self, acts: &[(usize, Act, bool)], seen: &(String, String)) -> bool {
        if acts.is_empty() {
            return (self.relation(0), self.relation(1)) == (seen.0.as_str(), seen.1.as_str());
        }
        acts.iter().enumerate().any(|(n, (me, act, refused))| {
            let (next, would_be) = self.after(*me, *act);
            let rest: Vec<_> = acts.iter().enumerate().filter(|(m, _)| *m != n).map(|(_, act)| *act).collect();
            would_be == *refused && next.explains(&rest, seen)
        })
    }
}

/// Random acts, four of two people each at the same moment: the final relations, and the refusals, are those that some order of the four
/// explains. The counts are those of the relations. There are 250 such races, or 50 times as many as `STOA_FRIEND_RACES` says, up to
/// twenty.
/// Promise: friend-crossing, friend-requests, block-silent
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_acts_have_the_outcome_of_some_order() {
    const PEOPLE: usize = 50;
    let cloud = Cloud::start().await;
    let mut people = Vec::new();
    for n in 0..PEOPLE {
        people.push(cloud.member(&format!("who{n}x")).await);
    }
    let random_act = || (usize::from(cloud.sys.below(2) == 0), ACTS[usize::try_from(cloud.sys.below(7)).unwrap()]);
    let distances: usize = Env::process().get("STOA_FRIEND_RACES").and_then(|races| races.parse().ok()).unwrap_or(5);
    let mut compared = 0;
    // Each person with the next ones in a ring.
    for distance in 1..=distances {
        let of_pair = |n: usize| [people[n].clone(), people[(n + distance) % PEOPLE].clone()];
        let (mut models, mut plans) = (Vec::new(), Vec::new());
        for n in 0..PEOPLE {
            let mut model = Model::default();
            for (me, act) in [random_act(), random_act()] {
                let (next, refused) = model.after(me, act);
                let pair = of_pair(n);
                let reply = act.send(&pair[me], &pair[1 - me]).await;
                assert_eq!(reply.status.is_success(), !refused, "{model:?} {me} {act:?}: {reply:?}");
                model = next;
            }
            models.push(model);
            plans.push([random_act(), random_act(), random_act(), random_act()]);
        }
        let replies = race(4 * PEOPLE, |i| {
            let ((me, act), pair) = (plans[i / 4][i % 4], of_pair(i / 4));
            async move {
                let reply = act.send(&pair[me], &pair[1 - me]).await;
                let unsure = reply.status == 503 || reply.status == 409 && reply.code() == "conflict";
                if unsure { 503 } else { reply.status.as_u16() }
            }
        })
        .await;
        for (n, (model, plan)) in models.iter().zip(&plans).enumerate() {
            let statuses = &replies[n * 4..n * 4 + 4];
            let seen = relations(&of_pair(n)[0], &of_pair(n)[1]).await;
            // On a busy machine some get 503, and may have been done.
            if !statuses.contains(&503) {
                compared += 1;
                let acts: Vec<_> = plan.iter().zip(statuses).map(|((me, act), status)| (*me, *act, *status >= 400)).collect();
                assert!(model.explains(&acts, &seen), "{model:?} {acts:?}: {seen:?}");
            }
            assert_eq!(seen.0 == "friends", seen.1 == "friends", "{seen:?}");
        }
    }
    assert!(compared > distances * PEOPLE / 10, "only {compared} races had a certain outcome");
    counts_are_right(&cloud, &people).await;
}

/// The counts of each person are the numbers of their relations.
async fn counts_are_right(cloud: &Cloud, people: &[Caller]) {
    let counts = cloud.of_kind("relation_counts").await;
    for who in people {
        let own = counts.iter().find(|count| count["pk"]["S"] == format!("USER#{}", who.id()).as_str());
        for list in ["friends", "sent", "blocked"] {
            let listed = who.get(&format!("{FRIENDS}?relation={list}&limit=100")).await.is(200)["items"].as_array().unwrap().len();
            let counted = own.and_then(|own| own[list]["N"].as_str()).unwrap_or("0");
            assert_eq!(counted, listed.to_string(), "{list} of {}", who.name());
        }
    }
}

/// A blocked person sees what a stranger sees of a private profile that accepts no messages. Nothing of the one
/// reaches the other, and the end of the block brings nothing back.
/// Promise: block-silent
#[tokio::test(flavor = "multi_thread")]
async fn a_block_is_silent_and_final() {
    let cloud = Cloud::start().await;
    let (ana, ben, cyd) = (cloud.member("ana").await, cloud.member("ben").await, cloud.member("cyd").await);
    let version = ana.get("/v1/me").await.header("etag");
    ana.with("if-match", version).patch("/v1/me", json!({ "bio": "Climbs." })).await.is(200);
    befriend(&ana, &ben).await;
    let room = ben.post("/v1/rooms/direct", json!({ "user": ana.id() })).await.is(201)["id"].as_str().unwrap().to_owned();
    let (mut hers, mut his) = (ana.socket().await, ben.socket().await);
    let send = |text: &str| json!({ "type": "send", "room": room, "text": text, "nonce": text });
    assert_eq!(his.ask(send("one")).await["type"], "ack");
    assert_eq!(ben.get("/v1/users/ana").await.is(200)["online"], true);

    for _ in 0..2 {
        assert_eq!(block(&ana, &ben).await.is(200)["relation"], "blocked");
    }
    assert_eq!(relations(&ana, &ben).await, both("blocked", "none"));
    // Neither can write to the other, and the room is hidden from both.
    for socket in [&mut hers, &mut his] {
        assert_eq!(socket.ask(send("two")).await["problem"]["code"], "chat_not_allowed");
        let page = socket.ask(json!({ "type": "sync", "room": room, "since": 0 })).await;
        assert_eq!(page["problem"]["code"], "not_found", "{page}");
        let rooms = socket.ask(json!({ "type": "hello" })).await["rooms"].clone();
        assert_eq!(rooms.as_array().unwrap().len(), 1, "{rooms}");
    }
    for (who, whom) in [(&ana, &ben), (&ben, &ana)] {
        has_no_room(who, &room).await;
        assert_eq!(who.get("/v1/rooms").await.is(200)["items"].as_array().unwrap().len(), 1);
        who.post("/v1/rooms/direct", json!({ "user": whom.id() })).await.is_problem(403, "chat_not_allowed");
        let profile = who.get(&format!("/v1/users/{}", whom.name())).await.is(200);
        let hidden = ["bio", "online", "last_seen_at"].map(|member| profile.get(member).is_some());
        assert_eq!(hidden, [false; 3], "{profile}");
    }
    // For Ben it is as for Cyd, who is a stranger.
    let tries: [(Method, &str); 8] = [
        (Method::GET, ""),
        (Method::POST, "/accept"),
        (Method::DELETE, ""),
        (Method::POST, "/request"),
        (Method::POST, "/request"),
        (Method::GET, ""),
        (Method::DELETE, "/request"),
        (Method::POST, "/request"),
    ];
    for (method, path) in tries {
        let path = of(&ana, path);
        let (blocked, stranger) = (ben.send(method.clone(), &path, None).await, cyd.send(method.clone(), &path, None).await);
        assert_eq!(blocked.shape(), stranger.shape(), "{method} {path}");
    }
    for who in [&ben, &cyd] {
        assert_eq!(names(&who.get("/v1/friends?relation=sent").await.is(200)), ["ana"]);
        assert_eq!(names(&who.get(FRIENDS).await.is(200)), [""; 0]);
    }
    assert_eq!(names(&ana.get("/v1/friends?relation=received").await.is(200)), ["cyd"]);
    assert_eq!(names(&ana.get("/v1/friends?relation=blocked").await.is(200)), ["ben"]);
    ask(&ana, &ben).await.is_problem(409, "friend_state");

    ana.delete(&of(&ben, "/block")).await.is(204);
    ana.delete(&of(&ben, "/block")).await.is_problem(404, "not_found");
    assert_eq!(relations(&ana, &ben).await, both("none", "sent"));
    assert_eq!(names(&ana.get("/v1/friends?relation=received").await.is(200)), ["cyd"]);
    accept(&ana, &ben).await.is_problem(404, "not_found");
    // They can write to each other again, in the room with its messages.
    cloud.refill_frames().await;
    assert_eq!(his.ask(send("three")).await["type"], "ack");
    let history = ana.get(&format!("/v1/rooms/{room}/messages")).await.is(200);
    let texts: Vec<_> = history["items"].as_array().unwrap().iter().map(|m| m["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["one", "three"]);
    assert!(!hers.heard().iter().chain(his.heard()).any(|frame| frame.to_string().contains("two")));
}

/// Who takes messages from friends only gets them from friends, until the friendship ends.
/// Promise: chat-friends-only
#[tokio::test(flavor = "multi_thread")]
async fn friends_write_to_who_takes_messages_from_friends() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let version = ben.get("/v1/me").await.header("etag");
    ben.with("if-match", version).patch("/v1/me", json!({ "who_can_message": "friends" })).await.is(200);
    let open = async || ana.post("/v1/rooms/direct", json!({ "user": ben.id() })).await;
    ask(&ana, &ben).await.is(201);
    open().await.is_problem(403, "chat_not_allowed");
    accept(&ben, &ana).await.is(200);
    let room = open().await.is(201)["id"].clone();
    let mut socket = ana.socket().await;
    let mut send = async |nonce: &str| socket.ask(json!({ "type": "send", "room": room, "text": "Hello", "nonce": nonce })).await;
    assert_eq!(send("n1").await["type"], "ack");
    ben.delete(&of(&ana, "")).await.is(204);
    assert_eq!(send("n2").await["problem"]["code"], "chat_not_allowed");
    ask(&ben, &ana).await.is(201);
    ask(&ana, &ben).await.is(200);
    assert_eq!(send("n3").await["type"], "ack");
}

/// Thirty people: each list has its people with direction and time, in both orders, page by page, and by the beginning of a name.
/// Promise: friend-lists
#[tokio::test(flavor = "multi_thread")]
async fn lists_have_direction_state_search_and_order() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let mut expected = [(); 4].map(|()| Vec::new());
    for n in 0..30 {
        let name = format!("{}{n}", if n % 3 == 0 { "zoe_" } else { "max_" });
        let other = cloud.member(&name).await;
        match n % 4 {
            0 => befriend(&ana, &other).await,
            1 => drop(ask(&ana, &other).await.is(201)),
            2 => drop(ask(&other, &ana).await.is(201)),
            _ => drop(block(&ana, &other).await.is(200)),
        }
        expected[n % 4].insert(0, name);
    }
    for (relation, expected) in ["friends", "sent", "received", "blocked"].into_iter().zip(&expected) {
        let path = format!("{FRIENDS}?relation={relation}");
        let list = ana.get(&path).await.is(200);
        assert_eq!(&names(&list), expected);
        assert!(list["items"].as_array().unwrap().iter().all(|i| i["relation"] == relation && i["since"].is_string()), "{list}");
        assert!(list.get("next_cursor").is_none());
        let reversed: Vec<_> = expected.iter().rev().cloned().collect();
        assert_eq!(names(&ana.get(&format!("{path}&order=oldest")).await.is(200)), reversed);
        for (filter, order) in [("", expected), ("&order=oldest", &reversed)] {
            for search in ["", "&username=ZOE"] {
                let (mut seen, mut page) = (Vec::new(), format!("{path}{filter}{search}&limit=1"));
                loop {
                    let list = ana.get(&page).await.is(200);
                    assert!(names(&list).len() <= 1);
                    seen.extend(names(&list));
                    let Some(cursor) = list["next_cursor"].as_str() else { break };
                    page = format!("{path}{filter}{search}&limit=1&cursor={cursor}");
                }
                let wanted: Vec<_> = order.iter().filter(|n| search.is_empty() || n.starts_with("zoe")).cloned().collect();
                assert_eq!(seen, wanted, "{path}{filter}{search}");
            }
        }
    }
    // A cursor is bound to its owner and its list.
    let cursor = ana.get("/v1/friends?limit=1").await.is(200)["next_cursor"].as_str().unwrap().to_owned();
    ana.get(&format!("/v1/friends?relation=sent&cursor={cursor}")).await.is_problem(400, "cursor_invalid");
    ana.get(&format!("/v1/friends?order=oldest&cursor={cursor}")).await.is_problem(400, "cursor_invalid");
    cloud.sign_in("max_1").await.get(&format!("/v1/friends?cursor={cursor}")).await.is_problem(400, "cursor_invalid");
    ana.get("/v1/friends?relation=none").await.is_problem(400, "malformed");
    assert_eq!(ana.get("/v1/friends?username=").await.field_errors(), ["/username required"]);
    // A person with a deactivated account is listed without a name.
    let _ = cloud.sign_in("zoe_0").await.post("/v1/me/deactivation", json!({ "password": tests::PASSWORD })).await.is(204);
    assert_eq!(names(&ana.get("/v1/friends?order=oldest&limit=1").await.is(200)), ["-"]);
}

fn set_count(core: &Core, user: &str, count: &str, to: u32) {
    let table = core.template.tables.iter().map(|t| t.name.clone()).find(|name| name.ends_with("-state")).unwrap();
    let update = json!({
        "TableName": table,
        "Key": { "pk": { "S": format!("USER#{user}") }, "sk": { "S": "RELATIONS" } },
        "UpdateExpression": "SET #c = :n, kind = :k, v = :v",
        "ExpressionAttributeNames": { "#c": count },
        "ExpressionAttributeValues": { ":n": { "N": to.to_string() }, ":k": { "S": "relation_counts" }, ":v": { "N": "1" } },
    });
    core.aws.dynamodb.database().update_item(serde_json::from_value(update).unwrap()).unwrap();
}

/// A thousand friends, two hundred requests that wait, a thousand blocks.
/// Promise: friend-limits
#[tokio::test(flavor = "multi_thread")]
async fn relations_have_a_maximum() {
    let cloud = Cloud::start().await;
    let (ana, ben, cyd) = (cloud.member("ana").await, cloud.member("ben").await, cloud.member("cyd").await);
    let core = cloud.core();
    set_count(&core, &ana.id(), "sent", 199);
    ask(&ana, &ben).await.is(201);
    assert_eq!(ask(&ana, &cyd).await.is_problem(409, "too_many")["max"], 200);
    set_count(&core, &ana.id(), "blocked", 1000);
    assert_eq!(block(&ana, &cyd).await.is_problem(409, "too_many")["max"], 1000);
    set_count(&core, &ana.id(), "friends", 1000);
    assert_eq!(accept(&ben, &ana).await.is_problem(409, "friends_full")["max"], 1000);
    ask(&cyd, &ana).await.is(201);
    assert_eq!(accept(&ana, &cyd).await.is_problem(409, "friends_full")["max"], 1000);
    set_count(&core, &ana.id(), "friends", 999);
    accept(&ben, &ana).await.is(200);
    for _ in 0..98 {
        ask(&cyd, &ana).await.is_problem(409, "friend_exists");
    }
    // The hundredth request of the day was the last one.
    ask(&cyd, &ben).await.is(201);
    ask(&cyd, &ben).await.is_problem(429, "too_many_requests");
}

/// A deleted account leaves no relation behind, on either side, and is taken out of the counts.
/// Promise: deletion-complete
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_relations_of_a_deleted_account_are_deleted() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let others = [cloud.member("ben").await, cloud.member("cyd").await, cloud.member("dan").await, cloud.member("eve").await];
    let [ben, cyd, dan, eve] = &others;
    befriend(&ana, ben).await;
    ask(cyd, &ana).await.is(201);
    block(dan, &ana).await.is(200);
    block(&ana, eve).await.is(200);
    ask(eve, &ana).await.is(201);
    let scheduled = schedule(&ana).await;
    until_due(&cloud, &scheduled).await;
    assert_eq!(run(&cloud, SWEEP).await["claimed"], 1);
    cloud.settle().await;
    assert_gone(&cloud, &ana, &scheduled).await;
    assert!(!cloud.of_kind("pair").await.iter().any(|pair| pair.to_string().contains(&ana.id())));
    for other in &others {
        let other = cloud.sign_in(other.name()).await;
        for list in ["friends", "sent", "received", "blocked"] {
            assert_eq!(names(&other.get(&format!("{FRIENDS}?relation={list}")).await.is(200)), [""; 0], "{} {list}", other.name());
        }
    }
    let counts: BTreeSet<String> = cloud
        .of_kind("relation_counts")
        .await
        .iter()
        .map(|c| ["friends", "sent", "blocked"].map(|name| c[name]["N"].as_str().unwrap_or("0").to_owned()).concat())
        .collect();
    assert_eq!(counts, BTreeSet::from(["000".to_owned()]));
}
