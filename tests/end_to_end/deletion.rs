//! Deletion of accounts: never early, never partial, never twice, and no personal data remains.

use std::{collections::BTreeSet, fs, io::Cursor, path::Path, time::Duration};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use image::{ImageFormat, Rgb, RgbImage};
use kernel::{Id as _, Sys, Time, Timestamp, id::UserId};
use local::{
    aws::{
        Service,
        faults::{Fault, Script, Target},
    },
    hosts::Trace,
};
use serde_json::value::to_raw_value;
use tests::{Caller, Cloud, DAY, PASSWORD, Reply, Socket, Value, json, race};

use crate::{
    contacts::by_phone,
    everything::{CANARIES, Everything, PHONES},
    killed::cut_everywhere,
};

pub(crate) const SWEEP: &str = "DeletionSweepFunction";
pub(crate) const FALLBACK: &str = "DeletionFallbackFunction";
pub(crate) const PURGE: &str = "AccountPurgeFunction";
const MINE: &str = "/v1/me/deletion";

pub(crate) async fn schedule(caller: &Caller) -> Value {
    caller.post(MINE, json!({ "password": PASSWORD })).await.is(200)
}

fn time(document: &Value, member: &str) -> Time {
    document[member].as_str().unwrap().parse::<Timestamp>().unwrap().0
}

/// Runs a scheduled function at once and returns what it reports.
pub(crate) async fn run(cloud: &Cloud, function: &str) -> Value {
    let event = json!({ "version": "0", "detail-type": "Scheduled Event", "source": "aws.scheduler", "detail": "{}" });
    let report = cloud.hosts.invoke(function, to_raw_value(&event).unwrap(), &Trace::new(&cloud.sys)).await.unwrap();
    serde_json::from_str(report.get()).unwrap()
}

/// Moves the clock to the moment at which a deletion is due. The schedules run a few seconds before, find nothing, and are not
/// due again for some minutes, so that the test decides which function runs.
pub(crate) async fn until_due(cloud: &Cloud, scheduled: &Value) {
    let due = time(scheduled, "due_at");
    cloud.settle().await;
    cloud.clock.set(due - Duration::from_secs(5)).unwrap();
    cloud.settle().await;
    cloud.clock.set(due).unwrap();
    cloud.settle().await;
}

/// Moves the clock to the next minute past noon: no schedule is due for some minutes then.
async fn until_quiet(cloud: &Cloud) {
    let (now, noon) = (cloud.now().millis(), 43_260_000);
    let days = (now - noon).div_euclid(86_400_000) + 1;
    cloud.clock.set(Time::from_millis(days * 86_400_000 + noon)).unwrap();
    cloud.settle().await;
}

/// Every item of every table.
async fn items(cloud: &Cloud) -> Vec<Value> {
    let dump = cloud.dump().await;
    dump.as_object().unwrap().values().flat_map(|table| table.as_array().unwrap().clone()).collect()
}

fn of_kind(items: &[Value], kind: &str) -> Vec<Value> {
    items.iter().filter(|item| item["kind"]["S"] == kind).cloned().collect()
}

fn events(items: &[Value], name: &str) -> usize {
    of_kind(items, "outbox").iter().filter(|item| item["name"]["S"] == name).count()
}

/// The table that has the people.
fn state_table(cloud: &Cloud) -> String {
    cloud.core().template.tables.iter().map(|t| t.name.clone()).find(|name| name.ends_with("-state")).unwrap()
}

/// Asserts that an account is deleted: nobody can use it or see it, its names are free, and a receipt exists.
pub(crate) async fn assert_gone(cloud: &Cloud, gone: &Caller, scheduled: &Value) {
    gone.get("/v1/me").await.is_problem(401, "token_invalid");
    gone.get(MINE).await.is_problem(401, "token_invalid");
    let sign_in = json!({ "login": gone.name(), "password": PASSWORD });
    cloud.anonymous().post("/v1/sessions", sign_in).await.is_problem(401, "credentials_invalid");
    let free = cloud.anonymous().get(&format!("/v1/usernames/{}/availability", gone.name())).await.is(200);
    assert_eq!(free["available"], true, "{free}");
    let items = items(cloud).await;
    // The records of the audit stay. They have ids, and their values are gone.
    let mine = items.iter().filter(|i| i["kind"]["S"] != "audit" && i["pk"]["S"].as_str().unwrap().contains(&gone.id()));
    let mine: Vec<&Value> = mine.collect();
    let [tombstone] = mine.as_slice() else { panic!("{mine:?}") };
    assert_eq!((&tombstone["kind"]["S"], &tombstone["stage"]["S"]), (&json!("deletion"), &json!("done")));
    assert!(tombstone["gsi1pk"].is_null());
    let number = &scheduled["details"]["deletion_id"];
    let receipts = of_kind(&items, "deletion_receipt");
    assert_eq!(receipts.iter().filter(|r| r["id"]["S"] == *number).count(), 1, "{receipts:?}");
}

/// With second factors enabled, deletion takes one of them besides the password.
/// Promise: deletion-schedule, step-up
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deletion_takes_a_second_factor() {
    let cloud = Cloud::start().await;
    let (ana, app, _) = cloud.careful("ana", "+447911123456").await;
    cloud.advance(Duration::from_secs(301)).await;
    let ana = ana.signed_in(ana.post("/v1/sessions/refresh", json!({ "refresh_token": ana.refresh_token() })).await.is(200));
    let refused = ana.post(MINE, json!({ "password": PASSWORD })).await.is_problem(401, "step_up_required");
    assert_eq!(refused["methods"], json!(["app", "recovery_code"]));
    assert_eq!(ana.get(MINE).await.is(200)["status"], "not_scheduled");
    let ana = cloud.step_up(&ana, &app).await;
    ana.post(MINE, json!({ "password": "wrong" })).await.is_problem(403, "password_wrong");
    assert_eq!(schedule(&ana).await["status"], "scheduled");
}

/// A scheduled deletion is explained to its owner in their language. It is cancelled without a password. Scheduled again it
/// starts a new period. Each step sends a mail.
/// Promise: deletion-schedule
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deletion_is_scheduled_shown_cancelled_and_scheduled_anew() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let before = ana.get(MINE).await.is(200);
    assert_eq!((&before["status"], &before["due_at"], &before["countdown"]), (&json!("not_scheduled"), &json!(null), &json!(null)));
    assert_eq!(before["details"]["interval_days"], 30);
    ana.delete(MINE).await.is_problem(409, "deletion_not_scheduled");

    let first = schedule(&ana).await;
    assert_eq!(first["status"], "scheduled");
    assert_eq!(time(&first, "due_at").since(time(&first, "scheduled_at")), DAY * 30);
    assert_eq!((&first["details"]["user_id"], &first["details"]["username"]), (&json!(ana.id()), &json!("ana")));
    assert_eq!((&first["countdown"]["seconds_left"], &first["countdown"]["text"]), (&json!(30 * 24 * 3600), &json!("30 days")));
    assert!(first["instructions"].as_array().unwrap().len() >= 3);
    let mail = cloud.mail_to(&ana.email()).await;
    assert!(mail.text.contains("ana") && mail.links.len() == 1, "{}", mail.text);

    cloud.advance(DAY * 3 + Duration::from_secs(7200)).await;
    let ana = cloud.sign_in("ana").await;
    let polish = ana.get(&format!("{MINE}?lang=pl")).await.is(200);
    assert_eq!(polish["countdown"]["text"], "26 dni 21 godzin", "{polish}");
    assert_eq!(polish["due_at"], first["due_at"]);
    assert_eq!(ana.get("/v1/me").await.is(200)["username"], "ana", "the account can be used without restriction until then");

    let again = schedule(&ana).await;
    assert!(time(&again, "due_at").since(time(&first, "due_at")) >= DAY * 3, "afresh");
    assert_ne!(again["details"]["deletion_id"], first["details"]["deletion_id"]);
    // A deletion that is cancelled before its mail is sent causes none.
    cloud.settle().await;
    let back = ana.delete(MINE).await.is(200);
    assert_eq!((&back["status"], &back["due_at"]), (&json!("not_scheduled"), &json!(null)));
    ana.delete(MINE).await.is_problem(409, "deletion_not_scheduled");
    let mails: Vec<_> = cloud.mails_to(&ana.email()).await.into_iter().map(|m| m.subject).collect();
    assert_eq!(mails.iter().filter(|s| s.contains("will be deleted")).count(), 2, "{mails:?}");
    assert!(mails.last().unwrap().contains("stays"), "{mails:?}");

    cloud.advance(DAY * 40).await;
    assert!(cloud.sign_in("ana").await.get(MINE).await.is(200)["due_at"].is_null(), "the cancelled deletion does not take place");
    assert_eq!(events(&items(&cloud).await, "account_purge_due"), 0);
}

/// A deletion can be scheduled anew ten times a day, each time with a mail.
/// Promise: deletion-schedule
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deletion_is_scheduled_ten_times_a_day() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    for _ in 0..10 {
        schedule(&ana).await;
    }
    ana.post(MINE, json!({ "password": PASSWORD })).await.is_problem(429, "too_many_requests");
    cloud.advance(DAY).await;
    schedule(&cloud.sign_in("ana").await).await;
}

/// A password that a step-up has just proven is not asked for again. The sign-in is no step-up, and a password that is given is
/// compared.
/// Promise: proof-not-asked-twice
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_that_was_just_proven_is_not_asked_again() {
    let cloud = Cloud::start().await;
    let ana = cloud.sign_in(cloud.member("ana").await.name()).await;
    let short = json!({ "new_password": "short zebras sing" });
    let operations = [
        ("POST", "/v1/me/mfa/setup", json!({})),
        ("POST", MINE, json!({})),
        ("PUT", "/v1/me/password", short.clone()),
        ("POST", "/v1/me/deactivation", json!({})),
    ];
    let send = async |caller: &Caller, (method, path, body): &(&str, &str, Value)| {
        if *method == "PUT" { caller.put(path, body.clone()).await } else { caller.post(path, body.clone()).await }
    };
    cloud.phone(&ana, "+447911123456").await;
    for operation in &operations {
        send(&ana, operation).await.is_problem(403, "password_wrong");
    }
    cloud.advance(Duration::from_secs(301)).await;
    let flow = ana.post("/v1/step-ups", json!({})).await.is(201);
    let verify = format!("/v1/sign-ins/{}/verify", flow["id"].as_str().unwrap());
    let stepped = ana.signed_in(ana.post(&verify, json!({ "password": PASSWORD })).await.is(200));
    stepped.post(MINE, json!({ "password": "wrong horse" })).await.is_problem(403, "password_wrong");
    for operation in &operations {
        assert!(send(&stepped, operation).await.succeeds().status.is_success(), "{operation:?}");
    }
}

/// The mailed link cancels the deletion without a session, once, and only while it is the newest link. Opening its page changes
/// nothing.
/// Promise: deletion-schedule, link-once
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_mailed_link_cancels_the_deletion_once() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let anybody = cloud.anonymous();
    let cancel = async |token: &str| anybody.post("/v1/deletion-cancellations", json!({ "token": token })).await;
    let _ = schedule(&ana).await;
    let old = cloud.token_to(&ana.email()).await;
    let _ = schedule(&ana).await;
    let new = cloud.token_to(&ana.email()).await;
    assert_ne!(old, new);
    cancel(&old).await.is_problem(422, "link_invalid");

    let page = anybody.get("/cancel-deletion").await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8".to_owned()), "{page:?}");
    assert!(page.header("content-security-policy").contains("script-src 'sha256-"), "{}", page.header("content-security-policy"));
    assert_eq!(ana.get(MINE).await.is(200)["status"], "scheduled", "opening the page changes nothing");

    let (id, secret) = new.split_once('.').unwrap();
    for forged in ["", "x", id, &format!("{id}."), &format!("{id}.{}", secret.to_uppercase()), &format!("{id}.{secret}x")] {
        cancel(forged).await.is_problem(422, "link_invalid");
    }
    let _ = cancel(&new).await.is(204);
    assert_eq!(ana.get(MINE).await.is(200)["status"], "not_scheduled");
    cancel(&new).await.is_problem(422, "link_invalid");
    assert!(cloud.mail_to(&ana.email()).await.subject.contains("stays"));
    let malformed = anybody.post("/v1/deletion-cancellations", json!({ "token": new, "user": ana.id() })).await;
    malformed.is_problem(400, "malformed");
}

/// Only the owner's password schedules a deletion. Wrong ones are counted, and after five the right one has to wait too.
/// Promise: deletion-schedule, password-attempts
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_schedules_nothing_and_counts() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    cloud.anonymous().post(MINE, json!({ "password": PASSWORD })).await.is_problem(401, "token_invalid");
    ana.post(MINE, json!({})).await.is_problem(403, "password_wrong");
    for body in [json!({ "password": 1 }), json!({ "password": PASSWORD, "due_at": "2030-01-01T00:00:00Z" })] {
        ana.post(MINE, body).await.is_problem(400, "malformed");
    }
    for wrong in ["tall giraffes danc", "Tall giraffes dance", " tall giraffes dance", &"x".repeat(2_000)] {
        ana.post(MINE, json!({ "password": wrong })).await.is_problem(403, "password_wrong");
    }
    let refused = ana.post(MINE, json!({ "password": PASSWORD })).await;
    refused.is_problem(429, "too_many_requests");
    assert!((290..=300).contains(&refused.header("retry-after").parse::<u32>().unwrap()), "{}", refused.header("retry-after"));
    assert_eq!(ana.get(MINE).await.is(200)["status"], "not_scheduled");
    cloud.advance(Duration::from_secs(301)).await;
    // By now the session's proof is too old for this, even with the right password.
    ana.post(MINE, json!({ "password": PASSWORD })).await.is_problem(401, "step_up_required");
    let ana = cloud.sign_in("ana").await;
    let _ = schedule(&ana).await;
    for _ in 0..7 {
        // A success resets the failures, and does not count.
        let _ = schedule(&ana).await;
    }
}

/// Seconds before the due time the account is untouched. Then it is deleted with all its data, and its names are free.
/// Promise: deletion-timing, deletion-complete
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn never_early_and_then_completely() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let scheduled = schedule(&ana).await;
    cloud.clock.set(time(&scheduled, "due_at") - Duration::from_secs(5)).unwrap();
    cloud.settle().await;
    let (sweep, fallback) = (run(&cloud, SWEEP).await, run(&cloud, FALLBACK).await);
    assert!(cloud.now() < time(&scheduled, "due_at"), "this machine is too slow for this test");
    assert_eq!((&sweep["claimed"], &fallback["claimed"], &fallback["examined"]), (&json!(0), &json!(0), &json!(1)));
    let ana = cloud.sign_in("ana").await;
    assert!(ana.get(MINE).await.is(200)["countdown"]["seconds_left"].as_u64().unwrap() <= 5);

    until_due(&cloud, &scheduled).await;
    let report = run(&cloud, SWEEP).await;
    assert_eq!((&report["examined"], &report["claimed"], &report["more"]), (&json!(1), &json!(1), &json!(false)));
    cloud.settle().await;
    assert_gone(&cloud, &ana, &scheduled).await;
    cloud.sign_in("ben").await.get("/v1/users/ana").await.is_problem(404, "not_found");
    assert_eq!(cloud.sign_in("ben").await.get("/v1/me").await.is(200)["username"], ben.name());
    let newcomer = cloud.member("ana").await;
    assert_ne!(newcomer.id(), ana.id(), "a name is given out again, an id is not");
    assert!(cloud.aws.dead_letters.list().is_empty());
}

/// The purge closes the sockets of an account that is still connected when it begins.
/// Promise: deletion-complete, socket-session-end
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_purge_closes_open_sockets() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let scheduled = schedule(&ana).await;
    until_due(&cloud, &scheduled).await;
    let mut sockets = Vec::new();
    for _ in 0..2 {
        sockets.push(cloud.sign_in("ana").await.socket().await);
    }
    assert_eq!(run(&cloud, SWEEP).await["claimed"], 1);
    for mut socket in sockets {
        assert!(socket.closed().await.is_some());
    }
    cloud.settle().await;
    assert_gone(&cloud, &ana, &scheduled).await;
}

/// What somebody said becomes tombstones. Whoever is connected is told once of each room to read it again, however many messages there were,
/// and whoever comes later notices by the same count.
/// Promise: deletion-shown
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn open_clients_read_a_room_again_after_a_purge() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let group = ben.post("/v1/rooms", json!({ "kind": "group", "name": "Porch" })).await.is(201)["id"].as_str().unwrap().to_owned();
    ben.put(&format!("/v1/rooms/{group}/invitations/{}", ana.id()), Value::Null).await.is(204);
    ana.post(&format!("/v1/rooms/{group}/members"), Value::Null).await.is(200);
    let mut hers = ana.socket().await;
    for n in 0..8 {
        let room = if n % 2 == 0 { group.as_str() } else { "public" };
        let said = json!({ "type": "send", "room": room, "text": format!("words {n}"), "nonce": format!("n{n}") });
        assert_eq!(hers.ask(said).await["type"], "ack");
    }
    hers.close().await;
    let scheduled = schedule(&ana).await;
    until_due(&cloud, &scheduled).await;
    let ben = cloud.sign_in("ben").await;
    let mut his = ben.socket().await;
    let states = async |socket: &mut Socket| -> Vec<(String, u64)> {
        let hello = socket.ask(json!({ "type": "hello" })).await;
        let rooms = hello["rooms"].as_array().unwrap().iter();
        rooms.map(|room| (room["room"].as_str().unwrap().to_owned(), room["changes"].as_u64().unwrap())).collect()
    };
    let before = states(&mut his).await;
    assert_eq!(before.len(), 2, "{before:?}");
    assert_eq!(run(&cloud, SWEEP).await["claimed"], 1);
    cloud.settle().await;
    let after = states(&mut his).await;
    let once: Vec<(String, u64)> = before.into_iter().map(|(room, changes)| (room, changes + 1)).collect();
    assert_eq!(after, once);
    for (room, changes) in &once {
        let told = his.expect(|frame| frame["payload"]["type"] == "changes" && frame["payload"]["room"] == room.as_str()).await;
        assert_eq!(told["payload"]["changes"], *changes);
        let page = ben.get(&format!("/v1/rooms/{room}/messages")).await.is(200);
        assert!(!page.to_string().contains("words"), "{page}");
    }
    his.ping().await;
    let more: Vec<&Value> = his.heard().iter().filter(|frame| frame["payload"]["type"] == "changes").collect();
    assert!(more.is_empty(), "{more:?}");
}

/// The schedule alone deletes a due account within a quarter of an hour.
/// Promise: deletion-timing
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_schedule_alone_is_enough() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let scheduled = schedule(&ana).await;
    cloud.clock.set(time(&scheduled, "due_at") + Duration::from_secs(900)).unwrap();
    cloud.settle().await;
    assert_gone(&cloud, &ana, &scheduled).await;
}

/// Of concurrent cancellations and sweeps exactly one succeeds, and the others are told which.
/// Promise: deletion-cancel
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_cancelling_and_claiming_one_happens() {
    let cloud = Cloud::start().await;
    for (round, callers) in [500, 50, 50, 50].into_iter().enumerate() {
        let ana = cloud.member(&format!("ana{round}")).await;
        let scheduled = schedule(&ana).await;
        let link = cloud.token_to(&ana.email()).await;
        until_due(&cloud, &scheduled).await;
        let ana = cloud.sign_in(ana.name()).await;
        let replies: Vec<Option<Reply>> = race(callers + 4, |i| {
            let (ana, cloud_hosts, sys, link) = (ana.clone(), cloud.hosts.clone(), cloud.sys.clone(), link.clone());
            async move {
                if i.is_multiple_of(callers / 4 + 1) {
                    let event = to_raw_value(&json!({ "source": "aws.scheduler" })).unwrap();
                    let _ = cloud_hosts.invoke(SWEEP, event, &Trace::new(&sys)).await.unwrap();
                    None
                } else if i.is_multiple_of(5) {
                    Some(ana.post("/v1/deletion-cancellations", json!({ "token": link })).await)
                } else {
                    Some(ana.delete(MINE).await)
                }
            }
        })
        .await;
        cloud.settle().await;
        let told: BTreeSet<String> =
            replies.iter().flatten().filter(|r| !r.status.is_success()).map(|r| format!("{} {}", r.status.as_u16(), r.code())).collect();
        let winners = replies.iter().flatten().filter(|r| r.status.is_success()).count();
        let purged = events(&items(&cloud).await, "account_purge_due") > 0;
        let known = ["409 deletion_not_scheduled", "409 deletion_begun", "422 link_invalid", "401 token_invalid"];
        assert!(told.iter().all(|t| known.contains(&t.as_str())), "{told:?}");
        if winners == 0 {
            assert!(purged);
            assert_gone(&cloud, &ana, &scheduled).await;
            cloud.advance(DAY * 8).await;
        } else {
            assert_eq!((winners, purged), (1, false), "{told:?}");
            assert!(!told.contains("409 deletion_begun") && !told.contains("401 token_invalid"), "{told:?}");
            assert_eq!(cloud.sign_in(ana.name()).await.get(MINE).await.is(200)["status"], "not_scheduled");
        }
    }
}

/// After the sweep has claimed an account, cancelling is refused by session and by link, however little has been deleted yet.
/// Promise: deletion-cancel
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claimed_deletion_cannot_be_cancelled() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let scheduled = schedule(&ana).await;
    let link = cloud.token_to(&ana.email()).await;
    until_due(&cloud, &scheduled).await;
    let ana = cloud.sign_in("ana").await;
    let target = Target { function: Some(PURGE.to_owned()), ..Target::default() };
    let down = cloud.aws.faults.script(target, Fault::Internal);
    assert_eq!(run(&cloud, SWEEP).await["claimed"], 1);
    cloud.settle().await;
    ana.delete(MINE).await.is_problem(409, "deletion_begun");
    ana.post(MINE, json!({ "password": PASSWORD })).await.is_problem(409, "deletion_begun");
    let by_link = cloud.anonymous().post("/v1/deletion-cancellations", json!({ "token": link })).await;
    by_link.is_problem(409, "deletion_begun");
    let standing = ana.get(MINE).await.is(200);
    assert_eq!((&standing["status"], &standing["countdown"]), (&json!("purging"), &json!(null)));
    ana.get("/v1/me").await.is_problem(401, "token_invalid");
    let sign_in = json!({ "login": "ana", "password": PASSWORD });
    cloud.anonymous().post("/v1/sessions", sign_in).await.is_problem(401, "credentials_invalid");
    down.end();
    cloud.advance(Duration::from_secs(660)).await;
    let _ = run(&cloud, FALLBACK).await;
    cloud.settle().await;
    assert_gone(&cloud, &ana, &scheduled).await;
}

/// Sends the purge an event about an account, without the sweep.
async fn told_to_purge(cloud: &Cloud, user: &str, deletion: &str) {
    let event = json!({ "name": "account_purge_due", "user": user, "deletion": deletion });
    let detail = json!({ "id": Sys::real().id::<kernel::id::EventId>().to_string(), "at": 0, "event": event });
    let event = json!({ "version": "0", "source": "stoa", "detail-type": "account_purge_due", "detail": detail });
    cloud.hosts.invoke(PURGE, to_raw_value(&event).unwrap(), &Trace::new(&cloud.sys)).await.unwrap();
}

/// A deletion that is cancelled and scheduled again starts a new period of thirty days under a new number. The sweep finds it
/// without the fallback.
/// Promise: deletion-cancel, deletion-timing
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_deletion_can_be_scheduled_again() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let first = schedule(&ana).await;
    cloud.advance(DAY * 5).await;
    let ana = cloud.sign_in("ana").await;
    ana.delete(MINE).await.is(200);
    let now = cloud.now();
    let second = schedule(&ana).await;
    assert_ne!(second["details"]["deletion_id"], first["details"]["deletion_id"]);
    let late = (time(&second, "due_at")).since(now + DAY * 30);
    assert!(time(&second, "due_at") >= now + DAY * 30 && late < Duration::from_secs(60), "{second}");
    until_due(&cloud, &first).await;
    assert_eq!(run(&cloud, SWEEP).await["claimed"], 0, "the first schedule does not count any more");
    until_due(&cloud, &second).await;
    assert_eq!(run(&cloud, SWEEP).await["claimed"], 1);
    cloud.settle().await;
    assert_gone(&cloud, &ana, &second).await;
}

/// The purge deletes nothing that the sweep has not claimed, whatever event it gets.
/// Promise: deletion-timing
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_purge_deletes_only_claimed_accounts() {
    let cloud = Cloud::start().await;
    let mut accounts = Vec::new();
    for name in ["never", "scheduled", "cancelled", "again", "gone"] {
        accounts.push(cloud.member(name).await);
    }
    let [never, scheduled, cancelled, again, gone] = accounts.as_slice() else { panic!("five") };
    let number = |document: &Value| document["details"]["deletion_id"].as_str().unwrap().to_owned();
    let leaving = schedule(gone).await;
    until_due(&cloud, &leaving).await;
    assert_eq!(run(&cloud, SWEEP).await["claimed"], 1);
    cloud.settle().await;
    let mut told = vec![(gone.id(), number(&leaving)), (never.id(), number(&leaving))];
    for caller in [scheduled, cancelled, again] {
        let caller = cloud.sign_in(caller.name()).await;
        let first = schedule(&caller).await;
        told.push((caller.id(), number(&first)));
        if caller.id() != scheduled.id() {
            caller.delete(MINE).await.is(200);
        }
        if caller.id() == again.id() {
            schedule(&caller).await;
        }
    }
    cloud.settle().await;
    let before = cloud.dump().await;
    for (user, deletion) in &told {
        told_to_purge(&cloud, user, deletion).await;
        assert_eq!(cloud.dump().await, before, "{user} {deletion}");
    }
}

/// An account with only a phone number is deleted by means of that number. Its owner is told of each stage by text message, with the
/// link that cancels the deletion, which goes along to another number. Then the number is free for somebody new.
/// Promise: deletion-schedule, deletion-complete, told-by-phone
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_with_only_a_number_is_deleted() {
    const NUMBER: &str = "+447911123456";
    let cloud = Cloud::start().await;
    let ana = by_phone(&cloud, NUMBER).await;
    let newest = async |to: &str| cloud.mail_to(to).await.text;
    let cancel = async |token: &str| cloud.anonymous().post("/v1/deletion-cancellations", json!({ "token": token })).await;
    let first = ana.post(MINE, json!({})).await.is(200);
    let due = first["due_at"].as_str().unwrap();
    let text = newest(NUMBER).await;
    assert!(text.contains("will be deleted on") && text.contains(&due[..10]) && text.contains(&due[11..16]), "{text}");
    cancel(&cloud.token_to(NUMBER).await).await.is(204);
    assert!(newest(NUMBER).await.contains("was cancelled"), "{}", newest(NUMBER).await);
    assert_eq!(ana.get(MINE).await.is(200)["status"], "not_scheduled");

    ana.post(MINE, json!({})).await.is(200);
    let old = cloud.token_to(NUMBER).await;
    let there = "+447911123457";
    cloud.phone(&ana, there).await;
    cancel(&old).await.is_problem(422, "link_invalid");
    cancel(&cloud.token_to(there).await).await.is(204);
    cloud.advance(Duration::from_secs(3600)).await;
    let ana = by_phone(&cloud, there).await;
    cloud.phone(&ana, NUMBER).await;
    let scheduled = ana.post(MINE, json!({})).await.is(200);
    until_due(&cloud, &scheduled).await;
    let ana = by_phone(&cloud, NUMBER).await.named(scheduled["details"]["username"].as_str().unwrap());
    // The notice of the sign-in comes before that of the deletion.
    cloud.settle().await;
    assert_eq!(ana.get(MINE).await.is(200)["status"], "scheduled");
    assert_eq!(run(&cloud, SWEEP).await["claimed"], 1);
    assert!(newest(NUMBER).await.contains("has begun"), "{}", newest(NUMBER).await);
    assert_gone(&cloud, &ana, &scheduled).await;
    assert!(!cloud.dump().await.to_string().contains(NUMBER));
    cloud.advance(Duration::from_secs(3600)).await;
    let newcomer = by_phone(&cloud, NUMBER).await;
    assert_ne!(newcomer.id(), ana.id());
    assert_eq!(newcomer.get(MINE).await.is(200)["status"], "not_scheduled");
}

/// The answer links the policies of the deployment, if it has any, in the language of the reader.
/// Promise: deletion-schedule, language
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_policies_are_linked() {
    let (terms, privacy) = ("https://stoa.example/terms", "https://stoa.example/privacy");
    let cloud = Cloud::start_with(&[("TermsUrl", terms), ("PrivacyUrl", privacy)]).await;
    let ana = cloud.member("ana").await;
    let mut names = BTreeSet::new();
    for language in ["en", "pl"] {
        let policies = ana.get(&format!("{MINE}?lang={language}")).await.is(200)["policies"].clone();
        let policies = policies.as_array().unwrap();
        assert_eq!(policies.iter().map(|p| p["url"].as_str().unwrap()).collect::<Vec<_>>(), [terms, privacy]);
        names.extend(policies.iter().map(|p| p["name"].as_str().unwrap().to_owned()));
    }
    assert_eq!(names.len(), 4, "{names:?}");
    let nowhere = Cloud::start().await;
    assert_eq!(nowhere.member("ana").await.get(MINE).await.is(200)["policies"], json!([]));
}

/// The link that cancels a deletion leads to the configured address, whatever the request's headers say.
/// Promise: link-target
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_link_leads_where_it_is_configured_to() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let place = async |caller: &Caller| {
        schedule(caller).await;
        cloud.mail_to(&ana.email()).await.links[0].split_once('#').unwrap().0.to_owned()
    };
    let plain = place(&ana).await;
    let evil = ["host", "x-forwarded-host", "x-original-host"].into_iter().map(|name| ana.with(name, "evil.test"));
    for caller in evil.chain([ana.with("origin", "https://evil.test").with("referer", "https://evil.test/")]) {
        assert_eq!(place(&caller).await, plain);
    }
}

/// Concurrent sweeps and fallbacks claim an account once, and it is purged once.
/// Promise: deletion-once
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_runs_at_once_claim_once() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let scheduled = schedule(&ana).await;
    until_due(&cloud, &scheduled).await;
    let claimed: Vec<u64> = race(12, |i| {
        let (hosts, trace) = (cloud.hosts.clone(), Trace::new(&cloud.sys));
        async move {
            let function = if i.is_multiple_of(4) { FALLBACK } else { SWEEP };
            let event = to_raw_value(&json!({ "source": "aws.scheduler" })).unwrap();
            let report: Value = serde_json::from_str(hosts.invoke(function, event, &trace).await.unwrap().get()).unwrap();
            report["claimed"].as_u64().unwrap()
        }
    })
    .await;
    assert_eq!(claimed.iter().sum::<u64>(), 1, "{claimed:?}");
    cloud.settle().await;
    assert_gone(&cloud, &ana, &scheduled).await;
    assert_eq!(events(&items(&cloud).await, "account_purge_due"), 1);
}

/// Somebody who used everything: a direct room, messages in the public one, a friend's invitation code.
async fn lived(cloud: &Cloud, name: &str, friend: &Caller) -> Caller {
    let code = friend.get("/v1/me/invite-code").await.is(200)["code"].clone();
    let somebody = cloud.member(name).await;
    let room = somebody.post("/v1/rooms/direct", json!({ "user": friend.id() })).await.json()["id"].clone();
    somebody.post("/v1/me/inviter", json!({ "code": code })).await.is(201);
    let mut socket = somebody.socket().await;
    for (n, room) in [&room, &json!("public")].into_iter().enumerate() {
        let said = json!({ "type": "send", "room": room, "text": format!("words of {name}"), "nonce": format!("{name}{n}") });
        assert_eq!(socket.ask(said).await["type"], "ack");
    }
    socket.close().await;
    somebody
}

/// Deletes the account of somebody who is connected until then, while calls of a function fail.
async fn leaves(cloud: &Cloud, name: &str, target: Target, fault: Fault) -> u32 {
    until_quiet(cloud).await;
    let friend = cloud.member(&format!("{name}_friend")).await;
    let somebody = lived(cloud, name, &friend).await;
    let scheduled = schedule(&somebody).await;
    until_due(cloud, &scheduled).await;
    let mut socket = cloud.sign_in(name).await.socket().await;
    cloud.settle().await;
    let down = cloud.aws.faults.script(target, fault);
    let event = to_raw_value(&json!({ "source": "aws.scheduler" })).unwrap();
    let swept = cloud.hosts.invoke(SWEEP, event, &Trace::new(&cloud.sys)).await;
    cloud.settle().await;
    down.end();
    // The platform retries a failed run, and the fallback continues what no run has completed.
    let again = if swept.is_err() { run(cloud, SWEEP).await } else { json!(null) };
    cloud.settle().await;
    let mut code = None;
    for _ in 0..2 {
        // Traffic keeps the connection from the platform's limit for silent ones.
        if code.is_none() && cloud.connections.list().is_empty() {
            code = socket.closed().await;
        } else if code.is_none() {
            socket.ping().await;
        }
        cloud.advance(Duration::from_secs(330)).await;
    }
    let report = run(cloud, FALLBACK).await;
    cloud.settle().await;
    let code = if code.is_some() { code } else { socket.closed().await };
    assert_eq!(code, Some(1000), "{fault:?}, {name}: it was not closed by the service");
    assert_gone(cloud, &somebody, &scheduled).await;
    let dump = cloud.dump().await.to_string();
    assert!(!dump.contains(&format!("{name}\"")), "{fault:?}, {name}: {again} {report}");
    let items = items(cloud).await;
    let of_friend = of_kind(&items, "invite").into_iter().find(|i| i["user"]["S"] == friend.id()).unwrap();
    assert_eq!(of_friend["used"]["N"], "0", "{fault:?}, {name}: the friend's count is wrong");
    down.hits()
}

/// Whichever call is the last one that a purge makes before it is killed, the fallback continues from there and the final state
/// is the same.
/// Promise: deletion-resumes
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purge_that_is_killed_anywhere_ends_in_the_same_state() {
    let calls = cut_everywhere(PURGE, 0, async |cloud, name, target| leaves(cloud, name, target, Fault::Internal).await).await;
    assert!(calls > 15, "{calls}");
}

/// Whichever call of the purge succeeds with its reply lost, the final state is the same.
/// Promise: deletion-resumes, lost-reply
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purge_that_loses_any_reply_ends_in_the_same_state() {
    let calls = cut_everywhere(PURGE, 3, async |cloud, name, target| leaves(cloud, name, target, Fault::LostAfter).await).await;
    assert!(calls > 15, "{calls}");
}

/// The same for the sweep, which hands the account over to the purge.
/// Promise: deletion-resumes
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_that_is_killed_anywhere_ends_in_the_same_state() {
    for (fault, times) in [(Fault::Internal, 0), (Fault::LostAfter, 3)] {
        let calls = cut_everywhere(SWEEP, times, async |cloud, name, target| leaves(cloud, name, target, fault).await).await;
        assert!(calls >= 5, "{fault:?}: {calls}");
    }
}

/// When the index lacks the entry, the fallback alone finds the account by a scan of the table.
/// Promise: deletion-fallback
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_fallback_needs_no_index() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let scheduled = schedule(&ana).await;
    let torn = json!({
        "TableName": state_table(&cloud), "UpdateExpression": "REMOVE gsi1pk, gsi1sk",
        "Key": { "pk": { "S": format!("USER#{}", ana.id()) }, "sk": { "S": "DELETION" } },
    });
    cloud.aws.dynamodb.database().update_item(serde_json::from_value(torn).unwrap()).unwrap();
    until_due(&cloud, &scheduled).await;
    assert_eq!(run(&cloud, SWEEP).await["examined"], 0);
    let report = run(&cloud, FALLBACK).await;
    assert_eq!((&report["claimed"], &report["whole"]), (&json!(1), &json!(true)), "{report}");
    cloud.settle().await;
    assert_gone(&cloud, &ana, &scheduled).await;
}

/// The fallback scans a large table in parts, continues after an interruption, and reports how late the latest deletion is.
/// Promise: deletion-fallback
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_fallback_continues_after_an_interruption() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let scheduled = schedule(&ana).await;
    let down = Target { function: Some(SWEEP.to_owned()), operation: Some("Query".to_owned()), ..Target::default() };
    let _ = cloud.aws.faults.script(down, Fault::Internal);
    let down = Target { function: Some(FALLBACK.to_owned()), operation: Some("Scan".to_owned()), ..Target::default() };
    let down = cloud.aws.faults.script(down, Fault::Internal);
    cloud.clock.set(time(&scheduled, "due_at") + Duration::from_secs(3 * 3600)).unwrap();
    cloud.settle().await;
    down.end();
    let (database, table) = (cloud.aws.dynamodb.database(), state_table(&cloud));
    for n in 0..2_500 {
        let filler = json!({ "pk": { "S": format!("FILLER#{n}") }, "sk": { "S": "FILLER" }, "kind": { "S": "filler" } });
        database.put_item(serde_json::from_value(json!({ "TableName": table, "Item": filler })).unwrap()).unwrap();
    }
    let target = Target { function: Some(FALLBACK.to_owned()), operation: Some("Scan".to_owned()), first: 2, times: 3, service: None };
    let cut = cloud.aws.faults.script(target, Fault::Internal);
    let event = to_raw_value(&json!({ "source": "aws.scheduler" })).unwrap();
    assert!(cloud.hosts.invoke(FALLBACK, event, &Trace::new(&cloud.sys)).await.is_err());
    assert_eq!((cut.hits(), of_kind(&items(&cloud).await, "deletion_checkpoint").len()), (3, 1));
    crate::items::are_as_described(&cloud).await;
    let (mut examined, mut overdue) = (0, 0);
    for _ in 0..2 {
        let report = run(&cloud, FALLBACK).await;
        assert_eq!(report["whole"], true);
        examined += report["examined"].as_u64().unwrap();
        overdue = overdue.max(report["overdue_seconds"].as_u64().unwrap());
    }
    cloud.settle().await;
    assert!(examined >= 1);
    assert_gone(&cloud, &ana, &scheduled).await;
    // Either the interrupted run saw it, or a later one, which reported how late it was.
    assert!(overdue == 0 || (3 * 3600..4 * 3600).contains(&overdue), "{overdue}");
}

/// A large number of due accounts is processed page by page, each account once.
/// Promise: deletion-backlog
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backlog_is_drained() {
    const MANY: usize = 150;
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let scheduled = schedule(&ana).await;
    cloud.settle().await;
    let all = items(&cloud).await;
    let (user, deletion) = (of_kind(&all, "user").pop().unwrap(), of_kind(&all, "deletion").pop().unwrap());
    let (database, table, sys) = (cloud.aws.dynamodb.database(), state_table(&cloud), Sys::real());
    let (now, shards) = (cloud.sys.now(), &mut BTreeSet::new());
    for n in 0..MANY {
        let id = sys.id::<UserId>();
        shards.insert(id.ulid().to_bytes()[15] % 4);
        for item in [&user, &deletion] {
            let mut copy = item.to_string().replace(&ana.id(), &id.to_string()).replace("\"ana\"", &format!("\"ana_{n:03}x\""));
            copy = copy.replace(&ana.email(), &format!("ana{n}@example.test"));
            let mut copy: Value = serde_json::from_str(&copy).unwrap();
            if copy["kind"]["S"] == "deletion" {
                copy["gsi1pk"]["S"] = json!(format!("DELETION_DUE#{}", id.ulid().to_bytes()[15] % 4));
                copy["id"]["S"] = json!(sys.id::<kernel::id::DeletionId>());
            }
            database.put_item(serde_json::from_value(json!({ "TableName": table, "Item": copy })).unwrap()).unwrap();
        }
    }
    assert_eq!(shards.len(), 4);
    assert!(now < time(&scheduled, "due_at"));
    until_due(&cloud, &scheduled).await;
    let report = run(&cloud, SWEEP).await;
    assert_eq!((&report["claimed"], &report["failed"]), (&json!(MANY + 1), &json!(0)), "{report}");
    cloud.settle().await;
    let left = items(&cloud).await;
    assert_eq!((of_kind(&left, "user").len(), of_kind(&left, "deletion_receipt").len()), (0, MANY + 1));
}

/// Every file of every bucket.
pub(crate) fn files(cloud: &Cloud) -> Vec<String> {
    fn walk(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.path().is_dir() {
                walk(&entry.path(), found);
            } else {
                found.push(entry.path().to_string_lossy().into_owned());
            }
        }
    }
    let mut found = Vec::new();
    walk(cloud.aws.s3.root(), &mut found);
    // The other bucket has nothing of a person. The local store names a file of its own after a bucket and a key in base64.
    let seals = &cloud.template.buckets.iter().find(|bucket| bucket.name.contains("-seals-")).unwrap().name;
    let coded = format!(".bucket-{}.", BASE64_URL_SAFE_NO_PAD.encode(seals));
    found.retain(|path| !path.contains(seals.as_str()) && !path.contains(&coded));
    found
}

/// Publishes a picture with a canary among its metadata.
pub(crate) async fn upload(cloud: &Cloud, owner: &Caller) -> Value {
    let mut png = Cursor::new(Vec::new());
    RgbImage::from_pixel(400, 300, Rgb([200, 180, 20])).write_to(&mut png, ImageFormat::Png).unwrap();
    let mut png = png.into_inner();
    png.extend(b"canary behind the picture");
    let declared = json!({ "content_type": "image/png", "bytes": png.len(), "sha256": sha256(&png) });
    let link = owner.post("/v1/me/picture/uploads", declared).await.is(201);
    let headers = link["headers"].as_object().unwrap().iter().filter(|(name, _)| *name != "content-length");
    let sender = headers.fold(cloud.anonymous(), |sender, (name, value)| sender.with(name, value.as_str().unwrap()));
    let sent = sender.raw(link["method"].as_str().unwrap().parse().unwrap(), link["url"].as_str().unwrap(), None, png).await;
    sent.has(200);
    cloud.settle().await;
    owner.get(&format!("/v1/me/picture/uploads/{}", link["id"].as_str().unwrap())).await.is(200)
}

/// The content of every index, as text.
fn indexes(cloud: &Cloud) -> String {
    let (database, table) = (cloud.aws.dynamodb.database(), state_table(cloud));
    let scan = |index| {
        let request = json!({ "TableName": table, "IndexName": index });
        serde_json::to_string(&database.scan(serde_json::from_value(request).unwrap()).unwrap()).unwrap()
    };
    ["gsi1", "gsi2", "gsi3"].map(scan).concat()
}

/// A former username that is still reserved when the account is deleted is released with it.
/// Promise: deletion-complete
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn former_names_are_released_with_the_account() {
    let cloud = Cloud::start().await;
    let scheduled = schedule(&cloud.member("ana").await).await;
    cloud.advance(15 * DAY).await;
    let ana = cloud.sign_in("ana").await;
    let version = ana.get("/v1/me").await.header("etag");
    ana.with("if-match", version).put("/v1/me/username", json!({ "username": "anna" })).await.is(200);
    until_due(&cloud, &scheduled).await;
    assert_eq!(run(&cloud, SWEEP).await["claimed"], 1);
    cloud.settle().await;
    assert_gone(&cloud, &ana.named("anna"), &scheduled).await;
    assert_gone(&cloud, &ana.named("ana"), &scheduled).await;
    assert_eq!(cloud.of_kind("username").await, Vec::<Value>::new());
}

/// A canary is put into every field that can hold personal data. After the purge none is found in tables, indexes, buckets and
/// dead-letter queues. Data of other people stays. An address that somebody else has typed is deleted within a day. None was ever in a line
/// of the log, of whatever went well or failed meanwhile.
/// Promise: deletion-complete, log-secrets
#[test]
fn no_personal_data_remains() {
    let ((), log) = tests::observed(whole_life());
    assert_eq!(canary_in(&log), None, "in the log");
}

/// While nothing can be written, somebody types all of it once more. Each of these requests fails.
async fn fails(cloud: &Cloud, ben: &Caller) {
    let version = ben.get("/v1/me").await.header("etag");
    // Only writes of the functions that answer these requests: a consumer that fails leaves a dead letter.
    let functions = ["ProfileFunction", "ModelsFunction", "SupportFunction", "ContactFunction"].into_iter();
    let writes: Vec<Script> = functions
        .flat_map(|function| ["TransactWriteItems", "PutItem", "UpdateItem"].map(|operation| (function.to_owned(), operation.to_owned())))
        .map(|(function, operation)| {
            let every =
                Target { service: Some(Service::DynamoDb), function: Some(function), operation: Some(operation), ..Target::default() };
            cloud.aws.faults.script(every, Fault::Internal)
        })
        .collect();
    let address = json!({ "street": "1 Canary Street", "city": "Canarytown", "postal_code": "SW1A 1AA", "country": "GB" });
    let message =
        json!({ "name": "Canaryfirst", "email": ben.email(), "subject": "other", "message": "Canary wrote to the team. ".repeat(12) });
    let ben = ben.with("if-match", version).with("idempotency-key", "canary-key").with("user-agent", "canary-agent/1.0");
    let profile = json!({ "bio": "canary of the bio", "first_name": "Canaryfirst", "birth_date": "1987-06-05" });
    let replies = [
        ben.patch("/v1/me", profile).await,
        ben.post("/v1/me/addresses", address).await,
        ben.post("/v1/models", json!({ "title": "Canary of a model" })).await,
        ben.put("/v1/support/thread", json!({ "subject": "Canary of a subject" })).await,
        ben.post("/v1/contact-messages", message).await,
    ];
    for reply in replies {
        assert!(reply.status.as_u16() >= 500, "{reply:?}");
    }
    writes.iter().for_each(Script::end);
}

async fn whole_life() {
    let cloud = Cloud::start().await;
    let ben = cloud.member("ben").await;
    let Everything { canary, room, group, scheduled, .. } = Everything::of(&cloud, &ben).await;
    fails(&cloud, &ben).await;
    assert!(indexes(&cloud).contains(&canary.id()));
    assert!(files(&cloud).len() >= 5, "two pictures and an archive: {:?}", files(&cloud));

    until_due(&cloud, &scheduled).await;
    // Strangers try to register with the address in every possible way, and one of them changes to another address.
    let (stranger, email) = (cloud.anonymous(), canary.email());
    let begun = async |email: &str| {
        let flow = stranger.post_with_work("/v1/registrations", json!({ "email": email })).await.is(201);
        format!("/v1/registrations/{}", flow["id"].as_str().unwrap())
    };
    let by_link = json!({ "email": email, "username": "stranger", "password": PASSWORD });
    let _ = stranger.post("/v1/registrations/link", by_link).await.is(202);
    let held = begun(&email).await;
    let moved = begun("stranger@example.test").await;
    let _ = stranger.put(&format!("{moved}/email"), json!({ "email": email })).await.is(200);
    let free = begun(&email).await;
    let _ = stranger.put(&format!("{free}/email"), json!({ "email": "other@example.test" })).await.is(200);
    cloud.settle().await;
    let _ = cloud.anonymous().post("/v1/phone-sign-ins", json!({ "phone": PHONES[0] })).await.is(202);
    cloud.settle().await;
    assert!(of_kind(&items(&cloud).await, "challenge").iter().any(|c| c["destination"]["S"] == PHONES[0]));
    // A member asks to change to the address and the number.
    let ben = cloud.sign_in(ben.name()).await;
    ben.post("/v1/me/email-changes", json!({ "email": email })).await.is(202);
    ben.post("/v1/me/phone-changes", json!({ "phone": PHONES[0] })).await.is(202);
    cloud.settle().await;
    assert_eq!(run(&cloud, SWEEP).await["claimed"], 1);
    cloud.settle().await;
    for gone in [&held, &moved] {
        stranger.get(gone).await.is_problem(404, "not_found");
        stranger.post(&format!("{gone}/code/resend"), json!({})).await.is_problem(404, "not_found");
    }
    assert_eq!(stranger.get(&free).await.is(200)["email"], "o****@example.test", "the address is free, and now the stranger's");
    assert_gone(&cloud, &canary, &scheduled).await;
    let left = indexes(&cloud);
    let at = left.find(&canary.id());
    assert!(at.is_none(), "{:?}", at.map(|at| &left[at.saturating_sub(500)..left.len().min(at + 500)]));
    assert_eq!(files(&cloud), [""; 0], "no files are left, as others had none");
    let letters = cloud.aws.dead_letters.list();
    assert!(letters.is_empty(), "{letters:?}");

    // The texts that Ben has typed stay in his account, and cannot be found by their content.
    let left: Vec<Value> = items(&cloud).await.into_iter().filter(|item| canary_in(&item.to_string()).is_some()).collect();
    let his = |item: &Value| item["user"]["S"] == ben.id() && item["ttl"].is_object();
    assert!(left.iter().all(his), "a canary is left: {left:?}");
    let kinds: BTreeSet<&str> = left.iter().map(|item| item["kind"]["S"].as_str().unwrap()).collect();
    assert_eq!(kinds, BTreeSet::from(["challenge", "email_change", "phone_change"]));

    let public = ben.get("/v1/rooms/public/messages").await.is(200).to_string();
    assert!(public.contains("ben said that") && !public.contains("canary"), "{public}");
    let rooms = ben.get("/v1/rooms").await.is(200).to_string();
    assert!(!rooms.contains(room.as_str().unwrap()), "{rooms}");
    let path = format!("/v1/rooms/{}", group.as_str().unwrap());
    assert_eq!(ben.get(&path).await.is(200)["club"]["role"], "owner", "her friend inherits the group");
    let entries = ben.get(&format!("{path}/messages")).await.is(200);
    let kinds: Vec<&str> = entries["items"].as_array().unwrap().iter().map(|m| m["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["event", "deleted", "deleted", "event"], "he joined and became the owner");

    cloud.advance(DAY + Duration::from_secs(3 * 3600)).await;
    for (place, found) in [("tables", cloud.dump().await.to_string()), ("indexes", indexes(&cloud))] {
        assert_eq!(canary_in(&found), None, "in the {place}");
    }
}

/// The first canary in a text, with the surrounding text.
fn canary_in(text: &str) -> Option<String> {
    let text = text.to_lowercase();
    let at = CANARIES.iter().chain(&["canary"]).find_map(|planted| text.find(planted))?;
    Some(text.get(at.saturating_sub(300)..(at + 300).min(text.len())).unwrap_or(&text).to_owned())
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    use sha2::{Digest as _, Sha256};
    BASE64_STANDARD.encode(Sha256::digest(bytes))
}
