//! Refunding orders at Stripe.

use commerce::{
    card::{Refund, RefundState},
    order::Order,
    order_writes::{Written, write},
};
use kernel::Sys;
use payments::RefundReason;
use store::Table;

use crate::{
    Failed, Stripe,
    error::{ROUNDS, SettleError},
};

/// Requests the outstanding refunds of an order from Stripe. Their success is reported with the payment. A request and a transaction for
/// each refund.
///
/// # Errors
/// [`SettleError`]; it may be repeated at any point: Stripe makes one refund.
pub async fn give_back(table: &Table, sys: &Sys, stripe: &Stripe, mut order: Order) -> Result<Order, SettleError> {
    for _ in 0..ROUNDS {
        let Some(card) = order.card.clone() else { return Ok(order) };
        let (Some(refund), Some(intent)) = (card.asked_refund(), &card.intent) else { return Ok(order) };
        let (state, id) = if refund.is_repeatable(sys.now()) {
            match stripe.refund(intent, refund.amount, refund.reason, &refund.name).await {
                Ok(id) => (RefundState::Done, Some(id)),
                Err(failed @ (Failed::Refused(_) | Failed::Gone)) => {
                    if refund.reason == RefundReason::OrderEnded {
                        tracing::error!(error = %failed, order.id = %order.id, "a payment that came after the end of an order is not refunded");
                    }
                    (RefundState::Refused, None)
                }
                Err(e) => return Err(e.into()),
            }
        } else {
            // The key has expired at Stripe, so the same request would make a second refund. The refunds of the payment show whether the
            // first one was made.
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
