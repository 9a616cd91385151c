//! Whether everything that is said is said in every language.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use kernel::Locale;

use crate::{Failure, repository};

/// What one language has and another lacks.
pub fn findings() -> Result<Vec<String>, Failure> {
    let mut findings = Vec::new();
    for place in ["shared", "functions"] {
        for folder in language_folders(&repository::root().join(place))? {
            findings.extend(compare(&folder)?);
        }
    }
    findings.extend(unknown_fields()?);
    Ok(findings)
}

/// Folders with one folder per language in them.
fn language_folders(under: &Path) -> Result<Vec<PathBuf>, Failure> {
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
        findings.extend(all.iter().filter(|m| !has.contains(**m)).map(|m| format!("{shown}: {tag} lacks {m}")));
    }
    Ok(findings)
}

/// Every file of a language, and every message of those that are lists of messages.
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

/// Codes of wrong fields that the sources name and no language has a message for.
fn unknown_fields() -> Result<Vec<String>, Failure> {
    let mut findings = Vec::new();
    for file in sources(&repository::root())? {
        let text = fs::read_to_string(&file)?;
        // What is below only tests, and may make things up.
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (_, rest) in code.match_indices("FieldError::new(\"").map(|(at, found)| code.split_at(at.saturating_add(found.len()))) {
            let field = rest.split('"').next().unwrap_or_default();
            if !Locale::default().has(&format!("field-{field}")) {
                let shown = file.strip_prefix(repository::root()).unwrap_or(&file).display();
                findings.push(format!("{shown}: there is no message field-{field}"));
            }
        }
    }
    Ok(findings)
}

fn sources(root: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    let mut folders = vec![root.join("shared"), root.join("functions")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_message_is_found() {
        let folder = std::env::temp_dir().join(format!("stoa-messages-{}", std::process::id()));
        for (language, text) in [("en", "a = A\n    .more = M\nb = B\n"), ("pl", "a = A\n")] {
            fs::create_dir_all(folder.join(language)).expect("made");
            fs::write(folder.join(language).join("x.ftl"), text).expect("written");
        }
        let found = compare(&folder).expect("compared");
        fs::remove_dir_all(&folder).expect("removed");
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().all(|f| f.contains("pl lacks")) && found.iter().any(|f| f.ends_with("x.ftl: a.more")), "{found:?}");
    }
}
