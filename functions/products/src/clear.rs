//! Deletes the comments, ratings and prices of a deleted product.

use std::time::Duration;

use accounts::purge::Purged;
use commerce::purge;
use events::{Outbox, shop::ProductDeleted};
use function::{Context, Failure};
use kernel::id::ProductId;
use store::{Conditional as _, Tx};

/// Another run continues when less time than this is left of the invocation.
const MARGIN: Duration = Duration::from_secs(3);

/// Deletes the items of a product. A run that is short of time sends the same event again.
pub async fn clear(s: &crate::State, context: &Context, product: ProductId) -> Result<(), Failure> {
    while context.has_left(MARGIN) {
        if purge::clear(&s.table, product).await? == Purged::Done {
            return Ok(());
        }
    }
    let mut tx = Tx::new();
    Outbox::add(&mut tx, &s.sys, &ProductDeleted { product });
    Ok(s.table.commit(tx).await.refused_is_fine()?)
}
