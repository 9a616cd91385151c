//! The purge of a person's comments and ratings, and of everything about a deleted product.

use accounts::{purge::Purged, user};
use kernel::{
    Problem,
    id::{ProductId, UserId},
};
use store::{Index, Range, Row, StoreError, Table};

use crate::{comment, product::partition, rating};

/// The number of items that one call deletes.
const STEP: u32 = 25;

/// Deletes a part of a person's comments and ratings. The sums of the products are corrected.
///
/// # Errors
/// [`Problem`]; idempotent, may be repeated at any point.
pub async fn purge(table: &Table, user: UserId) -> Result<Purged, Problem> {
    let range = Range::of_index(Index::Owner, user::owned_partition(user)).prefix("PRODUCT#").limit(STEP);
    let page = table.query_rows(range).await?;
    for row in &page.items {
        rating::withdraw(table, rating::of_row(row)?).await?;
    }
    table.delete_many(page.items.iter().filter_map(comment::key_of_row).collect()).await?;
    Ok(if page.more { Purged::More } else { Purged::Done })
}

/// Deletes a part of the comments, ratings and prices of a product that was deleted.
///
/// # Errors
/// [`StoreError`]; idempotent, may be repeated at any point.
pub async fn clear(table: &Table, product: ProductId) -> Result<Purged, StoreError> {
    let page = table.query_rows(Range::of(partition(product)).limit(STEP)).await?;
    table.delete_many(page.items.iter().filter_map(Row::key).collect()).await?;
    Ok(if page.more { Purged::More } else { Purged::Done })
}
