//! Reads files of the repository, and derives names from one another.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use local::{
    outside::stripe,
    template::{Deployment, Template},
};

use crate::Failure;

/// Returns the root of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).map(Path::to_path_buf).unwrap_or_default()
}

/// Checks that the command runs in the workspace in which it was built, or outside every copy of it: its functions and paths are those of
/// that workspace, so that it would change the files there and not those here.
///
/// # Errors
/// If it runs in another copy, such as another worktree.
pub fn is_of_this_workspace() -> Result<(), Failure> {
    matches_workspace(&root(), &env::current_dir()?)
}

fn matches_workspace(built: &Path, here: &Path) -> Result<(), Failure> {
    let copy = here.ancestors().find(|folder| folder.join("infra/tasks/Cargo.toml").is_file());
    match copy {
        Some(copy) if copy.canonicalize().ok() != built.canonicalize().ok() => {
            let (built, copy) = (built.display(), copy.display());
            Err(format!("this program was built in {built}. Run `cargo xtask` to build it for {copy}").into())
        }
        _ => Ok(()),
    }
}

/// Returns a file of the repository.
pub fn read(path: &str) -> Result<String, Failure> {
    fs::read_to_string(root().join(path)).map_err(|e| format!("{path}: {e}").into())
}

/// Returns the template, as the local cloud loads it.
pub fn template() -> Result<Template, Failure> {
    Ok(Template::load(&read("template.yaml")?, &deployment())?)
}

/// Returns the values for a deployment of the template that gets no requests.
pub fn deployment() -> Deployment {
    let parameters = [
        ("Stage", "development"),
        ("PublicUrl", "http://127.0.0.1:9"),
        ("AllowedOrigins", "http://127.0.0.1:9,http://localhost:9"),
        ("PasskeyDomain", "localhost"),
        ("MailFrom", "stoa@example.test"),
        ("StripeSecretKey", stripe::SECRET_KEY),
        ("StripePublishableKey", stripe::PUBLISHABLE_KEY),
        ("StripeWebhookSecrets", stripe::WEBHOOK_SECRET),
    ];
    Deployment { stack: "stoa".to_owned(), parameters: parameters.map(|(k, v)| (k.to_owned(), v.to_owned())).into() }
}

/// Returns a file of the repository that may be binary.
pub fn bytes(path: &str) -> Result<Vec<u8>, Failure> {
    fs::read(root().join(path)).map_err(|e| format!("{path}: {e}").into())
}

/// Returns the names of the folders or files in a folder, sorted.
pub fn list(path: impl AsRef<Path>) -> Result<Vec<String>, Failure> {
    let folder = root().join(path);
    let entries = fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut names: Vec<String> = entries.filter_map(|e| e.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    Ok(names)
}

/// Returns every source of functions/ and shared/, up to its tests, which may contain invented names.
pub fn sources() -> Result<Vec<(String, String)>, Failure> {
    let mut found = rust_files(&["shared", "functions"])?;
    for (_, text) in &mut found {
        *text = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
    }
    Ok(found)
}

/// Returns the names in these sources that follow a path such as `Notice::`.
pub fn named<'a>(sources: &'a [(String, String)], path: &'a str) -> impl Iterator<Item = &'a str> {
    let behind = sources.iter().flat_map(move |(_, code)| code.split(path).skip(1));
    behind.filter_map(|code| code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next())
}

/// Returns the path and the text of every Rust file in these folders, sorted by path.
pub fn rust_files(under: &[&str]) -> Result<Vec<(String, String)>, Failure> {
    let (mut found, mut folders): (Vec<_>, Vec<_>) = (Vec::new(), under.iter().map(|folder| root().join(folder)).collect());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push((path.strip_prefix(root()).unwrap_or(&path).display().to_string(), fs::read_to_string(&path)?));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Returns whether a line of a source, without its indentation, is the attribute that makes a function a test.
pub fn marks_test(line: &str) -> bool {
    line.starts_with("#[test]") || line.starts_with("#[tokio::test")
}

/// Returns a function's logical id in the template: `account-purge` is `AccountPurgeFunction`.
pub fn logical_id(function: &str) -> String {
    format!("{}Function", pascal_case(function))
}

/// Returns a name in Pascal case: `account-purge` is `AccountPurge`.
pub fn pascal_case(name: &str) -> String {
    name.split(|c: char| !c.is_ascii_alphanumeric()).map(capitalised).collect()
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_has_one_name_everywhere() {
        assert_eq!(logical_id("account-purge"), "AccountPurgeFunction");
        assert_eq!(pascal_case(".well-known"), "WellKnown");
        assert!(root().join("template.yaml").is_file());
    }

    #[test]
    fn a_program_of_another_copy_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(matches_workspace(&root(), folder.path()).is_ok(), "outside every copy");
        assert!(matches_workspace(&root(), &root().join("functions/rooms")).is_ok(), "in a folder of its own copy");
        fs::create_dir_all(folder.path().join("infra/tasks")).expect("a folder");
        fs::write(folder.path().join("infra/tasks/Cargo.toml"), "").expect("a file");
        let refused = matches_workspace(&root(), &folder.path().join("infra")).expect_err("another copy").to_string();
        assert!(refused.contains("Run `cargo xtask`"), "{refused}");
    }
}
