//! Undoing changes: what the preview shows is what happens, in every outcome, once, and for nobody who may not do it.

use local::{
    aws::{
        Service,
        faults::{Fault, Target},
    },
    hosts::Trace,
};
use serde_json::value::to_raw_value;
use tests::{Caller, Cloud, DAY, HOUR, Reply, Value, json, race};

use crate::{
    admin::audit,
    deletion::{SWEEP, run, schedule, until_due, upload},
    items,
    products::{category, change, create, text},
};

const REASON: &str = "It was changed by mistake.";

/// The latest entry of an action.
pub(crate) async fn latest(cloud: &Cloud, action: &str) -> String {
    let mut entries = cloud.of_kind("audit").await;
    entries.retain(|entry| entry["action"]["S"] == action);
    entries.iter().map(|entry| text(&entry["sk"]["S"])).max().unwrap_or_else(|| panic!("no {action}"))
}

fn path(entry: &str) -> String {
    format!("/v1/audit/{entry}/undo")
}

/// The version of the preview of an entry, and the preview.
pub(crate) async fn preview(staff: &Caller, entry: &str) -> (String, Value) {
    let reply = staff.get(&path(entry)).await;
    (reply.header("etag"), reply.is(200))
}

/// The outcomes of a preview, by field.
pub(crate) fn outcomes(preview: &Value) -> Vec<(String, String)> {
    let fields = preview["fields"].as_array().unwrap();
    fields.iter().map(|field| (text(&field["field"]), text(&field["outcome"]))).collect()
}

/// The outcome of the only field of an entry.
pub(crate) async fn outcome(staff: &Caller, entry: &str) -> String {
    let all = outcomes(&preview(staff, entry).await.1);
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].1.clone()
}

pub(crate) async fn undo_at(staff: &Caller, entry: &str, version: &str, fields: &[&str], force: bool) -> Reply {
    let body = json!({ "fields": fields, "reason": REASON, "force": force });
    staff.with("if-match", version).post(&path(entry), body).await
}

/// Undoes fields of an entry as they are now.
pub(crate) async fn undo(staff: &Caller, entry: &str, fields: &[&str], force: bool) -> Reply {
    let (version, _) = preview(staff, entry).await;
    undo_at(staff, entry, &version, fields, force).await
}

/// Changes a product, and returns the entry about it.
pub(crate) async fn changed(cloud: &Cloud, staff: &Caller, product: &str, changes: Value) -> String {
    change(staff, product, changes).await.is(200);
    latest(cloud, "product_changed").await
}

fn price(amount: u64) -> Value {
    json!({ "price": { "amount": amount, "currency": "PLN" } })
}

async fn product(staff: &Caller, id: &str) -> Value {
    staff.get(&format!("/v1/products/{id}")).await.is(200)
}

/// Of two fields that were changed together one is undone, once, and the undo is undone. The same request again gets the same answer,
/// and every other one is told which entry undid it. The entry of an undo has its reason, and says what it undoes.
/// Promise: undo-once
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_undone_once_and_an_undo_is_a_change() {
    let cloud = Cloud::start().await;
    let (staff, _) = cloud.staff("shopkeeper", "administrator").await;
    let garden = category(&staff, "Garden").await;
    let id = text(&create(&staff, "Turtle", &garden, 1999).await["id"]);
    let both = json!({ "name": "Tortoise", "price": { "amount": 2500, "currency": "PLN" } });
    let entry = changed(&cloud, &staff, &id, both).await;

    let (version, shown) = preview(&staff, &entry).await;
    let value = |kind: &str, value: &str| json!([{ "kind": kind, "value": value }]);
    assert_eq!(
        shown["fields"][0],
        json!({ "field": "name", "was": value("text", "Turtle"), "became": value("text", "Tortoise"), "is_now": value("text", "Tortoise"),
            "would_be": value("text", "Turtle"), "outcome": "clean" })
    );
    assert_eq!(outcomes(&shown), [("name", "clean"), ("price", "clean")].map(|(a, b)| (a.to_owned(), b.to_owned())));
    for (body, error) in [
        (json!({ "fields": [], "reason": REASON }), "/fields required"),
        (json!({ "fields": ["name"], "reason": " " }), "/reason required"),
        (json!({ "fields": ["name", "version"], "reason": REASON }), "/fields/1 choice"),
    ] {
        assert_eq!(staff.with("if-match", &version).post(&path(&entry), body).await.field_errors(), [error]);
    }
    staff.post(&path(&entry), json!({ "fields": ["name"], "reason": REASON })).await.is_problem(428, "version_required");

    let done = undo_at(&staff, &entry, &version, &["name"], false).await;
    let undo_entry = text(&done.is(201)["entry"]);
    assert_eq!(done.header("location"), format!("/v1/audit/{undo_entry}"));
    let is = product(&staff, &id).await;
    assert_eq!((&is["name"], &is["price"]["amount"]), (&json!("Turtle"), &json!(2500)));
    // It is found by the name that it has again.
    for (name, products) in [("turtle", 1), ("tortoise", 0)] {
        let found = staff.get(&format!("/v1/products?q={name}&category={garden}")).await.is(200);
        assert_eq!(found["items"].as_array().map(Vec::len), Some(products), "{name}");
    }
    assert_eq!(undo_at(&staff, &entry, &version, &["name"], false).await.is(201), done.json());
    let again = undo(&staff, &entry, &["price"], true).await.is_problem(409, "undone_already");
    assert_eq!(again["entry"], undo_entry);
    assert_eq!(preview(&staff, &entry).await.1["undone_by"], undo_entry);

    let recorded = staff.get(&format!("/v1/audit/{undo_entry}")).await.is(200).to_string();
    assert!(recorded.contains(REASON) && recorded.contains(&entry), "{recorded}");
    let (_, shown) = preview(&staff, &undo_entry).await;
    assert_eq!(outcomes(&shown), [("name".to_owned(), "clean".to_owned())]);
    undo(&staff, &undo_entry, &["name"], false).await.is(201);
    assert_eq!(product(&staff, &id).await["name"], "Tortoise");
}

/// Every outcome: what is clean is undone, what is the same is not, what has moved on takes force, and nothing forces what is taken, gone
/// or never undone.
/// Promise: undo-outcomes
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_outcome_is_as_it_is_shown() {
    let cloud = Cloud::start().await;
    let (staff, _) = cloud.staff("shopkeeper", "administrator").await;
    let garden = category(&staff, "Garden").await;
    let id = text(&create(&staff, "Turtle", &garden, 1000).await["id"]);

    // The same: somebody has changed it back.
    let raised = changed(&cloud, &staff, &id, price(2000)).await;
    changed(&cloud, &staff, &id, price(1000)).await;
    assert_eq!(outcome(&staff, &raised).await, "same");
    undo(&staff, &raised, &["price"], true).await.is_problem(409, "undo_nothing");

    // Moved on.
    let raised = changed(&cloud, &staff, &id, price(3000)).await;
    changed(&cloud, &staff, &id, price(4000)).await;
    assert_eq!(outcome(&staff, &raised).await, "moved_on");
    let refused = undo(&staff, &raised, &["price"], false).await.is_problem(409, "undo_moved_on");
    assert_eq!(refused["not_undone"], json!(["price"]));
    assert_eq!(product(&staff, &id).await["price"]["amount"], 4000);
    undo(&staff, &raised, &["price"], true).await.is(201);
    assert_eq!(product(&staff, &id).await["price"]["amount"], 1000);

    // Taken, also with another field that is clean: all of them or none.
    let renamed = changed(&cloud, &staff, &id, json!({ "name": "Tortoise", "for_sale": false })).await;
    create(&staff, "TURTLE", &garden, 1).await;
    assert_eq!(
        outcomes(&preview(&staff, &renamed).await.1),
        [("for_sale", "clean"), ("name", "taken")].map(|(a, b)| (a.to_owned(), b.to_owned()))
    );
    let refused = undo(&staff, &renamed, &["name", "for_sale"], true).await.is_problem(409, "undo_impossible");
    assert_eq!(refused["not_undone"], json!(["name"]));
    assert_eq!(product(&staff, &id).await["name"], "Tortoise");

    // Gone: the former category, and then the product.
    let pond = category(&staff, "Pond").await;
    let frog = text(&create(&staff, "Frog", &pond, 1).await["id"]);
    let moved = changed(&cloud, &staff, &frog, json!({ "category": garden })).await;
    staff.delete(&format!("/v1/categories/{pond}")).await.is(204);
    assert_eq!(outcome(&staff, &moved).await, "gone");
    undo(&staff, &moved, &["category"], true).await.is_problem(409, "undo_impossible");
    let version = staff.get(&format!("/v1/products/{frog}")).await.header("etag");
    staff.with("if-match", version).delete(&format!("/v1/products/{frog}")).await.is(204);
    assert_eq!(outcome(&staff, &moved).await, "gone");

    // Never.
    let deleted = latest(&cloud, "product_deleted").await;
    assert!(outcomes(&preview(&staff, &deleted).await.1).iter().all(|(_, outcome)| outcome == "never"));
    undo(&staff, &deleted, &["price"], true).await.is_problem(409, "undo_impossible");
}

/// The deletion of a category is undone with its id, its next version and the claim of its name, unless another one has the name, which the
/// preview says.
/// Promise: undo-outcomes
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_category_comes_back_unless_its_name_is_taken() {
    let cloud = Cloud::start().await;
    let (staff, _) = cloud.staff("shopkeeper", "administrator").await;
    let pond = category(&staff, "Pond").await;
    staff.delete(&format!("/v1/categories/{pond}")).await.is(204);
    let deleted = latest(&cloud, "category_deleted").await;
    let other = category(&staff, "POND").await;
    assert_eq!(outcome(&staff, &deleted).await, "taken");
    let refused = undo(&staff, &deleted, &["name"], true).await.is_problem(409, "undo_impossible");
    assert_eq!(refused["not_undone"], json!(["name"]));
    staff.delete(&format!("/v1/categories/{other}")).await.is(204);
    assert_eq!(outcome(&staff, &deleted).await, "clean");
    undo(&staff, &deleted, &["name"], false).await.is(201);
    let all = cloud.anonymous().get("/v1/categories").await.is(200);
    assert_eq!(all["items"], json!([{ "id": pond, "name": "Pond", "products": 0, "version": 2 }]));
    staff.post("/v1/categories", json!({ "name": "pond" })).await.is_problem(409, "name_taken");
    create(&staff, "Frog", &pond, 1).await;
    // A version that was read before the deletion is not the present one.
    let lake =
        async |version: &str| staff.with("if-match", version).put(&format!("/v1/categories/{pond}"), json!({ "name": "Lake" })).await;
    lake("\"v1\"").await.is_problem(412, "version_mismatch");
    assert_eq!(lake("\"v2\"").await.is(200)["version"], 3);
    items::are_as_described(&cloud).await;
}

/// What has changed behind a preview is not undone by it, whatever else is changed; and without such a change exactly that happens which
/// was shown.
/// Promise: undo-preview
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_preview_never_lies() {
    let cloud = Cloud::start().await;
    let (staff, _) = cloud.staff("shopkeeper", "administrator").await;
    let garden = category(&staff, "Garden").await;
    let id = text(&create(&staff, "Turtle", &garden, 1000).await["id"]);
    let all = json!({ "name": "Tortoise", "price": { "amount": 2000, "currency": "PLN" }, "discount_percent": 10, "available": 3 });
    let entry = changed(&cloud, &staff, &id, all).await;
    let fields = ["available", "discount", "name", "price"];

    let (version, _) = preview(&staff, &entry).await;
    let hidden = changed(&cloud, &staff, &id, json!({ "available": 4 })).await;
    for force in [false, true] {
        undo_at(&staff, &entry, &version, &fields, force).await.is_problem(412, "version_mismatch");
    }
    undo(&staff, &hidden, &["available"], false).await.is(201);
    create(&staff, "Turtle", &garden, 1).await;
    undo_at(&staff, &entry, &version, &fields, false).await.is_problem(412, "version_mismatch");

    // What it does not show may change.
    let (version, shown) = preview(&staff, &entry).await;
    changed(&cloud, &staff, &id, json!({ "description": "Of wood.", "for_sale": false })).await;
    let done = undo_at(&staff, &entry, &version, &["available", "discount", "price"], false).await;
    let (_, made) = preview(&staff, &text(&done.is(201)["entry"])).await;
    let made = made["fields"].as_array().unwrap();
    assert_eq!(made.len(), 3);
    for field in shown["fields"].as_array().unwrap().iter().filter(|field| field["field"] != "name") {
        let after = made.iter().find(|after| after["field"] == field["field"]).unwrap();
        assert_eq!((&after["was"], &after["became"], &after["is_now"]), (&field["is_now"], &field["would_be"], &field["would_be"]));
    }
    let is = product(&staff, &id).await;
    assert_eq!((&is["name"], &is["description"], &is["price"]["amount"]), (&json!("Tortoise"), &json!("Of wood."), &json!(1000)));
}

/// Of many who undo one entry at the same moment exactly one does, and the change is made once.
/// Promise: undo-once
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_undo_one_wins() {
    let cloud = Cloud::start().await;
    let (one, _) = cloud.staff("shopkeeper", "administrator").await;
    let (two, _) = cloud.staff("assistant", "administrator").await;
    let garden = category(&one, "Garden").await;
    let id = text(&create(&one, "Turtle", &garden, 1000).await["id"]);
    for round in 0..10 {
        let entry = changed(&cloud, &one, &id, price(2000 + round)).await;
        let before = one.get(&format!("/v1/products/{id}")).await.header("etag");
        let (version, _) = preview(&one, &entry).await;
        let statuses = race(4, |i| {
            let (who, entry, version) = (if i % 2 == 0 { one.clone() } else { two.clone() }, entry.clone(), version.clone());
            async move { undo_at(&who, &entry, &version, &["price"], false).await.status.as_u16() }
        })
        .await;
        assert!(statuses.iter().all(|status| [201, 409, 412].contains(status)), "{statuses:?}");
        // The one who wins may get the same answer twice.
        let winners: Vec<usize> = (0..4).filter(|i| statuses[*i] == 201).collect();
        assert!(!winners.is_empty() && winners.iter().all(|i| i % 2 == winners[0] % 2), "{statuses:?}");
        assert_eq!(product(&one, &id).await["price"]["amount"], 1000);
        let after = one.get(&format!("/v1/products/{id}")).await.header("etag");
        let number = |tag: &str| tag.trim_matches(['"', 'v']).parse::<u64>().unwrap();
        assert_eq!(number(&after), number(&before) + 1);
    }
}

/// Roles are undone by superusers, never their own, and the last one stays. Others see that they cannot.
/// Promise: undo-roles
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_raises_their_own_role_by_an_undo() {
    let cloud = Cloud::start().await;
    let (root, _) = cloud.staff("root_of_all", "superuser").await;
    let (other, _) = cloud.staff("second_root", "superuser").await;
    let (staff, _) = cloud.staff("shopkeeper", "administrator").await;
    let role = |name: &str, role: &str| format!("/v1/admin/users/{name}/roles/{role}");

    // An administrator was demoted to a moderator, and does not get the role back by themselves.
    root.put(&role("shopkeeper", "moderator"), json!({})).await.is(204);
    let raised = latest(&cloud, "role_granted").await;
    assert_eq!(outcome(&staff, &raised).await, "never");
    undo(&staff, &raised, &["roles"], true).await.is_problem(409, "undo_impossible");
    root.delete(&role("shopkeeper", "administrator")).await.is(204);
    let lowered = latest(&cloud, "role_taken").await;
    staff.get(&path(&lowered)).await.is_problem(403, "forbidden");
    staff.with("if-match", "*").post(&path(&lowered), json!({ "fields": ["roles"], "reason": REASON })).await.is_problem(403, "forbidden");
    // A superuser undoes it.
    assert_eq!(outcome(&root, &lowered).await, "clean");
    undo(&root, &lowered, &["roles"], false).await.is(201);
    staff.get(&path(&lowered)).await.is(200);

    // Nobody's own roles.
    other.put(&role("root_of_all", "moderator"), json!({})).await.is(204);
    let own = latest(&cloud, "role_granted").await;
    assert_eq!(outcome(&root, &own).await, "never");
    undo(&root, &own, &["roles"], true).await.is_problem(409, "undo_impossible");
    assert_eq!(outcome(&other, &own).await, "clean");

    // The last superuser stays, and is not undone by whom they have made one.
    root.delete(&role("second_root", "superuser")).await.is(204);
    let removed = latest(&cloud, "role_taken").await;
    other.get(&path(&own)).await.is_problem(403, "forbidden");
    undo(&root, &removed, &["roles"], false).await.is(201);
    assert_eq!(outcome(&other, &removed).await, "never");
    assert_eq!(undo(&other, &own, &["roles"], false).await.status, 201);
    let told = audit(&cloud, &root).await;
    assert_eq!(told.iter().filter(|(_, action)| action == "role_taken").count(), 1, "{told:?}");
    assert_eq!(root.get("/v1/admin/users/second_root").await.is(200)["roles"], json!(["superuser"]));
}

/// Who is no administrator any more by an undo has no keys, also if the request that undid it has ended in between: the same one again
/// finishes it.
/// Promise: undo-roles, undo-once
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_undone_role_leaves_no_keys() {
    let cloud = Cloud::start().await;
    let ((root, _), (staff, _)) = (cloud.staff("root_of_all", "superuser").await, cloud.staff("shopkeeper", "moderator").await);
    root.put("/v1/admin/users/shopkeeper/roles/administrator", json!({})).await.is(204);
    let granted = latest(&cloud, "role_granted").await;
    staff.post("/v1/me/api-keys", json!({ "name": "Till", "scopes": ["statistics:read"] })).await.is(201);
    let (version, _) = preview(&root, &granted).await;
    // The first transaction is the undo, the second one revokes the keys.
    let target = Target { first: 2, ..Target::of("AuditFunction", Service::DynamoDb, "TransactWriteItems") };
    let down = cloud.aws.faults.script(target, Fault::Unavailable);
    let ended = undo_at(&root, &granted, &version, &["roles"], false).await;
    assert!(ended.status.as_u16() >= 500 && down.hits() > 0, "{ended:?}");
    down.end();
    assert_eq!(cloud.of_kind("api_key").await.len(), 1);
    undo_at(&root, &granted, &version, &["roles"], false).await.is(201);
    assert!(cloud.of_kind("api_key").await.is_empty());
}

/// Values that are not those that their record commits to are not given back, not even by force.
/// Promise: undo-outcomes
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_that_somebody_has_touched_are_not_given_back() {
    let cloud = Cloud::start().await;
    let (staff, _) = cloud.staff("shopkeeper", "administrator").await;
    let garden = category(&staff, "Garden").await;
    let id = text(&create(&staff, "Turtle", &garden, 1999).await["id"]);
    let entry = changed(&cloud, &staff, &id, price(2500)).await;
    assert_eq!(outcome(&staff, &entry).await, "clean");
    let values = cloud.of_kind("audit_values").await.into_iter().find(|values| values["id"]["S"] == entry.as_str()).unwrap();
    let touched: Value = serde_json::from_str(&values.to_string().replace("\"1999\"", "\"1\"")).unwrap();
    assert_ne!(touched, values);
    let request = serde_json::from_value(json!({ "TableName": "stoa-state", "Item": touched })).unwrap();
    let _ = cloud.aws.dynamodb.database().put_item(request).unwrap();
    assert!(outcomes(&preview(&staff, &entry).await.1).iter().all(|(_, outcome)| outcome == "gone"));
    undo(&staff, &entry, &["price"], true).await.is_problem(409, "undo_impossible");
}

/// A ban is undone as moderators end it, and its end as they ban. The undo of a ban that has been replaced takes force.
/// Promise: undo-outcomes
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ban_is_undone_as_a_whole() {
    let cloud = Cloud::start().await;
    let (moderator, _) = cloud.staff("mona", "moderator").await;
    let (staff, _) = cloud.staff("shopkeeper", "administrator").await;
    let ana = cloud.member("ana").await;
    let bans = || async { staff.get("/v1/moderation/bans").await.is(200)["items"].as_array().unwrap().clone() };
    let ban = format!("/v1/moderation/bans/{}", ana.id());
    moderator.put(&ban, json!({ "reason": "hate", "minutes": 60 })).await.is(204);
    let entry = latest(&cloud, "chat_banned").await;
    moderator.get(&path(&entry)).await.is_problem(403, "forbidden");
    ana.get(&path(&entry)).await.is_problem(403, "forbidden");
    assert_eq!(outcomes(&preview(&staff, &entry).await.1), [("ban".to_owned(), "clean".to_owned())]);
    let undone = text(&undo(&staff, &entry, &["ban"], false).await.is(201)["entry"]);
    assert!(bans().await.is_empty());
    assert_eq!(outcome(&staff, &undone).await, "clean");
    undo(&staff, &undone, &["ban"], false).await.is(201);
    let again = bans().await;
    assert_eq!((again.len(), &again[0]["reason"]), (1, &json!("hate")));
    // Another ban has taken its place.
    let entry = latest(&cloud, "chat_banned").await;
    moderator.put(&ban, json!({ "reason": "spam" })).await.is(204);
    assert_eq!(outcome(&staff, &entry).await, "moved_on");
    undo(&staff, &entry, &["ban"], false).await.is_problem(409, "undo_moved_on");
    undo(&staff, &entry, &["ban"], true).await.is(201);
    assert!(bans().await.is_empty());
    // A ban that would be over is not imposed again.
    moderator.put(&ban, json!({ "reason": "hate", "minutes": 1 })).await.is(204);
    moderator.delete(&ban).await.is(204);
    let ended = latest(&cloud, "chat_unbanned").await;
    cloud.advance(std::time::Duration::from_secs(120)).await;
    assert_eq!(outcome(&staff, &ended).await, "gone");
    undo(&staff, &ended, &["ban"], true).await.is_problem(409, "undo_impossible");
}

/// What a moderator has made of a comment is undone, unless its author has changed it since; what was deleted is gone.
/// Promise: undo-outcomes
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_moderated_comment_gets_its_text_back() {
    let cloud = Cloud::start().await;
    let (staff, _) = cloud.staff("shopkeeper", "administrator").await;
    let garden = category(&staff, "Garden").await;
    let product = text(&create(&staff, "Turtle", &garden, 1000).await["id"]);
    let ana = cloud.member("ana").await;
    let path = format!("/v1/products/{product}/comments");
    let comment = text(&ana.post(&path, json!({ "text": "It stands well." })).await.is(201)["id"]);
    let (own, moderated) = (format!("{path}/{comment}"), format!("/v1/moderation/comments/{product}/{comment}"));
    let shown = || async { text(&cloud.anonymous().get(&path).await.is(200)["items"][0]["text"]) };

    staff.put(&moderated, json!({ "text": "It stands." })).await.is(200);
    let entry = latest(&cloud, "comment_changed").await;
    assert_eq!(outcomes(&preview(&staff, &entry).await.1), [("text".to_owned(), "clean".to_owned())]);
    undo(&staff, &entry, &["text"], false).await.is(201);
    assert_eq!(shown().await, "It stands well.");

    staff.put(&moderated, json!({ "text": "It stands." })).await.is(200);
    let entry = latest(&cloud, "comment_changed").await;
    ana.put(&own, json!({ "text": "It fell over." })).await.is(200);
    assert_eq!(outcome(&staff, &entry).await, "moved_on");
    undo(&staff, &entry, &["text"], false).await.is_problem(409, "undo_moved_on");
    assert_eq!(shown().await, "It fell over.");
    ana.delete(&own).await.is(204);
    assert_eq!(outcome(&staff, &entry).await, "gone");
    undo(&staff, &entry, &["text"], true).await.is_problem(409, "undo_impossible");
}

/// The words under one's own name, or that of somebody with a role as high, are not changed by an undo either.
/// Promise: undo-outcomes, staff-boundaries
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_words_of_somebody_with_such_a_role_are_not_changed_by_an_undo() {
    let cloud = Cloud::start().await;
    let ((root, _), (ida, _)) = (cloud.staff("root_of_all", "superuser").await, cloud.staff("ida", "administrator").await);
    let (ada, _) = cloud.staff("ada", "administrator").await;
    let garden = category(&ida, "Garden").await;
    let product = text(&create(&ida, "Turtle", &garden, 1000).await["id"]);
    let path = format!("/v1/products/{product}/comments");
    let comment = text(&ada.post(&path, json!({ "text": "It stands well." })).await.is(201)["id"]);
    root.put(&format!("/v1/moderation/comments/{product}/{comment}"), json!({ "text": "It stands." })).await.is(200);
    let entry = latest(&cloud, "comment_changed").await;
    for staff in [&ida, &ada] {
        assert_eq!(outcome(staff, &entry).await, "never");
        undo(staff, &entry, &["text"], true).await.is_problem(409, "undo_impossible");
    }
    assert_eq!(outcome(&root, &entry).await, "clean");
    undo(&root, &entry, &["text"], false).await.is(201);
    assert_eq!(cloud.anonymous().get(&path).await.is(200)["items"][0]["text"], "It stands well.");
}

/// A fault leaves the change, its entry and its mark, or none of the three: if no transaction works there is none, and if a reply is lost
/// there are all, once.
/// Promise: undo-once, lost-reply
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_leaves_the_whole_undo_or_nothing() {
    let cloud = Cloud::start().await;
    let (staff, _) = cloud.staff("shopkeeper", "administrator").await;
    let garden = category(&staff, "Garden").await;
    let id = text(&create(&staff, "Turtle", &garden, 1000).await["id"]);
    let entry = changed(&cloud, &staff, &id, price(2000)).await;
    let (version, _) = preview(&staff, &entry).await;
    let state = || async {
        let amount = product(&staff, &id).await["price"]["amount"].as_u64().unwrap();
        (amount, cloud.of_kind("audit").await.len(), cloud.of_kind("undone").await.len())
    };
    let before = state().await;
    let transaction = || Target::of("AuditFunction", Service::DynamoDb, "TransactWriteItems");

    let down = cloud.aws.faults.script(transaction(), Fault::Unavailable);
    let refused = undo_at(&staff, &entry, &version, &["price"], false).await;
    assert!(refused.status.as_u16() >= 500 && down.hits() > 0, "{refused:?}");
    down.end();
    assert_eq!(state().await, before);

    let lost = cloud.aws.faults.script(Target { first: 1, times: 1, ..transaction() }, Fault::LostAfter);
    let done = undo_at(&staff, &entry, &version, &["price"], false).await.is(201);
    lost.end();
    assert_eq!(state().await, (1000, before.1 + 1, 1));
    assert_eq!(undo_at(&staff, &entry, &version, &["price"], false).await.is(201), done);
    assert_eq!(state().await, (1000, before.1 + 1, 1));
}

/// Staff look at a preview during their shift, and undo only with a recent proof. Unknown entries are not there.
/// Promise: undo-once
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_undo_takes_a_recent_proof() {
    let cloud = Cloud::start().await;
    let (staff, app) = cloud.staff("shopkeeper", "administrator").await;
    let garden = category(&staff, "Garden").await;
    let id = text(&create(&staff, "Turtle", &garden, 1000).await["id"]);
    let entry = changed(&cloud, &staff, &id, price(2000)).await;
    let (version, _) = preview(&staff, &entry).await;
    cloud.advance(std::time::Duration::from_secs(360)).await;
    undo_at(&staff, &entry, &version, &["price"], false).await.is_problem(401, "step_up_required");
    let (same, _) = preview(&staff, &entry).await;
    assert_eq!(same, version);
    let staff = cloud.step_up(&staff, &app).await;
    undo_at(&staff, &entry, &version, &["price"], false).await.is(201);
    let unknown = format!("{}0", &entry[..entry.len() - 1]);
    let unknown = if unknown == entry { format!("{}1", &entry[..entry.len() - 1]) } else { unknown };
    staff.get(&path(&unknown)).await.is_problem(404, "not_found");
    undo_at(&staff, &unknown, "*", &["price"], false).await.is_problem(404, "not_found");
}

/// After an account was deleted, the values of the entries about it are gone, and so is what could be undone.
/// Promise: undo-outcomes
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_a_deleted_account_is_undone() {
    let cloud = Cloud::start().await;
    let (root, app) = cloud.staff("root_of_all", "superuser").await;
    let ana = cloud.member("ana").await;
    root.put("/v1/admin/users/ana/roles/moderator", json!({})).await.is(204);
    root.delete("/v1/admin/users/ana/roles/moderator").await.is(204);
    let entry = latest(&cloud, "role_taken").await;
    assert_eq!(outcome(&root, &entry).await, "clean");
    let scheduled = schedule(&ana).await;
    // Who leaves gets no role.
    assert_eq!(outcome(&root, &entry).await, "gone");
    until_due(&cloud, &scheduled).await;
    run(&cloud, SWEEP).await;
    cloud.settle().await;
    cloud.advance(HOUR).await;
    let root = cloud.sign_in_with(&cloud.anonymous(), "root_of_all", &app).await;
    assert_eq!(outcome(&root, &entry).await, "gone");
    undo(&root, &entry, &["roles"], true).await.is_problem(409, "undo_impossible");
    assert_eq!(cloud.of_kind("undone").await.len(), 0);
}

/// Changes somebody's profile as staff, and returns the entry about it.
async fn edited(cloud: &Cloud, staff: &Caller, name: &str, patch: Value) -> String {
    let account = format!("/v1/admin/users/{name}");
    let version = staff.get(&account).await.header("etag");
    staff.with("if-match", version).patch(&account, patch).await.is(200);
    latest(cloud, "profile_changed").await
}

/// A profile is undone as staff change it: each field by who may change it, with the username's claim, and never what is its person's
/// alone. The person is told. A name that somebody else has by now is taken, and a picture that was replaced is gone.
/// Promise: undo-outcomes
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_profile_is_undone_as_staff_change_it() {
    let cloud = Cloud::start().await;
    let (root, app) = cloud.staff("root_of_all", "superuser").await;
    let (ida, _) = cloud.staff("ida", "administrator").await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);

    let entry = edited(&cloud, &ida, "ana", json!({ "username": "anna_nowak", "bio": "Climbs." })).await;
    assert_eq!(
        outcomes(&preview(&ida, &entry).await.1),
        [("bio", "clean"), ("username", "clean")].map(|(a, b)| (a.to_owned(), b.to_owned()))
    );
    // The person is told, in one mail for several changes in a short time.
    let told = async || cloud.of_kind("outbox").await.iter().filter(|event| event.to_string().contains("username_changed")).count();
    let before = told().await;
    undo(&ida, &entry, &["username"], false).await.is(201);
    assert_eq!(told().await - before, 1);
    let me = ana.get("/v1/me").await.is(200);
    assert_eq!((&me["username"], &me["bio"]), (&json!("ana"), &json!("Climbs.")));
    ben.get("/v1/users/ana").await.is(200);
    ben.get("/v1/users/anna_nowak").await.is_problem(404, "not_found");

    // What its person has changed.
    let version = ana.get("/v1/me").await.header("etag");
    let patch = json!({ "bio": "Swims.", "private": true, "who_can_message": "friends" });
    ana.with("if-match", version).patch("/v1/me", patch).await.is(200);
    let own = latest(&cloud, "profile_changed").await;
    let all = |staff: &str| [("bio", "clean"), ("private", staff), ("who_can_message", "never")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(outcomes(&preview(&ida, &own).await.1), all("never"));
    assert_eq!(outcomes(&preview(&root, &own).await.1), all("clean"));
    undo(&root, &own, &["bio", "who_can_message"], true).await.is_problem(409, "undo_impossible");
    undo(&root, &own, &["bio", "private"], false).await.is(201);
    let me = ana.get("/v1/me").await.is(200);
    assert_eq!((&me["bio"], &me["private"], &me["who_can_message"]), (&json!("Climbs."), &json!(false), &json!("friends")));

    // A picture that was replaced.
    assert_eq!(upload(&cloud, &ana).await["state"], "published");
    ana.delete("/v1/me/picture").await.is(204);
    assert_eq!(outcome(&root, &latest(&cloud, "picture_removed").await).await, "gone");

    // A name that somebody else has by now.
    let entry = edited(&cloud, &root, "ana", json!({ "username": "anna" })).await;
    cloud.advance(DAY * 31).await;
    let (root, ben) = (cloud.sign_in_with(&cloud.anonymous(), "root_of_all", &app).await, cloud.sign_in("ben").await);
    assert_eq!(outcome(&root, &entry).await, "clean");
    let version = ben.get("/v1/me").await.header("etag");
    ben.with("if-match", version).put("/v1/me/username", json!({ "username": "ana" })).await.is(200);
    assert_eq!(outcome(&root, &entry).await, "taken");
    undo(&root, &entry, &["username"], true).await.is_problem(409, "undo_impossible");
    // Nobody undoes what was changed of somebody who stands as high.
    let version = root.get("/v1/me").await.header("etag");
    root.with("if-match", version).patch("/v1/me", json!({ "bio": "Mine." })).await.is(200);
    let own = latest(&cloud, "profile_changed").await;
    assert_eq!(outcome(&root, &own).await, "never");
    items::are_as_described(&cloud).await;
}

/// What was empty is empty again, and a day of birth is the former one: neither becomes a text that nobody has written, and the audit is
/// read as before.
/// Promise: undo-outcomes
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_empty_is_empty_again() {
    let cloud = Cloud::start().await;
    let ((root, _), ana) = (cloud.staff("root_of_all", "superuser").await, cloud.member("ana").await);
    let profile = async || {
        let me = ana.get("/v1/me").await.is(200);
        ["bio", "birth_date"].map(|member| me[member].clone())
    };
    let before = profile().await;
    assert!(before[0].is_null(), "{before:?}");
    let entry = edited(&cloud, &root, "ana", json!({ "bio": "Climbs.", "birth_date": "1990-02-28" })).await;
    let after = [json!("Climbs."), json!("1990-02-28")];
    assert_eq!(profile().await, after);
    let undone = text(&undo(&root, &entry, &["bio", "birth_date"], false).await.is(201)["entry"]);
    assert_eq!(profile().await, before);
    undo(&root, &undone, &["bio", "birth_date"], false).await.is(201);
    assert_eq!(profile().await, after);
    let entries = root.get(&format!("/v1/audit?subject={}", ana.id())).await.is(200);
    assert_eq!(entries["items"].as_array().unwrap().len(), 3, "{entries}");
}

/// A deactivation is undone by superusers and its undo by whoever deactivates; a scheduled deletion by who could cancel it, until it
/// begins.
/// Promise: undo-outcomes
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leaving_is_undone_until_it_begins() {
    let cloud = Cloud::start().await;
    let (root, _) = cloud.staff("root_of_all", "superuser").await;
    let (ida, _) = cloud.staff("ida", "administrator").await;
    let ana = cloud.member("ana").await;
    let at = |what: &str| format!("/v1/admin/users/ana/{what}");

    ida.post(&at("deactivation"), json!({})).await.is(204);
    let entry = latest(&cloud, "account_deactivated").await;
    assert_eq!((outcome(&ida, &entry).await, outcome(&root, &entry).await), ("never".to_owned(), "clean".to_owned()));
    undo(&ida, &entry, &["status"], true).await.is_problem(409, "undo_impossible");
    let undone = text(&undo(&root, &entry, &["status"], false).await.is(201)["entry"]);
    let again = cloud.sign_in("ana").await;
    undo(&ida, &undone, &["status"], false).await.is(201);
    again.get("/v1/me").await.is_problem(401, "token_invalid");
    root.post(&at("reactivation"), json!({})).await.is(204);

    ida.put(&at("deletion"), json!({})).await.is(200);
    let entry = latest(&cloud, "deletion_scheduled").await;
    assert_eq!(outcome(&ida, &entry).await, "clean");
    undo(&ida, &entry, &["deletion"], false).await.is(201);
    ida.delete(&at("deletion")).await.is_problem(409, "deletion_not_scheduled");
    items::are_as_described(&cloud).await;

    // Its owner schedules it, and once more: there is no other time to go back to.
    let ana = cloud.sign_in(ana.name()).await;
    for expected in ["clean", "never"] {
        schedule(&ana).await;
        assert_eq!(outcome(&ida, &latest(&cloud, "deletion_scheduled").await).await, expected);
    }
}

/// Staff undo the scheduling of deletions at the moment at which the sweep begins them. Each account is either kept with everything, and
/// its entry undone, or gone with everything.
/// Promise: restore-or-purge, undo-once
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_undoing_a_deletion_and_purging_one_happens() {
    let cloud = Cloud::start().await;
    let (ida, app) = cloud.staff("ida", "administrator").await;
    let (mut people, mut scheduled) = (Vec::new(), Value::Null);
    for n in 0..100 {
        let who = cloud.member(&format!("ana_{n}")).await;
        scheduled = ida.put(&format!("/v1/admin/users/ana_{n}/deletion"), json!({})).await.is(200);
        people.push((who, latest(&cloud, "deletion_scheduled").await));
    }
    until_due(&cloud, &json!({ "due_at": scheduled["deletion_due_at"] })).await;
    let ida = cloud.sign_in_with(&cloud.anonymous(), "ida", &app).await;
    let statuses = race(people.len() + 2, |i| {
        let (ida, entry) = (ida.clone(), people.get(i).map(|(_, entry)| entry.clone()));
        let (hosts, sys) = (cloud.hosts.clone(), cloud.sys.clone());
        async move {
            let Some(entry) = entry else {
                let event = to_raw_value(&json!({ "source": "aws.scheduler" })).unwrap();
                hosts.invoke(SWEEP, event, &Trace::new(&sys)).await.unwrap();
                return 0;
            };
            undo_at(&ida, &entry, "*", &["deletion"], false).await.status.as_u16()
        }
    })
    .await;
    run(&cloud, SWEEP).await;
    cloud.settle().await;
    let (users, left, undone) = (cloud.of_kind("user").await, cloud.of_kind("deletion").await, cloud.of_kind("undone").await);
    for ((who, entry), status) in people.iter().zip(statuses) {
        let user = users.iter().find(|user| user["id"]["S"] == who.id());
        let deletion = left.iter().find(|deletion| deletion["user"]["S"] == who.id());
        let marked = undone.iter().any(|mark| mark["entry"]["S"] == **entry);
        match (user, deletion) {
            (Some(user), None) => assert!(user["status"]["S"] == "active" && marked, "{}: {status} {user}", who.name()),
            (None, Some(deletion)) => assert!(deletion["stage"]["S"] == "done" && !marked, "{}: {status} {deletion}", who.name()),
            half => panic!("{}: {status} {half:?}", who.name()),
        }
        let told = if user.is_some() { [201, 503].contains(&status) } else { [404, 409, 412, 503].contains(&status) };
        assert!(told, "{}: {status}", who.name());
    }
}
