//! The purge of a person's tickets, with the answers. Tickets that were written with the person's address without signing in are not linked
//! to the account. They stay until they are a year old.

use accounts::{purge::Purged, user::owned_partition};
use kernel::id::UserId;
use store::{Index, Range, Row, StoreError, Table};

use crate::message::PREFIX;

/// The number of items that one call deletes. A message can have 40 KB.
const STEP: u32 = 25;

/// Deletes a part of the tickets that an account has written.
///
/// # Errors
/// [`StoreError`]; idempotent, may be repeated at any point.
pub async fn purge(table: &Table, user: UserId) -> Result<Purged, StoreError> {
    let theirs = Range::of_index(Index::Owner, owned_partition(user)).prefix(PREFIX).limit(STEP);
    let page = table.query_rows(theirs).await?;
    table.delete_many(page.items.iter().filter_map(Row::key).collect()).await?;
    Ok(if page.more { Purged::More } else { Purged::Done })
}
