//! The parts of the document, each alone.

use std::time::Duration;

use store::limits::Quota;
use utoipa::openapi::tag::TagBuilder;

use super::*;

#[test]
fn the_document_has_what_its_operations_refer_to() {
    let part =
        |name: &str, about: &str| OpenApiBuilder::new().tags(Some([TagBuilder::new().name(name).description(Some(about)).build()])).build();
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
    let names: Vec<&str> = operation["x-limits"].as_array().expect("a list").iter().filter_map(|limit| limit["name"].as_str()).collect();
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
        (Quota::gap("x", seconds(20), "mail").configurable(), "`x`: 20 seconds until the next mail, unless other numbers are set."),
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
        let taken = ["id", "Accept-Language", "lang"].map(|name| reference("parameters", name));
        assert_eq!(operations[method]["parameters"], json!(taken));
        assert_eq!(operations[method]["responses"]["201"]["headers"]["ETag"], reference("headers", "ETag"));
    }
    let own = &operations["get"];
    assert_eq!(
        (&own["parameters"][0]["description"], &own["responses"]["204"]),
        (&"Its own.".into(), &json!({ "description": "No Content.", "headers": { "X-Request-Id": reference("headers", "X-Request-Id") } }))
    );
    assert_eq!(own["responses"]["404"], reference("responses", "not_found"));
    assert_eq!(
        components["responses"]["not_found"]["content"]["application/problem+json"]["examples"]["not_found"],
        reference("examples", "not_found")
    );
    assert_eq!(components["examples"]["not_found"]["value"]["status"], 404);
    assert_eq!(components["responses"]["unavailable"]["headers"]["Retry-After"], reference("headers", "Retry-After"));
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
