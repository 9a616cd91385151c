//! Files of messages, from their declaration to their deletion.

use std::{
    collections::BTreeSet,
    io::{Cursor, Write as _},
    sync::Arc,
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use local::aws::{
    Service,
    faults::{Fault, Target},
};
use sha2::{Digest as _, Sha256};
use tests::{Caller, Cloud, HOUR, Reply, Socket, Value, json, race};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::{
    deletion::{SWEEP, run, schedule, until_due},
    picture::{below, encoded, objects, photograph, send},
};

const CANARY: &[u8] = b"GPS 52.2297 N, 21.0122 E";
const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

fn holds(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

fn flag() -> DynamicImage {
    RgbImage::from_fn(64, 48, |x, _| Rgb(if x < 32 { [220, 20, 20] } else { [20, 20, 220] })).into()
}

fn png() -> Vec<u8> {
    encoded(&flag(), ImageFormat::Png)
}

/// A GIF of one pixel, with a comment.
fn gif() -> Vec<u8> {
    let comment = [b"!\xFE\x18".as_slice(), CANARY, b"\0"].concat();
    let (head, pixel) = (b"GIF89a\x01\0\x01\0\x80\0\0\xDC\x14\x14\x14\x14\xDC", b",\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;");
    [head.as_slice(), &comment, pixel].concat()
}

fn mp4() -> Vec<u8> {
    [b"\0\0\0\x18ftypisom\0\0\0\0isommp42".as_slice(), &b"film".repeat(25_000)].concat()
}

fn webm() -> Vec<u8> {
    [b"\x1A\x45\xDF\xA3\x9F\x42\x86\x81\x01\x42\x82\x84webm".as_slice(), &[7; 1000]].concat()
}

fn pdf() -> Vec<u8> {
    b"%PDF-1.7\n1 0 obj\nendobj\n%%EOF\n".to_vec()
}

fn office(part: &str) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for name in ["[Content_Types].xml", part] {
        zip.start_file(name, SimpleFileOptions::default().compression_method(CompressionMethod::Stored)).unwrap();
        zip.write_all(b"<x/>").unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn declaration(name: &str, file: &[u8], content_type: &str) -> Value {
    let sha256 = BASE64_STANDARD.encode(Sha256::digest(file));
    json!({ "name": name, "content_type": content_type, "bytes": file.len(), "sha256": sha256 })
}

fn uploads(room: &str) -> String {
    format!("/v1/rooms/{room}/uploads")
}

async fn announce(caller: &Caller, room: &str, name: &str, file: &[u8], content_type: &str) -> Value {
    caller.post(&uploads(room), declaration(name, file, content_type)).await.is(201)
}

async fn state(caller: &Caller, room: &str, id: &Value) -> Reply {
    caller.get(&format!("{}/{}", uploads(room), id.as_str().unwrap())).await
}

/// Uploads a file and returns its final state.
async fn upload(cloud: &Cloud, caller: &Caller, room: &str, name: &str, file: &[u8], content_type: &str) -> Value {
    let link = announce(caller, room, name, file, content_type).await;
    send(cloud, &link, file, &[]).await.has(200);
    cloud.settle().await;
    state(caller, room, &link["id"]).await.is(200)
}

/// Uploads a text that can be sent. Returns its id.
pub(crate) async fn ready(cloud: &Cloud, caller: &Caller, room: &str, name: &str, text: &[u8]) -> Value {
    let state = upload(cloud, caller, room, name, text, "text/plain").await;
    assert_eq!(state["state"], "ready", "{state}");
    state["id"].clone()
}

fn message(room: &str, text: &str, nonce: &str, files: &[&Value]) -> Value {
    json!({ "type": "send", "room": room, "text": text, "nonce": nonce, "attachments": files })
}

async fn links(caller: &Caller, room: &str, id: &Value) -> Reply {
    caller.get(&format!("/v1/rooms/{room}/attachments/{}", id.as_str().unwrap())).await
}

async fn download(cloud: &Cloud, url: &Value) -> Reply {
    cloud.anonymous().get(url.as_str().unwrap()).await
}

async fn direct(one: &Caller, other: &Caller) -> String {
    one.post("/v1/rooms/direct", json!({ "user": other.id() })).await.json()["id"].as_str().unwrap().to_owned()
}

/// A group of these two, which the first one owns.
async fn group(owner: &Caller, member: &Caller) -> String {
    let room = owner.post("/v1/rooms", json!({ "kind": "group", "name": "Porch" })).await.is(201)["id"].as_str().unwrap().to_owned();
    admit(owner, member, &room).await;
    room
}

async fn admit(owner: &Caller, member: &Caller, room: &str) {
    owner.put(&format!("/v1/rooms/{room}/invitations/{}", member.id()), Value::Null).await.is(204);
    member.post(&format!("/v1/rooms/{room}/members"), Value::Null).await.is(200);
}

/// The bytes that a person's files take.
async fn used(cloud: &Cloud, of: &Caller) -> i64 {
    let key = format!("USER#{}", of.id());
    let item = cloud.of_kind("storage").await.into_iter().find(|item| item["pk"]["S"] == key.as_str());
    item.map_or(0, |item| item["used"]["N"].as_str().unwrap_or("0").parse().unwrap())
}

/// Uploads a text, sends it, and returns its id and the number of the message.
async fn sent(cloud: &Cloud, caller: &Caller, socket: &mut Socket, room: &str, name: &str) -> (Value, u64) {
    let file = ready(cloud, caller, room, name, name.as_bytes()).await;
    let ack = socket.ask(message(room, "look", &name.replace('.', "-"), &[&file])).await;
    assert_eq!(ack["type"], "ack", "{ack}");
    (file, ack["seq"].as_u64().unwrap())
}

/// One file of each type is uploaded, checked and sent in one message, and downloaded by the other member under its name. Pictures
/// lose where they were taken.
/// Promise: attachment-upload, attachment-send, attachment-access
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_each_type_reaches_the_other_member() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = direct(&ana, &ben).await;
    let (mut hers, mut his) = (ana.socket().await, ben.socket().await);
    let files = [
        ("a.jpg", "image/jpeg", photograph(), "image", "a.jpg"),
        ("b.png", "image/png", png(), "image", "b.png"),
        ("c.webp", "image/webp", encoded(&flag(), ImageFormat::WebP), "image", "c.jpg"),
        ("d.gif", "image/gif", gif(), "image", "d.gif"),
        ("e.mp4", "video/mp4", mp4(), "video", "e.mp4"),
        ("f.webm", "video/webm", webm(), "video", "f.webm"),
        ("g", "application/pdf", pdf(), "document", "g.pdf"),
        ("h.txt", "text/plain", "Zażółć gęślą jaźń".into(), "document", "h.txt"),
        ("i.docx", DOCX, office("word/document.xml"), "document", "i.docx"),
        ("j.xlsx", XLSX, office("xl/workbook.xml"), "document", "j.xlsx"),
    ];
    let mut ids = Vec::new();
    for (name, content_type, file, kind, shown) in &files {
        let state = upload(&cloud, &ana, &room, name, file, content_type).await;
        let told = &state["attachment"];
        assert_eq!((&state["state"], &told["kind"], &told["name"]), (&json!("ready"), &json!(kind), &json!(shown)), "{state}");
        assert_eq!((told["preview"] == true, told["width"].is_u64()), (*kind == "image", *kind == "image"), "{state}");
        links(&ana, &room, &state["id"]).await.is_problem(404, "not_found");
        ids.push(state["id"].clone());
    }
    assert!(below(&objects(&cloud), "incoming").is_empty());
    let ack = hers.ask(message(&room, "", "n1", &ids.iter().collect::<Vec<_>>())).await;
    assert_eq!(ack["type"], "ack", "{ack}");
    let told = his.hear("message").await;
    assert_eq!((told.get("text"), told["attachments"].as_array().unwrap().len()), (None, 10), "{told}");
    let history = ben.get(&format!("/v1/rooms/{room}/messages")).await.is(200);
    assert_eq!(history["items"][0]["attachments"], told["attachments"]);
    for ((name, content_type, file, kind, shown), id) in files.iter().zip(&ids) {
        let found = links(&ben, &room, id).await.is(200);
        let reply = download(&cloud, &found["url"]).await;
        reply.has(200);
        let disposition = format!("attachment; filename=\"{shown}\"; filename*=UTF-8''{shown}");
        assert_eq!(reply.header("content-disposition"), disposition, "{name}");
        let told = &found["attachment"];
        assert_eq!((&json!(reply.header("content-type")), &json!(reply.bytes.len())), (&told["type"], &told["bytes"]), "{name}");
        assert!(!holds(&reply.bytes, CANARY) && !holds(&reply.bytes, b"Exif"), "{name}");
        assert_eq!(found.get("preview_url").is_some(), *kind == "image", "{name}");
        if *kind == "image" {
            let preview = download(&cloud, &found["preview_url"]).await;
            let shown = (preview.header("content-type"), preview.header("content-disposition"));
            assert_eq!((&*shown.0, &*shown.1), ("image/jpeg", "inline"), "what is shown was encoded by the function: {name}");
            assert!(!holds(&preview.bytes, CANARY), "{name}");
            image::load_from_memory_with_format(&preview.bytes, ImageFormat::Jpeg).unwrap();
            assert!(reply.bytes.starts_with(b"GIF89a") || image::load_from_memory(&reply.bytes).is_ok(), "{name}");
        } else {
            assert_eq!((&*reply.header("content-type"), &reply.bytes), (*content_type, file), "{name}");
        }
    }
    assert_eq!(state(&ana, &room, &ids[0]).await.is(200), json!({ "id": ids[0], "state": "sent", "seq": ack["seq"] }));
}

/// A link takes exactly the declared file: not another type, length, checksum or key, and not after five minutes.
/// Promise: attachment-upload
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_takes_exactly_what_was_declared() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let (file, other) = (b"a text".to_vec(), b"b text".to_vec());
    let link = announce(&ana, "public", "a.txt", &file, "text/plain").await;
    let checksum = BASE64_STANDARD.encode(Sha256::digest(&other));
    let mut elsewhere = link.clone();
    elsewhere["url"] = link["url"].as_str().unwrap().replacen("incoming/", "attachments/", 1).into();
    for (what, refused) in [
        ("another type", send(&cloud, &link, &file, &[("content-type", "text/html")]).await),
        ("no checksum", send(&cloud, &link, &file, &[("x-amz-checksum-sha256", "")]).await),
        ("another checksum", send(&cloud, &link, &other, &[("x-amz-checksum-sha256", &checksum)]).await),
        ("a longer file", send(&cloud, &link, b"a text.", &[]).await),
        ("another key", send(&cloud, &elsewhere, &file, &[]).await),
    ] {
        assert_eq!(refused.status, 403, "{what}: {refused:?}");
    }
    send(&cloud, &link, &other, &[]).await.has(400);
    cloud.anonymous().get(link["url"].as_str().unwrap()).await.has(403);
    assert!(objects(&cloud).is_empty(), "{:?}", objects(&cloud));
    assert_eq!(state(&ana, "public", &link["id"]).await.is(200)["state"], "waiting");
    cloud.advance(Duration::from_secs(301)).await;
    send(&cloud, &link, &file, &[]).await.has(403);
    cloud.advance(Duration::from_secs(600)).await;
    let told = state(&cloud.sign_in("ana").await, "public", &link["id"]).await.is(200);
    assert_eq!((&told["state"], &told["reason"]), (&json!("refused"), &json!("expired")));
}

/// What cannot be a file of a message is refused before there is a link, with all reasons at once. Names are cleaned. A hundred an hour.
/// Promise: attachment-upload
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_declared() {
    const MIB: u64 = 1024 * 1024;
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let path = uploads("public");
    let good = declaration("a.txt", b"x", "text/plain");
    let with = |member: &str, value: Value| {
        let mut changed = good.clone();
        changed[member] = value;
        changed
    };
    for (body, error) in [
        (with("content_type", json!("image/svg+xml")), "/content_type attachment_type"),
        (with("content_type", json!("text/html")), "/content_type attachment_type"),
        (with("content_type", json!("application/zip")), "/content_type attachment_type"),
        (with("content_type", json!("text/plain; charset=utf-8")), "/content_type attachment_type"),
        (with("bytes", json!(0)), "/bytes file_size"),
        (with("sha256", json!("abc")), "/sha256 checksum"),
        (with("name", json!("../..")), "/name required"),
        (with("name", json!("\u{202e}.txt")), "/name required"),
    ] {
        assert_eq!(ana.post(&path, body.clone()).await.field_errors(), [error], "{body}");
    }
    for (content_type, most) in [("image/png", 10 * MIB), ("video/mp4", 100 * MIB), ("application/pdf", 25 * MIB)] {
        let sized = |bytes: u64| {
            let mut body = with("bytes", json!(bytes));
            body["content_type"] = json!(content_type);
            body
        };
        assert_eq!(ana.post(&path, sized(most + 1)).await.field_errors(), ["/bytes file_size"], "{content_type}");
        ana.post(&path, sized(most)).await.is(201);
    }
    let none = json!({ "name": "", "content_type": "", "bytes": 0, "sha256": "" });
    let all = ["/content_type attachment_type", "/bytes file_size", "/sha256 checksum", "/name required"];
    assert_eq!(ana.post(&path, none).await.field_errors(), all);
    cloud.anonymous().post(&path, good.clone()).await.is_problem(401, "token_invalid");
    for _ in 3..100 {
        ana.post(&path, good.clone()).await.is(201);
    }
    ana.post(&path, good.clone()).await.is_problem(429, "too_many_requests");
    cloud.member("ben").await.post(&path, good).await.is(201);
}

/// A name reaches the header of the download in a form that ends nothing and begins nothing.
/// Promise: attachment-access
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_cannot_change_the_headers() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let mut socket = ana.socket().await;
    for (n, (name, shown, disposition)) in [
        ("a\r\nset-cookie: x=y", "aset-cookie_ x=y.txt", "filename=\"aset-cookie_ x=y.txt\"; filename*=UTF-8''aset-cookie_%20x%3Dy.txt"),
        ("a\"; x=\"b.html", "a_; x=_b.html.txt", "filename=\"a__ x=_b.html.txt\"; filename*=UTF-8''a_%3B%20x%3D_b.html.txt"),
        ("C:\\x\\../ż\u{202e}txt.exe", "żtxt.exe.txt", "filename=\"_txt.exe.txt\"; filename*=UTF-8''%C5%BCtxt.exe.txt"),
    ]
    .into_iter()
    .enumerate()
    {
        let id = ready(&cloud, &ana, "public", name, b"x").await;
        assert_eq!(socket.ask(message("public", "look", &format!("n{n}"), &[&id])).await["type"], "ack");
        let found = links(&ana, "public", &id).await.is(200);
        assert_eq!(found["attachment"]["name"], shown);
        let reply = download(&cloud, &found["url"]).await;
        assert_eq!(reply.has(200).header("content-disposition"), format!("attachment; {disposition}"));
        assert_eq!((reply.header("set-cookie"), reply.header("content-type")), (String::new(), "text/plain".to_owned()));
    }
}

/// A file that is not what it was declared to be, or something else besides, is refused with a reason, deleted, and its bytes are given
/// back. It cannot be sent.
/// Promise: attachment-checks, attachment-storage
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_something_else_is_refused_with_a_reason() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let zip = office("a");
    let mut bomb = png();
    // Its header declares 30,000 × 30,000 pixels.
    bomb[16..20].copy_from_slice(&30_000_u32.to_be_bytes());
    bomb[20..24].copy_from_slice(&30_000_u32.to_be_bytes());
    let checksum = crate::picture::crc32(&bomb[12..29]);
    bomb[29..33].copy_from_slice(&checksum.to_be_bytes());
    // The list of its parts says that they have a gigabyte.
    let mut large = office("word/document.xml");
    let entry = large.windows(4).rposition(|window| window == b"PK\x01\x02").unwrap();
    large[entry + 24..entry + 28].copy_from_slice(&(1024_u32 * 1024 * 1024).to_le_bytes());
    let files = [
        ("a program", "image/png", b"MZ\x90\0\x03".to_vec(), "other_type"),
        ("a drawing", "image/png", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".to_vec(), "other_type"),
        ("a page", "text/plain", b"<!doctype html><script>alert(1)</script>".to_vec(), "polyglot"),
        ("a PNG as a JPEG", "image/jpeg", png(), "other_type"),
        ("a GIF as a WebP", "image/webp", gif(), "other_type"),
        ("a picture and a page", "image/png", [png(), b"<script>alert(1)</script>".to_vec()].concat(), "polyglot"),
        ("a picture and an archive", "image/gif", [gif(), zip.clone()].concat(), "polyglot"),
        ("half a picture", "image/png", png()[..60].to_vec(), "damaged"),
        ("a bomb", "image/png", bomb, "too_many_pixels"),
        ("a program as a film", "video/mp4", b"MZ\x90\0\x03".to_vec(), "other_type"),
        ("a film and an archive", "video/webm", [webm(), zip.clone()].concat(), "polyglot"),
        ("WebM as MP4", "video/mp4", webm(), "other_type"),
        ("half a PDF", "application/pdf", b"%PDF-1.7\n".to_vec(), "damaged"),
        ("a PDF and an archive", "application/pdf", [pdf(), zip.clone()].concat(), "polyglot"),
        ("an archive", DOCX, zip, "other_type"),
        ("a workbook as a document", DOCX, office("xl/workbook.xml"), "other_type"),
        ("a bomb of a document", DOCX, large, "too_large_inside"),
        ("bytes", "text/plain", b"a\0b".to_vec(), "other_type"),
    ];
    let mut socket = ana.socket().await;
    for (n, (what, content_type, file, reason)) in files.iter().enumerate() {
        let told = upload(&cloud, &ana, "public", what, file, content_type).await;
        assert_eq!((&told["state"], &told["reason"]), (&json!("refused"), &json!(reason)), "{what}");
        let refused = socket.ask(message("public", "look", &format!("n{n}"), &[&told["id"]])).await;
        assert_eq!(refused["problem"]["code"], "attachment_invalid", "{what}: {refused}");
        cloud.refill_frames().await;
    }
    assert!(objects(&cloud).is_empty(), "{:?}", objects(&cloud));
    assert_eq!(used(&cloud, &ana).await, 0);
    assert!(cloud.aws.dead_letters.list().is_empty());
}

/// A message takes its sender's own checked files for its room, each once. Everything else is refused with one answer, and the message is
/// not sent. A repetition commits nothing and gets the same answer.
/// Promise: attachment-send, chat-idempotent
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_takes_ones_own_files_for_its_room_once() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = direct(&ana, &ben).await;
    let mut socket = ana.socket().await;
    let waiting = announce(&ana, &room, "a.txt", b"x", "text/plain").await["id"].clone();
    let his = ready(&cloud, &ben, &room, "his.txt", b"his").await;
    let elsewhere = ready(&cloud, &ana, "public", "b.txt", b"b").await;
    let (one, two) = (ready(&cloud, &ana, &room, "1.txt", b"1").await, ready(&cloud, &ana, &room, "2.txt", b"2").await);
    let unknown = json!("att_01K9ZC4QW8V3T6R1NHXJ5B2MDP");
    for (n, wrong) in [&waiting, &his, &elsewhere, &unknown].into_iter().enumerate() {
        let refused = socket.ask(message(&room, "look", &format!("w{n}"), &[&one, wrong])).await;
        assert_eq!(refused["problem"]["code"], "attachment_invalid", "{refused}");
    }
    cloud.refill_frames().await;
    let twice = socket.ask(message(&room, "look", "w", &[&one, &one])).await;
    assert_eq!(
        (&twice["problem"]["code"], &twice["problem"]["errors"][0]["pointer"]),
        (&json!("invalid"), &json!("/attachments/1")),
        "{twice}"
    );
    let eleven = vec![&unknown; 11];
    assert_eq!(socket.ask(message(&room, "look", "w", &eleven)).await["problem"]["code"], "too_many");
    assert_eq!(socket.ask(message(&room, " ", "w", &[])).await["problem"]["code"], "message_length");
    cloud.refill_frames().await;
    let ack = socket.ask(message(&room, "look", "n1", &[&one])).await;
    assert_eq!((&ack["type"], &ack["seq"]), (&json!("ack"), &json!(1)), "nothing was sent before: {ack}");
    assert_eq!(socket.ask(message(&room, "look", "n1", &[&one])).await, ack);
    for other in [vec![&one, &two], vec![], vec![&two]] {
        assert_eq!(socket.ask(message(&room, "look", "n1", &other)).await["problem"]["code"], "nonce_reused");
    }
    cloud.refill_frames().await;
    let again = socket.ask(message(&room, "again", "n2", &[&one])).await;
    assert_eq!(again["problem"]["code"], "attachment_invalid", "{again}");
    let history = ben.get(&format!("/v1/rooms/{room}/messages")).await.is(200);
    assert_eq!(history["items"].as_array().unwrap().len(), 1);
    // Edited, it keeps its file.
    assert_eq!(socket.ask(json!({ "type": "edit", "room": room, "seq": 1, "text": "look here" })).await["type"], "edited");
    let history = ben.get(&format!("/v1/rooms/{room}/messages")).await.is(200);
    assert_eq!((&history["items"][0]["text"], &history["items"][0]["attachments"][0]["id"]), (&json!("look here"), &one));
    links(&ben, &room, &one).await.is(200);
}

/// Of concurrent messages with one file, one is sent.
/// Promise: attachment-send
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_messages_at_once_one_has_the_file() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = direct(&ana, &ben).await;
    let file = ready(&cloud, &ana, &room, "a.txt", b"a").await;
    let mut sockets = Vec::new();
    for _ in 0..3 {
        sockets.push(Arc::new(tokio::sync::Mutex::new(ana.socket().await)));
    }
    let answers = race(sockets.len(), |i| {
        let (socket, room, file) = (sockets[i].clone(), room.clone(), file.clone());
        async move { socket.lock().await.ask(message(&room, "look", &format!("n{i}"), &[&file])).await }
    })
    .await;
    let (sent, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer["type"] == "ack");
    assert_eq!(sent.len(), 1, "{answers:?}");
    assert!(refused.iter().all(|answer| answer["problem"]["code"] == "attachment_invalid"), "{answers:?}");
    let history = ben.get(&format!("/v1/rooms/{room}/messages")).await.is(200);
    assert_eq!(history["items"].as_array().unwrap().len(), 1);
}

/// Only who may read a message at that moment gets links to its files: nobody from outside, nobody who was removed, nobody who joined
/// later, nobody across a block, and nobody by the id of another room.
/// Promise: attachment-access, room-removal, object-ownership
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_readers_of_the_message_get_its_files() {
    let cloud = Cloud::start().await;
    let (ana, ben, cyd) = (cloud.member("ana").await, cloud.member("ben").await, cloud.member("cyd").await);
    let (room, two) = (group(&ana, &ben).await, direct(&ana, &ben).await);
    let mut socket = ana.socket().await;
    let (file, _) = sent(&cloud, &ana, &mut socket, &room, "a.txt").await;
    let (private, _) = sent(&cloud, &ana, &mut socket, &two, "b.txt").await;
    for reader in [&ana, &ben] {
        links(reader, &room, &file).await.is(200);
        links(reader, &two, &private).await.is(200);
        for (room, file) in [(&*room, &private), (&*two, &file), ("public", &file), ("rom_01K9ZC4QW8V3T6R1NHXJ5B2MDP", &file)] {
            links(reader, room, file).await.is_problem(404, "not_found");
        }
    }
    for (room, file) in [(&room, &file), (&two, &private)] {
        links(&cyd, room, file).await.is_problem(404, "not_found");
        links(&cloud.anonymous(), room, file).await.is_problem(401, "token_invalid");
        cyd.post(&uploads(room), declaration("a.txt", b"x", "text/plain")).await.is_problem(404, "not_found");
    }
    // The state of an upload is its uploader's.
    state(&ana, &room, &file).await.is(200);
    for (who, room) in [(&ben, &room), (&cyd, &room), (&ana, &two)] {
        state(who, room, &file).await.is_problem(404, "not_found");
    }
    admit(&ana, &cyd, &room).await;
    links(&cyd, &room, &file).await.is_problem(404, "not_found");
    let (later, _) = sent(&cloud, &ana, &mut socket, &room, "c.txt").await;
    links(&cyd, &room, &later).await.is(200);
    ana.delete(&format!("/v1/rooms/{room}/members/{}", cyd.id())).await.is(204);
    links(&cyd, &room, &later).await.is_problem(404, "not_found");
    ben.put(&format!("/v1/friends/{}/block", ana.id()), json!({})).await.is(200);
    for who in [&ana, &ben] {
        links(who, &two, &private).await.is_problem(404, "not_found");
        who.post(&uploads(&two), declaration("a.txt", b"x", "text/plain")).await.is_problem(404, "not_found");
    }
    links(&ben, &room, &later).await.is(200);
}

/// Readers of a channel get its files and upload none.
/// Promise: attachment-access, room-members
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_of_a_channel_upload_nothing() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let made = ana.post("/v1/rooms", json!({ "kind": "channel", "name": "News", "slug": "agora-news" })).await.is(201);
    let room = made["id"].as_str().unwrap();
    let (file, _) = sent(&cloud, &ana, &mut ana.socket().await, room, "a.txt").await;
    links(&ben, room, &file).await.is_problem(404, "not_found");
    ben.post(&format!("/v1/rooms/{room}/members"), Value::Null).await.is(200);
    links(&ben, room, &file).await.is(200);
    ben.post(&uploads(room), declaration("a.txt", b"x", "text/plain")).await.is_problem(403, "forbidden");
}

/// A link is valid for five minutes. It ends with the message, and its files with it: at once there are no more links, and within a minute
/// no object, no item and no bytes counted.
/// Promise: attachment-end, attachment-storage
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_ends_with_its_message() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = direct(&ana, &ben).await;
    let mut socket = ana.socket().await;
    let picture = upload(&cloud, &ana, &room, "a.png", &png(), "image/png").await["id"].clone();
    let document = ready(&cloud, &ana, &room, "b.txt", b"b").await;
    assert_eq!(socket.ask(message(&room, "look", "n1", &[&picture, &document])).await["seq"], 1);
    let (kept, _) = sent(&cloud, &ana, &mut socket, &room, "kept.txt").await;
    let found = links(&ben, &room, &picture).await.is(200);
    download(&cloud, &found["url"]).await.has(200);
    cloud.advance(Duration::from_secs(301)).await;
    download(&cloud, &found["url"]).await.has(403);
    download(&cloud, &found["preview_url"]).await.has(403);
    let (ana, ben) = (cloud.sign_in("ana").await, cloud.sign_in("ben").await);
    let found = links(&ben, &room, &picture).await.is(200);
    assert_eq!(objects(&cloud).len(), 4);
    let mut socket = ana.socket().await;
    assert_eq!(socket.ask(json!({ "type": "delete", "room": room, "seq": 1 })).await["type"], "deleted");
    for id in [&picture, &document] {
        links(&ben, &room, id).await.is_problem(404, "not_found");
    }
    cloud.settle().await;
    for url in [&found["url"], &found["preview_url"]] {
        download(&cloud, url).await.has(403);
    }
    state(&ana, &room, &picture).await.is_problem(404, "not_found");
    assert_eq!(objects(&cloud).len(), 1);
    assert_eq!((used(&cloud, &ana).await, cloud.of_kind("attachment").await.len()), (8, 1));
    links(&ben, &room, &kept).await.is(200);
    assert!(cloud.aws.dead_letters.list().is_empty());
}

/// The files of a deleted group are deleted, whoever sent them.
/// Promise: attachment-end, attachment-storage
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_end_with_their_room() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = group(&ana, &ben).await;
    let (hers, _) = sent(&cloud, &ana, &mut ana.socket().await, &room, "a.txt").await;
    let (his, _) = sent(&cloud, &ben, &mut ben.socket().await, &room, "b.txt").await;
    let url = links(&ben, &room, &hers).await.is(200)["url"].clone();
    ana.delete(&format!("/v1/rooms/{room}")).await.is(204);
    links(&ben, &room, &his).await.is_problem(404, "not_found");
    cloud.settle().await;
    download(&cloud, &url).await.has(403);
    assert!(objects(&cloud).is_empty(), "{:?}", objects(&cloud));
    assert_eq!((used(&cloud, &ana).await, used(&cloud, &ben).await), (0, 0));
}

/// Somebody leaves: their files are deleted everywhere, and in direct rooms those of the other person too.
/// Promise: attachment-end, deletion-complete
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_end_with_the_account() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let (room, two) = (group(&ben, &ana).await, direct(&ana, &ben).await);
    let (mut hers, mut his) = (ana.socket().await, ben.socket().await);
    let (in_group, _) = sent(&cloud, &ana, &mut hers, &room, "a.txt").await;
    sent(&cloud, &ana, &mut hers, &two, "b.txt").await;
    sent(&cloud, &ben, &mut his, &two, "c.txt").await;
    let (kept, _) = sent(&cloud, &ben, &mut his, &room, "d.txt").await;
    ready(&cloud, &ana, &room, "unsent.txt", b"x").await;
    let scheduled = schedule(&ana).await;
    until_due(&cloud, &scheduled).await;
    assert_eq!(run(&cloud, SWEEP).await["claimed"], 1);
    cloud.settle().await;
    let ben = cloud.sign_in("ben").await;
    links(&ben, &room, &in_group).await.is_problem(404, "not_found");
    links(&ben, &room, &kept).await.is(200);
    assert_eq!(objects(&cloud).len(), 1, "{:?}", objects(&cloud));
    assert_eq!((used(&cloud, &ben).await, cloud.of_kind("attachment").await.len()), (5, 1));
}

/// Waits until the bucket has no object with this id, a second at a time, for less than a minute by the clock.
async fn gone_within_a_minute(cloud: &Cloud, file: &Value, how: &str) {
    let from = cloud.now();
    cloud.settle().await;
    while objects(cloud).iter().any(|key| key.contains(file.as_str().unwrap())) {
        assert!(cloud.now().since(from) < Duration::from_secs(60), "{how}: {:?}", objects(cloud));
        cloud.advance(Duration::from_secs(1)).await;
    }
}

/// Less than a minute after a message is deleted, by whomever, or its room, or the account, its file is gone: every way sends an event in
/// the transaction of the deletion, and none waits for a schedule.
/// Promise: attachment-end
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_gone_within_a_minute_after_every_end() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let (staff, _) = cloud.staff("mona", "moderator").await;
    let room = group(&ana, &ben).await;
    let (mut hers, mut his) = (ana.socket().await, ben.socket().await);
    let (file, seq) = sent(&cloud, &ben, &mut his, &room, "a.txt").await;
    assert_eq!(his.ask(json!({ "type": "delete", "room": room, "seq": seq })).await["type"], "deleted");
    gone_within_a_minute(&cloud, &file, "its author").await;
    let (file, seq) = sent(&cloud, &ben, &mut his, &room, "b.txt").await;
    assert_eq!(hers.ask(json!({ "type": "delete", "room": room, "seq": seq })).await["type"], "deleted");
    gone_within_a_minute(&cloud, &file, "an administrator of the room").await;
    let (file, seq) = sent(&cloud, &ben, &mut his, "public", "c.txt").await;
    staff.delete(&format!("/v1/moderation/messages/public/{seq}")).await.is(204);
    gone_within_a_minute(&cloud, &file, "a moderator").await;
    let (file, _) = sent(&cloud, &ben, &mut his, &room, "d.txt").await;
    ana.delete(&format!("/v1/rooms/{room}")).await.is(204);
    gone_within_a_minute(&cloud, &file, "the end of a room").await;
    let alone = ben.post("/v1/rooms", json!({ "kind": "group", "name": "Attic" })).await.is(201)["id"].as_str().unwrap().to_owned();
    let (file, _) = sent(&cloud, &ben, &mut his, &alone, "e.txt").await;
    ben.delete(&format!("/v1/rooms/{alone}/members/{}", ben.id())).await.is(204);
    gone_within_a_minute(&cloud, &file, "the last member").await;
    let two = direct(&ana, &ben).await;
    let (own, _) = sent(&cloud, &ben, &mut his, "public", "f.txt").await;
    let (other, _) = sent(&cloud, &ana, &mut hers, &two, "g.txt").await;
    let scheduled = schedule(&ben).await;
    until_due(&cloud, &scheduled).await;
    let due = cloud.now();
    assert_eq!(run(&cloud, SWEEP).await["claimed"], 1);
    gone_within_a_minute(&cloud, &own, "the account of its author").await;
    gone_within_a_minute(&cloud, &other, "a direct room, with the account of the other").await;
    assert!(cloud.now().since(due) < Duration::from_secs(60));
}

/// A file that is not sent within an hour is deleted, whether it arrived or not, and its bytes are given back. One that was sent stays.
/// Promise: attachment-end, attachment-storage
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_sent_is_deleted_after_an_hour() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = direct(&ana, &ben).await;
    sent(&cloud, &ana, &mut ana.socket().await, &room, "sent.txt").await;
    let unsent = ready(&cloud, &ana, &room, "unsent.txt", b"unsent").await;
    announce(&ana, &room, "never.txt", b"never", "text/plain").await;
    let refused = upload(&cloud, &ana, &room, "refused.png", b"x", "image/png").await;
    assert_eq!((&refused["state"], used(&cloud, &ana).await), (&json!("refused"), 8 + 6 + 5));
    cloud.advance(Duration::from_secs(50 * 60)).await;
    let ana = cloud.sign_in("ana").await;
    assert_eq!(state(&ana, &room, &unsent).await.is(200)["state"], "ready");
    cloud.advance(Duration::from_secs(1200)).await;
    let ana = cloud.sign_in("ana").await;
    state(&ana, &room, &unsent).await.is_problem(404, "not_found");
    let refused = ana.socket().await.ask(message(&room, "look", "late", &[&unsent])).await;
    assert_eq!(refused["problem"]["code"], "attachment_invalid", "{refused}");
    assert_eq!((objects(&cloud).len(), used(&cloud, &ana).await, cloud.of_kind("attachment").await.len()), (1, 8, 1));
}

/// A person has a gigabyte. Of concurrent declarations as many are accepted as have room.
/// Promise: attachment-storage
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn storage_is_counted_exactly_also_in_a_race() {
    const MAX: i64 = 1024 * 1024 * 1024;
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let core = cloud.core();
    let table = core.template.tables.iter().find(|t| t.stream_arn.is_some()).unwrap().name.clone();
    let item = json!({
        "pk": { "S": format!("USER#{}", ana.id()) }, "sk": { "S": "STORAGE" }, "kind": { "S": "storage" }, "v": { "N": "1" },
        "used": { "N": (MAX - 3 * 7).to_string() },
    });
    let request = serde_json::from_value(json!({ "TableName": table, "Item": item })).unwrap();
    core.aws.dynamodb.database().put_item(request).unwrap();
    let body = declaration("a.txt", b"1234567", "text/plain");
    let codes = race(10, |_| {
        let (ana, body) = (ana.clone(), body.clone());
        async move {
            let reply = ana.post("/v1/rooms/public/uploads", body).await;
            if reply.status == 201 { None } else { Some(reply.code()) }
        }
    })
    .await;
    assert_eq!(codes.iter().filter(|code| code.is_none()).count(), 3, "{codes:?}");
    assert_eq!(codes.into_iter().flatten().collect::<BTreeSet<_>>(), BTreeSet::from(["storage_full".to_owned()]));
    assert_eq!(used(&cloud, &ana).await, MAX);
    ana.post("/v1/rooms/public/uploads", declaration("a.txt", b"1", "text/plain")).await.is_problem(409, "storage_full");
    // The bytes of a file that is never uploaded are given back.
    cloud.advance(HOUR + Duration::from_secs(600)).await;
    assert_eq!(used(&cloud, &ana).await, MAX - 3 * 7);
    cloud.sign_in("ana").await.post("/v1/rooms/public/uploads", body).await.is(201);
}

/// Whichever call of the processor fails or loses its reply, a file becomes ready once, and is deleted completely with its message.
/// Promise: attachment-checks, attachment-end, consumer-resumes, lost-reply
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_processor_that_fails_anywhere_ends_in_the_same_state() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let room = direct(&ana, &ben).await;
    let mut socket = ana.socket().await;
    let script = |service, operation, fault| {
        // All retries of the client are used up, for both pictures, and the whole invocation is repeated.
        let times = if operation == "PutObject" { 6 } else { 3 };
        let target = Target::of("UploadProcessorFunction", service, operation).times(times);
        cloud.aws.faults.script(target, fault)
    };
    for fault in [Fault::Internal, Fault::LostAfter] {
        for (service, operation) in [
            (Service::DynamoDb, "BatchGetItem"),
            (Service::S3, "GetObject"),
            (Service::S3, "PutObject"),
            (Service::DynamoDb, "UpdateItem"),
            (Service::S3, "DeleteObjects"),
            (Service::DynamoDb, "TransactWriteItems"),
        ] {
            let faults = script(service, operation, fault);
            let state = upload(&cloud, &ana, &room, "a.png", &png(), "image/png").await;
            assert_eq!(state["state"], "ready", "{operation} {fault:?}");
            assert!(below(&objects(&cloud), "incoming").is_empty(), "{operation} {fault:?}");
            faults.end();
            let nonce = format!("{operation}-{fault:?}");
            let ack = socket.ask(message(&room, "look", &nonce, &[&state["id"]])).await;
            assert_eq!(ack["type"], "ack", "{ack}");
            let faults = script(service, operation, fault);
            assert_eq!(socket.ask(json!({ "type": "delete", "room": room, "seq": ack["seq"] })).await["type"], "deleted");
            cloud.settle().await;
            faults.end();
            assert!(objects(&cloud).is_empty(), "{operation} {fault:?}: {:?}", objects(&cloud));
            assert_eq!((used(&cloud, &ana).await, cloud.of_kind("attachment").await.len()), (0, 0), "{operation} {fault:?}");
            cloud.refill_frames().await;
        }
    }
    assert!(cloud.aws.dead_letters.list().is_empty());
}

/// Who is banned from chat uploads nothing.
/// Promise: chat-flood-ban
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_banned_person_uploads_nothing() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let core = cloud.core();
    let table = core.template.tables.iter().find(|t| t.stream_arn.is_some()).unwrap().name.clone();
    let item = json!({
        "pk": { "S": format!("USER#{}", ana.id()) }, "sk": { "S": "CHAT" }, "kind": { "S": "chat" }, "v": { "N": "1" },
        "banned_at": { "N": cloud.now().millis().to_string() },
    });
    core.aws.dynamodb.database().put_item(serde_json::from_value(json!({ "TableName": table, "Item": item })).unwrap()).unwrap();
    ana.post(&uploads("public"), declaration("a.txt", b"x", "text/plain")).await.is_problem(403, "chat_banned");
}
