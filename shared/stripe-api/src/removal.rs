//! Cancels or refunds the payments of people whose accounts were deleted, and those that nobody asked for.

use money::Money;
use payments::{Owed, PaymentRemoval, Progress, RefundReason, Settlement};

use crate::{Failed, Stripe};

/// What became of the removal of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// It is done.
    Done,
    /// Not yet, because the bank decides about the payment.
    Waits,
    /// Stripe refuses a refund of a payment that is not disputed, or the payer's bank has refused one. Staff have to give the money back.
    Refused(Owed),
}

impl Removed {
    /// Returns that staff have to give back this amount of a payment in this state.
    fn refused(state: &Settlement, owed: u64) -> Self {
        let amount = state.asked.and_then(|asked| Money::new(owed, asked.currency()).ok());
        Self::Refused(Owed { amount, came_back: state.back.came_back })
    }
}

/// Cancels a payment at Stripe. If it was paid, refunds the rest of it, or only the promised amounts of a payment that is kept.
///
/// # Errors
/// [`Failed`]; it may be repeated at any point.
pub async fn remove_payment(stripe: &Stripe, removal: &PaymentRemoval) -> Result<Removed, Failed> {
    if let Some(due) = removal.part() {
        return give_part(stripe, removal, due).await;
    }
    let intent = &removal.intent;
    match stripe.cancel_payment(intent).await {
        Ok(()) | Err(Failed::Refused(_) | Failed::Gone) => {}
        Err(e) => return Err(e),
    }
    let state = match stripe.payment(intent).await {
        Ok(payment) => payment.state,
        Err(Failed::Gone) => return Ok(Removed::Done),
        Err(e) => return Err(e),
    };
    // Refunds that a bank has sent back are not repeated. What staff have given back outside Stripe is not owed.
    let owed = state.received.saturating_sub(state.back.refunded).saturating_sub(removal.outside);
    let sent_back = state.back.came_back.saturating_sub(removal.outside);
    let left = owed.saturating_sub(sent_back);
    if state.progress == Progress::Succeeded && left > 0 {
        // The name contains the remaining amount, so that a refund of another amount is another request.
        match stripe.refund(intent, left, RefundReason::OrderEnded, (&format!("removal-{left}"), 0)).await {
            Ok(_) => {}
            // A disputed payment cannot be refunded, because the bank decides.
            Err(Failed::Refused(_)) if state.back.disputed => {}
            Err(Failed::Refused(why)) => {
                tracing::error!(why, "a payment cannot be refunded yet, and will be tried again");
                return Ok(Removed::refused(&state, owed));
            }
            Err(e) => return Err(e),
        }
    }
    if sent_back > 0 && owed > 0 && !state.back.disputed {
        tracing::error!("a payment that is not kept has to be given back in another way");
        return Ok(Removed::refused(&state, owed.saturating_sub(left)));
    }
    let is_decided = matches!(state.progress, Progress::Succeeded | Progress::Cancelled);
    Ok(if is_decided { Removed::Done } else { Removed::Waits })
}

/// Makes the promised refunds of a payment that were not made yet, so that this amount (`due`) is refunded altogether. Those that the payer's
/// bank has refused are not made again: they are owed until staff have given back as much at Stripe, or say that they have given it back
/// outside.
async fn give_part(stripe: &Stripe, removal: &PaymentRemoval, due: u64) -> Result<Removed, Failed> {
    let state = match stripe.payment(&removal.intent).await {
        Ok(payment) => payment.state,
        Err(Failed::Gone) => return Ok(Removed::Done),
        Err(e) => return Err(e),
    };
    let left = state.received.saturating_sub(state.back.refunded);
    let mut owed = due.min(state.received).saturating_sub(state.back.refunded);
    for promised in &removal.promised {
        if state.refunds.iter().any(|refund| refund.name.as_ref() == Some(&promised.name)) {
            continue;
        }
        let amount = promised.amount.amount();
        match stripe.refund(&removal.intent, amount, promised.reason, (&promised.name, promised.attempt)).await {
            Ok(_) => owed = owed.saturating_sub(amount),
            Err(Failed::Refused(why)) => {
                tracing::error!(why, "Stripe refused a refund that was promised before the account was deleted");
                // If the payment is disputed or otherwise refunded, a later attempt would fail too.
                if state.back.disputed || left < amount {
                    owed = owed.saturating_sub(amount);
                }
            }
            Err(e) => return Err(e),
        }
    }
    Ok(if owed == 0 { Removed::Done } else { Removed::refused(&state, owed) })
}
