//! `cargo run -- tour`: one journey through the system, printed step by step. It stops at the first step that fails.
//!
//! Two people register, sign in, upload a picture and chat. One of them deletes their account, and thirty days later nothing is
//! left of it. The tour uses the same API as a client, except for the clock, the inbox and the final search in the tables.

use std::{
    fmt::Display,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use dynoxide::actions::scan::ScanRequest;
use image::{ImageFormat, Rgb, RgbImage};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    Core,
    visitor::{ClientError, Person, Socket, Visitor, member},
};

/// The longest wait for asynchronous work behind the API.
const PATIENCE: Duration = Duration::from_secs(20);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

const DIOGENES: Person<'static> = Person {
    first_name: "Diogenes",
    last_name: "Sinope",
    birth_date: "1992-06-10",
    username: "diogenes_tour",
    email: "diogenes@tour.example.test",
    password: "lanterns by daylight",
    locale: "en",
};

const KRATES: Person<'static> = Person {
    first_name: "Krates",
    last_name: "Theben",
    birth_date: "1988-01-20",
    username: "krates_tour",
    email: "krates@tour.example.test",
    password: "open every single door",
    locale: "pl",
};

const GREETING: &str = "I am looking for an honest human being.";

impl From<io::Error> for ClientError {
    fn from(e: io::Error) -> Self {
        Self::new(e)
    }
}

/// Performs the journey on a running local cloud and prints it to `out`.
///
/// # Errors
/// [`ClientError`] of the first step that failed.
pub async fn walk(core: &Core, out: &mut impl Write) -> Result<(), ClientError> {
    let begun = Instant::now();
    let mut guide = Printer { out };
    let visitor = Visitor::new(&core.urls.api)?;

    guide.section("Registration in six steps")?;
    let mut steps = Vec::new();
    visitor.register(&core.inbox, DIOGENES, |step| steps.push(step.to_owned())).await?;
    steps.iter().try_for_each(|step| guide.step(step))?;
    let krates = visitor.register(&core.inbox, KRATES, |_| {}).await?;
    guide.step(format!("{} registers in the same way, as the other person of the chat", KRATES.username))?;

    guide.section("Sign-in")?;
    let diogenes = visitor.sign_in(&DIOGENES).await?;
    guide.step(format!("{} signs in with their e-mail address and password", DIOGENES.username))?;
    let me = diogenes.get("/v1/me").await?;
    let id: String = member(&me, "id")?;
    guide.step(format!("their id in the API is {id}"))?;

    guide.section("A picture")?;
    let picture = picture(core, &diogenes, &mut guide).await?;

    guide.section("A conversation")?;
    let mut sockets = conversation(&diogenes, &krates, &mut guide).await?;

    guide.section("Account deletion")?;
    leave(core, &diogenes, &mut sockets, &mut guide).await?;

    guide.section("Thirty days later")?;
    later(core, &visitor, &id, &picture, &mut guide).await?;

    guide.close(begun.elapsed())
}

/// Declares an upload, sends it directly to the bucket, and waits until the function behind the bucket has published it. Returns
/// the address of the picture.
async fn picture(core: &Core, who: &Visitor, guide: &mut Printer<'_, impl Write>) -> Result<String, ClientError> {
    let file = large_picture()?;
    let sha256 = BASE64_STANDARD.encode(Sha256::digest(&file));
    let upload = who.post("/v1/me/picture/uploads", json!({ "content_type": "image/png", "bytes": file.len(), "sha256": sha256 })).await?;
    let id: String = member(&upload, "id")?;
    guide.step(format!("an upload of exactly {} bytes is declared", file.len()))?;
    who.upload(&upload, file).await?;
    guide.step("the file is sent directly to the bucket, with a presigned link")?;
    quiet(core).await?;
    let state: String = member(&who.get(&format!("/v1/me/picture/uploads/{id}")).await?, "state")?;
    expect(state == "published", format!("the upload is {state:?} instead of published"))?;
    guide.step("the bucket's event invokes a function that checks, re-encodes and publishes it")?;
    let profile = who.get(&format!("/v1/users/{}", DIOGENES.username)).await?;
    let url: String = member(profile.get("picture").unwrap_or(&Value::Null), "medium")?;
    let (status, kind) = who.look_at(&url).await?;
    expect(status == StatusCode::OK && kind.starts_with("image/"), format!("{url} returns {status} {kind:?}"))?;
    guide.step(format!("the picture ({kind}) is public at {url}"))?;
    let files = files(core.aws.s3.root(), &[id_in(&url)])?;
    expect(files.len() >= 3, format!("the bucket has {files:?} instead of three sizes"))?;
    Ok(url)
}

/// Returns a picture of 400 × 400 pixels, which is larger than the published sizes.
fn large_picture() -> Result<Vec<u8>, ClientError> {
    let picture = RgbImage::from_fn(400, 400, |x, y| {
        let brightness = 400_u32.saturating_sub(x.abs_diff(200).saturating_add(y.abs_diff(200)).saturating_mul(2));
        let channel = |share: u32| u8::try_from(brightness.saturating_mul(share) / 400).unwrap_or(u8::MAX);
        Rgb([channel(250), channel(190), channel(90)])
    });
    let mut file = io::Cursor::new(Vec::new());
    picture.write_to(&mut file, ImageFormat::Png).map_err(ClientError::new)?;
    Ok(file.into_inner())
}

/// Lets two people chat over WebSockets. Returns their sockets.
async fn conversation(a: &Visitor, b: &Visitor, guide: &mut Printer<'_, impl Write>) -> Result<[Socket; 2], ClientError> {
    let to: String = member(&b.get("/v1/me").await?, "id")?;
    let room: String = member(&a.post("/v1/rooms/direct", json!({ "user": to })).await?, "id")?;
    guide.step(format!("a direct room is opened: {room}"))?;
    let (mut one, mut other) = (Socket::open(a).await?, Socket::open(b).await?);
    guide.step("both open a WebSocket with a single-use ticket")?;
    let text = |text: &str, nonce: &str| json!({ "type": "send", "room": room, "text": text, "nonce": nonce });

    let ack = one.ask(text(GREETING, "tour-1")).await?;
    let seq: u64 = member(&ack, "seq")?;
    let received = other.wait_for(|frame| payload_is(frame, "message", GREETING)).await?;
    guide.step(format!("{}: {}", author(&received), GREETING))?;
    let again: u64 = member(&one.ask(text(GREETING, "tour-1")).await?, "seq")?;
    expect(again == seq, "the same message sent twice became two")?;
    guide.step("the same message sent again, as after a lost connection, stays one message")?;

    let reply = "Jestem tutaj, Diogenesie!";
    other.ask(text(reply, "tour-2")).await?;
    let received = one.wait_for(|frame| payload_is(frame, "message", reply)).await?;
    guide.step(format!("{}: {reply}", author(&received)))?;
    let missed = one.ask(json!({ "type": "sync", "room": room, "since": 0 })).await?;
    let count = missed.get("messages").and_then(Value::as_array).map_or(0, Vec::len);
    expect(count == 2, format!("a sync returns {count} messages instead of 2"))?;
    guide.step("a client that was disconnected gets both again, in order")?;
    Ok([one, other])
}

fn payload_is(frame: &Value, kind: &str, text: &str) -> bool {
    let payload = frame.get("payload").unwrap_or(&Value::Null);
    payload.get("type").and_then(Value::as_str) == Some(kind) && payload.get("text").and_then(Value::as_str) == Some(text)
}

fn author(message: &Value) -> &str {
    message.get("author").and_then(|a| a.get("username")).and_then(Value::as_str).unwrap_or("somebody")
}

async fn leave(core: &Core, who: &Visitor, sockets: &mut [Socket; 2], guide: &mut Printer<'_, impl Write>) -> Result<(), ClientError> {
    let before = core.inbox.last_id();
    let deletion = who.post("/v1/me/deletion", json!({ "password": DIOGENES.password })).await?;
    let due: String = member(&deletion, "due_at")?;
    guide.step(format!("{} schedules the deletion of the account: due on {due}", DIOGENES.username))?;
    let mail = core
        .inbox
        .wait(DIOGENES.email, before, PATIENCE)
        .await
        .ok_or_else(|| ClientError::new("no mail about the deletion has arrived"))?;
    expect(!mail.links.is_empty(), "the mail about the deletion has no link to cancel it")?;
    guide.step(format!("a mail confirms it, “{}”, with a link to cancel it", mail.subject))?;
    let [one, _] = sockets;
    one.ask(json!({ "type": "hello" })).await?;
    guide.step("until then the account works as before")
}

async fn later(core: &Core, visitor: &Visitor, id: &str, picture: &str, guide: &mut Printer<'_, impl Write>) -> Result<(), ClientError> {
    quiet(core).await?;
    core.clock.advance(DAY.saturating_mul(30)).map_err(ClientError::new)?;
    guide.step(format!("the clock shows {}", kernel::Timestamp(core.clock.now())))?;
    let sweep = core.schedules.list().into_iter().find(|s| s.function.starts_with("DeletionSweep"));
    let sweep = sweep.ok_or_else(|| ClientError::new("the template has no schedule of the deletion sweep"))?;
    expect(core.schedules.run_now(&sweep.name), "the sweep does not run")?;
    quiet(core).await?;
    guide.step("the sweep runs, and starts the purge")?;

    let signed_in = json!({ "login": DIOGENES.email, "password": DIOGENES.password });
    let status = visitor.status(Method::POST, "/v1/sessions", Some(signed_in)).await?;
    expect(status == StatusCode::UNAUTHORIZED, format!("signing in is answered {status}"))?;
    guide.step(format!("signing in: {status}"))?;
    let krates = visitor.sign_in(&KRATES).await?;
    let status = krates.status(Method::GET, &format!("/v1/users/{}", DIOGENES.username), None).await?;
    expect(status == StatusCode::NOT_FOUND, format!("the profile is answered {status}"))?;
    guide.step(format!("the profile, read by {}: {status}", KRATES.username))?;
    let (status, _) = visitor.look_at(picture).await?;
    expect(status.is_client_error(), format!("the picture is answered {status}"))?;
    guide.step(format!("the picture: {status}"))?;
    let kept = files(core.aws.s3.root(), &[id, id_in(picture)])?;
    expect(kept.is_empty(), format!("files are left in the bucket: {kept:?}"))?;

    let left = traces(core, &[DIOGENES.email, DIOGENES.username, DIOGENES.last_name, GREETING])?;
    expect(left.is_empty(), format!("data of {id} is left: {}", left.join(", ")))?;
    guide.step("nothing is left in the tables and the bucket: no name, no address, no picture, no message")
}

/// Returns the items in which any of these texts is stored.
fn traces(core: &Core, texts: &[&str]) -> Result<Vec<String>, ClientError> {
    let database = core.aws.dynamodb.database();
    let mut found = Vec::new();
    for table in &core.template.tables {
        let mut start = None;
        loop {
            let request: ScanRequest = serde_json::from_value(json!({ "TableName": table.name })).map_err(ClientError::new)?;
            let answer = database.scan(ScanRequest { exclusive_start_key: start, ..request }).map_err(ClientError::new)?;
            for item in answer.items.unwrap_or_default() {
                let text = json!(item).to_string().to_lowercase();
                if texts.iter().any(|t| text.contains(&t.to_lowercase())) {
                    found.push(format!("{} {text}", table.name));
                }
            }
            start = answer.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
    }
    Ok(found)
}

/// Returns the files in a folder whose paths contain any of these ids, with any prefix.
fn files(folder: &Path, ids: &[&str]) -> Result<Vec<PathBuf>, ClientError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path, ids)?);
        } else if ids.iter().filter_map(|id| id.split('_').next_back()).any(|ulid| path.to_string_lossy().contains(ulid)) {
            found.push(path);
        }
    }
    Ok(found)
}

/// Returns the id of the picture in its address, `…/v1/pictures/<id>/<size>`.
fn id_in(picture: &str) -> &str {
    picture.rsplit('/').nth(1).unwrap_or(picture)
}

/// Waits until no work is pending.
async fn quiet(core: &Core) -> Result<(), ClientError> {
    tokio::time::timeout(PATIENCE, core.activity.quiet()).await.map_err(|_| ClientError::new("pending work did not end in time"))?;
    match core.aws.dead_letters.list().pop() {
        Some(letter) => Err(ClientError::new(format!("{} failed on an event: {}", letter.function, letter.error))),
        None => Ok(()),
    }
}

fn expect(holds: bool, otherwise: impl Display) -> Result<(), ClientError> {
    if holds { Ok(()) } else { Err(ClientError::new(otherwise)) }
}

/// Prints the journey.
struct Printer<'a, W> {
    out: &'a mut W,
}

impl<W: Write> Printer<'_, W> {
    fn section(&mut self, title: &str) -> Result<(), ClientError> {
        Ok(writeln!(self.out, "\n{title}")?)
    }

    fn step(&mut self, what: impl Display) -> Result<(), ClientError> {
        Ok(writeln!(self.out, "  ✓ {what}")?)
    }

    fn close(&mut self, took: Duration) -> Result<(), ClientError> {
        Ok(writeln!(self.out, "\nThe tour ends here, after {}.{:01} seconds.", took.as_secs(), took.subsec_millis() / 100)?)
    }
}
