//! The gateways when a function fails, takes too long or returns too much, and the management endpoint of sockets.

use std::time::Duration;

use aws_sdk_apigatewaymanagement::{error::ProvideErrorMetadata as _, primitives::Blob};
use futures_util::{SinkExt as _, StreamExt as _};
use local::{
    Options,
    aws::{
        Service,
        faults::{Fault, Target},
    },
    hosts::Patience,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message},
};

use super::cloud::{Cloud, NEVER};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Options with a short timeout of the gateway or of functions. The other timeout is that of AWS.
fn impatient(patience: Patience) -> Options {
    Options { patience, ..Options::default() }
}

async fn get(cloud: &Cloud) -> (u16, String) {
    let answer = reqwest::get(format!("{}/", cloud.urls.api)).await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("a body"))
}

/// The status and the body of a refused connection.
async fn refused(cloud: &Cloud) -> (u16, Value) {
    let Err(Error::Http(answer)) = connect_async(&cloud.urls.socket).await else { panic!("it opens") };
    let body = serde_json::from_slice(answer.body().as_deref().unwrap_or_default()).expect("JSON");
    (answer.status().as_u16(), body)
}

async fn open(cloud: &Cloud) -> Socket {
    cloud.answer("doorman", |_| Ok(json!({"statusCode": 200})));
    connect_async(&cloud.urls.socket).await.expect("it opens").0
}

async fn next(socket: &mut Socket) -> Option<Value> {
    match tokio::time::timeout(Duration::from_secs(10), socket.next()).await.expect("in time") {
        Some(Ok(Message::Text(text))) => Some(serde_json::from_str(text.as_str()).expect("JSON")),
        _ => None,
    }
}

#[tokio::test]
async fn a_function_that_fails_or_returns_too_much_is_a_server_error() {
    let cloud = Cloud::start().await;
    let failed = (500, r#"{"message":"Internal Server Error"}"#.to_owned());
    cloud.answer("doorman", |_| Err("no idea".into()));
    assert_eq!(get(&cloud).await, failed);
    cloud.answer("doorman", |_| Ok(json!({"statusCode": 200, "body": "x".repeat(6 * 1024 * 1024)})));
    assert_eq!(get(&cloud).await, failed, "6 MB of body and what is around it");
    cloud.answer("doorman", |_| Ok(json!({"statusCode": 200, "body": "x".repeat(6 * 1024 * 1024 - 100)})));
    assert_eq!(get(&cloud).await.0, 200);
}

#[tokio::test]
async fn the_timeout_of_the_gateway_is_answered() {
    let patience = Patience::default();
    assert_eq!(patience.gateway, Duration::from_secs(30));
    let cloud = Cloud::start_with(impatient(Patience { gateway: Duration::from_millis(50), ..patience })).await;
    cloud.answer("doorman", |_| Err(NEVER.into()));
    assert_eq!(get(&cloud).await, (503, r#"{"message":"Service Unavailable"}"#.to_owned()));
}

#[tokio::test]
async fn a_function_that_takes_too_long_has_failed() {
    let cloud = Cloud::start_with(impatient(Patience { function: Duration::from_millis(50), ..Patience::default() })).await;
    cloud.answer("doorman", |_| Err(NEVER.into()));
    assert_eq!(get(&cloud).await, (500, r#"{"message":"Internal Server Error"}"#.to_owned()));
    let (status, body) = refused(&cloud).await;
    assert_eq!((status, &body["message"]), (504, &json!("Endpoint request timed out")));
}

/// The connection of a client that stops in the middle of a request is closed.
#[tokio::test]
async fn half_sent_requests_end() {
    let cloud = Cloud::start_with(impatient(Patience { client: Duration::from_millis(200), ..Patience::default() })).await;
    cloud.answer("doorman", |_| Ok(json!({"statusCode": 200})));
    for sent in [
        "",
        "GET / HT",
        "GET / HTTP/1.1\r\nhost: localhost\r\ncontent-le",
        "GET / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\nabc",
        "GET / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ] {
        let socket = cloud.urls.socket.replace("ws://", "http://").replace("/test", "");
        for url in [&cloud.urls.api, &socket, &cloud.urls.console, &cloud.urls.aws, &cloud.urls.outside] {
            let mut stream = TcpStream::connect(url.trim_start_matches("http://")).await.expect("connected");
            stream.write_all(sent.as_bytes()).await.expect("sent");
            let end = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut Vec::new())).await;
            assert!(end.is_ok(), "{url} waits for the rest of {sent:?}");
        }
    }
    assert_eq!(get(&cloud).await.0, 200, "others are answered");
}

#[tokio::test]
async fn a_failed_connect_is_a_bad_gateway() {
    let cloud = Cloud::start().await;
    cloud.answer("doorman", |_| Err("no idea".into()));
    let (status, body) = refused(&cloud).await;
    assert_eq!((status, &body["message"]), (502, &json!("Internal server error")));
    assert!(body["connectionId"].is_string() && body["requestId"].is_string(), "{body}");
}

#[tokio::test]
async fn a_frame_whose_function_fails_is_answered_and_the_socket_stays() {
    let cloud = Cloud::start().await;
    let mut socket = open(&cloud).await;
    cloud.answer("speaker", |_| Err("no idea".into()));
    socket.send(Message::text("{}")).await.expect("sent");
    let frame = next(&mut socket).await.expect("a frame");
    assert_eq!(frame["message"], "Internal server error");
    assert_eq!(frame["connectionId"].as_str(), cloud.connections.list().first().map(|c| c.id.as_str()));
}

#[tokio::test]
async fn a_burst_of_frames_or_connections_is_throttled() {
    let burst = [("SocketBurst".to_owned(), "1".to_owned())].into();
    let cloud = Cloud::start_with(Options { parameters: burst, ..Options::default() }).await;
    let mut socket = open(&cloud).await;
    let (status, body) = refused(&cloud).await;
    assert_eq!((status, body), (429, json!({"message": "Too Many Requests"})));

    for _ in 0..2 {
        socket.send(Message::text("{}")).await.expect("sent");
    }
    let frame = next(&mut socket).await.expect("a frame");
    assert_eq!(frame["message"], "Too Many Requests");
    // The other frame has been read, too.
    cloud.settle().await;
    assert_eq!(cloud.received("speaker").len(), 1);
}

#[tokio::test]
async fn connections_are_managed_only_with_the_permission() {
    let cloud = Cloud::start().await;
    let mut socket = open(&cloud).await;
    let id = cloud.connections.list().first().expect("one").id.clone();
    let writer = cloud.sockets("Writer");

    writer.post_to_connection().connection_id(&id).data(Blob::new(r#"{"hello":1}"#)).send().await.expect("posted");
    assert_eq!(next(&mut socket).await, Some(json!({"hello": 1})));
    let info = writer.get_connection().connection_id(&id).send().await.expect("described");
    assert!(
        info.connected_at().is_some() && info.identity().and_then(|i| i.source_ip()).is_some_and(|ip| ip.starts_with("127.")),
        "{info:?}"
    );
    let large = Blob::new(vec![b' '; 128 * 1024 + 1]);
    let error = writer.post_to_connection().connection_id(&id).data(large).send().await.expect_err("refused").into_service_error();
    assert!(error.is_payload_too_large_exception(), "{error:?}");

    let every = Target { service: Some(Service::Connections), ..Target::default() };
    let throttled = cloud.aws.faults.script(every, Fault::Throttle);
    let error = writer.post_to_connection().connection_id(&id).data(Blob::new("x")).send().await.expect_err("refused").into_service_error();
    assert!(error.is_limit_exceeded_exception(), "{error:?}");
    throttled.end();

    let stranger = cloud.sockets("Stranger").delete_connection().connection_id(&id).send().await.expect_err("denied");
    assert!(stranger.into_service_error().is_forbidden_exception());
    writer.delete_connection().connection_id(&id).send().await.expect("deleted");
    assert_eq!(next(&mut socket).await, None, "it is closed");
    let gone = writer.post_to_connection().connection_id(&id).data(Blob::new("x")).send().await.expect_err("gone").into_service_error();
    assert!(gone.is_gone_exception(), "{gone:?}");
    let gone = writer.get_connection().connection_id(&id).send().await.expect_err("gone").into_service_error();
    assert_eq!(gone.code(), Some("GoneException"));
    let gone = writer.delete_connection().connection_id(&id).send().await.expect_err("gone").into_service_error();
    assert_eq!(gone.code(), Some("GoneException"));
}

/// A connection that is closed ends, and its guard with it, although the client goes on sending.
#[tokio::test]
async fn a_client_that_goes_on_sending_cannot_hold_its_connection() {
    let cloud = Cloud::start().await;
    let (mut frames, _unread) = open(&cloud).await.split();
    let id = cloud.connections.list().first().expect("one").id.clone();
    let sending = tokio::spawn(async move {
        while frames.send(Message::text("{}")).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    cloud.connections.delete(&id).expect("it was open");
    let patience = Duration::from_secs(60);
    tokio::time::timeout(patience, cloud.settle()).await.expect("the close ends");
    tokio::time::timeout(patience, sending).await.expect("the connection has ended").expect("the client did not panic");
}

/// The password of the members that the console makes is public.
#[tokio::test]
async fn no_members_are_made_outside_development() {
    let parameters = [("Stage".to_owned(), "staging".to_owned())].into();
    let cloud = Cloud::start_with(Options { parameters, ..Options::default() }).await;
    let request = reqwest::Client::new().post(format!("{}/_local/members", cloud.urls.console));
    assert_eq!(request.json(&json!({"usernames": []})).send().await.expect("an answer").status(), 404);
}
