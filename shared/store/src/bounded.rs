//! Lists of a limited number of items, such as the categories of the shop. How many there are is counted in the transaction that adds one
//! or deletes one, so that two that are added at once do not exceed the limit together.

use kernel::{Kind, Problem};
use serde::{Deserialize, Serialize};

use crate::{About, Key, Personal, Slot, Stored, Tx, Update, field};

/// A list of at most so many items.
#[derive(Clone, Copy, Debug)]
pub struct BoundedList {
    name: &'static str,
    max: u32,
}

impl BoundedList {
    /// A list with a name that no other one has.
    #[must_use]
    pub const fn new(name: &'static str, max: u32) -> Self {
        Self { name, max }
    }

    fn key(self) -> Key {
        Key::new(format!("LIST#{}", self.name), "LIST")
    }

    /// Adds to a transaction that the list has one item more. The slot is refused if it is full.
    pub fn grow(self, tx: &mut Tx) -> Slot {
        let has_room = field("items").absent().or(field("items").lt(self.max));
        tx.update(Update::upsert::<ListSize>(self.key()).add("items", 1).when(has_room))
    }

    /// Adds to a transaction that the list has one item less. The transaction has to be refused if the item does not exist.
    pub fn shrink(self, tx: &mut Tx) {
        tx.update(Update::upsert::<ListSize>(self.key()).add("items", -1));
    }

    /// The problem of who finds it full.
    #[must_use]
    #[track_caller]
    pub fn full(self) -> Problem {
        Problem::new(Kind::TooMany).with("max", self.max)
    }
}

/// How many items a list has.
#[derive(Debug, Serialize, Deserialize)]
pub struct ListSize {
    items: i64,
}

impl Stored for ListSize {
    const KIND: &'static str = "list_size";
    const ABOUT: About = About::at("LIST#{name}", "LIST", Personal::Nobody("the number of items in a list"));
}
