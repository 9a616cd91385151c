//! Every text in the input of an operation is bounded: its schema has a maximum length or the allowed texts.

use serde_json::Value;

use super::Parts;
use crate::document;

/// The most levels of a schema that are followed. Deeper than ours, and the end of a schema that contains itself.
const DEPTH_MAX: u8 = 8;

/// Parameters and members of bodies without a maximum length.
pub fn findings(parts: &Parts) -> Vec<String> {
    unbounded(&parts.document)
}

fn unbounded(document: &Value) -> Vec<String> {
    let mut findings = Vec::new();
    for (path, method, operation) in document::operations(document) {
        let told = taken(document, operation).into_iter().map(|name| {
            let method = method.to_uppercase();
            format!("{method} {path}: {name} has no maximum length")
        });
        findings.extend(told);
    }
    findings
}

/// Returns the unbounded texts in the input of an operation.
fn taken(document: &Value, operation: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
    for parameter in parameters {
        let parameter = referenced(document, parameter).unwrap_or(parameter);
        let name = parameter.get("name").and_then(Value::as_str).unwrap_or_default();
        parameter.get("schema").into_iter().for_each(|schema| within(document, schema, name, 0, &mut found));
    }
    let contents = operation.pointer("/requestBody/content").and_then(Value::as_object).into_iter().flatten();
    for schema in contents.filter_map(|(_, content)| content.get("schema")) {
        within(document, schema, "", 0, &mut found);
    }
    found
}

/// Returns the target of a reference within the document.
fn referenced<'a>(document: &'a Value, value: &Value) -> Option<&'a Value> {
    document.pointer(value.get("$ref")?.as_str()?.strip_prefix('#')?)
}

/// Collects them from a schema and the schemas in it.
fn within(document: &Value, schema: &Value, name: &str, depth: u8, found: &mut Vec<String>) {
    if depth > DEPTH_MAX {
        return;
    }
    let mut look = |schema: &Value, name: &str| within(document, schema, name, depth.saturating_add(1), found);
    if let Some(schema) = referenced(document, schema) {
        look(schema, name);
    }
    for (member, schema) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        look(schema, &format!("{name}/{member}"));
    }
    schema.get("items").into_iter().for_each(|schema| look(schema, &format!("{name}/-")));
    let choices = ["oneOf", "anyOf", "allOf"].iter().filter_map(|of| schema.get(of)?.as_array());
    choices.flatten().for_each(|schema| look(schema, name));
    let text =
        schema.get("type").is_some_and(|kind| kind == "string" || kind.as_array().is_some_and(|all| all.iter().any(|k| k == "string")));
    if text && !["maxLength", "pattern", "enum", "const"].iter().any(|bound| schema.get(bound).is_some()) {
        found.push(name.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_operation_must_say_how_much_it_takes() {
        let about = |operation: Value| {
            let schemas = json!({
                "Free": { "type": "object", "properties": { "a": { "type": ["string", "null"] }, "b": { "type": "string", "maxLength": 9 } } },
                "Word": { "type": "string", "enum": ["x"] },
            });
            let parameters = json!({ "shared": { "name": "s", "schema": { "type": "string" } } });
            unbounded(&json!({"paths": {"/v1/x": {"post": operation}}, "components": {"schemas": schemas, "parameters": parameters}}))
        };
        let body = |schema: &str| json!({"content": {"application/json": {"schema": {"$ref": format!("#/components/schemas/{schema}")}}}});
        assert_eq!(about(json!({"requestBody": body("Free")})), ["POST /v1/x: /a has no maximum length"]);
        assert_eq!(about(json!({"requestBody": body("Word")})), [""; 0]);
        let query = json!({"parameters": [{"name": "q", "schema": {"type": "string"}}]});
        assert_eq!(about(query), ["POST /v1/x: q has no maximum length"]);
        let shared = json!({"parameters": [{"$ref": "#/components/parameters/shared"}]});
        assert_eq!(about(shared), ["POST /v1/x: s has no maximum length"]);
    }
}
