//! What is checked automatically at some time, because it waits for Stripe or for the payer.

use std::fmt::Display;

use kernel::Time;
use store::{Index, Item, Key, Page, Range, StoreError, Table};

fn sortable(at: Time) -> String {
    format!("{:014}", at.millis().max(0))
}

/// The place of an item in [`Index::DuePayments`] that is to be looked at from this time on.
#[must_use]
pub fn place(partition: &str, at: Time, id: impl Display) -> Key {
    Key::new(partition, format!("{}#{id}", sortable(at)))
}

/// The items of a partition that are to be looked at, those that have waited longest first: those after this one. One query.
///
/// # Errors
/// [`StoreError`]
pub async fn page<I: Item>(table: &Table, partition: &str, now: Time, after: Option<&I>, limit: u32) -> Result<Page<I>, StoreError> {
    let range = Range::of_index(Index::DuePayments, partition).between("0", format!("{}~", sortable(now))).limit(limit);
    let place = |item: &I| item.indexes().into_iter().find(|(index, _)| *index == Index::DuePayments).map(|(_, key)| key);
    table.query(after.into_iter().fold(range, |range, after| range.after(after.key(), place(after)))).await
}
