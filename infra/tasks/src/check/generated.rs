//! The generated files are what `cargo xtask sync` would write now.

use super::Parts;
use crate::{Failure, repository, sync};

/// Generated files that are out of date.
pub fn findings(_: &Parts) -> Result<Vec<String>, Failure> {
    let mut files = sync::from_folders()?;
    files.extend(sync::from_code()?);
    Ok(stale(&files, |path| repository::bytes(path).ok()))
}

fn stale(files: &[sync::Generated], there: impl Fn(&str) -> Option<Vec<u8>>) -> Vec<String> {
    let stale = files.iter().filter(|file| there(file.path).as_ref() != Some(&file.content));
    stale.map(|file| format!("{}: is out of date: run `cargo xtask sync`", file.path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_what_it_is_made_from_is_found() {
        let files = [sync::Generated { path: "a", content: b"1".to_vec() }, sync::Generated { path: "b", content: b"2".to_vec() }];
        assert_eq!(stale(&files, |path| Some(if path == "a" { "1" } else { "2" }.into())), Vec::<String>::new());
        assert_eq!(stale(&files, |_| Some("1".into())), ["b: is out of date: run `cargo xtask sync`"]);
        assert_eq!(stale(&files, |_| None).len(), 2, "nor one that is not there");
    }
}
