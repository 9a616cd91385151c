//! Compresses the console's files, fills its page in every language, and makes a file of each language's texts for its scripts.

use std::{collections::BTreeMap, env, error::Error, fs, path::PathBuf};

use bundling::{gzip, lean};

/// The template of the page. It is named after its language: `staff.pl.html`.
const PAGE: &str = "staff.html";
const LOCALES: &str = "locales";
/// The style of every page.
const SHARED: &str = "../../shared/web/assets";
const STYLE: [&str; 4] = ["logo.svg", "palette.css", "stoa.css", "tool.css"];

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo names no OUT_DIR")?);
    for read in ["assets", LOCALES, SHARED] {
        println!("cargo::rerun-if-changed={read}");
    }
    let mut files = Vec::new();
    for asset in fs::read_dir("assets")? {
        let path = asset?.path();
        let name = path.file_name().and_then(|name| name.to_str()).ok_or("an asset has no name")?;
        let text = fs::read_to_string(&path)?;
        match path.extension().and_then(|extension| extension.to_str()) {
            _ if name == PAGE => {}
            Some("js") => files.push((name.to_owned(), gzip(lean(&text).as_bytes())?)),
            _ => files.push((name.to_owned(), gzip(text.as_bytes())?)),
        }
    }
    for name in STYLE {
        files.push((name.to_owned(), gzip(&fs::read(PathBuf::from(SHARED).join(name))?)?));
    }
    let template = fs::read_to_string(format!("assets/{PAGE}"))?;
    let all = bundling::texts(LOCALES, "console.ftl")?;
    for (language, messages) in &all {
        let given = [("locale", language.clone()), ("languages", bundling::other_languages(language, &all)?)];
        let given: Vec<_> = given.map(|(key, text)| (key.to_owned(), text)).into_iter().chain(messages.iter().cloned()).collect();
        let page = bundling::filled(&template, &given).map_err(|missing| format!("{PAGE} in {language}: {missing}"))?;
        files.push((format!("staff.{language}.html"), gzip(page.as_bytes())?));
        let mut texts: BTreeMap<_, _> = messages.iter().cloned().collect();
        texts.extend(all.iter().filter_map(|(tag, of)| {
            let (_, name) = of.iter().find(|(key, _)| key == "language")?;
            Some((format!("language-{tag}"), name.clone()))
        }));
        files.push((format!("texts.{language}.json"), gzip(&serde_json::to_vec(&texts)?)?));
    }
    bundling::write(&out, files)?;
    Ok(())
}
