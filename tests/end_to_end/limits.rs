//! Limits cannot be used against the people they protect: a correct answer is accepted whatever strangers have guessed, nobody waits longer
//! than an hour because of messages that strangers have caused, and everything that costs money or work is limited.

use std::{collections::BTreeSet, net::Ipv4Addr, time::Duration};

use local::aws::{
    Service,
    faults::{Fault, Target},
};
use tests::{Caller, Cloud, DAY, HOUR, PASSWORD, Reply, Value, json, race, wrong};

use crate::phone_login::put;

const ANA: &str = "+447700900001";
const MAIL: &str = "ana@example.test";
/// A number and an address without an account.
const NOBODYS: &str = "+447700900077";
const NOBODY: &str = "bob@example.test";
const MINUTE: Duration = Duration::from_secs(60);

/// The requests for a message that anybody can make about an address or number of an account.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ask {
    PhoneSignIn,
    PasswordReset,
    Registration,
    Link,
}

impl Ask {
    const ALL: [Self; 4] = [Self::PhoneSignIn, Self::PasswordReset, Self::Registration, Self::Link];

    async fn from(self, caller: &Caller) -> Reply {
        self.about(caller, ANA, MAIL).await
    }

    async fn of_nobody(self, caller: &Caller) -> Reply {
        self.about(caller, NOBODYS, NOBODY).await
    }

    async fn about(self, caller: &Caller, phone: &str, email: &str) -> Reply {
        let (path, body) = match self {
            Self::PhoneSignIn => ("/v1/phone-sign-ins", json!({ "phone": phone })),
            Self::PasswordReset => ("/v1/password-resets", json!({ "email": email })),
            Self::Registration => ("/v1/registrations", json!({ "email": email })),
            Self::Link => ("/v1/registrations/link", json!({ "email": email, "username": "free_name", "password": "tall giraffes dance" })),
        };
        caller.post_with_work(path, body).await
    }

    const fn at_once(self) -> usize {
        if matches!(self, Self::PasswordReset) { 4 } else { 6 }
    }
}

fn wait(reply: &Reply) -> Duration {
    reply.is_problem(429, "too_many_requests");
    Duration::from_secs(reply.header("retry-after").parse().unwrap())
}

async fn ana(cloud: &Cloud) -> Caller {
    let ana = cloud.member("ana").await;
    cloud.phone(&ana, ANA).await;
    ana
}

/// A stranger who asks all day from one address does not use up the owner's share: everybody else is served at once or within an
/// hour, and a client that the account knows at once. From the fourth message on the stranger has to solve a proof of work.
/// Promise: sending-share
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_does_not_use_up_the_owners_messages() {
    for ask in Ask::ALL {
        let cloud = Cloud::start().await;
        let home = cloud.anonymous();
        let ana = ana(&cloud).await;
        home.post("/v1/sessions", json!({ "login": "ana", "password": PASSWORD })).await.is(201);
        cloud.advance(2 * HOUR).await;
        let stranger = cloud.anonymous();
        let mut served = 0;
        for _ in 0..10 {
            let reply = ask.from(&stranger).await;
            if reply.status.is_success() {
                served += 1;
            } else {
                assert!(wait(&reply) <= HOUR, "{ask:?}");
            }
            cloud.advance(3 * MINUTE).await;
        }
        assert_eq!(served, ask.at_once() - 1, "{ask:?}: the last one is reserved for other clients");
        // On the owner's network, from which the account was signed in to, nothing has changed.
        for _ in 0..2 {
            let reply = home.post("/v1/phone-sign-ins", json!({ "phone": ANA })).await;
            assert!(ask != Ask::PhoneSignIn || reply.status == 202, "{ask:?} {reply:?}");
            let reply = ask.from(&home).await;
            assert!(ask == Ask::PhoneSignIn || reply.status.is_success(), "{ask:?} {reply:?}");
            cloud.advance(3 * MINUTE).await;
        }
        // Other clients do not wait either: one message is left.
        ask.from(&cloud.anonymous()).await.succeeds();
        // While the stranger continues for a day, any other client is served within an hour.
        for hour in 0..6 {
            for _ in 0..12 {
                ask.from(&stranger).await;
                cloud.advance(5 * MINUTE).await;
            }
            if hour % 2 == 1 {
                let owner = cloud.anonymous();
                let reply = ask.from(&owner).await;
                if !reply.status.is_success() {
                    cloud.advance(wait(&reply)).await;
                    ask.from(&owner).await.succeeds();
                }
            }
        }
        drop(ana);
    }
}

/// However many client addresses ask, an e-mail address or number gets a few messages at once and then one an hour. From the
/// fourth on each takes a proof of work.
/// Promise: sending-share
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_destination_gets_a_few_messages_and_then_one_an_hour() {
    let cloud = Cloud::start().await;
    let start = async |work: bool| {
        let (caller, body) = (cloud.anonymous(), json!({ "phone": ANA }));
        if work { caller.post_with_work("/v1/phone-sign-ins", body).await } else { caller.post("/v1/phone-sign-ins", body).await }
    };
    for _ in 0..3 {
        start(false).await.is(202);
        cloud.settle().await;
        cloud.advance(2 * MINUTE).await;
    }
    for _ in 0..3 {
        assert_eq!(start(false).await.is_problem(403, "proof_of_work_required")["difficulty"], 18);
        start(true).await.is(202);
        cloud.settle().await;
        cloud.advance(2 * MINUTE).await;
    }
    let refused = start(true).await;
    assert!(wait(&refused) <= HOUR);
    assert_eq!(refused.header("ratelimit-policy"), "\"asked_destination\";q=6;w=21600");
    let mut sent = 6;
    for _ in 0..48 {
        cloud.advance(30 * MINUTE).await;
        sent += usize::from(start(true).await.status == 202);
        cloud.settle().await;
    }
    assert_eq!(sent, 6 + 24);
    assert_eq!(cloud.mails_to(ANA).await.len(), sent);
}

/// Messages to one mailbox are counted together, whichever spelling of its address is used.
/// Promise: sending-share
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spellings_of_one_mailbox_share_its_limit() {
    let cloud = Cloud::start().await;
    let spellings =
        ["a.na@gmail.com", "ana@gmail.com", "an.a+one@gmail.com", "ana+two@googlemail.com", "A.N.A@gmail.com", "ana+3@gmail.com"];
    let start = async |email: &str| cloud.anonymous().post_with_work("/v1/registrations", json!({ "email": email })).await;
    for email in spellings {
        start(email).await.is(201);
    }
    start("a.n.a+four@gmail.com").await.is_problem(429, "too_many_requests");
    // With other providers dots make another mailbox.
    start("a.n.a@example.test").await.is(201);
}

/// A trusted device has its own share of messages from any network, which strangers cannot use up. A trusted device of somebody
/// else does not count.
/// Promise: sending-share, owner-access
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trusted_device_has_a_share_of_its_own() {
    let cloud = Cloud::start().await;
    ana(&cloud).await;
    cloud.member("ben").await;
    let trust = async |login: &str| {
        let body = json!({ "login": login, "password": PASSWORD, "remember_device": true, "token_delivery": "cookie" });
        let cookie = cloud.anonymous().post("/v1/sessions", body).await.cookie("__Host-device");
        cookie.split(';').next().unwrap().to_owned()
    };
    let (own, other) = (trust("ana").await, trust("ben").await);
    cloud.advance(HOUR).await;
    while cloud.anonymous().post_with_work("/v1/password-resets", json!({ "email": MAIL })).await.status == 202 {
        cloud.advance(2 * MINUTE).await;
    }
    let with = |cookie: &str| cloud.anonymous().with("cookie", cookie);
    let ask = json!({ "email": MAIL });
    with(&other).post("/v1/password-resets", ask.clone()).await.is_problem(429, "too_many_requests");
    with("__Host-device=dvc_AAAA").post("/v1/password-resets", ask.clone()).await.is_problem(429, "too_many_requests");
    with(&own).post("/v1/password-resets", ask).await.is(202);
}

/// Begins a sign-in by phone, with a proof of work if it is required, and returns its path and what was sent.
async fn begin(caller: &Caller) -> Option<(String, Value)> {
    let reply = caller.post_with_work("/v1/phone-sign-ins", json!({ "phone": ANA })).await;
    let begun = (reply.status == 202).then(|| reply.json())?;
    Some((format!("/v1/phone-sign-ins/{}/verify", begun["id"].as_str().unwrap()), begun["sent"].clone()))
}

/// After wrong guesses at a number its next codes are longer, and the right code is always accepted. From any number of addresses
/// no more than twenty guesses are evaluated in a day. Long codes are not counted.
/// Promise: owner-access, code-attempts
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_at_a_number_do_not_keep_its_owner_out() {
    let cloud = Cloud::start().await;
    let ana = ana(&cloud).await;
    cloud.advance(2 * HOUR).await;
    let (mut judged, began) = (0, cloud.now());
    let long = loop {
        let stranger = cloud.anonymous();
        let Some((verify, sent)) = begin(&stranger).await else {
            cloud.advance(HOUR).await;
            continue;
        };
        let code = cloud.code_to(ANA).await;
        if sent["form"] == "long_code" {
            break (stranger, verify, code);
        }
        assert_eq!((&sent["form"], code.len()), (&json!("code"), 6));
        for _ in 0..5 {
            let answer = stranger.post(&verify, json!({ "code": wrong(&code) })).await;
            judged += usize::from(answer.is_problem(422, "code_invalid").get("tries_left").is_some());
        }
        cloud.advance(2 * MINUTE).await;
    };
    assert!((15..=20).contains(&judged), "{judged}");
    assert!(cloud.now().since(began) < DAY);
    let (stranger, verify, code) = long;
    assert!(code.len() == 14 && code.split('-').count() == 3, "{code}");
    // Guesses at a long code are not counted, and it is still valid after a hundred.
    let before = cloud.of_kind("limit").await.len();
    for _ in 0..100 {
        let answer = stranger.post(&verify, json!({ "code": "2222-3333-4444" })).await;
        assert!(answer.is_problem(422, "code_invalid").get("tries_left").is_none());
    }
    assert_eq!(cloud.of_kind("limit").await.len(), before);
    let typed = code.to_lowercase().replace('-', " ");
    stranger.post(&verify, json!({ "code": typed })).await.is(201);
    // The owner, from any client.
    cloud.advance(2 * MINUTE).await;
    let owner = cloud.anonymous();
    let (verify, sent) = loop {
        match begin(&owner).await {
            Some(flow) => break flow,
            None => cloud.advance(HOUR).await,
        }
    };
    assert_eq!(sent["form"], "long_code");
    let signed_in = owner.post(&verify, json!({ "code": cloud.code_to(ANA).await })).await.is(201);
    assert_eq!(signed_in["user_id"], json!(ana.id()));
    // The next day codes are short again.
    cloud.advance(DAY).await;
    let (_, sent) = begin(&cloud.anonymous()).await.unwrap();
    assert_eq!(sent["form"], "code");
}

/// Right codes do not count as guesses, so that frequent sign-ins never lead to a long code.
/// Promise: owner-access
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn right_codes_are_no_guesses() {
    let cloud = Cloud::start().await;
    let home = cloud.anonymous();
    for _ in 0..12 {
        let (verify, sent) = begin(&home).await.unwrap();
        assert_eq!(sent["form"], "code");
        home.post(&verify, json!({ "code": wrong(&cloud.code_to(ANA).await) })).await.is_problem(422, "code_invalid");
        home.post(&verify, json!({ "code": cloud.code_to(ANA).await })).await.is(201);
        cloud.advance(HOUR).await;
    }
}

async fn sign_in(caller: &Caller, factor: &str) -> (String, Value) {
    let flow = caller.post("/v1/sessions", json!({ "login": "ana", "password": PASSWORD })).await.is(202);
    let path = format!("/v1/sign-ins/{}", flow["id"].as_str().unwrap());
    let chosen = caller.put(&format!("{path}/factor"), json!({ "factor": factor })).await;
    (format!("{path}/verify"), if chosen.status == 200 { chosen.json() } else { Value::Null })
}

/// Somebody who has the password guesses at every factor all day. The owner still signs in, by recovery codes and by long codes.
/// At most twenty guesses are evaluated in a day, of which the first five at the app count as three each.
/// Promise: owner-access, code-attempts
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_at_second_factors_do_not_keep_the_owner_out() {
    let cloud = Cloud::start().await;
    let (_, app, recovery) = cloud.careful("ana", ANA).await;
    cloud.advance(2 * HOUR).await;
    let began = cloud.now();
    let (mut points, mut at_app) = (0, 0);
    for round in 0..40 {
        let stranger = cloud.anonymous();
        let factor = ["app", "email", "sms"][round % 3];
        let (verify, chosen) = sign_in(&stranger, factor).await;
        cloud.settle().await;
        for _ in 0..3 {
            if chosen.is_null() {
                continue;
            }
            let answer = stranger.post(&verify, json!({ "code": app.wrong(&cloud) })).await;
            let counted = answer.status == 422 && answer.json().get("tries_left").is_some();
            let short = factor == "app" || chosen["code"]["form"] == "code";
            at_app += u32::from(counted && factor == "app");
            points += if counted && short { if factor == "app" && at_app <= 5 { 3 } else { 1 } } else { 0 };
        }
        cloud.advance(16 * MINUTE).await;
    }
    assert!(cloud.now().since(began) < DAY);
    assert!((10..=20).contains(&points), "{points}");
    // The app has to pause, because its codes cannot be made longer.
    let owner = cloud.anonymous();
    let (verify, _) = sign_in(&owner, "app").await;
    owner.post(&verify, json!({ "code": app.code(&cloud) })).await.is_problem(429, "too_many_requests");
    // All other factors sign in.
    let (verify, _) = sign_in(&owner, "app").await;
    owner.post(&verify, json!({ "code": recovery[0] })).await.is(201);
    for (factor, to) in [("email", MAIL), ("sms", ANA)] {
        let (verify, chosen) = loop {
            let flow = sign_in(&owner, factor).await;
            if !flow.1.is_null() {
                break flow;
            }
            cloud.advance(20 * MINUTE).await;
        };
        assert_eq!(chosen["code"]["form"], "long_code", "{factor}");
        owner.post(&verify, json!({ "code": cloud.code_to(to).await })).await.is(201);
    }
}

/// After fifteen different guesses from one address, or a hundred failures at one name from everywhere, strangers first have to
/// solve a proof of work. After thirty different guesses an address waits an hour, not a day.
/// Promise: client-attempts, owner-access
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_need_a_proof_of_work_before_they_wait() {
    let cloud = Cloud::start().await;
    cloud.member("ana").await;
    let office = cloud.caller_at(Ipv4Addr::new(127, 92, 0, 1));
    let attempt = async |caller: &Caller, login: &str, password: &str, work: bool| {
        let body = json!({ "login": login, "password": password });
        if work { caller.post_with_work("/v1/sessions", body).await } else { caller.post("/v1/sessions", body).await }
    };
    for n in 0..15 {
        attempt(&office, &format!("nobody{n}"), "wrong", false).await.is_problem(401, "credentials_invalid");
    }
    attempt(&office, "ana", PASSWORD, false).await.is_problem(403, "proof_of_work_required");
    attempt(&office, "ana", PASSWORD, true).await.is(201);
    cloud.advance(16 * MINUTE).await;
    for n in 15..30 {
        attempt(&office, &format!("nobody{n}"), "wrong", true).await.is_problem(401, "credentials_invalid");
    }
    let refused = attempt(&office, "ana", PASSWORD, true).await;
    assert!(wait(&refused) <= HOUR);
    assert_eq!(refused.header("ratelimit-policy"), "\"login_client_different\";q=30;w=10800");
    cloud.advance(HOUR).await;
    attempt(&office, "ana", PASSWORD, false).await.is(201);
}

/// Wrong codes of registrations and contact changes count for the client and for the global limit. New registrations with one
/// address bring no new attempts.
/// Promise: client-attempts, global-attempts
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_codes_count_wherever_they_are_typed() {
    let cloud = Cloud::start().await;
    let failures = async || {
        let counters = cloud.of_kind("limit").await;
        let of = |name: &str| -> i64 {
            let named = counters.iter().filter(|c| c["pk"]["S"].as_str().unwrap().starts_with(&format!("LIMIT#{name}#")));
            named.map(|c| c["hits"]["N"].as_str().unwrap().parse::<i64>().unwrap()).sum()
        };
        (of("sign_ins_failed"), of("login_client"), of("login_client_day"))
    };
    let ana = cloud.member("ana").await;
    let before = failures().await;
    for (change, body, to) in [
        ("/v1/me/email-changes", json!({ "email": "new@example.test" }), "new@example.test"),
        ("/v1/me/phone-changes", json!({ "phone": ANA }), ANA),
    ] {
        ana.post(change, body).await.is(202);
        ana.post(&format!("{change}/verify"), json!({ "code": wrong(&cloud.code_to(to).await) })).await.is_problem(422, "code_invalid");
    }
    let after = failures().await;
    assert_eq!((after.0 - before.0, after.1 - before.1, after.2 - before.2), (2, 2, 2));
    let (mut judged, mut long) = (0, false);
    for _ in 0..30 {
        let caller = cloud.anonymous();
        let reply = caller.post_with_work("/v1/registrations", json!({ "email": "mia@example.test" })).await;
        if reply.status == 429 {
            cloud.advance(wait(&reply)).await;
            continue;
        }
        let flow = reply.is(201);
        long |= flow["code"]["form"] == "long_code";
        let path = format!("/v1/registrations/{}/code", flow["id"].as_str().unwrap());
        // A code that is not sent yet is not judged.
        cloud.settle().await;
        for _ in 0..4 {
            let answer = caller.post(&path, json!({ "code": "000000" })).await;
            judged += i64::from(answer.is_problem(422, "code_invalid").get("tries_left").is_some());
        }
        if long {
            let right = json!({ "code": cloud.code_to("mia@example.test").await });
            caller.post(&path, right).await.is(200);
            break;
        }
    }
    assert!(long && (15..=20).contains(&judged), "{judged}");
    assert_eq!(failures().await.2 - after.2, judged);
}

/// A thousand requests from a hundred addresses for numbers without an account do not stop text messages: the proof of work for
/// strangers grows with the messages sent, the budget is refilled by the hour, and proven numbers of accounts have a share of
/// their own.
/// Promise: sending-budget
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_cannot_use_up_the_text_messages() {
    let cloud = Cloud::start_with(&[("SmsDailyMax", "56")]).await;
    let (_, app, _) = cloud.careful("ana", ANA).await;
    cloud.advance(2 * DAY).await;
    let mut difficulties = BTreeSet::new();
    let (mut sent, mut stopped) = (0, None);
    for n in 0..40 {
        let from = cloud.caller_at(Ipv4Addr::new(127, 4, n, 1));
        let phone = ["+48512", "+48600", "+48690", "+48501"][usize::from(n % 4)].to_owned() + &format!("1234{n:02}");
        let plain = from.post("/v1/phone-sign-ins", json!({ "phone": phone })).await;
        if plain.status == 403 {
            difficulties.insert(plain.json()["difficulty"].as_u64().unwrap());
        }
        let reply = if plain.status == 403 { from.post_with_work("/v1/phone-sign-ins", json!({ "phone": phone })).await } else { plain };
        if reply.status != 202 {
            reply.is_problem(503, "unavailable");
            stopped = Some(reply.header("retry-after").parse::<u64>().unwrap());
            break;
        }
        sent += 1;
    }
    // Thirty-four of fifty-six messages are for anybody, a quarter of them at once.
    assert_eq!(sent, 8);
    assert!(stopped.unwrap() <= 3600, "{stopped:?}");
    assert_eq!(difficulties.into_iter().collect::<Vec<_>>(), [18, 19, 20, 21]);
    // Proven numbers of accounts still get messages: to sign in, as a second factor, to step up.
    let owner = cloud.anonymous();
    let (verify, _) = begin(&owner).await.expect("the number is proven");
    owner.post(&verify, json!({ "code": cloud.code_to(ANA).await })).await.is(202);
    let (verify, chosen) = sign_in(&owner, "sms").await;
    assert!(!chosen.is_null());
    owner.post(&verify, json!({ "code": cloud.code_to(ANA).await })).await.is(201);
    // An hour later a part of the budget is released.
    cloud.advance(HOUR).await;
    let from = cloud.caller_at(Ipv4Addr::new(127, 4, 99, 1));
    from.post_with_work("/v1/phone-sign-ins", json!({ "phone": "+48788123456" })).await.is(202);
    drop(app);
}

/// Codes that nobody types close a range of numbers: after fifty of them, asked for by twenty networks, and only for numbers
/// without an account. A right code counts as typed once, however often it is sent.
/// Promise: sending-budget
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_range_closes_only_for_numbers_without_an_account() {
    let cloud = Cloud::start_with(&[("SmsDailyMax", "4000")]).await;
    let (_, app, _) = cloud.careful("ana", "+447400123400").await;
    cloud.advance(2 * DAY).await;
    let from = |n: u8| cloud.caller_at(Ipv4Addr::new(127, 2, n, 1));
    let phone = |n: usize| format!("+4474001234{n:02}");
    let start = async |n: u8, to: usize| from(n).post_with_work("/v1/phone-sign-ins", json!({ "phone": phone(to) })).await;
    // One code is typed correctly, three times.
    let typed = from(1);
    let begun = start(1, 1).await.is(202);
    let verify = format!("/v1/phone-sign-ins/{}/verify", begun["id"].as_str().unwrap());
    let code = cloud.code_to(&phone(1)).await;
    race(3, |_| {
        let (typed, verify, code) = (typed.clone(), verify.clone(), code.clone());
        async move { typed.post(&verify, json!({ "code": code })).await }
    })
    .await;
    let traffic = cloud.of_kind("sms_range").await;
    assert_eq!(traffic[0]["came_back"]["SS"].as_array().unwrap().len(), 1);
    // Requests from ten networks close nothing, however many codes are sent.
    for n in 2..62 {
        start(u8::try_from(n % 9 + 2).unwrap(), n).await.is(202);
    }
    // Those from the twentieth network on do.
    let mut passed = 0;
    for n in 62..99 {
        match start(u8::try_from(n).unwrap(), n).await {
            reply if reply.status == 202 => passed += 1,
            reply => assert!(wait(&reply) <= HOUR),
        }
    }
    assert_eq!(passed, 9);
    // Numbers of accounts in the range are not affected.
    let owner = cloud.anonymous();
    owner.post_with_work("/v1/phone-sign-ins", json!({ "phone": phone(0) })).await.is(202);
    let (verify, _) = sign_in(&owner, "sms").await;
    owner.post(&verify, json!({ "code": cloud.code_to(&phone(0)).await })).await.is(201);
    cloud.advance(HOUR).await;
    start(200, 99).await.is(202);
    drop(app);
}

/// Right passwords cost as much work as wrong ones: one client signs in to one account sixty times an hour. Others are not
/// affected.
/// Promise: client-attempts
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn right_passwords_have_a_limit() {
    let cloud = Cloud::start().await;
    cloud.member("ana").await;
    cloud.member("ben").await;
    let client = cloud.anonymous();
    let body = |login: &str| json!({ "login": login, "password": PASSWORD });
    for _ in 0..60 {
        client.post("/v1/sessions", body("ana")).await.is(201);
    }
    let refused = client.post("/v1/sessions", body("ana")).await;
    assert!(wait(&refused) <= HOUR);
    assert_eq!(refused.header("ratelimit-policy"), "\"sign_ins\";q=60;w=3600");
    client.post("/v1/sessions", body("ben")).await.is(201);
    cloud.anonymous().post("/v1/sessions", body("ana")).await.is(201);
    cloud.advance(HOUR).await;
    client.post("/v1/sessions", body("ana")).await.is(201);
}

/// Set-ups of factors and new rooms are limited. Opening a room that exists already is not counted.
/// Promise: request-rates
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn set_ups_and_new_rooms_have_limits() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    for _ in 0..20 {
        ana.post("/v1/me/passkeys/options", json!({})).await.is(201);
    }
    let refused = ana.post("/v1/me/passkeys/options", json!({})).await;
    assert!(wait(&refused) <= HOUR);
    assert_eq!(refused.header("ratelimit-policy"), "\"factor_setups\";q=20;w=3600");

    let me = cloud.of_kind("user").await.into_iter().find(|user| user["id"]["S"] == ana.id()).unwrap();
    let mut others = Vec::new();
    for n in 0..31 {
        let mut other = me.clone();
        let id = format!("usr_01JABCDEFGHJKMNPQRSTVWX{n:03}");
        (other["pk"], other["id"]) = (json!({ "S": format!("USER#{id}") }), json!({ "S": id }));
        put(&cloud, &other);
        others.push(id);
    }
    let open = async |other: &String| ana.post("/v1/rooms/direct", json!({ "user": other })).await;
    for other in &others[..30] {
        open(other).await.is(201);
    }
    open(&others[0]).await.is(200);
    let refused = open(&others[30]).await;
    assert!(wait(&refused) <= HOUR);
    assert_eq!(refused.header("ratelimit-policy"), "\"rooms_opened\";q=30;w=3600");
    cloud.advance(HOUR).await;
    let body = json!({ "refresh_token": ana.refresh_token() });
    let ana = ana.signed_in(ana.post("/v1/sessions/refresh", body).await.is(200));
    ana.post("/v1/rooms/direct", json!({ "user": others[30] })).await.is(201);
}

/// A made-up refresh token is refused before any read, whatever generation it claims.
/// Promise: refresh-reuse, request-rates
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_made_up_refresh_token_costs_no_call() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let mut forged = ana.refresh_token();
    let last = if forged.pop() == Some('A') { 'E' } else { 'A' };
    forged.push(last);
    let calls = || cloud.aws.calls.by_function().get("LoginFunction").map_or(0, local::aws::calls::Tally::total);
    // A function makes one call at its start.
    ana.get("/v1/sessions").await.is(200);
    let before = calls();
    for _ in 0..20 {
        cloud.anonymous().post("/v1/sessions/refresh", json!({ "refresh_token": forged })).await.is_problem(401, "refresh_invalid");
    }
    assert_eq!(calls(), before);
    ana.get("/v1/me").await.is(200);
    cloud.anonymous().post("/v1/sessions/refresh", json!({ "refresh_token": ana.refresh_token() })).await.is(200);
}

/// While mails or text messages cannot be sent, or calls fail, are slow or lose their reply, requests about an address or number
/// get the same answers whether it has an account or not. This holds for each of several requests, for codes that are sent again,
/// and for a member who wants to change to that contact.
/// Promise: no-account-disclosure
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn known_and_unknown_are_answered_alike_while_something_fails() {
    let sending = [(Some("DeliverFunction"), Service::Ses, "SendRawEmail"), (Some("DeliverFunction"), Service::Sns, "Publish")];
    let table = |operation| (None, Service::DynamoDb, operation);
    let (reads, writes) = (["GetItem", "BatchGetItem"].map(table), ["UpdateItem", "TransactWriteItems"].map(table));
    let failing = sending.into_iter().chain(reads).chain(writes).map(|target| (target, Fault::Internal));
    // A read whose reply is lost is a failed read.
    let lost = sending.into_iter().chain(writes).map(|target| (target, Fault::LostAfter));
    let slow = [reads[1], writes[1]].into_iter().map(|target| (target, Fault::Slow(Duration::from_millis(20))));
    let faults: Vec<_> = failing.chain(lost).chain(slow).collect();
    let unlike = race(faults.len(), move |n| {
        let ((function, service, operation), fault) = faults[n];
        let target = Target { function: function.map(str::to_owned), ..Target::of("", service, operation) };
        async move { unlike_while(target, fault).await.iter().map(|unlike| format!("{operation} {fault:?}, {unlike}")).collect::<Vec<_>>() }
    })
    .await
    .concat();
    assert!(unlike.is_empty(), "{unlike:#?}");
}

/// The requests whose answers differ between known and unknown contacts while calls of a target fail.
async fn unlike_while(target: Target, fault: Fault) -> Vec<String> {
    const WRONG: &str = "wrong horse staples";
    // With functions in this process, because so many clouds at once cannot share fixed ports.
    let cloud = Cloud::start_with(&[("SmsDailyMax", "2000")]).await;
    ana(&cloud).await;
    cloud.advance(DAY).await;
    let mut begun = Vec::new();
    for ask in Ask::ALL.into_iter().filter(|ask| *ask != Ask::PasswordReset) {
        let (one, two) = (cloud.anonymous(), cloud.anonymous());
        let path = |flow: Value| match ask {
            Ask::PhoneSignIn => format!("/v1/phone-sign-ins/{}/resend", flow["id"].as_str().unwrap()),
            _ => format!("/v1/registrations/{}/code/resend", flow["id"].as_str().unwrap()),
        };
        let known = path(ask.from(&one).await.json());
        let unknown = path(ask.of_nobody(&two).await.json());
        begun.push((ask, (one, known), (two, unknown)));
    }
    let (mia, zoe) = (cloud.member("mia").await, cloud.member("zoe").await);
    cloud.settle().await;
    cloud.advance(2 * MINUTE).await;
    let script = cloud.aws.faults.script(target, fault);
    let mut unlike = Vec::new();
    let mut compare = |what: String, known: &Reply, unknown: &Reply| {
        // Seconds to wait for may differ by one.
        let [known, unknown] = [known, unknown].map(|reply| reply.shape().replace(|c: char| c.is_ascii_digit(), ""));
        if known != unknown {
            unlike.push(format!("{what}:\n{known}\n{unknown}"));
        }
    };
    for request in 0..2 {
        for (path, known, unknown) in [
            ("/v1/me/email-changes", json!({ "email": MAIL }), json!({ "email": NOBODY })),
            ("/v1/me/phone-changes", json!({ "phone": ANA }), json!({ "phone": NOBODYS })),
        ] {
            let (known, unknown) = (mia.post(path, known).await, zoe.post(path, unknown).await);
            compare(format!("{path}, request {request}"), &known, &unknown);
            // Only then it is known whether the message could be sent.
            cloud.settle().await;
            let again = format!("{path}/resend");
            let (known, unknown) = (mia.post(&again, json!({})).await, zoe.post(&again, json!({})).await);
            compare(format!("{again}, request {request}"), &known, &unknown);
        }
        for (ask, (one, known), (two, unknown)) in &begun {
            let (known, unknown) = (one.post_with_work(known, json!({})).await, two.post_with_work(unknown, json!({})).await);
            compare(format!("{ask:?} again, request {request}"), &known, &unknown);
        }
        cloud.settle().await;
        cloud.advance(2 * MINUTE).await;
    }
    for ask in Ask::ALL {
        let (one, two) = (cloud.anonymous(), cloud.anonymous());
        // Eight in all, which is more than are sent at once.
        for request in 0..4 {
            compare(format!("{ask:?}, request {request}"), &ask.from(&one).await, &ask.of_nobody(&two).await);
            cloud.settle().await;
            compare(format!("{ask:?} at once, request {request}"), &ask.from(&one).await, &ask.of_nobody(&two).await);
            cloud.settle().await;
            cloud.advance(2 * MINUTE).await;
        }
    }
    for (known, unknown) in [("ana", "bob"), (MAIL, NOBODY)] {
        let (one, two) = (cloud.anonymous(), cloud.anonymous());
        let body = |login: &str| json!({ "login": login, "password": WRONG });
        for attempt in 0..6 {
            let (known, unknown) = (one.post("/v1/sessions", body(known)).await, two.post("/v1/sessions", body(unknown)).await);
            compare(format!("sign-in, attempt {attempt}"), &known, &unknown);
        }
    }
    script.end();
    unlike
}
