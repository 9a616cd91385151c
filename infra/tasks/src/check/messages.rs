//! Every message exists in every language.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use kernel::{FieldError, Locale};

use super::Parts;
use crate::{Failure, repository};

/// Messages that exist in one language and not in another.
pub fn findings(_: &Parts) -> Result<Vec<String>, Failure> {
    let mut findings = Vec::new();
    for place in ["shared", "functions", "infra"] {
        for folder in language_folders(&repository::root().join(place))? {
            findings.extend(compare(&folder)?);
        }
    }
    let sources = repository::sources()?;
    findings.extend(sources.iter().flat_map(|(file, code)| unknown_fields(file, code)));
    findings.extend(unused_fields(&sources.iter().map(|(_, code)| code.as_str()).collect::<Vec<_>>()));
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

/// Every file of a language, and every message of the Fluent files.
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

/// The messages of a Fluent file, attributes as `message.attribute`.
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

/// Codes of field errors in a source that have no message in any language.
fn unknown_fields(file: &str, code: &str) -> Vec<String> {
    let named = code.split("FieldError::new(\"").skip(1).map(|rest| rest.split('"').next().unwrap_or_default());
    let unknown = named.filter(|field| !Locale::default().has(&format!("{}{field}", FieldError::MESSAGE)));
    unknown.map(|field| format!("{file}: there is no message field-{field}")).collect()
}

/// Messages of field errors that no source has. The document lists all of them as codes.
fn unused_fields(sources: &[&str]) -> Vec<String> {
    let all = Locale::default().keys().into_iter().filter_map(|key| key.strip_prefix(FieldError::MESSAGE).map(str::to_owned));
    let unused = all.filter(|code| !sources.iter().any(|source| source.contains(&format!("FieldError::new(\"{code}\")"))));
    unused.map(|code| format!("nothing has the field error {code}, which has a message")).collect()
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
    fn a_message_without_a_field_error_is_found() {
        let found = unused_fields(&["FieldError::new(\"required\")"]);
        assert!(found.len() > 10 && !found.iter().any(|finding| finding.contains(" required,")), "{found:?}");
    }

    #[test]
    fn a_field_error_without_a_message_is_found() {
        let code = r#"Err(FieldError::new("required")); Err(FieldError::new("no_such_thing"))"#;
        assert_eq!(unknown_fields("x.rs", code), ["x.rs: there is no message field-no_such_thing"]);
    }
}
