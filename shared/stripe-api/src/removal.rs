//! Ending the payments of people who have left, and those that nobody has asked for.

use payments::{PaymentRemoval, Progress, RefundReason};

use crate::{Failed, Stripe};

/// Cancels a payment at Stripe, or gives back what is left of it if it was paid, or only what was promised. Returns whether it is done: not
/// so while the bank decides, or if Stripe refuses to give back what nobody disputes.
///
/// # Errors
/// [`Failed`]; it may be repeated at any point.
pub async fn remove_payment(stripe: &Stripe, removal: &PaymentRemoval) -> Result<bool, Failed> {
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
        Err(Failed::Gone) => return Ok(true),
        Err(e) => return Err(e),
    };
    // What a bank has sent back is not sent again and again.
    let left = state.received.saturating_sub(state.back.refunded).saturating_sub(state.back.came_back);
    if state.progress == Progress::Succeeded && left > 0 {
        // By what is left, so that another sum is another request.
        match stripe.refund(intent, left, RefundReason::OrderEnded, &format!("removal-{left}")).await {
            Ok(_) => {}
            // What is disputed cannot be given back: the bank does.
            Err(Failed::Refused(_)) if state.back.disputed => {}
            Err(Failed::Refused(why)) => {
                tracing::error!(why, "money of an ended payment cannot be given back yet");
                return Ok(false);
            }
            Err(e) => return Err(e),
        }
    }
    Ok(matches!(state.progress, Progress::Succeeded | Progress::Cancelled))
}

/// Gives back what was promised of a payment, as far as that was not done before.
async fn give_promised(stripe: &Stripe, removal: &PaymentRemoval) -> Result<bool, Failed> {
    let state = match stripe.payment(&removal.intent).await {
        Ok(payment) => payment.state,
        Err(Failed::Gone) => return Ok(true),
        Err(e) => return Err(e),
    };
    let (left, mut done) = (state.received.saturating_sub(state.back.refunded), true);
    for promised in &removal.promised {
        if state.refunds.iter().any(|refund| refund.name.as_ref() == Some(&promised.name)) {
            continue;
        }
        match stripe.refund(&removal.intent, promised.amount.amount(), promised.reason, &promised.name).await {
            Ok(_) => {}
            Err(Failed::Refused(why)) => {
                tracing::error!(why, "a refund that was promised to somebody who has left is refused");
                // What is disputed, or was given back by somebody else, cannot be given back later either.
                done &= state.back.disputed || left < promised.amount.amount();
            }
            Err(e) => return Err(e),
        }
    }
    Ok(done)
}
