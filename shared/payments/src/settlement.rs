//! What Stripe says about a payment.

use std::cmp::Ordering;

use money::Money;

/// How far a payment has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing is paid: the payer has not chosen a card yet, the card was refused, or the payer has to confirm.
    Open,
    /// The bank has not decided yet.
    Processing,
    /// It is paid. It stays so, also after a refund.
    Succeeded,
    /// It was cancelled, and nobody can pay it any more.
    Cancelled,
}

/// The state of a payment, as Stripe says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// Stripe's id of the payment.
    pub intent: String,
    /// How far it has come.
    pub progress: Progress,
    /// What was asked for.
    pub asked: Money,
    /// What has been received, in the same currency.
    pub received: u64,
    /// What has been given back of that, without what has come back.
    pub refunded: u64,
    /// What was given back and has come back, because the payer's bank has refused it.
    pub came_back: u64,
    /// Its refunds, as far as they are known: the last ten.
    pub refunds: Vec<SaidRefund>,
    /// Whether the payer disputes it, or has won the dispute.
    pub disputed: bool,
    /// How many disputes of it the payer has lost, so that the money is back.
    pub disputes_won: u32,
    /// Stripe's id of the payer.
    pub customer: Option<String>,
    /// Why the last card was refused.
    pub decline: Option<String>,
}

impl Settlement {
    /// Whether it is disputed, and how many disputes were won, after what was known of both. Where fewer were won, that is an older
    /// state.
    #[must_use]
    pub fn dispute(&self, disputed: bool, won: u32) -> (bool, u32) {
        match self.disputes_won.cmp(&won) {
            Ordering::Less => (disputed, won),
            Ordering::Equal => (disputed || self.disputed, won),
            Ordering::Greater => (self.disputed, self.disputes_won),
        }
    }

    /// What is given back, and what has come back, after what was known of both. What was ever given back, and what has come back of that,
    /// only grow: so a state that is older than another one changes nothing.
    #[must_use]
    pub fn given_back(&self, refunded: u64, came_back: u64) -> (u64, u64) {
        let ever = refunded.saturating_add(came_back).max(self.refunded.saturating_add(self.came_back));
        let came_back = came_back.max(self.came_back);
        (ever.saturating_sub(came_back), came_back)
    }
}

/// A refund, as Stripe says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaidRefund {
    /// Stripe's id of it.
    pub id: String,
    /// Its name, if it was asked for here.
    pub name: Option<String>,
    /// Whether the payer's bank has refused it, so that the money has come back.
    pub failed: bool,
}

/// A payment at Stripe that is not the one that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// It is another payment.
    #[error("another payment")]
    Intent,
    /// The amount or the currency differs.
    #[error("another amount")]
    Amount,
    /// The payer differs.
    #[error("another payer")]
    Customer,
}
