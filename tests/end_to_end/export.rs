//! The archive of all data that is stored about the caller.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    io::{Cursor, Read as _},
    path::Path,
    time::Duration,
};

use local::{
    aws::faults::{Fault, Target},
    hosts::Trace,
};
use serde_json::value::to_raw_value;
use tests::{Caller, Cloud, Value, json};

use crate::{
    attachments::ready,
    deletion::{SWEEP, assert_gone, files, run, schedule, until_due},
    everything::{CANARIES, Everything},
    items,
};

const EXPORTS: &str = "/v1/me/exports";

/// The archives in the bucket.
fn archives(cloud: &Cloud) -> usize {
    files(cloud).iter().filter(|path| path.contains("/exports/") && Path::new(path).extension() == Some(OsStr::new("zip"))).count()
}

/// Asks for an archive, waits until it is made, and returns the path of its resource.
async fn asked(cloud: &Cloud, caller: &Caller) -> String {
    let export = caller.post(EXPORTS, json!({})).await.is(202);
    assert_eq!((&export["status"], export.get("url")), (&json!("waiting"), None));
    cloud.settle().await;
    format!("{EXPORTS}/{}", export["id"].as_str().unwrap())
}

/// The files of the archive, by name.
pub(crate) async fn download(cloud: &Cloud, caller: &Caller, path: &str) -> BTreeMap<String, Vec<u8>> {
    let ready = caller.get(path).await.is(200);
    assert_eq!(ready["status"], "ready");
    let reply = cloud.anonymous().get(ready["url"].as_str().unwrap()).await;
    reply.has(200);
    assert_eq!(
        (&*reply.header("content-type"), &*reply.header("content-disposition")),
        ("application/zip", "attachment; filename=\"stoa-export.zip\"")
    );
    let mut archive = zip::ZipArchive::new(Cursor::new(reply.bytes)).unwrap();
    let mut files = BTreeMap::new();
    for n in 0..archive.len() {
        let mut file = archive.by_index(n).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        files.insert(file.name().unwrap().into_owned(), bytes);
    }
    files
}

fn document(files: &BTreeMap<String, Vec<u8>>, name: &str) -> Value {
    serde_json::from_slice(&files[name]).unwrap()
}

/// Every string in one of these attributes, at any depth.
fn secrets(item: &Value, names: &[&str], found: &mut BTreeSet<String>) {
    match item {
        Value::Object(members) => {
            for (name, value) in members {
                if names.contains(&name.as_str()) {
                    strings(value, found);
                }
                secrets(value, names, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| secrets(item, names, found)),
        _ => {}
    }
}

fn strings(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => members.values().for_each(|v| strings(v, found)),
        Value::Array(items) => items.iter().for_each(|v| strings(v, found)),
        Value::String(text) => drop(found.insert(text.clone())),
        _ => {}
    }
}

/// A canary in every field that can hold personal data is found in the archive. Every kind of item beside the account's record is
/// in it. It contains no secret, and nothing that somebody else wrote.
/// Promise: export-complete
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_in_the_archive() {
    let cloud = Cloud::start().await;
    let ben = cloud.member("ben").await;
    let everything = Everything::of(&cloud, &ben).await;
    let (ana, room) = (&everything.canary, &everything.room);
    let told = cloud.mails_to("canary_name@example.test").await;
    let mail = told.iter().find(|mail| mail.subject == "Your data is ready").expect("it is told");
    assert!(mail.links.is_empty(), "{}", mail.text);
    let files = download(&cloud, ana, &everything.archive).await;
    assert_eq!(files.keys().filter(|name| name.starts_with("pictures/")).count(), 2, "the former one as well: {:?}", files.keys());
    assert!(files.iter().filter(|(name, _)| name.starts_with("pictures/")).all(|(_, jpeg)| jpeg.starts_with(&[0xff, 0xd8])));
    let whole: String = files.iter().filter(|(name, _)| !name.starts_with("pictures/")).map(|(_, b)| String::from_utf8_lossy(b)).collect();
    for planted in CANARIES {
        assert!(whole.to_lowercase().contains(planted), "{planted} is not in the archive");
    }
    assert!(!whole.contains("ben said that"));
    assert_eq!(document(&files, "messages.json").as_array().unwrap().len(), 8);
    let rooms = document(&files, "rooms.json");
    let of = |id: &Value| rooms.as_array().unwrap().iter().find(|r| r["room"] == *id).unwrap().clone();
    assert_eq!((&of(room)["kind"], &of(room)["with"]), (&json!("direct"), &json!(ben.id())));
    let group = of(&everything.group);
    assert_eq!((&group["kind"], &group["name"], &group["role"]), (&json!("group"), &json!("Porch"), &json!("owner")));
    let file = document(&files, "attachments.json")[0].clone();
    assert_eq!((&file["name"], &file["room"], &file["state"]), (&json!("canary-file.txt"), &everything.group, &json!("sent")));
    assert_eq!(files[file["file"].as_str().unwrap()], b"canary in the file");
    let invitations = document(&files, "room_invitations.json");
    assert_eq!((invitations.as_array().unwrap().len(), &invitations[0]["by"]), (1, &json!(ben.id())));

    let mine = everything.items(&cloud).await;
    let kinds: BTreeSet<&str> = mine.iter().map(|i| i["kind"]["S"].as_str().unwrap()).collect();
    let contents = document(&files, "contents.json");
    for kind in &kinds {
        assert!(contents[*kind].is_string() && contents[*kind] != "unknown", "{kind}: {contents}");
    }
    let mut kept = BTreeSet::new();
    let names = ["phc", "hash", "refresh_hash", "sealed", "hashes", "state", "credential", "pepper"];
    for item in &mine {
        secrets(item, &names, &mut kept);
    }
    let kept: Vec<&String> = kept.iter().filter(|text| text.len() > 20).collect();
    assert!(kept.len() > 10, "{kept:?}");
    for secret in kept {
        assert!(!whole.contains(secret.as_str()), "a secret is in the archive: {secret}");
    }
    // It is deleted with everything else.
    until_due(&cloud, &everything.scheduled).await;
    assert_eq!(run(&cloud, SWEEP).await["claimed"], 1);
    cloud.settle().await;
    assert_gone(&cloud, ana, &everything.scheduled).await;
    items::are_as_described(&cloud).await;
    assert_eq!(self::files(&cloud), [""; 0]);
}

/// One archive a day. Asking for it takes a fresh proof, and so does its link, which is valid for five minutes. Nobody else gets
/// it. It is deleted after a day.
/// Promise: export-access
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_archive_is_private_and_expires() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    cloud.anonymous().post(EXPORTS, json!({})).await.is_problem(401, "token_invalid");
    cloud.advance(Duration::from_secs(301)).await;
    ana.post(EXPORTS, json!({})).await.is_problem(401, "step_up_required");
    let ana = cloud.sign_in("ana").await;
    let path = asked(&cloud, &ana).await;
    let again = ana.post(EXPORTS, json!({})).await;
    again.is_problem(429, "too_many_requests");
    assert!(again.header("retry-after").parse::<u32>().unwrap() > 86_000);
    let ben = cloud.sign_in(ben.name()).await;
    ben.get(&path).await.is_problem(404, "not_found");
    ana.get(&format!("{EXPORTS}/exp_nonsense")).await.is_problem(404, "not_found");
    let url = ana.get(&path).await.is(200)["url"].as_str().unwrap().to_owned();
    cloud.anonymous().get(&url).await.has(200);
    cloud.advance(Duration::from_secs(301)).await;
    // The link has expired.
    cloud.anonymous().get(&url).await.has(403);
    ana.get(&path).await.is_problem(401, "step_up_required");
    let ana = cloud.sign_in("ana").await;
    assert_eq!(download(&cloud, &ana, &path).await.len(), 7);
    assert_eq!(archives(&cloud), 1);
    cloud.advance(Duration::from_secs(24 * 3600)).await;
    let ana = cloud.sign_in("ana").await;
    let gone = ana.get(&path).await;
    // By the clock, whether its item has been deleted or not.
    if gone.status == 200 {
        assert_eq!((&gone.json()["status"], gone.json().get("url")), (&json!("expired"), None));
    } else {
        gone.is_problem(404, "not_found");
    }
    assert_eq!(files(&cloud), [""; 0], "the bucket has deleted the archive by its lifecycle");
    asked(&cloud, &ana).await;
}

/// A person without an address is told by text message that the archive is ready.
/// Promise: told-by-phone
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_archive_is_announced_by_phone() {
    let cloud = Cloud::start().await;
    let ana = crate::contacts::by_phone(&cloud, "+447911123456").await;
    asked(&cloud, &ana).await;
    let text = cloud.mail_to("+447911123456").await.text;
    assert!(text.contains("archive of your Stoa account is ready"), "{text}");
}

/// A request that failed or an archive that could not be made does not count as the one of the day. A lost reply refuses nobody.
/// Promise: export-access, lost-reply
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_archive_that_is_not_made_does_not_count() {
    let cloud = Cloud::start().await;
    let script = |function: &str, operation: &str, times, fault| {
        let (function, operation) = (Some(function.to_owned()), Some(operation.to_owned()));
        cloud.aws.faults.script(Target { function, operation, times, ..Target::default() }, fault)
    };
    let ana = cloud.member("ana").await;
    let fails = script("ProfileFunction", "TransactWriteItems", 0, Fault::Internal);
    ana.post(EXPORTS, json!({})).await.is_problem(503, "unavailable");
    fails.end();
    let never = script("DataExportFunction", "PutObject", 0, Fault::Internal);
    let lost = ["UpdateItem", "TransactWriteItems"].map(|operation| script("ProfileFunction", operation, 1, Fault::LostAfter));
    let path = asked(&cloud, &ana).await;
    lost.iter().for_each(local::aws::faults::Script::end);
    assert_eq!(ana.get(&path).await.is(200)["status"], "waiting");
    ana.post(EXPORTS, json!({})).await.is_problem(429, "too_many_requests");
    cloud.advance(Duration::from_secs(6 * 3600)).await;
    never.end();
    let ana = cloud.sign_in("ana").await;
    assert_eq!(ana.get(&path).await.is(200)["status"], "failed");
    let path = asked(&cloud, &ana).await;
    assert_eq!(ana.get(&path).await.is(200)["status"], "ready");
    ana.post(EXPORTS, json!({})).await.is_problem(429, "too_many_requests");
}

/// However much a person has uploaded, the archive has all of it: it is uploaded in parts while it is made. If that fails no part is left.
/// Promise: export-complete
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_archive_is_written_in_parts_and_has_every_file() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let texts = [b'a', b'b'].map(|letter| vec![letter; 9 << 20]);
    let mut ids = Vec::new();
    for (n, text) in texts.iter().enumerate() {
        ids.push(ready(&cloud, &ana, "public", &format!("{n}.txt"), text).await);
    }
    let sent = json!({ "type": "send", "room": "public", "text": "", "nonce": "files", "attachments": ids });
    assert_eq!(ana.socket().await.ask(sent).await["type"], "ack");
    let script = |operation: &str, fault| {
        let (function, operation) = (Some("DataExportFunction".to_owned()), Some(operation.to_owned()));
        cloud.aws.faults.script(Target { function, operation, ..Target::default() }, fault)
    };
    let broken = script("CompleteMultipartUpload", Fault::Internal);
    // They change nothing, and count.
    let [begun, parts, ended] =
        ["CreateMultipartUpload", "UploadPart", "AbortMultipartUpload"].map(|operation| script(operation, Fault::Slow(Duration::ZERO)));
    asked(&cloud, &ana).await;
    assert!(begun.hits() >= 1 && begun.hits() == ended.hits(), "{} begun, {} ended", begun.hits(), ended.hits());
    assert_eq!(parts.hits(), begun.hits() * 3);
    assert_eq!(archives(&cloud), 0);
    cloud.advance(Duration::from_secs(6 * 3600)).await;
    broken.end();
    let ana = cloud.sign_in("ana").await;
    let path = asked(&cloud, &ana).await;
    let files = download(&cloud, &ana, &path).await;
    let listed = document(&files, "attachments.json");
    let found: BTreeSet<&Vec<u8>> = listed.as_array().unwrap().iter().map(|file| &files[file["file"].as_str().unwrap()]).collect();
    assert!(found == texts.iter().collect(), "both files are in it as they were");
}

/// An archive is deleted with its account, also one that is being made.
/// Promise: deletion-complete
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_archive_is_deleted_with_its_account() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let scheduled = schedule(&ana).await;
    until_due(&cloud, &scheduled).await;
    let ana = cloud.sign_in("ana").await;
    let path = asked(&cloud, &ana).await;
    assert_eq!(archives(&cloud), 1);
    assert_eq!(run(&cloud, SWEEP).await["claimed"], 1);
    cloud.settle().await;
    assert_eq!(files(&cloud), [""; 0]);
    // The event of a deleted account makes no archive.
    let export = path.rsplit('/').next().unwrap();
    let event = json!({ "name": "export_requested", "user": ana.id(), "export": export });
    let detail = json!({ "id": "evt_01K9ZCHCW7R5JY9H0FAMZV8NTS", "at": 0, "event": event });
    let event = json!({ "version": "0", "source": "stoa", "detail-type": "export_requested", "detail": detail });
    cloud.hosts.invoke("DataExportFunction", to_raw_value(&event).unwrap(), &Trace::new(&cloud.sys)).await.unwrap();
    assert_eq!(files(&cloud), [""; 0]);
}
