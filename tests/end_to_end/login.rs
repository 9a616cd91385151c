//! Signing in with a password, staying signed in, signing out.

use std::{collections::BTreeSet, time::Duration};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use local::aws::{
    Service,
    faults::{Fault, Target},
};
use reqwest::Method;
use tests::{Authenticator, Caller, Cloud, HOUR, PASSWORD, Value, json, race, work};

use crate::phone_login::change;

async fn attempt(caller: &Caller, login: &str, password: &str) -> tests::Reply {
    caller.post("/v1/sessions", json!({ "login": login, "password": password })).await
}

/// By username or by e-mail address, in upper or lower case.
/// Promise: sign-in-names
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_username_or_address_in_any_case() {
    let cloud = Cloud::start().await;
    cloud.member("ana").await;
    for login in ["ana", "ANA", " Ana ", "ana@example.test", "ANA@EXAMPLE.TEST"] {
        let reply = attempt(&cloud.anonymous(), login, PASSWORD).await;
        let signed_in = reply.is(201);
        assert_eq!((signed_in["token_type"].as_str(), signed_in["expires_in"].as_u64()), (Some("Bearer"), Some(600)));
        assert_eq!(reply.header("location"), format!("/v1/sessions/{}", signed_in["session_id"].as_str().unwrap()));
        let who = json!({ "username": "ana", "first_name": "Ana", "last_name": "Nowak", "language": "en" });
        assert_eq!(signed_in["user"], who, "the answer says who signed in");
    }
    for password in [&PASSWORD.to_uppercase(), &format!("{PASSWORD} "), "", &"x".repeat(2000)] {
        attempt(&cloud.anonymous(), "ana", password).await.is_problem(401, "credentials_invalid");
    }
}

/// An unknown name, a wrong password and an invalid name get the same answer, also when attempts are limited.
/// Promise: no-account-disclosure
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_look_alike() {
    let cloud = Cloud::start().await;
    cloud.member("ana").await;
    let mut shapes = BTreeSet::new();
    for login in ["ana", "nobody", "ana@example.test", "nobody@example.test", "@", "<script>", "", "ż"] {
        let reply = attempt(&cloud.anonymous(), login, "not the right one").await;
        reply.is_problem(401, "credentials_invalid");
        shapes.insert(reply.shape());
    }
    assert_eq!(shapes.len(), 1, "{shapes:?}");
    let mut locked = BTreeSet::new();
    for login in ["ana", "nobody", "ana@example.test", "nobody@example.test", "@"] {
        let client = cloud.anonymous();
        for _ in 0..5 {
            attempt(&client, login, "not the right one").await.is_problem(401, "credentials_invalid");
        }
        for password in [PASSWORD, "not the right one"] {
            let reply = attempt(&client, login, password).await;
            reply.is_problem(429, "too_many_requests");
            locked.insert((reply.shape(), reply.header("ratelimit-policy")));
        }
    }
    assert_eq!(locked.len(), 1, "{locked:?}");
}

/// Five failures mean a pause of five minutes for that name and client. A success resets the count. Others are not affected.
/// Attempts during the pause neither prolong it nor count.
/// Promise: password-attempts
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_failures_mean_a_pause() {
    let cloud = Cloud::start().await;
    cloud.member("ana").await;
    cloud.member("ben").await;
    let client = cloud.anonymous();
    for _ in 0..4 {
        attempt(&client, "ana", "wrong").await.is_problem(401, "credentials_invalid");
    }
    attempt(&client, "ana", PASSWORD).await.is(201);
    for _ in 0..5 {
        attempt(&client, "ana", "wrong").await.is_problem(401, "credentials_invalid");
    }
    for n in 0..20 {
        let refused = attempt(&client, "ana", if n % 2 == 0 { PASSWORD } else { "wrong" }).await;
        refused.is_problem(429, "too_many_requests");
        assert!((1..=300).contains(&refused.header("retry-after").parse::<u64>().unwrap()));
    }
    attempt(&client.with("x-forwarded-for", "203.0.113.7"), "ana", PASSWORD).await.is_problem(429, "too_many_requests");
    // Neither the owner on another client nor another name on this client waits.
    attempt(&cloud.anonymous(), "ana", PASSWORD).await.is(201);
    attempt(&client, "ben", PASSWORD).await.is(201);
    cloud.advance(Duration::from_secs(301)).await;
    attempt(&client, "ana", PASSWORD).await.is(201);
}

/// A deployment sets after how many failures there is a pause, and how long it is: for sign-ins, and for signed-in people.
/// Promise: password-attempts
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_chooses_the_pause() {
    let cloud = Cloud::start_with(&[("PasswordCooldown", "3/120")]).await;
    let ana = cloud.member("ana").await;
    let client = cloud.anonymous();
    for _ in 0..3 {
        attempt(&client, "ana", "wrong").await.is_problem(401, "credentials_invalid");
    }
    let refused = attempt(&client, "ana", PASSWORD).await;
    refused.is_problem(429, "too_many_requests");
    assert!(refused.header("ratelimit-policy").contains("\"login_name\";q=3;w=120"), "{refused:?}");
    let change = json!({ "current_password": "wrong horse staples", "new_password": "short zebras sing" });
    for _ in 0..3 {
        ana.put("/v1/me/password", change.clone()).await.is_problem(403, "password_wrong");
    }
    let refused = ana.put("/v1/me/password", change.clone()).await;
    refused.is_problem(429, "too_many_requests");
    assert!(refused.header("ratelimit-policy").contains("\"password_demand\";q=3;w=120"), "{refused:?}");
    cloud.advance(Duration::from_secs(121)).await;
    attempt(&client, "ana", PASSWORD).await.is(201);
    ana.put("/v1/me/password", change).await.is_problem(403, "password_wrong");
}

/// Five guesses at a username reveal nothing about an e-mail address: that of its owner is answered like any other, with the same
/// calls of AWS, whatever the password. Yet no password is compared before the account's own pause is over.
/// Promise: no-account-disclosure, password-attempts
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_at_a_username_reveal_no_address() {
    let cloud = Cloud::start().await;
    cloud.member("ana").await;
    let made = || cloud.aws.calls.by_function().remove("LoginFunction").unwrap().calls;
    let tried = async |client: &Caller, login: &str, password: &str| {
        let before = made();
        let reply = attempt(client, login, password).await;
        let asked: Vec<String> = made().iter().map(|(call, n)| format!("{call} {}", n - before.get(call).copied().unwrap_or(0))).collect();
        (reply.status.as_u16(), reply.shape(), reply.header("ratelimit-policy"), asked)
    };
    for password in ["wrong", PASSWORD] {
        let client = cloud.anonymous();
        for _ in 0..5 {
            attempt(&client, "ana", "wrong").await.is_problem(401, "credentials_invalid");
        }
        attempt(&client, "ana", PASSWORD).await.is_problem(429, "too_many_requests");
        let (mut hers, mut anybodys) = (Vec::new(), Vec::new());
        for _ in 0..6 {
            hers.push(tried(&client, "ana@example.test", password).await);
        }
        for _ in 0..6 {
            anybodys.push(tried(&client, "nobody@example.test", password).await);
        }
        assert_eq!(hers, anybodys);
        assert_eq!(hers.iter().map(|(status, ..)| *status).collect::<Vec<_>>(), [401, 401, 401, 401, 401, 429]);
        cloud.advance(Duration::from_secs(301)).await;
        attempt(&client, "ana@example.test", PASSWORD).await.is(201);
    }
    // Failures at both names add up.
    let client = cloud.anonymous();
    for login in ["ana", "ana@example.test", "ANA", "ana@example.test", "ana"] {
        attempt(&client, login, "wrong").await.is_problem(401, "credentials_invalid");
    }
    for login in ["ana", "ana@example.test"] {
        attempt(&client, login, PASSWORD).await.is_problem(401, "credentials_invalid");
    }
    cloud.advance(Duration::from_secs(301)).await;
    attempt(&client, "ana", PASSWORD).await.is(201);
}

/// Guesses of others, from the same network, at the same account and at others, do not keep a trusted device out. A stolen device
/// has five guesses in five minutes and a hundred in a day, which keep nobody else out.
/// Promise: trusted-device-access
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trusted_device_has_limits_of_its_own() {
    let cloud = Cloud::start().await;
    cloud.member("ana").await;
    let network = std::net::Ipv4Addr::new(127, 91, 0, 1);
    let (home, attacker) = (cloud.caller_at(network), cloud.caller_at(network));
    let with = async |device: &Value, password: &str| {
        home.post("/v1/sessions", json!({ "login": "ana", "password": password, "device_token": device })).await
    };
    let trusted = json!({ "login": "ana", "password": PASSWORD, "remember_device": true });
    let device = home.post("/v1/sessions", trusted).await.is(201)["device_token"].clone();
    for login in ["ana", "ana@example.test", "nobody", "noone"] {
        for _ in 0..5 {
            attempt(&attacker, login, "wrong").await.is_problem(401, "credentials_invalid");
        }
    }
    attempt(&home, "ana", PASSWORD).await.is_problem(429, "too_many_requests");
    let device = with(&device, PASSWORD).await.is(201)["device_token"].clone();

    for round in 0..20 {
        for _ in 0..5 {
            with(&device, "wrong").await.is_problem(401, "credentials_invalid");
        }
        if round == 0 {
            let stopped = with(&device, PASSWORD).await;
            stopped.is_problem(429, "too_many_requests");
            assert_eq!(stopped.header("ratelimit-policy"), "\"login_device\";q=5;w=300");
            attempt(&cloud.anonymous(), "ana", PASSWORD).await.is(201);
        }
        cloud.advance(Duration::from_secs(301)).await;
    }
    let stopped = with(&device, PASSWORD).await;
    stopped.is_problem(429, "too_many_requests");
    assert_eq!(stopped.header("ratelimit-policy"), "\"login_device_day\";q=100;w=86400");
    // The counters of the network and the account are unchanged.
    attempt(&home, "ana", PASSWORD).await.is(201);
    cloud.advance(Duration::from_secs(24 * 3600)).await;
    with(&device, PASSWORD).await.is(201);
}

/// During a hundred concurrent guesses at an account, from its owner's network and from everywhere, the owner's trusted device
/// signs in at its first attempt.
/// Promise: trusted-device-access
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trusted_device_gets_in_during_an_attack() {
    let cloud = Cloud::start().await;
    cloud.member("ana").await;
    let home = cloud.anonymous();
    let trusted = json!({ "login": "ana", "password": PASSWORD, "remember_device": true });
    let device = home.post("/v1/sessions", trusted).await.is(201)["device_token"].clone();
    let everywhere: Vec<Caller> = (0..40).map(|_| cloud.anonymous()).collect();
    let body = json!({ "login": "ana", "password": PASSWORD, "device_token": device });
    let statuses = race(120, |i| {
        let client = if i % 2 == 0 { home.clone() } else { everywhere[i % everywhere.len()].clone() };
        let body = (i == 60).then(|| body.clone());
        async move {
            match body {
                Some(body) => client.post("/v1/sessions", body).await,
                None => attempt(&client, ["ana", "ana@example.test"][i / 2 % 2], "wrong").await,
            }
        }
    })
    .await;
    statuses[60].has(201);
    let others: BTreeSet<u16> = statuses.iter().map(|reply| reply.status.as_u16()).filter(|status| *status != 201).collect();
    assert_eq!(others, BTreeSet::from([401, 429]));
}

/// Two concurrent sign-ins with one trusted device both accept the right password. The device skips the second step for one of
/// them.
/// Promise: trusted-devices
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_device_used_twice_at_once() {
    let cloud = Cloud::start().await;
    cloud.member("ana").await;
    let (_, app, _) = cloud.careful("eve", "+447700900123").await;
    let plain = cloud.anonymous();
    let trusted = json!({ "login": "ana", "password": PASSWORD, "remember_device": true });
    let anas = plain.post("/v1/sessions", trusted).await.is(201)["device_token"].clone();
    let eves = {
        let body = json!({ "login": "eve", "password": PASSWORD, "remember_device": true });
        let path = format!("/v1/sign-ins/{}", plain.post("/v1/sessions", body).await.is(202)["id"].as_str().unwrap());
        let _ = plain.put(&format!("{path}/factor"), json!({ "factor": "app" })).await.is(200);
        plain.post(&format!("{path}/verify"), json!({ "code": app.code(&cloud) })).await.is(201)["device_token"].clone()
    };
    let target = || Target::of("LoginFunction", Service::DynamoDb, "TransactWriteItems").times(1);
    for (login, device, second) in [("ana", anas, 201), ("eve", eves, 202)] {
        let body = json!({ "login": login, "password": PASSWORD, "device_token": device });
        // As if a concurrent sign-in had been faster.
        let faster = cloud.aws.faults.script(target(), Fault::Taken("USER#"));
        let _ = plain.post("/v1/sessions", body.clone()).await.is(second);
        assert_eq!(faster.hits(), 1);
        faster.end();
        let mut statuses = race(4, |_| {
            let (plain, body) = (plain.clone(), body.clone());
            async move { plain.post("/v1/sessions", body).await.status.as_u16() }
        })
        .await;
        statuses.sort_unstable();
        assert_eq!(statuses, [201, second, second, second], "{login}");
    }
}

/// When the counters are unavailable nobody signs in and no flow begins. Reads still work.
/// Promise: counters-required
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_counters_nothing_is_guessed() {
    let cloud = Cloud::start().await;
    let (eve, app, _) = cloud.careful("eve", "+447700900123").await;
    let eve = cloud.step_up(&eve, &app).await;
    cloud.settle().await;
    let client = cloud.anonymous();
    let device = json!({ "login": "eve", "password": PASSWORD, "device_token": "dvc_AAAA" });
    let failing = |operation: &str| {
        let target = Target { service: Some(Service::DynamoDb), operation: Some(operation.to_owned()), ..Target::default() };
        cloud.aws.faults.script(target, Fault::Internal)
    };
    // A single counter, and several counters in one call.
    let (down, together) = (failing("UpdateItem"), failing("TransactWriteItems"));
    for reply in [
        attempt(&client, "eve", PASSWORD).await,
        attempt(&client, "nobody", PASSWORD).await,
        client.post("/v1/sessions", device).await,
        client.post("/v1/password-resets", json!({ "email": "eve@example.test" })).await,
        client.post("/v1/registrations", json!({ "email": "new@example.test" })).await,
        eve.post("/v1/me/mfa/removal", json!({ "password": PASSWORD })).await,
    ] {
        reply.is_problem(503, "unavailable");
        assert!(!reply.header("retry-after").is_empty());
    }
    for (name, available) in [("eve", false), ("somebody", true)] {
        assert_eq!(client.get(&format!("/v1/usernames/{name}/availability")).await.is(200)["available"], available);
    }
    for fault in [down, together] {
        assert!(fault.hits() > 0);
        fault.end();
    }
    attempt(&client, "eve", PASSWORD).await.is(202);
}

/// Of a thousand concurrent guesses no more than five are evaluated.
/// Promise: password-attempts
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guessing_passwords_in_parallel_gains_nothing() {
    let cloud = Cloud::start().await;
    cloud.member("ana").await;
    let client = cloud.anonymous();
    let statuses = race(1000, |_| {
        let client = client.clone();
        async move { attempt(&client, "ana", "wrong").await.status.as_u16() }
    })
    .await;
    // Five pass the counter of the name. Some of them may exceed the client's own counter.
    let evaluated = statuses.iter().filter(|s| **s == 401).count();
    assert!((1..=5).contains(&evaluated), "{evaluated} were evaluated");
    assert_eq!(statuses.iter().filter(|s| **s == 429).count(), 1000 - evaluated);
}

/// A refresh token is used once. Repeating the same use within ten seconds returns the same successor.
/// Promise: refresh-once
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_reply_costs_nothing() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let refresh = async |token: &str| ana.post("/v1/sessions/refresh", json!({ "refresh_token": token })).await;
    let first = ana.refresh_token();
    let second = refresh(&first).await.is(200)["refresh_token"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    assert_eq!(refresh(&first).await.is(200)["refresh_token"], second.as_str());
    cloud.advance(Duration::from_secs(9)).await;
    assert_eq!(refresh(&first).await.is(200)["refresh_token"], second.as_str());
    let third = refresh(&second).await.is(200)["refresh_token"].as_str().unwrap().to_owned();
    // A use after that time counts as one by somebody else.
    cloud.advance(Duration::from_secs(11)).await;
    for token in [second, third] {
        refresh(&token).await.is_problem(401, "refresh_invalid");
    }
}

/// A refresh whose reply from the table is lost is made once.
/// Promise: refresh-once, lost-reply
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_that_loses_its_reply_is_done_once() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let target = Target::of("LoginFunction", Service::DynamoDb, "UpdateItem").times(1);
    let lost = cloud.aws.faults.script(target, Fault::LostAfter);
    let refresh = async |token: &str| ana.post("/v1/sessions/refresh", json!({ "refresh_token": token })).await.is(200);
    let second = refresh(&ana.refresh_token()).await["refresh_token"].clone();
    assert_eq!(lost.hits(), 1);
    assert_eq!(cloud.of_kind("session").await[0]["generation"]["N"], "1");
    let _ = refresh(second.as_str().unwrap()).await;
}

/// After signing out the access token is refused at once, in two hundred of two hundred requests.
/// Promise: sign-out-immediate
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_out_takes_effect_at_once() {
    let cloud = Cloud::start().await;
    cloud.member("ana").await;
    for _ in 0..200 {
        let ana = cloud.sign_in("ana").await;
        ana.delete("/v1/sessions/current").await.is(204);
        ana.get("/v1/me").await.has(401);
        let refresh = json!({ "refresh_token": ana.refresh_token() });
        cloud.anonymous().post("/v1/sessions/refresh", refresh).await.has(401);
    }
}

/// The path to continue with is returned after a sign-in of one step too, if it is a path of this site.
/// Promise: return-path
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_of_one_step_returns_the_path_too() {
    let cloud = Cloud::start().await;
    cloud.member("ana").await;
    for (next, told) in [
        (json!("/rooms?tab=2"), json!("/rooms?tab=2")),
        (json!("https://evil.example"), json!("/")),
        (json!("//evil.example/rooms"), json!("/")),
        (json!("/\\evil.example"), json!("/")),
        (json!(null), json!(null)),
    ] {
        for delivery in ["body", "cookie"] {
            let body = json!({ "login": "ana", "password": PASSWORD, "next": next, "token_delivery": delivery });
            assert_eq!(cloud.anonymous().post("/v1/sessions", body).await.is(201)["next"], told, "{next}");
        }
    }
}

/// Cookies that somebody planted in a browser are replaced when its user signs in, and the planted session ends.
/// Promise: session-fixation
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn planted_cookies_do_not_fix_a_session() {
    let cloud = Cloud::start().await;
    cloud.member("eve").await;
    cloud.member("ana").await;
    let sign_in = async |client: &Caller, login: &str| {
        let body = json!({ "login": login, "password": PASSWORD, "token_delivery": "cookie", "remember_device": true });
        client.post("/v1/sessions", body).await
    };
    let jar = |reply: &tests::Reply, name: &str| reply.cookie(name).split(';').next().unwrap().to_owned();
    let planted = sign_in(&cloud.anonymous(), "eve").await;
    let (refresh, device) = (jar(&planted, "__Host-refresh"), jar(&planted, "__Host-device"));
    let browser = cloud.anonymous().with("cookie", format!("{refresh}; {device}")).with("x-stoa-csrf", "1");
    let own = sign_in(&browser, "ana").await;
    assert_eq!(own.is(201)["user_id"], cloud.sign_in("ana").await.id());
    assert_ne!(own.json()["session_id"], planted.json()["session_id"]);
    assert!(jar(&own, "__Host-refresh") != refresh && jar(&own, "__Host-device") != device);
    assert_eq!(cloud.of_kind("device").await.len(), 2, "a second device, of another person");
    let eve = cloud.anonymous().with("cookie", refresh).with("x-stoa-csrf", "1");
    eve.post("/v1/sessions/refresh", json!({})).await.is_problem(401, "refresh_invalid");
    let eve = cloud.anonymous().signed_in(planted.json());
    eve.get("/v1/me").await.is_problem(401, "token_invalid");
}

/// A used refresh token that is presented later ends the session for both holders, and its owner is notified.
/// Promise: refresh-reuse
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stolen_token_ends_the_session() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let other = cloud.sign_in("ana").await;
    let refresh = async |token: &str| ana.post("/v1/sessions/refresh", json!({ "refresh_token": token })).await;
    let first = ana.refresh_token();
    let second = refresh(&first).await.is(200)["refresh_token"].as_str().unwrap().to_owned();
    let third = refresh(&second).await.is(200)["refresh_token"].as_str().unwrap().to_owned();
    cloud.advance(Duration::from_secs(11)).await;
    refresh(&first).await.is_problem(401, "refresh_invalid");
    refresh(&third).await.is_problem(401, "refresh_invalid");
    ana.get("/v1/sessions").await.is_problem(401, "token_invalid");
    other.get("/v1/sessions").await.is(200);
    assert_eq!(cloud.mails_to("ana@example.test").await.len(), 1, "the notice");
}

/// An invented refresh token ends no session.
/// Promise: refresh-reuse
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn made_up_refresh_tokens_do_nothing() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let good = ana.refresh_token();
    let mut corpus: Vec<String> = ["", "rft_", "x", "rft_AAAA", "null"].map(str::to_owned).to_vec();
    for at in (4..good.len()).step_by(7) {
        let mut forged = good.clone().into_bytes();
        forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
        corpus.push(String::from_utf8(forged).unwrap());
    }
    for forged in corpus {
        ana.post("/v1/sessions/refresh", json!({ "refresh_token": forged })).await.is_problem(401, "refresh_invalid");
    }
    ana.post("/v1/sessions/refresh", json!({ "refresh_token": good })).await.is(200);
}

/// A thousand concurrent uses of one token produce one successor, which all of them get.
/// Promise: refresh-once
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_uses_of_a_token_have_one_successor() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let token = ana.refresh_token();
    let successors: BTreeSet<String> = race(1000, |_| {
        let (ana, token) = (ana.clone(), token.clone());
        async move {
            let reply = ana.post("/v1/sessions/refresh", json!({ "refresh_token": token })).await;
            // A slow machine answers some with 503.
            (reply.status != 503).then(|| reply.is(200)["refresh_token"].as_str().unwrap().to_owned())
        }
    })
    .await
    .into_iter()
    .flatten()
    .collect();
    assert_eq!(successors.len(), 1);
    ana.post("/v1/sessions/refresh", json!({ "refresh_token": successors.first() })).await.is(200);
}

/// A session ends after two weeks without use, and after thirty days in any case.
/// Promise: session-lifetime
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_end() {
    let day = Duration::from_secs(24 * 3600);
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    cloud.advance(Duration::from_secs(631)).await;
    ana.get("/v1/sessions").await.is_problem(401, "token_invalid");
    let refresh = async |token: String| ana.post("/v1/sessions/refresh", json!({ "refresh_token": token })).await;
    let mut token = ana.refresh_token();
    for _ in 0..2 {
        cloud.advance(13 * day).await;
        token = refresh(token).await.is(200)["refresh_token"].as_str().unwrap().to_owned();
    }
    cloud.advance(4 * day).await;
    refresh(token).await.is_problem(401, "refresh_invalid");
    let idle = cloud.sign_in("ana").await;
    cloud.advance(14 * day).await;
    idle.post("/v1/sessions/refresh", json!({ "refresh_token": idle.refresh_token() })).await.is_problem(401, "refresh_invalid");
}

/// A deployment chooses after how many days without use a session ends.
/// Promise: session-lifetime
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_chooses_when_unused_sessions_end() {
    let day = Duration::from_secs(24 * 3600);
    let cloud = Cloud::start_with(&[("SessionIdleDays", "3")]).await;
    let _ = cloud.member("ana").await;
    let (used, unused) = (cloud.sign_in("ana").await, cloud.sign_in("ana").await);
    cloud.advance(2 * day).await;
    let refreshed = used.post("/v1/sessions/refresh", json!({ "refresh_token": used.refresh_token() })).await.is(200);
    cloud.advance(day).await;
    let refresh = async |token: &str| cloud.anonymous().post("/v1/sessions/refresh", json!({ "refresh_token": token })).await;
    refresh(&unused.refresh_token()).await.is_problem(401, "refresh_invalid");
    refresh(refreshed["refresh_token"].as_str().unwrap()).await.is(200);
}

/// Sessions are listed, and ended one by one or all at once, with immediate effect.
/// Promise: session-list, sign-out-immediate
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_are_listed_and_ended() {
    let cloud = Cloud::start().await;
    let first = cloud.member("ana").await;
    let second = cloud.sign_in("ana").await;
    let third = cloud.sign_in("ana").await;
    let stranger = cloud.member("ben").await;
    let items = second.get("/v1/sessions").await.is(200)["items"].as_array().unwrap().clone();
    assert_eq!(items.len(), 3);
    assert_eq!(items.iter().filter(|i| i["current"] == true).count(), 1);
    assert!(items.iter().all(|i| i["user_agent"].as_str().unwrap().contains("Firefox")));
    let addresses: BTreeSet<&str> = items.iter().map(|i| i["address"].as_str().unwrap()).collect();
    assert!(addresses.len() == 3 && addresses.iter().all(|address| address.starts_with("127.")), "{addresses:?}");
    assert!(items.iter().all(|i| i["place"].is_null()), "no edge states a place");
    let id_of = |caller: &Caller| {
        items.iter().find(|i| caller.token().split('.').nth(1).is_some_and(|c| claims(c).contains(i["id"].as_str().unwrap()))).unwrap()["id"].as_str().unwrap().to_owned()
    };
    let first_path = format!("/v1/sessions/{}", id_of(&first));
    let (mut by_id, mut by_all, mut own) = (first.socket().await, third.socket().await, second.socket().await);
    let spent = async |caller: &Caller| {
        let refresh = json!({ "refresh_token": caller.refresh_token() });
        cloud.anonymous().post("/v1/sessions/refresh", refresh).await.is_problem(401, "refresh_invalid");
    };
    stranger.delete(&first_path).await.is_problem(404, "not_found");
    second.delete("/v1/sessions/ses_nonsense").await.is_problem(404, "not_found");
    second.delete(&first_path).await.is(204);
    first.get("/v1/sessions").await.is_problem(401, "token_invalid");
    by_id.closed().await;
    spent(&first).await;
    second.delete(&first_path).await.is_problem(404, "not_found");
    second.delete("/v1/sessions").await.is(204);
    third.get("/v1/sessions").await.is_problem(401, "token_invalid");
    by_all.closed().await;
    spent(&third).await;
    assert_eq!(own.ask(json!({ "type": "hello" })).await["type"], "hello", "its own socket stays open");
    let out = second.delete("/v1/sessions/current").await;
    out.is(204);
    assert!(out.header("set-cookie").starts_with("__Host-refresh=; Path=/; Max-Age=0"));
    second.get("/v1/sessions").await.is_problem(401, "token_invalid");
    second.post("/v1/sessions/refresh", json!({ "refresh_token": second.refresh_token() })).await.is_problem(401, "refresh_invalid");
    stranger.get("/v1/sessions").await.is(200);
}

fn claims(part: &str) -> String {
    String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// The twenty-first session replaces the one that was used least recently.
/// Promise: session-limit
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_sessions_are_the_most() {
    let cloud = Cloud::start().await;
    let first = cloud.member("ana").await;
    cloud.advance(Duration::from_secs(1)).await;
    let mut others = Vec::new();
    for _ in 0..20 {
        others.push(cloud.sign_in("ana").await);
    }
    first.get("/v1/sessions").await.is_problem(401, "token_invalid");
    for other in &others {
        other.get("/v1/sessions").await.is(200);
    }
}

/// Cookies of other applications on the host do not hide ours, whatever bytes they are made of (RFC 6265 §5.4).
/// Promise: refresh-cookie
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_cookie_signs_nobody_out() {
    let cloud = Cloud::start().await;
    let _ = cloud.member("ana").await;
    let browser = cloud.anonymous().with("x-stoa-csrf", "1");
    let body = json!({ "login": "ana", "password": PASSWORD, "token_delivery": "cookie" });
    let reply = browser.post("/v1/sessions", body).await;
    reply.has(201);
    let mut ours = reply.cookie("__Host-refresh");
    for foreign in ["city=Kraków", "a=\"b, c\"", "=", "x", "__host-refresh=rft_other", "a={\"b\":[1]}", "a=\u{7fff}"] {
        let jar = ours.split(';').next().unwrap().to_owned();
        for cookies in [format!("{foreign}; {jar}"), format!("{jar}; {foreign}")] {
            let refreshed = browser.with("cookie", cookies).post("/v1/sessions/refresh", json!({})).await;
            refreshed.has(200);
            ours = refreshed.cookie("__Host-refresh");
        }
    }
}

/// Browsers get the refresh token in a cookie that scripts cannot read. Using it takes a header that other sites cannot send.
/// Promise: refresh-cookie
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn browsers_keep_the_token_in_a_cookie() {
    let cloud = Cloud::start().await;
    cloud.member("ana").await;
    let browser = cloud.anonymous();
    let reply = browser.post("/v1/sessions", json!({ "login": "ana", "password": PASSWORD, "token_delivery": "cookie" })).await;
    assert!(reply.is(201).get("refresh_token").is_none());
    let cookie = reply.header("set-cookie");
    for attribute in ["__Host-refresh=rft_", "; Path=/;", "; Secure", "; HttpOnly", "; SameSite=Strict"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let jar = cookie.split(';').next().unwrap();
    let with_cookie = browser.with("cookie", format!("theme=dark; {jar}"));
    with_cookie.post("/v1/sessions/refresh", json!({})).await.is_problem(403, "csrf_header_required");
    with_cookie.send(Method::POST, "/v1/sessions/refresh", None).await.is_problem(403, "csrf_header_required");
    let refreshed = with_cookie.with("x-stoa-csrf", "1").post("/v1/sessions/refresh", json!({})).await;
    assert!(refreshed.is(200).get("refresh_token").is_none());
    assert!(refreshed.header("set-cookie").starts_with("__Host-refresh=rft_"));
    // A token in the cookie needs no body, whatever its type would be.
    let jar = refreshed.header("set-cookie").split(';').next().unwrap().to_owned();
    for content_type in [None, Some("application/json"), Some("text/plain")] {
        let bare = browser.with("cookie", &jar).with("x-stoa-csrf", "1");
        let again = bare.raw(Method::POST, "/v1/sessions/refresh", content_type, Vec::new()).await;
        assert!(again.is(200).get("refresh_token").is_none());
        assert!(again.header("set-cookie").starts_with("__Host-refresh=rft_"), "{content_type:?}");
    }
    browser.post("/v1/sessions/refresh", json!({})).await.is_problem(401, "refresh_invalid");
    browser.send(Method::POST, "/v1/sessions/refresh", None).await.is_problem(401, "refresh_invalid");
}

/// A page of a foreign origin cannot use a cookie, whatever else it sends. Frontends of a deployment may be on another site, if it
/// says so: browsers then send the cookie from there.
/// Promise: refresh-cookie
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_pages_of_our_origins_use_a_cookie() {
    let evil =
        ["http://evil.example", "https://localhost:5173", "http://localhost:51730", "http://localhost:5173.evil.example", "null", ""];
    for (cross_site, attributes) in [("false", "; SameSite=Strict"), ("true", "; SameSite=None; Partitioned")] {
        let cloud = Cloud::start_with(&[("CrossSiteCookies", cross_site)]).await;
        let ana = cloud.member("ana").await;
        let sign_in = json!({ "login": "ana", "password": PASSWORD, "token_delivery": "cookie", "remember_device": true });
        let browser = cloud.anonymous().with("x-stoa-csrf", "1");
        let reply = browser.post("/v1/sessions", sign_in.clone()).await;
        reply.has(201);
        let cookies = ["__Host-refresh", "__Host-device"].map(|name| reply.cookie(name));
        assert!(cookies.iter().all(|cookie| cookie.ends_with(&format!("; Secure; HttpOnly{attributes}"))), "{cookies:?}");
        let [refresh, device] = cookies.map(|cookie| cookie.split(';').next().unwrap().to_owned());
        let phone = cloud.anonymous().post("/v1/phone-sign-ins", json!({ "phone": "+447700900131" })).await.is(202);
        for origin in evil {
            for jar in [format!("{refresh}; {device}"), refresh.clone(), device.clone(), format!("city=Kraków; {device}")] {
                let page = browser.with("cookie", jar).with("origin", origin);
                page.post("/v1/sessions/refresh", json!({})).await.is_problem(403, "origin_refused");
                page.send(Method::POST, "/v1/sessions/refresh", None).await.is_problem(403, "origin_refused");
                page.post("/v1/sessions", sign_in.clone()).await.is_problem(403, "origin_refused");
                page.post("/v1/registrations", json!({ "email": "x@example.test" })).await.is_problem(403, "origin_refused");
                let verify = format!("/v1/phone-sign-ins/{}/verify", phone["id"].as_str().unwrap());
                page.post(&verify, json!({ "code": "123456" })).await.is_problem(403, "origin_refused");
            }
            let bare = browser.with("origin", origin).with("cookie", "theme=dark");
            bare.post("/v1/sessions/refresh", json!({})).await.is_problem(401, "refresh_invalid");
        }
        let jar = format!("{refresh}; {device}");
        for ours in [ana.origin(), &cloud.urls.api] {
            let refreshed = browser.with("cookie", &jar).with("origin", ours).post("/v1/sessions/refresh", json!({})).await;
            assert!(refreshed.has(200).cookie("__Host-refresh").ends_with(attributes), "{ours}");
        }
        let ana = browser.signed_in(reply.json());
        let out = ana.delete("/v1/sessions/current").await;
        assert!(out.has(204).cookie("__Host-refresh").ends_with(attributes));
    }
}

/// Signing in as somebody else ends the session that the client had.
/// Promise: one-client-one-person
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_client_is_one_person() {
    let cloud = Cloud::start().await;
    cloud.member("ana").await;
    cloud.member("ben").await;
    let browser = cloud.anonymous();
    let sign_in = async |browser: &Caller, login: &str| {
        browser.post("/v1/sessions", json!({ "login": login, "password": PASSWORD, "token_delivery": "cookie" })).await
    };
    let first = sign_in(&browser, "ana").await;
    let ana = browser.signed_in(first.is(201));
    let jar = first.header("set-cookie").split(';').next().unwrap().to_owned();
    let second = sign_in(&browser.with("cookie", jar).with("x-stoa-csrf", "1"), "ben").await;
    browser.signed_in(second.is(201)).get("/v1/sessions").await.is(200);
    ana.get("/v1/sessions").await.is_problem(401, "token_invalid");
}

/// A client that keeps its tokens itself identifies its session by the access token, whatever way it signs in. The session ends
/// with the last step. An invalid token ends nothing.
/// Promise: one-client-one-person
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_client_is_one_person_without_a_cookie() {
    let cloud = Cloud::start().await;
    let _ = cloud.member("ana").await;
    let (ben, app, _) = cloud.careful("ben", "+447911123456").await;
    let mia = cloud.member("mia").await;
    cloud.phone(&mia, "+447911123457").await;
    let asked = mia.post("/v1/me/passkeys/options", json!({})).await.is(201);
    let (mut passkey, credential) = Authenticator::create(&asked["options"], "http://localhost:5173");
    let _ = mia.post("/v1/me/passkeys", json!({ "name": "phone", "credential": credential })).await.is(201);
    let alive = async |caller: &Caller| caller.get("/v1/sessions").await.status == 200;
    let verify = |flow: &serde_json::Value| format!("/v1/sign-ins/{}/verify", flow["id"].as_str().unwrap());

    // With a password.
    let ana = cloud.sign_in("ana").await;
    let next = ana.signed_in(attempt(&ana, "mia", PASSWORD).await.is(201));
    assert!(!alive(&ana).await && alive(&next).await && alive(&mia).await);
    // With a password and a second step.
    let ana = cloud.sign_in("ana").await;
    let flow = attempt(&ana, "ben", PASSWORD).await.is(202);
    let _ = cloud.anonymous().put(&verify(&flow).replace("/verify", "/factor"), json!({ "factor": "app" })).await.is(200);
    cloud.anonymous().post(&verify(&flow), json!({ "code": app.wrong(&cloud) })).await.is_problem(422, "code_invalid");
    assert!(alive(&ana).await, "until the second step is done");
    cloud.anonymous().post(&verify(&flow), json!({ "code": app.code(&cloud) })).await.is(201);
    assert!(!alive(&ana).await && alive(&ben).await);
    // With a passkey.
    let ana = cloud.sign_in("ana").await;
    let flow = ana.post("/v1/passkey-sign-ins", json!({})).await.is(201);
    assert!(alive(&ana).await);
    let answer = passkey.get(&flow["passkey"], "http://localhost:5173");
    cloud.anonymous().post(&verify(&flow), json!({ "passkey": answer })).await.is(201);
    assert!(!alive(&ana).await);
    // With a code to a phone: for an existing account, and for a new one.
    for phone in ["+447911123457", "+447911123458"] {
        let ana = cloud.sign_in("ana").await;
        let flow = cloud.anonymous().post("/v1/phone-sign-ins", json!({ "phone": phone })).await.is(202);
        let code = cloud.code_to(phone).await;
        ana.post(&format!("/v1/phone-sign-ins/{}/verify", flow["id"].as_str().unwrap()), json!({ "code": code })).await.is(201);
        assert!(!alive(&ana).await, "{phone}");
    }
    // Invalid tokens.
    let ana = cloud.sign_in("ana").await;
    for bad in [format!("Bearer {}x", ana.token()), "Bearer x".to_owned(), "Basic x".to_owned(), ana.token()] {
        attempt(&cloud.anonymous().with("authorization", bad), "mia", PASSWORD).await.is(201);
        assert!(alive(&ana).await);
    }
    cloud.advance(Duration::from_secs(631)).await;
    attempt(&ana, "mia", PASSWORD).await.is(201);
    ana.post("/v1/sessions/refresh", json!({ "refresh_token": ana.refresh_token() })).await.is(200);
}

/// A token that this deployment did not issue in exactly this form is refused, always with the same answer.
/// Promise: access-token-checks
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forged_access_tokens_are_refused() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let token = ana.token();
    let anonymous = cloud.anonymous();
    let [header, payload, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("{token}") };
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0";
    // Every kind of header, with the claims and the signature of a valid token, and without a signature.
    let kid = serde_json::from_str::<Value>(&claims(header)).unwrap()["kid"].clone();
    let good = json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": kid });
    let with = |name: &str, value: Value| {
        let mut header = good.clone();
        header[name] = value;
        header
    };
    let algorithms = [
        "none", "None", "NONE", "nOnE", "", "HS256", "HS384", "HS512", "RS256", "RS512", "PS256", "PS512", "ES256", "ES384", "ES512",
        "Ed448",
    ];
    let types = ["JWT", "jwt", "", "at+jwt2", "application/at+jwt", "rt+jwt", "logout+jwt"];
    let kids = [json!(""), json!("k2"), json!("../k1"), json!("' OR 1=1"), json!(null), json!(1), json!(["k1"])];
    let further = [
        ("jwk", json!({ "kty": "OKP" })),
        ("jku", json!("https://example.test/keys")),
        ("x5u", json!("https://example.test/x")),
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
    ];
    let headers: Vec<Value> = algorithms
        .iter()
        .map(|alg| with("alg", json!(alg)))
        .chain(types.iter().map(|typ| with("typ", json!(typ))))
        .chain(kids.into_iter().map(|kid| with("kid", kid)))
        .chain(further.into_iter().map(|(name, value)| with(name, value)))
        .chain([json!({}), json!([]), json!("x"), json!({ "alg": "EdDSA" })])
        .collect();
    let headers = headers.iter().map(|header| BASE64_URL_SAFE_NO_PAD.encode(header.to_string()));
    let headers = headers.flat_map(|header| [format!("Bearer {header}.{payload}.{signature}"), format!("Bearer {header}.{payload}.")]);
    let altered = ["sub", "sid", "iss", "aud", "exp", "nbf", "iat", "jti", "amr", "auth_time", "ver"].map(|claim| {
        let mut claims: Value = serde_json::from_str(&claims(payload)).unwrap();
        claims.as_object_mut().unwrap().remove(claim).unwrap();
        format!("Bearer {header}.{}.{signature}", BASE64_URL_SAFE_NO_PAD.encode(claims.to_string()))
    });
    let forged: Vec<String> = headers
        .chain(altered)
        .chain([
            format!("Bearer {none}.{payload}."),
            format!("Bearer {header}.{payload}."),
            format!("Bearer {header}.{payload}.{}", signature.replace(|c: char| c.is_ascii_lowercase(), "A")),
            format!("Bearer {header}.{header}.{signature}"),
            format!("Bearer {payload}.{header}.{signature}"),
            format!("Bearer {token}.{signature}"),
            format!("Basic {token}"),
            token.clone(),
            "Bearer".to_owned(),
            "Bearer ".to_owned(),
            format!("Bearer {}", "A".repeat(8000)),
            format!("Bearer {}", ana.refresh_token()),
        ])
        .collect();
    assert!(forged.len() > 60 && forged.iter().collect::<BTreeSet<_>>().len() == forged.len());
    let mut shapes = BTreeSet::new();
    for value in forged {
        let reply = anonymous.with("authorization", &value).get("/v1/sessions").await;
        reply.is_problem(401, "token_invalid");
        let sent = value.strip_prefix("Bearer ").is_some_and(|token| !token.is_empty());
        // RFC 6750 §3.1: only a token can be invalid.
        assert_eq!(reply.header("www-authenticate"), if sent { "Bearer error=\"invalid_token\"" } else { "Bearer" }, "{value}");
        shapes.insert((sent, reply.shape()));
    }
    shapes.insert((false, anonymous.get("/v1/sessions").await.shape()));
    assert_eq!(shapes.len(), 2, "{shapes:?}");
    anonymous.with("authorization", format!("jwt {token}")).get("/v1/sessions").await.is(200);
}

/// The public keys are published, and the key that verifies a token is among them.
/// Promise: published-keys
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_published() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let reply = cloud.anonymous().get("/.well-known/jwks.json").await;
    assert_eq!(reply.header("cache-control"), "public, max-age=300");
    let keys = reply.is(200);
    let kid = serde_json::from_str::<Value>(&claims(ana.token().split('.').next().unwrap())).unwrap()["kid"].clone();
    let key = keys["keys"].as_array().unwrap().iter().find(|k| k["kid"] == kid).unwrap();
    assert_eq!((key["kty"].as_str(), key["crv"].as_str(), key["alg"].as_str()), (Some("OKP"), Some("Ed25519"), Some("EdDSA")));
    assert!(key.get("d").is_none());
    let discovery = cloud.anonymous().get("/.well-known/openid-configuration").await.is(200);
    assert_eq!(discovery["jwks_uri"], format!("{}/.well-known/jwks.json", discovery["issuer"].as_str().unwrap()));
}

/// Documents that change seldom are sent again only if they have changed.
/// Promise: published-keys, well-known
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_client_has_is_not_sent_again() {
    let cloud = Cloud::start().await;
    let client = cloud.anonymous();
    for path in ["/.well-known/jwks.json", "/.well-known/openid-configuration", "/.well-known/security.txt"] {
        let reply = client.get(path).await;
        let tag = reply.has(200).header("etag");
        for (known, status) in [
            (tag.clone(), 304),
            (format!("W/{tag}"), 304),
            (format!("\"x\", {tag}"), 304),
            ("*".to_owned(), 304),
            ("\"x\"".to_owned(), 200),
            (tag.trim_matches('"').to_owned(), 200),
        ] {
            let again = client.with("if-none-match", &known).get(path).await;
            assert_eq!((again.status.as_u16(), again.bytes.is_empty()), (status, status == 304), "{path} {known}");
            assert_eq!((again.header("etag"), again.header("cache-control")), (tag.clone(), reply.header("cache-control")), "{path}");
        }
    }
}

/// Password managers find where a password is changed, and finders of a vulnerability find whom to contact (RFC 9116). The expiry
/// date of the published contact is always in the future.
/// Promise: well-known
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn well_known_addresses_are_served() {
    let cloud = Cloud::start().await;
    let client = cloud.anonymous();
    let reply = client.get("/.well-known/change-password").await;
    reply.has(302);
    let page = client.get(&reply.header("location")).await;
    assert_eq!((page.status.as_u16(), page.header("content-type").as_str()), (200, "text/html; charset=utf-8"), "{page:?}");
    // Password managers check by this path that the server does not answer every path with success.
    client.get("/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200").await.is(404);

    let mut ends = Vec::new();
    for days in [0, 20, 400] {
        cloud.advance(Duration::from_secs(days * 24 * 3600)).await;
        let reply = client.get("/.well-known/security.txt").await;
        assert_eq!((reply.status.as_u16(), reply.header("content-type").as_str()), (200, "text/plain; charset=utf-8"), "{reply:?}");
        let text = String::from_utf8(reply.bytes).unwrap();
        let fields: Vec<(&str, &str)> = text.lines().map(|line| line.split_once(": ").unwrap()).collect();
        let of = |name: &str| fields.iter().filter(|(n, _)| *n == name).map(|(_, value)| *value).collect::<Vec<_>>();
        assert_eq!(of("Contact"), ["mailto:stoa@example.test"]);
        assert!(matches!(of("Canonical").as_slice(), [url] if url.ends_with("/.well-known/security.txt")), "{text}");
        assert_eq!(of("Preferred-Languages"), [kernel::Locale::ALL.map(kernel::Locale::tag).join(", ")]);
        let expires = of("Expires").join(" ");
        let left = expires.parse::<kernel::Timestamp>().unwrap().0.since(cloud.now());
        assert!((Duration::from_secs(7 * 24 * 3600)..Duration::from_secs(365 * 24 * 3600)).contains(&left), "{expires}");
        ends.push(expires);
    }
    assert!(ends.is_sorted() && ends[0] != ends[1], "{ends:?}");
}

/// The pause starts at the last failure, for all spellings of the name.
/// Promise: password-attempts
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pause_begins_with_the_last_failure() {
    let cloud = Cloud::start().await;
    cloud.member("ana").await;
    let client = cloud.anonymous();
    for login in ["ana", "Ana", "ANA", " ana "] {
        attempt(&client, login, "wrong").await.is_problem(401, "credentials_invalid");
    }
    cloud.advance(Duration::from_secs(290)).await;
    attempt(&client, "ana", "wrong").await.is_problem(401, "credentials_invalid");
    cloud.advance(Duration::from_secs(20)).await;
    attempt(&client, "ANA", PASSWORD).await.is_problem(429, "too_many_requests");
    cloud.advance(Duration::from_secs(281)).await;
    attempt(&client, "ana", PASSWORD).await.is(201);
}

/// A person is notified by mail of a sign-in with a client that is new by its name or its network, and not of clients they use or
/// trust.
/// Promise: new-client-notice
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_from_a_new_client_is_notified() {
    let cloud = Cloud::start().await;
    cloud.member("ana").await;
    // Notices within an hour of the first are sent together with the next one.
    let told = async || cloud.mails_to("ana@example.test").await.len() + cloud.held("new_sign_in", None).await;
    let before = told().await;
    cloud.sign_in("ana").await;
    assert_eq!(told().await, before);
    let phone = cloud.anonymous().with("user-agent", "A phone of somebody");
    let body = json!({ "login": "ana", "password": PASSWORD });
    phone.post("/v1/sessions", body.clone()).await.is(201);
    let mails = cloud.mails_to("ana@example.test").await;
    assert_eq!(mails.len(), before + 1);
    assert!(mails[before].text.contains("ana") && mails[before].code.is_none());
    phone.post("/v1/sessions", body.clone()).await.is(201);
    assert_eq!(told().await, before + 1);
    // A stranger can send the same `User-Agent`.
    let elsewhere = |c| cloud.caller_at(std::net::Ipv4Addr::new(127, 91, c, 1));
    elsewhere(1).post("/v1/sessions", body.clone()).await.is(201);
    assert_eq!(told().await, before + 2);
    elsewhere(1).post("/v1/sessions", body.clone()).await.is(201);
    let trusted = json!({ "login": "ana", "password": PASSWORD, "remember_device": true });
    let device = elsewhere(2).post("/v1/sessions", trusted).await.is(201)["device_token"].clone();
    // The notice says that a device was trusted, too.
    assert_eq!(told().await, before + 4);
    let trusted = json!({ "login": "ana", "password": PASSWORD, "device_token": device });
    elsewhere(3).post("/v1/sessions", trusted).await.is(201);
    assert_eq!(told().await, before + 4);
}

/// A cookie with the id of another person's session and no valid token ends nothing.
/// Promise: one-client-one-person
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_made_up_cookie_ends_nobodys_session() {
    let cloud = Cloud::start().await;
    let victim = cloud.member("ana").await;
    cloud.member("ben").await;
    let mut forged = victim.refresh_token();
    let last = if forged.pop() == Some('A') { 'E' } else { 'A' };
    forged.push(last);
    let attacker = cloud.anonymous().with("cookie", format!("__Host-refresh={forged}")).with("x-stoa-csrf", "1");
    attempt(&attacker, "ben", PASSWORD).await.is(201);
    victim.get("/v1/sessions").await.is(200);
}

/// Signing in again from the client with the oldest of twenty sessions ends only that session.
/// Promise: session-limit
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_replaced_session_may_be_the_clients_own() {
    let cloud = Cloud::start().await;
    cloud.member("ana").await;
    let browser = cloud.anonymous();
    let body = json!({ "login": "ana", "password": PASSWORD, "token_delivery": "cookie" });
    cloud.advance(Duration::from_secs(1)).await;
    let first = browser.post("/v1/sessions", body.clone()).await;
    let jar = first.header("set-cookie").split(';').next().unwrap().to_owned();
    cloud.advance(Duration::from_secs(1)).await;
    let mut others = Vec::new();
    for _ in 0..19 {
        others.push(cloud.sign_in("ana").await);
    }
    browser.with("cookie", jar).with("x-stoa-csrf", "1").post("/v1/sessions", body).await.is(201);
    browser.signed_in(first.is(201)).get("/v1/sessions").await.is_problem(401, "token_invalid");
    for other in others {
        other.get("/v1/sessions").await.is(200);
    }
}

/// A hundred failures at one name within a quarter of an hour, from any clients, require a proof of work of strangers and still
/// accept the right password. Trusted devices need no proof of work. At the account's other name nothing shows.
/// Promise: global-attempts, owner-access
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_distributed_attack_keeps_nobody_out() {
    let cloud = Cloud::start().await;
    cloud.member("ana").await;
    let home = cloud.anonymous();
    let body = |token: Option<&str>| json!({ "login": "ana", "password": PASSWORD, "remember_device": true, "device_token": token });
    let trusted = home.post("/v1/sessions", body(None)).await.is(201)["device_token"].as_str().unwrap().to_owned();
    for _ in 0..25 {
        let attacker = cloud.anonymous();
        for _ in 0..4 {
            attempt(&attacker, "ana", "wrong").await.is_problem(401, "credentials_invalid");
        }
    }
    attempt(&cloud.anonymous(), "ana", PASSWORD).await.is_problem(403, "proof_of_work_required");
    cloud.anonymous().post_with_work("/v1/sessions", body(None)).await.is(201);
    attempt(&cloud.anonymous(), "ana@example.test", "wrong").await.is_problem(401, "credentials_invalid");
    attempt(&cloud.anonymous(), "ana@example.test", PASSWORD).await.is(201);
    home.post("/v1/sessions", body(Some(&trusted))).await.is(201);
    cloud.advance(Duration::from_secs(901)).await;
    attempt(&cloud.anonymous(), "ana", PASSWORD).await.is(201);
}

/// A hundred failures of one client in a day block it for an hour, counted from the hundredth.
/// Promise: client-attempts
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_failures_close_a_client_for_an_hour() {
    let cloud = Cloud::start().await;
    cloud.member("ana").await;
    let client = cloud.anonymous();
    let twenty = async || {
        for login in ["nobody", "noone", "none", "nil"] {
            for _ in 0..5 {
                attempt(&client, login, "wrong").await.is_problem(401, "credentials_invalid");
            }
        }
    };
    for _ in 0..4 {
        twenty().await;
        cloud.advance(Duration::from_secs(901)).await;
    }
    attempt(&client, "ana", PASSWORD).await.is(201);
    cloud.advance(22 * HOUR).await;
    twenty().await;
    for caller in [&client, &client.with("x-forwarded-for", "203.0.113.7")] {
        let kept_out = attempt(caller, "ana", PASSWORD).await;
        kept_out.is_problem(429, "too_many_requests");
        assert_eq!(kept_out.header("ratelimit-policy"), "\"login_client_day\";q=100;w=86400");
    }
    cloud.advance(Duration::from_secs(3600 - 60)).await;
    attempt(&client, "ana", PASSWORD).await.is_problem(429, "too_many_requests");
    cloud.advance(Duration::from_secs(61)).await;
    attempt(&client, "ana", PASSWORD).await.is(201);
}

/// Thirty different names and passwords that fail for one client within three hours block it for an hour. From the sixteenth on
/// it has to solve a proof of work. Trusted devices and signed-in sessions are exempt. A guess that is repeated counts once.
/// Promise: client-attempts
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_different_guesses_close_a_client_for_an_hour() {
    let cloud = Cloud::start().await;
    let network = std::net::Ipv4Addr::new(127, 92, 0, 1);
    let client = cloud.caller_at(network);
    cloud.member("ana").await;
    let trusted = json!({ "login": "ana", "password": PASSWORD, "remember_device": true });
    let device = client.post("/v1/sessions", trusted).await.is(201);
    let ana = client.signed_in(device.clone());
    let worked =
        async |login: &str, password: &str| client.post_with_work("/v1/sessions", json!({ "login": login, "password": password })).await;
    for n in 0..14 {
        attempt(&client, &format!("nobody{n}"), "wrong").await.is_problem(401, "credentials_invalid");
    }
    for _ in 0..4 {
        attempt(&client, "nobody0", "wrong").await.is_problem(401, "credentials_invalid");
    }
    attempt(&client, "ana", PASSWORD).await.is(201);
    attempt(&client, "nobody1", "another").await.is_problem(401, "credentials_invalid");
    attempt(&client, "ana", PASSWORD).await.is_problem(403, "proof_of_work_required");
    worked("ana", PASSWORD).await.is(201);
    cloud.advance(Duration::from_secs(901)).await;
    for n in 14..29 {
        worked(&format!("nobody{n}"), "wrong").await.is_problem(401, "credentials_invalid");
    }
    let kept_out = attempt(&client, "ana", PASSWORD).await;
    kept_out.is_problem(429, "too_many_requests");
    assert_eq!(kept_out.header("ratelimit-policy"), "\"login_client_different\";q=30;w=10800");
    assert!(kept_out.header("retry-after").parse::<u64>().unwrap() > 3600 - 60);
    let shown = json!({ "login": "ana", "password": PASSWORD, "device_token": device["device_token"] });
    client.post("/v1/sessions", shown).await.is(201);
    let refreshed = json!({ "refresh_token": ana.refresh_token() });
    let ana = client.signed_in(client.post("/v1/sessions/refresh", refreshed).await.is(200));
    ana.get("/v1/me").await.is(200);
    attempt(&cloud.anonymous(), "ana", PASSWORD).await.is(201);
    let dump = cloud.dump().await.to_string();
    assert!(!dump.contains("nobody1") && !dump.contains("another"), "guesses are not stored in clear");
    cloud.advance(Duration::from_secs(3600 - 60)).await;
    attempt(&client, "ana", PASSWORD).await.is_problem(429, "too_many_requests");
    cloud.advance(Duration::from_secs(61)).await;
    attempt(&client, "ana", PASSWORD).await.is(201);

    // The same number in a longer time is not limited.
    let client = cloud.anonymous();
    for n in 0..28 {
        if n == 14 {
            cloud.advance(3 * HOUR).await;
        }
        attempt(&client, &format!("nobody{n}"), "wrong").await.is_problem(401, "credentials_invalid");
    }
    attempt(&client, "ana", PASSWORD).await.is(201);
}

/// The number of failures of the whole deployment, and the items in which they are counted.
async fn failures(cloud: &Cloud) -> (i64, Vec<Value>) {
    let mut counters = cloud.of_kind("limit").await;
    counters.retain(|c| c["pk"]["S"].as_str().unwrap().contains("sign_ins_failed"));
    (counters.iter().map(|c| c["hits"]["N"].as_str().unwrap().parse::<i64>().unwrap()).sum(), counters)
}

/// Adds to the global count of failures.
async fn more_failures(cloud: &Cloud, more: i64) {
    let (_, counters) = failures(cloud).await;
    let hits: i64 = counters[0]["hits"]["N"].as_str().unwrap().parse().unwrap();
    change(cloud, &counters[0], "hits", json!({ "N": (hits + more).to_string() }));
}

/// One guess at each of very many names from very many addresses reaches no limit of a name or address, but the global one. Then
/// strangers have to solve a proof of work, and trusted devices do not. The count is spread over several items, so that no single
/// one becomes hot.
/// Promise: global-attempts
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spray_over_very_many_names_is_noticed() {
    let cloud = Cloud::start().await;
    cloud.member("ana").await;
    let home = cloud.anonymous();
    let trusted = json!({ "login": "ana", "password": PASSWORD, "remember_device": true });
    let device = home.post("/v1/sessions", trusted).await.is(201)["device_token"].clone();
    // Twenty-five at a time, each time from five new addresses.
    let spray = async |names: usize| {
        let mut seen = BTreeSet::new();
        for wave in 0..names / 25 {
            let clients: Vec<Caller> = (0..5).map(|_| cloud.anonymous()).collect();
            let statuses = race(25, |i| {
                let client = clients[i % clients.len()].clone();
                async move { attempt(&client, &format!("nobody{wave}x{i}"), "wrong horse staples").await.status.as_u16() }
            });
            seen.extend(statuses.await);
        }
        seen
    };
    assert_eq!(spray(100).await, BTreeSet::from([401]));
    let (failed, counters) = failures(&cloud).await;
    assert_eq!((failed, counters.len()), (100, 4));
    // The eight hundred in between would take long and test nothing more.
    more_failures(&cloud, 800).await;
    assert_eq!(spray(100).await, BTreeSet::from([401]));
    attempt(&cloud.anonymous(), "ana", PASSWORD).await.is_problem(403, "proof_of_work_required");
    assert_eq!(spray(50).await, BTreeSet::from([403]));
    let shown = json!({ "login": "ana", "password": PASSWORD, "device_token": device });
    home.post("/v1/sessions", shown).await.is(201);
}

/// When very many passwords and codes fail in the whole deployment, beginning a sign-in takes a proof of work, which is valid for
/// one client's attempts at one account and for five minutes. Trusted devices and sessions still work. After ten minutes the
/// requirement ends.
/// Promise: global-attempts
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guessing_everywhere_requires_a_proof_of_work() {
    const SESSIONS: &str = "/v1/sessions";
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let wrong = |login: &str| json!({ "login": login, "password": "wrong horse staples" });
    let right = |login: &str| json!({ "login": login, "password": PASSWORD });
    let trusting = cloud.anonymous();
    let device = trusting.post(SESSIONS, json!({ "login": "ana", "password": PASSWORD, "remember_device": true })).await.is(201);
    let failures = async || failures(&cloud).await;

    // Wrong codes count like wrong passwords.
    cloud.anonymous().post(SESSIONS, wrong("nobody")).await.is_problem(401, "credentials_invalid");
    let phone = cloud.anonymous().post("/v1/phone-sign-ins", json!({ "phone": "+447700900123" })).await.is(202);
    let verify = format!("/v1/phone-sign-ins/{}/verify", phone["id"].as_str().unwrap());
    let guess = tests::wrong(&cloud.code_to("+447700900123").await);
    cloud.anonymous().post(&verify, json!({ "code": guess })).await.is_problem(422, "code_invalid");
    let step_up = ana.post("/v1/step-ups", json!({})).await.is(201);
    let step_up = format!("/v1/sign-ins/{}/verify", step_up["id"].as_str().unwrap());
    ana.post(&step_up, json!({ "password": "wrong horse staples" })).await.is_problem(403, "password_wrong");
    let wrong_change = json!({ "current_password": "wrong horse staples", "new_password": "short zebras sing" });
    ben.put("/v1/me/password", wrong_change).await.is_problem(403, "password_wrong");
    assert_eq!(failures().await.0, 4);

    // As if a thousand had failed.
    more_failures(&cloud, 995).await;
    cloud.anonymous().post(SESSIONS, wrong("ana")).await.is_problem(401, "credentials_invalid");
    let client = cloud.anonymous();
    let (known, unknown) = (client.post(SESSIONS, right("ana")).await, client.post(SESSIONS, wrong("nobody")).await);
    assert_eq!(known.shape(), unknown.shape());
    known.is_problem(403, "proof_of_work_required");
    let phone = client.post("/v1/phone-sign-ins", json!({ "phone": "+447700900124" })).await;
    phone.is_problem(403, "proof_of_work_required");
    assert!(cloud.mails_to("+447700900124").await.is_empty());

    let done = work(&known.json());
    let with = |client: &Caller, work: &str| client.with("proof-of-work", work);
    let made_up = done.replace(|c: char| c.is_ascii_digit(), "1");
    let unworked = format!("{}.", done.rsplit_once('.').unwrap().0);
    for (client, login, work) in [
        (&client, "ben", &done),
        (&client, "ana@example.test", &done),
        (&cloud.anonymous(), "ana", &done),
        (&client, "ana", &made_up),
        (&client, "ana", &unworked),
    ] {
        with(client, work).post(SESSIONS, right(login)).await.is_problem(403, "proof_of_work_required");
    }
    with(&client, &done).post(SESSIONS, wrong("ana")).await.is_problem(401, "credentials_invalid");
    let _ = with(&client, &done).post(SESSIONS, right("ana")).await.is(201);
    let _ = with(&client, &work(&phone.json())).post("/v1/phone-sign-ins", json!({ "phone": "+447700900124" })).await.is(202);
    // A request for a proof of work is no attempt: five wrong ones are still possible.
    let other = cloud.anonymous();
    let asked = other.post(SESSIONS, wrong("ben")).await.json();
    for _ in 0..5 {
        other.post(SESSIONS, wrong("ben")).await.is_problem(403, "proof_of_work_required");
    }
    with(&other, &work(&asked)).post(SESSIONS, wrong("ben")).await.is_problem(401, "credentials_invalid");

    // Sessions still work, and a trusted device signs in.
    let _ = ben.get("/v1/me").await.is(200);
    let token = json!({ "login": "ana", "password": PASSWORD, "device_token": device["device_token"] });
    let _ = cloud.anonymous().post(SESSIONS, token).await.is(201);

    cloud.advance(Duration::from_secs(301)).await;
    with(&client, &done).post(SESSIONS, right("ana")).await.is_problem(403, "proof_of_work_required");
    cloud.advance(Duration::from_secs(300)).await;
    let _ = client.post(SESSIONS, right("ana")).await.is(201);
}
