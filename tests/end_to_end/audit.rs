//! The audit: which entries it has, who may read them, and that every later change of an entry is detected.

use std::{collections::BTreeSet, time::Duration};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use kernel::Timestamp;
use local::{
    aws::{
        Service,
        faults::{Fault, Target},
    },
    hosts::Trace,
};
use serde_json::value::to_raw_value;
use sha2::{Digest as _, Sha256};
use tests::{App, Caller, Cloud, DAY, HOUR, PASSWORD, PATIENCE, Reply, Value, json, race};

use crate::{
    deletion::{SWEEP, run, schedule, until_due},
    items,
};

const SEALER: &str = "AuditSealFunction";
const MINUTE: Duration = Duration::from_secs(60);

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text: {value}")).to_owned()
}

/// Today, as the API writes it.
fn today(cloud: &Cloud) -> String {
    Timestamp(cloud.now()).to_string().chars().take(10).collect()
}

/// Seals everything that was written so far.
async fn seal(cloud: &Cloud) {
    cloud.advance(MINUTE * 3).await;
    let report = run(cloud, SEALER).await;
    assert_eq!(report["more"], false, "{report}");
}

/// All that verification says, page by page: the first flaw, or the head.
async fn verified(staff: &Caller) -> Value {
    let mut path = "/v1/audit/verification".to_owned();
    loop {
        let page = staff.get(&path).await.is(200);
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/v1/audit/verification?cursor={cursor}"),
            None => return page,
        }
    }
}

/// Asserts that everything is as it was sealed, and returns the number of the last seal.
async fn holds(staff: &Caller) -> u64 {
    let page = verified(staff).await;
    assert!(page["broken"].is_null(), "{page}");
    page["head"]["n"].as_u64().unwrap_or_else(|| panic!("a head: {page}"))
}

/// Asserts that the first interval that does not hold is the one of this seal, for this reason.
async fn breaks(staff: &Caller, n: u64, flaw: &str) {
    let page = verified(staff).await;
    assert_eq!((page["broken"]["n"].as_u64(), page["broken"]["flaw"].as_str()), (Some(n), Some(flaw)), "{page}");
}

/// The table of the audit.
fn table(cloud: &Cloud) -> String {
    cloud.core().template.tables.iter().map(|t| t.name.clone()).find(|name| name.ends_with("-audit")).unwrap()
}

/// Writes an item directly to the table, without the API.
fn put(cloud: &Cloud, item: &Value) {
    let request = serde_json::from_value(json!({ "TableName": table(cloud), "Item": item })).unwrap();
    let _ = cloud.aws.dynamodb.database().put_item(request).unwrap();
}

/// Deletes an item of the audit, without the API.
fn delete(cloud: &Cloud, item: &Value) {
    let key = json!({ "pk": item["pk"], "sk": item["sk"] });
    let request = serde_json::from_value(json!({ "TableName": table(cloud), "Key": key })).unwrap();
    let _ = cloud.aws.dynamodb.database().delete_item(request).unwrap();
}

/// The name of the bucket of seals.
fn seals_bucket(cloud: &Cloud) -> String {
    cloud.core().template.buckets.iter().map(|b| b.name.clone()).find(|name| name.contains("-seals-")).unwrap()
}

fn role(name: &str, role: &str) -> String {
    format!("/v1/admin/users/{name}/roles/{role}")
}

/// The ids of the entries that a search finds, over all pages of one entry.
async fn found(staff: &Caller, search: &str) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), None);
    loop {
        let more = cursor.map_or_else(String::new, |cursor: String| format!("&cursor={cursor}"));
        let page = staff.get(&format!("/v1/audit?{search}&limit=1{more}")).await.is(200);
        ids.extend(page["items"].as_array().unwrap().iter().map(|item| text(&item["id"])));
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            return ids;
        }
    }
}

/// Administrators find entries by account, actor, action and day, page by page, and see the values of each. Nobody else does.
/// Promise: audit-search
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entries_are_found_by_subject_actor_action_and_day() {
    let cloud = Cloud::start().await;
    let (root, _) = cloud.staff("root_of_all", "superuser").await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    root.put(&role("ana", "moderator"), json!({})).await.is(204);
    root.put(&role("ana", "administrator"), json!({})).await.is(204);
    root.put(&role("ben", "moderator"), json!({})).await.is(204);
    let of_ana = found(&root, &format!("subject={}", ana.id())).await;
    let by_root = found(&root, &format!("actor={}", root.id())).await;
    assert_eq!((of_ana.len(), by_root.len()), (2, 3));
    assert_eq!(by_root, found(&root, "action=role_granted").await);
    assert_eq!(by_root, found(&root, &format!("day={}", today(&cloud))).await);
    assert!(by_root.is_sorted_by(|a, b| a > b), "the newest first: {by_root:?}");
    for nothing in ["actor=operator".to_owned(), "action=role_granted&month=2001-01".to_owned(), format!("subject={}", root.id())] {
        assert_eq!(found(&root, &nothing).await, [""; 0], "{nothing}");
    }
    for wrong in ["", "day=today", "actor=ana", "action=role_granted&month=May"] {
        root.get(&format!("/v1/audit?{wrong}")).await.is_problem(422, "invalid");
    }

    let entry = root.get(&format!("/v1/audit/{}", of_ana[0])).await.is(200);
    let before = json!([{ "kind": "word", "value": "moderator" }]);
    let after = json!([{ "kind": "word", "value": "moderator" }, { "kind": "word", "value": "administrator" }]);
    let changes = json!([{ "field": "roles", "before": before, "after": after }]);
    assert_eq!((&entry["values"]["changes"], &entry["intact"], &entry["fields"]), (&changes, &json!(true), &json!(["roles"])), "{entry}");
    assert_eq!((&entry["actor"], &entry["subject"]), (&json!(root.id()), &json!(ana.id())));
    root.get("/v1/audit/aud_01K9ZC4QW8V3T6R1NHXJ5B2MDP").await.is_problem(404, "not_found");
    let (kim, _) = cloud.staff("kim_moderates", "moderator").await;
    for path in ["/v1/audit?day=2030-01-01", "/v1/audit/verification", &format!("/v1/audit/{}", of_ana[0])] {
        ben.get(path).await.is_problem(403, "forbidden");
        kim.get(path).await.is_problem(403, "forbidden");
        cloud.anonymous().get(path).await.is_problem(401, "token_invalid");
    }
    items::are_as_described(&cloud).await;
}

/// Whatever is asked for together holds of all that is found, on whichever page, and a day or a month that is over has nothing.
/// Promise: audit-search
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn searches_are_combined() {
    let cloud = Cloud::start().await;
    let (root, _) = cloud.staff("root_of_all", "superuser").await;
    let (kim, _) = cloud.staff("kim_helps", "superuser").await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    for (by, name) in [(&root, "ana"), (&kim, "ben"), (&root, "ben")] {
        by.put(&role(name, "moderator"), json!({})).await.is(204);
        by.delete(&role(name, "moderator")).await.is(204);
    }
    let (ana_is, ben_is) = (format!("subject={}", ana.id()), format!("subject={}", ben.id()));
    let (by_root, by_kim) = (format!("actor={}", root.id()), format!("actor={}", kim.id()));
    let (granted, on) = ("action=role_granted", format!("day={}", today(&cloud)));
    let month = format!("month={}", &today(&cloud)[..7]);
    let both = |parts: &[&str]| parts.join("&");
    for (search, count) in [
        (both(&[&ben_is]), 4),
        (both(&[&ben_is, &by_root]), 2),
        (both(&[&ben_is, &by_root, granted]), 1),
        (both(&[&ben_is, &by_kim, granted, &on]), 1),
        (both(&[&ana_is, &by_kim]), 0),
        (both(&[&ana_is, "actor=operator"]), 0),
        (both(&[&by_root, granted]), 2),
        (both(&[&by_root, granted, &month]), 2),
        (both(&[&by_kim, &on]), 2),
        (both(&[granted, &on]), 3),
        (both(&[&ben_is, &month]), 4),
        (both(&[&ben_is, "day=2001-01-01"]), 0),
        (both(&[&ben_is, "month=2001-01"]), 0),
        (both(&[granted, "day=2001-01-01"]), 0),
    ] {
        assert_eq!(found(&root, &search).await.len(), count, "{search}");
    }
    for wrong in [both(&[&ana_is, &on, &month]), month] {
        root.get(&format!("/v1/audit?{wrong}")).await.is_problem(422, "invalid");
    }
}

/// Staff read who made a change and whom it is about by the usernames of now, also after somebody got another one. No entry has them.
/// Promise: audit-search
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entries_name_people_as_they_are_called_now() {
    let cloud = Cloud::start().await;
    let (root, _) = cloud.staff("root_of_all", "superuser").await;
    let ana = cloud.member("ana").await;
    root.put(&role("ana", "moderator"), json!({})).await.is(204);
    let names = |entry: &Value| (entry["actor_username"].clone(), entry["subject_username"].clone());
    let search = format!("/v1/audit?subject={}", ana.id());
    let listed = root.get(&search).await.is(200)["items"][0].clone();
    let id = text(&listed["id"]);
    let one = root.get(&format!("/v1/audit/{id}")).await.is(200);
    let expected = (json!("root_of_all"), json!("ana"));
    assert_eq!((names(&listed), names(&one)), (expected.clone(), expected));

    let version = ana.get("/v1/me").await.header("etag");
    ana.with("if-match", version).put("/v1/me/username", json!({ "username": "ana_nowak" })).await.is(200);
    let page = root.get(&search).await.is(200);
    let own = (json!("ana_nowak"), json!("ana_nowak"));
    let by_root = (json!("root_of_all"), json!("ana_nowak"));
    assert_eq!(page["items"].as_array().unwrap().iter().map(names).collect::<Vec<_>>(), [own, by_root]);
    let records = json!(cloud.of_kind("audit").await).to_string();
    assert!(records.contains(&ana.id()) && !records.contains("ana_nowak") && !records.contains("root_of_all"), "{records}");
}

/// The audit shows staff no more of somebody than their account does: only superusers see a day of birth.
/// Promise: audit-search
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_audit_shows_no_more_than_the_account() {
    let cloud = Cloud::start().await;
    let ((root, _), (ida, _)) = (cloud.staff("root_of_all", "superuser").await, cloud.staff("ida", "administrator").await);
    let ana = cloud.member("ana").await;
    let version = ana.get("/v1/me").await.header("etag");
    ana.with("if-match", version).patch("/v1/me", json!({ "birth_date": "1987-06-05", "bio": "Climbs." })).await.is(200);
    let entry = found(&root, &format!("subject={}", ana.id())).await.pop().unwrap();
    for path in [format!("/v1/audit/{entry}"), format!("/v1/audit/{entry}/undo")] {
        let (by_root, by_ida) = (root.get(&path).await.is(200).to_string(), ida.get(&path).await.is(200).to_string());
        assert!(by_root.contains("1987-06-05") && by_root.contains("Climbs."), "{by_root}");
        assert!(!by_ida.contains("1987-06-05") && by_ida.contains("Climbs."), "{by_ida}");
    }
}

/// The version of a preview does not depend on a day of birth, so that nobody finds the day by trying all of them.
/// Promise: audit-search
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_version_tells_what_is_hidden() {
    let cloud = Cloud::start().await;
    let ((root, _), (ida, _)) = (cloud.staff("root_of_all", "superuser").await, cloud.staff("ida", "administrator").await);
    let ana = cloud.member("ana").await;
    let born = async |day: &str| {
        let version = ana.get("/v1/me").await.header("etag");
        ana.with("if-match", version).patch("/v1/me", json!({ "birth_date": day })).await.is(200);
    };
    born("1987-06-05").await;
    let entry = found(&root, &format!("subject={}", ana.id())).await.pop().unwrap();
    let versions = async || {
        let path = format!("/v1/audit/{entry}/undo");
        (root.get(&path).await.header("etag"), ida.get(&path).await.header("etag"))
    };
    let before = versions().await;
    born("1988-07-06").await;
    let after = versions().await;
    assert_ne!(before.0, after.0);
    assert_eq!(before.1, after.1);
}

/// Members see what happened to their own account, and not who of the staff did it.
/// Promise: security-events
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_see_what_happened_to_their_account() {
    let cloud = Cloud::start().await;
    let (root, _) = cloud.staff("root_of_all", "superuser").await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    root.put(&role("ana", "moderator"), json!({})).await.is(204);
    let version = ana.get("/v1/me").await.header("etag");
    ana.with("if-match", version).patch("/v1/me", json!({ "bio": "Climbs." })).await.is(200);
    let told = ana.get("/v1/me/security-events").await.is(200);
    let events: Vec<_> = told["items"].as_array().unwrap().iter().map(|e| (text(&e["action"]), text(&e["by"]))).collect();
    let expected = [("profile_changed", "you"), ("role_granted", "staff")].map(|(what, by)| (what.to_owned(), by.to_owned()));
    assert_eq!(events, expected);
    assert_eq!(told["items"][0]["fields"], json!(["bio"]));
    assert!(!told.to_string().contains(&root.id()), "{told}");
    assert_eq!(ben.get("/v1/me/security-events").await.is(200)["items"], json!([]));
    // A client that is not known, and then the same one again.
    let agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:139.0) Gecko/20100101 Firefox/139.0";
    for _ in 0..2 {
        let other = cloud.anonymous().with("user-agent", agent);
        other.post("/v1/sessions", json!({ "login": "ben", "password": PASSWORD })).await.is(201);
    }
    let told = ben.get("/v1/me/security-events").await.is(200);
    let events: Vec<_> = told["items"].as_array().unwrap().iter().map(|e| (text(&e["action"]), text(&e["device"]))).collect();
    assert_eq!(events, [("new_client_signed_in".to_owned(), "Firefox 139, Windows".to_owned())]);
}

/// Sessions that somebody has ended elsewhere, uploads of pictures and requests for archives are among their security events. Signing out
/// is not.
/// Promise: security-events
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_see_what_they_have_ended_uploaded_and_asked_for() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let told = async |action: &str| {
        let told = ana.get("/v1/me/security-events").await.is(200);
        told["items"].as_array().unwrap().iter().filter(|event| event["action"] == action).count()
    };
    let elsewhere = async || {
        let other = cloud.anonymous();
        let signed_in = other.post("/v1/sessions", json!({ "login": "ana", "password": PASSWORD })).await.is(201);
        other.signed_in(signed_in)
    };
    elsewhere().await.delete("/v1/sessions/current").await.is(204);
    assert_eq!(told("sessions_ended").await, 0, "signing out");
    let path = format!("/v1/sessions/{}", text(&elsewhere().await.claims()["sid"]));
    ana.delete(&path).await.is(204);
    ana.delete(&path).await.is_problem(404, "not_found");
    assert_eq!(told("sessions_ended").await, 1, "one was ended once");
    let (one, other) = (elsewhere().await, elsewhere().await);
    for _ in 0..2 {
        ana.delete("/v1/sessions").await.is(204);
    }
    for ended in [one, other] {
        ended.get("/v1/me").await.is_problem(401, "token_invalid");
    }
    assert_eq!(told("sessions_ended").await, 2, "the others were ended together, and then there was none");
    let declared = json!({ "content_type": "image/jpeg", "bytes": 204_800, "sha256": "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=" });
    ana.post("/v1/me/picture/uploads", declared).await.is(201);
    ana.post("/v1/me/exports", json!({})).await.is(202);
    ana.post("/v1/me/exports", json!({})).await.is_problem(429, "too_many_requests");
    assert_eq!((told("picture_uploaded").await, told("export_asked").await), (1, 1));
}

/// A sealed entry is proven by at most twenty hashes, which anybody can check without the API.
/// Promise: audit-proof
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_entry_is_proven_by_its_seal() {
    let decode = |value: &Value| BASE64_URL_SAFE_NO_PAD.decode(text(value)).unwrap();
    let sha256 = |parts: &[&[u8]]| Sha256::digest(parts.concat()).to_vec();
    let cloud = Cloud::start().await;
    let (root, _) = cloud.staff("root_of_all", "superuser").await;
    let names = ["ana", "ben", "cyd", "dan", "eve"];
    for name in names {
        cloud.member(name).await;
        root.put(&role(name, "moderator"), json!({})).await.is(204);
    }
    let ids = found(&root, "action=role_granted").await;
    root.get(&format!("/v1/audit/{}/proof", ids[0])).await.is_problem(404, "not_found");
    seal(&cloud).await;
    for id in &ids {
        let proof = root.get(&format!("/v1/audit/{id}/proof")).await.is(200);
        let path = proof["path"].as_array().unwrap();
        assert!(path.len() <= 20 && proof["seal"]["count"] == json!(names.len()), "{proof}");
        let mut hash = sha256(&[text(&proof["form"]).as_bytes()]);
        assert_eq!(hash, decode(&proof["hash"]));
        hash = sha256(&[&[0], &hash]);
        for step in path {
            let beside = decode(&step["hash"]);
            hash = if step["side"] == "left" { sha256(&[&[1], &beside, &hash]) } else { sha256(&[&[1], &hash, &beside]) };
        }
        assert_eq!(hash, decode(&proof["seal"]["root"]), "{proof}");
        let seal = &proof["seal"];
        let form = json!(["stoa-seal-1", seal["n"], seal["from"], seal["to"], seal["count"], seal["root"], seal["prev"]]).to_string();
        assert_eq!(sha256(&[form.as_bytes()]), decode(&seal["hash"]));
    }
}

/// A superuser who has given two people a role, with a seal after each; the number of the last seal, and the entries by their time.
async fn sealed_twice(cloud: &Cloud) -> (Caller, u64, Vec<Value>) {
    let (root, _) = cloud.staff("root_of_all", "superuser").await;
    for name in ["ana", "ben"] {
        cloud.member(name).await;
        root.put(&role(name, "moderator"), json!({})).await.is(204);
        seal(cloud).await;
    }
    let last = holds(&root).await;
    let mut entries = cloud.of_kind("audit").await;
    entries.sort_by_key(|entry| text(&entry["sk"]["S"]));
    (root, last, entries)
}

/// Entries that are changed, removed or added without the API are found, and verification names the interval.
/// Promise: audit-tamper
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_touches_the_audit_is_found_out() {
    let cloud = Cloud::start().await;
    let (root, last, entries) = sealed_twice(&cloud).await;
    let seals = cloud.of_kind("audit_seal").await;
    let numbered = |n: u64| seals.iter().find(|seal| seal["n"]["N"].as_str() == Some(&n.to_string())).unwrap();
    let first = text(&entries[0]["id"]["S"]);
    let proof = root.get(&format!("/v1/audit/{first}/proof")).await.is(200);
    let n = proof["seal"]["n"].as_u64().unwrap();
    assert!(n < last, "each has a seal of its own");

    let mut changed = entries[0].clone();
    changed["action"] = json!({ "S": "role_taken" });
    put(&cloud, &changed);
    breaks(&root, n, "record_changed").await;
    assert_eq!(root.get(&format!("/v1/audit/{first}")).await.is(200)["intact"], false);
    delete(&cloud, &entries[0]);
    breaks(&root, n, "record_removed").await;
    put(&cloud, &entries[0]);
    assert_eq!(holds(&root).await, last);

    let mut added = entries[0].clone();
    // An id of the same interval.
    let id = format!("{}{}", &first[..29], if first.ends_with('0') { '1' } else { '0' });
    for name in ["id", "sk", "gsi1sk", "gsi2sk", "gsi4sk"] {
        added[name] = json!({ "S": id });
    }
    put(&cloud, &added);
    breaks(&root, n, "record_added").await;
    delete(&cloud, &added);
    assert_eq!(holds(&root).await, last);

    let mut other = numbered(n).clone();
    other["count"] = json!({ "N": "0" });
    put(&cloud, &other);
    breaks(&root, n, "seal_changed").await;
    delete(&cloud, numbered(n));
    breaks(&root, n, "seal_missing").await;
    put(&cloud, numbered(n));
    delete(&cloud, numbered(last));
    breaks(&root, last, "seal_missing").await;
    put(&cloud, numbered(last));
    assert_eq!(holds(&root).await, last);

    // The task also finds an entry that is in no index of a day.
    let bucket = seals_bucket(&cloud);
    let task = async || {
        let env = cloud.operator().into_iter().collect();
        tasks::audit_verify::verify(env, cloud.sys.clone(), "stoa", &bucket).await.unwrap()
    };
    let report = task().await;
    assert_eq!((report.seals, report.records, &report.broken, report.strays.len()), (last + 1, 2, &None, 0), "{report:?}");
    for name in ["gsi1pk", "gsi1sk"] {
        let _ = added.as_object_mut().unwrap().remove(name);
    }
    put(&cloud, &added);
    let report = task().await;
    assert_eq!((report.broken, report.strays.len()), (None, 1), "{:?}", report.strays);
    delete(&cloud, &added);
    put(&cloud, &changed);
    assert_eq!(task().await.broken, Some((n, accounts::audit_seal::Flaw::RecordChanged)));
    put(&cloud, &entries[0]);

    // A change of an object in the bucket is found, too.
    let file = cloud.aws.s3.root().join(&bucket).join(format!("seals/{n:012}.json"));
    let kept = std::fs::read(&file).unwrap();
    // The checksums of the local store.
    let within = std::fs::read_dir(cloud.aws.s3.root()).unwrap().map(|entry| entry.unwrap().path());
    let sums: Vec<_> = within.filter(|path| path.to_string_lossy().ends_with(".internal.json")).collect();
    let sums: Vec<_> = sums.into_iter().map(|path| (std::fs::read(&path).unwrap(), path)).collect();
    for (_, path) in &sums {
        std::fs::remove_file(path).unwrap();
    }
    std::fs::write(&file, b"[]").unwrap();
    breaks(&root, n, "seal_changed").await;
    std::fs::write(&file, kept).unwrap();
    for (sum, path) in &sums {
        std::fs::write(path, sum).unwrap();
    }
    assert_eq!(holds(&root).await, last);
}

/// An entry that was added without its place in the index of days, with that of another day, or before there were seals, is found too,
/// over the API and by the task, with the interval of its time.
/// Promise: audit-tamper
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_that_no_seal_sees_is_found_out() {
    let cloud = Cloud::start().await;
    let (root, last, entries) = sealed_twice(&cloud).await;
    let first = text(&entries[0]["id"]["S"]);
    let n = root.get(&format!("/v1/audit/{first}/proof")).await.is(200)["seal"]["n"].as_u64().unwrap();
    assert!(n < last, "each has a seal of its own");
    let bucket = seals_bucket(&cloud);
    let strays = async || {
        let env = cloud.operator().into_iter().collect();
        tasks::audit_verify::verify(env, cloud.sys.clone(), "stoa", &bucket).await.unwrap().strays
    };
    let with = |id: &str, day: Option<&str>| {
        let mut added = entries[0].clone();
        for name in ["id", "sk", "gsi1sk"] {
            added[name] = json!({ "S": id });
        }
        added["gsi1pk"] = json!({ "S": day });
        if day.is_none() {
            added.as_object_mut().unwrap().retain(|name, _| !name.starts_with("gsi"));
        }
        added
    };
    // An id of the same interval, and one of the year 2016.
    let same = format!("{}{}", &first[..29], if first.ends_with('0') { '1' } else { '0' });
    let old = "aud_01ARZ3NDEKTSV4RRFFQ69G5FAV";
    for (added, n) in [(with(&same, None), n), (with(&same, Some("DAY#2016-07-30")), n), (with(old, Some("DAY#2016-07-30")), 0)] {
        put(&cloud, &added);
        breaks(&root, n, "record_added").await;
        let found = strays().await;
        assert!(found.len() == 1 && found[0].contains(&text(&added["sk"]["S"])), "{found:?}");
        delete(&cloud, &added);
        assert_eq!((holds(&root).await, strays().await.len()), (last, 0));
    }
}

/// A seal that is written while verification looks at those before it is not missing.
/// Promise: audit-seals
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_seal_that_is_just_being_written_is_not_missing() {
    let cloud = Cloud::start().await;
    let (root, _) = cloud.staff("root_of_all", "superuser").await;
    cloud.member("ana").await;
    root.put(&role("ana", "moderator"), json!({})).await.is(204);
    seal(&cloud).await;
    root.delete(&role("ana", "moderator")).await.is(204);
    let down = cloud.aws.faults.script(Target::of(SEALER, Service::DynamoDb, "Query"), Fault::Internal);
    cloud.advance(MINUTE * 3).await;
    down.end();
    let last = holds(&root).await;
    // The last look into the bucket, behind all seals of the table.
    let look = Target { first: u32::try_from(last).unwrap() + 2, times: 1, ..Target::of("AuditFunction", Service::S3, "GetObject") };
    let held = cloud.aws.faults.script(look, Fault::Held);
    let meanwhile = async {
        held.applied().await;
        let report = run(&cloud, SEALER).await;
        held.end();
        report
    };
    let both = async { tokio::join!(verified(&root), meanwhile) };
    let (page, report) = tokio::time::timeout(PATIENCE, both).await.expect("verification looks behind the last seal");
    assert!(page["broken"].is_null(), "{page}");
    assert!(report["seals"].as_u64() >= Some(1) && holds(&root).await > last, "{report}");
}

/// Of many sealers at once one seals an interval. Seals follow each other without a gap, also after a standstill of days, and an empty
/// interval is sealed at most hourly.
/// Promise: audit-seals
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_sealers_one_seals() {
    let cloud = Cloud::start().await;
    let (mut root, app) = cloud.staff("root_of_all", "superuser").await;
    cloud.member("ana").await;
    for round in 0..3_u32 {
        let path = role("ana", "moderator");
        if round > 0 {
            root = cloud.sign_in_with(&cloud.anonymous(), "root_of_all", &app).await;
        }
        let reply = if round % 2 == 0 { root.put(&path, json!({})).await } else { root.delete(&path).await };
        reply.is(204);
        cloud.clock.advance(MINUTE * 3).unwrap();
        let event = to_raw_value(&json!({ "version": "0", "source": "aws.scheduler", "detail": "{}" })).unwrap();
        let runs = race(8, |_| {
            let (hosts, event, trace) = (cloud.hosts.clone(), event.clone(), Trace::new(&cloud.sys));
            async move { hosts.invoke(SEALER, event, &trace).await.is_ok() }
        });
        assert!(runs.await.into_iter().all(|ok| ok));
        cloud.settle().await;
        holds(&root).await;
    }
    let sealed = async || cloud.of_kind("audit_seal").await;
    let records: u64 = sealed().await.iter().map(|seal| seal["count"]["N"].as_str().unwrap().parse::<u64>().unwrap()).sum();
    assert_eq!(records, 3, "each record is under one seal");
    let before = sealed().await.len();
    for _ in 0..5 {
        cloud.advance(MINUTE * 5).await;
        run(&cloud, SEALER).await;
    }
    assert!(sealed().await.len() <= before + 1, "nothing happened");
    cloud.advance(DAY * 9).await;
    run(&cloud, SEALER).await;
    let numbers: BTreeSet<u64> = sealed().await.iter().map(|seal| seal["n"]["N"].as_str().unwrap().parse().unwrap()).collect();
    assert_eq!(numbers, (0..u64::try_from(numbers.len()).unwrap()).collect());
    let root = cloud.sign_in_with(&cloud.anonymous(), root.name(), &app).await;
    assert_eq!(holds(&root).await, numbers.last().copied().unwrap());
}

/// Once a day operators get the hash of the last seal by mail.
/// Promise: audit-seals
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_get_the_head_of_each_day() {
    let cloud = Cloud::start_with(&[("AlarmMail", "operators@example.test")]).await;
    seal(&cloud).await;
    for _ in 0..2 {
        cloud.advance(DAY).await;
        run(&cloud, SEALER).await;
    }
    let mails = cloud.mails_to("operators@example.test").await;
    let heads: Vec<_> = mails.iter().filter(|mail| mail.text.contains("SHA-256: ")).collect();
    let mut hashes: Vec<String> = Vec::new();
    for seal in cloud.of_kind("audit_seal").await {
        let number = |name: &str| seal[name]["N"].as_str().unwrap().parse::<u64>().unwrap();
        let word = |name: &str| text(&seal[name]["S"]);
        let form = json!(["stoa-seal-1", number("n"), word("from"), word("to"), number("count"), word("root"), word("prev")]).to_string();
        hashes.push(BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(form)));
    }
    assert!((3..=5).contains(&heads.len()), "one a day: {}", heads.len());
    assert!(heads.iter().all(|mail| hashes.iter().any(|hash| mail.text.contains(hash))));
}

/// A run that ends between a seal and its object in the bucket is made up for by the next one, also if the bucket is away for several runs.
/// Until then the seal counts as not written.
/// Promise: audit-seals
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_seal_whose_object_is_missing_gets_it_later() {
    let cloud = Cloud::start().await;
    let (root, app) = cloud.staff("root_of_all", "superuser").await;
    cloud.member("ana").await;
    seal(&cloud).await;
    root.put(&role("ana", "moderator"), json!({})).await.is(204);
    // The first call is for the seal before, which is in the bucket already.
    let puts = Target { first: 2, ..Target::of(SEALER, Service::S3, "PutObject") };
    let down = cloud.aws.faults.script(puts, Fault::Unavailable);
    // The second interval is empty, and would be sealed because it is an hour old.
    for (round, later) in [(1, MINUTE * 3), (2, HOUR)] {
        cloud.clock.advance(later).unwrap();
        let event = to_raw_value(&json!({ "version": "0", "source": "aws.scheduler", "detail": "{}" })).unwrap();
        assert!(cloud.hosts.invoke(SEALER, event, &Trace::new(&cloud.sys)).await.is_err() || down.hits() >= round);
        cloud.settle().await;
    }
    let root = cloud.sign_in_with(&cloud.anonymous(), root.name(), &app).await;
    let (pending, bucket) = (holds(&root).await + 1, seals_bucket(&cloud));
    let seals = cloud.of_kind("audit_seal").await;
    assert!(seals.iter().any(|seal| seal["n"]["N"].as_str() == Some(&pending.to_string())), "{pending}: {seals:?}");
    let env = cloud.operator().into_iter().collect();
    let report = tasks::audit_verify::verify(env, cloud.sys.clone(), "stoa", &bucket).await.unwrap();
    assert_eq!((report.seals, report.broken, report.strays.len()), (pending, None, 0), "{:?}", report.strays);
    down.end();
    cloud.advance(HOUR).await;
    run(&cloud, SEALER).await;
    let root = cloud.sign_in_with(&cloud.anonymous(), root.name(), &app).await;
    assert!(holds(&root).await > pending);
}

/// After an account is deleted every seal still holds, and nothing of the person is left: not a value, and no word of them in an entry.
/// Promise: audit-erasure
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purge_leaves_every_seal_and_no_value() {
    let cloud = Cloud::start().await;
    let (root, app) = cloud.staff("root_of_all", "superuser").await;
    let ana = cloud.member("canary_name").await;
    let version = ana.get("/v1/me").await.header("etag");
    let patch = json!({ "bio": "canary of the bio", "first_name": "Canaryfirst" });
    ana.with("if-match", version).patch("/v1/me", patch).await.is(200);
    root.put(&role("canary_name", "moderator"), json!({})).await.is(204);
    let records = json!(cloud.of_kind("audit").await).to_string().to_lowercase();
    assert!(records.contains(&ana.id().to_lowercase()) && !records.contains("canary"), "{records}");
    let values = async || json!(cloud.of_kind("audit_values").await).to_string();
    assert!(values().await.contains("canary of the bio"));
    seal(&cloud).await;
    holds(&root).await;
    let entry = found(&root, &format!("subject={}", ana.id())).await.pop().unwrap();
    let there = root.get(&format!("/v1/audit/{entry}")).await.is(200);
    assert!(there["values"].is_object() && there["subject_username"] == "canary_name", "{there}");

    let scheduled = schedule(&ana).await;
    until_due(&cloud, &scheduled).await;
    run(&cloud, SWEEP).await;
    cloud.settle().await;
    cloud.advance(HOUR).await;
    run(&cloud, SEALER).await;
    let left = values().await;
    assert!(!left.contains(&ana.id()) && !left.to_lowercase().contains("canary"), "{left}");
    let root = cloud.sign_in_with(&cloud.anonymous(), root.name(), &app).await;
    holds(&root).await;
    let gone = root.get(&format!("/v1/audit/{entry}")).await.is(200);
    assert!(gone["values"].is_null() && gone["intact"] == true, "{gone}");
    assert!(gone["subject"] == ana.id() && gone["subject_username"].is_null(), "{gone}");
    root.get(&format!("/v1/audit/{entry}/proof")).await.is(200);
}

/// Values are kept for 400 days, as the clock says.
/// Promise: audit-erasure
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_are_kept_for_four_hundred_days() {
    let cloud = Cloud::start().await;
    let (root, app) = cloud.staff("root_of_all", "superuser").await;
    cloud.member("ana").await;
    root.put(&role("ana", "moderator"), json!({})).await.is(204);
    let id = found(&root, "action=role_granted").await.pop().unwrap();
    for (after, there) in [(DAY * 399, true), (DAY * 2, false)] {
        cloud.advance(after).await;
        let root = cloud.sign_in_with(&cloud.anonymous(), root.name(), &app).await;
        let entry = root.get(&format!("/v1/audit/{id}")).await.is(200);
        assert_eq!((entry["values"].is_object(), &entry["intact"]), (there, &json!(true)), "{entry}");
    }
}

/// Who does what in the sweep.
struct Cast {
    root: Caller,
    ana: Caller,
    app: App,
}

/// A change: the function that makes it, its action, and how it is asked for. In the order in which they can be made.
const CHANGES: [(&str, &str); 14] = [
    ("AdminFunction", "role_granted"),
    ("AdminFunction", "role_taken"),
    ("ModerationFunction", "chat_banned"),
    ("ModerationFunction", "chat_unbanned"),
    ("ModerationFunction", "public_room_changed"),
    ("ProductsFunction", "category_created"),
    ("ProfileFunction", "addresses_changed"),
    ("ProfileFunction", "profile_changed"),
    ("ProfileFunction", "username_changed"),
    ("MfaFunction", "recovery_codes_made"),
    ("MfaFunction", "factors_changed"),
    ("PasswordFunction", "password_changed"),
    ("AccountDeletionFunction", "deletion_scheduled"),
    ("AccountDeletionFunction", "deletion_cancelled"),
];

/// The functions whose entries are tried beside what they do: that a thread or a ticket was read is its own entry, a key is made once a
/// day, and sign-ins, orders, dead letters, undoing and sealing have tests of their own.
const ELSEWHERE: [&str; 9] = ["api-keys", "audit", "audit-seal", "contact", "dead-letters", "login", "orders", "phone-login", "support"];

impl Cast {
    /// Asks for a change.
    async fn ask(&self, action: &str) -> Reply {
        let (root, ana) = (&self.root, &self.ana);
        let version = async || ana.get("/v1/me").await.header("etag");
        match action {
            "role_granted" => root.put(&role("ben", "moderator"), json!({})).await,
            "role_taken" => root.delete(&role("ben", "moderator")).await,
            "chat_banned" => root.put(&format!("/v1/moderation/bans/{}", ana.id()), json!({ "reason": "spam" })).await,
            "chat_unbanned" => root.delete(&format!("/v1/moderation/bans/{}", ana.id())).await,
            "public_room_changed" => {
                root.put("/v1/moderation/public-room", json!({ "slow_mode_seconds": 30, "masks_profanity": true })).await
            }
            "category_created" => root.post("/v1/categories", json!({ "name": "Garden" })).await,
            "addresses_changed" => {
                let address = json!({ "street": "ul. Długa 1/2", "city": "Kraków", "postal_code": "30-001", "country": "PL" });
                ana.post("/v1/me/addresses", address).await
            }
            "profile_changed" => ana.with("if-match", version().await).patch("/v1/me", json!({ "bio": "Climbs." })).await,
            "username_changed" => ana.with("if-match", version().await).put("/v1/me/username", json!({ "username": "anna_new" })).await,
            "recovery_codes_made" => ana.post("/v1/me/mfa/recovery-codes", json!({})).await,
            "factors_changed" => ana.delete("/v1/me/mfa/factors/email").await,
            "password_changed" => {
                ana.put("/v1/me/password", json!({ "current_password": PASSWORD, "new_password": "short zebras sing" })).await
            }
            "deletion_scheduled" => ana.post("/v1/me/deletion", json!({ "password": "short zebras sing" })).await,
            "deletion_cancelled" => ana.delete("/v1/me/deletion").await,
            other => panic!("nobody asks for {other}"),
        }
    }
}

/// The entries of an action, and whether each has its values.
async fn entries(cloud: &Cloud, action: &str) -> usize {
    let values: BTreeSet<String> = cloud.of_kind("audit_values").await.iter().map(|v| text(&v["id"]["S"])).collect();
    let records = cloud.of_kind("audit").await;
    let those: Vec<_> = records.iter().filter(|r| r["action"]["S"] == action).collect();
    assert!(those.iter().all(|r| r["commitment"].is_null() || values.contains(&text(&r["id"]["S"]))), "a record without its values");
    those.len()
}

/// A fault between a change and its entry leaves neither or both, for every function that writes to the audit in a request of its own:
/// if no transaction works there is neither, and if its reply is lost there are both, once.
/// Promise: audit, lost-reply
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_leaves_the_change_and_its_entry_or_neither() {
    let cloud = Cloud::start().await;
    let (root, _) = cloud.staff("root_of_all", "superuser").await;
    let (ana, app, _) = cloud.careful("ana", "+447700900404").await;
    cloud.member("ben").await;
    for function in cloud.core().template.functions.values().filter(|f| f.environment.contains_key("AUDIT_TABLE_NAME")) {
        let tried = CHANGES.iter().any(|(name, _)| *name == function.logical_id) || ELSEWHERE.contains(&&*function.name);
        assert!(tried, "{} writes to the audit, and nobody lets it fail", function.name);
    }
    let mut cast = Cast { ana: cloud.step_up(&ana, &app).await, root, app };
    let changed = async || {
        let kinds = ["user", "roles", "addresses", "category", "chat", "deletion", "recovery_codes", "password", "room"];
        let mut all = Vec::new();
        for kind in kinds {
            all.extend(cloud.of_kind(kind).await);
        }
        all.iter().map(ToString::to_string).collect::<BTreeSet<String>>()
    };
    for (function, action) in CHANGES {
        let before = changed().await;
        let down = cloud.aws.faults.script(Target::of(function, Service::DynamoDb, "TransactWriteItems"), Fault::Unavailable);
        let refused = cast.ask(action).await;
        assert!(refused.status.as_u16() >= 500 && down.hits() > 0, "{action}: {refused:?}");
        down.end();
        assert_eq!((entries(&cloud, action).await, changed().await == before), (0, true), "{action} although nothing was written");
        let lost = cloud
            .aws
            .faults
            .script(Target { first: 1, times: 1, ..Target::of(function, Service::DynamoDb, "TransactWriteItems") }, Fault::LostAfter);
        let done = cast.ask(action).await;
        assert!(done.status.is_success(), "{action}: {done:?}");
        lost.end();
        assert_eq!((entries(&cloud, action).await, changed().await == before), (1, false), "{action} was made");
        // A proof is good for five minutes, and a code of the app once.
        cloud.advance(Duration::from_secs(31)).await;
        cast.ana = cloud.step_up(&cast.ana, &cast.app).await;
    }
}

/// No entry and no line of the log contains private data, whatever is written to the audit, sealed, read and verified.
/// Promise: audit-erasure
#[test]
fn nothing_private_is_in_entries_and_in_the_log() {
    let journey = async {
        let cloud = Cloud::start().await;
        let (root, _) = cloud.staff("root_of_all", "superuser").await;
        let ana = cloud.member("canary_name").await;
        let version = ana.get("/v1/me").await.header("etag");
        let patch = json!({ "bio": "canary of the bio", "first_name": "Canaryfirst", "birth_date": "1987-06-05" });
        ana.with("if-match", version).patch("/v1/me", patch).await.is(200);
        let passwords = json!({ "current_password": PASSWORD, "new_password": "canary zebras sing" });
        ana.put("/v1/me/password", passwords).await.is(204);
        seal(&cloud).await;
        holds(&root).await;
        for id in found(&root, &format!("subject={}", ana.id())).await {
            root.get(&format!("/v1/audit/{id}")).await.is(200);
            root.get(&format!("/v1/audit/{id}/proof")).await.is(200);
        }
        ana.get("/v1/me/security-events").await.is(200);
        let values = json!(cloud.of_kind("audit_values").await).to_string();
        assert!(!values.contains("zebras") && !values.contains(PASSWORD), "secrets are not even values");
        json!([cloud.of_kind("audit").await, cloud.of_kind("audit_seal").await]).to_string()
    };
    let Some((stored, log)) = tests::logged(journey) else { return };
    for canary in ["canary", "1987-06-05", PASSWORD] {
        assert!(!stored.to_lowercase().contains(canary), "{canary} is stored");
        assert!(!log.to_lowercase().contains(canary), "{canary} is in the log");
    }
}
