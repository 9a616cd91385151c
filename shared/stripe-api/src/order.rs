//! The payment of an order at Stripe: cancelling it, and refunding it.

use commerce::{
    card::{Refund, RefundState},
    order::{Order, Written, write},
};
use kernel::Sys;
use payments::RefundReason;
use store::Table;

use crate::{Failed, SettleError, Settled, Stripe, settle, settle::ROUNDS};

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
        match settle(table, sys, stripe, &intent, None).await? {
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

/// Asks Stripe for the refunds of an order that it was not asked for yet. What Stripe has given back is told with its payment. A request
/// and a transaction for each refund.
///
/// # Errors
/// [`SettleError`]; it may be repeated at any point: Stripe makes one refund.
pub async fn give_back(table: &Table, sys: &Sys, stripe: &Stripe, mut order: Order) -> Result<Order, SettleError> {
    for _ in 0..ROUNDS {
        let Some(card) = order.card.clone() else { return Ok(order) };
        let (Some(refund), Some(intent)) = (card.asked_refund(), &card.intent) else { return Ok(order) };
        let (state, id) = if refund.is_repeatable(sys.now()) {
            let amount = money::Money::new(refund.amount, order.total.currency()).map_err(|_| Failed::Unreadable("an amount"))?;
            match stripe.refund(intent, amount, refund.reason, &refund.name).await {
                Ok(id) => (RefundState::Done, Some(id)),
                Err(failed @ (Failed::Refused(_) | Failed::Gone)) => {
                    if refund.reason == RefundReason::OrderEnded {
                        tracing::error!(error = %failed, order.id = %order.id, "money that came after the end of an order is not given back");
                    }
                    (RefundState::Refused, None)
                }
                Err(e) => return Err(e.into()),
            }
        } else {
            // The same request would make another one by now. Its payment tells whether it was made.
            match refund.after(&stripe.payment(intent).await?.state.refunds) {
                Refund { state: RefundState::Asked, .. } => (RefundState::Refused, None),
                known => (known.state, known.refund),
            }
        };
        let after = order.with_card(card.with_answer(&refund.name, state, id));
        match write(table, sys, &order, &after, None).await? {
            Written::Now(now) | Written::Outdated(Some(now)) => order = *now,
            Written::Outdated(None) | Written::Refused => return Ok(order),
        }
    }
    Err(SettleError::Busy)
}
