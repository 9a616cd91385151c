#![doc = include_str!("../README.md")]

mod about;
mod bounded;
mod condition;
mod conditional;
mod error;
mod index;
mod item;
pub mod limits;
mod operation;
mod page;
mod seal;
mod table;
mod tx;
mod update;

pub use about::{About, IndexPattern, Personal, Removal, Ttl};
pub use bounded::{BoundedList, CountedList};
pub use condition::{Cond, field, first_version, version_is};
pub use conditional::{Conditional, WriteError};
pub use error::StoreError;
pub use index::Index;
pub use item::{Item, ItemKind, Key, Listed, Row, Stored};
pub use page::{Page, Range, Window};
pub use seal::{Cursors, SealError, Sealer};
pub use table::{Batch, Table};
pub use tx::{CommitError, Refused, Slot, Tx};
pub use update::Update;

crate::items![bounded::ListSize, limits::Counter, seal::SealKey];
