//! Ending an order that is not paid, and its payment at Stripe.

use commerce::order::{Order, Written, write};
use kernel::Sys;
use payments::PaidFor;
use store::Table;

use crate::{Failed, SettleError, Settled, Stripe, settle_for};

/// Ends an order that nobody has paid in time, or that its buyer has cancelled: its payment is cancelled at Stripe first, and then follows
/// what Stripe says of it. So the order may be paid afterwards, or be as it was while the bank decides.
///
/// # Errors
/// [`SettleError`]; it may be repeated at any point.
pub async fn close(table: &Table, sys: &Sys, stripe: &Stripe, order: Order) -> Result<Order, SettleError> {
    if let Some(intent) = order.card.as_ref().and_then(|card| card.intent.clone()) {
        match stripe.cancel_payment(&intent).await {
            // It is paid at this moment, or cancelled already.
            Ok(()) | Err(Failed::Refused(_) | Failed::Gone) => {}
            Err(e) => return Err(e.into()),
        }
        match settle_for(table, sys, stripe, &intent, (order.user, PaidFor::Order(order.id))).await? {
            Settled::Order(order) => return Ok(*order),
            Settled::Gone => {}
            _ => return Ok(order),
        }
    }
    // Stripe knows no payment of it, or whoever creates one at this moment cancels it because the order has ended.
    match write(table, sys, &order, &order.ended(sys.now()), None).await? {
        Written::Now(order) | Written::Outdated(Some(order)) => Ok(*order),
        Written::Outdated(None) | Written::Refused => Ok(order),
    }
}
