//! Signing in in up to three steps, and stepping up.

use std::{collections::BTreeSet, time::Duration};

use local::aws::{
    Service,
    faults::{Fault, Target},
};
use tests::{App, Caller, Cloud, PASSWORD, Reply, Value, json, race, wrong};

const PHONE: &str = "+447911123456";

async fn begin(caller: &Caller, login: &str) -> Value {
    caller.post("/v1/sessions", json!({ "login": login, "password": PASSWORD })).await.is(202)
}

fn path(flow: &Value, rest: &str) -> String {
    format!("/v1/sign-ins/{}/{rest}", flow["id"].as_str().unwrap())
}

async fn choose(caller: &Caller, flow: &Value, factor: &str) -> Reply {
    caller.put(&path(flow, "factor"), json!({ "factor": factor })).await
}

async fn verify(caller: &Caller, flow: &Value, code: &str) -> Reply {
    caller.post(&path(flow, "verify"), json!({ "code": code })).await
}

/// Begins a new sign-in and answers with a code of the app.
async fn with_app(caller: &Caller, login: &str, code: &str) -> Reply {
    let flow = begin(caller, login).await;
    let _ = choose(caller, &flow, "app").await.is(200);
    verify(caller, &flow, code).await
}

/// When no more codes may be sent to the only factor, the sign-in still begins, and a recovery code completes it.
/// Promise: recovery-codes, mfa-sign-in
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recovery_code_signs_in_when_no_code_is_sent() {
    let cloud = Cloud::start().await;
    let (mut ana, app, recovery) = cloud.careful("ana", PHONE).await;
    ana = cloud.step_up(&ana, &app).await;
    let _ = ana.delete("/v1/me/mfa/factors/app").await.is(204);
    ana = cloud.step_up_by_mail(&ana).await;
    let _ = ana.delete("/v1/me/mfa/factors/sms").await.is(204);
    cloud.advance(Duration::from_secs(3600)).await;
    let browser = cloud.anonymous();
    for _ in 0..5 {
        assert_eq!(begin(&browser, "ana").await["chosen"], "email");
        // By then the former code has expired.
        cloud.advance(Duration::from_secs(605)).await;
    }
    let codes = async || cloud.mails_to("ana@example.test").await.iter().filter(|mail| mail.code.is_some()).count();
    let sent = codes().await;
    let flow = begin(&browser, "ana").await;
    assert_eq!((&flow["step"], &flow["chosen"], &flow["code"]), (&json!("choose_factor"), &json!(null), &json!(null)));
    let offered: Vec<&Value> = flow["factors"].as_array().unwrap().iter().map(|f| &f["factor"]).collect();
    assert_eq!(offered, ["email", "recovery_code"]);
    choose(&browser, &flow, "email").await.is_problem(429, "too_many_requests");
    let signed_in = browser.signed_in(verify(&browser, &flow, &recovery[0]).await.is(201));
    assert_eq!(signed_in.claims()["amr"], json!(["pwd", "recovery", "mfa"]));
    assert_eq!(codes().await, sent);
}

/// After the password nobody is signed in. Contacts are masked. Each of the three kinds of codes completes the sign-in. The path
/// to continue with is one of this site.
/// Promise: mfa-sign-in, return-path
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_kinds_of_codes_sign_in() {
    let cloud = Cloud::start().await;
    let (_, app, _) = cloud.careful("ana", PHONE).await;
    let browser = cloud.anonymous();
    let first = browser.post("/v1/sessions", json!({ "login": "ana", "password": PASSWORD, "next": "/rooms" })).await;
    assert!(first.header("set-cookie").is_empty());
    let flow = first.is(202);
    assert_eq!((&flow["step"], &flow["progress"]), (&json!("choose_factor"), &json!(66)));
    let targets: Vec<(&str, &str)> = flow["factors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| (f["factor"].as_str().unwrap(), f["target"].as_str().unwrap_or_default()))
        .collect();
    assert_eq!(targets, [("app", ""), ("email", "a****@example.test"), ("sms", "+••••••56"), ("recovery_code", "")]);
    let text = flow.to_string();
    assert!(!text.contains("ana@example.test") && !text.contains("7911") && !text.contains("usr_"), "{text}");
    browser.with("authorization", format!("Bearer {}", flow["id"].as_str().unwrap())).get("/v1/me").await.is_problem(401, "token_invalid");
    choose(&browser, &flow, "passkey").await.is_problem(422, "factor_unavailable");
    choose(&browser, &flow, "password").await.is_problem(422, "factor_unavailable");
    verify(&browser, &flow, "000000").await.is_problem(422, "factor_unavailable");

    let chosen = choose(&browser, &flow, "app").await.is(200);
    assert_eq!((&chosen["step"], &chosen["chosen"], &chosen["progress"]), (&json!("verify"), &json!("app"), &json!(100)));
    let done = verify(&browser, &flow, &app.code(&cloud)).await.is(201);
    assert_eq!(done["next"], "/rooms");
    assert_eq!(browser.signed_in(done).claims()["amr"], json!(["pwd", "otp", "mfa"]));
    for evil in ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"] {
        let body = json!({ "login": "ana", "password": PASSWORD, "next": evil });
        let flow = browser.post("/v1/sessions", body).await.is(202);
        let _ = choose(&browser, &flow, "app").await.is(200);
        assert_eq!(verify(&browser, &flow, &app.code(&cloud)).await.is(201)["next"], "/");
    }
    for (factor, to, amr) in [("email", "ana@example.test", "email"), ("sms", PHONE, "sms")] {
        let flow = begin(&browser, "ana").await;
        let chosen = choose(&browser, &flow, factor).await.is(200);
        assert_eq!(chosen["code"]["tries_left"].as_u64().unwrap(), if factor == "email" { 3 } else { 5 });
        let shown = browser.get(&format!("/v1/sign-ins/{}", flow["id"].as_str().unwrap())).await.is(200);
        assert_eq!(
            (&shown["code"]["target"], &shown["step"]),
            (&chosen["code"]["target"], &json!("verify")),
            "the state survives a reload"
        );
        let code = cloud.code_to(to).await;
        let done = verify(&browser, &flow, &code).await.is(201);
        assert_eq!(browser.signed_in(done).claims()["amr"], json!(["pwd", amr, "mfa"]));
        cloud.forget_answers().await;
        verify(&browser, &flow, &code).await.is_problem(404, "not_found");
        verify(&browser, &begin(&browser, "ana").await, &code).await.is_problem(422, "factor_unavailable");
    }
}

/// No, one or several second factors lead to the right next step.
/// Promise: mfa-sign-in
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_step_depends_on_the_factors() {
    let cloud = Cloud::start().await;
    cloud.member("nils").await;
    cloud.sign_in("nils").await.get("/v1/me").await.is(200);
    let (bea, app, _) = cloud.careful("bea", PHONE).await;
    assert_eq!(begin(&cloud.anonymous(), "bea").await["step"], "choose_factor");
    let bea = cloud.step_up(&bea, &app).await;
    for gone in ["email", "sms"] {
        let _ = bea.delete(&format!("/v1/me/mfa/factors/{gone}")).await.is(204);
    }
    let only = begin(&cloud.anonymous(), "bea").await;
    assert_eq!((&only["step"], &only["chosen"]), (&json!("verify"), &json!("app")));
    let (mia, app, _) = cloud.careful("mia", "+447911123457").await;
    let mia = cloud.step_up(&mia, &app).await;
    for gone in ["sms", "app"] {
        let _ = mia.delete(&format!("/v1/me/mfa/factors/{gone}")).await.is(204);
    }
    let client = cloud.anonymous();
    let only = begin(&client, "mia").await;
    assert_eq!((&only["chosen"], &only["code"]["target"]), (&json!("email"), &json!("m****@example.test")));
    let code = cloud.code_to("mia@example.test").await;
    verify(&client, &only, &code).await.is(201);
}

/// Three wrong answers end the flow. A new flow, from any client, sends nothing early and has a code of its own. Another code can
/// be sent after twenty seconds and voids the one before. After ten minutes none is valid.
/// Promise: code-attempts, code-resend, code-lifetime
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guessing_is_counted_whatever_begins_anew() {
    let cloud = Cloud::start().await;
    let (_, app, _) = cloud.careful("ana", PHONE).await;
    let mails = async || cloud.mails_to("ana@example.test").await.into_iter().filter(|m| m.code.is_some()).count();
    let before = mails().await;
    let client = cloud.anonymous();
    let flow = begin(&client, "ana").await;
    let _ = choose(&client, &flow, "email").await.is(200);
    let code = cloud.code_to("ana@example.test").await;
    let wrong = &wrong(&code);
    for half in ["1", "12345", "abcdef", ""] {
        assert_eq!(verify(&client, &flow, half).await.field_errors(), ["/code code_format"], "{half}");
    }
    for left in [2, 1] {
        assert_eq!(verify(&client, &flow, wrong).await.is_problem(422, "code_invalid")["tries_left"], left);
    }
    // A new flow from another client: no further mail, no code to type, and no attempt of the other flow is used up.
    let other = cloud.anonymous();
    let again = begin(&other, "ana").await;
    choose(&other, &again, "email").await.is_problem(429, "resend_too_early");
    verify(&other, &again, wrong).await.is_problem(422, "factor_unavailable");
    assert_eq!(mails().await, before + 1);
    assert_eq!(client.get(path(&flow, "").trim_end_matches('/')).await.is(200)["code"]["tries_left"], 1);
    verify(&client, &flow, wrong).await.is_problem(422, "code_invalid");
    cloud.advance(Duration::from_secs(21)).await;
    let third = begin(&other, "ana").await;
    let _ = choose(&other, &third, "email").await.is(200);
    let _ = choose(&other, &third, "email").await.is(200);
    let newer = cloud.code_to("ana@example.test").await;
    assert_eq!(mails().await, before + 2);
    let early = other.post(&path(&third, "code/resend"), json!({})).await;
    early.is_problem(429, "resend_too_early");
    cloud.advance(Duration::from_secs(21)).await;
    let _ = other.post(&path(&third, "code/resend"), json!({})).await.is(202);
    let newest = cloud.code_to("ana@example.test").await;
    if newer != newest {
        verify(&other, &third, &newer).await.is_problem(422, "code_invalid");
    }
    cloud.advance(Duration::from_secs(599)).await;
    verify(&other, &third, &newest).await.is_problem(404, "not_found");
    cloud.advance(Duration::from_secs(3600)).await;
    // The code of the next flow is valid in that flow only.
    let (late, later) = (begin(&other, "ana").await, begin(&client, "ana").await);
    let _ = choose(&other, &late, "email").await.is(200);
    let old = cloud.code_to("ana@example.test").await;
    cloud.advance(Duration::from_secs(21)).await;
    let _ = choose(&client, &later, "email").await.is(200);
    let new = cloud.code_to("ana@example.test").await;
    for code in [&old, &new] {
        verify(&other, &late, code).await.is_problem(422, "code_invalid");
    }
    let _ = verify(&client, &later, &new).await.is(201);
    // Three wrong answers end the flow, whatever factor is chosen in between.
    let fourth = begin(&other, "ana").await;
    let _ = choose(&other, &fourth, "app").await.is(200);
    for _ in 0..3 {
        verify(&other, &fourth, &app.wrong(&cloud)).await.is_problem(422, "code_invalid");
    }
    assert_eq!(verify(&other, &fourth, &app.code(&cloud)).await.is_problem(422, "code_invalid")["tries_left"], 0);
    // No more codes are sent for the ended flow.
    cloud.settle().await;
    let sent = cloud.inbox.len();
    for factor in ["email", "sms"] {
        choose(&other, &fourth, factor).await.is_problem(404, "not_found");
    }
    other.post(&path(&fourth, "code/resend"), json!({})).await.is_problem(404, "not_found");
    other.get(&format!("/v1/sign-ins/{}", fourth["id"].as_str().unwrap())).await.is_problem(404, "not_found");
    cloud.settle().await;
    assert_eq!(cloud.inbox.len(), sent);
}

/// Messages that strangers cause to somebody's address and number leave the owner's share as it is.
/// Promise: sending-share
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_use_up_nothing_of_a_members_codes() {
    let cloud = Cloud::start().await;
    cloud.careful("ana", PHONE).await;
    let eve = cloud.member("eve").await;
    for n in 0..11 {
        let stranger = cloud.anonymous();
        let reply = match n % 4 {
            0 => stranger.post_with_work("/v1/registrations", json!({ "email": "ana@example.test" })).await,
            1 => {
                let body = json!({ "email": "ana@example.test", "username": "stranger", "password": PASSWORD });
                stranger.post_with_work("/v1/registrations/link", body).await
            }
            2 => stranger.post_with_work("/v1/password-resets", json!({ "email": "ana@example.test" })).await,
            _ => eve.post("/v1/me/email-changes", json!({ "email": "ana@example.test" })).await,
        };
        assert!(reply.status.is_success() || reply.status == 429, "{reply:?}");
        cloud.advance(Duration::from_secs(21)).await;
    }
    for _ in 0..6 {
        cloud.anonymous().post_with_work("/v1/phone-sign-ins", json!({ "phone": PHONE })).await;
        cloud.advance(Duration::from_secs(121)).await;
    }
    cloud.anonymous().post_with_work("/v1/phone-sign-ins", json!({ "phone": PHONE })).await.is_problem(429, "too_many_requests");
    for (factor, to) in [("email", "ana@example.test"), ("sms", PHONE)] {
        let client = cloud.anonymous();
        let flow = begin(&client, "ana").await;
        choose(&client, &flow, factor).await.is(200);
        let code = cloud.code_to(to).await;
        verify(&client, &flow, &code).await.is(201);
    }
}

/// After a hundred wrong codes without a right one in between the factor is closed for everybody, until a recovery code is right
/// or the password is reset. Nobody is locked out permanently.
/// Promise: code-attempts, owner-access
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_wrong_codes_close_the_factor() {
    let cloud = Cloud::start().await;
    let (_, app, recovery) = cloud.careful("ana", PHONE).await;
    let client = cloud.anonymous();
    let with = async |code: &str| with_app(&client, "ana", code).await;
    let guess = async |times: u32| {
        let mut wrong = 0;
        while wrong < times {
            cloud.advance(Duration::from_secs(901)).await;
            let flow = begin(&client, "ana").await;
            let _ = choose(&client, &flow, "app").await.is(200);
            for _ in 0..3.min(times - wrong) {
                wrong += 1;
                verify(&client, &flow, &app.wrong(&cloud)).await.is_problem(422, "code_invalid");
            }
            // The app has ten guesses a day, and pauses after five.
            if wrong % 9 == 0 {
                cloud.advance(Duration::from_secs(86_400)).await;
            }
        }
    };
    guess(100).await;
    with(&app.code(&cloud)).await.is_problem(403, "factor_locked");
    cloud.advance(Duration::from_secs(40 * 86_400)).await;
    with(&app.code(&cloud)).await.is_problem(403, "factor_locked");
    // Mail is another factor. It signs in, and does not reopen the closed one.
    let flow = begin(&client, "ana").await;
    let _ = choose(&client, &flow, "email").await.is(200);
    verify(&client, &flow, &cloud.code_to("ana@example.test").await).await.is(201);
    with(&app.code(&cloud)).await.is_problem(403, "factor_locked");
    let flow = begin(&client, "ana").await;
    verify(&client, &flow, &recovery[0]).await.is(201);
    with(&app.code(&cloud)).await.is(201);

    guess(100).await;
    with(&app.code(&cloud)).await.is_problem(403, "factor_locked");
    let reset = async |password: &str| {
        client.post("/v1/password-resets", json!({ "email": "ana@example.test" })).await.is(202);
        let body = json!({ "token": cloud.token_to("ana@example.test").await, "password": password });
        let _ = client.post("/v1/password-resets/confirm", body).await.is(204);
    };
    let other = "another tall giraffe";
    let with_other = async |code: &str| {
        let flow = client.post("/v1/sessions", json!({ "login": "ana", "password": other })).await.is(202);
        let _ = choose(&client, &flow, "app").await.is(200);
        verify(&client, &flow, code).await
    };
    reset(other).await;
    with_other(&app.code(&cloud)).await.is(201);
    // A reset by somebody who only has the mailbox does not bring another hundred guesses.
    reset(PASSWORD).await;
    guess(100).await;
    reset(other).await;
    with_other(&app.code(&cloud)).await.is_problem(403, "factor_locked");
}

/// Somebody who reads the mail and knows the password gets no more guesses at the app by signing in by mail in between.
/// Promise: code-attempts
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailed_code_resets_no_failures_of_the_app() {
    let cloud = Cloud::start().await;
    let (_, app, _) = cloud.careful("ana", PHONE).await;
    let client = cloud.anonymous();
    for round in 0..3 {
        let flow = begin(&client, "ana").await;
        let _ = choose(&client, &flow, "app").await.is(200);
        for _ in 0..3 {
            verify(&client, &flow, &app.wrong(&cloud)).await.is_problem(422, "code_invalid");
        }
        if round == 0 {
            let flow = begin(&client, "ana").await;
            let _ = choose(&client, &flow, "email").await.is(200);
            verify(&client, &flow, &cloud.code_to("ana@example.test").await).await.is(201);
        }
        cloud.advance(Duration::from_secs(901)).await;
    }
    let flow = begin(&client, "ana").await;
    let _ = choose(&client, &flow, "app").await.is(200);
    verify(&client, &flow, &app.wrong(&cloud)).await.is_problem(422, "code_invalid");
    let refused = verify(&client, &flow, &app.wrong(&cloud)).await;
    refused.is_problem(429, "too_many_requests");
    assert!(refused.header("ratelimit-policy").starts_with("\"code_guesses\";"), "{refused:?}");
}

/// A code of the app is valid for its time step and the two next to it, and works once. Five failures mean a pause of a quarter
/// of an hour.
/// Promise: app-codes
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_of_the_app_are_good_once() {
    let cloud = Cloud::start().await;
    let (_, app, _) = cloud.careful("ana", PHONE).await;
    let client = cloud.anonymous();
    let with = async |code: &str| with_app(&client, "ana", code).await;
    let code = app.code(&cloud);
    with(&code).await.is(201);
    with(&code).await.is_problem(422, "code_invalid");
    cloud.advance(Duration::from_secs(90)).await;
    let (now, step) = (cloud.now(), Duration::from_secs(30));
    with(&app.at(now + step * 2)).await.is_problem(422, "code_invalid");
    with(&app.at(now + step)).await.is(201);
    with(&app.at(now)).await.is_problem(422, "code_invalid");
    cloud.advance(Duration::from_secs(300)).await;
    for _ in 0..4 {
        with(&app.wrong(&cloud)).await.is_problem(422, "code_invalid");
    }
    let paused = with(&app.code(&cloud)).await;
    paused.is_problem(429, "too_many_requests");
    assert!((1..=900).contains(&paused.header("retry-after").parse::<u32>().unwrap()));
    // The other factors still work: guesses at one factor lock nobody out.
    let flow = begin(&client, "ana").await;
    let _ = choose(&client, &flow, "email").await.is(200);
    verify(&client, &flow, &cloud.code_to("ana@example.test").await).await.is(201);
}

/// Made-up, other people's, finished and expired flows get the same answer, which reveals nothing.
/// Promise: code-binding
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_flows_are_answered_alike() {
    let cloud = Cloud::start().await;
    let (_, app, _) = cloud.careful("ana", PHONE).await;
    let (_, other, _) = cloud.careful("ben", "+447911123457").await;
    let client = cloud.anonymous();
    let flow = begin(&client, "ana").await;
    let id = flow["id"].as_str().unwrap();
    let mut forged = id.to_owned();
    let last = if forged.pop() == Some('A') { 'E' } else { 'A' };
    forged.push(last);
    let mut shapes = BTreeSet::new();
    for wrong in [forged.as_str(), "flw_", "flw_AAAA", "x", &id.to_lowercase()] {
        for reply in [
            client.get(&format!("/v1/sign-ins/{wrong}")).await,
            client.put(&format!("/v1/sign-ins/{wrong}/factor"), json!({ "factor": "app" })).await,
            client.post(&format!("/v1/sign-ins/{wrong}/verify"), json!({ "code": "123456" })).await,
        ] {
            reply.is_problem(404, "not_found");
            shapes.insert(reply.shape());
        }
    }
    assert_eq!(shapes.len(), 1, "{shapes:?}");
    let _ = choose(&client, &flow, "app").await.is(200);
    verify(&client, &flow, &other.code(&cloud)).await.is_problem(422, "code_invalid");
    for body in [json!({}), json!({ "code": "123456", "password": PASSWORD }), json!({ "code": "123456", "user_id": "usr_x" })] {
        let status = client.post(&path(&flow, "verify"), body).await.status.as_u16();
        assert!([400, 422].contains(&status));
    }
    let next = begin(&client, "ana").await;
    let _ = choose(&client, &next, "app").await.is(200);
    cloud.advance(Duration::from_secs(601)).await;
    verify(&client, &next, &app.code(&cloud)).await.is_problem(404, "not_found");
}

/// A sign-in that waits for its second step ends when the password is changed or reset, or the account is deactivated.
/// Promise: mfa-sign-in, credential-change-ends-sessions
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_credentials_ends_a_waiting_sign_in() {
    let cloud = Cloud::start().await;
    for (n, name) in (0..).zip(["change", "reset", "rest"]) {
        let (owner, app, _) = cloud.careful(name, &format!("+44791112345{n}")).await;
        let owner = cloud.step_up(&owner, &app).await;
        let client = cloud.anonymous();
        let flow = begin(&client, name).await;
        let _ = choose(&client, &flow, "app").await.is(200);
        match name {
            "change" => {
                let body = json!({ "current_password": PASSWORD, "new_password": "quiet rivers bend" });
                let _ = owner.put("/v1/me/password", body).await.is(204);
            }
            "reset" => {
                let _ = client.post("/v1/password-resets", json!({ "email": owner.email() })).await.is(202);
                let token = cloud.token_to(&owner.email()).await;
                let body = json!({ "token": token, "password": "quiet rivers bend" });
                let _ = client.post("/v1/password-resets/confirm", body).await.is(204);
            }
            _ => {
                let _ = owner.post("/v1/me/deactivation", json!({ "password": PASSWORD })).await.is(204);
            }
        }
        choose(&client, &flow, "email").await.is_problem(404, "not_found");
        verify(&client, &flow, &app.code(&cloud)).await.is_problem(404, "not_found");
    }
}

/// Codes go to the account that is being signed in to, not to the one that is signed in on the client.
/// Promise: mfa-sign-in
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_go_to_the_account_that_is_signed_in_to() {
    const OTHER: &str = "+447911123457";
    let cloud = Cloud::start().await;
    let (ana, _, _) = cloud.careful("ana", PHONE).await;
    cloud.careful("ben", OTHER).await;
    let before = (cloud.mails_to("ana@example.test").await.len(), cloud.mails_to(PHONE).await.len());
    for (factor, to) in [("email", "ben@example.test"), ("sms", OTHER)] {
        let theirs = cloud.mails_to(to).await.len();
        let flow = begin(&ana, "ben").await;
        let _ = choose(&ana, &flow, factor).await.is(200);
        assert_eq!(cloud.mails_to(to).await.len(), theirs + 1, "{factor}");
        let done = verify(&cloud.anonymous(), &flow, &cloud.code_to(to).await).await;
        assert!(done.status == 201, "{factor}: {done:?}");
    }
    assert_eq!((cloud.mails_to("ana@example.test").await.len(), cloud.mails_to(PHONE).await.len()), before);
}

/// Operations that a stolen session must not allow take a proof that is no older than five minutes, by the strongest factor of
/// the account, in that very session.
/// Promise: step-up
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_up_is_good_for_five_minutes() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    ana.post("/v1/me/passkeys/options", json!({})).await.is(201);
    cloud.advance(Duration::from_secs(301)).await;
    let old = ana.post("/v1/me/passkeys/options", json!({})).await;
    assert_eq!(old.is_problem(401, "step_up_required")["methods"], json!(["password"]));
    assert!(old.header("www-authenticate").contains("insufficient_user_authentication"), "{}", old.header("www-authenticate"));
    let flow = ana.post("/v1/step-ups", json!({})).await.is(201);
    assert_eq!((&flow["chosen"], &flow["factors"][0]["factor"]), (&json!("password"), &json!("password")));
    let answer = |password: &str| json!({ "password": password });
    let verify = path(&flow, "verify");
    ana.post(&verify, answer("wrong")).await.is_problem(403, "password_wrong");
    cloud.anonymous().post(&verify, answer(PASSWORD)).await.is_problem(401, "token_invalid");
    let flow = ana.post("/v1/step-ups", json!({})).await.is(201);
    cloud.sign_in("ana").await.post(&path(&flow, "verify"), answer(PASSWORD)).await.is_problem(404, "not_found");
    let stepped = ana.post(&path(&flow, "verify"), answer(PASSWORD)).await.is(200);
    let fresh = ana.signed_in(stepped);
    fresh.post("/v1/me/passkeys/options", json!({})).await.is(201);
    cloud.advance(Duration::from_secs(301)).await;
    fresh.post("/v1/me/passkeys/options", json!({})).await.is_problem(401, "step_up_required");
}

/// A step-up returns new tokens. A copy of the former ones gains nothing: it stays without the proof, cannot be refreshed, and
/// ends the session when it is tried later. The session and its sockets stay.
/// Promise: step-up-bound
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_up_does_not_extend_to_copied_tokens() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let mut socket = ana.socket().await;
    cloud.advance(Duration::from_secs(301)).await;
    let step_up = async |caller: &Caller| {
        let flow = caller.post("/v1/step-ups", json!({})).await.is(201);
        caller.post(&path(&flow, "verify"), json!({ "password": PASSWORD })).await
    };
    let refresh = async |token: &str| cloud.anonymous().post("/v1/sessions/refresh", json!({ "refresh_token": token })).await;
    let sensitive = async |caller: &Caller| caller.post("/v1/me/passkeys/options", json!({})).await;
    let (copy, own) = (ana.clone(), ana.signed_in(step_up(&ana).await.is(200)));
    assert_eq!(own.claims()["sid"], copy.claims()["sid"]);
    sensitive(&copy).await.is_problem(401, "step_up_required");
    refresh(&copy.refresh_token()).await.is_problem(401, "refresh_invalid");
    let own = own.signed_in(refresh(&own.refresh_token()).await.is(200));
    sensitive(&own).await.is(201);
    cloud.settle().await;
    assert_eq!(socket.ask(json!({ "type": "hello" })).await["type"], "hello");
    copy.get("/v1/me").await.is(200);
    cloud.advance(Duration::from_secs(11)).await;
    refresh(&copy.refresh_token()).await.is_problem(401, "refresh_invalid");
    own.get("/v1/me").await.is_problem(401, "token_invalid");
    refresh(&own.refresh_token()).await.is_problem(401, "refresh_invalid");
    socket.closed().await;

    // If the refresh token is in the cookie, the new one is set there too.
    let browser = cloud.anonymous();
    let jar = |reply: &Reply| reply.cookie("__Host-refresh").split(';').next().unwrap().to_owned();
    let signed_in = browser.post("/v1/sessions", json!({ "login": "ana", "password": PASSWORD, "token_delivery": "cookie" })).await;
    let old = jar(&signed_in);
    let stepped = step_up(&browser.signed_in(signed_in.is(201)).with("cookie", &old)).await;
    assert!(stepped.is(200).get("refresh_token").is_none());
    let with = |jar: &str| browser.with("cookie", jar).with("x-stoa-csrf", "1");
    with(&old).post("/v1/sessions/refresh", json!({})).await.is_problem(401, "refresh_invalid");
    with(&jar(&stepped)).post("/v1/sessions/refresh", json!({})).await.is(200);
}

/// Of a thousand uses of one code (of the app or a recovery code on many flows, or a mailed one) one signs in.
/// Promise: code-once, recovery-codes, app-codes
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_code_signs_in_once() {
    let cloud = Cloud::start().await;
    for (factor, name, phone) in [("app", "ana", PHONE), ("email", "ben", "+447911123457"), ("recovery_code", "eve", "+447911123458")] {
        let (_, app, recovery) = cloud.careful(name, phone).await;
        // A flow evaluates three answers, so many flows of many clients share the code, except for codes that belong to one flow.
        let mut flows = Vec::new();
        for _ in 0..if factor == "email" { 1 } else { 12 } {
            let client = cloud.anonymous();
            let flow = begin(&client, name).await;
            let _ = choose(&client, &flow, factor).await.is(200);
            flows.push((client, flow));
        }
        let code = match factor {
            "app" => app.code(&cloud),
            "email" => cloud.code_to(&format!("{name}@example.test")).await,
            _ => recovery[0].clone(),
        };
        let replies = race(1000, |i| {
            let ((client, flow), code) = (flows[i % flows.len()].clone(), code.clone());
            async move { verify(&client, &flow, &code).await }
        })
        .await;
        let seen: BTreeSet<u16> = replies.iter().map(|r| r.status.as_u16()).collect();
        let won: BTreeSet<String> = replies.iter().filter(|r| r.status == 201).map(|r| r.json().to_string()).collect();
        assert_eq!(won.len(), 1, "{factor}: {seen:?}");
        assert!(seen.iter().all(|s| [201, 404, 409, 422, 429, 503].contains(s)), "{factor}: {seen:?}");
    }
}

/// Of a thousand concurrent wrong codes no more than the attempts of the flow are evaluated, and then the right one is refused.
/// Promise: code-attempts
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guessing_codes_in_parallel_gains_nothing() {
    let cloud = Cloud::start().await;
    let (_, app, _) = cloud.careful("ana", PHONE).await;
    let client = cloud.anonymous();
    let flow = begin(&client, "ana").await;
    let _ = choose(&client, &flow, "app").await.is(200);
    let left: Vec<Option<u64>> = race(1000, |i| {
        let (client, flow) = (client.clone(), flow.clone());
        async move {
            let reply = verify(&client, &flow, &format!("{:06}", i % 1000)).await;
            reply.is_problem(422, "code_invalid")["tries_left"].as_u64()
        }
    })
    .await;
    let evaluated = left.iter().filter(|l| **l != Some(0)).count();
    assert_eq!(evaluated, 2, "three answers are evaluated, and the last one leaves no attempt");
    verify(&client, &flow, &app.code(&cloud)).await.is_problem(422, "code_invalid");
}

/// A wrong password gets the same answer with and without second factors, and so does an unknown name.
/// Promise: no-account-disclosure, mfa-sign-in
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn second_factors_do_not_show_before_the_password() {
    let cloud = Cloud::start().await;
    cloud.careful("ana", PHONE).await;
    cloud.member("ben").await;
    let mut shapes = BTreeSet::new();
    for login in ["ana", "ben", "nobody"] {
        let reply = cloud.anonymous().post("/v1/sessions", json!({ "login": login, "password": "wrong" })).await;
        reply.is_problem(401, "credentials_invalid");
        shapes.insert(reply.shape());
    }
    assert_eq!(shapes.len(), 1, "{shapes:?}");
    let _: Option<App> = None;
}

/// A resend that fails does not count towards the number's limit.
/// Promise: sending-limits
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_that_was_not_sent_again_does_not_count() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    cloud.phone(&ana, PHONE).await;
    cloud.second_factors(&ana, PHONE).await;
    let client = cloud.anonymous();
    let flow = begin(&client, "ana").await;
    let resend = async || client.post(&path(&flow, "code/resend"), json!({})).await;
    let target = Target::of("LoginFunction", Service::DynamoDb, "TransactWriteItems");
    for chosen in [false, true] {
        let clash = cloud.aws.faults.script(target.clone(), Fault::Conflict);
        for _ in 0..3 {
            let refused = if chosen { resend().await } else { choose(&client, &flow, "sms").await };
            assert!(!refused.status.is_success(), "{refused:?}");
        }
        clash.end();
        if !chosen {
            choose(&client, &flow, "sms").await.is(200);
            cloud.advance(Duration::from_secs(46)).await;
        }
    }
    // One message for the set-up, one for the chosen factor: three of five are left.
    for pause in [91, 181, 181] {
        resend().await.is(202);
        cloud.settle().await;
        cloud.advance(Duration::from_secs(pause)).await;
    }
    // One more message proved the number.
    assert_eq!(cloud.mails_to(PHONE).await.len(), 6);
    resend().await.is_problem(429, "too_many_requests");
}
