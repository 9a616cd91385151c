//! Compresses the files that the function serves, fills the templates of its pages in every language, and extracts from the document
//! which methods each path has.

mod bundle;

use std::{env, error::Error, fs, path::PathBuf, sync::Arc};

use bundling::{gzip, lean};
use serde_json::Value;
use utoipa_swagger_ui::{Config, serve};

const DOCUMENT: &str = "../../infra/openapi.json";
const SOCKET_DOCUMENT: &str = "../../infra/asyncapi.json";
/// The style of every page.
const SHARED: &str = "../../shared/web/assets";
const STYLE: [&str; 3] = ["logo.svg", "palette.css", "stoa.css"];
/// The templates in `assets`. A page is named after its template and its language: `docs.pl.html`.
const PAGES: [&str; 3] = ["client", "docs", "flows"];
/// The parts that all of them have, also in `assets`.
const PARTS: [&str; 2] = ["head", "header"];
const LOCALES: &str = "locales";
/// The JavaScript client, and its types.
const CLIENT: &str = "client";
const SWAGGER_UI: [&str; 2] = ["swagger-ui.css", "swagger-ui-bundle.js"];

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo names no OUT_DIR")?);
    for read in [DOCUMENT, SOCKET_DOCUMENT, "assets", LOCALES, CLIENT, "bundle.rs", SHARED] {
        println!("cargo::rerun-if-changed={read}");
    }
    let document = fs::read(DOCUMENT)?;
    fs::write(out.join("paths.rs"), paths(&document)?)?;
    let mut files: Vec<(String, Vec<u8>)> =
        vec![("openapi.json".to_owned(), gzip(&document)?), ("asyncapi.json".to_owned(), gzip(&fs::read(SOCKET_DOCUMENT)?)?)];
    files.extend(pages()?);
    for asset in fs::read_dir("assets")?.chain(fs::read_dir(CLIENT)?) {
        let path = asset?.path();
        let name = path.file_name().and_then(|name| name.to_str()).ok_or("an asset has no name")?;
        if PAGES.iter().chain(&PARTS).any(|page| name == format!("{page}.html")) {
            continue;
        }
        if bundle::MODULES.contains(&name) {
            continue;
        }
        let is_script = path.starts_with(CLIENT) && path.extension().is_some_and(|extension| extension == "js");
        let content = if is_script { lean(&fs::read_to_string(&path)?).into_bytes() } else { fs::read(&path)? };
        files.push((name.to_owned(), gzip(&content)?));
    }
    let modules = bundle::MODULES.iter().map(|name| fs::read_to_string(PathBuf::from(CLIENT).join(name))).collect::<Result<Vec<_>, _>>()?;
    files.push((bundle::BUNDLE.to_owned(), gzip(lean(&bundle::bundled(&modules)?).as_bytes())?));
    for name in STYLE {
        files.push((name.to_owned(), gzip(&fs::read(PathBuf::from(SHARED).join(name))?)?));
    }
    for name in SWAGGER_UI {
        let file = serve(name, Arc::new(Config::default())).map_err(|e| e.to_string())?.ok_or("Swagger UI lacks a file")?;
        let compressed = if file.gzpipped { file.bytes.into_owned() } else { gzip(&file.bytes)? };
        files.push((name.to_owned(), compressed));
    }
    bundling::write(&out, files)?;
    Ok(())
}

/// Files by name.
type Files = Vec<(String, Vec<u8>)>;

/// Each page in each language: its template with each `{{key}}` replaced by a message.
fn pages() -> Result<Files, Box<dyn Error>> {
    let all = bundling::texts(LOCALES, "docs.ftl")?;
    let mut parts = Vec::new();
    for part in PARTS {
        parts.push((part.to_owned(), fs::read_to_string(format!("assets/{part}.html"))?.trim_end().to_owned()));
    }
    let mut pages = Vec::new();
    for (page, (language, messages)) in PAGES.iter().flat_map(|page| all.iter().map(move |one| (page, one))) {
        let words = format!("{page}.{language}.js");
        let has_words = fs::exists(format!("assets/{words}"))?;
        let words = if has_words { format!("<script src=\"/docs/{words}\"></script>\n    ") } else { String::new() };
        let given = [("locale", language.clone()), ("languages", bundling::other_languages(language, &all)?), ("words", words)];
        let here = PAGES.map(|one| {
            let mark = if one == *page { " aria-current=\"page\"" } else { "" };
            (format!("here-{one}"), mark.to_owned())
        });
        let given = given.map(|(key, text)| (key.to_owned(), text));
        // The parts come first, because they have keys of their own.
        let given: Vec<_> = parts.iter().cloned().chain(here).chain(given).chain(messages.iter().cloned()).collect();
        let html = bundling::filled(&fs::read_to_string(format!("assets/{page}.html"))?, &given);
        let html = html.map_err(|missing| format!("{page}.html in {language}: {missing}"))?;
        pages.push((format!("{page}.{language}.html"), gzip(html.as_bytes())?));
    }
    Ok(pages)
}

/// Each path of a document with its methods. HEAD is allowed wherever GET is.
fn paths(document: &[u8]) -> Result<String, Box<dyn Error>> {
    let document: Value = serde_json::from_slice(document)?;
    let paths = document.get("paths").and_then(Value::as_object).ok_or("the document has no paths")?;
    let listed = paths.iter().map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten().map(|(method, _)| method.to_uppercase());
        let methods: Vec<String> = methods.flat_map(|m| if m == "GET" { vec![m, "HEAD".to_owned()] } else { vec![m] }).collect();
        format!("({path:?}, &{methods:?})")
    });
    Ok(format!("&[\n{}]\n", listed.collect::<Vec<_>>().join(",\n")))
}
