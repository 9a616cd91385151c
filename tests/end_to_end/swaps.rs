//! The ids of one person in the requests and frames of another person, generated from the route table and from the document of the socket.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use tests::{Authenticator, Caller, Cloud, PASSWORD, Value, json};

use crate::{
    attachments::ready,
    card_orders,
    cart::shop,
    donations,
    matrix::{Operation, about, operations},
};

/// Parameters that name something of a person. Both people of the tests have one of each.
const THINGS: [&str; 20] = [
    "room",
    "user",
    "username",
    "attachment",
    "upload",
    "export",
    "notification",
    "thread",
    "reply",
    "order",
    "donation",
    "payment",
    "model",
    "comment",
    "address",
    "passkey",
    "session",
    "device",
    "entry",
    "ticket",
];

/// Parameters that name nothing of one person, each with an example.
const SHARED: [(&str, &str); 14] = [
    // Notes are the team's.
    ("note", "nte_01K9ZCHCW7R5JY9H0FAMZV8NTS"),
    // Products and their categories are the shop's. A product with comments of both people replaces this one.
    ("product", "prd_01K9ZCHCW7R5JY9H0FAMZV8NTS"),
    ("category", "cat_01K9ZCHCW7R5JY9H0FAMZV8NTS"),
    // A number within a room.
    ("seq", "3"),
    // The public name of a channel or a product.
    ("slug", "agora-news"),
    // The secret of a link in a mail: whoever has it may use it.
    ("token", "q83vEjRWeJC6q83vEjRWeJC6q83vEjRWeJC6q83vEjQ"),
    // The secret of a registration or a sign-in in several steps: whoever has it takes the next step.
    ("flow", "flw_q83vEjRWeJC6q83vEjRWeJC6q83vEjRWeJC6q83vEjQ"),
    // A kind of second factor, of the caller's own.
    ("factor", "app"),
    // The name of a role.
    ("role", "moderator"),
    // An event on which a function failed. It is the system's.
    ("letter", "2f1c7f1e-9b1a-4a53-8f0e-0a1b2c3d4e5f"),
    // Files of the pages and of the client, which everybody may read.
    ("file", "docs.js"),
    // The code of a problem.
    ("code", "not_found"),
    // Published pictures, in these sizes.
    ("picture", "default"),
    ("size", "300"),
];

/// The operations with something of a person in their path that are not tried, and why.
const NOT_TRIED: [(&str, &str); 2] = [
    ("DELETE /v1/me/api-keys/{key}", "only administrators have keys: see `api_keys::superusers_revoke_everybodys_keys`"),
    ("DELETE /v1/admin/api-keys/{user}/{key}", "superusers revoke everybody's keys: see `api_keys::superusers_revoke_everybodys_keys`"),
];

/// What may be done with the ids of somebody else, and which ones. It changes nothing of theirs.
const ALLOWED: [(&str, &[&str]); 11] = [
    // Everybody reads the catalogue.
    ("GET /v1/models/{model}", &["model"]),
    // Members see the public profiles of others.
    ("GET /v1/users/{username}", &["username"]),
    // Everybody may ask whether a name is taken.
    ("GET /v1/usernames/{username}/availability", &["username"]),
    // How one stands to somebody is one's own, and so are a request to them and a block.
    ("GET /v1/friends/{user}", &["user"]),
    ("POST /v1/friends/{user}/request", &["user"]),
    ("PUT /v1/friends/{user}/block", &["user"]),
    // Everybody can be kept out of a room of one's own, or there is no ban to end.
    ("PUT /v1/rooms/{room}/bans/{user}", &["user"]),
    ("DELETE /v1/rooms/{room}/bans/{user}", &["user"]),
    // Everybody can be invited into a room of one's own.
    ("PUT /v1/rooms/{room}/invitations/{user}", &["user"]),
    // There is no invitation to take back, and none of one's own to decline.
    ("DELETE /v1/rooms/{room}/invitations/{user}", &["user"]),
    ("DELETE /v1/rooms/{room}/invitations/{user}", &["room"]),
];

/// Kinds of items that every request writes, such as counters, and the key that a function makes when it first seals something.
const FLEETING: [&str; 10] =
    ["limit", "presence", "last_seen", "session", "ticket", "outbox", "done", "seal_key", "figure", "counted_batch"];

/// One of each thing that somebody can have, by the parameter that names it.
pub(crate) type Things = BTreeMap<&'static str, String>;

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text: {value}")).to_owned()
}

/// What somebody makes of a shop: an order of a product and a comment on it, payments that are begun, and a model.
async fn bought(who: &Caller, product: &str) -> Things {
    let comment = who.post(&format!("/v1/products/{product}/comments"), json!({ "text": "It stands well." })).await.is(201);
    let order = card_orders::order(who, "order", product, 1).await;
    let donation = donations::begin(who, "donation").await;
    let payment = who.with("idempotency-key", "plan").post("/v1/plan-payments", json!({ "plan": "basic" })).await.is(201);
    let model = who.post("/v1/models", json!({ "title": "Red bike" })).await.is(201);
    let things = [("comment", comment), ("order", order), ("donation", donation), ("payment", payment), ("model", model)];
    let product = ("product", product.to_owned());
    things.into_iter().map(|(name, thing)| (name, text(&thing["id"]))).chain([product]).collect()
}

/// What belongs to somebody's account: an address, a passkey, a session, a trusted device, an entry of the audit and a ticket. The passkey
/// comes first, because it ends the trust in devices.
async fn account_of(cloud: &Cloud, who: &Caller) -> Things {
    let asked = who.post("/v1/me/passkeys/options", json!({})).await.is(201);
    let (_, credential) = Authenticator::create(&asked["options"], who.origin());
    let passkey = who.post("/v1/me/passkeys", json!({ "name": "phone", "credential": credential })).await.is(201);
    let browser = cloud.anonymous();
    let trusted = json!({ "login": who.name(), "password": PASSWORD, "remember_device": true });
    let browser = browser.signed_in(browser.post("/v1/sessions", trusted).await.is(201));
    let message =
        json!({ "name": "Ana Nowak", "email": who.email(), "subject": "other", "message": "Something does not work. ".repeat(12) });
    let ticket = who.with("idempotency-key", "ticket").post("/v1/contact-messages", message).await.is(201);
    cloud.settle().await;
    let first = async |path: &str| text(&browser.get(path).await.is(200)["items"][0]["id"]);
    BTreeMap::from([
        ("username", who.name().to_owned()),
        ("address", first("/v1/me/addresses").await),
        ("passkey", text(&passkey["id"])),
        ("session", text(&who.claims()["sid"])),
        ("device", first("/v1/me/devices").await),
        ("entry", first("/v1/me/security-events").await),
        ("ticket", text(&ticket["id"])),
    ])
}

/// Makes somebody's things: a group with a companion and a file in it, a picture, an archive, a notification and a thread.
async fn things_of(cloud: &Cloud, who: &Caller, companion: &Caller, reply: &str) -> Things {
    let room = text(&who.post("/v1/rooms", json!({ "kind": "group", "name": "Porch" })).await.is(201)["id"]);
    who.put(&format!("/v1/rooms/{room}/invitations/{}", companion.id()), Value::Null).await.is(204);
    companion.post(&format!("/v1/rooms/{room}/members"), Value::Null).await.is(200);
    let file = ready(cloud, who, &room, "a.txt", b"a private file").await;
    let mut socket = who.socket().await;
    let sent = socket.ask(json!({ "type": "send", "room": room, "text": "look", "nonce": "n", "attachments": [file] })).await;
    assert_eq!(sent["seq"], 3, "{sent}");
    socket.close().await;
    let picture = json!({ "content_type": "image/png", "bytes": 100, "sha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" });
    let upload = text(&who.post("/v1/me/picture/uploads", picture).await.is(201)["id"]);
    let export = text(&who.post("/v1/me/exports", json!({})).await.is(202)["id"]);
    companion.post(&format!("/v1/friends/{}/request", who.id()), json!({})).await.is(201);
    let thread = text(&who.put("/v1/support/thread", json!({ "subject": "My parcel" })).await.is(201)["room"]);
    who.post("/v1/support/thread/messages", json!({ "text": "Where is it?", "nonce": "n" })).await.is(201);
    cloud.settle().await;
    let notification = text(&who.get("/v1/notifications").await.is(200)["items"][0]["id"]);
    BTreeMap::from([
        ("room", room),
        ("user", who.id()),
        ("attachment", text(&file)),
        ("upload", upload),
        ("export", export),
        ("notification", notification),
        ("thread", thread),
        ("reply", reply.to_owned()),
    ])
}

/// The parameters of a path.
fn parameters(path: &str) -> Vec<&str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect()
}

/// The operations that are tried, with the parameters in them that name something of a person: all that have one, except those in
/// [`NOT_TRIED`].
fn tried() -> Vec<(Operation, Vec<&'static str>)> {
    let (mut tried, mut skipped) = (Vec::new(), 0);
    for operation in operations() {
        if NOT_TRIED.iter().any(|(name, _)| *name == operation.name) {
            skipped += 1;
            continue;
        }
        let all = parameters(&operation.path);
        let known = |name: &&str| THINGS.contains(name) || SHARED.iter().any(|(shared, _)| shared == name);
        let unknown: Vec<&&str> = all.iter().filter(|name| !known(name)).collect();
        assert!(
            unknown.is_empty(),
            "{} has {unknown:?}: add it to THINGS and make one for each person (`things_of`, `bought`, `account_of`), or to SHARED if it is \
             of nobody, or the operation to NOT_TRIED with the reason",
            operation.name
        );
        let ids: Vec<&'static str> = THINGS.into_iter().filter(|name| all.contains(name)).collect();
        if !ids.is_empty() {
            tried.push((operation, ids));
        }
    }
    assert_eq!(skipped, NOT_TRIED.len(), "an operation in NOT_TRIED does not exist");
    tried
}

/// Every choice of at least one of these parameters.
fn choices(ids: &[&'static str]) -> Vec<Vec<&'static str>> {
    (1..(1_usize << ids.len()))
        .map(|bits| ids.iter().enumerate().filter(|(n, _)| (bits >> n) & 1 == 1).map(|(_, id)| *id).collect())
        .collect()
}

/// The path with these of the parameters from `theirs`, and the others from `own`.
pub(crate) fn swapped(path: &str, own: &Things, theirs: &Things, which: &[&'static str]) -> String {
    let mut mixed: BTreeMap<&str, String> = SHARED.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    mixed.extend(own.iter().map(|(name, id)| (*name, id.clone())));
    mixed.extend(which.iter().map(|name| (*name, theirs[name].clone())));
    about(path, &mixed)
}

/// Everything that is stored, except what every request writes.
async fn stored(cloud: &Cloud) -> BTreeSet<String> {
    cloud.settle().await;
    let dump = cloud.dump().await;
    let items = dump.as_object().unwrap().values().flat_map(|table| table.as_array().unwrap());
    items.filter(|item| !FLEETING.contains(&item["kind"]["S"].as_str().unwrap_or_default())).map(Value::to_string).collect()
}

pub(crate) struct Two {
    pub ana: Caller,
    pub hers: Things,
    ben: Caller,
    eve: Caller,
    pub own: Things,
}

/// Ana with a companion, and Eve with another one, who have the same things.
pub(crate) async fn two(cloud: &Cloud) -> Two {
    let (ana, ben) = (cloud.buyer("ana", "+447911123450").await, cloud.member("ben").await);
    let (eve, dan) = (cloud.buyer("eve", "+447911123451").await, cloud.member("dan").await);
    let (kim, _) = cloud.staff("kim", "moderator").await;
    let reply = kim.post("/v1/support/replies", json!({ "title": "Bye", "text": "Bye {name}" })).await.is(201);
    let reply = reply["id"].as_str().unwrap();
    let (mut hers, mut own) = (things_of(cloud, &ana, &ben, reply).await, things_of(cloud, &eve, &dan, reply).await);
    let (_, products) = shop(cloud, 1).await;
    for (who, things) in [(&ana, &mut hers), (&eve, &mut own)] {
        things.extend(bought(who, &products[0]).await);
        things.extend(account_of(cloud, who).await);
        let missing: Vec<&str> = THINGS.into_iter().filter(|name| !things.contains_key(name)).collect();
        assert!(missing.is_empty(), "{missing:?} is in THINGS: make one for each person here");
    }
    Two { ana, hers, ben, eve, own }
}

/// Every id of one person in every operation of another one, alone and together with the other's own ids: refused, and nothing changes.
/// All operations are tried. A new parameter, and a new operation that is not refused, fail here until they are entered.
/// Promise: object-ownership
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_ids_of_somebody_else_lead_nowhere() {
    let (cloud, tried) = (Cloud::start().await, tried());
    let Two { ana, hers, ben, eve, own } = two(&cloud).await;
    let eve = eve.with("if-match", "\"v1\"");
    let before = stored(&cloud).await;
    let mut allowed = Vec::new();
    for (operation, ids) in &tried {
        // Her own ids are real: what is refused below is not refused for being unknown.
        let excepted = ALLOWED.iter().any(|(name, _)| *name == operation.name);
        if operation.method == Method::GET && !operation.for_staff() && !excepted {
            ana.get(&swapped(&operation.path, &hers, &hers, &[])).await.is(200);
        }
        for which in choices(ids) {
            let path = swapped(&operation.path, &own, &hers, &which);
            if ALLOWED.contains(&(operation.name.as_str(), which.as_slice())) {
                allowed.push((operation, path));
                continue;
            }
            let reply = eve.send(operation.method.clone(), &path, operation.body.clone()).await;
            assert!([403, 404].contains(&reply.status.as_u16()), "{} with {which:?} of somebody else: {reply:?}", operation.name);
            let after = stored(&cloud).await;
            let changed: Vec<_> = before.symmetric_difference(&after).collect();
            assert!(changed.is_empty(), "{} with {which:?} of somebody else: {changed:?}", operation.name);
        }
    }
    // A member of the same room does not see the state of her upload.
    ben.get(&about("/v1/rooms/{room}/uploads/{attachment}", &hers)).await.is_problem(404, "not_found");
    assert_eq!(allowed.len(), ALLOWED.len(), "every exception is about an operation");
    // Her username is no id, and may be a part of any text.
    let of_ana = |item: &&String| hers.values().any(|id| is_id(id) && item.contains(id)) && !item.contains(&eve.id());
    let hers: BTreeSet<String> = before.iter().filter(of_ana).cloned().collect();
    for (operation, path) in allowed {
        let reply = eve.send(operation.method.clone(), &path, operation.body.clone()).await;
        assert!(reply.status.as_u16() < 500 && reply.status != 401, "{reply:?}");
        let after = stored(&cloud).await;
        let changed: Vec<_> = hers.difference(&after).collect();
        assert!(changed.is_empty(), "{}: {changed:?}", operation.name);
    }
}

/// The frames that a client can send, by stream: the examples of the document.
fn frames() -> Vec<(String, Value)> {
    let text = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/asyncapi.json")).unwrap();
    let document: Value = serde_json::from_slice(&text).unwrap();
    let mut frames = Vec::new();
    for operation in document["operations"].as_object().unwrap().values().filter(|operation| operation["action"] == "receive") {
        for message in operation["messages"].as_array().unwrap() {
            let name = message["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
            let frame = &document["components"]["messages"][name]["examples"][0]["payload"];
            frames.push((frame["stream"].as_str().unwrap().to_owned(), frame["payload"].clone()));
        }
    }
    frames
}

/// Whether a text has the form of an id: three letters and a ULID.
fn is_id(text: &str) -> bool {
    text.split_once('_').is_some_and(|(kind, ulid)| kind.len() == 3 && ulid.len() == 26)
}

/// Every frame about a room of somebody else is answered as if that room did not exist, and changes nothing.
/// Promise: object-ownership
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_about_the_rooms_of_somebody_else_lead_nowhere() {
    let cloud = Cloud::start().await;
    let Two { hers, eve, .. } = two(&cloud).await;
    let (mut socket, mut tries) = (eve.socket().await, 0);
    for (stream, frame) in frames().into_iter().filter(|(_, frame)| frame["room"].is_string()) {
        let unknown = frame.as_object().unwrap().iter().find(|(name, value)| *name != "room" && value.as_str().is_some_and(is_id));
        assert_eq!(unknown, None, "{frame}: say here whose it is");
        for room in [&hers["room"], &hers["thread"]] {
            let mut frame = frame.clone();
            frame["room"] = room.as_str().into();
            if frame["attachments"].is_array() {
                frame["attachments"] = json!([hers["attachment"]]);
            }
            cloud.refill_frames().await;
            let before = stored(&cloud).await;
            let refused = socket.ask_on(&stream, frame.clone()).await;
            assert_eq!(refused["problem"]["code"], "not_found", "{stream} {frame}: {refused}");
            let after = stored(&cloud).await;
            let changed: Vec<_> = before.symmetric_difference(&after).collect();
            assert!(changed.is_empty(), "{stream} {frame}: {changed:?}");
            tries += 1;
        }
    }
    assert!(tries >= 30, "the document has the frames of both streams: {tries}");
}
