//! Compares every answer that a test gets with the OpenAPI document.

use std::{io::Read as _, sync::LazyLock};

use flate2::read::GzDecoder;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// The document is read when tests run, so that they need not be built again after `cargo xtask sync`.
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let text = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/openapi.json")).expect("the document is committed");
    resolved(&serde_json::from_slice(&text).expect("it is JSON"))
});

/// Returns the committed document, which `cargo xtask check` compares with the handlers, as [`resolved`] returns it.
#[must_use]
pub fn document() -> &'static Value {
    &DOCUMENT
}

/// Returns a document in which references to responses, parameters, headers and examples are replaced by their targets. References to
/// schemas stay.
///
/// # Panics
/// If a reference does not resolve.
#[must_use]
pub fn resolved(document: &Value) -> Value {
    fn within(document: &Value, value: &Value) -> Value {
        match value {
            Value::Array(items) => items.iter().map(|item| within(document, item)).collect(),
            Value::Object(members) => {
                let mut all = serde_json::Map::new();
                for (name, member) in members {
                    match member.as_str().filter(|place| name == "$ref" && !place.starts_with("#/components/schemas/")) {
                        Some(place) => {
                            let target = place.strip_prefix('#').and_then(|place| document.pointer(place));
                            let target = within(document, target.unwrap_or_else(|| panic!("{place} leads nowhere")));
                            all.extend(target.as_object().cloned().unwrap_or_default());
                        }
                        // Members beside a reference override those of its target.
                        None => drop(all.insert(name.clone(), within(document, member))),
                    }
                }
                all.into()
            }
            other => other.clone(),
        }
    }
    within(document, document)
}

/// Fails if the document does not declare this answer of this operation. Answers without an operation (an unknown path, a
/// refusal of the gateway itself) are not compared.
#[track_caller]
pub(crate) fn holds(method: &str, path: &str, status: u16, headers: &HeaderMap, body: &[u8]) {
    let path = path.split('?').next().unwrap_or_default();
    if method == "HEAD" {
        assert!(body.is_empty(), "HEAD {path} answers with a body");
        assert!(operation("GET", path).is_none_or(|get| get["responses"][status.to_string()].is_object()), "HEAD {path} answers {status}");
        return;
    }
    let Some(operation) = operation(method, path) else { return };
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let inflated = (header("content-encoding") == "gzip").then(|| inflated(body));
    let body = inflated.as_deref().unwrap_or(body);
    let problem = header("content-type") == "application/problem+json";
    if status >= 400 && !problem {
        return;
    }
    let declared = &operation["responses"][status.to_string()];
    assert!(declared.is_object(), "{method} {path} answers {status}, which it does not declare: {}", String::from_utf8_lossy(body));
    for name in PROGRAM_HEADERS.iter().filter(|name| headers.contains_key(**name)) {
        assert!(declared["headers"][name].is_object(), "{method} {path} answers {status} with {name}, which it does not declare");
    }
    if problem {
        let document: Value = serde_json::from_slice(body).expect("a problem is JSON");
        let code = document["code"].as_str().unwrap_or_default();
        let examples = &declared["content"]["application/problem+json"]["examples"];
        assert!(examples[code].is_object(), "{method} {path} answers {status} {code}, which it does not declare");
        let reached = header("ratelimit-policy");
        assert!(
            status != 429 || !(reached.is_empty() || header("ratelimit").is_empty()),
            "{method} {path} does not name its limit: {code}"
        );
        // This limit applies to every operation, and its number is a parameter of the deployment.
        let general = reached.starts_with(&format!("\"{}\";", web::CLIENT_RATE));
        let mut limits = operation["x-limits"].as_array().into_iter().flatten();
        let policy = |l: &Value| format!("{};q={};w={}", l["name"], l["max"], l["seconds"]);
        let is_stated = |l: &Value| {
            let other = l["configurable"] == true && reached.starts_with(&format!("{};", l["name"]));
            other || policy(l) == reached
        };
        assert!(
            reached.is_empty() || general || limits.any(is_stated),
            "{method} {path} has the limit {reached}, which it does not declare"
        );
    }
    let kind = header("content-type");
    if kind == "application/json" || problem {
        let schema = &declared["content"][kind]["schema"];
        assert!(schema.is_object(), "{method} {path} answers {status} with JSON, which it does not declare");
        let value: Value = serde_json::from_slice(body).expect("it is JSON");
        if let Err(wrong) = fits(schema, &value, "", false) {
            panic!("{method} {path} answers {status} with what it does not declare: {wrong}: {value}");
        }
    } else if declared["content"].is_null() {
        assert!(body.is_empty(), "{method} {path} answers {status} with a body, which it does not declare");
    }
}

/// Decompresses gzip.
///
/// # Panics
/// If the bytes are not gzip.
#[must_use]
pub fn inflated(bytes: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut all).expect("it is compressed");
    all
}

fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let paths = DOCUMENT["paths"].as_object()?;
    let segments: Vec<&str> = path.split('/').collect();
    let fits = |template: &str| {
        let parts: Vec<&str> = template.split('/').collect();
        parts.len() == segments.len()
            && parts.iter().zip(&segments).all(|(part, given)| part == given || (part.starts_with('{') && !given.is_empty()))
    };
    // Like the gateway: a path without parameters is preferred to one with parameters.
    let found = paths.get(path).or_else(|| paths.iter().find(|(template, _)| fits(template)).map(|(_, operations)| operations))?;
    found.get(method.to_ascii_lowercase())
}

/// Returns whether a schema of an object, or a part of it, declares this member.
fn declares(schema: &Value, name: &str) -> bool {
    let target = schema["$ref"].as_str().and_then(|reference| DOCUMENT.pointer(reference.strip_prefix('#')?));
    let parts = ["allOf", "oneOf", "anyOf"].iter().filter_map(|of| schema[of].as_array()).flatten();
    schema["properties"].get(name).is_some()
        || schema.get("additionalProperties").is_some_and(|more| more != false)
        || target.into_iter().chain(parts).any(|part| declares(part, name))
}

/// Headers that programs read. If an answer has one, the document must declare it.
const PROGRAM_HEADERS: [&str; 8] =
    ["Location", "Set-Cookie", "ETag", "Retry-After", "RateLimit", "RateLimit-Policy", "WWW-Authenticate", "X-Request-Id"];

/// Checks a value against a schema, with the part of JSON Schema that the document uses. An object has the declared members and, unless the
/// schema allows more, no others. With `open` another schema declares its other members.
fn fits(schema: &Value, value: &Value, at: &str, open: bool) -> Result<(), String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let pointer = reference.strip_prefix('#').unwrap_or_default();
        return fits(DOCUMENT.pointer(pointer).ok_or_else(|| format!("{reference} is not there"))?, value, at, open);
    }
    let wrong = |what: &str| Err(format!("{at}: {what}"));
    let parts = |of: &str| schema[of].as_array().map(Vec::as_slice);
    let composed = ["oneOf", "anyOf", "allOf"].iter().any(|of| schema.get(of).is_some());
    for part in parts("allOf").unwrap_or_default() {
        fits(part, value, at, true)?;
    }
    if let (Some(parts), Some(members), false) = (parts("allOf"), value.as_object(), open)
        && let Some(more) = members.keys().find(|name| !parts.iter().any(|part| declares(part, name)))
    {
        return Err(format!("{at}/{more}: not declared"));
    }
    for choices in [parts("oneOf"), parts("anyOf")].into_iter().flatten() {
        let whys: Vec<String> =
            choices.iter().filter_map(|choice| fits(choice, value, at, open || schema["properties"].is_object()).err()).collect();
        if whys.len() == choices.len() {
            return wrong(&format!("none of the choices ({})", whys.join("; ")));
        }
    }
    let is = |kind: &Value| match kind.as_str().unwrap_or_default() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        _ => false,
    };
    let kinds = schema["type"].as_array().map_or_else(|| std::slice::from_ref(&schema["type"]), Vec::as_slice);
    if schema.get("type").is_some() && !kinds.iter().any(is) {
        return wrong("another type");
    }
    if schema["enum"].as_array().is_some_and(|all| !all.contains(value)) || schema.get("const").is_some_and(|only| only != value) {
        return wrong("another value");
    }
    let (least, most) = (|name: &str| schema[name].as_i64().unwrap_or(i64::MIN), |name: &str| schema[name].as_i64().unwrap_or(i64::MAX));
    let between = |n: i64, low: &str, high: &str| (least(low)..=most(high)).contains(&n);
    if value.as_str().is_some_and(|text| !between(i64::try_from(text.chars().count()).unwrap_or(i64::MAX), "minLength", "maxLength"))
        || value.as_i64().is_some_and(|n| !between(n, "minimum", "maximum"))
    {
        return wrong("out of bounds");
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        fits(&schema["items"], item, &format!("{at}/{index}"), false)?;
    }
    let Some(members) = value.as_object() else { return Ok(()) };
    if let Some(missing) = parts("required").unwrap_or_default().iter().find(|name| name.as_str().is_none_or(|n| !members.contains_key(n)))
    {
        return wrong(&format!("no {missing}"));
    }
    for (name, member) in members {
        let at = format!("{at}/{name}");
        match (schema["properties"].get(name), schema.get("additionalProperties")) {
            (Some(schema), _) | (None, Some(schema @ Value::Object(_))) => fits(schema, member, &at, false)?,
            (None, Some(Value::Bool(false))) => return Err(format!("{at}: more than there is")),
            (None, None) if schema["properties"].is_object() && !open && !composed => return Err(format!("{at}: not declared")),
            _ => {}
        }
    }
    Ok(())
}
