//! The log line of a refusal, as operators read it: its code, cause and source location, the request's id as the client got it, the
//! person's id where it is known, and the operation on the table that failed or was refused.

use std::time::Duration;

use local::{
    aws::{
        Service,
        faults::{Fault, Target},
    },
    outside::captcha::SECRET,
};
use tests::{Caller, Cloud, PASSWORD, Reply, json, logged};

/// The request, the reply, and the cause that the log must contain.
type Case = (&'static str, Reply, &'static str);

/// What staff are refused because it is their own, or belongs to somebody whose role is as high.
async fn refused_staff(cloud: &Cloud, ana: &Caller) -> Vec<(Case, Option<String>)> {
    let (moe, ida) = (cloud.staff("moe", "moderator").await.0, cloud.staff("ida", "administrator").await.0);
    let said = moe.with("idempotency-key", "one").post("/v1/rooms/public/messages", json!({ "text": "Good morning!" })).await.is(201);
    ana.post(&format!("/v1/rooms/public/messages/{}/reports", said["seq"]), json!({ "reason": "spam" })).await.is(204);
    let decided = format!("/v1/moderation/reports/public/{}/resolution", said["seq"]);
    let room = ida.post("/v1/rooms", json!({ "kind": "group", "name": "Porch" })).await.is(201);
    let room = format!("/v1/admin/rooms/{}", room["id"].as_str().unwrap());
    let ban = format!("/v1/moderation/bans/{}", moe.id());
    let owner = "the owner of the room is the caller, or has such a role too";
    vec![
        (("own ban", moe.delete(&ban).await, "nobody ends their own ban"), Some(moe.id())),
        (
            ("own message", moe.post(&decided, json!({ "outcome": "dismissed" })).await, "the reported message is the caller's own"),
            Some(moe.id()),
        ),
        (("own room", ida.delete(&room).await, owner), Some(ida.id())),
    ]
}

/// A sign-in after five failures, in the pause that follows.
async fn refused_guess(cloud: &Cloud) -> (Case, Option<String>) {
    let eve = cloud.anonymous();
    let guess = async || eve.post("/v1/sessions", json!({ "login": "canary_nobody", "password": "canary horse staples" })).await;
    for _ in 0..5 {
        guess().await.is_problem(401, "credentials_invalid");
    }
    let paused = guess().await;
    paused.is_problem(429, "too_many_requests");
    (("the sixth guess", paused, " is reached"), None)
}

/// A message of the contact form with a forged captcha, and one more than a network may send, which all were refused.
async fn refused_messages() -> Vec<(Case, Option<String>)> {
    let settings = [("ContactMail", "team@example.test"), ("CaptchaSecret", SECRET), ("CaptchaSiteKey", "site-key")];
    let cloud = Cloud::start_with(&settings).await;
    let eve = cloud.anonymous().with("idempotency-key", "canary");
    let message = "The canary has been silent since yesterday. ".repeat(7);
    let body = json!({
        "name": "canary", "email": "canary@example.test", "subject": "bug_report", "message": message, "captcha": "canary"
    });
    let mut sent = Vec::new();
    for _ in 0..6 {
        sent.push(eve.post("/v1/contact-messages", body.clone()).await);
    }
    let (over, forged) = (sent.pop().unwrap(), sent.pop().unwrap());
    over.is_problem(429, "too_many_requests");
    vec![
        (("forged captcha", forged, "the service refuses it: it is forged, used or expired"), None),
        (("more than a network may send", over, "limit contact_network is reached"), None),
    ]
}

/// The requests with their replies and the causes that the log must name, and whose requests they were.
async fn journey() -> Vec<(Case, Option<String>)> {
    let cloud = Cloud::start().await;
    let (ana, ben, eve) = (cloud.member("ana").await, cloud.member("ben").await, cloud.member("eve").await);
    let with = |token: &str| cloud.anonymous().with("authorization", token);
    let me = async |caller: &Caller| caller.get("/v1/me").await;
    let sign_in =
        async |login: &str, password: &str| cloud.anonymous().post("/v1/sessions", json!({ "login": login, "password": password })).await;
    let id = |caller: &Caller| Some(caller.id());
    let mut cases: Vec<(Case, Option<String>)> = vec![
        (("no token", me(&cloud.anonymous()).await, "there is no Authorization header"), None),
        (("another scheme", me(&with("Basic YTpi")).await, "the Authorization header holds no bearer token"), None),
        (("no JWT", me(&with("Bearer canary-in-a-token")).await, "what was sent is no access token"), None),
        (("nobody's name", sign_in("canary_name", PASSWORD).await, "nobody has this name"), None),
        (("wrong password", sign_in("ana", "canary horse staples").await, "the password is wrong"), id(&ana)),
        (("no role", ana.get("/v1/admin/users/ben").await, "the caller has no role that may do this"), id(&ana)),
        (
            (
                "foreign page",
                ana.with("origin", "https://canary.example").post("/v1/realtime/tickets", json!({})).await,
                "the origin is not among the allowed ones",
            ),
            id(&ana),
        ),
        (
            (
                "forged event of Stripe",
                cloud.anonymous().with("stripe-signature", "t=1,v1=canary").post("/v1/stripe-events", json!({ "id": "canary" })).await,
                "the signature of the event is wrong or too old",
            ),
            None,
        ),
        (("no refresh token", cloud.anonymous().post("/v1/sessions/refresh", json!({})).await, "there is no refresh token"), None),
        (("wrong field", cloud.anonymous().post("/v1/registrations", json!({ "email": "canary at example" })).await, "/email email"), None),
        (("no text", cloud.anonymous().post("/v1/sessions", json!({ "login": 7, "password": "canary" })).await, "/login"), None),
    ];
    cases.extend(refused_staff(&cloud, &ana).await);
    cases.push(refused_guess(&cloud).await);
    ben.delete("/v1/sessions/current").await.is(204);
    cases.push((("signed out", me(&ben).await, "the session has ended"), id(&ben)));
    let body = json!({ "current_password": PASSWORD, "new_password": "quiet otters swimming" });
    let other = cloud.anonymous();
    let other = other.signed_in(other.post("/v1/sessions", json!({ "login": "eve", "password": PASSWORD })).await.is(201));
    eve.put("/v1/me/password", body).await.is(204);
    cases.push((("credentials changed", me(&other).await, "how the person signs in was changed after the session began"), id(&eve)));
    eve.post("/v1/me/deactivation", json!({ "password": "quiet otters swimming" })).await.is(204);
    cases.push((("deactivated", me(&eve).await, "the account is not in use"), id(&eve)));
    cases.push((("deactivated", sign_in("eve", "quiet otters swimming").await, "the account is not in use"), id(&eve)));
    cloud.advance(Duration::from_secs(660)).await;
    cases.push((("expired", me(&ana).await, "the token has expired"), None));
    cases.extend(refused_messages().await);
    cases
}

/// Each refusal is logged in one line, and no line contains what somebody typed.
/// Promise: log-refusals, log-secrets
#[test]
fn a_refusal_is_explained_in_one_line() {
    let Some((cases, log)) = logged(journey()) else { return };
    for ((what, reply, cause), user) in &cases {
        let request = reply.header("x-request-id");
        let lines: Vec<&str> = log.lines().filter(|l| l.contains(&format!("request_id={request} ")) && l.contains(" status=")).collect();
        let [line] = lines[..] else { panic!("{what}: {lines:?}") };
        let problem = reply.json();
        for part in [
            format!("INFO request{{request_id={request} "),
            format!("status={}", reply.status.as_u16()),
            format!("code={}", problem["code"]),
            "at=".to_owned(),
        ] {
            assert!(line.contains(&part), "{what}: no {part} in {line}");
        }
        let told = line.split_once("cause=\"").and_then(|(_, rest)| rest.split_once("\" at=")).map_or("", |(cause, _)| cause);
        assert!(told.contains(cause), "{what}: {line}");
        match user {
            Some(user) => assert!(line.contains(&format!("user.id={user}")), "{what}: {line}"),
            None => assert!(!line.contains("user.id"), "{what}: {line}"),
        }
    }
    let refused = log.lines().filter(|l| l.contains(" status=401 ") || l.contains(" status=403 "));
    for line in refused {
        assert!(line.contains("cause=\"") && !line.contains("cause=\"\""), "{line}");
    }
    assert!(!log.contains("canary"), "what somebody typed is in the log");
}

/// The line of a request names the operation on the table that was refused or failed, and what kind of item it was on, but no key.
#[test]
fn the_line_of_a_request_names_the_operation_on_the_table() {
    let journey = async {
        let cloud = Cloud::start().await;
        let ana = cloud.member("ana").await;
        let mark_read = async || ana.post("/v1/notifications/ntf_01K9ZCHCW7R5JY9H0FAMZV8NTS/read", json!({})).await;
        let read = ana.get("/v1/me").await;
        let refused = mark_read().await;
        refused.is_problem(404, "not_found");
        cloud.aws.faults.script(Target::of("NotificationsFunction", Service::DynamoDb, "UpdateItem"), Fault::Unavailable);
        let failed = mark_read().await;
        failed.is_problem(503, "unavailable");
        [
            (read, None),
            (refused, Some(" storage.refused=\"update NOTIFICATION\"")),
            (failed, Some("the table does not answer: update NOTIFICATION: ")),
        ]
    };
    let Some((replies, log)) = logged(journey) else { return };
    for (reply, told) in replies {
        let request = format!("request_id={} ", reply.header("x-request-id"));
        let line = log.lines().find(|line| line.contains(&request) && line.contains(" status=")).expect("a line of each request");
        match told {
            Some(told) => assert!(line.contains(told), "{line}"),
            None => assert!(!line.contains("storage") && !line.contains("table"), "{line}"),
        }
    }
    assert!(!log.contains("ntf_01K9ZCHCW7R5JY9H0FAMZV8NTS"), "a key is in the log");
}
