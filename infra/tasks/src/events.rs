//! The files in `events/`: real payloads. For each `case.json`, `case.answer.json` has the answer that the function must return.

use std::{path::PathBuf, process::Command};

use kernel::Env;
use local::{Options, Stack, hosts::Hosting};
use serde_json::Value;

use crate::{Failure, repository};

/// A payload with its function and its expected answer.
pub struct Case {
    /// The function.
    pub function: String,
    /// The file, relative to the root.
    pub file: String,
    /// The payload.
    pub event: Value,
    /// What the answer must contain.
    pub answer: Value,
}

/// Returns every case, sorted.
///
/// # Errors
/// If a file is not JSON, or has no answer.
pub fn cases() -> Result<Vec<Case>, Failure> {
    let mut cases = Vec::new();
    for function in repository::list("events")? {
        for name in repository::list(format!("events/{function}")).unwrap_or_default() {
            let Some(case) = name.strip_suffix(".json").filter(|case| !case.ends_with(".answer")) else { continue };
            let file = format!("events/{function}/{name}");
            let (event, answer) = (json(&file)?, json(&format!("events/{function}/{case}.answer.json"))?);
            cases.push(Case { function: function.clone(), file, event, answer });
        }
    }
    Ok(cases)
}

fn json(file: &str) -> Result<Value, Failure> {
    serde_json::from_str(&repository::read(file)?).map_err(|e| format!("{file}: {e}").into())
}

impl Case {
    /// Returns the trigger: `http`, `socket`, `stream`, `queue`, `bus`, `schedule` or `s3`.
    pub fn trigger(&self) -> Option<&'static str> {
        let e = &self.event;
        match (e.pointer("/Records/0/eventSource").and_then(Value::as_str), e.get("source").and_then(Value::as_str)) {
            (Some("aws:dynamodb"), _) => Some("stream"),
            (Some("aws:sqs"), _) => Some("queue"),
            (Some("aws:s3"), _) => Some("s3"),
            (_, Some("aws.scheduler")) => Some("schedule"),
            (_, Some(_)) => Some("bus"),
            _ if e.get("version").is_some_and(|v| v == "2.0") => Some("http"),
            _ if e.pointer("/requestContext/connectionId").is_some() => Some("socket"),
            _ => None,
        }
    }
}

/// Returns whether an answer contains the expected one: objects may have more members, everything else must be equal.
pub fn contains(answer: &Value, expected: &Value) -> bool {
    match (answer, expected) {
        (Value::Object(a), Value::Object(e)) => e.iter().all(|(k, v)| a.get(k).is_some_and(|a| contains(a, v))),
        _ => answer == expected,
    }
}

/// Starts a local cloud for the functions of the `cargo lambda watch` on this port, and invokes every case with
/// `cargo lambda invoke`.
///
/// # Errors
/// If the cloud does not start, or an answer is not as expected.
pub fn invoke_all(port: u16) -> Result<(), Failure> {
    let environments = Env::process().get("STOA_FUNCTIONS").map_or_else(|| repository::root().join(".local/functions"), PathBuf::from);
    let hosting = Hosting::Lambda { url: format!("http://127.0.0.1:{port}"), environments };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let cloud = runtime.block_on(Stack::start(Options { hosting, ..Options::for_tests() }))?;
    let result = invoke_each(port);
    runtime.block_on(async { drop(cloud) });
    result
}

fn invoke_each(port: u16) -> Result<(), Failure> {
    let mut wrong = 0_u32;
    let cases = cases()?;
    for case in &cases {
        let result = invoke(case, port);
        match &result {
            Ok(answer) if contains(answer, &case.answer) => println!("{}: {}", case.file, short(answer)),
            Ok(answer) => println!("{}: WRONG, expected {} and got {}", case.file, case.answer, short(answer)),
            Err(e) => println!("{}: FAILED, {e}", case.file),
        }
        if !result.is_ok_and(|answer| contains(&answer, &case.answer)) {
            wrong = wrong.saturating_add(1);
        }
    }
    if wrong > 0 {
        return Err(format!("{wrong} answers are wrong").into());
    }
    println!("{} events answered as expected", cases.len());
    Ok(())
}

fn invoke(case: &Case, port: u16) -> Result<Value, Failure> {
    let output = Command::new("cargo")
        .args([
            "lambda",
            "invoke",
            "--invoke-address",
            "127.0.0.1",
            "--invoke-port",
            &port.to_string(),
            &case.function,
            "--data-file",
            &case.file,
        ])
        .current_dir(repository::root())
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned().into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn short(answer: &Value) -> String {
    let text = answer.to_string();
    text.chars().take(160).collect()
}

#[cfg(test)]
mod tests {
    use local::hosts::Trace;
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_may_have_more_members() {
        assert!(contains(&json!({"statusCode": 200, "body": ""}), &json!({"statusCode": 200})));
        assert!(!contains(&json!({"statusCode": 500}), &json!({"statusCode": 200})));
        assert!(contains(&json!(null), &json!(null)) && !contains(&json!({}), &json!(null)));
    }

    #[tokio::test]
    async fn every_function_gives_the_expected_answers() {
        let cloud = Stack::start(Options { now: Options::for_tests().now, ..Options::default() }).await.expect("starts");
        let mut wrong = Vec::new();
        for case in cases().expect("read") {
            let trace = Trace::new(&cloud.sys);
            let payload = serde_json::value::to_raw_value(&case.event).expect("an event");
            match cloud.hosts.invoke(&repository::logical_id(&case.function), payload, &trace).await {
                Ok(answer) if contains(&serde_json::from_str(answer.get()).expect("JSON"), &case.answer) => {}
                other => wrong.push(format!("{}: {other:?} is not {}", case.file, case.answer)),
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn every_case_has_a_trigger() {
        for case in cases().expect("read") {
            assert!(case.trigger().is_some(), "{}", case.file);
        }
    }
}
