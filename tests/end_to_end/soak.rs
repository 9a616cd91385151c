//! A soak test of the chat: clients send, read, lose their connections and resume, and members of groups come and go, while functions fail
//! between their calls and the whole cloud is killed and started again.
//!
//! `cargo xtask soak` runs it longer. Clients follow the rules of the documentation: they repeat a nonce until its message is acknowledged,
//! ignore a number that they already have, and ask for missing numbers.

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

/// An entry as a client knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    /// An event has none.
    id: Option<String>,
    /// The author and the text, unless it is an event.
    said: Option<(String, String)>,
}

impl Known {
    fn of(message: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let said = (message["kind"] == "text").then(|| (text(&message["author"]["id"]), text(&message["text"])));
        Self { id: message["id"].as_str().map(str::to_owned), said }
    }
}

/// The state of a room in a client.
#[derive(Clone, Default)]
struct Log {
    /// The entries by number.
    entries: BTreeMap<u64, Known>,
    /// Everything up to this number is known.
    upto: u64,
    /// The read marker.
    read: u64,
}

impl Log {
    /// Of somebody who joins with this entry.
    const fn from(first: u64) -> Self {
        Self { entries: BTreeMap::new(), upto: first.saturating_sub(1), read: first.saturating_sub(1) }
    }

    /// Takes an entry that was pushed or acknowledged. False if others before it are missing.
    fn take(&mut self, seq: u64, known: Known) -> bool {
        if seq <= self.upto {
            assert_eq!(self.entries.get(&seq), Some(&known), "a number that was known as something else");
        } else if seq == self.upto + 1 {
            self.entries.insert(seq, known);
            self.upto = seq;
        } else {
            return false;
        }
        true
    }

    /// The messages of others after the marker.
    fn unread(&self, reader: &str) -> usize {
        let after = self.entries.range(self.read + 1..);
        after.filter(|(_, known)| known.said.as_ref().is_some_and(|(author, _)| author != reader)).count()
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
    /// The rooms whose read marker is to be moved to the last known message.
    to_read: BTreeSet<String>,
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
            if self.random.below(4) == 0 {
                let room = self.random.below(self.logs.len() as u64);
                self.to_read.extend(self.logs.keys().nth(usize::try_from(room).unwrap()).cloned());
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

    /// Requests the missing messages of every room.
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
                log.entries.insert(seq, Known::of(message));
                log.upto = seq;
            }
            log.upto = log.upto.max(page["upto"].as_u64().unwrap());
            if page["more"] == false {
                return page.get("retry_after").is_none();
            }
        }
    }

    /// Processes the pushed frames, and requests the messages of gaps.
    async fn listen(&mut self) -> bool {
        let heard = self.socket.as_mut().map(Socket::take_heard).unwrap_or_default();
        let mut gaps = BTreeSet::new();
        for push in heard.iter().map(|frame| &frame["payload"]).filter(|payload| payload["type"] == "message") {
            let room = push["room"].as_str().unwrap();
            let log = self.logs.get_mut(room).expect("only messages of one's own rooms");
            if !log.take(push["seq"].as_u64().unwrap(), Known::of(push)) {
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

    /// Sends the unacknowledged messages, in order. Returns false if that has to be tried again later.
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
            let own = Known { id: answer["id"].as_str().map(str::to_owned), said: Some((self.caller.id(), text.clone())) };
            let known = self.logs.get_mut(&room).unwrap().take(seq, own);
            self.acknowledged.push((room.clone(), seq, text));
            if !(known || self.sync(&room).await) {
                return false;
            }
        }
        self.listen().await && self.mark().await
    }

    /// Moves the markers that are to be moved. False if that has to be tried again later.
    async fn mark(&mut self) -> bool {
        while let Some(room) = self.to_read.first().cloned() {
            let answer = self.ask(json!({ "type": "read", "room": room, "seq": self.logs[&room].upto })).await;
            let Some(seq) = answer["seq"].as_u64() else { return false };
            self.logs.get_mut(&room).unwrap().read = seq;
            self.to_read.remove(&room);
        }
        true
    }

    /// Connects, sends and catches up until nothing is missing.
    async fn complete(&mut self, cloud: &Cloud) {
        for _ in 0..20 {
            if self.connect().await && self.flush().await && self.catch_up().await && self.pending.is_empty() {
                assert!(self.to_read.is_empty());
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

const PUBLIC: &str = "rom_00000000000000000000000000";
/// How many members a group has at first.
const MEMBERS: usize = 5;

/// Members in a ring: each has the public room, a direct room with each neighbour, and groups with the next four.
async fn ring(cloud: &Cloud, plan: &Plan) -> (Vec<Client>, Vec<Group>) {
    let mut clients = Vec::new();
    for n in 0..plan.clients {
        let caller = cloud.member(&format!("client{n}")).await;
        let random = Random(plan.seed.wrapping_mul(1_000_003).wrapping_add(n as u64));
        let logs = BTreeMap::from([(PUBLIC.to_owned(), Log::default())]);
        let (to_read, pending, acknowledged) = (BTreeSet::new(), VecDeque::new(), Vec::new());
        clients.push(Client { caller, socket: None, logs, to_read, pending, acknowledged, random, said: 0 });
    }
    for n in 0..plan.clients {
        let next = (n + 1) % plan.clients;
        let made = clients[n].caller.post("/v1/rooms/direct", json!({ "user": clients[next].caller.id() })).await.json();
        for who in [n, next] {
            clients[who].logs.insert(made["id"].as_str().unwrap().to_owned(), Log::default());
        }
    }
    let mut groups = Vec::new();
    for owner in (0..plan.clients).step_by(MEMBERS) {
        let made = clients[owner].caller.post("/v1/rooms", json!({ "kind": "group", "name": format!("Group {owner}") })).await.is(201);
        let room = made["id"].as_str().unwrap().to_owned();
        clients[owner].logs.insert(room.clone(), Log::default());
        let mut group = Group { room, owner, others: Vec::new(), out: Vec::new() };
        for other in (owner + 1)..(owner + MEMBERS).min(plan.clients) {
            group.add(&mut clients, other).await;
        }
        groups.push(group);
    }
    (clients, groups)
}

/// A group whose members come and go.
struct Group {
    room: String,
    owner: usize,
    others: Vec<usize>,
    /// Those who were removed.
    out: Vec<usize>,
}

impl Group {
    async fn add(&mut self, clients: &mut [Client], who: usize) {
        let path = format!("/v1/rooms/{}", self.room);
        let invited = format!("{path}/invitations/{}", clients[who].caller.id());
        clients[self.owner].caller.put(&invited, Value::Null).await.succeeds();
        let joined = clients[who].caller.post(&format!("{path}/members"), Value::Null).await.is(200);
        let first = joined["last_seq"].as_u64().unwrap();
        clients[who].logs.insert(self.room.clone(), Log::from(first));
        self.others.push(who);
    }

    /// Removes a member, or takes one in again if somebody is out. Whoever is removed must not get anything of the room from then on.
    async fn change(&mut self, clients: &mut [Client], random: &mut Random) {
        if (self.out.is_empty() || random.below(2) == 0) && !self.others.is_empty() {
            let who = self.others.remove(usize::try_from(random.below(self.others.len() as u64)).unwrap());
            let path = format!("/v1/rooms/{}/members/{}", self.room, clients[who].caller.id());
            clients[self.owner].caller.delete(&path).await.is(204);
            // What arrived before the removal.
            let _ = clients[who].listen().await;
            clients[who].logs.remove(&self.room);
            self.out.push(who);
        } else if let Some(who) = self.out.pop() {
            self.add(clients, who).await;
        }
    }
}

/// All who are in a room have the same entries from their joining on, and of the acknowledged messages each once under its number.
/// Others get nothing. What is unread of each room is what the client counts itself.
async fn compare(cloud: &Cloud, clients: &mut [Client]) {
    // Once more after all have sent what was left, because each has to hear it.
    for _ in 0..2 {
        for client in &mut *clients {
            client.complete(cloud).await;
        }
        cloud.settle().await;
    }
    let mut rooms: BTreeMap<String, BTreeMap<u64, Known>> = BTreeMap::new();
    for (client, (room, log)) in clients.iter().flat_map(|client| client.logs.iter().map(move |log| (client, log))) {
        let whole = rooms.entry(room.clone()).or_default();
        for (seq, known) in &log.entries {
            let first = whole.entry(*seq).or_insert_with(|| known.clone());
            assert_eq!(first, known, "{room} {seq} as {} sees it", client.caller.id());
        }
    }
    for (client, (room, log)) in clients.iter().flat_map(|client| client.logs.iter().map(move |log| (client, log))) {
        let begins = log.entries.keys().next().copied().unwrap_or(u64::MAX);
        assert_eq!(rooms[room].range(begins..).count(), log.entries.len(), "{room} as {} sees it", client.caller.id());
    }
    for (room, entries) in &rooms {
        let texts: Vec<&String> = entries.values().filter_map(|known| known.said.as_ref().map(|(_, text)| text)).collect();
        assert_eq!(texts.iter().collect::<BTreeSet<_>>().len(), texts.len(), "a message twice in {room}");
    }
    for (room, seq, text) in clients.iter().flat_map(|client| &client.acknowledged) {
        let said = rooms[room].get(seq).and_then(|known| known.said.as_ref().map(|(_, text)| text));
        assert_eq!(said, Some(text), "{room} {seq}");
    }
    for client in &*clients {
        let chats = client.caller.get("/v1/chats?limit=50").await.is(200);
        for chat in chats["items"].as_array().unwrap() {
            let log = &client.logs[chat["room"]["id"].as_str().unwrap()];
            let (unread, counted) = (log.unread(&client.caller.id()), chat["unread"]["messages"].as_u64().unwrap());
            assert_eq!(counted, u64::try_from(unread.min(99)).unwrap(), "{chat} as {} sees it", client.caller.id());
        }
        assert_eq!(chats["items"].as_array().unwrap().len(), client.logs.len(), "{chats}");
    }
    let (room, half) = (rooms.keys().last().unwrap().clone(), clients.len() / 2);
    for client in clients.iter_mut().filter(|client| !client.logs.contains_key(&room)).take(half) {
        let refused = client.ask(json!({ "type": "sync", "room": room, "since": 0 })).await;
        assert_eq!(refused["problem"]["code"], "not_found", "{refused}");
    }
    cloud.refill_frames().await;
}

/// Whatever happens to sockets, functions, their calls and the whole cloud: no acknowledged message is lost, doubled, out of order, or
/// read by somebody who is not in its room, and what is unread is right.
/// Promise: chat-soak
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_acknowledged_message_is_read_once_in_order_by_all_in_its_room() {
    let folder = tempfile::tempdir().unwrap();
    let (plan, mut cloud) = (Plan::read(), Cloud::start_in(folder.path().to_owned()).await);
    let (mut clients, mut groups) = ring(&cloud, &plan).await;
    let mut random = Random(plan.seed);
    // A short run pauses often enough that members are removed and taken in again.
    let (pause, mut pauses) = (if plan.messages < 100 { 5 } else { 25 }, 0);
    for turn in 1.. {
        let function = ["ChatFunction", "RoomFanoutFunction", "OutboxRelayFunction"][usize::try_from(random.below(3)).unwrap()];
        let first = 1 + u32::try_from(random.below(20)).unwrap();
        let target = Target { function: Some(function.to_owned()), first, times: 1 + first % 4, ..Target::default() };
        let faults = [Fault::Internal, Fault::Throttle, Fault::Conflict, Fault::LostAfter];
        let fault = cloud.aws.faults.script(target, faults[usize::try_from(random.below(4)).unwrap()]);
        let turns = join_all(clients.iter_mut().map(|client| client.turn(plan.messages)));
        // Every tenth turn is cut off where it happens to be: the outcome must be the same wherever that is.
        if turn % 10 == 4 {
            drop(tokio::time::timeout(Duration::from_millis(10 + random.below(90)), turns).await);
            clients.iter_mut().filter_map(|client| client.socket.take()).for_each(Socket::drop_silently);
            cloud = cloud.restart().await;
        } else {
            turns.await;
        }
        fault.end();
        cloud.refill_frames().await;
        let done = clients.iter().all(|client| client.said >= plan.messages);
        if done || turn % pause == 0 {
            cloud.advance(Duration::from_secs(60)).await;
            compare(&cloud, &mut clients).await;
            pauses += 1;
            for group in &mut groups {
                group.change(&mut clients, &mut random).await;
            }
        }
        if done {
            break;
        }
    }
    assert!(pauses > 1, "too short for anybody to be looked at after their removal");
    let acknowledged: usize = clients.iter().map(|client| client.acknowledged.len()).sum();
    assert_eq!(acknowledged, plan.clients * plan.messages);
}
