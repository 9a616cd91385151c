//! Administration of accounts: reactivation, roles, the first superuser. The audit has each change.

use std::time::Duration;

use local::aws::{
    Service,
    faults::{Fault, Target},
    iam::{Need, Policy},
};
use tests::{App, Caller, Cloud, DAY, HOUR, PASSWORD, Reply, Value, json, race};

use crate::{
    deletion::{SWEEP, run, upload},
    items,
};

const FIRST: &str = "/v1/admin/first";
const STATISTICS: &str = "/v1/statistics/invites";

fn account(name: &str) -> String {
    format!("/v1/admin/users/{name}")
}

fn role(name: &str, role: &str) -> String {
    format!("/v1/admin/users/{name}/roles/{role}")
}

/// The sign-in of `ana` with her app on a device that skips the second step from then on.
pub(crate) async fn trusted_device(cloud: &Cloud, app: &App) -> Value {
    let device = cloud.anonymous();
    let flow = json!({ "login": "ana", "password": PASSWORD, "remember_device": true });
    let flow = device.post("/v1/sessions", flow).await.is(202);
    let path = format!("/v1/sign-ins/{}", flow["id"].as_str().unwrap());
    device.put(&format!("{path}/factor"), json!({ "factor": "app" })).await.is(200);
    device.post(&format!("{path}/verify"), json!({ "code": app.code(cloud) })).await.is(201)
}

async fn reactivate(who: &Caller, name: &str) -> Reply {
    who.post(&format!("/v1/admin/users/{name}/reactivation"), json!({})).await
}

async fn deactivate(who: &Caller) -> Reply {
    who.post("/v1/me/deactivation", json!({ "password": PASSWORD })).await
}

async fn roles(cloud: &Cloud, who: &Caller) -> Vec<String> {
    let all = cloud.of_kind("roles").await;
    let own = all.iter().find(|r| r["user"]["S"] == who.id()).map(|r| r["roles"]["L"].clone());
    own.iter().filter_map(Value::as_array).flatten().map(|r| r["S"].as_str().unwrap().to_owned()).collect()
}

/// The actions of people on their own accounts, which have entries in the audit as those of staff have.
const OWN: [&str; 21] = [
    "profile_changed",
    "username_changed",
    "contact_changed",
    "contact_restored",
    "addresses_changed",
    "picture_uploaded",
    "picture_removed",
    "account_deactivated",
    "password_changed",
    "password_reset",
    "factors_changed",
    "recovery_codes_made",
    "passkey_added",
    "passkey_removed",
    "passkey_renamed",
    "devices_forgotten",
    "export_asked",
    "deletion_scheduled",
    "deletion_cancelled",
    "new_client_signed_in",
    "sessions_ended",
];

/// The audit entries about somebody, in order: who did what, without what people do with their own accounts.
pub(crate) async fn audit(cloud: &Cloud, about: &Caller) -> Vec<(String, String)> {
    let text = |v: &Value| v["S"].as_str().unwrap_or("operator").to_owned();
    let mut entries = cloud.of_kind("audit").await;
    let own = |e: &Value| e["actor"] == e["subject"] && OWN.contains(&&*text(&e["action"]));
    entries.retain(|e| e["subject"]["S"] == about.id() && !own(e));
    entries.sort_by_key(|e| text(&e["sk"]));
    entries.iter().map(|e| (text(&e["actor"]), text(&e["action"]))).collect()
}

/// A superuser reactivates a deactivated account. Its owner is notified and signs in as before. All data is as it was, but
/// sessions and trusted devices are gone. Nobody else can do it, and accounts in any other state are refused.
/// Promise: reactivation
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deactivated_account_is_reactivated() {
    let cloud = Cloud::start().await;
    let (root, _) = cloud.staff("root_of_all", "superuser").await;
    let ben = cloud.member("ben").await;
    let (ana, app, _) = cloud.careful("ana", "+447700900402").await;
    let version = ana.get("/v1/me").await.header("etag");
    ana.with("if-match", version).patch("/v1/me", json!({ "bio": "Climbs." })).await.is(200);
    let address = json!({ "street": "Marszałkowska 44", "city": "Kraków", "postal_code": "30-001", "country": "PL" });
    ana.post("/v1/me/addresses", address).await.is(201);
    assert_eq!(upload(&cloud, &ana).await["state"], "published");
    let talk = ben.post("/v1/rooms/direct", json!({ "user": ana.id() })).await.json()["id"].as_str().unwrap().to_owned();
    let mut socket = ana.socket().await;
    let said = json!({ "type": "send", "room": talk, "text": "Good morning!", "nonce": "a1" });
    assert_eq!(socket.ask(said).await["type"], "ack");
    // A device that skips the second step.
    let trusted = trusted_device(&cloud, &app).await;
    let with_device = json!({ "login": "ana", "password": PASSWORD, "device_token": trusted["device_token"] });

    let kept = async |who: &Caller| {
        let mut me = who.get("/v1/me").await.is(200);
        for fleeting in ["online", "last_seen_at"] {
            me.as_object_mut().unwrap().remove(fleeting);
        }
        let history = who.get(&format!("/v1/rooms/{talk}/messages")).await.is(200);
        (me, who.get("/v1/me/addresses").await.is(200)["items"].clone(), history)
    };
    let ana = cloud.step_up(&ana, &app).await;
    let before = kept(&ana).await;
    reactivate(&root, "ana").await.is_problem(409, "account_state");
    deactivate(&ana).await.is(204);
    let shown = root.get(&account("ANA")).await.is(200);
    assert_eq!(
        (&shown["state"], &shown["email"], &shown["phone"]),
        (&json!("deactivated"), &json!("a****@example.test"), &json!("+••••••02"))
    );
    assert!(shown["deactivated_at"].as_str() > shown["created_at"].as_str() && shown["second_step"] == true, "{shown}");
    cloud.anonymous().post("/v1/sessions", with_device.clone()).await.is_problem(401, "credentials_invalid");
    let mails = cloud.mails_to("ana@example.test").await.len();

    reactivate(&root, "nobody_at_all").await.is_problem(404, "not_found");
    reactivate(&root, "No!").await.is_problem(404, "not_found");
    reactivate(&root, "ana").await.is(204);
    reactivate(&root, "ana").await.is_problem(409, "account_state");
    let told = cloud.mails_to("ana@example.test").await;
    assert_eq!((told.len() - mails, &*told.last().unwrap().subject), (1, "Your account is active again"));
    assert_eq!(root.get(&account("ana")).await.is(200)["state"], "active");
    ana.get("/v1/me").await.is_problem(401, "token_invalid");
    let refresh = json!({ "refresh_token": ana.refresh_token() });
    ana.post("/v1/sessions/refresh", refresh).await.is_problem(401, "refresh_invalid");
    cloud.anonymous().post("/v1/sessions", with_device).await.is(202);
    let again = cloud.sign_in_with(&cloud.anonymous(), "ana", &app).await;
    assert_eq!(kept(&again).await, before);
    assert_eq!(again.get("/v1/me/devices").await.is(200)["items"], json!([]));
    assert_eq!(audit(&cloud, &ana).await, [(root.id(), "account_reactivated".to_owned())]);
    ben.get("/v1/users/ana").await.is(200);
}

/// The owner is notified by mail in their language, or by text message without an address. They are notified once, however many
/// staff reactivate the account at the same moment.
/// Promise: reactivation, language
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_owner_of_a_reactivated_account_is_told_once() {
    let cloud = Cloud::start().await;
    let (root, _) = cloud.staff("root_of_all", "superuser").await;
    let ana = cloud.member("ana").await;
    let version = ana.get("/v1/me").await.header("etag");
    ana.with("if-match", version).patch("/v1/me", json!({ "language": "pl" })).await.is(200);
    deactivate(&ana).await.is(204);
    let phone = "+447700900403";
    let flow = cloud.anonymous().post("/v1/phone-sign-ins", json!({ "phone": phone })).await.is(202);
    let verify = format!("/v1/phone-sign-ins/{}/verify", flow["id"].as_str().unwrap());
    let ben = cloud.anonymous();
    let ben = ben.signed_in(ben.post(&verify, json!({ "code": cloud.code_to(phone).await })).await.is(201));
    let name = ben.get("/v1/me").await.is(200)["username"].as_str().unwrap().to_owned();
    ben.post("/v1/me/deactivation", json!({})).await.is(204);
    for (who, name, to, words) in [(&ana, "ana", "ana@example.test", "znów jest aktywne"), (&ben, &*name, phone, "active again")] {
        let before = cloud.mails_to(to).await.len();
        let statuses = race(20, |_| {
            let (root, name) = (root.clone(), name.to_owned());
            async move { reactivate(&root, &name).await.status.as_u16() }
        })
        .await;
        assert_eq!(statuses.iter().filter(|s| **s == 204).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|s| [204, 409, 429].contains(s)), "{statuses:?}");
        let told = cloud.mails_to(to).await;
        assert_eq!(told.len() - before, 1, "{name}");
        let last = told.last().unwrap();
        assert!(last.subject.contains(words) || last.text.contains(words), "{last:?}");
        assert_eq!(audit(&cloud, who).await.len(), 1);
    }
}

/// A role counts from its owner's next request and ends with the first request after its removal, without another sign-in. Each
/// change is in the audit once, with ids and the former roles. A request that changes nothing is not in the audit.
/// Promise: roles, audit
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn roles_are_given_and_taken() {
    let cloud = Cloud::start().await;
    let (root, app) = cloud.staff("root_of_all", "superuser").await;
    let (ida, her_app, _) = cloud.careful("ida", "+447700900404").await;
    let ida = cloud.step_up(&ida, &her_app).await;
    ida.get(STATISTICS).await.is_problem(403, "forbidden");
    for _ in 0..2 {
        root.put(&role("Ida", "administrator"), json!({})).await.is(204);
    }
    ida.get(STATISTICS).await.is(200);
    root.put(&role("ida", "moderator"), json!({})).await.is(204);
    let shown = ida.get(&account("ida")).await.is(200);
    assert_eq!((&shown["roles"], &shown["state"]), (&json!(["moderator", "administrator"]), &json!("active")));
    for _ in 0..2 {
        root.delete(&role("ida", "administrator")).await.is(204);
    }
    ida.get(STATISTICS).await.is_problem(403, "forbidden");
    root.delete(&role("ida", "moderator")).await.is(204);
    assert_eq!(roles(&cloud, &ida).await, [""; 0]);

    let done = audit(&cloud, &ida).await;
    let actions: Vec<&str> = done.iter().map(|(_, action)| &**action).collect();
    assert_eq!(actions, ["role_granted", "role_granted", "role_taken", "role_taken"]);
    assert!(done.iter().all(|(actor, _)| *actor == root.id()));
    let entries = cloud.of_kind("audit").await;
    let values = cloud.of_kind("audit_values").await;
    let word = |at: &Value, n: usize| at["M"]["list"]["L"][n]["M"]["word"]["S"].clone();
    let change = |of: &Value| of["changes"]["M"]["roles"]["M"].clone();
    let both = values.iter().find(|v| word(&change(v)["before"], 1) == "administrator").unwrap();
    assert_eq!(word(&change(both)["after"], 0), "moderator", "{both}");
    let taken = entries.iter().find(|e| e["id"] == both["id"]).unwrap();
    assert_eq!((&taken["action"]["S"], &taken["fields"]["L"][0]["S"]), (&json!("role_taken"), &json!("roles")), "{taken}");
    assert!(taken["request"]["S"].as_str().is_some_and(|id| !id.is_empty()) && taken["at"]["N"].is_string(), "{taken}");
    let all = json!(entries).to_string();
    assert!(!all.contains("example.test") && !all.contains("+44") && !all.contains("ida\""), "{all}");

    // Refused: an unknown person, a deactivated account, one about to be deleted, and an unknown role.
    let (dan, eve) = (cloud.member("dan").await, cloud.member("eve").await);
    deactivate(&dan).await.is(204);
    eve.post("/v1/me/deletion", json!({ "password": PASSWORD })).await.is(200);
    let root = cloud.step_up(&root, &app).await;
    for (name, state) in [("dan", "deactivated"), ("eve", "leaving")] {
        let refused = root.put(&role(name, "moderator"), json!({})).await;
        assert_eq!(refused.is_problem(409, "account_state")["state"], state);
    }
    assert!(root.get(&account("eve")).await.is(200)["deletion_due_at"].is_string());
    root.put(&role("nobody_at_all", "moderator"), json!({})).await.is_problem(404, "not_found");
    root.put(&role("ida", "owner"), json!({})).await.is_problem(404, "not_found");
    assert!(audit(&cloud, &dan).await.is_empty() && audit(&cloud, &eve).await.is_empty());

    // After half an hour without activity staff have to step up, and a proof older than five minutes changes nothing.
    cloud.advance(Duration::from_secs(301)).await;
    root.get(&account("ida")).await.is(200);
    root.put(&role("ida", "moderator"), json!({})).await.is_problem(401, "step_up_required");
    root.delete(&role("ida", "moderator")).await.is_problem(401, "step_up_required");
    reactivate(&root, "dan").await.is_problem(401, "step_up_required");
    cloud.advance(Duration::from_secs(1801)).await;
    let refreshed = json!({ "refresh_token": root.refresh_token() });
    let root = root.signed_in(root.post("/v1/sessions/refresh", refreshed).await.is(200));
    root.get(&account("ida")).await.is_problem(401, "step_up_required");
}

/// Nobody gives themselves a role: not by a member of the profile, not in a registration, not with a role that they have. Nobody
/// changes their own roles.
/// Promise: no-self-promotion
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gives_themselves_a_role() {
    let cloud = Cloud::start().await;
    let ben = cloud.member("ben").await;
    let everybody = [
        ("ordinary", "+447700900405", &[][..]),
        ("moderating", "+447700900406", &["moderator"]),
        ("administering", "+447700900407", &["administrator"]),
        ("root_of_all", "+447700900408", &["superuser"]),
    ];
    for (name, phone, given) in everybody {
        let (who, app, _) = cloud.careful(name, phone).await;
        cloud.appoint(&who, given);
        let who = cloud.step_up(&who, &app).await;
        let version = who.get("/v1/me").await.header("etag");
        for (member, value) in [
            ("role", json!("superuser")),
            ("roles", json!(["superuser"])),
            ("is_staff", json!(true)),
            ("is_superuser", json!(true)),
            ("is_admin", json!(true)),
            ("groups", json!(["superuser"])),
        ] {
            let patch = json!({ "bio": "Climbs.", member: value });
            who.with("if-match", &version).patch("/v1/me", patch).await.is_problem(400, "malformed");
        }
        let code = if given == ["superuser"] { "own_roles" } else { "forbidden" };
        for each in ["moderator", "administrator", "superuser"] {
            who.put(&role(name, each), json!({})).await.is_problem(403, code);
            who.delete(&role(name, each)).await.is_problem(403, code);
        }
        if given != ["superuser"] {
            who.put(&role("ben", "moderator"), json!({})).await.is_problem(403, "forbidden");
            reactivate(&who, "ben").await.is_problem(403, "forbidden");
        }
        who.post(FIRST, json!({ "secret": "sup_q83vEjRWeJC6q83vEjRWeJC6q83vEjRWeJC6q83vEjQ" }))
            .await
            .is_problem(422, "appointment_invalid");
        assert_eq!(roles(&cloud, &who).await, given);
    }
    let new = json!({ "email": "new@example.test", "roles": ["superuser"] });
    cloud.anonymous().post("/v1/registrations", new).await.is_problem(400, "malformed");
    assert!(roles(&cloud, &ben).await.is_empty() && cloud.of_kind("audit").await.is_empty());
}

/// A superuser can neither deactivate nor delete their account, so the last one stays. Both are possible after another superuser
/// has removed the role.
/// Promise: last-superuser
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_superuser_cannot_deactivate_or_delete_their_account() {
    let cloud = Cloud::start().await;
    let (root, app) = cloud.staff("root_of_all", "superuser").await;
    let leave = async |who: &Caller| who.post("/v1/me/deletion", json!({ "password": PASSWORD })).await;
    deactivate(&root).await.is_problem(409, "superuser_stays");
    leave(&root).await.is_problem(409, "superuser_stays");
    let (ida, her_app, _) = cloud.careful("ida", "+447700900404").await;
    root.put(&role("ida", "superuser"), json!({})).await.is(204);
    let ida = cloud.step_up(&ida, &her_app).await;
    leave(&ida).await.is_problem(409, "superuser_stays");
    let root = cloud.step_up(&root, &app).await;
    root.delete(&role("ida", "superuser")).await.is(204);
    leave(&ida).await.is(200);
    deactivate(&ida).await.is(204);
    deactivate(&root).await.is_problem(409, "superuser_stays");
    root.get("/v1/me/deletion").await.is(200);
    assert!(cloud.of_kind("deletion").await.iter().all(|d| d["user"]["S"] != root.id()));
}

/// When all superusers remove each other's role concurrently, some of them repeatedly, one is left, and the audit has one entry
/// for each removed role.
/// Promise: last-superuser, audit
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn superusers_who_remove_each_others_role_leave_one() {
    let cloud = Cloud::start().await;
    let mut all = Vec::new();
    for n in 0..4 {
        all.push(cloud.staff(&format!("root_{}", ["a", "b", "c", "d"][n]), "superuser").await.0);
    }
    let statuses = race(240, |i| {
        let (who, whom) = (all[i % 4].clone(), all[(i + 1 + i / 4 % 3) % 4].name().to_owned());
        async move { who.delete(&role(&whom, "superuser")).await.status.as_u16() }
    })
    .await;
    assert!(statuses.iter().all(|s| [204, 403, 409].contains(s)), "{statuses:?}");
    let mut left = Vec::new();
    for who in &all {
        left.extend((!roles(&cloud, who).await.is_empty()).then_some(who));
    }
    assert!(!left.is_empty(), "no superuser is left");
    let (last, others) = left.split_first().unwrap();
    for other in others {
        last.delete(&role(other.name(), "superuser")).await.is(204);
    }
    last.get(&account("root_a")).await.is(200);
    last.delete(&role(last.name(), "superuser")).await.is_problem(403, "own_roles");
    let taken = cloud.of_kind("audit").await;
    assert_eq!(taken.iter().filter(|e| e["action"]["S"] == "role_taken").count(), 3, "{taken:?}");
}

/// When somebody becomes a superuser and deactivates or deletes their account at the same moment, only one of the two happens.
/// Promise: last-superuser
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_leaves_while_becoming_a_superuser() {
    let cloud = Cloud::start().await;
    let (root, _) = cloud.staff("root_of_all", "superuser").await;
    let mut people = Vec::new();
    for name in ["ana", "ben", "cyd", "dan", "eve", "fay"] {
        people.push(cloud.member(name).await);
    }
    race(people.len() * 2, |i| {
        let (root, who) = (root.clone(), people[i / 2].clone());
        async move {
            match i % 4 {
                0 => deactivate(&who).await,
                2 => who.post("/v1/me/deletion", json!({ "password": PASSWORD })).await,
                _ => root.put(&role(who.name(), "superuser"), json!({})).await,
            }
        }
    })
    .await;
    for who in &people {
        let is = cloud.of_kind("user").await.into_iter().find(|u| u["id"]["S"] == who.id()).unwrap();
        let leaves = is["status"]["S"] == "deactivated" || cloud.of_kind("deletion").await.iter().any(|d| d["user"]["S"] == who.id());
        assert!(leaves != (roles(&cloud, who).await == ["superuser"]), "{}: {is}", who.name());
    }
}

/// What `cargo xtask appoint` does.
pub(crate) async fn offer(cloud: &Cloud, name: &str) -> Result<Value, String> {
    let env = cloud.operator().into_iter().collect();
    let secret = tasks::appoint::appoint(env, cloud.sys.clone(), "stoa", name).await.map_err(|e| e.to_string())?;
    Ok(json!({ "secret": secret.expose() }))
}

/// The operator's secret makes the first superuser: within an hour, once, for somebody signed in with a recently proven second
/// factor. It is refused as soon as there is a superuser.
/// Promise: first-superuser
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_superuser_is_made_by_a_secret() {
    let cloud = Cloud::start().await;
    assert!(offer(&cloud, "root_of_all").await.is_err_and(|e| e.contains("nobody")));
    let (root, app, _) = cloud.careful("root_of_all", "+447700900401").await;
    let (ida, her_app, _) = cloud.careful("ida", "+447700900404").await;
    let ben = cloud.member("ben").await;
    let root = cloud.step_up(&root, &app).await;
    root.put(&role("ida", "moderator"), json!({})).await.is_problem(403, "forbidden");
    let replaced = offer(&cloud, "root_of_all").await.unwrap();
    let secret = offer(&cloud, "Root_of_all").await.unwrap();
    let hers = offer(&cloud, "ida").await.unwrap();
    let bens = offer(&cloud, "ben").await.unwrap();
    let all = cloud.dump().await.to_string();
    assert!(!all.contains(secret["secret"].as_str().unwrap()), "only a hash is kept");
    ben.post(FIRST, bens).await.is_problem(403, "second_factor_required");
    for wrong in [&replaced, &hers, &json!({ "secret": "" }), &json!({ "secret": "sup_x" })] {
        root.post(FIRST, wrong.clone()).await.is_problem(422, "appointment_invalid");
    }
    let export = ben.post("/v1/me/exports", json!({})).await.is(202);
    cloud.settle().await;
    assert_eq!(ben.get(&format!("/v1/me/exports/{}", export["id"].as_str().unwrap())).await.is(200)["status"], "ready");
    assert_eq!(cloud.of_kind("superuser").await.len(), 0);
    root.post(FIRST, secret.clone()).await.is(204);
    root.post(FIRST, secret.clone()).await.is_problem(422, "appointment_invalid");
    items::are_as_described(&cloud).await;
    root.put(&role("ben", "moderator"), json!({})).await.is(204);
    let ida = cloud.step_up(&ida, &her_app).await;
    ida.post(FIRST, hers).await.is_problem(422, "appointment_invalid");
    assert!(offer(&cloud, "ida").await.is_err_and(|e| e.contains("already")));
    assert_eq!((roles(&cloud, &root).await, roles(&cloud, &ida).await), (vec!["superuser".to_owned()], vec![]));
    let done = audit(&cloud, &root).await;
    let by_operator = ("operator".to_owned(), "superuser_offered".to_owned());
    assert_eq!(done, [vec![by_operator; 2], vec![(root.id(), "first_superuser".to_owned())]].concat());
    // Attempts are limited, long before a secret could be guessed.
    let mut last = None;
    for _ in 0..11 {
        last = Some(root.post(FIRST, json!({ "secret": "sup_x" })).await);
    }
    last.unwrap().is_problem(429, "too_many_requests");
}

/// The secret is valid for an hour, and takes a proof of its sender that is not older than five minutes.
/// Promise: first-superuser
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_secret_of_the_first_superuser_expires() {
    let cloud = Cloud::start().await;
    let (root, app, _) = cloud.careful("root_of_all", "+447700900401").await;
    let root = cloud.step_up(&root, &app).await;
    let secret = offer(&cloud, "root_of_all").await.unwrap();
    cloud.advance(Duration::from_secs(301)).await;
    root.post(FIRST, secret.clone()).await.is_problem(401, "step_up_required");
    cloud.advance(HOUR.saturating_sub(Duration::from_secs(301))).await;
    let root = cloud.sign_in_with(&cloud.anonymous(), "root_of_all", &app).await;
    root.post(FIRST, secret).await.is_problem(422, "appointment_invalid");
    assert!(roles(&cloud, &root).await.is_empty() && cloud.of_kind("superuser").await.is_empty());
    let secret = offer(&cloud, "root_of_all").await.unwrap();
    root.post(FIRST, secret).await.is(204);
}

/// Operators have offered it to four people. Of a thousand concurrent requests of theirs one makes a superuser.
/// Promise: first-superuser
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_thousand_one_becomes_the_first_superuser() {
    let cloud = Cloud::start().await;
    let mut people = Vec::new();
    for n in 0..4 {
        let name = format!("root_{}", ["a", "b", "c", "d"][n]);
        let (who, app, _) = cloud.careful(&name, &format!("+44770090041{n}")).await;
        people.push((cloud.step_up(&who, &app).await, offer(&cloud, &name).await.unwrap()));
    }
    let statuses = race(1000, |i| {
        let (who, secret) = people[i % 4].clone();
        async move { who.post(FIRST, secret).await.status.as_u16() }
    })
    .await;
    assert_eq!(statuses.iter().filter(|s| **s == 204).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|s| [204, 422, 429].contains(s)), "{statuses:?}");
    assert_eq!((cloud.of_kind("roles").await.len(), cloud.of_kind("superuser").await.len()), (1, 1));
    assert_eq!(cloud.of_kind("audit").await.iter().filter(|e| e["action"]["S"] == "first_superuser").count(), 1);
}

/// A change and its audit entry happen together or not at all, whichever call to the table fails. A lost reply duplicates
/// neither.
/// Promise: audit, lost-reply
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_and_its_audit_entry_are_atomic() {
    let cloud = Cloud::start().await;
    let (root, _) = cloud.staff("root_of_all", "superuser").await;
    let ana = cloud.member("ana").await;
    let fault = |fault, first, times| {
        let target = Target { first, times, ..Target::of("AdminFunction", Service::DynamoDb, "TransactWriteItems") };
        cloud.aws.faults.script(target, fault)
    };
    let seen = async || (roles(&cloud, &ana).await.len(), audit(&cloud, &ana).await.len());
    let grant = async || root.put(&role("ana", "moderator"), json!({})).await.status.as_u16();
    for (bad, status) in [(Fault::Unavailable, 503), (Fault::Conflict, 503), (Fault::Taken("USER#"), 403)] {
        let script = fault(bad, 1, 0);
        assert_eq!((grant().await, seen().await), (status, (0, 0)), "{bad:?}");
        assert!(script.hits() > 0);
        script.end();
    }
    // If the entry were written by a second transaction, that one would fail here.
    let between = fault(Fault::Unavailable, 2, 0);
    assert_eq!((grant().await, seen().await), (204, (1, 1)));
    between.end();
    for (n, path) in [(2, role("ana", "moderator")), (3, role("ana", "administrator"))] {
        let lost = fault(Fault::LostAfter, 1, 1);
        let reply = if n == 2 { root.delete(&path).await } else { root.put(&path, json!({})).await };
        assert_eq!((reply.status.as_u16(), audit(&cloud, &ana).await.len(), lost.hits()), (204, n, 1), "{reply:?}");
    }
    deactivate(&ana).await.is(204);
    let between = fault(Fault::Unavailable, 2, 0);
    reactivate(&root, "ana").await.is(204);
    assert_eq!((audit(&cloud, &ana).await.len(), between.hits()), (4, 0));
}

/// Entries are only added. The table's own policy refuses every change and removal, whoever asks, and the functions that
/// write entries may do nothing else with them. They outlive the account, and then identify nobody.
/// Promise: audit
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn audit_entries_are_only_added() {
    /// The functions that read entries.
    const READERS: [&str; 2] = ["audit", "audit-seal"];
    let cloud = Cloud::start().await;
    let core = cloud.core();
    let audit_table = core.template.tables.iter().find(|t| t.name.ends_with("-audit")).unwrap();
    let policy = Policy::parse(&audit_table.statements).unwrap();
    for action in ["UpdateItem", "DeleteItem", "BatchWriteItem", "PartiQLUpdate", "PartiQLDelete"] {
        assert!(
            policy.check_as_resource(&Need::new(format!("dynamodb:{action}"), &audit_table.arn), "arn:aws:iam::0:role/anybody").is_err(),
            "{action}"
        );
    }
    for function in core.template.functions.values() {
        let own = Policy::parse(&function.statements).unwrap();
        for action in ["GetItem", "PutItem", "Query", "Scan", "UpdateItem", "DeleteItem", "BatchWriteItem"] {
            let may = own.check(&Need::new(format!("dynamodb:{action}"), &audit_table.arn)).is_ok();
            let name = function.name.as_str();
            let expected = match action {
                // Those that add entries or seals know the table.
                "PutItem" => function.environment.contains_key("AUDIT_TABLE_NAME"),
                "GetItem" | "Query" => READERS.contains(&name),
                // Verification looks for entries that no index and no seal has.
                "Scan" => name == "audit",
                _ => false,
            };
            assert_eq!(may, expected, "{name} {action}");
        }
    }

    let (root, _) = cloud.staff("root_of_all", "superuser").await;
    let ana = cloud.member("canary_name").await;
    root.put(&role("canary_name", "moderator"), json!({})).await.is(204);
    let export = ana.post("/v1/me/exports", json!({})).await.is(202);
    cloud.settle().await;
    assert_eq!(ana.get(&format!("/v1/me/exports/{}", export["id"].as_str().unwrap())).await.is(200)["status"], "ready");
    ana.post("/v1/me/deletion", json!({ "password": PASSWORD })).await.is(200);
    cloud.advance(DAY * 30 + HOUR).await;
    run(&cloud, SWEEP).await;
    cloud.settle().await;
    assert_eq!(audit(&cloud, &ana).await, [(root.id(), "role_granted".to_owned())]);
    assert!(roles(&cloud, &ana).await.is_empty() && !json!(cloud.of_kind("audit").await).to_string().contains("canary"));
}
