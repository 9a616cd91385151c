//! The endpoints as functions use them: real SDK clients, signed requests, and real events to test functions.

#![expect(clippy::expect_used, clippy::panic, reason = "the helpers of tests are tests too")]

mod cloud;
mod gateways;
mod strict;

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use aws_sdk_dynamodb::{error::ProvideErrorMetadata as _, types::AttributeValue};
use aws_sdk_s3::{presigning::PresigningConfig, primitives::ByteStream};
use axum::{Router, http::StatusCode};
use cloud::{Cloud, item};
use local::{
    Options, Storage,
    aws::{
        Service,
        faults::{Fault, Target},
    },
};
use serde_json::json;
use store::{
    BoundedList, StoreError, Tx,
    limits::{self, Limit, LimitError, Quota},
};
use tokio::{net::TcpListener, task::JoinSet};

const TABLE: &str = "test-state";
const BUCKET: &str = "test-files";

#[tokio::test]
async fn a_function_may_do_what_its_policy_says_and_nothing_else() {
    let cloud = Cloud::start().await;
    let writer = cloud.dynamodb("Writer");
    writer.put_item().table_name(TABLE).set_item(Some(item("A", "user"))).send().await.expect("allowed");
    let found = writer.get_item().table_name(TABLE).set_key(Some(cloud::key("A"))).send().await.expect("allowed").item.expect("item");
    assert_eq!(found.get("kind"), Some(&AttributeValue::S("user".into())));

    let denied = writer.scan().table_name(TABLE).send().await.expect_err("denied");
    assert_eq!(denied.code(), Some("AccessDeniedException"));
    let message = denied.message().unwrap_or_default();
    assert!(
        message.contains("dynamodb:Scan") && message.ends_with("because no identity-based policy allows the dynamodb:Scan action"),
        "{message}"
    );
    let stranger = cloud.dynamodb("Stranger").get_item().table_name(TABLE).set_key(Some(cloud::key("A"))).send().await.expect_err("denied");
    assert_eq!(stranger.code(), Some("AccessDeniedException"));

    let used: Vec<_> = cloud.aws.calls.permissions().into_iter().map(|p| format!("{} {}", p.function, p.action)).collect();
    assert_eq!(used, ["Writer dynamodb:GetItem", "Writer dynamodb:PutItem"]);
}

#[tokio::test]
async fn a_table_may_forbid_what_a_policy_allows() {
    let cloud = Cloud::start().await;
    let writer = cloud.dynamodb("Writer");
    writer.put_item().table_name("test-audit").item("pk", AttributeValue::S("A".into())).send().await.expect("allowed");
    let denied = writer.delete_item().table_name("test-audit").key("pk", AttributeValue::S("A".into())).send().await.expect_err("denied");
    assert!(denied.message().unwrap_or_default().ends_with("with an explicit deny in a resource-based policy"), "{denied:?}");
}

#[tokio::test]
async fn a_call_with_the_secret_of_another_function_is_refused() {
    let cloud = Cloud::start().await;
    let wrong = cloud.aws_of("Writer", |env| drop(env.insert("AWS_SECRET_ACCESS_KEY", "x".repeat(40))));
    let error = cloud.dynamodb_of(&wrong).get_item().table_name(TABLE).set_key(Some(cloud::key("A"))).send().await.expect_err("refused");
    assert_eq!(error.code(), Some("InvalidSignatureException"));
    let unknown = cloud.aws_of("Writer", |env| drop(env.insert("AWS_ACCESS_KEY_ID", "ASIAUNKNOWN".into())));
    let error = cloud.dynamodb_of(&unknown).get_item().table_name(TABLE).set_key(Some(cloud::key("A"))).send().await.expect_err("refused");
    assert_eq!(error.code(), Some("UnrecognizedClientException"));
    let stolen = cloud.aws_of("Writer", |env| drop(env.insert("AWS_SESSION_TOKEN", "other".into())));
    let error = cloud.dynamodb_of(&stolen).get_item().table_name(TABLE).set_key(Some(cloud::key("A"))).send().await.expect_err("refused");
    assert_eq!(error.code(), Some("UnrecognizedClientException"));
}

#[tokio::test]
async fn conditions_and_transactions_fail_as_on_aws() {
    let cloud = Cloud::start().await;
    let writer = cloud.dynamodb("Writer");
    let put = || writer.put_item().table_name(TABLE).set_item(Some(item("A", "user"))).condition_expression("attribute_not_exists(pk)");
    put().send().await.expect("new");
    let again = put().send().await.expect_err("refused").into_service_error();
    assert!(again.is_conditional_check_failed_exception(), "{again:?}");

    let conflict = cloud.aws.faults.script(Target { operation: Some("TransactWriteItems".into()), ..Target::default() }, Fault::Conflict);
    let part = aws_sdk_dynamodb::types::Put::builder().table_name(TABLE).set_item(Some(item("B", "user"))).build().expect("put");
    let part = aws_sdk_dynamodb::types::TransactWriteItem::builder().put(part).build();
    let error = writer.transact_write_items().transact_items(part).send().await.expect_err("refused").into_service_error();
    let reasons: Vec<_> = match error {
        aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(e) => {
            e.cancellation_reasons().iter().map(|r| r.code().unwrap_or_default().to_owned()).collect()
        }
        other => panic!("{other:?}"),
    };
    assert_eq!((reasons, conflict.hits()), (vec!["TransactionConflict".to_owned()], 1));
}

#[tokio::test]
async fn the_calls_of_an_operation_are_counted() {
    let cloud = Cloud::start().await;
    let writer = cloud.dynamodb("Writer");
    cloud.aws.calls.open("Root=1-test");
    let work = async {
        writer.put_item().table_name(TABLE).set_item(Some(item("A", "user"))).send().await.expect("put");
        let reply = writer.get_item().table_name(TABLE).set_key(Some(cloud::key("A"))).send().await.expect("got");
        assert!(reply.consumed_capacity.is_none(), "nobody asked for it");
    };
    function::trace::scope(Some("Root=1-test".into()), work).await;
    writer.get_item().table_name(TABLE).set_key(Some(cloud::key("A"))).send().await.expect("counted for nobody");
    assert_eq!(cloud.aws.calls.close("Root=1-test", "test", true).to_string(), "calls=2 rcu=0.5 wcu=1");
}

#[tokio::test]
async fn the_sdk_recognises_scripted_faults() {
    let cloud = Cloud::start().await;
    let writer = cloud.dynamodb("Writer");
    for fault in [Fault::Throttle, Fault::Internal, Fault::Unavailable, Fault::LostAfter] {
        let script = cloud.aws.faults.script(Target { service: Some(Service::DynamoDb), times: 2, ..Target::default() }, fault);
        writer.put_item().table_name(TABLE).set_item(Some(item("A", "user"))).send().await.unwrap_or_else(|e| panic!("{fault:?}: {e:?}"));
        assert_eq!(script.hits(), 2, "{fault:?} is tried again");
        script.end();
    }
}

#[tokio::test]
async fn a_hit_is_given_back_once() {
    let cloud = Cloud::start().await;
    let aws = cloud.aws_of("Writer", |env| drop(env.insert("AWS_ENDPOINT_URL_DYNAMODB", cloud.urls.aws.clone())));
    let table = store::Table::new(&aws, &cloud.sys, TABLE);
    let limit = Quota::window("test", 1, limits::HOUR, "hits").of("ana");
    let take = async || limits::take(&table, cloud.sys.now(), std::slice::from_ref(&limit)).await;
    limits::give_back(&table, &limit).await.expect("nothing is owed");
    take().await.expect("one");
    for _ in 0..2 {
        limits::give_back(&table, &limit).await.expect("given back");
    }
    take().await.expect("one again");
    take().await.expect_err("one, not two");
}

/// What no attempt could count is not taken for counted.
#[tokio::test]
async fn a_hit_that_was_not_counted_is_an_error() {
    const REFUSED: &str =
        r#"{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"The conditional request failed"}"#;
    let cloud = Cloud::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let refusing = format!("http://{}", listener.local_addr().expect("address"));
    let router = Router::new().fallback(async || (StatusCode::BAD_REQUEST, [("content-type", "application/x-amz-json-1.0")], REFUSED));
    let mut listening = JoinSet::new();
    listening.spawn(async move { axum::serve(listener, router).await.expect("served") });
    let aws = cloud.aws_of("Writer", |env| drop(env.insert("AWS_ENDPOINT_URL_DYNAMODB", refusing)));
    let table = store::Table::new(&aws, &cloud.sys, TABLE);
    let limit = Quota::window("test", 3, limits::HOUR, "refused cards").of("ana");
    let counted = limits::record_different(&table, cloud.sys.now(), &limit, "a card").await;
    assert!(matches!(counted, Err(StoreError::Unavailable(_))), "{counted:?}");
}

/// A list that has items from before they were counted is counted before the first change, once, and has its limit from then on.
#[tokio::test]
async fn a_list_is_counted_before_its_first_change() {
    const LIST: BoundedList = BoundedList::new("test", "THINGS", 4);
    let cloud = Cloud::start().await;
    let writer = cloud.dynamodb("Writer");
    let aws = cloud.aws_of("Writer", |env| drop(env.insert("AWS_ENDPOINT_URL_DYNAMODB", cloud.urls.aws.clone())));
    let table = store::Table::new(&aws, &cloud.sys, TABLE);
    let add = async |name: &str| {
        let mut thing = item("THINGS", "thing");
        thing.insert("sk".into(), AttributeValue::S(name.into()));
        writer.put_item().table_name(TABLE).set_item(Some(thing)).send().await.expect("put");
    };
    for name in ["a", "b", "c"] {
        add(name).await;
    }
    let change = async |grows: bool| {
        let list = LIST.counted(&table).await.expect("counted");
        let mut tx = Tx::new();
        if grows {
            let _ = list.grow(&mut tx);
        } else {
            list.shrink(&mut tx);
        }
        table.commit(tx).await
    };
    change(true).await.expect("a fourth one");
    // Of a counted list the items are not counted again.
    add("d").await;
    change(true).await.expect_err("it is full");
    change(false).await.expect("one less");
    change(true).await.expect("the place of the deleted one");
    change(true).await.expect_err("it is full again");
}

/// A refilling limit admits several hits at once and gives each back after one interval. A hit may count as several, or leave some
/// for others. No more pass however many come at once.
#[tokio::test]
async fn a_refilling_limit_gives_back_one_after_the_other() {
    let cloud = Cloud::start().await;
    let aws = cloud.aws_of("Writer", |env| drop(env.insert("AWS_ENDPOINT_URL_DYNAMODB", cloud.urls.aws.clone())));
    let table = store::Table::new(&aws, &cloud.sys, TABLE);
    let limit = Quota::refilling("test", 6, limits::HOUR, "hits").of("ana");
    let began = cloud.sys.now();
    let take = async |limit: &Limit, hours: u32| {
        let taken = limits::take(&table, began + limits::HOUR.saturating_mul(hours), std::slice::from_ref(limit)).await;
        taken.map_err(|e| if let LimitError::Reached(reached) = e { reached.wait } else { panic!("{e}") })
    };
    let at_once = futures_util::future::join_all((0..20).map(|_| take(&limit, 0))).await;
    assert!((1..=6).contains(&at_once.iter().filter(|taken| taken.is_ok()).count()));
    while take(&limit, 0).await.is_ok() {}
    for (asked, hours, passes) in [
        (&limit, 0, Err(limits::HOUR)),
        (&limit, 1, Ok(())),
        (&limit, 1, Err(limits::HOUR)),
        (&limit.clone().leaving(1), 2, Err(limits::HOUR)),
        (&limit.clone().weighing(2), 2, Err(limits::HOUR)),
        (&limit.clone().weighing(2), 3, Ok(())),
        (&limit, 3, Err(limits::HOUR)),
        (&limit.clone().weighing(6), 9, Ok(())),
        (&limit, 9, Err(limits::HOUR)),
    ] {
        assert_eq!(take(asked, hours).await, passes, "{hours} hours later: {asked:?}");
    }
    limits::give_back(&table, &limit).await.expect("given back");
    take(&limit, 9).await.expect("what was given back");
    take(&limit, 9).await.expect_err("and no more");
}

#[tokio::test]
async fn writes_reach_the_consumer_of_the_stream() {
    let cloud = Cloud::start().await;
    let writer = cloud.dynamodb("Writer");
    writer.put_item().table_name(TABLE).set_item(Some(item("A", "user"))).send().await.expect("put");
    writer.put_item().table_name(TABLE).set_item(Some(item("B", "outbox"))).send().await.expect("put");
    cloud.activity.quiet().await;
    let events = cloud.received("relay");
    assert_eq!(events.len(), 1, "{events:?}");
    let record = &events[0]["Records"][0];
    assert_eq!(record["dynamodb"]["NewImage"]["pk"]["S"], "B");
    assert_eq!((record["eventName"].as_str(), record["awsRegion"].as_str()), (Some("INSERT"), Some("eu-central-1")));
    assert!(record["eventSourceARN"].as_str().unwrap_or_default().contains(":table/test-state/stream/"), "{record}");
}

#[tokio::test]
async fn a_poison_record_fails_alone_and_becomes_a_dead_letter() {
    let cloud = Cloud::start().await;
    cloud.answer("relay", |event| {
        let records = event["Records"].as_array().cloned().unwrap_or_default();
        if records.iter().any(|r| r["dynamodb"]["NewImage"]["pk"]["S"] == "POISON") { Err("poisoned".into()) } else { Ok(json!(null)) }
    });
    let writer = cloud.dynamodb("Writer");
    for pk in ["A", "POISON", "B"] {
        writer.put_item().table_name(TABLE).set_item(Some(item(pk, "outbox"))).send().await.expect("put");
    }
    cloud.activity.quiet().await;
    let letters = cloud.aws.dead_letters.list();
    assert_eq!(letters.len(), 1);
    assert!(letters[0].event.get().contains("POISON") && !letters[0].event.get().contains("\"B\""), "{}", letters[0].event);
    let handled: Vec<_> = cloud.handled("relay").into_iter().flat_map(|e| e["Records"].as_array().cloned().unwrap_or_default()).collect();
    let keys: Vec<_> = handled.iter().filter_map(|r| r["dynamodb"]["NewImage"]["pk"]["S"].as_str()).collect();
    assert_eq!(keys, ["A", "B"]);
}

#[tokio::test]
async fn an_event_reaches_the_functions_whose_rule_it_matches() {
    let cloud = Cloud::start().await;
    let put = |source: &'static str, detail_type: &'static str| {
        let entry = aws_sdk_eventbridge::types::PutEventsRequestEntry::builder().source(source).detail_type(detail_type);
        cloud.eventbridge("Writer").put_events().entries(entry.detail(r#"{"to":"x"}"#).event_bus_name("test-bus").build()).send()
    };
    assert_eq!(put("stoa", "mail_requested").await.expect("taken").failed_entry_count(), 0);
    put("stoa", "other").await.expect("taken");
    assert_eq!(put("other", "mail_requested").await.expect_err("denied").code(), Some("AccessDeniedException"));
    cloud.activity.quiet().await;
    let events = cloud.received("consumer");
    assert_eq!(events.len(), 1);
    assert_eq!((events[0]["detail"]["to"].as_str(), events[0]["detail-type"].as_str()), (Some("x"), Some("mail_requested")));
}

/// The stop waits for a delivery that failed twice and waits for its retry, because its record has left the stream.
#[tokio::test]
async fn pending_work_is_completed_before_the_stop() {
    let cloud = Cloud::start().await;
    let tries = AtomicU32::new(0);
    cloud.answer("consumer", move |_| if tries.fetch_add(1, Ordering::Relaxed) < 2 { Err("not yet".into()) } else { Ok(json!(null)) });
    let entry = aws_sdk_eventbridge::types::PutEventsRequestEntry::builder().source("stoa").detail_type("mail_requested");
    let entry = entry.detail("{}").event_bus_name("test-bus").build();
    cloud.eventbridge("Writer").put_events().entries(entry).send().await.expect("put");
    let api = cloud.urls.api.clone();
    assert_eq!(cloud.stop("consumer").await.len(), 1);
    assert!(reqwest::get(api).await.is_err(), "nobody listens any more");
}

/// An event of the bus and a notification of the bucket that were being handled when the process was killed come again, once.
#[tokio::test]
async fn what_was_accepted_survives_a_kill() {
    let folder = tempfile::tempdir().expect("folder");
    let kept = || Storage::Folder(folder.path().join("state"));
    let first = Cloud::start_in(kept()).await;
    first.answer("consumer", |_| Err(cloud::NEVER.into()));
    let entry = aws_sdk_eventbridge::types::PutEventsRequestEntry::builder().source("stoa").detail_type("mail_requested");
    first.eventbridge("Writer").put_events().entries(entry.detail("{}").event_bus_name("test-bus").build()).send().await.expect("put");
    first.s3("Writer").put_object().bucket(BUCKET).key("incoming/x").body(ByteStream::from_static(b"x")).send().await.expect("put");
    while first.received("consumer").len() < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    drop(first);

    let second = Cloud::start_in(kept()).await;
    second.activity.quiet().await;
    let handled = second.handled("consumer");
    assert_eq!(handled.len(), 2, "{handled:?}");
    assert!(handled.iter().any(|e| e["detail-type"] == "mail_requested"), "{handled:?}");
    assert!(handled.iter().any(|e| e["Records"][0]["s3"]["object"]["key"] == "incoming/x"), "{handled:?}");
    drop(second);

    let third = Cloud::start_in(kept()).await;
    third.activity.quiet().await;
    assert!(third.received("consumer").is_empty());
}

#[tokio::test]
async fn mails_and_text_messages_go_to_the_inbox() {
    let cloud = Cloud::start().await;
    let mime = "From: no-reply@stoa.test\r\nTo: anna@example.test\r\nSubject: Hi\r\nContent-Type: text/html\r\n\r\n\
                <p>The code of 2026:</p><p class=\"one-time-code\">123456</p>\r\n";
    let mail = |from: &'static str| {
        let raw = aws_sdk_ses::types::RawMessage::builder().data(aws_sdk_ses::primitives::Blob::new(mime)).build().expect("raw");
        cloud.ses("Writer").send_raw_email().source(from).raw_message(raw).send()
    };
    assert!(!mail("no-reply@stoa.test").await.expect("sent").message_id().is_empty());
    assert_eq!(mail("other@stoa.test").await.expect_err("denied").code(), Some("AccessDenied"));
    let message = cloud.inbox.wait("anna@example.test", 0, Duration::from_secs(5)).await.expect("mail");
    assert_eq!(message.code.as_deref(), Some("123456"));

    cloud.sns("Writer").publish().phone_number("+48123456789").message("Kod 4711\n\n@stoa.test #4711").send().await.expect("sent");
    let message = cloud.inbox.wait("+48123456789", 0, Duration::from_secs(5)).await.expect("text message");
    assert_eq!(message.code.as_deref(), Some("4711"));
    let topic = cloud.sns("Writer").publish().topic_arn("arn:aws:sns:eu-central-1:000000000000:alarms").message("x").send().await;
    let denied = topic.expect_err("denied");
    assert_eq!(denied.code(), Some("AuthorizationError"), "numbers are no ARNs, topics are: {denied:?}");
    let invalid = cloud.sns("Writer").publish().phone_number("123").message("x").send().await.expect_err("refused");
    assert_eq!(invalid.code(), Some("InvalidParameter"));
}

#[tokio::test]
async fn a_presigned_upload_is_valid_for_its_file_and_its_time() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3("Writer");
    let link = |key: &'static str| {
        let start = std::time::UNIX_EPOCH + Duration::from_millis(cloud.clock.now().millis().unsigned_abs());
        let config = PresigningConfig::builder().start_time(start).expires_in(Duration::from_secs(600)).build().expect("config");
        s3.put_object().bucket(BUCKET).key(key).content_type("image/png").content_length(4).presigned(config)
    };
    let http = reqwest::Client::new();
    let put = |url: &str, content_type: &str, body: &'static str| http.put(url).header("content-type", content_type).body(body).send();
    cloud.clock.advance(Duration::from_secs(30 * 24 * 3600)).expect("moved");

    let url = link("incoming/a b.png").await.expect("link");
    assert_eq!(put(url.uri(), "image/jpeg", "data").await.expect("answer").status(), 403, "another type");
    assert_eq!(put(url.uri(), "image/png", "data, and more").await.expect("answer").status(), 403, "another length");
    assert_eq!(put(url.uri(), "image/png", "data").await.expect("answer").status(), 200);
    cloud.clock.advance(Duration::from_secs(601)).expect("moved");
    let late = put(url.uri(), "image/png", "data").await.expect("answer");
    assert_eq!(late.status(), 403);
    assert!(late.text().await.expect("text").contains("Request has expired"));
    let elsewhere = link("public/a.png").await.expect("link");
    assert_eq!(put(elsewhere.uri(), "image/png", "data").await.expect("answer").status(), 403, "beyond the policy");

    cloud.activity.quiet().await;
    let events = cloud.received("consumer");
    assert_eq!(events.len(), 1, "{events:?}");
    let object = &events[0]["Records"][0]["s3"]["object"];
    assert_eq!((object["key"].as_str(), object["size"].as_i64()), (Some("incoming/a+b.png"), Some(4)));
    assert_eq!(object["eTag"].as_str().map(str::len), Some(32));
}

/// Nobody can add headers that the link does not cover.
#[tokio::test]
async fn a_presigned_request_with_an_unsigned_amz_header_is_refused() {
    const HEADERS: [(&str, &str); 14] = [
        ("x-amz-acl", "public-read"),
        ("x-amz-tagging", "a=b"),
        ("x-amz-meta-owner", "somebody"),
        ("x-amz-storage-class", "GLACIER"),
        ("x-amz-website-redirect-location", "https://evil.test/"),
        ("x-amz-copy-source", "bucket/public/other"),
        ("x-amz-server-side-encryption", "aws:kms"),
        ("x-amz-server-side-encryption-customer-algorithm", "AES256"),
        ("x-amz-object-lock-mode", "GOVERNANCE"),
        ("x-amz-grant-read", "uri=http://acs.amazonaws.com/groups/global/AllUsers"),
        ("x-amz-checksum-sha256", "OowebzZhmoMYPIcF4vMnMppgh6QBjyI2J3FTAChgW0E="),
        ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
        ("X-Amz-Date", "20300101T000000Z"),
        ("x-amz-request-payer", "requester"),
    ];
    let cloud = Cloud::start().await;
    let s3 = cloud.s3("Writer");
    let config = || {
        let start = std::time::UNIX_EPOCH + Duration::from_millis(cloud.clock.now().millis().unsigned_abs());
        PresigningConfig::builder().start_time(start).expires_in(Duration::from_secs(600)).build().expect("config")
    };
    let put = || s3.put_object().bucket(BUCKET).key("incoming/x").content_type("image/png");
    let link = put().presigned(config()).await.expect("link");
    let http = reqwest::Client::new();
    let upload = |name: &str, value: &str| http.put(link.uri()).header("content-type", "image/png").header(name, value).body("data").send();
    for (name, value) in HEADERS {
        let refused = upload(name, value).await.expect("answer");
        assert_eq!(refused.status(), 403, "{name}");
        let text = refused.text().await.expect("text");
        assert!(text.contains("AccessDenied") && text.contains("which were not signed"), "{name}: {text}");
    }
    cloud.activity.quiet().await;
    assert!(cloud.received("consumer").is_empty(), "nothing was stored");
    // Other headers can be added. A header that the link covers must have its signed value.
    for (name, value) in [("x-amzn-trace-id", "Root=1-0-0"), ("user-agent", "test"), ("x-other", "y")] {
        assert_eq!(upload(name, value).await.expect("answer").status(), 200, "{name}");
    }
    let tagged = put().tagging("a=b").presigned(config()).await.expect("link");
    let named: Vec<_> = tagged.headers().filter(|(name, _)| name.starts_with("x-amz-")).collect();
    assert_eq!(named, [("x-amz-tagging", "a=b")]);
    for (value, status) in [("a=b", 200), ("a=c", 403)] {
        let answer = http.put(tagged.uri()).header("content-type", "image/png").header("x-amz-tagging", value).body("data").send();
        assert_eq!(answer.await.expect("answer").status(), status, "{value}");
    }
    let got = s3.get_object().bucket(BUCKET).key("incoming/x").presigned(config()).await.expect("link");
    assert_eq!(http.get(got.uri()).header("x-amz-request-payer", "requester").send().await.expect("answer").status(), 403);
    assert_eq!(http.get(got.uri()).send().await.expect("answer").status(), 200);
}

#[tokio::test]
async fn objects_are_stored_and_missing_ones_are_forbidden() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3("Writer");
    let put = s3.put_object().bucket(BUCKET).key("incoming/x").content_type("text/plain").body(ByteStream::from_static(b"hello"));
    put.send().await.expect("put");
    let got = s3.get_object().bucket(BUCKET).key("incoming/x").send().await.expect("got");
    assert_eq!(got.content_type(), Some("text/plain"));
    assert_eq!(got.body.collect().await.expect("body").into_bytes().as_ref(), b"hello");
    s3.delete_object().bucket(BUCKET).key("incoming/x").send().await.expect("deleted");
    let missing = s3.get_object().bucket(BUCKET).key("incoming/x").send().await.expect_err("gone");
    assert_eq!(missing.code(), Some("AccessDenied"), "who may not list does not learn what is not there");
    let left: Vec<_> = std::fs::read_dir(cloud.aws.s3.root()).expect("folder").map(|e| e.expect("entry").file_name()).collect();
    assert_eq!(left, [BUCKET], "nothing is left beside the bucket");

    let throttled = cloud.aws.faults.script(Target { service: Some(Service::S3), times: 1, ..Target::default() }, Fault::Throttle);
    s3.put_object().bucket(BUCKET).key("incoming/y").body(ByteStream::from_static(b"x")).send().await.expect("tried again");
    assert_eq!(throttled.hits(), 1);
}

#[tokio::test]
async fn a_browser_may_upload_from_allowed_origins_only() {
    let cloud = Cloud::start().await;
    let asks = |origin: &'static str| {
        let url = format!("{}/{BUCKET}/incoming/x", cloud.urls.aws);
        let request = reqwest::Client::new().request(reqwest::Method::OPTIONS, url).header("origin", origin);
        request.header("access-control-request-method", "PUT").send()
    };
    assert_eq!(asks("https://stoa.test").await.expect("answer").status(), 200);
    assert_eq!(asks("https://evil.test").await.expect("answer").status(), 403);
    let anonymous = reqwest::get(format!("{}/{BUCKET}/incoming/x", cloud.urls.aws)).await.expect("answer");
    assert_eq!(anonymous.status(), 403);

    let s3 = cloud.s3("Writer");
    s3.put_object().bucket(BUCKET).key("incoming/x").body(ByteStream::from_static(b"hello")).send().await.expect("put");
    let config = PresigningConfig::expires_in(Duration::from_secs(60)).expect("config");
    let link = s3.get_object().bucket(BUCKET).key("incoming/x").presigned(config).await.expect("link");
    let got = reqwest::get(link.uri()).await.expect("answer");
    assert_eq!((got.status().as_u16(), got.text().await.expect("text").as_str()), (200, "hello"));
    let forged = link.uri().replace("incoming/x", "incoming/y");
    assert_eq!(reqwest::get(forged).await.expect("answer").status(), 403);
}

#[tokio::test]
async fn expired_items_are_deleted() {
    let cloud = Cloud::start().await;
    let writer = cloud.dynamodb("Writer");
    let mut expiring = item("A", "limit");
    expiring.insert("ttl".into(), AttributeValue::N((cloud.clock.now().seconds() + 60).to_string()));
    writer.put_item().table_name(TABLE).set_item(Some(expiring)).send().await.expect("put");
    let there = || async { writer.get_item().table_name(TABLE).set_key(Some(cloud::key("A"))).send().await.expect("got").item.is_some() };
    cloud.aws.sweep(&cloud).await.expect("swept");
    assert!(there().await);
    cloud.clock.advance(Duration::from_secs(62)).expect("moved");
    cloud.aws.sweep(&cloud).await.expect("swept");
    assert!(!there().await);
}

/// What expired while no local cloud was running is deleted at the start.
#[tokio::test]
async fn what_expired_before_the_start_is_deleted() {
    let folder = tempfile::tempdir().expect("folder");
    let kept = || Storage::Folder(folder.path().join("state"));
    let first = Cloud::start_in(kept()).await;
    let now = first.clock.now();
    let mut expiring = item("A", "limit");
    expiring.insert("ttl".into(), AttributeValue::N((now.seconds() + 60).to_string()));
    first.dynamodb("Writer").put_item().table_name(TABLE).set_item(Some(expiring)).send().await.expect("put");
    first.activity.quiet().await;
    drop(first);

    let later = Some(now + Duration::from_secs(120));
    let second = Cloud::start_with(Options { storage: kept(), now: later, ..Options::default() }).await;
    second.activity.quiet().await;
    let get = second.dynamodb("Writer").get_item().table_name(TABLE).set_key(Some(cloud::key("A")));
    assert!(get.send().await.expect("got").item.is_none());
}

#[tokio::test]
async fn state_and_the_position_in_a_stream_survive_a_restart() {
    let folder = tempfile::tempdir().expect("folder");
    let kept = || Storage::Folder(folder.path().join("state"));
    let first = Cloud::start_in(kept()).await;
    first.dynamodb("Writer").put_item().table_name(TABLE).set_item(Some(item("A", "outbox"))).send().await.expect("put");
    first.activity.quiet().await;
    assert_eq!(first.received("relay").len(), 1);
    drop(first);

    let second = Cloud::start_in(kept()).await;
    let writer = second.dynamodb("Writer");
    assert!(writer.get_item().table_name(TABLE).set_key(Some(cloud::key("A"))).send().await.expect("got").item.is_some());
    writer.put_item().table_name(TABLE).set_item(Some(item("B", "outbox"))).send().await.expect("put");
    second.activity.quiet().await;
    let keys: Vec<_> = second.received("relay").iter().map(|e| e["Records"][0]["dynamodb"]["Keys"]["pk"]["S"].clone()).collect();
    assert_eq!(keys, ["B"]);
}
