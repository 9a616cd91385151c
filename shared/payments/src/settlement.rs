//! What Stripe says about a payment.

use std::cmp::Ordering;

use money::Money;
use serde::{Deserialize, Serialize};
use store::{Cond, field};

/// The progress of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing is paid: the payer has not chosen a card yet, the card was refused, or the payer has to confirm.
    Open,
    /// The bank is processing the payment.
    Processing,
    /// The payment is paid. It stays so, also after a refund.
    Succeeded,
    /// It was cancelled, and nobody can pay it any more.
    Cancelled,
}

/// The state of a payment, as reported by Stripe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// Stripe's id of the payment.
    pub intent: String,
    /// The progress.
    pub progress: Progress,
    /// The requested amount. `None` in a currency that is not used here.
    pub asked: Option<Money>,
    /// The received amount in minor units, in the currency of the payment.
    pub received: u64,
    /// What has been given back of that, and how it is disputed.
    pub back: MoneyBack,
    /// Its refunds.
    pub refunds: Vec<SaidRefund>,
    /// Stripe's id of the payer.
    pub customer: Option<String>,
    /// Why the last card was refused.
    pub decline: Option<String>,
}

impl Settlement {
    /// Returns whether this is the payment with this id at Stripe. Records of earlier versions do not know it, and take any.
    #[must_use]
    pub fn is_of(&self, intent: Option<&str>) -> bool {
        intent.is_none_or(|intent| intent == self.intent)
    }

    /// Returns whether it has a refund with this name, also if that has failed.
    #[must_use]
    pub fn has_refund(&self, name: &str) -> bool {
        self.refunds.iter().any(|refund| refund.name.as_deref() == Some(name))
    }

    /// Checks that the payment is the requested one, if it was paid or can still be paid: this amount, by this customer if it is known.
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
    /// The refunded amount, also by the payer's bank because of a dispute, without refunds that came back.
    #[serde(default)]
    pub refunded: u64,
    /// The amount of refunds that came back, because the payer's bank refused them.
    #[serde(default)]
    pub came_back: u64,
    /// Whether the payer disputes the payment, or has won the dispute.
    #[serde(default)]
    pub disputed: bool,
    /// How many disputes of the payment the payer has lost.
    #[serde(default)]
    pub disputes_won: u32,
    /// The amount that staff have given back outside Stripe, such as by a bank transfer, instead of refunds that failed.
    #[serde(default)]
    pub outside: u64,
}

impl MoneyBack {
    /// Returns the amount that was given back, at Stripe or outside.
    #[must_use]
    pub const fn given(self) -> u64 {
        self.refunded.saturating_add(self.outside)
    }

    /// Returns what was not given back of this amount that was paid.
    #[must_use]
    pub fn left_of(self, paid: Money) -> Option<Money> {
        Money::new(paid.amount().saturating_sub(self.given()), paid.currency()).ok()
    }

    /// Returns the state after staff have given back this amount more outside Stripe.
    #[must_use]
    pub const fn given_outside(self, amount: u64) -> Self {
        Self { outside: self.outside.saturating_add(amount), ..self }
    }

    /// Combines the known state with Stripe's new state. Stripe does not know what was given back outside.
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
        Self { refunded: ever.saturating_sub(came_back), came_back, disputed, disputes_won, outside: self.outside }
    }

    /// Returns whether money has come back since an earlier state, after as much as this was given back. What had come back by then counts
    /// only if it was given back again.
    #[must_use]
    pub const fn has_come_back_since(self, before: Self, all: u64) -> bool {
        let refunded_at_once = self.refunded.saturating_add(self.came_back).saturating_sub(before.came_back);
        self.came_back > before.came_back && refunded_at_once.saturating_add(self.outside) >= all
    }

    /// Returns the condition that the item exists, and its state is unchanged. Items of earlier versions lack some of the attributes.
    #[must_use]
    pub fn is_stored(self) -> Cond {
        let refunds = same("refunded", self.refunded).and(same("came_back", self.came_back)).and(same("outside", self.outside));
        let disputes = same("disputed", self.disputed).and(same("disputes_won", self.disputes_won));
        Cond::Exists.and(refunds).and(disputes)
    }
}

/// Returns the condition that an attribute has this value. Items of earlier versions lack the attribute, which then has its default.
pub(crate) fn same<T: Serialize + Default + PartialEq>(name: &'static str, value: T) -> Cond {
    let may_be_absent = value == T::default();
    let equal = field(name).eq(value);
    if may_be_absent { equal.or(field(name).absent()) } else { equal }
}

/// A refund, as reported by Stripe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaidRefund {
    /// Stripe's id of it.
    pub id: String,
    /// The name, if it was requested by this system.
    pub name: Option<String>,
    /// Whether the payer's bank has refused it, so that the money has come back.
    pub failed: bool,
}

/// Why a payment at Stripe is not the expected one.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_has_come_back_after_all_was_given_back() {
        let back = |refunded, came_back, outside| MoneyBack { refunded, came_back, outside, ..MoneyBack::default() };
        for (before, after, has_come_back) in [
            (back(1000, 0, 0), back(0, 1000, 0), true),
            // What became of the refund is heard of at once.
            (back(0, 0, 0), back(0, 1000, 0), true),
            (back(0, 1000, 0), back(0, 1000, 0), false),
            // A part of it was given back.
            (back(400, 0, 0), back(0, 400, 0), false),
            (back(0, 600, 0), back(0, 1000, 0), false),
            // A part of it was given back outside Stripe.
            (back(900, 0, 100), back(0, 900, 100), true),
            (back(1000, 1000, 0), back(0, 2000, 0), true),
        ] {
            assert_eq!(after.has_come_back_since(before, 1000), has_come_back, "{before:?} {after:?}");
        }
    }
}
