//! Faults during changes by staff: every privileged operation happens together with its entry of the audit, or not at all.

use std::{collections::BTreeSet, time::Duration};

use local::aws::{
    Service,
    faults::{Fault, Target},
};
use reqwest::Method;
use tests::{Caller, Cloud, json};

use crate::{
    matrix,
    products::{category, create, text},
    reasons::{Act, scene, things},
};

/// Privileged operations that are repeated or fail in other tests, and the tests.
const ELSEWHERE: [(&str, &str); 8] = [
    ("POST /v1/audit/{entry}/undo", "undo::a_fault_leaves_the_whole_undo_or_nothing"),
    ("POST /v1/admin/dead-letters/{letter}/redrive", "dead_letters::a_fault_sends_a_letter_again_or_leaves_it"),
    ("POST /v1/admin/orders/{order}/refunds", "card_refunds::a_fault_leaves_a_refund_with_its_entry_or_neither"),
    ("POST /v1/admin/users/{username}/reactivation", "admin::a_change_and_its_audit_entry_are_atomic"),
    ("POST /v1/categories", "audit::a_fault_leaves_the_change_and_its_entry_or_neither"),
    ("PUT /v1/moderation/bans/{user}", "audit::a_fault_leaves_the_change_and_its_entry_or_neither"),
    ("PUT /v1/moderation/public-room", "audit::a_fault_leaves_the_change_and_its_entry_or_neither"),
    // A person makes one a day.
    ("POST /v1/me/api-keys", "api_keys::a_fault_does_not_use_up_the_day"),
];
/// A conversation with a customer, which is no change of rights or accounts and has no entries.
const WITHOUT_ENTRIES: [&str; 5] = [
    "POST /v1/support/threads/{thread}/messages",
    "POST /v1/support/threads/{thread}/notes",
    "POST /v1/support/threads/{thread}/give",
    "POST /v1/support/threads/{thread}/take",
    "PUT /v1/support/threads/{thread}/state",
];

/// What staff do without saying why.
async fn others(cloud: &Cloud, superuser: &Caller) -> Vec<Act> {
    let (fay, gus) = (cloud.member("fay").await, cloud.member("gus").await);
    let said = fay.socket().await.ask(json!({ "type": "send", "room": "public", "text": "Buy it.", "nonce": "n1" })).await;
    let seq = &said["seq"];
    gus.post(&format!("/v1/rooms/public/messages/{seq}/reports"), json!({ "reason": "spam" })).await.is(204);
    let attic = category(superuser, "Attic").await;
    let lamp = text(&create(superuser, "Attic lamp", &attic, 1000).await["id"]);
    let reply = json!({ "title": "On its way", "text": "Hello {name}." });
    let prepared = text(&superuser.post("/v1/support/replies", reply.clone()).await.is(201)["id"]);
    let message = json!({
        "name": "Fay", "email": fay.email(), "subject": "bug_report", "message": "It has been like that since yesterday. ".repeat(8)
    });
    let ticket = text(&fay.with("idempotency-key", "fault").post("/v1/contact-messages", message).await.is(201)["id"]);
    let key = json!({ "name": "Till", "scopes": ["products:write"] });
    let key = text(&superuser.post("/v1/me/api-keys", key).await.is(201)["id"]);
    let product = json!({
        "name": "Attic chair", "description": "Of wood.", "category": attic, "price": { "amount": 1000, "currency": "PLN" },
        "for_sale": true, "available": 10
    });
    let picture = json!({ "content_type": "image/png", "bytes": 100, "sha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" });
    vec![
        Act::new("PUT /v1/categories/{category}", format!("/v1/categories/{attic}"), json!({ "name": "Cellar" })),
        Act::new("POST /v1/products", "/v1/products".to_owned(), product),
        Act::new("PATCH /v1/products/{product}", format!("/v1/products/{lamp}"), json!({ "name": "Cellar lamp" })),
        Act::new(
            "POST /v1/moderation/reports/{room}/{seq}/resolution",
            format!("/v1/moderation/reports/public/{seq}/resolution"),
            json!({ "outcome": "author_warned" }),
        ),
        Act::new("POST /v1/products/{product}/picture/uploads", format!("/v1/products/{lamp}/picture/uploads"), picture),
        Act::new("POST /v1/support/replies", "/v1/support/replies".to_owned(), reply),
        Act::new(
            "PUT /v1/support/replies/{reply}",
            format!("/v1/support/replies/{prepared}"),
            json!({ "title": "Gone", "text": "Bye {name}." }),
        ),
        Act::new("PATCH /v1/admin/tickets/{ticket}", format!("/v1/admin/tickets/{ticket}"), json!({ "state": "waiting" })),
        Act::new("POST /v1/admin/tickets/{ticket}/answers", format!("/v1/admin/tickets/{ticket}/answers"), json!({ "text": "Soon." })),
        Act::new("DELETE /v1/me/api-keys/{key}", format!("/v1/me/api-keys/{key}"), json!({})),
        // The last act of those who say why schedules it.
        Act::new("DELETE /v1/admin/users/{username}/deletion", "/v1/admin/users/eve/deletion".to_owned(), json!({})),
    ]
}

/// The other tests exist, and each is beside a request for its operation.
#[test]
fn tests_elsewhere_exist_and_ask_for_the_operation() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("end_to_end");
    for (operation, test) in ELSEWHERE {
        let (module, name) = test.split_once("::").unwrap();
        let source = std::fs::read_to_string(folder.join(format!("{module}.rs"))).unwrap_or_else(|e| panic!("{test}: {e}"));
        assert!(source.contains(&format!("async fn {name}() {{")), "there is no test {test}");
        let asked = operation.rsplit('/').find(|part| !part.starts_with('{')).unwrap();
        assert!(source.contains(&format!("/{asked}")), "{module} does not ask for {operation}");
    }
}

/// The calls with which the function of an operation changes something.
fn changes_of(cloud: &Cloud, operation: &str) -> Target {
    let (method, path) = operation.split_once(' ').unwrap();
    let feature = tests::document()["paths"][path][method.to_lowercase()]["tags"][0].as_str().unwrap();
    let core = cloud.core();
    let function = core.template.functions.values().find(|function| function.name == feature).unwrap();
    Target::of(&function.logical_id, Service::DynamoDb, "TransactWriteItems")
}

/// Whatever staff change has an entry in the audit, or does not happen: if no transaction works there is neither, and if its reply is
/// lost there are both, once. Each operation of staff that changes something is tried here, or by the test that is named.
/// Promise: audit, lost-reply
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_staff_do_happens_with_its_entry_or_not_at_all() {
    let cloud = Cloud::start().await;
    let (mut root, app) = cloud.staff("root_of_all", "superuser").await;
    let mut acts = scene(&cloud, &root).await;
    acts.extend(others(&cloud, &root).await);
    let elsewhere: BTreeSet<&str> = ELSEWHERE.iter().map(|(operation, _)| *operation).collect();
    acts.retain(|act| !elsewhere.contains(act.operation));
    let tried: BTreeSet<&str> = acts.iter().map(|act| act.operation).chain(elsewhere).chain(WITHOUT_ENTRIES).collect();
    let all = matrix::operations();
    let writes = all.iter().filter(|operation| operation.for_staff() && operation.method != Method::GET);
    assert_eq!(tried, writes.map(|operation| operation.name.as_str()).collect::<BTreeSet<&str>>());
    for (n, act) in acts.iter().enumerate() {
        if n % 5 == 0 {
            // A proof is good for five minutes, and a code of the app once.
            cloud.advance(Duration::from_secs(31)).await;
            root = cloud.step_up(&root, &app).await;
        }
        let (calls, reason, before) = (changes_of(&cloud, act.operation), format!("Fault%20{n}"), things(&cloud).await);
        let down = cloud.aws.faults.script(calls.clone(), Fault::Unavailable);
        let refused = act.ask(&root, &reason).await;
        assert!(refused.status.as_u16() >= 500 && down.hits() > 0, "{}: {refused:?}", act.operation);
        down.end();
        assert_eq!(things(&cloud).await, before, "{} although nothing was written", act.operation);
        let lost = cloud.aws.faults.script(Target { first: 1, times: 1, ..calls }, Fault::LostAfter);
        let done = act.ask(&root, &reason).await;
        assert!(done.status.is_success() && lost.hits() == 1, "{}: {done:?}", act.operation);
        lost.end();
        let after = things(&cloud).await;
        let (entries, changes): (Vec<&String>, Vec<&String>) =
            after.symmetric_difference(&before).partition(|item| item.contains(r#""kind":{"S":"audit"}"#));
        assert_eq!((entries.len(), changes.is_empty()), (1, false), "{}: {entries:?} {changes:?}", act.operation);
    }
}
