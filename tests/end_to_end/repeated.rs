//! The same request sent twice: by a double click, or again after its reply was lost.

use std::{collections::BTreeMap, time::Duration};

use tests::{Authenticator, Caller, Cloud, PASSWORD, Reply, Value, json, race, wrong};

use crate::restorations::{moved, offered};

const PHONE: &str = "+447911123456";
const NEW: &str = "short zebras sing";

/// What uses a proof up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LastProof {
    CompleteRegistration,
    CompleteWithCookie,
    Activation,
    SignUpByPhone,
    SignInByPhone,
    PhoneThenFactor,
    App,
    MailedCode,
    RecoveryCode,
    RememberDevice,
    Passkey,
    StepUp,
    PasswordThenCode,
    Email,
    Number,
    Reset,
    Restoration,
    Change,
}

const STEPS: [LastProof; 18] = [
    LastProof::CompleteRegistration,
    LastProof::CompleteWithCookie,
    LastProof::Activation,
    LastProof::SignUpByPhone,
    LastProof::SignInByPhone,
    LastProof::PhoneThenFactor,
    LastProof::App,
    LastProof::MailedCode,
    LastProof::RecoveryCode,
    LastProof::RememberDevice,
    LastProof::Passkey,
    LastProof::StepUp,
    LastProof::PasswordThenCode,
    LastProof::Email,
    LastProof::Number,
    LastProof::Reset,
    LastProof::Restoration,
    LastProof::Change,
];

/// A request that uses a proof up.
#[derive(Clone)]
struct Prepared {
    caller: Caller,
    put: bool,
    path: String,
    body: Value,
    /// The same request with another proof, and the problem that it gets after the right one.
    other: (Value, &'static str),
}

impl Prepared {
    fn post(caller: Caller, path: String, body: Value, other: (Value, &'static str)) -> Self {
        Self { caller, put: false, path, body, other }
    }

    async fn send(&self) -> Reply {
        self.send_with(self.body.clone()).await
    }

    async fn send_with(&self, body: Value) -> Reply {
        if self.put { self.caller.put(&self.path, body).await } else { self.caller.post(&self.path, body).await }
    }
}

fn other(code: &str) -> Value {
    json!({ "code": wrong(code) })
}

fn id(flow: &Value) -> &str {
    flow["id"].as_str().expect("an id")
}

impl LastProof {
    /// Does everything before the request.
    async fn prepare(self, cloud: &Cloud) -> Prepared {
        let caller = cloud.anonymous();
        match self {
            Self::CompleteRegistration | Self::CompleteWithCookie => {
                let path = registration(cloud, &caller).await;
                let delivery = if self == Self::CompleteWithCookie { "cookie" } else { "body" };
                let body = json!({ "token_delivery": delivery });
                // The secret of the flow is the proof, so no other one can be sent.
                Prepared::post(caller, path, body, (json!({ "token_delivery": "nowhere" }), "malformed"))
            }
            Self::Activation => {
                let body = json!({ "email": "ana@example.test", "username": "ana", "password": PASSWORD });
                caller.post("/v1/registrations/link", body).await.is(202);
                let with = |token: String| json!({ "token": token, "password": PASSWORD });
                let token = cloud.token_to("ana@example.test").await;
                let other = json!({ "token": token, "password": "wrong horse staples" });
                Prepared::post(caller, "/v1/activations".to_owned(), with(token), (other, "link_invalid"))
            }
            Self::SignUpByPhone | Self::SignInByPhone | Self::PhoneThenFactor => {
                match self {
                    Self::SignInByPhone => cloud.phone(&cloud.member("ana").await, PHONE).await,
                    Self::PhoneThenFactor => drop(cloud.careful("ana", PHONE).await),
                    _ => {}
                }
                let flow = caller.post("/v1/phone-sign-ins", json!({ "phone": PHONE })).await.is(202);
                let code = cloud.code_to(PHONE).await;
                let path = format!("/v1/phone-sign-ins/{}/verify", id(&flow));
                Prepared::post(caller, path, json!({ "code": code }), (other(&code), "code_invalid"))
            }
            Self::App | Self::MailedCode | Self::RecoveryCode | Self::RememberDevice => self.second_step(cloud, caller).await,
            Self::Passkey => {
                let (mut phone, options, path) = passkey(cloud, &caller).await;
                let answer = json!({ "passkey": phone.get(&options, "http://localhost:5173") });
                let another = json!({ "passkey": phone.get(&options, "http://localhost:5173") });
                Prepared::post(caller, path, answer, (another, "not_found"))
            }
            Self::StepUp => {
                let ana = cloud.member("ana").await;
                let path = format!("/v1/sign-ins/{}/verify", id(&ana.post("/v1/step-ups", json!({})).await.is(201)));
                Prepared::post(ana, path, json!({ "password": PASSWORD }), (json!({ "password": "wrong horse" }), "not_found"))
            }
            Self::PasswordThenCode => {
                let ana = cloud.member("ana").await;
                let asked = ana.post("/v1/me/passkeys/options", json!({})).await.is(201);
                let (_, credential) = Authenticator::create(&asked["options"], "http://localhost:5173");
                ana.post("/v1/me/passkeys", json!({ "name": "Phone", "credential": credential })).await.is(201);
                let path = format!("/v1/sign-ins/{}/verify", id(&ana.post("/v1/step-ups", json!({})).await.is(201)));
                Prepared::post(ana, path, json!({ "password": PASSWORD }), (json!({ "password": "wrong horse" }), "factor_unavailable"))
            }
            Self::Email | Self::Number => {
                let ana = cloud.member("ana").await;
                let (what, to) = if self == Self::Email { ("email", "new@example.test") } else { ("phone", PHONE) };
                ana.post(&format!("/v1/me/{what}-changes"), json!({ what: to })).await.is(202);
                let code = cloud.code_to(to).await;
                Prepared::post(ana, format!("/v1/me/{what}-changes/verify"), json!({ "code": code }), (other(&code), "not_found"))
            }
            Self::Reset => {
                cloud.member("ana").await;
                caller.post("/v1/password-resets", json!({ "email": "ana@example.test" })).await.is(202);
                let token = cloud.token_to("ana@example.test").await;
                let with = |password: &str| json!({ "token": token, "password": password });
                Prepared::post(caller, "/v1/password-resets/confirm".to_owned(), with(NEW), (with("fierce otters paint"), "link_invalid"))
            }
            Self::Restoration => {
                let (ana, (kim, _)) = (cloud.member("ana").await, cloud.staff("kim", "administrator").await);
                let entry = moved(cloud, &ana, "email", "new@example.test").await;
                let token = offered(cloud, &kim, &entry, &ana.email()).await;
                let other = (json!({ "token": format!("{token}x") }), "link_invalid");
                Prepared::post(caller, "/v1/contact-restorations".to_owned(), json!({ "token": token }), other)
            }
            Self::Change => {
                let body = |new: &str| json!({ "current_password": PASSWORD, "new_password": new });
                let (caller, path) = (cloud.member("ana").await, "/v1/me/password".to_owned());
                Prepared { caller, put: true, path, body: body(NEW), other: (body("fierce otters paint"), "password_wrong") }
            }
        }
    }

    async fn second_step(self, cloud: &Cloud, caller: Caller) -> Prepared {
        let (_, app, recovery) = cloud.careful("ana", PHONE).await;
        let remember = self == Self::RememberDevice;
        let body = json!({ "login": "ana", "password": PASSWORD, "remember_device": remember, "token_delivery": "cookie" });
        let flow = caller.post("/v1/sessions", body).await.is(202);
        let factor = match self {
            Self::MailedCode => "email",
            Self::RecoveryCode => "recovery_code",
            _ => "app",
        };
        let path = format!("/v1/sign-ins/{}", id(&flow));
        caller.put(&format!("{path}/factor"), json!({ "factor": factor })).await.is(200);
        let code = match self {
            Self::MailedCode => cloud.code_to("ana@example.test").await,
            Self::RecoveryCode => recovery[0].clone(),
            _ => app.code(cloud),
        };
        Prepared::post(caller, format!("{path}/verify"), json!({ "code": code }), (other(&code), "not_found"))
    }
}

/// A registration whose last step is left.
async fn registration(cloud: &Cloud, caller: &Caller) -> String {
    let flow = caller.post("/v1/registrations", json!({ "email": "ana@example.test" })).await.is(201);
    let path = format!("/v1/registrations/{}", id(&flow));
    let code = cloud.code_to("ana@example.test").await;
    caller.post(&format!("{path}/code"), json!({ "code": code })).await.is(200);
    let personal = json!({ "first_name": "Ana", "last_name": "Nowak", "birth_date": "2000-02-29" });
    caller.put(&format!("{path}/personal"), personal).await.is(200);
    caller.put(&format!("{path}/username"), json!({ "username": "ana" })).await.is(200);
    caller.put(&format!("{path}/password"), json!({ "password": PASSWORD })).await.is(200);
    format!("{path}/complete")
}

/// A person's passkey, a challenge for it, and where to answer.
async fn passkey(cloud: &Cloud, caller: &Caller) -> (Authenticator, Value, String) {
    let ana = cloud.member("ana").await;
    let asked = ana.post("/v1/me/passkeys/options", json!({})).await.is(201);
    let (phone, credential) = Authenticator::create(&asked["options"], "http://localhost:5173");
    ana.post("/v1/me/passkeys", json!({ "name": "Phone", "credential": credential })).await.is(201);
    let flow = caller.post("/v1/passkey-sign-ins", json!({})).await.is(201);
    (phone, flow["passkey"].clone(), format!("/v1/sign-ins/{}/verify", id(&flow)))
}

/// The traces of a second request: items of these kinds, messages, and counted guesses.
async fn traces(cloud: &Cloud) -> BTreeMap<String, usize> {
    cloud.settle().await;
    let mut seen = BTreeMap::from([("message".to_owned(), cloud.inbox.len())]);
    for kind in ["user", "session", "device", "sign_in", "challenge", "username", "email", "phone", "passkey", "recovery_codes"] {
        seen.insert(kind.to_owned(), cloud.of_kind(kind).await.len());
    }
    // Limits on requests as such may count a repetition. Those on guesses may not.
    let guesses = ["login_", "factor_", "code_guesses", "password_demand", "sign_ins_failed"];
    for limit in cloud.of_kind("limit").await {
        let key = limit["pk"]["S"].as_str().unwrap();
        if guesses.iter().any(|name| key.starts_with(&format!("LIMIT#{name}"))) {
            let hits = limit["hits"]["N"].as_str().or(limit["until"]["N"].as_str()).unwrap_or("0");
            seen.insert(key.to_owned(), hits.parse().unwrap());
        }
    }
    seen.retain(|_, count| *count > 0);
    seen
}

fn cookies(reply: &Reply) -> Vec<&str> {
    reply.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap()).collect()
}

/// The same request of the same client gets the first answer again within ten seconds, with the same tokens. Nothing is done
/// twice, and no guess is counted. Another proof, and the same one later, are refused.
/// Promise: same-request-twice, lost-reply
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_request_gets_the_first_answer() {
    for step in STEPS {
        let cloud = Cloud::start().await;
        let prepared = step.prepare(&cloud).await;
        let first = prepared.send().await;
        first.succeeds();
        let before = traces(&cloud).await;
        for wait in [0, 5, 4] {
            cloud.advance(Duration::from_secs(wait)).await;
            let again = prepared.send().await;
            assert_eq!((again.status, &again.bytes), (first.status, &first.bytes), "{step:?}: {again:?}");
            assert_eq!((cookies(&again), again.header("location")), (cookies(&first), first.header("location")), "{step:?}");
            assert_eq!(traces(&cloud).await, before, "{step:?}");
        }
        let (body, problem) = prepared.other.clone();
        assert_eq!(prepared.send_with(body).await.code(), problem, "{step:?}: another proof");
        cloud.forget_answers().await;
        let late = prepared.send().await;
        assert!(late.status.is_client_error(), "{step:?}: {late:?}");
    }
}

/// Two concurrent requests, as a double click sends them, get one answer. Nothing is done twice, and no guess is counted.
/// Promise: same-request-twice
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_double_click_gets_one_answer() {
    // A browser asks its user for each answer of a passkey, so that none is sent twice at once.
    for step in STEPS.into_iter().filter(|step| *step != LastProof::Passkey) {
        let cloud = Cloud::start().await;
        let alone = {
            let cloud = Cloud::start().await;
            step.prepare(&cloud).await.send().await.succeeds();
            traces(&cloud).await
        };
        let prepared = step.prepare(&cloud).await;
        let replies = race(2, |_| {
            let prepared = prepared.clone();
            async move { prepared.send().await }
        })
        .await;
        let [one, other] = replies.as_slice() else { panic!("{replies:?}") };
        assert!(one.status.is_success(), "{step:?}: {one:?}");
        assert_eq!((one.status, &one.bytes, cookies(one)), (other.status, &other.bytes, cookies(other)), "{step:?}");
        let counts = |traces: BTreeMap<String, usize>| traces.into_iter().filter(|(name, _)| !name.contains('#')).collect::<Vec<_>>();
        let (seen, expected) = (traces(&cloud).await, alone);
        let guesses =
            |traces: &BTreeMap<String, usize>| traces.iter().filter(|(name, _)| name.contains('#')).map(|(_, n)| n).sum::<usize>();
        assert_eq!(guesses(&seen), guesses(&expected), "{step:?}: {seen:?}");
        assert_eq!(counts(seen), counts(expected), "{step:?}");
    }
}

/// A sign-in that needs only a password uses nothing up. Its client names the request, so that a repetition makes no second session.
/// Promise: same-request-twice
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_named_sign_in_makes_one_session() {
    let cloud = Cloud::start().await;
    cloud.member("ana").await;
    cloud.careful("eve", PHONE).await;
    let client = cloud.anonymous();
    for (login, delivery) in [("ana", "cookie"), ("ana", "body"), ("ana@example.test", "body"), ("eve", "cookie"), ("eve", "body")] {
        let prepared = Prepared::post(
            client.with("idempotency-key", format!("{login}-{delivery}")),
            "/v1/sessions".to_owned(),
            json!({ "login": login, "password": PASSWORD, "token_delivery": delivery }),
            (json!({ "login": login, "password": "wrong horse" }), "credentials_invalid"),
        );
        let first = prepared.send().await;
        first.succeeds();
        let before = traces(&cloud).await;
        for wait in [0, 5, 4] {
            cloud.advance(Duration::from_secs(wait)).await;
            let again = prepared.send().await;
            assert_eq!((again.status, &again.bytes, cookies(&again)), (first.status, &first.bytes, cookies(&first)), "{login} {delivery}");
            assert_eq!(traces(&cloud).await, before, "{login} {delivery}");
        }
        let elsewhere = json!({ "login": login, "password": PASSWORD, "token_delivery": delivery, "next": "/rooms" });
        prepared.send_with(elsewhere).await.is_problem(422, "idempotency_key_reused");
        let (body, problem) = prepared.other.clone();
        assert_eq!(prepared.send_with(body).await.code(), problem, "{login} {delivery}: another password");
        cloud.forget_answers().await;
        let late = prepared.send().await;
        late.succeeds();
        assert_ne!(late.bytes, first.bytes, "{login} {delivery}");
    }
}

/// Of two concurrent sign-ins of one name one makes a session. Other keys, clients and requests without a key make their own.
/// Promise: same-request-twice
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_double_click_on_a_named_sign_in_makes_one_session() {
    let cloud = Cloud::start().await;
    cloud.member("ana").await;
    let (client, body) = (cloud.anonymous(), json!({ "login": "ana", "password": PASSWORD }));
    let sessions = async || cloud.of_kind("session").await.len();
    let before = sessions().await;
    let replies = race(2, |_| {
        let (named, body) = (client.with("idempotency-key", "click"), body.clone());
        async move { named.post("/v1/sessions", body).await }
    })
    .await;
    let [one, other] = replies.as_slice() else { panic!("{replies:?}") };
    assert_eq!((one.status.as_u16(), &one.bytes), (201, &other.bytes), "{replies:?}");
    assert_eq!(sessions().await, before + 1);
    let others = [
        client.with("idempotency-key", "another-click"),
        client.clone(),
        client.clone(),
        cloud.anonymous().with("idempotency-key", "click"),
        cloud.anonymous(),
    ];
    for (n, caller) in others.iter().enumerate() {
        let reply = caller.post("/v1/sessions", body.clone()).await;
        reply.is(201);
        assert_ne!(reply.bytes, one.bytes, "{n}");
        assert_eq!(sessions().await, before + 2 + n, "{n}");
    }
}

/// The kept answer is sealed: the table shows no token in it.
/// Promise: same-request-twice
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kept_answers_are_sealed() {
    let cloud = Cloud::start().await;
    let prepared = LastProof::CompleteRegistration.prepare(&cloud).await;
    let answer = prepared.send().await.is(201);
    let kept = cloud.of_kind("kept_answer").await;
    assert_eq!(kept.len(), 1, "{kept:?}");
    let dump = cloud.dump().await.to_string();
    for secret in ["access_token", "refresh_token"] {
        assert!(!dump.contains(answer[secret].as_str().unwrap()), "{secret}");
    }
    assert!(!kept[0].to_string().contains(prepared.path.split('/').nth(3).unwrap()), "the secret of the flow is not stored");
}
