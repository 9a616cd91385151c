//! Refunding orders at Stripe.

use commerce::{
    card::{Refund, RefundState},
    order::{Order, Written, write},
};
use kernel::Sys;
use payments::RefundReason;
use store::Table;

use crate::{
    Failed, Stripe,
    error::{ROUNDS, SettleError},
};

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
            match stripe.refund(intent, refund.amount, refund.reason, &refund.name).await {
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
