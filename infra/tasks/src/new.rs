//! `cargo xtask new NAME`: creates a function with one operation for signed-in members, its block in the template, its events and its test.
//!
//! The templates of the files are in `infra/tasks/new/`, with `feature-name`, `feature_name` and `FeatureName` for the name. The
//! library there is compiled with the tests of this module.

use std::fs;

use local::functions;

use crate::{
    Failure, document,
    repository::{self, logical_id, pascal_case},
    sync,
};

/// The files of a function, by their paths.
const FILES: [(&str, &str); 7] = [
    ("functions/feature-name/Cargo.toml", include_str!("../new/manifest.toml")),
    ("functions/feature-name/src/main.rs", include_str!("../new/main.rs")),
    ("functions/feature-name/src/lib.rs", include_str!("../new/lib.rs")),
    ("functions/feature-name/src/show.rs", include_str!("../new/show.rs")),
    ("events/feature-name/show.json", include_str!("../new/event.json")),
    ("events/feature-name/show.answer.json", include_str!("../new/answer.json")),
    ("tests/end_to_end/feature_name.rs", include_str!("../new/test.rs")),
];
/// The function's block in the template.
const BLOCK: &str = include_str!("../new/template.yaml");

const TEMPLATE: &str = "template.yaml";
/// The file that declares the modules of end-to-end tests.
const TESTS: &str = "tests/end_to_end/main.rs";

/// The most characters of a name, so that lines with it stay within the line length.
const NAME_MAX: usize = 30;
/// Names that a crate cannot have: Rust's own crates and keywords.
const RESERVED: &[&str] = &[
    "abstract", "alloc", "as", "async", "await", "become", "box", "break", "const", "continue", "core", "crate", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut",
    "override", "priv", "pub", "ref", "return", "self", "static", "std", "struct", "super", "test", "trait", "true", "try", "type",
    "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Creates a function with this name, and updates the generated files.
///
/// # Errors
/// If the name is not valid or already used. Then nothing is written.
pub fn run(name: &str) -> Result<(), Failure> {
    is_crate_name(name)?;
    is_free(name)?;
    let template = with_block(&repository::read(TEMPLATE)?, name)?;
    let tests = with_module(&repository::read(TESTS)?, name);
    for (path, text) in FILES {
        write(&named(path, name), &named(text, name))?;
    }
    write(TEMPLATE, &template)?;
    write(TESTS, &tests)?;
    sync::run()?;
    println!(
        "\nThe example returns the caller's username. Replace it by the feature: README.md, Adding a feature, lists what belongs where."
    );
    Ok(())
}

fn write(path: &str, text: &str) -> Result<(), Failure> {
    let file = repository::root().join(path);
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(file, text).map_err(|e| format!("{path}: {e}"))?;
    println!("{path}: written");
    Ok(())
}

/// Returns one of the [`FILES`] with the function's name.
fn named(text: &str, name: &str) -> String {
    text.replace("feature-name", name).replace("feature_name", &module(name)).replace("FeatureName", &pascal_case(name))
}

/// Returns the name of a crate in Rust.
fn module(name: &str) -> String {
    name.replace('-', "_")
}

fn is_crate_name(name: &str) -> Result<(), Failure> {
    let word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.split('-').all(word) {
        return Err(format!("{name}: not words of lower-case letters and digits with hyphens between them, such as `gift-cards`").into());
    }
    if name.len() > NAME_MAX {
        return Err(format!("{name}: more than {NAME_MAX} characters").into());
    }
    if RESERVED.contains(&name) {
        return Err(format!("{name}: a word of Rust's own").into());
    }
    Ok(())
}

/// Checks that no package, file, resource or route has this name.
fn is_free(name: &str) -> Result<(), Failure> {
    if repository::read("Cargo.lock")?.contains(&format!("\nname = \"{name}\"\n")) {
        return Err(format!("{name}: there is a package of this name").into());
    }
    let paths = FILES.map(|(path, _)| named(path, name));
    let folders = [format!("functions/{name}"), format!("events/{name}")];
    if let Some(path) = paths.iter().chain(&folders).find(|path| repository::root().join(path).exists()) {
        return Err(format!("{path}: there already").into());
    }
    if repository::read(TEMPLATE)?.contains(&format!("\n  {}:\n", logical_id(name))) {
        return Err(format!("{TEMPLATE}: {} is there already", logical_id(name)).into());
    }
    let path = format!("/v1/me/{name}");
    match document::exact_routes(functions::ALL)?.into_iter().find(|route| route.path == path) {
        Some(route) => Err(format!("{path}: a route of {}", route.function).into()),
        None => Ok(()),
    }
}

/// Returns the template with the function's block after that of the last function.
fn with_block(template: &str, name: &str) -> Result<String, Failure> {
    let function = "\n    Type: AWS::Serverless::Function\n";
    let (before, last) = template.rsplit_once(function).ok_or_else(|| format!("{TEMPLATE}: no function"))?;
    let (last, after) = last.split_once("\n\n").ok_or_else(|| format!("{TEMPLATE}: no blank line behind the last function"))?;
    Ok(format!("{before}{function}{last}\n\n{}\n{after}", named(BLOCK, name)))
}

/// Returns the list of test modules with the function's, in order.
fn with_module(tests: &str, name: &str) -> String {
    let own = format!("mod {};", module(name));
    let (mut modules, others): (Vec<&str>, Vec<&str>) = tests.lines().partition(|line| line.starts_with("mod "));
    modules.push(&own);
    modules.sort_unstable();
    [others, modules].concat().join("\n") + "\n"
}

#[cfg(test)]
#[path = "../new/lib.rs"]
mod sample;

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use local::functions::Registered;

    use super::*;
    use crate::check;

    #[test]
    fn names_are_those_of_crates() {
        for name in ["gifts", "gift-cards", "gifts2"] {
            assert!(is_crate_name(name).is_ok(), "{name}");
        }
        for name in ["", "-", "Gifts", "gift_cards", "gift--cards", "-gifts", "gifts-", "2gifts", "geschäft", "../gifts", "match", "core"]
        {
            assert!(is_crate_name(name).is_err(), "{name}");
        }
        assert!(is_crate_name(&"a".repeat(NAME_MAX)).is_ok() && is_crate_name(&"a".repeat(NAME_MAX + 1)).is_err());
    }

    #[test]
    fn what_is_there_is_refused() {
        for (name, why) in [
            ("rooms", "there is a package"),
            ("store", "there is a package"),
            ("serde", "there is a package"),
            ("sweep", "tests/end_to_end/sweep.rs: there already"),
            ("devices", "/v1/me/devices: a route of mfa"),
        ] {
            let refused = is_free(name).expect_err(name).to_string();
            assert!(refused.contains(why), "{name}: {refused}");
        }
        assert!(is_free("feature-name").is_ok());
    }

    #[test]
    fn a_new_function_keeps_the_contracts() {
        let template = with_block(&repository::read(TEMPLATE).expect("read"), "feature-name").expect("added");
        let sample = Registered {
            name: "feature-name",
            start: |boot| sample::start(boot).boxed(),
            description: Some(sample::description),
            heard: &[],
            items: &[],
        };
        let event = FILES.iter().find(|(path, _)| *path == "events/feature-name/show.json").map(|(_, text)| *text).expect("an event");
        assert_eq!(check::samples::broken(sample, &template, event), [""; 0]);
    }

    #[test]
    fn a_block_stands_behind_the_last_function() {
        let template = "Resources:\n  AFunction:\n    Type: AWS::Serverless::Function\n    Properties: {}\n\n  # More\n  B: {}\n";
        let with = with_block(template, "gift-cards").expect("added");
        assert!(with.contains("    Properties: {}\n\n  GiftCardsFunction:\n"), "{with}");
        assert!(with.contains("CodeUri: functions/gift-cards\n") && with.ends_with("StateTable.Arn\n\n  # More\n  B: {}\n"), "{with}");
        assert!(with_block("Resources:\n", "gift-cards").is_err());
    }

    #[test]
    fn test_modules_stay_sorted() {
        let tests = "//! Tests.\n\nmod chat;\nmod invites;\n";
        assert_eq!(with_module(tests, "gift-cards"), "//! Tests.\n\nmod chat;\nmod gift_cards;\nmod invites;\n");
    }
}
