//! For build scripts: prepares the files that a function serves with `web::file`. Each file is compressed and gets a validator.

use std::{
    error::Error,
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    path::Path,
};

use flate2::{Compression, write::GzEncoder};
use sha2::{Digest as _, Sha256};

/// Outside of strings, spaces next to these characters have no meaning.
const TIGHT: &[char] = &['=', '>', '{', '}', '(', ')', '[', ']', ',', ';', ':', '?', '&', '|', '<', '*'];
/// Outside of strings, line ends after the characters of `OPEN` and before those of `CLOSING` have no meaning.
const OPEN: &[char] = &[';', ',', '{', '(', '['];
const CLOSING: &[char] = &['}', ')', ']'];

/// The tag of a language, and its messages as pairs of key and text.
pub type Texts = (String, Vec<(String, String)>);

/// Reads the messages of each language from this file in the folder of the language. Each line is `key = text`.
///
/// # Errors
/// If a folder cannot be read.
pub fn texts(folder: &str, file: &str) -> Result<Vec<Texts>, Box<dyn Error>> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let language = entry.file_name().into_string().map_err(|name| format!("{}: no language", name.display()))?;
        let source = fs::read_to_string(entry.path().join(file))?;
        let lines = source.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" = "));
        texts.push((language, lines.map(|(key, text)| (key.to_owned(), text.to_owned())).collect()));
    }
    texts.sort();
    Ok(texts)
}

/// Returns a template with each `{{key}}` replaced by a message.
///
/// # Errors
/// If there is no message for a key.
pub fn filled(template: &str, messages: &[(String, String)]) -> Result<String, String> {
    let mut page = template.to_owned();
    for (key, text) in messages {
        page = page.replace(&format!("{{{{{key}}}}}"), text);
    }
    match page.split_once("{{").and_then(|(_, rest)| rest.split_once("}}")) {
        None => Ok(page),
        Some((key, _)) => Err(format!("there is no {key}")),
    }
}

/// Returns the links to a page in all other languages, as HTML list items.
///
/// # Errors
/// If a language lacks the message `language`, which is its name.
pub fn other_languages(own: &str, all: &[Texts]) -> Result<String, String> {
    let mut links = String::new();
    for (language, messages) in all.iter().filter(|(language, _)| language != own) {
        let name = messages.iter().find(|(key, _)| key == "language").map(|(_, name)| name).ok_or("a language has no name")?;
        write!(links, "<li><a href=\"?lang={language}\" hreflang=\"{language}\" lang=\"{language}\">{name}</a></li>")
            .map_err(|e| e.to_string())?;
    }
    Ok(links)
}

/// Compresses a file.
///
/// # Errors
/// If there is no memory for it.
pub fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// Compresses a file better than [`gzip`], which takes a hundred times as long. For scripts with a size limit.
///
/// # Errors
/// If there is no memory for it.
pub fn smallest(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut compressed = Vec::new();
    zopfli::compress(zopfli::Options::default(), zopfli::Format::Gzip, bytes, &mut compressed)?;
    Ok(compressed)
}

/// Writes compressed files into the folder of a build script's output, and `files.rs`, which includes them as a slice of `File`.
///
/// # Errors
/// If the folder cannot be written.
pub fn write(out: &Path, mut files: Vec<(String, Vec<u8>)>) -> io::Result<()> {
    files.sort();
    let mut listed = Vec::new();
    for (name, compressed) in &files {
        fs::write(out.join(name), compressed)?;
        let hash: String = Sha256::digest(compressed).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        listed.push(format!("File {{ name: {name:?}, hash: {hash:?}, gzip: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}\")) }}"));
    }
    fs::write(out.join("files.rs"), format!("&[\n{}]\n", listed.join(",\n")))
}

/// Minifies a script: removes comments on lines of their own, indentation, and spaces without meaning.
#[must_use]
pub fn lean(script: &str) -> String {
    let is_code = |line: &&str| !line.is_empty() && !["//", "/**", "*"].iter().any(|begin| line.starts_with(begin));
    squeezed(&script.lines().map(str::trim).filter(is_code).collect::<Vec<_>>().join("\n"))
}

/// Removes spaces and line ends without meaning. Strings and template literals stay unchanged. Nested template literals are not supported.
fn squeezed(code: &str) -> String {
    let mut out = String::with_capacity(code.len());
    let mut quote = None;
    let mut rest = code.chars().peekable();
    while let Some(c) = rest.next() {
        match quote {
            None if c == ' ' && (out.ends_with(TIGHT) || rest.peek().is_some_and(|next| TIGHT.contains(next))) => continue,
            None if c == '\n' && (out.ends_with(OPEN) || rest.peek().is_some_and(|next| CLOSING.contains(next))) => continue,
            None => quote = ['"', '`'].into_iter().find(|begin| *begin == c),
            Some(end) if c == end => quote = None,
            Some(_) => {}
        }
        out.push(c);
        if quote.is_some() && c == '\\' {
            out.extend(rest.next());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_has_a_text_for_each_key() {
        let texts = [("a".to_owned(), "one".to_owned())];
        assert_eq!(filled("<p>{{a}}, {{a}}</p>", &texts).as_deref(), Ok("<p>one, one</p>"));
        assert_eq!(filled("{{a}} {{b}}", &texts), Err("there is no b".to_owned()));
    }

    #[test]
    fn a_page_leads_to_its_other_languages() {
        let named = |tag: &str, name: &str| (tag.to_owned(), vec![("language".to_owned(), name.to_owned())]);
        let all = [named("en", "English"), named("pl", "Polski")];
        let links = other_languages("en", &all).unwrap();
        assert_eq!(links, "<li><a href=\"?lang=pl\" hreflang=\"pl\" lang=\"pl\">Polski</a></li>");
        assert!(other_languages("en", &[("pl".to_owned(), Vec::new())]).is_err());
    }

    #[test]
    fn only_what_means_nothing_is_left_out() {
        for (code, lean_code) in [
            ("// a\n  const a = (b) => { return b ? [b, 1] : {}; };\n\n", "const a=(b)=>{return b?[b,1]:{};};"),
            ("say(\"a = b\", `c ${d = 1} \\` , e`) ;", "say(\"a = b\",`c ${d = 1} \\` , e`);"),
            ("say(\"\\\\\" , \"a, b\")", "say(\"\\\\\",\"a, b\")"),
            ("a + +b - -c;\n/** d */\n* e\nreturn a of b", "a + +b - -c;return a of b"),
            ("a(\n  b,\n)\nc = `{\n}`\nif (d) {\n  e\n}\nf", "a(b,)\nc=`{\n}`\nif(d){e}\nf"),
        ] {
            assert_eq!(lean(code), lean_code);
        }
    }
}
