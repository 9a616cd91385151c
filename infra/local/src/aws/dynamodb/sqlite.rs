//! dynoxide's SQLite database, and the writes that bypass dynoxide: deleting old stream records, deleting counters of limits, of which there
//! may be one for each request, and filling a table for measurements.
//!
//! AWS deletes stream records after a day. dynoxide never deletes them, and scans all of them for every write to a table with a stream:
//! after 20,000 writes each takes 2 ms instead of 0.1.

use std::{path::Path, sync::Arc, time::Duration};

use dynoxide::{Database, DynoxideError};
use kernel::Sys;
use rusqlite::{Connection, params};

use crate::aws::sigv4::hex;

/// How long a statement waits while a statement of dynoxide holds the lock.
const BUSY: Duration = Duration::from_secs(1);

/// The page cache while a table is filled, in KiB (negative: SQLite's way to say so).
const CACHE: i32 = -262_144;

/// A row of a table or of one of its indexes: what [`Sqlite::fill`] puts.
#[derive(Clone, Debug)]
pub struct Row {
    /// The index. `None` for the table itself.
    pub index: Option<&'static str>,
    /// The partition key and the sort key there.
    pub key: (String, String),
    /// The primary key of the item, which is the same in the table itself.
    pub primary: (String, String),
    /// The item, as DynamoDB's JSON.
    pub item: Arc<str>,
}

/// A second connection to the database. A database in memory still ends with the first connection.
pub struct Sqlite(Connection);

/// Opens a database in a file, or one in memory that ends with its last connection.
pub fn open(file: Option<&Path>, sys: &Sys) -> Result<(Database, Sqlite), DynoxideError> {
    let path = match file {
        Some(file) => file.to_string_lossy().into_owned(),
        // A random name, which another connection of this process can open and another local cloud cannot guess.
        None => format!("file:{}?mode=memory&cache=shared", hex(&sys.bytes::<16>())),
    };
    let database = Database::new(&path)?;
    if file.is_some() {
        // Without fsync: a development database must survive a crash of the process, not of the machine.
        database.enable_bulk_loading()?;
    }
    let sqlite = Connection::open(&path)?;
    sqlite.busy_timeout(BUSY)?;
    sqlite.pragma_update(None, "synchronous", "OFF")?;
    Ok((database, Sqlite(sqlite)))
}

impl Sqlite {
    /// Deletes a table's stream records up to and including this one. The newest is kept, because the next number follows from it.
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

impl Sqlite {
    /// Deletes the items of a table whose partition key is a text that begins with `prefix`, which ends in ASCII. They must be in no index,
    /// and the stream does not report them.
    pub fn delete_partitions(&self, table: &str, prefix: &str) -> Result<(), DynoxideError> {
        let table = table.replace('"', "\"\"");
        let mut end = format!("S:{prefix}");
        let last = end.pop().and_then(|last| u8::try_from(last).ok()).unwrap_or_default();
        end.push(char::from(last.saturating_add(1)));
        let mut delete = self.0.prepare_cached(&format!("DELETE FROM \"{table}\" WHERE pk >= ?1 AND pk < ?2"))?;
        delete.execute(params![format!("S:{prefix}"), end])?;
        Ok(())
    }

    /// Puts rows into a table and its indexes, in one transaction. Their keys are texts. dynoxide's import puts every item into the table and
    /// into all its indexes, and takes several times as long.
    pub fn fill(&self, table: &str, rows: &[Row]) -> Result<(), DynoxideError> {
        self.0.pragma_update(None, "cache_size", CACHE)?;
        let (table, key) = (table.replace('"', "\"\""), |text: &str| format!("S:{text}"));
        let transaction = self.0.unchecked_transaction()?;
        for Row { index, key: (partition, sort), primary, item } in rows {
            let (partition, sort) = (key(partition), key(sort));
            match index {
                None => self
                    .0
                    .prepare_cached(&format!("INSERT INTO \"{table}\" (pk, sk, item_json, item_size) VALUES (?1, ?2, ?3, ?4)"))?
                    .execute(params![partition, sort, &**item, i64::try_from(item.len()).unwrap_or(i64::MAX)])?,
                Some(index) => self
                    .0
                    .prepare_cached(&format!(
                        "INSERT INTO \"{table}::gsi::{index}\" (gsi_pk, gsi_sk, table_pk, table_sk, item_json) VALUES (?1, ?2, ?3, ?4, ?5)"
                    ))?
                    .execute(params![partition, sort, key(&primary.0), key(&primary.1), &**item])?,
            };
        }
        Ok(transaction.commit()?)
    }
}

/// dynoxide stores a sequence number without the 10^20 that it adds in replies.
fn stored(shown: &str) -> Option<i64> {
    shown.strip_prefix('1').filter(|rest| rest.len() == 20)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_numbers_are_converted_to_the_stored_ones() {
        assert_eq!(stored("100001761000000000000"), Some(1_761_000_000_000_000));
        assert_eq!(stored("42"), None);
    }
}
