//! Where the state is kept.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use crate::StartError;

/// The file that makes a folder a state folder, and that the local cloud using it holds locked.
const MARK: &str = "stoa.lock";

/// Where the state is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Storage {
    /// Nowhere: it ends with the stack.
    Memory,
    /// In a folder, so that it survives a restart. Each part keeps its own files in it.
    Folder(PathBuf),
}

impl Storage {
    /// The path of a file or folder of the state, if it is kept.
    #[must_use]
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        match self {
            Self::Memory => None,
            Self::Folder(folder) => Some(folder.join(name)),
        }
    }

    /// Takes the folder for as long as the returned file lives; creates it if needed, and empties it first if `fresh`.
    ///
    /// A folder that holds anything else is never touched.
    ///
    /// # Errors
    /// [`StartError::State`] if another local cloud uses it, it is no state folder, or it cannot be written.
    pub(crate) fn take(&self, fresh: bool) -> Result<Option<File>, StartError> {
        let Self::Folder(folder) = self else { return Ok(None) };
        let shown = folder.display();
        let wrong = |e: io::Error| StartError::State(format!("{shown}: {e}"));
        fs::create_dir_all(folder).map_err(wrong)?;
        let mark = folder.join(MARK);
        if !mark.exists() && fs::read_dir(folder).map_err(wrong)?.next().is_some() {
            return Err(StartError::State(format!("{shown} holds something else: name another folder with --state")));
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
        Ok(Some(lock))
    }
}

/// Removes everything but the mark.
fn empty(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name() == MARK {
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
    fn a_folder_is_taken_once_and_only_our_own_is_emptied() {
        let parent = tempfile::tempdir().expect("folder");
        let storage = Storage::Folder(parent.path().join("state"));
        let held = storage.take(false).expect("taken");
        assert!(storage.take(false).is_err_and(|e| e.to_string().contains("in use")));
        drop(held);
        let file = storage.path("x.db").expect("path");
        fs::write(&file, "x").expect("written");
        drop(storage.take(false).expect("taken"));
        assert!(file.exists());
        drop(storage.take(true).expect("taken"));
        assert!(!file.exists());
        fs::write(parent.path().join("thesis.txt"), "x").expect("written");
        assert!(Storage::Folder(parent.path().to_owned()).take(true).is_err_and(|e| e.to_string().contains("something else")));
        assert!(parent.path().join("thesis.txt").exists());
    }
}
