//! Cancels or refunds the payments of people whose accounts were deleted, and those that nobody asked for.

use kernel::{Sys, id::UserId};
use money::Money;
use payments::{PaymentRemoval, Progress, RefundReason, alert::FailedRefund};
use store::Table;

use crate::{Failed, Payment, SettleError, Stripe};

/// What became of the removal of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// It is done.
    Done,
    /// Not yet, because the bank decides about the payment or a dispute, or the removal has changed meanwhile.
    Waits,
    /// Stripe or the payer's bank refuses a refund, and no dispute is open. Staff have to give the money back.
    Refused(FailedRefund),
}

impl Removed {
    /// Returns what became of a payment of which this amount is still owed. Staff have to give it back, unless the secret key gets the
    /// permission that it lacks (`not_allowed`). While the payment is disputed it cannot be refunded, and the bank decides whether its
    /// payer gets it back, or it is still owed.
    fn of(payment: &Payment, owed: u64, not_allowed: bool) -> Self {
        let state = &payment.state;
        match owed {
            0 => Self::Done,
            _ if payment.dispute_is_open => Self::Waits,
            _ => {
                tracing::error!("a payment that Stripe does not give back has to be given back in another way");
                let owed = state.asked.and_then(|asked| Money::new(owed, asked.currency()).ok());
                Self::Refused(FailedRefund { came_back: state.back.came_back, owed, not_allowed })
            }
        }
    }
}

/// Cancels a payment at Stripe. If it was paid, refunds the rest of it, or only the promised amounts of a payment that is kept. The removal
/// is deleted when it is done. While Stripe refuses it, staff have an alert, which names the payer if that is known. A transaction, and an
/// update for each refund that is asked for, with one more; for an alert also a read, if the payer is not known.
///
/// # Errors
/// [`SettleError`]; it may be repeated at any point.
pub async fn remove_payment(
    (table, sys, stripe): (&Table, &Sys, &Stripe),
    removal: &PaymentRemoval,
    payer: Option<UserId>,
) -> Result<Removed, SettleError> {
    let (mut asking, since) = (Asking { table, sys, stripe, removal, made: 0, not_allowed: false }, sys.now());
    let removed = match removal.part() {
        Some(due) => asking.for_part(due).await?,
        None => asking.for_all().await?,
    };
    match removed {
        Removed::Done => removal.done(table).await?,
        Removed::Waits => {
            // What was just given back, if anything, is not recorded: so staff cannot give it back outside before the next run.
            if asking.made == 0 {
                removal.known_while_waiting(table, since).await?;
            }
            return Ok(removed);
        }
        Removed::Refused(failed) => {
            removal.refused(table, failed, payer, sys.now()).await?;
            removal.known(table, since).await?;
        }
    }
    // Only now: until then the alert tells staff that what Stripe has just given back is owed.
    removal.answered(table, asking.made).await?;
    Ok(removed)
}

/// A refund to ask for: the amount, the reason, and the name with the number of the attempt.
type Wanted<'a> = (u64, RefundReason, (&'a str, u32));

/// Asking Stripe for what a removal needs.
struct Asking<'a> {
    table: &'a Table,
    sys: &'a Sys,
    stripe: &'a Stripe,
    removal: &'a PaymentRemoval,
    /// How many refunds Stripe has made.
    made: u32,
    /// Whether the secret key lacks the permission for refunds.
    not_allowed: bool,
}

impl Asking<'_> {
    /// Asks for a refund, and returns Stripe's answer. `None` if the removal has changed meanwhile, so that nobody was asked.
    async fn refund(&mut self, (amount, reason, name): Wanted<'_>) -> Result<Option<Result<(), Failed>>, SettleError> {
        if !self.removal.ask(self.table, self.sys.now()).await? {
            return Ok(None);
        }
        match self.stripe.refund(&self.removal.intent, amount, reason, name).await {
            Ok(_) => {
                self.made = self.made.saturating_add(1);
                Ok(Some(Ok(())))
            }
            Err(failed @ (Failed::Refused(_) | Failed::NotAllowed(_))) => {
                // Nothing has changed by it.
                self.removal.answered(self.table, 1).await?;
                self.not_allowed |= matches!(failed, Failed::NotAllowed(_));
                Ok(Some(Err(failed)))
            }
            Err(e) => Err(e.into()),
        }
    }

    /// Cancels the payment. If it was paid, refunds what was never refunded of it. What a bank has sent back is not refunded again: staff
    /// have to give it back, as they have to if Stripe refuses.
    async fn for_all(&mut self) -> Result<Removed, SettleError> {
        let (stripe, PaymentRemoval { intent, outside, .. }) = (self.stripe, self.removal);
        stripe.end_payment(intent).await?;
        let payment = match stripe.payment(intent).await {
            Ok(payment) => payment,
            Err(Failed::Gone) => return Ok(Removed::Done),
            Err(e) => return Err(e.into()),
        };
        let state = &payment.state;
        if matches!(state.progress, Progress::Open | Progress::Processing) {
            return Ok(Removed::Waits);
        }
        let not_refunded = state.received.saturating_sub(state.back.refunded);
        let mut owed = not_refunded.saturating_sub(*outside);
        let left = owed.min(not_refunded.saturating_sub(state.back.came_back));
        // The name contains the amount, so that a refund of another amount is another request. If there is a refund with this name, it has
        // come back, and Stripe would repeat its former answer instead of making another one.
        let name = format!("removal-{left}");
        if left > 0 && !state.has_refund(&name) {
            match self.refund((left, RefundReason::OrderEnded, (&name, 0))).await? {
                Some(Ok(())) => owed = owed.saturating_sub(left),
                Some(Err(why)) => tracing::warn!(error = %why, "Stripe refuses to refund a payment that is not kept"),
                None => return Ok(Removed::Waits),
            }
        }
        Ok(Removed::of(&payment, owed, self.not_allowed))
    }

    /// Makes the promised refunds of the payment that were not made yet, so that this amount (`due`) is refunded altogether. Those that the
    /// payer's bank has refused are not made again: they are owed until staff have given back as much at Stripe, or say that they have
    /// given it back outside. Once they have begun to do so nothing is promised any more.
    async fn for_part(&mut self, due: u64) -> Result<Removed, SettleError> {
        let PaymentRemoval { intent, promised, .. } = self.removal;
        let payment = match self.stripe.payment(intent).await {
            Ok(payment) => payment,
            Err(Failed::Gone) => return Ok(Removed::Done),
            Err(e) => return Err(e.into()),
        };
        let state = &payment.state;
        let mut owed = due.min(state.received).saturating_sub(state.back.refunded);
        for promised in promised {
            let amount = promised.amount.amount();
            // Somebody may have given back as much in Stripe's dashboard. What is still missing of it then is for staff to give back.
            let is_met = self.removal.due.is_some() && owed < amount;
            if is_met || state.has_refund(&promised.name) {
                continue;
            }
            match self.refund((amount, promised.reason, (&promised.name, promised.attempt))).await? {
                Some(Ok(())) => owed = owed.saturating_sub(amount),
                Some(Err(why)) => tracing::warn!(error = %why, "Stripe refuses a refund that was promised before the account was deleted"),
                None => return Ok(Removed::Waits),
            }
        }
        Ok(Removed::of(&payment, owed, self.not_allowed))
    }
}
