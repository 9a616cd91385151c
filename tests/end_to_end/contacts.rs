//! I-9: another address or number, by proof of the new and notice to the old; I-12: putting an account to rest. A7, B13, C7.

use std::{collections::BTreeSet, time::Duration};

use tests::{Caller, Cloud, PASSWORD, json, race};

const EMAIL: &str = "/v1/me/email-changes";
const PHONE: &str = "/v1/me/phone-changes";

async fn ask_email(caller: &Caller, email: &str) -> tests::Reply {
    caller.post(EMAIL, json!({ "email": email })).await
}

async fn prove(caller: &Caller, path: &str, code: &str) -> tests::Reply {
    caller.post(&format!("{path}/verify"), json!({ "code": code })).await
}

/// I-9, F7, M12: the address changes when the code that went to the new one comes back; until then the old one signs in, and
/// afterwards only the new one; both are told; every other sign-in ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_changes_by_proof() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let elsewhere = cloud.sign_in("ana").await;
    assert_eq!(ask_email(&ana, "ana").await.field_errors(), ["/email email"]);
    assert_eq!(ask_email(&ana, "ANA@example.test").await.field_errors(), ["/email unchanged"]);
    prove(&ana, EMAIL, "123456").await.is_problem(404, "not_found");
    let sent = ask_email(&ana, "new@example.test").await.is(202);
    assert_eq!((&sent["target"], &sent["tries_left"]), (&json!("n****@example.test"), &json!(3)));
    assert!(cloud.mail_to("ana@example.test").await.subject.contains("asked to change"), "the current one is told at once");
    assert_eq!(ana.get("/v1/me").await.is(200)["email"], "ana@example.test");
    cloud.sign_in("ana@example.test").await;
    prove(&elsewhere, EMAIL, "123456").await.is_problem(404, "not_found");
    let code = cloud.code_to("new@example.test").await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    assert_eq!(prove(&ana, EMAIL, wrong).await.is_problem(422, "code_invalid")["tries_left"], 2);
    let me = prove(&ana, EMAIL, &code).await;
    assert_eq!(me.is(200)["email"], "new@example.test");
    assert!(me.header("etag").starts_with("\"v"));
    elsewhere.get("/v1/me").await.is_problem(401, "token_invalid");
    ana.get("/v1/me").await.is(200);
    cloud.sign_in("new@example.test").await;
    let old = json!({ "login": "ana@example.test", "password": PASSWORD });
    cloud.anonymous().post("/v1/sessions", old).await.is_problem(401, "credentials_invalid");
    for told in ["ana@example.test", "new@example.test"] {
        assert!(cloud.mail_to(told).await.subject.contains("address was changed"), "{told}");
    }
    prove(&ana, EMAIL, &code).await.is_problem(404, "not_found");
    // The former address is free again.
    let newcomer = cloud.anonymous().post("/v1/registrations", json!({ "email": "ana@example.test" })).await.is(201);
    assert!(cloud.mail_to("ana@example.test").await.code.is_some(), "{newcomer}");
}

/// S3, A7: a proof counts for the very contact that the code went to, in the session that asked, and only while it is fresh.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proof_is_bound_to_its_contact() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    ask_email(&ana, "mine@example.test").await.is(202);
    let mine = cloud.code_to("mine@example.test").await;
    ask_email(&ana, "theirs@example.test").await.is(202);
    let theirs = cloud.code_to("theirs@example.test").await;
    if mine != theirs {
        prove(&ana, EMAIL, &mine).await.is_problem(422, "code_invalid");
    }
    assert_eq!(ana.get("/v1/me").await.is(200)["email"], "ana@example.test");
    ana.post(&format!("{EMAIL}/resend"), json!({})).await.is_problem(429, "resend_too_early");
    cloud.advance(Duration::from_secs(21)).await;
    ana.post(&format!("{EMAIL}/resend"), json!({})).await.is(202);
    let newest = cloud.code_to("theirs@example.test").await;
    if newest != theirs {
        prove(&ana, EMAIL, &theirs).await.is_problem(422, "code_invalid");
    }
    cloud.advance(Duration::from_secs(300)).await;
    ask_email(&ana, "late@example.test").await.is_problem(401, "step_up_required");
    ana.post(PHONE, json!({ "phone": "+447911123456" })).await.is_problem(401, "step_up_required");
    ana.delete("/v1/me/phone").await.is_problem(401, "step_up_required");
    prove(&ana, EMAIL, &newest).await.is(200);
}

/// E1: a contact that somebody else has is answered like any other, and can never be proven; its owner is told by mail.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anothers_contact_looks_like_any_other() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    cloud.phone(&ben, "+447911123456").await;
    let mut shapes = BTreeSet::new();
    for email in ["ben@example.test", "nobody@example.test"] {
        shapes.insert(ask_email(&ana, email).await.shape());
    }
    assert_eq!(shapes.len(), 1, "{shapes:?}");
    let mail = cloud.mail_to("ben@example.test").await;
    assert!(mail.code.is_none() && mail.subject.contains("already have an account"), "{}", mail.subject);
    let mut shapes = BTreeSet::new();
    for phone in ["+447911123456", "+447911123499"] {
        shapes.insert(ana.post(PHONE, json!({ "phone": phone })).await.shape());
    }
    assert_eq!(shapes.len(), 1, "{shapes:?}");
    for code in 0..3 {
        prove(&ana, EMAIL, &format!("{code:06}")).await.is_problem(422, "code_invalid");
    }
    assert_eq!(ben.get("/v1/me").await.is(200)["phone"], "+447911123456");
}

/// I-9, B14: a number is proven, normalised, of one person; its change is told to the former number; it can be removed while
/// nothing depends on it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_changes_by_proof() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    for (phone, error) in [("", "/phone required"), ("12", "/phone phone"), ("+85290123456", "/phone phone_country")] {
        assert_eq!(ana.post(PHONE, json!({ "phone": phone })).await.field_errors(), [error], "{phone}");
    }
    ana.delete("/v1/me/phone").await.is_problem(404, "not_found");
    let sent = ana.post(PHONE, json!({ "phone": "07911 123456" })).await.is(202);
    assert_eq!(sent["target"], "+••••••56");
    let code = cloud.code_to("+447911123456").await;
    assert_eq!(prove(&ana, PHONE, &code).await.is(200)["phone"], "+447911123456");
    cloud.advance(Duration::from_secs(61)).await;
    cloud.phone(&ana, "+447911123457").await;
    let told = cloud.mail_to("+447911123456").await;
    assert!(told.code.is_none() && told.text.contains("no longer belongs"), "{}", told.text);
    let ben = cloud.member("ben").await;
    cloud.advance(Duration::from_secs(61)).await;
    cloud.phone(&ben, "+447911123456").await;
    let _ = ana.delete("/v1/me/phone").await.is(204);
    assert_eq!(ana.get("/v1/me").await.is(200)["phone"], json!(null));
    let (careful, _, _) = cloud.careful("eve", "+447911123458").await;
    careful.delete("/v1/me/phone").await.is_problem(409, "last_factor");
}

/// Q4: of many people who prove the same free number at once one has it, and no claim is left without an owner.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_number_has_one_owner() {
    let cloud = Cloud::start().await;
    let mut people = Vec::new();
    for n in 0..5 {
        // Five codes an hour go to one number: as many people can ask for it.
        let caller = cloud.member(&format!("ana{n}")).await;
        caller.post(PHONE, json!({ "phone": "+447911123456" })).await.is(202);
        people.push((caller, cloud.code_to("+447911123456").await));
    }
    let statuses = race(1000, |i| {
        let (caller, code) = people[i % people.len()].clone();
        async move { prove(&caller, PHONE, &code).await.status.as_u16() }
    })
    .await;
    assert_eq!(statuses.iter().filter(|s| **s == 200).count(), 1, "{statuses:?}");
    let mut owners = 0;
    for (caller, _) in &people {
        let reply = caller.get("/v1/me").await;
        owners += usize::from(reply.status == 200 && reply.json()["phone"] == "+447911123456");
    }
    assert_eq!(owners, 1);
}

/// I-12, N1: a deactivated account is signed in nowhere and seen by nobody, is kept whole, and nothing that others or its owner
/// can do by themselves opens it or takes its names.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deactivated_account_rests() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let elsewhere = cloud.sign_in("ana").await;
    let mut socket = elsewhere.socket().await;
    cloud.advance(Duration::from_secs(301)).await;
    ana.post("/v1/me/deactivation", json!({})).await.is_problem(401, "step_up_required");
    let ana = cloud.sign_in("ana").await;
    let _ = ana.post("/v1/me/deactivation", json!({})).await.is(204);
    socket.closed().await;
    for caller in [&ana, &elsewhere] {
        caller.get("/v1/me").await.is_problem(401, "token_invalid");
        let body = json!({ "refresh_token": caller.refresh_token() });
        caller.post("/v1/sessions/refresh", body).await.is_problem(401, "refresh_invalid");
    }
    ben.get("/v1/users/ana").await.is_problem(404, "not_found");
    let sign_in = |login: &str, password: &str| json!({ "login": login, "password": password });
    let mut shapes = BTreeSet::new();
    for (login, password) in [("ana", PASSWORD), ("ana", "wrong"), ("nobody", "wrong")] {
        let reply = cloud.anonymous().post("/v1/sessions", sign_in(login, password)).await;
        reply.is_problem(401, "credentials_invalid");
        shapes.insert(reply.shape());
    }
    assert_eq!(shapes.len(), 1, "{shapes:?}");
    let known = cloud.anonymous().post("/v1/registrations", json!({ "email": "ana@example.test" })).await;
    let unknown = cloud.anonymous().post("/v1/registrations", json!({ "email": "eve@example.test" })).await;
    assert_eq!(known.shape(), unknown.shape());
    assert!(cloud.mail_to("ana@example.test").await.code.is_none());
    let free = cloud.anonymous().get("/v1/usernames/ana/availability").await.is(200);
    assert_eq!(free["available"], false);
    let dump = cloud.dump().await.to_string();
    assert!(dump.contains("ana@example.test") && dump.contains("deactivated"), "everything is kept");
}
