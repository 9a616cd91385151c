//! Every operation is documented: a summary for its callers, an id, one declared tag, its answer, its errors and its limits. Its
//! comment also lists its AWS calls, for maintainers.

use std::collections::BTreeSet;

use local::functions::Registered;
use serde_json::Value;

use super::Parts;
use crate::{Failure, document, openapi::EVERYWHERE};

/// Words about the implementation, which readers of the document do not need.
const INSIDE: [&str; 6] = ["transaction", "counter", "batch", "table", "query", "AWS"];

/// Returns what is missing in the descriptions of operations.
pub fn findings(parts: &Parts) -> Result<Vec<String>, Failure> {
    let mut findings = lacking(&parts.document);
    findings.extend(calls_not_said(parts.functions)?);
    Ok(findings)
}

fn lacking(document: &Value) -> Vec<String> {
    let tags = document.get("tags").and_then(Value::as_array).into_iter().flatten();
    let tags: BTreeSet<&str> = tags.filter_map(|tag| tag.get("name")?.as_str()).collect();
    let (mut findings, mut ids) = (Vec::new(), BTreeSet::new());
    for (path, method, operation) in document::operations(document) {
        let problems = words(operation).into_iter().chain(limits(operation)).chain(answers(operation));
        let problems = problems.chain(id(operation, &mut ids)).chain(tag(operation, &tags));
        findings.extend(problems.map(|what| format!("{} {path}: {what}", method.to_uppercase())));
    }
    findings
}

fn text<'a>(operation: &'a Value, member: &str) -> &'a str {
    operation.get(member).and_then(Value::as_str).unwrap_or_default()
}

/// Findings about its summary and description.
fn words(operation: &Value) -> Vec<String> {
    let said = ["summary", "description"].map(|member| text(operation, member));
    let missing = said.first().is_some_and(|summary| summary.is_empty()).then(|| "no summary".to_owned());
    let inside = INSIDE.iter().filter(|word| said.iter().any(|said| says(said, word)));
    let inside = inside.map(|word| format!("the word `{word}` is about the implementation, which belongs after `AWS calls:`"));
    missing.into_iter().chain(inside).collect()
}

/// Returns whether a text contains a word, or its plural.
fn says(text: &str, word: &str) -> bool {
    let is = |said: &str| said.eq_ignore_ascii_case(word);
    text.split(|c: char| !c.is_alphanumeric()).any(|said| is(said) || said.strip_suffix('s').is_some_and(is))
}

/// Findings about its limits.
fn limits(operation: &Value) -> Option<String> {
    let limits = operation.get("x-limits").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let wrong = limits.iter().any(|limit| limit.get("max").is_none());
    wrong.then(|| "one of its limits is not a `store::limits::Quota`".to_owned())
}

/// Findings about its responses.
fn answers(operation: &Value) -> Vec<String> {
    let statuses = operation.get("responses").and_then(Value::as_object).into_iter().flatten().map(|(status, _)| status.as_str());
    let classes: BTreeSet<char> = statuses.filter_map(|status| status.chars().next()).collect();
    // Some operations have no input that could be refused.
    let places: Vec<String> = EVERYWHERE.map(|name| format!("#/components/parameters/{name}")).into();
    let own = |p: &Value| p.get("$ref").and_then(Value::as_str).is_none_or(|place| !places.iter().any(|known| known == place));
    let takes = |name: &str, counts: &dyn Fn(&Value) -> bool| {
        operation.get(name).and_then(Value::as_array).is_some_and(|all| all.iter().any(counts))
    };
    let refusable = operation.get("requestBody").is_some() || takes("security", &|_| true) || takes("parameters", &own);
    let errors = ((refusable && !classes.contains(&'4')) || !classes.contains(&'5')).then_some("its errors are not described");
    let answer = (!classes.contains(&'2') && !classes.contains(&'3')).then_some("its answer is not described");
    errors.into_iter().chain(answer).map(str::to_owned).collect()
}

/// Findings about its id. `ids` are those of the operations before it.
fn id<'a>(operation: &'a Value, ids: &mut BTreeSet<&'a str>) -> Option<String> {
    let id = text(operation, "operationId");
    let snake = !id.is_empty() && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    match (snake, ids.insert(id)) {
        (false, _) => Some("no operation id in snake case".to_owned()),
        (true, false) => Some("another operation has the same operation id".to_owned()),
        (true, true) => None,
    }
}

/// Findings about its tag.
fn tag(operation: &Value, declared: &BTreeSet<&str>) -> Option<String> {
    let tags = operation.get("tags").and_then(Value::as_array).map(Vec::as_slice);
    let known = matches!(tags, Some([tag]) if tag.as_str().is_some_and(|tag| declared.contains(tag)));
    (!known).then(|| "it must have exactly one declared tag".to_owned())
}

fn calls_not_said(functions: &[Registered]) -> Result<Vec<String>, Failure> {
    let mut findings = Vec::new();
    for (_, part) in document::parts(functions)? {
        let silent = document::operations(&part).filter(|(.., operation)| !text(operation, "description").contains("AWS calls:"));
        let told = silent.map(|(path, method, _)| format!("{} {path}: its comment does not list its AWS calls", method.to_uppercase()));
        findings.extend(told);
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn about(operation: &Value) -> String {
        lacking(&json!({"paths": {"/v1/x": {"post": operation}}})).join("\n")
    }

    #[test]
    fn an_operation_must_describe_itself() {
        let found = about(&json!({"security": [{"bearer": []}], "responses": {"201": {}}}));
        for what in ["no summary", "no operation id", "one declared tag", "errors are not described"] {
            assert!(found.contains(what), "{what} in {found}");
        }
        assert!(about(&json!({"responses": {"500": {}}})).contains("its answer is not described"));
        let twice = json!({"operationId": "make_x"});
        let twice = json!({"paths": {"/v1/x": {"post": twice, "put": twice}}});
        assert_eq!(lacking(&twice).iter().filter(|finding| finding.contains("another operation has the same operation id")).count(), 1);
    }

    #[test]
    fn a_description_is_for_callers() {
        assert!(about(&json!({"summary": "Tells it. A counter, then the claim."})).contains("`counter` is about the implementation"));
        assert!(about(&json!({"description": "Two transactions."})).contains("`transaction` is about the implementation"));
        assert!(about(&json!({"description": "Those of the AWS account."})).contains("`AWS` is about the implementation"));
        assert!(!about(&json!({"summary": "Suitable accounts, as laws ask for."})).contains("about the implementation"));
    }

    #[test]
    fn an_operation_lists_its_limits() {
        let refused = |limits: Value| about(&json!({"x-limits": limits, "responses": {"429": {}}}));
        assert!(refused(json!(["nonsense"])).contains("is not a `store::limits::Quota`"));
        assert!(!refused(json!([{"name": "export", "max": 1, "seconds": 86_400}])).contains("limit"));
    }
}
