//! The purge of a person's orders and cart.

use accounts::{
    figures,
    purge::{Purged, Retention},
    user,
};
use countries::Country;
use kernel::{
    Problem, Sys, Time,
    id::{OrderId, UserId},
};
use money::Money;
use payments::{MoneyBack, PaidFor, PaymentRemoval, Promised, Recorded, Settlement, alert::rest_of};
use serde::{Deserialize, Serialize};
use store::{About, Conditional as _, Item, Key, Personal, Range, Row, StoreError, Table, Tx, field};

use crate::{
    card::{OrderCard, Refund, RefundState},
    cart::Cart,
    machine::{By, OrderState, step},
    order::{Order, history, revenue},
    order_writes::advance,
    quote::PricedLine,
};

/// The number of orders that one call handles.
const ORDERS: u32 = 20;
/// The number of requests that one call deletes.
const REQUESTS: u32 = 100;

/// The record of an order whose buyer's account was deleted. It is kept as long as the law requires, and has no personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRecord {
    /// The id of the order, which is its number.
    pub id: OrderId,
    /// The state.
    pub state: OrderState,
    /// The products with their prices.
    pub lines: Vec<PricedLine>,
    /// The total price.
    pub total: Money,
    /// The country of taxation.
    pub country: Country,
    /// When it was placed.
    pub created_at: Time,
    /// When its state changed last.
    pub changed_at: Time,
    /// When it was known to be paid by card.
    #[serde(default)]
    pub paid_at: Option<Time>,
    /// Refunds and disputes of a payment by card.
    #[serde(flatten)]
    pub back: MoneyBack,
    /// The amount that was ever given back at Stripe, or was to be given back when the buyer left, if the rest of the payment is kept,
    /// without what staff have given back outside since. What is missing of it after money has come back is owed.
    #[serde(default)]
    due: u64,
    /// Stripe's id of the payment. Orders on delivery, and records of earlier versions, have none.
    #[serde(default)]
    intent: Option<String>,
    /// When it is deleted.
    #[serde(default)]
    until: Option<Time>,
}

impl OrderRecord {
    /// Returns the record of this order, for this retention.
    #[must_use]
    pub fn of(order: &Order, kept: Retention) -> Self {
        let Order { id, state, total, created_at, changed_at, .. } = *order;
        let (lines, country) = (order.lines.clone(), order.recipient.address.country);
        let card = order.card.as_ref();
        let (paid_at, back) = (card.and_then(|card| card.paid_at), card.map(|card| card.back).unwrap_or_default());
        let (intent, due) = (card.and_then(|card| card.intent.clone()), card.map_or(0, OrderCard::due_back));
        Self { id, state, lines, total, country, created_at, changed_at, paid_at, back, due, intent, until: Some(kept.ends(created_at)) }
    }

    fn key_of(id: OrderId) -> Key {
        Key::new(format!("ORDER_RECORD#{id}"), "ORDER_RECORD")
    }

    /// Writes Stripe's state of the payment to the record, with the change of revenue.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn settle(table: &Table, sys: &Sys, id: OrderId, said: &Settlement) -> Result<Recorded, StoreError> {
        let Some(record) = table.get::<Self>(Self::key_of(id)).await? else { return Ok(Recorded::Missing) };
        if !said.is_of(record.intent.as_deref()) {
            return Ok(Recorded::OfAnother(record.total));
        }
        let back = record.back.after(said.back);
        let after = Self { back, due: record.due.max(record.back.refunded).max(back.refunded), ..record.clone() };
        if after == record {
            return Ok(Recorded::Now);
        }
        let mut tx = Tx::new();
        record.replace(&mut tx, sys, &after);
        // All of an order that has ended is given back.
        let due = (!has_ended(record.state)).then_some(after.due);
        let (change, asked) = ((record.back, after.back), ((PaidFor::Order(id), record.total), due));
        PaymentRemoval::reopen(table, &mut tx, sys.now(), change, said, asked).await?;
        Recorded::of(table.commit(tx).await)
    }

    /// Adds to a transaction that staff have given back this amount of the payment with this id at Stripe outside of it, as
    /// [`payments::PaymentRecord::give_outside`]. One read.
    ///
    /// # Errors
    /// [`kernel::Kind::Invalid`] if it is more than what is left; those of a [`StoreError`].
    pub async fn give_outside(table: &Table, sys: &Sys, tx: &mut Tx, (id, intent): (OrderId, &str), amount: Money) -> Result<(), Problem> {
        let record = table.get::<Self>(Self::key_of(id)).await?;
        if let Some(record) =
            record.filter(|record| record.intent.as_deref() == Some(intent) && record.total.currency() == amount.currency())
        {
            // It does not have what was paid instead of what was asked for.
            let left = record.paid_at.and_then(|_| record.back.left_of(record.total));
            left.map(|left| rest_of(left, amount)).transpose()?;
            // That much less is owed.
            let due = record.due.saturating_sub(amount.amount()).max(record.back.refunded);
            let after = Self { back: record.back.given_outside(amount.amount()), due, ..record.clone() };
            record.replace(tx, sys, &after);
        }
        Ok(())
    }

    /// Adds the next state to a transaction, with the change of revenue. Refused if the record has changed since it was read.
    fn replace(&self, tx: &mut Tx, sys: &Sys, after: &Self) {
        tx.put(after, self.back.is_stored());
        let sold_at = self.paid_at.unwrap_or(self.created_at);
        figures::change_revenue(tx, sys, sold_at, self.total.currency().code(), (self.revenue(), after.revenue()));
    }

    fn revenue(&self) -> u64 {
        revenue(self.state, self.total, self.paid_at.map(|_| self.back))
    }
}

impl Item for OrderRecord {
    const KIND: &'static str = "order_record";
    const ABOUT: About = About::at(
        "ORDER_RECORD#{order}",
        "ORDER_RECORD",
        Personal::Nobody("products, amounts, a country and dates, which the law requires to be kept, and Stripe's id of the payment"),
    )
    .expires();
    fn key(&self) -> Key {
        Self::key_of(self.id)
    }
    fn expires(&self) -> Option<Time> {
        Some(self.until.unwrap_or_else(|| Retention::default().ends(self.created_at)))
    }
}

/// Replaces a bounded part of a person's orders by records without personal data, and at last deletes the cart. Orders that are not shipped
/// yet end, because their address is deleted. They leave no record or, if they were paid, a record with the refund. Payments at Stripe that
/// can still be paid or have to be refunded are handed over as a [`PaymentRemoval`].
///
/// # Errors
/// [`Problem`]; idempotent, may be repeated at any point.
pub async fn purge(table: &Table, sys: &Sys, kept: Retention, user: UserId) -> Result<Purged, Problem> {
    let page = history(table, user, None, ORDERS).await?;
    let mut moved = false;
    for order in page.items {
        let order = at_its_end(table, sys, order).await?;
        let mut tx = Tx::new();
        let paid = order.card.as_ref().is_some_and(OrderCard::is_paid);
        if paid || !matches!(order.state, OrderState::Cancelled | OrderState::Expired) {
            tx.put_always(&OrderRecord::of(&order, kept));
        }
        if let Some(removal) = removal(&order, sys.now()) {
            tx.put_always(&removal);
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

/// Ends the order, if it is not shipped yet. Returns its state afterwards.
async fn at_its_end(table: &Table, sys: &Sys, mut order: Order) -> Result<Order, Problem> {
    for end in [OrderState::Cancelled, OrderState::Refunding, OrderState::Refunded] {
        if step(order.state, end, By::System).is_some() {
            order = advance(table, sys, &order, (end, By::System), |_| None).await?;
        }
    }
    Ok(order)
}

/// Returns what remains to be done at Stripe for an order: cancelling a payment that can still be paid, refunding an order that has ended,
/// or making a refund that was promised. One that has failed stays owed.
fn removal(order: &Order, now: Time) -> Option<PaymentRemoval> {
    let card = order.card.as_ref()?;
    let (intent, about) = (card.intent.clone()?, (PaidFor::Order(order.id), order.total));
    if has_ended(order.state) {
        let outside = card.back.outside;
        let is_owed = card.back.given() < card.paid(order.total);
        return is_owed.then(|| PaymentRemoval { outside, ..PaymentRemoval::new(intent, about, now) });
    }
    let asked = card.refunds.iter().filter(|refund| refund.state == RefundState::Asked);
    let amount = |amount| Money::new(amount, order.total.currency()).ok();
    let promised = |refund: &Refund| {
        let (name, amount) = (refund.name.clone(), amount(refund.amount)?);
        Some(Promised { name, amount, reason: refund.reason, attempt: refund.attempt })
    };
    let promised: Vec<Promised> = asked.chain(card.failed_refunds(order.total)).filter_map(promised).collect();
    let due = Some(card.due_back());
    (!promised.is_empty()).then(|| PaymentRemoval { promised, due, ..PaymentRemoval::new(intent, about, now) })
}

/// Returns whether all that was paid of an order in this state is given back.
const fn has_ended(state: OrderState) -> bool {
    matches!(state, OrderState::Cancelled | OrderState::Expired | OrderState::Refunded)
}
