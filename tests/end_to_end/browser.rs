//! Passkeys and the pages of the console, in a real browser. Needs Chromium, at `/usr/bin/chromium` or
//! where `CHROMIUM` says. Run with `--ignored`.

use tests::{Browser, Cloud, PASSWORD, Value, json};

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

/// A browser makes a passkey with its own authenticator, signs in with it without a name or a password, and steps up with it.
/// Once the passkey is removed, signing in with it fails.
/// Promise: passkeys
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_browser_signs_in_with_a_passkey() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let site = cloud.urls.api.replace("127.0.0.1", "localhost");
    let mut browser = Browser::open(&format!("{site}/docs")).await;
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
    let user = format!("USER#{}", ana.id());
    for (page, id, texts) in [
        ("/inbox", "messages", ["ana@example.test", "code"]),
        ("/inbox?message=1", "message", ["Copy code", "Arrived"]),
        ("/clock", "offset", ["ahead of", "the real time"]),
        ("/schedules", "schedules", ["deletion-sweep", "Run now"]),
        ("/connections", "connections", ["127.", "Close"]),
        ("/tables", "items", ["USER#", &user]),
    ] {
        let mut browser = Browser::open(&format!("{}{page}", cloud.urls.console)).await;
        let script = r"(async () => {
            const there = () => document.getElementById(ID)?.textContent ?? '';
            const late = Date.now() + 10000;
            while (!TEXTS.every(text => there().includes(text)) && Date.now() < late) await new Promise(then => setTimeout(then, 20));
            return there();
        })()";
        let script = script.replace("ID", &json!(id).to_string()).replace("TEXTS", &json!(texts).to_string());
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
        document.querySelector('[data-advance="1d"]').click();
        while (at.textContent === before) await new Promise(then => setTimeout(then, 20));
        return true;
    })()"#;
    assert_eq!(browser.run(click).await, true);
    assert!(cloud.now().since(before) >= tests::DAY && browser.errors().await.is_empty());
}
