//! The partitions of a person's items.

use kernel::id::UserId;
use store::Key;

/// Returns the key in [`store::Index::Owner`] of an item in another partition that belongs to a person. The purge finds such items by it.
#[must_use]
pub fn owned(user: UserId, item: &Key) -> Key {
    Key::new(owned_partition(user), item.partition())
}

/// Returns the partition of [`store::Index::Owner`] with a person's items.
#[must_use]
pub fn owned_partition(user: UserId) -> String {
    format!("OWNED#{user}")
}

/// Returns the partition of [`store::Index::AboutPerson`] with the items about a person in the partitions of others.
#[must_use]
pub fn about_partition(user: UserId) -> String {
    format!("USER#{user}#ABOUT")
}

/// Returns the partition of all items that belong to one person only.
#[must_use]
pub fn partition(id: UserId) -> String {
    format!("USER#{id}")
}
