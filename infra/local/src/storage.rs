//! The storage of the state.

use std::{
    collections::BTreeMap,
    fmt::Display,
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use rusqlite::Connection;
use serde::{Serialize, de::DeserializeOwned};

use crate::StartError;

/// The file that marks a folder as a state folder. The local cloud that uses the folder holds a lock on it.
const LOCK_FILE: &str = "stoa.lock";
/// The database of the tables.
pub(crate) const TABLES: &str = "dynamodb.db";
/// The folder of the buckets.
pub(crate) const BUCKETS: &str = "s3";
/// The generated secrets of the template.
pub(crate) const SECRETS: &str = "secrets.json";
/// The accepted invocations.
pub(crate) const INVOCATIONS: &str = "invocations.db";
/// The parts of the state that must not be missing while others exist, in the order in which the first start creates them.
const PARTS: [&str; 3] = [SECRETS, TABLES, BUCKETS];
/// Files that are created only after all parts.
const LATER_FILES: [&str; 4] = ["operator.env", INVOCATIONS, "streams.json", "inbox.jsonl"];

/// Where the state is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Storage {
    /// In memory: it ends with the stack.
    Memory,
    /// In a folder, so that it survives a restart. Each part has its own files there.
    Folder(PathBuf),
}

impl Storage {
    /// Returns the path of a file or folder of the state. `None` in memory.
    #[must_use]
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        match self {
            Self::Memory => None,
            Self::Folder(folder) => Some(folder.join(name)),
        }
    }

    /// Locks the folder for the life of the returned file. Creates it if needed, and empties it first if `fresh`.
    ///
    /// A folder with other content is never changed. `secrets` tells whether there are secrets to keep.
    ///
    /// # Errors
    /// [`StartError::State`] if another local cloud uses it, it is no state folder, or it cannot be written.
    pub(crate) fn take(&self, fresh: bool, secrets: bool) -> Result<Option<File>, StartError> {
        let Self::Folder(folder) = self else { return Ok(None) };
        let shown = folder.display();
        let wrong = |e: io::Error| StartError::State(format!("{shown}: {e}; name another folder with --state"));
        fs::create_dir_all(folder).map_err(wrong)?;
        let mark = folder.join(LOCK_FILE);
        if !mark.exists() && fs::read_dir(folder).map_err(wrong)?.next().is_some() {
            return Err(StartError::State(format!("{shown} has other content: name another folder with --state")));
        }
        let lock = File::options().create(true).truncate(false).write(true).open(&mark).map_err(wrong)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StartError::State(format!(
                    "{shown} is in use by another local cloud: stop it, or name another folder with --state"
                )));
            }
            Err(TryLockError::Error(e)) => return Err(wrong(e)),
        }
        if fresh {
            empty(folder).map_err(wrong)?;
        }
        self.check(secrets)?;
        Ok(Some(lock))
    }

    /// Checks, before anything is changed, that no database is damaged and no part was lost: with new secrets every password would
    /// be wrong, and with an empty table nobody would have an account.
    fn check(&self, secrets: bool) -> Result<(), StartError> {
        let Self::Folder(folder) = self else { return Ok(()) };
        for database in [TABLES, INVOCATIONS].map(|name| folder.join(name)) {
            check_database(&database).map_err(damaged(Some(&database)))?;
        }
        let mut later = LATER_FILES.iter().any(|name| folder.join(name).exists());
        for part in PARTS.iter().filter(|name| secrets || **name != SECRETS).rev().map(|name| folder.join(name)) {
            let there = holds_something(&part);
            if later && !there {
                return Err(damaged(Some(&part))("it is missing or empty, and the rest of the state is not"));
            }
            later |= there;
        }
        Ok(())
    }
}

/// Returns whether a part of the state exists. A part that cannot be read counts as existing: its reader reports the error.
fn holds_something(part: &Path) -> bool {
    if !part.exists() {
        return false;
    }
    match part.file_name().and_then(|name| name.to_str()) {
        Some(SECRETS) => {
            !read_file::<BTreeMap<String, String>>(part).is_ok_and(|secrets| secrets.is_some_and(|secrets| secrets.is_empty()))
        }
        Some(TABLES) => Connection::open(part)
            .and_then(|database| database.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get::<_, i64>(0)))
            .map_or(true, |tables| tables > 0),
        _ => true,
    }
}

/// Returns the content of a file of the state. `None` if it does not exist.
///
/// # Errors
/// If it cannot be read, or is damaged.
pub(crate) fn read_file<T: DeserializeOwned>(file: &Path) -> io::Result<Option<T>> {
    match fs::read(file) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// Replaces a file of the state atomically.
///
/// # Errors
/// If the folder cannot be written.
pub(crate) fn replace_file(file: &Path, content: &impl Serialize) -> io::Result<()> {
    let fresh = file.with_extension("new");
    fs::write(&fresh, serde_json::to_vec(content)?)?;
    fs::rename(fresh, file)
}

/// Checks that a file is a readable database, if it exists.
///
/// # Errors
/// SQLite's description of the error.
fn check_database(file: &Path) -> Result<(), String> {
    if !file.exists() {
        return Ok(());
    }
    let first_fault = |sqlite: Connection| sqlite.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    match Connection::open(file).and_then(first_fault) {
        Ok(found) if found == "ok" => Ok(()),
        // SQLite's text names the damaged page, which is of no use to a developer.
        Ok(_) => Err("the database is damaged".to_owned()),
        Err(e) => Err(e.to_string()),
    }
}

/// Returns the error for a damaged file or folder of the state. It names the ways to solve the problem.
pub(crate) fn damaged<E: Display>(path: Option<&Path>) -> impl FnOnce(E) -> StartError {
    let path = path.map(|p| p.display().to_string()).unwrap_or_default();
    move |e| StartError::State(format!("{path}: {e}; repair it, or delete the state with --fresh"))
}

/// Deletes everything in the folder except the lock file.
fn empty(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name() == LOCK_FILE {
            continue;
        }
        if entry.file_type()?.is_dir() { fs::remove_dir_all(entry.path())? } else { fs::remove_file(entry.path())? }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_atomically() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("clock");
        assert_eq!(read_file::<i64>(&file).expect("none"), None);
        replace_file(&file, &-7_i64).expect("written");
        // A reader that has opened the file before still reads all of the old content.
        let old = File::open(&file).expect("opened");
        replace_file(&file, &1_000_000_i64).expect("replaced");
        assert_eq!(io::read_to_string(old).expect("read"), "-7");
        assert_eq!(read_file::<i64>(&file).expect("there"), Some(1_000_000));
        assert_eq!(fs::read_dir(folder.path()).expect("folder").count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_folder_is_locked_and_only_a_state_folder_is_emptied() {
        let parent = tempfile::tempdir().expect("folder");
        let storage = Storage::Folder(parent.path().join("state"));
        let held = storage.take(false, true).expect("taken");
        assert!(storage.take(false, true).is_err_and(|e| e.to_string().contains("in use")));
        drop(held);
        let file = storage.path("x.db").expect("path");
        fs::write(&file, "x").expect("written");
        drop(storage.take(false, true).expect("taken"));
        assert!(file.exists());
        drop(storage.take(true, true).expect("taken"));
        assert!(!file.exists());
        fs::write(parent.path().join("thesis.txt"), "x").expect("written");
        assert!(Storage::Folder(parent.path().to_owned()).take(true, true).is_err_and(|e| e.to_string().contains("other content")));
        assert!(parent.path().join("thesis.txt").exists());
    }
}
