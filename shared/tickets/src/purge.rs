//! Deletes what somebody who leaves has written to the team, with the answers. What was written with their address without being signed
//! in is not theirs: it stays until it is a year old.

use accounts::{purge::Purged, user::owned_partition};
use kernel::id::UserId;
use store::{Index, Range, Row, StoreError, Table};

use crate::message::PREFIX;

/// Items of one step: a message can have 40 KB.
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
