//! The whole document, as the handlers make it now.

use std::collections::BTreeSet;

use local::functions;
use serde_json::{Value, json};

use super::*;

fn whole() -> Value {
    crate::document::whole(functions::ALL)
}

/// Every object in a document, with the pointer to it.
fn walk<'a>(value: &'a Value, at: &str, see: &mut impl FnMut(&str, &'a Map<String, Value>)) {
    match value {
        Value::Object(members) => {
            see(at, members);
            for (name, member) in members {
                walk(member, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), see);
            }
        }
        Value::Array(items) => items.iter().enumerate().for_each(|(index, item)| walk(item, &format!("{at}/{index}"), see)),
        _ => {}
    }
}

/// The target of a reference, or the value itself.
fn target<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let place = value.get("$ref").and_then(Value::as_str).and_then(|place| place.strip_prefix('#'));
    place.and_then(|place| document.pointer(place)).unwrap_or(value)
}

/// Why an example is no value of a schema.
fn misfit(document: &Value, schema: &Value, example: &Value) -> Option<String> {
    let schema =
        json!({ "$schema": "https://json-schema.org/draft/2020-12/schema", "allOf": [schema], "components": document["components"] });
    let schema = jsonschema::options().should_validate_formats(true).build(&schema).expect("a schema");
    schema.validate(example).err().map(|e| format!("{e} at {}", e.instance_path()))
}

/// Whether the place in a document is in an example, which is data.
fn is_data(at: &str) -> bool {
    at.split('/').any(|part| part == "examples" || part == "example") && !at.starts_with("/components/examples")
}

#[test]
fn every_response_and_parameter_is_described() {
    let document = whole();
    let mut lacking = Vec::new();
    walk(&document, "", &mut |at, members| {
        let response = at.rsplit_once('/').is_some_and(|(parent, _)| parent.ends_with("/responses"));
        if response && target(&document, &Value::Object(members.clone()))["description"].as_str().is_none_or(str::is_empty) {
            lacking.push(at.to_owned());
        }
    });
    assert_eq!(lacking, Vec::<String>::new());
}

#[test]
fn every_example_is_a_value_of_its_schema() {
    let document = whole();
    let (mut wrong, mut seen) = (Vec::new(), 0);
    let mut compare = |at: &str, schema: &Value, example: &Value| {
        seen += 1;
        wrong.extend(misfit(&document, schema, example).map(|why| format!("{at}: {why}")));
    };
    walk(&document, "", &mut |at, members| {
        if is_data(at) {
            return;
        }
        // A parameter, a header or a content, with its schema beside its examples; or a schema with its own.
        if let Some(schema) = members.get("schema") {
            members.get("example").into_iter().for_each(|example| compare(at, schema, example));
            let named = members.get("examples").and_then(Value::as_object).into_iter().flatten();
            named.for_each(|(_, example)| compare(at, schema, &target(&document, example)["value"]));
        } else if let Some(own) = members.get("examples").and_then(Value::as_array) {
            for example in own {
                compare(at, &json!(members), example);
            }
        }
    });
    assert!(seen > 300, "{seen} examples");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_error_response_lists_its_codes() {
    let document = whole();
    let all = document["components"]["schemas"]["ProblemCode"]["enum"].as_array().expect("an enum").clone();
    assert_eq!(all.len(), Kind::ALL.len());
    for (path, method, operation) in crate::document::operations(&document) {
        for (status, response) in operation["responses"].as_object().expect("responses") {
            let content = &target(&document, response)["content"]["application/problem+json"];
            assert_eq!(content.is_object(), status.starts_with(['4', '5']), "{method} {path} {status}");
            let Some(schema) = content.get("schema") else { continue };
            let codes: BTreeSet<&str> =
                schema["allOf"][1]["properties"]["code"]["enum"].as_array().expect("codes").iter().filter_map(Value::as_str).collect();
            let examples: BTreeSet<&str> = content["examples"].as_object().expect("examples").keys().map(String::as_str).collect();
            assert_eq!(codes, examples, "{method} {path} {status}");
            let of_status = |code: &&str| Kind::ALL.iter().any(|kind| kind.code() == *code && kind.status().to_string() == *status);
            assert!(codes.iter().all(of_status) && !codes.is_empty(), "{method} {path} {status}: {codes:?}");
        }
    }
}

#[test]
fn programs_can_tell_forms_apart() {
    let document = whole();
    let schemas = &document["components"]["schemas"];
    for (name, tag, values) in [
        ("SignInStep", "step", &["choose_factor", "verify"][..]),
        ("UploadStatus", "state", &["published", "refused", "waiting"]),
        ("ExportStatus", "status", &["expired", "failed", "ready", "waiting"]),
        ("Leaving", "status", &["not_scheduled", "purging", "scheduled"]),
        ("SetupState", "step", &["app", "email", "sms"]),
    ] {
        let told = &schemas[name]["discriminator"];
        assert_eq!(told["propertyName"], tag, "{name}");
        let mapping = told["mapping"].as_object().expect("a mapping");
        assert_eq!(mapping.keys().collect::<Vec<_>>(), values, "{name}");
        for (value, place) in mapping {
            let form = document.pointer(place.as_str().and_then(|p| p.strip_prefix('#')).expect("a place")).expect("a form");
            assert_eq!(form["properties"][tag]["enum"], json!([value]), "{name}");
            assert!(form["required"].as_array().is_some_and(|all| all.iter().any(|one| one == tag)), "{name}");
        }
    }
    let forms = schemas["VerifySignIn"]["oneOf"].as_array().expect("forms");
    let required: Vec<&Value> = forms.iter().map(|form| &form["required"]).collect();
    assert_eq!(required, [&json!(["code"]), &json!(["passkey"]), &json!(["password"])]);
    assert_eq!(schemas["UserId"]["pattern"], "^usr_[0-7][0-9A-HJKMNP-TV-Z]{25}$");
    for member in ["tries_left", "required_step", "challenge", "difficulty", "methods", "pointer"] {
        assert!(schemas["Problem"]["properties"][member].is_object(), "{member}");
    }
}

#[test]
fn whole_numbers_fit_a_double_and_required_texts_are_not_empty() {
    let document = whole();
    let mut wrong = Vec::new();
    walk(&document, "", &mut |at, members| {
        if members.get("format").is_some_and(|format| format == "int64") {
            wrong.push(at.to_owned());
        }
    });
    assert_eq!(wrong, Vec::<String>::new());
    let login = &document["components"]["schemas"]["CreateSession"]["properties"];
    assert_eq!((&login["login"]["minLength"], &login["next"]["minLength"]), (&json!(1), &Value::Null));
}
