//! What operations cost: the calls that a test suite made, added up from the lines the local cloud left in STOA_CALLS_FILE.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use local::template::Template;
use serde::Deserialize;

use crate::{Failure, check, repository};

/// What each operation may ask for: its name, the calls of its usual run, and what a quarter of its runs reach. Runs that were
/// refused are left out: which check refuses them is a matter of the tests.
const EXPECTED: &str = "infra/calls.txt";

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Operation { operation: String, served: bool, calls: BTreeMap<String, u64>, rcu: f64, wcu: f64 },
    Permission { function: String, action: String, resource: String },
}

/// What became of an operation.
#[derive(Default)]
struct Runs {
    refused: usize,
    served: Vec<Run>,
}

/// One run of an operation.
struct Run {
    calls: BTreeMap<String, u64>,
    rcu: f64,
    wcu: f64,
}

/// Prints the table of operations, and of permissions that nothing used. Writes [`EXPECTED`], when it is to be `kept`.
///
/// # Errors
/// If the file cannot be read or, when `strict`, if a policy allows what nothing used or an operation asked for more than it may.
pub fn run(file: &Path, strict: bool, kept: bool) -> Result<(), Failure> {
    let text = fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
    let (mut operations, mut used) = (BTreeMap::<String, Runs>::new(), BTreeSet::new());
    for (number, line) in text.lines().enumerate() {
        match serde_json::from_str(line).map_err(|e| format!("{}:{}: {e}", file.display(), number.saturating_add(1)))? {
            // HEAD does what GET does.
            Line::Operation { operation, .. } if operation.starts_with("HEAD ") => {}
            Line::Operation { operation, served: true, calls, rcu, wcu } => {
                operations.entry(operation).or_default().served.push(Run { calls, rcu, wcu });
            }
            Line::Operation { operation, .. } => {
                let runs = operations.entry(operation).or_default();
                runs.refused = runs.refused.saturating_add(1);
            }
            Line::Permission { function, action, resource } => drop(used.insert((function, action, resource))),
        }
    }
    print!("{}", table(&mut operations));
    let template = check::template()?;
    let unused = unused(&template, &used);
    println!("\nAllowed and not used: {}", if unused.is_empty() { "nothing" } else { "" });
    for line in &unused {
        println!("- {line}");
    }
    if kept {
        let routes = template.http_api.routes.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
        let text = expected(&repository::read(EXPECTED)?, &routes, &mut operations);
        fs::write(repository::root().join(EXPECTED), text)?;
    }
    if !strict {
        return Ok(());
    }
    let more = more_than(&repository::read(EXPECTED)?, &mut operations);
    for line in &more {
        println!("- {line}");
    }
    match (unused.len(), more.len()) {
        (0, 0) => Ok(()),
        (unused, more) => Err(format!("{unused} permissions are not used, {more} operations ask for more than {EXPECTED} says").into()),
    }
}

/// A line per operation, which a change that makes one dearer changes visibly. A route that this suite did not ask keeps the line
/// that it had: some tests need a browser, which is not on every machine.
fn expected(before: &str, routes: &BTreeSet<String>, operations: &mut BTreeMap<String, Runs>) -> String {
    let kept = before.lines().filter_map(|line| Some((line.split_once('\t')?.0, line))).filter(|(name, _)| routes.contains(*name));
    let mut lines: BTreeMap<&str, String> = kept.map(|(name, line)| (name, format!("{line}\n"))).collect();
    lines.extend(costs(operations).map(|(name, usual, many)| (name, format!("{name}\t{usual}\t{many}\n"))));
    lines.into_values().collect()
}

/// Which operations usually ask for more than they may. Where about as many runs cost more as cost less what is usual is a matter
/// of chance: it may be what a quarter of the runs cost before.
fn more_than(expected: &str, operations: &mut BTreeMap<String, Runs>) -> Vec<String> {
    let read = |line: &str| {
        let (name, numbers) = line.split_once('\t')?;
        Some((name.to_owned(), numbers.split_once('\t')?.1.parse::<u64>().ok()?))
    };
    let may: BTreeMap<String, u64> = expected.lines().filter_map(read).collect();
    let judge = |(name, usual, _): (&str, u64, u64)| match may.get(name) {
        None => Some(format!("{name}: not in {EXPECTED}")),
        Some(most) if usual > *most => Some(format!("{name}: usually {usual} calls, which were {most} at most")),
        Some(_) => None,
    };
    costs(operations).filter_map(judge).collect()
}

/// Each operation with the calls of its usual run, and with those that a quarter of its runs reach. Consumers are left out: what
/// tests do to them is mostly to cut them off.
fn costs(operations: &mut BTreeMap<String, Runs>) -> impl Iterator<Item = (&str, u64, u64)> {
    operations.iter_mut().filter(|(name, _)| name.contains(' ')).filter_map(|(name, runs)| {
        let runs = &mut runs.served;
        runs.sort_by_key(total);
        let at = |quarters: usize| runs.get(runs.len().saturating_mul(quarters) >> 2).map(total);
        Some((name.as_str(), at(2)?, at(3)?))
    })
}

/// A row per operation: how often it was refused and done; its calls when it is done, at least, usually and at most, what they are,
/// what they consume.
fn table(operations: &mut BTreeMap<String, Runs>) -> String {
    let mut out = "| operation | refused | done | calls min | usual | max | usually | RCU | WCU |\n|---|--:|--:|--:|--:|--:|---|--:|--:|\n"
        .to_owned();
    for (operation, Runs { refused, served: runs }) in operations {
        runs.sort_by_key(total);
        let (Some(least), Some(usual), Some(most)) = (runs.first(), runs.get(runs.len() >> 1), runs.last()) else { continue };
        let what: Vec<String> = usual.calls.iter().map(|(call, n)| if *n == 1 { call.clone() } else { format!("{n} × {call}") }).collect();
        let row = format!(
            "| {operation} | {refused} | {} | {} | {} | {} | {} | {} | {} |\n",
            runs.len(),
            total(least),
            total(usual),
            total(most),
            what.join(", "),
            usual.rcu,
            usual.wcu,
        );
        out += &row;
    }
    out
}

fn total(run: &Run) -> u64 {
    run.calls.values().sum()
}

/// What the policies allow and nothing used.
fn unused(template: &Template, used: &BTreeSet<(String, String, String)>) -> Vec<String> {
    let mut unused = Vec::new();
    for function in template.functions.values() {
        for statement in function.statements.iter().filter(|s| s.get("Effect").is_some_and(|e| e == "Allow")) {
            for resource in strings(statement.get("Resource")) {
                for action in strings(statement.get("Action")) {
                    let was = |(f, a, r): &(String, String, String)| *f == function.logical_id && *a == action && matches(&resource, r);
                    if !used.iter().any(was) {
                        unused.push(format!("{}: {action} on {resource}", function.name));
                    }
                }
            }
        }
    }
    unused
}

fn strings(value: Option<&serde_json::Value>) -> Vec<String> {
    match value {
        Some(serde_json::Value::String(one)) => vec![one.clone()],
        Some(serde_json::Value::Array(many)) => many.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}

/// Whether a resource of a policy, in which `*` stands for anything, covers an ARN.
fn matches(pattern: &str, arn: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == arn };
    let Some(mut left) = arn.strip_prefix(head) else { return false };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return left.ends_with(part);
        }
        match left.find(part).and_then(|at| left.get(at.saturating_add(part.len())..)) {
            Some(after) => left = after,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_covers_anything() {
        assert!(matches("arn:aws:s3:::b/incoming/*", "arn:aws:s3:::b/incoming/usr/x"));
        assert!(!matches("arn:aws:s3:::b/incoming/*", "arn:aws:s3:::b/pictures/x"));
        assert!(matches("*", "anything") && matches("a*c*e", "abcde") && !matches("a*c", "abd") && !matches("a", "ab"));
    }

    #[test]
    fn an_operation_that_gets_dearer_is_told() {
        let all = |name: &str, runs: &[u64]| {
            let run = |n: &u64| Run { calls: BTreeMap::from([("dynamodb.GetItem".to_owned(), *n)]), rcu: 0.5, wcu: 0.0 };
            BTreeMap::from([(name.to_owned(), Runs { refused: 9, served: runs.iter().map(run).collect() })])
        };
        let before = expected("", &BTreeSet::new(), &mut all("GET /v1/me", &[3, 1, 2, 2]));
        assert_eq!(before, "GET /v1/me\t2\t3\n");
        assert!(more_than(&before, &mut all("GET /v1/me", &[3, 1, 3, 9])).is_empty());
        assert_eq!(more_than(&before, &mut all("GET /v1/me", &[4, 4, 1])), ["GET /v1/me: usually 4 calls, which were 3 at most"]);
        assert_eq!(more_than(&before, &mut all("GET /v1/new", &[1])), ["GET /v1/new: not in infra/calls.txt"]);
    }

    #[test]
    fn a_route_that_was_not_asked_keeps_its_line() {
        let run = Run { calls: BTreeMap::new(), rcu: 0.0, wcu: 0.0 };
        let mut operations = BTreeMap::from([("GET /v1/me".to_owned(), Runs { refused: 0, served: vec![run] })]);
        let routes = ["GET /", "GET /v1/me"].map(str::to_owned).into();
        let text = expected("GET /\t1\t2\nGET /gone\t3\t3\nGET /v1/me\t9\t9\n", &routes, &mut operations);
        assert_eq!(text, "GET /\t1\t2\nGET /v1/me\t0\t0\n");
    }

    #[test]
    fn a_row_tells_the_usual_run() {
        let run = |n| Run { calls: BTreeMap::from([("dynamodb.GetItem".to_owned(), n)]), rcu: 0.5, wcu: 0.0 };
        let mut operations = BTreeMap::from([("GET /v1/me".to_owned(), Runs { refused: 4, served: vec![run(3), run(1), run(2)] })]);
        assert!(table(&mut operations).ends_with("| GET /v1/me | 4 | 3 | 1 | 2 | 3 | 2 × dynamodb.GetItem | 0.5 | 0 |\n"));
    }
}
