//! The health checks for monitors.

use std::time::Duration;

use local::{
    aws::{
        Service,
        faults::{Fault, Target},
    },
    hosts::Trace,
    outside::{Mode, captcha::SECRET},
};
use serde_json::value::to_raw_value;
use tests::{Cloud, json};

use crate::deletion::{SWEEP, run};

const HEALTH: &str = "/v1/health";
const MAIL: &str = "/v1/health/mail";
const FUNCTION: &str = "HealthFunction";
/// Everything that is asked of AWS: the service, the operation, and its name in the answer.
const ASKED: [(Service, &str, &str); 5] = [
    (Service::DynamoDb, "GetItem", "data"),
    (Service::EventBridge, "DescribeEventBus", "events"),
    (Service::S3, "ListObjectsV2", "files"),
    (Service::Ses, "GetAccountSendingEnabled", "mail"),
    (Service::Sns, "GetSMSAttributes", "texts"),
];

/// What is away now, and not ten seconds ago.
async fn away(cloud: &Cloud) -> Vec<String> {
    cloud.advance(Duration::from_secs(11)).await;
    let reply = cloud.anonymous().get(HEALTH).await;
    if reply.status == 200 {
        return Vec::new();
    }
    let problem = reply.is_problem(503, "unavailable");
    let names = problem["away"].as_array().unwrap_or_else(|| panic!("names: {problem}"));
    assert_eq!(reply.header("retry-after"), "10");
    let said = format!("{} {} {}", problem["title"], problem["detail"], problem["errors"]).to_lowercase();
    for word in ["aws", "amazon", "dynamo", "127.0.0.1", "timed out"] {
        assert!(!said.contains(word), "strangers learn names only: {problem}");
    }
    names.iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// Whatever is away is named, alone or together, and no longer once it answers.
/// Promise: health
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_away_is_named() {
    let cloud = Cloud::start_with(&[("CaptchaSecret", SECRET), ("CaptchaSiteKey", "site-key")]).await;
    let all = cloud.anonymous().get(HEALTH).await.is(200);
    assert_eq!(all, json!({ "dependencies": ["captcha", "data", "events", "files", "mail", "stripe", "texts"] }));
    for (service, operation, name) in ASKED {
        let fault = cloud.aws.faults.script(Target::of(FUNCTION, service, operation), Fault::Internal);
        assert_eq!(away(&cloud).await, [name]);
        assert!(fault.hits() > 0);
        fault.end();
    }
    // Who is asked too often works.
    for (service, operation, _) in ASKED.into_iter().filter(|(.., name)| ["events", "mail", "texts"].contains(name)) {
        let fault = cloud.aws.faults.script(Target::of(FUNCTION, service, operation), Fault::Throttle);
        assert_eq!(away(&cloud).await, [""; 0]);
        assert!(fault.hits() > 0);
        fault.end();
    }
    for mode in [Mode::Down, Mode::Garbled] {
        cloud.outside.stripe.be(mode);
        cloud.outside.captchas.be(mode);
        assert_eq!(away(&cloud).await, ["captcha", "stripe"], "{mode:?}");
    }
    cloud.outside.stripe.be(Mode::Well);
    cloud.outside.captchas.be(Mode::Well);
    assert_eq!(away(&cloud).await, [""; 0]);
}

/// However often it is asked, within ten seconds nothing is asked twice: neither while all is well nor while something is away. Whether
/// requests are answered takes no question at all.
/// Promise: health
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_requests_does_not_reach_what_is_asked() {
    let cloud = Cloud::start().await;
    let asked = || cloud.aws.calls.by_function().get(FUNCTION).map_or(0, local::aws::calls::Tally::total);
    let without_captcha = cloud.anonymous().get(HEALTH).await.is(200);
    assert_eq!(without_captcha, json!({ "dependencies": ["data", "events", "files", "mail", "stripe", "texts"] }));
    let once = asked();
    for _ in 0..20 {
        cloud.anonymous().get(HEALTH).await.has(200);
        cloud.anonymous().get("/v1/health/live").await.has(204);
    }
    assert_eq!((once, asked()), (5, 5), "one call for each service of AWS");

    let down = cloud.aws.faults.script(Target::of(FUNCTION, Service::Ses, "GetAccountSendingEnabled"), Fault::Unavailable);
    assert_eq!(away(&cloud).await, ["mail"]);
    let hits = down.hits();
    for _ in 0..20 {
        cloud.anonymous().get(HEALTH).await.is_problem(503, "unavailable");
        cloud.anonymous().get("/v1/health/live").await.has(204);
    }
    assert_eq!(down.hits(), hits);
}

/// Administrators see by day how many mails were sent and have bounced, and others do not.
/// Promise: mail-seen
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn administrators_see_what_became_of_mails() {
    let cloud = Cloud::start().await;
    let (ida, _) = cloud.staff("ida", "administrator").await;
    let (moe, _) = cloud.staff("moe", "moderator").await;
    let seen = async || {
        cloud.settle().await;
        ida.get(MAIL).await.is(200)["days"].clone()
    };
    let before = seen().await;
    for address in ["bounce@simulator.amazonses.com", "new@example.test"] {
        cloud.anonymous().post("/v1/registrations", json!({ "email": address })).await.is(201);
        cloud.mail_to(address).await;
    }
    let of = |days: &serde_json::Value, name: &str| days[0][name].as_u64().unwrap_or(0);
    let after = seen().await;
    for (name, more) in [("sent", 2), ("bounced", 1), ("complained", 0), ("rejected", 0)] {
        assert_eq!(of(&after, name), of(&before, name) + more, "{name}: {before} {after}");
    }
    assert_eq!(after[0]["day"], cloud.now().date().to_string());
    moe.get(MAIL).await.is_problem(403, "forbidden");
    cloud.anonymous().get(MAIL).await.is_problem(401, "token_invalid");
    for (fault, service) in [(Fault::Internal, Service::Ses), (Fault::Throttle, Service::Ses)] {
        let down = cloud.aws.faults.script(Target::of(FUNCTION, service, "GetSendStatistics"), fault);
        ida.get(MAIL).await.is_problem(503, "unavailable");
        down.end();
    }
}

/// Administrators see when due deletions were last looked for. A run that failed does not count.
/// Promise: deletion-seen
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn administrators_see_the_last_sweep() {
    let cloud = Cloud::start().await;
    let (ida, _) = cloud.staff("ida", "administrator").await;
    let (moe, _) = cloud.staff("moe", "moderator").await;
    let seen = async || ida.get("/v1/admin/work").await.is(200)["last_sweep"].clone();
    assert_eq!(seen().await, json!(null), "it has not run yet");
    run(&cloud, SWEEP).await;
    let first = seen().await;
    assert!(first.as_str().is_some_and(|at| at.starts_with("2030-01-01T")), "{first}");
    assert_eq!(moe.get("/v1/admin/work").await.is(200).get("last_sweep"), None, "moderators do not need it");
    let down = cloud.aws.faults.script(Target::of(SWEEP, Service::DynamoDb, "Query"), Fault::Internal);
    cloud.advance(Duration::from_secs(60)).await;
    let event = to_raw_value(&json!({ "detail-type": "Scheduled Event", "source": "aws.scheduler", "detail": "{}" })).unwrap();
    assert!(cloud.hosts.invoke(SWEEP, event, &Trace::new(&cloud.sys)).await.is_err());
    assert_eq!(seen().await, first, "a failed run is none");
    down.end();
    run(&cloud, SWEEP).await;
    assert_ne!(seen().await, first);
}
