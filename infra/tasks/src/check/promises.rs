//! The list of promises contains every promise of the system, and each promise has tests that refer to it by its name.

use std::collections::BTreeSet;

use super::Parts;
use crate::{Failure, repository};

/// The file of the list.
const LIST: &str = "tests/PROMISES.md";
/// The mark in the doc comment of a test, before the names of its promises, which are separated by commas.
const MARK: &str = "/// Promise: ";

/// Returns the differences between the list and the end-to-end tests.
///
/// # Errors
/// If a file cannot be read.
pub fn findings(_: &Parts) -> Result<Vec<String>, Failure> {
    Ok(compare(&repository::read(LIST)?, &repository::rust_files(&["tests"])?))
}

/// Lines of the list that are malformed or duplicates, promises without a test, and names in `sources` (path and text) that are not in
/// the list or not at a test.
fn compare(list: &str, sources: &[(String, String)]) -> Vec<String> {
    let (mut findings, mut promises, mut tested) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for (number, line) in (1_usize..).zip(list.lines()).filter(|(_, line)| line.starts_with('-')) {
        match promise(line) {
            None => findings.push(format!("{LIST}:{number}: must have the form - `name`: A sentence.")),
            Some(name) if !promises.insert(name) => findings.push(format!("{LIST}:{number}: {name} is in the list twice")),
            Some(_) => {}
        }
    }
    for Reference { name, place, at_test } in sources.iter().flat_map(|(path, text)| references(path, text)) {
        if !at_test {
            findings.push(format!("{place}: names a promise, but is not the doc comment of a test"));
        } else if !promises.contains(name) {
            findings.push(format!("{place}: {LIST} has no promise {name}"));
        }
        tested.insert(name);
    }
    let untested = promises.difference(&tested);
    findings.extend(untested.map(|name| format!("{LIST}: no test names the promise {name}")));
    findings
}

/// Returns the name of the promise in a line of the list.
fn promise(line: &str) -> Option<&str> {
    let (name, text) = line.strip_prefix("- `")?.split_once("`: ")?;
    (!name.is_empty() && text.ends_with('.')).then_some(name)
}

/// A name of a promise in a source.
struct Reference<'a> {
    name: &'a str,
    /// The file and the line.
    place: String,
    /// Whether it is in the doc comment of a test.
    at_test: bool,
}

/// Returns the names of promises in a source.
fn references<'a>(path: &str, text: &'a str) -> Vec<Reference<'a>> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let mut found = Vec::new();
    for (index, names) in lines.iter().enumerate().filter_map(|(index, line)| Some((index, line.strip_prefix(MARK)?))) {
        let item = lines.iter().skip(index).take_while(|line| line.starts_with("///") || line.starts_with("#["));
        let at_test = item.into_iter().any(|line| repository::marks_test(line));
        let place = format!("{path}:{}", index.saturating_add(1));
        found.extend(names.split(',').map(|name| Reference { name: name.trim(), place: place.clone(), at_test }));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTED: &str = "# Promises\n\n## Codes\n\n- `code-once`: A code is used once.\n- `link-once`: A link is used once.\n";

    fn compared(list: &str, test: &str) -> Vec<String> {
        compare(list, &[("tests/end_to_end/codes.rs".to_owned(), test.to_owned())])
    }

    fn test(names: &str) -> String {
        format!("/// One holds.\n/// Promise: {names}\n#[tokio::test(flavor = \"multi_thread\")]\n#[ignore]\nasync fn one_holds() {{}}\n")
    }

    #[test]
    fn each_promise_has_a_test_and_each_name_a_promise() {
        assert_eq!(compared(LISTED, &test("code-once, link-once")), [""; 0]);
        assert_eq!(compared(LISTED, &test("code-once")), ["tests/PROMISES.md: no test names the promise link-once"]);
        assert_eq!(
            compared(LISTED, &test("code-once, link-once, link-twice")),
            ["tests/end_to_end/codes.rs:2: tests/PROMISES.md has no promise link-twice"]
        );
    }

    #[test]
    fn a_name_is_in_the_doc_comment_of_a_test() {
        let helper = "/// Promise: code-once, link-once\nfn helper() {}\n#[test]\nfn other() {}\n";
        let wrong = "tests/end_to_end/codes.rs:1: names a promise, but is not the doc comment of a test";
        assert_eq!(compared(LISTED, helper), [wrong, wrong]);
    }

    #[test]
    fn a_line_of_the_list_is_a_name_and_a_sentence_and_unique() {
        for (line, wrong) in [
            ("- code-twice: A code is used twice.", "PROMISES.md:7: must have the form"),
            ("- `code-twice` A code is used twice.", "PROMISES.md:7: must have the form"),
            ("- `code-twice`: a code", "PROMISES.md:7: must have the form"),
            ("- `code-once`: A code is used once more.", "PROMISES.md:7: code-once is in the list twice"),
        ] {
            let found = compared(&format!("{LISTED}{line}\n"), &test("code-once, link-once")).join("\n");
            assert!(found.contains(wrong), "{line}: {found}");
        }
    }
}
