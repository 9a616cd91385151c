//! Signing in and registering with a phone number.

use std::{collections::BTreeSet, net::Ipv4Addr, time::Duration};

use local::aws::{
    Service,
    faults::{Fault, Target},
};
use tests::{Caller, Cloud, DAY, HOUR, PASSWORD, Reply, Value, json, race, wrong};

const START: &str = "/v1/phone-sign-ins";
const ANA: &str = "+447700900001";
const SECOND: Duration = Duration::from_secs(1);

async fn start(caller: &Caller, phone: &str) -> Reply {
    caller.post(START, json!({ "phone": phone })).await
}

/// Begins a sign-in and returns its path.
async fn begin(caller: &Caller, phone: &str) -> String {
    path(&caller.post_with_work(START, json!({ "phone": phone })).await.is(202))
}

fn path(started: &Value) -> String {
    format!("{START}/{}", started["id"].as_str().unwrap())
}

async fn resend(caller: &Caller, path: &str) -> Reply {
    caller.post(&format!("{path}/resend"), json!({})).await
}

async fn verify(caller: &Caller, path: &str, code: &str) -> Reply {
    caller.post(&format!("{path}/verify"), json!({ "code": code })).await
}

/// Signs somebody in, or up, from a client of their own.
async fn sign_in(cloud: &Cloud, phone: &str) -> Caller {
    let caller = cloud.anonymous();
    let path = begin(&caller, phone).await;
    let code = cloud.code_to(phone).await;
    caller.signed_in(verify(&caller, &path, &code).await.is(201))
}

fn retry_after(reply: &Reply, code: &str) -> u64 {
    let problem = reply.is_problem(429, code);
    assert_eq!(problem["retry_after"].to_string(), reply.header("retry-after"));
    reply.header("retry-after").parse().unwrap()
}

/// The table with the accounts.
fn table(cloud: &Cloud) -> String {
    cloud.core().template.tables.iter().map(|t| t.name.clone()).find(|name| name.ends_with("-state")).unwrap()
}

/// Changes an attribute of an item directly in the table.
pub(crate) fn change(cloud: &Cloud, item: &Value, attribute: &str, value: Value) {
    let update = json!({
        "TableName": table(cloud), "Key": { "pk": item["pk"], "sk": item["sk"] },
        "UpdateExpression": "SET #a = :v", "ExpressionAttributeNames": { "#a": attribute }, "ExpressionAttributeValues": { ":v": value },
    });
    cloud.aws.dynamodb.database().update_item(serde_json::from_value(update).unwrap()).unwrap();
}

async fn record(cloud: &Cloud, person: &Caller) -> Value {
    cloud.of_kind("user").await.into_iter().find(|u| u["id"]["S"] == person.id()).unwrap()
}

/// Gives somebody a number, as if they had proven it.
async fn give(cloud: &Cloud, person: &Caller, phone: &str) {
    change(cloud, &record(cloud, person).await, "phone", json!({ "S": phone }));
    let text = |s: &str| json!({ "S": s });
    let claim = json!({
        "pk": text(&format!("PHONE#{phone}")), "sk": text("PHONE"), "kind": text("phone"), "v": { "N": "1" },
        "phone": text(phone), "user": text(&person.id()),
    });
    put(cloud, &claim);
}

/// Puts an item directly into the table.
pub(crate) fn put(cloud: &Cloud, item: &Value) {
    let put = json!({ "TableName": table(cloud), "Item": item });
    cloud.aws.dynamodb.database().put_item(serde_json::from_value(put).unwrap()).unwrap();
}

/// One operation signs up and in. Spellings of a number count as one number. The account is made when the code is right, not
/// before. The code is in one text message and nowhere else.
/// Promise: phone-sign-in
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_call_signs_up_and_in() {
    let cloud = Cloud::start().await;
    let caller = cloud.anonymous();
    let started = start(&caller, "+998 90 123-45-67").await;
    let sent = started.is(202)["sent"].clone();
    assert_eq!((&sent["target"], &sent["tries_left"]), (&json!("+••••••67"), &json!(3)));
    let messages = cloud.mails_to("+998901234567").await;
    let [message] = messages.as_slice() else { panic!("{messages:?}") };
    let code = message.code.clone().unwrap();
    assert!(code.len() == 6 && message.text.starts_with(&code), "{}", message.text);
    assert!(!String::from_utf8_lossy(&started.bytes).contains(&code));
    assert!(!cloud.dump().await.to_string().contains(&code), "the code is stored in clear");
    assert_eq!(cloud.of_kind("user").await.len(), 0, "there is no account before the proof");

    let path = path(&started.json());
    let named = json!({ "code": code, "first_name": " Ana ", "last_name": "Nowak" });
    let reply = caller.post(&format!("{path}/verify"), named).await;
    let first = caller.signed_in(reply.is(201));
    assert_eq!(reply.header("location"), format!("/v1/sessions/{}", reply.json()["session_id"].as_str().unwrap()));
    assert_eq!(first.claims()["amr"], json!(["sms"]));
    let me = first.get("/v1/me").await.is(200);
    assert_eq!((&me["phone"], &me["first_name"], &me["email"]), (&json!("+998901234567"), &json!("Ana"), &json!(null)));
    let name = me["username"].as_str().unwrap();
    assert!(name.starts_with("user_") && name.len() == 15, "{name}");

    // Again, in another spelling, from another client, with other names: the same account, unchanged.
    let caller = cloud.anonymous();
    let path = begin(&caller, "00998901234567").await;
    let code = cloud.code_to("+998901234567").await;
    let again = json!({ "code": code, "first_name": "Eve", "start_afresh": true });
    let second = caller.signed_in(caller.post(&format!("{path}/verify"), again).await.is(201));
    assert_eq!(second.id(), first.id());
    let me = second.get("/v1/me").await.is(200);
    assert_eq!((&me["username"], &me["first_name"], &me["last_name"]), (&json!(name), &json!("Ana"), &json!("Nowak")));
    assert_eq!(second.get("/v1/sessions").await.is(200)["items"].as_array().unwrap().len(), 2);
    assert_eq!((cloud.of_kind("user").await.len(), cloud.of_kind("phone").await.len()), (1, 1));
    assert_eq!(cloud.of_kind("challenge").await.len(), 0, "the used challenge is deleted");
}

/// A number that cannot receive messages and a country that the deployment does not send to are refused, and nothing is sent.
/// Promise: phone-numbers-allowed
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_numbers_that_messages_are_sent_to() {
    let cloud = Cloud::start().await;
    let caller = cloud.anonymous();
    for (phone, code) in [
        ("", "required"),
        ("12", "phone"),
        ("ana@example.test", "phone"),
        ("+44 9098 790879", "phone"),
        ("+4851234567", "phone"),
        ("+44740012345", "phone"),
        ("+911800123456", "phone"),
        ("+48 12 345 67 89", "phone"),
        ("+1868 291 1234", "phone_country"),
        ("+7 912 345-67-89", "phone_country"),
        ("+850 191 234 5678", "phone_country"),
    ] {
        for _ in 0..8 {
            assert_eq!(start(&caller, phone).await.field_errors(), [format!("/phone {code}")], "{phone}");
        }
    }
    let unknown = caller.post(START, json!({ "phone": ANA, "locale": "xx" })).await;
    assert_eq!(unknown.field_errors(), ["/locale locale"]);
    for body in
        [json!({}), json!({ "phone": 5 }), json!({ "phone": ANA, "code": "123456" }), json!({ "phone": ANA, "token_delivery": "x" })]
    {
        caller.post(START, body).await.is_problem(400, "malformed");
    }
    let made_up = format!("{START}/flw_{}", "A".repeat(43));
    verify(&caller, &made_up, "123456").await.is_problem(404, "not_found");
    resend(&caller, &made_up).await.is_problem(404, "not_found");
    cloud.settle().await;
    assert_eq!((cloud.inbox.len(), cloud.of_kind("challenge").await.len(), cloud.of_kind("limit").await.len()), (0, 0, 0));
    // Without a country code it is a number of the first allowed country.
    start(&caller, "07700 900001").await.is(202);
    assert_eq!(cloud.mails_to(ANA).await.len(), 1);
    // Pasted with invisible marks a number is the same number.
    start(&caller, "\u{2068}+48\u{2011}512\u{a0}345\u{ad}678\u{2069}").await.is(202);
    assert!(cloud.mail_to("+48512345678").await.code.is_some());
    start(&caller, "\u{200e}+\u{664}\u{668} 512 345 678\u{feff}").await.is_problem(429, "resend_too_early");
}

/// A number has one code for two minutes, for all clients and flows. Then another one can be sent, which voids the first.
/// Promise: code-resend, phone-sign-in
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_code_only_when_the_first_has_expired() {
    let cloud = Cloud::start().await;
    let (caller, other) = (cloud.anonymous(), cloud.anonymous());
    let path = begin(&caller, ANA).await;
    let first = cloud.code_to(ANA).await;
    verify(&caller, &path, &wrong(&first)).await.is_problem(422, "code_invalid");
    for early in [
        start(&caller, ANA).await,
        start(&other, "0044 7700 900 001").await,
        resend(&caller, &path).await,
        resend(&other, &path).await,
        start(&other.with("x-forwarded-for", "203.0.113.9"), ANA).await,
    ] {
        assert!((100..=120).contains(&retry_after(&early, "resend_too_early")));
    }
    // The attempts were not reset by that.
    assert_eq!(verify(&caller, &path, &wrong(&first)).await.is_problem(422, "code_invalid")["tries_left"], 1);
    cloud.advance(60 * SECOND).await;
    assert!((40..=60).contains(&retry_after(&start(&other, ANA).await, "resend_too_early")));
    assert_eq!(cloud.mails_to(ANA).await.len(), 1);

    cloud.advance(61 * SECOND).await;
    let theirs = begin(&other, ANA).await;
    let second = cloud.code_to(ANA).await;
    assert_eq!(cloud.mails_to(ANA).await.len(), 2);
    if first != second {
        verify(&caller, &path, &first).await.is_problem(422, "code_invalid");
        verify(&other, &theirs, &first).await.is_problem(422, "code_invalid");
    }
    retry_after(&resend(&caller, &path).await, "resend_too_early");
    verify(&other, &theirs, &second).await.is(201);

    // Two requests at the same moment: one of them sends a code.
    let eve = "+447700900002";
    let replies = race(20, |_| {
        let caller = other.clone();
        async move { start(&caller, eve).await }
    })
    .await;
    assert_eq!(replies.iter().filter(|r| r.status == 202).count(), 1, "{replies:?}");
    for late in replies.iter().filter(|r| r.status != 202) {
        // Or the limit of the client, which losers of the race release too late for the others.
        let code = late.json()["code"].clone();
        assert!(late.status == 429 && (code == "resend_too_early" || code == "too_many_requests"), "{code} {late:?}");
    }
    assert_eq!(cloud.mails_to(eve).await.len(), 1);
}

/// A code has three attempts, is valid for two minutes by the server's clock, and works once. A number has twenty failures a day,
/// however many codes are sent.
/// Promise: code-lifetime, code-attempts
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_are_short_lived_and_few() {
    let cloud = Cloud::start().await;
    let caller = cloud.anonymous();
    let path = begin(&caller, ANA).await;
    let code = cloud.code_to(ANA).await;
    // An incomplete code, as a form may send it while it is typed, uses up no attempt. Neither does an invalid name.
    for partial in ["", "1", "123", "1234", "12345", "1234567", "abcdef", "١٢٣٤٥"] {
        assert_eq!(verify(&caller, &path, partial).await.field_errors(), ["/code code_format"], "{partial}");
    }
    let named = caller.post(&format!("{path}/verify"), json!({ "code": code, "first_name": "R2-D2", "last_name": "x".repeat(36) })).await;
    assert_eq!(named.field_errors(), ["/first_name characters", "/last_name too_long"]);
    for left in [2, 1, 0] {
        assert_eq!(verify(&caller, &path, &wrong(&code)).await.is_problem(422, "code_invalid")["tries_left"], left);
    }
    verify(&caller, &path, &code).await.is_problem(422, "code_invalid");

    cloud.advance(121 * SECOND).await;
    assert_eq!(resend(&caller, &path).await.is(202)["tries_left"], 3);
    let second = cloud.code_to(ANA).await;
    cloud.advance(119 * SECOND).await;
    let session = verify(&caller, &path, &second).await.is(201);
    cloud.forget_answers().await;
    verify(&caller, &path, &second).await.is_problem(422, "code_invalid");
    resend(&caller, &path).await.is_problem(404, "not_found");
    assert_eq!(caller.signed_in(session).get("/v1/sessions").await.is(200)["items"].as_array().unwrap().len(), 1);

    let eve = "+447700900002";
    let path = begin(&caller, eve).await;
    let code = cloud.code_to(eve).await;
    cloud.advance(120 * SECOND).await;
    assert_eq!(cloud.of_kind("challenge").await.len(), 1, "the expired challenge is still in the table");
    verify(&caller, &path, &code).await.is_problem(422, "code_invalid");

    // Six codes with three wrong guesses at each. The next one is long, and the right one is accepted.
    cloud.advance(HOUR).await;
    for round in 0..6 {
        cloud.advance(HOUR / 4).await;
        let client = cloud.anonymous();
        let path = begin(&client, eve).await;
        let code = cloud.code_to(eve).await;
        if round == 5 {
            assert_eq!(code.len(), 14);
            verify(&client, &path, &code).await.is(201);
            break;
        }
        for _ in 0..3 {
            verify(&client, &path, &wrong(&code)).await.is_problem(422, "code_invalid");
        }
    }
}

/// A code with no attempts left, a used one, an expired one and one of another flow get the same answer, however often they are
/// tried.
/// Promise: code-attempts, no-account-disclosure
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invalid_codes_are_answered_alike() {
    let cloud = Cloud::start().await;
    let (caller, other) = (cloud.anonymous(), cloud.anonymous());
    let mut bodies = Vec::new();
    let path = begin(&caller, ANA).await;
    let code = cloud.code_to(ANA).await;
    for left in [2, 1, 0] {
        assert_eq!(verify(&caller, &path, &wrong(&code)).await.is_problem(422, "code_invalid")["tries_left"], left);
    }
    for guess in [&wrong(&code), &code, &wrong(&code), &code] {
        bodies.push(verify(&caller, &path, guess).await);
    }
    cloud.advance(121 * SECOND).await;
    bodies.push(verify(&caller, &path, &code).await);
    let theirs = begin(&other, ANA).await;
    let code = cloud.code_to(ANA).await;
    bodies.push(verify(&caller, &path, &code).await);
    verify(&other, &theirs, &code).await.is(201);
    cloud.forget_answers().await;
    bodies.push(verify(&other, &theirs, &code).await);
    let shapes: BTreeSet<String> = bodies.iter().map(Reply::shape).collect();
    assert!(shapes.len() == 1 && bodies.iter().all(|b| b.is_problem(422, "code_invalid")["tries_left"].is_null()), "{shapes:?}");
}

/// A right code is no guess: when the request fails for a temporary reason, the code can be sent again, also at the last attempt.
/// Promise: code-attempts
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_code_does_not_use_up_the_last_try() {
    let cloud = Cloud::start().await;
    let caller = cloud.anonymous();
    let path = begin(&caller, ANA).await;
    let code = cloud.code_to(ANA).await;
    for _ in 0..2 {
        verify(&caller, &path, &wrong(&code)).await.is_problem(422, "code_invalid");
    }
    let target = Target::of("PhoneLoginFunction", Service::DynamoDb, "TransactWriteItems");
    for (fault, status) in [(Fault::Conflict, 503), (Fault::Internal, 503)] {
        let down = cloud.aws.faults.script(target.clone(), fault);
        for _ in 0..2 {
            verify(&caller, &path, &code).await.has(status);
        }
        down.end();
    }
    assert_eq!(verify(&caller, &path, &wrong(&code)).await.is_problem(422, "code_invalid")["tries_left"], 0, "it was the last attempt");
    cloud.advance(121 * SECOND).await;
    resend(&caller, &path).await.is(202);
    let code = cloud.code_to(ANA).await;
    verify(&caller, &path, &code).await.is(201);
}

/// A client that sends wrong codes for many numbers is stopped after twenty in a quarter of an hour, also with a right one. Right
/// and incomplete codes do not count, and others are not affected.
/// Promise: client-attempts
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_guesses_at_many_numbers_is_stopped() {
    let cloud = Cloud::start().await;
    let number = |n: u32| format!("+4477009002{n:02}");
    let client = cloud.anonymous();
    for n in 0..22 {
        let path = begin(&cloud.anonymous(), &number(n)).await;
        let code = cloud.code_to(&number(n)).await;
        assert_eq!(verify(&client, &path, "12").await.field_errors(), ["/code code_format"]);
        verify(&client, &path, &code).await.is(201);
    }
    for n in 30..36 {
        let path = begin(&cloud.anonymous(), &number(n)).await;
        let guess = wrong(&cloud.code_to(&number(n)).await);
        for _ in 0..3 {
            verify(&client, &path, &guess).await.is_problem(422, "code_invalid");
        }
    }
    let path = begin(&cloud.anonymous(), &number(36)).await;
    let code = cloud.code_to(&number(36)).await;
    for _ in 0..2 {
        verify(&client, &path, &wrong(&code)).await.is_problem(422, "code_invalid");
    }
    for code in [&wrong(&code), &code] {
        assert!((1..=900).contains(&retry_after(&verify(&client, &path, code).await, "too_many_requests")));
    }
    verify(&cloud.anonymous(), &path, &code).await.is(201);
    cloud.advance(901 * SECOND).await;
    let path = begin(&client, &number(37)).await;
    let code = cloud.code_to(&number(37)).await;
    verify(&client, &path, &code).await.is(201);
}

/// Of a thousand concurrent uses of a right code one opens a session. Of a thousand wrong ones three are evaluated.
/// Promise: code-once, code-attempts
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_requests_use_a_code_once_and_gain_no_guesses() {
    let cloud = Cloud::start().await;
    // Once for a new account, once for an existing one.
    for round in 1..=2 {
        let caller = cloud.anonymous();
        let path = begin(&caller, ANA).await;
        let code = cloud.code_to(ANA).await;
        let replies = race(1000, |_| {
            let (caller, path, code) = (caller.clone(), path.clone(), code.clone());
            async move { verify(&caller, &path, &code).await }
        })
        .await;
        let opened: Vec<&Reply> = replies.iter().filter(|r| r.status == 201).collect();
        assert!(opened.iter().all(|reply| reply.json() == opened[0].json()), "{opened:?}");
        // On a busy machine some requests get 503 and are repeated.
        for other in replies.iter().filter(|r| ![201, 503].contains(&r.status.as_u16())) {
            other.is_problem(422, "code_invalid");
        }
        let sessions = caller.signed_in(opened[0].json()).get("/v1/sessions").await.is(200);
        assert_eq!(sessions["items"].as_array().unwrap().len(), round);
        assert_eq!((cloud.of_kind("user").await.len(), cloud.of_kind("username").await.len()), (1, 1));
    }

    let caller = cloud.anonymous();
    let path = begin(&caller, ANA).await;
    let code = cloud.code_to(ANA).await;
    let guess = wrong(&code);
    let replies = race(1000, |_| {
        let (caller, path, guess) = (caller.clone(), path.clone(), guess.clone());
        async move { verify(&caller, &path, &guess).await.is_problem(422, "code_invalid") }
    })
    .await;
    let left: BTreeSet<u64> = replies.iter().filter_map(|r| r["tries_left"].as_u64()).collect();
    assert_eq!(left, BTreeSet::from([0, 1, 2]));
    assert_eq!(
        replies.iter().filter(|r| r["tries_left"].as_u64().is_some_and(|left| left > 0)).count(),
        2,
        "two answers leave attempts, all others none"
    );
    verify(&caller, &path, &code).await.is_problem(422, "code_invalid");
}

/// A code is valid in the flow that asked for it. Another flow can neither use it nor use up its attempts.
/// Promise: code-binding
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_uses_up_nobodys_tries() {
    let cloud = Cloud::start().await;
    let (stranger, owner) = (cloud.anonymous(), cloud.anonymous());
    let theirs = begin(&stranger, ANA).await;
    cloud.advance(121 * SECOND).await;
    let path = begin(&owner, ANA).await;
    let code = cloud.code_to(ANA).await;
    for _ in 0..5 {
        let refused = verify(&stranger, &theirs, &wrong(&code)).await.is_problem(422, "code_invalid");
        assert!(refused["tries_left"].is_null(), "{refused}");
    }
    verify(&stranger, &theirs, &code).await.is_problem(422, "code_invalid");
    verify(&owner, &path, &code).await.is(201);
    // The old flow cannot use a new code either, which was sent after the attempts of the former one were used up.
    let path = begin(&owner, ANA).await;
    let code = cloud.code_to(ANA).await;
    verify(&stranger, &theirs, &code).await.is_problem(422, "code_invalid");
    verify(&owner, &path, &code).await.is(201);
}

/// A number with an account, without one, and with one that cannot be used: the same answers, by the same calls of AWS.
/// Promise: no-account-disclosure, equal-cost
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_known_number_looks_like_an_unknown_one() {
    let cloud = Cloud::start().await;
    let numbers = ["+447700900001", "+447700900002", "+447700900003", "+447700900004", "+447700900005"];
    let [_, known, resting, leaving, guarded] = numbers;
    for phone in [known, resting, leaving, guarded] {
        sign_in(&cloud, phone).await;
    }
    for user in cloud.of_kind("user").await {
        let phone = user["phone"]["S"].as_str().unwrap();
        if phone == resting || phone == leaving {
            let status = if phone == resting { "deactivated" } else { "purging" };
            change(&cloud, &user, "status", json!({ "S": status }));
        } else if phone == guarded {
            change(&cloud, &user, "factors", json!({ "L": [{ "S": "app" }] }));
        }
    }
    cloud.advance(HOUR).await;
    let mut seen = BTreeSet::new();
    for phone in numbers {
        let caller = cloud.anonymous();
        let started = start(&caller, phone).await;
        let path = path(&started.is(202));
        let early = start(&cloud.anonymous(), phone).await;
        let code = cloud.code_to(phone).await;
        let guessed = verify(&caller, &path, &wrong(&code)).await;
        let again = resend(&caller, &path).await;
        seen.insert([started, early, guessed, again].map(|r| r.shape()));
    }
    assert_eq!(seen.len(), 1, "{seen:#?}");

    // The right code of an unusable account is answered and counted like a wrong one.
    cloud.advance(HOUR).await;
    for phone in [resting, leaving] {
        let caller = cloud.anonymous();
        let path = begin(&caller, phone).await;
        let code = cloud.code_to(phone).await;
        let right = verify(&caller, &path, &code).await;
        right.is_problem(422, "code_invalid");
        assert!(seen.iter().flatten().any(|shape| *shape == right.shape()), "{}", right.shape());
        assert_eq!(verify(&caller, &path, &wrong(&code)).await.is_problem(422, "code_invalid")["tries_left"], 1);
    }
    assert_eq!(cloud.of_kind("user").await.len(), 4, "no second account was made");
}

/// For an account with second factors the code is only the first step, and the phone cannot be the second one too.
/// Promise: phone-is-one-factor
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_does_not_pass_second_factors() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    give(&cloud, &ana, ANA).await;
    change(&cloud, &record(&cloud, &ana).await, "factors", json!({ "L": [{ "S": "app" }, { "S": "email" }, { "S": "sms" }] }));
    cloud.advance(HOUR).await;
    let before = cloud.of_kind("session").await.len();
    let client = cloud.anonymous();
    let asked = json!({ "phone": ANA, "next": "/rooms", "remember_device": true });
    let path = path(&client.post(START, asked).await.is(202));
    let code = cloud.code_to(ANA).await;
    let replies = race(20, |_| {
        let (client, path, code) = (client.clone(), path.clone(), code.clone());
        async move { verify(&client, &path, &code).await }
    })
    .await;
    let steps: Vec<&Reply> = replies.iter().filter(|r| r.status == 202).collect();
    assert_eq!(replies.iter().filter(|r| r.status == 201).count(), 0, "{replies:?}");
    let step = steps[0].is(202);
    assert!(steps.iter().all(|other| other.json() == step), "{steps:?}");
    let offered: Vec<&str> = step["factors"].as_array().unwrap().iter().map(|f| f["factor"].as_str().unwrap()).collect();
    assert_eq!(offered, ["app", "email", "recovery_code"]);
    assert!(step.get("access_token").is_none() && steps[0].header("set-cookie").is_empty());
    assert_eq!(cloud.of_kind("session").await.len(), before);

    let second = format!("/v1/sign-ins/{}", step["id"].as_str().unwrap());
    client.put(&format!("{second}/factor"), json!({ "factor": "sms" })).await.is_problem(422, "factor_unavailable");
    client.put(&format!("{second}/factor"), json!({ "factor": "email" })).await.is(200);
    let answer = json!({ "code": cloud.code_to(&ana.email()).await });
    let signed_in = client.post(&format!("{second}/verify"), answer).await.is(201);
    assert_eq!((&signed_in["next"], &signed_in["user_id"]), (&json!("/rooms"), &json!(ana.id())));
    assert_eq!(client.signed_in(signed_in.clone()).claims()["amr"], json!(["sms", "email", "mfa"]));

    // With the device that is trusted now the code is enough. Another person's device does not help.
    let device = signed_in["device_token"].as_str().unwrap();
    for (shown, status) in [(device, 201), ("dvc_AAAA", 202), (device, 202)] {
        cloud.advance(121 * SECOND).await;
        let client = cloud.anonymous();
        let path = begin(&client, ANA).await;
        let proof = json!({ "code": cloud.code_to(ANA).await, "device_token": shown });
        client.post(&format!("{path}/verify"), proof).await.is(status);
    }
}

/// A client can cause ten messages at once and then one from time to time, whatever it claims about itself. Refused requests use
/// up nothing that others need.
/// Promise: sending-limits
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_has_its_limit() {
    let cloud = Cloud::start().await;
    let client = cloud.anonymous();
    let number = |n: usize| format!("+4477009001{n:02}");
    for n in 0..10 {
        start(&client, &number(n)).await.is(202);
    }
    for (n, (name, value)) in [
        ("x-forwarded-for", "203.0.113.1"),
        ("x-real-ip", "203.0.113.2"),
        ("forwarded", "for=203.0.113.3"),
        ("x-client-ip", "203.0.113.4"),
        ("true-client-ip", "203.0.113.5"),
        ("cf-connecting-ip", "203.0.113.6"),
    ]
    .into_iter()
    .enumerate()
    {
        assert!(retry_after(&start(&client.with(name, value), &number(20 + n)).await, "too_many_requests") <= 2880);
    }
    // Eight refused requests for a number do not reduce its messages.
    for _ in 0..8 {
        retry_after(&start(&client, &number(50)).await, "too_many_requests");
    }
    for _ in 0..3 {
        start(&cloud.anonymous(), &number(50)).await.is(202);
        cloud.advance(121 * SECOND).await;
    }
    cloud.advance(2880 * SECOND).await;
    start(&client, &number(60)).await.is(202);
    retry_after(&start(&client, &number(61)).await, "too_many_requests");
}

/// A hundred messages an hour for all addresses of a network together, to any numbers.
/// Promise: sending-limits
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_has_a_limit() {
    let cloud = Cloud::start_with(&[("SmsDailyMax", "10000")]).await;
    let from = |n: usize| cloud.caller_at(Ipv4Addr::new(127, 3, 0, u8::try_from(n / 10 + 1).unwrap()));
    for n in 0..100 {
        let range = ["+48512", "+48600", "+48690", "+48501", "+48788"][n / 20];
        start(&from(n), &format!("{range}1234{n:02}")).await.is(202);
    }
    retry_after(&start(&from(120), "+48888123456").await, "too_many_requests");
    start(&cloud.caller_at(Ipv4Addr::new(127, 3, 1, 1)), "+48888123456").await.is(202);
}

/// When the budget of text messages is used up nobody gets any, and every client gets the same answer. Later messages are sent again.
/// Promise: sending-budget
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_budget_of_text_messages_is_limited() {
    let cloud = Cloud::start().await;
    start(&cloud.anonymous(), ANA).await.is(202);
    let counters = cloud.of_kind("limit").await;
    let all = counters.iter().find(|c| c["pk"]["S"].as_str().unwrap().contains("texts_anybody")).unwrap();
    // 150 at once, and 450 over the day.
    let full = (cloud.now() + Duration::from_secs(192) * 150).millis();
    change(&cloud, all, "until", json!({ "N": full.to_string() }));
    let eve = "+447700900003";
    for _ in 0..6 {
        let stopped = cloud.anonymous().post_with_work(START, json!({ "phone": eve })).await;
        stopped.is_problem(503, "unavailable");
        assert!(stopped.header("retry-after").parse::<u64>().unwrap() <= 192);
    }
    cloud.settle().await;
    assert_eq!((cloud.inbox.len(), cloud.mails_to(eve).await.len()), (1, 0));
    cloud.advance(DAY).await;
    // Refused requests did not count for the number either.
    for _ in 0..3 {
        start(&cloud.anonymous(), eve).await.is(202);
        cloud.advance(121 * SECOND).await;
    }
}

/// When the counters are unavailable nothing is sent, and the client is told to come back.
/// Promise: counters-required
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_counters_nothing_is_sent() {
    let cloud = Cloud::start().await;
    let target = Target::of("PhoneLoginFunction", Service::DynamoDb, "UpdateItem");
    for fault in [Fault::Internal, Fault::Throttle] {
        let down = cloud.aws.faults.script(target.clone(), fault);
        let refused = start(&cloud.anonymous(), ANA).await;
        refused.is_problem(503, "unavailable");
        assert!(!refused.header("retry-after").is_empty() && down.hits() > 0);
        down.end();
    }
    cloud.settle().await;
    assert_eq!((cloud.inbox.len(), cloud.of_kind("challenge").await.len()), (0, 0));
    sign_in(&cloud, ANA).await.get("/v1/me").await.is(200);
}

/// The client does not learn that a message could not be sent. It may ask again at once, and the failed message is not counted.
/// Promise: no-account-disclosure, sending-limits, delivery-retry
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_message_is_neither_revealed_nor_counted() {
    let cloud = Cloud::start().await;
    let caller = cloud.anonymous();
    let well = start(&caller, "+447700900009").await;
    cloud.settle().await;
    let target = Target::of("DeliverFunction", Service::Sns, "Publish");
    let down = cloud.aws.faults.script(target, Fault::Internal);
    let begun = start(&caller, ANA).await;
    assert_eq!(begun.shape(), well.shape());
    let path = path(&begun.is(202));
    cloud.settle().await;
    for _ in 0..6 {
        resend(&caller, &path).await.is(202);
        cloud.settle().await;
    }
    assert_eq!(down.hits(), 7 * 9, "three attempts in each of three invocations");
    let traffic = cloud.of_kind("sms_range").await;
    assert_eq!((traffic.len(), &traffic[0]["sent"]["N"]), (1, &json!("1")), "only sent messages count for the range");
    assert!(cloud.mails_to(ANA).await.is_empty());
    down.end();
    resend(&cloud.anonymous(), &path).await.is(202);
    let code = cloud.code_to(ANA).await;
    retry_after(&resend(&caller, &path).await, "resend_too_early");
    verify(&caller, &path, &code).await.is(201);
}

/// The last line of a message tells browsers for which site they may fill in the code. The code comes first, for people.
/// Promise: code-text-message
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_says_where_its_code_belongs() {
    let cloud = Cloud::start().await;
    for locale in ["en", "pl"] {
        let phone = if locale == "en" { ANA } else { "+447700900002" };
        cloud.anonymous().post(START, json!({ "phone": phone, "locale": locale })).await.is(202);
        let (code, text) = (cloud.code_to(phone).await, cloud.mail_to(phone).await.text);
        assert!(text.starts_with(&format!("{code} ")) && text.ends_with(&format!("\n\n@localhost #{code}")), "{text}");
        assert!(text.is_ascii() && text.len() <= 160, "one segment: {text}");
    }
}

/// The message is in the requested language, which a new account keeps. Codes of problems are never translated.
/// Promise: language
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_come_in_the_readers_language() {
    let cloud = Cloud::start().await;
    let caller = cloud.anonymous();
    let started = caller.post(START, json!({ "phone": ANA, "locale": "pl" })).await;
    let message = cloud.mail_to(ANA).await;
    assert!(message.text.contains("Twoj kod do Stoa") && message.text.contains("2 minuty") && message.text.is_ascii(), "{}", message.text);
    let early = caller.with("accept-language", "pl").post(START, json!({ "phone": ANA })).await;
    let in_english = start(&caller, ANA).await;
    assert_eq!(early.json()["code"], in_english.json()["code"]);
    assert_ne!(early.json()["title"], in_english.json()["title"]);
    let member = caller.signed_in(verify(&caller, &path(&started.json()), &message.code.unwrap()).await.is(201));
    assert_eq!(member.get("/v1/me").await.is(200)["language"], "pl");

    let by_header = cloud.anonymous().with("accept-language", "pl-PL, en;q=0.5");
    start(&by_header, "+447700900002").await.is(202);
    assert!(cloud.mail_to("+447700900002").await.text.contains("Twoj"));
    start(&cloud.anonymous(), "+447700900003").await.is(202);
    assert!(cloud.mail_to("+447700900003").await.text.contains("your code"));
}

/// A test number has a fixed code, and no message is sent. The code is in no answer.
/// Promise: phone-test-numbers
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_for_tests_always_has_its_code() {
    let cloud = Cloud::start().await;
    let (caller, phone) = (cloud.anonymous(), "+447700900999");
    let started = start(&caller, phone).await;
    assert!(!String::from_utf8_lossy(&started.bytes).contains("123456"));
    cloud.settle().await;
    assert_eq!(cloud.inbox.len(), 0);
    assert!(!cloud.dump().await.to_string().contains("123456"));
    let path = path(&started.is(202));
    verify(&caller, &path, "123457").await.is_problem(422, "code_invalid");
    let member = caller.signed_in(verify(&caller, &path, "123456").await.is(201));
    assert_eq!(member.get("/v1/me").await.is(200)["phone"], phone);
    // The limits of any number apply.
    let again = async || cloud.anonymous().post_with_work(START, json!({ "phone": phone })).await;
    for _ in 0..5 {
        again().await.is(202);
        cloud.advance(121 * SECOND).await;
    }
    retry_after(&again().await, "too_many_requests");
}

/// A number that was given to somebody else does not open its former owner's account. Its new owner is offered a new account. An
/// account with another proof is not opened without that proof. An account that is used, by sign-in or refresh, does not count as
/// idle.
/// Promise: phone-recycled, audit
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recycled_number_does_not_open_the_former_account() {
    let cloud = Cloud::start().await;
    let refreshed = async |caller: &Caller| {
        let reply = caller.post("/v1/sessions/refresh", json!({ "refresh_token": caller.refresh_token() })).await;
        caller.signed_in(reply.is(200))
    };
    let former = sign_in(&cloud, ANA).await;
    let guarded = cloud.member("guarded").await;
    give(&cloud, &guarded, "+447700900002").await;
    cloud.advance(10 * DAY).await;
    let former = refreshed(&former).await;
    cloud.advance(89 * DAY).await;
    let former_again = sign_in(&cloud, ANA).await;
    assert_eq!(former_again.id(), former.id(), "used 89 days ago");
    let own = former_again.get("/v1/me/invite-code").await.is(200)["code"].clone();

    // Ninety days after that use.
    cloud.advance(91 * DAY).await;
    let caller = cloud.anonymous();
    let path = begin(&caller, ANA).await;
    let code = cloud.code_to(ANA).await;
    // Also at the last attempt, however often it is asked.
    for _ in 0..2 {
        verify(&caller, &path, &wrong(&code)).await.is_problem(422, "code_invalid");
    }
    for _ in 0..2 {
        verify(&caller, &path, &code).await.is_problem(409, "account_idle");
    }
    // A new account cannot enter the code of the account that it replaces.
    let afresh = json!({ "code": code, "start_afresh": true, "first_name": "Nova", "invite_code": own });
    let next = caller.signed_in(caller.post(&format!("{path}/verify"), afresh).await.is(201));
    assert_ne!(next.id(), former.id());
    let me = next.get("/v1/me").await.is(200);
    assert_eq!((&me["phone"], &me["first_name"]), (&json!(ANA), &json!("Nova")));
    let old = cloud.of_kind("user").await.into_iter().find(|u| u["id"]["S"] == former.id()).unwrap();
    assert_eq!((&old["status"]["S"], &old["phone"]), (&json!("deactivated"), &json!(null)));
    // Staff, who decide about it, find out why.
    let entries = cloud.of_kind("audit").await;
    let closed = entries.iter().filter(|entry| entry["action"]["S"] == "account_deactivated" && entry["subject"]["S"] == former.id());
    assert!(closed.map(|entry| &entry["actor"]["S"]).eq([&Value::Null]), "{entries:?}");
    assert_eq!(sign_in(&cloud, ANA).await.id(), next.id(), "the number belongs to the new account");

    // An account with another proof has to use it, and is not replaced by a new account.
    let caller = cloud.anonymous();
    let path = begin(&caller, "+447700900002").await;
    let proof = json!({ "code": cloud.code_to("+447700900002").await, "start_afresh": true });
    let step = caller.post(&format!("{path}/verify"), proof).await.is(202);
    let offered: Vec<&str> = step["factors"].as_array().unwrap().iter().map(|f| f["factor"].as_str().unwrap()).collect();
    assert_eq!(offered, ["password", "email"]);
    let second = format!("/v1/sign-ins/{}/verify", step["id"].as_str().unwrap());
    caller.post(&second, json!({ "password": "not the right one" })).await.is_problem(403, "password_wrong");
    let back = caller.signed_in(caller.post(&second, json!({ "password": PASSWORD })).await.is(201));
    assert_eq!((back.id(), &back.claims()["amr"]), (guarded.id(), &json!(["sms", "pwd", "mfa"])));
    // Now the account is not idle any more.
    assert_eq!(sign_in(&cloud, "+447700900002").await.id(), guarded.id());
}

/// A superuser's account is not closed because somebody else has got its number: only another superuser could open it again.
/// Promise: phone-recycled, last-superuser
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_superuser_stays_although_their_number_is_recycled() {
    let cloud = Cloud::start().await;
    let former = sign_in(&cloud, ANA).await;
    // They have removed the passkey with which they became one.
    let roles = json!({
        "pk": { "S": format!("USER#{}", former.id()) }, "sk": { "S": "ROLES" }, "kind": { "S": "roles" }, "v": { "N": "1" },
        "user": { "S": former.id() }, "roles": { "L": [{ "S": "superuser" }] },
    });
    let put = serde_json::from_value(json!({ "TableName": "stoa-state", "Item": roles })).unwrap();
    let _ = cloud.aws.dynamodb.database().put_item(put).unwrap();
    cloud.advance(91 * DAY).await;
    let caller = cloud.anonymous();
    let path = begin(&caller, ANA).await;
    let afresh = json!({ "code": cloud.code_to(ANA).await, "start_afresh": true });
    caller.post(&format!("{path}/verify"), afresh).await.is_problem(409, "conflict");
    let users = cloud.of_kind("user").await;
    let [stays] = users.as_slice() else { panic!("{users:?}") };
    assert_eq!((&stays["status"]["S"], &stays["phone"]["S"]), (&json!("active"), &json!(ANA)));
}

/// Browsers get the refresh token in a cookie. Signing in as somebody else ends the session that the client had.
/// Promise: refresh-cookie, one-client-one-person
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_is_one_person_and_keeps_a_cookie() {
    let cloud = Cloud::start().await;
    let ben = sign_in(&cloud, "+447700900002").await;
    let ben_id = ben.id();
    let browser = cloud.anonymous();
    let enter = async |browser: &Caller, phone: &str| {
        let started = browser.post(START, json!({ "phone": phone, "token_delivery": "cookie" })).await.is(202);
        let code = cloud.code_to(phone).await;
        verify(browser, &path(&started), &code).await
    };
    let first = enter(&browser, ANA).await;
    assert!(first.is(201).get("refresh_token").is_none());
    let cookie = first.header("set-cookie");
    assert!(cookie.starts_with("__Host-refresh=rft_") && cookie.contains("HttpOnly"), "{cookie}");
    let ana = browser.signed_in(first.json());
    let jar = cookie.split(';').next().unwrap().to_owned();
    let second = enter(&browser.with("cookie", jar).with("x-stoa-csrf", "1"), "+447700900002").await;
    assert_eq!(second.is(201)["user_id"], ben_id);
    ana.get("/v1/sessions").await.is_problem(401, "token_invalid");
    // Also when the other account is new.
    let ben = browser.signed_in(second.json());
    let jar = second.header("set-cookie").split(';').next().unwrap().to_owned();
    let third = enter(&browser.with("cookie", jar).with("x-stoa-csrf", "1"), "+447700900003").await;
    third.is(201);
    ben.get("/v1/sessions").await.is_problem(401, "token_invalid");
}
