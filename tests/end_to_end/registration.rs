//! Registration, in steps and by mailed link.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use local::{
    aws::{
        Service,
        faults::{Fault, Target},
    },
    outside::Mode,
};
use tests::{Caller, Cloud, PASSWORD, Reply, Value, json, race, wrong};

const MINUTE: Duration = Duration::from_secs(60);

async fn begin(cloud: &Cloud, email: &str) -> (Caller, String) {
    let caller = cloud.anonymous();
    let flow = caller.post_with_work("/v1/registrations", json!({ "email": email })).await.is(201);
    (caller, format!("/v1/registrations/{}", flow["id"].as_str().unwrap()))
}

/// Names of people are accepted as they are written, and an address and a username in any spelling are one. Who registered with
/// one spelling signs in with all of them.
/// Promise: name-form, registration-steps
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_and_addresses_are_accepted_as_people_write_them() {
    let cloud = Cloud::start().await;
    let (caller, path) = begin(&cloud, "x\u{ff20}example.test").await;
    prove(&cloud, &caller, &path, "x@example.test").await;
    let step = format!("{path}/personal");
    for (first, last) in
        [("علی\u{200c}رضا", "ශ්\u{200d}රී"), ("Jordi", "Col·lell"), ("ジャン・ポール", "O\u{2018}Brien"), ("ג׳ורג׳", "de\u{a0}la Cruz")]
    {
        let body = json!({ "first_name": first, "last_name": last, "birth_date": "2000-02-29" });
        caller.put(&step, body).await.is(200);
    }
    for (first, error) in [("A\u{202e}na", "characters"), ("\u{200d}Ana", "characters"), ("\u{3164}", "required")] {
        let body = json!({ "first_name": first, "last_name": "Nowak", "birth_date": "2000-02-29" });
        assert_eq!(caller.put(&step, body).await.field_errors(), [format!("/first_name {error}")], "{}", first.escape_unicode());
    }
    let username = format!("{path}/username");
    for swearing in ["kur1wa", "f_u_c_k", "ZIEMNIAK_kurwa"] {
        assert_eq!(caller.put(&username, json!({ "username": swearing })).await.field_errors(), ["/username username_refused"]);
    }
    for name in ["dickinson", "hancock", "fukuda", "harshit"] {
        caller.put(&username, json!({ "username": name })).await.is(200);
    }
    caller.put(&format!("{path}/password"), json!({ "password": PASSWORD })).await.is(200);
    caller.post(&format!("{path}/complete"), json!({})).await.is(201);
    for login in ["x\u{ff20}example.test", "X@example.test", "\u{feff}x@example\u{3002}test", "ＨＡＲＳＨＩＴ"] {
        cloud.anonymous().post("/v1/sessions", json!({ "login": login, "password": PASSWORD })).await.is(201);
    }
    for address in ["a@127.0.0.1", "a@example.123"] {
        let refused = cloud.anonymous().post_with_work("/v1/registrations", json!({ "email": address })).await;
        assert_eq!(refused.field_errors(), ["/email email"]);
    }
}

async fn prove(cloud: &Cloud, caller: &Caller, path: &str, email: &str) {
    let code = cloud.code_to(email).await;
    let flow = caller.post(&format!("{path}/code"), json!({ "code": code })).await.is(200);
    assert_eq!(flow["step"], "personal");
}

fn personal() -> Value {
    json!({ "first_name": "Ana", "last_name": "Nowak", "birth_date": "2000-02-29" })
}

/// Six steps make an account, and its owner is signed in.
/// Promise: registration-steps
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn six_steps_lead_to_an_account() {
    let cloud = Cloud::start().await;
    let caller = cloud.anonymous();
    let reply = caller.post("/v1/registrations", json!({ "email": "Ana@Example.test" })).await;
    let flow = reply.is(201);
    assert_eq!((flow["step"].as_str(), flow["progress"].as_u64()), (Some("code"), Some(33)));
    assert_eq!(flow["email"], "A****@example.test");
    assert_eq!(flow["code"]["tries_left"], 3);
    let path = format!("/v1/registrations/{}", flow["id"].as_str().unwrap());
    assert_eq!(reply.header("location"), path);

    let code = cloud.code_to("Ana@example.test").await;
    assert!(code.len() == 6 && !reply.bytes.windows(6).any(|w| w == code.as_bytes()), "the code is in the mail only");
    let flow = caller.post(&format!("{path}/code"), json!({ "code": code })).await.is(200);
    assert_eq!((flow["step"].as_str(), flow["progress"].as_u64(), &flow["code"]), (Some("personal"), Some(50), &Value::Null));
    let flow = caller.put(&format!("{path}/personal"), personal()).await.is(200);
    assert_eq!((flow["step"].as_str(), flow["progress"].as_u64()), (Some("username"), Some(67)));
    let flow = caller.put(&format!("{path}/username"), json!({ "username": "Ana_N" })).await.is(200);
    assert_eq!((flow["step"].as_str(), flow["progress"].as_u64()), (Some("password"), Some(83)));
    let flow = caller.put(&format!("{path}/password"), json!({ "password": PASSWORD })).await.is(200);
    assert_eq!((flow["step"].as_str(), flow["progress"].as_u64()), (Some("summary"), Some(100)));

    // After a reload of the page all given data is still there.
    let again = caller.get(&path).await.is(200);
    assert_eq!(again, flow);
    assert_eq!(
        (again["first_name"].as_str(), again["username"].as_str(), again["birth_date"].as_str()),
        (Some("Ana"), Some("ana_n"), Some("2000-02-29"))
    );

    let signed_in = caller.post(&format!("{path}/complete"), json!({})).await.is(201);
    let member = caller.signed_in(signed_in);
    assert_eq!(member.get("/v1/sessions").await.is(200)["items"].as_array().unwrap().len(), 1);
    // The flow is used up.
    caller.get(&path).await.is_problem(404, "not_found");
    cloud.forget_answers().await;
    caller.post(&format!("{path}/complete"), json!({})).await.is_problem(404, "not_found");
}

/// Every kind of item that is stored of a person, with the names of its attributes.
async fn kept_of(cloud: &Cloud, person: &Caller) -> BTreeMap<String, BTreeSet<String>> {
    cloud.settle().await;
    let dump = cloud.dump().await;
    let items = dump.as_object().into_iter().flat_map(|tables| tables.values()).filter_map(Value::as_array).flatten();
    let theirs = items.filter(|item| item["user"]["S"] == person.id() || item["id"]["S"] == person.id());
    // Without the items of the flow, and the items that only refer to it.
    let lasting =
        theirs.filter(|item| !["challenge", "notice_details", "notification", "told"].contains(&item["kind"]["S"].as_str().unwrap()));
    // A flag that is off may be absent, and in which lists of the search a name is depends on the name.
    let differs = |kind: &str, name: &str| name == "reset_by_mail" || kind == "search_posting" && name.starts_with("gsi");
    let mut kept = BTreeMap::<String, BTreeSet<String>>::new();
    for item in lasting {
        let kind = item["kind"]["S"].as_str().unwrap();
        let names = item.as_object().unwrap().keys().filter(|name| !differs(kind, name)).cloned();
        kept.entry(kind.to_owned()).or_default().extend(names);
    }
    kept
}

/// Most tests put their members directly into the table. These items are the same as those that registration, a proven number and
/// the set-up of factors make.
/// Promise: registration-steps
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_of_other_tests_are_like_those_who_registered() {
    let cloud = Cloud::start().await;
    let (ana, put) = (cloud.register("ana").await, cloud.member("put").await);
    assert_eq!(kept_of(&cloud, &put).await, kept_of(&cloud, &ana).await);
    cloud.phone(&ana, "+447911123456").await;
    let (app, codes) = cloud.second_factors(&ana, "+447911123456").await;
    let (careful, their_app, their_codes) = cloud.careful("careful", "+447911123457").await;
    assert_eq!(kept_of(&cloud, &careful).await, kept_of(&cloud, &ana).await);
    for (member, app, codes) in [(&ana, &app, &codes), (&careful, &their_app, &their_codes)] {
        let mfa = member.get("/v1/me/mfa").await.is(200);
        let factors: Vec<&str> = mfa["factors"].as_array().unwrap().iter().map(|factor| factor["factor"].as_str().unwrap()).collect();
        assert_eq!((factors, codes.len()), (vec!["app", "email", "sms"], 10), "{mfa}");
        cloud.sign_in_with(&cloud.anonymous(), member.name(), app).await;
    }
    cloud.sign_in(put.name()).await;
}

/// No step can be skipped, and each refusal names the step that comes first.
/// Promise: registration-steps
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_step_is_skipped() {
    let cloud = Cloud::start().await;
    let (caller, path) = begin(&cloud, "ana@example.test").await;
    let required = |problem: Value| problem["required_step"].as_str().unwrap().to_owned();
    let step = async |name: &str, body: Value| required(caller.put(&format!("{path}/{name}"), body).await.is_problem(409, "step_required"));
    let username = json!({ "username": "ana" });
    let password = json!({ "password": PASSWORD });
    assert_eq!(step("personal", personal()).await, "code");
    assert_eq!(step("username", username.clone()).await, "code");
    assert_eq!(step("password", password.clone()).await, "code");
    assert_eq!(required(caller.post(&format!("{path}/complete"), json!({})).await.is_problem(409, "step_required")), "code");
    prove(&cloud, &caller, &path, "ana@example.test").await;
    assert_eq!(step("username", username).await, "personal");
    assert_eq!(step("password", password).await, "personal");
    caller.put(&format!("{path}/personal"), personal()).await.is(200);
    assert_eq!(required(caller.post(&format!("{path}/complete"), json!({})).await.is_problem(409, "step_required")), "username");
}

/// A code has three attempts, is valid for ten minutes, and works once. A new one voids it. It can be sent again after twenty
/// seconds.
/// Promise: code-lifetime, code-attempts, code-resend
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_are_short_lived_and_few() {
    let cloud = Cloud::start().await;
    let (caller, path) = begin(&cloud, "ana@example.test").await;
    let attempt = async |code: &str| caller.post(&format!("{path}/code"), json!({ "code": code })).await;
    let code = cloud.code_to("ana@example.test").await;
    // An incomplete code, as a form may send it while it is typed, uses up no attempt.
    for partial in ["", "1", "12", "1234", "12345", "1234567", "abcdef"] {
        assert_eq!(attempt(partial).await.field_errors(), ["/code code_format"], "{partial}");
    }
    for left in [2, 1, 0] {
        assert_eq!(attempt(&wrong(&code)).await.is_problem(422, "code_invalid")["tries_left"], left);
    }
    attempt(&code).await.is_problem(422, "code_invalid");

    let resend = async || caller.post(&format!("{path}/code/resend"), json!({})).await;
    let early = resend().await;
    early.is_problem(429, "resend_too_early");
    assert!((1..=20).contains(&early.header("retry-after").parse::<u64>().unwrap()));
    cloud.advance(Duration::from_secs(21)).await;
    assert_eq!(resend().await.is(202)["tries_left"], 3);
    let second = cloud.code_to("ana@example.test").await;
    if second != code {
        attempt(&code).await.is_problem(422, "code_invalid");
    }
    // Ten minutes by the server's clock, although the item may still be in the table.
    cloud.advance(10 * MINUTE).await;
    attempt(&second).await.is_problem(422, "code_invalid");
    resend().await.is(202);
    cloud.advance(9 * MINUTE).await;
    let third = cloud.code_to("ana@example.test").await;
    attempt(&third).await.is(200);
    // The right code is accepted once.
    assert_eq!(attempt(&third).await.is(200)["step"], "personal");
}

/// Of a thousand concurrent guesses three are evaluated, and then the right code is refused.
/// Promise: code-attempts
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guessing_in_parallel_gains_nothing() {
    let cloud = Cloud::start().await;
    let (caller, path) = begin(&cloud, "ana@example.test").await;
    let code = cloud.code_to("ana@example.test").await;
    let guess = wrong(&code);
    let replies = race(1000, |_| {
        let (caller, path, guess) = (caller.clone(), path.clone(), guess.clone());
        async move { caller.post(&format!("{path}/code"), json!({ "code": guess })).await.json() }
    })
    .await;
    let evaluated = replies.iter().filter(|r| r["code"] == "code_invalid" && r["tries_left"].is_u64() && r["tries_left"] != 0).count();
    assert_eq!(evaluated, 2, "two refusals leave attempts, all others none");
    caller.post(&format!("{path}/code"), json!({ "code": code })).await.is_problem(422, "code_invalid");
}

/// Of a thousand concurrent requests for the same name one gets it. The others keep the rest of their registration.
/// Promise: unique-names
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_many_gets_the_name() {
    let cloud = Cloud::start().await;
    let mut flows = Vec::new();
    for n in 0..12 {
        let email = format!("ana{n}@example.test");
        let (caller, path) = begin(&cloud, &email).await;
        prove(&cloud, &caller, &path, &email).await;
        caller.put(&format!("{path}/personal"), personal()).await.is(200);
        caller.put(&format!("{path}/username"), json!({ "username": "ana" })).await.is(200);
        caller.put(&format!("{path}/password"), json!({ "password": PASSWORD })).await.is(200);
        flows.push((caller, path));
    }
    // Twelve flows, each finished by eighty-four clients at once.
    let replies = race(1008, |i| {
        let (caller, path) = flows[i % flows.len()].clone();
        async move { (i % 12, caller.post(&format!("{path}/complete"), json!({})).await) }
    })
    .await;
    let winner = one_answer(&replies);
    for (flow, reply) in &replies {
        match reply.status.as_u16() {
            // On a busy machine some requests get 503 and are repeated.
            201 | 503 => {}
            // The other clients of the flow that won find it used up, or the name taken in the meantime.
            404 => assert_eq!(*flow, winner),
            _ => assert_eq!(reply.is_problem(409, "username_taken")["required_step"], "username"),
        }
    }
    for kind in ["user", "username", "email"] {
        assert_eq!(cloud.of_kind(kind).await.len(), 1, "{kind}: no item of the losers is left");
    }
    let (caller, path) = &flows[(winner + 1) % 12];
    assert_eq!(caller.put(&format!("{path}/username"), json!({ "username": "Ana" })).await.field_errors(), ["/username username_taken"]);
    // With another name the password is chosen again, because it may not be made of the name.
    let flow = caller.put(&format!("{path}/username"), json!({ "username": "tall_giraffes" })).await.is(200);
    assert_eq!(flow["step"], "password");
    let own = caller.put(&format!("{path}/password"), json!({ "password": "7 tall_giraffes 7" })).await;
    assert_eq!(own.field_errors(), ["/password password_personal"]);
    caller.put(&format!("{path}/password"), json!({ "password": PASSWORD })).await.is(200);
    assert_eq!(caller.put(&format!("{path}/personal"), personal()).await.is(200)["step"], "password");
    assert_eq!(caller.post(&format!("{path}/complete"), json!({})).await.is_problem(409, "step_required")["required_step"], "password");
    caller.put(&format!("{path}/password"), json!({ "password": PASSWORD })).await.is(200);
    caller.post(&format!("{path}/complete"), json!({})).await.is(201);
}

/// A thousand concurrent requests with the right code move the flow on by one step, to one account.
/// Promise: code-once
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_right_code_counts_once() {
    let cloud = Cloud::start().await;
    let (caller, path) = begin(&cloud, "ana@example.test").await;
    let code = cloud.code_to("ana@example.test").await;
    let replies = race(1000, |_| {
        let (caller, path, code) = (caller.clone(), path.clone(), code.clone());
        async move { caller.post(&format!("{path}/code"), json!({ "code": code })).await }
    })
    .await;
    for reply in &replies {
        match reply.status.as_u16() {
            200 => assert_eq!(reply.json()["step"], "personal"),
            409 => drop(reply.is_problem(409, "conflict")),
            // On a busy machine some requests get 503 and are repeated.
            503 => {}
            // The code is used up.
            _ => drop(reply.is_problem(422, "code_invalid")),
        }
    }
    assert!(replies.iter().any(|reply| reply.status == 200), "one of them succeeded: {replies:?}");
    assert_eq!(caller.get(&path).await.is(200)["step"], "personal");
    caller.put(&format!("{path}/personal"), personal()).await.is(200);
    caller.put(&format!("{path}/username"), json!({ "username": "ana" })).await.is(200);
    caller.put(&format!("{path}/password"), json!({ "password": PASSWORD })).await.is(200);
    caller.post(&format!("{path}/complete"), json!({})).await.is(201);
    one_account(&cloud).await;
}

/// Asserts that there is one account, with one claim of each of its names.
async fn one_account(cloud: &Cloud) {
    for kind in ["user", "username", "email", "password"] {
        assert_eq!(cloud.of_kind(kind).await.len(), 1, "{kind}");
    }
}

/// The flow that succeeded. All its successful requests got one answer.
fn one_answer(replies: &[(usize, Reply)]) -> usize {
    let done = replies.iter().filter(|(_, reply)| reply.status == 201).map(|(flow, reply)| (*flow, reply.json().to_string()));
    let done: BTreeSet<(usize, String)> = done.collect();
    assert_eq!(done.len(), 1, "one flow succeeds, with one session: {done:?}");
    done.first().unwrap().0
}

/// Of five flows that have proven one address one gets the account, whatever usernames were chosen, and the others are told why.
/// Promise: unique-names
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_address_has_one_account() {
    let cloud = Cloud::start().await;
    let mut flows = Vec::new();
    // Five codes an hour go to one address.
    for n in 0..5 {
        let (caller, path) = begin(&cloud, "ana@example.test").await;
        prove(&cloud, &caller, &path, "ana@example.test").await;
        caller.put(&format!("{path}/personal"), personal()).await.is(200);
        caller.put(&format!("{path}/username"), json!({ "username": format!("ana{n}") })).await.is(200);
        caller.put(&format!("{path}/password"), json!({ "password": PASSWORD })).await.is(200);
        flows.push((caller, path));
    }
    let replies = race(500, |i| {
        let (caller, path) = flows[i % flows.len()].clone();
        async move { (i % 5, caller.post(&format!("{path}/complete"), json!({})).await) }
    })
    .await;
    let winner = one_answer(&replies);
    for (flow, reply) in &replies {
        match reply.status.as_u16() {
            // On a busy machine some requests get 503 and are repeated.
            201 | 503 => {}
            404 => assert_eq!(*flow, winner, "its flow is spent"),
            _ => drop(reply.is_problem(409, "account_exists")),
        }
    }
    for (caller, path) in flows.iter().enumerate().filter(|(n, _)| *n != winner).map(|(_, flow)| flow) {
        caller.post(&format!("{path}/complete"), json!({})).await.is_problem(409, "account_exists");
    }
    one_account(&cloud).await;
}

/// One link that is opened many times concurrently makes one account. An earlier link to the same address makes none.
/// Promise: unique-names, link-once
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_link_opens_one_account() {
    let cloud = Cloud::start().await;
    let mut tokens = Vec::new();
    for name in ["ana", "ana_too"] {
        let body = json!({ "email": "ana@example.test", "username": name, "password": PASSWORD });
        cloud.anonymous().post("/v1/registrations/link", body).await.is(202);
        tokens.push(cloud.token_to("ana@example.test").await);
    }
    let activate = |token: &str| {
        let (caller, body) = (cloud.anonymous(), json!({ "token": token, "password": PASSWORD }));
        async move { caller.post("/v1/activations", body).await }
    };
    activate(&tokens[0]).await.is_problem(422, "link_invalid");
    let replies = race(200, |_| activate(&tokens[1])).await;
    let replies: Vec<(usize, Reply)> = replies.into_iter().map(|reply| (0, reply)).collect();
    one_answer(&replies);
    for (_, reply) in replies.iter().filter(|(_, reply)| reply.status != 201) {
        let told = format!("{} {}", reply.status.as_u16(), reply.code());
        // Requests that reached the account found it made, or its link used. On a busy machine some get 503 and are repeated.
        let known = [
            "422 link_invalid",
            "429 too_many_requests",
            "404 not_found",
            "409 account_exists",
            "409 username_taken",
            "409 conflict",
            "503 unavailable",
        ];
        assert!(known.contains(&told.as_str()), "{told}");
    }
    activate(&tokens[0]).await.is_problem(422, "link_invalid");
    one_account(&cloud).await;
    cloud.sign_in("ana_too").await;
}

/// When the table fails while the account is made, no item of it is left, and repeating the request makes it. When only the reply
/// is lost, it is made.
/// Promise: account-atomic, lost-reply
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_made_whole_or_not_at_all() {
    let cloud = Cloud::start().await;
    let fails = |fault: Fault, times: u32| {
        let operation = Some("TransactWriteItems".to_owned());
        let function = Some("RegistrationFunction".to_owned());
        cloud.aws.faults.script(Target { function, service: Some(Service::DynamoDb), operation, first: 1, times }, fault)
    };
    for (n, (fault, times)) in [(Fault::Internal, 3), (Fault::LostAfter, 1), (Fault::LostAfter, 3)].into_iter().enumerate() {
        let (stepwise, linked) = (format!("steps{n}"), format!("linked{n}"));
        let email = format!("{stepwise}@example.test");
        let (caller, path) = at_the_password(&cloud, &stepwise).await;
        caller.put(&path, json!({ "password": PASSWORD })).await.is(200);
        let path = path.trim_end_matches("/password");
        let body = json!({ "email": format!("{linked}@example.test"), "username": linked, "password": PASSWORD });
        cloud.anonymous().post("/v1/registrations/link", body).await.is(202);
        let token = cloud.token_to(&format!("{linked}@example.test")).await;
        let complete = async || caller.post(&format!("{path}/complete"), json!({})).await;
        let activate = async || cloud.anonymous().post("/v1/activations", json!({ "token": token, "password": PASSWORD })).await;
        let count = async || (cloud.of_kind("user").await.len(), cloud.of_kind("email").await.len(), cloud.of_kind("username").await.len());
        for way in ["steps", "link"] {
            let before = count().await;
            let go = async || if way == "steps" { complete().await } else { activate().await };
            let down = fails(fault, times);
            let reply = go().await;
            let after = count().await;
            assert_eq!(down.hits(), times, "{way} {fault:?}");
            if (fault, times) == (Fault::Internal, 3) {
                assert!([500, 503].contains(&reply.status.as_u16()), "{way} {fault:?}: {reply:?}");
                let told = reply.is_problem(reply.status.as_u16(), "unavailable").to_string().to_lowercase();
                assert!(!["dynamo", "aws", "transact", "exception", "sdk"].iter().any(|word| told.contains(word)), "{told}");
            }
            let made = (before.0 + 1, before.1 + 1, before.2 + 1);
            if fault == Fault::Internal {
                assert_eq!(after, before, "{way}: no item is left");
                go().await.is(201);
                assert_eq!(count().await, made);
            } else {
                reply.is(201);
                assert_eq!(after, made, "{way}: it was made, and its owner is signed in");
            }
        }
        cloud.sign_in(&email).await;
        cloud.sign_in(&linked).await;
    }
}

/// A mailed link leads to the configured address, whatever the request's headers say.
/// Promise: link-target
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_lead_where_they_are_configured_to() {
    let cloud = Cloud::start().await;
    let place = async |headers: &[(&str, &str)], name: &str| {
        let caller = headers.iter().fold(cloud.anonymous(), |caller, (header, value)| caller.with(header, value));
        let email = format!("{name}@example.test");
        let body = json!({ "email": email, "username": name, "password": PASSWORD });
        let reply = caller.post("/v1/registrations/link", body).await;
        if reply.status == 202 { cloud.mail_to(&email).await.links[0].split_once('#').map(|(place, _)| place.to_owned()) } else { None }
    };
    let plain = place(&[], "plain").await.unwrap();
    let evil = "evil.test";
    for (name, headers) in [
        ("by_host", &[("host", evil)][..]),
        ("forwarded", &[("x-forwarded-host", evil), ("x-forwarded-proto", "gopher"), ("forwarded", "host=evil.test")]),
        ("original", &[("x-original-host", evil), ("x-host", evil), ("origin", "https://evil.test"), ("referer", "https://evil.test/")]),
    ] {
        // The gateway may refuse an unknown host.
        let led = place(headers, name).await;
        assert!(led.is_none() && name == "by_host" || led.as_deref() == Some(&plain), "{name}: {led:?}");
    }
}

/// The slower of two flows with one address is sent back to the step of the address.
/// Promise: unique-names, registration-steps
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_gets_the_address() {
    let cloud = Cloud::start().await;
    let mut flows = Vec::new();
    for username in ["ana", "anna"] {
        let (caller, path) = begin(&cloud, "ana@example.test").await;
        prove(&cloud, &caller, &path, "ana@example.test").await;
        caller.put(&format!("{path}/personal"), personal()).await.is(200);
        caller.put(&format!("{path}/username"), json!({ "username": username })).await.is(200);
        caller.put(&format!("{path}/password"), json!({ "password": PASSWORD })).await.is(200);
        flows.push((caller, path));
    }
    let [(first, path), (second, slower)] = &flows[..] else { unreachable!() };
    first.post(&format!("{path}/complete"), json!({})).await.is(201);
    let late = second.post(&format!("{slower}/complete"), json!({})).await.is_problem(409, "account_exists");
    assert_eq!(late["required_step"], "email");
    let again = second.put(&format!("{slower}/email"), json!({ "email": "anna@example.test" })).await.is(200);
    assert_eq!((&again["step"], &again["username"]), (&json!("code"), &json!("anna")));
}

/// A known address is answered like an unknown one, also while codes are guessed. Its owner is notified by mail.
/// Promise: no-account-disclosure
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_known_address_looks_like_an_unknown_one() {
    let cloud = Cloud::start().await;
    cloud.member("known").await;
    let replies = async |email: &str| {
        let caller = cloud.anonymous();
        let started = caller.post("/v1/registrations", json!({ "email": email })).await;
        let path = format!("/v1/registrations/{}", started.is(201)["id"].as_str().unwrap());
        cloud.settle().await;
        let shown = caller.get(&path).await;
        // One guess in a million is right, which would reveal nothing either.
        let guessed = caller.post(&format!("{path}/code"), json!({ "code": "000000" })).await;
        let linked =
            caller.post("/v1/registrations/link", json!({ "email": email, "username": "somebody_new", "password": PASSWORD })).await;
        [started, shown, guessed, linked].map(|r| r.shape())
    };
    // Addresses of one length, so that their masked forms are equally long.
    assert_eq!(replies("known@example.test").await, replies("other@example.test").await);
    let to_owner = cloud.mails_to("known@example.test").await;
    assert!(to_owner.iter().skip(1).all(|m| m.code.is_none()), "no code for an account that exists");
    assert!(cloud.mail_to("other@example.test").await.links.iter().any(|l| l.contains("#token=")));
}

/// Going back to step one removes the proof. A code that was sent to the former address proves nothing.
/// Promise: registration-steps, code-binding
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_address_must_be_proven_anew() {
    let cloud = Cloud::start().await;
    let (caller, path) = begin(&cloud, "ana@example.test").await;
    let former = cloud.code_to("ana@example.test").await;
    let flow = caller.put(&format!("{path}/email"), json!({ "email": "eve@example.test" })).await.is(200);
    assert_eq!((flow["step"].as_str(), flow["email"].as_str()), (Some("code"), Some("e****@example.test")));
    let current = cloud.code_to("eve@example.test").await;
    if former != current {
        caller.post(&format!("{path}/code"), json!({ "code": former })).await.is_problem(422, "code_invalid");
    }
    caller.post(&format!("{path}/code"), json!({ "code": current })).await.is(200);
    // A proven address is replaced by another one, which is not proven.
    let flow = caller.put(&format!("{path}/email"), json!({ "email": "victim@example.test" })).await.is(200);
    assert_eq!(flow["step"], "code");
    caller.put(&format!("{path}/personal"), personal()).await.is_problem(409, "step_required");
}

/// All errors of a request are returned at once, in the client's language, and nothing changes.
/// Promise: registration-steps, problem-documents
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_errors_are_returned_at_once() {
    let cloud = Cloud::start().await;
    let (caller, path) = begin(&cloud, "ana@example.test").await;
    prove(&cloud, &caller, &path, "ana@example.test").await;
    let bad = json!({ "first_name": "", "last_name": "R2-D2", "birth_date": "2020-01-01" });
    let reply = caller.put(&format!("{path}/personal"), bad.clone()).await;
    assert_eq!(reply.field_errors(), ["/first_name required", "/last_name characters", "/birth_date too_young"]);
    let polish = caller.with("accept-language", "pl").put(&format!("{path}/personal"), bad).await;
    assert_eq!(polish.field_errors(), reply.field_errors());
    assert_ne!(polish.json()["title"], reply.json()["title"]);
    assert_eq!(polish.header("content-language"), "pl");
    for (born, code) in [("2200-01-01", "in_future"), ("1700-01-01", "too_old"), ("29.02.2000", "date"), ("2001-02-29", "date")] {
        let body = json!({ "first_name": "Ana", "last_name": "Nowak", "birth_date": born });
        assert_eq!(caller.put(&format!("{path}/personal"), body).await.field_errors(), [format!("/birth_date {code}")]);
    }
    assert_eq!(caller.get(&path).await.is(200)["step"], "personal");
    caller.put(&format!("{path}/personal"), personal()).await.is(200);
    for (name, code) in [
        ("ab", "too_short"),
        ("9ana", "username_format"),
        ("a__b", "username_format"),
        ("admin", "username_refused"),
        ("ana@b.cd", "username_format"),
        ("adm\u{131}n", "username_format"),
        ("fuck_you", "username_refused"),
        ("stara_kurwa1", "username_refused"),
        ("k_u_r_w_a", "username_refused"),
        ("b1tch", "username_refused"),
    ] {
        assert_eq!(
            caller.put(&format!("{path}/username"), json!({ "username": name })).await.field_errors(),
            [format!("/username {code}")]
        );
    }
    for innocent in ["scunthorpe", "ana_1990", "giraffe"] {
        caller.put(&format!("{path}/username"), json!({ "username": innocent })).await.is(200);
    }
    let weak = caller.put(&format!("{path}/password"), json!({ "password": "giraffe1" })).await;
    assert_eq!(weak.field_errors(), ["/password too_short", "/password password_personal"]);
    for (password, code) in [("password1234", "password_common"), ("my ana@example.test!", "password_personal")] {
        assert_eq!(
            caller.put(&format!("{path}/password"), json!({ "password": password })).await.field_errors(),
            [format!("/password {code}")]
        );
    }
    assert_eq!(caller.get(&path).await.is(200)["step"], "password");
}

/// A registration in steps up to its password.
async fn at_the_password(cloud: &Cloud, name: &str) -> (Caller, String) {
    let email = format!("{name}@example.test");
    let (caller, path) = begin(cloud, &email).await;
    prove(cloud, &caller, &path, &email).await;
    caller.put(&format!("{path}/personal"), personal()).await.is(200);
    caller.put(&format!("{path}/username"), json!({ "username": name })).await.is(200);
    (caller, format!("{path}/password"))
}

/// A password on the list of common passwords is refused in upper or lower case, in steps and by link.
/// Promise: common-passwords
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn common_passwords_are_refused() {
    let cloud = Cloud::start().await;
    let (caller, path) = at_the_password(&cloud, "zyx_wvu").await;
    let list = include_str!("../../shared/proofs/data/common-passwords.txt");
    let bad: Vec<&str> = list.lines().filter(|p| p.chars().count() >= 12).step_by(130).collect();
    assert!(bad.len() > 50);
    for (password, n) in bad.iter().zip(0..) {
        let password = if n % 4 < 2 { (*password).to_owned() } else { password.to_uppercase() };
        let refused = if n % 2 == 0 {
            caller.put(&path, json!({ "password": password })).await
        } else {
            caller.post("/v1/registrations/link", json!({ "email": "bea@example.test", "username": "bea", "password": password })).await
        };
        assert_eq!(refused.field_errors(), ["/password password_common"], "{password}");
    }
    caller.put(&path, json!({ "password": PASSWORD })).await.is(200);
}

/// A password that is known from a breach is refused, together with all other errors of the request. The service that knows it is
/// sent five digits of its hash and nothing more.
/// Promise: breached-passwords
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn breached_passwords_are_refused() {
    let cloud = Cloud::start().await;
    let breached = &cloud.outside.breached;
    let (caller, path) = at_the_password(&cloud, "ana_n").await;
    let known = breached.passwords();
    assert!(!known.is_empty());
    for password in &known {
        assert_eq!(caller.put(&path, json!({ "password": password })).await.field_errors(), ["/password password_breached"]);
    }
    breached.add("ana_n 1!").unwrap();
    let body = |password: &str| json!({ "email": "ana", "username": "ana_n", "password": password });
    let codes = ["/password too_short", "/password password_personal", "/password password_breached"];
    assert_eq!(caller.put(&path, json!({ "password": "ana_n 1!" })).await.field_errors(), codes);
    let by_link = caller.post("/v1/registrations/link", body("ana_n 1!")).await.field_errors();
    assert_eq!(by_link, [["/email email"].as_slice(), &codes].concat());
    assert_eq!(
        caller.post("/v1/registrations/link", body(&known[0])).await.field_errors(),
        ["/email email", "/password password_breached"]
    );
    // A different spelling is another password, which is in no breach.
    caller.put(&path, json!({ "password": known[0].to_uppercase() })).await.is(200);
    let asked = breached.asked();
    assert_eq!(asked.len(), known.len() + 4);
    assert!(asked.iter().all(|a| a.padded && a.digits.len() == 5), "{asked:?}");
    // A password that is too long is not looked up.
    assert_eq!(caller.put(&path, json!({ "password": "x".repeat(1025) })).await.field_errors()[0], "/password too_long");
    assert_eq!(breached.asked().len(), asked.len());
}

/// When the service of breached passwords fails or takes more than a second, only the list of common passwords is used.
/// Promise: breached-passwords
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_the_service_of_breached_passwords() {
    let cloud = Cloud::start().await;
    let breached = &cloud.outside.breached;
    let (caller, path) = at_the_password(&cloud, "ana_n").await;
    let known = json!({ "password": breached.passwords()[0] });
    for mode in [Mode::Down, Mode::Garbled, Mode::Slow] {
        breached.be(mode);
        // Waiting for the slow service would have shown that the password is known.
        caller.put(&path, known.clone()).await.is(200);
        let common = caller.put(&path, json!({ "password": "Pumpernickel" })).await;
        assert_eq!(common.field_errors(), ["/password password_common"], "{mode:?}");
    }
    assert_eq!(breached.asked().len(), 6);
    breached.be(Mode::Well);
    assert_eq!(caller.put(&path, known).await.field_errors(), ["/password password_breached"]);
}

/// A body that is not the expected JSON is refused with a problem document that points at the error.
/// Promise: problem-documents, request-bodies
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn malformed_requests_are_refused() {
    let cloud = Cloud::start().await;
    let caller = cloud.anonymous();
    let post = async |content_type: Option<&str>, body: &str| {
        caller.raw(reqwest::Method::POST, "/v1/registrations", content_type, body.as_bytes().to_vec()).await
    };
    let json_type = Some("application/json");
    for (body, pointer) in [
        ("", ""),
        ("{", ""),
        ("[]", ""),
        ("null", ""),
        ("{\"email\":5}", "/email"),
        ("{}", "/email"),
        ("{\"email\":\"a@b.cd\",\"email\":\"c@d.ef\"}", "/email"),
        ("{\"email\":\"a@b.cd\"} x", ""),
        ("{\"email\":\"a@b.cd\",\"role\":\"admin\"}", "/role"),
        ("{\"email\":NaN}", "/email"),
        ("{\"email\":\"\\ud800\"}", "/email"),
        ("{\"email\":\"a\\u0000@b.cd\"}", ""),
    ] {
        let problem = post(json_type, body).await.is_problem(400, "malformed");
        if !pointer.is_empty() {
            assert_eq!(problem["pointer"], pointer, "{body}");
        }
    }
    post(None, "{}").await.is_problem(415, "unsupported_media_type");
    post(Some("text/plain"), "{}").await.is_problem(415, "unsupported_media_type");
    post(json_type, &format!("{{\"email\":\"{}\"}}", "a".repeat(70_000))).await.is_problem(413, "too_large");
    let deep = format!("{{\"email\":{}{}}}", "[".repeat(5_000), "]".repeat(5_000));
    post(json_type, &deep).await.is_problem(400, "malformed");
    for flow in ["flw_", "flw_x", "usr_01JABCDEFGHJKMNPQRSTVWXYZ0", "%00", "..%2f..", &"a".repeat(4000)] {
        caller.get(&format!("/v1/registrations/{flow}")).await.has(404);
    }
    let made_up = format!("flw_{}", "A".repeat(43));
    caller.get(&format!("/v1/registrations/{made_up}")).await.is_problem(404, "not_found");
    caller.post(&format!("/v1/registrations/{made_up}/code"), json!({ "code": "123456" })).await.is_problem(404, "not_found");
    assert_eq!(cloud.inbox.len(), 0, "no mail was sent");
}

/// Every answer has the headers that protect browsers, also an error.
/// Promise: security-headers
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_is_safe_for_browsers() {
    let cloud = Cloud::start().await;
    let caller = cloud.anonymous();
    for reply in [
        caller.get("/v1/usernames/ana/availability").await,
        caller.get("/v1/usernames/%20/availability").await,
        caller.post("/v1/registrations", json!({})).await,
    ] {
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        assert_eq!(reply.header("cache-control"), "no-store");
        assert_eq!(reply.header("referrer-policy"), "no-referrer");
        assert!(reply.header("strict-transport-security").contains("max-age=31536000"));
        assert!(reply.header("content-security-policy").contains("default-src 'none'"));
        assert!(!reply.header("x-request-id").is_empty());
    }
    let html = caller.with("accept", "text/html").get(&format!("/v1/registrations/flw_{}", "A".repeat(43))).await;
    html.has(404);
    assert!(html.header("content-type").starts_with("text/html") && html.bytes.starts_with(b"<!doctype html>"));
}

/// Whether a name is free can be asked in any case of letters, and not too often.
/// Promise: username-check
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_can_be_checked() {
    let cloud = Cloud::start().await;
    cloud.member("ana").await;
    let caller = cloud.anonymous();
    let check = async |name: &str| caller.get(&format!("/v1/usernames/{name}/availability")).await;
    let taken = check("ANA").await.is(200);
    assert_eq!(
        (taken["available"].as_bool(), taken["code"].as_str(), taken["username"].as_str()),
        (Some(false), Some("username_taken"), Some("ana"))
    );
    let free = check("Ben").await.is(200);
    assert_eq!((free["available"].as_bool(), &free["code"], free["username"].as_str()), (Some(true), &Value::Null, Some("ben")));
    let bad = check("9").await.is(200);
    assert!(bad["available"] == false && bad["code"] == "username_format" && bad["message"].is_string());
    for _ in 3..30 {
        check("ben").await.is(200);
    }
    let refused = check("ben").await;
    refused.is_problem(429, "too_many_requests");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() <= 60);
    // Another client is not affected, and a header does not make another client.
    cloud.anonymous().get("/v1/usernames/ben/availability").await.is(200);
    caller.with("x-forwarded-for", "203.0.113.9").get("/v1/usernames/ben/availability").await.is_problem(429, "too_many_requests");
}

/// An address gets six mails at once, a client begins ten registrations an hour, and the limits are renewed with the next hour.
/// Promise: sending-limits
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mails_are_limited() {
    let cloud = Cloud::start().await;
    for _ in 0..6 {
        begin(&cloud, "ana@example.test").await;
    }
    let start = async |caller: &Caller, email: &str| caller.post_with_work("/v1/registrations", json!({ "email": email })).await;
    start(&cloud.anonymous(), "ANA@example.test").await.is_problem(429, "too_many_requests");
    assert_eq!(cloud.mails_to("ana@example.test").await.len(), 6);
    let busy = cloud.anonymous();
    for n in 0..10 {
        start(&busy, &format!("a{n}@example.test")).await.is(201);
    }
    // Refused requests do not reduce the mails of an address.
    let link = |email: &str| json!({ "email": email, "username": "somebody", "password": PASSWORD });
    let again = begin(&cloud, "c@example.test").await.1;
    cloud.advance(21 * Duration::from_secs(1)).await;
    for _ in 0..20 {
        busy.post(&format!("{again}/code/resend"), json!({})).await;
    }
    for _ in 0..5 {
        start(&busy, "b@example.test").await.is_problem(429, "too_many_requests");
        busy.post("/v1/registrations/link", link("b@example.test")).await.is_problem(429, "too_many_requests");
    }
    for n in 0..6 {
        if n % 2 == 0 {
            start(&cloud.anonymous(), "b@example.test").await.is(201);
        } else {
            cloud.anonymous().post_with_work("/v1/registrations/link", link("b@example.test")).await.is(202);
        }
    }
    start(&cloud.anonymous(), "b@example.test").await.is_problem(429, "too_many_requests");
    // Requests that have failed for sure do not count either. The last transaction of a request sends the mail.
    let target = Target::of("RegistrationFunction", Service::DynamoDb, "TransactWriteItems");
    let transactions = cloud.aws.faults.script(target.clone(), Fault::Slow(Duration::ZERO));
    start(&cloud.anonymous(), "d@example.test").await.is(201);
    transactions.end();
    let target = Target { first: transactions.hits(), ..target };
    let clash = cloud.aws.faults.script(target.clone(), Fault::Conflict);
    start(&cloud.anonymous(), "d@example.test").await.is_problem(503, "unavailable");
    assert!(clash.hits() > 0);
    clash.end();
    for _ in 1..6 {
        start(&cloud.anonymous(), "d@example.test").await.is(201);
    }
    // Without an answer nobody knows whether a mail is sent: the mail counts.
    let down = cloud.aws.faults.script(target, Fault::Internal);
    start(&cloud.anonymous(), "e@example.test").await.is_problem(503, "unavailable");
    assert!(down.hits() > 0);
    down.end();
    for _ in 0..5 {
        start(&cloud.anonymous(), "e@example.test").await.is(201);
    }
    start(&cloud.anonymous(), "e@example.test").await.is_problem(429, "too_many_requests");
    cloud.advance(61 * MINUTE).await;
    start(&busy, "ana@example.test").await.is(201);
}

/// A flow expires after a day.
/// Promise: registration-steps
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flow_expires_after_a_day() {
    let cloud = Cloud::start().await;
    let (caller, path) = begin(&cloud, "ana@example.test").await;
    prove(&cloud, &caller, &path, "ana@example.test").await;
    cloud.advance(Duration::from_secs(24 * 3600 - 5)).await;
    caller.put(&format!("{path}/personal"), personal()).await.is(200);
    cloud.advance(Duration::from_secs(6)).await;
    caller.get(&path).await.is_problem(404, "not_found");
    caller.put(&format!("{path}/username"), json!({ "username": "ana" })).await.is_problem(404, "not_found");
}

/// A mailed link opens the account once, for somebody who knows the password.
/// Promise: registration-link, link-once
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_opens_the_account() {
    let cloud = Cloud::start().await;
    let caller = cloud.anonymous();
    let body = json!({ "email": "ana@example.test", "username": "ana", "password": PASSWORD, "locale": "pl" });
    let sent = caller.post("/v1/registrations/link", body).await.is(202);
    assert_eq!(sent["link"]["target"], "a****@example.test");
    caller.post("/v1/sessions", json!({ "login": "ana", "password": PASSWORD })).await.is_problem(401, "credentials_invalid");
    let token = cloud.token_to("ana@example.test").await;
    // Looking at the page, as link scanners do, changes nothing.
    let page = caller.get("/activate").await;
    assert!(page.status.is_success() && page.header("content-security-policy").contains("script-src 'sha256-"), "{page:?}");
    let html = String::from_utf8(page.bytes).unwrap();
    for part in ["\"/v1/activations\"", "\"current-password\"", "lang=\"en\"", "Activate your account"] {
        assert!(html.contains(part), "{html}");
    }
    let polish = caller.with("accept-language", "pl").get("/activate").await;
    assert!(String::from_utf8_lossy(&polish.bytes).contains("Aktywuj konto"), "{polish:?}");
    let activate =
        async |token: &str, password: &str| caller.post("/v1/activations", json!({ "token": token, "password": password })).await;
    activate(&format!("{token}x"), PASSWORD).await.is_problem(422, "link_invalid");
    activate("", PASSWORD).await.is_problem(422, "link_invalid");
    activate(&token, "not the right one").await.is_problem(403, "password_wrong");
    let signed_in = activate(&token, PASSWORD).await.is(201);
    caller.signed_in(signed_in).get("/v1/sessions").await.is(200);
    cloud.forget_answers().await;
    activate(&token, PASSWORD).await.is_problem(422, "link_invalid");
    cloud.sign_in("ana").await;
}

/// Somebody who registers another person's address does not get the account when that person opens the link.
/// Promise: registration-link
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_link_alone_does_not_let_a_stranger_choose_the_password() {
    let cloud = Cloud::start().await;
    let attacker = cloud.anonymous();
    let body = |password: &str| json!({ "email": "victim@example.test", "username": "victim", "password": password });
    attacker.post("/v1/registrations/link", body("a password of the attacker")).await.is(202);
    let token = cloud.token_to("victim@example.test").await;
    let victim = cloud.anonymous();
    for _ in 0..5 {
        victim.post("/v1/activations", json!({ "token": token, "password": PASSWORD })).await.is_problem(403, "password_wrong");
    }
    victim.post("/v1/activations", json!({ "token": token, "password": PASSWORD })).await.is_problem(429, "too_many_requests");
    // The owner of the address registers for themselves, with the same name.
    victim.post("/v1/registrations/link", body(PASSWORD)).await.is(202);
    let token = cloud.token_to("victim@example.test").await;
    victim.post("/v1/activations", json!({ "token": token, "password": PASSWORD })).await.is(201);
    attacker
        .post("/v1/sessions", json!({ "login": "victim", "password": "a password of the attacker" }))
        .await
        .is_problem(401, "credentials_invalid");
}

/// A link is valid for a day. Another one can be asked for after a minute, and voids the first.
/// Promise: registration-link, link-once
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_expire_and_are_replaced() {
    let cloud = Cloud::start().await;
    let caller = cloud.anonymous();
    let sent = caller
        .post("/v1/registrations/link", json!({ "email": "ana@example.test", "username": "ana", "password": PASSWORD }))
        .await
        .is(202);
    let first = cloud.token_to("ana@example.test").await;
    let again = format!("/v1/registrations/{}/code/resend", sent["id"].as_str().unwrap());
    caller.post(&again, json!({})).await.is_problem(429, "resend_too_early");
    cloud.advance(61 * Duration::from_secs(1)).await;
    caller.post(&again, json!({})).await.is(202);
    let second = cloud.token_to("ana@example.test").await;
    let activate = async |token: &str| caller.post("/v1/activations", json!({ "token": token, "password": PASSWORD })).await;
    activate(&first).await.is_problem(422, "link_invalid");
    cloud.advance(24 * 60 * MINUTE).await;
    activate(&second).await.is_problem(422, "link_invalid");
}

/// Of the links that were mailed to one address only the newest is valid, whoever asked for it. The flow of an earlier one may
/// ask again.
/// Promise: link-once
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_link_is_good() {
    let cloud = Cloud::start().await;
    let caller = cloud.anonymous();
    let register = async |name: &str| {
        let body = json!({ "email": "ana@example.test", "username": name, "password": PASSWORD });
        let sent = caller.post("/v1/registrations/link", body).await.is(202);
        (sent["id"].as_str().unwrap().to_owned(), cloud.token_to("ana@example.test").await)
    };
    let activate = async |token: &str| caller.post("/v1/activations", json!({ "token": token, "password": PASSWORD })).await;
    let (first, former) = register("ana").await;
    let (second, newer) = register("anna").await;
    activate(&former).await.is_problem(422, "link_invalid");
    cloud.advance(61 * Duration::from_secs(1)).await;
    caller.post(&format!("/v1/registrations/{first}/code/resend"), json!({})).await.is(202);
    let newest = cloud.token_to("ana@example.test").await;
    caller.post(&format!("/v1/registrations/{second}/code/resend"), json!({})).await.is_problem(429, "resend_too_early");
    activate(&newer).await.is_problem(422, "link_invalid");
    let ana = caller.signed_in(activate(&newest).await.is(201));
    assert_eq!(ana.get("/v1/me").await.is(200)["username"], "ana");
    caller.post(&format!("/v1/registrations/{second}/code/resend"), json!({})).await.is_problem(404, "not_found");
}

/// Neither codes nor passwords nor tokens are stored in clear in any table.
/// Promise: secrets-hashed
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_stored_in_clear() {
    let cloud = Cloud::start().await;
    let (caller, path) = begin(&cloud, "ana@example.test").await;
    let code = cloud.code_to("ana@example.test").await;
    let dump = cloud.dump().await.to_string();
    assert!(dump.contains("ana@example.test") && !dump.contains(&code));
    assert!(!dump.contains(path.split_once("flw_").unwrap().1), "the flow's id is a secret and is stored hashed");
    prove(&cloud, &caller, &path, "ana@example.test").await;
    caller.put(&format!("{path}/personal"), personal()).await.is(200);
    caller.put(&format!("{path}/username"), json!({ "username": "ana" })).await.is(200);
    caller.put(&format!("{path}/password"), json!({ "password": PASSWORD })).await.is(200);
    assert!(!cloud.dump().await.to_string().contains(PASSWORD));
    let signed_in = caller.post(&format!("{path}/complete"), json!({})).await.is(201);
    let dump = cloud.dump().await.to_string();
    for secret in [signed_in["access_token"].as_str().unwrap(), signed_in["refresh_token"].as_str().unwrap(), PASSWORD] {
        assert!(!dump.contains(secret));
    }
    assert!(dump.contains("$argon2id$v=19$m=19456,t=2,p=1$"));
}

/// Within a registration, whether a name is taken is answered only at its step, and not more often than elsewhere.
/// Promise: username-check
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flow_is_no_way_around_the_limit_on_names() {
    let cloud = Cloud::start().await;
    cloud.member("taken").await;
    let made_up = format!("/v1/registrations/flw_{}/username", "A".repeat(43));
    for name in ["taken", "free"] {
        cloud.anonymous().put(&made_up, json!({ "username": name })).await.is_problem(404, "not_found");
    }
    let (caller, path) = begin(&cloud, "ana@example.test").await;
    prove(&cloud, &caller, &path, "ana@example.test").await;
    caller.put(&format!("{path}/username"), json!({ "username": "taken" })).await.is_problem(409, "step_required");
    caller.put(&format!("{path}/personal"), personal()).await.is(200);
    for _ in 0..30 {
        assert_eq!(
            caller.put(&format!("{path}/username"), json!({ "username": "taken" })).await.field_errors(),
            ["/username username_taken"]
        );
    }
    caller.put(&format!("{path}/username"), json!({ "username": "free" })).await.is_problem(429, "too_many_requests");
}

/// New codes bring new attempts, but at most twenty in a day. Then codes are long. Giving the same address again does not shorten
/// the wait.
/// Promise: code-attempts
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_codes_do_not_reset_failures() {
    let cloud = Cloud::start().await;
    let (caller, path) = begin(&cloud, "ana@example.test").await;
    cloud.settle().await;
    caller.put(&format!("{path}/email"), json!({ "email": "ana@example.test" })).await.is_problem(429, "resend_too_early");
    let mut judged = 0;
    for _ in 0..6 {
        let guess = wrong(&cloud.code_to("ana@example.test").await);
        for _ in 0..3 {
            caller.post(&format!("{path}/code"), json!({ "code": guess })).await.is_problem(422, "code_invalid");
            judged += 1;
        }
        // After the pause, and within one mail an hour.
        cloud.advance(60 * MINUTE).await;
        caller.post_with_work(&format!("{path}/code/resend"), json!({})).await.is(202);
    }
    assert_eq!(judged, 18);
    let right = cloud.code_to("ana@example.test").await;
    assert_eq!(right.len(), 14);
    caller.post(&format!("{path}/code"), json!({ "code": right })).await.is(200);
}

/// A link that is asked for late in a flow is valid for its whole day.
/// Promise: registration-link
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_link_is_good_for_a_day() {
    let cloud = Cloud::start().await;
    let caller = cloud.anonymous();
    let sent = caller
        .post("/v1/registrations/link", json!({ "email": "ana@example.test", "username": "ana", "password": PASSWORD }))
        .await
        .is(202);
    cloud.advance(23 * 60 * MINUTE).await;
    caller.post(&format!("/v1/registrations/{}/code/resend", sent["id"].as_str().unwrap()), json!({})).await.is(202);
    let token = cloud.token_to("ana@example.test").await;
    cloud.advance(23 * 60 * MINUTE).await;
    caller.post("/v1/activations", json!({ "token": token, "password": PASSWORD })).await.is(201);
}

/// A registration, either way, ends the session that the browser had.
/// Promise: one-client-one-person
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn registering_ends_the_sign_in_before() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let browser = cloud.anonymous();
    let reply = browser.post("/v1/sessions", json!({ "login": "ana", "password": PASSWORD, "token_delivery": "cookie" })).await;
    let first = browser.signed_in(reply.is(201));
    let with = |reply: &tests::Reply| {
        let jar = reply.header("set-cookie").split(';').next().unwrap().to_owned();
        browser.with("cookie", jar).with("x-stoa-csrf", "1")
    };
    let mut socket = first.socket().await;

    let (_, path) = begin(&cloud, "ben@example.test").await;
    prove(&cloud, &browser, &path, "ben@example.test").await;
    browser.put(&format!("{path}/personal"), personal()).await.is(200);
    browser.put(&format!("{path}/username"), json!({ "username": "ben" })).await.is(200);
    browser.put(&format!("{path}/password"), json!({ "password": PASSWORD })).await.is(200);
    let reply = with(&reply).post(&format!("{path}/complete"), json!({ "token_delivery": "cookie" })).await;
    let second = browser.signed_in(reply.is(201));
    first.get("/v1/me").await.is_problem(401, "token_invalid");
    socket.closed().await;
    ana.get("/v1/me").await.is(200);

    let asked = json!({ "email": "eve@example.test", "username": "eve", "password": PASSWORD });
    browser.post("/v1/registrations/link", asked).await.is(202);
    let token = cloud.token_to("eve@example.test").await;
    let third = with(&reply).post("/v1/activations", json!({ "token": token, "password": PASSWORD })).await.is(201);
    second.get("/v1/me").await.is_problem(401, "token_invalid");
    browser.signed_in(third).get("/v1/me").await.is(200);
}

/// Where a deployment has terms, nobody gets an account without the version that they agreed to: in steps, by a link or by phone. It is
/// kept with the account. Whoever has one is not asked again. A code is not lost by a request without it.
/// Promise: terms
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_makes_an_account_agrees_to_the_terms() {
    let cloud = Cloud::start_with(&[("TermsUrl", "https://stoa.example/terms")]).await;
    let (too_long, agreed) = ("x".repeat(41), "2026-11-01");
    let kept = async || {
        let users = cloud.of_kind("user").await;
        users.iter().map(|user| user["terms"]["M"]["version"]["S"].clone()).collect::<Vec<_>>()
    };

    let (caller, password) = at_the_password(&cloud, "ana").await;
    caller.put(&password, json!({ "password": PASSWORD })).await.is(200);
    let complete = async |body: Value| caller.post(&password.replace("/password", "/complete"), body).await;
    assert_eq!(complete(json!({})).await.field_errors(), ["/terms required"]);
    assert_eq!(complete(json!({ "terms": too_long })).await.field_errors(), ["/terms too_long"]);
    complete(json!({ "terms": agreed })).await.is(201);
    assert_eq!(kept().await, [agreed]);

    let mut link = json!({ "email": "eve@example.test", "username": "eve", "password": PASSWORD });
    let guest = cloud.anonymous();
    assert_eq!(guest.post("/v1/registrations/link", link.clone()).await.field_errors(), ["/terms required"]);
    link["terms"] = json!(agreed);
    guest.post_with_work("/v1/registrations/link", link).await.is(202);
    let token = cloud.token_to("eve@example.test").await;
    guest.post("/v1/activations", json!({ "token": token, "password": PASSWORD })).await.is(201);

    let phone = "+447700900001";
    for terms in [Some(agreed), None] {
        let flow = guest.post_with_work("/v1/phone-sign-ins", json!({ "phone": phone })).await.is(202);
        let (verify, code) = (format!("/v1/phone-sign-ins/{}/verify", flow["id"].as_str().unwrap()), cloud.code_to(phone).await);
        if terms.is_some() {
            assert_eq!(guest.post(&verify, json!({ "code": code })).await.field_errors(), ["/terms required"]);
            guest.post(&verify, json!({ "code": code, "terms": agreed })).await.is(201);
        } else {
            guest.post(&verify, json!({ "code": code })).await.is(201);
        }
        cloud.advance(3 * MINUTE).await;
    }
    assert_eq!(kept().await, [agreed; 3]);
}
