//! Raw events that only an attacker or a defect could cause: the function must not panic, and only the route of the event may
//! answer.
#![expect(clippy::arithmetic_side_effects, reason = "an overflow would fail the test")]

use axum::{
    Json, Router,
    extract::{MatchedPath, Path, RawQuery},
    http::{HeaderMap, Method},
    routing::{any, get, post},
};
use function::{Boot, Context, Function, RawValue};
use kernel::{Env, Sys};
use serde_json::{Map, Value, json};

/// Values that a client can put into a parameter, a path, a query, a header or a host.
const HOSTILE: &[&str] = &[
    "a:b",
    "x/v1/me?",
    "user@host",
    "user:pass@host:99999",
    "[::1",
    "[::1]:80",
    "żółw.example",
    "xn--a",
    "..",
    ".",
    "%2e%2e",
    "%2E",
    "..\\..\\v1\\me",
    "..%5C..%5Cv1%5Cme",
    "..\\..\\v1\\sessions#",
    "../../v1/me",
    "..%2F..%2Fv1%2Fme",
    "%252e%252e%252f",
    "me",
    "%6De",
    "{username}",
    "{*rest}",
    ":username",
    "*",
    "ana;admin=1",
    "ana?x=1",
    "ana#1",
    "ana%231",
    "ana%00",
    "\u{0}",
    "\u{7f}",
    " ",
    "",
    "%",
    "%f",
    "%ff",
    "%FF%FE",
    "\u{fffd}",
    "ﬀ／．．",
    "日本",
    "'\"<>`|^",
    "http://evil.example/",
    "//evil.example/v1/me",
    "\r\nHost: evil",
    "\t",
    "$default",
    "GET /v1/me",
];

/// Templates of routes with their methods.
const ROUTES: &[&str] = &[
    "GET /v1/me",
    "PUT /v1/me",
    "GET /v1/users/me",
    "GET /v1/users/{username}",
    "POST /v1/sessions",
    "POST /v1/sign-ins/{flow}/verify",
    "PUT /v1/admin/users/{username}/roles/{role}",
    "GET /.well-known/jwks.json",
    "GET /{rest+}",
    "DELETE /{rest+}",
];

/// Routes that the function does not have, and invalid route keys.
const OTHER_ROUTES: &[&str] = &[
    "GET /v1/users/{name}",
    "GET /v1/{anything}",
    "DELETE /v1/me",
    "GET /v1/nothing",
    "GET /v1/me?x",
    "GET /v1/me#x",
    "GET /v1/users/..",
    "GET /v1/users/me/",
    "GET //v1/me",
    "GET /",
    "GET ",
    "GET",
    " /v1/me",
    "",
    "get /v1/me",
    "ANY /v1/me",
    "GE T /v1/me",
    "GET /v1/{username",
    "GET /v1/żółw",
    "GET v1/me",
    "$connect",
];

/// A random generator with a seed: SplitMix64 (<https://prng.di.unimi.it/splitmix64.c>).
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(n).unwrap()).unwrap()
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }

    /// Returns a hostile text, sometimes truncated, doubled or with a random character.
    fn text(&mut self) -> String {
        let mut text = self.of(HOSTILE).to_owned();
        if self.one_in(4) {
            text.push_str(self.of(HOSTILE));
        }
        if self.one_in(4) {
            let any = u32::try_from(self.below(0x11_0000)).unwrap();
            text.extend(char::from_u32(any));
        }
        if self.one_in(8) {
            text = text.chars().skip(1).collect();
        }
        text
    }

    /// Returns a value of a wrong type for a member.
    fn wrong(&mut self) -> Value {
        match self.below(8) {
            0 => Value::Null,
            1 => json!(self.next()),
            2 => json!(true),
            3 => json!([]),
            4 => json!([self.text()]),
            5 => json!({}),
            6 => json!({ self.text(): self.text() }),
            _ => json!(self.text()),
        }
    }

    fn map(&mut self, most: usize) -> Map<String, Value> {
        (0..self.below(most)).map(|_| (self.text(), json!(self.text()))).collect()
    }
}

/// An event and the expected result.
struct Case {
    payload: String,
    /// The only route that may answer. `None` if the event leaves it open or cannot be parsed.
    route: Option<String>,
    parameters: Map<String, Value>,
    /// Whether the gateway could have sent the event, so that the route must answer.
    sound: bool,
}

fn case(draw: &mut Draw) -> Case {
    let key = if draw.one_in(4) { draw.of(OTHER_ROUTES) } else { draw.of(ROUTES) };
    let (_, template) = key.split_once(' ').unwrap_or_default();
    let mut parameters = Map::new();
    for name in template.split('/').filter_map(|s| s.strip_prefix('{')?.strip_suffix('}')) {
        parameters.insert(name.trim_end_matches('+').to_owned(), json!(draw.text()));
    }
    let mut headers = Map::from_iter([
        ("host".to_owned(), json!(draw.text())),
        ("x-forwarded-proto".to_owned(), json!(draw.of(&["https", "http", "x:y", "", "javascript"]))),
    ]);
    let (named, strange) =
        (["accept", "accept-language", "content-type", "cookie", "x-edge-secret", "cloudfront-viewer-address"], draw.one_in(8));
    if draw.one_in(2) {
        headers.insert(draw.of(&named).to_owned(), json!(draw.text()));
    }
    let mut event = json!({
        "version": "2.0", "routeKey": key, "rawPath": format!("/{}", draw.text()), "rawQueryString": draw.text(), "headers": headers,
        "requestContext": {
            "accountId": "1", "apiId": "a", "domainName": draw.text(), "domainPrefix": "a", "requestId": draw.text(), "routeKey": key,
            "http": { "method": key.split(' ').next(), "path": draw.text(), "protocol": "HTTP/1.1", "sourceIp": draw.text(), "userAgent": draw.text() },
            "stage": draw.of(&["$default", "production", "..", "a b"]), "time": "21/Nov/2026:08:00:00 +0000", "timeEpoch": 1_795_248_000_000_u64,
        },
        "pathParameters": parameters, "isBase64Encoded": false,
    });
    if draw.one_in(2) {
        event["body"] = json!(draw.text());
    }
    if draw.one_in(8) {
        event["cookies"] = json!([draw.text(), draw.text()]);
    }
    if draw.one_in(8) {
        event["queryStringParameters"] = Value::Object(draw.map(3));
    }
    // Header values with control characters and invalid methods cannot be parsed.
    let is_text = |value: &Value| value.as_str().is_some_and(|v| !v.chars().any(|c| c.is_control() && c != '\t'));
    let mut sound = ROUTES.contains(&key)
        && event["headers"].as_object().unwrap().values().all(is_text)
        && parameters.values().all(|value| value.as_str().is_some_and(|v| !v.is_empty()));
    if strange {
        sound = false;
        damage(draw, &mut event);
    }
    let route = event["routeKey"].as_str().filter(|key| *key != "$default").map(str::to_owned);
    let mut payload = event.to_string();
    if draw.one_in(64) {
        sound = false;
        let cut = (0..=draw.below(payload.len())).rev().find(|at| payload.is_char_boundary(*at)).unwrap();
        payload.truncate(cut);
        payload.push_str(draw.of(&["", "}", "null", "\"", "[[[[[[[["]));
    }
    Case { payload, route, parameters, sound }
}

/// Removes a member, or gives it a wrong value.
fn damage(draw: &mut Draw, event: &mut Value) {
    let places = [
        "version",
        "routeKey",
        "rawPath",
        "rawQueryString",
        "headers",
        "requestContext",
        "pathParameters",
        "isBase64Encoded",
        "cookies",
        "body",
        "stageVariables",
        "queryStringParameters",
        "httpMethod",
        "requestContext/http",
        "requestContext/http/method",
        "requestContext/http/sourceIp",
        "requestContext/timeEpoch",
        "requestContext/authorizer",
        "requestContext/domainName",
        "headers/host",
    ];
    let place = draw.of(&places);
    let (parent, member) = place.rsplit_once('/').map_or(("", place), |(parent, member)| (parent, member));
    let Some(parent) = (if parent.is_empty() { Some(event) } else { event.pointer_mut(&format!("/{parent}")) }) else { return };
    let Some(parent) = parent.as_object_mut() else { return };
    if draw.one_in(3) {
        parent.remove(member);
    } else if member == "headers" {
        let many = draw.map(40);
        parent.insert(member.to_owned(), Value::Object(many));
    } else if member == "isBase64Encoded" {
        parent.insert(member.to_owned(), json!(true));
    } else {
        let wrong = draw.wrong();
        parent.insert(member.to_owned(), wrong);
    }
}

/// Returns the route and the path parameters.
async fn tell(
    matched: MatchedPath,
    method: Method,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    Path(parameters): Path<Map<String, Value>>,
    body: axum::body::Bytes,
) -> Json<Value> {
    assert!(!headers.contains_key("host"), "nobody may be told a host");
    Json(json!({ "route": format!("{method} {}", matched.as_str()), "parameters": parameters, "query": query, "bytes": body.len() }))
}

fn subject() -> Function {
    let routes = Router::new()
        .route("/v1/me", get(tell).put(tell))
        .route("/v1/users/me", get(tell))
        .route("/v1/users/{username}", get(tell))
        .route("/v1/sessions", post(tell))
        .route("/v1/sign-ins/{flow}/verify", post(tell))
        .route("/v1/admin/users/{username}/roles/{role}", any(tell))
        .route("/.well-known/jwks.json", get(tell))
        .route("/{*rest}", any(tell));
    with(routes)
}

fn with(routes: Router) -> Function {
    let boot = Boot { env: Env::default(), sys: Sys::real(), http: function::http_client().unwrap() };
    super::function(&boot, routes, ()).unwrap()
}

/// Returns the status and the body of a response, or the error of the function.
async fn answer(function: &Function, payload: &str) -> Result<(u64, Value), String> {
    let Ok(payload) = RawValue::from_string(payload.to_owned()) else { return Err("no JSON".to_owned()) };
    let reply = function.invoke(payload, Context::default()).await.map_err(|e| e.to_string())?;
    let reply: Value = serde_json::from_str(reply.get()).unwrap();
    let body = reply["body"].as_str().map(|body| serde_json::from_str(body).unwrap_or_default()).unwrap_or_default();
    Ok((reply["statusCode"].as_u64().unwrap(), body))
}

/// Returns how many cases were answered by their route.
async fn attack(cases: u64, seed: u64) -> u64 {
    let (function, mut served) = (subject(), 0);
    for n in 0..cases {
        let mut draw = Draw(seed.wrapping_add(n.wrapping_mul(0x1_0000_0001)));
        let Case { payload, route, parameters, sound } = case(&mut draw);
        let told = || format!("case {n}: {payload}");
        match answer(&function, &payload).await {
            Ok((200, body)) => {
                if let Some((method, path)) = route.as_deref().map(|route| route.split_once(' ').unwrap()) {
                    let (was, matched) = body["route"].as_str().unwrap().split_once(' ').unwrap();
                    assert_eq!(matched, path.replace("{rest+}", "{*rest}"), "{}", told());
                    assert!(method == "ANY" || method == was, "{}", told());
                }
                if sound {
                    assert_eq!(body["parameters"], Value::Object(parameters), "{}", told());
                }
                served += 1;
            }
            Ok((status, body)) => {
                assert!(!sound, "{status} {body} for {}", told());
                assert!(matches!(status, 404 | 405), "{status} {body} for {}", told());
                assert_eq!(body["status"], status, "a problem document: {}", told());
            }
            Err(failure) => {
                assert!(!sound && !failure.contains("panicked"), "{failure} for {}", told());
            }
        }
    }
    served
}

/// Returns a regular event, before it is changed.
fn event(key: &str, path: &str, parameters: &Value) -> Value {
    json!({
        "version": "2.0", "routeKey": key, "rawPath": path, "rawQueryString": "", "headers": { "host": "api.example" },
        "requestContext": { "domainName": "api.example", "stage": "$default", "requestId": "r", "routeKey": key,
            "http": { "method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "" } },
        "pathParameters": parameters, "isBase64Encoded": false,
    })
}

#[tokio::test]
async fn any_parameter_is_data() {
    let function = subject();
    for text in HOSTILE.iter().filter(|text| !text.is_empty()) {
        let (status, body) =
            answer(&function, &event("GET /v1/users/{username}", "/v1/me", &json!({ "username": text })).to_string()).await.unwrap();
        assert_eq!((status, &body["route"], &body["parameters"]["username"]), (200, &json!("GET /v1/users/{username}"), &json!(text)));
    }
    for missing in [json!({}), json!(null), json!({ "name": "ana" })] {
        let failure = answer(&function, &event("GET /v1/users/{username}", "/v1/users/ana", &missing).to_string()).await.unwrap_err();
        assert_eq!(failure, "a path parameter is missing");
    }
    let (status, _) =
        answer(&function, &event("GET /v1/users/{username}", "/v1/me", &json!({ "username": "" })).to_string()).await.unwrap();
    assert_eq!(status, 404, "nothing is no parameter");
}

#[tokio::test]
async fn a_shared_route_is_for_all_paths_below_its_prefix() {
    let routes = Router::new().route("/v1/me", get(tell)).route("/v1/users/{username}", get(tell)).route("/v1/sessions", post(tell));
    let function = with(routes);
    let below = [
        ("me", 200, 405),
        ("users/ana", 200, 405),
        ("users/a b", 200, 405),
        ("users/a%2Fb#?", 200, 405),
        ("sessions", 405, 200),
        ("nothing", 404, 404),
        ("users/ana/x", 404, 404),
        ("", 404, 404),
    ];
    for (rest, get, post) in below {
        for (method, status) in [("GET", get), ("HEAD", get), ("POST", post)] {
            let asked = event(&format!("{method} /v1/{{path+}}"), "/v1/elsewhere", &json!({ "path": rest }));
            assert_eq!(answer(&function, &asked.to_string()).await.unwrap().0, status, "{method} {rest}");
        }
    }
    for method in ["GET", "HEAD", "POST"] {
        let failure = answer(&function, &event(&format!("{method} /v1/{{path+}}"), "/v1/me", &json!({})).to_string()).await.unwrap_err();
        assert_eq!(failure, "a path parameter is missing");
    }
}

#[tokio::test]
async fn the_host_header_has_no_effect() {
    let function = subject();
    for host in HOSTILE {
        let mut asked = event("GET /v1/me", "/v1/users/ana", &json!(null));
        asked["headers"]["host"] = json!(host.replace(char::is_control, ""));
        asked["requestContext"]["domainName"] = json!(host);
        let (status, body) = answer(&function, &asked.to_string()).await.unwrap();
        assert_eq!((status, &body["route"]), (200, &json!("GET /v1/me")), "{host}");
    }
}

#[tokio::test]
async fn a_query_is_passed_on_and_never_fails() {
    let function = subject();
    for (query, passed) in [
        ("a=1&a=2&b=%20+%2B", json!("a=1&a=2&b=%20+%2B")),
        ("a=ł", json!("a=%C5%82")),
        ("a#b ?\"<>", json!("a%23b%20?%22%3C%3E")),
        ("a={b}|^`\\", json!("a={b}|^`\\")),
        ("", json!(null)),
    ] {
        let mut asked = event("GET /v1/me", "/v1/me", &json!(null));
        asked["rawQueryString"] = json!(query);
        assert_eq!(answer(&function, &asked.to_string()).await.unwrap().1["query"], passed, "{query}");
    }
}

#[tokio::test]
async fn a_route_that_the_function_does_not_have_is_not_found() {
    let function = subject();
    for (key, status) in [
        ("GET /v1/users/{name}", 404),
        ("GET /v1/{anything}", 404),
        ("GET /v1/{rest+}", 404),
        ("GET /v1/nothing", 404),
        ("GET /v1/me?x", 404),
        ("GET /v1/users/x", 404),
        ("DELETE /v1/me", 405),
        ("POST /v1/users/{username}", 405),
        ("ANY /v1/me", 200),
    ] {
        let parameters = json!({ "name": "ana", "anything": "me", "username": "ana", "rest": "me" });
        let (got, body) = answer(&function, &event(key, "/v1/me", &parameters).to_string()).await.unwrap();
        assert_eq!(got, status, "{key}: {body}");
    }
    for key in ["", "GET", "GET me", "GE T /v1/me", " /v1/me", "$connect"] {
        assert!(answer(&function, &event(key, "/v1/me", &json!(null)).to_string()).await.is_err(), "{key}");
    }
}

/// The event of `cargo lambda watch` for a call to its own HTTP port: no route, and the raw path.
#[tokio::test]
async fn without_a_gateway_the_path_is_matched_by_segments() {
    let function = subject();
    for (path, route, username) in [
        ("/v1/me", "GET /v1/me", None),
        ("/v1/users/ana", "GET /v1/users/{username}", Some("ana")),
        ("/v1/users/me", "GET /v1/users/me", None),
        ("/v1/users/%6de", "GET /v1/users/me", None),
        ("/v1/users/..%2F..%2Fv1%2Fme", "GET /v1/users/{username}", Some("../../v1/me")),
        ("/v1/users/..%5C..%5Cv1%5Cme", "GET /v1/users/{username}", Some("..\\..\\v1\\me")),
        ("/v1/users/..\\..\\v1\\me", "GET /v1/users/{username}", Some("..\\..\\v1\\me")),
        ("/v1/users/%2e%2e", "GET /v1/users/{username}", Some("..")),
        ("/v1/users/ana%23%3Fx", "GET /v1/users/{username}", Some("ana#?x")),
        ("/v1/users/ana#?x", "GET /v1/users/{username}", Some("ana#?x")),
        ("/v1/users/100%", "GET /v1/users/{username}", Some("100%")),
    ] {
        let (status, body) = answer(&function, &event("$default", path, &json!({ "username": "not this" })).to_string()).await.unwrap();
        assert_eq!((status, &body["route"], body["parameters"]["username"].as_str()), (200, &json!(route), username), "{path}");
    }
    for path in ["/v1/users/../me", "/v1//me", "//v1/me", "/v1/me/", "/v1/users/", "/v1/nothing"] {
        let (status, body) = answer(&function, &event("$default", path, &json!(null)).to_string()).await.unwrap();
        assert_eq!((status, &body["route"]), (200, &json!("GET /{*rest}")), "{path}");
    }
    for path in ["", "/"] {
        let (status, _) = answer(&function, &event("$default", path, &json!(null)).to_string()).await.unwrap();
        assert_eq!(status, 404, "{path}");
    }
}

/// The route for unknown paths takes every path, and the path does not change the answer.
#[tokio::test]
async fn the_rest_of_a_path_is_data() {
    let function = subject();
    for path in ["v1/me", "v1/users/ana", "v1/nothing", "v1/users/a/b", "/v1/me", "v1/me/", "v1/users/../me", "a b", "100%", "v1%2Fme"] {
        for key in ["GET /{rest+}", "HEAD /{rest+}", "DELETE /{rest+}"] {
            let (status, body) = answer(&function, &event(key, "/v1/me", &json!({ "rest": path })).to_string()).await.unwrap();
            let route = json!(key.replace("{rest+}", "{*rest}"));
            assert_eq!(status, 200, "{key} {path}: {body}");
            assert!(
                key.starts_with("HEAD") || (&body["route"], &body["parameters"]["rest"]) == (&route, &json!(path)),
                "{key} {path}: {body}"
            );
        }
    }
}

/// The cookies of other applications on the host may be anything.
#[tokio::test]
async fn a_cookie_that_is_no_header_does_not_hide_the_others() {
    async fn cookies(headers: HeaderMap) -> Json<String> {
        let all = headers.get_all("cookie").iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        Json(all.collect::<Vec<_>>().join("; "))
    }
    let routes = Router::new().route("/v1/me", get(cookies));
    let boot = Boot { env: Env::default(), sys: Sys::real(), http: function::http_client().unwrap() };
    let function = super::function(&boot, routes, ()).unwrap();
    for (other, seen) in [
        ("city=Kraków", true),
        ("city=Krak\u{c3}\u{b3}w", true),
        ("", true),
        ("=", true),
        ("a=\tb", true),
        ("a=\u{1}", false),
        ("a=\u{7f}", false),
        ("a=\r\nb", false),
        ("\u{0}", false),
    ] {
        let mut asked = event("GET /v1/me", "/v1/me", &json!(null));
        asked["cookies"] = json!([other, "ours=1"]);
        let (status, body) = answer(&function, &asked.to_string()).await.unwrap();
        let expected = if seen { format!("{other}; ours=1") } else { "ours=1".to_owned() };
        assert_eq!((status, body), (200, json!(expected)), "{other:?}");
    }
}

#[tokio::test]
async fn a_body_arrives_unchanged_or_the_event_is_refused() {
    let function = subject();
    for (body, encoded, bytes) in [("aGVsbG8=", true, Some(5)), ("aGVsbG8=", false, Some(8)), ("aGVsbG8", true, None), ("%", true, None)] {
        let mut asked = event("GET /v1/me", "/v1/me", &json!(null));
        (asked["body"], asked["isBase64Encoded"]) = (json!(body), json!(encoded));
        let answer = answer(&function, &asked.to_string()).await;
        match bytes {
            Some(bytes) => assert_eq!(answer.unwrap().1["bytes"], bytes, "{body}"),
            None => assert_eq!(answer.unwrap_err(), "the body is not base64", "{body}"),
        }
    }
}

#[tokio::test]
async fn no_raw_event_makes_a_function_panic_or_choose_another_route() {
    let served = attack(10_000, 1).await;
    assert!(served > 4_000, "most events reach their route: {served}");
}

/// `cargo test --release -p web -- --ignored`
#[tokio::test]
#[ignore = "takes a minute"]
async fn a_million_raw_events_make_no_panic_and_no_other_route() {
    let served = attack(1_000_000, 2).await;
    assert!(served > 400_000, "most events reach their route: {served}");
}
