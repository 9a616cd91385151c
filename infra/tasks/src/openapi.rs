//! The OpenAPI document, merged from the functions' descriptions of their operations, with the parts that all operations share.
//!
//! The last paragraph of an operation's doc comment, which begins with `AWS calls:`, is for maintainers and left out of the
//! document.
//!
//! What several operations share is stated once, under `components`: error responses and examples always, parameters and headers
//! if they repeat.

pub mod common;
pub mod forms;

use std::collections::{BTreeMap, BTreeSet};

use accounts::user::Factor;
use axum::http::StatusCode;
use kernel::{
    FieldError, Kind, Locale, Problem,
    problem::{FieldProblem, ProblemDocument},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use store::limits::{DAY, HOUR, MINUTE, Shape};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Components, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, RefOr, ServerBuilder,
        schema::Schema,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use web::{API_KEY, BEARER, Problems};

pub use self::common::EVERYWHERE;
use crate::paths::{self, Callers};

/// The extension with the codes of an operation.
const PROBLEM_CODES: &str = "x-problems";
/// The extension with the limits of an operation.
const LIMITS: &str = "x-limits";
/// The beginning of the paragraph that is left out.
const COSTS: &str = "AWS calls:";

/// The tags of the functions that take cookies, and only from pages of allowed origins (`proofs::signed_in::Cookies`).
const TAKE_COOKIES: [&str; 3] = ["login", "phone-login", "registration"];
/// The order of the tags in the document: registration first, then the features, then leaving. [`LAST_TAGS`] has the tags for staff and
/// developers, which come after all others.
const FIRST_TAGS: [&str; 17] = [
    "registration",
    "phone-login",
    "login",
    "password",
    "mfa",
    "profile",
    "invites",
    "people",
    "friends",
    "notifications",
    "rooms",
    "support",
    "socket",
    "models",
    "products",
    "orders",
    "account-deletion",
];
const LAST_TAGS: [&str; 8] = ["moderation", "admin", "audit", "api-keys", "dead-letters", "console", "health", "api-docs"];

/// Returns the position of a tag in the document.
fn place(tag: &Value) -> usize {
    let name = tag.get("name").and_then(Value::as_str).unwrap_or_default();
    let last = || LAST_TAGS.iter().position(|known| *known == name).map(|at| at + FIRST_TAGS.len() + 1);
    FIRST_TAGS.iter().position(|known| *known == name).or_else(last).unwrap_or(FIRST_TAGS.len())
}

/// The shared components, by name.
#[derive(Default)]
struct Shared {
    responses: Map<String, Value>,
    examples: Map<String, Value>,
}

/// Returns a reference to a component.
pub fn reference(part: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{part}/{name}") })
}

/// Adds the error responses of an operation: one for each status, with an example for every code. Returns whether it can ask for a
/// proof of work.
fn problems(operation: &mut Map<String, Value>, shared: &mut Shared) -> bool {
    let listed: Vec<String> = operation.remove(PROBLEM_CODES).and_then(|v| serde_json::from_value(v).ok()).unwrap_or_default();
    let parameters = operation.get("parameters").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let within = |place: &str| parameters.iter().any(|p| p.get("in").and_then(Value::as_str) == Some(place));
    let body = operation.contains_key("requestBody");
    let tag = operation.get("tags").and_then(|tags| tags.get(0)?.as_str()).unwrap_or_default();
    let callers = Callers::of(operation.get("security"));
    let implied = [
        // A language that is given twice is malformed, too.
        (true, Kind::Malformed),
        (callers.signed_in, Kind::TokenInvalid),
        (callers.keys, Kind::ApiKeyInvalid),
        (callers.step_up || callers.staff, Kind::StepUpRequired),
        (callers.staff, Kind::SecondFactorRequired),
        (callers.staff, Kind::Forbidden),
        (TAKE_COOKIES.contains(&tag), Kind::OriginRefused),
        // Requests that bypass the proxy of a deployment with `EdgeSecrets`.
        (true, Kind::EdgeRequired),
        (body, Kind::TooLarge),
        (body, Kind::UnsupportedMediaType),
        (body, Kind::UnsupportedContentEncoding),
        (within("path"), Kind::NotFound),
        (true, Kind::TooManyRequests),
        (true, Kind::Internal),
        (true, Kind::Unavailable),
    ];
    let kinds = Kind::ALL.iter().filter(|kind| listed.iter().any(|code| code == kind.code()) || implied.contains(&(true, **kind)));
    let mut by_status: BTreeMap<u16, Vec<Kind>> = BTreeMap::new();
    kinds.for_each(|kind| by_status.entry(kind.status()).or_default().push(*kind));
    let takes_proof = by_status.values().any(|kinds| kinds.contains(&Kind::ProofOfWorkRequired));
    let Some(Value::Object(responses)) = operation.get_mut("responses") else { return takes_proof };
    responses.remove(Problems::PLACEHOLDER);
    responses.extend(by_status.iter().map(|(status, kinds)| (status.to_string(), refusal(*status, kinds, shared))));
    if let Some(listed) = operation.remove(LIMITS) {
        let mut limits = Vec::new();
        each_once(&listed, &mut limits);
        let read: Vec<Limited<'_>> = limits.iter().filter_map(|limit| Limited::deserialize(*limit).ok()).collect();
        if let Some((kinds, Value::Object(refused))) =
            by_status.get(&429).zip(operation.get_mut("responses").and_then(|r| r.get_mut("429")))
        {
            // A description beside a reference replaces that of its target (OpenAPI 3.1, Reference Object).
            let words: Vec<String> = read.iter().map(Limited::words).collect();
            refused.insert("description".to_owned(), format!("{} Limits: {}", described(kinds), words.join(" ")).into());
        }
        operation.insert(LIMITS.to_owned(), limits.into_iter().map(numbers).collect());
    }
    takes_proof
}

/// A limit of an operation, as [`store::limits::Quota`] is serialised.
#[derive(Deserialize)]
struct Limited<'a> {
    name: &'a str,
    shape: Shape,
    max: u64,
    seconds: u64,
    counts: &'a str,
    #[serde(default)]
    configurable: bool,
}

impl Limited<'_> {
    /// Returns the limit in a sentence.
    fn words(&self) -> String {
        let Self { name, shape, max, seconds, counts, configurable } = self;
        let counts = if *configurable { format!("{counts}, unless other numbers are set") } else { (*counts).to_owned() };
        match shape {
            Shape::Window => format!("`{name}`: {max} in {}, {counts}.", time(*seconds)),
            Shape::Pause => format!("`{name}`: {max}, then a pause of {}, {counts}.", time(*seconds)),
            Shape::Refill => {
                let each = seconds.checked_div(*max).unwrap_or_default();
                format!("`{name}`: {max} at once, then one in {}, {counts}.", time(each))
            }
            Shape::Gap => format!("`{name}`: {} until the next {counts}.", time(*seconds)),
        }
    }
}

/// Returns a length of time in words.
fn time(seconds: u64) -> String {
    let units = [(DAY, "a day", "days"), (HOUR, "an hour", "hours"), (MINUTE, "a minute", "minutes")];
    let unit = units.into_iter().find(|(unit, ..)| seconds.is_multiple_of(unit.as_secs()));
    match unit.map(|(unit, one, many)| (seconds.checked_div(unit.as_secs()).unwrap_or_default(), one, many)) {
        Some((1, one, _)) => one.to_owned(),
        Some((number, _, many)) => format!("{number} {many}"),
        None => format!("{seconds} seconds"),
    }
}

/// Collects the limits that an operation lists, alone or in lists, each once and in this order.
fn each_once<'a>(listed: &'a Value, limits: &mut Vec<&'a Value>) {
    match listed {
        Value::Array(several) => several.iter().for_each(|one| each_once(one, limits)),
        one if !limits.contains(&one) => limits.push(one),
        _ => {}
    }
}

/// Returns the name and the numbers of a limit, as in `RateLimit-Policy`. A value that is not a limit stays as it is: `cargo xtask check`
/// reports it.
fn numbers(limit: &Value) -> Value {
    match Limited::deserialize(limit) {
        Ok(Limited { name, max, seconds, configurable: true, .. }) => {
            json!({ "name": name, "max": max, "seconds": seconds, "configurable": true })
        }
        Ok(Limited { name, max, seconds, .. }) => json!({ "name": name, "max": max, "seconds": seconds }),
        Err(_) => limit.clone(),
    }
}

/// Removes the paragraphs for maintainers from the description of an operation.
fn for_readers(operation: &mut Map<String, Value>) {
    for member in ["summary", "description"] {
        let Some(Value::String(text)) = operation.get(member) else { continue };
        let text = text.split(COSTS).next().unwrap_or_default().trim();
        // Line breaks within a paragraph are only those of the comment.
        let paragraphs: Vec<String> = text.split("\n\n").map(|p| p.replace('\n', " ")).collect();
        match paragraphs.join("\n\n") {
            said if said.is_empty() => drop(operation.remove(member)),
            said => drop(operation.insert(member.to_owned(), said.into())),
        }
    }
}

/// Returns the response for kinds of problems with this status: a reference to the component for their codes.
fn refusal(status: u16, kinds: &[Kind], shared: &mut Shared) -> Value {
    let codes: Vec<&str> = kinds.iter().map(|kind| kind.code()).collect();
    shared.examples.extend(kinds.iter().map(|kind| (kind.code().to_owned(), json!({ "value": example(*kind) }))));
    let examples: Map<_, _> = codes.iter().map(|code| ((*code).to_owned(), reference("examples", code))).collect();
    let own = json!({ "type": "object", "properties": { "code": { "type": "string", "enum": codes } }, "required": ["code"] });
    let schema = json!({ "allOf": [reference("schemas", "Problem"), own] });
    let content = json!({ "application/problem+json": { "schema": schema, "examples": examples } });
    let waits = kinds.iter().any(|kind| problem(*kind).retry_after.is_some());
    let response = json!({ "description": described(kinds), "headers": common::of_refusal(status, waits), "content": content });
    let name = codes.join(".");
    let link = reference("responses", &name);
    shared.responses.insert(name, response);
    link
}

/// Returns the codes of these kinds and their meanings.
fn described(kinds: &[Kind]) -> String {
    let said = kinds.iter().map(|kind| format!("`{}`: {}", kind.code(), Locale::En.text(kind.code(), &[])));
    said.collect::<Vec<_>>().join(" ")
}

/// Returns a problem of this kind, as in a reply.
pub fn example(kind: Kind) -> ProblemDocument {
    problem(kind).document(Locale::En, "UYx1Zj0bFiAEJqg=")
}

fn problem(kind: Kind) -> Problem {
    match kind {
        Kind::Malformed => Problem::new(kind).with("pointer", "/password"),
        Kind::FrameInvalid => Problem::new(kind).with("pointer", "/payload/text"),
        Kind::StepUpRequired => Problem::new(kind).with("methods", json!([Factor::App, Factor::RecoveryCode])),
        Kind::Invalid => Problem::field("/email", FieldError::EMAIL),
        Kind::CodeInvalid => Problem::new(kind).with("tries_left", 2),
        Kind::ProofOfWorkRequired => {
            let challenge = "1795248300000.K3QnYx0yT2mJcR7vX0fTq9m1b8mGJ0m3vJpWkqf9Zc4";
            Problem::new(kind).with("challenge", challenge).with("difficulty", 18)
        }
        Kind::StepRequired => Problem::new(kind).with("required_step", "personal"),
        Kind::ChatBanned => Problem { retry_after: Some(3600), ..Problem::new(kind).with("reason", "spam") },
        Kind::TooManyRequests | Kind::ResendTooEarly | Kind::SlowMode => Problem { retry_after: Some(20), ..Problem::new(kind) },
        Kind::FriendPaused => Problem { retry_after: Some(604_800), ..Problem::new(kind) },
        Kind::Unavailable => Problem { retry_after: Some(1), ..Problem::new(kind) },
        _ => Problem::new(kind),
    }
}

/// Returns the schemas of error responses.
pub fn schemas() -> Vec<(String, RefOr<Schema>)> {
    let mut all = vec![("Problem".to_owned(), ProblemDocument::schema()), (FieldProblem::name().into_owned(), FieldProblem::schema())];
    ProblemDocument::schemas(&mut all);
    all
}

const DESCRIPTION: &str = "\
Accounts, profiles, chat and account deletion. [Registration and sign-in, step by step](/docs/flows). General rules:\n\n\
- Bodies are JSON (`snake_case`). Missing and unknown fields, duplicate keys and wrong types are refused with 400, and `pointer` names the field; fields that violate a rule with 422, all of them in one response.\n\
- The body of a `PATCH` is a merge patch ([RFC 7396](https://www.rfc-editor.org/rfc/rfc7396)): what is absent stays as it is, and `null` removes a value. It is refused where there is always a value.\n\
- Unknown query parameters are ignored. A known one that is repeated or malformed is refused with 400.\n\
- Errors are [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) documents. Programs compare `code`, people read `title` and `detail`, in the language of `?lang`, or of the caller's profile, or of `Accept-Language`.\n\
- Times are RFC 3339 in UTC. The prefix of an id shows its type.\n\
- `HEAD` is answered wherever `GET` is. A method that a path does not have is answered with 405, and `Allow` lists its methods.\n\
- Resources with an `ETag` are changed with `If-Match`: 428 without it (the cart alone can be changed without it), 412 if the resource was changed in between. With `*` any version is changed.\n\
- Where staff take something from somebody, `Reason` says why, for the audit: 400 `reason_required` without it. It is percent-encoded UTF-8, as `encodeURIComponent` writes it.\n\
- `Retry-After` in 429 and 503 contains the seconds to wait. 429 also names the limit, in `RateLimit` and `RateLimit-Policy`. Each operation lists its limits with that response; \
  a client is one IPv4 address or one /64 of IPv6. A client that never pauses is refused by all of them: `client_rate`, some 20 requests a second, and 80 at once.\n\
- Operations for which a stolen session must not be enough answer 401 `step_up_required` without a step-up within the last five minutes: `POST /v1/step-ups`.\n\
- A request that uses up a code, a link, a flow or a password gets its answer again if the same client sends it again within ten seconds: after a double click, or when the reply was lost.\n\
- Clients that are new to an account may get 403 `proof_of_work_required`: while very many sign-ins fail, while many text messages are sent, or after a few messages to one address or number. So may whoever creates a model, or pays after refused cards, while the service of captchas does not answer. Find a number for which SHA-256 of `<challenge>.<number>` begins with `difficulty` zero bits and send `Proof-of-Work: <challenge>.<number>` with the same request. This takes about a second in a browser.\n\
- `X-Request-Id` names a request; state it when you report a problem.";

/// Adds how callers are authenticated.
fn add_security(components: &mut Components) {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some(
            "The `access_token` of a sign-in. It is valid for ten minutes; a refresh returns a new one. Operations with `step_up` need a step-up \
             within the last five minutes: `POST /v1/step-ups`. Operations with a role need this role or a higher one.",
        ))
        .build();
    components.add_security_scheme(BEARER, SecurityScheme::Http(bearer));
    let key = "`Api-Key `, and a key that a member of staff has made for a program: `POST /v1/me/api-keys`. It needs the scope that the \
               operation names.";
    components.add_security_scheme(API_KEY, SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description("Authorization", key))));
}

/// Returns the document of the whole API, from the functions' `description()`s, in this order.
///
/// Bodies without an example get one from their schema.
pub fn document(parts: impl IntoIterator<Item = OpenApi>) -> Value {
    let mut components = Components::new();
    components.schemas.extend(schemas());
    add_security(&mut components);
    let info = InfoBuilder::new()
        .title("Stoa")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .license(Some(LicenseBuilder::new().name("MIT OR Apache-2.0").identifier(Some("MIT OR Apache-2.0")).build()));
    let whole = OpenApiBuilder::new()
        .info(info)
        .servers(Some([ServerBuilder::new().url("/").description(Some("The server that returned this document.")).build()]))
        .components(Some(components))
        .build();
    let whole = parts.into_iter().fold(whole, |mut whole, part| {
        whole.merge(part);
        whole
    });
    let mut document = serde_json::to_value(whole).unwrap_or_default();
    common::forms(&mut document);
    let bodies = contents_of_requests(&document);
    if let Some(Value::Object(schemas)) = document.pointer_mut("/components/schemas") {
        common::not_empty(schemas, &bodies);
        forms::divide(schemas);
    }
    common::numbers(&mut document);
    document.get_mut("tags").and_then(Value::as_array_mut).into_iter().for_each(|tags| tags.sort_by_key(place));
    let schemas = document.pointer("/components/schemas").cloned().unwrap_or_default();
    let mut shared = Shared::default();
    let mut working = BTreeSet::new();
    for operation in operations(&mut document) {
        if problems(operation, &mut shared) {
            working.extend(operation.get("operationId").map(Value::to_string));
        }
        for_readers(operation);
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut).into_iter().flatten();
        responses.for_each(|(status, response)| describe(status, response));
    }
    if let Some(paths) = document.get_mut("paths") {
        illustrate(paths, &schemas, &mut shared.examples);
    }
    let (mut parameters, mut headers) = repeated(&mut document);
    for operation in operations(&mut document) {
        let works = operation.get("operationId").is_some_and(|id| working.contains(&id.to_string()));
        common::complete(operation, works);
    }
    parameters.extend(common::parameters());
    headers.extend(common::headers());
    if let Some(Value::Object(components)) = document.get_mut("components") {
        let parts = [("responses", shared.responses), ("examples", shared.examples), ("parameters", parameters), ("headers", headers)];
        components.extend(parts.map(|(part, all)| (part.to_owned(), Value::Object(all))));
    }
    document
}

/// Returns the names of the schemas of requests.
fn contents_of_requests(document: &Value) -> BTreeSet<String> {
    let operations = paths::operations(document).filter_map(|(.., operation)| operation.pointer("/requestBody/content")?.as_object());
    operations.flat_map(Map::values).filter_map(|content| named(content.get("schema")?)).map(str::to_owned).collect()
}

/// Moves the parameters and headers that operations repeat to components, which it returns.
fn repeated(document: &mut Value) -> (Map<String, Value>, Map<String, Value>) {
    let parameters = operations(document).filter_map(|o| o.get_mut("parameters")?.as_array_mut()).flatten();
    let parameters = parameters.filter_map(|p| Some((p.get("name")?.as_str()?.to_owned(), p)));
    let parameters = once("parameters", parameters.collect());
    let responses = operations(document).filter_map(|o| o.get_mut("responses")?.as_object_mut()).flat_map(Map::values_mut);
    let headers = responses.filter_map(|r| r.get_mut("headers")?.as_object_mut()).flatten();
    (parameters, once("headers", headers.map(|(name, header)| (name.clone(), header)).collect()))
}

/// Returns the operations of a document.
fn operations(document: &mut Value) -> impl Iterator<Item = &mut Map<String, Value>> {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut);
    paths.filter_map(Value::as_object_mut).flat_map(Map::values_mut).filter_map(Value::as_object_mut)
}

/// Adds the description that every response must have, from the meaning of its status, if there is none.
fn describe(status: &str, response: &mut Value) {
    if let Value::Object(members) = response
        && !["description", "$ref"].iter().any(|known| members.contains_key(*known))
    {
        let meaning = status.parse().ok().and_then(|status: StatusCode| status.canonical_reason()).unwrap_or_default();
        members.insert("description".to_owned(), format!("{meaning}.").into());
    }
}

/// Moves values that occur in several places under one name to components, replaces them by references, and returns the components. If a
/// name has different values, the first value that repeats is moved.
fn once(part: &str, places: Vec<(String, &mut Value)>) -> Map<String, Value> {
    let (mut seen, mut shared) = (BTreeSet::new(), Map::new());
    for (name, value) in &places {
        if !seen.insert((name.clone(), value.to_string())) && !shared.contains_key(name) {
            shared.insert(name.clone(), (*value).clone());
        }
    }
    for (name, value) in places {
        if shared.get(&name) == Some(value) {
            *value = reference(part, &name);
        }
    }
    shared
}

/// Adds examples to the contents in `value` that have a schema and no example. Those of a named schema are shared.
fn illustrate(value: &mut Value, schemas: &Value, shared: &mut Map<String, Value>) {
    let Value::Object(members) = value else { return };
    if let Some(Value::Object(contents)) = members.get_mut("content") {
        for content in contents.values_mut().filter_map(Value::as_object_mut) {
            let Some(schema) = content.get("schema") else { continue };
            if content.contains_key("example") || content.contains_key("examples") {
                continue;
            }
            let example = sample(schema, schemas, 0);
            if let Some(name) = named(schema).map(str::to_owned) {
                let place = reference("examples", &name);
                shared.insert(name.clone(), json!({ "value": example }));
                content.insert("examples".to_owned(), json!({ name: place }));
            } else {
                content.insert("example".to_owned(), example);
            }
        }
    }
    members.values_mut().for_each(|member| illustrate(member, schemas, shared));
}

/// Returns the name of the schema that a reference names.
fn named(schema: &Value) -> Option<&str> {
    schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.rsplit('/').next())
}

/// The most levels of a schema in an example. No schema is deeper, except one that contains itself.
const DEEPEST: u8 = 16;

/// Returns a value of a schema: its example, or else the simplest value.
pub fn sample(schema: &Value, schemas: &Value, depth: u8) -> Value {
    let given = ["example", "const", "default"].iter().find_map(|name| schema.get(name));
    let listed = ["examples", "enum"].iter().find_map(|name| schema.get(name)?.get(0));
    if let Some(value) = given.or(listed) {
        return value.clone();
    }
    if depth > DEEPEST {
        return Value::Null;
    }
    let deeper = |inner: &Value| sample(inner, schemas, depth.saturating_add(1));
    if let Some(name) = named(schema) {
        return schemas.get(name).map(deeper).unwrap_or_default();
    }
    if let Some(choice) = ["oneOf", "anyOf"].iter().find_map(|name| schema.get(name)?.as_array()?.iter().find(|s| kind(s) != "null")) {
        return deeper(choice);
    }
    if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
        let members = parts.iter().map(deeper).filter_map(|part| part.as_object().cloned()).flatten();
        return Value::Object(members.collect());
    }
    match kind(schema) {
        "object" => {
            let members = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
            Value::Object(members.map(|(name, inner)| (name.clone(), deeper(inner))).collect::<Map<_, _>>())
        }
        "array" => schema.get("items").map(|inner| Value::Array(vec![deeper(inner)])).unwrap_or_default(),
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or_else(|| 1.into()),
        "boolean" => true.into(),
        "string" => word(schema.get("format").and_then(Value::as_str)).into(),
        _ => Value::Null,
    }
}

/// Returns the type of a schema. For a type and `null` it is the type.
fn kind(schema: &Value) -> &str {
    let kind = schema.get("type").unwrap_or(&Value::Null);
    let other = || kind.as_array()?.iter().filter_map(Value::as_str).find(|k| *k != "null");
    kind.as_str().or_else(other).unwrap_or_default()
}

fn word(format: Option<&str>) -> &'static str {
    match format {
        Some("date-time") => "2030-01-01T12:00:00.000Z",
        Some("date") => "2000-02-29",
        Some("email") => "anna@example.test",
        Some("uri") => "https://example.test",
        Some("password") => "tall giraffes dance",
        _ => "text",
    }
}

/// The width of lines, as in code.
const WIDTH: usize = 140;

/// Returns the text of a document. A value that fits has its own line, so that a change of one value changes one line. Members are sorted.
pub fn text(document: &Value) -> String {
    laid_out(document, 0, 0) + "\n"
}

/// Returns the text of a value at this depth, with `behind` characters before it on its line.
fn laid_out(value: &Value, depth: usize, behind: usize) -> String {
    let flat = value.to_string();
    if flat.len().saturating_add(depth).saturating_add(behind) <= WIDTH {
        return flat;
    }
    let deeper = depth.saturating_add(1);
    let (open, lines, close): (_, Vec<String>, _) = match value {
        Value::Object(members) if !members.is_empty() => {
            let member = |(name, member): (&String, &Value)| {
                let name = format!("{}: ", Value::from(name.as_str()));
                let value = laid_out(member, deeper, name.len());
                name + &value
            };
            ('{', members.iter().map(member).collect(), '}')
        }
        Value::Array(items) if !items.is_empty() => ('[', items.iter().map(|item| laid_out(item, deeper, 0)).collect(), ']'),
        _ => return flat,
    };
    let (inner, outer) = (" ".repeat(deeper), " ".repeat(depth));
    format!("{open}\n{inner}{}\n{outer}{close}", lines.join(&format!(",\n{inner}")))
}

#[cfg(test)]
mod parts;
#[cfg(test)]
mod tests;
