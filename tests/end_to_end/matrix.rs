//! Every operation, called by everybody who must not use it: callers who are not signed in, half signed in, not verified, deactivated or
//! somebody else. They get no data, change nothing and receive no token. The callers of an operation are read from its `security` in the
//! document, which is generated from the parameters of its handler.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use reqwest::Method;
use tests::{Authenticator, Caller, Cloud, PASSWORD, Value, json};

const PHONE: &str = "+447700900567";

/// Who may use an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    /// Everybody. Whatever proof it takes (a flow, a token, a password) is part of the request.
    Public,
    /// Signed-in callers.
    Member,
    /// Signed-in callers with a recent proof by their strongest factor.
    Fresh,
    /// Signed-in callers with a recent proof by a factor that is not sent by message. Any other proof is part of the request.
    Strong,
    /// Moderators who have proven such a factor, recently for what they change.
    Moderator,
    /// Administrators who have proven such a factor, recently for what they change.
    Administrator,
    /// Superusers who have proven such a factor, recently for what they change.
    Superuser,
}
use Access::{Administrator, Fresh, Member, Moderator, Public, Strong, Superuser};

impl Access {
    /// As the operation is described: its `security` is written from what its handler takes from a request.
    fn of(described: &Value) -> Self {
        let Some(conditions) = described["security"][0]["bearer"].as_array() else { return Public };
        let conditions: Vec<&str> = conditions.iter().map(|condition| condition.as_str().unwrap()).collect();
        match conditions.as_slice() {
            [] => Member,
            ["step_up"] if lists(described, "403", "second_factor_required") => Strong,
            ["step_up"] => Fresh,
            ["moderator"] | ["step_up", "moderator"] => Moderator,
            ["administrator"] | ["step_up", "administrator"] => Administrator,
            ["superuser"] | ["step_up", "superuser"] => Superuser,
            other => panic!("nobody tries what takes {other:?}"),
        }
    }

    const fn staff(self) -> bool {
        matches!(self, Moderator | Administrator | Superuser)
    }
}

/// An operation with an example of its body.
pub(crate) struct Operation {
    access: Access,
    /// Whether it takes a recent proof.
    steps_up: bool,
    /// The method and the path.
    pub name: String,
    pub method: Method,
    pub path: String,
    pub body: Option<Value>,
}

impl Operation {
    /// Whether it is refused to everybody who is not staff.
    pub const fn for_staff(&self) -> bool {
        self.access.staff()
    }
}

/// Every operation of the API.
pub(crate) fn operations() -> Vec<Operation> {
    let paths = tests::document()["paths"].as_object().unwrap();
    let all =
        paths.iter().flat_map(|(path, item)| item.as_object().unwrap().iter().map(move |(method, described)| (path, method, described)));
    let operation = |(path, method, described): (&String, &String, &Value)| {
        let method = method.to_uppercase();
        let body = described["requestBody"]["content"].as_object().map(|contents| {
            let content = contents.get("application/json").or_else(|| contents.values().next()).unwrap();
            let examples = content["examples"].as_object().and_then(|e| e.values().next()).map(|e| e["value"].clone());
            examples.unwrap_or_else(|| content["example"].clone())
        });
        let (name, access) = (format!("{method} {path}"), Access::of(described));
        let steps_up = described["security"][0]["bearer"].as_array().is_some_and(|conditions| conditions.contains(&json!("step_up")));
        Operation { access, steps_up, name, method: method.parse().unwrap(), path: path.clone(), body }
    };
    all.map(operation).collect()
}

/// Whether an operation answers with this problem.
fn lists(described: &Value, status: &str, code: &str) -> bool {
    described["responses"][status]["content"]["application/problem+json"]["examples"][code].is_object()
}

/// What staff write without a recent proof, and why. Whatever else they change takes one.
const WITHOUT_RECENT_PROOF: [(&str, &[&str]); 2] = [
    (
        "a live conversation with a customer changes no account and no rights, and goes on for hours",
        &[
            "POST /v1/support/threads/{thread}/messages",
            "PUT /v1/support/threads/{thread}/state",
            "POST /v1/support/threads/{thread}/take",
            "POST /v1/support/threads/{thread}/give",
        ],
    ),
    (
        "a note is a part of the conversation that only the team sees; deleting that of somebody else takes a recent proof",
        &["POST /v1/support/threads/{thread}/notes", "DELETE /v1/support/threads/{thread}/notes/{note}"],
    ),
];

/// The path of an operation, with its parameters replaced by these things.
pub(crate) fn about(path: &str, things: &BTreeMap<&str, String>) -> String {
    things.iter().fold(path.to_owned(), |path, (name, value)| path.replace(&format!("{{{name}}}"), value))
}

/// Each operation of the document says who may use it, and the problems that everybody else gets.
/// Promise: permission-matrix
#[test]
fn the_matrix_has_every_operation() {
    let document = tests::document();
    for access in [Public, Member, Fresh, Strong, Moderator, Administrator, Superuser] {
        assert!(operations().iter().any(|operation| operation.access == access), "{access:?}");
    }
    for operation in operations() {
        let described = &document["paths"][&operation.path][operation.method.as_str().to_lowercase()];
        let listed = |status: &str, code: &str| lists(described, status, code);
        let (strong, staff) = (operation.access == Strong, operation.access.staff());
        assert_eq!(operation.access == Fresh || strong || staff, listed("401", "step_up_required"), "{}", operation.name);
        assert_eq!(strong || staff, listed("403", "second_factor_required"), "{}", operation.name);
        assert!(!staff || listed("403", "forbidden"), "{}", operation.name);
        assert!(operation.access == Public || listed("401", "token_invalid"), "{}", operation.name);
    }
}

/// The document says of whatever staff change that it takes a recent proof. The exceptions are those of the list, and all of them exist.
/// Promise: staff-writes
#[test]
fn what_staff_change_takes_a_recent_proof() {
    let excepted: BTreeSet<&str> = WITHOUT_RECENT_PROOF.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    let writes: Vec<Operation> = operations().into_iter().filter(|o| o.for_staff() && o.method != Method::GET).collect();
    let without: BTreeSet<&str> = writes.iter().filter(|o| !o.steps_up).map(|o| o.name.as_str()).collect();
    assert_eq!(without, excepted);
    assert!(writes.len() > without.len() + 20, "{} operations", writes.len());
}

/// Every operation is refused to everybody whom the matrix does not allow it.
/// Promise: permission-matrix, object-ownership, staff-writes
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_matrix_is_enforced() {
    let cloud = Cloud::start().await;
    let victim = cloud.member("lea").await;
    cloud.phone(&victim, PHONE).await;
    let asked = victim.post("/v1/me/passkeys/options", json!({})).await.is(201);
    let (_, credential) = Authenticator::create(&asked["options"], "http://localhost:5173");
    let passkey = victim.post("/v1/me/passkeys", json!({ "name": "phone", "credential": credential })).await.is(201);
    let trusted = json!({ "login": "lea", "password": PASSWORD, "remember_device": true });
    let device = cloud.anonymous();
    let device = device.signed_in(device.post("/v1/sessions", trusted).await.is(201));
    let friend = cloud.member("ben").await;
    let room = victim.post("/v1/rooms/direct", json!({ "user": friend.id() })).await.json()["id"].clone();
    let upload = json!({ "content_type": "image/png", "bytes": 100, "sha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" });
    let upload = victim.post("/v1/me/picture/uploads", upload).await.is(201);
    let attachment =
        json!({ "name": "a.txt", "content_type": "text/plain", "bytes": 1, "sha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" });
    let uploads = format!("/v1/rooms/{}/uploads", room.as_str().unwrap());
    let attachment = victim.post(&uploads, attachment).await.is(201);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let address = json!({ "street": "Marszałkowska 44", "city": "Kraków", "postal_code": "30-001", "country": "PL" });
    let address = victim.post("/v1/me/addresses", address).await.is(201);
    let export = victim.post("/v1/me/exports", json!({})).await.is(202);
    let model = victim.post("/v1/models", json!({ "title": "Red bike" })).await.is(201);
    let things = BTreeMap::from([
        ("model", text(&model["id"])),
        ("address", text(&address["id"])),
        ("passkey", text(&passkey["id"])),
        ("donation", "don_01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned()),
        ("payment", "plp_01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned()),
        ("device", text(&device.get("/v1/me/devices").await.is(200)["items"][0]["id"])),
        ("session", text(&victim.claims()["sid"])),
        ("room", text(&room)),
        ("thread", text(&room)),
        ("reply", "rpl_01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned()),
        ("user", victim.id()),
        ("slug", "agora-news".to_owned()),
        ("upload", text(&upload["id"])),
        ("attachment", text(&attachment["id"])),
        ("export", text(&export["id"])),
        ("token", "q83vEjRWeJC6q83vEjRWeJC6q83vEjRWeJC6q83vEjQ".to_owned()),
        ("notification", "ntf_01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned()),
        ("user", friend.id()),
        ("username", "lea".to_owned()),
        ("factor", "app".to_owned()),
        ("flow", "flw_q83vEjRWeJC6q83vEjRWeJC6q83vEjRWeJC6q83vEjQ".to_owned()),
        ("file", "docs.js".to_owned()),
        ("code", "not_found".to_owned()),
        ("picture", "default".to_owned()),
        ("size", "300".to_owned()),
        ("role", "moderator".to_owned()),
        ("seq", "1".to_owned()),
        ("category", "cat_01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned()),
        ("product", "prd_01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned()),
        ("order", "ord_01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned()),
        ("entry", "aud_01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned()),
        ("ticket", "tkt_01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned()),
        ("comment", "cmt_01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned()),
        ("key", "apk_01K9ZC4QW8V3T6R1NHXJ5B2MDP".to_owned()),
    ]);

    let bearer = |caller: &Caller, token: &str| caller.with("authorization", format!("Bearer {token}"));
    let made_up = things["flow"].clone();
    let (_, app, _) = cloud.careful("eve", "+447700900124").await;
    let right = json!({ "login": "eve", "password": PASSWORD });
    let half = text(&cloud.anonymous().post("/v1/sessions", right.clone()).await.is(202)["id"]);
    let unverified = text(&cloud.anonymous().post("/v1/registrations", json!({ "email": "new@example.test" })).await.is(201)["id"]);
    let texted = text(&cloud.anonymous().post("/v1/phone-sign-ins", json!({ "phone": "+447700900126" })).await.is(202)["id"]);
    // Locked by three wrong answers at the second step, and by five wrong passwords.
    let guesser = cloud.anonymous();
    let locked = text(&guesser.post("/v1/sessions", right.clone()).await.is(202)["id"]);
    guesser.put(&format!("/v1/sign-ins/{locked}/factor"), json!({ "factor": "app" })).await.is(200);
    for _ in 0..3 {
        guesser.post(&format!("/v1/sign-ins/{locked}/verify"), json!({ "code": app.wrong(&cloud) })).await.is_problem(422, "code_invalid");
    }
    for _ in 0..5 {
        guesser.post("/v1/sessions", json!({ "login": "eve", "password": "wrong" })).await.is_problem(401, "credentials_invalid");
    }
    let resting = cloud.member("dan").await;
    let _ = resting.post("/v1/me/deactivation", json!({ "password": PASSWORD })).await.is(204);
    // Signed in on another client when the deletion was scheduled.
    let gone = cloud.member("ulf").await;
    let _ = cloud.sign_in("ulf").await.post("/v1/me/deletion", json!({ "password": PASSWORD })).await.is(200);
    let nobody: [(&str, Caller, String); 8] = [
        ("not signed in", cloud.anonymous(), made_up.clone()),
        ("half signed in", bearer(&cloud.anonymous(), &half), half),
        ("not verified", bearer(&cloud.anonymous(), &unverified), unverified),
        ("not proven to have the phone", bearer(&cloud.anonymous(), &texted), texted),
        ("locked", bearer(&guesser, &locked), locked),
        ("at rest", resting, made_up.clone()),
        ("leaving", gone, made_up.clone()),
        ("with a refresh token", bearer(&cloud.anonymous(), &friend.refresh_token()), made_up),
    ];
    let sessions = async || cloud.dump().await.to_string().matches("\"SESSION#").count();
    let before = sessions().await;
    let canaries = ["lea@example.test", PHONE, "Marszałkowska"];
    for operation in operations() {
        for (who, caller, flow) in &nobody {
            // The locked caller has the right password here.
            let body = if (*who, operation.name.as_str()) == ("locked", "POST /v1/sessions") {
                Some(right.clone())
            } else {
                operation.body.clone()
            };
            let path = about(&operation.path.replace("{flow}", flow), &things);
            let reply = caller.send(operation.method.clone(), &path, body).await;
            let said = String::from_utf8_lossy(&reply.bytes).into_owned();
            assert!(!said.contains("access_token\":") || operation.path == "/openapi.json", "{} {who}: {said}", operation.name);
            assert!(!canaries.iter().any(|c| said.contains(c)), "{} {who}: {said}", operation.name);
            assert!(reply.status.as_u16() < 500, "{} {who}: {reply:?}", operation.name);
            if operation.access != Public {
                reply.is_problem(401, "token_invalid");
            }
        }
    }
    assert_eq!(sessions().await, before, "no new session was made");

    // Somebody else gets 404 for everything of the victim, and sees no data of it. The friend is a member of the room, so a third
    // person asks for that.
    let _ = cloud.member("mia").await;
    for operation in operations() {
        // What staff do is refused to everybody else by their role.
        let object = !operation.access.staff()
            && ["address", "passkey", "device", "session", "room", "upload", "export"]
                .iter()
                .any(|o| operation.path.contains(&format!("{{{o}}}")));
        if object {
            let foreign = cloud.sign_in(if operation.path.contains("{room}") { "mia" } else { friend.name() }).await;
            let body = operation
                .body
                .clone()
                .map(|body| if body["name"].is_string() && body.get("sha256").is_none() { json!({ "name": "mine" }) } else { body });
            let reply = foreign.with("if-match", "\"v1\"").send(operation.method.clone(), &about(&operation.path, &things), body).await;
            reply.is_problem(404, "not_found");
        }
    }
    // Callers who are not staff get 403, whatever they have proven. Staff must have a second factor and have proven it.
    let moderator = cloud.member("mod").await;
    cloud.appoint(&moderator, &["moderator"]);
    let careless = cloud.member("kim").await;
    cloud.appoint(&careless, &["administrator"]);
    let (ida, app, _) = cloud.careful("ida", "+447700900125").await;
    cloud.appoint(&ida, &["administrator"]);
    // A mailed code is a second step, but not enough here.
    let flow = cloud.anonymous().post("/v1/sessions", json!({ "login": "ida", "password": PASSWORD })).await.is(202);
    let path = format!("/v1/sign-ins/{}", text(&flow["id"]));
    cloud.anonymous().put(&format!("{path}/factor"), json!({ "factor": "email" })).await.is(200);
    let code = json!({ "code": cloud.code_to(&ida.email()).await });
    let by_mail = ida.signed_in(cloud.anonymous().post(&format!("{path}/verify"), code).await.is(201));
    let asked = |access: &[Access]| operations().into_iter().filter(|o| access.contains(&o.access)).collect::<Vec<_>>();
    let ask = async |operation: &Operation, who: &Caller| {
        who.send(operation.method.clone(), &about(&operation.path, &things), operation.body.clone()).await
    };
    for operation in &asked(&[Moderator, Administrator, Superuser]) {
        ask(operation, &victim).await.is_problem(403, "forbidden");
    }
    for operation in &asked(&[Administrator, Superuser]) {
        ask(operation, &moderator).await.is_problem(403, "forbidden");
    }
    for operation in &asked(&[Moderator]) {
        ask(operation, &victim).await.is_problem(403, "forbidden");
        ask(operation, &moderator).await.is_problem(403, "second_factor_required");
    }
    for operation in &asked(&[Superuser]) {
        ask(operation, &careless).await.is_problem(403, "forbidden");
    }
    cloud.appoint(&careless, &["superuser"]);
    cloud.appoint(&ida, &["superuser"]);
    for operation in &asked(&[Strong, Moderator, Administrator, Superuser]) {
        ask(operation, &careless).await.is_problem(403, "second_factor_required");
        assert_eq!(ask(operation, &by_mail).await.is_problem(401, "step_up_required")["methods"][0], "app", "{}", operation.name);
    }
    let proven = cloud.step_up(&by_mail, &app).await;
    cloud.appoint(&ida, &["administrator"]);
    for operation in &asked(&[Superuser]) {
        ask(operation, &proven).await.is_problem(403, "forbidden");
    }
    cloud.appoint(&ida, &["superuser"]);
    // Somebody whom staff may sign out, deactivate and delete.
    let _ = cloud.member("tom").await;
    let mut others = things.clone();
    others.insert("username", "tom".to_owned());
    for operation in &asked(&[Strong, Moderator, Administrator, Superuser]) {
        let reply = proven.send(operation.method.clone(), &about(&operation.path, &others), operation.body.clone()).await;
        assert!(![401, 403].contains(&reply.status.as_u16()), "{}: {reply:?}", operation.name);
    }
    victim.get("/v1/me").await.is(200);
    device.get("/v1/me/devices").await.is(200);

    // An account about to be deleted may still do everything. Without a recent proof the operations that take one are refused.
    let leaving = cloud.member("zoe").await;
    let _ = leaving.post("/v1/me/deletion", json!({ "password": PASSWORD })).await.is(200);
    for operation in operations().iter().filter(|o| o.access == Member && o.method == Method::GET) {
        let query = if operation.path == "/v1/people" { "?q=anna" } else { "" };
        let reply = leaving.get(&format!("{}{query}", about(&operation.path, &things))).await;
        // 409: she shares no location.
        assert!([200, 404, 409].contains(&reply.status.as_u16()), "{}: {reply:?}", operation.name);
    }
    cloud.advance(Duration::from_secs(360)).await;
    for operation in operations().iter().filter(|o| [Fresh, Strong].contains(&o.access)) {
        let reply = leaving.send(operation.method.clone(), &about(&operation.path, &things), operation.body.clone()).await;
        reply.is_problem(401, "step_up_required");
    }
    // Six minutes after their proof staff read, and write in the threads of customers.
    for operation in &asked(&[Moderator, Administrator, Superuser]) {
        let reply = ask(operation, &proven).await;
        if operation.steps_up {
            reply.is_problem(401, "step_up_required");
        } else {
            assert!(![401, 403].contains(&reply.status.as_u16()), "{}: {reply:?}", operation.name);
        }
    }
}
