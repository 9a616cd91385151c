//! The tools of the local cloud for developers and tests: inbox, clock, schedules, tables, state, seed, tour.

use std::time::Duration;

use local::{
    Options, Stack, Storage,
    seed::{self, ACCOUNTS},
    tour,
};
use tests::{Cloud, DAY, Value, json};

fn console(cloud: &Stack, path: &str) -> String {
    format!("{}{path}", cloud.urls.console)
}

/// Inbox: a waiting client gets a message as soon as it arrives, with its code extracted.
/// Promise: local-console
#[tokio::test]
async fn a_wait_at_the_inbox_ends_with_the_mail() {
    let cloud = Cloud::start().await;
    let caller = cloud.anonymous();
    let waiting = {
        let (caller, url) = (cloud.anonymous(), console(&cloud, "/_local/inbox?to=ana@example.test&wait=60"));
        tokio::spawn(async move { caller.get(&url).await.is(200) })
    };
    let _ = caller.post("/v1/registrations", json!({ "email": "ana@example.test" })).await.is(201);
    let found = waiting.await.expect("the wait ends");
    let messages = found["messages"].as_array().expect("messages");
    assert_eq!(messages.len(), 1, "{found}");
    let code = messages[0]["code"].as_str().expect("a code");
    assert!(code.len() == 6 && messages[0]["text"].as_str().expect("a text").contains(code), "{found}");

    let newer = console(&cloud, &format!("/_local/inbox?to=ana@example.test&after={}", messages[0]["id"]));
    assert_eq!(caller.get(&newer).await.is(200), json!({ "messages": [] }));
    let letter = caller.get(&console(&cloud, &format!("/_local/inbox/{}/html", messages[0]["id"]))).await;
    assert!(
        letter.status.is_success() && letter.header("content-security-policy").starts_with("sandbox"),
        "a mail is shown without scripts {letter:?}"
    );
    caller.delete(&console(&cloud, "/_local/inbox")).await.is(204);
    assert!(cloud.inbox.is_empty());
}

/// Clock: it moves by a span, to a moment, and back. Any other request is refused with the reason.
/// Promise: local-clock
#[tokio::test]
async fn the_clock_moves_by_spans_and_to_moments() {
    let cloud = Cloud::start().await;
    let (caller, clock) = (cloud.anonymous(), console(&cloud, "/_local/clock"));
    let before = caller.get(&clock).await.is(200)["offset_ms"].as_i64().expect("an offset");
    let after = caller.post(&clock, json!({ "advance": "30d" })).await.is(200)["offset_ms"].as_i64().expect("an offset");
    assert_eq!(after - before, 30 * 86_400_000);
    let set = caller.post(&clock, json!({ "set": "2040-01-01T00:00:00Z" })).await.is(200);
    assert!(set["now"].as_str().expect("a time").starts_with("2040-01-01T00:00:0"), "{set}");
    assert_eq!(caller.post(&clock, json!({ "reset": true })).await.is(200)["offset_ms"], 0);
    let (early, late) = (json!({ "set": "1969-12-31T23:59:59Z" }), json!({ "advance": "99999999999d" }));
    for wrong in [json!({}), json!({ "advance": "30 days" }), json!({ "advance": "1d", "reset": true }), early, late] {
        let refused = caller.post(&clock, wrong).await.is(400);
        assert!(refused["error"].is_string(), "{refused}");
    }
    assert_eq!(caller.get(&clock).await.is(200)["offset_ms"], 0);
}

/// What the console refuses, also before it looks at a request, it says as JSON.
/// Promise: local-console
#[tokio::test]
async fn every_error_of_the_console_is_json() {
    let cloud = Cloud::start().await;
    let caller = cloud.anonymous();
    for (path, body) in
        [("/_local/clock", json!({ "advance_ms": -5 })), ("/_local/clock", json!([])), ("/_local/faults", json!({ "service": "none" }))]
    {
        let refused = caller.post(&console(&cloud, path), body).await.is(422);
        assert!(refused["error"].is_string(), "{refused}");
    }
    for path in ["/_local/inbox?wait=long", "/_local/inbox/first"] {
        let refused = caller.get(&console(&cloud, path)).await.is(400);
        assert!(refused["error"].is_string(), "{refused}");
    }
    let refused = caller.delete(&console(&cloud, "/_local/clock")).await;
    assert_eq!((refused.is(405)["error"].as_str(), &*refused.header("allow")), (Some("Method Not Allowed"), "GET,HEAD,POST"));
}

/// Schedules: each shows its next run by the moved clock. "Run now" runs it at any time.
/// Promise: local-clock
#[tokio::test]
async fn a_schedule_follows_the_clock_and_runs_on_demand() {
    let cloud = Cloud::start().await;
    let (caller, schedules) = (cloud.anonymous(), console(&cloud, "/_local/schedules"));
    let sweep = |list: serde_json::Value| {
        let list = list["schedules"].as_array().cloned().unwrap_or_default();
        list.into_iter().find(|s| s["function"] == "deletion-sweep").expect("the sweep")
    };
    let before = sweep(caller.get(&schedules).await.is(200));
    assert_eq!(before["last"], json!(null), "{before}");
    cloud.advance(DAY).await;
    let moved = sweep(caller.get(&schedules).await.is(200));
    assert!(moved["next"].as_str() > before["next"].as_str(), "{before} {moved}");
    let due = moved["last"].as_str().expect("it ran when it fell due").to_owned();
    cloud.advance(Duration::from_mins(1)).await;
    let name = moved["name"].as_str().expect("a name");
    let _ = caller.post(&format!("{schedules}/{name}/run"), json!({})).await.is(204);
    let ran = sweep(caller.get(&schedules).await.is(200));
    assert!(ran["last"].as_str() > Some(due.as_str()), "{ran}");
    let _ = caller.post(&format!("{schedules}/nothing/run"), json!({})).await.is(404);
}

/// Tables: paging through all items, by kind or by partition finds each item once.
/// Promise: local-console
#[tokio::test]
async fn every_item_is_found_once_whatever_the_page() {
    let cloud = Cloud::start().await;
    for name in ["ana", "bea", "cyd"] {
        let _ = cloud.member(name).await;
    }
    cloud.settle().await;
    let caller = cloud.anonymous();
    let tables = caller.get(&console(&cloud, "/_local/tables")).await.is(200);
    let state = tables["tables"].as_array().expect("tables").iter().find(|t| t["kinds"]["user"] == 3).expect("a table with three users");
    let base = console(&cloud, &format!("/_local/tables/{}", state["name"].as_str().expect("a name")));
    let mut keys = Vec::new();
    let mut page = caller.get(&format!("{base}?limit=4")).await.is(200);
    loop {
        let items = page["items"].as_array().expect("items");
        assert!(items.len() <= 4);
        keys.extend(items.iter().map(|i| format!("{} {}", i["pk"]["S"], i["sk"]["S"])));
        let Some(next) = page["next"].as_str() else { break };
        page = caller.get(&format!("{base}?limit=4&cursor={next}")).await.is(200);
    }
    let all = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!((keys.len(), json!(all)), (all, state["items"].clone()));

    let users = caller.get(&format!("{base}?kind=user&limit=2")).await.is(200);
    assert_eq!(users["items"].as_array().expect("items").len(), 2, "a filter still fills the page");
    let pk = users["items"][0]["pk"]["S"].as_str().expect("a key").replace('#', "%23");
    let partition = caller.get(&format!("{base}?pk={pk}&kind=password")).await.is(200);
    assert_eq!(partition["items"].as_array().expect("items").len(), 1, "{partition}");
    let _ = caller.get(&format!("{base}?cursor=forged")).await.is(400);
}

/// Breached passwords: the stand-in knows the passwords it was given, shows the requests it got, and fails on demand.
/// Promise: local-console
#[tokio::test]
async fn the_stand_in_for_breached_passwords_can_be_controlled() {
    let cloud = Cloud::start().await;
    let (caller, url) = (cloud.anonymous(), console(&cloud, "/_local/breached-passwords"));
    let before = caller.get(&url).await.is(200);
    assert_eq!((&before["mode"], &before["asked"]), (&json!("well"), &json!([])));
    let changed = caller.post(&url, json!({ "add": "password" })).await.is(200);
    assert!(changed["passwords"].as_array().expect("passwords").contains(&json!("password")), "{changed}");
    let range = format!("{}/breached-passwords/range/5baa6", cloud.urls.outside);
    let plain = caller.get(&range).await;
    assert!(String::from_utf8_lossy(&plain.bytes).contains("1E4C9B93F3F0682250B6CF8331B7EE68FD8:3"), "{plain:?}");
    let padded = caller.with("add-padding", "true").get(&range).await;
    assert!(String::from_utf8_lossy(&padded.bytes).lines().count() >= 800, "{padded:?}");
    let asked = caller.get(&url).await.is(200)["asked"].take();
    assert_eq!(asked, json!([{ "digits": "5baa6", "padded": false }, { "digits": "5baa6", "padded": true }]));
    assert_eq!(caller.post(&url, json!({ "mode": "down" })).await.is(200)["mode"], "down");
    caller.get(&range).await.has(503);
    // Six digits are too many.
    caller.get(&format!("{range}0")).await.has(400);
    for wrong in [json!({}), json!({ "add": "" }), json!({ "add": "x", "mode": "well" })] {
        let _ = caller.post(&url, wrong).await.is(400);
    }
}

/// Alarms: whoever says the state of one causes the event that CloudWatch would send.
/// Promise: local-console
#[tokio::test]
async fn an_alarm_can_be_raised() {
    let cloud = Cloud::start().await;
    let (caller, url) = (cloud.anonymous(), console(&cloud, "/_local/alarms"));
    let before = caller.get(&url).await.is(200);
    assert!(
        before["alarms"].as_array().expect("alarms").iter().all(|alarm| alarm["state"] == "OK" && alarm["since"].is_null()),
        "{before}"
    );
    let after = caller.post(&format!("{url}/OutboxLags"), json!({ "state": "ALARM" })).await.is(200);
    let raised = |alarms: &Value| alarms["alarms"].as_array().expect("alarms").iter().filter(|alarm| alarm["state"] == "ALARM").count();
    assert_eq!((raised(&before), raised(&after)), (0, 1));
    cloud.settle().await;
    let sent = caller.get(&console(&cloud, "/_local/events?q=OutboxLags")).await.is(200)["events"][0].clone();
    assert_eq!((&sent["bus"], &sent["source"]), (&json!("default"), &json!("aws.cloudwatch")));
    let health = &sent["deliveries"][0];
    assert_eq!((&health["function"], &health["attempts"][0]["error"]), (&json!("health"), &json!(null)), "{sent}");
    caller.post(&format!("{url}/Nothing"), json!({ "state": "ALARM" })).await.has(404);
    caller.post(&format!("{url}/OutboxLags"), json!({ "state": "loud" })).await.has(422);
}

/// Connections: an open socket is listed and can be cut off.
/// Promise: local-console
#[tokio::test]
async fn an_open_socket_is_listed_and_can_be_cut() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let mut socket = ana.socket().await;
    let (caller, connections) = (cloud.anonymous(), console(&cloud, "/_local/connections"));
    let listed = caller.get(&connections).await.is(200);
    let [open] = listed["connections"].as_array().expect("connections").as_slice() else { panic!("one connection: {listed}") };
    let one = format!("{connections}/{}", open["id"].as_str().expect("an id"));
    let _ = caller.delete(&one).await.is(204);
    assert!(socket.closed().await.is_some(), "the client gets a close frame");
    cloud.settle().await;
    assert_eq!(caller.get(&connections).await.is(200), json!({ "connections": [] }));
    let _ = caller.delete(&one).await.is(404);
}

/// Calls: each operation reports how many calls of AWS it made, in its reply and on the page.
/// Promise: local-console
#[tokio::test]
async fn an_operation_reports_its_calls_of_aws() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let me = ana.get("/v1/me").await;
    let _ = me.is(200);
    let timing = me.header("server-timing");
    assert!(timing.starts_with("aws;desc=\"calls=1 rcu=") && !timing.contains("rcu=0 ") && timing.contains(" wcu=0\""), "{timing}");
    let _ = ana.get("/v1/me").await.is(200);
    let calls = cloud.anonymous().get(&console(&cloud, "/_local/calls")).await.is(200);
    let operations = calls["operations"].as_array().expect("operations");
    let mine = operations.iter().find(|o| o["name"] == "GET /v1/me").expect("the operation");
    assert_eq!((&mine["times"], &mine["calls"]), (&json!(2), &json!({ "dynamodb.BatchGetItem": 2 })));
    assert!(calls["functions"].as_array().expect("functions").iter().any(|f| f["name"] == "profile"));
}

/// The console answers only requests from this machine and from its own pages.
/// Promise: local-console
#[tokio::test]
async fn pages_of_other_sites_reach_nothing() {
    let cloud = Cloud::start().await;
    let caller = cloud.anonymous();
    for path in [
        "/",
        "/inbox",
        "/requests",
        "/events",
        "/files",
        "/tables",
        "/clock",
        "/schedules",
        "/connections",
        "/calls",
        "/faults",
        "/breached-passwords",
        "/stripe",
        "/dead-letters",
        "/alarms",
    ] {
        let page = caller.get(&console(&cloud, path)).await;
        assert!(page.status.is_success() && page.header("content-security-policy").starts_with("default-src 'none'"), "{path} {page:?}");
    }
    let clock = console(&cloud, "/_local/clock");
    let _ = caller.with("origin", "https://evil.example").post(&clock, json!({ "advance": "1d" })).await.is(403);
    let _ = caller.with("host", "evil.example").get(&clock).await.is(403);
    let _ = caller.with("origin", &cloud.urls.console).post(&clock, json!({ "advance": "1d" })).await.is(200);
}

/// State: accounts, mails and the clock survive a restart. The demonstration accounts are made once. `fresh` deletes everything.
/// Promise: local-state
#[tokio::test]
async fn a_restart_loses_nothing_and_a_fresh_start_everything() {
    let folder = std::env::temp_dir().join(format!("stoa-{}", local_name()));
    let options = || Options { storage: Storage::Folder(folder.clone()), ..Options::default() };

    let stack = Stack::start(options()).await.expect("it starts");
    let made = seed::seed(&stack).await.expect("they are made");
    assert_eq!(made.len(), ACCOUNTS.len());
    stack.activity.quiet().await;
    stack.clock.advance(DAY).expect("the clock moves");
    stack.activity.quiet().await;
    let (mails, offset) = (stack.inbox.len(), stack.clock.offset_millis());
    drop(stack);

    let stack = Stack::start(options()).await.expect("it starts again");
    assert!(seed::seed(&stack).await.expect("all are there").is_empty(), "no account is made twice");
    assert!(ACCOUNTS.iter().all(|a| seed::exists(&stack, a)));
    assert_eq!((stack.inbox.len(), stack.clock.offset_millis()), (mails, offset));
    let visitor = local::visitor::Visitor::new(&stack.urls.api).expect("a visitor");
    let zeno = &ACCOUNTS[0];
    let _ = visitor.post("/v1/sessions", json!({ "login": zeno.username, "password": zeno.password })).await.expect("zeno signs in");
    drop(stack);

    let stack = Stack::start(Options { fresh: true, ..options() }).await.expect("it starts afresh");
    assert!(!ACCOUNTS.iter().any(|a| seed::exists(&stack, a)) && stack.inbox.is_empty());
    assert_eq!(stack.clock.offset_millis(), 0);
    drop(stack);
    std::fs::remove_dir_all(&folder).expect("the folder goes");
}

/// The seed makes the missing demonstration accounts and the first superuser, also when an earlier run was interrupted in
/// between. All of them can sign in.
/// Promise: local-seed, first-superuser
#[tokio::test]
async fn the_seed_makes_what_is_missing() {
    let cloud = Cloud::start().await;
    let (visitor, zeno) = (local::visitor::Visitor::new(&cloud.urls.api).expect("a visitor"), &ACCOUNTS[0]);
    let person = local::visitor::Person {
        first_name: "Zeno",
        last_name: "Citium",
        birth_date: "1990-04-01",
        username: zeno.username,
        email: zeno.email,
        password: zeno.password,
        locale: "en",
    };
    let _ = visitor.register(&cloud.inbox, person, |_| {}).await.expect("zeno registers");
    assert_eq!(seed::seed(&cloud).await.expect("they are made").len(), ACCOUNTS.len() - 1);
    assert!(seed::seed(&cloud).await.expect("all are there").is_empty());
    for account in &ACCOUNTS {
        let signed_in = json!({ "login": account.username, "password": account.password });
        let _ = visitor.post("/v1/sessions", signed_in).await.expect("everybody signs in");
    }
    let roles = cloud.of_kind("roles").await;
    let [one] = roles.as_slice() else { panic!("{roles:?}") };
    assert_eq!((&one["roles"]["L"], one["user"]["S"].is_string()), (&json!([{ "S": "superuser" }]), true));
    assert_eq!(cloud.of_kind("audit").await.len(), 1);
}

/// The seed gives no role to an account that merely has the name of a demonstration account.
/// Promise: local-seed, no-default-account
#[tokio::test]
async fn the_seed_gives_no_role_to_other_accounts() {
    let cloud = Cloud::start().await;
    let zeno = cloud.member("zeno").await;
    for made in [ACCOUNTS.len() - 1, 0] {
        assert_eq!(seed::seed(&cloud).await.expect("the others are made").len(), made);
    }
    assert!(cloud.of_kind("roles").await.is_empty() && cloud.of_kind("superuser").await.is_empty());
    let _ = zeno.get("/v1/me").await.is(200);
}

/// The seed also works under the strictest rules for passwords.
/// Promise: local-seed
#[tokio::test]
async fn the_seed_follows_the_rules_for_passwords() {
    let all = [("PasswordUpper", "true"), ("PasswordLower", "true"), ("PasswordDigit", "true"), ("PasswordSymbol", "true")];
    for length in ["12", "128"] {
        let parameters: Vec<_> = all.into_iter().chain([("PasswordMinLength", length)]).collect();
        let cloud = Cloud::start_with(&parameters).await;
        assert_eq!(seed::seed(&cloud).await.expect("they are made").len(), ACCOUNTS.len(), "{length}");
        let visitor = local::visitor::Visitor::new(&cloud.urls.api).expect("a visitor");
        let [zeno, ..] = seed::accounts(&cloud);
        let _ = visitor.post("/v1/sessions", json!({ "login": zeno.username, "password": zeno.password })).await.expect("zeno signs in");
        let shown = cloud.anonymous().get(&console(&cloud, "/_local/overview")).await.is(200);
        assert_eq!(shown["accounts"][0]["password"], zeno.password);
    }
}

/// Limits are real until the console lifts them, and again afterwards.
/// Promise: local-limits
#[tokio::test]
async fn the_limits_can_be_lifted_for_a_while() {
    let cloud = Cloud::start().await;
    let (caller, limits) = (cloud.anonymous(), console(&cloud, "/_local/limits"));
    let register = async |n: u32| caller.post("/v1/registrations", json!({ "email": format!("r{n}@example.test") })).await.status.as_u16();
    for n in 0..10 {
        assert_eq!(register(n).await, 201, "{n}");
    }
    assert_eq!((register(10).await, caller.get(&limits).await.is(200)), (429, json!({ "lifted": false })));
    assert_eq!(caller.post(&limits, json!({ "lifted": true })).await.is(200), json!({ "lifted": true }));
    assert_eq!(caller.get(&console(&cloud, "/_local/status")).await.is(200)["limits_lifted"], true);
    for n in 11..31 {
        assert_eq!(register(n).await, 201, "{n}");
    }
    let wrong = json!({ "login": "r1@example.test", "password": "not this one, either" });
    for _ in 0..10 {
        assert_eq!(caller.post("/v1/sessions", wrong.clone()).await.status, 401);
    }
    let _ = caller.post(&limits, json!({ "lifted": false })).await.is(200);
    let mut statuses = Vec::new();
    for n in 31..42 {
        statuses.push(register(n).await);
    }
    assert_eq!(statuses.iter().position(|status| *status == 429), Some(10), "what was done meanwhile does not count: {statuses:?}");
}

/// The limit on the requests of one client, which functions count in memory, is lifted with the others, and real again with them.
/// Promise: local-limits
#[tokio::test]
async fn the_rate_of_a_client_is_lifted_with_the_other_limits() {
    let cloud = Cloud::start_with(&[("ClientRate", "1")]).await;
    let (client, limits) = (cloud.anonymous(), console(&cloud, "/_local/limits"));
    let served = async || {
        let mut served = 0;
        for _ in 0..20 {
            served += usize::from(client.get("/docs").await.status == 200);
        }
        served
    };
    assert!((4..10).contains(&served().await), "four at once, and one a second");
    let _ = client.post(&limits, json!({ "lifted": true })).await.is(200);
    assert_eq!(served().await, 20);
    let _ = client.post(&limits, json!({ "lifted": false })).await.is(200);
    cloud.advance(Duration::from_mins(1)).await;
    assert!((4..10).contains(&served().await), "they are real again, and what was done meanwhile does not count");
}

/// Programs get as many members as they need from the console. They are signed in, and may sign in again with their password.
/// Promise: local-members
#[tokio::test]
async fn the_console_makes_members() {
    let cloud = Cloud::start().await;
    let (client, url) = (cloud.anonymous(), console(&cloud, "/_local/members"));
    let names: Vec<String> = (0..40).map(|n| format!("member{n}")).collect();
    let made = client.post(&url, json!({ "usernames": names })).await.is(201);
    let members = made["members"].as_array().expect("members");
    assert_eq!(members.len(), names.len());
    for (name, signed_in) in names.iter().zip(members) {
        let profile = client.signed_in(signed_in.clone()).get("/v1/me").await.is(200);
        assert_eq!(&profile["username"], name);
    }
    let _ = cloud.sign_in("member39").await.get("/v1/me").await.is(200);
    for refused in ["member0", "no name"] {
        let reply = client.post(&url, json!({ "usernames": [refused] })).await.is(400);
        let error = reply["error"].as_str().expect("an error");
        assert!(error.contains(refused) && !error.contains(['{', '(']), "for a person to read: {error}");
    }
}

/// With a public password nobody is made outside development.
/// Promise: local-members, no-default-account
#[tokio::test]
async fn members_are_made_in_development_only() {
    let parameters = [("Stage", "staging"), ("TestPhones", "")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    let stack = Stack::start(Options { parameters, ..Options::default() }).await.expect("it starts");
    let visitor = local::visitor::Visitor::new(&stack.urls.console).expect("a visitor");
    let made = visitor.status(reqwest::Method::POST, "/_local/members", Some(json!({ "usernames": ["ana"] }))).await;
    assert_eq!(made.expect("a reply").as_u16(), 404);
}

/// Outside development the seed makes no account.
/// Promise: local-seed, no-default-account
#[tokio::test]
async fn the_seed_is_for_development() {
    for stage in ["staging", "production"] {
        let parameters = [("Stage", stage), ("TestPhones", "")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        let stack = Stack::start(Options { parameters, ..Options::default() }).await.expect("it starts");
        assert!(seed::seed(&stack).await.expect("nothing is done").is_empty());
        assert!(!ACCOUNTS.iter().any(|a| seed::exists(&stack, a)), "{stage}");
    }
}

fn local_name() -> u128 {
    u128::from_le_bytes(kernel::Sys::real().bytes())
}

/// The tour runs to its end, and reports success.
/// Promise: local-seed
#[tokio::test]
async fn the_tour_succeeds() {
    let cloud = Cloud::start().await;
    let mut told = Vec::new();
    let result = tour::walk(&cloud, &mut told).await;
    let told = String::from_utf8(told).expect("text");
    assert!(result.is_ok(), "{told}\n{result:?}");
    assert!(told.contains("nothing is left"), "{told}");
}
