//! Cancels or refunds the payments of people whose accounts were deleted, and those that nobody asked for.

use money::Money;
use payments::{PaymentRemoval, Progress, RefundReason, RefusedRefund, Settlement};

use crate::{Failed, Stripe};

/// What became of the removal of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// It is done.
    Done,
    /// Not yet, because the bank decides about the payment.
    Waits,
    /// Stripe refuses a refund of a payment that is not disputed, or the payer's bank has refused one. Staff have to give the money back.
    Refused(RefusedRefund),
}

/// Returns that this amount of a payment is owed, because Stripe refuses its refund or has got it back.
fn refused(removal: &PaymentRemoval, state: &Settlement, owed: u64) -> Removed {
    let asked = removal.asked.map(|(_, asked)| asked.currency());
    let is_known = asked.is_some() && asked == state.asked.map(Money::currency);
    Removed::Refused(RefusedRefund { came_back: state.back.came_back, owed: is_known.then_some(owed) })
}

/// Cancels a payment at Stripe. If it was paid, refunds the rest of it, or only the promised amounts.
///
/// # Errors
/// [`Failed`]; it may be repeated at any point.
pub async fn remove_payment(stripe: &Stripe, removal: &PaymentRemoval) -> Result<Removed, Failed> {
    if !removal.promised.is_empty() {
        return give_promised(stripe, removal).await;
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
    let mut owed = state.received.saturating_sub(state.back.refunded).saturating_sub(removal.outside);
    let sent_back = state.back.came_back.saturating_sub(removal.outside);
    let left = owed.saturating_sub(sent_back);
    if state.progress == Progress::Succeeded && left > 0 {
        // The name contains the remaining amount, so that a refund of another amount is another request.
        match stripe.refund(intent, left, RefundReason::OrderEnded, (&format!("removal-{left}"), 0)).await {
            Ok(_) => owed = owed.saturating_sub(left),
            // A disputed payment cannot be refunded, because the bank decides.
            Err(Failed::Refused(_)) if state.back.disputed => {}
            Err(Failed::Refused(why)) => {
                tracing::error!(why, "a payment cannot be refunded yet, and will be tried again");
                return Ok(refused(removal, &state, owed));
            }
            Err(e) => return Err(e),
        }
    }
    if sent_back > 0 && owed > 0 && !state.back.disputed {
        tracing::error!("a payment that is not kept has to be given back in another way");
        return Ok(refused(removal, &state, owed));
    }
    let is_decided = matches!(state.progress, Progress::Succeeded | Progress::Cancelled);
    Ok(if is_decided { Removed::Done } else { Removed::Waits })
}

/// Makes the promised refunds of a payment that were not made yet. Those that the payer's bank has refused are not made again: they are
/// owed until staff have given back as much at Stripe, or say that they have given it back outside. Nothing more is asked for once they have
/// begun to give it back outside.
async fn give_promised(stripe: &Stripe, removal: &PaymentRemoval) -> Result<Removed, Failed> {
    let state = match stripe.payment(&removal.intent).await {
        Ok(payment) => payment.state,
        Err(Failed::Gone) => return Ok(Removed::Done),
        Err(e) => return Err(e),
    };
    let (left, mut done) = (state.received.saturating_sub(state.back.refunded), true);
    let all = removal.promised.iter().fold(removal.refunded, |sum, promised| sum.saturating_add(promised.amount.amount()));
    let mut given = state.back.refunded.saturating_add(removal.outside);
    for promised in &removal.promised {
        let made = state.refunds.iter().find(|refund| refund.name.as_ref() == Some(&promised.name));
        if made.is_some() || removal.outside > 0 {
            done &= made.is_some_and(|made| !made.failed);
            continue;
        }
        match stripe.refund(&removal.intent, promised.amount.amount(), promised.reason, (&promised.name, promised.attempt)).await {
            Ok(_) => given = given.saturating_add(promised.amount.amount()),
            Err(Failed::Refused(why)) => {
                tracing::error!(why, "Stripe refused a refund that was promised before the account was deleted");
                // If the payment is disputed or otherwise refunded, a later attempt would fail too.
                done &= state.back.disputed || left < promised.amount.amount();
            }
            Err(e) => return Err(e),
        }
    }
    Ok(if done || given >= all { Removed::Done } else { refused(removal, &state, all.saturating_sub(given)) })
}
