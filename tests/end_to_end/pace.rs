//! How fast a client may send frames, and what happens to a client that sends too fast. The tests count exact frames, however slow a
//! machine is: the clock is set before each frame, almost half a second later for frames that must pass than for frames that must not.

use std::time::Duration;

use kernel::Time;
use tests::{Caller, Cloud, Refused, Socket, Value, json};

const NOBODYS_ROOM: &str = "rom_01ARZ3NDEKTSV4RRFFQ69G5FAV";

/// A name, the frame, how many frames it counts as, and the code with which it is refused.
type Kind = (&'static str, Value, usize, Option<&'static str>);

/// One frame of each kind.
fn kinds() -> Vec<Kind> {
    let chat = |payload: Value| json!({ "stream": "chat", "id": "x", "payload": payload });
    let long = "x".repeat(4_001);
    vec![
        ("hello", chat(json!({ "type": "hello" })), 1, None),
        ("online", chat(json!({ "type": "online", "room": "public" })), 1, None),
        ("sync", chat(json!({ "type": "sync", "room": "public", "since": 0 })), 1, None),
        ("history", chat(json!({ "type": "history", "room": "public" })), 1, None),
        ("message", chat(json!({ "type": "send", "room": "public", "text": "hi", "nonce": "n" })), 1, None),
        ("unknown stream", json!({ "stream": "nowhere", "id": "x", "payload": {} }), 2, Some("stream_unknown")),
        ("not a frame", json!({ "id": "x" }), 2, Some("frame_invalid")),
        ("not an ask", chat(json!({ "type": "shout" })), 2, Some("frame_invalid")),
        ("not a page", chat(json!({ "type": "sync", "room": "public", "since": 0, "limit": 0 })), 2, Some("invalid")),
        ("too long", chat(json!({ "type": "send", "room": "public", "text": long, "nonce": "n" })), 2, Some("message_length")),
        ("not one's room", chat(json!({ "type": "history", "room": NOBODYS_ROOM })), 2, Some("not_found")),
        ("reused nonce", chat(json!({ "type": "send", "room": "public", "text": "other", "nonce": "n" })), 2, Some("nonce_reused")),
    ]
}

/// Sends a frame at a moment, and returns the payload of the answer and how many calls of AWS it caused.
async fn at(cloud: &Cloud, moment: Time, socket: &mut Socket, frame: &Value) -> (Value, u64) {
    cloud.clock.set(moment).expect("the clock moves");
    let before = calls(cloud);
    socket.send_text(frame.to_string()).await;
    let answer = socket.expect(|f| f["id"] == "x").await["payload"].clone();
    (answer, calls(cloud) - before)
}

/// How many calls of AWS frames have caused so far, in all functions.
fn calls(cloud: &Cloud) -> u64 {
    let done = cloud.aws.calls.by_operation();
    ["socket chat", "socket $default"].iter().filter_map(|name| done.get(*name)).map(|done| done.tally.total()).sum()
}

/// Half a second after the first frame the next one would be due; the clock goes on while a frame is on its way.
const ALMOST_HALF: Duration = Duration::from_millis(490);

/// Sends as many frames as may come at once. Each must be answered as without the others.
async fn use_up(cloud: &Cloud, now: Time, sockets: &mut [Socket], (kind, frame, counts, refusal): &Kind) {
    for i in 0..10 / counts {
        let moment = if i == 0 { now } else { now + ALMOST_HALF };
        let many = sockets.len();
        let (answer, _) = at(cloud, moment, &mut sockets[i % many], frame).await;
        assert_eq!(code(&answer), *refusal, "{kind}, frame {i}: {answer}");
    }
}

/// Sends a frame that comes too early.
async fn too_early(cloud: &Cloud, now: Time, socket: &mut Socket, (kind, frame, ..): &Kind) {
    let (answer, cost) = at(cloud, now, socket, frame).await;
    assert_eq!((code(&answer), cost), (Some("too_many_requests"), 0), "{kind}: {answer}");
    assert_eq!(answer["problem"]["retry_after"], 1, "{kind}: {answer}");
}

fn code(answer: &Value) -> Option<&str> {
    answer["problem"]["code"].as_str()
}

/// Ten frames pass at once, then one every half second. A frame that is refused counts twice. One that comes too early causes no
/// call of AWS.
/// Promise: frame-rate
#[tokio::test(flavor = "multi_thread")]
async fn ten_frames_pass_at_once_and_refused_ones_count_twice() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let mut sockets = [ana.socket().await];
    for kind in kinds() {
        cloud.refill_frames().await;
        let now = cloud.now();
        use_up(&cloud, now, &mut sockets, &kind).await;
        for _ in 0..3 {
            too_early(&cloud, now, &mut sockets[0], &kind).await;
        }
        // After waiting for the time in the answer, one frame passes.
        let (answer, _) = at(&cloud, now + ALMOST_HALF + Duration::from_secs(1), &mut sockets[0], &kind.1).await;
        assert_eq!(code(&answer), kind.3, "{}, after a wait: {answer}", kind.0);
    }
}

/// How many calls of AWS refused frames cause, and how many a hello does.
/// Promise: frame-rate
#[tokio::test(flavor = "multi_thread")]
async fn refused_frames_cause_hardly_any_call() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let mut socket = ana.socket().await;
    let said = |room: &Value, nonce: &str| json!({ "type": "send", "room": room, "text": "hi", "nonce": nonce });
    let mut his = ben.socket().await;
    assert_eq!(his.ask(said(&json!("public"), "n")).await["type"], "ack");
    // The announcement that he has left counts people, too.
    his.close().await;
    cloud.settle().await;
    let expected = [
        // The batch that authenticates the sender and a query of the rooms. The number of people was counted with the first frame.
        ("hello", 2),
        ("online", 1),
        ("sync", 2),
        ("history", 2),
        ("unknown stream", 0),
        ("not a frame", 0),
        ("not an ask", 0),
        ("not a page", 0),
        ("too long", 0),
        ("not one's room", 1),
    ];
    for (kind, calls) in expected {
        // Enough time for two refused frames. The frames that are answered together take less than the time after which one also renews
        // the presence.
        cloud.advance(Duration::from_secs(2)).await;
        let (_, frame, ..) = kinds().into_iter().find(|(name, ..)| *name == kind).expect("a kind");
        let now = cloud.now();
        // With the first frame each of the two functions also reads whose socket it is.
        let (_, learnt) = at(&cloud, now, &mut socket, &frame).await;
        // The first count of a second: two writes and four queries.
        let counting = if ["hello", "online"].contains(&kind) { 6 } else { 0 };
        if ["hello", "unknown stream"].contains(&kind) {
            assert_eq!(learnt, calls + counting + 1, "{kind}, first frame");
        }
        let (answer, cost) = at(&cloud, now, &mut socket, &frame).await;
        assert_eq!(cost, calls, "{kind}: {answer}");
    }
    cloud.advance(Duration::from_secs(2)).await;
    let room = ana.post("/v1/rooms/direct", json!({ "user": ben.id() })).await.is(201)["id"].clone();
    let (_, hello, ..) = kinds().remove(0);
    let now = cloud.now();
    assert_eq!(at(&cloud, now, &mut socket, &hello).await.1, 3 + 6, "a hello with rooms and the people in them");
    // Authentication, transaction, the members' sockets, and that something waits for the other member, who is away.
    let said = json!({ "stream": "chat", "id": "x", "payload": said(&room, "n1") });
    let (answer, cost) = at(&cloud, now, &mut socket, &said).await;
    assert_eq!((&answer["type"], cost), (&json!("ack"), 4), "{answer}");
    // A repetition reads the message as it is now.
    let (answer, cost) = at(&cloud, now, &mut socket, &said).await;
    assert_eq!((&answer["type"], cost), (&json!("ack"), 2), "{answer}");
}

/// All sockets of a person share one allowance. Those of others do not.
/// Promise: frame-rate
#[tokio::test(flavor = "multi_thread")]
async fn an_account_has_one_allowance_for_all_its_sockets() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let mut sockets = [ana.socket().await, ana.socket().await, ana.socket().await];
    let mut other = ben.socket().await;
    for kind in kinds() {
        cloud.refill_frames().await;
        let now = cloud.now();
        use_up(&cloud, now, &mut sockets, &kind).await;
        for socket in &mut sockets {
            too_early(&cloud, now, socket, &kind).await;
        }
        let (answer, _) = at(&cloud, now, &mut other, &kind.1).await;
        assert_ne!(code(&answer), Some("too_many_requests"), "{}, somebody else: {answer}", kind.0);
    }
}

async fn open(ticket: &Value, who: &Caller) -> Result<Socket, Refused> {
    Socket::open(ticket["url"].as_str().unwrap(), ticket["ticket"].as_str(), Some(who.origin())).await
}

/// A client that continues without waiting loses all its sockets and gets no ticket for five minutes. Afterwards it is served as
/// before.
/// Promise: frame-rate
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_wait_gets_no_socket_for_five_minutes() {
    let cloud = Cloud::start().await;
    let ben = cloud.member("ben").await;
    let mut others = ben.socket().await;
    for (n, one) in kinds().into_iter().filter(|(kind, ..)| ["hello", "unknown stream", "too long"].contains(kind)).enumerate() {
        let kind = one.0;
        let ana = cloud.member(&format!("ana{n}")).await;
        ana.with("if-match", "*").patch("/v1/me", json!({ "language": "pl" })).await.is(200);
        let (mut hasty, mut idle) = ([ana.socket().await], ana.socket().await);
        let ticket = ana.ticket().await;
        let now = cloud.now();
        use_up(&cloud, now, &mut hasty, &one).await;
        let [mut hasty] = hasty;
        for _ in 0..10 {
            too_early(&cloud, now, &mut hasty, &one).await;
        }
        cloud.clock.set(now).unwrap();
        hasty.send_text(one.1.to_string()).await;
        for socket in [&mut hasty, &mut idle] {
            let last = socket.expect(|f| f["payload"]["problem"]["code"] == "too_many_requests" && f["id"].is_null()).await;
            assert_eq!(last["payload"]["problem"]["retry_after"], 300, "{kind}: {last}");
            // The language is known once a frame of the person was answered.
            let polish = last["payload"]["problem"]["title"].as_str().unwrap().starts_with("Zbyt wiele");
            assert!(polish || kind != "hello", "{last}");
            socket.closed().await;
        }
        assert_eq!(open(&ticket, &ana).await.err(), Some(Refused(429)), "{kind}: a ticket that was issued before");
        cloud.clock.set(now + Duration::from_secs(290)).unwrap();
        let refused = ana.post("/v1/realtime/tickets", json!({})).await;
        let problem = refused.is_problem(429, "too_many_requests");
        let wait = problem["retry_after"].as_u64().unwrap();
        assert!((1..=20).contains(&wait) && refused.header("retry-after") == wait.to_string(), "{kind}: {wait}");
        cloud.advance(Duration::from_secs(wait)).await;
        let mut back = ana.socket().await;
        assert_eq!(back.ask(json!({ "type": "hello" })).await["type"], "hello", "{kind}");
        assert_eq!(others.ask(json!({ "type": "hello" })).await["type"], "hello", "{kind}: others are not affected");
        back.close().await;
    }
}

/// Frames that come all at once, or on several sockets, do not get around the limit.
/// Promise: frame-rate
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_closed_after_ten_frames() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let mut sockets = [ana.socket().await, ana.socket().await];
    // From here on the functions know whose sockets they are.
    for socket in &mut sockets {
        assert_eq!(socket.ask(json!({ "type": "hello" })).await["type"], "hello");
    }
    cloud.refill_frames().await;
    let started = cloud.now();
    let before = calls(&cloud);
    let frame = json!({ "stream": "chat", "payload": { "type": "hello" } }).to_string();
    for _ in 0..150 {
        for socket in &mut sockets {
            // A socket may be closed while its client still writes.
            socket.try_send_text(frame.clone()).await;
        }
    }
    for socket in &mut sockets {
        socket.closed().await;
    }
    cloud.settle().await;
    // As many as the elapsed time allows on a slow machine, plus the cost of closing.
    let passed = 10 + 2 * cloud.now().since(started).as_secs() + 2;
    let cost = calls(&cloud) - before;
    assert!(cost <= passed * 7 + 40, "{cost} calls");
    let served: usize = sockets.iter().map(|s| s.heard().iter().filter(|f| f["payload"]["type"] == "hello").count()).sum();
    assert!(served as u64 <= passed, "{served} of 300 were served");
    ana.post("/v1/realtime/tickets", json!({})).await.is_problem(429, "too_many_requests");
}
