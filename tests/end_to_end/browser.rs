//! Passkeys and the pages of the console in a real browser. Needs Chromium, at `/usr/bin/chromium` or at the path in `CHROMIUM`. Run with
//! `--ignored`.

use axum::{Router, response::Html, routing::get};
use tests::{Browser, Cloud, PASSWORD, Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::client::PATIENCE_MS;

/// A minimal frontend: calls the API and passes its answers to the browser.
const FRONTEND: &str = r"
    globalThis.api = async (method, path, token, body) => {
        const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
        const reply = await fetch(path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
        return { status: reply.status, body: reply.status === 204 ? null : await reply.json() };
    };
    globalThis.register = async (token, name) => {
        const { body } = await api('POST', '/v1/me/passkeys/options', token, {});
        const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(body.options);
        const credential = await navigator.credentials.create({ publicKey });
        return api('POST', '/v1/me/passkeys', token, { name, credential: credential.toJSON() });
    };
    globalThis.signIn = async () => {
        const { body } = await api('POST', '/v1/passkey-sign-ins', null, { next: '/rooms' });
        const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(body.passkey);
        const credential = await navigator.credentials.get({ publicKey });
        return api('POST', `/v1/sign-ins/${body.id}/verify`, null, { passkey: credential.toJSON() });
    };
    'ready'
";

/// The server of an empty page at an origin of its own. It ends when this is dropped.
pub struct Site {
    /// Its origin.
    pub origin: String,
    server: JoinHandle<()>,
}

impl Site {
    /// Serves the page on a free port of `host`, which is a name of this machine.
    pub async fn open(host: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let origin = format!("http://{host}:{}", listener.local_addr().expect("an address").port());
        let page =
            Router::new().route("/", get(async || Html("<!doctype html><title>Frontend</title><link rel=\"icon\" href=\"data:,\">")));
        let server = tokio::spawn(async { axum::serve(listener, page).await.expect("it serves") });
        Self { origin, server }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Uploads a picture as a frontend does: sends it to the link with exactly the headers of the answer, and waits for the result.
const UPLOADER: &str = r"
    globalThis.call = async (method, path, body) => {
        const headers = { authorization: `Bearer ${TOKEN}`, ...(body && { 'content-type': 'application/json' }) };
        const reply = await fetch(API + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
        return reply.json();
    };
    globalThis.upload = async type => {
        const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 200 });
        const pen = canvas.getContext('2d');
        pen.fillStyle = 'rgb(220, 20, 20)';
        pen.fillRect(0, 0, 320, 200);
        const file = await new Promise(then => canvas.toBlob(then, type));
        const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()));
        const declared = { content_type: file.type, bytes: file.size, sha256: btoa(String.fromCharCode(...hash)) };
        const link = await call('POST', '/v1/me/picture/uploads', declared);
        const { status } = await fetch(link.url, { method: link.method, headers: link.headers, body: file });
        let upload = {};
        do {
            await new Promise(then => setTimeout(then, 100));
            upload = await call('GET', `/v1/me/picture/uploads/${link.id}`);
        } while (upload.state === 'waiting');
        return { status, upload };
    };
    // First an ordinary picture, whose answers the browser keeps. Scripts must not get those.
    globalThis.look = async url => {
        const load = crossOrigin => new Promise(then => {
            const image = Object.assign(new Image(), { crossOrigin, onload: () => then(image), onerror: () => then(null) });
            image.src = url;
        });
        const ordinary = await load(null);
        const reply = await fetch(url);
        const bytes = (await reply.blob()).size;
        const readable = await load('anonymous');
        const pen = document.createElement('canvas').getContext('2d');
        if (readable) pen.drawImage(readable, 0, 0);
        const [red, green, blue] = pen.getImageData(1, 1, 1, 1).data;
        const widths = [ordinary, readable].map(image => image?.naturalWidth);
        return { widths, type: reply.headers.get('content-type'), bytes, red: red > 180 && green < 60 && blue < 60 };
    };
    'ready'
";

/// A page of another origin uploads pictures as the contract says: the browser asks the bucket for permission to send the headers,
/// and gets it. The page then shows the picture, and its scripts read it.
/// Promise: picture-publish, picture-address
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_page_of_another_origin_uploads_and_reads_a_picture() {
    let site = Site::open("localhost").await;
    let cloud = Cloud::start_with(&[("AllowedOrigins", &site.origin)]).await;
    let ana = cloud.member("ana").await;
    let mut browser = Browser::open(&site.origin).await;
    let given = format!("const API = {}, TOKEN = {};", json!(cloud.urls.api), json!(ana.token()));
    assert_eq!(browser.run(&format!("{given}{UPLOADER}")).await, "ready");
    for format in ["image/png", "image/jpeg", "image/webp"] {
        let done = browser.run(&format!("upload({})", json!(format))).await;
        assert_eq!((&done["status"], &done["upload"]["state"]), (&json!(200), &json!("published")), "{format}: {done}");
        for (size, side) in [("small", 64), ("medium", 300)] {
            let seen = browser.run(&format!("look({})", done["upload"]["picture"][size])).await;
            assert_eq!(
                (&seen["widths"], &seen["type"], &seen["red"]),
                (&json!([side, side]), &json!("image/jpeg"), &json!(true)),
                "{seen}"
            );
            assert!(seen["bytes"].as_u64().is_some_and(|bytes| bytes > 100), "{seen}");
        }
    }
    let errors = browser.errors().await;
    assert!(errors.is_empty(), "{errors:?}");
}

/// A browser keeps the refresh token and refreshes with it from a page of the same site. From another site it does only if the
/// deployment says that frontends are there.
/// Promise: refresh-cookie
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_browser_keeps_a_cookie_of_the_same_site() {
    let script = r"(async () => {
        const post = async (path, body) => {
            const headers = { 'x-stoa-csrf': '1', ...(body && { 'content-type': 'application/json' }) };
            const init = { method: 'POST', credentials: 'include', headers, ...(body && { body: JSON.stringify(body) }) };
            return (await fetch(API + path, init)).status;
        };
        const signedIn = await post('/v1/sessions', { login: 'ana', password: PASSWORD, token_delivery: 'cookie' });
        return [signedIn, await post('/v1/sessions/refresh'), await post('/v1/sessions/refresh')];
    })()";
    for (host, cross_site, expected) in
        [("localhost", "false", [201, 200, 200]), ("127.0.0.1", "false", [201, 401, 401]), ("127.0.0.1", "true", [201, 200, 200])]
    {
        let site = Site::open(host).await;
        let cloud = Cloud::start_with(&[("AllowedOrigins", &site.origin), ("CrossSiteCookies", cross_site)]).await;
        let _ = cloud.member("ana").await;
        let mut browser = Browser::open(&site.origin).await;
        let script = script.replace("API", &json!(cloud.urls.api).to_string()).replace("PASSWORD", &json!(PASSWORD).to_string());
        assert_eq!(browser.run(&script).await, json!(expected), "{host} {cross_site}");
    }
}

/// A browser makes a passkey with its own authenticator, signs in with it without a name or a password, and steps up with it.
/// Once the passkey is removed, signing in with it fails.
/// Promise: passkeys
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_browser_signs_in_with_a_passkey() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let mut browser = Browser::open(&cloud.urls.docs).await;
    browser.plug_in().await;
    assert_eq!(browser.run(FRONTEND).await, "ready");

    let made = browser.run(&format!("register({}, 'This browser')", json!(ana.token()))).await;
    assert_eq!((&made["status"], &made["body"]["name"]), (&json!(201), &json!("This browser")), "{made}");
    let signed_in = browser.run("signIn()").await;
    assert_eq!((&signed_in["status"], &signed_in["body"]["user_id"]), (&json!(201), &json!(ana.id())), "{signed_in}");
    assert_eq!(signed_in["body"]["next"], "/rooms");
    let token = &signed_in["body"]["access_token"];
    let me = browser.run(&format!("api('GET', '/v1/me', {token})")).await;
    assert_eq!(me["body"]["username"], "ana");

    let path = format!("/v1/me/passkeys/{}", made["body"]["id"].as_str().unwrap());
    let gone: Value = browser.run(&format!("api('DELETE', {}, {token})", json!(path))).await;
    assert_eq!(gone["status"], 204, "{gone}");
    let refused = browser.run("signIn()").await;
    assert_eq!((&refused["status"], &refused["body"]["code"]), (&json!(422), &json!("passkey_invalid")), "{refused}");
}

/// Each page of the console shows the data it is for, and none of their scripts fails.
/// Promise: local-console
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn the_pages_of_the_console_show_their_data() {
    let cloud = Cloud::start().await;
    let ana = cloud.register("ana").await;
    let _socket = ana.socket().await;
    crate::donations::begin(&ana, "one").await;
    let user = format!("USER#{}", ana.id());
    let me = ana.get("/v1/me").await.has(200).header("x-request-id");
    let by_id = format!("/requests?q={}", me.replace('=', "%3D"));
    for (page, id, texts) in [
        ("/inbox", "messages", ["ana@example.test", "code"]),
        ("/inbox?message=1", "message", ["Copy code", "Arrived"]),
        ("/requests", "requests", ["/v1/registrations", "201"]),
        (&by_id, "requests", ["dynamodb.BatchGetItem × 1", "replied"]),
        ("/events", "events", ["challenge_issued", "deliver: delivered"]),
        ("/files", "files", ["No files", "Upload a picture"]),
        ("/faults", "faults", ["No faults", "as it does on AWS"]),
        ("/clock", "offset", ["ahead of", "the real time"]),
        ("/schedules", "schedules", ["deletion-sweep", "Run now"]),
        ("/alarms", "alarms", ["OutboxLags", "Raise"]),
        ("/connections", "connections", ["127.", "Close"]),
        ("/stripe", "payments", ["pi_", "Ask for confirmation"]),
        ("/tables", "items", ["USER#", &user]),
        ("/tables?q=ANA@example", "items", ["user", &user]),
    ] {
        let mut browser = Browser::open(&format!("{}{page}", cloud.urls.console)).await;
        let script = r"(async () => {
            const there = () => document.getElementById(ID)?.textContent ?? '';
            const late = Date.now() + PATIENCE;
            while (!TEXTS.every(text => there().includes(text)) && Date.now() < late) await new Promise(then => setTimeout(then, 20));
            return there();
        })()";
        let script = script.replace("ID", &json!(id).to_string()).replace("TEXTS", &json!(texts).to_string());
        let script = script.replace("PATIENCE", &PATIENCE_MS.to_string());
        let there = browser.run(&script).await;
        assert!(texts.iter().all(|text| there.as_str().unwrap_or_default().contains(text)), "{page}: {texts:?} are not in {there}");
        let errors = browser.errors().await;
        assert!(errors.is_empty(), "{page}: {errors:?}");
    }
    let mut browser = Browser::open(&format!("{}/clock", cloud.urls.console)).await;
    let before = cloud.now();
    let click = r#"(async () => {
        const at = document.getElementById('offset');
        while (!at.textContent.includes('ahead of')) await new Promise(then => setTimeout(then, 20));
        const before = at.textContent;
        const day = document.querySelector('[data-advance="1d"]');
        day.click();
        // The text changes with the real time too.
        while (day.disabled || at.textContent === before) await new Promise(then => setTimeout(then, 20));
        return true;
    })()"#;
    assert_eq!(browser.run(click).await, true);
    assert!(cloud.now().since(before) >= tests::DAY && browser.errors().await.is_empty());
}

/// The console and the documents are in the language of the browser, and in the one that was chosen with their switch, which they
/// remember.
/// Promise: pages-for-everybody
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn the_console_and_the_documents_remember_the_chosen_language() {
    let cloud = Cloud::start().await;
    let (console, docs) = (&cloud.urls.console, &cloud.urls.docs);
    let api = &cloud.urls.api;
    let mut browser = Browser::open(console).await;
    browser.look(1280, "light", "en").await;
    let inbox = format!("{console}/inbox?to=ana");
    let flows = format!("{api}/docs/flows");
    // A page, where its text appears, in English and in Polish.
    let first = [(&inbox, "#messages", "Nothing to this address", "Nic na ten adres"), (docs, "#docs", "Authorize", "Autoryzacja")];
    let second = [
        (&format!("{console}/calls"), "#operations", "calls", "wywołań"),
        (&flows, "#flows", "Registering in six steps", "Rejestracja w sześciu krokach"),
    ];
    for ((page, place, english, polish), (next, next_place, _, next_polish)) in first.into_iter().zip(second) {
        let shows =
            |place: &str, text: &str| format!("document.querySelector({})?.textContent.includes({}) === true", json!(place), json!(text));
        browser.go(page).await;
        browser.until(&shows(place, english)).await;
        browser.run("document.querySelector('a[hreflang=pl]').click()").await;
        browser.until(&format!("document.documentElement?.lang === 'pl' && {}", shows(place, polish))).await;
        assert!(page != &inbox || browser.run("location.search").await.as_str().unwrap().contains("to=ana"), "the filter stays");
        browser.go(next).await;
        browser.until(&format!("document.documentElement?.lang === 'pl' && {}", shows(next_place, next_polish))).await;
        browser.run("document.querySelector('a[hreflang=en]').click()").await;
        // A script of the page remembers it.
        browser.until("document.documentElement?.lang === 'en' && document.readyState === 'complete'").await;
        browser.go(page).await;
        browser.until(&shows(place, english)).await;
    }
    assert!(browser.errors().await.is_empty());
}

/// The words that Swagger UI is given in Polish are those that it shows: nothing of its own stays in English around an operation.
/// Promise: pages-for-everybody
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn an_operation_is_framed_in_polish() {
    let cloud = Cloud::start().await;
    let mut browser = Browser::open(&format!("{}?lang=pl", cloud.urls.docs)).await;
    let first = "document.querySelector('[id$=start_registration] .opblock-summary-control, .opblock-post .opblock-summary-control')";
    browser.until(&format!("{first} !== null")).await;
    browser.run(&format!("{first}.click()")).await;
    browser.until("document.querySelector('.try-out button') !== null").await;
    browser.run("document.querySelector('.try-out button').click()").await;
    browser.until("document.querySelector('.execute') !== null").await;
    browser.run("document.querySelector('.execute').click()").await;
    browser.until("document.querySelector('.live-responses-table .response') !== null").await;
    let script =
        "[...new Set([...document.querySelectorAll('.opblock.is-open :is(h4, h5, button, label, th, td.col_header, small, i, span)')]
        .flatMap(node => [...node.childNodes].filter(child => child.nodeType === 3).map(child => child.textContent.trim())))]";
    let shown: Vec<String> = serde_json::from_value(browser.run(script).await).unwrap();
    for polish in ["Parametry", "Odpowiedzi", "Wykonaj", "Anuluj", "Treść odpowiedzi", "Kod", "Opis", "Typ treści"] {
        assert!(shown.iter().any(|text| text == polish), "{polish}: {shown:?}");
    }
    for english in
        ["Parameters", "Responses", "Execute", "Cancel", "Clear", "Code", "Description", "Details", "Links", "No links", "Media type"]
    {
        assert!(!shown.iter().any(|text| text == english), "{english}: {shown:?}");
    }
}

/// The list of messages is never cut: it has no scroll bar of its own, and its last row ends within the page.
/// Promise: local-console
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn the_inbox_shows_whole_rows() {
    let cloud = Cloud::start().await;
    for n in 0..30 {
        cloud.anonymous().post("/v1/registrations", json!({ "email": format!("ana{n}@example.test") })).await.is(201);
    }
    cloud.settle().await;
    let mut browser = Browser::open(&format!("{}/inbox", cloud.urls.console)).await;
    let script = r"(async () => {
        const rows = () => [...document.querySelectorAll('#messages button')];
        while (rows().length === 0) await new Promise(then => setTimeout(then, 20));
        const before = rows().length;
        document.getElementById('older').click();
        while (rows().length === before) await new Promise(then => setTimeout(then, 20));
        const scrolls = rows().some(row => {
            for (let at = row.parentElement; at !== document.body; at = at.parentElement) if (at.scrollHeight > at.clientHeight + 1) return true;
            return false;
        });
        return [before, rows().length, scrolls, document.getElementById('older').hidden];
    })()";
    assert_eq!(browser.run(script).await, json!([25, 30, false, true]));
    assert!(browser.errors().await.is_empty());
}

/// A fault of the console reaches the API: with the example for it, the next request gets a 429 and the one after it does not.
/// Promise: local-faults
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn the_page_of_faults_makes_one() {
    let cloud = Cloud::start().await;
    let mut browser = Browser::open(&format!("{}/faults", cloud.urls.console)).await;
    let script = r#"(async () => {
        const shows = async text => { while (!document.getElementById('faults').textContent.includes(text)) await new Promise(then => setTimeout(then, 20)); };
        await shows('No faults');
        document.querySelector('[data-example="429"]').click();
        await shows('0 of 1');
        document.getElementById('service').value = 'dynamo_db';
        document.getElementById('mishap').value = 'slow';
        document.getElementById('mishap').dispatchEvent(new Event('change'));
        document.getElementById('new').requestSubmit(document.querySelector('#new [type=submit]'));
        await shows('by 5 s');
        return document.getElementById('hint').textContent.includes('three times');
    })()"#;
    assert_eq!(browser.run(script).await, true);
    let ask = || reqwest::get(format!("{}/v1/usernames/ana/availability", cloud.urls.api));
    assert_eq!(ask().await.expect("an answer").status(), 429);
    cloud.anonymous().delete(&format!("{}/_local/faults", cloud.urls.console)).await.is(204);
    assert_eq!(ask().await.expect("an answer").status(), 200);
    assert!(browser.errors().await.is_empty());
}
