//! Compresses the files that the function serves, fills the templates of its pages in every language, and extracts the methods of each path
//! from the OpenAPI document.

mod bundle;

use std::{env, error::Error, fmt::Write as _, fs, path::PathBuf, sync::Arc};

use bundling::{gzip, lean, smallest};
use serde_json::Value;
use utoipa_swagger_ui::{Config, serve};

const DOCUMENT: &str = "../../infra/openapi.json";
const SOCKET_DOCUMENT: &str = "../../infra/asyncapi.json";
/// The style of every page.
const SHARED: &str = "../../shared/web/assets";
const STYLE: [&str; 3] = ["logo.svg", "palette.css", "stoa.css"];
/// The templates in `assets`. A page is named after its template and its language: `docs.pl.html`.
const PAGES: [&str; 3] = ["client", "docs", "flows"];
/// The templates of the parts that all pages share, also in `assets`.
const PARTS: [&str; 2] = ["head", "header"];
const LOCALES: &str = "locales";
/// One file for each other project, with a line for each of its functions and what replaces it here. The page `from` links to all of them.
const PROJECTS: &str = "projects";
/// The template of the pages about them.
const PROJECT: &str = "from.html";
/// The JavaScript client, and its types.
const CLIENT: &str = "client";
const SWAGGER_UI: [&str; 2] = ["swagger-ui.css", "swagger-ui-bundle.js"];

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo names no OUT_DIR")?);
    for read in [DOCUMENT, SOCKET_DOCUMENT, "assets", LOCALES, PROJECTS, CLIENT, "bundle.rs", SHARED] {
        println!("cargo::rerun-if-changed={read}");
    }
    let document = fs::read(DOCUMENT)?;
    fs::write(out.join("paths.rs"), paths(&document)?)?;
    let mut files: Vec<(String, Vec<u8>)> =
        vec![("openapi.json".to_owned(), gzip(&document)?), ("asyncapi.json".to_owned(), gzip(&fs::read(SOCKET_DOCUMENT)?)?)];
    files.extend(pages()?);
    files.extend(project_pages()?);
    for asset in fs::read_dir("assets")?.chain(fs::read_dir(CLIENT)?) {
        let path = asset?.path();
        let name = path.file_name().and_then(|name| name.to_str()).ok_or("an asset has no name")?;
        if name == PROJECT || PAGES.iter().chain(&PARTS).any(|page| name == format!("{page}.html")) {
            continue;
        }
        if bundle::MODULES.contains(&name) {
            continue;
        }
        let is_script = path.starts_with(CLIENT) && path.extension().is_some_and(|extension| extension == "js");
        let compressed = if is_script { smallest(lean(&fs::read_to_string(&path)?).as_bytes())? } else { gzip(&fs::read(&path)?)? };
        files.push((name.to_owned(), compressed));
    }
    let modules = bundle::MODULES.iter().map(|name| fs::read_to_string(PathBuf::from(CLIENT).join(name))).collect::<Result<Vec<_>, _>>()?;
    files.push((bundle::BUNDLE.to_owned(), smallest(lean(&bundle::bundled(&modules)?).as_bytes())?));
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

/// Returns each page in each language: its template with each `{{key}}` replaced by a message.
fn pages() -> Result<Files, Box<dyn Error>> {
    let all = bundling::texts(LOCALES, "docs.ftl")?;
    let mut pages = Vec::new();
    for (page, (language, messages)) in PAGES.iter().flat_map(|page| all.iter().map(move |one| (page, one))) {
        let words = format!("{page}.{language}.js");
        let has_words = fs::exists(format!("assets/{words}"))?;
        let words = if has_words { format!("<script src=\"/docs/{words}\"></script>\n    ") } else { String::new() };
        let given = [("locale", language.clone()), ("languages", bundling::other_languages(language, &all)?), ("words", words)];
        let given = given.map(|(key, text)| (key.to_owned(), text));
        let given: Vec<_> = parts(page)?.into_iter().chain(given).chain(messages.iter().cloned()).collect();
        let html = bundling::filled(&fs::read_to_string(format!("assets/{page}.html"))?, &given);
        let html = html.map_err(|missing| format!("{page}.html in {language}: {missing}"))?;
        pages.push((format!("{page}.{language}.html"), gzip(html.as_bytes())?));
    }
    Ok(pages)
}

/// Returns the parts that a page shares with the others, and which of them it is. They come before its texts, because they have keys of
/// their own.
fn parts(page: &str) -> Result<Vec<(String, String)>, Box<dyn Error>> {
    let mut parts = Vec::new();
    for part in PARTS {
        parts.push((part.to_owned(), fs::read_to_string(format!("assets/{part}.html"))?.trim_end().to_owned()));
    }
    for one in PAGES.iter().chain(&["from"]) {
        let mark = if *one == page { " aria-current=\"page\"" } else { "" };
        parts.push((format!("here-{one}"), mark.to_owned()));
    }
    Ok(parts)
}

/// Returns each page about another project, in each language.
fn project_pages() -> Result<Files, Box<dyn Error>> {
    let (common, template) = (bundling::texts(LOCALES, "docs.ftl")?, fs::read_to_string(format!("assets/{PROJECT}"))?);
    let mut names = fs::read_dir(PROJECTS)?.map(|file| Ok(file?.path())).collect::<Result<Vec<PathBuf>, std::io::Error>>()?;
    names.sort();
    let names = names.iter().filter_map(|path| path.file_stem()?.to_str()).collect::<Vec<_>>();
    let mut pages = Vec::new();
    for name in &names {
        let rows = fs::read_to_string(format!("{PROJECTS}/{name}.txt"))?;
        for ((language, messages), (_, own)) in common.iter().zip(bundling::texts(LOCALES, &format!("{name}.ftl"))?) {
            let table = table(&rows, &own, messages).map_err(|missing| format!("{name} in {language}: {missing}"))?;
            let links = links(&names, name, messages)?;
            let given = [("locale", language.clone()), ("languages", bundling::other_languages(language, &common)?), ("rows", table)];
            let given = given.into_iter().chain([("projects", links), ("title", text(&own, "title")?), ("about", text(&own, "about")?)]);
            let given = given.map(|(key, text)| (key.to_owned(), text));
            let given: Vec<_> = parts(name)?.into_iter().chain(given).chain(messages.iter().cloned()).collect();
            pages.push((format!("{name}.{language}.html"), gzip(bundling::filled(&template, &given)?.as_bytes())?));
        }
    }
    Ok(pages)
}

/// Returns a message by its key.
fn text(messages: &[(String, String)], key: &str) -> Result<String, String> {
    messages.iter().find(|(name, _)| name == key).map(|(_, text)| text.clone()).ok_or_else(|| format!("there is no {key}"))
}

/// Returns the links to the pages about projects, as items of a list.
fn links(names: &[&str], own: &str, messages: &[(String, String)]) -> Result<String, String> {
    let mut links = String::new();
    for name in names {
        let current = if *name == own { " aria-current=\"page\"" } else { "" };
        let label = text(messages, &format!("{name}-name"))?;
        write!(links, "<li><a class=\"chip\" href=\"/docs/{name}\"{current}>{label}</a></li>").map_err(|e| e.to_string())?;
    }
    Ok(links)
}

/// Returns the rows of the table of a project: what it did, what is here for it, and what is different. A line `key = here, here` has the
/// texts `key` and `key-here`.
fn table(rows: &str, own: &[(String, String)], messages: &[(String, String)]) -> Result<String, String> {
    let (here, different) = (text(messages, "from-here")?, text(messages, "from-different")?);
    let mut table = String::new();
    for (key, places) in rows.lines().filter_map(|line| line.split_once(" = ")) {
        let places = places.split(", ").map(|place| shown(place, messages)).collect::<Result<String, _>>()?;
        let (there, difference) = (text(own, key)?, text(own, &format!("{key}-here"))?);
        writeln!(
            table,
            "<tr role=\"row\"><th role=\"rowheader\" scope=\"row\">{there}</th><td role=\"cell\" data-label=\"{here}\"><ul>{places}</ul></td>\
             <td role=\"cell\" data-label=\"{different}\">{difference}</td></tr>"
        )
        .map_err(|e| e.to_string())?;
    }
    Ok(table)
}

/// Returns a place in this system, as an item of a list: an operation, a page, a frame of the socket, a task, or a parameter of the
/// template.
fn shown(place: &str, messages: &[(String, String)]) -> Result<String, String> {
    let code = if place.starts_with('/') && !place.contains('{') {
        format!("<a href=\"{place}\"><code>{place}</code></a>")
    } else if let Some(frame) = place.strip_prefix("frame ") {
        format!("{} <code>{frame}</code>", text(messages, "from-frame")?)
    } else if !place.contains(' ') && place.starts_with(|c: char| c.is_ascii_uppercase()) {
        format!("{} <code>{place}</code>", text(messages, "from-setting")?)
    } else {
        format!("<code>{place}</code>")
    };
    Ok(format!("<li>{code}</li>"))
}

/// Returns each path of a document with its methods. HEAD is allowed wherever GET is.
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
