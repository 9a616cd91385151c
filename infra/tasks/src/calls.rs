//! `cargo xtask calls`: the AWS calls of operations in a test suite, from the lines that the local cloud appended to `STOA_CALLS_FILE`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use local::{functions, template::Template};
use serde::Deserialize;

use crate::{Failure, costs::SCHEDULED, document, repository};

/// The file with the allowed calls of each operation: its name, the calls of a typical run ([`typical_quarter`]) and the upper quartile of the
/// calls of its runs, and the read and write units of the typical one. Refused runs do not count, because their calls depend on the check
/// that refuses them, nor do those that repeat a request and change nothing.
pub const EXPECTED: &str = "infra/calls.txt";

/// The cost of an operation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// The calls of a typical run.
    pub typical: u32,
    /// The upper quartile of the calls: a quarter of the runs reach it.
    upper_quartile: u32,
    /// The read units of a typical run.
    pub read: f64,
    /// The write units of a typical run.
    pub write: f64,
}

/// Returns the content of [`EXPECTED`], by operation.
pub fn read(text: &str) -> BTreeMap<String, Cost> {
    let read = |line: &str| {
        let mut columns = line.split('\t');
        let name = columns.next()?.to_owned();
        let (typical, upper_quartile) = (columns.next()?.parse().ok()?, columns.next()?.parse().ok()?);
        Some((name, Cost { typical, upper_quartile, read: columns.next()?.parse().ok()?, write: columns.next()?.parse().ok()? }))
    };
    text.lines().filter_map(read).collect()
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Operation { operation: String, served: bool, calls: BTreeMap<String, u32>, rcu: f64, wcu: f64 },
    Permission { function: String, action: String, resource: String },
}

/// The runs of an operation.
#[derive(Default)]
struct Runs {
    refused: usize,
    served: Vec<Run>,
}

impl Runs {
    /// Leaves out the runs that wrote nothing, if it is an operation that changes something: each repeats a request, which some tests do a
    /// thousand times.
    fn leave_out_repetitions(&mut self, operation: &str) {
        let is_change = ["POST ", "PUT ", "PATCH ", "DELETE "].iter().any(|method| operation.starts_with(method));
        if is_change && self.served.iter().any(|run| run.wcu > 0.0) {
            self.served.retain(|run| run.wcu > 0.0);
        }
    }
}

/// One run of an operation.
struct Run {
    calls: BTreeMap<String, u32>,
    rcu: f64,
    wcu: f64,
}

/// Prints the table of operations, and the permissions that were never used. Writes [`EXPECTED`] if `kept`.
///
/// # Errors
/// If the file cannot be read or, with `strict`, if a policy allows what was never used or an operation made more calls than expected.
pub fn run(file: &Path, strict: bool, kept: bool) -> Result<(), Failure> {
    let text = fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
    let template = repository::template()?;
    let known = operations_of(&template)?;
    let (mut operations, mut used) = (BTreeMap::<String, Runs>::new(), BTreeSet::new());
    for (number, line) in text.lines().enumerate() {
        match serde_json::from_str(line).map_err(|e| format!("{}:{}: {e}", file.display(), number.saturating_add(1)))? {
            // HEAD makes the same calls as GET. Tests of the local cloud itself have other templates, whose operations are unknown.
            Line::Operation { operation, .. } if operation.starts_with("HEAD ") || !known(&operation) => {}
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
    for (name, runs) in &mut operations {
        runs.leave_out_repetitions(name);
    }
    print!("{}", table(&mut operations));
    let unused = unused(&template, &used);
    println!("\nAllowed and never used: {}", if unused.is_empty() { "nothing" } else { "" });
    for line in &unused {
        println!("- {line}");
    }
    if kept {
        let text = expected(&repository::read(EXPECTED)?, known, &mut operations);
        fs::write(repository::root().join(EXPECTED), text)?;
    }
    if !strict {
        return Ok(());
    }
    let more = more_expensive_than(&repository::read(EXPECTED)?, &mut operations);
    for line in &more {
        println!("- {line}");
    }
    match (unused.len(), more.len()) {
        (0, 0) => Ok(()),
        (unused, more) => {
            Err(format!("{unused} permissions are never used, {more} operations make more calls than {EXPECTED} allows").into())
        }
    }
}

/// Returns a predicate for the names of existing operations: operations over HTTP, and functions with another trigger.
fn operations_of(template: &Template) -> Result<impl Fn(&str) -> bool + use<>, Failure> {
    let routes = document::exact_routes(functions::ALL)?;
    let routes: BTreeSet<_> = routes.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    let functions: BTreeSet<_> = template.functions.values().map(|function| function.name.clone()).collect();
    Ok(move |operation: &str| routes.contains(operation) || operation.split(' ').next().is_some_and(|name| functions.contains(name)))
}

/// Returns one line for each operation, so that a change that makes one more expensive changes a line. An operation without runs keeps its
/// line, because some tests need a browser, which is not on every machine.
fn expected(before: &str, known: impl Fn(&str) -> bool, operations: &mut BTreeMap<String, Runs>) -> String {
    let kept = before.lines().filter_map(|line| Some((line.split_once('\t')?.0, line))).filter(|(name, _)| known(name));
    let mut lines: BTreeMap<&str, String> = kept.map(|(name, line)| (name, format!("{line}\n"))).collect();
    lines.extend(costs(operations, typical_quarter).map(|(name, Cost { typical, upper_quartile, read, write })| {
        let line = format!("{name}\t{typical}\t{upper_quartile}\t{read}\t{write}\n");
        (name, line)
    }));
    lines.into_values().collect()
}

/// Returns the operations whose median is above the expected one. If about as many runs are above as below, the median is a matter of
/// chance, so it may be as high as the expected upper quartile.
fn more_expensive_than(expected: &str, operations: &mut BTreeMap<String, Runs>) -> Vec<String> {
    let may = read(expected);
    let judge = |(name, Cost { typical: median, .. }): (&str, Cost)| match may.get(name) {
        None => Some(format!("{name}: not in {EXPECTED}")),
        Some(Cost { upper_quartile, .. }) if median > *upper_quartile => {
            Some(format!("{name}: {median} calls in the median, and at most {upper_quartile} are allowed"))
        }
        Some(_) => None,
    };
    costs(operations, |_| MEDIAN).filter_map(judge).collect()
}

/// The quarters of the sorted runs below the median.
const MEDIAN: usize = 2;

/// Returns the quarters of the sorted runs of an operation that are below its typical run: the median, and of a schedule the lower quartile,
/// because most runs of a deployment's schedules find nothing to do, and most of those in tests do.
fn typical_quarter(operation: &str) -> usize {
    if operation.ends_with(SCHEDULED) { 1 } else { MEDIAN }
}

/// Returns the cost of each operation, with the run above so many quarters of them as the typical one.
fn costs(operations: &mut BTreeMap<String, Runs>, quarters_below: impl Fn(&str) -> usize) -> impl Iterator<Item = (&str, Cost)> {
    operations.iter_mut().filter_map(move |(name, runs)| {
        let runs = &mut runs.served;
        sort(runs);
        let at = |quarters: usize| runs.get(runs.len().saturating_mul(quarters) >> 2);
        let typical = at(quarters_below(name))?;
        Some((name.as_str(), Cost { typical: total(typical), upper_quartile: total(at(3)?), read: typical.rcu, write: typical.wcu }))
    })
}

fn sort(runs: &mut [Run]) {
    runs.sort_by(|a, b| total(a).cmp(&total(b)).then(a.rcu.total_cmp(&b.rcu)).then(a.wcu.total_cmp(&b.wcu)));
}

/// Returns one row for each operation: the numbers of refused and of successful runs; the minimum, median and maximum of the calls of the
/// successful ones, which calls they are, and the consumed units.
fn table(operations: &mut BTreeMap<String, Runs>) -> String {
    let mut out =
        "| operation | refused | done | calls min | median | max | median run | RCU | WCU |\n|---|--:|--:|--:|--:|--:|---|--:|--:|\n"
            .to_owned();
    for (operation, Runs { refused, served: runs }) in operations {
        sort(runs);
        let (Some(least), Some(median), Some(most)) = (runs.first(), runs.get(runs.len() >> 1), runs.last()) else { continue };
        let what: Vec<String> = median.calls.iter().map(|(call, n)| if *n == 1 { call.clone() } else { format!("{n} × {call}") }).collect();
        let row = format!(
            "| {operation} | {refused} | {} | {} | {} | {} | {} | {} | {} |\n",
            runs.len(),
            total(least),
            total(median),
            total(most),
            what.join(", "),
            median.rcu,
            median.wcu,
        );
        out += &row;
    }
    out
}

fn total(run: &Run) -> u32 {
    run.calls.values().sum()
}

/// Permissions that are used only in races that no test can cause. All functions that learn about a payment settle it with the same code. A
/// function that only asks about unpaid payments removes a plan only if another function has recorded its payment in the meantime.
const ONLY_IN_RACES: [(&str, &str); 1] = [("DonationsFunction", "dynamodb:DeleteItem")];

/// Returns the permissions that were never used.
fn unused(template: &Template, used: &BTreeSet<(String, String, String)>) -> Vec<String> {
    let mut unused = Vec::new();
    for function in template.functions.values() {
        for statement in function.statements.iter().filter(|s| s.get("Effect").is_some_and(|e| e == "Allow")) {
            for resource in strings(statement.get("Resource")) {
                for action in strings(statement.get("Action")) {
                    let was = |(f, a, r): &(String, String, String)| *f == function.logical_id && *a == action && matches(&resource, r);
                    let is_raced = ONLY_IN_RACES.contains(&(function.logical_id.as_str(), action.as_str()));
                    if !is_raced && !used.iter().any(was) {
                        unused.push(format!("{}: {action} on {resource}", function.name));
                    }
                }
            }
        }
    }
    unused
}

/// Returns a string or a list of strings, as in policies.
pub fn strings(value: Option<&serde_json::Value>) -> Vec<String> {
    match value {
        Some(serde_json::Value::String(one)) => vec![one.clone()],
        Some(serde_json::Value::Array(texts)) => texts.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}

/// Returns whether the resource of a policy, with `*` as a wildcard, matches an ARN.
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
    fn a_star_matches_anything() {
        assert!(matches("arn:aws:s3:::b/incoming/*", "arn:aws:s3:::b/incoming/usr/x"));
        assert!(!matches("arn:aws:s3:::b/incoming/*", "arn:aws:s3:::b/pictures/x"));
        assert!(matches("*", "anything") && matches("a*c*e", "abcde") && !matches("a*c", "abd") && !matches("a", "ab"));
    }

    #[test]
    fn a_more_expensive_operation_is_reported() {
        let all = |name: &str, runs: &[u32]| {
            let run = |n: &u32| Run { calls: BTreeMap::from([("dynamodb.GetItem".to_owned(), *n)]), rcu: 0.5, wcu: 0.0 };
            BTreeMap::from([(name.to_owned(), Runs { refused: 9, served: runs.iter().map(run).collect() })])
        };
        let before = expected("", |_| true, &mut all("GET /v1/me", &[3, 1, 2, 2]));
        assert_eq!(before, "GET /v1/me\t2\t3\t0.5\t0\n");
        let seal = "audit-seal Scheduled Event";
        assert_eq!(expected("", |_| true, &mut all(seal, &[9, 1, 9, 1])), format!("{seal}\t1\t9\t0.5\t0\n"), "most find nothing to do");
        let cost = Cost { typical: 2, upper_quartile: 3, read: 0.5, write: 0.0 };
        assert_eq!(read(&before), BTreeMap::from([("GET /v1/me".to_owned(), cost)]));
        assert!(more_expensive_than(&before, &mut all("GET /v1/me", &[3, 1, 3, 9])).is_empty());
        assert_eq!(
            more_expensive_than(&before, &mut all("GET /v1/me", &[4, 4, 1])),
            ["GET /v1/me: 4 calls in the median, and at most 3 are allowed"]
        );
        assert_eq!(more_expensive_than(&before, &mut all("GET /v1/new", &[1])), ["GET /v1/new: not in infra/calls.txt"]);
    }

    #[test]
    fn repetitions_of_a_change_do_not_count() {
        let run = |wcu| Run { calls: BTreeMap::new(), rcu: 1.0, wcu };
        let left = |name: &str, written: &[f64]| {
            let mut runs = Runs { refused: 0, served: written.iter().copied().map(run).collect() };
            runs.leave_out_repetitions(name);
            runs.served.len()
        };
        assert_eq!(left("POST /v1/orders", &[0.0, 25.0, 0.0, 0.0]), 1);
        assert_eq!(left("POST /v1/audit/searches", &[0.0, 0.0]), 2, "it never writes");
        assert_eq!(left("GET /v1/cart", &[0.0, 25.0]), 2);
        assert_eq!(left("outbox-relay Scheduled Event", &[0.0, 25.0]), 2);
    }

    #[test]
    fn an_operation_without_runs_keeps_its_line() {
        let run = Run { calls: BTreeMap::new(), rcu: 0.0, wcu: 0.0 };
        let mut operations = BTreeMap::from([("GET /v1/me".to_owned(), Runs { refused: 0, served: vec![run] })]);
        let known = |name: &str| ["GET /", "GET /v1/me"].contains(&name);
        let text = expected("GET /\t1\t2\t1\t0\nGET /gone\t3\t3\t0\t0\nGET /v1/me\t9\t9\t0\t0\n", known, &mut operations);
        assert_eq!(text, "GET /\t1\t2\t1\t0\nGET /v1/me\t0\t0\t0\t0\n");
    }

    #[test]
    fn operations_of_other_templates_do_not_count() {
        let template = repository::template().expect("template");
        let known = operations_of(&template).expect("routes");
        assert!(known("GET /v1/me") && known("outbox-relay") && known("deliver notice_due") && known("socket $connect"));
        assert!(!known("relay") && !known("GET /v1/gone") && !known("consumer mail_requested"));
    }

    #[test]
    fn a_row_has_the_median_run() {
        let run = |n| Run { calls: BTreeMap::from([("dynamodb.GetItem".to_owned(), n)]), rcu: 0.5, wcu: 0.0 };
        let mut operations = BTreeMap::from([("GET /v1/me".to_owned(), Runs { refused: 4, served: vec![run(3), run(1), run(2)] })]);
        assert!(table(&mut operations).ends_with("| GET /v1/me | 4 | 3 | 1 | 2 | 3 | 2 × dynamodb.GetItem | 0.5 | 0 |\n"));
    }
}
