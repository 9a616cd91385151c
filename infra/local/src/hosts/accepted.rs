//! Stores the accepted asynchronous invocations that are not done: events of the bus, notifications of buckets, runs of schedules.
//!
//! Like Lambda, the local cloud stores an invocation before it answers, in a database in the state folder. The invocations of a killed
//! process are made again after the next start, so an event is delivered at least once.
//! <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html>

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use function::RawValue;
use rusqlite::{Connection, params};

/// The invocations of one local cloud.
pub(super) struct Accepted(Option<Mutex<Connection>>);

/// An invocation of an earlier process that is not done.
pub(crate) struct Unfinished {
    pub(super) id: i64,
    /// The logical id of the function.
    pub(super) function: String,
    pub(super) event: Box<RawValue>,
}

impl Accepted {
    /// Opens the database in `file`. Without a file nothing is stored.
    ///
    /// # Errors
    /// If the file is no database, or cannot be written.
    pub fn open(file: Option<&Path>) -> rusqlite::Result<Self> {
        let Some(file) = file else { return Ok(Self(None)) };
        let database = Connection::open(file)?;
        // Without fsync: the state must survive a crash of the process, not of the machine.
        database.pragma_update(None, "journal_mode", "WAL")?;
        database.pragma_update(None, "synchronous", "OFF")?;
        database.execute(
            "CREATE TABLE IF NOT EXISTS invocations (id INTEGER PRIMARY KEY AUTOINCREMENT, function TEXT NOT NULL, event TEXT NOT NULL)",
            (),
        )?;
        Ok(Self(Some(Mutex::new(database))))
    }

    /// Stores an invocation. `None` without a file.
    pub fn add(&self, function: &str, event: &RawValue) -> Option<i64> {
        let database = self.database()?;
        let insert = "INSERT INTO invocations (function, event) VALUES (?1, ?2)";
        let added = database.prepare_cached(insert).and_then(|mut insert| insert.insert(params![function, event.get()]));
        added.inspect_err(|e| tracing::error!(error = %e, "an event cannot be stored; it is lost if this process is killed")).ok()
    }

    /// Removes an invocation that is done.
    pub fn remove(&self, id: i64) {
        let Some(database) = self.database() else { return };
        let delete = "DELETE FROM invocations WHERE id = ?1";
        if let Err(e) = database.prepare_cached(delete).and_then(|mut delete| delete.execute([id])) {
            tracing::error!(error = %e, "an event cannot be removed; after a restart it comes again");
        }
    }

    /// Returns all stored invocations, oldest first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn unfinished(&self) -> rusqlite::Result<Vec<Unfinished>> {
        let Some(database) = self.database() else { return Ok(Vec::new()) };
        let mut select = database.prepare("SELECT id, function, event FROM invocations ORDER BY id")?;
        let rows = select.query_map((), |row| {
            let event: String = row.get(2)?;
            // It was stored from a `RawValue`, so it is JSON.
            Ok(Unfinished { id: row.get(0)?, function: row.get(1)?, event: RawValue::from_string(event).unwrap_or_default() })
        })?;
        rows.collect()
    }

    fn database(&self) -> Option<MutexGuard<'_, Connection>> {
        Some(self.0.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_done_survives_a_restart_in_its_order() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("invocations.db");
        let event = |n: u32| RawValue::from_string(format!("{{\"n\":{n}}}")).expect("JSON");
        let first = Accepted::open(Some(&file)).expect("opened");
        let ids: Vec<i64> = (0..3).map(|n| first.add("Deliver", &event(n)).expect("stored")).collect();
        first.remove(*ids.get(1).expect("an id"));
        drop(first);
        let again = Accepted::open(Some(&file)).expect("opened again");
        let left: Vec<String> = again.unfinished().expect("read").into_iter().map(|u| u.event.get().to_owned()).collect();
        assert_eq!(left, ["{\"n\":0}", "{\"n\":2}"]);
        assert!(Accepted::open(None).expect("opened").add("Deliver", &event(4)).is_none());
    }
}
