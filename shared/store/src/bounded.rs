//! Bounded lists, such as the categories of the shop. The number of items is counted in the transactions that add and delete them, so that
//! concurrent additions cannot exceed the limit.

use kernel::{Kind, Problem};
use serde::{Deserialize, Serialize};

use crate::{About, Key, Personal, Slot, Stored, Tx, Update, field};

/// A list with a maximum number of items.
#[derive(Clone, Copy, Debug)]
pub struct BoundedList {
    name: &'static str,
    max: u32,
}

impl BoundedList {
    /// A list with a unique name.
    #[must_use]
    pub const fn new(name: &'static str, max: u32) -> Self {
        Self { name, max }
    }

    fn key(self) -> Key {
        Key::new(format!("LIST#{}", self.name), "LIST")
    }

    /// Adds one item to the count in a transaction. The slot is refused if the list is full.
    pub fn grow(self, tx: &mut Tx) -> Slot {
        let has_room = field("items").absent().or(field("items").lt(self.max));
        tx.update(Update::upsert::<ListSize>(self.key()).add("items", 1).when(has_room))
    }

    /// Subtracts one item from the count in a transaction. The transaction has to be refused if the item does not exist.
    pub fn shrink(self, tx: &mut Tx) {
        tx.update(Update::upsert::<ListSize>(self.key()).add("items", -1));
    }

    /// The problem if the list is full.
    #[must_use]
    #[track_caller]
    pub fn full(self) -> Problem {
        Problem::new(Kind::TooMany).with("max", self.max)
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
