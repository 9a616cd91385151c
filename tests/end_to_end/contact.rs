//! The contact form: messages to the team, tickets, and answers.

use std::{collections::BTreeSet, time::Duration};

use local::{
    aws::{
        Service,
        faults::{Fault, Target},
    },
    inbox::Message,
    outside::{
        Mode,
        captcha::{SECRET, Solved},
    },
};
use tests::{Caller, Cloud, DAY, HOUR, Reply, Value, json, race};

use crate::{deletion::run, items};

const MESSAGES: &str = "/v1/contact-messages";
const TICKETS: &str = "/v1/admin/tickets";
const TEAM: &str = "team@example.test";
const MINUTE: Duration = Duration::from_secs(60);
/// The function whose schedule looks for what is due among tickets.
const DELIVER: &str = "DeliverFunction";

async fn start() -> Cloud {
    Cloud::start_with(&[("ContactMail", TEAM)]).await
}

/// A text that is long enough and begins with these words.
fn long(words: &str) -> String {
    format!("{words} {}", "It has been like that since yesterday. ".repeat(7))
}

fn message(email: &str, words: &str) -> Value {
    json!({ "name": "Ana Nowak", "email": email, "subject": "bug_report", "message": long(words) })
}

async fn send(who: &Caller, key: &str, body: Value) -> Reply {
    who.with("idempotency-key", key).post(MESSAGES, body).await
}

/// Sends a message from a client of its own, and returns the id of its ticket.
async fn written(cloud: &Cloud, email: &str, words: &str) -> String {
    text(&send(&cloud.anonymous(), email, message(email, words)).await.is(201)["id"])
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text: {value}")).to_owned()
}

async fn read(who: &Caller, ticket: &str) -> Reply {
    let reply = who.get(&format!("{TICKETS}/{ticket}")).await;
    reply.has(200);
    reply
}

async fn patch(who: &Caller, ticket: &str, version: &str, change: Value) -> Reply {
    who.with("if-match", version).patch(&format!("{TICKETS}/{ticket}"), change).await
}

async fn answer(who: &Caller, ticket: &str, key: &str, words: &str) -> Reply {
    who.with("idempotency-key", key).post(&format!("{TICKETS}/{ticket}/answers"), json!({ "text": words })).await
}

/// The ids of the tickets in a state, page by page.
async fn listed(who: &Caller, state: &str) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = who.get(&format!("{TICKETS}?state={state}&limit=2{cursor}")).await.is(200);
        ids.extend(page["items"].as_array().unwrap().iter().map(|ticket| text(&ticket["id"])));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return ids,
        }
    }
}

/// The actions in the audit about tickets, in their order.
async fn audited(cloud: &Cloud) -> Vec<String> {
    let mut entries = cloud.of_kind("audit").await;
    entries.sort_by_key(|entry| text(&entry["sk"]["S"]));
    entries.iter().map(|entry| text(&entry["action"]["S"])).filter(|action| action.starts_with("ticket_")).collect()
}

/// The form says what it has, in the reader's language, and takes what fits that and nothing else. Characters are counted as people see
/// them, without what surrounds the text.
/// Promise: contact-form
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_form_takes_what_it_says() {
    let cloud = start().await;
    let anybody = cloud.anonymous();
    let settings = anybody.get("/v1/contact-settings").await.is(200);
    assert_eq!((&settings["message_min"], &settings["message_max"], &settings["captcha"]), (&json!(250), &json!(10_000), &Value::Null));
    let polish = anybody.get("/v1/contact-settings?lang=pl").await.is(200);
    let (english, polish) = (settings["subjects"].as_array().unwrap(), polish["subjects"].as_array().unwrap());
    let values: BTreeSet<&str> = english.iter().map(|subject| subject["value"].as_str().unwrap()).collect();
    assert_eq!((values.len(), english.len()), (8, 8), "each subject has a value of its own: {values:?}");
    for (ours, theirs) in english.iter().zip(polish) {
        assert_eq!(ours["value"], theirs["value"]);
        assert!(ours["name"] != theirs["name"] && ours["template"] != theirs["template"], "{ours} {theirs}");
    }
    let with = |member: &str, value: Value| {
        let mut body = message("ana@example.test", "Hello.");
        body[member] = value;
        body
    };
    for (n, (member, value, code)) in [
        ("message", json!("x".repeat(249)), "too_short"),
        ("message", json!(format!("{}{}", "x".repeat(249), " ".repeat(50))), "too_short"),
        ("message", json!("ż".repeat(10_001)), "too_long"),
        ("message", json!(" ".repeat(300)), "required"),
        ("message", json!(format!("{}\u{8}", "x".repeat(300))), "characters"),
        ("subject", json!("auth_failure"), "choice"),
        ("subject", json!("Something does not work"), "choice"),
        ("name", json!(" "), "required"),
        ("name", json!("n".repeat(101)), "too_long"),
        ("email", json!(""), "required"),
        ("email", json!("ana"), "email"),
    ]
    .into_iter()
    .enumerate()
    {
        let refused = send(&anybody, &format!("wrong-{n}"), with(member, value)).await;
        assert_eq!(refused.field_errors(), [format!("/{member} {code}")], "{n}");
    }
    assert!(cloud.of_kind("contact_ticket").await.is_empty() && cloud.mails_to(TEAM).await.is_empty());
    for (n, size) in [250, 10_000].into_iter().enumerate() {
        let body = with("message", json!(format!(" {}\n", "ż".repeat(size))));
        send(&cloud.anonymous(), &format!("good-{n}"), body).await.is(201);
    }
    assert_eq!(cloud.mails_to(TEAM).await.len(), 2);
    items::are_as_described(&cloud).await;
}

/// What somebody writes is stored and mailed to the team with their address for the answer, whatever language they write in.
/// Promise: contact-mail, contact-threads
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_team_gets_what_is_written_and_can_answer_the_mail() {
    let cloud = start().await;
    let ana = cloud.anonymous().with("accept-language", "pl");
    let sent = send(&ana, "k1", message("ana@example.test", "Nothing <b>works</b>.")).await;
    let id = text(&sent.is(201)["id"]);
    assert_eq!(sent.header("location"), format!("{TICKETS}/{id}"));
    let mail = cloud.mail_to(TEAM).await;
    assert_eq!(mail.subject, format!("Contact form: Something does not work ({id})"));
    assert_eq!(mail.headers["reply-to"], "ana@example.test");
    assert!(
        mail.text.contains("Nothing <b>works</b>. It has been") && mail.text.contains("ana@example.test (not proven)"),
        "{}",
        mail.text
    );
    assert!(!mail.html.as_deref().unwrap().contains("<b>"), "{:?}", mail.html);
    let copy = cloud.mail_to("ana@example.test").await;
    assert_eq!(copy.subject, format!("Twoja wiadomość do nas: Coś nie działa ({id})"));
    assert!(copy.headers["reply-to"].contains(TEAM), "{:?}", copy.headers);

    let (kim, _) = cloud.staff("kim", "administrator").await;
    let ticket = read(&kim, &id).await.json();
    assert_eq!(ticket["ticket"]["state"], "open");
    assert_eq!(
        (&ticket["ticket"]["subject"], &ticket["ticket"]["subject_name"]),
        (&json!("bug_report"), &json!("Something does not work"))
    );
    assert_eq!((&ticket["ticket"]["locale"], &ticket["ticket"]["proven"]), (&json!("pl"), &json!(false)));
    assert!(ticket["ticket"]["preview"].as_str().unwrap().starts_with("Nothing <b>works</b>. It has been"), "{ticket}");
    assert_eq!(ticket["messages"][0]["text"], long("Nothing <b>works</b>.").trim());
    assert!(["user", "username"].iter().all(|of_an_account| ticket["ticket"].get(of_an_account).is_none()), "{ticket}");
    assert!(ticket["messages"][0].get("author").is_none(), "{ticket}");
}

/// The operator's own subjects have their names in both languages, in the form and in mails.
/// Promise: contact-form
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_chooses_the_subjects() {
    let subjects = "delivery=Delivery|pl=Dostawa;other";
    let cloud = Cloud::start_with(&[("ContactMail", TEAM), ("ContactSubjects", subjects)]).await;
    let shown = cloud.anonymous().get("/v1/contact-settings?lang=pl").await.is(200);
    let names: Vec<&str> = shown["subjects"].as_array().unwrap().iter().map(|subject| subject["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Dostawa", "Coś innego"]);
    let refused = send(&cloud.anonymous(), "k", message("ana@example.test", "Hello.")).await;
    assert_eq!(refused.field_errors(), ["/subject choice"]);
    let mut body = message("ana@example.test", "Hello.");
    body["subject"] = json!("delivery");
    send(&cloud.anonymous(), "k", body).await.is(201);
    assert!(cloud.mail_to(TEAM).await.subject.starts_with("Contact form: Delivery ("));
}

/// No word of a stranger in a mail, wherever it was written: neither the text nor the name.
fn says_nothing(mail: &Message) {
    for body in [&mail.text, mail.html.as_ref().unwrap(), &mail.subject] {
        for canary in ["canary", "Canary", "evil.example"] {
            assert!(!body.contains(canary), "{body}");
        }
    }
}

/// The copy has what was written only for who is signed in and gives the address of their account. Anybody else gets no word of it, and
/// not more than two mails a day; the team gets all of them.
/// Promise: contact-copy
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_gets_no_word_of_what_was_written() {
    let cloud = start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let words = "canary of the text at https://evil.example/now";
    let to = |email: &str| {
        let mut body = message(email, words);
        body["name"] = json!("Canary of the name");
        body
    };
    send(&ana, "own", to("ANA@example.test")).await.is(201);
    let copy = cloud.mail_to("ANA@example.test").await;
    assert!(copy.text.contains("canary of the text") && !copy.text.contains("Canary of the name"), "{}", copy.text);
    // Somebody else's address, with an account and without one.
    for (n, who) in [ben.clone(), cloud.anonymous(), cloud.anonymous()].into_iter().enumerate() {
        send(&who, &format!("k{n}"), to("victim@example.test")).await.is(201);
    }
    send(&cloud.anonymous(), "hers", to(&ben.email())).await.is(201);
    let told = cloud.mails_to("victim@example.test").await;
    assert_eq!(told.len(), 2, "two mails a day");
    let told_ben = cloud.mails_to(&ben.email()).await;
    assert_eq!(told_ben.len(), 1);
    told.iter().chain(&told_ben).for_each(says_nothing);
    assert_eq!(cloud.mails_to(TEAM).await.len(), 5);
    cloud.advance(DAY).await;
    send(&cloud.anonymous(), "next", to("victim@example.test")).await.is(201);
    assert_eq!(cloud.mails_to("victim@example.test").await.len(), 3);
}

/// A request is one message however often it is sent, also at the same moment, and its key is for that message alone.
/// Promise: contact-mail
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_request_writes_once() {
    let cloud = start().await;
    let ana = cloud.anonymous();
    let body = message("ana@example.test", "Hello.");
    assert_eq!(ana.post(MESSAGES, body.clone()).await.code(), "idempotency_key_required");
    let first = send(&ana, "k1", body.clone()).await.is(201);
    assert_eq!(send(&ana, "k1", body.clone()).await.is(201), first);
    send(&ana, "k1", message("ana@example.test", "Another one.")).await.is_problem(422, "idempotency_key_reused");
    let replies = race(5, |_| {
        let (ben, body) = (cloud.anonymous(), message("ben@example.test", "Hello."));
        async move { send(&ben, "k2", body).await }
    })
    .await;
    let ids: BTreeSet<String> = replies.iter().map(|reply| text(&reply.is(201)["id"])).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    assert_eq!((cloud.mails_to(TEAM).await.len(), cloud.of_kind("contact_ticket").await.len()), (2, 2));
    // The key is the client's own: a member's is another one, and it is forgotten after a day.
    let zoe = cloud.member("zoe").await;
    assert_ne!(send(&zoe, "k1", body.clone()).await.is(201), first);
    cloud.advance(DAY).await;
    assert_ne!(send(&ana, "k1", body).await.is(201), first);
}

/// Where captchas are on, a message takes a token of its own, for this form, from a person, and none is taken while the service is away.
/// A repetition needs no second one.
/// Promise: contact-captcha
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_takes_a_captcha_where_they_are_on() {
    let cloud = Cloud::start_with(&[("ContactMail", TEAM), ("CaptchaSecret", SECRET), ("CaptchaSiteKey", "site-key")]).await;
    let captchas = &cloud.outside.captchas;
    let settings = cloud.anonymous().get("/v1/contact-settings").await.is(200);
    assert_eq!(settings["captcha"], json!({ "service": "recaptcha", "site_key": "site-key", "action": "contact" }));
    let solved = |action: &str, score: f64| Solved { hostname: None, action: Some(action.to_owned()), score: Some(score) };
    let give = |solved| captchas.solve(solved, cloud.now());
    let with = async |key: &str, token: &str| {
        let mut body = message(&format!("{key}@example.test"), "Hello.");
        body["captcha"] = json!(token);
        send(&cloud.anonymous(), key, body).await
    };
    let refused = ["/captcha captcha"];
    assert_eq!(send(&cloud.anonymous(), "none", message("ana@example.test", "Hello.")).await.field_errors(), ["/captcha required"]);
    assert_eq!(with("empty", "").await.field_errors(), ["/captcha required"]);
    assert_eq!(with("forged", "made up").await.field_errors(), refused);
    assert_eq!(with("action", &give(solved("create_model", 0.9))).await.field_errors(), refused);
    assert_eq!(with("score", &give(solved("contact", 0.4))).await.field_errors(), refused);
    let elsewhere = Solved { hostname: Some("evil.example".to_owned()), ..solved("contact", 0.9) };
    assert_eq!(with("host", &give(elsewhere)).await.field_errors(), refused);
    let late = give(solved("contact", 0.9));
    cloud.advance(Duration::from_secs(121)).await;
    assert_eq!(with("late", &late).await.field_errors(), refused);
    for mode in [Mode::Down, Mode::Garbled] {
        captchas.be(mode);
        with("outage", &give(solved("contact", 0.9))).await.is_problem(503, "unavailable");
    }
    captchas.be(Mode::Well);
    assert!(cloud.of_kind("contact_ticket").await.is_empty() && cloud.mails_to(TEAM).await.is_empty());

    let token = give(solved("contact", 0.9));
    let first = with("good", &token).await.is(201);
    assert_eq!(with("good", &token).await.is(201), first, "a repetition takes none");
    assert_eq!(with("replayed", &token).await.field_errors(), refused);
    assert_eq!(cloud.mails_to(TEAM).await.len(), 1);
}

/// Five messages a minute from a network and five an hour with an address are taken, whoever sends them; then there is room again.
/// Promise: contact-limits
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_are_limited() {
    let cloud = start().await;
    let ana = cloud.anonymous();
    for n in 0..5 {
        send(&ana, &format!("k{n}"), message(&format!("ana{n}@example.test"), "Hello.")).await.is(201);
    }
    let refused = send(&ana, "k5", message("ana5@example.test", "Hello.")).await;
    refused.is_problem(429, "too_many_requests");
    assert!(refused.header("ratelimit-policy").contains("contact_network") && !refused.header("retry-after").is_empty(), "{refused:?}");
    send(&cloud.anonymous(), "other", message("zoe@example.test", "Hello.")).await.is(201);
    cloud.advance(MINUTE).await;
    send(&ana, "k5", message("ana5@example.test", "Hello.")).await.is(201);
    // Spellings of one mailbox are one address.
    for (n, spelling) in
        ["b.en@gmail.com", "ben@gmail.com", "BEN@gmail.com", "ben+1@gmail.com", "be.n@googlemail.com"].into_iter().enumerate()
    {
        send(&cloud.anonymous(), &format!("b{n}"), message(spelling, "Hello.")).await.is(201);
    }
    let refused = send(&cloud.anonymous(), "b5", message("ben@gmail.com", "Hello.")).await;
    refused.is_problem(429, "too_many_requests");
    assert!(refused.header("ratelimit-policy").contains("contact_address"), "{refused:?}");
    assert_eq!(cloud.mails_to(TEAM).await.len(), 12);
    cloud.advance(HOUR).await;
    send(&cloud.anonymous(), "b5", message("ben@gmail.com", "Hello.")).await.is(201);
}

/// Everybody together sends three hundred messages an hour, so that nobody buries the team.
/// Promise: contact-limits
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_messages_together_are_limited() {
    let cloud = start().await;
    for wave in 0..30 {
        let replies = race(10, |n| {
            let (who, email) = (cloud.anonymous(), format!("ana{wave}x{n}@example.test"));
            async move { send(&who, &email, message(&email, "Hello.")).await }
        })
        .await;
        for reply in &replies {
            reply.is(201);
        }
    }
    let refused = send(&cloud.anonymous(), "k", message("ben@example.test", "Hello.")).await;
    refused.is_problem(429, "too_many_requests");
    assert!(refused.header("ratelimit-policy").starts_with("\"contact\""), "{refused:?}");
    cloud.advance(HOUR).await;
    send(&cloud.anonymous(), "k", message("ben@example.test", "Hello.")).await.is(201);
}

/// Administrators find tickets by their state, change the state in the version that they have seen, and give tickets to each other. What
/// they do is in the audit.
/// Promise: contact-desk
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn administrators_work_through_tickets() {
    let cloud = start().await;
    let mut ids = Vec::new();
    for n in 0..3 {
        ids.push(written(&cloud, &format!("ana{n}@example.test"), &format!("Message-{n}")).await);
        cloud.advance(MINUTE).await;
    }
    let ((kim, _), (lou, _), (mod_, _)) =
        (cloud.staff("kim", "administrator").await, cloud.staff("lou", "administrator").await, cloud.staff("moe", "moderator").await);
    assert_eq!(listed(&kim, "open").await, ids, "who waits longest is first");
    let id = &ids[1];
    for path in [TICKETS.to_owned(), format!("{TICKETS}/{id}")] {
        mod_.get(&path).await.is_problem(403, "forbidden");
        cloud.anonymous().get(&path).await.is_problem(401, "token_invalid");
    }
    let version = read(&kim, id).await.header("etag");
    kim.patch(&format!("{TICKETS}/{id}"), json!({ "state": "done" })).await.is_problem(428, "version_required");
    let taken = patch(&kim, id, &version, json!({ "assignee": kim.id() })).await;
    assert_eq!(taken.is(200)["assignee"], json!({ "id": kim.id(), "username": "kim" }));
    patch(&lou, id, &version, json!({ "assignee": lou.id() })).await.is_problem(412, "version_mismatch");
    let version = taken.header("etag");
    assert_eq!(patch(&lou, id, &version, json!({ "assignee": mod_.id() })).await.field_errors(), ["/assignee choice"]);
    let until = |by: Duration| kernel::Timestamp(cloud.now() + by).to_string();
    for (change, expected) in [
        (json!({ "state": "snoozed" }), "/snoozed_until required"),
        (json!({ "state": "open", "snoozed_until": until(DAY) }), "/snoozed_until choice"),
        (json!({ "state": "snoozed", "snoozed_until": until(91 * DAY) }), "/snoozed_until time_ahead"),
        (json!({ "state": "done", "assignee": lou.id() }), "/assignee choice"),
    ] {
        assert_eq!(patch(&kim, id, &version, change).await.field_errors(), [expected]);
    }
    // Who loses the role at the same moment does not get it.
    let lost = Fault::Taken(format!("USER#{}", lou.id()).leak());
    let lost = cloud.aws.faults.script(Target::of("ContactFunction", Service::DynamoDb, "TransactWriteItems"), lost);
    let give = async || patch(&kim, id, &version, json!({ "assignee": lou.id() })).await;
    assert_eq!(give().await.field_errors(), ["/assignee choice"]);
    assert!(lost.hits() > 0);
    lost.end();
    let given = give().await;
    let done = patch(&lou, id, &given.header("etag"), json!({ "state": "done" })).await;
    assert!(done.is(200).get("assignee").is_none(), "nobody has what is done");
    assert_eq!((listed(&kim, "done").await, listed(&kim, "open").await.len()), (vec![id.clone()], 2));
    let again = patch(&lou, id, &done.header("etag"), json!({ "state": "done" })).await;
    assert_eq!(again.has(200).header("etag"), done.header("etag"), "nothing has changed");
    assert_eq!(audited(&cloud).await, ["ticket_read", "ticket_changed", "ticket_changed", "ticket_changed"]);
    kim.get(&format!("{TICKETS}/tkt_01ARZ3NDEKTSV4RRFFQ69G5FAV")).await.is_problem(404, "not_found");
    let cursor = text(&kim.get(&format!("{TICKETS}?limit=1")).await.is(200)["next_cursor"]);
    for (who, cursor, state) in [(&kim, "forged", "open"), (&lou, &*cursor, "open"), (&kim, &*cursor, "done")] {
        who.get(&format!("{TICKETS}?limit=1&state={state}&cursor={cursor}")).await.is_problem(400, "cursor_invalid");
    }
    kim.get(&format!("{TICKETS}?limit=1&cursor={cursor}")).await.is(200);
    items::are_as_described(&cloud).await;
}

/// What an account has written is listed by the account, in every state, and nothing of others.
/// Promise: contact-desk
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tickets_of_an_account_are_listed() {
    let cloud = start().await;
    let ana = cloud.member("ana").await;
    let mut ids = Vec::new();
    for n in 0..3 {
        ids.insert(0, text(&send(&ana, &format!("k{n}"), message(&ana.email(), "Hello.")).await.is(201)["id"]));
    }
    written(&cloud, &ana.email(), "Somebody with her address.").await;
    let (kim, _) = cloud.staff("kim", "administrator").await;
    patch(&kim, &ids[1], "*", json!({ "state": "done" })).await.is(200);
    answer(&kim, &ids[2], "k", "Hello.").await.is(201);
    let page = kim.get(&format!("{TICKETS}?user={}", ana.id())).await.is(200);
    let listed: Vec<String> = page["items"].as_array().unwrap().iter().map(|ticket| text(&ticket["id"])).collect();
    assert_eq!((listed, page.get("next_cursor")), (ids, None), "the latest first");
    assert_eq!((&page["items"][1]["state"], &page["items"][0]["proven"]), (&json!("done"), &json!(true)));
    let of_ana = |ticket: &Value| (&ticket["user"], &ticket["username"]) == (&json!(ana.id()), &json!("ana"));
    assert!(page["items"].as_array().unwrap().iter().all(of_ana), "{page}");
    let ticket = read(&kim, &text(&page["items"][0]["id"])).await.json();
    assert!(of_ana(&ticket["ticket"]), "{ticket}");
    assert_eq!(kim.get(&format!("{TICKETS}?user={}", kim.id())).await.is(200)["items"], json!([]));
}

/// Tickets of some days are found in the list of their state, page by page.
/// Promise: contact-desk
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tickets_are_found_by_day() {
    let cloud = start().await;
    let mut days = Vec::new();
    for n in 0..3 {
        let ids =
            [written(&cloud, &format!("a{n}@example.test"), "One").await, written(&cloud, &format!("b{n}@example.test"), "Two").await];
        days.push((cloud.now().date().to_string(), ids));
        cloud.advance(DAY).await;
    }
    let (kim, _) = cloud.staff("kim", "administrator").await;
    let of = |from: usize, until: usize| days[from..=until].iter().flat_map(|(_, ids)| ids.clone()).collect::<BTreeSet<_>>();
    for (query, expected) in [
        (format!("open&since_from={}", days[1].0), of(1, 2)),
        (format!("open&since_until={}", days[1].0), of(0, 1)),
        (format!("open&since_from={0}&since_until={0}", days[1].0), of(1, 1)),
        (format!("open&since_from={}&since_until={}", days[2].0, days[0].0), BTreeSet::new()),
        (format!("done&since_from={}", days[0].0), BTreeSet::new()),
    ] {
        let found = listed(&kim, &query).await;
        assert_eq!(found.len(), expected.len(), "{query}");
        assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected, "{query}");
    }
    let first = kim.get(&format!("{TICKETS}?limit=1&since_from={}", days[0].0)).await.is(200);
    let cursor = text(&first["next_cursor"]);
    kim.get(&format!("{TICKETS}?limit=1&cursor={cursor}")).await.is_problem(400, "cursor_invalid");
    assert_eq!(kim.get(&format!("{TICKETS}?since_from=2026-13-01")).await.field_errors(), ["/since_from date"]);
}

/// Tickets are found by parts of the name, the address and the beginning of what was written, among those of a state, page by page.
/// Promise: contact-desk
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tickets_are_found_by_words() {
    let cloud = start().await;
    let (kim, _) = cloud.staff("kim", "administrator").await;
    let parcel = written(&cloud, "ola@example.test", "Where is my PARCEL from Łódź?").await;
    let other = written(&cloud, "jan@example.test", "The door is stuck.").await;
    let both = BTreeSet::from([parcel.clone(), other.clone()]);
    for (q, expected) in [
        ("parcel", BTreeSet::from([parcel.clone()])),
        ("%C5%82%C3%B3d%C5%BA%20ola@", BTreeSet::from([parcel.clone()])),
        ("JAN@EXAMPLE", BTreeSet::from([other.clone()])),
        ("nowak", both.clone()),
        ("%20", both.clone()),
        ("parcel%20door", BTreeSet::new()),
    ] {
        let mut found = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = kim.get(&format!("{TICKETS}?limit=1&q={q}{cursor}")).await.is(200);
            found.extend(page["items"].as_array().unwrap().iter().map(|ticket| text(&ticket["id"])));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!((found.len(), found.into_iter().collect::<BTreeSet<_>>()), (expected.len(), expected), "{q}");
    }
    assert!(listed(&kim, "done&q=parcel").await.is_empty());
    let first = text(&kim.get(&format!("{TICKETS}?limit=1&q=nowak")).await.is(200)["next_cursor"]);
    kim.get(&format!("{TICKETS}?limit=1&q=ola&cursor={first}")).await.is_problem(400, "cursor_invalid");
}

/// A snooze ends by the clock, and what was answered a week ago is done.
/// Promise: contact-desk
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tickets_follow_the_clock() {
    let cloud = start().await;
    let (snoozed, answered) = (written(&cloud, "ana@example.test", "One").await, written(&cloud, "ben@example.test", "Two").await);
    let (kim, app) = cloud.staff("kim", "administrator").await;
    let until = kernel::Timestamp(cloud.now() + DAY).to_string();
    patch(&kim, &snoozed, "*", json!({ "state": "snoozed", "snoozed_until": until })).await.is(200);
    answer(&kim, &answered, "k1", "Try again.").await.is(201);
    assert_eq!((listed(&kim, "snoozed").await, listed(&kim, "waiting").await), (vec![snoozed.clone()], vec![answered.clone()]));
    cloud.advance(DAY).await;
    let kim = cloud.sign_in_with(&cloud.anonymous(), kim.name(), &app).await;
    assert_eq!(read(&kim, &snoozed).await.json()["ticket"]["state"], "open");
    let _ = run(&cloud, DELIVER).await;
    assert_eq!((listed(&kim, "snoozed").await.len(), listed(&kim, "open").await), (0, vec![snoozed.clone()]));
    cloud.advance(7 * DAY).await;
    let _ = run(&cloud, DELIVER).await;
    let kim = cloud.sign_in_with(&cloud.anonymous(), kim.name(), &app).await;
    assert_eq!((listed(&kim, "done").await, listed(&kim, "open").await), (vec![answered], vec![snoozed]));
}

/// Answers are mailed once, in a conversation with the copy, and the answer to an answer goes to the team. Nobody of the team is named.
/// Promise: contact-threads, contact-desk
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_team_answers_by_mail() {
    let cloud = start().await;
    let id = written(&cloud, "ana@example.test", "Nothing works.").await;
    let (kim, _) = cloud.staff("kim", "administrator").await;
    cloud.settle().await;
    assert_eq!(answer(&kim, &id, "k0", " ").await.field_errors(), ["/text required"]);
    let sent = answer(&kim, &id, "k1", "Turn it off.\nAnd on <again>.").await.is(201);
    assert_eq!((&sent["number"], &sent["author"]["username"]), (&json!(2), &json!("kim")));
    cloud.settle().await;
    assert_eq!(answer(&kim, &id, "k1", "Turn it off.\nAnd on <again>.").await.is(201), sent);
    answer(&kim, &id, "k1", "Something else.").await.is_problem(422, "idempotency_key_reused");
    answer(&kim, &id, "k2", "Does it work?").await.is(201);
    answer(&kim, "tkt_01ARZ3NDEKTSV4RRFFQ69G5FAV", "k3", "Hello.").await.is_problem(404, "not_found");
    let mails = cloud.mails_to("ana@example.test").await;
    let [copy, first, second] = mails.as_slice() else { panic!("{mails:?}") };
    assert!(first.text.contains("Turn it off.\r\nAnd on <again>.") && second.text.contains("Does it work?"), "{mails:?}");
    for (mail, number) in [(copy, 1), (first, 2), (second, 3)] {
        assert_eq!(mail.headers["message-id"], format!("<contact.{id}.{number}@example.test>"));
        assert_eq!(mail.headers["in-reply-to"], format!("<contact.{id}@example.test>"));
        assert_eq!(mail.headers["references"], mail.headers["in-reply-to"]);
        assert!(mail.headers["reply-to"].contains(TEAM), "{:?}", mail.headers);
        assert!(mail.subject.ends_with(&copy.subject) && !mail.text.contains("kim"), "{mail:?}");
    }
    let ticket = read(&kim, &id).await.json();
    assert_eq!((&ticket["ticket"]["state"], &ticket["ticket"]["messages"]), (&json!("waiting"), &json!(3)));
    assert_eq!(ticket["messages"].as_array().unwrap().len(), 3);
    assert_eq!(audited(&cloud).await, ["ticket_answered", "ticket_answered", "ticket_read"]);
    items::are_as_described(&cloud).await;
}

/// Two answers at the same moment are both sent, with numbers of their own.
/// Promise: contact-desk
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_at_once_are_two() {
    let cloud = start().await;
    let id = written(&cloud, "ana@example.test", "Nothing works.").await;
    let (kim, _) = cloud.staff("kim", "administrator").await;
    let replies = race(2, |n| {
        let (kim, id) = (kim.clone(), id.clone());
        async move { answer(&kim, &id, &format!("k{n}"), &format!("Answer {n}.")).await }
    })
    .await;
    let numbers: BTreeSet<u64> = replies.iter().map(|reply| reply.is(201)["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, BTreeSet::from([2, 3]));
    assert_eq!(cloud.mails_to("ana@example.test").await.len(), 3);
}

/// Line breaks and addresses in fields that become headers are refused, and everything else is text, in both bodies of the mails and for
/// the team's programs.
/// Promise: contact-injection
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_typed_stays_text() {
    let cloud = start().await;
    let with = |member: &str, value: &str| {
        let mut body = message("ana@example.test", "Hello.");
        body[member] = json!(value);
        body
    };
    for (n, (member, value)) in [
        ("name", "Ana\r\nBcc: eve@evil.example"),
        ("name", "Ana\nX-Evil: 1"),
        ("name", "Ana\u{2028}Bcc: eve@evil.example"),
        ("email", "ana@example.test\r\nBcc: eve@evil.example"),
        ("email", "ana@example.test, eve@evil.example"),
        ("email", "ana@example.test;eve@evil.example"),
        ("email", "\"Ana\" <ana@example.test>"),
        ("email", "ana%0aBcc:eve@evil.example\n"),
        ("subject", "other\r\nBcc: eve@evil.example"),
    ]
    .into_iter()
    .enumerate()
    {
        send(&cloud.anonymous(), &format!("wrong-{n}"), with(member, value)).await.is_problem(422, "invalid");
    }
    let evil = "</p><script>alert(1)</script><img src=//evil.example/x> {{ 7 * 7 }} { $number } %0d%0aBcc: eve@evil.example\r\n.\r\nBcc: eve@evil.example";
    let mut body = with("message", &long(evil));
    body["name"] = json!("<i>Ana</i> \"{{ name }}\" Bcc: eve@evil.example");
    send(&cloud.anonymous(), "good", body).await.is(201);
    let mail = cloud.mail_to(TEAM).await;
    let html = mail.html.as_deref().unwrap();
    assert!(!html.contains("<script") && !html.contains("<img") && !html.contains("<i>") && !html.contains("href"), "{html}");
    assert!(mail.text.contains("{{ 7 * 7 }} { $number }") && mail.text.contains("{{ name }}"), "{}", mail.text);
    assert!(!mail.subject.contains("Ana") && mail.headers["reply-to"] == "ana@example.test", "{mail:?}");
    assert!(cloud.mails_to("eve@evil.example").await.is_empty());
    says_nothing(&cloud.mail_to("ana@example.test").await);
}

/// After a year nothing is left for anybody to read, whether or not the table has deleted it.
/// Promise: contact-kept
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_is_kept_for_a_year() {
    let cloud = start().await;
    let id = written(&cloud, "ana@example.test", "Nothing works.").await;
    let (kim, app) = cloud.staff("kim", "administrator").await;
    cloud.advance(364 * DAY).await;
    let kim = cloud.sign_in_with(&cloud.anonymous(), kim.name(), &app).await;
    read(&kim, &id).await;
    cloud.advance(DAY).await;
    let kim = cloud.sign_in_with(&cloud.anonymous(), kim.name(), &app).await;
    kim.get(&format!("{TICKETS}/{id}")).await.is_problem(404, "not_found");
    answer(&kim, &id, "k", "Hello.").await.is_problem(404, "not_found");
    patch(&kim, &id, "*", json!({ "state": "done" })).await.is_problem(404, "not_found");
    assert!(listed(&kim, "open").await.is_empty());
}
