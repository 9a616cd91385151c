//! `cargo xtask language TAG`: adds the files of a new language, as copies of the English files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use kernel::Locale;

use crate::{Failure, check::language_folders, repository};

/// Copies the English files of every crate, and prints the list of files to translate.
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

    /// Words that Polish texts must not use, each with the word that they use instead. A word is found by its beginning, whatever its case.
    const POLISH_WORDS: [(&str, &str); 8] = [
        ("mail", "e-mail"),
        ("odnośnik", "link"),
        ("zapasow", "kod odzyskiwania; kopia zapasowa"),
        ("ban", "blokada"),
        ("zban", "zablokować"),
        ("login", "nazwa użytkownika"),
        ("dwuskładnikow", "drugi składnik"),
        ("magazyn", "zasobnik; stan magazynu"),
    ];
    /// Exceptions: words that only begin like these, and pairs of words with another meaning.
    const POLISH_OTHERS: [&str; 6] = ["bank", "baner", "kopii zapasowych", "stan magazyn", "stanu magazyn", "jest magazynem"];

    /// Returns the values of a file of texts that use a forbidden word, with the word to use instead.
    fn other_words(file: &str) -> Vec<String> {
        let mut found = Vec::new();
        for line in file.lines().filter(|line| !line.starts_with('#')) {
            let value = line.split_once(" = ").map_or(line, |(_, value)| value).to_lowercase();
            let value = POLISH_OTHERS.iter().fold(value, |value, other| value.replace(other, ""));
            for word in value.split(|c: char| !c.is_alphanumeric() && c != '-') {
                let named = POLISH_WORDS.iter().filter(|(other, _)| word.starts_with(other));
                found.extend(named.map(|(_, ours)| format!("{word} ({ours}): {line}")));
            }
        }
        found
    }

    #[test]
    fn a_thing_has_one_name_in_polish() {
        for (line, words) in [
            ("a = Wysłaliśmy maila na Twój adres.", 1),
            ("a = Otwórz Odnośnik z wiadomości.", 1),
            ("a = Wpisz kod zapasowy.", 1),
            ("a = Konto zbanowano; ban trwa dobę.", 2),
            ("a = Podaj login i włącz uwierzytelnianie dwuskładnikowe.", 2),
            ("# Komentarz o mailach.", 0),
            ("a-mail = E-mail do banku, z kopii zapasowych i ze stanu magazynu.", 0),
        ] {
            assert_eq!(other_words(line).len(), words, "{line}");
        }
        let mut found = Vec::new();
        for place in ["shared", "functions", "infra"] {
            for folder in language_folders(&repository::root().join(place)).expect("folders") {
                for entry in fs::read_dir(folder.join("pl")).expect("a folder") {
                    let file = entry.expect("a file").path();
                    if file.extension().is_some_and(|ext| ext == "ftl") {
                        let text = fs::read_to_string(&file).expect("read");
                        found.extend(other_words(&text).into_iter().map(|word| format!("{}: {word}", file.display())));
                    }
                }
            }
        }
        assert!(found.is_empty(), "{}", found.join("\n"));
    }

    #[test]
    fn what_is_no_new_language_changes_nothing() {
        for tag in ["pl", "p", "PL", "pt-BR", "../x"] {
            assert!(run(tag).is_err(), "{tag}");
        }
    }
}
