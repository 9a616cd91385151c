//! The console of the local cloud: the requests, events, files and tables that it shows, and the faults that it injects.

use std::time::{Duration, Instant};

use image::ImageFormat;
use local::Stack;
use tests::{Caller, Cloud, Value, json};

use crate::{
    deletion::schedule,
    picture::{encoded, picture, upload},
};

fn console(cloud: &Stack, path: &str) -> String {
    format!("{}{path}", cloud.urls.console)
}

async fn shown(cloud: &Cloud, path: &str) -> Value {
    cloud.anonymous().get(&console(cloud, path)).await.is(200)
}

/// Inbox: only what the sender marked as a code is one. The year of a date is none.
/// Promise: local-console
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_year_of_a_date_is_no_code() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let before = cloud.inbox.last_id();
    let _ = schedule(&ana).await;
    cloud.settle().await;
    let [mail] = <[_; 1]>::try_from(cloud.inbox.list(Some(&ana.email()), before)).expect("one mail");
    assert!(mail.text.contains("2030") && mail.code.is_none(), "{mail:?}");

    ana.post("/v1/me/phone-changes", json!({ "phone": "+447911123456" })).await.is(202);
    let text = cloud.mail_to("+447911123456").await;
    let code = text.code.expect("a text message has its code in its last line");
    assert!(text.text.starts_with(&format!("{code} ")), "{}", text.text);
}

/// Requests: the id of a reply leads to its request, with its route, status, calls of AWS and log lines. A refused request is found
/// by the id in its problem document.
/// Promise: local-console
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_id_leads_to_its_request() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let me = ana.get("/v1/me?lang=pl").await;
    let id = me.has(200).header("x-request-id");
    let refused = cloud.anonymous().post("/v1/sessions", json!({ "login": "ana", "password": "wrong" })).await;
    let refused = refused.is(401)["request_id"].as_str().expect("an id").to_owned();
    cloud.anonymous().get("/nowhere/at-all").await.has(404);

    let request = shown(&cloud, &format!("/_local/requests/{}", id.replace('=', "%3D"))).await;
    let facts = ["method", "path", "route", "function", "status", "calls"].map(|name| &request[name]);
    assert_eq!(json!(facts), json!(["GET", "/v1/me?lang=pl", "/v1/me", "profile", 200, 1]), "{request}");
    assert_eq!(request["tally"]["calls"], json!({ "dynamodb.BatchGetItem": 1 }));
    assert!(request["at"].as_str().is_some_and(|at| at.starts_with("2030-01-01T")) && request["ms"].is_u64(), "{request}");
    let lines = request["lines"].as_array().expect("lines");
    if request["logs_elsewhere"] == false {
        assert!(lines.iter().any(|line| line["message"] == "replied" && line["fields"]["status"] == "200"), "{request}");
    }

    let found = shown(&cloud, &format!("/_local/requests?q={}", refused.replace('=', "%3D"))).await;
    let [one] = found["requests"].as_array().expect("requests").as_slice() else { panic!("one request: {found}") };
    assert_eq!((&one["status"], &one["route"], &one["id"]), (&json!(401), &json!("/v1/sessions"), &json!(refused)));
    for (query, expected) in [
        ("failed=true", vec!["/nowhere/at-all", "/v1/sessions"]),
        ("q=NOWHERE", vec!["/nowhere/at-all"]),
        ("q=404", vec!["/nowhere/at-all"]),
        ("q=profile&failed=false", vec!["/v1/me?lang=pl"]),
        ("q=nobody", vec![]),
    ] {
        let found = shown(&cloud, &format!("/_local/requests?{query}")).await;
        let paths: Vec<_> = found["requests"].as_array().expect("requests").iter().map(|r| r["path"].as_str().expect("a path")).collect();
        assert_eq!(paths, expected, "{query}");
    }
    cloud.anonymous().get(&console(&cloud, "/_local/requests/unknown")).await.has(404);
}

/// Requests: what comes over a socket is among them.
/// Promise: local-console
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_are_among_the_requests() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let _socket = ana.socket().await;
    cloud.settle().await;
    let found = shown(&cloud, "/_local/requests?q=socket").await;
    let routes: Vec<_> = found["requests"].as_array().expect("requests").iter().filter(|r| r["method"] == "SOCKET").collect();
    assert!(routes.iter().any(|r| r["route"] == "$connect" && r["status"] == 200 && r["function"] == "socket"), "{found}");
}

/// Events: each shows its source, type and content, the functions that got it, and every attempt with its error and log lines.
/// Promise: local-console
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_shows_its_consumers_and_attempts() {
    let cloud = Cloud::start().await;
    let caller = cloud.anonymous();
    let fault = json!({ "service": "lambda", "function": "deliver", "mishap": "fail", "calls": 1 });
    let _ = caller.post(&console(&cloud, "/_local/faults"), fault).await.is(201);
    let _ = caller.post("/v1/registrations", json!({ "email": "ana@example.test" })).await.is(201);
    cloud.settle().await;
    let found = shown(&cloud, "/_local/events?q=challenge_issued").await;
    let [event] = found["events"].as_array().expect("events").as_slice() else { panic!("one event: {found}") };
    assert_eq!((&event["detail_type"], event["detail"]["event"]["challenge"].is_string()), (&json!("challenge_issued"), true), "{event}");
    assert!(event["source"].is_string() && event["bus"].is_string(), "{event}");
    let [delivery] = event["deliveries"].as_array().expect("deliveries").as_slice() else { panic!("one consumer: {event}") };
    assert_eq!(delivery["function"], "deliver");
    let [failed, done] = delivery["attempts"].as_array().expect("attempts").as_slice() else { panic!("two attempts: {event}") };
    assert!(failed["error"].as_str().is_some_and(|e| e.contains("scripted fault")) && done["error"].is_null(), "{event}");
    if !cloud.hosts.are_remote() {
        assert!(done["lines"].as_array().expect("lines").iter().any(|line| line["message"] == "delivered"), "{event}");
    }
    assert_eq!(shown(&cloud, "/_local/events?q=no_such_event").await, json!({ "events": [] }));
}

/// Files: the objects of the bucket are listed by key, and can be looked at without any script of theirs.
/// Promise: local-console
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_files_of_the_bucket_can_be_seen() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let file = encoded(&picture([200, 30, 30]), ImageFormat::Png);
    assert_eq!(upload(&cloud, &ana, &file, "image/png").await["state"], "published");
    let listed = shown(&cloud, "/_local/files").await;
    let (bucket, files) = (listed["bucket"].as_str().expect("a bucket"), listed["files"].as_array().expect("files"));
    let keys: Vec<&str> = files.iter().map(|f| f["key"].as_str().expect("a key")).collect();
    assert!(!keys.is_empty() && keys.is_sorted() && listed["next"].is_null(), "{listed}");
    let published = files.iter().find(|f| f["content_type"] == "image/jpeg").expect("the published picture");
    let key = published["key"].as_str().expect("a key");
    assert!(
        published["size"].as_u64() > Some(100) && published["at"].as_str().is_some_and(|at| at.starts_with("2030-01-01T")),
        "{published}"
    );
    let seen = cloud.anonymous().get(&console(&cloud, &format!("/_local/files/{bucket}/{key}"))).await;
    assert_eq!(
        (seen.has(200).header("content-type").as_str(), published["size"].as_u64()),
        ("image/jpeg", u64::try_from(seen.bytes.len()).ok())
    );
    assert!(seen.header("content-security-policy").starts_with("sandbox") && seen.header("content-disposition") == "inline");

    let prefix = key.split_once('/').expect("a folder").0;
    let some = shown(&cloud, &format!("/_local/files?bucket={bucket}&prefix={prefix}/&after={key}")).await;
    assert!(some["files"].as_array().expect("files").iter().all(|f| f["key"].as_str() > Some(key)), "{some}");
    for missing in
        ["/_local/files?bucket=nobody".to_owned(), format!("/_local/files/{bucket}/nothing"), "/_local/files/nobody/x".to_owned()]
    {
        cloud.anonymous().get(&console(&cloud, &missing)).await.has(404);
    }
}

/// Tables: the kinds that people look for are first, and a text is found in keys and in values.
/// Promise: local-console
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_begin_with_people_and_can_be_searched() {
    let cloud = Cloud::start().await;
    let (ana, bea) = (cloud.register("ana").await, cloud.member("bea").await);
    cloud.settle().await;
    let tables = cloud.anonymous().get(&console(&cloud, "/_local/tables")).await;
    let text = String::from_utf8_lossy(&tables.has(200).bytes).into_owned();
    let place = |kind: &str| text.find(&format!("\"{kind}\":")).unwrap_or_else(|| panic!("{kind} is not in {text}"));
    assert!(["user", "session", "password", "done", "limit"].map(place).is_sorted(), "{text}");
    let tables = tables.json();
    let base = format!("/_local/tables/{}", tables["tables"][0]["name"].as_str().expect("a name"));
    let kinds = async |query: &str| -> Vec<String> {
        let page = shown(&cloud, &format!("{base}?{query}")).await;
        page["items"].as_array().expect("items").iter().map(|i| i["kind"]["S"].as_str().expect("a kind").to_owned()).collect()
    };
    let all = kinds("limit=1000").await;
    assert_eq!((all[0].as_str(), all[1].as_str()), ("user", "user"));
    let first = |kind: &str| all.iter().position(|k| k == kind).expect("there");
    assert!(["session", "password", "done"].map(first).is_sorted(), "{all:?}");

    // In the key, in a value, in any case; in keys and values of one kind only; in one partition only.
    assert!(kinds(&format!("q={}", bea.id())).await.contains(&"user".to_owned()));
    assert_eq!(kinds("q=ANA@example&kind=user").await, ["user"]);
    let pk = format!("USER%23{}", ana.id());
    assert_eq!(kinds(&format!("q=ana@example.test&pk={pk}&kind=user")).await, ["user"]);
    assert!(kinds(&format!("q=bea@example.test&pk={pk}")).await.is_empty());
}

/// Faults: the next requests get a 429, a 503, a 500 or a late answer, and then no more.
/// Promise: local-faults
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_calls_of_a_service_fail_as_asked() {
    let cloud = Cloud::start().await;
    let (ana, caller) = (cloud.member("ana").await, cloud.anonymous());
    // Calls about the new member would take faults from those of the requests.
    cloud.settle().await;
    let faults = console(&cloud, "/_local/faults");
    let script = async |fault: Value| caller.post(&faults, fault).await.is(201)["id"].clone();
    let status = async |who: &Caller| who.get("/v1/me").await.status.as_u16();

    for (service, mishap, calls, expected) in [
        ("http_api", "throttle", 1, 429),
        ("http_api", "unavailable", 1, 503),
        ("http_api", "fail", 1, 500),
        ("lambda", "fail", 1, 500),
        ("lambda", "throttle", 1, 500),
        ("lambda", "lose_reply", 1, 500),
        // The SDK tries three times.
        ("dynamo_db", "fail", 3, 503),
        ("dynamo_db", "unavailable", 3, 503),
        ("dynamo_db", "throttle", 3, 503),
        ("dynamo_db", "fail", 2, 200),
        ("s3", "fail", 3, 200),
    ] {
        let id = script(json!({ "service": service, "mishap": mishap, "calls": calls })).await;
        assert_eq!(status(&ana).await, expected, "{service} {mishap}");
        assert_eq!(status(&ana).await, 200, "{service} {mishap}: once");
        let all = caller.get(&faults).await.is(200);
        let one = all["faults"].as_array().expect("faults").iter().find(|f| f["id"] == id).expect("it is listed").clone();
        let hits = if service == "s3" { 0 } else { calls };
        assert_eq!((&one["hits"], &one["over"]), (&json!(hits), &json!(hits == calls)), "{one}");
    }

    caller.delete(&faults).await.is(204);
    let _ = script(json!({ "service": "http_api", "mishap": "slow", "calls": 1, "delay_ms": 700 })).await;
    let begun = Instant::now();
    assert_eq!((status(&ana).await, begun.elapsed() >= Duration::from_millis(700)), (200, true));

    // Only one route of one function; a request whose reply is lost has been executed.
    let route = json!({ "service": "http_api", "mishap": "fail", "calls": 0, "operation": "GET /v1/me", "function": "profile" });
    let always = script(route).await;
    assert_eq!((status(&ana).await, status(&ana).await, ana.get("/v1/rooms").await.status.as_u16()), (500, 500, 200));
    caller.delete(&format!("{faults}/{always}")).await.is(204);
    assert_eq!(status(&ana).await, 200);
    caller.delete(&format!("{faults}/{always}")).await.is(404);
    assert_eq!(shown(&cloud, "/_local/status").await["counts"]["faults"], 0);

    for wrong in [
        json!({}),
        json!({ "service": "nobody", "mishap": "fail", "calls": 1 }),
        json!({ "service": "s3", "mishap": "explode", "calls": 1 }),
        json!({ "service": "s3", "mishap": "slow", "calls": 1 }),
        json!({ "service": "s3", "mishap": "fail", "calls": 1, "delay_ms": 5 }),
        json!({ "service": "s3", "mishap": "fail", "calls": 10_001 }),
        json!({ "service": "s3", "mishap": "fail", "calls": 1, "function": "nobody" }),
    ] {
        let refused = caller.post(&faults, wrong.clone()).await;
        assert!(refused.status.is_client_error(), "{wrong}: {refused:?}");
    }
}

/// Faults: if the reply to a request is lost, the request has been executed, and its client sees a broken connection.
/// Promise: local-faults
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_whose_reply_is_lost_was_executed() {
    let cloud = Cloud::start().await;
    let caller = cloud.anonymous();
    let fault = json!({ "service": "http_api", "mishap": "lose_reply", "calls": 1, "operation": "POST /v1/registrations" });
    let _ = caller.post(&console(&cloud, "/_local/faults"), fault).await.is(201);
    let client = reqwest::Client::new();
    let request = client.post(format!("{}/v1/registrations", cloud.urls.api)).json(&json!({ "email": "ana@example.test" }));
    let lost = async { request.send().await?.bytes().await };
    assert!(lost.await.is_err(), "the connection breaks off");
    assert!(cloud.mail_to("ana@example.test").await.code.is_some(), "the code has been mailed all the same");
}
