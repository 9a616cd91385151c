//! Generates the types of the JavaScript client from the OpenAPI and the AsyncAPI document.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use messaging::frame::CHAT_STREAM;
use serde_json::{Map, Value};

use crate::repository::pascal_case;

/// The folder of the client's sources.
pub const FOLDER: &str = "functions/api-docs/client";
/// The types of the HTTP API.
pub const API: &str = "functions/api-docs/client/api.d.ts";
/// The types of the socket's frames.
pub const FRAMES: &str = "functions/api-docs/client/frames.d.ts";

const NOTICE: &str = "// Written by `cargo xtask sync`. Do not edit.\n\n";

/// Returns the types of all schemas and operations of the HTTP API.
pub fn api(document: &Value) -> String {
    let mut text = NOTICE.to_owned();
    for (name, schema) in members(document, "/components/schemas") {
        declare(&mut text, name, schema);
    }
    text.push_str("/** Every operation, by path and method: what is sent, and what is returned. */\nexport interface Operations {\n");
    for (path, item) in members(document, "/paths") {
        writeln!(text, "  \"{path}\": {{").unwrap_or_default();
        for (method, operation) in item.as_object().into_iter().flatten() {
            comment(&mut text, "    ", operation.get("summary"));
            writeln!(text, "    {}: {{ {} }};", method.to_uppercase(), operation_type(document, operation)).unwrap_or_default();
        }
        text.push_str("  };\n");
    }
    text.push_str("}\n");
    text
}

/// Returns the types of the frames: requests, their answers, and pushes.
pub fn frames(document: &Value, http: &Value) -> String {
    let shared: BTreeSet<&String> = members(http, "/components/schemas").map(|(name, _)| name).collect();
    let (own, used): (Vec<_>, Vec<_>) = members(document, "/components/schemas").partition(|(name, _)| !shared.contains(name));
    let mut body = String::new();
    for (name, schema) in &own {
        declare(&mut body, name, schema);
    }
    let streams: BTreeSet<&str> = members(document, "/operations")
        .filter(|(_, operation)| operation.get("action").is_some_and(|action| action == "receive"))
        .filter_map(|(name, _)| name.split('_').next())
        .collect();
    // The types of other streams begin with the stream's name, because their frames have the same values of `type`.
    let prefix = |operation: &str| match operation.split('_').next() {
        Some(stream) if stream != CHAT_STREAM && streams.contains(stream) => pascal_case(stream),
        _ => String::new(),
    };
    let mut asks: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut pushes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, operation) in members(document, "/operations") {
        let named = |place: &str| -> Vec<String> {
            let messages = operation.pointer(place).and_then(Value::as_array);
            messages.into_iter().flatten().filter_map(|message| payload_of(document, message)).collect()
        };
        if operation.get("action").is_some_and(|action| action == "receive") {
            let (requests, answers) = (named("/messages"), named("/reply/messages"));
            let kind = operation.get("title").and_then(Value::as_str).unwrap_or_default();
            let answer: Vec<&String> = answers.iter().filter(|answer| *answer != "ToldError").collect();
            if let (Some(ask), [answer]) = (requests.first(), answer.as_slice()) {
                asks.entry(prefix(name)).or_default().push(format!("  {kind}: {{ ask: {ask}; answer: {answer} }};"));
            }
        } else {
            pushes.entry(prefix(name)).or_default().extend(named("/messages"));
        }
    }
    for (prefix, asks) in asks {
        writeln!(body, "/** What can be asked, by `type`. */\nexport interface {prefix}Asks {{\n{}\n}}\n", asks.join("\n"))
            .unwrap_or_default();
    }
    let pushes: Vec<String> = pushes
        .into_iter()
        .map(|(prefix, pushes)| {
            let pushes: Vec<String> = pushes.into_iter().collect();
            format!("/** The frames that nobody asked for. */\nexport type {prefix}Push = {};\n", pushes.join(" | "))
        })
        .collect();
    body.push_str(&pushes.join("\n"));
    let imported: Vec<&str> = used.iter().map(|(name, _)| name.as_str()).filter(|name| mentions(&body, name)).collect();
    format!("{NOTICE}import type {{ {} }} from \"./api.js\";\n\n{body}", imported.join(", "))
}

/// Returns whether a text has this name as a whole word.
fn mentions(text: &str, name: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == name)
}

/// Returns the schema of a message's payload.
fn payload_of(document: &Value, message: &Value) -> Option<String> {
    let of_channel = resolved(document, message);
    let whole = resolved(document, of_channel);
    named(whole.pointer("/payload/properties/payload")?).map(str::to_owned)
}

fn members<'a>(document: &'a Value, place: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    document.pointer(place).and_then(Value::as_object).into_iter().flatten()
}

fn declare(text: &mut String, name: &str, schema: &Value) {
    comment(text, "", schema.get("description"));
    let is_interface = schema.get("properties").is_some() && schema.get("allOf").is_none() && schema.get("oneOf").is_none();
    if is_interface {
        writeln!(text, "export interface {name} {{\n{}}}\n", properties(schema, "  ", "\n")).unwrap_or_default();
    } else {
        writeln!(text, "export type {name} = {};\n", type_of(schema)).unwrap_or_default();
    }
}

fn comment(text: &mut String, indent: &str, about: Option<&Value>) {
    if let Some(about) = about.and_then(Value::as_str) {
        writeln!(text, "{indent}/** {} */", about.split_whitespace().collect::<Vec<_>>().join(" ").replace("*/", "* /"))
            .unwrap_or_default();
    }
}

/// Returns the members of an object, each followed by `end`. With line ends they are described.
fn properties(schema: &Value, indent: &str, end: &str) -> String {
    let required = names(schema.get("required"));
    let mut text = String::new();
    for (name, member) in members(schema, "/properties") {
        if end == "\n" {
            comment(&mut text, indent, member.get("description"));
        }
        let optional = if required.contains(name.as_str()) { "" } else { "?" };
        let key = if name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') { name.clone() } else { format!("\"{name}\"") };
        write!(text, "{indent}{key}{optional}: {};{end}", type_of(member)).unwrap_or_default();
    }
    text
}

fn names(list: Option<&Value>) -> BTreeSet<&str> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Returns the name of the schema that a reference leads to.
fn named(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.rsplit('/').next()
}

/// Returns the type of a schema.
fn type_of(schema: &Value) -> String {
    if let Some(name) = named(schema) {
        return name.to_owned();
    }
    if let Some(value) = schema.get("const") {
        return value.to_string();
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return joined(values.iter().map(Value::to_string), " | ");
    }
    for (word, sign) in [("oneOf", " | "), ("anyOf", " | "), ("allOf", " & ")] {
        if let Some(parts) = schema.get(word).and_then(Value::as_array) {
            return joined(parts.iter().map(type_of), sign);
        }
    }
    match schema.get("type") {
        Some(Value::Array(kinds)) => joined(kinds.iter().map(|kind| of_kind(kind.as_str().unwrap_or_default(), schema)), " | "),
        Some(Value::String(kind)) => of_kind(kind, schema),
        _ => "unknown".to_owned(),
    }
}

/// Returns several types as one, in brackets.
fn joined(types: impl Iterator<Item = String>, sign: &str) -> String {
    let types: Vec<String> = types.collect();
    match types.as_slice() {
        [one] => one.clone(),
        _ => format!("({})", types.join(sign)),
    }
}

fn of_kind(kind: &str, schema: &Value) -> String {
    match kind {
        "integer" | "number" => "number".to_owned(),
        "array" => format!("{}[]", schema.get("items").map_or_else(|| "unknown".to_owned(), type_of)),
        "object" if schema.get("properties").is_some() => format!("{{ {} }}", properties(schema, "", " ").trim_end()),
        "object" => {
            let value = schema.get("additionalProperties").filter(|value| value.is_object()).map_or_else(|| "unknown".to_owned(), type_of);
            format!("Record<string, {value}>")
        }
        other => other.to_owned(),
    }
}

/// Returns the type of an operation: its parameters, body and responses.
fn operation_type(document: &Value, operation: &Value) -> String {
    let mut parts = Vec::new();
    for place in ["path", "query", "header"] {
        let (fields, any_required) = parameters(document, operation, place);
        if !fields.is_empty() {
            parts.push(format!("{place}{}: {{ {} }}", if any_required { "" } else { "?" }, fields.join("; ")));
        }
    }
    if let Some(body) = operation.pointer("/requestBody/content/application~1json/schema") {
        let required = operation.pointer("/requestBody/required").is_some_and(|required| required == true);
        parts.push(format!("body{}: {}", if required { "" } else { "?" }, type_of(body)));
    }
    let (mut answers, mut codes) = (BTreeSet::new(), BTreeSet::new());
    for (status, answer) in members(operation, "/responses") {
        let answer = resolved(document, answer);
        for (content, described) in members(answer, "/content") {
            if content == "application/problem+json" {
                codes.extend(members(described, "/examples").map(|(code, _)| format!("\"{code}\"")));
            } else if status.starts_with('2') {
                answers.insert(if content.contains("json") {
                    described.get("schema").map_or_else(|| "unknown".to_owned(), type_of)
                } else {
                    "string".to_owned()
                });
            }
        }
    }
    let listed =
        |all: BTreeSet<String>, none: &str| if all.is_empty() { none.to_owned() } else { all.into_iter().collect::<Vec<_>>().join(" | ") };
    parts.push(format!("data: {}", listed(answers, "undefined")));
    parts.push(format!("code: {}", listed(codes, "never")));
    parts.join("; ")
}

/// Returns the parameters of an operation in one place, and whether one of them is required. The language is an option of the client.
fn parameters(document: &Value, operation: &Value, place: &str) -> (Vec<String>, bool) {
    let all = operation.get("parameters").and_then(Value::as_array).into_iter().flatten().map(|given| resolved(document, given));
    let here: Vec<&Value> = all.filter(|given| given.get("in").is_some_and(|there| there == place)).collect();
    let here = here.into_iter().filter(|given| given.get("name").is_none_or(|name| name != "Accept-Language" && name != "lang"));
    let (mut fields, mut any) = (Vec::new(), false);
    for given in here {
        let required = given.get("required").is_some_and(|required| required == true);
        any |= required;
        let name = given.get("name").and_then(Value::as_str).unwrap_or_default();
        let schema = given.get("schema").map_or_else(|| "unknown".to_owned(), type_of);
        fields.push(format!("\"{name}\"{}: {schema}", if required { "" } else { "?" }));
    }
    (fields, any)
}

/// Returns the target of a reference, or the value itself.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let place = value.get("$ref").and_then(Value::as_str).and_then(|place| place.strip_prefix('#'));
    place.and_then(|place| document.pointer(place)).unwrap_or(value)
}

/// Returns the paths of the operations whose body says where the refresh token is returned.
pub fn delivering(document: &Value) -> BTreeSet<&str> {
    let with_delivery = |item: &Map<String, Value>| {
        item.values().any(|operation| {
            let body = operation.pointer("/requestBody/content/application~1json/schema");
            body.is_some_and(|body| resolved(document, body).pointer("/properties/token_delivery").is_some())
        })
    };
    members(document, "/paths").filter(|(_, item)| item.as_object().is_some_and(with_delivery)).map(|(path, _)| path.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn schemas_become_types() {
        for (schema, expected) in [
            (json!({ "type": ["string", "null"] }), "(string | null)"),
            (json!({ "type": "array", "items": { "$ref": "#/components/schemas/Room" } }), "Room[]"),
            (json!({ "enum": ["a", "b"], "type": "string" }), "(\"a\" | \"b\")"),
            (json!({ "const": "chat", "type": "string" }), "\"chat\""),
            (json!({ "oneOf": [{ "$ref": "#/x/A" }, { "type": "null" }] }), "(A | null)"),
            (json!({ "allOf": [{ "$ref": "#/x/A" }], "description": "An A." }), "A"),
            (
                json!({ "type": "object", "properties": { "a": { "type": "integer" }, "b-c": {} }, "required": ["a"] }),
                "{ a: number; \"b-c\"?: unknown; }",
            ),
            (json!({ "type": "object", "additionalProperties": { "type": "boolean" } }), "Record<string, boolean>"),
        ] {
            assert_eq!(type_of(&schema), expected, "{schema}");
        }
    }

    #[test]
    fn each_stream_has_what_can_be_asked_on_it() {
        let operation = |stream: &str| {
            let message = |name: &str| json!([{ "payload": { "properties": { "payload": { "$ref": format!("#/components/schemas/{stream}{name}") } } } }]);
            json!({ "action": "receive", "title": "hello", "messages": message("Ask"), "reply": { "messages": message("Answer") } })
        };
        let document = json!({ "operations": { "chat_hello": operation("Chat"), "support_hello": operation("Support") } });
        let text = frames(&document, &json!({}));
        assert!(text.contains("export interface Asks {\n  hello: { ask: ChatAsk; answer: ChatAnswer };\n}"), "{text}");
        assert!(text.contains("export interface SupportAsks {\n  hello: { ask: SupportAsk; answer: SupportAnswer };\n}"), "{text}");
    }

    #[test]
    fn an_operation_has_what_it_takes_and_returns() {
        let document = json!({
            "paths": { "/v1/rooms/{room}": { "put": {
                "summary": "Names a room.",
                "parameters": [
                    { "$ref": "#/components/parameters/room" },
                    { "name": "lang", "in": "query", "schema": { "type": "string" } },
                    { "name": "If-Match", "in": "header", "required": true, "schema": { "type": "string" } },
                ],
                "requestBody": { "required": true, "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Name" } } } },
                "responses": {
                    "200": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Room" } } } },
                    "404": { "$ref": "#/components/responses/not_found" },
                },
            }}},
            "components": {
                "parameters": { "room": { "name": "room", "in": "path", "required": true, "schema": { "type": "string" } } },
                "responses": { "not_found": { "content": { "application/problem+json": { "examples": { "not_found": {} } } } } },
                "schemas": { "Name": { "type": "object", "properties": { "token_delivery": { "type": "string" } } } },
            },
        });
        let text = api(&document);
        let expected = "    /** Names a room. */\n    PUT: { path: { \"room\": string }; header: { \"If-Match\": string }; body: Name; data: Room; code: \"not_found\" };\n";
        assert!(text.contains(expected), "{text}");
        assert_eq!(delivering(&document), BTreeSet::from(["/v1/rooms/{room}"]));
    }
}
