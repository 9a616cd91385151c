//! A soak of the chat: clients send, lose their connections and resume, while functions fail between their calls.
//!
//! `cargo xtask soak` runs it longer. Clients follow the rules of the documentation: a nonce is repeated until its message is
//! acknowledged, a number that is known is dropped, and a gap is asked for.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use futures_util::future::join_all;
use kernel::Env;
use local::aws::faults::{Fault, Target};
use tests::{Caller, Cloud, Socket, Value, json};

/// How much is done, from `STOA_SOAK=<clients>,<messages of each>,<seed>`.
struct Plan {
    clients: usize,
    messages: usize,
    seed: u64,
}

impl Plan {
    fn read() -> Self {
        let given = Env::process().get("STOA_SOAK").unwrap_or("12,24,1").to_owned();
        let parts: Vec<u64> = given.split(',').map(|n| n.trim().parse().expect("three numbers")).collect();
        let [clients, messages, seed] = parts[..] else { panic!("STOA_SOAK has three numbers") };
        Self { clients: usize::try_from(clients).unwrap(), messages: usize::try_from(messages).unwrap(), seed }
    }
}

/// `SplitMix64`: the same seed makes the same choices.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }
}

/// What a client has of a room.
#[derive(Default)]
struct Log {
    /// Id and text by number.
    messages: BTreeMap<u64, (String, String)>,
    /// Everything up to this number is known.
    upto: u64,
}

impl Log {
    /// Takes a message that was pushed or acknowledged. False if others before it are missing.
    fn take(&mut self, seq: u64, id: &Value, text: &Value) -> bool {
        let message = (id.as_str().unwrap().to_owned(), text.as_str().unwrap().to_owned());
        if seq <= self.upto {
            assert_eq!(self.messages.get(&seq), Some(&message), "a number that was known as something else");
        } else if seq == self.upto + 1 {
            self.messages.insert(seq, message);
            self.upto = seq;
        } else {
            return false;
        }
        true
    }
}

struct Pending {
    room: String,
    text: String,
    nonce: String,
}

struct Client {
    caller: Caller,
    socket: Option<Socket>,
    logs: BTreeMap<String, Log>,
    pending: VecDeque<Pending>,
    acknowledged: Vec<(String, u64, String)>,
    random: Random,
    said: usize,
}

impl Client {
    /// One turn: a few messages, with a connection that may be lost before or after the frame arrives.
    async fn turn(&mut self, messages: usize) {
        for _ in 0..2 {
            if self.said < messages {
                let room = self.random.below(self.logs.len() as u64);
                let room = self.logs.keys().nth(usize::try_from(room).unwrap()).unwrap().clone();
                let text = format!("{} {}", self.caller.id(), self.said);
                self.pending.push_back(Pending { room, text, nonce: format!("n{}", self.said) });
                self.said += 1;
            }
            if self.random.below(10) == 0
                && let Some(mut socket) = self.socket.take()
            {
                if let Some(next) = self.pending.front()
                    && self.random.below(2) == 0
                {
                    socket.send("cut", frame(next)).await;
                }
                socket.drop_silently();
            }
            if !self.connect().await || !self.flush().await {
                return;
            }
        }
    }

    /// Opens a socket if there is none, and catches up. False if that has to be tried again later.
    async fn connect(&mut self) -> bool {
        if self.socket.is_some() {
            return true;
        }
        let ticket = self.caller.post("/v1/realtime/tickets", json!({})).await;
        if ticket.status != 201 {
            return false;
        }
        let ticket = ticket.json();
        let (url, token) = (ticket["url"].as_str().unwrap(), ticket["ticket"].as_str());
        self.socket = Socket::open(url, token, Some(self.caller.origin())).await.ok();
        self.catch_up().await
    }

    async fn ask(&mut self, payload: Value) -> Value {
        let Some(socket) = &mut self.socket else { return Value::Null };
        socket.ask(payload).await
    }

    /// Asks for what is missing in every room.
    async fn catch_up(&mut self) -> bool {
        let hello = self.ask(json!({ "type": "hello" })).await;
        for room in hello["rooms"].as_array().into_iter().flatten() {
            let id = room["room"].as_str().unwrap();
            if room["last_seq"].as_u64().unwrap() > self.logs[id].upto && !self.sync(id).await {
                return false;
            }
        }
        hello["type"] == "hello"
    }

    async fn sync(&mut self, room: &str) -> bool {
        loop {
            let page = self.ask(json!({ "type": "sync", "room": room, "since": self.logs[room].upto, "limit": 100 })).await;
            if page["type"] != "sync" {
                return false;
            }
            let log = self.logs.get_mut(room).unwrap();
            for message in page["messages"].as_array().unwrap() {
                let seq = message["seq"].as_u64().unwrap();
                assert!(seq > log.upto, "{page}");
                log.messages.insert(seq, (message["id"].as_str().unwrap().to_owned(), message["text"].as_str().unwrap().to_owned()));
                log.upto = seq;
            }
            log.upto = log.upto.max(page["upto"].as_u64().unwrap());
            if page["more"] == false {
                return page.get("retry_after").is_none();
            }
        }
    }

    /// Takes what was pushed, and asks for gaps.
    async fn listen(&mut self) -> bool {
        let heard = self.socket.as_mut().map(Socket::take_heard).unwrap_or_default();
        let mut gaps = BTreeSet::new();
        for push in heard.iter().map(|frame| &frame["payload"]).filter(|payload| payload["type"] == "message") {
            let room = push["room"].as_str().unwrap();
            let log = self.logs.get_mut(room).expect("only messages of one's own rooms");
            if !log.take(push["seq"].as_u64().unwrap(), &push["id"], &push["text"]) {
                gaps.insert(room.to_owned());
            }
        }
        for room in gaps {
            if !self.sync(&room).await {
                return false;
            }
        }
        true
    }

    /// Sends what is not acknowledged, in order. False if that has to be tried again later.
    async fn flush(&mut self) -> bool {
        while let Some(next) = self.pending.front() {
            let answer = self.ask(frame(next)).await;
            if answer["type"] != "ack" {
                let code = answer["problem"]["code"].as_str().unwrap_or_default();
                assert!(["", "unavailable", "internal", "too_many_requests"].contains(&code), "{answer}");
                return false;
            }
            let Pending { room, text, .. } = self.pending.pop_front().unwrap();
            let seq = answer["seq"].as_u64().unwrap();
            let known = self.logs.get_mut(&room).unwrap().take(seq, &answer["id"], &json!(text));
            self.acknowledged.push((room.clone(), seq, text));
            if !(known || self.sync(&room).await) {
                return false;
            }
        }
        self.listen().await
    }

    /// Connects, sends and catches up until nothing is missing.
    async fn complete(&mut self, cloud: &Cloud) {
        for _ in 0..20 {
            if self.connect().await && self.flush().await && self.catch_up().await && self.pending.is_empty() {
                return;
            }
            cloud.refill_frames().await;
        }
        panic!("{} gets no further: {} pending", self.caller.id(), self.pending.len());
    }
}

fn frame(next: &Pending) -> Value {
    json!({ "type": "send", "room": next.room, "text": next.text, "nonce": next.nonce })
}

/// Members in a ring: each has the public room, and a direct room with each neighbour.
async fn ring(cloud: &Cloud, plan: &Plan) -> Vec<Client> {
    let mut clients = Vec::new();
    for n in 0..plan.clients {
        let caller = cloud.member(&format!("client{n}")).await;
        let random = Random(plan.seed.wrapping_mul(1_000_003).wrapping_add(n as u64));
        let logs = BTreeMap::from([("rom_00000000000000000000000000".to_owned(), Log::default())]);
        clients.push(Client { caller, socket: None, logs, pending: VecDeque::new(), acknowledged: Vec::new(), random, said: 0 });
    }
    for n in 0..plan.clients {
        let next = (n + 1) % plan.clients;
        let made = clients[n].caller.post("/v1/rooms/direct", json!({ "user": clients[next].caller.id() })).await.json();
        for who in [n, next] {
            clients[who].logs.insert(made["id"].as_str().unwrap().to_owned(), Log::default());
        }
    }
    clients
}

/// All who are in a room have the same messages, and of the acknowledged ones each once under its number. Others get nothing.
async fn compare(cloud: &Cloud, clients: &mut [Client]) {
    for client in &mut *clients {
        client.complete(cloud).await;
    }
    let mut rooms: BTreeMap<String, &Log> = BTreeMap::new();
    for client in &*clients {
        for (room, log) in &client.logs {
            let first = rooms.entry(room.clone()).or_insert(log);
            assert_eq!(first.messages, log.messages, "{room} as {} sees it", client.caller.id());
            let texts: BTreeSet<&String> = log.messages.values().map(|(_, text)| text).collect();
            assert_eq!(texts.len(), log.messages.len(), "a message twice in {room}");
        }
    }
    for (room, seq, text) in clients.iter().flat_map(|client| &client.acknowledged) {
        assert_eq!(rooms[room].messages.get(seq).map(|(_, text)| text), Some(text), "{room} {seq}");
    }
    let (room, half) = (rooms.keys().last().unwrap().clone(), clients.len() / 2);
    for client in clients.iter_mut().filter(|client| !client.logs.contains_key(&room)).take(half) {
        let refused = client.ask(json!({ "type": "sync", "room": room, "since": 0 })).await;
        assert_eq!(refused["problem"]["code"], "not_found", "{refused}");
    }
    cloud.refill_frames().await;
}

/// Whatever happens to sockets, functions and their calls: no acknowledged message is lost, doubled, out of order, or read by
/// somebody who is not in its room.
/// Promise: chat-soak
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_acknowledged_message_is_read_once_in_order_by_all_in_its_room() {
    let (plan, cloud) = (Plan::read(), Cloud::start().await);
    let mut clients = ring(&cloud, &plan).await;
    let mut random = Random(plan.seed);
    for turn in 1.. {
        let function = ["ChatFunction", "RoomFanoutFunction", "OutboxRelayFunction"][usize::try_from(random.below(3)).unwrap()];
        let first = 1 + u32::try_from(random.below(20)).unwrap();
        let target = Target { function: Some(function.to_owned()), first, times: 1 + first % 4, ..Target::default() };
        let faults = [Fault::Internal, Fault::Throttle, Fault::Conflict, Fault::LostAfter];
        let fault = cloud.aws.faults.script(target, faults[usize::try_from(random.below(4)).unwrap()]);
        join_all(clients.iter_mut().map(|client| client.turn(plan.messages))).await;
        fault.end();
        cloud.refill_frames().await;
        let done = clients.iter().all(|client| client.said >= plan.messages);
        if done || turn % 25 == 0 {
            // Numbers without a message are old by then.
            cloud.advance(Duration::from_secs(60)).await;
            compare(&cloud, &mut clients).await;
        }
        if done {
            break;
        }
    }
    let acknowledged: usize = clients.iter().map(|client| client.acknowledged.len()).sum();
    assert_eq!(acknowledged, plan.clients * plan.messages);
}
