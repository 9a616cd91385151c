//! The API's documents and their pages.

use std::collections::BTreeSet;

use tests::{Cloud, Value, json};

/// The description names every operation once, with its tag, its failures and an example. Every reference in it resolves within
/// it.
/// Promise: api-description
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_description_is_complete() {
    let cloud = Cloud::start().await;
    let reply = cloud.anonymous().get("/openapi.json").await;
    let served = reply.is(200);
    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!(served["openapi"], "3.1.0");
    let document = tests::resolved(&served);
    let tags: BTreeSet<&str> = document["tags"].as_array().unwrap().iter().filter_map(|t| t["name"].as_str()).collect();
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = format!("{method} {path}");
            let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{name} has no id"));
            assert!(ids.insert(id), "{id} twice");
            let tag = operation["tags"][0].as_str().unwrap_or_else(|| panic!("{name} has no tag"));
            assert!(tags.contains(tag), "{name}: the tag {tag} is not described");
            assert!(operation["summary"].is_string(), "{name} has no summary");
            assert!(operation["responses"]["500"].is_object() && operation.get("x-problems").is_none(), "{name} has no failures");
            for (status, answer) in operation["responses"].as_object().unwrap() {
                assert!(answer["content"].as_object().is_none_or(|c| c.values().all(has_example)), "{name} has no example of {status}");
            }
            let asked = operation["requestBody"]["content"].as_object();
            assert!(asked.is_none_or(|c| c.values().all(has_example)), "{name} has no example of its request");
        }
    }
    assert!(ids.len() > 40, "{} operations", ids.len());
    let mut references = BTreeSet::new();
    collect(&served, &mut references);
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("a reference within the document");
        assert!(document.pointer(pointer).is_some(), "{reference} does not resolve");
    }
}

/// The description of the socket is served like that of the HTTP API.
/// Promise: api-description
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_socket_is_described() {
    let cloud = Cloud::start().await;
    let reply = cloud.anonymous().get("/asyncapi.json").await;
    let document = reply.is(200);
    assert_eq!((&*reply.header("content-type"), &document["asyncapi"]), ("application/json", &Value::from("3.0.0")));
    let mut socket = cloud.member("ana").await.socket().await;
    let messages = document["components"]["messages"].as_object().unwrap();
    let mut asks: Vec<_> = messages.iter().filter(|(name, _)| name.starts_with("Ask")).collect();
    // The message that the examples are about is deleted in the end.
    asks.sort_by_key(|(name, _)| *name == "AskDelete");
    let first = socket.ask(json!({ "type": "send", "room": "public", "text": "hello", "nonce": "first" })).await;
    assert_eq!(first["seq"], 1);
    cloud.refill_frames().await;
    let mut seen = 0;
    for (name, message) in asks {
        let mut frame = message["examples"][0]["payload"].clone();
        // Its file would have to be uploaded first.
        frame["payload"].as_object_mut().unwrap().remove("attachments");
        socket.send_text(frame.to_string()).await;
        let answer = socket.expect(|f| f["id"] == frame["id"]).await;
        assert_ne!(answer["payload"]["type"], "error", "{name}: {answer}");
        seen += 1;
    }
    assert_eq!(seen, 10);
    let mut references = BTreeSet::new();
    collect(&document, &mut references);
    for reference in references {
        assert!(document.pointer(reference.strip_prefix('#').unwrap()).is_some(), "{reference} does not resolve");
    }
}

/// `?lang` chooses the language of every operation, including those with other query parameters.
/// Promise: api-description, language
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_list_is_there_in_every_language() {
    let cloud = Cloud::start().await;
    let (caller, app, _) = cloud.careful("ana", "+447700900121").await;
    cloud.appoint(&caller, &["superuser"]);
    let caller = cloud.step_up(&caller, &app).await;
    caller.put("/v1/me/location", json!({ "latitude": 52.23, "longitude": 21.01 })).await.is(200);
    caller.put("/v1/support/thread", json!({ "subject": "My parcel" })).await.is(201);
    let paths = tests::document()["paths"].as_object().unwrap();
    let queried = paths.iter().filter(|(_, item)| {
        let parameters = item["get"]["parameters"].as_array();
        parameters.is_some_and(|all| all.iter().any(|p| p["in"] == "query" && p["name"] != "lang"))
    });
    let group = caller.post("/v1/rooms", json!({ "kind": "group", "name": "Walks" })).await.is(201);
    let group = group["id"].as_str().unwrap();
    let mut asked = Vec::new();
    for (path, _) in queried.filter(|(path, _)| !path.replace("{room}", "").contains('{')) {
        let query = match path.as_str() {
            "/v1/people" | "/v1/support/search" => "&q=anna".to_owned(),
            "/v1/audit" => format!("&subject={}", caller.id()),
            _ => String::new(),
        };
        let reply = caller.get(&format!("{}?lang=pl{query}", path.replace("{room}", group))).await;
        assert_eq!((reply.status.as_u16(), &*reply.header("content-language")), (200, "pl"), "{path} {reply:?}");
        asked.push(path.as_str());
    }
    for path in
        ["/v1/chats", "/v1/me/invitees", "/v1/rooms", "/v1/rooms/{room}/members", "/v1/rooms/{room}/messages", "/v1/statistics/invites"]
    {
        assert!(asked.contains(&path), "{path} is not in {asked:?}");
    }
}

fn has_example(content: &Value) -> bool {
    content.get("example").is_some()
        || content.get("examples").is_some()
        || content["schema"].get("format").is_some()
        || content["schema"]["type"] == "array"
}

fn collect<'a>(value: &'a Value, references: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(members) => {
            references.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|v| collect(v, references));
        }
        Value::Array(items) => items.iter().for_each(|v| collect(v, references)),
        _ => {}
    }
}

/// A page loads only files of its own site. Its policy allows nothing inline and nothing from other sites.
/// Promise: api-pages
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_brings_everything_with_it() {
    let cloud = Cloud::start().await;
    let browser = cloud.anonymous().with("accept", "text/html,*/*;q=0.8");
    let loading = browser.with("accept-encoding", "gzip, deflate, br, zstd");
    for page in ["/docs", "/docs/flows", "/docs/from", "/docs/from-shuttrly"] {
        let page = browser.get(page).await;
        assert_eq!((page.status.as_u16(), &*page.header("content-type")), (200, "text/html; charset=utf-8"), "{page:?}");
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
        let html = String::from_utf8(page.bytes).unwrap();
        let files: Vec<&str> = html.split('"').filter(|part| part.starts_with("/docs/")).collect();
        assert!(files.len() >= 3 && !html.contains("://"), "{html}");
        for file in files {
            let reply = loading.get(file).await;
            assert_eq!(reply.status, 200, "{file} {reply:?}");
            assert!(!reply.bytes.is_empty() && reply.header("cache-control").contains("max-age"), "{file}");
            assert_eq!(reply.header("x-content-type-options"), "nosniff");
            assert_eq!(reply.header("content-encoding"), "gzip");
        }
    }
    for nothing in ["index.html", "swagger-ui.js", "x"] {
        cloud.anonymous().get(&format!("/docs/{nothing}")).await.is_problem(404, "not_found");
    }
}

/// The documents lead to a page for each of five other projects, in both languages, with a row for each thing.
/// Promise: api-from-elsewhere
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_project_has_a_page() {
    let cloud = Cloud::start().await;
    let read = async |path: &str, language: &str| {
        let page = cloud.anonymous().with("accept-language", language).get(path).await;
        assert_eq!((page.status.as_u16(), &*page.header("content-language")), (200, language), "{path} {page:?}");
        String::from_utf8(page.bytes).unwrap()
    };
    assert!(read("/docs", "en").await.contains("href=\"/docs/from\""));
    let overview = read("/docs/from", "en").await;
    let pages: BTreeSet<&str> = overview.split('"').filter(|part| part.starts_with("/docs/from-")).collect();
    assert_eq!(pages.len(), 5, "{pages:?}");
    for page in pages {
        let (english, polish) = (read(page, "en").await, read(page, "pl").await);
        let rows = english.matches("<tr").count();
        assert!(rows > 10 && rows == polish.matches("<tr").count() && english != polish, "{page}: {rows}");
    }
}

/// A file is compressed for clients that accept gzip, and not sent again to a client that has it.
/// Promise: api-pages
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_compressed_and_cached() {
    let cloud = Cloud::start().await;
    let plain = cloud.anonymous();
    let gzip = plain.with("accept-encoding", "gzip, deflate, br, zstd");
    for path in ["/openapi.json", "/docs/swagger-ui-bundle.js", "/docs/flows.js", "/docs/flows"] {
        let (whole, compressed) = (plain.get(path).await, gzip.get(path).await);
        assert_eq!((&*whole.header("content-encoding"), &*compressed.header("content-encoding")), ("", "gzip"), "{path}");
        assert_eq!(tests::inflated(&compressed.bytes), whole.bytes, "{path}");
        assert!(compressed.bytes.len() < whole.bytes.len(), "{path}");
        for (caller, reply, other) in [(&plain, &whole, &compressed), (&gzip, &compressed, &whole)] {
            assert_eq!(reply.header("vary"), "accept-encoding, accept-language, origin", "{path}");
            let again = caller.with("if-none-match", reply.header("etag")).get(path).await;
            assert_eq!((again.status.as_u16(), again.bytes.len(), again.header("etag")), (304, 0, reply.header("etag")), "{path}");
            assert_eq!(
                (&*again.header("vary"), again.header("cache-control")),
                ("accept-encoding, accept-language, origin", reply.header("cache-control"))
            );
            assert_eq!(caller.with("if-none-match", other.header("etag")).get(path).await.bytes, reply.bytes, "{path}");
        }
    }
}

/// The `type` of a problem is the address of a page about it, in the reader's language.
/// Promise: problem-pages, language
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_problem_leads_to_its_page() {
    let cloud = Cloud::start().await;
    let problem = cloud.anonymous().get("/v1/me").await.is_problem(401, "token_invalid");
    let page = problem["type"].as_str().unwrap();
    let (english, polish) = (cloud.anonymous().get(page).await, cloud.anonymous().with("accept-language", "pl").get(page).await);
    assert!(String::from_utf8_lossy(&english.bytes).contains(problem["title"].as_str().unwrap()));
    assert_eq!((&*polish.header("content-language"), english.bytes == polish.bytes), ("pl", false));
    for kind in kernel::Kind::ALL {
        let page = cloud.anonymous().get(&format!("/problems/{}", kind.code())).await;
        assert_eq!((page.status.as_u16(), &*page.header("content-type")), (200, "text/html; charset=utf-8"), "{} {page:?}", kind.code());
    }
    cloud.anonymous().get("/problems/nonsense").await.is_problem(404, "not_found");
}
