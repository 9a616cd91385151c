//! The OpenAPI document, merged from the functions' descriptions of their operations, and what all operations share in it.
//!
//! The last paragraph of an operation's doc comment, which begins with `AWS calls:`, is for maintainers and left out of the
//! document.
//!
//! What several operations share is stated once, under `components`: error responses and examples always, parameters and headers
//! if they repeat.

use std::collections::{BTreeMap, BTreeSet};

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
        Components, InfoBuilder, License, OpenApi, OpenApiBuilder, RefOr, ServerBuilder,
        schema::Schema,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use web::{BEARER, Problems};

use crate::document::Callers;

/// The extension with the codes of an operation.
const LISTED: &str = "x-problems";
/// The extension with the limits of an operation.
const LIMITED: &str = "x-limits";
/// The header of 429 and 503.
const RETRY_AFTER: &str = "Retry-After";
/// The beginning of the paragraph that is left out.
const COSTS: &str = "AWS calls:";

/// The tags in the order of a person's life with the system: they come, stay, meet others and leave. Other tags stand before the
/// last two, which are for staff and developers.
const LIFE: [&str; 10] =
    ["registration", "phone-login", "login", "password", "mfa", "profile", "invites", "rooms", "socket", "account-deletion"];
const LAST: [&str; 2] = ["admin", "api-docs"];

/// The place of a tag in the document.
fn place(tag: &Value) -> usize {
    let name = tag.get("name").and_then(Value::as_str).unwrap_or_default();
    let last = || LAST.iter().position(|known| *known == name).map(|at| at + LIFE.len() + 1);
    LIFE.iter().position(|known| *known == name).or_else(last).unwrap_or(LIFE.len())
}

/// The shared components, by name.
#[derive(Default)]
struct Shared {
    responses: Map<String, Value>,
    examples: Map<String, Value>,
}

/// A reference to a component.
fn reference(part: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{part}/{name}") })
}

/// Adds the error responses of an operation: one for each status, with an example for every code.
fn problems(operation: &mut Map<String, Value>, shared: &mut Shared) {
    let listed: Vec<String> = operation.remove(LISTED).and_then(|v| serde_json::from_value(v).ok()).unwrap_or_default();
    let parameters = operation.get("parameters").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let within = |place: &str| parameters.iter().any(|p| p.get("in").and_then(Value::as_str) == Some(place));
    let body = operation.contains_key("requestBody");
    let callers = Callers::of(operation.get("security"));
    let implied = [
        (body || within("query"), Kind::Malformed),
        (callers.signed_in, Kind::TokenInvalid),
        (callers.step_up || callers.staff, Kind::StepUpRequired),
        (callers.staff, Kind::SecondFactorRequired),
        (callers.staff, Kind::Forbidden),
        (body, Kind::TooLarge),
        (body, Kind::UnsupportedMediaType),
        (within("path"), Kind::NotFound),
        (true, Kind::Internal),
        (true, Kind::Unavailable),
    ];
    let kinds = Kind::ALL.iter().filter(|kind| listed.iter().any(|code| code == kind.code()) || implied.contains(&(true, **kind)));
    let mut by_status: BTreeMap<u16, Vec<Kind>> = BTreeMap::new();
    kinds.for_each(|kind| by_status.entry(kind.status()).or_default().push(*kind));
    let Some(Value::Object(responses)) = operation.get_mut("responses") else { return };
    responses.remove(Problems::PLACEHOLDER);
    responses.extend(by_status.iter().map(|(status, kinds)| (status.to_string(), refusal(*status, kinds, shared))));
    if let Some(listed) = operation.remove(LIMITED) {
        let mut limits = Vec::new();
        each_once(&listed, &mut limits);
        let read: Vec<Limited<'_>> = limits.iter().filter_map(|limit| Limited::deserialize(*limit).ok()).collect();
        if let Some((kinds, Value::Object(refused))) =
            by_status.get(&429).zip(operation.get_mut("responses").and_then(|r| r.get_mut("429")))
        {
            // What stands beside a reference replaces what it leads to (OpenAPI 3.1, Reference Object).
            let words: Vec<String> = read.iter().map(Limited::words).collect();
            refused.insert("description".to_owned(), format!("{} Limits: {}", described(kinds), words.join(" ")).into());
        }
        operation.insert(LIMITED.to_owned(), limits.into_iter().map(numbers).collect());
    }
}

/// A limit of an operation, as [`store::limits::Quota`] is serialised.
#[derive(Deserialize)]
struct Limited<'a> {
    name: &'a str,
    shape: Shape,
    max: u64,
    seconds: u64,
    counts: &'a str,
}

impl Limited<'_> {
    /// The limit in a sentence.
    fn words(&self) -> String {
        let Self { name, shape, max, seconds, counts } = self;
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

/// A length of time in words.
fn time(seconds: u64) -> String {
    let units = [(DAY, "a day", "days"), (HOUR, "an hour", "hours"), (MINUTE, "a minute", "minutes")];
    let unit = units.into_iter().find(|(unit, ..)| seconds.is_multiple_of(unit.as_secs()));
    match unit.map(|(unit, one, many)| (seconds.checked_div(unit.as_secs()).unwrap_or_default(), one, many)) {
        Some((1, one, _)) => one.to_owned(),
        Some((number, _, many)) => format!("{number} {many}"),
        None => format!("{seconds} seconds"),
    }
}

/// The limits that an operation lists, alone or in lists of them, in this order: each once.
fn each_once<'a>(listed: &'a Value, limits: &mut Vec<&'a Value>) {
    match listed {
        Value::Array(several) => several.iter().for_each(|one| each_once(one, limits)),
        one if !limits.contains(&one) => limits.push(one),
        _ => {}
    }
}

/// What a program is told of a limit: its name and numbers, as in `RateLimit-Policy`. What is no limit stays as it is, for
/// `cargo xtask check`.
fn numbers(limit: &Value) -> Value {
    match Limited::deserialize(limit) {
        Ok(Limited { name, max, seconds, .. }) => json!({ "name": name, "max": max, "seconds": seconds }),
        Err(_) => limit.clone(),
    }
}

/// Reduces the description of an operation to what its callers need.
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

/// The response for kinds of problems with this status: a reference to the component for their codes.
fn refusal(status: u16, kinds: &[Kind], shared: &mut Shared) -> Value {
    let codes: Vec<&str> = kinds.iter().map(|kind| kind.code()).collect();
    shared.examples.extend(kinds.iter().map(|kind| (kind.code().to_owned(), json!({ "value": example(*kind) }))));
    let examples: Map<_, _> = codes.iter().map(|code| ((*code).to_owned(), reference("examples", code))).collect();
    let content = json!({ "application/problem+json": { "schema": reference("schemas", "Problem"), "examples": examples } });
    let mut response = json!({ "description": described(kinds), "content": content });
    if let (429 | 503, Value::Object(members)) = (status, &mut response) {
        members.insert("headers".to_owned(), json!({ RETRY_AFTER: reference("headers", RETRY_AFTER) }));
    }
    let name = codes.join(".");
    let link = reference("responses", &name);
    shared.responses.insert(name, response);
    link
}

/// The codes of these kinds and their meanings.
fn described(kinds: &[Kind]) -> String {
    let said = kinds.iter().map(|kind| format!("`{}`: {}", kind.code(), Locale::En.text(kind.code(), &[])));
    said.collect::<Vec<_>>().join(" ")
}

/// A problem of this kind, as in a reply.
fn example(kind: Kind) -> ProblemDocument {
    let problem = match kind {
        Kind::Invalid => Problem::field("/email", FieldError::new("email")),
        Kind::CodeInvalid => Problem::new(kind).with("tries_left", 2),
        Kind::ProofOfWorkRequired => {
            let challenge = "1795248300000.K3QnYx0yT2mJcR7vX0fTq9m1b8mGJ0m3vJpWkqf9Zc4";
            Problem::new(kind).with("challenge", challenge).with("difficulty", 18)
        }
        Kind::StepRequired => Problem::new(kind).with("required_step", "personal"),
        Kind::TooManyRequests | Kind::ResendTooEarly => Problem { retry_after: Some(20), ..Problem::new(kind) },
        Kind::Unavailable => Problem { retry_after: Some(1), ..Problem::new(kind) },
        _ => Problem::new(kind),
    };
    problem.document(Locale::En, "UYx1Zj0bFiAEJqg=")
}

/// The schemas of error responses.
fn schemas() -> Vec<(String, RefOr<Schema>)> {
    let mut all = vec![("Problem".to_owned(), ProblemDocument::schema()), (FieldProblem::name().into_owned(), FieldProblem::schema())];
    ProblemDocument::schemas(&mut all);
    all
}

const DESCRIPTION: &str = "\
Accounts, profiles, chat and account deletion. [Registration and sign-in, step by step](/docs/flows). General rules:\n\n\
- Bodies are JSON (`snake_case`). Unknown fields, duplicate keys and wrong types are refused with 400; fields that violate a rule with 422, all of them in one response.\n\
- Unknown query parameters are ignored. A known one that is repeated or malformed is refused with 400.\n\
- Errors are [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) documents. Programs compare `code`, people read `title` and `detail`, in the language of `Accept-Language` or `?lang` (`en`, `pl`).\n\
- Times are RFC 3339 in UTC. The prefix of an id shows its type.\n\
- `HEAD` is answered wherever `GET` is. A method that a path does not have is answered with 405, and `Allow` lists its methods.\n\
- Resources with an `ETag` are changed with `If-Match`: 428 without it, 412 if the resource was changed in between.\n\
- `Retry-After` in 429 and 503 contains the seconds to wait. 429 also names the limit, in `RateLimit` and `RateLimit-Policy`. Each operation lists its limits with that response; \
  a client is one IPv4 address or one /64 of IPv6.\n\
- Operations for which a stolen session must not be enough answer 401 `step_up_required` without a step-up within the last five minutes: `POST /v1/step-ups`.\n\
- Clients that are new to an account may get 403 `proof_of_work_required`: while very many sign-ins fail, while many text messages are sent, or after a few messages to one address or number. Find a number for which SHA-256 of `<challenge>.<number>` begins with `difficulty` zero bits and send `Proof-of-Work: <challenge>.<number>` with the same request. This takes about a second in a browser.\n\
- `X-Request-Id` names a request; state it when you report a problem.";

/// The document of the whole API, from the functions' `description()`s, in this order.
///
/// Bodies without an example get one from their schema.
pub fn document(parts: impl IntoIterator<Item = OpenApi>) -> Value {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some(
            "The `access_token` of a sign-in. It is valid for ten minutes; a refresh returns a new one. Operations with `step_up` need a step-up \
             within the last five minutes: `POST /v1/step-ups`. Operations with a role need this role or a higher one.",
        ))
        .build();
    let mut components = Components::new();
    components.schemas.extend(schemas());
    components.add_security_scheme(BEARER, SecurityScheme::Http(bearer));
    let info = InfoBuilder::new()
        .title("Stoa")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .license(Some(License::new("MIT OR Apache-2.0")));
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
    if let Some(tags) = document.get_mut("tags").and_then(Value::as_array_mut) {
        tags.sort_by_key(place);
    }
    let schemas = document.pointer("/components/schemas").cloned().unwrap_or_default();
    let mut shared = Shared::default();
    for operation in operations(&mut document) {
        problems(operation, &mut shared);
        for_readers(operation);
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut).into_iter().flatten();
        responses.for_each(|(status, response)| describe(status, response));
    }
    if let Some(paths) = document.get_mut("paths") {
        illustrate(paths, &schemas, &mut shared.examples);
    }
    let parameters = operations(&mut document).filter_map(|o| o.get_mut("parameters")?.as_array_mut()).flatten();
    let parameters = parameters.filter_map(|p| Some((p.get("name")?.as_str()?.to_owned(), p)));
    let parameters = once("parameters", parameters.collect());
    let responses = operations(&mut document).filter_map(|o| o.get_mut("responses")?.as_object_mut()).flat_map(Map::values_mut);
    let headers = responses.filter_map(|r| r.get_mut("headers")?.as_object_mut()).flatten();
    let mut headers = once("headers", headers.map(|(name, header)| (name.clone(), header)).collect());
    let seconds = json!({ "description": "Seconds after which a retry makes sense.", "schema": { "type": "integer", "minimum": 1 } });
    headers.insert(RETRY_AFTER.to_owned(), seconds);
    if let Some(Value::Object(components)) = document.get_mut("components") {
        let parts = [("responses", shared.responses), ("examples", shared.examples), ("parameters", parameters), ("headers", headers)];
        components.extend(parts.map(|(part, all)| (part.to_owned(), Value::Object(all))));
    }
    document
}

/// The operations of a document.
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

/// Moves what occurs in several places with one name to a component, replaces it by references, and returns the components. If a
/// name stands for different things, the first one that repeats is moved.
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

/// The name of the schema that a reference names.
fn named(schema: &Value) -> Option<&str> {
    schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.rsplit('/').next())
}

/// The most levels of a schema in an example. Deeper than ours, and the end of a schema that contains itself.
const DEEPEST: u8 = 8;

/// A value of a schema: its example, or else the simplest value.
fn sample(schema: &Value, schemas: &Value, depth: u8) -> Value {
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

/// The type of a schema. For a type and `null` it is the type.
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

/// The text of a document. A value that fits has its own line, so that a change of one value changes one line. Members are
/// sorted.
pub fn text(document: &Value) -> String {
    laid_out(document, 0, 0) + "\n"
}

/// The text of a value at this depth, with `behind` characters before it on its line.
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
mod tests {
    use std::time::Duration;

    use store::limits::Quota;
    use utoipa::openapi::tag::TagBuilder;

    use super::*;

    #[test]
    fn the_document_has_what_its_operations_refer_to() {
        let part = |name: &str, about: &str| {
            OpenApiBuilder::new().tags(Some([TagBuilder::new().name(name).description(Some(about)).build()])).build()
        };
        let json = document([part("a", "First."), part("b", "Second.")]);
        assert_eq!(json["openapi"], "3.1.0");
        assert_eq!(json["tags"][1]["description"], "Second.");
        assert_eq!(json["components"]["securitySchemes"][BEARER]["scheme"], "bearer");
        assert!(json["components"]["schemas"]["Problem"]["properties"]["code"].is_object());
        assert!(json["components"]["schemas"]["FieldProblem"].is_object());
    }

    #[test]
    fn tags_are_in_the_order_of_a_life() {
        let part = |name: &&str| OpenApiBuilder::new().tags(Some([TagBuilder::new().name(*name).build()])).build();
        let json = document(["admin", "account-deletion", "gift-cards", "api-docs", "rooms", "registration"].iter().map(part));
        let names: Vec<&str> = json["tags"].as_array().unwrap().iter().filter_map(|tag| tag["name"].as_str()).collect();
        assert_eq!(names, ["registration", "rooms", "account-deletion", "gift-cards", "admin", "api-docs"]);
    }

    #[test]
    fn an_operation_lists_its_limits_and_not_its_calls() {
        let export = Quota::window("export", 1, DAY, "for an account");
        let part = serde_json::json!({ "openapi": "3.1.0", "info": { "title": "a", "version": "1" }, "paths": { "/x": { "post": {
            "summary": "Makes one.\nOr two.",
            "description": "Not three.\n\nAWS calls: a counter.\nThen one more.",
            "x-problems": ["too_many_requests"],
            "x-limits": [export, accounts::invite::TRIES, proofs::sending::TEXTED_CODES, proofs::sending::MAILED_CODES, "export"],
            "responses": { "default": { "description": "Problems." } },
        } } } });
        let json = document([serde_json::from_value(part).expect("a document")]);
        let operation = &json["paths"]["/x"]["post"];
        assert_eq!((&operation["summary"], &operation["description"]), (&"Makes one. Or two.".into(), &"Not three.".into()));
        let refused = &operation["responses"]["429"];
        assert_eq!(refused["$ref"], "#/components/responses/too_many_requests");
        let said = refused["description"].as_str().expect("it is described");
        assert!(said.contains("`export`: 1 in a day, for an account. `invite_check`: 10 in an hour"), "{said}");
        assert_eq!(operation["x-limits"][0], serde_json::json!({ "name": "export", "max": 1, "seconds": 86_400 }));
        let names: Vec<&str> =
            operation["x-limits"].as_array().expect("a list").iter().filter_map(|limit| limit["name"].as_str()).collect();
        let codes = ["code_destination", "code_known", "sent_account", "sms_client", "sms_neighbourhood", "mail_client"];
        assert_eq!(names, [&["export", "invite_check", "invite_client"], &codes[..]].concat());
        assert_eq!(operation["x-limits"].as_array().and_then(|limits| limits.last()), Some(&"export".into()), "what is no limit stays");
    }

    #[test]
    fn a_limit_is_told_in_words() {
        let words = |quota: Quota| Limited::deserialize(&serde_json::to_value(quota).expect("it is JSON")).expect("a limit").words();
        let seconds = Duration::from_secs;
        for (quota, expected) in [
            (Quota::window("x", 5, DAY, "for an account"), "`x`: 5 in a day, for an account."),
            (Quota::window("x", 5, DAY.saturating_mul(30), "for an account"), "`x`: 5 in 30 days, for an account."),
            (Quota::pausing("x", 5, seconds(300), "wrong codes"), "`x`: 5, then a pause of 5 minutes, wrong codes."),
            (Quota::refilling("x", 6, HOUR, "mails"), "`x`: 6 at once, then one in an hour, mails."),
            (Quota::refilling("x", 60, seconds(617), "mails"), "`x`: 60 at once, then one in 617 seconds, mails."),
            (Quota::gap("x", MINUTE, "link"), "`x`: a minute until the next link."),
            (Quota::gap("x", seconds(45), "code"), "`x`: 45 seconds until the next code."),
        ] {
            assert_eq!(words(quota), expected);
        }
    }

    #[test]
    fn a_body_without_an_example_gets_one_of_its_schema() {
        let schemas = serde_json::json!({
            "Id": { "type": "string", "examples": ["usr_1"] },
            "Loop": { "type": "object", "properties": { "again": { "$ref": "#/components/schemas/Loop" } } },
        });
        let schema = serde_json::json!({ "type": "object", "properties": {
            "id": { "$ref": "#/components/schemas/Id" },
            "name": { "type": ["string", "null"] },
            "born": { "type": "string", "format": "date" },
            "many": { "type": "array", "items": { "type": "integer", "minimum": 3 } },
            "maybe": { "oneOf": [{ "type": "null" }, { "type": "boolean" }] },
        }});
        let expected = serde_json::json!({ "id": "usr_1", "name": "text", "born": "2000-02-29", "many": [3], "maybe": true });
        assert_eq!(sample(&schema, &schemas, 0), expected);
        assert!(sample(&schemas["Loop"], &schemas, 0).is_object());
        let mut paths =
            serde_json::json!({ "/x": { "get": { "responses": { "200": { "content": { "application/json": { "schema": schema } } } } } } });
        illustrate(&mut paths, &schemas, &mut Map::new());
        assert_eq!(paths.pointer("/~1x/get/responses/200/content/application~1json/example"), Some(&expected));
    }

    #[test]
    fn shared_parts_are_stated_once() {
        let header = |text: &str| json!({ "description": text, "schema": { "type": "string" } });
        let parameter =
            |text: &str| json!({ "name": "id", "in": "path", "required": true, "description": text, "schema": { "type": "string" } });
        let operation = |text: &str| {
            let content = json!({ "application/json": { "schema": reference("schemas", "Problem") } });
            let made = json!({ "description": "", "headers": { "ETag": header(text) }, "content": content });
            let responses = json!({ "204": { "description": "" }, "201": made, "default": { "description": "Problems." } });
            json!({ "parameters": [parameter(text)], "responses": responses })
        };
        let item = json!({ "get": operation("Its own."), "put": operation("One."), "post": operation("One.") });
        let part = json!({ "openapi": "3.1.0", "info": { "title": "a", "version": "1" }, "paths": { "/x": item } });
        let json = document([serde_json::from_value(part).expect("a document")]);
        let (components, operations) = (&json["components"], &json["paths"]["/x"]);
        assert_eq!(components["parameters"]["id"]["description"], "One.");
        for method in ["put", "post"] {
            assert_eq!(operations[method]["parameters"], json!([reference("parameters", "id")]));
            assert_eq!(operations[method]["responses"]["201"]["headers"]["ETag"], reference("headers", "ETag"));
        }
        let own = &operations["get"];
        assert_eq!(
            (&own["parameters"][0]["description"], &own["responses"]["204"]),
            (&"Its own.".into(), &json!({ "description": "No Content." }))
        );
        assert_eq!(own["responses"]["404"], reference("responses", "not_found"));
        assert_eq!(
            components["responses"]["not_found"]["content"]["application/problem+json"]["examples"]["not_found"],
            reference("examples", "not_found")
        );
        assert_eq!(components["examples"]["not_found"]["value"]["status"], 404);
        assert_eq!(components["responses"]["unavailable"]["headers"][RETRY_AFTER], reference("headers", RETRY_AFTER));
        assert_eq!(own["responses"]["201"]["content"]["application/json"]["examples"]["Problem"], reference("examples", "Problem"));
        assert!(components["examples"]["Problem"]["value"].is_object());
    }

    #[test]
    fn a_change_of_one_thing_changes_one_line() {
        let value = json!({ "b": { "long": "x".repeat(WIDTH) }, "a": [1, { "c": [] }], "d": {} });
        let laid_out = text(&value);
        assert_eq!(
            laid_out,
            format!("{{\n \"a\": [1,{{\"c\":[]}}],\n \"b\": {{\n  \"long\": \"{}\"\n }},\n \"d\": {{}}\n}}\n", "x".repeat(WIDTH))
        );
        assert_eq!(serde_json::from_str::<Value>(&laid_out).expect("it is JSON"), value);
    }
}
