//! `cargo xtask language TAG`: the files of a new language, which begin as copies of the English ones.

use std::{
    fs,
    path::{Path, PathBuf},
};

use kernel::Locale;

use crate::{Failure, check::language_folders, repository};

/// Copies the English files of every crate, and prints what is to be translated.
///
/// # Errors
/// If it is no tag of a language, or the language exists. Then nothing is written.
pub fn run(tag: &str) -> Result<(), Failure> {
    if !(2..=3).contains(&tag.len()) || !tag.bytes().all(|b| b.is_ascii_lowercase()) {
        return Err(format!("{tag} is not a language: two or three letters a-z").into());
    }
    let mut folders = Vec::new();
    for place in ["shared", "functions", "infra"] {
        folders.extend(language_folders(&repository::root().join(place))?);
    }
    if folders.iter().any(|folder| folder.join(tag).exists()) {
        return Err(format!("there is {tag} already").into());
    }
    for file in copied(&folders, tag)? {
        println!("{}", file.strip_prefix(repository::root()).unwrap_or(&file).display());
    }
    Ok(())
}

/// Copies the files of the default language, and returns the copies.
fn copied(folders: &[PathBuf], tag: &str) -> Result<Vec<PathBuf>, Failure> {
    let mut copies = Vec::new();
    for folder in folders {
        copy(&folder.join(Locale::default().tag()), &folder.join(tag), &mut copies)?;
    }
    copies.sort();
    Ok(copies)
}

fn copy(from: &Path, to: &Path, copies: &mut Vec<PathBuf>) -> Result<(), Failure> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, copy_to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &copy_to, copies)?;
        } else {
            fs::copy(&path, &copy_to)?;
            copies.push(copy_to);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_has_a_copy_of_every_file() {
        let root = std::env::temp_dir().join(format!("stoa-language-{}", std::process::id()));
        let folder = root.join("a/locales");
        fs::create_dir_all(folder.join("en")).expect("made");
        fs::write(folder.join("en/x.ftl"), "a = A\n").expect("written");
        let found = language_folders(&root).expect("found");
        let copies = copied(&found, "eo").expect("copied");
        let text = fs::read_to_string(folder.join("eo/x.ftl")).expect("read");
        fs::remove_dir_all(&root).expect("removed");
        assert_eq!((copies, text.as_str()), (vec![folder.join("eo/x.ftl")], "a = A\n"));
    }

    #[test]
    fn what_is_no_new_language_changes_nothing() {
        for tag in ["pl", "p", "PL", "pt-BR", "../x"] {
            assert!(run(tag).is_err(), "{tag}");
        }
    }
}
