//! Generates `Locale` from the folders in `locales`: one variant for each. Adding a language needs no change of code.

use std::{env, error::Error, fs, path::PathBuf};

const LOCALES: &str = "locales";
/// The language of clients that ask for none. Lists of languages begin with it.
const DEFAULT: &str = "en";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={LOCALES}");
    let mut tags = Vec::new();
    for entry in fs::read_dir(LOCALES)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            tags.push(entry.file_name().into_string().map_err(|name| format!("{}: no language", name.display()))?);
        }
    }
    if let Some(other) = tags.iter().find(|tag| !is_tag(tag)) {
        return Err(format!("{LOCALES}/{other}: a language has two or three letters a-z").into());
    }
    if !tags.iter().any(|tag| tag == DEFAULT) {
        return Err(format!("{LOCALES}/{DEFAULT} is missing").into());
    }
    tags.sort_by_key(|tag| (tag != DEFAULT, tag.clone()));
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo names no OUT_DIR")?);
    fs::write(out.join("languages.rs"), code(&tags))?;
    Ok(())
}

fn is_tag(tag: &str) -> bool {
    (2..=3).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_lowercase())
}

/// `En` for `en`.
fn variant(tag: &str) -> String {
    let (first, rest) = tag.split_at(1);
    format!("{}{rest}", first.to_ascii_uppercase())
}

fn code(tags: &[String]) -> String {
    let each = |line: &dyn Fn(&str) -> String| tags.iter().map(|tag| line(tag)).collect::<String>();
    let variants = each(&|tag| {
        let default = if tag == DEFAULT { "    #[default]\n" } else { "" };
        format!("    /// `{tag}`.\n{default}    {},\n", variant(tag))
    });
    let all = each(&|tag| format!("Self::{}, ", variant(tag)));
    let arms = each(&|tag| format!("            Self::{} => \"{tag}\",\n", variant(tag)));
    let files = each(&|tag| format!("            include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/locales/{tag}/\", $file)),\n"));
    format!(
        r#"/// A supported language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Locale {{
{variants}}}

impl Locale {{
    /// Every language, the default first.
    pub const ALL: [Self; {count}] = [{all}];

    /// Returns the BCP 47 tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {{
        match self {{
{arms}        }}
    }}
}}

/// A file of the calling crate in every language, `locales/<language>/<file>`, in the order of `Locale::ALL`.
#[macro_export]
macro_rules! in_every_language {{
    ($file:literal) => {{
        [
{files}        ]
    }};
}}
"#,
        count = tags.len(),
    )
}
