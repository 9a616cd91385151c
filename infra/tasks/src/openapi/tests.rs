//! Tests of the whole document, generated from the current handlers.

use std::collections::BTreeSet;

use axum::http::{HeaderMap, HeaderValue, header};
use local::functions;
use serde_json::{Value, json};
use web::IfMatch;

use super::*;

fn whole() -> Value {
    crate::document::whole(functions::ALL)
}

/// Calls `see` with every object in a document and the pointer to it.
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

/// Returns the target of a reference, or the value itself.
fn target<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let place = value.get("$ref").and_then(Value::as_str).and_then(|place| place.strip_prefix('#'));
    place.and_then(|place| document.pointer(place)).unwrap_or(value)
}

/// Returns why an example is no value of a schema.
fn misfit(document: &Value, schema: &Value, example: &Value) -> Option<String> {
    let schema =
        json!({ "$schema": "https://json-schema.org/draft/2020-12/schema", "allOf": [schema], "components": document["components"] });
    let schema = jsonschema::options().should_validate_formats(true).build(&schema).expect("a schema");
    schema.validate(example).err().map(|e| format!("{e} at {}", e.instance_path()))
}

/// Returns whether the place in a document is in an example, which is data.
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
        let discriminator = &schemas[name]["discriminator"];
        assert_eq!(discriminator["propertyName"], tag, "{name}");
        let mapping = discriminator["mapping"].as_object().expect("a mapping");
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

/// A schema of the document refuses no code that its parser accepts.
#[test]
fn a_pattern_takes_what_its_parser_takes() {
    let document = whole();
    let code = |name: &str, member: &str| document["components"]["schemas"][name]["properties"][member].clone();
    let typed = code("VerifyRegistrationCode", "code");
    assert_eq!((&typed["pattern"], &typed["maxLength"]), (&json!(kernel::text::TYPED_PATTERN), &json!(kernel::text::TYPED_MAX_CHARS)));
    let long = format!("{}123456", " ".repeat(59));
    // A text, and whether the schema and the parser of each kind of code take it.
    for (text, matches, parses) in [
        ("123456", true, [true, false, false]),
        (" 123\u{a0}456\n", true, [true, false, false]),
        ("123-456", true, [true, false, false]),
        ("12\u{2013}34\u{2212}56", true, [true, false, false]),
        ("\u{2068}123456\u{2069}", true, [true, false, false]),
        ("１２３４５６", true, [true, false, false]),
        ("١٢٣٤٥٦", true, [true, false, false]),
        ("k7m2-xp9q-4trw", true, [true, false, false]),
        ("K7M 2XP", true, [false, true, false]),
        ("00-8x4m-2k7q-h5np-w9ct", true, [false, false, true]),
        ("OO 8X4M 2K7Q H5NP W9CT", true, [false, false, true]),
        ("12345", true, [false, false, false]),
        ("12.34.56", false, [false, false, false]),
        ("+123456", false, [false, false, false]),
        ("123_456", false, [false, false, false]),
        ("`123456`", false, [false, false, false]),
        (&long, false, [false, false, false]),
        (&long[1..], true, [true, false, false]),
    ] {
        let parsed = [
            proofs::code::TypedCode::parse(text, 6).is_ok(),
            accounts::invite::InviteCode::parse(text).is_ok(),
            proofs::factor::TypedRecoveryCode::parse(text).is_ok(),
        ];
        assert_eq!((misfit(&document, &typed, &json!(text)).is_none(), parsed), (matches, parses), "{}", text.escape_unicode());
    }
    // All of these are the same schema but for what they say and whether they may be absent.
    for (name, member) in [
        ("ProveFactor", "code"),
        ("VerifyContact", "code"),
        ("EnterInviteCode", "code"),
        ("WriteAddress", "country"),
        ("WriteAddress", "postal_code"),
        ("NewDonation", "country"),
        ("NewDonation", "postal_code"),
        ("CreateModel", "country"),
        ("UpdateModel", "country"),
    ] {
        let schema = code(name, member);
        assert_eq!((&schema["pattern"], &schema["maxLength"]), (&typed["pattern"], &typed["maxLength"]), "{name} {member}");
    }
    // A character that the pattern refuses stays in the text, and is in no code.
    let fits = |c: &char| jsonschema::is_valid(&json!({ "pattern": typed["pattern"] }), &json!(c.to_string()));
    let refused: Vec<char> = ('\0'..='\x7f').filter(|c| !fits(c)).collect();
    assert!(refused.len() > 20, "{refused:?}");
    for c in refused {
        assert!(kernel::text::compact(&c.to_string()).contains(c) && !c.is_alphanumeric(), "{c:?}");
    }
}

/// The member `missing` has only names of contacts and of parts of an order.
#[test]
fn what_is_missing_has_names() {
    let document = whole();
    let missing = &document["components"]["schemas"]["Problem"]["properties"]["missing"];
    for (value, fits) in [
        ("email", true),
        ("phone", true),
        ("email, phone", true),
        ("phone, address, cart", true),
        ("first_name, last_name, phone, address, cart", true),
        ("", false),
        ("email,phone", false),
        ("Email", false),
        ("email, ", false),
        ("password", false),
    ] {
        assert_eq!(misfit(&document, missing, &json!(value)).is_none(), fits, "{value}");
    }
}

/// The pattern for names of channels accepts the same texts as their parser.
#[test]
fn the_pattern_of_a_slug_is_its_rule() {
    let document = whole();
    let slug = &document["components"]["schemas"]["CreateRoom"]["properties"]["slug"];
    for text in
        ["abc", "agora-news", "2026", "a-b-c", "ab", "Abc", "a--b", "-abc", "abc-", "a b", "a_b", "zażółć", "a#b", &"x".repeat(41), ""]
    {
        let parses = messaging::room::Slug::parse(text).is_ok();
        assert_eq!(misfit(&document, slug, &json!(text)).is_none(), parses, "{text}");
    }
}

#[test]
fn the_pattern_of_if_match_takes_what_names_a_version() {
    let document = whole();
    let parameters = document["components"]["parameters"].as_object().expect("parameters");
    let ours: Vec<_> = parameters.values().filter(|parameter| parameter["name"] == "If-Match").collect();
    assert!(!ours.is_empty() && ours.iter().all(|p| p["schema"]["pattern"] == web::IF_MATCH_PATTERN), "{ours:?}");
    for (value, matches) in [
        ("*", true),
        (" * ", true),
        ("\"v7\"", true),
        ("\"v0\"", true),
        ("\"a,b\", \"v7\"", true),
        ("W/\"v1\", \"v7\"", true),
        ("v7", false),
        ("\"v07\"", false),
        ("\"7\"", false),
        ("\"v7", false),
        ("**", false),
        ("", false),
    ] {
        let headers = HeaderMap::from_iter([(header::IF_MATCH, HeaderValue::from_str(value).expect("a header"))]);
        let named = IfMatch::of(&headers).is_some_and(|versions| versions.names(7) || versions.names(0));
        let fits = jsonschema::is_valid(&json!({ "pattern": web::IF_MATCH_PATTERN }), &json!(value));
        assert!(fits == matches && (fits || !named), "{value}: fits {fits}, names {named}");
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
