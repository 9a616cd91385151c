//! What Stripe says about a payment.

use std::cmp::Ordering;

use money::Money;
use serde::{Deserialize, Serialize};
use store::{Cond, field};

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
    /// What was asked for. `None` in a currency that is not used here.
    pub asked: Option<Money>,
    /// What has been received, in the currency of the payment.
    pub received: u64,
    /// What has been given back of that, and how it is disputed.
    pub back: MoneyBack,
    /// Its refunds, as far as they are known: the last ten.
    pub refunds: Vec<SaidRefund>,
    /// Stripe's id of the payer.
    pub customer: Option<String>,
    /// Why the last card was refused.
    pub decline: Option<String>,
}

impl Settlement {
    /// Checks that it is what was asked for, if anybody has paid it or still can: this amount, by this customer if one is known.
    ///
    /// # Errors
    /// [`Mismatch`]
    pub fn judge(&self, amount: Money, customer: Option<&str>) -> Result<(), Mismatch> {
        if self.progress == Progress::Cancelled {
            return Ok(());
        }
        if customer.is_some() && customer != self.customer.as_deref() {
            return Err(Mismatch::Customer);
        }
        let paid = self.progress == Progress::Succeeded;
        if self.asked != Some(amount) || (paid && self.received != amount.amount()) {
            return Err(Mismatch::Amount);
        }
        Ok(())
    }
}

/// What was given back of a payment, in its currency, and how it is disputed. Stored as attributes of the payment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoneyBack {
    /// What was given back, also by the payer's bank because of a dispute, without what has come back.
    #[serde(default)]
    pub refunded: u64,
    /// What was given back and has come back, because the payer's bank has refused it.
    #[serde(default)]
    pub came_back: u64,
    /// Whether the payer disputes the payment, or has won the dispute.
    #[serde(default)]
    pub disputed: bool,
    /// How many disputes of the payment the payer has lost.
    #[serde(default)]
    pub disputes_won: u32,
}

impl MoneyBack {
    /// What is known after this and what Stripe says.
    ///
    /// What was ever given back, what has come back of that, and the number of disputes that were won only grow: so a state that is older
    /// than this one changes nothing.
    #[must_use]
    pub fn after(self, said: Self) -> Self {
        let ever = self.refunded.saturating_add(self.came_back).max(said.refunded.saturating_add(said.came_back));
        let came_back = self.came_back.max(said.came_back);
        let disputed = match said.disputes_won.cmp(&self.disputes_won) {
            Ordering::Less => self.disputed,
            Ordering::Equal => self.disputed || said.disputed,
            Ordering::Greater => said.disputed,
        };
        let disputes_won = self.disputes_won.max(said.disputes_won);
        Self { refunded: ever.saturating_sub(came_back), came_back, disputed, disputes_won }
    }

    /// The condition that this is what is stored.
    #[must_use]
    pub fn is_stored(self) -> Cond {
        let same = field("refunded").eq(self.refunded).and(field("came_back").eq(self.came_back));
        same.and(field("disputed").eq(self.disputed)).and(field("disputes_won").eq(self.disputes_won))
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
