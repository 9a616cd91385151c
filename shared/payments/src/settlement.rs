//! What Stripe says about a payment.

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
    /// What has been given back of that.
    pub refunded: u64,
    /// Whether the payer disputes it, or has disputed it.
    pub disputed: bool,
    /// Stripe's id of the payer.
    pub customer: Option<String>,
    /// Why the last card was refused.
    pub decline: Option<String>,
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
