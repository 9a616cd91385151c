//! Dead letters: superusers list them and send them again.

use local::aws::{
    Service,
    faults::{Fault, Target},
};
use serde_json::value::to_raw_value;
use tests::{Caller, Cloud, DAY, Value, json};

use crate::{
    admin::audit,
    cart::{put, shop},
    items,
    orders::{ORDERS, PHONE},
    products::text,
};

const LETTERS: &str = "/v1/admin/dead-letters";
const DELIVER: &str = "DeliverFunction";
const OWN: &str = "DeadLettersFunction";

/// The address at which a letter is sent again.
pub(crate) fn again(letter: &str) -> String {
    format!("{LETTERS}/{letter}/redrive")
}

/// The letters, the latest first.
async fn letters(who: &Caller) -> Vec<Value> {
    who.get(LETTERS).await.is(200)["items"].as_array().unwrap().clone()
}

/// Makes an event that fails on every retry a dead letter. Returns the id of the letter.
pub(crate) async fn given_up(cloud: &Cloud, superuser: &Caller) -> String {
    let detail = json!({ "id": "evt_01K9ZC4QW8V3T6R1NHXJ5B2MDP", "at": cloud.now(), "event": {} });
    let poison = json!({ "version": "0", "detail-type": "challenge_issued", "source": "stoa", "detail": detail });
    cloud.hosts.invoke_async(DELIVER, to_raw_value(&poison).unwrap());
    cloud.settle().await;
    text(&letters(superuser).await[0]["id"])
}

/// Makes the event of a code for this address a dead letter, because mails cannot be sent for a while.
pub(crate) async fn unsent_mail(cloud: &Cloud, address: &str) {
    let down = cloud.aws.faults.script(Target::of(DELIVER, Service::Ses, "SendRawEmail"), Fault::Internal);
    let _ = cloud.anonymous().post("/v1/registrations", json!({ "email": address, "locale": "en" })).await.is(201);
    cloud.settle().await;
    down.end();
    assert!(cloud.mails_to(address).await.is_empty());
}

/// An event that failed because a service was down is in the list, without an address or a code. Sent again, its mail arrives once.
/// Promise: dead-letters-redriven, delivery-dead-letters
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_was_given_up_is_sent_again() {
    let cloud = Cloud::start().await;
    let (root, _) = cloud.staff("root_of_all", "superuser").await;
    assert!(letters(&root).await.is_empty());
    unsent_mail(&cloud, "ana@example.test").await;
    let found = letters(&root).await;
    let [letter] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((&letter["event"], &letter["function"]), (&json!("challenge_issued"), &json!("stoa-deliver")), "{letter}");
    assert!(!letter.to_string().contains("example.test") && !text(&letter["error"]).is_empty(), "{letter}");
    items::are_as_described(&cloud).await;

    let again = again(&text(&letter["id"]));
    root.post(&again, json!({})).await.is(204);
    root.post(&again, json!({})).await.is_problem(404, "not_found");
    let mails = cloud.mails_to("ana@example.test").await;
    assert!(mails.len() == 1 && mails[0].code.is_some(), "{mails:?}");
    assert!(letters(&root).await.is_empty());
    assert_eq!(audit(&cloud, &root).await, [(root.id(), "event_redriven".to_owned())]);
    items::are_as_described(&cloud).await;
}

/// An event that fails again is in the list again. Letters are kept for two weeks.
/// Promise: dead-letters-redriven
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_again_is_in_the_list_again() {
    let cloud = Cloud::start().await;
    let (mut root, app) = cloud.staff("root_of_all", "superuser").await;
    let first = given_up(&cloud, &root).await;
    root.post(&again(&first), json!({})).await.is(204);
    cloud.settle().await;
    let second = letters(&root).await;
    assert_eq!((second.len(), second[0]["id"] == first), (1, false), "{second:?}");
    for (days, kept) in [(13, 1), (2, 0)] {
        cloud.advance(DAY * days).await;
        root = cloud.sign_in_with(&cloud.anonymous(), "root_of_all", &app).await;
        assert_eq!(letters(&root).await.len(), kept);
    }
    root.post(&again(&text(&second[0]["id"])), json!({})).await.is_problem(404, "not_found");
}

/// If the event of a letter is no longer in the outbox, sending it again adds it to the table, but not to the figures.
/// Promise: dead-letters-redriven, daily-figures
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_again_is_counted_once() {
    let cloud = Cloud::start().await;
    let (root, app) = cloud.staff("root_of_all", "superuser").await;
    let ((_, products), buyer) = (shop(&cloud, 1).await, cloud.buyer("cyd", PHONE).await);
    put(&buyer, &products[0], 1).await;
    cloud.settle().await;
    let today = cloud.now().date().to_string();
    let money = json!({ "amount": 1000, "currency": "PLN" });
    let down = cloud.aws.faults.script(Target::of(DELIVER, Service::Ses, "SendRawEmail"), Fault::Internal);
    let order = json!({ "payment_method": "cash_on_delivery", "total": money });
    buyer.with("idempotency-key", "one").post(ORDERS, order).await.is(201);
    cloud.settle().await;
    down.end();
    let placed = letters(&root).await.into_iter().find(|letter| letter["event"] == "order_placed").unwrap();

    cloud.advance(DAY * 8).await;
    // It is kept for a week, until the platform gets round to it.
    for event in cloud.of_kind("outbox").await.iter().filter(|event| event["name"]["S"] == "order_placed") {
        cloud.delete_item(event);
    }
    let root = cloud.sign_in_with(&cloud.anonymous(), "root_of_all", &app).await;
    root.post(&again(&text(&placed["id"])), json!({})).await.is(204);
    cloud.settle().await;
    let days = root.get(&format!("/v1/admin/figures?from={today}&until={today}")).await.is(200)["days"].clone();
    assert_eq!((&days[0]["orders"], &days[0]["revenue"]), (&json!(1), &json!([money])), "{days}");
}

/// Only superusers see the letters and send them again. A fault leaves the letter, or sends it again with its entry in the audit, once.
/// Promise: dead-letters-redriven, audit, lost-reply
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_sends_a_letter_again_or_leaves_it() {
    let cloud = Cloud::start().await;
    let (root, _) = cloud.staff("root_of_all", "superuser").await;
    let (ida, _) = cloud.staff("ida", "administrator").await;
    let letter = given_up(&cloud, &root).await;
    ida.get(LETTERS).await.is_problem(403, "forbidden");
    ida.post(&again(&letter), json!({})).await.is_problem(403, "forbidden");
    let down = cloud.aws.faults.script(Target::of(OWN, Service::DynamoDb, "TransactWriteItems"), Fault::Unavailable);
    let refused = root.post(&again(&letter), json!({})).await;
    assert!(refused.status.as_u16() >= 500 && down.hits() > 0, "{refused:?}");
    down.end();
    assert_eq!((letters(&root).await.len(), audit(&cloud, &root).await.len()), (1, 0));
    let lost = Target { first: 1, times: 1, ..Target::of(OWN, Service::DynamoDb, "TransactWriteItems") };
    let lost = cloud.aws.faults.script(lost, Fault::LostAfter);
    root.post(&again(&letter), json!({})).await.is(204);
    lost.end();
    assert_eq!(audit(&cloud, &root).await.len(), 1);
}
