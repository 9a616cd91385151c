//! The parts that all operations have in common: headers of requests and responses, the language, and rules of schemas that their types do
//! not state.

use std::collections::BTreeSet;

use kernel::Locale;
use serde_json::{Map, Value, json};

use super::reference;

/// The parameters that every operation takes.
pub const EVERYWHERE: [&str; 2] = ["Accept-Language", "lang"];
/// The parameter of operations that can ask for a proof of work.
const PROOF: &str = "Proof-of-Work";
/// The largest integer that a double represents exactly, as in JavaScript: 2^53 - 1.
const SAFE: u64 = (1 << 53) - 1;
/// The only operation with 201 and no `Location`: a ticket has no address.
const WITHOUT_ADDRESS: &str = "create_ticket";

/// Returns the components of parameters and headers that this module refers to.
pub fn parameters() -> Map<String, Value> {
    let text = |place: &str, name: &str, about: &str, schema: Value, example: &str| {
        (
            name.to_owned(),
            json!({ "name": name, "in": place, "required": false, "description": about, "schema": schema, "example": example }),
        )
    };
    let languages = Locale::ALL.map(Locale::tag);
    Map::from_iter([
        text(
            "header",
            "Accept-Language",
            "The language of texts for people, unless `lang` or the profile of somebody who is signed in names one.",
            json!({ "type": "string", "maxLength": 1000 }),
            "pl, en;q=0.8",
        ),
        text(
            "query",
            "lang",
            "The language of texts for people, before that of the profile.",
            json!({ "type": "string", "enum": languages }),
            "pl",
        ),
        text(
            "header",
            PROOF,
            "The solution of the task in `proof_of_work_required`: `<challenge>.<number>`.",
            json!({ "type": "string", "maxLength": 200 }),
            "1795248300000.K3QnYx0yT2mJcR7vX0fTq9m1b8mGJ0m3vJpWkqf9Zc4.262144",
        ),
    ])
}

/// Returns the headers of responses, by name.
pub fn headers() -> Map<String, Value> {
    let header = |name: &str, about: &str, schema: Value, example: Value| {
        (name.to_owned(), json!({ "description": about, "schema": schema, "example": example }))
    };
    let text = json!({ "type": "string" });
    Map::from_iter([
        header("X-Request-Id", "Names the request, for support.", text.clone(), "UYx1Zj0bFiAEJqg=".into()),
        header("Location", "The address of what was made.", text.clone(), "/v1/sessions/ses_01K9ZC4QW8V3T6R1NHXJ5B2MDP".into()),
        header(
            "Set-Cookie",
            "With `token_delivery: cookie`, the refresh token (`__Host-refresh`), and the token of a trusted device (`__Host-device`).",
            text.clone(),
            "__Host-refresh=…; Path=/; Max-Age=7776000; Secure; HttpOnly; SameSite=Strict".into(),
        ),
        header("WWW-Authenticate", "How to authenticate (RFC 9110 §11.6.1, RFC 9470).", text.clone(), "Bearer".into()),
        header("Retry-After", "Seconds after which a retry makes sense.", json!({ "type": "integer", "minimum": 1 }), 20.into()),
        header("RateLimit", "The limit that was reached, and the seconds until it is reset.", text.clone(), "\"export\";r=0;t=3600".into()),
        header("RateLimit-Policy", "The maximum of that limit, and its window in seconds.", text, "\"export\";q=1;w=86400".into()),
    ])
}

/// Returns the headers of an error response with this status, by reference. `waits`: whether one of its problems says how long to wait.
pub fn of_refusal(status: u16, waits: bool) -> Value {
    let own: &[&str] = match status {
        401 => &["WWW-Authenticate"],
        429 => &["Retry-After", "RateLimit", "RateLimit-Policy"],
        _ if waits => &["Retry-After"],
        _ => &[],
    };
    own.iter().chain(&["X-Request-Id"]).map(|name| ((*name).to_owned(), reference("headers", name))).collect::<Map<_, _>>().into()
}

/// Adds the common parts to an operation, and the header of a proof of work if the operation can require one.
pub fn complete(operation: &mut Map<String, Value>, takes_proof: bool) {
    // An empty list says that nobody has to sign in. Without one, a reader would have to know the rule for its absence.
    operation.entry("security").or_insert_with(|| json!([]));
    let proof = takes_proof.then_some(PROOF);
    if let Value::Array(parameters) = operation.entry("parameters").or_insert_with(|| json!([])) {
        parameters.extend(proof.into_iter().chain(EVERYWHERE).map(|name| reference("parameters", name)));
    }
    let addressed = operation.get("operationId").is_none_or(|id| id != WITHOUT_ADDRESS);
    let responses = operation.get_mut("responses").and_then(Value::as_object_mut).into_iter().flatten();
    for (status, response) in responses {
        let Value::Object(response) = response else { continue };
        if response.contains_key("$ref") {
            continue;
        }
        let signed_in = response.get("content").is_some_and(|content| content.to_string().contains("#/components/schemas/SignedIn\""));
        let known = [("Location", status == "201" && addressed), ("Set-Cookie", signed_in), ("X-Request-Id", true)];
        if let Value::Object(headers) = response.entry("headers").or_insert_with(|| json!({})) {
            for name in known.iter().filter(|(_, has)| *has).map(|(name, _)| *name) {
                headers.entry(name).or_insert_with(|| reference("headers", name));
            }
            if status == "304" {
                let tag = json!({ "description": "The version that the client has.", "schema": { "type": "string" } });
                headers.entry("ETag").or_insert(tag);
            }
        }
    }
}

/// Marks integers of 64 bits as fitting a double (`double-int` of the OpenAPI format registry), so that generated types are numbers and not
/// texts or big integers. All of them are counts, sequence numbers and times.
pub fn numbers(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if members.get("format").is_some_and(|format| format == "int64") && members.contains_key("type") {
                members.insert("format".to_owned(), "double-int".into());
                members.entry("maximum").or_insert_with(|| SAFE.into());
            }
            members.values_mut().for_each(numbers);
        }
        Value::Array(items) => items.iter_mut().for_each(numbers),
        _ => {}
    }
}

/// The forms of texts that types name as their `format`, each with a pattern that every accepted text matches, and with the most
/// characters. (API Gateway accepts 10,240 bytes of headers.)
pub const FORMS: [(&str, &str, usize); 2] =
    [("typed", kernel::text::TYPED_PATTERN, kernel::text::TYPED_MAX_CHARS), ("versions", web::IF_MATCH_PATTERN, 10_240)];

/// Replaces the names of forms by their patterns.
pub fn forms(value: &mut Value) {
    match value {
        Value::Object(members) => {
            let form = FORMS.iter().find(|(name, ..)| members.get("format").is_some_and(|format| format == name));
            if let Some((_, pattern, most)) = form {
                members.remove("format");
                members.extend([("pattern".to_owned(), json!(pattern)), ("maxLength".to_owned(), json!(most))]);
            }
            members.values_mut().for_each(forms);
        }
        Value::Array(items) => items.iter_mut().for_each(forms),
        _ => {}
    }
}

/// Adds `minLength: 1` to required texts of bodies, because no required text may be empty.
pub fn not_empty(schemas: &mut Map<String, Value>, bodies: &BTreeSet<String>) {
    for schema in schemas.iter_mut().filter(|(name, _)| bodies.contains(*name)).map(|(_, schema)| schema) {
        let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
        let members = schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten();
        for (_, member) in members.filter(|(name, _)| required.iter().any(|required| required == name.as_str())) {
            if let Value::Object(member) = member
                && member.get("type").is_some_and(|kind| kind == "string")
                && member.contains_key("maxLength")
            {
                member.entry("minLength").or_insert(1.into());
            }
        }
    }
}
