//! What becomes of the orders and the cart of somebody who leaves.

use accounts::{
    purge::{Purged, RECORDS_KEPT},
    user,
};
use countries::Country;
use kernel::{
    Problem, Sys, Time,
    id::{OrderId, UserId},
};
use money::Money;
use serde::{Deserialize, Serialize};
use store::{About, Conditional as _, Item, Key, Personal, Range, Row, Table, Tx, field};

use crate::{
    cart::Cart,
    machine::{By, OrderState, step},
    order::{Order, advance, history},
    quote::PricedLine,
};

/// Orders in one call.
const ORDERS: u32 = 20;
/// Requests in one call.
const REQUESTS: u32 = 100;

/// What is kept of an order whose buyer has left, as long as the law requires. It names nobody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRecord {
    /// The id of the order, which is its number.
    pub id: OrderId,
    /// The state.
    pub state: OrderState,
    /// What was ordered.
    pub lines: Vec<PricedLine>,
    /// What it has cost.
    pub total: Money,
    /// The country that it was taxed in.
    pub country: Country,
    /// When it was placed.
    pub created_at: Time,
    /// When its state changed last.
    pub changed_at: Time,
}

impl OrderRecord {
    /// What is kept of this order.
    #[must_use]
    pub fn of(order: &Order) -> Self {
        let Order { id, state, total, created_at, changed_at, .. } = *order;
        Self { id, state, lines: order.lines.clone(), total, country: order.recipient.address.country, created_at, changed_at }
    }
}

impl Item for OrderRecord {
    const KIND: &'static str = "order_record";
    const ABOUT: About = About::at(
        "ORDER_RECORD#{order}",
        "ORDER_RECORD",
        Personal::Nobody("products, amounts, a country and dates, which the law requires to be kept"),
    )
    .expires();
    fn key(&self) -> Key {
        Key::new(format!("ORDER_RECORD#{}", self.id), "ORDER_RECORD")
    }
    fn expires(&self) -> Option<Time> {
        Some(self.created_at + RECORDS_KEPT)
    }
}

/// Replaces a part of a person's orders by records that name nobody, and in the end deletes their cart. What is not shipped yet is
/// cancelled, because nobody knows any more where it goes, and leaves nothing.
///
/// # Errors
/// [`Problem`]; idempotent, may be repeated at any point.
pub async fn purge(table: &Table, sys: &Sys, user: UserId) -> Result<Purged, Problem> {
    let page = history(table, user, None, ORDERS).await?;
    let mut moved = false;
    for order in page.items {
        let cancelled = step(order.state, OrderState::Cancelled, By::Staff).is_some();
        let order = if cancelled { advance(table, sys.now(), &order, (OrderState::Cancelled, By::Staff), |_| None).await? } else { order };
        let mut tx = Tx::new();
        if order.state != OrderState::Cancelled {
            tx.put_always(&OrderRecord::of(&order));
        }
        tx.delete_when(order.key(), field("version").eq(order.version));
        moved |= !table.commit(tx).await.applied()?;
    }
    if page.more || moved {
        return Ok(Purged::More);
    }
    let requests = table.query_rows(Range::of(user::partition(user)).prefix("ORDER_REQUEST#").limit(REQUESTS)).await?;
    let keys = requests.items.iter().filter_map(Row::key).chain([Cart::key_of(user)]);
    table.delete_many(keys.collect()).await?;
    Ok(if requests.more { Purged::More } else { Purged::Done })
}
