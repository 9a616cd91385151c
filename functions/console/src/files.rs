//! The files that are compiled in, compressed by `build.rs`.

use axum::response::Response;
use http::HeaderMap;
use web::{Error, File};

const FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// Answers with a file. A browser asks each time whether it has changed, so that the scripts of two versions are never mixed.
///
/// # Errors
/// `not_found` if there is no file of this name.
pub fn file(name: &str, content_type: &'static str, headers: &HeaderMap) -> Result<Response, Error> {
    web::file(FILES, name, content_type, "public, no-cache", headers)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use kernel::{Locale, Messages};

    use super::*;

    const TEXTS: Messages = Messages::new(kernel::in_every_language!("console.ftl"));
    /// Bytes of scripts as they are sent, beside those of the client, which has its own limit. Together they are at most 60 kB.
    const SCRIPTS_MAX: usize = 44_000;

    /// Returns the sources in `assets` with this extension.
    fn sources(extension: &str) -> Vec<(String, String)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
        let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let sources = paths.filter(|path| path.extension().is_some_and(|has| has == extension));
        sources.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&path).unwrap())).collect()
    }

    /// Returns the parts of a text between these two.
    fn between<'a>(text: &'a str, begin: &'a str, end: &'a str) -> impl Iterator<Item = &'a str> {
        text.split(begin).skip(1).filter_map(move |rest| rest.split(end).next())
    }

    #[test]
    fn the_scripts_are_small() {
        let bytes: usize =
            FILES.iter().filter(|file| Path::new(file.name).extension().is_some_and(|e| e == "js")).map(|file| file.gzip.len()).sum();
        assert!(bytes > 1_000 && bytes <= SCRIPTS_MAX, "{bytes} bytes");
    }

    #[test]
    fn what_a_script_imports_is_served() {
        for (name, source) in sources("js") {
            for import in between(&source, " from \"./", "\"").chain(between(&source, "import(\"./", "\"")) {
                assert!(file(import, "text/javascript", &HeaderMap::new()).is_ok(), "{name} imports {import}");
            }
        }
    }

    /// Returns the paths of the API that a script names, also those that begin with a constant of it.
    fn paths(source: &str) -> Vec<String> {
        let constants: Vec<(&str, &str)> = between(source, "const ", ";")
            .filter_map(|rest| rest.split_once(" = \"/v1"))
            .map(|(name, path)| (name, path.trim_end_matches('"')))
            .collect();
        let begun = constants.iter().flat_map(|(name, path)| {
            let begin = format!("`${{{name}}}/");
            source
                .split(&*begin)
                .skip(1)
                .filter_map(|rest| rest.split('`').next())
                .map(|rest| format!("/v1{path}/{rest}"))
                .collect::<Vec<_>>()
        });
        between(source, "\"/v1", "\"").map(|rest| format!("/v1{rest}")).chain(begun).collect()
    }

    #[test]
    fn the_screens_name_only_paths_that_there_are() {
        let document: serde_json::Value = serde_json::from_str(include_str!("../../../infra/openapi.json")).unwrap();
        let shape = |path: &str| path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part }).collect::<Vec<_>>().join("/");
        let known: BTreeSet<String> = document["paths"].as_object().unwrap().keys().map(|path| shape(path)).collect();
        let named: BTreeSet<String> = sources("js").iter().flat_map(|(_, source)| paths(source)).collect();
        assert!(named.len() > 40, "{named:?}");
        let missing: Vec<&String> = named.iter().filter(|path| !known.contains(&shape(path))).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn nothing_makes_html_or_code_of_texts() {
        for (name, source) in sources("js").into_iter().chain(sources("html")) {
            for forbidden in
                ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "srcdoc", "style=", "<script>"]
            {
                assert!(!source.contains(forbidden), "{name}: {forbidden}");
            }
        }
    }

    #[test]
    fn every_alarm_has_a_text() {
        let alarms: Vec<&str> = between(include_str!("../../../infra/operations.yaml"), "AlarmName: !Sub ${Stack}/", "\n").collect();
        assert!(!alarms.is_empty());
        for alarm in alarms {
            assert!(TEXTS.has(Locale::En, &format!("alarm-{alarm}")), "{alarm}");
        }
    }

    #[test]
    fn every_action_of_the_audit_has_a_text() {
        let document: serde_json::Value = serde_json::from_str(include_str!("../../../infra/openapi.json")).unwrap();
        let actions = document["components"]["schemas"]["AuditAction"]["enum"].as_array().unwrap();
        assert!(!actions.is_empty());
        for action in actions {
            assert!(TEXTS.has(Locale::En, &format!("action-{}", action.as_str().unwrap())), "{action}");
        }
    }

    #[test]
    fn every_text_is_in_every_language_and_used() {
        assert_eq!(TEXTS.faults(), [""; 0]);
        let scripts = sources("js");
        let mut used: BTreeSet<&str> = scripts.iter().flat_map(|(_, source)| between(source, "say(\"", "\"")).collect();
        // The beginnings of the keys of words: `word("order", state)` is `order-placed`.
        let words: BTreeSet<&str> = scripts.iter().flat_map(|(_, source)| between(source, "word(\"", "\"")).collect();
        let pages = sources("html");
        used.extend(pages.iter().flat_map(|(_, source)| between(source, "{{", "}}")));
        let has = TEXTS.keys(Locale::En);
        for key in used.iter().filter(|key| !["locale", "languages"].contains(key)) {
            assert!(has.contains(*key), "there is no {key}");
        }
        for key in &has {
            let word = words.iter().any(|word| key.strip_prefix(word).is_some_and(|rest| rest.starts_with('-')));
            assert!(word || used.contains(key.as_str()) || key == "language", "{key} is not used");
        }
    }
}
