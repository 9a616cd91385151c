//! Requests that AWS refuses are refused here too, with the SDK clients that functions use.

use std::time::Duration;

use aws_sdk_dynamodb::error::ProvideErrorMetadata as _;
use aws_sdk_s3::{
    Client,
    config::Builder,
    presigning::PresigningConfig,
    primitives::ByteStream,
    types::{Delete, ObjectIdentifier},
};
use aws_sdk_ses::{primitives::Blob, types::RawMessage};
use aws_sdk_sns::types::MessageAttributeValue;
use local::credentials::OPERATOR;

use super::{BUCKET, TABLE, cloud, cloud::Cloud};

const ELSEWHERE: &str = "us-east-1";

#[tokio::test]
async fn a_signature_for_another_region_is_refused() {
    let cloud = Cloud::start().await;
    let elsewhere = cloud.aws_of("Writer", |env| drop(env.insert("AWS_REGION", ELSEWHERE.to_owned())));
    let table = cloud.dynamodb_of(&elsewhere);
    let refused = table.get_item().table_name(TABLE).set_key(Some(cloud::key("A"))).send().await.expect_err("refused");
    assert_eq!(refused.code(), Some("InvalidSignatureException"));
    assert!(refused.message().is_some_and(|m| m.contains("valid region")), "{refused:?}");

    let s3 = Client::from_conf(Builder::from(elsewhere.sdk()).endpoint_url(&cloud.urls.aws).force_path_style(true).build());
    let put = || s3.put_object().bucket(BUCKET).key("incoming/x").body(ByteStream::from_static(b"x"));
    let refused = put().send().await.expect_err("refused");
    assert_eq!(refused.code(), Some("AuthorizationHeaderMalformed"), "{refused:?}");
    let link = put().presigned(PresigningConfig::expires_in(Duration::from_secs(60)).expect("config")).await.expect("link");
    let refused = reqwest::Client::new().put(link.uri()).body("x").send().await.expect("answer");
    assert_eq!(refused.status(), 400);
    let text = refused.text().await.expect("text");
    assert!(text.contains("AuthorizationQueryParametersError") && text.contains("eu-central-1"), "{text}");
}

#[tokio::test]
async fn a_put_with_a_wrong_checksum_leaves_what_was_there() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3("Writer");
    let put = |body: &'static [u8]| s3.put_object().bucket(BUCKET).key("incoming/x").body(ByteStream::from_static(body));
    let wrong_sha256 = "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=";
    for round in ["nothing", "an object"] {
        let refused = put(b"torn").checksum_sha256(wrong_sha256).send().await.expect_err("refused");
        assert_eq!(refused.code(), Some("BadDigest"), "{round}: {refused:?}");
        let refused = put(b"torn").content_md5("rL0Y20zC+Fzt72VPzMSk2A==").send().await.expect_err("refused");
        assert_eq!(refused.code(), Some("BadDigest"), "{round}: {refused:?}");
        let got = s3.get_object().bucket(BUCKET).key("incoming/x").send().await;
        if round == "nothing" {
            assert_eq!(got.expect_err("nothing").code(), Some("AccessDenied"));
            put(b"good").content_type("text/plain").send().await.expect("put");
        } else {
            let got = got.expect("the former object");
            assert_eq!(got.content_type(), Some("text/plain"));
            assert_eq!(got.body.collect().await.expect("body").into_bytes().as_ref(), b"good");
        }
    }
    let left: Vec<_> = std::fs::read_dir(cloud.aws.s3.root()).expect("folder").map(|e| e.expect("entry").file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with(".tmp")), "{left:?}");
    cloud.activity.quiet().await;
    assert_eq!(cloud.received("consumer").len(), 1, "only the good one is notified");
}

#[tokio::test]
async fn a_conditional_read_is_answered_without_the_object() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3("Writer");
    s3.put_object().bucket(BUCKET).key("incoming/x").body(ByteStream::from_static(b"hello")).send().await.expect("put");
    let config = || PresigningConfig::expires_in(Duration::from_secs(60)).expect("config");
    let read = s3.get_object().bucket(BUCKET).key("incoming/x").presigned(config()).await.expect("link");
    let head = s3.head_object().bucket(BUCKET).key("incoming/x").presigned(config()).await.expect("link");
    let http = reqwest::Client::new();
    let whole = http.get(read.uri()).send().await.expect("answer");
    let value = |name: &str| whole.headers().get(name).and_then(|v| v.to_str().ok()).expect("a header").to_owned();
    let (tag, written) = (value("etag"), value("last-modified"));
    for (name, value, status) in [
        ("if-none-match", tag.as_str(), 304),
        ("if-none-match", "\"other\"", 200),
        ("if-modified-since", written.as_str(), 304),
        ("if-match", tag.as_str(), 200),
        ("if-match", "\"other\"", 412),
        ("if-unmodified-since", "Tue, 01 Jan 2019 12:00:00 GMT", 412),
    ] {
        let got = http.get(read.uri()).header(name, value).send().await.expect("answer");
        assert_eq!(got.status(), status, "{name}: {value}");
        if status == 304 {
            assert_eq!(got.headers().get("etag").and_then(|v| v.to_str().ok()), Some(tag.as_str()));
            assert!(got.text().await.expect("text").is_empty());
        }
        assert_eq!(http.head(head.uri()).header(name, value).send().await.expect("answer").status(), status, "HEAD, {name}: {value}");
    }
}

#[tokio::test]
async fn each_key_of_a_deletion_is_permitted_and_answered_by_itself() {
    let cloud = Cloud::start().await;
    let (writer, operator) = (cloud.s3("Writer"), cloud.s3(OPERATOR));
    let delete = |keys: &[&str], quiet: bool| {
        let objects = keys.iter().map(|key| ObjectIdentifier::builder().key(*key).build().expect("an object")).collect();
        let delete = Delete::builder().quiet(quiet).set_objects(Some(objects)).build().expect("a deletion");
        writer.delete_objects().bucket(BUCKET).delete(delete).send()
    };
    for quiet in [false, true] {
        for key in ["incoming/a<&>b", "public/y"] {
            operator.put_object().bucket(BUCKET).key(key).body(ByteStream::from_static(b"x")).send().await.expect("put");
        }
        let answer = delete(&["incoming/a<&>b", "public/y", "incoming/missing"], quiet).await.expect("answered");
        let deleted: Vec<_> = answer.deleted().iter().filter_map(|d| d.key()).collect();
        assert_eq!(deleted, if quiet { vec![] } else { vec!["incoming/a<&>b", "incoming/missing"] });
        let refused: Vec<_> = answer.errors().iter().map(|e| (e.key(), e.code())).collect();
        assert_eq!(refused, [(Some("public/y"), Some("AccessDenied"))]);
        let left = operator.list_objects_v2().bucket(BUCKET).send().await.expect("listed");
        assert_eq!(left.contents().iter().filter_map(|o| o.key()).collect::<Vec<_>>(), ["public/y"]);
    }
    let many: Vec<String> = (0..1_001).map(|n| format!("incoming/{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(delete(&many, true).await.expect_err("too many").code(), Some("MalformedXML"));
}

#[tokio::test]
async fn mails_that_ses_refuses_are_refused() {
    let cloud = Cloud::start().await;
    let send = |from: &str, to: &str, body: &str| {
        let mime = format!("From: {}\r\nTo: anna@example.test\r\nSubject: Hi\r\n\r\n{body}\r\n", from.lines().next().unwrap_or_default());
        let raw = RawMessage::builder().data(Blob::new(mime)).build().expect("raw");
        cloud.ses(OPERATOR).send_raw_email().source(from).destinations(to).raw_message(raw).send()
    };
    let good = ("no-reply@stoa.test", "anna@example.test");
    send(good.0, good.1, "Good morning!").await.expect("sent");
    let long = "x".repeat(10 * 1024 * 1024);
    for (what, from, to, body, code) in [
        ("an unverified sender", "eve@evil.test", good.1, "x", "MessageRejected"),
        ("a line break in the sender", "no-reply@stoa.test\r\nBcc: eve@evil.test", good.1, "x", "InvalidParameterValue"),
        ("a line break in the recipient", good.0, "anna@example.test\nben@example.test", "x", "InvalidParameterValue"),
        ("a recipient that is not ASCII", good.0, "żółw@example.test", "x", "InvalidParameterValue"),
        ("a domain that is not ASCII", good.0, "anna@bücher.test", "x", "InvalidParameterValue"),
        ("more than 10 MB", good.0, good.1, long.as_str(), "InvalidParameterValue"),
    ] {
        let refused = send(from, to, body).await.expect_err(what);
        assert_eq!(refused.code(), Some(code), "{what}: {refused:?}");
    }
    assert_eq!(cloud.inbox.len(), 1);
}

#[tokio::test]
async fn text_messages_and_events_that_aws_refuses_are_refused() {
    let cloud = Cloud::start().await;
    let text = |sender: &'static str| {
        let value = MessageAttributeValue::builder().data_type("String").string_value(sender).build().expect("a value");
        let publish = cloud.sns("Writer").publish().phone_number("+48123456789").message("x");
        publish.message_attributes("AWS.SNS.SMS.SenderID", value).send()
    };
    text("Stoa").await.expect("sent");
    for sender in ["Stoa Stoa", "StoaStoaStoa", "12345"] {
        assert_eq!(text(sender).await.expect_err(sender).code(), Some("InvalidParameter"));
    }
    assert_eq!(cloud.inbox.len(), 1);
    let entry = aws_sdk_eventbridge::types::PutEventsRequestEntry::builder().source("aws.s3").detail_type("mail_requested");
    let entry = entry.detail("{}").event_bus_name("test-bus").build();
    let answer = cloud.eventbridge(OPERATOR).put_events().entries(entry).send().await.expect("answered");
    let refused: Vec<_> = answer.entries().iter().filter_map(|entry| entry.error_code()).collect();
    assert_eq!((answer.failed_entry_count(), refused), (1, vec!["NotAuthorizedForSourceException"]));
}
