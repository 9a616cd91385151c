//! Bounded lists, such as the categories of the shop. The number of items is counted in the transactions that add and delete them, so that
//! concurrent additions cannot exceed the limit.
//!
//! The count of a list that has none yet is taken from a query, because the list may have items from before they were counted: that brings
//! an existing table up to date. If a count is wrong, delete its item, `LIST#<name>`. The next change of the list counts it anew.

use kernel::{Kind, Problem};
use serde::{Deserialize, Serialize};

use crate::{About, Cond, Key, Personal, Range, Slot, StoreError, Stored, Table, Tx, Update, WriteError, field};

/// A list with a maximum number of items: all items of a partition.
#[derive(Clone, Copy, Debug)]
pub struct BoundedList {
    name: &'static str,
    partition: &'static str,
    max: u32,
}

impl BoundedList {
    /// Creates a list with a unique name. Its partition has no other items.
    #[must_use]
    pub const fn new(name: &'static str, partition: &'static str, max: u32) -> Self {
        Self { name, partition, max }
    }

    fn key(self) -> Key {
        Key::new(format!("LIST#{}", self.name), "LIST")
    }

    /// Reads the count, before an item is added or deleted. One read; if the items were never counted, also a query and an update.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn counted(self, table: &Table) -> Result<CountedList, StoreError> {
        let size = match table.get::<ListSize>(self.key()).await? {
            Some(size) => size,
            None => self.count(table).await?,
        };
        Ok(CountedList { list: self, items: size.items })
    }

    /// Counts the items for the first time. If a concurrent request has done it first, its count is right, as it has gone on from there.
    async fn count(self, table: &Table) -> Result<ListSize, StoreError> {
        let items = table.query_rows(Range::of(self.partition)).await?.items.len();
        let first = Update::upsert::<ListSize>(self.key()).set("items", items).when(Cond::Absent);
        match table.update(first).await {
            Ok(row) | Err(WriteError::Refused(Some(row))) => row.decode(),
            Err(WriteError::Refused(None)) => Err(StoreError::Unavailable("the count of a list does not stay as it is".to_owned())),
            Err(WriteError::Store(e)) => Err(e),
        }
    }

    /// Returns the problem if the list is full.
    #[must_use]
    #[track_caller]
    pub fn full(self) -> Problem {
        Problem::new(Kind::TooMany).with("max", self.max)
    }
}

/// A list whose items were counted.
#[derive(Clone, Copy, Debug)]
pub struct CountedList {
    list: BoundedList,
    items: i64,
}

impl CountedList {
    /// Returns whether there is room for one more.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.items < i64::from(self.list.max)
    }

    /// Adds one item to the count in a transaction. The slot is refused if the list is full.
    pub fn grow(&self, tx: &mut Tx) -> Slot {
        tx.update(Update::of(self.list.key()).add("items", 1).when(field("items").lt(self.list.max)))
    }

    /// Subtracts one item from the count in a transaction, but never below zero. The transaction has to be refused if the item does not
    /// exist.
    pub fn shrink(&self, tx: &mut Tx) {
        if self.items > 0 {
            tx.update(Update::of(self.list.key()).add("items", -1).when(field("items").gt(0)));
        }
    }
}

/// The count of items of a list.
#[derive(Debug, Serialize, Deserialize)]
pub struct ListSize {
    items: i64,
}

impl Stored for ListSize {
    const KIND: &'static str = "list_size";
    const ABOUT: About = About::at("LIST#{name}", "LIST", Personal::Nobody("the number of items in a list"));
}
