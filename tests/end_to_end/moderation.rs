//! Moderation: reports, deleted messages, earlier texts, bans. Rules of rooms for messages: slow mode and masked words.

use std::time::Duration;

use local::aws::{
    Service,
    faults::{Fault, Target},
};
use tests::{Caller, Cloud, Refused, Reply, Socket, Value, json, race};

use crate::{
    attachments::ready,
    deletion::{SWEEP, assert_gone, run, schedule, until_due},
};

const REPORTS: &str = "/v1/moderation/reports";
const BANS: &str = "/v1/moderation/bans";

/// A moderator who has just proven a second factor.
async fn moderator(cloud: &Cloud, name: &str) -> Caller {
    cloud.staff(name, "moderator").await.0
}

async fn room_of(one: &Caller, other: &Caller) -> String {
    one.post("/v1/rooms/direct", json!({ "user": other.id() })).await.json()["id"].as_str().unwrap().to_owned()
}

/// A group or a channel of these people, of which the first one is the owner.
async fn club(kind: &str, people: &[&Caller]) -> String {
    let (owner, others) = people.split_first().unwrap();
    let room = owner.post("/v1/rooms", json!({ "kind": kind, "name": "Porch" })).await.is(201)["id"].as_str().unwrap().to_owned();
    for who in others {
        owner.put(&format!("/v1/rooms/{room}/invitations/{}", who.id()), Value::Null).await.is(204);
        who.post(&format!("/v1/rooms/{room}/members"), Value::Null).await.is(200);
    }
    room
}

fn send(room: &str, text: &str, nonce: &str) -> Value {
    json!({ "type": "send", "room": room, "text": text, "nonce": nonce })
}

async fn say(socket: &mut Socket, room: &str, text: &str) -> u64 {
    let nonce: String = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(60).collect();
    let ack = socket.ask(send(room, text, &nonce)).await;
    ack["seq"].as_u64().unwrap_or_else(|| panic!("{ack}"))
}

fn code(answer: &Value) -> &str {
    answer["problem"]["code"].as_str().unwrap_or_else(|| panic!("{answer}"))
}

async fn entry(who: &Caller, room: &str, seq: u64) -> Value {
    let page = who.get(&format!("/v1/rooms/{room}/messages?limit=100")).await.is(200);
    page["items"].as_array().unwrap().iter().find(|m| m["seq"] == seq).unwrap().clone()
}

/// The message in an answer or a push, as a page of the room has it.
fn message_of(payload: &Value) -> Value {
    let mut message = payload.clone();
    message.as_object_mut().unwrap().retain(|name, _| name != "type" && name != "nonce");
    message
}

async fn report(who: &Caller, room: &str, seq: u64, body: Value) -> Reply {
    who.post(&format!("/v1/rooms/{room}/messages/{seq}/reports"), body).await
}

async fn reports(who: &Caller, state: &str) -> Vec<Value> {
    who.get(&format!("{REPORTS}?state={state}")).await.is(200)["items"].as_array().unwrap().clone()
}

async fn ban(by: &Caller, who: &Caller, body: Value) -> Reply {
    by.put(&format!("{BANS}/{}", who.id()), body).await
}

async fn unban(by: &Caller, who: &Caller) -> Reply {
    by.delete(&format!("{BANS}/{}", who.id())).await
}

async fn open(who: &Caller) -> Result<Socket, Refused> {
    let ticket = who.ticket().await;
    Socket::open(ticket["url"].as_str().unwrap(), ticket["ticket"].as_str(), Some(who.origin())).await
}

async fn settings(who: &Caller, changes: Value) {
    let version = who.get("/v1/me").await.header("etag");
    let _ = who.with("if-match", version).patch("/v1/me", changes).await.is(200);
}

async fn befriend(one: &Caller, other: &Caller) {
    one.post(&format!("/v1/friends/{}/request", other.id()), json!({})).await.is(201);
    other.post(&format!("/v1/friends/{}/accept", one.id()), json!({})).await.is(200);
}

/// What the audit has about somebody: the actions, in order.
async fn audited(cloud: &Cloud, about: &Caller) -> Vec<String> {
    let text = |v: &Value| v["S"].as_str().unwrap_or_default().to_owned();
    let mut entries = cloud.of_kind("audit").await;
    entries.retain(|entry| entry["subject"]["S"] == about.id());
    entries.sort_by_key(|entry| text(&entry["sk"]));
    entries.iter().map(|entry| text(&entry["action"])).collect()
}

/// A message is reported once by each member. Moderators see the text as it was, how many people gave which reason and what they
/// said, and nobody learns who they are.
/// Promise: message-report
#[tokio::test(flavor = "multi_thread")]
async fn a_report_keeps_the_text_and_tells_nobody_who_made_it() {
    let cloud = Cloud::start().await;
    let (ana, ben, cyd, eve) = (cloud.member("ana").await, cloud.member("ben").await, cloud.member("cyd").await, cloud.member("eve").await);
    let staff = moderator(&cloud, "mona").await;
    let room = club("group", &[&ana, &ben, &cyd]).await;
    let mut his = ben.socket().await;
    let seq = say(&mut his, &room, "Buy my stones").await;
    let spam = json!({ "reason": "spam", "text": "Every day." });
    for _ in 0..2 {
        report(&ana, &room, seq, spam.clone()).await.is(204);
    }
    let edit = json!({ "type": "edit", "room": room, "seq": seq, "text": "Good morning" });
    assert_eq!(his.ask(edit).await["type"], "edited");
    report(&cyd, &room, seq, json!({ "reason": "fraud" })).await.is(204);
    // Not one's own, not an event, not in a room of others, not what does not exist, and only with a reason of the list.
    report(&ben, &room, seq, spam.clone()).await.is_problem(403, "forbidden");
    report(&ana, &room, 1, spam.clone()).await.is_problem(404, "not_found");
    report(&ana, &room, 99, spam.clone()).await.is_problem(404, "not_found");
    report(&eve, &room, seq, spam.clone()).await.is_problem(404, "not_found");
    let long = json!({ "reason": "spam", "text": "x".repeat(501) });
    assert_eq!(report(&ana, &room, seq, long).await.field_errors(), ["/text too_long"]);
    report(&ana, &room, seq, json!({ "reason": "ugly" })).await.is_problem(400, "malformed");

    let path = format!("/v1/moderation/messages/{room}/{seq}");
    for who in [&ana, &ben, &eve] {
        who.get(REPORTS).await.is_problem(403, "forbidden");
        who.get(&path).await.is_problem(403, "forbidden");
    }
    let open = reports(&staff, "open").await;
    assert_eq!(open.len(), 1, "{open:?}");
    assert_eq!((&open[0]["text"], &open[0]["author"]["username"], &open[0]["seq"]), (&json!("Buy my stones"), &json!("ben"), &json!(seq)));
    assert_eq!(open[0]["reasons"], json!([{ "reason": "spam", "count": 1 }, { "reason": "fraud", "count": 1 }]));
    let whole = staff.get(&path).await.is(200);
    assert_eq!((&whole["message"]["text"], &whole["earlier"][0]["text"]), (&json!("Good morning"), &json!("Buy my stones")), "{whole}");
    assert_eq!((&whole["said"][0]["text"], whole["said"].as_array().unwrap().len()), (&json!("Every day."), 2), "{whole}");
    for reporter in [&ana, &cyd] {
        assert!(!whole.to_string().contains(&reporter.id()) && !json!(open).to_string().contains(&reporter.id()));
        assert!(!cloud.of_kind("report").await.iter().any(|item| item.to_string().contains(&reporter.id())));
    }
    // What nobody has reported is not theirs to read, except in the public room.
    let private = say(&mut his, &room, "A secret").await;
    staff.get(&format!("/v1/moderation/messages/{room}/{private}")).await.is_problem(404, "not_found");
    let public = say(&mut his, "public", "No secret").await;
    assert_eq!(staff.get(&format!("/v1/moderation/messages/public/{public}")).await.is(200)["said"], json!([]));

    // Deleted by its author, it is still before the moderators.
    assert_eq!(his.ask(json!({ "type": "delete", "room": room, "seq": seq })).await["type"], "deleted");
    report(&ana, &room, seq, spam).await.is_problem(404, "not_found");
    assert_eq!(staff.get(&path).await.is(200)["report"]["text"], "Buy my stones");
    let resolution = format!("{REPORTS}/{room}/{seq}/resolution");
    ana.post(&resolution, json!({ "outcome": "dismissed" })).await.is_problem(403, "forbidden");
    staff.post(&resolution, json!({ "outcome": "author_warned" })).await.is(204);
    staff.post(&resolution, json!({ "outcome": "dismissed" })).await.is_problem(409, "conflict");
    assert!(reports(&staff, "open").await.is_empty());
    assert_eq!(reports(&staff, "resolved").await[0]["outcome"], "author_warned");
    assert_eq!(audited(&cloud, &ben).await, ["message_read", "message_read", "report_resolved"]);
    crate::items::are_as_described(&cloud).await;
}

/// Twenty people report a message at the same moment: one report has all of them. Resolved, another one opens it again.
/// Promise: message-report
#[tokio::test(flavor = "multi_thread")]
async fn reports_at_the_same_moment_are_one() {
    let cloud = Cloud::start().await;
    let (ben, staff) = (cloud.member("ben").await, moderator(&cloud, "mona").await);
    let seq = say(&mut ben.socket().await, "public", "rude").await;
    let mut people = Vec::new();
    for i in 0..20 {
        people.push(cloud.member(&format!("m{i}xx")).await);
    }
    let replies = race(40, |i| {
        let who = people[i % 20].clone();
        async move { report(&who, "public", seq, json!({ "reason": "harassment" })).await }
    })
    .await;
    // On a busy machine some requests get 503 and are repeated.
    for (i, reply) in replies.iter().enumerate().filter(|(_, reply)| reply.status != 204) {
        assert_eq!(reply.status, 503, "{reply:?}");
        report(&people[i % 20], "public", seq, json!({ "reason": "harassment" })).await.is(204);
    }
    let open = reports(&staff, "open").await;
    assert_eq!((open.len(), &open[0]["reasons"]), (1, &json!([{ "reason": "harassment", "count": 20 }])), "{open:?}");
    let resolution = format!("{REPORTS}/{}/{seq}/resolution", open[0]["room"].as_str().unwrap());
    staff.post(&resolution, json!({ "outcome": "dismissed" })).await.is(204);
    report(&cloud.member("late").await, "public", seq, json!({ "reason": "hate" })).await.is(204);
    assert_eq!(reports(&staff, "open").await[0]["reasons"][1], json!({ "reason": "hate", "count": 1 }));
}

/// Moderators delete any message in any room, also long after it was sent. The members see it at once, and it is in the audit. A deletion
/// that is repeated, at the same moment or later, is answered alike and does nothing more.
/// Promise: moderation
#[tokio::test(flavor = "multi_thread")]
async fn moderators_delete_any_message() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let (staff, other) = (moderator(&cloud, "mona").await, moderator(&cloud, "mike").await);
    let (direct, group) = (room_of(&ana, &ben).await, club("group", &[&ana, &ben]).await);
    let (mut hers, mut his) = (ana.socket().await, ben.socket().await);
    for room in [direct.as_str(), group.as_str(), "public"] {
        let seq = say(&mut his, room, "rude words").await;
        let path = format!("/v1/moderation/messages/{room}/{seq}");
        ana.delete(&path).await.is_problem(403, "forbidden");
        let (one, same) = tokio::join!(staff.delete(&path), other.delete(&path));
        one.is(204);
        same.is(204);
        assert_eq!(hers.expect(|f| f["payload"]["type"] == "changed" && f["payload"]["seq"] == seq).await["payload"]["kind"], "deleted");
        assert_eq!(entry(&ben, room, seq).await["kind"], "deleted");
        cloud.settle().await;
        let before = cloud.dump().await;
        for by in [&staff, &other] {
            by.delete(&path).await.is(204);
        }
        assert_eq!(cloud.dump().await, before, "a repetition writes nothing");
    }
    hers.ping().await;
    assert!(!hers.heard().iter().any(|f| f["payload"]["type"] == "changed"), "{:?}", hers.heard());
    staff.delete(&format!("/v1/moderation/messages/{group}/1")).await.is_problem(404, "not_found");
    staff.delete("/v1/moderation/messages/public/99").await.is_problem(404, "not_found");
    assert_eq!(audited(&cloud, &ben).await, ["message_deleted"; 3]);
    assert!(!cloud.dump().await.to_string().contains("rude words"));
}

/// A message keeps its last ten earlier texts. Nobody but moderators reads them, and they are gone with the message.
/// Promise: message-earlier
#[tokio::test(flavor = "multi_thread")]
async fn earlier_texts_are_for_moderators_and_go_with_the_message() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let staff = moderator(&cloud, "mona").await;
    let (mut hers, mut his) = (ana.socket().await, ben.socket().await);
    let seq = say(&mut his, "public", "text 0").await;
    for i in 1..=12 {
        if i % 5 == 0 {
            cloud.refill_frames().await;
        }
        let edit = json!({ "type": "edit", "room": "public", "seq": seq, "text": format!("text {i}") });
        assert_eq!(his.ask(edit).await["type"], "edited");
    }
    let path = format!("/v1/moderation/messages/public/{seq}");
    let whole = staff.get(&path).await.is(200);
    let earlier: Vec<&str> = whole["earlier"].as_array().unwrap().iter().map(|e| e["text"].as_str().unwrap()).collect();
    assert_eq!(earlier, (2..12).map(|i| format!("text {i}")).collect::<Vec<_>>());
    let seen = hers.ask(json!({ "type": "history", "room": "public" })).await;
    assert_eq!((seen["messages"].as_array().unwrap().len(), &seen["messages"][0]["text"]), (1, &json!("text 12")));
    assert!(!seen.to_string().contains("text 11"));
    cloud.refill_frames().await;
    assert_eq!(his.ask(json!({ "type": "delete", "room": "public", "seq": seq })).await["type"], "deleted");
    assert!(cloud.of_kind("earlier_text").await.is_empty());
    assert_eq!(staff.get(&path).await.is(200)["earlier"], json!([]));
}

/// A ban closes every socket with its reason and its end, refuses new ones and everything that is sent, and is over when the clock says
/// so.
/// Promise: chat-ban
#[tokio::test(flavor = "multi_thread")]
async fn a_ban_is_seen_at_once_and_ends_by_the_clock() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let staff = moderator(&cloud, "mona").await;
    let room = room_of(&ana, &ben).await;
    let (mut hers, mut laptop, mut phone) = (ana.socket().await, ben.socket().await, ben.socket().await);
    let _ = say(&mut laptop, &room, "rude").await;
    let body = json!({ "reason": "harassment", "explanation": "Three warnings were enough.", "minutes": 5 });
    ban(&ana, &ben, body.clone()).await.is_problem(403, "forbidden");
    for (wrong, error) in [
        (json!({ "reason": "spam", "minutes": 0 }), "/minutes range"),
        (json!({ "reason": "spam", "minutes": 527_041 }), "/minutes range"),
        (json!({ "reason": "spam", "explanation": "x".repeat(501) }), "/explanation too_long"),
    ] {
        assert_eq!(ban(&staff, &ben, wrong).await.field_errors(), [error]);
    }
    ban(&staff, &ben, json!({ "reason": "rate" })).await.is_problem(400, "malformed");
    ban(&staff, &ben, body).await.is(204);
    for device in [&mut laptop, &mut phone] {
        let told = device.expect(|f| f["payload"]["problem"]["code"] == "chat_banned").await["payload"]["problem"].clone();
        assert_eq!((&told["reason"], &told["explanation"]), (&json!("harassment"), &json!("Three warnings were enough.")), "{told}");
        assert!(told["ends_at"].is_string() && (290..=300).contains(&told["retry_after"].as_u64().unwrap()), "{told}");
        device.closed().await;
    }
    assert_eq!(open(&ben).await.err(), Some(Refused(403)));
    let listed = staff.get(BANS).await.is(200)["items"].clone();
    assert_eq!(
        (listed.as_array().unwrap().len(), &listed[0]["user"]["username"], &listed[0]["by"]),
        (1, &json!("ben"), &json!(staff.id()))
    );
    assert_eq!((&listed[0]["reason"], listed[0]["ends_at"].is_string()), (&json!("harassment"), true), "{listed}");
    cloud.settle().await;
    cloud.advance(Duration::from_secs(301)).await;
    assert_eq!(staff.get(BANS).await.is(200)["items"], json!([]));
    let mut back = open(&ben).await.expect("the ban is over");
    assert_eq!(say(&mut back, &room, "sorry").await, 2);
    assert_eq!(hers.expect(|f| f["payload"]["text"] == "sorry").await["payload"]["seq"], 2);
    assert!(
        cloud.of_kind("chat").await.iter().all(|chat| chat["banned_at"].is_null() && chat["gsi1pk"].is_null()),
        "nothing is left of it"
    );
    assert_eq!(audited(&cloud, &ben).await, ["chat_banned"]);
}

/// Bans somebody for five minutes in the table alone, as when their sockets are not closed yet.
fn store_ban(cloud: &Cloud, who: &Caller) {
    let core = cloud.core();
    let table = core.template.tables.iter().find(|t| t.stream_arn.is_some()).unwrap().name.clone();
    let number = |at: kernel::Time| json!({ "N": at.millis().to_string() });
    let item = json!({
        "pk": { "S": format!("USER#{}", who.id()) }, "sk": { "S": "CHAT" }, "kind": { "S": "chat" }, "v": { "N": "1" },
        "banned_at": number(cloud.now()), "banned_until": number(cloud.now() + Duration::from_secs(300)),
    });
    core.aws.dynamodb.database().put_item(serde_json::from_value(json!({ "TableName": table, "Item": item })).unwrap()).unwrap();
}

/// Who is banned from chat reads no messages and no files, neither on a socket that is still open nor over HTTP, in any room and at the
/// support desk, and gets no mail about them. They make and name no rooms. They see which rooms they are in. When the ban is over they
/// read what they missed.
/// Promise: chat-ban
#[tokio::test(flavor = "multi_thread")]
async fn a_banned_person_reads_nothing_on_the_socket_and_nothing_over_http() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let (group, direct) = (club("group", &[&ana, &ben]).await, room_of(&ana, &ben).await);
    let own = club("group", &[&ben]).await;
    let file = ready(&cloud, &ana, &group, "notes.txt", b"notes").await;
    let mut hers = ana.socket().await;
    let with_file = json!({ "type": "send", "room": group, "text": "", "nonce": "file", "attachments": [file] });
    assert_eq!(hers.ask(with_file).await["type"], "ack");
    for room in [direct.as_str(), "public"] {
        let _ = say(&mut hers, room, "hello").await;
    }
    ben.put("/v1/support/thread", json!({ "subject": "My order" })).await.is(201);
    let asks = [
        json!({ "type": "hello" }),
        json!({ "type": "history", "room": direct }),
        json!({ "type": "history", "room": "public" }),
        json!({ "type": "sync", "room": group, "since": 0 }),
    ];
    let mut devices = Vec::new();
    for _ in &asks {
        devices.push(ben.socket().await);
    }
    store_ban(&cloud, &ben);
    for (device, ask) in devices.iter_mut().zip(asks) {
        let told = device.ask(ask.clone()).await;
        assert_eq!(code(&told), "chat_banned", "{ask}: {told}");
        device.closed().await;
    }
    let mut paths: Vec<String> = [direct.as_str(), &group, "public"].iter().map(|room| format!("/v1/rooms/{room}/messages")).collect();
    paths.extend([format!("/v1/rooms/{direct}/receipts"), "/v1/chats".to_owned(), "/v1/support/thread/messages".to_owned()]);
    paths.push(format!("/v1/rooms/{group}/attachments/{}", file.as_str().unwrap()));
    for path in &paths {
        let told = ben.get(path).await.is_problem(403, "chat_banned");
        assert!(told["ends_at"].is_string(), "{path}: {told}");
    }
    for refused in [
        ben.post("/v1/rooms", json!({ "kind": "group", "name": "Another porch" })).await,
        ben.post("/v1/rooms/direct", json!({ "user": ana.id() })).await,
        ben.patch(&format!("/v1/rooms/{own}"), json!({ "name": "Buy my stones" })).await,
        ben.put(&format!("/v1/rooms/{own}/invitations/{}", ana.id()), Value::Null).await,
        ben.post(&format!("/v1/rooms/{group}/members"), Value::Null).await,
        ben.with("idempotency-key", "stones").post("/v1/rooms/public/messages", json!({ "text": "Buy my stones" })).await,
        ben.put("/v1/support/thread", json!({ "subject": "Buy my stones" })).await,
    ] {
        refused.is_problem(403, "chat_banned");
    }
    ben.delete(&format!("/v1/rooms/{own}")).await.is(204);
    assert!(ben.get("/v1/rooms").await.is(200).to_string().contains(&group));
    cloud.settle().await;
    let mails = cloud.mails_to(&ben.email()).await.len();
    let _ = say(&mut hers, &direct, "meanwhile").await;
    cloud.advance(Duration::from_secs(125)).await;
    assert_eq!(cloud.mails_to(&ben.email()).await.len(), mails);
    cloud.advance(Duration::from_secs(180)).await;
    for path in &paths {
        ben.get(path).await.is(200);
    }
    assert_eq!(entry(&ben, &direct, 2).await["text"], "meanwhile");
}

/// A moderator ends a ban, by whomever it was imposed, and the person is told. Staff are not banned, by nobody and by no limit.
/// Promise: chat-ban
#[tokio::test(flavor = "multi_thread")]
async fn a_ban_is_ended_by_a_moderator_and_staff_have_none() {
    let cloud = Cloud::start().await;
    let (ben, cyd) = (cloud.member("ben").await, cloud.member("cyd").await);
    let (staff, other) = (moderator(&cloud, "mona").await, moderator(&cloud, "olaf").await);
    unban(&staff, &ben).await.is_problem(404, "not_found");
    ban(&staff, &other, json!({ "reason": "spam" })).await.is_problem(403, "forbidden");
    ban(&staff, &staff, json!({ "reason": "spam" })).await.is_problem(403, "forbidden");
    staff.put(&format!("{BANS}/usr_01ARZ3NDEKTSV4RRFFQ69G5FAV"), json!({ "reason": "spam" })).await.is_problem(404, "not_found");
    // One by the limit of messages, and one by a moderator, are listed together.
    let mut his = ben.socket().await;
    for i in 0..60 {
        if i % 9 == 8 {
            cloud.refill_frames().await;
        }
        assert_eq!(his.ask(send("public", "flood", &format!("n{i}"))).await["type"], "ack");
    }
    cloud.refill_frames().await;
    his.send("last", send("public", "flood", "n60")).await;
    let told = his.expect(|f| f["payload"]["problem"]["code"] == "chat_banned").await;
    assert_eq!(told["payload"]["problem"]["reason"], "rate", "{told}");
    his.closed().await;
    ban(&staff, &cyd, json!({ "reason": "fraud", "minutes": 60 })).await.is(204);
    let listed = staff.get(BANS).await.is(200)["items"].clone();
    let bans: Vec<_> = listed.as_array().unwrap().iter().map(|b| (b["user"]["username"].clone(), b["reason"].clone())).collect();
    assert_eq!(bans, [(json!("cyd"), json!("fraud")), (json!("ben"), json!("rate"))]);
    assert!(listed[1].get("by").is_none() && listed[1].get("ends_at").is_none());
    let first = staff.get(&format!("{BANS}?limit=1")).await.is(200);
    let second = staff.get(&format!("{BANS}?limit=1&cursor={}", first["next_cursor"].as_str().unwrap())).await.is(200);
    assert_eq!((&first["items"][0], &second["items"][0]), (&listed[0], &listed[1]));

    let mails = cloud.mails_to(&ben.email()).await.len();
    unban(&other, &ben).await.is(204);
    unban(&other, &ben).await.is_problem(404, "not_found");
    let told = cloud.mails_to(&ben.email()).await;
    assert_eq!((told.len() - mails, &*told.last().unwrap().subject), (1, "You can chat again"));
    let inbox = ben.get("/v1/notifications").await.is(200)["items"].clone();
    assert_eq!(inbox[0]["notice"], "chat_unbanned", "{inbox}");
    assert_eq!(open(&ben).await.expect("a socket").ask(json!({ "type": "hello" })).await["type"], "hello");
    assert_eq!(audited(&cloud, &ben).await, ["chat_unbanned"]);

    let mut hers = other.socket().await;
    cloud.advance(Duration::from_secs(60)).await;
    for i in 0..60 {
        if i % 9 == 8 {
            cloud.refill_frames().await;
        }
        assert_eq!(hers.ask(send("public", "notes", &format!("n{i}"))).await["type"], "ack", "{i}");
    }
    cloud.refill_frames().await;
    assert_eq!(code(&hers.ask(send("public", "notes", "n60")).await), "too_many_requests");
    crate::items::are_as_described(&cloud).await;
}

/// Who was banned and has got a role since does not end their own ban: another moderator does.
/// Promise: chat-ban
#[tokio::test(flavor = "multi_thread")]
async fn nobody_ends_their_own_ban() {
    let cloud = Cloud::start().await;
    let (olaf, mona) = (moderator(&cloud, "olaf").await, moderator(&cloud, "mona").await);
    store_ban(&cloud, &olaf);
    unban(&olaf, &olaf).await.is_problem(403, "forbidden");
    assert_eq!(open(&olaf).await.err(), Some(Refused(403)));
    assert!(audited(&cloud, &olaf).await.is_empty());
    unban(&mona, &olaf).await.is(204);
    assert!(open(&olaf).await.is_ok());
    assert_eq!(audited(&cloud, &olaf).await, ["chat_unbanned"]);
}

/// A moderator neither decides about the reports of their own messages nor reads what was said about them. Who has reported a message
/// may decide.
/// Promise: message-report
#[tokio::test(flavor = "multi_thread")]
async fn nobody_decides_about_their_own_message() {
    let cloud = Cloud::start().await;
    let (olaf, mona) = (moderator(&cloud, "olaf").await, moderator(&cloud, "mona").await);
    let seq = say(&mut olaf.socket().await, "public", "rude").await;
    report(&mona, "public", seq, json!({ "reason": "harassment", "text": "You said it to my face." })).await.is(204);
    let (shown, resolution) = (format!("/v1/moderation/messages/public/{seq}"), format!("{REPORTS}/public/{seq}/resolution"));
    olaf.get(&shown).await.is_problem(403, "forbidden");
    olaf.post(&resolution, json!({ "outcome": "dismissed" })).await.is_problem(403, "forbidden");
    assert_eq!(reports(&mona, "open").await.len(), 1);
    assert_eq!(mona.get(&shown).await.is(200)["said"][0]["text"], "You said it to my face.");
    mona.post(&resolution, json!({ "outcome": "author_warned" })).await.is(204);
    assert_eq!(audited(&cloud, &olaf).await, ["report_resolved"]);
}

/// Of moderators who ban at the same moment each is in the audit whose ban held. A process that ends after the ban was recorded leaves no
/// open socket.
/// Promise: chat-ban
#[tokio::test(flavor = "multi_thread")]
async fn a_ban_holds_whatever_happens_to_the_process() {
    let cloud = Cloud::start().await;
    let ben = cloud.member("ben").await;
    let staff = moderator(&cloud, "mona").await;
    let mut his = ben.socket().await;
    assert_eq!(staff.get(BANS).await.is(200)["items"], json!([]));
    // The list of the sockets is the only item that is read by itself.
    let cut = cloud.aws.faults.script(Target::of("ModerationFunction", Service::DynamoDb, "GetItem"), Fault::Internal);
    ban(&staff, &ben, json!({ "reason": "hate" })).await.is(204);
    assert!(cut.hits() > 0);
    his.expect(|f| f["payload"]["problem"]["reason"] == "hate").await;
    his.closed().await;
    cut.end();
    unban(&staff, &ben).await.is(204);
    let replies = race(10, |i| {
        let (staff, ben) = (staff.clone(), ben.clone());
        async move { ban(&staff, &ben, json!({ "reason": "spam", "minutes": i + 1 })).await }
    })
    .await;
    let held = replies.iter().filter(|reply| reply.status == 204).count();
    assert!(held > 0 && replies.iter().all(|reply| [204, 409, 503].contains(&reply.status.as_u16())), "{replies:?}");
    let bans = audited(&cloud, &ben).await.iter().filter(|action| *action == "chat_banned").count();
    assert_eq!(bans, held + 1, "{replies:?}");
    // A moderator whose role is taken away bans nobody any more.
    cloud.appoint(&staff, &[]);
    ban(&staff, &ben, json!({ "reason": "hate" })).await.is_problem(403, "forbidden");
}

/// A thousand actions of ten moderators, while a superuser takes their roles away: nothing of somebody is committed after that, and what
/// was done is in the audit once.
/// Promise: moderation, roles, audit
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_done_with_a_role_that_was_taken_away() {
    const MODERATORS: usize = 10;
    let cloud = Cloud::start().await;
    let (root, _) = cloud.staff("root_of_all", "superuser").await;
    let mut staff = Vec::new();
    for n in 0..MODERATORS {
        staff.push(moderator(&cloud, &format!("mona{n}")).await);
    }
    let done = async |who: &Caller| audited(&cloud, who).await.iter().filter(|action| *action == "public_room_changed").count();
    let acts = race(100 * MODERATORS, |i| {
        let (n, who) = (i % MODERATORS, staff[i % MODERATORS].clone());
        let rules = json!({ "slow_mode_seconds": i % 100, "masks_profanity": false });
        async move { (n, who.put("/v1/moderation/public-room", rules).await) }
    });
    let taken = async {
        let mut before = Vec::new();
        for who in &staff {
            let path = format!("/v1/admin/users/{}/roles/moderator", who.name());
            let mut reply = root.delete(&path).await;
            while reply.status == 503 {
                reply = root.delete(&path).await;
            }
            reply.is(204);
            before.push(done(who).await);
        }
        before
    };
    let (replies, before) = tokio::join!(acts, taken);
    let unsure = replies.iter().any(|(_, reply)| reply.status == 503);
    assert!(before.iter().sum::<usize>() > 0, "something was done before the roles were taken away");
    for (n, who) in staff.iter().enumerate() {
        let of_one: Vec<u16> = replies.iter().filter(|(of, _)| *of == n).map(|(_, reply)| reply.status.as_u16()).collect();
        assert!(of_one.iter().all(|status| [204, 403, 409, 503].contains(status)), "{of_one:?}");
        assert_eq!(done(who).await, before[n], "nothing was committed after the role was taken away");
        let held = of_one.iter().filter(|status| **status == 204).count();
        // A request that got 503 may have been committed.
        assert!(held == before[n] || unsure && held < before[n], "{held} of {}: {of_one:?}", before[n]);
        who.get(REPORTS).await.is_problem(403, "forbidden");
    }
}

/// In a slow mode one message passes in its time, also of many at the same moment, and a refused one takes no number. Administrators and
/// staff do not wait.
/// Promise: slow-mode
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_mode_lets_one_message_pass() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let staff = moderator(&cloud, "mona").await;
    let room = club("group", &[&ana, &ben]).await;
    let path = format!("/v1/rooms/{room}");
    ben.patch(&path, json!({ "slow_mode_seconds": 30 })).await.is_problem(403, "forbidden");
    assert_eq!(ana.patch(&path, json!({ "slow_mode_seconds": 121 })).await.field_errors(), ["/slow_mode_seconds range"]);
    assert_eq!(ana.patch(&path, json!({ "slow_mode_seconds": 30 })).await.is(200)["slow_mode_seconds"], 30);
    // A refusal costs as much as two frames, and ten may come at once: of more, the last ones could come too early.
    let mut sockets = Vec::new();
    for _ in 0..6 {
        sockets.push(ben.socket().await);
    }
    for (i, socket) in sockets.iter_mut().enumerate() {
        socket.send("race", send(&room, "me first", &format!("n{i}"))).await;
    }
    let mut passed = 0;
    for socket in &mut sockets {
        let told = socket.expect(|f| f["id"] == "race").await["payload"].clone();
        if told["type"] == "ack" {
            passed += 1;
        } else {
            assert_eq!(code(&told), "slow_mode");
            assert!((25..=30).contains(&told["problem"]["retry_after"].as_u64().unwrap()), "{told}");
        }
    }
    let last = async || ana.get(&path).await.is(200)["last_seq"].as_u64().unwrap();
    assert_eq!((passed, last().await), (1, 3), "created, joined, one message; a change of the rules is no event");
    let mut hers = ana.socket().await;
    for i in 0..3 {
        assert_eq!(say(&mut hers, &room, &format!("owner {i}")).await, 4 + i);
    }
    cloud.advance(Duration::from_secs(24)).await;
    assert_eq!(code(&sockets[0].ask(send(&room, "again", "again")).await), "slow_mode");
    assert_eq!(last().await, 6);
    cloud.advance(Duration::from_secs(7)).await;
    let ack = sockets[0].ask(send(&room, "again", "again")).await;
    assert_eq!(ack["seq"], 7);
    assert_eq!(sockets[1].ask(send(&room, "again", "again")).await, ack, "a repetition does not wait");
    ana.patch(&path, json!({ "slow_mode_seconds": 0 })).await.is(200);
    cloud.refill_frames().await;
    assert_eq!(say(&mut sockets[1], &room, "fast").await, 8);

    // The public room has its rules from staff, also before its first message.
    let rules = json!({ "slow_mode_seconds": 60, "masks_profanity": false });
    ana.put("/v1/moderation/public-room", rules.clone()).await.is_problem(403, "forbidden");
    staff.put("/v1/moderation/public-room", rules).await.is(204);
    assert_eq!(ana.get("/v1/rooms/public").await.is(200)["slow_mode_seconds"], 60);
    assert_eq!(say(&mut hers, "public", "one").await, 1);
    assert_eq!(code(&hers.ask(send("public", "two", "two")).await), "slow_mode");
    let mut theirs = staff.socket().await;
    for i in 0..3 {
        assert_eq!(say(&mut theirs, "public", &format!("staff {i}")).await, 2 + i);
    }
}

/// Where a room masks swear words, they are masked for everybody and for good, in English and Polish, and the length stays. The author is
/// answered with the message as it is shown, and their other device gets it so, too.
/// Promise: masked-words
#[tokio::test(flavor = "multi_thread")]
async fn swear_words_are_masked_where_a_room_asks_for_it() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = club("group", &[&ana, &ben]).await;
    let (mut hers, mut his, mut phone) = (ana.socket().await, ben.socket().await, ben.socket().await);
    let before = say(&mut his, &room, "kurwa one").await;
    let path = format!("/v1/rooms/{room}");
    assert_eq!(ana.get(&path).await.is(200)["masks_profanity"], false);
    assert_eq!(ana.patch(&path, json!({ "masks_profanity": true })).await.is(200)["masks_profanity"], true);
    for (text, shown) in [("Zażółć, kurwa!", "Zażółć, *****!"), ("z tymi chujami", "z tymi *******"), ("what the FUCK", "what the ****")]
    {
        let nonce: String = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let ack = his.ask(send(&room, text, &nonce)).await;
        let stored = entry(&ben, &room, ack["seq"].as_u64().unwrap()).await;
        assert_eq!((&stored["text"], &message_of(&ack)), (&json!(shown), &stored), "{ack}");
        for socket in [&mut hers, &mut phone] {
            let pushed = socket.expect(|f| f["payload"]["type"] == "message" && f["payload"]["seq"] == ack["seq"]).await;
            assert_eq!(message_of(&pushed["payload"]), stored);
        }
        // The same again is the same message.
        assert_eq!(his.ask(send(&room, text, &nonce)).await, ack);
        let sent = ben.with("idempotency-key", &nonce).post(&format!("{path}/messages"), json!({ "text": text })).await.is(201);
        assert_eq!(sent, stored);
    }
    let sent = ben.with("idempotency-key", "new").post(&format!("{path}/messages"), json!({ "text": "kurwa new" })).await.is(201);
    assert_eq!((&sent["text"], &sent), (&json!("***** new"), &entry(&ben, &room, sent["seq"].as_u64().unwrap()).await));
    let edit = json!({ "type": "edit", "room": room, "seq": before, "text": "jebać one" });
    let edited = his.ask(edit).await;
    assert_eq!((&edited["type"], &edited["text"]), (&json!("edited"), &json!("***** one")), "{edited}");
    for shown in [entry(&ana, &room, before).await, message_of(&phone.hear("changed").await)] {
        assert_eq!(shown, message_of(&edited));
    }
    ana.patch(&path, json!({ "masks_profanity": false })).await.is(200);
    cloud.refill_frames().await;
    let after = say(&mut his, &room, "kurwa two").await;
    assert_eq!(entry(&ana, &room, after).await["text"], "kurwa two");
    assert_eq!(entry(&ana, &room, before).await["text"], "***** one");
}

/// Others in a small room see up to where somebody has read, if both show it. Nothing passes a block, and no time is told.
/// Promise: read-receipts
#[tokio::test(flavor = "multi_thread")]
async fn receipts_are_shown_among_people_who_show_theirs() {
    let cloud = Cloud::start().await;
    let (ana, ben, cyd) = (cloud.member("ana").await, cloud.member("ben").await, cloud.member("cyd").await);
    let (direct, group) = (room_of(&ana, &ben).await, club("group", &[&ana, &ben, &cyd]).await);
    let (mut hers, mut his, mut third) = (ana.socket().await, ben.socket().await, cyd.socket().await);
    let read = |room: &str, seq: u64| json!({ "type": "read", "room": room, "seq": seq });
    let receipts = async |who: &Caller, room: &str| who.get(&format!("/v1/rooms/{room}/receipts")).await.is(200)["items"].clone();
    let heard = async |socket: &mut Socket| {
        let _ = socket.ask(json!({ "type": "ping" })).await;
        socket.take_heard().iter().any(|f| f["payload"]["type"] == "receipt")
    };
    for i in 1..=4 {
        assert_eq!(say(&mut hers, &direct, &format!("d{i}")).await, i);
    }
    assert_eq!(his.ask(read(&direct, 1)).await["seq"], 1);
    assert_eq!(hers.hear("receipt").await, json!({ "type": "receipt", "room": direct, "user": ben.id(), "seq": 1 }));
    assert_eq!(receipts(&ana, &direct).await, json!([{ "user": ben.id(), "seq": 1 }]));
    cloud.refill_frames().await;
    // A marker that does not move, or goes back, tells nothing.
    assert_eq!(his.ask(read(&direct, 1)).await["seq"], 1);
    cloud.refill_frames().await;
    assert_eq!(his.ask(json!({ "type": "read", "room": direct, "seq": 0, "unread": true })).await["seq"], 0);
    assert!(!heard(&mut hers).await);
    for (seq, hides) in [(2, &ben), (3, &ana)] {
        settings(hides, json!({ "read_receipts": false })).await;
        cloud.refill_frames().await;
        assert_eq!(his.ask(read(&direct, seq)).await["seq"], seq);
        assert!(!heard(&mut hers).await, "{seq}");
        for who in [&ana, &ben] {
            assert_eq!(receipts(who, &direct).await, json!([]), "{seq}");
        }
        settings(hides, json!({ "read_receipts": true })).await;
    }
    // In a group, to those whom no block is between.
    cloud.refill_frames().await;
    let seq = say(&mut third, &group, "hello").await;
    ana.put(&format!("/v1/friends/{}/block", ben.id()), Value::Null).await.is(200);
    assert_eq!(his.ask(read(&group, seq)).await["seq"], seq);
    assert_eq!(third.hear("receipt").await["user"], ben.id());
    assert!(!heard(&mut hers).await);
    assert!(!receipts(&ana, &group).await.to_string().contains(&ben.id()));
    assert!(!receipts(&ben, &group).await.to_string().contains(&ana.id()));
    assert!(receipts(&cyd, &group).await.to_string().contains(&ben.id()));
    ana.get(&format!("/v1/rooms/{direct}/receipts")).await.is_problem(404, "not_found");
    assert_eq!(receipts(&ana, "public").await, json!([]));
    cloud.member("eve").await.get(&format!("/v1/rooms/{group}/receipts")).await.is_problem(404, "not_found");
}

/// How many calls of AWS frames have caused so far.
fn calls(cloud: &Cloud) -> u64 {
    cloud.aws.calls.by_operation().get("socket chat").map_or(0, |done| done.tally.total())
}

/// A device tells a room every five seconds that its person types, and moves its marker there every two. What comes too early costs no
/// call: the one is dropped, the other refused with the time to wait.
/// Promise: frame-rate, typing
#[tokio::test(flavor = "multi_thread")]
async fn typing_and_markers_have_a_pace_of_their_own() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = room_of(&ana, &ben).await;
    let (mut hers, mut phone, mut his) = (ana.socket().await, ana.socket().await, ben.socket().await);
    for i in 1..=3 {
        assert_eq!(say(&mut his, &room, &format!("m{i}")).await, i);
    }
    let typing = json!({ "type": "typing", "room": room });
    let read = |seq: u64| json!({ "type": "read", "room": room, "seq": seq });
    assert_eq!(hers.ask(typing.clone()).await["type"], "typing");
    assert_eq!(his.hear("typing").await["user"]["id"], ana.id());
    assert_eq!(hers.ask(read(1)).await["seq"], 1);
    let before = calls(&cloud);
    assert_eq!(hers.ask(typing.clone()).await, json!({ "type": "typing", "room": room }));
    let early = hers.ask(read(2)).await;
    assert_eq!((code(&early), &early["problem"]["retry_after"]), ("too_many_requests", &json!(2)));
    assert_eq!(calls(&cloud), before, "no call");
    // Another device, another room, and later.
    assert_eq!(phone.ask(read(2)).await["seq"], 2);
    assert_eq!(hers.ask(json!({ "type": "read", "room": "public", "seq": 0 })).await["type"], "read");
    cloud.advance(Duration::from_secs(2)).await;
    assert_eq!(hers.ask(read(3)).await["seq"], 3, "the newest marker is not lost");
    let _ = his.ask(json!({ "type": "ping" })).await;
    assert!(!his.heard().iter().any(|f| f["payload"]["type"] == "typing"));
    cloud.advance(Duration::from_secs(3)).await;
    assert_eq!(hers.ask(typing.clone()).await["type"], "typing");
    assert_eq!(his.hear("typing").await["user"]["id"], ana.id());
    // A refusal is not remembered as a note.
    let mut eve = cloud.member("eve").await.socket().await;
    for _ in 0..2 {
        assert_eq!(code(&eve.ask(typing.clone()).await), "not_found");
        assert_eq!(code(&eve.ask(read(1)).await), "not_found");
    }
}

/// A friend becomes a member of a group at once, unless they have turned that off. Everybody else is invited.
/// Promise: room-members
#[tokio::test(flavor = "multi_thread")]
async fn friends_are_added_and_others_invited() {
    let cloud = Cloud::start().await;
    let (ana, ben, cyd, dan) = (cloud.member("ana").await, cloud.member("ben").await, cloud.member("cyd").await, cloud.member("dan").await);
    for friend in [&ben, &cyd] {
        befriend(&ana, friend).await;
    }
    settings(&cyd, json!({ "added_by_friends": false })).await;
    let room = club("group", &[&ana]).await;
    let mut his = ben.socket().await;
    let replies = race(3, |_| {
        let (ana, path) = (ana.clone(), format!("/v1/rooms/{room}/invitations/{}", ben.id()));
        async move { ana.put(&path, Value::Null).await }
    })
    .await;
    assert!(replies.iter().all(|reply| reply.status == 204), "{replies:?}");
    let event = his.hear("message").await;
    assert_eq!(
        (&event["event"]["type"], &event["who"]["username"], &event["seq"]),
        (&json!("joined"), &json!("ben"), &json!(2)),
        "{event}"
    );
    assert_eq!(ben.get(&format!("/v1/rooms/{room}")).await.is(200)["club"]["members"], 2);
    assert_eq!(say(&mut his, &room, "thanks").await, 3);
    for who in [&cyd, &dan] {
        ana.put(&format!("/v1/rooms/{room}/invitations/{}", who.id()), Value::Null).await.is(204);
        who.get(&format!("/v1/rooms/{room}")).await.is_problem(404, "not_found");
        assert_eq!(who.get("/v1/me/room-invitations").await.is(200)["items"][0]["by"], ana.id());
    }
    // Friends of a member who does not administrate the room are not added by that member, and friends read a channel by invitation.
    befriend(&ben, &dan).await;
    ben.put(&format!("/v1/rooms/{room}/invitations/{}", dan.id()), Value::Null).await.is_problem(403, "forbidden");
    let channel = club("channel", &[&ana]).await;
    ana.put(&format!("/v1/rooms/{channel}/invitations/{}", ben.id()), Value::Null).await.is(204);
    ben.get(&format!("/v1/rooms/{channel}")).await.is_problem(404, "not_found");
    // An invitation from before is used up, and who has left is added again.
    settings(&cyd, json!({ "added_by_friends": true })).await;
    ana.put(&format!("/v1/rooms/{room}/invitations/{}", cyd.id()), Value::Null).await.is(204);
    assert_eq!(cyd.get("/v1/me/room-invitations").await.is(200)["items"], json!([]));
    assert_eq!(cyd.get(&format!("/v1/rooms/{room}")).await.is(200)["club"]["members"], 3);
    let counts = cloud.of_kind("room_count").await;
    assert!(counts.iter().filter(|c| c["pk"]["S"].as_str().unwrap().contains(&ben.id())).all(|c| c["joined"]["N"] == "1"), "{counts:?}");
}

/// Nothing keeps the id of somebody who has left for good: not the invitations that they have sent, nor the bans that they have imposed,
/// which stay, nor the reports of their messages, which go.
/// Promise: deletion-complete
#[tokio::test(flavor = "multi_thread")]
async fn invitations_and_bans_stay_without_who_made_them() {
    let cloud = Cloud::start().await;
    let (ben, cyd) = (cloud.member("ben").await, cloud.member("cyd").await);
    let ana = moderator(&cloud, "ana").await;
    let room = club("group", &[&ana, &ben]).await;
    ana.put(&format!("/v1/rooms/{room}/invitations/{}", cyd.id()), Value::Null).await.is(204);
    ban(&ana, &cyd, json!({ "reason": "other" })).await.is(204);
    let seq = say(&mut ana.socket().await, "public", "what staff said").await;
    report(&ben, "public", seq, json!({ "reason": "hate" })).await.is(204);
    cloud.appoint(&ana, &[]);
    let scheduled = schedule(&ana).await;
    until_due(&cloud, &scheduled).await;
    run(&cloud, SWEEP).await;
    cloud.settle().await;
    assert_gone(&cloud, &ana, &scheduled).await;
    assert!(!cloud.dump().await.to_string().contains("what staff said"));
    assert!(cloud.of_kind("report").await.is_empty());
    let banned = cloud.of_kind("chat").await;
    assert!(banned.iter().any(|chat| chat["ban_reason"]["S"] == "other" && chat["banned_by"].is_null()), "{banned:?}");
}
