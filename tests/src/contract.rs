//! What the OpenAPI document says, held against every answer that a test gets.

use std::sync::LazyLock;

use reqwest::header::HeaderMap;
use serde_json::Value;

/// The committed document, which a check keeps equal to what the handlers say.
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(include_str!("../../infra/openapi.json")).expect("it is JSON"));

/// Fails if the document does not declare this answer of this operation. What no operation is behind (a path that is not
/// there, a refusal of the gateway itself) has nothing to be held against.
#[track_caller]
pub(crate) fn holds(method: &str, path: &str, status: u16, headers: &HeaderMap, body: &[u8]) {
    let path = path.split('?').next().unwrap_or_default();
    let Some(operation) = operation(method, path) else { return };
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let problem = header("content-type") == "application/problem+json";
    if status >= 400 && !problem {
        return;
    }
    let declared = &operation["responses"][status.to_string()];
    assert!(declared.is_object(), "{method} {path} answers {status}, which it does not declare: {}", String::from_utf8_lossy(body));
    if problem {
        let document: Value = serde_json::from_slice(body).expect("a problem is JSON");
        let code = document["code"].as_str().unwrap_or_default();
        let examples = &declared["content"]["application/problem+json"]["examples"];
        assert!(examples[code].is_object(), "{method} {path} answers {status} {code}, which it does not declare");
        let reached = header("ratelimit-policy");
        let limits = operation["x-limits"].as_array().into_iter().flatten();
        let policy = |l: &Value| format!("{};q={};w={}", l["name"], l["max"], l["seconds"]);
        assert!(
            reached.is_empty() || limits.map(policy).any(|limit| limit == reached),
            "{method} {path} has the limit {reached}, which it does not declare"
        );
    }
}

fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let paths = DOCUMENT["paths"].as_object()?;
    let asked: Vec<&str> = path.split('/').collect();
    let fits = |template: &str| {
        let parts: Vec<&str> = template.split('/').collect();
        parts.len() == asked.len()
            && parts.iter().zip(&asked).all(|(part, given)| part == given || (part.starts_with('{') && !given.is_empty()))
    };
    // As the gateway does it: a path without parameters goes before one with them.
    let found = paths.get(path).or_else(|| paths.iter().find(|(template, _)| fits(template)).map(|(_, operations)| operations))?;
    found.get(method.to_ascii_lowercase())
}
