//! Mails and text messages about messages missed while away, notification settings, and unsubscribing.

use std::time::Duration;

use local::{
    aws::{
        Service,
        faults::{Fault, Target},
    },
    hosts::Trace,
    inbox::Message,
};
use serde_json::value::to_raw_value;
use tests::{Caller, Cloud, DAY, HOUR, PASSWORD, Socket, Value, json, race};

use crate::{contacts::by_phone, socket::until};

const DIGESTS: &str = "DigestsFunction";
const SETTINGS: &str = "/v1/me/notification-settings";
const MINUTE: Duration = Duration::from_secs(60);
/// Longer than the time that a message may stay unread before a mail.
const LATER: Duration = Duration::from_secs(125);

async fn room_of(one: &Caller, other: &Caller) -> String {
    one.post("/v1/rooms/direct", json!({ "user": other.id() })).await.json()["id"].as_str().unwrap().to_owned()
}

async fn group_of(owner: &Caller, people: &[&Caller]) -> String {
    let room = owner.post("/v1/rooms", json!({ "kind": "group", "name": "Porch" })).await.is(201)["id"].as_str().unwrap().to_owned();
    for who in people {
        owner.put(&format!("/v1/rooms/{room}/invitations/{}", who.id()), Value::Null).await.is(204);
        who.post(&format!("/v1/rooms/{room}/members"), Value::Null).await.is(200);
    }
    room
}

async fn say(socket: &mut Socket, room: &str, text: &str) -> u64 {
    let nonce: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    let ack = socket.ask(json!({ "type": "send", "room": room, "text": text, "nonce": nonce })).await;
    ack["seq"].as_u64().unwrap_or_else(|| panic!("{ack}"))
}

/// Signs somebody in once more, has them say something, and leaves.
async fn say_anew(cloud: &Cloud, name: &str, room: &str, text: &str) -> Caller {
    let who = cloud.sign_in(name).await;
    let mut socket = who.socket().await;
    let _ = say(&mut socket, room, text).await;
    socket.close().await;
    cloud.settle().await;
    who
}

/// The mails about missed messages to a person: only these have a link that stops such mails.
async fn told(cloud: &Cloud, who: &Caller) -> Vec<Message> {
    let all = cloud.mails_to(&who.email()).await;
    all.into_iter().filter(|mail| mail.headers.contains_key("list-unsubscribe")).collect()
}

/// The entries of somebody's inbox about chats.
async fn entries(who: &Caller) -> Vec<Value> {
    let inbox = who.get("/v1/notifications").await.is(200);
    inbox["items"].as_array().unwrap().iter().filter(|entry| entry["type"] == "UPDATE_CHAT").cloned().collect()
}

/// Runs the sweep of this moment.
async fn sweep(cloud: &Cloud) {
    let event = json!({ "version": "0", "source": "aws.scheduler", "detail-type": "Scheduled Event", "detail": "{}" });
    drop(cloud.hosts.invoke(DIGESTS, to_raw_value(&event).unwrap(), &Trace::new(&cloud.sys)).await);
    cloud.settle().await;
}

/// Ten messages to somebody who is away are one mail, two minutes after the first one, and one entry of the inbox. Further sweeps send
/// nothing. Later messages take the place of the entry.
/// Promise: digest-burst, notification-inbox
#[tokio::test(flavor = "multi_thread")]
async fn a_burst_to_somebody_away_is_one_mail() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = room_of(&ana, &ben).await;
    let mut hers = ana.socket().await;
    for i in 0..9 {
        let _ = say(&mut hers, &room, &format!("news {i}")).await;
    }
    cloud.advance(MINUTE).await;
    assert_eq!(say(&mut hers, &room, "<b>the last</b>\none").await, 10);
    assert_eq!((told(&cloud, &ben).await.len(), entries(&ben).await.len()), (0, 0), "it may still be read");
    cloud.advance(MINUTE + Duration::from_secs(5)).await;
    let mails = told(&cloud, &ben).await;
    let [mail] = mails.as_slice() else { panic!("{mails:?}") };
    assert_eq!(mail.subject, "10 messages wait for you");
    let lines: Vec<&str> = mail.text.lines().map(str::trim_end).collect();
    assert!(lines.windows(2).any(|two| two == ["ana: news 0", "ana: news 1"]) && lines.contains(&"and 5 more"), "{}", mail.text);
    for _ in 0..3 {
        cloud.advance(MINUTE).await;
        sweep(&cloud).await;
    }
    assert_eq!(told(&cloud, &ben).await.len(), 1);
    let found = entries(&ben).await;
    let [entry] = found.as_slice() else { panic!("{found:?}") };
    let members = ["category", "room", "seq", "messages", "read"].map(|m| entry[m].clone());
    assert_eq!(members, [json!("direct"), json!(room), json!(10), json!(10), json!(false)]);
    assert!(told(&cloud, &ana).await.is_empty() && entries(&ana).await.is_empty(), "nobody is told of what they said");
    // One entry for each room, which moves up.
    let ana = say_anew(&cloud, "ana", &room, "<i>and</i> another").await;
    cloud.advance(LATER).await;
    let ben = cloud.sign_in("ben").await;
    let found = entries(&ben).await;
    assert_eq!((found.len(), &found[0]["seq"], &found[0]["messages"]), (1, &json!(11), &json!(11)), "{found:?}");
    assert_ne!(found[0]["id"], entry["id"]);
    assert_eq!(ben.get("/v1/notifications/unread").await.is(200)["unread"], 1);
    // Fifteen minutes after the last mail about the room, with the new messages.
    assert_eq!(told(&cloud, &ben).await.len(), 1);
    cloud.advance(MINUTE * 15).await;
    let last = told(&cloud, &ben).await.pop().unwrap();
    assert_eq!((last.subject.as_str(), told(&cloud, &ben).await.len()), ("A message waits for you", 2));
    assert!(last.text.contains("ana: <i>and</i> another") && !last.text.contains("news"), "{}", last.text);
    let html = last.html.unwrap();
    assert!(html.contains("&lt;i&gt;and&lt;") && !html.contains("<i>"), "{html}");
    // Reading the room reads the entry.
    let ben = cloud.sign_in("ben").await;
    let mut his = ben.socket().await;
    assert_eq!(his.ask(json!({ "type": "read", "room": room, "seq": 11 })).await["seq"], 11);
    assert_eq!(
        (ben.get("/v1/notifications/unread").await.is(200)["unread"].clone(), entries(&ben).await[0]["read"].clone()),
        (json!(0), json!(true))
    );
    drop(ana);
}

/// What is read within two minutes on any device, deleted, or not wanted any more is not told; what was edited is told as it is then.
/// Promise: digest-checked-again, digest-block
#[tokio::test(flavor = "multi_thread")]
async fn everything_is_checked_again_before_a_mail_leaves() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let mut people = Vec::new();
    for name in ["reads", "muted", "blocks", "blocked", "nomail", "leaves", "deleted", "edited", "closed"] {
        people.push(cloud.member(&format!("who_{name}")).await);
    }
    let [reads, muted, blocks, blocked, no_mail, leaves, deleted, edited, closed] = people.as_slice() else { panic!() };
    let mut rooms = Vec::new();
    for who in &people {
        rooms.push(if who.name() == "who_leaves" { group_of(&ana, &[who]).await } else { room_of(&ana, who).await });
    }
    let mut hers = ana.socket().await;
    let mut seqs = Vec::new();
    for room in &rooms {
        seqs.push(say(&mut hers, room, "a secret").await);
    }
    let mut phone = reads.socket().await;
    let _ = phone.ask(json!({ "type": "read", "room": rooms[0], "seq": seqs[0] })).await;
    phone.close().await;
    muted.put(&format!("/v1/rooms/{}/notices", rooms[1]), json!({ "muted": true })).await.is(204);
    blocks.put(&format!("/v1/friends/{}/block", ana.id()), json!({})).await.is(200);
    ana.put(&format!("/v1/friends/{}/block", blocked.id()), json!({})).await.is(200);
    no_mail.patch(SETTINGS, json!({ "direct": { "mail": false } })).await.is(200);
    leaves.delete(&format!("/v1/rooms/{}/members/{}", rooms[5], leaves.id())).await.is(204);
    cloud.refill_frames().await;
    let gone = hers.ask(json!({ "type": "delete", "room": rooms[6], "seq": seqs[6] })).await;
    assert_eq!(gone["type"], "deleted", "{gone}");
    let changed = hers.ask(json!({ "type": "edit", "room": rooms[7], "seq": seqs[7], "text": "better words" })).await;
    assert_eq!(changed["type"], "edited", "{changed}");
    let _ = closed.post("/v1/me/deactivation", json!({ "password": PASSWORD })).await.is(204);
    cloud.advance(LATER).await;
    for who in [reads, muted, blocks, blocked, no_mail, leaves, deleted, closed] {
        assert!(told(&cloud, who).await.is_empty(), "{}", who.name());
    }
    let mails = told(&cloud, edited).await;
    assert!(mails.len() == 1 && mails[0].text.contains("better words") && !mails[0].text.contains("secret"), "{mails:?}");
    for who in [reads, muted, blocks, blocked, leaves, deleted] {
        assert!(entries(who).await.is_empty(), "{}", who.name());
    }
    assert_eq!(entries(no_mail).await.len(), 1, "the inbox is another channel");
    // Nothing is due any more.
    for _ in 0..2 {
        cloud.advance(MINUTE * 20).await;
    }
    let due = cloud.of_kind("member").await.into_iter().filter(|member| member["digest_due"].is_object()).count();
    assert_eq!(due, 0);
    assert_eq!(told(&cloud, edited).await.len(), 1);
}

/// A person who is online costs nothing and gets no mail. One who comes within the two minutes gets the entry pushed, and no mail.
/// Promise: digest-away-only, notification-push
#[tokio::test(flavor = "multi_thread")]
async fn who_is_here_gets_no_mail() {
    let cloud = Cloud::start().await;
    let (ana, ben, cyd) = (cloud.member("ana").await, cloud.member("ben").await, cloud.member("cyd").await);
    let (with_ben, with_cyd) = (room_of(&ana, &ben).await, room_of(&ana, &cyd).await);
    let (mut hers, mut his) = (ana.socket().await, ben.socket().await);
    for room in [&with_ben, &with_cyd] {
        let _ = say(&mut hers, room, "here?").await;
    }
    assert_eq!(his.hear("message").await["text"], "here?");
    let due = cloud.of_kind("member").await.into_iter().filter(|member| member["digest_due"].is_object());
    assert_eq!(due.map(|member| member["user"]["S"].clone()).collect::<Vec<_>>(), [json!(cyd.id())]);
    cloud.clock.advance(Duration::from_secs(110)).unwrap();
    cloud.settle().await;
    let mut third = cyd.socket().await;
    cloud.advance(Duration::from_secs(15)).await;
    sweep(&cloud).await;
    let pushed = third.expect(|f| f["stream"] == "notification").await["payload"].clone();
    assert_eq!((&pushed["type"], &pushed["room"], &pushed["read"]), (&json!("UPDATE_CHAT"), &json!(with_cyd), &json!(false)));
    assert_eq!(entries(&cyd).await, [pushed]);
    cloud.advance(LATER).await;
    assert!(told(&cloud, &ben).await.is_empty() && told(&cloud, &cyd).await.is_empty());
}

/// Somebody who only seems to be here, because their sockets closed unnoticed, is told of a message like those who are away.
/// Promise: digest-away-only
#[tokio::test(flavor = "multi_thread")]
async fn who_has_only_closed_sockets_is_away() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = room_of(&ana, &ben).await;
    let (mut hers, mut his) = (ana.socket().await, ben.socket().await);
    // A younger socket counts as being in its handshake.
    cloud.advance(Duration::from_secs(30)).await;
    assert_eq!(his.ask(json!({ "type": "ping" })).await["type"], "pong");
    let mute = cloud.aws.faults.script(Target::of("SocketFunction", Service::DynamoDb, "GetItem"), Fault::Internal);
    his.drop_silently();
    until(async || mute.hits() >= 3).await;
    cloud.settle().await;
    mute.end();
    let _ = say(&mut hers, &room, "here?").await;
    cloud.settle().await;
    cloud.advance(LATER).await;
    sweep(&cloud).await;
    assert_eq!((told(&cloud, &ben).await.len(), told(&cloud, &ana).await.len()), (1, 0));
}

/// In a group the messages after the first one write nothing for those who are away, except near the moment at which the group is looked
/// at. All of them are in the mail.
/// Promise: digest-away-only, digest-burst
#[tokio::test(flavor = "multi_thread")]
async fn a_burst_in_a_group_is_one_write_for_each_who_is_away() {
    let cloud = Cloud::start().await;
    let (ana, ben, cyd) = (cloud.member("ana").await, cloud.member("ben").await, cloud.member("cyd").await);
    let group = group_of(&ana, &[&ben, &cyd]).await;
    let mut hers = ana.socket().await;
    // This fault has no effect. It only counts the calls.
    let counted = || cloud.aws.faults.script(Target::of("ChatFunction", Service::DynamoDb, "UpdateItem"), Fault::Slow(Duration::ZERO));
    let writes = counted();
    for (text, expected) in [("one", 2), ("two", 2), ("three", 2)] {
        let _ = say(&mut hers, &group, text).await;
        cloud.settle().await;
        assert_eq!(writes.hits(), expected, "{text}");
    }
    writes.end();
    cloud.advance(Duration::from_secs(115)).await;
    // So that the next frame does not also say that she is here.
    assert_eq!(hers.ask(json!({ "type": "ping" })).await["type"], "pong");
    cloud.settle().await;
    let near = counted();
    let _ = say(&mut hers, &group, "four").await;
    cloud.settle().await;
    assert_eq!(near.hits(), 2, "a run may have begun");
    near.end();
    cloud.advance(Duration::from_secs(10)).await;
    sweep(&cloud).await;
    for who in [&ben, &cyd] {
        let mails = told(&cloud, who).await;
        let [mail] = mails.as_slice() else { panic!("{mails:?}") };
        assert!(["one", "two", "three", "four"].iter().all(|text| mail.text.contains(&format!("ana: {text}"))), "{}", mail.text);
    }
}

/// Mentions are told in every kind of room, other messages only in small ones. In groups nothing is told of authors whom somebody
/// blocks. All rooms of a person are in one mail.
/// Promise: digest-mentions, digest-block
#[tokio::test(flavor = "multi_thread")]
async fn mentions_are_told_everywhere_and_nothing_crosses_a_block() {
    let cloud = Cloud::start().await;
    let (ana, ben, cyd) = (cloud.member("ana").await, cloud.member("ben").await, cloud.member("cyd").await);
    let dan = cloud.member("dan").await;
    let group = group_of(&ana, &[&ben, &cyd]).await;
    ben.put(&format!("/v1/friends/{}/block", cyd.id()), json!({})).await.is(200);
    let (mut hers, mut third) = (ana.socket().await, cyd.socket().await);
    let _ = say(&mut hers, "public", "hello everybody").await;
    let _ = say(&mut hers, "public", "and hello @ben").await;
    let _ = say(&mut hers, &group, "who brings bread").await;
    let _ = say(&mut third, &group, "@ben does, says cyd").await;
    cloud.settle().await;
    cloud.advance(LATER).await;
    let mails = told(&cloud, &ben).await;
    let [mail] = mails.as_slice() else { panic!("{mails:?}") };
    let lines: Vec<&str> = mail.text.lines().map(str::trim_end).collect();
    let together = lines.windows(2).any(|two| two == ["[Porch]", "ana: who brings bread"]);
    assert!(together && lines.contains(&"ana: and hello @ben"), "{}", mail.text);
    assert!(!mail.text.contains("cyd") && !mail.text.contains("everybody"), "{}", mail.text);
    let mut categories: Vec<Value> = entries(&ben).await.iter().map(|entry| entry["category"].clone()).collect();
    categories.sort_by_key(ToString::to_string);
    assert_eq!(categories, [json!("group"), json!("mention")]);
    assert!(told(&cloud, &dan).await.is_empty() && entries(&dan).await.is_empty(), "nobody is told of what everybody reads");
    // A person who is no member is not notified of a mention in a group.
    let _ = say(&mut hers, &group, "ask @dan").await;
    cloud.advance(LATER).await;
    assert!(entries(&dan).await.is_empty());
}

/// A mention in a busy room is told, also if hundreds of other messages follow it within two minutes.
/// Promise: digest-mentions
#[tokio::test(flavor = "multi_thread")]
async fn a_mention_is_told_behind_many_messages() {
    const LAST: u64 = 502;
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let mut hers = ana.socket().await;
    assert_eq!(say(&mut hers, "public", "hello @ben").await, 1);
    assert_eq!(say(&mut hers, "public", "and everybody").await, 2);
    cloud.settle().await;
    let second = cloud.of_kind("message").await.into_iter().find(|item| item["seq"]["N"] == "2").unwrap().to_string();
    for seq in 3..=LAST {
        let mut copy: Value = serde_json::from_str(&second.replace("000000000002", &format!("{seq:012}"))).unwrap();
        copy["seq"] = json!({ "N": seq.to_string() });
        cloud.put_item(&copy);
    }
    let mut room = cloud.of_kind("room").await.into_iter().find(|item| item["room_kind"]["S"] == "public").unwrap();
    room["seq"] = json!({ "N": LAST.to_string() });
    cloud.put_item(&room);
    cloud.advance(LATER).await;
    let mails = told(&cloud, &ben).await;
    let [mail] = mails.as_slice() else { panic!("{mails:?}") };
    assert!(mail.text.contains("hello @ben") && !mail.text.contains("everybody"), "{}", mail.text);
    let entries = entries(&ben).await;
    assert_eq!((entries.len(), &entries[0]["category"], &entries[0]["seq"]), (1, &json!("mention"), &json!(1)), "{entries:?}");
}

/// In quiet hours the inbox is filled, and the mail waits for their end.
/// Promise: digest-quiet-hours
#[tokio::test(flavor = "multi_thread")]
async fn a_mail_waits_for_the_end_of_quiet_hours() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = room_of(&ana, &ben).await;
    let clock = |at: kernel::Time| kernel::Timestamp(at).to_string()[11..16].to_owned();
    let quiet = json!({ "from": clock(cloud.now() - HOUR), "to": clock(cloud.now() + HOUR), "zone": "etc/utc" });
    let set = ben.patch(SETTINGS, json!({ "quiet_hours": quiet })).await.is(200);
    assert_eq!(set["quiet_hours"]["zone"], "Etc/UTC", "the name as the database has it");
    say_anew(&cloud, "ana", &room, "good night").await;
    cloud.advance(LATER).await;
    assert_eq!((told(&cloud, &ben).await.len(), entries(&ben).await.len()), (0, 1));
    // Nothing else waits: a notice about the security of the account is there at once.
    let before = cloud.mails_to(&ben.email()).await.len();
    ben.put("/v1/me/password", json!({ "current_password": PASSWORD, "new_password": "quiet rivers bend" })).await.is(204);
    assert_eq!(cloud.mails_to(&ben.email()).await.len(), before + 1);
    cloud.advance(MINUTE * 50).await;
    assert_eq!(told(&cloud, &ben).await.len(), 0);
    cloud.advance(MINUTE * 8).await;
    assert_eq!(told(&cloud, &ben).await.len(), 1, "the hour is over");
}

/// A person gets at most one mail about a room in fifteen minutes and twenty mails a day.
/// Promise: digest-limits
#[tokio::test(flavor = "multi_thread")]
async fn a_person_gets_at_most_twenty_mails_a_day() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = room_of(&ana, &ben).await;
    for i in 1..=22 {
        say_anew(&cloud, "ana", &room, &format!("news {i}")).await;
        cloud.advance(LATER).await;
        assert_eq!(told(&cloud, &ben).await.len(), i.min(20), "{i}");
        cloud.advance(MINUTE * 14).await;
    }
    cloud.advance(DAY).await;
    let mails = told(&cloud, &ben).await;
    assert_eq!(mails.len(), 21);
    assert!(mails[20].text.contains("news 21") && mails[20].text.contains("news 22"), "{}", mails[20].text);
}

/// Concurrent sweeps send one mail, and a mail that the service did not take is sent later.
/// Promise: digest-once
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_sweeps_send_one_mail_and_a_failed_one_is_sent_later() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let mut rooms = vec![room_of(&ana, &ben).await];
    for _ in 0..3 {
        rooms.push(group_of(&ana, &[&ben]).await);
    }
    let mut hers = ana.socket().await;
    for room in &rooms {
        let _ = say(&mut hers, room, "one").await;
    }
    cloud.clock.advance(LATER).unwrap();
    let event = to_raw_value(&json!({ "version": "0", "detail-type": "Scheduled Event" })).unwrap();
    race(8, |_| {
        let (hosts, event, trace) = (cloud.hosts.clone(), event.clone(), Trace::new(&cloud.sys));
        async move { drop(hosts.invoke(DIGESTS, event, &trace).await) }
    })
    .await;
    cloud.settle().await;
    let first = told(&cloud, &ben).await.len();
    // Rooms that one run could not lease are in the next message to the person, and not in a second one at the same time.
    assert_eq!(first, 1);
    cloud.advance(MINUTE * 20).await;
    let said: String = told(&cloud, &ben).await.iter().map(|mail| mail.text.clone()).collect();
    assert_eq!(said.matches("ana: one").count(), 4, "each message once: {said}");

    cloud.advance(MINUTE * 20).await;
    let before = told(&cloud, &ben).await.len();
    say_anew(&cloud, "ana", &rooms[0], "two").await;
    // The client makes three attempts.
    let down = cloud.aws.faults.script(Target::of(DIGESTS, Service::Ses, "SendRawEmail").times(3), Fault::Internal);
    cloud.advance(LATER).await;
    assert_eq!((down.hits(), told(&cloud, &ben).await.len()), (3, before));
    cloud.advance(LATER).await;
    assert_eq!(told(&cloud, &ben).await.len(), before + 1);
    assert!(told(&cloud, &ben).await.pop().unwrap().text.contains("ana: two"));
}

/// A person with only a phone number gets text messages if they want them: the number of messages, never their text, three a day.
/// Promise: digest-texts, digest-limits
#[tokio::test(flavor = "multi_thread")]
async fn text_messages_are_asked_for_and_have_no_text_of_a_message() {
    const PHONE: &str = "+447911123456";
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, by_phone(&cloud, PHONE).await);
    let room = room_of(&ana, &ben).await;
    let texts =
        async || cloud.mails_to(PHONE).await.into_iter().map(|text| text.text).filter(|text| text.contains("Stoa.")).collect::<Vec<_>>();
    let before = texts().await.len();
    say_anew(&cloud, "ana", &room, "a secret").await;
    cloud.advance(LATER).await;
    assert_eq!(texts().await.len(), before, "nobody has asked for it");
    ben.patch(SETTINGS, json!({ "direct": { "sms": true } })).await.is(200);
    for i in 1..=5 {
        say_anew(&cloud, "ana", &room, &format!("a secret {i}")).await;
        cloud.advance(LATER).await;
        assert_eq!(texts().await.len(), before + i.min(3), "{i}");
        cloud.advance(MINUTE * 14).await;
    }
    let all = texts().await;
    assert_eq!(all[before], "1 message waits for you at Stoa.");
    assert!(all.iter().all(|text| !text.contains("secret")), "{all:?}");
}

/// If no more text messages may be sent today, one about unread messages is dropped: tomorrow it would be wrong.
/// Promise: digest-texts
#[tokio::test(flavor = "multi_thread")]
async fn a_text_message_that_may_not_be_sent_today_is_dropped() {
    const PHONE: &str = "+447911123456";
    // One for numbers that an account has verified, and one for anybody, are available at once.
    let cloud = Cloud::start_with(&[("SmsDailyMax", "4")]).await;
    let (ana, ben) = (cloud.member("ana").await, by_phone(&cloud, PHONE).await);
    let room = room_of(&ana, &ben).await;
    ben.patch(SETTINGS, json!({ "direct": { "sms": true } })).await.is(200);
    let texts = async || cloud.mails_to(PHONE).await.into_iter().filter(|text| text.text.contains("at Stoa.")).count();
    for i in 1..=2 {
        say_anew(&cloud, "ana", &room, &format!("one {i}")).await;
        cloud.advance(LATER).await;
        assert_eq!(texts().await, 1, "{i}");
        cloud.advance(MINUTE * 14).await;
    }
    cloud.advance(DAY).await;
    assert_eq!(texts().await, 1);
    assert!(cloud.aws.dead_letters.list().is_empty());
}

/// The link of a mail stops such mails when something is posted to it, at once and without a session. Opening it changes nothing. Mails
/// that cannot be switched off have no such link.
/// Promise: one-click-unsubscribe
#[tokio::test(flavor = "multi_thread")]
async fn mails_are_stopped_by_posting_to_their_link() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = room_of(&ana, &ben).await;
    say_anew(&cloud, "ana", &room, "one").await;
    cloud.advance(LATER).await;
    let mail = told(&cloud, &ben).await.pop().unwrap();
    assert_eq!(mail.headers["list-unsubscribe-post"], "List-Unsubscribe=One-Click");
    let link = mail.headers["list-unsubscribe"].trim_matches(['<', '>']).to_owned();
    assert!(mail.text.contains(&link), "{}", mail.text);
    let path = format!("/unsubscribe/{}", link.rsplit_once("/unsubscribe/").unwrap().1);
    let scanner = cloud.anonymous();
    for language in ["en", "pl"] {
        let page = scanner.get(&format!("{path}?lang={language}")).await;
        let html = String::from_utf8(page.has(200).bytes.clone()).unwrap();
        assert!(html.contains("<form method=\"post\">") && html.contains(&format!("lang=\"{language}\"")), "{html}");
        assert!(page.header("content-security-policy").contains("form-action 'self'"));
    }
    let wants = async || cloud.sign_in("ben").await.get(SETTINGS).await.is(200)["direct"]["mail"].clone();
    assert_eq!(wants().await, true, "opening it changes nothing");
    let body = || b"List-Unsubscribe=One-Click".to_vec();
    for _ in 0..2 {
        let done = scanner.raw(reqwest::Method::POST, &path, Some("application/x-www-form-urlencoded"), body()).await;
        assert_eq!(done.status, 200, "{done:?}");
    }
    assert_eq!(wants().await, false);
    let forged = format!("{}{}", &path[..path.len() - 1], if path.ends_with('A') { 'B' } else { 'A' });
    for bad in [forged.as_str(), "/unsubscribe/q83vEjRWeJC6q83vEjRWeJC6"] {
        scanner.get(bad).await.is_problem(422, "link_invalid");
        scanner.raw(reqwest::Method::POST, bad, Some("application/x-www-form-urlencoded"), body()).await.is_problem(422, "link_invalid");
    }
    say_anew(&cloud, "ana", &room, "two").await;
    cloud.advance(MINUTE * 20).await;
    assert_eq!(told(&cloud, &ben).await.len(), 1, "at once");
    // The link works for months, and only for the subject of its mail.
    cloud.advance(DAY * 91).await;
    let ben = cloud.sign_in("ben").await;
    ben.patch(SETTINGS, json!({ "direct": { "mail": true } })).await.is(200);
    assert_eq!(scanner.raw(reqwest::Method::POST, &path, None, Vec::new()).await.status, 200);
    let now = ben.get(SETTINGS).await.is(200);
    assert_eq!((&now["direct"]["mail"], &now["mention"]["mail"], &now["direct"]["in_app"]), (&json!(false), &json!(true), &json!(true)));
    let ana = cloud.sign_in("ana").await;
    let version = ana.get("/v1/me").await.header("etag");
    ana.with("if-match", version).put("/v1/me/username", json!({ "username": "anna" })).await.is(200);
    let notices: Vec<Message> = cloud.mails_to("ana@example.test").await;
    assert!(!notices.is_empty(), "she changed her name");
    assert!(notices.iter().all(|mail| mail.headers.is_empty()), "{notices:?}");
}

/// Everybody chooses their own settings. Mails about the account and orders cannot be switched off.
/// Promise: notification-settings
#[tokio::test(flavor = "multi_thread")]
async fn people_choose_what_they_are_told_of() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let default = ana.get(SETTINGS).await.is(200);
    assert_eq!(default["direct"], json!({ "in_app": true, "mail": true, "sms": false, "fixed": [] }));
    assert_eq!(default["security"], json!({ "in_app": true, "mail": true, "fixed": ["in_app", "mail"] }));
    assert_eq!((&default["friends"], default.get("quiet_hours")), (&json!({ "in_app": true, "fixed": [] }), None));
    let quiet = json!({ "from": "22:00", "to": "07:00", "zone": "Europe/Warsaw" });
    let changed =
        ana.patch(SETTINGS, json!({ "group": { "mail": false }, "friends": { "in_app": false }, "quiet_hours": quiet })).await.is(200);
    assert_eq!((&changed["group"]["mail"], &changed["quiet_hours"], &changed["direct"]), (&json!(false), &quiet, &default["direct"]));
    assert_eq!((ana.get(SETTINGS).await.is(200), ben.get(SETTINGS).await.is(200)), (changed.clone(), default));
    for (patch, wrong) in [
        (json!({ "security": { "mail": false }, "orders": { "mail": false } }), vec!["/orders/mail fixed", "/security/mail fixed"]),
        (json!({ "quiet_hours": { "from": "22:00", "to": "22:00", "zone": "UTC" } }), vec!["/quiet_hours/to same_time"]),
        (
            json!({ "quiet_hours": { "from": "25:00", "to": "7", "zone": "Mars" } }),
            vec!["/quiet_hours/from time_of_day", "/quiet_hours/to time_of_day", "/quiet_hours/zone time_zone"],
        ),
    ] {
        assert_eq!(ana.patch(SETTINGS, patch).await.field_errors(), wrong);
    }
    assert_eq!(ana.get(SETTINGS).await.is(200), changed, "applied completely or not at all");
    assert!(ana.patch(SETTINGS, json!({ "quiet_hours": null })).await.is(200).get("quiet_hours").is_none());
    // A friend request is not kept in the inbox of a person who does not want it there.
    ben.post(&format!("/v1/friends/{}/request", ana.id()), json!({})).await.is(201);
    cloud.settle().await;
    assert_eq!(ana.get("/v1/notifications").await.is(200)["items"], json!([]));
    // Concurrent changes of different members are all made.
    let categories = ["direct", "mention", "group", "support"];
    race(4, |i| {
        let ana = ana.clone();
        async move { ana.patch(SETTINGS, json!({ categories[i]: { "in_app": false } })).await.is(200) }
    })
    .await;
    let now = ana.get(SETTINGS).await.is(200);
    assert!(categories.iter().all(|category| now[*category]["in_app"] == false), "{now}");
}
