//! Keys for programs of administrators: one a day, shown once, valid for thirty days, and only while their owner is an administrator.

use std::time::Duration;

use local::aws::{
    Service,
    faults::{Fault, Target},
};
use tests::{Caller, Cloud, DAY, PASSWORD, Reply, Value, json, race};

use crate::{
    admin::audit,
    deletion::{SWEEP, run, schedule, until_due},
    export::download,
};

const KEYS: &str = "/v1/me/api-keys";
const ALL: &str = "/v1/admin/api-keys";
const STATISTICS: &str = "/v1/statistics/invites";

fn wanted(scope: &str) -> Value {
    json!({ "name": "Till", "scopes": [scope] })
}

/// Makes a key, and returns its id and its text.
async fn make(who: &Caller, scope: &str) -> (String, String) {
    let made = who.post(KEYS, wanted(scope)).await.is(201);
    (made["id"].as_str().unwrap().to_owned(), made["key"].as_str().unwrap().to_owned())
}

/// A program that sends this key.
fn program(cloud: &Cloud, key: &str) -> Caller {
    cloud.anonymous().with("authorization", format!("Api-Key {key}"))
}

fn is_refused(reply: &Reply) {
    reply.is_problem(401, "api_key_invalid");
    assert_eq!(reply.header("www-authenticate"), "Api-Key");
}

async fn listed(who: &Caller, path: &str) -> Vec<Value> {
    who.get(path).await.is(200)["items"].as_array().unwrap().clone()
}

/// A key is shown when it is made and never again, nor is it stored. It opens the operations of its scopes and no others. A revoked
/// one opens nothing.
/// Promise: api-keys
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_shown_once_and_opens_its_scopes() {
    let cloud = Cloud::start().await;
    let (ida, _) = cloud.staff("ida", "administrator").await;
    let made = ida.post(KEYS, json!({ "name": " Till ", "scopes": ["statistics:read", "statistics:read"] })).await;
    let location = made.header("location");
    let made = made.is(201);
    let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    assert_eq!((&made["name"], &made["scopes"], location), (&json!("Till"), &json!(["statistics:read"]), format!("{KEYS}/{id}")));
    let secret = key.strip_prefix(made["prefix"].as_str().unwrap()).unwrap();
    assert!(secret.len() > 43, "{secret}");

    let all = listed(&ida, KEYS).await;
    assert_eq!((all.len(), &all[0]["id"], &all[0]["key"], &all[0]["last_used_at"]), (1, &made["id"], &Value::Null, &Value::Null));
    assert!(!cloud.dump().await.to_string().contains(secret), "the key is stored");

    let till = program(&cloud, key);
    till.get(STATISTICS).await.is(200);
    assert!(listed(&ida, KEYS).await[0]["last_used_at"].is_string());
    // What a key does not open: the operations of a session, also those that make keys.
    for path in [KEYS, "/v1/me", "/v1/admin/users/ida"] {
        till.get(path).await.is_problem(401, "token_invalid");
    }
    till.post(KEYS, wanted("statistics:read")).await.is_problem(401, "token_invalid");

    ida.delete(&format!("{KEYS}/{id}")).await.is(204);
    ida.delete(&format!("{KEYS}/{id}")).await.is_problem(404, "not_found");
    is_refused(&till.get(STATISTICS).await);
    assert!(listed(&ida, KEYS).await.is_empty());
    let (made, revoked) = ("api_key_created".to_owned(), "api_key_revoked".to_owned());
    assert_eq!(audit(&cloud, &ida).await, [(ida.id(), made), (ida.id(), revoked)]);
}

/// A key without the scope of an operation does not open it, and a key that is none gets a challenge.
/// Promise: api-keys
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_without_the_scope_and_texts_that_are_no_keys_are_refused() {
    let cloud = Cloud::start().await;
    let (ida, _) = cloud.staff("ida", "administrator").await;
    let (_, key) = make(&ida, "products:write").await;
    program(&cloud, &key).get(STATISTICS).await.is_problem(403, "forbidden");
    // Another secret.
    let (before, other) = (&key[..key.len() - 10], &key[key.len() - 9..]);
    let forged = format!("{before}{}{other}", if key[before.len()..].starts_with('A') { 'B' } else { 'A' });
    for wrong in ["key_", "x", &forged, &key.to_lowercase(), &format!("{key}A"), &ida.token(), &ida.refresh_token()] {
        is_refused(&program(&cloud, wrong).get(STATISTICS).await);
    }
    // Another scheme is no key.
    cloud.anonymous().with("authorization", format!("Bearer {key}")).get(STATISTICS).await.is_problem(401, "token_invalid");
}

/// What a new key must have: a name and a scope that exists.
/// Promise: api-keys
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_needs_a_name_and_a_scope() {
    let cloud = Cloud::start().await;
    let (ida, _) = cloud.staff("ida", "administrator").await;
    for (body, errors) in [
        (json!({ "name": " ", "scopes": [] }), vec!["/name required", "/scopes required"]),
        (json!({ "name": "x".repeat(51), "scopes": ["products:write"] }), vec!["/name too_long"]),
    ] {
        assert_eq!(ida.post(KEYS, body).await.field_errors(), errors);
    }
    ida.post(KEYS, json!({ "name": "Till", "scopes": ["everything"] })).await.is_problem(400, "malformed");
    // Nothing of this has used up the day.
    make(&ida, "products:write").await;
}

/// One key a day: of many concurrent requests one makes a key, and revoking it does not make room for another one before the day is
/// over. No refusal shows a key.
/// Promise: api-keys-daily
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_makes_one_key_a_day() {
    let cloud = Cloud::start().await;
    let (ida, app) = cloud.staff("ida", "administrator").await;
    let replies = race(50, |_| {
        let ida = ida.clone();
        async move { ida.post(KEYS, wanted("products:write")).await }
    })
    .await;
    let made: Vec<&Reply> = replies.iter().filter(|reply| reply.status == 201).collect();
    assert_eq!(made.len(), 1);
    for refused in replies.iter().filter(|reply| reply.status != 201) {
        refused.is_problem(429, "too_many_requests");
        assert!(!String::from_utf8_lossy(&refused.bytes).contains("key_"), "{refused:?}");
    }
    let id = made[0].json()["id"].as_str().unwrap().to_owned();
    ida.delete(&format!("{KEYS}/{id}")).await.is(204);
    let refused = ida.post(KEYS, wanted("products:write")).await;
    refused.is_problem(429, "too_many_requests");
    assert!(refused.header("ratelimit-policy").contains("\"api_keys\";q=1;w=86400"), "{}", refused.header("ratelimit-policy"));
    cloud.advance(DAY).await;
    let ida = cloud.sign_in_with(&cloud.anonymous(), "ida", &app).await;
    make(&ida, "products:write").await;
}

/// A key that could not be made does not use up the day, and has no entry in the audit. If the reply of the table is lost it is made once.
/// Promise: api-keys-daily, audit, lost-reply
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_does_not_use_up_the_day() {
    let cloud = Cloud::start().await;
    let (ida, _) = cloud.staff("ida", "administrator").await;
    let making = Target::of("ApiKeysFunction", Service::DynamoDb, "TransactWriteItems");
    let down = cloud.aws.faults.script(making.clone(), Fault::Unavailable);
    let refused = ida.post(KEYS, wanted("products:write")).await;
    assert!(refused.status.as_u16() >= 500 && down.hits() > 0, "{refused:?}");
    down.end();
    assert!(listed(&ida, KEYS).await.is_empty() && audit(&cloud, &ida).await.is_empty());
    let lost = cloud.aws.faults.script(Target { first: 1, times: 1, ..making }, Fault::LostAfter);
    make(&ida, "products:write").await;
    assert_eq!((lost.hits(), listed(&ida, KEYS).await.len(), audit(&cloud, &ida).await.len()), (1, 1, 1));
    lost.end();
    ida.post(KEYS, wanted("products:write")).await.is_problem(429, "too_many_requests");
}

/// The owner's role and account are read at each use. A key whose owner has lost the role stays revoked when the role comes back.
/// Promise: api-keys, roles
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_ends_with_its_owners_role() {
    let cloud = Cloud::start().await;
    let (root, _) = cloud.staff("root_of_all", "superuser").await;
    let (ida, _) = cloud.staff("ida", "administrator").await;
    let (_, key) = make(&ida, "statistics:read").await;
    let till = program(&cloud, &key);
    till.get(STATISTICS).await.is(200);
    let role = "/v1/admin/users/ida/roles/administrator";
    root.delete(role).await.is(204);
    is_refused(&till.get(STATISTICS).await);
    root.put(role, json!({})).await.is(204);
    is_refused(&till.get(STATISTICS).await);
    assert!(cloud.of_kind("api_key").await.is_empty());
    // Moderators make none.
    cloud.appoint(&ida, &["moderator"]);
    ida.post(KEYS, wanted("statistics:read")).await.is_problem(403, "forbidden");
}

/// A key ends thirty days after it was made, and when its owner's password changes or their account is deactivated.
/// Promise: api-keys
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_ends_with_its_time_its_owners_account_and_credentials() {
    let cloud = Cloud::start().await;
    let mut owners = Vec::new();
    for name in ["ida", "ada", "eva"] {
        let (who, _) = cloud.staff(name, "administrator").await;
        let (_, key) = make(&who, "statistics:read").await;
        owners.push((who, program(&cloud, &key)));
    }
    let [(_, ages), (editor, changed), (leaver, left)] = owners.try_into().unwrap_or_else(|_| panic!("three"));
    for till in [&ages, &changed, &left] {
        till.get(STATISTICS).await.is(200);
    }
    let password = json!({ "current_password": PASSWORD, "new_password": "nine quiet rivers sing" });
    let _ = editor.put("/v1/me/password", password).await.is(204);
    is_refused(&changed.get(STATISTICS).await);
    leaver.post("/v1/me/deactivation", json!({ "password": PASSWORD })).await.is(204);
    is_refused(&left.get(STATISTICS).await);
    cloud.advance((DAY * 30).saturating_sub(Duration::from_secs(60))).await;
    ages.get(STATISTICS).await.is(200);
    cloud.advance(Duration::from_secs(61)).await;
    is_refused(&ages.get(STATISTICS).await);
}

/// Superusers see and revoke everybody's keys, others only their own. Whose key it is makes no difference to what others are told.
/// Promise: api-keys, object-ownership, audit
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn superusers_revoke_everybodys_keys() {
    let cloud = Cloud::start().await;
    let (root, _) = cloud.staff("root_of_all", "superuser").await;
    let (ida, _) = cloud.staff("ida", "administrator").await;
    let (eva, _) = cloud.staff("eva", "administrator").await;
    let (id, key) = make(&ida, "statistics:read").await;
    let theirs = format!("{ALL}/{}/{id}", ida.id());
    eva.delete(&format!("{KEYS}/{id}")).await.is_problem(404, "not_found");
    eva.get(ALL).await.is_problem(403, "forbidden");
    eva.delete(&theirs).await.is_problem(403, "forbidden");
    root.delete(&format!("{ALL}/{}/{id}", eva.id())).await.is_problem(404, "not_found");
    let all = listed(&root, ALL).await;
    assert_eq!((all.len(), all[0]["id"].as_str(), &all[0]["key"]), (1, Some(&*id), &Value::Null));
    root.delete(&theirs).await.is(204);
    is_refused(&program(&cloud, &key).get(STATISTICS).await);
    assert_eq!(audit(&cloud, &ida).await.last(), Some(&(root.id(), "api_key_revoked".to_owned())));
    assert!(listed(&root, ALL).await.is_empty());
}

/// Superusers see the keys of everybody in one list, the newest first, page by page, or those of one person, without those that have
/// expired.
/// Promise: api-keys, roles
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn superusers_see_everybodys_keys_in_one_list() {
    let cloud = Cloud::start().await;
    let (root, app) = cloud.staff("root_of_all", "superuser").await;
    let mut made = Vec::new();
    for name in ["ida", "eva", "ada"] {
        let (owner, _) = cloud.staff(name, "administrator").await;
        made.insert(0, (make(&owner, "statistics:read").await.0, name));
        cloud.advance(Duration::from_secs(1)).await;
    }
    let is = |key: &Value, (id, name): &(String, &str)| key["id"] == **id && key["username"] == *name && key["key"].is_null();
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = root.get(&format!("{ALL}?limit=1{cursor}")).await.is(200);
        found.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert!(found.len() == 3 && found.iter().zip(&made).all(|(key, made)| is(key, made)), "{found:?}");
    let of_eva = listed(&root, &format!("{ALL}?username=Eva")).await;
    assert!(of_eva.len() == 1 && is(&of_eva[0], &made[1]), "{of_eva:?}");
    assert!(listed(&root, &format!("{ALL}?username=root_of_all")).await.is_empty());
    root.get(&format!("{ALL}?username=nobody_at_all")).await.is_problem(404, "not_found");
    root.get(&format!("{ALL}?cursor=x")).await.is_problem(400, "cursor_invalid");
    cloud.advance(DAY * 30).await;
    let root = cloud.sign_in_with(&cloud.anonymous(), "root_of_all", &app).await;
    assert!(listed(&root, ALL).await.is_empty());
}

/// The archive of everything about a person lists their keys without what opens something. The deletion of the account takes them along.
/// Promise: api-keys, export-complete, deletion-complete
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_in_the_archive_without_their_secrets_and_go_with_the_account() {
    let cloud = Cloud::start().await;
    let (ida, app) = cloud.staff("ida", "administrator").await;
    let scheduled = schedule(&ida).await;
    cloud.advance(DAY * 20).await;
    let ida = cloud.sign_in_with(&cloud.anonymous(), "ida", &app).await;
    let made = ida.post(KEYS, json!({ "name": "Till at the porch", "scopes": ["statistics:read"] })).await.is(201);
    let key = made["key"].as_str().unwrap();
    let export = ida.post("/v1/me/exports", json!({})).await.is(202);
    cloud.settle().await;
    let archive = download(&cloud, &ida, &format!("/v1/me/exports/{}", export["id"].as_str().unwrap())).await;
    let archive: String = archive.values().map(|file| String::from_utf8_lossy(file).into_owned()).collect();
    assert!(archive.contains("Till at the porch") && archive.contains(made["prefix"].as_str().unwrap()));
    assert!(!archive.contains(&key[13..]));
    let hashes: Vec<String> = cloud.of_kind("api_key").await.iter().map(|item| item["hash"]["S"].as_str().unwrap().to_owned()).collect();
    assert!(hashes.len() == 1 && !archive.contains(&hashes[0]));

    until_due(&cloud, &scheduled).await;
    run(&cloud, SWEEP).await;
    cloud.settle().await;
    assert!(cloud.of_kind("api_key").await.is_empty());
    is_refused(&program(&cloud, key).get(STATISTICS).await);
}
