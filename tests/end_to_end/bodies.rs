//! Every operation with a body gets bodies that it must refuse: with the right status, a problem that names the error, and no change of any
//! item. The bodies are made of the examples and schemas in the document, so that no operation is left out.

use std::collections::BTreeMap;

use reqwest::Method;
use tests::{Caller, Cloud, PASSWORD, Value, json};

use crate::items;

const PHONE: &str = "+447700900567";

/// Members that only the server sets, except in the operations whose body has them, and one that nobody knows.
const FOREIGN: [&str; 26] = [
    "role",
    "is_admin",
    "plan",
    "balance",
    "verified",
    "user_id",
    "owner",
    "pk",
    "sk",
    "gsi1pk",
    "ttl",
    "token_ver",
    "deleted_at",
    "mfa",
    "status",
    "version",
    "price",
    "total",
    "stock",
    "available",
    "reserved",
    "sold",
    "paid_at",
    "discount",
    "customer",
    "unheard_of",
];

/// An operation with a body that it takes.
struct Operation {
    method: Method,
    path: String,
    example: Value,
    schema: Value,
    optional: bool,
    /// Its place among the operations.
    place: usize,
}

/// Every operation with a body, from the document.
fn operations(document: &Value) -> Vec<Operation> {
    let mut all = Vec::new();
    // Stripe's events are judged by their signature first (`stripe`).
    for (path, item) in document["paths"].as_object().unwrap().iter().filter(|(path, _)| *path != "/v1/stripe-events") {
        for (method, described) in item.as_object().unwrap() {
            let Some(contents) = described["requestBody"]["content"].as_object() else { continue };
            let content = &contents["application/json"];
            let examples = content["examples"].as_object().and_then(|e| e.values().next()).map(|e| e["value"].clone());
            assert!(is_closed(document, &content["schema"]), "{path} takes members that are not in the document");
            let place = content["schema"]["$ref"].as_str().unwrap_or_default().trim_start_matches('#');
            all.push(Operation {
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                example: examples.unwrap_or_else(|| content["example"].clone()),
                optional: described["requestBody"]["required"] != true,
                schema: document.pointer(place).unwrap_or(&content["schema"]).clone(),
                place: all.len(),
            });
        }
    }
    all
}

/// Returns whether a body with this schema has no members but those in it.
fn is_closed(document: &Value, schema: &Value) -> bool {
    let schema = schema["$ref"].as_str().map_or(schema, |place| document.pointer(place.trim_start_matches('#')).unwrap());
    let any_of_these = schema["oneOf"].as_array();
    any_of_these
        .map_or(schema["additionalProperties"] == false, |all| all.iter().all(|one| one["type"] == "null" || is_closed(document, one)))
}

const JSON: &str = "application/json";

/// A body, and its description for the message of a failure.
struct Bad {
    what: String,
    /// The member that the answer must name, if there is one.
    names: Option<String>,
    content_type: &'static str,
    encoding: &'static str,
    body: Vec<u8>,
}

/// Bodies that are invalid for an operation whatever its members mean.
fn wrong(operation: &Operation) -> Vec<Bad> {
    let example = operation.example.to_string();
    let opened = example.strip_suffix('}').unwrap().to_owned();
    let more = |member: &str| format!("{opened}{}{member}}}", if opened.len() > 1 { "," } else { "" });
    let mut all = Vec::new();
    let mut add = |what: &str, body: Vec<u8>| {
        all.push(Bad { what: what.to_owned(), names: None, content_type: JSON, encoding: "", body });
    };
    if !operation.optional {
        add("nothing", Vec::new());
        add("null", b"null".to_vec());
    }
    add("a list", b"[]".to_vec());
    add("a list of it", format!("[{example}]").into_bytes());
    add("a text", b"\"text\"".to_vec());
    add("half of it", example.as_bytes()[..example.len() - 1].to_vec());
    add("two of it", format!("{example}{example}").into_bytes());
    add("70 kB", format!("{example}{}", " ".repeat(70 * 1024)).into_bytes());
    add("very deep", more(&format!("\"unheard_of\":{}", "[".repeat(2000))).into_bytes());
    add("half a character in a name", more("\"\\ud800\":1").into_bytes());
    add("NUL in a name", more("\"\\u0000\":1").into_bytes());
    let mut other = more("\"?\":1").into_bytes();
    other.iter_mut().filter(|b| **b == b'?').for_each(|b| *b = 0xFF);
    add("no UTF-8", other);
    for (name, value) in operation.example.as_object().unwrap() {
        let mut with = |what: &str, changed: Value| {
            let mut body = operation.example.clone();
            body[name] = changed;
            add(&format!("{name}: {what}"), body.to_string().into_bytes());
        };
        // Objects that other standards define (a passkey's answer) may have further members.
        if !value.is_object() {
            let number = if value.is_number() { json!("-7.5") } else { json!(-7.5) };
            for (what, changed) in
                [("a number of another type", number), ("a list", json!([value])), ("an object", json!({ "value": value }))]
            {
                with(what, changed);
            }
            if value.is_string() {
                with("a boolean", json!(true));
            } else {
                with("a text", json!("text"));
            }
        }
        if value.is_string() {
            let half = example.replacen(&format!("\"{name}\":{value}"), &format!("\"{name}\":\"\\ud800\""), 1);
            add(&format!("half a character in {name}"), half.into_bytes());
        }
    }
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""] {
        let what = format!("it as {content_type:?}");
        all.push(Bad { what, names: None, content_type, encoding: "", body: example.clone().into_bytes() });
    }
    for encoding in ["gzip", "br", "identity, zstd"] {
        let what = format!("it in {encoding:?}");
        all.push(Bad { what, names: None, content_type: JSON, encoding, body: example.clone().into_bytes() });
    }
    all.extend(named(operation, more));
    all
}

/// Bodies with one member that is missing, repeated, unknown or null where it may not be: the answer names it.
fn named(operation: &Operation, more: impl Fn(&str) -> String) -> Vec<Bad> {
    let bad = |what: String, name: &str, body: String| Bad {
        what,
        names: Some(format!("/{name}")),
        content_type: JSON,
        encoding: "",
        body: body.into_bytes(),
    };
    let member = |name: &&str| format!("\"{name}\":\"superuser\"");
    // All at once, in another order for each operation, and every second one alone: the others in the next operation.
    let mut foreign: Vec<&str> = FOREIGN.into_iter().filter(|name| operation.schema["properties"].get(name).is_none()).collect();
    let alone = foreign.iter().skip(operation.place % 2).step_by(2);
    let mut all: Vec<Bad> = alone.map(|name| bad(format!("{name} besides"), name, more(&member(name)))).collect();
    let first = operation.place % foreign.len();
    foreign.rotate_left(first);
    let together: Vec<String> = foreign.iter().map(member).collect();
    all.push(bad("all of them besides".to_owned(), foreign[0], more(&together.join(","))));
    let required: Vec<&str> = operation.schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, value) in operation.example.as_object().unwrap() {
        all.push(bad(format!("{name} twice"), name, more(&format!("\"{name}\":{value}"))));
        if required.contains(&name.as_str()) {
            let mut body = operation.example.clone();
            body[name] = Value::Null;
            all.push(bad(format!("{name}: null"), name, body.to_string()));
            body.as_object_mut().unwrap().remove(name);
            all.push(bad(format!("no {name}"), name, body.to_string()));
        }
    }
    all
}

/// Everything that is stored, except counters of requests and times of last use.
async fn state(cloud: &Cloud) -> Vec<String> {
    cloud.settle().await;
    let dump = cloud.dump().await;
    let items = dump.as_object().unwrap().values().flat_map(|table| table.as_array().unwrap());
    let kept =
        items.filter(|item| !["limit", "last_seen", "seal_key", "token_keys"].contains(&item["kind"]["S"].as_str().unwrap_or_default()));
    let mut all: Vec<String> = kept.map(Value::to_string).collect();
    all.sort();
    all
}

/// No operation accepts a body that is not its own, fails with a 5xx on it, or changes anything because of it.
/// The answer names the member that is wrong.
/// Promise: request-bodies
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_bodies_are_refused_and_change_nothing() {
    let cloud = Cloud::start().await;
    let lea = cloud.member("lea").await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let address = json!({ "street": "Marszałkowska 44", "city": "Kraków", "postal_code": "30-001", "country": "PL" });
    let address = text(&lea.post("/v1/me/addresses", address).await.is(201)["id"]);
    let (_, credential) =
        tests::Authenticator::create(&lea.post("/v1/me/passkeys/options", json!({})).await.is(201)["options"], "http://localhost:5173");
    let passkey = text(&lea.post("/v1/me/passkeys", json!({ "name": "phone", "credential": credential })).await.is(201)["id"]);
    let model = text(&lea.post("/v1/models", json!({ "title": "Red bike" })).await.is(201)["id"]);
    lea.post("/v1/me/email-changes", json!({ "email": "lea.new@example.test" })).await.is(202);
    lea.post("/v1/me/phone-changes", json!({ "phone": PHONE })).await.is(202);
    let _ = cloud.careful("eve", "+447700900124").await;
    // Operations of staff look at the body of staff only.
    let (staff, _) = cloud.staff("mona", "administrator").await;
    let (staff, product) = (staff.with("if-match", "\"v1\"").with("idempotency-key", "one"), crate::products::only_product(&cloud).await);
    let client = cloud.anonymous().with("idempotency-key", "one");
    let flow = async |path: &str, body: Value| text(&client.post(path, body).await.json()["id"]);
    let registration = flow("/v1/registrations", json!({ "email": "new@example.test" })).await;
    let sign_in = flow("/v1/sessions", json!({ "login": "eve", "password": PASSWORD })).await;
    let by_phone = flow("/v1/phone-sign-ins", json!({ "phone": "+447700900568" })).await;
    let flows = BTreeMap::from([("registrations", registration), ("sign-ins", sign_in), ("phone-sign-ins", by_phone)]);

    let document = tests::document();
    let all = operations(document);
    assert!(all.len() > 35, "{} operations take a body", all.len());
    items::are_as_described(&cloud).await;
    let before = state(&cloud).await;
    let signed_in = lea.with("if-match", "\"v1\"").with("idempotency-key", "one");
    let (flows, address, passkey, model, product) = (&flows, &address, &passkey, &model, &product);
    let (signed_in, staff, client) = (&signed_in, &staff, &client);
    let asked = all.iter().map(|operation| async move {
        let flow = flows.get(operation.path.split('/').nth(2).unwrap_or_default()).cloned().unwrap_or_default();
        let path = operation.path.replace("{flow}", &flow).replace("{address}", address).replace("{passkey}", passkey);
        let path = path.replace("{model}", model);
        let path = path.replace("{factor}", "app").replace("{room}", "public").replace("{seq}", "1").replace("{user}", &signed_in.id());
        let path = path.replace("{thread}", "rom_01K9ZCHCW7R5JY9H0FAMZV8NTS").replace("{reply}", "rpl_01K9ZCHCW7R5JY9H0FAMZV8NTS");
        let path = path.replace("{product}", product).replace("{category}", "cat_01K9ZCHCW7R5JY9H0FAMZV8NTS");
        let path = path.replace("{entry}", "aud_01K9ZCHCW7R5JY9H0FAMZV8NTS").replace("{ticket}", "tkt_01K9ZCHCW7R5JY9H0FAMZV8NTS");
        let path = path.replace("{comment}", "cmt_01K9ZCHCW7R5JY9H0FAMZV8NTS").replace("{order}", "ord_01K9ZCHCW7R5JY9H0FAMZV8NTS");
        let admitted = &document["paths"][&operation.path][operation.method.as_str().to_lowercase()]["security"][0];
        let caller: &Caller = match admitted["bearer"].as_array() {
            Some(conditions) if conditions.iter().any(|condition| condition == "moderator" || condition == "administrator") => staff,
            Some(_) => signed_in,
            None => client,
        };
        let mut taken = Vec::new();
        for bad in wrong(operation) {
            let content_type = Some(bad.content_type).filter(|kind| !kind.is_empty());
            let caller = if bad.encoding.is_empty() { caller.clone() } else { caller.with("content-encoding", bad.encoding) };
            let reply = caller.raw(operation.method.clone(), &path, content_type, bad.body).await;
            assert_eq!(reply.header("accept-encoding") == "identity", !bad.encoding.is_empty(), "{path}, {}: {reply:?}", bad.what);
            let (status, said) = (reply.status.as_u16(), String::from_utf8_lossy(&reply.bytes).into_owned());
            if ![400, 413, 415, 422].contains(&status) || reply.header("content-type") != "application/problem+json" {
                taken.push(format!("{} {path}, {}: {status} {said}", operation.method, bad.what));
            } else if let Some(name) = bad.names.filter(|name| reply.json()["pointer"] != name.as_str()) {
                taken.push(format!("{} {path}, {}: {said} does not name {name}", operation.method, bad.what));
            }
        }
        taken
    });
    let taken: Vec<String> = futures_util::future::join_all(asked).await.into_iter().flatten().collect();
    assert!(taken.is_empty(), "{} were not refused as bad bodies:\n{}", taken.len(), taken.join("\n"));
    let after = state(&cloud).await;
    let changed: Vec<&String> = after.iter().filter(|item| !before.contains(item)).collect();
    assert!(changed.is_empty() && after.len() == before.len(), "something changed: {changed:#?}");
}

/// Returns whether a schema describes `null` too.
fn takes_null(schema: &Value) -> bool {
    let is = |kind: &Value| kind == "null" || kind.as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "null"));
    is(&schema["type"]) || schema["oneOf"].as_array().is_some_and(|forms| forms.iter().any(takes_null))
}

/// In a patch `null` removes a value. Where there is always a value it is refused, instead of leaving the value as it is.
/// Promise: request-bodies
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn null_in_a_patch_is_refused_for_what_cannot_be_removed() {
    let cloud = Cloud::start().await;
    let lea = cloud.member("lea").await;
    let (staff, _) = cloud.staff("mona", "superuser").await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let product = crate::products::only_product(&cloud).await;
    let model = text(&lea.post("/v1/models", json!({ "title": "Red bike" })).await.is(201)["id"]);
    let room = text(&lea.post("/v1/rooms", json!({ "kind": "group", "name": "The porch", "topic": "Stones" })).await.is(201)["id"]);
    let message = json!({ "name": "Lea", "email": "lea@example.test", "subject": "bug_report", "message": "Nothing works. ".repeat(20) });
    let ticket = text(&cloud.anonymous().with("idempotency-key", "one").post("/v1/contact-messages", message).await.is(201)["id"]);
    let (lea, staff) = (lea.with("if-match", "*"), staff.with("if-match", "*").with("reason", "A test"));
    let places: BTreeMap<&str, (&Caller, String)> = BTreeMap::from([
        ("/v1/me", (&lea, "/v1/me".to_owned())),
        ("/v1/me/notification-settings", (&lea, "/v1/me/notification-settings".to_owned())),
        ("/v1/models/{model}", (&lea, format!("/v1/models/{model}"))),
        ("/v1/rooms/{room}", (&lea, format!("/v1/rooms/{room}"))),
        ("/v1/products/{product}", (&staff, format!("/v1/products/{product}"))),
        ("/v1/admin/tickets/{ticket}", (&staff, format!("/v1/admin/tickets/{ticket}"))),
        ("/v1/admin/users/{username}", (&staff, "/v1/admin/users/lea".to_owned())),
    ]);
    let (before, mut taken) = (state(&cloud).await, Vec::new());
    for operation in operations(tests::document()).iter().filter(|operation| operation.method == Method::PATCH) {
        let required: Vec<&Value> = operation.schema["required"].as_array().into_iter().flatten().collect();
        let members = operation.schema["properties"].as_object().unwrap().iter();
        for (name, _) in members.filter(|(name, schema)| !takes_null(schema) && !required.contains(&&json!(name))) {
            let (caller, path) = places.get(&*operation.path).unwrap_or_else(|| panic!("no resource for {}", operation.path));
            let reply = caller.patch(path, json!({ (name.as_str()): null })).await;
            let (status, said, pointer) = (reply.status.as_u16(), reply.json(), format!("/{name}"));
            if ![400, 422].contains(&status) || (said["pointer"] != pointer.as_str() && said["errors"][0]["pointer"] != pointer.as_str()) {
                taken.push(format!("{path}, {name}: {status} {said}"));
            }
        }
    }
    lea.patch("/v1/me/notification-settings", json!({ "direct": { "mail": null } })).await.is(400);
    assert!(taken.is_empty(), "null was not refused:\n{}", taken.join("\n"));
    let after = state(&cloud).await;
    assert!(after == before, "something changed");
    assert_eq!(lea.patch(&format!("/v1/rooms/{room}"), json!({ "topic": null })).await.is(200)["club"]["topic"], Value::Null);
    let bare = lea.post("/v1/rooms", json!({ "kind": "group", "name": "The gate", "topic": " " })).await.is(201);
    assert_eq!(bare["club"]["topic"], Value::Null);
}
