//! Changing the address or the phone number: the new one must be proven, and the old one gets a notice. Deactivating the account.

use std::{collections::BTreeSet, time::Duration};

use local::aws::{
    Service,
    faults::{Fault, Target},
};
use tests::{Caller, Cloud, HOUR, PASSWORD, Value, json, race, wrong};

const EMAIL: &str = "/v1/me/email-changes";
const PHONE: &str = "/v1/me/phone-changes";

async fn ask_email(caller: &Caller, email: &str) -> tests::Reply {
    caller.post(EMAIL, json!({ "email": email })).await
}

async fn prove(caller: &Caller, path: &str, code: &str) -> tests::Reply {
    caller.post(&format!("{path}/verify"), json!({ "code": code })).await
}

/// A change whose address somebody else took meanwhile is refused. Whether it was answered before is read once.
/// Promise: contact-change
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_change_looks_for_its_first_answer_once() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let _ = ask_email(&ana, "bea@example.test").await.is(202);
    let code = cloud.code_to("bea@example.test").await;
    let _bea = cloud.member("bea").await;
    let refused = prove(&ana, EMAIL, &code).await;
    refused.is_problem(409, "account_exists");
    let id = refused.header("x-request-id").replace('=', "%3D");
    let request = cloud.anonymous().get(&format!("{}/_local/requests/{id}", cloud.urls.console)).await.is(200);
    // One read is of the deletion whose link would go to the new address.
    assert_eq!(request["tally"]["calls"]["dynamodb.GetItem"], 2, "{request}");
}

/// The address changes when the code that went to the new one comes back. Until then the old one signs in, afterwards only the
/// new one. Both are notified, and every other session ends.
/// Promise: contact-change, contact-notices, credential-change-ends-sessions
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
    assert!(cloud.mail_to("ana@example.test").await.subject.contains("asked to change"), "the current address is notified at once");
    assert_eq!(ana.get("/v1/me").await.is(200)["email"], "ana@example.test");
    cloud.sign_in("ana@example.test").await;
    prove(&elsewhere, EMAIL, "123456").await.is_problem(404, "not_found");
    let code = cloud.code_to("new@example.test").await;
    let wrong = &wrong(&code);
    for half in ["", "1234", "12345", "1234567"] {
        assert_eq!(prove(&ana, EMAIL, half).await.field_errors(), ["/code code_format"], "{half}");
    }
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
    cloud.forget_answers().await;
    prove(&ana, EMAIL, &code).await.is_problem(404, "not_found");
    // The former address can be taken again.
    let newcomer = cloud.anonymous().post("/v1/registrations", json!({ "email": "ana@example.test" })).await.is(201);
    assert!(cloud.mail_to("ana@example.test").await.code.is_some(), "{newcomer}");
}

/// A proof counts for exactly the contact that the code was sent to, in the session that asked for it, and only while it is
/// fresh.
/// Promise: code-binding, contact-change
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

/// A contact that somebody else has is answered like any other, and can never be proven. Its owner is notified by mail.
/// Promise: no-account-disclosure, contact-change
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_contact_of_somebody_else_is_answered_like_any_other() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    cloud.phone(&ben, "+447911123456").await;
    let mut shapes = BTreeSet::new();
    // Ben's request comes last: the guesses below are at his code.
    for email in ["nobody@example.test", "ben@example.test"] {
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

/// A phone number is proven, normalised, and belongs to one person. The former number is notified of the change. A number can be
/// removed while nothing depends on it.
/// Promise: contact-change, contact-notices
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
    let (careful, app, _) = cloud.careful("eve", "+447911123458").await;
    let careful = cloud.step_up(&careful, &app).await;
    careful.delete("/v1/me/phone").await.is_problem(409, "last_factor");
}

/// How many messages to an address contain this text.
pub(crate) async fn told(cloud: &Cloud, to: &str, what: &str) -> usize {
    cloud.mails_to(to).await.iter().filter(|m| m.subject.contains(what) || m.text.contains(what)).count()
}

/// Signs somebody up with only a phone number.
pub(crate) async fn by_phone(cloud: &Cloud, phone: &str) -> Caller {
    let caller = cloud.anonymous();
    let flow = caller.post("/v1/phone-sign-ins", json!({ "phone": phone })).await.is(202);
    let code = cloud.code_to(phone).await;
    let verify = format!("/v1/phone-sign-ins/{}/verify", flow["id"].as_str().unwrap());
    caller.signed_in(caller.post(&verify, json!({ "code": code })).await.is(201))
}

/// Repeating the request or having its code sent again notifies the current contact only once for each change.
/// Promise: contact-notices
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_notified_once() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let asked = async || {
        told(&cloud, "ana@example.test", "asked to change").await + cloud.held("contact_change_asked", Some("ana@example.test")).await
    };
    for _ in 0..3 {
        ask_email(&ana, "new@example.test").await.is(202);
        assert_eq!(asked().await, 1);
    }
    cloud.advance(Duration::from_secs(21)).await;
    ask_email(&ana, "new@example.test").await.is(202);
    assert_eq!(
        (told(&cloud, "new@example.test", "Confirm your new").await, asked().await),
        (2, 1),
        "another code for the same change sends no notice"
    );
    ask_email(&ana, "newer@example.test").await.is(202);
    assert_eq!(asked().await, 2, "another address is another change, with a notice");
    // Switching between two changes whose codes are still valid sends no further notice.
    ask_email(&ana, "new@example.test").await.is(202);
    ask_email(&ana, "newer@example.test").await.is(202);
    assert_eq!(asked().await, 2);
    // A refused request sends no notice.
    let clash = cloud.aws.faults.script(Target::of("ProfileFunction", Service::DynamoDb, "TransactWriteItems"), Fault::Conflict);
    let refused = ask_email(&ana, "newest@example.test").await;
    assert!(!refused.status.is_success(), "{refused:?}");
    clash.end();
    assert_eq!(asked().await, 2);
}

/// When somebody else has proven the contact in the meantime, asking for the code again gets the same answer as before, but the
/// mail has no code. A contact that is free again can be proven.
/// Promise: no-account-disclosure, contact-change
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contact_that_was_taken_meanwhile_gets_no_code() {
    let cloud = Cloud::start().await;
    let (ana, ben, cat) = (cloud.member("ana").await, cloud.member("ben").await, cloud.member("cat").await);
    ask_email(&ana, "new@example.test").await.is(202);
    ask_email(&cat, "free@example.test").await.is(202);
    ask_email(&ben, "new@example.test").await.is(202);
    let code = cloud.code_to("new@example.test").await;
    prove(&ben, EMAIL, &code).await.is(200);
    cloud.advance(Duration::from_secs(21)).await;
    let resend = async |caller: &Caller| caller.post(&format!("{EMAIL}/resend"), json!({})).await;
    let (taken, free) = (resend(&ana).await, resend(&cat).await);
    taken.is(202);
    assert_eq!(taken.shape(), free.shape());
    let mail = cloud.mail_to("new@example.test").await;
    assert!(mail.code.is_none() && mail.subject.contains("already have an account"), "{}", mail.subject);
    prove(&ana, EMAIL, "000000").await.is_problem(422, "code_invalid");
    // The opposite case: a contact that is free again can be proven.
    cloud.advance(Duration::from_secs(21)).await;
    let ben = cloud.sign_in("ben").await;
    ask_email(&ben, "ben@example.test").await.is(202);
    let code = cloud.code_to("ben@example.test").await;
    prove(&ben, EMAIL, &code).await.is(200);
    resend(&ana).await.is(202);
    let code = cloud.code_to("new@example.test").await;
    prove(&ana, EMAIL, &code).await.is(200);
}

/// The former number is notified by text message when its change is asked for and when it is made, within the sending limits.
/// Somebody without an address is notified of everything by text message.
/// Promise: contact-notices
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_former_number_is_notified() {
    let cloud = Cloud::start().await;
    let (ana, old) = (cloud.member("ana").await, "+447911123456");
    cloud.phone(&ana, old).await;
    for _ in 0..2 {
        ana.post(PHONE, json!({ "phone": "+447911123457" })).await.is(202);
        assert_eq!(told(&cloud, old, "Somebody asked to change").await, 1);
    }
    let code = cloud.code_to("+447911123457").await;
    prove(&ana, PHONE, &code).await.is(200);
    assert_eq!((told(&cloud, old, "no longer belongs").await, cloud.mails_to(old).await.len()), (1, 3));
    // Her own address got the same notice when she gave the number.
    for (what, notice) in [("asked to change", "contact_change_asked"), ("phone number was changed", "phone_changed")] {
        let held = cloud.held(notice, Some("ana@example.test")).await;
        assert_eq!((told(&cloud, "ana@example.test", what).await, held), (1, 1), "{what}");
    }
    let _ = ana.delete("/v1/me/phone").await.is(204);
    assert_eq!(told(&cloud, "+447911123457", "no longer belongs").await, 1);
    // With an e-mail address the notice goes by mail, and costs no text message.
    cloud.phone(&ana, "+447911123458").await;
    ask_email(&ana, "new@example.test").await.is(202);
    assert_eq!(cloud.mails_to("+447911123458").await.len(), 1);

    let ben = by_phone(&cloud, "+447911123460").await;
    ask_email(&ben, "ben@example.test").await.is(202);
    assert_eq!(told(&cloud, "+447911123460", "Somebody asked to change").await, 1);
    let code = cloud.code_to("ben@example.test").await;
    prove(&ben, EMAIL, &code).await.is(200);
    assert_eq!(told(&cloud, "+447911123460", "another e-mail address").await, 1);
    assert_eq!(told(&cloud, "ben@example.test", "address was changed").await, 1);
}

/// Notices to a number are limited to ten an hour. When no more may be sent the change has to wait, unless the owner can be
/// notified by mail.
/// Promise: sending-limits, contact-notices
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notices_to_a_number_are_limited() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let (hers, his) = ("+447911123456", "+447911123460");
    cloud.phone(&ana, hers).await;
    let ben = by_phone(&cloud, his).await;
    for n in 0..10 {
        ask_email(&ben, &format!("ben{n}@example.test")).await.is(202);
    }
    let asked = async |to: &str| told(&cloud, to, "asked to change").await + cloud.held("contact_change_asked", Some(to)).await;
    assert_eq!(asked(his).await, 10);
    ask_email(&ben, "benjamin@example.test").await.is_problem(429, "too_many_requests");
    assert!(cloud.mails_to("benjamin@example.test").await.is_empty());
    // Codes are counted separately.
    cloud.anonymous().post("/v1/phone-sign-ins", json!({ "phone": his })).await.is(202);

    let elsewhere = cloud.sign_in("ana").await;
    for n in 0..11 {
        let caller = if n < 6 { &ana } else { &elsewhere };
        caller.post(PHONE, json!({ "phone": format!("+447911123{:03}", 500 + n) })).await.is(202);
    }
    assert_eq!(asked(hers).await, 10);
    assert_eq!(asked("ana@example.test").await, 12);
}

/// Nobody can suppress the notice to the former number by using up its sending limit with codes.
/// Promise: contact-notices, sending-share
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_cannot_suppress_the_notice_to_the_former_number() {
    let cloud = Cloud::start().await;
    let (ana, old) = (cloud.member("ana").await, "+447911123456");
    cloud.phone(&ana, old).await;
    let start = async || cloud.anonymous().post_with_work("/v1/phone-sign-ins", json!({ "phone": old })).await;
    for _ in 0..6 {
        start().await.is(202);
        cloud.advance(Duration::from_secs(121)).await;
    }
    start().await.is_problem(429, "too_many_requests");
    let thief = cloud.sign_in("ana").await;
    cloud.phone(&thief, "+447911123457").await;
    assert_eq!(told(&cloud, old, "Somebody asked to change").await, 1);
    assert_eq!(told(&cloud, old, "no longer belongs").await, 1);
}

/// Somebody without an address is notified by text message of what happens to the account.
/// Promise: contact-notices
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_without_an_address_is_notified_by_text_message() {
    let cloud = Cloud::start().await;
    let phone = "+447911123460";
    let ben = by_phone(&cloud, phone).await;
    let _ = ben.put("/v1/me/password", json!({ "new_password": PASSWORD })).await.is(204);
    assert_eq!(told(&cloud, phone, "was set or changed").await, 1);
    let replay = json!({ "refresh_token": ben.refresh_token() });
    ben.post("/v1/sessions/refresh", replay.clone()).await.is(200);
    cloud.advance(Duration::from_secs(121)).await;
    ben.post("/v1/sessions/refresh", replay).await.is_problem(401, "refresh_invalid");
    assert_eq!(told(&cloud, phone, "may have been copied").await, 1);
    let name = cloud.of_kind("user").await[0]["username"]["S"].as_str().unwrap().to_owned();
    for (agent, times) in [("one", 1), ("one", 1), ("another", 2)] {
        let body = json!({ "login": name, "password": PASSWORD });
        cloud.anonymous().with("user-agent", agent).post("/v1/sessions", body).await.is(201);
        let once = told(&cloud, phone, "with a new browser, app or network").await;
        assert_eq!((once, once + cloud.held("new_sign_in", None).await), (1, times), "{agent}");
    }
    assert_eq!(cloud.inbox.list(None, 0).iter().filter(|m| m.to != phone).count(), 0);
}

/// One account can cause fifteen messages at once and forty in a day, to any recipient and from any client.
/// Promise: sending-limits
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_cannot_mail_any_number_of_strangers() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let elsewhere = cloud.sign_in("ana").await;
    let mut statuses = Vec::new();
    for n in 0..30 {
        let caller = if n % 2 == 0 { &ana } else { &elsewhere };
        statuses.push(ask_email(caller, &format!("stranger{n}@example.test")).await.status.as_u16());
    }
    assert_eq!(statuses, [[202; 15], [429; 15]].concat());
    ana.post(PHONE, json!({ "phone": "+447911123456" })).await.is_problem(429, "too_many_requests");
    cloud.settle().await;
    assert_eq!(cloud.inbox.list(None, 0).iter().filter(|m| m.to.starts_with("stranger")).count(), 15);
    // Refused requests were not counted.
    ask_email(&cloud.member("ben").await, "stranger20@example.test").await.is(202);
    let mut sent = 15;
    for hour in 0..24 {
        cloud.advance(HOUR).await;
        let ana = cloud.sign_in("ana").await;
        for n in 0..3 {
            sent += usize::from(ask_email(&ana, &format!("hour{hour}x{n}@example.test")).await.status == 202);
        }
    }
    assert_eq!(sent, 40);
}

/// One client can cause sixty mails an hour, with any number of accounts.
/// Promise: sending-limits
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_cannot_mail_any_number_of_strangers() {
    let cloud = Cloud::start().await;
    let client = cloud.anonymous();
    let mut statuses = Vec::new();
    for account in 0..5 {
        let name = format!("ana{account}");
        cloud.member(&name).await;
        let body = json!({ "login": name, "password": PASSWORD });
        let caller = client.signed_in(client.post("/v1/sessions", body).await.is(201));
        for n in 0..14 {
            statuses.push(ask_email(&caller, &format!("s{account}x{n}@example.test")).await.status.as_u16());
        }
    }
    assert_eq!(statuses, [vec![202; 60], vec![429; 10]].concat());
    ask_email(&cloud.sign_in("ana4").await, "one@example.test").await.is(202);
}

/// One client can cause ten text messages an hour, of any purpose.
/// Promise: sending-limits
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_has_ten_text_messages_an_hour() {
    let cloud = Cloud::start().await;
    // One code to sign up, one to step up.
    let ben = by_phone(&cloud, "+447911123460").await;
    ben.post("/v1/step-ups", json!({})).await.is(201);
    for n in 0..8 {
        ben.post(PHONE, json!({ "phone": format!("+44791112347{n}") })).await.is(202);
    }
    ben.post(PHONE, json!({ "phone": "+447911123479" })).await.is_problem(429, "too_many_requests");
    let other = by_phone(&cloud, "+447911123461").await;
    other.post(PHONE, json!({ "phone": "+447911123479" })).await.is(202);
    let ben = by_phone(&cloud, "+447911123460").await;
    ben.post(PHONE, json!({ "phone": "+447911123478" })).await.is(202);
}

/// After two changes that were made before any mail was sent, both former addresses are notified.
/// Promise: contact-notices
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_former_address_is_notified() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let mut codes = Vec::new();
    for email in ["second@example.test", "third@example.test"] {
        ask_email(&ana, email).await.is(202);
        codes.push(cloud.code_to(email).await);
    }
    let down = cloud.aws.faults.script(Target::of("OutboxRelayFunction", Service::EventBridge, "PutEvents"), Fault::Internal);
    for (email, code) in ["second@example.test", "third@example.test"].into_iter().zip(&codes) {
        ask_email(&ana, email).await.is(202);
        prove(&ana, EMAIL, code).await.is(200);
    }
    down.end();
    for (email, times) in [("ana@example.test", 1), ("second@example.test", 2), ("third@example.test", 1)] {
        let held = cloud.held("email_changed", Some(email)).await;
        assert_eq!(told(&cloud, email, "address was changed").await + held, times, "{email}");
    }
}

/// When one of two recipients cannot be reached for a while, the other one is not notified again.
/// Promise: delivery-retry, delivery-once
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notice_that_fails_is_repeated_alone() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    cloud.phone(&ana, "+447911123456").await;
    // The same notice is sent once an hour.
    cloud.settle().await;
    cloud.advance(Duration::from_secs(3_601)).await;
    let ana = cloud.sign_in("ana").await;
    ana.post(PHONE, json!({ "phone": "+447911123457" })).await.is(202);
    let code = cloud.code_to("+447911123457").await;
    let before = told(&cloud, "ana@example.test", "phone number was changed").await;
    let down = cloud.aws.faults.script(Target::of("DeliverFunction", Service::Ses, "SendRawEmail").times(4), Fault::Throttle);
    prove(&ana, PHONE, &code).await.is(200);
    assert_eq!(told(&cloud, "+447911123456", "no longer belongs").await, 1);
    assert_eq!(told(&cloud, "ana@example.test", "phone number was changed").await - before, 1);
    assert_eq!(down.hits(), 4);
}

/// After a change of address or number, every code and link that went to the former one is void: while the contact is somebody
/// else's, and also when it is the account's again. The link that cancels a scheduled deletion is sent to the new address.
/// Promise: contact-change, link-binding
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_and_links_sent_to_a_former_contact_are_void() {
    let cloud = Cloud::start().await;
    for (kind, name, phone, former, new) in [
        ("email", "ana", "+447911123456", "ana@example.test", "ana.new@example.test"),
        ("phone", "ben", "+447911123457", "+447911123457", "+447911123458"),
    ] {
        let (by_mail, anybody) = (kind == "email", cloud.anonymous());
        let factor = if by_mail { "email" } else { "sms" };
        let change = format!("/v1/me/{kind}-changes");
        let to = async |ana: &Caller, contact: &str| {
            cloud.advance(Duration::from_secs(61)).await;
            ana.post(&change, json!({ kind: contact })).await.is(202);
            let code = cloud.code_to(contact).await;
            prove(ana, &change, &code).await.is(200);
        };
        let (ana, app, _) = cloud.careful(name, phone).await;
        let ana = cloud.step_up(&ana, &app).await;
        // A factor that is being set up.
        let factors = format!("/v1/me/mfa/factors/{factor}");
        let _ = ana.delete(&factors).await.is(204);
        cloud.advance(Duration::from_secs(61)).await;
        ana.post(&factors, json!({})).await.is(201);
        let code = json!({ "code": cloud.code_to(former).await });
        for contact in [new, former] {
            to(&ana, contact).await;
            ana.put(&factors, code.clone()).await.is_problem(404, "not_found");
        }
        let ana = cloud.step_up(&ana, &app).await;
        ana.post(&factors, json!({})).await.is(201);
        let newest = json!({ "code": cloud.code_to(former).await });
        if newest != code {
            ana.put(&factors, code).await.is_problem(422, "code_invalid");
        }
        let _ = ana.put(&factors, newest).await.is(204);
        // Five codes an hour go to one address. Without an app, a code that is sent is the step-up.
        cloud.advance(HOUR).await;
        let ana = cloud.sign_in_with(&cloud.anonymous(), name, &app).await;
        let _ = ana.delete("/v1/me/mfa/factors/app").await.is(204);
        let ana = cloud.step_up_by_mail(&ana).await;
        ana.post("/v1/me/deletion", json!({ "password": PASSWORD })).await.is(200);
        let cancel = cloud.token_to(&ana.email()).await;
        if by_mail {
            // A registration with an address that has an account cannot prove it in the first place.
            for (path, body) in [
                ("/v1/registrations", json!({ "email": former })),
                ("/v1/registrations/link", json!({ "email": former, "username": "mia", "password": PASSWORD })),
            ] {
                anybody.post(path, body).await;
                let mail = cloud.mail_to(former).await;
                assert!(mail.code.is_none() && mail.links.is_empty(), "{path}: {}", mail.text);
            }
        }
        // A sign-in, a step-up, a reset of the password and a sign-in by phone, each with its code or link.
        let chosen = async |caller: &Caller, flow: Value| {
            let path = format!("/v1/sign-ins/{}", flow["id"].as_str().unwrap());
            caller.put(&format!("{path}/factor"), json!({ "factor": factor })).await.is(200);
            (format!("{path}/verify"), json!({ "code": cloud.code_to(former).await }))
        };
        let sign_in = json!({ "login": name, "password": PASSWORD });
        let second_factor = chosen(&anybody, anybody.post("/v1/sessions", sign_in).await.is(202)).await;
        let step_up = chosen(&ana, ana.post("/v1/step-ups", json!({})).await.is(201)).await;
        let by_contact = if by_mail {
            anybody.post("/v1/password-resets", json!({ "email": former })).await.is(202);
            let token = cloud.token_to(former).await;
            ("/v1/password-resets/confirm".to_owned(), json!({ "token": token, "password": "other tall giraffes" }))
        } else {
            let flow = anybody.post("/v1/phone-sign-ins", json!({ "phone": former })).await.is(202);
            let verify = format!("/v1/phone-sign-ins/{}/verify", flow["id"].as_str().unwrap());
            (verify, json!({ "code": cloud.code_to(former).await }))
        };
        let nothing = async |ana: &Caller, when: &str| {
            let sessions = async || cloud.of_kind("session").await.len();
            let before = (sessions().await, cloud.of_kind("user").await.len());
            for (purpose, caller, (path, body), problem) in [
                ("second factor", &anybody, &second_factor, "not_found"),
                ("step-up", ana, &step_up, "not_found"),
                ("by the contact alone", &anybody, &by_contact, if by_mail { "link_invalid" } else { "code_invalid" }),
            ] {
                let reply = caller.post(path, body.clone()).await;
                assert_eq!((reply.json()["code"].as_str(), purpose, when), (Some(problem), purpose, when), "{kind}");
            }
            if by_mail {
                let old = json!({ "token": cancel });
                anybody.post("/v1/deletion-cancellations", old).await.is_problem(422, "link_invalid");
            }
            assert_eq!((sessions().await, cloud.of_kind("user").await.len()), before, "{kind}: {when}");
        };
        to(&ana, new).await;
        nothing(&ana, "it was changed").await;
        let link = if by_mail { cloud.token_to(new).await } else { cancel.clone() };
        to(&ana, former).await;
        nothing(&ana, "it was changed back").await;
        // Only the newest link is valid.
        let link = if by_mail {
            anybody.post("/v1/deletion-cancellations", json!({ "token": link })).await.is_problem(422, "link_invalid");
            cloud.token_to(former).await
        } else {
            link
        };
        let _ = anybody.post("/v1/deletion-cancellations", json!({ "token": link })).await.is(204);
        assert_eq!(ana.get("/v1/me/deletion").await.is(200)["status"], "not_scheduled");
    }
}

/// Of many people who prove the same free number concurrently one gets it, and no claim is left without an owner.
/// Promise: unique-names
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_number_has_one_owner() {
    let cloud = Cloud::start().await;
    let mut people = Vec::new();
    for n in 0..5 {
        // Five codes an hour go to one number, so that five people can ask for it.
        let caller = cloud.member(&format!("ana{n}")).await;
        caller.post(PHONE, json!({ "phone": "+447911123456" })).await.is(202);
        people.push((caller, cloud.code_to("+447911123456").await));
    }
    let statuses = race(1000, |i| {
        let (caller, code) = people[i % people.len()].clone();
        async move { (caller.name().to_owned(), prove(&caller, PHONE, &code).await.status.as_u16()) }
    })
    .await;
    let winners: BTreeSet<&String> = statuses.iter().filter(|(_, status)| *status == 200).map(|(name, _)| name).collect();
    assert_eq!(winners.len(), 1, "{statuses:?}");
    let mut owners = 0;
    for (caller, _) in &people {
        let reply = caller.get("/v1/me").await;
        owners += usize::from(reply.status == 200 && reply.json()["phone"] == "+447911123456");
    }
    assert_eq!((owners, cloud.of_kind("phone").await.len()), (1, 1), "and no claim is left over");
}

/// Nobody can sign in to a deactivated account and nobody sees it. Its data is kept unchanged. Neither others nor its owner can
/// reopen it or take its names.
/// Promise: deactivation, told-by-phone
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deactivated_account_is_closed_and_kept() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let elsewhere = cloud.sign_in("ana").await;
    let mut socket = elsewhere.socket().await;
    let said = json!({ "type": "send", "room": "public", "text": "to be kept", "nonce": "n1" });
    assert_eq!(socket.ask(said).await["type"], "ack");
    cloud.advance(Duration::from_secs(301)).await;
    ana.post("/v1/me/deactivation", json!({})).await.is_problem(401, "step_up_required");
    let ana = cloud.sign_in("ana").await;
    for body in [json!({}), json!({ "password": "wrong" })] {
        ana.post("/v1/me/deactivation", body).await.is_problem(403, "password_wrong");
    }
    let _ = ana.post("/v1/me/deactivation", json!({ "password": PASSWORD })).await.is(204);
    socket.closed().await;
    let without = by_phone(&cloud, "+447911123456").await;
    let _ = without.post("/v1/me/deactivation", json!({})).await.is(204);
    assert_eq!(cloud.mail_to("ana@example.test").await.subject, "Your account is deactivated");
    let text = cloud.mail_to("+447911123456").await.text;
    assert!(text.contains("was deactivated"), "{text}");
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
    // Five mails an hour go to her address, and one went there when she registered.
    cloud.advance(HOUR).await;
    let resting = of(&cloud, &ana).await;
    assert!(resting.iter().any(|item| item["status"]["S"] == "deactivated"), "{resting:?}");
    for kind in ["user", "password", "username", "email", "message"] {
        assert!(resting.iter().any(|item| item["kind"]["S"] == kind), "{kind}");
    }
    let mails = cloud.mails_to("ana@example.test").await.len();
    let anybody = cloud.anonymous();
    let by_link = async |email: &str, username: &str, password: &str| {
        let body = json!({ "email": email, "username": username, "password": password });
        anybody.post("/v1/registrations/link", body).await
    };
    let (known, unknown) = (by_link("ana@example.test", "ana_too", PASSWORD).await, by_link("fay@example.test", "fay", PASSWORD).await);
    known.is(202);
    assert_eq!(known.shape(), unknown.shape());
    assert_eq!(by_link("gus@example.test", "ana", PASSWORD).await.field_errors(), ["/username username_taken"]);
    assert_eq!(by_link("ana@example.test", "ana_too", "short").await.field_errors(), ["/password too_short"]);

    let known = anybody.post("/v1/registrations", json!({ "email": "ana@example.test" })).await;
    let unknown = anybody.post("/v1/registrations", json!({ "email": "eve@example.test" })).await;
    assert_eq!(known.shape(), unknown.shape());
    let eves = format!("/v1/registrations/{}", unknown.json()["id"].as_str().unwrap());
    let code = cloud.code_to("eve@example.test").await;
    anybody.post(&format!("{eves}/code"), json!({ "code": code })).await.is(200);
    anybody
        .put(&format!("{eves}/personal"), json!({ "first_name": "Eve", "last_name": "Nowak", "birth_date": "2000-02-29" }))
        .await
        .is(200);
    assert_eq!(anybody.put(&format!("{eves}/username"), json!({ "username": "ana" })).await.field_errors(), ["/username username_taken"]);
    cloud.advance(Duration::from_secs(61)).await;
    anybody.put(&format!("{eves}/email"), json!({ "email": "ana@example.test" })).await.is(200);
    // An address gets five mails an hour.
    cloud.advance(Duration::from_secs(3661)).await;
    for id in [&known.json()["id"], &unknown.json()["id"]] {
        anybody.post_with_work(&format!("/v1/registrations/{}/code/resend", id.as_str().unwrap()), json!({})).await.is(202);
    }
    anybody.post("/v1/password-resets", json!({ "email": "ana@example.test" })).await.is(202);
    let told = cloud.mails_to("ana@example.test").await;
    assert!(told.len() > mails, "the owner of the address is notified of the attempt");
    assert!(told[mails..].iter().all(|mail| mail.code.is_none() && mail.links.is_empty()), "{:?}", &told[mails..]);
    let now = of(&cloud, &ana).await;
    let changed = |a: &[Value], b: &[Value]| a.iter().filter(|item| !b.contains(item)).cloned().collect::<Vec<_>>();
    assert_eq!((changed(&resting, &now), changed(&now, &resting)), (Vec::new(), Vec::new()), "everything is kept, as it was");
    let free = cloud.anonymous().get("/v1/usernames/ana/availability").await.is(200);
    assert_eq!(free["available"], false);
}

/// All items of somebody: those under their own key, their claims, their messages.
async fn of(cloud: &Cloud, whose: &Caller) -> Vec<Value> {
    let dump = cloud.dump().await;
    let items = dump.as_object().unwrap().values().flat_map(|table| table.as_array().unwrap());
    let theirs = |item: &&Value| {
        let kind = item["kind"]["S"].as_str().unwrap_or_default();
        item["pk"]["S"] == format!("USER#{}", whose.id())
            || (["username", "email", "phone", "message", "invite_claim"].contains(&kind) && item.to_string().contains(&whose.id()))
    };
    items.filter(theirs).cloned().collect()
}
