//! Routing: neither the operation that answers a request nor the client address depends on what a client writes into the request.

use std::net::Ipv4Addr;

use reqwest::Method;
use serde_json::Value;
use tests::{Caller, Cloud, PASSWORD, PATIENCE, json, logged};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpSocket,
};

use crate::security::ADDRESS_HEADERS;

/// Paths of operations with a parameter, one for each kind: a name, the secret of a flow, an id, one of a few words, a file,
/// two parameters. The last string is the body, if the operation takes one.
const OPERATIONS: [(&str, &str, &str); 14] = [
    ("GET", "/v1/usernames/{}/availability", ""),
    ("GET", "/v1/users/{}", ""),
    ("GET", "/v1/registrations/{}", ""),
    ("POST", "/v1/sign-ins/{}/verify", r#"{"login":"ana","password":"tall giraffes dance"}"#),
    ("POST", "/v1/phone-sign-ins/{}/verify", r#"{"code":"123456"}"#),
    ("DELETE", "/v1/sessions/{}", ""),
    ("GET", "/v1/me/addresses/{}", ""),
    ("GET", "/v1/me/exports/{}", ""),
    ("DELETE", "/v1/me/mfa/factors/{}", r#"{"password":"tall giraffes dance"}"#),
    ("GET", "/v1/rooms/{}/messages", ""),
    ("GET", "/v1/pictures/{}/small", ""),
    ("GET", "/docs/{}", ""),
    ("GET", "/problems/{}", ""),
    ("PUT", "/v1/admin/users/ana/roles/{}", ""),
];

/// The values of the parameters, as they are sent.
const PARAMETERS: [&str; 22] = [
    "..%5C..%5Cv1%5Cme",
    "..%5C..%5C..%5Cv1%5Csessions%23",
    "..%5c..%5cv1%5cme%23",
    "..\\..\\v1\\me",
    "..",
    ".",
    "%2e%2e",
    "%2E",
    ".%2e",
    "%5C",
    "Ana%231",
    "%23",
    "Ana;x=1",
    "Ana%3Bx=1",
    "..%252F..%252Fv1%252Fme",
    "%252e%252e%252fme",
    "%255C..%255Cme",
    "Me%00",
    "%20No-Name",
    "%7Busername%7D",
    "Ana%0D%0AHost:%20x",
    "%EF%BC%8F..%EF%BC%8Fme",
];

/// Sends a request exactly as it is written, from this address. Returns the status, and the body if it is JSON.
async fn ask(cloud: &Cloud, from: [u8; 2], request: &str, headers: &[(&str, &str)], body: &str) -> (u16, Value) {
    let address = cloud.urls.api.trim_start_matches("http://").replace("localhost", "127.0.0.1");
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind((Ipv4Addr::new(127, 9, from[0], from[1]), 0).into()).expect("an address");
    let mut stream = socket.connect(address.parse().expect("an address")).await.expect("it listens");
    let kind = if body.is_empty() { "" } else { "content-type: application/json\r\n" };
    let host = if headers.iter().any(|(name, _)| *name == "host") { String::new() } else { format!("host: {address}\r\n") };
    let headers = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect::<Vec<_>>().concat();
    let head = format!("{request} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n{kind}{host}{headers}", body.len());
    stream.write_all(format!("{head}\r\n{body}").as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("in time").expect("an answer");
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{request}: {answer}"));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{request}: {head}"));
    (status, serde_json::from_str(body).unwrap_or_default())
}

/// The answer to an unknown parameter, without the values that differ in each answer.
fn own(answer: (u16, Value)) -> (u16, Value) {
    let (status, body) = answer;
    (status, body["code"].clone())
}

fn bearer(caller: &Caller) -> String {
    format!("Bearer {}", caller.token())
}

/// A path parameter is data: each operation answers as it does to an unknown name.
/// Promise: routing
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parameter_never_chooses_another_operation() {
    let cloud = Cloud::start().await;
    let token = bearer(&cloud.member("ana").await);
    for (method, path, body) in OPERATIONS {
        let answer = async |parameter: &str, n: usize| {
            let from = [u8::try_from(n).expect("few"), u8::try_from(path.len()).expect("short")];
            let request = format!("{method} {}", path.replace("{}", parameter));
            own(ask(&cloud, from, &request, &[("authorization", &token)], body).await)
        };
        // An invalid name: the look-up answers it otherwise than an unknown one.
        let expected = answer("No-Name", 1).await;
        assert!(expected.0 < 500 && expected.1 != "method_not_allowed", "{method} {path}: {expected:?}");
        for (n, parameter) in PARAMETERS.iter().enumerate() {
            assert_eq!(answer(parameter, n + 2).await, expected, "{method} {path} with {parameter}");
        }
    }
    assert_eq!(
        cloud.sign_in("ana").await.get("/v1/sessions").await.is(200)["items"].as_array().map(Vec::len),
        Some(2),
        "nobody else signed in"
    );
}

/// API Gateway decodes a path before it looks for the route, so that an encoded slash separates segments and an encoded question
/// mark ends the path.
/// Promise: routing, gateway-http
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_gateway_decodes_a_path_before_it_looks_for_the_route() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let token = bearer(&ana);
    for (n, (path, status, member)) in [
        ("/v1/users/..%2F..%2Fv1%2Fme", 404, ("code", "not_found")),
        ("/v1/users/x%2Fy", 404, ("code", "not_found")),
        ("/v1/users%2Fana", 200, ("username", "ana")),
        ("/v1/users/%61na", 200, ("username", "ana")),
        ("/v1/users/ana%3Fx=1", 200, ("username", "ana")),
        ("/v1/users/ana?x=1#y", 200, ("username", "ana")),
        ("/v1/me%23", 404, ("code", "not_found")),
        ("/v1%5Cme", 404, ("code", "not_found")),
        ("/v1/users/../me", 404, ("code", "not_found")),
        ("/v1/%2e/me", 404, ("code", "not_found")),
        ("/v1/usernames/ana%231/availability", 200, ("code", "username_format")),
        ("/v1/usernames/ana%251/availability", 200, ("code", "username_format")),
        ("/v1/usernames/100%25/availability", 200, ("code", "username_format")),
        ("/v1/usernames/ana%25231/availability", 200, ("code", "username_format")),
        ("/v1/usernames/%2523%253F%252F/availability", 200, ("code", "username_format")),
        ("/v1/usernames/ana%5C1/availability", 200, ("code", "username_format")),
        ("/v1/usernames/ana%26x=1;y/availability", 200, ("code", "username_format")),
        // What the gateway takes for a separator reaches no operation, and is answered by a problem and not by the gateway.
        ("/v1/usernames/ana%3F1/availability", 404, ("code", "not_found")),
        ("/v1/usernames/ana%2F1/availability", 404, ("code", "not_found")),
        ("/v1/users/%ff", 400, ("message", "Bad Request")),
    ]
    .into_iter()
    .enumerate()
    {
        let from = [u8::try_from(n).expect("few"), 1];
        let (got, body) = ask(&cloud, from, &format!("GET {path}"), &[("authorization", &token)], "").await;
        assert_eq!((got, &body[member.0]), (status, &json!(member.1)), "{path}: {body}");
    }
}

/// Whatever `Host` a client sends, the operation is that of the path.
/// Promise: routing
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_never_chooses_an_operation() {
    const HOSTS: [&str; 18] = [
        "a:b",
        "x/v1/me?",
        "x/v1/me#",
        "x/docs?",
        "x\\v1\\me?",
        "",
        ":",
        ":0",
        "x:99999",
        "user@x",
        "user:password@x:80",
        "[::1",
        "[::1]:x",
        "żółw.example",
        "xn--a",
        "%2Fv1%2Fme%3F",
        "a b",
        "..",
    ];
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let token = bearer(&ana);
    for (n, host) in HOSTS.into_iter().enumerate() {
        let from = [u8::try_from(n).expect("few"), 1];
        for proto in ["https", "x:y", "javascript"] {
            let headers = [("host", host), ("x-forwarded-proto", proto), ("authorization", &token)];
            let (status, body) = ask(&cloud, from, "GET /v1/usernames/zoe/availability", &headers, "").await;
            assert_eq!((status, &body["username"]), (200, &json!("zoe")), "{host}, {proto}: {body}");
        }
        let headers = [("host", host)];
        assert_eq!(ask(&cloud, from, "GET /v1/me", &headers, "").await.1["code"], "token_invalid", "{host}");
        let (status, body) = ask(&cloud, from, "POST /v1/sessions", &headers, r#"{"login":"ana","password":"tall giraffes dance"}"#).await;
        assert_eq!((status, &body["user_id"]), (201, &json!(ana.id())), "{host}");
    }
}

/// A function logs the route that the gateway chose, and never the edge's secret.
/// Promise: routing, log-secrets
#[test]
fn the_log_names_the_route_that_answered() {
    let attacks = async {
        let cloud = Cloud::start_with(&[("EdgeSecrets", SECRET)]).await;
        for (n, parameter) in PARAMETERS.iter().enumerate() {
            let from = [u8::try_from(n).expect("few"), 1];
            let body = json!({ "login": "ana", "password": PASSWORD }).to_string();
            let request = format!("POST /v1/sign-ins/{parameter}/verify");
            let _ = ask(&cloud, from, &request, &[("host", "x/v1/sessions?"), ("x-edge-secret", SECRET)], &body).await;
        }
    };
    let Some(((), log)) = logged(attacks) else { return };
    let replies: Vec<&str> = log.lines().filter(|line| line.contains(" status=")).collect();
    assert_eq!(replies.len(), PARAMETERS.len(), "{log}");
    assert!(replies.iter().all(|line| line.contains("/v1/sign-ins/{flow}/verify")), "{log}");
    assert!(!log.contains(SECRET));
}

const SECRET: &str = "p8Jw2nQ7sT4vX9zB1dF6gH3kL5mN0rYc";
const NEXT: &str = "q9Kx3oR8tU5wY0aC2eG7hI4lM6nO1sZd";

/// No function starts with a secret of the edge that could be guessed.
/// Promise: edge-address
#[tokio::test]
async fn a_weak_secret_is_refused_at_the_start() {
    for weak in ["short", &SECRET[..31], &format!("{SECRET},short"), &"a".repeat(64)] {
        let cloud = Cloud::start_with(&[("EdgeSecrets", weak)]).await;
        let refused = cloud.hosts.start_all().await.expect_err("it does not start").to_string();
        assert!(refused.contains("EDGE_SECRETS is too weak") && !refused.contains(weak), "{refused}");
    }
}

/// Names that a client may look up in a minute.
const LOOKUPS: usize = 30;

/// Looks up as many names as a client may.
async fn exhaust(client: &Caller) {
    for _ in 0..LOOKUPS {
        let _ = look_up(client).await.is(200);
    }
}

async fn look_up(client: &Caller) -> tests::Reply {
    client.get("/v1/usernames/zoe/availability").await
}

/// Behind an edge that sends the secret each viewer counts as a separate client.
/// Promise: edge-address
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewers_behind_one_edge_do_not_share_limits() {
    let cloud = Cloud::start_with(&[("EdgeSecrets", &format!("{SECRET},{NEXT}"))]).await;
    let edge = |secret: &str| cloud.anonymous().with("x-edge-secret", secret);
    let viewer = |secret: &str, address: &str| edge(secret).with("cloudfront-viewer-address", address);
    exhaust(&viewer(SECRET, "203.0.113.1:1000")).await;
    for same in ["203.0.113.1:1000", "203.0.113.1:2000", "::ffff:203.0.113.1:3000"] {
        for secret in [SECRET, NEXT] {
            let _ = look_up(&viewer(secret, same)).await.is_problem(429, "too_many_requests");
        }
    }
    for other in ["203.0.113.2:1000", "2001:db8:0:1::1:1000"] {
        let _ = look_up(&viewer(NEXT, other)).await.is(200);
    }
    // An IPv6 network counts as one client.
    exhaust(&viewer(SECRET, "2001:db8:0:2::1:1000")).await;
    let _ = look_up(&viewer(SECRET, "2001:db8:0:2:ffff::9:1000")).await.is_problem(429, "too_many_requests");
    let _ = look_up(&viewer(SECRET, "2001:db8:0:3::1:1000")).await.is(200);
    // Requests without a viewer's address count for the edge.
    let _ = look_up(&edge(SECRET)).await.is(200);
    let _ = look_up(&viewer(SECRET, "unknown")).await.is(200);
}

/// A deployment with an edge serves nothing without one of its secrets, whatever the method, path and credentials are.
/// Promise: edge-address
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_past_the_edge_are_refused() {
    let cloud = Cloud::start_with(&[("EdgeSecrets", &format!("{SECRET},{NEXT}"))]).await;
    let ana = cloud.member("ana").await;
    let (prefix, longer, both) = (&SECRET[..31], format!("{SECRET}x"), format!("{SECRET},{NEXT}"));
    for proof in ["", prefix, &longer, &both, &SECRET.to_ascii_lowercase()] {
        let past = |client: &Caller| if proof.is_empty() { client.clone() } else { client.with("x-edge-secret", proof) };
        for (client, method, path) in [
            (cloud.anonymous(), Method::GET, "/v1/usernames/zoe/availability"),
            (cloud.anonymous(), Method::GET, "/docs"),
            (cloud.anonymous(), Method::GET, "/.well-known/jwks.json"),
            (cloud.anonymous(), Method::GET, "/nowhere"),
            (cloud.anonymous().with("x-edge-secret-", SECRET), Method::GET, "/v1/usernames/zoe/availability"),
            (cloud.anonymous().with("edge-secret", SECRET), Method::GET, "/v1/usernames/zoe/availability"),
            (ana.clone(), Method::GET, "/v1/me"),
            (ana.clone(), Method::DELETE, "/v1/sessions/current"),
            (ana.clone(), Method::POST, "/v1/realtime/tickets"),
        ] {
            past(&client).send(method, path, None).await.is_problem(403, "edge_required");
        }
    }
    for secret in [SECRET, NEXT] {
        let _ = ana.with("x-edge-secret", secret).get("/v1/me").await.is(200);
    }
}

/// Without an edge, no header changes a client's address.
/// Promise: edge-address, client-address
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forged_header_changes_nothing() {
    let cloud = Cloud::start().await;
    let client = cloud.anonymous();
    exhaust(&client).await;
    for (n, header) in ADDRESS_HEADERS.into_iter().enumerate() {
        let said = if header == "forwarded" { format!("for=203.0.113.{n}") } else { format!("203.0.113.{n}:443") };
        let _ = look_up(&client.with(header, &said)).await.is_problem(429, "too_many_requests");
        for proof in ["", SECRET, ",", "x", "null"] {
            let forged = client.with(header, &said).with("x-edge-secret", proof);
            let _ = look_up(&forged).await.is_problem(429, "too_many_requests");
        }
    }
    let _ = look_up(&cloud.anonymous()).await.is(200);
}

/// The place that is shown for a device comes from the proven edge only.
/// Promise: edge-address
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_proven_edge_sets_the_place_of_a_device() {
    for (secrets, place) in [("", None), (SECRET, Some("Kraków, PL"))] {
        let cloud = Cloud::start_with(&[("EdgeSecrets", secrets)]).await;
        let ana = cloud.member("ana").await.with("x-edge-secret", SECRET);
        let from = cloud.anonymous().with("cloudfront-viewer-city", "Krak%C3%B3w").with("cloudfront-viewer-country", "PL");
        let from = from.with("cloudfront-viewer-address", "203.0.113.1:1000").with("x-edge-secret", SECRET);
        let body = json!({ "login": "ana", "password": PASSWORD, "remember_device": true });
        assert!(from.post("/v1/sessions", body).await.is(201)["device_token"].is_string());
        let devices = ana.get("/v1/me/devices").await.is(200);
        let device = &devices["items"][0];
        assert_eq!((device["place"].as_str(), device["address"] == "203.0.113.1"), (place, place.is_some()), "{devices}");
    }
}
