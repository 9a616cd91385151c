//! Ending an order that is not paid, and its payment at Stripe.

use commerce::{
    order::Order,
    order_writes::{Written, write},
};
use kernel::Sys;
use payments::PaidFor;
use store::Table;

use crate::{Failed, SettleError, Settled, Stripe, settle_for};

/// Ends an order that was not paid in time or was cancelled by its buyer. First its payment is cancelled at Stripe, then Stripe's state of
/// the payment is applied. So the order can turn out to be paid, or stay unchanged while the bank decides.
///
/// # Errors
/// [`SettleError`]; it may be repeated at any point.
pub async fn close(table: &Table, sys: &Sys, stripe: &Stripe, order: Order) -> Result<Order, SettleError> {
    if let Some(intent) = order.card.as_ref().and_then(|card| card.intent.clone()) {
        match stripe.cancel_payment(&intent).await {
            // The payment is being paid, or was already cancelled.
            Ok(()) | Err(Failed::Refused(_) | Failed::Gone) => {}
            Err(e) => return Err(e.into()),
        }
        match settle_for(table, sys, stripe, &intent, (order.user, PaidFor::Order(order.id))).await? {
            Settled::Order(order) => return Ok(*order),
            Settled::Gone => {}
            _ => return Ok(order),
        }
    }
    // Stripe knows no payment of the order. If a concurrent request creates one, it cancels it because the order has ended.
    match write(table, sys, &order, &order.ended(sys.now()), None).await? {
        Written::Now(order) | Written::Outdated(Some(order)) => Ok(*order),
        Written::Outdated(None) | Written::Refused => Ok(order),
    }
}
