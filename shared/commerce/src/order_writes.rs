//! The transactions that change an order together with its related items: the stock of its products, its alerts, the count of orders on
//! delivery. The modules of those items do not depend on this one.

use std::collections::BTreeSet;

use accounts::{figures, user};
use events::{Notice, Outbox, shop::OrderPlaced};
use kernel::{Kind, Problem, Sys, id::ProductId};
use payments::HandledEvent;
use store::{CommitError, Item as _, Row, Slot, StoreError, Table, Tx, WriteError, field};

use crate::{
    alert,
    machine::{ARROWS, By, OrderState},
    order::Order,
    place::ON_DELIVERY,
    quote::PricedLine,
};

/// Attempts to take a step after deletions of products in the order.
const ROUNDS: usize = 60;
/// Attempts to take a step after concurrent changes of the order that leave it in its state.
const TRIES: usize = 10;

/// The result of [`replace`] and [`write`].
#[derive(Clone, Debug)]
pub enum Written {
    /// The order was written. This is its new state.
    Now(Box<Order>),
    /// A condition that the caller added was refused.
    Refused,
    /// The order has changed since it was read. Contains its current state, if it exists.
    Outdated(Option<Box<Order>>),
}

/// Writes an order, if it is unchanged since it was read, and moves the stock of its products with its step. `also` adds writes to the
/// transaction, and returns the slots that may be refused. One transaction, and another one for each deleted product, which has no stock.
///
/// # Errors
/// [`StoreError`]
pub async fn replace(
    table: &Table,
    sys: &Sys,
    before: &Order,
    after: &Order,
    also: impl Fn(&mut Tx) -> Option<Slot> + Send + Sync,
) -> Result<Written, StoreError> {
    let next = Order { version: before.version.saturating_add(1), ..after.clone() };
    let arrow = ARROWS.into_iter().find(|arrow| arrow.from == before.state && arrow.to == after.state);
    if before.state != after.state && arrow.is_none() {
        return Err(StoreError::Defect(format!("there is no step from {} to {}", before.state.as_str(), after.state.as_str())));
    }
    let mut gone = BTreeSet::new();
    for _ in 0..ROUNDS {
        let mut tx = Tx::new();
        let own = tx.put(&next, field("version").eq(before.version));
        let allowed = also(&mut tx);
        told(&mut tx, sys, before, &next);
        let moved: Vec<(ProductId, Slot)> = arrow.and_then(|arrow| arrow.stock).map_or_else(Vec::new, |stock| {
            let lines = next.lines.iter().map(PricedLine::line).filter(|line| !gone.contains(&line.product));
            lines.map(|line| (line.product, stock.add(&mut tx, line))).collect()
        });
        match table.commit(tx).await {
            Ok(()) => return Ok(Written::Now(Box::new(next))),
            Err(CommitError::Refused(refused)) if allowed.is_some_and(|slot| refused.at(slot)) => return Ok(Written::Refused),
            Err(CommitError::Refused(refused)) if refused.at(own) => {
                let current = refused.current(own).map(Row::decode::<Order>).transpose()?;
                return Ok(Written::Outdated(current.map(Box::new)));
            }
            Err(CommitError::Refused(refused)) => {
                for (product, slot) in moved.into_iter().filter(|(_, slot)| refused.at(*slot)) {
                    if refused.current(slot).is_some() {
                        return Err(StoreError::Defect("the stock of a product is less than its orders have".to_owned()));
                    }
                    gone.insert(product);
                }
            }
            Err(CommitError::Store(e)) => return Err(e),
        }
    }
    Err(StoreError::Unavailable("products of an order are deleted one after another".to_owned()))
}

/// Adds the consequences of a change: the event that mails the buyer and counts the order, the change of revenue, the room for another
/// order on delivery, the expiry of the [`OrderOwner`](crate::order::OrderOwner), and the alerts for staff.
fn told(tx: &mut Tx, sys: &Sys, before: &Order, next: &Order) {
    if before.state == OrderState::PendingPayment && next.state == OrderState::Paid {
        Outbox::add(tx, sys, &OrderPlaced { user: next.user, order: next.id });
    }
    figures::change_revenue(tx, sys, next.sold_at(), next.total.currency().code(), (before.revenue(), next.revenue()));
    if before.state == OrderState::Placed && next.state != before.state {
        ON_DELIVERY.of(next.user).give_back_in(tx, 1, before.created_at);
    }
    if next.state == OrderState::Shipped && before.state != next.state {
        user::notify(tx, sys, next.user, Notice::OrderShipped);
    }
    let refunded = |order: &Order| order.card.as_ref().map_or(0, |card| card.back.given());
    if refunded(next) > refunded(before) {
        user::notify(tx, sys, next.user, Notice::OrderRefunded);
    }
    if before.expires() != next.expires() {
        tx.put_always(&next.owner());
    }
    alert::follow(tx, before, next, sys.now());
}

/// Writes a new state of an order, if the order is unchanged since it was read, with the event of Stripe that caused it, if any. One
/// transaction, or none if nothing differs. [`Written::Refused`] if the event was already handled.
///
/// # Errors
/// [`StoreError`]
pub async fn write(table: &Table, sys: &Sys, before: &Order, after: &Order, event: Option<&str>) -> Result<Written, StoreError> {
    let handled = event.map(|event| HandledEvent { event: event.to_owned(), at: sys.now() });
    if before != after {
        return replace(table, sys, before, after, |tx| handled.as_ref().map(|handled| tx.create(handled))).await;
    }
    let same = || Written::Now(Box::new(before.clone()));
    let Some(handled) = handled else { return Ok(same()) };
    match table.create(&handled).await {
        Ok(()) => Ok(same()),
        Err(WriteError::Refused(_)) => Ok(Written::Refused),
        Err(WriteError::Store(e)) => Err(e),
    }
}

/// Takes a step of an order, and moves the stock of its products, as [`replace`] does. `also` returns the condition that the caller may
/// still do this, if there is one. Repeated after each concurrent change that leaves the order in its state, such as news of its payment.
///
/// # Errors
/// [`Kind::OrderState`] if its state does not allow the step, or has changed since it was read; [`Kind::OrderHeld`] if it must not be
/// shipped; [`Kind::Forbidden`] if the condition of `also` does not hold; [`Kind::Conflict`] if concurrent changes were faster at every
/// attempt.
pub async fn advance(
    table: &Table,
    sys: &Sys,
    order: &Order,
    (to, by): (OrderState, By),
    also: impl Fn(&mut Tx) -> Option<Slot> + Send + Sync,
) -> Result<Order, Problem> {
    let mut current = order.clone();
    for _ in 0..TRIES {
        current.admits(to, by)?;
        match replace(table, sys, &current, &current.in_state(to, sys.now()), &also).await? {
            Written::Now(next) => return Ok(*next),
            Written::Refused => return Err(Kind::Forbidden.because("the caller lost the role meanwhile")),
            Written::Outdated(Some(changed)) if changed.state == order.state => current = *changed,
            Written::Outdated(Some(changed)) => return Err(changed.stays()),
            Written::Outdated(None) => return Err(Kind::NotFound.into()),
        }
    }
    Err(Kind::Conflict.because("concurrent requests changed the order each time"))
}
