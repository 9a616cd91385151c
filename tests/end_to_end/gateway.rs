//! The gateways: what API Gateway does before and after a function, as on AWS.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt};
use local::{
    Options, Stack,
    socket_api::{ConnectionError, ConnectionInfo},
};
use reqwest::Method;
use tests::{Caller, Cloud, PATIENCE, Socket, json};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{
        Message,
        client::IntoClientRequest as _,
        http::HeaderValue,
        protocol::frame::{
            Frame,
            coding::{Data, OpCode},
        },
    },
};

const MB: usize = 1024 * 1024;

/// HTTP: oversized bodies and headers, and paths that are no valid text, never reach a function.
/// Promise: gateway-http
#[tokio::test]
async fn the_gateway_refuses_oversized_and_malformed_requests() {
    let cloud = Cloud::start().await;
    let caller = cloud.anonymous();
    let large = caller.raw(Method::POST, "/v1/sessions", Some("application/json"), vec![b' '; 10 * MB + 1]).await;
    assert_eq!(large.is(413), json!({ "message": "Request Entity Too Large" }));
    assert_eq!(large.header("server-timing"), "aws;desc=\"calls=0 rcu=0 wcu=0\"", "a refusal reports its cost too");
    // Within the gateway's limit, above Lambda's.
    let event = caller.raw(Method::POST, "/v1/sessions", Some("application/json"), vec![b' '; 7 * MB]).await;
    assert_eq!(event.is(413), json!({ "message": "Request Entity Too Large" }));
    let headers = caller.with("x-long", "x".repeat(10_240)).get("/v1/me").await;
    assert_eq!(headers.is(431), json!({ "message": "Request Header Fields Too Large" }));
    let broken = caller.get("/v1/users/%ff").await;
    assert_eq!(broken.is(400), json!({ "message": "Bad Request" }));
}

/// HTTP: an unknown path, and a method that a path does not have, get a problem document or a page in the reader's language.
/// Promise: problem-pages, language
#[tokio::test]
async fn unknown_routes_get_a_problem_or_a_page() {
    let cloud = Cloud::start().await;
    let caller = cloud.anonymous();
    let unknown = ["/v1/nothing", "/v1/me/", "//v1/me", "/v1//me", "/docs/a/b", "/v1/users/a%2Fb", "/v1%2Fnothing", "/V1/me", "/%C5%82"];
    // Below the prefix of a function that has one route for all its paths.
    let below = ["/v1/support/nothing", "/v1/products/a/b/c", "/v1/products/a/", "/v1/products/a%2Fb%2Fc"];
    for path in unknown.into_iter().chain(below) {
        caller.get(path).await.is_problem(404, "not_found");
        let _ = caller.send(Method::HEAD, path, None).await.is(404);
    }
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        caller.send(method.clone(), "/v1/nothing", None).await.is_problem(404, "not_found");
        caller.send(method, "/v1/support/nothing", None).await.is_problem(404, "not_found");
    }
    for (method, path, allow) in [
        (Method::DELETE, "/v1/registrations", "POST"),
        (Method::GET, "/v1/registrations", "POST"),
        (Method::PUT, "/v1/me?lang=pl", "GET, HEAD, PATCH"),
        (Method::POST, "/openapi.json", "GET, HEAD"),
        (Method::PATCH, "/v1/users/ana", "GET, HEAD"),
        (Method::PATCH, "/v1/users%2Fana", "GET, HEAD"),
        // This function has one route for all PUT below the prefix, so its own router answers.
        (Method::PUT, "/v1/registrations/link", "POST"),
        (Method::PUT, "/v1/support/threads", "GET, HEAD"),
        (Method::DELETE, "/v1/support/threads", "GET, HEAD"),
        (Method::PUT, "/v1/products/x", "DELETE, GET, HEAD, PATCH"),
        (Method::HEAD, "/v1/registrations", "POST"),
        (Method::POST, "/", "GET, HEAD"),
        (Method::DELETE, "/", "GET, HEAD"),
    ] {
        let reply = caller.send(method.clone(), path, None).await;
        let header = reply.header("allow");
        let mut methods: Vec<&str> = header.split(',').map(str::trim).collect();
        methods.sort_unstable();
        assert_eq!((reply.status.as_u16(), &*methods.join(", ")), (405, allow), "{method} {path}");
        if method != Method::HEAD {
            reply.is_problem(405, "method_not_allowed");
        }
    }
    let reader = caller.with("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8");
    for (language, title) in [("en", "There is nothing here."), ("pl", "Nic tu nie ma.")] {
        let page = reader.with("accept-language", language).get("/v1/nothing").await;
        let text = String::from_utf8_lossy(&page.bytes).into_owned();
        assert_eq!((page.status.as_u16(), &*page.header("content-type")), (404, "text/html; charset=utf-8"), "{text}");
        assert_eq!(page.header("content-language"), language);
        assert!(text.contains(&format!("lang=\"{language}\"")) && text.contains(title), "{text}");
    }
}

/// HTTP: a problem is a page for clients that prefer one by the weights of `Accept`, whatever the method. Caches are told.
/// Promise: problem-pages
#[tokio::test]
async fn weights_decide_whether_a_problem_is_a_page() {
    const BROWSER: &str = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8";
    let cloud = Cloud::start().await;
    for (accept, kind) in [
        (BROWSER, "text/html; charset=utf-8"),
        ("*/*;q=0.1, text/html;q=0.2", "text/html; charset=utf-8"),
        ("text/html;q=0", "application/problem+json"),
        ("text/html;q=0.5, application/json", "application/problem+json"),
        ("*/*", "application/problem+json"),
    ] {
        let reader = cloud.anonymous().with("accept", accept);
        for (method, path, status) in [
            (Method::GET, "/v1/nothing", 404),
            (Method::POST, "/v1/nothing", 404),
            (Method::PUT, "/v1/nothing", 404),
            (Method::PATCH, "/v1/users/ana", 405),
            (Method::DELETE, "/v1/me/picture", 401),
            (Method::POST, "/v1/sessions", 415),
        ] {
            let reply = reader.send(method.clone(), path, None).await;
            assert_eq!((reply.status.as_u16(), &*reply.header("content-type")), (status, kind), "{method} {path} {accept}");
            assert!(reply.header("vary").split(", ").any(|name| name == "accept"), "{method} {path}: {}", reply.header("vary"));
        }
    }
}

/// HTTP: the address of the API leads to its documentation.
/// Promise: api-pages
#[tokio::test]
async fn the_address_of_the_api_leads_to_the_documentation() {
    let cloud = Cloud::start().await;
    for accept in ["text/html", "application/json", "*/*"] {
        let caller = cloud.anonymous().with("accept", accept);
        let reply = caller.get("/").await;
        assert_eq!((reply.status.as_u16(), &*reply.header("location")), (302, "/docs"));
        let docs = caller.get(&reply.header("location")).await;
        assert_eq!((docs.status.as_u16(), &*docs.header("content-type")), (200, "text/html; charset=utf-8"));
    }
}

/// HTTP: a client that never pauses is refused for a moment, without any call to AWS. Other clients are not.
/// Promise: request-rates
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_never_pauses_is_refused() {
    let cloud = Cloud::start_with(&[("ClientRate", "20")]).await;
    let client = cloud.anonymous();
    for (path, expected) in [("/v1/me", 401), ("/docs", 200), ("/.well-known/jwks.json", 200), ("/v1/nothing", 404)] {
        cloud.advance(Duration::from_mins(1)).await;
        let mut refused = Vec::new();
        for _ in 0..120 {
            let reply = client.get(path).await;
            if reply.status == 429 {
                refused.push(reply);
            } else {
                let _ = reply.has(expected);
            }
        }
        let reply = refused.first().unwrap_or_else(|| panic!("all 120 requests of {path} are served"));
        reply.is_problem(429, "too_many_requests");
        assert_eq!(reply.header("ratelimit-policy"), "\"client_rate\";q=80;w=4");
        assert_eq!((reply.header("ratelimit"), reply.header("retry-after")), ("\"client_rate\";r=0;t=1".to_owned(), "1".to_owned()));
        assert_eq!(reply.header("server-timing"), "aws;desc=\"calls=0 rcu=0 wcu=0\"");
        let _ = cloud.anonymous().get(path).await.has(expected);
        cloud.advance(Duration::from_secs(1)).await;
        let _ = client.get(path).await.has(expected);
    }
}

/// HTTP: HEAD is answered wherever GET is, with the headers of GET and no body.
/// Promise: gateway-http
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn head_has_the_headers_of_get() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let gets = tests::document()["paths"].as_object().expect("paths").iter().filter(|(_, item)| item["get"].is_object());
    let mut paths: Vec<String> = gets
        .map(|(path, _)| {
            path.replace("{username}", "ana").replace("{room}", "public").replace("{picture}", "default").replace("{size}", "300")
        })
        .map(|path| path.replace("{file}", "docs.js").replace("{code}", "not_found"))
        .collect();
    paths.extend(["/v1/users/nobody".to_owned(), format!("/v1/pictures/pic_{}/64", "0".repeat(26))]);
    let mut statuses = Vec::new();
    for path in &paths {
        let (get, head) = (ana.get(path).await, ana.send(Method::HEAD, path, None).await);
        assert_eq!((head.status, head.bytes.len()), (get.status, 0), "{path}");
        for name in ["content-type", "content-language", "cache-control", "etag", "vary", "content-security-policy", "www-authenticate"] {
            assert_eq!(head.header(name), get.header(name), "{name} of {path}");
        }
        assert_eq!(head.header("location").split('?').next(), get.header("location").split('?').next(), "{path}");
        statuses.push(get.status.as_u16());
    }
    for expected in [200, 302, 403, 404] {
        assert!(statuses.contains(&expected), "no GET answers {expected}");
    }
    let _ = cloud.anonymous().send(Method::HEAD, "/v1/me", None).await.is(401);
}

/// HTTP: a route lets its burst through and then its rate, by the moved clock.
/// Promise: gateway-http
#[tokio::test]
async fn a_burst_beyond_the_limit_is_throttled() {
    let limits = [("ThrottleRate", "1"), ("ThrottleBurst", "3")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    let stack = Stack::start(Options { parameters: limits.into(), ..Options::for_tests() }).await.expect("it starts");
    // By a running clock, a second may pass between the requests.
    stack.sys.hold();
    let get = || reqwest::get(format!("{}/.well-known/jwks.json", stack.urls.api));
    let mut answers = Vec::new();
    for _ in 0..4 {
        answers.push(get().await.expect("an answer"));
    }
    let statuses: Vec<u16> = answers.iter().map(|a| a.status().as_u16()).collect();
    assert_eq!(statuses, [200, 200, 200, 429]);
    let refused = answers.pop().expect("the last").text().await.expect("a body");
    assert_eq!(refused, r#"{"message":"Too Many Requests"}"#);
    stack.clock.advance(Duration::from_secs(1)).expect("the clock moves");
    assert_eq!(get().await.expect("an answer").status(), 200);
}

/// HTTP: the gateway answers preflights, and replaces what functions say about origins.
/// Promise: gateway-http
#[tokio::test]
async fn the_gateway_answers_for_cross_origin_requests() {
    let cloud = Cloud::start().await;
    let from = |origin: &str| cloud.anonymous().with("origin", origin).with("access-control-request-method", "PATCH");
    for path in ["/v1/me", "/v1/nothing", "/"] {
        let allowed = from("http://localhost:5173").send(Method::OPTIONS, path, None).await;
        let _ = allowed.is(204);
        assert_eq!(allowed.header("access-control-allow-origin"), "http://localhost:5173");
        assert!(allowed.header("access-control-allow-methods").contains("PATCH"));
        assert_eq!(allowed.header("x-request-id"), "", "no function is invoked");
    }
    let unknown = from("http://localhost:5173").get("/v1/nothing").await;
    unknown.is_problem(404, "not_found");
    assert_eq!(unknown.header("access-control-allow-origin"), "http://localhost:5173", "so that a script may read the problem");
    let foreign = from("https://evil.example").send(Method::OPTIONS, "/v1/me", None).await;
    let _ = foreign.is(204);
    assert_eq!(foreign.header("access-control-allow-origin"), "");
    let reply = from("http://localhost:5173").get("/.well-known/jwks.json").await;
    assert_eq!(reply.header("access-control-allow-credentials"), "true");
    for name in ["etag", "location", "ratelimit", "ratelimit-policy", "retry-after", "www-authenticate", "x-request-id"] {
        assert!(reply.header("access-control-expose-headers").split(',').any(|exposed| exposed == name), "{name}");
    }
}

/// In development any port of this machine may be a frontend: for the API, its cookies and sockets, and for the bucket. Another
/// computer may not.
/// Promise: gateway-http
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_development_a_frontend_may_have_any_port() {
    let cloud = Cloud::start_with(&[("AllowedOrigins", "http://localhost:*,http://127.0.0.1:*")]).await;
    let ana = cloud.member("ana").await;
    let body = json!({ "login": "ana", "password": tests::PASSWORD, "token_delivery": "cookie" });
    let jar = cloud.anonymous().post("/v1/sessions", body).await.cookie("__Host-refresh").split(';').next().expect("a cookie").to_owned();
    let declared = json!({ "content_type": "image/png", "bytes": 1, "sha256": "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=" });
    let upload = ana.post("/v1/me/picture/uploads", declared).await.is(201)["url"].as_str().expect("a link").to_owned();
    for (origin, ours) in [
        ("http://localhost:3000", true),
        ("http://localhost:5173", true),
        ("http://127.0.0.1:8080", true),
        ("https://localhost:3000", false),
        ("http://localhost.evil.example:3000", false),
        ("http://192.0.2.1:3000", false),
        ("null", false),
    ] {
        let page = cloud.anonymous().with("origin", origin);
        let allowed = if ours { origin } else { "" };
        let asking = page.with("access-control-request-method", "PUT");
        assert_eq!(asking.send(Method::OPTIONS, "/v1/me", None).await.header("access-control-allow-origin"), allowed);
        assert_eq!(asking.send(Method::OPTIONS, &upload, None).await.header("access-control-allow-origin"), allowed);
        let refreshed = page.with("cookie", &jar).with("x-stoa-csrf", "1").post("/v1/sessions/refresh", json!({})).await;
        let _ = refreshed.is(if ours { 200 } else { 403 });
        let _ = ana.with("origin", origin).post("/v1/realtime/tickets", json!({})).await.is(if ours { 201 } else { 403 });
    }
}

/// HTTP: the caller's address is that of the connection, whatever a header claims.
/// Promise: client-address
#[tokio::test]
async fn nobody_chooses_their_address() {
    let cloud = Cloud::start().await;
    let guess = json!({ "login": "nobody", "password": "a guess at random" });
    let mut statuses = Vec::new();
    let caller = cloud.anonymous();
    for n in 0..40 {
        let reply = caller
            .with("x-forwarded-for", format!("203.0.113.{n}"))
            .post("/v1/registrations", json!({ "email": format!("u{n}@example.test") }))
            .await;
        statuses.push(reply.status.as_u16());
    }
    assert!(statuses.contains(&429), "a header does not change the limit: {statuses:?}");
    let _ = cloud.anonymous().post("/v1/sessions", guess).await.is(401);
}

fn sole(cloud: &Cloud) -> ConnectionInfo {
    let all = cloud.connections.list();
    assert_eq!(all.len(), 1);
    all.into_iter().next().expect("one")
}

type RawSocket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

/// The raw socket that a member's ticket opens.
async fn raw(caller: &Caller) -> RawSocket {
    let ticket = caller.ticket().await;
    let mut request = ticket["url"].as_str().expect("a url").into_client_request().expect("a request");
    let offer = format!("stoa.v1, ticket.{}", ticket["ticket"].as_str().expect("a ticket"));
    request.headers_mut().insert("sec-websocket-protocol", HeaderValue::try_from(offer).expect("a header"));
    request.headers_mut().insert("origin", HeaderValue::try_from(caller.origin()).expect("a header"));
    let (socket, reply) = connect_async(request).await.expect("it opens");
    assert_eq!(reply.headers().get("sec-websocket-protocol").and_then(|v| v.to_str().ok()), Some("stoa.v1"));
    socket
}

/// Sends a ping and waits for the pong, which comes after everything that the gateway has sent before.
async fn ping(socket: &mut RawSocket) {
    socket.send(Message::Ping("still here".into())).await.expect("it is open");
    let answered = async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Pong(_))) => return,
                Some(Ok(_)) => {}
                end => panic!("no pong: {end:?}"),
            }
        }
    };
    tokio::time::timeout(PATIENCE, answered).await.expect("it answers");
}

async fn close_code(mut socket: impl StreamExt<Item = Result<Message, tokio_tungstenite::tungstenite::Error>> + Unpin) -> u16 {
    let search = async {
        while let Some(Ok(message)) = socket.next().await {
            if let Message::Close(frame) = message {
                return frame.map_or(1005, |f| f.code.into());
            }
        }
        1006
    };
    tokio::time::timeout(PATIENCE, search).await.expect("it closes")
}

/// WebSocket: only the stage's path upgrades, and only a WebSocket handshake.
/// Promise: gateway-socket
#[tokio::test]
async fn only_a_websocket_handshake_opens_a_socket() {
    let cloud = Cloud::start().await;
    let listener = cloud.urls.socket.replace("ws://", "http://");
    let caller = cloud.anonymous();
    let _ = caller.get(&listener).await.is(426);
    let _ = caller.get(&listener.replace("/development", "/elsewhere")).await.is(403);
    assert!(Socket::open(&cloud.urls.socket, None, Some(caller.origin())).await.is_err_and(|r| r.0 == 401 || r.0 == 403));
    assert!(cloud.connections.list().is_empty());
}

/// WebSocket: a frame of 32 KB and a message of 128 KB pass, one byte more closes with 1009, and binary frames close with 1003.
/// Promise: gateway-socket
#[tokio::test]
async fn the_sizes_of_frames_are_limited() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;

    let mut socket = raw(&ana).await;
    let fragment = |opcode, last, size| Message::Frame(Frame::message(vec![b' '; size], OpCode::Data(opcode), last));
    for (opcode, last) in [(Data::Text, false), (Data::Continue, false), (Data::Continue, false), (Data::Continue, true)] {
        socket.send(fragment(opcode, last, 32 * 1024)).await.expect("sent");
    }
    let answer = tokio::time::timeout(PATIENCE, socket.next()).await.expect("in time").expect("open").expect("a frame");
    assert!(answer.is_text(), "128 KB that are no frame get an error frame: {answer:?}");
    for (opcode, last) in
        [(Data::Text, false), (Data::Continue, false), (Data::Continue, false), (Data::Continue, false), (Data::Continue, true)]
    {
        // The gateway may have closed before the last one.
        drop(socket.send(fragment(opcode, last, 32 * 1024)).await);
    }
    assert_eq!(close_code(socket).await, 1009);

    let mut socket = raw(&ana).await;
    socket.send(Message::text(" ".repeat(32 * 1024 + 1))).await.expect("sent");
    assert_eq!(close_code(socket).await, 1009);

    let mut socket = raw(&ana).await;
    socket.send(Message::binary(vec![1, 2, 3])).await.expect("sent");
    assert_eq!(close_code(socket).await, 1003);
}

/// WebSocket: ten minutes without traffic, or two hours in all, end a connection with 1001, by the moved clock.
/// Promise: gateway-socket
#[tokio::test]
async fn silence_and_age_close_a_socket() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let mut silent = raw(&ana).await;
    // The greeting counts as traffic, once the gateway has sent it.
    cloud.settle().await;
    ping(&mut silent).await;
    cloud.advance(Duration::from_mins(9)).await;
    assert_eq!(cloud.connections.list().len(), 1, "open after nine minutes");
    cloud.advance(Duration::from_mins(1)).await;
    assert_eq!(close_code(silent).await, 1001);

    let ana = cloud.sign_in("ana").await;
    let mut lively = raw(&ana).await;
    // Thirteen times nine minutes, and three more, are two hours.
    for _ in 0..13 {
        cloud.advance(Duration::from_mins(9)).await;
        ping(&mut lively).await;
    }
    cloud.advance(Duration::from_mins(3)).await;
    assert_eq!(close_code(lively).await, 1001);
}

/// WebSocket: the management endpoint posts to open connections, up to the size limit, and to no others.
/// Promise: gateway-socket
#[tokio::test]
async fn a_connection_is_posted_to_until_it_is_gone() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let mut socket = ana.socket().await;
    let info = sole(&cloud);
    assert!(info.identity.source_ip.starts_with("127."));
    cloud.connections.post(&info.id, json!({ "hello": 1 }).to_string().into()).expect("posted");
    let _ = socket.expect(|frame| frame["hello"] == 1).await;
    assert_eq!(cloud.connections.post(&info.id, vec![b' '; 128 * 1024 + 1].into()), Err(ConnectionError::TooLarge));
    cloud.connections.delete(&info.id).expect("deleted");
    assert_eq!(cloud.connections.post(&info.id, "x".into()), Err(ConnectionError::Gone));
    assert!(cloud.connections.get(&info.id).is_err());
}
