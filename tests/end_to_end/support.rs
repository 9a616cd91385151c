//! The support desk: a thread of each customer with the whole team.

use std::{collections::BTreeSet, time::Duration};

use kernel::Env;
use local::aws::{
    Service,
    faults::{Fault, Target},
};
use tests::{Caller, Cloud, DAY, Reply, Socket, Value, json, race};

use crate::{
    contacts::by_phone,
    deletion::{SWEEP, run, schedule, until_due},
    export::download,
    items,
    phone_login::change,
};

const THREAD: &str = "/v1/support/thread";
const MINUTE: Duration = Duration::from_secs(60);
/// The function whose schedule looks for what is due at the desk.
const DELIVER: &str = "DeliverFunction";

/// Moves the clock, and does what has become due at the desk.
async fn advance(cloud: &Cloud, by: Duration) {
    cloud.advance(by).await;
    let _ = run(cloud, DELIVER).await;
    cloud.settle().await;
}

/// The id of a customer's thread, which is opened if there is none.
async fn thread_of(customer: &Caller, subject: &str) -> String {
    let thread = customer.put(THREAD, json!({ "subject": subject })).await;
    thread.succeeds();
    thread.json()["room"].as_str().unwrap().to_owned()
}

/// Sends a message as a customer, and returns its number.
async fn ask(customer: &Caller, text: &str, nonce: &str) -> u64 {
    let sent = customer.post(&format!("{THREAD}/messages"), json!({ "text": text, "nonce": nonce })).await.is(201);
    sent["seq"].as_u64().unwrap()
}

/// Sends an answer of the team to what it has seen up to this number.
async fn answer(who: &Caller, thread: &str, text: &str, nonce: &str, seen: u64) -> Reply {
    who.post(&format!("/v1/support/threads/{thread}/messages"), json!({ "text": text, "nonce": nonce, "seen": seen })).await
}

async fn state_of(who: &Caller, thread: &str) -> Value {
    who.get(&format!("/v1/support/threads/{thread}")).await.is(200)["thread"]["state"].clone()
}

/// Opens a socket of the team at the desk.
async fn at_desk(who: &Caller) -> Socket {
    let mut socket = who.socket().await;
    assert_eq!(socket.ask_on("support", json!({ "type": "hello" })).await["team"], true);
    socket
}

/// The texts of the messages in some frames of the support stream.
fn texts(frames: &[Value]) -> Vec<String> {
    let pushed = frames.iter().filter(|f| f["stream"] == "support" && f["payload"]["type"] == "message");
    pushed.map(|f| f["payload"]["text"].as_str().unwrap().to_owned()).collect()
}

/// Every socket of the team gets every message once, whoever wrote it. Customers see "Support", and the team sees who wrote.
/// Promise: support-delivery, support-masked
#[tokio::test(flavor = "multi_thread")]
async fn the_whole_team_talks_with_a_customer() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let ((kim, _), (lou, _)) = (cloud.staff("kim", "moderator").await, cloud.staff("lou", "moderator").await);
    let opened = ana.put(THREAD, json!({ "subject": "  My parcel " })).await;
    assert_eq!((opened.is(201)["subject"].clone(), opened.header("location")), (json!("My parcel"), THREAD.to_owned()));
    assert_eq!(ana.put(THREAD, json!({ "subject": "My parcel" })).await.is(200)["room"], opened.json()["room"]);
    let thread = opened.json()["room"].as_str().unwrap().to_owned();
    let (mut hers, mut phone) = (ana.socket().await, ana.socket().await);
    let (mut first, mut second, mut third) = (at_desk(&kim).await, at_desk(&kim).await, at_desk(&lou).await);
    let hello = hers.ask_on("support", json!({ "type": "hello" })).await;
    assert_eq!((&hello["team"], &hello["thread"]["room"]), (&json!(false), &json!(thread)), "{hello}");

    let sent = hers.ask_on("support", json!({ "type": "send", "text": "Where is it?", "nonce": "n1" })).await;
    assert_eq!((&sent["type"], &sent["seq"], &sent["room"]), (&json!("ack"), &json!(1), &json!(thread)), "{sent}");
    for socket in [&mut first, &mut second, &mut third] {
        let message = socket.hear("message").await;
        assert_eq!((&message["author"]["username"], &message["from"]), (&json!("ana"), &json!("customer")), "{message}");
    }
    assert_eq!(phone.hear("message").await["author"]["id"], ana.id());
    let said = json!({ "type": "send", "room": thread, "text": "On its way.", "nonce": "n1", "seen": 1 });
    assert_eq!(first.ask_on("support", said.clone()).await["seq"], 2);
    assert_eq!(first.ask_on("support", said).await["seq"], 2, "a repetition gets the same answer, whatever came since");
    for socket in [&mut second, &mut third] {
        let message = socket.hear("message").await;
        assert_eq!((&message["author"]["id"], &message["from"]), (&json!(kim.id()), &json!("team")), "{message}");
    }
    for socket in [&mut hers, &mut phone] {
        let message = socket.hear("message").await;
        assert_eq!((&message["author"], &message["from"]), (&json!({ "username": "Support" }), &json!("team")), "{message}");
    }
    cloud.settle().await;
    for socket in [&mut first, &mut second, &mut third, &mut hers, &mut phone] {
        let _ = socket.ask_on("support", json!({ "type": "hello" })).await;
        assert_eq!(texts(socket.heard()), [""; 0], "each message once");
    }
    // Everything that a customer can read, as text: nobody of the team is in it.
    let page = hers.ask_on("support", json!({ "type": "sync", "since": 0 })).await;
    let history = hers.ask_on("support", json!({ "type": "history" })).await;
    let over_http = ana.get(&format!("{THREAD}/messages")).await.is(200);
    assert_eq!(over_http["items"], page["messages"]);
    assert_eq!(history["messages"], page["messages"]);
    for told in [page.to_string(), history.to_string(), over_http.to_string()] {
        assert!(!told.contains("kim") && !told.contains(&kim.id()) && told.contains("Support"), "{told}");
    }
    let seen = kim.get(&format!("/v1/support/threads/{thread}/messages")).await.is(200);
    assert_eq!(seen["items"][1]["author"], json!({ "id": kim.id(), "username": "kim" }));
    // Nothing of the rooms leads into a thread.
    for path in ["", "/messages", "/members"] {
        ana.get(&format!("/v1/rooms/{thread}{path}")).await.is_problem(404, "not_found");
        kim.get(&format!("/v1/rooms/{thread}{path}")).await.is_problem(404, "not_found");
    }
    let frame = hers.ask(json!({ "type": "sync", "room": thread, "since": 0 })).await;
    assert_eq!(frame["problem"]["code"], "not_found");
    assert_eq!(ana.get("/v1/rooms").await.is(200)["items"].as_array().unwrap().len(), 1);
    items::are_as_described(&cloud).await;
}

/// Reading, typing, editing and deleting work as in other rooms. The read marker of the team is shared.
/// Promise: support-delivery, support-masked
#[tokio::test(flavor = "multi_thread")]
async fn both_sides_read_type_edit_and_delete() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let ((kim, _), (lou, _)) = (cloud.staff("kim", "moderator").await, cloud.staff("lou", "moderator").await);
    let thread = thread_of(&ana, "My parcel").await;
    let mut hers = ana.socket().await;
    let (mut first, mut other) = (at_desk(&kim).await, at_desk(&lou).await);
    for n in 1..=3 {
        assert_eq!(ask(&ana, &format!("question {n}"), &format!("q{n}")).await, n);
    }
    let shown = async |who: &Caller| who.get(&format!("/v1/support/threads/{thread}")).await.is(200);
    assert_eq!(shown(&kim).await["unread"]["messages"], 3);
    assert_eq!(first.ask_on("support", json!({ "type": "read", "room": thread, "seq": 2 })).await["seq"], 2);
    assert_eq!(other.hear("read").await["seq"], 2);
    assert_eq!(shown(&lou).await["unread"]["messages"], 1, "what one has read the team has read");
    let back = json!({ "type": "read", "room": thread, "seq": 1 });
    let early = first.ask_on("support", back.clone()).await;
    assert_eq!((&early["problem"]["code"], &early["problem"]["retry_after"]), (&json!("too_many_requests"), &json!(2)), "{early}");
    cloud.advance(Duration::from_secs(2)).await;
    assert_eq!(first.ask_on("support", back).await["seq"], 2, "only forward");
    for _ in 0..2 {
        assert_eq!(first.ask_on("support", json!({ "type": "typing", "room": thread })).await["type"], "typing");
    }
    let typing = hers.hear("typing").await;
    assert_eq!(typing["author"], json!({ "username": "Support" }), "{typing}");
    assert_eq!(other.hear("typing").await["author"]["username"], "kim");
    assert!(hers.heard().iter().all(|frame| frame["payload"]["type"] != "typing"), "once in five seconds");
    answer(&kim, &thread, "an answer", "a1", 3).await.is(201);
    assert_eq!(shown(&lou).await["unread"]["messages"], 0, "who answers has read");
    assert_eq!(ana.get(THREAD).await.is(200)["unread"]["messages"], 1);
    assert_eq!(hers.ask_on("support", json!({ "type": "read", "seq": 4 })).await["seq"], 4);
    assert_eq!(ana.get(THREAD).await.is(200)["unread"]["messages"], 0);
    let edit = json!({ "type": "edit", "room": thread, "seq": 4, "text": "a better answer" });
    assert_eq!(other.ask_on("support", edit.clone()).await["problem"]["code"], "forbidden", "another one's message");
    assert_eq!(first.ask_on("support", edit).await["type"], "edited");
    let changed = hers.hear("changed").await;
    assert_eq!((&changed["text"], &changed["author"]), (&json!("a better answer"), &json!({ "username": "Support" })));
    assert_eq!(changed["changes"], 1, "{changed}");
    for _ in 0..2 {
        assert_eq!(hers.ask_on("support", json!({ "type": "delete", "seq": 1 })).await["type"], "deleted");
    }
    assert_eq!(first.hear("changed").await["kind"], "deleted");
    assert_eq!(ana.get(&format!("{THREAD}/messages")).await.is(200)["items"][0]["kind"], "deleted");
}

/// A moderator deletes a message of a thread. Both sides see that at once.
/// Promise: moderation, support-delivery
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_a_moderator_deletes_disappears_on_both_sides() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let ((kim, _), (lou, _)) = (cloud.staff("kim", "moderator").await, cloud.staff("lou", "moderator").await);
    let thread = thread_of(&ana, "My parcel").await;
    let seq = ask(&ana, "My password is swordfish", "q1").await;
    let (mut hers, mut desk) = (ana.socket().await, at_desk(&lou).await);
    for _ in 0..2 {
        kim.delete(&format!("/v1/moderation/messages/{thread}/{seq}")).await.is(204);
    }
    for socket in [&mut hers, &mut desk] {
        let told = socket.expect(|f| f["stream"] == "support" && f["payload"]["type"] == "changed").await["payload"].clone();
        assert_eq!((&told["room"], &told["seq"], &told["kind"]), (&json!(thread), &json!(seq), &json!("deleted")), "{told}");
    }
    assert!(!cloud.dump().await.to_string().contains("swordfish"));
}

/// The answers of a former member of the team are deleted. Both sides are told once to read the thread again.
/// Promise: support-leaving, deletion-shown
#[tokio::test(flavor = "multi_thread")]
async fn open_windows_read_a_thread_again_after_a_purge() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let ((kim, _), (_, app)) = (cloud.staff("kim", "moderator").await, cloud.staff("lou", "moderator").await);
    let thread = thread_of(&ana, "My parcel").await;
    for n in 0..3 {
        let seen = ask(&ana, &format!("question {n}"), &format!("q{n}")).await;
        answer(&kim, &thread, &format!("canary {n}"), &format!("k{n}"), seen).await.is(201);
    }
    let scheduled = schedule(&kim).await;
    until_due(&cloud, &scheduled).await;
    let (ana, lou) = (cloud.sign_in("ana").await, cloud.sign_in_with(&cloud.anonymous(), "lou", &app).await);
    let (mut hers, mut desk) = (ana.socket().await, at_desk(&lou).await);
    let changes =
        async |socket: &mut Socket| socket.ask_on("support", json!({ "type": "hello" })).await["thread"]["changes"].as_u64().unwrap();
    let before = changes(&mut hers).await;
    assert_eq!(run(&cloud, SWEEP).await["claimed"], 1);
    cloud.settle().await;
    assert_eq!(changes(&mut hers).await, before + 1);
    for socket in [&mut hers, &mut desk] {
        let told = socket.expect(|f| f["payload"]["type"] == "changes").await;
        let expected = json!({ "type": "changes", "room": thread, "changes": before + 1 });
        assert_eq!((&told["stream"], &told["payload"]), (&json!("support"), &expected), "{told}");
        socket.ping().await;
        assert!(socket.heard().iter().all(|f| f["payload"]["type"] != "changes"), "{:?}", socket.heard());
    }
    let page = ana.get(&format!("{THREAD}/messages")).await.is(200);
    assert!(!page.to_string().contains("canary"), "{page}");
}

/// An answer is refused if somebody has written since its author looked, with what came, over HTTP and over the socket. It can be sent
/// all the same.
/// Promise: support-one-answer
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_what_has_moved_on_is_refused() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let ((kim, _), (lou, _)) = (cloud.staff("kim", "moderator").await, cloud.staff("lou", "moderator").await);
    let thread = thread_of(&ana, "My parcel").await;
    assert_eq!(ask(&ana, "Where is it?", "q1").await, 1);
    answer(&kim, &thread, "On its way.", "k1", 1).await.is(201);
    let refused = answer(&lou, &thread, "It is lost.", "l1", 1).await.is_problem(409, "thread_moved_on");
    assert_eq!((&refused["last_seq"], &refused["messages"][0]["text"]), (&json!(2), &json!("On its way.")), "{refused}");
    assert_eq!(refused["messages"][0]["author"]["username"], "kim");
    let mut desk = at_desk(&lou).await;
    let said = |force| json!({ "type": "send", "room": thread, "text": "It is lost.", "nonce": "l1", "seen": 1, "force": force });
    let refused = desk.ask_on("support", said(false)).await;
    assert_eq!((&refused["problem"]["code"], &refused["problem"]["last_seq"]), (&json!("thread_moved_on"), &json!(2)), "{refused}");
    assert_eq!(refused["problem"]["messages"].as_array().unwrap().len(), 1);
    assert_eq!(desk.ask_on("support", said(true)).await["seq"], 3, "a refusal takes no number");
    let nothing_seen = json!({ "text": "x", "nonce": "l2" });
    assert_eq!(lou.post(&format!("/v1/support/threads/{thread}/messages"), nothing_seen).await.field_errors(), ["/seen required"]);
    // A customer is never refused for that.
    assert_eq!(ask(&ana, "Hello?", "q2").await, 4);
}

/// Sends an answer, and repeats it while a busy machine answers with 503. A repetition gets the answer of what it repeats.
async fn persistently(who: Caller, thread: String, nonce: String, seen: u64) -> Reply {
    loop {
        let reply = answer(&who, &thread, "On its way.", &nonce, seen).await;
        if reply.status != 503 {
            return reply;
        }
    }
}

/// Of two answers at the same moment exactly one is sent, in a thousand of a thousand races, or as many as `STOA_SUPPORT_RACES` says. They
/// are run in many threads at once, because a loser mostly waits before it looks again.
/// Promise: support-one-answer
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_answers_at_once_one_is_refused() {
    const THREADS: usize = 25;
    let races: usize = Env::process().get("STOA_SUPPORT_RACES").and_then(|races| races.parse().ok()).unwrap_or(1000);
    let cloud = Cloud::start().await;
    let ((kim, _), (lou, _)) = (cloud.staff("kim", "moderator").await, cloud.staff("lou", "moderator").await);
    let mut threads = Vec::new();
    for n in 0..THREADS {
        let ana = cloud.member(&format!("ana{n}")).await;
        let thread = thread_of(&ana, "My parcel").await;
        let seen = ask(&ana, "Where is it?", "q1").await;
        threads.push((thread, seen));
    }
    for wave in 0..races.div_ceil(THREADS) {
        let replies = race(2 * THREADS, |i| {
            let (who, (thread, seen)) = (if i % 2 == 0 { &kim } else { &lou }, threads[i / 2].clone());
            persistently(who.clone(), thread, format!("a{wave}-{i}"), seen)
        })
        .await;
        for (replies, (thread, seen)) in replies.chunks(2).zip(&mut threads) {
            let statuses: BTreeSet<u16> = replies.iter().map(|reply| reply.status.as_u16()).collect();
            assert_eq!(statuses, BTreeSet::from([201, 409]), "{thread} {wave}: {replies:?}");
            *seen += 1;
            let refused = replies.iter().find(|reply| reply.status == 409).unwrap().is_problem(409, "thread_moved_on");
            assert_eq!(refused["messages"][0]["seq"], *seen, "the loser is shown what came: {refused}");
        }
    }
    for (thread, seen) in &threads {
        assert_eq!(kim.get(&format!("/v1/support/threads/{thread}")).await.is(200)["thread"]["last_seq"], *seen);
    }
}

/// A message of the customer opens a thread in every state. A snooze ends by the clock. After a week a thread that waits is done, and
/// no other one.
/// Promise: support-states
#[tokio::test(flavor = "multi_thread")]
async fn states_follow_messages_and_the_clock() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let (kim, app) = cloud.staff("kim", "moderator").await;
    let (thread, other) = (thread_of(&ana, "My parcel").await, thread_of(&ben, "My account").await);
    let path = format!("/v1/support/threads/{thread}/state");
    kim.put(&path, json!({ "state": "open", "seen": 0 })).await.is_problem(409, "conflict");
    assert_eq!(kim.get("/v1/support/threads").await.is(200)["items"], json!([]), "no thread without a message");
    let mut seen = ask(&ana, "Where is it?", "q0").await;
    ask(&ben, "Where is what?", "q0").await;
    assert_eq!(state_of(&kim, &thread).await, "open");
    let until = |by: Duration| kernel::Timestamp(cloud.now() + by).to_string();
    for (n, state) in ["waiting", "done", "snoozed"].into_iter().enumerate() {
        let mut body = json!({ "state": state, "seen": seen });
        if state == "snoozed" {
            body["until"] = until(DAY).into();
        }
        assert_eq!(kim.put(&path, body.clone()).await.is(200)["state"], state);
        let listed = kim.get(&format!("/v1/support/threads?state={state}")).await.is(200);
        assert_eq!(listed["items"][0]["room"], thread.as_str(), "{listed}");
        seen = ask(&ana, "And?", &format!("q{}", n + 1)).await;
        assert_eq!(state_of(&kim, &thread).await, "open", "from {state}");
        body["seen"] = (seen - 1).into();
        kim.put(&path, body).await.is_problem(409, "thread_moved_on");
        assert_eq!(state_of(&kim, &thread).await, "open");
    }
    for (body, wrong) in [
        (json!({ "state": "snoozed", "seen": seen }), "/until required"),
        (json!({ "state": "done", "seen": seen, "until": until(DAY) }), "/until choice"),
        (json!({ "state": "snoozed", "seen": seen, "until": until(91 * DAY) }), "/until time_ahead"),
        (json!({ "state": "snoozed", "seen": seen, "until": until(Duration::ZERO) }), "/until time_ahead"),
    ] {
        assert_eq!(kim.put(&path, body).await.field_errors(), [wrong]);
    }
    kim.put(&path, json!({ "state": "snoozed", "seen": seen, "until": until(3 * MINUTE) })).await.is(200);
    assert_eq!(ana.get(THREAD).await.is(200)["thread"]["state"], "open", "customers are not told that they are put off");
    cloud.advance(3 * MINUTE + Duration::from_secs(1)).await;
    assert_eq!(state_of(&kim, &thread).await, "open");
    advance(&cloud, MINUTE).await;
    let open = kim.get("/v1/support/threads").await.is(200);
    assert_eq!(open["items"].as_array().unwrap().len(), 2, "{open}");
    // An answer waits for the customer, and is closed after a week. What is open stays open.
    answer(&kim, &thread, "On its way.", "k1", seen).await.is(201);
    assert_eq!(state_of(&kim, &thread).await, "waiting");
    advance(&cloud, 7 * DAY + 2 * MINUTE).await;
    let kim = cloud.sign_in_with(&cloud.anonymous(), "kim", &app).await;
    assert_eq!(state_of(&kim, &thread).await, "done");
    assert_eq!(state_of(&kim, &other).await, "open");
    let ana = cloud.sign_in("ana").await;
    ask(&ana, "It is here, thank you.", "q9").await;
    assert_eq!(state_of(&kim, &thread).await, "open");
    items::are_as_described(&cloud).await;
}

/// A thread is taken by one, and given by whoever has it to somebody of the team. The team is told.
/// Promise: support-take
#[tokio::test(flavor = "multi_thread")]
async fn one_of_the_team_takes_a_thread() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let ((kim, _), (lou, _)) = (cloud.staff("kim", "moderator").await, cloud.staff("lou", "moderator").await);
    let thread = thread_of(&ana, "My parcel").await;
    let seen = ask(&ana, "Where is it?", "q1").await;
    let mut desk = at_desk(&lou).await;
    let path = format!("/v1/support/threads/{thread}");
    let replies = race(2, |i| {
        let (who, path) = (if i == 0 { kim.clone() } else { lou.clone() }, format!("{path}/take"));
        async move { who.post(&path, Value::Null).await }
    })
    .await;
    let statuses: BTreeSet<u16> = replies.iter().map(|reply| reply.status.as_u16()).collect();
    assert_eq!(statuses, BTreeSet::from([200, 409]), "{replies:?}");
    let (has, has_not) = if replies[0].status == 200 { (&kim, &lou) } else { (&lou, &kim) };
    assert_eq!(has.post(&format!("{path}/take"), Value::Null).await.is(200)["assignee"]["username"], has.name());
    has_not.post(&format!("{path}/take"), Value::Null).await.is_problem(409, "thread_taken");
    let give = json!({ "to": has_not.id() });
    has_not.post(&format!("{path}/give"), give.clone()).await.is_problem(409, "thread_taken");
    assert_eq!(has.post(&format!("{path}/give"), json!({ "to": ana.id() })).await.field_errors(), ["/to choice"]);
    // Who leaves the team at the same moment does not get it.
    let gone = Fault::Taken(format!("USER#{}", has_not.id()).leak());
    let gone = cloud.aws.faults.script(Target::of("SupportFunction", Service::DynamoDb, "TransactWriteItems"), gone);
    has.post(&format!("{path}/give"), give.clone()).await.is_problem(409, "conflict");
    assert!(gone.hits() > 0);
    gone.end();
    assert_eq!(has.post(&format!("{path}/give"), give).await.is(200)["assignee"]["username"], has_not.name());
    let told = desk.expect(|f| f["payload"]["type"] == "thread" && f["payload"]["assignee"]["username"] == has_not.name()).await;
    assert_eq!(told["payload"]["room"], thread.as_str());
    let done = kim.put(&format!("{path}/state"), json!({ "state": "done", "seen": seen })).await.is(200);
    assert!(done.get("assignee").is_none(), "nobody has what is done: {done}");
    // Otherwise a name would stay there when its person leaves: nobody is looked for in these.
    let silent = thread_of(&cloud.member("ben").await, "My account").await;
    for nobodys in [&thread, &silent] {
        kim.post(&format!("/v1/support/threads/{nobodys}/take"), Value::Null).await.is_problem(409, "conflict");
    }
    kim.post("/v1/support/threads/rom_01ARZ3NDEKTSV4RRFFQ69G5FAV/take", Value::Null).await.is_problem(404, "not_found");
}

/// Threads are listed by their last message, page by page, and found by username, address and words of the subject.
/// Promise: support-hub
#[tokio::test(flavor = "multi_thread")]
async fn the_hub_lists_and_finds_threads() {
    let cloud = Cloud::start().await;
    let (kim, _) = cloud.staff("kim", "moderator").await;
    let mut customers = Vec::new();
    for (name, subject) in [("ana", "Zgubiona paczka"), ("ben", "Paczka do Łodzi"), ("cyd", "My account")] {
        let customer = cloud.member(name).await;
        let thread = thread_of(&customer, subject).await;
        ask(&customer, "Hello?", "q1").await;
        customers.push((customer, thread));
    }
    let list = async |query: &str| kim.get(&format!("/v1/support/threads{query}")).await.is(200);
    let names = |list: &Value| -> Vec<String> {
        list["items"].as_array().unwrap().iter().map(|t| t["customer"]["username"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&list("").await), ["cyd", "ben", "ana"]);
    ask(&customers[0].0, "Hello??", "q2").await;
    let first = list("?limit=2").await;
    assert_eq!(names(&first), ["ana", "cyd"]);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = list(&format!("?limit=2&cursor={cursor}")).await;
    assert_eq!((names(&second), second.get("next_cursor")), (vec!["ben".to_owned()], None));
    assert_eq!(first["items"][0]["unread"], true);
    let find = async |q: &str| names(&kim.get(&format!("/v1/support/search?q={q}")).await.is(200));
    assert_eq!(find("BEN").await, ["ben"]);
    assert_eq!(find("cyd%40example.test").await, ["cyd"]);
    assert_eq!(find("nobody%40example.test").await, [""; 0]);
    assert_eq!(find("paczka").await.len(), 2);
    assert_eq!(find("lodzi%20pacz").await, ["ben"]);
    assert_eq!(kim.get("/v1/support/search?q=-").await.field_errors(), ["/q required"]);
    // A subject that has changed is found by its new words only.
    thread_of(&customers[0].0, "Reklamacja").await;
    assert_eq!((find("zgubiona").await, find("rekla").await), (Vec::new(), vec!["ana".to_owned()]));
    let figures = kim.get("/v1/support/figures").await.is(200);
    assert_eq!(figures["days"], json!([]), "nobody has been answered: {figures}");
    items::are_as_described(&cloud).await;
}

/// A thread is found by two words of its subject, also if one of them is in the subjects of many others, and page by page by that one
/// alone.
/// Promise: support-hub
#[tokio::test(flavor = "multi_thread")]
async fn a_rare_word_finds_a_thread_beside_a_common_one() {
    let cloud = Cloud::start().await;
    let ((kim, _), ana) = (cloud.staff("kim", "moderator").await, cloud.member("ana").await);
    let thread = thread_of(&ana, "Delivery of a lamp").await;
    ask(&ana, "Where is it?", "q1").await;
    let words = cloud.of_kind("support_word").await;
    let common = words.into_iter().find(|item| item["word"]["S"] == "delivery").unwrap().to_string();
    for n in 0..60 {
        // Their ids are before that of the thread.
        let other = format!("{}{n:02}", &thread.replace(|c: char| c.is_ascii_digit() || c.is_ascii_uppercase(), "0")[..thread.len() - 2]);
        cloud.put_item(&serde_json::from_str(&common.replace(&thread, &other)).unwrap());
    }
    for (q, found) in [("delivery%20lamp", 1), ("lamp%20deliv", 1), ("lamp", 1), ("delivery%20table", 0)] {
        let threads = kim.get(&format!("/v1/support/search?q={q}")).await.is(200);
        assert_eq!(threads["items"].as_array().unwrap().len(), found, "{q}: {threads}");
    }
    // By the common word alone it is on the second page of fifty. There are no threads of the others.
    let first = kim.get("/v1/support/search?q=delivery&limit=50").await.is(200);
    assert_eq!(first["items"], json!([]), "{first}");
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = kim.get(&format!("/v1/support/search?q=delivery&limit=50&cursor={cursor}")).await.is(200);
    assert_eq!((&second["items"][0]["room"], second.get("next_cursor")), (&json!(thread), None), "{second}");
}

/// If all words of a search are in the subjects of many threads, the longest one decides which of them are looked at.
/// Promise: support-hub
#[tokio::test(flavor = "multi_thread")]
async fn the_longest_of_common_words_finds_a_thread() {
    let cloud = Cloud::start().await;
    let ((kim, _), ana) = (cloud.staff("kim", "moderator").await, cloud.member("ana").await);
    let thread = thread_of(&ana, "Delivery of a lamp").await;
    ask(&ana, "Where is it?", "q1").await;
    let words = cloud.of_kind("support_word").await;
    let word = words.into_iter().find(|item| item["word"]["S"] == "delivery").unwrap().to_string();
    for n in 10..70 {
        // Their ids are after that of the thread.
        let other = format!("{}7{}{n}", &thread[..thread.len() - 26], "Z".repeat(23));
        let delivery = word.replace(&thread, &other);
        for word in [delivery.replace("delivery", "dear"), delivery] {
            cloud.put_item(&serde_json::from_str(&word).unwrap());
        }
    }
    let threads = kim.get("/v1/support/search?q=de%20delivery").await.is(200);
    assert_eq!(threads["items"].as_array().unwrap().len(), 1, "{threads}");
}

/// How long customers wait for a first answer is counted by day, once for each question.
/// Promise: support-figures
#[tokio::test(flavor = "multi_thread")]
async fn first_answers_are_measured() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let (kim, _) = cloud.staff("kim", "moderator").await;
    let (hers, his) = (thread_of(&ana, "My parcel").await, thread_of(&ben, "My account").await);
    ask(&ana, "Where is it?", "q1").await;
    let asked = ask(&ana, "Hello?", "q2").await;
    cloud.advance(Duration::from_secs(100)).await;
    answer(&kim, &hers, "On its way.", "k1", asked).await.is(201);
    answer(&kim, &hers, "Tomorrow.", "k2", asked + 1).await.is(201);
    let asked = ask(&ben, "Hello?", "q1").await;
    cloud.advance(Duration::from_secs(50)).await;
    answer(&kim, &his, "Yes?", "k1", asked).await.is(201);
    let figures = kim.get("/v1/support/figures?days=2").await.is(200);
    let answers: u64 = figures["days"].as_array().unwrap().iter().map(|day| day["answers"].as_u64().unwrap()).sum();
    assert_eq!(answers, 2, "{figures}");
    if let [day] = figures["days"].as_array().unwrap().as_slice() {
        assert!((74..=76).contains(&day["mean_seconds"].as_u64().unwrap()), "{figures}");
    }
    assert_eq!(kim.get("/v1/support/figures?days=91").await.field_errors(), ["/days range"]);
}

/// A canary in a private note is in no answer, frame (asked for or pushed), mail, transcript or archive of the customer.
/// Promise: support-notes
#[tokio::test(flavor = "multi_thread")]
async fn a_private_note_never_reaches_the_customer() {
    const CANARY: &str = "canary of a private note";
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let ((kim, _), (lou, _)) = (cloud.staff("kim", "moderator").await, cloud.staff("lou", "moderator").await);
    let thread = thread_of(&ana, "My parcel").await;
    let (mut hers, phone) = (ana.socket().await, ana.socket().await);
    let seen = ask(&ana, "Where is it?", "q1").await;
    let notes = format!("/v1/support/threads/{thread}/notes");
    kim.post(&notes, json!({ "text": CANARY })).await.is(201);
    assert_eq!(kim.post(&notes, json!({ "text": " " })).await.field_errors(), ["/text required"]);
    kim.post("/v1/support/threads/rom_01ARZ3NDEKTSV4RRFFQ69G5FAV/notes", json!({ "text": "x" })).await.is_problem(404, "not_found");
    answer(&kim, &thread, "On its way.", "k1", seen).await.is(201);
    let listed = lou.get(&notes).await.is(200);
    assert_eq!((&listed["items"][0]["text"], &listed["items"][0]["author"]["username"]), (&json!(CANARY), &json!("kim")));
    let mut told = Vec::new();
    for path in [THREAD, "/v1/support/thread/messages", "/v1/rooms", "/v1/chats", "/v1/notifications", "/v1/me"] {
        told.push(ana.get(path).await.is(200).to_string());
    }
    for refused in [ana.get(&notes).await, ana.post(&notes, json!({ "text": "x" })).await, ana.get("/v1/support/threads").await] {
        refused.is_problem(403, "forbidden");
        told.push(format!("{refused:?}"));
    }
    for frame in [json!({ "type": "hello" }), json!({ "type": "sync", "since": 0 }), json!({ "type": "history" })] {
        told.push(hers.ask_on("support", frame).await.to_string());
    }
    let of_thread = hers.ask_on("support", json!({ "type": "history", "room": thread })).await;
    assert_eq!(of_thread["problem"]["code"], "not_found", "a customer names no thread, not even their own: {of_thread}");
    told.push(hers.ask(json!({ "type": "hello" })).await.to_string());
    ana.post("/v1/support/thread/transcript", Value::Null).await.is(204);
    let export = ana.post("/v1/me/exports", json!({})).await.is(202)["id"].as_str().unwrap().to_owned();
    cloud.settle().await;
    let archive = download(&cloud, &ana, &format!("/v1/me/exports/{export}")).await;
    assert!(String::from_utf8_lossy(&archive["rooms.json"]).contains("My parcel"), "her thread is in it");
    told.extend(archive.values().map(|file| String::from_utf8_lossy(file).into_owned()));
    for mut device in [hers, phone] {
        device.ping().await;
        let pushed: Vec<String> = device.heard().iter().map(Value::to_string).collect();
        assert!(pushed.iter().any(|frame| frame.contains("On its way.")), "the answer is pushed: {pushed:?}");
        told.extend(pushed);
        device.drop_silently();
    }
    advance(&cloud, 5 * MINUTE).await;
    let mails = cloud.mails_to(&ana.email()).await;
    let of = |subject: &str| mails.iter().filter(|mail| mail.subject == subject).count();
    assert_eq!((of("Your conversation with support"), of("Support has answered you")), (1, 1), "{mails:?}");
    told.extend(mails.iter().map(|mail| format!("{} {:?}", mail.text, mail.html)));
    let leaks: Vec<&String> = told.iter().filter(|told| told.contains("canary of a private")).collect();
    assert!(leaks.is_empty(), "{leaks:?}");
    assert!(told.iter().all(|told| !told.contains(&kim.id())), "nobody of the team is named");
    assert!(cloud.dump().await.to_string().contains(CANARY), "it is stored");
}

/// A note is deleted by its author or a superuser with a recent proof, and by nobody else. Nothing is left of it but the record of who did
/// it.
/// Promise: support-notes, staff-writes
#[tokio::test(flavor = "multi_thread")]
async fn a_note_is_deleted_by_its_author_or_a_superuser() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let ((kim, _), (lou, _)) = (cloud.staff("kim", "moderator").await, cloud.staff("lou", "moderator").await);
    let (max, app, _) = cloud.careful("max", "+447700900203").await;
    cloud.appoint(&max, &["superuser"]);
    let max = cloud.step_up(&max, &app).await;
    let thread = thread_of(&ana, "My parcel").await;
    let notes = format!("/v1/support/threads/{thread}/notes");
    let mut written = Vec::new();
    for text in ["the first", "the second"] {
        let id = kim.post(&notes, json!({ "text": text })).await.is(201)["id"].as_str().unwrap().to_owned();
        written.push(format!("{notes}/{id}"));
    }
    let [first, second] = written.as_slice() else { panic!() };
    for (who, problem) in [(&ana, "forbidden"), (&lou, "forbidden")] {
        who.delete(first).await.is_problem(403, problem);
    }
    let foreign = first.replace(&thread, "rom_01ARZ3NDEKTSV4RRFFQ69G5FAV");
    kim.delete(&foreign).await.is_problem(404, "not_found");
    // Whoever has lost the role at that moment deletes nothing.
    let lost = cloud.aws.faults.script(Target::of("SupportFunction", Service::DynamoDb, "TransactWriteItems"), Fault::Taken("USER#"));
    kim.delete(first).await.is_problem(403, "forbidden");
    lost.end();
    assert_eq!(kim.get(&notes).await.is(200)["items"].as_array().unwrap().len(), 2);
    cloud.advance(6 * MINUTE).await;
    max.delete(second).await.is_problem(401, "step_up_required");
    let max = cloud.step_up(&max, &app).await;
    for (who, note) in [(&kim, first), (&max, second), (&kim, first)] {
        who.delete(note).await.is(204);
    }
    assert_eq!(lou.get(&notes).await.is(200)["items"], json!([]));
    let mut by: Vec<String> = Vec::new();
    for entry in cloud.of_kind("audit").await.iter().filter(|e| e["action"]["S"] == "support_note_deleted") {
        assert_eq!(entry["subject"]["S"], ana.id());
        by.push(entry["actor"]["S"].as_str().unwrap().to_owned());
    }
    by.sort();
    let mut expected = vec![kim.id(), max.id()];
    expected.sort();
    assert_eq!(by, expected, "once each");
    assert!(!cloud.dump().await.to_string().contains("the first"));
}

/// Somebody who has left gets one mail for what came within two minutes, and none for what they read or what was deleted meanwhile. Who
/// is here gets none.
/// Promise: support-mail
#[tokio::test(flavor = "multi_thread")]
async fn answers_are_mailed_to_who_has_left() {
    const ANSWERED: &str = "Support has answered you";
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let (kim, _) = cloud.staff("kim", "moderator").await;
    let thread = thread_of(&ana, "My parcel").await;
    let mut seen = ask(&ana, "Where is it?", "q1").await;
    let mailed = async || {
        let mails = cloud.mails_to(&ana.email()).await;
        mails.into_iter().filter(|mail| mail.subject == ANSWERED).map(|mail| mail.text).collect::<Vec<_>>()
    };
    for n in 1..=3 {
        answer(&kim, &thread, &format!("answer <{n}>"), &format!("k{n}"), seen).await.is(201);
        seen += 1;
        cloud.advance(Duration::from_secs(30)).await;
    }
    assert_eq!(run(&cloud, DELIVER).await["support"]["mailed"], 0);
    assert_eq!(mailed().await, [""; 0], "not before two minutes");
    cloud.advance(2 * MINUTE).await;
    let _ = run(&cloud, DELIVER).await;
    let mails = mailed().await;
    assert_eq!(mails.len(), 1, "one mail for all three: {mails:?}");
    assert!((1..=3).all(|n| mails[0].contains(&format!("Support: answer <{n}>"))), "{}", mails[0]);
    assert!(!mails[0].contains("kim"), "{}", mails[0]);
    cloud.advance(10 * MINUTE).await;
    assert_eq!(mailed().await.len(), 1, "once");
    // The mails of a thread are one conversation.
    let mail = cloud.mails_to(&ana.email()).await.into_iter().find(|mail| mail.subject == ANSWERED).unwrap();
    assert_eq!(mail.headers["references"], mail.headers["in-reply-to"]);
    // A transcript goes to a proven address only.
    let zoe = by_phone(&cloud, "+447911123460").await;
    let _ = thread_of(&zoe, "My account").await;
    assert_eq!(zoe.post("/v1/support/thread/transcript", Value::Null).await.is_problem(409, "contact_required")["missing"], "email");
}

/// An answer is told in the inbox of a customer who is away. The mail about it waits for the end of their quiet hours. The link in it stops
/// such mails, at once.
/// Promise: support-mail, digest-quiet-hours, notification-inbox, one-click-unsubscribe
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_mailed_as_the_customer_wants_it() {
    const SETTINGS: &str = "/v1/me/notification-settings";
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let (kim, _) = cloud.staff("kim", "moderator").await;
    let thread = thread_of(&ana, "My parcel").await;
    let clock = |at: kernel::Time| kernel::Timestamp(at).to_string()[11..16].to_owned();
    let quiet = json!({ "from": clock(cloud.now() - 60 * MINUTE), "to": clock(cloud.now() + 30 * MINUTE), "zone": "Etc/UTC" });
    ana.patch(SETTINGS, json!({ "quiet_hours": quiet })).await.is(200);
    let mailed = async || {
        let mails = cloud.mails_to(&ana.email()).await;
        mails.into_iter().filter(|mail| mail.subject == "Support has answered you").collect::<Vec<_>>()
    };
    let seen = ask(&ana, "Where is it?", "q1").await;
    answer(&kim, &thread, "On its way.", "k1", seen).await.is(201);
    advance(&cloud, 10 * MINUTE).await;
    assert_eq!(mailed().await.len(), 0, "it can wait");
    let entries = async |who: &Caller| {
        let inbox = who.get("/v1/notifications").await.is(200);
        let of_support = inbox["items"].as_array().unwrap().iter().filter(|entry| entry["category"] == "support");
        of_support.map(|entry| ["room", "seq", "messages", "read"].map(|member| entry[member].clone())).collect::<Vec<_>>()
    };
    let ana = cloud.sign_in("ana").await;
    assert_eq!(entries(&ana).await, [[json!(thread), json!(2), json!(1), json!(false)]], "the inbox does not wait");
    advance(&cloud, 25 * MINUTE).await;
    let mails = mailed().await;
    let [mail] = mails.as_slice() else { panic!("{mails:?}") };
    assert_eq!(mail.headers["list-unsubscribe-post"], "List-Unsubscribe=One-Click");
    let link = mail.headers["list-unsubscribe"].trim_matches(['<', '>']);
    assert!(mail.text.contains(link), "{}", mail.text);
    let path = format!("/unsubscribe/{}", link.rsplit_once("/unsubscribe/").unwrap().1);
    let (form, body) = (Some("application/x-www-form-urlencoded"), b"List-Unsubscribe=One-Click".to_vec());
    cloud.anonymous().raw(reqwest::Method::POST, &path, form, body).await.has(200);
    let ana = cloud.sign_in("ana").await;
    assert_eq!(ana.get(SETTINGS).await.is(200)["support"]["mail"], false);
    assert_eq!(ana.socket().await.ask_on("support", json!({ "type": "read", "seq": 2 })).await["seq"], 2);
    assert_eq!(entries(&ana).await, [[json!(thread), json!(2), json!(1), json!(true)]], "once, and read with the thread");
    let ((lou, _), seen) = (cloud.staff("lou", "moderator").await, ask(&ana, "And now?", "q2").await);
    answer(&lou, &thread, "Still.", "l1", seen).await.is(201);
    advance(&cloud, 10 * MINUTE).await;
    assert_eq!(mailed().await.len(), 1, "they want no more");
    let ana = cloud.sign_in("ana").await;
    assert_eq!(entries(&ana).await, [[json!(thread), json!(4), json!(1), json!(false)]], "the inbox is another channel");
}

/// No mail tells of what was read or deleted within the two minutes, and nobody gets one who is here. Who leaves without reading gets it
/// then.
/// Promise: support-mail
#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_or_deleted_meanwhile_is_not_mailed() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let (kim, _) = cloud.staff("kim", "moderator").await;
    let thread = thread_of(&ana, "My parcel").await;
    let (mut hers, mut desk) = (ana.socket().await, at_desk(&kim).await);
    let asked = ask(&ana, "Where is it?", "q1").await;
    let mailed = async || {
        let mails = cloud.mails_to(&ana.email()).await;
        mails.into_iter().filter(|mail| mail.subject == "Support has answered you").count()
    };
    answer(&kim, &thread, "read", "k1", asked).await.is(201);
    assert_eq!(hers.ask_on("support", json!({ "type": "read", "seq": asked + 1 })).await["seq"], asked + 1);
    hers.close().await;
    advance(&cloud, 3 * MINUTE).await;
    assert_eq!(mailed().await, 0, "it was read");
    let deleted = answer(&kim, &thread, "deleted", "k2", asked + 1).await.is(201);
    let delete = json!({ "type": "delete", "room": thread, "seq": deleted["seq"] });
    assert_eq!(desk.ask_on("support", delete).await["type"], "deleted");
    advance(&cloud, 3 * MINUTE).await;
    assert_eq!(mailed().await, 0, "it was deleted");
    let mut hers = ana.socket().await;
    answer(&kim, &thread, "unread", "k3", asked + 2).await.is(201);
    for _ in 0..5 {
        advance(&cloud, Duration::from_secs(30)).await;
        assert_eq!(hers.ask(json!({ "type": "ping" })).await["type"], "pong");
    }
    assert_eq!(mailed().await, 0, "she is here");
    hers.close().await;
    advance(&cloud, 2 * MINUTE).await;
    advance(&cloud, 2 * MINUTE).await;
    assert_eq!(mailed().await, 1, "she has left without reading");
}

/// Only the team reads threads, with the proof of a second factor that the socket was opened with. A role that is taken away ends that
/// at once.
/// Promise: support-access
#[tokio::test(flavor = "multi_thread")]
async fn only_the_team_with_a_proof_is_at_the_desk() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let thread = thread_of(&ana, "My parcel").await;
    ask(&ana, "Where is it?", "q1").await;
    // A customer cannot tell threads that exist from others.
    let mut his = ben.socket().await;
    for room in [thread.as_str(), "rom_01ARZ3NDEKTSV4RRFFQ69G5FAV"] {
        let refused = his.ask_on("support", json!({ "type": "sync", "room": room, "since": 0 })).await;
        assert_eq!(refused["problem"]["code"], "not_found", "{room}");
        ben.get(&format!("/v1/support/threads/{room}")).await.is_problem(403, "forbidden");
    }
    ben.get(THREAD).await.is_problem(404, "not_found");
    assert_eq!(his.ask_on("support", json!({ "type": "send", "text": "x", "nonce": "n" })).await["problem"]["code"], "not_found");
    // A moderator whose socket was opened before the step-up.
    let (kim, app, _) = cloud.careful("kim", "+447700900201").await;
    cloud.appoint(&kim, &["moderator"]);
    let mut before = kim.socket().await;
    assert_eq!(before.ask_on("support", json!({ "type": "hello" })).await["team"], false);
    let kim = cloud.step_up(&kim, &app).await;
    let refused = before.ask_on("support", json!({ "type": "sync", "room": thread, "since": 0 })).await;
    assert_eq!(refused["problem"]["code"], "step_up_required", "{refused}");
    let mut after = at_desk(&kim).await;
    assert_eq!(after.ask_on("support", json!({ "type": "sync", "room": thread, "since": 0 })).await["upto"], 1);
    let audit = cloud.of_kind("audit").await;
    let read = audit.iter().filter(|e| e["action"]["S"] == "support_thread_read" && e["subject"]["S"] == ana.id());
    assert_eq!(read.map(|e| e["actor"]["S"].clone()).collect::<Vec<_>>(), [json!(kim.id())], "reading is in the audit");
    ask(&ana, "Hello?", "q2").await;
    assert_eq!(after.hear("message").await["text"], "Hello?");
    cloud.appoint(&kim, &[]);
    ask(&ana, "Secret", "q3").await;
    cloud.settle().await;
    let refused = after.ask_on("support", json!({ "type": "sync", "room": thread, "since": 0 })).await;
    assert_eq!(refused["problem"]["code"], "not_found");
    for socket in [&before, &after, &his] {
        assert_eq!(texts(socket.heard()), [""; 0], "{:?}", socket.heard());
    }
    kim.get("/v1/support/threads").await.is_problem(403, "forbidden");
}

/// Customers are banned for more than sixty messages in a minute, and all their sockets closed. The team is not counted.
/// Promise: support-limits
#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_floods_is_banned_and_the_team_is_not() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let (kim, _) = cloud.staff("kim", "moderator").await;
    let thread = thread_of(&ana, "My parcel").await;
    let mut hers = ana.socket().await;
    for n in 0..60 {
        ask(&ana, "Hello?", &format!("q{n}")).await;
    }
    for n in 0..61 {
        answer(&kim, &thread, "Yes?", &format!("k{n}"), 60 + n).await.is(201);
    }
    // Without a limit the newest hundred are read, the oldest of them first.
    for (who, path) in [(&ana, format!("{THREAD}/messages")), (&kim, format!("/v1/support/threads/{thread}/messages"))] {
        let page = who.get(&path).await.is(200);
        let numbers: Vec<u64> = page["items"].as_array().unwrap().iter().filter_map(|message| message["seq"].as_u64()).collect();
        assert_eq!((numbers, page["next_cursor"].is_string()), ((22..=121).collect(), true));
    }
    let over = json!({ "text": "Hello?", "nonce": "over" });
    ana.post(&format!("{THREAD}/messages"), over.clone()).await.is_problem(403, "chat_banned");
    assert_eq!(hers.expect(|f| f["payload"]["problem"]["code"] == "chat_banned").await["payload"]["type"], "error");
    let _ = hers.closed().await;
    ana.post(&format!("{THREAD}/messages"), over).await.is_problem(403, "chat_banned");
}

/// Prepared replies are the team's: with variables that are filled in once, and no others.
/// Promise: support-replies
#[tokio::test(flavor = "multi_thread")]
async fn prepared_replies_are_filled_in() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let ((kim, _), (lou, _)) = (cloud.staff("kim", "moderator").await, cloud.staff("lou", "moderator").await);
    let thread = thread_of(&ana, "My parcel").await;
    let body = |text: &str| json!({ "title": "On its way", "text": text });
    let made = kim.post("/v1/support/replies", body("Hello {name}, order {order}.")).await.is(201);
    let id = made["id"].as_str().unwrap().to_owned();
    assert_eq!(lou.get("/v1/support/replies").await.is(200)["items"][0]["id"], id.as_str());
    assert_eq!(kim.post("/v1/support/replies", body("Hello {surname}")).await.field_errors(), ["/text choice"]);
    let fill = async |order: &str| lou.get(&format!("/v1/support/threads/{thread}/replies/{id}?order={order}")).await.is(200);
    assert_eq!(fill("%7Bname%7D").await["text"], "Hello ana, order {name}.", "values are not filled in again");
    let path = format!("/v1/support/replies/{id}");
    lou.put(&path, body("Bye {name}")).await.is_problem(428, "version_required");
    let written = lou.with("if-match", "\"v1\"").put(&path, body("Bye {name}")).await;
    assert_eq!((written.header("etag"), &written.is(200)["text"]), ("\"v2\"".to_owned(), &json!("Bye {name}")));
    // Kim has read it before.
    kim.with("if-match", "\"v1\"").put(&path, body("Hello!")).await.is_problem(412, "version_mismatch");
    assert_eq!(fill("7").await["text"], "Bye ana");
    for _ in 0..2 {
        lou.delete(&format!("/v1/support/replies/{id}")).await.is(204);
    }
    lou.with("if-match", "*").put(&path, body("x")).await.is_problem(404, "not_found");
    let entries = cloud.of_kind("audit").await.into_iter().filter(|entry| entry["action"]["S"] == "support_reply_changed");
    let by: Vec<String> = entries.map(|entry| entry["actor"]["S"].as_str().unwrap().to_owned()).collect();
    assert_eq!(by.iter().filter(|id| **id == kim.id()).count(), 1, "written: {by:?}");
    assert_eq!(by.iter().filter(|id| **id == lou.id()).count(), 2, "written anew, and deleted once: {by:?}");
    lou.get(&format!("/v1/support/threads/{thread}/replies/{id}")).await.is_problem(404, "not_found");
}

/// Says in the table that a list has so many items.
pub(crate) fn store_list_size(cloud: &Cloud, list: &str, items: u32) {
    cloud.put_item(&json!({
        "pk": { "S": format!("LIST#{list}") }, "sk": { "S": "LIST" }, "kind": { "S": "list_size" }, "v": { "N": "1" },
        "items": { "N": items.to_string() },
    }));
}

/// Of many replies that are prepared at the same moment there are no more than there is room for, and a deleted one makes room.
/// Promise: bounded-lists
#[tokio::test(flavor = "multi_thread")]
async fn there_are_no_more_prepared_replies_than_there_is_room_for() {
    let cloud = Cloud::start().await;
    let (kim, _) = cloud.staff("kim", "moderator").await;
    let prepare = async |title: &str| kim.post("/v1/support/replies", json!({ "title": title, "text": "Hello {name}" })).await;
    let id = prepare("First").await.is(201)["id"].as_str().unwrap().to_owned();
    store_list_size(&cloud, "support_replies", 198);
    let replies = race(10, |i| {
        let kim = kim.clone();
        async move { kim.post("/v1/support/replies", json!({ "title": format!("Reply {i}"), "text": "Hello" })).await }
    })
    .await;
    assert!(replies.iter().all(|reply| [201, 409, 503].contains(&reply.status.as_u16())), "{replies:?}");
    let made = cloud.of_kind("support_reply").await.len();
    assert!((1..=3).contains(&made), "{replies:?}");
    // On a busy machine some requests get 503 and are repeated.
    for n in made..3 {
        prepare(&format!("Again {n}")).await.is(201);
    }
    assert_eq!(prepare("Too many").await.is_problem(409, "too_many")["max"], 200);
    for _ in 0..2 {
        kim.delete(&format!("/v1/support/replies/{id}")).await.is(204);
    }
    prepare("Instead").await.is(201);
    prepare("Too many").await.is_problem(409, "too_many");
    items::are_as_described(&cloud).await;
}

/// When a customer leaves, their thread and the notes beside it go; when somebody of the team leaves, nothing names them any more.
/// Promise: support-leaving
#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_is_named_nowhere_at_the_desk() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let ((kim, _), (_, app)) = (cloud.staff("kim", "moderator").await, cloud.staff("lou", "moderator").await);
    let (hers, his) = (thread_of(&ana, "Canary subject").await, thread_of(&ben, "My account").await);
    for (customer, thread) in [(&ana, &hers), (&ben, &his)] {
        let seen = ask(customer, "Where is it?", "q1").await;
        answer(&kim, thread, "On its way.", "k1", seen).await.is(201);
        kim.post(&format!("/v1/support/threads/{thread}/notes"), json!({ "text": format!("note of {}", customer.name()) })).await.is(201);
        kim.post(&format!("/v1/support/threads/{thread}/take"), Value::Null).await.is(200);
    }
    // What waits for its customer is closed before the accounts are deleted.
    ask(&ben, "Still nothing.", "q2").await;
    let prepared = json!({ "title": "Bye", "text": "Bye {name}" });
    kim.post("/v1/support/replies", prepared).await.is(201);
    // The list of threads may be behind.
    let rooms = cloud.of_kind("room").await;
    let behind = rooms.iter().find(|room| room["id"]["S"] == his.as_str()).unwrap();
    change(&cloud, behind, "gsi1pk", json!({ "S": "SUPPORT#BEHIND" }));
    let scheduled = [schedule(&ana).await, schedule(&kim).await];
    until_due(&cloud, &scheduled[1]).await;
    let _ = run(&cloud, SWEEP).await;
    cloud.settle().await;
    // What the outbox had to tell has ids only, and expires.
    let dump = cloud.dump().await;
    let items = dump.as_object().unwrap().values().flat_map(|table| table.as_array().unwrap());
    let dump: String = items.filter(|item| item["kind"]["S"] != "outbox").map(Value::to_string).collect();
    let left = |what: &str| dump.contains(what);
    for what in [hers.as_str(), "note of ana", "canary"] {
        assert!(!left(what), "{what} of the customer is left");
    }
    for kind in ["room", "support_note", "support_reply", "message", "assigned_thread"] {
        let stored = cloud.of_kind(kind).await;
        assert!(stored.iter().all(|item| !item.to_string().contains(&kim.id())), "{kind}: {stored:?}");
    }
    assert!(left("note of ben"), "the note stays with the thread");
    let lou = cloud.sign_in_with(&cloud.anonymous(), "lou", &app).await;
    let shown = lou.get(&format!("/v1/support/threads/{his}")).await.is(200);
    assert!(shown["thread"].get("assignee").is_none(), "{shown}");
    let notes = lou.get(&format!("/v1/support/threads/{his}/notes")).await.is(200);
    assert!(notes["items"][0].get("author").is_none(), "{notes}");
}

/// What a client has to know is shown to everybody, can be kept, and is what the server holds.
/// Promise: client-configuration
#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_of_clients_is_what_the_server_holds() {
    let cloud = Cloud::start().await;
    let reply = cloud.anonymous().get("/v1/client-configuration").await;
    let configuration = reply.is(200);
    assert_eq!(reply.header("cache-control"), "public, max-age=300");
    let again = cloud.anonymous().with("if-none-match", reply.header("etag")).get("/v1/client-configuration").await;
    again.has(304);
    assert_eq!(configuration["socket"]["streams"], json!(["chat", "support", "notification"]));
    assert_eq!(configuration["languages"], json!(kernel::Locale::ALL));
    let ana = cloud.member("ana").await;
    let hello = ana.socket().await.ask(json!({ "type": "hello" })).await;
    assert_eq!(configuration["limits"], hello["limits"]);
    assert_eq!(configuration["socket"]["url"], ana.ticket().await["url"]);
}
