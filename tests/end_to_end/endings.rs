//! Losing a room: a table of every way of losing membership in every kind of room, and what ends with it.

use std::time::Duration;

use local::aws::{
    Service,
    faults::{Fault, Target},
};
use tests::{Caller, Cloud, PASSWORD, Reply, Socket, Value, json};

/// A kind of room, and on which side of it somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Direct,
    Group,
    Channel,
    Public,
    /// The customer of a thread of the support desk.
    Customer,
    /// Somebody of the support team.
    Team,
}
use Place::{Channel, Customer, Direct, Group, Public, Team};

static PLACES: [Place; 6] = [Direct, Group, Channel, Public, Customer, Team];

/// A way of losing what one may read or write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Removal,
    Leaving,
    Ban,
    Block,
    SignOut,
    Deactivation,
    /// A role is taken away: that of an administrator of the room, or of the support team.
    Demotion,
}
use End::{Ban, Block, Deactivation, Demotion, Leaving, Removal, SignOut};

static ENDS: [End; 7] = [Removal, Leaving, Ban, Block, SignOut, Deactivation, Demotion];

/// What has to follow.
#[derive(Clone, Copy, Debug)]
enum Follows {
    /// The socket is closed. The messages are answered with this status over HTTP.
    Closed(u16),
    /// The socket stays open, and the room is gone. The messages are answered with this status over HTTP.
    Gone(u16),
    /// The person stays in the room.
    Stays,
    /// There is no such case, for this reason.
    Impossible(&'static str),
}
use Follows::{Closed, Gone, Impossible, Stays};

/// The table.
const fn follows(place: Place, end: End) -> Follows {
    match (place, end) {
        (_, SignOut | Deactivation) => Closed(401),
        (Team, Ban) => Impossible("staff are not banned from chat"),
        (_, Ban) => Closed(403),
        (Group | Channel, Removal | Leaving) | (Direct, Block) => Gone(404),
        (Team, Demotion) => Gone(403),
        // A block is between two people, and the room is of all. Who does not administrate a room any more is a member.
        (Group | Channel | Public, Block) | (Group | Channel, Demotion) => Stays,
        (Direct, Removal | Leaving) => Impossible("a room of two has both of them: one blocks the other"),
        (Public, Removal | Leaving) => Impossible("everybody who is signed in is in it"),
        (Customer, Removal | Leaving) => Impossible("a thread is its customer's for as long as there is the account"),
        (Team, Removal | Leaving) => Impossible("whoever has the role is in it"),
        (Customer | Team, Block) => Impossible("a customer does not know who of the team answers"),
        (Direct | Public | Customer, Demotion) => Impossible("nobody has a role in it"),
    }
}

/// Until when a socket is closed, by the clock of the cloud.
const CLOSED_WITHIN: Duration = Duration::from_secs(5);

/// The staff of all cases.
struct Staff {
    moderator: Caller,
    superuser: Caller,
}

/// A person who is about to lose a room, and one who continues to write in it.
struct Scene {
    place: Place,
    room: String,
    who: Caller,
    socket: Socket,
    other: Caller,
    /// The socket of the other. Support is talked to over HTTP.
    voice: Option<Socket>,
    said: u32,
}

impl Scene {
    async fn set(cloud: &Cloud, staff: &Staff, (place, end): (Place, End), n: usize) -> Self {
        let (one, another) = (format!("who{n}x"), format!("other{n}x"));
        let who = if place == Team { cloud.staff(&one, "moderator").await.0 } else { cloud.member(&one).await };
        let other = if place == Customer { staff.moderator.clone() } else { cloud.member(&another).await };
        let room = match place {
            Direct => {
                let made = other.post("/v1/rooms/direct", json!({ "user": who.id() })).await.is(201);
                made["id"].as_str().unwrap().to_owned()
            }
            Public => "public".to_owned(),
            Group | Channel => club(place, &other, &who, end == Demotion).await,
            Customer => thread(&who).await,
            Team => thread(&other).await,
        };
        let mut socket = who.socket().await;
        let voice = if matches!(place, Customer | Team) { None } else { Some(other.socket().await) };
        if voice.is_none() {
            let hello = socket.ask_on("support", json!({ "type": "hello" })).await;
            assert_eq!(hello["team"], place == Team, "{hello}");
        }
        Self { place, room, who, socket, other, voice, said: 0 }
    }

    /// The other says something. Whether it is committed.
    async fn says(&mut self, text: &str) -> bool {
        self.said += 1;
        let nonce = format!("n{}", self.said);
        if let Some(voice) = &mut self.voice {
            let said = json!({ "type": "send", "room": self.room, "text": text, "nonce": nonce });
            return voice.ask(said).await["type"] == "ack";
        }
        let (path, body) = if self.place == Customer {
            (format!("/v1/support/threads/{}/messages", self.room), json!({ "text": text, "nonce": nonce, "force": true }))
        } else {
            ("/v1/support/thread/messages".to_owned(), json!({ "text": text, "nonce": nonce }))
        };
        self.other.post(&path, body).await.status == 201
    }

    /// Makes it happen.
    async fn ends(&self, staff: &Staff, end: End) -> Reply {
        let (Self { who, other, .. }, id) = (self, self.who.id());
        let membership = format!("/v1/rooms/{}/members/{id}", self.room);
        match end {
            Removal => other.delete(&membership).await,
            Leaving => who.delete(&membership).await,
            Ban => staff.moderator.put(&format!("/v1/moderation/bans/{id}"), json!({ "reason": "other" })).await,
            Block => other.put(&format!("/v1/friends/{id}/block"), Value::Null).await,
            SignOut => who.delete("/v1/sessions/current").await,
            Deactivation => who.post("/v1/me/deactivation", json!({ "password": PASSWORD })).await,
            Demotion if self.place == Team => staff.superuser.delete(&format!("/v1/admin/users/{}/roles/moderator", who.name())).await,
            Demotion => other.put(&membership, json!({ "role": "member" })).await,
        }
    }

    /// The messages over HTTP.
    async fn messages(&self) -> Reply {
        let path = match self.place {
            Customer => "/v1/support/thread/messages".to_owned(),
            Team => format!("/v1/support/threads/{}/messages", self.room),
            _ => format!("/v1/rooms/{}/messages", self.room),
        };
        self.who.get(&path).await
    }

    /// Tries to send over HTTP or by opening another socket. The status.
    async fn tries_again(&self) -> u16 {
        if self.place == Customer {
            let again = json!({ "text": "me too", "nonce": "again" });
            return self.who.post("/v1/support/thread/messages", again).await.status.as_u16();
        }
        let ticket = self.who.post("/v1/realtime/tickets", json!({})).await;
        if ticket.status != 201 {
            return ticket.status.as_u16();
        }
        let ticket = ticket.json();
        let opened = Socket::open(ticket["url"].as_str().unwrap(), ticket["ticket"].as_str(), Some(self.who.origin())).await;
        opened.err().map_or(101, |refused| refused.0)
    }

    /// Every frame about the room is refused, no list has it, and nothing of it is shown.
    async fn is_gone(&mut self, cloud: &Cloud, status: u16) {
        let Self { place, room, who, socket, .. } = self;
        if *place == Team {
            for kind in ["sync", "typing"] {
                let asked =
                    if kind == "sync" { json!({ "type": kind, "room": room, "since": 0 }) } else { json!({ "type": kind, "room": room }) };
                let refused = socket.ask_on("support", asked).await;
                assert_eq!(refused["problem"]["code"], "not_found", "{kind}: {refused}");
            }
            assert_eq!(socket.ask_on("support", json!({ "type": "hello" })).await["team"], false);
            who.get(&format!("/v1/support/threads/{room}")).await.has(status);
            return;
        }
        let asks = [
            json!({ "type": "send", "room": room, "text": "me too", "nonce": "again" }),
            json!({ "type": "sync", "room": room, "since": 0 }),
            json!({ "type": "history", "room": room }),
            json!({ "type": "typing", "room": room }),
            json!({ "type": "read", "room": room, "seq": 1 }),
        ];
        for asked in asks {
            let refused = socket.ask(asked.clone()).await;
            let code = refused["problem"]["code"].as_str().unwrap_or_default();
            assert!(["not_found", "chat_not_allowed"].contains(&code), "{place:?} {asked}: {refused}");
        }
        cloud.refill_frames().await;
        let hello = socket.ask(json!({ "type": "hello" })).await;
        assert!(!hello["rooms"].to_string().contains(&*room), "{place:?}: {hello}");
        for list in ["/v1/rooms", "/v1/chats"] {
            let listed = who.get(list).await.is(200);
            assert!(!listed.to_string().contains(&*room), "{place:?}: {listed}");
        }
        for path in ["", "/members", "/receipts"] {
            who.get(&format!("/v1/rooms/{room}{path}")).await.is_problem(status, "not_found");
        }
    }

    /// Everything arrives as before, except what the block or the role is about.
    async fn stays(&mut self, end: End) {
        let Self { place, room, who, socket, voice, .. } = self;
        if end == Block {
            let typing = json!({ "type": "typing", "room": room });
            assert_eq!(voice.as_mut().unwrap().ask(typing).await["type"], "typing");
        } else {
            who.patch(&format!("/v1/rooms/{room}"), json!({ "name": "Mine" })).await.is_problem(403, "forbidden");
            let said = socket.ask(json!({ "type": "send", "room": room, "text": "me too", "nonce": "again" })).await;
            let refused = said["problem"]["code"] == "forbidden";
            assert_eq!(refused, *place == Channel, "only administrators write in a channel: {said}");
        }
        assert_eq!(socket.ask(json!({ "type": "ping" })).await["type"], "pong");
        for _ in 0..3 {
            socket.expect(|f| f["payload"]["text"] == "after").await;
        }
        assert!(!socket.heard().iter().any(|f| f["payload"]["type"] == "typing"), "{place:?} {end:?}: {:?}", socket.heard());
        self.messages().await.is(200);
    }

    /// The frames about rooms that have arrived since the event, except that the room or the socket is over.
    fn more(&self) -> Vec<&Value> {
        let about = |f: &&Value| ["chat", "support"].contains(&f["stream"].as_str().unwrap_or_default());
        let over = ["left", "error", "online"];
        self.socket.heard().iter().filter(about).filter(|f| !over.contains(&f["payload"]["type"].as_str().unwrap_or_default())).collect()
    }
}

/// A group or a channel with a member, who administrates it or not.
async fn club(place: Place, owner: &Caller, member: &Caller, administrates: bool) -> String {
    let kind = if place == Group { "group" } else { "channel" };
    let room = owner.post("/v1/rooms", json!({ "kind": kind, "name": "Porch" })).await.is(201)["id"].as_str().unwrap().to_owned();
    owner.put(&format!("/v1/rooms/{room}/invitations/{}", member.id()), Value::Null).await.is(204);
    member.post(&format!("/v1/rooms/{room}/members"), Value::Null).await.is(200);
    if administrates {
        owner.put(&format!("/v1/rooms/{room}/members/{}", member.id()), json!({ "role": "admin" })).await.is(204);
    }
    room
}

/// The thread of a customer.
async fn thread(customer: &Caller) -> String {
    let thread = customer.put("/v1/support/thread", json!({ "subject": "My parcel" })).await.is(201);
    thread["room"].as_str().unwrap().to_owned()
}

async fn try_case(cloud: &Cloud, staff: &Staff, (place, end): (Place, End), n: usize) {
    let follows = follows(place, end);
    if let Impossible(why) = follows {
        return assert!(!why.is_empty());
    }
    let mut scene = Scene::set(cloud, staff, (place, end), n).await;
    assert!(scene.says("before").await, "{place:?} {end:?}");
    scene.socket.expect(|f| f["payload"]["text"] == "before").await;
    cloud.settle().await;
    scene.socket.ping().await;
    scene.socket.take_heard();

    let at = cloud.now();
    scene.ends(staff, end).await.succeeds();
    let _ = scene.says("at once").await;
    cloud.settle().await;
    if let Closed(_) = follows {
        scene.socket.closed().await;
        let took = cloud.now().since(at);
        assert!(took < CLOSED_WITHIN, "{place:?} {end:?}: closed after {took:?}");
    }
    // In a direct room nobody can write after a block or a deactivation.
    let alone = place == Direct && [Block, Deactivation].contains(&end);
    for _ in 0..3 {
        assert_eq!(scene.says("after").await, !alone, "{place:?} {end:?}");
    }
    cloud.settle().await;
    match follows {
        Stays => return scene.stays(end).await,
        Closed(status) => {
            scene.messages().await.has(status);
            assert_eq!(scene.tries_again().await, if end == Ban { 403 } else { 401 }, "{place:?} {end:?}");
        }
        Gone(status) => {
            scene.socket.ping().await;
            scene.messages().await.has(status);
        }
        Impossible(_) => {}
    }
    let more = scene.more();
    assert!(more.len() <= 1 && more.iter().all(|f| f["payload"]["text"] != "after"), "{place:?} {end:?}: {more:?}");
    if let Gone(status) = follows {
        scene.is_gone(cloud, status).await;
        scene.socket.close().await;
    }
}

/// Every way of losing a room in every kind of room: at most one more frame of it arrives, a socket that must be closed is closed within
/// five seconds, nothing can be sent or read there, and no list has it. Cases that do not exist say why.
/// Promise: room-removal, chat-ban, block-silent, socket-session-end, support-access
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_more_arrives_after_an_end_in_any_room() {
    let cloud = Cloud::start().await;
    let staff = Staff { moderator: cloud.staff("mona", "moderator").await.0, superuser: cloud.staff("root_of_all", "superuser").await.0 };
    let cases = PLACES.iter().flat_map(|place| ENDS.iter().map(move |end| (*place, *end)));
    for (n, case) in cases.enumerate() {
        try_case(&cloud, &staff, case, n).await;
    }
}

/// While a socket of somebody of the team cannot be closed after their session has ended, it gets nothing of the desk, and the first
/// delivery that could close it does.
/// Promise: socket-session-end, support-access
#[tokio::test(flavor = "multi_thread")]
async fn a_socket_at_the_desk_that_cannot_be_closed_hears_nothing() {
    let cloud = Cloud::start().await;
    let (ana, (kim, _)) = (cloud.member("ana").await, cloud.staff("kim", "moderator").await);
    thread(&ana).await;
    let mut socket = kim.socket().await;
    assert_eq!(socket.ask_on("support", json!({ "type": "hello" })).await["team"], true);
    let operation = Some("DeleteConnection".to_owned());
    let closing = Target { service: Some(Service::Connections), operation, first: 1, times: 0, ..Target::default() };
    let down = cloud.aws.faults.script(closing, Fault::Internal);
    let _ = kim.delete("/v1/sessions/current").await.is(204);
    cloud.settle().await;
    for nonce in ["n1", "n2"] {
        ana.post("/v1/support/thread/messages", json!({ "text": "for the team", "nonce": nonce })).await.is(201);
        down.end();
    }
    socket.closed().await;
    assert!(!socket.heard().iter().any(|f| f["payload"]["type"] == "message"), "{:?}", socket.heard());
}
