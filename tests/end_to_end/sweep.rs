//! Every operation that changes data, called with a token that is no longer sufficient; and every later step of a flow, called with another
//! token than its first step. The operations are those of the document: an operation that is missing from [`OPERATIONS`], and a later step
//! without a test, make the test fail.

use std::{collections::BTreeSet, time::Duration};

use futures_util::future::join_all;
use reqwest::Method;
use tests::{App, Authenticator, Caller, Cloud, PASSWORD, Reply, Value, json};

use crate::restorations::{moved, offered};

/// The place of an operation in a flow of several steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// The operation is complete in one request.
    Whole,
    /// The operation begins a flow. Later steps need its answer, or the code that it sends.
    Begins,
    /// The operation is a later step of a flow.
    GoesOn,
}
use Part::{Begins, GoesOn, Whole};

/// Every operation that may change something.
const OPERATIONS: &[(Part, &str)] = &[
    (Whole, "POST /v1/admin/first"),
    (Whole, "PATCH /v1/admin/users/{username}"),
    (Whole, "POST /v1/admin/users/{username}/deactivation"),
    (Whole, "POST /v1/admin/users/{username}/reactivation"),
    (Whole, "PUT /v1/admin/users/{username}/deletion"),
    (Whole, "DELETE /v1/admin/users/{username}/deletion"),
    (Whole, "DELETE /v1/admin/users/{username}/sessions"),
    (Whole, "DELETE /v1/admin/rooms/{room}"),
    (Whole, "POST /v1/admin/payment-alerts/{payment}/resolution"),
    (Whole, "POST /v1/admin/dead-letters/{letter}/redrive"),
    (Whole, "PUT /v1/admin/users/{username}/roles/{role}"),
    (Whole, "DELETE /v1/admin/users/{username}/roles/{role}"),
    (Whole, "DELETE /v1/admin/api-keys/{user}/{key}"),
    (Whole, "PUT /v1/admin/orders/{user}/{order}/state"),
    (Whole, "POST /v1/admin/orders/{order}/refunds"),
    (Whole, "POST /v1/audit/{entry}/undo"),
    (Whole, "PATCH /v1/admin/tickets/{ticket}"),
    (Whole, "POST /v1/admin/tickets/{ticket}/answers"),
    (Whole, "POST /v1/contact-messages"),
    (GoesOn, "POST /v1/contact-restorations"),
    (GoesOn, "POST /v1/contact-restorations/link"),
    (Whole, "PUT /v1/cart/items/{product}"),
    (Whole, "POST /v1/donations"),
    (Whole, "POST /v1/plan-payments"),
    (Whole, "POST /v1/orders"),
    (Whole, "POST /v1/orders/{order}/cancellation"),
    (Whole, "POST /v1/orders/{order}/payment"),
    (Whole, "POST /v1/friends/{user}/request"),
    (Whole, "DELETE /v1/friends/{user}/request"),
    (Whole, "POST /v1/friends/{user}/accept"),
    (Whole, "POST /v1/friends/{user}/reject"),
    (Whole, "DELETE /v1/friends/{user}"),
    (Whole, "PUT /v1/friends/{user}/block"),
    (Whole, "DELETE /v1/friends/{user}/block"),
    (Whole, "PATCH /v1/me"),
    (Whole, "POST /v1/me/api-keys"),
    (Whole, "DELETE /v1/me/api-keys/{key}"),
    (Whole, "POST /v1/me/addresses"),
    (Whole, "PUT /v1/me/addresses/{address}"),
    (Whole, "DELETE /v1/me/addresses/{address}"),
    (Whole, "PUT /v1/me/addresses/{address}/main"),
    (Whole, "POST /v1/me/deactivation"),
    (Begins, "POST /v1/me/deletion"),
    (GoesOn, "DELETE /v1/me/deletion"),
    (GoesOn, "POST /v1/deletion-cancellations"),
    (GoesOn, "POST /v1/deletion-cancellations/link"),
    (Whole, "DELETE /v1/me/devices"),
    (Whole, "DELETE /v1/me/devices/{device}"),
    (Whole, "PUT /v1/me/location"),
    (Whole, "DELETE /v1/me/location"),
    (Begins, "POST /v1/me/email-changes"),
    (GoesOn, "POST /v1/me/email-changes/resend"),
    (GoesOn, "POST /v1/me/email-changes/verify"),
    (Begins, "POST /v1/me/exports"),
    (Whole, "POST /v1/me/inviter"),
    (Whole, "PUT /v1/me/inviter/consent"),
    (Begins, "POST /v1/me/mfa/factors/{factor}"),
    (GoesOn, "PUT /v1/me/mfa/factors/{factor}"),
    (Whole, "DELETE /v1/me/mfa/factors/{factor}"),
    (Whole, "POST /v1/me/mfa/recovery-codes"),
    (Whole, "POST /v1/me/mfa/removal"),
    (Begins, "POST /v1/me/mfa/setup"),
    (GoesOn, "DELETE /v1/me/mfa/setup"),
    (GoesOn, "POST /v1/me/mfa/setup/app"),
    (GoesOn, "POST /v1/me/mfa/setup/email"),
    (GoesOn, "POST /v1/me/mfa/setup/resend"),
    (GoesOn, "POST /v1/me/mfa/setup/sms"),
    (Begins, "POST /v1/me/passkeys/options"),
    (GoesOn, "POST /v1/me/passkeys"),
    (Whole, "PATCH /v1/me/passkeys/{passkey}"),
    (Whole, "DELETE /v1/me/passkeys/{passkey}"),
    (Whole, "PUT /v1/me/password"),
    (Whole, "DELETE /v1/me/phone"),
    (Begins, "POST /v1/me/phone-changes"),
    (GoesOn, "POST /v1/me/phone-changes/resend"),
    (GoesOn, "POST /v1/me/phone-changes/verify"),
    (Whole, "DELETE /v1/me/picture"),
    (Begins, "POST /v1/me/picture/uploads"),
    (Whole, "PUT /v1/me/username"),
    (Whole, "POST /v1/categories"),
    (Whole, "PUT /v1/categories/{category}"),
    (Whole, "DELETE /v1/categories/{category}"),
    (Whole, "POST /v1/products"),
    (Whole, "PATCH /v1/products/{product}"),
    (Whole, "DELETE /v1/products/{product}"),
    (Begins, "POST /v1/products/{product}/picture/uploads"),
    (Whole, "DELETE /v1/products/{product}/picture"),
    (Whole, "POST /v1/products/{product}/comments"),
    (Whole, "PUT /v1/products/{product}/comments/{comment}"),
    (Whole, "DELETE /v1/products/{product}/comments/{comment}"),
    (Whole, "PUT /v1/products/{product}/rating"),
    (Whole, "DELETE /v1/products/{product}/rating"),
    (Whole, "PUT /v1/moderation/comments/{product}/{comment}"),
    (Whole, "DELETE /v1/moderation/comments/{product}/{comment}"),
    (Whole, "PUT /v1/moderation/bans/{user}"),
    (Whole, "DELETE /v1/moderation/bans/{user}"),
    (Whole, "DELETE /v1/moderation/messages/{room}/{seq}"),
    (Whole, "POST /v1/models"),
    (Whole, "PATCH /v1/models/{model}"),
    (Whole, "DELETE /v1/models/{model}"),
    (Whole, "PUT /v1/moderation/public-room"),
    (Whole, "POST /v1/moderation/reports/{room}/{seq}/resolution"),
    (Whole, "POST /v1/notifications/{notification}/read"),
    (Whole, "POST /v1/notifications/read"),
    (Whole, "PATCH /v1/me/notification-settings"),
    (Whole, "POST /unsubscribe/{token}"),
    (Begins, "POST /v1/passkey-sign-ins"),
    (Begins, "POST /v1/password-resets"),
    (GoesOn, "POST /v1/password-resets/confirm"),
    (GoesOn, "POST /v1/password-resets/link"),
    (Begins, "POST /v1/phone-sign-ins"),
    (GoesOn, "POST /v1/phone-sign-ins/{flow}/resend"),
    (GoesOn, "POST /v1/phone-sign-ins/{flow}/verify"),
    (Begins, "POST /v1/realtime/tickets"),
    (Begins, "POST /v1/registrations"),
    (GoesOn, "POST /v1/registrations/{flow}/code"),
    (GoesOn, "POST /v1/registrations/{flow}/code/resend"),
    (GoesOn, "POST /v1/registrations/{flow}/complete"),
    (GoesOn, "PUT /v1/registrations/{flow}/email"),
    (GoesOn, "PUT /v1/registrations/{flow}/password"),
    (GoesOn, "PUT /v1/registrations/{flow}/personal"),
    (GoesOn, "PUT /v1/registrations/{flow}/username"),
    (Begins, "POST /v1/registrations/link"),
    (GoesOn, "POST /v1/activations"),
    (GoesOn, "POST /v1/activations/link"),
    (Whole, "POST /v1/rooms"),
    (Whole, "POST /v1/rooms/direct"),
    (Whole, "PATCH /v1/rooms/{room}"),
    (Whole, "DELETE /v1/rooms/{room}"),
    (Whole, "PUT /v1/rooms/{room}/bans/{user}"),
    (Whole, "DELETE /v1/rooms/{room}/bans/{user}"),
    (Whole, "PUT /v1/rooms/{room}/invitations/{user}"),
    (Whole, "DELETE /v1/rooms/{room}/invitations/{user}"),
    (Whole, "POST /v1/rooms/{room}/members"),
    (Whole, "PUT /v1/rooms/{room}/members/{user}"),
    (Whole, "DELETE /v1/rooms/{room}/members/{user}"),
    (Whole, "POST /v1/rooms/{room}/messages"),
    (Whole, "POST /v1/rooms/{room}/messages/{seq}/reports"),
    (Whole, "PUT /v1/rooms/{room}/notices"),
    (Begins, "POST /v1/rooms/{room}/uploads"),
    (Begins, "POST /v1/sessions"),
    (Whole, "PUT /v1/support/thread"),
    (Whole, "POST /v1/support/thread/messages"),
    (Whole, "POST /v1/support/thread/transcript"),
    (Whole, "POST /v1/support/replies"),
    (Whole, "PUT /v1/support/replies/{reply}"),
    (Whole, "DELETE /v1/support/replies/{reply}"),
    (Whole, "POST /v1/support/threads/{thread}/give"),
    (Whole, "POST /v1/support/threads/{thread}/messages"),
    (Whole, "POST /v1/support/threads/{thread}/notes"),
    (Whole, "DELETE /v1/support/threads/{thread}/notes/{note}"),
    (Whole, "PUT /v1/support/threads/{thread}/state"),
    (Whole, "POST /v1/support/threads/{thread}/take"),
    (Whole, "POST /v1/sessions/refresh"),
    (Whole, "DELETE /v1/sessions"),
    (Whole, "DELETE /v1/sessions/current"),
    (Whole, "DELETE /v1/sessions/{session}"),
    (Begins, "POST /v1/step-ups"),
    (Whole, "POST /v1/stripe-events"),
    (GoesOn, "PUT /v1/sign-ins/{flow}/factor"),
    (GoesOn, "POST /v1/sign-ins/{flow}/code/resend"),
    (GoesOn, "POST /v1/sign-ins/{flow}/verify"),
];

/// An operation as the document describes it.
struct Operation {
    name: String,
    method: Method,
    path: String,
    body: Option<Value>,
    signed_in: bool,
    fresh: bool,
}

/// Every operation that may change something, as the document describes it.
fn operations() -> Vec<Operation> {
    let mut all = Vec::new();
    for (path, item) in tests::document()["paths"].as_object().unwrap() {
        for (method, described) in item.as_object().unwrap().iter().filter(|(method, _)| *method != "get") {
            let content = &described["requestBody"]["content"]["application/json"];
            let examples = content["examples"].as_object().and_then(|e| e.values().next()).map(|e| e["value"].clone());
            let method = method.to_uppercase();
            all.push(Operation {
                name: format!("{method} {path}"),
                method: method.parse().unwrap(),
                path: path.clone(),
                body: content.is_object().then(|| examples.unwrap_or_else(|| content["example"].clone())),
                signed_in: described["security"][0].is_object(),
                fresh: described["responses"]["401"]["content"]["application/problem+json"]["examples"]["step_up_required"].is_object(),
            });
        }
    }
    all
}

impl Operation {
    /// Calls it with these resources in its path and a valid body.
    async fn call(&self, caller: &Caller) -> Reply {
        let path = [
            ("{username}", "ana"),
            ("{role}", "moderator"),
            ("{factor}", "app"),
            ("{address}", "adr_01K9ZCHCW7R5JY9H0FAMZV8NTS"),
            ("{model}", "mdl_01K9ZCHCW7R5JY9H0FAMZV8NTS"),
            ("{passkey}", "psk_01K9ZCHCW7R5JY9H0FAMZV8NTS"),
            ("{device}", "dev_01K9ZCHCW7R5JY9H0FAMZV8NTS"),
            ("{session}", "ses_01K9ZCHCW7R5JY9H0FAMZV8NTS"),
            ("{room}", "rom_01K9ZCHCW7R5JY9H0FAMZV8NTS"),
            ("{seq}", "1"),
            ("{thread}", "rom_01K9ZCHCW7R5JY9H0FAMZV8NTS"),
            ("{reply}", "rpl_01K9ZCHCW7R5JY9H0FAMZV8NTS"),
            ("{note}", "nte_01K9ZCHCW7R5JY9H0FAMZV8NTS"),
            ("{user}", "usr_01K9ZCHCW7R5JY9H0FAMZV8NTS"),
            ("{category}", "cat_01K9ZCHCW7R5JY9H0FAMZV8NTS"),
            ("{product}", "prd_01K9ZCHCW7R5JY9H0FAMZV8NTS"),
            ("{order}", "ord_01K9ZCHCW7R5JY9H0FAMZV8NTS"),
            ("{comment}", "cmt_01K9ZCHCW7R5JY9H0FAMZV8NTS"),
            ("{ticket}", "tkt_01K9ZCHCW7R5JY9H0FAMZV8NTS"),
            ("{entry}", "aud_01K9ZCHCW7R5JY9H0FAMZV8NTS"),
            ("{key}", "apk_01K9ZCHCW7R5JY9H0FAMZV8NTS"),
        ];
        let path = path.iter().fold(self.path.clone(), |path, (name, value)| path.replace(name, value));
        caller.with("if-match", "\"v1\"").with("idempotency-key", "one").send(self.method.clone(), &path, self.body.clone()).await
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text: {value}")).to_owned()
}

/// Every operation of the document that changes something is in [`OPERATIONS`].
/// Promise: permission-matrix
#[test]
fn every_operation_that_changes_something_is_listed() {
    let there: BTreeSet<String> = operations().into_iter().map(|operation| operation.name).collect();
    let here: BTreeSet<String> = OPERATIONS.iter().map(|(_, name)| (*name).to_owned()).collect();
    assert_eq!(here.len(), OPERATIONS.len(), "an operation is in the list twice");
    assert_eq!(there.difference(&here).collect::<Vec<_>>(), Vec::<&String>::new(), "operations that are missing in the list");
    assert_eq!(here.difference(&there).collect::<Vec<_>>(), Vec::<&String>::new(), "operations of the list that do not exist");
}

/// An operation that takes a fresh proof takes it from the token: a copy from before the step-up is refused, although the session
/// has stepped up since.
/// Promise: step-up-bound
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_from_before_the_step_up_is_not_enough() {
    let cloud = Cloud::start().await;
    let (copied, app, _) = cloud.careful("ana", "+447911123456").await;
    cloud.appoint(&copied, &["superuser"]);
    cloud.advance(Duration::from_secs(301)).await;
    let ana = cloud.step_up(&copied, &app).await;
    let fresh: Vec<Operation> = operations().into_iter().filter(|operation| operation.fresh).collect();
    assert!(fresh.len() > 15, "{}", fresh.len());
    for operation in &fresh {
        operation.call(&copied).await.is_problem(401, "step_up_required");
    }
    copied.get("/v1/me").await.is(200);
    ana.post("/v1/me/exports", json!({})).await.is(202);
}

/// Asserts that no operation for signed-in callers takes a token or a refresh token of an ended session.
async fn is_out(ended: &Caller, after: &str) {
    let all = operations();
    let calls = all.iter().filter(|operation| operation.signed_in).map(async |operation| (&operation.name, operation.call(ended).await));
    for (name, reply) in join_all(calls).await {
        assert_eq!((reply.status.as_u16(), reply.json()["code"].as_str()), (401, Some("token_invalid")), "{name} after {after} {reply:?}");
    }
    let refresh = ended.post("/v1/sessions/refresh", json!({ "refresh_token": ended.refresh_token() })).await;
    assert_eq!(refresh.status, 401, "refreshed after {after} {refresh:?}");
}

/// After a sign-out every operation refuses the session's tokens.
/// Promise: sign-out-immediate
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signed_out_session_is_refused_everywhere() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let [itself, named, rest] = [cloud.sign_in("ana").await, cloud.sign_in("ana").await, cloud.sign_in("ana").await];
    let _ = itself.delete("/v1/sessions/current").await.is(204);
    is_out(&itself, "signing out").await;
    let _ = ana.delete(&format!("/v1/sessions/{}", text(&named.claims()["sid"]))).await.is(204);
    is_out(&named, "being signed out").await;
    let _ = ana.delete("/v1/sessions").await.is(204);
    is_out(&rest, "everybody was signed out").await;
    ana.get("/v1/me").await.is(200);
}

/// Steps up with the password alone, or with the password and a mailed code if there is a passkey.
async fn step_up_by_password(cloud: &Cloud, caller: &Caller) -> Caller {
    let flow = caller.post("/v1/step-ups", json!({})).await.is(201);
    let verify = format!("/v1/sign-ins/{}/verify", text(&flow["id"]));
    let reply = caller.post(&verify, json!({ "password": PASSWORD })).await;
    if reply.status == 200 {
        return caller.signed_in(reply.json());
    }
    let _ = reply.is(202);
    let code = cloud.code_to(&caller.email()).await;
    caller.signed_in(caller.post(&verify, json!({ "code": code })).await.is(200))
}

/// Every change of credentials ends every other session for every operation. The session that makes it stays, unless the change
/// closes the account.
/// Promise: credential-change-ends-sessions
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_from_before_a_change_of_credentials_is_refused_everywhere() {
    const PHONES: [&str; 2] = ["+447911123456", "+447911123457"];
    let cloud = Cloud::start().await;
    let mut ana = cloud.member("ana").await;
    let elsewhere = async || cloud.sign_in("ana").await;
    let ended = async |ana: &Caller, other: &Caller, after: &str| {
        is_out(other, after).await;
        ana.get("/v1/me").await.is(200);
    };
    let change = async |ana: &Caller, kind: &str, to: &str| {
        ana.post(&format!("/v1/me/{kind}-changes"), json!({ kind: to })).await.is(202);
        let code = json!({ "code": cloud.code_to(to).await });
        ana.post(&format!("/v1/me/{kind}-changes/verify"), code).await.is(200);
        cloud.advance(Duration::from_secs(61)).await;
    };

    let other = elsewhere().await;
    let other_password = json!({ "current_password": PASSWORD, "new_password": "short zebras sing" });
    let _ = ana.put("/v1/me/password", other_password).await.is(204);
    ended(&ana, &other, "a change of the password").await;

    cloud.anonymous().post("/v1/password-resets", json!({ "email": ana.email() })).await.is(202);
    let reset = json!({ "token": cloud.token_to(&ana.email()).await, "password": PASSWORD });
    let _ = cloud.anonymous().post("/v1/password-resets/confirm", reset).await.is(204);
    is_out(&ana, "a reset").await;
    ana = elsewhere().await;

    for (kind, to) in [("email", "ana.new@example.test"), ("email", "ana@example.test"), ("phone", PHONES[0]), ("phone", PHONES[1])] {
        let other = elsewhere().await;
        change(&ana, kind, to).await;
        ended(&ana, &other, &format!("{to} was proven")).await;
    }
    ana = elsewhere().await;
    let other = elsewhere().await;
    let _ = ana.delete("/v1/me/phone").await.is(204);
    ended(&ana, &other, "the number was removed").await;

    let other = elsewhere().await;
    let options = ana.post("/v1/me/passkeys/options", json!({})).await.is(201)["options"].clone();
    let (_, credential) = Authenticator::create(&options, ana.origin());
    let passkey = ana.post("/v1/me/passkeys", json!({ "name": "key", "credential": credential })).await.is(201);
    ended(&ana, &other, "a passkey was added").await;
    let other = elsewhere().await;
    ana = step_up_by_password(&cloud, &ana).await;
    let _ = ana.delete(&format!("/v1/me/passkeys/{}", text(&passkey["id"]))).await.is(204);
    ended(&ana, &other, "a passkey was removed").await;

    ana = elsewhere().await;
    change(&ana, "phone", PHONES[0]).await;
    let other = elsewhere().await;
    let (app, _) = cloud.second_factors(&ana, PHONES[0]).await;
    ended(&ana, &other, "second factors were turned on").await;
    ana = cloud.step_up(&ana, &app).await;
    let elsewhere = async |app: &App| cloud.sign_in_with(&cloud.anonymous(), "ana", app).await;

    let other = elsewhere(&app).await;
    let begun = ana.post("/v1/me/mfa/factors/app", json!({})).await.is(201);
    let app = App::new(begun["app"]["secret"].as_str().unwrap());
    let _ = ana.put("/v1/me/mfa/factors/app", json!({ "code": app.code(&cloud) })).await.is(204);
    ended(&ana, &other, "the app was replaced").await;
    let other = elsewhere(&app).await;
    let _ = ana.delete("/v1/me/mfa/factors/email").await.is(204);
    ended(&ana, &other, "a factor was removed").await;
    let other = elsewhere(&app).await;
    ana = cloud.step_up(&ana, &app).await;
    ana.post("/v1/me/mfa/factors/email", json!({})).await.is(201);
    let code = json!({ "code": cloud.code_to(&ana.email()).await });
    let _ = ana.put("/v1/me/mfa/factors/email", code).await.is(204);
    ended(&ana, &other, "a factor was added").await;
    let other = elsewhere(&app).await;
    ana.post("/v1/me/mfa/recovery-codes", json!({})).await.is(201);
    ended(&ana, &other, "new recovery codes were made").await;
    let other = elsewhere(&app).await;
    ana = cloud.step_up(&ana, &app).await;
    let _ = ana.post("/v1/me/mfa/removal", json!({ "password": PASSWORD })).await.is(204);
    ended(&ana, &other, "second factors were turned off").await;

    let other = cloud.sign_in("ana").await;
    ana = cloud.sign_in("ana").await;
    ana.post("/v1/me/deletion", json!({ "password": PASSWORD })).await.is(200);
    ended(&ana, &other, "a deletion was scheduled").await;
    let other = cloud.sign_in("ana").await;
    let _ = ana.post("/v1/me/deactivation", json!({ "password": PASSWORD })).await.is(204);
    for caller in [&ana, &other] {
        is_out(caller, "the account was deactivated").await;
    }
}

/// Flows of a client that is not signed in yet.
struct Flows {
    /// For each flow the first part of its paths, its id, and where its code was sent.
    all: Vec<(&'static str, String, &'static str)>,
}

impl Flows {
    async fn begun(cloud: &Cloud, email: &'static str, phone: &'static str, mailed: &'static str, login: &str) -> Self {
        let client = cloud.anonymous();
        let registration = client.post("/v1/registrations", json!({ "email": email })).await.is(201);
        let by_phone = client.post("/v1/phone-sign-ins", json!({ "phone": phone })).await.is(202);
        let sign_in = client.post("/v1/sessions", json!({ "login": login, "password": PASSWORD })).await.is(202);
        client.put(&format!("/v1/sign-ins/{}/factor", text(&sign_in["id"])), json!({ "factor": "email" })).await.is(200);
        Self {
            all: vec![
                ("/v1/registrations/{flow}", text(&registration["id"]), email),
                ("/v1/phone-sign-ins/{flow}", text(&by_phone["id"]), phone),
                ("/v1/sign-ins/{flow}", text(&sign_in["id"]), mailed),
            ],
        }
    }
}

/// The id of a sign-in, registration or step-up flow is refused as an access token and as the id of another kind of flow. A code
/// is valid only in the flow that asked for it.
/// Promise: code-binding
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_id_of_a_flow_continues_that_flow_and_nothing_else() {
    let cloud = Cloud::start().await;
    let (ana, app, _) = cloud.careful("ana", "+447911123456").await;
    let (_, _, _) = cloud.careful("ben", "+447911123457").await;
    let first = Flows::begun(&cloud, "one@example.test", "+447911123458", "ana@example.test", "ana").await;
    let second = Flows::begun(&cloud, "two@example.test", "+447911123459", "ben@example.test", "ben").await;
    let step_up = text(&ana.post("/v1/step-ups", json!({})).await.is(201)["id"]);
    let made_up = "flw_q83vEjRWeJC6q83vEjRWeJC6q83vEjRWeJC6q83vEjQ".to_owned();
    let sessions = async || cloud.of_kind("session").await.len();
    let before = sessions().await;

    let (all, anybody) = (operations(), cloud.anonymous());
    let ids: Vec<&String> = first.all.iter().map(|(_, id, _)| id).chain([&step_up, &made_up]).collect();
    for operation in all.iter().filter(|operation| operation.signed_in) {
        for id in &ids {
            operation.call(&anybody.with("authorization", format!("Bearer {id}"))).await.is_problem(401, "token_invalid");
        }
    }
    let mut later = BTreeSet::new();
    for operation in all.iter().filter(|operation| operation.path.contains("{flow}")) {
        let others = first.all.iter().filter(|(path, ..)| !operation.path.starts_with(path)).map(|(_, id, _)| id);
        for id in others.chain([&made_up]) {
            let path = operation.path.replace("{flow}", id);
            let mut body = operation.body.clone();
            // The invitation code is left out, as it is checked before the flow, and one of three ways to answer is used.
            for member in ["invite_code", "passkey", "password"].iter().filter(|_| !operation.path.ends_with("/password")) {
                body.as_mut().and_then(Value::as_object_mut).and_then(|members| members.remove(*member));
            }
            anybody.send(operation.method.clone(), &path, body).await.is_problem(404, "not_found");
        }
        later.insert(operation.name.clone());
    }
    let steps = OPERATIONS.iter().filter(|(part, name)| *part == GoesOn && name.contains("{flow}")).map(|(_, name)| (*name).to_owned());
    assert_eq!(later, steps.collect(), "every later step of a flow");

    // The right code of one flow, typed into another of its kind.
    for ((path, id, _), (_, _, sent_to)) in first.all.iter().zip(&second.all) {
        let last = if path.starts_with("/v1/registrations") { "code" } else { "verify" };
        let path = format!("{}/{last}", path.replace("{flow}", id));
        anybody.post(&path, json!({ "code": cloud.code_to(sent_to).await })).await.is_problem(422, "code_invalid");
    }
    // A step-up belongs to its session: its id and the right code are refused without a token, and with those of another session
    // and another person.
    let elsewhere = cloud.sign_in_with(&cloud.anonymous(), "ana", &app).await;
    for (who, status, problem) in [(&anybody, 401, "token_invalid"), (&elsewhere, 404, "not_found"), (&ana, 200, "")] {
        let flow = text(&ana.post("/v1/step-ups", json!({})).await.is(201)["id"]);
        anybody.put(&format!("/v1/sign-ins/{flow}/factor"), json!({ "factor": "app" })).await.is(200);
        let reply = who.post(&format!("/v1/sign-ins/{flow}/verify"), json!({ "code": app.code(&cloud) })).await;
        if status == 200 { drop(reply.is(200)) } else { drop(reply.is_problem(status, problem)) }
    }
    assert_eq!(sessions().await, before + 1, "one session of the same person, and no other");
}

/// A link is valid only for the purpose that it was mailed for.
/// Promise: link-binding
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_does_what_it_was_sent_for_and_nothing_else() {
    let cloud = Cloud::start().await;
    let (ana, anybody) = (cloud.member("ana").await, cloud.anonymous());
    anybody.post("/v1/password-resets", json!({ "email": ana.email() })).await.is(202);
    let reset = cloud.token_to(&ana.email()).await;
    ana.post("/v1/me/deletion", json!({ "password": PASSWORD })).await.is(200);
    let cancel = cloud.token_to(&ana.email()).await;
    let by_link = json!({ "email": "mia@example.test", "username": "mia", "password": PASSWORD });
    anybody.post("/v1/registrations/link", by_link).await.is(202);
    let activate = cloud.token_to("mia@example.test").await;
    let (ben, (staff, _)) = (cloud.member("ben").await, cloud.staff("kim", "administrator").await);
    let entry = moved(&cloud, &ben, "email", "ben.new@example.test").await;
    let restore = offered(&cloud, &staff, &entry, &ben.email()).await;
    let body = |token: &str, with: &[&str]| {
        let mut body = json!({ "token": token });
        for member in with {
            body[*member] = json!(PASSWORD);
        }
        body
    };
    let links = [
        ("POST /v1/password-resets/confirm", &reset, &["password"][..]),
        ("POST /v1/deletion-cancellations", &cancel, &[]),
        ("POST /v1/activations", &activate, &["password"]),
        ("POST /v1/contact-restorations", &restore, &[]),
        ("POST /v1/password-resets/link", &reset, &[]),
        ("POST /v1/deletion-cancellations/link", &cancel, &[]),
        ("POST /v1/activations/link", &activate, &[]),
        ("POST /v1/contact-restorations/link", &restore, &[]),
    ];
    for (name, own, with) in links {
        let path = name.split_once(' ').unwrap().1;
        for (_, token, _) in links.iter().filter(|(_, token, _)| *token != own) {
            anybody.post(path, body(token, with)).await.is_problem(422, "link_invalid");
        }
        anybody.with("authorization", format!("Bearer {own}")).get("/v1/me").await.is_problem(401, "token_invalid");
    }
    let later = OPERATIONS.iter().filter(|(part, name)| *part == GoesOn && !name.contains("/me/") && !name.contains("{flow}"));
    let later: BTreeSet<&str> = later.map(|(_, name)| *name).collect();
    assert_eq!(later, links.iter().map(|(name, ..)| *name).collect(), "every later step that takes a link");
}

/// A caller who must not continue a flow.
struct Others {
    /// With a token of the same session from before its last step-up.
    older: Caller,
    /// The same person in another session with a fresh proof.
    elsewhere: Caller,
    /// Somebody else with a fresh proof.
    ben: Caller,
}

/// A later step with valid parameters and body, and the answer with which it is refused.
struct Step<'a> {
    name: &'static str,
    /// The value of the path's parameter, if it has one.
    about: &'a str,
    body: Value,
    refused: (u16, &'static str),
}

const fn step(name: &'static str, body: Value) -> Step<'static> {
    Step { name, about: "", body, refused: (404, "not_found") }
}

impl Others {
    /// Tries later steps as each of these callers, and asserts that all are refused.
    async fn are_refused(&self, cloud: &Cloud, tried: &mut BTreeSet<&'static str>, steps: &[Step<'_>]) {
        let nobody = cloud.anonymous();
        for Step { name, about, body, refused } in steps {
            tried.insert(name);
            let (method, path) = name.split_once(' ').unwrap();
            let path = path.split_once('{').map_or(path.to_owned(), |(path, _)| format!("{path}{about}"));
            for (who, caller, expected) in [
                ("an older token", &self.older, refused),
                ("another session", &self.elsewhere, refused),
                ("somebody else", &self.ben, refused),
                ("nobody", &nobody, &(401, "token_invalid")),
            ] {
                let reply = caller.send(method.parse().unwrap(), &path, Some(body.clone()).filter(|body| !body.is_null())).await;
                let said = if reply.bytes.is_empty() { Value::Null } else { reply.json()["code"].clone() };
                assert_eq!((reply.status.as_u16(), said.as_str().unwrap_or_default()), *expected, "{name} by {who} {reply:?}");
            }
        }
    }
}

/// A refreshed token, which has the same proof.
async fn refreshed(caller: &Caller) -> Caller {
    caller.signed_in(caller.post("/v1/sessions/refresh", json!({ "refresh_token": caller.refresh_token() })).await.is(200))
}

/// What was begun after a step-up is continued only with that proof: not with an older token of the same session, another session
/// of the same person, somebody else's token or none. A refreshed token continues it.
/// Promise: step-up-bound
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_begun_goes_on_with_its_own_proof_alone() {
    const PHONES: [&str; 2] = ["+447911123456", "+447911123457"];
    let set_up = || {
        let give_up = Step { refused: (204, ""), ..step("DELETE /v1/me/mfa/setup", Value::Null) };
        [step("GET /v1/me/mfa/setup", Value::Null), give_up]
    };
    let cloud = Cloud::start().await;
    let mut tried = BTreeSet::new();
    let (ben, bens, _) = cloud.careful("ben", "+447911123460").await;
    let older = cloud.member("ana").await;
    cloud.phone(&older, PHONES[0]).await;
    cloud.advance(Duration::from_secs(61)).await;

    // The wizard that enables second factors.
    let mut ana = step_up_by_password(&cloud, &older).await;
    let others = Others { older, elsewhere: cloud.sign_in("ana").await, ben };
    let begun = ana.post("/v1/me/mfa/setup", json!({ "password": PASSWORD })).await.is(201);
    let mut app = App::new(begun["app"]["secret"].as_str().unwrap());
    for factor in ["app", "email", "sms"] {
        let (name, code) = match factor {
            "app" => ("POST /v1/me/mfa/setup/app", app.code(&cloud)),
            "email" => ("POST /v1/me/mfa/setup/email", cloud.code_to(&ana.email()).await),
            _ => ("POST /v1/me/mfa/setup/sms", cloud.code_to(PHONES[0]).await),
        };
        let code = json!({ "code": code });
        let resend = step("POST /v1/me/mfa/setup/resend", Value::Null);
        others.are_refused(&cloud, &mut tried, &set_up()).await;
        others.are_refused(&cloud, &mut tried, &[resend, step(name, code.clone())]).await;
        ana = refreshed(&ana).await;
        ana.post(&format!("/v1/me/mfa/setup/{factor}"), code).await.succeeds();
    }
    let Others { mut ben, .. } = others;

    // The following flows are begun after a step-up of their own, while the other callers have a recent proof too.
    let step_up = async |ana: &Caller, app: &App, ben: &Caller| {
        let (older, ana) = (ana.clone(), cloud.step_up(ana, app).await);
        let elsewhere = cloud.sign_in_with(&cloud.anonymous(), "ana", app).await;
        let elsewhere = cloud.step_up(&elsewhere, app).await;
        (ana, Others { older, elsewhere, ben: cloud.step_up(ben, &bens).await })
    };
    ana = cloud.step_up(&ana, &app).await;
    for factor in ["email", "sms"] {
        let _ = ana.delete(&format!("/v1/me/mfa/factors/{factor}")).await.is(204);
    }
    for factor in ["email", "sms", "app"] {
        let (caller, others) = step_up(&ana, &app, &ben).await;
        let path = format!("/v1/me/mfa/factors/{factor}");
        let begun = caller.post(&path, json!({})).await.is(201);
        let code = match factor {
            "email" => cloud.code_to(&caller.email()).await,
            "sms" => cloud.code_to(PHONES[0]).await,
            _ => {
                app = App::new(begun["app"]["secret"].as_str().unwrap());
                app.code(&cloud)
            }
        };
        let code = json!({ "code": code });
        others.are_refused(&cloud, &mut tried, &set_up()).await;
        let confirm = Step { about: factor, ..step("PUT /v1/me/mfa/factors/{factor}", code.clone()) };
        others.are_refused(&cloud, &mut tried, &[confirm]).await;
        ana = refreshed(&caller).await;
        let _ = ana.put(&path, code).await.is(204);
        ben = others.ben;
    }

    // A passkey.
    let (caller, others) = step_up(&ana, &app, &ben).await;
    let options = caller.post("/v1/me/passkeys/options", json!({})).await.is(201)["options"].clone();
    let (_, credential) = Authenticator::create(&options, caller.origin());
    let passkey = json!({ "name": "key", "credential": credential });
    let create = Step { refused: (422, "passkey_invalid"), ..step("POST /v1/me/passkeys", passkey.clone()) };
    others.are_refused(&cloud, &mut tried, &[create]).await;
    ana = refreshed(&caller).await;
    ana.post("/v1/me/passkeys", passkey).await.is(201);
    ben = others.ben;

    // Another number, another address.
    for (kind, to, resend, verify) in [
        ("phone", PHONES[1], "POST /v1/me/phone-changes/resend", "POST /v1/me/phone-changes/verify"),
        ("email", "ana.new@example.test", "POST /v1/me/email-changes/resend", "POST /v1/me/email-changes/verify"),
    ] {
        let (caller, others) = step_up(&ana, &app, &ben).await;
        caller.post(&format!("/v1/me/{kind}-changes"), json!({ kind: to })).await.is(202);
        let code = json!({ "code": cloud.code_to(to).await });
        others.are_refused(&cloud, &mut tried, &[step(resend, Value::Null), step(verify, code.clone())]).await;
        ana = refreshed(&caller).await;
        assert_eq!(ana.post(&format!("/v1/me/{kind}-changes/verify"), code).await.is(200)[kind], to);
        ben = others.ben;
    }

    // An archive and the address of a picture are shown to their owner in any session. A deletion is cancelled
    // by any session of its owner.
    let (caller, others) = step_up(&ana, &app, &ben).await;
    let export = format!("/v1/me/exports/{}", text(&caller.post("/v1/me/exports", json!({})).await.is(202)["id"]));
    let upload = json!({ "content_type": "image/png", "bytes": 100, "sha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" });
    let upload = text(&caller.post("/v1/me/picture/uploads", upload).await.is(201)["id"]);
    let file =
        json!({ "name": "a.txt", "content_type": "text/plain", "bytes": 1, "sha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" });
    let file = text(&caller.post("/v1/rooms/public/uploads", file).await.is(201)["id"]);
    for path in [export, format!("/v1/me/picture/uploads/{upload}"), format!("/v1/rooms/public/uploads/{file}")] {
        others.ben.get(&path).await.is_problem(404, "not_found");
        cloud.anonymous().get(&path).await.is_problem(401, "token_invalid");
    }
    caller.post("/v1/me/deletion", json!({ "password": PASSWORD })).await.is(200);
    others.ben.delete("/v1/me/deletion").await.is_problem(409, "deletion_not_scheduled");
    for ended in [&others.elsewhere, &cloud.anonymous()] {
        ended.delete("/v1/me/deletion").await.is_problem(401, "token_invalid");
    }
    others.older.delete("/v1/me/deletion").await.is(200);
    tried.insert("DELETE /v1/me/deletion");

    let steps = OPERATIONS.iter().filter(|(part, name)| *part == GoesOn && name.contains("/v1/me/")).map(|(_, name)| *name);
    let missing: Vec<&str> = steps.filter(|name| !tried.contains(name)).collect();
    assert_eq!(missing, Vec::<&str>::new(), "later steps that were tried with no other caller");
}
