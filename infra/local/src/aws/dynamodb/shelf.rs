//! Where dynoxide's SQLite database lies, and the one thing done to it behind dynoxide's back: forgetting stream records.
//!
//! AWS forgets them after a day, dynoxide never, and it looks through all of them for every write to a table with a stream: after
//! 20,000 writes each takes 2 ms instead of 0.1.

use std::{path::Path, time::Duration};

use dynoxide::{Database, DynoxideError};
use kernel::Sys;
use rusqlite::{Connection, params};

use crate::aws::sigv4::hex;

/// How long to wait for dynoxide to finish a statement.
const BUSY: Duration = Duration::from_secs(1);

/// A second way into the database's records. For a database in memory it also keeps nothing alive that the first does not.
pub struct Shelf(Connection);

/// Looks whether a file is a database and all of it can be read, before anything is done to it.
///
/// # Errors
/// SQLite's words for what is wrong with it.
pub fn check(file: &Path) -> Result<(), String> {
    if !file.exists() {
        return Ok(());
    }
    let first_fault = |shelf: Connection| shelf.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    match Connection::open(file).and_then(first_fault) {
        Ok(found) if found == "ok" => Ok(()),
        // Which page is for those who know the format.
        Ok(_) => Err("the database is damaged".to_owned()),
        Err(e) => Err(e.to_string()),
    }
}

/// Opens a database in a file, or one in memory that ends with its last user.
pub fn open(file: Option<&Path>, sys: &Sys) -> Result<(Database, Shelf), DynoxideError> {
    let path = match file {
        Some(file) => file.to_string_lossy().into_owned(),
        // A name of its own, which another connection of this process can open and another local cloud cannot guess.
        None => format!("file:{}?mode=memory&cache=shared", hex(&sys.bytes::<16>())),
    };
    let database = Database::new(&path)?;
    if file.is_some() {
        // Without fsync: a development database survives the end of the process, not of the machine.
        database.enable_bulk_loading()?;
    }
    let shelf = Connection::open(&path)?;
    shelf.busy_timeout(BUSY)?;
    shelf.pragma_update(None, "synchronous", "OFF")?;
    Ok((database, Shelf(shelf)))
}

impl Shelf {
    /// Forgets a table's stream records up to and including this one, except for the newest: the next one is numbered after it.
    pub fn forget(&self, table: &str, sequence_number: &str) -> Result<(), DynoxideError> {
        let Some(stored) = stored(sequence_number) else { return Ok(()) };
        let mut delete = self.0.prepare_cached(
            "DELETE FROM _stream_records WHERE table_name = ?1 AND CAST(sequence_number AS INTEGER) <= ?2 \
             AND id < (SELECT MAX(id) FROM _stream_records)",
        )?;
        delete.execute(params![table, stored])?;
        Ok(())
    }
}

/// dynoxide stores a sequence number as it is shown, less 10^20.
fn stored(shown: &str) -> Option<i64> {
    shown.strip_prefix('1').filter(|rest| rest.len() == 20)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_sequence_number_is_the_stored_one() {
        assert_eq!(stored("100001761000000000000"), Some(1_761_000_000_000_000));
        assert_eq!(stored("42"), None);
    }
}
