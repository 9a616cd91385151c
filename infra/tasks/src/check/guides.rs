//! The pages about other projects name only what there is: operations, pages, frames of the socket, tasks and parameters of the template.

use std::collections::BTreeSet;

use local::template::parse;
use serde_json::Value;

use super::Parts;
use crate::{Failure, document, repository};

/// The folder of the lists from which the pages are built. A line is `key = place, place`.
const LISTS: &str = "functions/api-docs/projects";
/// The folder of their texts, by language.
const TEXTS: &str = "functions/api-docs/locales";
/// The sources of the tasks, which a place `cargo xtask …` names.
const TASKS: &str = "infra/tasks/src/main.rs";
/// The methods of operations.
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// Places on the pages that do not exist.
///
/// # Errors
/// If a file cannot be read.
pub fn findings(parts: &Parts) -> Result<Vec<String>, Failure> {
    let frames = serde_json::from_str(&repository::read("infra/asyncapi.json")?)?;
    let template = parse(&repository::read("template.yaml")?).map_err(|e| format!("template.yaml: {e}"))?;
    let known = Known::of(&parts.document, &frames, &template, &repository::read(TASKS)?);
    let mut findings = Vec::new();
    for list in repository::list(LISTS)? {
        findings.extend(known.unknown(&list, &repository::read(&format!("{LISTS}/{list}"))?));
        for language in repository::list(TEXTS)? {
            let path = format!("{TEXTS}/{language}/{}", list.replace(".txt", ".ftl"));
            findings.extend(known.untrue(&path, &repository::read(&path)?));
        }
    }
    Ok(findings)
}

/// Everything that a page may name.
struct Known(BTreeSet<String>);

impl Known {
    fn of(document: &Value, frames: &Value, template: &Value, tasks: &str) -> Self {
        let operations = document::operations(document).map(|(path, method, _)| format!("{} {path}", method.to_uppercase()));
        let pages = document::operations(document).filter(|(_, method, _)| *method == "get").map(|(path, ..)| path.to_owned());
        let messages = frames.pointer("/components/messages").and_then(Value::as_object).into_iter().flatten();
        let frames = messages.filter_map(|(_, message)| {
            let frame = message.pointer("/examples/0/payload")?;
            Some(format!("frame {} {}", frame.get("stream")?.as_str()?, frame.pointer("/payload/type")?.as_str()?))
        });
        let parameters = template.get("Parameters").and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name.clone());
        let tasks = tasks.split("Task::").skip(1).filter_map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric()).next());
        let tasks = tasks.map(|name| format!("cargo xtask {}", kebab_case(name)));
        Self(operations.chain(pages).chain(frames).chain(parameters).chain(tasks).collect())
    }

    /// Returns the places of a list that do not exist, and lines that are none.
    fn unknown(&self, file: &str, list: &str) -> Vec<String> {
        let mut findings = Vec::new();
        for (number, line) in (1_usize..).zip(list.lines()).filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            let Some((_, places)) = line.split_once(" = ") else {
                findings.push(format!("{LISTS}/{file}:{number}: must have the form key = place, place"));
                continue;
            };
            let missing = places.split(", ").filter(|place| !self.has(place));
            findings.extend(missing.map(|place| format!("{LISTS}/{file}:{number}: there is no {place}")));
        }
        findings
    }

    /// Returns the operations in a text, `<code>GET /path</code>`, that do not exist.
    fn untrue(&self, file: &str, texts: &str) -> Vec<String> {
        let codes = texts.split("<code>").skip(1).filter_map(|rest| rest.split("</code>").next());
        let operations = codes.filter(|code| code.split_once(' ').is_some_and(|(method, _)| METHODS.contains(&method)));
        operations.filter(|operation| !self.has(operation)).map(|operation| format!("{file}: there is no {operation}")).collect()
    }

    /// Returns whether there is this place. A page can be one of the files that an operation serves.
    fn has(&self, place: &str) -> bool {
        let guide = place.strip_prefix("/docs/").is_some_and(|name| name == "flows" || name == "client");
        guide || self.0.contains(place)
    }
}

/// `StripeEndpoint` as `stripe-endpoint`, as clap names the task.
fn kebab_case(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !words.is_empty() {
            words.push('-');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn known() -> Known {
        let document = json!({"paths": {"/v1/me": {"get": {}, "patch": {}}, "/contact": {"get": {}}}});
        let frame = json!({"examples": [{"payload": {"stream": "chat", "payload": {"type": "send"}}}]});
        let template = json!({"Parameters": {"DeletionDays": {"Default": 30}}});
        Known::of(&document, &json!({"components": {"messages": {"AskSend": frame}}}), &template, "Task::StripeEndpoint { url } => ()")
    }

    #[test]
    fn what_there_is_can_be_named() {
        let list = "# Comment.\nprofile = GET /v1/me, PATCH /v1/me\nform = /contact, /docs/flows\n\n\
            rest = frame chat send, DeletionDays, cargo xtask stripe-endpoint\n";
        assert_eq!(known().unknown("a.txt", list), [""; 0]);
        assert_eq!(known().untrue("a.ftl", "a = Ask <code>GET /v1/me</code> for <code>version</code>.\n"), [""; 0]);
    }

    #[test]
    fn what_there_is_not_is_refused() {
        let refused = |place: &str| known().unknown("a.txt", &format!("key = GET /v1/me, {place}"));
        for place in ["GET /v1/you", "DELETE /v1/me", "/docs/nothing", "frame chat sing", "DeletionWeeks", "cargo xtask sing", ""] {
            assert_eq!(refused(place), [format!("functions/api-docs/projects/a.txt:1: there is no {place}")]);
        }
        assert_eq!(known().unknown("a.txt", "GET /v1/me").len(), 1, "a line without a key");
        let untrue = known().untrue("pl/a.ftl", "a = <code>PUT /v1/me</code>, <code>GET /v1/me</code>\n");
        assert_eq!(untrue, ["pl/a.ftl: there is no PUT /v1/me"]);
    }
}
