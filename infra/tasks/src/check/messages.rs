//! Every message exists in every language, and every field error is used.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use kernel::{FieldError, Locale};

use super::Parts;
use crate::{Failure, repository};

/// Messages that exist in one language and not in another, and unused field errors.
pub fn findings(_: &Parts) -> Result<Vec<String>, Failure> {
    let mut findings = Vec::new();
    for place in ["shared", "functions", "infra"] {
        for folder in language_folders(&repository::root().join(place))? {
            findings.extend(compare(&folder)?);
        }
    }
    findings.extend(unused_fields(&repository::sources()?));
    Ok(findings)
}

/// Folders that have one folder for each language.
pub fn language_folders(under: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for entry in fs::read_dir(under)? {
        let path = entry?.path();
        if path.is_dir() {
            if Locale::ALL.iter().any(|l| path.join(l.tag()).is_dir()) {
                found.push(path);
            } else {
                found.extend(language_folders(&path)?);
            }
        }
    }
    Ok(found)
}

fn compare(folder: &Path) -> Result<Vec<String>, Failure> {
    let mut of = BTreeMap::new();
    for locale in Locale::ALL {
        of.insert(locale.tag(), messages(&folder.join(locale.tag()))?);
    }
    let all: BTreeSet<&String> = of.values().flatten().collect();
    let shown = folder.strip_prefix(repository::root()).unwrap_or(folder).display().to_string();
    let mut findings = Vec::new();
    for (tag, has) in &of {
        findings.extend(all.iter().filter(|m| !has.contains(**m)).map(|m| format!("{shown}: is missing in {tag}: {m}")));
    }
    Ok(findings)
}

/// Returns every file of a language, and every message of the Fluent files.
fn messages(folder: &Path) -> Result<BTreeSet<String>, Failure> {
    let mut found = BTreeSet::new();
    let Ok(entries) = fs::read_dir(folder) else { return Ok(found) };
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        if path.is_dir() {
            found.extend(messages(&path)?.into_iter().map(|m| format!("{name}/{m}")));
        } else {
            found.insert(name.clone());
            if path.extension().is_some_and(|e| e == "ftl") {
                found.extend(keys(&fs::read_to_string(&path)?).into_iter().map(|k| format!("{name}: {k}")));
            }
        }
    }
    Ok(found)
}

/// Returns the messages of a Fluent file, attributes as `message.attribute`.
fn keys(text: &str) -> BTreeSet<String> {
    let (mut keys, mut owner) = (BTreeSet::new(), "");
    for line in text.lines() {
        let Some((head, _)) = line.split_once('=') else { continue };
        match head.trim().strip_prefix('.') {
            None if !line.starts_with([' ', '\t', '#']) => {
                owner = head.trim();
                keys.insert(owner.to_owned());
            }
            Some(attribute) => drop(keys.insert(format!("{owner}.{attribute}"))),
            None => {}
        }
    }
    keys
}

/// Field errors that no source has. The API document lists all of them, and the compiler does not find unused public constants.
fn unused_fields(sources: &[(String, String)]) -> Vec<String> {
    let used: BTreeSet<String> = repository::named(sources, "FieldError::").map(str::to_ascii_lowercase).collect();
    let unused = FieldError::CODES.iter().filter(|code| !used.contains(**code));
    unused.map(|code| format!("no code has the field error {code}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_message_is_found() {
        let folder = std::env::temp_dir().join(format!("stoa-messages-{}", std::process::id()));
        for locale in Locale::ALL {
            let text = if locale == Locale::Pl { "a = A\n" } else { "a = A\n    .more = M\nb = B\n" };
            fs::create_dir_all(folder.join(locale.tag())).expect("made");
            fs::write(folder.join(locale.tag()).join("x.ftl"), text).expect("written");
        }
        let found = compare(&folder).expect("compared");
        fs::remove_dir_all(&folder).expect("removed");
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().all(|f| f.contains("is missing in pl")) && found.iter().any(|f| f.ends_with("x.ftl: a.more")), "{found:?}");
    }

    #[test]
    fn an_unused_field_error_is_found() {
        let code = "Err(FieldError::COUNTRY_BLOCKED); FieldError::TOO_LONG.with(\"max\", max)";
        let found = unused_fields(&[("x.rs".to_owned(), code.to_owned())]);
        for (field, is_found) in [("country", true), ("country_blocked", false), ("required", true), ("too_long", false)] {
            assert_eq!(found.contains(&format!("no code has the field error {field}")), is_found, "{found:?}");
        }
    }
}
