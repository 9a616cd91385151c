//! The WebSocket: opening it with a ticket, and the presence of people.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use local::aws::{
    Service,
    faults::{Fault, Target},
};
use tests::{Caller, Cloud, DAY, PATIENCE, Refused, Socket, Value, json, race};

async fn open(ticket: &Value, origin: Option<&str>) -> Result<Socket, Refused> {
    Socket::open(ticket["url"].as_str().unwrap(), ticket["ticket"].as_str(), origin).await
}

/// Waits for something that [`Cloud::settle`] does not know about: that the gateway notices a lost connection.
pub async fn until(mut happened: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !happened().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("it happens");
}

/// A ticket opens one socket, however many clients present it at the same moment.
/// Promise: socket-ticket
#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_opens_one_of_five_hundred_sockets() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let (ticket, origin) = (ana.ticket().await, ana.origin().to_owned());
    let outcomes = race(500, |_| {
        let (ticket, origin) = (ticket.clone(), origin.clone());
        async move { open(&ticket, Some(&origin)).await.map(drop) }
    })
    .await;
    // A request that finds the table too busy gets 503, with the ticket used up or not.
    assert!(outcomes.iter().all(|o| matches!(o, Ok(()) | Err(Refused(401 | 503)))), "{outcomes:?}");
    let admitted = outcomes.iter().filter(|o| o.is_ok()).count();
    cloud.settle().await;
    let late = usize::from(open(&ticket, Some(&origin)).await.is_ok());
    assert_eq!(admitted + late, 1, "{admitted} opened, then {late}: a ticket that opened no socket is still valid");
}

/// A ticket expires after thirty seconds by the clock, whether its item was deleted or not.
/// Promise: socket-ticket
#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_ends_after_thirty_seconds() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let ticket = ana.ticket().await;
    cloud.advance(Duration::from_secs(31)).await;
    assert_eq!(open(&ticket, Some(ana.origin())).await.err(), Some(Refused(401)));
    let ticket = ana.ticket().await;
    cloud.advance(Duration::from_secs(28)).await;
    assert!(open(&ticket, Some(ana.origin())).await.is_ok());
}

/// No ticket, a made-up one, a changed one, an access token: none of them opens a socket.
/// Promise: socket-ticket
#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_a_ticket_opens_a_socket() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let ticket = ana.ticket().await;
    let (url, good) = (ticket["url"].as_str().unwrap(), ticket["ticket"].as_str().unwrap());
    let changed: String = good.chars().rev().collect();
    let token = ana.token();
    for bad in [None, Some(""), Some("x"), Some(changed.as_str()), Some(&good[1..]), Some(token.as_str())] {
        assert_eq!(Socket::open(url, bad, Some(ana.origin())).await.err(), Some(Refused(401)), "{bad:?}");
    }
    cloud.anonymous().post("/v1/realtime/tickets", json!({})).await.is_problem(401, "token_invalid");
}

/// The origin is compared exactly, and a browser's ticket is valid only at its own site.
/// Promise: socket-ticket
#[tokio::test(flavor = "multi_thread")]
async fn other_sites_do_not_get_in() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let ours = ana.origin().to_owned();
    let evil = ["null", "http://evil.test", &format!("{ours}.evil.test"), &format!("{ours}0"), &format!("x{ours}"), "http://localhost", ""];
    let ticket = ana.ticket().await;
    for origin in evil {
        assert_eq!(open(&ticket, Some(origin)).await.err(), Some(Refused(403)), "{origin}");
        ana.with("origin", origin).post("/v1/realtime/tickets", json!({})).await.is_problem(403, "origin_refused");
    }
    assert!(open(&ticket, None).await.is_ok(), "a client that is no browser sends no origin");

    let browsers = ana.with("origin", &ours).ticket().await;
    assert_eq!(open(&browsers, None).await.err(), Some(Refused(403)), "a browser's ticket at another site");
    assert!(open(&browsers, Some(&ours)).await.is_ok());
}

/// The sockets of an ended session are told so and closed, and it opens no new one. Others stay open.
/// Promise: socket-session-end
#[tokio::test(flavor = "multi_thread")]
async fn the_sockets_of_an_ended_session_are_closed() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let phone = cloud.sign_in("ana").await;
    let (mut here, mut there) = (ana.socket().await, phone.socket().await);
    let ticket = phone.ticket().await;
    let _ = phone.delete("/v1/sessions/current").await.is(204);
    let last = there.expect(|frame| frame["stream"] == "socket").await;
    assert_eq!(last["payload"], json!({ "type": "closing", "reason": "session_ended", "code": 4401 }));
    assert_eq!(there.closed().await, Some(1000));
    assert_eq!(open(&ticket, Some(phone.origin())).await.err(), Some(Refused(401)));
    assert_eq!(here.ask(json!({ "type": "hello" })).await["type"], "hello");
}

/// While the platform cannot close sockets for a while, those of an ended session are closed in the end, however it ended.
/// Promise: socket-session-end, delivery-retry
#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_cannot_be_closed_at_once_is_closed_in_the_end() {
    let cloud = Cloud::start().await;
    for (n, fault) in [Fault::Throttle, Fault::Internal].into_iter().enumerate() {
        let out = cloud.member(&format!("out{n}")).await;
        let forgetful = cloud.member(&format!("forgetful{n}")).await;
        // All attempts of the client fail. The announcements of who has come would close sockets, too, so they are waited for.
        let down = async || {
            cloud.settle().await;
            cloud.aws.faults.script(closing(3), fault)
        };

        let (mut socket, script) = (out.socket().await, down().await);
        let _ = out.delete("/v1/sessions/current").await.is(204);
        socket.closed().await;
        assert_eq!(script.hits(), 3);

        let (mut socket, script) = (forgetful.socket().await, down().await);
        let _ = cloud.anonymous().post("/v1/password-resets", json!({ "email": forgetful.email() })).await.is(202);
        let token = cloud.token_to(&forgetful.email()).await;
        let anew = json!({ "token": token, "password": "quiet otters swimming" });
        let _ = cloud.anonymous().post("/v1/password-resets/confirm", anew).await.is(204);
        socket.closed().await;
        assert_eq!(script.hits(), 3);
    }
    assert!(cloud.aws.dead_letters.list().is_empty());
}

/// While a socket of an ended session cannot be closed nothing is sent to it, and the first function that would send something
/// closes it.
/// Promise: socket-session-end
#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_cannot_be_closed_hears_nothing() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let mut says = ben.socket().await;
    let mut socket = ana.socket().await;
    let down = cloud.aws.faults.script(closing(0), Fault::Internal);
    let _ = ana.delete("/v1/sessions/current").await.is(204);
    cloud.settle().await;
    assert_eq!(cloud.aws.dead_letters.list().len(), 1);
    let say = async |says: &mut Socket, nonce: &str| {
        let ack = says.ask(json!({ "type": "send", "room": "public", "text": "for members", "nonce": nonce })).await;
        assert_eq!(ack["type"], "ack", "{ack}");
        cloud.settle().await;
    };
    say(&mut says, "n1").await;
    down.end();
    say(&mut says, "n2").await;
    socket.closed().await;
    assert!(!socket.heard().iter().any(|f| f["payload"]["type"] == "message"), "{:?}", socket.heard());
}

fn closing(times: u32) -> Target {
    let operation = Some("DeleteConnection".to_owned());
    Target { service: Some(Service::Connections), operation, first: 1, times, ..Target::default() }
}

/// Signs in members whose sessions end by the clock in five minutes.
async fn with_short_sessions<const N: usize>(cloud: &Cloud, names: [&str; N]) -> [tests::Caller; N] {
    let mut members = Vec::new();
    for name in names {
        members.push(cloud.member(name).await);
    }
    for step in [DAY * 13, DAY * 13, (DAY * 4).saturating_sub(Duration::from_secs(300))] {
        cloud.advance(step).await;
        for who in &mut members {
            let body = json!({ "refresh_token": who.refresh_token() });
            *who = who.signed_in(cloud.anonymous().post("/v1/sessions/refresh", body).await.is(200));
        }
    }
    members.try_into().unwrap_or_else(|_| unreachable!("as many as there are names"))
}

/// A session that expires by the clock ends its sockets: a client that only listens gets no more messages and is closed.
/// Promise: socket-session-end
#[tokio::test(flavor = "multi_thread")]
async fn a_socket_does_not_outlive_its_session() {
    let cloud = Cloud::start().await;
    let [ana, cat] = with_short_sessions(&cloud, ["ana", "cat"]).await;
    let ben = cloud.member("ben").await;
    let room = ben.post("/v1/rooms/direct", json!({ "user": ana.id() })).await.is(201)["id"].clone();
    let (mut hers, mut public, mut says) = (ana.socket().await, cat.socket().await, ben.socket().await);
    let mut other = cloud.sign_in("ana").await.socket().await;
    cloud.settle().await;
    let send = |text: &str| json!({ "type": "send", "room": room, "text": text, "nonce": text.replace(' ', "-") });
    assert_eq!(says.ask(send("in time")).await["type"], "ack");
    assert_eq!(hers.hear("message").await["text"], "in time");
    // Traffic keeps the sockets from the platform's limit for silent ones.
    cloud.advance(Duration::from_secs(420)).await;
    assert_eq!(says.ask(send("too late")).await["type"], "ack");
    hers.closed().await;
    assert!(!hers.heard().iter().any(|f| f["payload"]["type"] == "message"), "{:?}", hers.heard());
    let heard = other.expect(|f| f["payload"]["text"] == "too late").await;
    assert_eq!(heard["payload"]["type"], "message");
    // The same with a message of the fan-out.
    let said = json!({ "type": "send", "room": "public", "text": "to all", "nonce": "all" });
    assert_eq!(says.ask(said).await["type"], "ack");
    public.closed().await;
    assert!(!public.heard().iter().any(|f| f["payload"]["type"] == "message"), "{:?}", public.heard());
    cloud.settle().await;
    let rows = cloud.of_kind("connection").await;
    assert_eq!(rows.len(), 2, "the items of the others are deleted: {rows:?}");
}

/// The same with a notification. The only socket is the one that it is for, so nothing else can have closed it.
/// Promise: socket-session-end
#[tokio::test(flavor = "multi_thread")]
async fn a_notification_closes_a_socket_of_an_ended_session() {
    let cloud = Cloud::start().await;
    let [ana] = with_short_sessions(&cloud, ["ana"]).await;
    let ben = cloud.member("ben").await;
    let mut hers = ana.socket().await;
    cloud.settle().await;
    cloud.advance(Duration::from_secs(420)).await;
    ben.post(&format!("/v1/friends/{}/request", ana.id()), json!({})).await.is(201);
    hers.closed().await;
    assert!(!hers.heard().iter().any(|f| f["stream"] == "notification"), "{:?}", hers.heard());
    cloud.settle().await;
    let rows = cloud.of_kind("connection").await;
    assert!(rows.is_empty(), "its item is deleted: {rows:?}");
}

/// Ten sockets a minute.
/// Promise: request-rates, socket-ticket
#[tokio::test(flavor = "multi_thread")]
async fn the_eleventh_socket_within_a_minute_is_refused() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let mut sockets = Vec::new();
    for _ in 0..10 {
        sockets.push(ana.socket().await);
    }
    assert_eq!(open(&ana.ticket().await, Some(ana.origin())).await.err(), Some(Refused(429)));
    cloud.advance(Duration::from_secs(61)).await;
    let mut eleventh = open(&ana.ticket().await, Some(ana.origin())).await.unwrap();
    assert_eq!(eleventh.ask(json!({ "type": "hello" })).await["type"], "hello");
    sockets.remove(0).closed().await;
}

/// Everything that is stored, except when people were last seen.
async fn stored(cloud: &Cloud) -> Vec<String> {
    let dump = cloud.dump().await;
    let items = dump.as_object().unwrap().values().flat_map(|table| table.as_array().unwrap());
    items.filter(|item| item["kind"]["S"] != "presence").map(Value::to_string).collect()
}

/// Whatever a client sends, it gets the error and may continue.
/// Promise: socket-frames
#[tokio::test(flavor = "multi_thread")]
async fn a_socket_survives_everything_a_client_can_send() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let mut socket = ana.socket().await;
    // The announcement of who has come.
    cloud.settle().await;
    let before = stored(&cloud).await;
    let room = "rom_00000000000000000000000000";
    let frames = [
        ("", "frame_invalid", None),
        ("hello", "frame_invalid", None),
        ("{", "frame_invalid", None),
        ("null", "frame_invalid", None),
        ("[]", "frame_invalid", None),
        ("17", "frame_invalid", None),
        ("\"chat\"", "frame_invalid", None),
        ("{}", "frame_invalid", Some("/stream")),
        ("\u{0}", "frame_invalid", None),
        (r#"{"stream":7}"#, "frame_invalid", Some("/stream")),
        (r#"{"stream":"nowhere","id":"x","payload":{}}"#, "stream_unknown", None),
        (r#"{"stream":"$connect","payload":{}}"#, "stream_unknown", None),
        (r#"{"stream":"orders","payload":{"type":"hello"}}"#, "stream_unknown", None),
        (r#"{"stream":"chat"}"#, "frame_invalid", Some("/payload")),
        (r#"{"stream":"chat","payload":null}"#, "frame_invalid", Some("/payload")),
        (r#"{"stream":"chat","payload":{"type":"shout"}}"#, "frame_invalid", Some("/payload/type")),
        (r#"{"stream":"chat","payload":{"type":"hello","more":1}}"#, "frame_invalid", Some("/payload/more")),
        (r#"{"stream":"chat","payload":{"type":"hello"},"more":1}"#, "frame_invalid", Some("/more")),
        (r#"{"stream":"chat","payload":{"type":"send","room":"public","text":"x"}}"#, "frame_invalid", Some("/payload/nonce")),
        (
            r#"{"stream":"chat","payload":{"type":"send","room":"public","text":"x","nonce":"a#b"}}"#,
            "frame_invalid",
            Some("/payload/nonce"),
        ),
        (r#"{"stream":"chat","payload":{"type":"send","room":"public","text":"x","nonce":""}}"#, "frame_invalid", Some("/payload/nonce")),
        (r#"{"stream":"chat","payload":{"type":"send","room":"public","text":["x"],"nonce":"n"}}"#, "frame_invalid", Some("/payload/text")),
        (r#"{"stream":"chat","payload":{"type":"send","room":"public","text":"\ud800","nonce":"n"}}"#, "frame_invalid", None),
        (r#"{"stream":"chat","payload":{"type":"send","room":"public","text":"a\u0000b","nonce":"n"}}"#, "invalid", None),
        (r#"{"stream":"chat","payload":{"type":"send","room":"public","text":"  ","nonce":"n"}}"#, "message_length", None),
        (r#"{"stream":"chat","payload":{"type":"send","room":"../x","text":"x","nonce":"n"}}"#, "frame_invalid", Some("/payload/room")),
        (
            r#"{"stream":"chat","payload":{"type":"send","room":"rom_01ARZ3NDEKTSV4RRFFQ69G5FAV","text":"x","nonce":"n"}}"#,
            "not_found",
            None,
        ),
        (r#"{"stream":"chat","payload":{"type":"sync","room":"public","since":-1}}"#, "frame_invalid", Some("/payload/since")),
        (r#"{"stream":"chat","payload":{"type":"sync","room":"public","since":1e99}}"#, "frame_invalid", Some("/payload/since")),
        (r#"{"stream":"chat","payload":{"type":"sync","room":"public","since":0,"limit":0}}"#, "invalid", None),
        (r#"{"stream":"chat","payload":{"type":"sync","room":"public","since":0,"limit":101}}"#, "invalid", None),
        (r#"{"stream":"chat","payload":{"type":"history","room":"public","before":0}}"#, "frame_invalid", Some("/payload/before")),
        (r#"{"stream":"chat","payload":{"type":"online","room":"rom_"}}"#, "frame_invalid", Some("/payload/room")),
    ];
    for (i, (frame, code, pointer)) in frames.into_iter().enumerate() {
        // A refused frame counts twice.
        if i % 5 == 4 {
            cloud.refill_frames().await;
        }
        socket.send_text(frame).await;
        let told = socket.expect(|f| f["payload"]["type"] == "error").await;
        assert_eq!(told["payload"]["problem"]["code"], code, "{frame}: {told}");
        if let Some(pointer) = pointer {
            assert_eq!(told["payload"]["problem"]["pointer"], pointer, "{frame}");
        }
    }
    cloud.refill_frames().await;
    let nested = format!(r#"{{"stream":"chat","id":"deep","payload":{}{}}}"#, "[".repeat(5_000), "]".repeat(5_000));
    socket.send_text(nested).await;
    let told = socket.expect(|f| f["payload"]["type"] == "error").await;
    assert_eq!(told["payload"]["problem"]["code"], "frame_invalid");
    assert_eq!(stored(&cloud).await, before, "nothing was written");
    let empty = socket.ask(json!({ "type": "sync", "room": room, "since": 0 })).await;
    assert_eq!(empty["messages"], json!([]));
}

/// Errors carry the id of the frame they answer, and are in the person's language.
/// Promise: socket-frames, language
#[tokio::test(flavor = "multi_thread")]
async fn an_error_names_the_frame_it_answers() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let mut socket = ana.socket().await;
    socket.send_text(r#"{"stream":"nowhere","id":"f1","payload":{}}"#).await;
    let told = socket.expect(|f| f["id"] == "f1").await;
    assert_eq!(told["stream"], "error");
    assert_eq!(told["payload"]["problem"]["status"], 404);
    let told = socket.ask(json!({ "type": "send", "room": "public", "text": "x".repeat(4_001), "nonce": "n1" })).await;
    assert_eq!((&told["type"], &told["problem"]["code"]), (&json!("error"), &json!("message_length")));
}

/// A silent client shows with a ping that it is there.
/// Promise: socket-frames
#[tokio::test(flavor = "multi_thread")]
async fn a_ping_is_answered() {
    let cloud = Cloud::start().await;
    let mut socket = cloud.member("ana").await.socket().await;
    assert_eq!(socket.ask(json!({ "type": "ping" })).await, json!({ "type": "pong" }));
    cloud.advance(Duration::from_secs(540)).await;
    assert_eq!(socket.ask(json!({ "type": "ping" })).await["type"], "pong");
    cloud.advance(Duration::from_secs(540)).await;
    assert_eq!(socket.ask(json!({ "type": "ping" })).await["type"], "pong");
    socket.send("c9", json!({ "type": "ping", "more": 1 })).await;
    let told = socket.expect(|frame| frame["id"] == "c9").await;
    assert_eq!(told["payload"]["problem"]["pointer"], "/payload/more");
}

/// A person counts once with any number of tabs, until the last one closes.
/// Promise: presence
#[tokio::test(flavor = "multi_thread")]
async fn tabs_of_one_person_count_once() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let mut here = ana.socket().await;
    assert_eq!(here.ask(json!({ "type": "hello" })).await["online"], 0);
    // The announcement of her coming counts people, too.
    cloud.settle().await;
    let (first, second) = (ben.socket().await, ben.socket().await);
    here.expect(|f| f["payload"]["type"] == "online" && f["payload"]["online"] == 1).await;
    assert_eq!(here.ask(json!({ "type": "online", "room": "public" })).await["online"], 1);
    first.close().await;
    cloud.settle().await;
    assert_eq!(here.ask(json!({ "type": "online", "room": "public" })).await["online"], 1);
    second.close().await;
    until(async || {
        cloud.refill_frames().await;
        here.ask(json!({ "type": "online", "room": "public" })).await["online"] == 0
    })
    .await;
    assert_eq!(here.ask(json!({ "type": "hello" })).await["online"], 0);
}

/// However many come at once, those who are here are told at most once a second, and in the end the right number.
/// Promise: presence
#[tokio::test(flavor = "multi_thread")]
async fn many_who_come_at_once_are_announced_together() {
    const MANY: usize = 40;
    let cloud = Cloud::start().await;
    let mut here = cloud.member("ana").await.socket().await;
    cloud.settle().await;
    let mut members = Vec::new();
    for n in 0..MANY {
        members.push(cloud.member(&format!("member{n}")).await);
    }
    let begun = Instant::now();
    let sockets = join_all(members.iter().map(Caller::socket)).await;
    cloud.settle().await;
    let mut announcements = 0;
    loop {
        announcements += 1;
        if here.hear("online").await["online"] == MANY {
            break;
        }
    }
    let most = begun.elapsed().as_secs() + 2;
    assert!(announcements <= most, "{announcements} announcements, {most} allowed");
    sockets.into_iter().for_each(Socket::drop_silently);
    until(async || here.hear("online").await["online"] == 0).await;
}

/// A connection that is lost without a disconnect event is not counted for more than a minute after the last frame.
/// Promise: presence
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_is_not_counted_for_long() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let mut here = ana.socket().await;
    let ghost = ben.socket().await;
    // Every `$disconnect` fails from here on, because its read of the connection fails.
    let mute = Target::of("SocketFunction", Service::DynamoDb, "GetItem");
    let mute = cloud.aws.faults.script(mute, Fault::Internal);
    ghost.drop_silently();
    until(async || mute.hits() >= 3).await;
    cloud.settle().await;
    assert_eq!(here.ask(json!({ "type": "online", "room": "public" })).await["online"], 1);
    cloud.advance(Duration::from_secs(30)).await;
    assert_eq!(here.ask(json!({ "type": "hello" })).await["online"], 1);
    cloud.advance(Duration::from_secs(30)).await;
    assert_eq!(here.ask(json!({ "type": "online", "room": "public" })).await["online"], 0);
}
