//! The dead-letter queues of the template: events on which functions failed after all retries. They are kept until somebody redrives them.
//!
//! On AWS a queue gets only the position of a failed stream batch. Here the records are kept, so that a redrive is always possible. They
//! are also kept if a function of the template receives the messages of the queue.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use kernel::{Sys, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::storage::{read_file, replace_file};

/// An event that a function failed on after all retries.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Counts up from 1.
    pub id: u64,
    /// The queue's ARN. Absent if the function has no queue in the template, so that AWS would have dropped the event.
    pub queue: Option<String>,
    /// The function.
    pub function: String,
    /// The last error.
    pub error: String,
    /// When the last retry failed, by the local cloud's clock.
    pub at: Timestamp,
    /// The event of the invocation.
    pub event: Box<RawValue>,
}

/// All dead letters of one local cloud. Cloning shares them.
#[derive(Clone)]
pub struct DeadLetters(Arc<Shared>);

struct Shared {
    sys: Sys,
    file: Option<PathBuf>,
    letters: Mutex<Letters>,
}

#[derive(Default, Serialize, Deserialize)]
struct Letters {
    last_id: u64,
    kept: BTreeMap<u64, DeadLetter>,
}

impl DeadLetters {
    /// Creates a store in memory.
    #[must_use]
    pub fn in_memory(sys: Sys) -> Self {
        Self(Arc::new(Shared { sys, file: None, letters: Mutex::default() }))
    }

    /// Opens the store in `file`.
    ///
    /// # Errors
    /// If the file cannot be read, or is damaged.
    pub fn open(sys: Sys, file: &Path) -> io::Result<Self> {
        let letters: Letters = read_file(file)?.unwrap_or_default();
        Ok(Self(Arc::new(Shared { sys, file: Some(file.to_owned()), letters: Mutex::new(letters) })))
    }

    /// Adds an event that a function failed on after all retries.
    pub fn add(&self, queue: Option<&str>, function: &str, error: &str, event: Box<RawValue>) {
        tracing::warn!(function, queue, error, "an event was given up");
        let mut letters = self.letters();
        letters.last_id = letters.last_id.saturating_add(1);
        let id = letters.last_id;
        let letter = DeadLetter {
            id,
            queue: queue.map(str::to_owned),
            function: function.to_owned(),
            error: error.to_owned(),
            at: self.0.sys.now().into(),
            event,
        };
        letters.kept.insert(id, letter);
        self.save(&letters);
    }

    /// Returns all dead letters, oldest first.
    #[must_use]
    pub fn list(&self) -> Vec<DeadLetter> {
        self.letters().kept.values().cloned().collect()
    }

    /// Returns one dead letter.
    #[must_use]
    pub fn get(&self, id: u64) -> Option<DeadLetter> {
        self.letters().kept.get(&id).cloned()
    }

    /// Removes one, after a redrive.
    pub fn remove(&self, id: u64) {
        let mut letters = self.letters();
        letters.kept.remove(&id);
        self.save(&letters);
    }

    fn letters(&self) -> MutexGuard<'_, Letters> {
        self.0.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn save(&self, letters: &Letters) {
        let Some(file) = &self.0.file else { return };
        if let Err(e) = replace_file(file, letters) {
            tracing::error!(error = %e, file = %file.display(), "dead letters cannot be saved; they are in memory only");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Box<RawValue> {
        RawValue::from_string("{\"a\":1}".to_owned()).expect("json")
    }

    #[test]
    fn dead_letters_survive_a_restart_and_are_removed_once() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("dead-letters.json");
        let letters = DeadLetters::open(Sys::real(), &file).expect("opened");
        letters.add(Some("deliver-failures"), "deliver", "no such challenge", event());
        letters.add(None, "chat", "timed out", event());
        let again = DeadLetters::open(Sys::real(), &file).expect("opened again");
        assert_eq!(again.list().iter().map(|l| l.function.as_str()).collect::<Vec<_>>(), ["deliver", "chat"]);
        assert_eq!(again.get(1).map(|l| l.event.get().to_owned()).as_deref(), Some("{\"a\":1}"));
        again.remove(1);
        assert!(again.get(1).is_none());
        again.add(None, "chat", "timed out", event());
        assert_eq!(again.list().iter().map(|l| l.id).collect::<Vec<_>>(), [2, 3]);
    }
}
