//! Rules about identity in every feature: passwords, names, logs, and what ends every session.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use local::{
    aws::{
        Service,
        faults::{Fault, Target},
    },
    outside::{
        Mode,
        captcha::{self, Solved},
        stripe,
    },
};
use sha2::{Digest as _, Sha256};
use tests::{App, Authenticator, Caller, Cloud, HOUR, PASSWORD, Socket, Value, json, logged};

use crate::{
    cart::{put, shop},
    deletion::{SWEEP, run, schedule, until_due},
    donations,
    matrix::operations,
    socket::until,
    swaps::{Two, swapped, two},
};

const PHONE: &str = "+447700900123";
const NEW: &str = "quiet rivers bend";

/// A text of this many characters, without a pattern.
fn text(length: usize) -> String {
    let mut all = String::new();
    for n in 0_u32.. {
        if all.len() >= length {
            break;
        }
        for byte in Sha256::digest(n.to_be_bytes()) {
            write!(all, "{byte:02x}").unwrap();
        }
    }
    all.truncate(length);
    all
}

async fn change(caller: &Caller, current: &str, new: &str) -> tests::Reply {
    caller.put("/v1/me/password", json!({ "current_password": current, "new_password": new })).await
}

async fn status(cloud: &Cloud, login: &str, password: &str) -> u16 {
    cloud.anonymous().post("/v1/sessions", json!({ "login": login, "password": password })).await.status.as_u16()
}

/// Every body that has this address in one of its texts.
fn with_address(body: &Value, address: &str) -> Vec<Value> {
    match body {
        Value::String(_) => vec![address.into()],
        Value::Array(items) => {
            let each = items.iter().enumerate().flat_map(|(n, item)| with_address(item, address).into_iter().map(move |other| (n, other)));
            let replaced = |(n, other): (usize, Value)| -> Value {
                let mut all = items.clone();
                all[n] = other;
                all.into()
            };
            each.map(replaced).collect()
        }
        Value::Object(members) => {
            let each = members.iter().flat_map(|(name, item)| with_address(item, address).into_iter().map(move |other| (name, other)));
            let replaced = |(name, other): (&String, Value)| -> Value {
                let mut all = members.clone();
                all.insert(name.clone(), other);
                all.into()
            };
            each.map(replaced).collect()
        }
        _ => Vec::new(),
    }
}

/// An address in any text of any request, about things that there are, is never opened by a function: nothing connects to it, however the
/// address is written.
/// Promise: no-fetch
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_address_in_a_request_is_opened() {
    let cloud = Cloud::start().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let opened = Arc::new(AtomicU32::new(0));
    let counted = opened.clone();
    let accepting = tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            drop(socket);
        }
    });
    let (Two { ana, hers, own, .. }, (root, _)) = (two(&cloud).await, cloud.staff("root_of_all", "superuser").await);
    let hosts =
        ["http://127.0.0.1", "//localhost", "http://2130706433", "http://0x7f.1", "http://[::ffff:127.0.0.1]", "HTTP://a@LOCALHOST"];
    let addresses = hosts.map(|host| format!("{host}:{port}/x.png"));
    let mut socket = cloud.member("joe").await.socket().await;
    for (n, address) in addresses.iter().enumerate() {
        let text = format!("look: {address}");
        assert_eq!(socket.ask(json!({ "type": "send", "room": "public", "text": text, "nonce": format!("n{n}") })).await["type"], "ack");
    }
    let mut tried = 0;
    for operation in operations().iter().filter(|operation| operation.body.is_some()) {
        // What staff do is done to somebody else, so that Ana can go on.
        let (who, of_whom) = if operation.for_staff() { (&root, &own) } else { (&ana, &hers) };
        let path = swapped(&operation.path, of_whom, of_whom, &[]);
        for body in with_address(operation.body.as_ref().unwrap(), &addresses[tried % addresses.len()]) {
            let version = who.get("/v1/me").await.header("etag");
            let reply = who.with("if-match", version).send(operation.method.clone(), &path, Some(body)).await;
            assert!(reply.status.as_u16() < 500, "{reply:?}");
            tried += 1;
        }
    }
    cloud.settle().await;
    assert!(tried > 80, "{tried}");
    assert_eq!(opened.load(Ordering::Relaxed), 0);
    // What would have been noticed.
    drop(tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap());
    until(async || opened.load(Ordering::Relaxed) == 1).await;
    accepting.abort();
}

/// Of every password only an Argon2id hash with these parameters and a separate salt is stored.
/// Promise: password-hash
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_are_hashed() {
    let cloud = Cloud::start().await;
    for n in 0..8 {
        cloud.register(&format!("ana{n}")).await;
    }
    let items = cloud.of_kind("password").await;
    let hashes: Vec<String> = items.iter().map(|i| i["phc"]["S"].as_str().unwrap().to_owned()).collect();
    assert_eq!(hashes.len(), 8);
    let mut salts = BTreeSet::new();
    for hash in &hashes {
        let [_, kind, version, cost, salt, tag] = hash.split('$').collect::<Vec<_>>()[..] else { panic!("{hash}") };
        assert_eq!((kind, version, cost), ("argon2id", "v=19", "m=19456,t=2,p=1"));
        // Base64 of 16 and 32 bytes.
        assert_eq!((salt.len(), tag.len()), (22, 43), "{hash}");
        salts.insert(salt.to_owned());
    }
    assert_eq!(salts.len(), 8);
}

/// Passwords have twelve to 128 characters of any kind, in at most 1,024 bytes. They are compared to the last byte, exactly as
/// they were typed.
/// Promise: password-length
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_are_taken_as_they_are() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let emoji: String = text(128).chars().map(|c| char::from_u32(0x1F600 + u32::from(c) * 3 % 79).unwrap()).collect();
    let refused = [(text(11), "too_short"), (text(129), "too_long"), (format!("{emoji}🙈"), "too_long"), (text(1025), "too_long")];
    for (password, code) in &refused {
        assert_eq!(change(&ana, PASSWORD, password).await.field_errors(), [format!("/new_password {code}")], "{}", password.len());
        // Only the new password was wrong, so no attempt is counted for the current one.
        assert_eq!(status(&cloud, "ana", password).await, 401);
    }
    let mut current = PASSWORD.to_owned();
    let taken = [text(12), text(14), text(15), text(64), text(128), emoji];
    let twins = [
        (format!("{}a", text(72)), vec![format!("{}b", text(72)), text(72)]),
        ("  spaced out words ".to_owned(), vec!["spaced out words".to_owned(), " spaced out words ".to_owned()]),
        ("żółta łódź płynie".to_owned(), vec!["z\u{307}o\u{301}łta ło\u{301}dz\u{301} płynie".to_owned(), "ŻÓŁTA ŁÓDŹ PŁYNIE".to_owned()]),
    ];
    let taken = taken.into_iter().map(|password| (password, Vec::new())).chain(twins);
    for (password, others) in taken {
        let _ = change(&ana, &current, &password).await.is(204);
        current = password;
        assert_eq!(status(&cloud, "ana", &current).await, 201, "{current}");
        for other in others {
            assert_eq!(status(&cloud, "ana", &other).await, 401, "{other:?} is not {current:?}");
        }
    }
}

/// Common passwords, and those made of the person's data, are refused in a registration, a change and a reset, with the reason.
/// The link of the reset stays valid.
/// Promise: common-passwords, breached-passwords
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn predictable_passwords_are_refused() {
    const WORDS: [&str; 50] = [
        "password1234",
        "passwordpassword",
        "Password2026",
        "P@ssw0rd1234",
        "qwertyuiop12",
        "qwertyuiop[]",
        "qwerty123456",
        "1q2w3e4r5t6y",
        "123456789012",
        "1234567890123456",
        "987654321098",
        "111111111111",
        "000000000000",
        "aaaaaaaaaaaa",
        "abcabcabcabc",
        "abcdefghijkl",
        "abcd12345678",
        "asdfghjkl123",
        "zxcvbnm12345",
        "iloveyou1234",
        "iloveyouiloveyou",
        "letmein12345",
        "letmeinletmein",
        "welcome12345",
        "welcome2026!",
        "football1234",
        "baseball1234",
        "sunshine1234",
        "princess1234",
        "dragon123456",
        "monkey123456",
        "superman1234",
        "batman123456",
        "master123456",
        "shadow123456",
        "michael12345",
        "jennifer1234",
        "trustno1trustno1",
        "stoastoastoa",
        "stoa12345678",
        "admin1234567",
        "administrator1",
        "changeme1234",
        "secret123456",
        "zaq12wsxzaq12wsx",
        "polska123456",
        "haslo1234567",
        "summer2026!!",
        "ana123456789",
        "nowaknowak12",
    ];
    let cloud = Cloud::start().await;
    let _ = cloud.member("ana").await;
    let mut passed = Vec::new();
    // As many as are allowed in an hour.
    for (n, words) in (0..).zip(WORDS.chunks(17)) {
        cloud.advance(HOUR).await;
        let (ana, client, email) = (cloud.sign_in("ana").await, cloud.anonymous(), format!("ben{n}@example.test"));
        let flow = client.post("/v1/registrations", json!({ "email": email })).await.is(201);
        let path = format!("/v1/registrations/{}", flow["id"].as_str().unwrap());
        let code = cloud.code_to(&email).await;
        let _ = client.post(&format!("{path}/code"), json!({ "code": code })).await.is(200);
        let personal = json!({ "first_name": "Ana", "last_name": "Nowak", "birth_date": "2000-02-29" });
        let _ = client.put(&format!("{path}/personal"), personal).await.is(200);
        let _ = client.put(&format!("{path}/username"), json!({ "username": "ben" })).await.is(200);
        let _ = client.post("/v1/password-resets", json!({ "email": "ana@example.test" })).await.is(202);
        let token = cloud.token_to("ana@example.test").await;
        for word in words {
            for (pointer, reply) in [
                ("/password", client.put(&format!("{path}/password"), json!({ "password": word })).await),
                ("/new_password", change(&ana, PASSWORD, word).await),
                ("/password", client.post("/v1/password-resets/confirm", json!({ "token": token, "password": word })).await),
            ] {
                let refused = reply.status == 422 && reply.json()["code"] == "invalid";
                let why = if refused { reply.field_errors() } else { vec![String::from_utf8_lossy(&reply.bytes).into_owned()] };
                if !why.iter().all(|e| e.starts_with(&format!("{pointer} password_"))) {
                    passed.push((word, why));
                }
            }
        }
        assert!(passed.is_empty(), "{passed:#?}");
        if n == 2 {
            let _ = client.post("/v1/password-resets/confirm", json!({ "token": token, "password": NEW })).await.is(204);
        }
    }
    assert_eq!(status(&cloud, "ana", NEW).await, 201);
}

/// Addresses and usernames are normalised: a spelling that looks like an existing one is the same name or is refused.
/// Promise: name-form
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_have_one_form() {
    let cloud = Cloud::start().await;
    cloud.member("ana").await;
    let register = async |email: &str| cloud.anonymous().post("/v1/registrations", json!({ "email": email })).await;
    let long = format!("{}@example.test", text(242));
    assert_eq!(register(&long).await.field_errors(), ["/email too_long"]);
    for email in [
        "ana",
        "ana@",
        "@example.test",
        "ana@@example.test",
        "ana@b@example.test",
        "ana@example.test.",
        "ana@example..test",
        "ana@.test",
        "ana@example",
        ".ana@example.test",
        "ana.@example.test",
        "a na@example.test",
        "ana@exa mple.test",
        "an\u{430}@example.test",
        "adm\u{131}n@example.test",
        "ana@[127.0.0.1]",
        "\"ana\"@example.test",
        "ana@example.test,ben@example.test",
    ] {
        assert_eq!(register(email).await.field_errors(), ["/email email"], "{email:?}");
    }
    // The same address, which has an account: its owner gets a notice, and nobody else a message.
    for email in ["ana@example.test", "ANA@Example.Test", " ana@example.test ", "ana＠example.test", "ａna@example.test"] {
        let before = cloud.mails_to("ana@example.test").await.len();
        let _ = register(email).await.is(201);
        assert_eq!(cloud.mails_to("ana@example.test").await.len(), before + 1, "{email:?}");
        cloud.advance(HOUR).await;
    }
    // Internationalised domains are shown and stored as ASCII (Punycode), so that similar letters are not confused.
    let (own, shown) = ("ana@exampl\u{131}.test", "ana@xn--exampl-u9a.test");
    assert!(register(own).await.is(201)["code"]["target"].as_str().unwrap().ends_with("@xn--exampl-u9a.test"));
    assert_eq!(cloud.mails_to(shown).await.len(), 1);
    // A part after a plus makes another address, in upper or lower case.
    for email in ["ana+x@example.test", "Ana+X@example.test"] {
        let _ = register(email).await.is(201);
        cloud.settle().await;
        cloud.advance(HOUR).await;
    }
    assert_eq!(cloud.mails_to("ana+x@example.test").await.len(), 2);

    let available = async |name: &str| {
        let name: String = name.bytes().fold(String::new(), |all, b| all + &format!("%{b:02X}"));
        cloud.anonymous().get(&format!("/v1/usernames/{name}/availability")).await
    };
    for name in ["ana", "ANA", "Ａna", " ana "] {
        assert_eq!(available(name).await.is(200)["available"], false, "{name:?}");
    }
    for name in
        ["an", &text(31), "an\u{430}", "a na", "ana@example.test", "an\u{e1}", "admin", "root", "stoa", "support", "_ana", "ana__x", "-ana"]
    {
        let reply = available(name).await;
        assert!(reply.status == 422 || reply.is(200)["available"] == false, "{name:?} {reply:?}");
    }
    assert_eq!(available("ana_x").await.is(200)["available"], true);
}

/// A fresh deployment has no account, whatever name and password are tried.
/// Promise: no-default-account
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fresh_deployment_has_no_account() {
    let cloud = Cloud::start().await;
    assert_eq!(cloud.dump().await.as_object().unwrap().values().map(|t| t.as_array().unwrap().len()).sum::<usize>(), 0);
    for login in ["admin", "administrator", "root", "superuser", "stoa"] {
        for password in ["admin", "password", "changeme", login] {
            assert_eq!(status(&cloud, login, password).await, 401);
        }
    }
}

/// Headers in which proxies pass the client's address, and which any client can send.
pub(crate) const ADDRESS_HEADERS: [&str; 12] = [
    "x-forwarded-for",
    "x-real-ip",
    "forwarded",
    "x-client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "x-cluster-client-ip",
    "x-original-forwarded-for",
    "fastly-client-ip",
    "x-envoy-external-address",
    "via",
    "cloudfront-viewer-address",
];

/// A client cannot choose its address.
/// Promise: client-address
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_address_cannot_be_forged() {
    let cloud = Cloud::start().await;
    cloud.member("ana").await;
    let client = cloud.anonymous();
    let attempt = async |n: usize| {
        let said = |header: &str| if header == "forwarded" { format!("for=203.0.113.{n}") } else { format!("203.0.113.{n}") };
        let caller = client.with(ADDRESS_HEADERS[n % ADDRESS_HEADERS.len()], said(ADDRESS_HEADERS[n % ADDRESS_HEADERS.len()]));
        caller.post("/v1/sessions", json!({ "login": format!("nobody{}", n % 4), "password": "wrong" })).await
    };
    for n in 0..20 {
        attempt(n).await.is_problem(401, "credentials_invalid");
    }
    for n in 20..32 {
        attempt(n).await.is_problem(429, "too_many_requests");
    }
    assert_eq!(status(&cloud, "ana", PASSWORD).await, 201, "other clients do not wait");
}

/// No credential is part of a URL, and a request is logged by its route.
/// Promise: log-secrets
#[test]
fn no_credential_is_part_of_a_url() {
    let mut seen = BTreeSet::new();
    for item in tests::document()["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            for parameter in operation["parameters"].as_array().into_iter().flatten().filter(|p| p["in"] == "query") {
                seen.insert(parameter["name"].as_str().unwrap());
            }
        }
    }
    for name in &seen {
        assert!(!["token", "ticket", "code", "password", "secret", "key"].iter().any(|word| name.contains(word)), "{seen:?}");
    }
    let template = include_str!("../../template.yaml");
    let format = template.lines().find(|line| line.contains("$context.requestId")).unwrap();
    for variable in ["$context.path", "$context.querystring", "$context.authorizer", "$context.domainName"] {
        assert!(!format.contains(variable), "{format}");
    }
}

/// Collects the secrets of the journey, which must not be found in any log.
#[derive(Default)]
struct Secrets(BTreeSet<String>);

impl Secrets {
    fn keep(&mut self, secret: impl AsRef<str>) {
        assert!(secret.as_ref().len() >= 6, "{}", secret.as_ref());
        self.0.insert(secret.as_ref().to_owned());
    }

    /// Adds every token in an answer.
    fn tokens(&mut self, answer: &Value) {
        for name in ["access_token", "refresh_token", "device_token", "ticket"] {
            if let Some(token) = answer[name].as_str() {
                self.keep(token);
            }
        }
        // The id of a flow is a secret, because it is enough to continue the flow.
        if let Some(id) = answer["id"].as_str() {
            self.keep(id);
        }
    }

    /// The secrets that a text contains as whole words: digits may be part of another number.
    fn found_in(&self, text: &str) -> Vec<String> {
        let word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        let stands = |secret: &str| {
            text.match_indices(secret).any(|(at, _)| {
                let (before, after) = (text[..at].chars().next_back(), text[at + secret.len()..].chars().next());
                !word(before) && !word(after)
            })
        };
        let lines = |secret: &str| text.lines().filter(|line| line.contains(secret)).take(2).collect::<Vec<_>>().join("\n");
        self.0.iter().filter(|s| stands(s)).map(|s| format!("{s}:\n{}", lines(s))).collect()
    }
}

/// Whatever people do and whatever fails meanwhile, no credential, address or phone number is in a log or a dead-letter queue.
/// Promise: log-secrets
#[test]
fn nothing_secret_is_logged() {
    let Some(((secrets, given_up), log)) = logged(journey()) else { return };
    // The log is not empty.
    for known in ["replied", "refused", "delivered", "nothing is left of the account", "a spent refresh token was used"] {
        assert!(log.contains(known), "{known} is not in the log");
    }
    let found = secrets.found_in(&log);
    assert!(found.is_empty(), "in the log: {}", found.join("\n"));
    let found = secrets.found_in(&given_up);
    assert!(found.is_empty(), "given up: {}", found.join("\n"));
}

/// Neither is what pays, what proves a person, or what programs send: secrets of payments, carts, captchas and API keys, and the keys of
/// Stripe and of captchas, while these answer and while they do not.
/// Promise: log-secrets
#[test]
fn no_secret_of_the_shop_or_of_programs_is_logged() {
    let Some((secrets, log)) = logged(trade()) else { return };
    assert!(log.contains("replied") && log.contains("refused"), "{log}");
    let found = secrets.found_in(&log);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

async fn trade() -> Secrets {
    let cloud = Cloud::start_with(&[("CaptchaSecret", captcha::SECRET), ("CaptchaSiteKey", "site-key")]).await;
    let mut secrets = Secrets::default();
    for secret in [captcha::SECRET, stripe::SECRET_KEY, stripe::WEBHOOK_SECRET] {
        secrets.keep(secret);
    }
    let (_, products) = shop(&cloud, 1).await;
    let cart = put(&cloud.anonymous(), &products[0], 1).await["token"].as_str().unwrap().to_owned();
    let guest = cloud.anonymous().with("cart-token", &cart);
    guest.get("/v1/cart").await.is(200);
    assert!(guest.post("/v1/orders", json!({ "payment_method": "card" })).await.status.is_client_error());
    secrets.keep(&cart);

    let (ida, _) = cloud.staff("ida", "administrator").await;
    let made = ida.post("/v1/me/api-keys", json!({ "name": "Till", "scopes": ["statistics:read"] })).await.is(201);
    let key = made["key"].as_str().unwrap();
    let program = cloud.anonymous().with("authorization", format!("Api-Key {key}"));
    program.get("/v1/statistics/invites").await.is(200);
    assert!(program.delete(&format!("/v1/products/{}", products[0])).await.status.is_client_error());
    secrets.keep(key);
    secrets.keep(key.strip_prefix(made["prefix"].as_str().unwrap()).unwrap());

    let ana = cloud.buyer("ana", PHONE).await;
    let begun = donations::begin(&ana, "one").await;
    donations::act(&cloud, &begun, donations::card(donations::VISA));
    secrets.keep(begun["client_secret"].as_str().unwrap());
    cloud.settle().await;
    cloud.outside.stripe.be(Mode::Down);
    ana.with("idempotency-key", "two").post(donations::DONATIONS, donations::of(1234)).await.is_problem(503, "unavailable");
    cloud.outside.stripe.be(Mode::Well);

    let solved = Solved { hostname: None, action: Some("contact".to_owned()), score: Some(0.9) };
    let token = cloud.outside.captchas.solve(solved, cloud.now());
    let message = json!({
        "name": "Ana", "email": "ana@example.test", "subject": "other", "captcha": token,
        "message": "It has been like that since yesterday. ".repeat(8)
    });
    for (n, mode) in [Mode::Down, Mode::Well, Mode::Well].into_iter().enumerate() {
        cloud.outside.captchas.be(mode);
        let reply = ana.with("idempotency-key", format!("contact-{n}")).post("/v1/contact-messages", message.clone()).await;
        assert_eq!(reply.status.as_u16(), [503, 201, 422][n], "{reply:?}");
    }
    secrets.keep(&token);
    cloud.settle().await;
    secrets
}

/// What somebody does from their first day to their last, with many mistakes; and every secret of it.
async fn journey() -> (Secrets, String) {
    const PIN: u64 = 424_242_424_242;
    let cloud = Cloud::start().await;
    let mut secrets = Secrets::default();
    for secret in
        [PASSWORD, NEW, "wrong giraffes dance", "ana@example.test", "linked@example.test", "new@example.test", PHONE, "447700900123"]
    {
        secrets.keep(secret);
    }
    secrets.keep(PIN.to_string());

    // A registration in steps, with a code that is mistyped in every way.
    let caller = cloud.anonymous().named("ana");
    let flow = caller.post("/v1/registrations", json!({ "email": "ana@example.test" })).await.is(201);
    secrets.tokens(&flow);
    let path = format!("/v1/registrations/{}", flow["id"].as_str().unwrap());
    let code = cloud.code_to("ana@example.test").await;
    secrets.keep(&code);
    let number: u64 = code.parse().unwrap();
    for wrong in [
        json!({ "code": number }),
        json!({ "code": [code] }),
        json!({ "kode": code }),
        json!({ "code": code, "more": PIN }),
        json!(PASSWORD),
    ] {
        caller.post(&format!("{path}/code"), wrong).await.is_problem(400, "malformed");
    }
    caller.post(&format!("{path}x/code"), json!({ "code": code })).await.is_problem(404, "not_found");
    caller.post(&format!("{path}/code"), json!({ "code": "wrong" })).await.is_problem(422, "invalid");
    caller.post(&format!("{path}/code"), json!({ "code": code })).await.is(200);
    caller.put(&format!("{path}/personal"), json!({ "first_name": "Ana", "last_name": "Nowak", "birth_date": "2000-02-29" })).await.is(200);
    caller.put(&format!("{path}/username"), json!({ "username": "ana" })).await.is(200);
    for wrong in [json!({ "password": PIN }), json!({ "password": [PASSWORD] }), json!({ "password": { "is": PASSWORD } })] {
        caller.put(&format!("{path}/password"), wrong).await.is_problem(400, "malformed");
    }
    caller.put(&format!("{path}/password"), json!({ "password": "short1" })).await.is_problem(422, "invalid");
    caller.put(&format!("{path}/password"), json!({ "password": PASSWORD })).await.is(200);
    // The table fails when the account is made.
    let down =
        cloud.aws.faults.script(Target::of("RegistrationFunction", Service::DynamoDb, "TransactWriteItems").times(3), Fault::Internal);
    caller.post(&format!("{path}/complete"), json!({})).await.is_problem(503, "unavailable");
    down.end();
    let reply = caller.post(&format!("{path}/complete"), json!({})).await.is(201);
    secrets.tokens(&reply);
    let ana = caller.signed_in(reply);

    // A registration by link, which is opened with the wrong password.
    let by_link = json!({ "email": "linked@example.test", "username": "linked", "password": PASSWORD });
    secrets.tokens(&cloud.anonymous().post("/v1/registrations/link", by_link).await.is(202));
    let token = cloud.token_to("linked@example.test").await;
    secrets.keep(&token);
    let activate = async |password: &str| cloud.anonymous().post("/v1/activations", json!({ "token": token, "password": password })).await;
    activate("wrong giraffes dance").await.is_problem(403, "password_wrong");
    let linked = cloud.anonymous().signed_in(activate(PASSWORD).await.is(201));

    // A phone number, a second factor, a trusted device.
    ana.post("/v1/me/phone-changes", json!({ "phone": 447_700_900_123_u64 })).await.is_problem(400, "malformed");
    cloud.phone(&ana, PHONE).await;
    secrets.keep(cloud.mail_to(PHONE).await.code.unwrap());
    let (app, recovery) = cloud.second_factors(&ana, PHONE).await;
    for code in &recovery {
        secrets.keep(code);
    }
    let browser = cloud.anonymous();
    for login in [json!({ "login": "ana", "password": PIN }), json!({ "login": "ana", "password": PASSWORD, "remember_device": PASSWORD })]
    {
        browser.post("/v1/sessions", login).await.is_problem(400, "malformed");
    }
    for login in ["ana", "ana@example.test", PHONE] {
        let reply = browser.post("/v1/sessions", json!({ "login": login, "password": "wrong giraffes dance" })).await;
        reply.has(401);
    }
    let flow = browser.post("/v1/sessions", json!({ "login": "ana", "password": PASSWORD, "remember_device": true })).await.is(202);
    secrets.tokens(&flow);
    let sign_in = format!("/v1/sign-ins/{}", flow["id"].as_str().unwrap());
    browser.post(&format!("{sign_in}/verify"), json!({ "code": number })).await.is_problem(400, "malformed");
    browser.put(&format!("{sign_in}/factor"), json!({ "factor": "app" })).await.is(200);
    let code = app.code(&cloud);
    secrets.keep(&code);
    let signed_in = browser.post(&format!("{sign_in}/verify"), json!({ "code": code })).await.is(201);
    assert!(signed_in["device_token"].is_string());
    secrets.tokens(&signed_in);

    // A used refresh token is presented again.
    let refresh = async |token: &Value| browser.post("/v1/sessions/refresh", json!({ "refresh_token": token })).await;
    secrets.tokens(&refresh(&signed_in["refresh_token"]).await.is(200));
    cloud.advance(Duration::from_secs(11)).await;
    refresh(&signed_in["refresh_token"]).await.is_problem(401, "refresh_invalid");
    refresh(&json!(PIN)).await.is_problem(400, "malformed");
    ana.get(&format!("/v1/me/invitees?limit={PASSWORD}").replace(' ', "+")).await.is_problem(400, "malformed");

    // A socket, with invalid frames.
    secrets.tokens(&linked.ticket().await);
    let mut socket = linked.socket().await;
    for wrong in [json!({ "type": "send", "room": "public", "text": PIN, "nonce": "n" }), json!({ "type": PASSWORD }), json!(PASSWORD)] {
        assert_eq!(socket.ask(wrong).await["type"], "error");
    }
    socket.close().await;

    // Another e-mail address. Neither the text message about it nor a code can be sent.
    let ana = cloud.step_up(&ana, &app).await;
    secrets.keep(ana.token());
    let down = cloud.aws.faults.script(Target::of("DeliverFunction", Service::Ses, "SendRawEmail"), Fault::Internal);
    ana.post("/v1/me/email-changes", json!({ "email": "new@example.test" })).await.is(202);
    cloud.settle().await;
    down.end();
    cloud.advance(Duration::from_secs(61)).await;
    ana.post("/v1/me/email-changes/resend", json!({})).await.is(202);
    let code = cloud.code_to("new@example.test").await;
    secrets.keep(&code);
    ana.post("/v1/me/email-changes/verify", json!({ "code": code })).await.is(200);
    let down = cloud.aws.faults.script(Target::of("DeliverFunction", Service::Sns, "Publish"), Fault::Internal);
    let flow = cloud.anonymous().post("/v1/phone-sign-ins", json!({ "phone": PHONE })).await.is(202);
    secrets.tokens(&flow);
    cloud.settle().await;
    down.end();
    cloud.advance(Duration::from_secs(121)).await;
    secrets.tokens(&cloud.anonymous().post("/v1/phone-sign-ins", json!({ "phone": PHONE })).await.is(202));
    secrets.keep(cloud.code_to(PHONE).await);

    // A forgotten password.
    cloud.anonymous().post("/v1/password-resets", json!({ "email": "new@example.test" })).await.is(202);
    let token = cloud.token_to("new@example.test").await;
    secrets.keep(&token);
    let reset = json!({ "token": token, "password": NEW });
    cloud.anonymous().post("/v1/password-resets/confirm", json!({ "token": token, "password": PIN })).await.is_problem(400, "malformed");
    cloud.anonymous().post("/v1/password-resets/confirm", reset).await.is(204);

    // An invitation, and the deletion of the account.
    let linked = cloud.sign_in("linked").await;
    let friend = cloud.member("friend").await;
    let code = friend.get("/v1/me/invite-code").await.is(200)["code"].clone();
    linked.post("/v1/me/inviter", json!({ "code": code })).await.is(201);
    let scheduled = schedule(&linked).await;
    secrets.keep(cloud.token_to("linked@example.test").await);
    until_due(&cloud, &scheduled).await;
    assert_eq!(run(&cloud, SWEEP).await["claimed"], 1);
    cloud.settle().await;
    let given_up = cloud.aws.dead_letters.list();
    assert!(given_up.len() >= 2, "{given_up:?}");
    let given_up = given_up.iter().map(|letter| format!("{} {}", letter.error, letter.event)).collect::<Vec<_>>().join("\n");
    (secrets, given_up)
}

/// An unknown name causes the same work as a known one, whatever state the account is in.
/// Promise: equal-cost
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_costs_the_same_for_everybody() {
    let cloud = Cloud::start().await;
    let (_, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let _ = ben.post("/v1/me/deactivation", json!({ "password": PASSWORD })).await.is(204);
    let (_, _, _) = cloud.careful("eve", PHONE).await;
    let leaving = cloud.member("zoe").await;
    schedule(&leaving).await;
    let client = cloud.anonymous();
    let wrong = async |login: &str| client.post("/v1/sessions", json!({ "login": login, "password": "wrong" })).await;
    // Neither the calls of a cold start nor those of a new counting window are compared.
    for login in ["ana", "ben", "eve", "zoe", "nil"] {
        wrong(login).await.is_problem(401, "credentials_invalid");
    }
    let made = || cloud.aws.calls.by_function().remove("LoginFunction").unwrap().calls;
    let mut seen = BTreeSet::new();
    for login in ["ana", "ben", "eve", "zoe", "nil"] {
        let before = made();
        let shape = wrong(login).await.shape();
        let after = made();
        let asked: Vec<String> = after.iter().map(|(call, n)| format!("{call} {}", n - before.get(call).copied().unwrap_or(0))).collect();
        seen.insert((shape, asked));
    }
    assert_eq!(seen.len(), 1, "{seen:#?}");
}

/// Everything that keeps somebody signed in.
struct Held {
    caller: Caller,
    device: String,
    socket: Socket,
}

impl Held {
    /// Signs in from another client, with a second factor if there is an app.
    async fn of(cloud: &Cloud, login: &str, app: Option<&App>) -> Self {
        let client = cloud.anonymous().named(login);
        let body = json!({ "login": login, "password": PASSWORD, "remember_device": true });
        let reply = client.post("/v1/sessions", body).await;
        let reply = match app {
            None => reply.is(201),
            Some(app) => {
                let path = format!("/v1/sign-ins/{}", reply.is(202)["id"].as_str().unwrap());
                let _ = client.put(&format!("{path}/factor"), json!({ "factor": "app" })).await.is(200);
                client.post(&format!("{path}/verify"), json!({ "code": app.code(cloud) })).await.is(201)
            }
        };
        let device = reply["device_token"].as_str().unwrap().to_owned();
        let caller = client.signed_in(reply);
        let socket = caller.socket().await;
        let _ = caller.get("/v1/me").await.is(200);
        Self { caller, device, socket }
    }

    /// Asserts that all of it is void: the access token, the refresh token, the socket, and the device, with which
    /// a sign-in is answered as without it.
    async fn must_be_void(mut self, cloud: &Cloud, why: &str, password: &str, without: u16) {
        self.caller.get("/v1/me").await.is_problem(401, "token_invalid");
        let refresh = json!({ "refresh_token": self.caller.refresh_token() });
        cloud.anonymous().post("/v1/sessions/refresh", refresh).await.is_problem(401, "refresh_invalid");
        self.socket.closed().await;
        let shown = json!({ "login": self.caller.name(), "password": password, "device_token": self.device });
        let reply = cloud.anonymous().post("/v1/sessions", shown).await;
        assert_eq!(reply.status.as_u16(), without, "{why}: {reply:?}");
    }
}

/// A change of credentials, deactivation and deletion end every session, refresh token, socket and trusted device at once.
/// Promise: credential-change-ends-sessions, sign-out-immediate
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_session_ends_with_its_credentials() {
    let cloud = Cloud::start().await;
    let careful = async |name: &str, phone: &str| {
        let (owner, app, _) = cloud.careful(name, phone).await;
        let held = Held::of(&cloud, name, Some(&app)).await;
        (cloud.step_up(&owner, &app).await, app, held)
    };
    let void = async |held: Held, why: &str, password: &str, without: u16| {
        cloud.settle().await;
        held.must_be_void(&cloud, why, password, without).await;
    };

    let (ana, _, held) = careful("change", "+447700900101").await;
    let _ = change(&ana, PASSWORD, NEW).await.is(204);
    void(held, "the password was changed", NEW, 202).await;
    let _ = ana.get("/v1/me").await.is(200);

    let (ana, _, held) = careful("reset", "+447700900102").await;
    let _ = cloud.anonymous().post("/v1/password-resets", json!({ "email": ana.email() })).await.is(202);
    let token = cloud.token_to(&ana.email()).await;
    let _ = cloud.anonymous().post("/v1/password-resets/confirm", json!({ "token": token, "password": NEW })).await.is(204);
    void(held, "the password was reset", NEW, 202).await;

    let ana = cloud.member("enable").await;
    cloud.phone(&ana, "+447700900103").await;
    let held = Held::of(&cloud, "enable", None).await;
    let _ = cloud.second_factors(&ana, "+447700900103").await;
    void(held, "second factors were turned on", PASSWORD, 202).await;

    let (ana, _, held) = careful("remove", "+447700900104").await;
    let _ = ana.delete("/v1/me/mfa/factors/sms").await.is(204);
    void(held, "a factor was removed", PASSWORD, 202).await;

    let (ana, _, held) = careful("passkey", "+447700900110").await;
    let asked = ana.post("/v1/me/passkeys/options", json!({})).await.is(201);
    let (_, credential) = Authenticator::create(&asked["options"], "http://localhost:5173");
    let _ = ana.post("/v1/me/passkeys", json!({ "name": "phone", "credential": credential })).await.is(201);
    void(held, "a passkey was added", PASSWORD, 202).await;
    let _ = ana.get("/v1/me").await.is(200);

    let (ana, _, held) = careful("codes", "+447700900111").await;
    let _ = ana.post("/v1/me/mfa/recovery-codes", json!({})).await.is(201);
    void(held, "recovery codes were made", PASSWORD, 202).await;
    let _ = ana.get("/v1/me").await.is(200);

    let (ana, _, held) = careful("schedule", "+447700900112").await;
    schedule(&ana).await;
    void(held, "deletion was scheduled", PASSWORD, 202).await;
    let _ = ana.get("/v1/me").await.is(200);

    let (ana, _, held) = careful("disable", "+447700900105").await;
    let _ = ana.post("/v1/me/mfa/removal", json!({ "password": PASSWORD })).await.is(204);
    assert_eq!(ana.get("/v1/me/devices").await.is(200)["items"], json!([]));
    void(held, "second factors were turned off", PASSWORD, 201).await;

    let (ana, _, held) = careful("email", "+447700900106").await;
    let _ = ana.post("/v1/me/email-changes", json!({ "email": "other@example.test" })).await.is(202);
    let code = cloud.code_to("other@example.test").await;
    let _ = ana.post("/v1/me/email-changes/verify", json!({ "code": code })).await.is(200);
    void(held, "the address was changed", PASSWORD, 202).await;

    let (ana, _, held) = careful("phone", "+447700900107").await;
    cloud.phone(&ana, "+447700900108").await;
    void(held, "the number was changed", PASSWORD, 202).await;

    let (ana, _, held) = careful("rest", "+447700900109").await;
    let _ = ana.post("/v1/me/deactivation", json!({ "password": PASSWORD })).await.is(204);
    void(held, "the account was deactivated", PASSWORD, 401).await;

    let ana = cloud.member("leave").await;
    let scheduled = schedule(&ana).await;
    until_due(&cloud, &scheduled).await;
    let held = Held::of(&cloud, "leave", None).await;
    assert_eq!(run(&cloud, SWEEP).await["claimed"], 1);
    void(held, "the account is gone", PASSWORD, 401).await;
}
