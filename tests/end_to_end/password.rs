//! Changing a password, with the current one or with a mailed link.

use std::{collections::BTreeSet, time::Duration};

use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, Version};
use hmac::{Hmac, KeyInit as _, Mac as _};
use kernel::Secret;
use proofs::IdentityKeys;
use sha2::Sha256;
use tests::{Caller, Cloud, HOUR, PASSWORD, Value, json, race};

use crate::contacts::told;

const NEW: &str = "short zebras sing";

async fn ask(caller: &Caller, email: &str) -> tests::Reply {
    caller.post("/v1/password-resets", json!({ "email": email })).await
}

async fn confirm(caller: &Caller, token: &str, password: &str) -> tests::Reply {
    caller.post("/v1/password-resets/confirm", json!({ "token": token, "password": password })).await
}

async fn sign_in(cloud: &Cloud, password: &str) -> tests::Reply {
    cloud.anonymous().post("/v1/sessions", json!({ "login": "ana", "password": password })).await
}

/// The mailed link changes the password once, within half an hour. Only the newest link is valid, and the new password must be
/// acceptable and differ from the old one. It signs nobody in, all sessions end, and the owner is notified.
/// Promise: password-reset, link-once, credential-change-ends-sessions
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forgotten_password_is_replaced_by_a_link() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let mut socket = ana.socket().await;
    let anybody = cloud.anonymous();
    assert_eq!(ask(&anybody, "ana@example.test").await.is(202), json!({ "target": "a****@example.test" }));
    let mails = cloud.mails_to("ana@example.test").await.len();
    assert_eq!(ask(&anybody, "ANA@example.test").await.is(202)["target"], "A****@example.test");
    assert_eq!(cloud.mails_to("ana@example.test").await.len(), mails, "no second mail within a minute");
    let first = cloud.token_to("ana@example.test").await;
    cloud.advance(Duration::from_secs(61)).await;
    let _ = ask(&anybody, "ana@example.test").await.is(202);
    let second = cloud.token_to("ana@example.test").await;
    confirm(&anybody, &first, NEW).await.is_problem(422, "link_invalid");
    for forged in ["", "x", &second[..second.len() - 1], &second.replace("chl_", "")] {
        confirm(&anybody, forged, NEW).await.is_problem(422, "link_invalid");
    }
    assert_eq!(
        confirm(&anybody, &second, "ana").await.field_errors(),
        ["/password too_short", "/password password_common", "/password password_personal"]
    );
    assert_eq!(confirm(&anybody, &second, "ana@example.test 12").await.field_errors(), ["/password password_personal"]);
    assert_eq!(confirm(&anybody, &second, PASSWORD).await.field_errors(), ["/password password_same"]);
    sign_in(&cloud, PASSWORD).await.is(201);

    let page = anybody.get("/reset-password").await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8".to_owned()), "{page:?}");
    let html = String::from_utf8(page.bytes).unwrap();
    for part in ["\"/v1/password-resets/confirm\"", "\"new-password\"", "Choose a new password", "at least 12 characters"] {
        assert!(html.contains(part), "{html}");
    }
    let polish = anybody.get("/reset-password?lang=pl").await;
    assert!(String::from_utf8_lossy(&polish.bytes).contains("Wybierz nowe hasło"), "{polish:?}");
    let done = confirm(&anybody, &second, NEW).await;
    let _ = done.is(204);
    assert!(done.header("set-cookie").is_empty());
    socket.closed().await;
    ana.get("/v1/me").await.is_problem(401, "token_invalid");
    ana.post("/v1/sessions/refresh", json!({ "refresh_token": ana.refresh_token() })).await.is_problem(401, "refresh_invalid");
    sign_in(&cloud, PASSWORD).await.is_problem(401, "credentials_invalid");
    sign_in(&cloud, NEW).await.is(201);
    confirm(&anybody, &second, "fierce otters paint").await.is_problem(422, "link_invalid");
    assert_eq!(told(&cloud, "ana@example.test", "password was changed").await, 1);

    // Four mails go to one address at once, then one an hour. For the fourth one strangers solve a proof of work. Requests without
    // a mail do not count, so that strangers who ask in between delay nobody.
    let mailed = async || cloud.mails_to("ana@example.test").await.iter().filter(|m| !m.links.is_empty()).count();
    let before = mailed().await;
    let _ = ask(&cloud.anonymous(), "ana@example.test").await.is(202);
    for _ in 0..10 {
        let _ = ask(&cloud.anonymous(), "ana@example.test").await.is(202);
    }
    let worked = async |caller: &Caller| caller.post_with_work("/v1/password-resets", json!({ "email": "ana@example.test" })).await;
    cloud.advance(Duration::from_secs(61)).await;
    worked(&cloud.anonymous()).await.is(202);
    cloud.settle().await;
    cloud.advance(Duration::from_secs(61)).await;
    for _ in 0..10 {
        worked(&cloud.anonymous()).await.is_problem(429, "too_many_requests");
    }
    assert_eq!(mailed().await, before + 2);
    cloud.advance(Duration::from_secs(3600)).await;
    worked(&cloud.anonymous()).await.is(202);
    assert_eq!(mailed().await, before + 3);
    let late = cloud.token_to("ana@example.test").await;
    cloud.advance(Duration::from_secs(1801)).await;
    confirm(&anybody, &late, "fierce otters paint").await.is_problem(422, "link_invalid");
}

/// Changes an item of somebody directly in the table. An item that becomes `null` is deleted.
async fn rewrite(cloud: &Cloud, whose: &Caller, kind: &str, change: impl Fn(&mut Value)) {
    let dump = cloud.dump().await;
    let (table, items) = dump.as_object().unwrap().iter().find(|(name, _)| name.ends_with("-state")).unwrap();
    let pk = format!("USER#{}", whose.id());
    let mut item = items.as_array().unwrap().iter().find(|i| i["kind"]["S"] == kind && i["pk"]["S"] == pk).unwrap().clone();
    let key = json!({ "pk": item["pk"], "sk": item["sk"] });
    change(&mut item);
    let database = cloud.aws.dynamodb.database();
    if item.is_null() {
        let request = serde_json::from_value(json!({ "TableName": table, "Key": key })).unwrap();
        let _ = database.delete_item(request).unwrap();
    } else {
        let request = serde_json::from_value(json!({ "TableName": table, "Item": item })).unwrap();
        let _ = database.put_item(request).unwrap();
    }
}

/// A hash with older parameters or an older pepper is replaced at its owner's next sign-in, also at two concurrent ones.
/// Promise: password-hash
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_hashes_are_replaced_at_sign_in() {
    const TODAY: &str = "$argon2id$v=19$m=19456,t=2,p=1$";
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let stored = async || {
        let hash = cloud.of_kind("password").await.pop().unwrap();
        (hash["phc"]["S"].as_str().unwrap().to_owned(), hash["pepper"]["S"].as_str().unwrap().to_owned())
    };
    let (first, current) = stored().await;
    // A hash as an older version made it.
    let arn = &cloud.template.functions["LoginFunction"].environment["IDENTITY_KEYS"];
    let keys = IdentityKeys::parse(&Secret::new(cloud.secrets.get(arn).unwrap().to_owned())).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(keys.peppers().current().1.expose().as_bytes()).unwrap();
    mac.update(PASSWORD.as_bytes());
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8192, 1, 1, None).unwrap());
    let old = argon2.hash_password_with_salt(&mac.finalize().into_bytes(), &[7; 16]).unwrap().to_string();
    assert!(old.starts_with("$argon2id$v=19$m=8192,t=1,p=1$"), "{old}");
    for (phc, pepper) in [(&old, &current), (&first, &"0".to_owned()), (&old, &"0".to_owned())] {
        let outdated = async || {
            rewrite(&cloud, &ana, "password", |hash| {
                (hash["phc"], hash["pepper"]) = (json!({ "S": phc }), json!({ "S": pepper }));
            })
            .await;
        };
        outdated().await;
        sign_in(&cloud, "wrong").await.is_problem(401, "credentials_invalid");
        assert_eq!(stored().await, (phc.clone(), pepper.clone()), "a wrong password changes nothing");
        sign_in(&cloud, PASSWORD).await.is(201);
        let (new, of) = stored().await;
        assert!(new.starts_with(TODAY) && new != first && of == current, "{new} of {of}");
        sign_in(&cloud, PASSWORD).await.is(201);
        assert_eq!(stored().await.0, new, "the new hash is not replaced again");
        outdated().await;
        let clients: Vec<Caller> = (0..6).map(|_| cloud.anonymous()).collect();
        let statuses = race(6, |i| {
            let client = clients[i].clone();
            async move { client.post("/v1/sessions", json!({ "login": "ana", "password": PASSWORD })).await.status.as_u16() }
        });
        assert_eq!(statuses.await, [201; 6]);
        assert!(stored().await.0.starts_with(TODAY));
    }
}

/// Turns somebody into an account that signed up by phone: signed in by text message, without a password.
async fn without_password(cloud: &Cloud, whose: &Caller) -> Caller {
    rewrite(cloud, whose, "user", |user| user["has_password"] = json!({ "BOOL": false })).await;
    rewrite(cloud, whose, "password", |password| *password = Value::Null).await;
    rewrite(cloud, whose, "session", |session| session["amr"] = json!({ "L": [{ "S": "sms" }] })).await;
    refreshed(whose).await
}

async fn refreshed(caller: &Caller) -> Caller {
    caller.signed_in(caller.post("/v1/sessions/refresh", json!({ "refresh_token": caller.refresh_token() })).await.is(200))
}

/// Asking for a link causes the same calls of AWS and gets the same answer whether the address is known, unknown, or of a
/// deactivated or leaving account, at the first request and again within the minute. A client that asks too often gets the same
/// refusal for all of them.
/// Promise: equal-cost, password-reset
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asking_for_a_link_costs_the_same_for_every_address() {
    let cloud = Cloud::start().await;
    let (_, ben, eve) = (cloud.member("ana").await, cloud.member("ben").await, cloud.member("eve").await);
    rewrite(&cloud, &ben, "user", |user| user["status"] = json!({ "S": "deactivated" })).await;
    rewrite(&cloud, &eve, "user", |user| user["status"] = json!({ "S": "purging" })).await;
    // The calls of a cold start are not compared.
    let _ = ask(&cloud.anonymous(), "first@example.test").await.is(202);
    let made = || cloud.aws.calls.by_function().remove("PasswordFunction").unwrap().calls;
    let mut seen = [BTreeSet::new(), BTreeSet::new()];
    for name in ["ana", "ben", "eve", "nil"] {
        for round in &mut seen {
            let before = made();
            let shape = ask(&cloud.anonymous(), &format!("{name}@example.test")).await.shape();
            let after = made();
            let more = after.iter().map(|(call, n)| (call, n - before.get(call).copied().unwrap_or(0)));
            let asked: Vec<String> = more.filter(|(_, n)| *n > 0).map(|(call, n)| format!("{call} {n}")).collect();
            round.insert((shape, asked));
        }
    }
    assert!(seen.iter().all(|round| round.len() == 1), "{seen:#?}");
    let told = async |name: &str| cloud.mails_to(&format!("{name}@example.test")).await.iter().any(|m| !m.links.is_empty());
    assert!(told("ana").await);
    for name in ["ben", "eve", "nil"] {
        assert!(!told(name).await, "{name}");
    }
    let often = cloud.anonymous();
    for n in 0..10 {
        let _ = ask(&often, &format!("often{n}@example.test")).await.is(202);
    }
    let mut refused = BTreeSet::new();
    for name in ["ana", "ben", "eve", "nil"] {
        let reply = ask(&often, &format!("{name}@example.test")).await;
        reply.is_problem(429, "too_many_requests");
        refused.insert(reply.shape());
    }
    assert_eq!(refused.len(), 1, "{refused:?}");
    // Only this client has to wait.
    let _ = ask(&cloud.anonymous(), "other@example.test").await.is(202);
}

/// The link is sent to the address that the account has, whatever the request says. It becomes void when the account's address or
/// password changes.
/// Promise: link-target, link-binding
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_is_void_after_a_change_of_address_or_password() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let anybody = cloud.anonymous();
    let _ = ask(&anybody.with("host", "evil.example"), "ANA@example.test").await.is(202);
    cloud.settle().await;
    let mail = cloud.inbox.list(None, 0).pop().unwrap();
    assert_eq!(mail.to, "ana@example.test");
    assert!(mail.links[0].starts_with(&format!("{}/reset-password#token=", cloud.urls.api)), "{:?}", mail.links);
    let link = cloud.token_to("ana@example.test").await;
    ana.post("/v1/me/email-changes", json!({ "email": "new@example.test" })).await.is(202);
    let code = cloud.code_to("new@example.test").await;
    ana.post("/v1/me/email-changes/verify", json!({ "code": code })).await.is(200);
    confirm(&anybody, &link, NEW).await.is_problem(422, "link_invalid");
    sign_in(&cloud, PASSWORD).await.is(201);

    let _ = ask(&anybody, "ben@example.test").await.is(202);
    let link = cloud.token_to("ben@example.test").await;
    let change = json!({ "current_password": PASSWORD, "new_password": NEW });
    let _ = ben.put("/v1/me/password", change).await.is(204);
    confirm(&anybody, &link, "fierce otters paint").await.is_problem(422, "link_invalid");
    // Another link can be asked for.
    let _ = ask(&anybody, "ben@example.test").await.is(202);
    let link = cloud.token_to("ben@example.test").await;
    let _ = confirm(&anybody, &link, "fierce otters paint").await.is(204);
}

/// An account without a password chooses one by a link or while signed in, and can be deleted without one. Each takes another
/// proof.
/// Promise: password-first
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_without_a_password_can_choose_one() {
    let cloud = Cloud::start().await;
    let (ana, ben, eve) = (cloud.member("ana").await, cloud.member("ben").await, cloud.member("eve").await);
    let ana = without_password(&cloud, &ana).await;
    let (ben, eve) = (without_password(&cloud, &ben).await, without_password(&cloud, &eve).await);
    let weak = ana.put("/v1/me/password", json!({ "new_password": "ana" })).await;
    assert_eq!(weak.field_errors(), ["/new_password too_short", "/new_password password_common", "/new_password password_personal"]);
    let _ = ana.put("/v1/me/password", json!({ "new_password": NEW })).await.is(204);
    sign_in(&cloud, NEW).await.is(201);
    ana.put("/v1/me/password", json!({ "new_password": PASSWORD })).await.is_problem(401, "step_up_required");

    let _ = ask(&cloud.anonymous(), "ben@example.test").await.is(202);
    let link = cloud.token_to("ben@example.test").await;
    let _ = confirm(&cloud.anonymous(), &link, PASSWORD).await.is(204);
    ben.get("/v1/me").await.is_problem(401, "token_invalid");
    cloud.sign_in("ben").await.get("/v1/me").await.is(200);

    cloud.advance(Duration::from_secs(301)).await;
    eve.post("/v1/me/deletion", json!({})).await.is_problem(401, "step_up_required");
    let now = cloud.now().millis();
    rewrite(&cloud, &eve, "session", |session| session["auth_time"] = json!({ "N": now.to_string() })).await;
    assert_eq!(refreshed(&eve).await.post("/v1/me/deletion", json!({})).await.is(200)["status"], "scheduled");
}

/// A change of the password closes the sockets of all other sessions and revokes trusted devices. The session that makes it stays
/// connected.
/// Promise: credential-change-ends-sessions
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_ends_all_other_sessions() {
    let cloud = Cloud::start().await;
    let (ana, app, _) = cloud.careful("ana", "+447700900123").await;
    let browser = cloud.anonymous().named("ana");
    let body = json!({ "login": "ana", "password": PASSWORD, "remember_device": true });
    let path = format!("/v1/sign-ins/{}", browser.post("/v1/sessions", body).await.is(202)["id"].as_str().unwrap());
    let _ = browser.put(&format!("{path}/factor"), json!({ "factor": "app" })).await.is(200);
    let code = app.code(&cloud);
    let first = browser.post(&format!("{path}/verify"), json!({ "code": code })).await.is(201)["device_token"].clone();
    let with_device = async |device: &Value, password: &str| {
        browser.post("/v1/sessions", json!({ "login": "ana", "password": password, "device_token": device })).await
    };
    let trusted = with_device(&first, PASSWORD).await.is(201);
    let second = trusted["device_token"].clone();
    let elsewhere = browser.signed_in(trusted);
    let ana = cloud.step_up(&ana, &app).await;
    let (mut mine, mut theirs) = (ana.socket().await, elsewhere.socket().await);
    let change = json!({ "current_password": PASSWORD, "new_password": NEW });
    let _ = ana.put("/v1/me/password", change).await.is(204);
    assert!(theirs.closed().await.is_some());
    cloud.settle().await;
    let said = json!({ "type": "send", "room": "public", "text": "still here", "nonce": "n1" });
    assert_eq!(mine.ask(said).await["type"], "ack");
    elsewhere.get("/v1/me").await.is_problem(401, "token_invalid");
    assert_eq!(ana.get("/v1/me/devices").await.is(200)["items"], json!([]));
    with_device(&second, NEW).await.is(202);
}

/// Known addresses, unknown ones and those of deactivated accounts get the same answer. Nothing of the request gets into the
/// link. Three mails an hour.
/// Promise: no-account-disclosure, link-target, password-reset
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asking_for_a_link_reveals_nothing() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let _ = ben.post("/v1/me/deactivation", json!({ "password": PASSWORD })).await.is(204);
    let mut shapes = BTreeSet::new();
    for email in ["ana@example.test", "ben@example.test", "nil@example.test"] {
        let client = cloud.anonymous().with("x-forwarded-host", "evil.example").with("forwarded", "host=evil.example");
        for _ in 0..2 {
            shapes.insert(ask(&client, email).await.shape());
        }
    }
    assert_eq!(shapes.len(), 1, "{shapes:?}");
    let link = cloud.mail_to("ana@example.test").await.links[0].clone();
    assert!(link.starts_with(&format!("{}/reset-password#token=", cloud.urls.api)), "{link}");
    assert!(cloud.inbox.list(Some("nil@example.test"), 0).is_empty());
    assert!(cloud.mails_to("ben@example.test").await.iter().all(|m| m.links.is_empty()));
    assert_eq!(ask(&cloud.anonymous(), "nonsense").await.field_errors(), ["/email email"]);
    let refused: Vec<u16> = {
        let mut all = Vec::new();
        for _ in 0..4 {
            cloud.advance(Duration::from_secs(61)).await;
            let reply = cloud.anonymous().post_with_work("/v1/password-resets", json!({ "email": "nil@example.test" })).await;
            all.push(reply.status.as_u16());
        }
        all
    };
    assert_eq!(refused, [202, 202, 202, 429], "the fourth mail is refused");
    drop(ana);
}

/// A link is refused for another purpose, and after the account was deactivated.
/// Promise: link-binding
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_is_bound_to_its_purpose_and_to_an_account_in_use() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let anybody = cloud.anonymous();
    let body = json!({ "email": "new@example.test", "username": "newcomer", "password": PASSWORD });
    let _ = anybody.post("/v1/registrations/link", body).await.is(202);
    let activation = cloud.token_to("new@example.test").await;
    confirm(&anybody, &activation, NEW).await.is_problem(422, "link_invalid");
    let _ = ask(&anybody, "ana@example.test").await.is(202);
    let reset = cloud.token_to("ana@example.test").await;
    let activate = json!({ "token": reset, "password": PASSWORD });
    anybody.post("/v1/activations", activate).await.is_problem(422, "link_invalid");
    anybody.post("/v1/deletion-cancellations", json!({ "token": reset })).await.is_problem(422, "link_invalid");
    let _ = ana.post("/v1/me/deactivation", json!({ "password": PASSWORD })).await.is(204);
    confirm(&anybody, &reset, NEW).await.is_problem(422, "link_invalid");
    sign_in(&cloud, PASSWORD).await.is_problem(401, "credentials_invalid");
}

/// A reset leaves second factors on, and revokes trusted devices.
/// Promise: password-reset, trusted-devices
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_does_not_pass_the_second_step() {
    let cloud = Cloud::start().await;
    let (_, app, _) = cloud.careful("ana", "+447700900123").await;
    let browser = cloud.anonymous();
    let body = json!({ "login": "ana", "password": PASSWORD, "remember_device": true });
    let path = format!("/v1/sign-ins/{}", browser.post("/v1/sessions", body).await.is(202)["id"].as_str().unwrap());
    let _ = browser.put(&format!("{path}/factor"), json!({ "factor": "app" })).await.is(200);
    let code = app.code(&cloud);
    let device = browser.post(&format!("{path}/verify"), json!({ "code": code })).await.is(201)["device_token"].clone();
    let _ = ask(&browser, "ana@example.test").await.is(202);
    let _ = confirm(&browser, &cloud.token_to("ana@example.test").await, NEW).await.is(204);
    let again = json!({ "login": "ana", "password": NEW, "device_token": device });
    browser.post("/v1/sessions", again).await.is(202);
}

/// After a reset by mail the same mailbox is not accepted as the second factor, until another factor has signed in.
/// Promise: mailbox-is-one-factor
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailbox_alone_does_not_take_an_account_over() {
    let cloud = Cloud::start().await;
    let (_, app, recovery) = cloud.careful("ana", "+447700900123").await;
    let client = cloud.anonymous();
    let reset = async |name: &str| {
        let address = format!("{name}@example.test");
        let _ = ask(&cloud.anonymous(), &address).await.is(202);
        let _ = confirm(&client, &cloud.token_to(&address).await, NEW).await.is(204);
    };
    let begin = async |name: &str, password: &str| {
        let flow = client.post("/v1/sessions", json!({ "login": name, "password": password })).await.is(202);
        let offered: Vec<String> = flow["factors"].as_array().unwrap().iter().map(|f| f["factor"].as_str().unwrap().to_owned()).collect();
        (format!("/v1/sign-ins/{}", flow["id"].as_str().unwrap()), offered.join(" "), flow["chosen"].clone())
    };
    let choose = async |path: &str, factor: &str| client.put(&format!("{path}/factor"), json!({ "factor": factor })).await;
    let verify = async |path: &str, code: &str| client.post(&format!("{path}/verify"), json!({ "code": code })).await;
    assert_eq!(begin("ana", PASSWORD).await.1, "app email sms recovery_code");
    reset("ana").await;
    let mails = cloud.mails_to("ana@example.test").await.len();
    let (path, offered, _) = begin("ana", NEW).await;
    assert_eq!(offered, "app sms recovery_code");
    choose(&path, "email").await.is_problem(422, "factor_unavailable");
    assert_eq!(cloud.mails_to("ana@example.test").await.len(), mails);
    let _ = choose(&path, "app").await.is(200);
    let ana = client.named("ana").signed_in(verify(&path, &app.code(&cloud)).await.is(201));
    let (path, offered, _) = begin("ana", NEW).await;
    assert_eq!(offered, "app email sms recovery_code");
    let _ = choose(&path, "email").await.is(200);
    let _ = verify(&path, &cloud.code_to("ana@example.test").await).await.is(201);

    // If mail is the only factor, the proven phone or a recovery code is accepted instead.
    for gone in ["app", "sms"] {
        let ana = if gone == "app" { ana.clone() } else { cloud.step_up_by_mail(&ana).await };
        let _ = ana.delete(&format!("/v1/me/mfa/factors/{gone}")).await.is(204);
    }
    cloud.advance(HOUR).await;
    assert_eq!(begin("ana", NEW).await.2, "email");
    for by in ["sms", "recovery_code"] {
        cloud.advance(HOUR).await;
        let _ = ask(&cloud.anonymous(), "ana@example.test").await.is(202);
        let password = if by == "sms" { PASSWORD } else { NEW };
        let _ = confirm(&client, &cloud.token_to("ana@example.test").await, password).await.is(204);
        let (path, offered, chosen) = begin("ana", password).await;
        assert_eq!((offered.as_str(), chosen), ("sms recovery_code", json!("sms")));
        choose(&path, "email").await.is_problem(422, "factor_unavailable");
        let code = if by == "sms" { cloud.code_to("+447700900123").await } else { recovery[0].clone() };
        let _ = verify(&path, &code).await.is(201);
        assert_eq!(begin("ana", password).await.2, "email");
    }
}

/// The current password allows a change. Wrong ones are counted. All other sessions and trusted devices end, and this session
/// goes on.
/// Promise: password-change, password-attempts, credential-change-ends-sessions
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_known_password_is_changed() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let trusted = json!({ "login": "ana", "password": PASSWORD, "remember_device": true });
    let elsewhere = cloud.anonymous();
    let elsewhere = elsewhere.signed_in(elsewhere.post("/v1/sessions", trusted).await.is(201));
    let change =
        async |current: &str, new: &str| ana.put("/v1/me/password", json!({ "current_password": current, "new_password": new })).await;
    change("wrong", NEW).await.is_problem(403, "password_wrong");
    ana.put("/v1/me/password", json!({ "new_password": NEW })).await.is_problem(403, "password_wrong");
    assert_eq!(change(PASSWORD, PASSWORD).await.field_errors(), ["/new_password password_same"]);
    assert_eq!(change(PASSWORD, "ananowak").await.field_errors().first().unwrap(), "/new_password too_short");
    let _ = change(PASSWORD, NEW).await.is(204);
    elsewhere.get("/v1/me").await.is_problem(401, "token_invalid");
    elsewhere.post("/v1/sessions/refresh", json!({ "refresh_token": elsewhere.refresh_token() })).await.is_problem(401, "refresh_invalid");
    ana.get("/v1/me").await.is(200);
    assert_eq!(ana.get("/v1/me/devices").await.is(200)["items"], json!([]));
    ana.post("/v1/sessions/refresh", json!({ "refresh_token": ana.refresh_token() })).await.is(200);
    assert_eq!(told(&cloud, "ana@example.test", "password was changed").await, 1);
    sign_in(&cloud, PASSWORD).await.is_problem(401, "credentials_invalid");
    sign_in(&cloud, NEW).await.is(201);
    for _ in 0..5 {
        change("wrong", PASSWORD).await.is_problem(403, "password_wrong");
    }
    change(NEW, PASSWORD).await.is_problem(429, "too_many_requests");
    cloud.advance(Duration::from_secs(301)).await;
    change(NEW, PASSWORD).await.is_problem(401, "step_up_required");
}

/// A right password is no guess, but a change costs work: thirty an hour.
/// Promise: password-change, request-rates
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_changes_thirty_times_an_hour() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let change = async |caller: &Caller, new: &str| {
        caller.put("/v1/me/password", json!({ "current_password": PASSWORD, "new_password": new })).await
    };
    for _ in 0..30 {
        assert_eq!(change(&ana, PASSWORD).await.field_errors(), ["/new_password password_same"]);
    }
    let refused = change(&ana, NEW).await;
    refused.is_problem(429, "too_many_requests");
    cloud.advance(Duration::from_secs(refused.header("retry-after").parse().unwrap())).await;
    let ana = cloud.sign_in("ana").await;
    let _ = change(&ana, NEW).await.is(204);
}

/// One client has twenty guesses at passwords in a quarter of an hour and a hundred in a day, at any accounts and in any
/// operation. Right ones do not count. Others are not affected.
/// Promise: client-attempts
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_client_has_twenty_guesses_in_a_quarter_of_an_hour() {
    let cloud = Cloud::start().await;
    let at = cloud.caller_at(std::net::Ipv4Addr::new(127, 90, 0, 1));
    let change = async |caller: &Caller, current: &str, new: &str| {
        caller.put("/v1/me/password", json!({ "current_password": current, "new_password": new })).await
    };
    let sign_in = async |caller: &Caller, name: &str, password: &str| {
        caller.post("/v1/sessions", json!({ "login": name, "password": password })).await
    };
    let mut people = Vec::new();
    for name in ["ana", "ben", "cat", "dan", "eve"] {
        cloud.member(name).await;
        people.push(at.named(name).signed_in(sign_in(&at, name, PASSWORD).await.is(201)));
    }
    let eve = people.last().unwrap();
    // Twenty-two right passwords are not limited.
    for _ in 0..11 {
        let _ = change(eve, PASSWORD, NEW).await.is(204);
        let _ = change(eve, NEW, PASSWORD).await.is(204);
    }
    for caller in people.iter().take(4) {
        for _ in 0..5 {
            change(caller, "wrong", NEW).await.is_problem(403, "password_wrong");
        }
    }
    change(eve, PASSWORD, NEW).await.is_problem(429, "too_many_requests");
    sign_in(&at, "eve", PASSWORD).await.is_problem(429, "too_many_requests");
    let elsewhere = cloud.anonymous();
    let elsewhere = elsewhere.signed_in(sign_in(&elsewhere, "eve", PASSWORD).await.is(201));
    assert_eq!(change(&elsewhere, PASSWORD, PASSWORD).await.field_errors(), ["/new_password password_same"]);
    // Eighty more, twenty in each quarter of an hour. Then this client has used up the day.
    for _ in 0..4 {
        cloud.advance(Duration::from_secs(901)).await;
        for name in ["ana", "ben", "cat", "dan"] {
            let caller = at.named(name).signed_in(sign_in(&at, name, PASSWORD).await.is(201));
            for _ in 0..5 {
                change(&caller, "wrong", NEW).await.is_problem(403, "password_wrong");
            }
        }
    }
    cloud.advance(Duration::from_secs(901)).await;
    sign_in(&at, "eve", PASSWORD).await.is_problem(429, "too_many_requests");
    let eve = at.signed_in(sign_in(&cloud.anonymous(), "eve", PASSWORD).await.is(201));
    change(&eve, PASSWORD, NEW).await.is_problem(429, "too_many_requests");
    cloud.advance(Duration::from_secs(24 * 3600)).await;
    sign_in(&at, "eve", PASSWORD).await.is(201);
}

/// After a change among a thousand concurrent sign-ins and refreshes no session from before it is valid, except the one that made
/// it, and the old password is refused.
/// Promise: credential-change-ends-sessions
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_session_is_older_than_the_change() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let others = [cloud.sign_in("ana").await, cloud.sign_in("ana").await];
    let clients: Vec<Caller> = (0..60).map(|_| cloud.anonymous()).collect();
    let seen = race(1000, |i| {
        let (ana, other, client) = (ana.clone(), others[i % 2].clone(), clients[i % clients.len()].clone());
        async move {
            match i {
                500 => {
                    let body = json!({ "current_password": PASSWORD, "new_password": NEW });
                    let _ = ana.put("/v1/me/password", body).await.is(204);
                    None
                }
                // Few enough that the session of the change is not replaced as the oldest of twenty.
                _ if i % 70 == 0 => {
                    let reply = client.post("/v1/sessions", json!({ "login": "ana", "password": PASSWORD })).await;
                    (reply.status == 201).then(|| client.signed_in(reply.json()))
                }
                _ => {
                    let reply = other.post("/v1/sessions/refresh", json!({ "refresh_token": other.refresh_token() })).await;
                    (reply.status == 200).then(|| other.signed_in(reply.json()))
                }
            }
        }
    })
    .await;
    let old: Vec<Caller> = seen.into_iter().flatten().collect();
    assert!(!old.is_empty(), "some sign-ins happened before the change");
    for caller in old.iter().chain(&others) {
        caller.get("/v1/sessions").await.is_problem(401, "token_invalid");
    }
    assert_eq!(ana.get("/v1/sessions").await.is(200)["items"].as_array().unwrap().len(), 1);
    sign_in(&cloud, PASSWORD).await.is_problem(401, "credentials_invalid");
}

/// A deployment turns on each of the five rules by its parameter. Every operation that takes a new password returns all broken
/// rules at once, in the reader's language. A deployment with a minimum of less than eight characters does not start.
/// Promise: password-rules
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_chooses_the_rules() {
    let rules = [
        ("PasswordMinLength", "16"),
        ("PasswordUpper", "true"),
        ("PasswordLower", "true"),
        ("PasswordDigit", "true"),
        ("PasswordSymbol", "true"),
    ];
    let cloud = Cloud::start_with(&rules).await;
    let all = |at: &str, broken: &[&str]| broken.iter().map(|code| format!("{at} {code}")).collect::<Vec<_>>();
    let polish = cloud.anonymous().with("accept-language", "pl");
    let flow = polish.post("/v1/registrations", json!({ "email": "ana@example.test" })).await.is(201);
    let path = format!("/v1/registrations/{}", flow["id"].as_str().unwrap());
    let code = json!({ "code": cloud.code_to("ana@example.test").await });
    polish.post(&format!("{path}/code"), code).await.is(200);
    polish.put(&format!("{path}/personal"), json!({ "first_name": "Ana", "last_name": "Nowak", "birth_date": "2000-02-29" })).await.is(200);
    polish.put(&format!("{path}/username"), json!({ "username": "ana" })).await.is(200);
    let choose = async |text: &str| polish.put(&format!("{path}/password"), json!({ "password": text })).await;
    let weak = choose("ŻÓŁWIE").await;
    assert_eq!(weak.field_errors(), all("/password", &["too_short", "password_lower", "password_digit", "password_symbol"]));
    let said = weak.json()["errors"].to_string();
    for words in ["16", "znaków", "małej litery", "cyfry", "symbolu"] {
        assert!(said.contains(words), "{said}");
    }
    for (text, missing) in [
        ("tall giraffes 7 dance", "password_upper"),
        ("TALL GIRAFFES 7 DANCE", "password_lower"),
        ("Tall giraffes dance", "password_digit"),
        ("TallGiraffes7Dance", "password_symbol"),
        ("Giraffes 7 dance", ""),
    ] {
        let reply = choose(text).await;
        if missing.is_empty() {
            assert_eq!(reply.is(200)["step"], "summary");
        } else {
            assert_eq!(reply.field_errors(), all("/password", &[missing]), "{text}");
        }
    }
    let ana = polish.signed_in(polish.post(&format!("{path}/complete"), json!({})).await.is(201));
    let change = async |new: &str| {
        let body = json!({ "current_password": "Giraffes 7 dance", "new_password": new });
        ana.put("/v1/me/password", body).await
    };
    let broken = ["too_short", "password_upper", "password_digit", "password_symbol"];
    assert_eq!(change("żółwie").await.field_errors(), all("/new_password", &broken));
    let _ = ask(&polish, "ana@example.test").await.is(202);
    let token = cloud.token_to("ana@example.test").await;
    assert_eq!(confirm(&polish, &token, "żółwie").await.field_errors(), all("/password", &broken));
    let _ = confirm(&polish, &token, "Short 9 zebras sing").await.is(204);
    let by_link = json!({ "email": "eve@example.test", "username": "eve", "password": "żółwie" });
    assert_eq!(polish.post("/v1/registrations/link", by_link).await.field_errors(), all("/password", &broken));

    let weaker = local::Options { parameters: [("PasswordMinLength".to_owned(), "7".to_owned())].into(), ..local::Options::default() };
    let weaker = local::Stack::start(local::Options { hosting: local::hosts::Hosting::Eager, ..weaker }).await;
    assert!(weaker.is_err_and(|e| e.to_string().contains("asswordMinLength") || e.to_string().contains("PASSWORD_MIN_LENGTH")));
}
