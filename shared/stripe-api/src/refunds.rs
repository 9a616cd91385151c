//! Refunding orders at Stripe.

use commerce::{
    card::{OrderCard, Refund, RefundState, RefundStep},
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
/// each refund, two more if it was requested minutes ago and was not made.
///
/// # Errors
/// [`SettleError`]; it may be repeated at any point: Stripe makes one refund. For some minutes after it was requested in vain it is not
/// requested again ([`Failed::Busy`]).
pub async fn give_back(table: &Table, sys: &Sys, stripe: &Stripe, mut order: Order) -> Result<Order, SettleError> {
    for _ in 0..ROUNDS {
        let Some(card) = order.card.clone() else { return Ok(order) };
        let (Some(refund), Some(intent)) = (card.asked_refund(), &card.intent) else { return Ok(order) };
        let after = match refund.step(sys.now()) {
            RefundStep::Send => sent(stripe, &order, &card, refund, intent).await?,
            RefundStep::Wait => return Err(Failed::Busy.into()),
            RefundStep::Look => match stripe.payment(intent).await {
                Ok(payment) => match refund.after(&payment.state.refunds, sys.now()) {
                    Refund { state: RefundState::Asked, .. } => card.asked_again(&refund.name, sys.now()),
                    known => card.with_answer(&refund.name, known.state, known.refund),
                },
                Err(Failed::Gone) => card.with_answer(&refund.name, RefundState::Refused, None),
                Err(e) => return Err(e.into()),
            },
        };
        let after = order.with_card(after);
        match write(table, sys, &order, &after, None).await? {
            Written::Now(now) | Written::Outdated(Some(now)) => order = *now,
            Written::Outdated(None) | Written::Refused => return Ok(order),
        }
    }
    Err(SettleError::Busy)
}

/// Sends the request for a refund, and returns the payment after Stripe's answer.
async fn sent(stripe: &Stripe, order: &Order, card: &OrderCard, refund: &Refund, intent: &str) -> Result<OrderCard, Failed> {
    match stripe.refund(intent, refund.amount, refund.reason, (&refund.name, refund.attempt)).await {
        Ok(id) => Ok(card.with_answer(&refund.name, RefundState::Done, Some(id))),
        Err(failed @ (Failed::Refused(_) | Failed::Gone)) => {
            if refund.reason == RefundReason::OrderEnded {
                tracing::error!(error = %failed, order.id = %order.id, "a payment that came after the end of an order is not refunded");
            }
            Ok(card.with_answer(&refund.name, RefundState::Refused, None))
        }
        Err(e) => Err(e),
    }
}
