//! Notices about an account are sent at once, and repetitions once an hour with their number.

use std::time::Duration;

use local::{
    aws::{
        Service,
        faults::{Fault, Target},
    },
    inbox::Message,
};
use tests::{Caller, Cloud, PASSWORD, json};

const HOUR: Duration = Duration::from_secs(3_600);
/// How often held-back notices are looked for.
const QUARTER: Duration = Duration::from_secs(15 * 60);

/// Signs somebody in with a browser that they have not used.
async fn sign_in(cloud: &Cloud, login: &str, browser: u32) -> Caller {
    let caller = cloud.anonymous().with("user-agent", format!("Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/{browser}.0"));
    let reply = caller.post("/v1/sessions", json!({ "login": login, "password": PASSWORD })).await;
    caller.signed_in(reply.is(201))
}

/// The mails with one subject that somebody has received.
async fn told(cloud: &Cloud, to: &str, subject: &str) -> Vec<Message> {
    cloud.mails_to(to).await.into_iter().filter(|mail| mail.subject == subject).collect()
}

const NEW: &str = "A new sign-in to your account";

/// A hundred and twenty sign-ins with as many browsers cause one mail at once and one after an hour, which gives their number. The
/// first one names the time, the device and the place.
/// Promise: notices-grouped, notices-tell-who
#[tokio::test(flavor = "multi_thread")]
async fn many_sign_ins_are_notified_once_an_hour() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    cloud.settle().await;
    for browser in 0..30 {
        let _ = sign_in(&cloud, "ana", 60 + browser).await;
        if browser == 0 {
            // Events of requests that follow each other may be handled in any order.
            cloud.settle().await;
        }
    }
    let mails = told(&cloud, &ana.email(), NEW).await;
    assert_eq!(mails.len(), 1, "the first sign-in is notified at once");
    assert!(!mails[0].text.contains("It happened"), "{}", mails[0].text);
    let first = &mails[0].text;
    assert!(first.contains("Time: ") && first.contains("Device: Firefox 60, Linux") && first.contains("Place: 127."), "{first}");
    cloud.advance(HOUR.saturating_sub(QUARTER)).await;
    assert_eq!(told(&cloud, &ana.email(), NEW).await.len(), 1, "no further mail within the hour");
    cloud.advance(QUARTER.saturating_mul(2)).await;
    let mails = told(&cloud, &ana.email(), NEW).await;
    assert_eq!(mails.len(), 2, "the others are notified although no further sign-in happens");
    assert!(mails[1].text.contains("It happened 29 times since"), "{}", mails[1].text);
    // After another hour nothing was held back, and no mail is sent.
    cloud.advance(HOUR.saturating_mul(2)).await;
    assert_eq!(told(&cloud, &ana.email(), NEW).await.len(), 2);
    // The next sign-in is notified at once again.
    let _ = sign_in(&cloud, "ana", 200).await;
    let mails = told(&cloud, &ana.email(), NEW).await;
    assert_eq!(mails.len(), 3);
    assert!(!mails[2].text.contains("It happened"), "{}", mails[2].text);
}

/// A notice of one kind delays none of another kind, nor those of another person.
/// Promise: notices-grouped
#[tokio::test(flavor = "multi_thread")]
async fn notices_of_other_kinds_and_people_come_at_once() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    for browser in 0..3 {
        let _ = sign_in(&cloud, "ana", 60 + browser).await;
    }
    let _ = sign_in(&cloud, "ben", 60).await;
    assert_eq!(told(&cloud, &ana.email(), NEW).await.len(), 1);
    assert_eq!(told(&cloud, &ben.email(), NEW).await.len(), 1);
    let change = json!({ "current_password": PASSWORD, "new_password": "quiet otters swimming" });
    let _ = ana.put("/v1/me/password", change).await.is(204);
    assert_eq!(told(&cloud, &ana.email(), "Your password was changed").await.len(), 1);
}

/// An event that cannot be sent, or is delivered again, is notified once and counted once, also while it is held back.
/// Promise: notices-grouped, delivery-once
#[tokio::test(flavor = "multi_thread")]
async fn no_notice_is_lost_while_mails_cannot_be_sent() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    cloud.settle().await;
    // All attempts of the client fail, in two invocations.
    let down = cloud.aws.faults.script(Target::of("DeliverFunction", Service::Ses, "SendRawEmail").times(6), Fault::Throttle);
    let _ = sign_in(&cloud, "ana", 60).await;
    cloud.settle().await;
    assert_eq!(down.hits(), 6);
    assert_eq!(told(&cloud, &ana.email(), NEW).await.len(), 1, "the repeated delivery is sent once");
    let cut = cloud.aws.faults.script(Target::of("DeliverFunction", Service::DynamoDb, "TransactWriteItems").times(1), Fault::LostAfter);
    for browser in 61..64 {
        let _ = sign_in(&cloud, "ana", browser).await;
        cloud.settle().await;
    }
    assert_eq!(cut.hits(), 1);
    let down = cloud.aws.faults.script(Target::of("DeliverFunction", Service::Ses, "SendRawEmail").times(6), Fault::Throttle);
    cloud.advance(HOUR).await;
    cloud.advance(QUARTER).await;
    cloud.advance(QUARTER).await;
    assert_eq!(down.hits(), 6);
    let mails = told(&cloud, &ana.email(), NEW).await;
    assert_eq!(mails.len(), 2);
    assert!(mails[1].text.contains("It happened 3 times since"), "{}", mails[1].text);
    assert!(cloud.aws.dead_letters.list().is_empty());
}

/// Somebody without an e-mail address is notified by text message, with the same limit.
/// Promise: notices-grouped
#[tokio::test(flavor = "multi_thread")]
async fn notices_by_text_message_come_once_an_hour() {
    let cloud = Cloud::start().await;
    let phone = "+447700900001";
    for browser in 60..64 {
        let caller = cloud.anonymous().with("user-agent", format!("Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/{browser}.0"));
        let flow = caller.post_with_work("/v1/phone-sign-ins", json!({ "phone": phone })).await.is(202);
        let code = newest_code(&cloud, phone).await;
        let path = format!("/v1/phone-sign-ins/{}/verify", flow["id"].as_str().unwrap());
        caller.post(&path, json!({ "code": code })).await.is(201);
        cloud.advance(Duration::from_secs(121)).await;
    }
    let told = async || cloud.mails_to(phone).await.into_iter().filter(|m| m.code.is_none()).map(|m| m.text).collect::<Vec<_>>();
    // The first one opened the account.
    let texts = told().await;
    assert!(texts.len() == 1 && texts[0].starts_with("Somebody signed in"), "{texts:?}");
    cloud.advance(HOUR).await;
    cloud.advance(QUARTER).await;
    let texts = told().await;
    assert!(texts.len() == 2 && texts[1].starts_with("(2x) Somebody signed in"), "{texts:?}");
}

/// The newest code that was sent to a number.
async fn newest_code(cloud: &Cloud, phone: &str) -> String {
    cloud.mails_to(phone).await.into_iter().rev().find_map(|m| m.code).unwrap()
}
