//! Invitation codes: everybody has one, can enter one code of somebody else, and sees who has entered theirs.

use std::{collections::BTreeSet, time::Duration};

use local::{
    aws::{
        Service,
        faults::{Fault, Target},
    },
    hosts::Trace,
};
use serde_json::value::to_raw_value;
use tests::{App, Caller, Cloud, DAY, HOUR, PASSWORD, Reply, Value, json, race};

const CODE: &str = "/v1/me/invite-code";
const INVITER: &str = "/v1/me/inviter";
const INVITEES: &str = "/v1/me/invitees";
const STATISTICS: &str = "/v1/statistics/invites";

async fn code(of: &Caller) -> String {
    of.get(CODE).await.is(200)["code"].as_str().unwrap().to_owned()
}

async fn used(of: &Caller) -> u64 {
    of.get(CODE).await.is(200)["used"].as_u64().unwrap()
}

async fn enter(who: &Caller, code: &str) -> Reply {
    who.post(INVITER, json!({ "code": code })).await
}

async fn names(of: &Caller) -> Vec<String> {
    let list = of.get(INVITEES).await.is(200);
    list["items"].as_array().unwrap().iter().map(|i| i["username"].as_str().unwrap_or("-").to_owned()).collect()
}

/// Signs somebody up with a phone number, and in again.
async fn by_phone(cloud: &Cloud, phone: &str, with: Value) -> Reply {
    let client = cloud.anonymous();
    let flow = client.post("/v1/phone-sign-ins", json!({ "phone": phone })).await.is(202);
    let mut body = with;
    body["code"] = json!(cloud.code_to(phone).await);
    client.post(&format!("/v1/phone-sign-ins/{}/verify", flow["id"].as_str().unwrap()), body).await
}

/// A registration in steps up to the names, and the names to send.
async fn proven_flow(cloud: &Cloud, name: &str) -> (Caller, String) {
    let caller = cloud.anonymous().named(name);
    let flow = caller.post("/v1/registrations", json!({ "email": caller.email() })).await.is(201);
    let path = format!("/v1/registrations/{}", flow["id"].as_str().unwrap());
    let code = cloud.code_to(&caller.email()).await;
    caller.post(&format!("{path}/code"), json!({ "code": code })).await.is(200);
    (caller, path)
}

fn personal(code: &str) -> Value {
    json!({ "first_name": "Ana", "last_name": "Nowak", "birth_date": "2000-02-29", "invite_code": code })
}

/// Completes a registration whose names have been sent.
async fn complete(caller: &Caller, path: &str) -> Caller {
    caller.put(&format!("{path}/username"), json!({ "username": caller.name() })).await.is(200);
    caller.put(&format!("{path}/password"), json!({ "password": PASSWORD })).await.is(200);
    caller.signed_in(caller.post(&format!("{path}/complete"), json!({})).await.is(201))
}

async fn administrator(cloud: &Cloud, name: &str, phone: &str) -> (Caller, App) {
    let (caller, app, _) = cloud.careful(name, phone).await;
    cloud.appoint(&caller, &["administrator"]);
    (cloud.step_up(&caller, &app).await, app)
}

/// Deletes somebody's account now.
async fn remove(cloud: &Cloud, who: &Caller) {
    who.post("/v1/me/deletion", json!({ "password": PASSWORD })).await.is(200);
    cloud.advance(DAY * 30 + HOUR).await;
    let event = to_raw_value(&json!({ "source": "aws.scheduler" })).unwrap();
    cloud.hosts.invoke("DeletionSweepFunction", event, &Trace::new(&cloud.sys)).await.unwrap();
    cloud.settle().await;
}

/// Each account has its own code, however it was opened, and the code stays the same.
/// Promise: invite-code
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_has_a_code_and_keeps_it() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let link = cloud.anonymous().named("ben");
    link.post("/v1/registrations/link", json!({ "email": link.email(), "username": "ben", "password": PASSWORD })).await.is(202);
    let token = cloud.token_to(&link.email()).await;
    let ben = link.signed_in(link.post("/v1/activations", json!({ "token": token, "password": PASSWORD })).await.is(201));
    let phone = "+447700900301";
    let cyd = cloud.anonymous().signed_in(by_phone(&cloud, phone, json!({})).await.is(201));
    let mut codes = BTreeSet::new();
    for who in [&ana, &ben, &cyd] {
        let own = who.get(CODE).await.is(200);
        let code = own["code"].as_str().unwrap();
        assert!(code.len() == 6 && code.chars().all(|c| "23456789ABCDEFGHJKMNPQRSTUVWXYZ".contains(c)), "{code}");
        assert_eq!((&own["used"], &own["inviter"]), (&json!(0), &Value::Null));
        codes.insert(code.to_owned());
    }
    assert_eq!(codes.len(), 3);
    assert_eq!(code(&cloud.sign_in("ana").await).await, code(&ana).await);
    cloud.advance(Duration::from_secs(121)).await;
    let again = cloud.anonymous().signed_in(by_phone(&cloud, phone, json!({})).await.is(201));
    assert_eq!((again.id(), code(&again).await), (cyd.id(), code(&cyd).await));
}

/// The new account of somebody who was given a recycled number has a code of its own.
/// Promise: invite-code, phone-recycled
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_account_with_a_recycled_number_has_another_code() {
    let cloud = Cloud::start().await;
    let phone = "+447700900302";
    let first = cloud.anonymous().signed_in(by_phone(&cloud, phone, json!({})).await.is(201));
    let before = code(&first).await;
    cloud.advance(DAY * 91).await;
    let next = cloud.anonymous().signed_in(by_phone(&cloud, phone, json!({ "start_afresh": true })).await.is(201));
    assert_ne!(next.id(), first.id());
    assert_ne!(code(&next).await, before);
    // The former account is deactivated, so its code cannot be entered.
    enter(&next, &before).await.is_problem(422, "invite_invalid");
}

/// When the drawn code is somebody's already, another one is drawn, and the client does not notice. A request that is refused for
/// another reason does not lose the account because of it.
/// Promise: invite-code
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drawn_code_that_is_taken_is_drawn_again() {
    let cloud = Cloud::start().await;
    let target = |function: &str, times| Target::of(function, Service::DynamoDb, "TransactWriteItems").times(times);
    let (ana, path) = proven_flow(&cloud, "ana").await;
    ana.put(&format!("{path}/personal"), personal(&code(&cloud.member("ben").await).await)).await.is(200);
    ana.put(&format!("{path}/username"), json!({ "username": "ana" })).await.is(200);
    ana.put(&format!("{path}/password"), json!({ "password": PASSWORD })).await.is(200);
    let taken = cloud.aws.faults.script(target("RegistrationFunction", 3), Fault::Taken("INVITE#"));
    let ana = ana.signed_in(ana.post(&format!("{path}/complete"), json!({})).await.is(201));
    assert_eq!(taken.hits(), 3);
    taken.end();
    let own = ana.get(CODE).await.is(200);
    assert_eq!((own["code"].as_str().unwrap().len(), &own["inviter"]["username"]), (6, &json!("ben")));
    assert_eq!(cloud.of_kind("user").await.len(), 2);

    // If no free code is found there is no account, and the same request may be repeated.
    let client = cloud.anonymous();
    let flow = client.post("/v1/phone-sign-ins", json!({ "phone": "+447700900303" })).await.is(202);
    let verify = format!("/v1/phone-sign-ins/{}/verify", flow["id"].as_str().unwrap());
    let body = json!({ "code": cloud.code_to("+447700900303").await });
    let taken = cloud.aws.faults.script(target("PhoneLoginFunction", 0), Fault::Taken("INVITE#"));
    client.post(&verify, body.clone()).await.is_problem(503, "unavailable");
    taken.end();
    client.post(&verify, body).await.is(201);
    assert_eq!(cloud.of_kind("user").await.len(), 3);
}

/// An account that was made before there were codes gets one at its first request for it: one, for any number of concurrent
/// requests.
/// Promise: invite-code
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_without_a_code_gets_one() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    cloud.delete_item(&json!({ "pk": { "S": format!("USER#{}", ana.id()) }, "sk": { "S": "INVITE" } }));
    let replies = race(20, |_| {
        let ana = ana.clone();
        async move { ana.get(CODE).await }
    })
    .await;
    let own = code(&ana).await;
    assert!(replies.iter().all(|r| r.is(200)["code"] == own.as_str()));
    enter(&ben, &own).await.is(201);
    assert_eq!(used(&ana).await, 1);
}

/// A code is entered once and cannot be changed. Case and surrounding space do not matter. The answer shows its owner, and the
/// owner's list shows who entered it.
/// Promise: invite-entry
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_entered_once_and_for_good() {
    let cloud = Cloud::start().await;
    let (ana, ben, cyd) = (cloud.member("ana").await, cloud.member("ben").await, cloud.member("cyd").await);
    let (a, c) = (code(&ana).await, code(&cyd).await);
    let reply = enter(&ben, &format!(" {}\t", a.to_lowercase())).await;
    assert_eq!(reply.header("location"), CODE);
    let entered = reply.is(201);
    assert_eq!((&entered["inviter"]["username"], &entered["inviter"]["shows_phone"]), (&json!("ana"), &json!(false)));
    assert!(entered["inviter"]["picture"]["small"].as_str().unwrap().ends_with("/v1/pictures/default/64"), "{entered}");
    assert_eq!(ben.get(CODE).await.is(200), entered, "the answer to the entry is the stored state");
    for again in [&a, &c, &code(&ben).await, "nonsense"] {
        enter(&ben, again).await.is_problem(409, "invite_used");
    }
    assert_eq!((used(&ana).await, used(&cyd).await), (1, 0));
    assert_eq!((names(&ana).await, names(&cyd).await, names(&ben).await), (vec!["ben".to_owned()], vec![], vec![]));
    let polish = ben.post(&format!("{INVITER}?lang=pl"), json!({ "code": c })).await.is_problem(409, "invite_used");
    assert_eq!(polish["title"], "Podano już kod zaproszenia.");
}

/// Unknown, malformed, the caller's own, of a deactivated, leaving or deleted account, of somebody whom the caller invited: each
/// gets the same answer, and nothing changes.
/// Promise: invite-entry, no-account-disclosure
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_that_cannot_be_entered_is_refused_alike() {
    let cloud = Cloud::start().await;
    let gone = cloud.member("gone").await;
    let (ana, resting) = (cloud.member("ana").await, cloud.member("resting").await);
    let (leaving, invited) = (cloud.member("leaving").await, cloud.member("invited").await);
    let mut wrong = vec!["222222".to_owned()];
    for who in [&gone, &ana, &resting, &leaving, &invited] {
        wrong.push(code(who).await);
    }
    let own = code(&ana).await;
    remove(&cloud, &gone).await;
    let resting = cloud.sign_in(resting.name()).await;
    resting.post("/v1/me/deactivation", json!({ "password": PASSWORD })).await.is(204);
    let leaving = cloud.sign_in(leaving.name()).await;
    leaving.post("/v1/me/deletion", json!({ "password": PASSWORD })).await.is(200);
    let (ana, invited) = (cloud.sign_in("ana").await, cloud.sign_in("invited").await);
    enter(&invited, &own).await.is(201);
    let mut shapes = BTreeSet::new();
    for wrong in &wrong {
        let reply = enter(&ana, wrong).await;
        reply.is_problem(422, "invite_invalid");
        let mut body = reply.json();
        body["request_id"] = Value::Null;
        shapes.insert(format!("{} {body}", reply.shape()));
    }
    assert_eq!(shapes.len(), 1, "{shapes:#?}");
    // What cannot be a code is told, also after more attempts than there may be.
    for other in ["", "ABC", "K7M2X0", &"K".repeat(5000)] {
        for _ in 0..4 {
            assert_eq!(enter(&ana, other).await.field_errors(), ["/code code_format"], "{other}");
        }
    }
    let own = ana.get(CODE).await.is(200);
    assert_eq!((&own["used"], &own["inviter"]), (&json!(1), &Value::Null));
    assert_eq!(cloud.of_kind("invitee").await.len(), 1);
    for malformed in [json!({}), json!({ "code": 5 }), json!({ "code": "K7M2XP", "user": ana.id() }), json!({ "code": null })] {
        ana.post(INVITER, malformed).await.is_problem(400, "malformed");
    }

    // After a cancelled deletion the code can be entered again: the state of the account counts. An hour later, because of the
    // attempts.
    cloud.advance(HOUR).await;
    cloud.sign_in(leaving.name()).await.delete("/v1/me/deletion").await.is(200);
    let ana = cloud.sign_in("ana").await;
    enter(&ana, &code(&cloud.sign_in("leaving").await).await).await.is(201);
}

/// Ten attempts an hour for an account from any client, and thirty for a client with any account. Then the answer says when to
/// try again.
/// Promise: invite-guesses
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_cannot_be_guessed() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let right = code(&ben).await;
    for _ in 0..10 {
        enter(&ana, "222222").await.is_problem(422, "invite_invalid");
    }
    let elsewhere = cloud.sign_in("ana").await;
    let refused = enter(&elsewhere, &right).await;
    refused.is_problem(429, "too_many_requests");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((3500..=3600).contains(&wait), "{wait}");
    assert!(refused.header("ratelimit-policy").contains("\"invite_check\";q=10;w=3600"), "{}", refused.header("ratelimit-policy"));
    assert!(refused.header("ratelimit").contains("\"invite_check\";r=0"), "{}", refused.header("ratelimit"));
    cloud.advance(Duration::from_secs(wait)).await;
    let ana = cloud.sign_in("ana").await;
    enter(&ana, &right).await.is(201);

    // One client, several accounts.
    let client = cloud.anonymous();
    for n in 0..3 {
        let name = format!("guesser_{n}");
        let _ = cloud.member(&name).await;
        let guesser = client.signed_in(client.post("/v1/sessions", json!({ "login": name, "password": PASSWORD })).await.is(201));
        for _ in 0..10 {
            enter(&guesser, "222222").await.is_problem(422, "invite_invalid");
        }
    }
    let _ = cloud.member("guesser_3").await;
    let guesser = client.signed_in(client.post("/v1/sessions", json!({ "login": "guesser_3", "password": PASSWORD })).await.is(201));
    let refused = enter(&guesser, &right).await;
    refused.is_problem(429, "too_many_requests");
    assert!(refused.header("ratelimit-policy").contains("\"invite_client\";q=30"), "{}", refused.header("ratelimit-policy"));
}

/// A thousand concurrent requests by ten people with two codes: each person has entered one code, and every entry is counted
/// once.
/// Promise: invite-entry
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_entries_count_once_for_each_person() {
    const PEOPLE: usize = 10;
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let codes = [code(&ana).await, code(&ben).await];
    let mut people = Vec::new();
    for n in 0..PEOPLE {
        people.push(cloud.member(&format!("racer_{n}")).await);
    }
    let replies = race(1000, |i| {
        let (who, code) = (people[i % PEOPLE].clone(), codes[i / PEOPLE % 2].clone());
        async move {
            loop {
                // A request that finds the table too busy gets 503, and is repeated.
                let reply = enter(&who, &code).await;
                if reply.status != 503 {
                    break reply;
                }
                reply.is_problem(503, "unavailable");
            }
        }
    })
    .await;
    let count = |status: u16| replies.iter().filter(|r| r.status.as_u16() == status).count();
    assert_eq!(count(201), PEOPLE, "{replies:?}");
    for refused in replies.iter().filter(|r| r.status != 201) {
        assert!(["invite_used", "too_many_requests"].contains(&&*refused.code()), "{refused:?}");
    }
    assert!(count(409) > 0 && count(409) + count(429) + PEOPLE == 1000);
    let mut listed: Vec<String> = names(&ana).await.into_iter().chain(names(&ben).await).collect();
    listed.sort();
    assert_eq!(listed, (0..PEOPLE).map(|n| format!("racer_{n}")).collect::<Vec<_>>());
    assert_eq!(used(&ana).await + used(&ben).await, PEOPLE as u64);
    assert_eq!(used(&ana).await, names(&ana).await.len() as u64);
}

/// When two people enter each other's code at the same moment, one of them succeeds.
/// Promise: invite-entry
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_people_do_not_invite_each_other() {
    let cloud = Cloud::start().await;
    for round in 0..4 {
        let (ana, ben) = (cloud.member(&format!("ana_{round}")).await, cloud.member(&format!("ben_{round}")).await);
        let codes = [code(&ana).await, code(&ben).await];
        let people = [ana.clone(), ben.clone()];
        let replies = race(2, |i| {
            let (who, code) = (people[i].clone(), codes[1 - i].clone());
            async move { enter(&who, &code).await }
        })
        .await;
        let mut told: Vec<u16> = replies.iter().map(|r| r.status.as_u16()).collect();
        told.sort_unstable();
        assert_eq!(told, [201, 422]);
        assert_eq!(used(&ana).await + used(&ben).await, 1);
    }
    // A circle of three people is allowed.
    let (a, b, c) = (cloud.member("aa_a").await, cloud.member("bb_b").await, cloud.member("cc_c").await);
    enter(&a, &code(&b).await).await.is(201);
    enter(&b, &code(&c).await).await.is(201);
    enter(&c, &code(&a).await).await.is(201);
}

/// When the reply of the transaction is lost, the person who entered the code gets success, and not "already entered".
/// Promise: invite-entry, lost-reply
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_reply_is_answered_as_an_entry() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let target = Target::of("InvitesFunction", Service::DynamoDb, "TransactWriteItems").times(1);
    let code = code(&ana).await;
    let lost = cloud.aws.faults.script(target, Fault::LostAfter);
    enter(&ben, &code).await.is(201);
    assert_eq!((lost.hits(), used(&ana).await, names(&ana).await), (1, 1, vec!["ben".to_owned()]));
}

/// Only its owner has the list. The newest entry comes first, the pages repeat and omit nobody, and cursors are bound to the
/// owner.
/// Promise: invite-list
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_is_its_owners_and_comes_in_pages() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let code = code(&ana).await;
    let mut expected = Vec::new();
    for n in 0..5 {
        let who = cloud.member(&format!("guest_{n}")).await;
        enter(&who, &code).await.is(201);
        expected.insert(0, who.name().to_owned());
    }
    assert_eq!(names(&ana).await, expected);
    let (mut seen, mut path, mut cursor) = (Vec::new(), format!("{INVITEES}?limit=2"), String::new());
    loop {
        let page = ana.get(&path).await.is(200);
        seen.extend(page["items"].as_array().unwrap().iter().map(|i| i["username"].as_str().unwrap().to_owned()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = next.to_owned();
        path = format!("{INVITEES}?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, expected);
    let first = ana.get(&format!("{INVITEES}?limit=1")).await.is(200)["items"][0].clone();
    let members: Vec<&String> = first.as_object().unwrap().keys().collect();
    assert_eq!(members, ["entered_at", "id", "picture", "username"], "nothing else is shown of a person");

    assert_eq!(names(&ben).await, Vec::<String>::new());
    ben.get(&format!("{INVITEES}?cursor={cursor}")).await.is_problem(400, "cursor_invalid");
    for bad in ["limit=0", "limit=101"] {
        assert_eq!(ana.get(&format!("{INVITEES}?{bad}")).await.field_errors(), ["/limit range"]);
    }
    // Only the session decides whose list is returned.
    for other in [format!("user={}", ana.id()), "username=ana".to_owned()] {
        assert_eq!(ben.get(&format!("{INVITEES}?{other}")).await.is(200)["items"], json!([]), "{other}");
    }
    ben.get(&format!("{INVITEES}?limit=x")).await.is_problem(400, "malformed");
    ben.get("/v1/users/ana/invitees").await.has(404);
    cloud.advance(HOUR + Duration::from_secs(1)).await;
    let ana = cloud.sign_in("ana").await;
    ana.get(&format!("{INVITEES}?cursor={cursor}")).await.is_problem(400, "cursor_invalid");
}

/// A phone number is masked unless its owner allows it to be shown, with the entry or later. The permission can be withdrawn.
/// Promise: invite-list
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_number_is_masked_unless_its_owner_allows_it() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let phone = "+447700900304";
    cloud.phone(&ben, phone).await;
    let shown = async || ana.get(INVITEES).await.is(200)["items"][0]["phone"].clone();
    let consent = async |shows: bool| ben.put(&format!("{INVITER}/consent"), json!({ "shows_phone": shows })).await;
    consent(true).await.is_problem(404, "not_found");
    enter(&ben, &code(&ana).await).await.is(201);
    assert_eq!(shown().await, "+44******304");
    consent(true).await.is(204);
    assert_eq!(shown().await, phone);
    assert_eq!(ben.get(CODE).await.is(200)["inviter"]["shows_phone"], true);
    consent(false).await.is(204);
    assert_eq!(shown().await, "+44******304");
    for malformed in [json!({}), json!({ "shows_phone": null }), json!({ "shows_phone": "yes" })] {
        ben.put(&format!("{INVITER}/consent"), malformed).await.is_problem(400, "malformed");
    }
    let cyd = cloud.anonymous().signed_in(by_phone(&cloud, "+447700900305", json!({})).await.is(201));
    cyd.post(INVITER, json!({ "code": code(&ana).await, "shows_phone": true })).await.is(201);
    assert_eq!(shown().await, "+447700900305");
    // A deactivated account is not shown.
    cyd.post("/v1/me/deactivation", json!({})).await.is(204);
    let first = ana.get(INVITEES).await.is(200)["items"][0].clone();
    assert_eq!(first.as_object().unwrap().keys().collect::<Vec<_>>(), ["entered_at"]);
}

/// A code can be entered in a registration. A wrong one is refused at its step. One that has become invalid when the account is
/// made does not prevent the account.
/// Promise: invite-entry, registration-steps
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_can_be_given_while_registering() {
    let cloud = Cloud::start().await;
    let (ana, gone) = (cloud.member("ana").await, cloud.member("gone").await);
    let (good, other) = (code(&ana).await, code(&gone).await);
    let (ben, path) = proven_flow(&cloud, "ben").await;
    let step = format!("{path}/personal");
    assert_eq!(ben.put(&step, personal("222222")).await.field_errors(), ["/invite_code invite_invalid"]);
    let mut all = personal("nonsense");
    all["first_name"] = json!("");
    assert_eq!(ben.put(&step, all).await.field_errors(), ["/invite_code code_format", "/first_name required"]);
    assert_eq!(ben.get(&path).await.is(200)["step"], "personal", "nothing was kept");
    assert_eq!(
        ben.put(&step, personal(&format!(" {}\u{a0}{} ", good[..3].to_lowercase(), &good[3..]))).await.is(200)["invite_code"],
        good.as_str()
    );
    // A member that is left out when the step is repeated is removed, and so is one that is empty.
    assert_eq!(ben.put(&step, personal(" ")).await.is(200)["invite_code"], Value::Null);
    ben.put(&step, personal(&good)).await.is(200);
    let mut without = personal("");
    without.as_object_mut().unwrap().remove("invite_code");
    assert_eq!(ben.put(&step, without).await.is(200)["invite_code"], Value::Null);
    ben.put(&step, personal(&good)).await.is(200);
    let ben = complete(&ben, &path).await;
    assert_eq!(ben.get(CODE).await.is(200)["inviter"]["username"], "ana");
    assert_eq!((used(&ana).await, names(&ana).await), (1, vec!["ben".to_owned()]));
    enter(&ben, &other).await.is_problem(409, "invite_used");
    enter(&ana, &code(&ben).await).await.is_problem(422, "invite_invalid");

    // After ten attempts even a valid code has to wait.
    let (eve, path) = proven_flow(&cloud, "eve").await;
    let step = format!("{path}/personal");
    for _ in 0..10 {
        assert_eq!(eve.put(&step, personal("222222")).await.field_errors(), ["/invite_code invite_invalid"]);
    }
    eve.put(&step, personal(&good)).await.is_problem(429, "too_many_requests");

    // The code's owner deactivates the account between the step and the end: the read before finds out, or the transaction if it
    // happens in between.
    for (name, slow) in [("cyd", false), ("dan", true)] {
        let inviter = cloud.member(&format!("inviter_{name}")).await;
        let (who, path) = proven_flow(&cloud, name).await;
        who.put(&format!("{path}/personal"), personal(&code(&inviter).await)).await.is(200);
        let who = if slow {
            let target = Target::of("RegistrationFunction", Service::DynamoDb, "TransactWriteItems").times(1);
            let refused = cloud.aws.faults.script(target, Fault::Taken("USER#"));
            let who = complete(&who, &path).await;
            assert_eq!(refused.hits(), 1);
            who
        } else {
            inviter.post("/v1/me/deactivation", json!({ "password": PASSWORD })).await.is(204);
            complete(&who, &path).await
        };
        let own = who.get(CODE).await.is(200);
        assert_eq!(own["inviter"], Value::Null, "{name}");
    }
}

/// An invitation code can be sent together with the code of the text message, which a wrong invitation code does not use up.
/// Existing accounts cannot use it there.
/// Promise: invite-entry, phone-sign-in
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_can_be_given_when_signing_up_by_phone() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let (client, phone) = (cloud.anonymous(), "+447700900306");
    let flow = client.post("/v1/phone-sign-ins", json!({ "phone": phone })).await.is(202);
    let verify = format!("/v1/phone-sign-ins/{}/verify", flow["id"].as_str().unwrap());
    let sms = cloud.code_to(phone).await;
    let wrong = client.post(&verify, json!({ "code": sms, "invite_code": "222222", "first_name": "R2D2" })).await;
    assert_eq!(wrong.field_errors(), ["/invite_code invite_invalid", "/first_name characters"]);
    let typed = code(&ana).await.to_lowercase().replace('2', "\u{662}");
    let right = json!({ "code": sms, "invite_code": typed, "first_name": "", "last_name": " " });
    let ben = client.signed_in(client.post(&verify, right).await.is(201));
    assert_eq!(ben.get(CODE).await.is(200)["inviter"]["username"], "ana");
    assert_eq!(ana.get(INVITEES).await.is(200)["items"][0]["phone"], "+44******306");
    cloud.advance(Duration::from_secs(121)).await;
    let cyd = cloud.member("cyd").await;
    let again = by_phone(&cloud, phone, json!({ "invite_code": code(&cyd).await })).await.is(201);
    assert_eq!(again["user_id"], ben.id());
    assert_eq!((used(&ana).await, used(&cyd).await), (1, 0), "an existing account does not enter a code at sign-in");
}

/// A deleted account disappears from the list and the count of its inviter. Those who entered its code no longer see whose it
/// was, and still cannot enter another. The code is never given out again.
/// Promise: invite-deletion
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_account_leaves_lists_and_its_code_is_not_reused() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let (cyd, dan) = (cloud.member("cyd").await, cloud.member("dan").await);
    let (a, b) = (code(&ana).await, code(&ben).await);
    enter(&ben, &a).await.is(201);
    enter(&dan, &a).await.is(201);
    enter(&cyd, &b).await.is(201);
    assert_eq!(used(&ana).await, 2);
    remove(&cloud, &ben).await;
    let (ana, cyd, dan) = (cloud.sign_in("ana").await, cloud.sign_in("cyd").await, cloud.sign_in("dan").await);
    assert_eq!((used(&ana).await, names(&ana).await), (1, vec!["dan".to_owned()]));
    let inviter = cyd.get(CODE).await.is(200)["inviter"].clone();
    assert_eq!((&inviter["username"], inviter["entered_at"].is_string()), (&Value::Null, true));
    cyd.put(&format!("{INVITER}/consent"), json!({ "shows_phone": true })).await.is_problem(404, "not_found");
    enter(&cyd, &a).await.is_problem(409, "invite_used");
    let left = cloud.of_kind("invite_claim").await;
    let claim = left.iter().find(|c| c["code"]["S"] == b.as_str()).expect("the code stays taken");
    assert_eq!(claim["user"], Value::Null);
    for kind in ["invite", "invitee", "invite_claim"] {
        assert!(cloud.of_kind(kind).await.iter().all(|item| !item.to_string().contains(&ben.id())), "{kind}");
    }
    // Both of a pair at the same moment.
    dan.post("/v1/me/deletion", json!({ "password": PASSWORD })).await.is(200);
    remove(&cloud, &ana).await;
    assert_eq!(cloud.of_kind("invite").await.len(), 1, "cyd's");
    assert_eq!((cloud.of_kind("invitee").await.len(), cloud.of_kind("invite_claim").await.len()), (0, 4));
    assert!(cloud.aws.dead_letters.list().is_empty());
}

/// An account whose code was entered by more people than one run of the deletion step can process is deleted completely.
/// Promise: invite-deletion
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_list_is_deleted_in_parts() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    enter(&ben, &code(&ana).await).await.is(201);
    let core = cloud.core();
    let table = core.template.tables.iter().find(|t| t.stream_arn.is_some()).unwrap().name.clone();
    let entry = cloud.of_kind("invitee").await.remove(0);
    // All of them newer than Ben's entry, which is therefore processed last.
    for n in 9_000_000_000_000_u64..9_000_000_000_250 {
        let mut copy = entry.clone();
        let somebody = cloud.sys.id::<kernel::id::UserId>().to_string();
        copy["sk"]["S"] = json!(format!("INVITEE#{n:014}#{somebody}"));
        (copy["user"]["S"], copy["at"]["N"]) = (json!(somebody), json!(n.to_string()));
        let request = serde_json::from_value(json!({ "TableName": table, "Item": copy })).unwrap();
        core.aws.dynamodb.database().put_item(request).unwrap();
    }
    let page = ana.get(&format!("{INVITEES}?limit=100")).await.is(200);
    assert_eq!(page["items"].as_array().unwrap().len(), 100);
    remove(&cloud, &ana).await;
    assert_eq!(cloud.of_kind("invitee").await.len(), 0);
    let left = cloud.of_kind("invite").await;
    assert_eq!((left.len(), &left[0]["inviter"], left[0]["entered_at"].is_object()), (1, &Value::Null, true), "{left:?}");
}

/// Only administrators see the number of entered codes of each day, and who invited most people.
/// Promise: invite-statistics, permission-matrix
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_see_the_statistics_of_invitations() {
    let cloud = Cloud::start().await;
    let (admin, app) = administrator(&cloud, "zed", "+447700900307").await;
    let before = admin.get(&format!("{STATISTICS}?days=1")).await.is(200);
    assert_eq!((before["days"].as_array().unwrap().len(), &before["top_inviters"]), (1, &json!([])));
    assert_eq!((&before["days"][0]["registrations"], &before["days"][0]["verifications"]), (&json!(1), &json!(1)));
    // To noon of the day after next, so that the day does not end during the test.
    let midday = (cloud.now().millis().div_euclid(86_400_000) + 2) * 86_400_000 + 43_260_000;
    cloud.clock.set(kernel::Time::from_millis(midday)).unwrap();
    cloud.settle().await;
    let date = kernel::Timestamp(cloud.now()).to_string()[..10].to_owned();

    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let _ = proven_flow(&cloud, "nobody").await;
    by_phone(&cloud, "+447700900308", json!({ "invite_code": code(&ana).await })).await.is(201);
    enter(&ben, &code(&ana).await).await.is(201);
    let (dan, path) = proven_flow(&cloud, "dan").await;
    dan.put(&format!("{path}/personal"), personal(&code(&ben).await)).await.is(200);
    let _ = complete(&dan, &path).await;
    let admin = cloud.sign_in_with(&cloud.anonymous(), "zed", &app).await;
    let seen = admin.get(STATISTICS).await.is(200);
    let days = seen["days"].as_array().unwrap();
    let dates: Vec<&str> = days.iter().map(|d| d["date"].as_str().unwrap()).collect();
    assert_eq!((dates.len(), dates[29]), (30, date.as_str()));
    assert!(dates.is_sorted(), "{dates:?}");
    assert_eq!(days[29], json!({ "date": date, "registrations": 4, "verifications": 5, "invites": 3 }));
    assert_eq!((&days[27], &days[28]["registrations"]), (&before["days"][0], &json!(0)));
    let top: Vec<_> = seen["top_inviters"].as_array().unwrap().iter().map(|t| (t["username"].clone(), t["used"].clone())).collect();
    assert_eq!(top, [(json!("ana"), json!(2)), (json!("ben"), json!(1))]);
    let earlier = admin.get(&format!("{STATISTICS}?days=2&until={}", dates[28])).await.is(200);
    assert_eq!(earlier["days"], json!([days[27], days[28]]));
    assert_eq!(admin.get(&format!("{STATISTICS}?days=366")).await.is(200)["days"].as_array().unwrap().len(), 366);
    let wrong = admin.get(&format!("{STATISTICS}?days=367&until=2026-02-30")).await;
    assert_eq!(wrong.field_errors(), ["/days range", "/until date"]);
    admin.get(&format!("{STATISTICS}?days=x")).await.is_problem(400, "malformed");

    // Roles are read with every request, and a superuser may do what an administrator may.
    cloud.appoint(&admin, &["moderator", "superuser"]);
    admin.get(STATISTICS).await.is(200);
    for less in [&["moderator"][..], &[]] {
        cloud.appoint(&admin, less);
        admin.get(STATISTICS).await.is_problem(403, "forbidden");
    }
    ana.get(STATISTICS).await.is_problem(403, "forbidden");
    cloud.anonymous().get(STATISTICS).await.is_problem(401, "token_invalid");
}

/// Staff who were inactive for half an hour, or whose proof is twelve hours old, have to step up. Other members are not affected.
/// Promise: staff-proof
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_prove_themselves_again_after_a_pause_and_after_a_day() {
    let cloud = Cloud::start().await;
    let (mut admin, app) = administrator(&cloud, "root_of_all", "+447700900311").await;
    let refresh = async |caller: &Caller| {
        let reply = caller.post("/v1/sessions/refresh", json!({ "refresh_token": caller.refresh_token() })).await.is(200);
        caller.signed_in(reply)
    };
    let minutes = |n: u32| Duration::from_secs(60) * n;
    for _ in 0..3 {
        cloud.advance(minutes(29)).await;
        admin = refresh(&admin).await;
        admin.get(STATISTICS).await.is(200);
    }
    cloud.advance(minutes(31)).await;
    admin = refresh(&admin).await;
    admin.get(STATISTICS).await.is_problem(401, "step_up_required");
    admin.get("/v1/me").await.is(200);
    // New activity is no proof.
    cloud.advance(minutes(5)).await;
    admin = refresh(&admin).await;
    admin.get(STATISTICS).await.is_problem(401, "step_up_required");
    admin = cloud.step_up(&admin, &app).await;
    for _ in 0..25 {
        admin.get(STATISTICS).await.is(200);
        cloud.advance(minutes(28)).await;
        admin = refresh(&admin).await;
    }
    cloud.advance(minutes(21)).await;
    admin = refresh(&admin).await;
    admin.get(STATISTICS).await.is_problem(401, "step_up_required");
}
