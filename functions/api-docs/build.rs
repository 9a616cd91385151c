//! Compresses the files that the function serves, fills the templates of its pages in every language, and extracts from the document
//! which methods each path has.

mod bundle;

use std::{env, error::Error, fmt::Write as _, fs, io::Write as _, path::PathBuf, sync::Arc};

use flate2::{Compression, write::GzEncoder};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use utoipa_swagger_ui::{Config, serve};

const DOCUMENT: &str = "../../infra/openapi.json";
const SOCKET_DOCUMENT: &str = "../../infra/asyncapi.json";
/// The style of every page.
const SHARED: &str = "../../shared/web/assets";
const STYLE: [&str; 3] = ["logo.svg", "palette.css", "stoa.css"];
/// The templates in `assets`. A page is named after its template and its language: `docs.pl.html`.
const PAGES: [&str; 3] = ["client", "docs", "flows"];
const LANGUAGES: [&str; 2] = ["en", "pl"];
/// The JavaScript client, and its types.
const CLIENT: &str = "client";
const SWAGGER_UI: [&str; 2] = ["swagger-ui.css", "swagger-ui-bundle.js"];

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo names no OUT_DIR")?);
    println!("cargo::rerun-if-changed={DOCUMENT}");
    println!("cargo::rerun-if-changed={SOCKET_DOCUMENT}");
    println!("cargo::rerun-if-changed=assets");
    println!("cargo::rerun-if-changed=locales");
    println!("cargo::rerun-if-changed={CLIENT}");
    println!("cargo::rerun-if-changed=bundle.rs");
    println!("cargo::rerun-if-changed={SHARED}");
    let document = fs::read(DOCUMENT)?;
    fs::write(out.join("paths.rs"), paths(&document)?)?;
    let mut files: Vec<(String, Vec<u8>)> =
        vec![("openapi.json".to_owned(), gzip(&document)?), ("asyncapi.json".to_owned(), gzip(&fs::read(SOCKET_DOCUMENT)?)?)];
    for (page, language) in PAGES.iter().flat_map(|page| LANGUAGES.map(|language| (page, language))) {
        files.push((format!("{page}.{language}.html"), gzip(filled(page, language)?.as_bytes())?));
    }
    for asset in fs::read_dir("assets")?.chain(fs::read_dir(CLIENT)?) {
        let path = asset?.path();
        let name = path.file_name().and_then(|name| name.to_str()).ok_or("an asset has no name")?;
        if PAGES.iter().any(|page| name == format!("{page}.html")) {
            continue;
        }
        if bundle::MODULES.contains(&name) {
            continue;
        }
        let is_script = path.starts_with(CLIENT) && path.extension().is_some_and(|extension| extension == "js");
        let content = if is_script { bundle::lean(&fs::read_to_string(&path)?).into_bytes() } else { fs::read(&path)? };
        files.push((name.to_owned(), gzip(&content)?));
    }
    let modules = bundle::MODULES.iter().map(|name| fs::read_to_string(PathBuf::from(CLIENT).join(name))).collect::<Result<Vec<_>, _>>()?;
    files.push((bundle::BUNDLE.to_owned(), gzip(bundle::lean(&bundle::bundled(&modules)?).as_bytes())?));
    for name in STYLE {
        files.push((name.to_owned(), gzip(&fs::read(PathBuf::from(SHARED).join(name))?)?));
    }
    for name in SWAGGER_UI {
        let file = serve(name, Arc::new(Config::default())).map_err(|e| e.to_string())?.ok_or("Swagger UI lacks a file")?;
        let compressed = if file.gzpipped { file.bytes.into_owned() } else { gzip(&file.bytes)? };
        files.push((name.to_owned(), compressed));
    }
    files.sort();
    let mut listed = Vec::new();
    for (name, compressed) in &files {
        fs::write(out.join(name), compressed)?;
        let hash: String = Sha256::digest(compressed).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        listed.push(format!("File {{ name: {name:?}, hash: {hash:?}, gzip: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}\")) }}"));
    }
    fs::write(out.join("files.rs"), format!("&[\n{}]\n", listed.join(",\n")))?;
    Ok(())
}

/// A page in a language: its template with each `{{key}}` replaced by a message.
fn filled(page: &str, language: &str) -> Result<String, Box<dyn Error>> {
    let mut html = fs::read_to_string(format!("assets/{page}.html"))?.replace("{{locale}}", language);
    let mut others = String::new();
    for other in LANGUAGES.iter().filter(|other| **other != language) {
        let name = messages(other)?.into_iter().find(|(key, _)| key == "language").ok_or("a language has no name")?.1;
        write!(others, "<li><a href=\"?lang={other}\" hreflang=\"{other}\" lang=\"{other}\">{name}</a></li>")?;
    }
    html = html.replace("{{languages}}", &others);
    let words = format!("{page}.{language}.js");
    let has_words = fs::exists(format!("assets/{words}"))?;
    html = html.replace("{{words}}", &if has_words { format!("<script src=\"/docs/{words}\"></script>\n    ") } else { String::new() });
    for (key, text) in messages(language)? {
        html = html.replace(&format!("{{{{{key}}}}}"), &text);
    }
    match html.split_once("{{").and_then(|(_, rest)| rest.split_once("}}")) {
        None => Ok(html),
        Some((key, _)) => Err(format!("{page}.html: there is no {key} in {language}").into()),
    }
}

/// The messages of a language, each in one line: `key = text`. A test compares the languages.
fn messages(language: &str) -> Result<Vec<(String, String)>, Box<dyn Error>> {
    let source = fs::read_to_string(format!("locales/{language}/docs.ftl"))?;
    let lines = source.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" = "));
    Ok(lines.map(|(key, text)| (key.to_owned(), text.to_owned())).collect())
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

fn gzip(bytes: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}
