//! `cargo xtask load`: measures the chat of a local cloud that runs in a process of its own: the time until everybody in a room has a
//! message, how many messages are delivered, and the CPU time and AWS calls. Times depend on the machine; their growth with the size of the
//! room does not.
//!
//! Messages in a direct room and in a small group are delivered by the function that sends them, those in the public room by another one.
//! Calls, CPU time and delays are measured with one message after the other, the rate with several at the same time, which compete for the
//! next number of their room.

use std::{
    collections::HashMap,
    fs,
    net::{Ipv4Addr, TcpListener},
    ops::RangeInclusive,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use kernel::Secret;
use local::visitor::{ClientError, Socket, Visitor, member};
use messaging::pace;
use serde_json::{Value, json};
use tokio::{
    process::{Child, Command},
    sync::mpsc,
    time::{sleep, timeout},
};

use crate::{Failure, repository};

/// The numbers and the binary of a measurement.
pub struct Plan {
    /// The binary of the local cloud.
    pub binary: PathBuf,
    /// The numbers of sockets in the public room.
    pub rooms: Vec<usize>,
    /// How many messages are sent in each, one after the other and then again at the same time.
    pub messages: usize,
}

/// How many ports the local cloud needs, one after the other.
const PORTS: u16 = 5;
/// Where the search for free ports begins and ends: below the range of ephemeral ports.
const PORT_RANGE: RangeInclusive<u16> = 4600..=32_000;
/// How many connections are opened at the same time.
const AT_ONCE: usize = 16;
/// How many members are made with one request.
const MADE_AT_ONCE: usize = 250;
/// How many people are in the group.
const GROUP: usize = 10;
/// How many messages are on their way at the same time when the rate is measured.
const CONCURRENT_MESSAGES: usize = 4;
/// The most messages of one person in a burst, so that the limit on frames admits them even right after the greeting.
const AT_ONCE_EACH: usize = (pace::AT_ONCE / 3) as usize;
/// The most bursts of each kind in a room. The time between bursts is not measured.
const BURSTS: usize = 3;
/// The time until somebody may send a burst again.
const REFILL: Duration = Duration::from_secs((pace::AT_ONCE / pace::PER_SECOND) as u64);
const PATIENCE: Duration = Duration::from_mins(2);
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// The time without a call of AWS, or without a frame, after which nothing more is expected.
const QUIET: Duration = Duration::from_secs(2);
/// The open files that a process needs besides the sockets.
const OTHER_FILES: usize = 2_000;

/// Starts the local cloud, measures every room, and prints a table in Markdown.
pub fn run(plan: &Plan) -> Result<(), Failure> {
    let most = plan.rooms.iter().copied().max().unwrap_or_default();
    if plan.rooms.iter().any(|sockets| *sockets < 2) {
        return Err("a room has at least two sockets".into());
    }
    check_open_files(most.saturating_add(OTHER_FILES))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(measure(plan))
}

/// Checks that this process may open so many files. The local cloud inherits the limit.
fn check_open_files(needed: usize) -> Result<(), Failure> {
    let limits = fs::read_to_string("/proc/self/limits")?;
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let allowed = files.and_then(|limits| limits.split_whitespace().next()?.parse::<usize>().ok());
    match allowed.filter(|allowed| *allowed < needed) {
        Some(allowed) => Err(format!("{needed} open files are needed and {allowed} allowed: run `ulimit -n {needed}` before").into()),
        None => Ok(()),
    }
}

async fn measure(plan: &Plan) -> Result<(), Failure> {
    let mut server = Server::start(&plan.binary).await?;
    println!(
        "| room | sockets | connected in | greeted within | frames of the online count | quiet after | calls of a message | \
         CPU of a delivery | p50 | p99 | deliveries a second | memory |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    let public = plan.rooms.iter().map(|sockets| (Kind::Public, *sockets));
    for (kind, sockets) in [(Kind::Direct, 2), (Kind::Group, GROUP)].into_iter().chain(public) {
        let people = server.people(sockets).await?;
        let room = kind.room(&people).await?;
        server.quiet().await?;
        println!("{}", row(&server, &people, (kind, &room), plan.messages).await?);
        // The sockets are closed, and each is removed.
        server.quiet().await?;
    }
    Ok(())
}

/// The kind of a room.
#[derive(Clone, Copy)]
enum Kind {
    Direct,
    Group,
    Public,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Group => "group",
            Self::Public => "public",
        }
    }

    /// Makes a room of these people. Returns its id.
    async fn room(self, people: &[Person]) -> Result<String, Failure> {
        let (first, others) = people.split_first().ok_or("a room has people")?;
        let made = match (self, others) {
            (Self::Public, _) => return Ok("public".to_owned()),
            (Self::Direct, [other, ..]) => first.visitor.post("/v1/rooms/direct", json!({ "user": other.id })).await?,
            (Self::Direct, []) => return Err("a direct room has two people".into()),
            (Self::Group, _) => first.visitor.post("/v1/rooms", json!({ "kind": "group", "name": "Load" })).await?,
        };
        let room: String = member(&made, "id")?;
        if matches!(self, Self::Group) {
            for person in others {
                first.visitor.put(&format!("/v1/rooms/{room}/invitations/{}", person.id), Value::Null).await?;
                person.visitor.post(&format!("/v1/rooms/{room}/members"), Value::Null).await?;
            }
        }
        Ok(room)
    }
}

/// Opens the sockets, sends the messages in bursts, and closes the sockets. Returns the row of the table.
async fn row(server: &Server, people: &[Person], (kind, room): (Kind, &str), messages: usize) -> Result<String, Failure> {
    let (report, mut received) = mpsc::unbounded_channel();
    let (begun, sockets) = (Instant::now(), people.len());
    let opening = people.iter().enumerate();
    let opening = opening.map(|(socket, person)| open(socket, person.visitor.clone(), room.to_owned(), report.clone()));
    let greeted: Vec<(Duration, mpsc::UnboundedSender<String>)> = stream::iter(opening).buffered(AT_ONCE).try_collect().await?;
    let slowest = greeted.iter().map(|(after, _)| *after).max().unwrap_or_default();
    let connected = begun.elapsed();
    let (mut quiet, mut online) = (connected, vec![0_u64; sockets]);
    while let Ok(Some(event)) = timeout(QUIET, received.recv()).await {
        quiet = quiet.max(event.at.duration_since(begun));
        if let (FrameKind::Online, Some(count)) = (event.kind, online.get_mut(event.socket)) {
            *count = count.saturating_add(1);
        }
    }
    let senders: Vec<_> = greeted.into_iter().map(|(_, sender)| sender).collect();
    // The functions and their connections exist from the first message on.
    Measured::of(sockets).burst(server, senders.get(..1).unwrap_or_default(), 1, &mut received).await?;
    let (mut one_by_one, mut at_once) = (Measured::of(sockets), Measured::of(sockets));
    one_by_one.bursts(server, &senders, messages, 1, &mut received).await?;
    at_once.bursts(server, &senders, messages, CONCURRENT_MESSAGES, &mut received).await?;
    Ok(format!(
        "| {} | {sockets} | {:.1} s | {} ms | {} | {:.1} s | {} | {} | {} MB |",
        kind.name(),
        connected.as_secs_f64(),
        slowest.as_millis(),
        // The first socket has received every change.
        online.into_iter().max().unwrap_or_default(),
        quiet.saturating_sub(connected).as_secs_f64(),
        one_by_one.delays(),
        at_once.rate(),
        server.resident_kib()? >> 10,
    ))
}

/// The measurements of a room.
#[derive(Default)]
struct Measured {
    /// How many receive each message.
    others: usize,
    messages: u64,
    /// The delay of each delivery.
    delays: Vec<Duration>,
    /// The sum of the times from the first message of a burst to its last delivery.
    wall: Duration,
    cpu: Duration,
    calls: u64,
}

impl Measured {
    fn of(sockets: usize) -> Self {
        Self { others: sockets.saturating_sub(1), ..Self::default() }
    }

    /// Sends the messages in bursts, which the limits on frames allow, with `at_once` of them on their way at the same time.
    async fn bursts(
        &mut self,
        server: &Server,
        senders: &[mpsc::UnboundedSender<String>],
        messages: usize,
        at_once: usize,
        received: &mut mpsc::UnboundedReceiver<ReceivedFrame>,
    ) -> Result<(), Failure> {
        let all: Vec<_> = senders.iter().cycle().take(messages.min(senders.len().saturating_mul(AT_ONCE_EACH * BURSTS))).cloned().collect();
        for burst in all.chunks(senders.len().saturating_mul(AT_ONCE_EACH)) {
            sleep(REFILL).await;
            self.burst(server, burst, at_once, received).await?;
        }
        Ok(())
    }

    /// Sends a message of each sender, and waits until all others have received it.
    async fn burst(
        &mut self,
        server: &Server,
        senders: &[mpsc::UnboundedSender<String>],
        at_once: usize,
        received: &mut mpsc::UnboundedReceiver<ReceivedFrame>,
    ) -> Result<(), Failure> {
        let (before, cpu, begun) = (server.calls().await?, server.cpu()?, Instant::now());
        let (mut senders, mut last) = (senders.iter(), begun);
        // When each message was sent, and how many have not received it.
        let mut open: HashMap<u64, (Instant, usize)> = HashMap::new();
        loop {
            while open.len() < at_once
                && let Some(sender) = senders.next()
            {
                self.messages = self.messages.saturating_add(1);
                open.insert(self.messages, (Instant::now(), self.others));
                sender.send(self.messages.to_string()).map_err(|_| "a socket has closed")?;
            }
            if open.is_empty() {
                break;
            }
            let event = timeout(PATIENCE, received.recv()).await.map_err(|_| "messages are missing")?.ok_or("the sockets have closed")?;
            let FrameKind::Message(number) = event.kind else { continue };
            let Some((sent, missing)) = open.get_mut(&number) else { continue };
            self.delays.push(event.at.duration_since(*sent));
            last = last.max(event.at);
            *missing = missing.saturating_sub(1);
            if *missing == 0 {
                open.remove(&number);
            }
        }
        self.wall = self.wall.saturating_add(last.duration_since(begun));
        self.cpu = self.cpu.saturating_add(server.cpu()?.saturating_sub(cpu));
        self.calls = self.calls.saturating_add(server.calls().await?.saturating_sub(before));
        Ok(())
    }

    /// Returns the columns of messages that were sent one after the other: calls of a message, CPU time of a delivery, and two percentiles
    /// of the delays.
    fn delays(&mut self) -> String {
        self.delays.sort_unstable();
        let delays = &self.delays;
        let part = |percent: usize| delays.get(delays.len().saturating_mul(percent) / 100).copied().unwrap_or_default().as_millis();
        #[expect(clippy::cast_precision_loss, reason = "figures for people")]
        let (calls, messages, deliveries) = (self.calls as f64, self.messages.max(1) as f64, delays.len().max(1) as f64);
        let cpu = self.cpu.as_secs_f64() * 1e6 / deliveries;
        format!("{:.1} | {cpu:.0} µs | {} ms | {} ms", calls / messages, part(50), part(99))
    }

    /// Returns the column of messages that were sent at the same time: deliveries a second.
    fn rate(&self) -> String {
        #[expect(clippy::cast_precision_loss, reason = "figures for people")]
        let deliveries = self.delays.len() as f64;
        format!("{:.0}", deliveries / self.wall.as_secs_f64())
    }
}

/// A frame that a client received.
struct ReceivedFrame {
    at: Instant,
    /// The number of the socket.
    socket: usize,
    kind: FrameKind,
}

/// The kind of a frame.
#[derive(Clone, Copy)]
enum FrameKind {
    /// The message with this number.
    Message(u64),
    /// The number of online people.
    Online,
    /// Something else.
    Other,
}

impl FrameKind {
    fn of(frame: &Value) -> Self {
        let Some(payload) = frame.get("payload").filter(|_| frame.get("id").is_none()) else { return Self::Other };
        let member = |name: &str| payload.get(name).and_then(Value::as_str);
        match member("text").and_then(|number| number.parse().ok()) {
            Some(number) => Self::Message(number),
            None if member("type") == Some("online") => Self::Online,
            None => Self::Other,
        }
    }
}

/// Opens a socket, sends `hello`, and then reports received frames and sends the given ones. Returns the time until the answer to `hello`.
async fn open(
    number: usize,
    person: Visitor,
    room: String,
    report: mpsc::UnboundedSender<ReceivedFrame>,
) -> Result<(Duration, mpsc::UnboundedSender<String>), ClientError> {
    let begun = Instant::now();
    let (mut socket, requested_at) = loop {
        let requested_at = Instant::now();
        match Socket::open(&person).await {
            Ok(socket) => break (socket, requested_at),
            Err(_) if begun.elapsed() < PATIENCE => sleep(RETRY_AFTER).await,
            Err(error) => return Err(error),
        }
    };
    socket.ask(json!({ "type": "hello" })).await?;
    let greeted = requested_at.elapsed();
    let (send, mut texts) = mpsc::unbounded_channel::<String>();
    tokio::spawn(async move {
        let mut count = 0_u32;
        loop {
            tokio::select! {
                text = texts.recv() => {
                    let Some(text) = text else { return };
                    count = count.saturating_add(1);
                    let nonce = format!("{count}-{}", begun.elapsed().as_nanos());
                    let payload = json!({ "type": "send", "room": room, "text": text, "nonce": nonce });
                    if socket.send(payload).await.is_err() { return }
                }
                frame = socket.next() => {
                    let Some(frame) = frame else { return };
                    if report.send(ReceivedFrame { at: Instant::now(), socket: number, kind: FrameKind::of(&frame) }).is_err() { return }
                }
            }
        }
    });
    Ok((greeted, send))
}

/// A person who is signed in.
struct Person {
    id: String,
    visitor: Visitor,
}

/// Returns the first of so many free ports as the local cloud needs.
fn free_ports() -> Result<u16, Failure> {
    let is_free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    let free = PORT_RANGE.step_by(PORTS.into()).find(|first| (0..PORTS).all(|n| is_free(first.saturating_add(n))));
    free.ok_or_else(|| "there are no free ports for the local cloud".into())
}

/// The process of a local cloud, with an empty state.
struct Server {
    child: Child,
    anonymous: Visitor,
    console: Visitor,
    /// How many people have been made.
    made: usize,
    _state: tempfile::TempDir,
}

impl Server {
    async fn start(binary: &Path) -> Result<Self, Failure> {
        let (state, port) = (tempfile::tempdir()?, free_ports()?);
        let mut command = Command::new(repository::root().join(binary));
        command.arg("--state").arg(state.path()).args(["--fresh", "--no-limits", "--log", "error", "--port", &port.to_string()]);
        let child = command.stdout(Stdio::null()).kill_on_drop(true).spawn().map_err(|e| format!("{}: {e}", binary.display()))?;
        let at = |offset: u16| Visitor::new(&format!("http://127.0.0.1:{}", port.saturating_add(offset)));
        let server = Self { child, anonymous: at(0)?, console: at(2)?, made: 0, _state: state };
        let ready = async {
            while server.anonymous.get("/.well-known/jwks.json").await.is_err() {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(PATIENCE, ready).await.map_err(|_| "the local cloud does not start")?;
        Ok(server)
    }

    /// Makes people, who are signed in. Their access tokens end after ten minutes, so each room has people of its own.
    async fn people(&mut self, count: usize) -> Result<Vec<Person>, Failure> {
        let mut people = Vec::with_capacity(count);
        while people.len() < count {
            let until = self.made.saturating_add(MADE_AT_ONCE.min(count.saturating_sub(people.len())));
            let usernames: Vec<String> = (self.made..until).map(|n| format!("load{n}")).collect();
            let made = self.console.post("/_local/members", json!({ "usernames": usernames })).await?;
            for signed_in in member::<Vec<Value>>(&made, "members")? {
                let token = Secret::new(member(&signed_in, "access_token")?);
                people.push(Person { id: member(&signed_in, "user_id")?, visitor: self.anonymous.with_token(token) });
            }
            self.made = until;
        }
        Ok(people)
    }

    /// Waits until the functions make no more calls.
    async fn quiet(&self) -> Result<(), Failure> {
        let mut before = self.calls().await?;
        loop {
            sleep(QUIET).await;
            let now = self.calls().await?;
            if now == before {
                return Ok(());
            }
            before = now;
        }
    }

    /// Returns the number of calls of the functions to AWS so far.
    async fn calls(&self) -> Result<u64, Failure> {
        let counted = self.console.get("/_local/calls").await?;
        let functions = counted.get("functions").and_then(Value::as_array).cloned().unwrap_or_default();
        let calls = functions.iter().filter_map(|function| function.get("calls")?.as_object()).flat_map(|calls| calls.values());
        Ok(calls.filter_map(Value::as_u64).sum())
    }

    /// Returns the CPU time of the process so far.
    fn cpu(&self) -> Result<Duration, Failure> {
        crate::sizes::cpu(self.child.id().ok_or("the local cloud has ended")?)
    }

    fn resident_kib(&self) -> Result<u64, Failure> {
        crate::sizes::resident(self.child.id().ok_or("the local cloud has ended")?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_and_numbers_of_online_people_are_distinguished() {
        let read = |frame: Value| match FrameKind::of(&frame) {
            FrameKind::Message(number) => Some(number),
            FrameKind::Online => Some(0),
            FrameKind::Other => None,
        };
        assert_eq!(read(json!({ "payload": { "type": "message", "text": "17" } })), Some(17));
        assert_eq!(read(json!({ "payload": { "type": "online", "online": 3 } })), Some(0));
        for other in
            [json!({ "id": "1", "payload": { "type": "ack", "text": "17" } }), json!({ "payload": { "type": "typing" } }), json!({})]
        {
            assert_eq!(read(other.clone()), None, "{other}");
        }
    }
}
