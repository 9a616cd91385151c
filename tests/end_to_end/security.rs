//! What must hold for identity as a whole, whatever the feature: passwords, names, and what ends with what.

use std::{collections::BTreeSet, fmt::Write as _};

use sha2::{Digest as _, Sha256};
use tests::{App, Authenticator, Caller, Cloud, HOUR, PASSWORD, Socket, Value, json};

use crate::deletion::{SWEEP, run, schedule, until_due};

const PHONE: &str = "+447700900123";
const NEW: &str = "quiet rivers bend";

/// As many characters as asked for, without a pattern.
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

/// A1: of every password there is an Argon2id hash of these parameters, with a salt of its own, and nothing else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_are_hashed() {
    let cloud = Cloud::start().await;
    for n in 0..8 {
        cloud.member(&format!("ana{n}")).await;
    }
    let items = cloud.of_kind("password").await;
    let hashes: Vec<String> = items.iter().map(|i| i["phc"]["S"].as_str().unwrap().to_owned()).collect();
    assert_eq!(hashes.len(), 8);
    let mut salts = BTreeSet::new();
    for hash in &hashes {
        let [_, kind, version, cost, salt, tag] = hash.split('$').collect::<Vec<_>>()[..] else { panic!("{hash}") };
        assert_eq!((kind, version, cost), ("argon2id", "v=19", "m=19456,t=2,p=1"));
        // 16 and 32 bytes.
        assert_eq!((salt.len(), tag.len()), (22, 43), "{hash}");
        salts.insert(salt.to_owned());
    }
    assert_eq!(salts.len(), 8);
}

/// A2, A4: twelve to 128 characters, whatever they are, in at most 1,024 bytes; each is compared to its last byte, as it was typed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_are_taken_as_they_are() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let emoji: String = text(128).chars().map(|c| char::from_u32(0x1F600 + u32::from(c) * 3 % 79).unwrap()).collect();
    let refused = [(text(11), "too_short"), (text(129), "too_long"), (format!("{emoji}🙈"), "too_long"), (text(1025), "too_long")];
    for (password, code) in &refused {
        assert_eq!(change(&ana, PASSWORD, password).await.field_errors(), [format!("/new_password {code}")], "{}", password.len());
        // It was only the new one that was wrong: nothing is counted for the current one.
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

/// A3: what everybody thinks of is refused at registration, change and reset, with the reason; the link of the reset stays good.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_that_everybody_thinks_of_are_refused() {
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
    // No more than anybody may try in an hour.
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

/// A6: an address or a name has one form: what looks like another one's is the same or is refused.
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
    // The same address, which has an account: its owner is told, and nobody else gets anything.
    for email in ["ana@example.test", "ANA@Example.Test", " ana@example.test ", "ana＠example.test", "ａna@example.test"] {
        let before = cloud.mails_to("ana@example.test").await.len();
        let _ = register(email).await.is(201);
        assert_eq!(cloud.mails_to("ana@example.test").await.len(), before + 1, "{email:?}");
        cloud.advance(HOUR).await;
    }
    // Domains may have letters of their own, and are shown and stored in the form that has none: nobody takes one for another.
    let (own, shown) = ("ana@exampl\u{131}.test", "ana@xn--exampl-u9a.test");
    assert!(register(own).await.is(201)["code"]["target"].as_str().unwrap().ends_with("@xn--exampl-u9a.test"));
    assert_eq!(cloud.mails_to(shown).await.len(), 1);
    // What stands behind a plus is another address, in any case the same one.
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
        assert!(reply.status == 422 || reply.is(200)["available"] == false, "{name:?}");
    }
    assert_eq!(available("ana_x").await.is(200)["available"], true);
}

/// A9: where nobody has registered there is nobody, whatever name and password are tried.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_there_by_default() {
    let cloud = Cloud::start().await;
    assert_eq!(cloud.dump().await.as_object().unwrap().values().map(|t| t.as_array().unwrap().len()).sum::<usize>(), 0);
    for login in ["admin", "administrator", "root", "superuser", "stoa"] {
        for password in ["admin", "password", "changeme", login] {
            assert_eq!(status(&cloud, login, password).await, 401);
        }
    }
}

/// D6: where a client is, it cannot say itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_cannot_be_made_up() {
    const HEADERS: [&str; 12] = [
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
    let cloud = Cloud::start().await;
    cloud.member("ana").await;
    let client = cloud.anonymous();
    let attempt = async |n: usize| {
        let said = |header: &str| if header == "forwarded" { format!("for=203.0.113.{n}") } else { format!("203.0.113.{n}") };
        let caller = client.with(HEADERS[n % HEADERS.len()], said(HEADERS[n % HEADERS.len()]));
        caller.post("/v1/sessions", json!({ "login": format!("nobody{}", n % 4), "password": "wrong" })).await
    };
    for n in 0..20 {
        attempt(n).await.is_problem(401, "credentials_invalid");
    }
    for n in 20..32 {
        attempt(n).await.is_problem(429, "too_many_requests");
    }
    assert_eq!(status(&cloud, "ana", PASSWORD).await, 201, "nobody else waits");
}

/// C10: nothing that lets somebody in stands in an address, and what is logged of a request is its route.
#[test]
fn no_credential_stands_in_an_address() {
    let document: Value = serde_json::from_str(include_str!("../../infra/openapi.json")).unwrap();
    let mut seen = BTreeSet::new();
    for item in document["paths"].as_object().unwrap().values() {
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

/// E2: a name that nobody has costs what one costs that somebody has, whatever state the account is in.
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
    // What a start costs is no matter here, nor that a window begins.
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

/// Everything by which somebody is in.
struct Held {
    caller: Caller,
    device: String,
    socket: Socket,
}

impl Held {
    /// By another client, with a second factor if there is an app.
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

    /// Asserts that it is worth nothing any more: the access token, the refresh token, the socket, and the device, with which
    /// signing in is answered as without it.
    async fn must_be_void(mut self, cloud: &Cloud, why: &str, password: &str, without: u16) {
        self.caller.get("/v1/me").await.is_problem(401, "token_invalid");
        let refresh = json!({ "refresh_token": self.caller.refresh_token() });
        cloud.anonymous().post("/v1/sessions/refresh", refresh).await.is_problem(401, "refresh_invalid");
        self.socket.closed().await;
        let shown = json!({ "login": self.caller.name(), "password": password, "device_token": self.device });
        let reply = cloud.anonymous().post("/v1/sessions", shown).await;
        assert_eq!(reply.status.as_u16(), without, "{why}: {}", String::from_utf8_lossy(&reply.bytes));
    }
}

/// C3, C7: a change of how one signs in, resting and leaving end every session, refresh token, socket and trusted device at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_outlives_what_ends_it() {
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
    void(held, "the account was put to rest", PASSWORD, 401).await;

    let ana = cloud.member("leave").await;
    let scheduled = schedule(&ana).await;
    until_due(&cloud, &scheduled).await;
    let held = Held::of(&cloud, "leave", None).await;
    assert_eq!(run(&cloud, SWEEP).await["claimed"], 1);
    void(held, "the account is gone", PASSWORD, 401).await;
}
