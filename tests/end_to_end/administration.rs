//! Administrators and the accounts of others: finding and reading them, changing profiles, deactivating, scheduling and cancelling
//! deletions, ending sessions. Also what administrators may not do, and concurrent changes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use kernel::{Id as _, id::UserId};
use local::{
    aws::{
        Service,
        dynamodb::{self, AttributeValue, Item},
        faults::{Fault, Target},
    },
    hosts::Trace,
    outside::stripe::Act,
};
use reqwest::Method;
use serde_json::value::to_raw_value;
use tests::{App, Caller, Cloud, DAY, PASSWORD, Reply, Value, json, race};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::{
    admin::{audit, trusted_device},
    card_orders, card_refunds,
    cart::{put, shop},
    dead_letters,
    deletion::{SWEEP, assert_gone, run, schedule, until_due, upload},
    donations,
    everything::{Everything, PHONES},
    items, matrix,
    orders::{ORDERS, PHONE, ask_to_pay, become_state},
};

const USERS: &str = "/v1/admin/users";

fn account(name: &str) -> String {
    format!("{USERS}/{name}")
}

fn at(name: &str, what: &str) -> String {
    format!("{USERS}/{name}/{what}")
}

fn names(list: &Value) -> Vec<String> {
    list["items"].as_array().unwrap().iter().map(|item| item["username"].as_str().unwrap().to_owned()).collect()
}

/// Everybody in a list, page by page. Each page has at most three.
async fn all(who: &Caller, query: &str) -> Vec<String> {
    let (mut found, mut path) = (Vec::new(), format!("{USERS}?limit=3&{query}"));
    for _ in 0..100 {
        let list = who.get(&path).await.is(200);
        assert!(names(&list).len() <= 3, "{list}");
        found.extend(names(&list));
        let Some(cursor) = list["next_cursor"].as_str() else { return found };
        path = format!("{USERS}?limit=3&{query}&cursor={cursor}");
    }
    panic!("{query} does not end")
}

async fn edit(who: &Caller, name: &str, patch: Value) -> Reply {
    let version = who.get(&account(name)).await.header("etag");
    who.with("if-match", version).patch(&account(name), patch).await
}

/// The account as the table has it.
async fn stored(cloud: &Cloud, who: &Caller) -> Value {
    cloud.of_kind("user").await.into_iter().find(|user| user["id"]["S"] == who.id()).unwrap()
}

async fn deletions(cloud: &Cloud, who: &Caller) -> usize {
    cloud.of_kind("deletion").await.iter().filter(|deletion| deletion["user"]["S"] == who.id()).count()
}

/// A person of the list: name, role, state, on which of the three days they joined.
type Person = (String, Option<&'static str>, &'static str, usize);

/// Thirty people of all states and two roles, who joined on three days.
async fn crowd(cloud: &Cloud) -> Vec<Person> {
    let (root, app) = cloud.staff("root_of_all", "superuser").await;
    let mut people = vec![("root_of_all".to_owned(), Some("superuser"), "active", 0)];
    let mut root = root;
    for day in 0..3 {
        if day > 0 {
            cloud.advance(DAY).await;
            root = cloud.sign_in_with(&cloud.anonymous(), "root_of_all", &app).await;
        }
        for n in 0..10 {
            let name = format!("max_{day}_{n}");
            let who = cloud.member(&name).await;
            let role = [None, Some("moderator"), None, Some("administrator"), None][n % 5];
            if let Some(role) = role {
                root.put(&at(&name, &format!("roles/{role}")), json!({})).await.is(204);
            }
            let state = ["active", "active", "leaving", "active", "deactivated"][n % 5];
            match state {
                "leaving" => drop(root.put(&at(&name, "deletion"), json!({})).await.is(200)),
                "deactivated" => drop(who.post("/v1/me/deactivation", json!({ "password": PASSWORD })).await.is(204)),
                _ => {}
            }
            people.push((name, role, state, day));
        }
    }
    people
}

/// A list has exactly those for whom all filters hold, each once, the newest first, whatever the page size; with words in the order of
/// usernames.
/// Promise: account-lists
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_combination_of_filters_is_right() {
    let cloud = Cloud::start().await;
    let today = |cloud: &Cloud| cloud.now().date().to_string();
    let first = today(&cloud);
    let people = crowd(&cloud).await;
    let last = today(&cloud);
    let root = cloud.staff("root_two", "administrator").await.0;
    let everybody: Vec<Person> = people.into_iter().chain([("root_two".to_owned(), Some("administrator"), "active", 2)]).collect();
    for q in [None, Some("max"), Some("max_1")] {
        for role in [None, Some("moderator"), Some("administrator")] {
            for state in [None, Some("active"), Some("leaving"), Some("deactivated"), Some("purging")] {
                for (days, shown) in
                    [(0..=2_usize, String::new()), (0..=0, format!("&joined_until={first}")), (2..=2, format!("&joined_from={last}"))]
                {
                    let mut query = shown;
                    for (name, value) in [("q", q), ("role", role), ("state", state)] {
                        query.extend(value.map(|value| format!("&{name}={value}")));
                    }
                    let is_found = |(name, has, is, day): &&Person| {
                        q.is_none_or(|q| name.starts_with(q))
                            && role.is_none_or(|role| *has == Some(role))
                            && state.is_none_or(|state| *is == state)
                            && days.contains(day)
                    };
                    let expected: BTreeSet<&str> = everybody.iter().filter(is_found).map(|person| person.0.as_str()).collect();
                    let found = all(&root, &query).await;
                    assert_eq!(found.len(), expected.len(), "{query}: {found:?}");
                    assert_eq!(found.iter().map(String::as_str).collect::<BTreeSet<_>>(), expected, "{query}");
                    assert!(q.is_none() || found.is_sorted(), "{query}: {found:?}");
                }
            }
        }
    }
    let newest = all(&root, "").await;
    let day = |name: &str| everybody.iter().find(|person| person.0 == name).unwrap().3;
    assert!(newest.iter().map(|name| day(name)).is_sorted_by(|one, other| one >= other), "{newest:?}");
    for (q, found) in [("max_0_1@example.test", vec!["max_0_1"]), ("%2B447700900999", vec![]), ("nobody@example.test", vec![])] {
        assert_eq!(all(&root, &format!("q={q}")).await, found, "{q}");
    }
    items::are_as_described(&cloud).await;
}

/// Invalid filters are refused, and a cursor is valid only for its caller and its filters.
/// Promise: account-lists
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_of_accounts_refuse_what_is_wrong() {
    let cloud = Cloud::start().await;
    let ((root, _), (ida, _)) = (cloud.staff("root_of_all", "superuser").await, cloud.staff("ida", "administrator").await);
    for (query, errors) in [
        ("joined_from=2026-13-01", vec!["/joined_from date"]),
        ("joined_until=today&q=a", vec!["/q too_short", "/joined_until date"]),
        ("q=", vec!["/q required"]),
    ] {
        assert_eq!(root.get(&format!("{USERS}?{query}")).await.field_errors(), errors, "{query}");
    }
    for query in ["role=owner", "state=gone"] {
        root.get(&format!("{USERS}?{query}")).await.is_problem(400, "malformed");
    }
    let cursor = root.get(&format!("{USERS}?limit=1")).await.is(200)["next_cursor"].as_str().unwrap().to_owned();
    root.get(&format!("{USERS}?limit=1&cursor={cursor}")).await.is(200);
    for (who, query) in [(&ida, ""), (&root, "&state=active"), (&root, "&q=ida")] {
        who.get(&format!("{USERS}?limit=1&cursor={cursor}{query}")).await.is_problem(400, "cursor_invalid");
    }
    assert_eq!(all(&root, "joined_from=2999-01-01").await, [""; 0]);
}

/// One request shows what staff need of an account: masked contacts, sessions, devices, ban, orders. Addresses of clients and the day of
/// birth are for superusers, and no secret is for anybody.
/// Promise: account-administration
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_shown_by_role() {
    let cloud = Cloud::start().await;
    let ((root, _), (ida, _)) = (cloud.staff("root_of_all", "superuser").await, cloud.staff("ida", "administrator").await);
    let (ana, app, codes) = cloud.careful("ana", "+447700900402").await;
    let trusted = trusted_device(&cloud, &app).await;
    ida.put(&format!("/v1/moderation/bans/{}", ana.id()), json!({ "reason": "hate", "minutes": 60 })).await.succeeds();

    let (by_root, by_ida) = (root.get(&account("ana")).await, ida.get(&account("Ana")).await);
    assert_eq!(by_root.header("etag"), ana.get("/v1/me").await.header("etag"));
    let (by_root, by_ida) = (by_root.is(200), by_ida.is(200));
    assert_eq!((&by_ida["email"], &by_ida["phone"]), (&json!("a****@example.test"), &json!("+••••••02")));
    assert_eq!((by_ida["sessions"].as_array().unwrap().len(), by_ida["devices"].as_array().unwrap().len()), (2, 1), "{by_ida}");
    assert_eq!((&by_ida["ban"]["reason"], &by_ida["orders"], &by_ida["state"]), (&json!("hate"), &json!([]), &json!("active")));
    assert!(by_root["birth_date"].is_string() && by_ida["birth_date"].is_null());
    let addresses = |shown: &Value| shown["sessions"].as_array().unwrap().iter().filter(|session| session["address"].is_string()).count();
    assert!(addresses(&by_root) > 0 && addresses(&by_ida) == 0);
    let token = trusted["device_token"].as_str().unwrap().to_owned();
    for secret in codes.into_iter().chain([token, "ana@example.test".to_owned(), "+447700900402".to_owned(), "argon2".to_owned()]) {
        assert!(!by_root.to_string().contains(&secret), "{secret} in {by_root}");
    }
    root.get(&account("nobody_at_all")).await.is_problem(404, "not_found");
}

/// An account tells what its reader may do with it, and that is what they may do: the rest is refused.
/// Promise: staff-boundaries
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_tells_what_its_reader_may_do() {
    let cloud = Cloud::start().await;
    let ((root, _), (ida, _)) = (cloud.staff("root_of_all", "superuser").await, cloud.staff("ida", "administrator").await);
    let ((ada, _), ana) = (cloud.staff("ada", "administrator").await, cloud.member("ana").await);
    for (who, whom, expected) in [
        (&root, &ana, &["change", "ban", "reactivate", "change_roles"][..]),
        (&root, &ida, &["change", "reactivate", "change_roles"]),
        (&root, &root, &["reactivate"]),
        (&ida, &ana, &["change", "ban"]),
        (&ida, &ada, &[]),
        (&ida, &ida, &[]),
        (&ida, &root, &[]),
    ] {
        let (name, may) = (whom.name(), |right: &str| expected.contains(&right));
        let shown = who.get(&account(name)).await.is(200);
        assert_eq!((&shown["may"], shown["changeable"] != json!([])), (&json!(expected), may("change")), "{shown}");
        // An edit without changes, the removal of a role that nobody has, and the reactivation of an active account change nothing.
        let edited = edit(who, name, json!({})).await.status == 200;
        let taken = who.delete(&at(name, "roles/moderator")).await.status == 204;
        let reactivated = who.post(&at(name, "reactivation"), json!({})).await.status == 409;
        let ban = json!({ "reason": "spam", "minutes": 60 });
        let banned = who.put(&format!("/v1/moderation/bans/{}", whom.id()), ban).await.status == 204;
        let done = (edited, banned, reactivated, taken);
        assert_eq!(done, (may("change"), may("ban"), may("reactivate"), may("change_roles")), "{} and {name}", who.name());
    }
    for (who, all) in [(&ida, false), (&root, true)] {
        let shown = who.get(&account("ana")).await.is(200);
        let told: Vec<&str> = shown["changeable"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        for (member, value) in
            [("bio", json!("Climbs.")), ("private", json!(false)), ("language", json!("en")), ("birth_date", json!(null))]
        {
            let status = edit(who, "ana", json!({ member: value })).await.status;
            assert_eq!((told.contains(&member), status == 200), (all || member == "bio", all || member == "bio"), "{member}");
        }
    }
}

/// Staff change a profile by the rules of its owner, from the version that they have read. The owner is told, the search and the audit
/// have it, a former username stays reserved, and a removed picture is gone.
/// Promise: account-administration, audit
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_profile_is_edited_by_staff() {
    let cloud = Cloud::start().await;
    let ((root, _), (ida, _)) = (cloud.staff("root_of_all", "superuser").await, cloud.staff("ida", "administrator").await);
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let version = ana.get("/v1/me").await.header("etag");
    ana.with("if-match", &version).patch("/v1/me", json!({ "bio": "Buy my stones!" })).await.is(200);
    assert_eq!(upload(&cloud, &ana).await["state"], "published");
    let patch = json!({ "bio": null, "first_name": "Żaneta", "username": "anna_nowak", "picture": null });
    ida.with("if-match", &version).patch(&account("ana"), patch.clone()).await.is_problem(412, "version_mismatch");
    ida.patch(&account("ana"), patch.clone()).await.is_problem(428, "version_required");
    let mails = cloud.mails_to("ana@example.test").await.len();
    let edited = edit(&ida, "ana", patch).await;
    let (etag, shown) = (edited.header("etag"), edited.is(200));
    assert_eq!((&shown["username"], &shown["first_name"]), (&json!("anna_nowak"), &json!("Żaneta")));
    assert!(shown["bio"].is_null() && shown["picture"].is_null(), "{shown}");
    let me = ana.get("/v1/me").await;
    assert_eq!((me.header("etag"), &me.is(200)["username"]), (etag, &json!("anna_nowak")));
    let told: BTreeSet<String> = cloud.mails_to("ana@example.test").await.split_off(mails).into_iter().map(|mail| mail.subject).collect();
    assert_eq!(told, BTreeSet::from(["Our team has changed your profile".to_owned(), "Your username was changed".to_owned()]));
    assert_eq!(names(&ben.get("/v1/people?q=zaneta").await.is(200)), ["anna_nowak"]);
    ben.get("/v1/users/ana").await.is_problem(404, "not_found");
    let entries = cloud.of_kind("audit").await;
    let entry = entries.iter().find(|entry| entry["action"]["S"] == "profile_changed" && entry["actor"]["S"] == ida.id()).unwrap();
    let changed: BTreeSet<&str> = entry["fields"]["L"].as_array().unwrap().iter().map(|name| name["S"].as_str().unwrap()).collect();
    assert_eq!(changed, BTreeSet::from(["bio", "first_name", "picture", "username"]), "{entry}");
    assert_eq!((&entry["actor"]["S"], &entry["subject"]["S"]), (&json!(ida.id()), &json!(ana.id())));

    // The same rules as for the owner, and a name of somebody else.
    assert_eq!(edit(&ida, "ben", json!({ "first_name": "", "bio": "x".repeat(501) })).await.field_errors().len(), 2);
    for (name, error) in [("root_of_all", "username_taken"), ("ana", "username_taken"), ("9lives", "username_format")] {
        assert_eq!(edit(&ida, "ben", json!({ "username": name })).await.field_errors(), [format!("/username {error}")], "{name}");
    }
    // What changes nothing writes nothing.
    let before = audit(&cloud, &ben).await.len();
    edit(&ida, "ben", json!({})).await.is(200);
    assert_eq!((audit(&cloud, &ben).await.len(), before), (0, 0));
    // Some members are for superusers.
    for patch in [json!({ "birth_date": "1990-01-01" }), json!({ "private": true }), json!({ "language": "pl" })] {
        edit(&ida, "ben", patch.clone()).await.is_problem(403, "forbidden");
        edit(&root, "ben", patch).await.is(200);
    }
    // The former name goes back to its owner.
    edit(&root, "anna_nowak", json!({ "username": "ana" })).await.is(200);
    items::are_as_described(&cloud).await;
}

/// An administrator deactivates an account and ends sessions; its owner is signed out, told, and cannot come back before a superuser
/// reactivates the account.
/// Promise: account-administration
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_deactivated_and_signed_out_by_staff() {
    let cloud = Cloud::start().await;
    let ((root, _), (ida, _)) = (cloud.staff("root_of_all", "superuser").await, cloud.staff("ida", "administrator").await);
    let ana = cloud.member("ana").await;
    let mut socket = ana.socket().await;
    ida.delete(&at("ana", "sessions")).await.is(204);
    ana.get("/v1/me").await.is_problem(401, "token_invalid");
    socket.closed().await;
    let ana = cloud.sign_in("ana").await;
    ida.post(&at("ana", "deactivation"), json!({})).await.is(204);
    ana.get("/v1/me").await.is_problem(401, "token_invalid");
    let sign_in = json!({ "login": "ana", "password": PASSWORD });
    cloud.anonymous().post("/v1/sessions", sign_in).await.is_problem(401, "credentials_invalid");
    for (method, what) in [(Method::POST, "deactivation"), (Method::DELETE, "sessions")] {
        let refused = ida.send(method, &at("ana", what), None).await;
        assert_eq!(refused.is_problem(409, "account_state")["state"], "deactivated");
    }
    ida.post(&at("ana", "reactivation"), json!({})).await.is_problem(403, "forbidden");
    root.post(&at("ana", "reactivation"), json!({})).await.is(204);
    cloud.sign_in("ana").await.get("/v1/me").await.is(200);
    let subjects: Vec<String> = cloud.mails_to("ana@example.test").await.into_iter().map(|mail| mail.subject).collect();
    for subject in ["You were signed out everywhere", "Your account is deactivated", "Your account is active again"] {
        assert!(subjects.iter().any(|told| told == subject), "{subject}: {subjects:?}");
    }
    let actions: Vec<String> = audit(&cloud, &ana).await.into_iter().map(|(_, action)| action).collect();
    assert_eq!(
        actions.into_iter().collect::<BTreeSet<_>>(),
        BTreeSet::from(["account_deactivated", "account_reactivated", "sessions_ended"].map(str::to_owned))
    );
}

/// A deletion by staff is the ordinary one: the owner is told with a link, staff or the owner cancel it within thirty days, and then
/// nothing is left.
/// Promise: account-administration, restore-or-purge
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_deleted_by_staff_with_time_to_undo() {
    let cloud = Cloud::start().await;
    let (ida, app) = cloud.staff("ida", "administrator").await;
    let ana = cloud.member("ana").await;
    let shown = ida.put(&at("ana", "deletion"), json!({})).await.is(200);
    assert_eq!(shown["state"], "leaving");
    assert_eq!(ida.put(&at("ana", "deletion"), json!({})).await.is(200), shown, "without effect");
    // The owner has the link, and everything works until then.
    let link = cloud.token_to("ana@example.test").await;
    ana.get("/v1/me").await.is(200);
    let _ = cloud.anonymous().post("/v1/deletion-cancellations", json!({ "token": link })).await.is(204);
    ida.delete(&at("ana", "deletion")).await.is_problem(409, "deletion_not_scheduled");
    ida.put(&at("ana", "deletion"), json!({})).await.is(200);
    assert_eq!(ida.delete(&at("ana", "deletion")).await.is(200)["state"], "active");
    assert_eq!(deletions(&cloud, &ana).await, 0);

    ida.put(&at("ana", "deletion"), json!({})).await.is(200);
    let scheduled = ana.get("/v1/me/deletion").await.is(200);
    until_due(&cloud, &scheduled).await;
    run(&cloud, SWEEP).await;
    let ida = cloud.sign_in_with(&cloud.anonymous(), "ida", &app).await;
    let late = ida.delete(&at("ana", "deletion")).await;
    assert!([404, 409].contains(&late.status.as_u16()), "{late:?}");
    cloud.settle().await;
    assert_gone(&cloud, &ana, &scheduled).await;
    ida.get(&account("ana")).await.is_problem(404, "not_found");
    let actions: Vec<String> = audit(&cloud, &ana).await.into_iter().map(|(_, action)| action).collect();
    assert_eq!(actions.iter().filter(|action| *action == "deletion_scheduled").count(), 3, "{actions:?}");
    assert_eq!(all(&ida, "").await, ["ida"]);
}

/// Every request by which staff could raise their own role, or change somebody with a role as high, is refused and changes nothing.
/// Promise: no-self-promotion, staff-boundaries
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_reaches_above_themselves() {
    let cloud = Cloud::start().await;
    let (root, _) = cloud.staff("root_of_all", "superuser").await;
    let (other, _) = cloud.staff("root_two", "superuser").await;
    let ((ida, _), (eva, _)) = (cloud.staff("ida", "administrator").await, cloud.staff("eva", "administrator").await);
    let (moe, _) = cloud.staff("moe", "moderator").await;
    let ben = cloud.member("ben").await;
    let before = (cloud.of_kind("roles").await, cloud.of_kind("user").await.len());
    let protected = "account_protected";
    let scripts: [(&Caller, Method, String, Value, u16, &str); 18] = [
        (&ida, Method::PUT, at("ida", "roles/superuser"), json!({}), 403, "forbidden"),
        (&ida, Method::PUT, at("ben", "roles/administrator"), json!({}), 403, "forbidden"),
        (&ida, Method::PATCH, account("ida"), json!({ "bio": "x" }), 403, protected),
        (&ida, Method::PATCH, account("ben"), json!({ "roles": ["superuser"] }), 400, "malformed"),
        (&ida, Method::PATCH, account("ben"), json!({ "status": "deactivated" }), 400, "malformed"),
        (&ida, Method::PATCH, account("ben"), json!({ "email": "ida@example.test" }), 400, "malformed"),
        (&ida, Method::PATCH, account("eva"), json!({ "username": "not_eva" }), 403, protected),
        (&ida, Method::PATCH, account("root_of_all"), json!({ "username": "not_root" }), 403, protected),
        (&ida, Method::POST, at("root_of_all", "deactivation"), json!({}), 403, protected),
        (&ida, Method::PUT, at("root_of_all", "deletion"), json!({}), 403, protected),
        (&ida, Method::DELETE, at("root_of_all", "sessions"), json!({}), 403, protected),
        (&ida, Method::DELETE, at("eva", "sessions"), json!({}), 403, protected),
        (&ida, Method::DELETE, at("eva", "deletion"), json!({}), 403, protected),
        (&ida, Method::POST, at("ben", "reactivation"), json!({}), 403, "forbidden"),
        (&moe, Method::POST, at("ben", "deactivation"), json!({}), 403, "forbidden"),
        (&root, Method::PUT, at("root_of_all", "deletion"), json!({}), 403, protected),
        (&root, Method::POST, at("root_two", "deactivation"), json!({}), 403, protected),
        (&root, Method::DELETE, at("root_of_all", "roles/superuser"), json!({}), 403, "own_roles"),
    ];
    for (who, method, path, body, status, code) in scripts {
        who.with("if-match", "*").send(method.clone(), &path, Some(body)).await.is_problem(status, code);
    }
    // There is no way to delete several.
    let several = ida.send(Method::DELETE, USERS, None).await.status.as_u16();
    assert!([404, 405].contains(&several), "{several}");
    assert_eq!((cloud.of_kind("roles").await, cloud.of_kind("user").await.len()), before);
    assert!(cloud.of_kind("audit").await.is_empty());
    for who in [&root, &other, &ida, &eva, &ben] {
        who.get("/v1/me").await.is(200);
        assert_eq!(stored(&cloud, who).await["status"]["S"], "active");
    }
    // One step below works.
    root.delete(&at("eva", "sessions")).await.is(204);
    ida.delete(&at("moe", "sessions")).await.is(204);
}

/// Makes something that belongs to somebody, and does with it what staff do.
async fn touch(what: &str, by: &Caller, owner: &Caller, product: &str) -> Reply {
    let theirs = owner.with("idempotency-key", format!("{what}-{}", by.name()));
    let make = async |path: &str, body: Value| theirs.post(path, body).await.is(201);
    let id = |made: Value| made["id"].as_str().unwrap().to_owned();
    match what {
        "room" => {
            let room = id(make("/v1/rooms", json!({ "kind": "group", "name": "Porch" })).await);
            by.delete(&format!("/v1/admin/rooms/{room}")).await
        }
        "message" | "report" => {
            let seq = make("/v1/rooms/public/messages", json!({ "text": "Buy my stones" })).await["seq"].clone();
            if what == "message" {
                return by.delete(&format!("/v1/moderation/messages/public/{seq}")).await;
            }
            by.post(&format!("/v1/rooms/public/messages/{seq}/reports"), json!({ "reason": "spam" })).await.is(204);
            by.post(&format!("/v1/moderation/reports/public/{seq}/resolution"), json!({ "outcome": "author_warned" })).await
        }
        "comment" | "words" => {
            let comment = id(make(&format!("/v1/products/{product}/comments"), json!({ "text": "Buy my stones" })).await);
            let path = format!("/v1/moderation/comments/{product}/{comment}");
            if what == "comment" { by.delete(&path).await } else { by.put(&path, json!({ "text": "I was wrong" })).await }
        }
        "thread" => {
            let (thread, seen) = make_thread(owner).await;
            let answer = json!({ "text": "It is on its way.", "nonce": "n1", "seen": seen });
            by.post(&format!("/v1/support/threads/{thread}/messages"), answer).await
        }
        "key" => {
            let key = id(make("/v1/me/api-keys", json!({ "name": "Till", "scopes": ["products:write"] })).await);
            by.delete(&format!("/v1/admin/api-keys/{}/{key}", owner.id())).await
        }
        "order" => {
            put(owner, product, 1).await;
            let order = ask_to_pay(owner, "cash_on_delivery", "one", 1000).await.is(201);
            become_state(by, owner, &order, "shipped").await
        }
        _ => panic!("{what}"),
    }
}

/// Opens somebody's thread at the support desk with one message, and returns its number, too.
async fn make_thread(customer: &Caller) -> (String, Value) {
    let thread = customer.put("/v1/support/thread", json!({ "subject": "My parcel" })).await.is(201);
    let sent = customer.post("/v1/support/thread/messages", json!({ "text": "Where is it?", "nonce": "n1" })).await.is(201);
    (thread["room"].as_str().unwrap().to_owned(), sent["seq"].clone())
}

/// What staff do with something that belongs to others of staff, by the roles of both. A room and the words under somebody's name are
/// protected as their account is. What somebody has written is deleted whatever role they have, and staff who are customers are served by
/// whoever serves customers. Keys are the superusers' matter.
/// Promise: staff-boundaries
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_belongs_to_a_higher_role_is_protected_as_an_account_is() {
    let cloud = Cloud::start().await;
    let (_, products) = shop(&cloud, 1).await;
    let (root, other) = (cloud.staff("root_of_all", "superuser").await.0, cloud.staff("root_two", "superuser").await.0);
    let (ida, eva) = (cloud.staff("ida", "administrator").await.0, cloud.staff("eva", "administrator").await.0);
    let (moe, mia) = (cloud.staff("moe", "moderator").await.0, cloud.staff("mia", "moderator").await.0);
    let (ben, buyer) = (cloud.member("ben").await, cloud.buyer("ria", PHONE).await);
    cloud.appoint(&buyer, &["superuser"]);
    let (done, protected, forbidden) = (None, Some("account_protected"), Some("forbidden"));
    for (what, by, owner, expected) in [
        ("room", &ida, &ben, done),
        ("room", &ida, &moe, done),
        ("room", &ida, &eva, protected),
        ("room", &ida, &root, protected),
        ("room", &ida, &ida, protected),
        ("room", &root, &ida, done),
        ("room", &root, &other, protected),
        ("words", &moe, &ben, done),
        ("words", &moe, &moe, protected),
        ("words", &moe, &mia, protected),
        ("words", &moe, &ida, protected),
        ("words", &ida, &moe, done),
        ("words", &ida, &root, protected),
        ("comment", &moe, &root, done),
        ("message", &moe, &root, done),
        ("report", &moe, &root, done),
        ("thread", &moe, &root, done),
        ("order", &ida, &buyer, done),
        ("key", &ida, &root, forbidden),
        ("key", &root, &other, done),
    ] {
        let (rooms, comments) = (cloud.of_kind("room").await.len(), cloud.of_kind("comment").await.len());
        let reply = touch(what, by, owner, &products[0]).await;
        let Some(code) = expected else {
            reply.succeeds();
            continue;
        };
        reply.is_problem(403, code);
        let made = (usize::from(what == "room"), usize::from(what == "words"));
        assert_eq!(
            (cloud.of_kind("room").await.len(), cloud.of_kind("comment").await.len()),
            (rooms + made.0, comments + made.1),
            "{what}"
        );
    }
    let comments = cloud.of_kind("comment").await;
    let changed = comments.iter().filter(|comment| comment["text"]["S"] == "I was wrong").count();
    assert_eq!((comments.len(), changed), (6, 2), "{comments:?}");
}

/// Each change of an account and its entry happen together or not at all, whichever call to the table fails.
/// Promise: audit
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_an_account_and_its_entry_are_atomic() {
    let cloud = Cloud::start().await;
    let (ida, _) = cloud.staff("ida", "administrator").await;
    let ben = cloud.member("ben").await;
    let fault = |first| {
        let target = Target { first, times: 0, ..Target::of("AdminFunction", Service::DynamoDb, "TransactWriteItems") };
        cloud.aws.faults.script(target, Fault::Unavailable)
    };
    for (method, path, body, action) in [
        (Method::PATCH, account("ben"), json!({ "bio": "Climbs.", "username": "ben_nowak" }), "profile_changed"),
        (Method::DELETE, at("ben_nowak", "sessions"), json!({}), "sessions_ended"),
        (Method::PUT, at("ben_nowak", "deletion"), json!({}), "deletion_scheduled"),
        (Method::DELETE, at("ben_nowak", "deletion"), json!({}), "deletion_cancelled"),
        (Method::POST, at("ben_nowak", "deactivation"), json!({}), "account_deactivated"),
    ] {
        let entries = async || cloud.of_kind("audit").await.iter().filter(|entry| entry["action"]["S"] == action).count();
        let ask = async || ida.with("if-match", "*").send(method.clone(), &path, Some(body.clone())).await;
        let state = async || (stored(&cloud, &ben).await, deletions(&cloud, &ben).await, entries().await);
        let before = state().await;
        let down = fault(1);
        assert_eq!((ask().await.status.as_u16(), state().await), (503, before), "{action}");
        assert!(down.hits() > 0, "{action}");
        down.end();
        // If the entry were written by a second transaction, that one would fail here.
        let between = fault(2);
        ask().await.succeeds();
        assert_eq!((entries().await, between.hits()), (1, 0), "{action}");
        between.end();
    }
}

/// A second factor and a proof of the last five minutes are needed for every change.
/// Promise: staff-proof
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_proof_changes_nothing() {
    let cloud = Cloud::start().await;
    let (root, app) = cloud.staff("root_of_all", "superuser").await;
    let ben = cloud.member("ben").await;
    let writes = [
        (Method::PATCH, account("ben")),
        (Method::POST, at("ben", "deactivation")),
        (Method::PUT, at("ben", "deletion")),
        (Method::DELETE, at("ben", "deletion")),
        (Method::DELETE, at("ben", "sessions")),
    ];
    cloud.advance(Duration::from_secs(360)).await;
    for (method, path) in writes {
        let refused = root.with("if-match", "*").send(method, &path, Some(json!({}))).await;
        assert_eq!(refused.is_problem(401, "step_up_required")["methods"][0], "app");
    }
    // Reading still works.
    root.get(&account("ben")).await.is(200);
    ben.get("/v1/me").await.is(200);
    cloud.step_up(&root, &app).await.delete(&at("ben", "sessions")).await.is(204);
}

/// A thousand accounts whose deletion is due: staff cancel each at the moment at which the sweep begins it. Each is either kept with
/// everything or gone with everything, and staff are told which.
/// Promise: restore-or-purge
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_restoring_and_purging_one_happens() {
    let cloud = Cloud::start().await;
    let (mut ida, app): (Caller, App) = cloud.staff("ida", "administrator").await;
    let (mut kept, mut gone) = (0, 0);
    for round in 0..10 {
        let mut people = Vec::new();
        for n in 0..100 {
            people.push(cloud.member(&format!("ana_{round}_{n}")).await);
        }
        let mut scheduled = Value::Null;
        for who in &people {
            scheduled = ida.put(&at(who.name(), "deletion"), json!({})).await.is(200);
        }
        until_due(&cloud, &json!({ "due_at": scheduled["deletion_due_at"] })).await;
        ida = cloud.sign_in_with(&cloud.anonymous(), "ida", &app).await;
        let statuses = race(people.len() + 4, |i| {
            let (ida, name) = (ida.clone(), people.get(i).map(|who| who.name().to_owned()));
            let (hosts, sys) = (cloud.hosts.clone(), cloud.sys.clone());
            async move {
                if let Some(name) = name {
                    return Some(ida.delete(&at(&name, "deletion")).await.status.as_u16());
                }
                let event = to_raw_value(&json!({ "source": "aws.scheduler" })).unwrap();
                hosts.invoke(SWEEP, event, &Trace::new(&sys)).await.unwrap();
                None
            }
        })
        .await;
        run(&cloud, SWEEP).await;
        cloud.settle().await;
        let (users, left) = (cloud.of_kind("user").await, cloud.of_kind("deletion").await);
        for (who, status) in people.iter().zip(statuses) {
            let user = users.iter().find(|user| user["id"]["S"] == who.id());
            let deletion = left.iter().find(|deletion| deletion["user"]["S"] == who.id());
            let status = status.unwrap();
            match (user, deletion) {
                (Some(user), None) if user["status"]["S"] == "active" && user["gsi2pk"].is_null() => kept += 1,
                (None, Some(deletion)) if deletion["stage"]["S"] == "done" => gone += 1,
                half => panic!("{}: {status} {half:?}", who.name()),
            }
            // 503: another transaction was at the same item at this moment, too often.
            let told = if user.is_some() { [200, 503].contains(&status) } else { [404, 409, 503].contains(&status) };
            assert!(told, "{}: {status}", who.name());
        }
    }
    assert_eq!(kept + gone, 1000);
    assert!(kept > 0, "staff have won at least once");
}

/// The deactivations among these entries of the audit.
fn deactivations(entries: &[Value]) -> BTreeSet<String> {
    let those = entries.iter().filter(|entry| entry["action"]["S"] == "account_deactivated");
    those.map(|entry| entry["id"]["S"].as_str().unwrap().to_owned()).collect()
}

/// A thousand callers act as an administrator while a superuser removes the role: every effect has its entry, and comes before the removal,
/// whatever is still on its way. When the removal is answered all entries are there, and no other one follows.
/// Promise: staff-boundaries, audit
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_role_ends_what_it_allowed() {
    const CALLERS: usize = 1000;
    let cloud = Arc::new(Cloud::start().await);
    let ((root, _), (ida, _)) = (cloud.staff("root_of_all", "superuser").await, cloud.staff("ida", "administrator").await);
    let mut people = Vec::new();
    for n in 0..100 {
        people.push(cloud.member(&format!("ana_{n}")).await);
    }
    // The last one removes the role, in the middle of the others.
    let mut answers = race(CALLERS + 1, |i| {
        let (cloud, root, ida) = (cloud.clone(), root.clone(), ida.clone());
        let who = (i != CALLERS / 2).then(|| people[i % 100].name().to_owned());
        async move {
            if let Some(name) = who {
                return (ida.post(&at(&name, "deactivation"), json!({})).await.status.as_u16(), Vec::new());
            }
            loop {
                let removed = root.delete(&at("ida", "roles/administrator")).await.status.as_u16();
                if removed == 204 {
                    return (removed, cloud.of_kind("audit").await);
                }
                // Another transaction was at the same item at this moment, too often.
                assert!([409, 503].contains(&removed), "{removed}");
            }
        }
    })
    .await;
    let (_, entries_at_removal) = answers.remove(CALLERS / 2);
    let statuses: Vec<u16> = answers.into_iter().map(|(status, _)| status).collect();
    assert!(statuses.iter().all(|status| [204, 403, 409, 503].contains(status)), "{statuses:?}");
    let done = statuses.iter().filter(|status| **status == 204).count();
    let entries = cloud.of_kind("audit").await;
    assert_eq!(deactivations(&entries), deactivations(&entries_at_removal), "nothing comes after the removal");
    assert_eq!(deactivations(&entries).len(), done);
    let users = cloud.of_kind("user").await;
    assert_eq!(users.iter().filter(|user| user["status"]["S"] == "deactivated").count(), done);
    for who in people.iter().take(5) {
        ida.post(&at(who.name(), "deactivation"), json!({})).await.is_problem(403, "forbidden");
    }
    assert_eq!(cloud.of_kind("audit").await.len(), entries.len());
}

/// How many accounts are put into the table at once.
const FILLED_AT_ONCE: u32 = 10_000;

/// Puts so many more accounts into the table, half of them deactivated, as `ana` is. The next ones are made while some are put.
async fn fill(cloud: &Cloud, ana: &Caller, people: u32) {
    let like = dynamodb::item(stored(cloud, ana).await).unwrap();
    let table = cloud.core().template.tables.iter().find(|table| table.stream_arn.is_some()).unwrap().name.clone();
    let text = AttributeValue::S;
    let (mut next, mut filling) = (0, None::<JoinHandle<()>>);
    while next < people {
        let (first, mut rows) = (next, Vec::new());
        next = people.min(first + FILLED_AT_ONCE);
        for number in first..next {
            let id: UserId = cloud.sys.id();
            let shard = id.ulid().to_bytes()[15] % 4;
            let mut row = like.clone();
            row.insert("pk".to_owned(), text(format!("USER#{id}")));
            row.insert("id".to_owned(), text(id.to_string()));
            row.insert("username".to_owned(), text(format!("u{number:08}")));
            if number % 2 == 0 {
                row.insert("status".to_owned(), text("deactivated".to_owned()));
                row.insert("gsi2pk".to_owned(), text("ACCOUNTS#deactivated".to_owned()));
                row.insert("gsi2sk".to_owned(), text(id.to_string()));
            }
            rows.push(row);
            let (kind, user) = ("directory_entry".to_owned(), id.to_string());
            let entry = [("pk", format!("DIRECTORY#{shard}")), ("sk", user.clone()), ("kind", kind), ("user", user)];
            let mut entry: Item = entry.into_iter().map(|(name, value)| (name.to_owned(), text(value))).collect();
            entry.insert("v".to_owned(), AttributeValue::N("1".to_owned()));
            rows.push(entry);
        }
        if let Some(filling) = filling.take() {
            filling.await.unwrap();
        }
        let (core, table) = (cloud.core(), table.clone());
        filling = Some(spawn_blocking(move || core.aws.dynamodb.fill(&table, rows).unwrap()));
    }
    if let Some(filling) = filling {
        filling.await.unwrap();
    }
}

/// A list of staff: the logical id of its function, and its path.
type List<'a> = (&'static str, &'a str);

const ACCOUNTS: List<'static> = ("AdminFunction", USERS);

/// The calls and the read units of some pages of a list.
async fn cost(cloud: &Cloud, who: &Caller, (function, path): List<'_>, query: &str) -> Vec<(u64, String)> {
    let event = include_str!("../../events/admin/accounts.json").replace(USERS, path);
    let (mut pages, mut cursor) = (Vec::new(), None::<String>);
    while pages.len() < 3 {
        let query = format!("limit=10{query}{}", cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default());
        let mut event: Value = serde_json::from_str(&event).unwrap();
        event["headers"]["authorization"] = json!(format!("Bearer {}", who.token()));
        event["rawQueryString"] = json!(query);
        // The router chooses by the path, which may have ids.
        event["routeKey"] = json!("$default");
        event["requestContext"]["http"]["sourceIp"] = json!(format!("203.0.113.{}", pages.len() + 1));
        let trace = Trace::new(&cloud.sys);
        cloud.aws.calls.open(trace.as_str());
        let reply = cloud.hosts.invoke(function, to_raw_value(&event).unwrap(), &trace).await.unwrap();
        let tally = cloud.aws.calls.close(trace.as_str(), "events/admin/accounts.json", true);
        let reply: Value = serde_json::from_str(reply.get()).unwrap();
        assert_eq!(reply["statusCode"], 200, "{reply}");
        let list: Value = serde_json::from_str(reply["body"].as_str().unwrap()).unwrap();
        cursor = list["next_cursor"].as_str().map(str::to_owned);
        assert!(cursor.is_some(), "{query}: {list}");
        pages.push((tally.total(), tally.rcu.to_string()));
    }
    pages
}

/// Prints a row of a table.
fn print_costs(things: u32, query: &str, pages: &[(u64, String)]) {
    let (calls, units): (Vec<u64>, Vec<&String>) = pages.iter().map(|(calls, units)| (*calls, units)).unzip();
    println!("| {things} | {} | {calls:?} | {units:?} |", query.trim_start_matches('&'));
}

/// What pages cost with so many accounts, which is also printed as rows of a table: the accounts, what is listed, and the calls and the
/// read units of the first pages.
async fn costs(people: u32) -> Vec<Vec<(u64, String)>> {
    let cloud = Cloud::start().await;
    let (root, _) = cloud.staff("root_of_all", "superuser").await;
    let ana = cloud.member("ana").await;
    fill(&cloud, &ana, people).await;
    // The function starts with it, and reads its keys.
    root.get(USERS).await.is(200);
    let mut costs = Vec::new();
    for query in ["", "&state=active", "&state=deactivated", "&joined_from=2000-01-01"] {
        let pages = cost(&cloud, &root, ACCOUNTS, query).await;
        print_costs(people, query, &pages);
        costs.push(pages);
    }
    costs
}

/// A page makes the same calls and reads the same units with a hundred people and with a hundred thousand.
/// Promise: constant-pages
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_accounts_costs_the_same_with_many() {
    let few = costs(100).await;
    assert!(few.iter().flatten().all(|(calls, _)| *calls <= 6), "{few:?}");
    assert_eq!(costs(100_000).await, few);
}

/// The same with a million, which takes minutes and some gigabytes. The table is shown with `--nocapture`.
/// Promise: constant-pages
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "fills a table with a million accounts"]
async fn a_page_of_accounts_costs_the_same_with_a_million() {
    assert_eq!(costs(1_000_000).await, costs(100).await);
}

/// An item, and its kind.
type Thing = (&'static str, Value);

/// Puts so many copies of a thing into its table, which differ from it only in its id.
async fn copy(cloud: &Cloud, things: &[Thing], id: &str, copies: usize) {
    let (prefix, _) = id.rsplit_once('_').unwrap();
    let mut ids: Vec<String> =
        (0..copies).map(|_| format!("{prefix}_{}", cloud.sys.id::<UserId>().to_string().rsplit_once('_').unwrap().1)).collect();
    ids.sort_unstable();
    for (kind, thing) in things {
        let like = dynamodb::item(thing.clone()).unwrap();
        // Pages have only the newest rooms. A thread is a room without other items.
        let ids = if *kind == "room" && things.len() > 1 { &ids[ids.len() - 40..] } else { &ids[..] };
        let rows = ids.iter().map(|other| {
            let mut row = like.clone();
            for value in row.values_mut() {
                if let AttributeValue::S(text) = value
                    && text.contains(id)
                {
                    *text = text.replace(id, other);
                }
            }
            row
        });
        let (rows, core) = (rows.collect::<Vec<Item>>(), cloud.core());
        let suffix = if *kind == "audit" { "-audit" } else { "-state" };
        let table = core.template.tables.iter().find(|table| table.name.ends_with(suffix)).unwrap().name.clone();
        spawn_blocking(move || core.aws.dynamodb.fill(&table, rows).unwrap()).await.unwrap();
    }
}

/// The stored item of this kind that contains this.
async fn one(cloud: &Cloud, kind: &'static str, what: &str) -> Thing {
    let found = cloud.of_kind(kind).await.into_iter().find(|thing| thing.to_string().contains(what));
    (kind, found.unwrap_or_else(|| panic!("there is no {kind} with {what}")))
}

/// The things of which staff have lists, each with its id: one ticket, order, report, entry of the audit, disputed payment, API key, support
/// thread, note about it, dead letter, banned person, and room.
async fn listed_things(cloud: &Cloud, root: &Caller) -> Vec<(Vec<Thing>, String)> {
    make_listed_things(cloud, root).await;
    let id = |(_, thing): &Thing, name: &str| thing[name]["S"].as_str().unwrap().to_owned();
    let mut things = Vec::new();
    for (kind, name, what) in [
        ("contact_ticket", "id", ""),
        ("order", "id", ""),
        ("report", "room", ""),
        ("audit", "id", "category_created"),
        ("payment_alert", "sk", ""),
        ("api_key", "id", ""),
        ("room", "id", "SUPPORT#open"),
        ("support_note", "id", ""),
        ("dead_letter", "id", ""),
    ] {
        let thing = one(cloud, kind, what).await;
        let id = id(&thing, name);
        things.push((vec![thing], id));
    }
    // A page of bans reads the people, too.
    let banned = one(cloud, "chat", "CHAT_BANS").await;
    let user = id(&banned, "user");
    things.push((vec![banned, one(cloud, "user", &user).await], user));
    let entry = one(cloud, "room_entry", "").await;
    let listed = id(&entry, "room");
    things.push((vec![entry, one(cloud, "room", &listed).await], listed));
    things
}

async fn make_listed_things(cloud: &Cloud, root: &Caller) {
    let ((keeper, products), cyd) = (shop(cloud, 1).await, cloud.buyer("cyd", PHONE).await);
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    keeper.post("/v1/me/api-keys", json!({ "name": "Till", "scopes": ["products:write"] })).await.is(201);
    put(&cyd, &products[0], 1).await;
    ask_to_pay(&cyd, "cash_on_delivery", "one", 1000).await.is(201);
    let disputed = donations::begin(&ana, "one").await;
    for act in [donations::card(donations::VISA), Act::Dispute] {
        donations::act(cloud, &disputed, act);
    }
    let said = ana.socket().await.ask(json!({ "type": "send", "room": "public", "text": "Buy my stones!", "nonce": "n1" })).await;
    ben.post(&format!("/v1/rooms/public/messages/{}/reports", said["seq"]), json!({ "reason": "spam" })).await.is(204);
    ana.post("/v1/rooms", json!({ "kind": "group", "name": "Walks" })).await.is(201);
    let message = json!({
        "name": "Ana", "email": ana.email(), "subject": "other", "message": "It has been like that since yesterday. ".repeat(8)
    });
    ana.with("idempotency-key", "one").post("/v1/contact-messages", message).await.is(201);
    let (thread, _) = make_thread(&ana).await;
    root.post(&format!("/v1/support/threads/{thread}/notes"), json!({ "text": "Asks every day." })).await.is(201);
    root.put(&format!("/v1/moderation/bans/{}", ben.id()), json!({ "reason": "spam" })).await.is(204);
    let _ = dead_letters::given_up(cloud, root).await;
    cloud.settle().await;
}

/// A page of tickets, orders, rooms, reports, entries of the audit, payments to check, API keys, support threads, notes, bans or dead letters
/// costs the same with a hundred of them and with ten thousand. The table is shown with `--nocapture`. Only the verification of the audit
/// reads all of it, which is what it is for.
/// Promise: constant-pages
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_every_list_costs_the_same_with_many() {
    let cloud = Cloud::start().await;
    let (root, _) = cloud.staff("root_of_all", "superuser").await;
    let things = listed_things(&cloud, &root).await;
    let attribute = |place: usize, name: &str| things[place].0[0].1[name]["S"].as_str().unwrap().to_owned();
    let notes = format!("/v1/support/threads/{}/notes", attribute(7, "room"));
    let lists: [(List<'_>, String); 14] = [
        (("ContactFunction", "/v1/admin/tickets"), "&state=open".to_owned()),
        (("OrdersFunction", "/v1/admin/orders"), "&state=placed".to_owned()),
        (("OrdersFunction", "/v1/admin/orders"), format!("&user={}", attribute(1, "user"))),
        (("ModerationFunction", "/v1/moderation/reports"), "&state=open".to_owned()),
        (("AuditFunction", "/v1/audit"), "&action=category_created".to_owned()),
        (("AuditFunction", "/v1/audit"), format!("&subject={}", attribute(3, "subject"))),
        (("AuditFunction", "/v1/audit"), format!("&actor={}", attribute(3, "actor"))),
        (("AdminFunction", "/v1/admin/payment-alerts"), "&alert=disputed".to_owned()),
        (("ApiKeysFunction", "/v1/admin/api-keys"), String::new()),
        (("AdminFunction", "/v1/admin/rooms"), String::new()),
        (("SupportFunction", "/v1/support/threads"), "&state=open".to_owned()),
        (("SupportFunction", notes.as_str()), String::new()),
        (("ModerationFunction", "/v1/moderation/bans"), String::new()),
        (("DeadLettersFunction", "/v1/admin/dead-letters"), String::new()),
    ];
    let mut before = None;
    for copies in [100, 10_000] {
        for (copied, id) in &things {
            copy(&cloud, copied, id, copies).await;
        }
        let mut costs = Vec::new();
        for (list, query) in &lists {
            // The function starts with it, and reads its keys.
            drop(root.get(list.1).await);
            let pages = cost(&cloud, &root, *list, query).await;
            print_costs(u32::try_from(copies).unwrap(), &format!("{}{query}", list.1), &pages);
            costs.push(pages);
        }
        assert!(costs.iter().flatten().all(|(calls, _)| *calls <= 8), "{costs:?}");
        assert_eq!(*before.get_or_insert_with(|| costs.clone()), costs);
    }
}

/// Administrators see the groups and channels of everybody, the newest first, without the messages in them, and close one permanently.
/// Promise: room-administration, audit
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rooms_are_listed_and_closed_by_staff() {
    let cloud = Cloud::start().await;
    let (ida, _) = cloud.staff("ida", "administrator").await;
    let (moe, _) = cloud.staff("moe", "moderator").await;
    let ana = cloud.member("ana").await;
    let mut made = Vec::new();
    for n in 0..7 {
        let room = ana.post("/v1/rooms", json!({ "kind": "group", "name": format!("Walks {n}") })).await;
        made.push(room.succeeds().json()["id"].as_str().unwrap().to_owned());
        cloud.advance(Duration::from_millis(1)).await;
    }
    let listed = async || {
        let (mut found, mut path) = (Vec::new(), "/v1/admin/rooms?limit=3".to_owned());
        loop {
            let list = ida.get(&path).await.is(200);
            found.extend(list["items"].as_array().unwrap().iter().map(|room| room["id"].as_str().unwrap().to_owned()));
            let Some(cursor) = list["next_cursor"].as_str() else { return found };
            path = format!("/v1/admin/rooms?limit=3&cursor={cursor}");
        }
    };
    made.reverse();
    assert_eq!(listed().await, made);
    let shown = ida.get("/v1/admin/rooms").await.is(200)["items"][0].clone();
    assert_eq!((&shown["name"], &shown["owner"], &shown["member_count"]), (&json!("Walks 6"), &json!(ana.id()), &json!(1)));
    assert_eq!(shown["owner_username"], "ana");
    let closed = format!("/v1/admin/rooms/{}", made[0]);
    moe.delete(&closed).await.is_problem(403, "forbidden");
    ida.delete(&closed).await.is(204);
    ida.delete(&closed).await.is_problem(404, "not_found");
    cloud.settle().await;
    ana.get(&format!("/v1/rooms/{}/messages", made[0])).await.is_problem(404, "not_found");
    assert_eq!(listed().await, made.split_off(1));
    assert_eq!(audit(&cloud, &ana).await, [(ida.id(), "room_closed".to_owned())]);
    // Direct rooms and the public one are not closed.
    let direct = ana.post("/v1/rooms/direct", json!({ "user": ida.id() })).await.json()["id"].as_str().unwrap().to_owned();
    for room in [direct.as_str(), "rom_00000000000000000000000000"] {
        ida.delete(&format!("/v1/admin/rooms/{room}")).await.is_problem(404, "not_found");
    }
    items::are_as_described(&cloud).await;
}

/// The figures of a day count the events of this day, by the time at which they happened.
/// Promise: daily-figures
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_are_counted_once() {
    let cloud = Cloud::start().await;
    let (ida, app) = cloud.staff("ida", "administrator").await;
    let today = cloud.now().date().to_string();
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    cloud.sign_in("ana").await;
    let mut socket = ana.socket().await;
    for n in 0..3 {
        socket.ask(json!({ "type": "send", "room": "public", "text": "Good morning!", "nonce": format!("n{n}") })).await;
    }
    let ((_, products), buyer) = (shop(&cloud, 1).await, cloud.buyer("cyd", PHONE).await);
    put(&buyer, &products[0], 3).await;
    let money = json!({ "amount": 3000, "currency": "PLN" });
    let order = json!({ "payment_method": "cash_on_delivery", "total": money });
    buyer.with("idempotency-key", "one").post(ORDERS, order).await.is(201);
    ida.put(&at("ben", "deletion"), json!({})).await.is(200);
    let scheduled = ben.get("/v1/me/deletion").await.is(200);
    cloud.settle().await;
    let shown = ida.get(&format!("/v1/admin/figures?from={today}")).await.is(200)["days"].clone();
    let day = json!({
        "date": today, "registrations": 5, "sign_ins": 6, "messages": 3, "orders": 1, "revenue": [money], "deletions": 0,
    });
    assert_eq!(shown, json!([day]));
    until_due(&cloud, &scheduled).await;
    run(&cloud, SWEEP).await;
    cloud.settle().await;
    let ida = cloud.sign_in_with(&cloud.anonymous(), "ida", &app).await;
    cloud.settle().await;
    let days = ida.get("/v1/admin/figures").await.is(200)["days"].as_array().unwrap().clone();
    let last = days.last().unwrap();
    assert_eq!((days.len(), &last["deletions"], &last["sign_ins"]), (30, &json!(1), &json!(1)), "{last}");
    items::are_as_described(&cloud).await;
}

/// What is paid by card counts on the day on which it is paid, and what is ordered in cash when it is ordered. What is cancelled, returned
/// or given back on another day is taken off the day of the sale.
/// Promise: daily-revenue
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_given_back_is_taken_off_the_day_of_its_sale() {
    let cloud = Cloud::start().await;
    let (_, app) = cloud.staff("ida", "administrator").await;
    let ((_, products), cyd) = (shop(&cloud, 1).await, cloud.buyer("cyd", PHONE).await);
    let mut cash = Vec::new();
    for (key, quantity) in [("one", 3), ("two", 1), ("three", 2)] {
        put(&cyd, &products[0], quantity).await;
        cash.push(ask_to_pay(&cyd, "cash_on_delivery", key, u64::from(quantity) * 1000).await.is(201));
    }
    let paid = card_orders::paid_order(&cloud, &cyd, "card", &products[0], 3).await;
    let plan = cyd.with("idempotency-key", "plan").post("/v1/plan-payments", json!({ "plan": "basic" })).await.is(201);
    for begun in [donations::begin(&cyd, "gift").await, plan] {
        donations::act(&cloud, &begun, donations::card(donations::VISA));
    }
    // Nobody has paid these.
    card_orders::order(&cyd, "unpaid", &products[0], 1).await;
    donations::begin(&cyd, "never").await;
    cloud.settle().await;
    let sold_on = cloud.now().date().to_string();
    cloud.advance(DAY).await;
    let ida = cloud.sign_in_with(&cloud.anonymous(), "ida", &app).await;
    let figures = async || {
        cloud.settle().await;
        let days = ida.get(&format!("/v1/admin/figures?from={sold_on}")).await.is(200)["days"].clone();
        assert_eq!((&days[1]["orders"], &days[1]["revenue"]), (&json!(0), &json!([])), "{days}");
        assert_eq!((&days[0]["orders"], &days[0]["revenue"][1]), (&json!(4), &json!({ "amount": 1225, "currency": "GBP" })), "{days}");
        days[0]["revenue"][0]["amount"].as_u64().unwrap()
    };
    assert_eq!(figures().await, 3000 + 1000 + 2000 + 3000 + 1234);
    let refunds = format!("/v1/admin/orders/{}/refunds", paid["id"].as_str().unwrap());
    let refund = async |amount: u64| {
        let body = json!({ "amount": { "amount": amount, "currency": "PLN" }, "reason": "requested_by_customer" });
        ida.with("idempotency-key", format!("back-{amount}")).post(&refunds, body).await.is(201)
    };
    become_state(&ida, &cyd, &cash[0], "cancelled").await.is(200);
    refund(1000).await;
    assert_eq!(figures().await, 1000 + 2000 + 2000 + 1234);
    for state in ["shipped", "delivered", "returned"] {
        become_state(&ida, &cyd, &cash[1], state).await.is(200);
    }
    refund(2000).await;
    assert_eq!(figures().await, 2000 + 1234);
    card_orders::pay(&cloud, &paid, Act::FailRefunds);
    assert_eq!(figures().await, 2000 + 3000 + 1234, "the bank has sent it back");
    let alert = card_refunds::owed(&ida).await.remove(0);
    card_refunds::give_outside(&ida, &alert, json!({ "amount": 3000, "currency": "PLN" })).await.is(204);
    assert_eq!(figures().await, 2000 + 1234, "and it was given back outside Stripe");
    items::are_as_described(&cloud).await;
}

/// What ends or is given back because its buyer has left is taken off the day of its sale, too. What they have donated stays.
/// Promise: daily-revenue
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_given_back_to_somebody_who_has_left_is_taken_off() {
    let cloud = Cloud::start().await;
    let (ida, app) = cloud.staff("ida", "administrator").await;
    let ((_, products), cyd) = (shop(&cloud, 1).await, cloud.buyer("cyd", PHONE).await);
    put(&cyd, &products[0], 1).await;
    ask_to_pay(&cyd, "cash_on_delivery", "cash", 1000).await.is(201);
    card_orders::paid_order(&cloud, &cyd, "card", &products[0], 3).await;
    donations::act(&cloud, &donations::begin(&cyd, "gift").await, donations::card(donations::VISA));
    cloud.settle().await;
    let sold_on = cloud.now().date().to_string();
    let revenue = async |ida: &Caller| {
        let days = ida.get(&format!("/v1/admin/figures?from={sold_on}&until={sold_on}")).await.is(200)["days"].clone();
        days[0]["revenue"].clone()
    };
    assert_eq!(revenue(&ida).await, json!([{ "amount": 1000 + 3000 + 1234, "currency": "PLN" }]));
    let scheduled = schedule(&cyd).await;
    until_due(&cloud, &scheduled).await;
    assert_eq!(run(&cloud, SWEEP).await["claimed"], 1);
    cloud.settle().await;
    assert_eq!(run(&cloud, donations::WEBHOOK).await["payments"], 1);
    cloud.settle().await;
    let ida = cloud.sign_in_with(&cloud.anonymous(), "ida", &app).await;
    assert_eq!(revenue(&ida).await, json!([{ "amount": 1234, "currency": "PLN" }]));
    items::are_as_described(&cloud).await;
}

/// A batch of the stream that is delivered again, also with more records after it, is counted once. Each shard of the stream numbers its
/// records separately, so another batch can have the same numbers.
/// Promise: daily-figures
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_counted_once() {
    let cloud = Cloud::start().await;
    let (ida, _) = cloud.staff("ida", "administrator").await;
    // 21 November 2026. The third delivery has more records after the last one.
    let event: Value = serde_json::from_str(include_str!("../../events/figures/day.json")).unwrap();
    let mut longer = event.clone();
    let mut next = event["Records"][2].clone();
    (next["eventID"], next["dynamodb"]["SequenceNumber"]) = (json!("next"), json!("4421584500000000017450439200"));
    longer["Records"].as_array_mut().unwrap().push(next);
    let mut other = event.clone();
    for (n, record) in other["Records"].as_array_mut().unwrap().iter_mut().enumerate() {
        record["eventID"] = json!(format!("other-{n}"));
    }
    for (event, batches, messages) in [(&event, 1, 1), (&event, 1, 1), (&longer, 1, 2), (&longer, 1, 2), (&other, 2, 3), (&other, 2, 3)] {
        cloud.hosts.invoke("FiguresFunction", to_raw_value(event).unwrap(), &Trace::new(&cloud.sys)).await.unwrap();
        let of_day = ida.get("/v1/admin/figures?from=2026-11-21&until=2026-11-21").await.is(200)["days"][0].clone();
        let counted = (&of_day["registrations"], &of_day["messages"], &of_day["orders"], &of_day["deletions"]);
        assert_eq!(counted, (&json!(batches), &json!(messages), &json!(batches), &json!(batches)), "{of_day}");
    }
    items::are_as_described(&cloud).await;
}

/// A batch with more figures than one transaction counts is counted once, too.
/// Promise: daily-figures
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_of_many_days_is_counted_once() {
    let cloud = Cloud::start().await;
    let (ida, _) = cloud.staff("ida", "administrator").await;
    let mut event: Value = serde_json::from_str(include_str!("../../events/figures/day.json")).unwrap();
    let first = event["Records"][0].clone();
    // 150 days, which end with 21 November 2026.
    let sale = |n: i64| {
        let at = (1_795_248_000_000 - n * 86_400_000).to_string();
        let mut record = first.clone();
        record["eventID"] = json!(format!("sale-{n}"));
        record["dynamodb"]["SequenceNumber"] = json!((1000 + n).to_string());
        record["dynamodb"]["NewImage"] = json!({
            "kind": { "S": "revenue_change" }, "sold_at": { "N": at }, "at": { "N": at }, "currency": { "S": "PLN" }, "more": { "N": "100" },
        });
        record
    };
    event["Records"] = (0..150).map(sale).collect();
    for _ in 0..2 {
        cloud.hosts.invoke("FiguresFunction", to_raw_value(&event).unwrap(), &Trace::new(&cloud.sys)).await.unwrap();
    }
    for (range, count) in [("from=2026-08-22&until=2026-11-21", 92), ("from=2026-06-25&until=2026-08-21", 58)] {
        let days = ida.get(&format!("/v1/admin/figures?{range}")).await.is(200)["days"].as_array().unwrap().clone();
        assert!(days.iter().all(|day| day["revenue"] == json!([{ "amount": 100, "currency": "PLN" }])), "{days:?}");
        assert_eq!(days.len(), count);
    }
}

/// Waiting work is counted up to ten of each kind; moderators see only the kinds that they work on.
/// Promise: staff-work
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_is_counted_up_to_ten() {
    let cloud = Cloud::start().await;
    let (ida, app) = cloud.staff("ida", "administrator").await;
    let (moe, _) = cloud.staff("moe", "moderator").await;
    let none = json!({ "count": 0, "more": false });
    let work = moe.get("/v1/admin/work").await.is(200);
    assert_eq!(work, json!({ "support_threads": none, "reports": none }));
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let mut socket = ana.socket().await;
    for n in 1..=11 {
        let said = json!({ "type": "send", "room": "public", "text": format!("Buy my stones! {n}"), "nonce": format!("n{n}") });
        let seq = socket.ask(said).await["seq"].clone();
        // The pace of frames.
        cloud.advance(Duration::from_secs(1)).await;
        ben.post(&format!("/v1/rooms/public/messages/{seq}/reports"), json!({ "reason": "spam" })).await.is(204);
        if n >= 10 {
            let reports = ida.get("/v1/admin/work").await.is(200)["reports"].clone();
            assert_eq!(reports, json!({ "count": 10, "more": n > 10 }));
        }
    }
    let work = ida.get("/v1/admin/work").await.is(200);
    assert_eq!((&work["orders"], &work["paid_orders"], &work["overdue_deletions"]), (&none, &none, &none));
    drop(app);
}

/// The private texts of a person: messages to friends, and the day of birth.
const PRIVATE: [&str; 6] =
    ["canary said 0-", "canary said in the group", "canary-file.txt", "canary in the file", "1987-06-05", "canary.new@example.test"];

/// The long texts without spaces in an item, as hashes and sealed secrets are.
fn hashes(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if text.len() >= 40 && !text.contains(' ') => {
            found.insert(text.clone());
        }
        Value::Array(all) => all.iter().for_each(|one| hashes(one, found)),
        Value::Object(members) => members.values().for_each(|one| hashes(one, found)),
        _ => {}
    }
}

/// Whatever administrators can read has no secret of somebody, none of their messages to friends, and their contacts only where these
/// were written for the team or on a parcel. No mail that is not hers has any of it.
/// Promise: staff-see-no-secrets
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_read_no_secret_and_no_private_message() {
    let cloud = Cloud::start().await;
    let ben = cloud.member("ben").await;
    let Everything { canary, room, .. } = Everything::of(&cloud, &ben).await;
    let (kim, _) = cloud.staff("kim", "administrator").await;
    let mut secrets = BTreeSet::from([PASSWORD.to_owned()]);
    for kind in ["password", "app_factor", "recovery_codes", "session", "device", "challenge"] {
        cloud.of_kind(kind).await.iter().for_each(|item| hashes(item, &mut secrets));
    }
    assert!(secrets.len() > 5, "{secrets:?}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let thread = text(&kim.get("/v1/support/threads").await.is(200)["items"][0]["room"]);
    let orders = kim.get(&format!("/v1/admin/orders?user={}", canary.id())).await.is(200);
    let mut things = BTreeMap::from([
        ("username", canary.name().to_owned()),
        ("user", canary.id()),
        ("thread", thread),
        ("room", text(&room)),
        ("order", text(&orders["items"][0]["id"])),
    ]);
    let mut pages = Vec::new();
    let entries: Vec<Value> = cloud.of_kind("audit").await.into_iter().filter(|entry| entry["subject"]["S"] == canary.id()).collect();
    assert!(entries.len() > 5, "{entries:?}");
    for operation in matrix::operations().into_iter().filter(|operation| operation.for_staff() && operation.method == Method::GET) {
        for (n, entry) in (1..).zip(&entries) {
            things.insert("seq", i32::to_string(&n));
            things.insert("entry", text(&entry["id"]["S"]));
            let path = matrix::about(&operation.path, &things);
            let query = match &*operation.path {
                "/v1/audit" => format!("?subject={}", canary.id()),
                "/v1/support/search" | "/v1/admin/users" => "?q=canary_name".to_owned(),
                _ => String::new(),
            };
            let reply = kim.get(&format!("{path}{query}")).await;
            assert!([200, 400, 403, 404, 422].contains(&reply.status.as_u16()), "{path}: {reply:?}");
            pages.push((path.clone(), String::from_utf8_lossy(&reply.bytes).into_owned()));
            if path == operation.path {
                break;
            }
        }
    }
    let read = |about: &str| pages.iter().any(|(path, page)| path.starts_with("/v1") && page.contains(about));
    assert!(read("canary_name") && read("canary said to support") && read("factors_changed"), "staff see what they need");
    // Her friend gets what she writes to him.
    let hers = |to: &str| to.contains("canary") || PHONES.contains(&to) || to == ben.email();
    let mails = cloud.inbox.list(None, 0).into_iter().filter(|mail| !hers(&mail.to));
    pages.extend(mails.map(|mail| (format!("a mail to {}", mail.to), format!("{} {} {:?}", mail.subject, mail.text, mail.html))));
    let email = canary.email();
    for (path, page) in &pages {
        let leaked = secrets.iter().map(String::as_str).chain(PRIVATE).find(|secret| page.contains(*secret));
        assert_eq!(leaked, None, "{path}: {page}");
        let given = ["/v1/admin/tickets", "/v1/admin/orders", "a mail to "].iter().any(|begin| path.starts_with(begin));
        let contact = [PHONES[0], PHONES[1], &email].into_iter().find(|contact| !given && page.contains(*contact));
        assert_eq!(contact, None, "{path}: {page}");
    }
}
