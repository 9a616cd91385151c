//! The health checks for monitors.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use kernel::Timestamp;
use local::{
    aws::{
        Service,
        alarms::AlarmState,
        faults::{Fault, Target},
    },
    hosts::Trace,
    outside::{Mode, captcha::SECRET},
};
use serde_json::value::to_raw_value;
use tests::{Caller, Cloud, Value, json};

use crate::{
    deletion::{SWEEP, run},
    items,
};

const HEALTH: &str = "/v1/health";
const MAIL: &str = "/v1/health/mail";
const ALARMS: &str = "/v1/health/alarms";
const SCHEDULES: &str = "/v1/health/schedules";
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

/// The alarms as an administrator sees them: their names and states.
async fn listed(ida: &Caller) -> Vec<(String, String)> {
    let list = ida.get(ALARMS).await.is(200);
    let text = |alarm: &Value, name: &str| alarm[name].as_str().unwrap().to_owned();
    list["items"].as_array().unwrap().iter().map(|alarm| (text(alarm, "name"), text(alarm, "state"))).collect()
}

/// Hands an event of CloudWatch to the function, which the bus may deliver late, twice, and after a newer one.
async fn told(cloud: &Cloud, name: &str, operation: Option<&str>, state: &str, at: &str) -> bool {
    let mut event = json!({
        "version": "0", "detail-type": "CloudWatch Alarm State Change", "source": "aws.cloudwatch", "time": format!("{at}Z"),
        "detail": { "alarmName": format!("stoa/{name}"), "state": { "value": state, "timestamp": format!("{at}.000+0000") } },
    });
    if let Some(operation) = operation {
        event["detail"]["operation"] = json!(operation);
    }
    cloud.hosts.invoke(FUNCTION, to_raw_value(&event).unwrap(), &Trace::new(&cloud.sys)).await.is_ok()
}

/// There is an alarm for guessed passwords, fraud with text messages, dead letters, overdue deletions, and events of Stripe that are not
/// taken, and all logs can be copied to another account.
/// Promise: alarms-seen
#[test]
fn operators_hear_of_what_is_an_attack_or_hides_one() {
    let operations = include_str!("../../infra/operations.yaml");
    for alarm in ["SignInsFail", "Misuse", "EventsGivenUp", "DeletionsStop", "FunctionsFail"] {
        assert!(operations.contains(&format!("AlarmName: !Sub ${{Stack}}/{alarm}\n")), "{alarm}");
    }
    let part = |resource: &str| operations.split_once(&format!("\n  {resource}:\n")).unwrap().1.split("\n\n").next().unwrap();
    let of_stripe = part("WebhookFailures");
    let route = of_stripe.split_once("$.route = \"POST ").and_then(|(_, rest)| rest.split_once('"')).unwrap().0;
    assert!(tests::document()["paths"][route]["post"].is_object(), "{route}");
    assert!(of_stripe.contains("MetricName: FunctionsFailed") && part("FunctionsFail").contains("MetricName: FunctionsFailed"));
    // What the filter reads is what the API writes.
    let format = include_str!("../../template.yaml").lines().find(|line| line.contains("$context.requestId")).unwrap();
    assert!(format.contains(r#""route":"$context.routeKey","status":$context.status"#), "{format}");
    for (resource, group) in [("FunctionLogsCopied", "FunctionLogs"), ("AccessLogsCopied", "AccessLogs")] {
        assert!(part(resource).contains(&format!("LogGroupName: !Ref {group}, FilterPattern: '', DestinationArn: !Ref LogDestination")));
    }
}

/// Administrators see which alarms are raised, and since when, as soon as CloudWatch has told it over the bus. Those of another stack are
/// not there.
/// Promise: alarms-seen
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn administrators_see_the_alarms() {
    let cloud = Cloud::start().await;
    let (ida, _) = cloud.staff("ida", "administrator").await;
    let (moe, _) = cloud.staff("moe", "moderator").await;
    assert!(listed(&ida).await.is_empty());
    for (name, state) in [("OutboxLags", AlarmState::Alarm), ("Misuse", AlarmState::InsufficientData), ("FunctionsFail", AlarmState::Ok)] {
        assert!(cloud.aws.alarms.change(&cloud, name, state));
        cloud.settle().await;
    }
    let pair = |name: &str, state: &str| (name.to_owned(), state.to_owned());
    assert_eq!(listed(&ida).await, [pair("OutboxLags", "alarm"), pair("Misuse", "insufficient_data"), pair("FunctionsFail", "ok")]);

    cloud.advance(Duration::from_secs(300)).await;
    let raised = cloud.now();
    assert!(cloud.aws.alarms.change(&cloud, "FunctionsFail", AlarmState::Alarm));
    cloud.settle().await;
    let first = ida.get(ALARMS).await.is(200)["items"][0].clone();
    assert_eq!((&first["name"], &first["state"]), (&json!("FunctionsFail"), &json!("alarm")));
    let since = first["since"].as_str().unwrap().parse::<Timestamp>().unwrap();
    assert!(since.0 >= raised && since.0 <= cloud.now(), "{since}");
    assert!(!cloud.aws.alarms.change(&cloud, "Nothing", AlarmState::Alarm));

    moe.get(ALARMS).await.is_problem(403, "forbidden");
    cloud.anonymous().get(ALARMS).await.is_problem(401, "token_invalid");
    items::are_as_described(&cloud).await;
}

/// However late, often and in whatever order the events about an alarm come: the newest counts. A deleted alarm stays away. What is not
/// understood fails, so that it is given up and seen.
/// Promise: alarms-seen
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_event_about_an_alarm_counts() {
    let cloud = Cloud::start().await;
    let (ida, _) = cloud.staff("ida", "administrator").await;
    let is = async |state: &str| assert_eq!(listed(&ida).await, [("Misuse".to_owned(), state.to_owned())]);
    let events = [("OK", "2030-01-01T11:00:00"), ("ALARM", "2030-01-01T11:05:00"), ("INSUFFICIENT_DATA", "2030-01-01T11:02:00")];
    for (order, seen) in [([0, 1, 2], ["ok", "alarm", "alarm"]), ([2, 2, 0], ["alarm", "alarm", "alarm"])] {
        for (n, state) in order.into_iter().zip(seen) {
            let (value, at) = events[n];
            assert!(told(&cloud, "Misuse", None, value, at).await);
            is(state).await;
        }
    }
    assert!(told(&cloud, "Misuse", Some("update"), "ALARM", "2030-01-01T11:05:00").await, "a change of its threshold is none of its state");
    is("alarm").await;
    assert!(told(&cloud, "Misuse", Some("delete"), "ALARM", "2030-01-01T11:10:00").await);
    assert!(listed(&ida).await.is_empty());
    assert!(told(&cloud, "Misuse", None, "OK", "2030-01-01T11:10:00").await, "an event from before the deletion");
    assert!(listed(&ida).await.is_empty());
    assert!(told(&cloud, "Misuse", Some("create"), "INSUFFICIENT_DATA", "2030-01-01T11:20:00").await);
    is("insufficient_data").await;
    assert!(!told(&cloud, "Misuse", None, "PANIC", "2030-01-01T11:30:00").await);
    items::are_as_described(&cloud).await;
}

/// Every schedule tells staff that it runs, at the cost of one write an hour whatever its interval. One that has told nothing for two hours
/// is late.
/// Promise: schedules-seen
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn administrators_see_when_schedules_have_run() {
    let cloud = Cloud::start().await;
    let (ida, app) = cloud.staff("ida", "administrator").await;
    let (moe, _) = cloud.staff("moe", "moderator").await;
    assert_eq!(ida.get(SCHEDULES).await.is(200), json!({ "items": [] }));
    moe.get(SCHEDULES).await.is_problem(403, "forbidden");
    cloud.anonymous().get(SCHEDULES).await.is_problem(401, "token_invalid");

    let mut noted = BTreeMap::<String, BTreeSet<String>>::new();
    // From 12:01 to 14:00.
    for _ in 0..119 {
        cloud.advance(Duration::from_secs(60)).await;
        for run in cloud.of_kind("last_run").await {
            let (function, at) = (run["function"]["S"].as_str().unwrap(), run["at"]["N"].as_str().unwrap());
            noted.entry(function.to_owned()).or_default().insert(at.to_owned());
        }
    }
    let sweep = noted.remove("deletion-sweep").unwrap();
    assert_eq!(sweep.len(), 8, "whose last run is looked at more closely");
    let scheduled = cloud.template.schedules.iter().filter_map(|schedule| cloud.template.function(&schedule.function));
    let others: BTreeSet<&str> = scheduled.map(|function| function.name.as_str()).filter(|name| *name != "deletion-sweep").collect();
    assert_eq!(noted.keys().map(String::as_str).collect::<BTreeSet<_>>(), others);
    assert!(noted.values().all(|runs| runs.len() == 2), "once in each of two hours: {noted:?}");

    let late = async || {
        let ida = cloud.sign_in_with(&cloud.anonymous(), "ida", &app).await;
        let list = ida.get(SCHEDULES).await.is(200)["items"].clone();
        let late = |run: &&Value| run["late"] == true;
        let names: BTreeSet<String> =
            list.as_array().unwrap().iter().filter(late).map(|run| run["function"].as_str().unwrap().to_owned()).collect();
        (list.as_array().unwrap().len(), names)
    };
    assert_eq!(late().await, (others.len() + 1, BTreeSet::new()));
    // The clock passes over their runs of these hours.
    cloud.advance(Duration::from_secs(3 * 3600)).await;
    assert_eq!(late().await, (others.len() + 1, others.into_iter().map(str::to_owned).collect()));
    items::are_as_described(&cloud).await;
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
