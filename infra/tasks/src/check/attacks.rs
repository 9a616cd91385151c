//! The table of attacks lists each attack on the system, the requirement that it must not break, and the tests of it, which must
//! exist.

use std::{collections::BTreeSet, path::Path};

use super::Parts;
use crate::{Failure, repository};

/// The file of the table.
const TABLE: &str = "tests/ATTACKS.md";
/// Its columns.
const HEADER: [&str; 3] = ["attack", "requirement", "test"];

/// Returns the findings about the table.
pub fn findings(_: &Parts) -> Result<Vec<String>, Failure> {
    let files = repository::rust_files(&["tests", "shared", "functions", "infra"])?;
    let tests = files.iter().flat_map(|(path, text)| tests_in(path, text)).collect();
    Ok(judge(&repository::read(TABLE)?, &tests))
}

/// Rows without three filled cells, duplicate rows, and rows with a test that does not exist.
fn judge(table: &str, tests: &BTreeSet<String>) -> Vec<String> {
    let mut rows = table.lines().enumerate().filter(|(_, line)| line.starts_with('|'));
    let (header, rule) = (rows.next().map(|(_, line)| cells(line)), rows.next().map(|(_, line)| cells(line)));
    let dashes =
        |cells: Vec<&str>| cells.len() == HEADER.len() && cells.iter().all(|cell| !cell.is_empty() && cell.chars().all(|c| c == '-'));
    if header.is_none_or(|header| header != HEADER) || !rule.is_some_and(dashes) {
        return vec![format!("{TABLE}: the columns must be {}", HEADER.join(", "))];
    }
    let (mut findings, mut attacks) = (Vec::new(), BTreeSet::new());
    for (number, line) in rows {
        let mut wrong = |what: &str| findings.push(format!("{TABLE}:{}: {what}", number.saturating_add(1)));
        let row = cells(line);
        let &[attack, requirement, named] = row.as_slice() else {
            wrong("must have three cells");
            continue;
        };
        if attack.is_empty() || requirement.is_empty() {
            wrong("has an empty cell");
        }
        if !attacks.insert(attack) {
            wrong("this attack is listed twice");
        }
        for test in named.split(", ") {
            match test.strip_prefix('`').and_then(|test| test.strip_suffix('`')) {
                None => wrong("tests must have the form `module::name`, `module::name`"),
                Some(test) if !tests.contains(test) => wrong(&format!("there is no test {test}")),
                Some(_) => {}
            }
        }
    }
    if attacks.is_empty() {
        findings.push(format!("{TABLE}: has no rows"));
    }
    findings
}

/// Returns the cells of a row.
fn cells(line: &str) -> Vec<&str> {
    line.trim().trim_matches('|').split('|').map(str::trim).collect()
}

/// Returns the tests in a source, as `module::name`.
fn tests_in(path: &str, text: &str) -> Vec<String> {
    let path = Path::new(path);
    let stem = |path: &Path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    // `picture/mod.rs` is the module `picture`.
    let module = if stem(path) == "mod" { path.parent().map(stem).unwrap_or_default() } else { stem(path) };
    let (mut found, mut marked) = (Vec::new(), false);
    for line in text.lines().map(str::trim) {
        if repository::marks_test(line) {
            marked = true;
        } else if let Some((_, rest)) = line.split_once("fn ").filter(|_| marked) {
            found.push(format!("{module}::{}", rest.split('(').next().unwrap_or_default()));
            marked = false;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const TESTS: &str = "fn helper() {}\n#[test]\nfn one_holds() {}\n#[tokio::test(flavor = \"multi_thread\")]\n#[ignore]\nasync fn two_holds() {}\nfn other() {}\n";

    fn judged(rows: &str) -> Vec<String> {
        let tests = tests_in("tests/end_to_end/mfa.rs", TESTS).into_iter().collect();
        judge(&format!("# Attacks\n\n| attack | requirement | test |\n|---|---|---|\n{rows}"), &tests)
    }

    #[test]
    fn tests_are_found_by_their_attribute() {
        assert_eq!(tests_in("tests/end_to_end/mfa.rs", TESTS), ["mfa::one_holds", "mfa::two_holds"]);
        assert_eq!(tests_in("functions/profile/src/picture/mod.rs", TESTS), ["picture::one_holds", "picture::two_holds"]);
    }

    #[test]
    fn a_row_names_tests_that_exist() {
        let good = "| a | b | `mfa::one_holds` |\n| c | d | `mfa::one_holds`, `mfa::two_holds` |\n";
        assert_eq!(judged(good), Vec::<String>::new());
        for (rows, wrong) in [
            ("", "no rows"),
            ("| a | b | `mfa::three_holds` |", "ATTACKS.md:5: there is no test mfa::three_holds"),
            ("| a | b | `mfa::one_holds`, `mfa::helper` |", "there is no test mfa::helper"),
            ("| a | b | `one_holds` |", "there is no test one_holds"),
            ("| a | b | mfa::one_holds |", "must have the form"),
            ("| a | b | |", "must have the form"),
            ("| a | | `mfa::one_holds` |", "has an empty cell"),
            ("| a | `mfa::one_holds` |", "must have three cells"),
            ("| a | b | c | `mfa::one_holds` |", "must have three cells"),
            ("| a | b | `mfa::one_holds` |\n| a | c | `mfa::two_holds` |", "is listed twice"),
        ] {
            let found = judged(rows).join("\n");
            assert!(found.contains(wrong), "{rows}: {found}");
        }
        assert!(judge("| test | attack |\n|---|---|\n", &BTreeSet::new()).join("").contains("the columns must be"));
    }
}
