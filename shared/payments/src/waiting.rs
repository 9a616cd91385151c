//! Items that are checked automatically at a due time, because they wait for Stripe or the payer.

use std::fmt::Display;

use kernel::Time;
use store::{Index, Item, Key, Page, Range, StoreError, Table};

fn sortable(at: Time) -> String {
    format!("{:014}", at.millis().max(0))
}

/// Returns the key in [`Index::DuePayments`] of an item that is due at this time.
#[must_use]
pub fn place(partition: &str, at: Time, id: impl Display) -> Key {
    Key::new(partition, format!("{}#{id}", sortable(at)))
}

/// Returns the due items of a partition after `after`, the oldest due time first. One query.
///
/// # Errors
/// [`StoreError`]
pub async fn page<I: Item>(table: &Table, partition: &str, now: Time, after: Option<&I>, limit: u32) -> Result<Page<I>, StoreError> {
    let range = Range::of_index(Index::DuePayments, partition).between("0", format!("{}~", sortable(now))).limit(limit);
    let place = |item: &I| item.indexes().into_iter().find(|(index, _)| *index == Index::DuePayments).map(|(_, key)| key);
    table.query(after.into_iter().fold(range, |range, after| range.after(after.key(), place(after)))).await
}
