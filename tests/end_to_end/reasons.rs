//! Reasons of staff for changes that take something away: they are required, and the audit has them as long as it has the values.

use std::collections::BTreeSet;

use image::ImageFormat;
use reqwest::Method;
use tests::{Caller, Cloud, Value, json};

use crate::{
    card_orders::paid_order,
    card_refunds::sent_back,
    cart::{put, shop},
    dead_letters,
    deletion::{SWEEP, run, until_due},
    orders::{ORDERS, PHONE},
    picture::{encoded, picture},
    products::{category, text, upload},
};

/// An action of staff, and its request.
pub(crate) struct Act {
    pub operation: &'static str,
    path: String,
    body: Value,
}

impl Act {
    pub fn new(operation: &'static str, path: String, body: Value) -> Self {
        Self { operation, path, body }
    }

    pub async fn ask(&self, staff: &Caller, reason: &str) -> tests::Reply {
        let method: Method = self.operation.split(' ').next().unwrap().parse().unwrap();
        staff
            .with("if-match", "*")
            .with("idempotency-key", reason)
            .with("reason", reason)
            .send(method, &self.path, Some(self.body.clone()))
            .await
    }
}

/// The operations whose description has the header.
fn asking() -> BTreeSet<String> {
    let paths = tests::document()["paths"].as_object().unwrap();
    let all =
        paths.iter().flat_map(|(path, item)| item.as_object().unwrap().iter().map(move |(method, described)| (path, method, described)));
    let asks = |described: &Value| described["parameters"].as_array().unwrap().iter().any(|parameter| parameter["name"] == "Reason");
    all.filter(|(.., described)| asks(described)).map(|(path, method, _)| format!("{} {path}", method.to_uppercase())).collect()
}

/// A shop with an order, and people with something to take from them. The last act is the deletion of an account.
pub(crate) async fn scene(cloud: &Cloud, superuser: &Caller) -> Vec<Act> {
    let (keeper, products) = shop(cloud, 2).await;
    let (buyer, ana, ben) = (cloud.buyer("cyd", PHONE).await, cloud.member("ana").await, cloud.member("ben").await);
    let (kim, _) = cloud.staff("kim", "administrator").await;
    for name in ["dan", "eve"] {
        cloud.member(name).await;
    }
    put(&buyer, &products[0], 1).await;
    let order = json!({ "payment_method": "cash_on_delivery", "total": { "amount": 1000, "currency": "PLN" } });
    let order = text(&buyer.with("idempotency-key", "one").post(ORDERS, order).await.is(201)["id"]);
    let by_card = paid_order(cloud, &buyer, "two", &products[0], 1).await;
    let (_, owed) = sent_back(cloud, &keeper, by_card, 1000).await;
    let owed = format!("/v1/admin/payment-alerts/{}/resolution", text(&owed["id"]));
    let png = encoded(&picture([20, 20, 220]), ImageFormat::Png);
    upload(cloud, &keeper, &products[0], &png, "image/png").await;
    let empty = category(&keeper, "Nothing").await;
    let comments = format!("/v1/products/{}/comments", products[0]);
    let comment = text(&ana.post(&comments, json!({ "text": "Buy mine." })).await.is(201)["id"]);
    let said = ana.socket().await.ask(json!({ "type": "send", "room": "public", "text": "Buy mine.", "nonce": "n1" })).await;
    let room = text(&ana.post("/v1/rooms", json!({ "kind": "group", "name": "Walks" })).await.succeeds().json()["id"]);
    let thread = text(&ana.put("/v1/support/thread", json!({ "subject": "My parcel" })).await.is(201)["room"]);
    ana.post("/v1/support/thread/messages", json!({ "text": "Where is it?", "nonce": "n1" })).await.is(201);
    let notes = format!("/v1/support/threads/{thread}/notes");
    let note = text(&kim.post(&notes, json!({ "text": "Asks every day." })).await.is(201)["id"]);
    let key = text(&kim.post("/v1/me/api-keys", json!({ "name": "Till", "scopes": ["products:write"] })).await.is(201)["id"]);
    let ban = format!("/v1/moderation/bans/{}", ben.id());
    superuser.put(&ban, json!({ "reason": "spam" })).await.is(204);
    let reply = text(&superuser.post("/v1/support/replies", json!({ "title": "Bye", "text": "Bye {name}." })).await.is(201)["id"]);
    let comment = format!("/v1/moderation/comments/{}/{comment}", products[0]);
    let state = format!("/v1/admin/orders/{}/{order}/state", buyer.id());
    let eve = |rest: &str| format!("/v1/admin/users/eve{rest}");
    let empty_body = || json!({});
    let letter = dead_letters::given_up(cloud, superuser).await;
    vec![
        Act::new("DELETE /v1/moderation/bans/{user}", ban, empty_body()),
        Act::new("DELETE /v1/moderation/messages/{room}/{seq}", format!("/v1/moderation/messages/public/{}", said["seq"]), empty_body()),
        Act::new("DELETE /v1/support/threads/{thread}/notes/{note}", format!("{notes}/{note}"), empty_body()),
        Act::new("DELETE /v1/support/replies/{reply}", format!("/v1/support/replies/{reply}"), empty_body()),
        Act::new("PUT /v1/moderation/comments/{product}/{comment}", comment.clone(), json!({ "text": "(An advertisement.)" })),
        Act::new("DELETE /v1/moderation/comments/{product}/{comment}", comment, empty_body()),
        Act::new("PUT /v1/admin/orders/{user}/{order}/state", state, json!({ "state": "cancelled" })),
        Act::new("DELETE /v1/products/{product}/picture", format!("/v1/products/{}/picture", products[0]), empty_body()),
        Act::new("DELETE /v1/products/{product}", format!("/v1/products/{}", products[1]), empty_body()),
        Act::new("DELETE /v1/categories/{category}", format!("/v1/categories/{empty}"), empty_body()),
        Act::new("DELETE /v1/admin/rooms/{room}", format!("/v1/admin/rooms/{room}"), empty_body()),
        Act::new("POST /v1/admin/payment-alerts/{payment}/resolution", owed, json!({ "amount": { "amount": 1000, "currency": "PLN" } })),
        Act::new("POST /v1/admin/dead-letters/{letter}/redrive", dead_letters::again(&letter), empty_body()),
        Act::new("DELETE /v1/admin/api-keys/{user}/{key}", format!("/v1/admin/api-keys/{}/{key}", kim.id()), empty_body()),
        Act::new("POST /v1/admin/users/{username}/deactivation", "/v1/admin/users/dan/deactivation".to_owned(), empty_body()),
        Act::new("PATCH /v1/admin/users/{username}", eve(""), json!({ "bio": "Climbs." })),
        Act::new("DELETE /v1/admin/users/{username}/sessions", eve("/sessions"), empty_body()),
        Act::new("PUT /v1/admin/users/{username}/roles/{role}", eve("/roles/moderator"), empty_body()),
        Act::new("DELETE /v1/admin/users/{username}/roles/{role}", eve("/roles/moderator"), empty_body()),
        Act::new("PUT /v1/admin/users/{username}/deletion", eve("/deletion"), empty_body()),
    ]
}

/// What such acts change.
pub(crate) async fn things(cloud: &Cloud) -> BTreeSet<String> {
    cloud.settle().await;
    let mut all = BTreeSet::new();
    for kind in [
        "user",
        "roles",
        "deletion",
        "api_key",
        "room",
        "order",
        "product",
        "category",
        "comment",
        "chat",
        "message",
        "support_note",
        "support_reply",
        "upload",
        "contact_ticket",
        "contact_message",
        "report",
        "audit",
    ] {
        all.extend(cloud.of_kind(kind).await.iter().map(ToString::to_string));
    }
    all
}

/// The entries with this reason.
async fn entries(cloud: &Cloud, reason: &str) -> Vec<String> {
    let values = cloud.of_kind("audit_values").await;
    values.iter().filter(|values| values["reason"]["S"] == reason).map(|values| text(&values["id"]["S"])).collect()
}

/// Each operation that the document says to ask for a reason does nothing without one, and has it in its entry. What was said about
/// somebody is gone with their account.
/// Promise: staff-reason, audit-erasure
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_say_why() {
    let cloud = Cloud::start().await;
    let (root, app) = cloud.staff("root_of_all", "superuser").await;
    let acts = scene(&cloud, &root).await;
    assert_eq!(acts.iter().map(|act| act.operation.to_owned()).collect::<BTreeSet<_>>(), asking());
    let mut last = Value::Null;
    for (n, act) in acts.iter().enumerate() {
        let before = things(&cloud).await;
        for none in ["", "%20", "%FF"] {
            act.ask(&root, none).await.is_problem(400, "reason_required");
        }
        assert_eq!(things(&cloud).await, before, "{}", act.operation);
        let done = act.ask(&root, &format!("Canary%20{n}%20of%20a%20%C5%BC%C3%B3%C5%82w")).await;
        assert!(done.status.is_success(), "{}: {done:?}", act.operation);
        let reason = format!("Canary {n} of a żółw");
        let made = entries(&cloud, &reason).await;
        assert_eq!(made.len(), 1, "{}", act.operation);
        let entry = root.get(&format!("/v1/audit/{}", made[0])).await.is(200);
        assert_eq!((&entry["values"]["reason"], &entry["intact"]), (&json!(reason), &json!(true)), "{}: {entry}", act.operation);
        last = serde_json::from_slice(&done.bytes).unwrap_or_default();
    }
    until_due(&cloud, &json!({ "due_at": last["deletion_due_at"] })).await;
    run(&cloud, SWEEP).await;
    cloud.settle().await;
    let left = cloud.dump().await.to_string();
    for (n, act) in acts.iter().enumerate() {
        let of_eve = act.path.starts_with("/v1/admin/users/eve");
        assert_eq!(left.contains(&format!("Canary {n} of")), !of_eve, "{}", act.operation);
    }
    // The person does not see the reason among their security events either.
    let root = cloud.sign_in_with(&cloud.anonymous(), root.name(), &app).await;
    assert!(!root.get("/v1/me/security-events").await.is(200).to_string().contains("Canary"));
}

/// A program with an API key of staff may state a reason, but does not have to. The same holds for shipping an order.
/// Promise: staff-reason
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_need_not_say_why() {
    let cloud = Cloud::start().await;
    let (keeper, products) = shop(&cloud, 2).await;
    let (kim, _) = cloud.staff("kim", "administrator").await;
    let key = text(&kim.post("/v1/me/api-keys", json!({ "name": "Till", "scopes": ["products:write"] })).await.is(201)["key"]);
    let till = cloud.anonymous().with("authorization", format!("Api-Key {key}")).with("if-match", "*");
    till.with("reason", "%FF").delete(&format!("/v1/products/{}", products[0])).await.is_problem(400, "reason_required");
    till.delete(&format!("/v1/products/{}", products[0])).await.is(204);
    till.with("reason", "Sold%20out.").delete(&format!("/v1/products/{}", products[1])).await.is(204);
    assert_eq!(entries(&cloud, "Sold out.").await.len(), 1);

    let garden = category(&keeper, "Meadow").await;
    let turtle = text(&crate::products::create(&keeper, "Meadow turtle", &garden, 1000).await["id"]);
    let buyer = cloud.buyer("cyd", PHONE).await;
    put(&buyer, &turtle, 1).await;
    let order = json!({ "payment_method": "cash_on_delivery", "total": { "amount": 1000, "currency": "PLN" } });
    let order = text(&buyer.with("idempotency-key", "one").post(ORDERS, order).await.is(201)["id"]);
    let state = format!("/v1/admin/orders/{}/{order}/state", buyer.id());
    let become_state =
        async |state_after: &str, reason: &str| keeper.with("reason", reason).put(&state, json!({ "state": state_after })).await;
    // An empty header is a reason that cannot be read.
    become_state("shipped", "").await.is_problem(400, "reason_required");
    kim.with("reason", "On%20its%20way.").put(&state, json!({ "state": "shipped" })).await.is(200);
    become_state("returned", "").await.is_problem(400, "reason_required");
    become_state("returned", "Damaged.").await.is(200);
    assert_eq!(entries(&cloud, "Damaged.").await.len(), 1);
}
