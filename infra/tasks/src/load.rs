//! `cargo xtask load`: measures the chat of a local cloud that runs in a process of its own: the time until everybody in a room has a
//! message, how many messages are delivered, and the CPU time and AWS calls. Times depend on the machine; their growth with the size of the
//! room does not.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use kernel::Secret;
use local::{
    TEST_PHONE,
    visitor::{ClientError, Socket, Visitor, member},
};
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
    /// The numbers of sockets in the public room, ascending.
    pub rooms: Vec<usize>,
    /// How many messages are sent in each.
    pub messages: usize,
}

/// The first of the ports.
const PORT: u16 = 4600;
/// How many registrations and connections are made at the same time.
const AT_ONCE: usize = 16;
/// Sign-ins at the same time: fewer than the text messages that one network may cause, because lifted limits are counted anew with each
/// request.
const SIGN_INS_AT_ONCE: usize = 4;
/// How many messages are on their way at the same time.
const CONCURRENT_MESSAGES: usize = 4;
/// Phone numbers that are reserved for fiction in the United Kingdom: nobody has them.
const NUMBERS: std::ops::Range<usize> = 0..1_000;
/// The most messages of one person in a burst, so that the limit on frames admits them even right after the greeting and the former room.
const AT_ONCE_EACH: u32 = pace::AT_ONCE / 3;
/// The most bursts in a room. The time between bursts is not measured.
const BURSTS: u32 = 5;
/// The time until somebody may send a burst again.
const REFILL: Duration = Duration::from_secs((pace::AT_ONCE / pace::PER_SECOND) as u64);
const PATIENCE: Duration = Duration::from_mins(2);
/// How long a person tries to open a socket: it is refused while the limit of sockets in a minute is reached.
const OPEN_PATIENCE: Duration = Duration::from_mins(15);
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Starts the local cloud, measures every room, and prints a table in Markdown.
pub fn run(plan: &Plan) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(measure(plan))
}

async fn measure(plan: &Plan) -> Result<(), Failure> {
    let server = Server::start(&plan.binary).await?;
    println!(
        "| sockets | connected in | greeted within | fan-outs | quiet after | calls of a message | deliveries a second | CPU of each | p50 | p99 | memory |"
    );
    println!("|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    let mut people: Vec<Person> = Vec::new();
    for sockets in &plan.rooms {
        let missing = people.len()..(*sockets).min(NUMBERS.end);
        // Access tokens end after ten minutes.
        people = stream::iter(people).map(|person| server.refreshed(person)).buffered(AT_ONCE).try_collect().await?;
        let more: Vec<Person> = stream::iter(missing).map(|n| server.sign_up(n)).buffered(SIGN_INS_AT_ONCE).try_collect().await?;
        people.extend(more);
        println!("{}", room(&server, &people, *sockets, plan.messages).await?);
    }
    Ok(())
}

/// Opens the sockets, sends the messages in bursts, and closes the sockets. Returns the row of the table.
async fn room(server: &Server, people: &[Person], sockets: usize, messages: usize) -> Result<String, Failure> {
    let (report, mut received) = mpsc::unbounded_channel();
    let begun = Instant::now();
    let opening = people.iter().cycle().take(sockets).enumerate();
    let opening = opening.map(|(socket, person)| open(socket, person.visitor.clone(), begun, report.clone()));
    let greeted: Vec<(Duration, mpsc::UnboundedSender<String>)> = stream::iter(opening).buffered(AT_ONCE).try_collect().await?;
    let slowest = greeted.iter().map(|(after, _)| *after).max().unwrap_or_default();
    let connected = begun.elapsed();
    let (mut quiet, mut figures) = (connected, vec![0_u64; sockets]);
    while let Ok(Some(event)) = timeout(Duration::from_secs(2), received.recv()).await {
        quiet = quiet.max(event.at.duration_since(begun));
        if let (FrameKind::Online, Some(count)) = (event.kind, figures.get_mut(event.socket)) {
            *count = count.saturating_add(1);
        }
    }
    let burst = messages.min(sockets.saturating_mul(usize::try_from(AT_ONCE_EACH)?));
    // The functions and their connections exist from the first message on.
    Measured::default().burst(server, greeted.iter().map(|(_, sender)| sender).take(1), sockets.saturating_sub(1), &mut received).await?;
    sleep(REFILL).await;
    let mut measured = Measured::default();
    for n in 0..BURSTS {
        let count = burst.min(messages.saturating_sub(measured.messages));
        if count == 0 {
            break;
        }
        if n > 0 {
            sleep(REFILL).await;
        }
        let senders = greeted.iter().map(|(_, sender)| sender).cycle().take(count);
        measured.burst(server, senders, count.saturating_mul(sockets.saturating_sub(1)), &mut received).await?;
    }
    Ok(format!(
        "| {sockets} | {:.1} s | {} ms | {} | {:.1} s | {} | {} MB |",
        connected.as_secs_f64(),
        slowest.as_millis(),
        // The first socket has received every change.
        figures.into_iter().max().unwrap_or_default(),
        quiet.saturating_sub(connected).as_secs_f64(),
        measured.columns(),
        server.resident_kib()? >> 10,
    ))
}

/// The measurements of a room.
#[derive(Default)]
struct Measured {
    messages: usize,
    /// The delay of each delivery.
    delays: Vec<Duration>,
    /// The sum of the times from the first message of a burst to its last delivery.
    wall: Duration,
    cpu: Duration,
    calls: u64,
}

impl Measured {
    /// Sends a message of each sender, and waits until all others have received it.
    async fn burst<'a>(
        &mut self,
        server: &Server,
        senders: impl Iterator<Item = &'a mpsc::UnboundedSender<String>>,
        deliveries: usize,
        received: &mut mpsc::UnboundedReceiver<ReceivedFrame>,
    ) -> Result<(), Failure> {
        let (before, cpu, begun) = (server.calls().await?, server.cpu()?, Instant::now());
        let (mut last, expected) = (begun, self.delays.len().saturating_add(deliveries));
        for (n, sender) in senders.enumerate() {
            sender.send(begun.elapsed().as_micros().to_string()).map_err(|_| "a socket has closed")?;
            self.messages = self.messages.saturating_add(1);
            if n % CONCURRENT_MESSAGES == CONCURRENT_MESSAGES.saturating_sub(1) {
                sleep(Duration::from_millis(20)).await;
            }
        }
        while self.delays.len() < expected {
            let event = timeout(PATIENCE, received.recv()).await.map_err(|_| "messages are missing")?.ok_or("the sockets have closed")?;
            if let FrameKind::Message(sent) = event.kind {
                self.delays.push(event.at.duration_since(begun).saturating_sub(Duration::from_micros(sent)));
                last = last.max(event.at);
            }
        }
        self.wall = self.wall.saturating_add(last.duration_since(begun));
        self.cpu = self.cpu.saturating_add(server.cpu()?.saturating_sub(cpu));
        self.calls = self.calls.saturating_add(server.calls().await?.saturating_sub(before));
        Ok(())
    }

    /// Returns the columns of a row: calls of a message, deliveries a second, CPU of each, and two percentiles of their delays.
    fn columns(&mut self) -> String {
        self.delays.sort_unstable();
        let delays = &self.delays;
        let part = |percent: usize| delays.get(delays.len().saturating_mul(percent) / 100).copied().unwrap_or_default().as_millis();
        #[expect(clippy::cast_precision_loss, reason = "figures for people")]
        let (calls, deliveries, messages) = (self.calls as f64, delays.len() as f64, self.messages.max(1) as f64);
        let (rate, each) = (deliveries / self.wall.as_secs_f64(), self.cpu.as_secs_f64() * 1e6 / deliveries.max(1.0));
        format!("{:.1} | {rate:.0} | {each:.0} µs | {} ms | {} ms", calls / messages, part(50), part(99))
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
    /// A message, sent at this time, in microseconds since the beginning.
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
        match member("text").and_then(|micros| micros.parse().ok()) {
            Some(sent) => Self::Message(sent),
            None if member("type") == Some("online") => Self::Online,
            None => Self::Other,
        }
    }
}

/// Opens a socket, sends `hello`, and then reports received frames and sends the given ones. Returns the time until the answer to `hello`.
async fn open(
    number: usize,
    person: Visitor,
    begun: Instant,
    report: mpsc::UnboundedSender<ReceivedFrame>,
) -> Result<(Duration, mpsc::UnboundedSender<String>), ClientError> {
    let (mut socket, requested_at) = loop {
        let requested_at = Instant::now();
        match Socket::open(&person).await {
            Ok(socket) => break (socket, requested_at),
            Err(_) if begun.elapsed() < OPEN_PATIENCE => sleep(RETRY_AFTER).await,
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
                    let payload = json!({ "type": "send", "room": "public", "text": text, "nonce": nonce });
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
    visitor: Visitor,
    refresh_token: Secret,
}

/// The process of a local cloud, with an empty state.
struct Server {
    child: Child,
    anonymous: Visitor,
    console: Visitor,
    _state: tempfile::TempDir,
}

impl Server {
    async fn start(binary: &Path) -> Result<Self, Failure> {
        let state = tempfile::tempdir()?;
        let mut command = Command::new(repository::root().join(binary));
        command.arg("--state").arg(state.path()).args(["--fresh", "--no-limits", "--log", "error", "--port", &PORT.to_string()]);
        let child = command.stdout(Stdio::null()).kill_on_drop(true).spawn().map_err(|e| format!("{}: {e}", binary.display()))?;
        let at = |offset: u16| Visitor::new(&format!("http://127.0.0.1:{}", PORT.saturating_add(offset)));
        let server = Self { child, anonymous: at(0)?, console: at(2)?, _state: state };
        let ready = async {
            while server.anonymous.get("/.well-known/jwks.json").await.is_err() {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(PATIENCE, ready).await.map_err(|_| "the local cloud does not start")?;
        Ok(server)
    }

    /// Registers a person with a phone number, who is then signed in.
    async fn sign_up(&self, n: usize) -> Result<Person, ClientError> {
        let phone = format!("+447700900{n:03}");
        let started = self.anonymous.post("/v1/phone-sign-ins", json!({ "phone": phone })).await?;
        let code = if phone == TEST_PHONE.0 { TEST_PHONE.1.to_owned() } else { self.code_to(&phone).await? };
        let path = format!("/v1/phone-sign-ins/{}/verify", member::<String>(&started, "id")?);
        self.signed_in(&self.anonymous.post(&path, json!({ "code": code })).await?)
    }

    async fn code_to(&self, phone: &str) -> Result<String, ClientError> {
        let inbox = self.console.get(&format!("/_local/inbox?to={}&wait=20", phone.replace('+', "%2B"))).await?;
        let code = inbox.pointer("/messages/0/code").and_then(Value::as_str);
        code.map(str::to_owned).ok_or_else(|| ClientError::new(format!("no code to {phone} has arrived")))
    }

    /// Returns the person with new tokens.
    async fn refreshed(&self, person: Person) -> Result<Person, ClientError> {
        self.signed_in(&self.anonymous.post("/v1/sessions/refresh", json!({ "refresh_token": person.refresh_token.expose() })).await?)
    }

    fn signed_in(&self, reply: &Value) -> Result<Person, ClientError> {
        let token = |name: &str| Ok::<_, ClientError>(Secret::new(member::<String>(reply, name)?));
        Ok(Person { visitor: self.anonymous.with_token(token("access_token")?), refresh_token: token("refresh_token")? })
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
            FrameKind::Message(sent) => Some(sent),
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
